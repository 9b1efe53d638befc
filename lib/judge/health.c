#include "parts.h"

#include "base/text.h"
#include "market/adapter.h"

#include <stdlib.h>
#include <string.h>

enum {
	BLIND_MIN_MS = 60000,        /* last_success_at may lag SHD_FACT_MS behind */
	SLOT_MS = 300000,
	SKEW_NOISE_MS = 2000,        /* the Date header counts whole seconds, and lags */
	SKEW_STEP_MS = 1000,
	SHARE_STEP = 1000,           /* 0.1 % */
};

/* --- the feed ------------------------------------------------------------------- */

static int64_t blind_after_ms(const struct shd_basis *basis, int64_t interval_ms)
{
	int64_t after = basis->in.blind_after * interval_ms;

	return after > BLIND_MIN_MS ? after : BLIND_MIN_MS;
}

static bool is_listing(const struct shd_endpoint *row)
{
	return row->paging != SHD_PAGE_BATCH && row->paging != SHD_PAGE_FOLLOW;
}

/* After how long without a success the feed alone would have made its poller blind. */
static int64_t gap_ms(const struct shd_basis *basis, const struct shd_batch *batch)
{
	int64_t every_ms = batch->source->every_ms[batch->fetch.row->poller];
	int64_t own_ms = batch->fetch.row->every_ms;
	int64_t slower_ms = own_ms > every_ms ? own_ms - every_ms : 0;

	return is_listing(batch->fetch.row) ? blind_after_ms(basis, every_ms) +
						basis->in.blind_after * slower_ms
				      : SHD_NEVER_MS;
}

static struct shd_wall later(struct shd_wall a, struct shd_wall b)
{
	return a.ms > b.ms ? a : b;
}

bool shd_judge_feed(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_batch *batch,
	const struct shd_feed_row **ret_before, struct shd_feed_row *ret_row,
	struct shd_error *reterr)
{
	const char *store = visit->store->id;
	const struct shd_fetch *fetch = &batch->fetch;
	struct shd_feed_row *before;

	if (!basis->read->feed(
		    basis->read->ctx, store, fetch->row->name, txn->arena, &before, reterr))
		return false;
	struct shd_feed_row row = before ? *before : (struct shd_feed_row){.error = -1};
	row.store = store;
	row.endpoint = fetch->row->name;
	row.last_try = txn->now;
	row.next_due = fetch->next_due;
	row.standing = fetch->ok ? SHD_STANDING_READ : fetch->standing;
	row.failures = fetch->ok ? 0 : fetch->failures;
	row.error = fetch->ok ? -1 : (int)fetch->error.kind;
	row.error_text = fetch->ok ? NULL : fetch->error.msg;
	if (fetch->ok) {
		row.failing_since.ms = 0;
		row.incomplete = fetch->incomplete;
		row.incomplete_since = fetch->incomplete_since;
		row.cursor = fetch->cursor;
		row.last_success =
			fetch->outdated ? later(row.last_success, fetch->began) : txn->now;
	} else if (!row.failing_since.ms) {
		row.failing_since = txn->now;
	}
	*ret_before = before;
	*ret_row = row;
	return shd_judge_note_feed(basis, txn, visit, before, &row, gap_ms(basis, batch), reterr);
}

/* --- the poller ----------------------------------------------------------------- */

struct shd_wall shd_judge_blind_at(const struct shd_entity *poller)
{
	const struct shd_value *last = shd_entity_get(poller, SHD_F_poller_last_success_at);
	const struct shd_value *after = shd_entity_get(poller, SHD_F_poller_blind_after);

	if (last->none || after->none || !shd_entity_get(poller, SHD_F_poller_blinds)->none)
		return (struct shd_wall){SHD_NEVER_MS};
	return (struct shd_wall){last->n + after->n + 1};
}

static const struct shd_feed_row *feed_of(const struct shd_feed_row *feeds, size_t count,
					  const char *endpoint)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(feeds[i].endpoint, endpoint) == 0)
			return &feeds[i];
	return NULL;
}

/* What the feeds of one poller come to. */
struct poller_view {
	struct shd_wall last_success; /* 0: not every feed was read yet */
	const struct shd_feed_row *failing;
	bool lacks;                   /* a feed that the tariff does not include */
	struct shd_wall lost;         /* the newest success of such ones; 0: none ever was read */
	bool idle;
};

/* When a feed that is read less often than its poller would have been read last at the
 * poller's pace: so it is overdue after as many intervals of its own. */
static struct shd_wall at_own_pace(const struct shd_basis *basis, const struct shd_txn *txn,
	struct shd_wall last_success, int64_t feed_ms, int64_t every_ms)
{
	int64_t ms = last_success.ms + basis->in.blind_after * (feed_ms - every_ms);

	if (!last_success.ms || feed_ms <= every_ms)
		return last_success;
	return (struct shd_wall){ms < txn->now.ms ? ms : txn->now.ms};
}

/* A feed that was never tried is waited for at first; later on it is one that this
 * store does not need (nothing to follow up, not configured). */
static void look_at_feed(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_endpoint *row, const struct shd_feed_row *feed, int64_t every_ms,
	bool young, struct poller_view *view)
{
	if (!feed) {
		if (is_listing(row) && young)
			view->last_success.ms = 0;
		return;
	}
	bool lacking = feed->standing == SHD_STANDING_LACKING;
	if (lacking && !feed->last_success.ms) {
		view->lacks = true;
		return;
	}
	if (feed->error >= 0 &&
	    (!view->failing || feed->failing_since.ms < view->failing->failing_since.ms))
		view->failing = feed;
	if (lacking) { /* what else its poller brings is as good as ever */
		view->lost = later(view->lost, feed->last_success);
		return;
	}
	if (feed->error < 0 && !is_listing(row))
		return;
	/* One that is asked only at times was up to date until it failed. */
	struct shd_wall last = is_listing(row) ? feed->last_success
					       : later(feed->last_success, feed->failing_since);
	last = at_own_pace(basis, txn, last, row->every_ms, every_ms);
	if (last.ms < view->last_success.ms)
		view->last_success = last;
}

static void look_at_poller(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_visit *visit, enum shd_poller poller, const struct shd_feed_row *feeds,
	size_t count, struct poller_view *ret_view)
{
	const struct shd_source *source = visit->store->source;
	const struct shd_value *since = visit->entity
		? shd_entity_get(visit->entity, SHD_F_store_watched_since) : NULL;
	int64_t every_ms = source->every_ms[poller];
	int64_t blind_ms = blind_after_ms(basis, every_ms);
	bool young = !since || since->none || txn->now.ms - since->n <= blind_ms;
	bool any = false;

	*ret_view = (struct poller_view){.last_success = {SHD_NEVER_MS}};
	for (size_t i = 0; i < source->endpoint_count; i++) {
		const struct shd_endpoint *row = &source->endpoints[i];

		if (row->poller != poller || row->optional)
			continue;
		const struct shd_feed_row *feed = feed_of(feeds, count, row->name);
		any = any || (feed && feed->last_success.ms);
		look_at_feed(basis, txn, row, feed, every_ms, young, ret_view);
	}
	if (ret_view->last_success.ms != SHD_NEVER_MS)
		return;
	/* Nothing that counts: only feeds that the tariff lacks or that follow others. What was
	 * read once and is lost as a whole is blind, not unwanted. */
	ret_view->idle = ret_view->lacks && !ret_view->lost.ms;
	ret_view->last_success = any ? txn->now : (struct shd_wall){0};
	if (ret_view->lost.ms)
		ret_view->last_success = ret_view->lost;
}

static bool is_word(const struct shd_value *value, const char *word)
{
	return !value->none && strcmp(value->text, word) == 0;
}

static bool locked_out(const struct shd_visit *visit)
{
	const struct shd_entity *store = visit->entity;

	if (!store)
		return false;
	const struct shd_value *key = shd_entity_get(store, SHD_F_store_credentials);
	return is_word(key, "refused") || is_word(key, "expired") || is_word(key, "egress") ||
	       is_word(shd_entity_get(store, SHD_F_store_status), "blocked");
}

/* The rules that cannot judge without this poller. */
static void name_blinded(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_visit *visit, uint32_t pollers, struct shd_text *out)
{
	struct shd_reading reading = shd_judge_reading(basis, txn, visit, NULL);
	struct shd_rule_env env;

	shd_reading_env(&reading, NULL, &env);
	for (size_t i = 0; i < shd_rules_count(visit->lists->rules); i++) {
		const struct shd_rule *rule = shd_rules_at(visit->lists->rules, i);

		if ((rule->brought_by & pollers) && shd_rule_applies(rule, &env))
			shd_text_printf(out, "%s%s", out->len ? ", " : "", rule->id);
	}
}

static bool put_poller(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	enum shd_poller poller, const struct poller_view *view, bool blind,
	struct shd_error *reterr)
{
	struct shd_text blinds SHD_AUTO(shd_text_finish) = {0};
	int64_t every_ms = visit->store->source->every_ms[poller];
	struct shd_seen seen;

	shd_text_init(&blinds, SHD_FIELD_BYTES);
	shd_seen_start(&seen, SHD_KIND_poller, shd_poller_name(poller));
	shd_seen_n(&seen, SHD_F_poller_closed, view->idle);
	shd_seen_n(&seen, SHD_F_poller_interval, every_ms);
	shd_seen_n(&seen, SHD_F_poller_blind_after, blind_after_ms(basis, every_ms));
	shd_seen_time(&seen, SHD_F_poller_last_success_at, view->last_success);
	shd_seen_time(&seen, SHD_F_poller_failing_since,
		      view->failing ? view->failing->failing_since : (struct shd_wall){0});
	shd_seen_text(&seen, SHD_F_poller_error,
		      view->failing ? shd_err_name((enum shd_err)view->failing->error) : NULL);
	shd_seen_text(&seen, SHD_F_poller_error_text,
		      view->failing ? view->failing->error_text : NULL);
	shd_seen_n(&seen, SHD_F_poller_refused,
		   view->failing && shd_standing_lasts(view->failing->standing));
	if (blind)
		name_blinded(basis, txn, visit, 1U << poller, &blinds);
	shd_seen_text(&seen, SHD_F_poller_blinds, blind ? blinds.data : NULL);
	return shd_judge_upsert(basis, txn, visit, &seen.entity, NULL, reterr);
}

/* Takes note of how the poller is now, for the rules of this and of later transactions. */
static bool turn(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	enum shd_poller poller, const struct poller_view *view, bool blind,
	struct shd_poller_fact *fact, struct shd_error *reterr)
{
	int64_t every_ms = visit->store->source->every_ms[poller];
	uint32_t *asked = &visit->store->asked, bit = 1U << poller;
	bool unread = shd_judge_unread(txn, visit, poller), ends = view->idle && !fact->idle;

	/* Rules over age_of are judged when a gap ends; while it lasts, time wakes them. */
	if (view->last_success.ms - fact->last_success.ms > 2 * every_ms ||
		view->idle != fact->idle)
		shd_judge_touch(txn, visit)->pollers |= bit;
	if (blind != fact->blind || (!unread && (*asked & bit)))
		shd_judge_touch(txn, visit)->regained |= bit;
	if (!unread)
		*asked &= ~bit;
	fact->blind = blind;
	fact->failing = view->failing != NULL;
	fact->idle = view->idle;
	fact->last_success = view->last_success;
	fact->judged = txn->now;
	return !ends || shd_judge_end_poller(basis, txn, visit, poller, reterr);
}

bool shd_judge_poller(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	enum shd_poller poller, struct shd_error *reterr)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(1 << 20);
	int64_t every_ms = visit->store->source->every_ms[poller];
	struct shd_poller_fact *fact;
	struct shd_feed_row *feeds;
	struct poller_view view;
	size_t count;

	bool off = shd_judge_is_off(visit, poller);

	if (!off && shd_judge_catches_up(txn, visit, poller, NULL))
		return true;
	if (!basis->read->feeds(basis->read->ctx, visit->store->id, arena,
		    &feeds, &count, reterr) ||
		!shd_judge_store_entity(basis, visit, reterr) ||
		!shd_judge_fact(basis, visit, poller, &fact, reterr))
		return false;
	if (off)
		view = (struct poller_view){.idle = true};
	else
		look_at_poller(basis, txn, visit, poller, feeds, count, &view);
	if (view.idle)
		view.last_success = fact->last_success;
	int64_t old_ms = txn->now.ms - view.last_success.ms;
	bool blind = view.idle || shd_judge_unread(txn, visit, poller) || !view.last_success.ms ||
		     old_ms > blind_after_ms(basis, every_ms) || locked_out(visit);
	return turn(basis, txn, visit, poller, &view, blind, fact, reterr) &&
	       put_poller(basis, txn, visit, poller, &view, blind, reterr);
}

/* --- the store ------------------------------------------------------------------ */

static bool is_refused(const struct shd_feed_row *feed, enum shd_err kind)
{
	return feed->error == (int)kind && feed->standing == SHD_STANDING_REFUSED;
}

/* The newest believed refusal of a kind that is not older than the newest success of any
 * feed: since then, nothing showed that the trouble is over. */
static const struct shd_feed_row *refused_since(const struct shd_feed_row *feeds, size_t count,
					   enum shd_err kind)
{
	const struct shd_feed_row *found = NULL;
	int64_t success_ms = 0;

	for (size_t i = 0; i < count; i++) {
		if (feeds[i].last_success.ms > success_ms)
			success_ms = feeds[i].last_success.ms;
		if (is_refused(&feeds[i], kind) &&
			(!found || feeds[i].last_try.ms > found->last_try.ms))
			found = &feeds[i];
	}
	return found && found->last_try.ms > success_ms ? found : NULL;
}

static const struct shd_feed_row *refused_with(const struct shd_feed_row *feeds, size_t count,
					       enum shd_err kind)
{
	for (size_t i = 0; i < count; i++)
		if (is_refused(&feeds[i], kind))
			return &feeds[i];
	return NULL;
}

static const char *credentials(const struct shd_txn *txn, const struct shd_visit *visit,
	const struct shd_feed_row *feeds, size_t count)
{
	if (refused_since(feeds, count, SHD_ERR_CREDENTIALS)) {
		const struct shd_value *end = visit->entity
			? shd_entity_get(visit->entity, SHD_F_store_key_expires_at) : NULL;

		return end && !end->none && end->n <= txn->now.ms ? "expired" : "refused";
	}
	if (refused_since(feeds, count, SHD_ERR_EGRESS))
		return "egress";
	if (refused_with(feeds, count, SHD_ERR_ROLE))
		return "role";
	for (size_t i = 0; i < count; i++)
		if (feeds[i].last_success.ms)
			return "ok";
	return NULL;
}

static const char *endpoint_of(const struct shd_feed_row *feed)
{
	return feed ? feed->endpoint : NULL;
}

/* A believed refusal of what was read before, which no poller shows: the others of it go on. */
static bool is_lost(const struct shd_source *source, const struct shd_feed_row *feed,
		    enum shd_poller *ret_poller)
{
	const struct shd_endpoint *row = shd_source_endpoint(source, feed->endpoint);

	if (!row || !source->every_ms[row->poller] || !feed->last_success.ms)
		return false;
	*ret_poller = row->poller;
	return feed->standing == SHD_STANDING_LACKING ||
	       (feed->standing == SHD_STANDING_REFUSED && row->optional);
}

/* "review_list, review_count (low-rating, no-answer)", or nothing. */
static void name_lost(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_feed_row *feeds, size_t count,
	struct shd_text *out)
{
	struct shd_text rules SHD_AUTO(shd_text_finish) = {0};
	uint32_t pollers = 0;
	enum shd_poller poller;

	for (size_t i = 0; i < count; i++) {
		if (!is_lost(visit->store->source, &feeds[i], &poller))
			continue;
		shd_text_printf(out, "%s%s", out->len ? ", " : "", feeds[i].endpoint);
		pollers |= 1U << poller;
	}
	shd_text_init(&rules, SHD_FIELD_BYTES);
	name_blinded(basis, txn, visit, pollers, &rules);
	if (rules.len)
		shd_text_printf(out, " (%s)", rules.data);
}

/* What the marketplace lists as missing is its own to take back; a feed's name is ours. */
static void see_missing_role(const struct shd_visit *visit, const struct shd_feed_row *feeds,
	size_t count, struct shd_seen *seen)
{
	const struct shd_feed_row *refused = refused_with(feeds, count, SHD_ERR_ROLE);
	const struct shd_value *told = visit->entity
		? shd_entity_get(visit->entity, SHD_F_store_missing_role) : NULL;

	if (refused || !told || told->none ||
		shd_source_endpoint(visit->store->source, told->text))
		shd_seen_text(seen, SHD_F_store_missing_role, endpoint_of(refused));
}

static bool put_store(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	struct shd_seen *seen, struct shd_error *reterr)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(1 << 20);
	struct shd_text lost SHD_AUTO(shd_text_finish) = {0};
	const struct shd_entity *store = visit->entity;
	struct shd_feed_row *feeds;
	size_t count;

	if (!basis->read->feeds(basis->read->ctx, visit->store->id, arena,
		    &feeds, &count, reterr))
		return false;
	const char *key = credentials(txn, visit, feeds, count);
	if (key)
		shd_seen_text(seen, SHD_F_store_credentials, key);
	if (refused_since(feeds, count, SHD_ERR_BLOCKED))
		shd_seen_text(seen, SHD_F_store_status, "blocked");
	else if (store && is_word(shd_entity_get(store, SHD_F_store_status), "blocked") &&
		 !refused_with(feeds, count, SHD_ERR_BLOCKED))
		shd_seen_text(seen, SHD_F_store_status, "active");
	see_missing_role(visit, feeds, count, seen);
	shd_seen_text(seen, SHD_F_store_retired_method,
		      endpoint_of(refused_with(feeds, count, SHD_ERR_RETIRED)));
	shd_text_init(&lost, SHD_FIELD_BYTES);
	name_lost(basis, txn, visit, feeds, count, &lost);
	shd_seen_text(seen, SHD_F_store_lost_feeds, lost.len ? lost.data : NULL);
	return shd_judge_upsert(basis, txn, visit, &seen->entity, NULL, reterr);
}

/* Whether the key was useless before and after: all pollers are blind or see again. */
static bool relook(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	bool was_locked_out, struct shd_error *reterr)
{
	return was_locked_out == locked_out(visit) || shd_judge_pollers(basis, txn, visit, reterr);
}

/* On which whole step n stands, or between which two. A figure that is kept again when its
 * place changes never hides that it came to a limit of whole steps, or passed it. */
static int64_t place(int64_t n, int64_t step)
{
	int64_t below = n / step - (n % step < 0);

	return 2 * below + (n % step != 0);
}

/* Throttled requests of all in the last hour, in micro-units. */
static int64_t count_requests(struct shd_store_memory *memory, const struct shd_batch *batch,
			      struct shd_wall now)
{
	enum { SLOTS = SHD_COUNT(memory->requests) };
	int64_t slot = now.ms / SLOT_MS, requests = 0, throttled = 0;

	if (slot < memory->slot || slot - memory->slot >= SLOTS) {
		memset(memory->requests, 0, sizeof(memory->requests));
		memset(memory->throttled, 0, sizeof(memory->throttled));
	} else {
		for (int64_t s = memory->slot + 1; s <= slot; s++)
			memory->requests[s % SLOTS] = memory->throttled[s % SLOTS] = 0;
	}
	memory->slot = slot;
	memory->requests[slot % SLOTS] += (uint32_t)batch->fetch.requests;
	memory->throttled[slot % SLOTS] += (uint32_t)batch->fetch.throttled;
	for (int i = 0; i < SLOTS; i++) {
		requests += memory->requests[i];
		throttled += memory->throttled[i];
	}
	int64_t share = requests > 0 ? throttled * 1000000 / requests : 0;
	return share > 1000000 ? 1000000 : share;
}

/* What changed slowly enough to be worth a write. */
static bool see_slow_facts(struct shd_txn *txn, const struct shd_visit *visit,
	const struct shd_batch *batch, struct shd_seen *seen)
{
	struct shd_store_memory *memory = visit->store;
	int64_t share = count_requests(memory, batch, txn->now);
	int64_t skew = batch->fetch.clock_skew_ms;
	bool any = false;

	if (memory->throttled_share < 0 ||
	    place(share, SHARE_STEP) != place(memory->throttled_share, SHARE_STEP)) {
		memory->throttled_share = share;
		shd_seen_n(seen, SHD_F_store_throttled_share, share);
		any = true;
	}
	if (skew != INT64_MIN && llabs(skew) <= SKEW_NOISE_MS)
		skew = 0;
	if (skew != INT64_MIN &&
	    (memory->skew_ms == INT64_MIN ||
	     place(skew, SKEW_STEP_MS) != place(memory->skew_ms, SKEW_STEP_MS))) {
		memory->skew_ms = skew;
		shd_seen_n(seen, SHD_F_store_clock_skew, skew);
		txn->skewed = true;
		any = true;
	}
	return any;
}

/* After it was left out of the configuration. */
static bool is_back(const struct shd_entity *store)
{
	const struct shd_value *closed = store ? shd_entity_get(store, SHD_F_store_closed) : NULL;

	return closed && !closed->none && closed->n;
}

/* What the marketplace dates is compared with this, so it is by their time, as far as that
 * is not later than ours. One in the future is of a clock that was ahead: nothing would be
 * new until then. */
static void see_watched_since(const struct shd_txn *txn, const struct shd_visit *visit,
	const struct shd_batch *batch, struct shd_seen *seen)
{
	const struct shd_value *since = visit->entity
		? shd_entity_get(visit->entity, SHD_F_store_watched_since) : NULL;
	struct shd_wall latest = shd_time_later(txn->now, batch->fetch.clock_skew_ms);
	/* Also where the first thing seen is a refusal. */
	struct shd_wall began = batch->fetch.ok ? batch->fetch.began : txn->now;

	if (!is_back(visit->entity) && since && !since->none && since->n <= latest.ms)
		return;
	shd_seen_n(seen, SHD_F_store_closed, false);
	shd_seen_time(seen, SHD_F_store_watched_since,
		      shd_time_earlier(began, batch->fetch.clock_skew_ms));
}

static bool look_at_store(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_batch *batch, bool error_changed,
	struct shd_error *reterr)
{
	struct shd_store_memory *memory = visit->store;
	struct shd_seen seen;

	shd_seen_start(&seen, SHD_KIND_store, visit->store->id);
	bool any = see_slow_facts(txn, visit, batch, &seen);
	if (!memory->watched) {
		if (!shd_judge_store_entity(basis, visit, reterr))
			return false;
		see_watched_since(txn, visit, batch, &seen);
		memory->watched = true;
		error_changed = true;
	}
	if (!error_changed)
		return !any || shd_judge_upsert(basis, txn, visit, &seen.entity, NULL, reterr);
	if (!shd_judge_store_entity(basis, visit, reterr))
		return false;
	bool was_locked_out = locked_out(visit);
	return put_store(basis, txn, visit, &seen, reterr) &&
	       shd_judge_store_entity(basis, visit, reterr) &&
	       relook(basis, txn, visit, was_locked_out, reterr);
}

bool shd_judge_facts(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_batch *batch, const struct shd_feed_row *feed, bool error_changed,
	struct shd_error *reterr)
{
	struct shd_poller_fact *fact;
	bool caught_up = shd_judge_is_read(txn, visit, batch, feed);

	/* After a refusal any success may be the one that shows that it is over. */
	if (batch->fetch.ok && !visit->store->admitted) {
		if (!shd_judge_store_entity(basis, visit, reterr))
			return false;
		visit->store->admitted = !locked_out(visit);
		error_changed |= !visit->store->admitted;
	}
	if (!look_at_store(basis, txn, visit, batch, error_changed, reterr) ||
	    !shd_judge_fact(basis, visit, batch->fetch.row->poller, &fact, reterr))
		return false;
	/* One that waits for feeds that were never read is looked at now and then. */
	struct shd_wall told = fact->last_success.ms ? fact->last_success : fact->judged;
	int64_t lag_ms = txn->now.ms - told.ms;
	bool told_lately = lag_ms >= 0 && lag_ms < SHD_FACT_MS;

	if (!caught_up && !error_changed && (!batch->fetch.ok || told_lately))
		return true;
	return shd_judge_poller(basis, txn, visit, batch->fetch.row->poller, reterr);
}

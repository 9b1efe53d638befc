/* The order of work:
 *
 *   copy       the state as it is now
 *   what did   episodes from the recorded moves; alerts as they stood at `since`
 *   undo       rows of the history, newest first; each row then says what became
 *   again      rows, samples and wake-ups in the order of time
 *   would      episodes from the moves that this made
 */
#include "parts.h"

#include "catalog/derive.h"
#include "catalog/record.h"
#include "judge/history.h"

#include <stdlib.h>
#include <string.h>

enum {
	ROW_BYTES = 1 << 20,
	MOMENT_BYTES = 256 << 20,    /* as much as a transaction of the judge */
	REPLAY_BYTES = 256 << 20,    /* episodes */
	WAKES_A_STEP = 100000,
};

/* What happens to one store at one instant. */
struct moment {
	char *store;
	struct shd_harvest *harvest, *feeds; /* feeds as kind `poller` */
	uint32_t fresh;
	struct moment *next;
};

struct work {
	const struct shd_replay_request *request;
	struct shd_replay *replay;
	struct shd_judge_in in;       /* the stores that are replayed, and nobody to tell */
	struct shd_state *state;
	struct shd_judge *judge;
	struct shd_arena *arena;      /* of one row */
	struct moment *moments;
	struct shd_outcome outcome;
	struct shd_wall now, next_sample;
	int64_t number, last;         /* the next row, and the last one */
	struct shd_history_row *row;  /* the next row; NULL: all have been */
};

static bool takes_part(const struct work *work, const char *store)
{
	return shd_replay_has(&work->in, !work->request->store, store);
}

/* --- undo -------------------------------------------------------------------------------- */

/* An observation of what the row says, in a harvest of its own. */
static struct shd_harvest *parse(const struct shd_history_row *row)
{
	struct shd_harvest *harvest = shd_harvest_create(ROW_BYTES);

	shd_harvest_entity(harvest, row->kind, row->id, strlen(row->id));
	if (row->was)
		shd_record_read(row->was, harvest, 0);
	return harvest;
}

static uint64_t known_fields(const struct shd_entity *entity)
{
	uint64_t fields = 0;

	for (int i = 0; i < shd_kind_fields(entity->kind); i++)
		if (!entity->fields[i].none)
			fields |= 1ULL << i;
	return fields;
}

static bool undo_feed(struct work *work, const struct shd_history_row *row,
		      const struct shd_entity *was, struct shd_text *became,
		      struct shd_error *reterr)
{
	struct shd_feed_row *feed = NULL;
	struct shd_feed_row before;

	if (!shd_state_feed_get(work->state, row->store, row->id, work->arena, &feed, reterr))
		return false;
	if (!feed)
		return true;
	shd_history_feed_write(feed, became);
	if (!row->was)
		return shd_state_feed_delete(work->state, row->store, row->id, reterr);
	shd_history_feed_read(was, row->store, &before);
	return shd_state_feed_put(work->state, &before, reterr);
}

static bool undo_entity(struct work *work, const struct shd_history_row *row,
			const struct shd_entity *was, struct shd_text *became,
			struct shd_error *reterr)
{
	struct shd_entity *entity = NULL;

	if (!shd_state_entity_get(work->state, row->store, row->kind, row->id, work->arena, &entity,
				  reterr))
		return false;
	/* Forgotten since: it takes no part. */
	if (!entity)
		return true;
	shd_record_write(became, entity, row->was ? was->set : known_fields(entity));
	if (!row->was)
		return shd_state_entity_delete(work->state, row->store, row->kind, row->id, reterr);
	shd_entity_merge(entity, was);
	return shd_state_entity_put(work->state, row->store, entity, NULL, reterr);
}

static bool undo_row(struct work *work, const struct shd_history_row *row, struct shd_text *became,
		     struct shd_error *reterr)
{
	struct shd_harvest *was = parse(row);
	bool feed = row->kind == SHD_KIND_poller;

	shd_text_clear(became);
	bool ok = shd_harvest_ok(was, reterr) &&
		  (feed ? undo_feed(work, row, &was->entities[0], became, reterr)
			: undo_entity(work, row, &was->entities[0], became, reterr)) &&
		  shd_state_history_became(work->state, row->number,
					   became->len ? became->data : NULL, reterr);
	shd_harvest_destroy(was);
	return ok;
}

static bool undo_all(struct work *work, struct shd_error *reterr)
{
	SHD_AUTO(shd_text_finish) struct shd_text became = {0};

	shd_text_init(&became, ROW_BYTES);
	for (int64_t n = work->last; work->number > 0 && n >= work->number; n--) {
		struct shd_history_row *row = NULL;

		shd_arena_reset(work->arena);
		if (!shd_state_history_at(work->state, n, work->arena, &row, reterr))
			return false;
		if (row && takes_part(work, row->store) &&
		    !undo_row(work, row, &became, reterr))
			return false;
	}
	return true;
}

/* Alerts stand as they did. */
static bool put_seeds(struct work *work, const struct shd_lives *did, struct shd_error *reterr)
{
	for (size_t i = 0; i < did->seed_count; i++) {
		const struct shd_seed *seed = &did->seeds[i];
		struct shd_alert alert = seed->alert;
		struct shd_value none = {.none = true};
		struct shd_alert_event event = {.at = alert.fired_at, .move = SHD_MOVE_NEW,
			.to = seed->worst, .value = none, .limit = none};

		alert.last.value = alert.last.limit = alert.last.cost = alert.last.room = none;
		if (!shd_state_alert_put(work->state, &alert, reterr))
			return false;
		event.alert = alert.number;
		if (seed->worst != SHD_LEVEL_NONE &&
		    !shd_state_event_add(work->state, &event, reterr))
			return false;
	}
	return true;
}

static bool go_back(struct work *work, const struct shd_lives *did, struct shd_error *reterr)
{
	if (!shd_state_rewind(work->state, work->replay->since, reterr) ||
	    !shd_state_begin(work->state, reterr))
		return false;
	return undo_all(work, reterr) && put_seeds(work, did, reterr) &&
	       shd_state_commit(work->state, false, reterr);
}

/* --- again ------------------------------------------------------------------------------- */

static struct moment *moment_of(struct work *work, const char *store)
{
	struct moment **at = &work->moments;

	while (*at && strcmp((*at)->store, store) != 0)
		at = &(*at)->next;
	struct moment *moment = *at;
	if (moment)
		return moment;
	moment = *at = shd_xcalloc(1, sizeof(*moment));
	moment->store = shd_xstrdup(store);
	moment->harvest = shd_harvest_create(MOMENT_BYTES);
	moment->feeds = shd_harvest_create(MOMENT_BYTES);
	return moment;
}

static void forget_first(struct work *work)
{
	struct moment *moment = work->moments;

	work->moments = moment->next;
	shd_harvest_destroy(moment->harvest);
	shd_harvest_destroy(moment->feeds);
	free(moment->store);
	free(moment);
}

static void add_row(struct work *work, const struct shd_history_row *row)
{
	if (!row->was || !takes_part(work, row->store))
		return;
	struct moment *moment = moment_of(work, row->store);
	bool feed = row->kind == SHD_KIND_poller;
	struct shd_harvest *harvest = feed ? moment->feeds : moment->harvest;
	size_t at = shd_harvest_entity(harvest, row->kind, row->id, strlen(row->id));

	shd_record_read(row->was, harvest, at);
	if (row->fresh)
		moment->fresh |= 1U << row->kind;
	work->replay->changes++;
}

static void add_sample(void *ctx, const char *id, const struct shd_measure *measure)
{
	struct work *work = ctx;

	if (takes_part(work, id))
		shd_harvest_measure(moment_of(work, id)->harvest, measure->metric,
				    measure->is_target, measure->value);
}

/* Reads the next row that is there; numbers may be missing after a clean-up. */
static bool read_row(struct work *work, struct shd_error *reterr)
{
	shd_arena_reset(work->arena);
	work->row = NULL;
	while (work->number > 0 && !work->row && work->number <= work->last)
		if (!shd_state_history_at(
			    work->state, work->number++, work->arena, &work->row, reterr))
			return false;
	return true;
}

/* Puts what happens until `now` into the moments. */
static bool gather(struct work *work, struct shd_error *reterr)
{
	while (work->row && work->row->at.ms <= work->now.ms) {
		add_row(work, work->row);
		if (!read_row(work, reterr))
			return false;
	}
	while (work->next_sample.ms <= work->now.ms)
		if (!shd_state_samples_at(
			    work->state, work->next_sample, add_sample, work, reterr) ||
			!shd_state_sample_next(
				work->state, work->next_sample, &work->next_sample, reterr))
			return false;
	return true;
}

static bool tell_moment(struct work *work, const struct moment *moment, struct shd_error *reterr)
{
	size_t count = moment->feeds->entity_count;
	shd_autofree struct shd_feed_row *feeds = shd_xcalloc(count + 1, sizeof(*feeds));
	struct shd_past past = {.store = moment->store, .harvest = moment->harvest,
		.fresh = moment->fresh, .feeds = feeds, .feed_count = count};

	if (!shd_harvest_ok(moment->harvest, reterr) || !shd_harvest_ok(moment->feeds, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		shd_history_feed_read(&moment->feeds->entities[i], moment->store, &feeds[i]);
	return shd_judge_past(work->judge, &past, reterr);
}

static bool tell_moments(struct work *work, struct shd_error *reterr)
{
	bool ok = true;

	while (work->moments) {
		ok = ok && tell_moment(work, work->moments, reterr);
		forget_first(work);
	}
	return ok;
}

static void begin(struct work *work, struct shd_wall now)
{
	if (now.ms > work->now.ms)
		work->now = now;
	work->replay->judged += work->outcome.judged;
	shd_outcome_finish(&work->outcome);
	shd_outcome_init(&work->outcome);
	shd_judge_begin(work->judge, work->now, &work->outcome);
}

/* The copy is in one transaction until the end: nothing is to be committed. */
static bool end_step(struct work *work, struct shd_error *reterr)
{
	if (!shd_judge_end(work->judge, reterr) ||
	    !shd_state_apply(work->state, shd_judge_changes(work->judge), reterr))
		return false;
	shd_judge_kept(work->judge);
	return true;
}

/* The rules look at everything for the first time. */
static bool start(struct work *work, struct shd_error *reterr)
{
	const char *id = NULL;

	begin(work, work->replay->since);
	while ((id = shd_judge_store_after(work->judge, id)))
		if (takes_part(work, id) &&
		    !shd_judge_store(work->judge, id, reterr))
			return false;
	return end_step(work, reterr);
}

static bool step(struct work *work, struct shd_wall at, bool by_time, struct shd_error *reterr)
{
	if (!by_time && at.ms > work->now.ms)
		work->now = at;
	if (!by_time && !gather(work, reterr))
		return false;
	begin(work, at);
	return (by_time ? shd_judge_wakes(work->judge, WAKES_A_STEP, reterr)
			: tell_moments(work, reterr)) &&
	       end_step(work, reterr);
}

static bool go_on(struct work *work, struct shd_error *reterr)
{
	struct shd_wall before = {work->replay->since.ms - 1};

	if (!shd_state_sample_next(work->state, before, &work->next_sample, reterr) ||
	    !read_row(work, reterr) || !start(work, reterr))
		return false;
	for (;;) {
		struct shd_wall wake = work->outcome.next_wake, news = work->next_sample;

		if (work->row && work->row->at.ms < news.ms)
			news = work->row->at;
		/* What a wake-up changed then was recorded at its own instant: it comes first. */
		bool by_time = wake.ms <= news.ms;
		if ((by_time ? wake.ms : news.ms) > work->replay->until.ms)
			return true;
		if (!step(work, by_time ? wake : news, by_time, reterr))
			return false;
	}
}

/* --- the whole ----------------------------------------------------------------------------- */

/* The end is when anything was last asked: what time alone did since then depends on
 * whether the daemon still runs. */
static bool find_span(struct work *work, struct shd_error *reterr)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(MOMENT_BYTES);
	struct shd_replay *replay = work->replay;
	struct shd_history_span span;
	struct shd_feed_row *feeds;
	size_t count;

	replay->since = work->request->since;
	if (!shd_state_history_span(work->state, replay->since, &span, reterr) ||
	    !shd_state_feeds(work->state, NULL, arena, &feeds, &count, reterr))
		return false;
	if (!span.begins.ms)
		return shd_fail(reterr, SHD_ERR_MISSING,
				"%s: no history has been recorded yet", work->request->state_path);
	if (span.begins.ms > replay->since.ms)
		replay->since = span.begins;
	for (size_t i = 0; i < count; i++)
		if (takes_part(work, feeds[i].store) &&
		    feeds[i].last_try.ms > replay->until.ms)
			replay->until = feeds[i].last_try;
	work->number = span.first;
	work->last = span.last;
	return true;
}

static bool choose_stores(struct work *work, struct shd_error *reterr)
{
	const char *store = work->request->store;
	const struct shd_store *only = work->request->in.stores;
	const struct shd_store *end = only + work->request->in.store_count;

	work->in = work->request->in;
	work->in.routes = (struct shd_routes){0}; /* nobody is told */
	if (!store)
		return true;
	while (only < end && strcmp(only->id, store) != 0)
		only++;
	if (only == end)
		return shd_fail(reterr, SHD_ERR_MISSING, "there is no store \"%s\"", store);
	work->in.stores = only;
	work->in.sources = only->source;
	work->in.store_count = work->in.source_count = 1;
	return true;
}

static void make_judge(struct work *work)
{
	work->in.stored = shd_state_stored(work->state);
	work->judge = shd_judge_create(&work->in);
}

static bool run(struct work *work, struct shd_lives *did, struct shd_lives *would,
		struct shd_error *reterr)
{
	struct shd_replay *replay = work->replay;

	if (!choose_stores(work, reterr) ||
	    !shd_state_copy(work->request->state_path, &work->state, reterr) ||
	    !find_span(work, reterr))
		return false;
	*did = (struct shd_lives){.since = replay->since, .until = replay->until,
		.stores = &work->in, .daemon_too = !work->request->store,
		.arena = replay->arena};
	*would = *did;
	if (!shd_lives_read(did, work->state, reterr) || !go_back(work, did, reterr))
		return false;
	make_judge(work);
	if (!go_on(work, reterr) || !shd_lives_read(would, work->state, reterr))
		return false;
	shd_replay_compare(replay, did, would);
	replay->judged += work->outcome.judged;
	return true;
}

static void finish(struct work *work)
{
	while (work->moments)
		forget_first(work);
	shd_judge_destroy(work->judge);
	shd_outcome_finish(&work->outcome);
	shd_arena_destroy(work->arena);
	shd_state_close(work->state);
}

bool shd_replay_run(const struct shd_replay_request *request, struct shd_replay **ret_replay,
		    struct shd_error *reterr)
{
	struct shd_replay *replay = shd_xcalloc(1, sizeof(*replay));
	struct work work = {.request = request, .replay = replay};
	struct shd_lives did = {0}, would = {0};

	replay->arena = shd_arena_create(REPLAY_BYTES);
	work.arena = shd_arena_create(ROW_BYTES);
	shd_outcome_init(&work.outcome);
	bool ok = run(&work, &did, &would, reterr);
	finish(&work);
	shd_lives_finish(&did);
	shd_lives_finish(&would);
	if (!ok)
		shd_replay_destroy(shd_steal(replay));
	*ret_replay = replay;
	return ok;
}

void shd_replay_destroy(struct shd_replay *replay)
{
	if (!replay)
		return;
	shd_arena_destroy(replay->arena);
	free(replay->pairs);
	free(replay);
}

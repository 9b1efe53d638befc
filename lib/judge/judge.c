/* The order of work within one transaction:
 *
 *   begin
 *   batch      feed row -> entities -> metrics -> sweep -> feed row stored ->
 *              poller and store facts -> cross references -> changed entities judged
 *   wakes      entities and rules that are due by time
 *   end        per store: what reads something that changed -> messages
 */
#include "parts.h"

#include "market/adapter.h"

#include <stdlib.h>
#include <string.h>

enum {
	TRANSACTION_BYTES = 256 << 20, /* the most one transaction holds in memory */
	OUTCOME_BYTES = 1 << 20,
	RECORD_BYTES = 1 << 20,
	TALLY_ROWS = 128,              /* fewer are read in 0.1 ms; of 1000 stores they took 8 MB */
	TALLY_BYTES = 16 << 20,
};

/* --- what is judged together ------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct shd_store_memory *)a)->id,
		      ((const struct shd_store_memory *)b)->id);
}

struct shd_store_memory *shd_judge_find(const struct shd_judge *judge, const char *id)
{
	const struct shd_store_memory wanted = {.id = id};

	return bsearch(&wanted, judge->memory, judge->memory_count, sizeof(wanted), by_id);
}

struct shd_store_memory *shd_judge_of_source(
	const struct shd_judge *judge, const struct shd_source *source)
{
	struct shd_store_memory *found =
		shd_judge_find(judge, source->store ? source->store->id : source->id);

	shd_assert(found && found->source);
	return found;
}

const char *shd_judge_store_after(const struct shd_judge *judge, const char *id)
{
	const struct shd_store_memory *store = id ? shd_judge_find(judge, id) + 1 : judge->memory;

	return store < judge->memory + judge->memory_count ? store->id : NULL;
}

/* --- create and destroy ----------------------------------------------------------- */

/* What is cached of the state is read again. The counters stay. */
static void forget_cache(struct shd_judge *judge)
{
	for (size_t i = 0; i < judge->memory_count; i++) {
		memset(judge->memory[i].pollers, 0, sizeof(judge->memory[i].pollers));
		judge->memory[i].watched = false;
		judge->memory[i].throttled_share = -1;
	}
	shd_tally_forget(judge->tally);
}

static struct shd_tally *make_tally(struct shd_judge *judge)
{
	struct shd_tally_limits limits = {.min_rows = TALLY_ROWS, .max_bytes = TALLY_BYTES,
		.max_span_ms = judge->in.keep_samples_ms};

	struct shd_tally *tally = shd_tally_create(shd_rules_series(judge->in.rules), &limits);

	for (size_t i = 0; i < judge->memory_count; i++)
		judge->memory[i].tally = shd_tally_add_store(tally);
	return tally;
}

static void add_memory(struct shd_judge *judge, const char *id, const struct shd_store *settings,
		       const struct shd_source *source)
{
	judge->memory[judge->memory_count++] = (struct shd_store_memory){.id = id,
		.settings = settings, .source = source, .skew_ms = INT64_MIN,
		.throttled_share = -1};
}

static void remember_stores(struct shd_judge *judge)
{
	const struct shd_judge_in *in = &judge->in;
	size_t most = in->store_count + in->source_count + 1;

	judge->memory = shd_xcalloc(most, sizeof(*judge->memory));
	judge->touched = shd_xcalloc(most, sizeof(struct shd_store_memory *));
	for (size_t i = 0; i < in->store_count; i++)
		add_memory(judge, in->stores[i].id, &in->stores[i],
			   in->stores[i].source);
	for (size_t i = 0; i < in->source_count; i++)
		if (!in->sources[i].store)
			add_memory(judge, in->sources[i].id, NULL, &in->sources[i]);
	add_memory(judge, "daemon", NULL, NULL);
	qsort(judge->memory, judge->memory_count, sizeof(*judge->memory), by_id);
	judge->daemon = shd_judge_find(judge, "daemon");
}

struct shd_judge *shd_judge_create(const struct shd_judge_in *in)
{
	struct shd_judge *judge = shd_xcalloc(1, sizeof(*judge));

	judge->in = *in;
	judge->overlay = shd_overlay_create(in->stored, TRANSACTION_BYTES);
	judge->read = shd_overlay_stored(judge->overlay);
	remember_stores(judge);
	judge->arena = shd_arena_create(TRANSACTION_BYTES);
	judge->keep = shd_arena_create(TRANSACTION_BYTES);
	judge->scratch = shd_arena_create(TRANSACTION_BYTES);
	judge->store_arena = shd_arena_create(TRANSACTION_BYTES);
	judge->moved_end = &judge->moved;
	shd_text_init(&judge->record, RECORD_BYTES);
	judge->tally = make_tally(judge);
	shd_judge_lists_create(judge);
	return judge;
}

void shd_judge_destroy(struct shd_judge *judge)
{
	if (!judge)
		return;
	shd_judge_abandon(judge);
	shd_judge_lists_destroy(judge);
	shd_tally_destroy(judge->tally);
	shd_overlay_destroy(judge->overlay);
	shd_arena_destroy(judge->arena);
	shd_arena_destroy(judge->keep);
	shd_arena_destroy(judge->scratch);
	shd_arena_destroy(judge->store_arena);
	for (size_t i = 0; i < judge->memory_count; i++)
		free(judge->memory[i].not_before_ms);
	shd_text_finish(&judge->record);
	free(judge->touched);
	free(judge->memory);
	free(judge);
}

void shd_outcome_init(struct shd_outcome *outcome)
{
	*outcome = (struct shd_outcome){.next_wake = {SHD_NEVER_MS}};
	outcome->arena = shd_arena_create(OUTCOME_BYTES);
}

void shd_outcome_finish(struct shd_outcome *outcome)
{
	shd_arena_destroy(outcome->arena);
	free(outcome->transitions);
	*outcome = (struct shd_outcome){0};
}

/* --- the transaction ---------------------------------------------------------------- */

struct shd_touched *shd_judge_touch(struct shd_judge *judge)
{
	struct shd_touched *touched = &judge->store->touched;

	if (!touched->listed)
		judge->touched[judge->touched_count++] = judge->store;
	touched->listed = true;
	return touched;
}

static void empty_hash(struct shd_dirty **hash)
{
	struct shd_dirty *dirty, *next;

	HASH_ITER(hh, *hash, dirty, next) {
		HASH_DEL(*hash, dirty);
		free(dirty);
	}
}

void shd_judge_enter(struct shd_judge *judge, struct shd_store_memory *store)
{
	shd_assert(judge->open);
	empty_hash(&judge->dirty);
	empty_hash(&judge->skus);
	shd_arena_reset(judge->keep);
	shd_arena_reset(judge->scratch);
	shd_arena_reset(judge->store_arena);
	if (judge->products_of != store)
		HASH_CLEAR(hh, judge->products);
	judge->store = store;
	judge->products_of = store;
	judge->here = store->lists;
	judge->store_entity = NULL;
	judge->store_entity_read = false;
	judge->fresh = 0;
}

static void forget_transaction(struct shd_judge *judge)
{
	for (size_t i = 0; i < judge->touched_count; i++)
		judge->touched[i]->touched = (struct shd_touched){0};
	judge->touched_count = 0;
	judge->moved = NULL;
	judge->moved_end = &judge->moved;
	empty_hash(&judge->dirty);
	empty_hash(&judge->skus);
	HASH_CLEAR(hh, judge->products);
	shd_overlay_reset(judge->overlay);
	shd_arena_reset(judge->arena);
	shd_arena_reset(judge->keep);
	shd_arena_reset(judge->scratch);
	judge->open = judge->failed = false;
}

void shd_judge_begin(struct shd_judge *judge, struct shd_wall now, struct shd_outcome *outcome)
{
	shd_assert(!judge->open);
	judge->open = true;
	judge->now = now;
	judge->outcome = outcome;
}

void shd_judge_abandon(struct shd_judge *judge)
{
	if (!judge->open)
		return;
	forget_transaction(judge);
	forget_cache(judge);
}

static bool give_up(struct shd_judge *judge)
{
	shd_judge_abandon(judge);
	return false;
}

/* --- one batch -------------------------------------------------------------------------- */

/* Whether the answer says how an entity of the kind is now. What another poller says of
 * it in passing is not enough while its own one catches up or is switched off. */
static bool is_news(
	const struct shd_judge *judge, const struct shd_batch *batch, enum shd_kind kind)
{
	enum shd_poller poller = shd_kind_poller(kind);

	return !batch->fetch.outdated &&
	       (poller == batch->fetch.row->poller || (!shd_judge_catches_up(judge, poller, NULL) &&
						 !shd_judge_is_off(judge, poller)));
}

/* What a batch touches is fetched at once, kind by kind, not row by row. */
static bool load(struct shd_judge *judge, const struct shd_harvest *harvest,
		 struct shd_error *reterr)
{
	shd_autofree const char **ids = shd_xcalloc(harvest->entity_count, sizeof(*ids));
	const char *store = judge->store->id;
	uint32_t kinds = 0;

	for (size_t i = 0; i < harvest->entity_count; i++)
		kinds |= 1U << harvest->entities[i].kind;
	kinds &= ~(1U << SHD_KIND_store); /* its id is another one */
	for (int k = 0; k < SHD_KIND_COUNT; k++) {
		size_t count = 0;

		for (size_t i = 0; (kinds >> k & 1) && i < harvest->entity_count; i++)
			if ((int)harvest->entities[i].kind == k)
				ids[count++] = harvest->entities[i].id;
		if (count && !shd_overlay_load(judge->overlay, store, (enum shd_kind)k, ids, count,
					       reterr))
			return false;
	}
	return true;
}

static bool take_harvest(struct shd_judge *judge, const struct shd_batch *batch,
			 struct shd_error *reterr)
{
	if (!batch->fetch.ok || !batch->seen.harvest)
		return true;
	if (!load(judge, batch->seen.harvest, reterr))
		return false;
	for (size_t i = 0; i < batch->seen.harvest->entity_count; i++) {
		const struct shd_entity *seen = &batch->seen.harvest->entities[i];

		judge->fresh |= (uint32_t)is_news(judge, batch, seen->kind) << seen->kind;
		if (!shd_judge_upsert(judge, seen, batch->fetch.row, reterr))
			return false;
	}
	return shd_judge_measures(judge, batch->seen.harvest, reterr);
}

static bool take_batch(struct shd_judge *judge, const struct shd_batch *batch,
		       struct shd_error *reterr)
{
	struct shd_feed_row feed;
	int error_before;

	return shd_judge_feed(judge, batch, &feed, &error_before, reterr) &&
	       take_harvest(judge, batch, reterr) && shd_judge_sweep(judge, batch, &feed, reterr) &&
	       shd_overlay_feed_put(judge->overlay, &feed, reterr) &&
	       shd_judge_facts(judge, batch, &feed, error_before, reterr) &&
	       shd_judge_recount(judge, reterr) && shd_judge_listed(judge, reterr);
}

bool shd_judge_batch(
	struct shd_judge *judge, const struct shd_batch *batch, struct shd_error *reterr)
{
	shd_judge_enter(judge, shd_judge_of_source(judge, batch->source));
	return take_batch(judge, batch, reterr) || give_up(judge);
}

/* --- wake-ups ------------------------------------------------------------------------------ */

static bool wake_one(struct shd_judge *judge, const struct shd_wake_row *row,
		     struct shd_error *reterr)
{
	enum shd_poller poller;

	if (row->kind == SHD_KIND_store && row->id[0])
		return shd_judge_rule(judge, row->id, reterr);
	if (row->kind == SHD_KIND_poller && judge->store->source &&
	    shd_poller_find(row->id, strlen(row->id), &poller) &&
	    !shd_judge_poller(judge, poller, reterr))
		return false;
	const char *id = row->kind == SHD_KIND_store ? row->store : row->id;
	return shd_judge_refresh(judge, row->kind, id, reterr) && shd_judge_listed(judge, reterr);
}

static bool wake_all(struct shd_judge *judge, size_t max, struct shd_error *reterr)
{
	struct shd_wake_row *rows;
	struct shd_wall next;
	size_t count;

	if (!shd_overlay_wakes(
		    judge->overlay, judge->now, max, judge->arena, &rows, &count, &next, reterr))
		return false;
	for (size_t i = 0; i < count; i++) {
		/* A store that is no longer configured sleeps until it is again. */
		struct shd_store_memory *store = shd_judge_find(judge, rows[i].store);
		if (!store) {
			if (!shd_overlay_wake_put(judge->overlay, rows[i].store, rows[i].kind,
				    rows[i].id, (struct shd_wall){SHD_NEVER_MS}, reterr))
				return false;
			continue;
		}
		shd_judge_enter(judge, store);
		if (!wake_one(judge, &rows[i], reterr))
			return false;
	}
	return true;
}

bool shd_judge_wakes(struct shd_judge *judge, size_t max, struct shd_error *reterr)
{
	shd_assert(judge->open);
	return wake_all(judge, max, reterr) || give_up(judge);
}

/* --- a whole store; the end --------------------------------------------------------------- */

bool shd_judge_pollers(struct shd_judge *judge, struct shd_error *reterr)
{
	if (!judge->store->source)
		return true;
	for (int p = 0; p < SHD_POLLER_COUNT; p++)
		if (!shd_judge_poller(judge, (enum shd_poller)p, reterr))
			return false;
	return true;
}

bool shd_judge_store(struct shd_judge *judge, const char *id, struct shd_error *reterr)
{
	struct shd_store_memory *store = shd_judge_find(judge, id);

	shd_assert(store);
	shd_judge_enter(judge, store);
	return (shd_judge_pollers(judge, reterr) && shd_judge_open_alerts(judge, reterr) &&
		(store != judge->daemon || shd_judge_end_stores(judge, reterr))) ||
	       give_up(judge);
}

/* What the rules change here (a field that time derived) wakes nobody a second time. */
static bool look_at_touched(struct shd_judge *judge, struct shd_error *reterr)
{
	for (size_t i = 0; i < judge->touched_count; i++) {
		struct shd_touched touched = judge->touched[i]->touched;

		shd_judge_enter(judge, judge->touched[i]);
		if (!shd_judge_whole(judge, &touched, reterr))
			return false;
	}
	return true;
}

static bool look_at_daemon(struct shd_judge *judge, struct shd_error *reterr)
{
	if (!judge->skewed)
		return true;
	shd_judge_enter(judge, judge->daemon);
	return shd_judge_skew(judge, reterr) && shd_judge_listed(judge, reterr);
}

static bool find_next_wake(struct shd_judge *judge, struct shd_wall *ret_next,
			   struct shd_error *reterr)
{
	struct shd_wake_row *rows;
	size_t count;

	return shd_overlay_wakes(
		judge->overlay, judge->now, 0, judge->arena, &rows, &count, ret_next, reterr);
}

bool shd_judge_end(struct shd_judge *judge, struct shd_error *reterr)
{
	shd_assert(judge->open);
	if (!look_at_daemon(judge, reterr) || !look_at_touched(judge, reterr) ||
	    !shd_judge_notify(judge, reterr) ||
	    !find_next_wake(judge, &judge->outcome->next_wake, reterr))
		return give_up(judge);
	shd_judge_show_moved(judge->moved, judge->outcome);
	return true;
}

const struct shd_change_set *shd_judge_changes(struct shd_judge *judge)
{
	shd_assert(judge->open);
	return shd_overlay_changes(judge->overlay);
}

void shd_judge_kept(struct shd_judge *judge)
{
	shd_assert(judge->open);
	shd_judge_keep_read(judge);
	forget_transaction(judge);
}

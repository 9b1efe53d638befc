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

struct shd_store_memory *shd_judge_find(const struct shd_basis *basis, const char *id)
{
	const struct shd_store_memory wanted = {.id = id};

	return bsearch(&wanted, basis->memory, basis->memory_count, sizeof(wanted), by_id);
}

struct shd_store_memory *shd_judge_of_source(
	const struct shd_basis *basis, const struct shd_source *source)
{
	struct shd_store_memory *found =
		shd_judge_find(basis, source->store ? source->store->id : source->id);

	shd_assert(found && found->source);
	return found;
}

const char *shd_judge_marketplace(const struct shd_store_memory *store)
{
	if (store->settings)
		return store->settings->marketplace;
	return store->source ? store->source->adapter->name : store->id;
}

const char *shd_judge_store_after(const struct shd_judge *judge, const char *id)
{
	const struct shd_store_memory *store =
		id ? shd_judge_find(&judge->basis, id) + 1 : judge->basis.memory;

	return store < judge->basis.memory + judge->basis.memory_count ? store->id : NULL;
}

/* --- create and destroy ----------------------------------------------------------- */

/* What is cached of the state is read again. The counters stay. */
static void forget_cache(const struct shd_basis *basis)
{
	for (size_t i = 0; i < basis->memory_count; i++) {
		memset(basis->memory[i].pollers, 0, sizeof(basis->memory[i].pollers));
		basis->memory[i].watched = basis->memory[i].admitted = false;
		basis->memory[i].throttled_share = -1;
	}
	shd_tally_forget(basis->tally);
}

static struct shd_tally *make_tally(struct shd_basis *basis)
{
	struct shd_tally_limits limits = {.min_rows = TALLY_ROWS, .max_bytes = TALLY_BYTES,
		.max_span_ms = basis->in.keep_samples_ms};

	struct shd_tally *tally = shd_tally_create(shd_rules_series(basis->in.rules), &limits);

	for (size_t i = 0; i < basis->memory_count; i++)
		basis->memory[i].tally = shd_tally_add_store(tally);
	return tally;
}

static void add_memory(struct shd_basis *basis, const char *id, const struct shd_store *settings,
		       const struct shd_source *source)
{
	basis->memory[basis->memory_count++] = (struct shd_store_memory){.id = id,
		.settings = settings, .source = source, .skew_ms = INT64_MIN,
		.throttled_share = -1};
}

static void remember_stores(struct shd_basis *basis)
{
	const struct shd_judge_in *in = &basis->in;
	size_t most = in->store_count + in->source_count + 1;

	basis->memory = shd_xcalloc(most, sizeof(*basis->memory));
	for (size_t i = 0; i < in->store_count; i++)
		add_memory(basis, in->stores[i].id, &in->stores[i],
			   in->stores[i].source);
	for (size_t i = 0; i < in->source_count; i++)
		if (!in->sources[i].store)
			add_memory(basis, in->sources[i].id, NULL, &in->sources[i]);
	add_memory(basis, "daemon", NULL, NULL);
	qsort(basis->memory, basis->memory_count, sizeof(*basis->memory), by_id);
	basis->daemon = shd_judge_find(basis, "daemon");
}

struct shd_judge *shd_judge_create(const struct shd_judge_in *in)
{
	struct shd_judge *judge = shd_xcalloc(1, sizeof(*judge));
	struct shd_basis *basis = &judge->basis;
	struct shd_txn *txn = &judge->txn;
	struct shd_visit *visit = &judge->visit;

	basis->in = *in;
	basis->overlay = shd_overlay_create(in->stored, TRANSACTION_BYTES);
	basis->read = shd_overlay_stored(basis->overlay);
	remember_stores(basis);
	basis->tally = make_tally(basis);
	shd_judge_lists_create(basis);
	txn->touched = shd_xcalloc(basis->memory_count, sizeof(*txn->touched));
	txn->touched_places = shd_xcalloc(basis->memory_count, sizeof(size_t));
	txn->arena = shd_arena_create(TRANSACTION_BYTES);
	txn->transitions_end = &txn->transitions;
	shd_text_init(&txn->record, RECORD_BYTES);
	visit->store_arena = shd_arena_create(TRANSACTION_BYTES);
	visit->keep = shd_arena_create(TRANSACTION_BYTES);
	visit->scratch = shd_arena_create(TRANSACTION_BYTES);
	return judge;
}

void shd_judge_destroy(struct shd_judge *judge)
{
	if (!judge)
		return;
	shd_judge_abandon(judge);
	shd_judge_lists_destroy(&judge->basis);
	shd_tally_destroy(judge->basis.tally);
	shd_overlay_destroy(judge->basis.overlay);
	shd_arena_destroy(judge->txn.arena);
	shd_arena_destroy(judge->visit.keep);
	shd_arena_destroy(judge->visit.scratch);
	shd_arena_destroy(judge->visit.store_arena);
	for (size_t i = 0; i < judge->basis.memory_count; i++)
		free(judge->basis.memory[i].not_before_ms);
	shd_text_finish(&judge->txn.record);
	free(judge->txn.touched);
	free(judge->txn.touched_places);
	free(judge->basis.memory);
	free(judge);
}

void shd_outcome_init(struct shd_outcome *outcome)
{
	*outcome = (struct shd_outcome){.next_wake = {SHD_NEVER_MS}, .relist_at = {SHD_NEVER_MS}};
	outcome->arena = shd_arena_create(OUTCOME_BYTES);
}

void shd_outcome_finish(struct shd_outcome *outcome)
{
	shd_arena_destroy(outcome->arena);
	free(outcome->transitions);
	free(outcome->unread);
	*outcome = (struct shd_outcome){0};
}

/* --- the transaction ---------------------------------------------------------------- */

struct shd_touched *shd_judge_touch(struct shd_txn *txn, const struct shd_visit *visit)
{
	struct shd_touched *touched = &txn->touched[visit->place];

	if (!touched->listed)
		txn->touched_places[txn->touched_count++] = visit->place;
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

static void leave(struct shd_visit *visit)
{
	empty_hash(&visit->dirty);
	empty_hash(&visit->skus);
	shd_arena_reset(visit->keep);
	shd_arena_reset(visit->scratch);
	shd_arena_reset(visit->store_arena);
	visit->entity = NULL;
	visit->entity_read = false;
	visit->fresh = 0;
}

void shd_judge_enter(const struct shd_basis *basis, struct shd_visit *visit,
		     struct shd_store_memory *store)
{
	leave(visit);
	if (visit->store != store)
		HASH_CLEAR(hh, visit->products);
	visit->store = store;
	visit->place = (size_t)(store - basis->memory);
	visit->lists = store->lists;
}

static void forget_transaction(struct shd_judge *judge)
{
	struct shd_txn *txn = &judge->txn;

	for (size_t i = 0; i < txn->touched_count; i++)
		txn->touched[txn->touched_places[i]] = (struct shd_touched){0};
	txn->touched_count = 0;
	txn->transitions = NULL;
	txn->transitions_end = &txn->transitions;
	leave(&judge->visit);
	HASH_CLEAR(hh, judge->visit.products);
	shd_overlay_reset(judge->basis.overlay);
	shd_arena_reset(txn->arena);
	txn->open = false;
}

void shd_judge_begin(struct shd_judge *judge, struct shd_wall now, struct shd_outcome *outcome)
{
	shd_assert(!judge->txn.open);
	judge->txn.open = true;
	judge->txn.now = now;
	judge->txn.outcome = outcome;
}

void shd_judge_abandon(struct shd_judge *judge)
{
	if (!judge->txn.open)
		return;
	forget_transaction(judge);
	forget_cache(&judge->basis);
}

static bool give_up(struct shd_judge *judge)
{
	shd_judge_abandon(judge);
	return false;
}

/* --- what callers ask for ------------------------------------------------------------ */

bool shd_judge_batch(
	struct shd_judge *judge, const struct shd_batch *batch, struct shd_error *reterr)
{
	shd_assert(judge->txn.open);
	shd_judge_enter(
		&judge->basis, &judge->visit, shd_judge_of_source(&judge->basis, batch->source));
	return shd_judge_take(&judge->basis, &judge->txn, &judge->visit, batch, reterr) ||
	       give_up(judge);
}

/* --- wake-ups ------------------------------------------------------------------------------ */

static bool wake_one(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_wake_row *row, struct shd_error *reterr)
{
	enum shd_poller poller;

	if (row->kind == SHD_KIND_store && row->id[0])
		return shd_judge_rule(basis, txn, visit, row->id, reterr);
	if (row->kind == SHD_KIND_poller && visit->store->source &&
	    shd_poller_find(row->id, strlen(row->id), &poller) &&
	    !shd_judge_poller(basis, txn, visit, poller, reterr))
		return false;
	const char *id = row->kind == SHD_KIND_store ? row->store : row->id;
	return shd_judge_refresh(basis, txn, visit, row->kind, id, reterr) &&
	       shd_judge_listed(basis, txn, visit, reterr);
}

static bool wake_all(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	size_t max, struct shd_error *reterr)
{
	struct shd_wake_row *rows;
	struct shd_wall next;
	size_t count;

	if (!shd_overlay_wakes(
		    basis->overlay, txn->now, max, txn->arena, &rows, &count, &next, reterr))
		return false;
	for (size_t i = 0; i < count; i++) {
		/* A store that is no longer configured sleeps until it is again. */
		struct shd_store_memory *store = shd_judge_find(basis, rows[i].store);
		if (!store) {
			if (!shd_overlay_wake_put(basis->overlay, rows[i].store, rows[i].kind,
				    rows[i].id, (struct shd_wall){SHD_NEVER_MS}, reterr))
				return false;
			continue;
		}
		shd_judge_enter(basis, visit, store);
		if (!wake_one(basis, txn, visit, &rows[i], reterr))
			return false;
	}
	return true;
}

bool shd_judge_wakes(struct shd_judge *judge, size_t max, struct shd_error *reterr)
{
	shd_assert(judge->txn.open);
	return wake_all(&judge->basis, &judge->txn, &judge->visit, max, reterr) || give_up(judge);
}

/* --- a whole store; the end --------------------------------------------------------------- */

bool shd_judge_pollers(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	struct shd_error *reterr)
{
	if (!visit->store->source)
		return true;
	for (int p = 0; p < SHD_POLLER_COUNT; p++)
		if (!shd_judge_poller(basis, txn, visit, (enum shd_poller)p, reterr))
			return false;
	return true;
}

bool shd_judge_store(struct shd_judge *judge, const char *id, struct shd_error *reterr)
{
	struct shd_store_memory *store = shd_judge_find(&judge->basis, id);

	shd_assert(judge->txn.open && store);
	shd_judge_enter(&judge->basis, &judge->visit, store);
	return (shd_judge_pollers(&judge->basis, &judge->txn, &judge->visit, reterr) &&
		       shd_judge_open_alerts(&judge->basis, &judge->txn, &judge->visit, reterr) &&
		       shd_judge_pass_on(&judge->basis, &judge->txn, &judge->visit, reterr) &&
		       (store != judge->basis.daemon ||
			       (shd_judge_end_channels(&judge->basis, &judge->txn, &judge->visit,
					reterr) &&
				       shd_judge_end_stores(&judge->basis, &judge->txn,
					       &judge->visit, reterr)))) ||
	       give_up(judge);
}

/* What the rules change here (a field that time derived) wakes nobody a second time. */
static bool look_at_touched(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, struct shd_error *reterr)
{
	for (size_t i = 0; i < txn->touched_count; i++) {
		size_t place = txn->touched_places[i];
		struct shd_touched touched = txn->touched[place];

		shd_judge_enter(basis, visit, &basis->memory[place]);
		if (!shd_judge_whole(basis, txn, visit, &touched, reterr))
			return false;
	}
	return true;
}

static bool look_at_daemon(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, struct shd_error *reterr)
{
	if (!txn->skewed)
		return true;
	shd_judge_enter(basis, visit, basis->daemon);
	return shd_judge_skew(basis, txn, visit, reterr) &&
	       shd_judge_listed(basis, txn, visit, reterr);
}

static bool find_next_wake(const struct shd_basis *basis, const struct shd_txn *txn,
	struct shd_wall *ret_next, struct shd_error *reterr)
{
	struct shd_wake_row *rows;
	size_t count;

	return shd_overlay_wakes(
		basis->overlay, txn->now, 0, txn->arena, &rows, &count, ret_next, reterr);
}

bool shd_judge_end(struct shd_judge *judge, struct shd_error *reterr)
{
	shd_assert(judge->txn.open);
	if (!look_at_daemon(&judge->basis, &judge->txn, &judge->visit, reterr) ||
		!look_at_touched(&judge->basis, &judge->txn, &judge->visit, reterr) ||
		!shd_judge_notify(&judge->basis, &judge->txn, reterr) ||
		!find_next_wake(&judge->basis, &judge->txn, &judge->txn.outcome->next_wake, reterr))
		return give_up(judge);
	shd_judge_show_transitions(judge->txn.transitions, judge->txn.outcome);
	return true;
}

const struct shd_change_set *shd_judge_changes(struct shd_judge *judge)
{
	shd_assert(judge->txn.open);
	return shd_overlay_changes(judge->basis.overlay);
}

void shd_judge_kept(struct shd_judge *judge)
{
	shd_assert(judge->txn.open);
	shd_judge_keep_read(&judge->basis, &judge->txn);
	forget_transaction(judge);
}

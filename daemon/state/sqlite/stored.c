/* What the judge reads (judge/stored.h), over SQLite, and what it changed.
 *
 * What is SQLite's own in this folder, and what another database would say instead:
 *   json_each(?)      a list as one parameter: `= ANY(?)`
 *   sqlite_sequence   the number an AUTOINCREMENT column gives next: a sequence
 *   INSERT OR REPLACE, OR IGNORE, ON CONFLICT: the latter only
 *   rowid, ORDER BY +id, PRAGMA, BEGIN IMMEDIATE, the WAL and its checkpoints */
#include "query.h"

#include <stdlib.h>
#include <string.h>

static bool entity(void *ctx, const char *store, enum shd_kind kind, const char *id,
		   struct shd_arena *arena, struct shd_stored_entity *ret,
		   struct shd_error *reterr)
{
	return shd_state_entity_row(ctx, store, kind, id, arena, ret, reterr);
}

static bool entities(void *ctx, const char *store, enum shd_kind kind, const char *const *ids,
		     size_t count, struct shd_arena *arena, struct shd_stored_entity **ret_rows,
		     size_t *ret_count, struct shd_error *reterr)
{
	return shd_state_entity_rows(
		ctx, store, kind, ids, count, arena, ret_rows, ret_count, reterr);
}

static bool open_ids(void *ctx, const char *store, enum shd_kind kind, const char *feed,
		     struct shd_arena *arena, const char *const **ret_ids, size_t *ret_count,
		     struct shd_error *reterr)
{
	return shd_state_entity_ids(ctx, store, kind, feed, arena, ret_ids, ret_count, reterr);
}

static bool open_stores(void *ctx, struct shd_arena *arena, const char *const **ret_ids,
			size_t *ret_count, struct shd_error *reterr)
{
	return shd_state_stores_open(ctx, arena, ret_ids, ret_count, reterr);
}

static bool window(void *ctx, const char *store, enum shd_kind kind, int time,
		   uint64_t fields, struct shd_wall from, struct shd_wall to, shd_window_fn *visit,
		   void *visit_ctx, struct shd_error *reterr)
{
	return shd_state_window_of(
		ctx, store, kind, time, fields, from, to, visit, visit_ctx, reterr);
}

static bool listings(void *ctx, const char *store, const char *sku, struct shd_arena *arena,
		     struct shd_stored_listing **ret_rows, size_t *ret_count,
		     struct shd_error *reterr)
{
	return shd_state_listings(ctx, store, sku, arena, ret_rows, ret_count, reterr);
}

static bool without_category(void *ctx, const char *store, enum shd_kind kind, const char *sku,
			     struct shd_arena *arena, const char *const **ret_ids,
			     size_t *ret_count, struct shd_error *reterr)
{
	if (kind == SHD_KIND_return)
		return shd_state_returns_of(ctx, store, sku, arena, ret_ids, ret_count, reterr);
	return shd_state_orders_of(ctx, store, sku, arena, ret_ids, ret_count, reterr);
}

static bool stocks(void *ctx, const char *store, const char *sku, struct shd_arena *arena,
		   const char *const **ret_ids, size_t *ret_count, struct shd_error *reterr)
{
	return shd_state_stocks_of(ctx, store, sku, arena, ret_ids, ret_count, reterr);
}

static bool promised(void *ctx, const char *store, const char *sku, int64_t *ret_units,
		     struct shd_error *reterr)
{
	return shd_state_unshipped(ctx, store, sku, ret_units, reterr);
}

static bool parcels(void *ctx, const char *const *numbers, size_t count, struct shd_arena *arena,
		    struct shd_stored_parcel **ret_rows, size_t *ret_count,
		    struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	char *list shd_autofree = shd_query_list(numbers, count);
	void *rows = NULL;
	size_t found = 0, room = 0;

	if (!shd_query_open(&query, ctx, SHD_SQL_parcels_of, reterr))
		return false;
	shd_query_put_text(&query, list);
	while (shd_query_row(&query)) {
		struct shd_stored_parcel *row =
			shd_query_slot(&query, arena, &rows, found, &room, sizeof(*row));

		if (!row)
			continue;
		row->store = shd_query_get_text(&query, arena);
		row->id = shd_query_get_text(&query, arena);
		row->tracking_number = shd_query_get_text(&query, arena);
		row->carrier = shd_query_get_text(&query, arena);
		found++;
	}
	*ret_rows = rows;
	*ret_count = found;
	return shd_query_ok(&query, reterr);
}

static bool metric(void *ctx, const char *store, enum shd_metric which, bool target,
		   struct shd_value *ret_value, struct shd_wall *ret_at, struct shd_error *reterr)
{
	return shd_state_metric_get(ctx, store, which, target, ret_value, ret_at, reterr);
}

static bool samples(void *ctx, const char *store, enum shd_metric which, struct shd_wall from,
		    struct shd_wall to, shd_samples_fn *visit, void *visit_ctx,
		    struct shd_error *reterr)
{
	return shd_state_samples(ctx, store, which, from, to, visit, visit_ctx, reterr);
}

static bool feed(void *ctx, const char *store, const char *endpoint, struct shd_arena *arena,
		 struct shd_feed_row **ret_row, struct shd_error *reterr)
{
	return shd_state_feed_get(ctx, store, endpoint, arena, ret_row, reterr);
}

static bool feeds(void *ctx, const char *store, struct shd_arena *arena,
		  struct shd_feed_row **ret_rows, size_t *ret_count, struct shd_error *reterr)
{
	return shd_state_feeds(ctx, store, arena, ret_rows, ret_count, reterr);
}

/* --- wake-ups ----------------------------------------------------------------------- */

static bool wake(void *ctx, const char *store, enum shd_kind kind, const char *id,
		 struct shd_wall *ret_at, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, ctx, SHD_SQL_wake_get, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_text(&query, shd_kind_name(kind));
	shd_query_put_text(&query, id);
	ret_at->ms = shd_query_row(&query) ? shd_query_get_n(&query) : SHD_NEVER_MS;
	return shd_query_ok(&query, reterr);
}

static bool wakes(void *ctx, shd_wake_fn *visit, void *visit_ctx, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(1 << 16);
	bool more = true;

	if (!shd_query_open(&query, ctx, SHD_SQL_wakes, reterr))
		return false;
	while (more && shd_query_row(&query)) {
		struct shd_wake_row row;

		shd_arena_reset(arena);
		row.store = shd_query_get_text(&query, arena);
		const char *kind = shd_query_get_text(&query, arena);
		row.id = shd_query_get_text(&query, arena);
		row.at = shd_query_get_time(&query);
		if (!query.full && shd_kind_find(kind, strlen(kind), &row.kind))
			more = visit(visit_ctx, &row);
	}
	return shd_query_ok(&query, reterr);
}

/* --- alerts --------------------------------------------------------------------------- */

static bool alerts_of(void *ctx, const char *store, const char *const *ids, size_t count,
		      struct shd_arena *arena, struct shd_alert **ret_alerts, size_t *ret_count,
		      struct shd_error *reterr)
{
	return shd_state_alerts_of_all(
		ctx, store, ids, count, arena, ret_alerts, ret_count, reterr);
}

static bool alerted(void *ctx, shd_alerted_fn *visit, void *visit_ctx, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, ctx, SHD_SQL_alerted, reterr))
		return false;
	while (shd_query_row(&query))
		visit(visit_ctx, (const char *)sqlite3_column_text(query.stmt, 0),
		      (const char *)sqlite3_column_text(query.stmt, 1));
	return shd_query_ok(&query, reterr);
}

static int by_number(const void *a, const void *b)
{
	int64_t x = ((const struct shd_alert *)a)->number,
		y = ((const struct shd_alert *)b)->number;

	return (x > y) - (x < y);
}

static bool open_alerts(void *ctx, const char *store, struct shd_arena *arena,
			struct shd_alert **ret_alerts, size_t *ret_count, struct shd_error *reterr)
{
	struct shd_alert_filter filter = {.store = store, .max = INT64_MAX};

	if (!shd_state_alerts(ctx, &filter, arena, ret_alerts, ret_count, reterr))
		return false;
	if (*ret_count)
		qsort(*ret_alerts, *ret_count, sizeof(**ret_alerts), by_number);
	return true;
}

static bool next_alert(void *ctx, int64_t *ret_number, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, ctx, SHD_SQL_alert_next, reterr))
		return false;
	*ret_number = shd_query_row(&query) ? shd_query_get_n(&query) : 1;
	return shd_query_ok(&query, reterr);
}

static bool notified(void *ctx, int64_t alert, struct shd_arena *arena,
		     const char *const **ret_channels, size_t *ret_count, struct shd_error *reterr)
{
	return shd_state_notified(ctx, alert, arena, ret_channels, ret_count, reterr);
}

void shd_state_init_stored(struct shd_state *state)
{
	state->stored = (struct shd_stored){state, entity, entities, open_ids, open_stores, window,
		listings, without_category, stocks, promised, parcels, metric, samples, feed,
		feeds, wake, wakes, alerts_of, alerted, open_alerts, next_alert, notified};
}

const struct shd_stored *shd_state_stored(struct shd_state *state)
{
	return &state->stored;
}

/* --- the change set --------------------------------------------------------------------- */

static bool apply_entities(struct shd_state *state, const struct shd_change_set *changes,
			   struct shd_error *reterr)
{
	return shd_state_entities_apply(state, changes->entities, changes->entity_count, reterr) &&
	       shd_state_history_add(state, changes->history, changes->history_count, reterr);
}

static bool apply_rows(struct shd_state *state, const struct shd_change_set *changes,
		       struct shd_error *reterr)
{
	for (size_t i = 0; i < changes->metric_count; i++) {
		const struct shd_metric_change *change = &changes->metrics[i];

		if (!shd_state_metric_put(state, change->store, change->metric, change->target,
					  &change->value, change->at, reterr))
			return false;
	}
	for (size_t i = 0; i < changes->feed_count; i++)
		if (!shd_state_feed_put(state, &changes->feeds[i], reterr))
			return false;
	for (size_t i = 0; i < changes->wake_count; i++) {
		const struct shd_wake_row *row = &changes->wakes[i];

		if (!shd_state_wake_put(state, row->store, row->kind, row->id, row->at, reterr))
			return false;
	}
	return true;
}

static bool apply_notified(struct shd_state *state, const struct shd_notified_change *change,
			   struct shd_error *reterr)
{
	return change->channel
		       ? shd_state_notified_add(state, change->alert, change->channel, reterr)
		       : shd_state_notified_clear(state, change->alert, reterr);
}

static bool apply_alerts(struct shd_state *state, const struct shd_change_set *changes,
			 struct shd_error *reterr)
{
	for (size_t i = 0; i < changes->alert_count; i++)
		if (!shd_state_alert_apply(state, &changes->alerts[i].alert,
					   changes->alerts[i].is_new, reterr))
			return false;
	for (size_t i = 0; i < changes->event_count; i++)
		if (!shd_state_event_add(state, &changes->events[i], reterr))
			return false;
	for (size_t i = 0; i < changes->notified_count; i++)
		if (!apply_notified(state, &changes->notified[i], reterr))
			return false;
	for (size_t i = 0; i < changes->outbox_count; i++) {
		struct shd_outbox_row row = changes->outbox[i];

		if (!shd_state_outbox_add(state, &row, reterr))
			return false;
	}
	return true;
}

bool shd_state_apply(struct shd_state *state, const struct shd_change_set *changes,
		     struct shd_error *reterr)
{
	return apply_entities(state, changes, reterr) && apply_rows(state, changes, reterr) &&
	       apply_alerts(state, changes, reterr);
}

uint64_t shd_state_executed(const struct shd_state *state)
{
	return state->executed;
}

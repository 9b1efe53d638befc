#include "overlay_own.h"

#include <stdlib.h>
#include <string.h>

/* --- metrics and their samples ------------------------------------------------------- */

static struct kept_metric *metric_of(const struct kept_store *store, enum shd_metric metric,
				     bool target)
{
	return store && store->metrics ? store->metrics[2 * (int)metric + target] : NULL;
}

static bool metric(void *ctx, const char *store, enum shd_metric metric, bool target,
		   struct shd_value *ret_value, struct shd_wall *ret_at, struct shd_error *reterr)
{
	struct shd_overlay *overlay = ctx;
	const struct kept_metric *kept =
		metric_of(shd_overlay_find(overlay, store), metric, target);

	if (!kept)
		return overlay->stored->metric(overlay->stored->ctx, store, metric, target,
					       ret_value, ret_at, reterr);
	*ret_value = kept->value;
	*ret_at = kept->at;
	return true;
}

bool shd_overlay_metric_put(struct shd_overlay *overlay, const char *store,
			    enum shd_metric which, bool target, const struct shd_value *value,
			    struct shd_wall at, struct shd_error *reterr)
{
	struct kept_store *own = shd_overlay_store(overlay, store, reterr);
	struct shd_value newest;
	struct shd_wall newest_at;

	if (!own || !metric(overlay, store, which, target, &newest, &newest_at, reterr))
		return false;
	if (newest_at.ms > at.ms) /* the clock went back, and a later value is known */
		return true;
	if (!own->metrics)
		own->metrics = shd_overlay_room(overlay, 2 * SHD_METRIC_COUNT,
						sizeof(struct kept_metric *), reterr);
	struct kept_metric *kept = metric_of(own, which, target);
	if (!kept && own->metrics) {
		kept = shd_overlay_room(overlay, 1, sizeof(*kept), reterr);
		own->metrics[2 * (int)which + target] = kept;
	}
	if (!kept)
		return false;
	*kept = (struct kept_metric){*value, at};
	return shd_overlay_value(overlay, &kept->value, reterr);
}

/* A series with one sample more. */
struct joined {
	const struct kept_metric *own;
	struct shd_wall from;
	shd_samples_fn *visit;
	void *ctx;
	bool shown, over;
};

static bool show_own(struct joined *joined)
{
	joined->shown = true;
	joined->over = !joined->visit(joined->ctx, joined->own->at, &joined->own->value);
	return !joined->over;
}

static bool show_sample(void *ctx, struct shd_wall at, const struct shd_value *value)
{
	struct joined *joined = ctx;
	int64_t own_ms = joined->own->at.ms;
	bool before = own_ms <= joined->from.ms && at.ms <= joined->from.ms;

	if (!joined->shown && before) { /* the newer of two until `from` is the one to show */
		joined->shown = true;
		if (own_ms >= at.ms)
			return show_own(joined);
	} else if (!joined->shown && own_ms <= at.ms) {
		if (!show_own(joined))
			return false;
	}
	if (at.ms == own_ms)
		return true;
	joined->over = !joined->visit(joined->ctx, at, value);
	return !joined->over;
}

static bool samples(void *ctx, const char *store, enum shd_metric which, struct shd_wall from,
		    struct shd_wall to, shd_samples_fn *visit, void *visit_ctx,
		    struct shd_error *reterr)
{
	struct shd_overlay *overlay = ctx;
	const struct shd_stored *stored = overlay->stored;
	const struct kept_metric *own =
		metric_of(shd_overlay_find(overlay, store), which, false);
	struct joined joined = {own, from, visit, visit_ctx, false, false};

	if (!own || own->value.none || own->at.ms > to.ms)
		return stored->samples(stored->ctx, store, which, from, to, visit, visit_ctx,
				       reterr);
	if (!stored->samples(stored->ctx, store, which, from, to, show_sample, &joined, reterr))
		return false;
	if (!joined.shown && !joined.over)
		(void)show_own(&joined);
	return true;
}

/* --- feeds ----------------------------------------------------------------------------- */

static struct kept_feed *feed_of(const struct kept_store *store, const char *endpoint)
{
	struct kept_feed *kept = store ? store->feeds : NULL;

	while (kept && strcmp(kept->row.endpoint, endpoint) != 0)
		kept = kept->next;
	return kept;
}

static bool feed(void *ctx, const char *store, const char *endpoint, struct shd_arena *arena,
		 struct shd_feed_row **ret_row, struct shd_error *reterr)
{
	struct shd_overlay *overlay = ctx;
	struct kept_feed *kept = feed_of(shd_overlay_find(overlay, store), endpoint);

	if (!kept)
		return overlay->stored->feed(overlay->stored->ctx, store, endpoint, arena, ret_row,
					     reterr);
	*ret_row = &kept->row;
	return true;
}

static int by_endpoint(const void *a, const void *b)
{
	return strcmp(((const struct shd_feed_row *)a)->endpoint,
		      ((const struct shd_feed_row *)b)->endpoint);
}

static bool feeds(void *ctx, const char *store, struct shd_arena *arena,
		  struct shd_feed_row **ret_rows, size_t *ret_count, struct shd_error *reterr)
{
	struct shd_overlay *overlay = ctx;
	const struct kept_store *own = shd_overlay_find(overlay, store);
	size_t changed = 0, n = 0;

	if (!overlay->stored->feeds(
		    overlay->stored->ctx, store, arena, ret_rows, ret_count, reterr))
		return false;
	for (const struct kept_feed *kept = own ? own->feeds : NULL; kept; kept = kept->next)
		changed++;
	if (!changed)
		return true;
	struct shd_feed_row *all = shd_arena_alloc(arena, *ret_count + changed, sizeof(*all));
	if (!all)
		return shd_fail(reterr, SHD_ERR_LIMIT, "no room for a list of feeds");
	for (size_t i = 0; i < *ret_count; i++)
		if (!feed_of(own, (*ret_rows)[i].endpoint))
			all[n++] = (*ret_rows)[i];
	for (const struct kept_feed *kept = own->feeds; kept; kept = kept->next)
		all[n++] = kept->row;
	qsort(all, n, sizeof(*all), by_endpoint);
	*ret_rows = all;
	*ret_count = n;
	return true;
}

bool shd_overlay_feed_put(struct shd_overlay *overlay, const struct shd_feed_row *row,
			  bool write, struct shd_error *reterr)
{
	struct kept_store *own = shd_overlay_store(overlay, row->store, reterr);
	struct kept_feed *kept = own ? feed_of(own, row->endpoint) : NULL;

	if (own && !kept) {
		kept = shd_overlay_room(overlay, 1, sizeof(*kept), reterr);
		if (kept) {
			*own->feeds_end = kept;
			own->feeds_end = &kept->next;
		}
	}
	if (!kept)
		return false;
	kept->row = *row;
	kept->write |= write;
	kept->row.store = own->id;
	return shd_overlay_text(overlay, &kept->row.endpoint, reterr) &&
	       shd_overlay_text(overlay, &kept->row.error_text, reterr) &&
	       shd_overlay_text(overlay, &kept->row.incomplete, reterr) &&
	       shd_overlay_text(overlay, &kept->row.cursor.text, reterr);
}

/* --- wake-ups --------------------------------------------------------------------------- */

struct kept_wake *shd_overlay_kept_wake(
	const struct kept_store *store, enum shd_kind kind, const char *id)
{
	struct kept_wake *kept = NULL;

	if (store && store->kinds[kind].wakes)
		HASH_FIND_STR(store->kinds[kind].wakes, id, kept);
	return kept;
}

static struct kept_wake *add_wake(struct shd_overlay *overlay, struct kept_store *store,
				  enum shd_kind kind, const char *id, struct shd_error *reterr)
{
	struct kept_wake *kept = shd_overlay_room(overlay, 1, sizeof(*kept), reterr);

	if (!kept || !shd_overlay_text(overlay, &id, reterr))
		return NULL;
	kept->row = (struct shd_wake_row){
		.store = store->id, .id = id, .kind = kind, .at = {SHD_NEVER_MS}};
	kept->stored.ms = SHD_NEVER_MS;
	HASH_ADD_KEYPTR(hh, store->kinds[kind].wakes, id, strlen(id), kept);
	return kept;
}

bool shd_overlay_wake_known(struct shd_overlay *overlay, struct kept_store *store,
			    enum shd_kind kind, const char *id, struct shd_wall at,
			    struct shd_error *reterr)
{
	struct kept_wake *kept = shd_overlay_kept_wake(store, kind, id);

	if (kept)
		return true;
	kept = add_wake(overlay, store, kind, id, reterr);
	if (!kept)
		return false;
	kept->known = true;
	kept->row.at = kept->stored = at;
	return true;
}

static bool wake(void *ctx, const char *store, enum shd_kind kind, const char *id,
		 struct shd_wall *ret_at, struct shd_error *reterr)
{
	struct shd_overlay *overlay = ctx;
	const struct kept_wake *kept =
		shd_overlay_kept_wake(shd_overlay_find(overlay, store), kind, id);

	if (!kept)
		return overlay->stored->wake(overlay->stored->ctx, store, kind, id, ret_at, reterr);
	*ret_at = kept->row.at;
	return true;
}

bool shd_overlay_wake_put(struct shd_overlay *overlay, const char *store, enum shd_kind kind,
			  const char *id, struct shd_wall at, struct shd_error *reterr)
{
	struct kept_store *own = shd_overlay_store(overlay, store, reterr);
	struct kept_wake *kept = own ? shd_overlay_kept_wake(own, kind, id) : NULL;

	if (own && !kept)
		kept = add_wake(overlay, own, kind, id, reterr);
	if (!kept)
		return false;
	kept->row.at = at;
	kept->changed = !kept->known || at.ms != kept->stored.ms;
	return true;
}

bool shd_overlay_wake_sooner(struct shd_overlay *overlay, const char *store, enum shd_kind kind,
			     const char *id, struct shd_wall at, struct shd_error *reterr)
{
	struct shd_wall there;

	return wake(overlay, store, kind, id, &there, reterr) &&
	       (there.ms <= at.ms ||
		shd_overlay_wake_put(overlay, store, kind, id, at, reterr));
}

/* Wake-ups as they are stored, but for those that this transaction put elsewhere. */
struct due {
	const struct shd_overlay *overlay;
	struct shd_wall now;
	size_t max, count, room;
	struct shd_arena *arena;
	struct shd_wake_row *rows;
	struct shd_wall next;
	bool full;
};

static bool take_due(void *ctx, const struct shd_wake_row *row)
{
	struct due *due = ctx;
	const struct kept_wake *kept = shd_overlay_kept_wake(
		shd_overlay_find(due->overlay, row->store), row->kind, row->id);

	if (kept && kept->changed)
		return true;
	if (row->at.ms > due->now.ms || due->count == due->max) {
		due->next = row->at;
		return false;
	}
	if (due->count == due->room) {
		size_t room = due->room ? 2 * due->room : 16;
		struct shd_wake_row *rows = shd_arena_alloc(due->arena, room, sizeof(*rows));

		due->full = !rows;
		if (!rows)
			return false;
		if (due->count)
			memcpy(rows, due->rows, due->count * sizeof(*rows));
		due->rows = rows;
		due->room = room;
	}
	struct shd_wake_row *taken = &due->rows[due->count++];
	*taken = *row;
	taken->store = shd_arena_text(due->arena, row->store, strlen(row->store));
	taken->id = shd_arena_text(due->arena, row->id, strlen(row->id));
	due->full = !taken->store || !taken->id;
	return !due->full;
}

/* What the transaction put lies in its future: none of it is due (verdict.c). */
static void look_at_own(const struct shd_overlay *overlay, struct due *due)
{
	for (const struct kept_store *store = overlay->stores; store; store = store->hh.next)
		for (int k = 0; k < SHD_KIND_COUNT; k++)
			for (const struct kept_wake *kept = store->kinds[k].wakes; kept;
			     kept = kept->hh.next)
				if (kept->changed && kept->row.at.ms < due->next.ms)
					due->next = kept->row.at;
}

bool shd_overlay_wakes(struct shd_overlay *overlay, struct shd_wall now, size_t max,
		       struct shd_arena *arena, struct shd_wake_row **ret_rows, size_t *ret_count,
		       struct shd_wall *ret_next, struct shd_error *reterr)
{
	struct due due = {.overlay = overlay, .now = now, .max = max, .arena = arena,
		.next = {SHD_NEVER_MS}};

	if (!overlay->stored->wakes(overlay->stored->ctx, take_due, &due, reterr))
		return false;
	if (due.full)
		return shd_fail(reterr, SHD_ERR_LIMIT, "no room for %zu wake-ups", due.count);
	look_at_own(overlay, &due);
	*ret_rows = due.rows;
	*ret_count = due.count;
	*ret_next = due.next;
	return true;
}

/* --- the change set ---------------------------------------------------------------------- */

void shd_overlay_rows_list(struct shd_overlay *overlay, const struct kept_store *store)
{
	struct shd_change_set *changes = &overlay->changes;

	for (int i = 0; store->metrics && i < 2 * SHD_METRIC_COUNT; i++) {
		const struct kept_metric *kept = store->metrics[i];

		if (!kept)
			continue;
		shd_grow(changes->metrics, changes->metric_count, changes->metric_room);
		changes->metrics[changes->metric_count++] = (struct shd_metric_change){
			store->id, (enum shd_metric)(i / 2), i % 2 != 0, kept->value, kept->at};
	}
	for (const struct kept_feed *kept = store->feeds; kept; kept = kept->next) {
		if (!kept->write)
			continue;
		shd_grow(changes->feeds, changes->feed_count, changes->feed_room);
		changes->feeds[changes->feed_count++] = kept->row;
	}
	for (int k = 0; k < SHD_KIND_COUNT; k++) {
		for (const struct kept_wake *kept = store->kinds[k].wakes; kept;
		     kept = kept->hh.next) {
			if (!kept->changed)
				continue;
			shd_grow(changes->wakes, changes->wake_count, changes->wake_room);
			changes->wakes[changes->wake_count++] = kept->row;
		}
	}
}

void shd_overlay_rows_open(struct shd_overlay *overlay)
{
	struct shd_stored *own = &overlay->own;

	own->metric = metric;
	own->samples = samples;
	own->feed = feed;
	own->feeds = feeds;
	own->wake = wake;
}

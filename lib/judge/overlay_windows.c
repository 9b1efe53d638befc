#include "overlay_own.h"

#include <stdlib.h>

static int earlier(const void *a, const void *b)
{
	int64_t x = ((const struct kept_dated *)a)->ms, y = ((const struct kept_dated *)b)->ms;

	return (x > y) - (x < y);
}

static void sort(struct kept_kind *kind, int time)
{
	if (kind->sorted && kind->time == time)
		return;
	kind->by_time_count = 0;
	for (struct kept_entity *kept = kind->changed; kept; kept = kept->next_changed) {
		const struct shd_value *at = &kept->entity->fields[time];

		if (at->none)
			continue;
		shd_grow(kind->by_time, kind->by_time_count, kind->by_time_room);
		kind->by_time[kind->by_time_count++] = (struct kept_dated){at->n, kept};
	}
	if (kind->by_time_count)
		qsort(kind->by_time, kind->by_time_count, sizeof(kind->by_time[0]), earlier);
	kind->time = time;
	kind->sorted = true;
}

struct merge {
	const struct kept_kind *kind;
	size_t next, end;              /* of by_time, within the window */
	shd_window_fn *visit;
	void *ctx;
	bool over;
};

/* Shows what changed and has a time before `ms`. */
static bool show_changed(struct merge *merge, int64_t ms)
{
	while (!merge->over && merge->next < merge->end &&
	       merge->kind->by_time[merge->next].ms < ms)
		merge->over = !merge->visit(merge->ctx,
					    merge->kind->by_time[merge->next++].kept->entity);
	return !merge->over;
}

static bool show_stored(void *ctx, const struct shd_entity *entity)
{
	struct merge *merge = ctx;
	const struct kept_entity *kept = shd_overlay_kept(merge->kind, entity->id);

	if (kept && kept->changed)
		return true;
	if (!show_changed(merge, entity->fields[merge->kind->time].n))
		return false;
	merge->over = !merge->visit(merge->ctx, entity);
	return !merge->over;
}

/* The first of by_time whose time is after `ms`. */
static size_t place_after(const struct kept_kind *kind, int64_t ms)
{
	size_t low = 0, high = kind->by_time_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kind->by_time[middle].ms > ms)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool window(void *ctx, const char *store, enum shd_kind kind, int time,
		   uint64_t fields, struct shd_wall from, struct shd_wall to, shd_window_fn *visit,
		   void *visit_ctx, struct shd_error *reterr)
{
	struct shd_overlay *overlay = ctx;
	const struct shd_stored *stored = overlay->stored;
	struct kept_kind *own = shd_overlay_kind(overlay, store, kind);

	if (!own || !own->changed_count)
		return stored->window(stored->ctx, store, kind, time, fields, from, to, visit,
				      visit_ctx, reterr);
	sort(own, time);
	struct merge merge = {own, place_after(own, from.ms), place_after(own, to.ms), visit,
			      visit_ctx, false};
	if (merge.next > merge.end)
		merge.end = merge.next;
	uint64_t wanted = fields | SHD_FIELDS_ID;
	if (!stored->window(stored->ctx, store, kind, time, wanted, from, to, show_stored,
			    &merge, reterr))
		return false;
	(void)show_changed(&merge, INT64_MAX);
	return true;
}

void shd_overlay_windows_open(struct shd_overlay *overlay)
{
	overlay->own.window = window;
}

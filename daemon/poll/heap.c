#include "heap.h"

#include "base/mem.h"

#include <stdlib.h>

enum { SPREAD_PER_FEED_MS = 5 };

void shd_heap_finish(struct shd_heap *sched)
{
	free(sched->items);
	*sched = (struct shd_heap){0};
}

static void place(struct shd_heap *sched, struct shd_heap_item *item, size_t at)
{
	sched->items[at] = item;
	item->place = (uint32_t)at;
}

static void sift_up(struct shd_heap *sched, size_t at)
{
	struct shd_heap_item *item = sched->items[at];

	for (; at > 1 && sched->items[at / 2]->due.ms > item->due.ms; at /= 2)
		place(sched, sched->items[at / 2], at);
	place(sched, item, at);
}

static void sift_down(struct shd_heap *sched, size_t at)
{
	struct shd_heap_item *item = sched->items[at];

	for (;;) {
		size_t child = 2 * at;

		if (child < sched->count &&
		    sched->items[child + 1]->due.ms < sched->items[child]->due.ms)
			child++;
		if (child > sched->count || sched->items[child]->due.ms >= item->due.ms)
			break;
		place(sched, sched->items[child], at);
		at = child;
	}
	place(sched, item, at);
}

void shd_heap_put(struct shd_heap *sched, struct shd_heap_item *item, struct shd_mono due)
{
	shd_heap_remove(sched, item);
	if (sched->count + 1 >= sched->room) {
		sched->room = sched->room ? sched->room * 2 : 64;
		sched->items = shd_xrealloc(sched->items, sched->room, sizeof(*sched->items));
	}
	item->due = due;
	place(sched, item, ++sched->count);
	sift_up(sched, sched->count);
}

void shd_heap_remove(struct shd_heap *sched, struct shd_heap_item *item)
{
	size_t at = item->place;

	if (!at)
		return;
	struct shd_heap_item *last = sched->items[sched->count--];
	item->place = 0;
	if (last == item)
		return;
	place(sched, last, at);
	sift_up(sched, at);
	sift_down(sched, last->place);
}

struct shd_heap_item *shd_heap_take(struct shd_heap *sched, struct shd_mono now)
{
	if (!sched->count || sched->items[1]->due.ms > now.ms)
		return NULL;
	struct shd_heap_item *item = sched->items[1];
	shd_heap_remove(sched, item);
	return item;
}

struct shd_mono shd_heap_next(const struct shd_heap *sched)
{
	return sched->count ? sched->items[1]->due : (struct shd_mono){SHD_NEVER_MS};
}

int64_t shd_heap_spread_ms(size_t count, int64_t every_ms, uint32_t random)
{
	int64_t window = (int64_t)count * SPREAD_PER_FEED_MS;

	if (window > every_ms)
		window = every_ms;
	return window > 0 ? (int64_t)(random % (uint64_t)window) : 0;
}

static int64_t doubled(int64_t ms, int times, int64_t max)
{
	for (int i = 0; i < times && ms < max; i++)
		ms *= 2;
	return ms < max ? ms : max;
}

int64_t shd_retry_ms(enum shd_err kind, int failures, int64_t every_ms,
			   int64_t retry_after_ms, uint32_t random)
{
	int64_t cap = 3 * every_ms, wait = 0;

	switch (shd_err_retry(kind)) {
	case SHD_RETRY_LATER:
		cap = cap < SHD_SECOND_MS ? SHD_SECOND_MS : cap;
		cap = cap > 10 * SHD_MINUTE_MS ? 10 * SHD_MINUTE_MS : cap;
		wait = doubled(SHD_SECOND_MS, failures - 1, cap);
		break;
	case SHD_RETRY_OPERATOR:
		wait = doubled(5 * SHD_MINUTE_MS, failures - 1, 15 * SHD_MINUTE_MS);
		break;
	case SHD_RETRY_DAILY:
	case SHD_RETRY_NEVER:
		wait = SHD_DAY_MS;
		break;
	}
	wait += (int64_t)(random % (uint64_t)(wait / 4 + 1));
	return wait > retry_after_ms ? wait : retry_after_ms;
}

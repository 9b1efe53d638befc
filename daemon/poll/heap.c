#include "heap.h"

#include "base/mem.h"

#include <stdlib.h>

void shd_heap_finish(struct shd_heap *heap)
{
	free(heap->items);
	*heap = (struct shd_heap){0};
}

static void place(struct shd_heap *heap, struct shd_heap_item *item, size_t at)
{
	heap->items[at] = item;
	item->place = (uint32_t)at;
}

static void sift_up(struct shd_heap *heap, size_t at)
{
	struct shd_heap_item *item = heap->items[at];

	for (; at > 1 && heap->items[at / 2]->due.ms > item->due.ms; at /= 2)
		place(heap, heap->items[at / 2], at);
	place(heap, item, at);
}

static void sift_down(struct shd_heap *heap, size_t at)
{
	struct shd_heap_item *item = heap->items[at];

	for (;;) {
		size_t child = 2 * at;

		if (child < heap->count &&
		    heap->items[child + 1]->due.ms < heap->items[child]->due.ms)
			child++;
		if (child > heap->count || heap->items[child]->due.ms >= item->due.ms)
			break;
		place(heap, heap->items[child], at);
		at = child;
	}
	place(heap, item, at);
}

void shd_heap_put(struct shd_heap *heap, struct shd_heap_item *item, struct shd_mono due)
{
	shd_heap_remove(heap, item);
	if (heap->count + 1 >= heap->room) {
		heap->room = heap->room ? heap->room * 2 : 64;
		heap->items = shd_xrealloc(heap->items, heap->room, sizeof(*heap->items));
	}
	item->due = due;
	place(heap, item, ++heap->count);
	sift_up(heap, heap->count);
}

void shd_heap_remove(struct shd_heap *heap, struct shd_heap_item *item)
{
	size_t at = item->place;

	if (!at)
		return;
	struct shd_heap_item *last = heap->items[heap->count--];
	item->place = 0;
	if (last == item)
		return;
	place(heap, last, at);
	sift_up(heap, at);
	sift_down(heap, last->place);
}

struct shd_heap_item *shd_heap_take(struct shd_heap *heap, struct shd_mono now)
{
	if (!heap->count || heap->items[1]->due.ms > now.ms)
		return NULL;
	struct shd_heap_item *item = heap->items[1];
	shd_heap_remove(heap, item);
	return item;
}

struct shd_mono shd_heap_next(const struct shd_heap *heap)
{
	return heap->count ? heap->items[1]->due : (struct shd_mono){SHD_NEVER_MS};
}

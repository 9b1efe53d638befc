/* poll/heap.h - what is due next: a priority queue.
 *
 * A heap of items, each in its owner's struct; the owner keeps one timer for the
 * nearest. Knows no clock: `now` comes with each call. One thread. */
#pragma once
#include "base/time.h"

#include <stddef.h>

/* Packed, as there are many: its owner has something of 4 bytes behind it. */
struct shd_heap_item {
	union {
		struct shd_mono due;        /* in the heap */
		struct shd_heap_item *next; /* out of it: the owner's, for a list */
	};
	uint32_t place; /* private; 0: not in the heap */
} __attribute__((packed, aligned(4)));

struct shd_heap {
	struct shd_heap_item **items; /* private: items[1..count] */
	size_t count, room;
};

void shd_heap_finish(struct shd_heap *heap); /* a zeroed struct is an empty heap */

/* Adds the item, or moves it. It stays where it is in memory until it is out. */
void shd_heap_put(struct shd_heap *heap, struct shd_heap_item *item, struct shd_mono due);
void shd_heap_remove(struct shd_heap *heap, struct shd_heap_item *item); /* also when not in */

/* Takes out the earliest item that is due at `now`; NULL: none. */
struct shd_heap_item *shd_heap_take(struct shd_heap *heap, struct shd_mono now);

/* When the earliest is due; SHD_NEVER_MS: nothing is. */
struct shd_mono shd_heap_next(const struct shd_heap *heap);

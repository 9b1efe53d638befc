/* poll/heap.h - what is due next, and when to try again.
 *
 * A heap of items, each in its owner's struct; the owner keeps one timer for the
 * nearest. Knows no clock: `now` comes with each call. One thread. */
#pragma once
#include "base/time.h"

#include <stddef.h>

struct shd_heap_item {
	struct shd_mono due;
	uint32_t place; /* private; 0: not in the heap */
};

struct shd_heap {
	struct shd_heap_item **items; /* private: items[1..count] */
	size_t count, room;
};

void shd_heap_finish(struct shd_heap *sched); /* a zeroed struct is an empty heap */

/* Adds the item, or moves it. It stays where it is in memory until it is out. */
void shd_heap_put(struct shd_heap *sched, struct shd_heap_item *item, struct shd_mono due);
void shd_heap_remove(struct shd_heap *sched, struct shd_heap_item *item); /* also when not in */

/* Takes out the earliest item that is due at `now`; NULL: none. */
struct shd_heap_item *shd_heap_take(struct shd_heap *sched, struct shd_mono now);

/* When the earliest is due; SHD_NEVER_MS: nothing is. */
struct shd_mono shd_heap_next(const struct shd_heap *sched);

/* Where in time, from now, feed number i of `count` makes its first poll: spread so
 * that a start is no burst, but within every_ms. `random` is any number. */
int64_t shd_heap_spread_ms(size_t count, int64_t every_ms, uint32_t random);

/* How long to wait after the failures-th failure in a row (from 1), by the policy of
 * the kind of error: LATER doubles from 1 s to 10 min, but not beyond three
 * intervals; OPERATOR probes every 5 to 15 min; DAILY and NEVER once a day. A time
 * that the marketplace gave is obeyed. `random` spreads by a quarter. */
int64_t shd_retry_ms(enum shd_err kind, int failures, int64_t every_ms,
			   int64_t retry_after_ms, uint32_t random);

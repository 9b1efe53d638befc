/* poll/lanes.h - whom requests go to, and how many at once, so that nobody who hangs is in the
 * way of others.
 *
 * A lane is a host, asked with one credential by one egress. Of its requests a share of all
 * slots may be under way. When none of them was answered for a second, two, which tells a host
 * that hangs from a request that does; once one timed out, one at a time probes (net/breaker.h).
 * What has to wait for the end of another request waits
 * here. Loop thread only. */
#pragma once
#include "heap.h"
#include "net/breaker.h"
#include "settings/settings.h"

/* A lane of which no request is answered by then is late. */
#define SHD_LATE_MS 1000

struct shd_lane {
	struct shd_breaker breaker;
	size_t under_way;
	struct shd_mono heard;              /* the last answer, or when the first one left */
	struct shd_heap_item *first, *last; /* what waits, linked by next */
};

/* The lanes of all sources, and the feeds that wait in them. */
struct shd_lanes {
	struct shd_lane_entry *all; /* private */
	size_t share;               /* of the slots, for one lane */
	size_t waiting;
	bool crowded; /* the scheduler's: so many are late that a lane of them has one request */
};

/* For so many slots. */
void shd_lanes_init(struct shd_lanes *lanes, size_t in_flight_max);
void shd_lanes_finish(struct shd_lanes *lanes);

/* The lane of a source. It stays until shd_lanes_finish, and goes on with what `old` (or NULL)
 * knew of it. */
struct shd_lane *shd_lanes_find(struct shd_lanes *lanes, const struct shd_source *source,
				const struct shd_lanes *old);

/* How long one more request is to wait; 0: it may leave. SHD_LANE_BUSY: until another one of the
 * lane ends; shd_lane_wait then keeps the item. */
#define SHD_LANE_BUSY (-1)
int64_t shd_lane_wait_ms(const struct shd_lanes *lanes, const struct shd_lane *lane,
			 struct shd_mono now);
void shd_lane_wait(struct shd_lanes *lanes, struct shd_lane *lane, struct shd_heap_item *item);

/* One of those that wait; NULL: none does. */
struct shd_heap_item *shd_lane_next(struct shd_lanes *lanes, struct shd_lane *lane);

/* One that waits in any lane; NULL: none does. */
struct shd_heap_item *shd_lanes_take(struct shd_lanes *lanes);

void shd_lane_asked(struct shd_lane *lane, struct shd_mono now);
/* A request has ended. Returns how many of those that wait may be looked at again. */
enum shd_heard { SHD_HEARD_ANSWER, SHD_HEARD_NOTHING, SHD_HEARD_GIVEN_UP };
size_t shd_lane_ended(const struct shd_lanes *lanes, struct shd_lane *lane, enum shd_heard heard,
		      struct shd_mono asked, struct shd_mono now, uint32_t luck);

/* Something is under way, and nobody answered for a second. */
bool shd_lane_is_late(const struct shd_lane *lane, struct shd_mono now);

/* Whoever it is did not answer, and is probed by one request at a time. NULL: nobody. */
static inline bool shd_lane_is_silent(const struct shd_lane *lane)
{
	return lane && lane->breaker.silent;
}

/* poll/scheduler_own.h - what scheduler.c (when), in_flight.c (the requests of a poll) and
 * ended.c (what came of it) share. Nobody else includes this. */
#pragma once
#include "lanes.h"
#include "retry.h"
#include "scheduler.h"

struct shd_scheduler {
	struct shd_scheduler_in in;
	struct shd_config *config;
	struct shd_feeds feeds;
	struct shd_epoch epoch;         /* the last one that was met */
	size_t catching_up;             /* feeds with that flag */
	struct shd_heap heap;
	uv_timer_t timer;
	struct shd_mono timer_at;
	struct shd_heap_item *first, *last; /* of feeds: released, waiting for a slot */
	size_t queued;                  /* of those */
	size_t active, in_flight_max;   /* polls with a slot */
	struct shd_lanes lanes;
	struct shd_poll *oldest, *newest; /* whose request is under way, by its time */
	struct shd_poll *in_time;       /* the oldest of them that has a slot */
	size_t late;                    /* polls that gave theirs away */
	size_t committing, notes; /* news, and facts without news, on their way to the state */
	struct shd_poll *idle_polls;    /* to be used again */
	size_t idle_count;
	bool paused;
	void (*idle)(void *ctx);
	void *idle_ctx;
	void (*closed)(void *ctx);
	void *closed_ctx;
	struct shd_figures figures; /* the counting members */
};

static inline struct shd_wall wall_now(const struct shd_scheduler *scheduler)
{
	return shd_clock_now(scheduler->in.clock);
}

static inline struct shd_mono mono_now(const struct shd_scheduler *scheduler)
{
	return (struct shd_mono){(int64_t)uv_now(scheduler->in.loop)};
}

static inline uint32_t draw(const struct shd_scheduler *scheduler)
{
	return scheduler->in.random(scheduler->in.ctx);
}

static inline int64_t every_ms(const struct shd_feed *feed)
{
	return shd_feed_every_ms(shd_feed_row(feed), shd_feed_of(feed)->source);
}

/* The feed's next poll is so far away. Nothing for a feed that is never polled by itself. */
void shd_scheduler_set_due(struct shd_scheduler *scheduler, struct shd_feed *feed, int64_t wait_ms);
/* Wakes the feed, or its poll, then. */
void shd_scheduler_put_in(struct shd_scheduler *scheduler, struct shd_feed *feed, int64_t wait_ms);

/* The feed, or its poll, may ask nothing for so long. It counts as tried, with those that wait
 * for its ids: a pause is no reason to be blind. */
void shd_scheduler_put_off(struct shd_scheduler *scheduler, struct shd_feed *feed, int64_t wait_ms);

/* Before a poll begins and before an answer counts: in a new epoch, feeds catch up. */
void shd_scheduler_meet_epoch(struct shd_scheduler *scheduler);

/* What waits for a slot, or in its lane. */
void shd_scheduler_enqueue(struct shd_scheduler *scheduler, struct shd_heap_item *item);

/* in_flight.c: the oldest request that is late gives its slot away; false: none is, or too many
 * did. */
bool shd_scheduler_set_late(struct shd_scheduler *scheduler);
/* When the next request will be late; SHD_NEVER_MS: none. */
struct shd_mono shd_scheduler_late_at(const struct shd_scheduler *scheduler);
/* Nobody waits for the answers that are under way, nor for those that are being read. */
void shd_scheduler_cancel(struct shd_scheduler *scheduler);

/* in_flight.c: the queued feed, or its parked poll, has a slot. */
void shd_scheduler_begin_poll(struct shd_scheduler *scheduler, struct shd_feed *feed);
void shd_scheduler_resume_poll(struct shd_poll *poll);

/* ended.c: a poll that had a slot is over. */
void shd_scheduler_poll_ended(struct shd_scheduler *scheduler, struct shd_poll *poll);
/* Feeds of sources that are late do not hold up the others' catching up. */
void shd_scheduler_try_late(struct shd_scheduler *scheduler);
/* The poll lets go of its feed. */
void shd_scheduler_release(struct shd_scheduler *scheduler, struct shd_poll *poll);
void shd_scheduler_idle_if_done(struct shd_scheduler *scheduler);

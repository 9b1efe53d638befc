/* poll/scheduler_own.h - what scheduler.c (when) and outcome.c (what came of it) share.
 * Nobody else includes this. */
#pragma once
#include "scheduler.h"

struct shd_scheduler {
	struct shd_scheduler_in in;
	struct shd_config *config;
	struct shd_feeds feeds;
	size_t behind;
	struct shd_heap sched;
	uv_timer_t timer;
	struct shd_mono timer_at;
	struct shd_feed *first, **last; /* released, waiting for a slot */
	size_t queued, active, in_flight_max, committing, notes;
	struct shd_poll *resting;       /* to be used again */
	size_t resting_count;
	bool paused, closing;
	void (*quiet)(void *ctx);
	void *quiet_ctx;
	void (*closed)(void *ctx);
	void *closed_ctx;
	struct shd_figures figures; /* the counting members */
};

static inline struct shd_wall wall_now(const struct shd_scheduler *polls)
{
	return polls->in.now(polls->in.ctx);
}

static inline struct shd_mono mono_now(const struct shd_scheduler *polls)
{
	return (struct shd_mono){(int64_t)uv_now(polls->in.loop)};
}

static inline uint32_t draw(const struct shd_scheduler *polls)
{
	return polls->in.random(polls->in.ctx);
}

static inline int64_t every_ms(const struct shd_feed *feed)
{
	return shd_feed_every_ms(feed->row, feed->of->source);
}

/* The feed's next poll is so far away. Nothing for a feed that is never polled by itself. */
void shd_scheduler_set_due(struct shd_scheduler *polls, struct shd_feed *feed, int64_t wait_ms);
/* Wakes the feed, or its poll, then. */
void shd_scheduler_put_in(struct shd_scheduler *polls, struct shd_feed *feed, int64_t wait_ms);

/* The feed, or its poll, may ask nothing for so long. It counts as tried, with those that wait
 * for its ids: a pause is no reason to be blind. */
void shd_scheduler_put_off(struct shd_scheduler *polls, struct shd_feed *feed, int64_t wait_ms);

/* A poll that had a slot is over. */
void shd_scheduler_poll_ended(struct shd_scheduler *polls, struct shd_poll *poll, bool good);
/* The poll lets go of its feed. */
void shd_scheduler_release(struct shd_scheduler *polls, struct shd_poll *poll);
void shd_scheduler_idle_if_done(struct shd_scheduler *polls);

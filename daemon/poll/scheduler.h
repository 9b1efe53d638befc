/* poll/scheduler.h - all feeds of all sources, and when each is polled.
 *
 * One timer serves the nearest due feed. What is due is released in batches of
 * 50 ms into a queue and leaves it as slots (in_flight_max), the credentials' rates and
 * the queue of changes (commit/commit.h) allow; each feed is there once, so the queue is
 * bounded. An answer that is the same as the last one moves only the feed's facts. Loop
 * thread. */
#pragma once
#include "feeds.h"
#include "poll.h"

struct shd_scheduler;

/* One poll is over. Texts are borrowed for the call. */
struct shd_polled {
	const struct shd_source *source;
	const struct shd_endpoint *row;
	bool ok;
	const struct shd_error *error; /* unless ok */
	bool turned;       /* it works again, or fails otherwise than before */
	bool news;         /* something new was committed */
	int failures, status, requests;
	size_t parsed_records, bad_records;
	const struct shd_error *bad_record; /* when bad_records */
	int64_t retry_ms;  /* until the next try, unless ok */
};

struct shd_scheduler_in {
	uv_loop_t *loop;
	struct shd_jobs *jobs;
	struct shd_transfers *transfers;
	struct shd_grants *grants; /* access tokens; NULL: no adapter has any */
	struct shd_commit *commit;
	struct shd_job_table *reports;
	struct shd_ledger *ledger; /* of rates and pauses */
	struct shd_wall (*now)(void *ctx);
	uint32_t (*random)(void *ctx);
	/* A look at the clocks, before polls begin and before an answer counts; may call
	 * shd_scheduler_catch_up. */
	void (*look)(void *ctx);
	void (*polled)(void *ctx, const struct shd_polled *what);
	/* Every feed that caught up has been tried: time may judge again. */
	void (*caught_up)(void *ctx);
	void *ctx;
};

/* Begins to poll. `known`: the facts in the state, `old`: an older configuration's feeds
 * (reload), which count where both know one. A feed that was not polled under it catches
 * up when it is overdue, as all do at a start. Borrows config. */
struct shd_scheduler *shd_scheduler_create(const struct shd_scheduler_in *in,
	struct shd_config *config, const struct shd_feed_row *known, size_t known_count,
	const struct shd_scheduler *old);

/* Starts no poll any more; calls idle(ctx), maybe at once, when none is under way. */
void shd_scheduler_pause(struct shd_scheduler *scheduler, void (*idle)(void *ctx), void *ctx);

/* After the daemon was stopped or asleep, or the wall clock was set (by jumped_ms, else 0):
 * what is overdue, or due later than it ever could be, catches up: it is read soon; polls
 * under way are done again. */
void shd_scheduler_catch_up(struct shd_scheduler *scheduler, int64_t jumped_ms);
/* How many feeds catch up and have not been tried yet. */
size_t shd_scheduler_catching_up(const struct shd_scheduler *scheduler);

/* The feeds of a source that are not read yet, for shd_judge_catch_up: of those that catch up
 * the ones that were read before and ought to work. One that failed already makes its poller
 * blind by its age, if at all. */
uint64_t shd_scheduler_unread(
	const struct shd_scheduler *scheduler, const struct shd_source *source);

/* There is room in the queue of changes again. */
void shd_scheduler_pump(struct shd_scheduler *scheduler);

/* Pauses, then frees everything and calls closed(ctx). */
void shd_scheduler_close(struct shd_scheduler *scheduler, void (*closed)(void *ctx), void *ctx);

/* For status.h. */
const struct shd_feeds *shd_scheduler_feeds(const struct shd_scheduler *scheduler);
void shd_scheduler_figures(const struct shd_scheduler *scheduler, struct shd_figures *figures);

/* poll/scheduler.h - all feeds of all sources, and when each is polled.
 *
 * One timer serves the nearest due feed. What is due is released in batches of
 * 10 ms into a queue and leaves it as slots (in_flight_max), the lanes of those who are asked
 * (lanes.h), the credentials' rates and the queue of changes (commit/commit.h) allow; each feed is
 * there once, so the queue is bounded. While others wait, a request that is not answered within
 * 100 ms gives its slot away, up to 16 times in_flight_max of them. An answer that is the same as
 * the last one
 * moves only the feed's facts. Loop thread. */
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
	enum shd_standing standing;
	bool turned;       /* it works again, or fails otherwise than before */
	bool news;         /* something new was committed */
	int failures, status, requests;
	size_t parsed_records;
	/* That were left out: 0 also when as many as at the last one; an example of each sort. */
	size_t bad_records, foreign_records;
	const struct shd_error *bad_record, *foreign_record;
	bool lack_turned;        /* the list became incomplete, otherwise than before, or whole */
	const char *incomplete;  /* why its list is not whole; NULL: it is */
	int64_t retry_ms;  /* until the next try, unless ok */
};

struct shd_scheduler_in {
	uv_loop_t *loop;
	struct shd_jobs *jobs;
	struct shd_transfers *transfers;
	struct shd_grants *grants; /* access tokens; NULL: no adapter has any */
	struct shd_commit *commit;
	struct shd_job_table *reports;
	struct shd_budget *harvests; /* what polls hold until it is committed; NULL: no limit */
	struct shd_ledger *ledger; /* of rates and pauses */
	struct shd_clock *clock;
	uint32_t (*random)(void *ctx);
	void (*polled)(void *ctx, const struct shd_polled *what);
	void *ctx;
};

/* How many requests may be under way with so many slots, with those that are late. */
int64_t shd_scheduler_requests_max(int64_t in_flight_max);

/* Begins to poll. `known`: the facts in the state, `old`: an older configuration's feeds
 * (reload), which count where both know one. A feed that was not polled under it catches
 * up when it is overdue, as all do at a start. Borrows config.
 *
 * In a new epoch of the clock, what is overdue, or due later than it ever could be, catches
 * up: it is read soon, and polls under way are done again. The queue of changes hears which
 * feeds are to be read (shd_commit_catch_up) and when all of them were tried. */
struct shd_scheduler *shd_scheduler_create(const struct shd_scheduler_in *in,
	struct shd_config *config, const struct shd_feed_row *known, size_t known_count,
	const struct shd_scheduler *old);

/* Starts no poll any more; calls idle(ctx), maybe at once, when none is under way. Requests that
 * are not answered within half a second are given up: they leave nothing behind. */
void shd_scheduler_pause(struct shd_scheduler *scheduler, void (*idle)(void *ctx), void *ctx);

/* Once a second: a new epoch is noticed although nothing else happens. */
void shd_scheduler_tick(struct shd_scheduler *scheduler);

/* There is room in the queue of changes again. */
void shd_scheduler_pump(struct shd_scheduler *scheduler);

/* Pauses, then frees everything and calls closed(ctx). */
void shd_scheduler_close(struct shd_scheduler *scheduler, void (*closed)(void *ctx), void *ctx);

/* For status.h. */
const struct shd_feeds *shd_scheduler_feeds(const struct shd_scheduler *scheduler);
void shd_scheduler_figures(const struct shd_scheduler *scheduler, struct shd_figures *figures);

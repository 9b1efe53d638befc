/* deliver/deliver.h - brings the outbox to the people.
 *
 * The outbox row was written by the transaction that decided the message. Here it
 * is rendered at send time, sent, and the result committed. Temporary failures
 * back off with full jitter, 1 s to 10 min, obeying Retry-After, until give_up;
 * then the row is dead-lettered. At most a few sends per channel at once. */
#pragma once
#include "config/config.h"
#include "host/jobs.h"
#include "judge/judge.h"
#include "net/transfer.h"

struct shd_deliver;

/* Called on the loop when an attempt was recorded (for the journal and the demo).
 * Texts are borrowed for the call. */
struct shd_delivered {
	const char *channel, *type, *subject, *target; /* target: host or address, no secret */
	bool ok;
	bool given_up;            /* not ok, and never tried again */
	struct shd_wall next_try; /* not ok and not given up */
	int status, attempt;
	int64_t took_ms;
	const char *error;
};
typedef void shd_delivered_fn(void *ctx, const struct shd_delivered *what);

/* `random` yields 0..UINT32_MAX and is injected for tests. */
struct shd_deliver_in {
	uv_loop_t *loop;
	struct shd_transfers *transfers;
	struct shd_jobs *jobs;
	struct shd_state *state;
	struct shd_wall (*now)(void *ctx);
	uint32_t (*random)(void *ctx);
	shd_delivered_fn *delivered;
	/* A channel failed or recovered: the app lets the judge look at it. Borrowed for
	 * the call. */
	void (*channel_changed)(void *ctx, const struct shd_channel_state *channel);
	void *ctx;
};
struct shd_deliver *shd_deliver_create(const struct shd_deliver_in *in,
				       const struct shd_config *config);

/* After a reload. Loop thread, between jobs. */
void shd_deliver_config(struct shd_deliver *deliver, const struct shd_config *config);

/* The wall clock was set by so much. When it went back, what waits waits no longer for that;
 * when it went ahead, it is due sooner. */
void shd_deliver_clock_changed(struct shd_deliver *deliver, int64_t by_ms);

/* Inside a state job, outside a transaction: takes the rows that are due and renders
 * them. The deliverer posts such jobs by itself too: at start, when a row is due
 * again, and after each result. */
void shd_deliver_collect(struct shd_deliver *deliver, struct shd_wall now);

/* Loop thread, after that job: sends what is ready; sets the timer for the next row. */
void shd_deliver_send(struct shd_deliver *deliver);

/* What is under way stays in the outbox; answers that have arrived are recorded.
 * Close it before the transfers and the jobs: it calls `closed` from a later turn, and
 * what it had under way ends with the transfers. */
void shd_deliver_close(struct shd_deliver *deliver, void (*closed)(void *ctx), void *ctx);

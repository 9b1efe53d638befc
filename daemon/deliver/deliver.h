/* deliver/deliver.h - brings the outbox to the people, and knows how its channels work.
 *
 * The outbox row was written by the transaction that decided the message. Here it
 * is claimed, rendered at send time, sent, and the result handed in to be committed.
 * Temporary failures back off with full jitter, 1 s to 10 min, obeying Retry-After, until
 * give_up; then the row is dead-lettered. Where a provider says how long it wants to be left
 * alone, all of its channel waits, ten minutes at most. At most a few sends per channel at
 * once. A crash
 * anywhere leaves the row WAITING: it is sent again under the same key. Loop thread only. */
#pragma once
#include "config/config.h"
#include "host/clock.h"
#include "host/jobs.h"
#include "net/transfer.h"
#include "state/change.h"

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
	const char *error;        /* unless ok; or ok, but who of the recipients did not get it */
	const char *receipt;      /* ok: the provider's name of the message, or "" */
};
typedef void shd_delivered_fn(void *ctx, const struct shd_delivered *what);

/* How a channel works now. */
struct shd_channel_report {
	const char *channel;          /* its name */
	struct shd_wall oldest_undelivered, last_success; /* ms 0: none */
	size_t waiting;
	int error;                    /* enum shd_err, -1: none */
	const char *error_text;
	bool silent;                  /* its receiver did not answer: asked one at a time */
	struct shd_wall paused_until; /* it asked to be left alone; ms 0: it did not */
};
typedef void shd_channel_report_fn(void *ctx, const struct shd_channel_report *report);

/* `random` yields 0..UINT32_MAX and is injected for tests. */
struct shd_deliver_in {
	uv_loop_t *loop;
	struct shd_transfers *transfers;
	struct shd_jobs *jobs;
	struct shd_state *state;      /* for looks on the pool; whatever is written is a change */
	struct shd_changes changes;
	struct shd_clock *clock;
	uint32_t (*random)(void *ctx);
	shd_delivered_fn *delivered;
	/* A channel failed or recovered. Borrowed for the call. */
	void (*channel_changed)(void *ctx, const struct shd_channel_report *report);
	void *ctx;
};
struct shd_deliver *shd_deliver_create(const struct shd_deliver_in *in,
				       const struct shd_config *config);

/* The change that takes what is due for sending. The queue applies it last in each
 * transaction that wrote messages; the deliverer hands it in by itself at the start, when
 * a row is due again, and when attempts have ended. */
struct shd_change *shd_deliver_take(struct shd_deliver *deliver);

/* Begins to send: call it once the queue knows the change above. */
void shd_deliver_start(struct shd_deliver *deliver);

/* Each channel of the configuration, in its order. Borrowed for the call. */
void shd_deliver_each(struct shd_deliver *deliver, shd_channel_report_fn *visit, void *ctx);

/* After a reload, while the queue is paused. */
void shd_deliver_config(struct shd_deliver *deliver, const struct shd_config *config);

/* Once a second: a wall clock that was set is noticed although nothing else happens. When it
 * went back, what waits waits no longer for that; when it went ahead, it is due sooner. */
void shd_deliver_tick(struct shd_deliver *deliver);

/* Tells every channel, once, that since `since` nothing can be kept, and why; and those who were
 * told, that it is over. Outside the outbox, which cannot be kept either: tried again in memory,
 * as long as other messages, by shd_deliver_tick. The text is copied. */
void shd_deliver_unkept(struct shd_deliver *deliver, struct shd_wall since, const char *why);
void shd_deliver_kept(struct shd_deliver *deliver);

/* True: something of it waits for what can no longer come, so that nothing would be sent any more;
 * only a new start helps. */
bool shd_deliver_is_stuck(struct shd_deliver *deliver);

/* What is in flight stays in the outbox; answers that have arrived are recorded.
 * Close it before the transfers and the queue: it calls `closed` from a later turn, and
 * what it had in flight ends with the transfers. */
void shd_deliver_close(struct shd_deliver *deliver, void (*closed)(void *ctx), void *ctx);

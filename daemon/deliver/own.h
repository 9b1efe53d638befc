/* deliver/own.h - what deliver.c (sending, on the loop), claims.c (the changes that take
 * messages and record what became of them) and direct.c (what is told outside the outbox)
 * share. Nobody else includes this. */
#pragma once
#include "health.h"

/* What an earlier run tried to send on one channel, and could not. */
struct shd_tried {
	struct shd_tried_row rows[SHD_UNDELIVERED];
	size_t count;
};

/* What a change took from the outbox; the pool's until its commit. */
struct shd_claims {
	struct shd_change change;
	struct shd_deliver *deliver;
	struct shd_attempt *first, **last;
	struct shd_wall next_due;       /* of rows that nobody has taken */
	struct shd_wall resumes;        /* the first channel that pauses */
	bool more;                      /* rows are due, or may be, that were not taken */
	bool ok;                        /* the last one was committed */
	bool started;                   /* claims of an earlier run were given up */
	struct shd_tried *tried;        /* by channel, what it left undelivered; else NULL */
	bool recalled;                  /* that is known, and not reported */
	bool unclaimed, looks;          /* the state cannot be written: nothing is claimed */
	struct shd_wall now;            /* of that look */
};

/* The attempts that one change records. */
struct shd_settlement {
	struct shd_change change;
	struct shd_deliver *deliver;
	struct shd_attempt *first;      /* by next_settled */
	int64_t shift_ms;               /* the clock was set back: what waits moves along */
	bool under_way;
};

struct shd_deliver {
	struct shd_deliver_in in;
	const struct shd_config *config;
	struct shd_channel_health *channels; /* in the order of the settings */
	size_t channel_count;
	uv_mutex_t lock;
	struct shd_attempt *attempts;   /* oldest first; the list is guarded by lock, changed by
					 * the loop thread alone */
	struct shd_claims claims;
	struct shd_settlement settlement;
	struct shd_direct *direct;
	uv_timer_t timer;
	struct shd_mono awake;          /* when its timer was last seen to run */
	bool closing, timer_closed;
	struct shd_epoch epoch;
	int64_t shift_ms;               /* not handed in yet */
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* claims.c: prepares both changes. */
void shd_claims_init(struct shd_deliver *deliver);
void shd_claims_finish(struct shd_deliver *deliver);
/* Hands in what was answered, and what the clock did; unless `urgent`, it waits for another
 * change to be committed with. Nothing to record: does nothing. */
void shd_claims_settle(struct shd_deliver *deliver, bool urgent);

/* deliver.c: the channel of this name; NULL: it is no longer configured. On the loop or in a
 * state job, between which configurations do not change. */
struct shd_channel_health *shd_deliver_health(struct shd_deliver *deliver, const char *channel);

/* direct.c: sends what is due; gives everything up. */
void shd_direct_tick(struct shd_deliver *deliver);
void shd_direct_close(struct shd_deliver *deliver);

/* deliver.c: to whoever wants to hear of attempts. */
void shd_deliver_tell_delivered(
	const struct shd_deliver *deliver, const struct shd_attempt *attempt);

/* deliver.c, on the loop: what was taken is in the list now; what was settled has gone. */
void shd_deliver_claimed(struct shd_deliver *deliver);
void shd_deliver_settled(struct shd_deliver *deliver, struct shd_attempt *settled, bool ok);

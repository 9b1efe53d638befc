/* deliver/health.h - how well one channel works, learned from attempts.
 *
 * Private to this room. Loop thread only. */
#pragma once
#include "attempt.h"
#include "net/bucket.h"

enum { SHD_UNDELIVERED = 64 }; /* messages that are remembered */

struct shd_channel_health {
	char *name;                     /* owned */
	size_t in_flight;
	struct shd_bucket bucket;
	struct shd_wall paused_until;   /* its provider wants no message; also read by the pool:
					 * guarded by the deliverer's lock */
	struct shd_wall held_at;        /* when all that is due waited for others about the same
					 * alert, which were tried; ms 0: not since one of them
					 * was. The pool's */
	struct shd_wall last_success;
	int error;                      /* enum shd_err of the last attempt, -1: it worked */
	bool partly;                    /* it worked, but not for all recipients: error_text */
	char error_text[200];
	struct {
		int64_t outbox;
		struct shd_wall made;
		bool dead;              /* given up; forgotten at the next success */
	} undelivered[SHD_UNDELIVERED]; /* tried and failed; the oldest ones are kept */
	size_t undelivered_count;
	/* What was reported last, if anything. */
	bool reported;
	struct shd_wall reported_oldest;
	int reported_error;
};

/* A channel of which nothing is known yet. */
void shd_health_init(struct shd_channel_health *health, const struct shd_channel_settings *channel);
/* Goes on, at its own rate, with what was known of the channel by an earlier configuration;
 * *old stays to be finished. */
void shd_health_inherit(struct shd_channel_health *health, struct shd_channel_health *old);
void shd_health_finish(struct shd_channel_health *health);

/* A provider that dictates more is asked again in between: others may have to hear of
 * something worse. */
#define SHD_PAUSE_MAX_MS (10 * SHD_MINUTE_MS)

/* From now on the provider wants no message of the channel for so long. */
void shd_health_pause(struct shd_channel_health *health, int64_t pause_ms, struct shd_wall now);
/* How long it still does not; 0: it does. A clock that is set back prolongs nothing. */
int64_t shd_health_pause_ms(const struct shd_channel_health *health, struct shd_wall now);

/* At the start: what an earlier run tried in vain and did not give up. */
void shd_health_recall(struct shd_channel_health *health, const struct shd_tried_row *rows,
		       size_t count);

/* Learns from an attempt whose result is kept. */
void shd_health_learn(struct shd_channel_health *health, const struct shd_attempt *attempt);

/* How it works now; borrows. */
struct shd_channel_report shd_health_report(
	const struct shd_channel_health *health, struct shd_wall now);

/* Its receiver did not answer the last time. */
static inline bool shd_health_is_silent(const struct shd_channel_health *health)
{
	return health->error == SHD_ERR_TIMEOUT;
}

/* True when there is something new to report since the last time; *ret_report borrows. */
bool shd_health_changed(struct shd_channel_health *health, struct shd_wall now,
			struct shd_channel_report *ret_report);

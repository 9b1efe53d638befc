/* deliver/attempt.h - one attempt to deliver one row of the outbox, and what a channel's
 * health looks like; parts of deliver.c.
 *
 * An attempt owns all it needs (a reload may replace the configuration under it). It
 * is made on the pool, flown on the loop, recorded on the pool. */
#pragma once
#include "deliver.h"
#include "backoff.h"

enum shd_attempt_state {
	SHD_ATTEMPT_READY,    /* rendered; waits for its channel */
	SHD_ATTEMPT_IN_FLIGHT,   /* the transport has it */
	SHD_ATTEMPT_ANSWERED, /* the result waits to be recorded */
	SHD_ATTEMPT_WRITING,  /* a state job records it */
};

struct shd_attempt {
	struct shd_attempt *next;       /* all of the deliverer, oldest first */
	struct shd_attempt *next_batch; /* those that one job records */
	struct shd_deliver *deliver;    /* NULL: it closed meanwhile */
	enum shd_attempt_state state;
	struct shd_arena *arena;        /* owns the texts below */
	int64_t outbox;
	struct shd_wall made, give_up;
	int attempt;
	const char *channel, *type, *subject, *target, *proxy, *ca_file;
	int64_t timeout_ms;
	const struct shd_notifier *notifier; /* NULL: the channel is gone */
	struct shd_envelope envelope;
	struct shd_secret *password;    /* a copy, or NULL */
	bool some_will_do;              /* one of its recipients is known to be refused */
	/* The result, from ANSWERED on: */
	struct shd_sent_result result;
	struct shd_wall at;             /* when it was answered */
	int status;
	char answer[201];
	int64_t took_ms;
	struct shd_backoff pace;
	bool recipient_refused;         /* for good, and there are others */
};

/* Renders a row for its channel. Never fails: what cannot be rendered is ANSWERED
 * with NEVER and the reason. */
struct shd_attempt *shd_attempt_create(const struct shd_outbox_row *row,
				       const struct shd_config *config, struct shd_wall now);
void shd_attempt_destroy(struct shd_attempt *sending); /* accepts NULL */

/* The request as the transport wants it; borrows from the attempt. */
void shd_attempt_request(const struct shd_attempt *sending, struct shd_transfer_in *ret_in);

/* Takes what came back: sets result, status, answer (capped, without what is secret
 * in the request). */
void shd_attempt_answered(struct shd_attempt *sending, struct shd_transfer_out *out);

/* How well one channel works. */
struct shd_channel_health {
	char *name;                     /* owned */
	size_t flying;
	struct shd_bucket bucket;
	struct shd_wall last_success;
	bool recipient_refused;         /* one of several; the mails go to the others */
	int error;                      /* enum shd_err of the last attempt, -1: it worked */
	char error_text[200];
	struct {
		int64_t outbox;
		struct shd_wall made;
		bool dead;              /* given up; forgotten at the next success */
	} undelivered[64];              /* tried and failed; the oldest ones are kept */
	size_t undelivered_count;
	/* What was reported last. */
	struct shd_wall reported_oldest;
	int reported_error;
};

/* A channel of which nothing is known yet. */
void shd_health_init(struct shd_channel_health *health, const struct shd_channel_settings *channel);
void shd_health_finish(struct shd_channel_health *health);

/* Learns from a recorded attempt. */
void shd_health_learn(struct shd_channel_health *health, const struct shd_attempt *sending);

/* True when there is something new to tell since the last time; fills *ret_state but
 * for `channel` and `waiting`. */
bool shd_health_changed(struct shd_channel_health *health, struct shd_channel_state *ret_state);

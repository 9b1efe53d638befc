/* deliver/attempt.h - one attempt to deliver one row of the outbox.
 *
 *   (outbox)  -> READY      claimed and rendered                 [shd_attempt_create]
 *   (outbox)  -> ANSWERED   cannot be rendered                   [shd_attempt_create]
 *   READY     -> IN_FLIGHT  its channel and the transport have room  [send_attempt]
 *   READY     -> ANSWERED   a reload made what was rendered old, or its channel pauses
 *                                                                [release]
 *   IN_FLIGHT -> ANSWERED   an answer, or none                   [shd_attempt_answered]
 *   ANSWERED  -> SETTLING   a change takes it, with its neighbours    [shd_claims_settle]
 *   SETTLING  -> (gone)     its result is committed              [settled]
 *   SETTLING  -> ANSWERED   it is not: later again               [settled]
 *
 * An attempt owns all it needs (a reload may replace the configuration under it). It
 * is made on the pool and lives on the loop; private to this room. */
#pragma once
#include "backoff.h"
#include "deliver.h"

/* X(NAME, "name", what it waits for) */
#define SHD_ATTEMPT_STATE_MAP(X)                                                                   \
	X(READY, "ready", "a slot and a token of its channel")                                     \
	X(IN_FLIGHT, "in flight", "an answer")                                                     \
	X(ANSWERED, "answered", "the change that records it")                                      \
	X(SETTLING, "settling", "the commit of that change")

enum shd_attempt_state {
#define X(id, name, text) SHD_ATTEMPT_##id,
	SHD_ATTEMPT_STATE_MAP(X)
#undef X
};

struct shd_attempt {
	struct shd_attempt *next;       /* all of the deliverer, oldest first */
	struct shd_attempt *next_settled; /* those that one change records */
	struct shd_deliver *deliver;    /* NULL: it closed meanwhile */
	enum shd_attempt_state state;
	struct shd_arena *arena;        /* owns the texts below */
	int64_t outbox;
	struct shd_wall made, give_up;
	int number;                     /* which attempt of the row, from 1 */
	const char *channel, *type, *subject, *target;
	struct shd_egress egress;
	int64_t timeout_ms, give_up_ms;
	const struct shd_notifier *notifier; /* NULL: the channel is gone */
	struct shd_envelope envelope;
	struct shd_secret *password;    /* a copy, or NULL */
	struct shd_mono sent;           /* when the transport got it */
	/* From ANSWERED on: */
	bool released;                  /* never sent: the claim ends, nothing is recorded */
	struct shd_sent_result result;
	struct shd_wall at;             /* when it was answered */
	int status;
	char answer[201];
	int64_t took_ms;
	struct shd_backoff next_step;   /* what becomes of the row */
	bool first_success;             /* if it is one: since the start, or after a failure */
	bool partly; /* some of the recipients got it: result.error says who not */
	size_t reached_count;           /* partly: of envelope.to, and which */
	const char **reached;
};

/* READY: a recipient that has got it is not sent it again. */
void shd_attempt_omit(struct shd_attempt *attempt, const char *address);

/* Renders a row for its channel. Never fails: what cannot be rendered is ANSWERED
 * with NEVER and the reason. */
struct shd_attempt *shd_attempt_create(const struct shd_outbox_row *row,
				       const struct shd_config *config, struct shd_wall now);
void shd_attempt_destroy(struct shd_attempt *attempt); /* accepts NULL */

/* The one place that changes `state`; asserts that the move is in the diagram. */
void shd_attempt_enter(struct shd_attempt *attempt, enum shd_attempt_state state);

/* The request as the transport wants it; borrows from the attempt. */
void shd_attempt_request(const struct shd_attempt *attempt, struct shd_transfer_in *ret_in);

/* Takes what came back: sets result, status, answer (capped, without what is secret
 * in the request). */
void shd_attempt_answered(struct shd_attempt *attempt, struct shd_transfer_out *out);

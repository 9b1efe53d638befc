/* state/change.h - one change of the state: what is written together, and who is called
 * when it is kept.
 *
 * Whoever has something to write hands a change to the queue (commit/commit.h), which
 * alone begins and ends transactions. Plain structs; the room that makes a change owns it
 * until done ran. */
#pragma once
#include "state.h"

/* The transaction in which a change is applied. Pool thread. */
struct shd_transaction {
	struct shd_state *state;
	struct shd_wall now;          /* when the job began */
	bool durable;                 /* set it: the commit is on disk before done runs */
};

struct shd_change {
	bool urgent;                  /* else it may wait a second for others to go with */
	bool alone;                   /* it takes long: a transaction of its own */
	size_t bytes;                 /* about what it brings; one transaction takes only so much */
	/* On the pool. False: the change is refused (SHD_ERR_STATE: the state itself fails);
	 * the transaction is rolled back and begins anew without it, so apply may run more
	 * than once and must not keep what it did in an earlier run. */
	bool (*apply)(struct shd_change *change, struct shd_transaction *transaction,
		      struct shd_error *reterr);
	/* On the loop, exactly once for each time it was handed in: err NULL, it is kept; else
	 * why it is not. May hand the change in again. NULL: nobody asks. */
	void (*done)(struct shd_change *change, const struct shd_error *err);
	/* Private to the queue: */
	struct shd_change *next;
	bool queued, running, refused;
	struct shd_error error;
};

/* Where changes are handed in, for rooms that do not know the queue. Loop thread; a change
 * that is queued already stays where it is. */
struct shd_changes {
	void (*submit)(void *ctx, struct shd_change *change);
	void *ctx;
};

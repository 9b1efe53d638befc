/* net/pool.h - what leaves by one egress: a multi handle of curl, with connections, TLS sessions
 * and looked-up names of its own, and the slots whose requests are under way.
 *
 * Nobody outside net includes this. Loop thread only. */
#pragma once
#include "curl_loop.h"
#include "slot.h"

struct shd_pool_in {
	uv_loop_t *loop;
	struct shd_curl_sockets *sockets;
	struct shd_budget *budget;
	size_t connections_max; /* kept open for the next request */
	/* Requests have ended, after the callback of each. */
	void (*ended)(void *ctx, size_t count);
	/* The pool is gone. */
	void (*closed)(void *ctx);
	void *ctx;
};

struct shd_pool {
	struct shd_pool_in in;
	struct shd_egress egress; /* a copy */
	uint64_t hash;            /* of it */
	CURLM *multi;
	struct shd_curl_loop *glue;
	struct shd_slot **slots, *idle;
	size_t slot_count, slot_room, running;
	size_t idle_count, idle_least; /* least: since shd_pool_tidy */
	size_t waiting; /* the owner's: requests that wait for a slot */
	bool unwanted;  /* the owner's: no configuration names it any more */
	bool closing, any_cancelled;
};

/* A hash of the three texts and of the CA file's time and size, as curl keeps what it read of
 * it; and whether the egress, which has this hash, is the pool's. */
uint64_t shd_pool_hash(const struct shd_egress *egress);
bool shd_pool_is(const struct shd_pool *pool, const struct shd_egress *egress, uint64_t hash);
/* Whether it is the pool's by its texts, even if the CA file has changed since. */
bool shd_pool_says(const struct shd_pool *pool, const struct shd_egress *egress);

/* Returns owned; ends with shd_pool_close. */
struct shd_pool *shd_pool_create(const struct shd_pool_in *in, const struct shd_egress *egress);

/* The request leaves. done is called from a later turn. */
void shd_pool_run(struct shd_pool *pool, const struct shd_transfer_in *in, shd_transfer_fn *done,
		  void *ctx);

/* Whether a request of this callback and ctx runs; it is then given up by the next
 * shd_pool_end_cancelled. */
bool shd_pool_cancel(struct shd_pool *pool, shd_transfer_fn *done, void *ctx);
/* Calls done with CLOSING of what was cancelled. From a turn of its own. */
void shd_pool_end_cancelled(struct shd_pool *pool);

/* Looks after a request that waits for memory, at most for so long, or did. From a turn of its own.
 * True: it ended. */
bool shd_pool_turn(struct shd_pool *pool, struct shd_slot *slot, int64_t wait_max_ms);

/* Frees a slot that runs nothing; false: there is none. Connections stay. */
bool shd_pool_shrink(struct shd_pool *pool);

/* Frees the slots that ran nothing since the last call, 8 KB each; returns how many. */
size_t shd_pool_tidy(struct shd_pool *pool);

/* From a later turn: cancels what is under way, frees everything, calls in.closed. */
void shd_pool_close(struct shd_pool *pool);

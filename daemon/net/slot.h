/* net/slot.h - one request of HTTP after the other: an easy handle of curl, its options, its
 * answer.
 *
 * Nobody outside net includes this. Loop thread only. */
#pragma once
#include "transfer.h"

#include <curl/curl.h>

enum { SHD_SLOT_HEADERS = 16 };

struct shd_pool;

struct shd_slot {
	struct shd_pool *pool;
	size_t place;              /* the pool's: among all slots, */
	struct shd_slot *next;     /* and among the idle ones */
	CURL *easy;
	bool busy, cancelled;
	const struct shd_egress *egress;
	struct shd_transfer_in in;
	shd_transfer_fn *done;
	void *ctx;
	struct curl_slist headers[SHD_SLOT_HEADERS]; /* points into in.headers */
	struct shd_text answer;
	struct shd_running_hash *hash;
	int64_t started_ms;
	bool too_long;
	/* A large answer (budget.h): */
	struct shd_budget *budget;
	struct shd_hold *hold;     /* NULL: it is not large */
	int64_t needs_bytes;       /* of the budget, as it has them or waits for them */
	bool waits;                /* for memory; since, and in all before: */
	int64_t waits_since_ms, waited_ms;
	bool own_time;             /* it did: its time limit is no longer kept by curl */
	bool arrived;              /* whole, and waits for the memory to read it */
	bool given_up;             /* error says why */
	struct shd_error error;
	char message[CURL_ERROR_SIZE];
	char date_text[40];        /* the last Date header, and what it meant */
	int64_t date_ms;
};

/* Borrows the egress, by which all of its requests leave, and the budget. Returns owned. */
struct shd_slot *shd_slot_create(const struct shd_egress *egress, struct shd_budget *budget);
void shd_slot_destroy(struct shd_slot *slot);

/* Makes it ready for a request, which is to be added to a multi handle. */
void shd_slot_begin(struct shd_slot *slot, const struct shd_transfer_in *in, shd_transfer_fn *done,
		    void *ctx, int64_t now_ms);

/* The request is given up, and removed from the multi handle: calls done with CLOSING. */
void shd_slot_give_up(struct shd_slot *slot);

/* An answer has arrived. False: it waits for the memory that reading it takes. */
bool shd_slot_arrived(struct shd_slot *slot);

/* How one stands that waits for memory, or did; it is to be asked again when memory was released,
 * and every now and then. Not from inside of curl. */
enum shd_slot_turn {
	SHD_SLOT_ON,   /* it goes on, or waits */
	SHD_SLOT_READ, /* what arrived may be read: to be ended */
	SHD_SLOT_OVER, /* its time is up: to be removed from the multi handle, and ended */
};
enum shd_slot_turn shd_slot_turn(struct shd_slot *slot, int64_t now_ms, int64_t wait_max_ms);

/* The request is over, and removed from the multi handle: calls done. */
void shd_slot_end(struct shd_slot *slot, CURLcode code, int64_t now_ms);

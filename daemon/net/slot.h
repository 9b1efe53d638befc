/* net/slot.h - one request of HTTP after the other: an easy handle of curl, its options, its
 * answer.
 *
 * Nobody outside net includes this. Loop thread only. */
#pragma once
#include "transfer.h"

#include <curl/curl.h>

enum { SHD_SLOT_HEADERS = 16 };

struct shd_slot {
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
	char message[CURL_ERROR_SIZE];
	char date_text[40];        /* the last Date header, and what it meant */
	int64_t date_ms;
};

/* Borrows the egress, by which all of its requests leave. Returns owned. */
struct shd_slot *shd_slot_create(const struct shd_egress *egress);
void shd_slot_destroy(struct shd_slot *slot);

/* Makes it ready for a request, which is to be added to a multi handle. */
void shd_slot_begin(struct shd_slot *slot, const struct shd_transfer_in *in, shd_transfer_fn *done,
		    void *ctx, int64_t now_ms);

/* The request is given up, and removed from the multi handle: calls done with CLOSING. */
void shd_slot_give_up(struct shd_slot *slot);

/* The request is over, and removed from the multi handle: calls done. */
void shd_slot_end(struct shd_slot *slot, CURLcode code, int64_t now_ms);

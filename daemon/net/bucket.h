/* net/bucket.h - a token bucket: so many requests a second and no more.
 *
 * A fifth of the second's requests may come at once, the rest is spread, so that in
 * no second there are more than per_s. Knows no clock. One thread. */
#pragma once
#include "base/time.h"

struct shd_request_bucket {
	int64_t milli_tokens; /* private */
	struct shd_mono at;   /* private: when they were counted */
	int32_t burst, refill_per_s;
};

/* per_s at least 1. The bucket is full. */
void shd_request_bucket_init(struct shd_request_bucket *rate, int64_t per_s, struct shd_mono now);

/* Takes a token; or leaves it and says how long until there is one. */
bool shd_request_bucket_take(
	struct shd_request_bucket *rate, struct shd_mono now, int64_t *ret_wait_ms);

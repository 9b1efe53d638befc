/* net/bucket.h - a token bucket: so many requests in a time and no more.
 *
 * Rates are in micro-tokens a second, so that one request in an hour is a rate as well; the
 * balance is exact. Knows no clock: times are milliseconds of whichever clock its user reads,
 * always the same one. One that goes back gains nothing and loses nothing. One thread. */
#pragma once
#include "base/time.h"

struct shd_bucket {
	int64_t micro_per_s, burst; /* micro_per_s 0: no limit */
	int64_t nano_tokens;        /* private */
	int64_t at_ms;              /* private: when they were counted */
};

/* `micro_per_s` millionths of a token come in a second (0: no limit), at most `burst` (at least
 * 1) whole ones are saved. The bucket is full. */
void shd_bucket_init(struct shd_bucket *bucket, int64_t micro_per_s, int64_t burst);

/* Of at most per_s (at least 1) tokens in any second: a fifth of them may be taken at once, the
 * rest is spread. */
void shd_bucket_init_per_second(struct shd_bucket *bucket, int64_t per_s);

/* How long until there is a token; 0: there is one. */
int64_t shd_bucket_wait_ms(struct shd_bucket *bucket, int64_t now_ms);

/* Takes the token that shd_bucket_wait_ms has just found. */
void shd_bucket_spend(struct shd_bucket *bucket);

/* Goes on with the balance of an older one, as far as it can be saved here. */
void shd_bucket_inherit(struct shd_bucket *bucket, const struct shd_bucket *old);

/* Another rate from now on; the balance stays. */
void shd_bucket_set_rate(struct shd_bucket *bucket, int64_t micro_per_s, int64_t now_ms);

/* How many tokens there are, as of the last shd_bucket_wait_ms. */
int64_t shd_bucket_tokens(const struct shd_bucket *bucket);

/* net/breaker.h - whether somebody who did not answer is to be asked again.
 *
 * After a time-out one request at a time probes, after a pause that doubles from 5 s to 5 min;
 * any answer, a refusal as well, ends that. Pure: knows no clock and no luck. One thread. */
#pragma once
#include "base/time.h"

#define SHD_BREAKER_MIN_MS (5 * SHD_SECOND_MS)
#define SHD_BREAKER_MAX_MS (5 * SHD_MINUTE_MS)

struct shd_breaker {
	int silent;               /* time-outs in a row; 0: it answers */
	struct shd_mono probe_at; /* silent: not before */
};

/* It answers. */
void shd_breaker_answered(struct shd_breaker *breaker);

/* A request that left at `asked` was not answered. One that left before the last time-out, in
 * the same crowd, lengthens no pause. luck: 0..UINT32_MAX, the pause is up to a quarter longer. */
void shd_breaker_timed_out(struct shd_breaker *breaker, struct shd_mono asked, struct shd_mono now,
			   uint32_t luck);

/* How long it is not to be asked; 0: it may be, once while it is silent. */
int64_t shd_breaker_wait_ms(const struct shd_breaker *breaker, struct shd_mono now);

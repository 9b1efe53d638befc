/* deliver/backoff.h - when to send again: back-off.
 *
 * Pure functions of time and luck, so that days of failure run as a unit test. */
#pragma once
#include "notify/notify.h"
#include "state/state.h"

#define SHD_BACKOFF_MIN_MS (1 * SHD_SECOND_MS)
#define SHD_BACKOFF_MAX_MS (10 * SHD_MINUTE_MS)

/* How long to wait after failed attempt number `attempt` (from 1): anywhere between
 * 1 s and a bound that doubles from 2 s to 10 min (full jitter, so that what failed
 * together does not come back together). luck: 0..UINT32_MAX. */
int64_t shd_backoff_ms(int attempt, uint32_t luck);

/* What becomes of a row after an attempt. Retry-After is obeyed, up to 10 min; the last attempt
 * is made at give_up, and one that fails after it is the last. */
struct shd_backoff {
	enum shd_outbox_state becomes;
	struct shd_wall next_try;
};
struct shd_backoff shd_backoff_next(const struct shd_sent_result *result, int attempt,
					 struct shd_wall now, struct shd_wall give_up,
					 uint32_t luck);

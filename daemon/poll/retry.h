/* poll/retry.h - how long a feed waits: after a failure, and before its first poll.
 *
 * Pure: no clock, no randomness of its own. */
#pragma once
#include "base/time.h"

#include <stddef.h>
#include <stdint.h>

/* Whatever the other side says, and whatever is kept: what the pause hides has to be seen
 * some time. */
#define SHD_PAUSE_MAX_MS (30 * SHD_MINUTE_MS)

/* Where in time, from now, feed number i of `count` makes its first poll: spread so
 * that a start is no burst, but within every_ms. `random` is any number. */
int64_t shd_retry_spread_ms(size_t count, int64_t every_ms, uint32_t random);

/* The pause (market/standing.h) spread by a quarter with `random`, or the longer time that the
 * marketplace asked for: that is obeyed up to SHD_PAUSE_MAX_MS. */
int64_t shd_retry_ms(int64_t pause_ms, int64_t retry_after_ms, uint32_t random);

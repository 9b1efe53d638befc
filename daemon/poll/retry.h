/* poll/retry.h - how long a feed waits: after a failure, and before its first poll.
 *
 * Pure: no clock, no randomness of its own. */
#pragma once
#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Where in time, from now, feed number i of `count` makes its first poll: spread so
 * that a start is no burst, but within every_ms. `random` is any number. */
int64_t shd_retry_spread_ms(size_t count, int64_t every_ms, uint32_t random);

/* How long to wait after the failures-th failure in a row (from 1), by the policy of
 * the kind of error: LATER doubles from 1 s to 10 min, but not beyond three
 * intervals; OPERATOR probes every 5 to 15 min; DAILY and NEVER once a day. A time
 * that the marketplace gave is obeyed. `random` spreads by a quarter. */
int64_t shd_retry_ms(enum shd_err kind, int failures, int64_t every_ms,
		     int64_t retry_after_ms, uint32_t random);

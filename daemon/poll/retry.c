#include "retry.h"

#include "base/time.h"

enum { SPREAD_PER_FEED_MS = 5 };

int64_t shd_retry_spread_ms(size_t count, int64_t every_ms, uint32_t random)
{
	int64_t window = (int64_t)count * SPREAD_PER_FEED_MS;

	if (window > every_ms)
		window = every_ms;
	return window > 0 ? (int64_t)(random % (uint64_t)window) : 0;
}

static int64_t doubled(int64_t ms, int times, int64_t max)
{
	for (int i = 0; i < times && ms < max; i++)
		ms *= 2;
	return ms < max ? ms : max;
}

int64_t shd_retry_ms(enum shd_err kind, int failures, int64_t every_ms,
		     int64_t retry_after_ms, uint32_t random)
{
	int64_t cap = 3 * every_ms, wait = 0;

	switch (shd_err_retry(kind)) {
	case SHD_RETRY_LATER:
		cap = cap < SHD_SECOND_MS ? SHD_SECOND_MS : cap;
		cap = cap > 10 * SHD_MINUTE_MS ? 10 * SHD_MINUTE_MS : cap;
		wait = doubled(SHD_SECOND_MS, failures - 1, cap);
		break;
	case SHD_RETRY_OPERATOR:
		wait = doubled(5 * SHD_MINUTE_MS, failures - 1, 15 * SHD_MINUTE_MS);
		break;
	case SHD_RETRY_DAILY:
	case SHD_RETRY_NEVER:
		wait = SHD_DAY_MS;
		break;
	}
	wait += (int64_t)(random % (uint64_t)(wait / 4 + 1));
	return wait > retry_after_ms ? wait : retry_after_ms;
}

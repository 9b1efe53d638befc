#include "retry.h"

enum { SPREAD_PER_FEED_MS = 5 };

int64_t shd_retry_spread_ms(size_t count, int64_t every_ms, uint32_t random)
{
	int64_t window = (int64_t)count * SPREAD_PER_FEED_MS;

	if (window > every_ms)
		window = every_ms;
	return window > 0 ? (int64_t)(random % (uint64_t)window) : 0;
}

int64_t shd_retry_ms(int64_t pause_ms, int64_t retry_after_ms, uint32_t random)
{
	int64_t wait = pause_ms + (int64_t)(random % (uint64_t)(pause_ms / 4 + 1));

	if (retry_after_ms > SHD_PAUSE_MAX_MS)
		retry_after_ms = SHD_PAUSE_MAX_MS;
	return wait > retry_after_ms ? wait : retry_after_ms;
}

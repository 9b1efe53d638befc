#include "breaker.h"

void shd_breaker_answered(struct shd_breaker *breaker)
{
	*breaker = (struct shd_breaker){0};
}

void shd_breaker_timed_out(struct shd_breaker *breaker, struct shd_mono asked, struct shd_mono now,
			   uint32_t luck)
{
	int64_t pause_ms = SHD_BREAKER_MIN_MS;

	if (breaker->silent && asked.ms < breaker->probe_at.ms)
		return;
	breaker->silent++;
	for (int i = 1; i < breaker->silent && pause_ms < SHD_BREAKER_MAX_MS; i++)
		pause_ms *= 2;
	if (pause_ms > SHD_BREAKER_MAX_MS)
		pause_ms = SHD_BREAKER_MAX_MS;
	breaker->probe_at.ms = now.ms + pause_ms + (int64_t)((uint64_t)(pause_ms / 4) * luck >> 32);
}

int64_t shd_breaker_wait_ms(const struct shd_breaker *breaker, struct shd_mono now)
{
	int64_t left_ms = breaker->silent ? breaker->probe_at.ms - now.ms : 0;

	return left_ms > 0 ? left_ms : 0;
}

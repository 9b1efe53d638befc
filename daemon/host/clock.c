#include "clock.h"

#include <time.h>

enum { NOTABLE_MS = 60000 };

static int64_t read_ms(clockid_t clock)
{
	struct timespec at;

	shd_assert(clock_gettime(clock, &at) == 0);
	return at.tv_sec * SHD_SECOND_MS + at.tv_nsec / 1000000;
}

struct shd_clock shd_clock_read(void)
{
	return (struct shd_clock){
		.mono = {read_ms(CLOCK_MONOTONIC)},
		.boot_ms = read_ms(CLOCK_BOOTTIME),
		.wall = shd_clock_wall(),
	};
}

struct shd_wall shd_clock_wall(void)
{
	return (struct shd_wall){read_ms(CLOCK_REALTIME)};
}

struct shd_clock_news shd_clock_compare(const struct shd_clock *before, const struct shd_clock *now)
{
	int64_t passed = now->boot_ms - before->boot_ms;
	int64_t jumped = now->wall.ms - before->wall.ms - passed;

	return (struct shd_clock_news){
		.stopped_ms = passed > NOTABLE_MS ? passed : 0,
		.jumped_ms = jumped > NOTABLE_MS || jumped < -NOTABLE_MS ? jumped : 0,
	};
}

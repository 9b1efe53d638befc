/* host/clock.h - the only place that reads clocks; notices when one misbehaves. */
#pragma once
#include "base/time.h"

struct shd_clock {
	struct shd_mono mono; /* stands still while the machine sleeps */
	int64_t boot_ms;      /* does not */
	struct shd_wall wall; /* may be set */
};

/* All three at once, and the wall clock alone. */
struct shd_clock shd_clock_read(void);
struct shd_wall shd_clock_wall(void);

/* What happened between two looks that should be about a second apart. */
struct shd_clock_news {
	int64_t stopped_ms; /* the program was stopped, or the machine asleep; 0: less than a minute
			     */
	int64_t jumped_ms;  /* the wall clock was set by so much; 0: less than a minute */
};
struct shd_clock_news shd_clock_compare(
	const struct shd_clock *before, const struct shd_clock *now);

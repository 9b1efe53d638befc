/* base/calendar.h - which days are worked, and counting in them.
 *
 * Days are counted from 1970-01-01, as in zone.h. Pure; a calendar is read-only. */
#pragma once
#include "zone.h"

struct shd_days {
	int64_t from, to; /* both included */
};

struct shd_day_list {
	size_t count;
	struct shd_days *items;
};

struct shd_calendar {
	const char *name;
	unsigned weekdays;        /* bit 0: Monday is worked, ... */
	struct shd_day_list off;  /* free whatever weekday it is */
	struct shd_day_list worked; /* worked all the same; wins over both */
};

struct shd_calendars {
	size_t count;
	struct shd_calendar *items;
	bool unread; /* their definitions have mistakes: any name may be one of them */
};

/* NULL: there is none of that name. `calendars` may be NULL. */
const struct shd_calendar *shd_calendar_find(
	const struct shd_calendars *calendars, const char *name);

/* Whether the day is worked; `calendar` NULL: Monday to Friday. */
bool shd_calendar_works(const struct shd_calendar *calendar, int64_t day);

/* Goes from `at` so many times to the same time of the next day that is worked. A day
 * that is free does not count: from there it goes on as from the next midnight that
 * begins a worked one, so that a later `at` never gives an earlier time. False when ten
 * years hold too few such days, or `at` is beyond 8000 years from 1970. */
bool shd_calendar_add(const struct shd_calendar *calendar, const struct shd_zone *zone,
	struct shd_wall at, int64_t days, struct shd_wall *ret_time);

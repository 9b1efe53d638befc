#include "calendar.h"

#include <string.h>

#define MONDAY_TO_FRIDAY 0x1fU
#define YEARS_MS         (8000 * 366 * SHD_DAY_MS)

enum { SEARCH_DAYS = 3660, FIRST_WEEKDAY = 3 /* 1970-01-01 was a Thursday */ };

const struct shd_calendar *shd_calendar_find(
	const struct shd_calendars *calendars, const char *name)
{
	for (size_t i = 0; calendars && i < calendars->count; i++)
		if (strcmp(calendars->items[i].name, name) == 0)
			return &calendars->items[i];
	return NULL;
}

static bool holds(const struct shd_day_list *list, int64_t day)
{
	for (size_t i = 0; i < list->count; i++)
		if (day >= list->items[i].from && day <= list->items[i].to)
			return true;
	return false;
}

bool shd_calendar_works(const struct shd_calendar *calendar, int64_t day)
{
	int64_t weekday = ((day + FIRST_WEEKDAY) % 7 + 7) % 7;
	unsigned weekdays = calendar ? calendar->weekdays : MONDAY_TO_FRIDAY;

	if (calendar && holds(&calendar->worked, day))
		return true;
	return (weekdays >> weekday & 1) && !(calendar && holds(&calendar->off, day));
}

bool shd_calendar_add(const struct shd_calendar *calendar, const struct shd_zone *zone,
	struct shd_wall at, int64_t days, struct shd_wall *ret_time)
{
	if (at.ms > YEARS_MS || at.ms < -YEARS_MS)
		return false;
	int64_t first = shd_zone_day(zone, at), day = first, last = first + SEARCH_DAYS;

	while (days > 0 && day < last && !shd_calendar_works(calendar, day))
		day++;
	if (day > first)
		at = shd_zone_midnight(zone, day);
	first = day;
	while (days > 0 && day < last)
		days -= shd_calendar_works(calendar, ++day);
	if (days > 0)
		return false;
	*ret_time = day == first ? at : shd_zone_on_day(zone, at, day);
	return true;
}

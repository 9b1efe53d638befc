#include "zone.h"

#include "text.h"

#include <stdio.h>
#include <string.h>
#include <unicode/ucal.h>
#include <unicode/udat.h>
#include <unicode/uenum.h>
#include <unicode/ustring.h>

#define FIRST_MS  631152000000LL  /* 1990-01-01 */
#define LAST_MS   2871763200000LL /* 2061-01-01 */
#define OFFSET_MAX_MS SHD_DAY_MS  /* no zone is so far from UTC */

enum { STEPS_MAX = 512, FIRST_WEEKDAY = 3 /* 1970-01-01 was a Thursday */ };

struct step {
	int64_t from_ms, offset_ms;
};

struct shd_zone {
	size_t count;
	struct step *steps; /* the first one begins at INT64_MIN */
};

static const struct step utc_step = {INT64_MIN, 0};
static const struct shd_zone utc = {1, (struct step *)&utc_step};

bool shd_zone_known(const char *name)
{
	UChar id[SHD_ZONE_NAME], canonical[SHD_ZONE_NAME];
	UErrorCode status = U_ZERO_ERROR;
	UBool system = false;
	int32_t len = 0;

	u_strFromUTF8(id, SHD_ZONE_NAME, &len, name, -1, &status);
	ucal_getCanonicalTimeZoneID(id, len, canonical, SHD_ZONE_NAME, &system, &status);
	return U_SUCCESS(status) && len < SHD_ZONE_NAME && system;
}

const char *shd_zone_nearest(const char *name, char buf[SHD_ZONE_NAME])
{
	UErrorCode status = U_ZERO_ERROR;
	UEnumeration *zones = ucal_openTimeZones(&status);
	const char *zone;

	buf[0] = '\0';
	while (U_SUCCESS(status) && (zone = uenum_next(zones, NULL, &status))) {
		const char *const two[] = {buf, zone};
		const char *near = shd_nearest(name, *buf ? two : &zone, *buf ? 2 : 1);

		if (near && near != buf)
			snprintf(buf, SHD_ZONE_NAME, "%s", near);
	}
	uenum_close(zones);
	return *buf ? buf : NULL;
}

const char *shd_zone_mail_date(const char *name, struct shd_wall at, char buf[SHD_MAIL_DATE])
{
	UErrorCode status = U_ZERO_ERROR;
	UChar pattern[SHD_MAIL_DATE], zone[SHD_ZONE_NAME], wide[SHD_MAIL_DATE] = {0};

	u_uastrcpy(pattern, "EEE, dd MMM yyyy HH:mm:ss xx");
	u_uastrncpy(zone, name, SHD_ZONE_NAME - 1);
	zone[SHD_ZONE_NAME - 1] = 0;
	UDateFormat *format = udat_open(
		UDAT_PATTERN, UDAT_PATTERN, "en_US_POSIX", zone, -1, pattern, -1, &status);
	if (U_SUCCESS(status))
		udat_format(format, (UDate)at.ms, wide, SHD_MAIL_DATE - 1, NULL, &status);
	udat_close(format);
	shd_assert(U_SUCCESS(status));
	return u_austrncpy(buf, wide, SHD_MAIL_DATE);
}

static int64_t offset_at(UCalendar *calendar, int64_t at_ms, UErrorCode *status)
{
	ucal_setMillis(calendar, (UDate)at_ms, status);
	return (int64_t)ucal_get(calendar, UCAL_ZONE_OFFSET, status) +
	       ucal_get(calendar, UCAL_DST_OFFSET, status);
}

/* Reads the changes into steps[0..STEPS_MAX); how many, 0 when ICU fails. */
static size_t read_steps(UCalendar *calendar, struct step *steps)
{
	UErrorCode status = U_ZERO_ERROR;
	size_t count = 0;
	UDate next;

	steps[count++] = (struct step){INT64_MIN, offset_at(calendar, FIRST_MS, &status)};
	while (count < STEPS_MAX && U_SUCCESS(status) &&
		ucal_getTimeZoneTransitionDate(
			calendar, UCAL_TZ_TRANSITION_NEXT, &next, &status) &&
		next < (UDate)LAST_MS) {
		int64_t at_ms = (int64_t)next, offset_ms = offset_at(calendar, at_ms, &status);

		if (offset_ms != steps[count - 1].offset_ms)
			steps[count++] = (struct step){at_ms, offset_ms};
	}
	return U_SUCCESS(status) ? count : 0;
}

const struct shd_zone *shd_zone_make(const char *name, struct shd_arena *arena)
{
	UErrorCode status = U_ZERO_ERROR;
	struct step steps[STEPS_MAX];
	UChar wide[SHD_ZONE_NAME];

	if (strlen(name) >= SHD_ZONE_NAME)
		return NULL;
	u_charsToUChars(name, wide, (int32_t)strlen(name) + 1);
	UCalendar *calendar = ucal_open(wide, -1, "en", UCAL_GREGORIAN, &status);
	if (U_FAILURE(status))
		return NULL;
	size_t count = read_steps(calendar, steps);
	ucal_close(calendar);
	struct shd_zone *zone = shd_arena_alloc(arena, 1, sizeof(*zone));
	struct step *kept = count ? shd_arena_alloc(arena, count, sizeof(*kept)) : NULL;
	if (!zone || !kept)
		return NULL;
	memcpy(kept, steps, count * sizeof(*kept));
	*zone = (struct shd_zone){count, kept};
	return zone;
}

/* The step that is in force at `at_ms`. */
static size_t find_step(const struct shd_zone *zone, int64_t at_ms)
{
	size_t low = 0, high = zone->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (zone->steps[middle].from_ms <= at_ms)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* What clocks on the wall show, as ms since 1970-01-01 00:00 on the wall. */
static int64_t shown_at(const struct shd_zone *zone, int64_t at_ms)
{
	return at_ms + zone->steps[find_step(zone, at_ms)].offset_ms;
}

/* The first instant at which they show `shown_ms` or later. */
static int64_t first_showing(const struct shd_zone *zone, int64_t shown_ms)
{
	for (size_t i = find_step(zone, shown_ms - OFFSET_MAX_MS);; i++) {
		int64_t at_ms = shown_ms - zone->steps[i].offset_ms;

		if (at_ms < zone->steps[i].from_ms)
			at_ms = zone->steps[i].from_ms;
		if (i + 1 == zone->count || at_ms < zone->steps[i + 1].from_ms)
			return at_ms;
	}
}

static int64_t day_of(int64_t shown_ms)
{
	return shown_ms / SHD_DAY_MS - (shown_ms % SHD_DAY_MS < 0);
}

int64_t shd_zone_day(const struct shd_zone *zone, struct shd_wall at)
{
	return day_of(shown_at(zone ? zone : &utc, at.ms));
}

struct shd_wall shd_zone_midnight(const struct shd_zone *zone, int64_t day)
{
	return (struct shd_wall){first_showing(zone ? zone : &utc, day * SHD_DAY_MS)};
}

/* The unit of the wall's time (an hour, a day) that `at_ms` lies in, `passed_ms` behind its begin,
 * within step i. */
static struct shd_zone_span span_of(const struct shd_zone *zone, size_t i, int64_t at_ms,
				    int64_t passed_ms, int64_t unit_ms)
{
	int64_t from_ms = at_ms - passed_ms, until_ms = from_ms + unit_ms;

	if (from_ms < zone->steps[i].from_ms)
		from_ms = zone->steps[i].from_ms;
	if (i + 1 < zone->count && until_ms > zone->steps[i + 1].from_ms)
		until_ms = zone->steps[i + 1].from_ms;
	return (struct shd_zone_span){from_ms, until_ms};
}

void shd_zone_read_clock(
	const struct shd_zone *zone, struct shd_wall at, struct shd_zone_clock *ret_clock)
{
	if (!zone)
		zone = &utc;
	size_t i = find_step(zone, at.ms);
	int64_t shown_ms = at.ms + zone->steps[i].offset_ms, day = day_of(shown_ms);
	int64_t of_day_ms = shown_ms - day * SHD_DAY_MS;

	*ret_clock = (struct shd_zone_clock){
		.hour = (int)(of_day_ms / SHD_HOUR_MS),
		.weekday = (int)(((day + FIRST_WEEKDAY) % 7 + 7) % 7) + 1,
		.day = shd_day_of_month(day),
		.same_hour = span_of(zone, i, at.ms, of_day_ms % SHD_HOUR_MS, SHD_HOUR_MS),
		.same_day = span_of(zone, i, at.ms, of_day_ms, SHD_DAY_MS),
	};
}

struct shd_wall shd_zone_on_day(const struct shd_zone *zone, struct shd_wall at, int64_t day)
{
	if (!zone)
		zone = &utc;
	int64_t shown_ms = shown_at(zone, at.ms);
	int64_t of_day_ms = shown_ms - day_of(shown_ms) * SHD_DAY_MS;

	return (struct shd_wall){first_showing(zone, day * SHD_DAY_MS + of_day_ms)};
}

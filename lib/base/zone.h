/* base/zone.h - the days of a time zone.
 *
 * A table of offsets made once from the tz database, so that asking for a day neither
 * allocates nor locks. It knows the changes of 1990 to 2060; before and after, the
 * nearest offset holds. Days are counted from 1970-01-01. Pure; a zone is read-only
 * and safe on any thread. NULL stands for UTC wherever a zone is asked for. */
#pragma once
#include "mem.h"
#include "time.h"

struct shd_zone;

/* Bytes of the longest name of a zone, its NUL included. */
#define SHD_ZONE_NAME 64

/* True for a name of the tz database ("Europe/Moscow"), in its own spelling. */
bool shd_zone_known(const char *name);

/* The name of the tz database that was probably meant, in buf; NULL: none is near. */
const char *shd_zone_nearest(const char *name, char buf[SHD_ZONE_NAME]);

/* The zone of that name ("Europe/Moscow"), in the arena. NULL when the name is
 * unknown or the arena is full. */
const struct shd_zone *shd_zone_make(const char *name, struct shd_arena *arena);

/* The day that `at` falls on. */
int64_t shd_zone_day(const struct shd_zone *zone, struct shd_wall at);

/* The first instant of a day: midnight, or the end of the gap where clocks skip it. */
struct shd_wall shd_zone_midnight(const struct shd_zone *zone, int64_t day);

/* The time of day of `at`, on another day; the end of the gap where clocks skip it. */
struct shd_wall shd_zone_on_day(const struct shd_zone *zone, struct shd_wall at, int64_t day);

/* Instants, from (included) until (not). */
struct shd_zone_span {
	int64_t from_ms, until_ms;
};

/* What a clock on the wall shows at an instant, and the spans around it in which it shows the
 * same hour and the same day, and is not set. */
struct shd_zone_clock {
	int hour;    /* 0 to 23 */
	int weekday; /* 1, Monday, to 7, Sunday */
	int day;     /* of the month, 1 to 31 */
	struct shd_zone_span same_hour, same_day;
};
void shd_zone_read_clock(
	const struct shd_zone *zone, struct shd_wall at, struct shd_zone_clock *ret_clock);

/* An instant as a mail's header has it, in a zone that is known:
 * "Sat, 04 Apr 2026 19:59:00 +0300". Allocates, and asks the tz database. */
#define SHD_MAIL_DATE 48
const char *shd_zone_mail_date(const char *name, struct shd_wall at, char buf[SHD_MAIL_DATE]);

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

/* The zone of that name ("Europe/Moscow"), in the arena. NULL when the name is
 * unknown or the arena is full. */
const struct shd_zone *shd_zone_make(const char *name, struct shd_arena *arena);

/* The day that `at` falls on. */
int64_t shd_zone_day(const struct shd_zone *zone, struct shd_wall at);

/* The first instant of a day: midnight, or the end of the gap where clocks skip it. */
struct shd_wall shd_zone_midnight(const struct shd_zone *zone, int64_t day);

/* The time of day of `at`, on another day; the end of the gap where clocks skip it. */
struct shd_wall shd_zone_on_day(const struct shd_zone *zone, struct shd_wall at, int64_t day);

/* base/zone, base/calendar: days of a zone, and counting those that are worked. */
#include "support/check.h"

#include "base/calendar.h"

#include <stdlib.h>
#include <string.h>

static struct shd_wall at(const char *text)
{
	struct shd_error err;
	struct shd_wall time = {0};

	assert_true(shd_time_parse(text, strlen(text), &time, &err));
	return time;
}

static int64_t day(const char *date)
{
	return shd_zone_day(NULL, at(date));
}

static const struct shd_zone *zone(struct shd_arena *arena, const char *name)
{
	const struct shd_zone *made = shd_zone_make(name, arena);

	assert_non_null(made);
	return made;
}

static void midnights_follow_the_clocks_on_the_wall(void **state)
{
	static const struct {
		const char *zone, *at, *day, *midnight;
	} rows[] = {
		{"UTC", "2026-06-07T23:59:59.999Z", "2026-06-07", "2026-06-07T00:00:00.000Z"},
		{"UTC", "1969-12-31T12:00:00Z", "1969-12-31", "1969-12-31T00:00:00.000Z"},
		{"Europe/Moscow", "2026-06-07T20:59:59.999Z", "2026-06-07",
			"2026-06-06T21:00:00.000Z"},
		{"Europe/Moscow", "2026-06-07T21:00:00Z", "2026-06-08", "2026-06-07T21:00:00.000Z"},
		{"Asia/Shanghai", "2026-06-07T16:00:00Z", "2026-06-08", "2026-06-07T16:00:00.000Z"},
		/* The day that clocks go forward has 23 hours, the one that they go back 25. */
		{"Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-29", "2026-03-28T23:00:00.000Z"},
		{"Europe/Berlin", "2026-03-30T12:00:00Z", "2026-03-30", "2026-03-29T22:00:00.000Z"},
		{"Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-25", "2026-10-24T22:00:00.000Z"},
		{"Europe/Berlin", "2026-10-26T12:00:00Z", "2026-10-26", "2026-10-25T23:00:00.000Z"},
		/* Here midnight itself was skipped: the day began at one. */
		{"America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04",
			"2018-11-04T03:00:00.000Z"},
		{"America/New_York", "2059-07-01T12:00:00Z", "2059-07-01",
			"2059-07-01T04:00:00.000Z"},
	};
	struct shd_arena *arena = shd_arena_create(1 << 20);
	char text[SHD_TIME_TEXT];

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(rows); i++) {
		const struct shd_zone *here = zone(arena, rows[i].zone);
		int64_t found = shd_zone_day(here, at(rows[i].at));

		if (found != day(rows[i].day))
			fail_msg("%s in %s: day %lld", rows[i].at, rows[i].zone, (long long)found);
		shd_time_format(shd_zone_midnight(here, found), text);
		assert_string_equal(text, rows[i].midnight);
	}
	shd_arena_destroy(arena);
}

static void every_day_begins_after_the_one_before(void **state)
{
	static const char *const names[] = {"UTC", "Europe/Moscow", "Africa/Casablanca",
		"America/St_Johns", "Pacific/Apia", "Asia/Tehran", "America/Havana"};
	struct shd_arena *arena = shd_arena_create(1 << 20);

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(names); i++) {
		const struct shd_zone *here = zone(arena, names[i]);

		for (int64_t d = day("2005-01-01"); d < day("2035-01-01"); d++) {
			struct shd_wall begins = shd_zone_midnight(here, d);
			struct shd_wall before = {begins.ms - 1};

			if (shd_zone_day(here, begins) < d || shd_zone_day(here, before) >= d)
				fail_msg("%s: day %lld begins elsewhere", names[i], (long long)d);
		}
	}
	shd_arena_destroy(arena);
}

static void days_are_counted_in_the_store_s_zone(void **state)
{
	struct shd_days off[] = {{day("2026-10-01"), day("2026-10-07")}};
	struct shd_days worked[] = {{day("2026-10-10"), day("2026-10-10")}};
	const struct shd_calendar china = {.name = "cn", .weekdays = 0x1f, .off = {1, off},
		.worked = {1, worked}};
	const struct {
		const struct shd_calendar *calendar;
		const char *zone, *from, *to;
		int64_t days;
	} rows[] = {
		{NULL, "UTC", "2026-06-05T15:00:00Z", "2026-06-09T15:00:00.000Z", 2},
		{NULL, "UTC", "2026-06-06T15:00:00Z", "2026-06-09T00:00:00.000Z", 1},
		/* Sunday evening in London is Monday in Shanghai. */
		{NULL, "Asia/Shanghai", "2026-06-07T18:00:00Z", "2026-06-08T18:00:00.000Z", 1},
		/* The same time on the wall over a change of clocks. */
		{NULL, "Europe/Berlin", "2026-03-27T12:00:00Z", "2026-03-30T11:00:00.000Z", 1},
		{&china, "Asia/Shanghai", "2026-09-30T02:00:00Z", "2026-10-09T02:00:00.000Z", 2},
		{&china, "Asia/Shanghai", "2026-09-30T02:00:00Z", "2026-10-10T02:00:00.000Z", 3},
		{&china, "Asia/Shanghai", "2026-09-30T02:00:00Z", "2026-10-12T02:00:00.000Z", 4},
	};
	struct shd_arena *arena = shd_arena_create(1 << 20);
	char text[SHD_TIME_TEXT];
	struct shd_wall later;

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(rows); i++) {
		assert_true(shd_calendar_add(rows[i].calendar, zone(arena, rows[i].zone),
			at(rows[i].from), rows[i].days, &later));
		assert_string_equal(shd_time_format(later, text), rows[i].to);
	}
	shd_arena_destroy(arena);
}

static uint32_t roll(uint64_t *random, uint32_t below)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*random >> 33) % below;
}

/* An instant of any day, or of one that is not 24 hours long where there is such a day. */
static int64_t random_instant(uint64_t *random, const struct shd_zone *zone)
{
	bool odd = roll(random, 2);
	int64_t day = 0, from_ms = 0, until_ms = SHD_DAY_MS;

	for (int i = 0; i == 0 || (odd && i < 2000 && until_ms - from_ms == SHD_DAY_MS); i++) {
		day = i ? day + 1 : 10957 + roll(random, 20000);
		from_ms = shd_zone_midnight(zone, day).ms;
		until_ms = shd_zone_midnight(zone, day + 1).ms;
	}
	return from_ms + roll(random, (uint32_t)(until_ms - from_ms));
}

static void a_clock_shows_what_the_mails_of_its_zone_say(void **state)
{
	static const char week[] = "MonTueWedThuFriSatSun";
	static const char *const names[] = {"UTC", "Europe/Berlin", "Australia/Lord_Howe",
		"America/St_Johns", "Africa/Cairo", "Asia/Kathmandu"};
	struct shd_arena *arena = shd_arena_create(1 << 20);
	const struct shd_zone *zones[SHD_COUNT(names)];
	uint64_t random = 1;

	(void)state;
	for (size_t z = 0; z < SHD_COUNT(names); z++)
		zones[z] = zone(arena, names[z]);
	for (int i = 0; i < 3000; i++) {
		size_t z = roll(&random, SHD_COUNT(zones));
		int64_t at_ms = random_instant(&random, zones[z]);
		struct shd_zone_clock clock, other;
		char date[SHD_MAIL_DATE];

		shd_zone_read_clock(zones[z], (struct shd_wall){at_ms}, &clock);
		shd_zone_mail_date(names[z], (struct shd_wall){at_ms}, date);
		assert_memory_equal(date, week + 3 * (clock.weekday - 1), 3);
		assert_int_equal(clock.day, strtol(date + 5, NULL, 10));
		assert_int_equal(clock.hour, strtol(date + 17, NULL, 10));
		assert_true(clock.same_hour.from_ms <= at_ms && at_ms < clock.same_hour.until_ms);
		assert_true(clock.same_hour.until_ms - clock.same_hour.from_ms <= SHD_HOUR_MS);
		assert_true(clock.same_day.from_ms <= clock.same_hour.from_ms);
		assert_true(clock.same_hour.until_ms <= clock.same_day.until_ms);
		const int64_t day_ends[] = {clock.same_day.from_ms, clock.same_day.until_ms - 1};
		for (size_t k = 0; k < SHD_COUNT(day_ends); k++) {
			shd_zone_read_clock(zones[z], (struct shd_wall){day_ends[k]}, &other);
			assert_int_equal(clock.day, other.day);
			assert_int_equal(clock.weekday, other.weekday);
		}
		const int64_t ends[] = {clock.same_hour.from_ms, clock.same_hour.until_ms - 1};
		for (size_t k = 0; k < SHD_COUNT(ends); k++) {
			shd_zone_read_clock(zones[z], (struct shd_wall){ends[k]}, &other);
			assert_int_equal(clock.hour, other.hour);
			assert_int_equal(clock.same_hour.from_ms, other.same_hour.from_ms);
			assert_int_equal(clock.same_hour.until_ms, other.same_hour.until_ms);
		}
	}
	shd_arena_destroy(arena);
}

/* Clocks in St. John's went back from 00:01 to 23:01. */
static void an_hour_ends_where_clocks_are_set(void **state)
{
	struct shd_arena *arena = shd_arena_create(1 << 20);
	const struct shd_zone *here = zone(arena, "America/St_Johns");
	int64_t set_ms = at("2010-11-07T02:31:00Z").ms;
	struct shd_zone_clock clock;

	(void)state;
	shd_zone_read_clock(here, (struct shd_wall){set_ms - 1}, &clock);
	assert_int_equal(clock.hour, 0);
	assert_int_equal(clock.day, 7);
	assert_int_equal(clock.weekday, 7);
	assert_int_equal(clock.same_hour.from_ms, set_ms - SHD_MINUTE_MS);
	assert_int_equal(clock.same_hour.until_ms, set_ms);
	assert_int_equal(clock.same_day.until_ms, set_ms);
	shd_zone_read_clock(here, (struct shd_wall){set_ms}, &clock);
	assert_int_equal(clock.hour, 23);
	assert_int_equal(clock.day, 6);
	assert_int_equal(clock.same_hour.from_ms, set_ms);
	shd_arena_destroy(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(midnights_follow_the_clocks_on_the_wall),
		cmocka_unit_test(every_day_begins_after_the_one_before),
		cmocka_unit_test(days_are_counted_in_the_store_s_zone),
		cmocka_unit_test(a_clock_shows_what_the_mails_of_its_zone_say),
		cmocka_unit_test(an_hour_ends_where_clocks_are_set),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

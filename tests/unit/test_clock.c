/* daemon/clock: asleep, stopped, set - and a busy second that is none of these. */
#include "support/check.h"

#include "base/mem.h"
#include "host/clock.h"

static void what_happened_between_two_looks(void **state)
{
	static const struct {
		int64_t mono, boot, wall, stopped, jumped;
	} cases[] = {
		{1000, 1000, 1000, 0, 0},
		{9000, 9000, 9000, 0, 0},                      /* busy */
		{60000, 60000, 60000, 0, 0},
		{60001, 60001, 60001, 60001, 0},               /* SIGSTOP */
		{1000, 7200000, 7200000, 7200000, 0},          /* the lid was closed */
		{1000, 1000, 3601000, 0, 3600000},             /* set forward */
		{1000, 1000, -3599000, 0, -3600000},           /* set back */
		{1000, 1000, 61000, 0, 0},                     /* a leap, not a jump */
		{1000, 7200000, 10800000, 7200000, 3600000},   /* asleep and set */
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_clock before = {{5000}, 70000, {1775321940000}};
		struct shd_clock now = {{5000 + cases[i].mono}, 70000 + cases[i].boot,
			{1775321940000 + cases[i].wall}};
		struct shd_clock_news news = shd_clock_compare(&before, &now);

		assert_int_equal(news.stopped_ms, cases[i].stopped);
		assert_int_equal(news.jumped_ms, cases[i].jumped);
	}
}

static void two_clocks_read_an_instant(void **state)
{
	static const struct {
		int64_t skew, earlier, later;
	} cases[] = {
		{INT64_MIN, 0, 0},
		{0, 0, 0},
		{-10800000, -10800000, 0},
		{10800000, 0, 10800000},
		{90000000, 0, 86400000}, /* their clock is wrong, not ours */
		{-90000000, -90000000, 0},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_wall at = {1775321940000};

		assert_int_equal(shd_time_earlier(at, cases[i].skew).ms - at.ms, cases[i].earlier);
		assert_int_equal(shd_time_later(at, cases[i].skew).ms - at.ms, cases[i].later);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_happened_between_two_looks),
		cmocka_unit_test(two_clocks_read_an_instant),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

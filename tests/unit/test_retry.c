/* daemon/poll/retry.h: within which bounds each wait is. */
#include "support/check.h"

#include "base/mem.h"
#include "base/time.h"
#include "poll/retry.h"

static uint32_t seed;

static uint32_t draw(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

static void a_pause_is_spread_and_a_longer_one_obeyed_within_reason(void **state)
{
	static const struct {
		int64_t pause_ms, retry_after_ms, least, most;
	} cases[] = {
		{1000, 0, 1000, 1250},
		{SHD_HOUR_MS, 0, SHD_HOUR_MS, SHD_HOUR_MS * 5 / 4},
		{1000, 7000, 7000, 7000},
		{1000, 300000, 300000, 300000},
		{1000, SHD_DAY_MS, 30 * SHD_MINUTE_MS, 30 * SHD_MINUTE_MS},
		{SHD_HOUR_MS, SHD_DAY_MS, SHD_HOUR_MS, SHD_HOUR_MS * 5 / 4},
	};
	(void)state;
	seed = 2;
	for (size_t i = 0; i < SHD_COUNT(cases); i++)
		for (int n = 0; n < 200; n++)
			assert_in_range(shd_retry_ms(cases[i].pause_ms, cases[i].retry_after_ms,
						draw()),
				cases[i].least, cases[i].most);
}

static void a_start_is_spread_within_the_interval(void **state)
{
	(void)state;
	seed = 3;
	for (int n = 0; n < 500; n++) {
		assert_in_range(shd_retry_spread_ms(25, 60000, draw()), 0, 124);
		assert_in_range(shd_retry_spread_ms(125000, 60000, draw()), 0, 59999);
	}
	assert_int_equal(shd_retry_spread_ms(0, 60000, 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pause_is_spread_and_a_longer_one_obeyed_within_reason),
		cmocka_unit_test(a_start_is_spread_within_the_interval),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

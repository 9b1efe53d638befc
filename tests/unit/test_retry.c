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

static void retries_follow_the_kind_of_error(void **state)
{
	static const struct {
		enum shd_err kind;
		int failures;
		int64_t every_ms, retry_after_ms, least, most;
	} cases[] = {
		{SHD_ERR_SERVER, 1, 60000, 0, 1000, 1250},
		{SHD_ERR_SERVER, 4, 60000, 0, 8000, 10000},
		{SHD_ERR_NETWORK, 30, 60000, 0, 180000, 225000},   /* three intervals */
		{SHD_ERR_TIMEOUT, 30, SHD_HOUR_MS, 0, 600000, 750000}, /* ten minutes */
		{SHD_ERR_SERVER, 9, 100, 0, 1000, 1250},            /* never hot */
		{SHD_ERR_THROTTLED, 1, 60000, 7000, 7000, 7000},
		{SHD_ERR_THROTTLED, 1, 60000, 300000, 300000, 300000},
		{SHD_ERR_CREDENTIALS, 1, 60000, 0, 300000, 375000},
		{SHD_ERR_BLOCKED, 50, 60000, 0, 900000, 1125000},
		{SHD_ERR_TARIFF, 3, 60000, 0, SHD_DAY_MS, SHD_DAY_MS * 5 / 4},
		{SHD_ERR_RETIRED, 1, 60000, 0, SHD_DAY_MS, SHD_DAY_MS * 5 / 4},
	};
	(void)state;
	seed = 2;
	for (size_t i = 0; i < SHD_COUNT(cases); i++)
		for (int n = 0; n < 200; n++) {
			int64_t ms = shd_retry_ms(cases[i].kind, cases[i].failures,
				cases[i].every_ms, cases[i].retry_after_ms, draw());

			assert_in_range(ms, cases[i].least, cases[i].most);
		}
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
		cmocka_unit_test(retries_follow_the_kind_of_error),
		cmocka_unit_test(a_start_is_spread_within_the_interval),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

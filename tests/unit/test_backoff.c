/* deliver/backoff.h: back-off, in virtual time. */
#include "support/check.h"

#include "deliver/backoff.h"

enum { DAY_MS = 86400000 };

static void backoff_doubles_up_to_ten_minutes(void **state)
{
	static const struct {
		int attempt;
		int64_t least_ms, most_ms;
	} cases[] = {
		{1, 1000, 2000},
		{2, 1000, 4000},
		{3, 1000, 8000},
		{9, 1000, 512000},
		{10, 1000, 600000},
		{11, 1000, 600000},
		{1000000, 1000, 600000},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		assert_int_equal(shd_backoff_ms(cases[i].attempt, 0), cases[i].least_ms);
		assert_in_range(shd_backoff_ms(cases[i].attempt, UINT32_MAX), cases[i].most_ms - 1,
			cases[i].most_ms);
	}
}

static struct shd_backoff next(enum shd_sent sent, int64_t pause_ms, int64_t now_ms)
{
	const struct shd_sent_result result = {.sent = sent, .pause_ms = pause_ms};

	return shd_backoff_next(
		&result, 1, (struct shd_wall){now_ms}, (struct shd_wall){DAY_MS}, 0);
}

static void what_becomes_of_a_row(void **state)
{
	(void)state;
	assert_int_equal(next(SHD_SENT_DELIVERED, 0, 5).becomes, SHD_OUTBOX_SENT);
	assert_int_equal(next(SHD_SENT_REJECTED, 0, 5).becomes, SHD_OUTBOX_DEAD);
	assert_int_equal(next(SHD_SENT_RETRY, 0, 5).becomes, SHD_OUTBOX_WAITING);
	assert_int_equal(next(SHD_SENT_RETRY, 0, 5).next_try.ms, 1005);
	/* Retry-After is obeyed, but no longer than the longest back-off of ours. */
	assert_int_equal(next(SHD_SENT_RETRY, 590000, 5).next_try.ms, 590005);
	assert_int_equal(next(SHD_SENT_RETRY, DAY_MS, 5).next_try.ms, 600005);
	assert_int_equal(next(SHD_SENT_RETRY, 200, 5).next_try.ms, 1005);
	/* The last attempt is made when giving up is due, and not later. */
	assert_int_equal(next(SHD_SENT_RETRY, 0, DAY_MS - 300).next_try.ms, DAY_MS);
	assert_int_equal(next(SHD_SENT_RETRY, INT64_MAX, DAY_MS - 9).next_try.ms, DAY_MS);
	assert_int_equal(next(SHD_SENT_RETRY, 0, DAY_MS - 1).becomes, SHD_OUTBOX_WAITING);
	assert_int_equal(next(SHD_SENT_RETRY, 0, DAY_MS).becomes, SHD_OUTBOX_DEAD);
}

/* A receiver that is down for good: how often is it asked within a day? */
static void a_day_of_failure_is_a_bounded_number_of_attempts(void **state)
{
	const struct shd_sent_result down = {.sent = SHD_SENT_RETRY};
	struct shd_wall now = {0};
	int attempts = 0;
	struct shd_backoff pace;
	(void)state;

	do {
		pace = shd_backoff_next(
			&down, ++attempts, now, (struct shd_wall){DAY_MS}, 1U << 31);
		now = pace.next_try;
	} while (pace.becomes == SHD_OUTBOX_WAITING);
	assert_int_equal(pace.becomes, SHD_OUTBOX_DEAD);
	assert_int_equal(now.ms, DAY_MS);
	assert_in_range(attempts, 288, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backoff_doubles_up_to_ten_minutes),
		cmocka_unit_test(what_becomes_of_a_row),
		cmocka_unit_test(a_day_of_failure_is_a_bounded_number_of_attempts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* daemon/poll/asks: what is asked for by id, how often, and what comes of it. */
#include "support/check.h"

#include "poll/asks.h"

#include <stdio.h>

static const struct shd_endpoint row = {.name = "one", .paging = SHD_PAGE_FOLLOW};

static struct shd_wall at(int64_t ms)
{
	return (struct shd_wall){1000 * SHD_DAY_MS + ms};
}

/* What the list lacks is asked for at once, and then with pauses that double. */
static void pauses_grow(void **state)
{
	static const int64_t pauses_m[] = {1, 2, 4, 8, 16, 32, 64, 128, 240, 240};
	const struct shd_unlisted one = {"a", "a", NULL};
	struct shd_ask *asks = NULL, *due[1];
	int64_t now = 0;

	(void)state;
	shd_asks_unlisted(&asks, &row, &one, at(0));
	for (size_t i = 0; i < SHD_COUNT(pauses_m); i++) {
		assert_true(shd_asks_due(asks, at(now)));
		assert_int_equal(shd_asks_take(asks, at(now), due, 1), 1);
		shd_asks_answered(&asks, due[0], i % 2 ? SHD_ASKED_FOUND : SHD_ASKED_UNFOUND,
			at(now));
		shd_asks_unlisted(&asks, &row, &one, at(now)); /* it is still lacking */
		now += pauses_m[i] * SHD_MINUTE_MS;
		assert_false(shd_asks_due(asks, at(now - 1)));
	}
	/* The clock was set back by a day: nothing waits for that. */
	assert_true(shd_asks_due(asks, at(now - SHD_DAY_MS)));
	shd_asks_unlisted(&asks, &row, NULL, at(now));
	assert_null(asks);
}

/* What could not be read is asked for every half hour at least, and counted as long. */
static void what_fails_is_asked_for_soon(void **state)
{
	static const int64_t pauses_m[] = {1, 2, 4, 8, 16, 30, 30};
	const struct shd_unlisted lacking = {"b", "b", NULL};
	struct shd_ask *asks = NULL, *x;
	int64_t now = 0;

	(void)state;
	shd_asks_unlisted(&asks, &row, &lacking, at(0));
	shd_asks_answered(&asks, asks, SHD_ASKED_FAILED, at(0));
	assert_int_equal(shd_asks_failing(asks, &row), 0); /* its list tells that */
	assert_true(shd_asks_follow(&asks, &row, "x", SHD_ASKED_FAILED, at(0)));
	x = shd_asks_find(asks, &row, "x");
	for (size_t i = 0; i < SHD_COUNT(pauses_m); i++) {
		assert_int_equal(x->due.ms, at(now + pauses_m[i] * SHD_MINUTE_MS).ms);
		assert_int_equal(shd_asks_failing(asks, &row), 1);
		now += pauses_m[i] * SHD_MINUTE_MS;
		shd_asks_answered(&asks, x, SHD_ASKED_FAILED, at(now));
	}
	assert_false(shd_ask_is_unfound(x, at(now)));
	shd_asks_answered(&asks, x, SHD_ASKED_FOUND, at(now));
	assert_null(shd_asks_find(asks, &row, "x"));
	shd_asks_finish(&asks);
}

static void few_are_asked_for_at_once_and_the_longest_waiting_first(void **state)
{
	struct shd_unlisted all[50];
	struct shd_ask *asks = NULL, *due[SHD_ASKS_AT_ONCE];
	char ids[50][8];
	size_t asked = 0;

	(void)state;
	for (int i = 0; i < 50; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%d", i);
		all[i] = (struct shd_unlisted){ids[i], ids[i], i ? &all[i - 1] : NULL};
		shd_asks_unlisted(&asks, &row, &all[i], at(i));
	}
	for (size_t count; (count = shd_asks_take(asks, at(50), due, SHD_ASKS_AT_ONCE));)
		for (size_t i = 0; i < count; i++, asked++) {
			assert_string_equal(due[i]->id, ids[asked]);
			shd_asks_answered(&asks, due[i], SHD_ASKED_FOUND, at(50));
		}
	assert_int_equal(asked, 50);
	shd_asks_finish(&asks);
}

/* "No such thing" is believed when it was said three times and over an hour, without a break. */
static void one_answer_is_no_verdict(void **state)
{
	const struct shd_unlisted one = {"a", "a", NULL};
	struct shd_ask *asks = NULL;

	(void)state;
	shd_asks_unlisted(&asks, &row, &one, at(0));
	for (int64_t minute = 0; minute <= 130; minute += 10) {
		bool slip = minute == 50;

		shd_asks_answered(&asks, asks, slip ? SHD_ASKED_FOUND : SHD_ASKED_UNFOUND,
			at(minute * SHD_MINUTE_MS));
		assert_int_equal(shd_ask_is_unfound(asks, at(minute * SHD_MINUTE_MS)),
			minute >= 120);
	}
	shd_asks_finish(&asks);
	shd_asks_unlisted(&asks, &row, &one, at(0));
	for (int i = 0; i < 3; i++) {
		int64_t ms = i * SHD_HOUR_MS;

		assert_false(shd_ask_is_unfound(asks, at(ms)));
		shd_asks_answered(&asks, asks, SHD_ASKED_UNFOUND, at(ms));
	}
	assert_true(shd_ask_is_unfound(asks, at(2 * SHD_HOUR_MS)));
	shd_asks_finish(&asks);
}

/* What a record asked to follow is forgotten once it is there, or is certainly not. */
static void a_followed_object_is_asked_for_until_that_is_certain(void **state)
{
	struct shd_ask *asks = NULL;
	int times = 1;

	(void)state;
	assert_true(shd_asks_follow(&asks, &row, "x", SHD_ASKED_UNFOUND, at(0)));
	assert_false(shd_asks_due(asks, at(SHD_DAY_MS))); /* the list does not lack it */
	shd_asks_unlisted(&asks, &row, NULL, at(0));      /* nor does it say anything of it */
	for (; asks; times++)
		shd_asks_answered(&asks, asks, SHD_ASKED_UNFOUND, asks->due);
	assert_true(times >= 4);
	assert_true(shd_asks_follow(&asks, &row, "x", SHD_ASKED_UNFOUND, at(0)));
	shd_asks_answered(&asks, asks, SHD_ASKED_FAILED, asks->due);
	assert_non_null(shd_asks_find(asks, &row, "x"));
	shd_asks_answered(&asks, asks, SHD_ASKED_FOUND, asks->due);
	assert_null(asks);
	for (int i = 0; i < SHD_ASKS_MAX; i++) {
		char id[16];

		snprintf(id, sizeof(id), "%d", i);
		assert_true(shd_asks_follow(&asks, &row, id, SHD_ASKED_UNFOUND, at(0)));
	}
	assert_false(shd_asks_follow(&asks, &row, "one more", SHD_ASKED_UNFOUND, at(0)));
	shd_asks_finish(&asks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_grow),
		cmocka_unit_test(what_fails_is_asked_for_soon),
		cmocka_unit_test(few_are_asked_for_at_once_and_the_longest_waiting_first),
		cmocka_unit_test(one_answer_is_no_verdict),
		cmocka_unit_test(a_followed_object_is_asked_for_until_that_is_certain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

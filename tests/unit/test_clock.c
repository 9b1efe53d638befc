/* daemon/clock: asleep, stopped, set - and a busy second that is none of these. */
#include "support/check.h"

#include "base/mem.h"
#include "host/clock.h"

#include <stdlib.h>
#include <time.h>

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
		const struct shd_clock_reading before = {{5000}, 70000, {1775321940000}};
		const struct shd_clock_reading now = {{5000 + cases[i].mono}, 70000 + cases[i].boot,
			{1775321940000 + cases[i].wall}};
		bool notable = cases[i].stopped || cases[i].jumped;
		struct shd_clock clock;

		shd_clock_init(&clock, &before);
		struct shd_epoch known = shd_epoch_now(&clock);
		int64_t jumped_ms;
		shd_clock_advance(&clock, &now);
		assert_int_equal(shd_clock_now(&clock).ms, now.wall.ms);
		assert_int_equal(clock.blind_to.ms - clock.blind_from.ms, cases[i].stopped);
		assert_int_equal(clock.blind_to.ms, cases[i].stopped ? now.wall.ms : 0);
		assert_int_equal(clock.epoch_boot_ms, notable ? now.boot_ms : before.boot_ms);
		assert_int_equal(shd_epoch_changed(&known, &clock, &jumped_ms), notable);
		assert_int_equal(jumped_ms, cases[i].jumped);
		assert_false(shd_epoch_changed(&known, &clock, &jumped_ms));
		assert_int_equal(jumped_ms, 0);
	}
}

/* Whoever missed an epoch hears of all jumps together. */
static void two_jumps_are_met_at_once(void **state)
{
	const struct shd_clock_reading at = {{0}, 0, {1775321940000}};
	struct shd_clock clock;
	int64_t jumped_ms;

	(void)state;
	shd_clock_init(&clock, &at);
	struct shd_epoch known = shd_epoch_now(&clock);
	shd_clock_advance(&clock, &(struct shd_clock_reading){{10}, 10, {at.wall.ms + 3600010}});
	shd_clock_advance(&clock, &(struct shd_clock_reading){{20}, 20, {at.wall.ms - 7200000}});
	assert_true(shd_epoch_changed(&known, &clock, &jumped_ms));
	assert_int_equal(jumped_ms, -7200020);
	assert_int_equal(clock.epoch, 3);
}

struct turns {
	struct shd_clock clock;
	int64_t seen[2];                /* twice in the turn */
	int closed;
};

static void in_a_turn(uv_timer_t *timer)
{
	struct turns *turns = timer->data;

	turns->seen[0] = shd_clock_look(&turns->clock)->at.mono.ms;
	for (uint64_t until = uv_hrtime() + UINT64_C(3000000); uv_hrtime() < until;)
		;
	turns->seen[1] = shd_clock_look(&turns->clock)->at.mono.ms;
}

static void clock_closed(void *ctx)
{
	((struct turns *)ctx)->closed++;
}

static void one_time_holds_for_a_turn_of_the_loop(void **state)
{
	struct turns turns = {0};
	uv_timer_t timer;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	shd_clock_open(&turns.clock, &loop);
	int64_t opened = turns.clock.at.mono.ms;
	uv_timer_init(&loop, &timer);
	timer.data = &turns;
	uv_timer_start(&timer, in_a_turn, 5, 0);
	uv_run(&loop, UV_RUN_DEFAULT); /* the clock keeps no loop alive */
	assert_true(turns.seen[0] > opened);
	assert_int_equal(turns.seen[1], turns.seen[0]);
	assert_int_equal(turns.clock.epoch, 1);
	uv_close((uv_handle_t *)&timer, NULL);
	shd_clock_close(&turns.clock, clock_closed, &turns);
	assert_int_equal(turns.closed, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(turns.closed, 1);
	assert_int_equal(uv_loop_close(&loop), 0);
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

/* By the zone of the machine, with the date where the day is another. */
static void an_instant_is_told_as_the_reader_counts(void **state)
{
	static const struct {
		const char *zone;
		int64_t at_ms, now_ms;
		const char *text;
	} cases[] = {
		{"Europe/Moscow", 1775321940000, 1775321940000, "19:59:00 MSK"},
		{"Europe/Moscow", 1775336400000, 1775321940000, "2026-04-05 00:00:00 MSK"},
		{"UTC", 1775336400000, 1775321940000, "21:00:00 UTC"},
		{"Asia/Shanghai", 1775321940000, 1743785940000, "2026-04-05 00:59:00 CST"},
		{"UTC", 0, 1775321940000, ""},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		char text[SHD_CLOCK_TEXT];

		setenv("TZ", cases[i].zone, 1);
		tzset();
		assert_string_equal(shd_clock_text((struct shd_wall){cases[i].at_ms},
					    (struct shd_wall){cases[i].now_ms}, text),
			cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_happened_between_two_looks),
		cmocka_unit_test(two_jumps_are_met_at_once),
		cmocka_unit_test(one_time_holds_for_a_turn_of_the_loop),
		cmocka_unit_test(two_clocks_read_an_instant),
		cmocka_unit_test(an_instant_is_told_as_the_reader_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

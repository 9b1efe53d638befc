/* Weeks on a virtual clock: deadlines to the millisecond, blind feeds, suspect
 * answers, restarts, clocks that jump, transactions that are lost. */
#include "support/judge_bench.h"

static const char rules[] =
	"rules:\n"
	"  - rule: first-response\n"
	"    each: complaint\n"
	"    where: responded_at is none\n"
	"    due: opened_at + 48h\n"
	"    levels:\n"
	"      info:     age >= 12h\n"
	"      warning:  remaining <= 12h\n"
	"      critical: remaining <= 2h\n"
	"      breached: remaining <= 0s\n"
	"  - rule: complaint-count\n"
	"    value: count(complaint last 7d)\n"
	"    levels: {warning: value >= 2}\n"
	"  - rule: rating-low\n"
	"    value: rating\n"
	"    levels: {warning: value < 4.7}\n"
	"    for: 10m\n"
	"  - rule: late-share\n"
	"    value: count(order last 2d where shipped_late)\n"
	"    levels: {warning: value >= 1}\n";

static void complaint(struct bench *b, const char *id, int64_t opened)
{
	size_t at = shd_harvest_entity(bench_harvest(b), SHD_KIND_complaint, id, strlen(id));

	shd_set_n(b->harvest, at, SHD_F_complaint_opened_at, opened);
}

/* The pollers succeed once an hour from now to `until`. */
static void stay_awake(struct bench *b, int64_t until)
{
	while (b->now < until) {
		int64_t next = b->now + SHD_HOUR_MS;

		bench_run_until(b, next < until ? next : until);
		bench_poll_all(b);
	}
}

/* So that nothing goes blind when a test only waits. */
static void poll_seldom(struct bench *b)
{
	for (int p = 0; p < SHD_POLLER_COUNT; p++)
		b->sources[0].every_ms[p] = SHD_WEEK_MS;
}

static void a_deadline_has_two_sides_a_millisecond_apart(void **state)
{
	static const struct {
		int64_t at;
		enum shd_level level;
	} steps[] = {
		{12 * SHD_HOUR_MS - 1, SHD_LEVEL_NONE}, {12 * SHD_HOUR_MS, SHD_INFO},
		{36 * SHD_HOUR_MS - 1, SHD_INFO},       {36 * SHD_HOUR_MS, SHD_WARN},
		{46 * SHD_HOUR_MS - 1, SHD_WARN},       {46 * SHD_HOUR_MS, SHD_CRITICAL},
		{48 * SHD_HOUR_MS - 1, SHD_CRITICAL},   {48 * SHD_HOUR_MS, SHD_BREACHED},
		{2 * SHD_WEEK_MS, SHD_BREACHED},
	};
	struct bench b;

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	complaint(&b, "c1", T0);
	bench_sweep(&b, (const char *const[]){"c1"}, 1);
	for (size_t i = 0; i < SHD_COUNT(steps); i++) {
		if (steps[i].at == 2 * SHD_WEEK_MS)
			bench_poll_all(&b);
		bench_run_until(&b, T0 + steps[i].at);
		assert_int_equal(bench_level(&b, "first-response", "c1"), steps[i].level);
	}
	bench_finish(&b);
}

/* The judge itself names the instants: nobody ticks. */
static void the_daemon_sleeps_between_the_boundaries(void **state)
{
	static const int64_t hours[] = {12, 36, 46, 48};
	struct bench b;

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	complaint(&b, "c1", T0);
	bench_sweep(&b, (const char *const[]){"c1"}, 1);
	for (size_t i = 0; i < SHD_COUNT(hours); i++) {
		assert_int_equal(b.outcome.next_wake.ms, T0 + hours[i] * SHD_HOUR_MS);
		bench_wake(&b, b.outcome.next_wake.ms);
	}
	/* What is left: the complaint leaves its window. */
	assert_int_equal(b.outcome.next_wake.ms, T0 + 7 * SHD_DAY_MS);
	bench_finish(&b);
}

static void an_answer_stops_the_clock(void **state)
{
	struct bench b;
	char out[500];

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	complaint(&b, "c1", T0);
	bench_sweep(&b, (const char *const[]){"c1"}, 1);
	bench_run_until(&b, T0 + 13 * SHD_HOUR_MS);
	complaint(&b, "c1", T0);
	shd_set_n(b.harvest, 0, SHD_F_complaint_responded_at, b.now);
	bench_poll(&b, "cases");
	bench_run_until(&b, T0 + SHD_WEEK_MS);
	assert_int_equal(bench_alert(&b, "first-response", "c1")->state, SHD_ALERT_RESOLVED);
	assert_string_equal(bench_outbox(&b, out, sizeof(out)), "mail:new c1;mail:resolved c1;");
	bench_finish(&b);
}

static void a_window_empties_by_itself(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	complaint(&b, "c1", T0);
	complaint(&b, "c2", T0 - SHD_DAY_MS);
	bench_poll(&b, "cases");
	assert_int_equal(bench_level(&b, "complaint-count", ""), SHD_WARN);
	bench_run_until(&b, T0 + 6 * SHD_DAY_MS - 1);
	assert_int_equal(bench_level(&b, "complaint-count", ""), SHD_WARN);
	bench_run_until(&b, T0 + 6 * SHD_DAY_MS);
	assert_int_equal(bench_level(&b, "complaint-count", ""), SHD_LEVEL_NONE);
	bench_finish(&b);
}

static void an_order_becomes_late_between_two_polls(void **state)
{
	struct bench b;
	size_t at;

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	at = shd_harvest_entity(bench_harvest(&b), SHD_KIND_order, "o1", 2);
	shd_set_n(b.harvest, at, SHD_F_order_opened_at, T0);
	shd_set_n(b.harvest, at, SHD_F_order_ship_by, T0 + SHD_HOUR_MS);
	shd_set_text(b.harvest, at, SHD_F_order_status, "awaiting_shipment", 17);
	bench_poll(&b, "orders");
	bench_run_until(&b, T0 + SHD_HOUR_MS);
	assert_int_equal(bench_level(&b, "late-share", ""), SHD_LEVEL_NONE);
	bench_run_until(&b, T0 + SHD_HOUR_MS + 1);
	assert_int_equal(bench_level(&b, "late-share", ""), SHD_WARN);
	bench_finish(&b);
}

static void a_level_must_hold_its_time(void **state)
{
	struct bench b;
	struct shd_value value = {.type = SHD_NUMBER, .n = 4600000};

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	shd_harvest_measure(bench_harvest(&b), SHD_M_rating, false, value);
	bench_poll(&b, "rates");
	bench_run_until(&b, T0 + 10 * SHD_MINUTE_MS - 1);
	assert_int_equal(bench_alert(&b, "rating-low", "")->state, SHD_ALERT_PENDING);
	bench_run_until(&b, T0 + 10 * SHD_MINUTE_MS);
	assert_int_equal(bench_level(&b, "rating-low", ""), SHD_WARN);
	bench_finish(&b);
}

static void a_dead_feed_fires_nothing_and_resolves_nothing(void **state)
{
	struct bench b;
	char out[500];

	(void)state;
	bench_start(&b, rules);
	bench_poll_all(&b);
	complaint(&b, "c1", T0 - 13 * SHD_HOUR_MS);
	complaint(&b, "c2", T0);
	bench_sweep(&b, (const char *const[]){"c1", "c2"}, 2);
	assert_int_equal(bench_level(&b, "first-response", "c1"), SHD_INFO);
	bench_poll_fails(&b, "cases", SHD_ERR_SERVER);
	bench_run_until(&b, T0 + SHD_WEEK_MS);
	/* c1 was firing and is unknown; c2 passed its limit unseen; the count did not end. */
	assert_int_equal(bench_alert(&b, "first-response", "c1")->state, SHD_ALERT_UNKNOWN);
	assert_null(bench_alert(&b, "first-response", "c2"));
	assert_int_equal(bench_alert(&b, "complaint-count", "")->state, SHD_ALERT_UNKNOWN);
	assert_string_equal(bench_outbox(&b, out, sizeof(out)), "mail:new c1;mail:new ;");
	/* The feed is back: everything is judged as it stands now. */
	b.now = T0 + 49 * SHD_HOUR_MS;
	bench_poll(&b, "cases");
	assert_int_equal(bench_level(&b, "first-response", "c1"), SHD_BREACHED);
	assert_int_equal(bench_level(&b, "first-response", "c2"), SHD_BREACHED);
	bench_finish(&b);
}

static void one_empty_answer_is_suspect_and_a_third_is_believed(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	complaint(&b, "c1", T0 - 13 * SHD_HOUR_MS);
	complaint(&b, "c2", T0 - 13 * SHD_HOUR_MS);
	bench_sweep(&b, (const char *const[]){"c1", "c2"}, 2);
	bench_sweep(&b, NULL, 0);
	assert_true(b.outcome.suspect);
	assert_int_equal(bench_level(&b, "first-response", "c1"), SHD_INFO);
	/* The slip is over: nothing happened, and the next one is suspect again. */
	bench_sweep(&b, (const char *const[]){"c1", "c2"}, 2);
	bench_sweep(&b, NULL, 0);
	assert_true(b.outcome.suspect);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(bench_level(&b, "first-response", "c1"), SHD_INFO);
		bench_sweep(&b, NULL, 0);
		assert_false(b.outcome.suspect);
	}
	assert_int_equal(bench_alert(&b, "first-response", "c1")->state, SHD_ALERT_RESOLVED);
	assert_int_equal(bench_alert(&b, "first-response", "c2")->state, SHD_ALERT_RESOLVED);
	bench_finish(&b);
}

static const struct shd_value *unlisted_since(struct bench *b, const char *id)
{
	return shd_entity_get(
		bench_entity(b, SHD_KIND_complaint, id), SHD_F_complaint_unlisted_since);
}

/* One list is no verdict: it closes with the next one that lacks it too. */
static void what_two_sweeps_no_longer_list_has_closed(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	complaint(&b, "c1", T0 - 13 * SHD_HOUR_MS);
	complaint(&b, "c2", T0 - 13 * SHD_HOUR_MS);
	bench_sweep(&b, (const char *const[]){"c1", "c2"}, 2);
	for (int back = 1; back >= 0; back--) {
		b.now += SHD_MINUTE_MS;
		bench_sweep(&b, (const char *const[]){"c2"}, 1);
		assert_int_equal(unlisted_since(&b, "c1")->n, b.now);
		assert_true(unlisted_since(&b, "c2")->none);
		assert_int_equal(b.outcome.relist_at.ms, b.now);
		assert_int_equal(bench_level(&b, "first-response", "c1"), SHD_INFO);
		if (!back)
			break;
		complaint(&b, "c1", T0 - 13 * SHD_HOUR_MS);
		bench_sweep(&b, (const char *const[]){"c1", "c2"}, 2);
		assert_true(unlisted_since(&b, "c1")->none);
		assert_int_equal(b.outcome.relist_at.ms, SHD_NEVER_MS);
		assert_int_equal(bench_alert(&b, "first-response", "c1")->episode, 1);
	}
	b.now += SHD_MINUTE_MS;
	bench_sweep(&b, (const char *const[]){"c2"}, 1);
	assert_int_equal(bench_alert(&b, "first-response", "c1")->state, SHD_ALERT_RESOLVED);
	assert_int_equal(shd_entity_get(bench_entity(&b, SHD_KIND_complaint, "c1"),
					SHD_F_complaint_closed_at)->n, b.now);
	assert_int_equal(bench_level(&b, "first-response", "c2"), SHD_INFO);
	/* It is listed again: it has not closed after all. */
	complaint(&b, "c1", T0 - 13 * SHD_HOUR_MS);
	bench_sweep(&b, (const char *const[]){"c1", "c2"}, 2);
	assert_int_equal(bench_level(&b, "first-response", "c1"), SHD_INFO);
	assert_int_equal(bench_alert(&b, "first-response", "c1")->episode, 2);
	bench_finish(&b);
}

static void complaint_seen(struct bench *b, const char *id, const struct shd_endpoint *by)
{
	size_t at = shd_harvest_entity(bench_harvest(b), SHD_KIND_complaint, id, strlen(id));

	shd_set_n(b->harvest, at, SHD_F_complaint_opened_at, T0 - 13 * SHD_HOUR_MS);
	struct shd_batch batch = bench_batch_of(b, by);
	bench_take(b, &batch);
}

/* With an age it stays that long, whatever the lists say meanwhile; each answer that speaks of it
 * begins the time anew. */
static void what_vanished_ends_after_its_age_unless_something_speaks_of_it(void **state)
{
	static const struct shd_endpoint own[] = {
		{.name = "cases", .poller = SHD_P_complaints, .paging = SHD_PAGE_CURSOR,
			.complete = true, .gone_after_ms = SHD_DAY_MS,
			.closes = SHD_KIND_complaint},
		{.name = "by_id", .poller = SHD_P_complaints, .paging = SHD_PAGE_BATCH,
			.optional = true},
	};
	static const char *const both[] = {"c1", "c2"};

	(void)state;
	for (int spoken = 0; spoken < 2; spoken++) {
		const int64_t first = T0 + SHD_HOUR_MS;
		const int64_t ends = first + (spoken ? 2 : 1) * SHD_DAY_MS;
		struct bench b;

		bench_start(&b, rules);
		poll_seldom(&b);
		b.sources[0].endpoints = own;
		b.sources[0].endpoint_count = SHD_COUNT(own);
		for (b.now = T0; b.now <= ends;
		     b.now += b.now == T0 ? SHD_HOUR_MS : 12 * SHD_HOUR_MS) {
			bool asked = spoken && b.now == first + SHD_DAY_MS;

			if (asked || b.now == T0)
				complaint_seen(&b, "c1", &own[asked]);
			if (b.now == T0)
				complaint_seen(&b, "c2", &own[0]);
			struct shd_batch batch = bench_batch_of(&b, &own[0]);
			batch.seen.listed = both + (b.now > T0);
			batch.seen.listed_count = b.now > T0 ? 1 : 2;
			bench_take(&b, &batch);
			assert_int_equal(bench_alert(&b, "first-response", "c1")->state,
				b.now < ends ? SHD_ALERT_FIRING : SHD_ALERT_RESOLVED);
		}
		bench_finish(&b);
	}
}

/* It adds, and it ends nothing, however often it comes and however little it lists. */
static void an_incomplete_sweep_closes_nothing(void **state)
{
	static const char *const one[] = {"c3"};
	struct bench b;

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	complaint(&b, "c1", T0 - 13 * SHD_HOUR_MS);
	complaint(&b, "c2", T0 - 13 * SHD_HOUR_MS);
	bench_sweep(&b, (const char *const[]){"c1", "c2"}, 2);
	for (int i = 0; i < 6; i++) {
		b.now += SHD_MINUTE_MS;
		complaint(&b, "c3", T0 - 13 * SHD_HOUR_MS);
		struct shd_batch batch = bench_batch(&b, 0, "cases");
		batch.seen.listed = one;
		batch.seen.listed_count = (size_t)(i % 2);
		batch.seen.incomplete = "1 of 3 rows";
		bench_take(&b, &batch);
		assert_false(b.outcome.suspect);
	}
	assert_int_equal(bench_level(&b, "first-response", "c1"), SHD_INFO);
	assert_int_equal(bench_level(&b, "first-response", "c2"), SHD_INFO);
	assert_int_equal(bench_level(&b, "first-response", "c3"), SHD_INFO);
	bench_finish(&b);
}

/* A week in which much happens; what it leaves behind is in the history. */
static void live_a_week(struct bench *b)
{
	static const char *const open[] = {"c1", "c2", "c3"};
	struct shd_value value = {.type = SHD_NUMBER, .n = 4600000};

	bench_poll_all(b);
	complaint(b, "c1", T0 - 11 * SHD_HOUR_MS);
	bench_sweep(b, open, 1);
	stay_awake(b, T0 + SHD_HOUR_MS + 7);
	complaint(b, "c2", b->now - SHD_HOUR_MS);
	bench_sweep(b, open, 2);
	shd_harvest_measure(bench_harvest(b), SHD_M_rating, false, value);
	bench_poll(b, "rates");
	stay_awake(b, T0 + 20 * SHD_HOUR_MS);
	bench_poll_fails(b, "cases", SHD_ERR_TIMEOUT);
	bench_run_until(b, b->now + 5 * SHD_HOUR_MS);
	bench_poll_all(b);
	value.n = 4800000;
	shd_harvest_measure(bench_harvest(b), SHD_M_rating, false, value);
	bench_poll(b, "rates");
	bench_sweep(b, NULL, 0);
	complaint(b, "c3", b->now);
	bench_sweep(b, open, 3);
	stay_awake(b, T0 + 2 * SHD_DAY_MS);
	bench_sweep(b, open + 1, 2);
	stay_awake(b, T0 + 3 * SHD_DAY_MS);
}

static void a_restart_between_any_two_steps_changes_nothing(void **state)
{
	static char first[65536], second[65536];

	(void)state;
	for (int restarts = 0; restarts < 2; restarts++) {
		struct bench b;

		bench_start(&b, rules);
		for (int p = 0; p < SHD_POLLER_COUNT; p++)
			b.sources[0].every_ms[p] = 30 * SHD_MINUTE_MS;
		b.restarts = restarts;
		live_a_week(&b);
		bench_history(&b, restarts ? second : first, sizeof(first));
		bench_finish(&b);
	}
	assert_string_equal(first, second);
	assert_non_null(strstr(first, "first-response c1"));
	assert_non_null(strstr(first, "blinded"));
	assert_non_null(strstr(first, "resolved"));
}

/* Killed before the commit: the poll is asked again, and what comes of it is the same. */
static void a_lost_transaction_is_lived_again(void **state)
{
	static char first[8192], second[8192];
	char out[2][1000];

	(void)state;
	for (int kills = 0; kills < 2; kills++) {
		struct bench b;

		bench_start(&b, rules);
		poll_seldom(&b);
		bench_poll_all(&b);
		for (int i = 0; i < 6; i++) {
			static const char *const open[] = {"c0", "c1", "c2", "c3", "c4", "c5"};
			struct shd_batch batch;

			complaint(&b, open[i], T0 - i * 9 * SHD_HOUR_MS);
			batch = bench_batch(&b, 0, "cases");
			batch.seen.listed = open;
			batch.seen.listed_count = (size_t)i + 1;
			if (kills) {
				bench_begin(&b);
				assert_true(shd_judge_batch(b.judge, &batch, &b.err));
				bench_reopen(&b); /* the process is gone, the file is not */
			}
			bench_take(&b, &batch);
			bench_run_until(&b, b.now + SHD_HOUR_MS);
		}
		bench_history(&b, kills ? second : first, sizeof(first));
		bench_outbox(&b, out[kills], sizeof(out[0]));
		bench_finish(&b);
	}
	assert_string_equal(first, second);
	assert_string_equal(out[0], out[1]);
}

static void a_clock_that_goes_back_fires_nothing_twice(void **state)
{
	struct bench b;
	char before[2000], after[2000];

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	complaint(&b, "c1", T0 - 40 * SHD_HOUR_MS);
	bench_sweep(&b, (const char *const[]){"c1"}, 1);
	assert_int_equal(bench_level(&b, "first-response", "c1"), SHD_WARN);
	bench_outbox(&b, before, sizeof(before));
	b.now = T0 - 30 * SHD_HOUR_MS;
	bench_poll_all(&b);
	bench_sweep(&b, (const char *const[]){"c1"}, 1);
	bench_wake(&b, b.now + 1);
	b.now = T0 + SHD_MINUTE_MS;
	bench_poll_all(&b);
	bench_wake(&b, b.now + 1);
	assert_int_equal(bench_level(&b, "first-response", "c1"), SHD_WARN);
	assert_string_equal(bench_outbox(&b, after, sizeof(after)), before);
	bench_finish(&b);
}

/* The machine slept: every feed is old, so nothing is judged until one is read. */
static void a_clock_that_jumps_ahead_judges_nothing_unread(void **state)
{
	struct bench b;
	char out[500];

	(void)state;
	bench_start(&b, rules);
	bench_poll_all(&b);
	complaint(&b, "c1", T0);
	bench_sweep(&b, (const char *const[]){"c1"}, 1);
	bench_wake(&b, T0 + 50 * SHD_HOUR_MS);
	assert_int_equal(bench_level(&b, "first-response", "c1"), SHD_LEVEL_NONE);
	assert_string_equal(bench_outbox(&b, out, sizeof(out)), "");
	bench_poll(&b, "cases");
	assert_int_equal(bench_level(&b, "first-response", "c1"), SHD_BREACHED);
	bench_finish(&b);
}

static void a_store_that_is_gone_from_the_configuration_sleeps(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	complaint(&b, "c1", T0);
	bench_sweep(&b, (const char *const[]){"c1"}, 1);
	b.stores[0].id = "other";
	bench_judge(&b);
	bench_wake(&b, T0 + SHD_WEEK_MS);
	assert_null(bench_alert(&b, "first-response", "c1"));
	b.stores[0].id = "s1";
	bench_judge(&b);
	bench_begin(&b);
	assert_true(shd_judge_store(b.judge, b.stores[0].id, &b.err));
	bench_end(&b);
	assert_int_equal(bench_level(&b, "first-response", "c1"), SHD_BREACHED);
	bench_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_deadline_has_two_sides_a_millisecond_apart),
		cmocka_unit_test(the_daemon_sleeps_between_the_boundaries),
		cmocka_unit_test(an_answer_stops_the_clock),
		cmocka_unit_test(a_window_empties_by_itself),
		cmocka_unit_test(an_order_becomes_late_between_two_polls),
		cmocka_unit_test(a_level_must_hold_its_time),
		cmocka_unit_test(a_dead_feed_fires_nothing_and_resolves_nothing),
		cmocka_unit_test(one_empty_answer_is_suspect_and_a_third_is_believed),
		cmocka_unit_test(what_two_sweeps_no_longer_list_has_closed),
		cmocka_unit_test(what_vanished_ends_after_its_age_unless_something_speaks_of_it),
		cmocka_unit_test(an_incomplete_sweep_closes_nothing),
		cmocka_unit_test(a_restart_between_any_two_steps_changes_nothing),
		cmocka_unit_test(a_lost_transaction_is_lived_again),
		cmocka_unit_test(a_clock_that_goes_back_fires_nothing_twice),
		cmocka_unit_test(a_clock_that_jumps_ahead_judges_nothing_unread),
		cmocka_unit_test(a_store_that_is_gone_from_the_configuration_sleeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

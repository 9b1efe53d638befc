/* daemon/net/bucket.h, daemon/poll/limits.h and ledger.h: rates and pauses, in virtual time,
 * over reload, restart and kill -9. */
#include "support/check.h"
#include "support/ledger.h"
#include "support/source.h"

#include "poll/limits.h"

/* --- buckets ---------------------------------------------------------------------------- */

static bool take(struct shd_bucket *bucket, int64_t now_ms)
{
	if (shd_bucket_wait_ms(bucket, now_ms) > 0)
		return false;
	shd_bucket_spend(bucket);
	return true;
}

/* In no second are there more requests than allowed, and nearly all of those that
 * are allowed can be made. */
static void a_rate_holds_in_every_second(void **state)
{
	static const int64_t rates[] = {1, 2, 5, 10, 50, 1000};

	(void)state;
	for (size_t r = 0; r < SHD_COUNT(rates); r++) {
		static int64_t taken[60000];
		struct shd_bucket rate;
		size_t count = 0, first = 0;
		int64_t now = 0;

		shd_bucket_init_per_second(&rate, rates[r]);
		while (now < 20000) {
			int64_t wait = shd_bucket_wait_ms(&rate, now);

			if (wait > 0) {
				now += wait;
				continue;
			}
			shd_bucket_spend(&rate);
			taken[count++] = now;
			while (taken[first] <= now - 1000)
				first++;
			assert_true((int64_t)(count - first) <= rates[r]);
		}
		assert_true((int64_t)count >= 20 * rates[r] * 3 / 4 || rates[r] == 2);
	}
}

static void a_bucket_lets_a_burst_pass_and_then_its_rate(void **state)
{
	struct shd_bucket bucket;
	int64_t now = 1000000;
	int sent = 0;
	(void)state;

	shd_bucket_init(&bucket, 20 * 1000000 / 60, 5);
	for (; take(&bucket, now); sent++)
		assert_true(sent < 5);
	assert_int_equal(sent, 5);
	assert_int_equal(shd_bucket_wait_ms(&bucket, now), 3001);
	/* Looking often does not starve it. */
	for (int64_t end_ms = now + 60000; now < end_ms; now++)
		sent += take(&bucket, now);
	assert_in_range(sent, 5 + 19, 5 + 20);
}

static void a_request_in_an_hour_is_a_rate(void **state)
{
	struct shd_bucket bucket;
	int64_t now = 1000, end = now + 24 * SHD_HOUR_MS;
	int sent = 0;
	(void)state;

	shd_bucket_init(&bucket, 278, 1);
	for (; now < end; now += 10)
		sent += take(&bucket, now);
	assert_in_range(sent, 24, 25);
}

static void a_bucket_without_a_rate_is_open(void **state)
{
	struct shd_bucket bucket;
	(void)state;

	shd_bucket_init(&bucket, 0, 0);
	for (int i = 0; i < 1000; i++)
		assert_true(take(&bucket, 1000));
}

static void a_bucket_survives_a_clock_that_jumps(void **state)
{
	struct shd_bucket bucket;
	(void)state;

	shd_bucket_init(&bucket, 1000000, 1);
	assert_true(take(&bucket, 1000000));
	assert_int_equal(shd_bucket_wait_ms(&bucket, 1000), 1000);
	assert_true(take(&bucket, 2000));
	assert_true(take(&bucket, INT64_MAX / 2));
	assert_false(take(&bucket, INT64_MAX / 2));
}

/* --- credentials and operations ------------------------------------------------------------ */

enum { PLAIN, SALES, SALES_TOO, STOCKS, BURST, ROWS };

static const struct shd_endpoint rows[ROWS] = {
	[PLAIN] = {.name = "plain"},
	[SALES] = {.name = "sales", .operation = "report", .micro_per_s = 1000000 / 60, .burst = 2},
	[SALES_TOO] = {.name = "sales_too", .operation = "report",
		.micro_per_s = 1000000 / 60, .burst = 2},
	[STOCKS] = {.name = "stocks", .operation = "stock", .micro_per_s = 500000, .burst = 1},
	[BURST] = {.name = "burst", .operation = "list", .micro_per_s = 100000, .burst = 10},
};
static const struct shd_adapter market = {
	.name = "here", .endpoints = rows, .endpoint_count = ROWS};

/* The first and the last have one credential, the first and the second one host. */
struct shops {
	struct test_source of[3];
	struct shd_source sources[3];
	struct test_ledger *ledger;
	struct shd_limits limits;
};

static void open_shops(struct shops *shops, struct test_ledger *ledger)
{
	static const char *const ids[] = {"b", "a", "c"};
	static const char *const urls[] = {
		"https://api.example.com", "https://user@API.example.com/v2", "http://[::1]:8080"};

	for (size_t i = 0; i < SHD_COUNT(ids); i++) {
		test_source_init(&shops->of[i], ids[i], &market);
		shops->sources[i] = shops->of[i].source;
		shops->sources[i].base_url = urls[i];
	}
	shops->sources[2].credential = &shops->of[0].credential;
	shops->ledger = ledger;
	shd_limits_init(&shops->limits, shops->sources, SHD_COUNT(ids), ledger->of);
}

static int start_up(void **state)
{
	struct shops *shops = calloc(1, sizeof(*shops));

	test_ledger_open(*state = calloc(1, sizeof(struct test_ledger)));
	open_shops(shops, *state);
	*state = shops;
	return 0;
}

static int tear_down(void **state)
{
	struct shops *shops = *state;

	shd_limits_finish(&shops->limits);
	test_ledger_close(shops->ledger);
	free(shops->ledger);
	free(shops);
	return 0;
}

static void reload(struct shops *shops)
{
	struct shd_limits old = shops->limits;

	open_shops(shops, shops->ledger);
	shd_limits_finish(&old);
}

static void kill_and_start(struct shops *shops, int64_t passed_ms)
{
	shd_limits_finish(&shops->limits);
	test_ledger_kill(shops->ledger);
	test_ledger_start(shops->ledger, passed_ms);
	open_shops(shops, shops->ledger);
}

static bool ask(struct shops *shops, int source, int row)
{
	int64_t wait;

	return shd_limits_take(&shops->limits.sources[source], &rows[row], &wait);
}

/* How many requests leave in so many milliseconds, when both ask for all they can get. */
static int ask_both(struct shops *shops, int first, int first_row, int second, int second_row,
		    int64_t ms)
{
	int sent = 0;

	for (; ms > 0; ms--) {
		sent += ask(shops, first, first_row);
		sent += ask(shops, second, second_row);
		test_ledger_pass(shops->ledger, 1);
	}
	return sent;
}

static void sources_of_one_credential_share_its_rate(void **state)
{
	struct shops *shops = *state;

	for (int second = 0; second < 20; second++)
		assert_in_range(ask_both(shops, 0, PLAIN, 2, PLAIN, 1000), 7, 10);
	test_ledger_pass(shops->ledger, 1000);
	assert_in_range(ask_both(shops, 0, PLAIN, 1, PLAIN, 1000), 17, 20);
}

static void rows_of_one_operation_share_its_rate_over_all_sources(void **state)
{
	struct shops *shops = *state;

	assert_int_equal(ask_both(shops, 0, SALES, 2, SALES_TOO, 1000), 2);
	assert_int_equal(ask_both(shops, 0, SALES_TOO, 2, SALES, 60000), 1);
}

static void operations_do_not_share(void **state)
{
	struct shops *shops = *state;
	int64_t wait;

	assert_int_equal(ask_both(shops, 0, SALES, 2, SALES, 1000), 2);
	/* One operation that is spent holds up neither another nor the rows without any, nor
	 * does it take from the rate over everything while it waits. */
	assert_int_equal(ask_both(shops, 0, SALES, 2, STOCKS, 1000), 1);
	assert_int_equal(ask_both(shops, 1, SALES, 1, STOCKS, 1000), 3);
	assert_in_range(ask_both(shops, 0, SALES, 2, PLAIN, 1000), 7, 10);
	assert_false(shd_limits_take(&shops->limits.sources[0], &rows[SALES], &wait));
	assert_in_range(wait, 55000, 57000);
}

static void a_reload_gives_nothing_back(void **state)
{
	struct shops *shops = *state;

	assert_int_equal(ask_both(shops, 0, SALES, 0, SALES, 1000), 2);
	reload(shops);
	assert_int_equal(ask_both(shops, 0, SALES, 2, SALES, 58000), 0);
	assert_int_equal(ask_both(shops, 0, SALES, 2, SALES, 2000), 1);
	/* What was not asked for may be, as before. */
	assert_int_equal(ask_both(shops, 1, SALES, 1, SALES, 1000), 2);
}

/* --- restarts ----------------------------------------------------------------------------- */

/* Killed after each millisecond of a busy time: never more leaves in all than the platform
 * bears, and not much less. */
static void whoever_is_killed_has_not_asked_for_more_than_is_allowed(void **state)
{
	struct shops *shops = *state;

	for (int64_t life_ms = 1; life_ms < 3000; life_ms += 97) {
		struct shd_bucket platform;
		int64_t now = 0;
		int sent = 0;

		shd_limits_finish(&shops->limits);
		test_ledger_close(shops->ledger);
		test_ledger_open(shops->ledger);
		open_shops(shops, shops->ledger);
		shd_bucket_init(&platform, rows[BURST].micro_per_s, rows[BURST].burst);
		for (int life = 0; life < 20; life++) {
			for (int64_t ms = 0; ms < life_ms; ms++, now++) {
				while (ask(shops, 0, BURST)) {
					assert_int_equal(shd_bucket_wait_ms(&platform, now), 0);
					shd_bucket_spend(&platform);
					sent++;
				}
				test_ledger_pass(shops->ledger, 1);
			}
			kill_and_start(shops, 500);
			now += 500;
		}
		if (life_ms > 100) /* else nothing can be written */
			assert_true(sent >= 10 - SHD_LEDGER_AHEAD);
	}
}

static void a_restart_costs_few_requests(void **state)
{
	struct shops *shops = *state;

	assert_int_equal(ask_both(shops, 0, BURST, 0, BURST, 1), 0); /* once a row is written */
	test_ledger_pass(shops->ledger, 1);
	assert_true(ask(shops, 0, BURST));
	test_ledger_pass(shops->ledger, 2000);
	kill_and_start(shops, 1000);
	int left = 10 - 1 - SHD_LEDGER_AHEAD, came = 1; /* in 10 s */
	assert_in_range(ask_both(shops, 0, BURST, 0, BURST, 10000), left, left + came);
	/* What came while the daemon was not there counts; a clock that is set back takes nothing.
	 */
	test_ledger_pass(shops->ledger, 2000);
	kill_and_start(shops, SHD_HOUR_MS);
	assert_int_equal(ask_both(shops, 0, BURST, 0, BURST, 10000), 10);
	test_ledger_pass(shops->ledger, 2000);
	kill_and_start(shops, -SHD_DAY_MS);
	assert_in_range(ask_both(shops, 0, BURST, 0, BURST, 1000), 0, 1);
	assert_in_range(ask_both(shops, 0, BURST, 0, BURST, 60000), 5, 7);
}

static void writing_is_for_many_requests(void **state)
{
	struct shops *shops = *state;

	ask_both(shops, 0, PLAIN, 1, STOCKS, 10000);
	assert_int_equal(shops->ledger->writes, 0); /* they are full again at once */
	assert_false(ask(shops, 0, BURST));
	test_ledger_write(shops->ledger);
	for (int i = 0; i < SHD_LEDGER_AHEAD; i++) {
		shops->ledger->mono_ms += 1000;
		assert_true(ask(shops, 0, BURST));
	}
	assert_int_equal(shops->ledger->writes, 1);
	shops->ledger->mono_ms += 1000;
	assert_false(ask(shops, 0, BURST)); /* not before the next row */
	test_ledger_write(shops->ledger);
	assert_true(ask(shops, 0, BURST));
}

static void without_a_row_nothing_leaves(void **state)
{
	struct shops *shops = *state;

	shops->ledger->refuses = true;
	assert_int_equal(ask_both(shops, 0, BURST, 0, BURST, 5000), 0);
	assert_true(ask(shops, 0, STOCKS));
	shops->ledger->refuses = false;
	assert_int_equal(ask_both(shops, 0, BURST, 0, BURST, 5000), 10);
}

static void a_pause_outlives_the_daemon(void **state)
{
	struct shops *shops = *state;

	shd_limits_refused(&shops->limits.sources[0], SHD_SCOPE_HOST, 60000,
		(struct shd_mono){shops->ledger->mono_ms});
	shd_limits_refused(&shops->limits.sources[2], SHD_SCOPE_SOURCE, 30000,
		(struct shd_mono){shops->ledger->mono_ms});
	test_ledger_pass(shops->ledger, 2000);
	kill_and_start(shops, 8000);
	const struct shd_mono now = {shops->ledger->mono_ms};
	assert_int_equal(shd_limits_paused_ms(&shops->limits.sources[0], now), 50000);
	assert_int_equal(shd_limits_paused_ms(&shops->limits.sources[1], now), 50000);
	assert_int_equal(shd_limits_paused_ms(&shops->limits.sources[2], now), 20000);
	kill_and_start(shops, -SHD_DAY_MS); /* the clock was ahead: no pause of a day */
	assert_int_equal(shd_limits_paused_ms(&shops->limits.sources[0],
				 (struct shd_mono){shops->ledger->mono_ms}), SHD_PAUSE_MAX_MS);
}

/* Though nobody asks anything meanwhile; and not as fast as it fails. */
static void what_the_state_did_not_keep_is_written_again(void **state)
{
	struct shops *shops = *state;

	shd_limits_refused(&shops->limits.sources[2], SHD_SCOPE_SOURCE, SHD_HOUR_MS,
		(struct shd_mono){shops->ledger->mono_ms});
	shops->ledger->refuses = true;
	test_ledger_pass(shops->ledger, SHD_MINUTE_MS);
	assert_in_range(shops->ledger->writes, 4, 7);
	assert_false(ask(shops, 0, BURST)); /* a request does not hurry it */
	test_ledger_pass(shops->ledger, 100);
	assert_in_range(shops->ledger->writes, 4, 7);
	shops->ledger->refuses = false;
	test_ledger_pass(shops->ledger, SHD_MINUTE_MS);
	kill_and_start(shops, 0);
	assert_true(shd_limits_paused_ms(&shops->limits.sources[2],
			    (struct shd_mono){shops->ledger->mono_ms}) > SHD_HOUR_MS / 4);
}

/* --- rates that the platform tells ---------------------------------------------------------- */

static void a_rate_that_is_told_holds(void **state)
{
	static const struct {
		int64_t told;
		int sent; /* in a minute, of one that is empty */
	} cases[] = {{500000, 30}, {100000, 6}, {2000000, 60}, {1, 1}, {0, 6}, {-5, 6}};
	struct shops *shops = *state;

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_source_limits *of = shops->limits.sources;

		shd_limits_stated(of, &rows[BURST], 100000);
		ask_both(shops, 0, BURST, 0, BURST, 300000);
		shd_limits_stated(of, &rows[BURST], cases[i].told);
		shd_limits_stated(of, &rows[PLAIN], cases[i].told); /* it has no operation */
		assert_in_range(ask_both(shops, 0, BURST, 0, BURST, 60000), cases[i].sent - 1,
			cases[i].sent + 1);
		reload(shops);
		assert_in_range(ask_both(shops, 0, BURST, 0, BURST, 60000), cases[i].sent - 1,
			cases[i].sent + 1);
		test_ledger_pass(shops->ledger, 1000);
		kill_and_start(shops, 0);
		assert_in_range(ask_both(shops, 0, BURST, 0, BURST, 60000),
			cases[i].sent > SHD_LEDGER_AHEAD ? cases[i].sent - 1 - SHD_LEDGER_AHEAD : 0,
			cases[i].sent + 1);
	}
}

/* --- pauses ------------------------------------------------------------------------------- */

static void assert_paused(const struct shops *shops, int64_t now_ms, const int64_t paused_ms[3])
{
	for (size_t i = 0; i < SHD_COUNT(shops->sources); i++)
		assert_int_equal(shd_limits_paused_ms(&shops->limits.sources[i],
					 (struct shd_mono){now_ms}), paused_ms[i]);
}

static void a_refusal_pauses_its_scope_and_nothing_else(void **state)
{
	static const struct {
		enum shd_scope scope;
		int64_t paused_ms[3];
	} cases[] = {
		{SHD_SCOPE_ROW, {0, 0, 0}},
		{SHD_SCOPE_SOURCE, {7000, 0, 0}},
		{SHD_SCOPE_CREDENTIAL, {7000, 0, 7000}},
		{SHD_SCOPE_HOST, {7000, 7000, 0}},
	};
	static const int64_t none[3] = {0};
	struct shops *shops = *state;

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		int64_t now = 100000 * (int64_t)i;

		shd_limits_refused(&shops->limits.sources[0], cases[i].scope, 7000,
			(struct shd_mono){now});
		assert_paused(shops, now, cases[i].paused_ms);
		assert_paused(shops, now + 7000, none);
	}
}

static void a_pause_ends_within_half_an_hour_and_is_not_cut_short(void **state)
{
	struct shops *shops = *state;
	struct shd_source_limits *of = &shops->limits.sources[1];

	shd_limits_refused(of, SHD_SCOPE_SOURCE, 0, (struct shd_mono){1000});
	assert_paused(shops, 1000, (const int64_t[]){0, 0, 0});
	shd_limits_refused(of, SHD_SCOPE_SOURCE, 30 * SHD_DAY_MS, (struct shd_mono){1000});
	shd_limits_refused(of, SHD_SCOPE_SOURCE, 5, (struct shd_mono){2000});
	assert_paused(shops, 2000, (const int64_t[]){0, SHD_HOUR_MS / 2 - 1000, 0});
	/* The longest of all that concern it. */
	shd_limits_refused(of, SHD_SCOPE_HOST, SHD_HOUR_MS, (struct shd_mono){3000});
	assert_paused(shops, 3000, (const int64_t[]){SHD_HOUR_MS / 2, SHD_HOUR_MS / 2, 0});
}

static void a_reload_ends_no_pause(void **state)
{
	struct shops *shops = *state;
	struct shd_source_limits *of = shops->limits.sources;

	shd_limits_refused(&of[1], SHD_SCOPE_SOURCE, 9000, (struct shd_mono){0});
	shd_limits_refused(&of[0], SHD_SCOPE_HOST, 8000, (struct shd_mono){0});
	shd_limits_refused(&of[2], SHD_SCOPE_CREDENTIAL, 7000, (struct shd_mono){0});
	reload(shops);
	assert_paused(shops, 0, (const int64_t[]){8000, 9000, 7000});
}

#define IN_SHOPS(test) cmocka_unit_test_setup_teardown(test, start_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_holds_in_every_second),
		cmocka_unit_test(a_bucket_lets_a_burst_pass_and_then_its_rate),
		cmocka_unit_test(a_request_in_an_hour_is_a_rate),
		cmocka_unit_test(a_bucket_without_a_rate_is_open),
		cmocka_unit_test(a_bucket_survives_a_clock_that_jumps),
		IN_SHOPS(sources_of_one_credential_share_its_rate),
		IN_SHOPS(rows_of_one_operation_share_its_rate_over_all_sources),
		IN_SHOPS(operations_do_not_share),
		IN_SHOPS(a_reload_gives_nothing_back),
		IN_SHOPS(whoever_is_killed_has_not_asked_for_more_than_is_allowed),
		IN_SHOPS(a_restart_costs_few_requests),
		IN_SHOPS(writing_is_for_many_requests),
		IN_SHOPS(without_a_row_nothing_leaves),
		IN_SHOPS(a_pause_outlives_the_daemon),
		IN_SHOPS(what_the_state_did_not_keep_is_written_again),
		IN_SHOPS(a_rate_that_is_told_holds),
		IN_SHOPS(a_refusal_pauses_its_scope_and_nothing_else),
		IN_SHOPS(a_pause_ends_within_half_an_hour_and_is_not_cut_short),
		IN_SHOPS(a_reload_ends_no_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

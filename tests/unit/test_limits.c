/* daemon/net/bucket.h and daemon/poll/limits.h: rates and pauses, in virtual time. */
#include "support/check.h"
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

enum { PLAIN, SALES, SALES_TOO, STOCKS, ROWS };

static const struct shd_endpoint rows[ROWS] = {
	[PLAIN] = {.name = "plain"},
	[SALES] = {.name = "sales", .operation = "report", .micro_per_s = 1000000 / 60, .burst = 2},
	[SALES_TOO] = {.name = "sales_too", .operation = "report",
		.micro_per_s = 1000000 / 60, .burst = 2},
	[STOCKS] = {.name = "stocks", .operation = "stock", .micro_per_s = 500000, .burst = 1},
};
static const struct shd_adapter market = {
	.name = "here", .endpoints = rows, .endpoint_count = ROWS};

/* The first and the last have one credential, the first and the second one host. */
struct shops {
	struct test_source of[3];
	struct shd_source sources[3];
	struct shd_limits limits;
};

static void open_shops(struct shops *shops, const struct shd_limits *old)
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
	shd_limits_init(&shops->limits, shops->sources, SHD_COUNT(ids), old);
}

/* How many requests leave in so many milliseconds, when both ask for all they can get. */
static int ask_both(struct shops *shops, const struct shd_source *first, int first_row,
	const struct shd_source *second, int second_row, int64_t from, int64_t ms)
{
	struct shd_source_limits *one = &shops->limits.sources[first - shops->sources];
	struct shd_source_limits *other = &shops->limits.sources[second - shops->sources];
	int sent = 0;

	for (int64_t now = from; now < from + ms; now++) {
		int64_t wait;

		sent += shd_limits_take(one, &rows[first_row], (struct shd_mono){now}, &wait);
		sent += shd_limits_take(other, &rows[second_row], (struct shd_mono){now}, &wait);
	}
	return sent;
}

static void sources_of_one_credential_share_its_rate(void **state)
{
	struct shops shops;
	const struct shd_source *s = shops.sources;
	(void)state;

	open_shops(&shops, NULL);
	for (int second = 0; second < 20; second++) {
		int sent = ask_both(&shops, &s[0], PLAIN, &s[2], PLAIN, 1000 * second, 1000);

		assert_in_range(sent, 7, 10);
	}
	assert_in_range(ask_both(&shops, &s[0], PLAIN, &s[1], PLAIN, 30000, 1000), 17, 20);
	shd_limits_finish(&shops.limits);
}

static void rows_of_one_operation_share_its_rate_over_all_sources(void **state)
{
	struct shops shops;
	const struct shd_source *s = shops.sources;
	(void)state;

	open_shops(&shops, NULL);
	assert_int_equal(ask_both(&shops, &s[0], SALES, &s[2], SALES_TOO, 0, 1000), 2);
	assert_int_equal(ask_both(&shops, &s[0], SALES_TOO, &s[2], SALES, 1000, 60000), 1);
	shd_limits_finish(&shops.limits);
}

static void operations_do_not_share(void **state)
{
	struct shops shops;
	const struct shd_source *s = shops.sources;
	int64_t wait;
	(void)state;

	open_shops(&shops, NULL);
	assert_int_equal(ask_both(&shops, &s[0], SALES, &s[2], SALES, 0, 1000), 2);
	/* One operation that is spent holds up neither another nor the rows without any, nor
	 * does it take from the rate over everything while it waits. */
	assert_int_equal(ask_both(&shops, &s[0], SALES, &s[2], STOCKS, 1000, 1000), 1);
	assert_int_equal(ask_both(&shops, &s[1], SALES, &s[1], STOCKS, 1000, 1000), 3);
	assert_in_range(ask_both(&shops, &s[0], SALES, &s[2], PLAIN, 2000, 1000), 7, 10);
	assert_false(shd_limits_take(
		&shops.limits.sources[0], &rows[SALES], (struct shd_mono){4000}, &wait));
	assert_in_range(wait, 55000, 57000);
	shd_limits_finish(&shops.limits);
}

static void a_reload_gives_nothing_back(void **state)
{
	struct shops before, after;
	const struct shd_source *s = after.sources;
	(void)state;

	open_shops(&before, NULL);
	assert_int_equal(
		ask_both(&before, before.sources, SALES, before.sources, SALES, 0, 1000), 2);
	open_shops(&after, &before.limits);
	shd_limits_finish(&before.limits);
	assert_int_equal(ask_both(&after, &s[0], SALES, &s[2], SALES, 1000, 58000), 0);
	assert_int_equal(ask_both(&after, &s[0], SALES, &s[2], SALES, 59000, 2000), 1);
	/* What was not asked for may be, as before. */
	assert_int_equal(ask_both(&after, &s[1], SALES, &s[1], SALES, 1000, 1000), 2);
	shd_limits_finish(&after.limits);
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
	(void)state;

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shops shops;

		open_shops(&shops, NULL);
		shd_limits_refused(&shops.limits.sources[0], cases[i].scope, 7000,
			(struct shd_mono){500});
		assert_paused(&shops, 500, cases[i].paused_ms);
		assert_paused(&shops, 7500, none);
		shd_limits_finish(&shops.limits);
	}
}

static void a_pause_ends_within_an_hour_and_is_not_cut_short(void **state)
{
	struct shops shops;
	(void)state;

	open_shops(&shops, NULL);
	struct shd_source_limits *of = &shops.limits.sources[1];
	shd_limits_refused(of, SHD_SCOPE_SOURCE, 0, (struct shd_mono){1000});
	assert_paused(&shops, 1000, (const int64_t[]){0, 0, 0});
	shd_limits_refused(of, SHD_SCOPE_SOURCE, 30 * SHD_DAY_MS, (struct shd_mono){1000});
	shd_limits_refused(of, SHD_SCOPE_SOURCE, 5, (struct shd_mono){2000});
	assert_paused(&shops, 2000, (const int64_t[]){0, SHD_HOUR_MS - 1000, 0});
	/* The longest of all that concern it. */
	shd_limits_refused(of, SHD_SCOPE_HOST, SHD_HOUR_MS, (struct shd_mono){3000});
	assert_paused(&shops, 3000, (const int64_t[]){SHD_HOUR_MS, SHD_HOUR_MS, 0});
	shd_limits_finish(&shops.limits);
}

static void a_reload_ends_no_pause(void **state)
{
	struct shops before, after;
	struct shd_source_limits *of;
	(void)state;

	open_shops(&before, NULL);
	of = before.limits.sources;
	shd_limits_refused(&of[1], SHD_SCOPE_SOURCE, 9000, (struct shd_mono){0});
	shd_limits_refused(&of[0], SHD_SCOPE_HOST, 8000, (struct shd_mono){0});
	shd_limits_refused(&of[2], SHD_SCOPE_CREDENTIAL, 7000, (struct shd_mono){0});
	open_shops(&after, &before.limits);
	shd_limits_finish(&before.limits);
	assert_paused(&after, 0, (const int64_t[]){8000, 9000, 7000});
	shd_limits_finish(&after.limits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_holds_in_every_second),
		cmocka_unit_test(a_bucket_lets_a_burst_pass_and_then_its_rate),
		cmocka_unit_test(a_request_in_an_hour_is_a_rate),
		cmocka_unit_test(a_bucket_without_a_rate_is_open),
		cmocka_unit_test(a_bucket_survives_a_clock_that_jumps),
		cmocka_unit_test(sources_of_one_credential_share_its_rate),
		cmocka_unit_test(rows_of_one_operation_share_its_rate_over_all_sources),
		cmocka_unit_test(operations_do_not_share),
		cmocka_unit_test(a_reload_gives_nothing_back),
		cmocka_unit_test(a_refusal_pauses_its_scope_and_nothing_else),
		cmocka_unit_test(a_pause_ends_within_an_hour_and_is_not_cut_short),
		cmocka_unit_test(a_reload_ends_no_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

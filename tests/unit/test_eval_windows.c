/* rule/: windows of more values than fit, and trends of too few. */
#include "support/check.h"

#include "support/eval_rows.h"

static int make_store(void **state)
{
	(void)state;
	fake_init(&fake);
	fake.env.entity = fake_add(&fake, SHD_KIND_listing, "L-1", T0);
	fake.env.now.ms = T0 + 10 * D;
	return 0;
}

/* 9001 orders by turns of 100 and 900 RUB, one more of the latter. */
static void by_turns(void *ctx, enum shd_kind kind, int time, struct shd_wall from,
	struct shd_wall to, shd_window_fn *visit, void *visit_ctx)
{
	struct shd_value fields[FAKE_FIELDS] = {0};
	struct shd_entity order = {.kind = kind, .id = "o", .fields = fields};

	(void)ctx;
	(void)to;
	assert_int_equal(time, SHD_I_opened_at);
	for (int64_t i = 0; i < 9001; i++) {
		fields[SHD_I_opened_at] = (struct shd_value){.type = SHD_TIME, .n = T0 + 9 * D + i};
		fake_money(&order, SHD_F_order_amount, i % 2 ? 10000 : 90000, "RUB");
		if (fields[SHD_I_opened_at].n > from.ms && !visit(visit_ctx, &order))
			return;
	}
}

static void percentiles_of_a_large_window_leave_nothing_out(void **state)
{
	static const struct row rows[] = {
		{"count(order last 2d)", "9001 @1d"},
		{"median(order.amount last 2d)", "900 RUB @1d"},
		{"p90(order.amount last 2d)", "900 RUB @1d"},
		{"p99(order.amount last 2d)", "900 RUB @1d"},
		{"median(order.amount last 2d where amount < 900 RUB)", "100 RUB @1d1ms"},
	};

	(void)state;
	fake.env.window = by_turns;
	check_rows(rows, SHD_COUNT(rows));
	fake.env.window = fake_window;
}

static void add_order(int64_t opened_ms, int64_t cancelled_ms, int64_t minor)
{
	struct shd_entity *order = fake_add(&fake, SHD_KIND_order, "o", opened_ms);

	fake_money(order, SHD_F_order_amount, minor, "RUB");
	if (cancelled_ms)
		fake_n(order, SHD_F_order_cancelled_at, cancelled_ms);
}

static void a_window_goes_by_the_time_that_it_names(void **state)
{
	static const struct row rows[] = {
		{"count(order last 2d)", "2 @1d12h"},
		{"count(order last 2d at opened_at)", "2 @1d12h"},
		{"count(order last 2d at cancelled_at)", "1 @6h"},
		{"count(order last 1h at cancelled_at)", "0 @6h"},
		/* what is cancelled at an end of the window: at its begin no more, at its end yes
		 */
		{"count(order last 1d at cancelled_at)", "0 @6h"},
		{"count(order last 86401s at cancelled_at)", "1 @1s"},
		{"count(order last 30d at cancelled_at)", "2 @6h"},
		{"sum(order.amount last 30d at cancelled_at)", "107 RUB @6h"},
		{"max(order.cancelled_at last 30d at opened_at)", "2026-06-08T02:26:40.000Z @3w"},
		{"share(order last 30d at cancelled_at where amount > 50 RUB)", "50% @6h"},
		{"count(order since now at cancelled_at)",
			"18:3 a window since a time that moves with now [since today, since "
			"today - 6d, or `last` and a length]"},
		{"count(order since today - 2d at cancelled_at)", "1 @3h33m20s"},
		{"baseline(count(order last 1d at cancelled_at), 2d)", "0.5 @1d"},
		{"count(order last 2d at ship_by)", "0"},
		{"count(order last 2d at at)",
			"23:2 a window goes by a time of order, and 'at' is none [times of order: "
			"opened_at progressed_at closed_at unlisted_since paid_at ship_by "
			"shipped_at deliver_by delivered_at cancelled_at]"},
	};

	(void)state;
	add_order(T0 + D, T0 + 9 * D, 10000);
	add_order(T0 + 2 * D, T0 + 2 * D, 700);
	add_order(T0 + 9 * D + 12 * H, 0, 1);
	add_order(T0 + 9 * D + 12 * H, T0 + 10 * D + 6 * H, 3000);
	check_rows(rows, SHD_COUNT(rows));
}

/* Two samples at this distance, the newer one now. */
static void two_samples(int64_t apart_ms)
{
	fake.sample_count = 0;
	fake_sample(&fake, SHD_M_rating, fake.env.now.ms - apart_ms, 4700000);
	fake_sample(&fake, SHD_M_rating, fake.env.now.ms, 4690000);
}

static void a_trend_needs_some_time(void **state)
{
	static const struct row seconds[] = {
		{"forecast(rating, 7d)", "empty (rating) @27d23h59m50s"},
		{"forecast(rating, 7d) < 4.5", "empty (rating) @27d23h59m50s"},
		{"slope(rating last 7d)", "empty (rating) @6d23h59m50s"},
	};
	static const struct row nearly[] = {
		{"forecast(rating, 4d)", "empty (rating) @27d1s"},
		{"slope(rating last 30d)", "empty (rating) @29d1s"},
		{"slope(rating last 2d)", "-0.01 @1d1s"},
	};
	static const struct row day[] = {
		{"forecast(rating, 4d)", "4.65 @27d"},
		{"forecast(rating, 97h)", "empty (rating) @27d"},
		{"slope(rating last 30d)", "-0.01 @29d"},
	};
	static const struct row weeks[] = {
		{"forecast(rating, 365d)", "4.429286 @2w"},
		{"forecast(rating, 57d)", "4.649286 @2w"},
	};

	(void)state;
	two_samples(10 * SHD_SECOND_MS);
	check_rows(seconds, SHD_COUNT(seconds));
	two_samples(D - SHD_SECOND_MS);
	check_rows(nearly, SHD_COUNT(nearly));
	two_samples(D);
	check_rows(day, SHD_COUNT(day));
	two_samples(14 * D);
	check_rows(weeks, SHD_COUNT(weeks));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_of_a_large_window_leave_nothing_out),
		cmocka_unit_test(a_window_goes_by_the_time_that_it_names),
		cmocka_unit_test(a_trend_needs_some_time),
	};

	return cmocka_run_group_tests(tests, make_store, NULL);
}

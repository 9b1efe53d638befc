/* lib/judge/judge.h at its edges: who is told and how often, until when, what is sampled. */
#include "support/judge_bench.h"

static const char rules[] =
	"rules:\n"
	"  - rule: poller-stale\n"
	"    each: poller\n"
	"    value: now - (last_success_at else failing_since)\n"
	"    levels: {warning: value > 3 * interval}\n"
	"    inhibited_by: credentials-refused\n"
	"  - rule: credentials-refused\n"
	"    levels: {critical: 'store.credentials in [\"refused\", \"expired\", \"egress\"]'}\n"
	"  - rule: rating-floor\n"
	"    value: rating\n"
	"    levels: {warning: value < 4.7}\n"
	"  - rule: late-order\n"
	"    each: order\n"
	"    levels: {warning: shipped_late}\n";

static void rate(struct bench *b, int64_t micro)
{
	struct shd_value value = {.type = SHD_NUMBER, .n = micro};

	shd_harvest_measure(bench_harvest(b), SHD_M_rating, false, value);
	bench_poll(b, "rates");
}

static void every_channel_of_a_route_is_told_of_the_same_alert(void **state)
{
	struct bench b;
	char out[500];

	(void)state;
	bench_start(&b, rules);
	b.routes[0].to.count = 2;
	bench_judge(&b);
	bench_poll_all(&b);
	rate(&b, 4600000);
	assert_string_equal(bench_outbox(&b, out, sizeof(out)), "mail:new ;hook:new ;");
	bench_finish(&b);
}

static void a_channel_of_two_routes_is_told_once(void **state)
{
	struct bench b;
	char out[500];

	(void)state;
	bench_start(&b, rules);
	b.routes[0].more = true;
	bench_route(&b, 1, NULL);
	b.routes[1] = b.routes[0];
	b.in.routes.count = 2;
	bench_judge(&b);
	bench_poll_all(&b);
	rate(&b, 4600000);
	assert_string_equal(bench_outbox(&b, out, sizeof(out)), "mail:new ;");
	bench_finish(&b);
}

static void a_stale_poller_is_told_again_once_the_key_works(void **state)
{
	struct bench b;
	char out[500];

	(void)state;
	bench_start(&b, rules);
	bench_poll_all(&b);
	b.now += SHD_SECOND_MS;
	bench_poll_fails(&b, "rates", SHD_ERR_CREDENTIALS);
	bench_poll(&b, "rates");
	assert_int_equal(bench_alert(&b, "credentials-refused", "")->state, SHD_ALERT_RESOLVED);
	bench_wake(&b, b.now + SHD_HOUR_MS);
	bench_outbox(&b, out, sizeof(out));
	assert_non_null(strstr(out, "account"));
	bench_finish(&b);
}

static const char inhibited_rules[] =
	"rules:\n"
	"  - rule: any-order\n"
	"    each: order\n"
	"    levels: {warning: units > 0}\n"
	"    inhibited_by: [huge-order, rating-floor]\n"
	"  - rule: huge-order\n"
	"    each: order\n"
	"    levels: {warning: units > 9}\n"
	"  - rule: rating-floor\n"
	"    value: rating\n"
	"    levels: {warning: value < 4.7}\n";

static void put_order(struct bench *b, const char *id, int units)
{
	size_t at = shd_harvest_entity(bench_harvest(b), SHD_KIND_order, id, strlen(id));

	shd_set_n(b->harvest, at, SHD_F_order_opened_at, b->now);
	shd_set_n(b->harvest, at, SHD_F_order_units, units * SHD_MICRO);
}

/* By an alert of the same entity, not of another one, and by one of the whole store; also when
 * its rule comes first. */
static void an_alert_is_held_back_by_those_that_its_rule_names(void **state)
{
	struct bench b;
	char out[500];

	(void)state;
	bench_start(&b, inhibited_rules);
	bench_poll_all(&b);
	put_order(&b, "huge", 10);
	put_order(&b, "small", 1);
	bench_poll(&b, "orders");
	assert_int_equal(bench_level(&b, "any-order", "huge"), SHD_WARN);
	assert_string_equal(bench_outbox(&b, out, sizeof(out)), "mail:new huge;mail:new small;");
	rate(&b, 4600000);
	put_order(&b, "later", 1);
	bench_poll(&b, "orders");
	assert_int_equal(bench_level(&b, "any-order", "later"), SHD_WARN);
	assert_null(strstr(bench_outbox(&b, out, sizeof(out)), "later"));
	/* One of two that hold it back ends: the other one still does. */
	put_order(&b, "huge", 1);
	bench_poll(&b, "orders");
	assert_int_equal(bench_level(&b, "huge-order", "huge"), SHD_LEVEL_NONE);
	bench_run_until(&b, b.now + SHD_HOUR_MS);
	assert_null(strstr(bench_outbox(&b, out, sizeof(out)), "later"));
	bench_poll_all(&b);
	rate(&b, 4800000);
	int64_t over = b.now;
	bench_run_until(&b, over + 2 * SHD_MINUTE_MS - 1);
	assert_null(strstr(bench_outbox(&b, out, sizeof(out)), "later"));
	bench_run_until(&b, over + 2 * SHD_MINUTE_MS);
	assert_non_null(strstr(bench_outbox(&b, out, sizeof(out)), "later"));
	assert_non_null(strstr(out, "new huge;"));
	bench_finish(&b);
}

/* What an observation only closes is closed where it is known, and not made where it is not. */
static void what_is_only_closed_is_not_made(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, inhibited_rules);
	bench_poll_all(&b);
	put_order(&b, "known", 10);
	bench_poll(&b, "orders");
	for (int i = 0; i < 2; i++) {
		const char *id = i ? "known" : "unknown";
		size_t at = shd_harvest_known(
			bench_harvest(&b), SHD_KIND_order, id, strlen(id));

		shd_set_n(b.harvest, at, SHD_F_order_closed, true);
	}
	bench_poll(&b, "orders");
	assert_int_equal(b.outcome.changed, 1);
	assert_int_equal(bench_level(&b, "huge-order", "known"), SHD_LEVEL_NONE);
	bench_finish(&b);
}

static void a_message_is_tried_as_long_as_its_channel_says(void **state)
{
	struct bench b;
	struct shd_outbox_row *rows;
	size_t count;

	(void)state;
	bench_start(&b, rules);
	b.routes[0].group_for_ms = 10000;
	b.channels[0].give_up_ms = 2 * SHD_HOUR_MS;
	bench_judge(&b);
	bench_poll_all(&b);
	rate(&b, 4600000);
	bench_messages(&b, &rows, &count);
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].next_try.ms, T0 + 10000);
	assert_int_equal(rows[0].give_up.ms, T0 + 10000 + 2 * SHD_HOUR_MS);
	bench_finish(&b);
}

static void a_value_that_stands_still_leaves_a_sample_an_hour(void **state)
{
	static const int64_t after_ms[] = {0, SHD_HOUR_MS - 1, SHD_HOUR_MS};
	struct bench b;

	(void)state;
	bench_start(&b, rules);
	for (size_t i = 0; i < SHD_COUNT(after_ms); i++) {
		struct shd_value value;
		struct shd_wall at;

		b.now = T0 + after_ms[i];
		rate(&b, 4800000);
		const struct shd_stored *stored = bench_stored(&b);
		assert_true(stored->metric(
			stored->ctx, "s1", SHD_M_rating, false, &value, &at, &b.err));
		assert_int_equal(at.ms, i < 2 ? T0 : b.now);
	}
	bench_finish(&b);
}

static void put_sku(struct bench *b, enum shd_kind kind, const char *id, enum shd_field field,
		    const char *sku)
{
	size_t at = shd_harvest_entity(bench_harvest(b), kind, id, strlen(id));

	shd_set_text(b->harvest, at, field, sku, strlen(sku));
	if (kind == SHD_KIND_order) {
		shd_set_n(b->harvest, at, SHD_F_order_units, SHD_MICRO);
		shd_set_text(b->harvest, at, SHD_F_order_status, "awaiting_shipment", 17);
	}
	bench_poll(b, kind == SHD_KIND_order ? "orders" : "stock");
}

static void an_order_that_becomes_another_product_frees_the_first(void **state)
{
	static const char *const skus[] = {"x", "y", "x"};
	struct bench b;

	(void)state;
	bench_start(&b, rules);
	bench_poll_all(&b);
	put_sku(&b, SHD_KIND_stock, "k1", SHD_F_stock_sku, "x");
	for (size_t i = 0; i < SHD_COUNT(skus); i++) {
		put_sku(&b, SHD_KIND_order, "o1", SHD_F_order_sku, skus[i]);
		assert_int_equal(shd_entity_get(bench_entity(&b, SHD_KIND_stock, "k1"),
						SHD_F_stock_unshipped)->n,
				 i == 1 ? 0 : SHD_MICRO);
	}
	bench_finish(&b);
}

static const char weekly[] =
	"rules:\n"
	"  - rule: rating-week\n"
	"    value: avg(rating last 7d)\n"
	"    levels: {critical: value < 4.7}\n";

static void an_average_looks_at_what_was_kept(void **state)
{
	static const struct {
		int64_t rating;
		enum shd_level level;
	} days[] = {{5000000, SHD_LEVEL_NONE}, {4500000, SHD_LEVEL_NONE}, {4500000, SHD_CRITICAL}};
	struct bench b;

	(void)state;
	bench_start(&b, weekly);
	for (size_t i = 0; i < SHD_COUNT(days); i++) {
		b.now = T0 + (int64_t)i * SHD_DAY_MS;
		rate(&b, days[i].rating);
		assert_int_equal(bench_level(&b, "rating-week", ""), days[i].level);
	}
	bench_finish(&b);
}

static void an_alert_whose_entity_is_gone_ends(void **state)
{
	struct shd_alert_change ghost = {.is_new = true,
		.alert = {.number = 1, .rule = "late-order", .store = "s1", .entity = "gone",
			.state = SHD_ALERT_FIRING, .level = SHD_WARN, .wake = {SHD_NEVER_MS}}};
	const struct shd_change_set changes = {.alerts = &ghost, .alert_count = 1};
	struct shd_verdict *last = &ghost.alert.last;
	struct bench b;

	(void)state;
	last->value.none = last->limit.none = last->cost.none = last->room.none = true;
	bench_start(&b, rules);
	if (b.state)
		assert_true(shd_state_begin(b.state, &b.err));
	bench_write(&b, &changes);
	bench_poll_all(&b);
	bench_begin(&b);
	assert_true(shd_judge_store(b.judge, b.stores[0].id, &b.err));
	bench_end(&b);
	assert_int_equal(bench_alert(&b, "late-order", "gone")->state, SHD_ALERT_RESOLVED);
	bench_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_channel_of_a_route_is_told_of_the_same_alert),
		cmocka_unit_test(a_channel_of_two_routes_is_told_once),
		cmocka_unit_test(a_stale_poller_is_told_again_once_the_key_works),
		cmocka_unit_test(an_alert_is_held_back_by_those_that_its_rule_names),
		cmocka_unit_test(what_is_only_closed_is_not_made),
		cmocka_unit_test(a_message_is_tried_as_long_as_its_channel_says),
		cmocka_unit_test(a_value_that_stands_still_leaves_a_sample_an_hour),
		cmocka_unit_test(an_average_looks_at_what_was_kept),
		cmocka_unit_test(an_alert_whose_entity_is_gone_ends),
		cmocka_unit_test(an_order_that_becomes_another_product_frees_the_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

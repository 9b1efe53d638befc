/* lib/judge/judge.h: observations in, alerts and messages out, one transaction at a time. */
#include "support/judge_bench.h"

static const char new_order[] =
	"rules:\n"
	"  - rule: new-order\n"
	"    each: order\n"
	"    where: status == \"awaiting_shipment\" and opened_at >= store.watched_since\n"
	"    levels: {info: true}\n"
	"    tell_resolved: false\n"
	"  - rule: late-share\n"
	"    value: share(order last 7d where shipped_late)\n"
	"    levels: {warning: value > 40%}\n"
	"  - rule: no-product\n"
	"    each: order\n"
	"    where: not has_product\n"
	"    levels: {warning: true}\n"
	"  - rule: oversell\n"
	"    each: stock\n"
	"    levels: {critical: unshipped > available}\n"
	"  - rule: rating-floor\n"
	"    value: rating\n"
	"    levels: {warning: value < 4.7, critical: value < 4.6}\n"
	"    clear: value >= 4.72\n";

static size_t add(struct bench *b, enum shd_kind kind, const char *id)
{
	return shd_harvest_entity(bench_harvest(b), kind, id, strlen(id));
}

static void text(struct bench *b, size_t at, enum shd_field field, const char *word)
{
	shd_set_text(b->harvest, at, field, word, strlen(word));
}

static void order(struct bench *b, const char *id, const char *sku, const char *status)
{
	size_t at = add(b, SHD_KIND_order, id);

	shd_set_n(b->harvest, at, SHD_F_order_opened_at, b->now);
	shd_set_n(b->harvest, at, SHD_F_order_ship_by, b->now + SHD_HOUR_MS);
	shd_set_n(b->harvest, at, SHD_F_order_units, SHD_MICRO);
	text(b, at, SHD_F_order_status, status);
	text(b, at, SHD_F_order_sku, sku);
}

static void a_new_order_is_told_once(void **state)
{
	struct bench b;
	char out[500];

	(void)state;
	bench_start(&b, new_order);
	bench_poll_all(&b);
	order(&b, "o1", "x", "awaiting_shipment");
	bench_poll(&b, "orders");
	assert_int_equal(b.outcome.changed, 1);
	assert_int_equal(b.outcome.outbox_added, 2);
	assert_string_equal(bench_outbox(&b, out, sizeof(out)), "mail:new o1;mail:new o1;");
	assert_int_equal(bench_level(&b, "new-order", "o1"), SHD_INFO);
	/* The same answer again: nothing changes, nothing is told. */
	b.now += SHD_SECOND_MS;
	size_t at = add(&b, SHD_KIND_order, "o1");
	text(&b, at, SHD_F_order_status, "awaiting_shipment");
	bench_poll(&b, "orders");
	assert_int_equal(b.outcome.changed, 0);
	assert_int_equal(b.outcome.judged, 0);
	assert_int_equal(b.outcome.outbox_added, 0);
	/* Shipped: over, and nobody is told of the end. */
	at = add(&b, SHD_KIND_order, "o1");
	text(&b, at, SHD_F_order_status, "shipped");
	bench_poll(&b, "orders");
	assert_int_equal(bench_alert(&b, "new-order", "o1")->state, SHD_ALERT_RESOLVED);
	assert_int_equal(b.outcome.outbox_added, 0);
	bench_finish(&b);
}

static void what_was_there_before_we_watched_is_no_news(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, new_order);
	b.now -= SHD_DAY_MS;
	order(&b, "old", "x", "awaiting_shipment");
	b.now += SHD_DAY_MS;
	order(&b, "new", "x", "awaiting_shipment");
	bench_poll(&b, "orders");
	assert_null(bench_alert(&b, "new-order", "old"));
	assert_int_equal(bench_level(&b, "new-order", "new"), SHD_INFO);
	assert_int_equal(shd_entity_get(bench_entity(&b, SHD_KIND_store, "s1"),
					SHD_F_store_watched_since)->n, b.now);
	bench_finish(&b);
}

static void a_store_whose_first_answer_is_a_refusal_is_watched_all_the_same(void **state)
{
	struct bench b;
	struct shd_batch refused;

	(void)state;
	bench_start(&b, new_order);
	refused = bench_batch(&b, 0, "rates");
	bench_failed(&refused, SHD_ERR_TARIFF, 1);
	refused.fetch.began.ms = 0; /* it never succeeded */
	bench_take(&b, &refused);
	b.now += SHD_MINUTE_MS;
	order(&b, "o1", "x", "awaiting_shipment");
	bench_poll(&b, "orders");
	assert_int_equal(bench_level(&b, "new-order", "o1"), SHD_INFO);
	bench_finish(&b);
}

/* The first start is under a clock that is three hours ahead; then it is set right. */
static void news_do_not_wait_for_a_clock_that_was_ahead(void **state)
{
	static const struct {
		bool date, restart; /* the marketplace tells its time; the daemon was stopped */
	} cases[] = {{true, false}, {true, true}, {false, false}, {false, true}};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_batch batch;
		struct bench b;

		bench_start(&b, new_order);
		order(&b, "old", "x", "awaiting_shipment");
		b.now += 3 * SHD_HOUR_MS;
		batch = bench_batch(&b, 0, "orders");
		batch.fetch.clock_skew_ms = cases[i].date ? -3 * SHD_HOUR_MS + 1 : INT64_MIN;
		bench_take(&b, &batch);
		b.now -= 3 * SHD_HOUR_MS - SHD_MINUTE_MS;
		if (cases[i].restart)
			bench_reopen(&b);
		else
			shd_judge_catch_up(b.judge, &b.sources[0], 0, (struct shd_wall){b.now});
		order(&b, "new", "x", "awaiting_shipment");
		bench_poll(&b, "orders");
		assert_int_equal(bench_level(&b, "new-order", "new"), SHD_INFO);
		assert_null(bench_alert(&b, "new-order", "old"));
		bench_finish(&b);
	}
}

static void many_alerts_of_one_poll_are_few_messages_that_tell_all(void **state)
{
	struct bench b;
	char out[3000];

	(void)state;
	bench_start_on_disk(&b, new_order);
	bench_poll_all(&b);
	for (int i = 0; i < SHD_OUTBOX_ITEMS + 10; i++) {
		char id[16];

		snprintf(id, sizeof(id), "o%02d", i);
		order(&b, id, "x", "awaiting_shipment");
		text(&b, b.harvest->entity_count - 1, SHD_F_order_sku, "");
	}
	bench_poll(&b, "orders");
	assert_int_equal(b.outcome.outbox_added, 2);
	bench_outbox(&b, out, sizeof(out));
	assert_non_null(strstr(out, ",o49;"));
	assert_non_null(strstr(out, ":new o50,"));
	assert_null(strchr(out, '+')); /* nothing is only counted */
	/* The rest is linked to the message that tells of it. */
	struct shd_delivery_row row = {.outbox = 2, .attempt = 1}, *rows;
	size_t count;
	assert_true(shd_state_outbox_settle(b.state, &row, SHD_OUTBOX_SENT, (struct shd_wall){0},
					   &b.err));
	assert_true(shd_state_deliveries(b.state, bench_alert(&b, "new-order", "o50")->number,
					 b.arena, &rows, &count, &b.err));
	assert_int_equal(count, 1);
	bench_finish(&b);
}

static void messages_of_a_group_wait_for_each_other(void **state)
{
	struct bench b;
	char out[500];

	(void)state;
	bench_start(&b, new_order);
	b.routes[0].group_for_ms = 10000;
	bench_poll_all(&b);
	order(&b, "o1", "", "awaiting_shipment");
	bench_poll(&b, "orders");
	b.now += 9999;
	order(&b, "o2", "", "awaiting_shipment");
	bench_poll(&b, "orders");
	b.now += 1;
	order(&b, "o3", "", "awaiting_shipment");
	bench_poll(&b, "orders");
	assert_string_equal(bench_outbox(&b, out, sizeof(out)), "mail:new o1,o2;mail:new o3;");
	bench_finish(&b);
}

static void routes_choose_the_channel(void **state)
{
	struct bench b;
	char out[500];

	(void)state;
	bench_start(&b, new_order);
	bench_route(&b, 0, "rule == \"new-order\" and level < critical and store in [\"s1\"]");
	b.routes[1].to = (struct shd_texts){1, b.channel_names + 1};
	b.in.routes.count = 2;
	bench_judge(&b);
	bench_poll_all(&b);
	order(&b, "o1", "x", "awaiting_shipment");
	bench_poll(&b, "orders");
	assert_string_equal(bench_outbox(&b, out, sizeof(out)), "mail:new o1;hook:new o1;");
	b.routes[0].more = true;
	order(&b, "o2", "", "awaiting_shipment");
	bench_poll(&b, "orders");
	assert_int_equal(b.outcome.outbox_added, 2);
	bench_finish(&b);
}

static void an_end_is_told_where_the_beginning_was(void **state)
{
	struct bench b;
	char out[500];
	struct shd_value value = {.type = SHD_NUMBER, .n = 4650000};

	(void)state;
	bench_start(&b, new_order);
	bench_route(&b, 0, "level >= critical");
	b.routes[1].to = (struct shd_texts){1, b.channel_names + 1};
	b.in.routes.count = 2;
	bench_judge(&b);
	bench_poll_all(&b);
	shd_harvest_measure(bench_harvest(&b), SHD_M_rating, false, value);
	bench_poll(&b, "rates");
	assert_string_equal(bench_outbox(&b, out, sizeof(out)), "hook:new ;");
	value.n = 4710000; /* better, but not clear */
	shd_harvest_measure(bench_harvest(&b), SHD_M_rating, false, value);
	bench_poll(&b, "rates");
	assert_int_equal(bench_level(&b, "rating-floor", ""), SHD_WARN);
	value.n = 4720000;
	shd_harvest_measure(bench_harvest(&b), SHD_M_rating, false, value);
	bench_poll(&b, "rates");
	assert_string_equal(bench_outbox(&b, out, sizeof(out)), "hook:new ;hook:resolved ;");
	bench_finish(&b);
}

static void a_listing_that_appears_gives_its_orders_a_product(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, new_order);
	bench_poll_all(&b);
	order(&b, "o1", "x", "awaiting_shipment");
	bench_poll(&b, "orders");
	assert_int_equal(bench_level(&b, "no-product", "o1"), SHD_WARN);
	size_t at = add(&b, SHD_KIND_listing, "l1");
	text(&b, at, SHD_F_listing_sku, "x");
	bench_poll(&b, "stock");
	assert_int_equal(bench_alert(&b, "no-product", "o1")->state, SHD_ALERT_RESOLVED);
	order(&b, "o2", "x", "awaiting_shipment");
	bench_poll(&b, "orders");
	assert_null(bench_alert(&b, "no-product", "o2"));
	bench_finish(&b);
}

static const char *category_of(struct bench *b, enum shd_kind kind, const char *id,
			       enum shd_field field)
{
	const struct shd_value *value = shd_entity_get(bench_entity(b, kind, id), field);

	return value->none ? "none" : value->text;
}

static void orders_and_returns_have_the_category_of_their_listing(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, new_order);
	bench_poll_all(&b);
	order(&b, "o1", "x", "awaiting_shipment");
	text(&b, add(&b, SHD_KIND_return, "r1"), SHD_F_return_sku, "x");
	bench_poll(&b, "orders");
	assert_string_equal(category_of(&b, SHD_KIND_order, "o1", SHD_F_order_category), "none");
	for (int i = 0; i < 2; i++) {
		size_t at = add(&b, SHD_KIND_listing, "l1");

		text(&b, at, SHD_F_listing_sku, "x");
		text(&b, at, SHD_F_listing_category, i ? "shoes" : "toys");
		bench_poll(&b, "stock");
		assert_string_equal(category_of(&b, SHD_KIND_order, "o1", SHD_F_order_category),
			"toys"); /* the one it was sold in */
		assert_string_equal(category_of(&b, SHD_KIND_return, "r1", SHD_F_return_category),
			"toys");
	}
	order(&b, "o2", "x", "awaiting_shipment");
	bench_poll(&b, "orders");
	assert_string_equal(category_of(&b, SHD_KIND_order, "o2", SHD_F_order_category), "shoes");
	bench_finish(&b);
}

static void stock(struct bench *b, const char *id, const char *warehouse, int64_t available)
{
	size_t at = add(b, SHD_KIND_stock, id);

	text(b, at, SHD_F_stock_sku, "x");
	if (warehouse)
		text(b, at, SHD_F_stock_warehouse, warehouse);
	shd_set_n(b->harvest, at, SHD_F_stock_available, available * SHD_MICRO);
}

static void promised_pieces_are_counted_from_the_orders(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, new_order);
	bench_poll_all(&b);
	stock(&b, "k1", "fbs", 2);
	bench_poll(&b, "stock");
	for (int i = 0; i < 3; i++) {
		char id[8];

		snprintf(id, sizeof(id), "o%d", i);
		order(&b, id, "x", "awaiting_shipment");
		bench_poll(&b, "orders");
		assert_int_equal(bench_level(&b, "oversell", "k1"),
				 i < 2 ? SHD_LEVEL_NONE : SHD_CRITICAL);
	}
	text(&b, add(&b, SHD_KIND_order, "o0"), SHD_F_order_status, "shipped");
	bench_poll(&b, "orders");
	assert_int_equal(bench_level(&b, "oversell", "k1"), SHD_LEVEL_NONE);
	/* With a second warehouse nobody knows which of them will ship. */
	stock(&b, "k2", "fbo", 0);
	bench_poll(&b, "stock");
	assert_true(shd_entity_get(bench_entity(&b, SHD_KIND_stock, "k1"), SHD_F_stock_unshipped)
			    ->none);
	assert_int_equal(bench_level(&b, "oversell", "k2"), SHD_LEVEL_NONE);
	bench_finish(&b);
}

/* The first can be tallied, the other one moves with the clock. */
#define COUNTING(where)                                                                            \
	"rules:\n"                                                                                 \
	"  - rule: count\n"                                                                        \
	"    value: count(order last 7d" where ")\n"                                               \
	"    levels: {warning: value >= 301}\n"
static const char counting[] = COUNTING("");
static const char counting_by_time[] = COUNTING(" where now - opened_at < 8d");

static void poll_300_orders(struct bench *b, const char *yaml)
{
	bench_start(b, yaml);
	bench_poll_all(b);
	for (int i = 0; i < 300; i++) {
		char id[16];

		snprintf(id, sizeof(id), "o%d", i);
		order(b, id, "", "shipped");
	}
	bench_poll(b, "orders");
	assert_int_equal(b->outcome.judged, 1);
}

static void a_wide_window_that_is_tallied_is_judged_at_once(void **state)
{
	struct bench b;

	(void)state;
	poll_300_orders(&b, counting);
	order(&b, "o300", "", "shipped");
	bench_poll(&b, "orders");
	assert_int_equal(bench_level(&b, "count", ""), SHD_WARN);
	bench_finish(&b);
}

static void a_wide_window_that_is_read_is_judged_a_little_later(void **state)
{
	struct bench b;

	(void)state;
	poll_300_orders(&b, counting_by_time);
	/* What the rule does not read does not concern it. */
	text(&b, add(&b, SHD_KIND_order, "o1"), SHD_F_order_tracking_number, "T");
	bench_poll(&b, "orders");
	assert_int_equal(b.outcome.judged, 0);
	order(&b, "o300", "", "shipped");
	bench_poll(&b, "orders");
	assert_int_equal(bench_level(&b, "count", ""), SHD_LEVEL_NONE);
	assert_int_equal(b.outcome.next_wake.ms, T0 + 300);
	bench_wake(&b, b.outcome.next_wake.ms);
	assert_int_equal(bench_level(&b, "count", ""), SHD_WARN);
	bench_finish(&b);
}

static void one_key_for_one_decision(void **state)
{
	struct shd_outbox_row *rows;
	char keys[2][40];
	size_t count;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct bench b;

		bench_start(&b, new_order);
		bench_poll_all(&b);
		b.now += i; /* decided a moment later */
		order(&b, "o1", "", "awaiting_shipment");
		bench_poll(&b, "orders");
		bench_messages(&b, &rows, &count);
		assert_int_equal(count, 1);
		assert_int_equal(strlen(rows[0].key), 32);
		memcpy(keys[i], rows[0].key, 33);
		bench_finish(&b);
	}
	assert_string_equal(keys[0], keys[1]);
}

static void a_failed_transaction_leaves_nothing(void **state)
{
	struct bench b;
	struct shd_batch batch;

	(void)state;
	bench_start(&b, new_order);
	bench_poll_all(&b);
	order(&b, "o1", "x", "awaiting_shipment");
	batch = bench_batch(&b, 0, "orders");
	bench_begin(&b);
	assert_true(shd_judge_batch(b.judge, &batch, &b.err));
	bench_abandon(&b);
	assert_null(bench_entity(&b, SHD_KIND_order, "o1"));
	assert_null(bench_alert(&b, "new-order", "o1"));
	/* Asked again, the decision is the same. */
	bench_take(&b, &batch);
	assert_int_equal(b.outcome.outbox_added, 2);
	bench_finish(&b);
}

static const char other_rules[] =
	"rules:\n"
	"  - rule: rating-floor\n"
	"    value: rating\n"
	"    levels: {warning: value < 4.7}\n";

static void a_rule_that_is_gone_ends_its_alerts_and_says_so(void **state)
{
	struct bench b;
	struct shd_alert_event *events;
	const struct shd_alert *alert;
	size_t count;

	(void)state;
	bench_start(&b, new_order);
	bench_poll_all(&b);
	order(&b, "o1", "", "awaiting_shipment");
	bench_poll(&b, "orders");
	bench_rules(&b, other_rules);
	bench_begin(&b);
	assert_true(shd_judge_store(b.judge, b.stores[0].id, &b.err));
	bench_end(&b);
	assert_int_equal(b.outcome.outbox_added, 1); /* to those who were told of it */
	alert = bench_alert(&b, "new-order", "o1");
	assert_int_equal(alert->state, SHD_ALERT_RESOLVED);
	bench_events(&b, alert->number, &events, &count);
	assert_string_equal(events[count - 1].reason, "rule removed");
	bench_finish(&b);
}

static void a_rule_that_is_new_is_judged_for_what_is_open(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, other_rules);
	bench_poll_all(&b);
	order(&b, "o1", "", "awaiting_shipment");
	bench_poll(&b, "orders");
	bench_rules(&b, new_order);
	bench_begin(&b);
	assert_true(shd_judge_store(b.judge, b.stores[0].id, &b.err));
	bench_end(&b);
	assert_int_equal(bench_level(&b, "new-order", "o1"), SHD_INFO);
	bench_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_order_is_told_once),
		cmocka_unit_test(what_was_there_before_we_watched_is_no_news),
		cmocka_unit_test(a_store_whose_first_answer_is_a_refusal_is_watched_all_the_same),
		cmocka_unit_test(news_do_not_wait_for_a_clock_that_was_ahead),
		cmocka_unit_test(many_alerts_of_one_poll_are_few_messages_that_tell_all),
		cmocka_unit_test(messages_of_a_group_wait_for_each_other),
		cmocka_unit_test(routes_choose_the_channel),
		cmocka_unit_test(an_end_is_told_where_the_beginning_was),
		cmocka_unit_test(a_listing_that_appears_gives_its_orders_a_product),
		cmocka_unit_test(orders_and_returns_have_the_category_of_their_listing),
		cmocka_unit_test(promised_pieces_are_counted_from_the_orders),
		cmocka_unit_test(a_wide_window_that_is_tallied_is_judged_at_once),
		cmocka_unit_test(a_wide_window_that_is_read_is_judged_a_little_later),
		cmocka_unit_test(one_key_for_one_decision),
		cmocka_unit_test(a_failed_transaction_leaves_nothing),
		cmocka_unit_test(a_rule_that_is_gone_ends_its_alerts_and_says_so),
		cmocka_unit_test(a_rule_that_is_new_is_judged_for_what_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

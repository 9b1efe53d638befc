/* What a batch asks of what is stored, in statements: of listings and stock rows once for
 * each sku, and only for orders that are new or changed. */
#include "support/judge_bench.h"

static const char rules[] =
	"rules:\n"
	"  - rule: no-product\n    each: order\n    levels: {warning: not has_product}\n"
	"  - rule: stock-out\n    each: stock\n    levels: {warning: unshipped > 2}\n";

static size_t add(struct bench *b, enum shd_kind kind, const char *id, enum shd_field sku_field,
		  const char *sku)
{
	size_t at = shd_harvest_entity(bench_harvest(b), kind, id, strlen(id));

	shd_set_text(b->harvest, at, sku_field, sku, strlen(sku));
	return at;
}

static void order(struct bench *b, size_t i, const char *sku, int64_t units)
{
	char id[32];

	snprintf(id, sizeof(id), "o%zu", i);
	size_t at = add(b, SHD_KIND_order, id, SHD_F_order_sku, sku);
	shd_set_text(b->harvest, at, SHD_F_order_status, "awaiting_shipment", 17);
	shd_set_n(b->harvest, at, SHD_F_order_opened_at, T0);
	shd_set_n(b->harvest, at, SHD_F_order_units, units * SHD_MICRO);
}

/* Orders first .. first + count - 1; each of a sku of its own, or all of one. */
static void orders(struct bench *b, size_t first, size_t count, bool of_one)
{
	for (size_t i = first; i < first + count; i++) {
		char sku[32];

		snprintf(sku, sizeof(sku), "k%zu", of_one ? 0 : i);
		order(b, i, sku, 1);
	}
}

static uint64_t poll_costs(struct bench *b)
{
	uint64_t before = shd_state_executed(b->state);

	b->now += SHD_SECOND_MS;
	bench_poll(b, "orders");
	return shd_state_executed(b->state) - before;
}

static void start(struct bench *b)
{
	bench_start_on_disk(b, rules);
	bench_poll_all(b);
}

static void orders_that_did_not_change_ask_nothing(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	orders(&b, 0, 100, false);
	(void)poll_costs(&b);
	order(&b, 7, "k7", 2);
	uint64_t alone = poll_costs(&b);
	orders(&b, 0, 100, false); /* number 7 is back at one piece */
	uint64_t among = poll_costs(&b);
	print_message("one changed order: %llu statements, among 100: %llu\n",
		      (unsigned long long)alone, (unsigned long long)among);
	assert_int_equal(among, alone);
	bench_finish(&b);
}

static void a_sku_is_asked_for_once(void **state)
{
	uint64_t apart, together;
	struct bench b;

	(void)state;
	start(&b);
	orders(&b, 0, 30, false);
	apart = poll_costs(&b);
	orders(&b, 100, 30, true);
	together = poll_costs(&b);
	print_message("30 new orders: %llu statements, of one sku: %llu\n",
		      (unsigned long long)apart, (unsigned long long)together);
	/* Its listings and its stock rows. */
	assert_int_equal(apart - together, 2 * 29);
	bench_finish(&b);
}

static int64_t has_product(struct bench *b, const char *id)
{
	return shd_entity_get(bench_entity(b, SHD_KIND_order, id), SHD_F_order_has_product)->n;
}

static void a_listing_of_the_same_batch_is_seen(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, rules);
	bench_poll_all(&b);
	order(&b, 1, "x", 1);
	add(&b, SHD_KIND_listing, "l1", SHD_F_listing_sku, "x");
	order(&b, 2, "x", 1);
	bench_poll(&b, "orders");
	assert_int_equal(has_product(&b, "o1"), 1);
	assert_int_equal(has_product(&b, "o2"), 1);
	bench_finish(&b);
}

static int64_t unshipped(struct bench *b, const char *id)
{
	return shd_entity_get(bench_entity(b, SHD_KIND_stock, id), SHD_F_stock_unshipped)->n;
}

static void an_order_that_moves_to_another_sku_counts_for_both(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, rules);
	bench_poll_all(&b);
	add(&b, SHD_KIND_stock, "s1", SHD_F_stock_sku, "x");
	add(&b, SHD_KIND_stock, "s2", SHD_F_stock_sku, "y");
	order(&b, 1, "x", 2);
	bench_poll(&b, "orders");
	assert_int_equal(unshipped(&b, "s1"), 2 * SHD_MICRO);
	order(&b, 1, "y", 2);
	bench_poll(&b, "orders");
	assert_int_equal(unshipped(&b, "s1"), 0);
	assert_int_equal(unshipped(&b, "s2"), 2 * SHD_MICRO);
	order(&b, 1, "y", 3);
	bench_poll(&b, "orders");
	assert_int_equal(unshipped(&b, "s2"), 3 * SHD_MICRO);
	bench_finish(&b);
}

static enum shd_alert_state state_of(struct bench *b, const char *store, const char *rule,
				     const char *entity)
{
	const struct shd_alert *alert = bench_alert_of(b, store, rule, entity);

	return alert ? alert->state : SHD_ALERT_INACTIVE;
}

/* Neither stores nor rules stand by name. */
static void a_wake_up_finds_its_store_and_its_rule(void **state)
{
	struct shd_value rating = {.type = SHD_NUMBER, .n = 4 * SHD_MICRO};
	struct bench b;

	(void)state;
	bench_start(&b,
		    "rules:\n"
		    "  - rule: late\n    each: order\n    due: ship_by\n"
		    "    levels: {warning: now >= due}\n"
		    "  - rule: z-rating\n    value: rating\n    for: 1m\n"
		    "    levels: {warning: value < 4.5}\n"
		    "  - rule: a-rating\n    value: rating\n    for: 2m\n"
		    "    levels: {warning: value < 4.5}\n");
	b.stores[0].id = b.sources[0].id = "z";
	b.stores[1].id = b.sources[1].id = "a";
	bench_judge(&b);
	bench_poll_all(&b);
	order(&b, 1, "x", 1);
	shd_set_n(b.harvest, 0, SHD_F_order_ship_by, T0 + SHD_MINUTE_MS / 2);
	bench_poll(&b, "orders");
	shd_harvest_measure(bench_harvest(&b), SHD_M_rating, false, rating);
	bench_poll(&b, "rates");
	assert_int_equal(state_of(&b, "z", "late", "o1"), SHD_ALERT_INACTIVE);
	bench_run_until(&b, T0 + SHD_MINUTE_MS / 2);
	assert_int_equal(state_of(&b, "z", "late", "o1"), SHD_ALERT_FIRING);
	assert_int_equal(state_of(&b, "z", "z-rating", ""), SHD_ALERT_PENDING);
	bench_run_until(&b, T0 + SHD_MINUTE_MS);
	assert_int_equal(state_of(&b, "z", "z-rating", ""), SHD_ALERT_FIRING);
	assert_int_equal(state_of(&b, "z", "a-rating", ""), SHD_ALERT_PENDING);
	bench_run_until(&b, T0 + 2 * SHD_MINUTE_MS);
	assert_int_equal(state_of(&b, "z", "a-rating", ""), SHD_ALERT_FIRING);
	assert_int_equal(state_of(&b, "a", "late", "o1"), SHD_ALERT_INACTIVE);
	bench_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_that_did_not_change_ask_nothing),
		cmocka_unit_test(a_sku_is_asked_for_once),
		cmocka_unit_test(a_listing_of_the_same_batch_is_seen),
		cmocka_unit_test(an_order_that_moves_to_another_sku_counts_for_both),
		cmocka_unit_test(a_wake_up_finds_its_store_and_its_rule),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

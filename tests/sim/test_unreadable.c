/* What cannot be read: the value that was known stays, its alert neither ends nor grows, and
 * nothing that is new goes untold. On a virtual clock. */
#include "support/judge_bench.h"

static const char rules[] =
	"rules:\n"
	"  - rule: new-order\n"
	"    each: order\n"
	"    where: >-\n"
	"      (status == \"awaiting_shipment\" or status is unreadable) and\n"
	"      (opened_at >= store.watched_since - 1m or opened_at is unreadable)\n"
	"    levels: {info: true}\n"
	"  - rule: ship\n"
	"    each: order\n"
	"    where: status == \"awaiting_shipment\" and ship_by is not none\n"
	"    due: ship_by\n"
	"    levels: {warning: remaining <= 6h, critical: remaining <= 2h, breached: remaining <= "
	"0s}\n"
	"  - rule: late\n"
	"    each: order\n"
	"    where: shipped_late\n"
	"    levels: {warning: true}\n"
	"  - rule: out\n"
	"    each: stock\n"
	"    levels: {critical: available <= 0}\n"
	"  - rule: waiting\n"
	"    value: count(order last 7d where status == \"awaiting_shipment\")\n"
	"    levels: {warning: value >= 1}\n"
	"  - rule: rates\n"
	"    levels: {warning: complaint_rate > 2%, critical: complaint_rate > 5%}\n";

/* So that nothing goes blind when a test only waits. */
static void poll_seldom(struct bench *b)
{
	for (int p = 0; p < SHD_POLLER_COUNT; p++)
		b->sources[0].every_ms[p] = SHD_WEEK_MS;
}

/* Of an alert that is open, judged or not. */
static enum shd_level open_level(struct bench *b, const char *rule, const char *entity)
{
	const struct shd_alert *alert = bench_alert(b, rule, entity);
	bool open = alert && (alert->state == SHD_ALERT_FIRING ||
				     alert->state == SHD_ALERT_UNKNOWN);

	return open ? alert->level : SHD_LEVEL_NONE;
}

static size_t order(struct bench *b, const char *id)
{
	size_t at = shd_harvest_entity(bench_harvest(b), SHD_KIND_order, id, strlen(id));

	shd_set_n(b->harvest, at, SHD_F_order_opened_at, b->now);
	shd_set_text(b->harvest, at, SHD_F_order_status, "awaiting_shipment", 17);
	return at;
}

static const struct shd_entity *stored(struct bench *b, enum shd_kind kind, const char *id)
{
	const struct shd_stored *from = bench_stored(b);
	struct shd_stored_entity row;
	struct shd_error error;

	assert_true(from->entity(from->ctx, "s1", kind, id, b->arena, &row, &error));
	assert_non_null(row.entity);
	return row.entity;
}

/* A field that can no longer be read, whatever is in its place: what was known stays, the alert
 * neither ends nor grows nor fires anew, through restarts too; until it can be read. */
static void what_cannot_be_read_keeps_its_alert(void **state)
{
	static const struct {
		bool blank;
		const char *example;
	} odd[] = {{false, "\"30.11.2026 07:00\""}, {false, "1796011200"}, {true, "null"},
		{true, "\"0001-01-01T00:00:00Z\""}};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(odd); i++) {
		int64_t ship_by = T0 + 3 * SHD_HOUR_MS;
		struct bench b;

		bench_start(&b, rules);
		b.restarts = i % 2;
		poll_seldom(&b);
		bench_poll_all(&b);
		size_t at = order(&b, "o1");
		shd_set_n(b.harvest, at, SHD_F_order_ship_by, ship_by);
		bench_poll(&b, "orders");
		assert_int_equal(open_level(&b, "ship", "o1"), SHD_WARN);
		b.now += SHD_MINUTE_MS;
		at = order(&b, "o1");
		shd_set_unread(b.harvest, at, SHD_F_order_ship_by, odd[i].blank, odd[i].example);
		bench_poll(&b, "orders");
		assert_int_equal(b.outcome.unread_count, 1);
		assert_string_equal(b.outcome.unread[0].feed, "orders");
		assert_string_equal(b.outcome.unread[0].example, odd[i].example);
		assert_string_equal(b.outcome.unread[0].what, "order.ship_by");
		const struct shd_entity *entity = stored(&b, SHD_KIND_order, "o1");
		assert_int_equal(shd_entity_get(entity, SHD_F_order_ship_by)->n, ship_by);
		char want[100];
		snprintf(want, sizeof(want), "ship_by orders %s", odd[i].example);
		assert_string_equal(entity->fields[SHD_I_unreadable].text, want);
		/* nor by time alone, nor what is derived from it */
		bench_run_until(&b, T0 + 4 * SHD_HOUR_MS);
		assert_int_equal(open_level(&b, "ship", "o1"), SHD_WARN);
		assert_int_equal(open_level(&b, "late", "o1"), SHD_LEVEL_NONE);
		/* said once, and an answer that does not speak of it leaves it unknown */
		order(&b, "o1");
		bench_poll(&b, "orders");
		assert_int_equal(b.outcome.unread_count, 0);
		assert_int_equal(open_level(&b, "ship", "o1"), SHD_WARN);
		at = order(&b, "o1");
		shd_set_n(b.harvest, at, SHD_F_order_ship_by, ship_by);
		bench_poll(&b, "orders");
		assert_int_equal(open_level(&b, "ship", "o1"), SHD_BREACHED);
		assert_int_equal(open_level(&b, "late", "o1"), SHD_WARN);
		assert_true(stored(&b, SHD_KIND_order, "o1")->fields[SHD_I_unreadable].none);
		bench_finish(&b);
	}
}

/* Takes what two stores' feeds bring, in one transaction. */
static void take_both(struct bench *b)
{
	bench_begin(b);
	for (size_t i = 0; i < 2; i++) {
		struct shd_batch batch = bench_batch(b, i, "orders");

		if (!shd_judge_batch(b->judge, &batch, &b->err))
			fail_msg("%s", b->err.msg);
	}
	bench_end(b);
	shd_harvest_destroy(shd_steal(b->harvest));
}

static void unread(struct bench *b, const char *id, enum shd_field field)
{
	size_t at = order(b, id);

	shd_set_unread(b->harvest, at, field, false, "x");
}

/* One entry for each field of a feed of a store, however many entities it is about; and not again
 * for those of which it was told. */
static void what_cannot_be_read_is_told_by_field_feed_and_store(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	unread(&b, "o1", SHD_F_order_ship_by);
	unread(&b, "o2", SHD_F_order_ship_by);
	unread(&b, "o3", SHD_F_order_deliver_by);
	take_both(&b);
	assert_int_equal(b.outcome.unread_count, 4); /* the second store has them as well */
	assert_int_equal(b.outcome.unread[0].entities, 2);
	assert_int_equal(b.outcome.unread[1].entities, 1);
	assert_string_not_equal(b.outcome.unread[0].store, b.outcome.unread[2].store);
	/* Of o1 that is known; each of the others is another feed's. */
	static const char *const feeds[] = {"orders", "stock", "cases"};
	static const char *const ids[] = {"o7", "o8", "o9"};

	bench_begin(&b);
	for (size_t i = 0; i < SHD_COUNT(feeds); i++) {
		unread(&b, "o1", SHD_F_order_ship_by);
		unread(&b, ids[i], SHD_F_order_ship_by);
		struct shd_batch batch = bench_batch(&b, 0, feeds[i]);
		assert_true(shd_judge_batch(b.judge, &batch, &b.err));
		shd_harvest_destroy(shd_steal(b.harvest));
	}
	bench_end(&b);
	assert_int_equal(b.outcome.unread_count, 3);
	for (size_t i = 0; i < SHD_COUNT(feeds); i++) {
		assert_string_equal(b.outcome.unread[i].feed, feeds[i]);
		assert_string_equal(b.outcome.unread[i].what, "order.ship_by");
		assert_int_equal(b.outcome.unread[i].entities, 1);
	}
	bench_finish(&b);
}

/* So many that nobody reads them all: `status` has them. */
static void what_cannot_be_read_is_told_of_a_hundred(void **state)
{
	struct bench b;
	size_t fields = 0;

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	for (int kind = SHD_KIND_order; kind < SHD_KIND_campaign; kind++) {
		size_t at = shd_harvest_entity(bench_harvest(&b), (enum shd_kind)kind, "x", 1);

		for (int i = SHD_I_unlisted_since + 1; i < shd_kind_fields((enum shd_kind)kind);
			i++, fields++)
			shd_set_unread(b.harvest, at,
				shd_kind_first((enum shd_kind)kind) + (enum shd_field)i, false,
				"x");
	}
	assert_in_range(fields, 101, 1000);
	bench_poll(&b, "orders");
	assert_int_equal(b.outcome.unread_count, 100);
	bench_finish(&b);
}

/* A number that is null now is no 0; the sum over the store counts with what was known. */
static void a_null_is_no_zero(void **state)
{
	struct bench b;
	size_t at;

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	at = shd_harvest_entity(bench_harvest(&b), SHD_KIND_stock, "11", 2);
	shd_set_n(b.harvest, at, SHD_F_stock_available, 0);
	at = shd_harvest_entity(bench_harvest(&b), SHD_KIND_stock, "12", 2);
	shd_set_n(b.harvest, at, SHD_F_stock_available, 5 * SHD_MICRO);
	bench_poll(&b, "stock");
	assert_int_equal(open_level(&b, "out", "11"), SHD_CRITICAL);
	for (int i = 0; i < 2; i++) {
		b.now += SHD_MINUTE_MS;
		for (int sku = 11; sku <= 13; sku++) {
			char id[3] = {'1', (char)('0' + sku - 10), '\0'};

			at = shd_harvest_entity(bench_harvest(&b), SHD_KIND_stock, id, 2);
			shd_set_unread(b.harvest, at, SHD_F_stock_available, true, "null");
		}
		bench_poll(&b, "stock");
		assert_int_equal(open_level(&b, "out", "11"), SHD_CRITICAL);
		assert_int_equal(open_level(&b, "out", "12"), SHD_LEVEL_NONE);
		assert_int_equal(open_level(&b, "out", "13"), SHD_LEVEL_NONE);
	}
	/* one that was never known is none, as ever */
	assert_true(stored(&b, SHD_KIND_stock, "13")->fields[SHD_I_unreadable].none);
	bench_finish(&b);
}

/* A new order is one, whatever word its status has and however its time is written. */
static void an_unknown_word_hides_no_new_order(void **state)
{
	struct bench b;
	size_t at;

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	at = order(&b, "old");
	shd_set_n(b.harvest, at, SHD_F_order_opened_at, T0 - SHD_WEEK_MS);
	order(&b, "o1");
	bench_poll(&b, "orders");
	assert_int_equal(open_level(&b, "new-order", "old"), SHD_LEVEL_NONE);
	b.now += SHD_MINUTE_MS;
	for (int i = 0; i < 2; i++) {
		at = order(&b, i ? "old" : "o2");
		shd_set_unread(
			b.harvest, at, SHD_F_order_status, false, "\"awaiting_robot\"");
		shd_set_unread(b.harvest, at, SHD_F_order_opened_at, i, i ? "null" : "7");
	}
	bench_poll(&b, "orders");
	assert_int_equal(open_level(&b, "new-order", "o2"), SHD_INFO);
	/* what was known of the old one still is: it is none */
	assert_int_equal(open_level(&b, "new-order", "old"), SHD_LEVEL_NONE);
	assert_int_equal(open_level(&b, "waiting", ""), SHD_WARN);
	bench_finish(&b);
}

static void measure(struct bench *b, int64_t ppm)
{
	shd_harvest_measure(bench_harvest(b), SHD_M_complaint_rate, false,
		(struct shd_value){.type = SHD_RATIO, .n = ppm});
	bench_poll(b, "rates");
}

/* A metric that cannot be read keeps its alert, is told once, and is shown with its store. */
static void a_metric_that_cannot_be_read_is_no_other_one(void **state)
{
	const struct shd_entity *store;
	struct bench b;

	(void)state;
	bench_start(&b, rules);
	poll_seldom(&b);
	bench_poll_all(&b);
	measure(&b, 30000);
	assert_int_equal(open_level(&b, "rates", ""), SHD_WARN);
	for (int i = 0; i < 2; i++) {
		b.now += SHD_MINUTE_MS;
		shd_harvest_unmeasured(bench_harvest(&b), SHD_M_complaint_rate, false, "\"3 %\"");
		bench_poll(&b, "rates");
		assert_int_equal(b.outcome.unread_count, i == 0);
		if (i == 0)
			assert_string_equal(b.outcome.unread[0].what, "complaint_rate");
		assert_int_equal(open_level(&b, "rates", ""), SHD_WARN);
		store = stored(&b, SHD_KIND_store, "s1");
		assert_string_equal(store->fields[SHD_I_unreadable].text,
			"complaint_rate rates \"3 %\"");
	}
	/* what else is said of the store says nothing of it */
	size_t at = shd_harvest_entity(bench_harvest(&b), SHD_KIND_store, "s1", 2);
	shd_set_n(b.harvest, at, SHD_F_store_penalty_exceeded, true);
	bench_poll(&b, "orders");
	store = stored(&b, SHD_KIND_store, "s1");
	assert_false(store->fields[SHD_I_unreadable].none);
	assert_int_equal(bench_alert(&b, "rates", "")->state, SHD_ALERT_UNKNOWN);
	measure(&b, 10000);
	store = stored(&b, SHD_KIND_store, "s1");
	assert_true(store->fields[SHD_I_unreadable].none);
	bench_run_until(&b, b.now + SHD_DAY_MS);
	assert_int_equal(open_level(&b, "rates", ""), SHD_LEVEL_NONE);
	bench_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_read_keeps_its_alert),
		cmocka_unit_test(what_cannot_be_read_is_told_by_field_feed_and_store),
		cmocka_unit_test(what_cannot_be_read_is_told_of_a_hundred),
		cmocka_unit_test(a_null_is_no_zero),
		cmocka_unit_test(an_unknown_word_hides_no_new_order),
		cmocka_unit_test(a_metric_that_cannot_be_read_is_no_other_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

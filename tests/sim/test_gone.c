/* What its list no longer has, and what a batch has no row of: asked about, ended by evidence or
 * after its age, and never by one answer. */
#include "support/judge_bench.h"

static const char rules[] =
	"rules:\n"
	"  - rule: ship\n"
	"    each: order\n"
	"    where: status == \"awaiting_shipment\"\n"
	"    due: ship_by\n"
	"    levels: {warning: remaining <= 6h, critical: remaining <= 30m}\n"
	"  - rule: cover\n"
	"    each: stock\n"
	"    levels: {warning: cover is not none and cover < 7d}\n";

static const char rules_of_stock[] =
	"rules:\n"
	"  - rule: out\n"
	"    each: stock\n"
	"    levels: {critical: available == 0}\n";

/* Rules that look at just that. */
static const char lookers[] =
	"rules:\n"
	"  - {rule: gone, each: order, levels: {warning: unlisted_since is not none}}\n"
	"  - {rule: many, levels: {warning: "
	"'count(order last 1d where unlisted_since is not none) > 0'}}\n";

static const struct shd_endpoint endpoints[] = {
	{.name = "waiting", .poller = SHD_P_orders, .paging = SHD_PAGE_CURSOR, .complete = true,
		.gone_after_ms = SHD_WEEK_MS, .closes = SHD_KIND_order,
		.while_field = SHD_F_order_status, .while_word = "awaiting_shipment",
		.asks = "one"},
	{.name = "changes", .poller = SHD_P_orders, .paging = SHD_PAGE_CURSOR, .optional = true},
	{.name = "one", .poller = SHD_P_orders, .paging = SHD_PAGE_FOLLOW, .optional = true},
	{.name = "rows", .poller = SHD_P_stock, .paging = SHD_PAGE_BATCH, .optional = true,
		.tells = {SHD_F_stock_sold_7d, SHD_F_stock_inbound}},
	{.name = "turnover", .poller = SHD_P_stock, .paging = SHD_PAGE_OFFSET, .optional = true,
		.tells = {SHD_F_stock_sold_7d}},
	{.name = "stocks", .poller = SHD_P_stock, .paging = SHD_PAGE_SINGLE},
	{.name = "moving", .poller = SHD_P_orders, .optional = true,
		.paging = SHD_PAGE_CURSOR, .complete = true,
		.gone_after_ms = SHD_WEEK_MS, .closes = SHD_KIND_order,
		.while_field = SHD_F_order_status, .while_word = "shipped",
		.asks = "one", .asks_by = SHD_F_order_tracking_number},
	{.name = "sums", .poller = SHD_P_stock, .optional = true, .paging = SHD_PAGE_CURSOR,
		.complete = true, .gone_after_ms = SHD_DAY_MS, .closes = SHD_KIND_stock,
		.rows_at = "rows", .owner_at = "offer", .owner = SHD_F_stock_offer_id,
		.empties = {SHD_F_stock_available, SHD_F_stock_reserved}},
	{.name = "shelves", .poller = SHD_P_stock, .paging = SHD_PAGE_BATCH, .optional = true,
		.tells = {SHD_F_stock_sold_7d}, .had_rows = true},
};
enum { WAITING, CHANGES, ONE, ROWS, TURNOVER, STOCKS, MOVING, SUMS, SHELVES };

static const char *const both[] = {"a", "b"};

static void start(struct bench *b, const char *with)
{
	bench_start(b, with);
	b->sources[0].endpoints = endpoints;
	b->sources[0].endpoint_count = SHD_COUNT(endpoints);
	for (int p = 0; p < SHD_POLLER_COUNT; p++)
		b->sources[0].every_ms[p] = SHD_WEEK_MS;
	bench_judge(b);
	struct shd_batch batch = bench_batch_of(b, &endpoints[STOCKS]);
	bench_take(b, &batch);
}

static void order(struct bench *b, const char *id, const char *status, bool by_id)
{
	size_t at = shd_harvest_entity(bench_harvest(b), SHD_KIND_order, id, strlen(id));

	shd_set_text(b->harvest, at, SHD_F_order_status, status, strlen(status));
	shd_set_n(b->harvest, at, SHD_F_order_opened_at, T0);
	shd_set_n(b->harvest, at, SHD_F_order_ship_by, T0 + SHD_HOUR_MS);
	b->harvest->entities[at].by_id = by_id;
}

/* The list has the first `count` of a and b; what it asks for was never found (or NULL). */
static void list(struct bench *b, size_t count, const char *const *unfound)
{
	struct shd_batch batch = bench_batch_of(b, &endpoints[WAITING]);

	batch.seen.listed = both;
	batch.seen.listed_count = count;
	batch.seen.unfound = unfound;
	batch.seen.unfound_count = unfound != NULL;
	bench_take(b, &batch);
}

static void tell(struct bench *b, int row)
{
	struct shd_batch batch = bench_batch_of(b, &endpoints[row]);

	bench_take(b, &batch);
}

static const struct shd_value *of(struct bench *b, enum shd_field field, const char *id)
{
	return shd_entity_get(bench_entity(b, shd_field_row(field)->kind, id), field);
}

/* Both wait, and are due soon. */
static void two_wait(struct bench *b)
{
	start(b, rules);
	order(b, "a", "awaiting_shipment", false);
	order(b, "b", "awaiting_shipment", false);
	list(b, 2, NULL);
	assert_int_equal(bench_level(b, "ship", "b"), SHD_WARN);
	b->now += SHD_MINUTE_MS;
}

static void what_vanished_is_asked_for_the_second_time(void **state)
{
	struct bench b;

	(void)state;
	two_wait(&b);
	int64_t since = b.now;
	list(&b, 1, NULL);
	assert_int_equal(of(&b, SHD_F_order_unlisted_since, "b")->n, since);
	assert_null(b.outcome.unlisted);
	assert_in_range(b.outcome.relist_at.ms, since + 1, since + SHD_MINUTE_MS);
	b.now += SHD_MINUTE_MS;
	list(&b, 1, NULL);
	assert_int_equal(b.outcome.unlisted_count, 1);
	assert_string_equal(b.outcome.unlisted->id, "b");
	/* Its own answer says that it is as it was: that is evidence, and lists it nowhere. */
	b.now += SHD_MINUTE_MS;
	order(&b, "b", "awaiting_shipment", true);
	list(&b, 1, NULL);
	assert_int_equal(of(&b, SHD_F_order_unlisted_since, "b")->n, since);
	assert_int_equal(b.outcome.unlisted_count, 1);
	assert_int_equal(bench_level(&b, "ship", "b"), SHD_WARN);
	list(&b, 2, NULL);
	bench_finish(&b);
}

/* After a stop of hours the list is read before another one tells that it was shipped: what was
 * known before must not be judged by what time it is now. */
static void what_vanished_is_not_judged_for_it(void **state)
{
	struct bench b;

	(void)state;
	two_wait(&b);
	b.now = T0 + 45 * SHD_MINUTE_MS;
	list(&b, 1, NULL);
	assert_false(of(&b, SHD_F_order_unlisted_since, "b")->none);
	assert_int_equal(bench_level(&b, "ship", "b"), SHD_WARN);
	bench_wake(&b, b.now); /* now it is time's turn */
	assert_int_equal(bench_level(&b, "ship", "b"), SHD_CRITICAL);
	bench_finish(&b);
}

/* Set back to before it was missed: it is missed as if for the first time. */
static void a_clock_set_back_begins_anew(void **state)
{
	struct bench b;

	(void)state;
	two_wait(&b);
	b.now += SHD_DAY_MS;
	list(&b, 1, NULL);
	b.now -= SHD_DAY_MS;
	list(&b, 1, NULL);
	assert_int_equal(b.outcome.unlisted_count, 0);
	assert_int_equal(of(&b, SHD_F_order_unlisted_since, "b")->n, b.now);
	bench_finish(&b);
}

static void list_moving(struct bench *b, size_t count)
{
	struct shd_batch batch = bench_batch_of(b, &endpoints[MOVING]);

	batch.seen.listed = both;
	batch.seen.listed_count = count;
	bench_take(b, &batch);
}

/* What is on its way is on another list, which asks for it by what it knows of it. Leaving the
 * first list for that one is no vanishing. */
static void what_moves_on_is_on_another_list(void **state)
{
	struct bench b;

	(void)state;
	two_wait(&b);
	list(&b, 1, NULL); /* b is missing, and is told to be on its way: */
	assert_false(of(&b, SHD_F_order_unlisted_since, "b")->none);
	order(&b, "b", "shipped", false);
	tell(&b, CHANGES);
	assert_true(of(&b, SHD_F_order_unlisted_since, "b")->none);
	order(&b, "a", "shipped", false);
	order(&b, "b", "shipped", false);
	shd_set_text(b.harvest, 1, SHD_F_order_tracking_number, "T-7", 3);
	list_moving(&b, 2);
	for (int i = 0; i < 2; i++) {
		b.now += SHD_MINUTE_MS;
		list_moving(&b, 1);
	}
	assert_int_equal(b.outcome.unlisted_count, 1);
	assert_string_equal(b.outcome.unlisted->id, "b");
	assert_string_equal(b.outcome.unlisted->by, "T-7");
	/* Another answer speaks of it: its time is counted anew, as it is missing all the same. */
	int64_t since = of(&b, SHD_F_order_unlisted_since, "b")->n;
	order(&b, "b", "shipped", false);
	tell(&b, CHANGES);
	assert_true(of(&b, SHD_F_order_unlisted_since, "b")->n > since);
	order(&b, "b", "delivered", false);
	tell(&b, CHANGES);
	assert_true(of(&b, SHD_F_order_unlisted_since, "b")->none);
	/* Of a what it would be asked for by is not known. */
	for (int i = 0; i < 3; i++) {
		b.now += SHD_MINUTE_MS;
		list_moving(&b, 0);
	}
	assert_int_equal(b.outcome.unlisted_count, 0);
	assert_false(of(&b, SHD_F_order_unlisted_since, "a")->none);
	bench_finish(&b);
}

static void a_rule_that_looks_at_it_is_judged_soon(void **state)
{
	struct bench b;

	(void)state;
	start(&b, lookers);
	order(&b, "a", "awaiting_shipment", false);
	order(&b, "b", "awaiting_shipment", false);
	list(&b, 2, NULL);
	assert_int_equal(bench_level(&b, "many", ""), SHD_LEVEL_NONE);
	list(&b, 1, NULL);
	assert_int_equal(bench_level(&b, "many", ""), SHD_WARN);
	assert_int_equal(bench_level(&b, "gone", "b"), SHD_LEVEL_NONE);
	bench_wake(&b, b.now + 1);
	assert_int_equal(bench_level(&b, "gone", "b"), SHD_WARN);
	assert_int_equal(bench_level(&b, "gone", "a"), SHD_LEVEL_NONE);
	bench_finish(&b);
}

/* By its own answer, or one of another list; then it has not vanished at all. */
static void what_was_shipped_has_not_vanished(void **state)
{
	(void)state;
	for (int first = 0; first < 3; first++) {
		struct bench b;

		two_wait(&b);
		if (first) {
			list(&b, 1, NULL);
			b.now += SHD_MINUTE_MS;
		}
		order(&b, "b", "shipped", first == 2);
		tell(&b, first == 2 ? WAITING : CHANGES);
		assert_true(of(&b, SHD_F_order_unlisted_since, "b")->none);
		assert_int_equal(bench_alert(&b, "ship", "b")->state, SHD_ALERT_RESOLVED);
		for (int i = 0; i < 3; i++) {
			b.now += SHD_WEEK_MS;
			list(&b, 1, (const char *const[]){"b"});
			assert_true(of(&b, SHD_F_order_unlisted_since, "b")->none);
			assert_null(b.outcome.unlisted);
		}
		assert_true(of(&b, SHD_F_order_closed, "b")->none);
		/* It came back, as another list tells first: its own list has it again. */
		order(&b, "b", "awaiting_shipment", false);
		tell(&b, CHANGES);
		order(&b, "b", "awaiting_shipment", false);
		list(&b, 2, NULL);
		b.now += SHD_MINUTE_MS;
		list(&b, 1, NULL);
		assert_int_equal(of(&b, SHD_F_order_unlisted_since, "b")->n, b.now);
		bench_finish(&b);
	}
}

/* After a week, and only when nobody who was asked knows it. */
static void what_nobody_knows_ends_after_its_age(void **state)
{
	static const char *const unfound[] = {"b"};
	struct bench b;

	(void)state;
	two_wait(&b);
	int64_t since = b.now;
	list(&b, 1, NULL);
	for (b.now = since + SHD_DAY_MS; b.now < since + SHD_WEEK_MS; b.now += SHD_DAY_MS) {
		list(&b, 1, unfound);
		assert_int_equal(bench_level(&b, "ship", "b"), SHD_CRITICAL);
	}
	list(&b, 1, NULL);
	assert_int_equal(bench_level(&b, "ship", "b"), SHD_CRITICAL);
	list(&b, 1, unfound);
	assert_int_equal(bench_alert(&b, "ship", "b")->state, SHD_ALERT_RESOLVED);
	assert_int_equal(of(&b, SHD_F_order_closed_at, "b")->n, b.now);
	assert_int_equal(bench_level(&b, "ship", "a"), SHD_WARN);
	bench_finish(&b);
}

/* --- rows of a batch ------------------------------------------------------------------------ */

static void stock(struct bench *b, const char *id, const char *warehouse)
{
	size_t at = shd_harvest_entity(bench_harvest(b), SHD_KIND_stock, id, strlen(id));

	shd_set_text(b->harvest, at, SHD_F_stock_sku, "1", 1);
	if (warehouse)
		shd_set_text(b->harvest, at, SHD_F_stock_warehouse, warehouse, strlen(warehouse));
	shd_set_n(b->harvest, at, SHD_F_stock_available, 5 * SHD_MICRO);
	shd_set_n(b->harvest, at, SHD_F_stock_sold_7d, 7 * SHD_MICRO);
}

static void rows(struct bench *b, int row, const char *const *listed, size_t count,
		 const char *const *asked, size_t asked_count, const char *incomplete)
{
	struct shd_batch batch = bench_batch_of(b, &endpoints[row]);

	batch.seen.listed = listed;
	batch.seen.listed_count = count;
	batch.seen.asked = asked;
	batch.seen.asked_count = asked_count;
	batch.seen.incomplete = incomplete;
	bench_take(b, &batch);
	b->now += SHD_MINUTE_MS;
}

static bool is_unread(struct bench *b, const char *id)
{
	const struct shd_value *unreadable = of(b, SHD_F_stock_unreadable, id);

	if (unreadable->none)
		return false;
	assert_non_null(strstr(unreadable->text, "sold_7d "));
	assert_null(strstr(unreadable->text, "inbound")); /* it was never known */
	return true;
}

/* Neither 0 nor as fresh as ever: the value stays, and is not known. */
static void a_row_that_is_missing_makes_its_figures_unknown(void **state)
{
	static const char *const listed[] = {"1:x", "1:y"}, *const asked[] = {"1", "2"};
	struct bench b;

	(void)state;
	start(&b, rules);
	stock(&b, "1", NULL);
	stock(&b, "1:x", "x");
	stock(&b, "1:y", "y");
	rows(&b, ROWS, listed, 2, asked, 2, NULL);
	assert_int_equal(bench_level(&b, "cover", "1:y"), SHD_WARN);
	rows(&b, ROWS, listed, 1, asked, 2, "it may lack rows");
	assert_false(is_unread(&b, "1:y"));
	/* Of a restarted daemon, which remembers no row, as well. */
	bench_reopen(&b);
	rows(&b, ROWS, listed, 1, asked, 2, NULL);
	assert_true(is_unread(&b, "1:y"));
	assert_false(is_unread(&b, "1:x"));
	assert_false(is_unread(&b, "1")); /* the sum, of which these rows tell nothing */
	assert_int_equal(of(&b, SHD_F_stock_sold_7d, "1:y")->n, 7 * SHD_MICRO);
	assert_int_equal(bench_alert(&b, "cover", "1:y")->state, SHD_ALERT_UNKNOWN);
	assert_int_equal(b.outcome.unread_count, 1);
	stock(&b, "1:y", "y");
	rows(&b, ROWS, listed, 2, asked, 2, NULL);
	assert_false(is_unread(&b, "1:y"));
	assert_int_equal(bench_level(&b, "cover", "1:y"), SHD_WARN);
	bench_finish(&b);
}

/* A list that is no batch: what had a row before. */
static void a_row_that_leaves_a_list_makes_its_figures_unknown(void **state)
{
	static const char *const had[] = {"1"};
	struct bench b;

	(void)state;
	start(&b, rules);
	stock(&b, "1", NULL);
	rows(&b, TURNOVER, had, 1, NULL, 0, NULL);
	assert_false(is_unread(&b, "1"));
	rows(&b, TURNOVER, had, 0, had, 1, NULL);
	assert_true(is_unread(&b, "1"));
	assert_int_equal(bench_alert(&b, "cover", "1")->state, SHD_ALERT_UNKNOWN);
	bench_finish(&b);
}

/* A batch whose ids may have none by right: the row itself, not all of its sku. */
static void a_row_of_a_warehouse_that_had_one_is_missed(void **state)
{
	static const char *const had[] = {"1:x", "1:y"};
	struct bench b;

	(void)state;
	start(&b, rules);
	stock(&b, "1:x", "x");
	stock(&b, "1:y", "y");
	stock(&b, "1:z", "z"); /* of another list */
	rows(&b, SHELVES, had, 2, NULL, 0, NULL);
	rows(&b, SHELVES, had, 1, had, 2, NULL);
	assert_false(is_unread(&b, "1:x"));
	assert_true(is_unread(&b, "1:y"));
	assert_false(is_unread(&b, "1:z"));
	bench_finish(&b);
}

/* --- a record without rows ------------------------------------------------------------------- */

static void sum(struct bench *b, const char *sku, const char *offer, bool readable)
{
	size_t at = shd_harvest_entity(bench_harvest(b), SHD_KIND_stock, sku, strlen(sku));

	shd_set_text(b->harvest, at, SHD_F_stock_sku, sku, strlen(sku));
	if (offer)
		shd_set_text(b->harvest, at, SHD_F_stock_offer_id, offer, strlen(offer));
	shd_set_n(b->harvest, at, SHD_F_stock_sold_7d, 7 * SHD_MICRO);
	if (readable)
		shd_set_n(b->harvest, at, SHD_F_stock_available, 50 * SHD_MICRO);
	else
		shd_set_unread(b->harvest, at, SHD_F_stock_available, false, "many");
}

static void list_sums(struct bench *b, const char *const *listed, size_t count)
{
	rows(b, SUMS, listed, count, NULL, 0, NULL);
}

/* "none of it is left" is said of all that was known of the product: two lists make it so. */
static void a_record_without_rows_is_zero_the_second_time(void **state)
{
	static const char *const all[] = {"1", "2", "3", "4"}, *const left[] = {"\x01P", "2"};
	struct bench b;

	(void)state;
	start(&b, rules_of_stock);
	sum(&b, "1", "P", true);
	sum(&b, "2", "Q", true);
	sum(&b, "3", "P", true);
	sum(&b, "4", NULL, true);
	list_sums(&b, all, 4);
	sum(&b, "1", "P", false);
	list_sums(&b, all, 4);
	int64_t since = b.now;
	list_sums(&b, left, 2);
	assert_int_equal(b.outcome.relist_at.ms, since + 1);
	assert_int_equal(of(&b, SHD_F_stock_available, "1")->n, 50 * SHD_MICRO);
	assert_false(of(&b, SHD_F_stock_unreadable, "1")->none);
	assert_int_equal(bench_level(&b, "out", "3"), SHD_LEVEL_NONE);
	for (int i = 0; i < 3; i++) { /* it has not gone, however long that lasts */
		list_sums(&b, left, 2);
		for (size_t j = 0; j < 3; j += 2) {
			assert_int_equal(of(&b, SHD_F_stock_available, all[j])->n, 0);
			assert_int_equal(of(&b, SHD_F_stock_reserved, all[j])->n, 0);
			assert_false(of(&b, SHD_F_stock_reserved, all[j])->none);
			assert_int_equal(bench_level(&b, "out", all[j]), SHD_CRITICAL);
		}
		assert_true(of(&b, SHD_F_stock_unreadable, "1")->none);
		assert_int_equal(of(&b, SHD_F_stock_unlisted_since, "1")->n, since);
		b.now += SHD_DAY_MS;
	}
	/* Others are as they were; one whose product is not known has vanished. */
	assert_int_equal(of(&b, SHD_F_stock_available, "2")->n, 50 * SHD_MICRO);
	assert_int_equal(of(&b, SHD_F_stock_available, "4")->n, 50 * SHD_MICRO);
	assert_false(of(&b, SHD_F_stock_closed, "4")->none);
	sum(&b, "1", "P", true);
	list_sums(&b, all, 2);
	assert_int_equal(bench_level(&b, "out", "1"), SHD_LEVEL_NONE);
	assert_true(of(&b, SHD_F_stock_unlisted_since, "1")->none);
	bench_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_vanished_is_asked_for_the_second_time),
		cmocka_unit_test(what_vanished_is_not_judged_for_it),
		cmocka_unit_test(a_clock_set_back_begins_anew),
		cmocka_unit_test(a_rule_that_looks_at_it_is_judged_soon),
		cmocka_unit_test(what_moves_on_is_on_another_list),
		cmocka_unit_test(what_was_shipped_has_not_vanished),
		cmocka_unit_test(what_nobody_knows_ends_after_its_age),
		cmocka_unit_test(a_row_that_is_missing_makes_its_figures_unknown),
		cmocka_unit_test(a_row_that_leaves_a_list_makes_its_figures_unknown),
		cmocka_unit_test(a_row_of_a_warehouse_that_had_one_is_missed),
		cmocka_unit_test(a_record_without_rows_is_zero_the_second_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The machine sleeps, the daemon restarts after hours, the clock is set: what is judged
 * before the feeds were read again, and what once they were. */
#include "support/judge_bench.h"

static const char rules[] =
	"rules:\n"
	"  - rule: ship\n"
	"    each: order\n"
	"    where: status == \"awaiting_shipment\"\n"
	"    due: ship_by\n"
	"    levels:\n"
	"      warning:  remaining <= 6h\n"
	"      breached: remaining <= 0s\n"
	"  - rule: late-and-low\n"
	"    levels: {warning: 'rating < 4.7 and count(order last 7d where shipped_late) >= 1'}\n"
	"  - rule: poller-stale\n"
	"    each: poller\n"
	"    value: now - (last_success_at else failing_since)\n"
	"    levels: {critical: value > 5 * interval}\n";

enum { OPEN, CHANGED, QUARTER, EXTRA, LISTED, TRANSIT, RATES, ROWS };

static const struct shd_endpoint rows[ROWS] = {
	[OPEN] = {.name = "open", .poller = SHD_P_orders, .paging = SHD_PAGE_CURSOR},
	[CHANGED] = {.name = "changed", .poller = SHD_P_orders, .paging = SHD_PAGE_CURSOR},
	[QUARTER] = {.name = "quarter", .poller = SHD_P_orders, .paging = SHD_PAGE_CURSOR,
		     .every_ms = 15 * SHD_MINUTE_MS, .may_be_lacking = true},
	[EXTRA] = {.name = "extra", .poller = SHD_P_orders, .paging = SHD_PAGE_CURSOR,
		   .optional = true},
	[LISTED] = {.name = "listed", .poller = SHD_P_stock, .paging = SHD_PAGE_CURSOR,
		    .complete = true, .closes = SHD_KIND_listing},
	[TRANSIT] = {.name = "transit", .poller = SHD_P_logistics, .paging = SHD_PAGE_CURSOR},
	[RATES] = {.name = "rates", .poller = SHD_P_account, .paging = SHD_PAGE_SINGLE},
};
static const struct shd_adapter market = {
	.name = "ozon", .endpoints = rows, .endpoint_count = ROWS};

enum { ALL = (1 << ROWS) - 1 };

/* --- a store ---------------------------------------------------------------------- */

static void read_feed(struct bench *b, int row)
{
	struct shd_batch batch = bench_batch_of(b, &rows[row]);

	bench_take(b, &batch);
}

static void read_all_but(struct bench *b, int but)
{
	for (int row = 0; row < ROWS; row++)
		if (row != but)
			read_feed(b, row);
}

static void read_fails(struct bench *b, int row, enum shd_err kind)
{
	struct shd_batch batch = bench_batch_of(b, &rows[row]);

	bench_failed(&batch, kind, BENCH_OFTEN);
	bench_take(b, &batch);
}

static void order(struct bench *b, const char *id, const char *status, int64_t ship_by)
{
	size_t at = shd_harvest_entity(bench_harvest(b), SHD_KIND_order, id, strlen(id));

	shd_set_n(b->harvest, at, SHD_F_order_opened_at, T0);
	shd_set_n(b->harvest, at, SHD_F_order_ship_by, ship_by);
	shd_set_text(b->harvest, at, SHD_F_order_status, status, strlen(status));
}

/* Two orders that warn at T0 + in_ms unless they are handed over. */
static void start(struct bench *b, int64_t in_ms)
{
	bench_start(b, rules);
	b->sources[0].adapter = &market;
	b->sources[0].endpoints = rows;
	b->sources[0].endpoint_count = ROWS;
	read_all_but(b, -1);
	order(b, "gone", "awaiting_shipment", T0 + in_ms + 6 * SHD_HOUR_MS);
	order(b, "here", "awaiting_shipment", T0 + in_ms + 6 * SHD_HOUR_MS);
	read_feed(b, OPEN);
}

static void be_behind(struct bench *b, int64_t now, uint64_t feeds)
{
	b->now = now;
	shd_judge_catch_up(b->judge, &b->sources[0], feeds, (struct shd_wall){now});
}

static void read_what_was_handed_over(struct bench *b)
{
	order(b, "gone", "shipped", T0 + 7 * SHD_HOUR_MS);
	read_feed(b, CHANGED);
}

static const char *told(struct bench *b)
{
	static char out[500];

	return bench_outbox(b, out, sizeof(out));
}

/* Awake for all these times: short enough that no feed is blind by its age, and long. */
static const int64_t naps[] = {90 * SHD_SECOND_MS, 10 * SHD_MINUTE_MS, 2 * SHD_HOUR_MS,
	2 * SHD_DAY_MS};

/* --- tests ------------------------------------------------------------------------- */

static void whatever_feed_is_read_last_nothing_is_judged_before(void **state)
{
	static const int orders[][4] = {{OPEN, QUARTER, EXTRA, CHANGED},
		{CHANGED, OPEN, EXTRA, QUARTER}, {QUARTER, CHANGED, EXTRA, OPEN},
		{OPEN, CHANGED, QUARTER, EXTRA}};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(naps) * SHD_COUNT(orders); i++) {
		const int *feeds = orders[i % SHD_COUNT(orders)];
		int64_t nap = naps[i / SHD_COUNT(orders)];
		struct bench b;

		start(&b, nap - SHD_MINUTE_MS);
		be_behind(&b, T0 + nap, ALL);
		for (int k = 0; k < 4; k++) {
			bench_wake(&b, b.now + 1);
			assert_string_equal(told(&b), "");
			if (feeds[k] == CHANGED)
				read_what_was_handed_over(&b);
			else
				read_feed(&b, feeds[k]);
		}
		bench_wake(&b, b.now + 1);
		assert_string_equal(told(&b), "mail:new here;");
		bench_finish(&b);
	}
}

/* Of a list the rest of which comes with the next poll not all was read. */
static void what_was_read_in_part_is_not_read(void **state)
{
	struct bench b;

	(void)state;
	start(&b, SHD_HOUR_MS - SHD_MINUTE_MS);
	be_behind(&b, T0 + SHD_HOUR_MS, ALL);
	read_all_but(&b, OPEN);
	struct shd_batch batch = bench_batch_of(&b, &rows[OPEN]);
	batch.fetch.partly = true;
	bench_take(&b, &batch);
	bench_wake(&b, b.now + 1);
	assert_string_equal(told(&b), "");
	read_feed(&b, OPEN);
	bench_wake(&b, b.now + 1);
	assert_string_equal(told(&b), "mail:new gone,here;");
	bench_finish(&b);
}

static void who_has_caught_up_is_told_to_the_millisecond(void **state)
{
	struct bench b;

	(void)state;
	start(&b, SHD_HOUR_MS);
	be_behind(&b, T0 + SHD_HOUR_MS - 5, ALL);
	read_all_but(&b, -1);
	bench_wake(&b, T0 + SHD_HOUR_MS - 1);
	assert_string_equal(told(&b), "");
	bench_wake(&b, T0 + SHD_HOUR_MS);
	assert_int_equal(bench_level(&b, "ship", "gone"), SHD_WARN);
	assert_int_equal(bench_level(&b, "ship", "here"), SHD_WARN);
	bench_finish(&b);
}

/* A restart after hours is the same: the first that the new judge hears is what is behind. */
static void a_restart_is_a_sleep(void **state)
{
	struct bench b;

	(void)state;
	start(&b, SHD_HOUR_MS);
	bench_reopen(&b);
	be_behind(&b, T0 + 2 * SHD_HOUR_MS, ALL);
	bench_begin(&b);
	assert_true(shd_judge_store(b.judge, b.stores[0].id, &b.err));
	bench_end(&b);
	bench_wake(&b, b.now + 1);
	read_all_but(&b, CHANGED);
	bench_wake(&b, b.now + 1);
	assert_string_equal(told(&b), "");
	read_what_was_handed_over(&b);
	bench_wake(&b, b.now + 1);
	assert_string_equal(told(&b), "mail:new here;");
	bench_finish(&b);
}

static void what_stays_unread_for_a_minute_is_blind_until_it_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(naps); i++) {
		struct bench b;

		start(&b, 0); /* both warn at once */
		assert_int_equal(bench_level(&b, "ship", "here"), SHD_WARN);
		be_behind(&b, T0 + naps[i], ALL);
		read_all_but(&b, CHANGED);
		read_fails(&b, CHANGED, SHD_ERR_NETWORK);
		bench_wake(&b, b.now + SHD_CATCH_UP_MS - 1);
		assert_int_equal(bench_level(&b, "poller-stale", "orders"), SHD_LEVEL_NONE);
		read_all_but(&b, CHANGED);
		b.now++;
		read_fails(&b, CHANGED, SHD_ERR_SERVER);
		bench_wake(&b, b.now + 1);
		assert_int_equal(bench_alert(&b, "ship", "here")->state, SHD_ALERT_UNKNOWN);
		assert_int_equal(bench_alert(&b, "ship", "gone")->state, SHD_ALERT_UNKNOWN);
		assert_false(shd_entity_get(bench_entity(&b, SHD_KIND_poller, "orders"),
					    SHD_F_poller_blinds)->none);
		/* A new one is known all the same. */
		order(&b, "new", "awaiting_shipment", b.now);
		read_feed(&b, OPEN);
		assert_int_equal(bench_level(&b, "ship", "new"), SHD_BREACHED);
		b.now += SHD_MINUTE_MS;
		read_all_but(&b, CHANGED);
		read_what_was_handed_over(&b);
		assert_int_equal(bench_alert(&b, "ship", "here")->state, SHD_ALERT_FIRING);
		assert_int_equal(bench_alert(&b, "ship", "gone")->state, SHD_ALERT_RESOLVED);
		bench_finish(&b);
	}
}

static void what_cannot_be_read_soon_is_not_waited_for(void **state)
{
	static const struct {
		int row;
		enum shd_err kind;
	} fails[] = {{EXTRA, SHD_ERR_SERVER}, {QUARTER, SHD_ERR_TARIFF}, {QUARTER, SHD_ERR_ROLE}};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(fails); i++) {
		struct bench b;

		start(&b, SHD_MINUTE_MS);
		be_behind(&b, T0 + 5 * SHD_MINUTE_MS, ALL);
		read_all_but(&b, fails[i].row);
		bench_wake(&b, b.now + 1);
		assert_string_equal(told(&b), "");
		read_fails(&b, fails[i].row, fails[i].kind);
		bench_wake(&b, b.now + 1);
		assert_int_equal(bench_level(&b, "ship", "here"), SHD_WARN);
		bench_finish(&b);
	}
}

static void an_answer_from_before_says_nothing_of_now(void **state)
{
	struct shd_feed_row *feed;
	struct bench b;
	struct shd_batch batch;

	(void)state;
	start(&b, SHD_HOUR_MS);
	be_behind(&b, T0 + 2 * SHD_HOUR_MS, ALL);
	order(&b, "gone", "awaiting_shipment", T0 + 7 * SHD_HOUR_MS + 1); /* as it was read then */
	batch = bench_batch_of(&b, &rows[CHANGED]);
	batch.fetch.outdated = true;
	batch.fetch.began.ms = T0 + SHD_MINUTE_MS;
	bench_take(&b, &batch);
	const struct shd_stored *stored = bench_stored(&b);
	assert_true(stored->feed(stored->ctx, "s1", "changed", b.arena, &feed, &b.err));
	assert_int_equal(feed->last_success.ms, T0 + SHD_MINUTE_MS);
	read_all_but(&b, CHANGED);
	bench_wake(&b, b.now + 1);
	assert_string_equal(told(&b), "");
	read_what_was_handed_over(&b);
	bench_wake(&b, b.now + 1);
	assert_string_equal(told(&b), "mail:new here;");
	bench_finish(&b);
}

static void what_another_poller_says_in_passing_is_not_enough(void **state)
{
	struct bench b;
	size_t at;

	(void)state;
	start(&b, SHD_HOUR_MS);
	be_behind(&b, T0 + 2 * SHD_HOUR_MS, ALL);
	at = shd_harvest_entity(bench_harvest(&b), SHD_KIND_order, "gone", 4);
	shd_set_text(b.harvest, at, SHD_F_order_country, "RU", 2);
	read_feed(&b, TRANSIT);
	bench_wake(&b, b.now + 1);
	assert_string_equal(told(&b), "");
	bench_finish(&b);
}

static void a_rule_over_two_pollers_waits_for_both(void **state)
{
	struct shd_value value = {.type = SHD_NUMBER, .n = 4600000};

	(void)state;
	for (int last = 0; last < 2; last++) {
		struct bench b;

		start(&b, -5 * SHD_HOUR_MS); /* late in an hour */
		shd_harvest_measure(bench_harvest(&b), SHD_M_rating, false, value);
		read_feed(&b, RATES);
		be_behind(&b, T0 + 100 * SHD_MINUTE_MS, ALL);
		read_all_but(&b, last ? RATES : OPEN);
		bench_wake(&b, b.now + 1);
		assert_int_equal(bench_level(&b, "late-and-low", ""), SHD_LEVEL_NONE);
		read_feed(&b, last ? RATES : OPEN);
		bench_wake(&b, b.now + 1);
		assert_int_equal(bench_level(&b, "late-and-low", ""), SHD_WARN);
		bench_finish(&b);
	}
}

static void no_poller_is_stale_because_the_clock_was_set(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(naps); i++) {
		struct bench b;

		start(&b, 10 * SHD_DAY_MS);
		be_behind(&b, T0 + naps[i], ALL);
		bench_wake(&b, b.now + 1);
		read_all_but(&b, OPEN);
		read_fails(&b, OPEN, SHD_ERR_TIMEOUT);
		assert_true(shd_entity_get(bench_entity(&b, SHD_KIND_poller, "orders"),
					   SHD_F_poller_blinds)->none);
		bench_wake(&b, b.now + SHD_CATCH_UP_MS / 2);
		read_feed(&b, OPEN);
		bench_wake(&b, b.now + SHD_CATCH_UP_MS);
		assert_null(bench_alert(&b, "poller-stale", "orders"));
		assert_string_equal(told(&b), "");
		bench_finish(&b);
	}
}

static void a_poller_that_stays_unread_is_stale_after_a_minute(void **state)
{
	struct bench b;

	(void)state;
	start(&b, 10 * SHD_DAY_MS);
	be_behind(&b, T0 + SHD_HOUR_MS, ALL);
	bench_wake(&b, b.now);
	assert_int_equal(b.outcome.next_wake.ms, T0 + SHD_HOUR_MS + SHD_CATCH_UP_MS);
	bench_wake(&b, T0 + SHD_HOUR_MS + SHD_CATCH_UP_MS - 1);
	assert_null(bench_alert(&b, "poller-stale", "orders"));
	bench_wake(&b, T0 + SHD_HOUR_MS + SHD_CATCH_UP_MS);
	assert_int_equal(bench_level(&b, "poller-stale", "orders"), SHD_CRITICAL);
	bench_finish(&b);
}

static void a_lost_transaction_has_read_nothing(void **state)
{
	struct bench b;

	(void)state;
	start(&b, SHD_HOUR_MS);
	be_behind(&b, T0 + 2 * SHD_HOUR_MS, ALL);
	read_all_but(&b, CHANGED);
	struct shd_batch batch = bench_batch_of(&b, &rows[CHANGED]);
	bench_begin(&b);
	assert_true(shd_judge_batch(b.judge, &batch, &b.err));
	bench_abandon(&b);
	bench_wake(&b, b.now + 1);
	assert_string_equal(told(&b), "");
	read_what_was_handed_over(&b);
	bench_wake(&b, b.now + 1);
	assert_string_equal(told(&b), "mail:new here;");
	bench_finish(&b);
}

/* Listings that warn an hour after they opened: l1 opened at T0, l2 now. */
static void start_listings(struct bench *b)
{
	bench_start(b, "rules:\n"
		       "  - rule: old-listing\n"
		       "    each: listing\n"
		       "    levels: {warning: age >= 1h}\n");
	b->sources[0].adapter = &market;
	b->sources[0].endpoints = rows;
	b->sources[0].endpoint_count = ROWS;
	size_t at = shd_harvest_entity(bench_harvest(b), SHD_KIND_listing, "l1", 2);
	shd_set_n(b->harvest, at, SHD_F_listing_opened_at, T0);
	at = shd_harvest_entity(b->harvest, SHD_KIND_listing, "l2", 2);
	shd_set_n(b->harvest, at, SHD_F_listing_opened_at, T0 + 2 * SHD_HOUR_MS);
	read_feed(b, LISTED);
	be_behind(b, T0 + 2 * SHD_HOUR_MS, ALL);
}

/* What it has is the first `count` of l2 and l1. */
static void list_listings(struct bench *b, size_t count)
{
	static const char *const listed[] = {"l2", "l1"};
	struct shd_batch batch = bench_batch_of(b, &rows[LISTED]);

	batch.seen.listed = listed;
	batch.seen.listed_count = count;
	bench_take(b, &batch);
	bench_wake(b, b->now + 1);
}

static void a_list_that_is_suspect_was_not_read(void **state)
{
	struct bench b;

	(void)state;
	start_listings(&b);
	for (int i = 0; i < 2; i++) {
		list_listings(&b, 0);
		assert_string_equal(told(&b), "");
	}
	bench_finish(&b);
}

/* One that lacks what was there is believed with the next one: until then nothing is judged. */
static void a_list_that_lacks_something_was_not_read(void **state)
{
	(void)state;
	for (size_t again = 1; again <= 2; again++) {
		struct bench b;

		start_listings(&b);
		list_listings(&b, 1);
		assert_string_equal(told(&b), "");
		list_listings(&b, again);
		assert_string_equal(told(&b), again == 1 ? "" : "mail:new l1;");
		bench_finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_feed_is_read_last_nothing_is_judged_before),
		cmocka_unit_test(what_was_read_in_part_is_not_read),
		cmocka_unit_test(who_has_caught_up_is_told_to_the_millisecond),
		cmocka_unit_test(a_restart_is_a_sleep),
		cmocka_unit_test(what_stays_unread_for_a_minute_is_blind_until_it_is_read),
		cmocka_unit_test(what_cannot_be_read_soon_is_not_waited_for),
		cmocka_unit_test(an_answer_from_before_says_nothing_of_now),
		cmocka_unit_test(what_another_poller_says_in_passing_is_not_enough),
		cmocka_unit_test(a_rule_over_two_pollers_waits_for_both),
		cmocka_unit_test(no_poller_is_stale_because_the_clock_was_set),
		cmocka_unit_test(a_poller_that_stays_unread_is_stale_after_a_minute),
		cmocka_unit_test(a_lost_transaction_has_read_nothing),
		cmocka_unit_test(a_list_that_is_suspect_was_not_read),
		cmocka_unit_test(a_list_that_lacks_something_was_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

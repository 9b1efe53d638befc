/* What nobody reads any more, by the configuration or because the tariff lacks it, and what
 * is read again: alerts are neither true nor over meanwhile. */
#include "support/judge_bench.h"

#include "message/plain.h"

static const char rules[] =
	"rules:\n"
	"  - rule: ship\n"
	"    each: order\n"
	"    where: status == \"awaiting_shipment\"\n"
	"    due: ship_by\n"
	"    levels:\n"
	"      warning:  remaining <= 6h\n"
	"      breached: remaining <= 0s\n"
	"  - rule: new\n"
	"    each: order\n"
	"    where: opened_at >= store.watched_since\n"
	"    levels: {info: true}\n"
	"  - rule: late\n"
	"    levels: {warning: 'count(order last 7d where shipped_late) >= 1'}\n"
	"  - rule: silent\n"
	"    levels: {warning: age_of(poll.orders) > 10m}\n"
	"  - rule: rating-floor\n"
	"    levels: {warning: rating < 4.7}\n"
	"  - rule: poller-stale\n"
	"    each: poller\n"
	"    where: id == \"orders\"\n"
	"    value: now - (last_success_at else failing_since)\n"
	"    levels: {critical: value > 5 * interval}\n";

enum { OPEN, CHANGED, FOLLOWED, TRANSIT, RATES, ROWS };

static const struct shd_endpoint rows[ROWS] = {
	[OPEN] = {.name = "open",
		.poller = SHD_P_orders,
		.paging = SHD_PAGE_CURSOR,
		.may_be_lacking = true},
	[CHANGED] = {.name = "changed",
		.poller = SHD_P_orders,
		.paging = SHD_PAGE_CURSOR,
		.may_be_lacking = true},
	[FOLLOWED] = {.name = "followed", .poller = SHD_P_orders, .paging = SHD_PAGE_FOLLOW},
	[TRANSIT] = {.name = "transit", .poller = SHD_P_logistics, .paging = SHD_PAGE_CURSOR},
	[RATES] = {.name = "rates", .poller = SHD_P_account, .paging = SHD_PAGE_SINGLE},
};
static const struct shd_adapter market = {
	.name = "ozon", .endpoints = rows, .endpoint_count = ROWS};

enum { ORDER_FEEDS = 1 << OPEN | 1 << CHANGED };

/* --- a store ---------------------------------------------------------------------- */

static void read_feed(struct bench *b, int row)
{
	struct shd_batch batch = bench_batch_of(b, &rows[row]);

	bench_take(b, &batch);
}

static void lack_feed(struct bench *b, int row)
{
	struct shd_batch batch = bench_batch_of(b, &rows[row]);

	bench_failed(&batch, SHD_ERR_TARIFF, BENCH_OFTEN);
	bench_take(b, &batch);
}

static void order(struct bench *b, const char *id, const char *status, int64_t ship_by)
{
	size_t at = shd_harvest_entity(bench_harvest(b), SHD_KIND_order, id, strlen(id));

	shd_set_n(b->harvest, at, SHD_F_order_opened_at, T0);
	shd_set_n(b->harvest, at, SHD_F_order_ship_by, ship_by);
	shd_set_text(b->harvest, at, SHD_F_order_status, status, strlen(status));
}

/* One order warns already; it and another one are late in three hours. */
static void start(struct bench *b)
{
	bench_start(b, rules);
	b->sources[0].adapter = &market;
	b->sources[0].endpoints = rows;
	b->sources[0].endpoint_count = ROWS;
	for (int row = 0; row < ROWS; row++)
		read_feed(b, row);
	order(b, "gone", "awaiting_shipment", T0 + 3 * SHD_HOUR_MS);
	order(b, "here", "awaiting_shipment", T0 + 3 * SHD_HOUR_MS);
	read_feed(b, OPEN);
}

static void judge_all(struct bench *b)
{
	bench_begin(b);
	for (const char *id = NULL; (id = shd_judge_store_after(b->judge, id));)
		assert_true(shd_judge_store(b->judge, id, &b->err));
	bench_end(b);
}

/* A reload: the judge is another one, and judges everything. */
static void reload(struct bench *b)
{
	bench_judge(b);
	judge_all(b);
}

static void restart(struct bench *b)
{
	bench_reopen(b);
	judge_all(b);
}

static void turn(struct bench *b, int64_t every_ms)
{
	b->sources[0].every_ms[SHD_P_orders] = every_ms;
}

static enum shd_alert_state state_of(struct bench *b, const char *rule, const char *entity)
{
	const struct shd_alert *alert = bench_alert(b, rule, entity);

	return alert ? alert->state : SHD_ALERT_INACTIVE;
}

static const char *told(struct bench *b)
{
	static char out[500];

	return bench_outbox(b, out, sizeof(out));
}

/* What the last move of the alert is explained with. */
static const char *reason(struct bench *b, const char *rule, const char *entity)
{
	const struct shd_alert *alert = bench_alert(b, rule, entity);
	struct shd_alert_event *events;
	size_t count;

	assert_non_null(alert);
	bench_events(b, alert->number, &events, &count);
	assert_true(count > 0);
	return events[count - 1].reason ? events[count - 1].reason : "";
}

/* What the journal says of it is why, not a value. */
static void assert_journal(const struct bench *b, const char *rule, const char *why)
{
	struct shd_text finding SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&finding, 400);
	for (size_t i = 0; i < b->outcome.transition_count; i++) {
		const struct shd_transition *transition = &b->outcome.transitions[i];
		const struct shd_facts *facts = &transition->facts;

		if (strcmp(facts->rule, rule) != 0)
			continue;
		shd_wording_finding(
			&facts->value, &facts->limit, facts->due, "", facts->at, &finding);
		assert_true(transition->unwatched || !finding.len);
		assert_string_equal(transition->why, why);
		return;
	}
	fail_msg("the journal does not speak of %s", rule);
}

/* --- a poller that is switched off ----------------------------------------------------- */

static const char first[] = "mail:new gone,here;mail:new gone,here;";
/* Who was told of something that nobody looks at any more hears that, and not that it is over. */
static const char first_and_no_more[] = "mail:new gone,here;mail:new gone,here;"
					"mail:unwatched gone,here;mail:unwatched gone,here;";

static void what_is_switched_off_neither_fires_nor_resolves(void **state)
{
	(void)state;
	for (int restarts = 0; restarts < 2; restarts++) {
		struct bench b;

		start(&b);
		assert_string_equal(told(&b), first);
		b.restarts = restarts;
		turn(&b, 0);
		reload(&b);
		assert_journal(&b, "ship", "poller orders is switched off");
		bench_wake(&b, T0 + 3 * SHD_HOUR_MS); /* late, or handed over: who knows? */
		bench_wake(&b, T0 + SHD_DAY_MS);
		restart(&b);
		assert_int_equal(state_of(&b, "ship", "gone"), SHD_ALERT_UNKNOWN);
		assert_int_equal(bench_alert(&b, "ship", "gone")->level, SHD_WARN);
		assert_string_equal(reason(&b, "ship", "gone"), "poller orders is switched off");
		assert_int_equal(state_of(&b, "late", ""), SHD_ALERT_INACTIVE);
		assert_int_equal(state_of(&b, "silent", ""), SHD_ALERT_INACTIVE);
		assert_int_equal(state_of(&b, "poller-stale", "orders"), SHD_ALERT_INACTIVE);
		assert_string_equal(told(&b), first);
		bench_finish(&b);
	}
}

/* A wake-up may come before the store is judged again. */
static void nothing_is_judged_between_the_reload_and_the_first_look(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	turn(&b, 0);
	bench_judge(&b);
	bench_wake(&b, T0 + SHD_DAY_MS);
	assert_int_equal(state_of(&b, "poller-stale", "orders"), SHD_ALERT_INACTIVE);
	assert_int_equal(state_of(&b, "ship", "here"), SHD_ALERT_UNKNOWN);
	assert_string_equal(told(&b), first);
	bench_finish(&b);
}

static void what_others_say_in_passing_is_not_judged_either(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	turn(&b, 0);
	reload(&b);
	b.now = T0 + 4 * SHD_HOUR_MS;
	order(&b, "here", "awaiting_shipment", T0 + 3 * SHD_HOUR_MS);
	order(&b, "new", "awaiting_shipment", T0 + 3 * SHD_HOUR_MS);
	read_feed(&b, TRANSIT);
	assert_string_equal(told(&b), first);
	bench_finish(&b);
}

static void what_is_switched_on_again_is_unknown_until_it_was_read(void **state)
{
	static const int64_t pauses[] = {SHD_MINUTE_MS, 4 * SHD_HOUR_MS, 9 * SHD_DAY_MS};

	(void)state;
	for (size_t i = 0; i < 2 * SHD_COUNT(pauses); i++) {
		struct bench b;

		start(&b);
		turn(&b, 0);
		reload(&b);
		bench_wake(&b, T0 + pauses[i / 2]);
		turn(&b, SHD_MINUTE_MS);
		bench_judge(&b);
		if (i % 2)
			bench_reopen(&b);
		shd_judge_catch_up(b.judge, &b.sources[0], ORDER_FEEDS, (struct shd_wall){b.now});
		judge_all(&b);
		b.now += SHD_SECOND_MS;
		read_feed(&b, OPEN);
		bench_wake(&b, b.now + 1);
		assert_int_equal(state_of(&b, "ship", "here"), SHD_ALERT_UNKNOWN);
		assert_string_equal(told(&b), first);
		order(&b, "gone", "shipped", T0 + 3 * SHD_HOUR_MS);
		read_feed(&b, CHANGED);
		bench_wake(&b, b.now + 1);
		assert_int_equal(state_of(&b, "ship", "gone"), SHD_ALERT_RESOLVED);
		assert_int_equal(bench_level(&b, "ship", "here"),
				 pauses[i / 2] < 3 * SHD_HOUR_MS ? SHD_WARN : SHD_BREACHED);
		assert_int_equal(state_of(&b, "poller-stale", "orders"), SHD_ALERT_INACTIVE);
		bench_finish(&b);
	}
}

static void a_stale_poller_that_is_switched_off_is_not_told_as_mended(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	bench_wake(&b, T0 + SHD_HOUR_MS);
	assert_int_equal(bench_level(&b, "poller-stale", "orders"), SHD_CRITICAL);
	assert_int_equal(bench_level(&b, "silent", ""), SHD_WARN);
	bench_outbox(&b, (char[500]){0}, 500);
	turn(&b, 0);
	reload(&b);
	assert_int_equal(state_of(&b, "poller-stale", "orders"), SHD_ALERT_RESOLVED);
	assert_int_equal(state_of(&b, "silent", ""), SHD_ALERT_UNKNOWN);
	assert_string_equal(reason(&b, "poller-stale", "orders"), "poller orders is switched off");
	assert_journal(&b, "poller-stale", "poller orders is switched off");
	assert_null(strstr(told(&b), "resolved"));
	assert_non_null(strstr(told(&b), "unwatched orders"));
	turn(&b, SHD_MINUTE_MS); /* it is as stale as it was */
	reload(&b);
	assert_int_equal(bench_level(&b, "poller-stale", "orders"), SHD_CRITICAL);
	bench_finish(&b);
}

/* --- a tariff that no longer includes it ----------------------------------------------------- */

/* What was read and is lost as a whole is not unwanted: it is blind, which is told. */
static void what_the_tariff_no_longer_has_is_unknown_and_stale(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	lack_feed(&b, OPEN);
	assert_int_equal(bench_level(&b, "ship", "here"), SHD_WARN); /* one of two still tells */
	b.now += SHD_SECOND_MS;
	lack_feed(&b, CHANGED);
	bench_wake(&b, T0 + SHD_DAY_MS);
	restart(&b);
	assert_int_equal(state_of(&b, "poller-stale", "orders"), SHD_ALERT_FIRING);
	assert_int_equal(state_of(&b, "ship", "here"), SHD_ALERT_UNKNOWN);
	assert_null(strstr(told(&b), "resolved"));
	order(&b, "gone", "shipped", T0 + 3 * SHD_HOUR_MS);
	order(&b, "here", "awaiting_shipment", T0 + 3 * SHD_HOUR_MS);
	read_feed(&b, OPEN);
	assert_int_equal(bench_level(&b, "ship", "here"), SHD_BREACHED);
	assert_int_equal(state_of(&b, "ship", "gone"), SHD_ALERT_RESOLVED);
	bench_finish(&b);
}

/* --- stores and rules ------------------------------------------------------------------------ */

static void alerts_of_a_store_that_is_no_longer_watched_end_and_say_so(void **state)
{
	(void)state;
	for (int restarts = 0; restarts < 2; restarts++) {
		struct bench b;

		start(&b);
		shd_judge_destroy(shd_steal(b.judge));
		b.in.stores = &b.stores[1];
		b.in.sources = &b.sources[1];
		b.in.store_count = b.in.source_count = 1;
		b.now = T0 + SHD_MINUTE_MS;
		if (restarts)
			restart(&b);
		else
			reload(&b);
		assert_int_equal(state_of(&b, "ship", "here"), SHD_ALERT_RESOLVED);
		assert_string_equal(reason(&b, "ship", "here"), "the store is no longer watched");
		assert_journal(&b, "ship", "the store is no longer watched");
		bench_wake(&b, T0 + SHD_DAY_MS);
		assert_string_equal(told(&b), first_and_no_more);
		/* It comes back: the first that its judge hears is what is behind. */
		shd_judge_destroy(shd_steal(b.judge));
		b.in.stores = b.stores;
		b.in.sources = b.sources;
		b.in.store_count = b.in.source_count = 2;
		bench_judge(&b);
		shd_judge_catch_up(b.judge, &b.sources[0], ORDER_FEEDS, (struct shd_wall){b.now});
		judge_all(&b);
		read_feed(&b, OPEN);
		assert_int_equal(state_of(&b, "ship", "gone"), SHD_ALERT_RESOLVED);
		assert_int_equal(state_of(&b, "ship", "here"), SHD_ALERT_RESOLVED);
		order(&b, "gone", "shipped", T0 + 3 * SHD_HOUR_MS);
		read_feed(&b, CHANGED);
		assert_int_equal(state_of(&b, "ship", "gone"), SHD_ALERT_RESOLVED);
		assert_int_equal(bench_level(&b, "ship", "here"), SHD_BREACHED);
		assert_int_equal(state_of(&b, "new", "here"), SHD_ALERT_RESOLVED);
		bench_finish(&b);
	}
}

static void alerts_of_a_rule_that_is_gone_end_and_say_so(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	bench_rules(&b, "rules:\n"
			"  - rule: rating-floor\n"
			"    levels: {warning: rating < 4.7}\n");
	judge_all(&b);
	assert_int_equal(state_of(&b, "ship", "here"), SHD_ALERT_RESOLVED);
	assert_string_equal(reason(&b, "ship", "here"), "rule removed");
	assert_journal(&b, "ship", "rule removed");
	assert_string_equal(told(&b), first_and_no_more);
	bench_rules(&b, rules);
	judge_all(&b);
	assert_int_equal(bench_level(&b, "ship", "here"), SHD_WARN);
	assert_int_equal(bench_alert(&b, "ship", "here")->episode, 2);
	bench_finish(&b);
}

/* The first channel goes, the second one stays. */
static void lose_the_first_channel(struct bench *b)
{
	b->in.channels = &b->channels[1];
	b->in.channel_count = 1;
	b->in.routes.channels = (struct shd_texts){1, &b->channel_names[1]};
	b->routes[0].to = b->in.routes.channels;
}

static const char first_and_to_others[] = "mail:new gone,here;mail:new gone,here;"
					  "hook:new gone,here;hook:new gone,here;";

/* Somebody has to know of what is open: once, and its end, too. */
static void what_only_a_channel_that_is_gone_was_told_of_is_told_to_others(void **state)
{
	(void)state;
	for (int restarts = 0; restarts < 2; restarts++) {
		struct bench b;
		struct shd_alert_event *events;
		size_t before, count;

		start(&b);
		b.restarts = restarts;
		bench_events(&b, bench_alert(&b, "ship", "here")->number, &events, &before);
		lose_the_first_channel(&b);
		reload(&b);
		assert_string_equal(told(&b), first_and_to_others);
		assert_int_equal(b.outcome.transition_count, 0);
		bench_events(&b, bench_alert(&b, "ship", "here")->number, &events, &count);
		assert_int_equal(count, before); /* nothing happened to it */
		restart(&b);
		reload(&b);
		assert_string_equal(told(&b), first_and_to_others);
		order(&b, "here", "shipped", T0 + 3 * SHD_HOUR_MS);
		read_feed(&b, CHANGED);
		assert_non_null(strstr(told(&b), "hook:resolved here;"));
		bench_finish(&b);
	}
}

/* With the channel its rule goes, or a level comes: that is told, and nothing twice. */
static void what_ends_with_the_channel_is_not_passed_on(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	lose_the_first_channel(&b);
	bench_rules(&b, "rules:\n"
			"  - rule: rating-floor\n"
			"    levels: {warning: rating < 4.7}\n");
	judge_all(&b);
	assert_string_equal(told(&b), first);
	bench_finish(&b);

	start(&b);
	b.now += 4 * SHD_HOUR_MS;
	lose_the_first_channel(&b);
	bench_judge(&b);
	for (int row = 0; row < ROWS; row++)
		read_feed(&b, row);
	judge_all(&b);
	assert_non_null(strstr(told(&b), "hook:escalated gone,here;")); /* the level of one rule */
	const char *again = strstr(told(&b), "hook:new gone,here;");     /* the other one's */
	assert_true(again && !strstr(again + 1, "hook:new gone,here;"));
	bench_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_switched_off_neither_fires_nor_resolves),
		cmocka_unit_test(nothing_is_judged_between_the_reload_and_the_first_look),
		cmocka_unit_test(what_others_say_in_passing_is_not_judged_either),
		cmocka_unit_test(what_is_switched_on_again_is_unknown_until_it_was_read),
		cmocka_unit_test(a_stale_poller_that_is_switched_off_is_not_told_as_mended),
		cmocka_unit_test(what_the_tariff_no_longer_has_is_unknown_and_stale),
		cmocka_unit_test(alerts_of_a_store_that_is_no_longer_watched_end_and_say_so),
		cmocka_unit_test(alerts_of_a_rule_that_is_gone_end_and_say_so),
		cmocka_unit_test(what_only_a_channel_that_is_gone_was_told_of_is_told_to_others),
		cmocka_unit_test(what_ends_with_the_channel_is_not_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

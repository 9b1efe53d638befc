/* judge.h: what polls say of the pollers, the store's key, its clock and the channels. */
#include "support/judge_bench.h"

static const char own_rules[] =
	"rules:\n"
	"  - rule: poller-stale\n"
	"    each: poller\n"
	"    value: now - (last_success_at else failing_since)\n"
	"    levels: {warning: value > 3 * interval}\n"
	"    inhibited_by: credentials-refused\n"
	"  - rule: credentials-refused\n"
	"    levels: {critical: 'store.credentials in [\"refused\", \"expired\", \"egress\"]'}\n"
	"  - rule: rate-limited\n"
	"    levels: {info: store.throttled_share > 20%}\n"
	"  - rule: clock-skew\n"
	"    stores: marketplace == \"daemon\"\n"
	"    levels: {warning: abs(store.clock_skew) > 60s}\n"
	"  - rule: notifier-failing\n"
	"    stores: marketplace == \"daemon\"\n"
	"    each: channel\n"
	"    where: oldest_undelivered_at is not none\n"
	"    levels: {critical: now - oldest_undelivered_at > 10m}\n"
	"  - rule: rating-floor\n"
	"    value: rating\n"
	"    levels: {warning: value < 4.7}\n";

static void a_poller_that_stops_is_stale_and_names_what_it_blinds(void **state)
{
	struct bench b;
	const struct shd_entity *poller;

	(void)state;
	bench_start(&b, own_rules);
	bench_poll_all(&b);
	poller = bench_entity(&b, SHD_KIND_poller, "account");
	assert_true(shd_entity_get(poller, SHD_F_poller_blinds)->none);
	bench_poll_fails(&b, "rates", SHD_ERR_SERVER);
	poller = bench_entity(&b, SHD_KIND_poller, "account");
	assert_string_equal(shd_entity_get(poller, SHD_F_poller_error)->text, "server");
	bench_wake(&b, T0 + 3 * SHD_MINUTE_MS);
	assert_int_equal(bench_level(&b, "poller-stale", "account"), SHD_LEVEL_NONE);
	bench_wake(&b, T0 + 3 * SHD_MINUTE_MS + 1);
	assert_int_equal(bench_level(&b, "poller-stale", "account"), SHD_WARN);
	poller = bench_entity(&b, SHD_KIND_poller, "account");
	assert_string_equal(shd_entity_get(poller, SHD_F_poller_blinds)->text, "rating-floor");
	bench_poll(&b, "rates");
	assert_int_equal(bench_level(&b, "poller-stale", "account"), SHD_LEVEL_NONE);
	poller = bench_entity(&b, SHD_KIND_poller, "account");
	assert_true(shd_entity_get(poller, SHD_F_poller_blinds)->none);
	assert_true(shd_entity_get(poller, SHD_F_poller_error)->none);
	bench_finish(&b);
}

/* What was told by a clock that was ahead is not as fresh as it says. */
static void a_success_after_the_clock_was_set_back_is_told(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, own_rules);
	bench_poll_all(&b);
	b.now -= SHD_HOUR_MS;
	bench_poll_all(&b);
	const struct shd_entity *poller = bench_entity(&b, SHD_KIND_poller, "account");
	assert_int_equal(shd_entity_get(poller, SHD_F_poller_last_success_at)->n, b.now);
	bench_finish(&b);
}

static enum shd_level logistics_level(struct bench *b)
{
	return bench_level(b, "poller-stale", "logistics");
}

/* Polls what is read every minute, every minute, up to an instant. */
static void keep_reading(struct bench *b, int64_t until)
{
	for (; b->now < until; b->now += SHD_MINUTE_MS) {
		bench_poll(b, "index");
		bench_wake(b, b->now);
	}
	b->now = until;
}

static void a_slow_feed_is_overdue_after_three_intervals_of_its_own(void **state)
{
	static const struct {
		const char *feed, *other;
		int64_t every_ms;
	} rows[] = {{"quarter", "slow", 15 * SHD_MINUTE_MS}, {"slow", "quarter", 6 * SHD_HOUR_MS}};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(rows); i++) {
		struct bench b;

		bench_start(&b, own_rules);
		bench_poll_all(&b);
		for (int64_t at = T0; at < T0 + 3 * rows[i].every_ms; at += 5 * SHD_MINUTE_MS) {
			keep_reading(&b, at);
			bench_poll(&b, rows[i].other);
			if (at == T0 + rows[i].every_ms) /* failing once is no reason either */
				bench_poll_fails(&b, rows[i].feed, SHD_ERR_SERVER);
			assert_int_equal(logistics_level(&b), SHD_LEVEL_NONE);
			assert_true(shd_entity_get(bench_entity(&b, SHD_KIND_poller, "logistics"),
						   SHD_F_poller_blinds)->none);
		}
		keep_reading(&b, T0 + 3 * rows[i].every_ms + 2 * SHD_MINUTE_MS);
		bench_poll(&b, rows[i].other);
		bench_wake(&b, b.now + 1);
		assert_int_equal(logistics_level(&b), SHD_WARN);
		bench_poll(&b, rows[i].feed);
		assert_int_equal(logistics_level(&b), SHD_LEVEL_NONE);
		bench_finish(&b);
	}
}

static void an_optional_feed_may_fail(void **state)
{
	struct bench b;

	(void)state;
	bench_start(&b, own_rules);
	bench_poll_all(&b);
	bench_poll_fails(&b, "extra", SHD_ERR_SERVER);
	assert_true(shd_entity_get(bench_entity(&b, SHD_KIND_poller, "account"),
				   SHD_F_poller_error)->none);
	bench_finish(&b);
}

static void a_refused_key_blinds_at_once_and_holds_back_stale_pollers(void **state)
{
	struct bench b;
	char out[500];

	(void)state;
	bench_start(&b, own_rules);
	bench_poll_all(&b);
	b.now += SHD_SECOND_MS;
	bench_poll_fails(&b, "rates", SHD_ERR_CREDENTIALS);
	assert_int_equal(bench_level(&b, "credentials-refused", ""), SHD_CRITICAL);
	assert_false(shd_entity_get(bench_entity(&b, SHD_KIND_poller, "orders"),
				    SHD_F_poller_blinds)->none);
	bench_wake(&b, b.now + SHD_HOUR_MS);
	assert_int_equal(bench_level(&b, "poller-stale", "account"), SHD_WARN);
	assert_string_equal(bench_outbox(&b, out, sizeof(out)), "mail:new ;");
	bench_poll(&b, "rates");
	assert_int_equal(bench_level(&b, "credentials-refused", ""), SHD_LEVEL_NONE);
	assert_string_equal(bench_outbox(&b, out, sizeof(out)), "mail:new ;mail:resolved ;");
	assert_string_equal(shd_entity_get(bench_entity(&b, SHD_KIND_store, "s1"),
					   SHD_F_store_credentials)->text, "ok");
	bench_finish(&b);
}

static void a_stale_poller_that_outlives_the_refused_key_is_told(void **state)
{
	struct bench b;
	char out[500];

	(void)state;
	bench_start(&b, own_rules);
	bench_poll_all(&b);
	b.now += SHD_SECOND_MS;
	bench_poll_fails(&b, "rates", SHD_ERR_CREDENTIALS);
	bench_wake(&b, b.now + SHD_HOUR_MS);
	bench_poll(&b, "rates");
	bench_poll(&b, "stock");
	bench_poll(&b, "cases");
	bench_poll(&b, "index");
	bench_poll(&b, "quarter");
	assert_string_equal(bench_outbox(&b, out, sizeof(out)), "mail:new ;mail:resolved ;");
	int64_t back = b.now;
	bench_wake(&b, back + SHD_MINUTE_MS); /* the other feeds are given time to be read */
	bench_wake(&b, back + 2 * SHD_MINUTE_MS - 1);
	assert_string_equal(bench_outbox(&b, out, sizeof(out)), "mail:new ;mail:resolved ;");
	bench_wake(&b, back + 2 * SHD_MINUTE_MS);
	assert_string_equal(bench_outbox(&b, out, sizeof(out)),
			    "mail:new ;mail:resolved ;mail:new orders;");
	bench_wake(&b, back + 2 * SHD_MINUTE_MS + 30 * SHD_SECOND_MS);
	bench_poll(&b, "orders");
	assert_int_equal(bench_level(&b, "poller-stale", "orders"), SHD_LEVEL_NONE);
	assert_string_equal(bench_outbox(&b, out, sizeof(out)),
			    "mail:new ;mail:resolved ;mail:new orders;mail:resolved orders;");
	bench_finish(&b);
}

static void throttling_is_a_share_of_the_last_hour(void **state)
{
	struct bench b;
	struct shd_batch batch;

	(void)state;
	bench_start(&b, own_rules);
	bench_poll_all(&b); /* 8 requests */
	batch = bench_batch(&b, 0, "orders");
	batch.fetch.requests = 2;
	batch.fetch.throttled = 2;
	bench_take(&b, &batch);
	assert_int_equal(bench_level(&b, "rate-limited", ""), SHD_LEVEL_NONE); /* 20 % */
	batch.fetch.requests = 9;
	batch.fetch.throttled = 2;
	bench_take(&b, &batch); /* 4 of 19 are 21.05 %, which 5 % steps would hide */
	assert_int_equal(bench_level(&b, "rate-limited", ""), SHD_INFO);
	batch.fetch.requests = 1;
	batch.fetch.throttled = 0;
	bench_take(&b, &batch); /* 4 of 20 */
	assert_int_equal(bench_level(&b, "rate-limited", ""), SHD_LEVEL_NONE);
	b.now += 61 * SHD_MINUTE_MS;
	bench_poll(&b, "orders");
	assert_int_equal(bench_level(&b, "rate-limited", ""), SHD_LEVEL_NONE);
	bench_finish(&b);
}

static void our_clock_is_wrong_when_every_store_says_so(void **state)
{
	struct bench b;
	struct shd_batch batch;
	const struct shd_alert *alert;

	(void)state;
	bench_start(&b, own_rules);
	batch = bench_batch(&b, 0, "orders");
	batch.fetch.clock_skew_ms = 70000;
	bench_take(&b, &batch);
	batch.source = &b.sources[1];
	batch.fetch.clock_skew_ms = 1000;
	bench_take(&b, &batch);
	alert = bench_alert_of(&b, "daemon", "clock-skew", "");
	assert_true(!alert || alert->state == SHD_ALERT_RESOLVED);
	batch.fetch.clock_skew_ms = 59001;
	bench_take(&b, &batch);
	batch.fetch.clock_skew_ms = 60000;
	bench_take(&b, &batch);
	alert = bench_alert_of(&b, "daemon", "clock-skew", "");
	assert_true(!alert || alert->state == SHD_ALERT_RESOLVED);
	batch.fetch.clock_skew_ms = 60001;
	bench_take(&b, &batch);
	alert = bench_alert_of(&b, "daemon", "clock-skew", "");
	assert_int_equal(alert->state, SHD_ALERT_FIRING);
	bench_finish(&b);
}

static void a_channel_that_does_not_deliver_is_an_alert_of_the_daemon(void **state)
{
	struct bench b;
	struct shd_channel_state channel = {.name = "hook", .oldest_undelivered = {T0},
		.waiting = 3, .error = SHD_ERR_NETWORK, .error_text = "no route"};
	const struct shd_alert *alert;

	(void)state;
	bench_start(&b, own_rules);
	bench_begin(&b);
	assert_true(shd_judge_channel(b.judge, &channel, &b.err));
	bench_end(&b);
	assert_int_equal(b.outcome.next_wake.ms, T0 + 10 * SHD_MINUTE_MS + 1);
	bench_wake(&b, T0 + 10 * SHD_MINUTE_MS + 1);
	alert = bench_alert_of(&b, "daemon", "notifier-failing", "hook");
	assert_non_null(alert);
	assert_int_equal(alert->state, SHD_ALERT_FIRING);
	bench_finish(&b);
}

static void a_channel_that_is_removed_ends_its_alert_and_may_come_back(void **state)
{
	struct bench b;
	struct shd_channel_state channel = {.name = "hook", .oldest_undelivered = {T0},
		.waiting = 3, .error = SHD_ERR_NETWORK, .error_text = "no route"};

	(void)state;
	bench_start(&b, own_rules);
	for (int i = 0; i < 2; i++) {
		bench_begin(&b);
		assert_true(shd_judge_channel(b.judge, &channel, &b.err));
		bench_end(&b);
		bench_wake(&b, b.now + 10 * SHD_MINUTE_MS + 1);
		assert_int_equal(bench_alert_of(&b, "daemon", "notifier-failing", "hook")->state,
				 SHD_ALERT_FIRING);
		b.in.channel_count = 1; /* a reload */
		bench_judge(&b);
		bench_begin(&b);
		assert_true(shd_judge_store(b.judge, "daemon", &b.err));
		bench_end(&b);
		assert_int_equal(bench_alert_of(&b, "daemon", "notifier-failing", "hook")->state,
				 SHD_ALERT_RESOLVED);
		b.in.channel_count = 2;
		bench_judge(&b);
	}
	bench_finish(&b);
}

static void a_failing_channel_is_not_told_of_its_own_failure(void **state)
{
	static const char *const wanted[] = {"hook:new mail;", "mail:new hook;"};

	(void)state;
	for (size_t i = 0; i < 2; i++) { /* the only route leads to the mail */
		struct bench b;
		struct shd_channel_state channel = {.name = i ? "hook" : "mail",
			.oldest_undelivered = {T0}, .waiting = 3, .error = SHD_ERR_NETWORK,
			.error_text = "no route"};
		char out[500];

		bench_start(&b, own_rules);
		bench_begin(&b);
		assert_true(shd_judge_channel(b.judge, &channel, &b.err));
		bench_end(&b);
		bench_wake(&b, T0 + 10 * SHD_MINUTE_MS + 1);
		assert_string_equal(bench_outbox(&b, out, sizeof(out)), wanted[i]);
		bench_finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_success_after_the_clock_was_set_back_is_told),
		cmocka_unit_test(a_poller_that_stops_is_stale_and_names_what_it_blinds),
		cmocka_unit_test(a_slow_feed_is_overdue_after_three_intervals_of_its_own),
		cmocka_unit_test(an_optional_feed_may_fail),
		cmocka_unit_test(a_refused_key_blinds_at_once_and_holds_back_stale_pollers),
		cmocka_unit_test(a_stale_poller_that_outlives_the_refused_key_is_told),
		cmocka_unit_test(throttling_is_a_share_of_the_last_hour),
		cmocka_unit_test(our_clock_is_wrong_when_every_store_says_so),
		cmocka_unit_test(a_channel_that_does_not_deliver_is_an_alert_of_the_daemon),
		cmocka_unit_test(a_channel_that_is_removed_ends_its_alert_and_may_come_back),
		cmocka_unit_test(a_failing_channel_is_not_told_of_its_own_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

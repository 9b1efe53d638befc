/* Feeds that are refused, on a clock that the test turns: answers of Ozon's gateways and of Ozon
 * itself through the adapter, the feed's memory and the judge. */
#include "support/judge_bench.h"
#include "support/ledger.h"

#include "poll/feeds.h"
#include "poll/outcome.h"
#include "settings/settings.h"

static const char rules[] =
	"rules:\n"
	"  - rule: poller-stale\n"
	"    each: poller\n"
	"    value: now - (last_success_at else failing_since)\n"
	"    levels: {warning: value > blind_after}\n"
	"    inhibited_by: credentials-refused\n"
	"  - rule: credentials-refused\n"
	"    levels: {critical: 'store.credentials in [\"refused\", \"expired\", \"egress\", "
	"\"role\"]'}\n"
	"  - rule: blocked\n"
	"    levels: {critical: 'store.status == \"blocked\"'}\n"
	"  - rule: retired\n"
	"    levels: {critical: store.retired_method is not none}\n"
	"  - rule: lost\n"
	"    value: store.lost_feeds\n"
	"    levels: {warning: value is not none}\n"
	"  - rule: low-stars\n"
	"    each: review\n"
	"    levels: {warning: stars <= 2}\n";

struct sim {
	struct bench b;
	struct shd_settings settings;
	struct test_ledger ledger;
	struct shd_feeds feeds;
};

static void start(struct sim *f)
{
	static const struct shd_credential key = {.id = "s1", .rate_per_s = 10};
	const struct shd_adapter *ozon = shd_adapter_find("ozon");

	bench_start(&f->b, rules);
	for (size_t i = 0; i < 2; i++) {
		f->b.sources[i].adapter = ozon;
		f->b.sources[i].credential = &key;
		f->b.sources[i].endpoints = ozon->endpoints;
		f->b.sources[i].endpoint_count = ozon->endpoint_count;
	}
	f->settings = (struct shd_settings){.stores = f->b.stores, .store_count = 1,
		.sources = f->b.sources, .source_count = 1, .blind_after = 3};
	test_ledger_open(&f->ledger);
	shd_feeds_init(&f->feeds, &f->settings, NULL, 0, f->ledger.of, NULL);
}

static void finish(struct sim *f)
{
	shd_feeds_finish(&f->feeds);
	test_ledger_close(&f->ledger);
	bench_finish(&f->b);
}

static struct shd_feed *feed_at(struct sim *f, size_t i)
{
	return &f->feeds.sources[0]->feeds[i];
}

static struct shd_feed *feed_named(struct sim *f, const char *name)
{
	return shd_feeds_find(
		f->feeds.sources[0], shd_source_endpoint(&f->b.sources[0], name));
}

/* --- answers ---------------------------------------------------------------------------------- */

struct odd {
	int status;
	const char *body;
	const char *header, *value;
};

static const char *header(const void *ctx, const char *name)
{
	const struct odd *odd = ctx;

	return odd->header && strcmp(odd->header, name) == 0 ? odd->value : NULL;
}

/* What came of a poll, for the judge; with what bench_harvest holds. */
static void tell(struct sim *f, const struct shd_poll *poll)
{
	struct shd_batch batch;

	shd_outcome_facts(poll, poll->feed, (struct shd_wall){f->b.now}, &batch);
	batch.seen.harvest = f->b.harvest;
	bench_take(&f->b, &batch);
}

static void read_well(struct sim *f, struct shd_feed *feed)
{
	const struct shd_wall now = {f->b.now};
	struct shd_poll poll = {.feed = feed, .began = now, .skew_ms = INT64_MIN};

	shd_feed_worked(feed, (struct shd_cursor){.time = now}, now);
	feed->next_due.ms = now.ms + SHD_MINUTE_MS;
	tell(f, &poll);
}

static void read_all(struct sim *f)
{
	for (size_t i = 0; i < f->feeds.sources[0]->feed_count; i++)
		read_well(f, feed_at(f, i));
}

/* The feed's poll gets this answer; returns how long it then waits, at most. */
static int64_t refuse(struct sim *f, struct shd_feed *feed, const struct odd *odd)
{
	const struct shd_answer answer = {.status = odd->status, .body = odd->body,
		.len = strlen(odd->body), .header = header, .ctx = odd};
	const struct shd_wall now = {f->b.now};
	struct shd_poll poll = {.feed = feed, .began = now, .skew_ms = INT64_MIN};
	struct shd_answer_verdict verdict = {0};

	assert_false(f->b.sources[0].adapter->accept(shd_feed_row(feed), &answer, &verdict));
	poll.error = verdict.error;
	poll.retry_after_ms = verdict.retry_after_ms;
	struct shd_poll_outcome outcome = shd_outcome_failed(&poll, now, UINT32_MAX);
	if (outcome.tell != SHD_TELL_NOTHING)
		tell(f, &poll);
	return outcome.wait_ms;
}

static const struct odd denied = {403, "{\"code\":7,\"message\":\"Access denied\"}", NULL, NULL};
static const struct odd no_key = {404, "{\"code\":5,\"message\":\"Invalid Api-Key\"}", NULL, NULL};
static const struct odd page = {403, "<html>blocked by firewall</html>", NULL, NULL};

static const struct odd oddities[] = {
	{403, "{\"code\":7,\"message\":\"Access denied\"}", NULL, NULL},
	{403, "{\"code\":7,\"message\":\"not available with existing subscription\"}", NULL, NULL},
	{403, "{\"code\":7,\"message\":\"Api-Key is missing a required role\"}", NULL, NULL},
	{403, "{\"code\":7,\"message\":\"Company is blocked, please contact support\"}", NULL,
		NULL},
	{403, "{\"message\":\"Api-Key is restricted to specific IP addresses\"}", NULL, NULL},
	{403, "{\"message\":\"something new\"}", NULL, NULL},
	{403, "<html>blocked by firewall</html>", NULL, NULL},
	{403, "{\"code\":7,\"message\":\"Company is blocked\"}", "Content-Type", "text/html"},
	{401, "{\"code\":16,\"message\":\"Client-Id and Api-Key headers are required\"}", NULL,
		NULL},
	{401, "", NULL, NULL},
	{401, "{}", NULL, NULL},
	{404, "{\"code\":5,\"message\":\"Invalid Api-Key, please check the key\"}", NULL, NULL},
	{404, "{\"code\":5,\"message\":\"not found\"}", NULL, NULL},
	{404, "404 page not found", NULL, NULL},
	{404, "<html>404</html>", NULL, NULL},
	{405, "", NULL, NULL},
	{405, "{\"code\":12,\"message\":\"Method Not Allowed\"}", NULL, NULL},
	{409, "{\"code\":6,\"message\":\"conflict\"}", NULL, NULL},
	{410, "{\"code\":5,\"message\":\"gone\"}", NULL, NULL},
	{429, "", "Retry-After", "86400"},
	{400, "{\"code\":3,\"message\":\"value is required\"}", NULL, NULL},
	{400, "{\"code\":9,\"message\":\"obsolete method cannot be used\"}", NULL, NULL},
	{499, "", NULL, NULL},
	{500, "{\"code\":13,\"message\":\"Internal error\"}", NULL, NULL},
	{503, "maintenance", "Retry-After", "7200"},
	{302, "", NULL, NULL},
	{200, "", NULL, NULL},
	{200, "ok", NULL, NULL},
	{200, "<!doctype html><title>Ozon</title>", NULL, NULL},
	{200, "{\"code\":7,\"message\":\"Company is blocked, please contact support\"}", NULL,
		NULL},
	{200, "{\"code\":7}", NULL, NULL},
	{200, "{\"error\":{\"code\":\"x\"}}", NULL, NULL},
	{200, "{\"message\":\"try later\",\"details\":[]}", NULL, NULL},
};

/* --- laws ------------------------------------------------------------------------------------- */

static const char *const verdicts[] = {"credentials-refused", "blocked", "retired", "lost"};

static void assert_no_verdict(struct sim *f)
{
	for (size_t i = 0; i < SHD_COUNT(verdicts); i++)
		assert_null(bench_alert(&f->b, verdicts[i], ""));
}

/* Whatever it is, at whichever feed: it is asked again within half an hour, nothing is concluded
 * from it, and the next good answer is all that it takes. */
static void no_single_answer_is_a_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(oddities); i++) {
		struct sim f;

		print_message("%d %s\n", oddities[i].status, oddities[i].body);
		start(&f);
		read_all(&f);
		f.b.now += SHD_SECOND_MS;
		for (size_t at = 0; at < f.feeds.sources[0]->feed_count; at++) {
			struct shd_feed *feed = feed_at(&f, at);

			assert_true(refuse(&f, feed, &oddities[i]) <= 30 * SHD_MINUTE_MS);
			assert_true(shd_standing_may_pass((enum shd_standing)feed->standing));
			assert_no_verdict(&f);
			read_well(&f, feed);
			assert_int_equal(feed->standing, SHD_STANDING_READ);
		}
		bench_wake(&f.b, f.b.now + SHD_MINUTE_MS);
		assert_no_verdict(&f);
		finish(&f);
	}
}

/* Pages of a gateway, for all feeds and as long as they like, say nothing of the account. */
static void a_gateway_never_speaks_for_the_account(void **state)
{
	struct sim f;

	(void)state;
	start(&f);
	for (int read = 0; read < 2; read++) {
		if (read)
			read_all(&f);
		for (int i = 0; i < 20; i++) {
			f.b.now += 10 * SHD_MINUTE_MS;
			for (size_t at = 0; at < f.feeds.sources[0]->feed_count; at++)
				refuse(&f, feed_at(&f, at), &page);
			assert_no_verdict(&f);
		}
	}
	assert_int_equal(bench_level(&f.b, "poller-stale", "orders"), SHD_WARN);
	finish(&f);
}

/* --- stories ---------------------------------------------------------------------------------- */

static const char *const reviews[] = {
	"review_count", "review_list", "question_count", "question_list"};

/* A minute in which the reviews' feeds but `but` are read, and that one is refused when due.
 * Returns whether it was asked. */
static bool minute(struct sim *f, struct shd_feed *but, const struct odd *odd, int64_t *wait_ms)
{
	bool due;

	f->b.now += SHD_MINUTE_MS;
	for (size_t i = 0; i < SHD_COUNT(reviews); i++)
		if (feed_named(f, reviews[i]) != but)
			read_well(f, feed_named(f, reviews[i]));
	due = but->next_due.ms <= f->b.now;
	if (due)
		*wait_ms = refuse(f, but, odd);
	bench_wake(&f->b, f->b.now);
	return due;
}

static void see_bad_review(struct sim *f)
{
	size_t at = shd_harvest_entity(bench_harvest(&f->b), SHD_KIND_review, "r", 1);

	shd_set_n(f->b.harvest, at, SHD_F_review_opened_at, f->b.now);
	shd_set_n(f->b.harvest, at, SHD_F_review_stars, SHD_MICRO);
	read_well(f, feed_named(f, "review_list"));
	assert_int_equal(bench_level(&f->b, "low-stars", "r"), SHD_WARN);
}

static bool is_named(struct bench *b, enum shd_kind kind, const char *id, enum shd_field field,
		     const char *part)
{
	const struct shd_value *value = shd_entity_get(bench_entity(b, kind, id), field);

	return !value->none && strstr(value->text, part);
}

static void what_was_read_is_doubted_then_told_then_asked_for_seldom(void **state)
{
	struct shd_feed *feed;
	int64_t wait_ms = 0, began;
	struct sim f;
	int asked = 0;

	(void)state;
	start(&f);
	read_all(&f);
	see_bad_review(&f);
	feed = feed_named(&f, "review_list");
	began = f.b.now + SHD_MINUTE_MS;
	while (feed->standing != SHD_STANDING_LACKING) {
		asked += minute(&f, feed, &denied, &wait_ms);
		assert_true(f.b.now - began < 4 * SHD_HOUR_MS);
		if (feed->standing == SHD_STANDING_LACKING)
			break;
		assert_true(wait_ms <= 30 * SHD_MINUTE_MS);
		assert_no_verdict(&f);
		if (f.b.now - began < 5 * SHD_MINUTE_MS)
			continue;
		assert_int_equal(bench_level(&f.b, "poller-stale", "reviews"), SHD_WARN);
		assert_int_equal(bench_alert(&f.b, "low-stars", "r")->state, SHD_ALERT_UNKNOWN);
		assert_true(is_named(&f.b, SHD_KIND_poller, "reviews", SHD_F_poller_blinds,
			"low-stars"));
	}
	assert_true(f.b.now - began >= SHD_HOUR_MS);
	assert_int_equal(asked, 8);
	/* What else its poller brings counts again; what is lost has an alert of its own. */
	minute(&f, feed, &denied, &wait_ms);
	assert_int_equal(bench_level(&f.b, "poller-stale", "reviews"), SHD_LEVEL_NONE);
	assert_int_equal(bench_level(&f.b, "low-stars", "r"), SHD_WARN);
	assert_int_equal(bench_level(&f.b, "lost", ""), SHD_WARN);
	assert_true(is_named(&f.b, SHD_KIND_store, "s1", SHD_F_store_lost_feeds,
		"review_list (low-stars)"));
	for (int i = 0; i < 600; i++)
		asked += minute(&f, feed, &denied, &wait_ms);
	assert_in_range(asked, 10, 12); /* after 2 h, then every 4 or 5 */
	assert_true(wait_ms <= 5 * SHD_HOUR_MS);
	read_well(&f, feed);
	assert_int_equal(bench_level(&f.b, "lost", ""), SHD_LEVEL_NONE);
	assert_int_equal(feed->standing, SHD_STANDING_READ);
	finish(&f);
}

/* All of a poller is lost: it is blind, which is told, and nothing of it ends. */
static void a_poller_that_is_lost_as_a_whole_stays_blind(void **state)
{
	struct sim f;

	(void)state;
	start(&f);
	read_all(&f);
	see_bad_review(&f);
	for (int i = 0; i < 10; i++) {
		f.b.now += 20 * SHD_MINUTE_MS;
		for (size_t k = 0; k < SHD_COUNT(reviews); k++)
			refuse(&f, feed_named(&f, reviews[k]), &denied);
		bench_wake(&f.b, f.b.now);
	}
	assert_int_equal(feed_named(&f, "review_list")->standing, SHD_STANDING_LACKING);
	assert_int_equal(bench_level(&f.b, "lost", ""), SHD_WARN);
	assert_int_equal(bench_level(&f.b, "poller-stale", "reviews"), SHD_WARN);
	assert_int_equal(bench_alert(&f.b, "low-stars", "r")->state, SHD_ALERT_UNKNOWN);
	finish(&f);
}

/* Nothing to be told, nothing to be blind for; and the day it is bought, it is read. */
static void what_never_worked_is_lacking_at_once_and_asked_every_few_hours(void **state)
{
	struct shd_feed *feed;
	int64_t wait_ms = 0, longest_ms = 0;
	struct sim f;
	int asked = 0;

	(void)state;
	start(&f);
	feed = feed_named(&f, "review_list");
	for (int i = 0; i < 3 * 24 * 60; i++) {
		if (minute(&f, feed, &denied, &wait_ms))
			asked++;
		if (asked)
			assert_int_equal(feed->standing, SHD_STANDING_LACKING);
		longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
	}
	assert_in_range(asked, 3 * 4, 3 * 6 + 8);
	assert_in_range(longest_ms, 4 * SHD_HOUR_MS, 5 * SHD_HOUR_MS);
	assert_no_verdict(&f);
	assert_null(bench_alert(&f.b, "poller-stale", "reviews"));
	finish(&f);
}

static void a_key_is_refused_when_it_was_refused_three_times(void **state)
{
	struct sim f;

	(void)state;
	for (int read = 0; read < 2; read++) {
		struct shd_feed *feed;
		int asked = 1;

		start(&f);
		if (read)
			read_all(&f);
		feed = feed_named(&f, "fbs_list");
		while (refuse(&f, feed, &no_key) && !bench_alert(&f.b, "credentials-refused", "")) {
			f.b.now = feed->next_due.ms;
			asked++;
		}
		assert_int_equal(asked, read ? 3 : 1);
		assert_true(f.b.now - T0 < 2 * SHD_MINUTE_MS); /* before the pollers are stale */
		read_well(&f, feed);
		assert_int_equal(bench_level(&f.b, "credentials-refused", ""), SHD_LEVEL_NONE);
		finish(&f);
	}
}

/* A key that other feeds are read with meanwhile is not refused, whatever one method says of it;
 * once nothing is read with it any more, it is. */
static void a_key_that_works_elsewhere_is_not_refused(void **state)
{
	static const struct odd answers[] = {
		{401, "{\"code\":16,\"message\":\"unauthenticated\"}", NULL, NULL},
		{404, "{\"code\":5,\"message\":\"Invalid Api-Key\"}", NULL, NULL},
		{403, "{\"message\":\"Api-Key is restricted to specific IP\"}", NULL, NULL},
		{403, "{\"code\":7,\"message\":\"Company is blocked\"}", NULL, NULL},
	};

	(void)state;
	for (size_t k = 0; k < SHD_COUNT(answers); k++) {
		struct shd_feed *feed;
		int64_t wait_ms = 0;
		struct sim f;

		start(&f);
		read_all(&f);
		feed = feed_named(&f, "question_list");
		for (int i = 0; i < 4 * 60; i++) {
			for (size_t at = 0; at < SHD_COUNT(reviews); at++)
				if (feed_named(&f, reviews[at]) != feed)
					read_well(&f, feed_named(&f, reviews[at]));
			f.b.now += SHD_MINUTE_MS / 2;
			if (feed->next_due.ms <= f.b.now)
				wait_ms = refuse(&f, feed, &answers[k]);
			assert_no_verdict(&f);
			f.b.now += SHD_MINUTE_MS / 2;
			bench_wake(&f.b, f.b.now);
			assert_true(wait_ms <= 20 * SHD_MINUTE_MS);
		}
		assert_int_equal(bench_level(&f.b, "poller-stale", "reviews"), SHD_WARN);
		for (int i = 0; i < 30; i++) { /* nothing else is read any more */
			f.b.now += SHD_MINUTE_MS;
			if (feed->next_due.ms <= f.b.now)
				refuse(&f, feed, &answers[k]);
			refuse(&f, feed_named(&f, "review_list"), &answers[k]);
		}
		assert_int_equal(bench_level(&f.b, k < 3 ? "credentials-refused" : "blocked", ""),
			SHD_CRITICAL);
		finish(&f);
	}
}

/* A server that fails in two ways by turns is asked as seldom as one that fails in one. */
static void pauses_grow_whatever_way_a_server_fails(void **state)
{
	static const struct odd answers[] = {
		{503, "maintenance", NULL, NULL}, {504, "", NULL, NULL}, {429, "", NULL, NULL}};
	struct sim f;
	int asked = 0;

	(void)state;
	start(&f);
	read_all(&f);
	struct shd_feed *feed = feed_named(&f, "fbs_list");
	for (int64_t end = f.b.now + SHD_HOUR_MS; f.b.now < end; asked++) {
		refuse(&f, feed, &answers[asked % 3]);
		f.b.now = feed->next_due.ms;
	}
	assert_in_range(asked, 10, 40);
	finish(&f);
}

/* What is believed, and how often it was refused, is known after a restart. */
static void a_restart_forgets_no_doubt(void **state)
{
	struct shd_feed_row *known;
	struct sim f;

	(void)state;
	start(&f);
	read_all(&f);
	for (int i = 0; i < 12; i++) {
		struct shd_feed *feed = feed_named(&f, "review_list");
		enum shd_standing before;

		f.b.now += 20 * SHD_MINUTE_MS;
		refuse(&f, feed, &denied);
		before = (enum shd_standing)feed->standing;
		assert_int_equal(before, i < 7 ? SHD_STANDING_DOUBTED : SHD_STANDING_LACKING);
		const struct shd_stored *stored = bench_stored(&f.b);
		assert_true(stored->feed(stored->ctx, "s1", "review_list", f.b.arena, &known,
			&f.b.err));
		shd_feeds_finish(&f.feeds);
		shd_feeds_init(&f.feeds, &f.settings, known, 1, f.ledger.of, NULL);
		feed = feed_named(&f, "review_list");
		assert_int_equal(feed->standing, before);
		assert_int_equal(shd_feed_failure(feed)->count, i + 1);
	}
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_single_answer_is_a_verdict),
		cmocka_unit_test(a_gateway_never_speaks_for_the_account),
		cmocka_unit_test(what_was_read_is_doubted_then_told_then_asked_for_seldom),
		cmocka_unit_test(a_poller_that_is_lost_as_a_whole_stays_blind),
		cmocka_unit_test(what_never_worked_is_lacking_at_once_and_asked_every_few_hours),
		cmocka_unit_test(a_key_is_refused_when_it_was_refused_three_times),
		cmocka_unit_test(a_key_that_works_elsewhere_is_not_refused),
		cmocka_unit_test(pauses_grow_whatever_way_a_server_fails),
		cmocka_unit_test(a_restart_forgets_no_doubt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

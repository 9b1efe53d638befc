/* daemon/poll/feed.h, feeds.h: what a feed knows of itself. */
#include "support/check.h"
#include "support/ledger.h"
#include "support/source.h"

#include "poll/feeds.h"
#include "poll/walk.h"
#include "settings/settings.h"

enum { LIST, OTHER, ROWS };

static const struct shd_endpoint rows[ROWS] = {
	[LIST] = {.name = "list", .paging = SHD_PAGE_CURSOR, .complete = true},
	[OTHER] = {.name = "other", .paging = SHD_PAGE_BATCH, .ids_of = "list"},
};
static const struct shd_adapter market = {
	.name = "here", .endpoints = rows, .endpoint_count = ROWS};

/* Of the first source. */
static struct shd_feed *feed_at(const struct shd_feeds *feeds, size_t at)
{
	return &feeds->sources[0]->feeds[at];
}

/* A method that every store needs is no extra that this one has not bought. */
static void only_what_may_be_lacking_is_lacking(void **state)
{
	struct shd_endpoint row = {.name = "x", .may_be_lacking = true};
	struct test_source shop;
	struct shd_settings settings = {.sources = &shop.source, .source_count = 1};
	struct shd_feeds feeds;
	struct test_ledger ledger;
	struct shd_error err;

	(void)state;
	test_source_init(&shop, "s", &market);
	shop.source.endpoints = &row;
	shop.source.endpoint_count = 1;
	test_ledger_open(&ledger);
	shd_feeds_init(&feeds, &settings, NULL, 0, ledger.of, NULL);
	struct shd_feed *feed = feed_at(&feeds, 0);
	shd_fail(&err, SHD_ERR_TARIFF, "no access");
	shd_feed_failed(feed, &err, (struct shd_wall){40});
	assert_int_equal(feed->standing, SHD_STANDING_LACKING);
	row.may_be_lacking = false;
	shd_feed_failed(feed, &err, (struct shd_wall){50});
	assert_int_equal(feed->standing, SHD_STANDING_REFUSED);
	shd_feeds_finish(&feeds);
	test_ledger_close(&ledger);
}

static void facts_resume_from_the_state(void **state)
{
	struct shd_feed_row known = {.store = "s",
		.endpoint = "list",
		.cursor = {{5}, "there", {6}},
		.failures = 3,
		.error = SHD_ERR_SERVER,
		.error_text = "down",
		.failing_since = {4},
		.next_due = {9},
		.incomplete = "it has fewer rows than it says there are (3 of 9)",
		.incomplete_since = {2}};
	struct test_source shop;
	struct shd_settings settings = {.stores = &shop.store, .store_count = 1,
		.sources = &shop.source, .source_count = 1};
	struct shd_feeds feeds, younger;
	struct test_ledger ledger;
	struct shd_error err;

	(void)state;
	test_source_init(&shop, "s", &market);
	test_ledger_open(&ledger);
	shd_feeds_init(&feeds, &settings, &known, 1, ledger.of, NULL);
	assert_int_equal(feed_at(&feeds, LIST)->cursor_time.ms, 5);
	assert_string_equal(shd_feed_cursor(feed_at(&feeds, LIST)).text, "there");
	assert_true(shd_feed_cursor(feed_at(&feeds, LIST)).text != known.cursor.text);
	assert_int_equal(shd_feed_failure(feed_at(&feeds, LIST))->count, 3);
	assert_int_equal(shd_feed_lack(feed_at(&feeds, LIST))->since.ms, 2);
	assert_int_equal(shd_feed_lack(feed_at(&feeds, LIST))->lack, SHD_LACK_SHORT);
	assert_string_equal(shd_feed_lack(feed_at(&feeds, LIST))->text, known.incomplete);
	assert_null(shd_feed_lack(feed_at(&feeds, OTHER)));
	assert_int_equal(feed_at(&feeds, OTHER)->error, -1);
	assert_true(feed_at(&feeds, LIST)->keyed && feed_at(&feeds, LIST)->lists_ids);
	shd_feeds_init(&younger, &settings, NULL, 0, ledger.of, &feeds);
	assert_string_equal(shd_feed_failure(feed_at(&younger, LIST))->text, "down");
	assert_string_equal(shd_feed_cursor(feed_at(&younger, LIST)).text, "there");
	assert_int_equal(shd_feed_cursor(feed_at(&younger, LIST)).expires.ms, 6);
	assert_true(shd_feed_worked(
		feed_at(&younger, LIST), (struct shd_cursor){.time = {20}}, (struct shd_wall){21}));
	assert_null(shd_feed_cursor(feed_at(&younger, LIST)).text);
	assert_false(shd_feed_worked(feed_at(&younger, LIST), (struct shd_cursor){{30}, "on", {0}},
		(struct shd_wall){31}));
	shd_fail(&err, SHD_ERR_TIMEOUT, "late");
	assert_true(shd_feed_failed(feed_at(&younger, LIST), &err, (struct shd_wall){40}));
	assert_false(shd_feed_failed(feed_at(&younger, LIST), &err, (struct shd_wall){50}));
	assert_int_equal(shd_feed_failure(feed_at(&younger, LIST))->count, 2);
	assert_int_equal(shd_feed_failure(feed_at(&younger, LIST))->since.ms, 40);
	assert_int_equal(feed_at(&younger, LIST)->cursor_time.ms, 30);
	assert_string_equal(shd_feed_cursor(feed_at(&younger, LIST)).text, "on");
	shd_feed_worked(feed_at(&younger, LIST), shd_feed_cursor(feed_at(&younger, LIST)),
		(struct shd_wall){60});
	assert_string_equal(shd_feed_cursor(feed_at(&younger, LIST)).text, "on");
	shd_feed_worked(feed_at(&younger, LIST), (struct shd_cursor){{30}, NULL, {0}},
		(struct shd_wall){61});
	assert_false(shd_feed_lacks(feed_at(&younger, LIST), SHD_LACK_SHORT, "it has fewer rows",
		(struct shd_wall){62}));
	assert_int_equal(shd_feed_lack(feed_at(&younger, LIST))->since.ms, 2);
	assert_true(shd_feed_lacks(feed_at(&younger, LIST), 0, "", (struct shd_wall){63}));
	assert_null(feed_at(&younger, LIST)->extra); /* nothing is kept of what is over */
	shd_feeds_finish(&younger);
	shd_feeds_finish(&feeds);
	test_ledger_close(&ledger);
	assert_true(sizeof(struct shd_feed) <= 80);
}

/* Rows that are made at load time are fewer, or others, under the next configuration. */
static void facts_go_to_the_feed_of_their_name(void **state)
{
	static const struct shd_endpoint made[] = {
		{.name = "new", .paging = SHD_PAGE_CURSOR},
		{.name = "list", .paging = SHD_PAGE_CURSOR}};
	struct test_source shop, fewer, others;
	struct shd_settings settings = {.sources = &shop.source, .source_count = 1};
	struct shd_settings with_fewer = {.sources = &fewer.source, .source_count = 1};
	struct shd_settings with_others = {.sources = &others.source, .source_count = 1};
	struct shd_feeds feeds, second, third;
	struct test_ledger ledger;

	(void)state;
	test_source_init(&shop, "s", &market);
	test_source_init(&fewer, "s", &market);
	test_source_init(&others, "s", &market);
	fewer.source.endpoint_count = 1;
	others.source.endpoints = made;
	test_ledger_open(&ledger);
	shd_feeds_init(&feeds, &settings, NULL, 0, ledger.of, NULL);
	feed_at(&feeds, LIST)->cursor_time.ms = 5;
	feed_at(&feeds, OTHER)->cursor_time.ms = 6;
	shd_feeds_init(&second, &with_fewer, NULL, 0, ledger.of, &feeds);
	assert_int_equal(second.count, 1);
	assert_int_equal(feed_at(&second, LIST)->cursor_time.ms, 5);
	shd_feeds_init(&third, &with_others, NULL, 0, ledger.of, &second);
	assert_int_equal(feed_at(&third, 0)->cursor_time.ms, 0);
	assert_int_equal(feed_at(&third, 1)->cursor_time.ms, 5);
	shd_feeds_finish(&third);
	shd_feeds_finish(&second);
	shd_feeds_finish(&feeds);
	test_ledger_close(&ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_may_be_lacking_is_lacking),
		cmocka_unit_test(facts_resume_from_the_state),
		cmocka_unit_test(facts_go_to_the_feed_of_their_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

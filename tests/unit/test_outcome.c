/* daemon/poll/outcome.c: what becomes of a poll that is over. The queue of changes and the schedule
 * are the test's own. */
#include "support/check.h"
#include "support/ledger.h"
#include "support/source.h"

#include "base/mem.h"
#include "poll/scheduler_own.h"

#include <stdlib.h>

#define NOW 1790856000000LL

enum { LIST, BATCH, SLOW, ROWS };

static const struct shd_endpoint rows[ROWS] = {
	[LIST] = {.name = "list",
		.complete = true,
		.closes = SHD_KIND_order,
		.paging = SHD_PAGE_CURSOR},
	[BATCH] = {.name = "batch", .paging = SHD_PAGE_BATCH, .ids_of = "list"},
	[SLOW] = {.name = "slow", .min_interval_ms = 7 * SHD_DAY_MS, .paging = SHD_PAGE_SINGLE},
};
static const struct shd_adapter market = {
	.name = "here", .endpoints = rows, .endpoint_count = ROWS};

struct fixture {
	struct test_source shop;
	struct shd_settings settings;
	struct test_ledger ledger;
	struct shd_scheduler scheduler;
	struct shd_poll *poll;
};

/* --- the parts around it ------------------------------------------------------------- */

static struct shd_batch last_batch;
static bool suspect;
static struct shd_commit_item *kept; /* with `keeps`: the item that is not committed yet */
static bool keeps;
static int batches, caught_up;
static int64_t waits_ms[ROWS];

void shd_commit_add(struct shd_commit *commit, struct shd_commit_item *item)
{
	(void)commit;
	last_batch = item->batch;
	batches++;
	if (keeps) {
		kept = item;
		return;
	}
	item->ok = true;
	item->suspect = suspect;
	item->done(item);
}

void shd_scheduler_set_due(struct shd_scheduler *scheduler, struct shd_feed *feed, int64_t wait_ms)
{
	waits_ms[feed - scheduler->feeds.all] = wait_ms;
	feed->next_due.ms = NOW + wait_ms;
}

void shd_scheduler_put_in(struct shd_scheduler *scheduler, struct shd_feed *feed, int64_t wait_ms)
{
	waits_ms[feed - scheduler->feeds.all] = wait_ms;
}

void shd_scheduler_pump(struct shd_scheduler *scheduler)
{
	(void)scheduler;
}

static struct shd_wall now(void *ctx)
{
	(void)ctx;
	return (struct shd_wall){NOW};
}

static uint32_t lot(void *ctx)
{
	(void)ctx;
	return 0;
}

static void polled(void *ctx, const struct shd_polled *what)
{
	(void)ctx;
	(void)what;
}

static void all_tried(void *ctx)
{
	(void)ctx;
	caught_up++;
}

/* --- fixture ---------------------------------------------------------------------------- */

static int start_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	test_source_init(&f->shop, "s", &market);
	for (int i = 0; i < SHD_POLLER_COUNT; i++)
		f->shop.source.every_ms[i] = 60000;
	f->settings = (struct shd_settings){.stores = &f->shop.store, .store_count = 1,
		.sources = &f->shop.source, .source_count = 1,
		.blind_after = 3};
	f->scheduler.in = (struct shd_scheduler_in){.now = now, .random = lot, .polled = polled,
		.caught_up = all_tried};
	test_ledger_open(&f->ledger);
	shd_feeds_init(&f->scheduler.feeds, &f->settings, NULL, 0, f->ledger.of, NULL);
	suspect = keeps = false;
	batches = caught_up = 0;
	last_batch = (struct shd_batch){0};
	for (size_t i = 0; i < ROWS; i++)
		waits_ms[i] = -1;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	shd_poll_destroy(f->scheduler.idle_polls);
	shd_feeds_finish(&f->scheduler.feeds);
	test_ledger_close(&f->ledger);
	free(f);
	return 0;
}

/* A poll of the row that has a slot. */
static struct shd_poll *under_way(struct fixture *f, int row)
{
	struct shd_poll *poll = shd_poll_create(&f->scheduler);
	struct shd_feed *feed = &f->scheduler.feeds.all[row];

	poll->feed = feed;
	poll->source = &f->shop.source;
	poll->row = feed->row;
	poll->began.ms = NOW - 5;
	poll->state = SHD_POLL_CHANGED;
	feed->poll = poll;
	shd_feed_enter(feed, SHD_FEED_QUEUED);
	shd_feed_enter(feed, SHD_FEED_IN_FLIGHT);
	f->scheduler.active = 1;
	return poll;
}

/* --- tests ------------------------------------------------------------------------------- */

static void a_list_with_an_unread_record_closes_nothing(void **state)
{
	struct fixture *f = *state;
	struct shd_poll *poll = under_way(f, LIST);

	poll->listed_changed = true;
	poll->listed = shd_xcalloc(1, sizeof(*poll->listed));
	poll->listed_count = 1;
	poll->bad_records = 1;
	shd_scheduler_poll_ended(&f->scheduler, poll);
	assert_true(last_batch.fetch.ok);
	assert_null(last_batch.seen.listed);
	assert_int_equal(last_batch.seen.listed_count, 0);
}

/* What vanished from a list that could not be believed is found by the next one. */
static void a_list_with_an_unread_record_is_listed_again(void **state)
{
	struct fixture *f = *state;

	for (size_t bad = 2; bad-- > 0;) {
		struct shd_poll *poll = under_way(f, LIST);

		poll->bad_records = bad;
		shd_scheduler_poll_ended(&f->scheduler, poll);
		assert_int_equal(f->scheduler.feeds.all[LIST].swept, !bad);
		shd_poll_destroy(shd_steal(f->scheduler.idle_polls));
	}
}

static void an_empty_answer_that_is_not_believed_moves_no_cursor(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		struct shd_poll *poll = under_way(f, LIST);

		suspect = i == 0;
		poll->listed_changed = true;
		poll->listed = shd_xcalloc(1, sizeof(*poll->listed));
		shd_scheduler_poll_ended(&f->scheduler, poll);
		assert_non_null(last_batch.seen.listed);
		assert_int_equal(f->scheduler.feeds.all[LIST].cursor.ms, suspect ? 0 : NOW - 5);
		shd_poll_destroy(shd_steal(f->scheduler.idle_polls));
	}
}

static void the_next_poll_goes_on_by_the_earlier_clock(void **state)
{
	static const struct {
		int64_t began, store_skew, skew, cursor; /* of NOW; INT64_MIN: not known */
	} cases[] = {
		{-5, INT64_MIN, INT64_MIN, -5},
		{-5, INT64_MIN, -1000, -1005},
		{-5, -1000, INT64_MIN, -1005},
		{-5, -1000, 0, -5},
		{-5, INT64_MIN, 1000, -5},
		{9000, INT64_MIN, INT64_MIN, 0}, /* the clock was set back meanwhile */
		{9000, INT64_MIN, -7, -7},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_poll *poll = under_way(f, LIST);

		poll->began.ms = NOW + cases[i].began;
		poll->skew_ms = cases[i].skew;
		f->scheduler.feeds.sources[0].skew_ms = cases[i].store_skew;
		poll->listed_changed = true;
		poll->listed = shd_xcalloc(1, sizeof(*poll->listed));
		shd_scheduler_poll_ended(&f->scheduler, poll);
		assert_int_equal(last_batch.fetch.cursor.ms, NOW + cases[i].cursor);
		assert_int_equal(f->scheduler.feeds.all[LIST].cursor.ms, NOW + cases[i].cursor);
		assert_true(last_batch.fetch.began.ms <= NOW);
		shd_poll_destroy(shd_steal(f->scheduler.idle_polls));
	}
}

static void a_key_that_works_again_wakes_what_it_held_up(void **state)
{
	struct fixture *f = *state;
	struct shd_poll *poll = under_way(f, LIST);

	for (size_t i = 0; i < ROWS; i++)
		f->scheduler.feeds.all[i].error = SHD_ERR_CREDENTIALS;
	f->scheduler.feeds.all[SLOW].item.place = 1;
	shd_scheduler_poll_ended(&f->scheduler, poll);
	assert_in_range(waits_ms[SLOW], 0, 10000);
	assert_int_equal(waits_ms[BATCH], -1); /* waits for ids, not for the key */
	f->scheduler.feeds.all[SLOW].item.place = 0;
}

static void a_failed_poll_keeps_the_pace_and_puts_off_who_waits_for_it(void **state)
{
	struct fixture *f = *state;
	struct shd_poll *poll = under_way(f, SLOW);

	poll->state = SHD_POLL_FAILED;
	shd_fail(&poll->error, SHD_ERR_SERVER, "server");
	shd_scheduler_poll_ended(&f->scheduler, poll);
	assert_true(waits_ms[SLOW] >= rows[SLOW].min_interval_ms);
	shd_poll_destroy(shd_steal(f->scheduler.idle_polls));

	poll = under_way(f, LIST);
	f->scheduler.feeds.all[BATCH].wants_ids = true;
	poll->state = SHD_POLL_FAILED;
	shd_fail(&poll->error, SHD_ERR_SERVER, "server");
	shd_scheduler_poll_ended(&f->scheduler, poll);
	assert_false(last_batch.fetch.ok);
	assert_int_equal(f->scheduler.feeds.all[BATCH].next_due.ms, NOW + waits_ms[LIST]);
}

/* The feed worked until the machine slept. */
static struct shd_feed *catches_up(struct fixture *f, int row)
{
	struct shd_feed *feed = &f->scheduler.feeds.all[row];

	feed->last_success.ms = feed->noted.ms = NOW - 1;
	feed->catching_up = feed->unread = true;
	f->scheduler.catching_up = 1;
	return feed;
}

static void what_was_behind_is_told_before_time_judges(void **state)
{
	struct fixture *f = *state;
	struct shd_feed *feed = catches_up(f, SLOW);

	keeps = true;
	shd_scheduler_poll_ended(
		&f->scheduler, under_way(f, SLOW)); /* nothing new, and told a moment ago */
	assert_int_equal(batches, 1);
	assert_true(kept->urgent && last_batch.fetch.ok && !last_batch.fetch.outdated);
	assert_false(feed->unread);
	assert_int_equal(caught_up, 0);
	kept->ok = true;
	kept->done(kept);
	assert_int_equal(caught_up, 1);
}

static void what_fails_stays_unread_but_holds_up_nobody(void **state)
{
	struct fixture *f = *state;
	struct shd_feed *feed = catches_up(f, SLOW);
	struct shd_poll *poll = under_way(f, SLOW);

	poll->state = SHD_POLL_FAILED;
	shd_fail(&poll->error, SHD_ERR_NETWORK, "no network yet");
	shd_scheduler_poll_ended(&f->scheduler, poll);
	assert_true(feed->unread && !feed->catching_up);
	assert_int_equal(caught_up, 1);
	shd_poll_destroy(shd_steal(f->scheduler.idle_polls));
	f->scheduler.idle_count = 0;
	poll = under_way(f, SLOW);
	poll->state = SHD_POLL_FAILED;
	shd_fail(&poll->error, SHD_ERR_ROLE, "not for this key");
	shd_scheduler_poll_ended(&f->scheduler, poll);
	assert_false(feed->unread); /* nobody waits for an operator */
}

static void a_poll_that_outlived_a_sleep_is_done_again(void **state)
{
	struct fixture *f = *state;

	for (int good = 0; good < 2; good++) {
		struct shd_feed *feed = catches_up(f, SLOW);
		struct shd_poll *poll = under_way(f, SLOW);

		poll->outdated = true;
		batches = 0;
		poll->state = SHD_POLL_FAILED;
		shd_fail(&poll->error, SHD_ERR_TIMEOUT, "it slept");
		poll->state = good ? SHD_POLL_UNCHANGED : SHD_POLL_FAILED;
		shd_scheduler_poll_ended(&f->scheduler, poll);
		assert_int_equal(waits_ms[SLOW], 0);
		assert_true(feed->catching_up && feed->unread);
		assert_int_equal(feed->error, -1);
		assert_int_equal(batches, 0);
		assert_int_equal(caught_up, 0);
		shd_poll_destroy(shd_steal(f->scheduler.idle_polls));
		f->scheduler.idle_count = 0;
	}
}

static void a_pause_holds_up_nobody(void **state)
{
	struct fixture *f = *state;
	struct shd_feed *list = catches_up(f, LIST), *batch = &f->scheduler.feeds.all[BATCH];

	batch->catching_up = batch->wants_ids = true;
	f->scheduler.catching_up = 2;
	shd_scheduler_put_off(&f->scheduler, list, 1800000);
	assert_int_equal(waits_ms[LIST], 1800000);
	assert_int_equal(list->next_due.ms, NOW + 1800000);
	assert_int_equal(batch->next_due.ms, NOW + 1800000);
	assert_true(list->unread);
	assert_int_equal(f->scheduler.catching_up, 0);
	assert_int_equal(caught_up, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(a_list_with_an_unread_record_closes_nothing),
		T(a_list_with_an_unread_record_is_listed_again),
		T(an_empty_answer_that_is_not_believed_moves_no_cursor),
		T(the_next_poll_goes_on_by_the_earlier_clock),
		T(a_key_that_works_again_wakes_what_it_held_up),
		T(a_failed_poll_keeps_the_pace_and_puts_off_who_waits_for_it),
		T(what_was_behind_is_told_before_time_judges),
		T(what_fails_stays_unread_but_holds_up_nobody),
		T(a_poll_that_outlived_a_sleep_is_done_again),
		T(a_pause_holds_up_nobody),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}

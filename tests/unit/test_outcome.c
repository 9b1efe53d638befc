/* daemon/poll/outcome.h: what a poll that is over means for its feed, and what follows. */
#include "support/poll_bench.h"

#include "poll/heap.h"
#include "poll/outcome.h"

#define NOW 1790856000000LL

static const struct shd_wall now = {NOW};

/* Polls begin 5 ms before they end. */
static int start_up_now(void **state)
{
	int failed = start_up(state);
	struct poll_bench *f = *state;

	f->begins.ms = NOW - 5;
	f->answers = now;
	return failed;
}

#define EMPTY "{\"items\":[]}"
#define ONE "{\"items\":[{\"id\":\"a\"}]}"
#define SLOW_ONE "{\"id\":\"a\"}"

static void read_list(struct poll_bench *f, const char *body)
{
	begin(f, LIST);
	answer_with(f, "/list?", 200, body);
}

static struct shd_poll_outcome fail_slow(struct poll_bench *f, int status)
{
	begin(f, SLOW);
	assert_int_equal(answer_with(f, "/slow?", status, "{}"), SHD_POLL_FAILED);
	return shd_outcome_failed(f->poll, now, 0);
}

/* --- news --------------------------------------------------------------------------------- */

/* What vanished from a list that could not be believed is found by the next one. */
static void a_list_that_is_too_short_closes_nothing(void **state)
{
	struct poll_bench *f = *state;
	struct shd_batch batch;
	struct shd_text body;

	for (int bad = 1; bad >= 0; bad--) {
		shd_text_init(&body, 10000);
		shd_text_puts(&body, "{\"items\":[{\"id\":\"a\"}");
		for (int i = 0; i < 19; i++)
			shd_text_printf(&body, ",{\"id\":\"n%d\"}", i);
		shd_text_puts(&body, bad ? "],\"total\":30}" : "]}");
		read_list(f, body.data);
		shd_outcome_news(f->poll, now, &batch);
		assert_true(batch.fetch.ok);
		assert_int_equal(batch.seen.incomplete != NULL, bad);
		shd_outcome_read(f->poll, true, false, now);
		assert_int_equal(feed_of(f, LIST)->swept, !bad);
		shd_text_finish(&body);
	}
}

static void an_empty_answer_that_is_not_believed_moves_no_cursor(void **state)
{
	struct poll_bench *f = *state;
	struct shd_feed *feed = feed_of(f, LIST);
	struct shd_batch batch;

	for (int suspect = 1; suspect >= 0; suspect--) {
		read_list(f, EMPTY);
		assert_true(shd_poll_has_news(f->poll));
		shd_outcome_news(f->poll, now, &batch);
		assert_non_null(batch.seen.listed);
		shd_outcome_read(f->poll, true, suspect, now);
		assert_int_equal(feed->cursor_time.ms, suspect ? 0 : NOW - 5);
		assert_int_equal(feed->pages.count, suspect ? 0 : 1);
	}
}

static void the_next_poll_goes_on_by_the_earlier_clock(void **state)
{
	static const struct {
		int64_t began, source_skew, skew, cursor; /* of NOW; INT64_MIN: not known */
	} cases[] = {
		{-5, INT64_MIN, INT64_MIN, -5},
		{-5, INT64_MIN, -1000, -1005},
		{-5, -1000, INT64_MIN, -1005},
		{-5, -1000, 0, -5},
		{-5, INT64_MIN, 1000, -5},
		{9000, INT64_MIN, INT64_MIN, 0}, /* the clock was set back meanwhile */
		{9000, INT64_MIN, -7, -7},
	};
	struct poll_bench *f = *state;
	struct shd_batch batch;

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		f->begins.ms = NOW + cases[i].began;
		f->skew_ms = cases[i].skew;
		f->feeds.sources[0]->skew_ms = cases[i].source_skew;
		read_list(f, ONE);
		shd_outcome_news(f->poll, now, &batch);
		assert_int_equal(batch.fetch.cursor.time.ms, NOW + cases[i].cursor);
		assert_int_equal(batch.fetch.clock_skew_ms, cases[i].skew);
		assert_true(batch.fetch.began.ms <= NOW);
		shd_outcome_read(f->poll, true, false, now);
		assert_int_equal(feed_of(f, LIST)->cursor_time.ms, NOW + cases[i].cursor);
	}
}

#define CHANGE_A "{\"items\":[{\"id\":\"a\"}],\"next\":\"m\",\"expires\":9}"
#define NO_CHANGE "{\"items\":[],\"next\":\"n\"}"

static void the_text_is_committed_with_what_lies_before_it(void **state)
{
	struct poll_bench *f = *state;
	struct shd_feed *feed = feed_of(f, CHANGES);
	struct shd_batch batch;

	assert_int_equal(begin(f, CHANGES), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/changes?", 200, CHANGE_A), SHD_POLL_CHANGED);
	shd_outcome_news(f->poll, now, &batch);
	assert_int_equal(batch.seen.harvest->entity_count, 1);
	assert_string_equal(batch.fetch.cursor.text, "m");
	assert_int_equal(batch.fetch.cursor.expires.ms, 9);
	assert_null(shd_feed_cursor(feed).text);
	shd_outcome_read(f->poll, true, false, now);
	assert_string_equal(shd_feed_cursor(feed).text, "m");
	assert_int_equal(shd_feed_cursor(feed).expires.ms, 9);

	/* Without news it is a fact, told when there is a transaction; the same one is not. */
	shd_feed_set_cursor(feed, (struct shd_cursor){{NOW}, "m", {0}});
	for (int again = 0; again < 2; again++) {
		assert_int_equal(begin(f, CHANGES), SHD_POLL_READY);
		assert_int_equal(
			answer_with(f, again ? "/changes?n" : "/changes?m", 200, NO_CHANGE),
			SHD_POLL_CHANGED);
		assert_false(shd_poll_has_news(f->poll));
		shd_feed_noted(feed, now);
		assert_int_equal(shd_outcome_read(f->poll, false, false, now).tell,
			again ? SHD_TELL_NOTHING : SHD_TELL_WITH_OTHERS);
		shd_outcome_facts(f->poll, feed, now, &batch);
		assert_string_equal(batch.fetch.cursor.text, "n");
		assert_int_equal(batch.fetch.cursor.expires.ms, 0);
	}
}

/* The record comes again only from where the poll began. */
static void what_could_not_be_followed_keeps_the_cursor(void **state)
{
	static const char body[] = "{\"items\":[{\"id\":\"a\",\"follow\":[\"x\"]}],\"next\":\"n\"}";
	struct poll_bench *f = *state;
	struct shd_feed *feed = feed_of(f, CHANGES);

	for (int fails = 1; fails >= 0; fails--) {
		shd_feed_set_cursor(feed, (struct shd_cursor){{7}, "m", {0}});
		assert_int_equal(begin(f, CHANGES), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/changes?m", 200, body), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/detail?x", fails ? 500 : 200, "{\"id\":\"x\"}"),
			SHD_POLL_CHANGED);
		shd_outcome_read(f->poll, true, false, now);
		assert_string_equal(shd_feed_cursor(feed).text, fails ? "m" : "n");
		assert_int_equal(feed->cursor_time.ms == 7, fails);
	}
}

/* --- the next poll ------------------------------------------------------------------------- */

static void the_next_poll_comes_after_the_interval(void **state)
{
	static const struct {
		int64_t began, wait;
	} cases[] = {
		{-5, 59995}, {-59999, 1},
		{-60000, 0}, {-90000, 0}, /* it took longer than the interval */
		{1, 0},                   /* the clock was set back meanwhile */
	};
	struct poll_bench *f = *state;

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		f->begins.ms = NOW + cases[i].began;
		read_list(f, ONE);
		struct shd_poll_outcome outcome = shd_outcome_read(f->poll, true, false, now);

		assert_int_equal(outcome.wait_ms, cases[i].wait);
		assert_int_equal(feed_of(f, LIST)->next_due.ms, NOW + cases[i].wait);
	}
}

static void a_failed_poll_keeps_the_interval_of_its_row(void **state)
{
	struct poll_bench *f = *state;
	struct shd_poll_outcome outcome = fail_slow(f, 500);

	assert_true(outcome.counts && outcome.turned);
	assert_int_equal(outcome.wait_ms, 7 * SHD_DAY_MS);
	assert_int_equal(feed_of(f, SLOW)->next_due.ms, NOW + 7 * SHD_DAY_MS);
	assert_int_equal(feed_of(f, SLOW)->error, SHD_ERR_SERVER);
	assert_false(fail_slow(f, 500).turned);
}

/* What the state could not keep is asked for again soon, and others tell of it; what the judge
 * would not take fails like anything else: told, and asked for ever more seldom. */
static void what_was_not_kept_is_no_success(void **state)
{
	struct poll_bench *f = *state;
	int64_t waited_ms = 0;

	for (int i = 0; i < 4; i++) {
		read_list(f, i % 2 ? ONE : EMPTY);
		shd_fail(&f->poll->error, SHD_ERR_STATE, "disk full");
		struct shd_poll_outcome outcome = shd_outcome_failed(f->poll, now, 0);
		assert_int_equal(feed_of(f, LIST)->error, SHD_ERR_STATE);
		assert_int_equal(outcome.tell, SHD_TELL_NOTHING);
		assert_false(outcome.turned);
		assert_int_equal(outcome.wait_ms, 5000);
	}
	read_list(f, ONE);
	assert_false(shd_outcome_read(f->poll, true, false, now).turned);
	for (int i = 0; i < 4; i++) {
		read_list(f, i % 2 ? ONE : EMPTY);
		shd_fail(&f->poll->error, SHD_ERR_INTERNAL, "no room");
		struct shd_poll_outcome outcome = shd_outcome_failed(f->poll, now, 0);
		assert_int_equal(feed_of(f, LIST)->error, SHD_ERR_INTERNAL);
		assert_int_equal(outcome.turned, i == 0);
		assert_true(i || outcome.tell == SHD_TELL_AT_ONCE);
		assert_true(outcome.wait_ms > waited_ms);
		waited_ms = outcome.wait_ms;
	}
	read_list(f, ONE);
	assert_true(shd_outcome_read(f->poll, true, false, now).turned);
}

static void a_poll_that_outlived_a_sleep_is_done_again(void **state)
{
	struct poll_bench *f = *state;
	struct shd_feed *feed = feed_of(f, SLOW);

	feed->last_success = f->begins;
	shd_feed_noted(feed, f->begins);
	feed->unread = true;
	for (int good = 0; good < 2; good++) {
		begin(f, SLOW);
		f->poll->outdated = true;
		answer_with(f, "/slow?", good ? 200 : 500, SLOW_ONE);
		struct shd_poll_outcome outcome = good
			? shd_outcome_read(f->poll, true, false, now)
			: shd_outcome_failed(f->poll, now, 0);

		assert_int_equal(outcome.counts, good);
		assert_int_equal(outcome.wait_ms, 0);
		assert_int_equal(outcome.tell, SHD_TELL_NOTHING);
		assert_int_equal(feed->error, -1);
		assert_true(feed->unread);
	}
}

/* --- what the state and others hear ---------------------------------------------------------- */

static void what_time_waits_for_is_told_at_once(void **state)
{
	struct poll_bench *f = *state;
	struct shd_feed *feed = feed_of(f, LIST);
	struct shd_batch batch;

	read_list(f, ONE);
	shd_outcome_read(f->poll, true, false, now);
	for (int unread = 0; unread < 2; unread++) {
		feed->unread = unread;
		shd_feed_noted(feed, now);
		read_list(f, ONE);
		assert_int_equal(f->poll->state, SHD_POLL_UNCHANGED);
		struct shd_poll_outcome outcome = shd_outcome_read(f->poll, false, false, now);

		assert_int_equal(outcome.tell, unread ? SHD_TELL_AT_ONCE : SHD_TELL_NOTHING);
		shd_outcome_facts(f->poll, feed, now, &batch);
		assert_true(batch.fetch.ok && !batch.fetch.outdated);
		assert_false(feed->unread);
	}
	shd_feed_noted(feed, (struct shd_wall){NOW - SHD_HOUR_MS});
	read_list(f, ONE);
	assert_int_equal(
		shd_outcome_read(f->poll, false, false, now).tell, SHD_TELL_WITH_OTHERS);
}

/* Also when it failed before: its news are committed, which the judge has seen. */
static void news_of_a_feed_are_read(void **state)
{
	struct poll_bench *f = *state;
	struct shd_feed *feed = feed_of(f, SLOW);
	struct shd_batch batch;

	fail_slow(f, 500);
	feed->unread = true;
	begin(f, SLOW);
	assert_int_equal(answer_with(f, "/slow?", 200, SLOW_ONE), SHD_POLL_CHANGED);
	shd_outcome_news(f->poll, now, &batch);
	assert_true(feed->unread); /* it may not be committed */
	assert_true(shd_outcome_read(f->poll, true, false, now).turned);
	assert_false(feed->unread);
}

static void what_fails_stays_unread_while_it_may_soon_work(void **state)
{
	static const struct {
		int status;
		bool unread;
	} cases[] = {{500, true}, {403, false}};
	struct poll_bench *f = *state;
	struct shd_feed *feed = feed_of(f, SLOW);
	struct shd_batch batch;

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		feed->unread = true;
		assert_int_equal(fail_slow(f, cases[i].status).tell, SHD_TELL_AT_ONCE);
		shd_outcome_facts(f->poll, feed, now, &batch);
		assert_false(batch.fetch.ok);
		assert_int_equal(feed->unread, cases[i].unread);
	}
}

static void a_good_answer_after_a_suspect_one_is_told_at_once(void **state)
{
	struct poll_bench *f = *state;

	read_list(f, ONE);
	shd_outcome_read(f->poll, true, false, now);
	read_list(f, EMPTY);
	shd_outcome_read(f->poll, true, true, now);
	shd_feed_noted(feed_of(f, LIST), now);
	read_list(f, ONE);
	assert_false(shd_poll_has_news(f->poll));
	assert_int_equal(shd_outcome_read(f->poll, false, false, now).tell, SHD_TELL_AT_ONCE);
}

static void a_key_that_works_again_wakes_what_it_held_up(void **state)
{
	struct poll_bench *f = *state;
	struct shd_heap heap = {0};
	struct shd_error refused;

	shd_fail(&refused, SHD_ERR_CREDENTIALS, "no such key");
	for (size_t i = 0; i < ROWS; i++)
		shd_feed_failed(feed_of(f, (int)i), &refused, now);
	shd_heap_put(&heap, &feed_of(f, SLOW)->item, (struct shd_mono){1});
	read_list(f, ONE);
	int mended = shd_outcome_read(f->poll, true, false, now).mended;

	assert_int_equal(mended, SHD_ERR_CREDENTIALS);
	assert_true(shd_outcome_wakes(feed_of(f, LIST), mended, feed_of(f, SLOW)));
	assert_false(shd_outcome_wakes(feed_of(f, LIST), mended, feed_of(f, BATCH))); /* no time */
	assert_false(shd_outcome_wakes(feed_of(f, LIST), mended, feed_of(f, LIST)));
	read_list(f, ONE);
	assert_int_equal(shd_outcome_read(f->poll, true, false, now).mended, -1);
	shd_heap_finish(&heap);
}

/* People hear once that a key is refused; that a role is missing, for each method. */
static void a_refusal_that_all_share_is_told_once(void **state)
{
	static const struct {
		enum shd_err kind;
		bool turned;
	} cases[] = {{SHD_ERR_CREDENTIALS, false}, {SHD_ERR_ROLE, true}, {SHD_ERR_SERVER, true}};
	struct poll_bench *f = *state;

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_error error;

		shd_fail(&error, cases[i].kind, "refused");
		shd_feed_failed(feed_of(f, LIST), &error, now);
		begin(f, SLOW);
		f->poll->error = error;
		shd_poll_unanswered(f->poll);
		assert_int_equal(
			shd_outcome_failed(f->poll, now, 0).turned, cases[i].turned);
	}
}

static void what_was_followed_has_facts_of_its_own(void **state)
{
	struct poll_bench *f = *state;
	struct shd_feed *detail = feed_of(f, DETAIL);
	struct shd_batch batch;

	for (int good = 0; good < 2; good++) {
		begin(f, LIST);
		answer_with(f, "/list?", 200, "{\"items\":[{\"id\":\"a\",\"follow\":[\"x\"]}]}");
		answer_with(f, "/detail?x", good ? 200 : 429, "{\"id\":\"x\"}");
		assert_int_equal(f->poll->state, SHD_POLL_CHANGED);
		assert_int_equal(shd_outcome_followed(f->poll, &f->poll->followed[0], now, 0),
			SHD_TELL_AT_ONCE);
		shd_outcome_facts(f->poll, detail, now, &batch);
		assert_ptr_equal(batch.fetch.row, &rows[DETAIL]);
		assert_int_equal(batch.fetch.ok, good);
		assert_int_equal(detail->error, good ? -1 : SHD_ERR_THROTTLED);
		detail->next_due.ms = 0;
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start_up_now, tear_down)
	const struct CMUnitTest tests[] = {
		T(a_list_that_is_too_short_closes_nothing),
		T(an_empty_answer_that_is_not_believed_moves_no_cursor),
		T(the_text_is_committed_with_what_lies_before_it),
		T(what_could_not_be_followed_keeps_the_cursor),
		T(the_next_poll_goes_on_by_the_earlier_clock),
		T(the_next_poll_comes_after_the_interval),
		T(a_failed_poll_keeps_the_interval_of_its_row),
		T(what_was_not_kept_is_no_success),
		T(a_poll_that_outlived_a_sleep_is_done_again),
		T(what_time_waits_for_is_told_at_once),
		T(news_of_a_feed_are_read),
		T(what_fails_stays_unread_while_it_may_soon_work),
		T(a_good_answer_after_a_suspect_one_is_told_at_once),
		T(a_key_that_works_again_wakes_what_it_held_up),
		T(a_refusal_that_all_share_is_told_once),
		T(what_was_followed_has_facts_of_its_own),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* daemon/poll: a list of which a page cannot be read. What came before it is kept, closes nothing,
 * and the feed fails all the same. */
#include "support/poll_bench.h"

#include "poll/outcome.h"

#define PAGE_1   ITEMS(ID("a") "," ID("b"), ",\"next\":\"2\"")
#define PAGE_2   ITEMS(ID("c"), "")
#define CHANGED_1 ITEMS(ID("a") "," ID("n"), ",\"next\":\"2\"")
#define FOLLOWS_1                                                                                  \
	"{\"items\":[{\"id\":\"a\",\"follow\":[\"x\",\"y\"]}],\"next\":\"2\"}"

static void read_both(struct poll_bench *f)
{
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, PAGE_1), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?2", 200, PAGE_2), SHD_POLL_CHANGED);
	shd_outcome_read(f->poll, true, false, f->answers);
}

static bool has(const struct poll_bench *f, const char *id)
{
	const struct shd_harvest *harvest = f->poll->harvest;

	for (size_t i = 0; i < harvest->entity_count; i++)
		if (strcmp(harvest->entities[i].id, id) == 0)
			return true;
	return false;
}

/* What a page is answered with that cannot be read. */
static const struct {
	int status;
	const char *body;
} broken[] = {{500, "{}"}, {429, "{}"}, {403, "{}"}, {200, ""}, {200, "{\"other\":[]}"},
	{200, "{\"items\":[" ID("d") ",{\"id\":"}};

static void what_came_before_is_kept_and_the_feed_fails(void **state)
{
	struct poll_bench *f = *state;

	for (size_t i = 0; i < SHD_COUNT(broken); i++) {
		struct shd_batch batch;

		read_both(f);
		struct shd_wall cursor = feed_of(f, LIST)->cursor_time;
		f->answers.ms += SHD_MINUTE_MS;
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, CHANGED_1), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?2", broken[i].status, broken[i].body),
			SHD_POLL_FAILED);
		assert_true(f->poll->broken && shd_poll_brought_part(f->poll));
		assert_non_null(strstr(f->poll->error.msg, "page 2"));
		assert_int_equal(f->poll->retry_after_ms, broken[i].status == 429 ? 7000 : 0);
		assert_true(shd_outcome_failed(f->poll, f->answers, 0).counts);
		shd_outcome_part(f->poll, f->answers, &batch);
		assert_false(batch.fetch.ok);
		assert_int_equal(batch.fetch.error.kind, f->poll->error.kind);
		assert_non_null(batch.seen.incomplete);
		assert_null(batch.seen.listed);
		assert_true(has(f, "n"));
		assert_int_equal(has(f, "d"), i == SHD_COUNT(broken) - 1);
		assert_int_equal(feed_of(f, LIST)->cursor_time.ms, cursor.ms);
		tear_down(state);
		start_up(state);
		f = *state;
	}
}

/* The pages that were read are known, and so are those behind them; what a whole list lacks is told
 * with the next one, though its pages are the same. */
static void the_next_reading_goes_on_where_this_one_broke_off(void **state)
{
	struct poll_bench *f = *state;
	struct shd_batch batch;

	read_both(f);
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, CHANGED_1), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?2", 500, "{}"), SHD_POLL_FAILED);
	shd_poll_adopt_part(f->poll);
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, CHANGED_1), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?2", 200, PAGE_2), SHD_POLL_UNCHANGED);
	assert_int_equal(f->poll->parsed_records, 0);
	assert_true(shd_poll_has_news(f->poll));
	shd_outcome_news(f->poll, f->answers, &batch);
	assert_null(batch.seen.incomplete);
	assert_int_equal(batch.seen.listed_count, 3); /* a, c, n: b is missed now */
	shd_outcome_read(f->poll, true, false, f->answers);
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, CHANGED_1), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?2", 200, PAGE_2), SHD_POLL_UNCHANGED);
}

/* Nor does a page without records, of which only the hash is remembered, stand in the way. */
static void an_empty_list_may_become_a_broken_one(void **state)
{
	struct poll_bench *f = *state;

	read_once(f, LIST, "/list?", ITEMS("", ""));
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, PAGE_1), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?2", 500, "{}"), SHD_POLL_FAILED);
	shd_poll_adopt_part(f->poll);
	assert_int_equal(shd_pages_records(&feed_of(f, LIST)->pages), 2);
}

/* Of a page that is the whole list nothing is remembered. */
static void half_a_page_is_kept_as_well(void **state)
{
	struct poll_bench *f = *state;

	read_once(f, LIST, "/list?", ITEMS(ID("a"), ""));
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200,
		"{\"items\":[{\"id\":\"b\",\"follow\":[\"x\"]},{\"id\":"), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/detail?x", 429, "{}"), SHD_POLL_FAILED);
	assert_int_equal(f->poll->error.kind, SHD_ERR_SYNTAX);
	assert_true(has(f, "b"));
	shd_poll_adopt_part(f->poll);
	assert_int_equal(shd_pages_records(&feed_of(f, LIST)->pages), 1);
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, ITEMS(ID("a"), "")), SHD_POLL_UNCHANGED);
}

/* What is too much to be kept is not, and what brought nothing has nothing. */
static void nothing_is_kept_of_nothing(void **state)
{
	struct poll_bench *f = *state;

	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 500, "{}"), SHD_POLL_FAILED);
	assert_false(f->poll->broken || shd_poll_brought_part(f->poll));
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, PAGE_1), SHD_POLL_READY);
	f->poll->harvest->full = true;
	assert_int_equal(answer_with(f, "/list?2", 500, "{}"), SHD_POLL_FAILED);
	assert_false(shd_poll_brought_part(f->poll));
}

/* Objects that its records asked to follow are read where the page alone may be broken; else they
 * come again with their record. */
static void what_it_asks_to_follow_is_followed(void **state)
{
	struct poll_bench *f = *state;

	for (size_t i = 0; i < SHD_COUNT(broken); i++) {
		bool alone = broken[i].status == 500 || broken[i].status == 200;

		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, FOLLOWS_1), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?2", broken[i].status, broken[i].body),
			alone ? SHD_POLL_READY : SHD_POLL_FAILED);
		if (alone) {
			assert_int_equal(answer_with(f, "/detail?x", 404, "{}"), SHD_POLL_READY);
			assert_int_equal(answer_with(f, "/detail?y", 200, ID("y")),
				SHD_POLL_FAILED);
		}
		assert_non_null(strstr(f->poll->error.msg, "page 2"));
		shd_outcome_failed(f->poll, f->answers, 0);
		assert_int_equal(shd_feed_asks(feed_of(f, LIST)) != NULL, alone);
		shd_poll_adopt_part(f->poll);
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		answer_with(f, "/list?", 200, FOLLOWS_1);
		assert_int_equal(f->poll->follow_count, alone ? 0 : 2);
		tear_down(state);
		start_up(state);
		f = *state;
	}
}

/* What it lacked before is asked for by id, though a page of it cannot be read. */
static void what_it_lacked_is_asked_for(void **state)
{
	const struct shd_unlisted gone = {"z", "z", NULL};
	struct poll_bench *f = *state;
	struct shd_ask *asks = NULL;

	shd_asks_unlisted(&asks, &rows[DETAIL], &gone, f->begins);
	shd_feed_set_asks(feed_of(f, LIST), asks);
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, PAGE_1), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?2", 500, "{}"), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/detail?z", 200, ID("z")), SHD_POLL_FAILED);
	shd_outcome_failed(f->poll, f->answers, 0);
	assert_true(shd_feed_asks(feed_of(f, LIST))->due.ms > f->answers.ms);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, start_up, tear_down)
	const struct CMUnitTest tests[] = {
		ROW(what_came_before_is_kept_and_the_feed_fails),
		ROW(the_next_reading_goes_on_where_this_one_broke_off),
		ROW(an_empty_list_may_become_a_broken_one),
		ROW(half_a_page_is_kept_as_well),
		ROW(nothing_is_kept_of_nothing),
		ROW(what_it_asks_to_follow_is_followed),
		ROW(what_it_lacked_is_asked_for),
	};
#undef ROW

	return cmocka_run_group_tests(tests, NULL, NULL);
}

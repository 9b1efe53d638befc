/* daemon/poll: what a poll asks for by id, and again. */
#include "support/poll_bench.h"

#include "poll/outcome.h"

#define ID(id) "{\"id\":\"" id "\"}"

/* But one answer is no verdict: it is asked for again, though its record stays the same. */
static void one_answer_does_not_drop_a_followed_object(void **state)
{
	static const char parent[] = "{\"items\":[{\"id\":\"a\",\"follow\":[\"x\"]}]}";
	struct poll_bench *f = *state;

	for (int found = 0; found < 2; found++) {
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, parent), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/detail?x", found ? 200 : 404, "{\"id\":\"x\"}"),
			found ? SHD_POLL_UNCHANGED : SHD_POLL_CHANGED);
		shd_outcome_read(f->poll, false, false, f->answers);
		assert_int_equal(shd_feed_asks(feed_of(f, LIST)) == NULL, found);
		f->begins.ms += SHD_HOUR_MS;
		f->answers.ms += SHD_HOUR_MS;
	}
	assert_int_equal(f->poll->harvest->entity_count, 1);
	assert_false(f->poll->harvest->entities[0].by_id);
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, parent), SHD_POLL_UNCHANGED);
}

#define ONLY_A "{\"items\":[{\"id\":\"a\"}]}"

/* The judge says that its list lacks b. */
static void lack_b(struct poll_bench *f)
{
	const struct shd_unlisted b = {"b", "b", NULL};

	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, ONLY_A), SHD_POLL_CHANGED);
	f->poll->item.unlisted = &b;
	f->poll->item.relist_at.ms = SHD_NEVER_MS;
	shd_outcome_read(f->poll, true, false, f->answers);
	f->begins.ms += SHD_MINUTE_MS;
	f->answers.ms += SHD_MINUTE_MS;
}

static void what_a_list_lacks_is_asked_for_by_id(void **state)
{
	static const struct {
		int status;
		const char *body;
		bool found;
	} answers[] = {
		{200, "{\"id\":\"b\"}", true}, {200, "{\"id\":\"c\"}", false},
		{404, "{}", false}, {500, "{}", false}, {200, "{}", false},
	};
	struct poll_bench *f = *state;

	for (size_t i = 0; i < SHD_COUNT(answers); i++) {
		struct shd_batch batch;

		lack_b(f);
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, ONLY_A), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/detail?b", answers[i].status, answers[i].body),
			SHD_POLL_UNCHANGED);
		assert_int_equal(f->poll->follows[0].what == SHD_ASKED_FOUND, answers[i].found);
		/* The list is told again with it, though it is the same; it has no b. */
		assert_true(shd_poll_has_news(f->poll));
		shd_outcome_news(f->poll, f->answers, &batch);
		assert_int_equal(batch.seen.listed_count, 1);
		assert_string_equal(batch.seen.listed[0], "a");
		assert_true(!answers[i].found || f->poll->harvest->entities[0].by_id);
		f->poll->item.unlisted = NULL; /* it is over */
		shd_outcome_read(f->poll, true, false, f->answers);
		assert_null(shd_feed_asks(feed_of(f, LIST)));
		feed_of(f, DETAIL)->error = -1;
		shd_pages_clear(&feed_of(f, LIST)->pages);
	}
}

/* At the time that the judge names the list is told again, though it is the same. */
static void a_list_is_told_again_when_it_is_to_be(void **state)
{
	struct poll_bench *f = *state;

	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, ONLY_A), SHD_POLL_CHANGED);
	f->poll->item.unlisted = NULL;
	f->poll->item.relist_at.ms = f->begins.ms + SHD_HOUR_MS;
	shd_outcome_read(f->poll, true, false, f->answers);
	for (int due = 0; due < 2; due++) {
		f->begins.ms += due ? SHD_HOUR_MS : 0;
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, ONLY_A), SHD_POLL_UNCHANGED);
		assert_int_equal(shd_poll_has_news(f->poll), due);
	}
}

/* It may be asked for by something else than its id, and is found by its id. */
static void what_it_is_asked_for_by_is_not_its_id(void **state)
{
	struct poll_bench *f = *state;

	for (int found = 0; found < 2; found++) {
		const struct shd_unlisted b = {"b", "its-number", NULL};
		struct shd_ask *asks = NULL;

		shd_asks_unlisted(&asks, &rows[DETAIL], &b, f->begins);
		shd_feed_set_asks(feed_of(f, LIST), asks);
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		answer_with(f, "/list?", 200, ONLY_A);
		answer_with(f, "/detail?its-number", 200,
			found ? "{\"id\":\"b\"}" : "{\"id\":\"its-number\"}");
		assert_int_equal(f->poll->follows[0].what,
			found ? SHD_ASKED_FOUND : SHD_ASKED_UNFOUND);
		shd_asks_finish(&asks);
		shd_feed_set_asks(feed_of(f, LIST), NULL);
	}
}

/* What is not found for long enough is told to the judge. */
static void what_is_never_found_is_told(void **state)
{
	struct poll_bench *f = *state;
	const struct shd_unlisted b = {"b", "b", NULL};
	struct shd_batch batch = {.fetch = {.ok = false}};
	int polls = 0;

	lack_b(f);
	do {
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, ONLY_A), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/detail?b", 404, "{}"), SHD_POLL_UNCHANGED);
		shd_outcome_news(f->poll, f->answers, &batch);
		f->poll->item.unlisted = &b;
		f->poll->item.relist_at.ms = SHD_NEVER_MS;
		shd_outcome_read(f->poll, true, false, f->answers);
		f->begins = shd_feed_asks(feed_of(f, LIST))->due;
		f->answers = f->begins;
	} while (!batch.seen.unfound_count && ++polls < 20);
	assert_in_range(polls, 3, 8);
	assert_string_equal(batch.seen.unfound[0], "b");
}

/* Of a batch, what has a row counts once all ids were asked for. */
static void the_rows_of_a_batch_are_counted_at_its_end(void **state)
{
	static const char *const rows_of[][2] = {{ID("a") "," ID("b"), ID("c")}, {ID("a"), ID("c")},
		{ID("a"), ID("c")}};
	struct poll_bench *f = *state;

	read_once(f, LIST, "/list?", "{\"items\":[" ID("a") "," ID("b") "," ID("c") "]}");
	for (size_t i = 0; i < SHD_COUNT(rows_of); i++) {
		char first[80], second[80];
		struct shd_batch batch;
		bool same = i == 2;

		snprintf(first, sizeof(first), "{\"items\":[%s]}", rows_of[i][0]);
		snprintf(second, sizeof(second), "{\"items\":[%s]}", rows_of[i][1]);
		assert_int_equal(begin(f, BATCH), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/batch?a,b", 200, first), SHD_POLL_READY);
		assert_null(f->poll->listed);
		assert_int_equal(answer_with(f, "/batch?c", 200, second),
			same ? SHD_POLL_UNCHANGED : SHD_POLL_CHANGED);
		assert_int_equal(f->poll->listed_changed, !same);
		if (same)
			break;
		shd_outcome_news(f->poll, f->answers, &batch);
		assert_int_equal(batch.seen.listed_count, i ? 2 : 3);
		assert_int_equal(batch.seen.asked_count, 3);
		assert_string_equal(batch.seen.asked[1], "b");
		shd_poll_adopt(f->poll);
	}
}

/* A list that was empty once: nothing is asked for, and no row is missing. */
static void a_batch_whose_ids_have_gone_misses_no_row(void **state)
{
	struct poll_bench *f = *state;

	read_once(f, LIST, "/list?", "{\"items\":[" ID("a") "]}");
	assert_int_equal(begin(f, BATCH), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/batch?a", 200, "{\"items\":[" ID("a") "]}"),
		SHD_POLL_CHANGED);
	shd_poll_adopt(f->poll);
	read_once(f, LIST, "/list?", "{\"items\":[]}");
	assert_int_equal(begin(f, BATCH), SHD_POLL_CHANGED);
	assert_false(f->poll->listed_changed);
	assert_false(shd_poll_has_news(f->poll));
	shd_poll_adopt(f->poll);
	read_once(f, LIST, "/list?", "{\"items\":[" ID("a") "]}");
	assert_int_equal(begin(f, BATCH), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/batch?a", 200, "{\"items\":[" ID("a") "]}"),
		SHD_POLL_CHANGED);
}

/* Of ids that may well have none, those that had a row before. */
static void a_batch_may_miss_what_had_a_row(void **state)
{
	struct poll_bench *f = *state;
	struct shd_batch batch;

	read_once(f, LIST, "/list?", "{\"items\":[" ID("a") "," ID("b") "," ID("c") "]}");
	read_once(f, HAD, "/had?a,b,c", "{\"items\":[" ID("a") "," ID("b") "]}");
	assert_int_equal(begin(f, HAD), SHD_POLL_READY);
	assert_int_equal(
		answer_with(f, "/had?a,b,c", 200, "{\"items\":[" ID("a") "]}"), SHD_POLL_CHANGED);
	shd_outcome_news(f->poll, f->answers, &batch);
	assert_int_equal(batch.seen.listed_count, 1);
	assert_int_equal(batch.seen.asked_count, 2); /* c had none */
	assert_string_equal(batch.seen.asked[1], "b");
}

/* An answer about another thing, or one that cannot be read, does not say that there is none; one
 * without any does. */
static void what_is_answered_with_another_thing_is_asked_for_again(void **state)
{
	static const struct {
		const char *body;
		enum shd_asked what;
		size_t foreign;
	} answers[] = {
		{ITEMS(ID("b"), ""), SHD_ASKED_FOUND, 0},
		{ITEMS(ID("b") "," ID("z"), ""), SHD_ASKED_FOUND, 1},
		{ITEMS(ID("z"), ""), SHD_ASKED_FAILED, 1},
		{ITEMS("{\"v\":1}," ID("z"), ""), SHD_ASKED_FAILED, 1},
		{ITEMS("", ""), SHD_ASKED_UNFOUND, 0},
	};
	const struct shd_unlisted b = {"b", "b", NULL};
	struct poll_bench *f = *state;

	read_once(f, LIST, "/list?", ONLY_A);
	for (size_t i = 0; i < SHD_COUNT(answers); i++) {
		struct shd_ask *asks = shd_feed_asks(feed_of(f, LIST));

		shd_asks_finish(&asks);
		shd_asks_unlisted(&asks, &rows[BATCH], &b, f->begins);
		shd_feed_set_asks(feed_of(f, LIST), asks);
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, ONLY_A), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/batch?b", 200, answers[i].body),
			SHD_POLL_UNCHANGED);
		assert_int_equal(f->poll->follows[0].what, answers[i].what);
		assert_int_equal(f->poll->foreign_records, answers[i].foreign);
		assert_int_equal(f->poll->harvest->entity_count,
			answers[i].what == SHD_ASKED_FOUND);
	}
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, start_up, tear_down)
	const struct CMUnitTest tests[] = {
		ROW(one_answer_does_not_drop_a_followed_object),
		ROW(what_a_list_lacks_is_asked_for_by_id),
		ROW(a_list_is_told_again_when_it_is_to_be),
		ROW(what_it_is_asked_for_by_is_not_its_id),
		ROW(what_is_never_found_is_told),
		ROW(the_rows_of_a_batch_are_counted_at_its_end),
		ROW(a_batch_whose_ids_have_gone_misses_no_row),
		ROW(a_batch_may_miss_what_had_a_row),
		ROW(what_is_answered_with_another_thing_is_asked_for_again),
	};
#undef ROW

	return cmocka_run_group_tests(tests, NULL, NULL);
}

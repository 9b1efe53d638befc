/* daemon/poll: what one poll leads to: objects that records ask to follow, and the next poll where
 * there is more than fits into one. */
#include "support/poll_bench.h"

#include "poll/outcome.h"

#define PARENT                                                                                     \
	"{\"items\":[{\"id\":\"a\",\"follow\":[\"x\",\"y\"]},{\"id\":\"b\",\"follow\":[\"x\"]}]}"

static void what_records_ask_for_is_followed_once(void **state)
{
	struct poll_bench *f = *state;

	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, PARENT), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/detail?x", 200, "{\"id\":\"x\"}"), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/detail?y", 200, "{\"id\":\"y\"}"), SHD_POLL_CHANGED);
	assert_int_equal(f->poll->harvest->entity_count, 4);
	assert_int_equal(f->poll->followed_count, 1);
	assert_false(f->poll->followed[0].failed);
	shd_poll_adopt(f->poll);
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, PARENT), SHD_POLL_UNCHANGED);
}

/* Returns how many records of PARENT the next poll parses. */
static size_t parsed_after_follow(struct poll_bench *f, int status)
{
	enum shd_poll_state step;

	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, PARENT), SHD_POLL_READY);
	step = answer_with(f, "/detail?x", status, "{}");
	if (step == SHD_POLL_READY)
		step = answer_with(f, "/detail?y", status, "{}");
	assert_int_equal(step, SHD_POLL_CHANGED); /* the list itself was read */
	shd_poll_adopt(f->poll);
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	step = answer_with(f, "/list?", 200, PARENT);
	return f->poll->parsed_records;
}

static void a_follow_that_failed_is_tried_again_with_its_record(void **state)
{
	assert_int_equal(parsed_after_follow(*state, 429), 1); /* a: asked for x and y */
}

static void a_follow_that_is_refused_is_not_given_up_for_it(void **state)
{
	assert_int_equal(parsed_after_follow(*state, 403), 1);
}

#define PARENTS                                                                                    \
	"{\"items\":[{\"id\":\"a\",\"follow\":[\"x\"]},{\"id\":\"b\",\"follow\":[\"y\"]}]}"

/* Reads PARENTS; each object that is asked for gets this answer. Returns whether x, 1, and y, 2,
 * were asked for. */
static unsigned read_parents(struct poll_bench *f, int status)
{
	enum shd_poll_state step = begin(f, LIST);
	unsigned asked = 0;

	assert_int_equal(step, SHD_POLL_READY);
	step = answer_with(f, "/list?", 200, PARENTS);
	while (step == SHD_POLL_READY) {
		char url[32], body[32];

		snprintf(url, sizeof(url), "/detail?%s", f->poll->ids[0]);
		snprintf(body, sizeof(body), "{\"id\":\"%s\"}", f->poll->ids[0]);
		asked |= f->poll->ids[0][0] == 'x' ? 1 : 2;
		step = answer_with(f, url, status, body);
	}
	assert_true(step == SHD_POLL_CHANGED || step == SHD_POLL_UNCHANGED);
	shd_outcome_read(f->poll, step == SHD_POLL_CHANGED, false, f->answers);
	if (f->poll->followed_count)
		shd_outcome_followed(f->poll, &f->poll->followed[0], f->answers, 0);
	return asked;
}

/* When it no longer is, all that was passed over meanwhile is asked for. */
static void a_follow_that_is_refused_for_good_is_asked_for_now_and_then(void **state)
{
	struct poll_bench *f = *state;
	struct shd_feed *detail = feed_of(f, DETAIL);

	detail->last_success.ms = 500;
	for (int i = 0; i < 20 && detail->standing != SHD_STANDING_REFUSED; i++) {
		assert_true(read_parents(f, 403));
		f->begins.ms = f->answers.ms = detail->next_due.ms;
	}
	assert_int_equal(detail->standing, SHD_STANDING_REFUSED);
	f->begins.ms = detail->next_due.ms - 1;
	assert_false(read_parents(f, 403)); /* not yet */
	f->begins.ms = f->answers.ms = detail->next_due.ms;
	assert_int_equal(read_parents(f, 403), 1); /* one is enough */
	f->begins.ms = f->answers.ms = detail->next_due.ms;
	assert_int_equal(read_parents(f, 200) | read_parents(f, 200), 1 | 2);
	assert_false(read_parents(f, 200));
}

/* Ends the poll as the scheduler does. */
static void end(struct poll_bench *f)
{
	shd_outcome_read(f->poll, true, false, f->answers);
	for (size_t i = 0; i < f->poll->followed_count; i++)
		shd_outcome_followed(f->poll, &f->poll->followed[i], f->answers, 0);
}

static const struct {
	int status;
	const char *body;
} of_one[] = {{200, "{}"}, {200, "nonsense"}, {200, "{\"id\":"}, {200, "[]"}, {500, "{}"},
	{400, "{}"}};

/* One object that cannot be read costs no other. It is counted, and asked for again by itself
 * after a pause. */
static void an_object_that_cannot_be_read_costs_itself(void **state)
{
	struct poll_bench *f = *state;

	for (size_t i = 0; i < SHD_COUNT(of_one); i++) {
		struct shd_feed *detail = feed_of(f, DETAIL);

		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, PARENTS), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/detail?x", of_one[i].status, of_one[i].body),
			SHD_POLL_READY);
		assert_int_equal(
			answer_with(f, "/detail?y", 200, "{\"id\":\"y\"}"), SHD_POLL_CHANGED);
		assert_int_equal(f->poll->bad_records, 1);
		assert_false(f->poll->followed[0].failed);
		end(f);
		assert_int_equal(detail->error, -1);
		assert_int_equal(detail->last_success.ms, f->answers.ms);
		assert_non_null(strstr(shd_feed_lack(detail)->text, "could not be read (1): "));
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, PARENTS), SHD_POLL_UNCHANGED);
		end(f);
		f->answers.ms += SHD_MINUTE_MS;
		f->begins.ms = f->answers.ms;
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, PARENTS), SHD_POLL_READY);
		assert_int_equal(
			answer_with(f, "/detail?x", 200, "{\"id\":\"x\"}"), SHD_POLL_UNCHANGED);
		end(f);
		assert_null(shd_feed_lack(detail));
		assert_null(shd_feed_asks(feed_of(f, LIST)));
		tear_down(state);
		start_up(state);
		f = *state;
	}
}

#define FOUR "{\"items\":[{\"id\":\"a\",\"follow\":[\"p\",\"q\",\"r\",\"s\"]}]}"

/* Where none in a row can be read it is the endpoint; those behind have their turn next. */
static void objects_that_cannot_be_read_do_not_starve_those_behind(void **state)
{
	static const char *const urls[] = {"/detail?p", "/detail?q", "/detail?r"};
	struct poll_bench *f = *state;

	for (size_t i = 0; i < SHD_COUNT(of_one); i++) {
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, FOUR), SHD_POLL_READY);
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(
				answer_with(f, urls[k], of_one[i].status, of_one[i].body),
				k < 2 ? SHD_POLL_READY : SHD_POLL_CHANGED);
		assert_true(f->poll->followed[0].failed);
		end(f);
		assert_true(feed_of(f, DETAIL)->error >= 0);
		f->begins.ms = f->answers.ms = feed_of(f, DETAIL)->next_due.ms;
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, FOUR), SHD_POLL_READY);
		size_t asked = 0;
		for (; f->poll->state == SHD_POLL_READY; asked |= f->poll->ids[0][0] == 's') {
			char url[32];

			snprintf(url, sizeof(url), "/detail?%s", f->poll->ids[0]);
			bool good = f->poll->ids[0][0] == 's';
			answer_with(f, url, good ? 200 : of_one[i].status,
				good ? "{\"id\":\"s\"}" : of_one[i].body);
		}
		assert_true(asked);
		assert_false(f->poll->followed[0].failed);
		tear_down(state);
		start_up(state);
		f = *state;
	}
}

/* What a clock put off that was ahead is asked for. */
static void a_follow_waits_for_no_clock_that_was_ahead(void **state)
{
	struct poll_bench *f = *state;
	struct shd_feed *detail = feed_of(f, DETAIL);
	const struct shd_error err = {.kind = SHD_ERR_SERVER, .msg = "server"};

	f->begins.ms = SHD_DAY_MS;
	shd_feed_failed(detail, &err, f->begins);
	for (int ahead = 0; ahead < 2; ahead++) {
		detail->next_due.ms = f->begins.ms + (ahead ? SHD_DAY_MS : SHD_HOUR_MS);
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, PARENT),
			ahead ? SHD_POLL_READY : SHD_POLL_CHANGED);
	}
}

static void a_followed_object_may_be_gone(void **state)
{
	assert_int_equal(parsed_after_follow(*state, 404), 0);
}

static void too_many_follows_come_with_the_next_poll(void **state)
{
	struct poll_bench *f = *state;
	struct shd_text body;
	size_t asked = 0;

	shd_text_init(&body, 100000);
	shd_text_puts(&body, "{\"items\":[");
	for (int i = 0; i < SHD_POLL_FOLLOWS + 5; i++)
		shd_text_printf(
			&body, "%s{\"id\":\"p%03d\",\"follow\":[\"f%03d\"]}", i ? "," : "", i, i);
	shd_text_puts(&body, "]}");
	for (int round = 0; round < 2; round++) {
		enum shd_poll_state step = begin(f, LIST);

		for (step = answer_with(f, "/list?", 200, body.data); step == SHD_POLL_READY;
			asked++) {
			char url[32], answer[32];

			snprintf(url, sizeof(url), "/detail?f%03zu", asked);
			snprintf(answer, sizeof(answer), "{\"id\":\"f%03zu\"}", asked);
			step = answer_with(f, url, 200, answer);
		}
		assert_int_equal(step, SHD_POLL_CHANGED);
		assert_int_equal(asked, round ? SHD_POLL_FOLLOWS + 5 : SHD_POLL_FOLLOWS);
		shd_poll_adopt(f->poll);
	}
	shd_text_finish(&body);
}

/* Record number i of the page is one order. */
static void put_items(struct shd_text *body, size_t page, size_t count, const char *next)
{
	shd_text_puts(body, "{\"items\":[");
	for (size_t i = 0; i < count; i++)
		shd_text_printf(body, "%s{\"id\":\"%zu-%zu\"}", i ? "," : "", page, i);
	shd_text_printf(body, "]%s}", next);
}

/* A list of three pages takes what there is room for, and goes on with the next poll until it has
 * all; returns how many polls that took. */
static size_t read_all(struct poll_bench *f, size_t records)
{
	enum { PAGES = 3 };
	static const char *const urls[PAGES] = {"/list?", "/list?1", "/list?2"};
	static const char *const nexts[PAGES] = {",\"next\":\"1\"", ",\"next\":\"2\"", ""};
	struct shd_feed *feed = feed_of(f, LIST);
	size_t entities = 0, polls = 0;
	struct shd_text bodies[PAGES];
	bool full = true;

	for (size_t i = 0; i < PAGES; i++) {
		shd_text_init(&bodies[i], 1 << 20);
		put_items(&bodies[i], i, records, nexts[i]);
	}
	while (full) {
		enum shd_poll_state step = begin(f, LIST);
		struct shd_poll_outcome outcome;
		struct shd_batch batch;

		for (size_t i = 0; step == SHD_POLL_READY; i++)
			step = answer_with(f, urls[i], 200, bodies[i].data);
		assert_int_equal(step, SHD_POLL_CHANGED);
		full = f->poll->full;
		entities += f->poll->harvest->entity_count;
		assert_int_equal(f->poll->walk.lack, full ? SHD_LACK_FULL : SHD_LACK_NOTHING);
		shd_outcome_news(f->poll, f->answers, &batch);
		assert_int_equal(batch.fetch.partly, full);
		outcome = shd_outcome_read(f->poll, true, false, f->answers);
		assert_int_equal(outcome.wait_ms, full ? SHD_SECOND_MS : 59 * SHD_SECOND_MS);
		assert_int_equal(feed->swept, !full);
		assert_true(++polls <= PAGES);
	}
	assert_int_equal(entities, PAGES * records);
	for (size_t i = 0; i < PAGES; i++)
		shd_text_finish(&bodies[i]);
	return polls;
}

static void what_is_too_much_for_one_poll_comes_with_the_next(void **state)
{
	assert_in_range(read_all(*state, 9000), 2, 3);
}

static void nobody_waits(void *ctx)
{
	(void)ctx;
}

/* What polls hold until it is committed, of which another one has all. */
static struct shd_budget *taken_budget(struct poll_bench *f, struct shd_hold **ret_first)
{
	struct shd_budget *budget = shd_budget_create(nobody_waits, NULL);

	shd_budget_limit(budget, 1 << 20);
	*ret_first = shd_hold_create(budget, "first", 1 << 20, NULL);
	assert_true(shd_hold_took(*ret_first, 1 << 20));
	f->poll->harvests = budget;
	return budget;
}

static void where_others_hold_too_much_a_poll_ends_at_its_page(void **state)
{
	struct poll_bench *f = *state;
	struct shd_memory_use use;
	struct shd_hold *first;
	struct shd_budget *budget = taken_budget(f, &first);

	assert_int_equal(read_all(f, 1500), 3);
	shd_budget_use(budget, &use);
	assert_int_equal(use.refused, 3); /* the last one had ended by itself */
	assert_int_equal(use.user_count, 2);
	assert_string_equal(use.users[0].who, f->shop.source.id);
	assert_in_range(use.users[0].now, SHD_HOLD_FREE_BYTES, 4 << 20);
	reset(f);
	shd_budget_use(budget, &use);
	assert_int_equal(use.now, 1 << 20);
	shd_hold_destroy(first);
	shd_budget_close(budget);
}

/* Alone it is the first one, which may bring all. */
static void a_poll_alone_brings_all_that_it_has(void **state)
{
	struct poll_bench *f = *state;
	struct shd_hold *first;
	struct shd_budget *budget = taken_budget(f, &first);

	shd_hold_destroy(first);
	assert_int_equal(read_all(f, 1500), 1);
	reset(f);
	shd_budget_close(budget);
}

static void where_others_hold_too_much_one_object_is_followed_at_a_time(void **state)
{
	struct poll_bench *f = *state;
	struct shd_hold *first;
	struct shd_budget *budget = taken_budget(f, &first);
	struct shd_text list SHD_AUTO(shd_text_finish) = {0};
	struct shd_poll_outcome outcome;

	shd_text_init(&list, 1 << 20);
	shd_text_puts(&list, "{\"items\":[");
	for (size_t i = 0; i < 1500; i++)
		shd_text_printf(&list, "{\"id\":\"%zu\"},", i);
	shd_text_puts(&list, "{\"id\":\"a\",\"follow\":[\"x\"]},"
		"{\"id\":\"b\",\"follow\":[\"y\"]},{\"id\":\"c\",\"follow\":[\"z\"]}]}");
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, list.data), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/detail?x", 200, ID("x")), SHD_POLL_CHANGED);
	assert_true(f->poll->full);
	assert_int_equal(f->poll->walk.lack, SHD_LACK_NOTHING);
	outcome = shd_outcome_read(f->poll, true, false, f->answers);
	assert_int_equal(outcome.wait_ms, SHD_SECOND_MS);

	assert_int_equal(begin(f, LIST), SHD_POLL_READY); /* with what is new: the rest of it */
	assert_int_equal(answer_with(f, "/list?", 200, list.data), SHD_POLL_READY);
	assert_int_equal(f->poll->parsed_records, 2);
	assert_int_equal(answer_with(f, "/detail?y", 200, ID("y")), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/detail?z", 200, ID("z")), SHD_POLL_CHANGED);
	assert_false(f->poll->full);
	reset(f);
	shd_hold_destroy(first);
	shd_budget_close(budget);
}

static void a_batch_that_is_too_much_goes_on_behind_its_ids(void **state)
{
	static const char *const urls[] = {"/batch?a,b", "/batch?c,d", "/batch?e"};
	static const char *const ids[] = {"a", "c", "e"};
	struct poll_bench *f = *state;
	struct shd_text bodies[3];

	read_once(f, LIST, "/list?", "{\"items\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"},"
		"{\"id\":\"d\"},{\"id\":\"e\"}]}");
	for (size_t i = 0; i < 3; i++) {
		shd_text_init(&bodies[i], 1 << 20);
		shd_text_puts(&bodies[i], "{\"items\":[");
		for (size_t v = 0; v < (i < 2 ? 9000 : 1); v++)
			shd_text_printf(&bodies[i], "%s{\"id\":\"%s\",\"v\":%zu}", v ? "," : "",
				ids[i], v);
		shd_text_puts(&bodies[i], "]}");
	}
	for (size_t polls = 1; polls <= 2; polls++) {
		enum shd_poll_state step = begin(f, BATCH);
		size_t asked = 0;

		for (; step == SHD_POLL_READY; asked++)
			step = answer_with(f, urls[asked], 200, bodies[asked].data);
		assert_int_equal(step, SHD_POLL_CHANGED);
		assert_int_equal(asked, polls + 1);
		assert_int_equal(f->poll->full, polls == 1);
		shd_outcome_read(f->poll, true, false, f->answers);
	}
	for (size_t i = 0; i < 3; i++)
		shd_text_finish(&bodies[i]);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, start_up, tear_down)
	const struct CMUnitTest tests[] = {
		ROW(what_records_ask_for_is_followed_once),
		ROW(a_follow_that_failed_is_tried_again_with_its_record),
		ROW(a_follow_that_is_refused_is_not_given_up_for_it),
		ROW(a_follow_that_is_refused_for_good_is_asked_for_now_and_then),
		ROW(an_object_that_cannot_be_read_costs_itself),
		ROW(objects_that_cannot_be_read_do_not_starve_those_behind),
		ROW(a_follow_waits_for_no_clock_that_was_ahead),
		ROW(a_followed_object_may_be_gone),
		ROW(too_many_follows_come_with_the_next_poll),
		ROW(what_is_too_much_for_one_poll_comes_with_the_next),
		ROW(where_others_hold_too_much_a_poll_ends_at_its_page),
		ROW(a_poll_alone_brings_all_that_it_has),
		ROW(where_others_hold_too_much_one_object_is_followed_at_a_time),
		ROW(a_batch_that_is_too_much_goes_on_behind_its_ids),
	};
#undef ROW

	return cmocka_run_group_tests(tests, NULL, NULL);
}

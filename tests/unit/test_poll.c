/* daemon/poll: one poll step by step, without a network or a clock. */
#include "support/check.h"
#include "support/ledger.h"
#include "support/source.h"

#include "base/hash.h"
#include "settings/settings.h"
#include "market/slice.h"
#include "poll/feeds.h"
#include "poll/poll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a market that exists only here ------------------------------------------------------ */

static bool map(const struct shd_map_in *in, const json_t *record, struct shd_harvest *out,
		struct shd_error *reterr)
{
	const char *id = json_string_value(json_object_get(record, "id"));
	const json_t *follow;
	size_t i;

	(void)in;
	if (!id)
		return shd_fail(reterr, SHD_ERR_SCHEMA, "no id");
	shd_harvest_entity(out, SHD_KIND_order, id, strlen(id));
	json_array_foreach (json_object_get(record, "follow"), i, follow)
		shd_harvest_follow(out, "detail", json_string_value(follow),
				   json_string_length(follow));
	return true;
}

static bool next(const struct shd_endpoint *row, const json_t *envelope, size_t records,
	const struct shd_page_in *in, struct shd_page_out *ret_out, struct shd_error *reterr)
{
	const char *position = json_string_value(json_object_get(envelope, "next"));

	(void)row;
	(void)records;
	(void)in;
	(void)reterr;
	ret_out->last = !position;
	snprintf(ret_out->position, sizeof(ret_out->position), "%s", position ? position : "");
	return true;
}

static bool make_request(const struct shd_endpoint *row, const struct shd_page_in *in,
	const struct shd_keys *keys, struct shd_request *out, struct shd_error *reterr)
{
	(void)keys;
	(void)reterr;
	shd_text_printf(&out->url, "%s?%s", row->path, in->position);
	for (size_t i = 0; i < in->id_count; i++)
		shd_text_printf(&out->url, "%s%s", i ? "," : "", in->ids[i]);
	return true;
}

static bool accept_answer(const struct shd_endpoint *row, const struct shd_answer *answer,
		   struct shd_answer_verdict *ret_refusal)
{
	(void)row;
	*ret_refusal = (struct shd_answer_verdict){0};
	switch (answer->status) {
	case 200:
		return true;
	case 403:
		return shd_fail(&ret_refusal->error, SHD_ERR_TARIFF, "tariff");
	case 404:
		return shd_fail(&ret_refusal->error, SHD_ERR_MISSING, "missing");
	case 429:
		ret_refusal->scope = SHD_SCOPE_CREDENTIAL;
		ret_refusal->retry_after_ms = 7000;
		return shd_fail(&ret_refusal->error, SHD_ERR_THROTTLED, "throttled");
	default:
		return shd_fail(&ret_refusal->error, SHD_ERR_SERVER, "server");
	}
}

enum { LIST, BATCH, DETAIL, ROWS };

static const struct shd_endpoint rows[ROWS] = {
	[LIST] = {.name = "list",
		.path = "/list",
		.paging = SHD_PAGE_CURSOR,
		.page_max = 3,
		.records = "items",
		.complete = true,
		.closes = SHD_KIND_order,
		.map = map,
		.next = next},
	[BATCH] = {.name = "batch",
		.path = "/batch",
		.paging = SHD_PAGE_BATCH,
		.ids_of = "list",
		.batch = 2,
		.records = "items",
		.map = map,
		.next = next},
	[DETAIL] = {.name = "detail", .path = "/detail", .paging = SHD_PAGE_FOLLOW, .map = map},
};

static const struct shd_adapter market = {.name = "here", .endpoints = rows, .endpoint_count = ROWS,
	.request = make_request, .accept = accept_answer};

/* --- one poll ------------------------------------------------------------------------------ */

struct fixture {
	struct test_source shop;
	struct shd_settings settings;
	struct test_ledger ledger;
	struct shd_feeds feeds;
	struct shd_poll *poll;
	size_t parses;
};

/* For the next poll, wherever this one stands. */
static void reset(struct fixture *f)
{
	if (f->poll->state == SHD_POLL_READY || f->poll->state == SHD_POLL_SENT) {
		shd_fail(&f->poll->error, SHD_ERR_CLOSING, "given up");
		shd_poll_unanswered(f->poll);
	}
	shd_poll_reset(f->poll);
}

static int start_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	test_source_init(&f->shop, "s", &market);
	f->shop.source.every_ms[SHD_P_orders] = 60000;
	f->settings = (struct shd_settings){.stores = &f->shop.store, .store_count = 1,
		.sources = &f->shop.source, .source_count = 1,
		.blind_after = 3};
	test_ledger_open(&f->ledger);
	shd_feeds_init(&f->feeds, &f->settings, NULL, 0, f->ledger.of, NULL);
	f->poll = shd_poll_create(NULL);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	reset(f);
	shd_poll_destroy(f->poll);
	shd_feeds_finish(&f->feeds);
	test_ledger_close(&f->ledger);
	free(f);
	return 0;
}

static struct shd_feed *feed_of(struct fixture *f, int row)
{
	return &f->feeds.all[row];
}

static enum shd_poll_state begin(struct fixture *f, int row)
{
	const struct shd_pages *ids = row == BATCH ? &feed_of(f, LIST)->pages : NULL;

	reset(f);
	f->parses = 0;
	shd_poll_begin(f->poll, feed_of(f, row), (struct shd_wall){1000}, INT64_MIN, ids);
	return f->poll->state;
}

/* Makes the request, which has to be `url`, and gives the answer; parses when asked to. */
static enum shd_poll_state answer_with(
	struct fixture *f, const char *url, int status, const char *body)
{
	struct shd_transfer_out out = {.ok = true, .status = status};

	assert_true(shd_poll_ask(f->poll, NULL));
	assert_int_equal(f->poll->state, SHD_POLL_SENT);
	assert_string_equal(f->poll->request.url.data, url);
	shd_text_init(&out.body, 1 << 20);
	shd_text_puts(&out.body, body);
	out.hash = shd_hash(body, strlen(body));
	shd_poll_answered(f->poll, &out, (struct shd_wall){2000});
	while (f->poll->state == SHD_POLL_PARSING || f->poll->state == SHD_POLL_LISTING) {
		f->parses++;
		shd_poll_parse(f->poll);
		shd_poll_parsed(f->poll);
	}
	shd_text_finish(&out.body);
	return f->poll->state;
}

static void read_once(struct fixture *f, int row, const char *url, const char *body)
{
	assert_int_equal(begin(f, row), SHD_POLL_READY);
	assert_int_equal(answer_with(f, url, 200, body), SHD_POLL_CHANGED);
	shd_poll_adopt(f->poll);
}

#define PAGE_AB "{\"items\":[{\"id\":\"a\",\"v\":1},{\"id\":\"b\",\"v\":1}]}"

static void a_page_that_comes_again_is_not_parsed(void **state)
{
	struct fixture *f = *state;

	read_once(f, LIST, "/list?", PAGE_AB);
	assert_int_equal(f->parses, 1);
	assert_true(shd_poll_has_news(f->poll));
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, PAGE_AB), SHD_POLL_UNCHANGED);
	assert_int_equal(f->parses, 0);
	assert_false(shd_poll_has_news(f->poll));
}

static void only_new_records_are_parsed(void **state)
{
	struct fixture *f = *state;

	read_once(f, LIST, "/list?", PAGE_AB);
	assert_int_equal(f->poll->parsed_records, 2);
	read_once(f, LIST, "/list?",
		"{\"items\":[{\"id\":\"c\",\"v\":1},{\"id\":\"a\",\"v\":1},{\"id\":\"b\",\"v\":2}]"
		"}");
	assert_int_equal(f->poll->parsed_records, 2);
	assert_int_equal(f->poll->harvest->entity_count, 2);
	assert_string_equal(f->poll->harvest->entities[0].id, "c");
	assert_string_equal(f->poll->harvest->entities[1].id, "b");
	assert_true(f->poll->listed_changed);
}

/* What was not committed is as if it had not been read. */
static void what_was_not_adopted_is_parsed_again(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, PAGE_AB), SHD_POLL_CHANGED);
		assert_int_equal(f->poll->parsed_records, 2);
	}
}

static void pages_are_read_to_the_last(void **state)
{
	struct fixture *f = *state;
	static const char first[] = "{\"items\":[{\"id\":\"a\"}],\"next\":\"p2\"}";

	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, first), SHD_POLL_READY);
	assert_int_equal(
		answer_with(f, "/list?p2", 200, "{\"items\":[{\"id\":\"b\"}]}"), SHD_POLL_CHANGED);
	assert_int_equal(f->poll->listed_count, 2);
	shd_poll_adopt(f->poll);

	/* The first page is the same, the second lost its record. */
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, first), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?p2", 200, "{\"items\":[]}"), SHD_POLL_CHANGED);
	assert_true(shd_poll_has_news(f->poll));
	assert_int_equal(f->poll->listed_count, 1);
	assert_string_equal(f->poll->listed[0], "a");
	assert_int_equal(f->poll->harvest->entity_count, 0);
	shd_poll_adopt(f->poll);

	/* The last page changed first, then comes one that is known: the list is made too. */
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(
		answer_with(f, "/list?", 200, "{\"items\":[],\"next\":\"p2\"}"), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?p2", 200, "{\"items\":[]}"), SHD_POLL_CHANGED);
	assert_true(f->poll->listed && f->poll->listed_changed);
	assert_int_equal(f->poll->listed_count, 0);
}

static void a_list_without_end_is_given_up(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(
		answer_with(f, "/list?", 200, "{\"items\":[],\"next\":\"1\"}"), SHD_POLL_READY);
	assert_int_equal(
		answer_with(f, "/list?1", 200, "{\"items\":[],\"next\":\"2\"}"), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?2", 200, "{\"items\":[],\"next\":\"3\"}"),
			 SHD_POLL_FAILED);
	assert_int_equal(f->poll->error.kind, SHD_ERR_LIMIT);
	/* A position that stays where it is, is the end. */
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(
		answer_with(f, "/list?", 200, "{\"items\":[],\"next\":\"1\"}"), SHD_POLL_READY);
	assert_int_equal(
		answer_with(f, "/list?1", 200, "{\"items\":[],\"next\":\"1\"}"), SHD_POLL_CHANGED);
}

static void refusals_and_broken_answers_fail_the_poll(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum shd_err kind;
	} cases[] = {
		{500, "{}", SHD_ERR_SERVER},
		{429, "{}", SHD_ERR_THROTTLED},
		{200, "", SHD_ERR_SYNTAX},
		{200, "{\"items\":[{\"id\":\"a\"}", SHD_ERR_SYNTAX},
		{200, "{\"items\":[{\"id\":\"a\" \"v\":1}]}", SHD_ERR_SYNTAX},
		{200, "{\"other\":[]}", SHD_ERR_SCHEMA},
		{200, "{\"items\":[{\"v\":1}]}", SHD_ERR_SCHEMA},
	};
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct fixture *f = *state;

		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", cases[i].status, cases[i].body),
				 SHD_POLL_FAILED);
		assert_int_equal(f->poll->error.kind, cases[i].kind);
		assert_int_equal(f->poll->retry_after_ms, cases[i].status == 429 ? 7000 : 0);
		assert_int_equal(f->poll->refused_ms, cases[i].status == 429 ? 7000 : 0);
		if (cases[i].status == 429)
			assert_int_equal(f->poll->refused_scope, SHD_SCOPE_CREDENTIAL);
	}
}

/* One strange record does not blind the store; a page of them does. */
static void a_bad_record_is_left_out(void **state)
{
	struct fixture *f = *state;
	struct shd_text body;

	shd_text_init(&body, 10000);
	shd_text_puts(&body, "{\"items\":[{\"v\":1}");
	for (int i = 0; i < 19; i++)
		shd_text_printf(&body, ",{\"id\":\"n%d\"}", i);
	shd_text_puts(&body, "]}");
	read_once(f, LIST, "/list?", body.data);
	assert_int_equal(f->poll->bad_records, 1);
	assert_int_equal(f->poll->harvest->entity_count, 19);
	shd_text_finish(&body);
}

static void a_batch_asks_for_the_ids_of_another_feed(void **state)
{
	struct fixture *f = *state;

	read_once(f, LIST, "/list?",
		"{\"items\":[{\"id\":\"c\"},{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"a\"}]}");
	assert_int_equal(begin(f, BATCH), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/batch?a,b", 200, PAGE_AB), SHD_POLL_READY);
	assert_int_equal(
		answer_with(f, "/batch?c", 200, "{\"items\":[{\"id\":\"c\"}]}"), SHD_POLL_CHANGED);
	shd_poll_adopt(f->poll);
	assert_int_equal(begin(f, BATCH), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/batch?a,b", 200, PAGE_AB), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/batch?c", 200, "{\"items\":[{\"id\":\"c\"}]}"),
		SHD_POLL_UNCHANGED);
	assert_int_equal(f->parses, 0);
}

static void a_batch_is_read_to_its_last_page(void **state)
{
	struct fixture *f = *state;

	read_once(f, LIST, "/list?", "{\"items\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"}]}");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(begin(f, BATCH), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/batch?a,b", 200,
			"{\"items\":[{\"id\":\"a\"}],\"next\":\"p2:\"}"), SHD_POLL_READY);
		assert_int_equal(
			answer_with(f, "/batch?p2:a,b", 200, "{\"items\":[{\"id\":\"b\"}]}"),
			SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/batch?c", 200, "{\"items\":[{\"id\":\"c\"}]}"),
			i == 0 ? SHD_POLL_CHANGED : SHD_POLL_UNCHANGED);
		assert_int_equal(f->parses, i == 0 ? 3 : 0);
		shd_poll_adopt(f->poll);
	}
}

static void no_ids_are_nothing_to_ask(void **state)
{
	struct fixture *f = *state;

	read_once(f, LIST, "/list?", "{\"items\":[]}");
	assert_int_equal(begin(f, BATCH), SHD_POLL_UNCHANGED);
	assert_false(shd_poll_has_news(f->poll));
}

#define PARENT                                                                                     \
	"{\"items\":[{\"id\":\"a\",\"follow\":[\"x\",\"y\"]},{\"id\":\"b\",\"follow\":[\"x\"]}]}"

static void what_records_ask_for_is_followed_once(void **state)
{
	struct fixture *f = *state;

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
static size_t parsed_after_follow(struct fixture *f, int status)
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
	assert_int_equal(parsed_after_follow(*state, 500), 1); /* a: asked for x and y */
}

static void a_follow_that_never_works_is_not(void **state)
{
	assert_int_equal(parsed_after_follow(*state, 403), 0);
}

static void a_followed_object_may_be_gone(void **state)
{
	assert_int_equal(parsed_after_follow(*state, 404), 0);
}

static void too_many_follows_come_with_the_next_poll(void **state)
{
	struct fixture *f = *state;
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

/* Minutes: our clock is at 100. A window never ends before it begins. */
static void a_window_goes_on_by_the_earlier_clock_and_ends_by_the_later(void **state)
{
	static const struct {
		int64_t skew, cursor, asked_cursor, asked_now; /* skew -1000: not known */
	} cases[] = {
		{-1000, 95, 95, 100},
		{-1000, 100, 100, 100},
		{-1000, 115, 100, 100}, /* set back by little: overlap covers it */
		{-1000, 116, 0, 100},   /* by how much nobody knows: all anew */
		{-1000, 0, 0, 100},
		{0, 95, 95, 100},
		{180, 95, 95, 280},     /* we are behind */
		{-20, 75, 75, 100},     /* we are ahead */
		{-20, 85, 80, 100},
		{-20, 96, 0, 100},      /* taken while it was not known */
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		bool known = cases[i].skew != -1000;
		struct shd_feed *feed = feed_of(f, LIST);

		reset(f);
		feed->cursor.ms = cases[i].cursor * SHD_MINUTE_MS;
		shd_poll_begin(f->poll, feed, (struct shd_wall){100 * SHD_MINUTE_MS},
			known ? cases[i].skew * SHD_MINUTE_MS : INT64_MIN, NULL);
		assert_true(shd_poll_ask(f->poll, NULL));
		assert_int_equal(f->poll->page_in.cursor.ms, cases[i].asked_cursor * SHD_MINUTE_MS);
		assert_int_equal(f->poll->page_in.now.ms, cases[i].asked_now * SHD_MINUTE_MS);
		assert_int_equal(f->poll->began.ms, 100 * SHD_MINUTE_MS);
	}
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, start_up, tear_down)
	const struct CMUnitTest tests[] = {
		ROW(a_page_that_comes_again_is_not_parsed),
		ROW(a_window_goes_on_by_the_earlier_clock_and_ends_by_the_later),
		ROW(only_new_records_are_parsed),
		ROW(what_was_not_adopted_is_parsed_again),
		ROW(pages_are_read_to_the_last),
		ROW(a_list_without_end_is_given_up),
		ROW(refusals_and_broken_answers_fail_the_poll),
		ROW(a_bad_record_is_left_out),
		ROW(a_batch_asks_for_the_ids_of_another_feed),
		ROW(a_batch_is_read_to_its_last_page),
		ROW(no_ids_are_nothing_to_ask),
		ROW(what_records_ask_for_is_followed_once),
		ROW(a_follow_that_failed_is_tried_again_with_its_record),
		ROW(a_follow_that_never_works_is_not),
		ROW(a_followed_object_may_be_gone),
		ROW(too_many_follows_come_with_the_next_poll),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

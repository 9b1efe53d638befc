/* daemon/poll: records of a page that cannot be read. */
#include "support/poll_bench.h"

#include "poll/outcome.h"

/* Strange records do not blind the store, however few good ones stand beside them; a page of
 * nothing else does. */
static void a_bad_record_is_left_out(void **state)
{
	static const struct {
		const char *records;
		size_t good, bad;
	} cases[] = {
		{"{\"v\":1},{\"id\":\"a1\"}", 1, 1},
		{"{\"v\":1},{\"v\":2},{\"v\":3},{\"id\":\"a2\"}", 1, 3},
		{"{\"v\":1},{\"v\":2}", 0, 2},
		{"{\"id\":\"b\" \"v\":1},{\"id\":\"a3\"}", 1, 1},
		{"{\"id\":\"b\",\"v\":nul},{\"id\":\"a4\"}", 1, 1},
		{"null,5,[],{\"id\":\"a5\"}", 1, 3},
		{"{\"id\":\"b\",\"v\":\"half \\ud83d\"},{\"id\":\"a6\"}", 2, 0},
		{"{\"id\":\"b\",\"v\":\"half \xf0\x9f\"},{\"id\":\"a7\"}", 2, 0},
		{"{\"id\":\"b\",\"v\":1e400},{\"id\":\"a8\"}", 2, 0},
	};

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct poll_bench *f = *state;
		struct shd_text body;

		print_message("%s\n", cases[i].records);
		shd_text_init(&body, 10000);
		shd_text_printf(&body, "{\"items\":[%s]}", cases[i].records);
		read_once(f, LIST, "/list?", body.data);
		assert_int_equal(f->poll->bad_records, cases[i].bad);
		assert_int_equal(f->poll->harvest->entity_count, cases[i].good);
		assert_int_equal(f->poll->walk.lack,
			cases[i].bad ? SHD_LACK_UNREAD : SHD_LACK_NOTHING);
		shd_text_finish(&body);
	}
}

/* Rows that were left out keep a list from closing anything by itself; whom it `asks` says what
 * became of those that it has not. */
static void what_a_list_with_bad_records_has_not_is_asked_for(void **state)
{
	static const struct {
		enum shd_lack lack;
		bool with_asks, without;
	} cases[] = {{SHD_LACK_NOTHING, true, true}, {SHD_LACK_UNREAD, true, false},
		{SHD_LACK_FOREIGN, true, false}, {SHD_LACK_SHORT, false, false},
		{SHD_LACK_ROUND, false, false}};
	struct poll_bench *f = *state;
	struct shd_batch batch;

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		assert_int_equal(shd_lack_misses(cases[i].lack, &rows[LIST]), cases[i].with_asks);
		assert_int_equal(shd_lack_misses(cases[i].lack, &rows[BATCH]), cases[i].without);
	}
	read_once(f, LIST, "/list?", ITEMS(ID("a") "," ID("b"), ""));
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, ITEMS(ID("a") ",{\"v\":1}", "")),
		SHD_POLL_CHANGED);
	shd_outcome_news(f->poll, f->answers, &batch);
	assert_non_null(batch.fetch.incomplete);
	assert_null(batch.seen.incomplete);
	assert_int_equal(batch.seen.listed_count, 1);
	shd_outcome_read(f->poll, true, false, f->answers);
	/* The same again is no news. */
	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, ITEMS(ID("a") ",{\"v\":1}", "")),
		SHD_POLL_UNCHANGED);
	assert_false(shd_poll_has_news(f->poll));
}

/* What stands on other pages was understood all the same. */
static void a_page_of_nothing_but_bad_records_costs_itself_alone(void **state)
{
	struct poll_bench *f = *state;

	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200,
		"{\"items\":[{\"id\":\"a\"},{\"id\":\"b\"}],\"next\":\"p2\"}"), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?p2", 200,
		"{\"items\":[{\"v\":1},{\"v\":2},{\"v\":3}]}"), SHD_POLL_CHANGED);
	assert_int_equal(f->poll->harvest->entity_count, 2);
	assert_int_equal(f->poll->bad_records, 3);
	assert_int_equal(f->poll->walk.lack, SHD_LACK_UNREAD);
	shd_poll_adopt(f->poll);
}

/* A list that goes on behind its last record goes on behind the last that can be read. */
static void a_bad_last_record_ends_no_list(void **state)
{
	static const char *const bad[] = {
		"{\"v\":1}", "{\"id\" 1}", "{\"id\":\"x\",\"state\":\"done\"}"};
	struct poll_bench *f = *state;

	for (size_t i = 0; i < SHD_COUNT(bad); i++) {
		struct shd_text body SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&body, 1000);
		shd_text_printf(&body, "{\"items\":[{\"id\":\"a\"},{\"id\":\"b\"},%s],"
			"\"behind_last\":true}", bad[i]);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(begin(f, LIST), SHD_POLL_READY);
			assert_int_equal(answer_with(f, "/list?", 200, body.data), SHD_POLL_READY);
			assert_int_equal(answer_with(f, "/list?b", 200,
				again ? ITEMS(ID("d"), "") : ITEMS(ID("c"), "")), SHD_POLL_CHANGED);
			shd_poll_adopt(f->poll);
		}
	}
}

/* One of them is read again, for an example. */
static void a_bad_record_is_known_again(void **state)
{
	struct poll_bench *f = *state;

	read_once(f, LIST, "/list?",
		"{\"items\":[{\"v\":1},{\"v\":2},{\"v\":3},{\"id\":\"a1\"}]}");
	assert_int_equal(f->poll->parsed_records, 4);
	read_once(f, LIST, "/list?",
		"{\"items\":[{\"v\":1},{\"v\":2},{\"v\":3},{\"id\":\"a2\"}]}");
	assert_int_equal(f->poll->parsed_records, 2);
	assert_int_equal(f->poll->bad_records, 3);
	assert_int_equal(f->poll->walk.lack, SHD_LACK_UNREAD);
	assert_string_equal(f->poll->harvest->entities[0].id, "a2");
}

/* 70 or 5000 levels in a member that nobody reads: of the latter, the parser takes no more. */
static void a_record_nested_however_deep_costs_itself_alone(void **state)
{
	static const size_t depths[] = {70, 5000};
	struct poll_bench *f = *state;

	for (size_t i = 0; i < SHD_COUNT(depths); i++) {
		struct shd_text body;

		shd_text_init(&body, 20000);
		shd_text_puts(&body, "{\"items\":[{\"id\":\"b\",\"v\":");
		for (size_t at = 0; at < depths[i]; at++)
			shd_text_putc(&body, '[');
		for (size_t at = 0; at < depths[i]; at++)
			shd_text_putc(&body, ']');
		shd_text_printf(&body, "},{\"id\":\"z%zu\"}]}", i);
		read_once(f, LIST, "/list?", body.data);
		assert_int_equal(f->poll->bad_records, i);
		assert_int_equal(f->poll->harvest->entity_count, 2 - i);
		shd_text_finish(&body);
	}
}

/* Two records of one reading are about the same: which of them is right is not known, so that the
 * one that is left counts, though it was read before. */
static void what_two_records_are_about_is_read_again(void **state)
{
	static const char one[] = "{\"items\":[{\"id\":\"a\",\"v\":1},{\"id\":\"b\"}]}";
	struct poll_bench *f = *state;

	read_once(f, LIST, "/list?", one);
	read_once(f, LIST, "/list?",
		"{\"items\":[{\"id\":\"a\",\"v\":1},{\"id\":\"a\",\"v\":2},{\"id\":\"b\"}]}");
	for (int i = 0; i < 2; i++) {
		f->parses = 0;
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, one),
			i ? SHD_POLL_UNCHANGED : SHD_POLL_CHANGED);
		if (!i) {
			assert_int_equal(f->poll->harvest->entity_count, 1);
			assert_string_equal(f->poll->harvest->entities[0].id, "a");
		}
		shd_outcome_read(f->poll, true, false, f->answers);
	}
}

/* A record without rows is listed by whose they were, also where it is not read again; that is no
 * id to ask for. */
static void a_record_without_rows_is_listed_by_its_owner(void **state)
{
	static const char body[] = "{\"items\":[{\"id\":\"a\",\"rows\":[],\"owner\":\"P\"},"
		"{\"id\":\"b\",\"rows\":[1],\"owner\":\"Q\"},"
		"{\"id\":\"c\",\"rows\":{},\"owner\":\"R\"},"
		"{\"id\":\"d\",\"owner\":\"S\"},{\"id\":\"e\",\"rows\":[]}%s]}";
	struct poll_bench *f = *state;

	for (int i = 0; i < 2; i++) {
		struct shd_text text SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&text, 1000);
		shd_text_printf(&text, body, i ? ",{\"id\":\"f\"}" : "");
		read_once(f, LIST, "/list?", text.data);
		assert_int_equal(f->poll->listed_count, 6 + i);
		assert_string_equal(f->poll->listed[0], "\x01P");
		assert_string_equal(f->poll->listed[1], "a");
	}
	assert_int_equal(begin(f, BATCH), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/batch?a,b", 200, ITEMS(ID("a") "," ID("b"), "")),
		SHD_POLL_READY);
	reset(f);
}

/* Nor does it become known as such: it may be asked for the next time, and the answer be the same.
 */
static void a_record_of_an_id_that_was_not_asked_for_is_left_out(void **state)
{
	static const int batches[] = {BATCH, HAD};
	static const char with_z[] = ITEMS(ID("a") "," ID("y") "," ID("z"), "");
	struct poll_bench *f = *state;

	for (size_t i = 0; i < SHD_COUNT(batches); i++) {
		const char *path = rows[batches[i]].path;
		char url[2][20];

		snprintf(url[0], sizeof(url[0]), "%s?a,b", path);
		snprintf(url[1], sizeof(url[1]), "%s?a,z", path);
		read_once(f, LIST, "/list?", ITEMS(ID("a") "," ID("b"), ""));
		for (int again = 0; again < 2; again++) {
			read_once(f, batches[i], url[0], with_z);
			assert_int_equal(shd_poll_has_news(f->poll), !again);
			assert_int_equal(f->poll->foreign_records, 2);
			assert_int_equal(f->poll->bad_records, 0);
			assert_int_equal(f->poll->walk.lack, SHD_LACK_FOREIGN);
			assert_non_null(strstr(f->poll->incomplete.data, "\"id\" is \"z\""));
		}
		read_once(f, LIST, "/list?", ITEMS(ID("a") "," ID("z"), ""));
		read_once(f, batches[i], url[1], with_z);
		assert_int_equal(f->poll->foreign_records, 1);
		assert_int_equal(f->poll->harvest->entity_count, 1);
		assert_string_equal(f->poll->harvest->entities[0].id, "z");
	}
}

/* What of a record can be read is told and listed; the list is incomplete for as long as it has
 * such a record, also where that is not new. */
static void a_record_with_a_row_that_cannot_be_read_is_taken_in_part(void **state)
{
	static const char part[] =
		"{\"id\":\"a\",\"unread_row\":1},{\"id\":\"aa\",\"unread_row\":1}";
	struct poll_bench *f = *state;

	for (int i = 0; i < 3; i++) {
		struct shd_text body SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&body, 1000);
		shd_text_printf(
			&body, "{\"items\":[%s,{\"id\":\"b%d\"}],\"behind_last\":true}", part, i);
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, body.data), SHD_POLL_READY);
		snprintf(body.data, 20, "/list?b%d", i);
		assert_int_equal(answer_with(f, body.data, 200, ITEMS("", "")), SHD_POLL_CHANGED);
		assert_int_equal(f->poll->bad_records, 2);
		assert_int_equal(f->poll->walk.lack, SHD_LACK_UNREAD);
		assert_non_null(strstr(f->poll->incomplete.data, "(2): a row without an id"));
		assert_int_equal(f->poll->listed_count, 3);
		shd_poll_adopt(f->poll);
	}
}

/* They were understood: a page of nothing else is no strange one, and goes on behind the last. */
static void a_page_of_records_taken_in_part_is_read(void **state)
{
	struct poll_bench *f = *state;

	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?", 200, "{\"items\":["
		"{\"id\":\"a\",\"unread_row\":1},{\"id\":\"b\",\"unread_row\":1},"
		"{\"id\":\"c\",\"unread_row\":1}],\"behind_last\":true}"), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?c", 200, ITEMS(ID("d"), "")), SHD_POLL_CHANGED);
	assert_int_equal(f->poll->harvest->entity_count, 4);
	assert_int_equal(f->poll->bad_records, 3);
	/* but bad ones beside them count as before */
	read_once(f, LIST, "/list?",
		"{\"items\":[{\"v\":1},{\"v\":2},{\"v\":3},{\"id\":\"a\",\"unread_row\":2}]}");
	assert_int_equal(f->poll->bad_records, 4);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, start_up, tear_down)
	const struct CMUnitTest tests[] = {
		ROW(a_bad_record_is_left_out),
		ROW(what_a_list_with_bad_records_has_not_is_asked_for),
		ROW(a_page_of_nothing_but_bad_records_costs_itself_alone),
		ROW(a_bad_last_record_ends_no_list),
		ROW(a_bad_record_is_known_again),
		ROW(a_record_nested_however_deep_costs_itself_alone),
		ROW(what_two_records_are_about_is_read_again),
		ROW(a_record_without_rows_is_listed_by_its_owner),
		ROW(a_record_of_an_id_that_was_not_asked_for_is_left_out),
		ROW(a_record_with_a_row_that_cannot_be_read_is_taken_in_part),
		ROW(a_page_of_records_taken_in_part_is_read),
	};
#undef ROW

	return cmocka_run_group_tests(tests, NULL, NULL);
}

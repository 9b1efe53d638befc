/* daemon/poll: one poll step by step, without a network or a clock. */
#include "support/poll_bench.h"

#include "poll/outcome.h"

#define PAGE_AB "{\"items\":[{\"id\":\"a\",\"v\":1},{\"id\":\"b\",\"v\":1}]}"

static void a_page_that_comes_again_is_not_parsed(void **state)
{
	struct poll_bench *f = *state;

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
	struct poll_bench *f = *state;

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
	struct poll_bench *f = *state;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, PAGE_AB), SHD_POLL_CHANGED);
		assert_int_equal(f->poll->parsed_records, 2);
	}
}

static void pages_are_read_to_the_last(void **state)
{
	struct poll_bench *f = *state;
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
		answer_with(f, "/list?", 200, "{\"items\":[{\"id\":\"c\"}],\"next\":\"p2\"}"),
		SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/list?p2", 200, "{\"items\":[]}"), SHD_POLL_CHANGED);
	assert_true(f->poll->listed && f->poll->listed_changed);
	assert_int_equal(f->poll->listed_count, 1);
	assert_string_equal(f->poll->listed[0], "c");
}

/* A walk over a list: the answers, and what they come to. */
struct walk_case {
	const char *what;
	struct {
		const char *url, *body;
	} pages[5];
	enum shd_lack lack;
	size_t entities; /* read, those of a page that repeats another one twice */
};

#define NEXT(position) ",\"next\":\"" position "\""

static const struct walk_case walks[] = {
	{"whole", {{"/list?", ITEMS(ID("a"), NEXT("1"))}, {"/list?1", ITEMS(ID("b"), "")}},
		SHD_LACK_NOTHING, 2},
	{"a cursor that stands still, though there are more",
		{{"/list?", ITEMS(ID("a"), NEXT("1"))},
			{"/list?1", ITEMS(ID("b"), NEXT("1") ",\"more\":true")}},
		SHD_LACK_STILL, 2},
	{"a cursor that stands still at the end of the list",
		{{"/list?", ITEMS(ID("a"), NEXT("1"))}, {"/list?1", ITEMS(ID("b"), NEXT("1"))}},
		SHD_LACK_NOTHING, 2},
	{"the same, short of its own total",
		{{"/list?", ITEMS(ID("a"), NEXT("1"))},
			{"/list?1", ITEMS(ID("b"), NEXT("1") ",\"total\":3")}},
		SHD_LACK_SHORT, 2},
	{"a circle",
		{{"/list?", ITEMS(ID("a"), NEXT("A"))}, {"/list?A", ITEMS(ID("b"), NEXT("B"))},
			{"/list?B", ITEMS(ID("c"), NEXT("A"))}},
		SHD_LACK_ROUND, 3},
	{"a circle back to the first page", {{"/list?", ITEMS(ID("a"), NEXT("1"))},
		{"/list?1", ITEMS(ID("b"), NEXT(""))}}, SHD_LACK_ROUND, 2},
	{"more, and not where", {{"/list?", ITEMS(ID("a"), ",\"more\":true")}},
		SHD_LACK_NO_NEXT, 1},
	{"an empty page that says that there are more", {{"/list?", ITEMS("", NEXT("1"))}},
		SHD_LACK_EMPTY, 0},
	{"the first page again, under a new position",
		{{"/list?", ITEMS(ID("a") "," ID("b"), NEXT("1") ",\"total\":7")},
			{"/list?1", ITEMS(ID("b") "," ID("a"), NEXT("2") ",\"total\":7")}},
		SHD_LACK_REPEATS, 4},
	{"no rows of 37", {{"/list?", ITEMS("", ",\"total\":37")}}, SHD_LACK_SHORT, 0},
	{"no rows of none", {{"/list?", ITEMS("", ",\"total\":0")}}, SHD_LACK_NOTHING, 0},
	{"rows of one page twice do not make up the total",
		{{"/list?", ITEMS(ID("a") "," ID("b"), NEXT("1") ",\"total\":4")},
			{"/list?1", ITEMS(ID("b") "," ID("c"), ",\"total\":4")}},
		SHD_LACK_SHORT, 4},
	{"a total that became less meanwhile",
		{{"/list?", ITEMS(ID("a"), NEXT("1") ",\"total\":3")},
			{"/list?1", ITEMS(ID("b"), ",\"total\":2")}}, SHD_LACK_NOTHING, 2},
	{"a state that cannot be read", {{"/list?", ITEMS("{\"id\":\"a\",\"state\":5}", "")}},
		SHD_LACK_NOTHING, 1},
	{"more pages than are read",
		{{"/list?", ITEMS(ID("a"), NEXT("1"))}, {"/list?1", ITEMS(ID("b"), NEXT("2"))},
			{"/list?2", ITEMS(ID("c"), NEXT("3"))}},
		SHD_LACK_LIMIT, 3},
	{"a row that was not asked for",
		{{"/list?", ITEMS(ID("a") ",{\"id\":\"b\",\"state\":\"over\"}"
			",{\"id\":\"c\",\"state\":\"OPEN\"}", "")}},
		SHD_LACK_FOREIGN, 2},
	{"a row with a word of a later day",
		{{"/list?", ITEMS(ID("a") ",{\"id\":\"b\",\"state\":\"reopened\"}", "")}},
		SHD_LACK_UNREAD, 1},
};

static void walk_once(struct poll_bench *f, const struct walk_case *walk)
{
	const size_t most = SHD_COUNT(walk->pages);

	assert_int_equal(begin(f, LIST), SHD_POLL_READY);
	for (size_t i = 0; i < most && walk->pages[i].url; i++) {
		bool last = i + 1 == most || !walk->pages[i + 1].url;
		enum shd_poll_state got =
			answer_with(f, walk->pages[i].url, 200, walk->pages[i].body);

		if ((got == SHD_POLL_READY) == last || got == SHD_POLL_FAILED)
			fail_msg("%s: page %zu", walk->what, i);
	}
	if (f->poll->walk.lack != walk->lack || !f->poll->incomplete.len != !walk->lack)
		fail_msg("%s: %d, %s", walk->what, (int)f->poll->walk.lack,
			f->poll->incomplete.data);
}

/* Each ends by itself, takes what it has, and closes nothing unless it is whole; and the same
 * answers come to the same, though they are known by then. */
static void a_list_that_cannot_be_whole_is_incomplete(void **state)
{
	for (size_t i = 0; i < SHD_COUNT(walks); i++) {
		struct poll_bench *f = *state;
		struct shd_feed *feed = feed_of(f, LIST);
		struct shd_batch batch;

		walk_once(f, &walks[i]);
		assert_int_equal(f->poll->harvest->entity_count, walks[i].entities);
		shd_outcome_news(f->poll, (struct shd_wall){3000}, &batch);
		bool misses = shd_lack_misses(walks[i].lack, &rows[LIST]);
		assert_int_equal(batch.seen.incomplete == NULL, misses);
		assert_int_equal(
			batch.fetch.incomplete_since.ms, walks[i].lack ? f->poll->began.ms : 0);
		shd_outcome_read(f->poll, true, false, (struct shd_wall){3000});
		assert_int_equal(feed->swept, misses);
		assert_int_equal(
			feed->cursor_time.ms, walks[i].lack >= SHD_LACK_SHORT ? 0 : 1000);
		walk_once(f, &walks[i]);
		assert_int_equal(f->poll->harvest ? f->poll->harvest->entity_count : 0, 0);
		assert_false(walks[i].lack && shd_poll_has_news(f->poll));
		shd_outcome_read(f->poll, false, false, (struct shd_wall){4000});
		assert_int_equal(shd_feed_lack(feed) ? shd_feed_lack(feed)->count : 0,
			walks[i].lack ? 2 : 0);
		shd_outcome_facts(f->poll, feed, (struct shd_wall){5000}, &batch);
		assert_int_equal(
			batch.fetch.incomplete_since.ms, walks[i].lack ? f->poll->began.ms : 0);
		assert_int_equal(batch.fetch.incomplete != NULL, walks[i].lack != 0);
		tear_down(state);
		start_up(state);
	}
}

/* Said once, and once more when it is over. */
static void what_a_list_lacks_is_told_when_it_changes(void **state)
{
	struct poll_bench *f = *state;
	const struct shd_wall now = {5000};
	struct shd_feed_status status;

	walk_once(f, &walks[3]);
	assert_true(shd_outcome_read(f->poll, true, false, now).lack_turned);
	walk_once(f, &walks[3]);
	assert_false(shd_outcome_read(f->poll, false, false, now).lack_turned);
	shd_feed_status(feed_of(f, LIST), &status);
	assert_string_equal(
		status.incomplete, "it has fewer rows than it says there are (2 of 3)");
	assert_int_equal(status.incomplete_since.ms, f->poll->began.ms);
	/* whole again: the state is told although nothing else is new */
	walk_once(f, &walks[0]);
	struct shd_poll_outcome outcome = shd_outcome_read(f->poll, false, false, now);
	assert_true(outcome.lack_turned);
	assert_int_equal(outcome.tell, SHD_TELL_AT_ONCE);
	assert_null(shd_feed_lack(feed_of(f, LIST)));
}

/* A record of several entities keeps the keys of all of them. */
/* Also by polls that read nothing anew. */
static void an_example_of_what_is_wrong_stays(void **state)
{
	static const char body[] = ITEMS("{\"v\":1}," ID("a"), "");
	struct poll_bench *f = *state;
	struct shd_feed_status status;

	for (int again = 0; again < 3; again++) {
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, body),
			again ? SHD_POLL_UNCHANGED : SHD_POLL_CHANGED);
		shd_outcome_read(f->poll, !again, false, (struct shd_wall){5000});
		shd_feed_status(feed_of(f, LIST), &status);
		assert_string_equal(status.incomplete, "rows could not be read (1): no id");
	}
}

/* What repeats the pages before it may be new behind others. */
static void a_page_that_repeated_others_is_looked_at_again(void **state)
{
	static const char *const firsts[] = {ITEMS(ID("a"), NEXT("1")), ITEMS(ID("b"), NEXT("1"))};
	struct poll_bench *f = *state;

	for (int changed = 0; changed < 2; changed++) {
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, firsts[changed]), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?1", 200, ITEMS(ID("a"), "")),
			SHD_POLL_CHANGED);
		assert_int_equal(f->poll->walk.lack,
			changed ? SHD_LACK_NOTHING : SHD_LACK_REPEATS);
		shd_poll_adopt(f->poll);
	}
}

static void a_record_may_have_several_keys(void **state)
{
	static const char two[] =
		"{\"items\":[{\"id\":\"a\",\"also\":\"b\"},{\"id\":\"c\"}]}";
	struct poll_bench *f = *state;

	read_once(f, LIST, "/list?", two);
	assert_int_equal(f->poll->listed_count, 3);
	assert_string_equal(f->poll->listed[1], "b");
	/* Known by its bytes, it still has both. */
	read_once(f, LIST, "/list?", "{\"items\":[{\"id\":\"a\",\"also\":\"b\"}]}");
	assert_int_equal(f->poll->parsed_records, 0);
	assert_int_equal(f->poll->listed_count, 2);
	assert_int_equal(begin(f, BATCH), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/batch?a,b", 200, PAGE_AB), SHD_POLL_CHANGED);
}

static void a_position_has_a_maximum(void **state)
{
	static const struct {
		size_t len;
		enum shd_poll_state want;
	} cases[] = {{513, SHD_POLL_READY}, {SHD_POSITION_BYTES, SHD_POLL_READY},
		{SHD_POSITION_BYTES + 1, SHD_POLL_FAILED}};
	struct poll_bench *f = *state;

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_text body SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&body, 100000);
		shd_text_puts(&body, "{\"items\":[{\"id\":\"a\"}],\"next\":\"");
		for (size_t at = 0; at < cases[i].len; at++)
			shd_text_putc(&body, 'p');
		shd_text_puts(&body, "\"}");
		assert_int_equal(begin(f, LIST), SHD_POLL_READY);
		assert_int_equal(answer_with(f, "/list?", 200, body.data), cases[i].want);
		if (cases[i].want == SHD_POLL_FAILED)
			assert_int_equal(f->poll->error.kind, SHD_ERR_LIMIT);
		else
			assert_int_equal(f->poll->position.len, cases[i].len);
	}
}

static void a_text_that_expired_is_not_asked_for(void **state)
{
	static const struct {
		int64_t expires;
		const char *url;
	} cases[] = {
		{0, "/changes?m"}, {1001, "/changes?m"}, {1000, "/changes?"}, {1, "/changes?"}};
	struct poll_bench *f = *state;

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		shd_feed_set_cursor(feed_of(f, CHANGES),
			(struct shd_cursor){{7}, "m", {cases[i].expires}});
		assert_int_equal(begin(f, CHANGES), SHD_POLL_READY);
		assert_int_equal(
			answer_with(f, cases[i].url, 200, "{\"items\":[],\"next\":\"n\"}"),
			SHD_POLL_CHANGED);
		assert_int_equal(f->poll->page_in.cursor.ms, 7);
	}
}

/* Once, and at once; only the first request of a poll goes on by the text. */
static void a_text_that_is_refused_is_dropped(void **state)
{
	static const char more[] = "{\"items\":[],\"next\":\"n\",\"more\":true}";
	struct poll_bench *f = *state;
	struct shd_feed *feed = feed_of(f, CHANGES);

	shd_feed_set_cursor(feed, (struct shd_cursor){{7}, "m", {0}});
	assert_int_equal(begin(f, CHANGES), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/changes?m", 500, "{}"), SHD_POLL_FAILED);
	assert_string_equal(shd_feed_cursor(feed).text, "m");
	assert_int_equal(begin(f, CHANGES), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/changes?m", 200, more), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/changes?n", 400, "{}"), SHD_POLL_FAILED);
	assert_string_equal(shd_feed_cursor(feed).text, "m");
	assert_int_equal(begin(f, CHANGES), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/changes?m", 400, "{}"), SHD_POLL_READY);
	assert_null(shd_feed_cursor(feed).text);
	assert_int_equal(feed->cursor_time.ms, 7);
	assert_int_equal(answer_with(f, "/changes?", 400, "{}"), SHD_POLL_FAILED);
	assert_int_equal(f->poll->error.kind, SHD_ERR_REQUEST);
	assert_int_equal(begin(f, CHANGES), SHD_POLL_READY);
	assert_int_equal(answer_with(f, "/changes?", 400, "{}"), SHD_POLL_FAILED);
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
		{200, "{\"other\":[]}", SHD_ERR_SCHEMA},
		{200, "{\"items\":[{\"v\":1},{\"v\":1},{\"v\":1}]}", SHD_ERR_SCHEMA},
		{200, "{\"items\":[{\"id\" 1},{\"id\" 2},{\"id\" 3}]}", SHD_ERR_SYNTAX},
	};
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct poll_bench *f = *state;

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

static void a_batch_asks_for_the_ids_of_another_feed(void **state)
{
	struct poll_bench *f = *state;

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
	struct poll_bench *f = *state;

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
	struct poll_bench *f = *state;

	read_once(f, LIST, "/list?", "{\"items\":[]}");
	assert_int_equal(begin(f, BATCH), SHD_POLL_UNCHANGED);
	assert_false(shd_poll_has_news(f->poll));
	/* Nor when there were some before. */
	read_once(f, LIST, "/list?", "{\"items\":[{\"id\":\"a\"}]}");
	read_once(f, BATCH, "/batch?a", "{\"items\":[{\"id\":\"a\"}]}");
	read_once(f, LIST, "/list?", "{\"items\":[]}");
	assert_int_equal(begin(f, BATCH), SHD_POLL_CHANGED);
	assert_false(shd_poll_has_news(f->poll));
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
	struct poll_bench *f = *state;

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		bool known = cases[i].skew != -1000;
		struct shd_feed *feed = feed_of(f, LIST);

		reset(f);
		feed->cursor_time.ms = cases[i].cursor * SHD_MINUTE_MS;
		shd_poll_begin(f->poll, feed, (struct shd_wall){100 * SHD_MINUTE_MS},
			known ? cases[i].skew * SHD_MINUTE_MS : INT64_MIN, NULL);
		assert_true(shd_poll_ask(f->poll, NULL));
		assert_int_equal(f->poll->page_in.cursor.ms, cases[i].asked_cursor * SHD_MINUTE_MS);
		assert_int_equal(f->poll->page_in.now.ms, cases[i].asked_now * SHD_MINUTE_MS);
		assert_int_equal(f->poll->began.ms, 100 * SHD_MINUTE_MS);
	}
}

/* Each record takes memory as long as the feed does, whatever its own size. */
static void a_page_of_too_many_records_is_an_error(void **state)
{
	struct poll_bench *f = *state;
	struct shd_text body;

	for (int more = 0; more < 2; more++) {
		shd_text_init(&body, 1 << 20);
		shd_text_puts(&body, "{\"items\":[{\"id\":\"a\"}");
		for (int i = 1; i < SHD_POLL_RECORDS_MAX + more; i++)
			shd_text_puts(&body, ",0");
		shd_text_puts(&body, "]}");
		assert_true(shd_text_ok(&body));
		begin(f, LIST);
		enum shd_poll_state ended = answer_with(f, "/list?", 200, body.data);
		assert_int_equal(ended == SHD_POLL_FAILED, more);
		if (more)
			assert_int_equal(f->poll->error.kind, SHD_ERR_LIMIT);
		shd_text_finish(&body);
	}
}

static void what_nobody_waits_for_is_read_no_further(void **state)
{
	struct poll_bench *f = *state;

	read_once(f, LIST, "/list?", "{\"items\":[{\"id\":\"a\"}]}");
	begin(f, LIST);
	atomic_store(&f->poll->give_up, true); /* as a pause does, which nothing gets past */
	assert_int_equal(answer_with(f, "/list?", 200, "{\"items\":[{\"id\":\"b\"}]}"),
		SHD_POLL_FAILED);
	assert_int_equal(f->poll->error.kind, SHD_ERR_CLOSING);
	assert_int_equal(f->poll->parsed_records, 0);
	read_once(f, LIST, "/list?", "{\"items\":[{\"id\":\"b\"}]}"); /* it is as good as before */
}

static void changed_nothing(void *ctx)
{
	(void)ctx;
}

static void memory_is_given_back_once_the_body_is_read(void **state)
{
	struct poll_bench *f = *state;
	struct shd_budget *budget = shd_budget_create(changed_nothing, NULL);
	struct shd_memory_use use;
	static const char *const bodies[] = {"{\"items\":[{\"id\":\"a\"}]}", "{\"items\":[", ""};

	for (size_t i = 0; i < SHD_COUNT(bodies); i++) {
		struct shd_transfer_out out = {.ok = true, .status = 200, .hash = i + 1};

		begin(f, LIST);
		assert_true(shd_poll_ask(f->poll, NULL));
		out.hold = shd_hold_create(budget, "shop", 1000, NULL);
		assert_true(shd_hold_set(out.hold, 1000));
		shd_text_init(&out.body, 1000);
		shd_text_puts(&out.body, bodies[i]);
		shd_poll_answered(f->poll, &out, f->answers);
		bool taken = f->poll->state == SHD_POLL_PARSING;
		assert_int_equal(taken, !out.hold); /* who takes the body takes it, too */
		shd_budget_use(budget, &use);
		assert_int_equal(use.now, 1000);
		if (taken) {
			shd_poll_parse(f->poll);
			shd_poll_parsed(f->poll);
		}
		shd_hold_destroy(out.hold);
		shd_budget_use(budget, &use);
		assert_int_equal(use.now, 0);
		shd_text_finish(&out.body);
	}
	shd_budget_close(budget);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, start_up, tear_down)
	const struct CMUnitTest tests[] = {
		ROW(a_page_that_comes_again_is_not_parsed),
		ROW(a_window_goes_on_by_the_earlier_clock_and_ends_by_the_later),
		ROW(only_new_records_are_parsed),
		ROW(a_page_of_too_many_records_is_an_error),
		ROW(what_nobody_waits_for_is_read_no_further),
		ROW(memory_is_given_back_once_the_body_is_read),
		ROW(what_was_not_adopted_is_parsed_again),
		ROW(pages_are_read_to_the_last),
		ROW(a_list_that_cannot_be_whole_is_incomplete),
		ROW(what_a_list_lacks_is_told_when_it_changes),
		ROW(an_example_of_what_is_wrong_stays),
		ROW(a_page_that_repeated_others_is_looked_at_again),
		ROW(a_record_may_have_several_keys),
		ROW(a_position_has_a_maximum),
		ROW(a_text_that_expired_is_not_asked_for),
		ROW(a_text_that_is_refused_is_dropped),
		ROW(refusals_and_broken_answers_fail_the_poll),
		ROW(a_batch_asks_for_the_ids_of_another_feed),
		ROW(a_batch_is_read_to_its_last_page),
		ROW(no_ids_are_nothing_to_ask),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* alert/message.h: what a person reads, in three languages. The messages themselves
 * are in tests/cases/message; this file holds the laws and the small texts. */
#include "support/cases.h"

#include "message/message.h"
#include "message/wording.h"
#include "rule/language/word_lists.h"

#include <jansson.h>
#include <string.h>

static struct shd_phrasebook *book;
static struct shd_rules *rules;
static struct shd_word_lists *words;
static struct shd_doc *rules_doc;

static struct shd_doc *parse_file(const char *path, struct shd_diags *diags)
{
	size_t len;
	char *text shd_autofree = case_file(path, &len);

	return shd_doc_parse(path, text, len, diags);
}

static void no_mistakes(struct shd_diags *diags)
{
	SHD_AUTO(shd_text_finish) struct shd_text out = {0};

	shd_text_init(&out, 1 << 20);
	shd_diags_print(diags, &out);
	if (shd_diags_mistakes(diags))
		fail_msg("%s", out.data);
}

static int load(void **state)
{
	struct shd_diags *diags SHD_AUTO(shd_diags_destroyp) = shd_diags_create(100);
	struct shd_doc *docs[SHD_LANGUAGE_COUNT];
	(void)state;

	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++) {
		char path[256];

		snprintf(path, sizeof(path), SHD_SOURCE_DIR "/conf/texts/%s.yaml",
			shd_language_names[i]);
		docs[i] = parse_file(path, diags);
	}
	book = shd_phrasebook_create(docs, diags);
	no_mistakes(diags);
	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++)
		shd_doc_destroy(docs[i]);
	words = shd_word_lists_create();
	rules_doc = parse_file(SHD_SOURCE_DIR "/tests/cases/message/rules.yaml", diags);
	rules = shd_rules_compile(&rules_doc, 1, NULL, words, diags);
	no_mistakes(diags);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	shd_phrasebook_destroy(book);
	shd_rules_destroy(rules);
	shd_word_lists_destroy(words);
	shd_doc_destroy(rules_doc);
	return 0;
}

static const char *const zones[] = {"Europe/Berlin", "Asia/Shanghai", "Europe/Moscow"};

static void show_line(struct shd_text *out, const char *indent, const char *text)
{
	if (text)
		shd_text_printf(out, "%s%s\n", indent, text);
}

static void show(const struct shd_message *message, struct shd_text *out)
{
	shd_text_printf(out, "-- %s %s %s\n", message->language, message->type, message->thread);
	show_line(out, "subject: ", message->subject);
	show_line(out, "", message->intro);
	show_line(out, "", message->late_note);
	for (size_t i = 0; i < message->count; i++) {
		const struct shd_message_item *item = &message->items[i];

		show_line(out, "  ", item->heading);
		show_line(out, "    ", item->line);
		show_line(out, "    ", item->goods);
		show_line(out, "    ", item->quote);
		show_line(out, "    ", item->cost);
		show_line(out, "    ", item->advice);
		show_line(out, "    ", item->reason);
	}
	show_line(out, "  ", message->more_note);
	show_line(out, "", message->footer);
}

static void show_case(const char *path, const char *name, struct shd_text *out)
{
	json_error_t where;
	struct shd_error error;
	struct shd_facts *told;
	size_t count;

	if (strstr(name, ".yaml"))
		return;
	json_auto_t *root = json_load_file(path, 0, &where);
	assert_non_null(root);
	char *facts shd_autofree = json_dumps(json_object_get(root, "facts"), 0);
	const struct shd_wall now = {json_integer_value(json_object_get(root, "now"))};
	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++) {
		struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(1 << 22);
		struct shd_message message;

		if (!shd_facts_unpack(facts, arena, &told, &count, &error) ||
			!shd_message_render(book, rules, told, count, (enum shd_language)i,
				zones[i], now, arena, &message, &error))
			fail_msg("%s", error.msg);
		show(&message, out);
	}
}

static void messages_are_those_we_looked_at(void **state)
{
	(void)state;
	case_folder(SHD_SOURCE_DIR "/tests/cases/message", show_case);
}

static void values_are_said_in_every_language(void **state)
{
	static const struct {
		struct shd_value value;
		const char *said[SHD_LANGUAGE_COUNT];
	} cases[] = {
		{{.type = SHD_NUMBER, .n = 4600000}, {"4.6", "4.6", "4,6"}},
		{{.type = SHD_NUMBER, .n = 1234567000000},
			{"1,234,567", "1,234,567", "1\u00a0234\u00a0567"}},
		{{.type = SHD_NUMBER, .n = -50000}, {"-0.05", "-0.05", "-0,05"}},
		{{.type = SHD_RATIO, .n = 25000}, {"2.5 %", "2.5%", "2,5 %"}},
		{{.type = SHD_RATIO, .n = 333333}, {"33.33 %", "33.33%", "33,33 %"}},
		{{.type = SHD_DURATION, .n = 19200000},
			{"5 h 20 min", "5 小时 20 分钟", "5 ч 20 мин"}},
		{{.type = SHD_DURATION, .n = 2 * SHD_DAY_MS}, {"2 d", "2 天", "2 дн."}},
		{{.type = SHD_DURATION, .n = 59999}, {"59 s", "59 秒", "59 с"}},
		{{.type = SHD_DURATION, .n = 185000}, {"3 min 5 s", "3 分钟 5 秒", "3 мин 5 с"}},
		{{.type = SHD_MONEY, .currency = "RUB", .n = 500000},
			{"5,000 RUB", "5,000 卢布", "5\u00a0000 ₽"}},
		{{.type = SHD_MONEY, .currency = "RUB", .n = 1990},
			{"19.90 RUB", "19.90 卢布", "19,90 ₽"}},
		{{.type = SHD_MONEY, .currency = "JPY", .n = 1990},
			{"1,990 JPY", "1,990 JPY", "1\u00a0990 JPY"}},
		{{.type = SHD_TEXT, .text = "off_sale", .len = 8},
			{"off sale", "已下架", "снят с продажи"}},
		{{.type = SHD_TEXT, .text = "off_sale or not", .len = 15},
			{"off_sale or not", "off_sale or not", "off_sale or not"}},
		{{.type = SHD_BOOL, .n = 1}, {"yes", "是", "да"}},
		{{.type = SHD_TIME, .n = 1775321940000},
			{"4 Apr 2026 18:59 GMT+2", "2026年4月5日 00:59（北京时间）",
				"4 апр. 2026, 19:59 МСК"}},
		{{.none = true}, {"", "", ""}},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		for (int j = 0; j < SHD_LANGUAGE_COUNT; j++) {
			struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) =
				shd_arena_create(1 << 20);

			assert_string_equal(shd_wording_value(book, (enum shd_language)j, zones[j],
						    &cases[i].value, arena),
				cases[i].said[j]);
		}
	}
}

static void time_left_is_never_said_to_be_more_than_it_is(void **state)
{
	static const struct {
		int64_t left_ms;
		const char *said;
	} cases[] = {
		{2 * SHD_HOUR_MS - 1, "1 h 59 min left, until Sat 20:58 GMT+2"},
		{2 * SHD_HOUR_MS, "2 h left, until Sat 20:59 GMT+2"},
		{1, "0 s left, until Sat 18:59 GMT+2"},
		{0, "the deadline has just passed"},
		{-10000, "overdue by 10 s, since Sat 18:58 GMT+2"},
		{-SHD_DAY_MS * 10, "overdue by 10 d, since Wed 25 Mar 17:59 GMT+1"},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(1 << 20);
		struct shd_wall now = {1775321940000}, due = {now.ms + cases[i].left_ms};

		assert_string_equal(
			shd_wording_time_left(book, SHD_EN, "Europe/Berlin", due, now, arena),
			cases[i].said);
	}
}

/* What one rendering made for its dates is used by the next. */
static void dates_are_of_the_readers_zone_whoever_read_before(void **state)
{
	static const struct {
		enum shd_language language;
		const char *zone, *said;
	} cases[] = {
		{SHD_EN, "Europe/Berlin", "Sat 20:59 GMT+2"},
		{SHD_EN, "Asia/Shanghai", "Sun 02:59 GMT+8"},
		{SHD_EN, "Europe/Berlin", "Sat 20:59 GMT+2"},
		{SHD_RU, "Europe/Berlin", "сб, 20:59 GMT+2"},
		{SHD_RU, "Europe/Moscow", "сб, 21:59 МСК"},
		{SHD_EN, "Europe/Moscow", "Sat 21:59 MSK"},
	};
	enum { COUNT = SHD_COUNT(cases) };
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(1 << 20);
	struct shd_wall at = {1775329140000}, now = {at.ms - SHD_HOUR_MS};
	struct shd_reader readers[COUNT];
	(void)state;

	for (size_t together = 0; together < 2; together++) {
		for (size_t i = 0; i < COUNT; i++) {
			shd_reader_init(&readers[i], book, cases[i].language, cases[i].zone, now,
				arena);
			assert_string_equal(shd_wording_moment(&readers[i], at), cases[i].said);
			if (!together)
				shd_reader_finish(&readers[i]);
		}
		for (size_t i = 0; together && i < COUNT; i++)
			shd_reader_finish(&readers[i]);
	}
}

static void facts_survive_the_outbox(void **state)
{
	static const struct shd_facts told[] = {
		{.alert = 17,
			.episode = 3,
			.move = SHD_MOVE_ESCALATED,
			.level = SHD_BREACHED,
			.from_level = SHD_WARN,
			.rule = "r",
			.store = "s",
			.entity = "e",
			.marketplace = "ozon",
			.subject = "Чехол \"x\" 🙂",
			.url = "https://x/?a=1",
			.product = "Чехол",
			.quote = "«ой»",
			.units = 2000000,
			.amount = {.type = SHD_MONEY, .currency = "USD", .n = 5},
			.ship_by = {7},
			.at = {1},
			.since = {2},
			.value = {.type = SHD_TEXT, .text = "a", .len = 1},
			.limit = {.type = SHD_TIME, .n = INT64_MAX},
			.cost = {.type = SHD_MONEY, .currency = "USD", .n = -1},
			.room = {.none = true},
			.sample_hit = 1,
			.sample_of = 3,
			.due = {4},
			.more = 5},
		{.rule = "r",
			.store = "s",
			.entity = "",
			.marketplace = "",
			.subject = "",
			.value = {.none = true},
			.limit = {.type = SHD_BOOL},
			.cost = {.none = true},
			.room = {.none = true}},
	};
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(1 << 20);
	struct shd_facts *back;
	struct shd_error error;
	size_t count;
	(void)state;

	const char *json = shd_facts_pack(told, 2, arena);
	assert_true(shd_facts_unpack(json, arena, &back, &count, &error));
	assert_int_equal(count, 2);
	assert_string_equal(shd_facts_pack(back, count, arena), json);
	assert_string_equal(back[0].subject, told[0].subject);
	assert_true(shd_value_equal(&back[0].cost, &told[0].cost));
	assert_true(shd_value_equal(&back[0].limit, &told[0].limit));
	assert_true(shd_value_equal(&back[0].amount, &told[0].amount));
	assert_string_equal(back[0].product, told[0].product);
	assert_string_equal(back[0].quote, told[0].quote);
	assert_int_equal(back[0].units, told[0].units);
	assert_int_equal(back[0].ship_by.ms, told[0].ship_by.ms);
	assert_true(back[1].value.none && !back[1].url);
	assert_true(back[1].amount.none && !back[1].product && !back[1].quote);
	assert_string_equal(back[1].entity, "");
}

static void broken_facts_are_an_error(void **state)
{
	static const char *const bad[] = {"", "x", "{}", "[]", "[1]", "[{}]",
		"[{\"move\":\"new\",\"level\":\"info\"}]",
		"[{\"move\":\"new\",\"level\":\"bad\",\"from\":\"none\"}]",
		"[{\"move\":\"new\",\"level\":\"info\",\"from\":\"none\",\"value\":[\"odd\",1]}]",
		"[{\"move\":\"new\",\"level\":\"info\",\"from\":\"none\",\"value\":[\"text\",1]}]",
		"[{\"move\":\"new\",\"level\":\"info\",\"from\":\"none\",\"cost\":[\"money\",1]}]"};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(bad); i++) {
		struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(1 << 20);
		struct shd_facts *told;
		struct shd_error error;
		size_t count;

		assert_false(shd_facts_unpack(bad[i], arena, &told, &count, &error));
	}
}

static void an_arena_too_small_is_an_error(void **state)
{
	const struct shd_facts told = {.alert = 1,
		.move = SHD_MOVE_NEW,
		.level = SHD_INFO,
		.rule = "r",
		.store = "s",
		.entity = "",
		.marketplace = "",
		.subject = "",
		.value = {.none = true},
		.limit = {.none = true},
		.cost = {.none = true},
		.room = {.none = true}};
	(void)state;
	for (size_t bytes = 0; bytes < 800; bytes += 50) {
		struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(bytes);
		struct shd_message message;
		struct shd_error error;

		assert_false(shd_message_render(book, rules, &told, 1, SHD_RU, "Europe/Moscow",
			(struct shd_wall){0}, arena, &message, &error));
		assert_int_equal(error.kind, SHD_ERR_LIMIT);
	}
}

/* One line of the English texts, what it is changed to, and what is then said of it
 * (NULL: nothing, it is right). */
static const struct {
	const char *from, *to, *said;
} changes[] = {
	{"no: \"no\"", "no: \"no\"\nnoo: \"no\"", "unknown text 'noo'"},
	{"no: \"no\"", "", "the text 'no' is missing"},
	{"no: \"no\"", "no: [a]", "'no' must be a text"},
	{"words:\n", "words: 1\nwordz:\n", "'words' is a map of a word to its name here"},
	{"at_risk: \"at risk\"", "at_risk: [a]", "the name of a word is a text"},
	{"no: \"no\"", "no: \"{value}\"", "'value' is no argument of this text"},
	{"no: \"no\"", "no: \"}\"", "unmatched }"},
	{"no: \"no\"", "no: \"it's 'quoted' '{value}'\"", NULL},
	{"no: \"no\"", "no: \"\"", "a text has 1 to 2000 bytes"},
	{"more: \"{n, plural, one {and # more} other {and # more}}\"", "more: \"more\"",
		"this text must use {n}"},
	{"more: \"{n, plural, one {and # more} other {and # more}}\"",
		"more: \"{n, plural, one {and # more}}\"", "ICU cannot read this text"},
	{"more: \"{n, plural, one {and # more} other {and # more}}\"",
		"more: \"{n, select, one {and # more}}\"",
		"a number is used plainly or with plural"},
	{"cost: \"{money} at risk\"", "cost: \"{money, plural, other {x}} at risk\"",
		"a text is used plainly or with select"},
	{"cost: \"{money} at risk\"", "cost: \"{mony} at risk\"", "did you mean 'money'?"},
	{"cost: \"{money} at risk\"", "cost: \"{money\"", "expected } or ,"},
};

static void check_change(size_t i, char *const texts[SHD_LANGUAGE_COUNT])
{
	struct shd_diags *diags SHD_AUTO(shd_diags_destroyp) = shd_diags_create(100);
	struct shd_doc *docs[SHD_LANGUAGE_COUNT];
	SHD_AUTO(shd_text_finish) struct shd_text changed = {0}, out = {0};
	const char *at = strstr(texts[0], changes[i].from), *said = changes[i].said;

	assert_non_null(at);
	shd_text_init(&changed, 1 << 20);
	shd_text_init(&out, 1 << 20);
	shd_text_add(&changed, texts[0], (size_t)(at - texts[0]));
	shd_text_puts(&changed, changes[i].to);
	shd_text_puts(&changed, at + strlen(changes[i].from));
	for (int j = 0; j < SHD_LANGUAGE_COUNT; j++) {
		const char *text = j ? texts[j] : changed.data;

		docs[j] = shd_doc_parse(shd_language_names[j], text, strlen(text), diags);
		assert_non_null(docs[j]);
	}
	struct shd_phrasebook *made = shd_phrasebook_create(docs, diags);
	shd_diags_print(diags, &out);
	if ((made != NULL) != (said == NULL) || (said && !strstr(out.data, said)))
		fail_msg("expected \"%s\" in:\n%s", said ? said : "no mistakes", out.data);
	shd_phrasebook_destroy(made);
	for (int j = 0; j < SHD_LANGUAGE_COUNT; j++)
		shd_doc_destroy(docs[j]);
}

static void texts_are_checked(void **state)
{
	char *texts[SHD_LANGUAGE_COUNT];
	size_t len;
	(void)state;

	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++) {
		char path[256];

		snprintf(path, sizeof(path), SHD_SOURCE_DIR "/conf/texts/%s.yaml",
			shd_language_names[i]);
		texts[i] = case_file(path, &len);
	}
	for (size_t i = 0; i < SHD_COUNT(changes); i++)
		check_change(i, texts);
	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++)
		free(texts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_those_we_looked_at),
		cmocka_unit_test(values_are_said_in_every_language),
		cmocka_unit_test(time_left_is_never_said_to_be_more_than_it_is),
		cmocka_unit_test(dates_are_of_the_readers_zone_whoever_read_before),
		cmocka_unit_test(facts_survive_the_outbox),
		cmocka_unit_test(broken_facts_are_an_error),
		cmocka_unit_test(an_arena_too_small_is_an_error),
		cmocka_unit_test(texts_are_checked),
	};

	return cmocka_run_group_tests(tests, load, unload);
}

/* conf/: single values of every option type, at both sides of every boundary. */
#include "support/check.h"

#include "conf/option.h"

#include <string.h>

static const char *const kinds[] = {"local", "crossborder", NULL};
static const char *const web[] = {"https", "http", NULL};
static const char *const off[] = {"off", NULL};

struct values {
	const char *text, *url, *zone;
	int word;
	bool yes;
	int64_t number, wait_ms, size_bytes;
	struct shd_wall day;
	struct shd_texts list;
	struct shd_pairs pairs;
	struct shd_secret_ref secret;
};

#define ROW(name, type, preset, min, max, words)                                                   \
	{#name, type, offsetof(struct values, name), false, preset, min, max, words, "A value."}
static const struct shd_option table[] = {
	ROW(text, SHD_OPT_TEXT, "dflt", 2, 5, NULL),
	ROW(url, SHD_OPT_URL, NULL, 0, 0, web),
	ROW(zone, SHD_OPT_ZONE, "UTC", 0, 0, NULL),
	ROW(word, SHD_OPT_WORD, "crossborder", 0, 0, kinds),
	ROW(yes, SHD_OPT_BOOL, "true", 0, 0, NULL),
	ROW(number, SHD_OPT_INT, "-3", -5, 100, NULL),
	ROW(wait_ms, SHD_OPT_DURATION, "1h", 1000, SHD_DAY_MS, off),
	ROW(size_bytes, SHD_OPT_BYTES, NULL, 0, 0, NULL),
	ROW(day, SHD_OPT_DATE, NULL, 0, 0, NULL),
	ROW(list, SHD_OPT_TEXTS, NULL, 0, 0, NULL),
	ROW(pairs, SHD_OPT_PAIRS, NULL, 0, 0, NULL),
	ROW(secret, SHD_OPT_SECRET, NULL, 0, 0, NULL),
};

/* Everything a case needs, and what it leaves behind. */
struct bench {
	struct shd_arena *arena;
	struct shd_diags *diags;
	struct shd_doc *doc;
	struct values values;
	bool ok;
};

static void apply(struct bench *bench, const char *yaml)
{
	*bench = (struct bench){
		.arena = shd_arena_create(1 << 20), .diags = shd_diags_create(10)};
	bench->doc = shd_doc_parse("f", yaml, strlen(yaml), bench->diags);
	assert_non_null(bench->doc);
	bench->ok = shd_options_apply(shd_doc_root(bench->doc), table, SHD_COUNT(table),
		&bench->values, "the map", bench->arena, bench->diags);
}

static void finish(struct bench *bench)
{
	shd_doc_destroy(bench->doc);
	shd_diags_destroy(bench->diags);
	shd_arena_destroy(bench->arena);
}

static void good_values_are_read(void **state)
{
	struct bench b;

	(void)state;
	apply(&b, "text: 日本\nurl: https://x/y\nzone: Asia/Tokyo\nword: local\nyes: false\n"
		  "number: 100\nwait_ms: 1d\nsize_bytes: 3KiB\nday: 2026-09-01\nlist: one\n"
		  "pairs: {a: b}\nsecret: {env: KEY}\n");
	assert_true(b.ok);
	assert_string_equal(b.values.text, "日本");
	assert_string_equal(b.values.url, "https://x/y");
	assert_string_equal(b.values.zone, "Asia/Tokyo");
	assert_int_equal(b.values.word, 0);
	assert_false(b.values.yes);
	assert_int_equal(b.values.number, 100);
	assert_int_equal(b.values.wait_ms, SHD_DAY_MS);
	assert_int_equal(b.values.size_bytes, 3072);
	assert_int_equal(b.values.day.ms, 1788220800000);
	assert_int_equal(b.values.list.count, 1);
	assert_string_equal(b.values.pairs.values[0], "b");
	assert_int_equal(b.values.secret.from, SHD_SECRET_ENV);
	finish(&b);
}

static void absent_values_have_their_default(void **state)
{
	struct bench b;

	(void)state;
	apply(&b, "{}\n");
	assert_true(b.ok);
	assert_string_equal(b.values.text, "dflt");
	assert_null(b.values.url);
	assert_int_equal(b.values.word, 1);
	assert_true(b.values.yes);
	assert_int_equal(b.values.number, -3);
	assert_int_equal(b.values.wait_ms, SHD_HOUR_MS);
	assert_int_equal(b.values.secret.from, SHD_SECRET_NONE);
	finish(&b);
}

static void a_word_can_stand_for_zero(void **state)
{
	struct bench b;

	(void)state;
	apply(&b, "wait_ms: off\n");
	assert_true(b.ok);
	assert_int_equal(b.values.wait_ms, 0);
	finish(&b);
}

static void bad_values_say_why(void **state)
{
	static const struct {
		const char *yaml, *text, *hint;
	} cases[] = {
		{"text: a", "`text` is 1 character long, expected 2 to 5", NULL},
		{"text: абвгде", "`text` is 6 characters long, expected 2 to 5", NULL},
		{"number: -6", "`number` is -6, the minimum is -5", NULL},
		{"number: 101", "`number` is 101, the maximum is 100", NULL},
		{"number: 1e3", "`number` is `1e3`, expected a whole number", NULL},
		{"number: 9223372036854775808",
			"`number` is `9223372036854775808`, expected a whole number", NULL},
		{"number: '-'", "`number` is `-`, expected a whole number", NULL},
		{"wait_ms: 999ms", "`wait_ms` is 999ms, the minimum is 1s", NULL},
		{"wait_ms: 25h", "`wait_ms` is 1d1h, the maximum is 1d", NULL},
		{"wait_ms: 30",
			"`wait_ms` is `30`, expected a duration such as 90s, 5m, 48h or 1d12h",
			"did you mean 30s ?"},
		{"size_bytes: 5mb", "`size_bytes` is `5mb`, expected a size such as 512KB or 64MB",
			NULL},
		{"size_bytes: 9999999999999999GB",
			"`size_bytes` is `9999999999999999GB`, expected a size such as 512KB or "
			"64MB",
			NULL},
		{"day: 2026-02-30", "`day` is `2026-02-30`, expected a date such as 2026-09-01",
			NULL},
		{"word: Local", "`word` cannot be `Local`", "did you mean local ?"},
		{"word: x", "`word` cannot be `x`, expected local or crossborder", NULL},
		{"yes: off", "`yes` is `off`, expected true or false", "did you mean false ?"},
		{"zone: Asia/Tokio",
			"`zone` is `Asia/Tokio`, expected a time zone such as Europe/Moscow",
			"did you mean Asia/Tokyo ?"},
		{"list: {a: b}", "`list` is a map, expected a list of texts", NULL},
		{"pairs: {a: [b]}", "`a` in `pairs` is not a text", NULL},
		{"text: [a]", "`text` is a list, expected a single value", NULL},
		{"secret: abc", "`secret` is a secret and must not stand in this file",
			"write {credential: NAME} or {file: PATH}"},
		{"txet: a", "the map has no key `txet`", "did you mean text ?"},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct bench b;

		apply(&b, cases[i].yaml);
		assert_false(b.ok);
		assert_int_equal(shd_diags_count(b.diags), 1);
		assert_string_equal(shd_diags_at(b.diags, 0)->text, cases[i].text);
		if (cases[i].hint)
			assert_string_equal(shd_diags_at(b.diags, 0)->hint, cases[i].hint);
		else
			assert_null(shd_diags_at(b.diags, 0)->hint);
		finish(&b);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_values_are_read),
		cmocka_unit_test(absent_values_have_their_default),
		cmocka_unit_test(a_word_can_stand_for_zero),
		cmocka_unit_test(bad_values_say_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

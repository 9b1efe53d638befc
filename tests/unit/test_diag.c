/* conf/: diagnostics in order, with source and caret, limited and safe to print. */
#include "support/check.h"

#include "conf/diag.h"

#include <stdio.h>
#include <string.h>

static void add(struct shd_diags *diags, const char *file, int line, int col, const char *text,
		const char *source)
{
	struct shd_diag diag = {.severity = SHD_MISTAKE, .file = file, .line = line, .col = col,
		.width = 3, .text = text, .source = source};

	shd_diags_add(diags, &diag);
}

static void expect_text(const struct shd_diags *diags, const char *expected)
{
	SHD_AUTO(shd_text_finish) struct shd_text out = {0};

	shd_text_init(&out, 65536);
	shd_diags_print(diags, &out);
	assert_string_equal(out.data, expected);
}

static void mistakes_come_in_order(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(10);

	(void)state;
	add(diags, "b", 1, 1, "fifth", "x");
	add(diags, "a", 2, 9, "second", "x");
	add(diags, "a", 10, 1, "fourth", "x");
	add(diags, "a", 2, 9, "third, as it came", "x");
	add(diags, "a", 2, 3, "first", "x");
	assert_string_equal(shd_diags_at(diags, 0)->text, "first");
	assert_string_equal(shd_diags_at(diags, 1)->text, "second");
	assert_string_equal(shd_diags_at(diags, 2)->text, "third, as it came");
	assert_string_equal(shd_diags_at(diags, 3)->text, "fourth");
	assert_string_equal(shd_diags_at(diags, 4)->text, "fifth");
}

static void more_than_the_limit_are_only_counted(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(1);
	struct shd_diag warning = {.severity = SHD_WARNING, .file = "f", .text = "hm"};

	(void)state;
	add(diags, "f", 0, 0, "first", NULL);
	add(diags, "f", 0, 0, "second", NULL);
	shd_diags_add(diags, &warning);
	assert_int_equal(shd_diags_mistakes(diags), 2);
	assert_int_equal(shd_diags_warnings(diags), 1);
	assert_int_equal(shd_diags_count(diags), 1);
	expect_text(diags, "f: error: first\n2 mistakes, 1 warning (2 not shown)\n");
}

static void the_same_about_one_place_is_told_once(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(10);

	(void)state;
	add(diags, "f", 2, 3, "wrong", "x");
	add(diags, "f", 2, 3, "wrong", "x");
	add(diags, "f", 2, 4, "wrong", "x");
	add(diags, "g", 2, 3, "wrong", "x");
	add(diags, "f", 0, 0, "nowhere", NULL);
	add(diags, "f", 0, 0, "nowhere", NULL);
	assert_int_equal(shd_diags_mistakes(diags), 5);
}

static void nothing_wrong_is_said(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(1);

	(void)state;
	expect_text(diags, "no mistakes\n");
}

static void the_caret_stands_below_its_character(void **state)
{
	static const struct {
		const char *source;
		int col;
		const char *shown;
	} cases[] = {
		{"abc def", 5, "f:7:5: error: x\n    7 | abc def\n      |     ^~~\n"},
		{"\tabc", 2, "f:7:2: error: x\n    7 | \tabc\n      | \t^~~\n"},
		{"日本 abc", 4, "f:7:4: error: x\n    7 | 日本 abc\n      |      ^~~\n"},
		{"a 日本 b", 3, "f:7:3: error: x\n    7 | a 日本 b\n      |   ^~~~~\n"},
		{"e\xCC\x81 abc", 4, "f:7:4: error: x\n    7 | e\xCC\x81 abc\n      |   ^~~\n"},
		{"ab", 3, "f:7:3: error: x\n    7 | ab\n      |   ^\n"},
		{"", 1, "f:7:1: error: x\n    7 | \n      | ^\n"},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(1);
		char expected[256];

		add(diags, "f", 7, cases[i].col, "x", cases[i].source);
		snprintf(expected, sizeof(expected), "%s1 mistake\n", cases[i].shown);
		expect_text(diags, expected);
	}
}

static void nothing_reaches_the_terminal_but_text(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(1);

	(void)state;
	add(diags, "f\n", 1, 1, "a\x1b[31m\xFF", "b\x07\xC2\x9Bq");
	expect_text(diags, "f?:1:1: error: a?[31m?\n    1 | b??q\n      | ^~~\n1 mistake\n");
}

static void a_line_that_one_hides_is_hidden_for_all(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(9);

	(void)state;
	add(diags, "f", 1, 1, "before", "key: secret");
	add(diags, "f", 1, 5, "hides", NULL);
	add(diags, "f", 1, 9, "after", "key: secret");
	add(diags, "f", 2, 1, "other line", "x");
	add(diags, "g", 1, 1, "other file", "y");
	expect_text(diags, "f:1:1: error: before\n"
			   "f:1:5: error: hides\n"
			   "f:1:9: error: after\n"
			   "f:2:1: error: other line\n    2 | x\n      | ^\n"
			   "g:1:1: error: other file\n    1 | y\n      | ^\n"
			   "5 mistakes\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_come_in_order),
		cmocka_unit_test(more_than_the_limit_are_only_counted),
		cmocka_unit_test(the_same_about_one_place_is_told_once),
		cmocka_unit_test(nothing_wrong_is_said),
		cmocka_unit_test(the_caret_stands_below_its_character),
		cmocka_unit_test(nothing_reaches_the_terminal_but_text),
		cmocka_unit_test(a_line_that_one_hides_is_hidden_for_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

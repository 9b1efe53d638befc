#include "support/check.h"

#include "message/plain.h"
#include "ctl/table.h"

#include <string.h>

static void width_is_what_a_terminal_draws(void **state)
{
	static const struct {
		const char *text;
		size_t width;
	} cases[] = {
		{"", 0},
		{"ozon", 4},
		{"рейтинг", 7},
		{"\xe5\xba\x97\xe9\x93\xba", 4},                 /* two Chinese characters */
		{"\xef\xbc\x85", 2},                             /* full-width percent */
		{"e\xcc\x81", 1},                                /* a combining accent */
		{"a\xe2\x80\x8b" "b", 2},                        /* zero width space */
		{"\xf0\x9f\x93\xa6", 2},                         /* a parcel */
		{"\xff", 1},                                     /* not UTF-8 */
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++)
		assert_int_equal(shd_display_width(cases[i].text, strlen(cases[i].text)),
			cases[i].width);
}

static void columns_line_up_beside_wide_text(void **state)
{
	static const char *const headings[] = {"STORE", "WHAT", "LAST", NULL};
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	SHD_AUTO(shd_text_finish) struct shd_text out = {0};

	(void)state;
	shd_text_init(&out, 4096);
	shd_table_cell(table, SHD_BOLD, "\xe5\xba\x97\xe9\x93\xba\xe4\xb8\x80");
	shd_table_cell(table, SHD_PLAIN, NULL);
	shd_table_cell(table, SHD_BAD, "x");
	shd_table_cell(table, SHD_BOLD, "ab");
	shd_table_cell(table, SHD_PLAIN, "long text");
	shd_table_cell(table, SHD_PLAIN, "y");
	shd_table_print(table, &(struct shd_screen){0}, &out);
	assert_string_equal(out.data, "STORE   WHAT       LAST\n"
				      "\xe5\xba\x97\xe9\x93\xba\xe4\xb8\x80  -          x\n"
				      "ab      long text  y\n");
}

static void colours_do_not_change_the_columns(void **state)
{
	static const char *const headings[] = {"A", "B", NULL};
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	SHD_AUTO(shd_text_finish) struct shd_text out = {0};

	(void)state;
	shd_text_init(&out, 4096);
	shd_table_cell(table, SHD_BAD, "xy");
	shd_table_cell(table, SHD_PLAIN, "z");
	shd_table_print(table, &(struct shd_screen){.colour = true}, &out);
	assert_non_null(strstr(out.data, "\033[31mxy\033[0m  z\n"));
}

/* Each row fits, whatever it is made of, as long as the columns keep what they must. */
static void a_table_fits_the_screen(void **state)
{
	static const char *const headings[] = {"STORE", "WHAT", "ABOUT", "ERROR", NULL};
	static const char *const texts[] = {"x", "电热水壶玻璃款 1.7 l 白色",
		"a rather long text of one column", "Электро e\u0301e\u0301", NULL};

	(void)state;
	for (size_t width = 54; width < 140; width++) {
		SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
		SHD_AUTO(shd_text_finish) struct shd_text out = {0};

		shd_text_init(&out, 1 << 16);
		for (size_t i = 0; i < 16; i++)
			shd_table_cell(table, SHD_PLAIN, texts[(i * 7 + i / 4) % SHD_COUNT(texts)]);
		shd_table_print(table, &(struct shd_screen){.width = width}, &out);
		for (const char *line = out.data; *line; line = strchr(line, '\n') + 1)
			assert_true(shd_display_width(line, strcspn(line, "\n")) <= width);
	}
}

static void the_middle_of_a_cell_is_cut(void **state)
{
	static const char *const headings[] = {"ABOUT", "ERROR", NULL};
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	SHD_AUTO(shd_text_finish) struct shd_text out = {0};

	(void)state;
	shd_text_init(&out, 4096);
	shd_table_cell(table, SHD_PLAIN, "0123456789abcdefghij");
	shd_table_cell(table, SHD_PLAIN, "short");
	shd_table_print(table, &(struct shd_screen){.width = 18}, &out);
	assert_string_equal(out.data, "ABOUT        ERROR\n"
				      "01234…fghij  short\n");
	shd_text_clear(&out);
	shd_table_print(table, &(struct shd_screen){.width = 5}, &out); /* it keeps 8 cells */
	assert_non_null(strstr(out.data, "0123…hij  short\n"));
}

static void a_marketplace_cannot_send_escape_sequences(void **state)
{
	static const char *const headings[] = {"A", NULL};
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	SHD_AUTO(shd_text_finish) struct shd_text out = {0};

	(void)state;
	shd_text_init(&out, 4096);
	shd_table_cell(table, SHD_PLAIN, "a\033[2Jb\nc\xc2\x9b" "31m");
	shd_table_print(table, &(struct shd_screen){0}, &out);
	assert_string_equal(out.data, "A\na [2Jb c 31m\n");
}

static void lengths_have_at_most_two_units(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{0, "0 s"},
		{999, "0 s"},
		{12 * SHD_SECOND_MS, "12 s"},
		{SHD_MINUTE_MS, "1 min"},
		{SHD_MINUTE_MS + SHD_SECOND_MS, "1 min 1 s"},
		{5 * SHD_HOUR_MS + 20 * SHD_MINUTE_MS + 59999, "5 h 20 min"},
		{47 * SHD_HOUR_MS + 59 * SHD_MINUTE_MS, "47 h 59 min"},
		{72 * SHD_HOUR_MS - 1, "71 h 59 min"},
		{72 * SHD_HOUR_MS, "3 d"},
		{-100 * SHD_HOUR_MS, "4 d 4 h"},
	};
	char buf[SHD_WORDING_TEXT];

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++)
		assert_string_equal(shd_wording_length(cases[i].ms, buf), cases[i].text);
	assert_string_equal(shd_wording_length(INT64_MIN, buf), "106751991167 d 7 h");
}

static void instants_are_said_from_now(void **state)
{
	const struct shd_wall now = {1000 * SHD_DAY_MS};
	char buf[SHD_WORDING_TEXT];

	(void)state;
	assert_string_equal(shd_wording_when(now, now, buf), "now");
	assert_string_equal(
		shd_wording_when((struct shd_wall){now.ms - 12500}, now, buf), "12 s ago");
	assert_string_equal(
		shd_wording_when((struct shd_wall){now.ms + 12500}, now, buf), "in 12 s");
	assert_string_equal(shd_wording_when((struct shd_wall){now.ms - 999}, now, buf), "now");
	assert_string_equal(
		shd_wording_when((struct shd_wall){now.ms - 1000}, now, buf), "1 s ago");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(width_is_what_a_terminal_draws),
		cmocka_unit_test(columns_line_up_beside_wide_text),
		cmocka_unit_test(colours_do_not_change_the_columns),
		cmocka_unit_test(a_table_fits_the_screen),
		cmocka_unit_test(the_middle_of_a_cell_is_cut),
		cmocka_unit_test(a_marketplace_cannot_send_escape_sequences),
		cmocka_unit_test(lengths_have_at_most_two_units),
		cmocka_unit_test(instants_are_said_from_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

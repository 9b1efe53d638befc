/* base/fold: which letters look Latin, where words end, and how wide a character is. */
#include "support/check.h"

#include "base/fold.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static struct shd_alphabets *alphabets;

static int make_alphabets(void **state)
{
	(void)state;
	alphabets = shd_alphabets_create();
	return 0;
}

static int drop_alphabets(void **state)
{
	(void)state;
	shd_alphabets_destroy(alphabets);
	return 0;
}

static bool is_in(int32_t c, const char *letters)
{
	for (size_t at = 0, len = strlen(letters); at < len;)
		if (shd_utf8_next(letters, len, &at) == c)
			return true;
	return false;
}

/* Of Russian and of small Greek letters exactly these: each further one would make titles
 * count as mixed that are not. Of the rest at least these, whatever ICU's table adds. */
static void letters_that_look_latin(void **state)
{
	static const char russian[] = "АВЕКМНОРСТУХЬаеорсух";
	static const char rest[] = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧЅІЈѕіјӏҮԌԜԛ";

	(void)state;
	for (int32_t c = 0; c < 0x2000; c++) {
		bool latin = shd_looks_latin(alphabets, c);
		bool strict = (c >= 0x410 && c <= 0x44F) || c == 0x401 || c == 0x451 ||
			      (c >= 0x3B1 && c <= 0x3C9);

		if (strict ? latin != (is_in(c, russian) || c == 0x3BF) : !latin && is_in(c, rest))
			fail_msg("U+%04X", (unsigned)c);
		assert_false(latin && (c < 0x370 || c >= 0x530));
		assert_false(shd_looks_latin(NULL, c));
	}
}

/* Small Greek letters are units, г is "year" or "gram": the table holds them for v, p, r. */
static void units_and_abbreviations_mix_nothing(void **state)
{
	static const char *const plain[] = {"USB-г", "kg-γ", "μ-SIM", "A-α", "5V-σ", "LED-СЕТЬ",
		"USB-МАТЬ", "Wi-Fi", "ТВ", "Ёлка-LED", "", "\xFF-A"};
	static const char *const mixed[] = {"USB-С", "USB-с", "X-Ь", "micro-Ӏ", "Аpple", "-С-A-"};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(plain); i++)
		if (shd_text_mixes_scripts(alphabets, plain[i], strlen(plain[i])))
			fail_msg("%s", plain[i]);
	for (size_t i = 0; i < SHD_COUNT(mixed); i++)
		if (!shd_text_mixes_scripts(alphabets, mixed[i], strlen(mixed[i])))
			fail_msg("%s", mixed[i]);
}

/* Folding is about case alone: words of Russian that look alike stay two. */
static void only_case_is_folded(void **state)
{
	static const struct {
		const char *text, *folded;
	} cases[] = {{"ОРИГИНАЛ", "оригинал"}, {"Ёж", "ёж"}, {"еж", "еж"}, {"COPY", "copy"},
		{"СОРУ", "сору"}, {"Straße", "straße"}, {"ΣΊΣΥΦΟΣ", "σίσυφοσ"}, {"正品", "正品"},
		{"Й", "й"}, {"И\xCC\x86", "и\xCC\x86"}};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		char folded[64];
		size_t len;

		assert_true(shd_text_fold(
			cases[i].text, strlen(cases[i].text), folded, sizeof(folded) - 1, &len));
		folded[len] = '\0';
		assert_string_equal(folded, cases[i].folded);
	}
}

static void cells_of_a_terminal(void **state)
{
	static const struct {
		int32_t c;
		int cells;
	} cases[] = {{'a', 1}, {0x416, 1}, {0x6B63, 2}, {0xFF1A, 2}, {0x301, 0}, {0x200B, 0},
		{0x1F600, 2}, {-1, 1}};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++)
		assert_int_equal(shd_char_cells(cases[i].c), cases[i].cells);
}

/* Where a line of 10 cells ends; "|" marks it. */
static void lines_are_cut_where_one_may_cut(void **state)
{
	static const char *const cases[] = {
		"short", "one two |three", "one two   |three",
		"https://example.com/a/b/c |x", "0132112277-018-1", "a |https://x.example b",
		"осталось |два часа",
		"请立即交|运；逾期", "请立即交|运，逾期", "请在后台|（评级）", "由“提示”升|为",
		"超过 20% |时收费", "SKU 下架 |了", "漢字漢字漢|字", "漢字漢字a |b", "日本语👍🏽|好好好",
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		char text[100];
		const char *mark = strchr(cases[i], '|');
		size_t cut = mark ? (size_t)(mark - cases[i]) : strlen(cases[i]);

		snprintf(text, sizeof(text), "%.*s%s", (int)cut, cases[i], mark ? mark + 1 : "");
		size_t found = shd_line_cut(text, strlen(text), 10);
		if (found != cut)
			fail_msg("%s: cut at \"%.*s\"", cases[i], (int)found, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_cut_where_one_may_cut),
		cmocka_unit_test(letters_that_look_latin),
		cmocka_unit_test(units_and_abbreviations_mix_nothing),
		cmocka_unit_test(only_case_is_folded),
		cmocka_unit_test(cells_of_a_terminal),
	};

	return cmocka_run_group_tests(tests, make_alphabets, drop_alphabets);
}

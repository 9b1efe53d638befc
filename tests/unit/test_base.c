/* base/: time, durations, decimals, text buffers, suggestions. */
#include "support/check.h"

#include "base/currency.h"
#include "base/num.h"
#include "base/text.h"
#include "base/time.h"

#include <string.h>

static void durations_read_back(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
		const char *shortest;
	} cases[] = {
		{"48h", 48 * SHD_HOUR_MS, "2d"},
		{"1d12h", 36 * SHD_HOUR_MS, "1d12h"},
		{"90s", 90000, "1m30s"},
		{"2w", 2 * SHD_WEEK_MS, "2w"},
		{"8d", 8 * SHD_DAY_MS, "8d"},
		{"250ms", 250, "250ms"},
		{"0s", 0, "0s"},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		char buf[SHD_DURATION_TEXT];
		struct shd_error err;
		int64_t ms;

		assert_true(shd_duration_parse(cases[i].text, strlen(cases[i].text), &ms, &err));
		assert_int_equal(ms, cases[i].ms);
		assert_string_equal(shd_duration_format(ms, buf), cases[i].shortest);
	}
}

static void bad_durations_are_refused(void **state)
{
	static const char *const cases[] = {"", "48", "h", "1h1d", "1h1h", "-1h", "1.5h", "1 h",
		"99999999999999999999w", "1001000w"};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_error err;
		int64_t ms = 7;

		assert_false(shd_duration_parse(cases[i], strlen(cases[i]), &ms, &err));
		assert_int_equal(ms, 7);
	}
}

static void times_of_every_shape(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-04-04T16:59:00Z", 1775321940000},
		{"2026-04-04T16:59:00.000Z", 1775321940000},
		{"2026-04-04T19:59:00+03:00", 1775321940000},
		{"2026-04-04T16:59:48.998146Z", 1775321988998},
		{"9999-12-31T23:59:59.999999900Z", SHD_NEVER_MS},
		{"2024-02-29", 1709164800000},
		{"1969-12-31T23:59:59Z", -1000},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_error err;
		struct shd_wall at;

		assert_true(shd_time_parse(cases[i].text, strlen(cases[i].text), &at, &err));
		assert_int_equal(at.ms, cases[i].ms);
	}
}

static void bad_times_are_refused(void **state)
{
	static const char *const cases[] = {"", "2026", "2026-13-01", "2026-02-29",
		"2026-01-01T25:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00Zx", "now",
		"2026-01-01T00:00:00.Z"};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_error err;
		struct shd_wall at;

		assert_false(shd_time_parse(cases[i], strlen(cases[i]), &at, &err));
		assert_int_equal(err.kind, SHD_ERR_SYNTAX);
	}
}

static void times_are_shown(void **state)
{
	char buf[SHD_TIME_TEXT];

	(void)state;
	assert_string_equal(shd_time_format((struct shd_wall){1775321988998}, buf),
		"2026-04-04T16:59:48.998Z");
	assert_string_equal(
		shd_time_format((struct shd_wall){-1}, buf), "1969-12-31T23:59:59.999Z");
	assert_string_equal(
		shd_time_format((struct shd_wall){0}, buf), "1970-01-01T00:00:00.000Z");
	assert_string_equal(shd_time_format((struct shd_wall){253402300800000}, buf),
			    "10000-01-01T00:00:00.000Z");
	assert_string_equal(shd_time_format((struct shd_wall){SHD_NEVER_MS}, buf), "never");
}

static void decimals_are_exact(void **state)
{
	static const struct {
		const char *text;
		int scale;
		int64_t n;
	} cases[] = {
		{"4.6", 6, 4600000}, {"4", 4, 40000}, {"0.5", 4, 5000}, {"-0.05", 6, -50000},
		{"1e3", 6, 1000000000}, {"1E-6", 6, 1}, {"1e-7", 6, 0}, {"5e-7", 6, 1},
		{"0.0000005", 6, 1}, {"1530", 2, 153000}, {"12.345", 2, 1235}, {"0", 6, 0},
		{"9223372036854", 6, 9223372036854000000},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_error err;
		int64_t n;

		assert_true(shd_decimal_parse(
			cases[i].text, strlen(cases[i].text), cases[i].scale, &n, &err));
		assert_int_equal(n, cases[i].n);
	}
}

static void bad_decimals_are_refused(void **state)
{
	static const struct {
		const char *text;
		enum shd_err kind;
	} cases[] = {
		{"", SHD_ERR_SYNTAX},
		{"x", SHD_ERR_SYNTAX},
		{"1.2.3", SHD_ERR_SYNTAX},
		{"1e", SHD_ERR_SYNTAX},
		{".", SHD_ERR_SYNTAX},
		{"9223372036855", SHD_ERR_LIMIT},
		{"1e300", SHD_ERR_LIMIT},
		{"99999999999999999999999999999999999999999999", SHD_ERR_LIMIT},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_error err;
		int64_t n;

		assert_false(shd_decimal_parse(cases[i].text, strlen(cases[i].text), 6, &n, &err));
		assert_int_equal(err.kind, cases[i].kind);
	}
}

static void doubles_keep_their_decimals(void **state)
{
	struct shd_error err;
	int64_t n;

	(void)state;
	assert_true(shd_decimal_of_double(4.35, 6, &n, &err));
	assert_int_equal(n, 4350000);
	assert_true(shd_decimal_of_double(0.1 + 0.2, 6, &n, &err));
	assert_int_equal(n, 300000);
	assert_false(shd_decimal_of_double(1.0 / 0.0, 6, &n, &err));
	assert_false(shd_decimal_of_double(1e300, 6, &n, &err));
}

static void decimals_are_shown(void **state)
{
	char buf[SHD_DECIMAL_TEXT];

	(void)state;
	assert_string_equal(shd_decimal_format(4600000, 6, buf), "4.6");
	assert_string_equal(shd_decimal_format(-50000, 6, buf), "-0.05");
	assert_string_equal(shd_decimal_format(20000000, 6, buf), "20");
	assert_string_equal(shd_decimal_format(7, 0, buf), "7");
	assert_string_equal(shd_decimal_format(INT64_MIN, 6, buf), "-9223372036854.775808");
}

static void a_share_is_exact(void **state)
{
	(void)state;
	assert_int_equal(shd_mul_div(23, SHD_MICRO, 575), 40000); /* 23 of 575 is exactly 4 % */
	assert_int_equal(shd_mul_div(INT64_MAX, INT64_MAX, 1), INT64_MAX);
	assert_int_equal(shd_mul_div(-1, 1, 2), -1);
}

static void a_text_buffer_has_a_maximum(void **state)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};

	(void)state;
	shd_text_init(&text, 10);
	shd_text_printf(&text, "%s", "12345");
	shd_text_puts(&text, "67890");
	assert_true(shd_text_ok(&text));
	shd_text_putc(&text, 'x');
	assert_false(shd_text_ok(&text));
	assert_string_equal(text.data, "1234567890");
}

static void xml_is_escaped(void **state)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};

	(void)state;
	shd_text_init(&text, 100);
	shd_text_put_xml(&text, "<a b='c'>\t\x01\n\"R&D\" \xE5\xBA\x97");
	assert_string_equal(text.data,
		"&lt;a b=&#39;c&#39;&gt;\t?&#10;&quot;R&amp;D&quot; \xE5\xBA\x97");
}

static void text_is_put_into_json(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		size_t len;
		const char *json;
	} cases[] = {
		{"", 0, ""},
		{"a", 1, "a"},
		{"\"", 1, "\\\""},
		{"\\n", 2, "\\\\n"},
		{"a\0\x1f\n\x7f", 5, "a\\u0000\\u001f\\u000a\x7f"},
		{"\xE5\xBA\x97\"\"/", 6, "\xE5\xBA\x97\\\"\\\"/"},
	};

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		SHD_AUTO(shd_text_finish) struct shd_text text = {0};

		shd_text_init(&text, 100);
		shd_text_put_json(&text, cases[i].text, cases[i].len);
		assert_string_equal(text.data, cases[i].json);
	}
}

static void a_long_error_is_cut_at_a_character(void **state)
{
	struct shd_error err;
	char long_text[400];

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(long_text); i += 2)
		memcpy(long_text + i, "\xD0\x96", 3);
	shd_fail(&err, SHD_ERR_IO, "x%s", long_text);
	assert_int_equal(strlen(err.msg) % 2, 1);
	shd_fail_in(&err, "store");
	assert_memory_equal(err.msg, "store: x", 8);
	assert_int_equal(((unsigned char)err.msg[strlen(err.msg) - 2]), 0xD0);
}

static void currencies_are_those_of_iso_4217(void **state)
{
	static const struct {
		const char *code, *meant;
		int digits;
		bool known;
	} cases[] = {
		{"RUB", "RUB", 2, true},
		{"AED", "AED", 2, true},
		{"ZWG", "ZWG", 2, true},
		{"JPY", "JPY", 0, true},
		{"KWD", "KWD", 3, true},
		{"CLF", "CLF", 4, true},
		{"RMB", "CNY", 2, false},
		{"rmb", "CNY", -1, false},
		{"rub", "RUB", -1, false},
		{"RUR", "RUB", 2, false},
		{"XYZ", NULL, 2, false},
		{"U$D", NULL, -1, false},
		{"", NULL, -1, false},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		const char *meant = shd_currency_meant(cases[i].code);

		assert_int_equal(shd_currency_digits(cases[i].code), cases[i].digits);
		assert_int_equal(shd_currency_known(cases[i].code), cases[i].known);
		assert_true(!meant == !cases[i].meant);
		if (meant)
			assert_string_equal(meant, cases[i].meant);
	}
}

static void places_are_digits_that_count(void **state)
{
	static const struct {
		const char *text;
		int places;
	} cases[] = {{"4", 0}, {"4.6", 1}, {"4.600", 1}, {"4.000", 0}, {"4.1234567", 7}, {"", 0}};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++)
		assert_int_equal(shd_decimal_places(cases[i].text, strlen(cases[i].text)),
			cases[i].places);
}

static void slips_get_a_suggestion(void **state)
{
	static const char *const words[] = {"responded_at", "opened_at", "closed", "type"};

	(void)state;
	assert_string_equal(shd_nearest("respondedat", words, 4), "responded_at");
	assert_string_equal(shd_nearest("tpye", words, 4), "type");
	assert_null(shd_nearest("warehouse", words, 4));
}

/* Every code point below U+10000, and every byte that is no UTF-8. */
static void a_foreign_text_is_harmless_in_a_line(void **state)
{
	(void)state;
	static const struct {
		const char *foreign, *clean;
	} rows[] = {
		{"E-1\n<0>alert 9 of store \"a\"", "E-1 <0>alert 9 of store \"a\""},
		{"E-2\033[2J\033]0;title\007", "E-2 [2J ]0;title "},
		{"E-3\xE2\x80\xAEgnp.exe\xC2\x9B" "31m", "E-3gnp.exe 31m"},
		{"a\xE2\x80\xA8" "b\xE2\x80\xA9" "c\x7F", "a b c "},
		{"\xE2\x81\xA6x\xE2\x81\xA9\xD8\x9C", "x"},
		{"\x9B" "31m\xC3", "?31m?"},
		{"Чайник 水壶 café 👍", "Чайник 水壶 café 👍"},
		{"", ""},
	};

	for (size_t i = 0; i < SHD_COUNT(rows); i++) {
		char *text shd_autofree = shd_xstrdup(rows[i].foreign);

		shd_line_clean(text);
		assert_string_equal(text, rows[i].clean);
	}
	for (int32_t code = 1; code < 0x10000; code++) {
		char text[8] = {0};
		bool odd = code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x61C ||
			   code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
			   (code >= 0x2066 && code <= 0x2069) || (code >= 0xD800 && code < 0xE000);

		if (code < 0x80)
			text[0] = (char)code;
		else if (code < 0x800)
			memcpy(text, (char[]){(char)(0xC0 | code >> 6), (char)(0x80 | (code & 63))},
				2);
		else
			memcpy(text, (char[]){(char)(0xE0 | code >> 12),
				(char)(0x80 | (code >> 6 & 63)), (char)(0x80 | (code & 63))}, 3);
		char *before shd_autofree = shd_xstrdup(text);
		shd_line_clean(text);
		assert_int_equal(strcmp(before, text) != 0, odd);
	}
}

static void a_json_text_says_the_same_harmlessly(void **state)
{
	static const struct {
		const char *json, *clean;
	} rows[] = {
		{"{\n  \"a\": \"b\\n\"\n}", "{\n  \"a\": \"b\\n\"\n}"},
		{"[\"E-3\xE2\x80\xAEgnp\xC2\x9B" "31m\x7F\xE2\x80\xA8\"]",
			"[\"E-3\\u202egnp\\u009b31m\\u007f\\u2028\"]"},
		{"\"Чайник 水壶 👍\"", "\"Чайник 水壶 👍\""},
		{"\"\xC2\x80\"", "\"\\u0080\""},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(rows); i++) {
		char *text shd_autofree = shd_json_clean(shd_xstrdup(rows[i].json));

		assert_string_equal(text, rows[i].clean);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_foreign_text_is_harmless_in_a_line),
		cmocka_unit_test(a_json_text_says_the_same_harmlessly),
		cmocka_unit_test(durations_read_back),
		cmocka_unit_test(bad_durations_are_refused),
		cmocka_unit_test(times_of_every_shape),
		cmocka_unit_test(bad_times_are_refused),
		cmocka_unit_test(times_are_shown),
		cmocka_unit_test(decimals_are_exact),
		cmocka_unit_test(bad_decimals_are_refused),
		cmocka_unit_test(doubles_keep_their_decimals),
		cmocka_unit_test(decimals_are_shown),
		cmocka_unit_test(a_share_is_exact),
		cmocka_unit_test(a_text_buffer_has_a_maximum),
		cmocka_unit_test(xml_is_escaped),
		cmocka_unit_test(text_is_put_into_json),
		cmocka_unit_test(a_long_error_is_cut_at_a_character),
		cmocka_unit_test(currencies_are_those_of_iso_4217),
		cmocka_unit_test(places_are_digits_that_count),
		cmocka_unit_test(slips_get_a_suggestion),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

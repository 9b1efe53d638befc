/* The odd JSON types that marketplaces send, one table per reader. */
#include "support/check.h"

#include "market/loose.h"
#include "market/adapter.h"

#include <string.h>

static json_t *value_of(const char *text)
{
	struct shd_error error;
	json_t *value = shd_adapter_parse(text, strlen(text), &error);

	assert_non_null(value);
	return value;
}

static void test_whole_numbers(void **state)
{
	static const struct {
		const char *json;
		bool ok;
		int64_t want;
	} cases[] = {
		{"5", true, 5},
		{"\"5\"", true, 5},
		{"-7", true, -7},
		{"\"-7\"", true, -7},
		{"9007199254740993", true, 9007199254740993},
		{"\"9007199254740993\"", true, 9007199254740993},
		{"9223372036854775807", true, INT64_MAX},
		{"5.0", true, 5},
		{"5.5", false, 0},
		{"\"5.5\"", false, 0},
		{"18446744073709551615", false, 0},
		{"\"\"", false, 0},
		{"\" 5\"", false, 0},
		{"\"five\"", false, 0},
		{"null", false, 0},
		{"true", false, 0},
		{"[5]", false, 0},
		{"{}", false, 0},
		{"1e300", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		json_auto_t *value = value_of(cases[i].json);
		int64_t n = 0;

		print_message("%s\n", cases[i].json);
		assert_int_equal(shd_loose_int(value, &n), cases[i].ok);
		assert_int_equal(n, cases[i].want);
	}
	assert_false(shd_loose_int(NULL, &(int64_t){0}));
}

static void test_bools(void **state)
{
	static const struct {
		const char *json;
		int want; /* -1: none */
	} cases[] = {{"true", 1}, {"false", 0}, {"\"true\"", 1}, {"\"False\"", 0}, {"1", 1},
		{"\"0\"", 0}, {"2", -1}, {"\"yes\"", -1}, {"null", -1}, {"\"\"", -1}, {"{}", -1}};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		json_auto_t *value = value_of(cases[i].json);
		bool yes;

		assert_int_equal(shd_loose_bool(value, &yes) ? yes : -1, cases[i].want);
	}
}

static void test_times(void **state)
{
	static const struct {
		const char *json;
		int64_t want; /* 0: none */
	} cases[] = {{"\"2026-04-04T16:59:00Z\"", 1775321940000},
		{"\"2026-04-04T16:59:00.000Z\"", 1775321940000},
		{"\"2026-04-04T16:59:00.998146Z\"", 1775321940998},
		{"\"2026-04-04T16:59:00.123456789Z\"", 1775321940123},
		{"\"2026-04-04T19:59:00+03:00\"", 1775321940000},
		{"\"9999-12-31T23:59:59.999999900Z\"", 0}, {"\"\"", 0}, {"null", 0},
		{"1775321940", 0}, {"\"yesterday\"", 0}, {"{}", 0}};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		json_auto_t *value = value_of(cases[i].json);
		struct shd_wall time = {0};

		assert_int_equal(shd_loose_time(value, &time), cases[i].want != 0);
		assert_int_equal(time.ms, cases[i].want);
	}
}

static void test_money_in_all_its_shapes(void **state)
{
	static const struct {
		const char *json, *currency;
		int64_t want; /* -1: none */
		const char *code;
	} cases[] = {
		{"{\"amount\":\"1530\",\"currency\":\"RUB\"}", NULL, 153000, "RUB"},
		{"{\"amount\":1530.5,\"currency\":\"CNY\"}", "\"RUB\"", 153050, "CNY"},
		{"{\"price\":\"3318\",\"currency_code\":\"RUB\"}", NULL, 331800, "RUB"},
		{"\"12990.00\"", "\"RUB\"", 1299000, "RUB"},
		{"2999", "\"RUB\"", 299900, "RUB"},
		{"19.99", "\"RUB\"", 1999, "RUB"},
		{"\"19.999\"", "\"RUB\"", 1999, "RUB"},
		{"\"-19.999\"", "\"RUB\"", -1999, "RUB"},
		{"\"19.9\"", "\"JPY\"", 19, "JPY"},
		{"{\"amount\":\"5\"}", "\"RUB\"", 500, "RUB"},
		{"{\"amount\":\"5\"}", NULL, -1, ""},
		{"\"5\"", NULL, -1, ""},
		{"\"5\"", "\"\"", -1, ""},
		{"\"5\"", "\"rub\"", -1, ""},
		{"\"5\"", "\"RUBLE\"", -1, ""},
		{"\"\"", "\"RUB\"", -1, ""},
		{"null", "\"RUB\"", -1, ""},
		{"{}", "\"RUB\"", -1, ""},
		{"\"99999999999999999999\"", "\"RUB\"", -1, ""},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		json_auto_t *value = value_of(cases[i].json);
		json_auto_t *currency = cases[i].currency ? value_of(cases[i].currency) : NULL;
		char code[4] = "";
		int64_t minor = -1;

		print_message("%s\n", cases[i].json);
		assert_int_equal(
			shd_loose_money(value, currency, &minor, code), cases[i].want != -1);
		assert_int_equal(minor, cases[i].want);
		assert_string_equal(code, cases[i].code);
	}
}

static void test_words_in_any_case_and_with_a_cyrillic_letter(void **state)
{
	static const struct {
		const char *json, *word;
		bool want;
	} cases[] = {{"\"FBS\"", "fbs", true}, {"\"Fbs\"", "FBS", true}, {"\"fb\"", "fbs", false},
		{"\"fbsx\"", "fbs", false}, {"\"\\u0421ustomer\"", "Customer", true},
		{"\"\\u0441ustomer\"", "Customer", true}, {"\"Customer\"", "Customer", true},
		{"\"\\u0422ustomer\"", "Customer", false}, {"\"\"", "", true}, {"7", "7", false},
		{"null", "null", false}};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		json_auto_t *value = value_of(cases[i].json);

		assert_int_equal(shd_loose_is(value, cases[i].word), cases[i].want);
	}
}

static void test_members_by_path(void **state)
{
	json_auto_t *value = value_of("{\"a\":{\"b\":{\"c\":1},\"n\":null},\"l\":[1]}");

	(void)state;
	assert_int_equal(json_integer_value(shd_loose_at(value, "a.b.c")), 1);
	assert_true(json_is_null(shd_loose_at(value, "a.n")));
	assert_null(shd_loose_at(value, "a.n.x"));
	assert_null(shd_loose_at(value, "a.x.c"));
	assert_null(shd_loose_at(value, "l.0"));
	assert_null(shd_loose_at(NULL, "a"));
}

static void test_absent_keeps_null_clears(void **state)
{
	json_auto_t *record =
		value_of("{\"id\":18446744073709551615,\"carrier\":null,\"status\":\"\"}");
	struct shd_harvest *harvest = shd_harvest_create(1 << 16);
	struct shd_error error;
	size_t at;

	(void)state;
	assert_true(shd_put_entity(
		harvest, SHD_KIND_order, "x:", json_object_get(record, "id"), "id", &at, &error));
	assert_string_equal(harvest->entities[at].id, "x:18446744073709551615");
	shd_put_text(harvest, at, SHD_F_order_carrier, json_object_get(record, "carrier"));
	shd_put_text(harvest, at, SHD_F_order_substatus, json_object_get(record, "status"));
	shd_put_text(harvest, at, SHD_F_order_sku, json_object_get(record, "sku"));
	assert_true(harvest->entities[at].set >> shd_field_index(SHD_F_order_carrier) & 1);
	assert_true(shd_entity_get(&harvest->entities[at], SHD_F_order_carrier)->none);
	assert_true(harvest->entities[at].set >> shd_field_index(SHD_F_order_substatus) & 1);
	assert_false(harvest->entities[at].set >> shd_field_index(SHD_F_order_sku) & 1);
	assert_false(shd_put_entity(
		harvest, SHD_KIND_order, "", json_object_get(record, "no"), "no", &at, &error));
	assert_int_equal(error.kind, SHD_ERR_SCHEMA);
	assert_false(shd_put_entity(harvest, SHD_KIND_order, "", json_object_get(record, "status"),
		"status", &at, &error));
	shd_harvest_destroy(harvest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_numbers),
		cmocka_unit_test(test_bools),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_money_in_all_its_shapes),
		cmocka_unit_test(test_words_in_any_case_and_with_a_cyrillic_letter),
		cmocka_unit_test(test_members_by_path),
		cmocka_unit_test(test_absent_keeps_null_clears),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

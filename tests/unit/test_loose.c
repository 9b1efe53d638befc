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
	assert_null(shd_loose_at(NULL, "a"));
}

/* What stands below a list, a text or a number is there: no reader makes anything of it, and it is
 * neither absent nor blank. */
static void test_members_of_what_is_no_object(void **state)
{
	json_auto_t *value = value_of("{\"l\":[1],\"t\":\"text\",\"n\":7,\"b\":true}");
	static const char *const paths[] = {"l.0", "t.x", "n.x.y", "b.x"};
	struct shd_loose_text text;
	struct shd_wall time;
	int64_t n;
	bool yes;

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(paths); i++) {
		struct shd_text example SHD_AUTO(shd_text_finish) = {0};
		const json_t *at = shd_loose_at(value, paths[i]);

		assert_non_null(at);
		assert_false(shd_loose_text(at, &text) || shd_loose_decimal(at, 6, &n) ||
			     shd_loose_bool(at, &yes) || shd_loose_time(at, &time) ||
			     shd_loose_any(at));
		assert_ptr_equal(shd_loose_either(at, value), at);
		shd_text_init(&example, 100);
		shd_loose_example(at, &example);
		assert_string_equal(example.data, "not an object");
		assert_null(shd_loose_at(at, "x"));
	}
}

static const struct shd_loose_word words[] = {{"new", "awaiting_shipment"}, {NULL, NULL}};

static void put(enum shd_type type, const char *words_of, struct shd_harvest *out, size_t at,
		enum shd_field field, const json_t *value)
{
	json_auto_t *rub = json_string("RUB");
	const char *ignored;

	if (type == SHD_TIME)
		shd_put_time(out, at, field, value);
	else if (type == SHD_NUMBER)
		shd_put_number(out, at, field, value);
	else if (type == SHD_BOOL)
		shd_put_bool(out, at, field, value);
	else if (type == SHD_MONEY)
		shd_put_money(out, at, field, value, rub);
	else if (*words_of)
		shd_put_said(out, at, field, value, words, &ignored);
	else
		shd_put_text(out, at, field, value);
}

/* What an observation says of a field: a value, that there is none, nothing at all, that
 * nobody can read it, or a blank, which is odd only where a value was known. */
enum say { VALUE, NONE, NOTHING, ODD, BLANK };
static const struct {
	enum shd_field field;
	const char *json; /* NULL: the member is absent */
	enum say want;
	const char *example;
} said[] = {
	{SHD_F_order_ship_by, NULL, NOTHING, NULL},
	{SHD_F_order_ship_by, "\"2026-11-30T04:00:00Z\"", VALUE, NULL},
	{SHD_F_order_ship_by, "\"2026-11-30T04:00:00+03:00\"", VALUE, NULL},
	{SHD_F_order_ship_by, "\"2026-11-30\"", VALUE, NULL},
	{SHD_F_order_ship_by, "\"9999-12-31T23:59:59Z\"", NONE, NULL},
	{SHD_F_order_ship_by, "\"2026-11-30T04:00:00\"", ODD, "\"2026-11-30T04:00:00\""},
	{SHD_F_order_ship_by, "\"30.11.2026 07:00\"", ODD, "\"30.11.2026 07:00\""},
	{SHD_F_order_ship_by, "\"2026-13-30T04:00:00Z\"", ODD, "\"2026-13-30T04:00:00Z\""},
	{SHD_F_order_ship_by, "1796011200", ODD, "1796011200"},
	{SHD_F_order_ship_by, "1796011200000", ODD, "1796011200000"},
	{SHD_F_order_ship_by, "true", ODD, "true"},
	{SHD_F_order_ship_by, "{}", ODD, "an object"},
	{SHD_F_order_ship_by, "[\"2026-11-30T04:00:00Z\"]", ODD, "a list"},
	{SHD_F_order_ship_by, "\"soon\\u0000 \\u001b[31m\"", ODD,
		"\"soon\\x00 \\x1B[31m\""},
	{SHD_F_order_ship_by, "\"0123456789012345678901234567890123456789 and more\"", ODD,
		"\"0123456789012345678901234567890123456789...\""},
	{SHD_F_order_ship_by, "null", BLANK, "null"},
	{SHD_F_order_ship_by, "\"\"", BLANK, "\"\""},
	{SHD_F_order_ship_by, "\"0001-01-01T00:00:00Z\"", BLANK,
		"\"0001-01-01T00:00:00Z\""},
	{SHD_F_order_ship_by, "\"1970-01-01T00:00:00Z\"", BLANK,
		"\"1970-01-01T00:00:00Z\""},
	{SHD_F_order_ship_by, "\"1970-01-01T03:00:00+03:00\"", BLANK,
		"\"1970-01-01T03:00:00+03:00\""},
	{SHD_F_order_units, "0", VALUE, NULL},
	{SHD_F_order_units, "\"2\"", VALUE, NULL},
	{SHD_F_order_units, "null", BLANK, "null"},
	{SHD_F_order_units, "\"2 pcs\"", ODD, "\"2 pcs\""},
	{SHD_F_order_units, "\"1 000\"", ODD, "\"1 000\""},
	{SHD_F_order_units, "1e400", ODD, "\"1e400\""},
	{SHD_F_order_units, "false", ODD, "false"},
	{SHD_F_order_has_product, "false", VALUE, NULL},
	{SHD_F_order_has_product, "null", BLANK, "null"},
	{SHD_F_order_has_product, "\"maybe\"", ODD, "\"maybe\""},
	{SHD_F_order_has_product, "2", ODD, "2"},
	{SHD_F_order_amount, "\"990.00\"", VALUE, NULL},
	{SHD_F_order_amount, "null", BLANK, "null"},
	{SHD_F_order_amount, "\"990,00 P\"", ODD, "\"990,00 P\""},
	{SHD_F_order_amount, "{\"units\":990}", ODD, "an object"},
	{SHD_F_order_carrier, "\"CDEK\"", VALUE, NULL},
	{SHD_F_order_carrier, "\"a\\u0000b\"", VALUE, NULL},
	{SHD_F_order_carrier, "7", VALUE, NULL},
	{SHD_F_order_carrier, "null", BLANK, "null"},
	{SHD_F_order_carrier, "\"\"", BLANK, "\"\""},
	{SHD_F_order_carrier, "[]", ODD, "a list"},
	{SHD_F_order_status, "\"NEW\"", VALUE, NULL},
	{SHD_F_order_status, NULL, NOTHING, NULL},
	{SHD_F_order_status, "null", BLANK, "null"},
	{SHD_F_order_status, "\"awaiting_robot\"", ODD, "\"awaiting_robot\""},
	{SHD_F_order_status, "7", ODD, "7"},
};

static void test_what_cannot_be_read_is_neither_a_value_nor_none(void **state)
{

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(said); i++) {
		const struct shd_field_row *row = shd_field_row(said[i].field);
		json_auto_t *value = said[i].json ? value_of(said[i].json) : NULL;
		struct shd_harvest *harvest = shd_harvest_create(1 << 16);
		size_t at = shd_harvest_entity(harvest, SHD_KIND_order, "o", 1);

		print_message("%s: %s\n", row->name, said[i].json ? said[i].json : "absent");
		put(row->type, row->words, harvest, at, said[i].field, value);
		const struct shd_entity *entity = &harvest->entities[at];
		const struct shd_unreadable *unread = entity->unread;
		bool set = entity->set >> shd_field_index(said[i].field) & 1;
		bool none = shd_entity_get(entity, said[i].field)->none;
		enum say got = unread ? unread->blank ? BLANK : ODD
			       : !set ? NOTHING
			       : none ? NONE
				      : VALUE;
		assert_int_equal(got, said[i].want);
		assert_true(!unread || (!set && none));
		if (unread)
			assert_string_equal(unread->example, said[i].example);
		/* What is said last counts. */
		shd_set_none(harvest, at, said[i].field);
		assert_null(harvest->entities[at].unread);
		shd_harvest_destroy(harvest);
	}
}

/* Where the first of two times says nothing the second counts; what is odd is hidden by neither. */
static void test_either_of_two_times(void **state)
{
	static const char good[] = "\"2026-11-30T04:00:00Z\"", odd[] = "1796011200",
			  zero[] = "\"0001-01-01T00:00:00Z\"", never[] = "\"9999-12-31T00:00:00Z\"";
	static const struct {
		const char *first, *second, *want; /* an example, "value" or "none" */
	} cases[] = {{good, odd, "value"}, {zero, good, "value"}, {odd, good, odd},
		{NULL, good, "value"}, {zero, odd, odd}, {odd, zero, odd}, {odd, NULL, odd},
		{zero, never, "none"}, {NULL, NULL, ""}, {"null", NULL, "null"},
		{"null", good, "value"}, {"\"\"", good, "value"}, {never, good, "none"},
		{"null", "\"0001-01-01T00:00:00Z\"", "\"0001-01-01T00:00:00Z\""}};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		json_auto_t *first = cases[i].first ? value_of(cases[i].first) : NULL;
		json_auto_t *second = cases[i].second ? value_of(cases[i].second) : NULL;
		struct shd_harvest *harvest = shd_harvest_create(1 << 16);
		size_t at = shd_harvest_entity(harvest, SHD_KIND_order, "o", 1);

		shd_put_either_time(harvest, at, SHD_F_order_ship_by, first, second);
		const struct shd_entity *entity = &harvest->entities[at];
		const struct shd_value *value = shd_entity_get(entity, SHD_F_order_ship_by);
		assert_string_equal(entity->unread ? entity->unread->example
			: !entity->set ? "" : value->none ? "none" : "value", cases[i].want);
		shd_harvest_destroy(harvest);
	}
}

static void test_ids(void **state)
{
	static const char long_id[] = "\"01234567890123456789012345678901234567890123456789"
		"01234567890123456789012345678901234567890123456789"
		"01234567890123456789012345678901234567890123456789"
		"012345678901234567890123456789012345678901234567890\"";
	static const struct {
		const char *json, *id; /* NULL: none; else a record without one */
		const char *why;
	} cases[] = {
		{"18446744073709551615", "x:18446744073709551615", NULL},
		{"\"0777-1\"", "x:0777-1", NULL},
		{"\"half \\ud83d\"", "x:half \xEF\xBF\xBD", NULL},
		{"\"a\\u0000b\"", NULL, "a record has no \"id\": it is \"a\\x00b\""},
		{"null", NULL, "a record has no \"id\": it is null"},
		{"\"\"", NULL, "a record has no \"id\": it is \"\""},
		{"1.5", NULL, "a record has no \"id\": it is 1.5"},
		{"{}", NULL, "a record has no \"id\": it is an object"},
		{"\" \\t\\r\\n\"", NULL, "a record has no \"id\": it is \" \\x09\\x0D\\x0A\""},
		{"\" 7\"", "x: 7", NULL},
		{NULL, NULL, "a record has no \"id\""},
		{long_id, NULL,
			"a record has no \"id\": it is "
			"\"0123456789012345678901234567890123456789...\""},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		json_auto_t *value = cases[i].json ? value_of(cases[i].json) : NULL;
		struct shd_harvest *harvest = shd_harvest_create(1 << 16);
		struct shd_error error;
		size_t at;

		assert_int_equal(shd_put_entity(harvest, SHD_KIND_order, "x:", value, "id", &at,
					 &error), cases[i].id != NULL);
		if (cases[i].id) {
			assert_string_equal(harvest->entities[at].id, cases[i].id);
		} else {
			assert_string_equal(error.msg, cases[i].why);
			assert_int_equal(error.kind, SHD_ERR_SCHEMA);
			assert_int_equal(harvest->entity_count, 0);
		}
		shd_harvest_destroy(harvest);
	}
}

/* What a parser refuses and people can read does not cost the record. */
static void test_records_are_mended(void **state)
{
	static const struct {
		const char *json, *want; /* of the list's first member; NULL: no JSON */
	} cases[] = {
		{"[\"half \\ud83d\"]", "half \xEF\xBF\xBD"},
		{"[\"\\ude00 half\"]", "\xEF\xBF\xBD half"},
		{"[\"\\ud83d\\ud83d\\ude00!\"]", "\xEF\xBF\xBD\xF0\x9F\x98\x80!"},
		{"[\"\\ud83d\\\"x\"]", "\xEF\xBF\xBD\"x"},
		{"[\"a\xF0\x9F b\"]", "a\xEF\xBF\xBD\xEF\xBF\xBD b"},
		{"[\"a\xFF\"]", "a\xEF\xBF\xBD"},
		{"[\"a\nb\"]", "a\xEF\xBF\xBD" "b"},
		{"[\"\\ud83d\",\"\\\\\",{\"\xC3\":1}]", "\xEF\xBF\xBD"},
		{"[1e400]", "1e400"},
		{"[-18446744073709551615]", "-18446744073709551615"},
		{"[\"a\\ud8\"]", NULL},
		{"[\"a\\ud83d", NULL},
		{"[\"\\", NULL},
		{"[nul]", NULL},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_error error;
		json_auto_t *list =
			shd_adapter_parse(cases[i].json, strlen(cases[i].json), &error);

		print_message("%s\n", cases[i].json);
		assert_int_equal(list != NULL, cases[i].want != NULL);
		if (list)
			assert_string_equal(
				json_string_value(json_array_get(list, 0)), cases[i].want);
		else
			assert_int_equal(error.kind, SHD_ERR_SYNTAX);
	}
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
		cmocka_unit_test(test_members_of_what_is_no_object),
		cmocka_unit_test(test_what_cannot_be_read_is_neither_a_value_nor_none),
		cmocka_unit_test(test_either_of_two_times),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_records_are_mended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

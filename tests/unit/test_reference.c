/* What `rules reference` tells: everything that the tables have, with examples that hold. */
#include "support/check.h"

#include "ctl/reference.h"
#include "market/adapter.h"
#include "rule/language/expr.h"

#include <string.h>

static void on_mistake(void *ctx, size_t at, size_t width, const char *hint, const char *text)
{
	(void)at;
	(void)width;
	(void)hint;
	fail_msg("%s: %s", (const char *)ctx, text);
}

/* The type of an example, in a rule that is `each: KIND` (SHD_KIND_COUNT: of the store). */
static const char *type_of(const char *text, enum shd_kind kind, const struct shd_word_lists *lists)
{
	static char type[SHD_TYPE_TEXT];
	SHD_AUTO(shd_arena_destroyp) struct shd_arena *arena = shd_arena_create(1 << 20);
	struct shd_expr_mistakes mistakes = {.report = on_mistake, .ctx = (void *)(uintptr_t)text};
	bool each = kind != SHD_KIND_COUNT;
	struct shd_expr_scope scope = {.each = each,
		.kind = each ? kind : (enum shd_kind)0,
		.word_lists = lists};
	struct shd_expr *expr = shd_parse(text, strlen(text), arena, &mistakes);

	assert_non_null(expr);
	assert_true(shd_check(expr, &scope, arena, &mistakes));
	return shd_expr_type(expr, type);
}

static const char *text_of(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));

	if (!text)
		fail_msg("no %s", name);
	return text;
}

static void test_every_kind_and_field_is_there_with_an_example(void **state)
{
	json_auto_t *all = shd_reference(NULL, NULL);
	json_t *kind, *field;
	size_t k, f, fields = 0;

	(void)state;
	json_array_foreach(json_object_get(all, "kinds"), k, kind) {
		assert_string_equal(text_of(kind, "name"), shd_kind_name((enum shd_kind)k));
		assert_string_equal(
			type_of(text_of(kind, "example"), SHD_KIND_COUNT, NULL), "number");
		json_array_foreach(json_object_get(kind, "fields"), f, field) {
			assert_string_equal(
				type_of(text_of(field, "example"), (enum shd_kind)k, NULL), "bool");
			assert_true(*text_of(field, "doc"));
			fields++;
		}
	}
	assert_int_equal(k, SHD_KIND_COUNT);
	assert_int_equal(fields, SHD_FIELD_COUNT);
}

static void test_every_metric_is_there_with_an_example(void **state)
{
	json_auto_t *all = shd_reference(NULL, NULL);
	json_t *metric;
	size_t i;

	(void)state;
	json_array_foreach(json_object_get(all, "metrics"), i, metric) {
		assert_string_equal(
			text_of(metric, "name"), shd_metric_row((enum shd_metric)i)->name);
		assert_string_equal(
			type_of(text_of(metric, "example"), SHD_KIND_COUNT, NULL), "bool");
		assert_true(*text_of(metric, "poller"));
	}
	assert_int_equal(i, SHD_METRIC_COUNT);
}

/* Gives: "number", or words such as "its type". */
static void check_calls(const json_t *calls, size_t count)
{
	json_t *call;
	size_t i;

	json_array_foreach(calls, i, call) {
		const char *gives = text_of(call, "gives"), *example = text_of(call, "example");
		enum shd_kind kind = strstr(example, "opened_at") ? SHD_KIND_order : SHD_KIND_COUNT;
		const char *type = type_of(example, kind, NULL);
		enum shd_type known;

		assert_memory_equal(example, text_of(call, "name"), strlen(text_of(call, "name")));
		if (shd_type_find(gives, &known))
			assert_string_equal(type, gives);
	}
	assert_int_equal(i, count);
}

static void test_every_function_is_there_with_an_example(void **state)
{
	json_auto_t *all = shd_reference(NULL, NULL);

	(void)state;
	check_calls(json_object_get(all, "functions"), SHD_FN_COUNT);
	check_calls(json_object_get(all, "aggregates"), SHD_AGG_COUNT);
}

static void test_word_lists_are_there(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(10);
	struct shd_word_lists *lists = shd_word_lists_create();

	(void)state;
	assert_true(
		shd_word_lists_add(lists, "banned", "banned.txt", "one\ntwo three\n", 14, diags));
	json_auto_t *all = shd_reference(lists, "banned");
	const json_t *list = json_array_get(json_object_get(all, "word_lists"), 0);
	assert_string_equal(text_of(list, "name"), "words.banned");
	assert_int_equal(json_integer_value(json_object_get(list, "entries")), 2);
	assert_string_equal(type_of(text_of(list, "example"), SHD_KIND_COUNT, lists), "bool");
	assert_string_equal(shd_reference_nearest(lists, "baned"), "banned");
	shd_word_lists_destroy(lists);
}

static size_t rows(const json_t *all)
{
	size_t count = 0;
	const char *name;
	json_t *list;

	json_object_foreach((json_t *)(uintptr_t)all, name, list)
		count += json_array_size(list);
	return count;
}

static void test_one_name_shows_what_has_it(void **state)
{
	static const char *const once[] = {"order", "share", "acos", "acos_target", "order.status",
		"remaining", "store.kind", "poll.orders", "clear_for", "ratio", "{value}", NULL};

	(void)state;
	for (size_t i = 0; once[i]; i++) {
		json_auto_t *one = shd_reference(NULL, once[i]);

		if (!one || rows(one) != (strcmp(once[i], "ratio") == 0 ? 2 : 1))
			fail_msg("%s", once[i]);
	}
	assert_null(shd_reference(NULL, "ordr"));
	assert_null(shd_reference(NULL, "order.statsu"));
	assert_string_equal(shd_reference_nearest(NULL, "ordr"), "order");
	assert_string_equal(shd_reference_nearest(NULL, "order.statsu"), "status");
}

static void test_it_tells_who_brings_a_field(void **state)
{
	json_auto_t *ours = shd_reference(NULL, "order.shipped_late");
	json_auto_t *theirs = shd_reference(NULL, "order.amount");
	json_auto_t *nobody = shd_reference(NULL, "order.country");
	const json_t *all[] = {ours, theirs, nobody}, *fields[3];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		fields[i] = json_array_get(json_object_get(json_array_get(
			json_object_get(all[i], "kinds"), 0), "fields"), 0);
	assert_true(json_is_true(json_object_get(fields[0], "made")));
	assert_int_equal(json_array_size(json_object_get(fields[0], "platforms")), 0);
	assert_false(json_is_true(json_object_get(fields[1], "made")));
	assert_int_equal(json_array_size(json_object_get(fields[1], "platforms")), 1);
	assert_false(json_is_true(json_object_get(fields[2], "made")));
	assert_int_equal(json_array_size(json_object_get(fields[2], "platforms")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_and_field_is_there_with_an_example),
		cmocka_unit_test(test_every_metric_is_there_with_an_example),
		cmocka_unit_test(test_every_function_is_there_with_an_example),
		cmocka_unit_test(test_word_lists_are_there),
		cmocka_unit_test(test_one_name_shows_what_has_it),
		cmocka_unit_test(test_it_tells_who_brings_a_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

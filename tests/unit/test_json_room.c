/* daemon/host/json_room: pieces of one block, and those that found no place there. */
#include "host/json_room.h"

#include "base/mem.h"
#include "market/adapter.h"
#include "support/check.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *number_list(int count)
{
	json_t *list = json_array();

	for (int i = 0; i < count; i++)
		assert_int_equal(json_array_append_new(list, json_integer(i)), 0);
	return list;
}

static void check(const json_t *list, int count)
{
	assert_int_equal(json_array_size(list), count);
	for (int i = 0; i < count; i++)
		assert_int_equal(json_integer_value(json_array_get(list, (size_t)i)), i);
}

static void values_of_both_places_are_released_anywhere(void **state)
{
	json_t *before = number_list(10);

	(void)state;
	{
		SHD_JSON_ROOM();
		json_auto_t *small = number_list(10);

		check(small, 10);
		check(before, 10);
		json_decref(before);
		check(small, 10);
	}
	json_auto_t *after = number_list(10);
	check(after, 10);
}

/* A hundred thousand numbers are more than the block has room for. */
static void what_has_no_room_is_whole_all_the_same(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		SHD_JSON_ROOM();
		json_auto_t *large = number_list(100000);
		json_auto_t *small = number_list(3);

		check(large, 100000);
		check(small, 3);
	}
}

/* Another room on the same thread begins anew. */
static void one_text_cannot_take_all_memory(void **state)
{
	enum { OBJECTS = 1000000 };
	char *text = malloc(3 * OBJECTS + 2);
	struct shd_error err;

	(void)state;
	text[0] = '[';
	for (size_t i = 0; i < OBJECTS; i++)
		memcpy(text + 1 + 3 * i, i + 1 < OBJECTS ? "{}," : "{}]", 4);
	for (int round = 0; round < 3; round++) {
		SHD_JSON_ROOM();
		assert_null(shd_adapter_parse(text, 3 * OBJECTS + 1, &err));
		assert_int_equal(err.kind, SHD_ERR_LIMIT);
	}
	free(text);
	SHD_JSON_ROOM();
	json_auto_t *large = number_list(100000);
	check(large, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_both_places_are_released_anywhere),
		cmocka_unit_test(one_text_cannot_take_all_memory),
		cmocka_unit_test(what_has_no_room_is_whole_all_the_same),
	};

	shd_json_room_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* conf/: the JSON schema that ships is the one the option tables give. */
#include "unit/cases.h"

#include "conf/schema.h"

#include <jansson.h>

static const char path[] = SHD_SOURCE_DIR "/conf/schema/storehealthd.json";

/* After a change of an option: UPDATE_CASES=1 test_schema, look, commit. */
static void the_shipped_schema_is_up_to_date(void **state)
{
	json_auto_t *schema = shd_settings_schema();
	char *text shd_autofree = json_dumps(schema, JSON_INDENT(2));
	size_t len;

	(void)state;
	if (getenv("UPDATE_CASES")) {
		FILE *file = fopen(path, "wb");

		assert_non_null(file);
		assert_true(fprintf(file, "%s\n", text) > 0);
		assert_int_equal(fclose(file), 0);
	}
	char *shipped shd_autofree = case_file(path, &len);
	assert_int_equal(len, strlen(text) + 1);
	assert_memory_equal(shipped, text, len - 1);
}

static void every_option_is_described(void **state)
{
	json_auto_t *schema = shd_settings_schema();
	json_t *store = json_array_get(
		json_object_get(json_object_get(json_object_get(json_object_get(schema, "properties"),
							"stores"),
					"items"),
			"oneOf"),
		0);
	json_t *properties = json_object_get(store, "properties"), *option;
	const char *name;

	(void)state;
	assert_true(json_object_size(properties) > 10);
	json_object_foreach(properties, name, option) {
		const char *text = json_string_value(json_object_get(option, "description"));

		if (!text || !*text)
			fail_msg("%s has no description", name);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shipped_schema_is_up_to_date),
		cmocka_unit_test(every_option_is_described),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* conf/schema.h, rule/schema.h: the JSON schemas that ship are those the tables give. */
#include "support/cases.h"

#include "settings/schema.h"
#include "rule/schema.h"

#include <glob.h>
#include <jansson.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* After a change of an option or key: UPDATE_CASES=1 test_schema, look, commit. */
static void compare(const char *path, const json_t *schema)
{
	char *text shd_autofree = json_dumps(schema, JSON_INDENT(2));
	size_t len;

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

static void the_shipped_schemas_are_up_to_date(void **state)
{
	json_auto_t *settings = shd_settings_schema(), *rules = shd_rules_schema();

	(void)state;
	compare(SHD_SOURCE_DIR "/conf/schema/storehealthd.json", settings);
	compare(SHD_SOURCE_DIR "/conf/schema/rules.json", rules);
}

static void every_option_is_described(void **state)
{
	json_auto_t *schema = shd_settings_schema();
	json_t *store = json_array_get(
		json_object_get(
			json_object_get(
				json_object_get(json_object_get(schema, "properties"), "stores"),
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

/* --- a validator of those keywords that the schema of rules uses -------------------------- */

static bool is_valid(const json_t *root, const json_t *schema, const struct shd_node *node);

static bool is_word(const struct shd_node *node, const char *a, const char *b)
{
	return !node->quoted && (strcmp(node->text, a) == 0 || strcmp(node->text, b) == 0);
}

/* As a YAML parser of an editor sees it. */
static bool has_type(const char *type, const struct shd_node *node)
{
	char *end;

	if (node->type == SHD_NODE_MAP)
		return strcmp(type, "object") == 0;
	if (node->type == SHD_NODE_LIST)
		return strcmp(type, "array") == 0;
	if (is_word(node, "true", "false"))
		return strcmp(type, "boolean") == 0;
	strtod(node->text, &end);
	return strcmp(type, !node->quoted && node->len && !*end ? "number" : "string") == 0;
}

static bool matches(const char *pattern, const struct shd_node *node)
{
	regex_t regex;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	bool good = regexec(&regex, node->text, 0, NULL, 0) == 0;
	regfree(&regex);
	return good;
}

static bool members_are_valid(const json_t *root, const json_t *schema, const struct shd_node *map)
{
	const json_t *properties = json_object_get(schema, "properties");
	const json_t *more = json_object_get(schema, "additionalProperties");
	json_t *name;
	size_t i;

	for (i = 0; i < map->count; i++) {
		const json_t *member = json_object_get(properties, map->keys[i].text);

		if (!member && json_is_false(more))
			return false;
		member = member ? member : more;
		if (member && !is_valid(root, member, &map->items[i]))
			return false;
	}
	json_array_foreach(json_object_get(schema, "required"), i, name)
		if (!shd_node_get(map, json_string_value(name)))
			return false;
	return true;
}

static bool is_one_of(const json_t *list, const struct shd_node *node)
{
	json_t *word;
	size_t i;

	json_array_foreach(list, i, word)
		if (node->text && strcmp(json_string_value(word), node->text) == 0)
			return true;
	return !list;
}

static bool has_one_type(const json_t *types, const struct shd_node *node)
{
	json_t *type;
	size_t i;

	json_array_foreach(types, i, type)
		if (has_type(json_string_value(type), node))
			return true;
	return json_is_string(types) ? has_type(json_string_value(types), node) : !types;
}

static bool is_valid(const json_t *root, const json_t *schema, const struct shd_node *node)
{
	const json_t *pattern = json_object_get(schema, "pattern");
	const json_t *any = json_object_get(schema, "anyOf"),
		     *items = json_object_get(schema, "items");

	if (json_object_get(schema, "$ref"))
		schema = json_object_get(json_object_get(root, "definitions"), "expression");
	if (!has_one_type(json_object_get(schema, "type"), node) ||
	    !is_one_of(json_object_get(schema, "enum"), node) ||
	    (pattern && !matches(json_string_value(pattern), node)))
		return false;
	if (any && !is_valid(root, json_array_get(any, 0), node) &&
	    !is_valid(root, json_array_get(any, 1), node))
		return false;
	for (size_t i = 0; items && i < node->count; i++)
		if (!is_valid(root, items, &node->items[i]))
			return false;
	return node->type != SHD_NODE_MAP || members_are_valid(root, schema, node);
}

static bool text_is_valid(const char *text, size_t len)
{
	struct shd_diags *diags SHD_AUTO(shd_diags_destroyp) = shd_diags_create(10);
	struct shd_doc *doc SHD_AUTO(shd_doc_destroyp) = shd_doc_parse("t", text, len, diags);
	json_auto_t *schema = shd_rules_schema();

	assert_non_null(doc);
	return is_valid(schema, schema, shd_doc_root(doc));
}

static void the_shipped_rules_are_valid(void **state)
{
	glob_t found;

	(void)state;
	assert_int_equal(glob(SHD_SOURCE_DIR "/conf/rules.d/*.yaml", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		size_t len;
		char *text shd_autofree = case_file(found.gl_pathv[i], &len);

		if (!text_is_valid(text, len))
			fail_msg("%s does not follow conf/schema/rules.json", found.gl_pathv[i]);
	}
	assert_true(found.gl_pathc >= 5);
	globfree(&found);
}

static void a_wrong_file_of_rules_is_not_valid(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
		{"rules: [{rule: a, levels: {info: true}}]", true},
		{"rules: [{rule: a, levels: {info: true}, for: 3 of 5, title: {en: x}}]", true},
		{"rules: [{rule: a, levels: {info: true}, for: 1d12h, title: x}]", true},
		{"rules: [{rule: a, levels: {info: true}, for: soon}]", false},
		{"rules: [{rule: A, levels: {info: true}}]", false},
		{"rules: [{rule: a, levels: {warn: true}}]", false},
		{"rules: [{rule: a, levels: 3}]", false},
		{"rules: [{rule: a}]", false},
		{"rules: [{levels: {info: true}}]", false},
		{"rules: [{rule: a, levels: {info: true}, each: ordr}]", false},
		{"rules: [{rule: a, levels: {info: true}, wher: closed}]", false},
		{"rules: [{rule: a, levels: {info: true}, where: [closed]}]", false},
		{"rules: [{rule: a, levels: {info: true}, title: {fr: x}}]", false},
		{"rules: [{rule: a, levels: {info: true}, enabled: yes}]", false},
		{"rules: [{rule: a, levels: {info: true}, runbook: wiki}]", false},
		{"rules: {rule: a}", false},
		{"rule: []", false},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++)
		if (text_is_valid(cases[i].text, strlen(cases[i].text)) != cases[i].valid)
			fail_msg("%s", cases[i].text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shipped_schemas_are_up_to_date),
		cmocka_unit_test(every_option_is_described),
		cmocka_unit_test(the_shipped_rules_are_valid),
		cmocka_unit_test(a_wrong_file_of_rules_is_not_valid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

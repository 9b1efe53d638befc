#include "schema.h"

#include "base/text.h"
#include "rule.h"
#include "rule/language/expr.h"

#include <string.h>

enum { DOC_BYTES = 1 << 16 };

enum shape {
	SHAPE_ID,
	SHAPE_TEXT,
	SHAPE_TEXTS,
	SHAPE_EXPR,
	SHAPE_KIND,
	SHAPE_LEVELS,
	SHAPE_CLEAR,
	SHAPE_FOR,
	SHAPE_DURATION,
	SHAPE_URL,
	SHAPE_LABELS,
	SHAPE_BOOL,
	SHAPE_RULES,
};

static const struct {
	const char *name, *doc;
	enum shape shape;
} keys[] = {
#define KEY(name, shape, doc) {#name, doc, SHAPE_##shape},
#include "keys.def"
#undef KEY
};

static const char rule_id[] = "^[a-z0-9-]{1,64}$";

static void set(json_t *object, const char *name, json_t *value)
{
	shd_assert(value && json_object_set_new(object, name, value) == 0);
}

static void append(json_t *array, json_t *value)
{
	shd_assert(value && json_array_append_new(array, value) == 0);
}

static json_t *of_type(const char *type)
{
	json_t *schema = json_object();

	set(schema, "type", json_string(type));
	return schema;
}

static json_t *of_pattern(const char *pattern)
{
	json_t *schema = of_type("string");

	set(schema, "pattern", json_string(pattern));
	return schema;
}

/* Editors take `4.6` and `true` in YAML for a number and a bool; we read them as texts. */
static json_t *scalar_schema(void)
{
	static const char *const types[] = {"string", "number", "boolean"};
	json_t *schema = json_object(), *list = json_array();

	for (size_t i = 0; i < SHD_COUNT(types); i++)
		append(list, json_string(types[i]));
	set(schema, "type", list);
	return schema;
}

static json_t *expression_schema(void)
{
	json_t *schema = json_object();

	set(schema, "$ref", json_string("#/definitions/expression"));
	return schema;
}

static json_t *object_schema(const char *const *names, size_t count, json_t *(*value)(void))
{
	json_t *schema = of_type("object"), *properties = json_object();

	for (size_t i = 0; i < count; i++)
		set(properties, names[i], value());
	set(schema, "properties", properties);
	set(schema, "additionalProperties", json_false());
	set(schema, "minProperties", json_integer(1));
	return schema;
}

static json_t *texts_schema(void)
{
	json_t *schema = json_object(), *list = json_array();

	append(list, scalar_schema());
	append(list, object_schema(shd_language_names, SHD_LANGUAGE_COUNT, scalar_schema));
	set(schema, "anyOf", list);
	return schema;
}

static json_t *levels_schema(void)
{
	const char *names[SHD_LEVEL_COUNT - SHD_INFO];

	for (int level = SHD_INFO; level < SHD_LEVEL_COUNT; level++)
		names[level - SHD_INFO] = shd_level_name((enum shd_level)level);
	return object_schema(names, SHD_COUNT(names), expression_schema);
}

static json_t *clear_schema(void)
{
	json_t *schema = json_object(), *list = json_array();

	append(list, expression_schema());
	append(list, levels_schema());
	set(schema, "anyOf", list);
	return schema;
}

static json_t *kind_schema(void)
{
	json_t *schema = json_object(), *list = json_array();

	for (int i = 0; i < SHD_KIND_COUNT; i++)
		append(list, json_string(shd_kind_name((enum shd_kind)i)));
	set(schema, "enum", list);
	return schema;
}

static json_t *labels_schema(void)
{
	json_t *schema = of_type("object");

	set(schema, "additionalProperties", scalar_schema());
	return schema;
}

/* The name of a rule, or several. */
static json_t *rules_schema(void)
{
	json_t *schema = json_object(), *list = json_array(), *names = of_type("array");

	set(names, "items", of_pattern(rule_id));
	append(list, of_pattern(rule_id));
	append(list, names);
	set(schema, "anyOf", list);
	return schema;
}

static json_t *shape_schema(enum shape shape)
{
	switch (shape) {
	case SHAPE_ID:
		return of_pattern(rule_id);
	case SHAPE_TEXT:
		return scalar_schema();
	case SHAPE_TEXTS:
		return texts_schema();
	case SHAPE_EXPR:
		return expression_schema();
	case SHAPE_KIND:
		return kind_schema();
	case SHAPE_LEVELS:
		return levels_schema();
	case SHAPE_CLEAR:
		return clear_schema();
	case SHAPE_FOR:
		return of_pattern("^([0-9]+(w|d|h|m|s|ms))+$|^[0-9]+ of [0-9]+$");
	case SHAPE_DURATION:
		return of_pattern("^([0-9]+(w|d|h|m|s|ms))+$");
	case SHAPE_URL:
		return of_pattern("^https?://");
	case SHAPE_LABELS:
		return labels_schema();
	case SHAPE_BOOL:
		return of_type("boolean");
	case SHAPE_RULES:
		return rules_schema();
	}
	shd_bug("a key without a shape", __FILE__, __LINE__);
}

/* A map with the keys from row `first` on. */
static json_t *keys_schema(size_t first)
{
	json_t *schema = of_type("object"), *properties = json_object();

	for (size_t i = first; i < SHD_COUNT(keys); i++) {
		json_t *key = shape_schema(keys[i].shape);

		set(key, "description", json_string(keys[i].doc));
		set(properties, keys[i].name, key);
	}
	set(schema, "properties", properties);
	set(schema, "additionalProperties", json_false());
	return schema;
}

static json_t *rule_schema(void)
{
	static const char *const required[] = {"rule", "levels"};
	json_t *schema = keys_schema(0), *list = json_array();

	for (size_t i = 0; i < SHD_COUNT(required); i++)
		append(list, json_string(required[i]));
	set(schema, "required", list);
	return schema;
}

static void add_call(struct shd_text *doc, const struct shd_call_row *row)
{
	shd_text_printf(doc, "- %s: %s\n", row->name, row->doc);
}

/* What an editor shows beside an expression. */
static void add_functions(struct shd_text *doc)
{
	shd_text_puts(doc, "\n\nOver a window, as share(order last 30d where shipped_late):\n");
	for (int i = 0; i < SHD_AGG_COUNT; i++)
		add_call(doc, shd_aggregate_row((enum shd_aggregate)i));
	shd_text_puts(doc, "\nFunctions:\n");
	for (int i = 0; i < SHD_FN_COUNT; i++)
		add_call(doc, shd_function_row((enum shd_function)i));
}

static void add_metrics(struct shd_text *doc)
{
	shd_text_puts(doc, "\nMetrics, each also as NAME_target:\n");
	for (int i = 0; i < SHD_METRIC_COUNT; i++) {
		const struct shd_metric_row *row = shd_metric_row((enum shd_metric)i);

		shd_text_printf(
			doc, "- %s (%s): %s\n", row->name, shd_type_name(row->type), row->doc);
	}
}

static json_t *expression_definition(void)
{
	json_t *schema = scalar_schema();
	struct shd_text doc SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&doc, DOC_BYTES);
	shd_text_puts(&doc,
		"An expression of the rules language: comparisons of ratios (4%), numbers "
		"(4.6), durations (48h), times (now + 2d), money (5000 RUB) and texts, "
		"with and, or, not, in, is none, is unreadable, else, ? :.");
	add_functions(&doc);
	add_metrics(&doc);
	shd_assert(shd_text_ok(&doc));
	set(schema, "description", json_string(doc.data));
	return schema;
}

static json_t *list_of(json_t *items, const char *doc)
{
	json_t *schema = of_type("array");

	set(schema, "items", items);
	set(schema, "description", json_string(doc));
	return schema;
}

json_t *shd_override_definitions(void)
{
	json_t *definitions = json_object();

	set(definitions, "expression", expression_definition());
	set(definitions, "override", keys_schema(1));
	return definitions;
}

json_t *shd_rules_schema(void)
{
	json_t *schema = json_object(), *properties = json_object(), *definitions = json_object();

	set(schema, "$schema", json_string("http://json-schema.org/draft-07/schema#"));
	set(schema, "title", json_string("Rules of storehealthd"));
	set(schema, "type", json_string("object"));
	set(properties, "rules", list_of(rule_schema(), "The rules of this file."));
	set(properties, "tests",
		list_of(of_type("object"), "What storehealthctl rules test tries."));
	set(schema, "properties", properties);
	set(schema, "additionalProperties", json_false());
	set(definitions, "expression", expression_definition());
	set(schema, "definitions", definitions);
	return schema;
}

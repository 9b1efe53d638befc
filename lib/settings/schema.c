#include "schema.h"
#include "tables.h"
#include "market/adapter.h"
#include "notify/notify.h"
#include "rule/schema.h"

#include <stdlib.h>
#include <string.h>

static void set(json_t *object, const char *name, json_t *value)
{
	shd_assert(value && json_object_set_new(object, name, value) == 0);
}

static void append(json_t *array, json_t *value)
{
	shd_assert(value && json_array_append_new(array, value) == 0);
}

static json_t *object_of_type(const char *type)
{
	json_t *object = json_object();

	set(object, "type", json_string(type));
	return object;
}

/* Numbers count as texts: client_id: 123 needs no quotes. */
static json_t *text_schema(void)
{
	json_t *schema = json_object(), *types = json_array();

	append(types, json_string("string"));
	append(types, json_string("number"));
	set(schema, "type", types);
	return schema;
}

static json_t *word_schema(const char *const *words)
{
	json_t *schema = json_object(), *list = json_array();

	for (size_t i = 0; words && words[i]; i++)
		append(list, json_string(words[i]));
	set(schema, "enum", list);
	return schema;
}

static json_t *pattern_schema(const char *pattern)
{
	json_t *schema = object_of_type("string");

	set(schema, "pattern", json_string(pattern));
	return schema;
}

static json_t *any_of(json_t *a, json_t *b)
{
	json_t *schema = json_object(), *list = json_array();

	append(list, a);
	append(list, b);
	set(schema, "anyOf", list);
	return schema;
}

static json_t *list_schema(json_t *items)
{
	json_t *schema = object_of_type("array");

	set(schema, "items", items);
	return schema;
}

static json_t *map_schema(json_t *values)
{
	json_t *schema = object_of_type("object");

	set(schema, "additionalProperties", values);
	return schema;
}

static json_t *int_schema(const struct shd_option *option)
{
	json_t *schema = object_of_type("integer");

	if (option->min || option->max) {
		set(schema, "minimum", json_integer(option->min));
		set(schema, "maximum", json_integer(option->max));
	}
	return schema;
}

static json_t *duration_schema(const struct shd_option *option)
{
	json_t *schema = pattern_schema(
		"^(?=.)([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$");

	return option->words ? any_of(schema, word_schema(option->words)) : schema;
}

static json_t *url_schema(const struct shd_option *option)
{
	SHD_AUTO(shd_text_finish) struct shd_text pattern = {0};

	shd_text_init(&pattern, 1024);
	shd_text_puts(&pattern, "^(");
	for (size_t i = 0; option->words[i]; i++)
		shd_text_printf(&pattern, "%s%s", i ? "|" : "", option->words[i]);
	shd_text_puts(&pattern, ")://");
	return pattern_schema(pattern.data);
}

static json_t *secret_schema(void)
{
	static const char *const names[] = {"credential", "file", "env"};
	json_t *schema = object_of_type("object"), *properties = json_object();

	for (size_t i = 0; i < SHD_COUNT(names); i++)
		set(properties, names[i], object_of_type("string"));
	set(schema, "properties", properties);
	set(schema, "additionalProperties", json_false());
	set(schema, "minProperties", json_integer(1));
	set(schema, "maxProperties", json_integer(1));
	return schema;
}

static json_t *type_schema(const struct shd_option *option)
{
	switch (option->type) {
	case SHD_OPT_TEXT:
		return text_schema();
	case SHD_OPT_WORD:
		return word_schema(option->words);
	case SHD_OPT_INT:
		return int_schema(option);
	case SHD_OPT_BOOL:
		return object_of_type("boolean");
	case SHD_OPT_DURATION:
		return duration_schema(option);
	case SHD_OPT_BYTES:
		return pattern_schema("^[0-9]+(B|[kK]B|MB|GB|KiB|MiB|GiB)$");
	case SHD_OPT_URL:
		return url_schema(option);
	case SHD_OPT_DATE:
	case SHD_OPT_ZONE:
		return object_of_type("string");
	case SHD_OPT_SECRET:
		return secret_schema();
	case SHD_OPT_TEXTS:
		return any_of(text_schema(), list_schema(text_schema()));
	case SHD_OPT_PAIRS:
		return map_schema(text_schema());
	case SHD_OPT_NODE:
		break;
	}
	return json_object();
}

static json_t *preset_value(const struct shd_option *option)
{
	if (option->type == SHD_OPT_INT)
		return json_integer(strtoll(option->preset, NULL, 10));
	if (option->type == SHD_OPT_BOOL)
		return json_boolean(strcmp(option->preset, "true") == 0);
	return json_string(option->preset);
}

static json_t *option_schema(const struct shd_option *option)
{
	json_t *schema = type_schema(option);

	set(schema, "description", json_string(option->doc));
	if (option->preset)
		set(schema, "default", preset_value(option));
	return schema;
}

static void add_options(json_t *schema, const struct shd_option *table, size_t count)
{
	json_t *properties = json_object_get(schema, "properties");
	json_t *required = json_object_get(schema, "required");

	for (size_t i = 0; i < count; i++) {
		set(properties, table[i].name, option_schema(&table[i]));
		if (table[i].required)
			append(required, json_string(table[i].name));
	}
}

json_t *shd_options_schema(const struct shd_option *table, size_t count)
{
	json_t *schema = object_of_type("object");

	set(schema, "properties", json_object());
	set(schema, "required", json_array());
	set(schema, "additionalProperties", json_false());
	add_options(schema, table, count);
	return schema;
}

/* Puts what a section really holds in the place of the option that names it, and
 * keeps the option's description. */
static void fill_section(json_t *schema, const char *name, json_t *section)
{
	json_t *properties = json_object_get(schema, "properties");
	json_t *text = json_object_get(json_object_get(properties, name), "description");

	shd_assert(text && json_object_set(section, "description", text) == 0);
	set(properties, name, section);
}

/* The one word by which an editor knows which of several tables holds. */
static void fix_word(json_t *schema, const char *name, const char *word)
{
	json_t *section = json_object();

	set(section, "const", json_string(word));
	fill_section(schema, name, section);
}

static json_t *overrides_schema(void)
{
	json_t *override = json_object();

	set(override, "$ref", json_string("#/definitions/override"));
	return map_schema(override);
}

/* Keys of its own, or the name of a credential instead. */
static void require_keys(json_t *schema, const struct shd_adapter *adapter)
{
	json_t *named = json_object(), *own = json_object(), *both = json_array();
	json_t *name = json_array(), *keys = json_array();

	append(name, json_string("credential"));
	set(named, "required", name);
	for (size_t i = 0; i < adapter->credential_option_count; i++)
		if (adapter->credential_options[i].required)
			append(keys, json_string(adapter->credential_options[i].name));
	set(own, "required", keys);
	append(both, own);
	append(both, named);
	set(schema, "anyOf", both);
}

static void add_source(json_t *schema, const struct shd_adapter *adapter)
{
	json_t *required = json_object_get(schema, "required");

	add_options(schema, shd_source_options, shd_source_option_count);
	add_options(schema, shd_source_parts_options, shd_source_parts_option_count);
	add_options(schema, shd_credential_options, shd_credential_option_count);
	add_options(schema, adapter->options, adapter->option_count);
	size_t fixed = json_array_size(required);
	add_options(schema, adapter->credential_options, adapter->credential_option_count);
	while (json_array_size(required) > fixed)
		json_array_remove(required, fixed);
	require_keys(schema, adapter);
	fill_section(schema, "egress",
		shd_options_schema(shd_egress_options, shd_egress_option_count));
	fill_section(schema, "poll", shd_options_schema(shd_poll_options, shd_poll_option_count));
}

static json_t *store_schema(const struct shd_adapter *adapter)
{
	json_t *schema = shd_options_schema(shd_store_options, shd_store_option_count);

	add_options(schema, shd_store_parts_options, shd_store_parts_option_count);
	add_source(schema, adapter);
	fix_word(schema, "marketplace", adapter->name);
	fill_section(schema, "overrides", overrides_schema());
	return schema;
}

static json_t *carrier_schema(const struct shd_adapter *adapter)
{
	json_t *schema = shd_options_schema(shd_carrier_options, shd_carrier_option_count);

	add_source(schema, adapter);
	return schema;
}

/* Each of them is of one marketplace or carrier; which one, its name does not say. */
static json_t *credential_schema(const struct shd_adapter *adapter)
{
	json_t *schema = shd_options_schema(shd_credential_options, shd_credential_option_count);

	add_options(schema, adapter->credential_options, adapter->credential_option_count);
	fill_section(schema, "egress",
		shd_options_schema(shd_egress_options, shd_egress_option_count));
	return schema;
}

static json_t *credentials_schema(void)
{
	json_t *all = json_object(), *list = json_array();

	for (size_t i = 0; i < shd_adapter_count; i++)
		append(list, credential_schema(shd_adapters[i]));
	set(all, "anyOf", list);
	return map_schema(all);
}

static json_t *carriers_schema(void)
{
	json_t *all = json_object(), *list = json_array();

	for (size_t i = 0; i < shd_adapter_count; i++)
		if (shd_adapters[i]->carrier)
			append(list, carrier_schema(shd_adapters[i]));
	if (!json_array_size(list)) { /* a list of alternatives is not empty */
		json_decref(list);
		json_decref(all);
		return map_schema(json_false());
	}
	set(all, "anyOf", list);
	return map_schema(all);
}

static json_t *channel_schema(const struct shd_notifier *notifier)
{
	json_t *schema = shd_options_schema(shd_channel_options, shd_channel_option_count);

	add_options(schema, shd_channel_parts_options, shd_channel_parts_option_count);
	add_options(schema, notifier->options, notifier->option_count);
	fix_word(schema, "type", notifier->name);
	return schema;
}

json_t *shd_settings_schema(void)
{
	json_t *schema = json_object(), *stores = json_object(), *channels = json_object();
	json_t *store_list = json_array(), *channel_list = json_array();

	set(schema, "$schema", json_string("http://json-schema.org/draft-07/schema#"));
	set(schema, "title", json_string("storehealthd.yaml"));
	json_t *body = shd_options_schema(shd_top_options, shd_top_option_count);
	shd_assert(json_object_update(schema, body) == 0);
	json_decref(body);
	for (size_t i = 0; i < shd_adapter_count; i++)
		if (!shd_adapters[i]->carrier)
			append(store_list, store_schema(shd_adapters[i]));
	for (size_t i = 0; i < shd_notifier_count; i++)
		append(channel_list, channel_schema(shd_notifiers[i]));
	set(stores, "oneOf", store_list);
	set(channels, "oneOf", channel_list);
	fill_section(schema, "retention",
		shd_options_schema(shd_retention_options, shd_retention_option_count));
	fill_section(schema, "calendars", map_schema(shd_options_schema(
		shd_calendar_options, shd_calendar_option_count)));
	fill_section(schema, "credentials", credentials_schema());
	fill_section(schema, "stores", list_schema(stores));
	fill_section(schema, "carriers", carriers_schema());
	fill_section(schema, "channels", map_schema(channels));
	fill_section(schema, "routes",
		list_schema(shd_options_schema(shd_route_options, shd_route_option_count)));
	fill_section(schema, "overrides", overrides_schema());
	set(schema, "definitions", shd_override_definitions());
	return schema;
}

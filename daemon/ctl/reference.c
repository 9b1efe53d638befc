#include "reference.h"

#include "base/text.h"
#include "market/adapter.h"
#include "rule/language/expr.h"

#include <stdio.h>
#include <string.h>

enum { EXAMPLE_BYTES = 256, NAMES_MAX = 512 };

/* Keys of a rule, and what a message may hold; by whoever reads them. */
static const struct {
	const char *name, *doc;
} keys[] = {
#define KEY(name, shape, doc) {#name, doc},
#include "rule/keys.def"
#undef KEY
};

static const struct {
	const char *name, *doc;
} placeholders[] = {
#define PLACEHOLDER(name, doc) {"{" #name "}", doc},
#include "rule/placeholders.def"
#undef PLACEHOLDER
};

static void put(json_t *object, const char *name, const char *text)
{
	shd_assert(json_object_set_new(object, name, text ? json_string(text) : json_null()) == 0);
}

static json_t *add_row(json_t *list, const char *name, const char *doc)
{
	json_t *row = json_object();

	put(row, "name", name);
	put(row, "doc", doc);
	shd_assert(json_array_append_new(list, row) == 0);
	return row;
}

static json_t *add_list(json_t *object, const char *name)
{
	json_t *list = json_array();

	shd_assert(json_object_set_new(object, name, list) == 0);
	return list;
}

static json_t *words_json(const char *words)
{
	json_t *list = json_array();

	while (*words) {
		size_t len = strcspn(words, " ");

		shd_assert(json_array_append_new(list, json_stringn(words, len)) == 0);
		words += len + (words[len] == ' ');
	}
	return list;
}

static bool is_deadline(const char *name)
{
	size_t len = strlen(name);
	const char *const ends[] = {"_by", "due_at", "expires_at"};
	bool yes = false;

	for (size_t i = 0; i < SHD_COUNT(ends); i++)
		yes |= len >= strlen(ends[i]) && strcmp(name + len - strlen(ends[i]), ends[i]) == 0;
	return yes;
}

/* A condition on a name of this type. */
static void put_condition(json_t *row, const char *name, enum shd_type type, const char *words)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};

	shd_text_init(&text, EXAMPLE_BYTES);
	shd_text_puts(&text, name);
	switch (type) {
	case SHD_BOOL:
		break;
	case SHD_NUMBER:
	case SHD_RATIO:
	case SHD_MONEY:
	case SHD_DURATION:
		shd_text_printf(&text, " >= %s", shd_type_example(type));
		break;
	case SHD_TIME:
		shd_text_puts(&text, is_deadline(name) ? " < now + 24h" : " > now - 24h");
		break;
	case SHD_TEXT:
		if (*words)
			shd_text_printf(&text, " == \"%.*s\"", (int)strcspn(words, " "), words);
		else
			shd_text_puts(&text, " contains \"word\"");
		break;
	}
	put(row, "example", text.data);
}

/* --- kinds ------------------------------------------------------------------------ */

static void put_poller(json_t *row, enum shd_poller poller)
{
	put(row, "poller", poller == SHD_POLLER_COUNT ? NULL : shd_poller_name(poller));
}

static json_t *kind_platforms(enum shd_kind kind)
{
	json_t *list = json_array();

	for (size_t i = 0; i < shd_adapter_count; i++)
		if (shd_adapter_brings_kind(shd_adapters[i], kind))
			shd_assert(json_array_append_new(
					   list, json_string(shd_adapters[i]->name)) == 0);
	return list;
}

static void put_field(json_t *list, enum shd_field field)
{
	const struct shd_field_row *field_row = shd_field_row(field);
	json_t *row = add_row(list, field_row->name, field_row->doc), *platforms = json_array();

	put(row, "type", shd_type_name(field_row->type));
	json_object_set_new(row, "words", words_json(field_row->words));
	for (size_t i = 0; i < shd_adapter_count; i++)
		if (shd_adapter_brings(shd_adapters[i], field))
			shd_assert(json_array_append_new(
					   platforms, json_string(shd_adapters[i]->name)) == 0);
	json_object_set_new(row, "platforms", platforms);
	json_object_set_new(row, "made", json_boolean(shd_field_made(field)));
	put_condition(row, field_row->name, field_row->type, field_row->words);
}

static void put_kind_example(json_t *row, enum shd_kind kind)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};

	shd_text_init(&text, EXAMPLE_BYTES);
	shd_text_printf(&text, "count(%s last 7d)", shd_kind_name(kind));
	put(row, "example", text.data);
}

/* `field`: only this one, or NULL. */
static void put_kind(json_t *list, enum shd_kind kind, const char *field)
{
	json_t *row = add_row(list, shd_kind_name(kind), shd_kind_doc(kind));

	put_poller(row, shd_kind_poller(kind));
	json_object_set_new(row, "platforms", kind_platforms(kind));
	json_object_set_new(row, "made", json_boolean(shd_field_made(
		shd_kind_first(kind) + (enum shd_field)SHD_I_COMMON)));
	put_kind_example(row, kind);
	json_t *fields = add_list(row, "fields");
	for (int i = 0; i < shd_kind_fields(kind); i++) {
		enum shd_field at = shd_kind_first(kind) + (enum shd_field)i;

		if (!field || strcmp(field, shd_field_row(at)->name) == 0)
			put_field(fields, at);
	}
}

static bool put_kinds(json_t *all, const char *about)
{
	const char *dot = about ? strchr(about, '.') : NULL;
	size_t len = dot ? (size_t)(dot - about) : about ? strlen(about) : 0;
	json_t *list = json_array();
	enum shd_kind only;
	enum shd_field field;
	bool found = !about;

	if (about && shd_kind_find(about, len, &only) &&
		(!dot || shd_field_find(only, dot + 1, strlen(dot + 1), &field))) {
		put_kind(list, only, dot ? dot + 1 : NULL);
		found = true;
	}
	for (int kind = 0; !about && kind < SHD_KIND_COUNT; kind++)
		put_kind(list, (enum shd_kind)kind, NULL);
	json_object_set_new(all, "kinds", list);
	return found;
}

/* --- what is a plain list ------------------------------------------------------------- */

static bool wanted(const char *about, const char *name)
{
	return !about || strcmp(about, name) == 0;
}

static void put_metric(json_t *list, enum shd_metric metric)
{
	const struct shd_metric_row *metric_row = shd_metric_row(metric);
	json_t *row = add_row(list, metric_row->name, metric_row->doc), *platforms = json_array();

	put(row, "type", shd_type_name(metric_row->type));
	put(row, "better", metric_row->up_is_better ? "up" : "down");
	put_poller(row, shd_metric_poller(metric));
	for (size_t i = 0; i < shd_adapter_count; i++)
		if (shd_adapter_brings_metric(shd_adapters[i], metric))
			shd_assert(json_array_append_new(
					   platforms, json_string(shd_adapters[i]->name)) == 0);
	json_object_set_new(row, "platforms", platforms);
	put_condition(row, metric_row->name, metric_row->type, "");
}

/* `about` is the metric's name, or NAME_target. */
static void put_metrics(json_t *list, const char *about)
{
	char target[EXAMPLE_BYTES];

	for (int i = 0; i < SHD_METRIC_COUNT; i++) {
		const char *name = shd_metric_row((enum shd_metric)i)->name;

		snprintf(target, sizeof(target), "%s_target", name);
		if (wanted(about, name) || (about && strcmp(about, target) == 0))
			put_metric(list, (enum shd_metric)i);
	}
}

static void put_call(json_t *list, const struct shd_call_row *call)
{
	json_t *row = add_row(list, call->name, call->doc);

	put(row, "takes", call->takes);
	put(row, "gives", call->gives);
	put(row, "example", call->example);
}

static void put_calls(json_t *functions, json_t *aggregates, const char *about)
{
	for (int i = 0; i < SHD_FN_COUNT; i++)
		if (wanted(about, shd_function_row((enum shd_function)i)->name))
			put_call(functions, shd_function_row((enum shd_function)i));
	for (int i = 0; i < SHD_AGG_COUNT; i++)
		if (wanted(about, shd_aggregate_row((enum shd_aggregate)i)->name))
			put_call(aggregates, shd_aggregate_row((enum shd_aggregate)i));
}

static const char *scope_text(enum shd_name_scope scope)
{
	switch (scope) {
	case SHD_SCOPE_ENTITY:
		return "of an entity";
	case SHD_SCOPE_RULE:
		return "of a rule that has the key";
	case SHD_SCOPE_ANY:
		return "everywhere";
	}
	shd_bug("a name without a scope", __FILE__, __LINE__);
}

static void put_name(json_t *list, const char *name, const char *doc, const char *scope,
		     const char *type, const char *words)
{
	json_t *row = add_row(list, name, doc);

	put(row, "scope", scope);
	put(row, "type", type);
	json_object_set_new(row, "words", words_json(words));
}

static void put_names(json_t *list, const char *about)
{
	char dotted[EXAMPLE_BYTES];

	for (int i = 0; i < SHD_NAME_COUNT; i++) {
		const struct shd_name_row *name = shd_name_row((enum shd_name)i);
		const char *type =
			i == SHD_NAME_value ? "that of `value`" : shd_type_name(name->type);

		if (wanted(about, name->name))
			put_name(list, name->name, name->doc, scope_text(name->scope), type, "");
	}
	for (int i = 0; i < SHD_OF_STORE_COUNT; i++) {
		const struct shd_store_name_row *name =
			shd_store_name_row((enum shd_store_name)i);

		snprintf(dotted, sizeof(dotted), "store.%s", name->name);
		if (wanted(about, dotted))
			put_name(list, dotted, name->doc, scope_text(SHD_SCOPE_ANY),
				shd_type_name(name->type), name->words);
	}
	if (wanted(about, "store.labels"))
		put_name(list, "store.labels.NAME", "a label of the store, as configured",
			scope_text(SHD_SCOPE_ANY), "text", "");
	for (int i = 0; i < SHD_POLLER_COUNT; i++) {
		snprintf(dotted, sizeof(dotted), "poll.%s", shd_poller_name((enum shd_poller)i));
		if (wanted(about, dotted))
			put_name(list, dotted, shd_poller_doc((enum shd_poller)i),
				"in age_of()", "poller", "");
	}
}

static void put_word_lists(json_t *list, const struct shd_word_lists *lists, const char *about)
{
	char dotted[EXAMPLE_BYTES], example[2 * EXAMPLE_BYTES];

	for (size_t i = 0; lists && i < shd_word_lists_count(lists); i++) {
		size_t count;
		const char *name = shd_word_lists_name(lists, i, &count);

		snprintf(dotted, sizeof(dotted), "words.%s", name);
		if (!wanted(about, dotted) && !wanted(about, name))
			continue;
		json_t *row = add_row(list, dotted, "a word list, for `contains`");
		json_object_set_new(row, "entries", json_integer((json_int_t)count));
		snprintf(example, sizeof(example), "store.id contains %s", dotted);
		put(row, "example", example);
	}
}

static void put_types(json_t *list, const char *about)
{
	for (int i = SHD_BOOL; i <= SHD_TEXT; i++)
		if (wanted(about, shd_type_name((enum shd_type)i)))
			put(add_row(list, shd_type_name((enum shd_type)i),
				    shd_type_doc((enum shd_type)i)),
				"example", shd_type_example((enum shd_type)i));
}

json_t *shd_reference(const struct shd_word_lists *lists, const char *about)
{
	json_t *all = json_object();
	bool found = put_kinds(all, about);
	json_t *list, *aggregates = add_list(all, "aggregates");
	const char *name;

	put_metrics(add_list(all, "metrics"), about);
	put_calls(add_list(all, "functions"), aggregates, about);
	put_names(add_list(all, "names"), about);
	put_word_lists(add_list(all, "word_lists"), lists, about);
	put_types(add_list(all, "types"), about);
	list = add_list(all, "keys");
	for (size_t i = 0; i < SHD_COUNT(keys); i++)
		if (wanted(about, keys[i].name))
			add_row(list, keys[i].name, keys[i].doc);
	list = add_list(all, "placeholders");
	for (size_t i = 0; i < SHD_COUNT(placeholders); i++)
		if (wanted(about, placeholders[i].name))
			add_row(list, placeholders[i].name, placeholders[i].doc);
	json_object_foreach(all, name, list)
		found |= json_array_size(list) > 0;
	if (found)
		return all;
	json_decref(all);
	return NULL;
}

static const char *nearest_field(const char *about, const char *dot)
{
	const char *names[64];
	size_t count = 0;
	enum shd_kind kind;

	if (!shd_kind_find(about, (size_t)(dot - about), &kind))
		return NULL;
	for (int i = 0; i < shd_kind_fields(kind); i++)
		names[count++] = shd_field_row(shd_kind_first(kind) + (enum shd_field)i)->name;
	return shd_nearest(dot + 1, names, count);
}

const char *shd_reference_nearest(const struct shd_word_lists *lists, const char *about)
{
	const char *names[NAMES_MAX], *dot = strchr(about, '.');
	const char *field = dot ? nearest_field(about, dot) : NULL;
	size_t count = 0;

	if (field)
		return field;
	for (int i = 0; i < SHD_KIND_COUNT; i++)
		names[count++] = shd_kind_name((enum shd_kind)i);
	for (int i = 0; i < SHD_METRIC_COUNT; i++)
		names[count++] = shd_metric_row((enum shd_metric)i)->name;
	for (int i = 0; i < SHD_FN_COUNT; i++)
		names[count++] = shd_function_row((enum shd_function)i)->name;
	for (int i = 0; i < SHD_AGG_COUNT; i++)
		names[count++] = shd_aggregate_row((enum shd_aggregate)i)->name;
	for (int i = 0; i < SHD_NAME_COUNT; i++)
		names[count++] = shd_name_row((enum shd_name)i)->name;
	for (size_t i = 0; i < SHD_COUNT(keys); i++)
		names[count++] = keys[i].name;
	for (size_t i = 0; lists && i < shd_word_lists_count(lists) && count < NAMES_MAX; i++)
		names[count++] = shd_word_lists_name(lists, i, &(size_t){0});
	return shd_nearest(about, names, count);
}

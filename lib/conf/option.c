#include "option.h"
#include "value.h"

#include <stdio.h>
#include <string.h>

/* What one call works with. */
struct reading {
	const struct shd_node *map;
	const char *what; /* names the map in messages */
	struct shd_arena *arena;
	struct shd_diags *diags;
	bool ok;
};

/* The line of a secret that stands in the file is not shown: diagnostics end in
 * the journal. */
static void report_hidden(struct reading *reading, const struct shd_node *node,
			  enum shd_severity severity, const char *text, const char *hint)
{
	struct shd_diag diag = {.severity = severity, .file = shd_doc_file(node->doc),
		.line = node->line, .col = node->col, .text = text, .hint = hint};

	shd_diags_add(reading->diags, &diag);
}

static void report(struct reading *reading, const struct shd_node *node,
		   enum shd_severity severity, const struct shd_complaint *complaint)
{
	const char *hint = complaint->hint[0] ? complaint->hint : NULL;

	if (complaint->hide)
		report_hidden(reading, node, severity, complaint->text, hint);
	else if (severity == SHD_MISTAKE)
		shd_node_mistake(node, reading->diags, hint, "%s", complaint->text);
	else
		shd_node_warn(node, reading->diags, hint, "%s", complaint->text);
}

static void refuse(struct reading *reading, const struct shd_node *node,
		   const struct shd_complaint *complaint)
{
	reading->ok = false;
	report(reading, node, SHD_MISTAKE, complaint);
}

static const char *type_words(enum shd_option_type type)
{
	switch (type) {
	case SHD_OPT_TEXTS:
		return "a list of texts";
	case SHD_OPT_PAIRS:
	case SHD_OPT_SECRET:
		return "a map";
	case SHD_OPT_TEXT:
	case SHD_OPT_WORD:
	case SHD_OPT_INT:
	case SHD_OPT_BOOL:
	case SHD_OPT_DURATION:
	case SHD_OPT_BYTES:
	case SHD_OPT_DATE:
	case SHD_OPT_URL:
	case SHD_OPT_ZONE:
	case SHD_OPT_NODE:
		break;
	}
	return "a single value";
}

static void refuse_type(struct reading *reading, const struct shd_option *option,
			const struct shd_node *node)
{
	static const char *const found[] = {
		[SHD_NODE_SCALAR] = "a text", [SHD_NODE_LIST] = "a list", [SHD_NODE_MAP] = "a map"};

	reading->ok = false;
	shd_node_mistake(node, reading->diags, NULL, "`%s` is %s, expected %s", option->name,
		found[node->type], type_words(option->type));
}

static void refuse_literal(struct reading *reading, const struct shd_option *option,
			   const struct shd_node *node)
{
	char text[160];

	snprintf(text, sizeof(text), "`%s` is a secret and must not stand in this file",
		option->name);
	reading->ok = false;
	report_hidden(
		reading, node, SHD_MISTAKE, text, "write {credential: NAME} or {file: PATH}");
}

static char *arena_copy(struct reading *reading, const char *text, size_t len)
{
	char *copy = shd_arena_text(reading->arena, text, len);

	shd_assert(copy);
	return copy;
}

static void read_secret(struct reading *reading, const struct shd_option *option,
			const struct shd_node *node, struct shd_secret_ref *ret_ref)
{
	static const char *const names[] = {"credential", "file", "env"};
	static const enum shd_secret_from from[] = {
		SHD_SECRET_CREDENTIAL, SHD_SECRET_FILE, SHD_SECRET_ENV};

	if (node->type == SHD_NODE_SCALAR) {
		refuse_literal(reading, option, node);
		return;
	}
	if (node->type != SHD_NODE_MAP || node->count != 1 ||
		node->items[0].type != SHD_NODE_SCALAR || !node->items[0].len) {
		reading->ok = false;
		shd_node_mistake(node, reading->diags, NULL,
			"`%s` must be {credential: NAME}, {file: PATH} or {env: NAME}",
			option->name);
		return;
	}
	for (size_t i = 0; i < SHD_COUNT(names); i++) {
		if (strcmp(node->keys[0].text, names[i]) == 0) {
			*ret_ref = (struct shd_secret_ref){.from = from[i],
				.node = node,
				.name = arena_copy(
					reading, node->items[0].text, node->items[0].len)};
			return;
		}
	}
	struct shd_complaint complaint = {0};
	shd_complain_word(&complaint, node->keys[0].text, names, SHD_COUNT(names),
		"a secret does not come from");
	refuse(reading, &node->keys[0], &complaint);
}

static void read_texts(struct reading *reading, const struct shd_option *option,
		       const struct shd_node *node, struct shd_texts *ret_texts)
{
	const struct shd_node *items = node->type == SHD_NODE_LIST ? node->items : node;
	size_t count = node->type == SHD_NODE_LIST ? node->count : 1;

	if (node->type == SHD_NODE_MAP) {
		refuse_type(reading, option, node);
		return;
	}
	const char **texts = shd_arena_alloc(reading->arena, count, sizeof(*texts));
	shd_assert(texts);
	for (size_t i = 0; i < count; i++) {
		if (items[i].type != SHD_NODE_SCALAR || !items[i].len) {
			reading->ok = false;
			shd_node_mistake(&items[i], reading->diags, NULL,
				"`%s` is a list of texts, this is none", option->name);
		}
		texts[i] = arena_copy(reading, items[i].text ? items[i].text : "", items[i].len);
	}
	*ret_texts = (struct shd_texts){.count = count, .items = texts};
}

static void read_pairs(struct reading *reading, const struct shd_option *option,
		       const struct shd_node *node, struct shd_pairs *ret_pairs)
{
	if (node->type != SHD_NODE_MAP) {
		refuse_type(reading, option, node);
		return;
	}
	const char **names = shd_arena_alloc(reading->arena, node->count, sizeof(*names));
	const char **values = shd_arena_alloc(reading->arena, node->count, sizeof(*values));
	shd_assert(names && values);
	for (size_t i = 0; i < node->count; i++) {
		const struct shd_node *value = &node->items[i];

		if (value->type != SHD_NODE_SCALAR) {
			reading->ok = false;
			shd_node_mistake(value, reading->diags, NULL,
				"`%s` in `%s` is not a text", node->keys[i].text, option->name);
		}
		names[i] = arena_copy(reading, node->keys[i].text, node->keys[i].len);
		values[i] = arena_copy(reading, value->text ? value->text : "", value->len);
	}
	*ret_pairs = (struct shd_pairs){.count = node->count, .names = names, .values = values};
}

static bool is_empty(const struct shd_node *node)
{
	return node->type == SHD_NODE_SCALAR && !node->len;
}

static void read_value(struct reading *reading, const struct shd_option *option,
		       const struct shd_node *node, void *target)
{
	void *member = (char *)target + option->offset;
	struct shd_complaint complaint = {0};

	if (option->type == SHD_OPT_NODE) {
		*(const struct shd_node **)member = node;
		return;
	}
	if (is_empty(node)) {
		reading->ok = false;
		shd_node_mistake(node, reading->diags,
			option->required ? option->doc : "leave the key out for the default",
			"`%s` has no value", option->name);
	} else if (option->type == SHD_OPT_SECRET) {
		read_secret(reading, option, node, member);
	} else if (option->type == SHD_OPT_TEXTS) {
		read_texts(reading, option, node, member);
	} else if (option->type == SHD_OPT_PAIRS) {
		read_pairs(reading, option, node, member);
	} else if (node->type != SHD_NODE_SCALAR) {
		refuse_type(reading, option, node);
	} else if (!shd_value_read(
			   option, node->text, node->len, member, reading->arena, &complaint)) {
		refuse(reading, node, &complaint);
	} else if (complaint.text[0]) {
		report(reading, node, SHD_WARNING, &complaint);
	}
}

static bool knows(const struct shd_option_use *uses, size_t use_count, const char *name)
{
	for (size_t u = 0; u < use_count; u++) {
		for (size_t i = 0; i < uses[u].count; i++) {
			if (strcmp(uses[u].table[i].name, name) == 0)
				return true;
		}
	}
	return false;
}

/* True when a misspelt key was probably meant to name a secret. */
static bool nearly_secret(const struct shd_option_use *uses, size_t use_count, const char *name)
{
	for (size_t u = 0; u < use_count; u++) {
		for (size_t i = 0; i < uses[u].count; i++) {
			const struct shd_option *option = &uses[u].table[i];

			if (option->type == SHD_OPT_SECRET && shd_nearest(name, &option->name, 1))
				return true;
		}
	}
	return false;
}

static void refuse_unknown(struct reading *reading, const struct shd_option_use *uses,
			   size_t use_count, const struct shd_node *key)
{
	const char *names[256];
	size_t count = 0;
	struct shd_complaint complaint = {0};
	char lead[96];

	for (size_t u = 0; u < use_count; u++) {
		for (size_t i = 0; i < uses[u].count && count < SHD_COUNT(names); i++)
			names[count++] = uses[u].table[i].name;
	}
	snprintf(lead, sizeof(lead), "%s has no key", reading->what);
	shd_complain_word(&complaint, key->text, names, count, lead);
	complaint.hide = nearly_secret(uses, use_count, key->text);
	refuse(reading, key, &complaint);
}

static void preset(const struct shd_option *option, void *target, struct shd_arena *arena)
{
	struct shd_complaint complaint = {0};

	if (option->preset)
		shd_assert(shd_value_read(option, option->preset, strlen(option->preset),
			(char *)target + option->offset, arena, &complaint));
}

void shd_options_preset(const struct shd_option *table, size_t count, void *target,
			struct shd_arena *arena)
{
	for (size_t i = 0; i < count; i++)
		preset(&table[i], target, arena);
}

static void apply_table(struct reading *reading, const struct shd_option_use *use)
{
	for (size_t i = 0; i < use->count; i++) {
		const struct shd_option *option = &use->table[i];
		const struct shd_node *node = shd_node_get(reading->map, option->name);

		preset(option, use->target, reading->arena);
		if (node) {
			read_value(reading, option, node, use->target);
		} else if (option->required && reading->map) {
			reading->ok = false;
			shd_node_mistake(reading->map, reading->diags, option->doc,
				"%s needs `%s`", reading->what, option->name);
		}
	}
}

bool shd_options_apply_all(const struct shd_node *map, const struct shd_option_use *uses,
			   size_t use_count, const char *what, struct shd_arena *arena,
			   struct shd_diags *diags)
{
	struct reading reading = {
		.map = map, .what = what, .arena = arena, .diags = diags, .ok = true};
	bool complete = true;

	if (map && map->type != SHD_NODE_MAP) {
		reading.ok = false;
		if (!shd_node_refuse_colon(map, diags))
			shd_node_mistake(
				map, diags, NULL, "%s must be a map of keys and values", what);
		reading.map = NULL;
	}
	for (size_t u = 0; u < use_count; u++) {
		if (!uses[u].table)
			complete = false;
		else
			apply_table(&reading, &uses[u]);
	}
	for (size_t i = 0; complete && reading.map && i < map->count; i++) {
		if (!knows(uses, use_count, map->keys[i].text))
			refuse_unknown(&reading, uses, use_count, &map->keys[i]);
	}
	return reading.ok;
}

bool shd_options_apply(const struct shd_node *map, const struct shd_option *table, size_t count,
		       void *target, const char *what, struct shd_arena *arena,
		       struct shd_diags *diags)
{
	struct shd_option_use use = {.table = table, .count = count, .target = target};

	return shd_options_apply_all(map, &use, 1, what, arena, diags);
}

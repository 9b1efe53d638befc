#include "rule.h"

#include "base/text.h"
#include "compile.h"

#include <stdlib.h>
#include <string.h>

static const char *const level_names[] = {"none", "info", "warning", "critical", "breached"};

static const char *const keys[] = {
#define KEY(name, shape, doc) #name,
#include "keys.def"
#undef KEY
};

enum { RULES_PER_FILE_MAX = 1000, ID_BYTES = 64, ARENA_BYTES = 64 << 20 };

const char *shd_level_name(enum shd_level level)
{
	return level_names[level];
}

bool shd_level_find(const char *name, enum shd_level *ret_level)
{
	for (int i = 0; i < SHD_LEVEL_COUNT; i++) {
		if (strcmp(level_names[i], name) == 0) {
			*ret_level = (enum shd_level)i;
			return true;
		}
	}
	return false;
}

const struct shd_node *shd_compiler_find(const struct shd_compiler *compiler, const char *key)
{
	const struct shd_node *node = NULL;

	for (int i = 0; !node && i < SHD_LAYER_COUNT; i++)
		node = shd_node_get(compiler->layers[i], key);
	return node;
}

const struct shd_node *shd_compiler_find_in(
	const struct shd_compiler *compiler, const char *key, const char *member)
{
	for (int i = 0; i < SHD_LAYER_COUNT; i++) {
		const struct shd_node *whole = shd_node_get(compiler->layers[i], key);
		const struct shd_node *node = shd_node_get(whole, member);

		if (node || (whole && whole->type != SHD_NODE_MAP))
			return node;
	}
	return NULL;
}

void *shd_compiler_alloc(struct shd_compiler *compiler, size_t count, size_t size)
{
	void *memory = shd_arena_alloc(compiler->arena, count, size);

	if (!memory)
		shd_node_mistake(compiler->layers[SHD_LAYER_RULE], compiler->diags, NULL,
			"the rules are too large altogether");
	return memory;
}

const char *shd_compiler_text(struct shd_compiler *compiler, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = shd_compiler_alloc(compiler, size, 1);

	return copy ? memcpy(copy, text, size) : NULL;
}

/* The name that was probably meant: a similar one, or one that was cut short ("warn"). */
static const char *nearest_member(const char *text, const char *const *names, size_t count)
{
	const char *near = text ? shd_nearest(text, names, count) : NULL;

	for (size_t i = 0; text && !near && strlen(text) >= 3 && i < count; i++)
		if (strncmp(names[i], text, strlen(text)) == 0)
			near = names[i];
	return near;
}

void shd_compiler_check_members(struct shd_compiler *compiler, const struct shd_node *map,
	const char *what, const char *const *names, size_t count)
{
	for (size_t i = 0; map && map->type == SHD_NODE_MAP && i < map->count; i++) {
		const struct shd_node *key = &map->keys[i];
		bool known = false;

		for (size_t j = 0; j < count; j++)
			known |= key->text && strcmp(key->text, names[j]) == 0;
		if (known || shd_node_refuse_colon(key, compiler->diags))
			continue;
		const char *near = nearest_member(key->text, names, count);
		shd_node_mistake(key, compiler->diags, NULL, "unknown %s '%s'%s%s%s", what,
			key->text ? key->text : "", near ? "; did you mean '" : "",
			near ? near : "", near ? "'?" : "");
	}
}

static bool is_id(const char *text, size_t len)
{
	bool good = len > 0 && len <= ID_BYTES;

	for (size_t i = 0; i < len; i++)
		good &= (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') ||
			text[i] == '-';
	return good;
}

/* The rule's id; NULL: it has no valid one of its own, which was reported. */
static const char *read_id(struct shd_compiler *compiler, const struct shd_node *map)
{
	const struct shd_node *node = shd_node_get(map, "rule");

	if (map->type != SHD_NODE_MAP) {
		bool empty = map->type == SHD_NODE_SCALAR && !map->len && !map->quoted;

		if (!shd_node_refuse_colon(map, compiler->diags))
			shd_node_mistake(map, compiler->diags, "- rule: my-rule", "%s",
				empty ? "this item of the list is empty" : "a rule must be a map");
		return NULL;
	}
	if (!node) {
		shd_node_mistake(map, compiler->diags, "- rule: my-rule", "this rule has no id");
		return NULL;
	}
	if (node->type != SHD_NODE_SCALAR || !is_id(node->text, node->len)) {
		shd_node_mistake(node, compiler->diags, NULL,
			"a rule's id has 1 to %d characters of a-z, 0-9 and -", ID_BYTES);
		return NULL;
	}
	for (size_t i = 0; i < compiler->rules->count; i++) {
		const struct shd_node *first = compiler->rules->origins[i].map;

		if (strcmp(compiler->rules->items[i]->id, node->text) != 0)
			continue;
		shd_node_mistake(node, compiler->diags, NULL, "rule '%s' exists already, at %s:%d",
			node->text, shd_doc_file(first->doc), first->line);
		return NULL;
	}
	return node->text;
}

struct shd_rule *shd_compile_rule(struct shd_compiler *compiler, const char *id)
{
	struct shd_rule *rule = shd_compiler_alloc(compiler, 1, sizeof(*rule));
	struct shd_rule_code *code = rule ? shd_compiler_alloc(compiler, 1, sizeof(*code)) : NULL;

	if (!code)
		return NULL;
	*rule = (struct shd_rule){.id = id, .code = code, .tell_resolved = true};
	code->enabled = true;
	compiler->rule = rule;
	compiler->code = code;
	compiler->scope = (struct shd_expr_scope){
		.word_lists = compiler->word_lists, .calendars = compiler->calendars};
	shd_compile_conditions(compiler);
	shd_compile_warn_contradictions(compiler);
	shd_compile_attributes(compiler);
	return rule;
}

static void add_rule(struct shd_compiler *compiler, const struct shd_node *map)
{
	struct shd_rules *rules = compiler->rules;
	size_t before = shd_diags_mistakes(compiler->diags);
	const char *id =
		map->bad ? NULL : read_id(compiler, map); /* bad: its YAML was not read fully */

	if (!id && (map->bad || map->type != SHD_NODE_MAP))
		return;
	compiler->layers[SHD_LAYER_STORES] = id ? shd_node_get(compiler->overrides, id) : NULL;
	compiler->layers[SHD_LAYER_RULE] = map;
	shd_compiler_check_members(compiler, map, "key", keys, SHD_COUNT(keys));
	const char *kept = shd_compiler_text(compiler, id ? id : "");
	const struct shd_rule *rule = kept ? shd_compile_rule(compiler, kept) : NULL;
	if (!rule || !id) /* without an id of its own it was compiled for its other mistakes */
		return;
	shd_grow(rules->items, rules->count, rules->room);
	shd_grow(rules->origins, rules->count, rules->origin_room);
	rules->origins[rules->count] = (struct shd_rule_origin){
		.map = map, .bad = shd_diags_mistakes(compiler->diags) > before};
	rules->items[rules->count++] = rule;
}

static void compile_doc(struct shd_compiler *compiler, const struct shd_doc *doc)
{
	static const char *const top[] = {"rules", "tests"};
	const struct shd_node *root = shd_doc_root(doc), *list = shd_node_get(root, "rules");

	if (!root)
		return;
	if (root->type != SHD_NODE_MAP) {
		if (!shd_node_refuse_colon(root, compiler->diags))
			shd_node_mistake(root, compiler->diags,
				"rules:", "a file of rules is a map with a list `rules`");
		return;
	}
	shd_compiler_check_members(compiler, root, "key", top, SHD_COUNT(top));
	if (!list || (list->type == SHD_NODE_SCALAR && !list->len))
		return;
	if (list->type != SHD_NODE_LIST) {
		shd_node_mistake(
			list, compiler->diags, "- rule: my-rule", "`rules` must be a list");
		return;
	}
	if (list->count > RULES_PER_FILE_MAX) {
		shd_node_mistake(list, compiler->diags, "split the file",
			"more than %d rules in one file", RULES_PER_FILE_MAX);
		return;
	}
	for (size_t i = 0; i < list->count; i++)
		add_rule(compiler, &list->items[i]);
}

void shd_compile_check_overrides(struct shd_compiler *compiler, const struct shd_node *overrides)
{
	const struct shd_rules *rules = compiler->rules;
	const char **ids shd_autofree = shd_xcalloc(rules->count + 1, sizeof(*ids));

	if (!overrides)
		return;
	for (size_t i = 0; i < rules->count; i++)
		ids[i] = rules->items[i]->id;
	shd_compiler_check_members(compiler, overrides, "rule", ids, rules->count);
	for (size_t i = 0; i < overrides->count; i++) {
		const struct shd_node *override = &overrides->items[i];

		if (override->type == SHD_NODE_MAP)
			shd_compiler_check_members(
				compiler, override, "key", keys + 1, SHD_COUNT(keys) - 1);
		else
			shd_node_mistake(override, compiler->diags,
				"{levels: {warning: value > 3%}}",
				"an override must be a map of the rule's keys");
	}
}

struct shd_rules *shd_rules_compile(struct shd_doc *const *docs, size_t count,
	const struct shd_rule_setup *setup, const struct shd_word_lists *word_lists,
	struct shd_diags *diags)
{
	struct shd_rules *rules = shd_xcalloc(1, sizeof(*rules));
	struct shd_compiler compiler = {.rules = rules,
		.word_lists = word_lists,
		.diags = diags,
		.overrides = setup ? setup->overrides : NULL,
		.calendars = setup ? setup->calendars : NULL};
	size_t before = shd_diags_mistakes(diags);
	bool flawed = false;

	rules->arena = compiler.arena = shd_arena_create(ARENA_BYTES);
	for (size_t i = 0; i < count; i++) {
		compile_doc(&compiler, docs[i]);
		flawed |= shd_doc_flawed(docs[i]);
	}
	shd_compile_check_overrides(&compiler, compiler.overrides);
	shd_compile_check_inhibition(&compiler, rules, NULL);
	if (setup)
		shd_compile_variants(&compiler, setup);
	free(shd_steal(rules->origins));
	if (!flawed && shd_diags_mistakes(diags) == before)
		return rules;
	shd_rules_destroy(rules);
	return NULL;
}

void shd_rules_destroy(struct shd_rules *rules)
{
	if (!rules)
		return;
	shd_arena_destroy(rules->arena);
	free(rules->items);
	free(rules->variants);
	free(rules->series.items);
	free(rules);
}

size_t shd_rules_count(const struct shd_rules *rules)
{
	return rules->count;
}

const struct shd_rule *shd_rules_at(const struct shd_rules *rules, size_t i)
{
	shd_assert(i < rules->count);
	return rules->items[i];
}

const struct shd_series_list *shd_rules_series(const struct shd_rules *rules)
{
	return &rules->series;
}

const struct shd_rule *shd_rules_find(const struct shd_rules *rules, const char *id)
{
	for (size_t i = 0; i < rules->count; i++)
		if (strcmp(rules->items[i]->id, id) == 0)
			return rules->items[i];
	return NULL;
}

const char *shd_rule_condition(const struct shd_rule *rule, enum shd_level level)
{
	return rule->code->conditions[level];
}

const char *shd_rule_clear_condition(const struct shd_rule *rule, enum shd_level level)
{
	return rule->code->clear_conditions[level];
}

#include "rule/rule.h"

#include "base/num.h"
#include "base/text.h"
#include "rule/code.h"

#include <stdlib.h>
#include <string.h>

static const char *const level_names[] = {"none", "info", "warning", "critical", "breached"};

static const char *const keys[] = {
	"rule", "title", "stores", "each", "where", "due", "value", "needs", "levels", "for", "clear",
	"clear_for", "cost", "message", "advice", "runbook", "source", "labels", "enabled",
	"tell_resolved",
};

enum {
	RULES_A_FILE = 1000, TEXT_BYTES = 4000, ID_BYTES = 64, LABELS_MAX = 32, HITS_MAX = 64,
	ARENA_BYTES = 64 << 20,
};

struct shd_rules {
	struct shd_arena *arena;
	struct shd_rule *items;
	const struct shd_node **nodes; /* where each one stands */
	size_t count, room, node_room;
};

struct compiler {
	struct shd_rules *rules;
	const struct shd_words *words;
	struct shd_diags *diags;
	/* Of the present rule: */
	const struct shd_node *map, *override;
	struct shd_rule *rule;
	struct shd_rule_code *code;
	struct shd_scope scope;
};

const char *shd_level_name(enum shd_level level)
{
	return level_names[level];
}

/* The value of a key: the override's, else the rule's own. */
static const struct shd_node *find(const struct compiler *compiler, const char *key)
{
	const struct shd_node *node = shd_node_get(compiler->override, key);

	return node ? node : shd_node_get(compiler->map, key);
}

/* A member of a key that is a map: an override changes single levels, languages and
 * labels and leaves the others. */
static const struct shd_node *find_in(const struct compiler *compiler, const char *key, const char *member)
{
	const struct shd_node *over = shd_node_get(compiler->override, key);
	const struct shd_node *node = shd_node_get(over, member);

	if (node || (over && over->type != SHD_NODE_MAP))
		return node;
	return shd_node_get(shd_node_get(compiler->map, key), member);
}

static void *alloc(struct compiler *compiler, size_t count, size_t size)
{
	void *memory = shd_arena_alloc(compiler->rules->arena, count, size);

	if (!memory)
		shd_node_mistake(compiler->map, compiler->diags, NULL, "the rules are too large altogether");
	return memory;
}

/* A mistake of an expression, brought to its place in the file. */
struct place {
	const struct shd_node *node;
	struct shd_diags *diags;
};

static void report_at(void *ctx, size_t at, size_t width, const char *hint, const char *text)
{
	const struct place *place = ctx;

	shd_node_mistake_at(place->node, at, width, place->diags, hint, "%s", text);
}

/* Compiles the scalar `node`; NULL when reported. */
static const struct shd_expr *compile(struct compiler *compiler, const struct shd_node *node,
				      const char *key, struct shd_scope *scope)
{
	struct place place = {node, compiler->diags};
	struct shd_report report = {.mistake = report_at, .ctx = &place};

	if (node->type != SHD_NODE_SCALAR) {
		shd_node_mistake(node, compiler->diags, "put it in quotes", "`%s` must be an expression", key);
		return NULL;
	}
	if (!node->len) {
		shd_node_mistake(node, compiler->diags, NULL, "`%s` is empty", key);
		return NULL;
	}
	struct shd_expr *expr = shd_parse(node->text, node->len, compiler->rules->arena, &report);
	if (!expr || !shd_check(expr, scope, compiler->rules->arena, &report))
		return NULL;
	return expr;
}

static const struct shd_expr *compile_as(struct compiler *compiler, const struct shd_node *node,
					 const char *key, enum shd_type type, struct shd_scope *scope)
{
	char found[SHD_TYPE_TEXT];
	const struct shd_expr *expr = compile(compiler, node, key, scope);

	if (!expr || (expr->type == type && !expr->list && !expr->word_list))
		return expr;
	shd_node_mistake_at(node, 0, node->len, compiler->diags, NULL, "`%s` must be %s, this is %s", key,
		type == SHD_BOOL ? "true or false" : shd_type_name(type), shd_expr_type(expr, found));
	return NULL;
}

/* The expression under `key`, NULL when absent or wrong. */
static const struct shd_expr *read_expr(struct compiler *compiler, const char *key, enum shd_type type)
{
	const struct shd_node *node = find(compiler, key);

	return node ? compile_as(compiler, node, key, type, &compiler->scope) : NULL;
}

static void read_stores(struct compiler *compiler)
{
	const struct shd_node *node = find(compiler, "stores");
	struct shd_scope scope = {.stores = true, .words = compiler->words};

	if (!node)
		return;
	compiler->code->stores = compile_as(compiler, node, "stores", SHD_BOOL, &scope);
	compiler->scope.reads_kinds |= scope.reads_kinds;
	compiler->scope.reads_metrics |= scope.reads_metrics;
	compiler->scope.reads_pollers |= scope.reads_pollers;
}

/* False when it was reported: nobody knows then which fields there are. */
static bool read_each(struct compiler *compiler)
{
	const struct shd_node *node = find(compiler, "each");
	const char *names[SHD_KIND_COUNT];

	if (!node)
		return true;
	for (int i = 0; i < SHD_KIND_COUNT; i++)
		names[i] = shd_kind_name((enum shd_kind)i);
	if (node->type == SHD_NODE_SCALAR && shd_kind_find(node->text, node->len, &compiler->rule->kind)) {
		compiler->rule->each = true;
		compiler->scope.each = true;
		compiler->scope.kind = compiler->rule->kind;
		compiler->scope.reads_kinds |= 1U << compiler->rule->kind;
		return true;
	}
	const char *word = node->type == SHD_NODE_SCALAR ? node->text : "";
	const char *near = shd_nearest(word, names, SHD_KIND_COUNT);
	shd_node_mistake(node, compiler->diags, NULL, "unknown kind '%s'%s%s%s", word,
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return false;
}

/* Stands for a due or value that has a mistake. */
static const struct shd_expr bad = {.bad = true, .words = ""};

static void read_value(struct compiler *compiler)
{
	const struct shd_node *node = find(compiler, "value");
	const struct shd_expr *expr = node ? compile(compiler, node, "value", &compiler->scope) : NULL;

	if (expr && (expr->list || expr->word_list)) {
		shd_node_mistake(node, compiler->diags, NULL, "`value` must be one value, not a list");
		expr = NULL;
	}
	compiler->code->value = expr;
	compiler->scope.value = expr || !node ? expr : &bad;
}

/* The name that was meant: a near one, or one that was cut short ("warn"). */
static const char *nearest_member(const char *text, const char *const *names, size_t count)
{
	const char *near = text ? shd_nearest(text, names, count) : NULL;

	for (size_t i = 0; text && !near && strlen(text) >= 3 && i < count; i++)
		if (strncmp(names[i], text, strlen(text)) == 0)
			near = names[i];
	return near;
}

/* Every member of a map must be one of `names`. */
static void check_members(struct compiler *compiler, const struct shd_node *map, const char *what,
			  const char *const *names, size_t count)
{
	for (size_t i = 0; map && map->type == SHD_NODE_MAP && i < map->count; i++) {
		const struct shd_node *key = &map->keys[i];
		bool known = false;

		for (size_t j = 0; j < count; j++)
			known |= key->text && strcmp(key->text, names[j]) == 0;
		if (known)
			continue;
		const char *near = nearest_member(key->text, names, count);
		shd_node_mistake(key, compiler->diags, NULL, "unknown %s '%s'%s%s%s", what,
			key->text ? key->text : "", near ? "; did you mean '" : "", near ? near : "",
			near ? "'?" : "");
	}
}

static void read_level(struct compiler *compiler, int level)
{
	const struct shd_node *node = find_in(compiler, "levels", level_names[level]);

	if (!node)
		return;
	compiler->code->levels[level] =
		compile_as(compiler, node, level_names[level], SHD_BOOL, &compiler->scope);
	if (node->type == SHD_NODE_SCALAR)
		compiler->code->conditions[level] = node->text;
}

static void read_levels(struct compiler *compiler)
{
	const struct shd_node *own = shd_node_get(compiler->map, "levels");
	const struct shd_node *over = shd_node_get(compiler->override, "levels");
	const struct shd_node *both[] = {own, over};

	for (size_t i = 0; i < SHD_COUNT(both); i++) {
		if (both[i] && (both[i]->type != SHD_NODE_MAP || !both[i]->count)) {
			shd_node_mistake(both[i], compiler->diags, "levels: {warning: value > 2%}",
				"`levels` must be a map of info, warning, critical, breached");
			return;
		}
		check_members(compiler, both[i], "level", level_names + SHD_INFO,
			SHD_LEVEL_COUNT - SHD_INFO);
	}
	if (!own && !over) {
		shd_node_mistake(compiler->map, compiler->diags, "levels: {warning: value > 2%}",
			"rule '%s' has no `levels`", compiler->rule->id);
		return;
	}
	for (int level = SHD_INFO; level < SHD_LEVEL_COUNT; level++)
		read_level(compiler, level);
}

static bool is_scalar(struct compiler *compiler, const struct shd_node *node, const char *key)
{
	if (node->type == SHD_NODE_SCALAR && node->len <= TEXT_BYTES)
		return true;
	if (node->type == SHD_NODE_SCALAR)
		shd_node_mistake(node, compiler->diags, NULL, "`%s` has more than %d bytes", key, TEXT_BYTES);
	else
		shd_node_mistake(node, compiler->diags, NULL, "`%s` must be a text", key);
	return false;
}

/* A text, or one per language. */
static void read_texts(struct compiler *compiler, const char *key, const char *ret[SHD_LANGUAGE_COUNT])
{
	static const char *const languages[] = {"en", "zh", "ru"};
	_Static_assert(SHD_COUNT(languages) == SHD_LANGUAGE_COUNT, "enum shd_language");
	const struct shd_node *node = find(compiler, key);

	if (!node)
		return;
	if (node->type != SHD_NODE_MAP) {
		if (is_scalar(compiler, node, key))
			ret[SHD_EN] = node->text;
		return;
	}
	check_members(compiler, node, "language", languages, SHD_LANGUAGE_COUNT);
	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++) {
		const struct shd_node *text = find_in(compiler, key, languages[i]);

		if (text && is_scalar(compiler, text, key))
			ret[i] = text->text;
	}
}

static const char *read_text(struct compiler *compiler, const char *key)
{
	const struct shd_node *node = find(compiler, key);

	return node && is_scalar(compiler, node, key) ? node->text : NULL;
}

static void read_bool(struct compiler *compiler, const char *key, bool *ret)
{
	const struct shd_node *node = find(compiler, key);

	if (!node)
		return;
	bool yes = node->type == SHD_NODE_SCALAR && strcmp(node->text, "true") == 0;
	bool no = node->type == SHD_NODE_SCALAR && strcmp(node->text, "false") == 0;
	if (yes || no)
		*ret = yes;
	else
		shd_node_mistake(node, compiler->diags, NULL, "`%s` must be true or false", key);
}

static void read_duration(struct compiler *compiler, const char *key, const struct shd_node *node,
			  int64_t *ret_ms)
{
	struct shd_error err;

	if (node->type != SHD_NODE_SCALAR || !shd_duration_parse(node->text, node->len, ret_ms, &err))
		shd_node_mistake(node, compiler->diags, strcmp(key, "for") == 0 ? "10m, or 3 of 5" : "10m, 2h",
			"`%s` must be a duration", key);
}

/* "10m", or "3 of 5". */
static void read_for(struct compiler *compiler)
{
	const struct shd_node *node = find(compiler, "for");
	struct shd_rule *rule = compiler->rule;

	if (!node)
		return;
	const char *of = node->type == SHD_NODE_SCALAR ? strstr(node->text, " of ") : NULL;
	if (!of) {
		read_duration(compiler, "for", node, &rule->for_ms);
		return;
	}
	char *hits_end, *of_end;
	long hits = strtol(node->text, &hits_end, 10), all = strtol(of + 4, &of_end, 10);
	if (hits_end != of || *of_end || hits < 1 || all < hits || all > HITS_MAX) {
		shd_node_mistake(node, compiler->diags, "for: 3 of 5",
			"`for` must be a duration, or so many of so many (at most %d)", HITS_MAX);
		return;
	}
	rule->for_hits = (int)hits;
	rule->for_of = (int)all;
}

static void read_runbook(struct compiler *compiler)
{
	const struct shd_node *node = find(compiler, "runbook");

	compiler->rule->runbook = read_text(compiler, "runbook");
	if (compiler->rule->runbook && strncmp(node->text, "https://", 8) != 0 &&
		strncmp(node->text, "http://", 7) != 0)
		shd_node_mistake(node, compiler->diags, NULL, "`runbook` must be an http or https URL");
}

/* Adds the labels of `map` that are not there yet. */
static void add_labels(struct compiler *compiler, const struct shd_node *map, const char **names,
		       const char **values, size_t *count)
{
	if (!map)
		return;
	if (map->type != SHD_NODE_MAP || map->count > LABELS_MAX) {
		shd_node_mistake(map, compiler->diags, "labels: {team: ru}",
			"`labels` must be a map of at most %d texts", LABELS_MAX);
		return;
	}
	for (size_t i = 0; i < map->count; i++) {
		bool known = false;

		for (size_t j = 0; j < *count; j++)
			known |= strcmp(names[j], map->keys[i].text) == 0;
		if (known || !is_scalar(compiler, &map->items[i], map->keys[i].text))
			continue;
		names[*count] = map->keys[i].text;
		values[(*count)++] = map->items[i].text;
	}
}

static void read_labels(struct compiler *compiler)
{
	struct shd_pairs *labels = &compiler->rule->labels;
	const char **names = alloc(compiler, 2 * LABELS_MAX, sizeof(*names));
	const char **values = alloc(compiler, 2 * LABELS_MAX, sizeof(*values));

	if (!names || !values)
		return;
	add_labels(compiler, shd_node_get(compiler->override, "labels"), names, values, &labels->count);
	add_labels(compiler, shd_node_get(compiler->map, "labels"), names, values, &labels->count);
	labels->names = names;
	labels->values = values;
}

/* In the order in which names become known: due, then value, then the rest. */
static void read_conditions(struct compiler *compiler)
{
	struct shd_rule_code *code = compiler->code;

	read_stores(compiler);
	if (!read_each(compiler))
		return;
	code->due = read_expr(compiler, "due", SHD_TIME);
	compiler->scope.due = code->due || !find(compiler, "due") ? code->due : &bad;
	compiler->scope.mentions_closed = false;
	code->where = read_expr(compiler, "where", SHD_BOOL);
	code->mentions_closed = compiler->scope.mentions_closed;
	read_value(compiler);
	code->needs = read_expr(compiler, "needs", SHD_BOOL);
	read_levels(compiler);
	code->clear = read_expr(compiler, "clear", SHD_BOOL);
	code->cost = read_expr(compiler, "cost", SHD_MONEY);
	compiler->rule->deadline = code->due != NULL;
	compiler->rule->reads_kinds = compiler->scope.reads_kinds;
	compiler->rule->reads_metrics = compiler->scope.reads_metrics;
	compiler->rule->reads_pollers = compiler->scope.reads_pollers;
}

static void read_rest(struct compiler *compiler)
{
	struct shd_rule *rule = compiler->rule;
	const struct shd_node *clear_for = find(compiler, "clear_for");

	read_texts(compiler, "title", rule->title);
	read_texts(compiler, "message", rule->message);
	read_texts(compiler, "advice", rule->advice);
	if (!rule->title[SHD_EN])
		rule->title[SHD_EN] = rule->id;
	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++)
		if (!rule->title[i])
			rule->title[i] = rule->title[SHD_EN];
	rule->source = read_text(compiler, "source");
	read_runbook(compiler);
	read_bool(compiler, "enabled", &compiler->code->enabled);
	read_bool(compiler, "tell_resolved", &rule->tell_resolved);
	read_for(compiler);
	if (clear_for)
		read_duration(compiler, "clear_for", clear_for, &rule->clear_for_ms);
	read_labels(compiler);
}

static bool is_id(const char *text, size_t len)
{
	bool good = len > 0 && len <= ID_BYTES;

	for (size_t i = 0; i < len; i++)
		good &= (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') ||
			text[i] == '-';
	return good;
}

/* The rule's id, NULL when it has none that can be used. */
static const char *read_id(struct compiler *compiler, const struct shd_node *map)
{
	const struct shd_node *node = shd_node_get(map, "rule");

	if (map->type != SHD_NODE_MAP) {
		shd_node_mistake(map, compiler->diags, "- rule: my-rule", "a rule must be a map");
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
		const struct shd_node *first = compiler->rules->nodes[i];

		if (strcmp(compiler->rules->items[i].id, node->text) != 0)
			continue;
		shd_node_mistake(node, compiler->diags, NULL, "rule '%s' exists already, at %s:%d", node->text,
			shd_doc_file(first->doc), first->line);
		return NULL;
	}
	return node->text;
}

static void compile_rule(struct compiler *compiler, const struct shd_node *map,
			 const struct shd_node *overrides)
{
	struct shd_rules *rules = compiler->rules;
	const char *id = read_id(compiler, map);

	compiler->map = map;
	struct shd_rule_code *code = id ? alloc(compiler, 1, sizeof(*code)) : NULL;
	if (!code)
		return;
	shd_grow(rules->items, rules->count, rules->room);
	shd_grow(rules->nodes, rules->count, rules->node_room);
	struct shd_rule *rule = &rules->items[rules->count];
	*rule = (struct shd_rule){.id = id, .code = code, .tell_resolved = true};
	rules->nodes[rules->count++] = map;
	code->enabled = true;
	compiler->rule = rule;
	compiler->code = code;
	compiler->override = shd_node_get(overrides, id);
	compiler->scope = (struct shd_scope){.words = compiler->words};
	check_members(compiler, map, "key", keys, SHD_COUNT(keys));
	check_members(compiler, compiler->override, "key", keys + 1, SHD_COUNT(keys) - 1);
	read_conditions(compiler);
	read_rest(compiler);
}

static void compile_doc(struct compiler *compiler, const struct shd_doc *doc,
			const struct shd_node *overrides)
{
	static const char *const top[] = {"rules", "tests"};
	const struct shd_node *root = shd_doc_root(doc), *list = shd_node_get(root, "rules");

	if (!root)
		return;
	if (root->type != SHD_NODE_MAP) {
		shd_node_mistake(root, compiler->diags, "rules:", "a file of rules is a map with a list `rules`");
		return;
	}
	check_members(compiler, root, "key", top, SHD_COUNT(top));
	if (!list || (list->type == SHD_NODE_SCALAR && !list->len))
		return;
	if (list->type != SHD_NODE_LIST) {
		shd_node_mistake(list, compiler->diags, "- rule: my-rule", "`rules` must be a list");
		return;
	}
	if (list->count > RULES_A_FILE) {
		shd_node_mistake(list, compiler->diags, "split the file", "more than %d rules in one file",
			RULES_A_FILE);
		return;
	}
	for (size_t i = 0; i < list->count; i++)
		compile_rule(compiler, &list->items[i], overrides);
}

/* Every override must be of a rule that exists. */
static void check_overrides(struct compiler *compiler, const struct shd_node *overrides)
{
	const struct shd_rules *rules = compiler->rules;
	const char **ids = shd_xcalloc(rules->count, sizeof(*ids));

	for (size_t i = 0; i < rules->count; i++)
		ids[i] = rules->items[i].id;
	check_members(compiler, overrides, "rule", ids, rules->count);
	for (size_t i = 0; overrides && overrides->type == SHD_NODE_MAP && i < overrides->count; i++)
		if (overrides->items[i].type != SHD_NODE_MAP)
			shd_node_mistake(&overrides->items[i], compiler->diags, "{levels: {warning: value > 3%}}",
				"an override must be a map of the rule's keys");
	free(ids);
}

struct shd_rules *shd_rules_compile(struct shd_doc *const *docs, size_t count,
				    const struct shd_node *overrides, const struct shd_words *words,
				    struct shd_diags *diags)
{
	struct shd_rules *rules = shd_xcalloc(1, sizeof(*rules));
	struct compiler compiler = {.rules = rules, .words = words, .diags = diags};
	size_t before = shd_diags_mistakes(diags);

	rules->arena = shd_arena_create(ARENA_BYTES);
	for (size_t i = 0; i < count; i++)
		compile_doc(&compiler, docs[i], overrides);
	check_overrides(&compiler, overrides);
	if (shd_diags_mistakes(diags) == before)
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
	free(rules->nodes);
	free(rules);
}

size_t shd_rules_count(const struct shd_rules *rules)
{
	return rules->count;
}

const struct shd_rule *shd_rules_at(const struct shd_rules *rules, size_t i)
{
	shd_assert(i < rules->count);
	return &rules->items[i];
}

const struct shd_rule *shd_rules_find(const struct shd_rules *rules, const char *id)
{
	for (size_t i = 0; i < rules->count; i++)
		if (strcmp(rules->items[i].id, id) == 0)
			return &rules->items[i];
	return NULL;
}

const char *shd_rule_condition(const struct shd_rule *rule, enum shd_level level)
{
	return rule->code->conditions[level];
}

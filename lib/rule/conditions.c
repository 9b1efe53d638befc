#include "base/text.h"
#include "compile.h"

#include <string.h>

void shd_expr_node_report(void *ctx, size_t at, size_t width, const char *hint, const char *text)
{
	const struct shd_expr_node *source = ctx;

	shd_node_mistake_at(source->node, at, width, source->diags, hint, "%s", text);
}

/* Compiles the scalar `node`; NULL: mistakes were reported. */
static const struct shd_expr *compile(struct shd_compiler *compiler, const struct shd_node *node,
	const char *key, struct shd_expr_scope *scope)
{
	struct shd_expr_node source = {node, compiler->diags};
	struct shd_expr_mistakes mistakes = {.report = shd_expr_node_report, .ctx = &source};

	if (node->type != SHD_NODE_SCALAR) {
		shd_node_mistake(node, compiler->diags, "put it in quotes",
			"`%s` must be an expression", key);
		return NULL;
	}
	if (!node->len) {
		shd_node_mistake(node, compiler->diags, NULL, "`%s` is empty", key);
		return NULL;
	}
	scope->key = key;
	struct shd_expr *expr = shd_parse(node->text, node->len, compiler->arena, &mistakes);
	if (!expr || !shd_check(expr, scope, compiler->arena, &mistakes))
		return NULL;
	shd_series_collect(&compiler->rules->series, expr, scope->due, scope->value);
	if (strcmp(key, "needs") != 0)
		shd_compile_warn_windows(compiler, node, expr);
	return expr;
}

static const struct shd_expr *compile_as(struct shd_compiler *compiler, const struct shd_node *node,
	const char *key, enum shd_type type, struct shd_expr_scope *scope)
{
	char found[SHD_TYPE_TEXT];
	const struct shd_expr *expr = compile(compiler, node, key, scope);

	if (!expr || (expr->type == type && !expr->is_list && !expr->is_word_list))
		return expr;
	shd_node_mistake_at(node, 0, node->len, compiler->diags, NULL,
		"`%s` must be %s, this is %s", key,
		type == SHD_BOOL ? "true or false" : shd_type_name(type),
		shd_expr_type(expr, found));
	return NULL;
}

/* Compiles the expression under `key`; NULL when it is absent or has mistakes. */
static const struct shd_expr *read_expr(
	struct shd_compiler *compiler, const char *key, enum shd_type type)
{
	const struct shd_node *node = shd_compiler_find(compiler, key);

	return node ? compile_as(compiler, node, key, type, &compiler->scope) : NULL;
}

static void read_stores(struct shd_compiler *compiler)
{
	const struct shd_node *node = shd_compiler_find(compiler, "stores");
	struct shd_expr_scope scope = {.stores = true,
		.word_lists = compiler->word_lists,
		.calendars = compiler->calendars};

	if (!node)
		return;
	compiler->code->stores = compile_as(compiler, node, "stores", SHD_BOOL, &scope);
	compiler->scope.reads_kinds |= scope.reads_kinds;
	for (int i = 0; i < SHD_KIND_COUNT; i++)
		compiler->scope.reads_fields[i] |= scope.reads_fields[i];
	compiler->scope.reads_metrics |= scope.reads_metrics;
	compiler->scope.reads_pollers |= scope.reads_pollers;
}

/* False: a mistake was reported; then it is not known which fields there are, and the other
 * expressions are not checked. */
static bool read_each(struct shd_compiler *compiler)
{
	const struct shd_node *node = shd_compiler_find(compiler, "each");
	const char *names[SHD_KIND_COUNT];

	if (!node)
		return true;
	for (int i = 0; i < SHD_KIND_COUNT; i++)
		names[i] = shd_kind_name((enum shd_kind)i);
	if (node->type == SHD_NODE_SCALAR &&
		shd_kind_find(node->text, node->len, &compiler->rule->kind)) {
		compiler->rule->each = true;
		compiler->scope.each = true;
		compiler->scope.kind = compiler->rule->kind;
		compiler->scope.reads_kinds |= 1U << compiler->rule->kind;
		return true;
	}
	if (node->type != SHD_NODE_SCALAR || !node->len) {
		shd_node_mistake(node, compiler->diags, "each: order",
			"`each` must be the name of one kind of entity");
		return false;
	}
	const char *near = shd_nearest(node->text, names, SHD_KIND_COUNT);
	shd_node_mistake(node, compiler->diags, NULL, "unknown kind '%s'%s%s%s", node->text,
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return false;
}

/* Stands for a due or value that has a mistake. */
static const struct shd_expr bad_expr = {.bad = true, .allowed_words = ""};

static void read_value(struct shd_compiler *compiler)
{
	const struct shd_node *node = shd_compiler_find(compiler, "value");
	const struct shd_expr *expr =
		node ? compile(compiler, node, "value", &compiler->scope) : NULL;

	if (expr && (expr->is_list || expr->is_word_list)) {
		shd_node_mistake(
			node, compiler->diags, NULL, "`value` must be one value, not a list");
		expr = NULL;
	}
	compiler->code->value = expr;
	compiler->scope.value = expr || !node ? expr : &bad_expr;
}

/* The source text of an expression on one line. */
static const char *join_lines(struct shd_compiler *compiler, const struct shd_node *node)
{
	char *copy = shd_compiler_alloc(compiler, node->len + 1, 1);
	size_t len = node->len;

	if (!copy)
		return NULL;
	while (len && strchr(" \t\r\n", node->text[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++)
		copy[i] = strchr("\t\r\n", node->text[i]) ? ' ' : node->text[i];
	copy[len] = '\0';
	return copy;
}

static void read_level(struct shd_compiler *compiler, int level)
{
	const struct shd_node *node =
		shd_compiler_find_in(compiler, "levels", shd_level_name((enum shd_level)level));

	if (!node)
		return;
	compiler->code->levels[level] = compile_as(
		compiler, node, shd_level_name((enum shd_level)level), SHD_BOOL, &compiler->scope);
	if (node->type == SHD_NODE_SCALAR)
		compiler->code->conditions[level] = join_lines(compiler, node);
}

/* Reports members of the map that are no levels. */
static void check_level_names(struct shd_compiler *compiler, const struct shd_node *map)
{
	const char *names[SHD_LEVEL_COUNT - SHD_INFO];

	for (int level = SHD_INFO; level < SHD_LEVEL_COUNT; level++)
		names[level - SHD_INFO] = shd_level_name((enum shd_level)level);
	shd_compiler_check_members(compiler, map, "level", names, SHD_COUNT(names));
}

static void read_levels(struct shd_compiler *compiler)
{
	for (int i = 0; i < SHD_LAYER_COUNT; i++) {
		const struct shd_node *map = shd_node_get(compiler->layers[i], "levels");

		if (map && (map->type != SHD_NODE_MAP || !map->count)) {
			if (shd_node_refuse_colon(map, compiler->diags))
				return;
			shd_node_mistake(map, compiler->diags, "levels: {warning: value > 2%}",
				"`levels` must be a map of info, warning, critical, breached");
			return;
		}
		check_level_names(compiler, map);
	}
	if (!shd_compiler_find(compiler, "levels")) {
		shd_node_mistake(compiler->layers[SHD_LAYER_RULE], compiler->diags,
			"levels: {warning: value > 2%}", "rule '%s' has no `levels`",
			compiler->rule->id);
		return;
	}
	for (int level = SHD_INFO; level < SHD_LEVEL_COUNT; level++)
		read_level(compiler, level);
}

static void read_level_clear(struct shd_compiler *compiler, enum shd_level level)
{
	const char *name = shd_level_name(level);
	const struct shd_node *node = shd_compiler_find_in(compiler, "clear", name);

	if (!node)
		return;
	if (!shd_compiler_find_in(compiler, "levels", name)) {
		shd_node_mistake(node, compiler->diags, NULL,
			"rule '%s' has no level `%s` that could clear", compiler->rule->id, name);
		return;
	}
	compiler->code->clears[level] =
		compile_as(compiler, node, "clear", SHD_BOOL, &compiler->scope);
	if (node->type == SHD_NODE_SCALAR)
		compiler->code->clear_conditions[level] = join_lines(compiler, node);
}

/* `clear` is one expression for the whole alert, or a map with one for each of some levels. */
static void read_clear(struct shd_compiler *compiler)
{
	const struct shd_node *node = shd_compiler_find(compiler, "clear");

	if (!node || node->type != SHD_NODE_MAP) {
		compiler->code->clear = read_expr(compiler, "clear", SHD_BOOL);
		return;
	}
	check_level_names(compiler, node);
	for (int level = SHD_INFO; level < SHD_LEVEL_COUNT; level++)
		read_level_clear(compiler, (enum shd_level)level);
}

static void copy_parts(struct shd_compiler *compiler)
{
	for (int part = 0; part < SHD_PART_COUNT; part++) {
		const struct shd_node *node =
			shd_compiler_find(compiler, shd_rule_part_name((enum shd_rule_part)part));

		if (node && node->type == SHD_NODE_SCALAR)
			compiler->code->written[part] = join_lines(compiler, node);
	}
}

static uint32_t find_pollers(const struct shd_rule *rule)
{
	uint32_t pollers = 0;

	for (int k = 0; k < SHD_KIND_COUNT; k++) {
		enum shd_poller poller = shd_kind_poller((enum shd_kind)k);

		if ((rule->reads_kinds >> k & 1) && poller < SHD_POLLER_COUNT)
			pollers |= 1U << poller;
	}
	for (int m = 0; m < SHD_METRIC_COUNT; m++)
		if (rule->reads_metrics >> m & 1)
			pollers |= 1U << shd_metric_poller((enum shd_metric)m);
	return pollers;
}

/* In the order in which expressions may use each other: due, then value, then the rest. */
void shd_compile_conditions(struct shd_compiler *compiler)
{
	struct shd_rule_code *code = compiler->code;

	read_stores(compiler);
	if (!read_each(compiler))
		return;
	compiler->scope.has_due = shd_compiler_find(compiler, "due");
	compiler->scope.has_value = shd_compiler_find(compiler, "value");
	code->due = read_expr(compiler, "due", SHD_TIME);
	compiler->scope.due =
		code->due || !shd_compiler_find(compiler, "due") ? code->due : &bad_expr;
	compiler->scope.mentions_closed = false;
	code->where = read_expr(compiler, "where", SHD_BOOL);
	code->mentions_closed = compiler->scope.mentions_closed;
	read_value(compiler);
	code->needs = read_expr(compiler, "needs", SHD_BOOL);
	read_levels(compiler);
	read_clear(compiler);
	code->cost = read_expr(compiler, "cost", SHD_MONEY);
	copy_parts(compiler);
	compiler->rule->deadline = code->due != NULL;
	compiler->rule->reads_kinds = compiler->scope.reads_kinds;
	memcpy(compiler->rule->reads_fields, compiler->scope.reads_fields,
		sizeof(compiler->rule->reads_fields));
	compiler->rule->reads_metrics = compiler->scope.reads_metrics;
	compiler->rule->brought_by = find_pollers(compiler->rule);
	compiler->rule->reads_pollers = compiler->scope.reads_pollers;
}

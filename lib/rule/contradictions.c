#include "compile.h"

#include <string.h>

/* Conditions of one rule that are valid each, but contradict each other. */

static bool is_below(enum shd_op op)
{
	return op == SHD_OP_LT || op == SHD_OP_LE;
}

static bool is_above(enum shd_op op)
{
	return op == SHD_OP_GT || op == SHD_OP_GE;
}

/* Whether both compare the same value with a limit on the same side, and a's is the narrower. */
static bool is_narrower(const struct shd_expr *a, const struct shd_expr *b)
{
	bool below = is_below(a->op) && is_below(b->op), above = is_above(a->op) && is_above(b->op);

	if ((!below && !above) || !shd_expr_equal(a->args[0], b->args[0]))
		return false;
	const struct shd_expr *left = a->args[1], *right = b->args[1];
	if (left->op != SHD_OP_LITERAL || right->op != SHD_OP_LITERAL ||
		left->type != right->type || strcmp(left->currency, right->currency) != 0)
		return false;
	if (left->value.n == right->value.n)
		return a->op == b->op || a->op == SHD_OP_LT || a->op == SHD_OP_GT;
	return (left->value.n < right->value.n) == below;
}

/* Whether it is certain that b holds whenever a does. */
static bool implies(const struct shd_expr *a, const struct shd_expr *b)
{
	if (shd_expr_equal(a, b) || is_narrower(a, b))
		return true;
	if (a->op == SHD_OP_AND)
		return implies(a->args[0], b) || implies(a->args[1], b);
	if (a->op == SHD_OP_OR)
		return implies(a->args[0], b) && implies(a->args[1], b);
	if (b->op == SHD_OP_AND)
		return implies(a, b->args[0]) && implies(a, b->args[1]);
	return b->op == SHD_OP_OR && (implies(a, b->args[0]) || implies(a, b->args[1]));
}

static void warn_level(struct shd_compiler *compiler, int level)
{
	const struct shd_expr *const *levels = compiler->code->levels;
	const char *name = shd_level_name((enum shd_level)level);

	for (int worse = level + 1; levels[level] && worse < SHD_LEVEL_COUNT; worse++) {
		if (!levels[worse] || !implies(levels[level], levels[worse]))
			continue;
		shd_node_warn(shd_compiler_find_in(compiler, "levels", name), compiler->diags,
			"the worse level needs the farther limit",
			"`%s` never shows: where it holds, `%s` holds too", name,
			shd_level_name((enum shd_level)worse));
		return;
	}
}

/* An alert ends when `clear` holds and no level does; it leaves a level when that level's own
 * `clear` holds. */
static void warn_clear(struct shd_compiler *compiler, const struct shd_expr *clear, int level)
{
	const struct shd_expr *of = compiler->code->levels[level];
	const char *name = shd_level_name((enum shd_level)level);
	const struct shd_node *node = shd_compiler_find(compiler, "clear");

	if (!clear || !of || !implies(clear, of))
		return;
	if (node->type == SHD_NODE_MAP)
		node = shd_compiler_find_in(compiler, "clear", name);
	shd_node_warn(node, compiler->diags, "clear: value < 4 for a level value > 5",
		"this never ends the alert: where it holds, `%s` holds too", name);
}

void shd_compile_warn_contradictions(struct shd_compiler *compiler)
{
	const struct shd_rule_code *code = compiler->code;

	for (int level = SHD_INFO; level < SHD_LEVEL_COUNT; level++) {
		warn_level(compiler, level);
		warn_clear(compiler, code->clear, level);
		warn_clear(compiler, code->clears[level], level);
	}
}

#include "match.h"

#include "rule/language/expr.h"

#include <stdlib.h>
#include <string.h>

enum { MATCH_BYTES = 1 << 20 };

struct shd_match {
	struct shd_arena *arena;
	const struct shd_expr *expr;
};

/* --- compile --------------------------------------------------------------------- */

struct reporter {
	const struct shd_node *node;
	struct shd_diags *diags;
};

static void mistake(void *ctx, size_t at, size_t width, const char *hint, const char *text)
{
	const struct reporter *reporter = ctx;

	shd_node_mistake_at(reporter->node, at, width, reporter->diags, hint, "%s", text);
}

static bool is_level(const char *name, enum shd_level *ret_level)
{
	return shd_level_find(name, ret_level) && *ret_level != SHD_LEVEL_NONE;
}

static bool is_label(const char *name)
{
	return strncmp(name, "labels.", 7) == 0 && name[7];
}

static void check_name(const struct shd_expr *expr, struct shd_complaints *report)
{
	static const char *const names[] = {
		"rule", "level", "store", "marketplace", "info", "warning", "critical", "breached"};
	char hint[100];

	for (size_t i = 0; i < SHD_COUNT(names); i++)
		if (strcmp(names[i], expr->name) == 0)
			return;
	if (is_label(expr->name))
		return;
	const char *nearest = shd_nearest(expr->name, names, SHD_COUNT(names));
	struct shd_text say SHD_AUTO(shd_text_finish) = {0};
	shd_text_init(&say, sizeof(hint));
	if (nearest)
		shd_text_printf(&say, "did you mean %s ?", nearest);
	shd_complain(report, expr->at, expr->width,
		nearest ? say.data
			: "a route knows rule, level, store, marketplace and labels.NAME",
		"unknown name '%s'", expr->name);
}

/* Only what a condition over words and levels needs. */
static void check(const struct shd_expr *expr, struct shd_complaints *report)
{
	switch (expr->op) {
	case SHD_OP_NAME:
		check_name(expr, report);
		break;
	case SHD_OP_LITERAL:
		if (expr->value.type != SHD_TEXT && expr->value.type != SHD_BOOL)
			shd_complain(report, expr->at, expr->width, NULL,
				"a route compares words and levels, not a %s",
				shd_type_name(expr->value.type));
		break;
	case SHD_OP_LIST:
	case SHD_OP_OR:
	case SHD_OP_AND:
	case SHD_OP_NOT:
	case SHD_OP_LT:
	case SHD_OP_LE:
	case SHD_OP_GT:
	case SHD_OP_GE:
	case SHD_OP_EQ:
	case SHD_OP_NE:
	case SHD_OP_IN:
	case SHD_OP_IS_NONE:
	case SHD_OP_IS_SOME:
		break;
	case SHD_OP_CALL:
	case SHD_OP_AGGREGATE:
	case SHD_OP_COND:
	case SHD_OP_IS_UNREADABLE:
	case SHD_OP_MATCHES:
	case SHD_OP_CONTAINS:
	case SHD_OP_ELSE:
	case SHD_OP_ADD:
	case SHD_OP_SUB:
	case SHD_OP_MUL:
	case SHD_OP_DIV:
	case SHD_OP_NEGATE:
	case SHD_OP_COUNT:
		shd_complain(report, expr->at, expr->width,
			"a route knows and, or, not, in, is none and comparisons",
			"this cannot be used to choose a route");
		return;
	}
	for (uint32_t i = 0; i < expr->count; i++)
		check(expr->args[i], report);
}

struct shd_match *shd_match_compile(const struct shd_node *node, struct shd_diags *diags)
{
	struct reporter reporter = {node, diags};
	struct shd_complaints report = {.mistake = mistake, .ctx = &reporter};
	struct shd_match *match = shd_xcalloc(1, sizeof(*match));

	match->arena = shd_arena_create(MATCH_BYTES);
	match->expr = shd_parse(node->text, node->len, match->arena, &report);
	if (match->expr)
		check(match->expr, &report);
	if (!match->expr || report.count) {
		shd_match_destroy(match);
		return NULL;
	}
	return match;
}

void shd_match_destroy(struct shd_match *match)
{
	if (!match)
		return;
	shd_arena_destroy(match->arena);
	free(match);
}

/* --- evaluate -------------------------------------------------------------------------- */

static const char *find_label(const struct shd_pairs *pairs, const char *name)
{
	for (size_t i = 0; pairs && i < pairs->count; i++)
		if (strcmp(pairs->names[i], name) == 0)
			return pairs->values[i];
	return NULL;
}

/* The word an operand stands for; NULL: absent. */
static const char *word_of(const struct shd_expr *expr, const struct shd_match_facts *facts)
{
	if (expr->op == SHD_OP_LITERAL)
		return expr->value.type == SHD_TEXT ? expr->value.text : NULL;
	if (expr->op != SHD_OP_NAME)
		return NULL;
	if (strcmp(expr->name, "rule") == 0)
		return facts->rule;
	if (strcmp(expr->name, "store") == 0)
		return facts->store;
	if (strcmp(expr->name, "marketplace") == 0)
		return facts->marketplace;
	if (strcmp(expr->name, "level") == 0)
		return shd_level_name(facts->level);
	if (!is_label(expr->name))
		return expr->name; /* a level by its name */
	const char *label = find_label(facts->store_labels, expr->name + 7);
	return label ? label : find_label(facts->rule_labels, expr->name + 7);
}

static bool is_name(const struct shd_expr *expr, const char *name)
{
	return expr->op == SHD_OP_NAME && strcmp(expr->name, name) == 0;
}

/* Below, equal or above, as -1, 0, 1: levels by their order, words by their bytes. */
static bool order_of(const struct shd_expr *a, const struct shd_expr *b,
	const struct shd_match_facts *facts, int *ret_order)
{
	const char *x = word_of(a, facts), *y = word_of(b, facts);
	enum shd_level left, right;

	if (!x || !y)
		return false;
	if ((is_name(a, "level") || is_name(b, "level")) && is_level(x, &left) &&
		is_level(y, &right))
		*ret_order = left < right ? -1 : left > right;
	else
		*ret_order = strcmp(x, y);
	return true;
}

static bool is_in(const struct shd_expr *expr, const struct shd_match_facts *facts)
{
	const struct shd_expr *list = expr->args[1];
	int order;

	for (uint32_t i = 0; i < list->count; i++)
		if (order_of(expr->args[0], list->args[i], facts, &order) && order == 0)
			return true;
	return false;
}

static bool holds(const struct shd_expr *expr, const struct shd_match_facts *facts)
{
	int order = 0;
	bool known = expr->count == 2 && order_of(expr->args[0], expr->args[1], facts, &order);

	switch (expr->op) {
	case SHD_OP_OR:
		for (uint32_t i = 0; i < expr->count; i++)
			if (holds(expr->args[i], facts))
				return true;
		return false;
	case SHD_OP_AND:
		for (uint32_t i = 0; i < expr->count; i++)
			if (!holds(expr->args[i], facts))
				return false;
		return true;
	case SHD_OP_NOT:
		return !holds(expr->args[0], facts);
	case SHD_OP_LT:
		return known && order < 0;
	case SHD_OP_LE:
		return known && order <= 0;
	case SHD_OP_GT:
		return known && order > 0;
	case SHD_OP_GE:
		return known && order >= 0;
	case SHD_OP_EQ:
		return known && order == 0;
	case SHD_OP_NE:
		return known && order != 0;
	case SHD_OP_IN:
		return is_in(expr, facts);
	case SHD_OP_IS_NONE:
		return !word_of(expr->args[0], facts);
	case SHD_OP_IS_SOME:
		return word_of(expr->args[0], facts) != NULL;
	case SHD_OP_LITERAL:
		return expr->value.type == SHD_BOOL && expr->value.n;
	case SHD_OP_NAME:
	case SHD_OP_LIST:
	case SHD_OP_CALL:
	case SHD_OP_AGGREGATE:
	case SHD_OP_COND:
	case SHD_OP_IS_UNREADABLE:
	case SHD_OP_MATCHES:
	case SHD_OP_CONTAINS:
	case SHD_OP_ELSE:
	case SHD_OP_ADD:
	case SHD_OP_SUB:
	case SHD_OP_MUL:
	case SHD_OP_DIV:
	case SHD_OP_NEGATE:
	case SHD_OP_COUNT:
		break;
	}
	return false;
}

bool shd_match_holds(const struct shd_match *match, const struct shd_match_facts *facts)
{
	return holds(match->expr, facts);
}

#include "match.h"

#include "code.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MATCH_BYTES = 1 << 20 };

struct shd_match {
	struct shd_arena *arena;
	const struct shd_expr *expr;
};

/* --- compile --------------------------------------------------------------------- */

static bool is_level(const char *name, enum shd_level *ret_level)
{
	return shd_level_find(name, ret_level) && *ret_level != SHD_LEVEL_NONE;
}

static bool is_label(const char *name)
{
	return strncmp(name, "labels.", 7) == 0 && name[7];
}

static bool is_word(const struct shd_expr *expr)
{
	return expr->op == SHD_OP_LITERAL && expr->value.type == SHD_TEXT;
}

static bool is_name(const struct shd_expr *expr, const char *name)
{
	return expr->op == SHD_OP_NAME && strcmp(expr->name, name) == 0;
}

static bool is_level_name(const struct shd_expr *expr)
{
	enum shd_level level;

	return expr->op == SHD_OP_NAME && is_level(expr->name, &level);
}

/* Whether it is a name whose value an alert has. */
static bool is_fact(const struct shd_expr *expr)
{
	static const char *const facts[] = {"rule", "level", "store", "marketplace"};

	for (size_t i = 0; i < SHD_COUNT(facts); i++)
		if (is_name(expr, facts[i]))
			return true;
	return expr->op == SHD_OP_NAME && is_label(expr->name);
}

/* Reports a name that is neither a fact of an alert nor a level. */
static void check_name(const struct shd_expr *expr, const struct shd_expr *other,
	struct shd_expr_mistakes *mistakes)
{
	static const char *const names[] = {
		"rule", "level", "store", "marketplace", "info", "warning", "critical", "breached"};
	char hint[100];

	if (is_fact(expr) || is_level_name(expr))
		return;
	const char *nearest = shd_nearest(expr->name, names, SHD_COUNT(names));
	bool is_bare = other && is_fact(other) && !is_name(other, "level");
	if (is_bare)
		snprintf(hint, sizeof(hint), "did you mean \"%.60s\" ?", expr->name);
	else if (nearest)
		snprintf(hint, sizeof(hint), "did you mean %s ?", nearest);
	else
		snprintf(hint, sizeof(hint), "a route knows rule, level, store, marketplace and %s",
			"labels.NAME");
	shd_expr_mistake(mistakes, expr->at, expr->width, hint, "unknown name '%s'", expr->name);
}

/* Reports a text that is compared with `level` and is no level. */
static void check_level(const struct shd_expr *expr, struct shd_expr_mistakes *mistakes)
{
	enum shd_level level;

	if (!is_word(expr) || is_level(expr->value.text, &level))
		return;
	shd_expr_mistake(mistakes, expr->at, expr->width, "info, warning, critical or breached",
		"no level is called '%s'", expr->value.text);
}

static void check_operand(const struct shd_expr *expr, const struct shd_expr *other,
	struct shd_expr_mistakes *mistakes)
{
	if (expr->op == SHD_OP_NAME)
		check_name(expr, other, mistakes);
	else if (expr->op != SHD_OP_LITERAL)
		shd_expr_mistake(mistakes, expr->at, expr->width,
			"a route knows and, or, not, in, is none and comparisons",
			"this cannot be used to choose a route");
	else if (!is_word(expr))
		shd_expr_mistake(mistakes, expr->at, expr->width, NULL,
			"a route compares words and levels, not a %s",
			shd_type_name(expr->value.type));
	if (other && is_name(other, "level"))
		check_level(expr, mistakes);
	else if (other && is_fact(other) && is_level_name(expr))
		shd_expr_mistake(mistakes, expr->at, expr->width,
			"write it in quotes, or compare `level`", "%s is a level", expr->name);
}

static void check_comparison(const struct shd_expr *expr, const struct shd_expr *a,
	const struct shd_expr *b, struct shd_expr_mistakes *mistakes)
{
	size_t before = mistakes->count;

	check_operand(a, b, mistakes);
	check_operand(b, a, mistakes);
	if (mistakes->count == before && !is_fact(a) && !is_fact(b))
		shd_expr_mistake(mistakes, expr->at, expr->width,
			"compare rule, level, store, marketplace or labels.NAME",
			"this compares nothing of an alert");
}

/* Reports an expression that is not a condition. */
static void refuse_operand(const struct shd_expr *expr, struct shd_expr_mistakes *mistakes)
{
	const char *name = expr->op == SHD_OP_NAME ? expr->name : "";
	size_t before = mistakes->count;
	char hint[120];

	check_operand(expr, NULL, mistakes);
	if (mistakes->count != before)
		return;
	if (is_level_name(expr))
		snprintf(hint, sizeof(hint), "did you mean level >= %s ?", name);
	else if (is_name(expr, "level"))
		snprintf(hint, sizeof(hint), "write level >= critical, or another level");
	else if (is_fact(expr))
		snprintf(hint, sizeof(hint), "write %.80s == \"...\"", name);
	else
		snprintf(hint, sizeof(hint), "write store == \"...\", or rule or labels.NAME");
	shd_expr_mistake(mistakes, expr->at, expr->width, hint, "this is neither true nor false");
}

/* A route uses only a part of the language: reports the rest. */
static void check(const struct shd_expr *expr, struct shd_expr_mistakes *mistakes)
{
	switch (expr->op) {
	case SHD_OP_OR:
	case SHD_OP_AND:
	case SHD_OP_NOT:
		for (uint32_t i = 0; i < expr->count; i++)
			check(expr->args[i], mistakes);
		return;
	case SHD_OP_LT:
	case SHD_OP_LE:
	case SHD_OP_GT:
	case SHD_OP_GE:
	case SHD_OP_EQ:
	case SHD_OP_NE:
		check_comparison(expr, expr->args[0], expr->args[1], mistakes);
		return;
	case SHD_OP_IN:
		for (uint32_t i = 0; i < expr->args[1]->count; i++)
			check_comparison(expr, expr->args[0], expr->args[1]->args[i], mistakes);
		return;
	case SHD_OP_IS_NONE:
	case SHD_OP_IS_SOME:
		check_operand(expr->args[0], NULL, mistakes);
		return;
	case SHD_OP_LITERAL:
		if (expr->value.type == SHD_BOOL)
			return;
		break;
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
	refuse_operand(expr, mistakes);
}

struct shd_match *shd_match_compile(const struct shd_node *node, struct shd_diags *diags)
{
	struct shd_expr_node source = {node, diags};
	struct shd_expr_mistakes mistakes = {.report = shd_expr_node_report, .ctx = &source};
	struct shd_match *match = shd_xcalloc(1, sizeof(*match));

	match->arena = shd_arena_create(MATCH_BYTES);
	match->expr = shd_parse(node->text, node->len, match->arena, &mistakes);
	if (match->expr)
		check(match->expr, &mistakes);
	if (!match->expr || mistakes.count) {
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

/* The value of an operand as text; NULL: absent. */
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
		return expr->name; /* the name of a level */
	const char *label = find_label(facts->store_labels, expr->name + 7);
	return label ? label : find_label(facts->rule_labels, expr->name + 7);
}

/* Compares two operands as strcmp does: levels by severity, other texts by their bytes. False: one
 * of them is absent. */
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

/* --- what it names ------------------------------------------------------------------------ */

struct naming {
	shd_match_name_fn *name;
	void *ctx;
};

static void tell_label(const struct naming *naming, const struct shd_expr *expr)
{
	if (expr->op == SHD_OP_NAME && is_label(expr->name))
		naming->name(naming->ctx, expr->name, NULL, expr->at, expr->width);
}

static void tell_pair(const struct naming *naming, const struct shd_expr *fact,
	const struct shd_expr *word)
{
	if (is_fact(fact) && is_word(word))
		naming->name(naming->ctx, fact->name, word->value.text, word->at, word->width);
}

static void tell(const struct naming *naming, const struct shd_expr *expr)
{
	const struct shd_expr *list = expr->op == SHD_OP_IN ? expr->args[1] : NULL;

	tell_label(naming, expr);
	for (uint32_t i = 0; i < expr->count; i++)
		tell(naming, expr->args[i]);
	for (uint32_t i = 0; list && i < list->count; i++)
		tell_pair(naming, expr->args[0], list->args[i]);
	if ((expr->op == SHD_OP_EQ || expr->op == SHD_OP_NE) && expr->count == 2) {
		tell_pair(naming, expr->args[0], expr->args[1]);
		tell_pair(naming, expr->args[1], expr->args[0]);
	}
}

void shd_match_each_name(const struct shd_match *match, shd_match_name_fn *name, void *ctx)
{
	const struct naming naming = {name, ctx};

	tell(&naming, match->expr);
}

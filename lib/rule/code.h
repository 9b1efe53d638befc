/* rule/code.h - a compiled rule: what the compiler makes and levels.c evaluates. Private to
 * lib/rule. */
#pragma once
#include "rule/language/expr.h"
#include "rule.h"

struct shd_rule_code {
	bool enabled, mentions_closed;
	const struct shd_expr *stores, *where, *due, *value, *needs, *clear, *cost; /* or NULL */
	const char *written[SHD_PART_COUNT]; /* the source text of those, on one line; or NULL */
	const struct shd_expr *levels[SHD_LEVEL_COUNT];
	const char *conditions[SHD_LEVEL_COUNT]; /* the source text of the levels */
	/* If single levels have a `clear` of their own; then `clear` is NULL. */
	const struct shd_expr *clears[SHD_LEVEL_COUNT];
	const char *clear_conditions[SHD_LEVEL_COUNT]; /* their source text */
};

/* The scalar that an expression was read from. */
struct shd_expr_node {
	const struct shd_node *node;
	struct shd_diags *diags;
};
/* Reports a mistake of the expression at its place in the file: shd_expr_mistakes.report, whose ctx
 * is a struct shd_expr_node. */
void shd_expr_node_report(
	void *ctx, size_t at, size_t width, const char *hint, const char *text);

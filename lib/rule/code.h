/* rule/code.h - what rule.c compiles and levels.c runs. Private to lib/rule. */
#pragma once
#include "rule/language/expr.h"
#include "rule.h"

struct shd_rule_code {
	bool enabled, mentions_closed;
	const struct shd_expr *stores, *where, *due, *value, *needs, *clear, *cost; /* or NULL */
	const char *written[SHD_PART_COUNT]; /* of those, on one line */
	const struct shd_expr *levels[SHD_LEVEL_COUNT];
	const char *conditions[SHD_LEVEL_COUNT]; /* as written */
	const struct shd_expr *clears[SHD_LEVEL_COUNT]; /* of single levels; then no `clear` */
	const char *clear_conditions[SHD_LEVEL_COUNT];
};

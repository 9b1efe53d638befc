/* rule/eval/series.h - which windows over entities can be tallied (tally.h), found when the
 * rules are compiled.
 *
 * Aggregates that look at the same kind, condition and field share one series, however
 * long their windows are. Pure. */
#pragma once
#include "rule/language/expr.h"

struct shd_series {
	const struct shd_expr *expr; /* one of its aggregates: kind, condition, field */
	int64_t span_ms;             /* the longest window, and how far baseline() goes back */
	uint64_t reads;              /* bit per field of the kind */
};

/* More windows than this are read row by row. */
enum { SHD_SERIES_MAX = 512 };

struct shd_series_list {
	struct shd_series *items; /* owned */
	size_t count, room;
};

/* Gives each aggregate in a checked expression that can be tallied its number. due,
 * value: what these names stand for, or NULL. */
void shd_series_collect(struct shd_series_list *list, struct shd_expr *expr,
	const struct shd_expr *due, const struct shd_expr *value);

/* rule/eval/series.h - the aggregates over entities that a tally (tally.h) can keep, found when
 * the rules are compiled.
 *
 * Aggregates over the same kind, time, condition and field share one series, whatever the length of
 * their windows. Pure. */
#pragma once
#include "rule/language/expr.h"

struct shd_series {
	const struct shd_expr *expr; /* one of its aggregates: kind, time, condition, field */
	int64_t span_ms; /* the longest window, plus how far baseline() shifts it back */
	uint64_t reads;              /* the fields of the kind that it reads, a bit each */
};

/* Further aggregates get no number; their windows are read entity by entity. */
enum { SHD_SERIES_MAX = 512 };

struct shd_series_list {
	struct shd_series *items; /* owned */
	size_t count, room;
};

/* Sets expr->series of each aggregate in a checked expression that a tally can keep. due,
 * value: the expressions that these names stand for, or NULL. */
void shd_series_collect(struct shd_series_list *list, struct shd_expr *expr,
	const struct shd_expr *due, const struct shd_expr *value);

#include "series.h"

/* Whether the value of `expr`, a window's condition or a part of it, depends only on fields of
 * the window's entity; adds those to *reads. */
static bool reads_only_entity(const struct shd_expr *expr, uint64_t *reads)
{
	if (expr->op == SHD_OP_NAME) {
		if (expr->ref == SHD_REF_WORD_LIST)
			return true;
		if (!expr->inner || (expr->ref != SHD_REF_FIELD && expr->ref != SHD_REF_ID))
			return false;
		if (expr->ref == SHD_REF_FIELD && expr->index == SHD_I_url)
			return false; /* the store makes it (catalog/page.h) */
		*reads |= expr->ref == SHD_REF_FIELD ? 1ULL << expr->index : 0;
		return true;
	}
	if (expr->op == SHD_OP_AGGREGATE)
		return false;
	if (expr->op == SHD_OP_CALL &&
		(expr->function == SHD_FN_business_days || expr->function == SHD_FN_hour ||
			expr->function == SHD_FN_weekday || expr->function == SHD_FN_day ||
			expr->function == SHD_FN_age_of ||
			expr->function == SHD_FN_forecast || expr->function == SHD_FN_baseline ||
			expr->function == SHD_FN_room))
		return false;
	for (uint32_t i = 0; i < expr->count; i++)
		if (!reads_only_entity(expr->args[i], reads))
			return false;
	return true;
}

static bool is_same_series(const struct shd_expr *a, const struct shd_expr *b)
{
	return a->kind == b->kind && a->time == b->time && a->ref == b->ref &&
	       (a->ref != SHD_REF_FIELD || a->index == b->index) && a->count == b->count &&
	       (a->count < 2 || shd_expr_equal(a->args[1], b->args[1]));
}

static void assign(struct shd_series_list *list, struct shd_expr *expr)
{
	uint64_t reads = 1ULL << expr->time;

	if (expr->ref == SHD_REF_METRIC || expr->since ||
		(expr->count > 1 && !reads_only_entity(expr->args[1], &reads)))
		return;
	if (expr->ref == SHD_REF_FIELD)
		reads |= 1ULL << expr->index;
	size_t i = 0;
	while (i < list->count && !is_same_series(list->items[i].expr, expr))
		i++;
	if (i == SHD_SERIES_MAX)
		return;
	if (i == list->count) {
		shd_grow(list->items, list->count, list->room);
		list->items[list->count++] = (struct shd_series){.expr = expr, .reads = reads};
	}
	expr->series = (uint32_t)i + 1;
}

static void assign_all(struct shd_series_list *list, struct shd_expr *expr)
{
	if (expr->op == SHD_OP_AGGREGATE) {
		assign(list, expr);
		return;
	}
	for (uint32_t i = 0; i < expr->count; i++)
		assign_all(list, expr->args[i]);
}

struct names {
	const struct shd_expr *due, *value;
};

/* Extends the span of each series in `expr` to its window, shifted back by back_ms, which is what
 * the enclosing baseline() adds. */
static void extend_spans(struct shd_series_list *list, const struct shd_expr *expr,
	const struct names *names, int64_t back_ms)
{
	const struct shd_expr *named = NULL;

	if (expr->op == SHD_OP_AGGREGATE && expr->series) {
		struct shd_series *series = &list->items[expr->series - 1];
		int64_t span_ms = expr->args[0]->value.n + back_ms;

		if (span_ms > series->span_ms)
			series->span_ms = span_ms;
		return;
	}
	if (expr->op == SHD_OP_CALL && expr->function == SHD_FN_baseline)
		back_ms += expr->args[1]->value.n;
	if (expr->op == SHD_OP_NAME && expr->ref == SHD_REF_VALUE)
		named = names->value;
	else if (expr->op == SHD_OP_NAME &&
		 (expr->ref == SHD_REF_DUE || expr->ref == SHD_REF_REMAINING))
		named = names->due;
	if (named && back_ms)
		extend_spans(list, named, names, back_ms);
	for (uint32_t i = 0; i < expr->count; i++)
		extend_spans(list, expr->args[i], names, back_ms);
}

void shd_series_collect(struct shd_series_list *list, struct shd_expr *expr,
	const struct shd_expr *due, const struct shd_expr *value)
{
	struct names names = {due, value};

	assign_all(list, expr);
	extend_spans(list, expr, &names, 0);
}

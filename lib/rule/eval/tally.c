#include "tally.h"

#include "eval.h"
#include "rows.h"
#include "series.h"

#include <stdlib.h>

/* The rows of one series in one store. */
struct kept_series {
	struct shd_rows rows;
	int64_t complete_ms; /* it has every row after this instant */
};

struct shd_tally_store {
	struct kept_series **kept; /* by series; NULL: nothing is kept */
	struct shd_tally_store *next;
};

struct shd_tally {
	const struct shd_series_list *series;
	struct shd_tally_limits limits;
	struct shd_tally_store *stores;
	size_t bytes;
	bool filling;
	bool full; /* no further window is kept until something is dropped */
};

struct shd_tally *shd_tally_create(
	const struct shd_series_list *series, const struct shd_tally_limits *limits)
{
	struct shd_tally *tally = shd_xcalloc(1, sizeof(*tally));

	tally->series = series;
	tally->limits = *limits;
	return tally;
}

struct shd_tally_store *shd_tally_add_store(struct shd_tally *tally)
{
	struct shd_tally_store *store = shd_xcalloc(1, sizeof(*store));

	store->next = tally->stores;
	tally->stores = store;
	return store;
}

static void drop(struct shd_tally *tally, struct shd_tally_store *store, size_t number)
{
	struct kept_series *kept = store->kept[number];

	if (!kept)
		return;
	tally->bytes -= kept->rows.bytes;
	tally->full = false;
	shd_rows_finish(&kept->rows);
	free(kept);
	store->kept[number] = NULL;
}

void shd_tally_forget(struct shd_tally *tally)
{
	for (struct shd_tally_store *store = tally->stores; store; store = store->next)
		for (size_t k = 0; store->kept && k < tally->series->count; k++)
			drop(tally, store, k);
}

void shd_tally_destroy(struct shd_tally *tally)
{
	if (!tally)
		return;
	shd_tally_forget(tally);
	while (tally->stores) {
		struct shd_tally_store *store = tally->stores;

		tally->stores = store->next;
		free(store->kept);
		free(store);
	}
	free(tally);
}

bool shd_tally_is_filling(const struct shd_tally *tally)
{
	return tally->filling;
}

size_t shd_tally_bytes(const struct shd_tally *tally)
{
	return tally->bytes;
}

/* --- rows ---------------------------------------------------------------------- */

/* The entity's row in the series; false: it has none, as it has no date. A series' condition
 * reads only the entity, so the environment is empty. */
static bool row_of(const struct shd_series *series, const struct shd_entity *entity,
	struct shd_row *ret_row)
{
	static const struct shd_value nothing = {.none = true};
	const struct shd_expr *expr = series->expr;
	const struct shd_value *time = &entity->fields[expr->time];
	struct shd_rule_env env = {0};
	struct shd_eval eval;

	if (time->none)
		return false;
	shd_eval_init(&eval, &env, NULL, NULL);
	*ret_row = (struct shd_row){.at_ms = time->n, .value = &nothing};
	ret_row->hit = shd_eval_meets_condition(&eval, expr, entity);
	if (ret_row->hit && expr->ref == SHD_REF_FIELD)
		ret_row->value = &entity->fields[expr->index];
	return true;
}

static void add_row(struct shd_tally *tally, struct kept_series *kept, const struct shd_row *row)
{
	size_t before = kept->rows.bytes;

	if (row->at_ms <= kept->complete_ms)
		return;
	shd_rows_add(&kept->rows, row);
	tally->bytes += kept->rows.bytes - before;
}

/* False: the row that should be there is not, so what is kept is wrong. */
static bool remove_row(struct shd_tally *tally, struct kept_series *kept, const struct shd_row *row)
{
	size_t before = kept->rows.bytes;
	bool found = shd_rows_remove(&kept->rows, row);

	tally->bytes -= before - kept->rows.bytes;
	return found || row->at_ms <= kept->complete_ms;
}

static bool differ(const struct shd_entity *a, const struct shd_entity *b, uint64_t fields)
{
	for (; fields; fields &= fields - 1) {
		int field = __builtin_ctzll(fields);

		if (!shd_value_equal(&a->fields[field], &b->fields[field]))
			return true;
	}
	return false;
}

static bool is_full(struct shd_tally *tally)
{
	tally->full |= tally->bytes > tally->limits.max_bytes;
	return tally->full;
}

static void change_one(struct shd_tally *tally, struct shd_tally_store *store, size_t number,
	const struct shd_entity *before, const struct shd_entity *after)
{
	const struct shd_series *series = &tally->series->items[number];
	struct kept_series *kept = store->kept[number];
	bool consistent = true;
	struct shd_row row;

	if (!kept || (before && after && !differ(before, after, series->reads)))
		return;
	if (before && row_of(series, before, &row))
		consistent = remove_row(tally, kept, &row);
	if (consistent && after && row_of(series, after, &row))
		add_row(tally, kept, &row);
	if (!consistent || tally->bytes > tally->limits.max_bytes)
		drop(tally, store, number);
}

void shd_tally_change(struct shd_tally *tally, struct shd_tally_store *store,
	const struct shd_entity *before, const struct shd_entity *after)
{
	enum shd_kind kind = after ? after->kind : before->kind;

	for (size_t i = 0; store->kept && i < tally->series->count; i++)
		if (tally->series->items[i].expr->kind == kind)
			change_one(tally, store, i, before, after);
}

/* --- filling -------------------------------------------------------------------- */

bool shd_tally_should_fill(const struct shd_tally *tally, const struct shd_expr *expr, size_t rows)
{
	return expr->series && rows >= tally->limits.min_rows && !tally->full &&
	       tally->series->items[expr->series - 1].span_ms <= tally->limits.max_span_ms;
}

struct fill {
	struct shd_tally *tally;
	const struct shd_series *series;
	struct kept_series *kept;
};

static bool fill_row(void *ctx, const struct shd_entity *entity)
{
	const struct fill *fill = ctx;
	struct shd_row row;

	if (row_of(fill->series, entity, &row))
		add_row(fill->tally, fill->kept, &row);
	return !is_full(fill->tally);
}

bool shd_tally_fill(struct shd_tally *tally, const struct shd_rule_env *env,
	const struct shd_expr *expr, int64_t from_ms)
{
	size_t number = expr->series - 1;
	const struct shd_series *series = &tally->series->items[number];
	struct kept_series ***slots = &env->tally_store->kept;

	if (!*slots)
		*slots = shd_xcalloc(tally->series->count, sizeof(**slots));
	drop(tally, env->tally_store, number);
	struct kept_series *kept = (*slots)[number] = shd_xcalloc(1, sizeof(*kept));
	struct fill fill = {tally, series, kept};
	int64_t span_ms = shd_sub_saturated(env->now.ms, series->span_ms);

	kept->rows.values = expr->ref == SHD_REF_FIELD;
	kept->complete_ms = from_ms < span_ms ? from_ms : span_ms;
	tally->filling = true;
	env->window(env->ctx, expr->kind, expr->time, (struct shd_wall){kept->complete_ms},
		(struct shd_wall){SHD_NEVER_MS}, fill_row, &fill);
	tally->filling = false;
	if (!is_full(tally))
		return true;
	drop(tally, env->tally_store, number);
	tally->full = true;
	return false;
}

/* --- queries -------------------------------------------------------------------- */

/* Removes rows that no window reaches any more. */
static void trim(struct shd_tally *tally, struct kept_series *kept, int64_t until_ms)
{
	size_t before = kept->rows.bytes;

	if (until_ms <= kept->complete_ms)
		return;
	shd_rows_trim(&kept->rows, until_ms);
	if (kept->rows.bytes == before)
		return;
	kept->complete_ms = until_ms;
	tally->bytes -= before - kept->rows.bytes;
	tally->full = false;
}

bool shd_tally_window(struct shd_tally *tally, const struct shd_rule_env *env,
	const struct shd_expr *expr, int64_t from_ms, int64_t to_ms, shd_tally_fn *visit, void *ctx,
	struct shd_tally_result *ret)
{
	struct kept_series **slots = expr->series ? env->tally_store->kept : NULL;
	struct kept_series *kept = slots ? slots[expr->series - 1] : NULL;

	if (!kept || from_ms < kept->complete_ms)
		return false;
	const struct shd_series *series = &tally->series->items[expr->series - 1];
	trim(tally, kept, shd_sub_saturated(env->now.ms, series->span_ms));
	shd_rows_count(&kept->rows, from_ms, to_ms, &ret->of, &ret->hit);
	ret->ahead_ms = shd_rows_after(&kept->rows, to_ms, false);
	ret->oldest_ms =
		shd_rows_after(&kept->rows, from_ms, expr->aggregate != SHD_AGG_share);
	if (ret->oldest_ms > to_ms)
		ret->oldest_ms = SHD_NEVER_MS;
	if (expr->ref == SHD_REF_FIELD)
		shd_rows_visit(&kept->rows, from_ms, to_ms, expr->type, visit, ctx);
	return true;
}

#include "base/num.h"
#include "exact.h"
#include "quantile.h"
#include "tally.h"

#include <string.h>

enum { BASELINE_VALUES = 64 };

/* How far forecast() looks back. */
#define FORECAST_MS (28 * SHD_DAY_MS)

/* What an aggregate accumulates while it scans its window. */
struct window {
	struct shd_eval *eval;
	const struct shd_expr *expr;
	int64_t from_ms, length_ms; /* length: SHD_NEVER_MS for one that nothing leaves */
	struct shd_quantile *quantile; /* NULL: not needed */
	uint64_t of, hit, count;   /* entities; those that meet the condition; values */
	__int128 sum;
	int64_t min, max, first, last;
	char currency[4];
	bool blind, currencies_differ;
	bool needs_tally;          /* the scan stopped: a tally shall keep this window */
	bool rescan;               /* scanned once more, for the quantile */
	/* Least squares; x in seconds since from_ms, y relative to the first value, y0. */
	__int128 points, sum_x, sum_y, sum_xx, sum_xy, first_x, last_x;
	int64_t y0;
};

static bool is_quantile(enum shd_aggregate aggregate)
{
	return aggregate == SHD_AGG_median || aggregate == SHD_AGG_p90 || aggregate == SHD_AGG_p99;
}

static void add_value(struct window *window, const struct shd_value *value)
{
	if (value->none)
		return;
	if (value->type == SHD_MONEY) {
		if (window->count && memcmp(window->currency, value->currency, 4) != 0)
			window->currencies_differ = true;
		memcpy(window->currency, value->currency, 4);
	}
	if (!window->count || value->n < window->min)
		window->min = value->n;
	if (!window->count || value->n > window->max)
		window->max = value->n;
	if (!window->count)
		window->first = value->n;
	window->last = value->n;
	window->count++;
	window->sum += value->n;
	if (window->quantile)
		shd_quantile_add(window->quantile, value->n);
}

/* Evaluates the window's condition for an entity; what is missing or sampled there is not noted
 * for the verdict. */
static void eval_condition(struct shd_eval *eval, const struct shd_expr *condition,
	const struct shd_entity *entity, struct shd_result *ret)
{
	const char *missing = eval->missing;
	size_t scratch = eval->scratch_used;
	uint32_t hit = eval->hit, of = eval->of;

	eval->inner = entity;
	shd_eval(eval, condition, ret);
	eval->inner = NULL;
	eval->missing = missing;
	eval->scratch_used = scratch;
	eval->hit = hit;
	eval->of = of;
}

bool shd_eval_meets_condition(
	struct shd_eval *eval, const struct shd_expr *expr, const struct shd_entity *entity)
{
	struct shd_result result;

	if (expr->count < 2)
		return true;
	eval_condition(eval, expr->args[1], entity, &result);
	return shd_truth_of(&result) == SHD_TRUTH_TRUE;
}

static bool meets_condition(struct window *window, const struct shd_entity *entity)
{
	struct shd_result result;

	if (window->expr->count < 2)
		return true;
	eval_condition(window->eval, window->expr->args[1], entity, &result);
	window->blind |= result.v.none && result.blind;
	return shd_truth_of(&result) == SHD_TRUTH_TRUE;
}

static bool should_tally(const struct window *window)
{
	const struct shd_tally *tally = window->eval->env->tally;

	return tally && !window->rescan && shd_tally_should_fill(tally, window->expr, window->of);
}

static bool visit_entity(void *ctx, const struct shd_entity *entity)
{
	struct window *window = ctx;
	const struct shd_expr *expr = window->expr;
	int64_t at_ms = entity->fields[expr->time].n;

	if (at_ms > window->eval->now_ms) {
		shd_eval_wake(window->eval, at_ms); /* dated ahead: it enters then */
		return false;
	}
	bool satisfied = meets_condition(window, entity);
	window->of++;
	if (should_tally(window)) {
		window->needs_tally = true;
		return false;
	}
	window->hit += satisfied;
	if (satisfied || expr->aggregate == SHD_AGG_share)
		shd_eval_wake(window->eval, shd_add_saturated(at_ms, window->length_ms));
	if (satisfied && expr->ref == SHD_REF_FIELD)
		add_value(window, &entity->fields[expr->index]);
	return true;
}

static void add_point(struct window *window, int64_t at_ms, int64_t n)
{
	__int128 x = (at_ms - window->from_ms) / SHD_SECOND_MS;

	if (!window->points) {
		window->y0 = n;
		window->first_x = x;
	}
	window->last_x = x;
	__int128 y = (__int128)n - window->y0;
	window->points++;
	window->sum_x += x;
	window->sum_y += y;
	window->sum_xx += x * x;
	window->sum_xy += x * y;
}

/* The newest sample at or before the window's start counts as its first value. */
static bool visit_sample(void *ctx, struct shd_wall at, const struct shd_value *value)
{
	struct window *window = ctx;

	if (at.ms > window->eval->now_ms) {
		shd_eval_wake(window->eval, at.ms);
		return false;
	}
	if (at.ms > window->from_ms) {
		/* last() does not change when the newest sample leaves the window. */
		if (window->expr->aggregate != SHD_AGG_last || window->expr->op != SHD_OP_AGGREGATE)
			shd_eval_wake(window->eval, shd_add_saturated(at.ms, window->length_ms));
		if (!value->none)
			add_point(window, at.ms, value->n);
	}
	add_value(window, value);
	return true;
}

static void start(struct window *window, struct shd_eval *eval, const struct shd_expr *expr,
	int64_t from_ms, int64_t length_ms, struct shd_quantile *quantile)
{
	*window = (struct window){.eval = eval,
		.expr = expr,
		.length_ms = length_ms,
		.from_ms = from_ms,
		.quantile = quantile};
	if (quantile)
		shd_quantile_start(quantile);
}

static void visit_value(void *ctx, const struct shd_value *value)
{
	add_value(ctx, value);
}

/* Fills the window from the tally; false when that does not keep it. */
static bool read_tally(struct window *window)
{
	struct shd_eval *eval = window->eval;
	const struct shd_rule_env *env = eval->env;
	struct shd_tally_result seen;

	if (!env->tally || !shd_tally_window(env->tally, env, window->expr, window->from_ms,
				   eval->now_ms, visit_value, window, &seen))
		return false;
	window->of = seen.of;
	window->hit = seen.hit;
	shd_eval_wake(eval, seen.ahead_ms);
	shd_eval_wake(eval, shd_add_saturated(seen.oldest_ms, window->length_ms));
	return true;
}

/* Reads beyond the end too, as an entity dated ahead must wake the rule. */
static void read_entities(struct window *window)
{
	const struct shd_rule_env *env = window->eval->env;
	struct shd_wall from = {window->from_ms}, to = {SHD_NEVER_MS};

	if (env->window)
		env->window(env->ctx, window->expr->kind, window->expr->time, from, to,
			visit_entity, window);
}

/* Scans a window over entities; false when it is blind. */
static bool scan_entities(struct window *window)
{
	struct shd_eval *eval = window->eval;
	const struct shd_rule_env *env = eval->env;

	if (env->blind_kind && env->blind_kind(env->ctx, window->expr->kind))
		return false;
	if (read_tally(window))
		return true;
	read_entities(window);
	if (!window->needs_tally)
		return !window->blind;
	bool filled = shd_tally_fill(env->tally, env, window->expr, window->from_ms);
	start(window, eval, window->expr, window->from_ms, window->length_ms, window->quantile);
	if (!filled || !read_tally(window))
		read_entities(window);
	return !window->blind;
}

/* Scans a window over the samples of a metric; false when it is blind. */
static bool scan_samples(struct window *window)
{
	const struct shd_rule_env *env = window->eval->env;
	enum shd_metric metric = (enum shd_metric)window->expr->index;

	if (env->blind_metric && env->blind_metric(env->ctx, metric))
		return false;
	if (env->samples)
		env->samples(env->ctx, metric, (struct shd_wall){window->from_ms},
			(struct shd_wall){SHD_NEVER_MS}, visit_sample, window);
	return true;
}

/* Adds all values of a scanned window to its quantile once more. */
static void rescan_values(void *ctx)
{
	const struct window *window = ctx;
	struct window rescan;

	start(&rescan, window->eval, window->expr, window->from_ms, window->length_ms, NULL);
	rescan.quantile = window->quantile;
	rescan.rescan = true;
	if (window->expr->ref == SHD_REF_METRIC)
		scan_samples(&rescan);
	else
		scan_entities(&rescan);
}

static int64_t value_at(struct window *window, uint64_t k)
{
	return shd_quantile_find(window->quantile, k, rescan_values, window);
}

/* The mean of the two middle values if their number is even. */
static void median_of(struct window *window, struct shd_result *ret)
{
	uint64_t count = window->quantile->count;
	int64_t upper = value_at(window, count / 2), lower = upper;

	if (count % 2 == 0)
		lower = value_at(window, count / 2 - 1);
	shd_exact_set(ret, (__int128)upper + lower, 2);
}

/* By nearest rank: the smallest value that at least `percent` of the values do not exceed. */
static int64_t percentile(struct window *window, uint64_t percent)
{
	uint64_t rank = (window->quantile->count * percent + 99) / 100;

	return value_at(window, rank ? rank - 1 : 0);
}

/* The slope as change per `per_ms`; false when its samples cover less than `least_ms`, or on
 * overflow. */
static bool slope_of(
	const struct window *window, int64_t per_ms, int64_t least_ms, struct shd_result *ret)
{
	__int128 numerator, a, b, denominator, c, d;

	if (window->points < 2 || (window->last_x - window->first_x) * SHD_SECOND_MS < least_ms ||
		 __builtin_mul_overflow(window->points, window->sum_xy, &a) ||
		__builtin_mul_overflow(window->sum_x, window->sum_y, &b) ||
		__builtin_sub_overflow(a, b, &numerator) ||
		__builtin_mul_overflow(window->points, window->sum_xx, &c) ||
		__builtin_mul_overflow(window->sum_x, window->sum_x, &d) ||
		__builtin_sub_overflow(c, d, &denominator) || denominator <= 0 ||
		__builtin_mul_overflow(numerator, (__int128)(per_ms / SHD_SECOND_MS), &numerator))
		return false;
	shd_exact_set(ret, numerator, denominator);
	return true;
}

static int64_t shorter(int64_t ms, int64_t max_ms)
{
	return ms < max_ms ? ms : max_ms;
}

/* Sets the result of an aggregate over values; false: there is none. */
static bool set_value_result(struct window *window, struct shd_result *ret)
{
	if (!window->count)
		return window->expr->aggregate == SHD_AGG_sum;
	switch (window->expr->aggregate) {
	case SHD_AGG_sum:
		shd_exact_set(ret, window->sum, 1);
		return true;
	case SHD_AGG_avg:
		shd_exact_set(ret, window->sum, window->count);
		return true;
	case SHD_AGG_min:
		ret->v.n = window->min;
		return true;
	case SHD_AGG_max:
		ret->v.n = window->max;
		return true;
	case SHD_AGG_median:
		median_of(window, ret);
		return true;
	case SHD_AGG_p90:
		ret->v.n = percentile(window, 90);
		return true;
	case SHD_AGG_p99:
		ret->v.n = percentile(window, 99);
		return true;
	case SHD_AGG_first:
		ret->v.n = window->first;
		return true;
	case SHD_AGG_last:
		ret->v.n = window->last;
		return true;
	case SHD_AGG_delta:
		ret->v.n = shd_sub_saturated(window->last, window->first);
		return true;
	case SHD_AGG_slope:
		return slope_of(window, SHD_DAY_MS,
			shorter(window->length_ms / 4, SHD_DAY_MS), ret);
	case SHD_AGG_count:
	case SHD_AGG_share:
	case SHD_AGG_COUNT:
		break;
	}
	return false;
}

static void set_count_result(struct window *window, struct shd_result *ret)
{
	struct shd_eval *eval = window->eval;
	bool share = window->expr->aggregate == SHD_AGG_share;

	if (!share) {
		ret->v.n = shd_mul_div((int64_t)window->hit, SHD_MICRO, 1);
		return;
	}
	eval->hit = window->hit > UINT32_MAX ? UINT32_MAX : (uint32_t)window->hit;
	eval->of = window->of > UINT32_MAX ? UINT32_MAX : (uint32_t)window->of;
	if (!window->of)
		shd_eval_set_empty(eval, ret, window->expr->subject);
	else
		shd_exact_set(ret, (__int128)window->hit * SHD_MICRO, window->of);
}

/* A window without entities, or with too few samples for a slope, is empty: no data is missing.
 * Entities without the field, or a metric that was never read, are missing data. */
static void set_missing(struct window *window, const char *name, struct shd_result *ret)
{
	bool samples = window->expr->op == SHD_OP_NAME || window->expr->ref == SHD_REF_METRIC;

	if (samples ? window->count > 0 : window->hit == 0)
		shd_eval_set_empty(window->eval, ret, name);
	else
		shd_eval_set_none(window->eval, ret, name, false);
}

static void aggregate(struct shd_eval *eval, const struct shd_expr *expr,
	struct shd_quantile *quantile, struct shd_result *ret)
{
	struct window window;
	struct shd_result since;
	int64_t length_ms = expr->args[0]->value.n;

	*ret = (struct shd_result){.v = {.type = expr->type}};
	if (!expr->since) {
		start(&window, eval, expr, shd_sub_saturated(eval->now_ms, length_ms), length_ms,
			quantile);
	} else {
		shd_eval(eval, expr->args[0], &since);
		if (since.v.none) {
			shd_eval_propagate_none(ret, expr->type, &since, &since);
			return;
		}
		/* What begins at that very instant is in it. */
		start(&window, eval, expr, shd_sub_saturated(since.v.n, 1), SHD_NEVER_MS, quantile);
	}
	if (!(expr->ref == SHD_REF_METRIC ? scan_samples(&window) : scan_entities(&window))) {
		shd_eval_set_none(eval, ret, expr->subject, true);
	} else if (expr->aggregate == SHD_AGG_count || expr->aggregate == SHD_AGG_share) {
		set_count_result(&window, ret);
	} else if (window.currencies_differ) {
		shd_eval_set_none(eval, ret, "one currency", false);
	} else if (!set_value_result(&window, ret)) {
		set_missing(&window, expr->subject, ret);
	} else if (expr->type == SHD_MONEY) {
		memcpy(ret->v.currency, window.currency, 4);
	}
}

/* Not inlined: only quantiles need the space for struct shd_quantile on the stack. */
static __attribute__((noinline)) void aggregate_quantile(
	struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct shd_quantile quantile;

	aggregate(eval, expr, &quantile, ret);
}

static bool can_remember(const struct shd_eval *eval)
{
	return !eval->inner && !eval->shift_ms && !eval->no_wakes &&
	       eval->now_ms == eval->env->now.ms;
}

static bool recall(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	for (size_t i = 0; i < eval->memo_count && can_remember(eval); i++) {
		if (eval->memo[i].expr != expr)
			continue;
		*ret = eval->memo[i].result;
		eval->hit = eval->memo[i].hit;
		eval->of = eval->memo[i].of;
		return true;
	}
	return false;
}

static void remember(
	struct shd_eval *eval, const struct shd_expr *expr, const struct shd_result *result)
{
	if (eval->memo_count == SHD_MEMO_COUNT || !can_remember(eval))
		return;
	eval->memo[eval->memo_count].expr = expr;
	eval->memo[eval->memo_count].result = *result;
	eval->memo[eval->memo_count].hit = eval->hit;
	eval->memo[eval->memo_count].of = eval->of;
	eval->memo_count++;
}

void shd_eval_aggregate(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	if (recall(eval, expr, ret))
		return;
	if (is_quantile(expr->aggregate))
		aggregate_quantile(eval, expr, ret);
	else
		aggregate(eval, expr, NULL, ret);
	remember(eval, expr, ret);
}

void shd_eval_forecast(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	const struct shd_expr *metric = expr->args[0];
	struct window window;
	struct shd_result last = {0}, change;
	int64_t ahead_ms = expr->args[1]->value.n;
	/* A fitted line says little beyond four times the span of its samples, and samples of less
	 * than a day say nothing about the next days. */
	int64_t least_ms = shorter(ahead_ms / 4, FORECAST_MS / 2);

	if (least_ms < SHD_DAY_MS)
		least_ms = SHD_DAY_MS;
	start(&window, eval, metric, shd_sub_saturated(eval->now_ms, FORECAST_MS), FORECAST_MS,
		NULL);
	*ret = (struct shd_result){.v = {.type = expr->type}};
	if (!scan_samples(&window)) {
		shd_eval_set_none(eval, ret, metric->name, true);
	} else if (window.currencies_differ) {
		shd_eval_set_none(eval, ret, "one currency", false);
	} else if (!window.count || !slope_of(&window, ahead_ms, least_ms, &change)) {
		set_missing(&window, metric->name, ret);
	} else {
		last.v.n = window.last;
		shd_exact_add(ret, &last, &change);
		memcpy(ret->v.currency, window.currency, 4);
	}
}

/* Inserts the value into the first `count`, which are sorted, the smallest first. */
static void put_in_order(struct shd_result *values, size_t count, const struct shd_result *value)
{
	for (; count > 0 && shd_exact_compare(&values[count - 1], value) > 0; count--)
		values[count] = values[count - 1];
	values[count] = *value;
}

static void middle_of(const struct shd_result *values, size_t count, struct shd_result *ret)
{
	static const struct shd_result two = {.v.n = 2 * SHD_MICRO};

	shd_exact_add(ret, &values[count / 2], &values[(count - 1) / 2]);
	shd_exact_divide(ret, ret, &two);
}

void shd_eval_baseline(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct shd_result values[BASELINE_VALUES];
	int64_t now_ms = eval->now_ms, shift_ms = eval->shift_ms;
	int64_t days = expr->args[1]->value.n / SHD_DAY_MS;
	const char *missing = eval->missing;
	uint32_t hit = eval->hit, of = eval->of;
	bool blind = false, empty = true, nonlinear = false;
	size_t count = 0;

	if (recall(eval, expr, ret))
		return;
	*ret = (struct shd_result){.v = {.type = expr->type}};
	for (int64_t day = 1; day <= days && day <= BASELINE_VALUES; day++) {
		struct shd_result then;

		eval->now_ms = now_ms - day * SHD_DAY_MS;
		eval->shift_ms = shift_ms + day * SHD_DAY_MS;
		shd_eval(eval, expr->args[0], &then);
		blind |= then.v.none && then.blind;
		empty &= then.v.none && then.empty;
		nonlinear |= then.nonlinear || then.slope;
		if (then.v.none)
			continue;
		put_in_order(values, count++, &then);
		if (then.v.currency[0])
			memcpy(ret->v.currency, then.v.currency, 4);
	}
	eval->now_ms = now_ms;
	eval->shift_ms = shift_ms;
	eval->hit = hit;
	eval->of = of;
	if (blind || !count) {
		shd_eval_set_none(eval, ret, "history", blind);
		ret->empty = empty && !blind;
	} else {
		eval->missing = missing;
		middle_of(values, count, ret);
		ret->nonlinear = nonlinear;
	}
	remember(eval, expr, ret);
}

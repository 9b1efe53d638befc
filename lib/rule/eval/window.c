#include "base/num.h"
#include "exact.h"
#include "quantile.h"
#include "tally.h"

#include <string.h>

enum { BASELINE_VALUES = 64 };

/* How far forecast() looks back. */
#define FORECAST_MS (28 * SHD_DAY_MS)

/* What an aggregate knows while its window goes by. */
struct window {
	struct shd_eval *eval;
	const struct shd_expr *expr;
	int64_t from_ms, length_ms;
	struct shd_quantile *quantile; /* NULL: not needed */
	uint64_t of, hit, count;   /* entities; those that satisfy; values */
	__int128 sum;
	int64_t min, max, first, last;
	char currency[4];
	bool blind, currencies_differ;
	bool large;                /* stopped, to be tallied instead */
	bool again;                /* gone through once more, for the quantile */
	/* Least squares; x in seconds since from_ms, y since the first value. */
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

/* What the window's condition says of the entity; what it misses is not what the
 * verdict misses. */
static void satisfies(struct shd_eval *eval, const struct shd_expr *condition,
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

bool shd_eval_counts(
	struct shd_eval *eval, const struct shd_expr *expr, const struct shd_entity *entity)
{
	struct shd_result result;

	if (expr->count < 2)
		return true;
	satisfies(eval, expr->args[1], entity, &result);
	return shd_truth_of(&result) == SHD_TRUE;
}

static bool counts(struct window *window, const struct shd_entity *entity)
{
	struct shd_result result;

	if (window->expr->count < 2)
		return true;
	satisfies(window->eval, window->expr->args[1], entity, &result);
	window->blind |= result.v.none && result.blind;
	return shd_truth_of(&result) == SHD_TRUE;
}

static bool is_large(const struct window *window)
{
	const struct shd_tally *tally = window->eval->env->tally;

	return tally && !window->again && shd_tally_wants(tally, window->expr, window->of);
}

static bool visit_entity(void *ctx, const struct shd_entity *entity)
{
	struct window *window = ctx;
	const struct shd_expr *expr = window->expr;
	int64_t opened_ms = entity->fields[SHD_I_opened_at].n;

	if (opened_ms > window->eval->now_ms) {
		shd_eval_wake(window->eval, opened_ms); /* dated ahead: it enters then */
		return false;
	}
	bool satisfied = counts(window, entity);
	window->of++;
	if (is_large(window)) {
		window->large = true;
		return false;
	}
	window->hit += satisfied;
	if (satisfied || expr->aggregate == SHD_AGG_share)
		shd_eval_wake(window->eval, shd_add_saturated(opened_ms, window->length_ms));
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

/* The sample in force when the window began counts as its first one. */
static bool visit_sample(void *ctx, struct shd_wall at, const struct shd_value *value)
{
	struct window *window = ctx;

	if (at.ms > window->eval->now_ms) {
		shd_eval_wake(window->eval, at.ms);
		return false;
	}
	if (at.ms > window->from_ms) {
		/* The newest value stays in force after it has left. */
		if (window->expr->aggregate != SHD_AGG_last || window->expr->op != SHD_OP_AGGREGATE)
			shd_eval_wake(window->eval, shd_add_saturated(at.ms, window->length_ms));
		if (!value->none)
			add_point(window, at.ms, value->n);
	}
	add_value(window, value);
	return true;
}

static void start(struct window *window, struct shd_eval *eval, const struct shd_expr *expr,
	int64_t length_ms, struct shd_quantile *quantile)
{
	*window = (struct window){.eval = eval,
		.expr = expr,
		.length_ms = length_ms,
		.from_ms = shd_sub_saturated(eval->now_ms, length_ms),
		.quantile = quantile};
	if (quantile)
		shd_quantile_start(quantile);
}

static void visit_value(void *ctx, const struct shd_value *value)
{
	add_value(ctx, value);
}

static bool is_tallied(struct window *window)
{
	struct shd_eval *eval = window->eval;
	const struct shd_rule_env *env = eval->env;
	struct shd_tallied seen;

	if (!env->tally || !shd_tally_window(env->tally, env, window->expr, window->from_ms,
				   eval->now_ms, visit_value, window, &seen))
		return false;
	window->of = seen.of;
	window->hit = seen.hit;
	shd_eval_wake(eval, seen.ahead_ms);
	shd_eval_wake(eval, shd_add_saturated(seen.oldest_ms, window->length_ms));
	return true;
}

/* What lies ahead is shown as well: it wakes. */
static void read_rows(struct window *window)
{
	const struct shd_rule_env *env = window->eval->env;
	struct shd_wall from = {window->from_ms}, to = {SHD_NEVER_MS};

	if (env->window)
		env->window(env->ctx, window->expr->kind, from, to, visit_entity, window);
}

/* Goes through the window; false when its feed is blind. */
static bool run(struct window *window)
{
	struct shd_eval *eval = window->eval;
	const struct shd_rule_env *env = eval->env;

	if (env->blind_kind && env->blind_kind(env->ctx, window->expr->kind))
		return false;
	if (is_tallied(window))
		return true;
	read_rows(window);
	if (!window->large)
		return !window->blind;
	bool filled = shd_tally_fill(env->tally, env, window->expr, window->from_ms);
	start(window, eval, window->expr, window->length_ms, window->quantile);
	if (!filled || !is_tallied(window))
		read_rows(window);
	return !window->blind;
}

static bool run_samples(struct window *window)
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

/* Adds all values once more to the quantile of a window that was gone through. */
static void go_again(void *ctx)
{
	const struct window *window = ctx;
	struct window again;

	start(&again, window->eval, window->expr, window->length_ms, NULL);
	again.quantile = window->quantile;
	again.again = true;
	if (window->expr->ref == SHD_REF_METRIC)
		run_samples(&again);
	else
		run(&again);
}

static int64_t value_at(struct window *window, uint64_t k)
{
	return shd_quantile_find(window->quantile, k, go_again, window);
}

/* The mean of the two middle ones where their number is even. */
static void median_of(struct window *window, struct shd_result *ret)
{
	uint64_t count = window->quantile->count;
	int64_t upper = value_at(window, count / 2), lower = upper;

	if (count % 2 == 0)
		lower = value_at(window, count / 2 - 1);
	shd_exact_set(ret, (__int128)upper + lower, 2);
}

/* Nearest rank: the smallest value that `percent` of them do not pass. */
static int64_t percentile(struct window *window, uint64_t percent)
{
	uint64_t rank = (window->quantile->count * percent + 99) / 100;

	return value_at(window, rank ? rank - 1 : 0);
}

/* Change per `per_ms`; false when its samples cover less than `least_ms`, or it is too
 * large to say. */
static bool slope_of(
	const struct window *window, int64_t per_ms, int64_t least_ms, struct shd_result *ret)
{
	__int128 top, a, b, bottom, c, d;

	if (window->points < 2 || (window->last_x - window->first_x) * SHD_SECOND_MS < least_ms ||
		 __builtin_mul_overflow(window->points, window->sum_xy, &a) ||
		__builtin_mul_overflow(window->sum_x, window->sum_y, &b) ||
		__builtin_sub_overflow(a, b, &top) ||
		__builtin_mul_overflow(window->points, window->sum_xx, &c) ||
		__builtin_mul_overflow(window->sum_x, window->sum_x, &d) ||
		__builtin_sub_overflow(c, d, &bottom) || bottom <= 0 ||
		__builtin_mul_overflow(top, (__int128)(per_ms / SHD_SECOND_MS), &top))
		return false;
	shd_exact_set(ret, top, bottom);
	return true;
}

static int64_t at_most(int64_t ms, int64_t most_ms)
{
	return ms < most_ms ? ms : most_ms;
}

/* Aggregates over values; false: there is nothing to say. */
static bool result_of(struct window *window, struct shd_result *ret)
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
			at_most(window->length_ms / 4, SHD_DAY_MS), ret);
	case SHD_AGG_count:
	case SHD_AGG_share:
	case SHD_AGG_COUNT:
		break;
	}
	return false;
}

static void count_result(struct window *window, struct shd_result *ret)
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
		shd_eval_lack(eval, ret, window->expr->subject);
	else
		shd_exact_set(ret, (__int128)window->hit * SHD_MICRO, window->of);
}

/* No entities, or too few samples to say how they move, is all there is to know. Entities
 * without the field, or a metric that was never seen, are not. */
static void lack_value(struct window *window, const char *name, struct shd_result *ret)
{
	bool samples = window->expr->op == SHD_OP_NAME || window->expr->ref == SHD_REF_METRIC;

	if (samples ? window->count > 0 : window->hit == 0)
		shd_eval_lack(window->eval, ret, name);
	else
		shd_eval_miss(window->eval, ret, name, false);
}

static void aggregate(struct shd_eval *eval, const struct shd_expr *expr,
	struct shd_quantile *quantile, struct shd_result *ret)
{
	struct window window;

	start(&window, eval, expr, expr->args[0]->value.n, quantile);
	*ret = (struct shd_result){.v = {.type = expr->type}};
	if (!(expr->ref == SHD_REF_METRIC ? run_samples(&window) : run(&window))) {
		shd_eval_miss(eval, ret, expr->subject, true);
	} else if (expr->aggregate == SHD_AGG_count || expr->aggregate == SHD_AGG_share) {
		count_result(&window, ret);
	} else if (window.currencies_differ) {
		shd_eval_miss(eval, ret, "one currency", false);
	} else if (!result_of(&window, ret)) {
		lack_value(&window, expr->subject, ret);
	} else if (expr->type == SHD_MONEY) {
		memcpy(ret->v.currency, window.currency, 4);
	}
}

/* In a frame of its own: only these need the room on the stack. */
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
	/* A line says little beyond four times what it was drawn through, and the samples of
	 * a day that just began say nothing of the next ones. */
	int64_t least_ms = at_most(ahead_ms / 4, FORECAST_MS / 2);

	if (least_ms < SHD_DAY_MS)
		least_ms = SHD_DAY_MS;
	start(&window, eval, metric, FORECAST_MS, NULL);
	*ret = (struct shd_result){.v = {.type = expr->type}};
	if (!run_samples(&window)) {
		shd_eval_miss(eval, ret, metric->name, true);
	} else if (window.currencies_differ) {
		shd_eval_miss(eval, ret, "one currency", false);
	} else if (!window.count || !slope_of(&window, ahead_ms, least_ms, &change)) {
		lack_value(&window, metric->name, ret);
	} else {
		last.v.n = window.last;
		shd_exact_add(ret, &last, &change);
		memcpy(ret->v.currency, window.currency, 4);
	}
}

/* Puts the value among the first `count` of them, the smallest first. */
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
	bool blind = false, empty = true, bent = false;
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
		bent |= then.bent || then.slope;
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
		shd_eval_miss(eval, ret, "history", blind);
		ret->empty = empty && !blind;
	} else {
		eval->missing = missing;
		middle_of(values, count, ret);
		ret->bent = bent;
	}
	remember(eval, expr, ret);
}

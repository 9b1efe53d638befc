#include "rule/eval.h"

#include "base/num.h"
#include "rule/exact.h"
#include "rule/regex.h"

#include <string.h>

#define SEARCH_MAX_MS (1LL << 42) /* 139 years */

void shd_eval_init(struct shd_eval *eval, const struct shd_rule_env *env,
	const struct shd_expr *due, const struct shd_expr *value)
{
	/* Member by member: the scratch buffer need not be cleared. */
	eval->env = env;
	eval->now_ms = env->now.ms;
	eval->shift_ms = 0;
	eval->quiet = false;
	eval->entity_blind =
		env->entity && env->blind_kind && env->blind_kind(env->ctx, env->entity->kind);
	eval->inner_blind = false;
	eval->inner = NULL;
	eval->due = due;
	eval->value = value;
	eval->wake_ms = SHD_NEVER_MS;
	eval->missing = NULL;
	eval->hit = eval->of = 0;
	eval->value_known = false;
	eval->value_hit = eval->value_of = 0;
	eval->memo_count = 0;
	eval->scratch_used = 0;
}

int64_t shd_add_saturated(int64_t a, int64_t b)
{
	int64_t sum;

	if (!__builtin_add_overflow(a, b, &sum))
		return sum;
	return a > 0 ? INT64_MAX : INT64_MIN;
}

int64_t shd_sub_saturated(int64_t a, int64_t b)
{
	int64_t difference;

	if (!__builtin_sub_overflow(a, b, &difference))
		return difference;
	return a >= 0 ? INT64_MAX : INT64_MIN;
}

void shd_eval_wake(struct shd_eval *eval, int64_t at_ms)
{
	if (eval->quiet)
		return;
	at_ms = shd_add_saturated(at_ms, eval->shift_ms);
	if (at_ms > eval->env->now.ms && at_ms < eval->wake_ms)
		eval->wake_ms = at_ms;
}

void shd_eval_miss(struct shd_eval *eval, struct shd_result *ret, const char *name, bool blind)
{
	ret->v.none = true;
	ret->slope = 0;
	ret->bent = false;
	ret->blind = blind;
	if (!eval->missing)
		eval->missing = name;
}

enum shd_truth shd_truth_of(const struct shd_result *result)
{
	return result->v.none ? SHD_UNSURE : result->v.n ? SHD_TRUE : SHD_FALSE;
}

static void give(struct shd_result *ret, enum shd_type type, int64_t n)
{
	*ret = (struct shd_result){.v = {.type = type, .n = n}};
}

/* None of the given type, blind when one of the two is. */
static void give_none(struct shd_result *ret, enum shd_type type, const struct shd_result *a,
	const struct shd_result *b)
{
	bool blind = (a->v.none && a->blind) || (b->v.none && b->blind);

	*ret = (struct shd_result){.v = {.type = type, .none = true}, .blind = blind};
}

bool shd_same_currency(const struct shd_value *a, const struct shd_value *b)
{
	return memcmp(a->currency, b->currency, 3) == 0 || (!a->currency[0] && !a->n) ||
	       (!b->currency[0] && !b->n);
}

void shd_take_currency(
	struct shd_value *ret, const struct shd_value *a, const struct shd_value *b)
{
	memcpy(ret->currency, a->currency[0] ? a->currency : b->currency, sizeof(ret->currency));
}

/* The sign of left - right: -1, 0, 1. */
static int compare_results(const struct shd_result *a, const struct shd_result *b)
{
	const struct shd_value *left = &a->v, *right = &b->v;

	if (left->type != SHD_TEXT)
		return shd_exact_compare(a, b);
	uint32_t shorter = left->len < right->len ? left->len : right->len;
	int order = shorter ? memcmp(left->text, right->text, shorter) : 0;
	if (!order)
		return (left->len > right->len) - (left->len < right->len);
	return order < 0 ? -1 : 1;
}

static bool holds(enum shd_op op, int sign)
{
	return op == SHD_OP_LT   ? sign < 0
	       : op == SHD_OP_LE ? sign <= 0
	       : op == SHD_OP_GT ? sign > 0
	       : op == SHD_OP_GE ? sign >= 0
	       : op == SHD_OP_EQ ? sign == 0
				 : sign != 0;
}

/* What must change for the truth to change: for an order which side of the limit
 * it is on, for equality the sign. */
static int side_of(enum shd_op op, int sign)
{
	bool order = op != SHD_OP_EQ && op != SHD_OP_NE;

	return order ? holds(op, sign) : sign;
}

/* The ms at which the gap, of which `difference` is the whole part, reaches the other
 * side when it changes by `slope` each ms; 0: never. */
static __int128 ms_to_flip(enum shd_op op, __int128 difference, int fraction, __int128 slope)
{
	if (fraction && (op == SHD_OP_EQ || op == SHD_OP_NE))
		return 0;
	if (op == SHD_OP_EQ || op == SHD_OP_NE) {
		if (difference == 0)
			return 1;
		bool towards = (difference < 0) == (slope > 0);
		return towards && difference % slope == 0 ? -difference / slope : 0;
	}
	/* In whole units `<` is "below 0" and `<=` is "below 1"; with a fraction either is
	 * what the fraction leaves. */
	__int128 limit = fraction ? fraction < 0 : op == SHD_OP_LE || op == SHD_OP_GT;
	bool below = difference < limit;
	if (below && slope > 0)
		return (limit - difference + slope - 1) / slope;
	if (!below && slope < 0)
		return (difference - limit) / -slope + 1;
	return 0;
}

/* The side at another instant; -2 where the comparison is unknown. */
static int side_at(struct shd_eval *eval, const struct shd_expr *expr, int64_t at_ms)
{
	struct shd_result left, right;

	eval->now_ms = at_ms;
	shd_eval(eval, expr->args[0], &left);
	shd_eval(eval, expr->args[1], &right);
	if (left.v.none || right.v.none)
		return -2;
	return side_of(expr->op, compare_results(&left, &right));
}

static void search_flip(struct shd_eval *eval, const struct shd_expr *expr, int side)
{
	int64_t start = eval->now_ms, low = start, high = 0;
	const char *missing = eval->missing;
	uint32_t hit = eval->hit, of = eval->of;
	size_t scratch = eval->scratch_used;

	eval->quiet = true;
	/* Up to the next wake-up: what steps there (`today`) need not move one way for ever. */
	int64_t end = shd_sub_saturated(eval->wake_ms, eval->shift_ms);
	for (int64_t step = 1; step <= SEARCH_MAX_MS && !high && low + 1 < end; step *= 2) {
		int64_t at = start + step < end ? start + step : end - 1;

		if (side_at(eval, expr, at) == side)
			low = at;
		else
			high = at;
	}
	while (high && high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (side_at(eval, expr, middle) == side)
			low = middle;
		else
			high = middle;
	}
	eval->now_ms = start;
	eval->quiet = false;
	eval->missing = missing;
	eval->hit = hit;
	eval->of = of;
	eval->scratch_used = scratch;
	if (high)
		shd_eval_wake(eval, high);
}

static void eval_compare(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct shd_result left, right;

	shd_eval(eval, expr->args[0], &left);
	shd_eval(eval, expr->args[1], &right);
	if (left.v.none || right.v.none) {
		give_none(ret, SHD_BOOL, &left, &right);
		return;
	}
	if (left.v.type == SHD_MONEY && !shd_same_currency(&left.v, &right.v)) {
		give(ret, SHD_BOOL, 0);
		shd_eval_miss(eval, ret, "one currency", false);
		return;
	}
	int sign = compare_results(&left, &right);
	give(ret, SHD_BOOL, holds(expr->op, sign));
	if (eval->quiet)
		return;
	if (left.bent || right.bent) {
		search_flip(eval, expr, side_of(expr->op, sign));
	} else if (left.slope != right.slope) {
		__int128 difference, slope = (__int128)left.slope - right.slope;
		int fraction = shd_exact_gap(&left, &right, &difference);
		__int128 ms = ms_to_flip(expr->op, difference, fraction, slope);

		if (ms > 0 && ms < INT64_MAX)
			shd_eval_wake(eval, shd_add_saturated(eval->now_ms, (int64_t)ms));
	}
}

static void eval_and_or(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	enum shd_truth decides = expr->op == SHD_OP_AND ? SHD_FALSE : SHD_TRUE;
	const char *missing = eval->missing;
	struct shd_result left, right;

	shd_eval(eval, expr->args[0], &left);
	if (shd_truth_of(&left) == decides) {
		*ret = left;
		return;
	}
	shd_eval(eval, expr->args[1], &right);
	if (shd_truth_of(&right) == decides) {
		*ret = right;
		eval->missing = missing;
	} else if (left.v.none || right.v.none) {
		give_none(ret, SHD_BOOL, &left, &right);
	} else {
		*ret = right;
	}
}

static void eval_not(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	shd_eval(eval, expr->args[0], ret);
	if (!ret->v.none)
		ret->v.n = !ret->v.n;
}

static void eval_cond(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct shd_result condition;

	shd_eval(eval, expr->args[0], &condition);
	if (condition.v.none)
		give_none(ret, expr->type, &condition, &condition);
	else
		shd_eval(eval, expr->args[condition.v.n ? 1 : 2], ret);
}

static void eval_else(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	const char *missing = eval->missing;

	shd_eval(eval, expr->args[0], ret);
	if (!ret->v.none || ret->blind)
		return;
	eval->missing = missing;
	shd_eval(eval, expr->args[1], ret);
}

static void eval_is(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	const char *missing = eval->missing;
	struct shd_result value;

	shd_eval(eval, expr->args[0], &value);
	if (value.v.none && value.blind) {
		give_none(ret, SHD_BOOL, &value, &value);
		return;
	}
	eval->missing = missing;
	give(ret, SHD_BOOL, value.v.none == (expr->op == SHD_OP_IS_NONE));
}

/* Unknown when the value is absent, or equals nothing while an item is absent. */
static void eval_in(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	const struct shd_expr *list = expr->args[1];
	struct shd_result value, item;
	bool absent = false, blind = false;

	shd_eval(eval, expr->args[0], &value);
	if (value.v.none) {
		give_none(ret, SHD_BOOL, &value, &value);
		return;
	}
	for (uint32_t i = 0; i < list->count; i++) {
		shd_eval(eval, list->args[i], &item);
		absent |= item.v.none;
		blind |= item.v.none && item.blind;
		if (item.v.none || compare_results(&value, &item) != 0 ||
			(value.v.type == SHD_MONEY && !shd_same_currency(&value.v, &item.v)))
			continue;
		give(ret, SHD_BOOL, true);
		return;
	}
	*ret = (struct shd_result){.v = {.type = SHD_BOOL, .none = absent}, .blind = blind};
}

static void eval_matches(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct shd_result text;
	bool found;

	shd_eval(eval, expr->args[0], &text);
	if (text.v.none) {
		give_none(ret, SHD_BOOL, &text, &text);
	} else if (shd_regex_find(expr->regex, text.v.text, text.v.len, &found)) {
		give(ret, SHD_BOOL, found);
	} else {
		give(ret, SHD_BOOL, false);
		shd_eval_miss(eval, ret, "matches", false);
	}
}

static void eval_negate(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	shd_eval(eval, expr->args[0], ret);
	if (ret->v.none)
		return;
	shd_exact_negate(ret);
	ret->slope = -ret->slope;
}

static void eval_sum(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct shd_result a, b;
	bool add = expr->op == SHD_OP_ADD;

	shd_eval(eval, expr->args[0], &a);
	shd_eval(eval, expr->args[1], &b);
	if (a.v.none || b.v.none) {
		give_none(ret, expr->type, &a, &b);
		return;
	}
	give(ret, expr->type, 0);
	if (!add) {
		shd_exact_negate(&b);
		b.slope = -b.slope;
	}
	shd_exact_add(ret, &a, &b);
	ret->slope = a.slope + b.slope;
	ret->bent = a.bent || b.bent;
	if (expr->type != SHD_MONEY)
		return;
	shd_take_currency(&ret->v, &a.v, &b.v);
	if (!shd_same_currency(&a.v, &b.v))
		shd_eval_miss(eval, ret, "one currency", false);
}

/* Sets how value * factor / divisor moves when only `value` does: evenly where each
 * ms adds a whole number of units. */
static void scale_slope(
	const struct shd_result *value, int64_t factor, int64_t divisor, struct shd_result *ret)
{
	if (!value->slope)
		return;
	__int128 step = (__int128)value->slope * factor, slope = step / divisor;

	if (step % divisor == 0 && slope > -1000000000 && slope < 1000000000)
		ret->slope = (int64_t)slope;
	else
		ret->bent = true;
}

static void eval_product(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct shd_result a, b;

	shd_eval(eval, expr->args[0], &a);
	shd_eval(eval, expr->args[1], &b);
	if (a.v.none || b.v.none) {
		give_none(ret, expr->type, &a, &b);
		return;
	}
	/* One side is in micro-units, and its scale goes away. */
	give(ret, expr->type, 0);
	shd_exact_multiply(ret, &a, &b);
	shd_take_currency(&ret->v, &a.v, &b.v);
	const struct shd_result *moves = a.slope ? &a : &b, *factor = a.slope ? &b : &a;
	ret->bent = a.bent || b.bent || (moves->slope && (factor->slope || factor->of));
	if (!ret->bent)
		scale_slope(moves, factor->v.n, SHD_MICRO, ret);
}

static void eval_quotient(
	struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct shd_result a, b;

	shd_eval(eval, expr->args[0], &a);
	shd_eval(eval, expr->args[1], &b);
	if (a.v.none || b.v.none) {
		give_none(ret, expr->type, &a, &b);
		return;
	}
	give(ret, expr->type, 0);
	if (!shd_exact_sign(&b)) {
		shd_eval_miss(eval, ret, "a divisor that is not 0", false);
		return;
	}
	if (a.v.type == SHD_MONEY && b.v.type == SHD_MONEY && !shd_same_currency(&a.v, &b.v)) {
		shd_eval_miss(eval, ret, "one currency", false);
		return;
	}
	/* Either the divisor is in micro-units, or the result becomes so. */
	shd_exact_divide(ret, &a, &b);
	if (expr->type == SHD_MONEY)
		shd_take_currency(&ret->v, &a.v, &a.v);
	ret->bent = a.bent || b.bent || b.slope || (a.slope && b.of);
	if (!ret->bent)
		scale_slope(&a, SHD_MICRO, b.v.n, ret);
}

static void eval_literal(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	(void)eval;
	*ret = (struct shd_result){.v = expr->value};
}

/* Lists are evaluated by the operator they belong to. */
static void eval_list(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	(void)eval;
	*ret = (struct shd_result){.v = {.type = expr->type, .none = true}};
}

static void (*const evals[SHD_OP_COUNT])(
	struct shd_eval *, const struct shd_expr *, struct shd_result *) = {
	[SHD_OP_LITERAL] = eval_literal,
	[SHD_OP_NAME] = shd_eval_name,
	[SHD_OP_LIST] = eval_list,
	[SHD_OP_CALL] = shd_eval_call,
	[SHD_OP_AGGREGATE] = shd_eval_aggregate,
	[SHD_OP_COND] = eval_cond,
	[SHD_OP_OR] = eval_and_or,
	[SHD_OP_AND] = eval_and_or,
	[SHD_OP_NOT] = eval_not,
	[SHD_OP_LT] = eval_compare,
	[SHD_OP_LE] = eval_compare,
	[SHD_OP_GT] = eval_compare,
	[SHD_OP_GE] = eval_compare,
	[SHD_OP_EQ] = eval_compare,
	[SHD_OP_NE] = eval_compare,
	[SHD_OP_IN] = eval_in,
	[SHD_OP_IS_NONE] = eval_is,
	[SHD_OP_IS_SOME] = eval_is,
	[SHD_OP_MATCHES] = eval_matches,
	[SHD_OP_CONTAINS] = shd_eval_contains,
	[SHD_OP_ELSE] = eval_else,
	[SHD_OP_ADD] = eval_sum,
	[SHD_OP_SUB] = eval_sum,
	[SHD_OP_MUL] = eval_product,
	[SHD_OP_DIV] = eval_quotient,
	[SHD_OP_NEGATE] = eval_negate,
};

void shd_eval(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	evals[expr->op](eval, expr, ret);
}

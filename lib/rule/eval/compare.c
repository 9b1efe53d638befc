#include "exact.h"

#include <string.h>

#define SEARCH_MAX_MS (1LL << 42) /* 139 years */

/* A comparison. */
struct sides {
	enum shd_op op;
	const struct shd_expr *left, *right; /* right NULL: 0 */
};

static const struct shd_result zero;

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

static bool op_holds(enum shd_op op, int sign)
{
	return op == SHD_OP_LT   ? sign < 0
	       : op == SHD_OP_LE ? sign <= 0
	       : op == SHD_OP_GT ? sign > 0
	       : op == SHD_OP_GE ? sign >= 0
	       : op == SHD_OP_EQ ? sign == 0
				 : sign != 0;
}

/* A number that changes whenever the truth does: for < <= > >= the truth itself, for == and != the
 * sign of the difference. */
static int side_of(enum shd_op op, int sign)
{
	bool order = op != SHD_OP_EQ && op != SHD_OP_NE;

	return order ? op_holds(op, sign) : sign;
}

/* --- linear in time ------------------------------------------------------------- */

/* In how many ms the truth changes when left - right, whose whole part is `difference`, changes by
 * `slope` each ms; 0: never. */
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
	/* On whole numbers `<` is "below 0" and `<=` is "below 1". With a fraction, equality is
	 * impossible, so both are the same test and the sign of the fraction decides. */
	__int128 limit = fraction ? fraction < 0 : op == SHD_OP_LE || op == SHD_OP_GT;
	bool below = difference < limit;
	if (below && slope > 0)
		return (limit - difference + slope - 1) / slope;
	if (!below && slope < 0)
		return (difference - limit) / -slope + 1;
	return 0;
}

/* --- not linear in time --------------------------------------------------------- */

/* side_of() at another instant; -2 if the comparison is unknown then. */
static int side_at(struct shd_eval *eval, const struct sides *sides, int64_t at_ms)
{
	struct shd_result left, right = zero;

	eval->now_ms = at_ms;
	shd_eval(eval, sides->left, &left);
	if (sides->right)
		shd_eval(eval, sides->right, &right);
	if (left.v.none || right.v.none)
		return -2;
	return side_of(sides->op, compare_results(&left, &right));
}

/* Searches the instant at which side_of() stops being `side`, and records it. */
static void search_flip(struct shd_eval *eval, const struct sides *sides, int side)
{
	int64_t start = eval->now_ms, low = start, high = 0;
	const char *missing = eval->missing;
	uint32_t hit = eval->hit, of = eval->of;
	size_t scratch = eval->scratch_used;

	eval->no_wakes = true;
	/* Only up to the next recorded wake-up: beyond a step (`today`) it need not be monotonic.
	 */
	int64_t end = shd_sub_saturated(eval->wake_ms, eval->shift_ms);
	for (int64_t step = 1; step <= SEARCH_MAX_MS && !high && low + 1 < end; step *= 2) {
		int64_t at = start + step < end ? start + step : end - 1;

		if (side_at(eval, sides, at) == side)
			low = at;
		else
			high = at;
	}
	while (high && high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (side_at(eval, sides, middle) == side)
			low = middle;
		else
			high = middle;
	}
	eval->now_ms = start;
	eval->no_wakes = false;
	eval->missing = missing;
	eval->hit = hit;
	eval->of = of;
	eval->scratch_used = scratch;
	if (high)
		shd_eval_wake(eval, high);
}

/* Records when the truth of the comparison, whose sides have these values now, changes. */
static void wake_at_flip(struct shd_eval *eval, const struct sides *sides,
	const struct shd_result *left, const struct shd_result *right)
{
	if (eval->no_wakes)
		return;
	if (left->nonlinear || right->nonlinear) {
		search_flip(eval, sides, side_of(sides->op, compare_results(left, right)));
	} else if (left->slope != right->slope) {
		__int128 difference, slope = (__int128)left->slope - right->slope;
		int fraction = shd_exact_gap(left, right, &difference);
		__int128 ms = ms_to_flip(sides->op, difference, fraction, slope);

		if (ms > 0 && ms < INT64_MAX)
			shd_eval_wake(eval, shd_add_saturated(eval->now_ms, (int64_t)ms));
	}
}

void shd_eval_wake_at_zero(
	struct shd_eval *eval, const struct shd_expr *expr, const struct shd_result *now)
{
	int sign = shd_exact_sign(now);
	enum shd_op op = sign > 0 ? SHD_OP_GT : sign < 0 ? SHD_OP_LT : SHD_OP_EQ;
	struct sides sides = {op, expr, NULL};

	wake_at_flip(eval, &sides, now, &zero);
}

void shd_eval_wake_at_crossing(struct shd_eval *eval, const struct shd_expr *a,
	const struct shd_expr *b, const struct shd_result *a_now, const struct shd_result *b_now)
{
	const struct shd_result *other = b ? b_now : &zero;
	int sign = shd_exact_compare(a_now, other);
	enum shd_op op = sign > 0 ? SHD_OP_GE : sign < 0 ? SHD_OP_LE : SHD_OP_EQ;
	struct sides sides = {op, a, b};

	if (sign || a_now->nonlinear || other->nonlinear)
		wake_at_flip(eval, &sides, a_now, other);
}

void shd_eval_wake_when_outside(struct shd_eval *eval, const struct shd_expr *time,
	const struct shd_result *now, int64_t from_ms, int64_t until_ms)
{
	const struct shd_result from = {.v = {.type = SHD_TIME, .n = from_ms}};
	const struct shd_result until = {.v = {.type = SHD_TIME, .n = until_ms}};
	const struct shd_expr low = {.op = SHD_OP_LITERAL, .type = SHD_TIME, .value = from.v};
	const struct shd_expr high = {.op = SHD_OP_LITERAL, .type = SHD_TIME, .value = until.v};
	struct sides not_before = {SHD_OP_GE, time, &low}, before = {SHD_OP_LT, time, &high};

	wake_at_flip(eval, &not_before, now, &from);
	wake_at_flip(eval, &before, now, &until);
}

/* --- operators ------------------------------------------------------------------- */

void shd_eval_compare(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct sides sides = {expr->op, expr->args[0], expr->args[1]};
	struct shd_result left, right;

	shd_eval(eval, sides.left, &left);
	shd_eval(eval, sides.right, &right);
	if (left.v.none || right.v.none) {
		shd_eval_propagate_none(ret, SHD_BOOL, &left, &right);
		return;
	}
	*ret = (struct shd_result){.v = {.type = SHD_BOOL}};
	if (left.v.type == SHD_MONEY && !shd_same_currency(&left.v, &right.v)) {
		shd_eval_set_none(eval, ret, "one currency", false);
		return;
	}
	ret->v.n = op_holds(expr->op, compare_results(&left, &right));
	wake_at_flip(eval, &sides, &left, &right);
}

/* Unknown if the value is absent, or if no item equals it and one of them is absent. */
void shd_eval_in(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	const struct shd_expr *list = expr->args[1];
	struct shd_result value, item;

	shd_eval(eval, expr->args[0], &value);
	*ret = (struct shd_result){.v = {.type = SHD_BOOL}};
	if (value.v.none) {
		shd_eval_propagate_none(ret, SHD_BOOL, &value, &value);
		return;
	}
	for (uint32_t i = 0; i < list->count; i++) {
		struct sides sides = {SHD_OP_EQ, expr->args[0], list->args[i]};

		shd_eval(eval, list->args[i], &item);
		if (item.v.none)
			shd_eval_propagate_none(ret, SHD_BOOL, ret, &item);
		if (item.v.none ||
			(value.v.type == SHD_MONEY && !shd_same_currency(&value.v, &item.v)))
			continue;
		wake_at_flip(eval, &sides, &value, &item);
		if (compare_results(&value, &item) != 0)
			continue;
		*ret = (struct shd_result){.v = {.type = SHD_BOOL, .n = true}};
		return;
	}
}

#include "eval.h"

#include "base/num.h"
#include "catalog/unread.h"
#include "exact.h"
#include "rule/language/regex.h"

#include <string.h>

void shd_eval_init(struct shd_eval *eval, const struct shd_rule_env *env,
	const struct shd_expr *due, const struct shd_expr *value)
{
	/* Member by member: the scratch buffer need not be cleared. */
	eval->env = env;
	eval->now_ms = env->now.ms;
	eval->shift_ms = 0;
	eval->no_wakes = false;
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
	if (eval->no_wakes)
		return;
	at_ms = shd_add_saturated(at_ms, eval->shift_ms);
	if (at_ms > eval->env->now.ms && at_ms < eval->wake_ms)
		eval->wake_ms = at_ms;
}

void shd_eval_set_none(struct shd_eval *eval, struct shd_result *ret, const char *name, bool blind)
{
	ret->v.none = true;
	ret->slope = 0;
	ret->nonlinear = false;
	ret->blind = blind;
	ret->empty = false;
	if (!eval->missing)
		eval->missing = name;
}

void shd_eval_set_empty(struct shd_eval *eval, struct shd_result *ret, const char *name)
{
	shd_eval_set_none(eval, ret, name, false);
	ret->empty = true;
}

enum shd_truth shd_truth_of(const struct shd_result *result)
{
	return result->v.none ? SHD_TRUTH_UNKNOWN : result->v.n ? SHD_TRUTH_TRUE : SHD_TRUTH_FALSE;
}

static void set_value(struct shd_result *ret, enum shd_type type, int64_t n)
{
	*ret = (struct shd_result){.v = {.type = type, .n = n}};
}

void shd_eval_propagate_none(struct shd_result *ret, enum shd_type type, const struct shd_result *a,
	const struct shd_result *b)
{
	bool blind = (a->v.none && a->blind) || (b->v.none && b->blind);
	bool empty = (!a->v.none || a->empty) && (!b->v.none || b->empty);

	*ret = (struct shd_result){
		.v = {.type = type, .none = true}, .blind = blind, .empty = empty};
}

bool shd_eval_both(struct shd_eval *eval, const struct shd_expr *expr, enum shd_type type,
	struct shd_result *ret_a, struct shd_result *ret_b, struct shd_result *ret)
{
	shd_eval(eval, expr->args[0], ret_a);
	shd_eval(eval, expr->args[1], ret_b);
	if (!ret_a->v.none && !ret_b->v.none)
		return true;
	shd_eval_propagate_none(ret, type, ret_a, ret_b);
	return false;
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

static void eval_and_or(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	enum shd_truth decides = expr->op == SHD_OP_AND ? SHD_TRUTH_FALSE : SHD_TRUTH_TRUE;
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
		shd_eval_propagate_none(ret, SHD_BOOL, &left, &right);
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
		shd_eval_propagate_none(ret, expr->type, &condition, &condition);
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
		shd_eval_propagate_none(ret, SHD_BOOL, &value, &value);
		return;
	}
	eval->missing = missing;
	set_value(ret, SHD_BOOL, value.v.none == (expr->op == SHD_OP_IS_NONE));
}

/* True for a field that is in the answers but could never be read. If a value was known before, it
 * is not unreadable: the last known value stays. */
static void eval_is_unreadable(
	struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	const struct shd_expr *field = expr->args[0];
	const struct shd_entity *entity = eval->env->entity;

	if (!entity || eval->entity_blind) {
		*ret = (struct shd_result){.v = {.type = SHD_BOOL}};
		shd_eval_set_none(eval, ret, field->name, eval->entity_blind);
		return;
	}
	set_value(ret, SHD_BOOL, entity->fields[field->index].none &&
				    shd_unread_field(entity, field->index));
}

static void eval_matches(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct shd_result text;
	bool found;

	shd_eval(eval, expr->args[0], &text);
	if (text.v.none) {
		shd_eval_propagate_none(ret, SHD_BOOL, &text, &text);
	} else if (shd_regex_find(expr->regex, text.v.text, text.v.len, &found)) {
		set_value(ret, SHD_BOOL, found);
	} else {
		set_value(ret, SHD_BOOL, false);
		shd_eval_set_none(eval, ret, "matches", false);
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

	if (!shd_eval_both(eval, expr, expr->type, &a, &b, ret))
		return;
	set_value(ret, expr->type, 0);
	if (!add) {
		shd_exact_negate(&b);
		b.slope = -b.slope;
	}
	shd_exact_add(ret, &a, &b);
	ret->slope = a.slope + b.slope;
	ret->nonlinear = a.nonlinear || b.nonlinear;
	if (expr->type != SHD_MONEY)
		return;
	shd_take_currency(&ret->v, &a.v, &b.v);
	if (!shd_same_currency(&a.v, &b.v))
		shd_eval_set_none(eval, ret, "one currency", false);
}

/* Sets the slope of value * factor / divisor when only `value` changes: linear if each ms adds a
 * whole number of units. */
static void scale_slope(
	const struct shd_result *value, int64_t factor, int64_t divisor, struct shd_result *ret)
{
	if (!value->slope)
		return;
	__int128 step = (__int128)value->slope * factor, slope = step / divisor;

	if (step % divisor == 0 && slope > -1000000000 && slope < 1000000000)
		ret->slope = (int64_t)slope;
	else
		ret->nonlinear = true;
}

static void eval_product(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct shd_result a, b;

	if (!shd_eval_both(eval, expr, expr->type, &a, &b, ret))
		return;
	/* One factor is in micro-units; the result has the scale of the other. */
	set_value(ret, expr->type, 0);
	shd_exact_multiply(ret, &a, &b);
	shd_take_currency(&ret->v, &a.v, &b.v);
	const struct shd_result *moves = a.slope ? &a : &b, *factor = a.slope ? &b : &a;
	ret->nonlinear = a.nonlinear || b.nonlinear ||
			 (moves->slope && (factor->slope || factor->denominator));
	if (!ret->nonlinear)
		scale_slope(moves, factor->v.n, SHD_MICRO, ret);
}

static void eval_quotient(
	struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret)
{
	struct shd_result a, b;

	if (!shd_eval_both(eval, expr, expr->type, &a, &b, ret))
		return;
	set_value(ret, expr->type, 0);
	shd_eval_wake_at_zero(eval, expr->args[1], &b);
	if (!shd_exact_sign(&b)) {
		shd_eval_set_empty(eval, ret, "what is divided by 0");
		return;
	}
	if (a.v.type == SHD_MONEY && b.v.type == SHD_MONEY && !shd_same_currency(&a.v, &b.v)) {
		shd_eval_set_none(eval, ret, "one currency", false);
		return;
	}
	/* Either the divisor is in micro-units, or the result becomes so. */
	shd_exact_divide(ret, &a, &b);
	if (expr->type == SHD_MONEY)
		shd_take_currency(&ret->v, &a.v, &a.v);
	ret->nonlinear = a.nonlinear || b.nonlinear || b.slope || (a.slope && b.denominator);
	if (!ret->nonlinear)
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
	[SHD_OP_LT] = shd_eval_compare,
	[SHD_OP_LE] = shd_eval_compare,
	[SHD_OP_GT] = shd_eval_compare,
	[SHD_OP_GE] = shd_eval_compare,
	[SHD_OP_EQ] = shd_eval_compare,
	[SHD_OP_NE] = shd_eval_compare,
	[SHD_OP_IN] = shd_eval_in,
	[SHD_OP_IS_NONE] = eval_is,
	[SHD_OP_IS_SOME] = eval_is,
	[SHD_OP_IS_UNREADABLE] = eval_is_unreadable,
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

/* rule/eval/eval.h - the value of a checked expression at an instant, and when it changes.
 *
 * Nothing allocates, except when a window is read for a tally (tally.h), and for the address
 * of a page (catalog/page.h). Absence and truth:
 * - A field or metric may be `none`. What is computed from none, or compared with it, is none;
 *   a truth value that is none is *unknown*. and/or/not are three-valued as in SQL.
 *   Mixed currencies that only show at evaluation, and a pattern that exceeds its limits, give
 *   none too. Only `closed` is never none: it is false until it is set.
 * - A result over nothing (a share of no orders, a quotient by 0, a slope through one sample)
 *   is none and *empty*: no data is missing, and a level that needs it does not hold. Combined
 *   with another none it is only none.
 * - A feed that cannot be read makes what it brings *blind*: none, but `is none` and `else` of
 *   it are none too, because nobody knows whether there is a value.
 * - A field of the rule's own entity that cannot be read now (catalog/unread.h) is blind too. In
 *   windows, and in fields of the store, the last known value counts. `is unreadable` is true
 *   when there never was one.
 *
 * Quotients are exact: a share is compared and multiplied before it is rounded (exact.h).
 *
 * Time: a value carries its change per ms of `now` (slope). A comparison of two values that are
 * linear in time, and `in` of one, records the exact ms at which its truth changes; abs, min
 * and max record when the other case applies, a quotient when its divisor becomes 0 or stops
 * being 0. What is not linear or moves in steps (a product or quotient with `now` in it,
 * floor, round, a baseline of what moves) is searched: steps that double up to 139 years, then
 * bisection. That is exact to the ms if the difference of the two sides is monotonic up to the
 * next instant that was recorded, as it is for every quotient of two linear values and every
 * product of one with constants. An aggregate records when an entity or sample leaves or enters
 * its window. Parts that cannot change the result by themselves (the right side of
 * `false and ...`) are not evaluated and record nothing. */
#pragma once
#include "env.h"
#include "rule/language/expr.h"

struct shd_result {
	struct shd_value v;              /* none: absent or unknown */
	int64_t remainder, denominator;  /* the exact value is v.n + this fraction (exact.h);
					  * denominator 0: there is no fraction */
	int64_t slope;                   /* change of v.n per ms of now */
	bool nonlinear;                  /* changes with now, but not by a constant slope */
	bool blind;                      /* with v.none: a feed cannot be read */
	bool empty; /* with v.none: a result over nothing, no data is missing */
};

enum shd_truth { SHD_TRUTH_FALSE, SHD_TRUTH_TRUE, SHD_TRUTH_UNKNOWN };

enum { SHD_SCRATCH_BYTES = 8192, SHD_MEMO_COUNT = 8 };

struct shd_eval {
	const struct shd_rule_env *env;
	int64_t now_ms;   /* env->now, or another instant: of a baseline, or of a search in time */
	int64_t shift_ms; /* how far a baseline goes back; not 0: metrics are read from history */
	bool no_wakes;    /* during a search: wake-ups are not recorded */
	bool entity_blind, inner_blind;
	const struct shd_entity *inner;     /* the window's entity */
	const struct shd_expr *due, *value; /* what these names stand for, or NULL */
	int64_t wake_ms;                    /* the earliest instant recorded; SHD_NEVER_MS: none */
	const char *missing;                /* the first name that was absent, or NULL */
	uint32_t hit, of;                   /* sample (1 of 3) of the share evaluated last */
	bool value_known;                   /* cache: value at env->now */
	struct shd_result value_cache;
	uint32_t value_hit, value_of;
	/* Cache of costly expressions at env->now, so that explaining a verdict is cheap. */
	struct {
		const struct shd_expr *expr;
		struct shd_result result;
		uint32_t hit, of;
	} memo[SHD_MEMO_COUNT];
	size_t memo_count;
	size_t scratch_used; /* texts made by lower(), addresses of pages */
	char scratch[SHD_SCRATCH_BYTES];
};

/* Prepares for one judgement. due, value: NULL where the rule has none. Borrows all. */
void shd_eval_init(struct shd_eval *eval, const struct shd_rule_env *env,
	const struct shd_expr *due, const struct shd_expr *value);

/* Evaluates; sets all of *ret. */
void shd_eval(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);

/* The truth value of a result whose type is bool. */
enum shd_truth shd_truth_of(const struct shd_result *result);

/* Records that the result may change at `at_ms`, in the time of eval->now_ms. */
void shd_eval_wake(struct shd_eval *eval, int64_t at_ms);

/* Makes *ret none, and notes the name of what is absent unless one was noted before. */
void shd_eval_set_none(struct shd_eval *eval, struct shd_result *ret, const char *name, bool blind);

/* The same for a result over nothing: none and empty. */
void shd_eval_set_empty(struct shd_eval *eval, struct shd_result *ret, const char *name);

/* Sets *ret to a none of this type that follows from operands a and b: blind when one of them is
 * blind, empty when each that is none is empty. */
void shd_eval_propagate_none(struct shd_result *ret, enum shd_type type, const struct shd_result *a,
	const struct shd_result *b);

/* Evaluates both arguments of an expression. False when one is none: *ret is then none too. */
bool shd_eval_both(struct shd_eval *eval, const struct shd_expr *expr, enum shd_type type,
	struct shd_result *ret_a, struct shd_result *ret_b, struct shd_result *ret);

/* compare.c: comparisons, and when time changes them */
void shd_eval_compare(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);
void shd_eval_in(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);
/* Records when an expression, whose value now is given, becomes 0, changes sign, or stops being
 * 0. */
void shd_eval_wake_at_zero(
	struct shd_eval *eval, const struct shd_expr *expr, const struct shd_result *now);
/* Records when the larger of two becomes the smaller one. b NULL: of `a` and 0. */
void shd_eval_wake_at_crossing(struct shd_eval *eval, const struct shd_expr *a,
	const struct shd_expr *b, const struct shd_result *a_now, const struct shd_result *b_now);
/* Records when a time, whose value now is given, is before from_ms, or not before until_ms. */
void shd_eval_wake_when_outside(struct shd_eval *eval, const struct shd_expr *time,
	const struct shd_result *now, int64_t from_ms, int64_t until_ms);

/* window.c */
void shd_eval_aggregate(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);
/* Whether an entity in the window of an aggregate meets its condition. */
bool shd_eval_meets_condition(
	struct shd_eval *eval, const struct shd_expr *expr, const struct shd_entity *entity);
void shd_eval_forecast(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);
void shd_eval_baseline(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);

/* call.c */
void shd_eval_call(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);
void shd_eval_contains(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);

/* reads.c: a NAME */
void shd_eval_name(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);

/* Whether two amounts of money can be added or compared: 0 without a currency fits every one.
 * Sets the currency of the result. */
bool shd_same_currency(const struct shd_value *a, const struct shd_value *b);
void shd_take_currency(
	struct shd_value *ret, const struct shd_value *a, const struct shd_value *b);

/* Saturating arithmetic: SHD_NEVER_MS plus a day is still never. */
int64_t shd_add_saturated(int64_t a, int64_t b);
int64_t shd_sub_saturated(int64_t a, int64_t b);

/* rule/eval/eval.h - the value of a checked expression at an instant, and when it changes.
 *
 * Nothing allocates, but for the first look at a window that is tallied from then on
 * (tally.h), and the address of a page (catalog/page.h). Absence and truth:
 * - A field or metric may be `none`. What is computed or compared from none is none;
 *   a truth that is none is *unknown*. and/or/not are three-valued as in SQL.
 *   Two currencies that only meet now, a pattern that passes its limits are none too.
 *   Only `closed` is never none: it is false until it is set.
 * - What there is nothing to take of (a share of no orders, a quotient by 0, a slope
 *   through one sample) is none and *empty*: nothing is missing, and a level that needs
 *   it does not hold. Together with another none it is only none.
 * - A feed that cannot be read makes what it brings *blind*. Blind is none that
 *   even `is none` and `else` cannot see through: nobody knows whether it is there.
 * - A field of the entity itself that cannot be read now (catalog/unread.h) is blind too. In
 *   windows, and among the fields of other entities, the value that was known counts.
 *   `is unreadable` is true where none ever was.
 *
 * Quotients are exact: a share is compared with its limit, and multiplied, before it is
 * rounded (exact.h).
 *
 * Time: a value carries its change per ms of `now`. A comparison of two values that
 * move evenly, and `in` of one, records the exact ms at which its truth flips; abs, min
 * and max record where they change sides, a quotient where its divisor becomes 0 or
 * leaves it. What moves unevenly or in steps (a product or quotient with `now` in it,
 * floor, round, a baseline of what moves) is searched for: steps that double up to 139
 * years, then bisection. That is exact, to the ms, where the difference of the two sides
 * only grows or only falls up to the next instant that was recorded, which holds for
 * every quotient of two evenly moving values and every product of one with constants. An
 * aggregate records when an entity or sample leaves or enters its window. Parts that
 * cannot change the answer by themselves (the right side of `false and ...`) are not
 * evaluated and wake nobody. */
#pragma once
#include "env.h"
#include "rule/language/expr.h"

struct shd_result {
	struct shd_value v; /* none: absent or unknown */
	int64_t remainder, of;   /* what v.n lacks to the exact value (exact.h); of 0: nothing */
	int64_t slope;      /* change of v.n per ms of now */
	bool bent;          /* moves with now, but not by a constant slope */
	bool blind;         /* with v.none: a feed cannot be read */
	bool empty;         /* with v.none: known to be so, as there is nothing to take it of */
};

enum shd_truth { SHD_FALSE, SHD_TRUE, SHD_UNSURE };

enum { SHD_SCRATCH_BYTES = 8192, SHD_MEMO_COUNT = 8 };

struct shd_eval {
	const struct shd_rule_env *env;
	int64_t now_ms;   /* env->now; shifted by baseline and by the search */
	int64_t shift_ms; /* how far baseline went back: history is read */
	bool no_wakes;    /* records no wake-ups */
	bool entity_blind, inner_blind;
	const struct shd_entity *inner;     /* the window's entity */
	const struct shd_expr *due, *value; /* what these names stand for, or NULL */
	int64_t wake_ms;                    /* the earliest instant recorded; SHD_NEVER_MS: none */
	const char *missing;                /* the first name that was absent, or NULL */
	uint32_t hit, of;                   /* sample of the share evaluated last */
	bool value_known;                   /* cache: value at env->now */
	struct shd_result value_cache;
	uint32_t value_hit, value_of;
	/* What costly expressions gave at env->now, so that explaining a verdict is cheap. */
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

/* Sets *ret whole. */
void shd_eval(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);

/* Of a result whose type is bool. */
enum shd_truth shd_truth_of(const struct shd_result *result);

/* Records that the answer may change at `at_ms` of the evaluation's own time. */
void shd_eval_wake(struct shd_eval *eval, int64_t at_ms);

/* Makes *ret none and notes the name of what is absent; the first one stays. */
void shd_eval_miss(struct shd_eval *eval, struct shd_result *ret, const char *name, bool blind);

/* The same where there is nothing to take it of. */
void shd_eval_lack(struct shd_eval *eval, struct shd_result *ret, const char *name);

/* Sets *ret to a none of this type: blind when one of a and b is, empty when those that
 * are none are all empty. */
void shd_eval_none(struct shd_result *ret, enum shd_type type, const struct shd_result *a,
	const struct shd_result *b);

/* Both arguments of an expression; false when one is none: *ret is then that, of this type. */
bool shd_eval_both(struct shd_eval *eval, const struct shd_expr *expr, enum shd_type type,
	struct shd_result *ret_a, struct shd_result *ret_b, struct shd_result *ret);

/* compare.c: comparisons, and when time changes them */
void shd_eval_compare(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);
void shd_eval_in(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);
/* Records when an expression, whose value now is given, becomes 0 or passes it, or
 * stops being 0. */
void shd_eval_wake_at_zero(
	struct shd_eval *eval, const struct shd_expr *expr, const struct shd_result *now);
/* Records when the larger of two becomes the smaller one. b NULL: of `a` and 0. */
void shd_eval_wake_at_crossing(struct shd_eval *eval, const struct shd_expr *a,
	const struct shd_expr *b, const struct shd_result *a_now, const struct shd_result *b_now);

/* window.c */
void shd_eval_aggregate(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);
/* Whether an entity in the window of an aggregate satisfies its condition. */
bool shd_eval_counts(
	struct shd_eval *eval, const struct shd_expr *expr, const struct shd_entity *entity);
void shd_eval_forecast(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);
void shd_eval_baseline(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);

/* call.c */
void shd_eval_call(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);
void shd_eval_contains(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);

/* reads.c: a NAME */
void shd_eval_name(struct shd_eval *eval, const struct shd_expr *expr, struct shd_result *ret);

/* Amounts of money that can be put together: nothing at all fits every currency. The
 * currency of what they make. */
bool shd_same_currency(const struct shd_value *a, const struct shd_value *b);
void shd_take_currency(
	struct shd_value *ret, const struct shd_value *a, const struct shd_value *b);

/* Sums that stop at the ends of int64: "never" plus a day is never. */
int64_t shd_add_saturated(int64_t a, int64_t b);
int64_t shd_sub_saturated(int64_t a, int64_t b);

/* rule/language/check.h - between the parts of the checker: names.c resolves names, check.c
 * finds types. Everyone else uses shd_check of expr.h. */
#pragma once
#include "expr.h"

struct shd_checker {
	struct shd_expr_scope *scope;
	struct shd_arena *arena;
	struct shd_expr_mistakes *mistakes;
	bool inner; /* in the condition of an aggregate over inner_kind */
	enum shd_kind inner_kind;
	bool text_expected; /* compared with a text: an unknown name may be a text without quotes */
};

/* Reports a mistake and marks the expression as bad, so that no further mistakes that only
 * follow from it are reported. */
void shd_check_fail(struct shd_checker *checker, struct shd_expr *expr, const char *hint,
	const char *fmt, ...) SHD_PRINTF(4, 5);

/* Sets the type, not the currency. */
void shd_expr_set_type(struct shd_expr *expr, enum shd_type type);

/* Types that can be summed, averaged and multiplied. */
bool shd_is_amount(enum shd_type type);

/* Resolves expr->name, a NAME: what it refers to, and its type. Reports unknown names. */
void shd_check_name(struct shd_checker *checker, struct shd_expr *expr);

/* Checks an expression; checks its operands, which must be single values: false when one is
 * bad. */
void shd_check_expr(struct shd_checker *checker, struct shd_expr *expr);
bool shd_check_values(struct shd_checker *checker, struct shd_expr *expr);

/* The two operands' currencies must not differ. */
bool shd_check_currencies(struct shd_checker *checker, struct shd_expr *expr, const char *verb);

/* windows.c: the window of an aggregate, its first argument being checked; and, where it goes over
 * entities of a known kind, the time after `at`. */
void shd_check_window(struct shd_checker *checker, struct shd_expr *expr);
void shd_check_window_time(struct shd_checker *checker, struct shd_expr *expr);

/* functions.c: what functions.def says of calls. */
void shd_check_call(struct shd_checker *checker, struct shd_expr *expr);
void shd_check_aggregate(struct shd_checker *checker, struct shd_expr *expr);

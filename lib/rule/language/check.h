/* rule/language/check.h - between the parts of the checker: names.c resolves names, check.c
 * finds types. Everyone else uses shd_check of expr.h. */
#pragma once
#include "expr.h"

struct shd_checker {
	struct shd_expr_scope *scope;
	struct shd_arena *arena;
	struct shd_complaints *report;
	bool inner; /* in the condition of an aggregate over inner_kind */
	enum shd_kind inner_kind;
	bool text_wanted; /* beside a text: an unknown name is one without quotes */
};

/* Reports and marks the expression as bad, which silences what follows from it. */
void shd_check_fail(struct shd_checker *checker, struct shd_expr *expr, const char *hint,
	const char *fmt, ...) SHD_PRINTF(4, 5);

/* The type of what has no currency or gets it elsewhere. */
void shd_check_type(struct shd_expr *expr, enum shd_type type);

/* Says what expr->name, a NAME, stands for and its type; reports unknown names. */
void shd_check_name(struct shd_checker *checker, struct shd_expr *expr);

/* One expression; its operands, which must be single values (false when one is bad). */
void shd_check_expr(struct shd_checker *checker, struct shd_expr *expr);
bool shd_check_values(struct shd_checker *checker, struct shd_expr *expr);

/* The two operands' currencies must not differ. */
bool shd_check_currencies(struct shd_checker *checker, struct shd_expr *expr, const char *verb);

/* functions.c: what functions.def says of calls. */
void shd_check_call(struct shd_checker *checker, struct shd_expr *expr);
void shd_check_aggregate(struct shd_checker *checker, struct shd_expr *expr);

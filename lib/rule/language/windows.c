#include "check.h"

#include "base/text.h"

#include <string.h>

#define WINDOW_MAX_MS (3660 * SHD_DAY_MS)

/* Reports a time of `at` that the kind does not have. */
static void refuse_time(struct shd_checker *checker, struct shd_expr *expr)
{
	SHD_AUTO(shd_text_finish) struct shd_text hint = {0};
	const char *names[64];
	size_t count = 0;

	shd_text_init(&hint, 1000);
	shd_text_printf(&hint, "times of %s:", shd_kind_name(expr->kind));
	for (int i = 0; i < shd_kind_fields(expr->kind); i++) {
		const struct shd_field_row *row =
			shd_field_row(shd_kind_first(expr->kind) + (enum shd_field)i);

		if (row->type != SHD_TIME)
			continue;
		names[count++] = row->name;
		shd_text_printf(&hint, " %s", row->name);
	}
	const char *near = shd_nearest(expr->time_name, names, count);
	shd_expr_mistake(checker->mistakes, expr->time_at, strlen(expr->time_name), hint.data,
		"a window goes by a time of %s, and '%s' is none%s%s%s", shd_kind_name(expr->kind),
		expr->time_name, near ? "; did you mean '" : "", near ? near : "",
		near ? "'?" : "");
	expr->bad = true;
}

void shd_check_window_time(struct shd_checker *checker, struct shd_expr *expr)
{
	const char *name = expr->time_name;
	enum shd_field field;

	expr->time = SHD_I_opened_at;
	if (name && (!shd_field_find(expr->kind, name, strlen(name), &field) ||
			    shd_field_row(field)->type != SHD_TIME))
		refuse_time(checker, expr);
	else if (name)
		expr->time = shd_field_index(field);
	checker->scope->reads_fields[expr->kind] |= 1ULL << expr->time;
}

/* Whether the time stays what it is while `now` goes on, or goes on in days. */
static bool stands_still(const struct shd_expr *expr)
{
	if (expr->op == SHD_OP_ADD || expr->op == SHD_OP_SUB)
		return stands_still(expr->args[0]) && expr->args[1]->op == SHD_OP_LITERAL;
	if (expr->op != SHD_OP_NAME)
		return false;
	return expr->ref == SHD_REF_TODAY || expr->ref == SHD_REF_FIELD ||
	       expr->ref == SHD_REF_STORE_FIELD || expr->ref == SHD_REF_STORE_SETTING;
}

void shd_check_window(struct shd_checker *checker, struct shd_expr *expr)
{
	struct shd_expr *window = expr->args[0];

	if (window->bad) {
		expr->bad = true;
	} else if (!expr->since) {
		if (window->value.n >= SHD_SECOND_MS && window->value.n <= WINDOW_MAX_MS)
			return;
		shd_check_fail(checker, window, NULL, "a window is 1s to 3660d long");
	} else if (window->type != SHD_TIME || !stands_still(window)) {
		shd_check_fail(checker, window,
			"since today, since today - 6d, or `last` and a length",
			window->type == SHD_TIME ? "a window since a time that moves with now"
						 : "'since' needs a time");
	} else if (expr->aggregate == SHD_AGG_slope) {
		shd_check_fail(checker, window, "slope(rating last 7d)",
			"a slope goes over a window of one length");
	} else {
		return;
	}
	expr->bad = true;
}

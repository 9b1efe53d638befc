#include "compile.h"

#include "conf/node.h"

#include <string.h>

/* Windows that are valid, but hardly count what they seem to: "how many were cancelled today" is
 * not how many of today's orders are cancelled. A share or a ratio of those opened together is
 * right as it is. */

static bool is_field(const struct shd_expr *expr)
{
	return expr->op == SHD_OP_NAME && expr->ref == SHD_REF_FIELD && expr->inner;
}

static enum shd_field field_of(const struct shd_expr *expr)
{
	return shd_kind_first(expr->kind) + (enum shd_field)expr->index;
}

/* The time of the state that the literal names. */
static bool begins(
	const struct shd_expr *name, const struct shd_expr *word, enum shd_field *ret_time)
{
	return word->op == SHD_OP_LITERAL && word->type == SHD_TEXT &&
	       shd_field_begins(field_of(name), word->value.text, word->value.len, ret_time);
}

/* The same of a list, of which all have one time. */
static bool all_begin(
	const struct shd_expr *name, const struct shd_expr *list, enum shd_field *ret_time)
{
	enum shd_field time;

	if (list->op != SHD_OP_LIST)
		return false;
	for (uint32_t i = 0; i < list->count; i++) {
		if (!begins(name, list->args[i], &time) || (i > 0 && time != *ret_time))
			return false;
		*ret_time = time;
	}
	return true;
}

/* Whether it says that something has happened, and when that says. */
static bool is_state(const struct shd_expr *expr, enum shd_field *ret_time)
{
	if (is_field(expr) && expr->index == SHD_I_closed) {
		*ret_time = shd_kind_first(expr->kind) + (enum shd_field)SHD_I_closed_at;
		return true;
	}
	if (!expr->count || !is_field(expr->args[0]))
		return false;
	if (expr->op == SHD_OP_EQ)
		return begins(expr->args[0], expr->args[1], ret_time);
	if (expr->op == SHD_OP_IN)
		return all_begin(expr->args[0], expr->args[1], ret_time);
	*ret_time = field_of(expr->args[0]);
	return expr->op == SHD_OP_IS_SOME && expr->args[0]->type == SHD_TIME &&
	       expr->args[0]->index != SHD_I_opened_at;
}

/* The part of a condition that is a state, where the condition cannot hold without it. */
static const struct shd_expr *find_state(const struct shd_expr *expr, enum shd_field *ret_time)
{
	if (is_state(expr, ret_time))
		return expr;
	const struct shd_expr *found = NULL;
	for (uint32_t i = 0; expr->op == SHD_OP_AND && !found && i < expr->count; i++)
		found = find_state(expr->args[i], ret_time);
	return found;
}

static void warn(struct shd_compiler *compiler, const struct shd_node *node,
	const struct shd_expr *window)
{
	SHD_AUTO(shd_text_finish) struct shd_text hint = {0};
	enum shd_field time;
	const struct shd_expr *state = find_state(window->args[1], &time);

	if (!state)
		return;
	const char *name = shd_field_row(time)->name;
	shd_text_init(&hint, 512);
	shd_text_printf(&hint, "%s(%s %s ", window->name, window->subject,
		window->since ? "since" : "last");
	shd_expr_print(window->args[0], &hint);
	shd_text_printf(&hint, " at %s where ...), or `at opened_at` if that is meant", name);
	shd_node_warn_at(node, state->at, state->width, compiler->diags, hint.data,
		"this counts by when each %s was opened, not by %s", shd_kind_name(window->kind),
		name);
}

void shd_compile_warn_windows(
	struct shd_compiler *compiler, const struct shd_node *node, const struct shd_expr *expr)
{
	bool counts = expr->op == SHD_OP_AGGREGATE && expr->ref != SHD_REF_METRIC &&
		      expr->aggregate != SHD_AGG_share;

	if (counts && !expr->time_name && expr->count > 1)
		warn(compiler, node, expr);
	if (expr->op == SHD_OP_AGGREGATE || expr->op == SHD_OP_DIV ||
		(expr->op == SHD_OP_CALL && expr->function == SHD_FN_ratio))
		return;
	for (uint32_t i = 0; i < expr->count; i++)
		shd_compile_warn_windows(compiler, node, expr->args[i]);
}

#include "base/num.h"
#include "base/text.h"
#include "expr.h"

#include <string.h>

static const struct {
	const char *text;
	int precedence;
} ops[] = {
#define X(id, text_, precedence_) [SHD_OP_##id] = {text_, precedence_},
	SHD_OP_MAP(X)
#undef X
};

enum { LEAF = 10 }; /* precedence of operands: above every operator */

const char *shd_op_text(enum shd_op op)
{
	return ops[op].text;
}

static int precedence(const struct shd_expr *expr)
{
	return ops[expr->op].precedence ? ops[expr->op].precedence : LEAF;
}

static void print_text(const struct shd_value *value, struct shd_text *out)
{
	shd_text_putc(out, '"');
	for (uint32_t i = 0; i < value->len; i++) {
		char c = value->text[i];

		if (c == '"' || c == '\\')
			shd_text_putc(out, '\\');
		if (c == '\n')
			shd_text_puts(out, "\\n");
		else
			shd_text_putc(out, c);
	}
	shd_text_putc(out, '"');
}

static void print_literal(const struct shd_value *value, struct shd_text *out)
{
	char duration[SHD_DURATION_TEXT];

	if (value->type == SHD_TEXT)
		print_text(value, out);
	else if (value->type == SHD_TIME) /* only as an offset */
		shd_text_puts(out, shd_duration_format(value->n, duration));
	else
		shd_value_print(value, out);
}

/* In parentheses when its precedence is below `least`. */
static void print_operand(const struct shd_expr *expr, int least, struct shd_text *out)
{
	bool brackets = precedence(expr) < least;

	if (brackets)
		shd_text_putc(out, '(');
	shd_expr_print(expr, out);
	if (brackets)
		shd_text_putc(out, ')');
}

static void print_items(const struct shd_expr *expr, char open, char close, struct shd_text *out)
{
	shd_text_putc(out, open);
	for (uint32_t i = 0; i < expr->count; i++) {
		shd_text_puts(out, i ? ", " : "");
		shd_expr_print(expr->args[i], out);
	}
	shd_text_putc(out, close);
}

static void print_aggregate(const struct shd_expr *expr, struct shd_text *out)
{
	shd_text_printf(
		out, "%s(%s %s ", expr->name, expr->subject, expr->since ? "since" : "last");
	shd_expr_print(expr->args[0], out);
	if (expr->time_name)
		shd_text_printf(out, " at %s", expr->time_name);
	if (expr->count > 1) {
		shd_text_puts(out, " where ");
		shd_expr_print(expr->args[1], out);
	}
	shd_text_putc(out, ')');
}

static void print_operator(const struct shd_expr *expr, struct shd_text *out)
{
	int own = precedence(expr);
	bool prefix = expr->op == SHD_OP_NOT || expr->op == SHD_OP_NEGATE;
	bool chains = own != ops[SHD_OP_LT].precedence; /* comparisons do not */

	if (prefix) {
		shd_text_puts(out, expr->op == SHD_OP_NOT ? "not " : "-");
		print_operand(expr->args[0], own, out);
		return;
	}
	print_operand(expr->args[0], own + (chains ? 0 : 1), out);
	shd_text_printf(out, " %s", ops[expr->op].text);
	if (expr->count == 1)
		return;
	shd_text_putc(out, ' ');
	print_operand(expr->args[1], own + 1, out);
}

void shd_expr_print(const struct shd_expr *expr, struct shd_text *out)
{
	if (expr->op == SHD_OP_LITERAL) {
		print_literal(&expr->value, out);
	} else if (expr->op == SHD_OP_NAME) {
		shd_text_puts(out, expr->name);
	} else if (expr->op == SHD_OP_LIST) {
		print_items(expr, '[', ']', out);
	} else if (expr->op == SHD_OP_CALL) {
		shd_text_puts(out, expr->name);
		print_items(expr, '(', ')', out);
	} else if (expr->op == SHD_OP_AGGREGATE) {
		print_aggregate(expr, out);
	} else if (expr->op == SHD_OP_COND) {
		print_operand(expr->args[0], precedence(expr) + 1, out);
		shd_text_puts(out, " ? ");
		shd_expr_print(expr->args[1], out);
		shd_text_puts(out, " : ");
		shd_expr_print(expr->args[2], out);
	} else {
		print_operator(expr, out);
	}
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool shd_expr_equal(const struct shd_expr *a, const struct shd_expr *b)
{
	if (a->op != b->op || a->count != b->count || !same_text(a->name, b->name) ||
		!same_text(a->subject, b->subject) || a->since != b->since ||
		!same_text(a->time_name, b->time_name))
		return false;
	if (a->op == SHD_OP_LITERAL && !shd_value_equal(&a->value, &b->value))
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (!shd_expr_equal(a->args[i], b->args[i]))
			return false;
	return true;
}

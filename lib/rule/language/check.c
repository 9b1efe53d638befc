#include "check.h"

#include "base/num.h"
#include "base/text.h"
#include "regex.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void check(struct shd_checker *checker, struct shd_expr *expr);

void shd_check_fail(
	struct shd_checker *checker, struct shd_expr *expr, const char *hint, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	expr->bad = true;
	shd_expr_mistake(checker->mistakes, expr->at, expr->width, hint, "%s", text);
}

void shd_expr_set_type(struct shd_expr *expr, enum shd_type type)
{
	expr->type = type;
}

const char *shd_expr_type(const struct shd_expr *expr, char buf[SHD_TYPE_TEXT])
{
	if (expr->is_word_list)
		snprintf(buf, SHD_TYPE_TEXT, "word list");
	else if (expr->is_list)
		snprintf(buf, SHD_TYPE_TEXT, "list of %s", shd_type_name(expr->type));
	else
		snprintf(buf, SHD_TYPE_TEXT, "%s", shd_type_name(expr->type));
	return buf;
}

static void copy_type(struct shd_expr *expr, const struct shd_expr *from)
{
	expr->type = from->type;
	memcpy(expr->currency, from->currency, sizeof(expr->currency));
}

static bool is_single(const struct shd_expr *expr)
{
	return !expr->is_list && !expr->is_word_list;
}

/* Checks the operands, which must be single values. False, and the expression bad, when one of
 * them is bad. */
static bool check_args(struct shd_checker *checker, struct shd_expr *expr)
{
	for (uint32_t i = 0; i < expr->count; i++) {
		struct shd_expr *arg = expr->args[i];

		check(checker, arg);
		expr->bad |= arg->bad;
		if (!arg->bad && !is_single(arg)) {
			shd_check_fail(checker, arg, "lists follow `in` and `contains`",
				"a list cannot stand here");
			expr->bad = true;
		}
	}
	return !expr->bad;
}

bool shd_is_amount(enum shd_type type)
{
	return type == SHD_NUMBER || type == SHD_RATIO || type == SHD_DURATION || type == SHD_MONEY;
}

/* Reports two known currencies that differ; else sets expr's to the known one. */
static bool join_currencies(struct shd_checker *checker, struct shd_expr *expr, const char *verb,
	const struct shd_expr *a, const struct shd_expr *b)
{
	if (a->currency[0] && b->currency[0] && strcmp(a->currency, b->currency) != 0) {
		shd_check_fail(checker, expr, "both sides need the same currency",
			"cannot %s %s and %s", verb, a->currency, b->currency);
		return false;
	}
	memcpy(expr->currency, a->currency[0] ? a->currency : b->currency, sizeof(expr->currency));
	return true;
}

/* The hint for a plain number where a unit was meant: "did you mean 4% ?"; NULL: it is not that. */
static const char *unit_hint(
	const struct shd_expr *a, const struct shd_expr *b, char buf[static 96])
{
	const struct shd_expr *number = a->type == SHD_NUMBER ? a : b, *other = number == a ? b : a;
	char text[SHD_DECIMAL_TEXT];

	if (other->op == SHD_OP_LITERAL && other->type == SHD_RATIO &&
		number->op != SHD_OP_LITERAL) {
		snprintf(buf, 96, "did you mean %s ?", shd_decimal_format(other->value.n, 4, text));
		return buf;
	}
	if (number->type != SHD_NUMBER || number->op != SHD_OP_LITERAL)
		return NULL;
	shd_decimal_format(number->value.n, 6, text);
	if (other->type == SHD_RATIO)
		snprintf(buf, 96, "did you mean %s%% ?", text);
	else if (other->type == SHD_DURATION)
		snprintf(buf, 96, "did you mean %sh ?", text);
	else if (other->type == SHD_MONEY)
		snprintf(buf, 96, "did you mean %s %s ?", text,
			other->currency[0] ? other->currency : "RUB");
	else
		return NULL;
	return buf;
}

static void refuse_pair(
	struct shd_checker *checker, struct shd_expr *expr, const char *verb, const char *joint)
{
	char left[SHD_TYPE_TEXT], right[SHD_TYPE_TEXT], hint[96];

	shd_check_fail(checker, expr, unit_hint(expr->args[0], expr->args[1], hint),
		"cannot %s %s %s %s", verb, shd_expr_type(expr->args[0], left), joint,
		shd_expr_type(expr->args[1], right));
}

static bool is_one_of(const char *words, const char *word, size_t len)
{
	for (const char *at = words; *at;) {
		size_t width = strcspn(at, " ");

		if (width == len && memcmp(at, word, len) == 0)
			return true;
		at += width + (at[width] == ' ');
	}
	return false;
}

/* The word of a space-separated list that is nearest to `word`, copied to buf. */
static const char *nearest_word(const char *words, const char *word, char buf[static 96])
{
	char copies[16][32];
	const char *names[16];
	size_t count = 0;

	for (const char *at = words; *at && count < 16;) {
		size_t width = strcspn(at, " ");

		snprintf(copies[count], sizeof(copies[count]), "%.*s", (int)width, at);
		names[count] = copies[count];
		count++;
		at += width + (at[width] == ' ');
	}
	const char *near = shd_nearest(word, names, count);
	if (!near)
		return NULL;
	snprintf(buf, 96, "did you mean \"%s\" ?", near);
	return buf;
}

/* Reports a text literal that is compared with a field and is none of its allowed words. */
static void check_word(
	struct shd_checker *checker, const struct shd_expr *field, struct shd_expr *literal)
{
	char hint[96];

	if (literal->op != SHD_OP_LITERAL || literal->type != SHD_TEXT ||
		!field->allowed_words[0] ||
		is_one_of(field->allowed_words, literal->value.text, literal->value.len))
		return;
	shd_check_fail(checker, literal,
		nearest_word(field->allowed_words, literal->value.text, hint),
		"\"%s\" is never the %s, which is one of: %s", literal->value.text,
		field->name ? field->name : "value", field->allowed_words);
}

/* Checks the two sides of a comparison. */
static bool check_sides(struct shd_checker *checker, struct shd_expr *left, struct shd_expr *right)
{
	bool outer = checker->text_expected;

	check(checker, left);
	checker->text_expected = !left->bad && left->type == SHD_TEXT;
	check(checker, right);
	checker->text_expected = outer;
	return !left->bad && !right->bad;
}

static void check_compare(struct shd_checker *checker, struct shd_expr *expr)
{
	struct shd_expr *left = expr->args[0], *right = expr->args[1];
	bool ordering = expr->op != SHD_OP_EQ && expr->op != SHD_OP_NE;

	shd_expr_set_type(expr, SHD_BOOL);
	if (!check_sides(checker, left, right)) {
		expr->bad = true;
		return;
	}
	if (!is_single(left) || !is_single(right)) {
		shd_check_fail(checker, expr, right->is_list ? "did you mean `in`?" : NULL,
			"cannot compare with a list");
	} else if (left->type != right->type) {
		refuse_pair(checker, expr, "compare", "with");
	} else if (ordering && (left->type == SHD_TEXT || left->type == SHD_BOOL)) {
		shd_check_fail(checker, expr, "compare them with == or !=", "%s has no order",
			shd_type_name(left->type));
	} else if (left->type == SHD_MONEY) {
		join_currencies(checker, expr, "compare", left, right);
	} else if (left->type == SHD_TEXT) {
		check_word(checker, left, right);
		check_word(checker, right, left);
		expr->bad |= left->bad || right->bad;
	}
	expr->currency[0] = '\0';
}

static void check_list(struct shd_checker *checker, struct shd_expr *expr)
{
	char first[SHD_TYPE_TEXT], other[SHD_TYPE_TEXT];

	expr->is_list = true;
	if (!check_args(checker, expr))
		return;
	copy_type(expr, expr->args[0]);
	for (uint32_t i = 1; i < expr->count; i++) {
		if (expr->args[i]->type == expr->type)
			continue;
		shd_check_fail(checker, expr->args[i], NULL, "a list of %s holds no %s",
			shd_expr_type(expr->args[0], first), shd_expr_type(expr->args[i], other));
		expr->bad = true;
	}
}

static void check_in(struct shd_checker *checker, struct shd_expr *expr)
{
	struct shd_expr *left = expr->args[0], *right = expr->args[1];

	shd_expr_set_type(expr, SHD_BOOL);
	if (!check_sides(checker, left, right)) {
		expr->bad = true;
	} else if (!is_single(left) || !right->is_list) {
		shd_check_fail(checker, expr,
			right->is_word_list ? "a word list follows `contains`" : NULL,
			"`in` needs a value on its left and a list on its right: x in [a, b]");
	} else if (left->type != right->type) {
		refuse_pair(checker, expr, "look for", "in");
	} else {
		for (uint32_t i = 0; i < right->count; i++) {
			check_word(checker, left, right->args[i]);
			expr->bad |= right->args[i]->bad;
		}
	}
}

static void check_contains(struct shd_checker *checker, struct shd_expr *expr)
{
	struct shd_expr *left = expr->args[0], *right = expr->args[1];

	shd_expr_set_type(expr, SHD_BOOL);
	check(checker, left);
	check(checker, right);
	if (left->bad || right->bad)
		expr->bad = true;
	else if (!is_single(left) || left->type != SHD_TEXT || right->type != SHD_TEXT)
		shd_check_fail(checker, expr, NULL,
			"`contains` needs a text on its left and a text, a list of texts or "
			"words.NAME "
			"on its right");
	expr->word_list = right->word_list;
}

static void check_matches(struct shd_checker *checker, struct shd_expr *expr)
{
	struct shd_error err;

	shd_expr_set_type(expr, SHD_BOOL);
	if (!check_args(checker, expr))
		return;
	const struct shd_expr *left = expr->args[0], *right = expr->args[1];
	if (left->type != SHD_TEXT || right->type != SHD_TEXT || right->op != SHD_OP_LITERAL)
		shd_check_fail(checker, expr, NULL,
			"`matches` needs a text on its left and a pattern in quotes on its right");
	else if (!shd_regex_compile(
			 right->value.text, right->value.len, checker->arena, &expr->regex, &err))
		shd_check_fail(checker, expr->args[1], NULL,
			"this pattern is wrong at character %d: %s", err.col, err.msg);
}

static void check_logical(struct shd_checker *checker, struct shd_expr *expr)
{
	char type[SHD_TYPE_TEXT];

	shd_expr_set_type(expr, SHD_BOOL);
	if (!check_args(checker, expr))
		return;
	for (uint32_t i = 0; i < expr->count; i++) {
		if (expr->args[i]->type == SHD_BOOL)
			continue;
		shd_check_fail(checker, expr->args[i], NULL, "`%s` needs true or false, this is %s",
			shd_op_text(expr->op), shd_expr_type(expr->args[i], type));
		expr->bad = true;
	}
}

static void check_is(struct shd_checker *checker, struct shd_expr *expr)
{
	check_args(checker, expr);
	shd_expr_set_type(expr, SHD_BOOL);
}

/* `is unreadable` applies only to a field of the rule's own entity. */
static void check_is_unreadable(struct shd_checker *checker, struct shd_expr *expr)
{
	struct shd_expr *field = expr->args[0];

	check_args(checker, expr);
	shd_expr_set_type(expr, SHD_BOOL);
	if (!field->bad &&
		(field->op != SHD_OP_NAME || field->ref != SHD_REF_FIELD || field->inner))
		shd_check_fail(checker, field, "name a field of the entity: status is unreadable",
			"only a field can be unreadable");
}

/* `else` and `? :` give one of two values, which must have the same type. */
static void check_choice(
	struct shd_checker *checker, struct shd_expr *expr, struct shd_expr *a, struct shd_expr *b)
{
	char left[SHD_TYPE_TEXT], right[SHD_TYPE_TEXT], hint[96];

	copy_type(expr, a);
	if (a->type != b->type)
		shd_check_fail(checker, expr, unit_hint(a, b, hint),
			"`%s` gives %s or %s: both must be the same",
			expr->op == SHD_OP_COND ? "? :" : "else", shd_expr_type(a, left),
			shd_expr_type(b, right));
	else if (a->type == SHD_MONEY)
		join_currencies(checker, expr, "choose between", a, b);
	else if (a->type == SHD_TEXT && a->allowed_words[0] &&
		 strcmp(a->allowed_words, b->allowed_words) == 0)
		expr->allowed_words = a->allowed_words;
}

static void check_else(struct shd_checker *checker, struct shd_expr *expr)
{
	if (check_args(checker, expr))
		check_choice(checker, expr, expr->args[0], expr->args[1]);
}

static void check_cond(struct shd_checker *checker, struct shd_expr *expr)
{
	char type[SHD_TYPE_TEXT];

	if (!check_args(checker, expr))
		return;
	if (expr->args[0]->type != SHD_BOOL)
		shd_check_fail(checker, expr->args[0], NULL,
			"`?` needs true or false before it, this is %s",
			shd_expr_type(expr->args[0], type));
	check_choice(checker, expr, expr->args[1], expr->args[2]);
	expr->bad |= expr->args[0]->bad;
}

static void check_negate(struct shd_checker *checker, struct shd_expr *expr)
{
	char type[SHD_TYPE_TEXT];

	if (!check_args(checker, expr))
		return;
	copy_type(expr, expr->args[0]);
	if (!shd_is_amount(expr->type))
		shd_check_fail(checker, expr, NULL, "a %s has no sign",
			shd_expr_type(expr->args[0], type));
}

static void check_sum(struct shd_checker *checker, struct shd_expr *expr)
{
	if (!check_args(checker, expr))
		return;
	struct shd_expr *a = expr->args[0], *b = expr->args[1];
	bool add = expr->op == SHD_OP_ADD;

	if (shd_is_amount(a->type) && a->type == b->type) {
		copy_type(expr, a);
		join_currencies(checker, expr, add ? "add" : "subtract", a, b);
	} else if (a->type == SHD_TIME && b->type == SHD_DURATION) {
		shd_expr_set_type(expr, SHD_TIME);
	} else if (add && a->type == SHD_DURATION && b->type == SHD_TIME) {
		shd_expr_set_type(expr, SHD_TIME);
	} else if (!add && a->type == SHD_TIME && b->type == SHD_TIME) {
		shd_expr_set_type(expr, SHD_DURATION);
	} else {
		refuse_pair(checker, expr, add ? "add" : "take", add ? "and" : "minus");
	}
}

static void check_product(struct shd_checker *checker, struct shd_expr *expr)
{
	if (!check_args(checker, expr))
		return;
	struct shd_expr *a = expr->args[0], *b = expr->args[1];
	bool times = expr->op == SHD_OP_MUL;
	bool a_plain = a->type == SHD_NUMBER || a->type == SHD_RATIO;
	bool b_plain = b->type == SHD_NUMBER || b->type == SHD_RATIO;

	if (!shd_is_amount(a->type) || !shd_is_amount(b->type)) {
		refuse_pair(checker, expr, times ? "multiply" : "divide", times ? "and" : "by");
	} else if (!times && a->type == b->type) {
		shd_expr_set_type(expr, SHD_NUMBER);
		join_currencies(checker, expr, "divide", a, b);
		expr->currency[0] = '\0';
	} else if (times && a_plain && b_plain) {
		/* 3 * 4% and 4% * 3 are 12%; only number * number is a number. */
		shd_expr_set_type(expr, a->type == SHD_NUMBER ? b->type : SHD_RATIO);
	} else if (b_plain) {
		copy_type(expr, a);
	} else if (times && a_plain) {
		copy_type(expr, b);
	} else {
		refuse_pair(checker, expr, times ? "multiply" : "divide", times ? "and" : "by");
	}
}

static void check_literal(struct shd_checker *checker, struct shd_expr *expr)
{
	(void)checker;
	shd_expr_set_type(expr, expr->value.type);
	memcpy(expr->currency, expr->value.currency, sizeof(expr->currency));
}

static void check_name(struct shd_checker *checker, struct shd_expr *expr)
{
	shd_check_name(checker, expr);
	if (!expr->bad && expr->ref == SHD_REF_POLLER)
		shd_check_fail(checker, expr, "write age_of(poll.NAME)", "a poller is not a value");
}

static void (*const checks[SHD_OP_COUNT])(struct shd_checker *, struct shd_expr *) = {
	[SHD_OP_LITERAL] = check_literal,
	[SHD_OP_NAME] = check_name,
	[SHD_OP_LIST] = check_list,
	[SHD_OP_CALL] = shd_check_call,
	[SHD_OP_AGGREGATE] = shd_check_aggregate,
	[SHD_OP_COND] = check_cond,
	[SHD_OP_OR] = check_logical,
	[SHD_OP_AND] = check_logical,
	[SHD_OP_NOT] = check_logical,
	[SHD_OP_LT] = check_compare,
	[SHD_OP_LE] = check_compare,
	[SHD_OP_GT] = check_compare,
	[SHD_OP_GE] = check_compare,
	[SHD_OP_EQ] = check_compare,
	[SHD_OP_NE] = check_compare,
	[SHD_OP_IN] = check_in,
	[SHD_OP_IS_NONE] = check_is,
	[SHD_OP_IS_SOME] = check_is,
	[SHD_OP_IS_UNREADABLE] = check_is_unreadable,
	[SHD_OP_MATCHES] = check_matches,
	[SHD_OP_CONTAINS] = check_contains,
	[SHD_OP_ELSE] = check_else,
	[SHD_OP_ADD] = check_sum,
	[SHD_OP_SUB] = check_sum,
	[SHD_OP_MUL] = check_product,
	[SHD_OP_DIV] = check_product,
	[SHD_OP_NEGATE] = check_negate,
};

static void check(struct shd_checker *checker, struct shd_expr *expr)
{
	checks[expr->op](checker, expr);
}

void shd_check_expr(struct shd_checker *checker, struct shd_expr *expr)
{
	check(checker, expr);
}

bool shd_check_values(struct shd_checker *checker, struct shd_expr *expr)
{
	return check_args(checker, expr);
}

bool shd_check_currencies(struct shd_checker *checker, struct shd_expr *expr, const char *verb)
{
	return join_currencies(checker, expr, verb, expr->args[0], expr->args[1]);
}

bool shd_check(struct shd_expr *expr, struct shd_expr_scope *scope, struct shd_arena *arena,
	struct shd_expr_mistakes *mistakes)
{
	struct shd_checker checker = {.scope = scope, .arena = arena, .mistakes = mistakes};
	size_t before = mistakes->count;

	check(&checker, expr);
	return mistakes->count == before && !expr->bad;
}

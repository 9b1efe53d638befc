#include "parse.h"

#include <string.h>

static struct shd_expr *make_binary(
	struct shd_parser *parser, enum shd_op op, struct shd_expr *left, struct shd_expr *right)
{
	struct shd_expr *args[] = {left, right};

	return right ? shd_parser_make(parser, op, left->at, args, 2) : NULL;
}

static struct shd_expr *parse_unary(struct shd_parser *parser)
{
	if (parser->token.type != SHD_TOKEN_MINUS)
		return shd_parser_primary(parser);
	uint32_t at = parser->token.at;
	if (++parser->depth > SHD_EXPR_HEIGHT) {
		shd_expr_mistake(parser->mistakes, at, 1, NULL, "nested more than %d levels deep",
			SHD_EXPR_HEIGHT);
		return NULL;
	}
	if (!shd_parser_advance(parser))
		return NULL;
	struct shd_expr *operand = parse_unary(parser);
	parser->depth--;
	return operand ? shd_parser_make(parser, SHD_OP_NEGATE, at, &operand, 1) : NULL;
}

static struct shd_expr *parse_product(struct shd_parser *parser)
{
	struct shd_expr *left = parse_unary(parser);

	while (left &&
		(parser->token.type == SHD_TOKEN_STAR || parser->token.type == SHD_TOKEN_SLASH)) {
		enum shd_op op = parser->token.type == SHD_TOKEN_STAR ? SHD_OP_MUL : SHD_OP_DIV;

		left = shd_parser_advance(parser)
			       ? make_binary(parser, op, left, parse_unary(parser))
			       : NULL;
	}
	return left;
}

/* Whether the next tokens are `in "calendar"`, not `in [a, b]`. */
static bool names_calendar(const struct shd_parser *parser)
{
	const struct shd_lexer *lexer = &parser->lexer;
	size_t after = lexer->at;

	while (after < lexer->len && lexer->text[after] == ' ')
		after++;
	return parser->token.type == SHD_TOKEN_IN && after < lexer->len &&
	       (lexer->text[after] == '"' || lexer->text[after] == '\'');
}

/* `start + N business days [in "calendar"]`: another way to write business_days(start, N,
 * "calendar"). `start + N` is consumed. */
static struct shd_expr *parse_business_days(
	struct shd_parser *parser, enum shd_op op, struct shd_expr *start, struct shd_expr *days)
{
	struct shd_expr *args[3] = {start, days};
	uint32_t count = 2;

	if (op != SHD_OP_ADD) {
		shd_expr_mistake(parser->mistakes, days->at, days->width,
			"due: opened_at + 2 business days", "business days can only be added");
		return NULL;
	}
	if (!shd_parser_advance(parser))
		return NULL;
	if (!shd_parser_at(parser, "days") && !shd_parser_at(parser, "day")) {
		shd_expr_mistake(parser->mistakes, parser->token.at, parser->token.width,
			"opened_at + 2 business days", "expected 'days' after 'business'");
		return NULL;
	}
	if (!shd_parser_advance(parser))
		return NULL;
	if (names_calendar(parser) &&
		(!shd_parser_advance(parser) || !(args[count++] = shd_parser_literal(parser))))
		return NULL;
	struct shd_expr *expr = shd_parser_make(parser, SHD_OP_CALL, start->at, args, count);
	if (expr)
		expr->name = "business_days";
	return expr;
}

static struct shd_expr *parse_sum(struct shd_parser *parser)
{
	struct shd_expr *left = parse_product(parser);

	while (left &&
		(parser->token.type == SHD_TOKEN_PLUS || parser->token.type == SHD_TOKEN_MINUS)) {
		enum shd_op op = parser->token.type == SHD_TOKEN_PLUS ? SHD_OP_ADD : SHD_OP_SUB;
		struct shd_expr *right = shd_parser_advance(parser) ? parse_product(parser) : NULL;

		if (right && right->op == SHD_OP_LITERAL && shd_parser_at(parser, "business"))
			left = parse_business_days(parser, op, left, right);
		else
			left = make_binary(parser, op, left, right);
	}
	return left;
}

static struct shd_expr *parse_else(struct shd_parser *parser)
{
	struct shd_expr *left = parse_sum(parser);

	while (left && parser->token.type == SHD_TOKEN_ELSE)
		left = shd_parser_advance(parser)
			       ? make_binary(parser, SHD_OP_ELSE, left, parse_sum(parser))
			       : NULL;
	return left;
}

/* The word that other languages have for `none`. */
static bool is_null(const struct shd_parser *parser)
{
	return shd_parser_at(parser, "null") || shd_parser_at(parser, "NULL") ||
	       shd_parser_at(parser, "nil");
}

/* Parses `is [not] none`, `is unreadable`; `left` is consumed, the next token is `is`. */
static struct shd_expr *parse_is(struct shd_parser *parser, struct shd_expr *left)
{
	enum shd_op op = SHD_OP_IS_NONE;

	if (!shd_parser_advance(parser))
		return NULL;
	if (parser->token.type == SHD_TOKEN_NOT) {
		op = SHD_OP_IS_SOME;
		if (!shd_parser_advance(parser))
			return NULL;
	}
	if (op == SHD_OP_IS_NONE && shd_parser_at(parser, "unreadable")) {
		op = SHD_OP_IS_UNREADABLE;
	} else if (parser->token.type != SHD_TOKEN_NONE) {
		shd_expr_mistake(parser->mistakes, parser->token.at, parser->token.width,
			is_null(parser) ? "write `none`" : "compare values with == and !=",
			"expected 'none' after '%s'", op == SHD_OP_IS_NONE ? "is" : "is not");
		return NULL;
	}
	return shd_parser_advance(parser) ? shd_parser_make(parser, op, left->at, &left, 1) : NULL;
}

static const struct {
	enum shd_token_type token;
	enum shd_op op;
} comparisons[] = {
	{SHD_TOKEN_LT, SHD_OP_LT},
	{SHD_TOKEN_LE, SHD_OP_LE},
	{SHD_TOKEN_GT, SHD_OP_GT},
	{SHD_TOKEN_GE, SHD_OP_GE},
	{SHD_TOKEN_EQ, SHD_OP_EQ},
	{SHD_TOKEN_NE, SHD_OP_NE},
	{SHD_TOKEN_IN, SHD_OP_IN},
	{SHD_TOKEN_MATCHES, SHD_OP_MATCHES},
	{SHD_TOKEN_CONTAINS, SHD_OP_CONTAINS},
};

static bool is_comparison(enum shd_token_type type, enum shd_op *ret_op)
{
	for (size_t i = 0; i < SHD_COUNT(comparisons); i++) {
		if (comparisons[i].token == type) {
			*ret_op = comparisons[i].op;
			return true;
		}
	}
	return false;
}

/* `x == none`: what was meant is `x is none`. */
static struct shd_expr *refuse_none(struct shd_parser *parser, enum shd_op op)
{
	shd_expr_mistake(parser->mistakes, parser->token.at, parser->token.width,
		op == SHD_OP_NE ? "write `is not none`" : "write `is none`",
		"nothing can be compared with none");
	return NULL;
}

static struct shd_expr *parse_compare(struct shd_parser *parser)
{
	struct shd_expr *left = parse_else(parser);
	enum shd_op op;

	if (!left)
		return NULL;
	if (parser->token.type == SHD_TOKEN_IS)
		return parse_is(parser, left);
	if (parser->token.type == SHD_TOKEN_NOT) {
		shd_expr_mistake(parser->mistakes, parser->token.at, parser->token.width,
			"write `not` before all of it: not x in [a, b]",
			"`not` cannot stand behind a value");
		return NULL;
	}
	if (!is_comparison(parser->token.type, &op))
		return left;
	if (!shd_parser_advance(parser))
		return NULL;
	if (parser->token.type == SHD_TOKEN_NONE || is_null(parser))
		return refuse_none(parser, op);
	left = make_binary(parser, op, left, parse_else(parser));
	if (left &&
		(is_comparison(parser->token.type, &op) || parser->token.type == SHD_TOKEN_IS)) {
		shd_expr_mistake(parser->mistakes, parser->token.at, parser->token.width,
			"join two with `and`", "comparisons cannot be chained");
		return NULL;
	}
	return left;
}

static struct shd_expr *parse_not(struct shd_parser *parser)
{
	if (parser->token.type != SHD_TOKEN_NOT)
		return parse_compare(parser);
	uint32_t at = parser->token.at;
	if (++parser->depth > SHD_EXPR_HEIGHT) {
		shd_expr_mistake(parser->mistakes, at, 3, NULL, "nested more than %d levels deep",
			SHD_EXPR_HEIGHT);
		return NULL;
	}
	if (!shd_parser_advance(parser))
		return NULL;
	struct shd_expr *operand = parse_not(parser);
	parser->depth--;
	return operand ? shd_parser_make(parser, SHD_OP_NOT, at, &operand, 1) : NULL;
}

static struct shd_expr *parse_and(struct shd_parser *parser)
{
	struct shd_expr *left = parse_not(parser);

	while (left && parser->token.type == SHD_TOKEN_AND)
		left = shd_parser_advance(parser)
			       ? make_binary(parser, SHD_OP_AND, left, parse_not(parser))
			       : NULL;
	return left;
}

static struct shd_expr *parse_or(struct shd_parser *parser)
{
	struct shd_expr *left = parse_and(parser);

	while (left && parser->token.type == SHD_TOKEN_OR)
		left = shd_parser_advance(parser)
			       ? make_binary(parser, SHD_OP_OR, left, parse_and(parser))
			       : NULL;
	return left;
}

static struct shd_expr *parse_cond(struct shd_parser *parser)
{
	struct shd_expr *args[3] = {parse_or(parser)};

	if (!args[0] || parser->token.type != SHD_TOKEN_QUESTION)
		return args[0];
	if (!shd_parser_advance(parser) || !(args[1] = shd_parser_expr(parser)) ||
		!shd_parser_expect(parser, SHD_TOKEN_COLON, "between the two values of '?'") ||
		!(args[2] = shd_parser_expr(parser)))
		return NULL;
	return shd_parser_make(parser, SHD_OP_COND, args[0]->at, args, 3);
}

struct shd_expr *shd_parser_expr(struct shd_parser *parser)
{
	if (++parser->depth > SHD_EXPR_HEIGHT) {
		shd_expr_mistake(parser->mistakes, parser->token.at, 1, NULL,
			"nested more than %d levels deep", SHD_EXPR_HEIGHT);
		return NULL;
	}
	struct shd_expr *expr = parse_cond(parser);
	parser->depth--;
	return expr;
}

struct shd_expr *shd_parse(
	const char *text, size_t len, struct shd_arena *arena, struct shd_expr_mistakes *mistakes)
{
	struct shd_parser parser = {
		.lexer = {.text = text, .len = len, .arena = arena, .mistakes = mistakes},
		.arena = arena,
		.mistakes = mistakes};
	size_t before = mistakes->count;

	if (len > SHD_EXPR_BYTES) {
		shd_expr_mistake(mistakes, 0, 1, NULL,
			"the expression has %zu bytes, at most %d are allowed", len,
			SHD_EXPR_BYTES);
		return NULL;
	}
	if (!shd_lex(&parser.lexer, &parser.token))
		goto failed;
	struct shd_expr *expr = shd_parser_expr(&parser);
	if (!expr)
		goto failed;
	if (parser.token.type != SHD_TOKEN_END) {
		shd_expr_mistake(mistakes, parser.token.at, parser.token.width,
			shd_parser_stray_hint(&parser),
			"expected an operator or the end, found '%.*s'",
			(int)(parser.token.width < 40 ? parser.token.width : 40),
			text + parser.token.at);
		return NULL;
	}
	return mistakes->count == before ? expr : NULL;
failed:
	if (mistakes->count == before)
		shd_expr_mistake(mistakes, 0, 1, NULL, "the rules are too large altogether");
	return NULL;
}

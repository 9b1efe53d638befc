#include "base/text.h"
#include "rule/expr.h"

#include <string.h>

struct parser {
	struct shd_lexer lexer;
	struct shd_token token; /* the next one, not yet taken */
	struct shd_arena *arena;
	struct shd_report *report;
	uint32_t end; /* of the token taken last */
	int depth;
};

static struct shd_expr *parse_expr(struct parser *parser);

static bool advance(struct parser *parser)
{
	parser->end = parser->token.at + parser->token.width;
	return shd_lex(&parser->lexer, &parser->token);
}

static bool expect(struct parser *parser, enum shd_token_type type, const char *where)
{
	if (parser->token.type == type)
		return advance(parser);
	const struct shd_token *found = &parser->token;
	bool arguments = strcmp(where, "after the arguments") == 0;
	if (found->type == SHD_TOKEN_END)
		shd_report(parser->report, found->at, 1,
			arguments ? "inside { } a comma ends the text: put it in quotes" : NULL,
			"expected '%s' %s, found the end", shd_token_text(type), where);
	else
		shd_report(parser->report, found->at, found->width, NULL,
			"expected '%s' %s, found '%.*s'", shd_token_text(type), where,
			(int)(found->width < 40 ? found->width : 40),
			parser->lexer.text + found->at);
	return false;
}

static bool is_name(const struct parser *parser, const char *name)
{
	return parser->token.type == SHD_TOKEN_NAME && strlen(name) == parser->token.width &&
	       memcmp(parser->lexer.text + parser->token.at, name, parser->token.width) == 0;
}

/* A node over `count` operands, from byte `at` to the last token taken. */
static struct shd_expr *make(struct parser *parser, enum shd_op op, uint32_t at,
	struct shd_expr *const *args, uint32_t count)
{
	struct shd_expr *expr = shd_arena_alloc(parser->arena, 1, sizeof(*expr));

	if (!expr)
		return NULL;
	*expr = (struct shd_expr){.op = op,
		.at = at,
		.width = parser->end - at,
		.count = count,
		.height = 1,
		.words = ""};
	if (!count)
		return expr;
	expr->args = shd_arena_alloc(parser->arena, count, sizeof(*expr->args));
	if (!expr->args)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		expr->args[i] = args[i];
		if (args[i]->height >= expr->height)
			expr->height = args[i]->height + 1;
	}
	if (expr->height <= SHD_EXPR_HEIGHT)
		return expr;
	shd_report(parser->report, at, 1, "split the condition",
		"more than %d levels or operators deep", SHD_EXPR_HEIGHT);
	return NULL;
}

static struct shd_expr *make_binary(
	struct parser *parser, enum shd_op op, struct shd_expr *left, struct shd_expr *right)
{
	struct shd_expr *args[] = {left, right};

	return right ? make(parser, op, left->at, args, 2) : NULL;
}

/* NAME { "." NAME }, as one text in the arena. */
static char *parse_path(struct parser *parser, uint32_t *ret_at)
{
	SHD_AUTO(shd_text_finish) struct shd_text path = {0};

	shd_text_init(&path, SHD_EXPR_BYTES);
	*ret_at = parser->token.at;
	for (;;) {
		if (parser->token.type != SHD_TOKEN_NAME) {
			shd_report(parser->report, parser->token.at, parser->token.width, NULL,
				"expected a name%s", path.len ? " after '.'" : "");
			return NULL;
		}
		shd_text_add(&path, parser->lexer.text + parser->token.at, parser->token.width);
		if (!advance(parser))
			return NULL;
		if (parser->token.type != SHD_TOKEN_DOT)
			return shd_arena_text(parser->arena, path.data, path.len);
		shd_text_putc(&path, '.');
		if (!advance(parser))
			return NULL;
	}
}

/* { expr "," } up to `close`, which is taken. At most SHD_LIST_ITEMS. */
static bool parse_items(struct parser *parser, enum shd_token_type close, const char *where,
	struct shd_expr **items, uint32_t *count)
{
	while (parser->token.type != close || *count == 0) {
		if (*count == SHD_LIST_ITEMS) {
			shd_report(parser->report, parser->token.at, 1, NULL, "more than %d items",
				SHD_LIST_ITEMS);
			return false;
		}
		struct shd_expr *item = parse_expr(parser);
		if (!item)
			return false;
		items[(*count)++] = item;
		if (parser->token.type != SHD_TOKEN_COMMA)
			break;
		if (!advance(parser))
			return false;
	}
	return expect(parser, close, where);
}

static struct shd_expr *parse_list(struct parser *parser)
{
	struct shd_expr *items[SHD_LIST_ITEMS];
	uint32_t at = parser->token.at, count = 0;

	if (!advance(parser) ||
		!parse_items(parser, SHD_TOKEN_RIGHT, "after the list", items, &count))
		return NULL;
	return make(parser, SHD_OP_LIST, at, items, count);
}

/* After `fn(subject`, at `last`. */
static struct shd_expr *parse_aggregate(
	struct parser *parser, uint32_t at, const char *name, const struct shd_expr *subject)
{
	struct shd_expr *args[2];
	uint32_t count = 1;

	if (!advance(parser))
		return NULL;
	if (parser->token.type != SHD_TOKEN_LITERAL || parser->token.value.type != SHD_DURATION) {
		shd_report(parser->report, parser->token.at, parser->token.width,
			"last 24h, last 30d", "expected a duration after 'last'");
		return NULL;
	}
	uint32_t duration_at = parser->token.at;
	struct shd_value duration = parser->token.value;
	if (!advance(parser))
		return NULL;
	args[0] = make(parser, SHD_OP_LITERAL, duration_at, NULL, 0);
	if (!args[0])
		return NULL;
	args[0]->value = duration;
	if (is_name(parser, "where")) {
		if (!advance(parser))
			return NULL;
		args[count] = parse_expr(parser);
		if (!args[count++])
			return NULL;
	}
	if (!expect(parser, SHD_TOKEN_CLOSE, "after the window"))
		return NULL;
	struct shd_expr *expr = make(parser, SHD_OP_AGGREGATE, at, args, count);
	if (!expr)
		return NULL;
	expr->name = name;
	expr->subject = subject->name;
	expr->subject_at = subject->at;
	return expr;
}

/* After the name of a function, at the bracket. */
static struct shd_expr *parse_call(struct parser *parser, uint32_t at, const char *name)
{
	struct shd_expr *args[SHD_LIST_ITEMS];
	uint32_t count = 0;

	if (!advance(parser))
		return NULL;
	if (parser->token.type != SHD_TOKEN_CLOSE) {
		args[count++] = parse_expr(parser);
		if (!args[0])
			return NULL;
		if (args[0]->op == SHD_OP_NAME && is_name(parser, "last"))
			return parse_aggregate(parser, at, name, args[0]);
	}
	if (parser->token.type != SHD_TOKEN_COMMA) {
		if (!expect(parser, SHD_TOKEN_CLOSE, "after the arguments"))
			return NULL;
	} else if (!advance(parser) ||
		   !parse_items(parser, SHD_TOKEN_CLOSE, "after the arguments", args, &count)) {
		return NULL;
	}
	struct shd_expr *expr = make(parser, SHD_OP_CALL, at, args, count);
	if (expr)
		expr->name = name;
	return expr;
}

static struct shd_expr *parse_name(struct parser *parser)
{
	uint32_t at;
	char *name = parse_path(parser, &at);

	if (!name)
		return NULL;
	if (parser->token.type == SHD_TOKEN_OPEN)
		return parse_call(parser, at, name);
	struct shd_expr *expr = make(parser, SHD_OP_NAME, at, NULL, 0);
	if (expr)
		expr->name = name;
	return expr;
}

static struct shd_expr *parse_literal(struct parser *parser)
{
	struct shd_value value = parser->token.value;
	uint32_t at = parser->token.at;

	if (!advance(parser))
		return NULL;
	struct shd_expr *expr = make(parser, SHD_OP_LITERAL, at, NULL, 0);
	if (expr)
		expr->value = value;
	return expr;
}

static struct shd_expr *parse_bracket(struct parser *parser)
{
	if (!advance(parser))
		return NULL;
	struct shd_expr *expr = parse_expr(parser);
	return expr && expect(parser, SHD_TOKEN_CLOSE, "after the expression") ? expr : NULL;
}

static struct shd_expr *parse_primary(struct parser *parser)
{
	const struct shd_token *token = &parser->token;

	if (token->type == SHD_TOKEN_LITERAL)
		return parse_literal(parser);
	if (token->type == SHD_TOKEN_NAME)
		return parse_name(parser);
	if (token->type == SHD_TOKEN_OPEN)
		return parse_bracket(parser);
	if (token->type == SHD_TOKEN_LEFT)
		return parse_list(parser);
	if (token->type == SHD_TOKEN_END)
		shd_report(parser->report, token->at, 1, NULL, "expected a value, found the end");
	else
		shd_report(parser->report, token->at, token->width,
			token->type == SHD_TOKEN_NONE ? "test for it: x is none, x is not none"
						      : NULL,
			"expected a value, found '%s'", shd_token_text(token->type));
	return NULL;
}

static struct shd_expr *parse_unary(struct parser *parser)
{
	if (parser->token.type != SHD_TOKEN_MINUS)
		return parse_primary(parser);
	uint32_t at = parser->token.at;
	if (++parser->depth > SHD_EXPR_HEIGHT) {
		shd_report(parser->report, at, 1, NULL, "nested more than %d levels deep",
			SHD_EXPR_HEIGHT);
		return NULL;
	}
	if (!advance(parser))
		return NULL;
	struct shd_expr *operand = parse_unary(parser);
	parser->depth--;
	return operand ? make(parser, SHD_OP_NEGATE, at, &operand, 1) : NULL;
}

static struct shd_expr *parse_product(struct parser *parser)
{
	struct shd_expr *left = parse_unary(parser);

	while (left &&
		(parser->token.type == SHD_TOKEN_STAR || parser->token.type == SHD_TOKEN_SLASH)) {
		enum shd_op op = parser->token.type == SHD_TOKEN_STAR ? SHD_OP_MUL : SHD_OP_DIV;

		left = advance(parser) ? make_binary(parser, op, left, parse_unary(parser)) : NULL;
	}
	return left;
}

static struct shd_expr *parse_sum(struct parser *parser)
{
	struct shd_expr *left = parse_product(parser);

	while (left &&
		(parser->token.type == SHD_TOKEN_PLUS || parser->token.type == SHD_TOKEN_MINUS)) {
		enum shd_op op = parser->token.type == SHD_TOKEN_PLUS ? SHD_OP_ADD : SHD_OP_SUB;

		left = advance(parser) ? make_binary(parser, op, left, parse_product(parser))
				       : NULL;
	}
	return left;
}

static struct shd_expr *parse_default(struct parser *parser)
{
	struct shd_expr *left = parse_sum(parser);

	while (left && parser->token.type == SHD_TOKEN_ELSE)
		left = advance(parser) ? make_binary(parser, SHD_OP_ELSE, left, parse_sum(parser))
				       : NULL;
	return left;
}

/* After `left is`. */
static struct shd_expr *parse_is(struct parser *parser, struct shd_expr *left)
{
	enum shd_op op = SHD_OP_IS_NONE;

	if (!advance(parser))
		return NULL;
	if (parser->token.type == SHD_TOKEN_NOT) {
		op = SHD_OP_IS_SOME;
		if (!advance(parser))
			return NULL;
	}
	if (parser->token.type != SHD_TOKEN_NONE) {
		shd_report(parser->report, parser->token.at, parser->token.width,
			"compare values with == and !=", "expected 'none' after '%s'",
			op == SHD_OP_IS_NONE ? "is" : "is not");
		return NULL;
	}
	return advance(parser) ? make(parser, op, left->at, &left, 1) : NULL;
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
static struct shd_expr *refuse_none(struct parser *parser, enum shd_op op)
{
	shd_report(parser->report, parser->token.at, parser->token.width,
		op == SHD_OP_NE ? "write `is not none`" : "write `is none`",
		"nothing can be compared with none");
	return NULL;
}

static struct shd_expr *parse_compare(struct parser *parser)
{
	struct shd_expr *left = parse_default(parser);
	enum shd_op op;

	if (!left)
		return NULL;
	if (parser->token.type == SHD_TOKEN_IS)
		return parse_is(parser, left);
	if (!is_comparison(parser->token.type, &op))
		return left;
	if (!advance(parser))
		return NULL;
	if (parser->token.type == SHD_TOKEN_NONE)
		return refuse_none(parser, op);
	left = make_binary(parser, op, left, parse_default(parser));
	if (left &&
		(is_comparison(parser->token.type, &op) || parser->token.type == SHD_TOKEN_IS)) {
		shd_report(parser->report, parser->token.at, parser->token.width,
			"join two with `and`", "comparisons cannot be chained");
		return NULL;
	}
	return left;
}

static struct shd_expr *parse_not(struct parser *parser)
{
	if (parser->token.type != SHD_TOKEN_NOT)
		return parse_compare(parser);
	uint32_t at = parser->token.at;
	if (++parser->depth > SHD_EXPR_HEIGHT) {
		shd_report(parser->report, at, 3, NULL, "nested more than %d levels deep",
			SHD_EXPR_HEIGHT);
		return NULL;
	}
	if (!advance(parser))
		return NULL;
	struct shd_expr *operand = parse_not(parser);
	parser->depth--;
	return operand ? make(parser, SHD_OP_NOT, at, &operand, 1) : NULL;
}

static struct shd_expr *parse_and(struct parser *parser)
{
	struct shd_expr *left = parse_not(parser);

	while (left && parser->token.type == SHD_TOKEN_AND)
		left = advance(parser) ? make_binary(parser, SHD_OP_AND, left, parse_not(parser))
				       : NULL;
	return left;
}

static struct shd_expr *parse_or(struct parser *parser)
{
	struct shd_expr *left = parse_and(parser);

	while (left && parser->token.type == SHD_TOKEN_OR)
		left = advance(parser) ? make_binary(parser, SHD_OP_OR, left, parse_and(parser))
				       : NULL;
	return left;
}

static struct shd_expr *parse_cond(struct parser *parser)
{
	struct shd_expr *args[3] = {parse_or(parser)};

	if (!args[0] || parser->token.type != SHD_TOKEN_QUERY)
		return args[0];
	if (!advance(parser) || !(args[1] = parse_expr(parser)) ||
		!expect(parser, SHD_TOKEN_COLON, "between the two values of '?'") ||
		!(args[2] = parse_expr(parser)))
		return NULL;
	return make(parser, SHD_OP_COND, args[0]->at, args, 3);
}

static struct shd_expr *parse_expr(struct parser *parser)
{
	if (++parser->depth > SHD_EXPR_HEIGHT) {
		shd_report(parser->report, parser->token.at, 1, NULL,
			"nested more than %d levels deep", SHD_EXPR_HEIGHT);
		return NULL;
	}
	struct shd_expr *expr = parse_cond(parser);
	parser->depth--;
	return expr;
}

struct shd_expr *shd_parse(
	const char *text, size_t len, struct shd_arena *arena, struct shd_report *report)
{
	struct parser parser = {
		.lexer = {.text = text, .len = len, .arena = arena, .report = report},
		.arena = arena,
		.report = report};
	size_t before = report->count;

	if (len > SHD_EXPR_BYTES) {
		shd_report(report, 0, 1, NULL,
			"the expression has %zu bytes, at most %d are allowed", len,
			SHD_EXPR_BYTES);
		return NULL;
	}
	if (!shd_lex(&parser.lexer, &parser.token))
		goto failed;
	struct shd_expr *expr = parse_expr(&parser);
	if (!expr)
		goto failed;
	if (parser.token.type != SHD_TOKEN_END) {
		shd_report(report, parser.token.at, parser.token.width, NULL,
			"expected an operator or the end, found '%.*s'",
			(int)(parser.token.width < 40 ? parser.token.width : 40),
			text + parser.token.at);
		return NULL;
	}
	return report->count == before ? expr : NULL;
failed:
	if (report->count == before)
		shd_report(report, 0, 1, NULL, "the rules are too large altogether");
	return NULL;
}

#include "parse.h"

#include "base/text.h"

#include <string.h>

bool shd_parser_advance(struct shd_parser *parser)
{
	parser->end = parser->token.at + parser->token.width;
	return shd_lex(&parser->lexer, &parser->token);
}

bool shd_parser_at(const struct shd_parser *parser, const char *name)
{
	return parser->token.type == SHD_TOKEN_NAME && strlen(name) == parser->token.width &&
	       memcmp(parser->lexer.text + parser->token.at, name, parser->token.width) == 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

const char *shd_parser_stray_hint(const struct shd_parser *parser)
{
	const struct shd_token *token = &parser->token;
	const char *text = parser->lexer.text;
	size_t next = token->at + 1U;

	if (token->type == SHD_TOKEN_COMMA && token->at > 0 && next < parser->lexer.len &&
		is_digit(text[token->at - 1]) && is_digit(text[next]))
		return "a decimal has a point: 4.5";
	if (shd_parser_at(parser, "business"))
		return "they are added to a time: opened_at + 2 business days";
	if (shd_parser_at(parser, "where") || shd_parser_at(parser, "last") ||
		shd_parser_at(parser, "since"))
		return "as in count(order last 24h where amount > 100 RUB)";
	if (shd_parser_at(parser, "at"))
		return "as in count(order last 24h at cancelled_at where amount > 100 RUB)";
	if (shd_parser_at(parser, "between"))
		return "write x >= a and x <= b";
	if (token->type == SHD_TOKEN_NAME || token->type == SHD_TOKEN_LITERAL)
		return "is an operator missing before it?";
	return NULL;
}

bool shd_parser_expect(struct shd_parser *parser, enum shd_token_type type, const char *where)
{
	if (parser->token.type == type)
		return shd_parser_advance(parser);
	const struct shd_token *found = &parser->token;
	bool arguments = strcmp(where, "after the arguments") == 0;
	if (found->type == SHD_TOKEN_END)
		shd_expr_mistake(parser->mistakes, found->at, 1,
			arguments ? "inside { } a comma ends the text: put it in quotes" : NULL,
			"expected '%s' %s, found the end", shd_token_text(type), where);
	else
		shd_expr_mistake(parser->mistakes, found->at, found->width,
			shd_parser_stray_hint(parser), "expected '%s' %s, found '%.*s'",
			shd_token_text(type), where, (int)(found->width < 40 ? found->width : 40),
			parser->lexer.text + found->at);
	return false;
}

struct shd_expr *shd_parser_make(struct shd_parser *parser, enum shd_op op, uint32_t at,
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
		.allowed_words = ""};
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
	shd_expr_mistake(parser->mistakes, at, 1,
		op == SHD_OP_OR ? "write x in [a, b], or (a or b) or (c or d)"
				: "put brackets around parts of it",
		"more than %d operators in a row, or levels of brackets", SHD_EXPR_HEIGHT - 1);
	return NULL;
}

/* Parses NAME { "." NAME } into one text in the arena. */
static char *parse_path(struct shd_parser *parser, uint32_t *ret_at)
{
	SHD_AUTO(shd_text_finish) struct shd_text path = {0};

	shd_text_init(&path, SHD_EXPR_BYTES);
	*ret_at = parser->token.at;
	for (;;) {
		if (parser->token.type != SHD_TOKEN_NAME) {
			shd_expr_mistake(parser->mistakes, parser->token.at, parser->token.width,
				NULL, "expected a name%s", path.len ? " after '.'" : "");
			return NULL;
		}
		shd_text_add(&path, parser->lexer.text + parser->token.at, parser->token.width);
		if (!shd_parser_advance(parser))
			return NULL;
		if (parser->token.type != SHD_TOKEN_DOT)
			return shd_arena_text(parser->arena, path.data, path.len);
		shd_text_putc(&path, '.');
		if (!shd_parser_advance(parser))
			return NULL;
	}
}

/* Parses expressions separated by commas up to the token `close`, which is consumed too. At
 * most SHD_LIST_ITEMS. */
static bool parse_items(struct shd_parser *parser, enum shd_token_type close, const char *where,
	struct shd_expr **items, uint32_t *count)
{
	while (parser->token.type != close || *count == 0) {
		if (*count == SHD_LIST_ITEMS) {
			shd_expr_mistake(parser->mistakes, parser->token.at, 1, NULL,
				"more than %d items", SHD_LIST_ITEMS);
			return false;
		}
		struct shd_expr *item = shd_parser_expr(parser);
		if (!item)
			return false;
		items[(*count)++] = item;
		if (parser->token.type != SHD_TOKEN_COMMA)
			break;
		if (!shd_parser_advance(parser))
			return false;
	}
	return shd_parser_expect(parser, close, where);
}

static struct shd_expr *parse_list(struct shd_parser *parser)
{
	struct shd_expr *items[SHD_LIST_ITEMS];
	uint32_t at = parser->token.at, count = 0;

	if (!shd_parser_advance(parser) ||
		!parse_items(parser, SHD_TOKEN_RBRACKET, "after the list", items, &count))
		return NULL;
	return shd_parser_make(parser, SHD_OP_LIST, at, items, count);
}

/* The length after `last`. */
static struct shd_expr *parse_length(struct shd_parser *parser)
{
	if (parser->token.type != SHD_TOKEN_LITERAL || parser->token.value.type != SHD_DURATION) {
		shd_expr_mistake(parser->mistakes, parser->token.at, parser->token.width,
			"last 24h, last 30d", "expected a duration after 'last'");
		return NULL;
	}
	return shd_parser_literal(parser);
}

/* Parses an aggregate; `name(subject` is consumed, the next token is `last` or `since`. */
static struct shd_expr *parse_aggregate(
	struct shd_parser *parser, uint32_t at, const char *name, const struct shd_expr *subject)
{
	struct shd_expr *args[2];
	uint32_t count = 1;
	bool since = shd_parser_at(parser, "since");

	if (!shd_parser_advance(parser))
		return NULL;
	args[0] = since ? shd_parser_expr(parser) : parse_length(parser);
	if (!args[0])
		return NULL;
	const char *time = NULL;
	uint32_t time_at = 0;
	if (shd_parser_at(parser, "at")) {
		if (!shd_parser_advance(parser) || !(time = parse_path(parser, &time_at)))
			return NULL;
	}
	if (shd_parser_at(parser, "where")) {
		if (!shd_parser_advance(parser))
			return NULL;
		args[count] = shd_parser_expr(parser);
		if (!args[count++])
			return NULL;
	}
	if (!shd_parser_expect(parser, SHD_TOKEN_RPAREN, "after the window"))
		return NULL;
	struct shd_expr *expr = shd_parser_make(parser, SHD_OP_AGGREGATE, at, args, count);
	if (!expr)
		return NULL;
	expr->since = since;
	expr->name = name;
	expr->subject = subject->name;
	expr->subject_at = subject->at;
	expr->time_name = time;
	expr->time_at = time_at;
	return expr;
}

/* Parses a call; the name is consumed, the next token is the parenthesis. */
static struct shd_expr *parse_call(struct shd_parser *parser, uint32_t at, const char *name)
{
	struct shd_expr *args[SHD_LIST_ITEMS];
	uint32_t count = 0;

	if (!shd_parser_advance(parser))
		return NULL;
	if (parser->token.type != SHD_TOKEN_RPAREN) {
		args[count++] = shd_parser_expr(parser);
		if (!args[0])
			return NULL;
		if (args[0]->op == SHD_OP_NAME &&
			(shd_parser_at(parser, "last") || shd_parser_at(parser, "since")))
			return parse_aggregate(parser, at, name, args[0]);
	}
	if (parser->token.type != SHD_TOKEN_COMMA) {
		if (!shd_parser_expect(parser, SHD_TOKEN_RPAREN, "after the arguments"))
			return NULL;
	} else if (!shd_parser_advance(parser) ||
		   !parse_items(parser, SHD_TOKEN_RPAREN, "after the arguments", args, &count)) {
		return NULL;
	}
	struct shd_expr *expr = shd_parser_make(parser, SHD_OP_CALL, at, args, count);
	if (expr)
		expr->name = name;
	return expr;
}

static struct shd_expr *parse_name(struct shd_parser *parser)
{
	uint32_t at;
	char *name = parse_path(parser, &at);

	if (!name)
		return NULL;
	if (parser->token.type == SHD_TOKEN_LPAREN)
		return parse_call(parser, at, name);
	struct shd_expr *expr = shd_parser_make(parser, SHD_OP_NAME, at, NULL, 0);
	if (expr)
		expr->name = name;
	return expr;
}

struct shd_expr *shd_parser_literal(struct shd_parser *parser)
{
	struct shd_value value = parser->token.value;
	uint32_t at = parser->token.at;

	if (!shd_parser_advance(parser))
		return NULL;
	struct shd_expr *expr = shd_parser_make(parser, SHD_OP_LITERAL, at, NULL, 0);
	if (expr)
		expr->value = value;
	return expr;
}

static struct shd_expr *parse_parentheses(struct shd_parser *parser)
{
	if (!shd_parser_advance(parser))
		return NULL;
	struct shd_expr *expr = shd_parser_expr(parser);
	return expr && shd_parser_expect(parser, SHD_TOKEN_RPAREN, "after the expression") ? expr
											  : NULL;
}

struct shd_expr *shd_parser_primary(struct shd_parser *parser)
{
	const struct shd_token *token = &parser->token;

	if (token->type == SHD_TOKEN_LITERAL)
		return shd_parser_literal(parser);
	if (token->type == SHD_TOKEN_NAME)
		return parse_name(parser);
	if (token->type == SHD_TOKEN_LPAREN)
		return parse_parentheses(parser);
	if (token->type == SHD_TOKEN_LBRACKET)
		return parse_list(parser);
	if (token->type == SHD_TOKEN_END)
		shd_expr_mistake(
			parser->mistakes, token->at, 1, NULL, "expected a value, found the end");
	else
		shd_expr_mistake(parser->mistakes, token->at, token->width,
			token->type == SHD_TOKEN_NONE ? "test for it: x is none, x is not none"
			: token->at == 0 && token->type >= SHD_TOKEN_LT &&
					token->type <= SHD_TOKEN_NE
				? "what is compared is missing: value > 4%"
				: NULL,
			"expected a value, found '%s'", shd_token_text(token->type));
	return NULL;
}

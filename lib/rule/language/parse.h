/* rule/language/parse.h - between the parts of the parser: parse.c reads operators, primary.c the
 * operands between them. Everyone else uses shd_parse of expr.h. */
#pragma once
#include "expr.h"

struct shd_parser {
	struct shd_lexer lexer;
	struct shd_token token; /* the next one, not yet taken */
	struct shd_arena *arena;
	struct shd_complaints *report;
	uint32_t end; /* of the token taken last */
	int depth;
};

/* Takes the token; false: the text cannot be read any further. */
bool shd_parser_advance(struct shd_parser *parser);

/* Takes a token of this type; reports any other, `where` says behind what it was expected. */
bool shd_parser_expect(struct shd_parser *parser, enum shd_token_type type, const char *where);

/* The next token is this name. */
bool shd_parser_at(const struct shd_parser *parser, const char *name);

/* What to do about the next token, which does not belong there, or NULL. */
const char *shd_parser_stray_hint(const struct shd_parser *parser);

/* A node over `count` operands, from byte `at` to the last token taken. NULL when it would be
 * too high, or the arena is full. */
struct shd_expr *shd_parser_make(struct shd_parser *parser, enum shd_op op, uint32_t at,
	struct shd_expr *const *args, uint32_t count);

/* A whole expression; an operand; a literal. NULL: reported. */
struct shd_expr *shd_parser_expr(struct shd_parser *parser);
struct shd_expr *shd_parser_primary(struct shd_parser *parser);
struct shd_expr *shd_parser_literal(struct shd_parser *parser);

/* rule/language/parse.h - between the parts of the parser: parse.c reads operators, primary.c the
 * operands between them. Everyone else uses shd_parse of expr.h. */
#pragma once
#include "expr.h"

struct shd_parser {
	struct shd_lexer lexer;
	struct shd_token token; /* lookahead: the next one, not yet consumed */
	struct shd_arena *arena;
	struct shd_expr_mistakes *mistakes;
	uint32_t end; /* of the token consumed last */
	int depth;
};

/* Consumes the token; false: the text cannot be read any further. */
bool shd_parser_advance(struct shd_parser *parser);

/* Consumes a token of this type; reports any other, `where` ("after the list") says where it was
 * expected. */
bool shd_parser_expect(struct shd_parser *parser, enum shd_token_type type, const char *where);

/* Whether the next token is this name. */
bool shd_parser_at(const struct shd_parser *parser, const char *name);

/* A hint about the next token, which does not belong there, or NULL. */
const char *shd_parser_stray_hint(const struct shd_parser *parser);

/* Makes a node over `count` operands, from byte `at` to the last token consumed. NULL when the
 * tree would be too high, or the arena is full. */
struct shd_expr *shd_parser_make(struct shd_parser *parser, enum shd_op op, uint32_t at,
	struct shd_expr *const *args, uint32_t count);

/* Parse a whole expression; an operand; a literal. NULL: a mistake was reported. */
struct shd_expr *shd_parser_expr(struct shd_parser *parser);
struct shd_expr *shd_parser_primary(struct shd_parser *parser);
struct shd_expr *shd_parser_literal(struct shd_parser *parser);

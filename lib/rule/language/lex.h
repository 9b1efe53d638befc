/* rule/language/lex.h - text of an expression to tokens. Pure; one thread at a time. */
#pragma once
#include "catalog/entity.h"

/* Receives the mistakes of one expression, as struct shd_diags does those of a file.
 * text[at .. at+width) is what is wrong; `hint` says what to do, or is NULL. All texts live
 * only during the call. */
struct shd_expr_mistakes {
	void (*report)(void *ctx, size_t at, size_t width, const char *hint, const char *text);
	void *ctx;
	size_t count; /* how many were reported so far */
};

/* Reports one mistake. */
void shd_expr_mistake(struct shd_expr_mistakes *mistakes, size_t at, size_t width, const char *hint,
	const char *fmt, ...) SHD_PRINTF(5, 6);

/* X(NAME, "text") */
#define SHD_TOKEN_MAP(X)                                                                           \
	X(END, "the end")                                                                          \
	X(LITERAL, "a value")                                                                      \
	X(NAME, "a name")                                                                          \
	X(LT, "<")                                                                                 \
	X(LE, "<=")                                                                                \
	X(GT, ">")                                                                                 \
	X(GE, ">=")                                                                                \
	X(EQ, "==")                                                                                \
	X(NE, "!=")                                                                                \
	X(PLUS, "+")                                                                               \
	X(MINUS, "-")                                                                              \
	X(STAR, "*")                                                                               \
	X(SLASH, "/")                                                                              \
	X(LPAREN, "(")                                                                             \
	X(RPAREN, ")")                                                                             \
	X(LBRACKET, "[")                                                                           \
	X(RBRACKET, "]")                                                                           \
	X(COMMA, ",")                                                                              \
	X(DOT, ".")                                                                                \
	X(QUESTION, "?")                                                                           \
	X(COLON, ":")                                                                              \
	X(AND, "and")                                                                              \
	X(OR, "or")                                                                                \
	X(NOT, "not")                                                                              \
	X(IN, "in")                                                                                \
	X(IS, "is")                                                                                \
	X(NONE, "none")                                                                            \
	X(ELSE, "else")                                                                            \
	X(MATCHES, "matches")                                                                      \
	X(CONTAINS, "contains")

enum shd_token_type {
#define X(id, text) SHD_TOKEN_##id,
	SHD_TOKEN_MAP(X)
#undef X
};
/* For messages: "<=", "a name". */
const char *shd_token_text(enum shd_token_type type);

struct shd_token {
	enum shd_token_type type;
	uint32_t at, width;     /* bytes of the source */
	struct shd_value value; /* LITERAL; its text lives in the arena */
};

struct shd_lexer {
	const char *text;
	size_t len, at;
	struct shd_arena *arena;
	struct shd_expr_mistakes *mistakes;
};

/* Reads the next token. What is not a token is reported; common slips (`=`, `&&`, `||`, `!`)
 * are reported and read as what was meant, so that the rest is checked too. False: the text
 * cannot be read any further. */
bool shd_lex(struct shd_lexer *lexer, struct shd_token *ret_token);

/* rule/language/lex.h - text of an expression to tokens. Pure; one thread at a time. */
#pragma once
#include "catalog/entity.h"

/* Where mistakes of one expression go: text[at .. at+width) is what is wrong. `hint`
 * says what to do, or is NULL. All texts live only during the call. */
struct shd_complaints {
	void (*mistake)(void *ctx, size_t at, size_t width, const char *hint, const char *text);
	void *ctx;
	size_t count; /* how many were reported so far */
};
void shd_complain(struct shd_complaints *report, size_t at, size_t width, const char *hint,
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
	X(OPEN, "(")                                                                               \
	X(CLOSE, ")")                                                                              \
	X(LEFT, "[")                                                                               \
	X(RIGHT, "]")                                                                              \
	X(COMMA, ",")                                                                              \
	X(DOT, ".")                                                                                \
	X(QUERY, "?")                                                                              \
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
	struct shd_complaints *report;
};

/* The next token. What cannot be a token is reported; common slips (`=`, `&&`,
 * `||`, `!`) are read as what was meant, so that the rest is checked too. False: this
 * text cannot be read any further. */
bool shd_lex(struct shd_lexer *lexer, struct shd_token *ret_token);

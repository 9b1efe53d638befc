#include "rule/lex.h"

#include "base/num.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const token_texts[] = {
#define X(id, text) [SHD_TOKEN_##id] = text,
	SHD_TOKEN_MAP(X)
#undef X
};

/* Symbols; a longer one stands before its prefixes. `hint`: it is not part of the
 * language, but clearly means `type`. */
static const struct {
	const char *text;
	enum shd_token_type type;
	const char *hint;
} symbols[] = {
	{"<=", SHD_TOKEN_LE, NULL},
	{"<>", SHD_TOKEN_NE, "write != for \"is not equal\""},
	{"<", SHD_TOKEN_LT, NULL},
	{">=", SHD_TOKEN_GE, NULL},
	{">", SHD_TOKEN_GT, NULL},
	{"==", SHD_TOKEN_EQ, NULL},
	{"=<", SHD_TOKEN_LE, "did you mean <= ?"},
	{"=>", SHD_TOKEN_GE, "did you mean >= ?"},
	{"=", SHD_TOKEN_EQ, "did you mean == ?"},
	{"!=", SHD_TOKEN_NE, NULL},
	{"!", SHD_TOKEN_NOT, "write `not`"},
	{"&&", SHD_TOKEN_AND, "write `and`"},
	{"&", SHD_TOKEN_AND, "write `and`"},
	{"||", SHD_TOKEN_OR, "write `or`"},
	{"|", SHD_TOKEN_OR, "write `or`"},
	{"\xE2\x89\xA4", SHD_TOKEN_LE, "write <="},
	{"\xE2\x89\xA5", SHD_TOKEN_GE, "write >="},
	{"\xE2\x89\xA0", SHD_TOKEN_NE, "write !="},
	{"+", SHD_TOKEN_PLUS, NULL},
	{"-", SHD_TOKEN_MINUS, NULL},
	{"\xE2\x88\x92", SHD_TOKEN_MINUS, "write -"},
	{"*", SHD_TOKEN_STAR, NULL},
	{"\xC3\x97", SHD_TOKEN_STAR, "write *"},
	{"/", SHD_TOKEN_SLASH, NULL},
	{"(", SHD_TOKEN_OPEN, NULL},
	{")", SHD_TOKEN_CLOSE, NULL},
	{"[", SHD_TOKEN_LEFT, NULL},
	{"]", SHD_TOKEN_RIGHT, NULL},
	{",", SHD_TOKEN_COMMA, NULL},
	{".", SHD_TOKEN_DOT, NULL},
	{"?", SHD_TOKEN_QUERY, NULL},
	{":", SHD_TOKEN_COLON, NULL},
};

void shd_report(
	struct shd_report *report, size_t at, size_t width, const char *hint, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	int len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len >= (int)sizeof(text))
		text[shd_utf8_cut(text, sizeof(text) - 1, sizeof(text) - 2)] = '\0';
	report->count++;
	report->mistake(report->ctx, at, width ? width : 1, hint, text);
}

const char *shd_token_text(enum shd_token_type type)
{
	return token_texts[type];
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || is_capital(c) || c == '_';
}

static char peek(const struct shd_lexer *lexer, size_t ahead)
{
	return lexer->at + ahead < lexer->len ? lexer->text[lexer->at + ahead] : '\0';
}

static void skip_blanks(struct shd_lexer *lexer)
{
	while (peek(lexer, 0) == ' ' || peek(lexer, 0) == '\t' || peek(lexer, 0) == '\n' ||
		peek(lexer, 0) == '\r')
		lexer->at++;
}

static bool lex_duration(struct shd_lexer *lexer, struct shd_token *token)
{
	size_t len = token->width;
	struct shd_error err;

	while (token->at + len < lexer->len &&
		(is_letter(lexer->text[token->at + len]) || is_digit(lexer->text[token->at + len])))
		len++;
	const char *text = lexer->text + token->at;
	token->width = (uint32_t)len;
	lexer->at = token->at + len;
	token->value = (struct shd_value){.type = SHD_DURATION};
	if (shd_duration_parse(text, len, &token->value.n, &err))
		return true;
	const char *hint = memchr(text, '.', len) ? "only whole numbers: 1h30m"
						  : "units are w d h m s ms: 1d12h, 90s";
	shd_report(lexer->report, token->at, len, hint, "'%.*s' is not a duration",
		(int)(len < 64 ? len : 64), text);
	token->value.n = 0;
	return true;
}

/* After a number: the code of a currency, three capital letters and no more. */
static bool at_currency(const struct shd_lexer *lexer)
{
	for (size_t i = 0; i < 3; i++)
		if (!is_capital(peek(lexer, i)))
			return false;
	return !is_letter(peek(lexer, 3)) && !is_digit(peek(lexer, 3));
}

static bool lex_number(struct shd_lexer *lexer, struct shd_token *token)
{
	size_t start = lexer->at;
	enum shd_type type = SHD_NUMBER;
	struct shd_error err;
	int scale = 6;

	while (is_digit(peek(lexer, 0)))
		lexer->at++;
	if (peek(lexer, 0) == '.' && is_digit(peek(lexer, 1)))
		do
			lexer->at++;
		while (is_digit(peek(lexer, 0)));
	size_t digits = lexer->at - start;
	token->type = SHD_TOKEN_LITERAL;
	token->width = (uint32_t)digits;
	if (is_letter(peek(lexer, 0)) && !at_currency(lexer))
		return lex_duration(lexer, token);
	size_t end = lexer->at;
	skip_blanks(lexer);
	if (peek(lexer, 0) == '%') {
		type = SHD_RATIO;
		scale = 4;
		end = ++lexer->at;
	} else if (at_currency(lexer)) {
		type = SHD_MONEY;
		memcpy(token->value.currency, lexer->text + lexer->at, 3);
		scale = shd_currency_digits(token->value.currency);
		end = lexer->at += 3;
	}
	lexer->at = end;
	token->width = (uint32_t)(end - start);
	token->value.type = type;
	if (!shd_decimal_parse(lexer->text + start, digits, scale, &token->value.n, &err))
		shd_report(lexer->report, start, end - start, NULL, "%s", err.msg);
	return true;
}

/* "..." or '...'; \" \' \\ \n \t are the escapes. */
static bool lex_text(struct shd_lexer *lexer, struct shd_token *token)
{
	char quote = lexer->text[lexer->at];
	size_t len = 0;
	char *copy = shd_arena_alloc(lexer->arena, lexer->len - lexer->at, 1);

	if (!copy)
		return false;
	for (lexer->at++; lexer->at < lexer->len && peek(lexer, 0) != quote; lexer->at++) {
		char c = peek(lexer, 0);

		if (c == '\\' && lexer->at + 1 < lexer->len) {
			c = lexer->text[++lexer->at];
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		copy[len++] = c;
	}
	if (lexer->at >= lexer->len) {
		shd_report(lexer->report, token->at, lexer->len - token->at, NULL,
			"this text has no closing %c", quote);
		return false;
	}
	lexer->at++;
	token->type = SHD_TOKEN_LITERAL;
	token->width = (uint32_t)(lexer->at - token->at);
	token->value = (struct shd_value){.type = SHD_TEXT, .text = copy, .len = (uint32_t)len};
	return true;
}

static void lex_name(struct shd_lexer *lexer, struct shd_token *token)
{
	while (is_letter(peek(lexer, 0)) || is_digit(peek(lexer, 0)))
		lexer->at++;
	token->type = SHD_TOKEN_NAME;
	token->width = (uint32_t)(lexer->at - token->at);
	const char *text = lexer->text + token->at;
	for (int i = SHD_TOKEN_AND; i <= SHD_TOKEN_CONTAINS; i++)
		if (strlen(token_texts[i]) == token->width &&
			memcmp(text, token_texts[i], token->width) == 0)
			token->type = (enum shd_token_type)i;
	bool is_true = token->width == 4 && memcmp(text, "true", 4) == 0;
	bool is_false = token->width == 5 && memcmp(text, "false", 5) == 0;
	if (is_true || is_false) {
		token->type = SHD_TOKEN_LITERAL;
		token->value = (struct shd_value){.type = SHD_BOOL, .n = is_true};
	}
}

static bool lex_symbol(struct shd_lexer *lexer, struct shd_token *token)
{
	for (size_t i = 0; i < SHD_COUNT(symbols); i++) {
		size_t len = strlen(symbols[i].text);

		if (lexer->len - lexer->at < len ||
			memcmp(lexer->text + lexer->at, symbols[i].text, len) != 0)
			continue;
		token->type = symbols[i].type;
		token->width = (uint32_t)len;
		lexer->at += len;
		if (symbols[i].hint)
			shd_report(lexer->report, token->at, len, symbols[i].hint,
				"'%s' is not an operator", symbols[i].text);
		return true;
	}
	return false;
}

/* A byte that starts nothing: the whole character is named. */
static bool refuse_character(struct shd_lexer *lexer)
{
	const char *text = lexer->text + lexer->at;
	size_t left = lexer->len - lexer->at, width = 1;

	while (width < left && width < 4 && ((unsigned char)text[width] & 0xC0) == 0x80)
		width++;
	unsigned char c = (unsigned char)text[0];
	bool curly = width == 3 && memcmp(text, "\xE2\x80", 2) == 0 &&
		     (unsigned char)text[2] >= 0x98 && (unsigned char)text[2] <= 0x9F;
	const char *hint = curly ? "use plain quotes: \"text\"" : NULL;
	if (c < 0x20 || c == 0x7F)
		shd_report(lexer->report, lexer->at, width, hint,
			"unexpected control character 0x%02x", c);
	else
		shd_report(lexer->report, lexer->at, width, hint, "unexpected character '%.*s'",
			(int)width, text);
	return false;
}

bool shd_lex(struct shd_lexer *lexer, struct shd_token *ret_token)
{
	skip_blanks(lexer);
	*ret_token = (struct shd_token){.type = SHD_TOKEN_END, .at = (uint32_t)lexer->at};
	if (lexer->at >= lexer->len)
		return true;
	char c = peek(lexer, 0);
	if (is_digit(c))
		return lex_number(lexer, ret_token);
	if (c == '"' || c == '\'')
		return lex_text(lexer, ret_token);
	if (is_letter(c)) {
		lex_name(lexer, ret_token);
		return true;
	}
	return lex_symbol(lexer, ret_token) || refuse_character(lexer);
}

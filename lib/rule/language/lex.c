#include "lex.h"

#include "base/currency.h"
#include "base/num.h"
#include "base/text.h"
#include "slips.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const token_texts[] = {
#define X(id, text) [SHD_TOKEN_##id] = text,
	SHD_TOKEN_MAP(X)
#undef X
};

/* Symbols; a longer one comes before its prefixes. With a `hint` it is not part of the language,
 * but clearly means `type`. */
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
	{"===", SHD_TOKEN_EQ, "write == for \"is equal\""},
	{"==", SHD_TOKEN_EQ, NULL},
	{"=<", SHD_TOKEN_LE, "did you mean <= ?"},
	{"=>", SHD_TOKEN_GE, "did you mean >= ?"},
	{"=", SHD_TOKEN_EQ, "did you mean == ?"},
	{"!==", SHD_TOKEN_NE, "write != for \"is not equal\""},
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
	{"(", SHD_TOKEN_LPAREN, NULL},
	{")", SHD_TOKEN_RPAREN, NULL},
	{"[", SHD_TOKEN_LBRACKET, NULL},
	{"]", SHD_TOKEN_RBRACKET, NULL},
	{",", SHD_TOKEN_COMMA, NULL},
	{".", SHD_TOKEN_DOT, NULL},
	{"?", SHD_TOKEN_QUESTION, NULL},
	{":", SHD_TOKEN_COLON, NULL},
};

void shd_expr_mistake(struct shd_expr_mistakes *mistakes, size_t at, size_t width, const char *hint,
	const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	int len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len >= (int)sizeof(text))
		text[shd_utf8_cut(text, sizeof(text) - 1, sizeof(text) - 2)] = '\0';
	mistakes->count++;
	mistakes->report(mistakes->ctx, at, width ? width : 1, hint, text);
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

/* Unicode blanks are reported and skipped too. */
static void skip_all_blanks(struct shd_lexer *lexer)
{
	size_t width;

	skip_blanks(lexer);
	while ((width = shd_slip_blank(lexer->text + lexer->at, lexer->len - lexer->at)) > 0) {
		shd_expr_mistake(lexer->mistakes, lexer->at, width, "write a plain space",
			"this blank is not a plain space");
		lexer->at += width;
		skip_blanks(lexer);
	}
}

/* A number of `digits` bytes whose unit is a slip for `unit`: reports it, and reads the number
 * with that unit. */
static void read_slip(
	struct shd_lexer *lexer, struct shd_token *token, size_t digits, const char *unit)
{
	const char *text = lexer->text + token->at;
	bool ratio = strcmp(unit, "%") == 0, money = strlen(unit) == 3;
	struct shd_error ignored;
	char right[48], hint[64];

	snprintf(right, sizeof(right), "%.*s%s%s", (int)(digits < 40 ? digits : 40), text,
		money ? " " : "", unit);
	snprintf(hint, sizeof(hint), "write %s", right);
	token->value = (struct shd_value){.type = ratio   ? SHD_RATIO
						  : money ? SHD_MONEY
							  : SHD_DURATION};
	if (money)
		memcpy(token->value.currency, unit, 4);
	else if (!ratio && !shd_duration_parse(right, strlen(right), &token->value.n, &ignored))
		snprintf(hint, sizeof(hint), "only whole numbers: 1h30m");
	shd_expr_mistake(lexer->mistakes, token->at, token->width, hint, "'%.*s' is not a %s",
		(int)(token->width < 64 ? token->width : 64), text,
		ratio   ? "ratio"
		: money ? "sum of money"
			: "duration");
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
	size_t digits = 0, width;
	while (digits < len && is_digit(text[digits]))
		digits++;
	const char *unit = shd_slip_unit(text + digits, len - digits, &width);
	if (unit && digits + width == len) {
		read_slip(lexer, token, digits, unit);
		return true;
	}
	const char *hint = memchr(text, '.', len) ? "only whole numbers: 1h30m"
						  : "units are w d h m s ms: 1d12h, 90s";
	shd_expr_mistake(lexer->mistakes, token->at, len, hint, "'%.*s' is not a duration",
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

/* Reads a number in the scale of its type; more decimals than the type has are a mistake. */
static void read_digits(struct shd_lexer *lexer, struct shd_token *token, size_t digits, int scale)
{
	const char *text = lexer->text + token->at, *currency = token->value.currency;
	enum shd_type type = token->value.type;
	char number[SHD_DECIMAL_TEXT], hint[SHD_DECIMAL_TEXT + 24];
	struct shd_error err;

	if (shd_decimal_places(text, digits) > scale) {
		snprintf(number, sizeof(number), "at most %d", scale);
		shd_expr_mistake(lexer->mistakes, token->at, token->width, "round it",
			"%s has %s digits after the point, this has %d",
			type == SHD_MONEY   ? currency
			: type == SHD_RATIO ? "a percentage"
					    : "a number",
			scale ? number : "no", shd_decimal_places(text, digits));
	} else if (!shd_decimal_parse(text, digits, scale, &token->value.n, &err)) {
		snprintf(hint, sizeof(hint), "the largest is %s",
			shd_decimal_format(INT64_MAX, scale, number));
		shd_expr_mistake(lexer->mistakes, token->at, token->width, hint, "%s", err.msg);
	}
}

static void refuse_currency(struct shd_lexer *lexer, const struct shd_token *token)
{
	const char *code = token->value.currency, *meant = shd_currency_meant(code);
	char hint[40];

	snprintf(hint, sizeof(hint), "did you mean %s ?", meant ? meant : "");
	shd_expr_mistake(lexer->mistakes, token->at + token->width - 3, 3,
		meant ? hint : "as in 100 RUB, 20 USD, 50 CNY",
		"'%s' is not a currency of ISO 4217", code);
}

/* Reads the unit after the digits: %, a currency, or a slip for a unit. False: there is none. */
static bool lex_unit(struct shd_lexer *lexer, struct shd_token *token, size_t digits)
{
	size_t width = 0;
	const char *unit;

	if (peek(lexer, 0) == '%') {
		token->value.type = SHD_RATIO;
		width = 1;
	} else if (at_currency(lexer)) {
		token->value.type = SHD_MONEY;
		memcpy(token->value.currency, lexer->text + lexer->at, width = 3);
	} else if ((unit = shd_slip_unit(
			    lexer->text + lexer->at, lexer->len - lexer->at, &width))) {
		lexer->at += width;
		token->width = (uint32_t)(lexer->at - token->at);
		read_slip(lexer, token, digits, unit);
		return true;
	}
	if (token->value.type == SHD_NUMBER)
		return false;
	lexer->at += width;
	token->width = (uint32_t)(lexer->at - token->at);
	if (token->value.type == SHD_MONEY && !shd_currency_known(token->value.currency))
		refuse_currency(lexer, token);
	else
		read_digits(lexer, token, digits,
			token->value.type == SHD_RATIO
				? 4
				: shd_currency_digits(token->value.currency));
	return true;
}

static bool lex_number(struct shd_lexer *lexer, struct shd_token *token)
{
	size_t start = lexer->at;

	while (is_digit(peek(lexer, 0)))
		lexer->at++;
	if (peek(lexer, 0) == '.' && is_digit(peek(lexer, 1)))
		do
			lexer->at++;
		while (is_digit(peek(lexer, 0)));
	size_t digits = lexer->at - start, end = lexer->at;
	token->type = SHD_TOKEN_LITERAL;
	token->width = (uint32_t)digits;
	token->value.type = SHD_NUMBER;
	if (is_letter(peek(lexer, 0)) && !at_currency(lexer))
		return lex_duration(lexer, token);
	skip_blanks(lexer);
	if (lex_unit(lexer, token, digits))
		return true;
	lexer->at = end;
	read_digits(lexer, token, digits, 6);
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
		shd_expr_mistake(lexer->mistakes, token->at, lexer->len - token->at, NULL,
			"this text has no closing %c", quote);
		return false;
	}
	lexer->at++;
	token->type = SHD_TOKEN_LITERAL;
	token->width = (uint32_t)(lexer->at - token->at);
	token->value = (struct shd_value){.type = SHD_TEXT, .text = copy, .len = (uint32_t)len};
	return true;
}

/* Reports AND for `and`, True for `true`, and reads it as that. A name after a dot may be in
 * any case: labels.AND. */
static void read_capitals(struct shd_lexer *lexer, struct shd_token *token)
{
	const char *text = lexer->text + token->at, *meant = NULL;
	char hint[32];

	if (token->at > 0 && text[-1] == '.')
		return;
	for (int i = SHD_TOKEN_AND; i <= SHD_TOKEN_CONTAINS; i++) {
		if (strlen(token_texts[i]) == token->width &&
			strncasecmp(text, token_texts[i], token->width) == 0) {
			token->type = (enum shd_token_type)i;
			meant = token_texts[i];
		}
	}
	if (token->width == 4 && strncasecmp(text, "true", 4) == 0)
		meant = "true";
	if (token->width == 5 && strncasecmp(text, "false", 5) == 0)
		meant = "false";
	if (!meant)
		return;
	if (token->type == SHD_TOKEN_NAME) {
		token->type = SHD_TOKEN_LITERAL;
		token->value = (struct shd_value){.type = SHD_BOOL, .n = token->width == 4};
	}
	snprintf(hint, sizeof(hint), "write `%s`", meant);
	shd_expr_mistake(lexer->mistakes, token->at, token->width, hint,
		"'%.*s' must be in small letters", (int)token->width, text);
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
	if (token->type == SHD_TOKEN_NAME && is_capital(*text))
		read_capitals(lexer, token);
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
			shd_expr_mistake(lexer->mistakes, token->at, len, symbols[i].hint,
				"'%s' is not an operator", symbols[i].text);
		return true;
	}
	return false;
}

/* Full-width forms of symbols, as Chinese keyboards give them: read as what they mean. */
static bool lex_wide(struct shd_lexer *lexer, struct shd_token *token)
{
	const char *text = lexer->text + lexer->at;
	char plain[3], hint[16];
	size_t count = shd_slip_wide(text, lexer->len - lexer->at, plain);

	for (size_t i = 0; count && i < SHD_COUNT(symbols); i++) {
		size_t len = strlen(symbols[i].text);

		if (len > count || memcmp(plain, symbols[i].text, len) != 0)
			continue;
		token->type = symbols[i].type;
		token->width = (uint32_t)(len * SHD_WIDE_BYTES);
		lexer->at += token->width;
		snprintf(hint, sizeof(hint), "write %s",
			token->type == SHD_TOKEN_EQ    ? "=="
			: token->type == SHD_TOKEN_NOT ? "`not`"
						       : symbols[i].text);
		shd_expr_mistake(lexer->mistakes, token->at, token->width, hint,
			"'%.*s' is a full-width character", (int)token->width, text);
		return true;
	}
	return false;
}

/* Reports a character that cannot start a token. */
static bool refuse_character(struct shd_lexer *lexer)
{
	const char *text = lexer->text + lexer->at;
	size_t left = lexer->len - lexer->at, width = 1;

	while (width < left && width < 4 && ((unsigned char)text[width] & 0xC0) == 0x80)
		width++;
	unsigned char c = (unsigned char)text[0];
	const char *hint = shd_slip_character(text, left);
	if (c < 0x20 || c == 0x7F)
		shd_expr_mistake(lexer->mistakes, lexer->at, width, hint,
			"unexpected control character 0x%02x", c);
	else
		shd_expr_mistake(lexer->mistakes, lexer->at, width, hint,
			"unexpected character '%.*s'", (int)width, text);
	return false;
}

bool shd_lex(struct shd_lexer *lexer, struct shd_token *ret_token)
{
	skip_all_blanks(lexer);
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
	return lex_symbol(lexer, ret_token) || lex_wide(lexer, ret_token) ||
	       refuse_character(lexer);
}

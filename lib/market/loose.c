#include "loose.h"

#include "base/currency.h"
#include "base/num.h"
#include "base/text.h"
#include "adapter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A JSON token that is a whole number of more than 18 digits may not fit into int64. */
enum { SAFE_DIGITS = 18, ID_BYTES = 200, PARSE_FLAGS = JSON_DECODE_ANY | JSON_ALLOW_NUL,
	MEND_MAX = 4 << 20 /* a larger record is not copied */
};

/* 2000-01-01: there was no shop before. What is older is how servers write "no time": the year
 * 1, 1970. */
#define FIRST_MS INT64_C(946684800000)

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* The UTF-16 unit that an escape at text[at..len) stands for, -1: it is none. */
static int utf16_unit(const char *text, size_t len, size_t at)
{
	int unit = 0;

	if (at + 6 > len || text[at] != '\\' || text[at + 1] != 'u')
		return -1;
	for (size_t i = at + 2; i < at + 6; i++) {
		const char *digits = "0123456789abcdef", *digit;
		char c = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] - 'A' + 'a') : text[i];

		digit = c ? strchr(digits, c) : NULL;
		if (!digit)
			return -1;
		unit = unit * 16 + (int)(digit - digits);
	}
	return unit;
}

/* An escape at text[at..len): half a pair, as a text has that was cut to a length, becomes
 * U+FFFD. Yields how many bytes it has. */
static size_t mend_escape(const char *text, size_t len, size_t at, struct shd_text *out)
{
	int unit = utf16_unit(text, len, at);
	bool leads = unit >= 0xD800 && unit < 0xDC00;
	int next = leads ? utf16_unit(text, len, at + 6) : -1;
	size_t n = leads && next >= 0xDC00 && next < 0xE000 ? 12 : unit >= 0 ? 6 : 2;

	n = n < len - at ? n : len - at;
	if (n == 6 && unit >= 0xD800 && unit < 0xE000)
		shd_text_puts(out, REPLACEMENT);
	else
		shd_text_add(out, text + at, n);
	return n;
}

/* The text whose quote is at text[at]; yields the place behind it. Control characters and
 * bytes that are no UTF-8 become U+FFFD. */
static size_t mend_text(const char *text, size_t len, size_t at, struct shd_text *out)
{
	shd_text_putc(out, text[at++]);
	while (at < len && text[at] != '"') {
		size_t next = at;

		if (text[at] == '\\') {
			at += mend_escape(text, len, at, out);
		} else if ((unsigned char)text[at] < 0x20 || shd_utf8_next(text, len, &next) < 0) {
			shd_text_puts(out, REPLACEMENT);
			at++;
		} else {
			shd_text_add(out, text + at, next - at);
			at = next;
		}
	}
	if (at < len)
		shd_text_putc(out, text[at++]);
	return at;
}

/* The number at text[at], in quotes when it may be beyond what the parser takes. */
static size_t mend_number(const char *text, size_t len, size_t at, struct shd_text *out)
{
	size_t n = 1;
	bool whole = true;
	struct shd_error ignored;
	int64_t fits;

	for (; at + n < len && text[at + n] && strchr("0123456789+-.eE", text[at + n]); n++)
		whole &= text[at + n] >= '0' && text[at + n] <= '9';
	bool quoted = whole ? n > SAFE_DIGITS
			    : !shd_decimal_parse(text + at, n, 0, &fits, &ignored);
	if (quoted)
		shd_text_putc(out, '"');
	shd_text_add(out, text + at, n);
	if (quoted)
		shd_text_putc(out, '"');
	return at + n;
}

/* Appends JSON that the parser refuses for a reason that need not cost the record. */
static void mend(const char *bytes, size_t len, struct shd_text *out)
{
	for (size_t at = 0; at < len;) {
		if (bytes[at] == '"')
			at = mend_text(bytes, len, at, out);
		else if (bytes[at] == '-' || (bytes[at] >= '0' && bytes[at] <= '9'))
			at = mend_number(bytes, len, at, out);
		else
			shd_text_putc(out, bytes[at++]);
	}
}

/* Some of jansson's failures to get memory have neither a code nor a text. */
static bool lacks_memory(const json_error_t *at)
{
	return !at->text[0] || json_error_code(at) == json_error_out_of_memory;
}

static json_t *no_room(size_t len, struct shd_error *reterr)
{
	shd_fail(reterr, SHD_ERR_LIMIT, "a record of %zu bytes, more than there is memory to read",
		len);
	return NULL;
}

json_t *shd_adapter_parse(const char *bytes, size_t len, struct shd_error *reterr)
{
	json_error_t at;
	json_t *value = json_loadb(bytes, len, PARSE_FLAGS, &at);

	if (!value && lacks_memory(&at))
		return no_room(len, reterr);
	if (!value && len <= MEND_MAX) {
		struct shd_text mended SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&mended, 3 * len + 2);
		mend(bytes, len, &mended);
		value = json_loadb(mended.data, mended.len, PARSE_FLAGS, &at);
	}
	if (!value) {
		struct shd_text why SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&why, JSON_ERROR_TEXT_LENGTH * 4);
		shd_text_excerpt(&why, at.text, strlen(at.text), JSON_ERROR_TEXT_LENGTH);
		shd_fail_at(reterr, SHD_ERR_SYNTAX, at.line, at.column, "not JSON: %s", why.data);
	}
	return value;
}

/* What stands below something that is no object. */
static const json_t misplaced = {JSON_NULL, (size_t)-1};

const json_t *shd_loose_at(const json_t *object, const char *path)
{
	while (object && !json_is_null(object)) {
		size_t n = strcspn(path, ".");

		if (!json_is_object(object))
			return &misplaced;
		object = json_object_getn(object, path, n);
		if (!path[n])
			return object;
		path += n + 1;
	}
	return NULL;
}

bool shd_loose_text(const json_t *value, struct shd_loose_text *ret_text)
{
	int len = 0;

	if (json_is_string(value)) {
		ret_text->text = json_string_value(value);
		ret_text->len = json_string_length(value);
		return ret_text->len > 0 && !memchr(ret_text->text, '\0', ret_text->len);
	}
	if (json_is_integer(value))
		len = snprintf(ret_text->room, SHD_LOOSE_BYTES, "%" JSON_INTEGER_FORMAT,
			json_integer_value(value));
	else if (json_is_real(value))
		len = snprintf(ret_text->room, SHD_LOOSE_BYTES, "%.15g", json_real_value(value));
	else if (json_is_boolean(value))
		len = snprintf(ret_text->room, SHD_LOOSE_BYTES, "%s",
			json_is_true(value) ? "true" : "false");
	ret_text->text = ret_text->room;
	ret_text->len = (size_t)len;
	return len > 0;
}

bool shd_loose_decimal(const json_t *value, int scale, int64_t *ret_n)
{
	struct shd_loose_text text;
	struct shd_error ignored;

	return (json_is_string(value) || json_is_number(value)) && shd_loose_text(value, &text) &&
	       shd_decimal_parse(text.text, text.len, scale, ret_n, &ignored);
}

bool shd_loose_int(const json_t *value, int64_t *ret_n)
{
	int64_t micro;

	if (json_is_integer(value)) {
		*ret_n = json_integer_value(value);
		return true;
	}
	if (shd_loose_decimal(value, 6, &micro) && micro % SHD_MICRO) /* 1.5 is no whole number */
		return false;
	return shd_loose_decimal(value, 0, ret_n);
}

bool shd_loose_bool(const json_t *value, bool *ret_yes)
{
	int64_t n;

	if (json_is_boolean(value))
		*ret_yes = json_is_true(value);
	else if (shd_loose_is(value, "true") || shd_loose_is(value, "false"))
		*ret_yes = shd_loose_is(value, "true");
	else if (shd_loose_int(value, &n) && (n == 0 || n == 1))
		*ret_yes = n == 1;
	else
		return false;
	return true;
}

bool shd_loose_time(const json_t *value, struct shd_wall *ret_time)
{
	struct shd_error ignored;
	struct shd_wall time;

	if (!json_is_string(value) || !shd_time_parse(json_string_value(value),
					      json_string_length(value), &time, &ignored))
		return false;
	if (time.ms == SHD_NEVER_MS || time.ms < FIRST_MS)
		return false;
	*ret_time = time;
	return true;
}

bool shd_loose_never(const json_t *value)
{
	struct shd_error ignored;
	struct shd_wall time;

	return json_is_string(value) &&
	       shd_time_parse(json_string_value(value), json_string_length(value), &time,
		       &ignored) &&
	       time.ms == SHD_NEVER_MS;
}

bool shd_loose_money(const json_t *value, const json_t *currency, int64_t *ret_minor,
		     char ret_currency[4])
{
	enum { SPARE = 4 }; /* digits kept beyond the minor unit, to be cut and not rounded */
	int64_t n;

	if (json_is_object(value)) {
		const json_t *amount = json_object_get(value, "amount");
		const json_t *own = json_object_get(value, "currency");

		if (!own)
			own = json_object_get(value, "currency_code");
		currency = own ? own : currency;
		value = amount ? amount : json_object_get(value, "price");
	}
	if (!json_is_string(currency) || json_string_length(currency) != 3)
		return false;
	int digits = shd_currency_digits(json_string_value(currency));
	if (digits < 0 || !shd_loose_decimal(value, digits + SPARE, &n))
		return false;
	*ret_minor = n / 10000;
	memcpy(ret_currency, json_string_value(currency), 4);
	return true;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool shd_loose_is(const json_t *value, const char *word)
{
	const char *text = json_string_value(value);

	if (!text)
		return false;
	for (; *text && *word; text++, word++) {
		char c = *text;

		if ((unsigned char)c >= 0xD0 && (strncmp(text, "\u0421", 2) == 0 ||
						 strncmp(text, "\u0441", 2) == 0)) {
			c = 'c';
			text++;
		}
		if (lower(c) != lower(*word))
			return false;
	}
	return !*text && !*word;
}

/* Nearly all is said as the table has it. */
static const struct shd_loose_word *find_word(
	const json_t *value, const struct shd_loose_word *table)
{
	const char *text = json_string_value(value);

	for (const struct shd_loose_word *row = table; text && row->said; row++)
		if (strcmp(text, row->said) == 0)
			return row;
	for (const struct shd_loose_word *row = table; text && row->said; row++)
		if (shd_loose_is(value, row->said))
			return row;
	return NULL;
}

bool shd_loose_word(const json_t *value, const struct shd_loose_word *table,
		    const char **ret_meant)
{
	const struct shd_loose_word *row = find_word(value, table);

	if (row)
		*ret_meant = row->meant;
	return row;
}

void shd_loose_example(const json_t *value, struct shd_text *out)
{
	struct shd_loose_text text;

	if (json_is_string(value)) {
		shd_text_putc(out, '"');
		shd_text_excerpt(out, json_string_value(value), json_string_length(value),
			SHD_EXAMPLE_BYTES);
		shd_text_putc(out, '"');
	} else if (json_is_null(value)) {
		shd_text_puts(out, value == &misplaced ? "not an object" : "null");
	} else if (json_is_object(value)) {
		shd_text_puts(out, "an object");
	} else if (json_is_array(value)) {
		shd_text_puts(out, "a list");
	} else if (shd_loose_text(value, &text)) {
		shd_text_add(out, text.text, text.len);
	}
}

bool shd_loose_any(const json_t *value)
{
	return json_array_size(value) > 0 || json_object_size(value) > 0;
}

static bool is_zero_time(const json_t *value)
{
	struct shd_error ignored;
	struct shd_wall time;

	return json_is_string(value) &&
	       shd_time_parse(json_string_value(value), json_string_length(value), &time,
		       &ignored) &&
	       time.ms < FIRST_MS;
}

bool shd_loose_blank(const json_t *value)
{
	return (json_is_null(value) && value != &misplaced) ||
	       (json_is_string(value) && !json_string_length(value)) || is_zero_time(value);
}

const json_t *shd_loose_either(const json_t *first, const json_t *second)
{
	return second && (!first || shd_loose_blank(first)) ? second : first;
}

void shd_put_unread(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value)
{
	struct shd_text example SHD_AUTO(shd_text_finish) = {0};

	if (!value)
		return;
	shd_text_init(&example, 1024);
	shd_loose_example(value, &example);
	shd_set_unread(out, at, field, shd_loose_blank(value), example.data);
}

void shd_put_unmeasured(struct shd_harvest *out, enum shd_metric metric, bool is_target,
			const json_t *value)
{
	struct shd_text example SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&example, 1024);
	shd_loose_example(value, &example);
	shd_harvest_unmeasured(out, metric, is_target, example.data);
}

void shd_put_text(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value)
{
	struct shd_loose_text text;

	if (json_string_length(value)) /* also with a NUL, which is for ids only too much */
		shd_set_text(out, at, field, json_string_value(value), json_string_length(value));
	else if (shd_loose_text(value, &text))
		shd_set_text(out, at, field, text.text, text.len);
	else
		shd_put_unread(out, at, field, value);
}

void shd_put_time(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value)
{
	struct shd_wall time;

	if (shd_loose_time(value, &time))
		shd_set_n(out, at, field, time.ms);
	else if (shd_loose_never(value))
		shd_set_none(out, at, field);
	else
		shd_put_unread(out, at, field, value);
}

void shd_put_either_time(struct shd_harvest *out, size_t at, enum shd_field field,
			 const json_t *first, const json_t *second)
{
	shd_put_time(out, at, field, shd_loose_either(first, second));
}

void shd_put_number(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value)
{
	int64_t n;

	if (shd_loose_decimal(value, 6, &n))
		shd_set_n(out, at, field, n);
	else
		shd_put_unread(out, at, field, value);
}

void shd_put_bool(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value)
{
	bool yes;

	if (shd_loose_bool(value, &yes))
		shd_set_n(out, at, field, yes);
	else
		shd_put_unread(out, at, field, value);
}

void shd_put_money(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value,
		   const json_t *currency)
{
	char code[4];
	int64_t minor;

	if (shd_loose_money(value, currency, &minor, code))
		shd_set_money(out, at, field, minor, code);
	else
		shd_put_unread(out, at, field, value);
}

bool shd_put_said(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value,
		  const struct shd_loose_word *table, const char **ret_meant)
{
	if (!shd_loose_word(value, table, ret_meant)) {
		shd_put_unread(out, at, field, value);
		return false;
	}
	shd_put_word(out, at, field, *ret_meant);
	return true;
}

void shd_put_word(struct shd_harvest *out, size_t at, enum shd_field field, const char *word)
{
	shd_set_text(out, at, field, word, strlen(word));
}

bool shd_put_entity(struct shd_harvest *out, enum shd_kind kind, const char *prefix,
		    const json_t *id, const char *what, size_t *ret_at, struct shd_error *reterr)
{
	struct shd_loose_text text;
	char name[ID_BYTES + 64];

	if (!(json_is_string(id) || json_is_integer(id)) || !shd_loose_text(id, &text) ||
		text.len > ID_BYTES || strspn(text.text, " \t\r\n") >= text.len) {
		struct shd_text example SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&example, 1024);
		shd_loose_example(id, &example);
		return shd_fail(reterr, SHD_ERR_SCHEMA, "a record has no \"%s\"%s%s", what,
			example.len ? ": it is " : "", example.data);
	}
	int len = snprintf(name, sizeof(name), "%s%.*s", prefix, (int)text.len, text.text);
	*ret_at = shd_harvest_entity(out, kind, name, (size_t)len);
	return true;
}

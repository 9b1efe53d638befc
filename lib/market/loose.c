#include "loose.h"

#include "base/currency.h"
#include "base/num.h"
#include "base/text.h"
#include "adapter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A JSON token that is a whole number of more than 18 digits may not fit into int64. */
enum { SAFE_DIGITS = 18, PARSE_FLAGS = JSON_DECODE_ANY | JSON_ALLOW_NUL };

/* Appends bytes[0..len) with every long whole number in quotes; texts are left alone. */
static void quote_long_numbers(const char *bytes, size_t len, struct shd_text *out)
{
	size_t at = 0;

	while (at < len) {
		size_t start = at;

		if (bytes[at] == '"') {
			for (at++; at < len && bytes[at] != '"'; at++)
				at += bytes[at] == '\\';
			at++;
		} else if (bytes[at] == '-' || (bytes[at] >= '0' && bytes[at] <= '9')) {
			at += 1 + strspn(bytes + at + 1, "0123456789+-.eE");
		} else {
			at++;
		}
		at = at < len ? at : len;
		size_t n = at - start;
		bool whole = n > SAFE_DIGITS && bytes[start] != '"' &&
			     strspn(bytes + start, "-0123456789") == n;
		if (whole)
			shd_text_putc(out, '"');
		shd_text_add(out, bytes + start, n);
		if (whole)
			shd_text_putc(out, '"');
	}
}

json_t *shd_adapter_parse(const char *bytes, size_t len, struct shd_error *reterr)
{
	json_error_t at;
	json_t *value = json_loadb(bytes, len, PARSE_FLAGS, &at);

	if (!value && json_error_code(&at) == json_error_numeric_overflow) {
		struct shd_text copy SHD_AUTO(shd_text_finish) = {0},
				     quoted SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&copy, len); /* ends with a NUL, so that strspn stops */
		shd_text_init(&quoted, 2 * len + 2);
		shd_text_add(&copy, bytes, len);
		quote_long_numbers(copy.data, copy.len, &quoted);
		value = json_loadb(quoted.data, quoted.len, PARSE_FLAGS, &at);
	}
	if (!value)
		shd_fail_at(reterr, SHD_ERR_SYNTAX, at.line, at.column, "not JSON: %s", at.text);
	return value;
}

const json_t *shd_loose_at(const json_t *object, const char *path)
{
	while (object) {
		size_t n = strcspn(path, ".");

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
		return ret_text->len > 0;
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
	if (time.ms == SHD_NEVER_MS)
		return false;
	*ret_time = time;
	return true;
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

bool shd_loose_word(const json_t *value, const struct shd_loose_word *table,
		    const char **ret_meant)
{
	for (; table->said; table++) {
		if (shd_loose_is(value, table->said)) {
			*ret_meant = table->meant;
			return true;
		}
	}
	return false;
}

bool shd_loose_any(const json_t *value)
{
	return json_array_size(value) > 0 || json_object_size(value) > 0;
}

void shd_put_text(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value)
{
	struct shd_loose_text text;

	if (shd_loose_text(value, &text))
		shd_set_text(out, at, field, text.text, text.len);
	else if (value)
		shd_set_none(out, at, field);
}

void shd_put_time(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value)
{
	struct shd_wall time;

	if (shd_loose_time(value, &time))
		shd_set_n(out, at, field, time.ms);
	else if (value)
		shd_set_none(out, at, field);
}

void shd_put_number(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value)
{
	int64_t n;

	if (shd_loose_decimal(value, 6, &n))
		shd_set_n(out, at, field, n);
	else if (value)
		shd_set_none(out, at, field);
}

void shd_put_bool(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value)
{
	bool yes;

	if (shd_loose_bool(value, &yes))
		shd_set_n(out, at, field, yes);
	else if (value)
		shd_set_none(out, at, field);
}

void shd_put_money(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *value,
		   const json_t *currency)
{
	char code[4];
	int64_t minor;

	if (shd_loose_money(value, currency, &minor, code))
		shd_set_money(out, at, field, minor, code);
	else if (value)
		shd_set_none(out, at, field);
}

void shd_put_word(struct shd_harvest *out, size_t at, enum shd_field field, const char *word)
{
	shd_set_text(out, at, field, word, strlen(word));
}

bool shd_put_entity(struct shd_harvest *out, enum shd_kind kind, const char *prefix,
		    const json_t *id, const char *what, size_t *ret_at, struct shd_error *reterr)
{
	struct shd_loose_text text;
	char name[256];

	if (!(json_is_string(id) || json_is_integer(id)) || !shd_loose_text(id, &text))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "a record has no \"%s\"", what);
	int len = snprintf(name, sizeof(name), "%s%.*s", prefix,
		(int)shd_utf8_cut(text.text, text.len, 200), text.text);
	*ret_at = shd_harvest_entity(out, kind, name, (size_t)len);
	return true;
}

#include "strike.h"

#include "base/crypto.h"
#include "base/text.h"

#include <stdint.h>
#include <string.h>

enum { BYTES = 4 }; /* of one character */

/* --- one character that is written as an escape -------------------------------------------- */

/* The number of at[0..count) hexadecimal digits; -1: they are not. */
static int32_t read_hex(const char *at, size_t left, size_t count)
{
	int32_t n = 0;

	if (left < count)
		return -1;
	for (size_t i = 0; i < count; i++) {
		int digit = shd_hex_digit(at[i]);

		if (digit < 0)
			return -1;
		n = n * 16 + digit;
	}
	return n;
}

/* \uXXXX, of which two may stand for one; at[0] is the u. Returns what is used. */
static size_t read_unicode(const char *at, size_t left, char bytes[BYTES], size_t *ret_count)
{
	int32_t code = read_hex(at + 1, left - 1, 4), low;

	if (code < 0)
		return 0;
	if (code >= 0xD800 && code < 0xDC00 && left >= 11 && at[5] == '\\' && at[6] == 'u' &&
		(low = read_hex(at + 7, 4, 4)) >= 0xDC00 && low < 0xE000) {
		*ret_count = shd_utf8_put(
			0x10000 + (((uint32_t)code & 0x3FF) << 10) + ((uint32_t)low & 0x3FF),
			bytes);
		return 11;
	}
	*ret_count = shd_utf8_put((uint32_t)code, bytes);
	return 5;
}

/* An escape of JSON; also one of a JSON text within a JSON text, which has more backslashes. */
static size_t read_json(const char *at, size_t left, char bytes[BYTES], size_t *ret_count)
{
	static const char names[] = "\"/bfnrt", codes[] = "\"/\b\f\n\r\t";
	size_t slashes = 0, used;

	while (slashes < left && at[slashes] == '\\')
		slashes++;
	if (slashes < left && at[slashes] == 'u') {
		used = read_unicode(at + slashes, left - slashes, bytes, ret_count);
		if (used)
			return slashes + used;
	}
	const char *name = slashes < left ? memchr(names, at[slashes], sizeof(names) - 1) : NULL;
	if (!name)
		return 0;
	bytes[0] = codes[name - names];
	*ret_count = 1;
	return slashes + 1;
}

static size_t read_percent(const char *at, size_t left, char bytes[BYTES], size_t *ret_count)
{
	int32_t code = read_hex(at + 1, left - 1, 2);

	if (code < 0)
		return 0;
	bytes[0] = (char)code;
	*ret_count = 1;
	return 3;
}

/* &#80; or &#x50; */
static size_t read_numbered(const char *at, size_t left, char bytes[BYTES], size_t *ret_count)
{
	bool hex = left > 2 && (at[2] == 'x' || at[2] == 'X');
	uint32_t code = 0, base = hex ? 16 : 10;
	size_t used = hex ? 3 : 2, first = used;

	for (; used < left && used < first + 7; used++) {
		int digit = shd_hex_digit(at[used]);

		if (digit < 0 || digit >= (int)base)
			break;
		code = code * base + (uint32_t)digit;
	}
	if (used == first || used == left || at[used] != ';' || !code || code > 0x10FFFF)
		return 0;
	*ret_count = shd_utf8_put(code, bytes);
	return used + 1;
}

static size_t read_html(const char *at, size_t left, char bytes[BYTES], size_t *ret_count)
{
	static const struct {
		const char *text;
		char byte;
	} named[] = {
		{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};

	if (left > 1 && at[1] == '#')
		return read_numbered(at, left, bytes, ret_count);
	for (size_t i = 0; i < SHD_COUNT(named); i++)
		if (left >= strlen(named[i].text) &&
			memcmp(at, named[i].text, strlen(named[i].text)) == 0) {
			bytes[0] = named[i].byte;
			*ret_count = 1;
			return strlen(named[i].text);
		}
	return 0;
}

/* What stands at[0..left) for the character bytes[0..*ret_count); 0: no escape does. */
static size_t read_escape(const char *at, size_t left, char bytes[BYTES], size_t *ret_count)
{
	switch (*at) {
	case '\\':
		return read_json(at, left, bytes, ret_count);
	case '%':
		return read_percent(at, left, bytes, ret_count);
	case '&':
		return read_html(at, left, bytes, ret_count);
	case '+':
		bytes[0] = ' ';
		*ret_count = 1;
		return 1;
	default:
		return 0;
	}
}

/* --- a secret ------------------------------------------------------------------------------ */

/* How much of the secret stands at at[0..left), and how many bytes that takes. */
static size_t same(
	const char *at, size_t left, const char *secret, size_t n, bool escaped, size_t *ret_used)
{
	size_t found = 0, used = 0, count = 0;
	char bytes[BYTES];

	while (found < n && used < left) {
		size_t step = escaped ? read_escape(at + used, left - used, bytes, &count) : 0;

		if (step && found + count <= n && memcmp(bytes, secret + found, count) == 0) {
			used += step;
			found += count;
		} else if (at[used] == secret[found]) {
			used += escaped && at[used] == '\\' && used + 1 < left &&
						at[used + 1] == '\\'
					? 2
					: 1;
			found++;
		} else {
			break;
		}
	}
	*ret_used = used;
	return found;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (unsigned char)c >= 0x80;
}

/* Whether text[from..to) is a word of its own; the last letter of an escape belongs to none. */
static bool stands_alone(const char *text, size_t len, size_t from, size_t to)
{
	bool begins = !from || !is_word(text[from - 1]) ||
		      (from > 1 && text[from - 2] == '\\') || (from > 2 && text[from - 3] == '%') ||
		      (from > 5 && text[from - 6] == '\\' && text[from - 5] == 'u');

	return begins && (to == len || !is_word(text[to]));
}

/* An escape may be broken where the text ends. */
static bool ends_within(const char *text, size_t len, size_t at)
{
	return at == len || (len - at < 6 && strchr("\\%&", text[at]));
}

enum { ESCAPED = 1, CUT = 2, WITHIN = 4 }; /* how it may stand there */

static void strike(char *text, size_t len, const char *secret, size_t n, unsigned how)
{
	size_t used;

	for (size_t at = 0; at < len; at++) {
		char c = text[at];

		if (c != secret[0] &&
			!(how & ESCAPED && (c == '\\' || c == '%' || c == '&' || c == '+')))
			continue;
		size_t found = same(text + at, len - at, secret, n, how & ESCAPED, &used);
		bool cut = how & CUT && found < n && found >= SHD_STRIKE_LEAST &&
			   ends_within(text, len, at + used);
		if (found < n && !cut)
			continue;
		if (n < SHD_STRIKE_LEAST && !(how & WITHIN) &&
			!stands_alone(text, len, at, at + used))
			continue;
		memset(text + at, '*', cut ? len - at : used);
		at += used - 1;
	}
}

/* Three bytes become four characters: what they are depends on how many bytes stand before the
 * secret, those at its ends also on its neighbours. */
static void strike_base64(char *text, size_t len, const char *secret, size_t n)
{
	static const char before[] = "..";

	if (n < 4) /* less than four characters of it are its own */
		return;
	for (size_t shift = 0; shift < 3; shift++) {
		struct shd_text bytes SHD_AUTO(shd_text_finish) = {0};
		struct shd_text code SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&bytes, n + shift + 1);
		shd_text_init(&code, 2 * (n + shift) + 8);
		shd_text_add(&bytes, before, shift);
		shd_text_add(&bytes, secret, n);
		shd_base64_add(&code, bytes.data, bytes.len);
		size_t from = shift ? shift + 1 : 0, to = (n + shift) * 8 / 6;
		if (to - from >= 4)
			strike(text, len, code.data + from, to - from, ESCAPED | WITHIN);
		shd_wipe(bytes.data, bytes.len);
		shd_wipe(code.data, code.len);
	}
}

void shd_strike(char *text, size_t len, const char *secret, size_t n)
{
	if (!n)
		return;
	strike(text, len, secret, n, CUT); /* it may hold what looks like an escape */
	strike(text, len, secret, n, CUT | ESCAPED);
	strike_base64(text, len, secret, n);
}

void shd_strike_encoded(char *text, const char *encoded, size_t n)
{
	struct shd_text secret SHD_AUTO(shd_text_finish) = {0};
	char bytes[BYTES];
	size_t count;

	shd_text_init(&secret, n + 1);
	for (size_t at = 0, step; at < n; at += step) {
		step = strchr("%+", encoded[at]) ? read_escape(encoded + at, n - at, bytes, &count)
						 : 0;
		shd_text_add(&secret, step ? bytes : encoded + at, step ? count : 1);
		step += !step;
	}
	shd_strike(text, strlen(text), secret.data, secret.len);
	shd_wipe(secret.data, secret.len);
}

/* Nobody writes such a one with escapes. */
static bool is_plain(const char *secret, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)secret[i] >= 0x80 ||
			(!is_word(secret[i]) && !strchr("-._~", secret[i])))
			return false;
	return true;
}

void shd_strike_body(char *body, size_t len, const char *secret, size_t n)
{
	char *at = body;

	if (!len || n < SHD_STRIKE_LEAST || strspn(secret, "0123456789") >= n)
		return;
	while ((at = memmem(at, len - (size_t)(at - body), secret, n)))
		memset(at, '*', n);
	if (!is_plain(secret, n))
		strike(body, len, secret, n, ESCAPED);
}

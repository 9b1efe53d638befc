#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char empty[1] = "";

void shd_text_init(struct shd_text *text, size_t max_bytes)
{
	*text = (struct shd_text){.data = empty, .max_bytes = max_bytes};
}

void shd_text_finish(struct shd_text *text)
{
	if (text->data != empty)
		free(text->data);
	*text = (struct shd_text){.data = empty};
}

void shd_text_clear(struct shd_text *text)
{
	text->len = 0;
	text->overflow = false;
	if (text->data != empty)
		text->data[0] = '\0';
}

/* Makes room for `more` bytes and a NUL; false when the maximum forbids it. */
static bool reserve(struct shd_text *text, size_t more)
{
	if (text->overflow || more > text->max_bytes - text->len) {
		text->overflow = true;
		return false;
	}
	size_t need = text->len + more + 1;
	if (need <= text->size)
		return true;
	size_t size = text->size ? text->size : 64;
	while (size < need)
		size *= 2;
	text->data = shd_xrealloc(text->data == empty ? NULL : text->data, size, 1);
	text->size = size;
	return true;
}

void shd_text_reserve(struct shd_text *text, size_t len)
{
	if (len > text->max_bytes || len < text->size)
		return;
	text->data = shd_xrealloc(text->data == empty ? NULL : text->data, len + 1, 1);
	text->data[text->len] = '\0';
	text->size = len + 1;
}

void shd_text_add(struct shd_text *text, const char *bytes, size_t len)
{
	if (!len || !reserve(text, len))
		return;
	memcpy(text->data + text->len, bytes, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void shd_text_puts(struct shd_text *text, const char *s)
{
	shd_text_add(text, s, strlen(s));
}

void shd_text_putc(struct shd_text *text, char c)
{
	shd_text_add(text, &c, 1);
}

void shd_text_put_xml(struct shd_text *text, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&':
			shd_text_puts(text, "&amp;");
			break;
		case '<':
			shd_text_puts(text, "&lt;");
			break;
		case '>':
			shd_text_puts(text, "&gt;");
			break;
		case '"':
			shd_text_puts(text, "&quot;");
			break;
		case '\'':
			shd_text_puts(text, "&#39;");
			break;
		case '\n':
			shd_text_puts(text, "&#10;");
			break;
		default:
			shd_text_putc(text, (unsigned char)*s < 0x20 && *s != '\t' ? '?' : *s);
		}
	}
}

void shd_text_put_json(struct shd_text *text, const char *bytes, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t done = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		shd_text_add(text, bytes + done, i - done);
		done = i + 1;
		if (c < 0x20)
			shd_text_add(text,
				(char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
		else
			shd_text_add(text, (char[]){'\\', (char)c}, 2);
	}
	shd_text_add(text, bytes + done, len - done);
}

void shd_text_vprintf(struct shd_text *text, const char *fmt, va_list args)
{
	va_list again;

	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	shd_assert(len >= 0);
	if (len == 0 || !reserve(text, (size_t)len))
		return;
	vsnprintf(text->data + text->len, (size_t)len + 1, fmt, args);
	text->len += (size_t)len;
}

void shd_text_printf(struct shd_text *text, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	shd_text_vprintf(text, fmt, args);
	va_end(args);
}

bool shd_text_ok(const struct shd_text *text)
{
	return !text->overflow;
}

char *shd_text_take(struct shd_text *text)
{
	char *taken = text->data == empty ? shd_xstrdup("") : text->data;

	shd_text_init(text, text->max_bytes);
	return taken;
}

size_t shd_utf8_cut(const char *s, size_t len, size_t max_bytes)
{
	if (len <= max_bytes)
		return len;
	size_t end = max_bytes;
	while (end > 0 && ((unsigned char)s[end] & 0xC0) == 0x80)
		end--;
	return end;
}

int32_t shd_utf8_next(const char *s, size_t len, size_t *at)
{
	static const int32_t smallest[] = {0, 0x80, 0x800, 0x10000};
	unsigned char lead = (unsigned char)s[(*at)++];
	size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;

	if (lead < 0x80)
		return lead;
	if (lead < 0xC2 || lead > 0xF4 || more > len - *at)
		return -1;
	int32_t code = lead & (0x3F >> more);
	for (size_t i = 0; i < more; i++) {
		unsigned char next = (unsigned char)s[*at + i];

		if ((next & 0xC0) != 0x80)
			return -1;
		code = code << 6 | (next & 0x3F);
	}
	if (code < smallest[more] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
		return -1;
	*at += more;
	return code;
}

size_t shd_utf8_put(uint32_t code, char bytes[static 4])
{
	static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
	size_t count = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = count - 1; i > 0; i--, code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3F));
	bytes[0] = (char)(leads[count] | code);
	return count;
}

int shd_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_control(int32_t code)
{
	return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029;
}

/* Bidi_Control of the Unicode Character Database. */
static bool turns_direction(int32_t code)
{
	return code == 0x061C || code == 0x200E || code == 0x200F ||
	       (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

char *shd_json_clean(char *json)
{
	size_t len = strlen(json), at = 0, taken = 0;
	struct shd_text out;

	shd_text_init(&out, SIZE_MAX / 2);
	while (at < len) {
		size_t from = at;
		int32_t code = shd_utf8_next(json, len, &at);

		/* C0 stands between the values alone; within them it is escaped already. */
		if (code < 0x20 || (!is_control(code) && !turns_direction(code)))
			continue;
		shd_text_add(&out, json + taken, from - taken);
		shd_text_printf(&out, "\\u%04x", (unsigned)code);
		taken = at;
	}
	if (!taken) {
		shd_text_finish(&out);
		return json;
	}
	shd_text_add(&out, json + taken, len - taken);
	free(json);
	return shd_text_take(&out);
}

void shd_line_clean(char *line)
{
	size_t len = strlen(line), at = 0, kept = 0;

	while (at < len) {
		size_t from = at;
		int32_t code = shd_utf8_next(line, len, &at);

		if (code < 0)
			line[kept++] = '?';
		else if (is_control(code))
			line[kept++] = ' ';
		else if (!turns_direction(code)) {
			memmove(line + kept, line + from, at - from);
			kept += at - from;
		}
	}
	line[kept] = '\0';
}

void shd_text_excerpt(struct shd_text *out, const char *s, size_t len, size_t max_bytes)
{
	size_t cut = shd_utf8_cut(s, len, max_bytes), next;

	for (size_t at = 0; at < cut; at = next) {
		next = at;
		int32_t code = shd_utf8_next(s, cut, &next);
		if (code < 0x20 || code == 0x7F)
			shd_text_printf(out, "\\x%02X", (unsigned)(unsigned char)s[at]);
		else
			shd_text_add(out, s + at, next - at);
	}
	shd_text_puts(out, cut < len ? "..." : "");
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein distance with adjacent swaps; words are cut at 63 bytes. */
static size_t distance(const char *a, const char *b)
{
	size_t la = least(strlen(a), 63), lb = least(strlen(b), 63);
	size_t rows[3][64];

	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *older = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = least(last[j] + 1, now[j - 1] + 1);
			now[j] = least(now[j], last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], older[j - 2] + 1);
		}
	}
	return rows[la % 3][lb];
}

const char *shd_nearest(const char *word, const char *const *candidates, size_t count)
{
	const char *best = NULL;
	size_t best_distance = least(3, (strlen(word) + 2) / 3) + 1;

	for (size_t i = 0; i < count; i++) {
		size_t d = distance(word, candidates[i]);

		if (d < best_distance) {
			best = candidates[i];
			best_distance = d;
		}
	}
	return best;
}

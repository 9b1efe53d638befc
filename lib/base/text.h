/* base/text.h - a growing text buffer with a mandatory maximum.
 *
 * Invariants: data is always NUL-terminated (never NULL); len excludes the NUL;
 * once something did not fit, `overflow` stays true, the text keeps what it had
 * and later appends are ignored: check once, at the end. Bytes, not characters;
 * UTF-8 passes through. Pure; one thread at a time. */
#pragma once
#include "mem.h"

#include <stdarg.h>

/* The ending of an English word for n things. */
#define SHD_S(n) ((n) == 1 ? "" : "s")

struct shd_text {
	char *data;
	size_t len;
	/* private: */
	size_t size, max_bytes;
	bool overflow;
};

/* max_bytes: the longest text it will hold. */
void shd_text_init(struct shd_text *text, size_t max_bytes);
void shd_text_finish(struct shd_text *text); /* zeroed structs are accepted */
void shd_text_clear(struct shd_text *text);

/* Room for a text of so many bytes and no more, unless it has more already; what it takes then does
 * not grow until that is used up. Beyond max_bytes: nothing. */
void shd_text_reserve(struct shd_text *text, size_t len);

/* Append bytes, a string, a character, a formatted text. */
void shd_text_add(struct shd_text *text, const char *bytes, size_t len);
void shd_text_puts(struct shd_text *text, const char *s);
void shd_text_putc(struct shd_text *text, char c);
void shd_text_printf(struct shd_text *text, const char *fmt, ...) SHD_PRINTF(2, 3);
void shd_text_vprintf(struct shd_text *text, const char *fmt, va_list args)
	SHD_PRINTF(2, 0);

/* As the text of an XML or HTML element or attribute; what XML 1.0 has no character
 * for becomes '?'. */
void shd_text_put_xml(struct shd_text *text, const char *s);

/* As the text of a JSON string, without the quotes around it; the bytes are UTF-8. */
void shd_text_put_json(struct shd_text *text, const char *bytes, size_t len);

/* True when everything that was appended fitted. */
bool shd_text_ok(const struct shd_text *text);

/* Hands the text over (free() it); the buffer is empty afterwards. */
char *shd_text_take(struct shd_text *text);

/* The longest prefix of s[0..len) that is at most max_bytes long and does not
 * end inside a UTF-8 character. */
size_t shd_utf8_cut(const char *s, size_t len, size_t max_bytes);

/* The code point at s[*at], and moves *at past it. -1 for a byte that is not UTF-8
 * (overlong and surrogate forms included), past which *at then moves alone.
 * *at < len. */
int32_t shd_utf8_next(const char *s, size_t len, size_t *at);

/* Writes a code point of at most 0x10FFFF; returns how many bytes it takes. */
size_t shd_utf8_put(uint32_t code, char bytes[static 4]);

/* 0 to 15; -1 for what is no hexadecimal digit. */
int shd_hex_digit(char c);

/* The text, or "" for NULL. */
static inline const char *shd_or_empty(const char *text)
{
	return text ? text : "";
}

/* Makes a foreign text harmless for one line of a log, a terminal or a mail, where it is: a control
 * character (C0, DEL, C1) or a line separator becomes a space, a byte that is no UTF-8 '?', and
 * what changes the direction of writing goes. It never grows. */
void shd_line_clean(char *line);

/* The same for a JSON text, whose values programs compare: such characters are written as \uNNNN,
 * so that whoever prints the text as it is, or searches it, gets none. Takes `json` and returns
 * it, or another one; free() it. */
char *shd_json_clean(char *json);

/* Appends s[0..len) for people to look at: at most max_bytes of it, then "..."; a byte that is
 * no UTF-8 or a control character is written as \xNN. */
void shd_text_excerpt(struct shd_text *out, const char *s, size_t len, size_t max_bytes);

/* The candidate nearest to `word` by edit distance, NULL when none is near
 * enough to be a likely slip (at most one edit in three characters, at most
 * three). For "did you mean". */
const char *shd_nearest(const char *word, const char *const *candidates, size_t count);

#include "mime.h"

#include "base/crypto.h"

#include <string.h>

/* 57 bytes are 76 characters of base64; 45 bytes are an encoded word of 72, and 33
 * one that leaves room for the name of the header before it. */
enum { LINE_BYTES = 57, WORD_BYTES = 45, FIRST_WORD_BYTES = 33 };

void shd_mime_raw(struct shd_text *out, const char *name, const char *value)
{
	char *line shd_autofree = shd_xstrdup(value);

	shd_line_clean(line);
	shd_text_printf(out, "%s: %s\r\n", name, line);
}

/* Plain words that nobody could take for encoded ones, in a line that may be long. */
static bool is_plain(const char *value)
{
	size_t len = 0;

	for (const char *c = value; *c; c++, len++) {
		if ((unsigned char)*c >= 0x7F)
			return false;
	}
	return len < 900 && !strstr(value, "=?");
}

void shd_mime_header(struct shd_text *out, const char *name, const char *foreign)
{
	char *line shd_autofree = shd_xstrdup(foreign);
	const char *value = line;

	shd_line_clean(line);
	size_t left = strlen(value), most = FIRST_WORD_BYTES;

	if (is_plain(value)) {
		shd_mime_raw(out, name, value);
		return;
	}
	shd_text_printf(out, "%s:", name);
	while (left) {
		size_t len = shd_utf8_cut(value, left, most);

		if (!len) /* no character is that long; text that is not UTF-8 */
			len = left < most ? left : most;
		most = WORD_BYTES;
		shd_text_puts(out, " =?UTF-8?B?");
		shd_base64_add(out, value, len);
		shd_text_puts(out, left > len ? "?=\r\n" : "?=");
		value += len;
		left -= len;
	}
	shd_text_puts(out, "\r\n");
}

void shd_mime_part(struct shd_text *out, const char *boundary, const char *type, const char *text,
	size_t len)
{
	shd_text_printf(out, "--%s\r\n", boundary);
	shd_mime_raw(out, "Content-Type", type);
	shd_mime_raw(out, "Content-Transfer-Encoding", "base64");
	shd_text_puts(out, "\r\n");
	for (size_t at = 0; at < len; at += LINE_BYTES) {
		shd_base64_add(out, text + at, len - at < LINE_BYTES ? len - at : LINE_BYTES);
		shd_text_puts(out, "\r\n");
	}
}

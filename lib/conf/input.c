#include "input.h"

#include <stdlib.h>
#include <string.h>

enum { MARK_BYTES = 512 };

/* A line may hold a list of thousands: who asks for the column of each counts from the mark
 * before it. */
struct shd_input_mark {
	size_t at;
	int col;
};

static void mark_columns(struct shd_input *input)
{
	size_t room = 0;

	for (size_t line = 0; line < input->lines; line++) {
		size_t i = input->starts[line], marked = i;
		size_t end = line + 1 < input->lines ? input->starts[line + 1] : input->len;

		for (int col = 1; i < end; col++) {
			if (i - marked >= MARK_BYTES) {
				marked = i;
				shd_grow(input->marks, input->mark_count, room);
				input->marks[input->mark_count++] =
					(struct shd_input_mark){i, col};
			}
			shd_utf8_next(input->text, input->len, &i);
		}
	}
}

void shd_input_init(struct shd_input *input, const char *file, const char *text, size_t len)
{
	size_t capacity = 0;

	if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
		text += 3;
		len -= 3;
	}
	char *copy = shd_xcalloc(len + 1, 1);
	if (len)
		memcpy(copy, text, len);
	*input = (struct shd_input){.file = shd_xstrdup(file), .text = copy, .len = len};
	for (size_t at = 0; at <= len; at++) {
		if (at > 0 && copy[at - 1] != '\n')
			continue;
		shd_grow(input->starts, input->lines, capacity);
		input->starts[input->lines++] = at;
	}
	mark_columns(input);
}

void shd_input_finish(struct shd_input *input)
{
	free((char *)input->file);
	free((char *)input->text);
	free(input->starts);
	free(input->marks);
	*input = (struct shd_input){0};
}

/* The last one at or before the byte. */
static struct shd_input_mark last_mark(const struct shd_input *input, size_t at)
{
	size_t low = 0, high = input->mark_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (input->marks[middle].at <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? input->marks[low - 1] : (struct shd_input_mark){0, 1};
}

void shd_input_place(const struct shd_input *input, size_t at, int *ret_line, int *ret_col)
{
	size_t low = 0, high = input->lines;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (input->starts[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	struct shd_input_mark from = last_mark(input, at);
	if (from.at < input->starts[low])
		from = (struct shd_input_mark){input->starts[low], 1};
	int col = from.col;
	for (size_t i = from.at; i < at; col++)
		shd_utf8_next(input->text, input->len, &i);
	*ret_line = (int)low + 1;
	*ret_col = col;
}

const char *shd_input_line(const struct shd_input *input, int line, size_t *ret_len)
{
	if (line < 1 || (size_t)line > input->lines)
		return NULL;
	const char *start = input->text + input->starts[line - 1];
	size_t len = strcspn(start, "\r\n");
	*ret_len = len;
	return start;
}

static bool names_secret(const char *key, size_t len)
{
	static const char *const words[] = {"secret", "token", "passw", "pwd"};
	char *copy shd_autofree = shd_xstrndup(key, len);

	for (size_t i = 0; i < SHD_COUNT(words); i++) {
		if (strcasestr(copy, words[i]))
			return true;
	}
	return len >= 3 && strncasecmp(key + len - 3, "key", 3) == 0;
}

/* True for a line such as `api_key: 8f3a`: diagnostics end in the journal, and a
 * secret that stands in the file by mistake, or under a misspelt key, must not. */
static bool shows_secret(const char *line, size_t len)
{
	for (size_t at = 0; at + 1 < len; at++) {
		size_t key = at, value = at + 1;

		if (line[at] != ':')
			continue;
		while (key > 0 && !strchr(" \t,{[", line[key - 1]))
			key--;
		while (value < len && (line[value] == ' ' || line[value] == '\t'))
			value++;
		if (value < len && !strchr("{[#|>", line[value]) &&
			names_secret(line + key, at - key))
			return true;
	}
	return false;
}

void shd_input_report(const struct shd_input *input, size_t at, size_t end,
		       enum shd_severity severity, const char *hint, const char *text,
		       struct shd_diags *diags)
{
	struct shd_diag diag = {
		.severity = severity, .file = input->file, .text = text, .hint = hint};
	size_t len = 0;

	shd_input_place(input, at, &diag.line, &diag.col);
	const char *line = shd_input_line(input, diag.line, &len);
	size_t line_end = (size_t)(line - input->text) + len;
	for (size_t i = at; i < end && i < line_end; diag.width++)
		shd_utf8_next(input->text, input->len, &i);
	char *copy shd_autofree = shd_xstrndup(line, len);
	diag.source = shows_secret(line, len) ? NULL : copy;
	shd_diags_add(diags, &diag);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* True when only blanks stand between text[at] and the end of its line. */
static bool at_break(const char *text, size_t len, size_t at)
{
	while (at < len && (text[at] == ' ' || text[at] == '\t'))
		at++;
	return at < len && (text[at] == '\n' || text[at] == '\r');
}

static size_t skip_blanks(const char *text, size_t len, size_t at)
{
	while (at < len && is_blank(text[at]))
		at++;
	return at;
}

/* Bytes of UTF-8 that a code point of `digits` hexadecimal digits becomes. */
static size_t escaped_bytes(const char *hex, size_t digits)
{
	unsigned long code = 0;

	for (size_t i = 0; i < digits; i++) {
		char one[2] = {hex[i], '\0'};

		code = code * 16 + strtoul(one, NULL, 16);
	}
	return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/* Length of the escape at text[at] (a backslash) and the content bytes it gives. */
static size_t escape_length(const char *text, size_t len, size_t at, size_t *ret_bytes)
{
	char kind = at + 1 < len ? text[at + 1] : '\0';
	size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;

	*ret_bytes = 1;
	if (is_blank(kind) && kind != ' ' && kind != '\t') {
		*ret_bytes = 0; /* a line break that is not there */
		return skip_blanks(text, len, at + 1) - at;
	}
	if (digits && at + 2 + digits <= len)
		*ret_bytes = escaped_bytes(text + at + 2, digits);
	else if (kind == 'N' || kind == '_')
		*ret_bytes = 2;
	else if (kind == 'L' || kind == 'P')
		*ret_bytes = 3;
	return 2 + digits;
}

/* Blanks around a line break are folded in ways that differ by style, but the
 * next character that is not blank is the same in source and content. So both
 * sides skip their blanks and are in step again. */
size_t shd_input_of_content(const struct shd_input *input, size_t at,
			     enum shd_input_style style, const char *content, size_t len,
			     size_t offset)
{
	const char *text = input->text;
	size_t done = style == SHD_INPUT_BLOCK ? skip_blanks(content, len, 0) : 0;

	while (at < input->len) {
		size_t took = 1, gave = 1;

		if (done >= offset && !(style == SHD_INPUT_DOUBLE && text[at] == '\\'))
			break;
		if (is_blank(text[at]) && at_break(text, input->len, at)) {
			size_t next = skip_blanks(content, len, done);

			if (next > offset)
				break;
			took = skip_blanks(text, input->len, at) - at;
			gave = next - done;
		} else if (style == SHD_INPUT_DOUBLE && text[at] == '\\') {
			took = escape_length(text, input->len, at, &gave);
		} else if (style == SHD_INPUT_SINGLE && text[at] == '\'') {
			took = 2;
		}
		if (done + gave > offset)
			break;
		at += took;
		done += gave;
	}
	return at < input->len ? at : input->len;
}

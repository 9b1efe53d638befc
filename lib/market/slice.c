#include "slice.h"

#include "base/text.h"
#include "json_marks.h"

#include <string.h>

enum { KINDS_KEPT = 64, BLOCK_BYTES = SHD_JSON_BLOCK };

/* Of the arrays and objects around a byte. */
struct nesting {
	uint64_t objects; /* bit 0: the innermost of the outer KINDS_KEPT is an object */
	size_t depth;
};

/* What a byte means outside a string: 1 opens, 2 closes, 3 quotes, 0 passes by. */
static const unsigned char classes[256] = {
	['{'] = 1, ['['] = 1, ['}'] = 2, [']'] = 2, ['"'] = 3,
};

static bool cut_off(struct shd_error *reterr, size_t at)
{
	return shd_fail(reterr, SHD_ERR_SYNTAX, "the JSON is cut off after %zu bytes", at);
}

static bool unexpected(const struct shd_slicer *s, const char *expected, struct shd_error *reterr)
{
	unsigned char c;

	if (s->at >= s->len)
		return cut_off(reterr, s->len);
	c = (unsigned char)s->body[s->at];
	if (c > 0x20 && c < 0x7F)
		return shd_fail(reterr, SHD_ERR_SYNTAX, "not JSON: '%c' at byte %zu, expected %s",
			c, s->at, expected);
	return shd_fail(reterr, SHD_ERR_SYNTAX, "not JSON: byte 0x%02X at %zu, expected %s", c,
			s->at, expected);
}

static void skip_space(struct shd_slicer *s)
{
	while (s->at < s->len && (s->body[s->at] == ' ' || s->body[s->at] == '\n' ||
					 s->body[s->at] == '\r' || s->body[s->at] == '\t'))
		s->at++;
}

/* The byte after blanks, '\0' at the end of the body. */
static char peek(struct shd_slicer *s)
{
	skip_space(s);
	return s->at < s->len ? s->body[s->at] : '\0';
}

static bool take(struct shd_slicer *s, char c, const char *expected, struct shd_error *reterr)
{
	if (peek(s) != c || s->at >= s->len)
		return unexpected(s, expected, reterr);
	s->at++;
	return true;
}

/* The byte behind the string whose opening quote is at body[at], 0 when it does not end.
 * A quote ends it unless an odd number of backslashes stands before it. */
static size_t string_end(const char *body, size_t len, size_t at)
{
	size_t from = at + 1;

	for (;;) {
		const char *quote = memchr(body + from, '"', len - from);
		if (!quote)
			return 0;
		size_t end = (size_t)(quote - body), back = end;

		while (back > from && body[back - 1] == '\\')
			back--;
		if ((end - back) % 2 == 0)
			return end + 1;
		from = end + 1;
	}
}

static bool skip_string(struct shd_slicer *s, struct shd_error *reterr)
{
	size_t end = string_end(s->body, s->len, s->at);

	if (!end)
		return cut_off(reterr, s->len);
	s->at = end;
	return true;
}

/* The brackets of 64 bytes that stand outside strings, bit per byte; *in_string, all bits or
 * none, and *escaped, bit 0, go from one block to the next. */
static uint64_t brackets(const char *bytes, uint64_t *in_string, uint64_t *escaped)
{
	struct shd_json_marks marks;
	uint64_t quotes, strings;

	shd_json_marks_of(bytes, &marks);
	quotes = marks.quotes;
	/* A backslash that is not itself escaped escapes the byte behind it. */
	uint64_t behind = *escaped;
	*escaped = 0;
	for (uint64_t left = marks.backslashes & ~behind; left;) {
		int at = __builtin_ctzll(left);

		if (at == 63)
			*escaped = 1;
		else
			behind |= 2ULL << at;
		left &= ~(3ULL << at);
	}
	quotes &= ~behind;
	strings = quotes;
	for (int shift = 1; shift < 64; shift *= 2)
		strings ^= strings << shift;
	strings ^= *in_string;
	*in_string = 0 - (strings >> 63);
	return marks.brackets & ~strings;
}

/* Opens or closes what stands at s->at. */
static bool take_bracket(struct shd_slicer *s, struct nesting *nesting, struct shd_error *reterr)
{
	char c = s->body[s->at];

	if (classes[(unsigned char)c] == 1) {
		if (nesting->depth++ < KINDS_KEPT)
			nesting->objects = nesting->objects << 1 | (c == '{');
		return true;
	}
	if (nesting->depth > KINDS_KEPT) {
		nesting->depth--;
		return true;
	}
	if ((nesting->objects & 1) != (c == '}'))
		return unexpected(s, "the other bracket", reterr);
	nesting->objects >>= 1;
	nesting->depth--;
	return true;
}

/* Past the array or object that opens at s->at. This is what a poll with little news costs,
 * so it looks at 64 bytes at a time. */
static bool skip_nested(struct shd_slicer *s, struct shd_error *reterr)
{
	uint64_t in_string = 0, escaped = 0;
	struct nesting nesting = {0};
	size_t len = s->len;

	for (size_t block = s->at; block < len; block += BLOCK_BYTES) {
		char rest[BLOCK_BYTES] = {0};
		const char *bytes = s->body + block;

		if (len - block < BLOCK_BYTES)
			bytes = memcpy(rest, bytes, len - block);
		for (uint64_t left = brackets(bytes, &in_string, &escaped); left;
		     left &= left - 1) {
			s->at = block + (size_t)__builtin_ctzll(left);
			if (!take_bracket(s, &nesting, reterr))
				return false;
			if (nesting.depth == 0) {
				s->at++;
				return true;
			}
		}
	}
	return cut_off(reterr, len);
}

/* Past any value; s->at is its first byte. */
static bool skip_value(struct shd_slicer *s, struct shd_error *reterr)
{
	size_t start = s->at;

	if (s->at < s->len && s->body[s->at] == '"')
		return skip_string(s, reterr);
	if (s->at < s->len && classes[(unsigned char)s->body[s->at]] == 1)
		return skip_nested(s, reterr);
	while (s->at < s->len && classes[(unsigned char)s->body[s->at]] == 0 &&
		s->body[s->at] != ',' && s->body[s->at] != ':' &&
		(unsigned char)s->body[s->at] > ' ')
		s->at++;
	return s->at > start || unexpected(s, "a value", reterr);
}

/* The ASCII character that the escape at raw[*at..len) stands for, -1 for any other. */
static int unescape(const char *raw, size_t len, size_t *at)
{
	static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *name;
	unsigned n = 0;

	if (*at + 1 >= len)
		return -1;
	char c = raw[*at + 1];
	*at += 2;
	if (c != 'u') {
		name = strchr(names, c);
		return name && c ? meant[name - names] : -1;
	}
	for (int i = 0; i < 4; i++, ++*at) {
		int digit = *at < len ? shd_hex_digit(raw[*at]) : -1;

		if (digit < 0)
			return -1;
		n = n * 16 + (unsigned)digit;
	}
	return n < 0x80 ? (int)n : -1;
}

/* Whether the raw content of a key, escapes and all, spells name[0..name_len). */
static bool key_is(const char *raw, size_t len, const char *name, size_t name_len)
{
	size_t at = 0, i = 0;

	if (!memchr(raw, '\\', len))
		return len == name_len && memcmp(raw, name, len) == 0;
	for (; at < len && i < name_len; i++) {
		int c = raw[at] == '\\' ? unescape(raw, len, &at) : (unsigned char)raw[at++];

		if (c != (unsigned char)name[i])
			return false;
	}
	return at == len && i == name_len;
}

/* The member of the path at this level; its length in *ret_len. */
static const char *path_member(const char *path, int level, size_t *ret_len)
{
	for (; level > 0; level--)
		path = strchr(path, '.') + 1;
	*ret_len = strcspn(path, ".");
	return path;
}

/* Reads members of an object from s->at, the first when `first`, until the one called
 * name is reached (*ret_found, s->at at its value) or the object ends (s->at behind it). */
static bool find_member(struct shd_slicer *s, bool first, const char *name, size_t name_len,
			bool *ret_found, struct shd_error *reterr)
{
	*ret_found = false;
	if (first && peek(s) == '}') {
		s->at++;
		return true;
	}
	for (;; first = false) {
		if (!first) {
			if (peek(s) == '}') {
				s->at++;
				return true;
			}
			if (!take(s, ',', "',' or '}'", reterr))
				return false;
		}
		if (peek(s) != '"')
			return unexpected(s, "a member's name", reterr);
		size_t key = s->at + 1;
		if (!skip_string(s, reterr))
			return false;
		bool found = key_is(s->body + key, s->at - 1 - key, name, name_len);
		if (!take(s, ':', "':'", reterr))
			return false;
		skip_space(s);
		if (found) {
			*ret_found = true;
			return true;
		}
		if (!skip_value(s, reterr))
			return false;
	}
}

/* Reads what is left of the objects around the records, and of the body. */
static bool finish(struct shd_slicer *s, struct shd_error *reterr)
{
	s->array_end = s->at;
	for (int level = s->levels - 1; level >= 0; level--) {
		size_t name_len;
		const char *name = path_member(s->path, level, &name_len);
		bool twice;

		if (!find_member(s, false, name, name_len, &twice, reterr))
			return false;
		if (twice)
			return shd_fail(reterr, SHD_ERR_SYNTAX, "member \"%.*s\" is given twice",
					(int)name_len, name);
	}
	if (peek(s) != '\0' || s->at < s->len)
		return unexpected(s, "the end", reterr);
	s->done = true;
	return true;
}

bool shd_slice_open(struct shd_slicer *slicer, const char *body, size_t len, const char *path,
		    struct shd_error *reterr)
{
	struct shd_slicer s = {.body = body, .len = len, .path = path};
	size_t name_len;
	bool found;

	for (int level = 0; *path_member(path, level, &name_len); level++) {
		const char *name = path_member(path, level, &name_len);

		if (peek(&s) == 'n')
			break; /* nothing at all is an empty list */
		if (peek(&s) != '{')
			return unexpected(&s, "'{'", reterr);
		s.at++;
		if (!find_member(&s, true, name, name_len, &found, reterr))
			return false;
		if (!found)
			return shd_fail(
				reterr, SHD_ERR_SCHEMA, "the answer has no member \"%s\"", path);
		s.levels++;
		if (!name[name_len])
			break;
	}
	char c = peek(&s);
	s.array_start = s.at;
	s.is_list = c == '[';
	if (c != '[' && c != '{' && !(s.len - s.at >= 4 && memcmp(body + s.at, "null", 4) == 0)) {
		if (s.at >= s.len ||
			(s.levels == 0 && c != '"' && c != '-' && (c < '0' || c > '9')))
			return unexpected(&s, "a list", reterr);
		return shd_fail(reterr, SHD_ERR_SCHEMA, "\"%s\" is not a list", path);
	}
	s.at += s.is_list;
	*slicer = s;
	return true;
}

bool shd_slice_next(struct shd_slicer *slicer, size_t *ret_at, size_t *ret_len, bool *ret_more,
		    struct shd_error *reterr)
{
	struct shd_slicer *s = slicer;
	char c = peek(s);

	*ret_more = false;
	if (s->done)
		return true;
	if (!s->is_list) {
		if (s->records == 1)
			return finish(s, reterr);
		if (c == 'n') {
			s->at += 4;
			return finish(s, reterr);
		}
	} else if (c == ']') {
		s->at++;
		return finish(s, reterr);
	} else if (s->records && !take(s, ',', "',' or ']'", reterr)) {
		return false;
	}
	skip_space(s);
	size_t start = s->at;
	if (!skip_value(s, reterr))
		return false;
	s->records++;
	*ret_at = start;
	*ret_len = s->at - start;
	*ret_more = true;
	return true;
}

void shd_slice_envelope(const struct shd_slicer *slicer, struct shd_text *out)
{
	shd_text_add(out, slicer->body, slicer->array_start);
	shd_text_puts(out, "[]");
	shd_text_add(out, slicer->body + slicer->array_end, slicer->len - slicer->array_end);
}

#include "sink.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A piece of a mail; borrowed. */
struct span {
	const char *at;
	size_t len;
};

static int hex(char c)
{
	const char *digits = "0123456789ABCDEFabcdef", *found = c ? strchr(digits, c) : NULL;
	long n = found ? found - digits : -1;

	return (int)(n > 15 ? n - 6 : n);
}

/* Quoted-printable; in a header _ is a space. */
static void unquote(struct span in, bool header, struct shd_text *out)
{
	for (size_t i = 0; i < in.len; i++) {
		char c = in.at[i];

		if (c == '_' && header) {
			shd_text_putc(out, ' ');
		} else if (c == '=' && i + 2 < in.len && hex(in.at[i + 1]) >= 0 &&
			   hex(in.at[i + 2]) >= 0) {
			shd_text_putc(out, (char)(hex(in.at[i + 1]) * 16 + hex(in.at[i + 2])));
			i += 2;
		} else if (c == '=' && i + 2 < in.len && in.at[i + 1] == '\r') {
			i += 2;
		} else if (c != '=' || (i + 1 < in.len && in.at[i + 1] != '\n')) {
			shd_text_putc(out, c);
		} else {
			i++;
		}
	}
}

static void unbase64(struct span in, struct shd_text *out)
{
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	unsigned char *bytes shd_autofree = shd_xcalloc(in.len + 8, 1);
	int len = 0, rest = 0;

	EVP_DecodeInit(ctx);
	if (EVP_DecodeUpdate(ctx, bytes, &len, (const unsigned char *)in.at, (int)in.len) >= 0 &&
	    EVP_DecodeFinal(ctx, bytes + len, &rest) >= 0)
		shd_text_add(out, (char *)bytes, (size_t)(len + rest));
	EVP_ENCODE_CTX_free(ctx);
}

/* =?utf-8?B?...?= at the beginning of text; returns its length, 0 when it is none. */
static size_t encoded_word(struct span text, struct shd_text *out)
{
	const char *end = text.at + text.len, *charset, *code, *tail;

	if (text.len < 8 || strncmp(text.at, "=?", 2) != 0)
		return 0;
	charset = memchr(text.at + 2, '?', text.len - 2);
	if (!charset || charset + 3 >= end || charset[2] != '?')
		return 0;
	code = charset + 3;
	tail = memmem(code, (size_t)(end - code), "?=", 2);
	if (!tail)
		return 0;
	struct span word = {code, (size_t)(tail - code)};
	if (charset[1] == 'B' || charset[1] == 'b')
		unbase64(word, out);
	else
		unquote(word, true, out);
	return (size_t)(tail + 2 - text.at);
}

/* Unfolds and decodes RFC 2047; blanks between two encoded words do not count. */
static json_t *decode_header(struct span value)
{
	struct shd_text out SHD_AUTO(shd_text_finish) = {0};
	size_t blanks_from = SIZE_MAX;

	shd_text_init(&out, 1 << 20);
	for (size_t i = 0; i < value.len;) {
		size_t mark = out.len;

		if (value.at[i] == '\r' || value.at[i] == '\n') {
			i++;
			continue;
		}
		size_t taken = encoded_word((struct span){value.at + i, value.len - i}, &out);
		if (!taken) {
			bool blank = value.at[i] == ' ' || value.at[i] == '\t';

			blanks_from = blank ? blanks_from : SIZE_MAX;
			shd_text_putc(&out, value.at[i] == '\t' ? ' ' : value.at[i]);
			i++;
			continue;
		}
		if (blanks_from != SIZE_MAX && blanks_from < mark) {
			size_t decoded = out.len - mark;

			memmove(out.data + blanks_from, out.data + mark, decoded + 1);
			out.len = blanks_from + decoded;
		}
		blanks_from = out.len;
		i += taken;
	}
	json_t *json = json_stringn(out.data, out.len);
	return json ? json : json_string("(not UTF-8)");
}

/* One header with its folded lines; moves *rest behind it. False at the empty line. */
static bool next_header(struct span *rest, struct span *name, struct span *value)
{
	const char *end = rest->at + rest->len, *at = rest->at, *line;

	if (!rest->len || *at == '\r' || *at == '\n')
		return false;
	do {
		line = memchr(at, '\n', (size_t)(end - at));
		at = line ? line + 1 : end;
	} while (at < end && (*at == ' ' || *at == '\t'));
	const char *colon = memchr(rest->at, ':', (size_t)(at - rest->at));
	if (!colon)
		return false;
	*name = (struct span){rest->at, (size_t)(colon - rest->at)};
	const char *from = colon + 1, *to = at;
	while (from < to && (*from == ' ' || *from == '\r' || *from == '\n'))
		from++;
	while (to > from && (to[-1] == '\n' || to[-1] == '\r'))
		to--;
	*value = (struct span){from, (size_t)(to - from)};
	*rest = (struct span){at, (size_t)(end - at)};
	return true;
}

/* Headers as {"Subject": "..."}, a repeated one as a list; moves *rest to the body. */
static json_t *read_headers(struct span *rest)
{
	json_t *headers = json_object(), *known;
	struct span name, value;

	while (next_header(rest, &name, &value)) {
		char *key shd_autofree = shd_xstrndup(name.at, name.len);
		json_t *text = decode_header(value);

		known = json_object_get(headers, key);
		if (json_is_array(known))
			json_array_append_new(known, text);
		else if (known)
			json_object_set_new(headers, key, json_pack("[O,o]", known, text));
		else
			json_object_set_new(headers, key, text);
	}
	if (rest->len && *rest->at == '\r')
		*rest = (struct span){rest->at + 1, rest->len - 1};
	if (rest->len && *rest->at == '\n')
		*rest = (struct span){rest->at + 1, rest->len - 1};
	return headers;
}

static const char *header(const json_t *headers, const char *name)
{
	const char *key, *text;
	json_t *value;

	json_object_foreach((json_t *)headers, key, value)
		if (strcasecmp(key, name) == 0 && (text = json_string_value(value)))
			return text;
	return "";
}

static json_t *decode_body(const json_t *headers, struct span body)
{
	const char *encoding = header(headers, "Content-Transfer-Encoding");
	struct shd_text out SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&out, 16 << 20);
	if (strcasecmp(encoding, "base64") == 0)
		unbase64(body, &out);
	else if (strcasecmp(encoding, "quoted-printable") == 0)
		unquote(body, false, &out);
	else
		shd_text_add(&out, body.at, body.len);
	json_t *json = json_stringn(out.data, out.len);
	return json ? json : json_string("(not UTF-8)");
}

static void read_part(json_t *mail, const json_t *headers, struct span body, int depth);

static void read_parts(json_t *mail, const char *boundary, struct span body, int depth)
{
	char *mark shd_autofree = NULL;
	const char *end = body.at + body.len, *at, *next;

	if (asprintf(&mark, "--%s", boundary) < 0)
		return;
	size_t len = strlen(mark);
	at = memmem(body.at, body.len, mark, len);
	while (at && at + len < end && at[len] != '-') {
		const char *from = memchr(at, '\n', (size_t)(end - at));

		if (!from)
			return;
		from++;
		next = memmem(from, (size_t)(end - from), mark, len);
		struct span part = {from, (size_t)((next ? next : end) - from)};
		while (part.len && (part.at[part.len - 1] == '\n' || part.at[part.len - 1] == '\r'))
			part.len--;
		json_auto_t *headers = read_headers(&part);
		read_part(mail, headers, part, depth + 1);
		at = next;
	}
}

static void read_part(json_t *mail, const json_t *headers, struct span body, int depth)
{
	const char *type = header(headers, "Content-Type"), *at = strcasestr(type, "boundary=");
	bool html = strncasecmp(type, "text/html", 9) == 0;

	if (strncasecmp(type, "multipart/", 10) == 0 && at && depth < 4) {
		at += strlen("boundary=");
		bool quoted = *at == '"';
		size_t len = strcspn(at + quoted, quoted ? "\"" : "; \r\n");
		char *boundary shd_autofree = shd_xstrndup(at + quoted, len);

		read_parts(mail, boundary, body, depth);
	} else if (html || !*type || strncasecmp(type, "text/plain", 10) == 0) {
		json_object_set_new(mail, html ? "html" : "text", decode_body(headers, body));
	}
}

json_t *shd_mail_parse(const char *data, size_t len)
{
	struct span rest = {data, len};
	json_t *headers = read_headers(&rest);
	json_t *mail = json_pack("{s:o,s:n,s:n}", "headers", headers, "text", "html");

	read_part(mail, headers, rest, 0);
	return mail;
}

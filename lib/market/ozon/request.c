#include "ozon.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void shd_ozon_put_quoted(struct shd_text *out, const char *text)
{
	shd_text_putc(out, '"');
	shd_text_put_json(out, text, strlen(text));
	shd_text_putc(out, '"');
}

void shd_ozon_put_ids(struct shd_text *out, const struct shd_page_in *in)
{
	shd_text_putc(out, '[');
	for (size_t i = 0; i < in->id_count; i++) {
		if (i)
			shd_text_putc(out, ',');
		shd_ozon_put_quoted(out, in->ids[i]);
	}
	shd_text_putc(out, ']');
}

void shd_ozon_put_window(struct shd_text *out, const char *from_key, int64_t from_ms,
			 const char *to_key, int64_t to_ms)
{
	char from[SHD_TIME_TEXT], to[SHD_TIME_TEXT];
	const char *const pieces[] = {"\"", from_key, "\":\"",
		shd_time_format((struct shd_wall){from_ms}, from), "\",\"", to_key, "\":\"",
		shd_time_format((struct shd_wall){to_ms}, to), "\""};

	for (size_t i = 0; i < SHD_COUNT(pieces); i++)
		shd_text_puts(out, pieces[i]);
}

int64_t shd_ozon_since_ms(const struct shd_page_in *in)
{
	int64_t first = in->now.ms - SHD_OZON_FIRST_MS;
	int64_t since = in->cursor.ms - SHD_OZON_OVERLAP_MS;

	/* After a long outage no more is asked for than at the start. */
	return since > first ? since : first;
}

SHD_OZON_BODY(nothing)
{
	(void)row;
	(void)in;
	shd_text_puts(out, "{}");
}

enum { KEY_MAX = 480 };

static bool is_positive_integer(const char *text)
{
	return text && *text && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 19 &&
	       text[strspn(text, "0")];
}

const char *shd_ozon_expects_client_id(const char *text)
{
	return is_positive_integer(text)
		? NULL : "the digits of Ozon's Client-Id (Seller Panel > Settings > API keys)";
}

/* Adds one complete header line. */
static struct shd_text *add_header(struct shd_request *request, const char *line)
{
	struct shd_text *header = shd_request_header(request);

	shd_text_puts(header, line);
	return header;
}

/* Without what a file may end with. */
static size_t key_len(const char *key)
{
	size_t len = strlen(key);

	while (len && strchr(" \r\n\t", key[len - 1]))
		len--;
	return len;
}

const char *shd_ozon_expects_key(const char *text)
{
	size_t len = key_len(text);
	bool good = len > 0 && len <= KEY_MAX;

	for (size_t i = 0; i < len; i++)
		good = good && text[i] > ' ' && text[i] <= '~';
	return good ? NULL : "an Api-Key of Ozon: Latin letters, digits and signs in one piece, "
			     "without a blank";
}

static bool add_key(struct shd_request *request, const struct shd_secret *secret,
		    struct shd_error *reterr)
{
	const char *key = shd_secret_reveal(secret, NULL), *expected = shd_ozon_expects_key(key);
	char line[KEY_MAX + 16] = "Api-Key: ";
	size_t head = strlen(line), len = key_len(key);

	if (expected)
		return shd_fail(reterr, SHD_ERR_CONFIG, "expected %s", expected);
	memcpy(line + head, key, len);
	line[head + len] = '\0';
	shd_text_puts(shd_request_secret_header(request), line);
	explicit_bzero(line, sizeof(line));
	return true;
}

bool shd_ozon_request(const struct shd_endpoint *row, const struct shd_page_in *in,
		      const struct shd_keys *keys, struct shd_request *request,
		      struct shd_error *reterr)
{
	const struct shd_ozon_credential *settings = in->source->credential->settings;
	const char *base = in->source->base_url;
	size_t base_len = strlen(base);

	if (!is_positive_integer(settings->client_id))
		return shd_fail(reterr, SHD_ERR_CONFIG,
				"client_id is \"%.40s\", expected the digits of Ozon's Client-Id",
				settings->client_id ? settings->client_id : "");
	const struct shd_secret *key = keys->secret(keys->ctx, &settings->api_key);
	if (!key)
		return shd_fail(reterr, SHD_ERR_CONFIG, "the Api-Key \"%.80s\" cannot be read",
				settings->api_key.name ? settings->api_key.name : "");

	request->method = row->method;
	request->header_count = 0;
	while (base_len && base[base_len - 1] == '/')
		base_len--;
	shd_text_clear(&request->url);
	shd_text_add(&request->url, base, base_len);
	shd_text_puts(&request->url, row->path);
	shd_text_puts(add_header(request, "Client-Id: "), settings->client_id);
	if (!add_key(request, key, reterr))
		return false;
	add_header(request, "Content-Type: application/json");
	add_header(request, "Accept: application/json");
	shd_text_clear(&request->body);
	row->body(row, in, &request->body);
	if (!shd_text_ok(&request->body) || !shd_text_ok(&request->url))
		return shd_fail(reterr, SHD_ERR_LIMIT, "the request to %s is too long", row->path);
	return true;
}

/* Goes on at `position`, unless it is empty or the one this page began at. */
static bool go_on(const struct shd_page_in *in, const struct shd_loose_text *position,
		  struct shd_page_out *ret_out)
{
	ret_out->last = position->len == 0 ||
			(strlen(in->position) == position->len &&
				memcmp(in->position, position->text, position->len) == 0);
	shd_text_add(&ret_out->position, position->text, position->len);
	return true;
}

/* Whether the list has ended: has_next says no or, where there is no has_next, the
 * page is empty. */
static bool has_ended(const json_t *envelope, size_t records, struct shd_page_out *ret_out)
{
	if (shd_loose_bool(json_object_get(envelope, "has_next"), &ret_out->more))
		return !ret_out->more;
	return records == 0;
}

SHD_OZON_NEXT(cursor)
{
	struct shd_loose_text cursor = {.len = 0};

	(void)row;
	(void)reterr;
	if (!has_ended(envelope, records, ret_out))
		shd_loose_text(json_object_get(envelope, "cursor"), &cursor);
	return go_on(in, &cursor, ret_out);
}

SHD_OZON_NEXT(last_id)
{
	struct shd_loose_text last = {.len = 0};
	const json_t *inner = json_object_get(envelope, "result");
	const json_t *value = json_object_get(json_is_object(inner) ? inner : envelope, "last_id");
	int64_t number;

	(void)row;
	(void)reterr;
	if (!has_ended(envelope, records, ret_out) && shd_loose_text(value, &last) &&
		shd_loose_int(value, &number) && number == 0)
		last.len = 0; /* numbers start at 0, so 0 leads back to the first page */
	return go_on(in, &last, ret_out);
}

SHD_OZON_NEXT(last_return)
{
	struct shd_loose_text last = {.len = 0};
	json_auto_t *record = NULL;
	bool more;

	if (!shd_loose_bool(json_object_get(envelope, "has_next"), &more))
		more = records >= (size_t)row->limit;
	ret_out->more = more;
	if (more && in->last_record) {
		record = shd_adapter_parse(in->last_record, in->last_record_len, reterr);
		if (!record)
			return false;
		shd_loose_text(json_object_get(record, "id"), &last);
	}
	return go_on(in, &last, ret_out);
}

SHD_OZON_NEXT(offset)
{
	uint64_t read = strtoull(in->position, NULL, 10) + records;

	(void)envelope;
	(void)reterr;
	ret_out->last = records < (size_t)row->limit;
	shd_text_printf(&ret_out->position, "%" PRIu64, read);
	return true;
}

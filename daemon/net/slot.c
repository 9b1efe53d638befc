#include "slot.h"

#include "base/hash.h"
#include "easy.h"

#include <stdlib.h>
#include <string.h>

enum {
	BODY_KEEP_BYTES = 256 * 1024, /* a larger buffer is not kept for the next answer */
	RECEIVE_BYTES = 32 * 1024,    /* one read takes a usual page with its headers */
};

/* --- what curl brings and takes ------------------------------------------- */

static size_t on_write(char *bytes, size_t size, size_t count, void *ctx)
{
	struct shd_slot *slot = ctx;
	size_t len = size * count;

	if (len > (size_t)slot->in.answer_max_bytes - slot->answer.len) {
		slot->too_long = true;
		return CURL_WRITEFUNC_ERROR;
	}
	shd_text_add(&slot->answer, bytes, len);
	shd_running_hash_add(slot->hash, bytes, len);
	return len;
}

/* --- options of curl ------------------------------------------------------ */

/* What holds for every request of a slot, the way out as well. */
static void set_always(struct shd_slot *slot)
{
	CURL *easy = slot->easy;

	shd_easy_prepare(easy, slot->egress, slot->message);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "storehealthd/" SHD_VERSION);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
}

static void set_request(struct shd_slot *slot)
{
	const struct shd_transfer_in *in = &slot->in;
	CURL *easy = slot->easy;

	curl_easy_setopt(easy, CURLOPT_URL, in->url);
	curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, in->unix_socket);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)in->connect_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)in->total_ms);
	curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)in->answer_max_bytes);
}

static void set_http(struct shd_slot *slot)
{
	const struct shd_transfer_in *in = &slot->in;
	CURL *easy = slot->easy;

	for (size_t i = 0; i < in->header_count; i++) {
		slot->headers[i].data = in->headers[i].data;
		slot->headers[i].next =
			i + 1 < in->header_count ? &slot->headers[i + 1] : NULL;
	}
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, in->header_count ? slot->headers : NULL);
	bool get = strcmp(in->method, "GET") == 0;
	if (get && !in->body_len) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	} else {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, in->body ? in->body : "");
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)in->body_len);
	}
	bool plain = get ? !in->body_len : strcmp(in->method, "POST") == 0;
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, plain ? NULL : in->method);
}

/* --- a request ------------------------------------------------------------ */

struct shd_slot *shd_slot_create(const struct shd_egress *egress)
{
	struct shd_slot *slot = shd_xcalloc(1, sizeof(*slot));

	slot->egress = egress;
	slot->easy = curl_easy_init();
	slot->hash = shd_running_hash_create();
	shd_assert(slot->easy);
	shd_text_init(&slot->answer, SIZE_MAX / 2); /* on_write keeps the request's limit */
	set_always(slot);
	return slot;
}

void shd_slot_destroy(struct shd_slot *slot)
{
	curl_easy_cleanup(slot->easy);
	shd_running_hash_destroy(slot->hash);
	shd_text_finish(&slot->answer);
	free(slot);
}

void shd_slot_begin(struct shd_slot *slot, const struct shd_transfer_in *in, shd_transfer_fn *done,
		    void *ctx, int64_t now_ms)
{
	slot->in = *in;
	slot->done = done;
	slot->ctx = ctx;
	if (in->before_send)
		in->before_send(ctx, &slot->in);
	slot->too_long = false;
	slot->busy = true;
	slot->cancelled = false;
	slot->message[0] = '\0';
	slot->started_ms = now_ms;
	shd_text_clear(&slot->answer);
	shd_running_hash_reset(slot->hash);
	set_request(slot);
	set_http(slot);
}

/* Makes the slot forget what it did, but keeps a buffer of usual size. */
static void clear(struct shd_slot *slot)
{
	if (slot->answer.len > BODY_KEEP_BYTES)
		free(shd_text_take(&slot->answer));
	slot->busy = false;
}

/* --- its end -------------------------------------------------------------- */

static const char *header_of(const void *ctx, const char *name)
{
	const struct shd_slot *slot = ctx;
	struct curl_header *header;

	if (curl_easy_header(slot->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	return header->value;
}

/* Many answers a second carry the same Date; it is read once. */
static int64_t date_of(struct shd_slot *slot)
{
	const char *text = header_of(slot, "Date");

	if (!text || strlen(text) >= sizeof(slot->date_text))
		return 0;
	if (strcmp(text, slot->date_text) != 0) {
		time_t seconds = curl_getdate(text, NULL);

		memcpy(slot->date_text, text, strlen(text) + 1);
		slot->date_ms = seconds > 0 ? (int64_t)seconds * SHD_SECOND_MS : 0;
	}
	return slot->date_ms;
}

static enum shd_err kind_of(const struct shd_slot *slot, CURLcode code)
{
	if (slot->too_long || code == CURLE_FILESIZE_EXCEEDED)
		return SHD_ERR_LIMIT;
	return shd_easy_error_kind(code);
}

static void explain(const struct shd_slot *slot, CURLcode code, struct shd_error *reterr)
{
	enum shd_err kind = kind_of(slot, code);

	if (kind == SHD_ERR_LIMIT)
		shd_fail(reterr, kind, "the answer is longer than %lld bytes",
			 (long long)slot->in.answer_max_bytes);
	else
		shd_fail(reterr, kind, "%s",
			 slot->message[0] ? slot->message : curl_easy_strerror(code));
}

static void fill_out(struct shd_slot *slot, CURLcode code, int64_t now_ms,
		     struct shd_transfer_out *out)
{
	long status = 0;

	curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
	out->status = (int)status;
	out->last_byte.ms = now_ms;
	out->took_ms = out->last_byte.ms - slot->started_ms;
	out->header = header_of;
	out->header_ctx = slot;
	out->ok = code == CURLE_OK;
	if (out->ok)
		out->server_date_ms = date_of(slot);
	else
		explain(slot, code, &out->error);
	out->hash = shd_running_hash_value(slot->hash);
	out->body = slot->answer;
}

void shd_slot_end(struct shd_slot *slot, CURLcode code, int64_t now_ms)
{
	struct shd_transfer_out out = {0};

	fill_out(slot, code, now_ms, &out);
	slot->done(slot->ctx, &out);
	slot->answer = out.body; /* empty, when it was taken */
	clear(slot);
}

void shd_slot_give_up(struct shd_slot *slot)
{
	shd_easy_cancel(slot->done, slot->ctx);
	clear(slot);
}

#include "slot.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum {
	BODY_KEEP_BYTES = 256 * 1024, /* a larger buffer is not kept for the next answer */
	RECEIVE_BYTES = 32 * 1024,    /* one read takes a usual page with its headers */
	CA_CACHE_S = 24 * 3600,
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

static size_t on_read(char *room, size_t size, size_t count, void *ctx)
{
	struct shd_slot *slot = ctx;
	size_t len = slot->in.body_len - slot->body_sent;

	if (len > size * count)
		len = size * count;
	memcpy(room, slot->in.body + slot->body_sent, len);
	slot->body_sent += len;
	return len;
}

/* curl rewinds when a kept connection turns out to be dead. */
static int on_seek(void *ctx, curl_off_t offset, int origin)
{
	struct shd_slot *slot = ctx;

	if (origin != SEEK_SET || offset < 0 || (size_t)offset > slot->in.body_len)
		return CURL_SEEKFUNC_CANTSEEK;
	slot->body_sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* "250 2.0.0 Ok": a line of a mail server. The last one decides, but for the goodbye. */
static size_t on_reply(char *bytes, size_t size, size_t count, void *ctx)
{
	struct shd_slot *slot = ctx;
	size_t len = size * count;

	if (len > 3 && memcmp(bytes, "221", 3) == 0)
		return len;
	while (len && (bytes[len - 1] == '\r' || bytes[len - 1] == '\n'))
		len--;
	len = shd_utf8_cut(bytes, len, sizeof(slot->reply) - 1);
	memcpy(slot->reply, bytes, len);
	slot->reply[len] = '\0';
	return size * count;
}

/* --- options of curl ------------------------------------------------------ */

/* What holds for every request of a slot, the way out as well. */
static void set_always(struct shd_slot *slot)
{
	CURL *easy = slot->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* closing waits for no name server */
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https,smtp,smtps");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "storehealthd/" SHD_VERSION);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->message);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
	/* A CA path would defeat the cache of the CA file: 30 ms instead of 1 ms for
	 * each new connection. */
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)CA_CACHE_S);
	/* "" and not NULL: the environment does not choose how a store leaves. */
	curl_easy_setopt(easy, CURLOPT_PROXY, slot->egress->proxy ? slot->egress->proxy : "");
	curl_easy_setopt(easy, CURLOPT_INTERFACE, slot->egress->interface);
	if (slot->egress->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, slot->egress->ca_file);
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

static void set_letter(struct shd_slot *slot)
{
	const struct shd_transfer_in *in = &slot->in;
	CURL *easy = slot->easy;

	for (size_t i = 0; i < in->mail_to.count; i++)
		slot->recipients = curl_slist_append(slot->recipients,
							 in->mail_to.items[i]);
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, in->mail_from);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, slot->recipients);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, in->some_will_do ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(easy, CURLOPT_READDATA, slot);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, slot);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)in->body_len);
}

/* Without a recipient curl sends one command of our choice. */
static void set_noop(struct shd_slot *slot)
{
	curl_easy_setopt(slot->easy, CURLOPT_CUSTOMREQUEST, "NOOP");
	curl_easy_setopt(slot->easy, CURLOPT_NOBODY, 1L);
}

static void set_mail(struct shd_slot *slot)
{
	const struct shd_transfer_in *in = &slot->in;
	CURL *easy = slot->easy;

	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_reply);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
	if (in->probe)
		set_noop(slot);
	else
		set_letter(slot);
	curl_easy_setopt(easy, CURLOPT_USE_SSL,
			 (long)(in->require_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
	if (in->user) {
		curl_easy_setopt(easy, CURLOPT_USERNAME, in->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD,
				 in->password ? shd_secret_reveal(in->password, NULL) : "");
	}
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
	curl_slist_free_all(slot->recipients);
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
	slot->body_sent = 0;
	slot->too_long = false;
	slot->busy = true;
	slot->message[0] = slot->reply[0] = '\0';
	slot->started_ms = now_ms;
	shd_text_clear(&slot->answer);
	shd_running_hash_reset(slot->hash);
	set_request(slot);
	if (in->mail_from)
		set_mail(slot);
	else
		set_http(slot);
}

/* Makes the slot forget what it did, but keeps a buffer of usual size. */
static void clear(struct shd_slot *slot)
{
	if (slot->in.mail_from) { /* a mail leaves too much behind to undo singly */
		curl_easy_reset(slot->easy);
		set_always(slot);
		curl_slist_free_all(slot->recipients);
		slot->recipients = NULL;
	}
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

static const char *no_header(const void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
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
	if (code == CURLE_OPERATION_TIMEDOUT)
		return SHD_ERR_TIMEOUT;
	static const CURLcode tls[] = {CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION,
		CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
		CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ISSUER_ERROR,
		CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_CRL_BADFILE, CURLE_USE_SSL_FAILED};
	for (size_t i = 0; i < SHD_COUNT(tls); i++)
		if (code == tls[i])
			return SHD_ERR_TLS;
	return SHD_ERR_NETWORK;
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

/* What the mail server said beside its code; else what curl says of it. */
static const char *words_of_reply(const struct shd_slot *slot, int status)
{
	bool is_last = strlen(slot->reply) > 4 && strtol(slot->reply, NULL, 10) == status;

	return is_last ? slot->reply + 4 : slot->message;
}

static void fill_out(struct shd_slot *slot, CURLcode code, int64_t now_ms,
		     struct shd_transfer_out *out)
{
	bool mail = slot->in.mail_from;
	long status = 0;

	curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
	out->status = (int)status;
	out->last_byte.ms = now_ms;
	out->took_ms = out->last_byte.ms - slot->started_ms;
	out->header = header_of;
	out->header_ctx = slot;
	/* A mail server's refusal is an answer; curl calls it a failure. */
	out->ok = code == CURLE_OK || (mail && status >= 400);
	if (!out->ok)
		explain(slot, code, &out->error);
	else if (mail)
		shd_text_puts(&slot->answer, words_of_reply(slot, (int)status));
	if (out->ok && !mail)
		out->server_date_ms = date_of(slot);
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

void shd_slot_cancel(shd_transfer_fn *done, void *ctx)
{
	struct shd_transfer_out out = {.header = no_header};

	shd_fail(&out.error, SHD_ERR_CLOSING, "given up because the daemon stops");
	shd_text_init(&out.body, 0);
	done(ctx, &out);
}


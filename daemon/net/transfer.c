#include "transfer.h"

#include "base/hash.h"
#include "curl_loop.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	HEADERS_MAX = 16,
	QUEUE_FACTOR = 8,              /* requests that may wait, per slot */
	BODY_KEEP_BYTES = 256 * 1024,  /* a larger buffer is not kept for the next answer */
	RECEIVE_BYTES = 32 * 1024,     /* one read takes a usual page with its headers */
	CA_CACHE_S = 24 * 3600,
};

/* A slot: an easy handle that is used again and again. */
struct shd_transfer {
	struct shd_transfer *next; /* among the idle slots */
	struct shd_transfers *transfers;
	CURL *easy;
	struct shd_transfer_in in;
	shd_transfer_fn *done;
	void *ctx;
	struct curl_slist headers[HEADERS_MAX]; /* points into in.headers */
	struct curl_slist *recipients;
	size_t body_sent;
	struct shd_text answer;
	struct shd_running_hash *hash;
	int64_t started_ms;
	bool busy, too_long;
	char message[CURL_ERROR_SIZE];
};

struct waiting {
	struct waiting *next;
	struct shd_transfer_in in;
	shd_transfer_fn *done;
	void *ctx;
};

struct shd_transfers {
	uv_loop_t *loop;
	CURLM *multi;
	struct shd_curl_loop *glue;
	struct shd_transfer **slots, *idle;
	size_t slot_count, slot_max, running;
	struct waiting *first, **last;
	size_t waiting;
	char *ca_file;           /* that curl was built with, or NULL */
	char date_text[40];      /* the last Date header and what it meant */
	int64_t date_ms;
	bool closing;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* --- what curl brings and takes ------------------------------------------- */

static size_t on_write(char *bytes, size_t size, size_t count, void *ctx)
{
	struct shd_transfer *transfer = ctx;
	size_t len = size * count;

	if (len > (size_t)transfer->in.answer_max_bytes - transfer->answer.len) {
		transfer->too_long = true;
		return CURL_WRITEFUNC_ERROR;
	}
	shd_text_add(&transfer->answer, bytes, len);
	shd_running_hash_add(transfer->hash, bytes, len);
	return len;
}

static size_t on_read(char *room, size_t size, size_t count, void *ctx)
{
	struct shd_transfer *transfer = ctx;
	size_t len = transfer->in.body_len - transfer->body_sent;

	if (len > size * count)
		len = size * count;
	memcpy(room, transfer->in.body + transfer->body_sent, len);
	transfer->body_sent += len;
	return len;
}

/* curl rewinds when a kept connection turns out to be dead. */
static int on_seek(void *ctx, curl_off_t offset, int origin)
{
	struct shd_transfer *transfer = ctx;

	if (origin != SEEK_SET || offset < 0 || (size_t)offset > transfer->in.body_len)
		return CURL_SEEKFUNC_CANTSEEK;
	transfer->body_sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* --- slots -------------------------------------------------------------------- */

/* What holds for every request of a slot. */
static void set_always(struct shd_transfer *transfer)
{
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* closing waits for no name server */
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https,smtp,smtps");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "storehealthd/" SHD_VERSION);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
	/* A CA path would defeat the cache of the CA file: 30 ms instead of 1 ms for
	 * each new connection. */
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)CA_CACHE_S);
}

static struct shd_transfer *slot_take(struct shd_transfers *transfers)
{
	struct shd_transfer *transfer = transfers->idle;

	if (transfer) {
		transfers->idle = transfer->next;
		return transfer;
	}
	transfer = shd_xcalloc(1, sizeof(*transfer));
	transfer->transfers = transfers;
	transfer->easy = curl_easy_init();
	transfer->hash = shd_running_hash_create();
	shd_assert(transfer->easy);
	shd_text_init(&transfer->answer, SIZE_MAX / 2); /* on_write keeps the request's limit */
	set_always(transfer);
	transfers->slots[transfers->slot_count++] = transfer;
	return transfer;
}

static void slot_free(struct shd_transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->recipients);
	shd_running_hash_destroy(transfer->hash);
	shd_text_finish(&transfer->answer);
	free(transfer);
}

/* Makes the slot forget what it did, but keeps a buffer of usual size. */
static void slot_give_back(struct shd_transfer *transfer)
{
	struct shd_transfers *transfers = transfer->transfers;

	if (transfer->in.mail_from) { /* a mail leaves too much behind to undo singly */
		curl_easy_reset(transfer->easy);
		set_always(transfer);
		curl_slist_free_all(transfer->recipients);
		transfer->recipients = NULL;
	}
	if (transfer->answer.len > BODY_KEEP_BYTES)
		free(shd_text_take(&transfer->answer));
	transfer->busy = false;
	transfer->next = transfers->idle;
	transfers->idle = transfer;
}

static void set_route(struct shd_transfer *transfer)
{
	const struct shd_transfer_in *in = &transfer->in;
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_URL, in->url);
	curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, in->unix_socket);
	/* "" and not NULL: the environment does not choose how a store leaves. */
	curl_easy_setopt(easy, CURLOPT_PROXY, in->proxy ? in->proxy : "");
	curl_easy_setopt(easy, CURLOPT_INTERFACE, in->interface);
	curl_easy_setopt(easy, CURLOPT_CAINFO,
			 in->ca_file ? in->ca_file : transfer->transfers->ca_file);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)in->connect_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)in->total_ms);
	curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)in->answer_max_bytes);
}

static void set_http(struct shd_transfer *transfer)
{
	const struct shd_transfer_in *in = &transfer->in;
	CURL *easy = transfer->easy;

	for (size_t i = 0; i < in->header_count; i++) {
		transfer->headers[i].data = in->headers[i].data;
		transfer->headers[i].next =
			i + 1 < in->header_count ? &transfer->headers[i + 1] : NULL;
	}
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, in->header_count ? transfer->headers : NULL);
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

static void set_letter(struct shd_transfer *transfer)
{
	const struct shd_transfer_in *in = &transfer->in;
	CURL *easy = transfer->easy;

	for (size_t i = 0; i < in->mail_to.count; i++)
		transfer->recipients = curl_slist_append(transfer->recipients,
							 in->mail_to.items[i]);
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, in->mail_from);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, transfer->recipients);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, in->some_will_do ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)in->body_len);
}

/* Without a recipient curl sends one command of our choice. */
static void set_noop(struct shd_transfer *transfer)
{
	curl_easy_setopt(transfer->easy, CURLOPT_CUSTOMREQUEST, "NOOP");
	curl_easy_setopt(transfer->easy, CURLOPT_NOBODY, 1L);
}

static void set_mail(struct shd_transfer *transfer)
{
	const struct shd_transfer_in *in = &transfer->in;
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
	if (in->probe)
		set_noop(transfer);
	else
		set_letter(transfer);
	curl_easy_setopt(easy, CURLOPT_USE_SSL,
			 (long)(in->require_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
	if (in->user) {
		curl_easy_setopt(easy, CURLOPT_USERNAME, in->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD,
				 in->password ? shd_secret_reveal(in->password, NULL) : "");
	}
}

static void run(struct shd_transfers *transfers, const struct shd_transfer_in *in,
		shd_transfer_fn *done, void *ctx)
{
	struct shd_transfer *transfer = slot_take(transfers);

	transfer->in = *in;
	transfer->done = done;
	transfer->ctx = ctx;
	if (in->before_send)
		in->before_send(ctx, &transfer->in);
	transfer->body_sent = 0;
	transfer->too_long = false;
	transfer->busy = true;
	transfer->message[0] = '\0';
	transfer->started_ms = (int64_t)uv_now(transfers->loop);
	shd_text_clear(&transfer->answer);
	shd_running_hash_reset(transfer->hash);
	set_route(transfer);
	if (in->mail_from)
		set_mail(transfer);
	else
		set_http(transfer);
	transfers->running++;
	shd_assert(curl_multi_add_handle(transfers->multi, transfer->easy) == CURLM_OK);
}

static void run_waiting(struct shd_transfers *transfers)
{
	while (transfers->first && transfers->running < transfers->slot_max) {
		struct waiting *waiting = transfers->first;

		transfers->first = waiting->next;
		if (!transfers->first)
			transfers->last = &transfers->first;
		transfers->waiting--;
		run(transfers, &waiting->in, waiting->done, waiting->ctx);
		free(waiting);
	}
}

/* --- the end of a transfer ----------------------------------------------------- */

static const char *header_of(const void *ctx, const char *name)
{
	const struct shd_transfer *transfer = ctx;
	struct curl_header *header;

	if (curl_easy_header(transfer->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
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
static int64_t date_of(struct shd_transfer *transfer)
{
	struct shd_transfers *transfers = transfer->transfers;
	const char *text = header_of(transfer, "Date");

	if (!text || strlen(text) >= sizeof(transfers->date_text))
		return 0;
	if (strcmp(text, transfers->date_text) != 0) {
		time_t seconds = curl_getdate(text, NULL);

		memcpy(transfers->date_text, text, strlen(text) + 1);
		transfers->date_ms = seconds > 0 ? (int64_t)seconds * SHD_SECOND_MS : 0;
	}
	return transfers->date_ms;
}

static enum shd_err kind_of(const struct shd_transfer *transfer, CURLcode code)
{
	if (transfer->too_long || code == CURLE_FILESIZE_EXCEEDED)
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

static void explain(const struct shd_transfer *transfer, CURLcode code, struct shd_error *reterr)
{
	enum shd_err kind = kind_of(transfer, code);

	if (kind == SHD_ERR_LIMIT)
		shd_fail(reterr, kind, "the answer is longer than %lld bytes",
			 (long long)transfer->in.answer_max_bytes);
	else
		shd_fail(reterr, kind, "%s",
			 transfer->message[0] ? transfer->message : curl_easy_strerror(code));
}

static void fill_out(struct shd_transfer *transfer, CURLcode code, struct shd_transfer_out *out)
{
	struct shd_transfers *transfers = transfer->transfers;
	bool mail = transfer->in.mail_from;
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	out->status = (int)status;
	out->last_byte.ms = (int64_t)uv_now(transfers->loop);
	out->took_ms = out->last_byte.ms - transfer->started_ms;
	out->header = header_of;
	out->header_ctx = transfer;
	/* A mail server's refusal is an answer; curl calls it a failure. */
	out->ok = code == CURLE_OK || (mail && status >= 400);
	if (!out->ok)
		explain(transfer, code, &out->error);
	else if (code != CURLE_OK)
		shd_text_puts(&transfer->answer, transfer->message);
	if (out->ok && !mail)
		out->server_date_ms = date_of(transfer);
	out->hash = shd_running_hash_value(transfer->hash);
	out->body = transfer->answer;
}

static void finish(struct shd_transfer *transfer, CURLcode code)
{
	struct shd_transfers *transfers = transfer->transfers;
	struct shd_transfer_out out = {0};

	fill_out(transfer, code, &out);
	curl_multi_remove_handle(transfers->multi, transfer->easy);
	transfer->done(transfer->ctx, &out); /* what it starts waits for drain */
	transfer->answer = out.body;         /* empty, when it was taken */
	slot_give_back(transfer);
	transfers->running--;
}

static void drain(void *ctx)
{
	struct shd_transfers *transfers = ctx;
	CURLMsg *message;
	int left;

	while (!transfers->closing && (message = curl_multi_info_read(transfers->multi, &left))) {
		struct shd_transfer *transfer;

		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result; /* gone once the handle is removed */
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		finish(transfer, code);
	}
	if (!transfers->closing)
		run_waiting(transfers);
}

/* --- the way in ------------------------------------------------------------------ */

static bool is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;
	char bare[INET6_ADDRSTRLEN + 2];

	if (strcasecmp(host, "localhost") == 0) /* curl resolves it to loopback by itself */
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	size_t len = strlen(host);
	if (len < 3 || len - 2 >= sizeof(bare) || host[0] != '[' || host[len - 1] != ']')
		return false;
	memcpy(bare, host + 1, len - 2);
	bare[len - 2] = '\0';
	return inet_pton(AF_INET6, bare, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Whether the host of the URL, as curl will read it, is this machine. */
static bool goes_to_loopback(const char *url)
{
	CURLU *parsed = curl_url();
	char *host = NULL;
	bool loopback = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
			curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
			is_loopback(host);

	curl_free(host);
	curl_url_cleanup(parsed);
	return loopback;
}

static bool starts_with(const char *url, const char *scheme)
{
	return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

static bool check(const struct shd_transfer_in *in, struct shd_error *reterr)
{
	bool mail = starts_with(in->url, "smtp://") || starts_with(in->url, "smtps://");

	shd_assert(in->header_count <= HEADERS_MAX);
	if (mail != (in->mail_from != NULL))
		return shd_fail(reterr, SHD_ERR_CONFIG, "%s: %s", in->url,
				mail ? "a mail needs a sender" : "expected smtp:// or smtps://");
	if (mail && !in->probe && in->mail_to.count == 0)
		return shd_fail(reterr, SHD_ERR_CONFIG, "%s: a mail needs a recipient", in->url);
	if (mail || starts_with(in->url, "https://"))
		return true;
	if (!starts_with(in->url, "http://"))
		return shd_fail(reterr, SHD_ERR_CONFIG, "%.80s: expected https://", in->url);
	if (!in->unix_socket && !goes_to_loopback(in->url))
		return shd_fail(reterr, SHD_ERR_CONFIG,
			"%.80s: only this machine is spoken to without TLS; expected https://",
			in->url);
	return true;
}

bool shd_transfer_start(struct shd_transfers *transfers, const struct shd_transfer_in *in,
			shd_transfer_fn *done, void *ctx, struct shd_error *reterr)
{
	if (transfers->closing)
		return shd_fail(reterr, SHD_ERR_CLOSING, "the daemon stops");
	if (!check(in, reterr))
		return false;
	if (transfers->waiting >= QUEUE_FACTOR * transfers->slot_max)
		return shd_fail(reterr, SHD_ERR_LIMIT, "%zu requests wait already",
				transfers->waiting);

	struct shd_transfer_in safe = *in;
	/* A password never goes over a network in the clear. */
	safe.require_tls |=
		in->user && starts_with(in->url, "smtp://") && !goes_to_loopback(in->url);
	if (transfers->running < transfers->slot_max && !transfers->first) {
		run(transfers, &safe, done, ctx);
		return true;
	}
	struct waiting *waiting = shd_xcalloc(1, sizeof(*waiting));
	waiting->in = safe;
	waiting->done = done;
	waiting->ctx = ctx;
	*transfers->last = waiting;
	transfers->last = &waiting->next;
	transfers->waiting++;
	return true;
}

size_t shd_transfers_running(const struct shd_transfers *transfers)
{
	return transfers->running;
}

size_t shd_transfers_waiting(const struct shd_transfers *transfers)
{
	return transfers->waiting;
}

/* --- life ---------------------------------------------------------------------------- */

struct shd_transfers *shd_transfers_create(uv_loop_t *loop, int64_t in_flight_max)
{
	struct shd_transfers *transfers = shd_xcalloc(1, sizeof(*transfers));
	const char *ca_file = NULL;

	shd_assert(in_flight_max > 0 && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
	transfers->loop = loop;
	transfers->slot_max = (size_t)in_flight_max;
	transfers->slots = shd_xcalloc(transfers->slot_max, sizeof(*transfers->slots));
	transfers->last = &transfers->first;
	transfers->multi = curl_multi_init();
	shd_assert(transfers->multi);
	transfers->glue = shd_curl_loop_create(loop, transfers->multi, drain, transfers);
	curl_multi_setopt(transfers->multi, CURLMOPT_MAXCONNECTS, (long)in_flight_max);

	CURL *easy = curl_easy_init();
	shd_assert(easy);
	curl_easy_getinfo(easy, CURLINFO_CAINFO, &ca_file);
	transfers->ca_file = ca_file ? shd_xstrdup(ca_file) : NULL;
	curl_easy_cleanup(easy);
	return transfers;
}

static void cancel(shd_transfer_fn *done, void *ctx)
{
	struct shd_transfer_out out = {.header = no_header};

	shd_fail(&out.error, SHD_ERR_CLOSING, "given up because the daemon stops");
	shd_text_init(&out.body, 0);
	done(ctx, &out);
}

static void glue_closed(void *ctx)
{
	struct shd_transfers *transfers = ctx;
	void (*closed)(void *ctx) = transfers->closed;
	void *closed_ctx = transfers->closed_ctx;

	free(transfers->slots);
	free(transfers->ca_file);
	free(transfers);
	if (closed)
		closed(closed_ctx);
}

/* From a turn of its own. */
static void cancel_all(void *ctx)
{
	struct shd_transfers *transfers = ctx;

	while (transfers->first) {
		struct waiting *waiting = transfers->first;

		transfers->first = waiting->next;
		transfers->waiting--;
		cancel(waiting->done, waiting->ctx);
		free(waiting);
	}
	for (size_t i = 0; i < transfers->slot_count; i++) {
		struct shd_transfer *transfer = transfers->slots[i];

		curl_multi_remove_handle(transfers->multi, transfer->easy);
		if (transfer->busy) {
			transfers->running--;
			cancel(transfer->done, transfer->ctx);
		}
		slot_free(transfer);
	}
	curl_multi_cleanup(transfers->multi); /* closes connections: the glue is still needed */
	curl_global_cleanup();
}

void shd_transfers_close(struct shd_transfers *transfers, void (*closed)(void *ctx), void *ctx)
{
	shd_assert(!transfers->closing);
	transfers->closing = true;
	transfers->closed = closed;
	transfers->closed_ctx = ctx;
	shd_curl_loop_close(transfers->glue, cancel_all, glue_closed);
}

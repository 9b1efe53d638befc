/* A made-up marketplace, for what no real one of today needs: a refresh token that rotates, a
 * signature over the time of sending, a report that takes several requests and comes as
 * packed TSV from another host, rows made at load time, a list of changes that goes on by a
 * text that expires. Its strict server is
 * tests/support/madeup_server.py; compiled into storehealthd-test only. */
#include "base/crypto.h"
#include "market/adapter.h"
#include "market/loose.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct credential {
	const char *client_id;
	struct shd_secret_ref refresh_token, signing_key;
};

struct settings {
	struct shd_texts shelves; /* each is a row */
	const char *shop;         /* NULL: the only one of the credential */
	bool changes;             /* the list of changes is read */
};

/* --- requests ----------------------------------------------------------------------------- */

static void put_url(struct shd_request *request, const char *base, const char *path)
{
	shd_text_puts(&request->url, base);
	shd_text_puts(&request->url, path);
}

static void put_token(struct shd_request *request, const struct shd_keys *keys)
{
	shd_text_printf(shd_request_secret_header(request), "X-Access-Token: %s",
		shd_secret_reveal(keys->token, &(size_t){0}));
}

/* Path and query, then the time, under the signing key. */
static void sign(const struct shd_page_in *in, struct shd_wall sent_at,
		 const struct shd_keys *keys, struct shd_request *request)
{
	const struct credential *credential = in->source->credential->settings;
	const struct shd_secret *secret = keys->secret(keys->ctx, &credential->signing_key);
	const char *path = request->url.data + strlen(in->source->base_url);
	struct shd_text text SHD_AUTO(shd_text_finish) = {0};
	unsigned char mac[SHD_SHA256_BYTES];
	char hex[2 * SHD_SHA256_BYTES + 1];
	size_t len;

	shd_text_init(&text, 512 * 1024);
	shd_text_printf(&text, "%s %s %" PRId64, request->method, path, sent_at.ms);
	const char *key = shd_secret_reveal(secret, &len);
	shd_hmac_sha256(key, len, text.data, text.len, mac);
	shd_hex(mac, sizeof(mac), hex);
	shd_text_printf(shd_request_header(request), "X-Time: %" PRId64, sent_at.ms);
	shd_text_printf(shd_request_header(request), "X-Signature: %s", hex);
}

/* By the text, or from the time of the last poll. */
static void put_changes(const struct shd_page_in *in, struct shd_request *request)
{
	if (!in->position[0]) {
		shd_text_printf(&request->url, "&since=%" PRId64, in->cursor.ms);
		return;
	}
	shd_text_puts(&request->url, "&after=");
	shd_percent_encode(in->position, strlen(in->position), &request->url);
}

static bool ask(const struct shd_endpoint *row, const struct shd_page_in *in,
		const struct shd_keys *keys, struct shd_request *request, struct shd_error *reterr)
{
	const struct settings *settings = in->source->settings;

	request->method = row->method;
	put_url(request, in->source->base_url, row->path);
	if (row->paging == SHD_PAGE_CURSOR)
		shd_text_printf(&request->url, "?limit=%d", row->limit);
	if (row->paging == SHD_PAGE_CURSOR && settings->shop)
		shd_text_printf(&request->url, "&shop=%s", settings->shop);
	if (row->resumes) {
		put_changes(in, request);
	} else if (in->position[0]) {
		shd_text_puts(&request->url, "&cursor=");
		shd_percent_encode(in->position, strlen(in->position), &request->url);
	}
	put_token(request, keys);
	return shd_text_ok(&request->url) || shd_fail(reterr, SHD_ERR_LIMIT, "the URL is too long");
}

/* X-Rate: thousandths of a request per second. */
static int64_t rate_of(const struct shd_answer *answer)
{
	const char *rate = answer->header(answer->ctx, "X-Rate");

	int64_t milli = rate ? strtoll(rate, NULL, 10) : 0;

	return milli < INT64_MAX / 1000 && milli > 0 ? milli * 1000 : 0;
}

static bool accept_answer(const struct shd_endpoint *row, const struct shd_answer *answer,
			  struct shd_answer_verdict *ret_verdict)
{
	enum shd_err kind = answer->status == 401   ? SHD_ERR_CREDENTIALS
			    : answer->status == 429 ? SHD_ERR_THROTTLED
			    : answer->status >= 500 ? SHD_ERR_SERVER
						    : SHD_ERR_REQUEST;

	*ret_verdict = (struct shd_answer_verdict){.ok = true, .rate_micro_per_s = rate_of(answer)};
	if (answer->status == 200 || answer->status == 202 ||
		(row->report && answer->status == 409))
		return true;
	*ret_verdict = (struct shd_answer_verdict){
		.retry_after_ms = shd_retry_after_ms(answer, SHD_HOUR_MS)};
	return shd_fail(&ret_verdict->error, kind, "%s answers %d: %.*s", row->path, answer->status,
		(int)(answer->len < 100 ? answer->len : 100), answer->body);
}

/* --- tokens ------------------------------------------------------------------------------- */

static const struct shd_secret *first_token(
	const struct shd_credential *credential, shd_secret_fn *secret, void *ctx)
{
	const struct credential *settings = credential->settings;

	return secret(ctx, &settings->refresh_token);
}

static bool ask_token(const struct shd_renewal_in *in, struct shd_request *request,
		      struct shd_error *reterr)
{
	const struct credential *settings = in->credential->settings;

	request->method = "POST";
	put_url(request, in->base_url, "/token");
	shd_text_puts(shd_request_header(request),
		"Content-Type: application/x-www-form-urlencoded");
	shd_text_printf(&request->body, "client_id=%s&refresh_token=%s", settings->client_id,
		shd_secret_reveal(in->refresh, &(size_t){0}));
	return shd_text_ok(&request->body) || shd_fail(reterr, SHD_ERR_LIMIT, "too long");
}

static struct shd_secret *secret_at(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_string(value)
		? shd_secret_create(json_string_value(value), json_string_length(value)) : NULL;
}

static bool read_token(const struct shd_answer *answer, struct shd_renewed *ret_renewed,
		       int64_t *ret_retry_after_ms, struct shd_error *reterr)
{
	json_auto_t *body = NULL;
	int64_t seconds;

	*ret_retry_after_ms = 0;
	if (answer->status == 400)
		return shd_fail(reterr, SHD_ERR_CREDENTIALS, "the refresh token was refused");
	if (answer->status != 200)
		return shd_fail(reterr, SHD_ERR_SERVER, "/token answers %d", answer->status);
	body = shd_adapter_parse(answer->body, answer->len, reterr);
	if (!body)
		return false;
	*ret_renewed = (struct shd_renewed){.access = secret_at(body, "access_token"),
		.refresh = secret_at(body, "refresh_token")};
	if (ret_renewed->access && shd_loose_int(json_object_get(body, "expires_in"), &seconds)) {
		ret_renewed->lifetime_ms = seconds * 1000;
		return true;
	}
	shd_renewed_finish(ret_renewed);
	return shd_fail(reterr, SHD_ERR_SCHEMA, "/token answers without a token");
}

/* --- the report --------------------------------------------------------------------------- */

static bool ask_report(const struct shd_endpoint *row, const struct shd_job_in *in,
		       struct shd_request *request, struct shd_error *reterr)
{
	request->method = "GET";
	put_url(request, in->source->base_url, row->path);
	switch (in->job->step) {
	case SHD_JOB_LOOK:
		break;
	case SHD_JOB_CREATE:
		request->method = "POST";
		break;
	case SHD_JOB_WAIT:
		shd_text_printf(&request->url, "/%s", in->job->id);
		break;
	case SHD_JOB_LOCATE:
		shd_text_printf(&request->url, "/document/%s", in->job->document);
		break;
	case SHD_JOB_FETCH:
	case SHD_JOB_OVER:
		shd_assert(false); /* no request of its own */
	}
	put_token(request, in->keys);
	return shd_text_ok(&request->url) || shd_fail(reterr, SHD_ERR_LIMIT, "the URL is too long");
}

static bool copy(const json_t *object, const char *name, char *to, size_t size)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && snprintf(to, size, "%s", text) < (int)size;
}

static bool read_status(const json_t *body, struct shd_job_answer *answer)
{
	static const struct {
		const char *word;
		enum shd_job_news news;
	} words[] = {{"NONE", SHD_JOB_NONE}, {"RUNNING", SHD_JOB_RUNS}, {"DONE", SHD_JOB_READY},
		{"CANCELLED", SHD_JOB_EMPTY}, {"FATAL", SHD_JOB_FATAL}};
	const char *status = json_string_value(json_object_get(body, "status"));

	copy(body, "id", answer->id, sizeof(answer->id));
	copy(body, "document", answer->document, sizeof(answer->document));
	for (size_t i = 0; status && i < SHD_COUNT(words); i++)
		if (strcmp(status, words[i].word) == 0) {
			answer->news = words[i].news;
			return answer->news != SHD_JOB_READY || answer->document[0];
		}
	return false;
}

static bool read_report(const struct shd_endpoint *row, const struct shd_job *job,
			const struct shd_answer *answer, struct shd_job_answer *ret_answer,
			struct shd_error *reterr)
{
	json_auto_t *body = NULL;

	(void)row;
	if (job->step == SHD_JOB_FETCH) {
		ret_answer->news = SHD_JOB_EXPIRED;
		return answer->status == 403 || shd_fail(reterr, SHD_ERR_SERVER,
			"the document's host answers %d", answer->status);
	}
	if (answer->status == 409) {
		ret_answer->news = SHD_JOB_TAKEN;
		return job->step == SHD_JOB_CREATE || shd_fail(reterr, SHD_ERR_SERVER, "a 409");
	}
	body = shd_adapter_parse(answer->body, answer->len, reterr);
	if (!body)
		return false;
	if (job->step == SHD_JOB_LOCATE) {
		ret_answer->news = SHD_JOB_AT;
		if (copy(body, "url", ret_answer->url, sizeof(ret_answer->url)))
			return true;
	} else if (read_status(body, ret_answer)) {
		return true;
	}
	return shd_fail(reterr, SHD_ERR_SCHEMA, "an unknown answer to step \"%s\"",
		shd_job_step_name(job->step));
}

static const struct shd_report report = {
	.first_wait_ms = 300,
	.wait_ms = 300,
	.age_max_ms = 60000,
	.tries_max = 5,
	.request = ask_report,
	.read = read_report,
};

/* --- records ------------------------------------------------------------------------------ */

static bool map_order(const struct shd_map_in *in, const json_t *record, struct shd_harvest *out,
		      struct shd_error *reterr)
{
	size_t at;

	(void)in;
	if (!shd_put_entity(
		    out, SHD_KIND_order, "", json_object_get(record, "id"), "id", &at, reterr))
		return false;
	shd_put_time(out, at, SHD_F_order_opened_at, json_object_get(record, "created"));
	const json_t *tracking = json_object_get(record, "tracking");
	if (!tracking)
		return true;
	if (!shd_put_entity(out, SHD_KIND_parcel, "", json_object_get(record, "id"), "id", &at,
		    reterr))
		return false;
	shd_put_text(out, at, SHD_F_parcel_tracking_number, tracking);
	return true;
}

static bool map_stock(const struct shd_map_in *in, const json_t *record, struct shd_harvest *out,
		      struct shd_error *reterr)
{
	size_t at;

	(void)in;
	if (!shd_put_entity(
		    out, SHD_KIND_stock, "", json_object_get(record, "sku"), "sku", &at, reterr))
		return false;
	shd_put_text(out, at, SHD_F_stock_sku, json_object_get(record, "sku"));
	shd_put_number(out, at, SHD_F_stock_available, json_object_get(record, "available"));
	return true;
}

static bool map_listing(const struct shd_map_in *in, const json_t *record, struct shd_harvest *out,
			struct shd_error *reterr)
{
	size_t at;

	(void)in;
	if (!shd_put_entity(
		    out, SHD_KIND_listing, "", json_object_get(record, "sku"), "sku", &at, reterr))
		return false;
	shd_put_text(out, at, SHD_F_listing_title, json_object_get(record, "title"));
	return true;
}

static bool next_orders(const struct shd_endpoint *row, const json_t *envelope, size_t records,
			const struct shd_page_in *in, struct shd_page_out *ret_out,
			struct shd_error *reterr)
{
	(void)row;
	(void)records;
	(void)in;
	(void)reterr;
	const char *position = json_string_value(json_object_get(envelope, "next"));
	ret_out->last = !position;
	shd_text_puts(&ret_out->position, position ? position : "");
	return true;
}

static bool next_changes(const struct shd_endpoint *row, const json_t *envelope, size_t records,
			 const struct shd_page_in *in, struct shd_page_out *ret_out,
			 struct shd_error *reterr)
{
	const char *mark = json_string_value(json_object_get(envelope, "mark"));

	(void)row;
	(void)records;
	(void)in;
	ret_out->last = !json_is_true(json_object_get(envelope, "more"));
	if (!mark || !shd_loose_int(json_object_get(envelope, "expires"), &ret_out->expires.ms))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "/changes answers without a mark");
	shd_text_puts(&ret_out->position, mark);
	return true;
}

static const char *const stock_columns[] = {"sku", "available", NULL};

static const struct shd_endpoint orders = {.name = "orders",
	.poller = SHD_P_orders,
	.method = "GET",
	.path = "/orders",
	.paging = SHD_PAGE_CURSOR,
	.limit = 2,
	.page_max = 50,
	.records = "orders",
	.map = map_order,
	.next = next_orders};
static const struct shd_endpoint changes = {.name = "changes",
	.poller = SHD_P_orders,
	.method = "GET",
	.path = "/changes",
	.paging = SHD_PAGE_CURSOR,
	.limit = 2,
	.page_max = 50,
	.records = "changes",
	.resumes = true,
	.map = map_order,
	.next = next_changes};
static const struct shd_endpoint stock = {.name = "stock",
	.poller = SHD_P_stock,
	.method = "GET",
	.path = "/reports",
	.paging = SHD_PAGE_SINGLE,
	.records = "",
	.decode = SHD_DECODE_TSV,
	.columns = stock_columns,
	.report = &report,
	.map = map_stock};

/* The two that all have, one for each shelf, and the changes. */
static const struct shd_endpoint *make_endpoints(
	const void *of, struct shd_arena *arena, size_t *ret_count)
{
	const struct settings *settings = of;
	struct shd_endpoint *rows =
		shd_arena_alloc(arena, settings->shelves.count + 3, sizeof(*rows));

	if (!rows)
		return NULL;
	rows[0] = orders;
	rows[1] = stock;
	for (size_t i = 0; i < settings->shelves.count; i++) {
		struct shd_text text SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&text, 1000);
		shd_text_printf(&text, "/shelves/%s", settings->shelves.items[i]);
		rows[i + 2] = (struct shd_endpoint){.name = settings->shelves.items[i],
			.poller = SHD_P_account,
			.method = "GET",
			.path = shd_arena_text(arena, text.data, text.len),
			.operation = "shelf",
			.micro_per_s = 400000,
			.burst = 5,
			.paging = SHD_PAGE_SINGLE,
			.records = "listings",
			.map = map_listing};
	}
	*ret_count = settings->shelves.count + 2;
	if (settings->changes)
		rows[(*ret_count)++] = changes;
	return rows;
}

static const struct shd_option options[] = {
	{.name = "shelves", .type = SHD_OPT_TEXTS, .offset = offsetof(struct settings, shelves),
		.doc = "Shelves whose listings are read."},
	{.name = "shop", .type = SHD_OPT_TEXT, .offset = offsetof(struct settings, shop),
		.doc = "Which of the account's shops it is."},
	{.name = "changes", .type = SHD_OPT_BOOL, .offset = offsetof(struct settings, changes),
		.doc = "Whether the list of changes is read."},
};
static const struct shd_option credential_options[] = {
	{.name = "client_id", .type = SHD_OPT_TEXT, .required = true,
		.offset = offsetof(struct credential, client_id), .doc = "Who asks."},
	{.name = "refresh_token", .type = SHD_OPT_SECRET, .required = true,
		.offset = offsetof(struct credential, refresh_token), .doc = "The first one."},
	{.name = "signing_key", .type = SHD_OPT_SECRET, .required = true,
		.offset = offsetof(struct credential, signing_key), .doc = "Signs requests."},
};
static const struct shd_renewal renewal = {
	.ahead_ms = 1000, .first = first_token, .request = ask_token, .read = read_token};

extern const struct shd_adapter shd_madeup_adapter;
const struct shd_adapter shd_madeup_adapter = {
	.name = "madeup",
	.base_url = "https://madeup.invalid",
	.rate_per_s = 100,
	.options = options,
	.option_count = SHD_COUNT(options),
	.settings_size = sizeof(struct settings),
	.credential_options = credential_options,
	.credential_option_count = SHD_COUNT(credential_options),
	.credential_size = sizeof(struct credential),
	.make_endpoints = make_endpoints,
	.renewal = &renewal,
	.cheapest = "orders",
	.request = ask,
	.sign = sign,
	.accept = accept_answer,
};

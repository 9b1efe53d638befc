#include "ozon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void shd_ozon_quote(struct shd_text *out, const char *text)
{
	json_auto_t *json = json_string(text);
	char *quoted shd_autofree = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;

	shd_text_puts(out, quoted ? quoted : "\"\"");
}

void shd_ozon_invalid(struct shd_http_reply *reply, int http, int code, const char *message)
{
	reply->status = http;
	shd_text_clear(&reply->body);
	shd_text_printf(&reply->body, "{\"code\":%d,\"message\":", code);
	shd_ozon_quote(&reply->body, message);
	shd_text_puts(&reply->body, ",\"details\":[]}");
}

void shd_ozon_refuse(struct shd_http_reply *reply, enum shd_refusal_id refusal)
{
	const struct shd_refusal *row = &shd_ozon_refusals[refusal];

	shd_ozon_invalid(reply, row->http, row->code, row->text);
}

static const struct shd_method *find_method(const char *path)
{
	for (size_t i = 0; i < shd_method_count; i++)
		if (strcmp(shd_methods[i].path, path) == 0)
			return &shd_methods[i];
	return NULL;
}

static bool positive_integer(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < 19 && strspn(text, "0123456789") == len &&
	       strspn(text, "0") != len;
}

/* A key without roles may call everything; paths or prefixes of whole segments. */
static bool may_call(const struct shd_ozon_account *account, const char *path)
{
	size_t i;
	json_t *role;

	if (!account->methods || strcmp(path, "/v1/roles") == 0)
		return true;
	json_array_foreach(account->methods, i, role) {
		const char *prefix = json_string_value(role);
		size_t len = prefix ? strlen(prefix) : 0;

		if (len && strncmp(prefix, path, len) == 0 && (path[len] == '/' || !path[len]))
			return true;
	}
	return false;
}

/* A bucket of one second's worth of requests. */
static bool take_token(struct shd_ozon_account *account, int64_t now_ms)
{
	int64_t most = account->rate_per_s * 1000;
	int64_t gone_ms = now_ms - account->tokens_at_ms;

	if (gone_ms > 0) {
		account->tokens_milli += (gone_ms > 1000 ? 1000 : gone_ms) * account->rate_per_s;
		account->tokens_milli = account->tokens_milli < most ? account->tokens_milli : most;
	}
	account->tokens_at_ms = now_ms;
	if (account->tokens_milli < 1000)
		return false;
	account->tokens_milli -= 1000;
	return true;
}

static bool keeps_min_interval(const struct shd_ask *ask)
{
	int64_t *asked_ms = &ask->account->asked_ms[ask->method - shd_methods];

	if (*asked_ms && ask->now_ms - *asked_ms < ask->method->min_interval_ms)
		return false;
	*asked_ms = ask->now_ms;
	return true;
}

static bool has_tariff(const struct shd_ask *ask)
{
	const char *tariff = ask->account->tariff;
	bool pro = strcmp(tariff, "PREMIUM_PRO") == 0;

	switch (ask->method->need) {
	case NEED_REVIEWS:
		return pro || ask->account->reviews;
	case NEED_QUESTIONS:
		return pro || strcmp(tariff, "PREMIUM_PLUS") == 0;
	case NEED_NOTHING:
		break;
	}
	return true;
}

/* Checks who calls; NONE: the request is allowed. Sets ask->shop as soon as it is known. */
static enum shd_refusal_id authorize(struct shd_ask *ask, const struct shd_http_request *request)
{
	const char *client = shd_http_header(request, "Client-Id");
	const char *key = shd_http_header(request, "Api-Key");

	if (strcmp(request->method, "POST") != 0)
		return SHD_REFUSAL_post_only;
	if (!client || !*client || !key || !*key)
		return SHD_REFUSAL_missing_headers;
	if (!positive_integer(client))
		return SHD_REFUSAL_bad_client_id;
	ask->shop = shd_sandbox_shop(ask->ozon->sandbox, client);
	if (ask->shop && ask->shop->face != &shd_ozon_face)
		ask->shop = NULL;
	ask->account = ask->shop ? shd_ozon_account(ask->shop) : NULL;
	if (!ask->shop || strcmp(ask->shop->api_key, key) != 0)
		return SHD_REFUSAL_invalid_key;
	if (ask->account->state != SHD_REFUSAL_NONE)
		return ask->account->state;
	if (!take_token(ask->account, ask->now_ms))
		return SHD_REFUSAL_throttled;
	if (ask->method->shape == METHOD_RETIRED)
		return SHD_REFUSAL_obsolete;
	if (ask->method->shape == METHOD_WRITES || !may_call(ask->account, request->path))
		return SHD_REFUSAL_missing_role;
	const char *type = shd_http_header(request, "Content-Type");
	if (!type || strncasecmp(type, "application/json", 16) != 0)
		return SHD_REFUSAL_content_type;
	return keeps_min_interval(ask) ? SHD_REFUSAL_NONE : SHD_REFUSAL_throttled_minute;
}

static void answer(struct shd_ask *ask, const struct shd_http_request *request,
		   struct shd_http_reply *reply)
{
	json_error_t at;
	const char *body = request->len ? request->body : "{}";

	ask->body = json_loads(body, JSON_REJECT_DUPLICATES, &at);
	if (!ask->body || !json_is_object(ask->body)) {
		shd_ozon_invalid(reply, 400, 3, "proto: syntax error: invalid value in the body");
		return;
	}
	if (!shd_ozon_check(ask, reply))
		return;
	if (ask->method->of_fbs && ask->account->no_fbs) {
		shd_ozon_refuse(reply, SHD_REFUSAL_no_fbs);
		return;
	}
	if (!has_tariff(ask)) {
		shd_ozon_refuse(reply, SHD_REFUSAL_tariff);
		return;
	}
	if (ask->method->shape == METHOD_LIST)
		shd_ozon_list(ask, reply);
	else if (ask->method->shape == METHOD_ONE)
		shd_ozon_one(ask, reply);
	else
		ask->method->more(ask, 0, &reply->body);
}

static void add_limits(const struct shd_ask *ask, enum shd_refusal_id refusal,
		       struct shd_http_reply *reply)
{
	char text[32];

	if (!ask->shop)
		return;
	snprintf(text, sizeof(text), "%lld", (long long)ask->account->tokens_milli / 1000);
	shd_http_reply_header(reply, "Ratelimit-Remaining", text);
	if (refusal == SHD_REFUSAL_throttled)
		shd_http_reply_header(reply, "Retry-After", "1");
	if (refusal != SHD_REFUSAL_throttled_minute)
		return;
	int64_t left_ms = ask->method->min_interval_ms -
			  (ask->now_ms - ask->account->asked_ms[ask->method - shd_methods]);
	snprintf(text, sizeof(text), "%lld", (long long)(left_ms + 999) / 1000);
	shd_http_reply_header(reply, "Retry-After", text);
}

static bool apply_fault(const struct shd_fault_plan *fault, struct shd_http_reply *reply)
{
	char text[16];

	if (!fault || fault->kind != SHD_FAULT_REFUSE)
		return false;
	shd_ozon_invalid(reply, fault->refusal->http, fault->refusal->code, fault->refusal->text);
	if (fault->retry_after_s) {
		snprintf(text, sizeof(text), "%d", fault->retry_after_s);
		shd_http_reply_header(reply, "Retry-After", text);
	}
	return true;
}

void shd_ozon_handle(void *ctx, const struct shd_http_request *request,
		     struct shd_http_reply *reply)
{
	struct shd_ask ask = {.ozon = ctx, .method = find_method(request->path)};
	const char *client = shd_http_header(request, "Client-Id");

	ask.now_ms = shd_now_ms();
	shd_sandbox_advance(ask.ozon->sandbox, ask.now_ms);
	if (!ask.method) {
		reply->status = 404;
		reply->type = "text/plain; charset=utf-8";
		shd_text_puts(&reply->body, "404 page not found");
		return;
	}
	size_t row = (size_t)(ask.method - shd_methods);
	ask.ozon->requests[row]++;
	const struct shd_fault_plan *fault = shd_fault_find(
		ask.ozon->faults, request->path, client ? client : "", ask.now_ms);
	if (!apply_fault(fault, reply)) {
		enum shd_refusal_id refusal = authorize(&ask, request);

		if (refusal == SHD_REFUSAL_NONE)
			answer(&ask, request, reply);
		else
			shd_ozon_refuse(reply, refusal);
		add_limits(&ask, refusal, reply);
		if (fault)
			shd_fault_apply(fault, reply);
	}
	ask.ozon->refused[row] += reply->status >= 400;
	if (reply->status < 400 && !ask.ozon->first[row])
		ask.ozon->first[row] = json_incref(ask.body);
	json_decref(ask.body);
}

void shd_ozon_reset(struct shd_ozon *ozon)
{
	for (size_t i = 0; i < SHD_OZON_METHODS_MAX; i++) {
		ozon->requests[i] = ozon->refused[i] = 0;
		json_decref(ozon->first[i]);
		ozon->first[i] = NULL;
	}
	for (size_t i = 0; i < ozon->sandbox->shop_count; i++) {
		const struct shd_shop *shop = ozon->sandbox->shops[i];

		if (shop->face == &shd_ozon_face)
			memset(shd_ozon_account(shop)->asked_ms, 0,
				sizeof(shd_ozon_account(shop)->asked_ms));
	}
}

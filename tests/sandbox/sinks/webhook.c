#include "sink.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 128, SKEW_S = 300 };

/* The bytes behind whsec_<base64>; 0 when it is none. */
static size_t read_key(const char *secret, unsigned char key[KEY_MAX])
{
	const char *text = strncmp(secret, "whsec_", 6) == 0 ? secret + 6 : secret;
	size_t len = strlen(text), pad = 0;

	if (len == 0 || len % 4 || len / 4 * 3 > KEY_MAX)
		return 0;
	for (size_t i = len; i > 0 && text[i - 1] == '='; i--)
		pad++;
	int bytes = EVP_DecodeBlock(key, (const unsigned char *)text, (int)len);
	return bytes < 0 ? 0 : (size_t)bytes - pad;
}

static bool sign(const char *secret, const char *id, const char *timestamp, const char *body,
		 size_t len, char signature[64])
{
	unsigned char key[KEY_MAX + 4], mac[EVP_MAX_MD_SIZE];
	unsigned int mac_len = 0;
	size_t key_len = read_key(secret, key);
	struct shd_text content SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&content, SHD_HTTP_REQUEST_MAX + 256);
	shd_text_printf(&content, "%s.%s.", id, timestamp);
	shd_text_add(&content, body, len);
	if (!key_len || !HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)content.data,
			      content.len, mac, &mac_len))
		return false;
	EVP_EncodeBlock((unsigned char *)signature, mac, (int)mac_len);
	return true;
}

/* Any of the space separated v1 signatures will do. */
static bool one_matches(const char *list, const char *wanted)
{
	size_t len = strlen(wanted);

	while (*list) {
		size_t word = strcspn(list, " ");

		if (word == len + 3 && strncmp(list, "v1,", 3) == 0 &&
		    CRYPTO_memcmp(list + 3, wanted, len) == 0)
			return true;
		list += word + (list[word] == ' ');
	}
	return false;
}

/* "ok", or what is wrong; "unchecked" without a secret. */
static const char *verify(const struct shd_sink *sink, const struct shd_http_request *request)
{
	const char *id = shd_http_header(request, "webhook-id");
	const char *timestamp = shd_http_header(request, "webhook-timestamp");
	const char *signatures = shd_http_header(request, "webhook-signature");
	char wanted[64];

	if (!*sink->settings.webhook_secret)
		return "unchecked";
	if (!id || !timestamp || !signatures)
		return "missing headers";
	if (llabs(strtoll(timestamp, NULL, 10) - shd_now_ms() / 1000) > SKEW_S)
		return "timestamp too far away";
	if (!sign(sink->settings.webhook_secret, id, timestamp, request->body, request->len,
		    wanted))
		return "no usable secret";
	return one_matches(signatures, wanted) ? "ok" : "wrong";
}

static bool fails(const struct shd_fault_plan *fault, struct shd_http_reply *reply)
{
	char text[16];

	if (!fault)
		return false;
	if (fault->kind != SHD_FAULT_REFUSE) {
		shd_fault_apply(fault, reply);
		return fault->kind != SHD_FAULT_SLOW && fault->kind != SHD_FAULT_DRIP;
	}
	reply->status = fault->refusal->http;
	if (fault->retry_after_s) {
		snprintf(text, sizeof(text), "%d", fault->retry_after_s);
		shd_http_reply_header(reply, "Retry-After", text);
	}
	return true;
}

static json_t *copy_header(const struct shd_http_request *request, const char *name)
{
	const char *value = shd_http_header(request, name);

	return value ? json_string(value) : json_null();
}

static void record(struct shd_sink *sink, const struct shd_http_request *request,
		   const char *signature, int status, bool accepted)
{
	const char *id = shd_http_header(request, "webhook-id");
	json_t *body = json_loadb(request->body, request->len, JSON_DECODE_ANY, NULL);
	json_int_t times = 1;

	if (id) {
		times += json_integer_value(json_object_get(sink->ids, id));
		json_object_set_new(sink->ids, id, json_integer(times));
	}
	if (!body)
		body = json_stringn(request->body, request->len);
	shd_sink_webhook(
		sink, json_pack("{s:s,s:o,s:o,s:o,s:s,s:I,s:i,s:b,s:o}", "path", request->path,
			      "id", copy_header(request, "webhook-id"), "timestamp",
			      copy_header(request, "webhook-timestamp"), "content_type",
			      copy_header(request, "Content-Type"), "signature", signature,
			      "delivery", times, "answered", status, "accepted", accepted, "body",
			      body ? body : json_null()));
}

void shd_webhook_handle(void *ctx, const struct shd_http_request *request,
			struct shd_http_reply *reply)
{
	struct shd_sink *sink = ctx;
	char path[96];

	snprintf(path, sizeof(path), "webhook%s", request->path);
	if (strcmp(request->method, "POST") != 0) {
		reply->status = 405;
		return;
	}
	const char *signature = verify(sink, request);
	bool good = strcmp(signature, "ok") == 0 || strcmp(signature, "unchecked") == 0;
	const struct shd_fault_plan *fault =
		shd_fault_find(sink->faults, path, "", shd_now_ms());
	bool failed = fails(fault, reply);
	if (!failed && !good)
		reply->status = 401;
	else if (!failed)
		reply->status = 204;
	record(sink, request, signature, reply->manner == SHD_HTTP_NORMAL ? reply->status : 0,
	       !failed && good);
}

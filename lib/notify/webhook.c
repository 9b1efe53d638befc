#include "webhook.h"

#include "base/crypto.h"
#include "base/currency.h"
#include "base/num.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Room for ours beside the user's own. */
enum {
	OWN_HEADERS = SHD_REQUEST_HEADERS - 6,
	ABSURD_MS = 1000000 * SHD_SECOND_MS,
	SAYS_NO_BYTES = 4096, /* a refusal within a 2xx is short */
	KEY_ROOM = 66,
};

static const char key_form[] =
	"a signing secret of Standard Webhooks: whsec_ and base64 of 24 to 64 bytes";

static bool read_key(const char *text, unsigned char key[static KEY_ROOM], size_t *ret_len)
{
	static const char prefix[] = "whsec_";

	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0 &&
		shd_base64_read(text + sizeof(prefix) - 1, key, KEY_ROOM, ret_len) &&
		*ret_len >= 24 && *ret_len <= 64)
		return true;
	shd_wipe(key, KEY_ROOM);
	return false;
}

static const char *expects_key(const char *text)
{
	unsigned char key[KEY_ROOM];
	size_t len = 0;
	bool good = read_key(text, key, &len);

	shd_wipe(key, sizeof(key));
	return good ? NULL : key_form;
}

static const char *const schemes[] = {"https", "http", NULL};

#define ROW(member, name_, type_, ...)                                                             \
	{                                                                                          \
		.name = name_, .type = type_,                                                      \
		.offset = offsetof(struct shd_webhook_settings, member), __VA_ARGS__               \
	}

static const struct shd_option options[] = {
	ROW(url, "url", SHD_OPT_URL, .required = true, .words = schemes,
		.doc = "Where the JSON is posted; http only for a receiver on this machine."),
	ROW(secret, "secret", SHD_OPT_SECRET, .expects = expects_key,
		.doc = "Signing secret of the receiver, whsec_ and base64; unsigned without it."),
	ROW(headers, "headers", SHD_OPT_PAIRS,
		.doc = "Further headers of each request, at most 10."),
};

/* --- settings ---------------------------------------------------------------------- */

static bool is_header(const char *name, const char *value)
{
	static const char token[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	if (!*name || name[strspn(name, token)])
		return false;
	for (; *value; value++) {
		if ((unsigned char)*value < ' ' || *value == 0x7F)
			return false;
	}
	return true;
}

static void check(const void *settings, const struct shd_node *node, struct shd_diags *diags)
{
	const struct shd_webhook_settings *webhook = settings;
	const struct shd_node *headers = shd_node_get(node, "headers");
	const struct shd_pairs *pairs = &webhook->headers;

	if (webhook->url && strncmp(webhook->url, "http:", 5) == 0 &&
	    !shd_url_is_loopback(webhook->url))
		shd_node_mistake(shd_node_get(node, "url"), diags, "write https://",
			"http is for a receiver on this machine: what shops sell would travel "
			"unencrypted");
	if (pairs->count > OWN_HEADERS)
		shd_node_mistake(headers, diags, NULL, "%zu headers, at most %d are sent",
			pairs->count, OWN_HEADERS);
	for (size_t i = 0; i < pairs->count; i++) {
		if (!is_header(pairs->names[i], pairs->values[i]))
			shd_node_mistake(headers ? headers : node, diags, NULL,
				"'%s' cannot be a header", pairs->names[i]);
	}
}

/* --- the body ------------------------------------------------------------------------ */

/* An exact decimal as a JSON number: the text is short enough that a double holds it. */
static json_t *decimal(int64_t n, int scale)
{
	char text[SHD_DECIMAL_TEXT];
	int64_t unit = 1;

	for (int i = 0; i < scale; i++)
		unit *= 10;
	if (n % unit == 0)
		return json_integer(n / unit);
	return json_real(strtod(shd_decimal_format(n, scale, text), NULL));
}

static json_t *time_json(struct shd_wall at)
{
	char text[SHD_TIME_TEXT];

	return at.ms ? json_string(shd_time_format(at, text)) : json_null();
}

static json_t *plain_value(const struct shd_value *value)
{
	switch (value->type) {
	case SHD_BOOL:
		return json_boolean(value->n);
	case SHD_NUMBER:
	case SHD_RATIO:
		return decimal(value->n, 6);
	case SHD_DURATION:
		return decimal(value->n, 3);
	case SHD_TIME:
		return time_json((struct shd_wall){value->n});
	case SHD_MONEY:
		return decimal(value->n, shd_currency_digits(value->currency));
	case SHD_TEXT:
		return json_stringn(value->text, value->len);
	}
	return json_null();
}

static json_t *value_json(const struct shd_value *value)
{
	if (value->none)
		return json_null();
	json_t *map = json_pack("{s:s,s:o}", "type", shd_type_name(value->type), "value",
		plain_value(value));
	if (value->type == SHD_MONEY)
		json_object_set_new(map, "currency", json_string(value->currency));
	return map;
}

static json_t *text_json(const char *text)
{
	json_t *string = text ? json_string(text) : NULL;

	return string ? string : json_null();
}

static json_t *alert_json(const struct shd_message_item *item)
{
	const struct shd_facts *facts = item->facts;

	return json_pack("{s:I,s:i,s:o,s:o,s:o,s:o,s:o, s:o,s:o,s:o,s:o,s:o, s:s,s:s,s:s,s:o,s:o,"
			 "s:o,s:o,s:o,s:o,s:o,s:o, s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I}",
		"number", (json_int_t)facts->alert, "episode", facts->episode, "rule",
		text_json(facts->rule), "store", text_json(facts->store), "marketplace",
		text_json(facts->marketplace), "entity", text_json(facts->entity), "about",
		text_json(facts->subject), "product", text_json(facts->product), "units",
		facts->units ? decimal(facts->units, 6) : json_null(), "amount",
		facts->amount.type == SHD_MONEY ? value_json(&facts->amount) : json_null(),
		"ship_by", time_json(facts->ship_by), "quote", text_json(facts->quote), "level",
		shd_level_name(facts->level), "from_level", shd_level_name(facts->from_level),
		"move", shd_move_name(facts->move), "at", time_json(facts->at), "since",
		time_json(facts->since), "value", value_json(&facts->value), "limit",
		value_json(&facts->limit), "sample",
		facts->sample_of ? json_pack("[I,I]", (json_int_t)facts->sample_hit,
					   (json_int_t)facts->sample_of)
				 : json_null(),
		"due", time_json(facts->due), "cost", value_json(&facts->cost), "room",
		facts->room.none ? json_null() : plain_value(&facts->room), "title",
		text_json(item->title), "line", text_json(item->line), "goods",
		text_json(item->goods), "advice", text_json(item->advice), "cost_line",
		text_json(item->cost), "reason", text_json(item->reason), "url",
		text_json(facts->url), "more", (json_int_t)facts->more);
}

static bool add_body(const struct shd_send_in *in, struct shd_text *out)
{
	const struct shd_message *message = in->message;
	json_t *alerts = json_array();
	json_int_t total = 0;

	for (size_t i = 0; i < message->count; i++) {
		json_array_append_new(alerts, alert_json(&message->items[i]));
		total += 1 + (json_int_t)message->items[i].facts->more;
	}
	json_auto_t *body = json_pack("{s:s,s:s,s:s,s:o,s:b,s:s,s:o,s:I,s:o}", "version", "1", "id",
		in->key, "type", message->type, "made", time_json(message->made), "late",
		message->late, "language", message->language, "subject",
		text_json(message->subject), "total", total, "alerts", alerts);
	char *text = json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(15));

	if (!text)
		return false;
	text = shd_json_clean(text);
	shd_text_puts(out, text);
	free(text);
	return shd_text_ok(out);
}

/* --- the request --------------------------------------------------------------------- */

bool shd_webhook_sign(const struct shd_secret *secret, const char *id, int64_t timestamp_s,
	const char *body, size_t len, struct shd_text *out, struct shd_error *reterr)
{
	unsigned char key[KEY_ROOM], digest[SHD_SHA256_BYTES];
	size_t key_len = 0;

	if (!read_key(shd_secret_reveal(secret, NULL), key, &key_len))
		return shd_fail(reterr, SHD_ERR_CONFIG, "the signing secret is not %s", key_form);
	SHD_AUTO(shd_text_finish) struct shd_text content = {0};
	shd_text_init(&content, len + 256);
	shd_text_printf(&content, "%s.%lld.", id, (long long)timestamp_s);
	shd_text_add(&content, body, len);
	shd_hmac_sha256(key, key_len, content.data, content.len, digest);
	shd_wipe(key, sizeof(key));
	shd_text_puts(out, "v1,");
	shd_base64_add(out, digest, sizeof(digest));
	return true;
}

static bool render(const struct shd_send_in *in, struct shd_envelope *out, struct shd_error *reterr)
{
	const struct shd_webhook_settings *webhook = in->channel->notifier_settings;
	const struct shd_pairs *pairs = &webhook->headers;
	struct shd_request *request = &out->http;
	int64_t now_s = in->now.ms / SHD_SECOND_MS;

	request->method = "POST";
	shd_text_puts(&request->url, webhook->url);
	if (!add_body(in, &request->body) || !shd_text_ok(&request->url))
		return shd_fail(
			reterr, SHD_ERR_LIMIT, "%s: the message is too long", in->channel->name);
	shd_text_puts(shd_request_header(request), "Content-Type: application/json");
	shd_text_puts(shd_request_header(request), "User-Agent: storehealthd/" SHD_VERSION);
	shd_text_printf(shd_request_header(request), "Idempotency-Key: %s", in->key);
	shd_text_printf(shd_request_header(request), "webhook-id: %s", in->key);
	shd_text_printf(shd_request_header(request), "webhook-timestamp: %lld", (long long)now_s);
	if (webhook->secret.from != SHD_SECRET_NONE) {
		const struct shd_secret *secret = in->secret(in->ctx, &webhook->secret);
		struct shd_text *signature = shd_request_header(request);

		if (!secret)
			return shd_fail(reterr, SHD_ERR_CONFIG,
				"%s: the signing secret cannot be read", in->channel->name);
		shd_text_puts(signature, "webhook-signature: ");
		if (!shd_webhook_sign(secret, in->key, now_s,
			    request->body.data, request->body.len, signature, reterr))
			return shd_fail_in(reterr, "%s", in->channel->name);
	}
	for (size_t i = 0; i < pairs->count; i++) {
		if (i >= OWN_HEADERS || !is_header(pairs->names[i], pairs->values[i]))
			return shd_fail(reterr, SHD_ERR_CONFIG, "%s: '%s' cannot be a header",
				in->channel->name, pairs->names[i]);
		shd_text_printf(shd_request_secret_header(request), "%s: %s", pairs->names[i],
			pairs->values[i]);
	}
	return true;
}

/* A number that says no: neither 0 nor a good HTTP status. */
static bool is_bad_number(const json_t *value)
{
	const char *text = json_string_value(value);
	bool digits = text && *text && strspn(text, "0123456789") == strlen(text);
	int64_t n = json_is_integer(value) ? json_integer_value(value)
		    : digits               ? strtoll(text, NULL, 10) : 0;

	return n != 0 && (n < 200 || n > 299);
}

/* Robots of messengers (WeCom, DingTalk, Feishu, Telegram) answer 200 and say no in the body. */
static bool says_no(const struct shd_answer *answer, struct shd_error *ret_error)
{
	static const char *const numbers[] = {"errcode", "code", "StatusCode"};
	static const char *const flags[] = {"ok", "success"};
	static const char *const words[] = {"errmsg", "msg", "message", "description",
		"StatusMessage"};
	json_auto_t *body = NULL;
	const char *found = "it does not say why";
	bool no = false;

	if (!answer->body || answer->len > SAYS_NO_BYTES)
		return false;
	body = json_loadb(answer->body, answer->len, 0, NULL);
	for (size_t i = 0; i < SHD_COUNT(numbers); i++)
		no = no || is_bad_number(json_object_get(body, numbers[i]));
	for (size_t i = 0; i < SHD_COUNT(flags); i++)
		no = no || json_is_false(json_object_get(body, flags[i]));
	for (size_t i = SHD_COUNT(words); i-- > 0;)
		if (json_is_string(json_object_get(body, words[i])))
			found = json_string_value(json_object_get(body, words[i]));
	if (!no)
		return false;
	shd_fail(ret_error, SHD_ERR_REQUEST, "the receiver answered %d, but refuses: %s",
		answer->status, found);
	for (char *c = ret_error->msg; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7F)
			*c = ' ';
	return true;
}

/* As Standard Webhooks has it: only "gone" is final. A receiver that says 401 or 404
 * may be in the middle of an update; it is tried until the channel gives up. */
static void classify(const struct shd_answer *answer, struct shd_sent_result *ret_result)
{
	int status = answer->status;

	if (status >= 200 && status < 300) {
		if (says_no(answer, &ret_result->error))
			ret_result->sent = SHD_SENT_RETRY;
		return;
	}
	ret_result->sent = status == 410 ? SHD_SENT_REJECTED : SHD_SENT_RETRY;
	if (status == 410) {
		shd_fail(&ret_result->error, SHD_ERR_REQUEST, "the receiver is gone (410)");
		return;
	}
	/* A pause beyond reason is none: the back-off of ours then decides. */
	int64_t pause_ms = shd_retry_after_ms(answer, ABSURD_MS);
	ret_result->pause_ms = pause_ms < ABSURD_MS ? pause_ms : 0;
	enum shd_err kind = status == 429                    ? SHD_ERR_THROTTLED
			    : status == 401 || status == 403 ? SHD_ERR_CREDENTIALS
			    : status >= 500                  ? SHD_ERR_SERVER
							     : SHD_ERR_REQUEST;
	shd_fail(&ret_result->error, kind, "the receiver answered %d", status);
}

const struct shd_notifier shd_webhook_notifier = {
	.name = "webhook",
	.transport = SHD_TRANSPORT_HTTP,
	.options = options,
	.option_count = SHD_COUNT(options),
	.settings_size = sizeof(struct shd_webhook_settings),
	.check = check,
	.render = render,
	.classify = classify,
};

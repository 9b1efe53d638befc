#include "attempt.h"

#include <stdlib.h>
#include <string.h>

enum {
	OWN_BYTES = 256 << 10,     /* texts an attempt keeps */
	MESSAGE_BYTES = 16 << 20,  /* texts of one message while it is rendered */
	BODY_BYTES = 1 << 20,      /* of a mail or a JSON body */
	ANSWER_BYTES = 64 << 10,
	CONNECT_MS = 10000,
	SECRET_LEAST = 8,          /* shorter texts are not looked for in answers */
};

/* --- making ------------------------------------------------------------------------ */

static const char *keep(struct shd_attempt *sending, const char *text)
{
	const char *copy = text ? shd_arena_text(sending->arena, text, strlen(text)) : NULL;

	return copy || !text ? copy : "";
}

/* What the notifier borrowed from the settings becomes the attempt's own. */
static void own_envelope(struct shd_attempt *sending)
{
	struct shd_envelope *envelope = &sending->envelope;
	const char **to = shd_arena_alloc(sending->arena, envelope->to.count + 1, sizeof(*to));
	size_t len;

	for (size_t i = 0; to && i < envelope->to.count; i++)
		to[i] = keep(sending, envelope->to.items[i]);
	envelope->to.items = to;
	envelope->to.count = to ? envelope->to.count : 0;
	envelope->from = keep(sending, envelope->from);
	envelope->user = keep(sending, envelope->user);
	if (envelope->password) {
		const char *bytes = shd_secret_reveal(envelope->password, &len);

		sending->password = shd_secret_create(bytes, len);
		envelope->password = sending->password;
	}
}

/* Where the path of a URL begins; its end when it has none. */
static const char *path_of(const char *url)
{
	const char *host = strstr(url, "://");

	return url + (host ? (size_t)(host - url) + 3 : 0) + strcspn(host ? host + 3 : url, "/?#");
}

/* Host of the URL, or the recipients; nothing that could be a secret. */
static const char *target_of(struct shd_attempt *sending)
{
	const struct shd_envelope *envelope = &sending->envelope;
	SHD_AUTO(shd_text_finish) struct shd_text target = {0};

	shd_text_init(&target, 200);
	if (envelope->is_mail) {
		for (size_t i = 0; i < envelope->to.count; i++)
			shd_text_printf(&target, "%s%s", i ? ", " : "", envelope->to.items[i]);
	} else {
		const char *host = strstr(envelope->http.url.data, "://");
		const char *end = path_of(envelope->http.url.data);

		host = host ? host + 3 : envelope->http.url.data;
		for (const char *c = host; c < end; c++)
			host = *c == '@' ? c + 1 : host;
		shd_text_add(&target, host, (size_t)(end - host));
	}
	return keep(sending, target.data);
}

/* A message is about one store: the judge puts no two together. */
static const struct shd_rules *rules_of(
	const struct shd_config *config, const struct shd_facts *told, size_t count)
{
	return shd_rules_of(config->rules, count ? told[0].store : "");
}

static bool render(struct shd_attempt *sending, const struct shd_outbox_row *row,
	const struct shd_channel_settings *channel, const struct shd_config *config,
	struct shd_wall now, struct shd_error *reterr)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(MESSAGE_BYTES);
	struct shd_facts *told;
	struct shd_message message;
	size_t count;

	if (!shd_facts_unpack(row->facts, arena, &told, &count, reterr) ||
		!shd_message_render(config->book, rules_of(config, told, count), told, count,
			(enum shd_language)channel->language, channel->timezone, now, arena,
			&message, reterr))
		return false;
	sending->type = message.type;
	sending->subject = keep(sending, message.subject);
	struct shd_config *secrets;
	memcpy(&secrets, &config, sizeof(secrets)); /* the callback's ctx is not const */
	const struct shd_send_in in = {.channel = channel, .message = &message,
		.secret = shd_config_secret, .ctx = secrets, .now = now, .key = row->key,
		.attempt = sending->attempt};
	return channel->notifier->render(&in, &sending->envelope, reterr);
}

static const struct shd_channel_settings *find_channel(
	const struct shd_settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->channel_count; i++) {
		if (strcmp(settings->channels[i].name, name) == 0)
			return &settings->channels[i];
	}
	return NULL;
}

static void refuse(struct shd_attempt *sending, const struct shd_error *error, struct shd_wall now)
{
	sending->state = SHD_ATTEMPT_ANSWERED;
	sending->result = (struct shd_sent_result){.sent = SHD_SENT_NEVER, .error = *error};
	sending->at = now;
}

struct shd_attempt *shd_attempt_create(
	const struct shd_outbox_row *row, const struct shd_config *config, struct shd_wall now)
{
	struct shd_attempt *sending = shd_xcalloc(1, sizeof(*sending));
	const struct shd_channel_settings *channel = find_channel(config->settings, row->channel);
	struct shd_error error;

	sending->arena = shd_arena_create(OWN_BYTES);
	sending->outbox = row->number;
	sending->made = row->made;
	sending->give_up = row->give_up;
	sending->attempt = row->attempts + 1;
	sending->channel = keep(sending, row->channel);
	sending->type = "alert";
	sending->subject = sending->target = "";
	shd_request_init(&sending->envelope.http, BODY_BYTES);
	if (!channel) {
		shd_fail(&error, SHD_ERR_CONFIG, "channel \"%s\" is no longer configured",
			row->channel);
		refuse(sending, &error, now);
		return sending;
	}
	sending->notifier = channel->notifier;
	sending->timeout_ms = channel->timeout_ms;
	sending->proxy = keep(sending, channel->proxy);
	sending->ca_file = keep(sending, channel->ca_file);
	if (!render(sending, row, channel, config, now, &error))
		refuse(sending, &error, now);
	own_envelope(sending);
	sending->target = target_of(sending);
	return sending;
}

void shd_attempt_destroy(struct shd_attempt *sending)
{
	if (!sending)
		return;
	shd_request_finish(&sending->envelope.http);
	shd_secret_destroy(sending->password);
	shd_arena_destroy(sending->arena);
	free(sending);
}

/* --- sending ----------------------------------------------------------------------- */

void shd_attempt_request(const struct shd_attempt *sending, struct shd_transfer_in *ret_in)
{
	const struct shd_envelope *envelope = &sending->envelope;

	*ret_in = (struct shd_transfer_in){
		.method = envelope->http.method,
		.url = envelope->http.url.data,
		.headers = envelope->http.headers,
		.header_count = envelope->http.header_count,
		.body = envelope->http.body.data,
		.body_len = envelope->http.body.len,
		.proxy = sending->proxy,
		.ca_file = sending->ca_file,
		.connect_ms = sending->timeout_ms < CONNECT_MS ? sending->timeout_ms : CONNECT_MS,
		.total_ms = sending->timeout_ms,
		.answer_max_bytes = ANSWER_BYTES,
	};
	if (envelope->is_mail) {
		ret_in->method = NULL;
		ret_in->require_tls = envelope->require_tls;
		ret_in->mail_from = envelope->from;
		ret_in->mail_to = envelope->to;
		ret_in->some_will_do = sending->some_will_do;
		ret_in->user = envelope->user;
		ret_in->password = envelope->password;
	}
}

/* Overwrites every occurrence of `secret` with asterisks. */
static void mask(char *text, const char *secret)
{
	size_t len = strlen(secret);

	if (len < SECRET_LEAST)
		return;
	for (char *at = strstr(text, secret); at; at = strstr(at + len, secret))
		memset(at, '*', len);
}

/* Receivers like to say what they were sent. The path of a webhook, a password and
 * the values of further headers are secrets. */
static void redact(const struct shd_attempt *sending, char *text)
{
	const struct shd_envelope *envelope = &sending->envelope;
	size_t len;

	if (!envelope->is_mail)
		mask(text, path_of(envelope->http.url.data));
	if (sending->password)
		mask(text, shd_secret_reveal(sending->password, &len));
	for (size_t i = 0; i < envelope->http.header_count; i++) {
		const char *value = strstr(envelope->http.headers[i].data, ": ");

		if (value && strcmp(value + 2, "application/json") != 0)
			mask(text, value + 2);
	}
}

static void keep_answer(struct shd_attempt *sending, const struct shd_text *body)
{
	char whole[2048];
	size_t len = shd_utf8_cut(body->data, body->len, sizeof(whole) - 1);

	memcpy(whole, body->data, len);
	whole[len] = '\0';
	for (size_t i = 0; i < len; i++)
		whole[i] = (unsigned char)whole[i] < 0x20 || whole[i] == 0x7F ? ' ' : whole[i];
	redact(sending, whole); /* before it is cut: half a secret is not found */
	len = shd_utf8_cut(whole, len, sizeof(sending->answer) - 1);
	memcpy(sending->answer, whole, len);
	sending->answer[len] = '\0';
}

/* One bad address must not keep a mail from the others. All of them are tried first,
 * so that a server which only wants to see the mail later loses none. */
static void spare_others(struct shd_attempt *sending)
{
	const struct shd_sent_result *result = &sending->result;

	if (!sending->envelope.is_mail || sending->envelope.to.count < 2 || sending->some_will_do ||
		result->sent != SHD_SENT_NEVER || result->error.kind != SHD_ERR_REQUEST)
		return;
	sending->recipient_refused = true;
	sending->result.sent = SHD_SENT_LATER;
}

void shd_attempt_answered(struct shd_attempt *sending, struct shd_transfer_out *out)
{
	struct shd_answer answer = {.status = out->status, .body = out->body.data,
		.len = out->body.len, .header = out->header, .ctx = out->header_ctx};
	/* A receiver that says too much has been reached all the same. */
	bool answered = out->ok || (out->error.kind == SHD_ERR_LIMIT && out->status > 0);

	sending->state = SHD_ATTEMPT_ANSWERED;
	sending->status = out->status;
	sending->took_ms = out->took_ms;
	keep_answer(sending, &out->body);
	if (answered) {
		sending->notifier->classify(&answer, &sending->result);
		spare_others(sending);
	} else {
		sending->result = (struct shd_sent_result){
			.sent = out->error.kind == SHD_ERR_CONFIG ? SHD_SENT_NEVER : SHD_SENT_LATER,
			.error = out->error};
	}
	redact(sending, sending->result.error.msg);
}

/* --- health ------------------------------------------------------------------------ */

void shd_health_init(struct shd_channel_health *health, const struct shd_channel_settings *channel)
{
	*health = (struct shd_channel_health){.name = shd_xstrdup(channel->name), .error = -1,
		.reported_error = -1,
		.bucket = {.per_minute = channel->notifier->per_minute,
			.burst = channel->notifier->burst}};
}

void shd_health_finish(struct shd_channel_health *health)
{
	free(health->name);
	*health = (struct shd_channel_health){0};
}

/* Drops the row of this attempt, and with a success everything that was given up. */
static void forget(struct shd_channel_health *health, int64_t outbox, bool dead_too)
{
	size_t kept = 0;

	for (size_t i = 0; i < health->undelivered_count; i++) {
		if (health->undelivered[i].outbox == outbox ||
			(dead_too && health->undelivered[i].dead))
			continue;
		health->undelivered[kept++] = health->undelivered[i];
	}
	health->undelivered_count = kept;
}

void shd_health_learn(struct shd_channel_health *health, const struct shd_attempt *sending)
{
	size_t count;

	health->recipient_refused |= sending->recipient_refused;
	forget(health, sending->outbox, sending->result.sent == SHD_SENT_OK);
	if (sending->result.sent == SHD_SENT_OK) {
		health->last_success = sending->at;
		health->error = -1;
		health->error_text[0] = '\0';
		return;
	}
	health->error = (int)sending->result.error.kind;
	size_t len = shd_utf8_cut(sending->result.error.msg, strlen(sending->result.error.msg),
		sizeof(health->error_text) - 1);
	memcpy(health->error_text, sending->result.error.msg, len);
	health->error_text[len] = '\0';
	count = health->undelivered_count;
	if (count == SHD_COUNT(health->undelivered))
		return; /* those kept are older, which is what counts */
	health->undelivered[count].outbox = sending->outbox;
	health->undelivered[count].made = sending->made;
	health->undelivered[count].dead = sending->pace.becomes == SHD_OUTBOX_DEAD;
	health->undelivered_count++;
}

bool shd_health_changed(struct shd_channel_health *health, struct shd_channel_state *ret_state)
{
	struct shd_wall oldest = {0};

	for (size_t i = 0; i < health->undelivered_count; i++) {
		if (!oldest.ms || health->undelivered[i].made.ms < oldest.ms)
			oldest = health->undelivered[i].made;
	}
	*ret_state = (struct shd_channel_state){.oldest_undelivered = oldest,
		.last_success = health->last_success, .waiting = health->undelivered_count,
		.error = health->error, .error_text = health->error_text};
	if (oldest.ms == health->reported_oldest.ms && health->error == health->reported_error)
		return false;
	health->reported_oldest = oldest;
	health->reported_error = health->error;
	return true;
}

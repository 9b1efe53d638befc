#include "attempt.h"

#include <stdlib.h>
#include <string.h>

enum {
	OWN_BYTES = 256 << 10,     /* texts an attempt keeps */
	MESSAGE_BYTES = 16 << 20,  /* texts of one message while it is rendered */
	BODY_BYTES = 1 << 20,      /* of a mail or a JSON body */
	ANSWER_BYTES = 64 << 10,
	CONNECT_MS = 10000,
};

void shd_attempt_enter(struct shd_attempt *attempt, enum shd_attempt_state state)
{
	static const unsigned allowed[] = {
		[SHD_ATTEMPT_READY] = 1U << SHD_ATTEMPT_IN_FLIGHT | 1U << SHD_ATTEMPT_ANSWERED,
		[SHD_ATTEMPT_IN_FLIGHT] = 1U << SHD_ATTEMPT_ANSWERED,
		[SHD_ATTEMPT_ANSWERED] = 1U << SHD_ATTEMPT_SETTLING,
		[SHD_ATTEMPT_SETTLING] = 1U << SHD_ATTEMPT_ANSWERED,
	};

	shd_assert(allowed[attempt->state] >> state & 1);
	attempt->state = state;
}

/* --- making ------------------------------------------------------------------------ */

static const char *keep(struct shd_attempt *attempt, const char *text)
{
	const char *copy = text ? shd_arena_text(attempt->arena, text, strlen(text)) : NULL;

	return copy || !text ? copy : "";
}

/* What the notifier borrowed from the settings becomes the attempt's own. */
static void own_envelope(struct shd_attempt *attempt)
{
	struct shd_envelope *envelope = &attempt->envelope;
	const char **to = shd_arena_alloc(attempt->arena, envelope->to.count + 1, sizeof(*to));
	size_t len;

	for (size_t i = 0; to && i < envelope->to.count; i++)
		to[i] = keep(attempt, envelope->to.items[i]);
	envelope->to.items = to;
	envelope->to.count = to ? envelope->to.count : 0;
	envelope->from = keep(attempt, envelope->from);
	envelope->user = keep(attempt, envelope->user);
	if (envelope->password) {
		const char *bytes = shd_secret_reveal(envelope->password, &len);

		attempt->password = shd_secret_create(bytes, len);
		envelope->password = attempt->password;
	}
}

/* Where the path of a URL begins; its end when it has none. */
static const char *path_of(const char *url)
{
	const char *host = strstr(url, "://");

	return url + (host ? (size_t)(host - url) + 3 : 0) + strcspn(host ? host + 3 : url, "/?#");
}

/* Host of the URL, or the recipients; nothing that could be a secret. */
static const char *target_of(struct shd_attempt *attempt)
{
	const struct shd_envelope *envelope = &attempt->envelope;
	SHD_AUTO(shd_text_finish) struct shd_text target = {0};

	shd_text_init(&target, 200);
	if (attempt->notifier->transport == SHD_TRANSPORT_SMTP) {
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
	return keep(attempt, target.data);
}

/* A message is about one store: the judge puts no two together. */
static const struct shd_rules *rules_of(
	const struct shd_config *config, const struct shd_facts *facts, size_t count)
{
	return shd_rules_of(config->rules, count ? facts[0].store : "");
}

static bool render(struct shd_attempt *attempt, const struct shd_outbox_row *row,
	const struct shd_channel_settings *channel, const struct shd_config *config,
	struct shd_wall now, struct shd_error *reterr)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(MESSAGE_BYTES);
	struct shd_facts *facts;
	struct shd_message message;
	size_t count;

	if (!shd_facts_unpack(row->facts, arena, &facts, &count, reterr) ||
		!shd_message_render(config->book, rules_of(config, facts, count), facts, count,
			(enum shd_language)channel->language, channel->timezone, now, arena,
			&message, reterr))
		return false;
	attempt->type = message.type;
	attempt->subject = keep(attempt, message.subject);
	struct shd_config *secrets;
	memcpy(&secrets, &config, sizeof(secrets)); /* the callback's ctx is not const */
	const struct shd_send_in in = {.channel = channel, .message = &message,
		.secret = shd_config_secret, .ctx = secrets, .now = now, .key = row->key,
		.attempt = attempt->number};
	return channel->notifier->render(&in, &attempt->envelope, reterr);
}

static void refuse(struct shd_attempt *attempt, const struct shd_error *error, struct shd_wall now)
{
	shd_attempt_enter(attempt, SHD_ATTEMPT_ANSWERED);
	attempt->result = (struct shd_sent_result){.sent = SHD_SENT_REJECTED, .error = *error};
	attempt->at = now;
}

struct shd_attempt *shd_attempt_create(
	const struct shd_outbox_row *row, const struct shd_config *config, struct shd_wall now)
{
	struct shd_attempt *attempt = shd_xcalloc(1, sizeof(*attempt));
	const struct shd_channel_settings *channel = shd_channel_find(
		config->settings->channels, config->settings->channel_count, row->channel);
	struct shd_error error;

	attempt->arena = shd_arena_create(OWN_BYTES);
	attempt->outbox = row->number;
	attempt->made = row->made;
	attempt->give_up = row->give_up;
	attempt->number = row->attempts + 1;
	attempt->channel = keep(attempt, row->channel);
	attempt->type = "alert";
	attempt->subject = attempt->target = "";
	shd_request_init(&attempt->envelope.http, BODY_BYTES);
	if (!channel) {
		shd_fail(&error, SHD_ERR_CONFIG, "channel \"%s\" is no longer configured",
			row->channel);
		refuse(attempt, &error, now);
		return attempt;
	}
	attempt->notifier = channel->notifier;
	attempt->timeout_ms = channel->timeout_ms;
	attempt->give_up_ms = channel->give_up_ms;
	attempt->egress.proxy = keep(attempt, channel->proxy);
	attempt->egress.ca_file = keep(attempt, channel->ca_file);
	if (!render(attempt, row, channel, config, now, &error))
		refuse(attempt, &error, now);
	own_envelope(attempt);
	attempt->target = target_of(attempt);
	return attempt;
}

void shd_attempt_omit(struct shd_attempt *attempt, const char *address)
{
	struct shd_texts *to = &attempt->envelope.to;
	const char **others = shd_arena_alloc(attempt->arena, to->count + 1, sizeof(*others));
	size_t kept = 0;

	for (size_t i = 0; others && i < to->count; i++)
		if (strcmp(to->items[i], address) != 0)
			others[kept++] = to->items[i];
	if (!kept) /* the list was made shorter meanwhile; better twice than never */
		return;
	to->items = others;
	to->count = kept;
	attempt->target = target_of(attempt);
}

void shd_attempt_destroy(struct shd_attempt *attempt)
{
	if (!attempt)
		return;
	shd_request_finish(&attempt->envelope.http);
	shd_secret_destroy(attempt->password);
	shd_arena_destroy(attempt->arena);
	free(attempt);
}

/* --- attempt ----------------------------------------------------------------------- */

void shd_attempt_request(const struct shd_attempt *attempt, struct shd_transfer_in *ret_in)
{
	const struct shd_envelope *envelope = &attempt->envelope;

	*ret_in = (struct shd_transfer_in){
		.egress = &attempt->egress,
		.connect_ms = attempt->timeout_ms < CONNECT_MS ? attempt->timeout_ms : CONNECT_MS,
		.total_ms = attempt->timeout_ms,
		.answer_max_bytes = ANSWER_BYTES,
	};
	shd_transfer_point_to(ret_in, &envelope->http);
	switch (attempt->notifier->transport) {
	case SHD_TRANSPORT_HTTP:
		ret_in->method = envelope->http.method;
		break;
	case SHD_TRANSPORT_SMTP:
		ret_in->require_tls = envelope->require_tls;
		ret_in->mail_from = envelope->from;
		ret_in->mail_to = envelope->to;
		ret_in->user = envelope->user;
		ret_in->password = envelope->password;
		break;
	}
}

static void keep_answer(struct shd_attempt *attempt, const struct shd_text *body)
{
	char whole[2048];
	size_t len = shd_utf8_cut(body->data, body->len, sizeof(whole) - 1);

	memcpy(whole, body->data, len);
	whole[len] = '\0';
	for (size_t i = 0; i < len; i++)
		whole[i] = (unsigned char)whole[i] < 0x20 || whole[i] == 0x7F ? ' ' : whole[i];
	shd_envelope_strike(
		&attempt->envelope, whole); /* before it is cut: half a secret is not found */
	len = shd_utf8_cut(whole, len, sizeof(attempt->answer) - 1);
	memcpy(attempt->answer, whole, len);
	attempt->answer[len] = '\0';
}

static struct shd_sent_result classify_reply(
	const struct shd_attempt *attempt, const struct shd_recipient_reply *reply)
{
	const struct shd_answer answer = {
		.status = reply->status, .body = reply->words, .len = strlen(reply->words)};
	struct shd_sent_result result = {0};

	attempt->notifier->classify(&answer, &result);
	return result;
}

/* Each recipient has an answer of its own. One that is refused for now is tried again, alone;
 * one that is refused for good is named, and the others have the mail. The first refusal stands
 * in the error, one for now before one for good. */
static void read_replies(struct shd_attempt *attempt, const struct shd_transfer_out *out)
{
	bool delivered = attempt->result.sent == SHD_SENT_DELIVERED;
	const struct shd_texts *to = &attempt->envelope.to;
	struct shd_sent_result first = {0};
	size_t refused = 0;

	attempt->reached = shd_arena_alloc(attempt->arena, to->count + 1, sizeof(char *));
	for (size_t i = 0; i < out->reply_count && i < to->count && attempt->reached; i++) {
		struct shd_sent_result one = classify_reply(attempt, &out->replies[i]);

		if (one.sent == SHD_SENT_DELIVERED) {
			attempt->reached[attempt->reached_count++] = to->items[i];
			continue;
		}
		if (to->count > 1)
			shd_fail_in(&one.error, "%s", to->items[i]);
		if (!refused++ || (one.sent == SHD_SENT_RETRY && first.sent != SHD_SENT_RETRY))
			first = one;
	}
	if (!refused || (!delivered && attempt->reached_count)) {
		attempt->reached_count = 0; /* all have it, or nobody */
		return;
	}
	attempt->partly = attempt->reached_count > 0;
	if (attempt->partly && first.sent == SHD_SENT_REJECTED)
		first.sent = SHD_SENT_DELIVERED;
	memcpy(first.receipt, attempt->result.receipt, sizeof(first.receipt));
	attempt->result = first;
}

void shd_attempt_answered(struct shd_attempt *attempt, struct shd_transfer_out *out)
{
	struct shd_answer answer = {.status = out->status, .body = out->body.data,
		.len = out->body.len, .header = out->header, .ctx = out->header_ctx};
	/* A receiver that gave its status has been reached, whatever became of the rest. */
	bool http = attempt->notifier->transport == SHD_TRANSPORT_HTTP;
	bool answered = out->ok || (http && out->status >= 200);

	shd_attempt_enter(attempt, SHD_ATTEMPT_ANSWERED);
	attempt->status = out->status;
	attempt->took_ms = out->took_ms;
	keep_answer(attempt, &out->body);
	if (answered) {
		attempt->notifier->classify(&answer, &attempt->result);
		read_replies(attempt, out);
	} else {
		attempt->result = (struct shd_sent_result){.sent = out->error.kind == SHD_ERR_CONFIG
									   ? SHD_SENT_REJECTED
									   : SHD_SENT_RETRY,
			.error = out->error};
	}
	shd_envelope_strike(&attempt->envelope, attempt->result.error.msg);
	shd_envelope_strike(&attempt->envelope, attempt->result.receipt);
}

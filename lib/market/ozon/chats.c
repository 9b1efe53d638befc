#include "ozon.h"

#include <stdio.h>
#include <string.h>

SHD_OZON_BODY(chat_list)
{
	shd_text_printf(out, "{\"limit\":%d,\"filter\":{\"chat_status\":\"OPENED\","
			     "\"unread_only\":false},\"cursor\":", row->limit);
	shd_ozon_put_quoted(out, in->position);
	shd_text_putc(out, '}');
}

SHD_OZON_BODY(chat_count)
{
	(void)in;
	shd_text_printf(out, "{\"limit\":%d,\"filter\":{\"chat_status\":\"OPENED\","
			     "\"unread_only\":true},\"cursor\":\"\"}", row->limit);
}

SHD_OZON_BODY(chat_history)
{
	shd_text_puts(out, "{\"chat_id\":");
	shd_ozon_put_quoted(out, in->id_count ? in->ids[0] : "");
	shd_text_printf(out, ",\"direction\":\"Backward\",\"limit\":%d}", row->limit);
}

static bool is_buyers(const json_t *chat)
{
	const json_t *type = json_object_get(chat, "chat_type");

	return shd_loose_is(type, "BUYER_SELLER") || shd_loose_is(type, "BUYER_SELLER_SELECT");
}

/* total_unread_count counts what the marketplace writes as well, so that the chats are
 * summed. Where they are more than a page, what the page shows to be the marketplace's is
 * taken off the total, which is at least the number wanted. */
SHD_OZON_MAP(chat_count)
{
	const json_t *chats = json_object_get(record, "chats"), *one;
	int64_t buyers = 0, others = 0, total, n;
	bool more = false;
	size_t i;

	(void)in;
	if (!json_is_array(chats))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "the answer has no \"chats\"");
	json_array_foreach (chats, i, one) {
		int64_t *sum = is_buyers(json_object_get(one, "chat")) ? &buyers : &others;

		if (shd_loose_decimal(json_object_get(one, "unread_count"), 6, &n) &&
			__builtin_add_overflow(*sum, n, sum))
			return true;
	}
	shd_loose_bool(json_object_get(record, "has_next"), &more);
	if (more && shd_loose_decimal(json_object_get(record, "total_unread_count"), 6, &total) &&
		total - others > buyers)
		buyers = total - others;
	shd_harvest_measure(out, SHD_M_unread_messages, false,
		(struct shd_value){.type = SHD_NUMBER, .n = buyers});
	return true;
}

/* A chat with a buyer is a message, one with Ozon a notice; a row that has changed has a
 * new message, so that its history is read. */
SHD_OZON_MAP(chat)
{
	const json_t *chat = json_object_get(record, "chat");
	const json_t *type = json_object_get(chat, "chat_type");
	bool buyer = is_buyers(chat);
	const json_t *id = json_object_get(chat, "chat_id");
	struct shd_loose_text text;
	int64_t unread;
	size_t at;

	(void)in;
	if (!shd_put_entity(out, buyer ? SHD_KIND_message : SHD_KIND_notice, "", id, "chat_id", &at,
		    reterr))
		return false;
	bool counted = shd_loose_int(json_object_get(record, "unread_count"), &unread);
	if (!shd_loose_text(id, &text))
		return true;
	if (buyer) {
		shd_put_time(out, at, SHD_F_message_opened_at, json_object_get(chat, "created_at"));
		if (counted)
			shd_set_n(out, at, SHD_F_message_unread, unread > 0);
		shd_set_n(out, at, SHD_F_message_closed, false);
		shd_harvest_follow(out, "chat_history", text.text, text.len);
		return true;
	}
	shd_put_time(out, at, SHD_F_notice_opened_at, json_object_get(chat, "created_at"));
	shd_put_word(out, at, SHD_F_notice_severity, "info");
	if (counted)
		shd_set_n(out, at, SHD_F_notice_closed, unread == 0);
	if (shd_loose_is(type, "SELLER_SUPPORT"))
		shd_harvest_follow(out, "support_history", text.text, text.len);
	else
		shd_put_text(out, at, SHD_F_notice_category, type);
	return true;
}

/* What a page of messages comes to. The order of the messages is not relied upon. */
struct talk {
	const json_t *newest;      /* of the other side or the seller */
	const json_t *newest_in;
	const json_t *cause_in;    /* the newest of the other side that names a root cause */
	const json_t *order;
	int64_t newest_ms, in_ms, cause_ms, out_ms, order_ms, waiting_ms;
	/* The case that cause_in belongs to: a seller's message ends one. */
	int64_t opened_ms, replied_ms; /* replied: INT64_MAX: not yet */
};

static const json_t *text_of(const json_t *message)
{
	const json_t *data = json_object_get(message, "data");

	return json_is_array(data) ? json_array_get(data, 0) : data;
}

static bool is_from(const json_t *message, const char *who)
{
	return shd_loose_is(shd_loose_at(message, "user.type"), who);
}

static void keep_newest(const json_t *value, int64_t ms, const json_t **newest, int64_t *newest_ms)
{
	if (*newest && ms < *newest_ms)
		return;
	*newest = value;
	*newest_ms = ms;
}

static void read_case(const json_t *messages, const char *other, struct talk *talk)
{
	int64_t before_ms = INT64_MIN;
	const json_t *message;
	struct shd_wall at;
	size_t i;

	talk->opened_ms = talk->cause_ms;
	talk->replied_ms = INT64_MAX;
	json_array_foreach (messages, i, message) {
		if (!is_from(message, "Seller") ||
			!shd_loose_time(json_object_get(message, "created_at"), &at))
			continue;
		if (at.ms < talk->cause_ms && at.ms > before_ms)
			before_ms = at.ms;
		if (at.ms >= talk->cause_ms && at.ms < talk->replied_ms)
			talk->replied_ms = at.ms;
	}
	json_array_foreach (messages, i, message)
		if (is_from(message, other) && shd_ozon_root_cause(text_of(message)) &&
			shd_loose_time(json_object_get(message, "created_at"), &at) &&
			at.ms > before_ms && at.ms < talk->opened_ms)
			talk->opened_ms = at.ms;
}

/* `other`: the sender type on the other side of the seller. */
static struct talk read_talk(const json_t *messages, const char *other)
{
	struct talk talk = {.out_ms = INT64_MIN, .waiting_ms = INT64_MAX};
	const json_t *message, *newest_out = NULL;
	struct shd_wall at;
	size_t i;

	json_array_foreach (messages, i, message) {
		const json_t *order = shd_loose_at(message, "context.order_number");
		bool in = is_from(message, other), out = is_from(message, "Seller");

		if ((!in && !out) || !shd_loose_time(json_object_get(message, "created_at"), &at))
			continue;
		keep_newest(message, at.ms, &talk.newest, &talk.newest_ms);
		if (json_string_length(order))
			keep_newest(order, at.ms, &talk.order, &talk.order_ms);
		if (out)
			keep_newest(message, at.ms, &newest_out, &talk.out_ms);
		if (in)
			keep_newest(message, at.ms, &talk.newest_in, &talk.in_ms);
		if (in && shd_ozon_root_cause(text_of(message)))
			keep_newest(message, at.ms, &talk.cause_in, &talk.cause_ms);
	}
	json_array_foreach (messages, i, message)
		if (is_from(message, other) &&
			shd_loose_time(json_object_get(message, "created_at"), &at) &&
			(!newest_out || at.ms > talk.out_ms) && at.ms < talk.waiting_ms)
			talk.waiting_ms = at.ms;
	if (talk.cause_in)
		read_case(messages, other, &talk);
	return talk;
}

/* A chat in which the other side names a root cause is a case. It is over, as far as
 * anybody can tell, once it has been answered. */
static void put_case(struct shd_harvest *out, const char *chat_id, const struct talk *talk,
		     const char *cause)
{
	bool answered = talk->out_ms >= talk->in_ms;
	bool infringement = strcmp(cause, "IP_RISK_LEVEL_HIGH") == 0;
	char name[128];
	int len = snprintf(name, sizeof(name), "chat:%.100s", chat_id);
	size_t at = shd_harvest_entity(out, SHD_KIND_complaint, name, (size_t)len);

	shd_put_word(out, at, SHD_F_complaint_type, infringement ? "infringement" : "complaint");
	shd_put_word(out, at, SHD_F_complaint_category, "chat");
	shd_put_word(out, at, SHD_F_complaint_root_cause, cause);
	shd_put_text(out, at, SHD_F_complaint_reason, text_of(talk->cause_in));
	shd_set_n(out, at, SHD_F_complaint_opened_at, talk->opened_ms);
	if (talk->order)
		shd_put_text(out, at, SHD_F_complaint_order_id, talk->order);
	shd_set_n(out, at, SHD_F_complaint_valid, true);
	if (talk->replied_ms != INT64_MAX)
		shd_set_n(out, at, SHD_F_complaint_responded_at, talk->replied_ms);
	else
		shd_set_none(out, at, SHD_F_complaint_responded_at);
	shd_set_n(out, at, SHD_F_complaint_closed, answered);
}

SHD_OZON_MAP(chat_history)
{
	struct talk talk = read_talk(json_object_get(record, "messages"), "Customer");
	size_t at;

	if (!in->id || !json_is_array(json_object_get(record, "messages")))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "the answer has no \"messages\"");
	at = shd_harvest_entity(out, SHD_KIND_message, in->id, strlen(in->id));
	if (!talk.newest)
		return true;
	bool waits = talk.waiting_ms != INT64_MAX;

	shd_put_word(out, at, SHD_F_message_direction, waits ? "in" : "out");
	shd_put_text(out, at, SHD_F_message_text, text_of(talk.newest));
	shd_put_text(out, at, SHD_F_message_order_id, talk.order);
	if (waits) {
		shd_set_n(out, at, SHD_F_message_waiting_since, talk.waiting_ms);
		shd_set_none(out, at, SHD_F_message_answered_at);
	} else {
		shd_set_none(out, at, SHD_F_message_waiting_since);
		shd_set_n(out, at, SHD_F_message_answered_at, talk.out_ms);
	}
	if (talk.cause_in)
		put_case(out, in->id, &talk, shd_ozon_root_cause(text_of(talk.cause_in)));
	return true;
}

/* Ozon's demands come in support chats only: an infringement that is claimed there, and
 * the seller's answer as the appeal against it. */
SHD_OZON_MAP(support_history)
{
	struct talk talk = read_talk(json_object_get(record, "messages"), "Support");
	size_t at;

	if (!in->id || !json_is_array(json_object_get(record, "messages")))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "the answer has no \"messages\"");
	at = shd_harvest_entity(out, SHD_KIND_notice, in->id, strlen(in->id));
	const char *cause = shd_ozon_root_cause(text_of(talk.cause_in));
	bool infringement = cause && strcmp(cause, "IP_RISK_LEVEL_HIGH") == 0;

	shd_put_word(
		out, at, SHD_F_notice_category, infringement ? "infringement_appeal" : "support");
	if (talk.newest)
		shd_put_text(out, at, SHD_F_notice_text, text_of(talk.newest));
	if (!infringement)
		return true;
	bool appealed = talk.out_ms > talk.cause_ms,
	     answered = appealed && talk.in_ms > talk.out_ms;

	shd_put_word(out, at, SHD_F_notice_severity, "critical");
	if (appealed)
		shd_set_n(out, at, SHD_F_notice_appealed_at, talk.out_ms);
	if (answered)
		shd_set_n(out, at, SHD_F_notice_answered_at, talk.in_ms);
	else
		shd_set_none(out, at, SHD_F_notice_answered_at);
	/* that it was read, which ends other notices, is no answer to it */
	shd_set_n(out, at, SHD_F_notice_closed, answered);
	put_case(out, in->id, &talk, cause);
	return true;
}

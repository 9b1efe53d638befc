#include "ozon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

static bool has_type(const json_t *chat)
{
	return json_string_length(json_object_get(chat, "chat_type")) > 0;
}

/* A word of a later day is taken for the marketplace's, except where a sum depends on it. */
static bool is_ozons(const json_t *chat)
{
	const char *type = json_string_value(json_object_get(chat, "chat_type"));

	return type && strncasecmp(type, "SELLER_", 7) == 0;
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
		const json_t *chat = json_object_get(one, "chat");
		const json_t *count = json_object_get(one, "unread_count");
		int64_t *sum = is_buyers(chat) ? &buyers : &others;

		/* without one of them nothing is known of the sum */
		if (!shd_loose_decimal(count, 6, &n) || __builtin_add_overflow(*sum, n, sum)) {
			shd_put_unmeasured(out, SHD_M_unread_messages, false, count);
			return true;
		}
		if (n != 0 && !is_buyers(chat) && !is_ozons(chat)) {
			shd_put_unmeasured(out, SHD_M_unread_messages, false,
				json_object_get(chat, "chat_type"));
			return true;
		}
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
	bool buyer = is_buyers(chat), support = shd_loose_is(type, "SELLER_SUPPORT");
	const json_t *id = json_object_get(chat, "chat_id");
	const json_t *count = json_object_get(record, "unread_count");
	struct shd_loose_text text;
	int64_t unread;
	size_t at;

	(void)in;
	if (!has_type(chat)) /* whether it is a message or a notice */
		return shd_fail(reterr, SHD_ERR_SCHEMA, "a record has no \"chat_type\"");
	if (!shd_put_entity(out, buyer ? SHD_KIND_message : SHD_KIND_notice, "", id, "chat_id", &at,
		    reterr))
		return false;
	bool counted = !json_is_boolean(count) && shd_loose_int(count, &unread) && unread >= 0;
	if (!shd_loose_text(id, &text))
		return true;
	if (buyer) {
		shd_put_time(out, at, SHD_F_message_opened_at, json_object_get(chat, "created_at"));
		shd_ozon_put_url(out, at, SHD_F_message_url, SHD_OZON_PAGE_BUYER, id);
		if (counted)
			shd_set_n(out, at, SHD_F_message_unread, unread > 0);
		else
			shd_put_unread(out, at, SHD_F_message_unread, count);
		shd_set_n(out, at, SHD_F_message_closed, false);
		shd_harvest_follow(out, "chat_history", text.text, text.len);
		return true;
	}
	shd_put_time(out, at, SHD_F_notice_opened_at, json_object_get(chat, "created_at"));
	shd_ozon_put_url(out, at, SHD_F_notice_url, SHD_OZON_PAGE_SUPPORT, id);
	if (is_ozons(chat) && !support) /* what its history tells may be critical */
		shd_put_word(out, at, SHD_F_notice_severity, "info");
	if (counted) {
		shd_set_n(out, at, SHD_F_notice_unread, unread > 0);
		shd_set_n(out, at, SHD_F_notice_closed, unread == 0);
	} else {
		shd_put_unread(out, at, SHD_F_notice_unread, count);
	}
	if (!support)
		shd_put_text(out, at, SHD_F_notice_category, type);
	shd_harvest_follow(
		out, support ? "support_history" : "notice_history", text.text, text.len);
	return true;
}

/* A message of the seller or of the other side of a chat. */
struct turn {
	const json_t *message;
	int64_t ms;
	bool out;
	const char *cause; /* the root cause that the other side names in it, or NULL */
};

/* A page of messages by time, in whatever order they came. `last` of each sort is an index,
 * or `count` when there is none. */
struct talk {
	struct turn *turns;
	size_t count;
	bool whole; /* it begins with the chat itself */
	const json_t *odd; /* what of a message cannot be read, so that nothing is known; or NULL */
	const json_t *mute; /* what the other side wrote and cannot be read: it may be a case */
	const json_t *order;
	size_t last_out, last_cause;
};

/* A message's data is a list of texts, of which a picture may have none. */
static const json_t *text_of(const json_t *message)
{
	const json_t *data = json_object_get(message, "data"), *first = json_array_get(data, 0);

	return json_is_string(first) || (json_is_array(data) && !first) ? first : data;
}

static bool is_from(const json_t *message, const char *who)
{
	return shd_loose_is(shd_loose_at(message, "user.type"), who);
}

static bool is_from_buyer(const json_t *message)
{
	return is_from(message, "Customer");
}

/* A robot decides nothing. Who writes under a name of a later day may be the seller. */
static bool is_from_ozon(const json_t *message)
{
	return is_from(message, "Support") || is_from(message, "Crm") ||
	       is_from(message, "NotificationUser") || is_from(message, "Courier");
}

/* Somebody whose messages change nothing in a talk that is not theirs. */
static bool is_bystander(const json_t *message)
{
	static const char *const bystanders[] = {
		"Customer", "ChatBot", "Crm", "Courier", "Support", "NotificationUser"};

	for (size_t i = 0; i < SHD_COUNT(bystanders); i++)
		if (is_from(message, bystanders[i]))
			return true;
	return false;
}

/* What of a message cannot be read: at best the member, else the message. */
static const json_t *odd_of(const json_t *message, const char *path)
{
	const json_t *value = shd_loose_at(message, path);

	return value ? value : message;
}

/* At the same time the answer comes last. */
static int by_time(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	return x->ms != y->ms ? (x->ms > y->ms) - (x->ms < y->ms) : x->out - y->out;
}

static void talk_finish(struct talk *talk)
{
	free(talk->turns);
}

/* `is_in`: whether a message is of the other side. A message of nobody knows whom or when may be
 * the one that decides: then nothing is known of the talk. */
static struct talk read_talk(const json_t *record, bool (*is_in)(const json_t *message))
{
	const json_t *messages = json_object_get(record, "messages"), *message;
	struct talk talk = {
		.turns = shd_xcalloc(json_array_size(messages) + 1, sizeof(*talk.turns))};
	bool more = false;
	struct shd_wall at;
	size_t i;

	talk.whole = shd_loose_bool(json_object_get(record, "has_next"), &more) && !more;
	json_array_foreach (messages, i, message) {
		bool in = is_in(message), own = is_from(message, "Seller");

		if (!in && !own && is_bystander(message))
			continue;
		if (!in && !own)
			talk.odd = odd_of(message, "user.type");
		else if (!shd_loose_time(json_object_get(message, "created_at"), &at))
			talk.odd = odd_of(message, "created_at");
		else
			talk.turns[talk.count++] = (struct turn){message, at.ms, !in,
				in ? shd_ozon_root_cause(text_of(message)) : NULL};
		if (in && text_of(message) && !json_is_string(text_of(message)))
			talk.mute = text_of(message);
	}
	qsort(talk.turns, talk.count, sizeof(*talk.turns), by_time);
	talk.last_out = talk.last_cause = talk.count;
	for (i = 0; i < talk.count; i++) {
		const json_t *order = shd_loose_at(talk.turns[i].message, "context.order_number");

		if (talk.turns[i].out)
			talk.last_out = i;
		if (talk.turns[i].cause)
			talk.last_cause = i;
		if (json_string_length(order))
			talk.order = order;
	}
	return talk;
}

/* A chat names its order; ours are the parts that ship on their own, and the number of the
 * first of them is the order's with "-1". */
static void put_order(struct shd_harvest *out, size_t at, enum shd_field field, const json_t *order)
{
	const char *number = json_string_value(order), *dash = number ? strchr(number, '-') : NULL;
	char posting[80];

	if (!order)
		return;
	if (!dash || strchr(dash + 1, '-') || strlen(number) > sizeof(posting) - 3 ||
		strspn(number, "0123456789-") != strlen(number)) {
		shd_put_text(out, at, field, order);
		return;
	}
	snprintf(posting, sizeof(posting), "%s-1", number);
	shd_set_text(out, at, field, posting, strlen(posting));
}

enum { NAME_BYTES = 160 };

/* prefix + "CHAT:MESSAGE"; 0, nothing, when the message does not tell its id. */
static int name_message(char name[NAME_BYTES], const char *prefix, const char *chat_id,
			const json_t *message)
{
	struct shd_loose_text id;

	if (!shd_loose_text(json_object_get(message, "message_id"), &id))
		return 0;
	return snprintf(name, NAME_BYTES, "%s%.60s:%.*s", prefix, chat_id,
		(int)shd_utf8_cut(id.text, id.len, 60), id.text);
}

/* What one side names as a root cause until the other side answers: indices of a talk's
 * turns, `reply` is its count while there is none. */
struct chat_case {
	size_t opened, named, reply;
};

/* The first case at or behind *at, which moves behind it. */
static bool next_case(const struct talk *talk, size_t *at, struct chat_case *ret_case)
{
	while (*at < talk->count && !talk->turns[*at].cause)
		++*at;
	if (*at == talk->count)
		return false;
	*ret_case = (struct chat_case){*at, *at, talk->count};
	for (; *at < talk->count && !talk->turns[*at].out; ++*at)
		if (talk->turns[*at].cause)
			ret_case->named = *at;
	ret_case->reply = *at;
	return true;
}

/* A case is known by the message that opened it. It is over, as far as anybody can tell,
 * once it has been answered; the last one when nothing was written behind the answer. */
static bool put_case(struct shd_harvest *out, const char *chat_id, const struct talk *talk,
		     const struct chat_case *one, const char *page)
{
	const struct turn *opened = &talk->turns[one->opened], *named = &talk->turns[one->named];
	bool last = one->named == talk->last_cause, answered = one->reply < talk->count;
	bool infringement = strcmp(named->cause, "IP_RISK_LEVEL_HIGH") == 0;
	char name[NAME_BYTES];

	int len = name_message(name, "chat:", chat_id, opened->message);
	if (len == 0)
		return false;
	size_t at = shd_harvest_entity(out, SHD_KIND_complaint, name, (size_t)len);

	shd_put_word(out, at, SHD_F_complaint_type, infringement ? "infringement" : "complaint");
	shd_put_word(out, at, SHD_F_complaint_category, "chat");
	shd_put_word(out, at, SHD_F_complaint_root_cause, named->cause);
	shd_put_text(out, at, SHD_F_complaint_reason, text_of(named->message));
	shd_set_n(out, at, SHD_F_complaint_opened_at, opened->ms);
	put_order(out, at, SHD_F_complaint_order_id, talk->order);
	shd_set_n(out, at, SHD_F_complaint_valid, true);
	if (answered)
		shd_set_n(out, at, SHD_F_complaint_responded_at, talk->turns[one->reply].ms);
	else
		shd_set_none(out, at, SHD_F_complaint_responded_at);
	shd_set_n(out, at, SHD_F_complaint_closed,
		answered && (!last || talk->turns[talk->count - 1].out));
	json_auto_t *chat = json_string(chat_id);
	shd_ozon_put_url(out, at, SHD_F_complaint_url, page, chat);
	return true;
}

/* Until cases were told apart a chat was one of them: its last. That has an id of its own now,
 * and is counted once: the old one has ended, before any window begins. */
static void put_replaced(struct shd_harvest *out, const char *chat_id)
{
	const int64_t long_ago_ms = INT64_C(946684800000); /* 2000-01-01 */
	char name[NAME_BYTES];
	int len = snprintf(name, sizeof(name), "chat:%.100s", chat_id);
	size_t at = shd_harvest_known(out, SHD_KIND_complaint, name, (size_t)len);

	shd_set_n(out, at, SHD_F_complaint_closed, true);
	shd_set_n(out, at, SHD_F_complaint_opened_at, long_ago_ms);
}

/* All cases of the page, or those of infringements. One that may have begun before the page
 * was told when it was new, and is known by a message that is not here. */
static void put_cases(struct shd_harvest *out, const char *chat_id, const struct talk *talk,
		      bool infringements_only, const char *page)
{
	struct chat_case one;
	bool cut = !talk->whole;

	if (talk->last_cause == talk->count || talk->mute)
		return;
	for (size_t at = 0; next_case(talk, &at, &one);) {
		for (size_t i = 0; i < one.opened; i++)
			cut &= !talk->turns[i].out;
		if (cut && one.reply < talk->count)
			continue;
		if (infringements_only &&
			strcmp(talk->turns[one.named].cause, "IP_RISK_LEVEL_HIGH") != 0)
			continue;
		if (put_case(out, chat_id, talk, &one, page) && one.named == talk->last_cause)
			put_replaced(out, chat_id);
	}
}

static bool has_messages(
	const struct shd_map_in *in, const json_t *record, struct shd_error *reterr)
{
	return (in->id && json_is_array(json_object_get(record, "messages"))) ||
	       shd_fail(reterr, SHD_ERR_SCHEMA, "the answer has no \"messages\"");
}

SHD_OZON_MAP(chat_history)
{
	if (!has_messages(in, record, reterr))
		return false;
	SHD_AUTO(talk_finish) struct talk talk = read_talk(record, is_from_buyer);
	size_t at = shd_harvest_entity(out, SHD_KIND_message, in->id, strlen(in->id));

	if (talk.odd) {
		shd_put_unread(out, at, SHD_F_message_direction, talk.odd);
		shd_put_unread(out, at, SHD_F_message_text, talk.odd);
		shd_put_unread(out, at, SHD_F_message_waiting_since, talk.odd);
		shd_put_unread(out, at, SHD_F_message_answered_at, talk.odd);
		return true;
	}
	if (talk.count == 0)
		return true;
	/* the first message that nobody has answered */
	size_t waiting = talk.last_out < talk.count ? talk.last_out + 1 : 0;
	bool waits = waiting < talk.count;

	shd_put_word(out, at, SHD_F_message_direction, waits ? "in" : "out");
	shd_put_text(
		out, at, SHD_F_message_text, text_of(talk.turns[talk.count - 1].message));
	put_order(out, at, SHD_F_message_order_id, talk.order);
	if (waits) {
		shd_set_n(out, at, SHD_F_message_waiting_since, talk.turns[waiting].ms);
		shd_set_none(out, at, SHD_F_message_answered_at);
	} else {
		shd_set_none(out, at, SHD_F_message_waiting_since);
		shd_set_n(out, at, SHD_F_message_answered_at, talk.turns[talk.last_out].ms);
	}
	put_cases(out, in->id, &talk, false, SHD_OZON_PAGE_BUYER);
	return true;
}

/* An infringement that is claimed in a support chat, and the seller's answer as the appeal
 * against it. */
SHD_OZON_MAP(support_history)
{
	if (!has_messages(in, record, reterr))
		return false;
	SHD_AUTO(talk_finish) struct talk talk = read_talk(record, is_from_ozon);
	size_t at = shd_harvest_entity(out, SHD_KIND_notice, in->id, strlen(in->id));
	const struct turn *named =
		talk.last_cause < talk.count ? &talk.turns[talk.last_cause] : NULL;
	bool infringement = named && strcmp(named->cause, "IP_RISK_LEVEL_HIGH") == 0;

	if (talk.mute && !talk.odd)
		talk.odd = talk.mute;
	if (talk.odd) {
		/* what the list says of one that is read is no end of an infringement */
		shd_put_unread(out, at, SHD_F_notice_category, talk.odd);
		shd_put_unread(out, at, SHD_F_notice_severity, talk.odd);
		shd_put_unread(out, at, SHD_F_notice_text, talk.odd);
		shd_put_unread(out, at, SHD_F_notice_appealed_at, talk.odd);
		shd_put_unread(out, at, SHD_F_notice_answered_at, talk.odd);
		shd_put_unread(out, at, SHD_F_notice_closed, talk.odd);
		return true;
	}
	shd_put_word(
		out, at, SHD_F_notice_category, infringement ? "infringement_appeal" : "support");
	if (talk.count)
		shd_put_text(
			out, at, SHD_F_notice_text, text_of(talk.turns[talk.count - 1].message));
	if (!infringement) {
		shd_put_word(out, at, SHD_F_notice_severity, "info");
		return true;
	}
	bool appealed = talk.last_out < talk.count && talk.last_out > talk.last_cause,
	     answered = appealed && talk.last_out + 1 < talk.count;

	shd_put_word(out, at, SHD_F_notice_severity, "critical");
	if (appealed)
		shd_set_n(out, at, SHD_F_notice_appealed_at, talk.turns[talk.last_out].ms);
	if (answered)
		shd_set_n(out, at, SHD_F_notice_answered_at, talk.turns[talk.count - 1].ms);
	else
		shd_set_none(out, at, SHD_F_notice_answered_at);
	/* that it was read, which ends other notices, is no answer to it */
	shd_set_n(out, at, SHD_F_notice_closed, answered);
	put_cases(out, in->id, &talk, true, SHD_OZON_PAGE_SUPPORT);
	return true;
}

/* A message that wants something until a date: "CHAT:MESSAGE". That it was read is all that
 * Ozon tells of what became of it, so it stays open until the date has passed as well. */
static void put_demand(struct shd_harvest *out, const struct shd_map_in *in, const json_t *message,
		       const json_t *text, struct shd_wall due)
{
	json_auto_t *chat = json_string(in->id);
	bool read = false;
	char name[NAME_BYTES];

	int len = name_message(name, "", in->id, message);
	if (len == 0)
		return;
	size_t at = shd_harvest_entity(out, SHD_KIND_notice, name, (size_t)len);

	shd_put_time(out, at, SHD_F_notice_opened_at, json_object_get(message, "created_at"));
	shd_ozon_put_url(out, at, SHD_F_notice_url, SHD_OZON_PAGE_SUPPORT, chat);
	shd_put_word(out, at, SHD_F_notice_category, "demand");
	shd_put_word(out, at, SHD_F_notice_severity, "warning");
	shd_put_text(out, at, SHD_F_notice_text, text);
	shd_set_n(out, at, SHD_F_notice_due_at, due.ms);
	if (shd_loose_bool(json_object_get(message, "is_read"), &read))
		shd_set_n(out, at, SHD_F_notice_unread, !read);
	else
		shd_put_unread(out, at, SHD_F_notice_unread, json_object_get(message, "is_read"));
	shd_set_n(out, at, SHD_F_notice_closed, read && due.ms <= in->fetched.ms);
}

/* The part of a message that names a date, of the first that does; NULL: none does. */
static const json_t *find_demand(
	const json_t *message, struct shd_wall written, struct shd_wall *ret_due)
{
	const json_t *data = json_object_get(message, "data"), *part;
	size_t i;

	if (!json_is_array(data))
		return shd_ozon_deadline(data, written, ret_due) ? data : NULL;
	json_array_foreach (data, i, part)
		if (shd_ozon_deadline(part, written, ret_due))
			return part;
	return NULL;
}

SHD_OZON_MAP(notice_history)
{
	const json_t *messages = json_object_get(record, "messages"), *message, *newest = NULL;
	const json_t *odd = NULL; /* one that may be the newest */
	int64_t newest_ms = INT64_MIN;
	struct shd_wall at, due;
	size_t i;

	if (!has_messages(in, record, reterr))
		return false;
	size_t chat = shd_harvest_entity(out, SHD_KIND_notice, in->id, strlen(in->id));

	json_array_foreach (messages, i, message) {
		if (is_from(message, "Seller"))
			continue;
		bool named = json_string_length(shd_loose_at(message, "user.type")) > 0;
		bool timed = shd_loose_time(json_object_get(message, "created_at"), &at);
		if (!named || !timed)
			odd = odd_of(message, named ? "created_at" : "user.type");
		/* a date that is still to come is a demand, whoever wrote of it and whenever */
		const json_t *demand = find_demand(message, timed ? at : in->fetched, &due);
		if (demand)
			put_demand(out, in, message, demand, due);
		if (named && timed && at.ms > newest_ms) {
			newest = text_of(message);
			newest_ms = at.ms;
		}
	}
	if (odd)
		shd_put_unread(out, chat, SHD_F_notice_text, odd);
	else if (newest)
		shd_put_text(out, chat, SHD_F_notice_text, newest);
	return true;
}

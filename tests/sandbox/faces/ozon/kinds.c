/* The records of a shop's things at Ozon, and the expansion of a scenario's short forms. */
#include "account.h"
#include "templates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stable numbers for ids that Ozon would have given. */
static int64_t number_of(const char *text)
{
	uint64_t h = 14695981039346656037ULL;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211ULL;
	return (int64_t)(h % 9000000000ULL) + 1000000000;
}

static void copy_member(json_t *to, const char *name, const json_t *from, const char *path)
{
	json_t *value = shd_json_at(from, path);

	if (value)
		json_object_set(to, name, value);
}

static const json_t *product_of(const struct shd_world *world, const json_t *fields)
{
	char sku[32];

	snprintf(sku, sizeof(sku), "%lld", (long long)shd_json_int(fields, "sku"));
	const struct shd_object *product = shd_world_find(world, SHD_THING_product, sku);
	return product ? product->record : NULL;
}

/* products[] from the short forms sku and quantity. */
static void complete_products(const struct shd_world *world, json_t *json, const json_t *fields)
{
	const json_t *product = product_of(world, fields);
	json_t *row;

	if (!json_object_get(fields, "sku"))
		return;
	row = json_pack("{s:I,s:s,s:s,s:I,s:{s:s,s:s},s:b}", "sku",
		(json_int_t)shd_json_int(fields, "sku"), "offer_id", "", "name", "", "quantity",
		(json_int_t)1, "price", "amount", "1990", "currency", "RUB",
		"is_marketplace_buyout", 0);
	copy_member(row, "quantity", fields, "quantity");
	copy_member(row, "offer_id", product, "offer_id");
	copy_member(row, "name", product, "name");
	copy_member(json_object_get(row, "price"), "amount", product, "price");
	json_object_set_new(json, "products", json_pack("[o]", row));
}

static void complete_numbers(json_t *json)
{
	const char *posting = shd_json_text(json, "posting_number"), *dash = strrchr(posting, '-');

	if (!*shd_json_text(json, "order_number") && dash)
		json_object_set_new(json, "order_number",
				    json_stringn(posting, (size_t)(dash - posting)));
	if (json_is_integer(json_object_get(json, "order_id")) && !shd_json_int(json, "order_id"))
		json_object_set_new(json, "order_id",
				    json_integer(number_of(shd_json_text(json, "order_number"))));
}

static const struct {
	const char *status, *substatus;
} substatuses[] = {
	{"acceptance_in_progress", "posting_acceptance_in_progress"},
	{"arbitration", "posting_in_arbitration"},
	{"awaiting_approve", "posting_created"},
	{"awaiting_deliver", "posting_transferring_to_delivery"},
	{"awaiting_packaging", "posting_created"},
	{"awaiting_registration", "posting_awaiting_registration"},
	{"awaiting_verification", "posting_created"},
	{"cancelled", "posting_canceled"},
	{"client_arbitration", "posting_in_client_arbitration"},
	{"delivered", "posting_received"},
	{"delivering", "posting_on_way_to_city"},
	{"driver_pickup", "posting_driver_pick_up"},
	{"not_accepted", "posting_not_in_sort_center"},
};

static void complete_status(json_t *json, const json_t *fields, int64_t at_ms)
{
	const char *status = shd_json_text(json, "status");
	char now[40];

	if (!json_object_get(fields, "substatus") && json_object_get(fields, "status"))
		for (size_t i = 0; i < SHD_COUNT(substatuses); i++)
			if (strcmp(substatuses[i].status, status) == 0)
				json_object_set_new(json, "substatus",
						    json_string(substatuses[i].substatus));
	if (!*shd_json_text(json, "substatus"))
		json_object_set_new(json, "substatus", json_string("posting_created"));
	if (strcmp(status, "delivering") == 0 &&
		json_is_null(json_object_get(json, "delivering_date"))) {
		shd_time_write(at_ms, 0, now);
		json_object_set_new(json, "delivering_date", json_string(now));
	}
	if (strcmp(status, "awaiting_packaging") != 0)
		json_object_set_new(json, "available_actions", json_array());
}

static void complete_order(const struct shd_thing_change *change)
{
	const json_t *fields = change->given;
	json_t *json = change->record;

	copy_member(json, "shipment_date", fields, "ship_by");
	copy_member(json, "shipment_date_without_delay", fields, "ship_by");
	copy_member(
		json_object_get(json, "analytics_data"), "delivery_date_end", fields, "deliver_by");
	complete_products(change->world, json, fields);
	complete_numbers(json);
	complete_status(json, fields, change->at_ms);
}

static void complete_fbo_order(const struct shd_thing_change *change)
{
	const json_t *fields = change->given;
	json_t *json = change->record;

	complete_products(change->world, json, fields);
	complete_numbers(json);
}

static void put_stock(struct shd_world *world, const json_t *product, const char *type,
		      const json_t *present, int64_t at_ms)
{
	json_t *json = shd_template(stock_template);
	char id[80];

	json_object_set(json, "sku", json_object_get(product, "sku"));
	json_object_set(json, "product_id", json_object_get(product, "id"));
	json_object_set(json, "offer_id", json_object_get(product, "offer_id"));
	json_object_set_new(json, "type", json_string(type));
	json_object_set(json, "present", (json_t *)present);
	if (strcmp(type, "fbo") == 0) {
		json_object_set_new(json, "warehouse_id", json_integer(23012927862000));
		json_object_set_new(json, "warehouse_name", json_string("ХОРУГВИНО_РФЦ"));
	}
	snprintf(id, sizeof(id), "%lld/%s", (long long)shd_json_int(json, "sku"), type);
	shd_world_put(world, SHD_THING_stock, id,
		      shd_template(shd_thing_rows[SHD_THING_stock].facts), json, at_ms);
}

/* A product's record contains the stock of all its skus: new stock changes it. */
static void complete_stock(const struct shd_thing_change *change)
{
	const struct shd_things *products = &change->world->of[SHD_THING_product];
	int64_t id = shd_json_int(change->record, "product_id");

	for (size_t i = 0; id && i < products->count; i++) {
		const struct shd_object *product = products->items[i];

		if (shd_json_int(product->record, "id") == id)
			shd_world_put(change->world, SHD_THING_product, product->id,
				      json_incref(product->facts), json_incref(product->record),
				      change->at_ms);
	}
}

static void complete_product(const struct shd_thing_change *change)
{
	const json_t *fields = change->given;
	json_t *json = change->record;
	static const char *const types[] = {"fbs", "fbo"};
	char text[32];

	copy_member(json, "name", fields, "title");
	if (json_is_integer(json_object_get(json, "id")) && !shd_json_int(json, "id"))
		json_object_set_new(
			json, "id", json_integer(shd_json_int(json, "sku") + 500000000));
	if (!*shd_json_text(json, "offer_id")) {
		snprintf(text, sizeof(text), "ART-%lld", (long long)shd_json_int(json, "sku"));
		json_object_set_new(json, "offer_id", json_string(text));
	}
	copy_member(change->facts, "listing", fields, "visibility");
	copy_member(change->facts, "sales_per_day", fields, "ads");
	copy_member(change->facts, "cover_days", fields, "idc");
	for (size_t i = 0; i < SHD_COUNT(types); i++)
		if (json_object_get(fields, types[i]))
			put_stock(change->world, json, types[i], json_object_get(fields, types[i]),
				  change->at_ms);
}

static void complete_message(const struct shd_thing_change *change)
{
	const json_t *fields = change->given;
	json_t *json = change->record;

	const char *from = shd_json_text(fields, "from"), *id = shd_json_text(json, "message_id");
	const char *chat_id = shd_json_text(fields, "chat_id");
	const struct shd_object *chat = shd_world_find(change->world, SHD_THING_chat, chat_id);
	bool seller = strcmp(from, "seller") == 0;

	copy_member(change->facts, "chat", fields, "chat_id");
	if (json_object_get(fields, "text"))
		json_object_set_new(
			json, "data", json_pack("[O]", json_object_get(fields, "text")));
	if (*from && strcmp(from, "customer") != 0)
		json_object_set_new(json_object_get(json, "user"), "type",
				    json_string(seller ? "Seller"
						: strcmp(from, "notification") == 0
							? "NotificationUser"
							: "Support"));
	if (!chat || change->before)
		return;
	json_t *copy = json_deep_copy(chat->record);
	int64_t unread = seller ? 0 : shd_json_int(copy, "unread_count") + 1;
	if (unread == 1)
		json_object_set_new(copy, "first_unread_message_id", json_string(id));
	json_object_set_new(copy, "unread_count", json_integer(unread));
	json_object_set_new(copy, "last_message_id", json_string(id));
	shd_world_put(change->world, SHD_THING_chat, chat_id, json_incref(chat->facts), copy,
		      change->at_ms);
}

/* Whoever reads a chat reads what stands in it. */
static void read_messages(const struct shd_thing_change *change, const char *chat_id)
{
	const struct shd_things *messages = &change->world->of[SHD_THING_message];

	for (size_t i = 0; i < messages->count; i++) {
		const struct shd_object *message = messages->items[i];

		if (strcmp(shd_json_text(message->facts, "chat"), chat_id) != 0)
			continue;
		json_t *record = json_deep_copy(message->record);
		json_object_set_new(record, "is_read", json_true());
		shd_world_put(change->world, SHD_THING_message, message->id,
			      json_incref(message->facts), record, change->at_ms);
	}
}

static void complete_chat(const struct shd_thing_change *change)
{
	const json_t *fields = change->given;
	json_t *json = change->record;
	static const char *const inner[] = {"chat_id", "chat_status", "chat_type"};

	for (size_t i = 0; i < SHD_COUNT(inner); i++)
		copy_member(json_object_get(json, "chat"), inner[i], fields, inner[i]);
	if (json_object_get(fields, "unread_count") && !shd_json_int(fields, "unread_count"))
		read_messages(change, shd_json_text(json, "chat.chat_id"));
}

static const char *verdict(double value, const json_t *limits, bool higher)
{
	double danger = json_number_value(json_object_get(limits, "danger"));
	double warning = json_number_value(json_object_get(limits, "warning"));

	if (danger != 0.0 && (higher ? value < danger : value > danger))
		return "CRITICAL";
	return warning != 0.0 && (higher ? value < warning : value > warning) ? "WARNING" : "OK";
}

static void complete_rating(const struct shd_thing_change *change)
{
	const json_t *fields = change->given;
	json_t *json = change->record;

	const json_t *old = change->before;
	static const char *const limits[] = {"warning", "danger", "premium"};
	json_t *ours = change->facts, *value = json_object_get(fields, "value");
	bool higher = strcmp(shd_json_text(json, "rating_direction"), "LOWER_IS_BETTER") != 0;
	char name[32];

	copy_member(ours, "group", fields, "group");
	for (size_t i = 0; i < SHD_COUNT(limits); i++) {
		snprintf(name, sizeof(name), "%s_threshold", limits[i]);
		copy_member(ours, limits[i], fields, name);
	}
	if (!value)
		return;
	double now = json_number_value(value);
	double before = json_number_value(json_object_get(old ? old : json, "current_value"));
	json_object_set(json, "current_value", value);
	json_array_append_new(json_object_get(ours, "history"),
			      json_pack("[I,O]", (json_int_t)change->at_ms, value));
	if (!json_object_get(fields, "status"))
		json_object_set_new(json, "status", json_string(verdict(now, ours, higher)));
	if (!old || now == before)
		return;
	json_object_set_new(json, "past_value", json_real(before));
	json_object_set_new(json, "change",
			    json_pack("{s:s,s:s}", "direction",
				      now > before ? "DIRECTION_RISE" : "DIRECTION_FALL", "meaning",
				      (now > before) == higher ? "MEANING_GOOD" : "MEANING_BAD"));
}

/* product{} of a return from its sku; `text` when this service writes ids as text. */
static void complete_one_product(const struct shd_world *world, json_t *json, const json_t *fields,
				 bool text)
{
	const json_t *known = product_of(world, fields);
	json_t *product = json_object_get(json, "product");
	char sku[32];

	if (!json_object_get(fields, "sku") || !product)
		return;
	snprintf(sku, sizeof(sku), "%lld", (long long)shd_json_int(fields, "sku"));
	json_object_set_new(product, "sku",
			    text ? json_string(sku) : json_integer(shd_json_int(fields, "sku")));
	copy_member(product, "offer_id", known, "offer_id");
	copy_member(product, "name", known, "name");
}

static void complete_return(const struct shd_thing_change *change)
{
	const json_t *fields = change->given;
	json_t *json = change->record;
	json_t *visual = json_object_get(json, "visual");
	char now[40];

	complete_one_product(change->world, json, fields, true);
	if (!*shd_json_text(json, "order_number"))
		complete_numbers(json);
	if (!json_object_get(fields, "status"))
		return;
	shd_time_write(change->at_ms, 6, now);
	json_object_set_new(visual, "change_moment", json_string(now));
	copy_member(json_object_get(visual, "status"), "sys_name", fields, "status");
}

static void complete_rfbs_return(const struct shd_thing_change *change)
{
	const json_t *fields = change->given;
	json_t *json = change->record;
	static const char *const ours[] = {"reason", "is_defect", "comment"};
	char number[48];

	complete_one_product(change->world, json, fields, false);
	complete_numbers(json);
	json_object_del(json, "order_id");
	copy_member(json_object_get(json, "state"), "group_state", fields, "group_state");
	for (size_t i = 0; i < SHD_COUNT(ours); i++)
		copy_member(change->facts, ours[i], fields, ours[i]);
	if (*shd_json_text(json, "return_number"))
		return;
	snprintf(number, sizeof(number), "RET-%lld", (long long)shd_json_int(json, "return_id"));
	json_object_set_new(json, "return_number", json_string(number));
}

const struct shd_face_kind shd_ozon_kinds[SHD_THING_COUNT] = {
#define RECORD(name_, id_, digits_, complete_, extra_)                                             \
	[SHD_THING_##name_] = {.id = #id_,                                                         \
		.part = SHD_THING_##name_ == SHD_THING_stock ? "type" : NULL,                      \
		.usual = "fbs",                                                                    \
		.extra = extra_,                                                                   \
		.record = name_##_template,                                                        \
		.digits = digits_,                                                                 \
		.complete = complete_},
#include "kinds.def"
#undef RECORD
};

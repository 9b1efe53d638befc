#include "views.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A new object with the members named in `names`, as they are. */
static json_t *pick(const json_t *json, const char *names)
{
	json_t *out = json_object();
	char name[48];

	for (const char *at = names; *at;) {
		size_t len = strcspn(at, " ");

		snprintf(name, sizeof(name), "%.*s", (int)len, at);
		if (json_object_get(json, name))
			json_object_set(out, name, json_object_get(json, name));
		at += len + (at[len] == ' ');
	}
	return out;
}

static int64_t member(const json_t *json, const char *name)
{
	return shd_json_int(json, name);
}

/* Money as v3 writes it: "price": "1990" and its currency beside it. */
json_t *shd_view_posting_detail(const struct shd_world *world, const struct shd_object *object)
{
	json_t *json = json_deep_copy(object->record), *product;
	bool delivered = strcmp(shd_json_text(json, "status"), "delivered") == 0;
	size_t i;

	(void)world;
	json_array_foreach(json_object_get(json, "products"), i, product) {
		json_t *price = json_incref(json_object_get(product, "price"));

		json_object_set(product, "price", json_object_get(price, "amount"));
		json_object_set(product, "currency_code", json_object_get(price, "currency"));
		json_decref(price);
	}
	json_object_set_new(json, "previous_substatus", json_string(""));
	json_object_set_new(json, "provider_status", json_string(""));
	json_object_set(json, "fact_delivery_date",
			delivered ? json_object_get(json, "delivering_date") : json_null());
	json_object_set_new(json, "related_postings", json_null());
	return json;
}

/* Sum of `member` over the stock rows of a product; type NULL: all. */
static int64_t stock_sum(const struct shd_world *world, int64_t sku, const char *type,
			 const char *name)
{
	const struct shd_things *stocks = &world->of[SHD_THING_stock];
	int64_t sum = 0;

	for (size_t i = 0; i < stocks->count; i++) {
		const json_t *row = stocks->items[i]->record;

		if (member(row, "sku") == sku &&
			(!type || strcmp(shd_json_text(row, "type"), type) == 0))
			sum += member(row, name);
	}
	return sum;
}

json_t *shd_view_product_row(const struct shd_world *world, const struct shd_object *object)
{
	const json_t *json = object->record;
	json_t *out = pick(json, "offer_id sku is_discounted");
	int64_t sku = member(json, "sku");

	json_object_set(out, "product_id", json_object_get(json, "id"));
	json_object_set(out, "archived", json_object_get(json, "is_archived"));
	json_object_set_new(
		out, "has_fbo_stocks", json_boolean(stock_sum(world, sku, "fbo", "present")));
	json_object_set_new(
		out, "has_fbs_stocks", json_boolean(stock_sum(world, sku, "fbs", "present")));
	json_object_set_new(out, "quants", json_array());
	return out;
}

json_t *shd_view_product(const struct shd_world *world, const struct shd_object *object)
{
	const struct shd_things *stocks = &world->of[SHD_THING_stock];
	json_t *out = json_copy(object->record), *rows = json_array();
	int64_t sku = member(out, "sku"), sum = stock_sum(world, sku, NULL, "present");

	for (size_t i = 0; i < stocks->count; i++) {
		const json_t *row = stocks->items[i]->record;

		if (member(row, "sku") != sku)
			continue;
		json_t *shown = pick(row, "sku present reserved");
		json_object_set(shown, "source", json_object_get(row, "type"));
		json_array_append_new(rows, shown);
	}
	json_object_set_new(
		out, "stocks", json_pack("{s:b,s:o}", "has_stock", sum > 0, "stocks", rows));
	return out;
}

json_t *shd_view_price(const struct shd_world *world, const struct shd_object *object)
{
	const char *color = shd_json_text(object->record, "price_indexes.color_index");
	const char *word = strncmp(color, "COLOR_INDEX_", 12) == 0 ? color + 12 : color;
	json_t *out = pick(object->record, "offer_id volume_weight");
	json_t *indexes = json_deep_copy(json_object_get(object->record, "price_indexes"));

	(void)world;
	json_object_set(out, "product_id", json_object_get(object->record, "id"));
	json_object_set_new(indexes, "color_index", json_string(word));
	json_object_set_new(out, "price_indexes", indexes);
	json_object_set_new(out, "price",
			    json_pack("{s:s,s:i,s:i}", "currency_code", "RUB", "price",
				      (int)member(object->record, "price"), "old_price",
				      (int)member(object->record, "old_price")));
	return out;
}

json_t *shd_view_stocks(const struct shd_world *world, const struct shd_object *object)
{
	static const char *const types[] = {"fbs", "rfbs", "fbo", "fbp"};
	json_t *out = pick(object->record, "offer_id"), *rows = json_array();
	const struct shd_things *stocks = &world->of[SHD_THING_stock];
	int64_t sku = member(object->record, "sku"), id = member(object->record, "id");

	/* A product may have several skus: a row names its own. */
	json_object_set(out, "product_id", json_object_get(object->record, "id"));
	for (size_t t = 0; t < SHD_COUNT(types); t++) {
		for (size_t i = 0; i < stocks->count; i++) {
			const json_t *row = stocks->items[i]->record;

			if ((member(row, "sku") != sku && member(row, "product_id") != id) ||
				strcmp(shd_json_text(row, "type"), types[t]) != 0)
				continue;
			json_t *shown = pick(row, "sku type present reserved");
			json_object_set_new(
				shown, "shipment_type", json_string("SHIPMENT_TYPE_GENERAL"));
			json_object_set_new(shown, "warehouse_ids", json_array());
			json_array_append_new(rows, shown);
		}
	}
	json_object_set_new(out, "stocks", rows);
	return out;
}

json_t *shd_view_warehouse_stock(const struct shd_world *world, const struct shd_object *object)
{
	json_t *out = json_copy(object->record);
	int64_t present = member(out, "present"), reserved = member(out, "reserved");

	(void)world;
	json_object_del(out, "type");
	json_object_set_new(out, "free_stock", json_integer(present - reserved));
	return out;
}

static double own_number(const struct shd_world *world, int64_t sku, const char *name)
{
	char id[32];

	snprintf(id, sizeof(id), "%lld", (long long)sku);
	const struct shd_object *product = shd_world_find(world, SHD_THING_product, id);
	return product ? json_number_value(json_object_get(product->facts, name)) : 0.0;
}

json_t *shd_view_analytics_stock(const struct shd_world *world, const struct shd_object *object)
{
	json_t *out = pick(object->record, "sku offer_id warehouse_id warehouse_name");
	int64_t sku = member(object->record, "sku");
	double idc = own_number(world, sku, "cover_days");

	json_object_set_new(out, "name", json_string(""));
	json_object_set_new(out, "cluster_id", json_integer(154));
	json_object_set_new(out, "cluster_name", json_string("Москва, МО и Дальние регионы"));
	json_object_set_new(out, "available_stock_count",
			    json_integer(member(object->record, "present") -
					 member(object->record, "reserved")));
	json_object_set_new(out, "transit_stock_count", json_integer(0));
	json_object_set_new(out, "requested_stock_count", json_integer(0));
	json_object_set_new(out, "ads", json_real(own_number(world, sku, "sales_per_day")));
	json_object_set_new(out, "idc", json_real(idc));
	/* the warehouse's cluster makes half of the sales, with all the stock there is */
	json_object_set_new(
		out, "ads_cluster", json_real(own_number(world, sku, "sales_per_day") / 2));
	json_object_set_new(out, "idc_cluster", json_real(idc * 2));
	json_object_set_new(out, "turnover_grade",
			    json_string(idc < 28 ? "DEFICIT" : idc < 56 ? "POPULAR" : "ACTUAL"));
	return out;
}

json_t *shd_view_turnover(const struct shd_world *world, const struct shd_object *object)
{
	json_t *out = pick(object->record, "sku offer_id name");
	double idc = own_number(world, member(out, "sku"), "cover_days");

	json_object_set_new(out, "current_stock",
			    json_integer(stock_sum(world, member(out, "sku"), NULL, "present")));
	json_object_set_new(
		out, "ads", json_real(own_number(world, member(out, "sku"), "sales_per_day")));
	json_object_set_new(out, "idc", json_real(idc));
	json_object_set_new(
		out, "idc_grade", json_string(idc < 7 ? "GRADES_CRITICAL" : "GRADES_GREEN"));
	return out;
}

json_t *shd_view_review_row(const struct shd_world *world, const struct shd_object *object)
{
	(void)world;
	return pick(object->record,
		"id sku rating text published_at status order_status "
		"is_rating_participant comments_amount photos_amount videos_amount");
}

json_t *shd_view_rfbs_detail(const struct shd_world *world, const struct shd_object *object)
{
	json_t *out = json_copy(object->record), *ours = object->facts;
	const char *group = shd_json_text(object->record, "state.group_state");
	bool waits = strcasecmp(group, "New") == 0 || strcasecmp(group, "Checkout") == 0;

	(void)world;
	json_object_del(out, "return_id");
	json_object_set_new(out, "state", pick(json_object_get(out, "state"), "state state_name"));
	json_object_set_new(out, "return_reason",
		json_pack("{s:i,s:O,s:O}", "id", 1, "name", json_object_get(ours, "reason"),
			"is_defect", json_object_get(ours, "is_defect")));
	json_object_set(out, "comment", json_object_get(ours, "comment"));
	json_object_set_new(out, "available_actions",
		waits ? json_pack("[{s:{s:i,s:s}},{s:{s:i,s:s}}]", "action", "id", 1, "name",
				"Approve", "action", "id", 2, "name", "Reject")
		      : json_array());
	json_object_set_new(out, "client_photo", json_array());
	json_object_set_new(out, "rejection_comment", json_string(""));
	json_object_set_new(out, "rejection_reason", json_array());
	json_object_set_new(out, "ru_post_tracking_number", json_string(""));
	json_object_set_new(out, "warehouse_id", json_integer(1020005003107121));
	return out;
}

json_t *shd_view_invalid_product(const struct shd_world *world, const struct shd_object *object)
{
	(void)world;
	return pick(object->record, "item state validation_errors");
}

json_t *shd_view_supply_id(const struct shd_world *world, const struct shd_object *object)
{
	(void)world;
	return json_incref(json_object_get(object->record, "order_id"));
}

bool shd_selects_unfulfilled(const struct shd_ask *ask, const struct shd_object *object)
{
	(void)ask;
	return shd_word_in(
		"acceptance_in_progress arbitration awaiting_approve awaiting_deliver "
		"awaiting_packaging awaiting_registration awaiting_verification not_accepted",
		shd_json_text(object->record, "status"));
}

/* Each visibility is a set; a product names the narrowest it is in. */
bool shd_selects_visible(const struct shd_ask *ask, const struct shd_object *object)
{
	const char *wanted = shd_json_text(ask->body, "filter.visibility");
	const char *has = shd_json_text(object->facts, "listing");

	if (!*wanted || strcasecmp(wanted, "ALL") == 0 || strcasecmp(wanted, has) == 0)
		return true;
	if (strcasecmp(wanted, "ARCHIVED") == 0)
		return json_is_true(json_object_get(object->record, "is_archived"));
	if (strcasecmp(wanted, "VISIBLE") == 0 || strcasecmp(wanted, "READY_TO_SUPPLY") == 0)
		return strcasecmp(has, "IN_SALE") == 0;
	return strcasecmp(wanted, "INVISIBLE") == 0 && strcasecmp(has, "IN_SALE") != 0;
}

bool shd_selects_fbs_stock(const struct shd_ask *ask, const struct shd_object *object)
{
	(void)ask;
	return shd_word_in("fbs rfbs", shd_json_text(object->record, "type"));
}

bool shd_selects_fbo_stock(const struct shd_ask *ask, const struct shd_object *object)
{
	(void)ask;
	return strcmp(shd_json_text(object->record, "type"), "fbo") == 0;
}

/* Analytics leaves out what lies in no warehouse. */
bool shd_selects_fbo_stock_present(const struct shd_ask *ask, const struct shd_object *object)
{
	return shd_selects_fbo_stock(ask, object) && member(object->record, "present") > 0;
}

/* Without a filter of states only new ones are given. */
bool shd_selects_method(const struct shd_ask *ask, const struct shd_object *object)
{
	return json_array_size(shd_json_at(ask->body, "filter.status")) > 0 ||
	       strcmp(shd_json_text(object->record, "status"), "NEW") == 0;
}

bool shd_selects_question(const struct shd_ask *ask, const struct shd_object *object)
{
	const char *wanted = shd_json_text(ask->body, "filter.status");
	const char *has = shd_json_text(object->record, "status");

	if (!*wanted || strcasecmp(wanted, "ALL") == 0)
		return true;
	if (strcasecmp(wanted, "UNPROCESSED") == 0)
		return strcasecmp(has, "PROCESSED") != 0;
	return strcasecmp(wanted, has) == 0;
}

bool shd_selects_unread(const struct shd_ask *ask, const struct shd_object *object)
{
	return !json_is_true(shd_json_at(ask->body, "filter.unread_only")) ||
	       member(object->record, "unread_count") > 0;
}

bool shd_selects_message(const struct shd_ask *ask, const struct shd_object *object)
{
	return strcmp(shd_json_text(object->facts, "chat"),
		       shd_json_text(ask->body, "chat_id")) == 0;
}

#include "ozon.h"

#include <string.h>

enum { GOODS_BYTES = 1000 };

static const struct shd_loose_word statuses[] = {
	{"awaiting_registration", "awaiting_shipment"},
	{"awaiting registration", "awaiting_shipment"},
	{"acceptance_in_progress", "awaiting_shipment"},
	{"awaiting_approve", "awaiting_shipment"},
	{"awaiting_verification", "awaiting_shipment"},
	{"awaiting_packaging", "awaiting_shipment"},
	{"awaiting_deliver", "awaiting_shipment"},
	/* came back from the sorting centre: it still has to be handed over */
	{"not_accepted", "awaiting_shipment"},
	{"arbitration", "shipped"},
	{"client_arbitration", "shipped"},
	{"delivering", "shipped"},
	{"driver_pickup", "shipped"},
	{"sent_by_seller", "shipped"},
	{"delivered", "delivered"},
	{"cancelled", "cancelled"},
	{"cancelled_from_split_pending", "cancelled"},
	{NULL, NULL},
};

/* Where the parcel is, by the posting's finer state; by the statuses below where it tells
 * nothing finer. */
static const struct shd_loose_word parcel_substatuses[] = {
	{"posting_awaiting_passport_data", "at_customs"},
	{"posting_registration_error", "exception"},
	{"posting_not_in_sort_center", "exception"},
	{"ship_failed", "exception"},
	{"posting_in_pickup_point", "at_pickup"},
	{"posting_in_courier_service", "out_for_delivery"},
	{"posting_returned_to_warehouse", "returned"},
	{"posting_delivered", "delivered"},
	{"posting_received", "delivered"},
	{"posting_conditionally_delivered", "delivered"},
	{"posting_acceptance_in_progress", NULL},
	{"posting_in_arbitration", NULL},
	{"posting_in_client_arbitration", NULL},
	{"posting_created", NULL},
	{"posting_packing", NULL},
	{"posting_in_carriage", NULL},
	{"posting_not_in_carriage", NULL},
	{"posting_registered", NULL},
	{"posting_awaiting_registration", NULL},
	{"posting_transferring_to_delivery", NULL},
	{"posting_split_pending", NULL},
	{"posting_canceled", NULL},
	{"posting_cancelled", NULL},
	{"posting_on_way_to_city", NULL},
	{"posting_on_way_to_pickup_point", NULL},
	{"posting_transferred_to_courier_service", NULL},
	{"posting_driver_pick_up", NULL},
	{NULL, NULL},
};
static const struct shd_loose_word parcel_statuses[] = {
	{"awaiting_registration", "created"},
	{"awaiting registration", "created"},
	{"acceptance_in_progress", "created"},
	{"awaiting_approve", "created"},
	{"awaiting_verification", "created"},
	{"awaiting_packaging", "created"},
	{"awaiting_deliver", "created"},
	{"not_accepted", "exception"},
	{"arbitration", "exception"},
	{"client_arbitration", "exception"},
	{"delivering", "in_transit"},
	{"driver_pickup", "in_transit"},
	{"sent_by_seller", "in_transit"},
	{"delivered", "delivered"},
	{NULL, NULL},
};

static const struct shd_loose_word cancellers[] = {
	{"seller", "seller"},       {"client", "buyer"},     {"customer", "buyer"},
	{"ozon", "marketplace"},    {"system", "marketplace"}, {"delivery", "carrier"},
	{NULL, NULL},
};

/* A page of a posting list; `filter` is the content of its filter object. */
static void put_page(const struct shd_endpoint *row, const struct shd_page_in *in,
		     const char *filter, struct shd_text *out)
{
	shd_text_puts(out, "{\"cursor\":");
	shd_ozon_put_quoted(out, in->position);
	shd_text_printf(
		out, ",\"limit\":%d,\"sort_dir\":\"ASC\",\"filter\":{%s},", row->limit, filter);
	shd_text_puts(out, "\"translit\":false,\"with\":{\"analytics_data\":true,"
			   "\"financial_data\":false,\"legal_info\":false}}");
}

SHD_OZON_BODY(fbs_unfulfilled)
{
	struct shd_text filter SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&filter, 512);
	shd_ozon_put_window(&filter, "cutoff_from", in->now.ms - 90 * SHD_DAY_MS, "cutoff_to",
		in->now.ms + 180 * SHD_DAY_MS);
	put_page(row, in, filter.data, out);
}

/* Postings ordered in the last `days`; `more` goes into the filter. */
static void put_fbs_list(const struct shd_endpoint *row, const struct shd_page_in *in, int days,
			 const char *more, struct shd_text *out)
{
	struct shd_text filter SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&filter, 1024);
	shd_ozon_put_window(&filter, "since", in->now.ms - days * SHD_DAY_MS, "to",
		in->now.ms + SHD_HOUR_MS);
	shd_text_puts(&filter, more);
	put_page(row, in, filter.data, out);
}

SHD_OZON_BODY(fbs_list)
{
	struct shd_text changed SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&changed, 512);
	shd_text_puts(&changed, ",\"last_changed_status_date\":{");
	shd_ozon_put_window(
		&changed, "from", shd_ozon_since_ms(in), "to", in->now.ms + SHD_HOUR_MS);
	shd_text_putc(&changed, '}');
	put_fbs_list(row, in, 90, changed.data, out);
}

SHD_OZON_BODY(fbs_transit)
{
	/* all that are on their way, so that one that is missing has vanished */
	put_fbs_list(row, in, 60, ",\"statuses\":[\"delivering\",\"driver_pickup\","
		"\"sent_by_seller\",\"arbitration\",\"client_arbitration\"]", out);
}

bool shd_ozon_knows_status(const json_t *status)
{
	const char *ignored;

	return shd_loose_word(status, statuses, &ignored);
}

void shd_ozon_put_posting(struct shd_text *out, const char *number)
{
	shd_text_puts(out, "{\"posting_number\":");
	shd_ozon_put_quoted(out, number);
	shd_text_puts(out, ",\"with\":{\"analytics_data\":true}}");
}

SHD_OZON_BODY(fbs_get)
{
	(void)row;
	shd_ozon_put_posting(out, in->id_count ? in->ids[0] : "");
}

SHD_OZON_BODY(arbitration)
{
	put_fbs_list(row, in, 90, ",\"statuses\":[\"arbitration\",\"client_arbitration\"]", out);
}

/* FBO lists know no change date, so that each poll reads a span of orders again; only
 * those that changed are parsed. */
SHD_OZON_BODY(fbo_list)
{
	struct shd_text filter SHD_AUTO(shd_text_finish) = {0};
	bool wide = in->cursor.ms == 0 || row->poller == SHD_P_logistics;

	shd_text_init(&filter, 512);
	shd_ozon_put_window(&filter, "since", in->now.ms - (wide ? 30 : 7) * SHD_DAY_MS, "to",
		in->now.ms + SHD_HOUR_MS);
	put_page(row, in, filter.data, out);
}

/* What all pieces of one product cost. NULL, or what of it cannot be read. */
static const json_t *read_amount(const json_t *product, int64_t *ret_minor, char ret_currency[4])
{
	const json_t *code = json_object_get(product, "currency");
	const json_t *price = json_object_get(product, "price");
	const json_t *pieces = json_object_get(product, "quantity");
	int64_t count;

	if (!code)
		code = json_object_get(product, "currency_code");
	if (!shd_loose_money(price, code, ret_minor, ret_currency))
		return price ? price : product;
	if (!shd_loose_int(pieces, &count) || __builtin_mul_overflow(*ret_minor, count, ret_minor))
		return pieces ? pieces : product;
	return NULL;
}

void shd_ozon_put_amount(
	struct shd_harvest *out, size_t at, enum shd_field field, const json_t *products)
{
	char currency[4] = "", other[4];
	const json_t *product;
	int64_t sum = 0, part;
	size_t i;

	if (!json_is_array(products))
		shd_put_unread(out, at, field, products);
	json_array_foreach (products, i, product) {
		const json_t *odd = read_amount(product, &part, other);

		if (odd)
			shd_put_unread(out, at, field, odd);
		if (odd || (i > 0 && strcmp(currency, other) != 0) ||
			__builtin_add_overflow(sum, part, &sum))
			return;
		memcpy(currency, other, sizeof(currency));
	}
	if (json_array_size(products) > 0)
		shd_set_money(out, at, field, sum, currency);
}

/* "Kettle × 1; Mug × 2", for people; a list too long is cut at a whole product. NULL, or what of
 * it cannot be read. */
static const json_t *add_goods(const json_t *products, struct shd_text *out)
{
	const json_t *product;
	size_t i;

	json_array_foreach (products, i, product) {
		const json_t *name = json_object_get(product, "name");
		const json_t *quantity = json_object_get(product, "quantity");
		int64_t pieces;

		if (!json_is_string(name) || shd_loose_blank(name))
			return name ? name : product;
		if (!shd_loose_int(quantity, &pieces))
			return quantity ? quantity : product;
		if (out->len + json_string_length(name) + 32 > GOODS_BYTES)
			return NULL;
		shd_text_printf(out, "%s%s × %lld", out->len ? "; " : "", json_string_value(name),
			(long long)pieces);
	}
	return NULL;
}

static void put_goods(struct shd_harvest *out, size_t at, const json_t *products)
{
	struct shd_text goods SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&goods, GOODS_BYTES);
	const json_t *odd = add_goods(products, &goods);
	if (odd)
		shd_put_unread(out, at, SHD_F_order_goods, odd);
	else if (goods.len)
		shd_set_text(out, at, SHD_F_order_goods, goods.data, goods.len);
}

static void put_products(struct shd_harvest *out, size_t at, const json_t *posting)
{
	const json_t *products = json_object_get(posting, "products");
	const json_t *only = json_array_get(products, 0);

	shd_ozon_put_amount(out, at, SHD_F_order_amount, products);
	if (!json_is_array(products)) {
		shd_put_unread(out, at, SHD_F_order_sku, products);
		shd_put_unread(out, at, SHD_F_order_units, products);
		return;
	}
	/* Pieces are counted per product, so that only a posting of one product says whose
	 * they are: counting too few is better than calling a full shelf oversold. */
	if (json_array_size(products) == 1) {
		shd_put_text(out, at, SHD_F_order_sku, json_object_get(only, "sku"));
		shd_put_number(out, at, SHD_F_order_units, json_object_get(only, "quantity"));
	} else {
		put_goods(out, at, products);
		shd_set_none(out, at, SHD_F_order_sku);
		shd_set_none(out, at, SHD_F_order_units);
	}
}

static void put_cancellation(struct shd_harvest *out, size_t at, const json_t *posting)
{
	const json_t *cancellation = json_object_get(posting, "cancellation");
	const json_t *counts = json_object_get(cancellation, "affect_cancellation_rating");
	const char *who = "";
	bool told;

	if (!json_is_object(cancellation)) {
		shd_put_unread(out, at, SHD_F_order_cancelled_by, cancellation);
		shd_put_unread(out, at, SHD_F_order_counts_against_seller, cancellation);
		return;
	}
	shd_put_said(out, at, SHD_F_order_cancelled_by,
		json_object_get(cancellation, "cancellation_type"), cancellers, &who);
	if (shd_loose_bool(counts, &told) || strcmp(who, "seller") != 0)
		shd_put_bool(out, at, SHD_F_order_counts_against_seller, counts);
	else
		shd_set_n(out, at, SHD_F_order_counts_against_seller, true);
}

/* Status, substatus, closed; the status in our words, NULL for one we do not know. */
static const char *put_status(struct shd_harvest *out, size_t at, const json_t *posting)
{
	const char *status = NULL;

	shd_put_text(out, at, SHD_F_order_substatus, json_object_get(posting, "substatus"));
	if (!shd_put_said(out, at, SHD_F_order_status, json_object_get(posting, "status"), statuses,
		    &status))
		return NULL;
	shd_set_n(out, at, SHD_F_order_closed,
		strcmp(status, "delivered") == 0 || strcmp(status, "cancelled") == 0);
	return status;
}

/* Where the parcel is; "" when the order ended before there was one, NULL when the
 * posting does not tell, or *ret_odd tells of it and cannot be read. Without the finer state
 * nothing is told of a parcel: it may lie at customs. */
static const char *parcel_status(
	const json_t *posting, const char *order_status, const json_t **ret_odd)
{
	const json_t *finer = json_object_get(posting, "substatus");
	const char *status = NULL;
	bool after_ship = false;

	shd_loose_bool(shd_loose_at(posting, "cancellation.cancelled_after_ship"), &after_ship);
	if (order_status && strcmp(order_status, "cancelled") == 0)
		return after_ship ? "returning" : "";
	if (!shd_loose_word(finer, parcel_substatuses, &status))
		*ret_odd = finer ? finer : json_null();
	else if (!status)
		shd_loose_word(json_object_get(posting, "status"), parcel_statuses, &status);
	return status;
}

static bool are_skus(const json_t *list)
{
	const json_t *sku;
	int64_t ignored;
	size_t i;

	json_array_foreach (list, i, sku)
		if (json_is_boolean(sku) || !shd_loose_int(sku, &ignored))
			return false;
	return json_is_array(list);
}

static void put_parcel(
	struct shd_harvest *out, const json_t *posting, const char *order_status)
{
	const json_t *number = json_object_get(posting, "posting_number");
	const json_t *gtd = shd_loose_at(posting, "requirements.products_requiring_gtd");
	const json_t *odd = NULL;
	const char *status = parcel_status(posting, order_status, &odd);
	struct shd_loose_text id;

	if (!shd_loose_text(number, &id) || (!status && !odd))
		return;
	if (odd) {
		shd_put_unread(out, shd_harvest_known(out, SHD_KIND_parcel, id.text, id.len),
			SHD_F_parcel_status, odd);
		return;
	}
	size_t at = shd_harvest_entity(out, SHD_KIND_parcel, id.text, id.len);
	if (!*status) {
		/* it may have waited at customs until then, and no longer does */
		shd_set_none(out, at, SHD_F_parcel_status);
		shd_set_n(out, at, SHD_F_parcel_closed, true);
		return;
	}
	shd_put_text(out, at, SHD_F_parcel_order_id, number);
	shd_put_word(out, at, SHD_F_parcel_url, SHD_OZON_FBS);
	shd_put_word(out, at, SHD_F_parcel_status, status);
	shd_put_text(out, at, SHD_F_parcel_substatus, json_object_get(posting, "substatus"));
	shd_put_text(out, at, SHD_F_parcel_carrier,
		shd_loose_at(posting, "delivery_method.tpl_provider"));
	shd_put_text(
		out, at, SHD_F_parcel_tracking_number, json_object_get(posting, "tracking_number"));
	shd_put_either_time(out, at, SHD_F_parcel_opened_at,
		json_object_get(posting, "delivering_date"),
		json_object_get(posting, "in_process_at"));
	shd_put_either_time(out, at, SHD_F_parcel_deliver_by,
		shd_loose_at(posting, "analytics_data.delivery_date_end"),
		shd_loose_at(posting, "analytics_data.client_delivery_date_end"));
	if (!are_skus(gtd))
		shd_put_unread(out, at, SHD_F_parcel_leg, gtd);
	else if (json_array_size(gtd) > 0)
		shd_put_word(out, at, SHD_F_parcel_leg, "customs_declaration");
	else
		shd_set_none(out, at, SHD_F_parcel_leg);
	shd_set_n(out, at, SHD_F_parcel_closed,
		strcmp(status, "delivered") == 0 || strcmp(status, "returned") == 0 ||
			(order_status && strcmp(order_status, "delivered") == 0));
}

SHD_OZON_MAP(fbs_posting)
{
	size_t at;

	(void)in;
	if (!shd_put_entity(out, SHD_KIND_order, "", json_object_get(record, "posting_number"),
		    "posting_number", &at, reterr))
		return false;
	const char *status = put_status(out, at, record);
	/* FBP postings come in the same list, but a partner of Ozon packs them. */
	bool partner = shd_loose_is(json_object_get(record, "integration_type_flow"), "FBP");

	shd_put_word(out, at, SHD_F_order_url, SHD_OZON_FBS);
	shd_put_word(out, at, SHD_F_order_fulfilment, partner ? "marketplace" : "seller");
	shd_put_time(out, at, SHD_F_order_opened_at, json_object_get(record, "in_process_at"));
	shd_put_time(out, at, SHD_F_order_paid_at, json_object_get(record, "in_process_at"));
	if (!partner)
		shd_put_either_time(out, at, SHD_F_order_ship_by,
			json_object_get(record, "shipment_date_without_delay"),
			json_object_get(record, "shipment_date"));
	shd_put_time(out, at, SHD_F_order_shipped_at, json_object_get(record, "delivering_date"));
	shd_put_either_time(out, at, SHD_F_order_deliver_by,
		shd_loose_at(record, "analytics_data.delivery_date_end"),
		shd_loose_at(record, "analytics_data.client_delivery_date_end"));
	shd_put_text(
		out, at, SHD_F_order_carrier, shd_loose_at(record, "delivery_method.tpl_provider"));
	shd_put_text(
		out, at, SHD_F_order_tracking_number, json_object_get(record, "tracking_number"));
	put_products(out, at, record);
	put_cancellation(out, at, record);
	put_parcel(out, record, status);
	return true;
}

SHD_OZON_MAP(fbo_posting)
{
	size_t at;

	(void)in;
	if (!shd_put_entity(out, SHD_KIND_order, "", json_object_get(record, "posting_number"),
		    "posting_number", &at, reterr))
		return false;
	put_status(out, at, record);
	shd_put_word(out, at, SHD_F_order_url, SHD_OZON_FBO);
	shd_put_word(out, at, SHD_F_order_fulfilment, "marketplace");
	shd_put_either_time(out, at, SHD_F_order_opened_at, json_object_get(record, "created_at"),
		json_object_get(record, "in_process_at"));
	shd_put_time(out, at, SHD_F_order_paid_at, json_object_get(record, "in_process_at"));
	shd_put_time(out, at, SHD_F_order_deliver_by,
		shd_loose_at(record, "analytics_data.client_delivery_date_end"));
	put_products(out, at, record);
	put_cancellation(out, at, record);
	return true;
}

SHD_OZON_BODY(cancellations)
{
	shd_text_printf(out, "{\"limit\":%d,\"last_id\":", row->limit);
	shd_ozon_put_quoted(out, *in->position ? in->position : "0");
	shd_text_puts(
		out, ",\"filters\":{\"state\":\"ON_APPROVAL\"},\"with\":{\"counter\":false}}");
}

SHD_OZON_BODY(cancellations_of)
{
	shd_text_printf(out, "{\"limit\":%d,\"last_id\":0,\"filters\":{\"state\":\"ALL\","
			     "\"posting_number\":", row->limit);
	shd_ozon_put_ids(out, in);
	shd_text_puts(out, "},\"with\":{\"counter\":false}}");
}

/* When the seller decided; none while the request waits. */
static void put_decision(struct shd_harvest *out, size_t at, enum shd_field field,
			 const json_t *request)
{
	if (shd_loose_is(shd_loose_at(request, "state.state"), "ON_APPROVAL"))
		shd_set_none(out, at, field);
	else
		shd_put_time(out, at, field, json_object_get(request, "approve_date"));
}

static const json_t *reason_of(const json_t *request)
{
	return shd_loose_either(json_object_get(request, "cancellation_reason_message"),
		shd_loose_at(request, "cancellation_reason.name"));
}

static const struct shd_loose_word decisions[] = {{"ON_APPROVAL", "on_approval"},
	{"APPROVED", "approved"}, {"REJECTED", "rejected"}, {NULL, NULL}};

SHD_OZON_MAP(cancellation)
{
	const char *state;
	size_t at;

	(void)in;
	if (!shd_put_entity(out, SHD_KIND_cancellation, "",
		    json_object_get(record, "cancellation_id"), "cancellation_id", &at, reterr))
		return false;
	shd_put_time(
		out, at, SHD_F_cancellation_opened_at, json_object_get(record, "cancelled_at"));
	shd_put_text(
		out, at, SHD_F_cancellation_order_id, json_object_get(record, "posting_number"));
	shd_put_word(out, at, SHD_F_cancellation_url, SHD_OZON_FBS);
	shd_put_text(out, at, SHD_F_cancellation_reason, reason_of(record));
	shd_put_time(
		out, at, SHD_F_cancellation_due_at, json_object_get(record, "auto_approve_date"));
	put_decision(out, at, SHD_F_cancellation_responded_at, record);
	if (shd_put_said(out, at, SHD_F_cancellation_status, shd_loose_at(record, "state.state"),
		    decisions, &state))
		shd_set_n(out, at, SHD_F_cancellation_closed, strcmp(state, "on_approval") != 0);
	return true;
}

SHD_OZON_MAP(cancellation_claim)
{
	const char *cause = shd_ozon_root_cause(reason_of(record)), *state;
	size_t at;

	(void)in;
	if (!shd_put_entity(out, SHD_KIND_complaint, "cancel:",
		    json_object_get(record, "cancellation_id"), "cancellation_id", &at, reterr))
		return false;
	shd_put_word(out, at, SHD_F_complaint_type, "claim");
	shd_put_word(out, at, SHD_F_complaint_category, "cancellation");
	if (cause)
		shd_put_word(out, at, SHD_F_complaint_root_cause, cause);
	else if (!json_is_string(reason_of(record)))
		shd_put_unread(out, at, SHD_F_complaint_root_cause, reason_of(record));
	shd_put_time(out, at, SHD_F_complaint_opened_at, json_object_get(record, "cancelled_at"));
	shd_put_text(out, at, SHD_F_complaint_order_id, json_object_get(record, "posting_number"));
	shd_put_word(out, at, SHD_F_complaint_url, SHD_OZON_FBS);
	shd_put_text(out, at, SHD_F_complaint_reason, reason_of(record));
	shd_put_time(out, at, SHD_F_complaint_due_at, json_object_get(record, "auto_approve_date"));
	put_decision(out, at, SHD_F_complaint_responded_at, record);
	shd_put_text(out, at, SHD_F_complaint_stage, shd_loose_at(record, "state.state"));
	if (shd_loose_word(shd_loose_at(record, "state.state"), decisions, &state)) {
		shd_set_n(out, at, SHD_F_complaint_valid, strcmp(state, "rejected") != 0);
		shd_set_n(out, at, SHD_F_complaint_closed, strcmp(state, "on_approval") != 0);
	} else {
		shd_put_unread(out, at, SHD_F_complaint_valid, shd_loose_at(record, "state.state"));
	}
	return true;
}

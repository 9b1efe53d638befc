#include "ozon.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ozon has no complaint object. A complaint of ours is composed from a realFBS return
 * request ("rfbs:ID"), another return that needs a decision ("return:ID"), a request to
 * cancel ("cancel:ID", orders.c), an arbitration ("arbitration:POSTING") and a chat
 * ("chat:ID", chats.c). */

#define DECIDE_MS      SHD_DAY_MS       /* FBO and FBS: approved by itself after a day */
#define DECIDE_RFBS_MS (3 * SHD_DAY_MS) /* realFBS: after three calendar days */

enum class {
	OTHER,    /* not told, or by a name of a later day: what was known still holds */
	ACT,      /* the seller has to decide */
	DISPUTE,
	PICK_UP,  /* goods wait for the seller */
	INSPECT,  /* realFBS: the goods are back, the seller has to check them */
	MOVING,
	DECIDED,  /* decided for the buyer, or money on its way */
	REFUSED,  /* decided against the buyer, or withdrawn */
	RECEIVED, /* over without a decision that we know of */
};

static const struct {
	const char *name;
	enum class class;
	bool over; /* nothing more happens to the return */
} visual[] = {
	{"OnSellerApproval", ACT, false},
	{"OnSellerClarification", ACT, false},
	{"OnSellerClarificationAfterPartialCompensation", ACT, false},
	{"CompensationOffered", ACT, false},
	{"SendingError", ACT, false},
	{"DisputeOpened", DISPUTE, false},
	{"DisputeYouOpened", DISPUTE, false},
	{"DisputeOpening", DISPUTE, false},
	{"ArrivedAtReturnPlace", PICK_UP, false},
	{"MovingToSeller", MOVING, false},
	{"ReturningToSellerByCourier", MOVING, false},
	{"WaitingShipment", MOVING, false},
	{"MovingToOzon", MOVING, false},
	{"Utilizing", MOVING, false},
	{"ReturnMoneyApproved", DECIDED, false},
	{"OfferedPartialCompensation", DECIDED, false},
	{"PartialCompensationInProcess", DECIDED, false},
	{"PartialCompensationReturned", DECIDED, true},
	{"WaitingCompensation", DECIDED, false},
	{"Approved", DECIDED, true},
	{"ApprovedByOzon", DECIDED, true},
	{"MoneyReturned", RECEIVED, true},
	{"MoneyReturnedBySystem", RECEIVED, true},
	{"ReturnCompensated", RECEIVED, true},
	{"ReceivedBySeller", RECEIVED, true},
	{"ReturnedToOzon", RECEIVED, true},
	{"Utilized", RECEIVED, true},
	{"Rejected", REFUSED, true},
	{"CrmRejected", REFUSED, true},
	{"Cancelled", REFUSED, true},
	{"CancelledDisputeNotOpen", REFUSED, true},
	{"CompensationRejected", REFUSED, true},
	{"CompensationRejectedBySla", REFUSED, true},
	{"CompensationRejectedBySeller", REFUSED, true},
};

SHD_OZON_BODY(returns_list)
{
	shd_text_printf(out, "{\"limit\":%d,\"last_id\":", row->limit);
	shd_ozon_put_quoted(out, *in->position ? in->position : "0");
	shd_text_puts(out, ",\"filter\":{\"visual_status_change_moment\":{");
	shd_ozon_put_window(out, "time_from", shd_ozon_since_ms(in), "time_to",
		in->now.ms + SHD_HOUR_MS);
	shd_text_puts(out, "}}}");
}

/* The status is the end of the row's name: "returns_OnSellerApproval". */
SHD_OZON_BODY(returns_status)
{
	shd_text_printf(out, "{\"limit\":%d,\"last_id\":", row->limit);
	shd_ozon_put_quoted(out, *in->position ? in->position : "0");
	shd_text_printf(
		out, ",\"filter\":{\"visual_status_name\":\"%s\"}}", strchr(row->name, '_') + 1);
}

/* The list goes on by last_id, which is 32 bits wide in the request, while ids are longer.
 * So it is read by the time of creation instead: a position is such a window, "FROM TO" in
 * ms. A full page may lack rows of its window, whose first half is asked for then. */
#define RFBS_DAYS     45
#define RFBS_LEAST_MS SHD_MINUTE_MS /* a window that is not halved any more */

struct window {
	int64_t from_ms, to_ms;
};

static int64_t rfbs_end_ms(const struct shd_page_in *in)
{
	return in->now.ms + SHD_HOUR_MS;
}

static struct window rfbs_window(const struct shd_page_in *in)
{
	struct window all = {in->now.ms - RFBS_DAYS * SHD_DAY_MS, rfbs_end_ms(in)}, window;
	char *end, *second;

	window.from_ms = strtoll(in->position, &second, 10);
	window.to_ms = strtoll(second, &end, 10);
	return end > second && window.from_ms < window.to_ms ? window : all;
}

/* All groups, so that a request is seen to end; an old one cannot change any more:
 * after 31 days in transit Ozon itself opens and decides the dispute. */
SHD_OZON_BODY(rfbs_list)
{
	struct window window = rfbs_window(in);

	shd_text_printf(out, "{\"limit\":%d,\"last_id\":0,", row->limit);
	shd_text_puts(out, "\"filter\":{\"group_state\":[\"All\"],\"created_at\":{");
	shd_ozon_put_window(out, "from", window.from_ms, "to", window.to_ms);
	shd_text_puts(out, "}}}");
}

SHD_OZON_NEXT(rfbs)
{
	struct window window = rfbs_window(in);
	int64_t width_ms = window.to_ms - window.from_ms, end_ms = rfbs_end_ms(in);

	(void)envelope;
	(void)reterr;
	if (records >= (size_t)row->limit && width_ms > RFBS_LEAST_MS) {
		window.to_ms = window.from_ms + width_ms / 2;
	} else {
		window.from_ms = window.to_ms;
		window.to_ms = window.to_ms + width_ms < end_ms ? window.to_ms + width_ms : end_ms;
	}
	ret_out->last = window.from_ms >= end_ms;
	shd_text_printf(&ret_out->position, "%" PRId64 " %" PRId64, window.from_ms, window.to_ms);
	return true;
}

SHD_OZON_BODY(rfbs_get)
{
	(void)row;
	shd_text_puts(out, "{\"return_id\":");
	shd_ozon_put_quoted(out, in->id_count ? in->ids[0] : "");
	shd_text_putc(out, '}');
}

static enum class class_of(const json_t *status, bool *ret_over)
{
	*ret_over = false;
	for (size_t i = 0; i < SHD_COUNT(visual); i++) {
		if (shd_loose_is(status, visual[i].name)) {
			*ret_over = visual[i].over;
			return visual[i].class;
		}
	}
	return OTHER;
}

static void put_limit(struct shd_harvest *out, size_t at, enum shd_field field, bool waits,
		      const json_t *since, int64_t limit_ms)
{
	struct shd_wall from;

	if (!waits)
		shd_set_none(out, at, field);
	else if (shd_loose_time(since, &from))
		shd_set_n(out, at, field, from.ms + limit_ms);
	else
		shd_put_unread(out, at, field, since);
}

/* Set to `when` once there is nothing to wait for. */
static void put_answer(struct shd_harvest *out, size_t at, enum shd_field field, bool waits,
		       const json_t *when)
{
	if (waits)
		shd_set_none(out, at, field);
	else
		shd_put_time(out, at, field, when);
}

/* The price of all pieces of product{price, quantity}: without one of them nothing is told. */
static void put_amount(struct shd_harvest *out, size_t at, enum shd_field field,
		       const json_t *product)
{
	const json_t *price = shd_loose_at(product, "price");
	const json_t *pieces = shd_loose_at(product, "quantity");
	int64_t minor, count;
	char currency[4];

	if (!shd_loose_money(price, json_object_get(product, "currency_code"), &minor, currency))
		shd_put_unread(out, at, field, price);
	else if (!shd_loose_int(pieces, &count) || __builtin_mul_overflow(minor, count, &minor))
		shd_put_unread(out, at, field, pieces);
	else
		shd_set_money(out, at, field, minor, currency);
}

/* A realFBS request is about one piece and tells no quantity. */
static void put_price(struct shd_harvest *out, size_t at, enum shd_field field,
		      const json_t *product)
{
	shd_put_money(out, at, field, shd_loose_at(product, "price"),
		json_object_get(product, "currency_code"));
}

static void put_root_cause(struct shd_harvest *out, size_t at, const json_t *reason,
			   const char *otherwise)
{
	const char *cause = shd_ozon_root_cause(reason);

	cause = cause ? cause : otherwise;
	if (cause)
		shd_put_word(out, at, SHD_F_complaint_root_cause, cause);
	else if (!json_is_string(reason)) /* that of a text may be none of ours */
		shd_put_unread(out, at, SHD_F_complaint_root_cause, reason);
}

/* What all returns of one record have in common. */
struct subject {
	const json_t *order, *opened, *changed, *product, *reason;
};

static void put_claim(struct shd_harvest *out, const json_t *record, const struct subject *of,
		      enum class class)
{
	struct shd_loose_text id;
	char name[64] = "return:";
	size_t at, head = strlen(name);
	bool waits = class == ACT;

	if (!shd_loose_text(json_object_get(record, "id"), &id) || id.len >= sizeof(name) - head)
		return;
	memcpy(name + head, id.text, id.len);
	at = shd_harvest_entity(out, SHD_KIND_complaint, name, head + id.len);
	shd_put_word(out, at, SHD_F_complaint_type, class == DISPUTE ? "dispute" : "claim");
	shd_put_word(out, at, SHD_F_complaint_category, "return_request");
	put_root_cause(out, at, of->reason, NULL);
	/* a request is opened when the seller has to decide; return_date may be the order's */
	shd_put_time(out, at, SHD_F_complaint_opened_at, waits ? of->changed : of->opened);
	shd_put_text(out, at, SHD_F_complaint_order_id, of->order);
	shd_ozon_put_url(out, at, SHD_F_complaint_url, SHD_OZON_PAGE_RETURNS, NULL);
	shd_put_text(out, at, SHD_F_complaint_reason, of->reason);
	shd_put_text(out, at, SHD_F_complaint_sku, shd_loose_at(of->product, "sku"));
	put_amount(out, at, SHD_F_complaint_order_amount, of->product);
	shd_put_text(
		out, at, SHD_F_complaint_stage, shd_loose_at(record, "visual.status.sys_name"));
	put_limit(out, at, SHD_F_complaint_due_at, waits, of->changed, DECIDE_MS);
	put_answer(out, at, SHD_F_complaint_responded_at, waits, of->changed);
	shd_set_n(out, at, SHD_F_complaint_valid, class != REFUSED);
	shd_set_n(out, at, SHD_F_complaint_closed, class != ACT && class != DISPUTE);
}

/* A return is a complaint while it is being decided, and it stays the same one, closed,
 * once it was. Goods that were never handed out, and those only refused at the counter,
 * come back without one. */
static bool is_claim(const json_t *type, enum class class)
{
	if (class == ACT || class == DISPUTE || shd_loose_is(type, "ClientReturn"))
		return true;
	return (class == DECIDED || class == REFUSED) && !shd_loose_is(type, "Cancellation");
}

static void put_scheme(struct shd_harvest *out, size_t at, const json_t *schema)
{
	static const struct shd_loose_word schemes[] = {{"fbs", "fbs"}, {"fbo", "fbo"},
		{"rfbs", "rfbs"}, {"whd", "whd"}, {NULL, NULL}};
	const char *scheme;

	shd_put_said(out, at, SHD_F_return_scheme, schema, schemes, &scheme);
}

/* Whose move it is, since when, and until when. */
static void put_move(struct shd_harvest *out, size_t at, const json_t *record, enum class class)
{
	const json_t *changed = shd_loose_at(record, "visual.change_moment");

	shd_put_word(out, at, SHD_F_return_waits_for, class == ACT ? "seller"
		: class == DISPUTE || class == MOVING || class == DECIDED ? "marketplace" : "none");
	if (class == ACT || class == DISPUTE || class == DECIDED || class == REFUSED)
		put_answer(out, at, SHD_F_return_responded_at, class == ACT, changed);
	if (class == ACT || class == PICK_UP)
		shd_put_time(out, at, SHD_F_return_act_since, changed);
	else
		shd_set_none(out, at, SHD_F_return_act_since);
	if (class == PICK_UP) /* when the goods are disposed of */
		shd_put_time(out, at, SHD_F_return_due_at,
			shd_loose_at(record, "storage.utilization_forecast_date"));
	else
		put_limit(out, at, SHD_F_return_due_at, class == ACT, changed, DECIDE_MS);
}

SHD_OZON_MAP(return)
{
	const json_t *status = shd_loose_at(record, "visual.status.sys_name");
	struct subject of = {
		.order = json_object_get(record, "posting_number"),
		.changed = shd_loose_at(record, "visual.change_moment"),
		.product = json_object_get(record, "product"),
		.reason = json_object_get(record, "return_reason_name"),
	};
	bool over;
	enum class class = class_of(status, &over);
	size_t at;

	(void)in;
	of.opened = shd_loose_either(shd_loose_at(record, "logistic.return_date"),
		shd_loose_either(shd_loose_at(record, "logistic.technical_return_moment"),
			of.changed));
	if (!shd_put_entity(
		    out, SHD_KIND_return, "", json_object_get(record, "id"), "id", &at, reterr))
		return false;
	shd_put_time(out, at, SHD_F_return_opened_at, of.opened);
	shd_put_text(out, at, SHD_F_return_order_id, of.order);
	shd_ozon_put_url(out, at, SHD_F_return_url, SHD_OZON_PAGE_RETURNS, NULL);
	shd_put_text(out, at, SHD_F_return_reason, of.reason);
	shd_put_text(out, at, SHD_F_return_status, status);
	shd_put_text(out, at, SHD_F_return_sku, shd_loose_at(of.product, "sku"));
	shd_put_number(out, at, SHD_F_return_units, shd_loose_at(of.product, "quantity"));
	put_amount(out, at, SHD_F_return_amount, of.product);
	put_scheme(out, at, json_object_get(record, "schema"));
	if (class == OTHER) {
		shd_put_unread(out, at, SHD_F_return_waits_for, status);
		return true;
	}
	put_move(out, at, record, class);
	shd_set_n(out, at, SHD_F_return_closed, over);
	if (is_claim(json_object_get(record, "type"), class))
		put_claim(out, record, &of, class);
	return true;
}

static enum class rfbs_class(const json_t *record)
{
	const json_t *group = shd_loose_at(record, "state.group_state");

	if (shd_loose_is(group, "New"))
		return ACT;
	if (shd_loose_is(group, "Checkout"))
		return INSPECT;
	if (shd_loose_is(group, "Arbitration"))
		return DISPUTE;
	if (shd_loose_is(group, "Delivering"))
		return MOVING;
	if (shd_loose_is(group, "Approved") || shd_loose_is(group, "Utilization"))
		return DECIDED;
	return shd_loose_is(group, "Rejected") ? REFUSED : OTHER;
}

static void put_rfbs_claim(struct shd_harvest *out, size_t at, const json_t *record,
			   enum class class)
{
	const json_t *product = json_object_get(record, "product");
	const json_t *created = json_object_get(record, "created_at");

	shd_put_word(out, at, SHD_F_complaint_type, class == DISPUTE ? "dispute" : "claim");
	shd_put_word(out, at, SHD_F_complaint_category, "return_request");
	if (class != DISPUTE && class != OTHER) /* when a dispute over it began is not told */
		shd_put_time(out, at, SHD_F_complaint_opened_at, created);
	shd_put_text(out, at, SHD_F_complaint_order_id, json_object_get(record, "posting_number"));
	shd_ozon_put_url(out, at, SHD_F_complaint_url, SHD_OZON_PAGE_RFBS, NULL);
	shd_put_text(out, at, SHD_F_complaint_sku, shd_loose_at(product, "sku"));
	put_price(out, at, SHD_F_complaint_order_amount, product);
	shd_put_text(out, at, SHD_F_complaint_stage, shd_loose_at(record, "state.group_state"));
	if (class == OTHER)
		return;
	put_limit(out, at, SHD_F_complaint_due_at, class == ACT, created, DECIDE_RFBS_MS);
	shd_set_n(out, at, SHD_F_complaint_valid, class != REFUSED);
	/* goods that are on their way or back are past the decision on the request */
	shd_set_n(out, at, SHD_F_complaint_closed, class == MOVING || class == INSPECT ||
		class == DECIDED || class == REFUSED);
}

/* Whose move it is, since when, and until when. */
static void put_rfbs_move(struct shd_harvest *out, size_t at, const json_t *created,
			  enum class class)
{
	shd_put_word(out, at, SHD_F_return_waits_for, class == ACT || class == INSPECT ? "seller"
		: class == DISPUTE ? "marketplace" : class == MOVING ? "buyer" : "none");
	/* When the goods came back is not told: derive.h takes the first sight of it. */
	if (class == ACT) {
		shd_put_time(out, at, SHD_F_return_act_since, created);
		shd_set_none(out, at, SHD_F_return_responded_at);
	} else if (class != INSPECT) {
		shd_set_none(out, at, SHD_F_return_act_since);
	}
	put_limit(out, at, SHD_F_return_due_at, class == ACT, created, DECIDE_RFBS_MS);
}

SHD_OZON_MAP(rfbs)
{
	const json_t *id = json_object_get(record, "return_id");
	const json_t *product = json_object_get(record, "product");
	const json_t *created = json_object_get(record, "created_at");
	enum class class = rfbs_class(record);
	struct shd_loose_text text;
	size_t at;

	(void)in;
	if (!shd_put_entity(out, SHD_KIND_complaint, "rfbs:", id, "return_id", &at, reterr))
		return false;
	put_rfbs_claim(out, at, record, class);
	/* The reason, and whether a decision is awaited, stand in the details only. */
	if ((class == ACT || class == DISPUTE || class == OTHER) && shd_loose_text(id, &text))
		shd_harvest_follow(out, "rfbs_get", text.text, text.len);

	if (!shd_put_entity(out, SHD_KIND_return, "rfbs:", id, "return_id", &at, reterr))
		return false;
	shd_put_time(out, at, SHD_F_return_opened_at, created);
	shd_put_text(out, at, SHD_F_return_order_id, json_object_get(record, "posting_number"));
	shd_ozon_put_url(out, at, SHD_F_return_url, SHD_OZON_PAGE_RFBS, NULL);
	shd_put_text(out, at, SHD_F_return_sku, shd_loose_at(product, "sku"));
	put_price(out, at, SHD_F_return_amount, product);
	shd_put_text(out, at, SHD_F_return_status, shd_loose_at(record, "state.group_state"));
	shd_put_word(out, at, SHD_F_return_scheme, "rfbs");
	if (class == OTHER) {
		shd_put_unread(out, at, SHD_F_return_waits_for,
			shd_loose_at(record, "state.group_state"));
		return true;
	}
	put_rfbs_move(out, at, created, class);
	shd_set_n(out, at, SHD_F_return_closed, class == DECIDED || class == REFUSED);
	return true;
}

/* A list of objects, in whatever shape each of them is; it may be empty. */
static bool are_actions(const json_t *actions)
{
	const json_t *action;
	size_t i;

	json_array_foreach (actions, i, action)
		if (!shd_loose_any(action) || json_is_array(action))
			return false;
	return json_is_array(actions);
}

SHD_OZON_MAP(rfbs_detail)
{
	const json_t *reason = shd_loose_at(record, "return_reason.name");
	const json_t *comment = json_object_get(record, "comment");
	const json_t *actions = json_object_get(record, "available_actions");
	/* where there is no reason, the buyer's own words */
	const json_t *told = shd_loose_either(reason, comment);
	bool defect = false;
	char name[64];
	size_t at;

	if (!in->id || !json_is_object(record))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "the return is not an object");
	const json_t *fault = shd_loose_at(record, "return_reason.is_defect");
	bool told_fault = shd_loose_bool(fault, &defect);
	int len = snprintf(name, sizeof(name), "rfbs:%.50s", in->id);
	at = shd_harvest_entity(out, SHD_KIND_complaint, name, (size_t)len);
	shd_put_text(out, at, SHD_F_complaint_reason, told);
	/* the buyer's own words may tell what the chosen reason does not */
	const char *cause = shd_ozon_root_cause(comment);
	cause = cause ? cause : shd_ozon_root_cause(reason);
	if (!cause && !told_fault)
		shd_put_unread(out, at, SHD_F_complaint_root_cause, fault);
	put_root_cause(out, at, reason, cause ? cause : defect ? "QUALITY_DEFECT" : NULL);
	/* Actions that are open to the seller mean that a decision is awaited. */
	if (!are_actions(actions))
		shd_put_unread(out, at, SHD_F_complaint_responded_at, actions);
	else if (json_array_size(actions) == 0)
		shd_set_n(out, at, SHD_F_complaint_responded_at, in->fetched.ms);
	else
		shd_set_none(out, at, SHD_F_complaint_responded_at);

	at = shd_harvest_entity(out, SHD_KIND_return, name, (size_t)len);
	shd_put_text(out, at, SHD_F_return_reason, told);
	return true;
}

SHD_OZON_MAP(arbitration)
{
	const json_t *status = json_object_get(record, "status");
	const json_t *products = json_object_get(record, "products");
	size_t at;

	if (!shd_put_entity(out, SHD_KIND_complaint, "arbitration:",
		    json_object_get(record, "posting_number"), "posting_number", &at, reterr))
		return false;
	shd_put_word(out, at, SHD_F_complaint_type, "dispute");
	shd_put_word(out, at, SHD_F_complaint_category, "arbitration");
	/* Both are about a delivery: not scanned on the way in, or not brought to the buyer. */
	shd_put_word(out, at, SHD_F_complaint_root_cause, "LOGISTICS_TRACKING_BREAK");
	/* When it began is not told: the first sight of it counts (catalog/derive.h). */
	shd_put_text(out, at, SHD_F_complaint_order_id, json_object_get(record, "posting_number"));
	shd_put_word(out, at, SHD_F_complaint_url, SHD_OZON_FBS);
	shd_put_text(out, at, SHD_F_complaint_stage, status);
	if (!json_is_array(products))
		shd_put_unread(out, at, SHD_F_complaint_sku, products);
	else if (json_array_size(products) == 1)
		shd_put_text(out, at, SHD_F_complaint_sku,
			json_object_get(json_array_get(products, 0), "sku"));
	shd_ozon_put_amount(out, at, SHD_F_complaint_order_amount, products);
	/* one that the seller opened is no case against the store, and waits for Ozon */
	if (shd_loose_is(status, "client_arbitration")) {
		shd_set_n(out, at, SHD_F_complaint_valid, true);
		shd_set_none(out, at, SHD_F_complaint_responded_at);
	} else if (shd_loose_is(status, "arbitration")) {
		shd_set_n(out, at, SHD_F_complaint_valid, false);
		shd_set_n(out, at, SHD_F_complaint_responded_at, in->fetched.ms);
	} else {
		shd_put_unread(out, at, SHD_F_complaint_valid, status);
		shd_put_unread(out, at, SHD_F_complaint_responded_at, status);
	}
	shd_set_n(out, at, SHD_F_complaint_closed, false);
	return true;
}

/* The complaint's id, as it is asked for, is "arbitration:POSTING". */
SHD_OZON_BODY(arbitration_get)
{
	const char *posting = in->id_count ? strchr(in->ids[0], ':') : NULL;

	(void)row;
	shd_ozon_put_posting(out, posting ? posting + 1 : "");
}

/* A posting that is no longer listed among the arbitrations: whether its own is over. */
SHD_OZON_MAP(arbitration_end)
{
	const json_t *status = json_object_get(record, "status");
	size_t at;

	(void)in;
	if (!shd_put_entity(out, SHD_KIND_complaint, "arbitration:",
		    json_object_get(record, "posting_number"), "posting_number", &at, reterr))
		return false;
	shd_put_text(out, at, SHD_F_complaint_stage, status);
	if (shd_ozon_knows_status(status))
		shd_set_n(out, at, SHD_F_complaint_closed, !shd_loose_is(status, "arbitration") &&
			!shd_loose_is(status, "client_arbitration"));
	else
		shd_put_unread(out, at, SHD_F_complaint_closed, status);
	return true;
}

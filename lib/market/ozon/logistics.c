#include "ozon.h"

#include <string.h>

SHD_OZON_BODY(warehouse_list)
{
	shd_text_printf(out, "{\"limit\":%d,\"cursor\":", row->limit);
	shd_ozon_put_quoted(out, in->position);
	shd_text_putc(out, '}');
}

SHD_OZON_BODY(delivery_methods)
{
	/* All there are: without the filter only new ones might come. */
	shd_text_printf(out, "{\"limit\":%d,\"sort_dir\":\"ASC\",\"filter\":{\"status\":[\"NEW\","
			     "\"EDITED\",\"ACTIVE\",\"DISABLED\",\"WAITING\",\"BROKEN\"]},"
			     "\"cursor\":", row->limit);
	shd_ozon_put_quoted(out, in->position);
	shd_text_putc(out, '}');
}

/* The states in which a supply is still under way; those that ended drop out of the
 * list and are closed by that. */
SHD_OZON_BODY(supply_list)
{
	shd_text_puts(out, "{\"filter\":{\"states\":[\"DATA_FILLING\",\"READY_TO_SUPPLY\","
			   "\"ACCEPTED_AT_SUPPLY_WAREHOUSE\",\"IN_TRANSIT\","
			   "\"ACCEPTANCE_AT_STORAGE_WAREHOUSE\",\"REPORTS_CONFIRMATION_AWAITING\","
			   "\"REPORT_REJECTED\",\"OVERDUE\"]},\"sort_by\":\"ORDER_CREATION\","
			   "\"sort_dir\":\"ASC\",");
	shd_text_printf(out, "\"limit\":%d,\"last_id\":", row->limit);
	shd_ozon_put_quoted(out, in->position);
	shd_text_putc(out, '}');
}

SHD_OZON_BODY(supply_get)
{
	(void)row;
	shd_text_puts(out, "{\"order_ids\":");
	shd_ozon_put_ids(out, in);
	shd_text_putc(out, '}');
}

SHD_OZON_BODY(index_postings)
{
	shd_text_puts(out, "{\"filter\":{");
	shd_ozon_put_window(out, "date_from", in->now.ms - 14 * SHD_DAY_MS, "date_to", in->now.ms);
	shd_text_printf(out, "},\"limit\":%d,\"cursor\":", row->limit);
	shd_ozon_put_quoted(out, in->position);
	shd_text_putc(out, '}');
}

SHD_OZON_MAP(warehouse)
{
	static const struct shd_loose_word states[] = {{"new", "new"}, {"created", "active"},
		{"active", "active"}, {"disabled", "disabled"}, {"blocked", "blocked"},
		{"disabled_due_to_limit", "paused"}, {"error", "error"}, {NULL, NULL}};
	const char *state = NULL;
	struct shd_wall paused;
	size_t at;

	(void)in;
	if (!shd_put_entity(out, SHD_KIND_warehouse, "", json_object_get(record, "warehouse_id"),
		    "warehouse_id", &at, reterr))
		return false;
	shd_put_word(out, at, SHD_F_warehouse_type, "warehouse");
	shd_put_text(out, at, SHD_F_warehouse_title, json_object_get(record, "name"));
	shd_put_time(out, at, SHD_F_warehouse_opened_at, json_object_get(record, "created_at"));
	shd_loose_word(json_object_get(record, "status"), states, &state);
	if (shd_loose_time(json_object_get(record, "pause_at"), &paused) &&
		(!state || strcmp(state, "active") == 0))
		state = "paused";
	if (state)
		shd_put_word(out, at, SHD_F_warehouse_state, state);
	else
		shd_put_unread(out, at, SHD_F_warehouse_state, json_object_get(record, "status"));
	return true;
}

SHD_OZON_MAP(delivery_method)
{
	static const struct shd_loose_word states[] = {{"NEW", "new"}, {"EDITED", "active"},
		{"ACTIVE", "active"}, {"DISABLED", "disabled"}, {"WAITING", "new"},
		{"BROKEN", "error"}, {NULL, NULL}};
	const char *state;
	size_t at;

	(void)in;
	if (!shd_put_entity(out, SHD_KIND_warehouse, "method:", json_object_get(record, "id"), "id",
		    &at, reterr))
		return false;
	shd_put_word(out, at, SHD_F_warehouse_type, "delivery_method");
	shd_put_text(out, at, SHD_F_warehouse_title, json_object_get(record, "name"));
	shd_put_time(out, at, SHD_F_warehouse_opened_at, json_object_get(record, "created_at"));
	shd_put_said(out, at, SHD_F_warehouse_state, json_object_get(record, "status"), states,
		&state);
	return true;
}

SHD_OZON_MAP(supply_id)
{
	size_t at;

	(void)in;
	return shd_put_entity(out, SHD_KIND_supply, "", record, "order_id", &at, reterr);
}

SHD_OZON_MAP(supply)
{
	static const struct shd_loose_word movers[] = {{"DATA_FILLING", "seller"},
		{"READY_TO_SUPPLY", "seller"}, {"REPORTS_CONFIRMATION_AWAITING", "seller"},
		{"OVERDUE", "seller"}, {"ACCEPTED_AT_SUPPLY_WAREHOUSE", "marketplace"},
		{"IN_TRANSIT", "marketplace"}, {"ACCEPTANCE_AT_STORAGE_WAREHOUSE", "marketplace"},
		{"REPORT_REJECTED", "marketplace"}, {"COMPLETED", "none"},
		{"REJECTED_AT_SUPPLY_WAREHOUSE", "none"}, {"CANCELLED", "none"}, {NULL, NULL}};
	const json_t *supply = json_array_get(json_object_get(record, "supplies"), 0);
	const char *mover;
	size_t at;

	(void)in;
	if (!shd_put_entity(out, SHD_KIND_supply, "", json_object_get(record, "order_id"),
		    "order_id", &at, reterr))
		return false;
	shd_put_time(out, at, SHD_F_supply_opened_at, json_object_get(record, "created_date"));
	shd_put_time(
		out, at, SHD_F_supply_progressed_at, json_object_get(record, "state_updated_date"));
	shd_put_text(out, at, SHD_F_supply_state, json_object_get(record, "state"));
	/* By the documents it may be seconds, which cannot be read. */
	shd_put_time(out, at, SHD_F_supply_due_at,
		json_object_get(record, "data_filling_deadline_utc"));
	const json_t *to = shd_loose_at(supply, "storage_warehouse.name");
	shd_put_text(out, at, SHD_F_supply_warehouse,
		to ? to : shd_loose_at(record, "dropoff_warehouse.name"));
	if (shd_put_said(out, at, SHD_F_supply_waits_for, json_object_get(record, "state"), movers,
		    &mover))
		shd_set_n(out, at, SHD_F_supply_closed, strcmp(mover, "none") == 0);
	return true;
}

SHD_OZON_MAP(index_posting)
{
	const json_t *grace = json_object_get(record, "has_grace_status");
	bool forgiven = false;
	size_t at;

	(void)in;
	if (!shd_put_entity(out, SHD_KIND_order, "", json_object_get(record, "posting_number"),
		    "posting_number", &at, reterr))
		return false;
	if (!grace || shd_loose_bool(grace, &forgiven))
		shd_set_n(out, at, SHD_F_order_counts_against_seller, !forgiven);
	else
		shd_put_unread(out, at, SHD_F_order_counts_against_seller, grace);
	return true;
}

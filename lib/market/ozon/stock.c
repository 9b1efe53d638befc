#include "ozon.h"

#include "base/num.h"

#include <string.h>

/* "limit":N,"cursor":"..." */
static void put_cursor(const struct shd_endpoint *row, const struct shd_page_in *in,
		       struct shd_text *out)
{
	shd_text_printf(out, "\"limit\":%d,\"cursor\":", row->limit);
	shd_ozon_put_quoted(out, in->position);
}

SHD_OZON_BODY(stocks)
{
	shd_text_puts(out, "{\"filter\":{\"visibility\":\"ALL\"},");
	put_cursor(row, in, out);
	shd_text_putc(out, '}');
}

SHD_OZON_BODY(stocks_fbs)
{
	shd_text_puts(out, "{\"sku\":");
	shd_ozon_put_ids(out, in);
	shd_text_putc(out, ',');
	put_cursor(row, in, out);
	shd_text_putc(out, '}');
}

SHD_OZON_BODY(stocks_fbo)
{
	shd_text_puts(out, "{\"skus\":");
	shd_ozon_put_ids(out, in);
	shd_text_putc(out, ',');
	put_cursor(row, in, out);
	shd_text_putc(out, '}');
}

SHD_OZON_BODY(analytics_stocks)
{
	(void)row;
	shd_text_puts(out, "{\"skus\":");
	shd_ozon_put_ids(out, in);
	shd_text_putc(out, '}');
}

SHD_OZON_BODY(turnover)
{
	shd_text_printf(out, "{\"limit\":%d,\"offset\":%s}", row->limit,
		*in->position ? in->position : "0");
}

/* Numbers of a sku, whose rows are summed. */
static bool read_sku(const json_t *row, struct shd_loose_text *ret_sku)
{
	const json_t *sku = json_object_get(row, "sku");
	int64_t ignored;

	return !json_is_boolean(sku) && shd_loose_int(sku, &ignored) &&
	       shd_loose_text(sku, ret_sku);
}

/* Adds a row to a sum; what is absent or below 0 or cannot be read is no 0. NULL, or what of the
 * row cannot be added. */
static const json_t *add_row(const json_t *row, int64_t *present, int64_t *reserved)
{
	const json_t *has = json_object_get(row, "present");
	const json_t *holds = json_object_get(row, "reserved");
	int64_t n;

	if (!shd_loose_decimal(has, 6, &n) || n < 0 ||
		__builtin_add_overflow(*present, n, present))
		return has ? has : row;
	if (!shd_loose_decimal(holds, 6, &n) || n < 0 ||
		__builtin_add_overflow(*reserved, n, reserved))
		return holds ? holds : row;
	return NULL;
}

/* One entity per sku, summed over the schemes: what can still be sold of it. A row of a sku
 * that cannot be read may be of each of them. */
static void put_stock(struct shd_harvest *out, const json_t *product, size_t first)
{
	const json_t *rows = json_object_get(product, "stocks"), *one;
	const json_t *sku = json_object_get(json_array_get(rows, first), "sku");
	int64_t present = 0, reserved = 0;
	const json_t *odd = NULL; /* one of what is summed that cannot be read */
	struct shd_loose_text id, other;
	size_t i, at;

	if (!read_sku(json_array_get(rows, first), &id))
		return;
	json_array_foreach (rows, i, one) {
		if (!read_sku(one, &other)) {
			odd = odd ? odd : one;
			continue;
		}
		if (other.len != id.len || memcmp(other.text, id.text, id.len) != 0)
			continue;
		if (i < first)
			return; /* was summed already */
		const json_t *unread = add_row(one, &present, &reserved);
		odd = odd ? odd : unread;
	}
	at = shd_harvest_entity(out, SHD_KIND_stock, id.text, id.len);
	shd_put_text(out, at, SHD_F_stock_sku, sku);
	shd_put_text(out, at, SHD_F_stock_offer_id, json_object_get(product, "offer_id"));
	shd_ozon_put_url(out, at, SHD_F_stock_url, SHD_OZON_PAGE_PRODUCT,
		json_object_get(product, "product_id"));
	shd_set_none(out, at, SHD_F_stock_warehouse);
	if (odd) {
		shd_put_unread(out, at, SHD_F_stock_available, odd);
		shd_put_unread(out, at, SHD_F_stock_reserved, odd);
		return;
	}
	/* `present` includes what is reserved */
	shd_set_n(out, at, SHD_F_stock_available, present > reserved ? present - reserved : 0);
	shd_set_n(out, at, SHD_F_stock_reserved, reserved);
}

/* Those of which nobody knows whose they are. */
static void count_unread_rows(struct shd_harvest *out, const json_t *rows, struct shd_error *reterr)
{
	struct shd_loose_text ignored;
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (!read_sku(row, &ignored)) {
			out->unread_rows++;
			shd_fail(reterr, SHD_ERR_SCHEMA, "a row of a record has no \"sku\"");
		}
}

SHD_OZON_MAP(stock)
{
	const json_t *rows = json_object_get(record, "stocks");
	size_t before = out->entity_count;

	(void)in;
	if (!json_is_object(record) || !json_object_get(record, "product_id"))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "a record has no \"product_id\"");
	if (!json_is_array(rows))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "\"stocks\" of a record is no list");
	for (size_t i = 0; i < json_array_size(rows); i++)
		put_stock(out, record, i);
	if (json_array_size(rows) && out->entity_count == before)
		return shd_fail(reterr, SHD_ERR_SCHEMA, "no row of a record has a \"sku\"");
	count_unread_rows(out, rows, reterr);
	return true;
}

/* Adds the stock of one sku in one warehouse: id "SKU:WAREHOUSE". */
static bool put_in_warehouse(const json_t *record, struct shd_harvest *out, size_t *ret_at,
			     struct shd_error *reterr)
{
	struct shd_loose_text sku;
	char prefix[64];

	if (!shd_loose_text(json_object_get(record, "sku"), &sku) || sku.len > 40)
		return shd_fail(reterr, SHD_ERR_SCHEMA, "a record has no \"sku\"");
	memcpy(prefix, sku.text, sku.len);
	memcpy(prefix + sku.len, ":", 2);
	if (!shd_put_entity(out, SHD_KIND_stock, prefix, json_object_get(record, "warehouse_id"),
		    "warehouse_id", ret_at, reterr))
		return false;
	const json_t *name = json_object_get(record, "warehouse_name");
	bool named = json_is_string(name) ? json_string_length(name) > 0 : name != NULL;
	shd_put_text(out, *ret_at, SHD_F_stock_warehouse,
		named ? name : json_object_get(record, "warehouse_id"));
	shd_put_text(out, *ret_at, SHD_F_stock_sku, json_object_get(record, "sku"));
	shd_put_text(out, *ret_at, SHD_F_stock_offer_id, json_object_get(record, "offer_id"));
	shd_ozon_put_url(out, *ret_at, SHD_F_stock_url, SHD_OZON_PAGE_PRODUCT,
		json_object_get(record, "product_id"));
	return true;
}

SHD_OZON_MAP(warehouse_stock)
{
	const json_t *told = json_object_get(record, "free_stock"), *odd;
	int64_t present = 0, reserved = 0;
	size_t at;

	(void)in;
	if (!put_in_warehouse(record, out, &at, reterr))
		return false;
	shd_put_number(out, at, SHD_F_stock_reserved, json_object_get(record, "reserved"));
	odd = add_row(record, &present, &reserved);
	if (told)
		shd_put_number(out, at, SHD_F_stock_available, told);
	else if (odd)
		shd_put_unread(out, at, SHD_F_stock_available, odd);
	else
		shd_set_n(out, at, SHD_F_stock_available,
			present > reserved ? present - reserved : 0);
	return true;
}

/* sold_7d from the average day, so that cover follows; cover itself only where the
 * answer gives nothing else. */
static void put_sales(struct shd_harvest *out, size_t at, const json_t *average_day,
		      const json_t *days_of_cover)
{
	int64_t ads, days;

	if (shd_loose_decimal(average_day, 6, &ads))
		shd_set_n(out, at, SHD_F_stock_sold_7d, shd_mul_div(ads, 7, 1));
	else if (shd_loose_decimal(days_of_cover, 6, &days))
		shd_set_n(out, at, SHD_F_stock_cover, shd_mul_div(days, SHD_DAY_MS, SHD_MICRO));
	if (!shd_loose_decimal(average_day, 6, &ads))
		shd_put_unread(out, at, SHD_F_stock_sold_7d, average_day);
}

SHD_OZON_MAP(analytics_stock)
{
	const json_t *requested = json_object_get(record, "requested_stock_count");
	const json_t *transit = json_object_get(record, "transit_stock_count");
	int64_t inbound, moving;
	size_t at;

	(void)in;
	if (!put_in_warehouse(record, out, &at, reterr))
		return false;
	shd_put_text(out, at, SHD_F_stock_title, json_object_get(record, "name"));
	shd_put_number(
		out, at, SHD_F_stock_available, json_object_get(record, "available_stock_count"));
	if (!shd_loose_decimal(requested, 6, &inbound))
		shd_put_unread(out, at, SHD_F_stock_inbound, requested);
	else if (!shd_loose_decimal(transit, 6, &moving) ||
		 __builtin_add_overflow(inbound, moving, &inbound))
		shd_put_unread(out, at, SHD_F_stock_inbound, transit);
	else
		shd_set_n(out, at, SHD_F_stock_inbound, inbound);
	/* `ads` and `idc` are of all clusters together and stand in each row of a sku. */
	put_sales(out, at, json_object_get(record, "ads_cluster"),
		json_object_get(record, "idc_cluster"));
	return true;
}

SHD_OZON_MAP(turnover)
{
	size_t at;

	(void)in;
	if (!shd_put_entity(
		    out, SHD_KIND_stock, "", json_object_get(record, "sku"), "sku", &at, reterr))
		return false;
	shd_put_text(out, at, SHD_F_stock_sku, json_object_get(record, "sku"));
	shd_put_text(out, at, SHD_F_stock_title, json_object_get(record, "name"));
	put_sales(out, at, json_object_get(record, "ads"), json_object_get(record, "idc"));
	return true;
}

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

SHD_OZON_BODY(product_list)
{
	/* Without a filter the answer is 400; ALL includes the archived ones. */
	shd_text_printf(out, "{\"filter\":{\"visibility\":\"ALL\"},\"limit\":%d,\"last_id\":",
		row->limit);
	shd_ozon_put_quoted(out, in->position);
	shd_text_putc(out, '}');
}

SHD_OZON_BODY(product_info)
{
	(void)row;
	shd_text_puts(out, "{\"product_id\":");
	shd_ozon_put_ids(out, in);
	shd_text_putc(out, '}');
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

/* A product that was never approved has the number 0. */
static void put_sku(struct shd_harvest *out, size_t at, const json_t *sku)
{
	int64_t n;

	if (shd_loose_int(sku, &n) && n == 0)
		shd_set_none(out, at, SHD_F_listing_sku);
	else
		shd_put_text(out, at, SHD_F_listing_sku, sku);
}

SHD_OZON_MAP(product)
{
	const json_t *told = json_object_get(record, "archived");
	bool archived = false;
	size_t at;

	(void)in;
	if (!shd_put_entity(out, SHD_KIND_listing, "", json_object_get(record, "product_id"),
		    "product_id", &at, reterr))
		return false;
	put_sku(out, at, json_object_get(record, "sku"));
	shd_ozon_put_url(out, at, SHD_F_listing_url, SHD_OZON_PAGE_PRODUCT,
		json_object_get(record, "product_id"));
	shd_put_text(out, at, SHD_F_listing_offer_id, json_object_get(record, "offer_id"));
	if (!shd_loose_bool(told, &archived))
		shd_put_unread(out, at, SHD_F_listing_state, told);
	else if (archived)
		shd_put_word(out, at, SHD_F_listing_state, "archived");
	return true;
}

/* Whether a text of the product's statuses holds one of these parts, in any case. Their value
 * sets are not documented; what people see in the cabinet is Russian. */
static bool says(const json_t *statuses, const char *member, const char *const *parts)
{
	const json_t *text = json_object_get(statuses, member);
	char folded[SHD_OZON_FOLDED];

	if (!json_is_string(text))
		return false;
	shd_ozon_fold(json_string_value(text), json_string_length(text), folded);
	for (; *parts; parts++)
		if (strstr(folded, *parts))
			return true;
	return false;
}

/* What Ozon says of the product as a whole, in the cabinet's words. It goes before everything
 * else: the other texts tell of the last edit, which may have failed while the product sells. */
enum sale { UNTOLD, SELLS, READY, OFF };

static enum sale sale_of(const json_t *statuses)
{
	static const char *const off[] = {"не прода", "снят с продажи", "снято с продажи",
		"убран из продажи", "скрыт", "not for sale", "off sale", "下架", NULL};
	static const char *const ready[] = {"готов к продаже", "ready for sale", NULL};
	static const char *const sells[] = {
		"продается", "продаётся", "on sale", "selling", "已激活", "销售中", NULL};

	/* the word of the official example */
	if (shd_loose_is(json_object_get(statuses, "status_name"), "active"))
		return SELLS;
	return says(statuses, "status_name", off)     ? OFF
	       : says(statuses, "status_name", ready) ? READY
	       : says(statuses, "status_name", sells) ? SELLS
						      : UNTOLD;
}

/* The product itself was refused. */
static bool is_refused(const json_t *statuses)
{
	static const char *const bad[] = {"fail", "decline", "reject", "invalid", "banned", NULL};
	static const char *const refused[] = {"не создан", "не прошел валидацию",
		"не прошёл валидацию", "отклонен модератором", "отклонён модератором", NULL};

	return says(statuses, "status", bad) || says(statuses, "moderate_status", bad) ||
	       says(statuses, "validation_status", bad) ||
	       says(statuses, "status_description", refused);
}

/* It, or only the last edit of it, was refused. */
static bool has_failed(const json_t *product)
{
	const json_t *statuses = json_object_get(product, "statuses"), *error;
	const json_t *failed = json_object_get(statuses, "status_failed");
	struct shd_loose_text text;
	size_t i;

	if (is_refused(statuses) ||
		(shd_loose_text(failed, &text) && !shd_loose_is(failed, "none")))
		return true;
	json_array_foreach (json_object_get(product, "errors"), i, error) {
		const json_t *level = json_object_get(error, "level");

		if (shd_loose_is(level, "ERROR_LEVEL_ERROR") ||
			shd_loose_is(level, "ERROR_LEVEL_INTERNAL") || shd_loose_is(level, "ERROR"))
			return true;
	}
	return false;
}

static bool is_moderated(const json_t *statuses)
{
	static const char *const words[] = {
		"moderation", "moderating", "pending", "модерац", "на проверке", NULL};

	return says(statuses, "moderate_status", words) || says(statuses, "status", words) ||
	       says(statuses, "validation_status", words) || says(statuses, "status_name", words);
}

/* Whether it can be had anywhere: 1, 0 (everywhere HIDDEN or UNAVAILABLE although there is
 * something to sell), -1: not told. */
static int availability_of(const json_t *product)
{
	const json_t *list = json_object_get(product, "availabilities"), *one;
	bool has_stock = true, hidden = true;
	size_t i;

	shd_loose_bool(shd_loose_at(product, "visibility_details.has_stock"), &has_stock);
	json_array_foreach (list, i, one) {
		const json_t *word = json_object_get(one, "availability");

		if (shd_loose_is(word, "AVAILABLE") || shd_loose_is(word, "in_stock"))
			return 1;
		hidden &= shd_loose_is(word, "HIDDEN") || shd_loose_is(word, "UNAVAILABLE");
	}
	return has_stock && hidden && json_array_size(list) > 0 ? 0 : -1;
}

/* Where nothing tells of the product as a whole: by its parts. NULL: nothing is told. */
static const char *state_by_parts(const json_t *product)
{
	static const char *const off[] = {"removed", "disabled", "off_sale", "not_for_sale", NULL};
	static const char *const off_too[] = {"убран из продажи", "заблокирован", NULL};
	static const char *const done[] = {"price_sent", "processed", NULL};
	static const char *const edit[] = {"не обновлен", "не обновлён", NULL};
	const json_t *statuses = json_object_get(product, "statuses");
	int available = availability_of(product);

	if (says(statuses, "status_description", edit))
		return "active";
	if (is_refused(statuses))
		return "rejected";
	if (is_moderated(statuses))
		return "moderation";
	if (says(statuses, "status", off) || says(statuses, "status_description", off_too))
		return "off_sale";
	if (available >= 0)
		return available ? "active" : "suppressed";
	if (has_failed(product) && !shd_loose_is(json_object_get(statuses, "moderate_status"),
					   "approved"))
		return "rejected";
	/* a word that we do not know may mean anything */
	if (json_string_length(json_object_get(statuses, "status_name")))
		return NULL;
	return says(statuses, "status", done) ? "active" : NULL;
}

/* The state of a product that is not archived; NULL: not told, so that what is known stays. */
static const char *state_of(const json_t *product)
{
	const json_t *statuses = json_object_get(product, "statuses");
	bool has_price = true, created = true;

	shd_loose_bool(shd_loose_at(product, "visibility_details.has_price"), &has_price);
	shd_loose_bool(json_object_get(statuses, "is_created"), &created);
	switch (sale_of(statuses)) {
	case SELLS:
		return "active";
	case READY:
		if (!has_price)
			return "off_sale";
		return availability_of(product) == 0 ? "suppressed" : "active";
	case OFF:
		if (has_failed(product))
			return "rejected";
		return !created && is_moderated(statuses) ? "moderation" : "off_sale";
	case UNTOLD:
		break;
	}
	return has_price ? state_by_parts(product) : "off_sale";
}

/* Appends a reason after "; ". */
static void add_issue(struct shd_text *issues, const json_t *text)
{
	if (!json_is_string(text) || !json_string_length(text))
		return;
	shd_text_puts(issues, issues->len ? "; " : "");
	shd_text_add(issues, json_string_value(text), json_string_length(text));
}

static void put_issues(struct shd_harvest *out, size_t at, const json_t *product, const char *state)
{
	struct shd_text issues SHD_AUTO(shd_text_finish) = {0};
	const json_t *one, *reason, *errors = json_object_get(product, "errors");
	size_t i, j;

	if (errors && !json_is_array(errors) && !json_is_null(errors)) {
		shd_put_unread(out, at, SHD_F_listing_issues, errors);
		return;
	}
	shd_text_init(&issues, SHD_FIELD_BYTES);
	json_array_foreach (errors, i, one) {
		const json_t *text = shd_loose_at(one, "texts.short_description");

		add_issue(&issues,
			json_string_length(text) ? text : shd_loose_at(one, "texts.message"));
	}
	if (!state || strcmp(state, "active") != 0) {
		add_issue(&issues, shd_loose_at(product, "statuses.status_description"));
		json_array_foreach (json_object_get(product, "availabilities"), i, one)
			json_array_foreach (json_object_get(one, "reasons"), j, reason)
				add_issue(&issues, shd_loose_at(reason, "human_text.text"));
	}
	if (issues.len)
		shd_set_text(out, at, SHD_F_listing_issues, issues.data, issues.len);
	else
		shd_set_none(out, at, SHD_F_listing_issues);
}

static void put_nothing_left(struct shd_harvest *out, const json_t *sku)
{
	struct shd_loose_text id;
	int64_t n;

	if (!shd_loose_text(sku, &id) || (shd_loose_int(sku, &n) && n == 0))
		return;
	size_t at = shd_harvest_known(out, SHD_KIND_stock, id.text, id.len);
	shd_set_n(out, at, SHD_F_stock_available, 0);
	shd_set_n(out, at, SHD_F_stock_reserved, 0);
}

/* A product without any stock may have no row for it in the list of stocks, which then cannot
 * name its skus. Here it can: there is nothing of each that is known. */
static void put_empty_stock(struct shd_harvest *out, const json_t *product)
{
	const json_t *rows = shd_loose_at(product, "stocks.stocks"), *source;
	bool has_stock = true;
	int64_t id;
	size_t i;

	shd_loose_bool(shd_loose_at(product, "stocks.has_stock"), &has_stock);
	if (!shd_loose_int(json_object_get(product, "id"), &id) || id <= 0)
		return; /* nobody knows what product this is about */
	if (has_stock || !json_is_array(rows) || json_array_size(rows) > 0)
		return;
	put_nothing_left(out, json_object_get(product, "sku"));
	json_array_foreach (json_object_get(product, "sources"), i, source)
		put_nothing_left(out, json_object_get(source, "sku"));
}

/* Nobody else sells it, as far as Ozon knows. */
static bool has_no_price_index(const json_t *product)
{
	const json_t *colour = shd_loose_at(product, "price_indexes.color_index");

	return shd_loose_is(colour, "COLOR_INDEX_WITHOUT_INDEX") ||
	       shd_loose_is(colour, "WITHOUT_INDEX");
}

/* Who archived it, its state, and what is wrong with it. */
static void put_state(struct shd_harvest *out, size_t at, const json_t *product)
{
	const json_t *seller = json_object_get(product, "is_archived");
	const json_t *ozon = json_object_get(product, "is_autoarchived");
	bool by_seller = false, by_ozon = false;
	bool has_seller = !seller || shd_loose_bool(seller, &by_seller);
	bool has_ozon = !ozon || shd_loose_bool(ozon, &by_ozon);

	if (!has_seller || !has_ozon) {
		shd_put_unread(out, at, SHD_F_listing_state, has_seller ? ozon : seller);
		shd_put_unread(out, at, SHD_F_listing_archived_by, has_seller ? ozon : seller);
		shd_put_unread(out, at, SHD_F_listing_issues, has_seller ? ozon : seller);
		return;
	}
	const char *state = by_seller || by_ozon ? "archived" : state_of(product);

	if (state)
		shd_put_word(out, at, SHD_F_listing_state, state);
	if (by_seller || by_ozon)
		shd_put_word(
			out, at, SHD_F_listing_archived_by, by_ozon ? "marketplace" : "seller");
	else
		shd_set_none(out, at, SHD_F_listing_archived_by);
	put_issues(out, at, product, state);
}

SHD_OZON_MAP(product_info)
{
	size_t at;

	(void)in;
	if (!shd_put_entity(
		    out, SHD_KIND_listing, "", json_object_get(record, "id"), "id", &at, reterr))
		return false;
	put_state(out, at, record);
	put_sku(out, at, json_object_get(record, "sku"));
	shd_ozon_put_url(out, at, SHD_F_listing_url, SHD_OZON_PAGE_PRODUCT,
		json_object_get(record, "id"));
	shd_put_text(out, at, SHD_F_listing_offer_id, json_object_get(record, "offer_id"));
	shd_put_text(out, at, SHD_F_listing_title, json_object_get(record, "name"));
	shd_put_time(out, at, SHD_F_listing_opened_at, json_object_get(record, "created_at"));
	shd_put_money(out, at, SHD_F_listing_price, json_object_get(record, "price"),
		json_object_get(record, "currency_code"));
	shd_put_text(out, at, SHD_F_listing_category,
		json_object_get(record, "description_category_id"));
	if (has_no_price_index(record))
		shd_set_none(out, at, SHD_F_listing_price_index);
	else
		shd_put_number(out, at, SHD_F_listing_price_index, shd_loose_at(record,
			"price_indexes.external_index_data.price_index_value"));
	put_empty_stock(out, record);
	return true;
}

/* Numbers of a sku, whose rows are summed. */
static bool read_sku(const json_t *row, struct shd_loose_text *ret_sku)
{
	const json_t *sku = json_object_get(row, "sku");
	int64_t ignored;

	return !json_is_boolean(sku) && shd_loose_int(sku, &ignored) &&
	       shd_loose_text(sku, ret_sku);
}

/* Adds a row to a sum; what is absent or cannot be read is no 0. NULL, or what of the row
 * cannot be added. */
static const json_t *add_row(const json_t *row, int64_t *present, int64_t *reserved)
{
	const json_t *has = json_object_get(row, "present");
	const json_t *holds = json_object_get(row, "reserved");
	int64_t n;

	if (!shd_loose_decimal(has, 6, &n) || __builtin_add_overflow(*present, n, present))
		return has ? has : row;
	if (!shd_loose_decimal(holds, 6, &n) || __builtin_add_overflow(*reserved, n, reserved))
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

SHD_OZON_MAP(stock)
{
	const json_t *rows = json_object_get(record, "stocks");

	(void)in;
	if (!json_is_object(record) || !json_object_get(record, "product_id"))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "a record has no \"product_id\"");
	for (size_t i = 0; i < json_array_size(rows); i++)
		put_stock(out, record, i);
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
	else
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

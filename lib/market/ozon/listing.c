#include "ozon.h"

#include <string.h>

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

/* A product whose state is looked for, and what was met on the way that cannot be read: the state
 * is unknown then, and what is known stays. */
struct product {
	const json_t *at, *statuses, *odd;
	bool by_parts; /* it is not told of as a whole */
};

static void meet(struct product *product, const json_t *odd)
{
	if (!product->odd)
		product->odd = odd;
}

static bool told(struct product *product, const char *path, bool otherwise)
{
	const json_t *value = shd_loose_at(product->at, path);
	bool yes = otherwise;

	if (value && !shd_loose_bool(value, &yes))
		meet(product, value);
	return yes;
}

/* A text of the product's statuses; NULL: it says nothing. */
static const json_t *status_text(struct product *product, const char *member)
{
	const json_t *text = json_object_get(product->statuses, member);

	if (json_string_length(text))
		return text;
	if (text && !shd_loose_blank(text))
		meet(product, text);
	return NULL;
}

/* Whether a text of the product's statuses holds one of these parts, in any case. Their value
 * sets are not documented; what people see in the cabinet is Russian. */
static bool says(struct product *product, const char *member, const char *const *parts)
{
	const json_t *text = status_text(product, member);
	char folded[SHD_OZON_FOLDED];

	if (!text)
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

static enum sale sale_of(struct product *product)
{
	static const char *const off[] = {"не прода", "снят с продажи", "снято с продажи",
		"убран из продажи", "скрыт", "ошибка", "not for sale", "off sale", "下架", NULL};
	static const char *const ready[] = {"готов к продаже", "ready for sale", NULL};
	static const char *const sells[] = {
		"продается", "продаётся", "on sale", "selling", "已激活", "销售中", NULL};

	/* the word of the official example */
	if (shd_loose_is(json_object_get(product->statuses, "status_name"), "active"))
		return SELLS;
	return says(product, "status_name", off)     ? OFF
	       : says(product, "status_name", ready) ? READY
	       : says(product, "status_name", sells) ? SELLS
						     : UNTOLD;
}

/* The product itself was refused. */
static bool is_refused(struct product *product)
{
	static const char *const bad[] = {"fail", "decline", "reject", "invalid", "banned", NULL};
	static const char *const refused[] = {"не создан", "не прошел валидацию",
		"не прошёл валидацию", "отклонен модератором", "отклонён модератором", NULL};

	return says(product, "status", bad) || says(product, "moderate_status", bad) ||
	       says(product, "validation_status", bad) ||
	       says(product, "status_description", refused);
}

/* An error that keeps it from being sold. */
static bool has_error(struct product *product)
{
	static const char *const levels[] = {"ERROR_LEVEL_ERROR", "ERROR_LEVEL_INTERNAL", "ERROR"};
	const json_t *errors = json_object_get(product->at, "errors"), *error;
	size_t i;

	if (errors && !json_is_array(errors) && !shd_loose_blank(errors))
		meet(product, errors);
	json_array_foreach (errors, i, error) {
		const json_t *level = json_object_get(error, "level");

		for (size_t k = 0; k < SHD_COUNT(levels); k++)
			if (shd_loose_is(level, levels[k]))
				return true;
		if (!json_is_object(error) || (level && !json_is_string(level)))
			meet(product, level ? level : error);
	}
	return false;
}

/* It, or only the last edit of it, was refused. */
static bool has_failed(struct product *product)
{
	const json_t *failed = status_text(product, "status_failed");

	return is_refused(product) || (failed && !shd_loose_is(failed, "none")) ||
	       has_error(product);
}

static bool is_moderated(struct product *product)
{
	static const char *const words[] = {
		"moderation", "moderating", "pending", "модерац", "на проверке", NULL};

	return says(product, "moderate_status", words) || says(product, "status", words) ||
	       says(product, "validation_status", words) || says(product, "status_name", words);
}

enum availability { NOT_TOLD, NOWHERE, SOMEWHERE };

/* Whether it can be had anywhere. */
static enum availability availability_of(struct product *product)
{
	const json_t *list = json_object_get(product->at, "availabilities"), *one;
	const json_t *odd = json_is_array(list) ? NULL : list;
	size_t i;

	json_array_foreach (list, i, one) {
		const json_t *word = json_object_get(one, "availability");

		if (shd_loose_is(word, "AVAILABLE") || shd_loose_is(word, "in_stock"))
			return SOMEWHERE;
		if (!shd_loose_is(word, "HIDDEN") && !shd_loose_is(word, "UNAVAILABLE"))
			odd = word ? word : one;
	}
	if (odd)
		meet(product, odd);
	return odd || json_array_size(list) == 0 ? NOT_TOLD : NOWHERE;
}

/* Of an answer that does not tell of the product as a whole: by its parts. NULL: nothing is
 * told. */
static const char *state_by_parts(struct product *product)
{
	static const char *const off[] = {"removed", "disabled", "off_sale", "not_for_sale", NULL};
	static const char *const off_too[] = {"убран из продажи", "заблокирован", NULL};
	static const char *const done[] = {"price_sent", "processed", NULL};
	static const char *const edit[] = {"не обновлен", "не обновлён", NULL};

	if (says(product, "status_description", edit))
		return "active";
	if (is_refused(product))
		return "rejected";
	if (is_moderated(product))
		return "moderation";
	if (says(product, "status", off) || says(product, "status_description", off_too))
		return "off_sale";
	enum availability available = availability_of(product);
	if (available == SOMEWHERE)
		return "active";
	if (available == NOWHERE && told(product, "visibility_details.has_stock", true))
		return "suppressed";
	if (has_failed(product) && !shd_loose_is(status_text(product, "moderate_status"),
					   "approved"))
		return "rejected";
	return says(product, "status", done) ? "active" : NULL;
}

/* The state of one that is ready to be sold: nowhere in spite of its stock is not. */
static const char *ready_state(struct product *product)
{
	if (!told(product, "visibility_details.has_price", true))
		return "off_sale";
	if (!told(product, "visibility_details.has_stock", true))
		return "active";
	if (!json_object_get(product->at, "availabilities"))
		meet(product, json_null());
	return availability_of(product) == NOWHERE ? "suppressed" : "active";
}

static const char *off_state(struct product *product)
{
	if (has_failed(product))
		return "rejected";
	if (!told(product, "statuses.is_created", true) && is_moderated(product))
		return "moderation";
	return "off_sale";
}

/* The last edit may have failed while the product sells: the parts tell nothing of one of which
 * something is told as a whole that nobody understands. */
static const char *untold_state(struct product *product)
{
	static const char *const words[] = {"moderation", "модерац", "на проверке", NULL};
	const json_t *name = status_text(product, "status_name");

	if (!told(product, "visibility_details.has_price", true))
		return "off_sale";
	if (says(product, "status_name", words))
		return "moderation";
	if (name) {
		meet(product, name);
		return NULL;
	}
	product->by_parts = true;
	return state_by_parts(product);
}

/* The state of a product that is not archived; NULL: not told, so that what is known stays. */
static const char *state_of(struct product *product)
{
	const char *state = NULL;

	switch (sale_of(product)) {
	case SELLS:
		return "active";
	case READY:
		state = ready_state(product);
		break;
	case OFF:
		state = off_state(product);
		break;
	case UNTOLD:
		state = untold_state(product);
		break;
	}
	return product->odd ? NULL : state;
}

/* Appends a reason after "; ". False: it is there and cannot be read. */
static bool add_issue(struct shd_text *issues, const json_t *text)
{
	if (!text || shd_loose_blank(text))
		return true;
	if (!json_is_string(text))
		return false;
	shd_text_puts(issues, issues->len ? "; " : "");
	shd_text_add(issues, json_string_value(text), json_string_length(text));
	return true;
}

/* NULL, or what of the errors cannot be read: each product has such a list, mostly empty. */
static const json_t *add_errors(struct shd_text *issues, const json_t *errors)
{
	const json_t *one, *text;
	size_t i;

	json_array_foreach (errors, i, one) {
		text = shd_loose_either(shd_loose_at(one, "texts.short_description"),
			shd_loose_at(one, "texts.message"));
		if (!text || shd_loose_blank(text) || !add_issue(issues, text))
			return one;
	}
	return json_is_array(errors) ? NULL : errors ? errors : json_null();
}

/* Why it is not sold; NULL, or what of that cannot be read. */
static const json_t *add_reasons(struct shd_text *issues, const json_t *product)
{
	const json_t *text = shd_loose_at(product, "statuses.status_description");
	const json_t *one, *reason, *list = json_object_get(product, "availabilities");
	size_t i, j;

	if (!text || !add_issue(issues, text))
		return text ? text : json_null();
	json_array_foreach (list, i, one) {
		const json_t *reasons = json_object_get(one, "reasons");

		if (!json_is_array(reasons))
			return one;
		json_array_foreach (reasons, j, reason)
			if (!json_is_object(reason) ||
				!add_issue(issues, shd_loose_at(reason, "human_text.text")))
				return one;
	}
	return json_is_array(list) ? NULL : list ? list : json_null();
}

static void put_issues(struct shd_harvest *out, size_t at, const json_t *product, const char *state)
{
	struct shd_text issues SHD_AUTO(shd_text_finish) = {0};

	shd_text_init(&issues, SHD_FIELD_BYTES);
	const json_t *odd = add_errors(&issues, json_object_get(product, "errors"));
	if (!odd && strcmp(state, "active") != 0)
		odd = add_reasons(&issues, product);
	if (odd)
		shd_put_unread(out, at, SHD_F_listing_issues, odd);
	else if (issues.len)
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
	struct product looked_at = {product, json_object_get(product, "statuses"), NULL, false};
	const char *state = by_seller || by_ozon ? "archived" : state_of(&looked_at);

	if (by_seller || by_ozon)
		shd_put_word(
			out, at, SHD_F_listing_archived_by, by_ozon ? "marketplace" : "seller");
	else
		shd_set_none(out, at, SHD_F_listing_archived_by);
	if (state) {
		shd_put_word(out, at, SHD_F_listing_state, state);
		put_issues(out, at, product, state);
		if (!looked_at.by_parts)
			return;
		shd_set_otherwise(out, at, SHD_F_listing_state, "no status_name");
		shd_set_otherwise(out, at, SHD_F_listing_issues, "no status_name");
		return;
	}
	const json_t *odd = looked_at.odd ? looked_at.odd : json_null();
	shd_put_unread(out, at, SHD_F_listing_state, odd);
	shd_put_unread(out, at, SHD_F_listing_issues, odd);
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

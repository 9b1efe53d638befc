#include "ozon.h"

#include "http/http.h"

#include <string.h>

#define CABINET "https://seller.ozon.ru"

static const char cabinet[] = CABINET;

static void add_page(struct shd_text *url, const char *page, const char *id, size_t len)
{
	const char *gap;

	shd_text_puts(url, cabinet);
	for (; (gap = strstr(page, "{}")); page = gap + 2) {
		shd_text_add(url, page, (size_t)(gap - page));
		shd_percent_encode(id, len, url);
	}
	shd_text_puts(url, page);
}

void shd_ozon_put_url(struct shd_harvest *out, size_t at, enum shd_field field, const char *page,
		      const json_t *id)
{
	struct shd_text url SHD_AUTO(shd_text_finish) = {0};
	struct shd_loose_text text = {0};

	if (strchr(page, '{') && !shd_loose_text(id, &text)) {
		shd_put_unread(out, at, field, id);
		return;
	}
	shd_text_init(&url, SHD_FIELD_BYTES);
	add_page(&url, page, text.text, text.len);
	if (shd_text_ok(&url))
		shd_set_text(out, at, field, url.data, url.len);
}

/* Stores from abroad have the page of a posting elsewhere. */
static const char *page_of_postings(const struct shd_store *store, bool fbo)
{
	if (store->kind == SHD_STORE_CROSSBORDER)
		return fbo ? "/app/postings/crossborder/fbo/{}"
			   : "/app/postings/crossborder/fbs?tab=all&postingNumber={}"
			     "&postingDetails={}";
	return fbo ? "/app/postings/fbo?postingDetails={}" : "/app/postings/fbs?postingDetails={}";
}

bool shd_ozon_page(const struct shd_store *store, const struct shd_entity *entity,
		   struct shd_text *ret_url)
{
	const char *word = entity->fields[SHD_I_url].text, *number = entity->id;
	bool fbo = strcmp(word, SHD_OZON_FBO) == 0;
	enum shd_field order;

	if (!fbo && strcmp(word, SHD_OZON_FBS) != 0)
		return false;
	if (shd_field_find(entity->kind, "order_id", strlen("order_id"), &order)) {
		const struct shd_value *value = shd_entity_get(entity, order);

		if (value->none)
			return false;
		number = value->text;
	}
	add_page(ret_url, page_of_postings(store, fbo), number, strlen(number));
	return true;
}

const char *shd_ozon_kind_page(enum shd_kind kind)
{
	static const char *const pages[SHD_KIND_COUNT] = {
		[SHD_KIND_store] = CABINET "/app/settings/api-keys",
		[SHD_KIND_order] = CABINET "/app/postings/fbs",
		[SHD_KIND_parcel] = CABINET "/app/postings/fbs",
		[SHD_KIND_cancellation] = CABINET "/app/postings/fbs",
		[SHD_KIND_complaint] = CABINET SHD_OZON_PAGE_RETURNS,
		[SHD_KIND_return] = CABINET SHD_OZON_PAGE_RETURNS,
		[SHD_KIND_review] = CABINET SHD_OZON_PAGE_REVIEWS,
		[SHD_KIND_question] = CABINET SHD_OZON_PAGE_QUESTIONS,
		[SHD_KIND_message] = CABINET "/app/messenger?group=customers_v2",
		[SHD_KIND_notice] = CABINET "/app/messenger?group=support_v2",
		[SHD_KIND_stock] = CABINET "/app/fbo-stocks/stocks-management/",
	};

	return pages[kind] ? pages[kind] : cabinet;
}

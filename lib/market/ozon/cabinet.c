#include "ozon.h"

#include "http/http.h"

#include <string.h>

static const char cabinet[] = "https://seller.ozon.ru";

void shd_ozon_put_url(struct shd_harvest *out, size_t at, enum shd_field field, const char *page,
		      const json_t *id)
{
	struct shd_text url SHD_AUTO(shd_text_finish) = {0};
	struct shd_loose_text text;
	const char *gap;

	if (strchr(page, '{') && !shd_loose_text(id, &text))
		return;
	shd_text_init(&url, SHD_FIELD_BYTES);
	shd_text_puts(&url, cabinet);
	for (; (gap = strstr(page, "{}")); page = gap + 2) {
		shd_text_add(&url, page, (size_t)(gap - page));
		shd_percent_encode(text.text, text.len, &url);
	}
	shd_text_puts(&url, page);
	if (shd_text_ok(&url))
		shd_set_text(out, at, field, url.data, url.len);
}

const char *shd_ozon_page_of_postings(const struct shd_source *source, bool fbo)
{
	if (source->store->kind == SHD_STORE_CROSSBORDER)
		return fbo ? "/app/postings/crossborder/fbo/{}"
			   : "/app/postings/crossborder/fbs?tab=all&postingNumber={}"
			     "&postingDetails={}";
	return fbo ? "/app/postings/fbo?postingDetails={}" : "/app/postings/fbs?postingDetails={}";
}

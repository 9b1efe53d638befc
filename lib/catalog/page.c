#include "page.h"

#include <string.h>

bool shd_entity_page(const struct shd_store *store, const struct shd_entity *entity,
		     struct shd_text *ret_url)
{
	const struct shd_value *url = &entity->fields[SHD_I_url];

	if (url->none)
		return false;
	if (!memchr(url->text, ':', url->len))
		return store && store->page && store->page(store, entity, ret_url);
	shd_text_add(ret_url, url->text, url->len);
	return true;
}

const char *shd_kind_page(const struct shd_store *store, enum shd_kind kind)
{
	return store && store->kind_page ? store->kind_page(kind) : NULL;
}

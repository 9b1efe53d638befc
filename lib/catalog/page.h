/* catalog/page.h - the page of an entity in the seller's account, from its field `url`.
 *
 * Of most records the address is the same text around their number, longer than all else that
 * is kept of them. So a marketplace may put a word into `url` instead ("fbs"), from which it
 * makes the address when somebody looks. What has a colon is an address as it is. Pure. */
#pragma once
#include "entity.h"
#include "store.h"

/* Appends the address; false: there is none, and nothing is appended. store NULL: of the
 * pseudo-store `daemon`. The entity needs its id, `url` and `order_id`. */
bool shd_entity_page(const struct shd_store *store, const struct shd_entity *entity,
		     struct shd_text *ret_url);

/* The page where entities of the kind are found, for those that have none of their own; NULL:
 * there is none. store NULL: of the pseudo-store `daemon`. */
const char *shd_kind_page(const struct shd_store *store, enum shd_kind kind);

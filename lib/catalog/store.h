/* catalog/store.h - the seller's shop, as rules and messages read it.
 *
 * What the configuration says of it; what was observed of it is an entity (entity.h).
 * How it is polled is another matter: market/source.h. */
#pragma once
#include "base/calendar.h"
#include "catalog.h"
#include "conf/option.h"

struct shd_source;
struct shd_store;
struct shd_entity;
struct shd_text;

/* Appends the address of the page that the word in the entity's `url` stands for; false: there
 * is none, and nothing is appended. Pure. */
typedef bool shd_page_fn(const struct shd_store *store, const struct shd_entity *entity,
			 struct shd_text *ret_url);

/* The page of the account where what is of this kind is found; of the kind store, where the
 * account itself is looked after. Static; never NULL. */
typedef const char *shd_kind_page_fn(enum shd_kind kind);

enum shd_store_kind { SHD_STORE_LOCAL, SHD_STORE_CROSSBORDER };

struct shd_store {
	const char *id;              /* [a-z0-9-]+, unique; "daemon" is taken */
	const char *marketplace;     /* its name: "ozon" */
	int kind;                    /* enum shd_store_kind */
	const char *region;
	const char *timezone;        /* tz database name; default UTC */
	const struct shd_zone *zone; /* the same; NULL: UTC */
	const struct shd_calendar *calendar; /* of business days; NULL: Monday to Friday */
	const char *currency;        /* ISO 4217, or NULL */
	struct shd_wall opened;      /* 0: not known */
	struct shd_pairs labels;
	const struct shd_node *overrides; /* its own: map rule id -> keys, or NULL */
	const struct shd_source *source; /* its marketplace (market/source.h) */
	shd_page_fn *page;           /* the marketplace's; NULL: it has no words for pages */
	shd_kind_page_fn *kind_page; /* the marketplace's; NULL: it has no such pages */
	const struct shd_node *node;
};

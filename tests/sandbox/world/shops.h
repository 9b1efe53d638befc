/* sandbox/world/shops.h - the simulated shops and their timeline; no network, no platform.
 *
 * Before a request is answered, shd_sandbox_advance() applies what is due. Times are wall
 * clock milliseconds. One thread. */
#pragma once
#include "face.h"

#include <uthash.h>

struct shd_shop {
	char *client_id, *api_key; /* how the platform knows the seller */
	char name[64];
	const struct shd_face *face;
	void *account;             /* the face's */
	struct shd_world *world;
	int64_t churn_ppm;         /* records that change from one poll to the next */
	UT_hash_handle hh;
};

/* Something that happens in shops[first .. first + count). */
struct shd_entry {
	int64_t at_ms, base_ms;
	size_t first, count;
	uint64_t order;
	char *word;
	json_t *fields;
	json_t *keep; /* names of the only members that the record keeps, NULL: all */
};

struct shd_sandbox {
	int64_t start_ms;
	struct shd_shop **shops;
	size_t shop_count, shop_capacity;
	struct shd_shop *by_client; /* hash by client_id */
	struct shd_entry *entries;  /* sorted by time from `next_entry` on */
	size_t entry_count, entry_capacity, next_entry;
};

struct shd_sandbox *shd_sandbox_create(int64_t now_ms);
void shd_sandbox_destroy(struct shd_sandbox *sandbox); /* accepts NULL */

/* Adds a shop; NULL when the client id is taken. Copies; the face must stay. */
struct shd_shop *shd_sandbox_add(struct shd_sandbox *sandbox, const struct shd_face *face,
				 const char *client_id, const char *api_key);
struct shd_shop *shd_sandbox_shop(const struct shd_sandbox *sandbox, const char *client_id);

/* Plans an entry: {"at": "-3d", "repeat": 5, "every": "1h", "order": {...}} for
 * shops[first .. first+count), which are of one face. Relative times count from base_ms.
 * Errors: CONFIG, and *ret_key (borrowed from entry, or NULL) is the member that is wrong. */
SHD_MUST_USE bool shd_sandbox_plan(struct shd_sandbox *sandbox, size_t first, size_t count,
				   const json_t *entry, int64_t base_ms, const char **ret_key,
				   struct shd_error *reterr);

/* Applies all entries that are due at now_ms. */
void shd_sandbox_advance(struct shd_sandbox *sandbox, int64_t now_ms);

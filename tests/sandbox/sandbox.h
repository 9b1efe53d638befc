/* sandbox/sandbox.h - the simulated stores and what happens in them.
 *
 * The stores, their timeline and the faults; no network. Whoever answers a
 * request first calls shd_sandbox_advance(), so that all that is due has
 * happened. Times are wall milliseconds. One thread. */
#pragma once
#include "world.h"

#include <uthash.h>

enum shd_refusal_id {
#define REFUSAL(name, http, code, text) SHD_REFUSAL_##name,
#include "refusals.def"
#undef REFUSAL
	SHD_REFUSAL_COUNT,
	SHD_REFUSAL_NONE = SHD_REFUSAL_COUNT,
};

struct shd_refusal_row {
	const char *name;
	int http, code;
	const char *text;
};
extern const struct shd_refusal_row shd_refusals[];

/* The refusal with this name, SHD_REFUSAL_NONE when there is none. */
enum shd_refusal_id shd_refusal_find(const char *name);

enum { SHD_ENDPOINTS_MAX = 96 };

struct shd_shop {
	char *client_id, *api_key;
	enum shd_refusal_id state; /* what every request gets, NONE while all is well */
	char tariff[24];           /* "PREMIUM_PLUS" */
	bool reviews;              /* has bought the review management */
	json_t *methods;           /* prefixes the key may call; NULL: all */
	char expires_at[40];
	char name[64];
	struct shd_world *world;
	int64_t rate_per_s;                 /* requests it may make */
	int64_t tokens_milli, tokens_at_ms; /* of the token bucket */
	int64_t turnover_at_ms;             /* last request to the 1/min method */
	int64_t churn_ppm;                  /* records that change from one poll to the next */
	uint32_t polls[SHD_ENDPOINTS_MAX];  /* first pages served, by endpoint */
	UT_hash_handle hh;
};

/* Something that happens in stores shops[first .. first + count). */
struct shd_entry {
	int64_t at_ms, base_ms;
	size_t first, count;
	uint64_t order;
	char *word;
	json_t *fields;
	json_t *keep; /* names of the only members a new object has, NULL: all */
};

struct shd_fault_plan;

struct shd_sandbox {
	int64_t start_ms;
	int64_t rate_per_s;    /* of a store that has no rate of its own */
	int64_t cursor_ttl_ms; /* a cursor is refused when it is older */
	struct shd_shop **shops;
	size_t shop_count, shop_capacity;
	struct shd_shop *by_client; /* hash by client_id */
	struct shd_entry *entries;  /* sorted by time from `next_entry` on */
	size_t entry_count, entry_capacity, next_entry;
	struct shd_fault_plan *faults;
	size_t fault_count, fault_capacity;
	uint64_t requests[SHD_ENDPOINTS_MAX], refused[SHD_ENDPOINTS_MAX];
};

struct shd_sandbox *shd_sandbox_create(int64_t now_ms);
void shd_sandbox_destroy(struct shd_sandbox *sandbox);

/* Adds a store; false when the client id is taken. Copies. */
struct shd_shop *shd_sandbox_add(struct shd_sandbox *sandbox, const char *client_id,
				 const char *api_key);
struct shd_shop *shd_sandbox_shop(const struct shd_sandbox *sandbox, const char *client_id);

/* Plans an entry: {"at": "-3d", "repeat": 5, "every": "1h", "order": {...}} for
 * shops[first .. first+count). Relative times count from base_ms. Errors: CONFIG, and
 * *ret_key (borrowed from entry, or NULL) is the member that is wrong. */
SHD_MUST_USE bool shd_sandbox_plan(struct shd_sandbox *sandbox, size_t first, size_t count,
				   const json_t *entry, int64_t base_ms, const char **ret_key,
				   struct shd_error *reterr);

/* Everything due until now_ms happens. */
void shd_sandbox_advance(struct shd_sandbox *sandbox, int64_t now_ms);

/* "+20h", "-47h59m30s", "20s" as milliseconds; false when it is none. */
bool shd_relative_parse(const char *text, int64_t *ret_ms);

/* Time in Ozon's form with `digits` digits of fraction. */
void shd_ozon_time(int64_t ms, int digits, char buf[40]);

#include "sandbox.h"
#include "fault.h"
#include "kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct shd_refusal_row shd_refusals[] = {
#define REFUSAL(name, http, code, text) [SHD_REFUSAL_##name] = {#name, http, code, text},
#include "refusals.def"
#undef REFUSAL
};

enum shd_refusal_id shd_refusal_find(const char *name)
{
	for (int i = 0; i < SHD_REFUSAL_COUNT; i++)
		if (strcmp(shd_refusals[i].name, name) == 0)
			return (enum shd_refusal_id)i;
	return SHD_REFUSAL_NONE;
}

struct shd_sandbox *shd_sandbox_create(int64_t now_ms)
{
	struct shd_sandbox *sandbox = shd_xcalloc(1, sizeof(*sandbox));

	sandbox->start_ms = now_ms;
	sandbox->rate_per_s = 50;
	sandbox->cursor_ttl_ms = 10 * SHD_MINUTE_MS;
	return sandbox;
}

static void shop_destroy(struct shd_shop *shop)
{
	free(shop->client_id);
	free(shop->api_key);
	json_decref(shop->methods);
	shd_world_unref(shop->world);
	free(shop);
}

void shd_sandbox_destroy(struct shd_sandbox *sandbox)
{
	if (!sandbox)
		return;
	HASH_CLEAR(hh, sandbox->by_client);
	for (size_t i = 0; i < sandbox->shop_count; i++)
		shop_destroy(sandbox->shops[i]);
	for (size_t i = 0; i < sandbox->entry_count; i++) {
		free(sandbox->entries[i].word);
		json_decref(sandbox->entries[i].fields);
		json_decref(sandbox->entries[i].keep);
	}
	free(sandbox->shops);
	free(sandbox->entries);
	shd_faults_clear(sandbox);
	free(sandbox);
}

struct shd_shop *shd_sandbox_shop(const struct shd_sandbox *sandbox, const char *client_id)
{
	struct shd_shop *shop;

	HASH_FIND_STR(sandbox->by_client, client_id, shop);
	return shop;
}

struct shd_shop *shd_sandbox_add(struct shd_sandbox *sandbox, const char *client_id,
				 const char *api_key)
{
	if (shd_sandbox_shop(sandbox, client_id))
		return NULL;
	struct shd_shop *shop = shd_xcalloc(1, sizeof(*shop));
	shop->client_id = shd_xstrdup(client_id);
	shop->api_key = shd_xstrdup(api_key);
	shop->state = SHD_REFUSAL_NONE;
	shop->world = shd_world_create();
	shop->rate_per_s = sandbox->rate_per_s;
	shop->tokens_milli = shop->rate_per_s * 1000;
	shop->tokens_at_ms = sandbox->start_ms;
	snprintf(shop->tariff, sizeof(shop->tariff), "PREMIUM_PLUS");
	snprintf(shop->name, sizeof(shop->name), "Магазин %s", client_id);
	shd_ozon_time(sandbox->start_ms + 80 * SHD_DAY_MS, 0, shop->expires_at);
	shd_grow(sandbox->shops, sandbox->shop_count, sandbox->shop_capacity);
	sandbox->shops[sandbox->shop_count++] = shop;
	HASH_ADD_KEYPTR(hh, sandbox->by_client, shop->client_id, strlen(shop->client_id), shop);
	return shop;
}

/* The id of an object as text, whichever way it is written. */
static bool id_text(enum shd_thing kind, const json_t *fields, char buf[80])
{
	const json_t *id = json_object_get(fields, shd_kinds[kind].id);

	if (json_is_string(id))
		snprintf(buf, 80, "%s", json_string_value(id));
	else if (json_is_integer(id))
		snprintf(buf, 80, "%lld", (long long)json_integer_value(id));
	else
		return false;
	if (kind == SHD_THING_stock) {
		const char *type = shd_json_text(fields, "type");
		size_t len = strlen(buf);

		snprintf(buf + len, 80 - len, "/%s", *type ? type : "fbs");
	}
	return *buf;
}

/* Products show their stock, so a new stock is a new look of the product. */
static void refresh_product(struct shd_world *world, const char *stock_id, int64_t at_ms)
{
	char sku[80];

	snprintf(sku, sizeof(sku), "%.*s", (int)strcspn(stock_id, "/"), stock_id);
	struct shd_object *product = shd_world_find(world, SHD_THING_product, sku);
	if (product)
		shd_world_put(world, SHD_THING_product, sku, json_incref(product->json), at_ms);
}

/* A number where the service writes text: YAML and # make numbers of digits. */
static json_t *as_known(const json_t *known, json_t *value)
{
	char digits[32];

	if (!json_is_string(known) || !json_is_integer(value))
		return json_incref(value);
	snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(value));
	return json_string(digits);
}

static void merge_members(json_t *json, const json_t *fields, const char *extra)
{
	const char *key;
	json_t *value, *pick = json_object();

	json_object_foreach((json_t *)fields, key, value) {
		const char *at = strstr(extra, key);
		size_t len = strlen(key);

		if (!at || (at != extra && at[-1] != ' ') || (at[len] && at[len] != ' '))
			json_object_set_new(pick, key, as_known(json_object_get(json, key), value));
	}
	json_object_update_recursive(json, pick);
	json_decref(pick);
}

/* Slim objects for the benchmarks. */
static void drop_others(json_t *json, const json_t *keep)
{
	const char *key;
	json_t *value, *name;
	void *next;
	size_t i;

	json_object_foreach_safe(json, next, key, value) {
		bool kept = strcmp(key, "_") == 0;

		json_array_foreach(keep, i, name)
			kept |= json_is_string(name) && strcmp(json_string_value(name), key) == 0;
		if (!kept)
			json_object_del(json, key);
	}
}

static void change_object(struct shd_shop *shop, enum shd_thing kind, const json_t *fields,
			  const json_t *keep, int64_t at_ms)
{
	const struct shd_kind_row *row = &shd_kinds[kind];
	char id[80];

	if (!id_text(kind, fields, id))
		return;
	shop->world = shd_world_own(shop->world);
	struct shd_object *known = shd_world_find(shop->world, kind, id);
	json_t *old = known ? json_incref(known->json) : NULL;
	json_t *json = old ? json_deep_copy(old) : shd_kind_template(kind);
	if (!old)
		shd_resolve_times(json, at_ms, row->digits);
	merge_members(json, fields, row->extra);
	if (row->complete)
		row->complete(shop->world, json, fields, old, at_ms);
	if (keep)
		drop_others(json, keep);
	shd_world_put(shop->world, kind, id, json, at_ms);
	if (kind == SHD_THING_stock)
		refresh_product(shop->world, id, at_ms);
	json_decref(old);
}

static void apply_store(struct shd_shop *shop, const json_t *fields)
{
	const char *state = shd_json_text(fields, "state"),
		   *tariff = shd_json_text(fields, "tariff");
	const char *expires = shd_json_text(fields, "expires_at");
	const json_t *reviews = json_object_get(fields, "reviews");

	if (*state)
		shop->state = shd_refusal_find(state); /* "ok" is none of them */
	if (*tariff)
		snprintf(shop->tariff, sizeof(shop->tariff), "%s", tariff);
	if (*expires)
		snprintf(shop->expires_at, sizeof(shop->expires_at), "%s", expires);
	if (reviews)
		shop->reviews = json_is_true(reviews);
	if (json_object_get(fields, "roles")) {
		json_decref(shop->methods);
		shop->methods = json_incref(json_object_get(fields, "roles"));
	}
}

static void apply_remove(struct shd_shop *shop, const json_t *fields)
{
	const char *name;
	json_t *id;

	shop->world = shd_world_own(shop->world);
	json_object_foreach((json_t *)fields, name, id) {
		enum shd_thing kind = shd_kind_find(name);
		char text[80];
		json_auto_t *key = json_object();

		json_object_set(key, shd_kinds[kind].id, id);
		if (id_text(kind, key, text))
			shd_world_remove(shop->world, kind, text);
	}
}

static void apply(struct shd_shop *shop, const struct shd_entry *entry)
{
	enum shd_thing kind = shd_kind_find(entry->word);
	json_auto_t *fields = json_deep_copy(entry->fields);

	shd_resolve_times(fields, entry->base_ms,
			  kind == SHD_THING_COUNT ? 0 : shd_kinds[kind].digits);
	if (strcmp(entry->word, "remove") == 0)
		apply_remove(shop, fields);
	else if (strcmp(entry->word, "store") == 0)
		apply_store(shop, fields);
	else
		change_object(shop, kind, fields, entry->keep, entry->at_ms);
}

/* Several stores with one world stay together when all of them change alike before
 * the first has been read: that is how 5000 stores fit into memory. */
static bool share_world(struct shd_sandbox *sandbox, const struct shd_entry *entry)
{
	struct shd_shop *first = sandbox->shops[entry->first];

	if (entry->at_ms > sandbox->start_ms || strcmp(entry->word, "store") == 0)
		return false;
	for (size_t i = 1; i < entry->count; i++) {
		struct shd_shop *shop = sandbox->shops[entry->first + i];

		shd_world_unref(shop->world);
		shop->world = shd_world_create();
	}
	apply(first, entry);
	for (size_t i = 1; i < entry->count; i++) {
		struct shd_shop *shop = sandbox->shops[entry->first + i];

		shd_world_unref(shop->world);
		shop->world = shd_world_ref(first->world);
	}
	return true;
}

void shd_sandbox_advance(struct shd_sandbox *sandbox, int64_t now_ms)
{
	while (sandbox->next_entry < sandbox->entry_count &&
	       sandbox->entries[sandbox->next_entry].at_ms <= now_ms) {
		const struct shd_entry *entry = &sandbox->entries[sandbox->next_entry++];

		if (share_world(sandbox, entry))
			continue;
		for (size_t i = 0; i < entry->count; i++)
			apply(sandbox->shops[entry->first + i], entry);
	}
}

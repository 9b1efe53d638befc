/* Applies the entries of the timeline that are due to the things of their shops. */
#include "shops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The id of an object as text, whichever way it is written. */
static bool id_text(const struct shd_face_kind *row, const json_t *fields, char buf[80])
{
	const json_t *id = json_object_get(fields, row->id);

	if (json_is_string(id))
		snprintf(buf, 80, "%s", json_string_value(id));
	else if (json_is_integer(id))
		snprintf(buf, 80, "%lld", (long long)json_integer_value(id));
	else
		return false;
	if (row->part) {
		const char *part = shd_json_text(fields, row->part);
		size_t len = strlen(buf);

		snprintf(buf + len, 80 - len, "/%s", *part ? part : row->usual);
	}
	return *buf;
}

/* A product's record contains its stock, so it changes with the stock. */
static void refresh_product(struct shd_world *world, const char *stock_id, int64_t at_ms)
{
	char sku[80];

	snprintf(sku, sizeof(sku), "%.*s", (int)strcspn(stock_id, "/"), stock_id);
	struct shd_object *product = shd_world_find(world, SHD_THING_product, sku);
	if (product)
		shd_world_put(world, SHD_THING_product, sku, json_incref(product->facts),
			      json_incref(product->record), at_ms);
}

/* Converts a number to text where the record has text: digits in YAML, or from #, are numbers. */
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

/* Keeps only the members named in `keep`: the benchmarks want small objects. */
static void drop_others(json_t *record, const json_t *keep)
{
	const char *key;
	json_t *value, *name;
	void *next;
	size_t i;

	json_object_foreach_safe(record, next, key, value) {
		bool kept = false;

		json_array_foreach(keep, i, name)
			kept |= json_is_string(name) && strcmp(json_string_value(name), key) == 0;
		if (!kept)
			json_object_del(record, key);
	}
}

static void change_object(struct shd_shop *shop, enum shd_thing kind, const json_t *fields,
			  const json_t *keep, int64_t at_ms)
{
	const struct shd_face_kind *row = &shop->face->kinds[kind];
	char id[80];

	if (!id_text(row, fields, id))
		return;
	shop->world = shd_world_own(shop->world);
	const struct shd_object *known = shd_world_find(shop->world, kind, id);
	json_t *before = known ? json_incref(known->record) : NULL;
	struct shd_thing_change change = {
		.world = shop->world,
		.given = fields,
		.before = before,
		.record = known ? json_deep_copy(known->record) : shd_template(row->record),
		.facts = known ? json_deep_copy(known->facts)
			       : shd_template(shd_thing_rows[kind].facts),
		.at_ms = at_ms,
	};
	if (!known)
		shd_resolve_times(change.record, at_ms, row->digits);
	merge_members(change.record, fields, row->extra);
	if (row->complete)
		row->complete(&change);
	if (keep)
		drop_others(change.record, keep);
	shd_world_put(shop->world, kind, id, change.facts, change.record, at_ms);
	if (kind == SHD_THING_stock)
		refresh_product(shop->world, id, at_ms);
	json_decref(before);
}

static void apply_remove(struct shd_shop *shop, const json_t *fields)
{
	const char *name;
	json_t *id;

	shop->world = shd_world_own(shop->world);
	json_object_foreach((json_t *)fields, name, id) {
		enum shd_thing kind = shd_thing_find(name);
		char text[80];
		json_auto_t *key = json_object();

		json_object_set(key, shop->face->kinds[kind].id, id);
		if (id_text(&shop->face->kinds[kind], key, text))
			shd_world_remove(shop->world, kind, text);
	}
}

static void apply(struct shd_shop *shop, const struct shd_entry *entry)
{
	enum shd_thing kind = shd_thing_find(entry->word);
	json_auto_t *fields = json_deep_copy(entry->fields);

	shd_resolve_times(fields, entry->base_ms,
			  kind == SHD_THING_COUNT ? 0 : shop->face->kinds[kind].digits);
	if (strcmp(entry->word, "remove") == 0)
		apply_remove(shop, fields);
	else if (strcmp(entry->word, "store") == 0)
		shop->face->change_account(shop, fields);
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

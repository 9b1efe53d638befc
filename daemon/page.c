#include "page.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX_BYTES = 4 * 1024 * 1024 };

void shd_page_draft_init(struct shd_page_draft *draft, bool keyed)
{
	*draft = (struct shd_page_draft){.keyed = keyed};
	shd_text_init(&draft->key_text, KEYS_MAX_BYTES);
}

void shd_page_draft_finish(struct shd_page_draft *draft)
{
	free(draft->hashes);
	free(draft->keys);
	shd_text_finish(&draft->key_text);
}

void shd_page_draft_clear(struct shd_page_draft *draft)
{
	draft->count = 0;
	shd_text_clear(&draft->key_text);
}

void shd_page_draft_add(struct shd_page_draft *draft, uint64_t hash, const char *key)
{
	shd_grow(draft->hashes, draft->count, draft->hash_room);
	draft->hashes[draft->count] = hash;
	if (draft->keyed) {
		shd_grow(draft->keys, draft->count, draft->key_room);
		draft->keys[draft->count] = (uint32_t)draft->key_text.len;
		shd_text_add(&draft->key_text, key ? key : "", key ? strlen(key) + 1 : 1);
	}
	draft->count++;
}

/* One allocation: the struct, hashes, key offsets, then all texts. */
struct shd_page *shd_page_create(const struct shd_page_draft *draft, uint64_t body_hash,
				 const char *position, bool last, const char *next)
{
	size_t hashes = draft->count * sizeof(uint64_t);
	size_t keys = draft->keyed ? draft->count * sizeof(uint32_t) : 0;
	size_t key_text = draft->keyed ? draft->key_text.len : 0;
	size_t here = strlen(position) + 1, there = strlen(next) + 1;
	struct shd_page *page =
		shd_xcalloc(1, sizeof(*page) + hashes + keys + key_text + here + there);
	char *at = (char *)(page + 1);

	page->refs = 1;
	page->count = (uint32_t)draft->count;
	page->body_hash = body_hash;
	page->last = last;
	page->hashes = (uint64_t *)(page + 1);
	if (hashes)
		memcpy(at, draft->hashes, hashes);
	at += hashes;
	if (draft->keyed) {
		page->keys = (const uint32_t *)(void *)at;
		if (keys)
			memcpy(at, draft->keys, keys);
		at += keys;
		page->key_text = at;
		memcpy(at, draft->key_text.data, key_text);
		at += key_text;
	}
	page->position = memcpy(at, position, here);
	page->next = memcpy(at + here, next, there);
	return page;
}

struct shd_page *shd_page_ref(struct shd_page *page)
{
	page->refs++;
	return page;
}

void shd_page_unref(struct shd_page *page)
{
	if (page && --page->refs == 0)
		free(page);
}

void shd_pages_add(struct shd_pages *pages, struct shd_page *page)
{
	if (pages->count == pages->room) { /* most feeds have one page */
		pages->room = pages->room ? pages->room * 2 : 1;
		pages->at = shd_xrealloc(pages->at, pages->room, sizeof(*pages->at));
	}
	pages->at[pages->count++] = page;
}

void shd_pages_share(struct shd_pages *pages, const struct shd_pages *from)
{
	for (size_t i = 0; i < from->count; i++)
		shd_pages_add(pages, shd_page_ref(from->at[i]));
}

void shd_pages_clear(struct shd_pages *pages)
{
	for (size_t i = 0; i < pages->count; i++)
		shd_page_unref(pages->at[i]);
	free(pages->at);
	*pages = (struct shd_pages){0};
}

size_t shd_pages_records(const struct shd_pages *pages)
{
	size_t records = 0;

	for (size_t i = 0; i < pages->count; i++)
		records += pages->at[i]->count;
	return records;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **shd_pages_keys(const struct shd_pages *pages, size_t *ret_count)
{
	const char **keys = shd_xcalloc(shd_pages_records(pages), sizeof(*keys));
	size_t count = 0, unique = 0;

	for (size_t i = 0; i < pages->count; i++)
		for (size_t j = 0; j < pages->at[i]->count; j++) {
			const char *key = shd_page_key(pages->at[i], j);

			if (key && *key)
				keys[count++] = key;
		}
	qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < count; i++)
		if (!unique || strcmp(keys[unique - 1], keys[i]) != 0)
			keys[unique++] = keys[i];
	*ret_count = unique;
	return keys;
}

/* Open addressing; the hashes are uniform already. An empty slot has hash 0. */
struct shd_known {
	size_t mask;
	struct {
		uint64_t hash;
		const char *key;
	} slots[];
};

struct shd_known *shd_known_create(const struct shd_pages *pages)
{
	size_t size = 8;

	while (size < 2 * shd_pages_records(pages))
		size *= 2;
	struct shd_known *known =
		shd_xcalloc(1, sizeof(*known) + size * sizeof(known->slots[0]));
	known->mask = size - 1;
	for (size_t i = 0; i < pages->count; i++)
		for (size_t j = 0; j < pages->at[i]->count; j++) {
			uint64_t hash = pages->at[i]->hashes[j];
			size_t slot = hash & known->mask;

			if (!hash)
				continue;
			while (known->slots[slot].hash && known->slots[slot].hash != hash)
				slot = (slot + 1) & known->mask;
			known->slots[slot].hash = hash;
			known->slots[slot].key = shd_page_key(pages->at[i], j);
		}
	return known;
}

void shd_known_destroy(struct shd_known *known)
{
	free(known);
}

bool shd_known_find(const struct shd_known *known, uint64_t hash, const char **ret_key)
{
	for (size_t slot = hash & known->mask; known->slots[slot].hash;
	     slot = (slot + 1) & known->mask)
		if (known->slots[slot].hash == hash) {
			*ret_key = known->slots[slot].key;
			return true;
		}
	return false;
}

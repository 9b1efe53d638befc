#include "page_memory.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX_BYTES = 4 * 1024 * 1024 };

enum { HASH_BITS = 46 };

static const uint64_t HASH_MASK = (UINT64_C(1) << HASH_BITS) - 1;

static struct shd_record_hash pack(uint64_t hash)
{
	return (struct shd_record_hash){
		{(uint16_t)hash, (uint16_t)(hash >> 16), (uint16_t)(hash >> 32)}};
}

static uint64_t hash_at(const struct shd_page *page, size_t i)
{
	const uint16_t *part = page->hashes[i].part;

	return part[0] | (uint64_t)part[1] << 16 | (uint64_t)part[2] << 32;
}

void shd_page_draft_init(struct shd_page_draft *draft, bool keyed)
{
	*draft = (struct shd_page_draft){.keyed = keyed};
	shd_text_init(&draft->keys, KEYS_MAX_BYTES);
}

void shd_page_draft_finish(struct shd_page_draft *draft)
{
	free(draft->hashes);
	shd_text_finish(&draft->keys);
}

void shd_page_draft_clear(struct shd_page_draft *draft)
{
	draft->count = 0;
	shd_text_clear(&draft->keys);
}

static const char *after(const char *text)
{
	return text + strlen(text) + 1;
}

/* Behind the keys of one record. */
static const char *after_keys(const char *keys)
{
	while (*keys)
		keys = after(keys);
	return keys + 1;
}

void shd_page_draft_add(struct shd_page_draft *draft, uint64_t hash, enum shd_left_out left_out,
			const char *keys)
{
	hash &= HASH_MASK;
	shd_grow(draft->hashes, draft->count, draft->room);
	draft->hashes[draft->count++] = hash ? hash | (uint64_t)left_out << HASH_BITS : 0;
	if (draft->keyed)
		shd_text_add(&draft->keys, keys ? keys : "",
			keys ? (size_t)(after_keys(keys) - keys) : 1);
}

void shd_page_draft_key(struct shd_page_draft *draft, const char *key)
{
	shd_assert(draft->count);
	if (!draft->keyed || !*key || !shd_text_ok(&draft->keys))
		return;
	draft->keys.len--; /* what ended the keys */
	shd_text_add(&draft->keys, key, strlen(key) + 1);
	shd_text_putc(&draft->keys, '\0');
}

static void append(char **at, const void *bytes, size_t len)
{
	if (len)
		memcpy(*at, bytes, len);
	*at += len;
}

struct shd_page *shd_page_create(const struct shd_page_draft *draft, uint64_t body_hash,
				 const char *position, bool last, const char *next)
{
	size_t hashes = draft->count * sizeof(struct shd_record_hash);
	size_t keys = draft->keyed ? draft->keys.len : 0;
	size_t here = strlen(position) + 1, there = strlen(next) + 1;
	struct shd_page *page = shd_xcalloc(1, sizeof(*page) + hashes + here + there + keys);
	char *at = (char *)page->hashes + hashes;

	page->body_hash = body_hash;
	page->count = (uint32_t)draft->count;
	page->refs = 1;
	page->total = SHD_PAGE_NO_TOTAL;
	page->last = last;
	page->keyed = draft->keyed;
	for (size_t i = 0; i < draft->count; i++)
		page->hashes[i] = pack(draft->hashes[i]);
	append(&at, position, here);
	append(&at, next, there);
	append(&at, draft->keys.data, keys);
	return page;
}

struct shd_page *shd_page_ref(struct shd_page *page)
{
	shd_assert(page->refs < UINT16_MAX);
	page->refs++;
	return page;
}

void shd_page_forget(struct shd_page *page, size_t record)
{
	shd_assert(record < page->count);
	page->hashes[record] = pack(0);
	page->body_hash = 0;
}

const char *shd_page_position(const struct shd_page *page)
{
	return (const char *)(page->hashes + page->count);
}

const char *shd_page_next(const struct shd_page *page)
{
	return after(shd_page_position(page));
}

/* The keys of the first record, the others stand behind it; NULL: they are not kept. */
static const char *first_keys(const struct shd_page *page)
{
	return page->keyed ? after(shd_page_next(page)) : NULL;
}

bool shd_page_rows_next(struct shd_page_rows *rows, uint64_t *ret_id)
{
	const struct shd_page *page = rows->page;

	if (rows->at == page->count)
		return false;
	if (rows->at == 0)
		rows->keys = first_keys(page);
	const char *key = rows->keys;
	*ret_id = key && *key ? shd_hash(key, strlen(key)) : hash_at(page, rows->at);
	if (key)
		rows->keys = after_keys(key);
	rows->at++;
	return true;
}

void shd_page_unref(struct shd_page *page)
{
	if (page && --page->refs == 0)
		free(page);
}

void shd_pages_add(struct shd_pages *pages, struct shd_page *page)
{
	uint32_t count = pages->count;

	shd_assert(!pages->bare && count < INT32_MAX);
	pages->count = (count + 1) & INT32_MAX;
	if (count == 0) {
		pages->only = page;
		return;
	}
	if (count == 1) {
		struct shd_page *first = pages->only;

		pages->many = shd_xcalloc(2, sizeof(*pages->many));
		pages->many[0] = first;
	} else if ((count & (count - 1)) == 0) { /* a power of two: full */
		pages->many = shd_xrealloc(pages->many, 2 * (size_t)count, sizeof(*pages->many));
	}
	pages->many[count] = page;
}

/* Without the one that is bare, which has nothing to be looked at. */
static size_t full_count(const struct shd_pages *pages)
{
	return pages->bare ? 0 : pages->count;
}

static bool is_bare(const struct shd_page *page)
{
	return !page->count && page->last && !page->lack &&
	       (page->total == SHD_PAGE_NO_TOTAL || !page->total) && !*shd_page_position(page) &&
	       !*shd_page_next(page);
}

static struct shd_page *make_bare(uint64_t body_hash)
{
	return shd_page_create(&(struct shd_page_draft){0}, body_hash, "", true, "");
}

void shd_pages_settle(struct shd_pages *pages)
{
	if (pages->count != 1 || pages->bare || !is_bare(pages->only))
		return;
	struct shd_page *page = pages->only;
	pages->bare_hash = page->body_hash;
	pages->bare = 1;
	shd_page_unref(page);
}

struct shd_page *shd_pages_again(
	const struct shd_pages *pages, size_t i, uint64_t body_hash, const char *position)
{
	if (i >= pages->count)
		return NULL;
	if (pages->bare)
		return pages->bare_hash == body_hash && !*position ? make_bare(body_hash) : NULL;
	struct shd_page *page = shd_pages_at(pages, i);
	bool same = page->body_hash == body_hash &&
		    strcmp(shd_page_position(page), position) == 0;
	return same ? shd_page_ref(page) : NULL;
}

bool shd_pages_same(const struct shd_pages *remembered, const struct shd_pages *pages)
{
	bool same = remembered->count == pages->count;

	if (remembered->bare)
		return same && is_bare(pages->only) &&
		       pages->only->body_hash == remembered->bare_hash;
	for (size_t i = 0; same && i < pages->count; i++)
		same = shd_pages_at(remembered, i) == shd_pages_at(pages, i);
	return same;
}

void shd_pages_share(struct shd_pages *pages, const struct shd_pages *from)
{
	if (from->bare)
		shd_pages_add(pages, make_bare(from->bare_hash));
	for (size_t i = 0; i < full_count(from); i++)
		shd_pages_add(pages, shd_page_ref(shd_pages_at(from, i)));
}

void shd_pages_clear(struct shd_pages *pages)
{
	for (size_t i = 0; i < full_count(pages); i++)
		shd_page_unref(shd_pages_at(pages, i));
	if (pages->count > 1)
		free(pages->many);
	*pages = (struct shd_pages){0};
}

size_t shd_pages_records(const struct shd_pages *pages)
{
	size_t records = 0;

	for (size_t i = 0; i < full_count(pages); i++)
		records += shd_pages_at(pages, i)->count;
	return records;
}

static bool has_one_of(const char *key, const char *const *keys, size_t count)
{
	for (; *key; key = after(key))
		for (size_t i = 0; i < count; i++)
			if (strcmp(keys[i], key) == 0)
				return true;
	return false;
}

void shd_pages_forget(struct shd_pages *pages, const char *const *keys, size_t count)
{
	for (size_t i = 0; count && i < full_count(pages); i++) {
		struct shd_page *page = shd_pages_at(pages, i);
		const char *of_record = first_keys(page);

		for (size_t j = 0; of_record && j < page->count;
		     j++, of_record = after_keys(of_record))
			if (has_one_of(of_record, keys, count))
				shd_page_forget(page, j);
	}
}

void shd_pages_forget_all(struct shd_pages *pages)
{
	for (size_t i = 0; i < full_count(pages); i++)
		for (size_t j = 0; j < shd_pages_at(pages, i)->count; j++)
			shd_page_forget(shd_pages_at(pages, i), j);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* As most lists come. */
static bool are_sorted(const char *const *keys, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (strcmp(keys[i - 1], keys[i]) > 0)
			return false;
	return true;
}

/* A key, and whose it is. */
struct key_at {
	struct shd_page_place place;
	const char *key;
};

/* Goes on to the next key of all pages; begins with {0}. */
static bool next_key(const struct shd_pages *pages, struct key_at *at)
{
	for (; at->place.page < full_count(pages); at->place.page++, at->place.record = 0) {
		const struct shd_page *page = shd_pages_at(pages, at->place.page);

		at->key = at->key ? after(at->key) : first_keys(page);
		for (; at->key && at->place.record < page->count; at->place.record++, at->key++)
			if (*at->key)
				return true;
		at->key = NULL;
	}
	return false;
}

const char **shd_pages_keys(const struct shd_pages *pages, size_t *ret_count)
{
	const char **keys = shd_xcalloc(shd_pages_records(pages), sizeof(*keys));
	size_t count = 0, unique = 0, room = shd_pages_records(pages);

	for (struct key_at at = {0}; next_key(pages, &at);) {
		shd_grow(keys, count, room);
		keys[count++] = at.key;
	}
	if (!are_sorted(keys, count))
		qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < count; i++)
		if (!unique || strcmp(keys[unique - 1], keys[i]) != 0)
			keys[unique++] = keys[i];
	*ret_count = unique;
	return keys;
}

struct keyed_place {
	const char *key;
	uint64_t hash;
	struct shd_page_place place;
};

static int compare_places(const void *a, const void *b)
{
	const struct keyed_place *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order ? order : (x->hash > y->hash) - (x->hash < y->hash);
}

struct shd_page_place *shd_pages_doubles(
	const struct shd_pages *pages, size_t unique, size_t *ret_count)
{
	size_t count = 0, doubles = 0, next;

	for (struct key_at at = {0}; next_key(pages, &at);)
		count++;
	*ret_count = 0;
	if (count == unique)
		return NULL;
	struct keyed_place *all shd_autofree = shd_xcalloc(count, sizeof(*all));
	struct shd_page_place *places = shd_xcalloc(count, sizeof(*places));

	count = 0;
	for (struct key_at at = {0}; next_key(pages, &at);)
		all[count++] = (struct keyed_place){at.key,
			hash_at(shd_pages_at(pages, at.place.page), at.place.record), at.place};
	qsort(all, count, sizeof(*all), compare_places);
	for (size_t i = 0; i < count; i = next) {
		for (next = i + 1; next < count && strcmp(all[i].key, all[next].key) == 0; next++)
			continue;
		for (size_t j = i; all[i].hash != all[next - 1].hash && j < next; j++)
			places[doubles++] = all[j].place;
	}
	*ret_count = doubles;
	return places;
}

/* Open addressing; the hashes are uniform already. An empty slot has hash 0, as a record that is
 * to be read again. */
struct shd_known {
	size_t mask;
	struct {
		uint64_t hash;
		struct shd_known_record record;
	} slots[];
};

/* Where the hash is, or would be. */
static size_t slot_of(const struct shd_known *known, uint64_t hash)
{
	size_t slot = hash & known->mask;

	while (known->slots[slot].hash && known->slots[slot].hash != hash)
		slot = (slot + 1) & known->mask;
	return slot;
}

static void know(struct shd_known *known, uint64_t marked, const char *keys)
{
	size_t slot = slot_of(known, marked & HASH_MASK);

	known->slots[slot].hash = marked & HASH_MASK;
	known->slots[slot].record = (struct shd_known_record){
		(enum shd_left_out)(marked >> HASH_BITS), keys};
}

struct shd_known *shd_known_create(const struct shd_pages *pages)
{
	size_t size = 8;

	while (size < 2 * shd_pages_records(pages))
		size *= 2;
	struct shd_known *known =
		shd_xcalloc(1, sizeof(*known) + size * sizeof(known->slots[0]));
	known->mask = size - 1;
	for (size_t i = 0; i < full_count(pages); i++) {
		const struct shd_page *page = shd_pages_at(pages, i);
		const char *keys = first_keys(page);

		for (size_t j = 0; j < page->count; j++, keys = keys ? after_keys(keys) : NULL)
			know(known, hash_at(page, j), keys);
	}
	return known;
}

void shd_known_destroy(struct shd_known *known)
{
	free(known);
}

bool shd_known_find(const struct shd_known *known, uint64_t hash,
		    struct shd_known_record *ret_record)
{
	size_t slot = slot_of(known, hash & HASH_MASK);

	*ret_record = known->slots[slot].record;
	return known->slots[slot].hash != 0;
}

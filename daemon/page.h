/* daemon/page.h - what is remembered of the pages a feed consists of.
 *
 * Nothing is parsed twice: of each page the hash of its body, the hashes of its
 * records and, where somebody asks for them, the records' keys are kept. A page that
 * comes again is recognised without a look inside; a record that comes again,
 * on whatever page, without parsing. A finished page never changes; it is shared by counting
 * references, on the loop thread only. Reading is safe on any thread. */
#pragma once
#include "base/text.h"

struct shd_page {
	uint32_t refs;        /* private */
	uint32_t count;
	uint64_t body_hash;   /* 0: something of it is to be read again */
	bool last;
	const char *position; /* that was asked for */
	const char *next;     /* of the next page, "" when last */
	uint64_t *hashes;     /* of its records; 0: to be read again */
	const uint32_t *keys; /* offsets into key_text, NULL: not kept */
	const char *key_text;
};

/* A page in the making; on one thread at a time. */
struct shd_page_draft {
	bool keyed;
	uint64_t *hashes;
	uint32_t *keys;
	size_t count, hash_room, key_room;
	struct shd_text key_text;
};
void shd_page_draft_init(struct shd_page_draft *draft, bool keyed);
void shd_page_draft_finish(struct shd_page_draft *draft);
void shd_page_draft_clear(struct shd_page_draft *draft);
void shd_page_draft_add(struct shd_page_draft *draft, uint64_t hash, const char *key);

/* Returns owned, with one reference. */
struct shd_page *shd_page_create(const struct shd_page_draft *draft, uint64_t body_hash,
				 const char *position, bool last, const char *next);
struct shd_page *shd_page_ref(struct shd_page *page);
void shd_page_unref(struct shd_page *page); /* accepts NULL */

/* The key of record i, NULL when keys are not kept. */
static inline const char *shd_page_key(const struct shd_page *page, size_t i)
{
	return page->keys ? page->key_text + page->keys[i] : NULL;
}

/* The pages of one complete poll, in order. */
struct shd_pages {
	size_t count, room;
	struct shd_page **at;
};
void shd_pages_add(struct shd_pages *pages, struct shd_page *page); /* takes the reference */
void shd_pages_share(struct shd_pages *pages, const struct shd_pages *from);
void shd_pages_clear(struct shd_pages *pages);
size_t shd_pages_records(const struct shd_pages *pages);

/* All keys, sorted, each once; free() the array, the texts belong to the pages. */
const char **shd_pages_keys(const struct shd_pages *pages, size_t *ret_count);

/* Which records are known, by hash. Borrows the pages. */
struct shd_known;
struct shd_known *shd_known_create(const struct shd_pages *pages);
void shd_known_destroy(struct shd_known *known);

/* True when a record with this hash was on one of the pages; its key, if kept. */
bool shd_known_find(const struct shd_known *known, uint64_t hash, const char **ret_key);

/* poll/page_memory.h - what is remembered of the pages a feed consists of.
 *
 * Nothing is parsed twice: of each page the hash of its body, the hashes of its
 * records and, where somebody asks for them, the records' keys are kept. A page that
 * comes again is recognised without a look inside; a record that comes again,
 * on whatever page, without parsing. A finished page never changes, but that records of it
 * may be forgotten; it is shared by counting
 * references, on the loop thread only. Reading is safe on any thread. */
#pragma once
#include "base/text.h"

/* A store has some fifty pages, most of them with no record or one: it has to be small. */
struct shd_page {
	uint64_t body_hash; /* 0: something of it is to be read again */
	uint32_t count;     /* of records */
	uint16_t refs;      /* private */
	bool last;
	bool keyed;         /* keys of records are kept */
	uint64_t hashes[];  /* of its records; 0: to be read again */
	/* private: behind them the position, the next one's, and the keys, each with its NUL */
};

/* A page in the making; on one thread at a time. */
struct shd_page_draft {
	bool keyed;
	uint64_t *hashes;
	size_t count, room;
	struct shd_text keys; /* each with its NUL */
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

/* Which page was asked for, and which one comes next: "" when it is the last. */
const char *shd_page_position(const struct shd_page *page);
const char *shd_page_next(const struct shd_page *page);

/* The pages of one complete poll, in order. Most feeds have one, which needs no array. Packed,
 * as there are many: the owner has something of 4 bytes behind it. */
struct shd_pages {
	union {
		struct shd_page *only;  /* count 1 */
		struct shd_page **many;
	};
	uint32_t count;
} __attribute__((packed, aligned(4)));
static inline struct shd_page *shd_pages_at(const struct shd_pages *pages, size_t i)
{
	shd_assert(i < pages->count);
	return pages->count == 1 ? pages->only : pages->many[i];
}
void shd_pages_add(struct shd_pages *pages, struct shd_page *page); /* takes the reference */
void shd_pages_share(struct shd_pages *pages, const struct shd_pages *from);
void shd_pages_clear(struct shd_pages *pages);
size_t shd_pages_records(const struct shd_pages *pages);

/* Records with one of these keys are to be read again, where keys are kept. */
void shd_pages_forget(struct shd_pages *pages, const char *const *keys, size_t count);

/* All keys, sorted, each once; free() the array, the texts belong to the pages. */
const char **shd_pages_keys(const struct shd_pages *pages, size_t *ret_count);

/* Which records are known, by hash. Borrows the pages. */
struct shd_known;
struct shd_known *shd_known_create(const struct shd_pages *pages);
void shd_known_destroy(struct shd_known *known);

/* True when a record with this hash was on one of the pages; its key, if kept. */
bool shd_known_find(const struct shd_known *known, uint64_t hash, const char **ret_key);

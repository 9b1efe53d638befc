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

#define SHD_PAGE_NO_TOTAL UINT32_MAX

/* A store has some fifty pages, most of them with no record or one: it has to be small. */
struct shd_page {
	uint64_t body_hash; /* 0: something of it is to be read again */
	uint32_t count;     /* of records */
	uint32_t total;     /* rows of the whole list, as it says; or SHD_PAGE_NO_TOTAL */
	uint16_t refs;      /* private */
	uint8_t lack;       /* enum shd_lack (walk.h): what is wrong with it */
	bool last : 1;
	bool keyed : 1;     /* keys of records are kept */
	struct shd_record_hash {
		uint16_t part[3]; /* the lowest first, above them enum shd_left_out; or all 0: to be
				     read again */
	} hashes[];         /* private; of its records */
	/* private: behind them the position, the next one's, and of each record the keys, each
	 * with its NUL, and an empty one that ends them */
};

/* Whether a record came to nothing, and why: it is known as such, and mostly not read again. In
 * two bits. */
enum shd_left_out {
	SHD_NOT_LEFT_OUT,
	SHD_LEFT_OUT_UNREAD,
	SHD_LEFT_OUT_FOREIGN,
	SHD_LEFT_OUT_IN_PART, /* some rows of it came to something: it is read again */
};

/* A page in the making; on one thread at a time. */
struct shd_page_draft {
	bool keyed;
	uint64_t *hashes;   /* private */
	size_t count, room;
	struct shd_text keys;
};
void shd_page_draft_init(struct shd_page_draft *draft, bool keyed);
void shd_page_draft_finish(struct shd_page_draft *draft);
void shd_page_draft_clear(struct shd_page_draft *draft);
/* A record (hash 0: to be read again), as shd_known_find has its keys (NULL: none); and a further
 * key of the newest one. */
void shd_page_draft_add(struct shd_page_draft *draft, uint64_t hash, enum shd_left_out left_out,
			const char *keys);
void shd_page_draft_key(struct shd_page_draft *draft, const char *key);

/* Returns owned, with one reference; nothing lacks, and no total is known. */
struct shd_page *shd_page_create(const struct shd_page_draft *draft, uint64_t body_hash,
				 const char *position, bool last, const char *next);
struct shd_page *shd_page_ref(struct shd_page *page);
void shd_page_unref(struct shd_page *page); /* accepts NULL */

/* The record is to be read again, and so is the page. */
void shd_page_forget(struct shd_page *page, size_t record);

/* Its records in order, each by a number that tells it from others: of its first key, or of
 * its bytes; 0: it cannot be told. */
struct shd_page_rows {
	const struct shd_page *page;
	const char *keys; /* private, as `at`; both start as 0 */
	size_t at;
};
bool shd_page_rows_next(struct shd_page_rows *rows, uint64_t *ret_id);

/* Which page was asked for, and which one comes next: "" when it is the last. */
const char *shd_page_position(const struct shd_page *page);
const char *shd_page_next(const struct shd_page *page);

/* The pages of one complete poll, in order. Most feeds have one, which needs no array. Packed,
 * as there are many: the owner has something of 4 bytes behind it. */
struct shd_pages {
	union {
		struct shd_page *only;  /* count 1 */
		struct shd_page **many;
		uint64_t bare_hash;     /* private; bare: of its body */
	};
	uint32_t count : 31;
	uint32_t bare : 1;              /* private: after shd_pages_settle */
} __attribute__((packed, aligned(4)));
/* Before shd_pages_settle. */
static inline struct shd_page *shd_pages_at(const struct shd_pages *pages, size_t i)
{
	shd_assert(i < pages->count && !pages->bare);
	return pages->count == 1 ? pages->only : pages->many[i];
}
void shd_pages_add(struct shd_pages *pages, struct shd_page *page); /* takes the reference */
void shd_pages_share(struct shd_pages *pages, const struct shd_pages *from);
void shd_pages_clear(struct shd_pages *pages);
size_t shd_pages_records(const struct shd_pages *pages);

/* They are to be remembered for long: one page without records, as most are, becomes its hash
 * alone. Nothing is added to them any more. */
void shd_pages_settle(struct shd_pages *pages);

/* The page of this place again, with a reference, if it has this body and position; or NULL. */
struct shd_page *shd_pages_again(
	const struct shd_pages *pages, size_t i, uint64_t body_hash, const char *position);

/* Whether all pages of a poll are those that were remembered. */
bool shd_pages_same(const struct shd_pages *remembered, const struct shd_pages *pages);

/* Records with one of these keys are to be read again, where keys are kept. */
void shd_pages_forget(struct shd_pages *pages, const char *const *keys, size_t count);

/* All records are to be read again. */
void shd_pages_forget_all(struct shd_pages *pages);

/* All keys, sorted, each once; free() the array, the texts belong to the pages. */
const char **shd_pages_keys(const struct shd_pages *pages, size_t *ret_count);

/* The records that share a key with another one that differs; `unique` is how many keys there are.
 * Returns owned; NULL: there is none. */
struct shd_page_place {
	uint32_t page, record;
};
struct shd_page_place *shd_pages_doubles(
	const struct shd_pages *pages, size_t unique, size_t *ret_count);

/* Which records are known, by hash. Borrows the pages.
 *
 * Of a hash 46 bits are kept. A changed record is taken for an old one, and its change is not
 * seen until the next one, when these bits are those of another record of the feed: once in
 * 2^46 / n changes for a feed of n records, 1 in 70 000 000 000 for 1000 records. With a
 * million changes a day that is once in 190 years. */
struct shd_known;
struct shd_known *shd_known_create(const struct shd_pages *pages);
void shd_known_destroy(struct shd_known *known);

struct shd_known_record {
	enum shd_left_out left_out;
	const char *keys; /* one after the other, each with its NUL, and an empty one that ends
			     them; or NULL: they are not kept */
};
/* True when a record with this hash was on one of the pages. */
bool shd_known_find(const struct shd_known *known, uint64_t hash,
		    struct shd_known_record *ret_record);

/* poll/walk.h - whether the pages of one poll come to the whole list.
 *
 * A list that goes round in a circle, repeats itself, says that it goes on and not where, is
 * shorter than its own total or has rows that were not asked for is *incomplete*: what it has is
 * taken, nothing is closed by it, and the next poll goes on where this one did. One walk a poll.
 * What it remembers is bounded by the endpoint's page_max. */
#pragma once
#include "market/adapter.h"
#include "page_memory.h"

/* X(NAME, "what is wrong with the list"), the gravest last. From SHORT on it may have rows that
 * were never seen, so that its cursor stays. */
#define SHD_LACK_MAP(X)                                                                            \
	X(NOTHING, "")                                                                             \
	X(UNREAD, "rows could not be read")                                                        \
	X(FOREIGN, "rows are not what was asked for, and were left out")                           \
	X(SHORT, "it has fewer rows than it says there are")                                       \
	X(FULL, "more came than fits into one poll: the next one goes on")                         \
	X(LIMIT, "it has more pages than are read in one poll")                                    \
	X(EMPTY, "an empty page says that there are more")                                         \
	X(NO_NEXT, "it says that there are more, and not where")                                   \
	X(STILL, "the next page is the same page again")                                           \
	X(REPEATS, "the next page repeats the ones before")                                        \
	X(ROUND, "its pages lead round in a circle")

enum shd_lack {
#define X(id, text) SHD_LACK_##id,
	SHD_LACK_MAP(X)
#undef X
};

struct shd_walk {
	enum shd_lack lack;     /* the gravest so far; NOTHING: the list is whole, as far as read */
	int64_t total;          /* rows, as its newest page that says so has it; -1: none does */
	/* private: */
	uint64_t *positions;    /* of the pages asked for, by hash */
	size_t position_count, position_room;
	uint64_t *rows;         /* those of the first `pages` pages: open addressing, 0: empty */
	size_t row_count, row_room, pages;
};

const char *shd_lack_text(enum shd_lack lack);
/* Whether what such a list does not have may be missed, so that it is asked for by id: nothing
 * lacks, or records that are there and were left out, where somebody can be asked. */
bool shd_lack_misses(enum shd_lack lack, const struct shd_endpoint *row);
/* What such words were said of, as far as they begin with those above; else UNREAD. */
enum shd_lack shd_lack_said(const char *words);

void shd_walk_start(struct shd_walk *walk); /* also of one that is zeroed, or was used */
void shd_walk_finish(struct shd_walk *walk);

/* Whether a page that was just read has a row that none of `before` has; one that cannot be
 * recognised counts as new. On the pool. */
bool shd_walk_is_new(struct shd_walk *walk, const struct shd_pages *before,
		     const struct shd_page *page);

/* Takes note of the newest of `pages`. False: the walk (of a BATCH: of these ids) is over,
 * though the page names another one. */
bool shd_walk_goes_on(struct shd_walk *walk, const struct shd_endpoint *row,
		      const struct shd_pages *pages);

/* All pages are read, and they are not those of the last poll. */
void shd_walk_end(struct shd_walk *walk, const struct shd_endpoint *row,
		  const struct shd_pages *pages);

/* Appends what is wrong in words, with the numbers that there are; nothing when it is whole. */
void shd_walk_say(const struct shd_walk *walk, const struct shd_pages *pages,
		  struct shd_text *out);

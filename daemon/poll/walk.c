#include "walk.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

void shd_walk_start(struct shd_walk *walk)
{
	walk->lack = SHD_LACK_NOTHING;
	walk->total = -1;
	walk->position_count = 0;
	walk->row_count = walk->pages = 0;
	if (walk->row_room)
		memset(walk->rows, 0, walk->row_room * sizeof(*walk->rows));
}

void shd_walk_finish(struct shd_walk *walk)
{
	free(walk->positions);
	free(walk->rows);
	*walk = (struct shd_walk){0};
}

static void lacks(struct shd_walk *walk, enum shd_lack lack)
{
	if (lack > walk->lack)
		walk->lack = lack;
}

/* --- rows ---------------------------------------------------------------------------------- */

static uint64_t *slot_of(const struct shd_walk *walk, uint64_t id)
{
	size_t slot = id & (walk->row_room - 1);

	while (walk->rows[slot] && walk->rows[slot] != id)
		slot = (slot + 1) & (walk->row_room - 1);
	return &walk->rows[slot];
}

static bool has_row(const struct shd_walk *walk, uint64_t id)
{
	return id && walk->row_room && *slot_of(walk, id);
}

/* One that cannot be recognised counts each time. */
static void add_row(struct shd_walk *walk, uint64_t id)
{
	uint64_t *slot = id ? slot_of(walk, id) : NULL;

	if (slot && *slot)
		return;
	if (slot)
		*slot = id;
	walk->row_count++;
}

/* Room for as many rows again, half of it empty. */
static void make_room(struct shd_walk *walk, size_t more)
{
	size_t room = walk->row_room ? walk->row_room : 64;

	while (room < 2 * (walk->row_count + more))
		room *= 2;
	if (room == walk->row_room)
		return;
	struct shd_walk old = *walk;
	walk->rows = shd_xcalloc(room, sizeof(*walk->rows));
	walk->row_room = room;
	for (size_t i = 0; i < old.row_room; i++)
		if (old.rows[i])
			*slot_of(walk, old.rows[i]) = old.rows[i];
	free(old.rows);
}

static void add_pages(struct shd_walk *walk, const struct shd_pages *pages)
{
	for (; walk->pages < pages->count; walk->pages++) {
		const struct shd_page *page = shd_pages_at(pages, walk->pages);
		struct shd_page_rows rows = {.page = page};
		uint64_t id;

		make_room(walk, page->count);
		while (shd_page_rows_next(&rows, &id))
			add_row(walk, id);
	}
}

bool shd_walk_is_new(struct shd_walk *walk, const struct shd_pages *before,
		     const struct shd_page *page)
{
	struct shd_page_rows rows = {.page = page};
	uint64_t id;

	add_pages(walk, before);
	while (shd_page_rows_next(&rows, &id))
		if (!has_row(walk, id))
			return true;
	return false;
}

/* --- pages --------------------------------------------------------------------------------- */

/* Whether the position was asked for before; from now on it was. */
static bool was_asked_for(struct shd_walk *walk, const char *position)
{
	uint64_t hash = shd_hash(position, strlen(position));

	for (size_t i = 0; i < walk->position_count; i++)
		if (walk->positions[i] == hash)
			return true;
	shd_grow(walk->positions, walk->position_count, walk->position_room);
	walk->positions[walk->position_count++] = hash;
	return false;
}

bool shd_walk_goes_on(struct shd_walk *walk, const struct shd_endpoint *row,
		      const struct shd_pages *pages)
{
	const struct shd_page *page = shd_pages_at(pages, pages->count - 1);
	const char *position = shd_page_position(page);

	if (page->total != SHD_PAGE_NO_TOTAL)
		walk->total = page->total;
	lacks(walk, (enum shd_lack)page->lack);
	if (!*position) /* the first page, of a BATCH: of these ids */
		walk->position_count = 0;
	was_asked_for(walk, position);
	if (page->last)
		return false;
	if (was_asked_for(walk, shd_page_next(page))) {
		lacks(walk, SHD_LACK_ROUND);
		return false;
	}
	walk->position_count--; /* it was not, yet */
	if (row->page_max > 0 && pages->count >= (size_t)row->page_max) {
		lacks(walk, SHD_LACK_LIMIT);
		return false;
	}
	return true;
}

void shd_walk_end(struct shd_walk *walk, const struct shd_endpoint *row,
		  const struct shd_pages *pages)
{
	size_t rows = shd_pages_records(pages);

	if (walk->total < 0 || row->paging == SHD_PAGE_BATCH)
		return;
	if (pages->count > 1) { /* a row may be on two of them */
		add_pages(walk, pages);
		rows = walk->row_count;
	}
	if (rows < (uint64_t)walk->total)
		lacks(walk, SHD_LACK_SHORT);
}

static const char *const lack_texts[] = {
#define X(id, text) text,
	SHD_LACK_MAP(X)
#undef X
};

const char *shd_lack_text(enum shd_lack lack)
{
	return lack_texts[lack];
}

bool shd_lack_misses(enum shd_lack lack, const struct shd_endpoint *row)
{
	return lack == SHD_LACK_NOTHING || (lack <= SHD_LACK_FOREIGN && row->asks);
}

enum shd_lack shd_lack_said(const char *words)
{
	for (size_t i = SHD_LACK_UNREAD; i < SHD_COUNT(lack_texts); i++)
		if (strncmp(words, lack_texts[i], strlen(lack_texts[i])) == 0)
			return (enum shd_lack)i;
	return SHD_LACK_UNREAD;
}

void shd_walk_say(const struct shd_walk *walk, const struct shd_pages *pages,
		  struct shd_text *out)
{
	shd_text_puts(out, lack_texts[walk->lack]);
	if (walk->lack >= SHD_LACK_SHORT && walk->total >= 0)
		shd_text_printf(out, " (%zu of %lld)", shd_pages_records(pages),
			(long long)walk->total);
}

#include "rows.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Times are clamped to this, so that a key can hold twice the time. */
#define FAR_MS (INT64_MAX / 4)

enum { CHUNK_ROWS = 256, FIRST_ROWS = 32 };

struct row_value {
	int64_t n;
	char currency[4];
	bool none;
};

/* A key is twice the time plus 1 for a hit: it sorts by both. */
struct shd_rows_chunk {
	int64_t first;             /* keys[0] */
	int64_t *keys;
	struct row_value *values;  /* as many, or NULL */
	uint32_t count, hits, room;
};

struct place {
	size_t chunk, at;
};

static int64_t key_of(int64_t at_ms, bool hit)
{
	int64_t near_ms = at_ms < -FAR_MS ? -FAR_MS : at_ms > FAR_MS ? FAR_MS : at_ms;

	return near_ms * 2 + hit;
}

static void free_chunk(struct shd_rows *rows, struct shd_rows_chunk *chunk)
{
	size_t row = sizeof(int64_t) + (rows->values ? sizeof(struct row_value) : 0);

	rows->bytes -= sizeof(*chunk) + chunk->room * row;
	free(chunk->keys);
	free(chunk->values);
}

static void grow_chunk(struct shd_rows *rows, struct shd_rows_chunk *chunk, uint32_t room)
{
	size_t row = sizeof(int64_t) + (rows->values ? sizeof(struct row_value) : 0);

	chunk->keys = shd_xrealloc(chunk->keys, room, sizeof(*chunk->keys));
	if (rows->values)
		chunk->values = shd_xrealloc(chunk->values, room, sizeof(*chunk->values));
	rows->bytes += (room - chunk->room) * row;
	chunk->room = room;
}

void shd_rows_finish(struct shd_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		free_chunk(rows, &rows->chunks[i]);
	free(rows->chunks);
	*rows = (struct shd_rows){.values = rows->values};
}

/* The first row whose key is not less than `key`. */
static struct place find(const struct shd_rows *rows, int64_t key)
{
	size_t low = 0, high = rows->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows->chunks[middle].first < key)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return (struct place){0, 0};
	const struct shd_rows_chunk *chunk = &rows->chunks[low - 1];
	size_t from = 0, to = chunk->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (chunk->keys[middle] < key)
			from = middle + 1;
		else
			to = middle;
	}
	return from < chunk->count ? (struct place){low - 1, from} : (struct place){low, 0};
}

static struct place after(const struct shd_rows *rows, int64_t at_ms)
{
	return find(rows, key_of(at_ms, true) + 1);
}

/* --- changes ------------------------------------------------------------------ */

/* Only the first chunk of all starts small: the others are likely to become full. */
static void insert_chunk(struct shd_rows *rows, size_t at)
{
	shd_grow(rows->chunks, rows->count, rows->room);
	memmove(rows->chunks + at + 1, rows->chunks + at,
		(rows->count - at) * sizeof(*rows->chunks));
	rows->count++;
	rows->chunks[at] = (struct shd_rows_chunk){0};
	rows->bytes += sizeof(*rows->chunks);
	grow_chunk(rows, &rows->chunks[at], rows->count > 1 ? CHUNK_ROWS : FIRST_ROWS);
}

static void remove_chunks(struct shd_rows *rows, size_t at, size_t count)
{
	for (size_t i = at; i < at + count; i++)
		free_chunk(rows, &rows->chunks[i]);
	rows->count -= count;
	memmove(rows->chunks + at, rows->chunks + at + count,
		(rows->count - at) * sizeof(*rows->chunks));
}

static uint32_t count_hits(const struct shd_rows_chunk *chunk, size_t from, size_t to)
{
	uint32_t hits = 0;

	for (size_t i = from; i < to; i++)
		hits += (uint32_t)(chunk->keys[i] & 1);
	return hits;
}

/* Moves the later half of a full chunk to a new one. */
static void split(struct shd_rows *rows, size_t at)
{
	enum { HALF = CHUNK_ROWS / 2 };

	insert_chunk(rows, at + 1);
	struct shd_rows_chunk *chunk = &rows->chunks[at], *later = chunk + 1;
	memcpy(later->keys, chunk->keys + HALF, HALF * sizeof(*chunk->keys));
	if (rows->values)
		memcpy(later->values, chunk->values + HALF, HALF * sizeof(*chunk->values));
	chunk->count = later->count = HALF;
	later->first = later->keys[0];
	later->hits = count_hits(later, 0, HALF);
	chunk->hits -= later->hits;
}

/* Makes room for a new row with this key and returns its place. Rows mostly come at the end,
 * where a full chunk is not split but a new one is opened behind it. */
static struct place make_room(struct shd_rows *rows, int64_t key)
{
	struct place place = find(rows, key);

	if (place.at == 0 && place.chunk > 0) {
		place.chunk--;
		place.at = rows->chunks[place.chunk].count;
	}
	if (place.chunk == rows->count)
		insert_chunk(rows, place.chunk);
	struct shd_rows_chunk *chunk = &rows->chunks[place.chunk];
	if (chunk->count == chunk->room && chunk->room < CHUNK_ROWS)
		grow_chunk(rows, chunk, chunk->room * 2);
	if (chunk->count < chunk->room)
		return place;
	if (place.at == CHUNK_ROWS) {
		place = (struct place){place.chunk + 1, 0};
		insert_chunk(rows, place.chunk);
		return place;
	}
	split(rows, place.chunk);
	return place.at <= CHUNK_ROWS / 2
		       ? place
		       : (struct place){place.chunk + 1, place.at - CHUNK_ROWS / 2};
}

static struct row_value to_row_value(const struct shd_value *value)
{
	struct row_value ret = {.n = value->n, .none = value->none};

	memcpy(ret.currency, value->currency, sizeof(ret.currency));
	return ret;
}

void shd_rows_add(struct shd_rows *rows, const struct shd_row *row)
{
	int64_t key = key_of(row->at_ms, row->hit);
	struct place place = make_room(rows, key);
	struct shd_rows_chunk *chunk = &rows->chunks[place.chunk];
	int64_t *keys = chunk->keys + place.at;
	size_t following = chunk->count - place.at;

	memmove(keys + 1, keys, following * sizeof(*keys));
	*keys = key;
	if (rows->values) {
		struct row_value *values = chunk->values + place.at;

		memmove(values + 1, values, following * sizeof(*values));
		*values = to_row_value(row->value);
	}
	chunk->count++;
	chunk->hits += row->hit;
	chunk->first = chunk->keys[0];
}

static bool same_value(const struct row_value *a, const struct row_value *b)
{
	return a->none == b->none &&
	       (a->none || (a->n == b->n && memcmp(a->currency, b->currency, 4) == 0));
}

static void remove_at(struct shd_rows *rows, struct place place)
{
	struct shd_rows_chunk *chunk = &rows->chunks[place.chunk];
	int64_t *keys = chunk->keys + place.at;
	size_t following = --chunk->count - place.at;

	chunk->hits -= (uint32_t)(*keys & 1);
	memmove(keys, keys + 1, following * sizeof(*keys));
	if (rows->values) {
		struct row_value *values = chunk->values + place.at;

		memmove(values, values + 1, following * sizeof(*values));
	}
	if (chunk->count)
		chunk->first = chunk->keys[0];
	else
		remove_chunks(rows, place.chunk, 1);
}

bool shd_rows_remove(struct shd_rows *rows, const struct shd_row *row)
{
	int64_t key = key_of(row->at_ms, row->hit);
	struct row_value wanted = {0};

	if (rows->values)
		wanted = to_row_value(row->value);
	for (struct place place = find(rows, key); place.chunk < rows->count; place.at++) {
		const struct shd_rows_chunk *chunk = &rows->chunks[place.chunk];

		if (place.at == chunk->count) {
			place = (struct place){place.chunk + 1, 0};
			if (place.chunk == rows->count)
				break;
			chunk++;
		}
		if (chunk->keys[place.at] != key)
			break;
		if (rows->values && !same_value(&chunk->values[place.at], &wanted))
			continue;
		remove_at(rows, place);
		return true;
	}
	return false;
}

void shd_rows_trim(struct shd_rows *rows, int64_t until_ms)
{
	size_t old = 0;

	while (old + 1 < rows->count && rows->chunks[old + 1].first <= key_of(until_ms, true))
		old++;
	if (old)
		remove_chunks(rows, 0, old);
}

/* --- queries ------------------------------------------------------------------- */

void shd_rows_count(const struct shd_rows *rows, int64_t from_ms, int64_t to_ms, uint64_t *ret_of,
	uint64_t *ret_hit)
{
	struct place from = after(rows, from_ms), to = after(rows, to_ms);
	uint64_t of = 0, hit = 0;

	for (size_t i = from.chunk; i <= to.chunk && i < rows->count; i++) {
		const struct shd_rows_chunk *chunk = &rows->chunks[i];
		size_t begin = i == from.chunk ? from.at : 0;
		size_t end = i == to.chunk ? to.at : chunk->count;

		if (begin >= end)
			continue;
		of += end - begin;
		hit += end - begin == chunk->count ? chunk->hits
						  : count_hits(chunk, begin, end);
	}
	*ret_of = of;
	*ret_hit = hit;
}

int64_t shd_rows_after(const struct shd_rows *rows, int64_t after_ms, bool hits_only)
{
	struct place place = after(rows, after_ms);

	for (; place.chunk < rows->count; place = (struct place){place.chunk + 1, 0}) {
		const struct shd_rows_chunk *chunk = &rows->chunks[place.chunk];
		bool none = hits_only && !chunk->hits;

		for (size_t i = none ? chunk->count : place.at; i < chunk->count; i++)
			if (!hits_only || (chunk->keys[i] & 1))
				return chunk->keys[i] >> 1;
	}
	return SHD_NEVER_MS;
}

void shd_rows_visit(const struct shd_rows *rows, int64_t from_ms, int64_t to_ms, enum shd_type type,
	shd_rows_fn *visit, void *ctx)
{
	struct place from = after(rows, from_ms), to = after(rows, to_ms);

	for (size_t i = from.chunk; i <= to.chunk && i < rows->count; i++) {
		const struct shd_rows_chunk *chunk = &rows->chunks[i];
		size_t end = i == to.chunk ? to.at : chunk->count;

		for (size_t k = i == from.chunk ? from.at : 0; k < end; k++) {
			const struct row_value *value = &chunk->values[k];
			struct shd_value given = {.type = type, .none = value->none, .n = value->n};

			memcpy(given.currency, value->currency, sizeof(given.currency));
			if (chunk->keys[k] & 1)
				visit(ctx, &given);
		}
	}
}

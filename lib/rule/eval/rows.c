#include "rows.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Whatever lies further off is as good as never. */
#define FAR_MS (INT64_MAX / 4)

enum { PART_ROWS = 256, FIRST_ROWS = 32 };

struct kept_value {
	int64_t n;
	char currency[4];
	bool none;
};

/* A key is the time, doubled, and whether the row counts: sorted by both. */
struct shd_rows_part {
	int64_t first;             /* key */
	int64_t *keys;
	struct kept_value *values; /* as many, or NULL */
	uint32_t count, hits, room;
};

struct place {
	size_t part, at;
};

static int64_t key_of(int64_t at_ms, bool hit)
{
	int64_t near_ms = at_ms < -FAR_MS ? -FAR_MS : at_ms > FAR_MS ? FAR_MS : at_ms;

	return near_ms * 2 + hit;
}

static void free_part(struct shd_rows *rows, struct shd_rows_part *part)
{
	size_t row = sizeof(int64_t) + (rows->values ? sizeof(struct kept_value) : 0);

	rows->bytes -= sizeof(*part) + part->room * row;
	free(part->keys);
	free(part->values);
}

static void give_room(struct shd_rows *rows, struct shd_rows_part *part, uint32_t room)
{
	size_t row = sizeof(int64_t) + (rows->values ? sizeof(struct kept_value) : 0);

	part->keys = shd_xrealloc(part->keys, room, sizeof(*part->keys));
	if (rows->values)
		part->values = shd_xrealloc(part->values, room, sizeof(*part->values));
	rows->bytes += (room - part->room) * row;
	part->room = room;
}

void shd_rows_finish(struct shd_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		free_part(rows, &rows->parts[i]);
	free(rows->parts);
	*rows = (struct shd_rows){.values = rows->values};
}

/* The first row whose key is not less. */
static struct place find(const struct shd_rows *rows, int64_t key)
{
	size_t low = 0, high = rows->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows->parts[middle].first < key)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return (struct place){0, 0};
	const struct shd_rows_part *part = &rows->parts[low - 1];
	size_t from = 0, to = part->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (part->keys[middle] < key)
			from = middle + 1;
		else
			to = middle;
	}
	return from < part->count ? (struct place){low - 1, from} : (struct place){low, 0};
}

static struct place after(const struct shd_rows *rows, int64_t at_ms)
{
	return find(rows, key_of(at_ms, true) + 1);
}

/* --- changes ------------------------------------------------------------------ */

/* What follows a full part becomes full itself. */
static void open_part(struct shd_rows *rows, size_t at)
{
	shd_grow(rows->parts, rows->count, rows->room);
	memmove(rows->parts + at + 1, rows->parts + at, (rows->count - at) * sizeof(*rows->parts));
	rows->count++;
	rows->parts[at] = (struct shd_rows_part){0};
	rows->bytes += sizeof(*rows->parts);
	give_room(rows, &rows->parts[at], rows->count > 1 ? PART_ROWS : FIRST_ROWS);
}

static void close_parts(struct shd_rows *rows, size_t at, size_t count)
{
	for (size_t i = at; i < at + count; i++)
		free_part(rows, &rows->parts[i]);
	rows->count -= count;
	memmove(rows->parts + at, rows->parts + at + count,
		(rows->count - at) * sizeof(*rows->parts));
}

static uint32_t count_hits(const struct shd_rows_part *part, size_t from, size_t to)
{
	uint32_t hits = 0;

	for (size_t i = from; i < to; i++)
		hits += (uint32_t)(part->keys[i] & 1);
	return hits;
}

/* Its later half goes to a part of its own. */
static void split(struct shd_rows *rows, size_t at)
{
	enum { HALF = PART_ROWS / 2 };

	open_part(rows, at + 1);
	struct shd_rows_part *part = &rows->parts[at], *later = part + 1;
	memcpy(later->keys, part->keys + HALF, HALF * sizeof(*part->keys));
	if (rows->values)
		memcpy(later->values, part->values + HALF, HALF * sizeof(*part->values));
	part->count = later->count = HALF;
	later->first = later->keys[0];
	later->hits = count_hits(later, 0, HALF);
	part->hits -= later->hits;
}

/* Where a new row with this key can stand: in a part that has room. Rows mostly come
 * at the end, where full parts stay full. */
static struct place make_room(struct shd_rows *rows, int64_t key)
{
	struct place place = find(rows, key);

	if (place.at == 0 && place.part > 0) {
		place.part--;
		place.at = rows->parts[place.part].count;
	}
	if (place.part == rows->count)
		open_part(rows, place.part);
	struct shd_rows_part *part = &rows->parts[place.part];
	if (part->count == part->room && part->room < PART_ROWS)
		give_room(rows, part, part->room * 2);
	if (part->count < part->room)
		return place;
	if (place.at == PART_ROWS) {
		place = (struct place){place.part + 1, 0};
		open_part(rows, place.part);
		return place;
	}
	split(rows, place.part);
	return place.at <= PART_ROWS / 2 ? place
					 : (struct place){place.part + 1, place.at - PART_ROWS / 2};
}

static struct kept_value kept(const struct shd_value *value)
{
	struct kept_value kept = {.n = value->n, .none = value->none};

	memcpy(kept.currency, value->currency, sizeof(kept.currency));
	return kept;
}

void shd_rows_add(struct shd_rows *rows, const struct shd_row *row)
{
	int64_t key = key_of(row->at_ms, row->hit);
	struct place place = make_room(rows, key);
	struct shd_rows_part *part = &rows->parts[place.part];
	int64_t *keys = part->keys + place.at;
	size_t behind = part->count - place.at;

	memmove(keys + 1, keys, behind * sizeof(*keys));
	*keys = key;
	if (rows->values) {
		struct kept_value *values = part->values + place.at;

		memmove(values + 1, values, behind * sizeof(*values));
		*values = kept(row->value);
	}
	part->count++;
	part->hits += row->hit;
	part->first = part->keys[0];
}

static bool same_value(const struct kept_value *a, const struct kept_value *b)
{
	return a->none == b->none &&
	       (a->none || (a->n == b->n && memcmp(a->currency, b->currency, 4) == 0));
}

static void take_out(struct shd_rows *rows, struct place place)
{
	struct shd_rows_part *part = &rows->parts[place.part];
	int64_t *keys = part->keys + place.at;
	size_t behind = --part->count - place.at;

	part->hits -= (uint32_t)(*keys & 1);
	memmove(keys, keys + 1, behind * sizeof(*keys));
	if (rows->values) {
		struct kept_value *values = part->values + place.at;

		memmove(values, values + 1, behind * sizeof(*values));
	}
	if (part->count)
		part->first = part->keys[0];
	else
		close_parts(rows, place.part, 1);
}

bool shd_rows_remove(struct shd_rows *rows, const struct shd_row *row)
{
	int64_t key = key_of(row->at_ms, row->hit);
	struct kept_value wanted = {0};

	if (rows->values)
		wanted = kept(row->value);
	for (struct place place = find(rows, key); place.part < rows->count; place.at++) {
		const struct shd_rows_part *part = &rows->parts[place.part];

		if (place.at == part->count) {
			place = (struct place){place.part + 1, 0};
			if (place.part == rows->count)
				break;
			part++;
		}
		if (part->keys[place.at] != key)
			break;
		if (rows->values && !same_value(&part->values[place.at], &wanted))
			continue;
		take_out(rows, place);
		return true;
	}
	return false;
}

void shd_rows_trim(struct shd_rows *rows, int64_t until_ms)
{
	size_t old = 0;

	while (old + 1 < rows->count && rows->parts[old + 1].first <= key_of(until_ms, true))
		old++;
	if (old)
		close_parts(rows, 0, old);
}

/* --- questions ----------------------------------------------------------------- */

void shd_rows_count(const struct shd_rows *rows, int64_t from_ms, int64_t to_ms, uint64_t *ret_of,
	uint64_t *ret_hit)
{
	struct place from = after(rows, from_ms), to = after(rows, to_ms);
	uint64_t of = 0, hit = 0;

	for (size_t i = from.part; i <= to.part && i < rows->count; i++) {
		const struct shd_rows_part *part = &rows->parts[i];
		size_t begin = i == from.part ? from.at : 0;
		size_t end = i == to.part ? to.at : part->count;

		if (begin >= end)
			continue;
		of += end - begin;
		hit += end - begin == part->count ? part->hits
						  : count_hits(part, begin, end);
	}
	*ret_of = of;
	*ret_hit = hit;
}

int64_t shd_rows_after(const struct shd_rows *rows, int64_t after_ms, bool hits_only)
{
	struct place place = after(rows, after_ms);

	for (; place.part < rows->count; place = (struct place){place.part + 1, 0}) {
		const struct shd_rows_part *part = &rows->parts[place.part];
		bool none = hits_only && !part->hits;

		for (size_t i = none ? part->count : place.at; i < part->count; i++)
			if (!hits_only || (part->keys[i] & 1))
				return part->keys[i] >> 1;
	}
	return SHD_NEVER_MS;
}

void shd_rows_visit(const struct shd_rows *rows, int64_t from_ms, int64_t to_ms, enum shd_type type,
	shd_rows_fn *visit, void *ctx)
{
	struct place from = after(rows, from_ms), to = after(rows, to_ms);

	for (size_t i = from.part; i <= to.part && i < rows->count; i++) {
		const struct shd_rows_part *part = &rows->parts[i];
		size_t end = i == to.part ? to.at : part->count;

		for (size_t k = i == from.part ? from.at : 0; k < end; k++) {
			const struct kept_value *value = &part->values[k];
			struct shd_value given = {.type = type, .none = value->none, .n = value->n};

			memcpy(given.currency, value->currency, sizeof(given.currency));
			if (part->keys[k] & 1)
				visit(ctx, &given);
		}
	}
}

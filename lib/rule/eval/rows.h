/* rule/eval/rows.h - what a window needs of its entities, sorted by time. Private to lib/rule.
 *
 * Rows are kept in chunks of up to 256, each with the number of its hits, so counting a window
 * looks at a few hundred rows and at one number per chunk. Rows that are equal in everything
 * have no particular order. */
#pragma once
#include "catalog/entity.h"

struct shd_rows_chunk;

struct shd_rows {
	struct shd_rows_chunk *chunks;
	size_t count, room; /* of chunks */
	bool values;        /* rows have a value */
	size_t bytes;       /* allocated */
};

/* hit: it satisfies the condition. value: of a field, NULL unless rows->values; never a text. */
struct shd_row {
	int64_t at_ms;
	bool hit;
	const struct shd_value *value;
};

/* rows may be zeroed memory. */
void shd_rows_finish(struct shd_rows *rows);
void shd_rows_add(struct shd_rows *rows, const struct shd_row *row);
bool shd_rows_remove(struct shd_rows *rows, const struct shd_row *row); /* false: not there */

/* Removes whole chunks of rows at or before `until_ms`; single rows of a chunk may stay. */
void shd_rows_trim(struct shd_rows *rows, int64_t until_ms);

/* Counts the rows in (from, to], and the hits among them. */
void shd_rows_count(const struct shd_rows *rows, int64_t from_ms, int64_t to_ms, uint64_t *ret_of,
	uint64_t *ret_hit);

/* The time of the first row after the instant; SHD_NEVER_MS: there is none. */
int64_t shd_rows_after(const struct shd_rows *rows, int64_t after_ms, bool hits_only);

/* Visits the values of the hits in (from, to], oldest first, as values of the given type. */
typedef void shd_rows_fn(void *ctx, const struct shd_value *value);
void shd_rows_visit(const struct shd_rows *rows, int64_t from_ms, int64_t to_ms, enum shd_type type,
	shd_rows_fn *visit, void *ctx);

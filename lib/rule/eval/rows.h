/* rule/eval/rows.h - what a window needs of its entities, in order of time. Private to
 * lib/rule.
 *
 * Rows stand in parts of up to 256 that know how many of theirs count, so adding up a
 * window looks at a few hundred rows and at one number per part. The order of rows that
 * are equal in everything says nothing. */
#pragma once
#include "catalog/entity.h"

struct shd_rows_part;

struct shd_rows {
	struct shd_rows_part *parts;
	size_t count, room; /* of parts */
	bool values;        /* rows have one */
	size_t bytes;       /* allocated */
};

/* hit: it satisfies the condition. value: of a field, NULL unless rows->values; texts
 * have no place. */
struct shd_row {
	int64_t at_ms;
	bool hit;
	const struct shd_value *value;
};

/* rows may be zeroed memory. */
void shd_rows_finish(struct shd_rows *rows);
void shd_rows_add(struct shd_rows *rows, const struct shd_row *row);
bool shd_rows_remove(struct shd_rows *rows, const struct shd_row *row); /* false: not there */

/* Forgets rows at or before `until_ms`, as far as that is done at no cost. */
void shd_rows_trim(struct shd_rows *rows, int64_t until_ms);

/* Rows in (from, to]. */
void shd_rows_count(const struct shd_rows *rows, int64_t from_ms, int64_t to_ms, uint64_t *ret_of,
	uint64_t *ret_hit);

/* When the first row after the instant is; SHD_NEVER_MS: none. */
int64_t shd_rows_after(const struct shd_rows *rows, int64_t after_ms, bool hits_only);

/* The values of those in (from, to] that count, oldest first; of the given type. */
typedef void shd_rows_fn(void *ctx, const struct shd_value *value);
void shd_rows_visit(const struct shd_rows *rows, int64_t from_ms, int64_t to_ms, enum shd_type type,
	shd_rows_fn *visit, void *ctx);

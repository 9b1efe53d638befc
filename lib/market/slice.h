/* market/slice.h - cuts an answer into its records without parsing it.
 *
 * Parsing is what a poll costs, so nothing is parsed twice: the records of a page
 * are found by a structural scan (strings, brackets), each record's bytes are
 * hashed, and only records with a new hash are parsed. The scan allocates
 * nothing, accepts what JSON accepts in structure and leaves the rest to the
 * parser; a member on the path that is given twice is refused, because readers
 * disagree on which one counts. Of what is nested deeper than 64 below the path only the
 * depth is followed. Pure. */
#pragma once
#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct shd_slicer {
	const char *body;
	size_t len;
	const char *path;
	/* private: */
	size_t at, array_start, array_end, records;
	int levels;   /* objects around the records */
	bool is_list; /* an array, not one object */
	bool done;
};

/* Finds the array at `path` ("result.items", "" for a top-level array, also when
 * the value is one object or null: one record, or none). Borrows body and path. Errors:
 * SYNTAX, structure broken or cut off; SCHEMA, no such member, or neither array,
 * object nor null. */
SHD_MUST_USE bool shd_slice_open(struct shd_slicer *slicer, const char *body, size_t len,
				 const char *path, struct shd_error *reterr);

/* The next record's bytes body[*ret_at .. +*ret_len); false in *ret_more at the end, when
 * the rest of the answer has been scanned as well: only then is it known to be whole. */
SHD_MUST_USE bool shd_slice_next(struct shd_slicer *slicer, size_t *ret_at, size_t *ret_len,
				 bool *ret_more, struct shd_error *reterr);

/* The answer without its records (the array replaced by []), for the paging
 * members. Valid once shd_slice_next said that there are no more. Appends to out. */
struct shd_text;
void shd_slice_envelope(const struct shd_slicer *slicer, struct shd_text *out);

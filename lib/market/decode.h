/* market/decode.h - documents that are no JSON answer, as one.
 *
 * A table or a file of lines becomes the JSON array that the slicer (slice.h) reads:
 * an object for each line, of texts under the names of the columns. So a record of a
 * report is hashed, recognised and mapped as one of a JSON list is. Names of columns
 * are in lower case (ASCII), because their case differs by country. Pure. */
#pragma once
#include "base/text.h"

/* X(NAME, "name", what it is) */
#define SHD_DECODE_MAP(X)                                                                          \
	X(JSON, "json", "a JSON value, taken as it is")                                            \
	X(JSON_LINES, "json-lines", "a JSON object in each line")                                  \
	X(CSV, "csv", "RFC 4180, with a line of names; a quoted field may hold line ends")         \
	X(TSV, "tsv", "fields between tabs, with a line of names; quotes are part of a text")

enum shd_decode {
#define X(id, name, text) SHD_DECODE_##id,
	SHD_DECODE_MAP(X)
#undef X
};

enum { SHD_DECODE_COLUMNS = 512 };

/* The list may have so many times the bytes that the document may have. */
enum { SHD_DECODE_FACTOR = 2 };

/* How much memory decoding this document takes at most, beside it, where both it and what comes
 * out of it are at most max_bytes long. */
size_t shd_decode_bytes(const char *document, size_t len, size_t max_bytes);

/* Appends the JSON array of document[0..len) to out. Gzip is taken off first, whatever the
 * server said of it; `inflated_max_bytes` bounds what comes out. A byte order mark, line
 * ends of either kind and empty lines are passed over.
 *
 * Tables: `columns`, a list that ends with NULL (or NULL), must all stand in the line of
 * names, in lower case, each once; of other names that stand there twice the first counts.
 * Fields that a line lacks at its end are empty, a field of one space is empty. A line with
 * more fields than names becomes null, which costs that record only. Where every field of a
 * TSV line is quoted, the quotes are taken off.
 *
 * Errors: SYNTAX, damaged (gzip), a quote out of place (CSV), a line that is no object
 * (JSON_LINES); SCHEMA, a column is missing or there twice: another document than the one
 * meant; LIMIT, longer than out takes, or more than SHD_DECODE_COLUMNS names. `line` of the
 * error counts lines. Nothing of out is to be used then. */
SHD_MUST_USE bool shd_decode(enum shd_decode decode, const char *const *columns,
			     const char *document, size_t len, size_t inflated_max_bytes,
			     struct shd_text *out, struct shd_error *reterr);

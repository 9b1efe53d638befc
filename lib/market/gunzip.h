/* market/gunzip.h - takes a gzip file apart; the one user of zlib.
 *
 * Bounded by the most that may come out of it, so that a small file cannot fill the
 * memory. Pure. */
#pragma once
#include "base/text.h"

/* True when bytes[0..len) begin as a gzip file does. What a server says of its answers'
 * compression is wrong often enough that only the bytes count. */
bool shd_is_gzip(const char *bytes, size_t len);

/* Appends what the file holds, of all its members (RFC 1952), to out. Errors: SYNTAX, cut
 * off, damaged, or followed by something else; LIMIT, longer than out takes. Whatever was
 * appended before an error is not to be used. */
SHD_MUST_USE bool shd_gunzip(const char *bytes, size_t len, struct shd_text *out,
			     struct shd_error *reterr);

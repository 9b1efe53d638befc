/* rule/language/regex.h - patterns of `matches`: PCRE2, compiled when the rules are read.
 *
 * Matching allocates nothing, has a step limit (a pattern that exceeds it gives no result) and
 * is unanchored: it finds the pattern anywhere in the text. */
#pragma once
#include "base/mem.h"

struct shd_regex;

/* Compiles into the arena. Errors: SYNTAX, with col = offset in the pattern + 1. */
SHD_MUST_USE bool shd_regex_compile(const char *pattern, size_t len, struct shd_arena *arena,
	const struct shd_regex **ret_regex, struct shd_error *reterr);

/* False when a limit was exceeded: *ret_found is untouched. */
bool shd_regex_find(const struct shd_regex *regex, const char *text, size_t len, bool *ret_found);

/* conf/source.h - the text of one configuration file and places in it.
 *
 * Offsets are bytes from 0; lines and columns count from 1, columns in
 * characters, lines as an editor counts them. Pure; read-only once made. */
#pragma once
#include "diag.h"

struct shd_source {
	const char *file;
	const char *text;
	size_t len;
	/* private: */
	size_t *starts; /* offset of every line */
	size_t lines;
};

/* Copies both texts; a byte order mark is left out. */
void shd_source_init(struct shd_source *source, const char *file, const char *text, size_t len);
void shd_source_finish(struct shd_source *source);

/* Where a byte stands. at <= len. */
void shd_source_place(const struct shd_source *source, size_t at, int *ret_line, int *ret_col);

/* The line number `line`, without its end. NULL when there is none. */
const char *shd_source_line(const struct shd_source *source, int line, size_t *ret_len);

/* Reports about the characters of [at, end), cut at the end of the first line. A
 * line that looks as if it held a secret is not shown. */
void shd_source_report(const struct shd_source *source, size_t at, size_t end,
		       enum shd_severity severity, const char *hint, const char *text,
		       struct shd_diags *diags);

/* Which source byte yielded content[offset] of a scalar that begins at `at`: exact
 * for plain, quoted and block texts; inside a folded line break, the break. */
enum shd_source_style {
	SHD_SOURCE_PLAIN,
	SHD_SOURCE_SINGLE, /* `at` is behind the opening quote */
	SHD_SOURCE_DOUBLE, /* likewise */
	SHD_SOURCE_BLOCK,  /* `at` is the first character that is not indentation */
};
size_t shd_source_of_content(const struct shd_source *source, size_t at,
			     enum shd_source_style style, const char *content, size_t len,
			     size_t offset);

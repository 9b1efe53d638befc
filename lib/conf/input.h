/* conf/input.h - the text of one configuration file and places in it.
 *
 * Offsets are bytes from 0; lines and columns count from 1, columns in
 * characters, lines as an editor counts them. Pure; read-only once made. */
#pragma once
#include "diag.h"

struct shd_input {
	const char *file;
	const char *text;
	size_t len;
	/* private: */
	size_t *starts; /* offset of every line */
	size_t lines;
	struct shd_input_mark *marks; /* columns within long lines */
	size_t mark_count;
};

/* Copies both texts; a byte order mark is left out. */
void shd_input_init(struct shd_input *input, const char *file, const char *text, size_t len);
void shd_input_finish(struct shd_input *input);

/* Where a byte stands. at <= len. */
void shd_input_place(const struct shd_input *input, size_t at, int *ret_line, int *ret_col);

/* The line number `line`, without its end. NULL when there is none. */
const char *shd_input_line(const struct shd_input *input, int line, size_t *ret_len);

/* Reports about the characters of [at, end), cut at the end of the first line. A
 * line that looks as if it held a secret is not shown. */
void shd_input_report(const struct shd_input *input, size_t at, size_t end,
		       enum shd_severity severity, const char *hint, const char *text,
		       struct shd_diags *diags);

/* Which source byte yielded content[offset] of a scalar that begins at `at`: exact
 * for plain, quoted and block texts; inside a folded line break, the break. */
enum shd_input_style {
	SHD_INPUT_PLAIN,
	SHD_INPUT_SINGLE, /* `at` is behind the opening quote */
	SHD_INPUT_DOUBLE, /* likewise */
	SHD_INPUT_BLOCK,  /* `at` is the first character that is not indentation */
};
size_t shd_input_of_content(const struct shd_input *input, size_t at,
			     enum shd_input_style style, const char *content, size_t len,
			     size_t offset);

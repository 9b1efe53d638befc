/* message/pattern.h - one text of a language, checked and ready for ICU.
 *
 * Texts name their arguments; ICU's C interface knows them by position only, so
 * compiling a text numbers them, and finds the arguments that do not exist. */
#pragma once
#include "conf/node.h"

#include <unicode/utypes.h>

struct shd_text_row {
	const char *name;
	const char *args; /* separated by spaces */
	bool date;        /* a pattern of date fields */
};

/* Text arguments of one text; `n` comes on top. */
#define SHD_PATTERN_SLOTS 4

struct shd_pattern {
	UChar *text; /* owned; positional */
	int32_t len;
	bool counts; /* {0} is the number */
	size_t slots;
	int arg_of[SHD_PATTERN_SLOTS]; /* which text argument goes into a slot */
};

/* Mistakes go to diags; *ret_pattern is then left empty. */
void shd_pattern_compile(const struct shd_text_row *row, const char *locale,
			 const struct shd_node *node, struct shd_pattern *ret_pattern,
			 struct shd_diags *diags);

/* conf/yaml_words.h - says what is wrong with a YAML text in words that help.
 * Private to conf/. */
#pragma once
#include "input.h"

/* Reports bytes that are not UTF-8 and control characters; true when there are none. */
bool shd_yaml_characters(const struct shd_input *input, struct shd_diags *diags);

/* Reports the parser's own message about the place `at`, explained where we know
 * what people usually did. `open`: where the innermost bracket that is still open
 * stands, or NULL. */
void shd_yaml_explain(const struct shd_input *input, const char *message, size_t at,
		      const size_t *open, struct shd_diags *diags);

/* Blanks in text, a copy of the input, what keeps the parser from going on behind this line:
 * what follows its key, or all of a line without one, which is marked in gone[line]; all the
 * lines that tabs indent when it is one. False: that changes nothing, or a bracket or quote
 * goes on in the next line. */
bool shd_yaml_blank(const struct shd_input *input, int line, char *text, bool *gone);

/* The colon in text[0..len) behind a first word and without a plain space behind it: where it
 * stands, its bytes with the odd blank that follows, and what is wrong with it. NULL: there is
 * none. */
const char *shd_yaml_colon(const char *text, size_t len, size_t *ret_at, size_t *ret_width);

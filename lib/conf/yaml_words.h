/* conf/yaml_words.h - says what is wrong with a YAML text in words that help.
 * Private to conf/. */
#pragma once
#include "source.h"

/* Reports bytes that are not UTF-8 and control characters; true when there are none. */
bool shd_yaml_characters(const struct shd_source *source, struct shd_diags *diags);

/* What makes the rest of the file readable after a mistake. */
enum shd_yaml_cure {
	SHD_YAML_NO_CURE,
	SHD_YAML_WITHOUT_VALUE, /* without what follows the key in this line */
	SHD_YAML_WITHOUT_LINE,
	SHD_YAML_WITHOUT_TABS,  /* without all the lines that tabs indent */
};

/* Reports the parser's own message about the place `at`, explained where we know
 * what people usually did. `open`: where the innermost bracket that is still open
 * stands, or NULL. */
enum shd_yaml_cure shd_yaml_explain(const struct shd_source *source, const char *message, size_t at,
				    const size_t *open, struct shd_diags *diags);

/* Blanks what the cure says in text, a copy of the source, and marks the lines that it takes
 * whole in gone[line]. False: nothing was left to blank, or what a bracket opens would be cut. */
bool shd_yaml_blank(const struct shd_source *source, enum shd_yaml_cure cure, int line, char *text,
		    bool *gone);

/* The colon in text[0..len) behind a first word and without a plain space behind it: where it
 * stands, its bytes with the odd blank that follows, and what is wrong with it. NULL: there is
 * none. */
const char *shd_yaml_colon(const char *text, size_t len, size_t *ret_at, size_t *ret_width);

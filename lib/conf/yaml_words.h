/* conf/yaml_words.h - says what is wrong with a YAML text in words that help.
 * Private to conf/. */
#pragma once
#include "conf/source.h"

/* Reports bytes that are not UTF-8 and control characters; true when there are none. */
bool shd_yaml_characters(const struct shd_source *source, struct shd_diags *diags);

/* Reports the parser's own message about the place `at`, explained where we know
 * what people usually did. `open`: where the innermost bracket that is still open
 * stands, or NULL. */
void shd_yaml_explain(const struct shd_source *source, const char *message, size_t at,
		      const size_t *open, struct shd_diags *diags);

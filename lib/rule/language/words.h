/* rule/language/words.h - the word lists of conf/words.d, one list per file.
 *
 * One word or phrase a line, UTF-8, `#` starts a comment; case does not matter. A `*` at
 * the end of a word stands for any ending: `оригинальн*` is found in "оригинальные",
 * `копи* бренд*` in "копия брендов". Read-only once built. */
#pragma once
#include "conf/diag.h"

struct shd_words;

/* A set without lists. Destroying accepts NULL. */
struct shd_words *shd_words_create(void);
void shd_words_destroy(struct shd_words *words);

/* Adds the list `name` (file name without .txt) from text[0..len). Mistakes
 * (invalid UTF-8, a `*` elsewhere, over 10 000 words) go to diags. */
bool shd_words_add(struct shd_words *words, const char *name, const char *file, const char *text,
	size_t len, struct shd_diags *diags);

/* The list `name`, or NULL; and the name nearest to it, or NULL. */
struct shd_word_list;
const struct shd_word_list *shd_words_find(const struct shd_words *words, const char *name);
const char *shd_words_nearest(const struct shd_words *words, const char *name);

/* A word or phrase of the list stands in the folded text (base/fold.h) as whole words, or
 * where the list says `*` as their beginning. A character of a script without spaces (Chinese,
 * Japanese, Thai) is a word of its own. */
bool shd_phrases_in(const struct shd_word_list *list, const char *folded, size_t len);

/* The letters that look Latin (base/fold.h), kept beside the lists; borrowed. */
const struct shd_alphabets *shd_words_alphabets(const struct shd_words *words);

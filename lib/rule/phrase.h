/* rule/phrase.h - texts as people compare them: case-folded, whole words, alphabets.
 *
 * Folding is ICU's simple folding, one character to one character. No function
 * allocates. Pure; safe on any thread. */
#pragma once
#include "rule/words.h"

#include <stdint.h>

/* Folds text[0..len) into buf; false when it does not fit or is not UTF-8. A folded
 * text may be longer than the text. */
bool shd_text_fold(const char *text, size_t len, char *buf, size_t size, size_t *ret_len);

/* The same to lower case. */
bool shd_text_lower(const char *text, size_t len, char *buf, size_t size, size_t *ret_len);

/* Characters, not bytes. */
int64_t shd_text_length(const char *text, size_t len);

/* A word or phrase of the list stands in the folded text as whole words. A
 * character of a script without spaces (Chinese, Japanese, Thai) is a word of its own. */
struct shd_word_list;
bool shd_phrases_in(const struct shd_word_list *list, const char *folded, size_t len);

/* The list `name`, or NULL; and the name nearest to it, or NULL. */
const struct shd_word_list *shd_words_find(const struct shd_words *words, const char *name);
const char *shd_words_nearest(const struct shd_words *words, const char *name);

/* One word mixes alphabets. Parts joined by a hyphen may differ ("LED-лампа")
 * unless the Cyrillic or Greek part consists of letters only that look Latin:
 * "USB-С" with a Cyrillic С. Chinese, Japanese and Korean scripts count as one. */
bool shd_text_mixes_scripts(const char *text, size_t len);

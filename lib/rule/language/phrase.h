/* rule/language/phrase.h - texts as people compare them: case-folded, whole words, alphabets.
 *
 * Folding is ICU's simple folding, one character to one character. No function
 * allocates. Pure; safe on any thread. */
#pragma once
#include "words.h"

#include <stdint.h>

/* Folds text[0..len) into buf; false when it does not fit or is not UTF-8. A folded
 * text may be longer than the text. */
bool shd_text_fold(const char *text, size_t len, char *buf, size_t size, size_t *ret_len);

/* The same to lower case. */
bool shd_text_lower(const char *text, size_t len, char *buf, size_t size, size_t *ret_len);

/* Characters, not bytes. */
int64_t shd_text_length(const char *text, size_t len);

/* A word or phrase of the list stands in the folded text as whole words, or where the
 * list says `*` as their beginning. A character of a script without spaces (Chinese, Japanese,
 * Thai) is a word of its own. */
struct shd_word_list;
bool shd_phrases_in(const struct shd_word_list *list, const char *folded, size_t len);

/* The list `name`, or NULL; and the name nearest to it, or NULL. */
const struct shd_word_list *shd_words_find(const struct shd_words *words, const char *name);
const char *shd_words_nearest(const struct shd_words *words, const char *name);

/* One word mixes alphabets: "Аpple" with a Cyrillic А. Parts joined by a hyphen may differ
 * ("LED-лампа", "Smart-ТВ") unless the Cyrillic or Greek part stands for a Latin one: a
 * single letter that looks Latin ("USB-С"), or letters that all do and that Russian has
 * not all. One or two Greek letters that look like no Latin one are a unit or a symbol
 * ("10kΩ", "μF"). Chinese, Japanese and Korean scripts count as one. */
bool shd_text_mixes_scripts(const char *text, size_t len);

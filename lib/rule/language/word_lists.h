/* rule/language/word_lists.h - the word lists of conf/words.d, one list per file.
 *
 * One word or phrase a line, UTF-8, `#` starts a comment; case does not matter. A `*` at
 * the end of a word stands for any ending: `оригинальн*` is found in "оригинальные",
 * `копи* бренд*` in "копия брендов". Read-only once built. */
#pragma once
#include "conf/diag.h"

struct shd_word_lists;

/* No lists yet. Destroying accepts NULL. */
struct shd_word_lists *shd_word_lists_create(void);
void shd_word_lists_destroy(struct shd_word_lists *lists);

/* Adds the list `name` (file name without .txt) from text[0..len). Mistakes
 * (invalid UTF-8, a `*` elsewhere, over 10 000 words) go to diags. */
bool shd_word_lists_add(struct shd_word_lists *lists, const char *name, const char *file,
	const char *text, size_t len, struct shd_diags *diags);

/* The list `name`, or NULL; and the name nearest to it, or NULL. */
struct shd_word_list;
const struct shd_word_list *shd_word_lists_find(
	const struct shd_word_lists *lists, const char *name);
const char *shd_word_lists_nearest(const struct shd_word_lists *lists, const char *name);

/* All of them: how many, and the name of each with the number of its words and phrases. */
size_t shd_word_lists_count(const struct shd_word_lists *lists);
const char *shd_word_lists_name(
	const struct shd_word_lists *lists, size_t at, size_t *ret_entries);

/* Whether the folded text (base/fold.h) has a word or phrase of the list. Whole words must
 * match; where the list says `*`, the beginning of a word. A character of a script without
 * spaces (Chinese, Japanese, Thai) is a word of its own. */
bool shd_word_list_matches(const struct shd_word_list *list, const char *folded, size_t len);

/* The letters of other alphabets that look Latin (base/fold.h), for mixed_script(); borrowed. */
const struct shd_alphabets *shd_word_lists_alphabets(const struct shd_word_lists *lists);

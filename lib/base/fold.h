/* base/fold.h - texts as people compare and see them: case, words, alphabets, width.
 *
 * The one place that asks ICU what a character is. Texts are UTF-8; a code point -1 stands
 * for a byte that is none (base/text.h, shd_utf8_next). Nothing but shd_alphabets_create
 * allocates. Pure; safe on any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Folds the case of text[0..len) into buf, one character to one character; false when it
 * does not fit or is not UTF-8. A folded text may be longer than the text. */
bool shd_text_fold(const char *text, size_t len, char *buf, size_t size, size_t *ret_len);

/* The same to lower case. */
bool shd_text_lower(const char *text, size_t len, char *buf, size_t size, size_t *ret_len);

/* Characters, not bytes. */
int64_t shd_text_length(const char *text, size_t len);

/* A letter, digit or combining mark of a script that puts spaces between words; a character
 * of Chinese, Japanese or Thai is a word of its own. */
bool shd_is_word_char(int32_t c);

/* Cells that a character takes on a terminal: 0, 1 or, for East Asian ones, 2. */
int shd_char_cells(int32_t c);

/* Bytes of the first line of text[0..len), no wider than `cells`: cut behind spaces, which stay on
 * the line and do not count, or beside a wide character where UAX 14 allows it. A word that is
 * wider stays whole, so no link or number is cut; so does all where memory is short. */
size_t shd_line_cut(const char *text, size_t len, size_t cells);

/* Which Cyrillic and Greek letters cannot be told from Latin ones, by Unicode's table of
 * confusables. Made once (1 ms), read-only then. Destroying accepts NULL. */
struct shd_alphabets;
struct shd_alphabets *shd_alphabets_create(void);
void shd_alphabets_destroy(struct shd_alphabets *alphabets);

/* The letter c, Cyrillic or Greek, looks like a Latin one; alphabets NULL: none does. Small Greek
 * letters but ο, and г, do not: they are units and abbreviations (μF, γ, 200 г), and the table is
 * generous. */
bool shd_looks_latin(const struct shd_alphabets *alphabets, int32_t c);

/* One word mixes alphabets: "Аpple" with a Cyrillic А. Parts joined by a hyphen may differ
 * ("LED-лампа", "Smart-ТВ") unless the Cyrillic or Greek part stands for a Latin one: a
 * single letter that looks Latin ("USB-С"), or letters that all do and that Russian has
 * not all. One or two Greek letters that look like no Latin one are a unit or a symbol
 * ("10kΩ", "μF"). Chinese, Japanese and Korean scripts count as one. */
bool shd_text_mixes_scripts(const struct shd_alphabets *alphabets, const char *text, size_t len);

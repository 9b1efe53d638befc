/* rule/language/slips.h - what people write in place of the signs of the rules language: "30 days",
 * "100 rub", a full-width ＞, AND. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* What text[0..len), which stands behind a number, means: a unit of durations ("h"), "%",
 * or the code of a currency; NULL when it means none of them. */
const char *shd_slip_unit(const char *text, size_t len, size_t *ret_width);

/* Up to two full-width characters at text[0..len) as the plain ones; how many. */
enum { SHD_WIDE_BYTES = 3 };
size_t shd_slip_wide(const char *text, size_t len, char ret_plain[static 3]);

/* Bytes of the blank at text[0..len) that is not a plain one; 0: none. */
size_t shd_slip_blank(const char *text, size_t len);

/* What to write for a character that starts nothing, or NULL. */
const char *shd_slip_character(const char *text, size_t len);

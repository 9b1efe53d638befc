/* rule/language/slips.h - recognises common slips in expressions, so that the lexer can say what
 * was meant: "30 days" for 30d, "100 rub" for 100 RUB, a full-width ＞ for >. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* The unit that text[0..len), which follows a number, stands for: of a duration ("h"), "%", or
 * the code of a currency; NULL when it is no known unit. *ret_width: its length. */
const char *shd_slip_unit(const char *text, size_t len, size_t *ret_width);

/* Converts up to two full-width characters at text[0..len) to ASCII; returns how many. */
enum { SHD_WIDE_BYTES = 3 };
size_t shd_slip_wide(const char *text, size_t len, char ret_plain[static 3]);

/* Bytes of the Unicode blank (such as a no-break space) at text[0..len); 0: there is none. */
size_t shd_slip_blank(const char *text, size_t len);

/* A hint for a character that cannot start a token, or NULL. */
const char *shd_slip_character(const char *text, size_t len);

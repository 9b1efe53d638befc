/* http/strike.h - takes our secrets out of what others wrote. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* A shorter secret is in many texts by chance: it is struck where it is a word of its own. */
enum { SHD_STRIKE_LEAST = 8 };

/* Overwrites with asterisks what text[0..len), some words of others, repeats of secret[0..n): as
 * it is, with escapes of JSON, of URLs or of HTML, or in base64, alone or behind a user's name.
 * Of a secret of SHD_STRIKE_LEAST bytes or more also the part, as long as that, that the end of
 * the text leaves of it. */
void shd_strike(char *text, size_t len, const char *secret, size_t n);

/* The same of a secret that stands percent-encoded there, and a text that ends with a NUL. */
void shd_strike_encoded(char *text, const char *encoded, size_t n);

/* The same of an answer's body, before it is read: no short secret, which would be in names of
 * members as well, none that is a number, which may be an id, no part, and no base64. */
void shd_strike_body(char *body, size_t len, const char *secret, size_t n);

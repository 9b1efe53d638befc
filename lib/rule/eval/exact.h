/* rule/eval/exact.h - arithmetic without rounding errors.
 *
 * Numbers, ratios, durations and money are whole numbers of small units (base/num.h).
 * A quotient seldom is: 373 of 2937 is 12.70003 %, a little more than the 12.7 % that
 * its v.n says. So a result carries a fraction, and its exact value is
 * v.n + remainder / denominator, where v.n is rounded half away from zero. Comparisons, floor,
 * round and further arithmetic use the exact value; v.n is what is shown and stored.
 *
 * Fractions whose denominator exceeds 2^62 even when reduced are no longer exact: the
 * remainder then only says on which side of v.n the value lies. A product whose parts do not
 * fit into 128 bits is rounded. */
#pragma once
#include "eval.h"

/* Sets v.n and its fraction to numerator / denominator, which is not 0; saturates to int64. */
void shd_exact_set(struct shd_result *ret, __int128 numerator, __int128 denominator);

/* The sign of the value, and of a - b. Not for texts. */
int shd_exact_sign(const struct shd_result *a);
int shd_exact_compare(const struct shd_result *a, const struct shd_result *b);

/* a - b as a whole number (*ret_whole) plus a fraction less than 1, whose sign is returned. */
int shd_exact_gap(const struct shd_result *a, const struct shd_result *b, __int128 *ret_whole);

/* These set v.n, remainder and denominator of *ret, and nothing else; ret may be a or b. One
 * factor of a product is in micro-units; so is the divisor, or else the quotient. */
void shd_exact_add(struct shd_result *ret, const struct shd_result *a, const struct shd_result *b);
void shd_exact_negate(struct shd_result *ret);
void shd_exact_multiply(
	struct shd_result *ret, const struct shd_result *a, const struct shd_result *b);
void shd_exact_divide(
	struct shd_result *ret, const struct shd_result *a, const struct shd_result *b);

/* The next whole number below; the nearest one, halves away from zero. Both in micro-units. */
int64_t shd_exact_floor(const struct shd_result *a);
int64_t shd_exact_round(const struct shd_result *a);

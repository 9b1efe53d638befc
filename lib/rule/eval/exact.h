/* rule/eval/exact.h - arithmetic that loses nothing to rounding.
 *
 * Numbers, ratios, durations and money are whole numbers of small units (base/num.h).
 * A quotient seldom is: 373 of 2937 is 12.70003 %, a little more than the 12.7 % that
 * its v.n says. So a result carries the remainder, and its exact value is v.n + remainder / of,
 * where v.n is rounded half away from zero. Comparisons, floor, round and further
 * arithmetic go by the exact value; what is shown and stored is v.n.
 *
 * Fractions whose denominator passes 2^62 even when reduced are no longer exact: the
 * remainder then says on which side of v.n the value lies and nothing more. A product whose
 * parts do not fit into 128 bits is rounded. */
#pragma once
#include "eval.h"

/* v.n and the remainder of top / bottom, which is not 0; saturated to int64. */
void shd_exact_set(struct shd_result *ret, __int128 top, __int128 bottom);

/* The sign of the value, and of a - b. Not for texts. */
int shd_exact_sign(const struct shd_result *a);
int shd_exact_compare(const struct shd_result *a, const struct shd_result *b);

/* a - b as a whole number, and the sign of a fraction less than 1 beside it. */
int shd_exact_gap(const struct shd_result *a, const struct shd_result *b, __int128 *ret_whole);

/* Set v.n, remainder and of of *ret, and nothing else; ret may be a or b. One side of a
 * product is in micro-units; so is the divisor or else the quotient. */
void shd_exact_add(struct shd_result *ret, const struct shd_result *a, const struct shd_result *b);
void shd_exact_negate(struct shd_result *ret);
void shd_exact_multiply(
	struct shd_result *ret, const struct shd_result *a, const struct shd_result *b);
void shd_exact_divide(
	struct shd_result *ret, const struct shd_result *a, const struct shd_result *b);

/* The next whole number below, the nearest one with halves away from zero: whole
 * numbers of micro-units. */
int64_t shd_exact_floor(const struct shd_result *a);
int64_t shd_exact_round(const struct shd_result *a);

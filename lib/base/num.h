/* base/num.h - exact decimals: numbers and ratios in micro-units, money in minor units.
 *
 * 4.6 is 4 600 000, 4 % is 40 000, 19.90 RUB is 1990. No floating point is
 * stored or compared anywhere. Pure; safe on any thread. */
#pragma once
#include "error.h"

#include <stddef.h>
#include <stdint.h>

#define SHD_MICRO 1000000LL

/* A decimal ("4.6", "-0.05", "1e3") times 10^scale, rounded half away from zero:
 * scale 6 gives micro-units, 4 turns a percentage into micro-units of a ratio.
 * Errors: SYNTAX; LIMIT, does not fit into int64. */
SHD_MUST_USE bool shd_decimal_parse(const char *text, size_t len, int scale, int64_t *ret_n,
				    struct shd_error *reterr);

/* The shortest exact text of n / 10^scale: "4.6", "-0.05", "20". */
#define SHD_DECIMAL_TEXT 32
const char *shd_decimal_format(int64_t n, int scale, char buf[SHD_DECIMAL_TEXT]);

/* A double that an API gave us, times 10^scale, rounded half away from zero.
 * Errors: SCHEMA, not finite; LIMIT, does not fit. */
SHD_MUST_USE bool shd_decimal_of_double(double value, int scale, int64_t *ret_n,
					struct shd_error *reterr);

/* a * b / divisor without overflow in between, rounded half away from zero and
 * saturated to int64. divisor is never 0. */
int64_t shd_mul_div(int64_t a, int64_t b, int64_t divisor);

/* Digits after the point, up to the last that is not 0: 1 for "4.60". */
int shd_decimal_places(const char *text, size_t len);

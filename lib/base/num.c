#include "num.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int64_t saturate(__int128 n)
{
	return n > INT64_MAX ? INT64_MAX : n < INT64_MIN ? INT64_MIN : (int64_t)n;
}

/* Reads an optional exponent at text[*at..len); false when malformed or huge. */
static bool read_exponent(const char *text, size_t len, size_t *at, int *ret_exponent)
{
	int sign = 1, n = 0;
	size_t i = *at;

	*ret_exponent = 0;
	if (i >= len || (text[i] != 'e' && text[i] != 'E'))
		return true;
	i++;
	if (i < len && (text[i] == '+' || text[i] == '-'))
		sign = text[i++] == '-' ? -1 : 1;
	size_t start = i;
	for (; i < len && is_digit(text[i]) && n < 1000; i++)
		n = n * 10 + (text[i] - '0');
	*at = i;
	*ret_exponent = sign * n;
	return i > start && n < 1000;
}

bool shd_decimal_parse(const char *text, size_t len, int scale, int64_t *ret_n,
		       struct shd_error *reterr)
{
	__int128 n = 0;
	size_t at = 0, digits = 0;
	bool negative = false, too_big = false;
	int point = 0, exponent; /* digits seen after the point */

	if (at < len && (text[at] == '-' || text[at] == '+'))
		negative = text[at++] == '-';
	for (bool fraction = false; at < len; at++) {
		if (text[at] == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (!is_digit(text[at]))
			break;
		digits++;
		if (n > (__int128)INT64_MAX * SHD_MICRO) {
			too_big |= !fraction; /* further fraction digits cannot matter */
			continue;
		}
		n = n * 10 + (text[at] - '0');
		point += fraction;
	}
	if (!digits || !read_exponent(text, len, &at, &exponent) || at != len)
		return shd_fail(reterr, SHD_ERR_SYNTAX, "\"%.*s\" is not a number",
				(int)(len < 64 ? len : 64), text);

	int shift = scale + exponent - point;
	for (; shift > 0 && n <= INT64_MAX; shift--)
		n *= 10;
	int dropped = 0;
	for (; shift < 0 && (n || dropped); shift++) {
		dropped = (int)(n % 10);
		n /= 10;
	}
	n += dropped >= 5;
	if (too_big || (shift > 0 && n) || n > INT64_MAX)
		return shd_fail(reterr, SHD_ERR_LIMIT, "\"%.*s\" is too large a number",
				(int)(len < 64 ? len : 64), text);
	*ret_n = negative ? -(int64_t)n : (int64_t)n;
	return true;
}

const char *shd_decimal_format(int64_t n, int scale, char buf[SHD_DECIMAL_TEXT])
{
	char digits[SHD_DECIMAL_TEXT];
	uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
	int len = snprintf(digits, sizeof(digits), "%0*llu", scale + 1, (unsigned long long)rest);
	int whole = len - scale, end = len;

	while (end > whole && digits[end - 1] == '0')
		end--;
	snprintf(buf, SHD_DECIMAL_TEXT, "%s%.*s%s%.*s", n < 0 ? "-" : "", whole, digits,
		end > whole ? "." : "", end - whole, digits + whole);
	return buf;
}

bool shd_decimal_of_double(double value, int scale, int64_t *ret_n, struct shd_error *reterr)
{
	char text[40];

	if (!isfinite(value))
		return shd_fail(reterr, SHD_ERR_SCHEMA, "%g is not a finite number", value);
	/* 15 digits: what a decimal literal survives as a double, so 4.35 stays 4.35 */
	int len = snprintf(text, sizeof(text), "%.15g", value);
	return shd_decimal_parse(text, (size_t)len, scale, ret_n, reterr);
}

int64_t shd_mul_div(int64_t a, int64_t b, int64_t divisor)
{
	shd_assert(divisor != 0);
	__int128 product = (__int128)a * b, d = divisor;
	if (d < 0) {
		product = -product;
		d = -d;
	}
	return saturate(product >= 0 ? (product + d / 2) / d : -((-product + d / 2) / d));
}

int shd_decimal_places(const char *text, size_t len)
{
	const char *point = memchr(text, '.', len);
	int places = 0;

	for (const char *at = point ? point + 1 : text + len; at < text + len && is_digit(*at);
		at++)
		if (*at != '0')
			places = (int)(at - point);
	return places;
}

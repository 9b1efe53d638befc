#include "exact.h"

#include "base/num.h"

#define DENOMINATOR_MAX ((__int128)1 << 62)

static __int128 absolute(__int128 n)
{
	return n < 0 ? -n : n;
}

static __int128 common_divisor(__int128 a, __int128 b)
{
	while (b) {
		__int128 remainder = a % b;

		a = b;
		b = remainder;
	}
	return a;
}

static void set_whole(struct shd_result *ret, int64_t n)
{
	ret->v.n = n;
	ret->remainder = ret->denominator = 0;
}

static void set_remainder(struct shd_result *ret, __int128 remainder, __int128 denominator)
{
	if (denominator > DENOMINATOR_MAX) {
		__int128 common = common_divisor(denominator, absolute(remainder));

		remainder /= common;
		denominator /= common;
	}
	if (denominator > DENOMINATOR_MAX) {
		remainder = remainder < 0 ? -1 : 1;
		denominator = DENOMINATOR_MAX;
	}
	ret->remainder = (int64_t)remainder;
	ret->denominator = (int64_t)denominator;
}

void shd_exact_set(struct shd_result *ret, __int128 numerator, __int128 denominator)
{
	if (denominator < 0) {
		numerator = -numerator;
		denominator = -denominator;
	}
	__int128 n = numerator / denominator, remainder = numerator % denominator;
	if (absolute(remainder) >= denominator - absolute(remainder)) {
		n += numerator < 0 ? -1 : 1;
		remainder += numerator < 0 ? denominator : -denominator;
	}
	if (n > INT64_MAX || n < INT64_MIN)
		set_whole(ret, n < 0 ? INT64_MIN : INT64_MAX);
	else
		set_whole(ret, (int64_t)n);
	if (remainder && ret->v.n == n)
		set_remainder(ret, remainder, denominator);
}

/* The value as numerator / denominator: less than 2^126, at most 2^62. */
static __int128 denominator_of(const struct shd_result *a)
{
	return a->denominator ? a->denominator : 1;
}

static __int128 numerator_of(const struct shd_result *a)
{
	return a->v.n * denominator_of(a) + a->remainder;
}

int shd_exact_sign(const struct shd_result *a)
{
	return a->v.n ? (a->v.n > 0) - (a->v.n < 0) : (a->remainder > 0) - (a->remainder < 0);
}

int shd_exact_gap(const struct shd_result *a, const struct shd_result *b, __int128 *ret_whole)
{
	__int128 whole = (__int128)a->v.n - b->v.n;

	*ret_whole = whole;
	if (!a->denominator && !b->denominator)
		return 0;
	__int128 one = denominator_of(a) * denominator_of(b);
	__int128 part = a->remainder * denominator_of(b) - b->remainder * denominator_of(a);
	if (absolute(part) >= one) {
		*ret_whole += part > 0 ? 1 : -1;
		part += part > 0 ? -one : one;
	}
	return (part > 0) - (part < 0);
}

int shd_exact_compare(const struct shd_result *a, const struct shd_result *b)
{
	__int128 whole;
	int part = shd_exact_gap(a, b, &whole);

	return whole ? (whole > 0) - (whole < 0) : part;
}

void shd_exact_add(struct shd_result *ret, const struct shd_result *a, const struct shd_result *b)
{
	__int128 whole, numerator, denominator;

	if (!a->denominator && !b->denominator) {
		set_whole(ret, shd_add_saturated(a->v.n, b->v.n));
		return;
	}
	denominator = denominator_of(a) * denominator_of(b);
	numerator = a->remainder * denominator_of(b) + b->remainder * denominator_of(a);
	int64_t n = shd_add_saturated(a->v.n, b->v.n);
	if (!__builtin_mul_overflow(denominator, (__int128)n, &whole) &&
		!__builtin_add_overflow(numerator, whole, &whole)) {
		shd_exact_set(ret, whole, denominator);
		return;
	}
	shd_exact_set(ret, numerator, denominator);
	ret->v.n = shd_add_saturated(ret->v.n, n);
}

void shd_exact_negate(struct shd_result *ret)
{
	ret->v.n = shd_sub_saturated(0, ret->v.n);
	ret->remainder = -ret->remainder;
}

void shd_exact_multiply(
	struct shd_result *ret, const struct shd_result *a, const struct shd_result *b)
{
	__int128 numerator, denominator;

	if (__builtin_mul_overflow(numerator_of(a), numerator_of(b), &numerator) ||
		__builtin_mul_overflow(
			denominator_of(a) * denominator_of(b), (__int128)SHD_MICRO, &denominator))
		set_whole(ret, shd_mul_div(a->v.n, b->v.n, SHD_MICRO));
	else
		shd_exact_set(ret, numerator, denominator);
}

void shd_exact_divide(
	struct shd_result *ret, const struct shd_result *a, const struct shd_result *b)
{
	__int128 numerator, denominator;

	if (__builtin_mul_overflow(numerator_of(a), denominator_of(b), &numerator) ||
		__builtin_mul_overflow(numerator, (__int128)SHD_MICRO, &numerator) ||
		__builtin_mul_overflow(numerator_of(b), denominator_of(a), &denominator))
		set_whole(ret, shd_mul_div(a->v.n, SHD_MICRO, b->v.n ? b->v.n : 1));
	else
		shd_exact_set(ret, numerator, denominator);
}

int64_t shd_exact_floor(const struct shd_result *a)
{
	int64_t remainder = a->v.n % SHD_MICRO;
	bool below = remainder < 0 || (remainder == 0 && a->remainder < 0);

	return shd_sub_saturated(a->v.n - remainder, below ? SHD_MICRO : 0);
}

int64_t shd_exact_round(const struct shd_result *a)
{
	int64_t n = a->v.n, half = n % SHD_MICRO;
	/* By its remainder the exact value is a little less than the half that v.n says. */
	bool less = (half == SHD_MICRO / 2 && a->remainder < 0) ||
		    (half == -SHD_MICRO / 2 && a->remainder > 0);

	if (less)
		return n - half;
	return shd_mul_div(shd_mul_div(n, 1, SHD_MICRO), SHD_MICRO, 1);
}

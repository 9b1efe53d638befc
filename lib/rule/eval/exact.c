#include "exact.h"

#include "base/num.h"

#define OF_MAX ((__int128)1 << 62)

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
	ret->remainder = ret->of = 0;
}

static void set_remainder(struct shd_result *ret, __int128 remainder, __int128 of)
{
	if (of > OF_MAX) {
		__int128 divisor = common_divisor(of, absolute(remainder));

		remainder /= divisor;
		of /= divisor;
	}
	if (of > OF_MAX) {
		remainder = remainder < 0 ? -1 : 1;
		of = OF_MAX;
	}
	ret->remainder = (int64_t)remainder;
	ret->of = (int64_t)of;
}

void shd_exact_set(struct shd_result *ret, __int128 top, __int128 bottom)
{
	if (bottom < 0) {
		top = -top;
		bottom = -bottom;
	}
	__int128 n = top / bottom, remainder = top % bottom;
	if (absolute(remainder) >= bottom - absolute(remainder)) {
		n += top < 0 ? -1 : 1;
		remainder += top < 0 ? bottom : -bottom;
	}
	if (n > INT64_MAX || n < INT64_MIN)
		set_whole(ret, n < 0 ? INT64_MIN : INT64_MAX);
	else
		set_whole(ret, (int64_t)n);
	if (remainder && ret->v.n == n)
		set_remainder(ret, remainder, bottom);
}

/* The value as top / bottom: less than 2^126, at most 2^62. */
static __int128 bottom_of(const struct shd_result *a)
{
	return a->of ? a->of : 1;
}

static __int128 top_of(const struct shd_result *a)
{
	return a->v.n * bottom_of(a) + a->remainder;
}

int shd_exact_sign(const struct shd_result *a)
{
	return a->v.n ? (a->v.n > 0) - (a->v.n < 0) : (a->remainder > 0) - (a->remainder < 0);
}

int shd_exact_gap(const struct shd_result *a, const struct shd_result *b, __int128 *ret_whole)
{
	__int128 whole = (__int128)a->v.n - b->v.n;

	*ret_whole = whole;
	if (!a->of && !b->of)
		return 0;
	__int128 one = bottom_of(a) * bottom_of(b);
	__int128 part = a->remainder * bottom_of(b) - b->remainder * bottom_of(a);
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
	__int128 whole, top, bottom;

	if (!a->of && !b->of) {
		set_whole(ret, shd_add_saturated(a->v.n, b->v.n));
		return;
	}
	bottom = bottom_of(a) * bottom_of(b);
	top = a->remainder * bottom_of(b) + b->remainder * bottom_of(a);
	int64_t n = shd_add_saturated(a->v.n, b->v.n);
	if (!__builtin_mul_overflow(bottom, (__int128)n, &whole) &&
		!__builtin_add_overflow(top, whole, &whole)) {
		shd_exact_set(ret, whole, bottom);
		return;
	}
	shd_exact_set(ret, top, bottom);
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
	__int128 top, bottom;

	if (__builtin_mul_overflow(top_of(a), top_of(b), &top) ||
		__builtin_mul_overflow(bottom_of(a) * bottom_of(b), (__int128)SHD_MICRO, &bottom))
		set_whole(ret, shd_mul_div(a->v.n, b->v.n, SHD_MICRO));
	else
		shd_exact_set(ret, top, bottom);
}

void shd_exact_divide(
	struct shd_result *ret, const struct shd_result *a, const struct shd_result *b)
{
	__int128 top, bottom;

	if (__builtin_mul_overflow(top_of(a), bottom_of(b), &top) ||
		__builtin_mul_overflow(top, (__int128)SHD_MICRO, &top) ||
		__builtin_mul_overflow(top_of(b), bottom_of(a), &bottom))
		set_whole(ret, shd_mul_div(a->v.n, SHD_MICRO, b->v.n ? b->v.n : 1));
	else
		shd_exact_set(ret, top, bottom);
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
	/* What only looks like a half is a little less. */
	bool less = (half == SHD_MICRO / 2 && a->remainder < 0) ||
		    (half == -SHD_MICRO / 2 && a->remainder > 0);

	if (less)
		return n - half;
	return shd_mul_div(shd_mul_div(n, 1, SHD_MICRO), SHD_MICRO, 1);
}

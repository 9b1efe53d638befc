/* rule/quantile.h: the k-th smallest is the one that sorting gives, of any number. */
#include "support/check.h"

#include "base/mem.h"
#include "rule/eval/quantile.h"

#include <stdlib.h>

enum { MOST = 20000 };

struct list {
	int64_t values[MOST], sorted[MOST];
	size_t count, passes;
	struct shd_quantile quantile;
};

static struct list list;

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void add_all(void *ctx)
{
	struct list *all = ctx;

	all->passes++;
	for (size_t i = 0; i < all->count; i++)
		shd_quantile_add(&all->quantile, all->values[i]);
}

static void check_list(size_t count)
{
	const size_t places[] = {0, 1, count / 3, (count - 1) / 2, count / 2, count * 9 / 10,
		count * 99 / 100, count - 1};

	list.count = count;
	for (size_t i = 0; i < count; i++)
		list.sorted[i] = list.values[i];
	qsort(list.sorted, count, sizeof(list.sorted[0]), compare);
	shd_quantile_start(&list.quantile);
	add_all(&list);
	assert_int_equal(list.quantile.count, count);
	for (size_t i = 0; i < SHD_COUNT(places); i++) {
		size_t k = places[i] < count ? places[i] : count - 1;

		list.passes = 0;
		assert_int_equal(
			shd_quantile_find(&list.quantile, k, add_all, &list), list.sorted[k]);
		assert_in_range(list.passes, 0, count > SHD_QUANTILE_VALUES ? 6 : 0);
	}
}

static const size_t counts[] = {1, 2, 3, 100, SHD_QUANTILE_VALUES - 1, SHD_QUANTILE_VALUES,
	SHD_QUANTILE_VALUES + 1, 9000, MOST};

static void what_comes_by_turns_is_not_skipped(void **state)
{
	(void)state;
	for (size_t c = 0; c < SHD_COUNT(counts); c++) {
		for (size_t i = 0; i < counts[c]; i++)
			list.values[i] = i % 2 ? 90000 : 10000;
		check_list(counts[c]);
	}
}

static void any_values_will_do(void **state)
{
	static const unsigned shifts[] = {0, 1, 20, 40, 51, 63};
	uint64_t random = 88172645463325252ULL;

	(void)state;
	for (size_t s = 0; s < SHD_COUNT(shifts); s++) {
		for (size_t c = 0; c < SHD_COUNT(counts); c++) {
			for (size_t i = 0; i < counts[c]; i++) {
				random ^= random << 13;
				random ^= random >> 7;
				random ^= random << 17;
				list.values[i] = (int64_t)random >> shifts[s];
			}
			list.values[0] = shifts[s] ? list.values[0] : INT64_MIN;
			list.values[counts[c] - 1] = shifts[s] ? 7 : INT64_MAX;
			check_list(counts[c]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_by_turns_is_not_skipped),
		cmocka_unit_test(any_values_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "quantile.h"

#include <string.h>

/* 2^12 is SHD_QUANTILE_VALUES. */
enum { PASS_BITS = 12 };

void shd_quantile_start(struct shd_quantile *quantile)
{
	quantile->count = 0;
	quantile->counting = false;
}

static void count_value(struct shd_quantile *quantile, int64_t n)
{
	if (n < quantile->low) {
		quantile->below++;
		return;
	}
	uint64_t bucket = ((uint64_t)n - (uint64_t)quantile->low) >> quantile->shift;
	if (bucket < SHD_QUANTILE_VALUES)
		quantile->values[bucket]++;
}

void shd_quantile_add(struct shd_quantile *quantile, int64_t n)
{
	if (quantile->counting) {
		count_value(quantile, n);
		return;
	}
	if (!quantile->count || n < quantile->min)
		quantile->min = n;
	if (!quantile->count || n > quantile->max)
		quantile->max = n;
	if (quantile->count < SHD_QUANTILE_VALUES)
		quantile->values[quantile->count] = n;
	quantile->count++;
}

static void swap(int64_t *a, int64_t *b)
{
	int64_t old = *a;

	*a = *b;
	*b = old;
}

/* The k-th smallest, by quickselect with the middle as pivot. */
static int64_t select_kth(int64_t *values, size_t count, size_t k)
{
	size_t low = 0, high = count - 1;

	while (low < high) {
		int64_t pivot = values[low + (high - low) / 2];
		size_t i = low, j = high;

		while (i <= j) {
			while (values[i] < pivot)
				i++;
			while (values[j] > pivot)
				j--;
			if (i <= j) {
				swap(&values[i], &values[j]);
				i++;
				if (j == 0)
					break;
				j--;
			}
		}
		if (k <= j)
			high = j;
		else if (k >= i)
			low = i;
		else
			break;
	}
	return values[k];
}

/* The bucket with the k-th value, after a pass. */
static uint64_t bucket_of(const struct shd_quantile *quantile, uint64_t k)
{
	uint64_t before = quantile->below, bucket = 0;

	while (bucket + 1 < SHD_QUANTILE_VALUES &&
		before + (uint64_t)quantile->values[bucket] <= k)
		before += (uint64_t)quantile->values[bucket++];
	return bucket;
}

static int64_t narrow_down(
	struct shd_quantile *quantile, uint64_t k, shd_quantile_fn *revisit, void *ctx)
{
	uint64_t range = (uint64_t)quantile->max - (uint64_t)quantile->min;

	quantile->counting = true;
	quantile->low = quantile->min;
	quantile->shift = 0;
	while (range >> quantile->shift >= SHD_QUANTILE_VALUES)
		quantile->shift++;
	for (;;) {
		memset(quantile->values, 0, sizeof(quantile->values));
		quantile->below = 0;
		revisit(ctx);
		uint64_t from =
			(uint64_t)quantile->low + (bucket_of(quantile, k) << quantile->shift);

		quantile->low = (int64_t)from;
		if (!quantile->shift)
			return quantile->low;
		quantile->shift = quantile->shift > PASS_BITS ? quantile->shift - PASS_BITS : 0;
	}
}

int64_t shd_quantile_find(
	struct shd_quantile *quantile, uint64_t k, shd_quantile_fn *revisit, void *ctx)
{
	if (quantile->count <= SHD_QUANTILE_VALUES)
		return select_kth(quantile->values, quantile->count, k);
	return narrow_down(quantile, k, revisit, ctx);
}

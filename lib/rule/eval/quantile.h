/* rule/eval/quantile.h - the k-th smallest of a window's values, exactly and without allocating,
 * however many there are. Private to lib/rule.
 *
 * Up to SHD_QUANTILE_VALUES values are kept and selected from. If there are more, all values
 * are visited again: each pass divides the range into as many buckets, counts the values in
 * each, and narrows the range to the bucket with the k-th value. That takes at most six passes,
 * and two or three with the values that shops have. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHD_QUANTILE_VALUES = 4096 };

struct shd_quantile {
	uint64_t count;      /* of values */
	/* private: */
	int64_t values[SHD_QUANTILE_VALUES]; /* while counting: the counters of the buckets */
	int64_t min, max;
	bool counting;       /* in a pass that counts buckets */
	int64_t low;         /* where the first bucket begins; each is 2^shift wide */
	unsigned shift;
	uint64_t below;      /* values less than low */
};

/* Empties it. Adds a value. */
void shd_quantile_start(struct shd_quantile *quantile);
void shd_quantile_add(struct shd_quantile *quantile, int64_t n);

/* Must add all values once more. */
typedef void shd_quantile_fn(void *ctx);

/* k counts from 0 and is below count. */
int64_t shd_quantile_find(
	struct shd_quantile *quantile, uint64_t k, shd_quantile_fn *revisit, void *ctx);

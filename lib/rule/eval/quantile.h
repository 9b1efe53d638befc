/* rule/eval/quantile.h - the k-th smallest of a window's values, exactly, however many there
 * are. Private to lib/rule.
 *
 * The first SHD_QUANTILE_VALUES are kept. Of more, the window is gone through again: each
 * pass counts the values in as many equal parts of the range in question and takes the
 * part that holds the k-th, six passes at most and two or three for what shops have. So
 * nothing allocates, and nothing is left out. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHD_QUANTILE_VALUES = 4096 };

struct shd_quantile {
	uint64_t count;      /* of values */
	/* private: */
	int64_t values[SHD_QUANTILE_VALUES]; /* kept; or, while it narrows, counters */
	int64_t min, max;
	bool narrows;
	int64_t low;         /* values from here on are counted by parts of 2^shift */
	unsigned shift;
	uint64_t below;      /* those before them */
};

/* Empties it; adds a value. */
void shd_quantile_start(struct shd_quantile *quantile);
void shd_quantile_add(struct shd_quantile *quantile, int64_t n);

/* Adds all the same values again. */
typedef void shd_quantile_fn(void *ctx);

/* k counts from 0 and is below count. */
int64_t shd_quantile_find(
	struct shd_quantile *quantile, uint64_t k, shd_quantile_fn *again, void *ctx);

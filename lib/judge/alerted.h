/* judge/alerted.h - which entities may have alerts: a Bloom filter over all of them.
 *
 * Most entities never have an alert, and each change of one would look for some. The filter
 * answers "none" without a look; "maybe" costs the look, and is wrong for 3 % of the others
 * when 50 000 entities have alerts, for nearly all at a million. It is never emptied: whose
 * alerts are deleted stays "maybe". 64 KiB.
 *
 * One thread at a time. */
#pragma once
#include "base/error.h"

#include <stdint.h>

struct shd_alerted {
	bool loaded; /* the stored ones are among them */
	uint64_t *bits;
};

void shd_alerted_finish(struct shd_alerted *alerted);
void shd_alerted_add(struct shd_alerted *alerted, const char *store, const char *entity);
/* False: it was never added. */
bool shd_alerted_may(const struct shd_alerted *alerted, const char *store,
			  const char *entity);

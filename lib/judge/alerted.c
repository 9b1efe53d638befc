#include "alerted.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { BITS = 1 << 19 };

static uint64_t hash_of(const char *store, const char *entity)
{
	return shd_hash_after(shd_hash(store, strlen(store)), entity, strlen(entity));
}

static bool is_set(const struct shd_alerted *alerted, uint64_t hash)
{
	return alerted->bits[hash % BITS / 64] >> hash % 64 & 1;
}

static void set(struct shd_alerted *alerted, uint64_t hash)
{
	alerted->bits[hash % BITS / 64] |= 1ULL << hash % 64;
}

void shd_alerted_finish(struct shd_alerted *alerted)
{
	free(alerted->bits);
	*alerted = (struct shd_alerted){0};
}

/* Two places from the two halves of one hash. */
void shd_alerted_add(struct shd_alerted *alerted, const char *store, const char *entity)
{
	uint64_t hash = hash_of(store, entity);

	if (!alerted->bits)
		alerted->bits = shd_xcalloc(BITS / 64, sizeof(*alerted->bits));
	set(alerted, hash);
	set(alerted, hash >> 32);
}

bool shd_alerted_may(const struct shd_alerted *alerted, const char *store,
			  const char *entity)
{
	uint64_t hash = hash_of(store, entity);

	return alerted->bits && is_set(alerted, hash) && is_set(alerted, hash >> 32);
}

#include "hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t shd_hash(const void *bytes, size_t len)
{
	return XXH3_64bits(bytes, len);
}

uint64_t shd_hash_after(uint64_t seed, const void *bytes, size_t len)
{
	return XXH3_64bits_withSeed(bytes, len, seed);
}

/* The state is aligned for vector instructions, which only its own functions do. */
static XXH3_state_t *state_of(struct shd_running_hash *hash)
{
	return (void *)hash;
}

struct shd_running_hash *shd_running_hash_create(void)
{
	XXH3_state_t *state = XXH3_createState();

	shd_assert(state);
	XXH3_64bits_reset(state);
	return (void *)state;
}

void shd_running_hash_destroy(struct shd_running_hash *hash)
{
	XXH3_freeState(state_of(hash));
}

void shd_running_hash_reset(struct shd_running_hash *hash)
{
	XXH3_64bits_reset(state_of(hash));
}

void shd_running_hash_add(struct shd_running_hash *hash, const void *bytes, size_t len)
{
	XXH3_64bits_update(state_of(hash), bytes, len);
}

uint64_t shd_running_hash_value(const struct shd_running_hash *hash)
{
	return XXH3_64bits_digest((const void *)hash);
}

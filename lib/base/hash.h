/* base/hash.h - fast hashes that tell whether bytes are the same as before.
 *
 * The one user of xxhash (XXH3, 64 bits). Not for secrets, and not stable over versions of
 * the library: values are kept in memory only. Pure; safe on any thread, a running hash on
 * one at a time. */
#pragma once
#include "mem.h"

/* Hash of bytes[0..len). */
uint64_t shd_hash(const void *bytes, size_t len);

/* The same, where bytes follow what gave `seed`. */
uint64_t shd_hash_after(uint64_t seed, const void *bytes, size_t len);

/* A hash of bytes that arrive piece by piece: equal to shd_hash of all of them. */
struct shd_running_hash;
struct shd_running_hash *shd_running_hash_create(void);
void shd_running_hash_destroy(struct shd_running_hash *hash); /* accepts NULL */
void shd_running_hash_reset(struct shd_running_hash *hash);
void shd_running_hash_add(struct shd_running_hash *hash, const void *bytes, size_t len);
uint64_t shd_running_hash_value(const struct shd_running_hash *hash);

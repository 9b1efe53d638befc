/* base/mem.h - memory: automatic release, allocations that cannot fail, arenas.
 *
 * Small allocations of our own making abort when memory is out (systemd
 * restarts us, the state is consistent). Whatever outside data can size goes
 * into an arena or a text buffer, which have a maximum and fail with LIMIT.
 * Pure; an object is used by one thread at a time. */
#pragma once
#include "error.h"

#include <stddef.h>
#include <stdint.h>

/* Releases an owned local when it goes out of scope: SHD_AUTO(shd_text_finish).
 * The function gets a pointer to the variable. */
#define SHD_AUTO(fn) __attribute__((cleanup(fn)))

/* char *line shd_autofree = ...; */
#define shd_autofree SHD_AUTO(shd_freep)
void shd_freep(void *pointer_to_pointer);

/* Hands an owned pointer over: yields it and leaves NULL behind. */
#define shd_steal(p)                                                                               \
	({                                                                                         \
		__typeof__(p) stolen_ = (p);                                                       \
		(p) = NULL;                                                                        \
		stolen_;                                                                           \
	})

#define SHD_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* As their namesakes in libc, but they abort when memory is out. free() what they return. */
void *shd_xcalloc(size_t count, size_t size) __attribute__((malloc));
void *shd_xrealloc(void *old, size_t count, size_t size);
char *shd_xstrdup(const char *text) __attribute__((malloc));
char *shd_xstrndup(const char *text, size_t len) __attribute__((malloc));

/* Doubles *items (elements of `size` bytes) when count == *capacity. */
#define shd_grow(items, count, capacity)                                                           \
	((items) = shd_grow_(items, count, &(capacity), sizeof(*(items))))
void *shd_grow_(void *items, size_t count, size_t *capacity, size_t size);

/* Bump allocator: everything is freed at once. */
struct shd_arena;

/* max_bytes: the most it will ever hold; further allocations return NULL. */
struct shd_arena *shd_arena_create(size_t max_bytes) __attribute__((malloc));
void shd_arena_destroy(struct shd_arena *arena); /* accepts NULL */
void shd_arena_destroyp(struct shd_arena **arena);

/* Zeroed memory, aligned for any type, valid until the arena is destroyed or
 * reset. NULL when max_bytes would be passed. */
void *shd_arena_alloc(struct shd_arena *arena, size_t count, size_t size);
char *shd_arena_text(struct shd_arena *arena, const char *text, size_t len);

/* Forgets all allocations but keeps the first block for reuse. */
void shd_arena_reset(struct shd_arena *arena);
size_t shd_arena_used(const struct shd_arena *arena);

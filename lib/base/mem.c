#include "mem.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 4096, ALIGN = sizeof(max_align_t) };

struct block {
	struct block *next; /* older */
	size_t used, size;
	max_align_t data[];
};

struct shd_arena {
	struct block *newest;
	size_t used_bytes, max_bytes;
};

static void *checked(void *memory)
{
	if (!memory)
		shd_bug("out of memory", __FILE__, __LINE__);
	return memory;
}

void shd_freep(void *pointer_to_pointer)
{
	void *memory;

	memcpy(&memory, pointer_to_pointer, sizeof(memory));
	free(memory);
}

void *shd_xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *shd_xrealloc(void *old, size_t count, size_t size)
{
	return checked(reallocarray(old, count ? count : 1, size ? size : 1));
}

char *shd_xstrdup(const char *text)
{
	return checked(strdup(text));
}

char *shd_xstrndup(const char *text, size_t len)
{
	return checked(strndup(text, len));
}

void *shd_grow_(void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return items;
	*capacity = *capacity ? *capacity * 2 : 8;
	return shd_xrealloc(items, *capacity, size);
}

struct shd_arena *shd_arena_create(size_t max_bytes)
{
	struct shd_arena *arena = shd_xcalloc(1, sizeof(*arena));

	arena->max_bytes = max_bytes;
	return arena;
}

static void free_blocks(struct block *newest)
{
	while (newest) {
		struct block *older = newest->next;

		free(newest);
		newest = older;
	}
}

void shd_arena_destroy(struct shd_arena *arena)
{
	if (!arena)
		return;
	free_blocks(arena->newest);
	free(arena);
}

void shd_arena_destroyp(struct shd_arena **arena)
{
	shd_arena_destroy(*arena);
}

void *shd_arena_alloc(struct shd_arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > arena->max_bytes)
		return NULL;
	bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
	if (bytes > arena->max_bytes - arena->used_bytes)
		return NULL;

	struct block *block = arena->newest;
	if (!block || block->size - block->used < bytes) {
		size_t data = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;

		block = checked(malloc(sizeof(*block) + data));
		*block = (struct block){.next = arena->newest, .size = data};
		arena->newest = block;
	}
	void *memory = (char *)block->data + block->used;
	block->used += bytes;
	arena->used_bytes += bytes;
	return memset(memory, 0, bytes);
}

char *shd_arena_text(struct shd_arena *arena, const char *text, size_t len)
{
	char *copy = shd_arena_alloc(arena, len + 1, 1);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

void shd_arena_reset(struct shd_arena *arena)
{
	struct block *first = arena->newest;

	while (first && first->next) {
		struct block *older = first->next;

		free(first);
		first = older;
	}
	if (first)
		first->used = 0;
	arena->newest = first;
	arena->used_bytes = 0;
}

size_t shd_arena_used(const struct shd_arena *arena)
{
	return arena->used_bytes;
}

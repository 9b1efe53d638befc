/* Any bytes as the facts of an outbox row: what is read is written as the same text
 * again and again. */
#include "message/message.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void pack_and_unpack(const struct shd_facts *told, size_t count, struct shd_arena *arena)
{
	const char *once = shd_facts_pack(told, count, arena);
	struct shd_facts *again;
	struct shd_error error;
	size_t n;

	if (!once)
		return; /* the arena is full */
	if (!shd_facts_unpack(once, arena, &again, &n, &error)) {
		shd_assert(error.kind == SHD_ERR_LIMIT);
		return;
	}
	const char *twice = shd_facts_pack(again, n, arena);
	shd_assert(n == count && (!twice || strcmp(once, twice) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SHD_AUTO(shd_arena_destroyp) struct shd_arena *arena = shd_arena_create(4 << 20);
	struct shd_facts *told;
	struct shd_error error;
	size_t count;

	const char *json = shd_arena_text(arena, (const char *)data, size);
	if (!json)
		return 0;
	if (shd_facts_unpack(json, arena, &told, &count, &error))
		pack_and_unpack(told, count, arena);
	else
		shd_assert(*error.msg);
	return 0;
}

#include "json_room.h"

#include "base/mem.h"

#include <jansson.h>
#include <stdlib.h>

/* Under ASan nothing finds room, so that a piece that is kept is found. */
#ifdef __SANITIZE_ADDRESS__
enum { ROOM_BYTES = 1 };
#else
enum { ROOM_BYTES = 32 * 1024 }; /* each thread has touched all of it soon */
#endif
enum { ALIGN = _Alignof(max_align_t) };

static _Thread_local struct {
	_Alignas(max_align_t) char block[ROOM_BYTES];
	size_t used, beyond; /* beyond: taken outside of the block */
	bool open;
} room;

static void *take(size_t bytes)
{
	size_t rounded = (bytes + ALIGN - 1) / ALIGN * ALIGN;

	if (!room.open || rounded < bytes)
		return malloc(bytes);
	if (rounded > ROOM_BYTES - room.used) {
		if (rounded > SHD_JSON_ROOM_MAX - room.beyond)
			return NULL;
		room.beyond += rounded;
		return malloc(bytes);
	}
	void *memory = room.block + room.used;
	room.used += rounded;
	return memory;
}

static void give_back(void *memory)
{
	if ((uintptr_t)memory - (uintptr_t)room.block >= ROOM_BYTES)
		free(memory);
}

void shd_json_room_install(void)
{
	json_set_alloc_funcs(take, give_back);
}

bool shd_json_room_open(void)
{
	shd_assert(!room.open);
	room.open = true;
	room.used = room.beyond = 0;
	return true;
}

void shd_json_room_close(const bool *opened)
{
	room.open = !*opened;
}

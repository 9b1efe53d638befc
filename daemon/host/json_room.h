/* host/json_room.h - where jansson puts what is parsed and dropped within one function.
 *
 * A record becomes some hundred small pieces that all go a moment later. Between open and
 * close, what this thread's jansson takes comes from one block, and close forgets it all at
 * once: no value that was made in between may be kept. Values from before may be freed in
 * between. What the block has no room for comes from malloc, as it does elsewhere, up to
 * SHD_JSON_ROOM_MAX: values take many times their text, `{}` eighty times, and a text of that size
 * that is one record is none of a marketplace. Beyond, jansson has no memory, and says so.
 *
 * The block is a variable of the thread, outside any object: jansson tells its functions of
 * memory no context. Any thread; does not nest. */
#pragma once
#include "base/mem.h"

#define SHD_JSON_ROOM_MAX ((size_t)32 << 20)

/* Once, before the first value of the process is made. */
void shd_json_room_install(void);

/* Opens, and closes at the end of the block. Declared before the values, so that they are
 * released first. */
#define SHD_JSON_ROOM()                                                                            \
	bool json_room __attribute__((unused)) SHD_AUTO(shd_json_room_close) = shd_json_room_open()
bool shd_json_room_open(void);
void shd_json_room_close(const bool *opened);

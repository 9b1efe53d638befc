/* host/files.h - reads whole files and lists folders. Blocks: not on the loop. */
#pragma once
#include "base/text.h"

/* Reads an ordinary file, NUL-terminated. Returns owned in *ret_text. *ret_mode: its
 * permission bits; may be NULL.
 * Errors: MISSING, no such file; IO, cannot be read or is no ordinary file; LIMIT. */
SHD_MUST_USE bool shd_file_read(const char *path, size_t max_bytes, char **ret_text,
				size_t *ret_len, uint32_t *ret_mode,
				struct shd_error *reterr);

/* The names in a folder that end in `suffix` and do not begin with a dot, by byte
 * order. */
struct shd_folder {
	char **names;
	size_t count, capacity;
};

/* Adds the names of the folder at `path`; one that does not exist has none. Names
 * that are there already are not added again. Errors: IO; LIMIT, over 1000. */
SHD_MUST_USE bool shd_folder_add(struct shd_folder *folder, const char *path, const char *suffix,
				 struct shd_error *reterr);
void shd_folder_finish(struct shd_folder *folder);

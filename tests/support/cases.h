/* tests/support/cases.h - folders of input files beside one expected.txt.
 *
 * With UPDATE_CASES=1 in the environment the expected text is written instead of
 * compared: look at the difference before it is committed. */
#pragma once
#include "check.h"

#include "base/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A whole file as NUL-terminated text; the test fails when it cannot be read. */
static inline char *case_file(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};
	char buf[4096];
	size_t got;

	if (!file)
		fail_msg("%s cannot be read", path);
	shd_text_init(&text, 64 << 20);
	while ((got = fread(buf, 1, sizeof(buf), file)) > 0)
		shd_text_add(&text, buf, got);
	fclose(file);
	*ret_len = text.len;
	return shd_text_take(&text);
}

static inline int case_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strcmp(entry->d_name, "expected.txt") != 0;
}

/* Calls `run` for every entry of the folder but expected.txt, by name, and holds
 * what they appended against expected.txt. */
static inline void case_folder(
	const char *folder, void (*run)(const char *path, const char *name, struct shd_text *out))
{
	struct dirent **entries;
	char path[512];
	SHD_AUTO(shd_text_finish) struct shd_text out = {0};
	size_t len;
	int count = scandir(folder, &entries, case_visible, alphasort);

	assert_true(count > 0);
	shd_text_init(&out, 8 << 20);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		shd_text_printf(&out, "== %s\n", entries[i]->d_name);
		run(path, entries[i]->d_name, &out);
		free(entries[i]);
	}
	free(entries);
	assert_true(shd_text_ok(&out));
	snprintf(path, sizeof(path), "%s/expected.txt", folder);
	if (getenv("UPDATE_CASES")) {
		FILE *file = fopen(path, "wb");

		assert_non_null(file);
		assert_int_equal(fwrite(out.data, 1, out.len, file), out.len);
		assert_int_equal(fclose(file), 0);
	}
	char *expected shd_autofree = case_file(path, &len);
	assert_string_equal(out.data, expected);
}

/* support/pack.h - the rules that ship in conf/rules.d, compiled; for the tests of them. */
#pragma once
#include "support/check.h"

#include "rule/language/word_lists.h"
#include "rule/rule.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PACK_FILES_MAX = 16, PACK_FILE_BYTES = 1 << 20 };

struct pack {
	struct shd_doc *docs[PACK_FILES_MAX];
	size_t doc_count;
	struct shd_word_lists *words;
	struct shd_rules *rules;
};

static char *pack_read_file(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	char *text = shd_xcalloc(PACK_FILE_BYTES, 1);

	assert_non_null(file);
	*ret_len = fread(text, 1, PACK_FILE_BYTES - 1, file);
	fclose(file);
	return text;
}

static void pack_load_words(struct pack *pack, struct shd_diags *diags)
{
	glob_t found;

	assert_int_equal(glob(SHD_SOURCE_DIR "/conf/words.d/*.txt", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		size_t len;
		shd_autofree char *text = pack_read_file(found.gl_pathv[i], &len);
		shd_autofree char *name = shd_xstrdup(strrchr(found.gl_pathv[i], '/') + 1);

		*strrchr(name, '.') = '\0';
		assert_true(
			shd_word_lists_add(pack->words, name, found.gl_pathv[i], text, len, diags));
	}
	globfree(&found);
}

static int pack_load(void **state)
{
	struct pack *pack = shd_xcalloc(1, sizeof(*pack));
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(100);
	SHD_AUTO(shd_text_finish) struct shd_text said = {0};
	glob_t found;

	shd_text_init(&said, 1 << 20);
	pack->words = shd_word_lists_create();
	pack_load_words(pack, diags);
	if (glob(SHD_SOURCE_DIR "/conf/rules.d/*.yaml", 0, NULL, &found) != 0 ||
	    found.gl_pathc > PACK_FILES_MAX)
		return -1;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		size_t len;
		shd_autofree char *text = pack_read_file(found.gl_pathv[i], &len);

		struct shd_doc *doc = shd_doc_parse(found.gl_pathv[i], text, len, diags);
		if (doc)
			pack->docs[pack->doc_count++] = doc;
	}
	if (pack->doc_count == found.gl_pathc)
		pack->rules = shd_rules_compile(
			pack->docs, pack->doc_count, NULL, pack->words, diags);
	globfree(&found);
	if (!pack->rules) {
		shd_diags_print(diags, &said);
		fputs(said.data, stderr);
		return -1;
	}
	*state = pack;
	return 0;
}

static int pack_unload(void **state)
{
	struct pack *pack = *state;

	shd_rules_destroy(pack->rules);
	shd_word_lists_destroy(pack->words);
	for (size_t i = 0; i < pack->doc_count; i++)
		shd_doc_destroy(pack->docs[i]);
	free(pack);
	return 0;
}

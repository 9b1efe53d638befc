/* tests/cases/rules-wrong: files with mistakes, and what is said about them.
 *
 * NAME.yaml is read, NAME.expected is the output. With SHD_UPDATE=1 in the
 * environment the expected outputs are written anew: look at the difference. */
#include "support/check.h"

#include "conf/node.h"
#include "rule/rule.h"
#include "settings/settings.h"
#include "rule/language/word_lists.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES = 1 << 20 };

static size_t read_file(const char *path, char *buf, size_t size)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		return 0;
	size_t len = fread(buf, 1, size - 1, file);
	fclose(file);
	buf[len] = '\0';
	return len;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

enum { STORES_MAX = 4 };

/* The part of a case file below `# overrides` is what the configuration says: overrides of
 * all stores, and `stores` with their own. */
static void read_settings(const char *text, struct shd_settings *settings, struct shd_doc **ret_doc,
			  struct shd_diags *diags)
{
	const char *start = strstr(text, "\n# overrides\n");

	*ret_doc = start ? shd_doc_parse("storehealthd.yaml", start + 1, strlen(start + 1), diags)
			 : NULL;
	if (!*ret_doc)
		return;
	const struct shd_node *root = shd_doc_root(*ret_doc),
			      *stores = shd_node_get(root, "stores");
	settings->overrides = shd_node_get(root, "overrides");
	settings->store_count = stores ? stores->count : 0;
	assert_true(settings->store_count <= STORES_MAX);
	for (size_t i = 0; i < settings->store_count; i++)
		settings->stores[i] = (struct shd_store){
			.id = "s", .overrides = shd_node_get(&stores->items[i], "overrides")};
}

static void judge_file(const char *path, const char *text, size_t len, struct shd_text *out)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(100);
	struct shd_word_lists *words = shd_word_lists_create();
	const char *name = strrchr(path, '/') + 1, *cut = strstr(text, "\n# overrides\n");
	struct shd_store stores[STORES_MAX] = {0};
	struct shd_settings settings = {.stores = stores};
	struct shd_doc *config;

	assert_true(shd_word_lists_add(
		words, "ozon_banned", "ozon_banned.txt", "original\n", 9, diags));
	struct shd_doc *doc =
		shd_doc_parse(name, text, cut ? (size_t)(cut - text) + 1 : len, diags);
	read_settings(text, &settings, &config, diags);
	if (doc) {
		struct shd_rule_setup setup = shd_settings_for_rules(&settings);
		struct shd_rules *rules = shd_rules_compile(&doc, 1, &setup, words, diags);

		assert_true((rules != NULL) == (shd_diags_mistakes(diags) == 0));
		shd_rules_destroy(rules);
	}
	shd_diags_print(diags, out);
	shd_doc_destroy(doc);
	shd_doc_destroy(config);
	shd_word_lists_destroy(words);
}

static void every_wrong_file_gets_its_diagnostics(void **state)
{
	static char text[FILE_BYTES], expected[FILE_BYTES];
	int different = 0;
	glob_t files;

	(void)state;
	assert_int_equal(
		glob(SHD_SOURCE_DIR "/tests/cases/rules-wrong/*.yaml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		SHD_AUTO(shd_text_finish) struct shd_text out = {0}, path = {0};
		const char *yaml = files.gl_pathv[i];
		size_t len = read_file(yaml, text, sizeof(text));

		shd_text_init(&out, FILE_BYTES);
		shd_text_init(&path, 4096);
		shd_text_printf(&path, "%.*s.expected", (int)(strlen(yaml) - 5), yaml);
		judge_file(yaml, text, len, &out);
		if (getenv("SHD_UPDATE"))
			write_file(path.data, out.data);
		expected[0] = '\0';
		read_file(path.data, expected, sizeof(expected));
		if (strcmp(out.data, expected) == 0)
			continue;
		different++;
		print_error("%s\n--- expected\n%s--- found\n%s", yaml, expected, out.data);
	}
	assert_true(files.gl_pathc >= 30);
	globfree(&files);
	assert_int_equal(different, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wrong_file_gets_its_diagnostics),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* conf/: YAML files as nodes with places, and what is said about wrong ones. */
#include "support/cases.h"

#include "conf/node.h"

#include <unistd.h>

static void print_mistakes(const char *path, const char *name, struct shd_text *out)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(20);
	size_t len;
	char *text shd_autofree = case_file(path, &len);
	SHD_AUTO(shd_doc_destroyp) struct shd_doc *doc = shd_doc_parse(name, text, len, diags);

	(void)doc; /* for clang 14, which does not count the cleanup as a use */
	assert_true(shd_diags_mistakes(diags) > 0);
	shd_diags_print(diags, out);
	assert_null(strstr(out->data, "hush"));
}

static void wrong_files_are_explained(void **state)
{
	(void)state;
	case_folder(SHD_SOURCE_DIR "/tests/cases/conf-yaml", print_mistakes);
}

/* The YAML library would like to write to stderr by itself. */
static void reading_prints_nothing(void **state)
{
	int saved = dup(STDERR_FILENO);
	FILE *caught = tmpfile();

	(void)state;
	assert_true(saved >= 0 && caught);
	dup2(fileno(caught), STDERR_FILENO);
	case_folder(SHD_SOURCE_DIR "/tests/cases/conf-yaml", print_mistakes);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(fseek(caught, 0, SEEK_END), 0);
	assert_int_equal(ftell(caught), 0);
	fclose(caught);
}

static struct shd_doc *parse(const char *text)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(20);
	struct shd_doc *doc = shd_doc_parse("x.yaml", text, strlen(text), diags);

	assert_int_equal(shd_diags_mistakes(diags), 0);
	assert_non_null(doc);
	return doc;
}

static void nodes_know_their_place(void **state)
{
	static const char text[] = "# comment\n"
				   "名: 'it''s'\n"
				   "list:\n"
				   "- one\n"
				   "- {two: \"2\"}\n"
				   "block: |\n"
				   "  first\n"
				   "  second\n"
				   "none:\n";
	SHD_AUTO(shd_doc_destroyp) struct shd_doc *doc = parse(text);
	const struct shd_node *root = shd_doc_root(doc);

	(void)state;
	assert_int_equal(root->type, SHD_NODE_MAP);
	assert_int_equal(root->count, 4);
	const struct shd_node *name = shd_node_get(root, "名");
	assert_string_equal(name->text, "it's");
	assert_true(name->quoted);
	assert_int_equal(name->line, 2);
	assert_int_equal(name->col, 4);
	assert_int_equal(name->width, 7);
	const struct shd_node *list = shd_node_get(root, "list");
	assert_int_equal(list->type, SHD_NODE_LIST);
	assert_int_equal(list->count, 2);
	assert_int_equal(list->items[0].line, 4);
	assert_int_equal(list->items[0].col, 3);
	assert_false(list->items[0].quoted);
	const struct shd_node *two = shd_node_get(&list->items[1], "two");
	assert_string_equal(two->text, "2");
	assert_int_equal(two->col, 9);
	const struct shd_node *block = shd_node_get(root, "block");
	assert_string_equal(block->text, "first\nsecond\n");
	assert_int_equal(block->line, 7);
	assert_int_equal(block->col, 3);
	const struct shd_node *none = shd_node_get(root, "none");
	assert_int_equal(none->len, 0);
	assert_int_equal(none->line, 9);
	assert_null(shd_node_get(root, "absent"));
	assert_null(shd_node_get(name, "absent"));
}

static void empty_files_have_no_root(void **state)
{
	static const char *const cases[] = {"", "\n\n", "# only a comment\n", "\xEF\xBB\xBF"};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		SHD_AUTO(shd_doc_destroyp) struct shd_doc *doc = parse(cases[i]);

		assert_null(shd_doc_root(doc));
	}
}

static void aliases_repeat_a_value(void **state)
{
	SHD_AUTO(shd_doc_destroyp) struct shd_doc *doc = parse("a: &x {b: 1}\nc: [*x, *x]\n");
	const struct shd_node *list = shd_node_get(shd_doc_root(doc), "c");

	(void)state;
	assert_int_equal(list->count, 2);
	assert_string_equal(shd_node_get(&list->items[1], "b")->text, "1");
}

/* `mark` is the word whose place inside the scalar is asked for; line and column
 * are where an editor shows it. */
static void offsets_map_back_to_the_source(void **state)
{
	static const struct {
		const char *yaml, *mark;
		int line, col;
	} cases[] = {
		{"v: one two\n", "two", 1, 8},
		{"v: 'it''s here'\n", "here", 1, 11},
		{"v: \"a\\tb \\u0416 here\"\n", "here", 1, 17},
		{"v: \"日本 here\"\n", "here", 1, 8},
		{"v: one\n  two\n\n   three four\n", "four", 4, 10},
		{"v: \"one\n  two \\\n  here\"\n", "here", 3, 3},
		{"v: 'one\n  it''s here'\n", "here", 2, 9},
		{"v: |\n  one\n    two here\n", "here", 3, 9},
		{"v: |\n\n  one\n", "one", 3, 3},
		{"v: >-\n  one\n  two\n\n  three here\n", "here", 5, 9},
		{"v: >\n  one\r\n  two\r\n", "two", 3, 3},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(20);
		SHD_AUTO(shd_doc_destroyp) struct shd_doc *doc = parse(cases[i].yaml);
		const struct shd_node *node = shd_node_get(shd_doc_root(doc), "v");
		const char *at = strstr(node->text, cases[i].mark);

		assert_non_null(at);
		shd_node_mistake_at(node, (size_t)(at - node->text), strlen(cases[i].mark), diags,
			NULL, "case %zu", i);
		const struct shd_diag *diag = shd_diags_at(diags, 0);
		if (diag->line != cases[i].line || diag->col != cases[i].col ||
			diag->width != (int)strlen(cases[i].mark))
			fail_msg("case %zu: %d:%d width %d", i, diag->line, diag->col, diag->width);
	}
}

static void the_end_of_a_text_has_a_place(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(20);
	SHD_AUTO(shd_doc_destroyp) struct shd_doc *doc = parse("v: rating <\n");
	const struct shd_node *node = shd_node_get(shd_doc_root(doc), "v");

	(void)state;
	shd_node_mistake_at(node, node->len, 1, diags, NULL, "something is missing");
	assert_int_equal(shd_diags_at(diags, 0)->col, 12);
}

static void a_file_over_the_limit_is_refused(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(20);
	size_t len = (4 << 20) + 1;
	char *text shd_autofree = shd_xcalloc(len + 1, 1);

	(void)state;
	memset(text, '#', len);
	assert_null(shd_doc_parse("big.yaml", text, len, diags));
	assert_string_equal(shd_diags_at(diags, 0)->text, "larger than 4 MB");
	SHD_AUTO(shd_doc_destroyp) struct shd_doc *doc =
		shd_doc_parse("ok.yaml", text, len - 1, diags);
	assert_non_null(doc);
}

static void too_many_values_are_refused(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(20);
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};

	(void)state;
	shd_text_init(&text, 4 << 20);
	for (int i = 0; i < 200000; i++)
		shd_text_puts(&text, "- x\n");
	assert_null(shd_doc_parse("many.yaml", text.data, text.len, diags));
	assert_string_equal(
		shd_diags_at(diags, 0)->text, "more than 200000 values in one file");
}

/* Of characters with two bytes and with one, over several kilobytes. */
static void columns_are_right_in_a_line_without_end(void **state)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};

	(void)state;
	shd_text_init(&text, 1 << 20);
	shd_text_puts(&text, "short: 1\nlist: [");
	for (int i = 0; i < 3000; i++)
		shd_text_puts(&text, i ? ", яa" : "яa");
	shd_text_puts(&text, "]\nlast: 2\n");
	SHD_AUTO(shd_doc_destroyp) struct shd_doc *doc = parse(text.data);
	const struct shd_node *list = shd_node_get(shd_doc_root(doc), "list");

	assert_int_equal(list->count, 3000);
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(list->items[i].line, 2);
		assert_int_equal(list->items[i].col, 8 + 4 * i);
		assert_int_equal(list->items[i].width, 2);
	}
	assert_int_equal(shd_node_get(shd_doc_root(doc), "last")->col, 7);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_files_are_explained),
		cmocka_unit_test(reading_prints_nothing),
		cmocka_unit_test(nodes_know_their_place),
		cmocka_unit_test(columns_are_right_in_a_line_without_end),
		cmocka_unit_test(empty_files_have_no_root),
		cmocka_unit_test(aliases_repeat_a_value),
		cmocka_unit_test(offsets_map_back_to_the_source),
		cmocka_unit_test(the_end_of_a_text_has_a_place),
		cmocka_unit_test(a_file_over_the_limit_is_refused),
		cmocka_unit_test(too_many_values_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

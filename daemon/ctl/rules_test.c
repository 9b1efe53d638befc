/* storehealthctl rules test FILE...: tries the rules on a virtual clock. Needs no
 * daemon and no network. */
#include "ctl/ctl.h"

#include "alert/scenario.h"
#include "config.h"
#include "folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DIAGS_MAX = 1000, FILE_BYTES = 4 << 20, REPORT_BYTES = 64 << 20 };

struct tally {
	struct shd_ctl *ctl;
	const struct shd_config *config;
	struct shd_diags *diags;
	size_t files, tests, bad, expected;
	size_t file_tests, file_bad; /* of the present file */
	struct shd_text cases;       /* JUnit, of the present file */
	struct shd_text junit;
	json_t *list;
};

static void add_case(struct tally *tally, const struct shd_scenario_result *result, bool good)
{
	struct shd_text *out = &tally->cases;

	shd_text_puts(out, "    <testcase name=\"");
	shd_text_put_xml(out, result->name);
	shd_text_puts(out, "\" classname=\"");
	shd_text_put_xml(out, result->file);
	shd_text_printf(out, "\" file=\"");
	shd_text_put_xml(out, result->file);
	shd_text_printf(out, "\" line=\"%d\"", result->line);
	if (good) {
		shd_text_puts(out, "/>\n");
		return;
	}
	shd_text_puts(out, ">\n      <failure message=\"");
	shd_text_put_xml(out, result->unreadable ? "the test has mistakes" : result->text);
	shd_text_puts(out, "\"/>\n    </testcase>\n");
}

static void tell(void *ctx, const struct shd_scenario_result *result)
{
	struct tally *tally = ctx;
	bool good = !result->unreadable && !result->failed;

	tally->tests++;
	tally->file_tests++;
	tally->bad += !good;
	tally->file_bad += !good;
	tally->expected += result->expected;
	add_case(tally, result, good);
	json_array_append_new(tally->list,
		json_pack("{s:s, s:s, s:i, s:b, s:b, s:I, s:I, s:s}", "file", result->file, "test",
			result->name, "line", result->line, "ok", good, "unreadable",
			result->unreadable, "expected", (json_int_t)result->expected, "failed",
			(json_int_t)result->failed, "text", result->text));
	if (tally->ctl->json)
		return;
	struct shd_text *out = &tally->ctl->out;
	shd_paint(out, tally->ctl->colour, good ? SHD_GOOD : SHD_BAD, good ? "ok  " : "FAIL");
	shd_text_printf(out, "  %s\n", result->name);
}

static void mistake(struct tally *tally, const char *file, const char *text)
{
	struct shd_diag diag = {.severity = SHD_MISTAKE, .file = file, .text = text};

	shd_diags_add(tally->diags, &diag);
}

static void test_file(struct tally *tally, const char *path)
{
	struct shd_error err;
	char *text shd_autofree = NULL;
	size_t len;

	if (!shd_file_read(path, FILE_BYTES, &text, &len, NULL, &err)) {
		mistake(tally, path, err.msg);
		return;
	}
	struct shd_doc *doc SHD_AUTO(shd_doc_destroyp) =
		shd_doc_parse(path, text, len, tally->diags);
	if (!doc)
		return;
	tally->files++;
	tally->file_tests = tally->file_bad = 0;
	shd_text_clear(&tally->cases);
	size_t mistakes = shd_diags_mistakes(tally->diags);
	shd_scenarios_run(
		doc, tally->config->rules, tally->config->words, tally->diags, tell, tally);
	if (!tally->file_tests && shd_diags_mistakes(tally->diags) == mistakes)
		mistake(tally, path, "there are no tests in this file");
	shd_text_puts(&tally->junit, "  <testsuite name=\"");
	shd_text_put_xml(&tally->junit, path);
	shd_text_printf(&tally->junit, "\" tests=\"%zu\" failures=\"%zu\">\n%s  </testsuite>\n",
		tally->file_tests, tally->file_bad, tally->cases.data);
}

/* A file, or every *.yaml of a folder. */
static void test_path(struct tally *tally, const char *path)
{
	SHD_AUTO(shd_folder_finish) struct shd_folder folder = {0};
	struct shd_error err;
	struct stat facts;

	if (stat(path, &facts) != 0 || !S_ISDIR(facts.st_mode)) {
		test_file(tally, path);
		return;
	}
	if (!shd_folder_add(&folder, path, ".yaml", &err))
		mistake(tally, path, err.msg);
	else if (!folder.count)
		mistake(tally, path, "there are no tests (*.yaml) in this folder");
	for (size_t i = 0; i < folder.count; i++) {
		struct shd_text name SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&name, 8192);
		shd_text_printf(&name, "%s/%s", path, folder.names[i]);
		test_file(tally, name.data);
	}
}

static bool write_junit(const struct tally *tally, const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file) {
		fprintf(stderr, "storehealthctl: %s: %m\n", path);
		return false;
	}
	fprintf(file,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites tests=\"%zu\" failures=\"%zu\">\n%s</testsuites>\n",
		tally->tests, tally->bad, tally->junit.data);
	bool written = !ferror(file);
	if (fclose(file) == 0 && written)
		return true;
	fprintf(stderr, "storehealthctl: %s: %m\n", path);
	return false;
}

static void print_summary(struct tally *tally)
{
	struct shd_ctl *ctl = tally->ctl;

	if (ctl->json) {
		json_auto_t *answer = json_pack("{s:I, s:I, s:O, s:o}", "tests",
			(json_int_t)tally->tests, "failed", (json_int_t)tally->bad, "results",
			tally->list, "diagnostics", shd_ctl_diags_json(tally->diags));

		shd_ctl_print_json(ctl, answer);
		return;
	}
	shd_text_printf(&ctl->out, "%zu tests in %zu files, %zu expectations: ", tally->tests,
		tally->files, tally->expected);
	if (tally->bad)
		shd_text_printf(&ctl->out, "%zu failed\n", tally->bad);
	else
		shd_text_puts(&ctl->out, shd_diags_mistakes(tally->diags) ? "not all could be read\n"
									: "all good\n");
}

enum shd_exit shd_ctl_rules_test(struct shd_ctl *ctl)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(DIAGS_MAX);
	struct shd_config *config = shd_config_load_rules(ctl->rules, diags);
	json_auto_t *list = json_array();
	struct tally tally = {.ctl = ctl, .config = config, .diags = diags, .list = list};
	bool ok = true;

	shd_text_init(&tally.cases, REPORT_BYTES);
	shd_text_init(&tally.junit, REPORT_BYTES);
	for (size_t i = 0; config && i < ctl->argument_count; i++)
		test_path(&tally, ctl->arguments[i]);
	print_summary(&tally);
	if (!ctl->json)
		shd_ctl_print_diags(diags);
	if (ctl->junit)
		ok = write_junit(&tally, ctl->junit);
	ok = ok && !tally.bad && !shd_diags_mistakes(diags) && shd_text_ok(&tally.junit);
	shd_text_finish(&tally.cases);
	shd_text_finish(&tally.junit);
	shd_config_destroy(config);
	return ok ? SHD_EXIT_OK : SHD_EXIT_NO;
}

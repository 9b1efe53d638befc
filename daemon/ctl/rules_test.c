/* storehealthctl rules test FILE...: tries the rules on a virtual clock. Needs no
 * daemon and no network. */
#include "ctl.h"

#include "trial/scenario.h"
#include "config/config.h"
#include "junit.h"
#include "host/files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DIAGS_MAX = 1000, FILE_BYTES = 4 << 20, MISTAKES_BYTES = 1 << 16 };

struct tally {
	struct shd_ctl *ctl;
	const struct shd_config *config;
	struct shd_diags *diags;
	size_t files, tests, bad, expected;
	size_t broken;               /* files that could not be read as they should */
	size_t file_tests, file_bad; /* of the present file */
	struct shd_junit junit;
	json_t *list;
};

static enum shd_junit_result result_of(const struct shd_scenario_result *result)
{
	if (result->unreadable)
		return SHD_JUNIT_ERROR;
	return result->failed ? SHD_JUNIT_FAILURE : SHD_JUNIT_GOOD;
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
	shd_junit_case(&tally->junit, result->file, result->line, result->name, result_of(result),
		result->unreadable ? "the test has mistakes" : result->text);
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

/* A case of its own for a file whose mistakes belong to none: CI must not take what could
 * not be read for what is good. */
static void add_broken(struct tally *tally, const char *file)
{
	struct shd_text text SHD_AUTO(shd_text_finish) = {0};
	int line = 0;

	shd_text_init(&text, MISTAKES_BYTES);
	for (size_t i = 0; i < shd_diags_count(tally->diags); i++) {
		const struct shd_diag *diag = shd_diags_at(tally->diags, i);

		if (diag->severity != SHD_MISTAKE || strcmp(diag->file, file) != 0)
			continue;
		line = line ? line : diag->line;
		if (text.len)
			shd_text_putc(&text, '\n');
		if (diag->line)
			shd_text_printf(&text, "%d:%d: ", diag->line, diag->col);
		shd_text_puts(&text, diag->text);
	}
	tally->broken++;
	shd_junit_case(
		&tally->junit, file, line, "the file can be read", SHD_JUNIT_ERROR, text.data);
}

/* False when the file itself has mistakes. */
static bool run_tests(struct tally *tally, const struct shd_doc *doc, const char *path)
{
	const struct shd_config *config = tally->config;
	size_t before = shd_diags_mistakes(tally->diags);

	shd_scenarios_run(doc, config->rules, config->settings, tally->diags, tell,
		tally);
	if (!tally->file_tests && shd_diags_mistakes(tally->diags) == before)
		mistake(tally, path, "there are no tests in this file");
	return tally->file_bad || shd_diags_mistakes(tally->diags) == before;
}

static void test_file(struct tally *tally, const char *path)
{
	size_t before = shd_diags_mistakes(tally->diags), len;
	struct shd_doc *doc SHD_AUTO(shd_doc_destroyp) = NULL;
	struct shd_error err;
	char *text shd_autofree = NULL;

	tally->file_tests = tally->file_bad = 0;
	if (shd_file_read(path, FILE_BYTES, &text, &len, NULL, &err))
		doc = shd_doc_parse(path, text, len, tally->diags);
	else
		mistake(tally, path, err.msg);
	bool good = shd_diags_mistakes(tally->diags) == before;
	tally->files += doc != NULL;
	if (doc && !run_tests(tally, doc, path))
		good = false;
	if (!good)
		add_broken(tally, path);
	shd_junit_suite(&tally->junit, path);
}

/* Rules or a configuration with mistakes: nothing can be tried. They are sorted by file. */
static void add_broken_rules(struct tally *tally)
{
	const char *last = "";

	for (size_t i = 0; i < shd_diags_count(tally->diags); i++) {
		const struct shd_diag *diag = shd_diags_at(tally->diags, i);

		if (diag->severity != SHD_MISTAKE || strcmp(diag->file, last) == 0)
			continue;
		last = diag->file;
		add_broken(tally, last);
		shd_junit_suite(&tally->junit, last);
	}
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
	bool listed = shd_folder_add(&folder, path, ".yaml", &err);
	if (!listed || !folder.count) {
		mistake(tally, path,
			listed ? "there are no tests (*.yaml) in this folder" : err.msg);
		add_broken(tally, path);
		shd_junit_suite(&tally->junit, path);
	}
	for (size_t i = 0; i < folder.count; i++) {
		struct shd_text name SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&name, 8192);
		shd_text_printf(&name, "%s/%s", path, folder.names[i]);
		test_file(tally, name.data);
	}
}

static void print_summary(struct tally *tally)
{
	struct shd_ctl *ctl = tally->ctl;

	if (ctl->json) {
		json_auto_t *answer = json_pack("{s:I, s:I, s:I, s:O, s:o}", "tests",
			(json_int_t)tally->tests, "failed", (json_int_t)tally->bad, "broken_files",
			(json_int_t)tally->broken, "results", tally->list, "diagnostics",
			shd_ctl_diags_json(tally->diags));

		shd_ctl_print_json(ctl, answer);
		return;
	}
	shd_text_printf(&ctl->out, "%zu test%s in %zu file%s, %zu expectation%s: ", tally->tests,
		SHD_S(tally->tests), tally->files, SHD_S(tally->files), tally->expected,
		SHD_S(tally->expected));
	if (tally->bad)
		shd_text_printf(&ctl->out, "%zu failed", tally->bad);
	if (tally->broken)
		shd_text_printf(&ctl->out, "%s%zu file%s could not be read", tally->bad ? ", " : "",
			tally->broken, SHD_S(tally->broken));
	shd_text_puts(&ctl->out, tally->bad || tally->broken ? "\n" : "all good\n");
}

enum shd_exit shd_ctl_rules_test(struct shd_ctl *ctl)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(DIAGS_MAX);
	struct shd_config *config = ctl->config
		? shd_config_load_trial(ctl->config, ctl->rules, diags)
		: shd_config_load_rules(ctl->rules, diags);
	json_auto_t *list = json_array();
	struct tally tally = {.ctl = ctl, .config = config, .diags = diags, .list = list};
	bool ok = true;

	shd_junit_init(&tally.junit);
	if (!config)
		add_broken_rules(&tally);
	for (size_t i = 0; config && i < ctl->argument_count; i++)
		test_path(&tally, ctl->arguments[i]);
	print_summary(&tally);
	if (!ctl->json)
		shd_ctl_print_diags(diags);
	if (ctl->junit)
		ok = shd_junit_write(&tally.junit, ctl->junit);
	ok = ok && !tally.bad && !shd_diags_mistakes(diags);
	shd_junit_finish(&tally.junit);
	shd_config_destroy(config);
	return ok ? SHD_EXIT_OK : SHD_EXIT_NO;
}

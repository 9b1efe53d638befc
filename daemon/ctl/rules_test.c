/* storehealthctl rules test FILE...: runs tests of the rules on a virtual clock. Needs no daemon
 * and no network. */
#include "ctl.h"

#include "trial/scenario.h"
#include "config/config.h"
#include "junit.h"
#include "host/files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DIAGS_MAX = 1000, FILE_BYTES = 4 << 20, MISTAKES_BYTES = 1 << 16 };

/* What came of all tests so far. */
struct report {
	struct shd_ctl *ctl;
	const struct shd_config *config;
	struct shd_diags *diags;
	size_t files, tests, expected;
	size_t failed;                  /* tests that ran, and did not hold */
	size_t unread;                  /* tests with mistakes */
	size_t failed_expectations;
	size_t unreadable_files;        /* that have mistakes outside of their tests */
	size_t file_tests, file_failed; /* of the current file */
	struct shd_junit junit;
	json_t *list;
};

static enum shd_junit_result result_of(const struct shd_scenario_result *result)
{
	if (result->unreadable)
		return SHD_JUNIT_ERROR;
	return result->failed ? SHD_JUNIT_FAILURE : SHD_JUNIT_GOOD;
}

static void add_result(void *ctx, const struct shd_scenario_result *result)
{
	struct report *report = ctx;
	bool good = !result->unreadable && !result->failed;

	report->tests++;
	report->file_tests++;
	report->failed += !result->unreadable && result->failed;
	report->unread += result->unreadable;
	report->file_failed += !good;
	report->expected += result->expected;
	report->failed_expectations += result->failed;
	shd_junit_case(&report->junit, result->file, result->line, result->name, result_of(result),
		result->unreadable ? "the test has mistakes" : result->text);
	json_array_append_new(report->list,
		json_pack("{s:s, s:s, s:i, s:b, s:b, s:I, s:I, s:s}", "file", result->file, "test",
			result->name, "line", result->line, "ok", good, "unreadable",
			result->unreadable, "expected", (json_int_t)result->expected, "failed",
			(json_int_t)result->failed, "text", result->text));
	if (report->ctl->json)
		return;
	struct shd_text *out = &report->ctl->out;
	shd_paint_text(
		out, report->ctl->screen.colour, good ? SHD_GOOD : SHD_BAD, good ? "ok  " : "FAIL");
	shd_text_printf(out, "  %s\n", result->name);
}

static void add_mistake(struct report *report, const char *file, const char *text)
{
	struct shd_diag diag = {.severity = SHD_MISTAKE, .file = file, .text = text};

	shd_diags_add(report->diags, &diag);
}

/* Adds a case for a file with mistakes outside of its tests, so that CI does not take it for good.
 */
static void add_unreadable_file(struct report *report, const char *file)
{
	struct shd_text text SHD_AUTO(shd_text_finish) = {0};
	int line = 0;

	shd_text_init(&text, MISTAKES_BYTES);
	for (size_t i = 0; i < shd_diags_count(report->diags); i++) {
		const struct shd_diag *diag = shd_diags_at(report->diags, i);

		if (diag->severity != SHD_MISTAKE || strcmp(diag->file, file) != 0)
			continue;
		line = line ? line : diag->line;
		if (text.len)
			shd_text_putc(&text, '\n');
		if (diag->line)
			shd_text_printf(&text, "%d:%d: ", diag->line, diag->col);
		shd_text_puts(&text, diag->text);
	}
	report->unreadable_files++;
	shd_junit_case(
		&report->junit, file, line, "the file can be read", SHD_JUNIT_ERROR, text.data);
}

/* False: the file has mistakes outside of its tests. */
static bool run_tests(struct report *report, const struct shd_doc *doc, const char *path)
{
	const struct shd_config *config = report->config;
	size_t before = shd_diags_mistakes(report->diags);

	const struct shd_scenario_listener listener = {.report = add_result, .ctx = report};
	shd_scenarios_run(doc, config->rules, config->settings, report->diags, &listener);
	if (!report->file_tests && shd_diags_mistakes(report->diags) == before)
		add_mistake(report, path, "there are no tests in this file");
	return report->file_failed || shd_diags_mistakes(report->diags) == before;
}

static void test_file(struct report *report, const char *path)
{
	size_t before = shd_diags_mistakes(report->diags), len;
	struct shd_doc *doc SHD_AUTO(shd_doc_destroyp) = NULL;
	struct shd_error err;
	char *text shd_autofree = NULL;

	report->file_tests = report->file_failed = 0;
	if (shd_file_read(path, FILE_BYTES, &text, &len, NULL, &err))
		doc = shd_doc_parse(path, text, len, report->diags);
	else
		add_mistake(report, path, err.msg);
	bool good = shd_diags_mistakes(report->diags) == before;
	report->files += doc != NULL;
	if (doc && !run_tests(report, doc, path))
		good = false;
	if (!good)
		add_unreadable_file(report, path);
	shd_junit_suite(&report->junit, path);
}

/* The rules or the configuration have mistakes, so no test was run: adds a case for each such file.
 * Diagnostics are sorted by file. */
static void add_unreadable_rules(struct report *report)
{
	const char *last = "";

	for (size_t i = 0; i < shd_diags_count(report->diags); i++) {
		const struct shd_diag *diag = shd_diags_at(report->diags, i);

		if (diag->severity != SHD_MISTAKE || strcmp(diag->file, last) == 0)
			continue;
		last = diag->file;
		add_unreadable_file(report, last);
		shd_junit_suite(&report->junit, last);
	}
}

/* A file, or every *.yaml of a folder. */
static void test_path(struct report *report, const char *path)
{
	SHD_AUTO(shd_folder_finish) struct shd_folder folder = {0};
	struct shd_error err;
	struct stat facts;

	if (stat(path, &facts) != 0 || !S_ISDIR(facts.st_mode)) {
		test_file(report, path);
		return;
	}
	bool listed = shd_folder_add(&folder, path, ".yaml", &err);
	if (!listed || !folder.count) {
		add_mistake(report, path,
			listed ? "there are no tests (*.yaml) in this folder" : err.msg);
		add_unreadable_file(report, path);
		shd_junit_suite(&report->junit, path);
	}
	for (size_t i = 0; i < folder.count; i++) {
		struct shd_text name SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&name, 8192);
		shd_text_printf(&name, "%s/%s", path, folder.names[i]);
		test_file(report, name.data);
	}
}

static void print_summary(struct report *report)
{
	struct shd_ctl *ctl = report->ctl;

	if (ctl->json) {
		json_auto_t *answer = json_pack("{s:I, s:I, s:I, s:O, s:o}", "tests",
			(json_int_t)report->tests, "failed",
			(json_int_t)(report->failed + report->unread),
			"broken_files", (json_int_t)report->unreadable_files, "results",
			report->list, "diagnostics", shd_ctl_diags_json(report->diags));

		shd_ctl_print_json(ctl, answer);
		return;
	}
	shd_text_printf(&ctl->out, "%zu test%s in %zu file%s, %zu expectation%s: ", report->tests,
		SHD_S(report->tests), report->files, SHD_S(report->files), report->expected,
		SHD_S(report->expected));
	const char *gap = "";
	if (report->failed) {
		shd_text_printf(&ctl->out, "%zu failed (%zu expectation%s)", report->failed,
			report->failed_expectations, SHD_S(report->failed_expectations));
		gap = ", ";
	}
	if (report->unread) {
		shd_text_printf(&ctl->out, "%s%zu test%s could not be run", gap, report->unread,
			SHD_S(report->unread));
		gap = ", ";
	}
	if (report->unreadable_files)
		shd_text_printf(&ctl->out, "%s%zu file%s could not be read", gap,
			report->unreadable_files, SHD_S(report->unreadable_files));
	bool good = !report->failed && !report->unread && !report->unreadable_files;
	shd_text_puts(&ctl->out, good ? "all good\n" : "\n");
}

enum shd_exit shd_ctl_rules_test(struct shd_ctl *ctl)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(DIAGS_MAX);
	struct shd_config *config = ctl->config
		? shd_config_load_trial(ctl->config, ctl->rules, diags)
		: shd_config_load_rules(ctl->rules, diags);
	json_auto_t *list = json_array();
	struct report report = {.ctl = ctl, .config = config, .diags = diags, .list = list};
	bool ok = true;

	shd_junit_init(&report.junit);
	if (!config)
		add_unreadable_rules(&report);
	for (size_t i = 0; config && i < ctl->argument_count; i++)
		test_path(&report, ctl->arguments[i]);
	print_summary(&report);
	if (!ctl->json)
		shd_ctl_print_diags(diags);
	if (ctl->junit)
		ok = shd_junit_write(&report.junit, ctl->junit);
	ok = ok && !report.failed && !report.unread && !shd_diags_mistakes(diags);
	shd_junit_finish(&report.junit);
	shd_config_destroy(config);
	return ok ? SHD_EXIT_OK : SHD_EXIT_NO;
}

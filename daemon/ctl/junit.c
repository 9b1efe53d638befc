#include "junit.h"

#include <stdio.h>

enum { REPORT_BYTES = 64 << 20 };

void shd_junit_init(struct shd_junit *junit)
{
	*junit = (struct shd_junit){0};
	shd_text_init(&junit->suites, REPORT_BYTES);
	shd_text_init(&junit->cases, REPORT_BYTES);
}

void shd_junit_finish(struct shd_junit *junit)
{
	shd_text_finish(&junit->suites);
	shd_text_finish(&junit->cases);
}

static void add_attribute(struct shd_text *out, const char *name, const char *text)
{
	shd_text_printf(out, " %s=\"", name);
	shd_text_put_xml(out, text);
	shd_text_putc(out, '"');
}

static void count(struct shd_junit_count *counted, enum shd_junit_result result)
{
	counted->tests++;
	counted->failures += result == SHD_JUNIT_FAILURE;
	counted->errors += result == SHD_JUNIT_ERROR;
}

void shd_junit_case(struct shd_junit *junit, const char *file, int line, const char *name,
		    enum shd_junit_result result, const char *text)
{
	struct shd_text *out = &junit->cases;

	count(&junit->suite, result);
	count(&junit->all, result);
	shd_text_puts(out, "    <testcase");
	add_attribute(out, "name", name);
	add_attribute(out, "classname", file);
	add_attribute(out, "file", file);
	if (line)
		shd_text_printf(out, " line=\"%d\"", line);
	if (result == SHD_JUNIT_GOOD) {
		shd_text_puts(out, "/>\n");
		return;
	}
	shd_text_printf(out, ">\n      <%s", result == SHD_JUNIT_ERROR ? "error" : "failure");
	add_attribute(out, "message", text);
	shd_text_puts(out, "/>\n    </testcase>\n");
}

void shd_junit_suite(struct shd_junit *junit, const char *name)
{
	const struct shd_junit_count *suite = &junit->suite;

	if (!suite->tests)
		return;
	shd_text_puts(&junit->suites, "  <testsuite");
	add_attribute(&junit->suites, "name", name);
	shd_text_printf(&junit->suites,
		" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n%s  </testsuite>\n", suite->tests,
		suite->failures, suite->errors, junit->cases.data);
	shd_text_clear(&junit->cases);
	junit->suite = (struct shd_junit_count){0};
}

bool shd_junit_write(const struct shd_junit *junit, const char *path)
{
	const struct shd_junit_count *all = &junit->all;
	bool whole = shd_text_ok(&junit->suites) && shd_text_ok(&junit->cases);
	FILE *file = whole ? fopen(path, "we") : NULL;

	if (!whole)
		fprintf(stderr, "storehealthctl: %s: more than %d bytes\n", path, REPORT_BYTES);
	else if (!file)
		fprintf(stderr, "storehealthctl: %s: %m\n", path);
	if (!file)
		return false;
	fprintf(file,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites tests=\"%zu\" failures=\"%zu\" errors=\"%zu\">\n%s</testsuites>\n",
		all->tests, all->failures, all->errors, junit->suites.data);
	bool written = !ferror(file);
	if (fclose(file) == 0 && written)
		return true;
	fprintf(stderr, "storehealthctl: %s: %m\n", path);
	return false;
}

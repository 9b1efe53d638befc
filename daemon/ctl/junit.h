/* ctl/junit.h - a report as CI systems read it: suites, which are files, of cases. */
#pragma once
#include "base/text.h"

struct shd_junit_count {
	size_t tests, failures, errors;
};

struct shd_junit {
	struct shd_text suites, cases;
	struct shd_junit_count all, suite;
};

enum shd_junit_result { SHD_JUNIT_GOOD, SHD_JUNIT_FAILURE, SHD_JUNIT_ERROR };

/* An empty report; its memory. */
void shd_junit_init(struct shd_junit *junit);
void shd_junit_finish(struct shd_junit *junit);

/* A case of the suite under way; line 0: the whole file. `text` says what is wrong. */
void shd_junit_case(struct shd_junit *junit, const char *file, int line, const char *name,
		    enum shd_junit_result result, const char *text);

/* Ends the suite: all cases since the one before. Nothing without a case. */
void shd_junit_suite(struct shd_junit *junit, const char *name);

/* Writes the file; false when that fails or the report has grown too large, which is said
 * on stderr. */
bool shd_junit_write(const struct shd_junit *junit, const char *path);

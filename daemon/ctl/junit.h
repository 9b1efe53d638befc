/* ctl/junit.h - a JUnit report for CI systems: suites, one for each file, of cases. */
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

/* Begins an empty report; frees it. */
void shd_junit_init(struct shd_junit *junit);
void shd_junit_finish(struct shd_junit *junit);

/* Adds a case to the current suite; line 0: the whole file. `text` says what is wrong. */
void shd_junit_case(struct shd_junit *junit, const char *file, int line, const char *name,
		    enum shd_junit_result result, const char *text);

/* Ends the current suite, which has the cases added since the last call; nothing if there are none.
 */
void shd_junit_suite(struct shd_junit *junit, const char *name);

/* Writes the file; false, and a message on stderr, when that fails or the report is too large. */
bool shd_junit_write(const struct shd_junit *junit, const char *path);

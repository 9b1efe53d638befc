/* daemon/log: sentences on stderr where there is no journal. */
#include "support/check.h"

#include "journal/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Runs say() with stderr in a file and yields what it wrote. */
static const char *stderr_of(void (*say)(void), bool debug)
{
	static char text[4096];
	FILE *file = tmpfile();
	int old = dup(STDERR_FILENO);

	assert_non_null(file);
	dup2(fileno(file), STDERR_FILENO);
	shd_log_open(debug);
	say();
	dup2(old, STDERR_FILENO);
	close(old);
	ssize_t len = pread(fileno(file), text, sizeof(text) - 1, 0);
	text[len > 0 ? len : 0] = '\0';
	fclose(file);
	return text;
}

static void say_each(void)
{
	struct shd_error err;

	shd_fail(&err, SHD_ERR_TIMEOUT, "no answer");
	shd_log(SHD_LOG_started, NULL, "watching %d stores", 3);
	shd_log(SHD_LOG_feed_failed, &(struct shd_about){.store = "a", .error = &err},
		"store \"a\": %s", err.msg);
	shd_log(SHD_LOG_feed_still_fails, NULL, "again");
}

static void a_sentence_has_its_priority(void **state)
{
	(void)state;
	assert_string_equal(stderr_of(say_each, false),
			    "<5>watching 3 stores\n<4>store \"a\": no answer\n");
	assert_string_equal(stderr_of(say_each, true),
			    "<5>watching 3 stores\n<4>store \"a\": no answer\n<7>again\n");
}

static void say_too_much(void)
{
	char text[3000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	shd_log(SHD_LOG_started, NULL, "%s", text);
}

static void a_sentence_has_an_end(void **state)
{
	(void)state;
	assert_in_range(strlen(stderr_of(say_too_much, false)), 900, 1010);
}

static void a_stale_journal_stream_is_not_believed(void **state)
{
	(void)state;
	setenv("JOURNAL_STREAM", "1:1", 1);
	assert_memory_equal(stderr_of(say_each, false), "<5>watching", 11);
	unsetenv("JOURNAL_STREAM");
}

static void whoever_takes_nothing_stops_nobody(void **state)
{
	static char text[1 << 17];
	int ends[2], old = dup(STDERR_FILENO);
	ssize_t len;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	dup2(ends[1], STDERR_FILENO);
	shd_log_open(false);
	for (int i = 0; i < 5000; i++) /* a pipe holds 64 KB */
		shd_log(SHD_LOG_started, NULL, "watching %d stores, with a long list", i);
	len = read(ends[0], text, sizeof(text));
	assert_true(len > 1000);
	shd_log(SHD_LOG_stopped, NULL, "the end");
	shd_log(SHD_LOG_stopped, NULL, "and that");
	dup2(old, STDERR_FILENO);
	close(old);
	close(ends[1]);
	len = read(ends[0], text, sizeof(text) - 1);
	text[len > 0 ? len : 0] = '\0';
	const char *lost = strstr(text, " lines of the log before this were taken by nobody\n");
	assert_non_null(lost);
	assert_string_equal(strchr(lost, '\n'), "\n<5>the end\n<5>and that\n");
	close(ends[0]);
}

static void ids_are_unique_and_well_formed(void **state)
{
	static const char *const ids[] = {
#define MESSAGE(name, id, priority, when) #id,
#include "journal/messages.def"
#undef MESSAGE
	};
	(void)state;
	for (size_t i = 0; i < SHD_LOG_COUNT; i++) {
		assert_int_equal(strlen(ids[i]), 32);
		assert_int_equal(strspn(ids[i], "0123456789abcdef"), 32);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(ids[i], ids[j]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sentence_has_its_priority),
		cmocka_unit_test(a_sentence_has_an_end),
		cmocka_unit_test(a_stale_journal_stream_is_not_believed),
		cmocka_unit_test(whoever_takes_nothing_stops_nobody),
		cmocka_unit_test(ids_are_unique_and_well_formed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

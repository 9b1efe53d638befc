/* No single odd answer is a verdict. Each endpoint is read well, then once oddly, in every way
 * that the tables of this file and of support/odd_answers.h know, then well again. The laws:
 *
 * - an alert ends or begins only by what the answer says in a form that can be read;
 * - nothing that is still there closes;
 * - nothing unreadable becomes a number, a time or "none";
 * - what could be read of a page is told, and what could not is said to be unreadable;
 * - no feed, source or key rests for more than 30 minutes;
 * - no list is followed in circles;
 * - the next good answer mends everything.
 *
 * There is no chance in it: the answers are the cases of tests/cases, in all their variations. */
#include "support/odd_vary.h"

#include "market/ozon/ozon.h"

static int start(void **state)
{
	size_t count;
	struct odd_body *bodies = odd_load_bodies(
		&shd_ozon_adapter, SHD_SOURCE_DIR "/tests/cases/ozon-*", &count);

	*state = odd_run(&shd_ozon_adapter, bodies, count, NULL);
	return 0;
}

static int stop(void **state)
{
	odd_run_end(*state);
	return 0;
}

static void hold(const struct run *run, enum law law, const char *name, const char *text)
{
	size_t len;
	char *known shd_autofree = case_file(SHD_SOURCE_DIR "/tests/prop/odd_known.txt", &len);

	odd_hold(run, law, name, text, known);
}

/* Whether a line of odd_known.txt is of a row that was not read. */
static bool is_of_another_row(const struct run *run, const char *line)
{
	char row[64] = "";

	sscanf(line, "%*s %63s", row);
	return !is_wanted(run, row);
}

static bool is_found(const struct run *run, const char *line)
{
	static const char *const names[] = {
#define X(id, text) #id,
		LAW_MAP(X)
#undef X
	};
	char text[300];

	for (size_t i = 0; i < run->finding_count; i++) {
		const struct finding *finding = &run->findings[i];

		snprintf(text, sizeof(text), "%s %s", names[finding->law], finding->where);
		if (strcmp(text, line) == 0)
			return true;
	}
	return false;
}

/* The list only gets shorter. */
static void what_is_known_is_still_broken(void **state)
{
	size_t len, count = 0;
	char *known shd_autofree = case_file(SHD_SOURCE_DIR "/tests/prop/odd_known.txt", &len);

	for (char *rest = known, *line; (line = strsep(&rest, "\n"));) {
		if (!*line || *line == '#' || is_of_another_row(*state, line) ||
			is_found(*state, line))
			continue;
		print_message("odd_known.txt: this is mended, take it out: %s\n", line);
		count++;
	}
	assert_int_equal(count, 0);
}

/* SHD_ODD_ALL in the environment: also what is known to break them. */
#define X(id, text)                                                                                \
	static void law_##id(void **state)                                                         \
	{                                                                                          \
		hold(*state, LAW_##id, #id, text);                                                 \
	}
LAW_MAP(X)
#undef X

int main(void)
{
	const struct CMUnitTest tests[] = {
#define X(id, text) cmocka_unit_test(law_##id),
		LAW_MAP(X)
#undef X
		cmocka_unit_test(what_is_known_is_still_broken),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

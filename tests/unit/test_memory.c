/* daemon/memory: what is given back, and that nothing is lost by it. */
#include "unit/check.h"

#include "conf/diag.h"
#include "memory.h"

#include <stdio.h>

/* Pages of files that are mapped now: the third number of statm. */
static long file_pages(void)
{
	FILE *statm = fopen("/proc/self/statm", "re");
	long all, resident, shared;

	assert_non_null(statm);
	assert_int_equal(fscanf(statm, "%ld %ld %ld", &all, &resident, &shared), 3);
	fclose(statm);
	return shared;
}

/* Runs code of the library and of ICU, and reads their constants. */
static void report_one(struct shd_text *out)
{
	struct shd_diags *diags SHD_AUTO(shd_diags_destroyp) = shd_diags_create(1);
	struct shd_diag diag = {.severity = SHD_MISTAKE, .file = "a.yaml", .line = 1, .col = 3,
		.width = 2, .source = "订单 late", .text = "wrong"};

	shd_diags_add(diags, &diag);
	shd_diags_print(diags, out);
}

static void code_comes_back_when_it_is_used(void **state)
{
	struct shd_text before SHD_AUTO(shd_text_finish) = {0},
			       after SHD_AUTO(shd_text_finish) = {0};

	(void)state;
	shd_text_init(&before, 4096);
	shd_text_init(&after, 4096);
	report_one(&before);
	long mapped = file_pages();
	shd_memory_drop_code();
	assert_true(file_pages() < mapped / 2);
	shd_memory_trim();
	report_one(&after);
	assert_string_equal(before.data, after.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_comes_back_when_it_is_used),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

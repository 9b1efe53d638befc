/* judge/alerted: never "none" for what was added; seldom "maybe" for what was not. */
#include "support/check.h"

#include "judge/alerted.h"

#include <stdio.h>
#include <string.h>

enum { ENTITIES = 50000 };

static void name(char ret_name[24], int i)
{
	snprintf(ret_name, 24, "%d-0001-%d", 10000000 + i * 7, i % 3);
}

static void an_empty_one_knows_none(void **state)
{
	struct shd_alerted alerted = {0};

	(void)state;
	assert_false(shd_alerted_may(&alerted, "s1", ""));
	shd_alerted_finish(&alerted);
}

static void store_and_entity_count(void **state)
{
	struct shd_alerted alerted = {0};

	(void)state;
	shd_alerted_add(&alerted, "s1", "a");
	assert_true(shd_alerted_may(&alerted, "s1", "a"));
	assert_false(shd_alerted_may(&alerted, "s2", "a"));
	assert_false(shd_alerted_may(&alerted, "s1", ""));
	shd_alerted_finish(&alerted);
}

static void of_many_it_forgets_none_and_makes_up_few(void **state)
{
	struct shd_alerted alerted = {0};
	int made_up = 0;
	char id[24];

	(void)state;
	for (int i = 0; i < ENTITIES; i++) {
		name(id, i);
		shd_alerted_add(&alerted, "s1", id);
	}
	for (int i = 0; i < ENTITIES; i++) {
		name(id, i);
		assert_true(shd_alerted_may(&alerted, "s1", id));
		made_up += shd_alerted_may(&alerted, "s2", id);
	}
	assert_in_range(made_up, 0, ENTITIES * 4 / 100);
	shd_alerted_finish(&alerted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_knows_none),
		cmocka_unit_test(store_and_entity_count),
		cmocka_unit_test(of_many_it_forgets_none_and_makes_up_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

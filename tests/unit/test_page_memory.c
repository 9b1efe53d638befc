/* daemon/page: what is remembered of a feed's pages. */
#include "support/check.h"

#include "poll/page_memory.h"

#include <stdio.h>
#include <stdlib.h>

static struct shd_page *make(bool keyed, uint64_t first, size_t count, const char *prefix)
{
	struct shd_page_draft draft;
	char key[32];

	shd_page_draft_init(&draft, keyed);
	for (size_t i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "%s%zu", prefix, count - i);
		shd_page_draft_add(&draft, first + i, key);
	}
	struct shd_page *page = shd_page_create(&draft, 99, "here", false, "there");
	shd_page_draft_finish(&draft);
	return page;
}

static void records_are_found_on_any_page(void **state)
{
	struct shd_pages pages = {0};
	const char *key;

	(void)state;
	shd_pages_add(&pages, make(true, 1000, 100, "a"));
	shd_pages_add(&pages, make(true, 5000, 3, "b"));
	shd_pages_at(&pages, 1)->hashes[1] = 0; /* is to be read again */
	struct shd_known *known = shd_known_create(&pages);
	assert_true(shd_known_find(known, 1000, &key));
	assert_string_equal(key, "a100");
	assert_true(shd_known_find(known, 5002, &key));
	assert_string_equal(key, "b1");
	assert_false(shd_known_find(known, 5001, &key));
	assert_false(shd_known_find(known, 0, &key));
	assert_false(shd_known_find(known, 999, &key));
	shd_known_destroy(known);
	assert_string_equal(shd_page_position(shd_pages_at(&pages, 0)), "here");
	assert_string_equal(shd_page_next(shd_pages_at(&pages, 0)), "there");
	assert_int_equal(shd_pages_records(&pages), 103);
	shd_pages_clear(&pages);
}

static void keys_are_sorted_and_single(void **state)
{
	struct shd_pages pages = {0}, shared = {0};
	struct shd_page_draft draft;
	size_t count;

	(void)state;
	shd_pages_add(&pages, make(true, 1, 3, "k"));
	shd_pages_add(&pages, make(true, 9, 2, "k")); /* slid to another page meanwhile */
	shd_page_draft_init(&draft, true);
	shd_page_draft_add(&draft, 20, NULL); /* a record that names nothing */
	shd_pages_add(&pages, shd_page_create(&draft, 99, "", true, ""));
	shd_page_draft_finish(&draft);
	shd_pages_share(&shared, &pages);
	shd_pages_clear(&pages); /* what is shared stays */
	const char **keys = shd_pages_keys(&shared, &count);
	assert_int_equal(count, 3);
	assert_string_equal(keys[0], "k1");
	assert_string_equal(keys[2], "k3");
	free(keys);
	shd_pages_clear(&shared);
}

static void a_page_without_keys_has_none(void **state)
{
	struct shd_pages pages = {0};
	const char *key = "x";
	size_t count;

	(void)state;
	shd_pages_add(&pages, make(false, 7, 2, "k"));
	struct shd_known *known = shd_known_create(&pages);
	assert_true(shd_known_find(known, 7, &key));
	assert_null(key);
	shd_known_destroy(known);
	free(shd_pages_keys(&pages, &count));
	assert_int_equal(count, 0);
	shd_pages_clear(&pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_found_on_any_page),
		cmocka_unit_test(keys_are_sorted_and_single),
		cmocka_unit_test(a_page_without_keys_has_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* daemon/poll/page_memory.h: what is remembered of a feed's pages. */
#include "support/check.h"

#include "poll/page_memory.h"

#include <stdio.h>
#include <stdlib.h>

static struct shd_page *make(bool keyed, uint64_t first, size_t count, const char *prefix)
{
	struct shd_page_draft draft;

	shd_page_draft_init(&draft, keyed);
	for (size_t i = 0; i < count; i++) {
		char key[32] = {0}; /* a list of one, which an empty key ends */

		snprintf(key, sizeof(key), "%s%zu", prefix, count - i);
		shd_page_draft_add(&draft, first + i, SHD_NOT_LEFT_OUT, key);
	}
	struct shd_page *page = shd_page_create(&draft, 99, "here", false, "there");
	shd_page_draft_finish(&draft);
	return page;
}

static void records_are_found_on_any_page(void **state)
{
	struct shd_pages pages = {0};
	struct shd_known_record found;

	(void)state;
	shd_pages_add(&pages, make(true, 1000, 100, "a"));
	shd_pages_add(&pages, make(true, 5000, 3, "b"));
	shd_page_forget(shd_pages_at(&pages, 1), 1);
	struct shd_known *known = shd_known_create(&pages);
	assert_true(shd_known_find(known, 1000, &found));
	assert_string_equal(found.keys, "a100");
	assert_true(shd_known_find(known, 5002, &found));
	assert_string_equal(found.keys, "b1");
	assert_false(shd_known_find(known, 5001, &found));
	assert_false(shd_known_find(known, 0, &found));
	assert_false(shd_known_find(known, 999, &found));
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
	shd_page_draft_add(&draft, 20, SHD_NOT_LEFT_OUT, NULL); /* a record that names nothing */
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
	struct shd_known_record found;
	size_t count;

	(void)state;
	shd_pages_add(&pages, make(false, 7, 2, "k"));
	struct shd_known *known = shd_known_create(&pages);
	assert_true(shd_known_find(known, 7, &found));
	assert_null(found.keys);
	shd_known_destroy(known);
	free(shd_pages_keys(&pages, &count));
	assert_int_equal(count, 0);
	shd_pages_clear(&pages);
}

static void of_a_hash_46_bits_count(void **state)
{
	const uint64_t hash = UINT64_C(0xfedcba9876543210);
	struct shd_pages pages = {0};
	struct shd_known_record found;

	(void)state;
	shd_pages_add(&pages, make(true, hash, 1, "k"));
	struct shd_known *known = shd_known_create(&pages);
	assert_true(shd_known_find(known, hash, &found));
	for (int bit = 0; bit < 64; bit++)
		assert_int_equal(
			shd_known_find(known, hash ^ UINT64_C(1) << bit, &found), bit >= 46);
	shd_known_destroy(known);
	shd_pages_clear(&pages);
}

static void what_was_left_out_is_known_as_such(void **state)
{
	struct shd_pages pages = {0};
	struct shd_page_draft draft;
	struct shd_known_record found;

	(void)state;
	shd_page_draft_init(&draft, true);
	shd_page_draft_add(&draft, UINT64_MAX, SHD_LEFT_OUT_UNREAD, NULL);
	shd_page_draft_add(&draft, 5, SHD_LEFT_OUT_FOREIGN, NULL);
	shd_page_draft_add(&draft, 6, SHD_NOT_LEFT_OUT, NULL);
	shd_page_draft_add(&draft, 0, SHD_LEFT_OUT_UNREAD, NULL); /* is to be read again */
	shd_pages_add(&pages, shd_page_create(&draft, 99, "", true, ""));
	shd_page_draft_finish(&draft);
	struct shd_known *known = shd_known_create(&pages);
	assert_true(shd_known_find(known, UINT64_MAX, &found));
	assert_int_equal(found.left_out, SHD_LEFT_OUT_UNREAD);
	assert_string_equal(found.keys, "");
	assert_true(shd_known_find(known, 5, &found));
	assert_int_equal(found.left_out, SHD_LEFT_OUT_FOREIGN);
	assert_true(shd_known_find(known, 6, &found));
	assert_int_equal(found.left_out, SHD_NOT_LEFT_OUT);
	assert_false(shd_known_find(known, 0, &found));
	shd_known_destroy(known);
	shd_pages_clear(&pages);
}

static struct shd_page *make_empty(uint64_t body_hash, const char *position, bool last)
{
	return shd_page_create(
		&(struct shd_page_draft){0}, body_hash, position, last, last ? "" : "more");
}

/* One page without records needs no memory to be known again. */
static void a_bare_page_is_known_again(void **state)
{
	struct shd_pages settled = {0}, polled = {0}, shared = {0};
	size_t count;

	(void)state;
	shd_pages_add(&settled, make_empty(7, "", true));
	shd_pages_settle(&settled);
	assert_true(settled.bare);
	assert_int_equal(settled.count, 1);
	assert_int_equal(shd_pages_records(&settled), 0);
	shd_pages_forget(&settled, (const char *const[]){"k"}, 1);
	free(shd_pages_keys(&settled, &count));
	assert_int_equal(count, 0);
	shd_known_destroy(shd_known_create(&settled));
	assert_null(shd_pages_again(&settled, 0, 8, ""));
	assert_null(shd_pages_again(&settled, 0, 7, "there"));
	assert_null(shd_pages_again(&settled, 1, 7, ""));
	shd_pages_add(&polled, shd_pages_again(&settled, 0, 7, ""));
	assert_true(shd_pages_at(&polled, 0)->last);
	assert_true(shd_pages_same(&settled, &polled));
	shd_pages_clear(&polled);
	assert_false(shd_pages_same(&settled, &polled));
	shd_pages_add(&polled, make_empty(8, "", true));
	assert_false(shd_pages_same(&settled, &polled));
	shd_pages_clear(&polled);
	shd_pages_share(&shared, &settled);
	assert_int_equal(shd_pages_at(&shared, 0)->body_hash, 7);
	shd_pages_clear(&shared);
	shd_pages_clear(&settled);
	assert_int_equal(settled.count, 0);
}

static void what_says_more_than_its_hash_is_kept(void **state)
{
	struct shd_page *const made[] = {make(true, 1, 1, "k"), make_empty(7, "here", true),
		make_empty(7, "", false)};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(made); i++) {
		struct shd_pages pages = {0}, polled = {0};

		shd_pages_add(&pages, made[i]);
		shd_pages_settle(&pages);
		assert_ptr_equal(shd_pages_at(&pages, 0), made[i]);
		shd_pages_add(&polled, shd_pages_again(&pages, 0, made[i]->body_hash,
			shd_page_position(made[i])));
		assert_true(shd_pages_same(&pages, &polled));
		shd_pages_add(&polled, make_empty(7, "", true));
		assert_false(shd_pages_same(&pages, &polled));
		shd_pages_clear(&polled);
		shd_pages_clear(&pages);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_found_on_any_page),
		cmocka_unit_test(keys_are_sorted_and_single),
		cmocka_unit_test(a_page_without_keys_has_none),
		cmocka_unit_test(of_a_hash_46_bits_count),
		cmocka_unit_test(what_was_left_out_is_known_as_such),
		cmocka_unit_test(a_bare_page_is_known_again),
		cmocka_unit_test(what_says_more_than_its_hash_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

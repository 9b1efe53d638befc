/* daemon/poll/page_memory.h: what is remembered of a feed's pages. */
#include "support/check.h"

#include "base/hash.h"
#include "poll/page_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	shd_page_draft_add(&draft, 7, SHD_LEFT_OUT_IN_PART, NULL);
	shd_page_draft_key(&draft, "k");
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
	assert_true(shd_known_find(known, 7, &found));
	assert_int_equal(found.left_out, SHD_LEFT_OUT_IN_PART);
	assert_string_equal(found.keys, "k");
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
	struct shd_page *empty = make_empty(7, "", true);
	empty->total = 0; /* by its own account */
	shd_pages_add(&settled, empty);
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
	shd_pages_add(&polled, make_empty(7, "there", true));
	assert_false(shd_pages_same(&settled, &polled));
	shd_pages_clear(&polled);
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
		make_empty(7, "", false), make_empty(7, "", true), make_empty(7, "", true)};

	(void)state;
	made[3]->lack = 1;
	made[4]->total = 5;
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

/* A page of one record that is to be read again, one with keys, one without, and an empty key. */
static void rows_are_told_by_key_or_bytes(void **state)
{
	const uint64_t of_key = shd_hash("k", 1), bytes = 77;
	struct shd_page_draft draft;
	struct shd_page_rows rows = {0};
	uint64_t id;

	(void)state;
	shd_page_draft_init(&draft, true);
	shd_page_draft_add(&draft, 0, SHD_LEFT_OUT_UNREAD, NULL);
	shd_page_draft_add(&draft, 5, SHD_NOT_LEFT_OUT, NULL);
	shd_page_draft_key(&draft, "");
	shd_page_draft_key(&draft, "k");
	shd_page_draft_add(&draft, bytes, SHD_NOT_LEFT_OUT, NULL);
	struct shd_page *page = shd_page_create(&draft, 99, "", true, "");
	assert_int_equal(page->total, SHD_PAGE_NO_TOTAL);
	rows.page = page;
	assert_true(shd_page_rows_next(&rows, &id));
	assert_int_equal(id, 0);
	assert_true(shd_page_rows_next(&rows, &id));
	assert_true(id == of_key);
	assert_true(shd_page_rows_next(&rows, &id));
	assert_int_equal(id, bytes);
	assert_false(shd_page_rows_next(&rows, &id));
	shd_page_unref(page);
	shd_page_draft_finish(&draft);
}

/* What is too long stays so, whatever comes behind it, until all is forgotten. */
static void keys_that_are_too_long_are_no_page(void **state)
{
	static char long_key[100 * 1000];
	struct shd_page_draft draft;

	(void)state;
	memset(long_key, 'k', sizeof(long_key) - 1);
	shd_page_draft_init(&draft, true);
	shd_page_draft_add(&draft, 5, SHD_NOT_LEFT_OUT, NULL);
	for (int i = 0; i < 50; i++)
		shd_page_draft_key(&draft, long_key);
	size_t len = draft.keys.len;
	shd_page_draft_key(&draft, "k");
	assert_int_equal(draft.keys.len, len);
	assert_false(shd_text_ok(&draft.keys));
	shd_page_draft_clear(&draft);
	assert_true(shd_text_ok(&draft.keys));
	shd_page_draft_finish(&draft);
}

/* A page a record of which is to be read again is not recognised by its body. */
static void a_page_with_a_forgotten_record_is_read_again(void **state)
{
	struct shd_pages pages = {0};

	(void)state;
	shd_pages_add(&pages, make(true, 1, 2, "k"));
	shd_page_unref(shd_pages_again(&pages, 0, 99, "here"));
	assert_int_equal(shd_pages_at(&pages, 0)->body_hash, 99);
	shd_pages_forget(&pages, (const char *const[]){"k2"}, 1);
	assert_null(shd_pages_again(&pages, 0, 99, "here"));
	shd_pages_clear(&pages);
}

/* As many records as the table could have slots: it has more, and what is not there is not
 * found. */
static void a_table_is_never_full(void **state)
{
	struct shd_known_record found;

	(void)state;
	for (size_t count = 7; count <= 9; count++) {
		struct shd_pages pages = {0};

		shd_pages_add(&pages, make(false, 1, count, "k"));
		struct shd_known *known = shd_known_create(&pages);
		assert_false(shd_known_find(known, 1000, &found));
		shd_known_destroy(known);
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
		cmocka_unit_test(rows_are_told_by_key_or_bytes),
		cmocka_unit_test(keys_that_are_too_long_are_no_page),
		cmocka_unit_test(a_page_with_a_forgotten_record_is_read_again),
		cmocka_unit_test(a_table_is_never_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

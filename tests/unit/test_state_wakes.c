/* state/sqlite: wake-ups. */
#include "support/state.h"

static void put_wake(struct fixture *f, enum shd_kind kind, const char *id, int64_t ms)
{
	assert_true(shd_state_wake_put(f->state, "s", kind, id, (struct shd_wall){ms}, &f->err));
}

static size_t find_due(struct fixture *f, size_t max, struct shd_wake_row **ret_rows,
		       struct shd_wall *ret_next)
{
	size_t count;

	assert_true(shd_state_wakes(f->state, (struct shd_wall){20}, max, f->arena, ret_rows,
		&count, ret_next, &f->err));
	return count;
}

static void wake_ups_come_in_order_and_tell_the_next(void **state)
{
	struct fixture *f = *state;
	struct shd_wake_row *rows;
	struct shd_wall next;
	size_t count;

	put_wake(f, SHD_KIND_order, "a", 30);
	put_wake(f, SHD_KIND_order, "b", 10);
	put_wake(f, SHD_KIND_store, "", 20);
	count = find_due(f, 10, &rows, &next);
	assert_int_equal(count, 2);
	assert_string_equal(rows[0].id, "b");
	assert_int_equal(rows[1].kind, SHD_KIND_store);
	assert_int_equal(next.ms, 30);
	count = find_due(f, 1, &rows, &next);
	assert_int_equal(count, 1);
	assert_int_equal(next.ms, 20);
	put_wake(f, SHD_KIND_order, "a", SHD_NEVER_MS);
	count = find_due(f, 10, &rows, &next);
	assert_int_equal(next.ms, SHD_NEVER_MS);
}

static void wake_ups_of_an_unknown_kind_hold_up_no_other(void **state)
{
	struct fixture *f = *state;
	struct shd_wake_row *rows;
	struct shd_wall next;
	size_t count;

	assert_int_equal(sqlite3_exec(f->state->db,
				      "INSERT INTO wake VALUES ('s', 'hologram', 'a', 5), "
				      "('s', 'hologram', 'b', 6), ('s', 'hologram', 'c', 15)",
				      NULL, NULL, NULL), SQLITE_OK);
	put_wake(f, SHD_KIND_order, "a", 10);
	put_wake(f, SHD_KIND_order, "b", 30);
	for (size_t max = 0; max < 3; max++) {
		count = find_due(f, max, &rows, &next);
		assert_int_equal(count, max ? 1 : 0);
		assert_int_equal(next.ms, max ? 30 : 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATE_TEST(wake_ups_come_in_order_and_tell_the_next),
		STATE_TEST(wake_ups_of_an_unknown_kind_hold_up_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

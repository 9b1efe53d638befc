/* daemon/state: the history: what it keeps, what it forgets, how a copy takes it apart. */
#include "support/state.h"

/* `first`, `last`: numbers of the rows that are left; `begins`: when. */
static void assert_history(struct fixture *f, int64_t begins, int64_t first, int64_t last)
{
	struct shd_history_span span;

	assert_true(shd_state_history_span(f->state, (struct shd_wall){0}, &span, &f->err));
	assert_int_equal(span.begins.ms, begins);
	assert_int_equal(span.first, first);
	assert_int_equal(span.last, last);
}

/* The oldest first and so many a step; numbers are not given again. */
static void history_goes_from_its_beginning(void **state)
{
	struct fixture *f = *state;
	struct shd_retention keep = {.history_before = {60}};
	struct shd_history_row row = {.store = "s", .id = "a", .kind = SHD_KIND_order}, *back;
	bool more;

	assert_history(f, 0, 0, 0);
	for (row.at.ms = 10; row.at.ms <= 100; row.at.ms += 10)
		assert_true(shd_state_history_add(f->state, &row, 1, &f->err));
	assert_history(f, 10, 1, 10);
	assert_true(shd_state_retain(f->state, &keep, 3, &more, &f->err));
	assert_true(more);
	assert_history(f, 40, 4, 10);
	assert_true(shd_state_retain(f->state, &keep, 3, &more, &f->err));
	assert_false(more);
	assert_history(f, 60, 6, 10);
	assert_true(shd_state_retain(f->state, &keep, 100, &more, &f->err));
	assert_history(f, 60, 6, 10);
	assert_true(shd_state_history_at(f->state, 5, f->arena, &back, &f->err));
	assert_null(back);
	assert_true(shd_state_history_at(f->state, 6, f->arena, &back, &f->err));
	assert_int_equal(back->at.ms, 60);
	/* A clock that was set back wrote one out of order: it waits for those before it. */
	row.at.ms = 15;
	assert_true(shd_state_history_add(f->state, &row, 1, &f->err));
	assert_true(shd_state_retain(f->state, &keep, 5, &more, &f->err));
	assert_history(f, 60, 6, 11);
	keep.history_before.ms = 1000;
	assert_true(shd_state_retain(f->state, &keep, 100, &more, &f->err));
	assert_history(f, 0, 0, 0);
}

static int64_t count_of(struct fixture *f, const char *sql)
{
	sqlite3_stmt *stmt;

	assert_int_equal(sqlite3_prepare_v2(f->state->db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int64_t count = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return count;
}

/* The ids of rows `first` to `last` in a copy that goes back to `since`. */
static const char *past_ids(struct fixture *f, int64_t since, int64_t first, int64_t last)
{
	SHD_AUTO(shd_text_finish) struct shd_text ids = {0};
	struct shd_state *copy;

	shd_text_init(&ids, 256);
	assert_true(shd_state_copy(f->path, &copy, &f->err));
	assert_true(shd_state_rewind(copy, (struct shd_wall){since}, &f->err));
	for (int64_t n = first; n <= last; n++) {
		struct shd_history_row *row;

		assert_true(shd_state_history_at(copy, n, f->arena, &row, &f->err));
		assert_non_null(row);
		shd_text_printf(&ids, "%s/%s/%s%s ", row->store, shd_kind_name(row->kind), row->id,
				row->was ? "=" : row->fresh ? "!" : "");
	}
	shd_state_close(copy);
	return shd_arena_text(f->arena, ids.data, ids.len);
}

static void what_is_new_at_once_shares_a_row_of_the_history(void **state)
{
	const struct shd_wall t10 = {10}, t20 = {20};
	const struct shd_history_row early[] = {{0, t10, "s", "a", SHD_KIND_order, false, NULL}},
		late[] = {
			{0, t20, "s", "a", SHD_KIND_order, true, "was"},
			{0, t20, "s", "b\"", SHD_KIND_order, true, NULL},
			{0, t20, "s", "p", SHD_KIND_parcel, false, NULL},
			{0, t20, "s", "c", SHD_KIND_order, true, NULL},
			{0, t20, "s", "b\"", SHD_KIND_order, true, "was"},
			{0, t20, "t", "b\"", SHD_KIND_order, true, NULL},
			{0, t20, "t", "d", SHD_KIND_order, true, NULL},
			{0, t20, "t", "e", SHD_KIND_order, false, NULL},
		};
	struct shd_retention keep = {.history_before = t20};
	struct fixture *f = *state;
	bool more;

	assert_true(shd_state_history_add(f->state, early, SHD_COUNT(early), &f->err));
	assert_true(shd_state_history_add(f->state, late, SHD_COUNT(late), &f->err));
	assert_history(f, 10, 1, 9);
	assert_int_equal(count_of(f, "SELECT count(*) FROM history"), 7);
	assert_string_equal(past_ids(f, 0, 1, 9),
		"s/order/a s/order/b\"! s/order/c! t/order/b\"! t/order/d! t/order/e s/parcel/p"
		" s/order/a= s/order/b\"= ");
	assert_string_equal(past_ids(f, 20, 2, 3), "s/order/b\"! s/order/c! ");
	assert_true(shd_state_retain(f->state, &keep, 1, &more, &f->err));
	assert_history(f, 20, 2, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATE_TEST(history_goes_from_its_beginning),
		STATE_TEST(what_is_new_at_once_shares_a_row_of_the_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

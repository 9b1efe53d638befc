/* daemon/state: which entities go after their time, and which stay. */
#include "support/state.h"

enum { DATED = 1, CLOSED = 2, OLD = 4, UNLISTED = 8, SILENT = 16, SORTS = 32 };

/* SILENT: nothing says when anything happened to it. */
static void put_sort(struct fixture *f, enum shd_kind kind, int sort)
{
	struct shd_value fields[64] = {0};
	struct shd_entity entity = {
		.kind = kind, .id = (char[]){(char)('@' + sort), 0}, .fields = fields};
	const struct shd_value at = {.type = SHD_TIME, .n = sort & OLD ? 10 : 200};

	for (int k = 0; k < shd_kind_fields(kind); k++)
		fields[k] = (struct shd_value){.none = true};
	if (!(sort & SILENT))
		fields[SHD_I_progressed_at] = at;
	fields[SHD_I_closed] = (struct shd_value){.type = SHD_BOOL, .n = (sort & CLOSED) != 0};
	if (sort & DATED)
		fields[SHD_I_opened_at] = (struct shd_value){.type = SHD_TIME, .n = 5};
	if (sort & CLOSED)
		fields[SHD_I_closed_at] = at;
	if (sort & UNLISTED)
		fields[SHD_I_unlisted_since] = at;
	assert_true(shd_state_entity_put(f->state, "s", &entity, NULL, &f->err));
}

static bool is_there(struct fixture *f, enum shd_kind kind, int sort)
{
	struct shd_entity *back;

	assert_true(shd_state_entity_get(f->state, "s", kind, (char[]){(char)('@' + sort), 0},
		f->arena, &back, &f->err));
	return back;
}

static void put_all_sorts(struct fixture *f, int64_t tried_ms)
{
	struct shd_feed_row feed = {
		.store = "s", .endpoint = "list", .error = -1, .last_try.ms = tried_ms};

	assert_true(shd_state_feed_put(f->state, &feed, &f->err));
	for (int kind = 0; kind < SHD_KIND_COUNT; kind++)
		for (int sort = 0; sort < SORTS; sort++)
			put_sort(f, (enum shd_kind)kind, sort);
}

/* Whether it goes, in a store that is read. */
static bool has_aged(enum shd_kind kind, int sort)
{
	static const bool ages[SHD_KIND_COUNT] = {[SHD_KIND_review] = true,
		[SHD_KIND_question] = true, [SHD_KIND_message] = true, [SHD_KIND_notice] = true,
		[SHD_KIND_order] = true, [SHD_KIND_parcel] = true, [SHD_KIND_cancellation] = true};

	if (sort & CLOSED)
		return sort & OLD;
	if (sort & UNLISTED && sort & OLD)
		return true;
	/* One that is open and of which no time is known has no age while it is listed. */
	return ages[kind] && (sort & SILENT ? sort & DATED : sort & OLD);
}

/* Each kind, with and without the time when it began. */
static void every_kind_has_an_age(void **state)
{
	struct fixture *f = *state;
	const char *const sources[] = {"s"};
	struct shd_retention keep = {
		.samples_before = {100}, .sources = sources, .source_count = 1};
	bool more = true;

	put_all_sorts(f, 50); /* it cannot be asked: the clock is wrong, or it is switched off */
	for (int i = 0; more && i < 1000; i++)
		assert_true(shd_state_retain(f->state, &keep, 10, &more, &f->err));
	assert_false(more);
	for (int kind = 0; kind < SHD_KIND_COUNT; kind++)
		for (int sort = 0; sort < SORTS; sort++)
			if (is_there(f, (enum shd_kind)kind, sort) ==
				has_aged((enum shd_kind)kind, sort))
				fail_msg("%s %d", shd_kind_name((enum shd_kind)kind), sort);
}

/* Of a store that left the configuration nobody will ever say what closed. */
static void a_store_that_nobody_reads_goes_as_a_whole(void **state)
{
	struct fixture *f = *state;
	const char *const sources[] = {"other"};
	struct shd_retention keep = {
		.samples_before = {100}, .sources = sources, .source_count = 1};
	struct shd_feed_row *feeds;
	struct shd_value value;
	struct shd_wall at;
	size_t count;
	bool more = true;

	put_all_sorts(f, 100); /* young enough */
	value = (struct shd_value){.type = SHD_NUMBER, .n = 1};
	at.ms = 150;
	assert_true(shd_state_metric_put(
		f->state, "s", SHD_M_rating, false, &value, at, &f->err));
	for (int i = 0; more && i < 1000; i++)
		assert_true(shd_state_retain(f->state, &keep, 100, &more, &f->err));
	assert_true(is_there(f, SHD_KIND_stock, 0));
	keep.samples_before.ms = 101;
	more = true;
	for (int i = 0; more && i < 1000; i++)
		assert_true(shd_state_retain(f->state, &keep, 7, &more, &f->err));
	assert_false(more);
	for (int kind = 0; kind < SHD_KIND_COUNT; kind++)
		for (int sort = 0; sort < SORTS; sort++)
			assert_false(is_there(f, (enum shd_kind)kind, sort));
	assert_true(shd_state_feeds(f->state, NULL, f->arena, &feeds, &count, &f->err));
	assert_int_equal(count, 0);
	assert_true(shd_state_metric_get(f->state, "s", SHD_M_rating, false, &value, &at, &f->err));
	assert_true(value.none);
}

static void closed_entities_go_after_their_time(void **state)
{
	struct fixture *f = *state;
	const char *const sources[] = {"s"};
	struct shd_retention keep = {
		.samples_before = {100}, .sources = sources, .source_count = 1};
	struct shd_feed_row feed = {.store = "s", .endpoint = "list", .error = -1};
	struct shd_entity *back;
	bool more;

	assert_true(shd_state_feed_put(f->state, &feed, &f->err));
	put_order(f, "s", "old", 10, true, "x", NULL);
	put_order(f, "s", "open", 150, false, "x", NULL);
	put_order(f, "s", "new", 200, true, "x", NULL);
	assert_true(shd_state_retain(f->state, &keep, 100, &more, &f->err));
	assert_true(shd_state_entity_get(
		f->state, "s", SHD_KIND_order, "old", f->arena, &back, &f->err));
	assert_null(back);
	assert_true(shd_state_entity_get(
		f->state, "s", SHD_KIND_order, "open", f->arena, &back, &f->err));
	assert_non_null(back);
	assert_true(shd_state_entity_get(
		f->state, "s", SHD_KIND_order, "new", f->arena, &back, &f->err));
	assert_non_null(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATE_TEST(every_kind_has_an_age),
		STATE_TEST(a_store_that_nobody_reads_goes_as_a_whole),
		STATE_TEST(closed_entities_go_after_their_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

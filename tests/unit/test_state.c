/* daemon/state: what is put comes back, windows stay flat, what is old goes. */
#include "support/state.h"

/* Every detail of the plan, joined. */
static void plan_of(struct fixture *f, const char *sql, char *text, size_t size)
{
	char explain[8192];
	sqlite3_stmt *stmt;

	snprintf(explain, sizeof(explain), "EXPLAIN QUERY PLAN %s", sql);
	assert_int_equal(sqlite3_prepare_v2(f->state->db, explain, -1, &stmt, NULL), SQLITE_OK);
	text[0] = '\0';
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		size_t len = strlen(text);

		snprintf(text + len, size - len, "%s;", (const char *)sqlite3_column_text(stmt, 3));
	}
	sqlite3_finalize(stmt);
}

/* A value of a type that differs from field to field. */
static struct shd_value sample_value(enum shd_type type, int seed)
{
	struct shd_value value = {.type = type};

	if (type == SHD_TEXT) {
		value.text = "\xE9\x87\x8D";
		value.len = 3;
	} else {
		value.n = type == SHD_BOOL ? 1 : 1000 + seed;
		if (type == SHD_MONEY)
			memcpy(value.currency, "RUB", 4);
	}
	return value;
}

static void every_field_of_every_kind_comes_back(void **state)
{
	struct fixture *f = *state;

	for (int k = 0; k < SHD_KIND_COUNT; k++) {
		enum shd_kind kind = (enum shd_kind)k;
		struct shd_value fields[64];
		struct shd_entity entity, *back;
		int count = shd_kind_fields(kind);

		for (int round = 0; round < 3; round++) {
			make_entity(&entity, fields, kind, "a-1");
			/* Every second field, then the others, then none. */
			for (int i = 0; i < count; i++)
				if (round < 2 && i % 2 == round)
					fields[i] = sample_value(fields[i].type, i);
			assert_true(shd_state_entity_put(f->state, "s", &entity, NULL, &f->err));
			assert_true(shd_state_entity_get(
				f->state, "s", kind, "a-1", f->arena, &back, &f->err));
			assert_non_null(back);
			assert_string_equal(back->id, "a-1");
			for (int i = 0; i < count; i++)
				assert_true(shd_value_equal(&back->fields[i], &fields[i]));
		}
		assert_true(
			shd_state_entity_get(f->state, "t", kind, "a-1", f->arena, &back, &f->err));
		assert_null(back);
	}
}

static void a_sweep_sees_the_open_entities_of_its_feed(void **state)
{
	struct fixture *f = *state;
	const char *const *ids;
	size_t count;

	put_order(f, "s", "b", 1, false, "x", "list");
	put_order(f, "s", "a", 2, false, "x", "list");
	put_order(f, "s", "c", 3, true, "x", "list");
	put_order(f, "s", "d", 4, false, "x", "other");
	put_order(f, "t", "e", 5, false, "x", "list");
	put_order(f, "s", "a", 2, false, "x", NULL); /* keeps its feed */
	assert_true(shd_state_entity_ids(
		f->state, "s", SHD_KIND_order, "list", f->arena, &ids, &count, &f->err));
	assert_int_equal(count, 2);
	assert_string_equal(ids[0], "a");
	assert_string_equal(ids[1], "b");
	assert_true(shd_state_entity_ids(
		f->state, "s", SHD_KIND_order, NULL, f->arena, &ids, &count, &f->err));
	assert_int_equal(count, 3);
}

static void orders_and_stock_of_a_product_are_found(void **state)
{
	struct fixture *f = *state;
	const char *const *ids;
	size_t count;
	int64_t units;
	struct shd_stored_listing *listings;

	put_order(f, "s", "a", 1, false, "x", NULL);
	put_order(f, "s", "b", 1, false, "x", NULL);
	put_order(f, "s", "c", 1, true, "x", NULL);
	put_order(f, "s", "d", 1, false, "y", NULL);
	assert_true(shd_state_orders_of(f->state, "s", "x", f->arena, &ids, &count, &f->err));
	assert_int_equal(count, 3);
	assert_true(shd_state_unshipped(f->state, "s", "x", &units, &f->err));
	assert_int_equal(units, 4 * SHD_MICRO);
	assert_true(shd_state_unshipped(f->state, "s", "z", &units, &f->err));
	assert_int_equal(units, 0);
	assert_true(shd_state_listings(f->state, "s", "x", f->arena, &listings, &count, &f->err));
	assert_int_equal(count, 0);
}

static bool count_visit(void *ctx, const struct shd_entity *entity)
{
	char *seen = ctx;
	size_t len = strlen(seen);

	snprintf(seen + len, 16 - len, "%s", entity->id);
	return strlen(seen) < 3;
}

/* Whatever changes by which a row is looked up, it is found by the new. */
static void a_row_is_found_by_what_it_says_now(void **state)
{
	struct fixture *f = *state;
	char seen[16] = "";
	const char *const *ids;
	size_t count;

	put_order(f, "s", "a", 10, false, "x", "list");
	put_order(f, "s", "a", 10, false, "x", "other");
	assert_true(shd_state_entity_ids(f->state, "s", SHD_KIND_order, "other", f->arena, &ids,
		&count, &f->err));
	assert_int_equal(count, 1);
	put_order(f, "s", "a", 10, false, "y", NULL);
	assert_true(shd_state_orders_of(f->state, "s", "y", f->arena, &ids, &count, &f->err));
	assert_int_equal(count, 1);
	put_order(f, "s", "a", 40, false, "y", NULL);
	assert_true(shd_state_window(f->state, "s", SHD_KIND_order, (struct shd_wall){30},
		(struct shd_wall){50}, count_visit, seen, &f->err));
	assert_string_equal(seen, "a");
	put_order(f, "s", "a", 40, true, "y", NULL);
	assert_true(shd_state_entity_ids(f->state, "s", SHD_KIND_order, NULL, f->arena, &ids,
		&count, &f->err));
	assert_int_equal(count, 0);
}

static void a_window_is_open_below_and_closed_above(void **state)
{
	struct fixture *f = *state;
	char seen[16] = "";

	put_order(f, "s", "a", 10, false, "x", NULL);
	put_order(f, "s", "c", 30, true, "x", NULL);
	put_order(f, "s", "b", 20, false, "x", NULL);
	assert_true(shd_state_window(f->state, "s", SHD_KIND_order, (struct shd_wall){10},
				     (struct shd_wall){30}, count_visit, seen, &f->err));
	assert_string_equal(seen, "bc");
	put_order(f, "s", "d", 30, true, "x", NULL);
	put_order(f, "s", "e", 30, true, "x", NULL);
	seen[0] = '\0';
	assert_true(shd_state_window(f->state, "s", SHD_KIND_order, (struct shd_wall){0},
				     (struct shd_wall){30}, count_visit, seen, &f->err));
	assert_int_equal(strlen(seen), 3); /* the visitor stopped it */
}

struct nested {
	struct fixture *f;
	int inner;
};

static bool count_inner(void *ctx, const struct shd_entity *entity)
{
	(void)entity;
	++*(int *)ctx;
	return true;
}

static bool visit_outer(void *ctx, const struct shd_entity *entity)
{
	struct nested *nested = ctx;

	(void)entity;
	return shd_state_window(nested->f->state, "s", SHD_KIND_order, (struct shd_wall){0},
		(struct shd_wall){30}, count_inner, &nested->inner, &nested->f->err);
}

static void a_window_may_be_read_inside_a_window(void **state)
{
	struct nested nested = {.f = *state};

	put_order(nested.f, "s", "a", 10, false, "x", NULL);
	put_order(nested.f, "s", "b", 20, false, "x", NULL);
	assert_true(shd_state_window(nested.f->state, "s", SHD_KIND_order, (struct shd_wall){0},
				     (struct shd_wall){30}, visit_outer, &nested, &nested.f->err));
	assert_int_equal(nested.inner, 4);
}

/* Eight of each kind, so that some go in together and some alone, of two stores. */
static void entities_that_are_new_together_come_back(void **state)
{
	enum { EACH = 8 };
	static const char *const ids[EACH] = {"a", "b", "c", "d", "e", "f", "g", "h"};
	struct fixture *f = *state;

	for (int k = 0; k < 2 * SHD_KIND_COUNT; k++) {
		enum shd_kind kind = (enum shd_kind)(k / 2);
		const char *store = k % 2 ? "s" : "t";
		struct shd_entity_change changes[EACH];
		struct shd_entity entities[EACH], *back;
		struct shd_value fields[EACH][64];

		for (int i = 0; i < EACH; i++) {
			make_entity(&entities[i], fields[i], kind, ids[i]);
			for (int n = i % 3; n < shd_kind_fields(kind); n += 3)
				fields[i][n] = sample_value(fields[i][n].type, i * 64 + n);
			changes[i] = (struct shd_entity_change){store, &entities[i],
				i % 2 ? "list" : NULL, .is_new = true};
		}
		assert_true(shd_state_entities_apply(f->state, changes, EACH, &f->err));
		for (int i = 0; i < EACH; i++) {
			assert_true(shd_state_entity_get(
				f->state, store, kind, ids[i], f->arena, &back, &f->err));
			assert_non_null(back);
			for (int n = 0; n < shd_kind_fields(kind); n++)
				assert_true(shd_value_equal(&back->fields[n], &fields[i][n]));
		}
	}
}

static void lookups_read_an_index(void **state)
{
	struct fixture *f = *state;
	char plan[1024];

	for (int k = 0; k < SHD_KIND_COUNT; k++) {
		enum shd_kind kind = (enum shd_kind)k;
		char *window shd_autofree = shd_table_window(kind, SHD_I_opened_at, UINT64_MAX);
		char *counted shd_autofree = shd_table_window(
			kind, SHD_I_opened_at, 1ULL << SHD_I_opened_at);

		plan_of(f, counted, plan, sizeof(plan));
		assert_non_null(strstr(plan, "USING COVERING INDEX"));
		plan_of(f, window, plan, sizeof(plan));
		assert_non_null(strstr(plan, "_opened (store=? AND opened_at>? AND opened_at<?)"));
		assert_null(strstr(plan, "TEMP B-TREE"));
		plan_of(f, shd_table_sql(kind, SHD_TABLE_OPEN_IDS), plan, sizeof(plan));
		assert_non_null(strstr(plan, "_open (store=?)"));
		assert_null(strstr(plan, "TEMP B-TREE"));
		for (int sql = SHD_TABLE_GET; sql <= SHD_TABLE_GET_ALL; sql++) {
			plan_of(f, shd_table_sql(kind, (enum shd_table_sql)sql), plan,
				sizeof(plan));
			assert_non_null(strstr(plan, "(store=? AND id=?)"));
			assert_non_null(
				strstr(plan, "w USING PRIMARY KEY (store=? AND kind=? AND id=?)"));
			assert_null(strstr(plan, "MATERIALIZE"));
			assert_null(strstr(plan, "CO-ROUTINE"));
		}
	}
}

/* Every change of an order asks these of its product. */
static void what_belongs_to_a_product_is_found_by_its_sku(void **state)
{
	static const enum shd_sql lookups[] = {SHD_SQL_listings_of,
		SHD_SQL_orders_of, SHD_SQL_returns_of, SHD_SQL_stocks_of};
	struct fixture *f = *state;
	char plan[1024];

	assert_true(shd_state_prepare_all(f->state, &f->err));
	for (size_t i = 0; i < SHD_COUNT(lookups); i++) {
		plan_of(f, sqlite3_sql(f->state->statements[lookups[i]]), plan, sizeof(plan));
		assert_non_null(strstr(plan, "_sku (store=? AND sku=?)"));
	}
	/* Orders that were closed long ago are not looked at. */
	plan_of(f, sqlite3_sql(f->state->statements[SHD_SQL_unshipped]), plan, sizeof(plan));
	assert_non_null(strstr(plan, "e_order_sku (store=? AND sku=? AND <expr>=?)"));
	plan_of(f, sqlite3_sql(f->state->statements[SHD_SQL_alerts_open]), plan, sizeof(plan));
	assert_non_null(strstr(plan, "alert_open"));
}

static bool add_sample(void *ctx, struct shd_wall at, const struct shd_value *value)
{
	char *seen = ctx;
	size_t len = strlen(seen);

	snprintf(seen + len, 256 - len, "%lld=%lld ", (long long)at.ms, (long long)value->n);
	return true;
}

static void put_rating(struct fixture *f, int64_t at, int64_t n)
{
	struct shd_value value = {.type = SHD_NUMBER, .n = n};

	if (!shd_state_metric_put(f->state, "s", SHD_M_rating, false, &value, (struct shd_wall){at},
				  &f->err))
		fail_msg("%s", f->err.msg);
}

static const char *samples(struct fixture *f, int64_t from, int64_t to, char seen[256])
{
	seen[0] = '\0';
	assert_true(shd_state_samples(f->state, "s", SHD_M_rating, (struct shd_wall){from},
				      (struct shd_wall){to}, add_sample, seen, &f->err));
	return seen;
}

static void a_metric_keeps_its_newest_value_and_its_samples(void **state)
{
	struct fixture *f = *state;
	struct shd_value value;
	struct shd_wall at;
	char seen[256];

	assert_true(shd_state_metric_get(f->state, "s", SHD_M_rating, false, &value, &at, &f->err));
	assert_true(value.none);
	assert_string_equal(samples(f, 0, 100, seen), "");
	put_rating(f, 10, 1);
	put_rating(f, 20, 2);
	put_rating(f, 30, 3);
	put_rating(f, 15, 9); /* the clock went back: what is known stays */
	assert_true(shd_state_metric_get(f->state, "s", SHD_M_rating, false, &value, &at, &f->err));
	assert_int_equal(value.n, 3);
	assert_int_equal(at.ms, 30);
	assert_string_equal(samples(f, 20, 30, seen), "20=2 30=3 ");
	assert_string_equal(samples(f, 5, 25, seen), "10=1 20=2 ");
}

static void old_samples_become_hours_and_days(void **state)
{
	struct fixture *f = *state;
	struct shd_retention keep = {0};
	bool more = true;
	char seen[256];

	put_rating(f, 1000, 5);
	put_rating(f, 2000, 7);
	put_rating(f, SHD_HOUR_MS + 1, 6);
	put_rating(f, 3 * SHD_DAY_MS, 8);
	keep.hourly_before.ms = 2 * SHD_DAY_MS;
	for (int i = 0; more && i < 100; i++)
		assert_true(shd_state_retain(f->state, &keep, 1, &more, &f->err));
	assert_false(more);
	assert_string_equal(samples(f, 0, 4 * SHD_DAY_MS, seen), "2000=7 3600001=6 259200000=8 ");
	assert_string_equal(
		samples(f, 3000, 4 * SHD_DAY_MS, seen), "2000=7 3600001=6 259200000=8 ");
	keep.daily_before.ms = SHD_DAY_MS;
	assert_true(shd_state_retain(f->state, &keep, 100, &more, &f->err));
	assert_string_equal(samples(f, 0, 4 * SHD_DAY_MS, seen), "3600001=6 259200000=8 ");
	assert_string_equal(samples(f, 3600001, 4 * SHD_DAY_MS, seen), "3600001=6 259200000=8 ");
	keep.samples_before.ms = SHD_DAY_MS;
	assert_true(shd_state_retain(f->state, &keep, 100, &more, &f->err));
	assert_string_equal(samples(f, 0, 4 * SHD_DAY_MS, seen), "259200000=8 ");
}

static void put_token(struct fixture *f, const char *credential, int64_t issued_ms)
{
	const struct shd_token_row row = {.credential = credential, .first = "",
		.refresh = "worth something", .issued.ms = issued_ms};

	assert_true(shd_state_token_put(f->state, &row, &f->err));
}

/* A round of housekeeping: what is gone for 10 ms is forgotten. */
static void assert_tokens_kept(struct fixture *f, int64_t now_ms, const char *configured,
			       const char *expected)
{
	const char *const all[] = {"", configured};
	struct shd_token_row *rows;
	char kept[64] = "";
	size_t count, len = 0;

	assert_true(shd_state_tokens_keep(f->state, all, 2, (struct shd_wall){now_ms},
		(struct shd_wall){now_ms - 10}, &f->err));
	assert_true(shd_state_tokens(f->state, f->arena, &rows, &count, &f->err));
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(kept + len, sizeof(kept) - len, "%s ", rows[i].credential);
	assert_string_equal(kept, expected);
}

/* Whatever its age: a renewal may be months away. */
static void tokens_of_a_credential_that_is_gone_are_kept_for_a_while(void **state)
{
	struct fixture *f = *state;

	put_token(f, "here", 1);
	put_token(f, "gone", 2);
	assert_tokens_kept(f, 1000, "here", "gone here ");
	assert_tokens_kept(f, 1010, "here", "gone here ");
	assert_tokens_kept(f, 1011, "gone", "gone here "); /* it is back in time */
	assert_tokens_kept(f, 1020, "gone", "gone here ");
	assert_tokens_kept(f, 1022, "gone", "gone ");
	/* Renewed once more on its way out; and the clock is set back. */
	assert_tokens_kept(f, 1030, "none", "gone ");
	put_token(f, "gone", 3);
	assert_tokens_kept(f, 1041, "none", "gone ");
	assert_tokens_kept(f, 500, "none", "gone ");
	assert_tokens_kept(f, 510, "none", "gone ");
	assert_tokens_kept(f, 511, "none", "");
}

static void a_report_that_nobody_ends_is_forgotten(void **state)
{
	struct fixture *f = *state;
	struct shd_job_row row = {.source = "s", .step = "wait", .id = "", .document = ""}, *rows;
	size_t count;

	for (row.began.ms = 10; row.began.ms <= 20; row.began.ms += 10) {
		row.endpoint = row.began.ms == 10 ? "old" : "new";
		assert_true(shd_state_job_put(f->state, &row, &f->err));
	}
	assert_true(shd_state_jobs_forget(f->state, (struct shd_wall){20}, &f->err));
	assert_true(shd_state_jobs(f->state, f->arena, &rows, &count, &f->err));
	assert_int_equal(count, 1);
	assert_string_equal(rows[0].endpoint, "new");
}

static void a_feed_comes_back(void **state)
{
	struct fixture *f = *state;
	struct shd_feed_row row = {.store = "s",
		.endpoint = "list",
		.cursor = {{1}, "where", {8}},
		.last_success = {2},
		.last_try = {3},
		.failing_since = {4},
		.failures = 5,
		.error = SHD_ERR_THROTTLED,
		.error_text = "too many",
		.next_due = {6},
		.suspects = 7,
		.incomplete = "it stands still",
		.incomplete_since = {9},
		.standing = SHD_STANDING_LACKING};
	struct shd_feed_row *rows;
	size_t count;

	assert_true(shd_state_feed_put(f->state, &row, &f->err));
	state_reopen(f);
	assert_true(shd_state_feeds(f->state, "s", f->arena, &rows, &count, &f->err));
	assert_int_equal(count, 1);
	assert_string_equal(rows[0].endpoint, "list");
	assert_int_equal(rows[0].error, SHD_ERR_THROTTLED);
	assert_string_equal(rows[0].error_text, "too many");
	assert_int_equal(rows[0].next_due.ms, 6);
	assert_int_equal(rows[0].suspects, 7);
	assert_string_equal(rows[0].incomplete, "it stands still");
	assert_int_equal(rows[0].incomplete_since.ms, 9);
	assert_int_equal(rows[0].standing, SHD_STANDING_LACKING);
	assert_int_equal(rows[0].cursor.time.ms, 1);
	assert_string_equal(rows[0].cursor.text, "where");
	assert_int_equal(rows[0].cursor.expires.ms, 8);
	row.error = -1;
	row.error_text = NULL;
	row.cursor.text = NULL;
	assert_true(shd_state_feed_put(f->state, &row, &f->err));
	assert_true(shd_state_feeds(f->state, NULL, f->arena, &rows, &count, &f->err));
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].error, -1);
	assert_null(rows[0].cursor.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATE_TEST(every_field_of_every_kind_comes_back),
		STATE_TEST(a_sweep_sees_the_open_entities_of_its_feed),
		STATE_TEST(orders_and_stock_of_a_product_are_found),
		STATE_TEST(a_row_is_found_by_what_it_says_now),
		STATE_TEST(a_window_is_open_below_and_closed_above),
		STATE_TEST(a_window_may_be_read_inside_a_window),
		STATE_TEST(entities_that_are_new_together_come_back),
		STATE_TEST(lookups_read_an_index),
		STATE_TEST(what_belongs_to_a_product_is_found_by_its_sku),
		STATE_TEST(a_metric_keeps_its_newest_value_and_its_samples),
		STATE_TEST(old_samples_become_hours_and_days),
		STATE_TEST(tokens_of_a_credential_that_is_gone_are_kept_for_a_while),
		STATE_TEST(a_report_that_nobody_ends_is_forgotten),
		STATE_TEST(a_feed_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

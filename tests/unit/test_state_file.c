/* daemon/state: the file itself: migrations, transactions, readers, bad files. */
#include "support/state.h"

#include "base/crypto.h"

#include <fcntl.h>
#include <sys/stat.h>

static const struct {
	const char *name, *sql;
} migrations[] = {
#include "migrations.inc"
};

/* The statements against a foreign connection, as another program would see it. */
static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void every_statement_prepares(void **state)
{
	struct fixture *f = *state;

	if (!shd_state_prepare_all(f->state, &f->err))
		fail_msg("%s", f->err.msg);
}

/* A migration that was released is never edited: write another one. */
static void migrations_are_what_they_were(void **state)
{
	static const char *const hashes[] = {
		"ca37095b2d7e95cf300cb502faaa1a8e7ae436b9b51489ed2a87c969ec90dd89",
		"3a5df1c7c817b9fc7f3936ce724974b1578defc86192adfd2eda3967287d119d",
		"14fab1499ffdfdff22f3e2eebbc5a928d8a330f34b6313a7dd03be9fbb5958bc",
		"5269062e9828f1f9d34544409b54d906f4500123201bf836628061fbc48be8ea",
		"50fd6260bf3492fa9906c19de20ea4eb811b1f08e191dd3720391d5c26f1a55d",
		"c9c20e65321ec006b5278939f213b38e89ed80573acf5fed76a4a2f06b1e2a5f",
		"31913f88c4dfab8ea41c7b2379d5346568cf88ee5b7694ce764e2803515a8f8f",
		"bf19baad406da7512264cfba78afed5b9f26f73d8b7176b6b48789be0f0040f0",
		"8caa7913c4158144ab88fc91147d618e97b543162381350010b2758af151994a",
		"90cd1052df1743f1c2a11fd7127ff4590479c0eb47a0e9bf05ed53024ff66072",
		"c7f9958382237460afc7b4a7dd0ec7d1dc043e5fa5c4cda80c4f6fd1f5bbd0f1",
		"00cf6a9cc6236ef04ff912271d5e08ac0e0a4889e80728930b1a1073b877ae1b",
		"0e54a3ee41569236ef97342e9f5b6dd05ef553d5d47bfb468131714c44214903",
		"2cbe4c865a9e5c048b2d0035677cb4c5cf9b278195b8bcd49ac014746ed0e8cc",
	};
	(void)state;
	assert_int_equal(SHD_COUNT(migrations), SHD_COUNT(hashes));
	for (size_t i = 0; i < SHD_COUNT(migrations); i++) {
		const struct shd_bytes text = {migrations[i].sql, strlen(migrations[i].sql)};
		unsigned char hash[SHD_SHA256_BYTES];
		char hex[2 * SHD_SHA256_BYTES + 1];

		shd_sha256(&text, 1, hash);
		shd_hex(hash, sizeof(hash), hex);
		assert_string_equal(hex, hashes[i]);
	}
}

/* Any row will do: a name and its value. */
static bool put_value(struct shd_state *state, const char *name, const char *value,
		      struct shd_error *reterr)
{
	const struct shd_token_row row = {.credential = name, .first = "", .access = value};

	return shd_state_token_put(state, &row, reterr);
}

static bool get_value(struct shd_state *state, const char *name, struct shd_arena *arena,
		      const char **ret_value, struct shd_error *reterr)
{
	struct shd_token_row *rows;
	size_t count;

	if (!shd_state_tokens(state, arena, &rows, &count, reterr))
		return false;
	*ret_value = NULL;
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].credential, name) == 0)
			*ret_value = rows[i].access;
	return true;
}

static void what_is_rolled_back_never_was(void **state)
{
	struct fixture *f = *state;
	const char *value;

	assert_true(shd_state_begin(f->state, &f->err));
	assert_true(put_value(f->state, "a", "1", &f->err));
	shd_state_rollback(f->state);
	assert_true(get_value(f->state, "a", f->arena, &value, &f->err));
	assert_null(value);
	assert_true(shd_state_begin(f->state, &f->err));
	assert_true(put_value(f->state, "a", "2", &f->err));
	assert_true(shd_state_commit(f->state, true, &f->err));
	state_reopen(f);
	assert_true(get_value(f->state, "a", f->arena, &value, &f->err));
	assert_string_equal(value, "2");
}

static void a_reader_sees_the_last_commit_and_cannot_write(void **state)
{
	struct fixture *f = *state;
	struct shd_state *reader;
	const char *value;

	assert_true(shd_state_open_readonly(f->path, &reader, &f->err));
	assert_true(shd_state_begin(f->state, &f->err));
	assert_true(put_value(f->state, "a", "1", &f->err));
	assert_true(get_value(reader, "a", f->arena, &value, &f->err));
	assert_null(value);
	assert_true(shd_state_commit(f->state, false, &f->err));
	assert_true(get_value(reader, "a", f->arena, &value, &f->err));
	assert_string_equal(value, "1");
	assert_false(put_value(reader, "a", "2", &f->err));
	assert_int_equal(f->err.kind, SHD_ERR_STATE);
	assert_true(shd_state_prepare_all(reader, &f->err));
	shd_state_close(reader);
}

static void a_field_that_is_new_becomes_a_column(void **state)
{
	struct fixture *f = *state;

	put_order(f, "s", "a", 1, false, "x", NULL);
	shd_state_close(shd_steal(f->state));
	run_sql(f->path, "ALTER TABLE e_order DROP COLUMN country;"
			 "ALTER TABLE e_order DROP COLUMN amount_currency");
	assert_true(shd_state_open(f->path, &f->state, &f->err));
	put_order(f, "s", "a", 2, false, "x", NULL);
	assert_true(shd_state_prepare_all(f->state, &f->err));
}

static void check_url(struct fixture *f, enum shd_kind kind, const char *id, const char *expected)
{
	struct shd_entity *entity;

	assert_true(shd_state_entity_get(f->state, "s", kind, id, f->arena, &entity, &f->err));
	assert_non_null(entity);
	assert_string_equal(entity->fields[SHD_I_url].text, expected);
}

/* Those that a word stands for, and no others. */
static void addresses_of_older_files_become_words(void **state)
{
	static const char cabinet[] = "https://seller.ozon.ru/app/postings/";
	static const struct {
		const char *id, *path, *word;
	} rows[] = {{"a-1", "fbs?postingDetails=a-1", "fbs"},
		{"b-1", "fbo?postingDetails=b-1", "fbo"},
		{"c-1", "crossborder/fbs?tab=all&postingNumber=c-1&postingDetails=c-1", "fbs"},
		{"d-1", "crossborder/fbo/d-1", "fbo"}};
	struct fixture *f = *state;
	char sql[400];

	for (size_t i = 0; i < SHD_COUNT(rows); i++)
		put_order(f, "s", rows[i].id, 1, false, "x", NULL);
	put_order(f, "s", "other", 1, false, "x", NULL);
	shd_state_close(shd_steal(f->state));
	run_sql(f->path,
		"DROP TABLE reached; ALTER TABLE feed DROP COLUMN incomplete;"
		"ALTER TABLE feed DROP COLUMN incomplete_since_ms;"
		"PRAGMA user_version = 11; UPDATE e_order SET url = 'https://a.example/fbs'");
	for (size_t i = 0; i < SHD_COUNT(rows); i++) {
		snprintf(sql, sizeof(sql), "UPDATE e_order SET url = '%s%s' WHERE id = '%s'",
			cabinet, rows[i].path, rows[i].id);
		run_sql(f->path, sql);
	}
	run_sql(f->path, "INSERT INTO e_parcel (store, id, url, order_id) VALUES"
			 " ('s', 'a-1', 'https://seller.ozon.ru/app/postings/fbs?x', 'a-1'),"
			 " ('s', 'b-1', 'https://seller.ozon.ru/app/postings/fbs?x', NULL)");
	assert_true(shd_state_open(f->path, &f->state, &f->err));
	for (size_t i = 0; i < SHD_COUNT(rows); i++)
		check_url(f, SHD_KIND_order, rows[i].id, rows[i].word);
	check_url(f, SHD_KIND_order, "other", "https://a.example/fbs");
	check_url(f, SHD_KIND_parcel, "a-1", "fbs");
	check_url(f, SHD_KIND_parcel, "b-1", "https://seller.ozon.ru/app/postings/fbs?x");
}

static void a_file_of_a_newer_version_is_refused(void **state)
{
	struct fixture *f = *state;
	struct shd_state *other;

	shd_state_close(shd_steal(f->state));
	run_sql(f->path, "PRAGMA user_version = 900");
	assert_false(shd_state_open(f->path, &other, &f->err));
	assert_int_equal(f->err.kind, SHD_ERR_CONFIG);
	assert_non_null(strstr(f->err.msg, "newer storehealthd"));
	assert_false(shd_state_open_readonly(f->path, &other, &f->err));
	assert_int_equal(f->err.kind, SHD_ERR_CONFIG);
}

static void a_file_that_is_no_database_is_named(void **state)
{
	static const char text[] = "This is a letter to the editor, and no database at all.\n";
	struct fixture *f = *state;
	struct shd_state *other;
	int fd;

	shd_state_close(shd_steal(f->state));
	fd = open(f->path, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text)), (ssize_t)sizeof(text));
	close(fd);
	assert_false(shd_state_open(f->path, &other, &f->err));
	assert_int_equal(f->err.kind, SHD_ERR_STATE);
	assert_non_null(strstr(f->err.msg, f->path));
	assert_non_null(strstr(f->err.msg, "damaged"));
}

static void a_folder_that_is_not_there_is_named(void **state)
{
	struct fixture *f = *state;
	struct shd_state *other;

	assert_false(shd_state_open("/nonexistent/state.db", &other, &f->err));
	assert_int_equal(f->err.kind, SHD_ERR_STATE);
	assert_non_null(strstr(f->err.msg, "/nonexistent/state.db"));
	assert_non_null(strstr(f->err.msg, "folder"));
	assert_false(shd_state_open_readonly("/nonexistent/state.db", &other, &f->err));
	assert_non_null(strstr(f->err.msg, "there is no state database"));
}

static void a_file_that_another_program_writes_is_said_to_be_locked(void **state)
{
	struct fixture *f = *state;
	sqlite3 *other;

	assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_busy_timeout(f->state->db, 0);
	assert_false(shd_state_begin(f->state, &f->err));
	assert_int_equal(f->err.kind, SHD_ERR_STATE);
	assert_non_null(strstr(f->err.msg, "second storehealthd"));
	sqlite3_close(other);
}

static void a_second_daemon_does_not_open_the_file(void **state)
{
	struct fixture *f = *state;
	struct shd_state *other;

	assert_false(shd_state_open(f->path, &other, &f->err));
	assert_int_equal(f->err.kind, SHD_ERR_STATE);
	assert_non_null(strstr(f->err.msg, "in use by another storehealthd"));
	assert_true(shd_state_open_readonly(f->path, &other, &f->err));
	shd_state_close(other);
}

static void nobody_else_may_read_the_file(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	struct fixture *f = *state;

	for (size_t i = 0; i < SHD_COUNT(ends); i++) {
		struct stat stat_buf;
		char path[80];

		snprintf(path, sizeof(path), "%s%s", f->path, ends[i]);
		assert_int_equal(stat(path, &stat_buf), 0);
		assert_int_equal(stat_buf.st_mode & 077, 0);
	}
}

static int64_t main_file_changed_ns(const char *path)
{
	struct stat stat_buf;

	assert_int_equal(stat(path, &stat_buf), 0);
	return stat_buf.st_mtim.tv_sec * 1000000000 + stat_buf.st_mtim.tv_nsec;
}

/* The log begins anew after it was moved, so it does not grow with every round. */
static void a_checkpoint_moves_the_log_beside_the_writer(void **state)
{
	struct fixture *f = *state;
	char log[80], text[4000];
	struct stat stat_buf;

	snprintf(log, sizeof(log), "%s-wal", f->path);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	int64_t before = main_file_changed_ns(f->path);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 20; i++) {
			text[0] = (char)('a' + (round + i) % 20);
			assert_true(shd_state_begin(f->state, &f->err));
			assert_true(put_value(f->state, text + i, text, &f->err));
			assert_true(shd_state_commit(f->state, false, &f->err));
		}
		/* Each commit writes its text's page at least. */
		assert_true(shd_state_logged_bytes(f->state) >= 20 * sizeof(text));
		shd_state_checkpoint(f->state);
		assert_int_equal(shd_state_logged_bytes(f->state), 0);
	}
	assert_true(main_file_changed_ns(f->path) > before);
	assert_int_equal(stat(log, &stat_buf), 0);
	assert_in_range(stat_buf.st_size, 1, 4 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATE_TEST(every_statement_prepares),
		STATE_TEST(migrations_are_what_they_were),
		STATE_TEST(what_is_rolled_back_never_was),
		STATE_TEST(a_reader_sees_the_last_commit_and_cannot_write),
		STATE_TEST(a_field_that_is_new_becomes_a_column),
		STATE_TEST(addresses_of_older_files_become_words),
		STATE_TEST(a_file_of_a_newer_version_is_refused),
		STATE_TEST(a_file_that_is_no_database_is_named),
		STATE_TEST(a_folder_that_is_not_there_is_named),
		STATE_TEST(a_file_that_another_program_writes_is_said_to_be_locked),
		STATE_TEST(a_second_daemon_does_not_open_the_file),
		STATE_TEST(nobody_else_may_read_the_file),
		STATE_TEST(a_checkpoint_moves_the_log_beside_the_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

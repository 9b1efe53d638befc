/* daemon/state/sqlite/log_file: the log is written in large pieces, and what is committed is in
 * the files, as a crash would find them. */
#include "support/state.h"

enum { VALUE_BYTES = 1500, PAGE_BYTES = 4096 };

static void put(struct fixture *f, int i, char filled)
{
	char name[16], value[VALUE_BYTES + 1];

	snprintf(name, sizeof(name), "%06d", i);
	memset(value, filled, VALUE_BYTES);
	value[VALUE_BYTES] = '\0';
	const struct shd_token_row row = {.credential = name, .first = "", .access = value};
	assert_true(shd_state_token_put(f->state, &row, &f->err));
}

static void put_all(struct fixture *f, int count, char filled)
{
	for (int i = 0; i < count; i++)
		put(f, i, filled);
}

static void begin(struct fixture *f)
{
	assert_true(shd_state_begin(f->state, &f->err));
}

static void commit(struct fixture *f)
{
	assert_true(shd_state_commit(f->state, false, &f->err));
}

/* As it is now, whatever SQLite means to write later. */
static void copy_file(const char *from, const char *to, const char *end)
{
	char path[96], bytes[PAGE_BYTES];
	size_t got;

	snprintf(path, sizeof(path), "%s%s", from, end);
	FILE *in = fopen(path, "rb");
	snprintf(path, sizeof(path), "%s%s", to, end);
	FILE *out = fopen(path, "wb");
	assert_non_null(in);
	assert_non_null(out);
	while ((got = fread(bytes, 1, sizeof(bytes), in)) > 0)
		assert_int_equal(fwrite(bytes, 1, got, out), got);
	fclose(in);
	fclose(out);
}

/* What a start after a crash finds: so many values, all of them filled with one character. */
static void assert_after_crash(struct fixture *f, size_t expected, char filled)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	struct shd_state *found;
	struct shd_token_row *rows;
	size_t count;
	char copy[80], path[96];

	snprintf(copy, sizeof(copy), "%s-copy", f->path);
	copy_file(f->path, copy, "");
	copy_file(f->path, copy, "-wal");
	assert_true(shd_state_open(copy, &found, &f->err));
	shd_arena_reset(f->arena);
	assert_true(shd_state_tokens(found, f->arena, &rows, &count, &f->err));
	assert_int_equal(count, expected);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(rows[i].access[i % VALUE_BYTES], filled);
	shd_state_close(found);
	for (size_t i = 0; i < SHD_COUNT(ends); i++) {
		snprintf(path, sizeof(path), "%s%s", copy, ends[i]);
		unlink(path);
	}
}

static void what_is_committed_is_in_the_files(void **state)
{
	/* One page; several; more than are gathered; more than the cache has room for. */
	static const int counts[] = {1, 5, 60, 6000, 2};
	struct fixture *f = *state;
	size_t most = 0;

	for (size_t i = 0; i < SHD_COUNT(counts); i++) {
		begin(f);
		put_all(f, counts[i], 'a');
		commit(f);
		most = (size_t)counts[i] > most ? (size_t)counts[i] : most;
		assert_after_crash(f, most, 'a');
	}
}

static void what_is_not_committed_is_not(void **state)
{
	struct fixture *f = *state;

	begin(f);
	put_all(f, 60, 'a');
	commit(f);
	begin(f);
	put_all(f, 6000, 'b');
	assert_after_crash(f, 60, 'a');
	shd_state_rollback(f->state);
	assert_after_crash(f, 60, 'a');
	/* The log goes on where the last commit ended. */
	for (char c = 'c'; c < 'f'; c++) {
		begin(f);
		put_all(f, 60, c);
		commit(f);
		assert_after_crash(f, 60, c);
	}
}

/* Pages that were written early, for want of room, and changed again. */
static void what_is_written_twice_is_whole(void **state)
{
	struct fixture *f = *state;

	for (char c = 'a'; c < 'd'; c++) {
		begin(f);
		for (char twice = 'x'; twice < 'z'; twice++)
			put_all(f, 4000, twice);
		put_all(f, 4000, c);
		commit(f);
		assert_after_crash(f, 4000, c);
	}
}

static void a_log_that_begins_anew_is_whole(void **state)
{
	struct fixture *f = *state;

	for (char c = 'a'; c < 'f'; c++) {
		begin(f);
		put_all(f, 20, c);
		commit(f);
		shd_state_checkpoint(f->state);
		assert_after_crash(f, 20, c);
	}
	state_reopen(f);
	begin(f);
	put_all(f, 20, 'g');
	commit(f);
	assert_after_crash(f, 20, 'g');
}

static unsigned long long writes(void)
{
	unsigned long long count = 0;
	char line[80];
	FILE *io = fopen("/proc/self/io", "r");

	while (io && fgets(line, sizeof(line), io))
		if (sscanf(line, "syscw: %llu", &count) == 1)
			break;
	if (io)
		fclose(io);
	return count;
}

static void a_transaction_takes_few_writes(void **state)
{
	struct fixture *f = *state;

	if (!writes())
		skip(); /* a kernel that does not count */
	begin(f);
	put_all(f, 600, 'a');
	unsigned long long before = writes();
	commit(f);
	assert_in_range(writes() - before, 1, 600 / 5); /* each of them changes a page, or two */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, state_set_up, state_tear_down)
		TEST(what_is_committed_is_in_the_files),
		TEST(what_is_not_committed_is_not),
		TEST(what_is_written_twice_is_whole),
		TEST(a_log_that_begins_anew_is_whole),
		TEST(a_transaction_takes_few_writes),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

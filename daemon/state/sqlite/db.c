#include "query.h"

#include "base/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BUSY_MS = 5000,
	CHECKPOINT_ROUNDS = 5,
	PAGE_BYTES = 4096, /* SQLite's default */
};

static const struct {
	const char *name, *sql;
} migrations[] = {
#include "migrations.inc"
};

enum who { WRITER, READER };
static const struct {
	enum who who;
	const char *sql;
} setup[] = {
#define SETUP(name, who, sql, doc) {who, sql},
#include "statements.def"
};

static bool run(struct shd_state *state, const char *sql, const char *doing,
		struct shd_error *reterr)
{
	int rc = sqlite3_exec(state->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK || shd_state_fail(state, rc, doing, reterr);
}

static bool simple(struct shd_state *state, enum shd_sql sql, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	return shd_query_open(&query, state, sql, reterr) && shd_query_run(&query, reterr);
}

bool shd_state_begin(struct shd_state *state, struct shd_error *reterr)
{
	return state->held || simple(state, SHD_SQL_begin, reterr);
}

void shd_state_rollback(struct shd_state *state)
{
	struct shd_error ignored;

	/* SQLite may have rolled back by itself (a full disk). */
	if (!sqlite3_get_autocommit(state->db))
		(void)!simple(state, SHD_SQL_rollback, &ignored);
}

/* Under synchronous=NORMAL a commit is written to the log but not synced; syncing
 * the log is all that FULL would add. */
bool shd_state_sync(struct shd_state *state, struct shd_error *reterr)
{
	sqlite3_file *log = NULL;
	int rc = sqlite3_file_control(state->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);

	if (rc == SQLITE_OK && log && log->pMethods)
		rc = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
	return rc == SQLITE_OK || shd_state_fail(state, rc, "syncing a commit", reterr);
}

static void count_logged(struct shd_state *state)
{
	int pages = 0, most;

	sqlite3_db_status(state->db, SQLITE_DBSTATUS_CACHE_WRITE, &pages, &most, true);
	atomic_fetch_add(&state->logged_pages, (size_t)pages);
}

bool shd_state_commit(struct shd_state *state, bool durable, struct shd_error *reterr)
{
	if (state->held)
		return true;
	if (!simple(state, SHD_SQL_commit, reterr))
		return false;
	count_logged(state);
	return !durable || shd_state_sync(state, reterr);
}

static bool read_version(struct shd_state *state, int64_t *ret_version, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_version, reterr))
		return false;
	int64_t version = shd_query_row(&query) ? shd_query_get_n(&query) : 0;
	if (!shd_query_ok(&query, reterr))
		return false;
	if (version > (int64_t)SHD_COUNT(migrations))
		return shd_fail(reterr, SHD_ERR_CONFIG,
			"%s was written by a newer storehealthd (state version %lld, this one "
			"knows %zu); install that version again, or give this one another file",
			state->path, (long long)version, SHD_COUNT(migrations));
	*ret_version = version;
	return true;
}

bool shd_state_prove(struct shd_state *state, struct shd_error *reterr)
{
	return simple(state, SHD_SQL_application_put, reterr);
}

/* --- whose file it is ---------------------------------------------------------------------- */

enum { APPLICATION_ID = 1399350321 }; /* as statements.def has it */

/* Up to two numbers of a row. */
static bool read_numbers(struct shd_state *state, enum shd_sql sql, int count, int64_t ret[2],
			 struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	ret[0] = ret[1] = 0;
	if (!shd_query_open(&query, state, sql, reterr))
		return false;
	if (shd_query_row(&query))
		for (int i = 0; i < count; i++)
			ret[i] = shd_query_get_n(&query);
	return shd_query_ok(&query, reterr);
}

/* Ours have an id, but those of older versions, which are known by their tables. Whatever else
 * has something in it is another program's, and is not touched. */
static bool check_owner(struct shd_state *state, struct shd_error *reterr)
{
	int64_t id[2], version[2], tables[2];

	if (!read_numbers(state, SHD_SQL_application, 1, id, reterr) ||
	    !read_numbers(state, SHD_SQL_version, 1, version, reterr) ||
	    !read_numbers(state, SHD_SQL_tables, 2, tables, reterr))
		return false;
	bool ours = id[0] == APPLICATION_ID ? version[0] > 0
		    : id[0]		  ? false
		    : tables[0]		  ? version[0] > 0 && tables[1] == 4
					  : version[0] == 0;
	return ours || shd_fail(reterr, SHD_ERR_CONFIG,
			       "%s is the database of another program (application id %lld, "
			       "version %lld, %lld tables); give storehealthd a file of its own",
			       state->path, (long long)id[0], (long long)version[0],
			       (long long)tables[0]);
}

static bool mark_as_ours(struct shd_state *state, struct shd_error *reterr)
{
	int64_t id[2];

	return read_numbers(state, SHD_SQL_application, 1, id, reterr) &&
	       (id[0] == APPLICATION_ID || simple(state, SHD_SQL_application_put, reterr));
}

/* Each migration sets user_version itself. */
static bool migrate(struct shd_state *state, int64_t version, struct shd_error *reterr)
{
	int64_t reached;

	for (size_t i = (size_t)version; i < SHD_COUNT(migrations); i++) {
		if (!run(state, migrations[i].sql, migrations[i].name, reterr) ||
		    !read_version(state, &reached, reterr))
			return false;
		shd_assert(reached == (int64_t)i + 1);
	}
	return true;
}

/* Whether names[0..count) has the name. */
static bool has(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool read_columns(struct shd_state *state, enum shd_kind kind, struct shd_arena *arena,
			 const char *const **ret_names, size_t *ret_count, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	void *names = NULL;
	size_t count = 0, room = 0;

	if (!shd_query_open(&query, state, SHD_SQL_table_columns, reterr))
		return false;
	shd_query_put_text(&query, shd_table_name(kind));
	while (shd_query_row(&query)) {
		const char **slot =
			shd_query_slot(&query, arena, &names, count, &room, sizeof(*slot));

		if (slot)
			*slot = shd_query_get_text(&query, arena);
		count++;
	}
	*ret_names = names;
	*ret_count = count;
	return shd_query_ok(&query, reterr);
}

static bool add_missing(struct shd_state *state, enum shd_kind kind, const char *const *names,
			size_t count, struct shd_error *reterr)
{
	int first = (int)shd_kind_first(kind), end = first + shd_kind_fields(kind);

	for (int i = first; i < end; i++) {
		const struct shd_table_column *column = shd_table_column((enum shd_field)i);

		if (!has(names, count, column->name) &&
		    !run(state, column->add, "adding a column", reterr))
			return false;
		if (column->currency && !has(names, count, column->currency) &&
		    !run(state, column->add_currency, "adding a column", reterr))
			return false;
	}
	return true;
}

/* Before the migrations, which may speak of them. */
static bool make_tables(struct shd_state *state, struct shd_error *reterr)
{
	for (int i = 0; i < SHD_KIND_COUNT; i++) {
		struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(1 << 20);
		enum shd_kind kind = (enum shd_kind)i;
		const char *const *names;
		size_t count;

		if (!read_columns(state, kind, arena, &names, &count, reterr))
			return false;
		if (count == 0 && !run(state, shd_table_sql(kind, SHD_TABLE_CREATE),
				       "creating a table", reterr))
			return false;
		if (count > 0 && !add_missing(state, kind, names, count, reterr))
			return false;
	}
	return true;
}

/* After them, which may drop one. */
static bool make_indexes(struct shd_state *state, struct shd_error *reterr)
{
	for (size_t i = 0; shd_table_index(i); i++)
		if (!run(state, shd_table_index(i), "creating an index", reterr))
			return false;
	return true;
}

/* In one transaction: a file of half a version would be nobody's. One of a newer version is
 * left as it is. */
static bool bring_up(struct shd_state *state, struct shd_error *reterr)
{
	int64_t version;

	if (!read_version(state, &version, reterr) || !shd_state_begin(state, reterr))
		return false;
	if (make_tables(state, reterr) && migrate(state, version, reterr) &&
	    make_indexes(state, reterr) && mark_as_ours(state, reterr) &&
	    shd_state_commit(state, true, reterr))
		return true;
	shd_state_rollback(state);
	return false;
}

static bool set_up(struct shd_state *state, enum who who, struct shd_error *reterr)
{
	sqlite3_busy_timeout(state->db, BUSY_MS);
	sqlite3_extended_result_codes(state->db, 1);
	sqlite3_db_config(state->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	for (size_t i = 0; i < SHD_COUNT(setup); i++)
		if (setup[i].who >= who &&
		    !run(state, setup[i].sql, "opening the state database", reterr))
			return false;
	return true;
}

/* The file holds buyers' data: nobody else may read it. SQLite gives its log the
 * same mode. Two daemons on it would tell everything twice. */
static bool make_private(struct shd_state *state, struct shd_error *reterr)
{
	struct stat before;

	state->origin = stat(state->path, &before) != 0 ? SHD_STATE_BEGUN
			: before.st_size == 0		? SHD_STATE_EMPTIED
							: SHD_STATE_KNOWN;
	state->lock = open(state->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (state->lock < 0)
		return shd_state_fail(state, SQLITE_CANTOPEN, "opening the state database", reterr);
	return flock(state->lock, LOCK_EX | LOCK_NB) == 0 ||
	       shd_fail(reterr, SHD_ERR_STATE, "%s is in use by another storehealthd", state->path);
}

enum shd_state_origin shd_state_origin(const struct shd_state *state)
{
	return state->origin;
}

/* SQLite makes a log when it first needs one, and keeps it to the end. */
static bool has_log(struct shd_state *state)
{
	SHD_AUTO(shd_text_finish) struct shd_text path = {0};
	struct stat at;

	shd_text_init(&path, strlen(state->path) + 8);
	shd_text_printf(&path, "%s-wal", state->path);
	bool is = stat(path.data, &at) == 0;
	bool was = state->had_log;
	state->had_log |= is;
	return is || !was;
}

bool shd_state_in_place(struct shd_state *state)
{
	struct stat ours, there;

	if (state->lock < 0)
		return true;
	return fstat(state->lock, &ours) == 0 && stat(state->path, &there) == 0 &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino && has_log(state);
}

static bool open_db(struct shd_state *state, int flags, struct shd_error *reterr)
{
	/* Nobody asks SQLite for its memory; counting takes a mutex at each allocation. Without
	 * effect but before the first connection. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	/* NOMUTEX: one thread at a time is our own promise (state.h). */
	flags |= SQLITE_OPEN_NOMUTEX;
	int rc = flags & SQLITE_OPEN_READWRITE
			 ? shd_log_file_open(&state->log, state->path, &state->db, flags)
			 : sqlite3_open_v2(state->path, &state->db, flags, NULL);

	return rc == SQLITE_OK || shd_state_fail(state, rc, "opening the state database", reterr);
}

/* False: not now; the next call tries again. */
static bool open_keeper(struct shd_state *state)
{
	if (state->keeper)
		return true;
	/* Only one that has read something knows that there is a log. */
	if (sqlite3_open_v2(state->path, &state->keeper,
		    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
		sqlite3_exec(state->keeper, "PRAGMA schema_version", NULL, NULL, NULL) == SQLITE_OK)
		return true;
	sqlite3_close(state->keeper);
	state->keeper = NULL;
	return false;
}

size_t shd_state_logged_bytes(const struct shd_state *state)
{
	return atomic_load(&state->logged_pages) * PAGE_BYTES;
}

/* Each round moves what was committed during the one before; when it was nothing,
 * the next commit begins the log anew. */
void shd_state_checkpoint(struct shd_state *state)
{
	int in_log = 1, moved = 0, rc = SQLITE_OK;

	if (!open_keeper(state))
		return;
	atomic_store(&state->logged_pages, 0);
	for (int i = 0; i < CHECKPOINT_ROUNDS && rc == SQLITE_OK && moved < in_log; i++)
		rc = sqlite3_wal_checkpoint_v2(
			state->keeper, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
}

static void destroy(struct shd_state **state)
{
	shd_state_close(*state);
}

static struct shd_state *create(const char *path)
{
	struct shd_state *state = shd_xcalloc(1, sizeof(*state));

	state->path = shd_xstrdup(path);
	state->lock = -1;
	state->retain_store = shd_xstrdup("");
	shd_state_init_stored(state);
	return state;
}

bool shd_state_open(const char *path, struct shd_state **ret_state, struct shd_error *reterr)
{
	struct shd_state *state SHD_AUTO(destroy) = create(path);

	if (strcmp(path, ":memory:") != 0 && !make_private(state, reterr))
		return false;
	if (!open_db(state, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, reterr) ||
	    !check_owner(state, reterr) || !set_up(state, WRITER, reterr) ||
	    !bring_up(state, reterr))
		return false;
	*ret_state = shd_steal(state);
	return true;
}

bool shd_state_open_readonly(const char *path, struct shd_state **ret_state,
			     struct shd_error *reterr)
{
	struct shd_state *state SHD_AUTO(destroy) = create(path);
	int64_t version;

	if (access(path, R_OK) != 0)
		return shd_fail(reterr, SHD_ERR_STATE,
				"%s: there is no state database that may be read; has storehealthd "
				"run, and may this user read its state?", path);
	if (!open_db(state, SQLITE_OPEN_READONLY, reterr) || !check_owner(state, reterr) ||
	    !set_up(state, READER, reterr) || !read_version(state, &version, reterr))
		return false;
	if (version < (int64_t)SHD_COUNT(migrations))
		return shd_fail(reterr, SHD_ERR_STATE,
			"%s was written by an older storehealthd; start this version once", path);
	*ret_state = shd_steal(state);
	return true;
}

static bool copy_pages(struct shd_state *copy, struct shd_state *source, struct shd_error *reterr)
{
	sqlite3_backup *backup = sqlite3_backup_init(copy->db, "main", source->db, "main");

	if (!backup)
		return shd_state_fail(copy, sqlite3_errcode(copy->db), "copying the state", reterr);
	sqlite3_backup_step(backup, -1);
	int rc = sqlite3_backup_finish(backup);
	return rc == SQLITE_OK || shd_state_fail(source, rc, "copying the state", reterr);
}

bool shd_state_copy(const char *path, struct shd_state **ret_copy, struct shd_error *reterr)
{
	/* Without a name SQLite keeps it in memory as far as the cache reaches, and
	 * deletes the file that takes the rest. */
	struct shd_state *copy SHD_AUTO(destroy) = create("");
	struct shd_state *source SHD_AUTO(destroy) = NULL;

	if (!shd_state_open_readonly(path, &source, reterr) ||
	    !open_db(copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, reterr) ||
	    !copy_pages(copy, source, reterr) || !set_up(copy, WRITER, reterr) ||
	    !bring_up(copy, reterr))
		return false;
	*ret_copy = shd_steal(copy);
	return true;
}

void shd_state_close(struct shd_state *state)
{
	if (!state)
		return;
	for (int i = 0; i < SHD_SQL_COUNT; i++)
		sqlite3_finalize(state->statements[i]);
	for (int i = 0; i < SHD_KIND_COUNT; i++)
		for (int k = 0; k < SHD_TABLE_SQL_COUNT; k++)
			sqlite3_finalize(state->of_kind[i][k]);
	for (size_t i = 0; i < state->window_count; i++)
		sqlite3_finalize(state->windows[i].stmt);
	sqlite3_close(state->keeper);
	sqlite3_close(state->db);
	if (state->lock >= 0) /* after SQLite: a close drops its own locks on the file */
		close(state->lock);
	free(state->retain_store);
	free(state->path);
	free(state);
}

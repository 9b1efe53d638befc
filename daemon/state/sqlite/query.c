#include "query.h"

#include <string.h>

static const char *const statements[] = {
#define STATEMENT(name, sql, doc) [SHD_SQL_##name] = sql,
#include "statements.def"
};

static const char *advice(int rc)
{
	switch (rc & 0xFF) {
	case SQLITE_BUSY: case SQLITE_LOCKED:
		return "another program is writing to it; is a second storehealthd running?";
	case SQLITE_CORRUPT: case SQLITE_NOTADB:
		return "the file is damaged or is not a state database; restore a copy, or move it "
		       "away "
		       "and start afresh";
	case SQLITE_FULL:
		return "the disk is full; make room";
	case SQLITE_READONLY: case SQLITE_PERM: case SQLITE_AUTH:
		return "it may not be written; check owner and mode of the file and its folder";
	case SQLITE_CANTOPEN:
		return "it cannot be opened; check that the folder exists and who may use it";
	case SQLITE_IOERR:
		return "reading or writing the disk failed";
	default:
		return NULL;
	}
}

bool shd_state_fail(struct shd_state *state, int rc, const char *doing, struct shd_error *reterr)
{
	/* What does not come from the connection (a sync of the log) has no message there. */
	bool has_words = state->db && sqlite3_extended_errcode(state->db) == rc;
	const char *what = has_words ? sqlite3_errmsg(state->db) : sqlite3_errstr(rc);
	const char *todo = advice(rc);

	return shd_fail(reterr, SHD_ERR_STATE, "%s: %s: %s%s%s", state->path, doing, what,
			todo ? "; " : "", todo ? todo : "");
}

/* A statement that is already under way further up the stack (a window read inside
 * a window) is prepared a second time, for this use only. */
static bool open_query(struct shd_query *query, struct shd_state *state, sqlite3_stmt **home,
		       const char *sql, struct shd_error *reterr)
{
	*query = (struct shd_query){.state = state, .home = home, .stmt = home ? *home : NULL};
	state->executed++;
	if (query->stmt) {
		*home = NULL;
		return true;
	}
	int rc = sqlite3_prepare_v3(
		state->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &query->stmt, NULL);
	return rc == SQLITE_OK || shd_state_fail(state, rc, "preparing a statement", reterr);
}

bool shd_query_open(struct shd_query *query, struct shd_state *state, enum shd_sql sql,
		    struct shd_error *reterr)
{
	return open_query(query, state, &state->statements[sql], statements[sql], reterr);
}

bool shd_query_open_kind(struct shd_query *query, struct shd_state *state, enum shd_kind kind,
			 enum shd_table_sql sql, struct shd_error *reterr)
{
	sqlite3_stmt **home = &state->of_kind[kind][sql];
	char *made shd_autofree = NULL;
	const char *text = *home ? NULL : shd_table_sql(kind, sql);

	if (!*home && (sql == SHD_TABLE_UPDATE_SAME || sql == SHD_TABLE_UPDATE_OWN))
		text = made = shd_table_update_same(kind, sql == SHD_TABLE_UPDATE_OWN);
	if (!*home && sql == SHD_TABLE_INSERT)
		text = made = shd_table_insert(kind, 1);
	if (!*home && sql == SHD_TABLE_INSERT_MANY)
		text = made = shd_table_insert(kind, SHD_INSERT_ROWS);
	return open_query(query, state, home, text, reterr);
}

/* Where the statement of this window is kept, or would be; NULL: there is no place left. */
static sqlite3_stmt **window_home(
	struct shd_state *state, enum shd_kind kind, int time, uint64_t fields)
{
	for (size_t i = 0; i < state->window_count; i++)
		if (state->windows[i].kind == kind && state->windows[i].time == time &&
			state->windows[i].fields == fields)
			return &state->windows[i].stmt;
	if (state->window_count == SHD_WINDOWS_KEPT)
		return NULL;
	struct shd_window_kept *kept = &state->windows[state->window_count++];
	*kept = (struct shd_window_kept){kind, time, fields, NULL};
	return &kept->stmt;
}

bool shd_query_open_window(struct shd_query *query, struct shd_state *state, enum shd_kind kind,
			   int time, uint64_t fields, struct shd_error *reterr)
{
	sqlite3_stmt **home = window_home(state, kind, time, fields);
	char *sql shd_autofree = home && *home ? NULL : shd_table_window(kind, time, fields);

	return open_query(query, state, home, sql, reterr);
}

void shd_query_finish(struct shd_query *query)
{
	if (!query->stmt)
		return;
	sqlite3_reset(query->stmt);
	if (!query->home || *query->home) {
		sqlite3_finalize(query->stmt);
	} else {
		sqlite3_clear_bindings(query->stmt);
		*query->home = query->stmt;
	}
	query->stmt = NULL;
}

static void note(struct shd_query *query, int rc)
{
	if (query->rc == SQLITE_OK)
		query->rc = rc;
}

void shd_query_put_n(struct shd_query *query, int64_t n)
{
	note(query, sqlite3_bind_int64(query->stmt, ++query->next, n));
}

/* Parameters are NULL when a statement is taken. */
void shd_query_put_null(struct shd_query *query)
{
	query->next++;
}

void shd_query_put_text(struct shd_query *query, const char *text)
{
	note(query, sqlite3_bind_text(query->stmt, ++query->next, text, -1, SQLITE_STATIC));
}

void shd_query_put_value(struct shd_query *query, const struct shd_value *value)
{
	if (value->none) {
		for (int i = 0; i < 3; i++)
			shd_query_put_null(query);
		return;
	}
	shd_query_put_text(query, shd_type_name(value->type));
	if (value->type == SHD_TEXT) {
		shd_query_put_null(query);
		note(query, sqlite3_bind_text(query->stmt, ++query->next, value->text,
					      (int)value->len, SQLITE_STATIC));
		return;
	}
	shd_query_put_n(query, value->n);
	shd_query_put_text(query, value->type == SHD_MONEY ? value->currency : NULL);
}

char *shd_query_list(const char *const *texts, size_t count)
{
	struct shd_text list;

	shd_text_init(&list, SIZE_MAX);
	shd_text_putc(&list, '[');
	for (size_t i = 0; i < count; i++) {
		shd_text_puts(&list, i ? ",\"" : "\"");
		shd_text_put_json(&list, texts[i], strlen(texts[i]));
		shd_text_putc(&list, '"');
	}
	shd_text_putc(&list, ']');
	return shd_text_take(&list);
}

bool shd_query_row(struct shd_query *query)
{
	if (query->rc != SQLITE_OK || query->full)
		return false;
	int rc = sqlite3_step(query->stmt);
	query->next = 0;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		note(query, rc);
	return rc == SQLITE_ROW;
}

bool shd_query_ok(struct shd_query *query, struct shd_error *reterr)
{
	if (query->rc != SQLITE_OK)
		return shd_state_fail(query->state, query->rc, "using the state", reterr);
	if (query->full)
		return shd_fail(reterr, SHD_ERR_LIMIT, "%s: more rows than the reader has room for",
				query->state->path);
	return true;
}

bool shd_query_run(struct shd_query *query, struct shd_error *reterr)
{
	while (shd_query_row(query))
		continue;
	return shd_query_ok(query, reterr);
}

int64_t shd_query_get_n(struct shd_query *query)
{
	return sqlite3_column_int64(query->stmt, query->next++);
}

struct shd_wall shd_query_get_time(struct shd_query *query)
{
	return (struct shd_wall){shd_query_get_n(query)};
}

/* A text column, or NULL. *ret_len excludes the NUL. */
static const char *text_column(struct shd_query *query, struct shd_arena *arena, size_t *ret_len)
{
	int column = query->next++;
	const char *text = (const char *)sqlite3_column_text(query->stmt, column);

	if (!text)
		return NULL;
	*ret_len = (size_t)sqlite3_column_bytes(query->stmt, column);
	const char *copy = shd_arena_text(arena, text, *ret_len);
	if (!copy) {
		query->full = true;
		*ret_len = 0;
		return "";
	}
	return copy;
}

const char *shd_query_get_text(struct shd_query *query, struct shd_arena *arena)
{
	size_t len;

	return text_column(query, arena, &len);
}

void shd_query_get_value(struct shd_query *query, struct shd_arena *arena, struct shd_value *ret)
{
	const char *type = (const char *)sqlite3_column_text(query->stmt, query->next);
	size_t len = 0;

	*ret = (struct shd_value){.none = true};
	query->next++;
	if (!type || !shd_type_find(type, &ret->type)) {
		query->next += 2;
		return;
	}
	ret->none = false;
	ret->n = shd_query_get_n(query);
	const char *text = text_column(query, arena, &len);
	if (ret->type == SHD_TEXT) {
		ret->text = text ? text : "";
		ret->len = (uint32_t)len;
	} else if (ret->type == SHD_MONEY && text && len == 3) {
		memcpy(ret->currency, text, 4);
	}
}

void *shd_query_alloc(struct shd_query *query, struct shd_arena *arena, size_t count, size_t size)
{
	void *memory = shd_arena_alloc(arena, count, size);

	if (!memory)
		query->full = true;
	return memory;
}

void *shd_query_slot(struct shd_query *query, struct shd_arena *arena, void **items, size_t count,
		     size_t *room, size_t size)
{
	if (count == *room) {
		size_t more = *room ? *room * 2 : 8;
		void *bigger = shd_query_alloc(query, arena, more, size);

		if (!bigger)
			return NULL;
		if (count)
			memcpy(bigger, *items, count * size);
		*items = bigger;
		*room = more;
	}
	return (char *)*items + count * size;
}

bool shd_state_prepare_all(struct shd_state *state, struct shd_error *reterr)
{
	for (int i = 0; i < SHD_SQL_COUNT; i++) {
		struct shd_query query SHD_AUTO(shd_query_finish) = {0};

		if (!shd_query_open(&query, state, (enum shd_sql)i, reterr))
			return shd_fail_in(reterr, "%.60s", statements[i]);
	}
	for (int i = 0; i < SHD_KIND_COUNT; i++) {
		struct shd_query query SHD_AUTO(shd_query_finish) = {0};

		if (!shd_query_open_window(&query, state, (enum shd_kind)i, SHD_I_opened_at,
			    UINT64_MAX, reterr))
			return shd_fail_in(reterr, "%s", shd_table_name((enum shd_kind)i));
	}
	for (int i = 0; i < SHD_KIND_COUNT * SHD_TABLE_SQL_COUNT; i++) {
		enum shd_kind kind = (enum shd_kind)(i / SHD_TABLE_SQL_COUNT);
		enum shd_table_sql sql = (enum shd_table_sql)(i % SHD_TABLE_SQL_COUNT);
		struct shd_query query SHD_AUTO(shd_query_finish) = {0};

		if (!shd_query_open_kind(&query, state, kind, sql, reterr))
			return shd_fail_in(reterr, "%s", shd_table_name(kind));
	}
	return true;
}

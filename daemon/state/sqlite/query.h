/* state/sqlite/query.h - one statement under way: bind, step, read, release.
 *
 * Private to daemon/state. Values are bound and read in order, so a column list
 * stands once in the statement and once in the function. The first failure is
 * kept: bind and read as if all went well, and ask shd_query_ok at the end. Bound
 * texts are borrowed until the query ends. */
#pragma once
#include "log_file.h"
#include "schema.h"
#include "state/state.h"

#include <sqlite3.h>
#include <stdatomic.h>

enum shd_sql {
#define STATEMENT(name, sql, doc) SHD_SQL_##name,
#include "statements.def"
	SHD_SQL_COUNT
};

/* Windows whose statements are kept; the rules of a configuration ask for some ten. */
#define SHD_WINDOWS_KEPT 64
struct shd_window_kept {
	enum shd_kind kind;
	int time;
	uint64_t fields;
	sqlite3_stmt *stmt;
};

struct shd_state {
	sqlite3 *db;
	struct shd_log_file_vfs log; /* of db, where it writes */
	sqlite3 *keeper; /* opened by the first shd_state_checkpoint, else NULL */
	char *path;
	bool held;   /* one transaction until the end (shd_state_rewind) */
	enum shd_state_origin origin;
	bool had_log; /* its log was seen (shd_state_in_place) */
	int lock;    /* holds the file's flock, which SQLite does not use; -1: read only */
	/* Prepared on first use and kept: most kinds of a store are never touched, and
	 * a statement over thirty columns takes 10 KB. */
	sqlite3_stmt *statements[SHD_SQL_COUNT];
	sqlite3_stmt *of_kind[SHD_KIND_COUNT][SHD_TABLE_SQL_COUNT];
	struct shd_window_kept windows[SHD_WINDOWS_KEPT];
	size_t window_count;
	struct shd_stored stored;
	atomic_size_t logged_pages; /* committed since the last checkpoint began */
	uint64_t executed;  /* statements, each from bind to release */
	/* Where the next step of shd_state_retain goes on. */
	int64_t retain_series;
	char *retain_store;
};

/* stored.c: once, as judges on several threads read it. */
void shd_state_init_stored(struct shd_state *state);

struct shd_query {
	struct shd_state *state;
	sqlite3_stmt *stmt, **home; /* NULL: it is not kept */
	int next;     /* bind: last parameter, read: next column */
	int rc;
	bool full;    /* the arena was */
};

/* Takes the prepared statement, or prepares it. The query is released by
 * shd_query_finish (SHD_AUTO), also after an error. */
SHD_MUST_USE bool shd_query_open(struct shd_query *query, struct shd_state *state, enum shd_sql sql,
				 struct shd_error *reterr);
SHD_MUST_USE bool shd_query_open_kind(struct shd_query *query, struct shd_state *state,
				      enum shd_kind kind, enum shd_table_sql sql,
				      struct shd_error *reterr);
SHD_MUST_USE bool shd_query_open_window(struct shd_query *query, struct shd_state *state,
					enum shd_kind kind, int time, uint64_t fields,
					struct shd_error *reterr);
void shd_query_finish(struct shd_query *query);

void shd_query_put_n(struct shd_query *query, int64_t n);
void shd_query_put_text(struct shd_query *query, const char *text); /* NULL: none */
void shd_query_put_null(struct shd_query *query);
/* Three parameters: type, number, text or currency. */
void shd_query_put_value(struct shd_query *query, const struct shd_value *value);

/* Moves to the next row; false at the end and after a failure. */
bool shd_query_row(struct shd_query *query);
/* Whether everything so far went well. Errors: STATE; LIMIT, the arena is full. */
SHD_MUST_USE bool shd_query_ok(struct shd_query *query, struct shd_error *reterr);
/* Steps to the end: for statements without rows. */
SHD_MUST_USE bool shd_query_run(struct shd_query *query, struct shd_error *reterr);

/* Texts as a JSON list, for json_each; free() it. */
char *shd_query_list(const char *const *texts, size_t count);

int64_t shd_query_get_n(struct shd_query *query); /* 0 for none */
struct shd_wall shd_query_get_time(struct shd_query *query);
/* Copied into the arena, NULL for none. */
const char *shd_query_get_text(struct shd_query *query, struct shd_arena *arena);
void shd_query_get_value(struct shd_query *query, struct shd_arena *arena, struct shd_value *ret);

/* Room in the arena; sets `full` and yields NULL when there is none. */
void *shd_query_alloc(struct shd_query *query, struct shd_arena *arena, size_t count, size_t size);

/* A list that grows in the arena: the slot of item `count`, or NULL (full). */
void *shd_query_slot(struct shd_query *query, struct shd_arena *arena, void **items, size_t count,
		     size_t *room, size_t size);

/* What went wrong with the database, in words, naming the file and what to do. */
bool shd_state_fail(struct shd_state *state, int rc, const char *doing, struct shd_error *reterr);

/* One entity with the list it is on; those of these ids that are there; changes. */
SHD_MUST_USE bool shd_state_entity_row(struct shd_state *state, const char *store,
				       enum shd_kind kind, const char *id,
				       struct shd_arena *arena, struct shd_stored_entity *ret,
				       struct shd_error *reterr);
SHD_MUST_USE bool shd_state_entity_rows(struct shd_state *state, const char *store,
					enum shd_kind kind, const char *const *ids, size_t count,
					struct shd_arena *arena,
					struct shd_stored_entity **ret_rows, size_t *ret_count,
					struct shd_error *reterr);
SHD_MUST_USE bool shd_state_entities_apply(struct shd_state *state,
					   const struct shd_entity_change *changes, size_t count,
					   struct shd_error *reterr);

/* Alerts of these entities, those of one by rule; an alert whose number is given. */
SHD_MUST_USE bool shd_state_alerts_of_all(struct shd_state *state, const char *store,
					  const char *const *entities, size_t count,
					  struct shd_arena *arena, struct shd_alert **ret_alerts,
					  size_t *ret_count, struct shd_error *reterr);
SHD_MUST_USE bool shd_state_alert_apply(struct shd_state *state, const struct shd_alert *alert,
					bool is_new, struct shd_error *reterr);

/* Prepares every statement there is: for the test that finds misspelt ones. */
SHD_MUST_USE bool shd_state_prepare_all(struct shd_state *state, struct shd_error *reterr);

#include "query.h"

bool shd_state_feed_put(struct shd_state *state, const struct shd_feed_row *row,
			struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_feed_put, reterr))
		return false;
	shd_query_put_text(&query, row->store);
	shd_query_put_text(&query, row->endpoint);
	shd_query_put_n(&query, row->cursor.time.ms);
	shd_query_put_n(&query, row->last_success.ms);
	shd_query_put_n(&query, row->last_try.ms);
	shd_query_put_n(&query, row->failing_since.ms);
	shd_query_put_n(&query, row->failures);
	shd_query_put_text(&query, row->error < 0 ? NULL : shd_err_name((enum shd_err)row->error));
	shd_query_put_text(&query, row->error_text);
	shd_query_put_n(&query, row->next_due.ms);
	shd_query_put_n(&query, row->suspects);
	shd_query_put_text(&query, shd_standing_name(row->standing));
	shd_query_put_text(&query, row->cursor.text);
	shd_query_put_n(&query, row->cursor.expires.ms);
	shd_query_put_text(&query, row->incomplete);
	shd_query_put_n(&query, row->incomplete_since.ms);
	return shd_query_run(&query, reterr);
}

static void read_feed(struct shd_query *query, struct shd_arena *arena, struct shd_feed_row *row)
{
	enum shd_err kind;

	row->store = shd_query_get_text(query, arena);
	row->endpoint = shd_query_get_text(query, arena);
	row->cursor.time = shd_query_get_time(query);
	row->last_success = shd_query_get_time(query);
	row->last_try = shd_query_get_time(query);
	row->failing_since = shd_query_get_time(query);
	row->failures = (int)shd_query_get_n(query);
	const char *error = shd_query_get_text(query, arena);
	/* A kind that this version does not know any more is still an error. */
	row->error = !error ? -1 : shd_err_find(error, &kind) ? (int)kind : SHD_ERR_SERVER;
	row->error_text = shd_query_get_text(query, arena);
	row->next_due = shd_query_get_time(query);
	row->suspects = (int)shd_query_get_n(query);
	const char *standing = shd_query_get_text(query, arena);
	if (!standing || !shd_standing_find(standing, &row->standing))
		row->standing = row->error < 0 ? SHD_STANDING_READ : SHD_STANDING_FAILING;
	row->cursor.text = shd_query_get_text(query, arena);
	row->cursor.expires = shd_query_get_time(query);
	row->incomplete = shd_query_get_text(query, arena);
	row->incomplete_since = shd_query_get_time(query);
}

bool shd_state_feed_get(struct shd_state *state, const char *store, const char *endpoint,
			struct shd_arena *arena, struct shd_feed_row **ret_row,
			struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	struct shd_feed_row *row = NULL;

	if (!shd_query_open(&query, state, SHD_SQL_feed_get, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_text(&query, endpoint);
	if (shd_query_row(&query)) {
		row = shd_query_alloc(&query, arena, 1, sizeof(*row));
		if (row)
			read_feed(&query, arena, row);
	}
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_row = row;
	return true;
}

bool shd_state_feeds(struct shd_state *state, const char *store, struct shd_arena *arena,
		     struct shd_feed_row **ret_rows, size_t *ret_count, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	void *rows = NULL;
	size_t count = 0, room = 0;

	if (!shd_query_open(&query, state, store ? SHD_SQL_feeds_of : SHD_SQL_feeds, reterr))
		return false;
	if (store)
		shd_query_put_text(&query, store);
	while (shd_query_row(&query)) {
		struct shd_feed_row *row =
			shd_query_slot(&query, arena, &rows, count, &room, sizeof(*row));

		if (row)
			read_feed(&query, arena, row);
		count++;
	}
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_rows = rows;
	*ret_count = count;
	return true;
}

static bool put_wake(struct shd_state *state, enum shd_sql sql, const char *store,
		     enum shd_kind kind, const char *id, struct shd_wall at,
		     struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, sql, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_text(&query, shd_kind_name(kind));
	shd_query_put_text(&query, id);
	if (sql != SHD_SQL_wake_delete)
		shd_query_put_n(&query, at.ms);
	return shd_query_run(&query, reterr);
}

bool shd_state_wake_put(struct shd_state *state, const char *store, enum shd_kind kind,
			const char *id, struct shd_wall at, struct shd_error *reterr)
{
	bool never = at.ms == SHD_NEVER_MS;

	return put_wake(state, never ? SHD_SQL_wake_delete : SHD_SQL_wake_put, store, kind, id, at,
			reterr);
}

bool shd_state_wake_of(struct shd_state *state, const char *store, const char *id,
		       struct shd_wall *ret_at, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_wake_of, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_text(&query, id);
	int64_t ms = shd_query_row(&query) ? shd_query_get_n(&query) : 0;
	*ret_at = (struct shd_wall){ms ? ms : SHD_NEVER_MS};
	return shd_query_ok(&query, reterr);
}

static bool next_wake(struct shd_state *state, struct shd_wall now, struct shd_wall *ret_next,
		      struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_wake_next, reterr))
		return false;
	shd_query_put_n(&query, now.ms);
	int64_t ms = shd_query_row(&query) ? shd_query_get_n(&query) : 0;
	*ret_next = (struct shd_wall){ms ? ms : SHD_NEVER_MS};
	return shd_query_ok(&query, reterr);
}

/* One more than asked for is read, to know when the next one is due. A kind of another
 * version cannot be judged: it goes unseen, and takes no place of one that can. */
bool shd_state_wakes(struct shd_state *state, struct shd_wall now, size_t max,
		     struct shd_arena *arena, struct shd_wake_row **ret_rows, size_t *ret_count,
		     struct shd_wall *ret_next, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	struct shd_wall next = {SHD_NEVER_MS};
	void *rows = NULL;
	size_t count = 0, room = 0;

	if (!shd_query_open(&query, state, SHD_SQL_wakes_due, reterr))
		return false;
	shd_query_put_n(&query, now.ms);
	while (count <= max && shd_query_row(&query)) {
		struct shd_wake_row *row =
			shd_query_slot(&query, arena, &rows, count, &room, sizeof(*row));

		if (!row)
			break;
		row->store = shd_query_get_text(&query, arena);
		const char *kind = shd_query_get_text(&query, arena);
		row->id = shd_query_get_text(&query, arena);
		row->at = shd_query_get_time(&query);
		if (kind && shd_kind_find(kind, __builtin_strlen(kind), &row->kind))
			count++;
	}
	if (!shd_query_ok(&query, reterr))
		return false;
	if (count > max)
		next = ((struct shd_wake_row *)rows)[--count].at;
	else if (!next_wake(state, now, &next, reterr))
		return false;
	*ret_rows = rows;
	*ret_count = count;
	*ret_next = next;
	return true;
}

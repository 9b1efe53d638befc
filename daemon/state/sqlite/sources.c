/* Access tokens of credentials, rates, reports under way. */
#include "query.h"

bool shd_state_token_put(struct shd_state *state, const struct shd_token_row *row,
			 struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_token_put, reterr))
		return false;
	shd_query_put_text(&query, row->credential);
	shd_query_put_text(&query, row->first);
	shd_query_put_text(&query, row->access);
	shd_query_put_text(&query, row->refresh);
	shd_query_put_n(&query, row->issued.ms);
	shd_query_put_n(&query, row->expires.ms);
	shd_query_put_n(&query, row->refresh_expires.ms);
	return shd_query_run(&query, reterr);
}

static bool keep_tokens(struct shd_state *state, enum shd_sql sql, const char *credentials,
			struct shd_wall now, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, sql, reterr))
		return false;
	shd_query_put_text(&query, credentials);
	if (sql == SHD_SQL_tokens_gone)
		shd_query_put_n(&query, now.ms);
	return shd_query_run(&query, reterr);
}

static bool forget(struct shd_state *state, enum shd_sql sql, struct shd_wall before,
		   struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, sql, reterr))
		return false;
	shd_query_put_n(&query, before.ms);
	return shd_query_run(&query, reterr);
}

bool shd_state_tokens_keep(struct shd_state *state, const char *const *credentials, size_t count,
			   struct shd_wall now, struct shd_wall before, struct shd_error *reterr)
{
	char *list shd_autofree = shd_query_list(credentials, count);

	return keep_tokens(state, SHD_SQL_tokens_back, list, now, reterr) &&
	       keep_tokens(state, SHD_SQL_tokens_gone, list, now, reterr) &&
	       forget(state, SHD_SQL_tokens_forget, before, reterr);
}

static void read_token(struct shd_query *query, struct shd_arena *arena, struct shd_token_row *row)
{
	row->credential = shd_query_get_text(query, arena);
	row->first = shd_query_get_text(query, arena);
	row->access = shd_query_get_text(query, arena);
	row->refresh = shd_query_get_text(query, arena);
	row->issued = shd_query_get_time(query);
	row->expires = shd_query_get_time(query);
	row->refresh_expires = shd_query_get_time(query);
}

bool shd_state_tokens(struct shd_state *state, struct shd_arena *arena,
		      struct shd_token_row **ret_rows, size_t *ret_count, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	void *rows = NULL;
	size_t count = 0, room = 0;

	if (!shd_query_open(&query, state, SHD_SQL_tokens, reterr))
		return false;
	for (; shd_query_row(&query); count++) {
		struct shd_token_row *row =
			shd_query_slot(&query, arena, &rows, count, &room, sizeof(*row));

		if (row)
			read_token(&query, arena, row);
	}
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_rows = rows;
	*ret_count = count;
	return true;
}

bool shd_state_bucket_put(struct shd_state *state, const struct shd_bucket_row *row,
			  struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_bucket_put, reterr))
		return false;
	shd_query_put_text(&query, row->kind);
	shd_query_put_text(&query, row->name);
	shd_query_put_text(&query, row->operation);
	shd_query_put_n(&query, row->stated_micro_per_s);
	shd_query_put_n(&query, row->micro_tokens);
	shd_query_put_n(&query, row->at.ms);
	shd_query_put_n(&query, row->paused_until.ms);
	return shd_query_run(&query, reterr);
}

bool shd_state_buckets_forget(struct shd_state *state, struct shd_wall before,
			      struct shd_error *reterr)
{
	return forget(state, SHD_SQL_buckets_forget, before, reterr);
}

static void read_bucket(struct shd_query *query, struct shd_arena *arena,
			struct shd_bucket_row *row)
{
	row->kind = shd_query_get_text(query, arena);
	row->name = shd_query_get_text(query, arena);
	row->operation = shd_query_get_text(query, arena);
	row->stated_micro_per_s = shd_query_get_n(query);
	row->micro_tokens = shd_query_get_n(query);
	row->at = shd_query_get_time(query);
	row->paused_until = shd_query_get_time(query);
}

bool shd_state_buckets(struct shd_state *state, struct shd_arena *arena,
		       struct shd_bucket_row **ret_rows, size_t *ret_count,
		       struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	void *rows = NULL;
	size_t count = 0, room = 0;

	if (!shd_query_open(&query, state, SHD_SQL_buckets, reterr))
		return false;
	for (; shd_query_row(&query); count++) {
		struct shd_bucket_row *row =
			shd_query_slot(&query, arena, &rows, count, &room, sizeof(*row));

		if (row)
			read_bucket(&query, arena, row);
	}
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_rows = rows;
	*ret_count = count;
	return true;
}

bool shd_state_job_put(struct shd_state *state, const struct shd_job_row *row,
		       struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_job_put, reterr))
		return false;
	shd_query_put_text(&query, row->source);
	shd_query_put_text(&query, row->endpoint);
	shd_query_put_text(&query, row->step);
	shd_query_put_text(&query, row->id);
	shd_query_put_text(&query, row->document);
	shd_query_put_n(&query, row->tries);
	shd_query_put_n(&query, row->began.ms);
	shd_query_put_n(&query, row->not_before.ms);
	return shd_query_run(&query, reterr);
}

bool shd_state_job_delete(struct shd_state *state, const char *source, const char *endpoint,
			  struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_job_delete, reterr))
		return false;
	shd_query_put_text(&query, source);
	shd_query_put_text(&query, endpoint);
	return shd_query_run(&query, reterr);
}

bool shd_state_jobs_forget(struct shd_state *state, struct shd_wall before,
			   struct shd_error *reterr)
{
	return forget(state, SHD_SQL_jobs_forget, before, reterr);
}

static void read_job(struct shd_query *query, struct shd_arena *arena, struct shd_job_row *row)
{
	row->source = shd_query_get_text(query, arena);
	row->endpoint = shd_query_get_text(query, arena);
	row->step = shd_query_get_text(query, arena);
	row->id = shd_query_get_text(query, arena);
	row->document = shd_query_get_text(query, arena);
	row->tries = (int)shd_query_get_n(query);
	row->began = shd_query_get_time(query);
	row->not_before = shd_query_get_time(query);
}

bool shd_state_jobs(struct shd_state *state, struct shd_arena *arena,
		    struct shd_job_row **ret_rows, size_t *ret_count, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	void *rows = NULL;
	size_t count = 0, room = 0;

	if (!shd_query_open(&query, state, SHD_SQL_jobs, reterr))
		return false;
	for (; shd_query_row(&query); count++) {
		struct shd_job_row *row =
			shd_query_slot(&query, arena, &rows, count, &room, sizeof(*row));

		if (row)
			read_job(&query, arena, row);
	}
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_rows = rows;
	*ret_count = count;
	return true;
}

/* Works on a private copy of the state: shd_state_copy and what follows it in state.h. */
#include "query.h"

#include <string.h>

/* One statement with whatever of the instant it asks for. */
static bool run_at(struct shd_state *copy, enum shd_sql sql, struct shd_wall since,
		   struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, copy, sql, reterr))
		return false;
	if (sqlite3_bind_parameter_count(query.stmt) > 0)
		shd_query_put_n(&query, since.ms);
	return shd_query_run(&query, reterr);
}

bool shd_state_rewind(struct shd_state *copy, struct shd_wall since, struct shd_error *reterr)
{
	for (int sql = SHD_SQL_past_cache; sql <= SHD_SQL_past_index; sql++)
		if (!run_at(copy, (enum shd_sql)sql, since, reterr))
			return false;
	/* Each commit would look at every page that was ever changed, all of which stay in
	 * memory. */
	copy->held = true;
	return true;
}

bool shd_state_history_became(struct shd_state *copy, int64_t number, const char *became,
			      struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, copy, SHD_SQL_history_became, reterr))
		return false;
	shd_query_put_n(&query, number);
	shd_query_put_text(&query, became);
	return shd_query_run(&query, reterr);
}

static bool run_on(struct shd_query *query, const char *store, const char *id,
		   struct shd_error *reterr)
{
	shd_query_put_text(query, store);
	shd_query_put_text(query, id);
	return shd_query_run(query, reterr);
}

bool shd_state_entity_delete(struct shd_state *copy, const char *store, enum shd_kind kind,
			     const char *id, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	return shd_query_open_kind(&query, copy, kind, SHD_TABLE_DELETE, reterr) &&
	       run_on(&query, store, id, reterr);
}

bool shd_state_feed_delete(struct shd_state *copy, const char *store, const char *endpoint,
			   struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	return shd_query_open(&query, copy, SHD_SQL_feed_delete, reterr) &&
	       run_on(&query, store, endpoint, reterr);
}

bool shd_state_sample_next(struct shd_state *copy, struct shd_wall after, struct shd_wall *ret_at,
			   struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, copy, SHD_SQL_past_sample_next, reterr))
		return false;
	shd_query_put_n(&query, after.ms);
	int64_t ms = shd_query_row(&query) ? shd_query_get_n(&query) : 0;
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_at = (struct shd_wall){ms ? ms : SHD_NEVER_MS};
	return true;
}

bool shd_state_samples_at(struct shd_state *copy, struct shd_wall at, shd_past_sample_fn *visit,
			  void *ctx, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(1 << 16);

	if (!shd_query_open(&query, copy, SHD_SQL_past_samples, reterr))
		return false;
	shd_query_put_n(&query, at.ms);
	while (shd_query_row(&query)) {
		const char *store = shd_query_get_text(&query, arena);
		const char *name = shd_query_get_text(&query, arena);
		struct shd_measure measure = {.is_target = shd_query_get_n(&query) != 0};

		measure.value.n = shd_query_get_n(&query);
		const char *currency = shd_query_get_text(&query, arena);
		if (!query.full && shd_metric_find(name, strlen(name), &measure.metric)) {
			measure.value.type = shd_metric_row(measure.metric)->type;
			if (currency && strlen(currency) == 3)
				memcpy(measure.value.currency, currency, 4);
			visit(ctx, store, &measure);
		}
		shd_arena_reset(arena);
	}
	return shd_query_ok(&query, reterr);
}

#include "query.h"

#include <stdlib.h>
#include <string.h>

/* Every step takes what is left of `budget` rows and leaves the rest for the next
 * call; *ret_over says that nothing of its sort was left. */

static bool numbers(struct shd_state *state, enum shd_sql sql, int64_t a, int64_t b, int64_t c,
		    int parameters, int64_t ret[2], struct shd_error *reterr)
{
	const int64_t values[] = {a, b, c};
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, sql, reterr))
		return false;
	for (int i = 0; i < parameters; i++)
		shd_query_put_n(&query, values[i]);
	ret[0] = ret[1] = 0;
	if (shd_query_row(&query)) {
		ret[0] = shd_query_get_n(&query);
		ret[1] = shd_query_get_n(&query);
	}
	return shd_query_ok(&query, reterr);
}

/* Runs a statement of number parameters; *ret_changed: rows it wrote. */
static bool change(struct shd_state *state, enum shd_sql sql, int64_t a, int64_t b,
		   int64_t *ret_changed, struct shd_error *reterr)
{
	int64_t none[2];

	if (!numbers(state, sql, a, b, 0, 2, none, reterr))
		return false;
	*ret_changed = sqlite3_changes(state->db);
	return true;
}

static bool roll(struct shd_state *state, enum shd_sql until, enum shd_sql put, enum shd_sql done,
		 int64_t series, struct shd_wall before, int64_t *budget, struct shd_error *reterr)
{
	int64_t reach[2], changed;

	if (!numbers(state, until, series, before.ms, *budget, 3, reach, reterr))
		return false;
	if (reach[1] == 0)
		return true;
	*budget -= reach[1];
	return change(state, put, series, reach[0], &changed, reterr) &&
	       change(state, done, series, reach[0], &changed, reterr);
}

static bool retain_series(struct shd_state *state, const struct shd_retention *keep,
			  int64_t *budget, struct shd_error *reterr)
{
	int64_t next[2], changed, series;

	while (*budget > 0) {
		if (!numbers(state, SHD_SQL_series_after, state->retain_series, 0, 0, 1, next,
			    reterr))
			return false;
		series = next[0];
		if (series == 0)
			break;
		if (!roll(state, SHD_SQL_roll_hour_until, SHD_SQL_roll_hour, SHD_SQL_roll_hour_done,
			  series, keep->hourly_before, budget, reterr))
			return false;
		if (*budget > 0 &&
		    !roll(state, SHD_SQL_roll_day_until, SHD_SQL_roll_day, SHD_SQL_roll_day_done,
			  series, keep->daily_before, budget, reterr))
			return false;
		if (!change(state, SHD_SQL_day_forget, series, keep->samples_before.ms, &changed,
			    reterr))
			return false;
		if (*budget > 0)
			state->retain_series = series;
	}
	return true;
}

/* Nothing ever says of these that their life is over, or nothing need say it any more; they go when
 * nothing happened to them for as long as others are kept that closed. What is always listed
 * (products, stock, ratings) and what may wait for years (cases, returns) goes when no list has it
 * any more. */
static bool may_never_close(enum shd_kind kind)
{
	static const enum shd_kind kinds[] = {SHD_KIND_review, SHD_KIND_question,
		SHD_KIND_message, SHD_KIND_notice, SHD_KIND_order, SHD_KIND_parcel,
		SHD_KIND_cancellation};

	for (size_t i = 0; i < SHD_COUNT(kinds); i++)
		if (kinds[i] == kind)
			return true;
	return false;
}

static bool forget(struct shd_state *state, enum shd_kind kind, enum shd_table_sql way,
		   const char *store, struct shd_wall before, int64_t *budget,
		   struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open_kind(&query, state, kind, way, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_n(&query, before.ms);
	shd_query_put_n(&query, *budget);
	if (way == SHD_TABLE_FORGET_AGED)
		shd_query_put_n(&query, may_never_close(kind));
	if (!shd_query_run(&query, reterr))
		return false;
	*budget -= sqlite3_changes(state->db);
	return true;
}

static bool forget_entities(struct shd_state *state, const char *store, struct shd_wall before,
			    int64_t *budget, struct shd_error *reterr)
{
	static const enum shd_table_sql ways[] = {
		SHD_TABLE_FORGET, SHD_TABLE_FORGET_UNDATED, SHD_TABLE_FORGET_AGED};

	for (size_t i = 0; i < SHD_KIND_COUNT * SHD_COUNT(ways) && *budget > 0; i++)
		if (!forget(state, (enum shd_kind)(i / SHD_COUNT(ways)), ways[i % SHD_COUNT(ways)],
			    store, before, budget, reterr))
			return false;
	return true;
}

/* --- stores that nobody reads any more ---------------------------------------------------- */

/* A store that is configured is not left, whatever the clock says. */
static bool was_left(struct shd_state *state, const char *store,
		     const struct shd_retention *keep, bool *ret_left, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	*ret_left = false;
	for (size_t i = 0; i < keep->source_count; i++)
		if (strcmp(keep->sources[i], store) == 0)
			return true;
	if (!shd_query_open(&query, state, SHD_SQL_store_tried, reterr))
		return false;
	shd_query_put_text(&query, store);
	*ret_left = shd_query_row(&query) &&
		    shd_query_get_n(&query) < keep->samples_before.ms;
	return shd_query_ok(&query, reterr);
}

/* Its feeds go last: by them it is found. */
static bool forget_store(struct shd_state *state, const char *store, struct shd_wall before,
			 int64_t *budget, struct shd_error *reterr)
{
	static const enum shd_sql rest[] = {
		SHD_SQL_wakes_leave, SHD_SQL_metrics_leave, SHD_SQL_feeds_leave};

	for (int kind = 0; kind < SHD_KIND_COUNT && *budget > 0; kind++)
		if (!forget(state, (enum shd_kind)kind, SHD_TABLE_FORGET_ALL, store, before, budget,
			    reterr))
			return false;
	for (size_t i = 0; i < SHD_COUNT(rest) && *budget > 0; i++) {
		struct shd_query query SHD_AUTO(shd_query_finish) = {0};

		if (!shd_query_open(&query, state, rest[i], reterr))
			return false;
		shd_query_put_text(&query, store);
		if (!shd_query_run(&query, reterr))
			return false;
		*budget -= sqlite3_changes(state->db);
	}
	return true;
}

static bool retain_store(struct shd_state *state, const char *store,
			 const struct shd_retention *keep, int64_t *budget,
			 struct shd_error *reterr)
{
	bool left;

	if (!was_left(state, store, keep, &left, reterr))
		return false;
	return left ? forget_store(state, store, keep->samples_before, budget, reterr)
		    : forget_entities(state, store, keep->samples_before, budget, reterr);
}

/* The store after the one that was done last; free() it, NULL at the end. */
static bool next_store(struct shd_state *state, char **ret_store, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	const char *name = NULL;

	if (!shd_query_open(&query, state, SHD_SQL_store_after, reterr))
		return false;
	shd_query_put_text(&query, state->retain_store);
	if (shd_query_row(&query))
		name = (const char *)sqlite3_column_text(query.stmt, 0);
	char *store shd_autofree = name ? shd_xstrdup(name) : NULL;
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_store = shd_steal(store);
	return true;
}

static bool retain_entities(struct shd_state *state, const struct shd_retention *keep,
			    int64_t *budget, struct shd_error *reterr)
{
	while (*budget > 0) {
		char *store shd_autofree = NULL;

		if (!next_store(state, &store, reterr))
			return false;
		if (!store)
			break;
		if (!retain_store(state, store, keep, budget, reterr))
			return false;
		if (*budget > 0) {
			free(state->retain_store);
			state->retain_store = shd_steal(store);
			--*budget; /* looking takes its time as well */
		}
	}
	return true;
}

bool shd_state_retain(struct shd_state *state, const struct shd_retention *keep, size_t max,
		      bool *ret_more, struct shd_error *reterr)
{
	int64_t budget = (int64_t)max, changed;

	if (!retain_series(state, keep, &budget, reterr) ||
	    !retain_entities(state, keep, &budget, reterr))
		return false;
	if (budget > 0) {
		if (!change(state, SHD_SQL_alerts_forget, keep->events_before.ms, budget, &changed,
			    reterr))
			return false;
		budget -= changed;
	}
	if (budget > 0) {
		if (!change(state, SHD_SQL_outbox_forget, keep->deliveries_before.ms, budget,
			    &changed, reterr))
			return false;
		budget -= changed;
	}
	if (budget > 0) {
		if (!change(state, SHD_SQL_history_forget, keep->history_before.ms, budget,
			    &changed, reterr))
			return false;
		budget -= changed;
	}
	*ret_more = budget <= 0;
	if (!*ret_more) {
		/* A round is over; the next call begins another. */
		state->retain_series = 0;
		state->retain_store[0] = '\0';
	}
	return true;
}

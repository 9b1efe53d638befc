#include "query.h"

#include <string.h>

struct latest {
	bool found;
	int64_t series;
	struct shd_value value;
	struct shd_wall at;
};

/* No metric is a text, so nothing needs an arena to live in. */
static void read_value(struct shd_query *query, enum shd_type type, struct shd_value *ret)
{
	const char *text;

	*ret = (struct shd_value){.type = type};
	ret->none = sqlite3_column_type(query->stmt, query->next) == SQLITE_NULL;
	ret->n = shd_query_get_n(query);
	text = (const char *)sqlite3_column_text(query->stmt, query->next++);
	if (type == SHD_MONEY && text && strlen(text) == 3)
		memcpy(ret->currency, text, 4);
}

static bool find(struct shd_state *state, const char *store, enum shd_metric metric, bool target,
		 struct latest *ret, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	*ret = (struct latest){.value = {.type = shd_metric_row(metric)->type, .none = true}};
	if (!shd_query_open(&query, state, SHD_SQL_metric_get, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_text(&query, shd_metric_row(metric)->name);
	shd_query_put_n(&query, target);
	if (shd_query_row(&query)) {
		ret->found = true;
		ret->series = shd_query_get_n(&query);
		query.next++;
		read_value(&query, shd_metric_row(metric)->type, &ret->value);
		ret->at = shd_query_get_time(&query);
	}
	return shd_query_ok(&query, reterr);
}

bool shd_state_metric_get(struct shd_state *state, const char *store, enum shd_metric metric,
			  bool target, struct shd_value *ret_value, struct shd_wall *ret_at,
			  struct shd_error *reterr)
{
	struct latest latest;

	if (!find(state, store, metric, target, &latest, reterr))
		return false;
	*ret_value = latest.value;
	*ret_at = latest.at;
	return true;
}

static bool add_sample(struct shd_state *state, int64_t series, const struct shd_value *value,
		       struct shd_wall at, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_sample_add, reterr))
		return false;
	shd_query_put_n(&query, series);
	shd_query_put_n(&query, at.ms);
	shd_query_put_n(&query, value->n);
	shd_query_put_text(&query, value->type == SHD_MONEY ? value->currency : NULL);
	return shd_query_run(&query, reterr);
}

bool shd_state_metric_put(struct shd_state *state, const char *store, enum shd_metric metric,
			  bool target, const struct shd_value *value, struct shd_wall at,
			  struct shd_error *reterr)
{
	int64_t series = 0;
	{
		struct shd_query query SHD_AUTO(shd_query_finish) = {0};

		if (!shd_query_open(&query, state, SHD_SQL_metric_put, reterr))
			return false;
		shd_query_put_text(&query, store);
		shd_query_put_text(&query, shd_metric_row(metric)->name);
		shd_query_put_n(&query, target);
		shd_query_put_value(&query, value);
		shd_query_put_n(&query, at.ms);
		while (shd_query_row(&query))
			series = shd_query_get_n(&query);
		if (!shd_query_ok(&query, reterr))
			return false;
	}
	/* No row: the clock went back and a later value is known. */
	return series == 0 || value->none || add_sample(state, series, value, at, reterr);
}

/* Visits the rows of an opened query. */
static bool visit_rows(struct shd_query *query, enum shd_type type, shd_samples_fn *visit,
	void *ctx, bool *ret_more, struct shd_error *reterr)
{
	*ret_more = true;
	while (*ret_more && shd_query_row(query)) {
		struct shd_wall at = shd_query_get_time(query);
		struct shd_value value;

		read_value(query, type, &value);
		*ret_more = visit(ctx, at, &value);
	}
	return shd_query_ok(query, reterr);
}

static bool visit_before(struct shd_state *state, int64_t series, enum shd_type type,
			 struct shd_wall from, shd_samples_fn *visit, void *ctx, bool *ret_more,
			 struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_sample_before, reterr))
		return false;
	shd_query_put_n(&query, series);
	shd_query_put_n(&query, from.ms);
	return visit_rows(&query, type, visit, ctx, ret_more, reterr);
}

bool shd_state_samples(struct shd_state *state, const char *store, enum shd_metric metric,
		       struct shd_wall from, struct shd_wall to, shd_samples_fn *visit, void *ctx,
		       struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	enum shd_type type = shd_metric_row(metric)->type;
	struct latest latest;
	bool more;

	if (!find(state, store, metric, false, &latest, reterr))
		return false;
	if (!latest.found)
		return true;
	if (!visit_before(state, latest.series, type, from, visit, ctx, &more, reterr))
		return false;
	if (!more)
		return true;
	if (!shd_query_open(&query, state, SHD_SQL_samples, reterr))
		return false;
	shd_query_put_n(&query, latest.series);
	shd_query_put_n(&query, from.ms);
	shd_query_put_n(&query, to.ms);
	return visit_rows(&query, type, visit, ctx, &more, reterr);
}

#include "query.h"

#include <stdlib.h>
#include <string.h>

static bool add_row(struct shd_state *state, const struct shd_history_row *row,
		    struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_history_add, reterr))
		return false;
	shd_query_put_n(&query, row->at.ms);
	shd_query_put_text(&query, row->store);
	shd_query_put_text(&query, shd_kind_name(row->kind));
	shd_query_put_text(&query, row->id);
	shd_query_put_n(&query, row->fresh);
	shd_query_put_text(&query, row->was);
	return shd_query_run(&query, reterr);
}

/* Entities of one kind that are new, and differ in nothing but their ids. */
struct news {
	const struct shd_history_row *first;
	const char **ids;
	size_t count, room;
};

static bool add_news(struct shd_state *state, struct news *news, struct shd_error *reterr)
{
	const struct shd_history_row *row = news->first;
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	size_t count = news->count;

	news->count = 0;
	if (count < 2)
		return count == 0 || add_row(state, row, reterr);
	char *ids shd_autofree = shd_query_list(news->ids, count);
	if (!shd_query_open(&query, state, SHD_SQL_history_add_news, reterr))
		return false;
	shd_query_put_n(&query, row->at.ms);
	shd_query_put_text(&query, row->store);
	shd_query_put_text(&query, shd_kind_name(row->kind));
	shd_query_put_n(&query, row->fresh);
	shd_query_put_text(&query, ids);
	shd_query_put_n(&query, (int64_t)count);
	return shd_query_run(&query, reterr);
}

static bool differ(const struct shd_history_row *a, const struct shd_history_row *b)
{
	return a->at.ms != b->at.ms || a->fresh != b->fresh || strcmp(a->store, b->store) != 0;
}

/* Each list is written when a row of another store comes, which is once per poll. */
static bool collect(struct shd_state *state, struct news *news, const struct shd_history_row *row,
		    struct shd_error *reterr)
{
	if (news->count && differ(news->first, row) && !add_news(state, news, reterr))
		return false;
	if (!news->count)
		news->first = row;
	shd_grow(news->ids, news->count, news->room);
	news->ids[news->count++] = row->id;
	return true;
}

bool shd_state_history_add(struct shd_state *state, const struct shd_history_row *rows,
			   size_t count, struct shd_error *reterr)
{
	struct news news[SHD_KIND_COUNT] = {0};
	bool ok = true;

	for (size_t i = 0; ok && i < count; i++)
		ok = rows[i].was || collect(state, &news[rows[i].kind], &rows[i], reterr);
	for (int k = 0; k < SHD_KIND_COUNT; k++) {
		ok = ok && add_news(state, &news[k], reterr);
		free(news[k].ids);
	}
	for (size_t i = 0; ok && i < count; i++)
		ok = !rows[i].was || add_row(state, &rows[i], reterr);
	return ok;
}

bool shd_state_history_span(struct shd_state *state, struct shd_wall since,
			    struct shd_history_span *ret_span, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	struct shd_history_span span = {0};

	if (!shd_query_open(&query, state, SHD_SQL_history_span, reterr))
		return false;
	shd_query_put_n(&query, since.ms);
	if (shd_query_row(&query)) {
		span.begins = shd_query_get_time(&query);
		span.first = shd_query_get_n(&query);
		span.last = shd_query_get_n(&query);
	}
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_span = span;
	return true;
}

/* A kind of another version: passed over. */
static bool read_row(struct shd_query *query, struct shd_arena *arena, struct shd_history_row *row)
{
	row->number = shd_query_get_n(query);
	row->at = shd_query_get_time(query);
	row->store = shd_query_get_text(query, arena);
	const char *kind = shd_query_get_text(query, arena);
	row->id = shd_query_get_text(query, arena);
	row->fresh = shd_query_get_n(query) != 0;
	row->was = shd_query_get_text(query, arena);
	return shd_kind_find(kind, strlen(kind), &row->kind);
}

bool shd_state_history_at(struct shd_state *state, int64_t number, struct shd_arena *arena,
			  struct shd_history_row **ret_row, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	struct shd_history_row *row = NULL;

	if (!shd_query_open(&query, state, SHD_SQL_history_at, reterr))
		return false;
	shd_query_put_n(&query, number);
	if (shd_query_row(&query)) {
		row = shd_query_alloc(&query, arena, 1, sizeof(*row));
		if (row && !read_row(&query, arena, row))
			row = NULL;
	}
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_row = row;
	return true;
}

bool shd_state_all_events(struct shd_state *state, shd_past_event_fn *visit, void *ctx,
			  struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(1 << 20);

	if (!shd_query_open(&query, state, SHD_SQL_events_all, reterr))
		return false;
	while (shd_query_row(&query)) {
		struct shd_past_event event = {.rule = shd_query_get_text(&query, arena)};

		event.store = shd_query_get_text(&query, arena);
		event.entity = shd_query_get_text(&query, arena);
		event.at = shd_query_get_time(&query);
		const char *move = shd_query_get_text(&query, arena);
		event.to = (enum shd_level)shd_query_get_n(&query);
		/* A move of another version neither opens nor closes anything. */
		if (!query.full && shd_move_find(move, &event.move))
			visit(ctx, &event);
		shd_arena_reset(arena);
	}
	return shd_query_ok(&query, reterr);
}

#include "query.h"

#include <string.h>

bool shd_state_history_add(struct shd_state *state, const struct shd_history_row *row,
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

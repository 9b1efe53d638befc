#include "query.h"

/* A word of a newer version reads as the enum's first one: nothing holds. */
static enum shd_alert_state read_state(struct shd_query *query, struct shd_arena *arena)
{
	const char *name = shd_query_get_text(query, arena);
	enum shd_alert_state state = SHD_ALERT_INACTIVE;

	return name && shd_alert_state_find(name, &state) ? state : SHD_ALERT_INACTIVE;
}

static enum shd_move read_move(struct shd_query *query, struct shd_arena *arena)
{
	const char *name = shd_query_get_text(query, arena);
	enum shd_move move = SHD_MOVE_NEW;

	return name && shd_move_find(name, &move) ? move : SHD_MOVE_NEW;
}

static void read_alert(struct shd_query *query, struct shd_arena *arena, struct shd_alert *alert)
{
	struct shd_verdict *last = &alert->last;

	alert->number = shd_query_get_n(query);
	alert->rule = shd_query_get_text(query, arena);
	alert->store = shd_query_get_text(query, arena);
	alert->entity = shd_query_get_text(query, arena);
	alert->state = read_state(query, arena);
	alert->level = (enum shd_level)shd_query_get_n(query);
	alert->notified_level = (enum shd_level)shd_query_get_n(query);
	alert->episode = (int)shd_query_get_n(query);
	alert->episodes_day = (int)shd_query_get_n(query);
	alert->day_start = shd_query_get_time(query);
	alert->pending_since = shd_query_get_time(query);
	alert->fired_at = shd_query_get_time(query);
	alert->resolved_at = shd_query_get_time(query);
	alert->changed_at = shd_query_get_time(query);
	alert->clear_since = shd_query_get_time(query);
	alert->hits = (uint64_t)shd_query_get_n(query);
	alert->wake = shd_query_get_time(query);
	last->judgement = (enum shd_judgement)shd_query_get_n(query);
	last->level = (enum shd_level)shd_query_get_n(query);
	last->clear = shd_query_get_n(query) != 0;
	shd_query_get_value(query, arena, &last->value);
	shd_query_get_value(query, arena, &last->limit);
	shd_query_get_value(query, arena, &last->cost);
	shd_query_get_value(query, arena, &last->room);
	last->sample_hit = (uint32_t)shd_query_get_n(query);
	last->sample_of = (uint32_t)shd_query_get_n(query);
	last->due = shd_query_get_time(query);
	last->why = shd_query_get_text(query, arena);
	last->wake.ms = SHD_NEVER_MS;
}

static void bind_alert(struct shd_query *query, const struct shd_alert *alert)
{
	const struct shd_verdict *last = &alert->last;

	if (alert->number)
		shd_query_put_n(query, alert->number);
	else
		shd_query_put_null(query);
	shd_query_put_text(query, alert->rule);
	shd_query_put_text(query, alert->store);
	shd_query_put_text(query, alert->entity);
	shd_query_put_text(query, shd_alert_state_name(alert->state));
	shd_query_put_n(query, alert->level);
	shd_query_put_n(query, alert->notified_level);
	shd_query_put_n(query, alert->episode);
	shd_query_put_n(query, alert->episodes_day);
	shd_query_put_n(query, alert->day_start.ms);
	shd_query_put_n(query, alert->pending_since.ms);
	shd_query_put_n(query, alert->fired_at.ms);
	shd_query_put_n(query, alert->resolved_at.ms);
	shd_query_put_n(query, alert->changed_at.ms);
	shd_query_put_n(query, alert->clear_since.ms);
	shd_query_put_n(query, (int64_t)alert->hits);
	shd_query_put_n(query, alert->wake.ms);
	shd_query_put_n(query, last->judgement);
	shd_query_put_n(query, last->level);
	shd_query_put_n(query, last->clear);
	shd_query_put_value(query, &last->value);
	shd_query_put_value(query, &last->limit);
	shd_query_put_value(query, &last->cost);
	shd_query_put_value(query, &last->room);
	shd_query_put_n(query, last->sample_hit);
	shd_query_put_n(query, last->sample_of);
	shd_query_put_n(query, last->due.ms);
	shd_query_put_text(query, last->why);
}

bool shd_state_alert_get(struct shd_state *state, const char *rule, const char *store,
			 const char *entity, struct shd_arena *arena, struct shd_alert **ret_alert,
			 struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	struct shd_alert *alert = NULL;

	if (!shd_query_open(&query, state, SHD_SQL_alert_get, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_text(&query, entity);
	shd_query_put_text(&query, rule);
	if (shd_query_row(&query)) {
		alert = shd_query_alloc(&query, arena, 1, sizeof(*alert));
		if (alert)
			read_alert(&query, arena, alert);
	}
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_alert = alert;
	return true;
}

bool shd_state_alert_apply(struct shd_state *state, const struct shd_alert *alert, bool is_new,
			   struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(
		    &query, state, is_new ? SHD_SQL_alert_insert : SHD_SQL_alert_update, reterr))
		return false;
	bind_alert(&query, alert);
	if (!shd_query_run(&query, reterr))
		return false;
	shd_assert(sqlite3_changes(state->db) == 1);
	return true;
}

bool shd_state_alert_put(struct shd_state *state, struct shd_alert *alert, struct shd_error *reterr)
{
	bool is_new = !alert->number;

	if (!shd_state_alert_apply(state, alert, is_new, reterr))
		return false;
	if (is_new)
		alert->number = sqlite3_last_insert_rowid(state->db);
	return true;
}

bool shd_state_event_add(struct shd_state *state, const struct shd_alert_event *event,
			 struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_event_add, reterr))
		return false;
	shd_query_put_n(&query, event->alert);
	shd_query_put_n(&query, event->at.ms);
	shd_query_put_text(&query, shd_move_name(event->move));
	shd_query_put_n(&query, event->from);
	shd_query_put_n(&query, event->to);
	shd_query_put_n(&query, event->notified);
	shd_query_put_value(&query, &event->value);
	shd_query_put_value(&query, &event->limit);
	shd_query_put_text(&query, event->reason);
	return shd_query_run(&query, reterr);
}

static void read_event(struct shd_query *query, struct shd_arena *arena,
		       struct shd_alert_event *event)
{
	event->alert = shd_query_get_n(query);
	event->at = shd_query_get_time(query);
	event->move = read_move(query, arena);
	event->from = (enum shd_level)shd_query_get_n(query);
	event->to = (enum shd_level)shd_query_get_n(query);
	event->notified = shd_query_get_n(query) != 0;
	shd_query_get_value(query, arena, &event->value);
	shd_query_get_value(query, arena, &event->limit);
	event->reason = shd_query_get_text(query, arena);
}

bool shd_state_events(struct shd_state *state, int64_t alert, struct shd_arena *arena,
		      struct shd_alert_event **ret_events, size_t *ret_count,
		      struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	void *events = NULL;
	size_t count = 0, room = 0;

	if (!shd_query_open(&query, state, SHD_SQL_events_of, reterr))
		return false;
	shd_query_put_n(&query, alert);
	while (shd_query_row(&query)) {
		struct shd_alert_event *event =
			shd_query_slot(&query, arena, &events, count, &room, sizeof(*event));

		if (event)
			read_event(&query, arena, event);
		count++;
	}
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_events = events;
	*ret_count = count;
	return true;
}

static bool read_alerts(struct shd_query *query, struct shd_arena *arena,
			struct shd_alert **ret_alerts, size_t *ret_count, struct shd_error *reterr)
{
	void *alerts = NULL;
	size_t count = 0, room = 0;

	while (shd_query_row(query)) {
		struct shd_alert *alert =
			shd_query_slot(query, arena, &alerts, count, &room, sizeof(*alert));

		if (alert)
			read_alert(query, arena, alert);
		count++;
	}
	if (!shd_query_ok(query, reterr))
		return false;
	*ret_alerts = alerts;
	*ret_count = count;
	return true;
}

bool shd_state_alerts_of(struct shd_state *state, const char *store, const char *entity,
			 struct shd_arena *arena, struct shd_alert **ret_alerts, size_t *ret_count,
			 struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_alerts_of, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_text(&query, entity);
	return read_alerts(&query, arena, ret_alerts, ret_count, reterr);
}

bool shd_state_alerts_of_all(struct shd_state *state, const char *store,
			     const char *const *entities, size_t count, struct shd_arena *arena,
			     struct shd_alert **ret_alerts, size_t *ret_count,
			     struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	char *list shd_autofree = NULL;

	if (count == 1)
		return shd_state_alerts_of(
			state, store, entities[0], arena, ret_alerts, ret_count, reterr);
	list = shd_query_list(entities, count);
	if (!shd_query_open(&query, state, SHD_SQL_alerts_of_all, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_text(&query, list);
	return read_alerts(&query, arena, ret_alerts, ret_count, reterr);
}

bool shd_state_alerts(struct shd_state *state, const struct shd_alert_filter *filter,
		      struct shd_arena *arena, struct shd_alert **ret_alerts, size_t *ret_count,
		      struct shd_error *reterr)
{
	enum shd_sql sql = filter->number       ? SHD_SQL_alert_by_number
			   : filter->closed_too ? SHD_SQL_alerts_all
			   : filter->store      ? SHD_SQL_alerts_open_of
						: SHD_SQL_alerts_open;
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, sql, reterr))
		return false;
	if (filter->number) {
		shd_query_put_n(&query, filter->number);
	} else {
		shd_query_put_text(&query, filter->store);
		shd_query_put_text(&query, filter->rule);
		shd_query_put_n(&query, filter->since.ms);
		shd_query_put_n(&query, (int64_t)filter->max);
	}
	return read_alerts(&query, arena, ret_alerts, ret_count, reterr);
}

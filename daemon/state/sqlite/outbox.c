#include "query.h"

#include <string.h>

static const char *const states[] = {
#define X(id, name) [SHD_OUTBOX_##id] = name,
	SHD_OUTBOX_STATE_MAP(X)
#undef X
};

/* Enough for the facts of two full messages. */
enum { FACTS_BYTES = 4 << 20 };

/* The texts that a statement yields; `number`: its parameter, or NULL. */
static bool read_texts(struct shd_state *state, enum shd_sql sql, const int64_t *number,
		       struct shd_arena *arena, const char *const **ret_texts, size_t *ret_count,
		       struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	void *texts = NULL;
	size_t count = 0, room = 0;

	if (!shd_query_open(&query, state, sql, reterr))
		return false;
	if (number)
		shd_query_put_n(&query, *number);
	while (shd_query_row(&query)) {
		const char **slot =
			shd_query_slot(&query, arena, &texts, count, &room, sizeof(*slot));

		if (slot)
			*slot = shd_query_get_text(&query, arena);
		count++;
	}
	*ret_texts = texts;
	*ret_count = count;
	return shd_query_ok(&query, reterr);
}

static bool add_text(struct shd_state *state, enum shd_sql sql, int64_t number, const char *text,
		     struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, sql, reterr))
		return false;
	shd_query_put_n(&query, number);
	shd_query_put_text(&query, text);
	return shd_query_run(&query, reterr);
}

bool shd_state_notified_add(struct shd_state *state, int64_t alert, const char *channel,
			struct shd_error *reterr)
{
	return add_text(state, SHD_SQL_notified_add, alert, channel, reterr);
}

bool shd_state_reached_add(struct shd_state *state, int64_t outbox, const char *address,
			   struct shd_error *reterr)
{
	return add_text(state, SHD_SQL_reached_add, outbox, address, reterr);
}

bool shd_state_reached(struct shd_state *state, int64_t outbox, struct shd_arena *arena,
		       const char *const **ret_addresses, size_t *ret_count,
		       struct shd_error *reterr)
{
	return read_texts(state, SHD_SQL_reached_of, &outbox, arena, ret_addresses, ret_count,
			  reterr);
}

bool shd_state_notified(struct shd_state *state, int64_t alert, struct shd_arena *arena,
			const char *const **ret_channels, size_t *ret_count,
			struct shd_error *reterr)
{
	return read_texts(state, SHD_SQL_notified_of, &alert, arena, ret_channels, ret_count,
			  reterr);
}

bool shd_state_notified_clear(struct shd_state *state, int64_t alert, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_notified_clear, reterr))
		return false;
	shd_query_put_n(&query, alert);
	return shd_query_run(&query, reterr);
}

static bool known(struct shd_state *state, const char *key, bool *ret_known,
		  struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_outbox_known, reterr))
		return false;
	shd_query_put_text(&query, key);
	*ret_known = shd_query_row(&query) && shd_query_get_n(&query) != 0;
	return shd_query_ok(&query, reterr);
}

static bool insert(struct shd_state *state, struct shd_outbox_row *row, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_outbox_insert, reterr))
		return false;
	shd_query_put_text(&query, row->key);
	shd_query_put_text(&query, row->channel);
	shd_query_put_text(&query, row->next_try.ms > row->made.ms ? row->group : "");
	shd_query_put_text(&query, row->facts);
	shd_query_put_n(&query, row->level);
	shd_query_put_n(&query, row->made.ms);
	shd_query_put_n(&query, row->next_try.ms);
	shd_query_put_n(&query, row->give_up.ms);
	shd_query_put_n(&query, row->attempts);
	shd_query_put_text(&query, states[row->state]);
	while (shd_query_row(&query))
		row->number = shd_query_get_n(&query);
	return shd_query_ok(&query, reterr);
}

static bool link_alerts(struct shd_state *state, const struct shd_outbox_row *row,
			struct shd_error *reterr)
{
	for (size_t i = 0; i < row->alert_count; i++) {
		struct shd_query query SHD_AUTO(shd_query_finish) = {0};

		if (!shd_query_open(&query, state, SHD_SQL_outbox_link, reterr))
			return false;
		shd_query_put_n(&query, row->alerts[i]);
		shd_query_put_n(&query, row->number);
		if (!shd_query_run(&query, reterr))
			return false;
	}
	return true;
}

static bool hasten(struct shd_state *state, const struct shd_outbox_row *row,
		   struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_outbox_hasten, reterr))
		return false;
	shd_query_put_n(&query, row->number);
	shd_query_put_text(&query, row->channel);
	shd_query_put_n(&query, row->next_try.ms);
	return shd_query_run(&query, reterr);
}

/* A row of the same group that still waits for others to go with; number 0: none. */
static bool find_mergeable(struct shd_state *state, const struct shd_outbox_row *row,
			 struct shd_arena *arena, struct shd_outbox_row *ret_other,
			 struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	*ret_other = (struct shd_outbox_row){0};
	if (!shd_query_open(&query, state, SHD_SQL_outbox_mergeable, reterr))
		return false;
	shd_query_put_text(&query, row->channel);
	shd_query_put_text(&query, row->group);
	shd_query_put_n(&query, row->made.ms);
	if (shd_query_row(&query)) {
		ret_other->number = shd_query_get_n(&query);
		ret_other->facts = shd_query_get_text(&query, arena);
		ret_other->level = (enum shd_level)shd_query_get_n(&query);
	}
	return shd_query_ok(&query, reterr);
}

/* Puts the facts of two messages together; *ret_facts is NULL when one message would
 * list too much. */
static bool join(const char *first, const char *second, struct shd_arena *arena,
		 const char **ret_facts, struct shd_error *reterr)
{
	struct shd_facts *a, *b, all[SHD_OUTBOX_ITEMS];
	size_t a_count, b_count;

	*ret_facts = NULL;
	if (!shd_facts_unpack(first, arena, &a, &a_count, reterr) ||
	    !shd_facts_unpack(second, arena, &b, &b_count, reterr))
		return false;
	if (a_count + b_count > SHD_OUTBOX_ITEMS)
		return true;
	for (size_t i = 0; i < a_count + b_count; i++)
		all[i] = i < a_count ? a[i] : b[i - a_count];
	*ret_facts = shd_facts_pack(all, a_count + b_count, arena);
	return *ret_facts || shd_fail(reterr, SHD_ERR_LIMIT, "a merged message has no room");
}

/* Sets row->number when the waiting row could take it in. */
static bool merge(struct shd_state *state, struct shd_outbox_row *row,
		  const struct shd_outbox_row *other, struct shd_arena *arena,
		  struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	const char *facts;

	if (!join(other->facts, row->facts, arena, &facts, reterr))
		return false;
	if (!facts)
		return true;
	if (!shd_query_open(&query, state, SHD_SQL_outbox_merge, reterr))
		return false;
	row->number = other->number;
	shd_query_put_n(&query, other->number);
	shd_query_put_text(&query, facts);
	shd_query_put_n(&query, other->level > row->level ? other->level : row->level);
	return shd_query_run(&query, reterr);
}

bool shd_state_outbox_add(struct shd_state *state, struct shd_outbox_row *row,
			  struct shd_error *reterr)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(FACTS_BYTES);
	struct shd_outbox_row other;
	bool again;

	if (!known(state, row->key, &again, reterr))
		return false;
	if (again)
		return true;
	if (!find_mergeable(state, row, arena, &other, reterr))
		return false;
	row->number = 0;
	if (other.number && !merge(state, row, &other, arena, reterr))
		return false;
	return (row->number || insert(state, row, reterr)) && link_alerts(state, row, reterr) &&
	       hasten(state, row, reterr);
}

static void read_row(struct shd_query *query, struct shd_arena *arena, struct shd_outbox_row *row)
{
	row->number = shd_query_get_n(query);
	row->key = shd_query_get_text(query, arena);
	row->channel = shd_query_get_text(query, arena);
	row->group = shd_query_get_text(query, arena);
	row->facts = shd_query_get_text(query, arena);
	row->level = (enum shd_level)shd_query_get_n(query);
	row->made = shd_query_get_time(query);
	row->next_try = shd_query_get_time(query);
	row->give_up = shd_query_get_time(query);
	row->attempts = (int)shd_query_get_n(query);
	row->state = SHD_OUTBOX_WAITING;
}

bool shd_state_outbox_channels(struct shd_state *state, struct shd_arena *arena,
			       const char *const **ret_channels, size_t *ret_count,
			       struct shd_error *reterr)
{
	return read_texts(state, SHD_SQL_outbox_channels, NULL, arena, ret_channels, ret_count,
			  reterr);
}

static bool read_due(struct shd_state *state, const struct shd_claim *claim,
		     struct shd_arena *arena, struct shd_outbox_row **ret_rows, size_t *ret_count,
		     struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	void *rows = NULL;
	size_t count = 0, room = 0;

	if (!shd_query_open(&query, state, SHD_SQL_outbox_due, reterr))
		return false;
	shd_query_put_text(&query, claim->channel);
	shd_query_put_n(&query, claim->now.ms);
	shd_query_put_n(&query, (int64_t)claim->max);
	while (shd_query_row(&query)) {
		struct shd_outbox_row *row =
			shd_query_slot(&query, arena, &rows, count, &room, sizeof(*row));

		if (row) {
			*row = (struct shd_outbox_row){0};
			read_row(&query, arena, row);
		}
		count++;
	}
	*ret_rows = rows;
	*ret_count = count;
	return shd_query_ok(&query, reterr);
}

bool shd_state_outbox_claim(struct shd_state *state, const struct shd_claim *claim,
			    struct shd_arena *arena, struct shd_outbox_row **ret_rows,
			    size_t *ret_count, struct shd_error *reterr)
{
	if (!read_due(state, claim, arena, ret_rows, ret_count, reterr))
		return false;
	for (size_t i = 0; i < *ret_count && claim->until.ms; i++) {
		struct shd_query query SHD_AUTO(shd_query_finish) = {0};

		if (!shd_query_open(&query, state, SHD_SQL_outbox_claim, reterr))
			return false;
		shd_query_put_n(&query, (*ret_rows)[i].number);
		shd_query_put_n(&query, claim->until.ms);
		if (!shd_query_run(&query, reterr))
			return false;
	}
	return true;
}

bool shd_state_outbox_held(struct shd_state *state, const char *channel, struct shd_wall now,
			   bool *ret_held, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_outbox_held, reterr))
		return false;
	shd_query_put_text(&query, channel);
	shd_query_put_n(&query, now.ms);
	*ret_held = shd_query_row(&query) && shd_query_get_n(&query) != 0;
	return shd_query_ok(&query, reterr);
}

bool shd_state_outbox_tried(struct shd_state *state, const char *channel,
			    struct shd_tried_row *rows, size_t *count, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	size_t max = *count;

	*count = 0;
	if (!shd_query_open(&query, state, SHD_SQL_outbox_tried, reterr))
		return false;
	shd_query_put_text(&query, channel);
	shd_query_put_n(&query, (int64_t)max);
	while (*count < max && shd_query_row(&query)) {
		rows[*count].outbox = shd_query_get_n(&query);
		rows[(*count)++].made = shd_query_get_time(&query);
	}
	return shd_query_ok(&query, reterr);
}

bool shd_state_outbox_revive(struct shd_state *state, const char *channel, struct shd_wall now,
			     int64_t give_up_ms, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_outbox_revive, reterr))
		return false;
	shd_query_put_text(&query, channel);
	shd_query_put_n(&query, now.ms);
	shd_query_put_n(&query, give_up_ms);
	return shd_query_run(&query, reterr);
}

bool shd_state_outbox_next(struct shd_state *state, struct shd_wall now, struct shd_wall *ret_next,
			   struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_outbox_next, reterr))
		return false;
	shd_query_put_n(&query, now.ms);
	int64_t ms = shd_query_row(&query) ? shd_query_get_n(&query) : 0;
	*ret_next = (struct shd_wall){ms ? ms : SHD_NEVER_MS};
	return shd_query_ok(&query, reterr);
}

bool shd_state_outbox_release(struct shd_state *state, int64_t number, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state,
			    number ? SHD_SQL_outbox_release : SHD_SQL_outbox_release_all, reterr))
		return false;
	if (number)
		shd_query_put_n(&query, number);
	return shd_query_run(&query, reterr);
}

static void read_unsent(
	struct shd_query *query, struct shd_arena *arena, struct shd_unsent_row *row)
{
	row->number = shd_query_get_n(query);
	row->channel = shd_query_get_text(query, arena);
	row->made = shd_query_get_time(query);
	row->next_try = shd_query_get_time(query);
	row->give_up = shd_query_get_time(query);
	row->attempts = (int)shd_query_get_n(query);
	row->dead = shd_query_get_n(query) != 0;
	row->error = shd_query_get_text(query, arena);
}

bool shd_state_outbox_unsent(struct shd_state *state, int64_t alert, struct shd_arena *arena,
			     struct shd_unsent_row **ret_rows, size_t *ret_count,
			     struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	void *rows = NULL;
	size_t count = 0, room = 0;

	if (!shd_query_open(&query, state, SHD_SQL_outbox_unsent, reterr))
		return false;
	shd_query_put_n(&query, alert);
	while (shd_query_row(&query)) {
		struct shd_unsent_row *row =
			shd_query_slot(&query, arena, &rows, count, &room, sizeof(*row));

		if (row)
			read_unsent(&query, arena, row);
		count++;
	}
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_rows = rows;
	*ret_count = count;
	return true;
}

bool shd_state_outbox_untold(struct shd_state *state, struct shd_arena *arena,
			     struct shd_untold_row **ret_rows, size_t *ret_count,
			     struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	void *rows = NULL;
	size_t count = 0, room = 0;

	if (!shd_query_open(&query, state, SHD_SQL_outbox_untold, reterr))
		return false;
	while (shd_query_row(&query)) {
		struct shd_untold_row *row =
			shd_query_slot(&query, arena, &rows, count, &room, sizeof(*row));

		if (row) {
			row->channel = shd_query_get_text(&query, arena);
			row->dead = shd_query_get_n(&query) != 0;
			row->alerts = shd_query_get_n(&query);
			row->alone = shd_query_get_n(&query);
		}
		count++;
	}
	*ret_rows = rows;
	*ret_count = count;
	return shd_query_ok(&query, reterr);
}

bool shd_state_outbox_shift(struct shd_state *state, int64_t by_ms, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_outbox_shift, reterr))
		return false;
	shd_query_put_n(&query, by_ms);
	return shd_query_run(&query, reterr);
}

static bool become(struct shd_state *state, const struct shd_delivery_row *row,
		   enum shd_outbox_state becomes, struct shd_wall next_try,
		   struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_outbox_becomes, reterr))
		return false;
	shd_query_put_n(&query, row->outbox);
	shd_query_put_text(&query, states[becomes]);
	shd_query_put_n(&query, next_try.ms);
	shd_query_put_n(&query, row->attempt);
	return shd_query_run(&query, reterr);
}

bool shd_state_outbox_settle(struct shd_state *state, const struct shd_delivery_row *row,
			     enum shd_outbox_state becomes, struct shd_wall next_try,
			     struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, SHD_SQL_delivery_add, reterr))
		return false;
	shd_query_put_n(&query, row->outbox);
	shd_query_put_n(&query, row->at.ms);
	shd_query_put_n(&query, row->attempt);
	shd_query_put_n(&query, row->ok);
	shd_query_put_n(&query, row->status);
	shd_query_put_text(&query, row->answer);
	shd_query_put_text(&query, row->error);
	shd_query_put_n(&query, row->took_ms);
	return shd_query_run(&query, reterr) && become(state, row, becomes, next_try, reterr);
}

static void read_delivery(struct shd_query *query, struct shd_arena *arena,
			  struct shd_delivery_row *row)
{
	row->outbox = shd_query_get_n(query);
	row->at = shd_query_get_time(query);
	row->attempt = (int)shd_query_get_n(query);
	row->ok = shd_query_get_n(query) != 0;
	row->status = (int)shd_query_get_n(query);
	row->answer = shd_query_get_text(query, arena);
	row->error = shd_query_get_text(query, arena);
	row->took_ms = shd_query_get_n(query);
	row->channel = shd_query_get_text(query, arena);
}

bool shd_state_deliveries(struct shd_state *state, int64_t alert, struct shd_arena *arena,
			  struct shd_delivery_row **ret_rows, size_t *ret_count,
			  struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	void *rows = NULL;
	size_t count = 0, room = 0;

	if (!shd_query_open(&query, state, SHD_SQL_deliveries_of, reterr))
		return false;
	shd_query_put_n(&query, alert);
	while (shd_query_row(&query)) {
		struct shd_delivery_row *row =
			shd_query_slot(&query, arena, &rows, count, &room, sizeof(*row));

		if (row)
			read_delivery(&query, arena, row);
		count++;
	}
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_rows = rows;
	*ret_count = count;
	return true;
}

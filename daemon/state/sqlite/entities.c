#include "query.h"

#include <string.h>

/* Reads one field of the present row; a text stays where SQLite has it, which is until the
 * next step. */
static void read_field(struct shd_query *query, struct shd_value *value)
{
	int column = query->next++;

	*value = (struct shd_value){.type = value->type};
	value->none = sqlite3_column_type(query->stmt, column) == SQLITE_NULL;
	if (value->none) {
		query->next += value->type == SHD_MONEY;
		value->text = "";
		return;
	}
	if (value->type == SHD_TEXT) {
		const void *text = sqlite3_column_text(query->stmt, column);

		value->text = text ? text : "";
		value->len = (uint32_t)sqlite3_column_bytes(query->stmt, column);
		return;
	}
	value->n = sqlite3_column_int64(query->stmt, column);
	if (value->type == SHD_MONEY) {
		const char *currency =
			(const char *)sqlite3_column_text(query->stmt, query->next++);

		if (currency && strlen(currency) == 3)
			memcpy(value->currency, currency, 4);
	}
}

static void clear_fields(enum shd_kind kind, struct shd_value *fields)
{
	int first = (int)shd_kind_first(kind), count = shd_kind_fields(kind);

	for (int i = 0; i < count; i++)
		fields[i] = (struct shd_value){
			.type = shd_field_row((enum shd_field)(first + i))->type, .none = true};
}

/* Copies the texts of fields[] out of SQLite's memory. */
static bool keep_texts(struct shd_arena *arena, struct shd_value *fields, int count)
{
	for (int i = 0; i < count; i++) {
		if (fields[i].type != SHD_TEXT || fields[i].none)
			continue;
		fields[i].text = shd_arena_text(arena, fields[i].text, fields[i].len);
		if (!fields[i].text)
			return false;
	}
	return true;
}

/* The present row, copied into the arena. */
static bool read_entity(struct shd_query *query, enum shd_kind kind, struct shd_arena *arena,
			struct shd_stored_entity *ret)
{
	int count = shd_kind_fields(kind);
	struct shd_entity *entity = shd_query_alloc(query, arena, 1, sizeof(*entity));
	struct shd_value *fields = shd_query_alloc(query, arena, (size_t)count, sizeof(*fields));
	const char *id = shd_query_get_text(query, arena);

	ret->feed = shd_query_get_text(query, arena);
	ret->wake.ms = SHD_NEVER_MS;
	if (sqlite3_column_type(query->stmt, query->next) != SQLITE_NULL)
		ret->wake.ms = sqlite3_column_int64(query->stmt, query->next);
	query->next++;
	if (query->full)
		return false;
	clear_fields(kind, fields);
	for (int i = 0; i < count; i++)
		read_field(query, &fields[i]);
	query->full = !keep_texts(arena, fields, count);
	*entity = (struct shd_entity){.kind = kind, .id = id, .fields = fields};
	entity->set = count == 64 ? UINT64_MAX : (1ULL << count) - 1;
	ret->entity = entity;
	return !query->full;
}

bool shd_state_entity_row(struct shd_state *state, const char *store, enum shd_kind kind,
			  const char *id, struct shd_arena *arena, struct shd_stored_entity *ret,
			  struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	struct shd_stored_entity row = {0};

	if (!shd_query_open_kind(&query, state, kind, SHD_TABLE_GET, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_text(&query, id);
	if (shd_query_row(&query))
		(void)read_entity(&query, kind, arena, &row);
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret = row;
	return true;
}

bool shd_state_entity_get(struct shd_state *state, const char *store, enum shd_kind kind,
			  const char *id, struct shd_arena *arena, struct shd_entity **ret_entity,
			  struct shd_error *reterr)
{
	struct shd_stored_entity row;

	if (!shd_state_entity_row(state, store, kind, id, arena, &row, reterr))
		return false;
	*ret_entity = (struct shd_entity *)row.entity;
	return true;
}

bool shd_state_entity_rows(struct shd_state *state, const char *store, enum shd_kind kind,
			   const char *const *ids, size_t count, struct shd_arena *arena,
			   struct shd_stored_entity **ret_rows, size_t *ret_count,
			   struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	char *list shd_autofree = shd_query_list(ids, count);
	void *rows = NULL;
	size_t found = 0, room = 0;

	if (!shd_query_open_kind(&query, state, kind, SHD_TABLE_GET_ALL, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_text(&query, list);
	while (shd_query_row(&query)) {
		struct shd_stored_entity *row =
			shd_query_slot(&query, arena, &rows, found, &room, sizeof(*row));

		if (row && read_entity(&query, kind, arena, row))
			found++;
	}
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_rows = rows;
	*ret_count = found;
	return true;
}

static void put_field(struct shd_query *query, const struct shd_value *value)
{
	if (value->none) {
		shd_query_put_null(query);
		if (value->type == SHD_MONEY)
			shd_query_put_null(query);
		return;
	}
	if (value->type == SHD_TEXT) {
		int rc = sqlite3_bind_text(query->stmt, ++query->next, value->text, (int)value->len,
					   SQLITE_STATIC);

		query->rc = query->rc ? query->rc : rc;
		return;
	}
	shd_query_put_n(query, value->n);
	if (value->type == SHD_MONEY)
		shd_query_put_text(query, value->currency);
}

static void put_entity(struct shd_query *query, const struct shd_entity_change *change)
{
	const struct shd_entity *entity = change->entity;
	int count = shd_kind_fields(entity->kind);

	shd_query_put_text(query, entity->id);
	shd_query_put_text(query, change->feed);
	for (int i = 0; i < count; i++)
		put_field(query, &entity->fields[i]);
}

/* One row, or as many as INSERT_MANY takes. */
static bool update(struct shd_state *state, enum shd_table_sql sql,
		   const struct shd_entity_change *changes, bool *ret_found,
		   struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	int rows = sql == SHD_TABLE_INSERT_MANY ? SHD_INSERT_ROWS : 1;

	if (!shd_query_open_kind(&query, state, changes->entity->kind, sql, reterr))
		return false;
	shd_query_put_text(&query, changes->store);
	for (int i = 0; i < rows; i++)
		put_entity(&query, &changes[i]);
	if (!shd_query_run(&query, reterr))
		return false;
	*ret_found = sqlite3_changes(state->db) > 0;
	return true;
}

/* Nearly every put is of an entity that is there already, and changes no index. */
bool shd_state_entity_put(struct shd_state *state, const char *store,
			  const struct shd_entity *entity, const char *feed,
			  struct shd_error *reterr)
{
	struct shd_entity_change change = {.store = store, .entity = entity, .feed = feed};
	bool found;

	if (!update(state, SHD_TABLE_UPDATE_SAME, &change, &found, reterr) ||
	    (!found && !update(state, SHD_TABLE_UPDATE, &change, &found, reterr)))
		return false;
	return found || update(state, SHD_TABLE_INSERT, &change, &found, reterr);
}

/* The update that looks at as few indexes as it may; if it finds that it may not, the full one. */
static bool apply(struct shd_state *state, const struct shd_entity_change *change,
		  struct shd_error *reterr)
{
	bool found = false;

	if (change->is_new)
		return update(state, SHD_TABLE_INSERT, change, &found, reterr);
	if (change->keys == SHD_KEYS_NONE &&
	    !update(state, SHD_TABLE_UPDATE_SAME, change, &found, reterr))
		return false;
	if (change->keys == SHD_KEYS_OWN &&
	    !update(state, SHD_TABLE_UPDATE_OWN, change, &found, reterr))
		return false;
	return found || update(state, SHD_TABLE_UPDATE, change, &found, reterr);
}

/* Whether one INSERT_MANY takes the first of them. */
static bool are_alike(const struct shd_entity_change *changes, size_t count)
{
	for (size_t i = 0; i < SHD_INSERT_ROWS; i++)
		if (i == count || !changes[i].is_new ||
		    changes[i].entity->kind != changes->entity->kind ||
		    strcmp(changes[i].store, changes->store) != 0)
			return false;
	return true;
}

bool shd_state_entities_apply(struct shd_state *state, const struct shd_entity_change *changes,
			      size_t count, struct shd_error *reterr)
{
	bool found;

	for (size_t i = 0; i < count;) {
		bool many = are_alike(&changes[i], count - i);

		if (!(many ? update(state, SHD_TABLE_INSERT_MANY, &changes[i], &found, reterr)
			   : apply(state, &changes[i], reterr)))
			return false;
		i += many ? SHD_INSERT_ROWS : 1;
	}
	return true;
}

/* All ids that the query yields. */
static bool read_ids(struct shd_query *query, struct shd_arena *arena, const char *const **ret_ids,
		     size_t *ret_count, struct shd_error *reterr)
{
	void *ids = NULL;
	size_t count = 0, room = 0;

	while (shd_query_row(query)) {
		const char **slot = shd_query_slot(query, arena, &ids, count, &room, sizeof(*slot));

		if (slot)
			*slot = shd_query_get_text(query, arena);
		count++;
	}
	if (!shd_query_ok(query, reterr))
		return false;
	*ret_ids = ids;
	*ret_count = count;
	return true;
}

bool shd_state_entity_ids(struct shd_state *state, const char *store, enum shd_kind kind,
			  const char *feed, struct shd_arena *arena, const char *const **ret_ids,
			  size_t *ret_count, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open_kind(&query, state, kind, SHD_TABLE_OPEN_IDS, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_text(&query, feed);
	return read_ids(&query, arena, ret_ids, ret_count, reterr);
}

bool shd_state_entity_page(struct shd_state *state, const char *store, enum shd_kind kind,
			   const struct shd_entity_page *page, struct shd_arena *arena,
			   const char *const **ret_ids, size_t *ret_count,
			   struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open_kind(&query, state, kind,
		    page->closed_too ? SHD_TABLE_PAGE_ALL : SHD_TABLE_PAGE_OPEN, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_text(&query, page->after ? page->after : "");
	shd_query_put_n(&query, (int64_t)page->max);
	return read_ids(&query, arena, ret_ids, ret_count, reterr);
}

bool shd_state_unread(struct shd_state *state, const char *store, enum shd_kind kind,
		      struct shd_arena *arena, const char *const **ret_texts, size_t *ret_count,
		      struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open_kind(&query, state, kind, SHD_TABLE_UNREAD, reterr))
		return false;
	shd_query_put_text(&query, store);
	return read_ids(&query, arena, ret_texts, ret_count, reterr);
}

bool shd_state_stores_open(struct shd_state *state, struct shd_arena *arena,
			   const char *const **ret_ids, size_t *ret_count, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	return shd_query_open(&query, state, SHD_SQL_stores_open, reterr) &&
	       read_ids(&query, arena, ret_ids, ret_count, reterr);
}

bool shd_state_window_of(struct shd_state *state, const char *store, enum shd_kind kind, int time,
			 uint64_t wanted, struct shd_wall from, struct shd_wall to,
			 shd_window_fn *visit, void *ctx, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	uint64_t own = (1ULL << shd_kind_fields(kind)) - 1;
	struct shd_value fields[64];

	wanted = (wanted & (own | SHD_FIELDS_ID)) | 1ULL << time;
	if (!shd_query_open_window(&query, state, kind, time, wanted, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_n(&query, from.ms);
	shd_query_put_n(&query, to.ms);
	clear_fields(kind, fields);
	while (shd_query_row(&query)) {
		struct shd_entity entity = {
			.kind = kind, .id = "", .set = UINT64_MAX, .fields = fields};

		if (wanted & SHD_FIELDS_ID)
			entity.id = (const char *)sqlite3_column_text(query.stmt, query.next++);
		for (uint64_t left = wanted & own; left; left &= left - 1)
			read_field(&query, &fields[__builtin_ctzll(left)]);
		if (!visit(ctx, &entity))
			return true;
	}
	return shd_query_ok(&query, reterr);
}

bool shd_state_window(struct shd_state *state, const char *store, enum shd_kind kind,
		      struct shd_wall from, struct shd_wall to, shd_window_fn *visit, void *ctx,
		      struct shd_error *reterr)
{
	return shd_state_window_of(state, store, kind, SHD_I_opened_at, UINT64_MAX, from, to, visit,
		ctx, reterr);
}

static bool number_of(struct shd_state *state, enum shd_sql sql, const char *store, const char *sku,
		      int64_t *ret_n, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, sql, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_text(&query, sku);
	int64_t n = shd_query_row(&query) ? shd_query_get_n(&query) : 0;
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_n = n;
	return true;
}

bool shd_state_listings(struct shd_state *state, const char *store, const char *sku,
			struct shd_arena *arena, struct shd_stored_listing **ret_rows,
			size_t *ret_count, struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};
	void *rows = NULL;
	size_t count = 0, room = 0;

	if (!shd_query_open(&query, state, SHD_SQL_listings_of, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_text(&query, sku);
	while (shd_query_row(&query)) {
		struct shd_stored_listing *row =
			shd_query_slot(&query, arena, &rows, count, &room, sizeof(*row));

		if (!row)
			break;
		row->id = shd_query_get_text(&query, arena);
		row->title = shd_query_get_text(&query, arena);
		row->category = shd_query_get_text(&query, arena);
		count++;
	}
	if (!shd_query_ok(&query, reterr))
		return false;
	*ret_rows = rows;
	*ret_count = count;
	return true;
}

bool shd_state_unshipped(struct shd_state *state, const char *store, const char *sku,
			 int64_t *ret_units_micro, struct shd_error *reterr)
{
	return number_of(state, SHD_SQL_unshipped, store, sku, ret_units_micro, reterr);
}

static bool ids_of(struct shd_state *state, enum shd_sql sql, const char *store, const char *sku,
		   struct shd_arena *arena, const char *const **ret_ids, size_t *ret_count,
		   struct shd_error *reterr)
{
	struct shd_query query SHD_AUTO(shd_query_finish) = {0};

	if (!shd_query_open(&query, state, sql, reterr))
		return false;
	shd_query_put_text(&query, store);
	shd_query_put_text(&query, sku);
	return read_ids(&query, arena, ret_ids, ret_count, reterr);
}

bool shd_state_orders_of(struct shd_state *state, const char *store, const char *sku,
			 struct shd_arena *arena, const char *const **ret_ids, size_t *ret_count,
			 struct shd_error *reterr)
{
	return ids_of(state, SHD_SQL_orders_of, store, sku, arena, ret_ids, ret_count, reterr);
}

bool shd_state_returns_of(struct shd_state *state, const char *store, const char *sku,
			  struct shd_arena *arena, const char *const **ret_ids, size_t *ret_count,
			  struct shd_error *reterr)
{
	return ids_of(state, SHD_SQL_returns_of, store, sku, arena, ret_ids, ret_count, reterr);
}

bool shd_state_stocks_of(struct shd_state *state, const char *store, const char *sku,
			 struct shd_arena *arena, const char *const **ret_ids, size_t *ret_count,
			 struct shd_error *reterr)
{
	return ids_of(state, SHD_SQL_stocks_of, store, sku, arena, ret_ids, ret_count, reterr);
}

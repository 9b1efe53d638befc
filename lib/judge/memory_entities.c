#include "memory_own.h"

#include "base/num.h"
#include "rule/eval/window_list.h"

#include <stdlib.h>
#include <string.h>

static bool is_open(const struct shd_entity *entity)
{
	const struct shd_value *closed = &entity->fields[SHD_I_closed];

	return closed->none || !closed->n;
}

static const struct shd_value *named(const struct shd_entity *entity, const char *name)
{
	enum shd_field field;

	return shd_field_find(entity->kind, name, strlen(name), &field)
		       ? shd_entity_get(entity, field) : NULL;
}

/* --- the lists ---------------------------------------------------------------------- */

static void add_at(struct memory_list *list, size_t at, struct memory_entity *own)
{
	shd_grow(list->items, list->count, list->room);
	memmove(list->items + at + 1, list->items + at,
		(list->count - at) * sizeof(list->items[0]));
	list->items[at] = own;
	list->count++;
}

static void take_at(struct memory_list *list, size_t at)
{
	list->count--;
	memmove(list->items + at, list->items + at + 1,
		(list->count - at) * sizeof(list->items[0]));
}

/* By id, as the lists of a sku are read. */
static size_t place_of_id(const struct memory_list *list, const char *id)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(list->items[middle]->id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct memory_list *list_of(struct memory_kind *kind, const char *sku)
{
	struct memory_sku *found = NULL;

	HASH_FIND_STR(kind->skus, sku, found);
	return found ? &found->list : NULL;
}

static void leave_lists(struct memory_kind *kind, struct memory_entity *own)
{
	const struct shd_value *sku = named(own->entity, "sku");

	if (sku && !sku->none) {
		struct memory_list *list = list_of(kind, sku->text);

		take_at(list, place_of_id(list, own->id));
	}
}

static struct memory_list *make_list(struct shd_memory *memory, struct memory_kind *kind,
				     const char *sku)
{
	struct memory_sku *made = shd_xcalloc(1, sizeof(*made));
	const char *key = shd_memory_text(memory, sku);

	HASH_ADD_KEYPTR(hh, kind->skus, key, strlen(key), made);
	return &made->list;
}

static void enter_lists(struct shd_memory *memory, struct memory_kind *kind,
			struct memory_entity *own)
{
	const struct shd_value *sku = named(own->entity, "sku");

	if (!sku || sku->none)
		return;
	struct memory_list *known = list_of(kind, sku->text);
	struct memory_list *list = known ? known : make_list(memory, kind, sku->text);

	add_at(list, place_of_id(list, own->id), own);
}

/* --- writing -------------------------------------------------------------------------- */

static const struct shd_entity *copy(struct shd_memory *memory, const struct shd_entity *entity,
				     const char *id)
{
	size_t count = (size_t)shd_kind_fields(entity->kind);
	struct shd_entity *made = shd_arena_alloc(memory->arena, 1, sizeof(*made));
	struct shd_value *fields = shd_arena_alloc(memory->arena, count, sizeof(*fields));

	shd_assert(made && fields);
	*made = *entity;
	made->id = id;
	made->fields = fields;
	made->set = count == 64 ? UINT64_MAX : (1ULL << count) - 1;
	memcpy(fields, entity->fields, count * sizeof(*fields));
	for (size_t i = 0; i < count; i++)
		if (fields[i].type == SHD_TEXT && !fields[i].none)
			fields[i].text = shd_memory_text(memory, fields[i].text);
	return made;
}

void shd_memory_entity_put(struct shd_memory *memory, const struct shd_entity_change *change)
{
	struct memory_store *store = shd_memory_store(memory, change->store);
	struct memory_kind *kind = &store->kinds[change->entity->kind];
	struct memory_entity *own = NULL;

	HASH_FIND_STR(kind->entities, change->entity->id, own);
	shd_assert(change->is_new == !own);
	if (own) {
		leave_lists(kind, own);
	} else {
		own = shd_xcalloc(1, sizeof(*own));
		own->id = shd_memory_text(memory, change->entity->id);
		HASH_ADD_KEYPTR(hh, kind->entities, own->id, strlen(own->id), own);
	}
	own->entity = copy(memory, change->entity, own->id);
	if (change->feed)
		own->feed = shd_memory_text(memory, change->feed);
	enter_lists(memory, kind, own);
}

static void close_kind(struct memory_kind *kind)
{
	struct memory_entity *own, *next;
	struct memory_sku *sku, *next_sku;

	HASH_ITER(hh, kind->entities, own, next) {
		HASH_DEL(kind->entities, own);
		free(own);
	}
	HASH_ITER(hh, kind->skus, sku, next_sku) {
		HASH_DEL(kind->skus, sku);
		free(sku->list.items);
		free(sku);
	}
}

void shd_memory_entities_close(struct memory_store *store)
{
	for (int k = 0; k < SHD_KIND_COUNT; k++)
		close_kind(&store->kinds[k]);
}

/* --- reading -------------------------------------------------------------------------- */

static struct memory_kind *kind_of(void *ctx, const char *store, enum shd_kind kind)
{
	static struct memory_kind none;
	struct memory_store *found = shd_memory_find(ctx, store);

	return found ? &found->kinds[kind] : &none;
}

static bool entity(void *ctx, const char *store, enum shd_kind kind, const char *id,
		   struct shd_arena *arena, struct shd_stored_entity *ret,
		   struct shd_error *reterr)
{
	struct memory_entity *own = NULL;

	(void)arena;
	HASH_FIND_STR(kind_of(ctx, store, kind)->entities, id, own);
	*ret = (struct shd_stored_entity){
		.entity = own ? own->entity : NULL, .feed = own ? own->feed : NULL};
	return shd_memory_wake(ctx, store, kind, id, &ret->wake, reterr);
}

static bool no_room(struct shd_error *reterr)
{
	return shd_fail(reterr, SHD_ERR_LIMIT, "more rows than the reader has room for");
}

static bool entities(void *ctx, const char *store, enum shd_kind kind, const char *const *ids,
		     size_t count, struct shd_arena *arena, struct shd_stored_entity **ret_rows,
		     size_t *ret_count, struct shd_error *reterr)
{
	struct shd_stored_entity *rows = shd_arena_alloc(arena, count, sizeof(*rows));
	size_t n = 0;

	if (!rows)
		return no_room(reterr);
	for (size_t i = 0; i < count; i++) {
		if (!entity(ctx, store, kind, ids[i], arena, &rows[n], reterr))
			return false;
		n += rows[n].entity != NULL;
	}
	*ret_rows = rows;
	*ret_count = n;
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool open_ids(void *ctx, const char *store, enum shd_kind kind, const char *feed,
		     struct shd_arena *arena, const char *const **ret_ids, size_t *ret_count,
		     struct shd_error *reterr)
{
	struct memory_entity *all = kind_of(ctx, store, kind)->entities;
	const char **ids = shd_arena_alloc(arena, HASH_COUNT(all) + 1, sizeof(*ids));
	size_t n = 0;

	if (!ids)
		return no_room(reterr);
	for (struct memory_entity *own = all; own; own = own->hh.next)
		if (is_open(own->entity) &&
		    (!feed || (own->feed && strcmp(own->feed, feed) == 0)))
			ids[n++] = own->id;
	qsort(ids, n, sizeof(*ids), by_text);
	*ret_ids = ids;
	*ret_count = n;
	return true;
}

static bool open_stores(void *ctx, struct shd_arena *arena, const char *const **ret_ids,
			size_t *ret_count, struct shd_error *reterr)
{
	const struct shd_memory *memory = ctx;
	const char **ids = shd_arena_alloc(arena, HASH_COUNT(memory->stores) + 1, sizeof(*ids));
	size_t n = 0;

	if (!ids)
		return no_room(reterr);
	for (struct memory_store *store = memory->stores; store; store = store->hh.next) {
		struct memory_entity *own = NULL;

		HASH_FIND_STR(store->kinds[SHD_KIND_store].entities, store->id, own);
		if (own && is_open(own->entity))
			ids[n++] = store->id;
	}
	qsort(ids, n, sizeof(*ids), by_text);
	*ret_ids = ids;
	*ret_count = n;
	return true;
}

static bool window(void *ctx, const char *store, enum shd_kind kind, int time, uint64_t fields,
		   struct shd_wall from, struct shd_wall to, shd_window_fn *visit,
		   void *visit_ctx, struct shd_error *reterr)
{
	struct shd_window_list list = {.time = time, .from = from, .to = to};

	(void)fields;
	(void)reterr;
	for (const struct memory_entity *own = kind_of(ctx, store, kind)->entities; own;
		own = own->hh.next)
		shd_window_list_add(&list, own->entity);
	shd_window_list_show(&list, visit, visit_ctx);
	return true;
}

static const struct memory_list *of_sku(void *ctx, const char *store, enum shd_kind kind,
					const char *sku)
{
	static const struct memory_list none;
	const struct memory_list *list = list_of(kind_of(ctx, store, kind), sku);

	return list ? list : &none;
}

static const char *text_of(const struct shd_value *value)
{
	return value->none ? NULL : value->text;
}

static bool listings(void *ctx, const char *store, const char *sku, struct shd_arena *arena,
		     struct shd_stored_listing **ret_rows, size_t *ret_count,
		     struct shd_error *reterr)
{
	const struct memory_list *list = of_sku(ctx, store, SHD_KIND_listing, sku);
	struct shd_stored_listing *rows = shd_arena_alloc(arena, list->count + 1, sizeof(*rows));

	if (!rows)
		return no_room(reterr);
	for (size_t i = 0; i < list->count; i++) {
		const struct memory_entity *own = list->items[i];

		rows[i] = (struct shd_stored_listing){own->id,
			text_of(named(own->entity, "title")),
			text_of(named(own->entity, "category"))};
	}
	*ret_rows = rows;
	*ret_count = list->count;
	return true;
}

static bool list_ids(const struct memory_list *list, bool bare, struct shd_arena *arena,
		     const char *const **ret_ids, size_t *ret_count, struct shd_error *reterr)
{
	const char **ids = shd_arena_alloc(arena, list->count + 1, sizeof(*ids));
	size_t n = 0;

	if (!ids)
		return no_room(reterr);
	for (size_t i = 0; i < list->count; i++)
		if (!bare || named(list->items[i]->entity, "category")->none)
			ids[n++] = list->items[i]->id;
	*ret_ids = ids;
	*ret_count = n;
	return true;
}

static bool without_category(void *ctx, const char *store, enum shd_kind kind, const char *sku,
			     struct shd_arena *arena, const char *const **ret_ids,
			     size_t *ret_count, struct shd_error *reterr)
{
	return list_ids(of_sku(ctx, store, kind, sku), true, arena, ret_ids, ret_count, reterr);
}

static bool stocks(void *ctx, const char *store, const char *sku, struct shd_arena *arena,
		   const char *const **ret_ids, size_t *ret_count, struct shd_error *reterr)
{
	return list_ids(of_sku(ctx, store, SHD_KIND_stock, sku), false, arena, ret_ids, ret_count,
			reterr);
}

static bool promised(void *ctx, const char *store, const char *sku, int64_t *ret_units,
		     struct shd_error *reterr)
{
	const struct memory_list *list = of_sku(ctx, store, SHD_KIND_order, sku);

	(void)reterr;
	*ret_units = 0;
	for (size_t i = 0; i < list->count; i++)
		*ret_units += shd_units_promised(list->items[i]->entity);
	return true;
}

static bool parcels(void *ctx, const char *const *numbers, size_t count, struct shd_arena *arena,
		    struct shd_stored_parcel **ret_rows, size_t *ret_count,
		    struct shd_error *reterr)
{
	const struct shd_memory *memory = ctx;
	struct shd_stored_parcel *rows;
	size_t n = 0, most = 0;

	for (struct memory_store *store = memory->stores; store; store = store->hh.next)
		most += HASH_COUNT(store->kinds[SHD_KIND_parcel].entities);
	rows = shd_arena_alloc(arena, most + 1, sizeof(*rows));
	if (!rows)
		return no_room(reterr);
	for (struct memory_store *store = memory->stores; store; store = store->hh.next)
		for (struct memory_entity *own = store->kinds[SHD_KIND_parcel].entities; own;
		     own = own->hh.next) {
			const struct shd_value *number = shd_entity_get(
				own->entity, SHD_F_parcel_tracking_number);

			if (shd_stored_is_one_of(numbers, count, number))
				rows[n++] = (struct shd_stored_parcel){store->id, own->id,
					number->text,
					text_of(shd_entity_get(own->entity, SHD_F_parcel_carrier))};
		}
	qsort(rows, n, sizeof(*rows), shd_stored_by_store_and_id);
	*ret_rows = rows;
	*ret_count = n;
	return true;
}

void shd_memory_entities_open(struct shd_memory *memory)
{
	struct shd_stored *own = &memory->stored;

	own->entity = entity;
	own->entities = entities;
	own->open_ids = open_ids;
	own->open_stores = open_stores;
	own->window = window;
	own->listings = listings;
	own->without_category = without_category;
	own->stocks = stocks;
	own->promised = promised;
	own->parcels = parcels;
}

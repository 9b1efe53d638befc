#include "overlay_own.h"

#include "base/num.h"

#include <stdlib.h>
#include <string.h>

struct kept_kind *shd_overlay_kind(const struct shd_overlay *overlay, const char *store,
				 enum shd_kind kind)
{
	struct kept_store *kept = shd_overlay_find(overlay, store);

	return kept ? &kept->kinds[kind] : NULL;
}

struct kept_entity *shd_overlay_kept(const struct kept_kind *kind, const char *id)
{
	struct kept_entity *found = NULL;

	if (kind && kind->entities)
		HASH_FIND_STR(kind->entities, id, found);
	return found;
}

/* --- fields that the engines know --------------------------------------------------- */

static bool has_text(const struct shd_value *value)
{
	return !value->none && value->len > 0;
}

static const struct shd_value *sku_of(const struct shd_entity *entity)
{
	switch ((int)entity->kind) {
	case SHD_KIND_order: return shd_entity_get(entity, SHD_F_order_sku);
	case SHD_KIND_return: return shd_entity_get(entity, SHD_F_return_sku);
	case SHD_KIND_listing: return shd_entity_get(entity, SHD_F_listing_sku);
	case SHD_KIND_stock: return shd_entity_get(entity, SHD_F_stock_sku);
	default: return NULL;
	}
}

static bool is_of_sku(const struct shd_entity *entity, const char *sku)
{
	const struct shd_value *own = entity ? sku_of(entity) : NULL;

	return own && !own->none && strcmp(own->text, sku) == 0;
}

static bool is_open(const struct shd_entity *entity)
{
	const struct shd_value *closed = &entity->fields[SHD_I_closed];

	return closed->none || !closed->n;
}

static bool is_word(const struct shd_value *value, const char *word)
{
	return !value->none && strcmp(value->text, word) == 0;
}

int64_t shd_units_promised(const struct shd_entity *order)
{
	const struct shd_value *units = shd_entity_get(order, SHD_F_order_units);
	const struct shd_value *status = shd_entity_get(order, SHD_F_order_status);

	if (!is_open(order) || !shd_entity_get(order, SHD_F_order_shipped_at)->none ||
	    (!is_word(status, "awaiting_payment") && !is_word(status, "awaiting_shipment")))
		return 0;
	return units->none ? SHD_MICRO : units->n;
}

/* --- one entity --------------------------------------------------------------------- */

bool shd_overlay_entity(struct shd_overlay *overlay, const char *store, enum shd_kind kind,
			const char *id, struct shd_arena *arena,
			const struct shd_entity **ret_entity, struct shd_error *reterr)
{
	const struct kept_entity *kept =
		shd_overlay_kept(shd_overlay_kind(overlay, store, kind), id);
	struct shd_stored_entity stored;

	if (kept) {
		*ret_entity = kept->entity;
		return true;
	}
	if (!overlay->stored->entity(overlay->stored->ctx, store, kind, id, arena, &stored,
				     reterr))
		return false;
	*ret_entity = stored.entity;
	/* Those of kind store are of its rules as well. */
	if (!stored.entity || kind == SHD_KIND_store)
		return true;
	struct kept_store *own = shd_overlay_store(overlay, store, reterr);
	return own && shd_overlay_wake_known(overlay, own, kind, id, stored.wake, reterr);
}

/* Which list an entity stands on is read when it is asked for: it seldom is. */
static bool know_feed(struct shd_overlay *overlay, const char *store, enum shd_kind kind,
		      struct kept_entity *kept, struct shd_error *reterr)
{
	const struct shd_stored *stored = overlay->stored;
	struct shd_stored_entity row;

	if (kept->feed_known || kept->put_feed || !kept->stored)
		return true;
	shd_arena_reset(overlay->scratch);
	if (!stored->entity(stored->ctx, store, kind, kept->id, overlay->scratch, &row, reterr))
		return false;
	kept->feed = row.feed;
	kept->feed_known = true;
	return shd_overlay_text(overlay, &kept->feed, reterr);
}

static bool get(void *ctx, const char *store, enum shd_kind kind, const char *id,
		struct shd_arena *arena, struct shd_stored_entity *ret, struct shd_error *reterr)
{
	struct shd_overlay *overlay = ctx;
	struct kept_entity *kept = shd_overlay_kept(shd_overlay_kind(overlay, store, kind), id);

	const struct kept_wake *wake =
		shd_overlay_kept_wake(shd_overlay_find(overlay, store), kind, id);

	if (!kept && !overlay->stored->entity(
			     overlay->stored->ctx, store, kind, id, arena, ret, reterr))
		return false;
	if (kept && !know_feed(overlay, store, kind, kept, reterr))
		return false;
	if (kept)
		*ret = (struct shd_stored_entity){.entity = kept->entity,
			.feed = kept->put_feed ? kept->put_feed : kept->feed};
	if (wake)
		ret->wake = wake->row.at;
	return wake || !kept ||
	       overlay->own.wake(overlay, store, kind, id, &ret->wake, reterr);
}

static bool get_all(void *ctx, const char *store, enum shd_kind kind, const char *const *ids,
		    size_t count, struct shd_arena *arena, struct shd_stored_entity **ret_rows,
		    size_t *ret_count, struct shd_error *reterr)
{
	struct shd_stored_entity *rows = shd_arena_alloc(arena, count + 1, sizeof(*rows));
	size_t found = 0;

	if (!rows)
		return shd_fail(reterr, SHD_ERR_LIMIT, "no room for %zu entities", count);
	for (size_t i = 0; i < count; i++) {
		if (!get(ctx, store, kind, ids[i], arena, &rows[found], reterr))
			return false;
		found += rows[found].entity != NULL;
	}
	*ret_rows = rows;
	*ret_count = found;
	return true;
}

static struct kept_entity *add(struct shd_overlay *overlay, struct kept_kind *kind,
			       const char *id, struct shd_error *reterr)
{
	struct kept_entity *kept = shd_overlay_room(overlay, 1, sizeof(*kept), reterr);

	if (!kept)
		return NULL;
	kept->id = id;
	if (!shd_overlay_text(overlay, &kept->id, reterr))
		return NULL;
	HASH_ADD_KEYPTR(hh, kind->entities, kept->id, strlen(kept->id), kept);
	return kept;
}

bool shd_overlay_entities_load(struct shd_overlay *overlay, struct kept_store *store,
			       enum shd_kind kind, const char *const *ids, size_t count,
			       struct shd_error *reterr)
{
	const struct shd_stored *stored = overlay->stored;
	struct kept_kind *own = &store->kinds[kind];
	struct shd_stored_entity *rows;
	shd_autofree const char **missing = shd_xcalloc(count, sizeof(*missing));
	size_t missing_count = 0, found;

	for (size_t i = 0; i < count; i++) {
		if (shd_overlay_kept(own, ids[i]))
			continue;
		if (!add(overlay, own, ids[i], reterr))
			return false;
		missing[missing_count++] = ids[i];
	}
	if (!missing_count)
		return true;
	if (!stored->entities(stored->ctx, store->id, kind, missing, missing_count,
			      overlay->arena, &rows, &found, reterr))
		return false;
	for (size_t i = 0; i < found; i++) {
		struct kept_entity *kept = shd_overlay_kept(own, rows[i].entity->id);

		shd_assert(kept);
		kept->entity = rows[i].entity;
		kept->feed = rows[i].feed;
		kept->stored = kept->feed_known = true;
		if (!shd_overlay_wake_known(
			    overlay, store, kind, kept->id, rows[i].wake, reterr))
			return false;
	}
	/* What is not stored does not wake. */
	for (size_t i = 0; i < missing_count; i++)
		if (!shd_overlay_wake_known(overlay, store, kind, missing[i],
			    (struct shd_wall){SHD_NEVER_MS}, reterr))
			return false;
	return true;
}

/* The texts of `before` live as long, when it is kept. */
static const struct shd_entity *copy(struct shd_overlay *overlay, const struct shd_entity *entity,
				     const struct shd_entity *before, struct shd_error *reterr)
{
	size_t count = (size_t)shd_kind_fields(entity->kind);
	struct shd_entity *made = shd_overlay_room(overlay, 1, sizeof(*made), reterr);
	struct shd_value *fields =
		made ? shd_overlay_room(overlay, count, sizeof(*fields), reterr) : NULL;

	if (!fields)
		return NULL;
	*made = *entity;
	made->fields = fields;
	memcpy(fields, entity->fields, count * sizeof(*fields));
	for (size_t i = 0; i < count; i++) {
		const struct shd_value *old = before ? &before->fields[i] : NULL;

		if (fields[i].type != SHD_TEXT || fields[i].none ||
		    (old && !old->none && old->text == fields[i].text))
			continue;
		if (!shd_overlay_value(overlay, &fields[i], reterr))
			return NULL;
	}
	return made;
}

/* --- what is found by sku ------------------------------------------------------------- */

static bool note_sku(struct shd_overlay *overlay, struct kept_kind *kind,
		     struct kept_entity *kept, const struct shd_value *sku,
		     struct shd_error *reterr)
{
	struct kept_sku *list = NULL;

	if (!sku || !has_text(sku))
		return true;
	HASH_FIND(hh, kind->skus, sku->text, sku->len, list);
	if (!list) {
		list = shd_overlay_room(overlay, 1, sizeof(*list), reterr);
		const char *key = sku->text;
		if (!list || !shd_overlay_text(overlay, &key, reterr))
			return false;
		HASH_ADD_KEYPTR(hh, kind->skus, key, sku->len, list);
	}
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == kept)
			return true;
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 4;
		struct kept_entity **items =
			shd_overlay_room(overlay, room, sizeof(struct kept_entity *), reterr);

		if (!items)
			return false;
		if (list->count)
			memcpy(items, list->items, list->count * sizeof(struct kept_entity *));
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = kept;
	return true;
}

static const struct kept_sku *changed_of(const struct kept_kind *kind, const char *sku)
{
	static const struct kept_sku none;
	const struct kept_sku *list = NULL;

	if (kind && kind->skus)
		HASH_FIND_STR(kind->skus, sku, list);
	return list ? list : &none;
}

/* --- writing -------------------------------------------------------------------------- */

static bool same(const struct shd_value *a, const struct shd_value *b)
{
	return (!a && !b) || shd_value_equal(a, b);
}

static const struct shd_value *category_of(const struct shd_entity *entity)
{
	enum shd_field field;

	return shd_field_find(entity->kind, "category", 8, &field) ? shd_entity_get(entity, field)
								   : NULL;
}

static const struct shd_value *tracking_number_of(const struct shd_entity *entity)
{
	return entity->kind == SHD_KIND_parcel
		       ? shd_entity_get(entity, SHD_F_parcel_tracking_number) : NULL;
}

static enum shd_changed_keys changed_keys(const struct shd_entity *a, const struct shd_entity *b)
{
	static const int shared[] = {SHD_I_opened_at, SHD_I_closed, SHD_I_unreadable};

	for (size_t i = 0; i < SHD_COUNT(shared); i++)
		if (!shd_value_equal(&a->fields[shared[i]], &b->fields[shared[i]]))
			return SHD_KEYS_ANY;
	return same(sku_of(a), sku_of(b)) && same(category_of(a), category_of(b)) &&
		       same(tracking_number_of(a), tracking_number_of(b))
		? SHD_KEYS_NONE : SHD_KEYS_OWN;
}

/* A first change: what is stored is known from `before`. */
static bool start_change(struct shd_overlay *overlay, struct kept_kind *kind,
			 struct kept_entity *kept, const struct shd_entity *before,
			 struct shd_error *reterr)
{
	const struct shd_value *sku = before ? sku_of(before) : NULL;

	kept->changed = true;
	kept->stored = before != NULL;
	if (before && before->kind == SHD_KIND_order && has_text(sku)) {
		kept->stored_units = shd_units_promised(before);
		kept->stored_sku = sku->text;
		if (!shd_overlay_text(overlay, &kept->stored_sku, reterr))
			return false;
	}
	if (kind->last_changed)
		kind->last_changed->next_changed = kept;
	else
		kind->changed = kept;
	kind->last_changed = kept;
	kind->changed_count++;
	kind->sorted = false;
	return note_sku(overlay, kind, kept, sku, reterr);
}

bool shd_overlay_entity_put(struct shd_overlay *overlay, const char *store,
			    const struct shd_entity *before, const struct shd_entity *entity,
			    const char *feed, const struct shd_entity **ret_entity,
			    struct shd_error *reterr)
{
	struct kept_store *own = shd_overlay_store(overlay, store, reterr);
	struct kept_kind *kind = own ? &own->kinds[entity->kind] : NULL;
	struct kept_entity *kept = shd_overlay_kept(kind, entity->id);

	if (own && !kept)
		kept = add(overlay, kind, entity->id, reterr);
	if (!kept || (!kept->changed && !start_change(overlay, kind, kept, before, reterr)))
		return false;
	enum shd_changed_keys keys = before ? changed_keys(before, entity) : SHD_KEYS_ANY;
	kind->sorted = kind->sorted && keys == SHD_KEYS_NONE && kind->time == SHD_I_opened_at;
	if (keys > kept->keys)
		kept->keys = keys;
	struct shd_entity named = *entity;
	named.id = kept->id;
	kept->entity = copy(overlay, &named, kept->entity, reterr);
	if (feed)
		kept->put_feed = feed;
	if (!kept->entity)
		return false;
	*ret_entity = kept->entity;
	return note_sku(overlay, kind, kept, sku_of(kept->entity), reterr);
}

void shd_overlay_entities_list(struct shd_overlay *overlay, const struct kept_store *store)
{
	struct shd_change_set *changes = &overlay->changes;

	for (int k = 0; k < SHD_KIND_COUNT; k++) {
		for (const struct kept_entity *kept = store->kinds[k].changed; kept;
		     kept = kept->next_changed) {
			shd_grow(changes->entities, changes->entity_count, changes->entity_room);
			changes->entities[changes->entity_count++] = (struct shd_entity_change){
				.store = store->id, .entity = kept->entity,
				.feed = kept->put_feed, .is_new = !kept->stored,
				.keys = kept->keys};
		}
	}
}

/* --- lists ---------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Which of the changed entities belong to a list of ids. */
typedef bool belongs_fn(const struct kept_entity *kept, const char *key);

/* The stored ids but for those that changed, and of these the ones that belong now. */
static bool merge_ids(const struct kept_kind *kind, struct kept_entity *const *changed,
		      size_t changed_count, belongs_fn *belongs, const char *key,
		      struct shd_arena *arena, const char *const **ids, size_t *count,
		      struct shd_error *reterr)
{
	const char **all = shd_arena_alloc(arena, *count + changed_count + 1, sizeof(*all));
	size_t n = 0;

	if (!all)
		return shd_fail(reterr, SHD_ERR_LIMIT, "no room for a list of entities");
	for (size_t i = 0; i < *count; i++) {
		const struct kept_entity *kept = shd_overlay_kept(kind, (*ids)[i]);

		if (!kept || !kept->changed)
			all[n++] = (*ids)[i];
	}
	for (size_t i = 0; i < changed_count; i++)
		if (belongs(changed[i], key))
			all[n++] = changed[i]->id;
	qsort(all, n, sizeof(*all), by_text);
	*ids = all;
	*count = n;
	return true;
}

static bool is_listed(const struct kept_entity *kept, const char *feed)
{
	const char *own = kept->put_feed ? kept->put_feed : kept->feed;

	return is_open(kept->entity) && (!feed || (own && strcmp(own, feed) == 0));
}

static bool open_ids(void *ctx, const char *store, enum shd_kind kind, const char *feed,
		     struct shd_arena *arena, const char *const **ret_ids, size_t *ret_count,
		     struct shd_error *reterr)
{
	struct shd_overlay *overlay = ctx;
	const struct shd_stored *stored = overlay->stored;
	const struct kept_kind *own = shd_overlay_kind(overlay, store, kind);

	if (!stored->open_ids(stored->ctx, store, kind, feed, arena, ret_ids, ret_count, reterr))
		return false;
	if (!own || !own->changed_count)
		return true;
	shd_autofree struct kept_entity **changed =
		shd_xcalloc(own->changed_count, sizeof(struct kept_entity *));
	size_t count = 0;
	for (struct kept_entity *kept = own->changed; kept; kept = kept->next_changed) {
		if (feed && !know_feed(overlay, store, kind, kept, reterr))
			return false;
		changed[count++] = kept;
	}
	return merge_ids(own, changed, count, is_listed, feed, arena, ret_ids, ret_count, reterr);
}

/* Read between transactions of the stores that are configured, which are not among those
 * that whoever asks is after. */
static bool open_stores(void *ctx, struct shd_arena *arena, const char *const **ret_ids,
			size_t *ret_count, struct shd_error *reterr)
{
	const struct shd_stored *stored = ((struct shd_overlay *)ctx)->stored;

	return stored->open_stores(stored->ctx, arena, ret_ids, ret_count, reterr);
}

static bool lacks_category(const struct kept_entity *kept, const char *sku)
{
	return is_of_sku(kept->entity, sku) && category_of(kept->entity)->none;
}

static bool without_category(void *ctx, const char *store, enum shd_kind kind, const char *sku,
			     struct shd_arena *arena, const char *const **ret_ids,
			     size_t *ret_count, struct shd_error *reterr)
{
	struct shd_overlay *overlay = ctx;
	const struct shd_stored *stored = overlay->stored;
	const struct kept_kind *own = shd_overlay_kind(overlay, store, kind);
	const struct kept_sku *changed = changed_of(own, sku);

	return stored->without_category(stored->ctx, store, kind, sku, arena, ret_ids, ret_count,
					reterr) &&
	       (!changed->count || merge_ids(own, changed->items, changed->count, lacks_category,
					     sku, arena, ret_ids, ret_count, reterr));
}

static bool has_sku(const struct kept_entity *kept, const char *sku)
{
	return is_of_sku(kept->entity, sku);
}

static bool stocks(void *ctx, const char *store, const char *sku, struct shd_arena *arena,
		   const char *const **ret_ids, size_t *ret_count, struct shd_error *reterr)
{
	struct shd_overlay *overlay = ctx;
	const struct shd_stored *stored = overlay->stored;
	const struct kept_kind *own = shd_overlay_kind(overlay, store, SHD_KIND_stock);
	const struct kept_sku *changed = changed_of(own, sku);

	return stored->stocks(stored->ctx, store, sku, arena, ret_ids, ret_count, reterr) &&
	       (!changed->count || merge_ids(own, changed->items, changed->count, has_sku, sku,
					     arena, ret_ids, ret_count, reterr));
}

static int by_listing(const void *a, const void *b)
{
	return strcmp(((const struct shd_stored_listing *)a)->id,
		      ((const struct shd_stored_listing *)b)->id);
}

static const char *text_of(const struct shd_value *value)
{
	return value->none ? NULL : value->text;
}

static bool listings(void *ctx, const char *store, const char *sku, struct shd_arena *arena,
		     struct shd_stored_listing **ret_rows, size_t *ret_count,
		     struct shd_error *reterr)
{
	struct shd_overlay *overlay = ctx;
	const struct shd_stored *stored = overlay->stored;
	const struct kept_kind *own = shd_overlay_kind(overlay, store, SHD_KIND_listing);
	const struct kept_sku *changed = changed_of(own, sku);
	size_t n = 0;

	if (!stored->listings(stored->ctx, store, sku, arena, ret_rows, ret_count, reterr))
		return false;
	if (!changed->count)
		return true;
	struct shd_stored_listing *all =
		shd_arena_alloc(arena, *ret_count + changed->count, sizeof(*all));
	if (!all)
		return shd_fail(reterr, SHD_ERR_LIMIT, "no room for a list of listings");
	for (size_t i = 0; i < *ret_count; i++) {
		const struct kept_entity *kept = shd_overlay_kept(own, (*ret_rows)[i].id);

		if (!kept || !kept->changed)
			all[n++] = (*ret_rows)[i];
	}
	for (size_t i = 0; i < changed->count; i++) {
		const struct shd_entity *listing = changed->items[i]->entity;

		if (is_of_sku(listing, sku))
			all[n++] = (struct shd_stored_listing){listing->id,
				text_of(shd_entity_get(listing, SHD_F_listing_title)),
				text_of(category_of(listing))};
	}
	qsort(all, n, sizeof(*all), by_listing);
	*ret_rows = all;
	*ret_count = n;
	return true;
}

static bool promised(void *ctx, const char *store, const char *sku, int64_t *ret_units,
		     struct shd_error *reterr)
{
	struct shd_overlay *overlay = ctx;
	const struct shd_stored *stored = overlay->stored;
	const struct kept_sku *changed =
		changed_of(shd_overlay_kind(overlay, store, SHD_KIND_order), sku);

	if (!stored->promised(stored->ctx, store, sku, ret_units, reterr))
		return false;
	for (size_t i = 0; i < changed->count; i++) {
		const struct kept_entity *kept = changed->items[i];

		if (kept->stored_sku && strcmp(kept->stored_sku, sku) == 0)
			*ret_units -= kept->stored_units;
		if (is_of_sku(kept->entity, sku))
			*ret_units += shd_units_promised(kept->entity);
	}
	return true;
}

void shd_overlay_entities_open(struct shd_overlay *overlay)
{
	struct shd_stored *own = &overlay->own;

	own->entity = get;
	own->entities = get_all;
	own->open_ids = open_ids;
	own->open_stores = open_stores;
	own->listings = listings;
	own->without_category = without_category;
	own->stocks = stocks;
	own->promised = promised;
}

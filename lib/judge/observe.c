#include "parts.h"

#include "catalog/unread.h"
#include "market/adapter.h"

#include <stdlib.h>
#include <string.h>

/* Entities up to here stay in memory until they are judged; those of a huge poll
 * are read again. */
enum { KEEP_BYTES = 2 << 20 };

static bool no_room(struct shd_error *reterr)
{
	return shd_fail(reterr, SHD_ERR_LIMIT, "one transaction has no room for more entities");
}

static struct shd_arena *room_for_entity(const struct shd_visit *visit)
{
	if (shd_arena_used(visit->keep) < KEEP_BYTES)
		return visit->keep;
	shd_arena_reset(visit->scratch);
	return visit->scratch;
}

/* --- the list of what is to be judged --------------------------------------------- */

/* The hash's key is the kind's byte and the id; it stands behind the struct. */
static struct shd_dirty *new_dirty(enum shd_kind kind, const char *id)
{
	size_t len = strlen(id);
	struct shd_dirty *dirty = shd_xcalloc(1, sizeof(*dirty) + len + 2);
	char *key = (char *)(dirty + 1);

	key[0] = (char)kind;
	memcpy(key + 1, id, len);
	dirty->kind = kind;
	dirty->id = key + 1;
	return dirty;
}

void shd_judge_dirty(struct shd_visit *visit, enum shd_kind kind, const char *id,
		     const struct shd_entity *entity, struct shd_wall derive_wake)
{
	struct shd_dirty *mine = new_dirty(kind, id), *dirty;

	HASH_FIND(hh, visit->dirty, mine->id - 1, strlen(mine->id) + 1, dirty);
	if (dirty) {
		free(mine);
	} else {
		dirty = mine;
		HASH_ADD_KEYPTR(hh, visit->dirty, mine->id - 1, strlen(mine->id) + 1, mine);
	}
	dirty->entity = entity;
	dirty->derive_wake = derive_wake;
}

/* --- one entity --------------------------------------------------------------------- */

static const struct shd_value *field(const struct shd_entity *entity, enum shd_field which)
{
	return shd_entity_get(entity, which);
}

static void put_n(struct shd_entity *entity, enum shd_field which, int64_t n)
{
	struct shd_value *value = &entity->fields[shd_field_index(which)];

	value->none = false;
	value->n = n;
}

static bool has_text(const struct shd_value *value)
{
	return !value->none && value->len > 0;
}

static bool is_told(const struct shd_entity *entity, enum shd_field which)
{
	return entity->set >> shd_field_index(which) & 1;
}

/* An order's or return's category is that of its listing, unless it was told. */
static void put_category(struct shd_entity *entity, enum shd_field which, const char *category)
{
	struct shd_value *value = &entity->fields[shd_field_index(which)];

	if (!category || has_text(value))
		return;
	value->none = false;
	value->text = category;
	value->len = (uint32_t)strlen(category);
}

/* What the listings of a sku say, read once for all orders and returns of the store; NULL:
 * failed. */
static const struct shd_product *product_of(const struct shd_basis *basis,
	const struct shd_txn *txn, struct shd_visit *visit, const struct shd_value *sku,
	struct shd_error *reterr)
{
	struct shd_product *product;
	struct shd_stored_listing *listings;
	size_t count;

	HASH_FIND(hh, visit->products, sku->text, sku->len, product);
	if (product)
		return product;
	if (!basis->read->listings(basis->read->ctx, visit->store->id, sku->text, txn->arena,
				   &listings, &count, reterr))
		return NULL;
	product = shd_arena_alloc(txn->arena, 1, sizeof(*product));
	const char *key = shd_arena_text(txn->arena, sku->text, sku->len);
	if (!product || !key) {
		(void)no_room(reterr);
		return NULL;
	}
	*product = (struct shd_product){.known = count > 0};
	for (size_t i = 0; i < count; i++)
		if (listings[i].category &&
		    (!product->category || strcmp(listings[i].category, product->category) > 0))
			product->category = listings[i].category;
	HASH_ADD_KEYPTR(hh, visit->products, key, sku->len, product);
	return product;
}

/* Whether the product of an order or return is known, and its category. */
static bool find_product(const struct shd_basis *basis, const struct shd_txn *txn,
	struct shd_visit *visit, struct shd_entity *entity, struct shd_error *reterr)
{
	bool order = entity->kind == SHD_KIND_order;

	if (!order && entity->kind != SHD_KIND_return)
		return true;
	const struct shd_value *sku = field(entity, order ? SHD_F_order_sku : SHD_F_return_sku);
	if (!has_text(sku))
		return true;
	const struct shd_product *product = product_of(basis, txn, visit, sku, reterr);
	if (!product)
		return false;
	if (order && !is_told(entity, SHD_F_order_has_product))
		put_n(entity, SHD_F_order_has_product, product->known);
	put_category(entity, order ? SHD_F_order_category : SHD_F_return_category,
		     product->category);
	return true;
}

static struct shd_wall sooner(struct shd_wall a, struct shd_wall b)
{
	return a.ms < b.ms ? a : b;
}

/* Bit per field; a new entity is new in everything, its id included. */
static uint64_t changed_fields(const struct shd_entity *before, const struct shd_entity *entity)
{
	uint64_t changed = 0;

	if (!before)
		return UINT64_MAX;
	for (int i = 0; i < shd_kind_fields(entity->kind); i++)
		if (!shd_value_equal(&before->fields[i], &entity->fields[i]))
			changed |= 1ULL << i;
	return changed;
}

/* Writes the entity when it differs from what is stored, and puts it on the list. *ret_kept
 * is it as it is written, NULL when it did not differ. */
static bool keep_change(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_entity *before, struct shd_entity *entity, const char *feed,
	const struct shd_entity **ret_kept, struct shd_error *reterr)
{
	struct shd_wall wake = shd_derive(before, entity, txn->now);

	*ret_kept = NULL;
	if (entity->kind == SHD_KIND_poller)
		wake = sooner(wake, shd_judge_blind_at(entity));
	if (before && !shd_entity_differs(before, entity))
		return true;
	uint64_t changed = changed_fields(before, entity);
	if (!shd_judge_note(basis, txn, visit, before, entity, changed, reterr) ||
		!shd_overlay_entity_put(
			basis->overlay, visit->store->id, before, entity, feed, ret_kept, reterr))
		return false;
	shd_tally_change(basis->tally, visit->store->tally, before, *ret_kept);
	shd_judge_dirty(visit, entity->kind, entity->id, *ret_kept, wake);
	struct shd_touched *touched = shd_judge_touch(txn, visit);
	touched->kinds |= 1U << entity->kind;
	touched->fields[entity->kind] |= changed;
	if (entity->kind == SHD_KIND_store)
		visit->entity_read = visit->store->admitted = false;
	else if (entity->kind != SHD_KIND_poller && entity->kind != SHD_KIND_channel)
		txn->outcome->changed++;
	return true;
}

struct shd_entity *shd_judge_copy(const struct shd_entity *before, enum shd_kind kind,
	const char *id, struct shd_arena *arena)
{
	size_t count = (size_t)shd_kind_fields(kind);
	struct shd_entity *entity = shd_arena_alloc(arena, 1, sizeof(*entity));
	struct shd_value *fields = shd_arena_alloc(arena, count, sizeof(*fields));

	if (!entity || !fields)
		return NULL;
	*entity = (struct shd_entity){.kind = kind, .id = id, .fields = fields};
	if (before)
		memcpy(fields, before->fields, count * sizeof(*fields));
	for (size_t i = 0; !before && i < count; i++)
		fields[i] = (struct shd_value){
			.type = shd_field_row(shd_kind_first(kind) + (enum shd_field)i)->type,
			.none = true};
	return entity;
}

bool shd_judge_load(const struct shd_basis *basis, const struct shd_visit *visit,
	enum shd_kind kind, const char *id, struct shd_arena *arena,
	const struct shd_entity **ret_before, struct shd_entity **ret_entity,
	struct shd_error *reterr)
{
	if (!shd_overlay_entity(
		    basis->overlay, visit->store->id, kind, id, arena, ret_before, reterr))
		return false;
	*ret_entity = shd_judge_copy(*ret_before, kind, id, arena);
	return *ret_entity || no_room(reterr);
}

static bool refresh(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	enum shd_kind kind, const char *id, bool product_appeared, struct shd_error *reterr)
{
	struct shd_arena *arena = room_for_entity(visit);
	const struct shd_entity *before, *kept;
	struct shd_entity *entity;

	if (!shd_judge_load(basis, visit, kind, id, arena, &before, &entity, reterr))
		return false;
	/* Gone, or only its alert is left: judged without fields, as closed. */
	if (!before) {
		shd_judge_dirty(visit, kind, id, NULL, (struct shd_wall){SHD_NEVER_MS});
		return true;
	}
	if (product_appeared && !find_product(basis, txn, visit, entity, reterr))
		return false;
	struct shd_wall wake = shd_derive(before, entity, txn->now);
	if (kind == SHD_KIND_poller)
		wake = sooner(wake, shd_judge_blind_at(entity));
	shd_judge_dirty(visit, kind, id, arena == visit->keep ? entity : NULL, wake);
	return keep_change(basis, txn, visit, before, entity, NULL, &kept, reterr);
}

bool shd_judge_refresh(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	enum shd_kind kind, const char *id, struct shd_error *reterr)
{
	return refresh(basis, txn, visit, kind, id, false, reterr);
}

static bool refresh_all(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	enum shd_kind kind, const char *const *ids, size_t count, struct shd_error *reterr)
{
	for (size_t i = 0; i < count; i++)
		if (!refresh(basis, txn, visit, kind, ids[i], true, reterr))
			return false;
	return true;
}

/* A listing that appeared, or its category: orders and returns may have waited for it. */
static bool product_appears(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_entity *listing, struct shd_error *reterr)
{
	const struct shd_value *sku = field(listing, SHD_F_listing_sku);
	const char *store = visit->store->id, *const *ids;
	size_t count;

	if (!has_text(sku))
		return true;
	return basis->read->without_category(basis->read->ctx, store, SHD_KIND_order, sku->text,
					     txn->arena, &ids, &count, reterr) &&
	       refresh_all(basis, txn, visit, SHD_KIND_order, ids, count, reterr) &&
	       basis->read->without_category(basis->read->ctx, store, SHD_KIND_return, sku->text,
					     txn->arena, &ids, &count, reterr) &&
	       refresh_all(basis, txn, visit, SHD_KIND_return, ids, count, reterr);
}

static bool same_in(const struct shd_entity *a, const struct shd_entity *b, enum shd_field which)
{
	return shd_value_equal(field(a, which), field(b, which));
}

/* The stock of this product is to be counted again, once (shd_judge_recount). */
static void recount(struct shd_visit *visit, const struct shd_value *sku)
{
	struct shd_dirty *dirty;

	if (!has_text(sku))
		return;
	HASH_FIND(hh, visit->skus, sku->text, sku->len, dirty);
	if (dirty)
		return;
	dirty = new_dirty(SHD_KIND_stock, sku->text);
	HASH_ADD_KEYPTR(hh, visit->skus, dirty->id, strlen(dirty->id), dirty);
}

/* The sums that an order takes part in, or took, when it promises other pieces than before. */
static void recount_order(struct shd_visit *visit, const struct shd_entity *before,
			  const struct shd_entity *order)
{
	int64_t was = before ? shd_units_promised(before) : 0, is = shd_units_promised(order);

	if (before && was == is && same_in(before, order, SHD_F_order_sku))
		return;
	if (was)
		recount(visit, field(before, SHD_F_order_sku));
	if (is)
		recount(visit, field(order, SHD_F_order_sku));
}

static bool follow_up(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_entity *before, const struct shd_entity *entity, struct shd_error *reterr)
{
	if (entity->kind == SHD_KIND_order) {
		recount_order(visit, before, entity);
	} else if (entity->kind == SHD_KIND_stock) {
		recount(visit, field(entity, SHD_F_stock_sku));
	} else if (entity->kind == SHD_KIND_listing) {
		if (before && same_in(before, entity, SHD_F_listing_sku) &&
		    same_in(before, entity, SHD_F_listing_category))
			return true;
		HASH_CLEAR(hh, visit->products);
		return product_appears(basis, txn, visit, entity, reterr);
	}
	return true;
}

bool shd_judge_change(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_entity *before, struct shd_entity *entity, const char *feed,
	struct shd_error *reterr)
{
	const struct shd_entity *kept;

	return keep_change(basis, txn, visit, before, entity, feed, &kept, reterr) &&
	       (!kept || follow_up(basis, txn, visit, before, kept, reterr));
}

/* Whether the list that had it would have it. */
static bool is_missed(const struct shd_basis *basis, const struct shd_visit *visit,
	const struct shd_entity *entity, bool *ret_missed, struct shd_error *reterr)
{
	struct shd_stored_entity stored;

	if (!basis->read->entity(basis->read->ctx, visit->store->id, entity->kind, entity->id,
				 visit->scratch, &stored, reterr))
		return false;
	const struct shd_endpoint *row = stored.feed
		? shd_source_endpoint(visit->store->source, stored.feed) : NULL;
	*ret_missed = row && shd_endpoint_lists(row, entity);
	return true;
}

/* It is on its list, or another answer speaks of what is not: its time is counted anew. */
static bool speak_of(const struct shd_basis *basis, const struct shd_visit *visit,
	const struct shd_entity *seen, const struct shd_entity *entity, bool lists,
	struct shd_wall now, struct shd_error *reterr)
{
	struct shd_value *since = &entity->fields[SHD_I_unlisted_since];
	bool missed = false;

	if (since->none || (seen->set >> SHD_I_unlisted_since & 1))
		return true;
	if (!lists && !is_missed(basis, visit, entity, &missed, reterr))
		return false;
	if (!missed)
		since->none = true;
	else if (!seen->by_id)
		since->n = now.ms;
	return true;
}

/* An entity that the list has, though nothing of it changed: it may have been another list's, or
 * nobody's. */
static bool keep_feed(const struct shd_basis *basis, const struct shd_visit *visit,
	const struct shd_entity *entity, const char *feed, struct shd_error *reterr)
{
	const struct shd_entity *kept;
	struct shd_stored_entity stored;

	if (!basis->read->entity(basis->read->ctx, visit->store->id, entity->kind, entity->id,
				 visit->scratch, &stored, reterr))
		return false;
	return (stored.feed && strcmp(stored.feed, feed) == 0) ||
	       shd_overlay_entity_put(basis->overlay, visit->store->id, stored.entity,
		       stored.entity, feed, &kept, reterr);
}

bool shd_judge_upsert(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_entity *seen, const struct shd_endpoint *row, struct shd_error *reterr)
{
	bool is_store = seen->kind == SHD_KIND_store;
	const char *id = is_store ? visit->store->id : seen->id;
	bool lists = row && row->complete && row->closes == seen->kind && !seen->by_id;
	int closed = SHD_I_closed;
	const struct shd_entity *before;
	struct shd_entity *entity;

	shd_arena_reset(visit->scratch);
	if (!shd_judge_load(basis, visit, seen->kind, id, visit->scratch, &before, &entity, reterr))
		return false;
	if (seen->known_only && !before)
		return true;
	shd_entity_merge(entity, seen);
	if (!shd_unread_merge(entity, seen, row ? row->name : NULL, visit->scratch))
		return no_room(reterr);
	shd_judge_note_unread(txn, visit, before, entity);
	/* What a list of the open ones lists is open, unless it says itself that it is not. */
	if (lists && !(seen->set >> closed & 1) && !entity->fields[closed].none)
		entity->fields[closed].n = false;
	if (row && !speak_of(basis, visit, seen, entity, lists, txn->now, reterr))
		return false;
	bool changed = !before || shd_entity_differs(before, entity);
	if (!changed && lists && row->while_word &&
		!keep_feed(basis, visit, entity, row->name, reterr))
		return false;
	return (!changed || find_product(basis, txn, visit, entity, reterr)) &&
	       shd_judge_change(basis, txn, visit, before, entity, lists ? row->name : NULL,
		       reterr);
}

/* --- metrics ----------------------------------------------------------------------------- */

/* Keeps which of a feed's metrics cannot be read, on the entity of the store. */
static bool keep_unmeasured(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_harvest *harvest, const char *feed,
	struct shd_error *reterr)
{
	const struct shd_entity *before, *kept;
	struct shd_entity *entity;

	shd_arena_reset(visit->scratch);
	if (!shd_judge_load(basis, visit, SHD_KIND_store, visit->store->id, visit->scratch,
		    &before, &entity, reterr))
		return false;
	if (!shd_unread_merge_metrics(entity, harvest, feed, visit->scratch))
		return no_room(reterr);
	if (before ? !shd_entity_differs(before, entity) : !harvest->unmeasured_count)
		return true;
	for (size_t i = 0; i < harvest->unmeasured_count; i++)
		shd_judge_touch(txn, visit)->metrics |= 1ULL << harvest->unmeasured[i].metric;
	for (size_t i = 0; i < harvest->measure_count; i++)
		shd_judge_touch(txn, visit)->metrics |= 1ULL << harvest->measures[i].metric;
	shd_judge_note_unread(txn, visit, before, entity);
	return keep_change(basis, txn, visit, before, entity, NULL, &kept, reterr);
}

bool shd_judge_measures(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_harvest *harvest, const struct shd_endpoint *row,
	struct shd_error *reterr)
{
	if (row && (harvest->unmeasured_count || harvest->measure_count) &&
		!keep_unmeasured(basis, txn, visit, harvest, row->name, reterr))
		return false;
	for (size_t i = 0; i < harvest->measure_count; i++) {
		const struct shd_measure *measure = &harvest->measures[i];
		struct shd_value old;
		struct shd_wall at;

		if (!basis->read->metric(basis->read->ctx, visit->store->id, measure->metric,
					  measure->is_target, &old, &at, reterr))
			return false;
		bool same = shd_value_equal(&old, &measure->value);
		/* A value that stands still leaves a sample an hour. */
		if (same && (old.none || txn->now.ms - at.ms < SHD_HOUR_MS))
			continue;
		if (!shd_overlay_metric_put(basis->overlay, visit->store->id, measure->metric,
					  measure->is_target, &measure->value, txn->now, reterr))
			return false;
		shd_judge_touch(txn, visit)->metrics |= 1ULL << measure->metric;
		txn->outcome->changed += !same;
	}
	return true;
}

/* --- cross references ------------------------------------------------------------------------ */

/* Promised pieces belong to the product's sum row, or to its only row: with several
 * warehouses nobody knows which of them will ship. */
static bool count_one(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const char *id, bool only, int64_t units, struct shd_error *reterr)
{
	const struct shd_entity *before, *kept;
	struct shd_entity *entity;

	shd_arena_reset(visit->scratch);
	if (!shd_judge_load(
		    basis, visit, SHD_KIND_stock, id, visit->scratch, &before, &entity, reterr))
		return false;
	if (only || field(entity, SHD_F_stock_warehouse)->none)
		put_n(entity, SHD_F_stock_unshipped, units);
	else
		entity->fields[shd_field_index(SHD_F_stock_unshipped)].none = true;
	return keep_change(basis, txn, visit, before, entity, NULL, &kept, reterr);
}

static bool count_sku(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const char *sku, struct shd_error *reterr)
{
	const char *const *ids;
	size_t count;
	int64_t units;

	if (!basis->read->stocks(basis->read->ctx, visit->store->id, sku, txn->arena, &ids, &count,
				 reterr))
		return false;
	if (count == 0)
		return true;
	if (!basis->read->promised(basis->read->ctx, visit->store->id, sku, &units, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!count_one(basis, txn, visit, ids[i], count == 1, units, reterr))
			return false;
	return true;
}

bool shd_judge_recount(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	struct shd_error *reterr)
{
	struct shd_dirty *sku, *next;

	HASH_ITER(hh, visit->skus, sku, next)
		if (!count_sku(basis, txn, visit, sku->id, reterr))
			return false;
	return true;
}

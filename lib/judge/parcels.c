/* What a source without a store brings: parcels, which it knows by their tracking numbers.
 * They are looked for in all stores, and each is judged in its own. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The parcels of the harvest by tracking number, and which of them a store has. */
struct brought {
	const struct shd_entity **items;
	bool *claimed;
	size_t count;
};

static int by_number(const void *a, const void *b)
{
	const struct shd_entity *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

static void collect(const struct shd_harvest *harvest, struct brought *ret)
{
	*ret = (struct brought){
		.items = shd_xcalloc(harvest->entity_count, sizeof(struct shd_entity *)),
		.claimed = shd_xcalloc(harvest->entity_count, sizeof(bool))};
	for (size_t i = 0; i < harvest->entity_count; i++)
		if (harvest->entities[i].kind == SHD_KIND_parcel)
			ret->items[ret->count++] = &harvest->entities[i];
	if (ret->count)
		qsort(ret->items, ret->count, sizeof(struct shd_entity *), by_number);
}

static size_t first_of(const struct brought *brought, const char *number)
{
	size_t low = 0, high = brought->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(brought->items[middle]->id, number) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Numbers of two carriers may be the same. Who does not name the carrier speaks of any. */
static bool same_carrier(const struct shd_entity *seen, const struct shd_stored_parcel *parcel)
{
	const struct shd_value *carrier = shd_entity_get(seen, SHD_F_parcel_carrier);

	return carrier->none || !parcel->carrier || strcasecmp(carrier->text, parcel->carrier) == 0;
}

/* The shop's own words for carrier and number stay. */
static bool take(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_stored_parcel *parcel, const struct shd_entity *seen,
	struct shd_error *reterr)
{
	struct shd_entity known = *seen;

	known.id = parcel->id;
	known.set &= ~(1ULL << shd_field_index(SHD_F_parcel_carrier) |
		       1ULL << shd_field_index(SHD_F_parcel_tracking_number));
	return shd_judge_upsert(basis, txn, visit, &known, NULL, reterr);
}

static bool take_parcel(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_stored_parcel *parcel, struct brought *brought, struct shd_error *reterr)
{
	for (size_t i = first_of(brought, parcel->tracking_number);
	     i < brought->count && strcmp(brought->items[i]->id, parcel->tracking_number) == 0;
	     i++) {
		if (!same_carrier(brought->items[i], parcel))
			continue;
		brought->claimed[i] = true;
		if (!take(basis, txn, visit, parcel, brought->items[i], reterr))
			return false;
	}
	return true;
}

/* The rows of one store. A store that is not configured has its parcels still, and nobody
 * looks at them. */
static bool take_store(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_batch *batch, const struct shd_stored_parcel *rows, size_t count,
	struct brought *brought, struct shd_error *reterr)
{
	struct shd_store_memory *store = shd_judge_find(basis, rows->store);
	enum shd_poller poller = shd_kind_poller(SHD_KIND_parcel);
	const char **ids shd_autofree = shd_xcalloc(count, sizeof(*ids));

	if (!store)
		return true;
	shd_judge_enter(basis, visit, store);
	/* In passing, as another poller of the store would say it. */
	if (!batch->fetch.outdated && !shd_judge_catches_up(txn, visit, poller, NULL) &&
	    !shd_judge_is_off(visit, poller))
		visit->fresh |= 1U << SHD_KIND_parcel;
	for (size_t i = 0; i < count; i++)
		ids[i] = rows[i].id;
	if (!shd_overlay_load(basis->overlay, store->id, SHD_KIND_parcel, ids, count, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!take_parcel(basis, txn, visit, &rows[i], brought, reterr))
			return false;
	return shd_judge_listed(basis, txn, visit, reterr);
}

static bool take_all(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_batch *batch, struct brought *brought, struct shd_error *reterr)
{
	const char **numbers shd_autofree = shd_xcalloc(brought->count, sizeof(*numbers));
	struct shd_stored_parcel *rows;
	size_t count;

	for (size_t i = 0; i < brought->count; i++)
		numbers[i] = brought->items[i]->id;
	if (!basis->read->parcels(basis->read->ctx, numbers, brought->count, txn->arena, &rows,
				  &count, reterr))
		return false;
	for (size_t first = 0, end; first < count; first = end) {
		for (end = first + 1;
		     end < count && strcmp(rows[first].store, rows[end].store) == 0;)
			end++;
		if (!take_store(basis, txn, visit, batch, &rows[first], end - first, brought,
				reterr))
			return false;
	}
	return true;
}

static bool tell_unclaimed(struct shd_outcome *outcome, const struct brought *brought,
			   struct shd_error *reterr)
{
	const char **numbers =
		shd_arena_alloc(outcome->arena, brought->count + 1, sizeof(*numbers));

	if (!numbers)
		return shd_fail(reterr, SHD_ERR_LIMIT, "no room for unknown tracking numbers");
	outcome->unclaimed = numbers;
	for (size_t i = 0; i < brought->count; i++)
		if (!brought->claimed[i])
			numbers[outcome->unclaimed_count++] = brought->items[i]->id;
	return true;
}

bool shd_judge_parcels(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_batch *batch, struct shd_error *reterr)
{
	struct brought brought;

	txn->outcome->unclaimed = NULL;
	txn->outcome->unclaimed_count = 0;
	if (!batch->seen.harvest)
		return true;
	collect(batch->seen.harvest, &brought);
	bool ok = !brought.count || (take_all(basis, txn, visit, batch, &brought, reterr) &&
				     tell_unclaimed(txn->outcome, &brought, reterr));
	free(brought.items);
	free(brought.claimed);
	return ok;
}

/* Parcels of all stores by their tracking number, as the transaction under way leaves them. */
#include "overlay_own.h"

#include <stdlib.h>
#include <string.h>

static size_t count_changed(const struct shd_overlay *overlay)
{
	size_t count = 0;

	for (const struct kept_store *store = overlay->stores; store; store = store->hh.next)
		count += store->kinds[SHD_KIND_parcel].changed_count;
	return count;
}

static bool is_changed(const struct shd_overlay *overlay, const struct shd_stored_parcel *row)
{
	const struct kept_entity *kept = shd_overlay_kept(
		shd_overlay_kind(overlay, row->store, SHD_KIND_parcel), row->id);

	return kept && kept->changed;
}

static bool parcels(void *ctx, const char *const *numbers, size_t count, struct shd_arena *arena,
		    struct shd_stored_parcel **ret_rows, size_t *ret_count,
		    struct shd_error *reterr)
{
	const struct shd_overlay *overlay = ctx;
	size_t changed = count_changed(overlay), n = 0;

	if (!overlay->stored->parcels(overlay->stored->ctx, numbers, count, arena, ret_rows,
				      ret_count, reterr))
		return false;
	if (!changed)
		return true;
	struct shd_stored_parcel *all = shd_arena_alloc(arena, *ret_count + changed, sizeof(*all));
	if (!all)
		return shd_fail(reterr, SHD_ERR_LIMIT, "no room for a list of parcels");
	for (size_t i = 0; i < *ret_count; i++)
		if (!is_changed(overlay, &(*ret_rows)[i]))
			all[n++] = (*ret_rows)[i];
	for (const struct kept_store *store = overlay->stores; store; store = store->hh.next)
		for (const struct kept_entity *kept = store->kinds[SHD_KIND_parcel].changed; kept;
		     kept = kept->next_changed) {
			const struct shd_value *number = shd_entity_get(
				kept->entity, SHD_F_parcel_tracking_number);
			const struct shd_value *carrier = shd_entity_get(
				kept->entity, SHD_F_parcel_carrier);

			if (shd_stored_is_one_of(numbers, count, number))
				all[n++] = (struct shd_stored_parcel){store->id, kept->id,
					number->text, carrier->none ? NULL : carrier->text};
		}
	qsort(all, n, sizeof(*all), shd_stored_by_store_and_id);
	*ret_rows = all;
	*ret_count = n;
	return true;
}

void shd_overlay_parcels_open(struct shd_overlay *overlay)
{
	overlay->own.parcels = parcels;
}

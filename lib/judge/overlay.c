#include "overlay_own.h"

#include <stdlib.h>
#include <string.h>

struct shd_overlay *shd_overlay_create(const struct shd_stored *stored, size_t max_bytes)
{
	struct shd_overlay *overlay = shd_xcalloc(1, sizeof(*overlay));

	overlay->stored = stored;
	overlay->arena = shd_arena_create(max_bytes);
	overlay->scratch = shd_arena_create(max_bytes);
	overlay->own.ctx = overlay;
	shd_overlay_entities_open(overlay);
	shd_overlay_parcels_open(overlay);
	shd_overlay_windows_open(overlay);
	shd_overlay_rows_open(overlay);
	shd_overlay_alerts_open(overlay);
	return overlay;
}

static void forget_store(struct kept_store *store)
{
	for (int k = 0; k < SHD_KIND_COUNT; k++) {
		struct kept_kind *kind = &store->kinds[k];

		HASH_CLEAR(hh, kind->entities);
		HASH_CLEAR(hh, kind->skus);
		HASH_CLEAR(hh, kind->wakes);
		free(kind->by_time);
	}
	HASH_CLEAR(hh, store->alerts);
}

void shd_overlay_reset(struct shd_overlay *overlay)
{
	struct shd_change_set *changes = &overlay->changes;

	for (struct kept_store *store = overlay->stores; store; store = store->hh.next)
		forget_store(store);
	HASH_CLEAR(hh, overlay->stores);
	HASH_CLEAR(hh, overlay->notified);
	overlay->last = NULL;
	overlay->alerts = overlay->last_alert = NULL;
	overlay->first_notified = overlay->last_notified = NULL;
	overlay->next_alert = 0;
	/* A transaction of thousands of rows shall not keep their room for ever. */
	free(changes->entities);
	free(changes->metrics);
	free(changes->feeds);
	free(changes->wakes);
	free(changes->alerts);
	free(changes->events);
	free(changes->notified);
	free(changes->outbox);
	free(changes->history);
	*changes = (struct shd_change_set){0};
	shd_arena_reset(overlay->arena);
	shd_arena_reset(overlay->scratch);
}

void shd_overlay_destroy(struct shd_overlay *overlay)
{
	if (!overlay)
		return;
	shd_overlay_reset(overlay);
	shd_arena_destroy(overlay->arena);
	shd_arena_destroy(overlay->scratch);
	shd_alerted_finish(&overlay->alerted);
	free(overlay);
}

const struct shd_stored *shd_overlay_stored(struct shd_overlay *overlay)
{
	return &overlay->own;
}

/* --- room ------------------------------------------------------------------------- */

static bool no_room(struct shd_error *reterr)
{
	return shd_fail(reterr, SHD_ERR_LIMIT, "one transaction has no room for more changes");
}

void *shd_overlay_room(struct shd_overlay *overlay, size_t count, size_t size,
		       struct shd_error *reterr)
{
	void *room = shd_arena_alloc(overlay->arena, count, size);

	if (!room)
		(void)no_room(reterr);
	return room;
}

bool shd_overlay_text(struct shd_overlay *overlay, const char **text, struct shd_error *reterr)
{
	if (!*text)
		return true;
	*text = shd_arena_text(overlay->arena, *text, strlen(*text));
	return *text || no_room(reterr);
}

bool shd_overlay_value(struct shd_overlay *overlay, struct shd_value *value,
		       struct shd_error *reterr)
{
	if (value->none || value->type != SHD_TEXT)
		return true;
	value->text = shd_arena_text(overlay->arena, value->text, value->len);
	return value->text || no_room(reterr);
}

/* --- stores ----------------------------------------------------------------------- */

/* The same store is asked for again and again. */
struct kept_store *shd_overlay_find(const struct shd_overlay *overlay, const char *store)
{
	struct kept_store *found = overlay->last;

	if (found && (found->id == store || strcmp(found->id, store) == 0))
		return found;
	HASH_FIND_STR(overlay->stores, store, found);
	return found;
}

struct kept_store *shd_overlay_store(struct shd_overlay *overlay, const char *store,
				     struct shd_error *reterr)
{
	struct kept_store *found = shd_overlay_find(overlay, store);

	if (found) {
		overlay->last = found;
		return found;
	}
	found = shd_overlay_room(overlay, 1, sizeof(*found), reterr);
	if (!found)
		return NULL;
	found->id = store;
	if (!shd_overlay_text(overlay, &found->id, reterr))
		return NULL;
	found->feeds_end = &found->feeds;
	HASH_ADD_KEYPTR(hh, overlay->stores, found->id, strlen(found->id), found);
	overlay->last = found;
	return found;
}

/* --- ahead of use, and at the end --------------------------------------------------- */

/* A list costs as much as so many single looks. */
enum { LOAD_LEAST = 4 };

bool shd_overlay_load(struct shd_overlay *overlay, const char *store, enum shd_kind kind,
		      const char *const *ids, size_t count, struct shd_error *reterr)
{
	if (count < LOAD_LEAST)
		return true;
	struct kept_store *kept = shd_overlay_store(overlay, store, reterr);

	return kept && shd_overlay_entities_load(overlay, kept, kind, ids, count, reterr) &&
	       shd_overlay_alerts_load(overlay, kept, ids, count, reterr);
}

const struct shd_change_set *shd_overlay_changes(struct shd_overlay *overlay)
{
	struct shd_change_set *changes = &overlay->changes;

	changes->entity_count = changes->metric_count = changes->feed_count = 0;
	changes->wake_count = changes->alert_count = changes->notified_count = 0;
	for (const struct kept_store *store = overlay->stores; store; store = store->hh.next) {
		shd_overlay_entities_list(overlay, store);
		shd_overlay_rows_list(overlay, store);
	}
	shd_overlay_alerts_list(overlay);
	return changes;
}

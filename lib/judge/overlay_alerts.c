#include "overlay_own.h"

#include <stdlib.h>
#include <string.h>

/* --- those of one entity ------------------------------------------------------------- */

static struct kept_alerts *alerts_of(const struct kept_store *store, const char *entity)
{
	struct kept_alerts *kept = NULL;

	if (store && store->alerts)
		HASH_FIND_STR(store->alerts, entity, kept);
	return kept;
}

static struct kept_alerts *add(struct shd_overlay *overlay, struct kept_store *store,
			       const char *entity, struct shd_error *reterr)
{
	struct kept_alerts *kept = shd_overlay_room(overlay, 1, sizeof(*kept), reterr);

	if (!kept || !shd_overlay_text(overlay, &entity, reterr))
		return NULL;
	kept->entity = entity;
	HASH_ADD_KEYPTR(hh, store->alerts, entity, strlen(entity), kept);
	return kept;
}

static struct kept_alert *of_rule(const struct kept_alerts *kept, const char *rule)
{
	struct kept_alert *alert = kept ? kept->first : NULL;

	while (alert && strcmp(alert->alert.rule, rule) != 0)
		alert = alert->next;
	return alert;
}

static struct kept_alert *add_alert(struct shd_overlay *overlay, struct kept_alerts *kept,
				    struct shd_error *reterr)
{
	struct kept_alert *alert = shd_overlay_room(overlay, 1, sizeof(*alert), reterr);

	if (!alert)
		return NULL;
	alert->next = kept->first;
	kept->first = alert;
	return alert;
}

static void note_alerted(void *ctx, const char *store, const char *entity)
{
	shd_alerted_add(ctx, store, entity);
}

/* Whether the stored alerts of the entity are worth a look. */
static bool may_be_stored(struct shd_overlay *overlay, const char *store, const char *entity,
			  bool *ret_may, struct shd_error *reterr)
{
	struct shd_alerted *alerted = &overlay->alerted;
	const struct shd_stored *stored = overlay->stored;

	if (!alerted->loaded && !stored->alerted(stored->ctx, note_alerted, alerted, reterr))
		return false;
	alerted->loaded = true;
	*ret_may = shd_alerted_may(alerted, store, entity);
	return true;
}

bool shd_overlay_alerts_load(struct shd_overlay *overlay, struct kept_store *store,
			     const char *const *ids, size_t count, struct shd_error *reterr)
{
	const struct shd_stored *stored = overlay->stored;
	shd_autofree const char **missing = shd_xcalloc(count, sizeof(*missing));
	struct shd_alert *rows;
	size_t missing_count = 0, found;
	bool may;

	for (size_t i = 0; i < count; i++) {
		struct kept_alerts *kept = alerts_of(store, ids[i]);

		if (kept) /* read one by one, when it is asked for and not whole */
			continue;
		kept = add(overlay, store, ids[i], reterr);
		if (!kept)
			return false;
		kept->all = true;
		if (!may_be_stored(overlay, store->id, ids[i], &may, reterr))
			return false;
		if (may)
			missing[missing_count++] = ids[i];
	}
	if (!missing_count)
		return true;
	if (!stored->alerts_of(stored->ctx, store->id, missing, missing_count, overlay->arena,
			       &rows, &found, reterr))
		return false;
	for (size_t i = 0; i < found; i++) {
		struct kept_alert *alert =
			add_alert(overlay, alerts_of(store, rows[i].entity), reterr);

		if (!alert)
			return false;
		alert->alert = rows[i];
		alert->stored = true;
	}
	return true;
}

static int by_rule(const void *a, const void *b)
{
	return strcmp(((const struct shd_alert *)a)->rule, ((const struct shd_alert *)b)->rule);
}

/* One list of the alerts that are stored and did not change, and of all that are kept. */
static bool merge(const struct kept_alerts *kept, struct shd_arena *arena,
		  struct shd_alert **alerts, size_t *count, struct shd_error *reterr)
{
	size_t n = 0, room = *count + 1;

	for (const struct kept_alert *own = kept->first; own; own = own->next)
		room++;
	struct shd_alert *all = shd_arena_alloc(arena, room, sizeof(*all));
	if (!all)
		return shd_fail(reterr, SHD_ERR_LIMIT, "no room for the alerts of an entity");
	for (size_t i = 0; i < *count; i++)
		if (!of_rule(kept, (*alerts)[i].rule))
			all[n++] = (*alerts)[i];
	for (const struct kept_alert *own = kept->first; own; own = own->next)
		all[n++] = own->alert;
	if (n)
		qsort(all, n, sizeof(*all), by_rule);
	*alerts = all;
	*count = n;
	return true;
}

bool shd_overlay_alerts_of(struct shd_overlay *overlay, const char *store, const char *entity,
			   struct shd_arena *arena, struct shd_alert **ret_alerts,
			   size_t *ret_count, struct shd_error *reterr)
{
	const struct shd_stored *stored = overlay->stored;
	const struct kept_alerts *kept = alerts_of(shd_overlay_find(overlay, store), entity);

	*ret_alerts = NULL;
	*ret_count = 0;
	if (kept && kept->all && !kept->first)
		return true;
	bool look = false;
	if ((!kept || !kept->all) && !may_be_stored(overlay, store, entity, &look, reterr))
		return false;
	if (look && !stored->alerts_of(stored->ctx, store, &entity, 1, arena, ret_alerts,
				       ret_count, reterr))
		return false;
	return !kept || merge(kept, arena, ret_alerts, ret_count, reterr);
}

bool shd_overlay_alert(struct shd_overlay *overlay, const char *rule, const char *store,
		       const char *entity, struct shd_arena *arena, struct shd_alert **ret_alert,
		       struct shd_error *reterr)
{
	struct shd_alert *alerts;
	size_t count;

	*ret_alert = NULL;
	if (!shd_overlay_alerts_of(overlay, store, entity, arena, &alerts, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(alerts[i].rule, rule) == 0)
			*ret_alert = &alerts[i];
	return true;
}

static bool alerts_of_all(void *ctx, const char *store, const char *const *entities, size_t count,
			  struct shd_arena *arena, struct shd_alert **ret_alerts,
			  size_t *ret_count, struct shd_error *reterr)
{
	struct shd_alert *all = NULL;
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		struct shd_alert *alerts;
		size_t found;

		if (!shd_overlay_alerts_of(ctx, store, entities[i], arena, &alerts, &found, reterr))
			return false;
		struct shd_alert *longer = shd_arena_alloc(arena, n + found + 1, sizeof(*longer));
		if (!longer)
			return shd_fail(reterr, SHD_ERR_LIMIT, "no room for alerts");
		if (n)
			memcpy(longer, all, n * sizeof(*all));
		if (found)
			memcpy(longer + n, alerts, found * sizeof(*all));
		all = longer;
		n += found;
	}
	*ret_alerts = all;
	*ret_count = n;
	return true;
}

/* --- writing ---------------------------------------------------------------------------- */

static bool keep_texts(struct shd_overlay *overlay, struct shd_alert *alert,
		       struct shd_error *reterr)
{
	struct shd_verdict *last = &alert->last;

	return shd_overlay_text(overlay, &alert->rule, reterr) &&
	       shd_overlay_text(overlay, &alert->store, reterr) &&
	       shd_overlay_text(overlay, &alert->entity, reterr) &&
	       shd_overlay_text(overlay, &last->why, reterr) &&
	       shd_overlay_value(overlay, &last->value, reterr) &&
	       shd_overlay_value(overlay, &last->limit, reterr) &&
	       shd_overlay_value(overlay, &last->cost, reterr) &&
	       shd_overlay_value(overlay, &last->room, reterr);
}

static bool give_number(struct shd_overlay *overlay, struct shd_alert *alert,
			struct shd_error *reterr)
{
	if (alert->number)
		return true;
	if (!overlay->next_alert &&
	    !overlay->stored->next_alert(overlay->stored->ctx, &overlay->next_alert, reterr))
		return false;
	alert->number = overlay->next_alert++;
	return true;
}

bool shd_overlay_alert_put(struct shd_overlay *overlay, struct shd_alert *alert,
			   struct shd_error *reterr)
{
	struct kept_store *own = shd_overlay_store(overlay, alert->store, reterr);
	struct kept_alerts *kept = own ? alerts_of(own, alert->entity) : NULL;
	struct kept_alert *mine = of_rule(kept, alert->rule);
	bool is_new = alert->number == 0;

	if (own && !kept)
		kept = add(overlay, own, alert->entity, reterr);
	if (!kept || !give_number(overlay, alert, reterr))
		return false;
	if (!mine) {
		mine = add_alert(overlay, kept, reterr);
		if (!mine)
			return false;
		mine->stored = !is_new;
	}
	if (!mine->changed) {
		mine->changed = true;
		if (overlay->last_alert)
			overlay->last_alert->next_changed = mine;
		else
			overlay->alerts = mine;
		overlay->last_alert = mine;
	}
	mine->alert = *alert;
	shd_alerted_add(&overlay->alerted, own->id, alert->entity);
	return keep_texts(overlay, &mine->alert, reterr);
}

/* --- the open ones of a store ------------------------------------------------------------- */

static bool is_open(const struct shd_alert *alert)
{
	return alert->state != SHD_ALERT_INACTIVE && alert->state != SHD_ALERT_RESOLVED;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = ((const struct shd_alert *)a)->number,
		y = ((const struct shd_alert *)b)->number;

	return (x > y) - (x < y);
}

static bool open_alerts(void *ctx, const char *store, struct shd_arena *arena,
			struct shd_alert **ret_alerts, size_t *ret_count, struct shd_error *reterr)
{
	struct shd_overlay *overlay = ctx;
	const struct shd_stored *stored = overlay->stored;
	const struct kept_store *own = shd_overlay_find(overlay, store);
	size_t changed = 0, n = 0;

	if (!stored->open_alerts(stored->ctx, store, arena, ret_alerts, ret_count, reterr))
		return false;
	for (const struct kept_alert *kept = overlay->alerts; kept; kept = kept->next_changed)
		changed++;
	if (!own || !changed)
		return true;
	struct shd_alert *all = shd_arena_alloc(arena, *ret_count + changed, sizeof(*all));
	if (!all)
		return shd_fail(reterr, SHD_ERR_LIMIT, "no room for the alerts of a store");
	for (size_t i = 0; i < *ret_count; i++) {
		const struct shd_alert *alert = &(*ret_alerts)[i];
		const struct kept_alert *kept =
			of_rule(alerts_of(own, alert->entity), alert->rule);

		if (!kept || !kept->changed)
			all[n++] = *alert;
	}
	for (const struct kept_alert *kept = overlay->alerts; kept; kept = kept->next_changed)
		if (is_open(&kept->alert) && strcmp(kept->alert.store, own->id) == 0)
			all[n++] = kept->alert;
	if (n)
		qsort(all, n, sizeof(*all), by_number);
	*ret_alerts = all;
	*ret_count = n;
	return true;
}

/* --- events, and who was told ---------------------------------------------------------------- */

bool shd_overlay_event_add(struct shd_overlay *overlay, const struct shd_alert_event *event,
			   struct shd_error *reterr)
{
	struct shd_change_set *changes = &overlay->changes;

	shd_grow(changes->events, changes->event_count, changes->event_room);
	struct shd_alert_event *own = &changes->events[changes->event_count++];
	*own = *event;
	return shd_overlay_text(overlay, &own->reason, reterr) &&
	       shd_overlay_value(overlay, &own->value, reterr) &&
	       shd_overlay_value(overlay, &own->limit, reterr);
}

static struct kept_notified *notified_of(struct shd_overlay *overlay, int64_t alert,
					 struct shd_error *reterr)
{
	struct kept_notified *kept;

	HASH_FIND(hh, overlay->notified, &alert, sizeof(alert), kept);
	if (kept)
		return kept;
	kept = shd_overlay_room(overlay, 1, sizeof(*kept), reterr);
	if (!kept)
		return NULL;
	kept->alert = alert;
	HASH_ADD_KEYPTR(hh, overlay->notified, &kept->alert, sizeof(kept->alert), kept);
	if (overlay->last_notified)
		overlay->last_notified->next = kept;
	else
		overlay->first_notified = kept;
	overlay->last_notified = kept;
	return kept;
}

static bool has(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

bool shd_overlay_notified_add(struct shd_overlay *overlay, int64_t alert, const char *channel,
			      struct shd_error *reterr)
{
	struct kept_notified *kept = notified_of(overlay, alert, reterr);

	if (!kept)
		return false;
	if (has(kept->channels, kept->count, channel))
		return true;
	if (kept->count == kept->room) {
		size_t room = kept->room ? 2 * kept->room : 4;
		const char **channels =
			shd_overlay_room(overlay, room, sizeof(*channels), reterr);

		if (!channels)
			return false;
		if (kept->count)
			memcpy(channels, kept->channels, kept->count * sizeof(*channels));
		kept->channels = channels;
		kept->room = room;
	}
	kept->channels[kept->count++] = channel;
	return shd_overlay_text(overlay, &kept->channels[kept->count - 1], reterr);
}

bool shd_overlay_notified_clear(struct shd_overlay *overlay, int64_t alert,
				struct shd_error *reterr)
{
	struct kept_notified *kept = notified_of(overlay, alert, reterr);

	if (!kept)
		return false;
	kept->cleared = true;
	kept->count = 0;
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool notified(void *ctx, int64_t alert, struct shd_arena *arena,
		     const char *const **ret_channels, size_t *ret_count, struct shd_error *reterr)
{
	struct shd_overlay *overlay = ctx;
	const struct shd_stored *stored = overlay->stored;
	const struct kept_notified *kept;

	*ret_channels = NULL;
	*ret_count = 0;
	HASH_FIND(hh, overlay->notified, &alert, sizeof(alert), kept);
	if ((!kept || !kept->cleared) &&
	    !stored->notified(stored->ctx, alert, arena, ret_channels, ret_count, reterr))
		return false;
	if (!kept || !kept->count)
		return true;
	const char **all = shd_arena_alloc(arena, *ret_count + kept->count, sizeof(*all));
	size_t n = 0;
	if (!all)
		return shd_fail(reterr, SHD_ERR_LIMIT, "no room for a list of channels");
	for (size_t i = 0; i < *ret_count; i++)
		if (!has(kept->channels, kept->count, (*ret_channels)[i]))
			all[n++] = (*ret_channels)[i];
	for (size_t i = 0; i < kept->count; i++)
		all[n++] = kept->channels[i];
	qsort(all, n, sizeof(*all), by_text);
	*ret_channels = all;
	*ret_count = n;
	return true;
}

/* --- messages and history: only ever added --------------------------------------------------- */

bool shd_overlay_outbox_add(struct shd_overlay *overlay, const struct shd_outbox_row *row,
			    struct shd_error *reterr)
{
	struct shd_change_set *changes = &overlay->changes;
	int64_t *alerts = shd_overlay_room(overlay, row->alert_count, sizeof(*alerts), reterr);

	if (!alerts)
		return false;
	if (row->alert_count)
		memcpy(alerts, row->alerts, row->alert_count * sizeof(*alerts));
	shd_grow(changes->outbox, changes->outbox_count, changes->outbox_room);
	struct shd_outbox_row *own = &changes->outbox[changes->outbox_count++];
	*own = *row;
	own->alerts = alerts;
	return shd_overlay_text(overlay, &own->key, reterr) &&
	       shd_overlay_text(overlay, &own->channel, reterr) &&
	       shd_overlay_text(overlay, &own->group, reterr) &&
	       shd_overlay_text(overlay, &own->facts, reterr);
}

bool shd_overlay_history_add(struct shd_overlay *overlay, const struct shd_history_row *row,
			     struct shd_error *reterr)
{
	struct shd_change_set *changes = &overlay->changes;

	shd_grow(changes->history, changes->history_count, changes->history_room);
	struct shd_history_row *own = &changes->history[changes->history_count++];
	*own = *row;
	return shd_overlay_text(overlay, &own->store, reterr) &&
	       shd_overlay_text(overlay, &own->id, reterr) &&
	       shd_overlay_text(overlay, &own->was, reterr);
}

void shd_overlay_alerts_list(struct shd_overlay *overlay)
{
	struct shd_change_set *changes = &overlay->changes;

	for (const struct kept_alert *kept = overlay->alerts; kept; kept = kept->next_changed) {
		shd_grow(changes->alerts, changes->alert_count, changes->alert_room);
		changes->alerts[changes->alert_count++] =
			(struct shd_alert_change){kept->alert, !kept->stored};
	}
	for (const struct kept_notified *kept = overlay->first_notified; kept; kept = kept->next) {
		for (size_t i = 0; i < kept->count + kept->cleared; i++) {
			bool none = kept->cleared && i == 0;

			shd_grow(changes->notified, changes->notified_count,
				 changes->notified_room);
			changes->notified[changes->notified_count++] = (struct shd_notified_change){
				kept->alert, none ? NULL : kept->channels[i - kept->cleared]};
		}
	}
}

static bool next_alert(void *ctx, int64_t *ret_number, struct shd_error *reterr)
{
	struct shd_overlay *overlay = ctx;

	*ret_number = overlay->next_alert;
	return *ret_number ||
	       overlay->stored->next_alert(overlay->stored->ctx, ret_number, reterr);
}

void shd_overlay_alerts_open(struct shd_overlay *overlay)
{
	struct shd_stored *own = &overlay->own;

	own->alerts_of = alerts_of_all;
	own->open_alerts = open_alerts;
	own->next_alert = next_alert;
	own->notified = notified;
}

#include "memory_own.h"

#include <stdlib.h>
#include <string.h>

enum { FACTS_BYTES = 4 << 20 };

const char *shd_memory_text(struct shd_memory *memory, const char *text)
{
	const char *copy = text ? shd_arena_text(memory->arena, text, strlen(text)) : NULL;

	shd_assert(copy || !text);
	return copy;
}

static void keep_value(struct shd_memory *memory, struct shd_value *value)
{
	if (value->type == SHD_TEXT && !value->none)
		value->text = shd_memory_text(memory, value->text);
}

struct memory_store *shd_memory_find(const struct shd_memory *memory, const char *store)
{
	struct memory_store *found = NULL;

	HASH_FIND_STR(memory->stores, store, found);
	return found;
}

struct memory_store *shd_memory_store(struct shd_memory *memory, const char *store)
{
	struct memory_store *found = shd_memory_find(memory, store);

	if (found)
		return found;
	found = shd_xcalloc(1, sizeof(*found));
	found->id = shd_memory_text(memory, store);
	HASH_ADD_KEYPTR(hh, memory->stores, found->id, strlen(found->id), found);
	return found;
}

static bool no_room(struct shd_error *reterr)
{
	return shd_fail(reterr, SHD_ERR_LIMIT, "more rows than the reader has room for");
}

/* --- metrics ------------------------------------------------------------------------- */

static bool metric(void *ctx, const char *store, enum shd_metric which, bool target,
		   struct shd_value *ret_value, struct shd_wall *ret_at, struct shd_error *reterr)
{
	const struct memory_store *own = shd_memory_find(ctx, store);
	const struct memory_metric *metric = own ? &own->metrics[which][target] : NULL;

	(void)reterr;
	*ret_value = (struct shd_value){.type = shd_metric_row(which)->type, .none = true};
	ret_at->ms = 0;
	if (!metric || !metric->known)
		return true;
	*ret_value = metric->value;
	*ret_at = metric->at;
	return true;
}

static bool samples(void *ctx, const char *store, enum shd_metric which, struct shd_wall from,
		    struct shd_wall to, shd_samples_fn *visit, void *visit_ctx,
		    struct shd_error *reterr)
{
	const struct memory_store *own = shd_memory_find(ctx, store);
	const struct memory_metric *metric = own ? &own->metrics[which][0] : NULL;
	size_t first = metric ? metric->count : 0;

	(void)reterr;
	while (first > 0 && metric->samples[first - 1].at.ms > from.ms)
		first--;
	for (size_t i = first ? first - 1 : 0; metric && i < metric->count; i++)
		if (metric->samples[i].at.ms > to.ms ||
		    !visit(visit_ctx, metric->samples[i].at, &metric->samples[i].value))
			break;
	return true;
}

static void put_metric(struct shd_memory *memory, const struct shd_metric_change *change)
{
	struct memory_store *own = shd_memory_store(memory, change->store);
	struct memory_metric *metric = &own->metrics[change->metric][change->target];

	if (metric->known && metric->at.ms > change->at.ms)
		return;
	metric->known = true;
	metric->value = change->value;
	metric->at = change->at;
	if (change->value.none)
		return;
	if (metric->count && metric->samples[metric->count - 1].at.ms == change->at.ms)
		metric->count--;
	shd_grow(metric->samples, metric->count, metric->room);
	metric->samples[metric->count++] = (struct memory_sample){change->at, change->value};
}

/* --- feeds ----------------------------------------------------------------------------- */

static bool feeds(void *ctx, const char *store, struct shd_arena *arena,
		  struct shd_feed_row **ret_rows, size_t *ret_count, struct shd_error *reterr)
{
	const struct memory_store *own = shd_memory_find(ctx, store);
	size_t count = own ? own->feed_count : 0;
	struct shd_feed_row *rows = shd_arena_alloc(arena, count + 1, sizeof(*rows));

	if (!rows)
		return no_room(reterr);
	if (count)
		memcpy(rows, own->feeds, count * sizeof(*rows));
	*ret_rows = rows;
	*ret_count = count;
	return true;
}

static bool feed(void *ctx, const char *store, const char *endpoint, struct shd_arena *arena,
		 struct shd_feed_row **ret_row, struct shd_error *reterr)
{
	const struct memory_store *own = shd_memory_find(ctx, store);

	*ret_row = NULL;
	for (size_t i = 0; own && i < own->feed_count; i++) {
		if (strcmp(own->feeds[i].endpoint, endpoint) != 0)
			continue;
		*ret_row = shd_arena_alloc(arena, 1, sizeof(**ret_row));
		if (!*ret_row)
			return no_room(reterr);
		**ret_row = own->feeds[i];
	}
	return true;
}

static void put_feed(struct shd_memory *memory, const struct shd_feed_row *row)
{
	struct memory_store *own = shd_memory_store(memory, row->store);
	size_t at = 0;

	while (at < own->feed_count && strcmp(own->feeds[at].endpoint, row->endpoint) < 0)
		at++;
	if (at == own->feed_count || strcmp(own->feeds[at].endpoint, row->endpoint) != 0) {
		shd_grow(own->feeds, own->feed_count, own->feed_room);
		memmove(own->feeds + at + 1, own->feeds + at,
			(own->feed_count++ - at) * sizeof(own->feeds[0]));
	}
	own->feeds[at] = *row;
	own->feeds[at].store = own->id;
	own->feeds[at].endpoint = shd_memory_text(memory, row->endpoint);
	own->feeds[at].error_text = shd_memory_text(memory, row->error_text);
	own->feeds[at].incomplete = shd_memory_text(memory, row->incomplete);
	own->feeds[at].cursor.text = shd_memory_text(memory, row->cursor.text);
}

/* --- wake-ups ---------------------------------------------------------------------------- */

bool shd_memory_wake(void *ctx, const char *store, enum shd_kind kind, const char *id,
		     struct shd_wall *ret_at, struct shd_error *reterr)
{
	const struct memory_store *own = shd_memory_find(ctx, store);
	struct memory_wake *found = NULL;

	(void)reterr;
	if (own)
		HASH_FIND_STR(own->wakes[kind], id, found);
	ret_at->ms = found ? found->row.at.ms : SHD_NEVER_MS;
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct shd_wake_row *x = &(*(struct memory_wake *const *)a)->row;
	const struct shd_wake_row *y = &(*(struct memory_wake *const *)b)->row;
	int order = (x->at.ms > y->at.ms) - (x->at.ms < y->at.ms);

	order = order ? order : strcmp(x->store, y->store);
	order = order ? order : strcmp(shd_kind_name(x->kind), shd_kind_name(y->kind));
	return order ? order : strcmp(x->id, y->id);
}

static bool wakes(void *ctx, shd_wake_fn *visit, void *visit_ctx, struct shd_error *reterr)
{
	struct shd_memory *memory = ctx;

	(void)reterr;
	if (!memory->wakes_sorted && memory->wake_count)
		qsort(memory->wakes, memory->wake_count, sizeof(memory->wakes[0]), by_time);
	memory->wakes_sorted = true;
	for (size_t i = 0; i < memory->wake_count; i++)
		if (!visit(visit_ctx, &memory->wakes[i]->row))
			break;
	return true;
}

static void delete_wake(struct shd_memory *memory, struct memory_store *own,
			struct memory_wake *wake)
{
	size_t i = 0;

	while (memory->wakes[i] != wake)
		i++;
	memory->wake_count--;
	memmove(memory->wakes + i, memory->wakes + i + 1,
		(memory->wake_count - i) * sizeof(memory->wakes[0]));
	HASH_DEL(own->wakes[wake->row.kind], wake);
	free(wake);
}

static void put_wake(struct shd_memory *memory, const struct shd_wake_row *row)
{
	struct memory_store *own = shd_memory_store(memory, row->store);
	struct memory_wake *wake = NULL;

	HASH_FIND_STR(own->wakes[row->kind], row->id, wake);
	if (row->at.ms == SHD_NEVER_MS) {
		if (wake)
			delete_wake(memory, own, wake);
		return;
	}
	if (!wake) {
		wake = shd_xcalloc(1, sizeof(*wake));
		wake->row = *row;
		wake->row.store = own->id;
		wake->row.id = shd_memory_text(memory, row->id);
		HASH_ADD_KEYPTR(hh, own->wakes[row->kind], wake->row.id, strlen(wake->row.id),
				wake);
		shd_grow(memory->wakes, memory->wake_count, memory->wake_room);
		memory->wakes[memory->wake_count++] = wake;
	}
	wake->row.at = row->at;
	memory->wakes_sorted = false;
}

/* --- alerts -------------------------------------------------------------------------------- */

static bool alerts_of(void *ctx, const char *store, const char *const *ids, size_t count,
		      struct shd_arena *arena, struct shd_alert **ret_alerts, size_t *ret_count,
		      struct shd_error *reterr)
{
	const struct memory_store *own = shd_memory_find(ctx, store);
	size_t n = 0;

	*ret_alerts = NULL;
	for (int pass = 0; own && own->alerts && pass < 2; pass++) {
		if (pass == 1)
			*ret_alerts = shd_arena_alloc(arena, n + 1, sizeof(**ret_alerts));
		if (pass == 1 && !*ret_alerts)
			return no_room(reterr);
		n = 0;
		for (size_t i = 0; i < count; i++) {
			struct memory_alerts *found = NULL;

			HASH_FIND_STR(own->alerts, ids[i], found);
			for (size_t k = 0; found && k < found->count; k++, n++)
				if (pass == 1)
					(*ret_alerts)[n] = *found->items[k];
		}
	}
	*ret_count = n;
	return true;
}

static bool alerted(void *ctx, shd_alerted_fn *visit, void *visit_ctx, struct shd_error *reterr)
{
	const struct shd_memory *memory = ctx;

	(void)reterr;
	for (size_t i = 0; i < memory->alert_count; i++)
		visit(visit_ctx, memory->alerts[i]->store, memory->alerts[i]->entity);
	return true;
}

static bool open_alerts(void *ctx, const char *store, struct shd_arena *arena,
			struct shd_alert **ret_alerts, size_t *ret_count, struct shd_error *reterr)
{
	const struct shd_memory *memory = ctx;
	struct shd_alert *all = shd_arena_alloc(arena, memory->alert_count + 1, sizeof(*all));
	size_t n = 0;

	if (!all)
		return no_room(reterr);
	for (size_t i = 0; i < memory->alert_count; i++) {
		const struct shd_alert *alert = memory->alerts[i];

		if (alert->state != SHD_ALERT_INACTIVE && alert->state != SHD_ALERT_RESOLVED &&
		    strcmp(alert->store, store) == 0)
			all[n++] = *alert;
	}
	*ret_alerts = all;
	*ret_count = n;
	return true;
}

static bool next_alert(void *ctx, int64_t *ret_number, struct shd_error *reterr)
{
	(void)reterr;
	*ret_number = (int64_t)((struct shd_memory *)ctx)->alert_count + 1;
	return true;
}

static void put_alert(struct shd_memory *memory, const struct shd_alert_change *change)
{
	struct memory_store *own = shd_memory_store(memory, change->alert.store);
	struct shd_alert *copy = shd_arena_alloc(memory->arena, 1, sizeof(*copy));
	struct memory_alerts *of = NULL;
	size_t at = 0;

	shd_assert(copy);
	*copy = change->alert;
	copy->rule = shd_memory_text(memory, copy->rule);
	copy->store = own->id;
	copy->entity = shd_memory_text(memory, copy->entity);
	copy->last.why = shd_memory_text(memory, copy->last.why);
	keep_value(memory, &copy->last.value);
	keep_value(memory, &copy->last.limit);
	keep_value(memory, &copy->last.cost);
	keep_value(memory, &copy->last.room);
	HASH_FIND_STR(own->alerts, copy->entity, of);
	if (!of) {
		of = shd_xcalloc(1, sizeof(*of));
		HASH_ADD_KEYPTR(hh, own->alerts, copy->entity, strlen(copy->entity), of);
	}
	while (at < of->count && strcmp(of->items[at]->rule, copy->rule) < 0)
		at++;
	if (change->is_new) {
		shd_grow(of->items, of->count, of->room);
		memmove(of->items + at + 1, of->items + at,
			(of->count++ - at) * sizeof(of->items[0]));
		shd_grow(memory->alerts, memory->alert_count, memory->alert_room);
		memory->alert_count++;
	}
	shd_assert(copy->number > 0 && (size_t)copy->number <= memory->alert_count);
	of->items[at] = memory->alerts[copy->number - 1] = copy;
}

/* --- who was told ---------------------------------------------------------------------------- */

static bool notified(void *ctx, int64_t alert, struct shd_arena *arena,
		     const char *const **ret_channels, size_t *ret_count, struct shd_error *reterr)
{
	const struct shd_memory *memory = ctx;
	struct memory_notified *found = NULL;

	HASH_FIND(hh, memory->notified, &alert, sizeof(alert), found);
	size_t count = found ? found->count : 0;
	const char **channels = shd_arena_alloc(arena, count + 1, sizeof(*channels));
	if (!channels)
		return no_room(reterr);
	if (count)
		memcpy(channels, found->channels, count * sizeof(*channels));
	*ret_channels = channels;
	*ret_count = count;
	return true;
}

static void put_notified(struct shd_memory *memory, const struct shd_notified_change *change)
{
	struct memory_notified *own = NULL;
	size_t at = 0;

	HASH_FIND(hh, memory->notified, &change->alert, sizeof(change->alert), own);
	if (!own) {
		own = shd_xcalloc(1, sizeof(*own));
		own->alert = change->alert;
		HASH_ADD_KEYPTR(hh, memory->notified, &own->alert, sizeof(own->alert), own);
	}
	if (!change->channel) {
		own->count = 0;
		return;
	}
	while (at < own->count && strcmp(own->channels[at], change->channel) < 0)
		at++;
	if (at < own->count && strcmp(own->channels[at], change->channel) == 0)
		return;
	shd_grow(own->channels, own->count, own->room);
	memmove(own->channels + at + 1, own->channels + at,
		(own->count++ - at) * sizeof(own->channels[0]));
	own->channels[at] = shd_memory_text(memory, change->channel);
}

/* --- messages, events, history -----------------------------------------------------------------
 */

/* The last message that of this group still waits for others to go with. */
static struct shd_outbox_row *mergeable_with(struct shd_memory *memory,
					 const struct shd_outbox_row *row)
{
	for (size_t i = memory->outbox_count; i > 0; i--) {
		struct shd_outbox_row *other = &memory->outbox[i - 1];

		if (strcmp(other->channel, row->channel) == 0 &&
		    strcmp(other->group, row->group) == 0 && other->next_try.ms > row->made.ms)
			return other;
	}
	return NULL;
}

static bool merge(struct shd_memory *memory, struct shd_outbox_row *other,
		  const struct shd_outbox_row *row, bool *ret_merged, struct shd_error *reterr)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(FACTS_BYTES);
	struct shd_facts *a, *b, all[SHD_OUTBOX_ITEMS];
	size_t a_count, b_count;

	*ret_merged = false;
	if (!shd_facts_unpack(other->facts, arena, &a, &a_count, reterr) ||
	    !shd_facts_unpack(row->facts, arena, &b, &b_count, reterr))
		return false;
	if (a_count + b_count > SHD_OUTBOX_ITEMS)
		return true;
	memcpy(all, a, a_count * sizeof(*a));
	memcpy(all + a_count, b, b_count * sizeof(*b));
	const char *facts = shd_facts_pack(all, a_count + b_count, arena);
	if (!facts)
		return no_room(reterr);
	other->facts = shd_memory_text(memory, facts);
	other->level = row->level > other->level ? row->level : other->level;
	*ret_merged = true;
	return true;
}

static bool put_message(struct shd_memory *memory, const struct shd_outbox_row *row,
			struct shd_error *reterr)
{
	struct shd_outbox_row *other = mergeable_with(memory, row);
	bool merged = false;

	for (size_t i = 0; i < memory->outbox_count; i++)
		if (strcmp(memory->outbox[i].key, row->key) == 0)
			return true;
	if (other && !merge(memory, other, row, &merged, reterr))
		return false;
	if (merged)
		return true;
	shd_grow(memory->outbox, memory->outbox_count, memory->outbox_room);
	struct shd_outbox_row *own = &memory->outbox[memory->outbox_count++];
	*own = *row;
	own->number = (int64_t)memory->outbox_count;
	own->key = shd_memory_text(memory, row->key);
	own->channel = shd_memory_text(memory, row->channel);
	own->group = shd_memory_text(memory, row->next_try.ms > row->made.ms ? row->group : "");
	own->facts = shd_memory_text(memory, row->facts);
	own->alerts = NULL;
	own->alert_count = 0;
	return true;
}

static void put_event(struct shd_memory *memory, const struct shd_alert_event *event)
{
	shd_grow(memory->events, memory->event_count, memory->event_room);
	struct shd_alert_event *own = &memory->events[memory->event_count++];
	*own = *event;
	own->reason = shd_memory_text(memory, event->reason);
	keep_value(memory, &own->value);
	keep_value(memory, &own->limit);
}

static void put_history(struct shd_memory *memory, const struct shd_history_row *row)
{
	shd_grow(memory->history, memory->history_count, memory->history_room);
	struct shd_history_row *own = &memory->history[memory->history_count++];
	*own = *row;
	own->number = (int64_t)memory->history_count;
	own->store = shd_memory_text(memory, row->store);
	own->id = shd_memory_text(memory, row->id);
	own->was = shd_memory_text(memory, row->was);
}

bool shd_memory_apply(struct shd_memory *memory, const struct shd_change_set *changes,
		      struct shd_error *reterr)
{
	for (size_t i = 0; i < changes->entity_count; i++)
		shd_memory_entity_put(memory, &changes->entities[i]);
	for (size_t i = 0; i < changes->metric_count; i++)
		put_metric(memory, &changes->metrics[i]);
	for (size_t i = 0; i < changes->feed_count; i++)
		put_feed(memory, &changes->feeds[i]);
	for (size_t i = 0; i < changes->wake_count; i++)
		put_wake(memory, &changes->wakes[i]);
	for (size_t i = 0; i < changes->alert_count; i++)
		put_alert(memory, &changes->alerts[i]);
	for (size_t i = 0; i < changes->event_count; i++)
		put_event(memory, &changes->events[i]);
	for (size_t i = 0; i < changes->notified_count; i++)
		put_notified(memory, &changes->notified[i]);
	for (size_t i = 0; i < changes->outbox_count; i++)
		if (!put_message(memory, &changes->outbox[i], reterr))
			return false;
	for (size_t i = 0; i < changes->history_count; i++)
		put_history(memory, &changes->history[i]);
	return true;
}

struct shd_memory_rows shd_memory_rows(const struct shd_memory *memory)
{
	return (struct shd_memory_rows){memory->alerts, memory->events, memory->outbox,
		memory->history, memory->alert_count, memory->event_count, memory->outbox_count,
		memory->history_count};
}

/* --- its life ------------------------------------------------------------------------------------
 */

struct shd_memory *shd_memory_create(void)
{
	struct shd_memory *memory = shd_xcalloc(1, sizeof(*memory));
	struct shd_stored *own = &memory->stored;

	memory->arena = shd_arena_create(SIZE_MAX);
	own->ctx = memory;
	own->metric = metric;
	own->samples = samples;
	own->feed = feed;
	own->feeds = feeds;
	own->wake = shd_memory_wake;
	own->wakes = wakes;
	own->alerts_of = alerts_of;
	own->open_alerts = open_alerts;
	own->alerted = alerted;
	own->next_alert = next_alert;
	own->notified = notified;
	shd_memory_entities_open(memory);
	return memory;
}

const struct shd_stored *shd_memory_stored(struct shd_memory *memory)
{
	return &memory->stored;
}

static void close_store(struct memory_store *store)
{
	struct memory_alerts *of, *next;

	for (int k = 0; k < SHD_KIND_COUNT; k++)
		HASH_CLEAR(hh, store->wakes[k]);
	for (int i = 0; i < SHD_METRIC_COUNT; i++) {
		free(store->metrics[i][0].samples);
		free(store->metrics[i][1].samples);
	}
	HASH_ITER(hh, store->alerts, of, next) {
		HASH_DEL(store->alerts, of);
		free(of->items);
		free(of);
	}
	free(store->feeds);
	shd_memory_entities_close(store);
}

void shd_memory_destroy(struct shd_memory *memory)
{
	struct memory_store *store, *next;
	struct memory_notified *told, *next_told;

	if (!memory)
		return;
	HASH_ITER(hh, memory->stores, store, next) {
		HASH_DEL(memory->stores, store);
		close_store(store);
		free(store);
	}
	HASH_ITER(hh, memory->notified, told, next_told) {
		HASH_DEL(memory->notified, told);
		free(told->channels);
		free(told);
	}
	for (size_t i = 0; i < memory->wake_count; i++)
		free(memory->wakes[i]);
	free(memory->wakes);
	free(memory->alerts);
	free(memory->events);
	free(memory->outbox);
	free(memory->history);
	shd_arena_destroy(memory->arena);
	free(memory);
}

#include "trial_store.h"

#include "catalog/derive.h"
#include "rule/eval/window_list.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (256 << 20)

struct sample {
	struct shd_wall at;
	struct shd_value value;
};

struct series {
	struct sample *samples; /* oldest first */
	size_t count, room;
	struct shd_value newest, target;
};

/* The entities of a kind, in the order of their first observation. */
struct population {
	struct shd_trial_entity **items;
	size_t count, room;
};

struct shd_trial_store {
	const struct shd_store *settings;
	const int64_t *every_ms;
	struct shd_arena *arena;
	struct shd_wall now;
	struct population kinds[SHD_KIND_COUNT];
	struct series metrics[SHD_METRIC_COUNT];
	size_t entity_count, sample_count;
	uint32_t blind;                             /* bit per poller */
	struct shd_wall blind_since[SHD_POLLER_COUNT];
	struct shd_trial_change change;
};

struct shd_trial_store *shd_trial_store_create(
	const struct shd_store *settings, const int64_t *every_ms)
{
	struct shd_trial_store *store = shd_xcalloc(1, sizeof(*store));

	store->settings = settings;
	store->every_ms = every_ms;
	store->arena = shd_arena_create(ARENA_BYTES);
	store->now.ms = INT64_MIN;
	for (int i = 0; i < SHD_METRIC_COUNT; i++)
		store->metrics[i].newest = store->metrics[i].target = (struct shd_value){
			.type = shd_metric_row((enum shd_metric)i)->type, .none = true};
	return store;
}

void shd_trial_store_destroy(struct shd_trial_store *store)
{
	if (!store)
		return;
	for (int i = 0; i < SHD_KIND_COUNT; i++) {
		free(store->kinds[i].items);
	}
	for (int i = 0; i < SHD_METRIC_COUNT; i++)
		free(store->metrics[i].samples);
	shd_arena_destroy(store->arena);
	free(store);
}

/* --- entities ------------------------------------------------------------------------ */

static bool no_room(struct shd_error *reterr)
{
	return shd_fail(reterr, SHD_ERR_LIMIT, "more than %d entities, %d samples or %d MB",
		SHD_TRIAL_ENTITIES_MAX, SHD_TRIAL_SAMPLES_MAX, ARENA_BYTES >> 20);
}

static struct shd_trial_entity *find(
	const struct shd_trial_store *store, enum shd_kind kind, const char *id)
{
	const struct population *all = &store->kinds[kind];

	for (size_t i = all->count; i > 0; i--)
		if (strcmp(all->items[i - 1]->entity.id, id) == 0)
			return all->items[i - 1];
	return NULL;
}

static struct shd_value *new_fields(struct shd_trial_store *store, const struct shd_entity *old,
	enum shd_kind kind)
{
	size_t count = (size_t)shd_kind_fields(kind);
	struct shd_value *fields = shd_arena_alloc(store->arena, count, sizeof(*fields));

	if (fields && old)
		memcpy(fields, old->fields, count * sizeof(*fields));
	for (size_t i = 0; fields && !old && i < count; i++)
		fields[i] = (struct shd_value){
			.type = shd_field_row(shd_kind_first(kind) + (enum shd_field)i)->type,
			.none = true};
	return fields;
}

/* Copies the texts of an observation, which are borrowed. */
static bool copy_texts(struct shd_trial_store *store, struct shd_entity *entity)
{
	for (int i = 0; i < shd_kind_fields(entity->kind); i++) {
		struct shd_value *value = &entity->fields[i];

		if (!(entity->set >> i & 1) || value->type != SHD_TEXT || value->none)
			continue;
		value->text = shd_arena_text(store->arena, value->text, value->len);
		if (!value->text)
			return false;
	}
	return true;
}

/* Replaces the entity by `next`, and notes what changed. */
static void replace(struct shd_trial_store *store, struct shd_trial_entity *item,
	const struct shd_entity *next, bool fresh)
{
	struct shd_trial_change *change = &store->change;
	const struct shd_value *old = item->entity.fields;
	enum shd_kind kind = next->kind;
	uint64_t changed = fresh ? UINT64_MAX : 0;

	for (int i = 0; !fresh && i < shd_kind_fields(kind); i++)
		if (!shd_value_equal(&old[i], &next->fields[i]))
			changed |= 1ULL << i;
	item->entity = *next;
	if (!changed)
		return;
	item->changed = true;
	change->kinds |= 1U << kind;
	change->fields[kind] |= changed;
	enum shd_poller poller;
	if (kind == SHD_KIND_poller &&
		shd_poller_find(next->id, strlen(next->id), &poller))
		change->pollers |= 1U << poller;
}

static struct shd_trial_entity *add(struct shd_trial_store *store, const struct shd_entity *seen)
{
	struct population *all = &store->kinds[seen->kind];
	struct shd_trial_entity *item = shd_arena_alloc(store->arena, 1, sizeof(*item));
	const char *id = shd_arena_text(store->arena, seen->id, strlen(seen->id));

	if (!item || !id || store->entity_count == SHD_TRIAL_ENTITIES_MAX)
		return NULL;
	store->entity_count++;
	item->entity = (struct shd_entity){.kind = seen->kind, .id = id};
	item->number = all->count;
	shd_grow(all->items, all->count, all->room);
	all->items[all->count++] = item;
	return item;
}

bool shd_trial_store_observe(
	struct shd_trial_store *store, const struct shd_entity *seen, struct shd_error *reterr)
{
	struct shd_trial_entity *item = find(store, seen->kind, seen->id);
	const struct shd_entity *before = item ? &item->entity : NULL;
	struct shd_entity next = {
		.kind = seen->kind, .fields = new_fields(store, before, seen->kind)};

	if (!next.fields)
		return no_room(reterr);
	shd_entity_merge(&next, seen);
	if (!copy_texts(store, &next) || (!item && !(item = add(store, seen))))
		return no_room(reterr);
	next.id = item->entity.id;
	if (!before && !(seen->set >> SHD_I_opened_at & 1)) {
		next.fields[SHD_I_opened_at].none = false;
		next.fields[SHD_I_opened_at].n = store->now.ms;
	}
	item->derive_wake = shd_derive(before, &next, store->now);
	replace(store, item, &next, !before);
	return true;
}

/* Nothing was observed, but time passed. */
static void derive_again(struct shd_trial_store *store, struct shd_trial_entity *item)
{
	struct shd_entity next = item->entity;

	next.set = 0;
	next.fields = new_fields(store, &item->entity, next.kind);
	shd_assert(next.fields);
	item->derive_wake = shd_derive(&item->entity, &next, store->now);
	replace(store, item, &next, false);
}

void shd_trial_store_advance(struct shd_trial_store *store, struct shd_wall now)
{
	shd_assert(now.ms >= store->now.ms);
	store->now = now;
	for (int k = 0; k < SHD_KIND_COUNT; k++)
		for (size_t i = 0; i < store->kinds[k].count; i++)
			if (store->kinds[k].items[i]->derive_wake.ms <= now.ms)
				derive_again(store, store->kinds[k].items[i]);
}

struct shd_wall shd_trial_store_wake(const struct shd_trial_store *store)
{
	struct shd_wall wake = {SHD_NEVER_MS};

	for (int k = 0; k < SHD_KIND_COUNT; k++)
		for (size_t i = 0; i < store->kinds[k].count; i++)
			if (store->kinds[k].items[i]->derive_wake.ms < wake.ms)
				wake = store->kinds[k].items[i]->derive_wake;
	return wake;
}

/* --- metrics and feeds --------------------------------------------------------------- */

bool shd_trial_store_measure(
	struct shd_trial_store *store, const struct shd_measure *measure, struct shd_error *reterr)
{
	struct series *series = &store->metrics[measure->metric];
	struct shd_value value = measure->value;

	if (store->sample_count == SHD_TRIAL_SAMPLES_MAX)
		return no_room(reterr);
	if (value.type == SHD_TEXT && !value.none &&
		!(value.text = shd_arena_text(store->arena, value.text, value.len)))
		return no_room(reterr);
	store->sample_count++;
	store->change.metrics |= 1ULL << measure->metric;
	if (measure->is_target) {
		series->target = value;
		return true;
	}
	series->newest = value;
	if (value.none)
		return true;
	/* Of several samples at one instant the last counts. */
	if (!series->count || series->samples[series->count - 1].at.ms != store->now.ms) {
		shd_grow(series->samples, series->count, series->room);
		series->count++;
	}
	series->samples[series->count - 1] = (struct sample){store->now, value};
	return true;
}

void shd_trial_store_set_blind(struct shd_trial_store *store, enum shd_poller poller, bool blind)
{
	if ((store->blind >> poller & 1) == blind)
		return;
	store->blind ^= 1U << poller;
	store->blind_since[poller] = store->now;
	store->change.pollers |= 1U << poller;
	store->change.blind_changed |= 1U << poller;
}

const struct shd_trial_change *shd_trial_store_change(const struct shd_trial_store *store)
{
	return &store->change;
}

void shd_trial_store_clear_change(struct shd_trial_store *store)
{
	for (int k = 0; k < SHD_KIND_COUNT; k++)
		for (size_t i = 0; (store->change.kinds >> k & 1) && i < store->kinds[k].count; i++)
			store->kinds[k].items[i]->changed = false;
	store->change = (struct shd_trial_change){0};
}

size_t shd_trial_store_count(const struct shd_trial_store *store, enum shd_kind kind)
{
	return store->kinds[kind].count;
}

const struct shd_trial_entity *shd_trial_store_at(
	const struct shd_trial_store *store, enum shd_kind kind, size_t number)
{
	shd_assert(number < store->kinds[kind].count);
	return store->kinds[kind].items[number];
}

/* --- what a rule reads ---------------------------------------------------------------- */

static void read_metric(void *ctx, enum shd_metric metric, bool target, struct shd_value *ret)
{
	const struct shd_trial_store *store = ctx;

	*ret = target ? store->metrics[metric].target : store->metrics[metric].newest;
}

static void read_window(void *ctx, enum shd_kind kind, int time, struct shd_wall from,
	struct shd_wall to, shd_window_fn *visit, void *visit_ctx)
{
	const struct shd_trial_store *store = ctx;
	const struct population *all = &store->kinds[kind];
	struct shd_window_list list = {.time = time, .from = from, .to = to};

	for (size_t i = 0; i < all->count; i++)
		shd_window_list_add(&list, &all->items[i]->entity);
	shd_window_list_show(&list, visit, visit_ctx);
}

static void read_samples(void *ctx, enum shd_metric metric, struct shd_wall from,
	struct shd_wall to, shd_samples_fn *visit, void *visit_ctx)
{
	const struct shd_trial_store *store = ctx;
	const struct series *series = &store->metrics[metric];
	size_t first = 0;

	while (first < series->count && series->samples[first].at.ms <= from.ms)
		first++;
	for (size_t i = first ? first - 1 : 0; i < series->count; i++) {
		const struct sample *sample = &series->samples[i];

		if (sample->at.ms > to.ms || !visit(visit_ctx, sample->at, &sample->value))
			return;
	}
}

static bool is_failing(void *ctx, enum shd_poller poller)
{
	const struct shd_trial_entity *item = find(ctx, SHD_KIND_poller, shd_poller_name(poller));

	return item && !shd_entity_get(&item->entity, SHD_F_poller_failing_since)->none;
}

static bool is_blind(const struct shd_trial_store *store, enum shd_poller poller)
{
	return poller != SHD_POLLER_COUNT && (store->blind >> poller & 1);
}

/* As the poller's entity says; without one it last succeeded now, or when it became blind. */
static struct shd_wall read_polled(void *ctx, enum shd_poller poller)
{
	const struct shd_trial_store *store = ctx;
	const struct shd_trial_entity *item = find(store, SHD_KIND_poller, shd_poller_name(poller));

	if (item) {
		const struct shd_value *last =
			shd_entity_get(&item->entity, SHD_F_poller_last_success_at);

		return (struct shd_wall){last->none ? 0 : last->n};
	}
	return is_blind(store, poller) ? store->blind_since[poller] : store->now;
}

static bool blind_kind(void *ctx, enum shd_kind kind)
{
	return is_blind(ctx, shd_kind_poller(kind));
}

static bool blind_metric(void *ctx, enum shd_metric metric)
{
	return is_blind(ctx, shd_metric_poller(metric));
}

void shd_trial_store_env(struct shd_trial_store *store, const struct shd_entity *entity,
	struct shd_rule_env *ret_env)
{
	const struct population *stores = &store->kinds[SHD_KIND_store];

	*ret_env = (struct shd_rule_env){
		.now = store->now,
		.store = store->settings,
		.every_ms = store->every_ms,
		.store_entity = stores->count ? &stores->items[0]->entity : NULL,
		.entity = entity,
		.ctx = store,
		.metric = read_metric,
		.window = read_window,
		.samples = read_samples,
		.polled = read_polled,
		.blind_kind = blind_kind,
		.blind_metric = blind_metric,
		.failing = is_failing,
	};
}

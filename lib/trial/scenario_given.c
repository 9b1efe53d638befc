#include "scenario_parts.h"

#include "rule/language/expr.h"

#include <stdio.h>
#include <string.h>

enum { TIMES_MAX = 10000 };

#define AT(type, member) offsetof(struct type, member)

/* --- what happens -------------------------------------------------------------------- */

struct given_parts {
	const struct shd_node *at, *metric, *target;
	struct shd_texts blind, sees;
	int64_t times, every_ms;
	const struct shd_node *kinds[SHD_KIND_COUNT];
};

#define GIVEN(name, type, member, preset, min, max, doc)                                           \
	{name, SHD_OPT_##type, AT(given_parts, member), false, preset, min, max, NULL, doc}

static const struct shd_option given_options[] = {
	{"at", SHD_OPT_NODE, AT(given_parts, at), true, NULL, 0, 0, NULL, "write at: 0h"},
	GIVEN("times", INT, times, "1", 1, TIMES_MAX, "How often."),
	GIVEN("every", DURATION, every_ms, "0s", 0, 0, "Time between two of them."),
	GIVEN("metric", NODE, metric, NULL, 0, 0, "Metrics of the store."),
	GIVEN("target", NODE, target, NULL, 0, 0, "The platform's own limits of metrics."),
	GIVEN("blind", TEXTS, blind, NULL, 0, 0, "Pollers that cannot be read from now on."),
	GIVEN("sees", TEXTS, sees, NULL, 0, 0, "Pollers that can be read again."),
#define KIND(name, doc)                                                                            \
	{#name, SHD_OPT_NODE,                                                                      \
		AT(given_parts, kinds) + SHD_KIND_##name * sizeof(const struct shd_node *), false, \
		NULL, 0, 0, NULL, doc},
#include "catalog/kinds.def"
#undef KIND
};

/* An item of `given` while it is read. */
struct given_item {
	struct shd_scenario *scenario;
	const struct shd_node *node;
	struct given_parts parts;
	struct shd_wall at;
};

/* Adds a step for the number-th repetition of the item, from 0. */
static struct shd_scenario_step *add_step(struct given_item *item, int64_t number,
	enum shd_scenario_event event)
{
	struct shd_scenario *scenario = item->scenario;

	shd_grow(scenario->steps, scenario->step_count, scenario->step_room);
	struct shd_scenario_step *step = &scenario->steps[scenario->step_count];
	*step = (struct shd_scenario_step){.event = event, .number = scenario->step_count++,
		.at = {item->at.ms + number * item->parts.every_ms}, .node = item->node};
	return step;
}

/* Whether all repetitions of the item still fit; reports it when they do not. */
static bool has_room(struct given_item *item)
{
	if (item->scenario->step_count + (size_t)item->parts.times <= SHD_SCENARIO_STEPS_MAX)
		return true;
	shd_node_mistake(item->node, item->scenario->diags, "split the test",
		"more than %d things are given", SHD_SCENARIO_STEPS_MAX);
	return false;
}

static void read_field(struct given_item *item, struct shd_entity *entity,
	const struct shd_node *key, const struct shd_node *value)
{
	const char *names[64];
	enum shd_field first = shd_kind_first(entity->kind), field;
	size_t count = (size_t)shd_kind_fields(entity->kind);
	char lead[96], what[96];

	if (!shd_field_find(entity->kind, key->text, key->len, &field)) {
		for (size_t i = 0; i < count; i++)
			names[i] = shd_field_row(first + (enum shd_field)i)->name;
		snprintf(lead, sizeof(lead), "%s has no field", shd_kind_name(entity->kind));
		shd_scenario_unknown(item->scenario, key, lead, key->text, names, count);
		return;
	}
	const struct shd_field_row *row = shd_field_row(field);
	int index = shd_field_index(field);
	snprintf(what, sizeof(what), "`%s`", row->name);
	entity->set |= 1ULL << index;
	shd_scenario_value(
		item->scenario, value, row->type, row->words, what, &entity->fields[index]);
}

static const char *read_id(struct given_item *item, enum shd_kind kind, const struct shd_node *map)
{
	const struct shd_node *id = shd_node_get(map, "id");
	enum shd_poller poller;

	if (kind == SHD_KIND_store)
		return item->scenario->settings.id;
	if (!id || id->type != SHD_NODE_SCALAR || !id->len) {
		shd_node_mistake(id ? id : map, item->scenario->diags, NULL, "a %s needs an `id`",
			shd_kind_name(kind));
		return NULL;
	}
	if (kind == SHD_KIND_poller && !shd_poller_find(id->text, id->len, &poller)) {
		shd_node_mistake(
			id, item->scenario->diags, NULL, "there is no poller `%s`", id->text);
		return NULL;
	}
	return id->text;
}

/* The id of a repetition: O-1, O-2, ...; without `times`, the id itself. */
static const char *numbered_id(struct given_item *item, const char *id, int64_t number)
{
	char text[320];

	if (item->parts.times == 1 || !id)
		return id;
	int len = snprintf(text, sizeof(text), "%.256s-%lld", id, (long long)number + 1);
	const char *copy = shd_arena_text(item->scenario->arena, text, (size_t)len);
	shd_assert(copy);
	return copy;
}

static void read_entity(struct given_item *item, enum shd_kind kind, const struct shd_node *map)
{
	struct shd_scenario *scenario = item->scenario;
	size_t count = (size_t)shd_kind_fields(kind);
	struct shd_entity entity = {.kind = kind};

	if (map->type != SHD_NODE_MAP) {
		if (!shd_node_refuse_colon(map, scenario->diags))
			shd_node_mistake(map, scenario->diags, NULL, "`%s` must be a map of fields",
				shd_kind_name(kind));
		return;
	}
	if (!has_room(item))
		return;
	entity.id = read_id(item, kind, map);
	entity.fields = shd_arena_alloc(scenario->arena, count, sizeof(*entity.fields));
	shd_assert(entity.fields);
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->keys[i].text, "id") != 0)
			read_field(item, &entity, &map->keys[i], &map->items[i]);
	for (int64_t i = 0; i < item->parts.times; i++) {
		struct shd_scenario_step *step = add_step(item, i, SHD_STEP_ENTITY);

		step->entity = entity;
		step->entity.id =
			kind == SHD_KIND_store ? entity.id : numbered_id(item, entity.id, i);
	}
}

static void read_metric(struct given_item *item, const struct shd_node *key,
	const struct shd_node *value, bool target)
{
	const char *names[SHD_METRIC_COUNT];
	struct shd_measure measure = {.is_target = target};
	char what[96];

	if (!shd_metric_find(key->text, key->len, &measure.metric)) {
		for (int i = 0; i < SHD_METRIC_COUNT; i++)
			names[i] = shd_metric_row((enum shd_metric)i)->name;
		shd_scenario_unknown(item->scenario, key, "there is no metric", key->text, names,
			SHD_COUNT(names));
		return;
	}
	const struct shd_metric_row *row = shd_metric_row(measure.metric);
	snprintf(what, sizeof(what), "`%s`", row->name);
	if (!shd_scenario_value(item->scenario, value, row->type, "", what, &measure.value) ||
		!has_room(item))
		return;
	for (int64_t i = 0; i < item->parts.times; i++)
		add_step(item, i, SHD_STEP_METRIC)->measure = measure;
}

static void read_metrics(struct given_item *item, const struct shd_node *map, bool target)
{
	if (map && map->type != SHD_NODE_MAP)
		shd_node_mistake(map, item->scenario->diags, "{rating: 4.6}",
			"`%s` must be a map of metrics", target ? "target" : "metric");
	for (size_t i = 0; map && map->type == SHD_NODE_MAP && i < map->count; i++)
		read_metric(item, &map->keys[i], &map->items[i], target);
}

static void read_pollers(struct given_item *item, const char *key, const struct shd_texts *texts,
	enum shd_scenario_event event)
{
	const char *names[SHD_POLLER_COUNT];
	enum shd_poller poller;

	for (int i = 0; i < SHD_POLLER_COUNT; i++)
		names[i] = shd_poller_name((enum shd_poller)i);
	for (size_t i = 0; i < texts->count; i++) {
		const char *text = texts->items[i];

		if (shd_poller_find(text, strlen(text), &poller))
			add_step(item, 0, event)->poller = poller;
		else
			shd_scenario_unknown(item->scenario, shd_node_get(item->node, key),
				"there is no poller", text, names, SHD_COUNT(names));
	}
}

static void read_kind(struct given_item *item, enum shd_kind kind)
{
	const struct shd_node *node = item->parts.kinds[kind];

	for (size_t i = 0; node && node->type == SHD_NODE_LIST && i < node->count; i++)
		read_entity(item, kind, &node->items[i]);
	if (node && node->type != SHD_NODE_LIST)
		read_entity(item, kind, node);
}

static void read_given(struct shd_scenario *scenario, const struct shd_node *node)
{
	struct given_item item = {.scenario = scenario, .node = node};
	struct given_parts *parts = &item.parts;

	shd_options_apply(node, given_options, SHD_COUNT(given_options), parts, "a given",
		scenario->arena, scenario->diags);
	if (node->type != SHD_NODE_MAP || !parts->at ||
		!shd_scenario_instant(scenario, parts->at, &item.at))
		return;
	for (int k = 0; k < SHD_KIND_COUNT; k++)
		read_kind(&item, (enum shd_kind)k);
	read_metrics(&item, parts->metric, false);
	read_metrics(&item, parts->target, true);
	read_pollers(&item, "blind", &parts->blind, SHD_STEP_BLIND);
	read_pollers(&item, "sees", &parts->sees, SHD_STEP_UNBLIND);
}

void shd_scenario_given(struct shd_scenario *scenario, const struct shd_node *given)
{
	if (given && given->type != SHD_NODE_LIST) {
		shd_node_mistake(given, scenario->diags, "- {at: 0h, metric: {rating: 4.6}}",
			"`given` must be a list");
		return;
	}
	for (size_t i = 0; given && i < given->count; i++)
		read_given(scenario, &given->items[i]);
}

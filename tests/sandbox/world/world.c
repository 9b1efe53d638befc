#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct shd_thing_row shd_thing_rows[SHD_THING_COUNT] = {
#define KIND(name_, facts_) [SHD_THING_##name_] = {.name = #name_, .facts = facts_},
#include "kinds.def"
#undef KIND
};

enum shd_thing shd_thing_find(const char *name)
{
	for (int kind = 0; kind < SHD_THING_COUNT; kind++)
		if (strcmp(shd_thing_rows[kind].name, name) == 0)
			return (enum shd_thing)kind;
	return SHD_THING_COUNT;
}

json_t *shd_template(const char *template)
{
	char *text shd_autofree = shd_xstrdup(template);
	json_error_t at;

	for (char *c = text; *c; c++)
		if (*c == '\'')
			*c = '"';
	json_t *json = json_loads(text, 0, &at);
	if (!json)
		shd_bug(at.text, template, at.column);
	return json;
}

/* Objects get their number here: answers list them in the order of their birth. */
static uint64_t last_seq;

struct shd_world *shd_world_create(void)
{
	struct shd_world *world = shd_xcalloc(1, sizeof(*world));

	world->refs = 1;
	return world;
}

struct shd_world *shd_world_ref(struct shd_world *world)
{
	world->refs++;
	return world;
}

static void drop_renderings(struct shd_object *object)
{
	while (object->renderings) {
		struct shd_rendering *next = object->renderings->next;

		free(object->renderings->bytes);
		free(object->renderings);
		object->renderings = next;
	}
}

static void object_unref(struct shd_object *object)
{
	if (--object->refs)
		return;
	drop_renderings(object);
	json_decref(object->facts);
	json_decref(object->record);
	free(object->id);
	free(object);
}

void shd_world_unref(struct shd_world *world)
{
	if (!world || --world->refs)
		return;
	for (int kind = 0; kind < SHD_THING_COUNT; kind++) {
		for (size_t i = 0; i < world->of[kind].count; i++)
			object_unref(world->of[kind].items[i]);
		free(world->of[kind].items);
	}
	free(world);
}

struct shd_world *shd_world_own(struct shd_world *world)
{
	if (world->refs == 1)
		return world;
	struct shd_world *own = shd_world_create();
	for (int kind = 0; kind < SHD_THING_COUNT; kind++) {
		const struct shd_things *from = &world->of[kind];
		struct shd_things *to = &own->of[kind];

		to->count = to->capacity = from->count;
		to->items = shd_xcalloc(from->count, sizeof(struct shd_object *));
		for (size_t i = 0; i < from->count; i++) {
			to->items[i] = from->items[i];
			to->items[i]->refs++;
		}
	}
	shd_world_unref(world);
	return own;
}

static struct shd_object **find_slot(const struct shd_world *world, enum shd_thing kind,
				     const char *id)
{
	const struct shd_things *things = &world->of[kind];

	for (size_t i = 0; i < things->count; i++)
		if (strcmp(things->items[i]->id, id) == 0)
			return &things->items[i];
	return NULL;
}

struct shd_object *shd_world_find(
	const struct shd_world *world, enum shd_thing kind, const char *id)
{
	struct shd_object **slot = find_slot(world, kind, id);

	return slot ? *slot : NULL;
}

struct shd_object *shd_world_put(struct shd_world *world, enum shd_thing kind, const char *id,
				 json_t *facts, json_t *record, int64_t at_ms)
{
	struct shd_things *things = &world->of[kind];
	struct shd_object **slot = find_slot(world, kind, id);
	struct shd_object *object = shd_xcalloc(1, sizeof(*object));

	shd_assert(world->refs == 1);
	object->refs = 1;
	object->id = shd_xstrdup(id);
	object->facts = facts;
	object->record = record;
	object->seq = slot ? (*slot)->seq : ++last_seq;
	object->born_ms = slot ? (*slot)->born_ms : at_ms;
	object->changed_ms = at_ms;
	if (slot) {
		object_unref(*slot);
		*slot = object;
		return object;
	}
	shd_grow(things->items, things->count, things->capacity);
	things->items[things->count++] = object;
	return object;
}

bool shd_world_remove(struct shd_world *world, enum shd_thing kind, const char *id)
{
	struct shd_things *things = &world->of[kind];
	struct shd_object **slot = find_slot(world, kind, id);

	shd_assert(world->refs == 1);
	if (!slot)
		return false;
	object_unref(*slot);
	size_t after = things->count - (size_t)(slot - things->items) - 1;
	memmove(slot, slot + 1, after * sizeof(struct shd_object *));
	things->count--;
	return true;
}

const struct shd_rendering *shd_rendering_find(
	const struct shd_object *object, shd_view_fn *view, unsigned with)
{
	const struct shd_rendering *r = object->renderings;

	while (r && (r->view != view || r->with != with))
		r = r->next;
	return r;
}

const struct shd_rendering *shd_rendering_add(
	struct shd_object *object, shd_view_fn *view, unsigned with, const json_t *shown)
{
	struct shd_rendering *r = shd_xcalloc(1, sizeof(*r));

	r->view = view;
	r->with = with;
	r->bytes = json_dumps(shown, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
	shd_assert(r->bytes);
	r->len = strlen(r->bytes);
	const char *mark = strstr(r->bytes, SHD_CHURN_MARK);
	r->churn_at = mark ? mark - r->bytes : -1;
	r->next = object->renderings;
	object->renderings = r;
	return r;
}

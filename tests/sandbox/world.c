#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	json_decref(object->json);
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
				 json_t *json, int64_t at_ms)
{
	struct shd_things *things = &world->of[kind];
	struct shd_object **slot = find_slot(world, kind, id);
	struct shd_object *object = shd_xcalloc(1, sizeof(*object));

	shd_assert(world->refs == 1);
	object->refs = 1;
	object->id = shd_xstrdup(id);
	object->json = json;
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

/* The parts of a posting that are null unless the request asks for them. */
static const char *const optional_parts[] = {"analytics_data", "financial_data"};

static void hide_parts(json_t *json, unsigned with)
{
	for (unsigned i = 0; i < SHD_COUNT(optional_parts); i++)
		if (!(with & 1U << i) && json_object_get(json, optional_parts[i]))
			json_object_set_new(json, optional_parts[i], json_null());
}

const struct shd_rendering *shd_object_render(const struct shd_world *world,
					      struct shd_object *object, shd_view_fn *view,
					      unsigned with)
{
	struct shd_rendering *r = object->renderings;

	while (r && (r->view != view || r->with != with))
		r = r->next;
	if (r)
		return r;
	json_auto_t *json = view ? view(world, object) : json_copy(object->json);
	hide_parts(json, with);
	json_object_del(json, "_");
	r = shd_xcalloc(1, sizeof(*r));
	r->view = view;
	r->with = with;
	r->bytes = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
	shd_assert(r->bytes);
	r->len = strlen(r->bytes);
	const char *mark = strstr(r->bytes, SHD_CHURN_MARK);
	r->churn_at = mark ? mark - r->bytes : -1;
	r->next = object->renderings;
	object->renderings = r;
	return r;
}

json_t *shd_json_at(const json_t *json, const char *path)
{
	while (json) {
		const char *dot = strchr(path, '.');

		if (!dot)
			return json_object_get(json, path);
		char part[64];
		snprintf(part, sizeof(part), "%.*s", (int)(dot - path), path);
		json = json_object_get(json, part);
		path = dot + 1;
	}
	return NULL;
}

const char *shd_json_text(const json_t *json, const char *path)
{
	const char *text = json_string_value(shd_json_at(json, path));

	return text ? text : "";
}

int64_t shd_json_time(const json_t *json, const char *path)
{
	const char *text = shd_json_text(json, path);
	struct shd_error err;
	struct shd_wall time;

	return *text && shd_time_parse(text, strlen(text), &time, &err) ? time.ms : 0;
}

int64_t shd_json_int(const json_t *json, const char *path)
{
	const json_t *value = shd_json_at(json, path);

	return json_is_string(value) ? strtoll(json_string_value(value), NULL, 10)
				     : json_integer_value(value);
}

/* sandbox/world.h - what exists in the simulated stores.
 *
 * Objects are JSON as Ozon shows them, one list per kind. Stores made from one
 * template share a world until something happens to one of them; then it gets
 * its own. How an object looks in an answer is rendered once and kept as bytes,
 * which makes an answer a matter of copying. One thread. */
#pragma once
#include "base/text.h"
#include "base/time.h"

#include <jansson.h>

enum shd_thing {
#define KIND(name, id, digits, complete, extra) SHD_THING_##name,
#include "kinds.def"
#undef KIND
	SHD_THING_COUNT
};

struct shd_object;

struct shd_world;

/* Makes the object look as one endpoint shows it; returns a new object, which may
 * share its members. Whatever is under "_" is ours and never shown. */
typedef json_t *shd_view_fn(const struct shd_world *world, const struct shd_object *object);

/* An object's bytes in one view. */
struct shd_rendering {
	struct shd_rendering *next;
	shd_view_fn *view;
	unsigned with; /* which of the optional parts are filled */
	char *bytes;
	size_t len;
	long churn_at; /* where the revision is written, -1: nowhere */
};

struct shd_object {
	int refs;
	char *id;
	json_t *json;
	uint64_t seq;         /* order of birth, over all stores */
	int64_t born_ms, changed_ms;
	struct shd_rendering *renderings;
};

struct shd_things {
	struct shd_object **items;
	size_t count, capacity;
};

struct shd_world {
	int refs;
	struct shd_things of[SHD_THING_COUNT];
};

/* A string of this many @ in an object is replaced by its revision: how often a
 * churning store has changed it. */
#define SHD_CHURN_MARK "@@@@@@@@@@"

struct shd_world *shd_world_create(void);
struct shd_world *shd_world_ref(struct shd_world *world);
void shd_world_unref(struct shd_world *world); /* accepts NULL */

/* A world of the caller's own with the same objects; takes the old reference. */
struct shd_world *shd_world_own(struct shd_world *world);

/* NULL when there is none. */
struct shd_object *shd_world_find(const struct shd_world *world, enum shd_thing kind,
				  const char *id);

/* Adds the object or replaces the one with the same id, which keeps its place.
 * Takes the reference to json. The world must be owned. */
struct shd_object *shd_world_put(struct shd_world *world, enum shd_thing kind, const char *id,
				 json_t *json, int64_t at_ms);
bool shd_world_remove(struct shd_world *world, enum shd_thing kind, const char *id);

/* The bytes of the object in a view, made on first use. */
const struct shd_rendering *shd_object_render(const struct shd_world *world,
					      struct shd_object *object, shd_view_fn *view,
					      unsigned with);

/* json_object_get over a dotted path; NULL when any part is missing. */
json_t *shd_json_at(const json_t *json, const char *path);
/* Its text ("" when it is none), its instant (0 when it is none). */
const char *shd_json_text(const json_t *json, const char *path);
int64_t shd_json_time(const json_t *json, const char *path);
/* An integer, also when written as text. */
int64_t shd_json_int(const json_t *json, const char *path);

/* sandbox/world/world.h - what exists in a simulated shop.
 *
 * One list of objects per kind (kinds.def). An object has facts, which depend on no
 * platform, and a record, which is the object as the shop's platform has it, by that
 * platform's names; the platform's face makes it, here it is only kept. Shops made from
 * one template share a world until something happens to one of them; then it gets its
 * own copy. What a method shows of an object is rendered once and kept as bytes, so that
 * an answer only copies them. One thread. */
#pragma once
#include "json.h"

enum shd_thing {
#define KIND(name, facts) SHD_THING_##name,
#include "kinds.def"
#undef KIND
	SHD_THING_COUNT
};

struct shd_thing_row {
	const char *name;  /* "order" */
	const char *facts; /* of a new one */
};

extern const struct shd_thing_row shd_thing_rows[SHD_THING_COUNT];

/* The kind called name, SHD_THING_COUNT when there is none. */
enum shd_thing shd_thing_find(const char *name);

/* JSON written with single quotes as a new value; a mistake in it is a bug. */
json_t *shd_template(const char *text);

struct shd_object;
struct shd_world;

/* Makes what one endpoint shows of the object; returns a new value, which may share its
 * members with the object's record. */
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
	json_t *facts, *record;
	uint64_t seq;         /* order of birth, over all shops */
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

/* A string of this many @ in a record is replaced by its revision: how often a
 * churning shop has changed it. */
#define SHD_CHURN_MARK "@@@@@@@@@@"

struct shd_world *shd_world_create(void);
struct shd_world *shd_world_ref(struct shd_world *world);
void shd_world_unref(struct shd_world *world); /* accepts NULL */

/* Returns a world with the same objects that only the caller uses; takes the old reference. */
struct shd_world *shd_world_own(struct shd_world *world);

/* The object of this kind and id; NULL when there is none. */
struct shd_object *shd_world_find(const struct shd_world *world, enum shd_thing kind,
				  const char *id);

/* Adds the object or replaces the one with the same id, which keeps its place.
 * Takes the references to facts and record. The world must be owned. */
struct shd_object *shd_world_put(struct shd_world *world, enum shd_thing kind, const char *id,
				 json_t *facts, json_t *record, int64_t at_ms);
bool shd_world_remove(struct shd_world *world, enum shd_thing kind, const char *id);

/* The bytes of the object in a view, NULL before they were added. */
const struct shd_rendering *shd_rendering_find(const struct shd_object *object, shd_view_fn *view,
					       unsigned with);
/* Keeps shown as the object's bytes in a view; borrows shown. */
const struct shd_rendering *shd_rendering_add(struct shd_object *object, shd_view_fn *view,
					      unsigned with, const json_t *shown);

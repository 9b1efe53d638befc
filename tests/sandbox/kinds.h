/* sandbox/kinds.h - templates of the things in a store, and their short forms. */
#pragma once
#include "sandbox.h"

struct shd_kind_row {
	const char *name;     /* "order" */
	const char *id;       /* member that identifies it */
	const char *extra;    /* short forms, space separated */
	const char *template; /* JSON in single quotes; +0s is the moment of birth */
	int digits;           /* of fraction in its times */

	/* Fills what follows from the rest, after the entry's fields (with their times
	 * resolved) were merged into `json`. `fields` has the short forms, `old` is the
	 * object before, NULL when it is new. */
	void (*complete)(struct shd_world *world, json_t *json, const json_t *fields,
			 const json_t *old, int64_t at_ms);
};

extern const struct shd_kind_row shd_kinds[SHD_THING_COUNT];

/* The kind called name, SHD_THING_COUNT when there is none. */
enum shd_thing shd_kind_find(const char *name);

/* A template as a new object. */
json_t *shd_kind_template(enum shd_thing kind);

/* Turns every relative time inside json into an instant. */
void shd_resolve_times(json_t *json, int64_t base_ms, int digits);

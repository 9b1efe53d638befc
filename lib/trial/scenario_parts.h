/* trial/scenario_parts.h - what the files of scenario.h share; nobody else includes it.
 *
 *   scenario_value.c   single values as a test writes them
 *   scenario_store.c   the store of a test
 *   scenario_given.c   `given` of a test
 *   scenario.c         tests, `expect`, and the run */
#pragma once
#include "scenario.h"
#include "trial_store.h"

/* An entity or a metric is observed; a poller becomes blind, or sees again. */
enum shd_scenario_event { SHD_STEP_ENTITY, SHD_STEP_METRIC, SHD_STEP_BLIND, SHD_STEP_UNBLIND };

/* How many steps a test may have, with repetitions. */
enum { SHD_SCENARIO_STEPS_MAX = 40000 };

/* Something that happens at an instant. */
struct shd_scenario_step {
	struct shd_wall at;
	size_t number; /* position in the file: the order of steps at the same instant */
	enum shd_scenario_event event;
	struct shd_entity entity;
	struct shd_measure measure;
	enum shd_poller poller;
	const struct shd_node *node;
};

/* One test while it is read. */
struct shd_scenario {
	const struct shd_node *node;
	const char *name;
	struct shd_wall start;
	const struct shd_settings *config; /* or NULL */
	const struct shd_rules *rules;     /* as the store has them */
	struct shd_store settings;         /* its marketplace needs no adapter */
	const int64_t *every_ms;           /* by poller; NULL: the usual intervals */
	struct shd_scenario_step *steps; /* free() them */
	size_t step_count, step_room;
	struct shd_arena *arena;
	struct shd_diags *diags;
};

/* A value of the type as a test writes it: 4.6, 4%, 12h, 1990 RUB, a text, true, none;
 * a time is a duration from the start of the test, or a date. words: as in fields.def.
 * False when something was reported. */
bool shd_scenario_value(struct shd_scenario *scenario, const struct shd_node *node,
	enum shd_type type, const char *words, const char *what, struct shd_value *ret);

/* Reads an instant: "12h", "-30d", "2026-03-02T09:00:00Z". False: a mistake was reported. */
bool shd_scenario_instant(
	struct shd_scenario *scenario, const struct shd_node *node, struct shd_wall *ret);

/* Reports `name`, which is none of `names`, with the nearest of them as hint: "LEAD `NAME`". */
void shd_scenario_unknown(struct shd_scenario *scenario, const struct shd_node *node,
	const char *lead, const char *name, const char *const *names, size_t count);

/* Appends the value as shd_scenario_value reads it. */
void shd_scenario_print(
	const struct shd_value *value, struct shd_wall start, struct shd_text *out);

/* Reads the keys `store` of the file and of the test, which overrides it, and picks the rules of
 * that store. Each may be NULL. file_store_checked: mistakes in that of the file were reported
 * before. */
void shd_scenario_store(struct shd_scenario *scenario, const struct shd_node *file_store,
	bool file_store_checked, const struct shd_node *own);
/* Reads the key `given`. */
void shd_scenario_given(struct shd_scenario *scenario, const struct shd_node *given);

/* trial/scenario_parts.h - between the files of the rule tests; nobody else includes it.
 *
 *   scenario_value.c   single values as a test writes them
 *   scenario_store.c   the store of a test
 *   scenario_given.c   `given` of a test
 *   scenario.c         tests, `expect`, and the run */
#pragma once
#include "scenario.h"
#include "world.h"

enum shd_scenario_event { SHD_STEP_SEE, SHD_STEP_MEASURE, SHD_STEP_BLIND, SHD_STEP_SIGHT };

/* A test has at most so many steps, repetitions counted. */
enum { SHD_SCENARIO_STEPS = 40000 };

/* Something that happens at an instant. */
struct shd_scenario_step {
	struct shd_wall at;
	size_t number; /* as written, which is the order within an instant */
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
	/* Rules know a marketplace by its name; not all of them have an adapter. */
	struct shd_store settings;
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

/* "12h", "-30d", "2026-03-02T09:00:00Z". */
bool shd_scenario_instant(
	struct shd_scenario *scenario, const struct shd_node *node, struct shd_wall *ret);

/* Appends the value as shd_scenario_value reads it. */
void shd_scenario_print(
	const struct shd_value *value, struct shd_wall start, struct shd_text *out);

/* Reads the keys `store`, of the file and of the test, which has the last word, and picks
 * the rules. `of_file_again`: the mistakes of the file's are told already. NULL: absent. */
void shd_scenario_store(struct shd_scenario *scenario, const struct shd_node *of_file,
	bool of_file_again, const struct shd_node *own);
/* Reads the key `given`. */
void shd_scenario_given(struct shd_scenario *scenario, const struct shd_node *given);

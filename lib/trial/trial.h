/* trial/trial.h - rules and their alerts over a world in memory, on a virtual clock.
 *
 * What the daemon's judge is over the state database: the same compiled rules,
 * evaluator and life cycle of alerts. A rule is judged when something it reads
 * changed, and at the wake-up that it asked for itself; never because somebody looks.
 * Pure; one thread at a time. */
#pragma once
#include "alert/alert.h"
#include "world.h"

struct shd_trial;

/* Borrows the world, and the rules for as long as they are tried. */
struct shd_trial *shd_trial_create(struct shd_world *world);
void shd_trial_destroy(struct shd_trial *trial); /* accepts NULL */

/* Tries this rule as well. Before the first step. */
void shd_trial_add(struct shd_trial *trial, const struct shd_rule *rule);

/* The next instant at which something is due by itself; SHD_NEVER_MS: none. */
struct shd_wall shd_trial_wake(const struct shd_trial *trial);

/* Judges what changed and what is due at `now`, to which the world has been moved.
 * Error: LIMIT, over a million judgements. */
SHD_MUST_USE bool shd_trial_step(
	struct shd_trial *trial, struct shd_wall now, struct shd_error *reterr);

/* How one rule stands for the store or one entity. */
struct shd_course {
	const struct shd_rule *rule;
	const struct shd_world_entity *entity; /* NULL: the whole store */
	struct shd_alert alert;
	bool judged, told; /* told: a message went out; the visitor may clear it */
	/* private: */
	struct shd_wall wake;
};

/* Visits all courses of a rule, in the order in which their entities came. */
typedef void shd_course_fn(void *ctx, struct shd_course *course);
void shd_trial_visit(
	struct shd_trial *trial, const struct shd_rule *rule, shd_course_fn *visit, void *ctx);

/* The verdict at this very instant, without moving anything. */
void shd_trial_look(
	struct shd_trial *trial, const struct shd_course *course, struct shd_verdict *ret_verdict);

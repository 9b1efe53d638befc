/* trial/trial.h - judges rules and their alerts over a store in memory, on a virtual clock.
 *
 * It uses the same compiled rules, evaluator and life cycle of alerts as the daemon's judge. A
 * rule is judged when something that it reads changed, and at the wake-ups that it asked for.
 * Pure; one thread at a time. */
#pragma once
#include "alert/alert.h"
#include "trial_store.h"

struct shd_trial;

/* Borrows the store and the rules for as long as the trial lives. */
struct shd_trial *shd_trial_create(struct shd_trial_store *store);
void shd_trial_destroy(struct shd_trial *trial); /* accepts NULL */

/* Adds a rule, before the first step. */
void shd_trial_add(struct shd_trial *trial, const struct shd_rule *rule);

/* The next instant at which time alone changes something; SHD_NEVER_MS: none. */
struct shd_wall shd_trial_wake(const struct shd_trial *trial);

/* Judges what changed and what is due at `now`, to which the store was advanced.
 * Error: LIMIT, over a million judgements. */
SHD_MUST_USE bool shd_trial_step(
	struct shd_trial *trial, struct shd_wall now, struct shd_error *reterr);

/* One rule that watches the store, or one entity, and its alert. */
struct shd_trial_watch {
	const struct shd_rule *rule;
	const struct shd_trial_entity *entity; /* NULL: the whole store */
	struct shd_alert alert;
	bool judged;           /* at least once */
	bool notified;         /* somebody was notified of it; the visitor may clear it */
	/* private: */
	struct shd_wall wake;
};

/* Visits all watches of a rule, in the order in which their entities were first observed. */
typedef void shd_trial_watch_fn(void *ctx, struct shd_trial_watch *watch);
void shd_trial_visit(
	struct shd_trial *trial, const struct shd_rule *rule, shd_trial_watch_fn *visit, void *ctx);

/* The verdict now; changes neither the watch nor its alert. */
void shd_trial_judge(struct shd_trial *trial, const struct shd_trial_watch *watch,
	struct shd_verdict *ret_verdict);

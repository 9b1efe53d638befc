#include "trial.h"

#include <stdlib.h>

enum { JUDGEMENTS_MAX = 1000000 };

/* A rule with its watches: one for each entity, by the entity's number, or a single one. */
struct tried_rule {
	const struct shd_rule *rule;
	struct shd_trial_watch *watches;
	size_t count, room;
};

struct shd_trial {
	struct shd_trial_store *store;
	struct tried_rule *rules;
	size_t count, room, judgements;
};

struct shd_trial *shd_trial_create(struct shd_trial_store *store)
{
	struct shd_trial *trial = shd_xcalloc(1, sizeof(*trial));

	trial->store = store;
	return trial;
}

void shd_trial_destroy(struct shd_trial *trial)
{
	if (!trial)
		return;
	for (size_t i = 0; i < trial->count; i++)
		free(trial->rules[i].watches);
	free(trial->rules);
	free(trial);
}

void shd_trial_add(struct shd_trial *trial, const struct shd_rule *rule)
{
	for (size_t i = 0; i < trial->count; i++)
		if (trial->rules[i].rule == rule)
			return;
	shd_grow(trial->rules, trial->count, trial->room);
	trial->rules[trial->count++] = (struct tried_rule){.rule = rule};
}

/* --- what is to be judged -------------------------------------------------------------- */

/* Whether the change affects all watches of the rule. A change of an entity of the rule's own kind
 * affects only the watch of that entity. */
static bool affects_all(const struct shd_rule *rule, const struct shd_trial_change *change)
{
	uint32_t own = rule->each ? 1U << rule->kind : 0;
	uint32_t kinds = rule->reads_kinds & change->kinds & ~own;

	for (int k = 0; kinds >> k; k++)
		if ((kinds >> k & 1) && (rule->reads_fields[k] & change->fields[k]))
			return true;
	return (rule->reads_metrics & change->metrics) || (rule->reads_pollers & change->pollers) ||
	       (rule->brought_by & change->blind_changed);
}

/* Adds a watch for each entity that is new. */
static void add_watches(struct shd_trial *trial, struct tried_rule *tried)
{
	const struct shd_rule *rule = tried->rule;
	size_t count = rule->each ? shd_trial_store_count(trial->store, rule->kind) : 1;

	while (tried->count < count) {
		struct shd_trial_watch watch = {.rule = rule,
			.wake = {SHD_NEVER_MS},
			.alert = {.rule = rule->id,
				.store = "",
				.entity = "",
				.wake = {SHD_NEVER_MS}}};

		if (rule->each) {
			watch.entity = shd_trial_store_at(trial->store, rule->kind, tried->count);
			watch.alert.entity = watch.entity->entity.id;
		}
		shd_grow(tried->watches, tried->count, tried->room);
		tried->watches[tried->count++] = watch;
	}
}

/* --- judging ---------------------------------------------------------------------------- */

void shd_trial_judge(struct shd_trial *trial, const struct shd_trial_watch *watch,
	struct shd_verdict *ret_verdict)
{
	struct shd_rule_env env;

	shd_trial_store_env(trial->store, watch->entity ? &watch->entity->entity : NULL, &env);
	shd_rule_judge(watch->rule, &env, ret_verdict);
}

static void judge_watch(struct shd_trial *trial, struct shd_trial_watch *watch, struct shd_wall now)
{
	struct shd_alert_move moves[SHD_ALERT_MOVES];
	struct shd_verdict verdict;

	trial->judgements++;
	shd_trial_judge(trial, watch, &verdict);
	int count = shd_alert_step(&watch->alert, watch->rule, &verdict, now, moves);
	for (int i = 0; i < count; i++)
		watch->notified |= moves[i].tell;
	watch->judged = true;
	watch->wake = verdict.wake.ms < watch->alert.wake.ms ? verdict.wake : watch->alert.wake;
	/* As in the daemon: nothing is due twice at the same instant. */
	if (watch->wake.ms <= now.ms)
		watch->wake.ms = now.ms + 1;
}

bool shd_trial_step(struct shd_trial *trial, struct shd_wall now, struct shd_error *reterr)
{
	const struct shd_trial_change *change = shd_trial_store_change(trial->store);

	for (size_t r = 0; r < trial->count; r++) {
		struct tried_rule *tried = &trial->rules[r];
		bool all = affects_all(tried->rule, change);

		add_watches(trial, tried);
		for (size_t i = 0; i < tried->count; i++) {
			struct shd_trial_watch *watch = &tried->watches[i];
			bool own = watch->entity && watch->entity->changed;

			if (all || own || !watch->judged || watch->wake.ms <= now.ms)
				judge_watch(trial, watch, now);
		}
	}
	shd_trial_store_clear_change(trial->store);
	if (trial->judgements > JUDGEMENTS_MAX)
		return shd_fail(reterr, SHD_ERR_LIMIT, "more than %d judgements", JUDGEMENTS_MAX);
	return true;
}

struct shd_wall shd_trial_wake(const struct shd_trial *trial)
{
	struct shd_wall wake = shd_trial_store_wake(trial->store);

	for (size_t r = 0; r < trial->count; r++)
		for (size_t i = 0; i < trial->rules[r].count; i++)
			if (trial->rules[r].watches[i].wake.ms < wake.ms)
				wake = trial->rules[r].watches[i].wake;
	return wake;
}

void shd_trial_visit(
	struct shd_trial *trial, const struct shd_rule *rule, shd_trial_watch_fn *visit, void *ctx)
{
	for (size_t r = 0; r < trial->count; r++)
		for (size_t i = 0; trial->rules[r].rule == rule && i < trial->rules[r].count; i++)
			visit(ctx, &trial->rules[r].watches[i]);
}

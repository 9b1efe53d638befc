#include "trial.h"

#include <stdlib.h>

enum { JUDGEMENTS_MAX = 1000000 };

/* A rule on trial; courses are one per entity, by its number, or a single one. */
struct tried {
	const struct shd_rule *rule;
	struct shd_course *courses;
	size_t count, room;
};

struct shd_trial {
	struct shd_world *world;
	struct tried *rules;
	size_t count, room, judgements;
};

struct shd_trial *shd_trial_create(struct shd_world *world)
{
	struct shd_trial *trial = shd_xcalloc(1, sizeof(*trial));

	trial->world = world;
	return trial;
}

void shd_trial_destroy(struct shd_trial *trial)
{
	if (!trial)
		return;
	for (size_t i = 0; i < trial->count; i++)
		free(trial->rules[i].courses);
	free(trial->rules);
	free(trial);
}

void shd_trial_add(struct shd_trial *trial, const struct shd_rule *rule)
{
	for (size_t i = 0; i < trial->count; i++)
		if (trial->rules[i].rule == rule)
			return;
	shd_grow(trial->rules, trial->count, trial->room);
	trial->rules[trial->count++] = (struct tried){.rule = rule};
}

/* --- what is to be judged -------------------------------------------------------------- */

/* Something the rule reads changed, besides entities of its own kind, each of which
 * concerns itself alone. */
static bool concerns(const struct shd_rule *rule, const struct shd_world_change *change)
{
	uint32_t own = rule->each ? 1U << rule->kind : 0;
	uint32_t kinds = rule->reads_kinds & change->kinds & ~own;

	for (int k = 0; kinds >> k; k++)
		if ((kinds >> k & 1) && (rule->reads_fields[k] & change->fields[k]))
			return true;
	return (rule->reads_metrics & change->metrics) || (rule->reads_pollers & change->pollers) ||
	       (rule->brought_by & change->regained);
}

/* A course for every entity that there is by now. */
static void find_courses(struct shd_trial *trial, struct tried *tried)
{
	const struct shd_rule *rule = tried->rule;
	size_t count = rule->each ? shd_world_count(trial->world, rule->kind) : 1;

	while (tried->count < count) {
		struct shd_course course = {.rule = rule,
			.wake = {SHD_NEVER_MS},
			.alert = {.rule = rule->id,
				.store = "",
				.entity = "",
				.wake = {SHD_NEVER_MS}}};

		if (rule->each) {
			course.entity = shd_world_at(trial->world, rule->kind, tried->count);
			course.alert.entity = course.entity->entity.id;
		}
		shd_grow(tried->courses, tried->count, tried->room);
		tried->courses[tried->count++] = course;
	}
}

/* --- one course -------------------------------------------------------------------------- */

void shd_trial_look(
	struct shd_trial *trial, const struct shd_course *course, struct shd_verdict *ret_verdict)
{
	struct shd_rule_env env;

	shd_world_env(trial->world, course->entity ? &course->entity->entity : NULL, &env);
	shd_rule_judge(course->rule, &env, ret_verdict);
}

static void judge(struct shd_trial *trial, struct shd_course *course, struct shd_wall now)
{
	struct shd_alert_move moves[SHD_ALERT_MOVES];
	struct shd_verdict verdict;

	trial->judgements++;
	shd_trial_look(trial, course, &verdict);
	int count = shd_alert_step(&course->alert, course->rule, &verdict, now, moves);
	for (int i = 0; i < count; i++)
		course->told |= moves[i].tell;
	course->judged = true;
	course->wake = verdict.wake.ms < course->alert.wake.ms ? verdict.wake : course->alert.wake;
	/* As in the daemon: none is due twice. */
	if (course->wake.ms <= now.ms)
		course->wake.ms = now.ms + 1;
}

bool shd_trial_step(struct shd_trial *trial, struct shd_wall now, struct shd_error *reterr)
{
	const struct shd_world_change *change = shd_world_change(trial->world);

	for (size_t r = 0; r < trial->count; r++) {
		struct tried *tried = &trial->rules[r];
		bool all = concerns(tried->rule, change);

		find_courses(trial, tried);
		for (size_t i = 0; i < tried->count; i++) {
			struct shd_course *course = &tried->courses[i];
			bool own = course->entity && course->entity->changed;

			if (all || own || !course->judged || course->wake.ms <= now.ms)
				judge(trial, course, now);
		}
	}
	shd_world_settle(trial->world);
	if (trial->judgements > JUDGEMENTS_MAX)
		return shd_fail(reterr, SHD_ERR_LIMIT, "more than %d judgements", JUDGEMENTS_MAX);
	return true;
}

struct shd_wall shd_trial_wake(const struct shd_trial *trial)
{
	struct shd_wall wake = shd_world_wake(trial->world);

	for (size_t r = 0; r < trial->count; r++)
		for (size_t i = 0; i < trial->rules[r].count; i++)
			if (trial->rules[r].courses[i].wake.ms < wake.ms)
				wake = trial->rules[r].courses[i].wake;
	return wake;
}

void shd_trial_visit(
	struct shd_trial *trial, const struct shd_rule *rule, shd_course_fn *visit, void *ctx)
{
	for (size_t r = 0; r < trial->count; r++)
		for (size_t i = 0; trial->rules[r].rule == rule && i < trial->rules[r].count; i++)
			visit(ctx, &trial->rules[r].courses[i]);
}

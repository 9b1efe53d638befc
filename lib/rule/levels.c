#include "code.h"
#include "shown.h"

/* The interval at which `3 of 5` counts evaluations when no poller brings what the rule reads. */
#define DEFAULT_EVERY_MS (5 * SHD_MINUTE_MS)

static enum shd_truth truth(struct shd_eval *eval, const struct shd_expr *expr)
{
	struct shd_result result;

	shd_eval(eval, expr, &result);
	return shd_truth_of(&result);
}

/* A `clear` condition that is empty (a share of no orders) counts as true. */
static bool is_clear(struct shd_eval *eval, const struct shd_expr *expr)
{
	struct shd_result result;

	if (!expr)
		return true;
	shd_eval(eval, expr, &result);
	return shd_truth_of(&result) == SHD_TRUTH_TRUE || (result.v.none && result.empty);
}

/* Finds the worst level that holds; an unknown level does not. If none holds: UNKNOWN, which
 * neither fires nor resolves, when one is unknown; TOO_FEW when one is empty. */
static void judge_levels(
	struct shd_eval *eval, const struct shd_rule_code *code, struct shd_verdict *verdict)
{
	bool unknown = false, empty = false;

	for (int level = SHD_BREACHED; level > SHD_LEVEL_NONE && verdict->level == SHD_LEVEL_NONE;
		level--) {
		if (!code->levels[level])
			continue;
		struct shd_result held;
		shd_eval(eval, code->levels[level], &held);
		if (shd_truth_of(&held) == SHD_TRUTH_TRUE)
			verdict->level = (enum shd_level)level;
		empty |= held.v.none && held.empty;
		unknown |= held.v.none && !held.empty;
	}
	if (verdict->level == SHD_LEVEL_NONE && (unknown || empty))
		verdict->judgement = unknown ? SHD_UNKNOWN : SHD_TOO_FEW;
	const char *missing = eval->missing;
	verdict->clear = is_clear(eval, code->clear);
	for (int level = (int)verdict->level + 1; level < SHD_LEVEL_COUNT; level++)
		if (!is_clear(eval, code->clears[level]))
			verdict->not_clear |= (uint8_t)(1U << level);
	eval->missing = missing;
}

static enum shd_truth applies(struct shd_eval *eval, const struct shd_rule *rule)
{
	const struct shd_rule_code *code = rule->code;

	if (!code->enabled)
		return SHD_TRUTH_FALSE;
	if (code->stores)
		return truth(eval, code->stores);
	return eval->env->store || (rule->each && rule->kind == SHD_KIND_channel) ? SHD_TRUTH_TRUE
										  : SHD_TRUTH_FALSE;
}

bool shd_rule_applies(const struct shd_rule *rule, const struct shd_rule_env *env)
{
	struct shd_eval eval;

	shd_eval_init(&eval, env, NULL, NULL);
	return applies(&eval, rule) == SHD_TRUTH_TRUE;
}

/* SHD_JUDGED when the rule watches the store or entity. */
static enum shd_judgement check_watched(struct shd_eval *eval, const struct shd_rule *rule)
{
	const struct shd_rule_code *code = rule->code;
	const struct shd_entity *entity = eval->env->entity;

	if (applies(eval, rule) != SHD_TRUTH_TRUE)
		return SHD_NOT_WATCHED;
	if (rule->each && !code->mentions_closed && entity) {
		const struct shd_value *closed = &entity->fields[SHD_I_closed];

		if (!closed->none && closed->n)
			return SHD_NOT_WATCHED;
	}
	eval->missing = NULL;
	struct shd_result where = {.v.n = true};
	if (code->where)
		shd_eval(eval, code->where, &where);
	if (where.v.none)
		return where.empty ? SHD_TOO_FEW : SHD_UNKNOWN;
	return where.v.n ? SHD_JUDGED : SHD_NOT_WATCHED;
}

/* SHD_JUDGED when there is enough data, as `needs` says. */
static enum shd_judgement check_needs(struct shd_eval *eval, const struct shd_rule_code *code)
{
	struct shd_result needs;

	if (!code->needs)
		return SHD_JUDGED;
	shd_eval(eval, code->needs, &needs);
	if (needs.v.none && needs.blind)
		return SHD_UNKNOWN;
	if (shd_truth_of(&needs) == SHD_TRUTH_TRUE)
		return SHD_JUDGED;
	if (!eval->missing)
		eval->missing = "needs";
	return SHD_TOO_FEW;
}

/* Sets due and cost, which are shown at every level. */
static void add_due_and_cost(
	struct shd_eval *eval, const struct shd_rule_code *code, struct shd_verdict *verdict)
{
	struct shd_result result;

	if (code->due) {
		shd_eval(eval, code->due, &result);
		verdict->due.ms = result.v.none ? 0 : result.v.n;
	}
	if (code->cost) {
		shd_eval(eval, code->cost, &result);
		verdict->cost = result.v;
		verdict->cost.none = result.v.none || result.v.n == 0;
	}
	eval->missing = NULL;
}

/* Sets the longest interval of the pollers that bring what the rule reads, and whether one of them
 * fails. */
static void add_pollers(const struct shd_rule *rule, const struct shd_rule_env *env,
	struct shd_verdict *verdict)
{
	for (int p = 0; p < SHD_POLLER_COUNT; p++) {
		int64_t every_ms = env->every_ms ? env->every_ms[p] : 0;

		if (!(rule->brought_by >> p & 1))
			continue;
		if (!every_ms)
			every_ms = shd_poller_every_ms((enum shd_poller)p);
		if (every_ms > verdict->every_ms)
			verdict->every_ms = every_ms;
		verdict->failing |= env->failing && env->failing(env->ctx, (enum shd_poller)p);
	}
	if (!verdict->every_ms)
		verdict->every_ms = DEFAULT_EVERY_MS;
}

void shd_rule_judge(const struct shd_rule *rule, const struct shd_rule_env *env,
	struct shd_verdict *ret_verdict)
{
	const struct shd_rule_code *code = rule->code;
	struct shd_verdict *verdict = ret_verdict;
	struct shd_eval eval;

	*verdict = (struct shd_verdict){.clear = true,
		.value.none = true,
		.limit.none = true,
		.cost.none = true,
		.room.none = true};
	shd_eval_init(&eval, env, code->due, code->value);
	verdict->judgement = check_watched(&eval, rule);
	if (verdict->judgement == SHD_JUDGED) {
		add_due_and_cost(&eval, code, verdict);
		verdict->judgement = check_needs(&eval, code);
	}
	if (verdict->judgement == SHD_JUDGED) {
		judge_levels(&eval, code, verdict);
		shd_rule_show(&eval, code, verdict);
	} else {
		verdict->clear = false;
	}
	bool has_reason = verdict->judgement == SHD_UNKNOWN || verdict->judgement == SHD_TOO_FEW;
	verdict->why = has_reason ? eval.missing : NULL;
	verdict->wake.ms = eval.wake_ms;
	if (rule->for_hits)
		add_pollers(rule, env, verdict);
}

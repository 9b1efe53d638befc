#include "base/num.h"
#include "code.h"
#include "rule/eval/exact.h"

/* The interval at which `3 of 5` counts evaluations when no poller brings what the rule reads. */
#define DEFAULT_EVERY_MS (5 * SHD_MINUTE_MS)

static enum shd_truth truth(struct shd_eval *eval, const struct shd_expr *expr)
{
	struct shd_result result;

	shd_eval(eval, expr, &result);
	return shd_truth_of(&result);
}

/* An ordering comparison: one with a value and a limit. */
static bool is_order(enum shd_op op)
{
	return op == SHD_OP_LT || op == SHD_OP_LE || op == SHD_OP_GT || op == SHD_OP_GE;
}

/* The comparison whose sides explain `expr` best: of `and` the first, of `or` that of the first
 * part that holds (or of the first part, when none does). orders_only: not == and !=. */
static const struct shd_expr *deciding(
	struct shd_eval *eval, const struct shd_expr *expr, bool orders_only)
{
	const struct shd_expr *first = NULL;

	if (is_order(expr->op) ||
		(!orders_only && (expr->op == SHD_OP_EQ || expr->op == SHD_OP_NE)))
		return expr;
	if (expr->op == SHD_OP_NOT)
		return deciding(eval, expr->args[0], orders_only);
	if (expr->op != SHD_OP_AND && expr->op != SHD_OP_OR)
		return NULL;
	for (uint32_t i = 0; i < expr->count; i++) {
		const struct shd_expr *found = deciding(eval, expr->args[i], orders_only);

		if (found && !first)
			first = found;
		if (found &&
			(expr->op == SHD_OP_AND || truth(eval, expr->args[i]) == SHD_TRUTH_TRUE))
			return found;
	}
	return first;
}

static bool is_value(const struct shd_expr *expr)
{
	return expr->op == SHD_OP_NAME && expr->ref == SHD_REF_VALUE;
}

/* Of lower(x), x: a text that lower() makes does not outlive the judgement, and people recognise
 * the original. */
static const struct shd_expr *without_lower(
	const struct shd_eval *eval, const struct shd_expr *expr)
{
	const struct shd_expr *text = is_value(expr) ? eval->value : expr;

	if (text->op != SHD_OP_CALL || text->function != SHD_FN_lower)
		return expr;
	return without_lower(eval, text->args[0]);
}

/* Sets value and limit of the verdict to the sides of the comparison. */
static void show_comparison(
	struct shd_eval *eval, const struct shd_expr *comparison, struct shd_verdict *verdict)
{
	const struct shd_expr *left = comparison->args[0], *right = comparison->args[1];
	bool swapped = /* 4% < value */
		is_value(right) || (left->op == SHD_OP_LITERAL && right->op != SHD_OP_LITERAL);
	struct shd_result shown, limit;

	eval->hit = eval->of = 0;
	shd_eval(eval, without_lower(eval, swapped ? right : left), &shown);
	verdict->sample_hit = eval->hit;
	verdict->sample_of = eval->of;
	shd_eval(eval, without_lower(eval, swapped ? left : right), &limit);
	verdict->value = shown.v;
	verdict->limit = limit.v;
}

/* A share or ratio, directly or by the name `value`. Within a larger expression its sample would
 * not say how many more it takes. */
static bool is_share(const struct shd_eval *eval, const struct shd_expr *expr)
{
	if (is_value(expr))
		expr = eval->value;
	return (expr->op == SHD_OP_AGGREGATE && expr->aggregate == SHD_AGG_share) ||
	       (expr->op == SHD_OP_CALL && expr->function == SHD_FN_ratio);
}

/* How many more hits until `share OP limit` holds; for < and <=, how many fewer. */
static int64_t hits_until(enum shd_op op, int64_t hit, int64_t of, const struct shd_result *limit)
{
	struct shd_result all = {.v.n = of * SHD_MICRO}, allowed;

	shd_exact_multiply(&allowed, limit, &all);
	int64_t below = shd_exact_floor(&allowed) / SHD_MICRO;
	int64_t above = below + (allowed.denominator || allowed.v.n % SHD_MICRO);

	return op == SHD_OP_GT   ? below + 1 - hit
	       : op == SHD_OP_GE ? above - hit
	       : op == SHD_OP_LT ? hit - above + 1
				 : hit - below;
}

static void find_room(
	struct shd_eval *eval, const struct shd_rule_code *code, struct shd_verdict *verdict)
{
	for (int level = (int)verdict->level + 1; level < SHD_LEVEL_COUNT; level++) {
		if (!code->levels[level])
			continue;
		const struct shd_expr *comparison = deciding(eval, code->levels[level], true);
		if (!comparison || !is_share(eval, comparison->args[0]))
			return;
		struct shd_result share, limit;

		eval->hit = eval->of = 0;
		shd_eval(eval, comparison->args[0], &share);
		int64_t hit = eval->hit, of = eval->of;
		shd_eval(eval, comparison->args[1], &limit);
		if (share.v.none || limit.v.none || !of || limit.v.n < 0 ||
			limit.v.n > 1000 * SHD_MICRO)
			return;
		verdict->room = (struct shd_value){.type = SHD_NUMBER,
			.n = hits_until(comparison->op, hit, of, &limit) * SHD_MICRO};
		return;
	}
}

/* The level whose condition is shown: the one that holds, else the mildest. */
static const struct shd_expr *shown_level(const struct shd_rule_code *code, enum shd_level level)
{
	if (level != SHD_LEVEL_NONE)
		return code->levels[level];
	for (int i = SHD_INFO; i < SHD_LEVEL_COUNT; i++)
		if (code->levels[i])
			return code->levels[i];
	return NULL;
}

/* Makes a text none that lower() made within a larger expression: it does not outlive the
 * judgement. */
static void drop_scratch_text(const struct shd_eval *eval, struct shd_value *value)
{
	if (value->type == SHD_TEXT && !value->none && value->text >= eval->scratch &&
		value->text <= eval->scratch + SHD_SCRATCH_BYTES)
		*value = (struct shd_value){.type = SHD_TEXT, .none = true};
}

/* Sets value, limit, sample and room, which explain the verdict to people; records no wake-ups. */
static void explain(
	struct shd_eval *eval, const struct shd_rule_code *code, struct shd_verdict *verdict)
{
	const char *missing = eval->missing;
	const struct shd_expr *level = shown_level(code, verdict->level);
	struct shd_result value;
	int64_t wake_ms = eval->wake_ms;

	eval->hit = eval->of = 0;
	if (code->value) {
		shd_eval(eval, without_lower(eval, code->value), &value);
		verdict->value = value.v;
		verdict->sample_hit = eval->hit;
		verdict->sample_of = eval->of;
	}
	const struct shd_expr *comparison = level ? deciding(eval, level, true) : NULL;
	if (level && !comparison)
		comparison = deciding(eval, level, false);
	if (comparison)
		show_comparison(eval, comparison, verdict);
	find_room(eval, code, verdict);
	drop_scratch_text(eval, &verdict->value);
	drop_scratch_text(eval, &verdict->limit);
	eval->missing = missing;
	eval->wake_ms = wake_ms;
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
		explain(&eval, code, verdict);
	} else {
		verdict->clear = false;
	}
	bool has_reason = verdict->judgement == SHD_UNKNOWN || verdict->judgement == SHD_TOO_FEW;
	verdict->why = has_reason ? eval.missing : NULL;
	verdict->wake.ms = eval.wake_ms;
	if (rule->for_hits)
		add_pollers(rule, env, verdict);
}

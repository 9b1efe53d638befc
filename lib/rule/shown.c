#include "shown.h"

#include "base/num.h"
#include "rule/eval/exact.h"

/* --- the comparison that decided ------------------------------------------------------------ */

/* What makes a part of a condition worth showing, the strongest first. */
enum {
	RANK_VALUE = 8,    /* it is about the rule's `value` */
	RANK_MEASURED = 4, /* it compares what is measured, not words */
	RANK_NO_GUARD = 2, /* it is more than "there is one": not `is not none`, not `> 0` */
	RANK_NO_ASIDE = 1, /* it is no alternative within `and` */
};

struct choice {
	const struct shd_expr *expr; /* NULL: there is nothing to show */
	bool holds;                  /* it is true; false: it is false, or nobody asked */
	int rank;
};

static enum shd_truth truth(struct shd_eval *eval, const struct shd_expr *expr)
{
	struct shd_result result;

	shd_eval(eval, expr, &result);
	return shd_truth_of(&result);
}

static bool is_order(enum shd_op op)
{
	return op == SHD_OP_LT || op == SHD_OP_LE || op == SHD_OP_GT || op == SHD_OP_GE;
}

static bool is_value(const struct shd_expr *expr)
{
	return expr->op == SHD_OP_NAME && expr->ref == SHD_REF_VALUE;
}

static bool is_measured(const struct shd_expr *expr)
{
	return expr->type != SHD_TEXT && expr->type != SHD_BOOL;
}

static bool mentions_value(const struct shd_expr *expr)
{
	bool found = is_value(expr);

	for (uint32_t i = 0; !found && i < expr->count; i++)
		found = mentions_value(expr->args[i]);
	return found;
}

/* `sold_7d > 0`: that there is any. */
static bool is_guard(const struct shd_expr *expr)
{
	const struct shd_expr *limit = expr->op == SHD_OP_GT   ? expr->args[1]
				       : expr->op == SHD_OP_LT ? expr->args[0]
							       : NULL;

	return expr->op == SHD_OP_IS_SOME ||
	       (limit && limit->op == SHD_OP_LITERAL && !limit->value.n);
}

/* Below 0: there is nothing to show. */
static int rank_of(const struct shd_expr *expr, bool aside)
{
	bool compares = is_order(expr->op) || expr->op == SHD_OP_EQ || expr->op == SHD_OP_NE;

	if (!compares && expr->op != SHD_OP_IN && expr->op != SHD_OP_IS_SOME)
		return -1;
	return (mentions_value(expr) ? RANK_VALUE : 0) +
	       (compares && is_measured(expr->args[0]) ? RANK_MEASURED : 0) +
	       (is_guard(expr) ? 0 : RANK_NO_GUARD) + (aside ? 0 : RANK_NO_ASIDE);
}

/* Looks for the best part of `expr`, which is `want`, among those that make it so: of `and` that
 * holds every part does, of `or` those that hold, and the other way round where it does not.
 * UNKNOWN: among all. needed: all parts of the condition around it are needed. */
static void choose(struct shd_eval *eval, const struct shd_expr *expr, enum shd_truth want,
	bool needed, bool aside, struct choice *best)
{
	bool all =
		want == SHD_TRUTH_UNKNOWN || (expr->op == SHD_OP_AND) == (want == SHD_TRUTH_TRUE);

	if (expr->op == SHD_OP_NOT) {
		want = want == SHD_TRUTH_UNKNOWN ? want
		       : want == SHD_TRUTH_TRUE  ? SHD_TRUTH_FALSE
						 : SHD_TRUTH_TRUE;
		choose(eval, expr->args[0], want, needed, aside, best);
	} else if (expr->op == SHD_OP_AND || expr->op == SHD_OP_OR) {
		for (uint32_t i = 0; i < expr->count; i++)
			if (all || truth(eval, expr->args[i]) == want)
				choose(eval, expr->args[i], want, all, aside || (needed && !all),
					best);
	} else if (expr->op == SHD_OP_COND) {
		enum shd_truth first = truth(eval, expr->args[0]);

		if (first != SHD_TRUTH_UNKNOWN)
			choose(eval, expr->args[first == SHD_TRUTH_TRUE ? 1 : 2], want, needed,
				aside, best);
	} else {
		int rank = rank_of(expr, aside);

		if (rank > best->rank)
			*best = (struct choice){expr, want == SHD_TRUTH_TRUE, rank};
	}
}

static struct choice chosen(
	struct shd_eval *eval, const struct shd_expr *condition, enum shd_truth want)
{
	struct choice best = {.rank = -1};

	choose(eval, condition, want, false, false, &best);
	return best;
}

/* --- its two sides -------------------------------------------------------------------------- */

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

/* Whether the other side is a limit, or else what the value should be and is not: of equals it
 * would say the same again, and of a word a person reads which one it is. */
static bool has_limit(const struct choice *choice, const struct shd_expr *other)
{
	return is_order(choice->expr->op) ||
	       (choice->expr->op == SHD_OP_NE && choice->holds && is_measured(other) &&
		       other->op != SHD_OP_LITERAL);
}

static void show_sides(
	struct shd_eval *eval, const struct choice *choice, struct shd_verdict *verdict)
{
	const struct shd_expr *left = choice->expr->args[0];
	const struct shd_expr *right = choice->expr->count > 1 ? choice->expr->args[1] : NULL;
	struct shd_result shown, limit;

	if (right && (is_value(right) || /* 4% < value */
			     (left->op == SHD_OP_LITERAL && right->op != SHD_OP_LITERAL))) {
		const struct shd_expr *swap = left;

		left = right;
		right = swap;
	}
	eval->hit = eval->of = 0;
	shd_eval(eval, without_lower(eval, left), &shown);
	verdict->value = shown.v;
	verdict->sample_hit = eval->hit;
	verdict->sample_of = eval->of;
	if (!right || !has_limit(choice, right))
		return;
	shd_eval(eval, without_lower(eval, right), &limit);
	verdict->limit = limit.v;
}

/* --- room ----------------------------------------------------------------------------------- */

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
		const struct shd_expr *comparison =
			chosen(eval, code->levels[level], SHD_TRUTH_UNKNOWN).expr;
		if (!comparison || !is_order(comparison->op) ||
			!is_share(eval, comparison->args[0]))
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

/* --- the whole ------------------------------------------------------------------------------ */

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

void shd_rule_show(
	struct shd_eval *eval, const struct shd_rule_code *code, struct shd_verdict *verdict)
{
	const char *missing = eval->missing;
	const struct shd_expr *level = shown_level(code, verdict->level);
	int64_t wake_ms = eval->wake_ms;
	enum shd_truth holds = verdict->level != SHD_LEVEL_NONE	  ? SHD_TRUTH_TRUE
			       : verdict->judgement == SHD_JUDGED ? SHD_TRUTH_FALSE
								  : SHD_TRUTH_UNKNOWN;
	struct choice choice = {.rank = -1};

	if (level)
		choice = chosen(eval, level, holds);
	/* What a rule calls its value is shown beside words too: "blocked" is no number. */
	if (code->value && choice.rank < RANK_MEASURED) {
		struct shd_result value;

		eval->hit = eval->of = 0;
		shd_eval(eval, without_lower(eval, code->value), &value);
		verdict->value = value.v;
		verdict->sample_hit = eval->hit;
		verdict->sample_of = eval->of;
	} else if (choice.expr) {
		show_sides(eval, &choice, verdict);
	}
	find_room(eval, code, verdict);
	drop_scratch_text(eval, &verdict->value);
	drop_scratch_text(eval, &verdict->limit);
	eval->missing = missing;
	eval->wake_ms = wake_ms;
}

#include "code.h"

#include "base/text.h"

static const char *const names[] = {
#define X(name) #name,
	SHD_RULE_PART_MAP(X)
#undef X
};

const char *shd_rule_part_name(enum shd_rule_part part)
{
	return names[part];
}

bool shd_rule_part(const struct shd_rule *rule, enum shd_rule_part part, struct shd_text *out)
{
	const char *written = rule->code->written[part];

	if (written)
		shd_text_puts(out, written);
	return written;
}

/* The aggregate that a share, count or ratio is made of, directly or by the name `value`; or NULL.
 */
static const struct shd_expr *counting_aggregate(
	const struct shd_rule_code *code, const struct shd_expr *expr)
{
	if (expr->op == SHD_OP_NAME && expr->ref == SHD_REF_VALUE && code->value)
		expr = code->value;
	if (expr->op == SHD_OP_CALL && expr->function == SHD_FN_ratio)
		expr = expr->args[0];
	bool counts = expr->op == SHD_OP_AGGREGATE &&
		      (expr->aggregate == SHD_AGG_share || expr->aggregate == SHD_AGG_count);
	return counts ? expr : NULL;
}

/* The counting aggregate of the first `>` or `>=` in a condition: more hits are worse; or NULL. */
static const struct shd_expr *find_counted(
	const struct shd_rule_code *code, const struct shd_expr *expr)
{
	const struct shd_expr *found = NULL;

	if (expr->op == SHD_OP_GT || expr->op == SHD_OP_GE)
		return counting_aggregate(code, expr->args[0]);
	if (expr->op == SHD_OP_AND || expr->op == SHD_OP_OR)
		for (uint32_t i = 0; !found && i < expr->count; i++)
			found = find_counted(code, expr->args[i]);
	return found;
}

bool shd_rule_room(const struct shd_rule *rule, enum shd_level level, enum shd_level *ret_next,
	enum shd_kind *ret_kind, struct shd_text *where)
{
	const struct shd_rule_code *code = rule->code;
	int next = (int)level + 1;

	while (next < SHD_LEVEL_COUNT && !code->levels[next])
		next++;
	if (next >= SHD_LEVEL_COUNT)
		return false;
	const struct shd_expr *expr = find_counted(code, code->levels[next]);
	*ret_next = (enum shd_level)next;
	*ret_kind = expr ? expr->kind : SHD_KIND_COUNT;
	if (expr && expr->count > 1)
		shd_expr_print(expr->args[1], where);
	return true;
}

/* By the first part of a condition that says it. */
static enum shd_kind counts(
	const struct shd_rule *rule, const struct shd_expr *expr, enum shd_kind own)
{
	enum shd_kind kind = SHD_KIND_COUNT;

	if (expr->op == SHD_OP_NAME && expr->ref == SHD_REF_VALUE && rule->code->value)
		expr = rule->code->value;
	if (expr->op == SHD_OP_AGGREGATE)
		return expr->aggregate == SHD_AGG_count ? expr->kind : SHD_KIND_COUNT;
	if (expr->op == SHD_OP_NAME)
		return expr->ref == SHD_REF_FIELD && expr->type == SHD_NUMBER &&
				       own == SHD_KIND_stock ? own : SHD_KIND_COUNT;
	bool joins = expr->op == SHD_OP_AND || expr->op == SHD_OP_OR;
	bool compares = expr->op >= SHD_OP_LT && expr->op <= SHD_OP_NE;
	for (uint32_t i = 0; kind == SHD_KIND_COUNT && i < (joins ? expr->count : compares); i++)
		kind = counts(rule, expr->args[i], own);
	return kind;
}

enum shd_kind shd_rule_counts(const struct shd_rule *rule, enum shd_level level)
{
	const struct shd_expr *condition = rule->code->levels[level];

	if (rule->code->value)
		condition = rule->code->value;
	return condition ? counts(rule, condition, rule->each ? rule->kind : SHD_KIND_COUNT)
			 : SHD_KIND_COUNT;
}

bool shd_rule_enabled(const struct shd_rule *rule)
{
	return rule->code->enabled;
}

#include "rule/code.h"

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

static const struct shd_expr *find(const struct shd_rule_code *code, enum shd_rule_part part)
{
	switch (part) {
#define X(name)                                                                                    \
	case SHD_PART_##name:                                                                      \
		return code->name;
		SHD_RULE_PART_MAP(X)
#undef X
	case SHD_PART_COUNT:
		break;
	}
	return NULL;
}

bool shd_rule_part(const struct shd_rule *rule, enum shd_rule_part part, struct shd_text *out)
{
	const struct shd_expr *expr = find(rule->code, part);

	if (expr)
		shd_expr_print(expr, out);
	return expr != NULL;
}

bool shd_rule_enabled(const struct shd_rule *rule)
{
	return rule->code->enabled;
}

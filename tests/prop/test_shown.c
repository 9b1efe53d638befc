/* What a person is shown as the reason of an alert never contradicts it: over all verdicts of
 * tests/rules on the shipped rules, the value stands to its limit as one of the comparisons of
 * the level says, words and equals have no limit, and every level that measures shows what. */
#include "support/pack.h"

#include "trial/scenario.h"

struct seen {
	const struct pack *pack;
	bool *levels; /* by rule and level */
	size_t verdicts, limits;
};

static size_t place_of(const struct pack *pack, const struct shd_rule *rule)
{
	size_t i = 0;

	while (strcmp(shd_rules_at(pack->rules, i)->id, rule->id) != 0)
		i++;
	return i;
}

static bool has_op(const char *condition, const char *op)
{
	char padded[8];

	snprintf(padded, sizeof(padded), " %s ", op);
	return strstr(condition, padded) != NULL;
}

static bool has_order(const char *condition)
{
	return has_op(condition, "<") || has_op(condition, "<=") || has_op(condition, ">") ||
	       has_op(condition, ">=");
}

/* Whether one of the comparisons of the condition can have put the value to this limit. */
static bool fits(
	const char *condition, const struct shd_value *value, const struct shd_value *limit)
{
	if (value->n < limit->n)
		return has_op(condition, "<") || has_op(condition, "<=") || has_op(condition, "!=");
	if (value->n > limit->n)
		return has_op(condition, ">") || has_op(condition, ">=") || has_op(condition, "!=");
	return has_op(condition, "<=") || has_op(condition, ">=");
}

static void judged(void *ctx, const struct shd_rule *rule, const struct shd_verdict *verdict)
{
	struct seen *seen = ctx;
	const struct shd_value *value = &verdict->value, *limit = &verdict->limit;

	if (verdict->judgement != SHD_JUDGED || verdict->level == SHD_LEVEL_NONE)
		return;
	const char *condition = shd_rule_condition(rule, verdict->level);
	const char *level = shd_level_name(verdict->level);
	seen->verdicts++;
	seen->levels[place_of(seen->pack, rule) * SHD_LEVEL_COUNT + verdict->level] = true;
	if (has_order(condition) && !strstr(condition, " or ") && value->none)
		fail_msg("%s %s shows nothing of %s", rule->id, level, condition);
	if (limit->none) {
		if (has_order(condition) && !strstr(condition, " or ") && !strstr(condition, "=="))
			fail_msg("%s %s shows no limit of %s", rule->id, level, condition);
		return;
	}
	seen->limits++;
	if (value->none || limit->type == SHD_TEXT || limit->type == SHD_BOOL ||
		value->type != limit->type)
		fail_msg("%s %s has a limit that is none", rule->id, level);
	if (!fits(condition, value, limit))
		fail_msg("%s %s shows %lld, limit %lld, for %s", rule->id, level,
			(long long)value->n, (long long)limit->n, condition);
}

static void report(void *ctx, const struct shd_scenario_result *result)
{
	(void)ctx;
	if (result->failed || result->unreadable)
		fail_msg("%s:%d: %s", result->file, result->line, result->text);
}

static void run_file(const struct pack *pack, const char *path, struct seen *seen)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(100);
	const struct shd_scenario_listener listener = {report, judged, seen};
	size_t len;
	shd_autofree char *text = pack_read_file(path, &len);
	SHD_AUTO(shd_doc_destroyp) struct shd_doc *doc = shd_doc_parse(path, text, len, diags);

	assert_non_null(doc);
	shd_scenarios_run(doc, pack->rules, NULL, diags, &listener);
}

static void no_value_contradicts_its_limit(void **state)
{
	const struct pack *pack = *state;
	size_t count = shd_rules_count(pack->rules);
	shd_autofree bool *levels = shd_xcalloc(count * SHD_LEVEL_COUNT, sizeof(*levels));
	struct seen seen = {.pack = pack, .levels = levels};
	glob_t files;

	assert_int_equal(glob(SHD_SOURCE_DIR "/tests/rules/*.yaml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++)
		run_file(pack, files.gl_pathv[i], &seen);
	globfree(&files);
	assert_true(seen.limits > 100);
	for (size_t i = 0; i < count; i++) {
		const struct shd_rule *rule = shd_rules_at(pack->rules, i);

		for (int level = SHD_INFO; level < SHD_LEVEL_COUNT; level++)
			if (shd_rule_enabled(rule) &&
				shd_rule_condition(rule, (enum shd_level)level) &&
				!levels[i * SHD_LEVEL_COUNT + (size_t)level])
				fail_msg("no test of %s comes to %s", rule->id,
					shd_level_name((enum shd_level)level));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_value_contradicts_its_limit),
	};
	return cmocka_run_group_tests(tests, pack_load, pack_unload);
}

/* support/rule_set.h - rules of a text, compiled, and judged with what a fake environment holds. */
#pragma once
#include "support/check.h"
#include "support/rule_env.h"

#include "rule/rule.h"
#include "rule/language/word_lists.h"

#include <string.h>

#define T0 1780000000000LL

struct set {
	struct shd_doc *doc;
	struct shd_diags *diags;
	struct shd_word_lists *words;
	struct shd_rules *rules;
};

static inline void set_init(struct set *set, const char *yaml)
{
	SHD_AUTO(shd_text_finish) struct shd_text printed = {0};

	*set = (struct set){.diags = shd_diags_create(100), .words = shd_word_lists_create()};
	set->doc = shd_doc_parse("rules.yaml", yaml, strlen(yaml), set->diags);
	if (set->doc)
		set->rules = shd_rules_compile(&set->doc, 1, NULL, set->words, set->diags);
	if (set->rules)
		return;
	shd_text_init(&printed, 65536);
	shd_diags_print(set->diags, &printed);
	print_error("%s\n", printed.data);
}

static inline void set_finish(struct set *set)
{
	shd_rules_destroy(set->rules);
	shd_word_lists_destroy(set->words);
	shd_doc_destroy(set->doc);
	shd_diags_destroy(set->diags);
}

/* A rule of the set, judged at T0 with what `fake` holds. */
static inline struct shd_verdict judge_one(const struct set *set, const char *id, struct fake *fake)
{
	const struct shd_rule *rule = shd_rules_find(set->rules, id);
	struct shd_verdict verdict;

	assert_non_null(rule);
	fake->env.now.ms = T0;
	shd_rule_judge(rule, &fake->env, &verdict);
	return verdict;
}

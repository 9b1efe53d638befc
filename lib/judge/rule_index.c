#include "parts.h"

#include <stdlib.h>
#include <string.h>

/* Of one kind (SHD_KIND_COUNT: of the whole store), in the order of the files. */
static void add_kind(struct shd_rule_lists *lists, int kind, const struct shd_rule **end)
{
	size_t count = 0;

	for (size_t i = 0; i < shd_rules_count(lists->rules); i++) {
		const struct shd_rule *rule = shd_rules_at(lists->rules, i);

		if ((rule->each ? (int)rule->kind : SHD_KIND_COUNT) == kind)
			end[count++] = rule;
	}
	if (kind < SHD_KIND_COUNT) {
		lists->of_kind[kind] = end;
		lists->of_kind_count[kind] = count;
	} else {
		lists->of_store = end;
		lists->of_store_count = count;
	}
}

static struct shd_rule_lists *add_lists(struct shd_judge *judge, const struct shd_rules *rules)
{
	struct shd_rule_lists *lists = shd_xcalloc(1, sizeof(*lists));
	size_t at = 0;

	lists->rules = rules;
	lists->all = shd_xcalloc(shd_rules_count(rules) + 1, sizeof(const struct shd_rule *));
	for (int kind = 0; kind <= SHD_KIND_COUNT; kind++) {
		add_kind(lists, kind, lists->all + at);
		at += kind < SHD_KIND_COUNT ? lists->of_kind_count[kind] : 0;
	}
	HASH_ADD_PTR(judge->lists, rules, lists);
	return lists;
}

void shd_judge_lists_create(struct shd_judge *judge)
{
	for (size_t i = 0; i <= judge->settings->store_count; i++) {
		const struct shd_rules *rules =
			shd_rules_of(judge->rules, shd_judge_store_id(judge, i));
		struct shd_rule_lists *lists;

		HASH_FIND_PTR(judge->lists, &rules, lists);
		judge->memory[i].lists = lists ? lists : add_lists(judge, rules);
	}
}

void shd_judge_lists_destroy(struct shd_judge *judge)
{
	struct shd_rule_lists *lists, *next;

	HASH_ITER(hh, judge->lists, lists, next) {
		HASH_DEL(judge->lists, lists);
		free(lists->all);
		free(lists->spared);
		free(lists);
	}
}

void shd_judge_spare(struct shd_judge *judge, int64_t ms_per_row, int64_t max_ms)
{
	struct shd_rule_lists *lists, *next;

	judge->put_off_ms_per_row = ms_per_row;
	judge->put_off_max_ms = max_ms;
	HASH_ITER(hh, judge->lists, lists, next)
		if (!lists->spared)
			lists->spared = shd_xcalloc(lists->of_store_count + 1, sizeof(bool));
}

bool shd_judge_spared(const struct shd_judge *judge, const char *rule)
{
	const struct shd_rule_lists *lists, *next;

	HASH_ITER(hh, judge->lists, lists, next)
		for (size_t i = 0; lists->spared && i < lists->of_store_count; i++)
			if (lists->spared[i] && strcmp(lists->of_store[i]->id, rule) == 0)
				return true;
	return false;
}

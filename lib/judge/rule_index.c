#include "parts.h"

#include <stdlib.h>
#include <string.h>

static int by_id(const void *a, const void *b)
{
	const struct shd_place *x = a, *y = b;
	int order = strcmp(x->id, y->id);

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

void shd_judge_sort_places(struct shd_place *places, size_t count)
{
	if (count)
		qsort(places, count, sizeof(*places), by_id);
}

bool shd_judge_find_place(const struct shd_place *places, size_t count, const char *id,
			  size_t *ret_at)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(places[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == count || strcmp(places[low].id, id) != 0)
		return false;
	*ret_at = places[low].at;
	return true;
}

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

static struct shd_rule_lists *add_lists(struct shd_basis *basis, const struct shd_rules *rules)
{
	struct shd_rule_lists *lists = shd_xcalloc(1, sizeof(*lists));
	size_t at = 0;

	lists->rules = rules;
	lists->all = shd_xcalloc(shd_rules_count(rules) + 1, sizeof(const struct shd_rule *));
	for (int kind = 0; kind <= SHD_KIND_COUNT; kind++) {
		add_kind(lists, kind, lists->all + at);
		at += kind < SHD_KIND_COUNT ? lists->of_kind_count[kind] : 0;
	}
	lists->places = shd_xcalloc(lists->of_store_count + 1, sizeof(*lists->places));
	for (size_t i = 0; i < lists->of_store_count; i++)
		lists->places[i] = (struct shd_place){lists->of_store[i]->id, i};
	shd_judge_sort_places(lists->places, lists->of_store_count);
	HASH_ADD_PTR(basis->lists, rules, lists);
	return lists;
}

void shd_judge_lists_create(struct shd_basis *basis)
{
	for (size_t i = 0; i < basis->memory_count; i++) {
		const struct shd_rules *rules = shd_rules_of(basis->in.rules, basis->memory[i].id);
		struct shd_rule_lists *lists;

		HASH_FIND_PTR(basis->lists, &rules, lists);
		basis->memory[i].lists = lists ? lists : add_lists(basis, rules);
	}
}

void shd_judge_lists_destroy(struct shd_basis *basis)
{
	struct shd_rule_lists *lists, *next;

	HASH_ITER(hh, basis->lists, lists, next) {
		HASH_DEL(basis->lists, lists);
		free(lists->all);
		free(lists->places);
		free(lists);
	}
}

/* The rules as single stores have them: a store's own overrides go over those of all stores, and
 * those over the rule. Stores with equal overrides share their variant, and a variant shares the
 * rules that it does not change. */
#include "base/text.h"
#include "compile.h"

#include <stdlib.h>
#include <string.h>

/* Adds the diagnostics `from` to `to`; returns whether one of them is about this file. */
static bool move_diags(const struct shd_diags *from, const char *file, struct shd_diags *to)
{
	bool there = false;

	for (size_t i = 0; i < shd_diags_count(from); i++) {
		const struct shd_diag *diag = shd_diags_at(from, i);

		there |= strcmp(diag->file, file) == 0;
		shd_diags_add(to, diag);
	}
	return there;
}

/* Compiles rule `i` with a store's override; NULL: that has mistakes. The rule itself has none, so
 * the override causes every mistake, even one that is found in the file of the rule. */
static const struct shd_rule *compile_overridden_rule(
	struct shd_compiler *compiler, size_t i, const struct shd_node *override)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *heard = shd_diags_create(100);
	struct shd_diags *diags = compiler->diags;
	const char *id = compiler->rules->items[i]->id;

	compiler->layers[SHD_LAYER_STORE] = override;
	compiler->layers[SHD_LAYER_STORES] = shd_node_get(compiler->overrides, id);
	compiler->layers[SHD_LAYER_RULE] = compiler->rules->origins[i].map;
	compiler->diags = heard;
	const struct shd_rule *rule = shd_compile_rule(compiler, id);
	compiler->diags = diags;
	if (!shd_diags_mistakes(heard))
		return rule;
	if (!move_diags(heard, shd_doc_file(override->doc), diags))
		shd_node_mistake(override, diags, NULL,
			"what this changes does not go with the rest of rule '%s'", id);
	return NULL;
}

/* Compiles all rules with a store's overrides; NULL: mistakes were reported. */
static const struct shd_rules *compile_variant(
	struct shd_compiler *compiler, const struct shd_node *overrides)
{
	const struct shd_rules *all = compiler->rules;
	size_t before = shd_diags_mistakes(compiler->diags);

	shd_compile_check_overrides(compiler, overrides);
	struct shd_rules *own = shd_compiler_alloc(compiler, 1, sizeof(*own));
	const struct shd_rule **items = shd_compiler_alloc(compiler, all->count, sizeof(*items));
	if (!own || !items)
		return NULL;
	*own = (struct shd_rules){.items = items, .count = all->count};
	for (size_t i = 0; i < all->count; i++) {
		const struct shd_node *override = shd_node_get(overrides, all->items[i]->id);

		items[i] = all->items[i];
		if (override && override->type == SHD_NODE_MAP && !all->origins[i].bad)
			items[i] = compile_overridden_rule(compiler, i, override);
	}
	shd_compile_check_inhibition(compiler, own, overrides);
	return shd_diags_mistakes(compiler->diags) == before ? own : NULL;
}

/* The rules of an earlier store with equal overrides; NULL: there is none. */
static const struct shd_rules *find_equal(
	const struct shd_rules *rules, const struct shd_node *overrides, uint64_t hash)
{
	for (size_t i = 0; i < rules->variant_count; i++) {
		const struct shd_variant *variant = &rules->variants[i];

		if (variant->hash == hash && variant->rules &&
			shd_node_same(variant->overrides, overrides))
			return variant->rules;
	}
	return NULL;
}

static int by_store(const void *a, const void *b)
{
	const struct shd_variant *x = a, *y = b;

	return strcmp(x->store, y->store);
}

void shd_compile_variants(struct shd_compiler *compiler, const struct shd_rule_setup *setup)
{
	struct shd_rules *rules = compiler->rules;
	size_t room = 0;

	for (size_t i = 0; i < setup->store_count; i++) {
		const struct shd_node *overrides = setup->stores[i].overrides;

		if (!overrides)
			continue;
		struct shd_variant variant = {.store = setup->stores[i].id,
			.overrides = overrides, .hash = shd_node_hash(overrides)};
		variant.rules = find_equal(rules, overrides, variant.hash);
		if (!variant.rules)
			variant.rules = compile_variant(compiler, overrides);
		shd_grow(rules->variants, rules->variant_count, room);
		rules->variants[rules->variant_count++] = variant;
	}
	if (rules->variant_count)
		qsort(rules->variants, rules->variant_count, sizeof(*rules->variants), by_store);
}

const struct shd_rules *shd_rules_of(const struct shd_rules *rules, const char *store)
{
	const struct shd_variant key = {.store = store};
	const struct shd_variant *found = NULL;

	if (rules && rules->variant_count)
		found = bsearch(&key, rules->variants, rules->variant_count,
			sizeof(*rules->variants), by_store);
	return found ? found->rules : rules;
}

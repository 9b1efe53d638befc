/* `inhibited_by`: the rules whose alert keeps those of another rule from being told. */
#include "base/text.h"
#include "compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 16 };

static const char usage[] = "inhibited_by: credentials-refused, or [a-rule, another-rule]";

void shd_compile_inhibited_by(struct shd_compiler *compiler)
{
	const struct shd_node *node = shd_compiler_find(compiler, "inhibited_by");
	bool list = node && node->type == SHD_NODE_LIST;
	size_t count = list ? node->count : node != NULL;

	if (!node)
		return;
	if (node->type == SHD_NODE_MAP || count > NAMES_MAX) {
		shd_node_mistake(node, compiler->diags, usage,
			"`inhibited_by` must be the name of a rule, or a list of at most %d",
			NAMES_MAX);
		return;
	}
	const char **names = shd_compiler_alloc(compiler, count, sizeof(*names));
	for (size_t i = 0; names && i < count; i++) {
		const struct shd_node *name = list ? &node->items[i] : node;

		if (name->type != SHD_NODE_SCALAR) {
			shd_node_mistake(name, compiler->diags, usage,
				"a rule in `inhibited_by` must be a name");
			return;
		}
		names[i] = shd_compiler_text(compiler, name->text);
		if (!names[i])
			return;
	}
	compiler->rule->inhibited_by = names;
	compiler->rule->inhibited_by_count = names ? count : 0;
}

/* NULL stands in a set for a rule with mistakes. */
static bool is_named(const struct shd_rule *rule, const char *id)
{
	return rule && strcmp(rule->id, id) == 0;
}

static const struct shd_rule *find(const struct shd_rules *rules, const char *id)
{
	for (size_t i = 0; i < rules->count; i++)
		if (is_named(rules->items[i], id))
			return rules->items[i];
	return NULL;
}

/* A rule that is tried alone has none of the others beside it: it is told more often then. */
static void doubt_unknown(struct shd_compiler *compiler, const struct shd_rules *rules,
			   const struct shd_node *node, const char *name)
{
	const char **ids shd_autofree = shd_xcalloc(rules->count + 1, sizeof(*ids));
	char hint[100];

	for (size_t i = 0; i < rules->count; i++)
		ids[i] = rules->items[i] ? rules->items[i]->id : "";
	const char *near = shd_nearest(name, ids, rules->count);
	snprintf(hint, sizeof(hint), "did you mean '%s'?", near ? near : "");
	shd_node_warn(node, compiler->diags, near ? hint : NULL,
		"there is no rule '%s': it holds back nothing", name);
}

/* Whether `id` is among the rules that inhibit `rule`, or that inhibit those. `seen` marks,
 * by place in the set, whose rules were followed. */
static bool reaches(const struct shd_rules *rules, const struct shd_rule *rule, const char *id,
		    bool *seen)
{
	for (size_t i = 0; i < rule->inhibited_by_count; i++) {
		size_t at = 0;

		if (strcmp(rule->inhibited_by[i], id) == 0)
			return true;
		while (at < rules->count && !is_named(rules->items[at], rule->inhibited_by[i]))
			at++;
		if (at == rules->count || seen[at])
			continue;
		seen[at] = true;
		if (reaches(rules, rules->items[at], id, seen))
			return true;
	}
	return false;
}

static bool is_circle(const struct shd_rules *rules, const struct shd_rule *rule,
		      const struct shd_rule *other)
{
	bool *seen shd_autofree = shd_xcalloc(rules->count + 1, sizeof(*seen));

	return other == rule || reaches(rules, other, rule->id, seen);
}

static void check_one(struct shd_compiler *compiler, const struct shd_rules *rules,
		      const struct shd_rule *rule, const struct shd_node *node, const char *name)
{
	const struct shd_rule *other = find(rules, name);

	if (!other)
		doubt_unknown(compiler, rules, node, name);
	else if (is_circle(rules, rule, other))
		shd_node_mistake(node, compiler->diags, "one of a circle has to be told",
			"rule '%s' would hold back itself%s%s%s", rule->id,
			other == rule ? "" : ", by '", other == rule ? "" : name,
			other == rule ? "" : "'");
	else if (other->each && (!rule->each || rule->kind != other->kind))
		shd_node_mistake(node, compiler->diags,
			"a rule of the whole store, or one with the same `each`",
			"rule '%s' is judged for each %s: which one holds this back is not said",
			name, shd_kind_name(other->kind));
}

void shd_compile_check_inhibition(struct shd_compiler *compiler, const struct shd_rules *rules,
				  const struct shd_node *store_overrides)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct shd_rule *rule = rules->items[i];

		if (!rule || !rule->inhibited_by_count)
			continue;
		compiler->layers[SHD_LAYER_STORE] = shd_node_get(store_overrides, rule->id);
		compiler->layers[SHD_LAYER_STORES] = shd_node_get(compiler->overrides, rule->id);
		compiler->layers[SHD_LAYER_RULE] = compiler->rules->origins[i].map;
		const struct shd_node *node = shd_compiler_find(compiler, "inhibited_by");
		for (size_t k = 0; k < rule->inhibited_by_count; k++)
			check_one(compiler, rules, rule,
				node->type == SHD_NODE_LIST ? &node->items[k] : node,
				rule->inhibited_by[k]);
	}
	compiler->layers[SHD_LAYER_STORE] = NULL;
}

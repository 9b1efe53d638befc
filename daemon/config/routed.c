/* Whether the routes fit the rules and the stores that there are. */
#include "tried.h"

#include "rule/match.h"

#include <stdio.h>
#include <string.h>

/* What looking at the names of one route knows. */
struct look {
	const struct shd_config *config;
	const struct shd_node *node;
	struct shd_diags *diags;
};

/* --- names --------------------------------------------------------------------------------- */

/* Labels of stores and of rules. */
static const struct shd_pairs *labels_at(const struct shd_config *config, size_t i)
{
	size_t stores = config->settings->store_count;

	return i < stores ? &config->settings->stores[i].labels
			  : &shd_rules_at(config->rules, i - stores)->labels;
}

static size_t labelled_count(const struct shd_config *config)
{
	return config->settings->store_count + shd_rules_count(config->rules);
}

/* All names of labels, or (label not NULL) the values that this one has. Owned. */
static const char **collect_labels(
	const struct shd_config *config, const char *label, size_t *ret_count)
{
	const char **found = NULL;
	size_t count = 0, room = 0;

	for (size_t i = 0; i < labelled_count(config); i++) {
		const struct shd_pairs *pairs = labels_at(config, i);

		for (size_t p = 0; p < pairs->count; p++) {
			if (label && strcmp(pairs->names[p], label) != 0)
				continue;
			shd_grow(found, count, room);
			found[count++] = label ? pairs->values[p] : pairs->names[p];
		}
	}
	*ret_count = count;
	return found;
}

static const char **collect(const struct shd_config *config, const char *fact, size_t *ret_count)
{
	const struct shd_settings *settings = config->settings;
	bool rules = strcmp(fact, "rule") == 0, stores = strcmp(fact, "store") == 0;
	size_t count = rules ? shd_rules_count(config->rules) : settings->store_count;

	if (strncmp(fact, "labels.", 7) == 0)
		return collect_labels(config, fact + 7, ret_count);
	/* What the daemon says of itself belongs to a store of this name. */
	const char **names = shd_xcalloc(count + 1, sizeof(*names));
	for (size_t i = 0; i < count; i++)
		names[i] = rules    ? shd_rules_at(config->rules, i)->id
			   : stores ? settings->stores[i].id
				    : settings->stores[i].marketplace;
	if (stores)
		names[count++] = "daemon";
	*ret_count = count;
	return names;
}

static bool has(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void look_at_name(void *ctx, const char *fact, const char *word, size_t at, size_t width)
{
	const struct look *look = ctx;
	bool label = strncmp(fact, "labels.", 7) == 0;
	const char *sought = word ? word : fact + 7;
	size_t count;
	const char **names shd_autofree = word ? collect(look->config, fact, &count)
					       : collect_labels(look->config, NULL, &count);
	char hint[120];

	if (has(names, count, sought) || strcmp(fact, "level") == 0 || (label && word && !count))
		return; /* of a label that there is not, it was said */
	const char *near = shd_nearest(sought, names, count);
	if (near)
		snprintf(hint, sizeof(hint), "did you mean %.100s ?", near);
	if (!word)
		shd_node_warn_at(look->node, at, width, look->diags, near ? hint : NULL,
			"no store and no rule has the label '%s'", sought);
	else if (label)
		shd_node_warn_at(look->node, at, width, look->diags, near ? hint : NULL,
			"the label %s of no store and no rule is '%s'", fact + 7, sought);
	else
		shd_node_warn_at(look->node, at, width, look->diags, near ? hint : NULL,
			"no %s is called '%s'", fact, sought);
}

/* --- levels -------------------------------------------------------------------------------- */

static bool is_taken(const struct shd_settings *settings, const struct shd_match_facts *facts)
{
	for (size_t i = 0; i < settings->route_count; i++) {
		const struct shd_route *route = &settings->routing[i];

		if (!route->match || shd_match_holds(route->match, facts))
			return true;
	}
	return false;
}

/* Whether a route takes an alert of this level, of any rule and store. *ret_rule is one that
 * can have the level; NULL: none can. */
static bool is_told(const struct shd_config *config, enum shd_level level, const char **ret_rule)
{
	const struct shd_settings *settings = config->settings;

	*ret_rule = NULL;
	for (size_t r = 0; r < shd_rules_count(config->rules); r++) {
		const struct shd_rule *rule = shd_rules_at(config->rules, r);

		if (!shd_rule_condition(rule, level))
			continue;
		*ret_rule = rule->id;
		for (size_t s = 0; s < settings->store_count; s++) {
			const struct shd_store *store = &settings->stores[s];
			const struct shd_match_facts facts = {.rule = rule->id, .store = store->id,
				.marketplace = store->marketplace, .level = level,
				.store_labels = &store->labels, .rule_labels = &rule->labels};

			if (is_taken(settings, &facts))
				return true;
		}
	}
	return false;
}

static void check_levels(const struct shd_config *config, struct shd_diags *diags)
{
	const struct shd_settings *settings = config->settings;
	const char *rule;

	for (enum shd_level level = SHD_INFO; level < SHD_LEVEL_COUNT; level++)
		if (!is_told(config, level, &rule) && rule)
			shd_node_warn(settings->routes[settings->route_count - 1].node, diags,
				"add a route without `match` at the end",
				"nobody is told of an alert of the level %s (of %s, say)",
				shd_level_name(level), rule);
}

void shd_config_check_routes(const struct shd_config *config, const char *path,
			     struct shd_diags *diags)
{
	const struct shd_settings *settings = config->settings;
	const struct shd_diag nobody = {.severity = SHD_WARNING, .file = path,
		.text = "nobody is told of anything: there is no channel",
		.hint = "add one below `channels`"};

	if (!settings->channel_count) {
		shd_diags_add(diags, &nobody);
		return;
	}
	if (!config->rules)
		return;
	for (size_t i = 0; i < settings->route_count; i++) {
		const struct shd_route_settings *route = &settings->routes[i];
		struct look look = {config, route->match_node, diags};

		if (route->compiled)
			shd_match_each_name(route->compiled, look_at_name, &look);
	}
	if (settings->route_count && settings->routes->node)
		check_levels(config, diags);
}

#include "conf/merge.h"
#include "market/adapter.h"
#include "rule/match.h"
#include "sections.h"
#include "tables.h"

#include <stdlib.h>
#include <string.h>

/* Documents are limited one by one, and so is their number; this bounds the rest. */
enum { ARENA_MAX = 1 << 30 };

enum { KEY_MAX = 64 }; /* as the option rows have it for the `id` of a store */

/* The maps of all documents as one; NULL when no file says anything. */
static const struct shd_node *merge_all(struct shd_build *build)
{
	struct shd_settings *settings = build->settings;
	struct shd_node *all = NULL;

	for (size_t i = 0; i < settings->doc_count; i++) {
		const struct shd_node *root = shd_doc_root(settings->docs[i]);

		if (!root)
			continue;
		if (root->type != SHD_NODE_MAP) {
			shd_node_mistake(root, build->diags, NULL,
				"a configuration is a map of keys and values");
			continue;
		}
		if (!all) {
			all = shd_build_take(build, 1, sizeof(*all));
			*all = *root;
		} else {
			*all = shd_node_merge(all, root, "", settings->arena, build->diags);
		}
	}
	return all;
}

static void check_listen(struct shd_build *build, const struct shd_node *root)
{
	const struct shd_node *node = shd_node_get(root, "listen");

	if (node && node->type == SHD_NODE_SCALAR && node->len &&
		strncmp(node->text, "unix:/", 6) != 0)
		shd_node_mistake(node, build->diags, "write unix:/run/storehealthd/api.sock",
			"`listen` is `%s`, expected unix:/PATH", node->text);
}

static size_t items_of(const struct shd_node *section)
{
	return section ? section->count : 0;
}

static void read_top(struct shd_build *build, const struct shd_node *root)
{
	struct shd_settings *settings = build->settings;
	struct shd_top top = {0};
	struct shd_retention retention = {0};

	shd_options_apply(root, shd_top_options, shd_top_option_count, &top, "the configuration",
		settings->arena, build->diags);
	check_listen(build, root);
	shd_options_apply(top.retention, shd_retention_options, shd_retention_option_count,
		&retention, "retention", settings->arena, build->diags);
	settings->listen = top.listen;
	settings->public_url = top.public_url;
	settings->state_path = top.state_path;
	settings->in_flight_max = top.in_flight_max;
	settings->answers_max_bytes = top.answers_max_bytes;
	settings->blind_after = top.blind_after;
	settings->keep_samples_ms = retention.samples_ms;
	settings->keep_events_ms = retention.events_ms;
	settings->keep_deliveries_ms = retention.deliveries_ms;
	settings->keep_history_ms = retention.history_ms;
	settings->overrides = shd_build_overrides(build, top.overrides);
	shd_calendars_build(build, top.calendars);
	shd_credentials_build(build, top.credentials);
	settings->sources = shd_build_take(
		build, items_of(top.stores) + items_of(top.carriers), sizeof(*settings->sources));
	shd_stores_build(build, top.stores);
	shd_carriers_build(build, top.carriers);
	shd_credentials_check(build);
	shd_sources_warn(build);
	shd_channels_build(build, top.channels);
	shd_routes_build(build, top.routes);
}

struct shd_settings *shd_settings_build(struct shd_doc **docs, size_t count,
					const struct shd_known *known, struct shd_diags *diags)
{
	const struct shd_known all = {.adapters = shd_adapters,
		.adapter_count = shd_adapter_count,
		.notifiers = shd_notifiers,
		.notifier_count = shd_notifier_count};
	struct shd_settings *settings = shd_xcalloc(1, sizeof(*settings));
	struct shd_build build = {
		.settings = settings, .known = known ? known : &all, .diags = diags};
	size_t mistakes = shd_diags_mistakes(diags);

	settings->arena = shd_arena_create(ARENA_MAX);
	settings->docs = shd_xcalloc(count, sizeof(struct shd_doc *));
	settings->doc_count = count;
	for (size_t i = 0; i < count; i++)
		settings->docs[i] = docs[i];
	read_top(&build, merge_all(&build));
	if (shd_diags_mistakes(diags) == mistakes)
		return settings;
	shd_settings_destroy(settings);
	return NULL;
}

void shd_settings_forget_files(struct shd_settings *settings)
{
	for (size_t i = 0; i < settings->doc_count; i++)
		shd_doc_destroy(settings->docs[i]);
	free(shd_steal(settings->docs));
	settings->doc_count = 0;
	settings->overrides = NULL;
	for (size_t i = 0; i < settings->store_count; i++)
		settings->stores[i].node = settings->stores[i].overrides = NULL;
	for (size_t i = 0; i < settings->source_count; i++)
		settings->sources[i].node = NULL;
	for (size_t i = 0; i < settings->channel_count; i++)
		settings->channels[i].node = NULL;
	for (size_t i = 0; i < settings->route_count; i++)
		settings->routes[i].node = settings->routes[i].match_node = NULL;
}

void shd_settings_destroy(struct shd_settings *settings)
{
	if (!settings)
		return;
	shd_settings_forget_files(settings);
	for (size_t i = 0; i < settings->route_count; i++)
		shd_match_destroy(settings->routes[i].compiled);
	shd_arena_destroy(settings->arena);
	free(settings);
}

void *shd_build_take(struct shd_build *build, size_t count, size_t size)
{
	void *memory = shd_arena_alloc(build->settings->arena, count, size);

	shd_assert(memory);
	return memory;
}

const char *shd_build_text(struct shd_build *build, const char *text, size_t len)
{
	const char *copy = shd_arena_text(build->settings->arena, text, len);

	shd_assert(copy);
	return copy;
}

bool shd_build_name(struct shd_build *build, const struct shd_node *node, const char *what)
{
	size_t good = strspn(node->text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (node->len == 0 || good == node->len)
		return node->len > 0;
	shd_node_mistake_at(node, good, 1, build->diags, "use a-z, 0-9 and `-`",
		"this character cannot be in the name of a %s", what);
	return false;
}

bool shd_build_key(struct shd_build *build, const struct shd_node *node, const char *what)
{
	if (node->len == 0)
		shd_node_mistake(node, build->diags, "write NAME: {...}", "a %s without a name",
			what);
	else if (node->len > KEY_MAX)
		shd_node_mistake(node, build->diags, NULL,
			"the name of a %s is %zu characters long, expected 1 to %d", what,
			node->len, KEY_MAX);
	return node->len <= KEY_MAX && shd_build_name(build, node, what);
}

const struct shd_node *shd_build_overrides(struct shd_build *build, const struct shd_node *node)
{
	if (!node || node->type == SHD_NODE_MAP)
		return node;
	if (node->type != SHD_NODE_SCALAR || node->len)
		shd_node_mistake(node, build->diags, NULL, "`overrides` must be a map of rule ids");
	return NULL;
}

struct shd_option_use shd_build_use(const struct shd_option *table, size_t count, void *target)
{
	static const struct shd_option none[1];

	if (target && !table)
		table = none;
	return (struct shd_option_use){.table = table, .count = count, .target = target};
}

struct shd_rule_setup shd_settings_for_rules(const struct shd_settings *settings)
{
	if (!settings)
		return (struct shd_rule_setup){0};
	return (struct shd_rule_setup){.overrides = settings->overrides,
		.calendars = &settings->calendars,
		.stores = settings->stores,
		.store_count = settings->store_count};
}

struct shd_judge_in shd_settings_for_judge(const struct shd_settings *settings)
{
	return (struct shd_judge_in){.stores = settings->stores,
		.store_count = settings->store_count,
		.sources = settings->sources,
		.source_count = settings->source_count,
		.channels = settings->channels,
		.channel_count = settings->channel_count,
		.routes = {settings->routing, settings->route_count, settings->channel_names},
		.blind_after = settings->blind_after,
		.keep_samples_ms = settings->keep_samples_ms};
}

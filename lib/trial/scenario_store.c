/* The store of a test: as configured, changed by the `store` of the file, then by that of the
 * test. */
#include "scenario_parts.h"

#include "base/text.h"
#include "rule/language/expr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store_parts {
	const char *calendar;
	const struct shd_node *marketplace, *opened;
};

#define AT(type, member) offsetof(struct type, member)
#define SETTING(name, type, words, doc)                                                            \
	{#name, SHD_OPT_##type, AT(shd_store, name), false, NULL, 0, 0, words, doc}

static const char *const store_kinds[] = {"local", "crossborder", NULL};

static const struct shd_option store_options[] = {
	SETTING(id, TEXT, NULL, "The store's id."),
	SETTING(kind, WORD, store_kinds, "Where it sells from."),
	SETTING(region, TEXT, NULL, "Its region."),
	SETTING(timezone, ZONE, NULL, "Its time zone."),
	SETTING(currency, TEXT, NULL, "Its currency, such as RUB."),
	SETTING(labels, PAIRS, NULL, "Its labels."),
};

static const struct shd_option store_parts_options[] = {
	{"calendar", SHD_OPT_TEXT, AT(store_parts, calendar), false, NULL, 0, 0, NULL,
		"Its business days, one of the configuration's calendars."},
	{"marketplace", SHD_OPT_NODE, AT(store_parts, marketplace), false, NULL, 0, 0, NULL,
		"The marketplace."},
	{"opened", SHD_OPT_NODE, AT(store_parts, opened), false, NULL, 0, 0, NULL,
		"When the seller opened it."},
};

static const char *marketplace_words(void)
{
	static const char *const words[] = {
#define X(name, type, list, doc) [SHD_OF_STORE_##name] = (list),
		SHD_STORE_NAME_MAP(X)
#undef X
	};
	return words[SHD_OF_STORE_marketplace];
}

static void find_calendar(
	struct shd_scenario *scenario, const struct shd_node *store, const char *name)
{
	const struct shd_calendars none = {0};
	const struct shd_calendars *all = scenario->config ? &scenario->config->calendars : &none;
	const char **names shd_autofree = shd_xcalloc(all->count + 1, sizeof(*names));

	scenario->settings.calendar = shd_calendar_find(all, name);
	if (scenario->settings.calendar)
		return;
	for (size_t i = 0; i < all->count; i++)
		names[i] = all->items[i].name;
	const struct shd_node *node = shd_node_get(store, "calendar");
	if (scenario->config)
		shd_scenario_unknown(
			scenario, node, "no calendar is called", name, names, all->count);
	else
		shd_node_mistake(node, scenario->diags, "give the configuration: --config FILE",
			"no calendar is called `%s`", name);
}

static void read_store(struct shd_scenario *scenario, const struct shd_node *store)
{
	struct store_parts parts = {0};
	struct shd_value name;
	const struct shd_option_use uses[] = {
		{store_options, SHD_COUNT(store_options), &scenario->settings},
		{store_parts_options, SHD_COUNT(store_parts_options), &parts},
	};

	shd_options_apply_all(store, uses, SHD_COUNT(uses), "the store of a test", scenario->arena,
		scenario->diags);
	if (parts.marketplace &&
		shd_scenario_value(scenario, parts.marketplace, SHD_TEXT, marketplace_words(),
			"`marketplace`", &name) &&
		!name.none)
		scenario->settings.marketplace = name.text;
	if (scenario->settings.timezone)
		scenario->settings.zone =
			shd_zone_make(scenario->settings.timezone, scenario->arena);
	if (parts.calendar)
		find_calendar(scenario, store, parts.calendar);
	if (parts.opened)
		shd_scenario_instant(scenario, parts.opened, &scenario->settings.opened);
}

/* Copies the store of the configuration whose id is node's text. */
static void copy_configured(struct shd_scenario *scenario, const struct shd_node *node)
{
	const struct shd_settings *config = scenario->config;
	const char **ids shd_autofree = shd_xcalloc(config->store_count + 1, sizeof(*ids));

	for (size_t i = 0; i < config->store_count; i++) {
		ids[i] = config->stores[i].id;
		if (strcmp(ids[i], node->text) != 0)
			continue;
		scenario->settings = config->stores[i];
		scenario->every_ms = config->sources[i].every_ms;
		scenario->rules = shd_rules_of(scenario->rules, ids[i]);
		return;
	}
	shd_scenario_unknown(scenario, node, "no store of the configuration is called", node->text,
		ids, config->store_count);
}

void shd_scenario_store(struct shd_scenario *scenario, const struct shd_node *file_store,
	bool file_store_checked, const struct shd_node *own)
{
	struct shd_diags *ignored SHD_AUTO(shd_diags_destroyp) = shd_diags_create(0);
	struct shd_diags *diags = scenario->diags;
	const struct shd_node *id = shd_node_get(own, "id");

	scenario->settings =
		(struct shd_store){.id = "test", .timezone = "UTC", .marketplace = "ozon"};
	scenario->every_ms = NULL;
	id = id ? id : shd_node_get(file_store, "id");
	if (scenario->config && id && id->type == SHD_NODE_SCALAR)
		copy_configured(scenario, id);
	scenario->diags = file_store_checked ? ignored : diags;
	read_store(scenario, file_store);
	scenario->diags = diags;
	read_store(scenario, own);
}

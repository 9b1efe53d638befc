#include "base/currency.h"
#include "sections.h"
#include "tables.h"
#include "conf/value.h"
#include "market/adapter.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

/* The section `stores` may be a list only. */
static bool is_list(struct shd_build *build, const struct shd_node *node)
{
	if (!node || (node->type == SHD_NODE_SCALAR && !node->len))
		return false;
	if (node->type == SHD_NODE_LIST)
		return true;
	shd_node_mistake(node, build->diags, "begin each store with `- id: NAME`",
		"`stores` must be a list");
	return false;
}

const struct shd_adapter *shd_build_adapter(struct shd_build *build, const struct shd_node *node,
					    bool carrier, const char *lead)
{
	struct shd_complaint complaint = {0};
	const char *names[64];
	size_t count = 0;

	for (size_t i = 0; i < build->known->adapter_count && count < SHD_COUNT(names); i++) {
		const struct shd_adapter *adapter = build->known->adapters[i];

		if (adapter->carrier != carrier)
			continue;
		if (strcmp(adapter->name, node->text) == 0)
			return adapter;
		names[count++] = adapter->name;
	}
	shd_complain_word(&complaint, node->text, names, count, lead);
	shd_node_mistake(node, build->diags, complaint.hint[0] ? complaint.hint : NULL, "%s",
		complaint.text);
	return NULL;
}

static const struct shd_adapter *find_adapter(struct shd_build *build, const struct shd_node *map)
{
	const struct shd_node *node = shd_node_get(map, "marketplace");

	if (!node || node->type != SHD_NODE_SCALAR || !node->len)
		return NULL;
	return shd_build_adapter(build, node, false, "no marketplace is called");
}

static void check_id(struct shd_build *build, const struct shd_node *map)
{
	const struct shd_node *id = shd_node_get(map, "id");

	if (!id || id->type != SHD_NODE_SCALAR || !shd_build_name(build, id, "store"))
		return;
	if (strcmp(id->text, "daemon") == 0)
		shd_node_mistake(id, build->diags, "choose another name",
			"`daemon` is the program itself and cannot be a store");
}

static void check_currency(struct shd_build *build, const struct shd_node *map)
{
	const struct shd_node *node = shd_node_get(map, "currency");

	if (!node || node->type != SHD_NODE_SCALAR || node->len != 3 ||
		shd_currency_known(node->text))
		return;
	const char *meant = shd_currency_meant(node->text);
	char hint[40];
	snprintf(hint, sizeof(hint), "did you mean %s ?", meant ? meant : "");
	shd_node_mistake(node, build->diags, meant ? hint : NULL,
		"`currency` is `%s`, expected a code of ISO 4217 such as RUB", node->text);
}

/* One table for all stores of a zone. */
static const struct shd_zone *take_zone(
	struct shd_build *build, const struct shd_store *store)
{
	const struct shd_store *first = build->settings->stores;

	for (; first != store; first++)
		if (first->timezone && strcmp(first->timezone, store->timezone) == 0)
			return first->zone;
	return shd_zone_make(store->timezone, build->settings->arena);
}

static void find_calendar(struct shd_build *build, struct shd_store *store,
			  const struct shd_node *map, const char *name)
{
	const struct shd_calendars *calendars = &build->settings->calendars;
	struct shd_complaint complaint = {0};

	if (!name)
		return;
	store->calendar = shd_calendar_find(calendars, name);
	if (store->calendar)
		return;
	const char **names shd_autofree = shd_xcalloc(calendars->count + 1, sizeof(*names));
	for (size_t i = 0; i < calendars->count; i++)
		names[i] = calendars->items[i].name;
	shd_complain_word(&complaint, name, names, calendars->count, "no calendar is called");
	shd_node_mistake(shd_node_get(map, "calendar"), build->diags,
		complaint.hint[0] ? complaint.hint : NULL, "%s", complaint.text);
}

static void read_store(struct shd_build *build, struct shd_store *store, const struct shd_node *map)
{
	struct shd_source *source = &build->settings->sources[build->settings->source_count++];
	const struct shd_adapter *adapter = find_adapter(build, map);
	struct shd_store_parts parts = {0};
	struct shd_source_draft draft;

	*store = (struct shd_store){.source = source,
		.page = adapter ? adapter->page : NULL,
		.kind_page = adapter ? adapter->kind_page : NULL,
		.node = map};
	shd_source_start(build, &draft, source, adapter, map);
	source->store = store;
	const struct shd_option_use uses[] = {
		{shd_store_options, shd_store_option_count, store},
		{shd_store_parts_options, shd_store_parts_option_count, &parts},
		SHD_SOURCE_USES(&draft),
	};
	shd_options_apply_all(map, uses, SHD_COUNT(uses), "a store", build->settings->arena,
		build->diags);
	if (map->type != SHD_NODE_MAP) {
		shd_source_end(build, &draft, NULL, map);
		return;
	}
	if (store->timezone)
		store->zone = take_zone(build, store);
	find_calendar(build, store, map, parts.calendar);
	check_id(build, map);
	check_currency(build, map);
	shd_source_end(build, &draft, store->id, map);
	store->overrides = shd_build_overrides(build, parts.overrides);
}

static int by_id(const void *a, const void *b)
{
	const struct shd_store *const *x = a, *const *y = b;
	int order = strcmp((*x)->id, (*y)->id);

	return order ? order : (*x > *y) - (*x < *y);
}

static void refuse_duplicate_ids(struct shd_build *build)
{
	const struct shd_settings *settings = build->settings;
	const struct shd_store **sorted shd_autofree =
		shd_xcalloc(settings->store_count, sizeof(*sorted));
	size_t count = 0;

	for (size_t i = 0; i < settings->store_count; i++) {
		if (settings->stores[i].id)
			sorted[count++] = &settings->stores[i];
	}
	qsort(sorted, count, sizeof(*sorted), by_id);
	for (size_t i = 1, first = 0; i < count; i++) {
		if (strcmp(sorted[first]->id, sorted[i]->id) != 0) {
			first = i;
			continue;
		}
		shd_node_mistake(shd_node_get(sorted[i]->node, "id"), build->diags, NULL,
			"two stores are called `%s`, the first in %s:%d", sorted[i]->id,
			shd_doc_file(sorted[first]->node->doc), sorted[first]->node->line);
	}
}

void shd_stores_build(struct shd_build *build, const struct shd_node *node)
{
	struct shd_settings *settings = build->settings;

	if (!is_list(build, node))
		return;
	settings->store_count = node->count;
	settings->stores = shd_build_take(build, node->count, sizeof(*settings->stores));
	for (size_t i = 0; i < node->count; i++)
		read_store(build, &settings->stores[i], &node->items[i]);
	refuse_duplicate_ids(build);
}

/* Sources without a store: what they bring is of the stores of whoever has the parcel. */
#include "conf/value.h"
#include "market/adapter.h"
#include "sections.h"
#include "tables.h"

#include <string.h>

static const struct shd_adapter *find_carrier(struct shd_build *build, const struct shd_node *name,
	const struct shd_node *map)
{
	const struct shd_node *node = shd_node_get(map, "carrier");

	if (!node || node->type != SHD_NODE_SCALAR || !node->len)
		node = name;
	return shd_build_adapter(build, node, true, "no carrier is called");
}

static void check_id(struct shd_build *build, const struct shd_node *name)
{
	const struct shd_settings *settings = build->settings;

	if (!shd_build_key(build, name, "carrier"))
		return;
	if (strcmp(name->text, "daemon") == 0)
		shd_node_mistake(name, build->diags, "choose another name",
			"`daemon` is the program itself and cannot be a carrier");
	for (size_t i = 0; i < settings->store_count; i++)
		if (settings->stores[i].id && strcmp(settings->stores[i].id, name->text) == 0)
			shd_node_mistake(name, build->diags, "choose another name",
				"a store is called `%s` as well", name->text);
}

/* A carrier brings parcels; nobody waits for the rest. */
static void switch_off(struct shd_source *source)
{
	bool has[SHD_POLLER_COUNT] = {0};

	for (size_t i = 0; i < source->endpoint_count; i++)
		has[source->endpoints[i].poller] = true;
	for (int p = 0; p < SHD_POLLER_COUNT; p++)
		if (!has[p])
			source->every_ms[p] = 0;
}

static void read_carrier(struct shd_build *build, struct shd_source *source,
	const struct shd_node *name, const struct shd_node *map)
{
	const struct shd_adapter *adapter = find_carrier(build, name, map);
	struct shd_carrier_parts parts = {0};
	struct shd_source_draft draft;

	check_id(build, name);
	shd_source_start(build, &draft, source, adapter, map);
	const struct shd_option_use uses[] = {
		{shd_carrier_options, shd_carrier_option_count, &parts},
		SHD_SOURCE_USES(&draft),
	};
	shd_options_apply_all(
		map, uses, SHD_COUNT(uses), "a carrier", build->settings->arena, build->diags);
	shd_source_end(build, &draft, shd_build_text(build, name->text, name->len), map);
	switch_off(source);
}

void shd_carriers_build(struct shd_build *build, const struct shd_node *node)
{
	struct shd_settings *settings = build->settings;

	if (!node || (node->type == SHD_NODE_SCALAR && !node->len))
		return;
	if (node->type != SHD_NODE_MAP) {
		shd_node_mistake(node, build->diags, "write NAME: {...}",
			"`carriers` must be a map of names");
		return;
	}
	for (size_t i = 0; i < node->count; i++)
		read_carrier(build, &settings->sources[settings->source_count++], &node->keys[i],
			&node->items[i]);
}

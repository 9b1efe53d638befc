#include "adapter.h"

#include <string.h>

/* A build may know more adapters than are shipped: the tests' does. */
#ifndef SHD_MORE_ADAPTERS
#define SHD_MORE_ADAPTERS "no_adapters.def"
#endif

#define ADAPTER(name) extern const struct shd_adapter shd_##name##_adapter;
#include "adapters.def"
#include SHD_MORE_ADAPTERS
#undef ADAPTER

const struct shd_adapter *const shd_adapters[] = {
#define ADAPTER(name) &shd_##name##_adapter,
#include "adapters.def"
#include SHD_MORE_ADAPTERS
#undef ADAPTER
};
const size_t shd_adapter_count = SHD_COUNT(shd_adapters);

const struct shd_adapter *shd_adapter_find(const char *name)
{
	for (size_t i = 0; i < shd_adapter_count; i++)
		if (strcmp(shd_adapters[i]->name, name) == 0)
			return shd_adapters[i];
	return NULL;
}

bool shd_adapter_brings(const struct shd_adapter *adapter, enum shd_field field)
{
	bool yes = false;

	for (size_t i = 0; adapter->brings && i < adapter->brings->field_count; i++)
		yes |= adapter->brings->fields[i] == field;
	return yes;
}

bool shd_adapter_brings_kind(const struct shd_adapter *adapter, enum shd_kind kind)
{
	bool yes = false;

	for (size_t i = 0; adapter->brings && i < adapter->brings->field_count; i++)
		yes |= shd_field_row(adapter->brings->fields[i])->kind == kind;
	return yes;
}

bool shd_adapter_brings_metric(const struct shd_adapter *adapter, enum shd_metric metric)
{
	bool yes = false;

	for (size_t i = 0; adapter->brings && i < adapter->brings->metric_count; i++)
		yes |= adapter->brings->metrics[i] == metric;
	return yes;
}

static const struct shd_endpoint *find_endpoint(
	const struct shd_endpoint *rows, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

bool shd_endpoint_lists(const struct shd_endpoint *row, const struct shd_entity *entity)
{
	const struct shd_value *value;

	if (!row->complete || row->closes != entity->kind || !row->while_word)
		return row->complete && row->closes == entity->kind;
	value = shd_entity_get(entity, row->while_field);
	return !value->none && strcmp(value->text, row->while_word) == 0;
}

const struct shd_endpoint *shd_adapter_endpoint(const struct shd_adapter *adapter, const char *name)
{
	return find_endpoint(adapter->endpoints, adapter->endpoint_count, name);
}

const struct shd_endpoint *shd_source_endpoint(const struct shd_source *source, const char *name)
{
	return find_endpoint(source->endpoints, source->endpoint_count, name);
}

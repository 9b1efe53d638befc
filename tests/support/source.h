/* tests/support/source.h - a store and the source that polls it, as a configuration has
 * them. */
#pragma once
#include "market/adapter.h"
#include "settings/settings.h"

struct test_source {
	struct shd_store store;
	struct shd_credential credential;
	struct shd_source source;
};

static const struct shd_egress test_egress;

/* All pollers are off. The struct must stay where it is. */
static inline void test_source_init(
	struct test_source *of, const char *id, const struct shd_adapter *adapter)
{
	*of = (struct test_source){
		.store = {.id = id, .marketplace = adapter->name, .source = &of->source},
		.credential = {.id = id, .adapter = adapter, .rate_per_s = 10}};
	of->source = (struct shd_source){.id = id,
		.adapter = adapter,
		.credential = &of->credential,
		.egress = &test_egress,
		.store = &of->store,
		.base_url = adapter->base_url,
		.endpoints = adapter->endpoints,
		.endpoint_count = adapter->endpoint_count,
		.timeout_ms = 1000,
		.body_max_bytes = 1 << 20};
}

/* GET /api/v1/metrics/STORE, /api/v1/stores. */
#include "json.h"
#include "route.h"
#include "market/adapter.h"

/* --- metrics ------------------------------------------------------------------ */

bool shd_api_metrics_begin(struct shd_api_call *call, const struct shd_config *config,
			   struct shd_error *reterr)
{
	shd_api_copy_stores(call, config);
	return shd_api_store_find(call, call->argument, reterr) != NULL;
}

bool shd_api_metrics_read(struct shd_api_call *call, struct shd_state *state,
			  struct shd_error *reterr)
{
	json_t *list = json_array();

	shd_api_put_text(call->answer, "store", call->argument);
	json_object_set_new(call->answer, "metrics", list);
	for (int m = 0; m < SHD_METRIC_COUNT; m++) {
		const struct shd_metric_row *metric = shd_metric_row((enum shd_metric)m);
		struct shd_value value, target;
		struct shd_wall at, target_at;

		if (!shd_state_metric_get(state, call->argument, (enum shd_metric)m, false, &value,
			    &at, reterr) ||
			!shd_state_metric_get(state, call->argument, (enum shd_metric)m, true,
				&target, &target_at, reterr))
			return false;
		if (value.none && target.none)
			continue;
		json_t *row = json_object();
		shd_api_put_text(row, "name", metric->name);
		shd_api_put_value(row, "value", &value);
		shd_api_put_value(row, "target", &target);
		shd_api_put_time(row, "at", at.ms ? at : target_at);
		shd_api_put_text(row, "unit", shd_type_name(metric->type));
		shd_api_put_text(row, "better", metric->up_is_better ? "up" : "down");
		shd_api_put_text(row, "doc", metric->doc);
		json_array_append_new(list, row);
	}
	return true;
}

/* --- the configuration in force --------------------------------------------------- */

bool shd_api_stores(struct shd_api_call *call, const struct shd_config *config,
		    struct shd_error *reterr)
{
	const struct shd_settings *settings = config->settings;
	json_t *list = json_array();

	(void)reterr;
	json_object_set_new(call->answer, "stores", list);
	for (size_t i = 0; i < settings->store_count; i++) {
		const struct shd_store *store = &settings->stores[i];
		const struct shd_source *source = &settings->sources[i];
		json_t *row = json_object(), *every = json_object(), *labels = json_object();

		shd_api_put_text(row, "id", store->id);
		shd_api_put_text(row, "marketplace", store->marketplace);
		shd_api_put_text(row, "kind",
			store->kind == SHD_STORE_CROSSBORDER ? "crossborder" : "local");
		shd_api_put_text(row, "region", store->region);
		shd_api_put_text(row, "timezone", store->timezone);
		shd_api_put_text(row, "base_url", source->base_url);
		for (int p = 0; p < SHD_POLLER_COUNT; p++)
			shd_api_put_int(every, shd_poller_name((enum shd_poller)p),
				source->every_ms[p]);
		json_object_set_new(row, "every_ms", every);
		for (size_t n = 0; n < store->labels.count; n++)
			shd_api_put_text(labels, store->labels.names[n], store->labels.values[n]);
		json_object_set_new(row, "labels", labels);
		json_array_append_new(list, row);
	}
	return true;
}

#include "route.h"

#include "base/num.h"
#include "market/adapter.h"

#include <string.h>

const struct shd_api_route shd_api_routes[] = {
	{"GET", "/api/v1/status",
		"the daemon, and every store's pollers: last success, next due, error; ?feeds=1",
		shd_api_status_begin, shd_api_status_read, NULL, true},
	{"GET", "/api/v1/alerts",
		"open alerts, worst first; ?all=1 closed ones too, ?store=ID, ?rule=ID, ?max=N",
		shd_api_alerts_begin, shd_api_alerts_read, shd_api_alerts_end, false},
	{"GET", "/api/v1/alerts/*", "one alert: its rule, every move, every delivery",
		shd_api_explain_begin, shd_api_explain_read, shd_api_explain_end, false},
	{"GET", "/api/v1/metrics/*", "the newest value and target of a store's metrics",
		shd_api_metrics_begin, shd_api_metrics_read, NULL, false},
	{"GET", "/api/v1/stores", "the stores as configured", shd_api_stores, NULL, NULL, false},
	{"GET", "/api/v1/rules", "the rules in force, and which stores each watches; ?store=ID",
		shd_api_filter_begin, shd_api_rules_read, NULL, false},
	{"GET", "/api/v1/rules/*", "one rule: its conditions, and how it stands now; ?store=ID",
		shd_api_filter_begin, shd_api_rule_read, NULL, false},
	{"GET", "/api/v1/entities/*",
		"what is known of the entities of a kind, in id order, open ones; ?store=ID, "
		"?all=1 "
		"closed ones too, ?max=N, ?after=ID with a store: the next ones, ?id=ID: this one",
		shd_api_entities_begin, shd_api_entities_read, NULL, false},
	{"GET", "/api/v1/eval/*",
		"what an expression of the rules language is now in a store; ?expr=, "
		"?entity=KIND:ID",
		shd_api_eval_begin, shd_api_eval_read, NULL, false},
};
const size_t shd_api_route_count = SHD_COUNT(shd_api_routes);

/* What the pattern's `*` matches, "" for a pattern without one, NULL when the path does not match.
 */
static const char *match(const char *pattern, const char *path)
{
	size_t fixed = strcspn(pattern, "*");

	if (strncmp(pattern, path, fixed) != 0)
		return NULL;
	const char *argument = path + fixed;
	if (pattern[fixed])
		return *argument && !strchr(argument, '/') ? argument : NULL;
	return *argument ? NULL : argument;
}

const struct shd_api_route *shd_api_route_find(const char *method, const char *path,
					       const char **ret_argument, struct shd_error *reterr)
{
	const char *allowed = NULL;

	for (size_t i = 0; i < shd_api_route_count; i++) {
		const struct shd_api_route *route = &shd_api_routes[i];
		const char *argument = match(route->path, path);

		if (!argument)
			continue;
		if (strcmp(route->method, method) == 0) {
			*ret_argument = argument;
			return route;
		}
		allowed = route->method;
	}
	if (allowed)
		shd_fail(reterr, SHD_ERR_REQUEST, "%s cannot be used here, only %s", method,
			allowed);
	else
		shd_fail(reterr, SHD_ERR_MISSING, "there is nothing at \"%s\"", path);
	return NULL;
}

const char *shd_api_argument_copy(const struct shd_api_call *call, const char *name)
{
	const char *value = shd_api_argument(call, name);

	return value ? shd_arena_text(call->arena, value, strlen(value)) : NULL;
}

bool shd_api_fail_unknown(struct shd_error *reterr, enum shd_err kind, const char *what,
	const char *name, const char *const *known, size_t count)
{
	const char *near = shd_nearest(name, known, count);

	return shd_fail(reterr, kind, "there is no %s \"%.64s\"%s%s%s", what, name,
		near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

void shd_api_copy_stores(struct shd_api_call *call, const struct shd_config *config)
{
	const struct shd_settings *settings = config->settings;

	call->stores = shd_arena_alloc(call->arena, settings->source_count, sizeof(*call->stores));
	call->store_count = call->stores ? settings->source_count : 0;
	for (size_t i = 0; i < call->store_count; i++) {
		const struct shd_source *from = &settings->sources[i];
		const char *market = from->store ? from->store->marketplace : from->adapter->name;
		struct shd_api_store *to = &call->stores[i];

		to->source = from;
		to->id = shd_arena_text(call->arena, from->id, strlen(from->id));
		to->marketplace = shd_arena_text(call->arena, market, strlen(market));
	}
}

const struct shd_api_store *shd_api_store_find(const struct shd_api_call *call, const char *id,
					       struct shd_error *reterr)
{
	shd_autofree const char **ids = shd_xcalloc(call->store_count + 1, sizeof(*ids));

	for (size_t i = 0; i < call->store_count; i++) {
		if (strcmp(call->stores[i].id, id) == 0)
			return &call->stores[i];
		ids[i] = call->stores[i].id;
	}
	shd_api_fail_unknown(reterr, SHD_ERR_MISSING, "store", id, ids, call->store_count);
	return NULL;
}

bool shd_api_is_number(const char *text, int64_t *ret_number)
{
	struct shd_error ignored;

	return shd_decimal_parse(text, strlen(text), 0, ret_number, &ignored) && *ret_number > 0;
}

bool shd_api_max(const struct shd_api_call *call, size_t most, size_t *ret_max,
		 struct shd_error *reterr)
{
	const char *max = shd_api_argument(call, "max");
	int64_t count = (int64_t)most;

	if (max && (!shd_api_is_number(max, &count) || count > (int64_t)most))
		return shd_fail(reterr, SHD_ERR_REQUEST, "max is \"%s\", expected 1 to %zu", max,
			most);
	*ret_max = (size_t)count;
	return true;
}

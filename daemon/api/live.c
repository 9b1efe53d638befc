#include "live.h"

#include <string.h>

static void note(struct shd_live *live, const struct shd_error *err)
{
	if (!live->failed)
		live->error = *err;
	live->failed = true;
}

static bool find_store(struct shd_live *live, const char *id, struct shd_error *reterr)
{
	const struct shd_settings *settings = live->config->settings;
	shd_autofree const char **ids = shd_xcalloc(settings->store_count + 1, sizeof(*ids));

	live->store = id;
	if (strcmp(id, "daemon") == 0)
		return true;
	for (size_t i = 0; i < settings->store_count; i++) {
		ids[i] = settings->stores[i].id;
		if (strcmp(ids[i], id) == 0) {
			live->settings = &settings->stores[i];
			live->every_ms = settings->stores[i].source->every_ms;
		}
	}
	if (live->settings)
		return true;
	const char *nearest = shd_nearest(id, ids, settings->store_count);
	return shd_fail(reterr, SHD_ERR_MISSING, "there is no store \"%s\"%s%s%s", id,
		nearest ? ", did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

bool shd_live_open(struct shd_live *live, const struct shd_api_call *call, const char *store,
		   struct shd_state *state, struct shd_error *reterr)
{
	*live = (struct shd_live){
		.state = state, .config = call->config, .now = call->now, .arena = call->arena};
	return find_store(live, store, reterr) &&
	       shd_state_entity_get(state, store, SHD_KIND_store, store, live->arena, &live->entity,
		       reterr);
}

bool shd_live_ok(const struct shd_live *live, struct shd_error *reterr)
{
	if (live->failed)
		*reterr = live->error;
	return !live->failed;
}

static void metric(void *ctx, enum shd_metric metric, bool target, struct shd_value *ret)
{
	struct shd_live *live = ctx;
	struct shd_error err;
	struct shd_wall at;

	*ret = (struct shd_value){.type = shd_metric_row(metric)->type, .none = true};
	if (!shd_state_metric_get(live->state, live->store, metric, target, ret, &at, &err))
		note(live, &err);
}

static void window(void *ctx, enum shd_kind kind, struct shd_wall from, struct shd_wall to,
		   shd_window_fn *visit, void *visit_ctx)
{
	struct shd_live *live = ctx;
	struct shd_error err;

	if (!shd_state_window(live->state, live->store, kind, from, to, visit, visit_ctx, &err))
		note(live, &err);
}

static void samples(void *ctx, enum shd_metric metric_, struct shd_wall from, struct shd_wall to,
		    shd_samples_fn *visit, void *visit_ctx)
{
	struct shd_live *live = ctx;
	struct shd_error err;

	if (!shd_state_samples(live->state, live->store, metric_, from, to, visit, visit_ctx, &err))
		note(live, &err);
}

static const struct shd_poller_fact *fact_of(struct shd_live *live, enum shd_poller poller)
{
	static const struct shd_poller_fact seeing;
	struct shd_entity *entity = NULL;
	struct shd_error err;

	if (poller == SHD_POLLER_COUNT)
		return &seeing;
	if (live->pollers[poller].known)
		return &live->pollers[poller];
	if (!shd_state_entity_get(live->state, live->store, SHD_KIND_poller,
		    shd_poller_name(poller), live->arena, &entity, &err))
		note(live, &err);
	live->pollers[poller] =
		shd_poller_fact_of(entity, live->every_ms ? live->every_ms[poller] : INT64_MAX);
	return &live->pollers[poller];
}

static struct shd_wall polled(void *ctx, enum shd_poller poller)
{
	return shd_poller_polled(fact_of(ctx, poller));
}

static bool failing(void *ctx, enum shd_poller poller)
{
	return fact_of(ctx, poller)->failing;
}

static bool is_blind(struct shd_live *live, enum shd_poller poller)
{
	return shd_poller_is_blind(fact_of(live, poller));
}

void shd_live_say_idle(struct shd_live *live, const struct shd_rule *rule,
		       struct shd_verdict *verdict)
{
	for (int p = 0; verdict->judgement == SHD_UNKNOWN && p < SHD_POLLER_COUNT; p++) {
		enum shd_poller poller = (enum shd_poller)p;
		const char *words = rule->brought_by >> p & 1
			? shd_poller_idle_words(fact_of(live, poller), poller, live->arena) : NULL;

		if (!words)
			continue;
		verdict->why = words;
		return;
	}
}

static bool blind_kind(void *ctx, enum shd_kind kind)
{
	return is_blind(ctx, shd_kind_poller(kind));
}

static bool blind_metric(void *ctx, enum shd_metric metric_)
{
	return is_blind(ctx, shd_metric_poller(metric_));
}

void shd_live_env(struct shd_live *live, const struct shd_entity *entity,
		  struct shd_rule_env *ret_env)
{
	*ret_env = (struct shd_rule_env){
		.now = live->now,
		.store = live->settings,
		.every_ms = live->every_ms,
		.store_entity = live->entity,
		.entity = entity,
		.ctx = live,
		.metric = metric,
		.window = window,
		.samples = samples,
		.polled = polled,
		.blind_kind = blind_kind,
		.blind_metric = blind_metric,
		.failing = failing,
	};
}

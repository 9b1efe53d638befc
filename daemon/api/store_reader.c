#include "live.h"

#include <string.h>

static bool find_store(struct shd_live *live, const char *id, const uint32_t *behind,
		       struct shd_error *reterr)
{
	const struct shd_settings *settings = live->config->settings;
	shd_autofree const char **ids = shd_xcalloc(settings->source_count + 1, sizeof(*ids));

	live->store = id;
	if (strcmp(id, "daemon") == 0)
		return true;
	for (size_t i = 0; i < settings->source_count; i++) {
		const struct shd_source *source = &settings->sources[i];

		ids[i] = source->id;
		if (strcmp(ids[i], id) == 0) {
			live->reading.store = source->store;
			live->reading.source = source;
			live->reading.unread = behind[i];
		}
	}
	if (live->reading.source)
		return true;
	const char *nearest = shd_nearest(id, ids, settings->source_count);
	return shd_fail(reterr, SHD_ERR_MISSING, "there is no store \"%s\"%s%s%s", id,
		nearest ? ", did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

/* In place: the reading points to it. */
bool shd_live_open(struct shd_live *live, const struct shd_api_call *call, const char *store,
		   struct shd_state *state, struct shd_error *reterr)
{
	struct shd_entity *entity = NULL;

	*live = (struct shd_live){.state = state, .config = call->config, .arena = call->arena};
	if (!find_store(live, store, call->behind, reterr) ||
	    !shd_state_entity_get(
		    state, store, SHD_KIND_store, store, live->arena, &entity, reterr))
		return false;
	live->reading.stored = shd_state_stored(state);
	live->reading.now = call->now;
	live->reading.id = live->store;
	live->reading.store_entity = entity;
	live->reading.pollers = live->pollers;
	return true;
}

bool shd_live_ok(const struct shd_live *live, struct shd_error *reterr)
{
	if (live->reading.failed)
		*reterr = live->reading.error;
	return !live->reading.failed;
}

void shd_live_explain_unknown(
	struct shd_live *live, const struct shd_rule *rule, struct shd_verdict *verdict)
{
	shd_reading_explain_unknown(&live->reading, rule, live->arena, verdict);
}

void shd_live_env(struct shd_live *live, const struct shd_entity *entity,
		  struct shd_rule_env *ret_env)
{
	live->reading.asked = 0;
	shd_reading_env(&live->reading, entity, ret_env);
}

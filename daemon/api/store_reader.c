#include "store_reader.h"

#include <string.h>

static bool find_store(struct shd_store_reader *reader, const char *id, const uint32_t *behind,
		       struct shd_error *reterr)
{
	const struct shd_settings *settings = reader->config->settings;
	shd_autofree const char **ids = shd_xcalloc(settings->source_count + 1, sizeof(*ids));

	reader->store = id;
	if (strcmp(id, "daemon") == 0)
		return true;
	for (size_t i = 0; i < settings->source_count; i++) {
		const struct shd_source *source = &settings->sources[i];

		ids[i] = source->id;
		if (strcmp(ids[i], id) == 0) {
			reader->reading.store = source->store;
			reader->reading.source = source;
			reader->reading.unread = behind[i];
		}
	}
	if (reader->reading.source)
		return true;
	return shd_api_fail_unknown(
		reterr, SHD_ERR_MISSING, "store", id, ids, settings->source_count);
}

/* The reading points into *reader, which must not be moved. */
bool shd_store_reader_open(struct shd_store_reader *reader, const struct shd_api_call *call,
	const char *store, struct shd_state *state, struct shd_error *reterr)
{
	struct shd_entity *entity = NULL;

	*reader = (struct shd_store_reader){
		.state = state, .config = call->config, .arena = call->arena};
	if (!find_store(reader, store, call->behind, reterr) ||
	    !shd_state_entity_get(
		    state, store, SHD_KIND_store, store, reader->arena, &entity, reterr))
		return false;
	reader->reading.stored = shd_state_stored(state);
	reader->reading.now = call->now;
	reader->reading.id = reader->store;
	reader->reading.store_entity = entity;
	reader->reading.pollers = reader->pollers;
	return true;
}

bool shd_store_reader_ok(const struct shd_store_reader *reader, struct shd_error *reterr)
{
	if (reader->reading.failed)
		*reterr = reader->reading.error;
	return !reader->reading.failed;
}

void shd_store_reader_explain_unknown(
	struct shd_store_reader *reader, const struct shd_rule *rule, struct shd_verdict *verdict)
{
	shd_reading_explain_unknown(&reader->reading, rule, reader->arena, verdict);
}

void shd_store_reader_env(struct shd_store_reader *reader, const struct shd_entity *entity,
		  struct shd_rule_env *ret_env)
{
	reader->reading.asked = 0;
	shd_reading_env(&reader->reading, entity, ret_env);
}

/* The channels of GET /api/v1/status: what waits for each, and the last that went wrong. */
#include "json.h"
#include "route.h"
#include "base/num.h"

enum { ENTITY_BYTES = 1 << 20 };

static const struct shd_value *field(const struct shd_entity *channel, enum shd_field field)
{
	static const struct shd_value none = {.none = true};

	return channel ? shd_entity_get(channel, field) : &none;
}

static struct shd_wall time_of(const struct shd_entity *channel, enum shd_field name)
{
	const struct shd_value *value = field(channel, name);

	return (struct shd_wall){value->none ? 0 : value->n};
}

static const char *text_of(const struct shd_entity *channel, enum shd_field name)
{
	const struct shd_value *value = field(channel, name);

	return value->none ? NULL : value->text;
}

static const char *channel_state(const struct shd_entity *channel)
{
	if (text_of(channel, SHD_F_channel_error))
		return "failing";
	return time_of(channel, SHD_F_channel_last_success_at).ms ? "ok" : "unused";
}

static json_t *channel_json(
	const struct shd_channel_settings *settings, const struct shd_entity *channel)
{
	const struct shd_value *waiting = field(channel, SHD_F_channel_waiting);
	const char *kind = text_of(channel, SHD_F_channel_error);
	json_t *row = json_object();

	shd_api_put_text(row, "name", settings->name);
	shd_api_put_text(row, "type", settings->notifier->name);
	shd_api_put_text(row, "state", channel_state(channel));
	shd_api_put_int(row, "waiting", waiting->none ? 0 : waiting->n / SHD_MICRO);
	shd_api_put_time(row, "oldest_undelivered",
		time_of(channel, SHD_F_channel_oldest_undelivered_at));
	shd_api_put_time(row, "last_success", time_of(channel, SHD_F_channel_last_success_at));
	if (kind) {
		json_t *error = json_object();

		shd_api_put_text(error, "kind", kind);
		shd_api_put_text(error, "text", text_of(channel, SHD_F_channel_error_text));
		json_object_set_new(row, "error", error);
	} else {
		json_object_set_new(row, "error", json_null());
	}
	return row;
}

bool shd_api_put_channels(
	struct shd_api_call *call, struct shd_state *state, struct shd_error *reterr)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(ENTITY_BYTES);
	const struct shd_settings *settings = call->config->settings;
	json_t *channels = json_array();

	json_object_set_new(call->answer, "channels", channels);
	for (size_t i = 0; i < settings->channel_count; i++) {
		struct shd_entity *channel = NULL;

		shd_arena_reset(arena);
		if (state && !shd_state_entity_get(state, "daemon", SHD_KIND_channel,
				     settings->channels[i].name, arena, &channel, reterr))
			return false;
		json_array_append_new(channels, channel_json(&settings->channels[i], channel));
	}
	return true;
}

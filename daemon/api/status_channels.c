/* The channels of GET /api/v1/status: what waits for each, the last that went wrong, and how each
 * is doing at this moment. */
#include "json.h"
#include "route.h"
#include "base/num.h"

#include <string.h>

enum { ENTITY_BYTES = 1 << 20, UNTOLD_BYTES = 1 << 20 };

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

/* What the state does not know: whether it is silent, or wants to be left alone. */
static void look(void *ctx, const struct shd_channel_report *channel)
{
	json_t *row = json_object();

	if (channel->silent)
		shd_api_put_text(row, "state", "silent");
	else if (channel->paused_until.ms)
		shd_api_put_text(row, "state", "paused");
	shd_api_put_time(row, "paused_until", channel->paused_until);
	json_object_set_new(ctx, channel->channel, row);
}

void shd_api_look_at_channels(struct shd_api_call *call)
{
	json_t *now = json_object();

	call->view->channels(call->view->ctx, look, now);
	json_object_set_new(call->answer, "channels", now);
}

/* The name of the channel's state at this moment, which goes before what the state knows. */
static void put_present(json_t *row, const json_t *now)
{
	const json_t *name = json_object_get(now, "state");

	if (name)
		json_object_set(row, "state", (json_t *)(uintptr_t)name);
	shd_api_put_text(
		row, "paused_until", json_string_value(json_object_get(now, "paused_until")));
	shd_api_put_int(row, "waiting_alerts", 0);
	shd_api_put_int(row, "untold_alerts", 0);
}

static json_t *find_row(json_t *channels, const char *name)
{
	size_t i;
	json_t *row;

	json_array_foreach(channels, i, row)
		if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
			return row;
	return NULL;
}

/* One that has left the configuration, with open alerts of which nobody else is told. */
static json_t *add_gone(json_t *channels, const char *name)
{
	json_t *row = json_object();

	shd_api_put_text(row, "name", name);
	shd_api_put_text(row, "state", "gone");
	shd_api_put_int(row, "waiting", 0);
	put_present(row, NULL);
	json_object_set_new(row, "error", json_null());
	json_array_append_new(channels, row);
	return row;
}

static bool count_untold(struct shd_state *state, json_t *channels, struct shd_error *reterr)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(UNTOLD_BYTES);
	struct shd_untold_row *rows;
	size_t count;

	if (!shd_state_outbox_untold(state, arena, &rows, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++) {
		json_t *row = find_row(channels, rows[i].channel);
		const char *name = rows[i].dead ? "untold_alerts" : "waiting_alerts";
		bool gone = !row || !json_object_get(row, "type");

		if (!gone)
			shd_api_put_int(row, name, rows[i].alerts);
		else if (rows[i].alone)
			shd_api_put_int(row ? row : add_gone(channels, rows[i].channel), name,
				rows[i].alone);
	}
	return true;
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
	json_auto_t *now = json_incref(json_object_get(call->answer, "channels"));
	json_t *channels = json_array();

	json_object_set_new(call->answer, "channels", channels);
	for (size_t i = 0; i < settings->channel_count; i++) {
		struct shd_entity *channel = NULL;

		shd_arena_reset(arena);
		if (state && !shd_state_entity_get(state, "daemon", SHD_KIND_channel,
				     settings->channels[i].name, arena, &channel, reterr))
			return false;
		json_t *row = channel_json(&settings->channels[i], channel);
		put_present(row, json_object_get(now, settings->channels[i].name));
		json_array_append_new(channels, row);
	}
	return !state || count_untold(state, channels, reterr);
}

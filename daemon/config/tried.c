/* What a request or a message would be refused for before it leaves, found at load time by
 * making one of each: the Client-Id, the form of a key, a signing secret, an address. */
#include "config.h"
#include "tried.h"

#include "market/adapter.h"
#include "notify/notify.h"

enum { TRIED_MAX_BYTES = 4 << 20 };

bool shd_config_render_sample(const struct shd_config *config,
			      const struct shd_channel_settings *channel, struct shd_wall now,
			      struct shd_arena *arena, struct shd_envelope *ret_envelope,
			      struct shd_error *reterr)
{
	const struct shd_value none = {.none = true};
	const struct shd_facts facts = {.level = SHD_INFO, .rule = "check", .store = "daemon",
		.entity = "", .marketplace = "", .subject = "", .at = now, .since = now,
		.value = none, .limit = none, .cost = none, .room = none};
	struct shd_message message;

	if (!shd_message_render(config->book, config->rules, &facts, 1,
		    (enum shd_language)channel->language, channel->timezone, now, arena, &message,
		    reterr))
		return false;
	const struct shd_send_in send = {.channel = channel, .message = &message,
		.secret = shd_config_secret, .ctx = (void *)(uintptr_t)config, .now = now,
		.key = "00000000000000000000000000000000", .attempt = 1};
	return channel->notifier->render(&send, ret_envelope, reterr);
}

static void try_channel(const struct shd_config *config,
			const struct shd_channel_settings *channel, struct shd_diags *diags)
{
	struct shd_arena *arena = shd_arena_create(TRIED_MAX_BYTES);
	struct shd_envelope envelope = {0};
	struct shd_error error;

	shd_request_init(&envelope.http, TRIED_MAX_BYTES);
	if (!shd_config_render_sample(
		    config, channel, (struct shd_wall){SHD_DAY_MS}, arena, &envelope, &error))
		shd_node_mistake(
			channel->node, diags, NULL, "no message could be sent: %s", error.msg);
	shd_request_finish(&envelope.http);
	shd_arena_destroy(arena);
}

static void try_source(const struct shd_config *config, const struct shd_source *source,
		       struct shd_diags *diags)
{
	const struct shd_adapter *adapter = source->adapter;
	const struct shd_page_in page = {
		.source = source, .now = {SHD_DAY_MS}, .position = ""};
	struct shd_secret *token = adapter->renewal ? shd_secret_create("token", 5) : NULL;
	const struct shd_keys keys = {shd_config_secret, (void *)(uintptr_t)config, token};
	struct shd_request request;
	struct shd_error error;

	shd_request_init(&request, TRIED_MAX_BYTES);
	if (!adapter->request(shd_source_endpoint(source, adapter->cheapest), &page, &keys,
		    &request, &error))
		shd_node_mistake(
			source->node, diags, NULL, "nothing could be asked: %s", error.msg);
	shd_request_finish(&request);
	shd_secret_destroy(token);
}

void shd_config_try(const struct shd_config *config, struct shd_diags *diags)
{
	const struct shd_settings *settings = config->settings;

	for (size_t i = 0; i < settings->source_count; i++)
		try_source(config, &settings->sources[i], diags);
	for (size_t i = 0; i < settings->channel_count; i++)
		try_channel(config, &settings->channels[i], diags);
}

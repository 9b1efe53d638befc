#include "sections.h"
#include "tables.h"
#include "conf/value.h"
#include "notify/notify.h"
#include "rule/match.h"

#include <string.h>

static bool is_absent(const struct shd_node *node)
{
	return !node || (node->type == SHD_NODE_SCALAR && !node->len);
}

static const struct shd_notifier *find_notifier(struct shd_build *build,
						const struct shd_node *map)
{
	const struct shd_node *node = shd_node_get(map, "type");

	if (!node || node->type != SHD_NODE_SCALAR || !node->len)
		return NULL;

	const char *names[64];
	size_t count = 0;
	struct shd_complaint complaint = {0};
	for (; count < build->known->notifier_count && count < SHD_COUNT(names); count++) {
		names[count] = build->known->notifiers[count]->name;
		if (strcmp(names[count], node->text) == 0)
			return build->known->notifiers[count];
	}
	shd_complain_word(&complaint, node->text, names, count, "no channel has the type");
	shd_node_mistake(node, build->diags, complaint.hint[0] ? complaint.hint : NULL, "%s",
		complaint.text);
	return NULL;
}

/* Of the names that stand for no real one (RFC 2606), as in the example's lines. */
static bool is_example(const char *text)
{
	static const char *const names[] = {"example.com", "example.org", "example.net"};

	for (size_t i = 0; i < SHD_COUNT(names); i++) {
		const char *at = strstr(text, names[i]);
		const char *end = at ? at + strlen(names[i]) : NULL;

		if (at && (at == text || strchr(".@/", at[-1])) && (!*end || strchr(":/?#", *end)))
			return true;
	}
	return false;
}

static void warn_examples(struct shd_build *build, const char *key, const struct shd_node *node)
{
	if (node->type == SHD_NODE_LIST)
		for (size_t i = 0; i < node->count; i++)
			warn_examples(build, key, &node->items[i]);
	if (node->type == SHD_NODE_SCALAR && is_example(node->text))
		shd_node_warn(node, build->diags, "write your own",
			"`%s` is `%.80s`, which is an example's", key, node->text);
}

/* A channel to this machine itself is a trial. */
static bool stays_here(const struct shd_node *map)
{
	const struct shd_node *host = shd_node_get(map, "host"), *url = shd_node_get(map, "url");

	return map->type != SHD_NODE_MAP ||
	       (host && host->type == SHD_NODE_SCALAR &&
		       shd_host_is_loopback(host->text, host->len)) ||
	       (url && url->type == SHD_NODE_SCALAR && shd_url_is_loopback(url->text));
}

static void read_channel(struct shd_build *build, struct shd_channel_settings *channel,
			 const struct shd_node *name, const struct shd_node *map)
{
	struct shd_channel_parts parts = {0};
	const struct shd_notifier *notifier = find_notifier(build, map);
	void *own = notifier ? shd_build_take(build, 1, notifier->settings_size) : NULL;

	shd_build_key(build, name, "channel");
	*channel = (struct shd_channel_settings){
		.name = shd_build_text(build, name->text, name->len), .notifier = notifier,
		.notifier_settings = own, .node = map};
	const struct shd_option_use uses[] = {
		{shd_channel_options, shd_channel_option_count, channel},
		{shd_channel_parts_options, shd_channel_parts_option_count, &parts},
		shd_build_use(notifier ? notifier->options : NULL,
			notifier ? notifier->option_count : 0, own),
	};
	if (shd_options_apply_all(map, uses, SHD_COUNT(uses), "a channel", build->settings->arena,
		    build->diags) &&
		notifier && notifier->check)
		notifier->check(own, map, build->diags);
	for (size_t i = 0; !stays_here(map) && i < map->count; i++)
		warn_examples(build, map->keys[i].text, &map->items[i]);
}

void shd_channels_build(struct shd_build *build, const struct shd_node *node)
{
	struct shd_settings *settings = build->settings;

	if (is_absent(node))
		return;
	if (node->type != SHD_NODE_MAP) {
		shd_node_mistake(node, build->diags, "write NAME: {type: ...}",
			"`channels` must be a map of names");
		return;
	}
	const char **names = shd_build_take(build, node->count, sizeof(*names));
	settings->channel_count = node->count;
	settings->channels = shd_build_take(build, node->count, sizeof(*settings->channels));
	for (size_t i = 0; i < node->count; i++) {
		read_channel(build, &settings->channels[i], &node->keys[i], &node->items[i]);
		names[i] = settings->channels[i].name;
	}
	settings->channel_names = (struct shd_texts){.count = node->count, .items = names};
}

static bool has(const struct shd_texts *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], name) == 0)
			return true;
	return false;
}

static void check_channel(struct shd_build *build, const struct shd_node *node, const char *name)
{
	const struct shd_texts *names = &build->settings->channel_names;
	struct shd_complaint complaint = {0};

	if (has(names, name))
		return;
	shd_complain_word(&complaint, name, names->items, names->count, "no channel is called");
	shd_node_mistake(node, build->diags, complaint.hint[0] ? complaint.hint : NULL, "%s",
		complaint.text);
}

static void check_channels(struct shd_build *build, const struct shd_route_settings *route)
{
	const struct shd_node *to = shd_node_get(route->node, "to");

	for (size_t i = 0; i < route->to.count; i++)
		check_channel(build, to->type == SHD_NODE_LIST ? &to->items[i] : to,
			route->to.items[i]);
	if (to && to->type == SHD_NODE_LIST && to->count == 0)
		shd_node_mistake(to, build->diags, NULL, "a route to nobody");
}

static void read_route(struct shd_build *build, struct shd_route_settings *route,
		       const struct shd_node *map)
{
	*route = (struct shd_route_settings){
		.node = map, .match_node = shd_node_get(map, "match")};
	shd_options_apply(map, shd_route_options, shd_route_option_count, route, "a route",
		build->settings->arena, build->diags);
	if (map->type == SHD_NODE_MAP)
		check_channels(build, route);
	if (route->match)
		route->compiled = shd_match_compile(route->match_node, build->diags);
}

/* Without routes everybody is told everything. */
static void add_default_route(struct shd_build *build)
{
	struct shd_settings *settings = build->settings;
	struct shd_route_settings *route = shd_build_take(build, 1, sizeof(*route));

	shd_options_preset(shd_route_options, shd_route_option_count, route, settings->arena);
	route->to = settings->channel_names;
	settings->routes = route;
	settings->route_count = settings->channel_count ? 1 : 0;
}

static bool leads_to(const struct shd_settings *settings, const char *channel)
{
	for (size_t i = 0; i < settings->route_count; i++)
		if (has(&settings->routes[i].to, channel))
			return true;
	return false;
}

static void warn_unused_channels(struct shd_build *build)
{
	const struct shd_settings *settings = build->settings;

	for (size_t i = 0; i < settings->channel_count; i++) {
		const struct shd_channel_settings *channel = &settings->channels[i];

		if (!leads_to(settings, channel->name))
			shd_node_warn(channel->node, build->diags, "name it in a route",
				"no route leads to the channel `%s`", channel->name);
	}
}

/* Routes below one that takes everything are never reached. */
static void warn_unreachable(struct shd_build *build)
{
	const struct shd_settings *settings = build->settings;

	for (size_t r = 0; r + 1 < settings->route_count; r++) {
		const struct shd_route_settings *route = &settings->routes[r];

		if (route->match_node || route->more)
			continue;
		shd_node_warn(settings->routes[r + 1].node, build->diags,
			"add `continue: true` above, or put this one first",
			"never reached, the route in line %d takes every alert",
			route->node->line);
		return;
	}
}

static void read_routes(struct shd_build *build, const struct shd_node *node)
{
	struct shd_settings *settings = build->settings;

	if (is_absent(node)) {
		add_default_route(build);
		return;
	}
	if (node->type != SHD_NODE_LIST) {
		shd_node_mistake(node, build->diags, "begin each route with `- to: [NAME]`",
			"`routes` must be a list");
		return;
	}
	settings->route_count = node->count;
	settings->routes = shd_build_take(build, node->count, sizeof(*settings->routes));
	for (size_t i = 0; i < node->count; i++)
		read_route(build, &settings->routes[i], &node->items[i]);
	warn_unused_channels(build);
	warn_unreachable(build);
}

void shd_routes_build(struct shd_build *build, const struct shd_node *node)
{
	struct shd_settings *settings = build->settings;

	read_routes(build, node);
	settings->routing =
		shd_build_take(build, settings->route_count, sizeof(*settings->routing));
	for (size_t i = 0; i < settings->route_count; i++) {
		const struct shd_route_settings *route = &settings->routes[i];

		settings->routing[i] = (struct shd_route){.match = route->compiled,
			.to = route->to,
			.group_for_ms = route->group_for_ms,
			.more = route->more};
	}
}

#include "route.h"

#include <string.h>

/* Recipients as they are found. */
struct found {
	struct shd_recipient *items;
	size_t count;
};

static const char *find(struct shd_texts texts, const char *text)
{
	for (size_t i = 0; i < texts.count; i++)
		if (strcmp(texts.items[i], text) == 0)
			return texts.items[i];
	return NULL;
}

static void add(struct found *found, const char *channel, const struct shd_route *route)
{
	for (size_t i = 0; i < found->count; i++)
		if (strcmp(found->items[i].channel, channel) == 0)
			return;
	found->items[found->count++] = (struct shd_recipient){channel, route};
}

static bool holds(const struct shd_route *route, const struct shd_match_facts *facts)
{
	return !route->match || shd_match_holds(route->match, facts);
}

static bool is(const char *channel, const char *about)
{
	return about && strcmp(channel, about) == 0;
}

/* Adds the channels of the route but for the failing one; true: it is among them. */
static bool add_route(const struct shd_route *route, const char *failing, struct found *found)
{
	bool has_failing = false;

	for (size_t i = 0; i < route->to.count; i++) {
		if (is(route->to.items[i], failing))
			has_failing = true;
		else
			add(found, route->to.items[i], route);
	}
	return has_failing;
}

static void follow_routes(const struct shd_routes *routes, const struct shd_route_query *query,
			  struct found *found)
{
	const struct shd_texts *all = &routes->channels;
	const char *failing = all->count > 1 ? query->about : NULL;
	const struct shd_route *only_failing = NULL;

	for (size_t i = 0; i < routes->count; i++) {
		const struct shd_route *route = &routes->items[i];

		if (!holds(route, query->facts))
			continue;
		if (add_route(route, failing, found))
			only_failing = route;
		if (!route->more)
			break;
	}
	/* Somebody has to hear of it. */
	if (!found->count && only_failing)
		add(found, all->items[is(all->items[0], failing) ? 1 : 0], only_failing);
}

size_t shd_route_alert(const struct shd_routes *routes, const struct shd_route_query *query,
		       struct shd_recipient *ret_recipients)
{
	struct found found = {.items = ret_recipients};

	if (!query->over) {
		if (!query->held_back)
			follow_routes(routes, query, &found);
		return found.count;
	}
	for (size_t i = 0; i < query->notified.count; i++) {
		const char *channel = find(routes->channels, query->notified.items[i]);

		if (channel)
			add(&found, channel, NULL);
	}
	return found.count;
}

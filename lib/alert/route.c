#include "route.h"

/* Recipients as they are found. */
struct found {
	struct shd_recipient *items;
	size_t count;
};

static bool has(const struct found *found, size_t channel)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->items[i].channel == channel)
			return true;
	return false;
}

static void add(struct found *found, size_t channel, const struct shd_route *route)
{
	if (!has(found, channel))
		found->items[found->count++] = (struct shd_recipient){channel, route};
}

static bool holds(const struct shd_route *route, const struct shd_match_facts *facts)
{
	return !route->match || shd_match_holds(route->match, facts);
}

static void follow_routes(const struct shd_routes *routes, const struct shd_route_query *query,
			  struct found *found)
{
	size_t failing = routes->channels > 1 ? query->about : SIZE_MAX;
	const struct shd_route *only_failing = NULL;

	for (size_t i = 0; i < routes->count; i++) {
		const struct shd_route *route = &routes->items[i];

		if (!holds(route, query->facts))
			continue;
		for (size_t c = 0; c < route->channel_count; c++) {
			if (route->channels[c] == failing)
				only_failing = route;
			else
				add(found, route->channels[c], route);
		}
		if (!route->more)
			break;
	}
	/* Somebody has to hear of it. */
	if (!found->count && only_failing)
		add(found, failing == 0 ? 1 : 0, only_failing);
}

size_t shd_route_alert(const struct shd_routes *routes, const struct shd_route_query *query,
		       struct shd_recipient *ret_recipients)
{
	struct found found = {.items = ret_recipients};

	if (query->over)
		for (size_t i = 0; i < query->notified_count; i++)
			add(&found, query->notified[i], NULL);
	else if (!query->held_back)
		follow_routes(routes, query, &found);
	return found.count;
}

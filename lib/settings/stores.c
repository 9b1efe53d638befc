#include "base/currency.h"
#include "sections.h"
#include "tables.h"
#include "conf/value.h"
#include "market/market.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#define POLL_MIN_MS          (15 * SHD_SECOND_MS)
#define POLL_MIN_LOOPBACK_MS 10LL

/* The section `stores` may be a list only. */
static bool is_list(struct shd_build *build, const struct shd_node *node)
{
	if (!node || (node->type == SHD_NODE_SCALAR && !node->len))
		return false;
	if (node->type == SHD_NODE_LIST)
		return true;
	shd_node_mistake(node, build->diags, "begin each store with `- id: NAME`",
		"`stores` must be a list");
	return false;
}

static const struct shd_market *find_market(struct shd_build *build, const struct shd_node *map)
{
	const struct shd_node *node = shd_node_get(map, "marketplace");

	if (!node || node->type != SHD_NODE_SCALAR || !node->len)
		return NULL;
	const struct shd_market *market = shd_market_find(node->text);
	if (market)
		return market;

	const char *names[64];
	size_t count = 0;
	struct shd_complaint complaint = {0};
	for (; count < shd_market_count && count < SHD_COUNT(names); count++)
		names[count] = shd_markets[count]->name;
	shd_complain_word(&complaint, node->text, names, count, "no marketplace is called");
	shd_node_mistake(node, build->diags, complaint.hint[0] ? complaint.hint : NULL, "%s",
		complaint.text);
	return NULL;
}

static void check_id(struct shd_build *build, const struct shd_node *map)
{
	const struct shd_node *id = shd_node_get(map, "id");

	if (!id || id->type != SHD_NODE_SCALAR || !shd_build_name(build, id, "store"))
		return;
	if (strcmp(id->text, "daemon") == 0)
		shd_node_mistake(id, build->diags, "choose another name",
			"`daemon` is the program itself and cannot be a store");
}

static void check_currency(struct shd_build *build, const struct shd_node *map)
{
	const struct shd_node *node = shd_node_get(map, "currency");

	if (!node || node->type != SHD_NODE_SCALAR || node->len != 3 ||
		shd_currency_known(node->text))
		return;
	const char *meant = shd_currency_meant(node->text);
	char hint[40];
	snprintf(hint, sizeof(hint), "did you mean %s ?", meant ? meant : "");
	shd_node_mistake(node, build->diags, meant ? hint : NULL,
		"`currency` is `%s`, expected a code of ISO 4217 such as RUB", node->text);
}

/* A key must not travel in the clear, except to this host itself. */
static void check_base_url(struct shd_build *build, const struct shd_store_settings *store,
			   const struct shd_node *map)
{
	const struct shd_node *node = shd_node_get(map, "base_url");

	if (node && store->base_url && strncmp(store->base_url, "http:", 5) == 0 &&
		!shd_url_is_loopback(store->base_url))
		shd_node_mistake(node, build->diags, "write https://",
			"http would send the store's key unencrypted");
}

static bool is_loopback(const struct shd_store_settings *store)
{
	return store->base_url && shd_url_is_loopback(store->base_url);
}

/* The marketplace is polite only up to its own limits; a sandbox has none. */
static void check_rate(struct shd_build *build, const struct shd_store_settings *store,
		       const struct shd_node *map)
{
	const struct shd_node *node = shd_node_get(map, "rate");

	if (node && store->market && store->rate_per_s > store->market->rate_per_s &&
		!is_loopback(store))
		shd_node_mistake(node, build->diags, NULL,
			"`rate` is %s, but %s bears %lld requests per second at most", node->text,
			store->market->name, (long long)store->market->rate_per_s);
}

static void check_poll(struct shd_build *build, const struct shd_store_settings *store,
		       const struct shd_node *poll)
{
	int64_t min = is_loopback(store) ? POLL_MIN_LOOPBACK_MS : POLL_MIN_MS;
	char buf[2][SHD_DURATION_TEXT];

	for (int i = 0; i < SHD_POLLER_COUNT; i++) {
		const char *name = shd_poller_name((enum shd_poller)i);
		const struct shd_node *node = shd_node_get(poll, name);
		bool off = node && node->text && strcmp(node->text, "off") == 0;

		/* What could not be read is still the default, which is large enough. */
		if (node && !off && store->every_ms[i] < min)
			shd_node_mistake(node, build->diags,
				store->every_ms[i] ? NULL : "write off to switch it off",
				"%s is polled every %s, the minimum is %s", name,
				shd_duration_format(store->every_ms[i], buf[0]),
				shd_duration_format(min, buf[1]));
	}
}

static void read_egress(struct shd_build *build, struct shd_store_settings *store,
			const struct shd_node *node)
{
	struct shd_egress egress = {0};

	if (!node)
		return;
	shd_options_apply(node, shd_egress_options, shd_egress_option_count, &egress, "egress",
		build->settings->arena, build->diags);
	if (egress.proxy && egress.interface)
		shd_node_mistake(node, build->diags, NULL,
			"`egress` is either a proxy or an interface, not both");
	store->proxy = egress.proxy;
	store->interface = egress.interface;
}

/* One table for all stores of a zone. */
static const struct shd_zone *take_zone(
	struct shd_build *build, const struct shd_store_settings *store)
{
	const struct shd_store_settings *first = build->settings->stores;

	for (; first != store; first++)
		if (first->timezone && strcmp(first->timezone, store->timezone) == 0)
			return first->zone;
	return shd_zone_make(store->timezone, build->settings->arena);
}

static void find_calendar(struct shd_build *build, struct shd_store_settings *store,
			  const struct shd_node *map, const char *name)
{
	const struct shd_calendars *calendars = &build->settings->calendars;
	struct shd_complaint complaint = {0};

	if (!name)
		return;
	store->calendar = shd_calendar_find(calendars, name);
	if (store->calendar)
		return;
	const char **names shd_autofree = shd_xcalloc(calendars->count + 1, sizeof(*names));
	for (size_t i = 0; i < calendars->count; i++)
		names[i] = calendars->items[i].name;
	shd_complain_word(&complaint, name, names, calendars->count, "no calendar is called");
	shd_node_mistake(shd_node_get(map, "calendar"), build->diags,
		complaint.hint[0] ? complaint.hint : NULL, "%s", complaint.text);
}

static void read_store(struct shd_build *build, struct shd_store_settings *store,
		       const struct shd_node *map)
{
	struct shd_store_parts parts = {0};
	const struct shd_market *market = find_market(build, map);
	void *own = market ? shd_build_take(build, 1, market->settings_size) : NULL;

	*store = (struct shd_store_settings){.market = market, .market_settings = own, .node = map};
	if (market) {
		store->base_url = market->base_url;
		store->rate_per_s = market->rate_per_s;
	}
	const struct shd_option_use uses[] = {
		{shd_store_options, shd_store_option_count, store},
		{shd_store_parts_options, shd_store_parts_option_count, &parts},
		shd_build_use(market ? market->options : NULL, market ? market->option_count : 0,
			own),
	};
	shd_options_apply_all(map, uses, SHD_COUNT(uses), "a store", build->settings->arena,
		build->diags);
	if (map->type != SHD_NODE_MAP)
		return;
	if (store->timezone)
		store->zone = take_zone(build, store);
	find_calendar(build, store, map, parts.calendar);
	check_id(build, map);
	check_currency(build, map);
	check_base_url(build, store, map);
	check_rate(build, store, map);
	shd_options_apply(parts.poll, shd_poll_options, shd_poll_option_count, store, "poll",
		build->settings->arena, build->diags);
	check_poll(build, store, parts.poll);
	read_egress(build, store, parts.egress);
	store->overrides = shd_build_overrides(build, parts.overrides);
}

static int by_id(const void *a, const void *b)
{
	const struct shd_store_settings *const *x = a, *const *y = b;
	int order = strcmp((*x)->id, (*y)->id);

	return order ? order : (*x > *y) - (*x < *y);
}

static void refuse_duplicate_ids(struct shd_build *build)
{
	const struct shd_settings *settings = build->settings;
	const struct shd_store_settings **sorted shd_autofree =
		shd_xcalloc(settings->store_count, sizeof(*sorted));
	size_t count = 0;

	for (size_t i = 0; i < settings->store_count; i++) {
		if (settings->stores[i].id)
			sorted[count++] = &settings->stores[i];
	}
	qsort(sorted, count, sizeof(*sorted), by_id);
	for (size_t i = 1, first = 0; i < count; i++) {
		if (strcmp(sorted[first]->id, sorted[i]->id) != 0) {
			first = i;
			continue;
		}
		shd_node_mistake(shd_node_get(sorted[i]->node, "id"), build->diags, NULL,
			"two stores are called `%s`, the first in %s:%d", sorted[i]->id,
			shd_doc_file(sorted[first]->node->doc), sorted[first]->node->line);
	}
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* By marketplace and way out, then as they stand in the file. */
static int by_egress(const void *a, const void *b)
{
	const struct shd_store_settings *const *x = a, *const *y = b;
	int order = strcmp((*x)->market->name, (*y)->market->name);

	if (!order)
		order = compare_texts((*x)->proxy, (*y)->proxy);
	if (!order)
		order = compare_texts((*x)->interface, (*y)->interface);
	return order ? order : (*x > *y) - (*x < *y);
}

static bool same_egress(const struct shd_store_settings *a, const struct shd_store_settings *b)
{
	return a->market == b->market && compare_texts(a->proxy, b->proxy) == 0 &&
	       compare_texts(a->interface, b->interface) == 0;
}

/* Marketplaces tie the stores of one seller together by their address. */
static void warn_shared_egress(struct shd_build *build)
{
	const struct shd_settings *settings = build->settings;
	const struct shd_store_settings **sorted shd_autofree =
		shd_xcalloc(settings->store_count, sizeof(*sorted));
	size_t count = 0;

	for (size_t i = 0; i < settings->store_count; i++) {
		const struct shd_store_settings *store = &settings->stores[i];

		if (store->market && store->id && !is_loopback(store))
			sorted[count++] = store;
	}
	qsort(sorted, count, sizeof(*sorted), by_egress);
	for (size_t first = 0, end; first < count; first = end) {
		for (end = first + 1; end < count && same_egress(sorted[first], sorted[end]);)
			end++;
		if (end - first > 1)
			shd_node_warn(sorted[first + 1]->node, build->diags,
				"give each an egress: {proxy: URL} or {interface: NAME}",
				"%zu stores of %s leave through the same address, `%s` is the "
				"first",
				end - first, sorted[first]->market->name, sorted[first]->id);
	}
}

void shd_stores_build(struct shd_build *build, const struct shd_node *node)
{
	struct shd_settings *settings = build->settings;

	if (!is_list(build, node))
		return;
	settings->store_count = node->count;
	settings->stores = shd_build_take(build, node->count, sizeof(*settings->stores));
	for (size_t i = 0; i < node->count; i++)
		read_store(build, &settings->stores[i], &node->items[i]);
	refuse_duplicate_ids(build);
	warn_shared_egress(build);
}

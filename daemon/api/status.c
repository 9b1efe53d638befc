/* GET /api/v1/status: how well each store can be read. */
#include "api/json.h"
#include "api/route.h"
#include "market/market.h"

#include <string.h>

bool shd_api_status_begin(struct shd_api_call *call, const struct shd_config *config,
			  struct shd_error *reterr)
{
	struct shd_api_daemon known = {0};
	json_t *daemon = json_object();

	(void)reterr;
	shd_api_take_stores(call, config);
	call->in->daemon(call->in->ctx, &known);
	shd_api_put_text(daemon, "version", SHD_VERSION);
	shd_api_put_time(daemon, "started", known.started);
	shd_api_put_time(daemon, "reloaded", known.reloaded);
	shd_api_put_text(daemon, "reload_error", known.reload_error);
	shd_api_put_text(daemon, "configuration", config->dir);
	shd_api_put_int(daemon, "rules", (json_int_t)shd_rules_count(config->rules));
	shd_api_put_int(daemon, "requests_running", (json_int_t)known.in_flight);
	shd_api_put_int(daemon, "requests_waiting", (json_int_t)known.queued);
	shd_api_put_int(daemon, "jobs_waiting", (json_int_t)known.jobs);
	shd_api_put_bool(daemon, "blind", known.blind);
	json_object_set_new(call->answer, "daemon", daemon);
	return true;
}

static const char *feed_state(const struct shd_feed_row *feed)
{
	if (feed->not_available)
		return "unavailable";
	if (feed->error >= 0)
		return "failing";
	return feed->last_success.ms ? "ok" : "waiting";
}

static void put_error(json_t *object, int kind, const char *text)
{
	if (kind < 0) {
		json_object_set_new(object, "error", json_null());
		return;
	}
	json_t *error = json_object();
	shd_api_put_text(error, "kind", shd_err_name((enum shd_err)kind));
	shd_api_put_text(error, "text", text ? text : shd_err_text((enum shd_err)kind));
	json_object_set_new(object, "error", error);
}

static json_t *feed_json(const struct shd_feed_row *feed)
{
	json_t *row = json_object();

	shd_api_put_text(row, "name", feed->endpoint);
	shd_api_put_text(row, "state", feed_state(feed));
	shd_api_put_time(row, "last_success", feed->last_success);
	shd_api_put_time(row, "last_try", feed->last_try);
	shd_api_put_time(row, "next_due", feed->next_due);
	shd_api_put_time(row, "failing_since", feed->failing_since);
	shd_api_put_int(row, "failures", feed->failures);
	put_error(row, feed->error, feed->error_text);
	return row;
}

/* What the feeds of a poller come to: as fresh as its stalest, due with its
 * earliest, failing when one that it needs fails. */
struct summary {
	size_t needed;
	struct shd_wall last_success, next_due, failing_since;
	const struct shd_feed_row *failing;
	bool waiting;
};

static void summarise(struct summary *sum, const struct shd_feed_row *feed, bool optional)
{
	if (feed->next_due.ms && (!sum->next_due.ms || feed->next_due.ms < sum->next_due.ms))
		sum->next_due = feed->next_due;
	if (feed->not_available || optional)
		return;
	if (feed->error >= 0 && !sum->failing) {
		sum->failing = feed;
		sum->failing_since = feed->failing_since;
	}
	if (!feed->last_success.ms)
		sum->waiting = true;
	if (!sum->needed++ || feed->last_success.ms < sum->last_success.ms)
		sum->last_success = feed->last_success;
}

static json_t *poller_json(const struct shd_api_store *store, enum shd_poller poller,
			   const struct shd_feed_row *feeds, size_t count)
{
	struct summary sum = {0};
	json_t *row = json_object(), *list = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct shd_endpoint *endpoint =
			shd_market_endpoint(store->market, feeds[i].endpoint);

		if (!endpoint || endpoint->poller != poller)
			continue;
		summarise(&sum, &feeds[i], endpoint->optional);
		json_array_append_new(list, feed_json(&feeds[i]));
	}
	shd_api_put_text(row, "name", shd_poller_name(poller));
	shd_api_put_text(row, "state", !store->every_ms[poller] ? "off"
		: sum.failing                                   ? "failing"
		: sum.waiting || !json_array_size(list)         ? "waiting"
		: sum.needed                                    ? "ok"
								: "unavailable");
	shd_api_put_int(row, "every_ms", store->every_ms[poller]);
	shd_api_put_time(row, "last_success", sum.last_success);
	shd_api_put_time(row, "next_due", sum.next_due);
	shd_api_put_time(row, "failing_since", sum.failing_since);
	put_error(row, sum.failing ? sum.failing->error : -1,
		sum.failing ? sum.failing->error_text : NULL);
	json_object_set_new(row, "feeds", list);
	return row;
}

bool shd_api_status_read(struct shd_api_call *call, struct shd_state *state,
			 struct shd_error *reterr)
{
	json_t *stores = json_array();

	json_object_set_new(call->answer, "stores", stores);
	for (size_t i = 0; i < call->store_count; i++) {
		const struct shd_api_store *store = &call->stores[i];
		struct shd_feed_row *feeds;
		size_t count;

		if (!shd_state_feeds(state, store->id, call->arena, &feeds, &count, reterr))
			return false;
		json_t *row = json_object(), *pollers = json_array();
		shd_api_put_text(row, "id", store->id);
		shd_api_put_text(row, "marketplace", store->market->name);
		for (int p = 0; p < SHD_POLLER_COUNT; p++)
			json_array_append_new(pollers,
				poller_json(store, (enum shd_poller)p, feeds, count));
		json_object_set_new(row, "pollers", pollers);
		json_array_append_new(stores, row);
	}
	return true;
}

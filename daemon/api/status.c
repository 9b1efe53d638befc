/* GET /api/v1/status: the daemon's counters, the pollers and feeds of each store, the channels
 * (status_channels.c). */
#include "json.h"
#include "route.h"
#include "catalog/unread.h"
#include "market/adapter.h"
#include "poll/status.h"

#include <string.h>
#include <unistd.h>

enum { UNREAD_BYTES = 64 << 20 };

/* A feed's status; its texts are copied into the call's arena. */
struct shd_api_feed {
	struct shd_feed_status status;
	struct shd_api_feed *next;
};

static const char *copy_text(struct shd_arena *arena, const char *text)
{
	return text ? shd_arena_text(arena, text, strlen(text)) : NULL;
}

static void copy_texts(struct shd_arena *arena, struct shd_poller_status *status)
{
	status->error_text = copy_text(arena, status->error_text);
	status->incomplete_text = copy_text(arena, status->incomplete_text);
}

struct feed_visit {
	struct shd_arena *arena;
	struct shd_api_store *store;
};

static void copy_feed(void *ctx, const struct shd_feed_status *status)
{
	struct feed_visit *visit = ctx;
	struct shd_api_feed *feed = shd_arena_alloc(visit->arena, 1, sizeof(*feed));

	if (!feed)
		return; /* a list this long is cut; the pollers are complete */
	feed->status = *status;
	feed->status.endpoint = copy_text(visit->arena, status->endpoint);
	feed->status.error_text = copy_text(visit->arena, status->error_text);
	feed->status.incomplete = copy_text(visit->arena, status->incomplete);
	*visit->store->last_feed = feed;
	visit->store->last_feed = &feed->next;
}

static void put_figures(json_t *daemon, const struct shd_figures *figures)
{
	const struct {
		const char *name;
		uint64_t n;
	} counts[] = {
		{"polls", figures->polls}, {"polls_unchanged", figures->polls_unchanged},
		{"polls_failed", figures->polls_failed}, {"requests", figures->requests},
		{"throttled", figures->throttled}, {"received_bytes", figures->received_bytes},
		{"parsed_records", figures->parsed_records},
		{"unclaimed_parcels", figures->unclaimed_parcels}, {"commits", figures->commits},
		{"judged", figures->judged}, {"alert_transitions", figures->alert_transitions},
		{"delivered", figures->delivered}, {"reloads", figures->reloads},
		{"pid", (uint64_t)getpid()},
		{"delivery_failures", figures->delivery_failures},
		{"changes_refused", figures->changes_refused},
		{"stores", figures->stores}, {"feeds", figures->feeds},
		{"queued", figures->queued}, {"in_flight", figures->in_flight},
		{"committing", figures->committing}, {"state_jobs", figures->state_jobs},
		{"lag_max_ms", (uint64_t)figures->lag_max_ms},
	};
	const struct {
		const char *name, *text;
	} texts[] = {
		{"reload_error", figures->reload_error}, {"unkept", figures->unkept},
		{"state_note", figures->state_note}, {"retain_error", figures->retain_error},
		{"refused", figures->refused},
	};

	shd_api_put_time(daemon, "started", figures->started);
	shd_api_put_time(daemon, "last_commit", figures->last_commit);
	shd_api_put_time(daemon, "last_reload", figures->last_reload);
	shd_api_put_time(daemon, "unkept_since", figures->unkept_since);
	shd_api_put_time(daemon, "unjudged_since", figures->unjudged_since);
	shd_api_put_time(daemon, "retain_failing_since", figures->retain_failing_since);
	shd_api_put_time(daemon, "refused_at", figures->refused_at);
	for (size_t i = 0; i < SHD_COUNT(texts); i++)
		shd_api_put_text(daemon, texts[i].name,
			texts[i].text && texts[i].text[0] ? texts[i].text : NULL);
	shd_api_put_bool(daemon, "blind", figures->blind);
	shd_api_put_bool(daemon, "reloading", figures->reloading);
	for (size_t i = 0; i < SHD_COUNT(counts); i++)
		shd_api_put_int(daemon, counts[i].name, (int64_t)counts[i].n);
}

/* What they take of what they may, and who takes it. */
static void put_memory(json_t *daemon, const char *name, const struct shd_memory_use *use)
{
	json_t *memory = json_object(), *users = json_array();

	shd_api_put_int(memory, "max_bytes", use->max);
	shd_api_put_int(memory, "bytes", use->now);
	shd_api_put_int(memory, "peak_bytes", use->peak);
	shd_api_put_int(memory, "waiting", (int64_t)use->waiting);
	shd_api_put_int(memory, "refused", (int64_t)use->refused);
	for (size_t i = 0; i < use->user_count; i++) {
		json_t *user = json_object();

		shd_api_put_text(user, "source", use->users[i].who);
		shd_api_put_int(user, "bytes", use->users[i].now);
		shd_api_put_int(user, "peak_bytes", use->users[i].peak);
		json_array_append_new(users, user);
	}
	json_object_set_new(memory, "sources", users);
	json_object_set_new(daemon, name, memory);
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

bool shd_api_status_begin(struct shd_api_call *call, const struct shd_config *config,
			  struct shd_error *reterr)
{
	const char *feeds = shd_api_argument(call, "feeds");
	struct shd_figures figures;
	json_t *daemon = json_object();

	(void)reterr;
	call->view->figures(call->view->ctx, &figures);
	shd_api_put_text(daemon, "version", SHD_VERSION);
	shd_api_put_text(daemon, "configuration", config->dir);
	shd_api_put_int(daemon, "rules", (int64_t)shd_rules_count(config->rules));
	put_figures(daemon, &figures);
	put_memory(daemon, "answers", &figures.memory);
	put_memory(daemon, "harvests", &figures.harvests);
	json_object_set_new(call->answer, "daemon", daemon);
	shd_api_look_at_channels(call);

	shd_api_copy_stores(call, config);
	for (size_t i = 0; i < call->store_count; i++) {
		struct shd_api_store *store = &call->stores[i];
		const struct shd_source *source = store->source;

		for (int p = 0; p < SHD_POLLER_COUNT; p++) {
			struct shd_poller_status *status = &store->pollers[p];

			if (call->view->poller(call->view->ctx, source, (enum shd_poller)p, status))
				copy_texts(call->arena, status);
			else
				*status = (struct shd_poller_status){.error = -1, .every_ms =
					source->every_ms[p]};
		}
		store->last_feed = &store->feeds;
		if (feeds && strcmp(feeds, "1") == 0)
			call->view->feeds(call->view->ctx, source, copy_feed,
				&(struct feed_visit){call->arena, store});
	}
	return true;
}

/* --- on the pool ------------------------------------------------------------- */

static void put_incomplete(json_t *object, const char *text, struct shd_wall since)
{
	shd_api_put_text(object, "incomplete", text && text[0] ? text : NULL);
	shd_api_put_time(object, "incomplete_since", since);
}

/* off: its poller is switched off. */
static const char *feed_state(const struct shd_feed_status *feed, bool off)
{
	if (off)
		return "off";
	if (feed->standing == SHD_STANDING_LACKING)
		return "unavailable";
	if (feed->standing == SHD_STANDING_REFUSED)
		return "refused";
	if (feed->error >= 0)
		return "failing";
	if (feed->incomplete && feed->incomplete[0])
		return "incomplete";
	return feed->last_success.ms ? "ok" : "waiting";
}

static json_t *feed_json(const struct shd_feed_status *feed, bool off)
{
	const struct shd_wall never = {0};
	json_t *row = json_object();

	shd_api_put_text(row, "name", feed->endpoint);
	shd_api_put_text(row, "poller", shd_poller_name(feed->poller));
	shd_api_put_text(row, "state", feed_state(feed, off));
	shd_api_put_text(row, "doing", feed->state);
	shd_api_put_int(row, "every_ms", feed->every_ms);
	shd_api_put_time(row, "last_success", feed->last_success);
	shd_api_put_time(row, "last_try", feed->last_try);
	shd_api_put_time(row, "next_due", off ? never : feed->next_due);
	shd_api_put_time(row, "failing_since", feed->failing_since);
	shd_api_put_int(row, "failures", feed->failures);
	shd_api_put_bool(row, "optional", feed->optional);
	shd_api_put_bool(row, "follow", feed->follow);
	shd_api_put_bool(row, "silent", feed->silent);
	shd_api_put_int(row, "records", (int64_t)feed->records);
	put_incomplete(row, feed->incomplete, feed->incomplete_since);
	put_error(row, feed->error, feed->error_text);
	return row;
}

static const char *poller_state(const struct shd_poller_status *poller)
{
	if (!poller->every_ms)
		return "off";
	if (!poller->feeds)
		return "none";
	if (poller->error >= 0)
		return "failing";
	if (poller->not_available == poller->feeds)
		return "unavailable";
	if (poller->incomplete)
		return "incomplete";
	return poller->last_success.ms ? "ok" : "waiting";
}

static json_t *poller_json(enum shd_poller number, const struct shd_poller_status *poller)
{
	json_t *row = json_object();

	shd_api_put_text(row, "name", shd_poller_name(number));
	shd_api_put_text(row, "state", poller_state(poller));
	shd_api_put_int(row, "every_ms", poller->every_ms);
	shd_api_put_time(row, "last_success", poller->last_success);
	shd_api_put_time(row, "next_due", poller->next_due);
	shd_api_put_time(row, "failing_since", poller->failing_since);
	shd_api_put_bool(row, "silent", poller->silent);
	shd_api_put_int(row, "feeds", (int64_t)poller->feeds);
	shd_api_put_int(row, "failing", (int64_t)poller->failing);
	shd_api_put_int(row, "not_available", (int64_t)poller->not_available);
	put_incomplete(row, poller->incomplete_text, poller->incomplete_since);
	put_error(row, poller->error, poller->error_text);
	return row;
}

/* Adds one entity to the count of its feed and field (or metric), which cannot be read. */
static void count_unread(json_t *rows, enum shd_kind kind, const struct shd_unread_line *line)
{
	SHD_AUTO(shd_text_finish) struct shd_text feed = {0}, field = {0}, example = {0};
	size_t i;
	json_t *row;

	shd_text_init(&feed, 256);
	shd_text_init(&field, 256);
	shd_text_init(&example, SHD_FIELD_BYTES);
	shd_text_add(&feed, line->feed, line->feed_len);
	shd_unread_print(kind, line, &field);
	shd_text_add(&example, line->example, line->example_len);
	json_array_foreach(rows, i, row) {
		json_t *n = json_object_get(row, "entities");

		if (strcmp(json_string_value(json_object_get(row, "feed")), feed.data) == 0 &&
			strcmp(json_string_value(json_object_get(row, "field")), field.data) == 0) {
			json_integer_set(n, json_integer_value(n) + 1);
			return;
		}
	}
	row = json_object();
	shd_api_put_text(row, "feed", feed.data);
	shd_api_put_text(row, "field", field.data);
	shd_api_put_int(row, "entities", 1);
	shd_api_put_text(row, "example", example.data);
	json_array_append_new(rows, row);
}

static bool read_unread(struct shd_state *state, const char *store, json_t *rows,
			struct shd_error *reterr)
{
	for (int k = 0; k < SHD_KIND_COUNT; k++) {
		struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) =
			shd_arena_create(UNREAD_BYTES);
		const char *const *texts;
		struct shd_unread_line line;
		size_t count;

		if (!shd_state_unread(
			    state, store, (enum shd_kind)k, arena, &texts, &count, reterr))
			return false;
		for (size_t i = 0; i < count; i++)
			for (const char *at = texts[i]; shd_unread_next(&at, &line);)
				count_unread(rows, (enum shd_kind)k, &line);
	}
	return true;
}

bool shd_api_status_read(struct shd_api_call *call, struct shd_state *state,
			 struct shd_error *reterr)
{
	json_t *stores = json_array(), *daemon = json_object_get(call->answer, "daemon");

	/* What can be said without the state is said without it. */
	shd_api_put_text(daemon, "state_unreadable", state ? NULL : reterr->msg);
	json_object_set_new(call->answer, "stores", stores);
	if (!shd_api_put_channels(call, state, reterr)) {
		shd_api_put_text(daemon, "state_unreadable", reterr->msg);
		state = NULL;
	}
	for (size_t i = 0; i < call->store_count; i++) {
		const struct shd_api_store *store = &call->stores[i];
		json_t *row = json_object(), *pollers = json_array(), *feeds = json_array();
		json_t *unread = json_array();

		shd_api_put_text(row, "id", store->id);
		shd_api_put_text(row, "marketplace", store->marketplace);
		for (int p = 0; p < SHD_POLLER_COUNT; p++)
			json_array_append_new(pollers,
				poller_json((enum shd_poller)p, &store->pollers[p]));
		json_object_set_new(row, "pollers", pollers);
		json_object_set_new(row, "unread", unread);
		for (const struct shd_api_feed *feed = store->feeds; feed; feed = feed->next)
			json_array_append_new(feeds, feed_json(&feed->status,
					!store->pollers[feed->status.poller].every_ms));
		if (store->feeds)
			json_object_set_new(row, "feeds", feeds);
		else
			json_decref(feeds);
		json_array_append_new(stores, row);
		if (state && !read_unread(state, store->id, unread, reterr)) {
			shd_api_put_text(daemon, "state_unreadable", reterr->msg);
			state = NULL;
		}
	}
	return true;
}

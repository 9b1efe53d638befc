/* GET /api/v1/alerts and /api/v1/alerts/N. */
#include "json.h"
#include "route.h"
#include "base/num.h"
#include "poll/status.h"

#include <string.h>

#define ALERTS_MAX 1000

static json_t *alert_json(const struct shd_alert *alert)
{
	json_t *row = json_object();
	const struct shd_verdict *last = &alert->last;

	shd_api_put_int(row, "number", alert->number);
	shd_api_put_text(row, "rule", alert->rule);
	shd_api_put_text(row, "store", alert->store);
	shd_api_put_text(row, "entity", alert->entity);
	shd_api_put_text(row, "state", shd_alert_state_name(alert->state));
	shd_api_put_text(row, "level", shd_level_name(alert->level));
	shd_api_put_text(row, "notified_level", shd_level_name(alert->notified_level));
	shd_api_put_value(row, "value", &last->value);
	shd_api_put_value(row, "limit", &last->limit);
	shd_api_put_value(row, "cost", &last->cost);
	shd_api_put_value(row, "room", &last->room);
	shd_api_put_sample(row, last->sample_hit, last->sample_of);
	shd_api_put_time(row, "due", last->due);
	shd_api_put_time(row, "pending_since", alert->pending_since);
	shd_api_put_time(row, "since", alert->fired_at);
	shd_api_put_time(row, "resolved_at", alert->resolved_at);
	shd_api_put_time(row, "changed_at", alert->changed_at);
	shd_api_put_int(row, "episode", alert->episode);
	shd_api_put_text(row, "why", last->why);
	return row;
}

/* The alert's rule with the overrides of its store; NULL when the rule no longer exists. */
static const struct shd_rule *rule_of(const json_t *alert, const struct shd_config *config)
{
	const char *store = json_string_value(json_object_get(alert, "store"));

	return shd_rules_find(shd_rules_of(config->rules, store),
			      json_string_value(json_object_get(alert, "rule")));
}

/* Adds the title and conditions of the alert's rule from the configuration in force. */
static void put_rule_texts(json_t *row, const struct shd_config *config)
{
	const char *id = json_string_value(json_object_get(row, "rule"));
	const struct shd_rule *rule = rule_of(row, config);
	enum shd_level level = SHD_LEVEL_NONE;

	shd_level_find(json_string_value(json_object_get(row, "level")), &level);
	shd_api_put_text(row, "title", rule ? rule->title[SHD_EN] : id);
	shd_api_put_text(row, "condition",
		rule && level != SHD_LEVEL_NONE ? shd_rule_condition(rule, level) : NULL);
	shd_api_put_text(row, "until",
		rule && level != SHD_LEVEL_NONE ? shd_rule_clear_condition(rule, level) : NULL);
}

/* --- the list ---------------------------------------------------------------- */

bool shd_api_alerts_begin(struct shd_api_call *call, const struct shd_config *config,
			  struct shd_error *reterr)
{
	const char *all = shd_api_argument(call, "all");

	call->filter.store = shd_api_argument_copy(call, "store");
	call->filter.rule = shd_api_argument_copy(call, "rule");
	call->filter.closed_too = all && strcmp(all, "1") == 0;
	if (!shd_api_max(call, ALERTS_MAX, &call->filter.max, reterr))
		return false;
	if (!call->filter.store || strcmp(call->filter.store, "daemon") == 0)
		return true;
	shd_api_copy_stores(call, config);
	return shd_api_store_find(call, call->filter.store, reterr) != NULL;
}

bool shd_api_alerts_read(struct shd_api_call *call, struct shd_state *state,
			 struct shd_error *reterr)
{
	struct shd_alert *alerts;
	size_t count;
	json_t *list = json_array();

	json_object_set_new(call->answer, "alerts", list);
	if (!shd_state_alerts(state, &call->filter, call->arena, &alerts, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, alert_json(&alerts[i]));
	shd_api_put_bool(call->answer, "more", count == call->filter.max);
	return true;
}

bool shd_api_alerts_end(struct shd_api_call *call, const struct shd_config *config,
			struct shd_error *reterr)
{
	size_t i;
	json_t *row;

	(void)reterr;
	json_array_foreach(json_object_get(call->answer, "alerts"), i, row)
		put_rule_texts(row, config);
	return true;
}

/* --- one alert ------------------------------------------------------------------ */

bool shd_api_explain_begin(struct shd_api_call *call, const struct shd_config *config,
			   struct shd_error *reterr)
{
	(void)config;
	call->filter = (struct shd_alert_filter){.closed_too = true, .max = 1};
	if (!shd_api_is_number(call->argument, &call->filter.number))
		return shd_fail(reterr, SHD_ERR_REQUEST,
			"\"%s\" is not the number of an alert", call->argument);
	return true;
}

static bool read_events(struct shd_api_call *call, struct shd_state *state,
			struct shd_error *reterr)
{
	struct shd_alert_event *events;
	size_t count;
	json_t *list = json_array();

	json_object_set_new(call->answer, "events", list);
	if (!shd_state_events(state, call->filter.number, call->arena, &events, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++) {
		json_t *row = json_object();

		shd_api_put_time(row, "at", events[i].at);
		shd_api_put_text(row, "move", shd_move_name(events[i].move));
		shd_api_put_text(row, "from", shd_level_name(events[i].from));
		shd_api_put_text(row, "to", shd_level_name(events[i].to));
		shd_api_put_bool(row, "told", events[i].notified);
		shd_api_put_value(row, "value", &events[i].value);
		shd_api_put_value(row, "limit", &events[i].limit);
		shd_api_put_text(row, "reason", events[i].reason);
		json_array_append_new(list, row);
	}
	return true;
}

static bool read_deliveries(struct shd_api_call *call, struct shd_state *state,
			    struct shd_error *reterr)
{
	struct shd_delivery_row *rows;
	size_t count;
	json_t *list = json_array();

	json_object_set_new(call->answer, "deliveries", list);
	if (!shd_state_deliveries(state, call->filter.number, call->arena, &rows, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++) {
		json_t *row = json_object();

		shd_api_put_int(row, "message", rows[i].outbox);
		shd_api_put_text(row, "channel", rows[i].channel);
		shd_api_put_time(row, "at", rows[i].at);
		shd_api_put_int(row, "attempt", rows[i].attempt);
		shd_api_put_bool(row, "ok", rows[i].ok);
		shd_api_put_int(row, "status", rows[i].status);
		shd_api_put_text(row, "answer", rows[i].answer);
		shd_api_put_text(row, "error", rows[i].error);
		shd_api_put_int(row, "took_ms", rows[i].took_ms);
		json_array_append_new(list, row);
	}
	return true;
}

/* Adds the messages that wait to be sent, and those that were given up. */
static bool read_unsent(
	struct shd_api_call *call, struct shd_state *state, struct shd_error *reterr)
{
	struct shd_unsent_row *rows;
	size_t count;
	json_t *list = json_array();

	json_object_set_new(call->answer, "unsent", list);
	if (!shd_state_outbox_unsent(
		    state, call->filter.number, call->arena, &rows, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct shd_wall never = {0};
		json_t *row = json_object();

		shd_api_put_int(row, "message", rows[i].number);
		shd_api_put_text(row, "channel", rows[i].channel);
		shd_api_put_text(row, "state", rows[i].dead ? "dead" : "waiting");
		shd_api_put_time(row, "made", rows[i].made);
		shd_api_put_int(row, "attempts", rows[i].attempts);
		shd_api_put_time(row, "next_try", rows[i].dead ? never : rows[i].next_try);
		shd_api_put_time(row, "give_up", rows[i].give_up);
		shd_api_put_text(row, "error", rows[i].error);
		json_array_append_new(list, row);
	}
	return true;
}

bool shd_api_explain_read(struct shd_api_call *call, struct shd_state *state,
			  struct shd_error *reterr)
{
	struct shd_alert *alerts;
	struct shd_wall wake;
	size_t count;

	if (!shd_state_alerts(state, &call->filter, call->arena, &alerts, &count, reterr))
		return false;
	if (!count)
		return shd_fail(reterr, SHD_ERR_MISSING, "there is no alert %s", call->argument);
	if (!shd_state_wake_of(state, alerts[0].store, alerts[0].entity, &wake, reterr))
		return false;
	json_object_set_new(call->answer, "alert", alert_json(&alerts[0]));
	shd_api_put_time(call->answer, "next_look", wake);
	return read_events(call, state, reterr) && read_deliveries(call, state, reterr) &&
	       read_unsent(call, state, reterr);
}

struct lacking {
	json_t *list;
	const struct shd_rule *rule; /* NULL: no longer part of the configuration */
};

static void add_incomplete(void *ctx, const struct shd_feed_status *status)
{
	const struct lacking *lacking = ctx;
	uint32_t reads = lacking->rule ? lacking->rule->brought_by | lacking->rule->reads_pollers
				       : UINT32_MAX;

	if (!status->incomplete || !status->incomplete[0] || !(reads >> status->poller & 1))
		return;
	json_t *row = json_object();
	shd_api_put_text(row, "feed", status->endpoint);
	shd_api_put_text(row, "incomplete", status->incomplete);
	shd_api_put_time(row, "incomplete_since", status->incomplete_since);
	json_array_append_new(lacking->list, row);
}

/* Lists that the rule is judged by and that are not whole. */
static json_t *incomplete_json(const struct shd_api_call *call, const struct shd_config *config,
			       const char *store, const struct shd_rule *rule)
{
	struct lacking lacking = {json_array(), rule};

	for (size_t i = 0; i < config->settings->source_count; i++) {
		const struct shd_source *source = &config->settings->sources[i];

		if (strcmp(source->id, store) == 0)
			call->view->feeds(call->view->ctx, source, add_incomplete, &lacking);
	}
	return lacking.list;
}

bool shd_api_explain_end(struct shd_api_call *call, const struct shd_config *config,
			 struct shd_error *reterr)
{
	json_t *alert = json_object_get(call->answer, "alert"), *row = json_object();
	const char *id = json_string_value(json_object_get(alert, "rule"));
	const struct shd_rule *rule = rule_of(alert, config);

	(void)reterr;
	put_rule_texts(alert, config);
	shd_api_put_text(row, "id", id);
	shd_api_put_bool(row, "known", rule != NULL);
	shd_api_put_text(row, "title", rule ? rule->title[SHD_EN] : id);
	shd_api_put_text(row, "advice", rule ? rule->advice[SHD_EN] : NULL);
	shd_api_put_text(row, "runbook", rule ? rule->runbook : NULL);
	shd_api_put_text(row, "source", rule ? rule->source : NULL);
	json_object_set_new(call->answer, "rule", row);
	json_object_set_new(call->answer, "incomplete", incomplete_json(call, config,
		json_string_value(json_object_get(alert, "store")), rule));
	return true;
}

/* GET /api/v1/rules and /api/v1/rules/RULE: the rules in force, and one of them with its verdict on
 * each store and entity now (its standings). */
#include "json.h"
#include "store_reader.h"

#include <string.h>

/* Limits of one answer: standings in it, entities of a store that are judged. What is left out is
 * counted in "more". */
enum { STANDINGS_MAX = 200, JUDGED_MAX = 20000, ENTITY_BYTES = 4 << 20 };

bool shd_api_filter_begin(struct shd_api_call *call, const struct shd_config *config,
			  struct shd_error *reterr)
{
	const struct shd_settings *settings = config->settings;
	uint32_t *behind = shd_arena_alloc(call->arena, settings->source_count, sizeof(*behind));

	if (!behind)
		return shd_fail(reterr, SHD_ERR_LIMIT, "more sources than an answer has room for");
	for (size_t i = 0; i < settings->source_count; i++)
		behind[i] = call->view->behind(call->view->ctx, &settings->sources[i]);
	call->behind = behind;
	call->filter.store = shd_api_argument_copy(call, "store");
	return true;
}

/* The rules with the overrides of the store in the request; without one, as all stores have them.
 */
static const struct shd_rules *requested_rules(const struct shd_api_call *call)
{
	const char *store = call->filter.store;

	return store ? shd_rules_of(call->config->rules, store) : call->config->rules;
}

/* --- the definition ----------------------------------------------------------------- */

typedef const char *condition_fn(const struct shd_rule *rule, enum shd_level level);

static json_t *levels_json(const struct shd_rule *rule, condition_fn *condition_of)
{
	json_t *levels = json_object();

	for (int level = SHD_INFO; level < SHD_LEVEL_COUNT; level++) {
		const char *condition = condition_of(rule, (enum shd_level)level);

		if (condition)
			shd_api_put_text(levels, shd_level_name((enum shd_level)level), condition);
	}
	return levels;
}

static void put_parts(json_t *row, const struct shd_rule *rule)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};

	shd_text_init(&text, 1 << 16);
	for (int part = 0; part < SHD_PART_COUNT; part++) {
		enum shd_rule_part which = (enum shd_rule_part)part;

		shd_text_clear(&text);
		bool has = shd_rule_part(rule, which, &text);
		shd_api_put_text(row, shd_rule_part_name(which), has ? text.data : NULL);
	}
	json_object_set_new(row, "levels", levels_json(rule, shd_rule_condition));
	json_object_set_new(row, "clear_levels", levels_json(rule, shd_rule_clear_condition));
}

static json_t *inhibited_by_json(const struct shd_rule *rule)
{
	json_t *names = json_array();

	for (size_t i = 0; i < rule->inhibited_by_count; i++)
		json_array_append_new(names, json_string(rule->inhibited_by[i]));
	return names;
}

static json_t *rule_json(const struct shd_rule *rule)
{
	json_t *row = json_object();

	shd_api_put_text(row, "id", rule->id);
	shd_api_put_text(row, "title", rule->title[SHD_EN]);
	shd_api_put_text(row, "each", rule->each ? shd_kind_name(rule->kind) : NULL);
	shd_api_put_bool(row, "enabled", shd_rule_enabled(rule));
	shd_api_put_bool(row, "deadline", rule->deadline);
	put_parts(row, rule);
	shd_api_put_int(row, "for_ms", rule->for_ms);
	shd_api_put_int(row, "for_hits", rule->for_hits);
	shd_api_put_int(row, "for_of", rule->for_of);
	shd_api_put_int(row, "clear_for_ms", rule->clear_for_ms);
	json_object_set_new(row, "inhibited_by", inhibited_by_json(rule));
	shd_api_put_text(row, "source", rule->source);
	return row;
}

/* The kinds, metrics and pollers whose changes make the rule be judged again. */
static json_t *reads_json(const struct shd_rule *rule)
{
	json_t *reads = json_object(), *kinds = json_array(), *metrics = json_array();
	json_t *pollers = json_array();

	for (int k = 0; k < SHD_KIND_COUNT; k++)
		if (rule->reads_kinds >> k & 1)
			json_array_append_new(kinds, json_string(shd_kind_name((enum shd_kind)k)));
	for (int m = 0; m < SHD_METRIC_COUNT; m++)
		if (rule->reads_metrics >> m & 1)
			json_array_append_new(
				metrics, json_string(shd_metric_row((enum shd_metric)m)->name));
	for (int p = 0; p < SHD_POLLER_COUNT; p++)
		if (rule->reads_pollers >> p & 1)
			json_array_append_new(
				pollers, json_string(shd_poller_name((enum shd_poller)p)));
	json_object_set_new(reads, "kinds", kinds);
	json_object_set_new(reads, "metrics", metrics);
	json_object_set_new(reads, "pollers", pollers);
	return reads;
}

/* --- the list --------------------------------------------------------------------------- */

/* Adds the store to "stores_watched" of each rule that watches it, and to "stores_overridden" of
 * each rule that it overrides. */
static bool add_store(struct shd_api_call *call, struct shd_state *state, const char *store,
		      json_t *rows, struct shd_error *reterr)
{
	const struct shd_rules *all = call->config->rules, *rules = shd_rules_of(all, store);
	struct shd_store_reader reader;
	struct shd_rule_env env;

	if (!shd_store_reader_open(&reader, call, store, state, reterr))
		return false;
	shd_store_reader_env(&reader, NULL, &env);
	for (size_t i = 0; i < shd_rules_count(rules); i++) {
		const struct shd_rule *rule = shd_rules_at(rules, i);
		json_t *row = json_array_get(rows, i);

		if (shd_rule_applies(rule, &env))
			json_array_append_new(json_object_get(row, "stores_watched"),
					      json_string(store));
		if (rule != shd_rules_at(all, i))
			json_array_append_new(json_object_get(row, "stores_overridden"),
					      json_string(store));
	}
	return shd_store_reader_ok(&reader, reterr);
}

/* Calls add_store for the store of the request, or for all. */
static bool add_stores(struct shd_api_call *call, struct shd_state *state, json_t *rows,
		       struct shd_error *reterr)
{
	const struct shd_settings *settings = call->config->settings;

	if (call->filter.store)
		return add_store(call, state, call->filter.store, rows, reterr);
	for (size_t i = 0; i < settings->store_count; i++)
		if (!add_store(call, state, settings->stores[i].id, rows, reterr))
			return false;
	return add_store(call, state, "daemon", rows, reterr);
}

bool shd_api_rules_read(
	struct shd_api_call *call, struct shd_state *state, struct shd_error *reterr)
{
	const struct shd_rules *rules = requested_rules(call);
	size_t count = shd_rules_count(rules);
	json_t *list = json_array();

	json_object_set_new(call->answer, "rules", list);
	for (size_t i = 0; i < count; i++) {
		json_t *row = rule_json(shd_rules_at(rules, i));

		json_object_set_new(row, "stores_watched", json_array());
		json_object_set_new(row, "stores_overridden", json_array());
		json_array_append_new(list, row);
	}
	if (!add_stores(call, state, list, reterr))
		return false;
	for (size_t i = count; call->filter.store && i > 0; i--)
		if (!json_array_size(
			    json_object_get(json_array_get(list, i - 1), "stores_watched")))
			json_array_remove(list, i - 1);
	return true;
}

/* --- standings --------------------------------------------------------------------------- */

struct standings {
	struct shd_api_call *call;
	const struct shd_rule *requested; /* the rule of the request */
	const struct shd_rule *rule;      /* the same with the overrides of the current store */
	json_t *list, *overridden;
	size_t more; /* that were left out */
};

static const char *judgement_name(enum shd_judgement judgement)
{
	switch (judgement) {
	case SHD_JUDGED:
		return "judged";
	case SHD_UNKNOWN:
		return "unknown";
	case SHD_TOO_FEW:
		return "too few";
	case SHD_NOT_WATCHED:
		break;
	}
	return "not watched";
}

/* Adds the alert, if there is one, and its wake-up to the verdict. */
static bool put_alert(json_t *row, struct shd_store_reader *reader, const struct shd_rule *rule,
	const char *id, struct shd_verdict *verdict, struct shd_error *reterr)
{
	struct shd_alert *alert;

	if (!shd_state_alert_get(
		    reader->state, rule->id, reader->store, id, reader->arena, &alert, reterr))
		return false;
	shd_api_put_text(row, "state", alert ? shd_alert_state_name(alert->state) : NULL);
	shd_api_put_int(row, "alert", alert ? alert->number : 0);
	shd_api_put_text(row, "alert_level", alert ? shd_level_name(alert->level) : NULL);
	if (alert && alert->wake.ms < verdict->wake.ms)
		verdict->wake = alert->wake;
	return true;
}

/* Adds the room, and what it counts: {"level": "critical", "kind": "order", "where":
 * "shipped_late"}. */
static void put_room(json_t *row, const struct shd_rule *rule, const struct shd_verdict *verdict)
{
	SHD_AUTO(shd_text_finish) struct shd_text where = {0};
	enum shd_level next;
	enum shd_kind kind;

	shd_text_init(&where, 1 << 16);
	shd_api_put_value(row, "room", &verdict->room);
	if (verdict->room.none || !shd_rule_room(rule, verdict->level, &next, &kind, &where))
		return;
	json_t *of = json_object();
	shd_api_put_text(of, "level", shd_level_name(next));
	shd_api_put_text(of, "kind", kind < SHD_KIND_COUNT ? shd_kind_name(kind) : NULL);
	shd_api_put_text(of, "where", where.len ? where.data : NULL);
	json_object_set_new(row, "room_of", of);
}

static bool add_standing(struct standings *all, struct shd_store_reader *reader,
			 const struct shd_entity *entity, struct shd_error *reterr)
{
	struct shd_rule_env env;
	struct shd_verdict verdict;
	json_t *row;

	shd_store_reader_env(reader, entity, &env);
	shd_rule_judge(all->rule, &env, &verdict);
	shd_store_reader_explain_unknown(reader, all->rule, &verdict);
	if (verdict.judgement == SHD_NOT_WATCHED)
		return true;
	if (json_array_size(all->list) >= STANDINGS_MAX) {
		all->more++;
		return true;
	}
	row = json_object();
	json_array_append_new(all->list, row);
	shd_api_put_text(row, "store", reader->store);
	shd_api_put_text(row, "entity", entity ? entity->id : "");
	shd_api_put_text(row, "judgement", judgement_name(verdict.judgement));
	shd_api_put_text(row, "level", shd_level_name(verdict.level));
	shd_api_put_value(row, "value", &verdict.value);
	shd_api_put_value(row, "limit", &verdict.limit);
	shd_api_put_value(row, "cost", &verdict.cost);
	put_room(row, all->rule, &verdict);
	shd_api_put_sample(row, verdict.sample_hit, verdict.sample_of);
	shd_api_put_time(row, "due", verdict.due);
	shd_api_put_text(row, "why", verdict.why);
	if (all->rule != all->requested)
		json_object_set_new(row, "levels",
				    levels_json(all->rule, shd_rule_condition));
	if (!put_alert(row, reader, all->rule, entity ? entity->id : "", &verdict, reterr))
		return false;
	shd_api_put_time(row, "next_look", verdict.wake);
	return shd_store_reader_ok(reader, reterr);
}

static bool add_entities(
	struct standings *all, struct shd_store_reader *reader, struct shd_error *reterr)
{
	SHD_AUTO(shd_arena_destroyp) struct shd_arena *arena = shd_arena_create(ENTITY_BYTES);
	enum shd_kind kind = all->rule->kind;
	const char *const *ids;
	size_t count;

	if (!shd_state_entity_ids(
		    reader->state, reader->store, kind, NULL, reader->arena, &ids, &count, reterr))
		return false;
	all->more += count > JUDGED_MAX ? count - JUDGED_MAX : 0;
	for (size_t i = 0; i < count && i < JUDGED_MAX; i++) {
		struct shd_entity *entity;

		shd_arena_reset(arena);
		if (!shd_state_entity_get(
			    reader->state, reader->store, kind, ids[i], arena, &entity, reterr) ||
			(entity && !add_standing(all, reader, entity, reterr)))
			return false;
	}
	return true;
}

static bool add_store_standings(struct standings *all, struct shd_state *state, const char *store,
			 struct shd_error *reterr)
{
	const struct shd_rules *rules = all->call->config->rules;
	struct shd_store_reader reader;
	struct shd_rule_env env;

	if (!shd_store_reader_open(&reader, all->call, store, state, reterr))
		return false;
	all->rule = shd_rules_find(shd_rules_of(rules, store), all->requested->id);
	if (all->rule != shd_rules_find(rules, all->requested->id))
		json_array_append_new(all->overridden, json_string(store));
	shd_store_reader_env(&reader, NULL, &env);
	if (!shd_rule_applies(all->rule, &env))
		return shd_store_reader_ok(&reader, reterr);
	return all->rule->each ? add_entities(all, &reader, reterr)
			       : add_standing(all, &reader, NULL, reterr);
}

static const struct shd_rule *find_rule(const struct shd_api_call *call, struct shd_error *reterr)
{
	const struct shd_rules *rules = requested_rules(call);
	const struct shd_rule *rule = shd_rules_find(rules, call->argument);
	size_t count = shd_rules_count(rules);
	shd_autofree const char **ids = shd_xcalloc(count + 1, sizeof(*ids));

	if (rule)
		return rule;
	for (size_t i = 0; i < count; i++)
		ids[i] = shd_rules_at(rules, i)->id;
	shd_api_fail_unknown(reterr, SHD_ERR_MISSING, "rule", call->argument, ids, count);
	return NULL;
}

bool shd_api_rule_read(struct shd_api_call *call, struct shd_state *state, struct shd_error *reterr)
{
	const struct shd_settings *settings = call->config->settings;
	struct standings all = {
		.call = call, .list = json_array(), .overridden = json_array()};
	bool ok = true;

	json_object_set_new(call->answer, "standings", all.list);
	json_object_set_new(call->answer, "stores_overridden", all.overridden);
	all.requested = find_rule(call, reterr);
	if (!all.requested)
		return false;
	json_t *row = rule_json(all.requested);
	json_object_set_new(call->answer, "rule", row);
	json_object_set_new(row, "reads", reads_json(all.requested));
	shd_api_put_text(row, "advice", all.requested->advice[SHD_EN]);
	shd_api_put_text(row, "runbook", all.requested->runbook);
	if (call->filter.store) {
		ok = add_store_standings(&all, state, call->filter.store, reterr);
	} else {
		for (size_t i = 0; ok && i < settings->store_count; i++)
			ok = add_store_standings(&all, state, settings->stores[i].id, reterr);
		ok = ok && add_store_standings(&all, state, "daemon", reterr);
	}
	shd_api_put_int(call->answer, "more", (int64_t)all.more);
	return ok;
}

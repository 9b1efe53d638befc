#include "parts.h"

#include "base/crypto.h"
#include "base/num.h"
#include "market/adapter.h"
#include "message/plain.h"
#include "message/wording.h"

#include <stdlib.h>
#include <string.h>

enum {
	KEY_BYTES = 16,
	TEXT_BYTES = 80, /* of a value, in the journal */
	LET_GO_MS = 2 * 60 * 1000, /* with a new key all feeds are read again in less */
};

static const char *store_id(const struct shd_judge *judge)
{
	return judge->store->id;
}

/* --- the line for the journal ----------------------------------------------------------- */

static void add_value(struct shd_text *out, const struct shd_value *value)
{
	if (value->type == SHD_TEXT)
		shd_text_add(out, value->text, shd_utf8_cut(value->text, value->len, TEXT_BYTES));
	else
		shd_wording_plainly(value, out);
}

/* "29 s left, due 2026-04-04 16:59 UTC" */
static void add_deadline(struct shd_text *out, struct shd_wall due, struct shd_wall now)
{
	char span[SHD_WORDING_TEXT], when[SHD_TIME_TEXT];
	const char *left = shd_wording_length(due.ms - now.ms, span);

	shd_time_format(due, when);
	if (now.ms < due.ms)
		shd_text_printf(out, "%s left, due %.10s %.5s UTC", left, when, when + 11);
	else if (now.ms - due.ms < SHD_SECOND_MS)
		shd_text_puts(out, "the deadline passes now");
	else
		shd_text_printf(out, "overdue by %s, since %.10s %.5s UTC", left, when, when + 11);
}

const char *shd_judge_line(const struct shd_verdict *verdict, struct shd_wall now,
			   struct shd_arena *arena)
{
	struct shd_text line SHD_AUTO(shd_text_finish) = {0};
	bool limit = shd_worth_saying(&verdict->limit);

	shd_text_init(&line, 400);
	if (verdict->due.ms && verdict->due.ms != SHD_NEVER_MS) {
		add_deadline(&line, verdict->due, now);
	} else if (!verdict->value.none && (limit || shd_worth_saying(&verdict->value))) {
		add_value(&line, &verdict->value);
		if (limit)
			shd_text_puts(&line, ", limit ");
		if (limit)
			add_value(&line, &verdict->limit);
	}
	if (!line.len && verdict->why)
		shd_text_puts(&line, verdict->why);
	return shd_arena_text(arena, line.data, line.len);
}

/* --- what is told --------------------------------------------------------------------------- */

/* What the product is called, its number when we do not know the listing. */
static const char *product_of(struct shd_judge *judge, const char *sku)
{
	struct shd_stored_listing *listings;
	struct shd_error ignored; /* what is read next fails as well */
	size_t count;

	if (!judge->read->listings(judge->read->ctx, store_id(judge), sku, judge->arena, &listings,
				   &count, &ignored))
		return sku;
	for (size_t i = 0; i < count; i++)
		if (listings[i].title)
			return listings[i].title;
	return sku;
}

const char *shd_judge_subject(struct shd_judge *judge, const struct shd_entity *entity,
			      const char *id)
{
	static const char *const names[] = {
		"title", "offer_id", "tracking_number", "order_id", "sku", "text"};

	for (size_t i = 0; entity && i < SHD_COUNT(names); i++) {
		enum shd_field field;

		if (!shd_field_find(entity->kind, names[i], strlen(names[i]), &field))
			continue;
		/* An order's own number says more than its product's. */
		if (entity->kind == SHD_KIND_order)
			break;
		const struct shd_value *value = shd_entity_get(entity, field);
		if (!value->none && value->len)
			return strcmp(names[i], "sku") == 0 ? product_of(judge, value->text)
							    : value->text;
	}
	return id;
}

static const char *keep_text(struct shd_judge *judge, const char *text)
{
	const char *copy = text ? shd_arena_text(judge->arena, text, strlen(text)) : NULL;

	return copy || !text ? copy : "";
}

static void keep_value(struct shd_judge *judge, struct shd_value *value)
{
	if (value->none || value->type != SHD_TEXT)
		return;
	value->text = shd_arena_text(judge->arena, value->text, value->len);
	value->none = !value->text;
}

static struct shd_facts facts_of(struct shd_judge *judge, const struct shd_entity *entity,
				const struct shd_alert *alert, const struct shd_alert_move *move)
{
	const struct shd_store *settings = judge->store->settings;
	const struct shd_verdict *last = &alert->last;
	struct shd_facts facts = {.alert = alert->number,
		.episode = alert->episode,
		.move = move->move,
		.level = move->to,
		.from_level = move->from,
		.at = judge->now,
		.since = alert->fired_at,
		.value = last->value,
		.limit = last->limit,
		.cost = last->cost,
		.room = last->room,
		.sample_hit = last->sample_hit,
		.sample_of = last->sample_of,
		.due = last->due};

	facts.rule = keep_text(judge, alert->rule);
	facts.store = store_id(judge);
	facts.entity = keep_text(judge, alert->entity);
	facts.marketplace = settings ? settings->marketplace : "daemon";
	facts.subject = keep_text(judge, shd_judge_subject(judge, entity, alert->entity));
	if (entity) {
		const struct shd_value *url = &entity->fields[SHD_I_url];

		facts.url = url->none ? NULL : keep_text(judge, url->text);
	}
	keep_value(judge, &facts.value);
	keep_value(judge, &facts.limit);
	return facts;
}

/* --- drafts ------------------------------------------------------------------------------------
 */

static struct shd_draft *draft_for(struct shd_judge *judge, size_t channel,
				   const struct shd_route_settings *route, const char *rule,
				   bool resolved)
{
	struct shd_draft *draft = judge->drafts;

	/* A full one is closed: what comes after it goes into a further message. */
	while (draft && (draft->facts_count == SHD_OUTBOX_ITEMS || draft->channel != channel ||
			 draft->resolved != resolved || strcmp(draft->rule, rule) != 0 ||
			 strcmp(draft->store, store_id(judge)) != 0))
		draft = draft->next;
	if (draft)
		return draft;
	draft = shd_xcalloc(1, sizeof(*draft));
	draft->channel = channel;
	draft->route = route;
	draft->resolved = resolved;
	shd_text_init(&draft->identity, 4 << 20);
	draft->rule = keep_text(judge, rule);
	draft->store = store_id(judge);
	*judge->drafts_end = draft;
	judge->drafts_end = &draft->next;
	return draft;
}

static void add_to_draft(struct shd_draft *draft, const struct shd_facts *facts)
{
	draft->alerts[draft->facts_count] = facts->alert;
	draft->facts[draft->facts_count++] = *facts;
	shd_text_printf(&draft->identity, "%lld %d %d %d;", (long long)facts->alert, facts->episode,
			(int)facts->move, (int)facts->level);
	if (facts->level > draft->level)
		draft->level = facts->level;
	if (facts->from_level > draft->level && draft->resolved)
		draft->level = facts->from_level;
}

static bool route_holds(struct shd_judge *judge, size_t i, const struct shd_rule *rule,
			const struct shd_alert_move *move)
{
	const struct shd_store *settings = judge->store->settings;
	struct shd_match_facts facts = {.rule = rule->id,
		.store = store_id(judge),
		.level = move->to,
		.marketplace = settings ? settings->marketplace : "daemon",
		.store_labels = settings ? &settings->labels : NULL,
		.rule_labels = &rule->labels};

	return !judge->matches[i] || shd_match_holds(judge->matches[i], &facts);
}

static bool tell_channel(struct shd_judge *judge, const struct shd_rule *rule,
			 const struct shd_facts *facts, const struct shd_route_settings *route,
			 size_t channel, struct shd_error *reterr)
{
	add_to_draft(draft_for(judge, channel, route, rule->id, false), facts);
	return shd_overlay_notified_add(
		judge->overlay, facts->alert, judge->settings->channels[channel].name, reterr);
}

/* The channel an alert is about, which cannot tell of its own failure; channel_count
 * when there is none, or no other one. */
static size_t failing_channel(const struct shd_judge *judge, const struct shd_rule *rule,
			      const struct shd_facts *facts)
{
	size_t count = judge->settings->channel_count, i = 0;

	if (!rule->each || rule->kind != SHD_KIND_channel || count < 2)
		return count;
	while (i < count && strcmp(judge->settings->channels[i].name, facts->entity) != 0)
		i++;
	return i;
}

static bool tell_routes(struct shd_judge *judge, const struct shd_rule *rule,
			const struct shd_facts *facts, const struct shd_alert_move *move,
			bool *ret_told, struct shd_error *reterr)
{
	bool *used shd_autofree = shd_xcalloc(judge->settings->channel_count, sizeof(*used));
	size_t failing = failing_channel(judge, rule, facts);
	const struct shd_route_settings *only_failing = NULL;

	for (size_t i = 0; i < judge->settings->route_count; i++) {
		const struct shd_route_settings *route = &judge->settings->routes[i];

		if (!route_holds(judge, i, rule, move))
			continue;
		for (size_t c = 0; c < route->to.count; c++) {
			size_t channel = route->channels[c];

			if (channel == failing)
				only_failing = route;
			if (used[channel] || channel == failing)
				continue;
			used[channel] = true;
			*ret_told = true;
			if (!tell_channel(judge, rule, facts, route, channel, reterr))
				return false;
		}
		if (!route->more)
			break;
	}
	if (*ret_told || !only_failing)
		return true;
	*ret_told = true;
	return tell_channel(judge, rule, facts, only_failing, failing == 0 ? 1 : 0, reterr);
}

/* Only to those who were told; a channel that is gone is told no more. */
static bool tell_resolved(struct shd_judge *judge, const struct shd_rule *rule,
			  const struct shd_facts *facts, bool *ret_told, struct shd_error *reterr)
{
	const char *const *names;
	size_t count;

	if (!judge->read->notified(
		    judge->read->ctx, facts->alert, judge->arena, &names, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++) {
		for (size_t c = 0; c < judge->settings->channel_count; c++) {
			if (strcmp(judge->settings->channels[c].name, names[i]) != 0)
				continue;
			*ret_told = true;
			add_to_draft(draft_for(judge, c, NULL, rule->id, true), facts);
		}
	}
	return true;
}

/* --- alerts that hold back others ------------------------------------------------------ */

/* What the inhibitors of an alert's rule come to. */
struct inhibition {
	bool holds;                  /* one of them fires */
	struct shd_wall ended;       /* when the last one was over that fired; ms 0: none did */
};

static bool look_at_inhibitors(struct shd_judge *judge, const struct shd_rule *rule,
			       const char *entity, struct inhibition *ret, struct shd_error *reterr)
{
	*ret = (struct inhibition){0};
	for (size_t i = 0; i < rule->inhibited_by_count; i++) {
		const struct shd_rule *other =
			shd_rules_find(judge->here->rules, rule->inhibited_by[i]);
		struct shd_alert *alert;

		if (!other)
			continue;
		if (!shd_overlay_alert(judge->overlay, other->id, store_id(judge),
				       other->each ? entity : "", judge->arena, &alert, reterr))
			return false;
		if (!alert)
			continue;
		ret->holds = ret->holds || alert->state == SHD_ALERT_FIRING;
		if (alert->state == SHD_ALERT_RESOLVED && alert->resolved_at.ms > ret->ended.ms)
			ret->ended = alert->resolved_at;
	}
	return true;
}

bool shd_judge_held_back(struct shd_judge *judge, const struct shd_rule *rule,
			 const struct shd_alert *alert, struct shd_wall *ret_at,
			 struct shd_error *reterr)
{
	struct inhibition inhibition;
	const char *const *names;
	size_t notified;

	ret_at->ms = SHD_NEVER_MS;
	if (alert->state != SHD_ALERT_FIRING || !rule->inhibited_by_count)
		return true;
	if (!look_at_inhibitors(judge, rule, alert->entity, &inhibition, reterr))
		return false;
	if (inhibition.holds || !inhibition.ended.ms || inhibition.ended.ms < alert->fired_at.ms)
		return true;
	if (!judge->read->notified(
		    judge->read->ctx, alert->number, judge->arena, &names, &notified, reterr))
		return false;
	if (!notified)
		ret_at->ms = inhibition.ended.ms + LET_GO_MS;
	return true;
}

static bool is_inhibited_by(const struct shd_rule *rule, const struct shd_rule *other)
{
	for (size_t i = 0; i < rule->inhibited_by_count; i++)
		if (strcmp(rule->inhibited_by[i], other->id) == 0)
			return true;
	return false;
}

/* `over` ended: looks again at the alert, if that held it back. */
static bool wake_inhibited(struct shd_judge *judge, const struct shd_rule *over,
			   const struct shd_alert *ended, const struct shd_alert *alert,
			   struct shd_error *reterr)
{
	const struct shd_rule *rule = shd_rules_find(judge->here->rules, alert->rule);
	struct shd_wall at = {judge->now.ms + LET_GO_MS};

	if (!rule || !is_inhibited_by(rule, over) ||
	    (over->each && strcmp(alert->entity, ended->entity) != 0))
		return true;
	return shd_overlay_wake_sooner(judge->overlay, store_id(judge),
				       rule->each ? rule->kind : SHD_KIND_store,
				       rule->each ? alert->entity : rule->id, at, reterr);
}

static bool inhibits_any(const struct shd_rules *rules, const struct shd_rule *rule)
{
	for (size_t i = 0; i < shd_rules_count(rules); i++)
		if (is_inhibited_by(shd_rules_at(rules, i), rule))
			return true;
	return false;
}

bool shd_judge_let_go(struct shd_judge *judge, const struct shd_rule *rule,
		      const struct shd_alert *ended, struct shd_error *reterr)
{
	struct shd_alert *open;
	size_t count;

	if (!inhibits_any(judge->here->rules, rule))
		return true;
	if (!judge->read->open_alerts(
		    judge->read->ctx, store_id(judge), judge->arena, &open, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!wake_inhibited(judge, rule, ended, &open[i], reterr))
			return false;
	return true;
}

bool shd_judge_tell(struct shd_judge *judge, const struct shd_rule *rule,
		    const struct shd_entity *entity, const struct shd_alert *alert,
		    const struct shd_alert_move *move, bool *ret_told, struct shd_error *reterr)
{
	bool over = move->move == SHD_MOVE_RESOLVED;
	struct inhibition inhibition;

	*ret_told = false;
	if (over && (!move->tell || !rule->tell_resolved))
		return shd_overlay_notified_clear(judge->overlay, alert->number, reterr);
	if (!move->tell)
		return true;
	struct shd_facts facts = facts_of(judge, entity, alert, move);
	if (over)
		return tell_resolved(judge, rule, &facts, ret_told, reterr) &&
		       shd_overlay_notified_clear(judge->overlay, alert->number, reterr);
	if (!look_at_inhibitors(judge, rule, alert->entity, &inhibition, reterr))
		return false;
	return inhibition.holds || tell_routes(judge, rule, &facts, move, ret_told, reterr);
}

/* --- the outbox ------------------------------------------------------------------------------- */

/* The same decision has the same key, whenever it is made again. */
static void make_key(
	const struct shd_draft *draft, const char *channel, char key[2 * KEY_BYTES + 1])
{
	const struct shd_bytes parts[] = {{channel, strlen(channel) + 1},
		{draft->identity.data, draft->identity.len}};
	unsigned char hash[SHD_SHA256_BYTES];

	shd_sha256(parts, SHD_COUNT(parts), hash);
	shd_hex(hash, KEY_BYTES, key);
}

static bool send_one(
	struct shd_judge *judge, const struct shd_draft *draft, struct shd_error *reterr)
{
	const struct shd_channel_settings *channel = &judge->settings->channels[draft->channel];
	struct shd_text group SHD_AUTO(shd_text_finish) = {0};
	int64_t wait_ms = draft->route ? draft->route->group_for_ms : 0;
	char key[2 * KEY_BYTES + 1];

	shd_text_init(&group, 1000);
	shd_text_printf(&group, "%s %s %s", draft->resolved ? "resolved" : "told", draft->store,
			draft->rule);
	make_key(draft, channel->name, key);
	struct shd_outbox_row row = {.key = key,
		.channel = channel->name,
		.group = group.data,
		.facts = shd_facts_pack(draft->facts, draft->facts_count, judge->arena),
		.level = draft->level,
		.made = judge->now,
		.next_try = {judge->now.ms + wait_ms},
		.give_up = {judge->now.ms + wait_ms + channel->give_up_ms},
		.state = SHD_OUTBOX_WAITING,
		.alerts = draft->alerts,
		.alert_count = draft->facts_count};
	if (!row.facts)
		return shd_fail(reterr, SHD_ERR_LIMIT, "a message has no room");
	judge->outcome->outbox_added++;
	judge->durable = true;
	return shd_overlay_outbox_add(judge->overlay, &row, reterr);
}

bool shd_judge_send(struct shd_judge *judge, struct shd_error *reterr)
{
	for (const struct shd_draft *draft = judge->drafts; draft; draft = draft->next)
		if (!send_one(judge, draft, reterr))
			return false;
	return true;
}

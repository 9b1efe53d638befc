/* Alerts that keep others from being told: `inhibited_by` of their rules. */
#include "parts.h"

#include <string.h>

/* With a new key all feeds are read again in less. */
enum { LET_GO_MS = 2 * 60 * 1000 };

/* What the inhibitors of an alert come to. */
struct inhibition {
	bool holds;                  /* one of them fires */
	struct shd_wall ended;       /* when the last one that fired was over; ms 0: none did */
};

static bool look_at_inhibitors(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_store_memory *store, const struct shd_rule *rule, const char *entity,
	struct inhibition *ret, struct shd_error *reterr)
{
	const struct shd_rules *rules = store->lists->rules;

	*ret = (struct inhibition){0};
	for (size_t i = 0; i < rule->inhibited_by_count; i++) {
		const struct shd_rule *other = shd_rules_find(rules, rule->inhibited_by[i]);
		struct shd_alert *alert;

		if (!other)
			continue;
		if (!shd_overlay_alert(basis->overlay, other->id, store->id,
			    other->each ? entity : "", txn->arena, &alert, reterr))
			return false;
		if (!alert)
			continue;
		ret->holds = ret->holds || alert->state == SHD_ALERT_FIRING;
		if (alert->state == SHD_ALERT_RESOLVED && alert->resolved_at.ms > ret->ended.ms)
			ret->ended = alert->resolved_at;
	}
	return true;
}

/* What begins as its inhibitor ends is looked at later, like what began before. */
bool shd_judge_is_inhibited(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_noted_transition *noted, bool *ret_inhibited, struct shd_error *reterr)
{
	const struct shd_facts *facts = &noted->what.facts;
	struct inhibition inhibition;

	*ret_inhibited = false;
	if (!noted->rule || facts->move == SHD_MOVE_RESOLVED)
		return true;
	if (!look_at_inhibitors(
		    basis, txn, noted->store, noted->rule, facts->entity, &inhibition, reterr))
		return false;
	*ret_inhibited = inhibition.holds || (facts->move == SHD_MOVE_NEW &&
					      inhibition.ended.ms >= txn->now.ms);
	return true;
}

bool shd_judge_held_back(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_rule *rule, const struct shd_alert *alert,
	struct shd_wall *ret_at, struct shd_error *reterr)
{
	struct inhibition inhibition;
	const char *const *names;
	size_t notified;

	ret_at->ms = SHD_NEVER_MS;
	if (alert->state != SHD_ALERT_FIRING || !rule->inhibited_by_count)
		return true;
	if (!look_at_inhibitors(basis, txn, visit->store, rule, alert->entity, &inhibition, reterr))
		return false;
	if (inhibition.holds || !inhibition.ended.ms || inhibition.ended.ms < alert->fired_at.ms)
		return true;
	if (!basis->read->notified(
		    basis->read->ctx, alert->number, txn->arena, &names, &notified, reterr))
		return false;
	if (!notified)
		ret_at->ms = inhibition.ended.ms + LET_GO_MS;
	return true;
}

/* --- an inhibitor ends ------------------------------------------------------------------ */

static bool is_inhibited_by(const struct shd_rule *rule, const struct shd_rule *other)
{
	for (size_t i = 0; i < rule->inhibited_by_count; i++)
		if (strcmp(rule->inhibited_by[i], other->id) == 0)
			return true;
	return false;
}

static bool inhibits_any(const struct shd_rules *rules, const struct shd_rule *rule)
{
	for (size_t i = 0; i < shd_rules_count(rules); i++)
		if (is_inhibited_by(shd_rules_at(rules, i), rule))
			return true;
	return false;
}

/* Looks again at the alert, if the one that ended held it back. */
static bool wake_inhibited(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_rule *over, const struct shd_alert *ended,
	const struct shd_alert *alert, struct shd_error *reterr)
{
	const struct shd_rule *rule = shd_rules_find(visit->lists->rules, alert->rule);
	struct shd_wall at = {txn->now.ms + LET_GO_MS};

	if (!rule || !is_inhibited_by(rule, over) ||
	    (over->each && strcmp(alert->entity, ended->entity) != 0))
		return true;
	return shd_overlay_wake_sooner(basis->overlay, visit->store->id,
				       rule->each ? rule->kind : SHD_KIND_store,
				       rule->each ? alert->entity : rule->id, at, reterr);
}

bool shd_judge_let_go(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_rule *rule, const struct shd_alert *ended,
	struct shd_error *reterr)
{
	struct shd_alert *open;
	size_t count;

	if (!inhibits_any(visit->lists->rules, rule))
		return true;
	if (!basis->read->open_alerts(basis->read->ctx, visit->store->id,
				      txn->arena, &open, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!wake_inhibited(basis, txn, visit, rule, ended, &open[i], reterr))
			return false;
	return true;
}

#include "parts.h"

#include "notify/notify.h"

#include <string.h>

bool shd_judge_drop(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, struct shd_alert *alert, const char *reason,
	struct shd_error *reterr)
{
	const struct shd_rule *rule =
		shd_rules_find(shd_rules_of(basis->in.rules, alert->store), alert->rule);
	bool fired = alert->state != SHD_ALERT_PENDING;
	struct shd_alert_move move = {
		.move = fired ? SHD_MOVE_RESOLVED : SHD_MOVE_DROPPED, .from = alert->level,
		.tell = fired}; /* to those who were told of it */

	alert->state = fired ? SHD_ALERT_RESOLVED : SHD_ALERT_INACTIVE;
	alert->level = alert->notified_level = SHD_LEVEL_NONE;
	alert->changed_at = txn->now;
	if (fired)
		alert->resolved_at = txn->now;
	alert->pending_since.ms = alert->clear_since.ms = 0;
	alert->hits = 0;
	alert->wake.ms = SHD_NEVER_MS;
	return shd_overlay_alert_put(basis->overlay, alert, reterr) &&
	       shd_judge_dropped(basis, txn, visit, rule, alert, &move, reason, reterr);
}

/* --- pollers that nobody reads -------------------------------------------------------- */

bool shd_judge_is_off(const struct shd_visit *visit, enum shd_poller poller)
{
	return poller < SHD_POLLER_COUNT && visit->store->source &&
	       visit->store->source->every_ms[poller] == 0;
}

const char *shd_judge_idle(const struct shd_visit *visit, enum shd_poller poller,
			   struct shd_arena *arena)
{
	struct shd_poller_fact fact = visit->store->pollers[poller];

	fact.off = shd_judge_is_off(visit, poller);
	return shd_poller_idle_words(&fact, poller, arena);
}

bool shd_judge_end_poller(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, enum shd_poller poller, struct shd_error *reterr)
{
	const char *reason = shd_judge_idle(visit, poller, txn->arena);
	struct shd_alert *alerts;
	size_t count;

	if (!shd_overlay_alerts_of(basis->overlay, visit->store->id,
				 shd_poller_name(poller), txn->arena, &alerts, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct shd_rule *rule = shd_rules_find(visit->lists->rules, alerts[i].rule);
		bool over = alerts[i].state == SHD_ALERT_INACTIVE ||
			    alerts[i].state == SHD_ALERT_RESOLVED;

		if (!over && rule && rule->each && rule->kind == SHD_KIND_poller &&
		    !shd_judge_drop(basis, txn, visit, &alerts[i], reason, reterr))
			return false;
	}
	return true;
}

/* --- stores that nobody watches --------------------------------------------------------- */

static bool end_alerts(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, const char *store, struct shd_error *reterr)
{
	struct shd_alert *alerts;
	size_t count;

	if (!basis->read->open_alerts(
		    basis->read->ctx, store, txn->arena, &alerts, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!shd_judge_drop(basis, txn, visit, &alerts[i], "the store is no longer watched",
			    reterr))
			return false;
	return true;
}

/* When it comes back, it is watched from then on (look_at_store). */
static bool close_store(const struct shd_basis *basis, const struct shd_txn *txn, const char *id,
	struct shd_error *reterr)
{
	const struct shd_entity *before, *kept;

	if (!shd_overlay_entity(basis->overlay, id, SHD_KIND_store, id, txn->arena, &before,
				reterr))
		return false;
	if (!before)
		return true;
	struct shd_entity *store = shd_judge_copy(before, SHD_KIND_store, id, txn->arena);
	if (!store)
		return shd_fail(reterr, SHD_ERR_LIMIT, "no room to close a store");
	struct shd_value *closed = &store->fields[SHD_I_closed];
	closed->none = false;
	closed->n = true;
	(void)shd_derive(NULL, store, txn->now);
	return shd_overlay_entity_put(basis->overlay, id, before, store, NULL, &kept, reterr);
}

bool shd_judge_end_stores(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, struct shd_error *reterr)
{
	const char *const *ids;
	size_t count;

	if (!basis->read->open_stores(basis->read->ctx, txn->arena, &ids, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!shd_judge_find(basis, ids[i]) &&
			(!end_alerts(basis, txn, visit, ids[i], reterr) ||
				!close_store(basis, txn, ids[i], reterr)))
			return false;
	return true;
}

/* --- channels that are no longer configured ------------------------------------------------- */

bool shd_judge_end_channels(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, struct shd_error *reterr)
{
	const char *const *ids;
	struct shd_seen seen;
	size_t count;

	if (!basis->read->open_ids(basis->read->ctx, visit->store->id, SHD_KIND_channel, NULL,
		    txn->arena, &ids, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (shd_channel_find(basis->in.channels, basis->in.channel_count, ids[i]))
			continue;
		shd_seen_start(&seen, SHD_KIND_channel, ids[i]);
		shd_seen_n(&seen, SHD_F_channel_closed, true);
		if (!shd_judge_upsert(basis, txn, visit, &seen.entity, NULL, reterr))
			return false;
	}
	return shd_judge_listed(basis, txn, visit, reterr);
}

/* Whether somebody was told of the alert, and none of those is left. */
static bool find_lost(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_alert *alert, bool *ret_lost, struct shd_error *reterr)
{
	const char *const *names;
	size_t count;

	if (!basis->read->notified(
		    basis->read->ctx, alert->number, txn->arena, &names, &count, reterr))
		return false;
	*ret_lost = count > 0;
	for (size_t i = 0; i < count && *ret_lost; i++)
		*ret_lost = !shd_channel_find(
			basis->in.channels, basis->in.channel_count, names[i]);
	return true;
}

/* Whether there is to be told of it what just happened. */
static bool is_told_anyway(const struct shd_txn *txn, const struct shd_alert *alert)
{
	for (const struct shd_noted_transition *noted = txn->transitions; noted;
		noted = noted->next)
		if (noted->what.facts.alert == alert->number && noted->tell)
			return true;
	return false;
}

static bool pass_on(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_alert *alert, struct shd_error *reterr)
{
	const struct shd_rule *rule = shd_rules_find(visit->lists->rules, alert->rule);
	const struct shd_entity *entity = NULL;
	bool lost;

	if (!rule || alert->state != SHD_ALERT_FIRING || alert->notified_level == SHD_LEVEL_NONE)
		return true;
	if (!find_lost(basis, txn, alert, &lost, reterr))
		return false;
	if (!lost || is_told_anyway(txn, alert))
		return true;
	if (rule->each && !shd_overlay_entity(basis->overlay, alert->store, rule->kind,
				  alert->entity, txn->arena, &entity, reterr))
		return false;
	return shd_judge_told_again(basis, txn, visit, rule, entity, alert, reterr);
}

bool shd_judge_pass_on(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, struct shd_error *reterr)
{
	struct shd_alert *alerts;
	size_t count;

	if (!basis->read->open_alerts(
		    basis->read->ctx, visit->store->id, txn->arena, &alerts, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!pass_on(basis, txn, visit, &alerts[i], reterr))
			return false;
	return true;
}

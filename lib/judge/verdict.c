#include "parts.h"

#include <stdlib.h>
#include <string.h>

/* A row costs about a microsecond. */
enum { CHEAP_ROWS = 256, PUT_OFF_MS_PER_ROW = 1, PUT_OFF_MAX_MS = 60000 };

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void no_later(struct shd_wall *wake, struct shd_wall other)
{
	if (other.ms < wake->ms)
		*wake = other;
}

/* --- one alert ---------------------------------------------------------------------- */

/* None is none, of whatever type: which one is not kept. */
static bool same_value(const struct shd_value *a, const struct shd_value *b)
{
	return (a->none && b->none) || shd_value_equal(a, b);
}

static bool same_alert(const struct shd_alert *a, const struct shd_alert *b)
{
	const struct shd_verdict *x = &a->last, *y = &b->last;

	return a->number == b->number && a->state == b->state && a->level == b->level &&
	       a->notified_level == b->notified_level && a->episode == b->episode &&
	       a->episodes_day == b->episodes_day && a->day_start.ms == b->day_start.ms &&
	       a->pending_since.ms == b->pending_since.ms && a->hits == b->hits &&
	       a->clear_since.ms == b->clear_since.ms && a->wake.ms == b->wake.ms &&
	       a->changed_at.ms == b->changed_at.ms && x->judgement == y->judgement &&
	       x->level == y->level && x->clear == y->clear && x->due.ms == y->due.ms &&
	       x->sample_hit == y->sample_hit && x->sample_of == y->sample_of &&
	       same_value(&x->value, &y->value) && same_value(&x->limit, &y->limit) &&
	       same_value(&x->cost, &y->cost) && same_value(&x->room, &y->room) &&
	       same_text(x->why, y->why);
}

/* Tells what nobody was told while another alert held it back. */
static bool tell_late(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_rule *rule, const struct shd_entity *entity,
	struct shd_alert *alert, struct shd_wall changed_at, struct shd_wall *wake,
	struct shd_error *reterr)
{
	struct shd_alert_move move = {.move = SHD_MOVE_NEW, .to = alert->level, .tell = true};
	struct shd_wall at;

	if (!shd_judge_held_back(basis, txn, visit, rule, alert, &at, reterr))
		return false;
	if (at.ms > txn->now.ms) {
		no_later(wake, at);
		return true;
	}
	if (changed_at.ms >= at.ms) /* it was told, and no route leads to anybody */
		return true;
	alert->changed_at = txn->now;
	return shd_overlay_alert_put(basis->overlay, alert, reterr) &&
	       shd_judge_transition(basis, txn, visit, rule, entity, alert, &move, reterr);
}

static bool get_at_hand(const struct shd_basis *basis, struct shd_visit *visit, const char *id,
	struct shd_error *reterr)
{
	return shd_overlay_alerts_of(basis->overlay, visit->store->id, id, visit->scratch,
				   &visit->at_hand, &visit->at_hand_count, reterr);
}

/* A rule of the whole store has but one. */
static bool get_own_at_hand(const struct shd_basis *basis, struct shd_visit *visit,
	const struct shd_rule *rule, struct shd_error *reterr)
{
	if (!shd_overlay_alert(basis->overlay, rule->id, visit->store->id, "", visit->scratch,
				 &visit->at_hand, reterr))
		return false;
	visit->at_hand_count = visit->at_hand != NULL;
	return true;
}

/* NULL: there never was one. */
static struct shd_alert *alert_of(struct shd_visit *visit, const struct shd_rule *rule)
{
	for (size_t i = 0; i < visit->at_hand_count; i++)
		if (strcmp(visit->at_hand[i].rule, rule->id) == 0)
			return &visit->at_hand[i];
	return NULL;
}

static bool step(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_rule *rule, const struct shd_entity *entity, const char *id,
	const struct shd_verdict *verdict, struct shd_wall *wake, struct shd_error *reterr)
{
	struct shd_alert_move moves[SHD_ALERT_MOVES];
	struct shd_alert fresh = {.rule = rule->id, .store = visit->store->id, .entity = id,
		.wake = {SHD_NEVER_MS}};
	struct shd_alert *alert = alert_of(visit, rule);

	bool holds = verdict->judgement == SHD_JUDGED && verdict->level != SHD_LEVEL_NONE;
	if (!alert && !holds)
		return true;
	if (!alert)
		alert = &fresh;
	struct shd_alert before = *alert;
	int count = shd_alert_step(alert, rule, verdict, txn->now, moves);
	if (!same_alert(&before, alert) && !shd_overlay_alert_put(basis->overlay, alert, reterr))
		return false;
	for (int i = 0; i < count; i++)
		if (!shd_judge_transition(
			    basis, txn, visit, rule, entity, alert, &moves[i], reterr))
			return false;
	no_later(wake, alert->wake);
	return tell_late(basis, txn, visit, rule, entity, alert, before.changed_at, wake, reterr);
}

/* --- one verdict ---------------------------------------------------------------------- */

static bool judge_one(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_rule *rule, const struct shd_entity *entity, const char *id,
	struct shd_wall *wake, size_t *ret_rows, struct shd_error *reterr)
{
	struct shd_reading reading = shd_judge_reading(basis, txn, visit, rule);
	struct shd_rule_env env;
	struct shd_verdict verdict;

	shd_reading_env(&reading, entity, &env);
	shd_rule_judge(rule, &env, &verdict);
	if (alert_of(visit, rule)) /* else nobody keeps the words */
		shd_reading_explain_unknown(&reading, rule, visit->scratch, &verdict);
	visit->store->asked |= reading.asked;
	txn->outcome->judged++;
	*ret_rows = reading.rows;
	if (reading.failed) {
		*reterr = reading.error;
		return false;
	}
	no_later(wake, verdict.wake);
	return step(basis, txn, visit, rule, entity, id, &verdict, wake, reterr);
}

/* An alert whose entity the state no longer has. */
static bool judge_gone(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_rule *rule, const char *id, struct shd_error *reterr)
{
	struct shd_verdict verdict = {.judgement = SHD_NOT_WATCHED, .clear = true,
		.wake = {SHD_NEVER_MS}};
	struct shd_wall wake = {SHD_NEVER_MS};

	verdict.value.none = verdict.limit.none = verdict.cost.none = verdict.room.none = true;
	return step(basis, txn, visit, rule, NULL, id, &verdict, &wake, reterr);
}

/* A wake-up lies in the future, whatever a rule says: none is due twice. */
static bool put_wake(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_visit *visit, enum shd_kind kind, const char *id, struct shd_wall wake,
	struct shd_error *reterr)
{
	if (wake.ms <= txn->now.ms)
		wake.ms = txn->now.ms + 1;
	return shd_overlay_wake_put(basis->overlay, visit->store->id, kind, id, wake, reterr);
}

static bool judge_entity(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, struct shd_dirty *dirty, struct shd_error *reterr)
{
	const struct shd_rule_lists *here = visit->lists;
	struct shd_wall wake = dirty->derive_wake;
	enum shd_poller poller;
	size_t rows;

	if (dirty->kind == SHD_KIND_poller &&
		shd_poller_find(dirty->id, strlen(dirty->id), &poller) &&
		shd_judge_catches_up(txn, visit, poller, &wake))
		return put_wake(basis, txn, visit, dirty->kind, dirty->id, wake, reterr);
	shd_arena_reset(visit->scratch);
	if (!dirty->entity &&
	    !shd_overlay_entity(basis->overlay, visit->store->id, dirty->kind, dirty->id,
				  visit->scratch, &dirty->entity, reterr))
		return false;
	if (!get_at_hand(basis, visit, dirty->id, reterr))
		return false;
	for (size_t i = 0; i < here->of_kind_count[dirty->kind]; i++) {
		const struct shd_rule *rule = here->of_kind[dirty->kind][i];
		bool ok = dirty->entity ? judge_one(basis, txn, visit, rule, dirty->entity,
						  dirty->id, &wake, &rows, reterr)
					: judge_gone(basis, txn, visit, rule, dirty->id, reterr);

		if (!ok)
			return false;
	}
	return put_wake(basis, txn, visit, dirty->kind,
		dirty->kind == SHD_KIND_store ? "" : dirty->id, wake, reterr);
}

bool shd_judge_listed(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	struct shd_error *reterr)
{
	struct shd_dirty *dirty, *next;
	bool ok = !visit->dirty || shd_judge_store_entity(basis, visit, reterr);

	HASH_ITER(hh, visit->dirty, dirty, next) {
		ok = ok && judge_entity(basis, txn, visit, dirty, reterr);
		HASH_DEL(visit->dirty, dirty);
		free(dirty);
	}
	shd_arena_reset(visit->keep);
	return ok;
}

/* --- rules that read something that changed --------------------------------------------- */

/* `own`: the kind of an each-rule, whose changed entities are judged one by one. */
static bool concerns(const struct shd_rule *rule, const struct shd_touched *touched, uint32_t own)
{
	uint32_t kinds = rule->reads_kinds & touched->kinds & ~own;

	for (int k = 0; kinds >> k; k++)
		if ((kinds >> k & 1) && (rule->reads_fields[k] & touched->fields[k]))
			return true;
	return (rule->reads_metrics & touched->metrics) ||
	       (rule->reads_pollers & touched->pollers) ||
	       (rule->brought_by & touched->regained);
}

static bool refresh_kind(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, enum shd_kind kind, struct shd_error *reterr)
{
	const char *const *ids;
	size_t count;

	if (!basis->read->open_ids(basis->read->ctx, visit->store->id, kind, NULL, txn->arena,
		    &ids, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!shd_judge_refresh(basis, txn, visit, kind, ids[i], reterr))
			return false;
	return true;
}

/* A rule whose windows showed many rows is put off when the next change comes soon, so
 * that a busy store spends about a thousandth of a core on each of them. */
static void put_off(
	const struct shd_txn *txn, const struct shd_visit *visit, size_t at, size_t rows)
{
	struct shd_store_memory *memory = visit->store;
	const struct shd_rule_lists *here = visit->lists;
	int64_t wait_ms = (int64_t)rows * PUT_OFF_MS_PER_ROW;

	if (rows < CHEAP_ROWS && !memory->not_before_ms)
		return;
	if (!memory->not_before_ms)
		memory->not_before_ms = shd_xcalloc(here->of_store_count, sizeof(int64_t));
	if (rows < CHEAP_ROWS)
		wait_ms = 0;
	if (wait_ms > PUT_OFF_MAX_MS)
		wait_ms = PUT_OFF_MAX_MS;
	memory->not_before_ms[at] = txn->now.ms + wait_ms;
}

/* The rule that stands at `at` among those of the whole store. */
static bool judge_whole_store(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, size_t at, struct shd_error *reterr)
{
	const struct shd_rule *rule = visit->lists->of_store[at];
	struct shd_wall wake = {SHD_NEVER_MS};
	size_t rows;

	shd_arena_reset(visit->scratch);
	if (!shd_judge_store_entity(basis, visit, reterr) ||
		!get_own_at_hand(basis, visit, rule, reterr) ||
		!judge_one(basis, txn, visit, rule, NULL, "", &wake, &rows, reterr))
		return false;
	put_off(txn, visit, at, rows);
	return put_wake(basis, txn, visit, SHD_KIND_store, rule->id, wake, reterr);
}

/* Now, or at a wake-up when it was judged a moment ago at some cost. */
static bool judge_soon(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	size_t i, struct shd_error *reterr)
{
	const int64_t *not_before = visit->store->not_before_ms;
	const struct shd_rule *rule = visit->lists->of_store[i];
	int64_t wait_ms = not_before ? not_before[i] - txn->now.ms : 0;

	/* The clock went back: what was noted says nothing. */
	if (wait_ms <= 0 || wait_ms > PUT_OFF_MAX_MS)
		return judge_whole_store(basis, txn, visit, i, reterr);
	return shd_overlay_wake_sooner(basis->overlay, visit->store->id, SHD_KIND_store, rule->id,
				     (struct shd_wall){not_before[i]}, reterr);
}

bool shd_judge_whole(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const struct shd_touched *touched, struct shd_error *reterr)
{
	const struct shd_rule_lists *here = visit->lists;

	for (int k = 0; k < SHD_KIND_COUNT; k++) {
		bool again = false;

		for (size_t i = 0; !again && i < here->of_kind_count[k]; i++)
			again = concerns(here->of_kind[k][i], touched, 1U << k);
		if (again && !refresh_kind(basis, txn, visit, (enum shd_kind)k, reterr))
			return false;
	}
	if (!shd_judge_listed(basis, txn, visit, reterr))
		return false;
	for (size_t i = 0; i < here->of_store_count; i++)
		if (concerns(here->of_store[i], touched, 0) &&
			!judge_soon(basis, txn, visit, i, reterr))
			return false;
	return true;
}

bool shd_judge_rule(const struct shd_basis *basis, struct shd_txn *txn, struct shd_visit *visit,
	const char *id, struct shd_error *reterr)
{
	const struct shd_rule_lists *here = visit->lists;
	size_t at;

	if (shd_judge_find_place(here->places, here->of_store_count, id, &at))
		return judge_whole_store(basis, txn, visit, at, reterr);
	return shd_overlay_wake_put(basis->overlay, visit->store->id, SHD_KIND_store, id,
				  (struct shd_wall){SHD_NEVER_MS}, reterr);
}

/* --- all that is open ------------------------------------------------------------------- */

static bool look_at_alerts(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, struct shd_error *reterr)
{
	struct shd_alert *alerts;
	size_t count;

	if (!basis->read->open_alerts(
		    basis->read->ctx, visit->store->id, txn->arena, &alerts, &count, reterr))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct shd_rule *rule = shd_rules_find(visit->lists->rules, alerts[i].rule);
		bool ok = true;

		/* A rule that changed from each to store or back is another one. */
		if (!rule || rule->each != (alerts[i].entity[0] != '\0'))
			ok = shd_judge_drop(basis, txn, visit, &alerts[i], "rule removed", reterr);
		else if (rule->each)
			ok = shd_judge_refresh(
				basis, txn, visit, rule->kind, alerts[i].entity, reterr);
		if (!ok)
			return false;
	}
	return true;
}

bool shd_judge_open_alerts(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, struct shd_error *reterr)
{
	const struct shd_rule_lists *here = visit->lists;

	if (!look_at_alerts(basis, txn, visit, reterr))
		return false;
	for (int k = 0; k < SHD_KIND_COUNT; k++)
		if (here->of_kind_count[k] &&
			!refresh_kind(basis, txn, visit, (enum shd_kind)k, reterr))
			return false;
	if (!shd_judge_listed(basis, txn, visit, reterr))
		return false;
	for (size_t i = 0; i < here->of_store_count; i++)
		if (!judge_whole_store(basis, txn, visit, i, reterr))
			return false;
	return true;
}

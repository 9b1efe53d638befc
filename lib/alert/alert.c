#include "alert.h"

#include <string.h>

/* The arrows of the diagram in alert.h, and who takes them:
 *
 *   INACTIVE, RESOLVED -> PENDING    [holds]
 *   PENDING -> INACTIVE              [drop]
 *   any but FIRING, UNKNOWN -> FIRING   [fire]
 *   FIRING -> FIRING                 [change_level]
 *   FIRING -> UNKNOWN                [go_blind]
 *   UNKNOWN -> FIRING                [see_again]
 *   FIRING, UNKNOWN -> RESOLVED      [resolve]
 */

#define EPISODES_A_DAY 4

static const char *const state_names[] = {
#define X(id, name, text) [SHD_ALERT_##id] = name,
	SHD_ALERT_STATE_MAP(X)
#undef X
};

/* Bit per state that may follow. */
static const unsigned followers[] = {
#define TO(id) (1U << SHD_ALERT_##id)
	[SHD_ALERT_INACTIVE] = TO(PENDING) | TO(FIRING),
	[SHD_ALERT_PENDING] = TO(INACTIVE) | TO(FIRING),
	[SHD_ALERT_FIRING] = TO(UNKNOWN) | TO(RESOLVED),
	[SHD_ALERT_UNKNOWN] = TO(FIRING) | TO(RESOLVED),
	[SHD_ALERT_RESOLVED] = TO(PENDING) | TO(FIRING),
#undef TO
};

static const struct {
	const char *name;
	bool tells;
} move_rows[] = {
#define X(id, name_, tells_) [SHD_MOVE_##id] = {name_, tells_},
	SHD_MOVE_MAP(X)
#undef X
};

const char *shd_alert_state_name(enum shd_alert_state state)
{
	shd_assert(state < SHD_COUNT(state_names));
	return state_names[state];
}

bool shd_alert_state_find(const char *name, enum shd_alert_state *ret_state)
{
	for (size_t i = 0; i < SHD_COUNT(state_names); i++) {
		if (strcmp(state_names[i], name) == 0) {
			*ret_state = (enum shd_alert_state)i;
			return true;
		}
	}
	return false;
}

const char *shd_move_name(enum shd_move move)
{
	shd_assert(move < SHD_MOVE_COUNT);
	return move_rows[move].name;
}

bool shd_move_find(const char *name, enum shd_move *ret_move)
{
	for (size_t i = 0; i < SHD_COUNT(move_rows); i++) {
		if (strcmp(move_rows[i].name, name) == 0) {
			*ret_move = (enum shd_move)i;
			return true;
		}
	}
	return false;
}

bool shd_move_tells(enum shd_move move)
{
	shd_assert(move < SHD_MOVE_COUNT);
	return move_rows[move].tells;
}

/* One step under way. */
struct step {
	struct shd_alert *alert;
	const struct shd_rule *rule;
	const struct shd_verdict *verdict;
	enum shd_level level; /* the verdict's, or the one that its own `clear` keeps */
	struct shd_wall now;
	struct shd_alert_move *moves;
	int count;
};

static void enter(struct step *step, enum shd_alert_state next)
{
	shd_assert(followers[step->alert->state] & (1U << next));
	step->alert->state = next;
	step->alert->changed_at = step->now;
}

static void record(struct step *step, enum shd_move move, enum shd_level from, enum shd_level to,
	bool tell)
{
	shd_assert(step->count < SHD_ALERT_MOVES);
	step->moves[step->count++] = (struct shd_alert_move){
		.move = move, .from = from, .to = to, .tell = tell && shd_move_tells(move)};
	step->alert->changed_at = step->now;
}

/* The clock went back behind an instant that was noted: count from now instead of
 * waiting for the clock to catch up. */
static void clamp(struct shd_wall *noted, struct shd_wall now)
{
	if (noted->ms > now.ms)
		*noted = now;
}

/* The day in which the alert flaps is not over: people know, and are left alone. */
static bool is_left_alone(const struct step *step)
{
	return step->alert->episodes_day > EPISODES_A_DAY &&
	       step->now.ms - step->alert->day_start.ms < SHD_DAY_MS;
}

/* True when `clear_for` or `for` is over, counting from *since (0: from now). Else
 * notes when to look again. */
static bool waited(struct step *step, struct shd_wall *since, int64_t wait_ms)
{
	if (!since->ms)
		*since = step->now;
	if (step->now.ms - since->ms >= wait_ms)
		return true;
	step->alert->wake.ms = since->ms + wait_ms;
	return false;
}

static void fire(struct step *step)
{
	struct shd_alert *alert = step->alert;
	enum shd_level level = step->level;
	bool new_day = step->now.ms - alert->day_start.ms >= SHD_DAY_MS;

	if (new_day || !alert->episodes_day) {
		alert->day_start = step->now;
		alert->episodes_day = 0;
		alert->notified_level = SHD_LEVEL_NONE;
	}
	if (alert->episodes_day <= EPISODES_A_DAY + 1)
		alert->episodes_day++;
	alert->episode++;
	enter(step, SHD_ALERT_FIRING);
	alert->level = level;
	alert->fired_at = step->now;
	alert->resolved_at.ms = 0;
	alert->clear_since.ms = 0;
	if (!alert->pending_since.ms)
		alert->pending_since = step->now;

	bool begins_to_flap = alert->episodes_day == EPISODES_A_DAY + 1;
	bool tell = begins_to_flap || level > alert->notified_level;
	record(step, begins_to_flap ? SHD_MOVE_FLAPPING : SHD_MOVE_NEW, SHD_LEVEL_NONE, level,
		tell);
	if (level > alert->notified_level)
		alert->notified_level = level;
}

static void drop(struct step *step)
{
	enum shd_level from = step->alert->level;

	enter(step, SHD_ALERT_INACTIVE);
	step->alert->level = SHD_LEVEL_NONE;
	step->alert->pending_since.ms = step->alert->clear_since.ms = 0;
	record(step, SHD_MOVE_DROPPED, from, SHD_LEVEL_NONE, false);
}

static void resolve(struct step *step)
{
	struct shd_alert *alert = step->alert;
	bool known = alert->notified_level != SHD_LEVEL_NONE;
	bool mute = is_left_alone(step);

	enter(step, SHD_ALERT_RESOLVED);
	record(step, SHD_MOVE_RESOLVED, alert->level, SHD_LEVEL_NONE,
		known && !mute && step->rule->tell_resolved);
	alert->level = SHD_LEVEL_NONE;
	alert->resolved_at = step->now;
	alert->pending_since.ms = alert->clear_since.ms = 0;
	alert->hits = 0; /* a new episode needs new evidence */
	if (!mute)
		alert->notified_level = SHD_LEVEL_NONE;
}

static void go_blind(struct step *step)
{
	enter(step, SHD_ALERT_UNKNOWN);
	step->alert->clear_since.ms = 0; /* not known to be clear while nobody can look */
	record(step, SHD_MOVE_BLINDED, step->alert->level, step->alert->level, false);
}

static void see_again(struct step *step)
{
	if (step->alert->state != SHD_ALERT_UNKNOWN)
		return;
	enter(step, SHD_ALERT_FIRING);
	record(step, SHD_MOVE_SEEING, step->alert->level, step->alert->level, false);
}

static void change_level(struct step *step)
{
	struct shd_alert *alert = step->alert;
	enum shd_level from = alert->level, to = step->level;

	if (to < from && !waited(step, &alert->clear_since, step->rule->clear_for_ms))
		return;
	alert->clear_since.ms = 0;
	alert->level = to;
	if (to > from)
		record(step, SHD_MOVE_ESCALATED, from, to, to > alert->notified_level);
	else if (to < from)
		record(step, SHD_MOVE_EASED, from, to, false);
	if (to > alert->notified_level)
		alert->notified_level = to;
}

static bool same_finding(const struct shd_verdict *a, const struct shd_verdict *b)
{
	bool same_value = (a->value.none && b->value.none) || shd_value_equal(&a->value, &b->value);

	return same_value && a->judgement == b->judgement && a->level == b->level &&
	       a->sample_hit == b->sample_hit && a->sample_of == b->sample_of;
}

/* Whether this judgement is an evaluation of its own: see `3 of 5` in alert.h. */
static bool is_evaluation(const struct step *step)
{
	const struct shd_alert *alert = step->alert;
	const struct shd_verdict *verdict = step->verdict;

	if (verdict->judgement == SHD_UNKNOWN)
		return false;
	return alert->state != SHD_ALERT_PENDING || !same_finding(&alert->last, verdict) ||
	       !verdict->every_ms ||
	       (!verdict->failing && step->now.ms - alert->clear_since.ms >= verdict->every_ms);
}

/* While it is undecided, the same again is worth looking at: when the pollers have had
 * the time to read it, which takes them up to a minute beyond their interval. */
static void wait_for_reading(struct step *step)
{
	struct shd_alert *alert = step->alert;
	int64_t every_ms = step->verdict->every_ms, late_ms = every_ms / 4;

	if (late_ms > SHD_MINUTE_MS)
		late_ms = SHD_MINUTE_MS;
	if (alert->state == SHD_ALERT_PENDING && step->rule->for_hits && every_ms &&
		step->verdict->judgement != SHD_UNKNOWN)
		alert->wake.ms = alert->clear_since.ms + every_ms + late_ms;
	/* It fails: see whether it recovered. */
	if (alert->wake.ms <= step->now.ms)
		alert->wake.ms = step->now.ms + (late_ms > SHD_SECOND_MS ? late_ms : SHD_SECOND_MS);
}

static int recent_hits(const struct step *step)
{
	int of = step->rule->for_of;
	uint64_t mask = of >= 64 ? UINT64_MAX : (UINT64_C(1) << of) - 1;
	int count = 0;

	for (uint64_t hits = step->alert->hits & mask; hits; hits &= hits - 1)
		count++;
	return count;
}

/* True when the level has held long, or often, enough. */
static bool has_lasted(struct step *step)
{
	if (step->rule->for_hits)
		return recent_hits(step) >= step->rule->for_hits;
	return waited(step, &step->alert->pending_since, step->rule->for_ms);
}

static void holds(struct step *step)
{
	struct shd_alert *alert = step->alert;

	if (alert->state != SHD_ALERT_PENDING)
		alert->pending_since = step->now;
	if (has_lasted(step)) {
		fire(step);
	} else if (alert->state == SHD_ALERT_PENDING) {
		alert->level = step->level;
	} else {
		enter(step, SHD_ALERT_PENDING);
		alert->level = step->level;
		record(step, SHD_MOVE_PENDING, SHD_LEVEL_NONE, alert->level, false);
	}
}

/* A level holds now. */
static void judged_bad(struct step *step)
{
	switch (step->alert->state) {
	case SHD_ALERT_INACTIVE:
	case SHD_ALERT_PENDING:
	case SHD_ALERT_RESOLVED:
		holds(step);
		break;
	case SHD_ALERT_FIRING:
	case SHD_ALERT_UNKNOWN:
		see_again(step);
		change_level(step);
		break;
	}
}

/* No level holds now; `clear`: hysteresis does not keep it open either. */
static void judged_good(struct step *step, bool clear)
{
	struct shd_alert *alert = step->alert;

	switch (alert->state) {
	case SHD_ALERT_INACTIVE:
	case SHD_ALERT_RESOLVED:
		break;
	case SHD_ALERT_PENDING:
		if (!step->rule->for_hits || !recent_hits(step))
			drop(step);
		break;
	case SHD_ALERT_FIRING:
	case SHD_ALERT_UNKNOWN:
		if (!clear) {
			see_again(step);
			alert->clear_since.ms = 0;
		} else if (waited(step, &alert->clear_since, step->rule->clear_for_ms)) {
			resolve(step);
		} else {
			see_again(step);
		}
		break;
	}
}

/* Nobody asks any more: the entity closed, or the rule excludes it. */
static void not_watched(struct step *step)
{
	switch (step->alert->state) {
	case SHD_ALERT_INACTIVE:
	case SHD_ALERT_RESOLVED:
		break;
	case SHD_ALERT_PENDING:
		drop(step);
		break;
	case SHD_ALERT_FIRING:
	case SHD_ALERT_UNKNOWN:
		resolve(step);
		break;
	}
	step->alert->hits = 0;
}

/* Hysteresis of single levels: the worst that holds, or that is kept. */
static enum shd_level level_of(const struct shd_alert *alert, const struct shd_verdict *verdict)
{
	bool open = alert->state == SHD_ALERT_FIRING || alert->state == SHD_ALERT_UNKNOWN;

	for (int level = (int)alert->level; open && level > (int)verdict->level; level--)
		if (verdict->not_clear >> level & 1)
			return (enum shd_level)level;
	return verdict->level;
}

int shd_alert_step(struct shd_alert *alert, const struct shd_rule *rule,
	const struct shd_verdict *verdict, struct shd_wall now,
	struct shd_alert_move moves[SHD_ALERT_MOVES])
{
	struct step step = {.alert = alert, .rule = rule, .verdict = verdict,
		.level = level_of(alert, verdict), .now = now, .moves = moves};
	bool bad = verdict->judgement == SHD_JUDGED && verdict->level != SHD_LEVEL_NONE;

	/* Only what stays as good, or better, in the same way has lasted. */
	if (verdict->level != alert->last.level && alert->state != SHD_ALERT_PENDING)
		alert->clear_since.ms = 0;

	clamp(&alert->pending_since, now);
	clamp(&alert->clear_since, now);
	clamp(&alert->day_start, now);
	alert->wake.ms = SHD_NEVER_MS;
	bool counts = rule->for_hits && is_evaluation(&step);
	alert->last = *verdict;
	if (counts)
		alert->hits = alert->hits << 1 | bad;

	switch (verdict->judgement) {
	case SHD_JUDGED:
		if (step.level != SHD_LEVEL_NONE)
			judged_bad(&step);
		else
			judged_good(&step, verdict->clear);
		break;
	case SHD_UNKNOWN:
		if (alert->state == SHD_ALERT_FIRING)
			go_blind(&step);
		break;
	case SHD_TOO_FEW:
		judged_good(&step, true);
		break;
	case SHD_NOT_WATCHED:
		not_watched(&step);
		break;
	}
	if (counts && alert->state == SHD_ALERT_PENDING)
		alert->clear_since = now;
	wait_for_reading(&step);
	return step.count;
}

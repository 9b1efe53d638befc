#include "parts.h"

#include <stdlib.h>
#include <string.h>

static const char *const change_names[] = {
#define X(id, name, text) [SHD_REPLAY_##id] = name,
	SHD_REPLAY_CHANGE_MAP(X)
#undef X
};

const char *shd_replay_change_name(enum shd_replay_change change)
{
	shd_assert(change < SHD_REPLAY_CHANGE_COUNT);
	return change_names[change];
}

bool shd_replay_has(const struct shd_judge_in *in, bool daemon_too, const char *id)
{
	for (size_t i = 0; i < in->source_count; i++)
		if (strcmp(in->sources[i].id, id) == 0)
			return true;
	return daemon_too && strcmp(id, "daemon") == 0;
}

/* --- events into episodes ----------------------------------------------------------- */

static const char *keep(struct shd_lives *lives, const char *text)
{
	const char *copy = shd_arena_text(lives->arena, text, strlen(text));

	lives->full = lives->full || !copy;
	return copy ? copy : "";
}

/* What is open at the end of an alert's events stays open. */
static void next_alert(struct shd_lives *lives, const struct shd_past_event *event)
{
	struct shd_alert *alert = &lives->now.alert;

	if (alert->rule && alert->state != SHD_ALERT_INACTIVE &&
		alert->state != SHD_ALERT_RESOLVED) {
		shd_grow(lives->seeds, lives->seed_count, lives->seed_room);
		lives->seeds[lives->seed_count++] = lives->now;
	}
	lives->open = NULL;
	lives->now = (struct shd_seed){.alert.wake.ms = SHD_NEVER_MS};
	if (!event)
		return;
	alert->rule = keep(lives, event->rule);
	alert->store = keep(lives, event->store);
	alert->entity = keep(lives, event->entity);
}

/* The alert as it stood, from the moves before `since`. */
static void follow(struct shd_seed *seed, const struct shd_past_event *event)
{
	struct shd_alert *alert = &seed->alert;

	alert->level = event->to;
	alert->changed_at = event->at;
	switch (event->move) {
	case SHD_MOVE_NEW:
	case SHD_MOVE_FLAPPING:
		seed->worst = event->to;
		alert->state = SHD_ALERT_FIRING;
		alert->fired_at = alert->day_start = event->at;
		alert->episode = alert->episodes_day = 1;
		break;
	case SHD_MOVE_ESCALATED:
	case SHD_MOVE_EASED:
	case SHD_MOVE_SEEING:
		alert->state = SHD_ALERT_FIRING;
		break;
	case SHD_MOVE_BLINDED:
		alert->state = SHD_ALERT_UNKNOWN;
		break;
	case SHD_MOVE_PENDING:
		seed->worst = SHD_LEVEL_NONE;
		alert->state = SHD_ALERT_PENDING;
		break;
	case SHD_MOVE_RESOLVED:
	case SHD_MOVE_DROPPED:
		seed->worst = SHD_LEVEL_NONE;
		alert->state = SHD_ALERT_INACTIVE;
		break;
	case SHD_MOVE_COUNT:
		break;
	}
	if (event->move == SHD_MOVE_PENDING || event->move == SHD_MOVE_NEW)
		alert->pending_since = event->at;
	if (event->to > seed->worst && alert->state == SHD_ALERT_FIRING)
		seed->worst = event->to;
	alert->notified_level = seed->worst;
}

static void begin_episode(struct shd_lives *lives, const struct shd_past_event *event)
{
	struct shd_episode *episode = shd_arena_alloc(lives->arena, 1, sizeof(*episode));

	lives->full = lives->full || !episode;
	if (!episode)
		return;
	*episode = (struct shd_episode){.rule = lives->now.alert.rule,
		.store = lives->now.alert.store, .entity = lives->now.alert.entity,
		.level = event->to, .from = event->at, .to = {SHD_NEVER_MS}};
	shd_grow(lives->episodes, lives->count, lives->room);
	lives->episodes[lives->count++] = episode;
	lives->open = episode;
}

static void count_in(struct shd_lives *lives, const struct shd_past_event *event)
{
	if (event->move == SHD_MOVE_NEW || event->move == SHD_MOVE_FLAPPING) {
		begin_episode(lives, event);
	} else if (lives->open && event->move == SHD_MOVE_RESOLVED) {
		lives->open->to = event->at;
		/* It was over before anybody asked: the last one of the list. */
		if (event->at.ms < lives->since.ms)
			lives->count--;
		lives->open = NULL;
	} else if (lives->open && event->to > lives->open->level) {
		lives->open->level = event->to;
	}
}

static void take_event(void *ctx, const struct shd_past_event *event)
{
	struct shd_lives *lives = ctx;
	const struct shd_alert *alert = &lives->now.alert;

	if (!shd_replay_has(lives->stores, lives->daemon_too, event->store) ||
	    event->at.ms > lives->until.ms)
		return;
	if (!alert->rule || strcmp(alert->rule, event->rule) != 0 ||
	    strcmp(alert->store, event->store) != 0 || strcmp(alert->entity, event->entity) != 0)
		next_alert(lives, event);
	if (event->at.ms < lives->since.ms)
		follow(&lives->now, event);
	count_in(lives, event);
}

bool shd_lives_read(struct shd_lives *lives, struct shd_state *state, struct shd_error *reterr)
{
	if (!shd_state_all_events(state, take_event, lives, reterr))
		return false;
	next_alert(lives, NULL);
	return !lives->full ||
	       shd_fail(reterr, SHD_ERR_LIMIT, "more alerts than a replay has room for");
}

void shd_lives_finish(struct shd_lives *lives)
{
	free(lives->episodes);
	free(lives->seeds);
}

/* --- then and now --------------------------------------------------------------------- */

static int compare_identity(const struct shd_episode *a, const struct shd_episode *b)
{
	int order = strcmp(a->rule, b->rule);

	order = order ? order : strcmp(a->store, b->store);
	return order ? order : strcmp(a->entity, b->entity);
}

static int compare_episodes(const void *a, const void *b)
{
	const struct shd_episode *x = *(struct shd_episode *const *)a;
	const struct shd_episode *y = *(struct shd_episode *const *)b;
	int order = compare_identity(x, y);

	return order ? order : (x->from.ms > y->from.ms) - (x->from.ms < y->from.ms);
}

static bool before(struct shd_wall a, struct shd_wall b)
{
	return b.ms - a.ms > SHD_REPLAY_SAME_MS;
}

static enum shd_replay_change classify(const struct shd_episode *did,
				       const struct shd_episode *would, struct shd_wall until)
{
	struct shd_wall did_end = did->to.ms < until.ms ? did->to : until;
	struct shd_wall would_end = would->to.ms < until.ms ? would->to : until;

	if (before(would->from, did->from))
		return SHD_REPLAY_EARLIER;
	if (before(did->from, would->from))
		return SHD_REPLAY_LATER;
	if (did->level != would->level || before(did_end, would_end) ||
	    before(would_end, did_end))
		return SHD_REPLAY_CHANGED;
	return SHD_REPLAY_UNCHANGED;
}

/* Which of the two comes first alone; 0: they are the same case. */
static int alone(const struct shd_episode *did, const struct shd_episode *would)
{
	int order = !did ? 1 : !would ? -1 : compare_identity(did, would);

	if (order != 0)
		return order;
	return before(did->to, would->from) ? -1
	       : before(would->to, did->from) ? 1 : 0;
}

static void sort(struct shd_lives *lives)
{
	if (lives->count)
		qsort(lives->episodes, lives->count, sizeof(*lives->episodes), compare_episodes);
}

void shd_replay_compare(struct shd_replay *replay, struct shd_lives *did, struct shd_lives *would)
{
	size_t i = 0, k = 0;

	sort(did);
	sort(would);
	replay->pairs = shd_xcalloc(did->count + would->count + 1, sizeof(*replay->pairs));
	while (i < did->count || k < would->count) {
		struct shd_replay_pair *pair = &replay->pairs[replay->pair_count++];
		const struct shd_episode *a = i < did->count ? did->episodes[i] : NULL;
		const struct shd_episode *b = k < would->count ? would->episodes[k] : NULL;
		int order = alone(a, b);

		pair->did = order <= 0 ? a : NULL;
		pair->would = order >= 0 ? b : NULL;
		pair->change = order < 0 ? SHD_REPLAY_GONE
			       : order > 0 ? SHD_REPLAY_NEW : classify(a, b, replay->until);
		i += order <= 0;
		k += order >= 0;
	}
}

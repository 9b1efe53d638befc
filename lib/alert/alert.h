/* alert/alert.h - the life of an alert.
 *
 * Identity: (rule, store, entity). One open case is one alert, however often it is
 * looked at. Pure: (alert, verdict, now) -> alert and moves; the state database
 * keeps it, the judge (lib/judge/judge.h) drives it.
 *
 *   INACTIVE -> PENDING    a level holds, `for` not yet over
 *   PENDING  -> INACTIVE   it stopped holding
 *   PENDING, INACTIVE -> FIRING   `for` is over, or there is none      tell: new
 *   FIRING   -> FIRING     a worse level holds                         tell: escalated
 *                          a better level holds, and has for `clear_for`   recorded only
 *   FIRING   -> UNKNOWN    its feed is blind                           recorded only
 *   UNKNOWN  -> FIRING, RESOLVED   the feed is back
 *   FIRING   -> RESOLVED   no level holds and `clear` does, or the entity closed   tell: resolved
 *   RESOLVED -> FIRING     a new episode; over 4 a day: one `flapping` message, then quiet
 *
 * A day is 24 h from the first episode of it. Quiet until it is over means: nothing
 * is told but a level worse than people know of. TOO_FEW counts as "no level holds"
 * (the rule's author says that so little data is no alert, or there is none: the window
 * is empty), NOT_WATCHED as "the
 * entity closed": it ends the alert at once, without `clear` and `clear_for`. A level
 * that has a `clear` of its own holds until that does, once the alert has it. Being
 * blind neither fires nor resolves, keeps PENDING, and starts `clear_for` anew.
 * `3 of 5` counts evaluations (not UNKNOWN) since the last episode ended: each judgement
 * that comes to something else than the one before, and while the alert is PENDING one
 * more whenever its pollers have had the time to read the same again: once an interval
 * (verdict->every_ms), and up to a minute later when nothing else wakes it.
 * So a bad value that stands still fires, and two judgements of one reading are one
 * evaluation. While one of them fails, nothing was read and nothing counts.
 */
#pragma once
#include "rule/rule.h"

#define SHD_ALERT_STATE_MAP(X)                                                                     \
	X(INACTIVE, "inactive", "nothing holds")                                                   \
	X(PENDING, "pending", "a level holds, but not yet long enough")                            \
	X(FIRING, "firing", "a level holds, and has long enough")                                  \
	X(UNKNOWN, "unknown", "was firing; its feed cannot be read now")                           \
	X(RESOLVED, "resolved", "is over")

enum shd_alert_state {
#define X(id, name, text) SHD_ALERT_##id,
	SHD_ALERT_STATE_MAP(X)
#undef X
};
const char *shd_alert_state_name(enum shd_alert_state state);
bool shd_alert_state_find(const char *name, enum shd_alert_state *ret_state);

/* Why a message goes out; also the reason of an alert_event. */
#define SHD_MOVE_MAP(X)                                                                            \
	X(NEW, "new", true)                                                                        \
	X(ESCALATED, "escalated", true)                                                            \
	X(RESOLVED, "resolved", true)                                                              \
	X(FLAPPING, "flapping", true)                                                              \
	X(PENDING, "pending", false)                                                               \
	X(DROPPED, "dropped", false)                                                               \
	X(EASED, "eased", false)                                                                   \
	X(BLINDED, "blinded", false)                                                               \
	X(SEEING, "seeing", false)

enum shd_move {
#define X(id, name, tells) SHD_MOVE_##id,
	SHD_MOVE_MAP(X)
#undef X
	SHD_MOVE_COUNT
};
const char *shd_move_name(enum shd_move move);
bool shd_move_find(const char *name, enum shd_move *ret_move);
bool shd_move_tells(enum shd_move move);

/* One alert as it is stored. Texts belong to whoever made the struct. */
struct shd_alert {
	int64_t number;          /* the person's handle, "alert 17"; 0: not stored yet */
	const char *rule, *store, *entity; /* entity "" for a store rule */
	enum shd_alert_state state;
	enum shd_level level, notified_level; /* notified_level: the worst one people were told, and
				  * not yet that it is over */
	int episode;             /* counts from 1 */
	int episodes_day;        /* begun within the day from day_start */
	struct shd_wall day_start;
	struct shd_wall pending_since, fired_at, resolved_at, changed_at;
	struct shd_wall clear_since;     /* since when it would be clear, for clear_for; PENDING
				  * by `3 of 5`: when the last evaluation was counted */
	uint64_t hits;           /* the last evaluations as bits, for `3 of 5` */
	struct shd_verdict last; /* value, limit, due, cost as last judged */
	struct shd_wall wake;    /* when the life cycle itself wants to look again (`for`,
				  * `3 of 5`, `clear_for`); SHD_NEVER_MS: not by itself */
};

struct shd_alert_move {
	enum shd_move move;
	enum shd_level from, to;
	bool tell;               /* false also for a move that would tell, but is muted by
				  * flapping or says nothing worse than people know */
};

/* At most this many moves in one step. */
#define SHD_ALERT_MOVES 3

/* Moves the alert by one verdict. Returns how many moves were written to moves[]
 * (0: only values changed), and always updates alert->last and alert->wake. */
int shd_alert_step(struct shd_alert *alert, const struct shd_rule *rule,
		   const struct shd_verdict *verdict, struct shd_wall now,
		   struct shd_alert_move moves[SHD_ALERT_MOVES]);

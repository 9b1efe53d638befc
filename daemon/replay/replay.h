/* replay/replay.h - other rules over the recorded history, beside what really fired.
 *
 * As if the rules had been put in place by a reload at `since`: the state is copied,
 * undone back to that instant, and everything that was recorded happens to it again on
 * a virtual clock, judged by the judge of the daemon. Nothing is told, nothing is
 * written to the state. Synchronous; reads the disk; no thread of its own.
 *
 * What a replay does not know: how often a rule with `3 of 5` had held before `since`;
 * since when a `clear_for` had been counting; samples older than a week, of which the
 * state keeps the last of each hour; when a metric had no value for a while. */
#pragma once
#include "judge/judge.h"

struct shd_replay_request {
	const char *state_path;
	struct shd_judge_in in;       /* `stored` is not read, and nobody is told */
	const char *store;            /* NULL: all of the configuration */
	struct shd_wall since;
};

/* An alert from the first level to its end. */
struct shd_episode {
	const char *rule, *store, *entity;
	enum shd_level level;         /* the worst it reached */
	struct shd_wall from, to;     /* to: SHD_NEVER_MS while it is open */
};

/* An instant that differs by no more than this is the same one: the daemon wakes a
 * moment late, and a rule over many rows may be put off for a minute. */
#define SHD_REPLAY_SAME_MS (2 * SHD_MINUTE_MS)
#define SHD_REPLAY_CHANGE_MAP(X)                                                                   \
	X(NEW, "new", "would have fired and did not")                                              \
	X(GONE, "gone", "fired and would not have")                                                \
	X(EARLIER, "earlier", "would have fired sooner")                                           \
	X(LATER, "later", "would have fired later")                                                \
	X(CHANGED, "changed", "at the same time, but with another level or end")                   \
	X(UNCHANGED, "unchanged", "the same")
enum shd_replay_change {
#define X(id, name, text) SHD_REPLAY_##id,
	SHD_REPLAY_CHANGE_MAP(X)
#undef X
	SHD_REPLAY_CHANGE_COUNT
};
const char *shd_replay_change_name(enum shd_replay_change change);

struct shd_replay_pair {
	enum shd_replay_change change;
	const struct shd_episode *did, *would; /* NULL: none */
};

struct shd_replay {
	struct shd_wall since, until; /* what was replayed: the history may begin later than
				       * asked, and ends with the last answer */
	size_t changes, judged;       /* rows of the history; rules judged */
	/* By rule, store, entity and time. */
	struct shd_replay_pair *pairs;
	size_t pair_count;
	/* private: */
	struct shd_arena *arena;
};

/* *ret_replay is owned. Errors: STATE; MISSING, the state has no history yet; LIMIT;
 * CONFIG, a rule set that does not compile for the judge. */
SHD_MUST_USE bool shd_replay_run(const struct shd_replay_request *request,
				 struct shd_replay **ret_replay, struct shd_error *reterr);
void shd_replay_destroy(struct shd_replay *replay); /* accepts NULL */

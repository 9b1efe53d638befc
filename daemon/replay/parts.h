/* replay/parts.h - between replay.c (the past happens again) and
 * replay_compare.c (what came of it, then and now). */
#pragma once
#include "replay.h"
#include "state/state.h"

/* What an alert was like just before `since`. */
struct shd_seed {
	struct shd_alert alert;
	enum shd_level worst;         /* of the episode; NONE: it is only pending */
};

/* Alerts as their events tell, between two instants. */
struct shd_lives {
	struct shd_wall since, until;
	const struct shd_judge_in *stores;
	bool daemon_too;              /* the pseudo-store */
	struct shd_arena *arena;      /* owns everything below but the lists themselves */
	struct shd_episode **episodes;
	size_t count, room;
	struct shd_seed *seeds;
	size_t seed_count, seed_room;
	/* private: the alert whose events are being read */
	struct shd_seed now;
	struct shd_episode *open;
	bool full;
};
SHD_MUST_USE bool shd_lives_read(struct shd_lives *lives, struct shd_state *state,
				 struct shd_error *reterr);
void shd_lives_finish(struct shd_lives *lives);

/* Whether the store, or the daemon (if too), is replayed. */
bool shd_replay_has(const struct shd_judge_in *in, bool daemon_too, const char *id);

/* Fills the pairs, which point to the episodes. */
void shd_replay_compare(struct shd_replay *replay, struct shd_lives *did, struct shd_lives *would);

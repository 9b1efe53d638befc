/* api/live.h - a store as rules read it, from the read-only state: for questions.
 *
 * Judging changes nothing. Pool threads; `config` must be held meanwhile. */
#pragma once
#include "route.h"

struct shd_live {
	struct shd_state *state;
	const struct shd_config *config;
	const char *store;                         /* id, or "daemon" */
	const struct shd_store *settings;          /* NULL: the pseudo-store */
	const int64_t *every_ms;                   /* of the pollers of its marketplace */
	struct shd_wall now;
	struct shd_arena *arena;
	struct shd_entity *entity;                 /* the store's own; NULL: none yet */
	/* private: */
	bool asked[SHD_POLLER_COUNT], blind[SHD_POLLER_COUNT];
	struct shd_wall last_success[SHD_POLLER_COUNT];
	bool failed;
	struct shd_error error;
};

/* Errors: MISSING, there is no such store, with the nearest; STATE. */
SHD_MUST_USE bool shd_live_open(struct shd_live *live, const struct shd_api_call *call,
	const char *store, struct shd_state *state, struct shd_error *reterr);

/* What a rule reads about `entity` (NULL: about the store). */
void shd_live_env(struct shd_live *live, const struct shd_entity *entity,
		  struct shd_rule_env *ret_env);

/* False when a callback of the environment could not read the state. */
SHD_MUST_USE bool shd_live_ok(const struct shd_live *live, struct shd_error *reterr);

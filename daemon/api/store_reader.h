/* api/live.h - a store as rules read it, from the read-only state: for questions.
 *
 * What is stored and what is behind are not of the same instant: an answer may be a turn late.
 * Judging changes nothing. Pool threads; `config` must be held meanwhile. */
#pragma once
#include "judge/reading.h"
#include "route.h"

struct shd_live {
	struct shd_state *state;
	const struct shd_config *config;
	const char *store;                         /* id, or "daemon" */
	struct shd_arena *arena;
	/* private: */
	struct shd_reading reading;
	struct shd_poller_fact pollers[SHD_POLLER_COUNT];
};

/* Errors: MISSING, there is no such store, with the nearest; STATE. */
SHD_MUST_USE bool shd_live_open(struct shd_live *live, const struct shd_api_call *call,
	const char *store, struct shd_state *state, struct shd_error *reterr);

/* What a rule reads about `entity` (NULL: about the store). */
void shd_live_env(struct shd_live *live, const struct shd_entity *entity,
		  struct shd_rule_env *ret_env);

/* Why something cannot be known: nobody reads it, or it is behind; as the judge says it. */
void shd_live_explain_unknown(
	struct shd_live *live, const struct shd_rule *rule, struct shd_verdict *verdict);

/* False when a callback of the environment could not read the state. */
SHD_MUST_USE bool shd_live_ok(const struct shd_live *live, struct shd_error *reterr);

/* api/store_reader.h - judges rules and evaluates expressions over a store in the read-only state,
 * for requests of the API.
 *
 * Which pollers are behind was read before the state, so an answer may mix the two instants.
 * Judging changes nothing. Pool threads; `config` must be held meanwhile. */
#pragma once
#include "judge/reading.h"
#include "route.h"

struct shd_store_reader {
	struct shd_state *state;
	const struct shd_config *config;
	const char *store;                         /* id, or "daemon" */
	struct shd_arena *arena;
	/* private: */
	struct shd_reading reading;
	struct shd_poller_fact pollers[SHD_POLLER_COUNT];
};

/* Errors: MISSING, there is no such store (the text suggests the nearest id); STATE. */
SHD_MUST_USE bool shd_store_reader_open(struct shd_store_reader *reader,
	const struct shd_api_call *call, const char *store, struct shd_state *state,
	struct shd_error *reterr);

/* The environment for a rule about `entity` (NULL: about the store). */
void shd_store_reader_env(struct shd_store_reader *reader, const struct shd_entity *entity,
		  struct shd_rule_env *ret_env);

/* Adds to an unknown verdict why: its feed is not polled, or is behind; in the judge's words. */
void shd_store_reader_explain_unknown(
	struct shd_store_reader *reader, const struct shd_rule *rule, struct shd_verdict *verdict);

/* False, with the error, when a callback of the environment could not read the state. */
SHD_MUST_USE bool shd_store_reader_ok(
	const struct shd_store_reader *reader, struct shd_error *reterr);

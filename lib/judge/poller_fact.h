/* judge/poller_fact.h - what rules may believe of a poller: one meaning, for the judge and for
 * whoever explains a rule.
 *
 * Pure; any thread. */
#pragma once
#include "catalog/entity.h"

struct shd_poller_fact {
	bool known;                  /* read from the state */
	bool off;                    /* the store's configuration switches it off */
	bool blind;
	bool failing;                /* the newest poll of one of its feeds failed */
	bool idle;                   /* the tariff lacks all of it: its entity is closed */
	struct shd_wall last_success;
	struct shd_wall judged;      /* when its feeds were looked at last; 0: not yet */
};

/* From the poller's entity; NULL: it never succeeded, and says nothing of what it brings.
 * every_ms: how often it is read, 0: switched off. */
struct shd_poller_fact shd_poller_fact_of(const struct shd_entity *poller, int64_t every_ms);

/* What it brings cannot be known now. */
bool shd_poller_is_blind(const struct shd_poller_fact *fact);
/* When it was up to date last; ms 0, never: nobody reads it, and its age says nothing. */
struct shd_wall shd_poller_polled(const struct shd_poller_fact *fact);

/* In words, why nobody reads the poller; NULL: it is read. Errors: NULL, the arena is full. */
const char *shd_poller_idle_words(const struct shd_poller_fact *fact, enum shd_poller poller,
				  struct shd_arena *arena);
/* In words, why it is not judged by yet. Errors: NULL, the arena is full. */
const char *shd_poller_behind_words(enum shd_poller poller, struct shd_arena *arena);

/* judge/reading.h - what a rule reads of one store: the environment of rule/eval/env.h over
 * what is stored, for the judge and for whoever explains a rule.
 *
 * Reads only. One thread at a time. */
#pragma once
#include "market/source.h"
#include "poller_fact.h"
#include "rule/eval/tally.h"
#include "rule/rule.h"
#include "stored.h"

struct shd_reading {
	/* Given; borrowed: */
	const struct shd_stored *stored;
	struct shd_wall now;
	const char *id;                        /* of the store */
	const struct shd_store *store;         /* NULL: it is no store */
	const struct shd_source *source;       /* whose pollers it has; NULL: none */
	const struct shd_entity *store_entity; /* NULL: nothing is known yet */
	const struct shd_rule *rule;           /* whose fields its windows show; NULL: all */
	struct shd_poller_fact *pollers;       /* of each; what is not known is read into them */
	uint32_t fresh;                        /* kinds that a good answer just spoke of */
	uint32_t unread;                       /* pollers that are behind */
	struct shd_tally *tally;               /* or NULL */
	struct shd_tally_store *tally_store;
	/* Found: */
	uint32_t asked;                        /* of `unread`, those that were wanted */
	size_t rows;                           /* that windows showed, tallied ones apart */
	bool failed;                           /* something could not be read: see error */
	struct shd_error error;
};

/* The environment; the reading stays where it is while it is used. */
void shd_reading_env(struct shd_reading *reading, const struct shd_entity *entity,
		     struct shd_rule_env *ret_env);

/* What rules may believe of a poller; read from what is stored unless it is known. */
SHD_MUST_USE bool shd_reading_poller(const struct shd_reading *reading, enum shd_poller poller,
				     struct shd_poller_fact **ret_fact, struct shd_error *reterr);

/* Says of what the rule cannot know that nobody reads it, or that it is behind. */
void shd_reading_explain_unknown(struct shd_reading *reading, const struct shd_rule *rule,
	struct shd_arena *arena, struct shd_verdict *verdict);

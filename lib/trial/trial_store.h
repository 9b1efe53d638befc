/* trial/trial_store.h - one store in memory, as rules read it: entities, metrics, blind pollers and
 * a virtual clock.
 *
 * Observations are merged, and fields derived from others, as in the daemon (catalog/derive.h);
 * fields that the daemon derives from several entities (stock.unshipped, order.has_product) must
 * be observed. Pure; one thread at a time. */
#pragma once
#include "rule/eval/env.h"

struct shd_trial_store;

/* What one store may hold; more is the error LIMIT. */
enum { SHD_TRIAL_ENTITIES_MAX = 20000, SHD_TRIAL_SAMPLES_MAX = 100000 };

/* settings NULL: the pseudo-store `daemon`; every_ms: intervals by poller, NULL: the usual
 * ones. Borrows all. */
struct shd_trial_store *shd_trial_store_create(
	const struct shd_store *settings, const int64_t *every_ms);
void shd_trial_store_destroy(struct shd_trial_store *store); /* accepts NULL */

/* Sets the clock forward, and derives the fields that time alone changes. */
void shd_trial_store_advance(struct shd_trial_store *store, struct shd_wall now);

/* The next instant at which time alone changes a field; SHD_NEVER_MS: none. */
struct shd_wall shd_trial_store_wake(const struct shd_trial_store *store);

/* Observes an entity now: only the fields in `set` are known; a new one is opened now unless it
 * says when. Observes a metric or its target. Copies everything. Error: LIMIT. */
SHD_MUST_USE bool shd_trial_store_observe(
	struct shd_trial_store *store, const struct shd_entity *seen, struct shd_error *reterr);
SHD_MUST_USE bool shd_trial_store_measure(
	struct shd_trial_store *store, const struct shd_measure *measure, struct shd_error *reterr);

/* From now on the poller cannot, or can, be read. */
void shd_trial_store_set_blind(struct shd_trial_store *store, enum shd_poller poller, bool blind);

/* What changed since shd_trial_store_clear_change. */
struct shd_trial_change {
	uint32_t kinds, pollers;  /* bits; pollers: their entity, or their blindness */
	uint32_t blind_changed;   /* bit per poller that became blind or sees again */
	uint64_t metrics, fields[SHD_KIND_COUNT];
};
const struct shd_trial_change *shd_trial_store_change(const struct shd_trial_store *store);
void shd_trial_store_clear_change(struct shd_trial_store *store);

/* Its address does not change; `number` counts within its kind, from 0. */
struct shd_trial_entity {
	struct shd_entity entity;
	size_t number;
	bool changed;
	/* private: */
	struct shd_wall derive_wake;
};
size_t shd_trial_store_count(const struct shd_trial_store *store, enum shd_kind kind);
const struct shd_trial_entity *shd_trial_store_at(
	const struct shd_trial_store *store, enum shd_kind kind, size_t number);

/* The environment for a rule now. entity: for a rule with `each`, else NULL. */
void shd_trial_store_env(struct shd_trial_store *store, const struct shd_entity *entity,
	struct shd_rule_env *ret_env);

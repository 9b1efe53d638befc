/* trial/world.h - one store in memory, as rules read it.
 *
 * What the state database is to the daemon, a world is to `rules test`: entities,
 * metrics, feeds and the present instant, without a disk. Observations are merged
 * and derived as the daemon does it (catalog/derive.h); what the daemon counts over
 * several entities (stock.unshipped, order.has_product) must be observed. Pure; one
 * thread at a time. */
#pragma once
#include "rule/eval/env.h"

struct shd_world;

/* What one world may hold; more is the error LIMIT. */
enum { SHD_WORLD_ENTITIES = 20000, SHD_WORLD_SAMPLES = 100000 };

/* settings NULL: the pseudo-store `daemon`; every_ms: intervals by poller, NULL: the usual
 * ones. Borrows all. */
struct shd_world *shd_world_create(const struct shd_store *settings, const int64_t *every_ms);
void shd_world_destroy(struct shd_world *world); /* accepts NULL */

/* Moves the clock, never back, and derives what time alone changes. */
void shd_world_move(struct shd_world *world, struct shd_wall now);

/* The next instant at which time alone changes a field; SHD_NEVER_MS: none. */
struct shd_wall shd_world_wake(const struct shd_world *world);

/* An observation at the present instant: an entity, of which only the fields in `set`
 * are spoken of; one that is new begins now unless it says when. A metric or its
 * target. Copies everything. Error: LIMIT. */
SHD_MUST_USE bool shd_world_see(
	struct shd_world *world, const struct shd_entity *seen, struct shd_error *reterr);
SHD_MUST_USE bool shd_world_measure(
	struct shd_world *world, const struct shd_measure *measure, struct shd_error *reterr);

/* The poller can, or cannot, be read from now on. */
void shd_world_blind(struct shd_world *world, enum shd_poller poller, bool blind);

/* What changed since shd_world_settle. */
struct shd_world_change {
	uint32_t kinds, pollers, regained; /* regained: pollers whose blindness changed */
	uint64_t metrics, fields[SHD_KIND_COUNT];
};
const struct shd_world_change *shd_world_change(const struct shd_world *world);
void shd_world_settle(struct shd_world *world);

/* An entity of the world stays where it is; `number` counts within its kind. */
struct shd_world_entity {
	struct shd_entity entity;
	size_t number;
	bool changed;
	/* private: */
	struct shd_wall derive_wake;
};
size_t shd_world_count(const struct shd_world *world, enum shd_kind kind);
const struct shd_world_entity *shd_world_at(
	const struct shd_world *world, enum shd_kind kind, size_t number);

/* What a rule reads of it now. entity: of an each-rule, else NULL. */
void shd_world_env(
	struct shd_world *world, const struct shd_entity *entity, struct shd_rule_env *ret_env);

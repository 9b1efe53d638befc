/* catalog/derive.h - fields that follow from others.
 *
 * Runs after an observation was merged into the stored entity and before rules
 * look at it. Pure. */
#pragma once
#include "entity.h"

/* Completes `entity` (merged, all fields; bits of `set`: what the observation spoke
 * of) given what was stored before (NULL: nothing) and `now`:
 *
 *   every kind  progressed_at when something visible changed; closed_at when it closed
 *   listing     state_since, was_active
 *   parcel      customs_since, stood_still, stood_still_on
 *   return      act_since, when it waits for the seller
 *   order       cancelled_at, delivered_at: where they are not told, when that was first
 *               seen; of one that was cancelled from the first, opened_at, as it was no
 *               earlier. first_seen names those times. shipped_late, delivered_late, by
 *               told times alone; closed, while nothing else is known of it: others
 *               speak of orders that are long gone, and it would stay for ever
 *   notice      closed, of a demand that was read, once its date has passed
 *   stock       cover, had_stock
 *   complaint   opened_at: of the case that waits; where that is not told, the first sight
 *               of it. Once there is no more to wait for, the earliest that was told.
 *               responded_at: the first since then
 *   review, question: answered_at; return: responded_at
 *               a later value never replaces an earlier one
 *
 * A field that the observation itself gave a value is left as it is. What has been
 * so for longer than we watch counts from the first sight: an entity that is new to
 * us is not taken for one that stood still. Returns the next instant at which time
 * alone changes a derived field; SHD_NEVER_MS: none. */
struct shd_wall shd_derive(const struct shd_entity *before, struct shd_entity *entity,
			   struct shd_wall now);

/* Copies what `seen` speaks of into `entity`, which has room for all fields of the
 * kind, and takes over its `set`. Texts stay borrowed. */
void shd_entity_merge(struct shd_entity *entity, const struct shd_entity *seen);

/* Any field differs. */
bool shd_entity_differs(const struct shd_entity *a, const struct shd_entity *b);

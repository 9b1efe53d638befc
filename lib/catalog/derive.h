/* catalog/derive.h - fields that follow from others.
 *
 * Runs after an observation was merged into the stored entity and before rules
 * look at it. Pure. */
#pragma once
#include "catalog/entity.h"

/* Completes `entity` (merged, all fields) given what was stored before (NULL:
 * nothing) and `now`: progressed_at when something visible changed; closed_at when it
 * closed; listing: state_since, was_active; stock: had_stock; parcel: customs_since; order:
 * shipped_late, delivered_late; stock: cover. Returns the next instant at which time
 * alone changes a derived field; SHD_NEVER_MS: none. */
struct shd_wall shd_derive(const struct shd_entity *before, struct shd_entity *entity,
			   struct shd_wall now);

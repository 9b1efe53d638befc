/* judge/overlay.h - what is stored, as the transaction under way leaves it.
 *
 * The judge reads and writes here: a read sees what this transaction changed and, below it,
 * what is stored; a write is noted for the change set and touches nothing else. What
 * is read once and not changed is not kept, but for what `load` fetched ahead, so that
 * memory follows change. Texts of what is put are copied. Errors: those of `stored`; LIMIT,
 * the transaction has no room. One thread. */
#pragma once
#include "stored.h"

struct shd_overlay;

/* Borrows `stored`. max_bytes: the most that one transaction may hold in memory. */
struct shd_overlay *shd_overlay_create(const struct shd_stored *stored, size_t max_bytes);
void shd_overlay_destroy(struct shd_overlay *overlay); /* accepts NULL */

/* Forgets everything: the next transaction begins. */
void shd_overlay_reset(struct shd_overlay *overlay);

/* All that was changed since, each row once and as it is at last. Lives until reset. */
const struct shd_change_set *shd_overlay_changes(struct shd_overlay *overlay);

/* The reading functions over the overlay; `wakes` is NULL (shd_overlay_wakes). */
const struct shd_stored *shd_overlay_stored(struct shd_overlay *overlay);

/* Fetches what a batch touches, a statement for each of: these entities with their wake-ups,
 * their alerts; a few are read one by one when they are looked at. An entity that is not there
 * must have no wake-up: none is looked for. The texts of ids are borrowed until reset. */
SHD_MUST_USE bool shd_overlay_load(struct shd_overlay *overlay, const char *store,
				   enum shd_kind kind, const char *const *ids, size_t count,
				   struct shd_error *reterr);

/* As in stored.h. */
SHD_MUST_USE bool shd_overlay_entity(struct shd_overlay *overlay, const char *store,
				     enum shd_kind kind, const char *id, struct shd_arena *arena,
				     const struct shd_entity **ret_entity,
				     struct shd_error *reterr);
/* Writes all fields. `feed`: the endpoint that lists it; NULL: as it was. before NULL: it is
 * new. *ret_entity is the copy that lives as long as the transaction. */
SHD_MUST_USE bool shd_overlay_entity_put(struct shd_overlay *overlay, const char *store,
					 const struct shd_entity *before,
					 const struct shd_entity *entity, const char *feed,
					 const struct shd_entity **ret_entity,
					 struct shd_error *reterr);
/* A value that is older than the newest one is dropped. */
SHD_MUST_USE bool shd_overlay_metric_put(struct shd_overlay *overlay, const char *store,
					 enum shd_metric metric, bool target,
					 const struct shd_value *value, struct shd_wall at,
					 struct shd_error *reterr);
/* write: among the changes, not only for those who read through the overlay. */
SHD_MUST_USE bool shd_overlay_feed_put(struct shd_overlay *overlay, const struct shd_feed_row *row,
				       bool write, struct shd_error *reterr);
/* SHD_NEVER_MS removes it; then the same, but never later than the one that is there. */
SHD_MUST_USE bool shd_overlay_wake_put(struct shd_overlay *overlay, const char *store,
				       enum shd_kind kind, const char *id, struct shd_wall at,
				       struct shd_error *reterr);
SHD_MUST_USE bool shd_overlay_wake_sooner(struct shd_overlay *overlay, const char *store,
					  enum shd_kind kind, const char *id, struct shd_wall at,
					  struct shd_error *reterr);
/* Those due at `now`, the earliest first, at most `max`; and when the next one is. */
SHD_MUST_USE bool shd_overlay_wakes(struct shd_overlay *overlay, struct shd_wall now, size_t max,
				    struct shd_arena *arena, struct shd_wake_row **ret_rows,
				    size_t *ret_count, struct shd_wall *ret_next,
				    struct shd_error *reterr);
/* One alert; NULL: there never was one. */
SHD_MUST_USE bool shd_overlay_alert(struct shd_overlay *overlay, const char *rule,
				    const char *store, const char *entity,
				    struct shd_arena *arena, struct shd_alert **ret_alert,
				    struct shd_error *reterr);
/* All alerts of one entity. */
SHD_MUST_USE bool shd_overlay_alerts_of(struct shd_overlay *overlay, const char *store,
					const char *entity, struct shd_arena *arena,
					struct shd_alert **ret_alerts, size_t *ret_count,
					struct shd_error *reterr);
/* number 0: it is new and gets one, written back. */
SHD_MUST_USE bool shd_overlay_alert_put(struct shd_overlay *overlay, struct shd_alert *alert,
					struct shd_error *reterr);
/* A move of an alert; that a channel is told of it; that nobody is any more; a message; a row of
 * the history. */
SHD_MUST_USE bool shd_overlay_event_add(struct shd_overlay *overlay,
					const struct shd_alert_event *event,
					struct shd_error *reterr);
SHD_MUST_USE bool shd_overlay_notified_add(struct shd_overlay *overlay, int64_t alert,
					   const char *channel, struct shd_error *reterr);
SHD_MUST_USE bool shd_overlay_notified_clear(struct shd_overlay *overlay, int64_t alert,
					     struct shd_error *reterr);
SHD_MUST_USE bool shd_overlay_outbox_add(struct shd_overlay *overlay,
					 const struct shd_outbox_row *row,
					 struct shd_error *reterr);
SHD_MUST_USE bool shd_overlay_history_add(struct shd_overlay *overlay,
					  const struct shd_history_row *row,
					  struct shd_error *reterr);

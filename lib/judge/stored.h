/* judge/stored.h - how the judge reads what is stored: functions that an engine fills in.
 *
 * Engines: daemon/state over SQLite, judge/memory.h over hash tables. What a call returns
 * lives in the arena that it was given; what a visitor is shown lives for the call. Lists
 * are in the order that is named; what is not named is in no order. Every function may
 * fail with what its engine fails with (STATE), or LIMIT: the arena is full. */
#pragma once
#include "change_set.h"

/* An entity, the endpoint whose complete list it is on (NULL: none's), and its wake-up
 * (SHD_NEVER_MS: none). */
struct shd_stored_entity {
	const struct shd_entity *entity;
	const char *feed;
	struct shd_wall wake;
};
struct shd_stored_listing {
	const char *id, *title, *category; /* NULL: not known */
};
struct shd_stored_parcel {
	const char *store, *id, *tracking_number;
	const char *carrier;                   /* NULL: not known */
};
/* A further wake-up, the earliest first; false stops. */
typedef bool shd_wake_fn(void *ctx, const struct shd_wake_row *row);
typedef void shd_alerted_fn(void *ctx, const char *store, const char *entity);

/* Fields of a window that are asked for, bit per field; this one: the id as well. */
#define SHD_FIELDS_ID (1ULL << 63)

struct shd_stored {
	void *ctx;
	/* One entity with all its fields; ret->entity NULL: there is none. */
	bool (*entity)(void *ctx, const char *store, enum shd_kind kind, const char *id,
		       struct shd_arena *arena, struct shd_stored_entity *ret,
		       struct shd_error *reterr);
	/* Those of these ids, each named once, that are there. */
	bool (*entities)(void *ctx, const char *store, enum shd_kind kind, const char *const *ids,
			 size_t count, struct shd_arena *arena,
			 struct shd_stored_entity **ret_rows, size_t *ret_count,
			 struct shd_error *reterr);
	/* Ids of the open entities that `feed` lists (NULL: of all open ones), in id order. */
	bool (*open_ids)(void *ctx, const char *store, enum shd_kind kind, const char *feed,
			 struct shd_arena *arena, const char *const **ret_ids, size_t *ret_count,
			 struct shd_error *reterr);
	/* Ids of the stores whose store entity is open. */
	bool (*open_stores)(void *ctx, struct shd_arena *arena, const char *const **ret_ids,
			    size_t *ret_count, struct shd_error *reterr);
	/* Visits entities whose field `time` (its index within the kind) lies in (from, to], the
	 * earliest first. Only the fields of the mask, and that one, are read; by opened_at, and by
	 * other times that have an index, the cost follows the window and not the history. */
	bool (*window)(void *ctx, const char *store, enum shd_kind kind, int time,
		       uint64_t fields, struct shd_wall from, struct shd_wall to,
		       shd_window_fn *visit, void *visit_ctx, struct shd_error *reterr);
	/* By sku, in id order: listings; orders or returns that have no category; stock
	 * rows. And the pieces, in micro-units, of orders that are not yet shipped
	 * (shd_units_promised). */
	bool (*listings)(void *ctx, const char *store, const char *sku, struct shd_arena *arena,
			 struct shd_stored_listing **ret_rows, size_t *ret_count,
			 struct shd_error *reterr);
	bool (*without_category)(void *ctx, const char *store, enum shd_kind kind, const char *sku,
				 struct shd_arena *arena, const char *const **ret_ids,
				 size_t *ret_count, struct shd_error *reterr);
	bool (*stocks)(void *ctx, const char *store, const char *sku, struct shd_arena *arena,
		       const char *const **ret_ids, size_t *ret_count, struct shd_error *reterr);
	bool (*promised)(void *ctx, const char *store, const char *sku, int64_t *ret_units,
			 struct shd_error *reterr);
	/* The parcels of all stores that have one of these tracking numbers, by store and id. */
	bool (*parcels)(void *ctx, const char *const *numbers, size_t count,
			struct shd_arena *arena, struct shd_stored_parcel **ret_rows,
			size_t *ret_count, struct shd_error *reterr);
	/* The newest value, none when there never was one; and when it was measured. */
	bool (*metric)(void *ctx, const char *store, enum shd_metric metric, bool target,
		       struct shd_value *ret_value, struct shd_wall *ret_at,
		       struct shd_error *reterr);
	/* Samples in (from, to], oldest first, and before them the newest one until `from`. */
	bool (*samples)(void *ctx, const char *store, enum shd_metric metric, struct shd_wall from,
			struct shd_wall to, shd_samples_fn *visit, void *visit_ctx,
			struct shd_error *reterr);
	/* *ret_row NULL when the feed was never tried. All feeds of the store, by endpoint. */
	bool (*feed)(void *ctx, const char *store, const char *endpoint, struct shd_arena *arena,
		     struct shd_feed_row **ret_row, struct shd_error *reterr);
	bool (*feeds)(void *ctx, const char *store, struct shd_arena *arena,
		      struct shd_feed_row **ret_rows, size_t *ret_count, struct shd_error *reterr);
	/* SHD_NEVER_MS: none. Then all there are, as far as the visitor wants; kinds of another
	 * version, which cannot be judged, go unseen. */
	bool (*wake)(void *ctx, const char *store, enum shd_kind kind, const char *id,
		     struct shd_wall *ret_at, struct shd_error *reterr);
	bool (*wakes)(void *ctx, shd_wake_fn *visit, void *visit_ctx, struct shd_error *reterr);
	/* All alerts of these entities, open or not, those of one by rule; the open ones of a
	 * store, by number; and the number that no alert ever had, nor any above it. */
	bool (*alerts_of)(void *ctx, const char *store, const char *const *entities, size_t count,
			  struct shd_arena *arena, struct shd_alert **ret_alerts,
			  size_t *ret_count, struct shd_error *reterr);
	/* Every entity that has any, maybe several times, in no order. */
	bool (*alerted)(void *ctx, shd_alerted_fn *visit, void *visit_ctx,
			struct shd_error *reterr);
	bool (*open_alerts)(void *ctx, const char *store, struct shd_arena *arena,
			    struct shd_alert **ret_alerts, size_t *ret_count,
			    struct shd_error *reterr);
	bool (*next_alert)(void *ctx, int64_t *ret_number, struct shd_error *reterr);
	/* The channels that were told of an alert's present episode, by name. */
	bool (*notified)(void *ctx, int64_t alert, struct shd_arena *arena,
			 const char *const **ret_channels, size_t *ret_count,
			 struct shd_error *reterr);
};

/* The pieces that an order promises until it is shipped, in micro-units; 0 for one that is
 * closed, shipped or of a state that promises nothing. `promised` sums these. */
int64_t shd_units_promised(const struct shd_entity *order);

/* For those who yield parcels by tracking number: whether the value is one of the texts, and
 * the order of the parcels. */
bool shd_stored_is_one_of(const char *const *texts, size_t count, const struct shd_value *value);
int shd_stored_by_store_and_id(const void *a, const void *b);

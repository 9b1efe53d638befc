/* judge/overlay_own.h - between the files of the overlay:
 *
 *   overlay.c           its life, loading ahead, the change set
 *   overlay_entities.c  entities, cross references
 *   overlay_parcels.c   parcels of all stores, by tracking number
 *   overlay_windows.c   entities by one of their times
 *   overlay_rows.c      metrics, samples, feeds, wake-ups
 *   overlay_alerts.c    alerts, who was told of them
 */
#pragma once
#include "alerted.h"
#include "base/table.h"
#include "overlay.h"

struct kept_entity {
	const char *id;
	const struct shd_entity *entity; /* NULL: there is none */
	const char *feed, *put_feed;  /* the list it is on, as stored and as put (NULL: not) */
	bool stored, changed, feed_known;
	enum shd_changed_keys keys;
	/* Of an order, as it is stored, for the pieces that are promised. */
	const char *stored_sku;
	int64_t stored_units;
	struct kept_entity *next_changed;
	UT_hash_handle hh;            /* by id */
};

/* Changed entities that had, or have, this sku. */
struct kept_sku {
	struct kept_entity **items;   /* in the arena */
	size_t count, room;
	UT_hash_handle hh;
};

struct kept_dated {
	int64_t ms;
	struct kept_entity *kept;
};

struct kept_kind {
	struct kept_entity *entities; /* hash */
	struct kept_entity *changed, *last_changed;
	size_t changed_count;
	struct kept_sku *skus;        /* hash */
	struct kept_dated *by_time;   /* those changed that have the time, the earliest first */
	size_t by_time_count, by_time_room;
	int time;                     /* by which they are sorted (index of a field), if they are */
	bool sorted;
	struct kept_wake *wakes;      /* hash by id */
};

struct kept_metric {
	struct shd_value value;
	struct shd_wall at;
};

struct kept_feed {
	struct shd_feed_row row;
	bool write;
	struct kept_feed *next;
};

struct kept_wake {
	struct shd_wake_row row;
	struct shd_wall stored;
	bool known, changed;
	UT_hash_handle hh;
};

struct kept_alert {
	struct shd_alert alert;
	bool stored, changed;
	struct kept_alert *next, *next_changed;
};

/* The alerts of one entity. */
struct kept_alerts {
	const char *entity;
	struct kept_alert *first;
	bool all;                     /* also those that did not change */
	UT_hash_handle hh;
};

struct kept_store {
	const char *id;
	struct kept_kind kinds[SHD_KIND_COUNT];
	struct kept_metric **metrics; /* [2 * metric + target]; NULL: none changed */
	struct kept_feed *feeds, **feeds_end;
	struct kept_alerts *alerts;
	UT_hash_handle hh;
};

struct kept_notified {
	int64_t alert;
	bool cleared;
	const char **channels;        /* added since */
	size_t count, room;
	struct kept_notified *next;
	UT_hash_handle hh;
};

struct shd_overlay {
	const struct shd_stored *stored;
	struct shd_stored own;
	struct shd_arena *arena, *scratch;
	struct kept_store *stores, *last;
	struct kept_alert *alerts, *last_alert; /* changed, in order */
	struct kept_notified *notified, *first_notified, *last_notified;
	int64_t next_alert;           /* 0: not read */
	struct shd_alerted alerted;   /* of all transactions */
	struct shd_change_set
		changes; /* events, outbox, history as they come; the rest at the end */
};

/* Room in the arena, a copy of a text (NULL stays NULL); NULL with LIMIT when it is full. */
void *shd_overlay_room(struct shd_overlay *overlay, size_t count, size_t size,
		       struct shd_error *reterr);
bool shd_overlay_text(struct shd_overlay *overlay, const char **text, struct shd_error *reterr);
bool shd_overlay_value(struct shd_overlay *overlay, struct shd_value *value,
		       struct shd_error *reterr);

/* The store's own part; NULL: nothing of it was touched. Then one that is made. */
struct kept_store *shd_overlay_find(const struct shd_overlay *overlay, const char *store);
struct kept_store *shd_overlay_store(struct shd_overlay *overlay, const char *store,
				     struct shd_error *reterr);

/* What is kept of the kind, and of one of its entities; NULL: nothing. */
struct kept_kind *shd_overlay_kind(const struct shd_overlay *overlay, const char *store,
				   enum shd_kind kind);
struct kept_entity *shd_overlay_kept(const struct kept_kind *kind, const char *id);

/* Set the functions of overlay->own. */
void shd_overlay_entities_open(struct shd_overlay *overlay);
void shd_overlay_parcels_open(struct shd_overlay *overlay);
void shd_overlay_windows_open(struct shd_overlay *overlay);
void shd_overlay_rows_open(struct shd_overlay *overlay);
void shd_overlay_alerts_open(struct shd_overlay *overlay);

/* Each puts what it keeps into the change set. */
void shd_overlay_entities_list(struct shd_overlay *overlay, const struct kept_store *store);
void shd_overlay_rows_list(struct shd_overlay *overlay, const struct kept_store *store);
void shd_overlay_alerts_list(struct shd_overlay *overlay);

/* What is kept of a wake-up, of a store that may be NULL; NULL: nothing. */
struct kept_wake *shd_overlay_kept_wake(
	const struct kept_store *store, enum shd_kind kind, const char *id);

/* Notes which wake-up is stored, unless one is kept: one that is put and does not differ is not
 * written. */
SHD_MUST_USE bool shd_overlay_wake_known(struct shd_overlay *overlay, struct kept_store *store,
					 enum shd_kind kind, const char *id, struct shd_wall at,
					 struct shd_error *reterr);

/* Fetch ahead; notes what is there and what is not, wake-ups of entities included. */
SHD_MUST_USE bool shd_overlay_entities_load(struct shd_overlay *overlay, struct kept_store *store,
					    enum shd_kind kind, const char *const *ids,
					    size_t count, struct shd_error *reterr);
SHD_MUST_USE bool shd_overlay_alerts_load(struct shd_overlay *overlay, struct kept_store *store,
					  const char *const *ids, size_t count,
					  struct shd_error *reterr);

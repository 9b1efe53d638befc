/* judge/memory_own.h - between the files of the memory engine:
 *
 *   memory.c           its life, alerts, wake-ups, feeds, metrics, messages
 *   memory_entities.c  entities, by id, by sku, by time
 */
#pragma once
#include "base/table.h"
#include "memory.h"

struct memory_entity {
	const struct shd_entity *entity;
	const char *id, *feed;
	UT_hash_handle hh;
};

struct memory_list {
	struct memory_entity **items;
	size_t count, room;
};

struct memory_sku {
	struct memory_list list;
	UT_hash_handle hh;
};

struct memory_kind {
	struct memory_entity *entities;
	struct memory_sku *skus;
};

struct memory_sample {
	struct shd_wall at;
	struct shd_value value;
};

struct memory_metric {
	bool known;
	struct shd_value value;
	struct shd_wall at;
	struct memory_sample *samples; /* by time */
	size_t count, room;
};

struct memory_wake {
	struct shd_wake_row row;
	UT_hash_handle hh;            /* of the kind in the store, by id */
};

/* The alerts of one entity, by rule. */
struct memory_alerts {
	const struct shd_alert **items;
	size_t count, room;
	UT_hash_handle hh;
};

struct memory_notified {
	int64_t alert;
	const char **channels;        /* by name */
	size_t count, room;
	UT_hash_handle hh;
};

struct memory_store {
	const char *id;
	struct memory_kind kinds[SHD_KIND_COUNT];
	struct memory_wake *wakes[SHD_KIND_COUNT];
	struct memory_metric metrics[SHD_METRIC_COUNT][2];
	struct shd_feed_row *feeds;   /* by endpoint */
	size_t feed_count, feed_room;
	struct memory_alerts *alerts;
	UT_hash_handle hh;
};

struct shd_memory {
	struct shd_stored stored;
	struct shd_arena *arena;
	struct memory_store *stores;
	struct memory_wake **wakes;   /* by time, once sorted */
	size_t wake_count, wake_room;
	bool wakes_sorted;
	struct memory_notified *notified;
	const struct shd_alert **alerts; /* by number, from 1 */
	struct shd_alert_event *events;
	struct shd_outbox_row *outbox;
	struct shd_history_row *history;
	size_t alert_count, event_count, outbox_count, history_count;
	size_t alert_room, event_room, outbox_room, history_room;
};

/* A copy that lives as long as the memory; NULL for NULL. */
const char *shd_memory_text(struct shd_memory *memory, const char *text);
/* The store's part; NULL: nothing of it was put. Then one that is made. */
struct memory_store *shd_memory_find(const struct shd_memory *memory, const char *store);
struct memory_store *shd_memory_store(struct shd_memory *memory, const char *store);

/* As in stored.h. */
bool shd_memory_wake(void *ctx, const char *store, enum shd_kind kind, const char *id,
		     struct shd_wall *ret_at, struct shd_error *reterr);

/* memory_entities.c: sets its functions; takes one change; frees the tables of a store. */
void shd_memory_entities_open(struct shd_memory *memory);
void shd_memory_entity_put(struct shd_memory *memory, const struct shd_entity_change *change);
void shd_memory_entities_close(struct memory_store *store);

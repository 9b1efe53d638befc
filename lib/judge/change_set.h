/* judge/change_set.h - rows as they are kept, and all that one transaction changes of them.
 *
 * Plain structs; nothing here knows which database keeps them. An engine applies a change
 * set as a whole or not at all, in the order of its members: an alert comes before what
 * names its number. */
#pragma once
#include "market/cursor.h"
#include "market/standing.h"
#include "message/message.h"

/* A feed: one endpoint of one store. */
struct shd_feed_row {
	const char *store, *endpoint;
	struct shd_cursor cursor; /* where the next poll goes on */
	struct shd_wall last_success, last_try;
	struct shd_wall failing_since; /* ms 0: works */
	int failures;                 /* in a row */
	int error;                    /* enum shd_err, -1: none */
	const char *error_text;
	struct shd_wall next_due;
	int suspects;                 /* empty answers in a row where there were rows before */
	enum shd_standing standing;
	const char *incomplete;       /* why its list is not the whole one; NULL: it is */
	struct shd_wall incomplete_since; /* ms 0: it is */
};

/* When time alone may change a verdict: one per (store, kind, id). Kind SHD_KIND_store with
 * a rule's id as id for each of the store's own rules. */
struct shd_wake_row {
	const char *store, *id;
	enum shd_kind kind;
	struct shd_wall at;
};

/* A move of an alert, as it is told later. */
struct shd_alert_event {
	int64_t alert;
	struct shd_wall at;
	enum shd_move move;
	enum shd_level from, to;
	bool notified;
	struct shd_value value, limit;
	const char *reason;           /* in words, or NULL */
};

/* A message to be sent. */
#define SHD_OUTBOX_STATE_MAP(X)                                                                    \
	X(WAITING, "waiting") X(SENT, "sent") X(DEAD, "dead")
enum shd_outbox_state {
#define X(id, name) SHD_OUTBOX_##id,
	SHD_OUTBOX_STATE_MAP(X)
#undef X
};

struct shd_outbox_row {
	int64_t number;
	const char *key; /* idempotency key: 32 hex digits, the same for every attempt */
	const char *channel, *group;  /* group: rows that wait for one message merge by it; "":
				       * the message is closed to others, now and for good */
	const char *facts;            /* shd_facts_pack */
	enum shd_level level;
	struct shd_wall made, next_try, give_up;
	int attempts;
	enum shd_outbox_state state;
	/* Numbers of the alerts the message tells of. Read when adding only; NULL in rows
	 * that are returned. */
	const int64_t *alerts;
	size_t alert_count;
};
/* The most alerts that one message tells of. */
#define SHD_OUTBOX_ITEMS 50

/* What an entity or a feed was before it changed. */
struct shd_history_row {
	int64_t number;
	struct shd_wall at;
	const char *store, *id;
	enum shd_kind kind;           /* poller: a feed, id is its endpoint */
	bool fresh;                   /* a good answer spoke of the kind within the same poll */
	const char *was;              /* shd_record_write; NULL: there was nothing before */
};

/* Which columns of an index may differ from what is stored. What differs in none, as nearly every
 * change, or in the own ones only, is written without a look at the other indexes. */
enum shd_changed_keys {
	SHD_KEYS_NONE,
	SHD_KEYS_OWN,                 /* sku, category, tracking_number */
	SHD_KEYS_ANY,                 /* these, feed, opened_at, closed, unreadable */
};

struct shd_entity_change {
	const char *store;
	const struct shd_entity *entity; /* all fields */
	const char *feed;             /* the endpoint that lists it; NULL: as it was */
	bool is_new;
	enum shd_changed_keys keys;   /* unless it is new */
};
struct shd_metric_change {        /* becomes the newest value, and a sample unless none */
	const char *store;
	enum shd_metric metric;
	bool target;
	struct shd_value value;
	struct shd_wall at;
};
struct shd_alert_change {
	struct shd_alert alert;       /* its number is given */
	bool is_new;
};
struct shd_notified_change {
	int64_t alert;
	const char *channel;          /* is told; NULL: nobody is any more */
};

struct shd_change_set {
	struct shd_entity_change *entities;
	struct shd_metric_change *metrics;
	struct shd_feed_row *feeds;
	struct shd_wake_row *wakes;   /* at SHD_NEVER_MS: there is none */
	struct shd_alert_change *alerts;
	struct shd_alert_event *events;
	struct shd_notified_change *notified;
	struct shd_outbox_row *outbox;
	struct shd_history_row *history;
	size_t entity_count, metric_count, feed_count, wake_count, alert_count, event_count,
		notified_count, outbox_count, history_count;
	/* private: */
	size_t entity_room, metric_room, feed_room, wake_room, alert_room, event_room,
		notified_room, outbox_room, history_room;
};

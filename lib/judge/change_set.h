/* judge/change_set.h - rows as they are kept: what the judge reads, and what it changes.
 *
 * Plain structs; nothing here knows which database keeps them. */
#pragma once
#include "message/message.h"

/* A feed: one endpoint of one store. */
struct shd_feed_row {
	const char *store, *endpoint;
	struct shd_wall cursor; /* when the last complete poll began: the next goes on from there */
	struct shd_wall last_success, last_try;
	struct shd_wall failing_since; /* ms 0: works */
	int failures;                 /* in a row */
	int error;                    /* enum shd_err, -1: none */
	const char *error_text;
	struct shd_wall next_due;
	int suspects;                 /* empty answers in a row where there were rows before */
	bool not_available;           /* N/A: the tariff lacks it */
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

/* poll/status.h - how the stores are being read, for the API and the status line.
 *
 * A look at what the daemon holds in memory; nothing here touches the disk. Loop
 * thread only. Texts are borrowed until the next turn of the loop. */
#pragma once
#include "base/time.h"
#include "catalog/catalog.h"
#include "market/standing.h"
#include "net/budget.h"

/* One endpoint of one store. Times with ms 0: never. */
struct shd_feed_status {
	const char *source, *endpoint;
	enum shd_poller poller;
	const char *state;             /* the names in SHD_FEED_STATE_MAP (feed.h) */
	struct shd_wall last_success, last_try, next_due, failing_since;
	int64_t every_ms;
	int failures;                  /* in a row */
	int error;                     /* enum shd_err, -1: none */
	const char *error_text;        /* "" without an error */
	const char *incomplete;        /* why its list is not whole; "": it is */
	struct shd_wall incomplete_since;
	enum shd_standing standing;
	bool optional;                 /* its failure does not make the poller stale */
	bool follow;                   /* read within the polls of others, has no time of its own */
	bool silent;                   /* its host did not answer: asked one request at a time */
	size_t records;                /* listed when it was last read */
};

/* One poller of one store: its feeds taken together. */
struct shd_poller_status {
	int64_t every_ms;
	/* When the poller was last up to date at its own pace: the earliest over the feeds
	 * that count of last_success + max(0, every_ms of the feed - every_ms of the poller),
	 * but not later than now; 0: not every one of them was read yet. */
	struct shd_wall last_success;
	struct shd_wall next_due;      /* the nearest */
	struct shd_wall failing_since; /* the earliest; 0: works */
	size_t feeds, failing, not_available, incomplete;
	bool silent;                   /* its host did not answer: asked one request at a time */
	struct shd_wall incomplete_since; /* the earliest; 0: all lists are whole */
	const char *incomplete_text;   /* of the feed whose list is not whole for longest; "" */
	int error;                     /* of the feed that fails longest, -1: none */
	const char *error_text;
};

/* Figures since the start, and as they are now. */
struct shd_figures {
	struct shd_wall started, last_commit, last_reload;
	const char *reload_error;      /* "" when the last reload was good */
	uint64_t reloads;              /* that have ended, whether taken or refused */
	bool reloading;
	uint64_t polls, polls_unchanged, polls_failed, requests, throttled, received_bytes;
	uint64_t unclaimed_parcels;    /* that a carrier spoke of and no store knows */
	uint64_t parsed_records, commits, judged, alert_transitions, delivered, delivery_failures;
	size_t stores, feeds, queued, in_flight, committing, state_jobs;
	struct shd_memory_use memory;  /* of large answers */
	struct shd_memory_use harvests; /* of what polls read and is not committed */
	int64_t lag_max_ms;            /* longest delay of the loop in the last minute */
	bool blind; /* waits for the feeds after the daemon was stopped or asleep */
	/* Since when what is read and decided may be lost, and why; ms 0: all is kept. */
	struct shd_wall unkept_since;
	const char *unkept;            /* "" */
	struct shd_wall unjudged_since; /* what is due by time is not judged; ms 0: it is */
	const char *state_note;        /* what else is to be said of the state; "" */
	struct shd_wall retain_failing_since; /* what is old cannot be deleted; ms 0: it can */
	const char *retain_error;      /* "" */
	uint64_t changes_refused;      /* changes that the judge or the state would not take */
	struct shd_wall refused_at;    /* the last one */
	const char *refused;           /* why; "" */
};

/* Takes one feed of several. */
typedef void shd_feed_status_fn(void *ctx, const struct shd_feed_status *status);

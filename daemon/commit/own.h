/* commit/own.h - what the files of this room share: commit.c (the queue and its states),
 * transaction.c (one job, on the pool), judged.c (the changes that the judge looks at).
 * Nobody else includes this. */
#pragma once
#include "commit.h"

#define SHD_COMMIT_TEXT 250

/* X(NAME, "name", what it waits for) */
#define SHD_COMMIT_STATE_MAP(X)                                                                    \
	X(IDLE, "idle", "a change that is urgent or has waited long enough")                       \
	X(WORKING, "working", "the job's transaction")                                             \
	X(BACKING_OFF, "backing off", "the time after a transaction that failed")                  \
	X(CLOSED, "closed", "nothing; its handles close")

enum shd_commit_state {
#define X(id, name, text) SHD_COMMIT_##id,
	SHD_COMMIT_STATE_MAP(X)
#undef X
};

/* X(NAME, "name", what it does with changes) */
#define SHD_COMMIT_PHASE_MAP(X)                                                                    \
	X(OPEN, "open", "keeps them")                                                              \
	X(PAUSED, "paused", "lets them wait")                                                      \
	X(LEAVING, "leaving", "keeps them, or gives them up where the state fails")                \
	X(CLOSING, "closing", "the same, and ends when none is left")

enum shd_commit_phase {
#define X(id, name, text) SHD_COMMIT_##id,
	SHD_COMMIT_PHASE_MAP(X)
#undef X
};

/* What became of a channel, or of the newest configuration. */
struct shd_note_change {
	struct shd_change change;
	struct shd_commit *commit;
	struct shd_channel_report channel; /* without a name: it is of the configuration */
	char *name;                     /* of the channel */
	bool config_refused;
	size_t mistakes;
	char text[SHD_COMMIT_TEXT];     /* of the channel's error, or the first mistake */
	struct shd_note_change *next;   /* all that are not kept yet */
};

/* Wake-ups, and stores to be judged again. */
struct shd_time_change {
	struct shd_change change;
	struct shd_commit *commit;
	/* Stores to be judged again, in the judge's order: from which on, NULL: none; and those
	 * of the job, likewise. */
	const char *again, *job_again;
	struct shd_wall next_wake, not_before;
	int refusals;                   /* in a row */
	bool suspended;                 /* until shd_commit_caught_up, or the time is over */
	uv_timer_t timer;
};

/* What the judge is to hear of feeds that catch up. */
struct shd_catch_up_change {
	struct shd_change change;
	struct shd_commit *commit;
	struct shd_catch_up_change *next; /* all that the judge has not heard yet */
	size_t count;
	struct shd_unread unread[];
};

/* One job. Between its start and job_done it belongs to the pool thread. */
struct shd_commit_job {
	struct shd_transaction transaction;
	struct shd_change *changes;     /* in order */
	struct shd_change *send;        /* NULL: nobody takes messages */
	bool send_wanted, send_applied, ok;
	bool unsynced;                  /* ok, but `error` says why it may be lost */
	bool proves;                    /* the one before failed: that it works is to be seen */
	struct shd_judge *judge;
	struct shd_engine engine;
	struct shd_error error;
	struct shd_outcome outcome;
};

struct shd_commit {
	struct shd_commit_in in;
	struct shd_judge *judge;
	struct shd_change *send;
	enum shd_commit_state state;
	enum shd_commit_phase phase;
	struct shd_change *first, **last;
	size_t batches;                 /* of them */
	size_t batch_bytes;             /* of what these brought */
	bool urgent, send_wanted;
	int failures;
	struct shd_error failure;       /* the last one, while there are any */
	uv_timer_t timer;               /* the end of GROUP_MS, or of BACKING_OFF */
	int handles;
	struct shd_commit_job job;
	struct shd_note_change *notes;
	struct shd_catch_up_change *catch_ups; /* the newest first */
	struct shd_epoch epoch;         /* of which the scheduler has told */
	struct shd_time_change time;
	struct shd_commit_figures figures;
	void (*idle)(void *ctx);
	void *idle_ctx;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* transaction.c: runs commit->job on the pool. */
void shd_commit_run(void *commit);

/* commit.c: begins a job when there is something to do. */
void shd_commit_start(struct shd_commit *commit);

/* commit.c: the next job begins with it. */
void shd_commit_put_first(struct shd_commit *commit, struct shd_change *change);

/* judged.c */
void shd_judged_init(struct shd_commit *commit);
void shd_judged_finish(struct shd_commit *commit);
/* Queues the time change when it is due. */
void shd_judged_time(struct shd_commit *commit);
/* Takes it back, unless it runs: time is suspended, or another judge comes. */
void shd_judged_withdraw_time(struct shd_commit *commit);
/* Looks again when the next wake-up is due. */
void shd_judged_set_timer(struct shd_commit *commit);
/* Another configuration: its sources are others. No job runs. */
void shd_judged_forget_config(struct shd_commit *commit);
/* What polls of an earlier epoch brought is outdated. */
void shd_judged_outdate(struct shd_commit *commit, struct shd_change *changes);
/* Whether the scheduler has told of the present epoch; nothing begins before. */
bool shd_judged_knows_epoch(const struct shd_commit *commit);
bool shd_judged_is_suspended(const struct shd_commit *commit);
/* Since when something is due by time that nobody could judge yet; ms 0: nothing is. */
struct shd_wall shd_judged_overdue(const struct shd_commit *commit);

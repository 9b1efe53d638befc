/* commit/commit.h - the queue of changes: the only owner of transactions.
 *
 * Whatever is to be kept waits here as a change (state/change.h), in order; one state job
 * takes those that wait, as far as one has room for them, into one transaction (group commit).
 * A change that is refused is left out and the others go on; when the transaction itself fails
 * (a full disk), nothing of it counts, each change is told, and the queue waits 1 s to 10 s
 * before it goes on.
 * What polls brought, wake-ups that are due, channels that changed and stores to be judged
 * again are changes as well; the judge sees all of one transaction together.
 *
 * In a new epoch of the clock nothing begins until the scheduler has handed in which feeds are
 * to be read again; then time judges nothing (no wake-ups, no stores again; what polls bring
 * is taken) until all of them were tried, SHD_CATCH_UP_MS at most. What a poll of an earlier epoch
 * brought is outdated (observation.h).
 *
 * Loop thread only, but for what change.h says of apply. */
#pragma once
#include "deliver/deliver.h"
#include "host/clock.h"
#include "host/jobs.h"
#include "judge/judge.h"
#include "state/change.h"

struct shd_commit;

/* How transactions begin and end; the state's own functions but for tests. */
struct shd_engine {
	bool (*begin)(void *ctx, struct shd_error *reterr);
	bool (*apply)(void *ctx, const struct shd_change_set *changes, struct shd_error *reterr);
	bool (*commit)(void *ctx, struct shd_error *reterr);
	void (*rollback)(void *ctx);
	/* After a commit that was to be durable: brings it to the disk. NULL: commit did. What
	 * cannot be synced counts as kept: a power cut may take it back, and what was told is
	 * told again under its key; but the state fails. */
	bool (*sync)(void *ctx, struct shd_error *reterr);
	/* Within a transaction: writes something, so that its commit proves that the state can be
	 * written. NULL: nothing has to be proved. */
	bool (*prove)(void *ctx, struct shd_error *reterr);
	void *ctx;
};
struct shd_engine shd_engine_of(struct shd_state *state);

struct shd_commit_in {
	uv_loop_t *loop;
	struct shd_jobs *jobs;
	struct shd_state *state;
	struct shd_engine engine;
	struct shd_clock *clock;
	/* After each job, on the loop: what the judge made of it. */
	void (*judged)(void *ctx, const struct shd_outcome *outcome);
	/* The state failed (err) or works again (NULL); called on change only. */
	void (*state_failed)(void *ctx, const struct shd_error *err);
	/* A change was refused, and what it held is not kept; NULL: nobody asks. Called before its
	 * own done. */
	void (*refused)(void *ctx, const struct shd_error *err);
	void *ctx;
};
struct shd_commit *shd_commit_create(const struct shd_commit_in *in);

/* From the next job on: the judge (NULL: none, nothing is judged), and the change that takes
 * messages for sending (NULL: none). The latter is applied after all others, in each
 * transaction that wrote a message or for which it was handed in. Call it before the first
 * change, and after a reload while the queue is paused; then shd_commit_judge_all. */
void shd_commit_use(struct shd_commit *commit, struct shd_judge *judge, struct shd_change *send);

/* Hands a change in. One that is queued already stays where it is. */
void shd_commit_submit(struct shd_commit *commit, struct shd_change *change);
/* The same for rooms that do not know this one. */
struct shd_changes shd_commit_changes(struct shd_commit *commit);

/* What one poll brought. In the owner's memory until done ran. */
struct shd_commit_item {
	struct shd_change change;     /* private */
	struct shd_commit *commit;    /* private */
	uint64_t epoch;               /* private: when it was handed in */
	struct shd_batch batch;
	bool urgent;        /* brought something; else it may wait a second for others to go with */
	bool ok, suspect;   /* for done: committed; an empty answer was not believed */
	struct shd_wall relist_at; /* for done: as shd_outcome has it */
	const struct shd_unlisted *unlisted; /* the same; lives until done returns */
	const char **unclaimed; /* for done: tracking numbers that no store knows */
	size_t unclaimed_count;
	struct shd_error error; /* unless ok */
	void (*done)(struct shd_commit_item *item);
};
void shd_commit_add(struct shd_commit *commit, struct shd_commit_item *item);
/* How a channel works now, for the judge. Copies the report; its text is cut at 250 bytes. The
 * latest of a channel counts. */
void shd_commit_channel(struct shd_commit *commit, const struct shd_channel_report *report);
/* What became of the newest configuration: its first mistake, cut at 250 bytes, NULL when
 * it is in force. The latest counts. */
void shd_commit_config(struct shd_commit *commit, const char *mistake, size_t mistakes);
/* The judge in use looks at everything again, store by store, a few in a job. The queue asks
 * for it by itself when the wall clock was set. */
void shd_commit_judge_all(struct shd_commit *commit);

/* True when so many polls wait, or they brought so much, that nobody should add to them. */
bool shd_commit_full(const struct shd_commit *commit);

/* The feeds of a source that are to be read before their poller counts (judge.h,
 * shd_judge_catch_up). Of all sources at once, in a new epoch and after a reload; the judge
 * hears of them in order with the other changes. Copies the list. */
struct shd_unread {
	const struct shd_source *source;
	uint64_t feeds;
};
void shd_commit_catch_up(struct shd_commit *commit, const struct shd_unread *unread, size_t count);
/* All of them were tried: time judges again. */
void shd_commit_caught_up(struct shd_commit *commit);

/* Starts no job any more; calls idle(ctx) once none runs, which may be at once. For a reload;
 * shd_commit_resume ends it. */
void shd_commit_pause(struct shd_commit *commit, void (*idle)(void *ctx), void *ctx);
void shd_commit_resume(struct shd_commit *commit);

/* Resumes for the end: what waits and what comes is tried at once and only once. Where the
 * state fails, it counts as not committed. */
void shd_commit_leave(struct shd_commit *commit);

/* Since the start; `waiting`: polls, now. */
struct shd_commit_figures {
	uint64_t commits, judged, transitions, batches, unclaimed, refused;
	struct shd_wall last_commit;
	struct shd_wall failing_since; /* no transaction could be kept; ms 0: they are */
	const char *error;             /* why; borrowed until the next turn of the loop; "" */
	struct shd_wall unjudged_since; /* the oldest that is overdue by time; ms 0: nothing is */
	size_t waiting;
	bool suspended;         /* time judges nothing now */
};
void shd_commit_figures(const struct shd_commit *commit, struct shd_commit_figures *ret_figures);

/* Commits what waits (unless the state fails), then calls closed(ctx). */
void shd_commit_close(struct shd_commit *commit, void (*closed)(void *ctx), void *ctx);

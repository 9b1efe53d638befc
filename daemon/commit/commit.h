/* commit/commit.h - the state job line: everything that is to be committed, in order.
 *
 * What polls brought, wake-ups that are due, channels that changed and stores to be judged
 * anew wait here; one job takes them all into one transaction, then renders what is to be
 * sent (group commit). A batch that the judge refuses is left out and the others
 * go on; when the transaction itself fails (a full disk), everything in it counts as
 * not read, and the line waits 1 s to 30 s before it goes on. Loop thread only. */
#pragma once
#include "deliver/deliver.h"

struct shd_commit;

/* One batch that waits. In the owner's memory until done ran. */
struct shd_commit_item {
	struct shd_commit_item *next; /* private */
	struct shd_batch batch;
	bool urgent;        /* brought something; else it may wait a second for company */
	bool ok, suspect;   /* for done: committed; an empty answer was not believed */
	struct shd_error error; /* unless ok */
	void (*done)(struct shd_commit_item *item);
};

struct shd_commit_in {
	uv_loop_t *loop;
	struct shd_jobs *jobs;
	struct shd_wall (*now)(void *ctx);
	/* Before and after each job, on the loop: a look at the clocks. May hold the line, and may
	 * talk to the judge, which nobody uses at this moment. */
	void (*look)(void *ctx);
	/* After each job, on the loop: what moved. */
	void (*moved)(void *ctx, const struct shd_outcome *outcome);
	/* The state failed (err) or works again (NULL); called on change only. */
	void (*state_failed)(void *ctx, const struct shd_error *err);
	void *ctx;
};
struct shd_commit *shd_commit_create(const struct shd_commit_in *in);

/* The judge and deliverer to use from the next job on; call it before the first
 * item, and after a reload while the line is quiet. */
void shd_commit_use(struct shd_commit *line, struct shd_judge *judge, struct shd_deliver *deliver);

void shd_commit_add(struct shd_commit *line, struct shd_commit_item *item);
/* Copies the state; its text is cut at 250 bytes. The latest of a channel counts. */
void shd_commit_channel(struct shd_commit *line, const struct shd_channel_state *channel);
/* What became of the newest configuration: its first mistake, cut at 250 bytes, NULL when
 * it is in force. The latest counts. */
void shd_commit_config(struct shd_commit *line, const char *mistake, size_t mistakes);
/* Judges stores 0..count (the last being the pseudo-store) again, a few in a job. */
void shd_commit_judge_all(struct shd_commit *line, size_t count);

/* True when so many batches wait that nobody should add to them. */
bool shd_commit_full(const struct shd_commit *line);

/* While held, time alone judges nothing: wake-ups and judge_all wait; batches are
 * taken. Batches that wait when it begins are old ones (judge.h). The line is created held. */
void shd_commit_suspend_time(struct shd_commit *line, bool held);

/* The wall clock moved: looks at the wake-ups now. */
void shd_commit_clock_changed(struct shd_commit *line);

/* Runs nothing new; calls quiet(ctx) once no job runs, which may be at once. For a reload;
 * shd_commit_resume ends it. */
void shd_commit_pause(struct shd_commit *line, void (*quiet)(void *ctx), void *ctx);
void shd_commit_resume(struct shd_commit *line);

/* Resumes for the end: what waits and what comes is tried at once and only once. Where the
 * state fails, it counts as not committed. */
void shd_commit_leave(struct shd_commit *line);

/* Since the start; `waiting` is now. */
struct shd_commit_figures {
	uint64_t commits, judged, moved, batches;
	struct shd_wall last_commit;
	size_t waiting;
};
void shd_commit_figures(const struct shd_commit *line, struct shd_commit_figures *ret_figures);

/* Commits what waits (unless the state fails), then calls closed(ctx). */
void shd_commit_close(struct shd_commit *line, void (*closed)(void *ctx), void *ctx);

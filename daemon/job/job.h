/* job/job.h - the report jobs under way and the step of each, which survive reload, restart and
 * kill -9.
 *
 * A step is one request of a poll of its feed (poll/scheduler.h); between two steps the feed
 * waits like any other. lib/market/job.h decides what an answer means and which step follows.
 * Here each move is stored before the next request is sent, so that a daemon that was killed
 * continues with the running report instead of asking for a second one. Loop thread only. */
#pragma once
#include "market/adapter.h"
#include "state/change.h"

struct shd_job_table;

/* `rows`: the jobs in the state. Returns owned. */
struct shd_job_table *shd_job_table_create(
	struct shd_changes changes, const struct shd_job_row *rows, size_t count);

/* Every change that it submitted must be done: call it when the queue of changes is closed. */
void shd_job_table_destroy(struct shd_job_table *jobs);

/* The job of a source's endpoint; begins one when there is none. NULL: its last move is not stored
 * yet. lib/market/job.h changes the job in place; it stays valid until it is over. */
struct shd_job *shd_job_table_find(struct shd_job_table *jobs, const char *source,
				 const char *endpoint, struct shd_wall now);

/* Stores the job after a move, then calls kept(ctx, ok) from a later turn. Not ok: it could not be
 * stored, and the job was reset to what is stored. A job that is over is deleted from the state.
 * One call at a time for each job. */
void shd_job_table_keep(struct shd_job_table *jobs, struct shd_job *job,
			 void (*kept)(void *ctx, bool ok), void *ctx);

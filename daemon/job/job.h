/* job/job.h - the reports under way: which step each is at, kept over reload, restart and
 * kill -9.
 *
 * A step is a request of its feed's poll (poll/scheduler.h); between two steps the feed
 * waits like any other. What an answer means, and which step follows, is decided in
 * lib/market/job.h; here each move is handed to the state before the next request leaves,
 * so that whoever is killed goes on with the report that runs instead of asking for a
 * second one. Loop thread only. */
#pragma once
#include "market/adapter.h"
#include "state/change.h"

struct shd_job_table;

/* `rows`: what the state knows. Returns owned. */
struct shd_job_table *shd_job_table_create(
	struct shd_changes changes, const struct shd_job_row *rows, size_t count);

/* Frees it once every change that was handed in is done: call it when the queue of changes
 * is closed. */
void shd_job_table_destroy(struct shd_job_table *jobs);

/* The report of a source's endpoint, at the step it was left at; one that begins now when
 * there is none. NULL: its last move is not kept yet. The job is changed in place by
 * lib/market/job.h; valid until it is over. */
struct shd_job *shd_job_table_find(struct shd_job_table *jobs, const char *source,
				 const char *endpoint, struct shd_wall now);

/* The job moved. kept(ctx, ok) is called from a later turn, when the state knows; not ok: it
 * does not, and the job is as the state has it. A job that is over is forgotten before the
 * call. Once at a time for each job. */
void shd_job_table_keep(struct shd_job_table *jobs, struct shd_job *job,
			 void (*kept)(void *ctx, bool ok), void *ctx);

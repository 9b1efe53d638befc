/* host/jobs.h - work on libuv's pool.
 *
 * A *state job* may use the state database: state jobs run one at a time, in the
 * order they were posted, so the one writing connection needs no lock. Parse jobs
 * run beside them, as the pool has room. Post and `done` on the loop thread, `work` on
 * a pool thread. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct shd_jobs;
typedef void shd_job_fn(void *ctx);

/* Borrows the loop. Returns owned; ends with shd_jobs_close. */
struct shd_jobs *shd_jobs_create(uv_loop_t *loop);

/* Runs work(ctx), then done(ctx) from a later turn of the loop. done may be NULL; that
 * of a state job runs before the next state job starts, and may use the state. */
void shd_jobs_state(struct shd_jobs *jobs, shd_job_fn *work, shd_job_fn *done, void *ctx);
void shd_jobs_parse(struct shd_jobs *jobs, shd_job_fn *work, shd_job_fn *done, void *ctx);

/* State jobs that wait or run. */
size_t shd_jobs_waiting(const struct shd_jobs *jobs);
/* How long the state job runs that runs now; 0: none does. */
int64_t shd_jobs_state_ms(const struct shd_jobs *jobs);
/* For how long the pool has had the oldest of the jobs of both kinds that it has now; 0: none. */
int64_t shd_jobs_oldest_ms(const struct shd_jobs *jobs);

/* Lets what was posted finish, then calls closed(ctx); no job may be posted then. */
void shd_jobs_close(struct shd_jobs *jobs, shd_job_fn *closed, void *ctx);

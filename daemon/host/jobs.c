#include "jobs.h"

#include "base/mem.h"

#include <stdlib.h>

struct job {
	struct job *next; /* state jobs that wait; those that the pool has, the oldest first */
	struct job **link; /* what points to it there */
	uint64_t began_ms; /* on the loop's clock */
	struct shd_jobs *jobs;
	shd_job_fn *work, *done;
	void *ctx;
	bool is_state;
	uv_work_t request;
};

struct shd_jobs {
	uv_loop_t *loop;
	struct job *first, **last; /* state jobs that wait; the running one is not among them */
	size_t state_count;        /* state jobs that wait or run */
	size_t on_pool;            /* jobs of both kinds that the pool has, or whose done runs */
	struct job *oldest, **newest; /* those that the pool has */
	struct job *state;         /* the state job among them */
	bool state_busy;           /* one runs, or its done does */
	bool closing;
	shd_job_fn *closed;
	void *closed_ctx;
	uv_idle_t anchor; /* never started; closing it gives `closed` a turn of its own */
};

struct shd_jobs *shd_jobs_create(uv_loop_t *loop)
{
	struct shd_jobs *jobs = shd_xcalloc(1, sizeof(*jobs));

	jobs->loop = loop;
	jobs->last = &jobs->first;
	jobs->newest = &jobs->oldest;
	uv_idle_init(loop, &jobs->anchor);
	uv_unref((uv_handle_t *)&jobs->anchor);
	jobs->anchor.data = jobs;
	return jobs;
}

static void anchor_closed(uv_handle_t *handle)
{
	struct shd_jobs *jobs = handle->data;
	shd_job_fn *closed = jobs->closed;
	void *ctx = jobs->closed_ctx;

	free(jobs);
	if (closed)
		closed(ctx);
}

static void close_when_done(struct shd_jobs *jobs)
{
	if (jobs->closing && !jobs->on_pool && !jobs->first)
		uv_close((uv_handle_t *)&jobs->anchor, anchor_closed);
}

static void run_work(uv_work_t *request)
{
	struct job *job = request->data;

	job->work(job->ctx);
}

static void start(struct job *job);

static void start_next(struct shd_jobs *jobs)
{
	struct job *next = jobs->first;

	jobs->state_busy = next;
	if (!next)
		return;
	jobs->first = next->next;
	if (!jobs->first)
		jobs->last = &jobs->first;
	start(next);
}

static void leave_pool(struct job *job)
{
	struct shd_jobs *jobs = job->jobs;

	*job->link = job->next;
	if (job->next)
		job->next->link = job->link;
	else
		jobs->newest = job->link;
	if (job->is_state)
		jobs->state = NULL;
}

static void work_done(uv_work_t *request, int status)
{
	struct job *job = request->data;
	struct shd_jobs *jobs = job->jobs;

	shd_assert(status == 0); /* nothing here cancels */
	leave_pool(job);
	jobs->state_count -= job->is_state;
	if (job->done)
		job->done(job->ctx); /* before the next one starts: done stands between two jobs */
	jobs->on_pool--;
	if (job->is_state)
		start_next(jobs);
	free(job);
	close_when_done(jobs);
}

static void start(struct job *job)
{
	struct shd_jobs *jobs = job->jobs;

	jobs->on_pool++;
	job->began_ms = uv_now(jobs->loop);
	job->next = NULL;
	job->link = jobs->newest;
	*jobs->newest = job;
	jobs->newest = &job->next;
	if (job->is_state)
		jobs->state = job;
	shd_assert(uv_queue_work(jobs->loop, &job->request, run_work, work_done) == 0);
}

static struct job *make_job(struct shd_jobs *jobs, bool is_state, shd_job_fn *work,
			    shd_job_fn *done, void *ctx)
{
	struct job *job = shd_xcalloc(1, sizeof(*job));

	shd_assert(!jobs->closing);
	job->jobs = jobs;
	job->is_state = is_state;
	job->work = work;
	job->done = done;
	job->ctx = ctx;
	job->request.data = job;
	return job;
}

void shd_jobs_state(struct shd_jobs *jobs, shd_job_fn *work, shd_job_fn *done, void *ctx)
{
	struct job *job = make_job(jobs, true, work, done, ctx);

	jobs->state_count++;
	*jobs->last = job;
	jobs->last = &job->next;
	if (!jobs->state_busy)
		start_next(jobs);
}

void shd_jobs_parse(struct shd_jobs *jobs, shd_job_fn *work, shd_job_fn *done, void *ctx)
{
	start(make_job(jobs, false, work, done, ctx));
}

size_t shd_jobs_waiting(const struct shd_jobs *jobs)
{
	return jobs->state_count;
}

static int64_t age_ms(const struct shd_jobs *jobs, const struct job *job)
{
	return job ? (int64_t)(uv_now(jobs->loop) - job->began_ms) : 0;
}

int64_t shd_jobs_state_ms(const struct shd_jobs *jobs)
{
	return age_ms(jobs, jobs->state);
}

int64_t shd_jobs_oldest_ms(const struct shd_jobs *jobs)
{
	return age_ms(jobs, jobs->oldest);
}

void shd_jobs_close(struct shd_jobs *jobs, shd_job_fn *closed, void *ctx)
{
	shd_assert(!jobs->closing);
	jobs->closing = true;
	jobs->closed = closed;
	jobs->closed_ctx = ctx;
	close_when_done(jobs);
}

/* tests/support/commit_bench.h - the queue of changes on a loop of its own. Its transactions are
 * counted by an engine of the test's; with `judges` they are the state's, and the real judge
 * looks at them. */
#pragma once
#include "support/judge_bench.h"

#include "commit/commit.h"

#include <stdatomic.h>

struct fixture {
	uv_loop_t loop;
	struct shd_jobs *jobs;
	struct shd_commit *commit;
	struct bench bench;             /* when `judges` */
	bool judges;
	struct shd_clock clock;
	struct shd_engine state_engine;
	atomic_bool commit_fails, sync_fails;
	atomic_int proofs, synced;
	int refusals;
	struct shd_error refused;       /* the last one */
	atomic_int begins, commits, rollbacks, in_transaction;
	int failures, recoveries, idle, closed, jobs_closed;
	size_t judged, transitions;
	uv_sem_t gate;                  /* of changes that wait */
};

static bool begin(void *ctx, struct shd_error *reterr)
{
	struct fixture *f = ctx;
	f->begins++;
	assert_int_equal(f->in_transaction++, 0);
	return !f->judges || f->state_engine.begin(f->state_engine.ctx, reterr);
}

static bool put(void *ctx, const struct shd_change_set *changes, struct shd_error *reterr)
{
	return shd_state_apply(((struct fixture *)ctx)->bench.state, changes, reterr);
}

static bool end(void *ctx, struct shd_error *reterr)
{
	struct fixture *f = ctx;

	if (f->commit_fails)
		return shd_fail(reterr, SHD_ERR_STATE, "disk full");
	f->in_transaction--;
	f->commits++;
	return !f->judges || f->state_engine.commit(f->state_engine.ctx, reterr);
}

static void roll_back(void *ctx)
{
	struct fixture *f = ctx;
	f->in_transaction--;
	f->rollbacks++;
	if (f->judges)
		f->state_engine.rollback(f->state_engine.ctx);
}

static bool sync_it(void *ctx, struct shd_error *reterr)
{
	struct fixture *f = ctx;

	f->synced++;
	return !f->sync_fails || shd_fail(reterr, SHD_ERR_STATE, "broken disk");
}

static bool prove(void *ctx, struct shd_error *reterr)
{
	struct fixture *f = ctx;

	(void)reterr;
	assert_int_equal(f->in_transaction, 1);
	f->proofs++;
	return true;
}

static void refused(void *ctx, const struct shd_error *err)
{
	struct fixture *f = ctx;

	f->refusals++;
	f->refused = *err;
}

static void judged(void *ctx, const struct shd_outcome *outcome)
{
	struct fixture *f = ctx;
	f->judged += outcome->judged;
	f->transitions += outcome->transition_count;
}

static void state_failed(void *ctx, const struct shd_error *err)
{
	struct fixture *f = ctx;

	(*(err ? &f->failures : &f->recoveries))++;
}

static void start_commit(struct fixture *f)
{
	uv_loop_init(&f->loop);
	f->jobs = shd_jobs_create(&f->loop);
	struct shd_commit_in in = {.loop = &f->loop, .jobs = f->jobs, .state = f->bench.state,
		.engine = {begin, put, end, roll_back, sync_it, prove, f}, .clock = &f->clock,
		.judged = judged, .state_failed = state_failed, .refused = refused, .ctx = f};
	f->commit = shd_commit_create(&in);
	shd_commit_use(f->commit, f->judges ? f->bench.judge : NULL, NULL);
}

static void jobs_closed(void *ctx)
{
	((struct fixture *)ctx)->jobs_closed++;
}

static void commit_closed(void *ctx)
{
	struct fixture *f = ctx;

	f->closed++;
	shd_jobs_close(f->jobs, jobs_closed, f);
}

static void stop(struct fixture *f)
{
	shd_commit_close(f->commit, commit_closed, f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->closed, 1);
	assert_int_equal(f->jobs_closed, 1);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	assert_int_equal(f->in_transaction, 0);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	if (!f->closed)
		stop(f);
	if (f->judges)
		bench_finish(&f->bench);
	free(f);
	return 0;
}

static void run_until(struct fixture *f, const int *number, int value)
{
	while (*number < value)
		uv_run(&f->loop, UV_RUN_ONCE);
}

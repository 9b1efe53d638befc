/* One job on the pool: all changes of it in one transaction, the judge around them. */
#include "own.h"

enum { REFUSED_MAX = 8 }; /* changes left out of one job before all of it is given up */

static bool begin_engine(void *ctx, struct shd_error *reterr)
{
	return shd_state_begin(ctx, reterr);
}

static bool commit_engine(void *ctx, struct shd_error *reterr)
{
	return shd_state_commit(ctx, false, reterr);
}

static bool sync_engine(void *ctx, struct shd_error *reterr)
{
	return shd_state_sync(ctx, reterr);
}

static bool apply_engine(void *ctx, const struct shd_change_set *changes, struct shd_error *reterr)
{
	return shd_state_apply(ctx, changes, reterr);
}

static bool prove_engine(void *ctx, struct shd_error *reterr)
{
	return shd_state_prove(ctx, reterr);
}

static void roll_back_engine(void *ctx)
{
	shd_state_rollback(ctx);
}

struct shd_engine shd_engine_of(struct shd_state *state)
{
	return (struct shd_engine){begin_engine, apply_engine, commit_engine,
				   roll_back_engine, sync_engine, prove_engine, state};
}

/* --- one transaction ------------------------------------------------------------------- */

static bool apply(struct shd_commit_job *job, struct shd_change *change,
		  struct shd_change **ret_culprit, struct shd_error *reterr)
{
	*ret_culprit = change;
	if (change->refused || !change->apply(change, &job->transaction, reterr))
		return change->refused;
	*ret_culprit = NULL;
	return true;
}

static bool apply_all(struct shd_commit_job *job, struct shd_change **ret_culprit,
		      struct shd_error *reterr)
{
	for (struct shd_change *change = job->changes; change; change = change->next)
		if (!apply(job, change, ret_culprit, reterr))
			return false;
	*ret_culprit = NULL;
	return true;
}

/* What the judge makes of it all is written, then the messages are taken for sending. */
static bool finish(struct shd_commit_job *job, struct shd_change **ret_culprit,
		   struct shd_error *reterr)
{
	if (job->judge &&
	    (!shd_judge_end(job->judge, reterr) ||
	     !job->engine.apply(job->engine.ctx, shd_judge_changes(job->judge), reterr)))
		return false;
	job->transaction.durable |= job->outcome.durable;
	job->send_applied = job->send && (job->send_wanted || job->outcome.outbox_added);
	return !job->send_applied || apply(job, job->send, ret_culprit, reterr);
}

static bool run(struct shd_commit_job *job, struct shd_change **ret_culprit,
		struct shd_error *reterr)
{
	*ret_culprit = NULL;
	job->transaction.durable = job->proves;
	job->unsynced = false;
	job->send_applied = false;
	shd_outcome_finish(&job->outcome);
	shd_outcome_init(&job->outcome);
	if (!job->engine.begin(job->engine.ctx, reterr))
		return false;
	if (job->judge)
		shd_judge_begin(job->judge, job->transaction.now, &job->outcome);
	bool good = (!job->proves || job->engine.prove(job->engine.ctx, reterr)) &&
		    apply_all(job, ret_culprit, reterr) && finish(job, ret_culprit, reterr) &&
		    job->engine.commit(job->engine.ctx, reterr);

	if (good) {
		job->unsynced = job->transaction.durable && job->engine.sync &&
				!job->engine.sync(job->engine.ctx, reterr);
		if (job->judge)
			shd_judge_kept(job->judge);
		return true;
	}
	if (job->judge)
		shd_judge_abandon(job->judge);
	job->engine.rollback(job->engine.ctx);
	return false;
}

/* A change that is refused does not take the others down with it: it is marked, and the
 * transaction begins anew. */
void shd_commit_run(void *ctx)
{
	struct shd_commit_job *job = &((struct shd_commit *)ctx)->job;
	struct shd_change *culprit;
	int refused = 0;

	while (!(job->ok = run(job, &culprit, &job->error))) {
		if (!culprit || job->error.kind == SHD_ERR_STATE)
			return;
		if (refused++ == REFUSED_MAX) {
			struct shd_error last = job->error;

			shd_fail(&job->error, SHD_ERR_STATE,
				"more than %d changes of one transaction were refused, the last "
				"one: %s", REFUSED_MAX, last.msg);
			return;
		}
		culprit->refused = true;
		culprit->error = job->error;
	}
}

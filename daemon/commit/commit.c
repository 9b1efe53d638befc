/* The queue, one job at a time:
 *
 *   IDLE        -> WORKING      a change is urgent or has waited long enough   [start_job]
 *   WORKING     -> IDLE         the job's transaction is committed             [job_done]
 *   WORKING     -> BACKING_OFF  the transaction failed                         [job_done]
 *   BACKING_OFF -> IDLE         the time is over, or the daemon ends   [timer_fired, leave]
 *   IDLE, BACKING_OFF -> CLOSED nothing comes any more                    [close_if_done]
 *
 * A change that takes long (alone) has a job of its own, so that the others do not wait
 * for it within their transaction, and what cannot be judged of the one does not hold up
 * the other. */
#include "own.h"

#include "base/mem.h"

#include <stdlib.h>

enum {
	BATCHES_MAX = 512,       /* what polls brought; then polls wait in their queue */
	BATCH_BYTES_MAX = 4 << 20, /* the same */
	/* What the changes of one transaction bring: its pages are to find room in SQLite's
	 * cache. Those for which there is none are written, read and written again. */
	JOB_BYTES_MAX = 512 << 10,
	GROUP_MS = 1000,         /* how long what is not urgent waits for others to go with */
	BACK_OFF_MAX_MS = 10000, /* so much later a deadline is told, once the state works again */
};

static void enter(struct shd_commit *commit, enum shd_commit_state state)
{
	static const unsigned allowed[] = {
		[SHD_COMMIT_IDLE] = 1U << SHD_COMMIT_WORKING | 1U << SHD_COMMIT_CLOSED,
		[SHD_COMMIT_WORKING] = 1U << SHD_COMMIT_IDLE | 1U << SHD_COMMIT_BACKING_OFF,
		[SHD_COMMIT_BACKING_OFF] = 1U << SHD_COMMIT_IDLE | 1U << SHD_COMMIT_CLOSED,
		[SHD_COMMIT_CLOSED] = 0,
	};

	shd_assert(allowed[commit->state] >> state & 1);
	commit->state = state;
}

/* A reload that pauses may be met by the end, which pauses as well. */
static void enter_phase(struct shd_commit *commit, enum shd_commit_phase phase)
{
	static const unsigned allowed[] = {
		[SHD_COMMIT_OPEN] = 1U << SHD_COMMIT_PAUSED | 1U << SHD_COMMIT_LEAVING |
				    1U << SHD_COMMIT_CLOSING,
		[SHD_COMMIT_PAUSED] = 1U << SHD_COMMIT_OPEN | 1U << SHD_COMMIT_PAUSED |
				      1U << SHD_COMMIT_LEAVING | 1U << SHD_COMMIT_CLOSING,
		[SHD_COMMIT_LEAVING] = 1U << SHD_COMMIT_CLOSING,
		[SHD_COMMIT_CLOSING] = 0,
	};

	shd_assert(allowed[commit->phase] >> phase & 1);
	commit->phase = phase;
}

static bool gives_up(const struct shd_commit *commit)
{
	return commit->phase == SHD_COMMIT_LEAVING || commit->phase == SHD_COMMIT_CLOSING;
}

/* --- a job ------------------------------------------------------------------------------ */

static void job_done(void *ctx);
static void close_if_done(struct shd_commit *commit);

static void timer_fired(uv_timer_t *timer)
{
	struct shd_commit *commit = timer->data;

	commit->urgent = true;
	if (commit->state == SHD_COMMIT_BACKING_OFF)
		enter(commit, SHD_COMMIT_IDLE);
	shd_commit_start(commit);
}

/* The first changes of the queue: up to one that is to be alone, or that one; not more than
 * one transaction has room for. */
static void take_changes(struct shd_commit *commit)
{
	struct shd_change **end = &commit->first;
	bool alone = *end && (*end)->alone;
	size_t bytes = 0;

	while (*end &&
		((!alone && !(*end)->alone && bytes < JOB_BYTES_MAX) || end == &commit->first)) {
		bytes += (*end)->bytes;
		end = &(*end)->next;
	}
	commit->job.changes = commit->first;
	commit->first = *end;
	if (!commit->first)
		commit->last = &commit->first;
	*end = NULL;
	for (struct shd_change *change = commit->job.changes; change; change = change->next) {
		change->refused = false;
		change->running = true;
	}
}

static void start_job(struct shd_commit *commit)
{
	struct shd_commit_job *job = &commit->job;

	enter(commit, SHD_COMMIT_WORKING);
	uv_timer_stop(&commit->timer);
	take_changes(commit);
	shd_judged_outdate(commit, commit->job.changes);
	commit->urgent = commit->first != NULL; /* what was urgent may be among them */
	job->transaction = (struct shd_transaction){
		.state = commit->in.state, .now = shd_clock_now(commit->in.clock)};
	job->judge = commit->judge;
	job->engine = commit->in.engine;
	job->send = commit->send;
	job->send_wanted = commit->send_wanted;
	job->proves = commit->failures > 0 && job->engine.prove;
	if (job->send)
		job->send->refused = false;
	commit->send_wanted = false;
	shd_jobs_state(commit->in.jobs, shd_commit_run, job_done, commit);
}

void shd_commit_start(struct shd_commit *commit)
{
	if (commit->state != SHD_COMMIT_IDLE || commit->phase == SHD_COMMIT_PAUSED ||
	    !shd_judged_knows_epoch(commit))
		return;
	shd_judged_time(commit);
	/* One of nothing proves that the state works again. */
	bool proves = commit->failures && !gives_up(commit);

	if (commit->urgent && (commit->first || commit->send_wanted || proves)) {
		start_job(commit);
		return;
	}
	if (commit->first && !uv_is_active((uv_handle_t *)&commit->timer))
		uv_timer_start(&commit->timer, timer_fired, GROUP_MS, 0);
}

/* From the next turn of the loop on, so that what comes in within one turn goes together. */
static void start_soon(struct shd_commit *commit)
{
	bool waits = uv_is_active((uv_handle_t *)&commit->timer);

	if (commit->state != SHD_COMMIT_IDLE || commit->phase == SHD_COMMIT_PAUSED)
		return;
	if (commit->urgent)
		uv_timer_start(&commit->timer, timer_fired, 0, 0);
	else if (!waits)
		uv_timer_start(&commit->timer, timer_fired, GROUP_MS, 0);
}

static void finish_changes(
	struct shd_commit *commit, struct shd_change *change, const struct shd_error *err)
{
	struct shd_change *next;

	for (; change; change = next) {
		struct shd_error refused = change->error;

		next = change->next;
		change->next = NULL;
		change->queued = change->running = false;
		commit->figures.refused += change->refused;
		if (change->refused && commit->in.refused)
			commit->in.refused(commit->in.ctx, &refused);
		if (change->done)
			change->done(change, change->refused ? &refused : err);
	}
}

static void count_job(struct shd_commit *commit)
{
	const struct shd_commit_job *job = &commit->job;

	commit->figures.commits++;
	commit->figures.last_commit = job->transaction.now;
	commit->figures.judged += job->outcome.judged;
	commit->figures.transitions += job->outcome.transition_count;
	if (job->judge)
		commit->time.next_wake = job->outcome.next_wake;
}

static enum shd_commit_state job_worked(struct shd_commit *commit)
{
	if (commit->failures) {
		commit->failures = 0;
		commit->figures.failing_since.ms = 0;
		commit->in.state_failed(commit->in.ctx, NULL);
	}
	return SHD_COMMIT_IDLE;
}

static enum shd_commit_state job_failed(struct shd_commit *commit)
{
	int64_t wait_ms = SHD_SECOND_MS << (commit->failures < 5 ? commit->failures : 5);

	commit->failure = commit->job.error;
	if (commit->failures++ == 0) {
		commit->figures.failing_since = shd_clock_now(commit->in.clock);
		commit->in.state_failed(commit->in.ctx, &commit->failure);
	}
	if (gives_up(commit))
		return SHD_COMMIT_IDLE;
	uv_timer_start(&commit->timer, timer_fired,
		       (uint64_t)(wait_ms < BACK_OFF_MAX_MS ? wait_ms : BACK_OFF_MAX_MS), 0);
	return SHD_COMMIT_BACKING_OFF;
}

/* What waits is not committed: after the next start it is read again. */
static void give_up(struct shd_commit *commit)
{
	static const struct shd_error stops = {.kind = SHD_ERR_CLOSING, .msg = "the daemon stops"};
	struct shd_change *changes = shd_steal(commit->first);

	commit->last = &commit->first;
	for (struct shd_change *change = changes; change; change = change->next)
		change->refused = false;
	finish_changes(commit, changes, &stops);
}

/* Whom it calls may ask for anything; the state stays WORKING, so that nothing begins before
 * all of them were called. Messages first: people wait for them, the others can. */
static void job_done(void *ctx)
{
	struct shd_commit *commit = ctx;
	struct shd_commit_job *job = &commit->job;

	if (job->ok)
		count_job(commit);
	enum shd_commit_state next =
		job->ok && !job->unsynced ? job_worked(commit) : job_failed(commit);
	const struct shd_error *err = job->ok ? NULL : &job->error;

	if (job->send && (job->send_applied || job->send_wanted))
		finish_changes(commit, job->send, err);
	finish_changes(commit, shd_steal(job->changes), err);
	if (!job->ok && gives_up(commit))
		give_up(commit);
	if (job->ok)
		commit->in.judged(commit->in.ctx, &job->outcome);
	enter(commit, next);
	if (commit->idle) {
		void (*idle)(void *ctx) = shd_steal(commit->idle);

		idle(commit->idle_ctx);
	}
	shd_judged_set_timer(commit);
	shd_commit_start(commit);
	close_if_done(commit);
}

/* --- from outside --------------------------------------------------------------------------- */

struct shd_commit *shd_commit_create(const struct shd_commit_in *in)
{
	struct shd_commit *commit = shd_xcalloc(1, sizeof(*commit));

	commit->in = *in;
	commit->last = &commit->first;
	uv_timer_init(in->loop, &commit->timer);
	commit->timer.data = commit;
	commit->handles = 1;
	commit->epoch = shd_epoch_now(in->clock);
	shd_judged_init(commit);
	shd_outcome_init(&commit->job.outcome);
	return commit;
}

void shd_commit_use(struct shd_commit *commit, struct shd_judge *judge, struct shd_change *send)
{
	shd_assert(commit->state != SHD_COMMIT_WORKING);
	shd_judged_withdraw_time(commit);
	if (judge != commit->judge)
		commit->time.again = NULL; /* an id of the other configuration */
	if (commit->judge && judge != commit->judge)
		shd_judged_forget_config(commit);
	commit->judge = judge;
	commit->send = send;
}

void shd_commit_submit(struct shd_commit *commit, struct shd_change *change)
{
	if (change == commit->send) {
		commit->send_wanted = commit->urgent = true;
		start_soon(commit);
		return;
	}
	if (!change->queued) {
		change->queued = true;
		change->next = NULL;
		*commit->last = change;
		commit->last = &change->next;
	}
	commit->urgent |= change->urgent;
	start_soon(commit);
}

void shd_commit_put_first(struct shd_commit *commit, struct shd_change *change)
{
	change->queued = true;
	change->next = commit->first;
	commit->first = change;
	if (!change->next)
		commit->last = &change->next;
	commit->urgent = true;
}

static void submit(void *ctx, struct shd_change *change)
{
	shd_commit_submit(ctx, change);
}

struct shd_changes shd_commit_changes(struct shd_commit *commit)
{
	return (struct shd_changes){submit, commit};
}

bool shd_commit_full(const struct shd_commit *commit)
{
	return commit->batches >= BATCHES_MAX || commit->batch_bytes >= BATCH_BYTES_MAX;
}

void shd_commit_pause(struct shd_commit *commit, void (*idle)(void *ctx), void *ctx)
{
	enter_phase(commit, SHD_COMMIT_PAUSED);
	commit->idle = idle;
	commit->idle_ctx = ctx;
	if (commit->state != SHD_COMMIT_WORKING) {
		commit->idle = NULL;
		idle(ctx);
	}
}

void shd_commit_resume(struct shd_commit *commit)
{
	enter_phase(commit, SHD_COMMIT_OPEN);
	shd_commit_start(commit);
}

void shd_commit_leave(struct shd_commit *commit)
{
	enter_phase(commit, SHD_COMMIT_LEAVING);
	commit->urgent = true;
	uv_timer_stop(&commit->timer);
	if (commit->state == SHD_COMMIT_BACKING_OFF)
		enter(commit, SHD_COMMIT_IDLE);
	shd_commit_start(commit);
}

void shd_commit_figures(const struct shd_commit *commit, struct shd_commit_figures *ret_figures)
{
	*ret_figures = commit->figures;
	ret_figures->waiting = commit->batches;
	ret_figures->error = commit->failures ? commit->failure.msg : "";
	ret_figures->suspended = shd_judged_is_suspended(commit);
	ret_figures->unjudged_since = shd_judged_overdue(commit);
}

/* --- the end --------------------------------------------------------------------------------- */

static void handle_closed(uv_handle_t *handle)
{
	struct shd_commit *commit = handle->data;

	if (--commit->handles)
		return;
	void (*closed)(void *ctx) = commit->closed;
	void *ctx = commit->closed_ctx;
	shd_outcome_finish(&commit->job.outcome);
	shd_judged_finish(commit);
	free(commit);
	if (closed)
		closed(ctx);
}

static void close_if_done(struct shd_commit *commit)
{
	if (commit->phase != SHD_COMMIT_CLOSING || commit->state == SHD_COMMIT_WORKING ||
	    commit->state == SHD_COMMIT_CLOSED)
		return;
	enter(commit, SHD_COMMIT_CLOSED);
	shd_judged_withdraw_time(commit);
	give_up(commit); /* what is left, the state could not keep */
	uv_close((uv_handle_t *)&commit->timer, handle_closed);
	uv_close((uv_handle_t *)&commit->time.timer, handle_closed);
}

void shd_commit_close(struct shd_commit *commit, void (*closed)(void *ctx), void *ctx)
{
	enter_phase(commit, SHD_COMMIT_CLOSING);
	commit->closed = closed;
	commit->closed_ctx = ctx;
	commit->urgent = true;
	shd_commit_start(commit);
	close_if_done(commit);
}

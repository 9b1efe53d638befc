#include "job.h"

#include <string.h>

static const struct {
	const char *name;
	unsigned next; /* the steps it may go to, a bit each */
} steps[] = {
#define BIT(step) (1u << SHD_JOB_##step)
	[SHD_JOB_LOOK] = {"look", BIT(CREATE) | BIT(WAIT) | BIT(LOCATE) | BIT(OVER)},
	[SHD_JOB_CREATE] = {"create", BIT(LOOK) | BIT(WAIT) | BIT(LOCATE) | BIT(OVER)},
	[SHD_JOB_WAIT] = {"wait", BIT(WAIT) | BIT(LOCATE) | BIT(OVER)},
	[SHD_JOB_LOCATE] = {"locate", BIT(FETCH) | BIT(OVER)},
	[SHD_JOB_FETCH] = {"fetch", BIT(LOCATE) | BIT(OVER)},
	[SHD_JOB_OVER] = {"over", 0},
#undef BIT
};

const char *shd_job_step_name(enum shd_job_step step)
{
	return steps[step].name;
}

bool shd_job_step_find(const char *name, enum shd_job_step *ret_step)
{
	for (int i = 0; i < SHD_JOB_STEPS; i++)
		if (strcmp(steps[i].name, name) == 0) {
			*ret_step = (enum shd_job_step)i;
			return true;
		}
	return false;
}

/* The one place that changes the step. */
static void enter(struct shd_job *job, enum shd_job_step step)
{
	shd_assert(steps[job->step].next >> step & 1u);
	if (step != SHD_JOB_FETCH)
		job->url[0] = '\0';
	/* Steps that go round, LOOK and CREATE, LOCATE and FETCH, have their tries together. */
	if (step == SHD_JOB_WAIT || (step == SHD_JOB_LOCATE && job->step != SHD_JOB_FETCH))
		job->tries = 0;
	job->step = step;
}

void shd_job_begin(struct shd_job *job, struct shd_wall now)
{
	*job = (struct shd_job){.step = SHD_JOB_LOOK, .began = now, .not_before = now};
}

static enum shd_job_then give_up(struct shd_job *job)
{
	enter(job, SHD_JOB_OVER);
	return SHD_JOB_GIVE_UP;
}

static enum shd_job_then pause_until(struct shd_job *job, struct shd_wall now, int64_t wait_ms)
{
	job->not_before.ms = now.ms + wait_ms;
	return SHD_JOB_PAUSE;
}

static bool is_too_old(const struct shd_job *job, const struct shd_report *report,
		       struct shd_wall now)
{
	return now.ms - job->began.ms > report->age_max_ms;
}

/* A step in vain, of a kind that the platform's answer itself tells. */
static enum shd_job_then again(struct shd_job *job, const struct shd_report *report,
			       enum shd_job_step step, struct shd_wall now,
			       struct shd_error *reterr)
{
	int tries = job->tries + 1;

	if (tries >= report->tries_max) {
		shd_fail(reterr, SHD_ERR_TIMEOUT, "report %s: %d times in vain at step \"%s\"",
			job->id, tries, steps[job->step].name);
		return give_up(job);
	}
	enter(job, step);
	job->tries = tries;
	return pause_until(job, now, step == SHD_JOB_LOCATE ? 0 : report->wait_ms);
}

static enum shd_job_then adopt(struct shd_job *job, const struct shd_report *report,
			       const struct shd_job_answer *answer, struct shd_wall now)
{
	bool same = job->step == SHD_JOB_WAIT;

	if (answer->id[0])
		memcpy(job->id, answer->id, sizeof(job->id));
	enter(job, SHD_JOB_WAIT);
	return pause_until(job, now, same ? report->wait_ms : report->first_wait_ms);
}

/* Whether the news can be true in this step at all. */
static bool fits(enum shd_job_step step, enum shd_job_news news)
{
	static const unsigned when[] = {
		[SHD_JOB_NONE] = 1u << SHD_JOB_LOOK,
		[SHD_JOB_RUNS] = 1u << SHD_JOB_LOOK | 1u << SHD_JOB_CREATE | 1u << SHD_JOB_WAIT,
		[SHD_JOB_TAKEN] = 1u << SHD_JOB_CREATE,
		[SHD_JOB_READY] = 1u << SHD_JOB_LOOK | 1u << SHD_JOB_CREATE | 1u << SHD_JOB_WAIT,
		[SHD_JOB_AT] = 1u << SHD_JOB_LOCATE,
		[SHD_JOB_EXPIRED] = 1u << SHD_JOB_FETCH,
		[SHD_JOB_DOCUMENT] = 1u << SHD_JOB_FETCH,
		[SHD_JOB_EMPTY] = 1u << SHD_JOB_WAIT,
		[SHD_JOB_FATAL] = 1u << SHD_JOB_WAIT,
	};

	return when[news] >> step & 1u;
}

enum shd_job_then shd_job_move(struct shd_job *job, const struct shd_report *report,
			       const struct shd_job_answer *answer, struct shd_wall now,
			       struct shd_error *reterr)
{
	shd_assert(fits(job->step, answer->news));
	switch (answer->news) {
	case SHD_JOB_NONE:
		enter(job, SHD_JOB_CREATE);
		return SHD_JOB_GO_ON;
	case SHD_JOB_RUNS:
		if (is_too_old(job, report, now)) {
			shd_fail(reterr, SHD_ERR_TIMEOUT, "report %s is not ready in time",
				job->id);
			return give_up(job);
		}
		return adopt(job, report, answer, now);
	case SHD_JOB_TAKEN:
		return again(job, report, SHD_JOB_LOOK, now, reterr);
	case SHD_JOB_READY:
		if (answer->id[0])
			memcpy(job->id, answer->id, sizeof(job->id));
		memcpy(job->document, answer->document, sizeof(job->document));
		enter(job, SHD_JOB_LOCATE);
		return SHD_JOB_GO_ON;
	case SHD_JOB_AT:
		enter(job, SHD_JOB_FETCH);
		memcpy(job->url, answer->url, sizeof(job->url));
		return SHD_JOB_GO_ON;
	case SHD_JOB_EXPIRED:
		return again(job, report, SHD_JOB_LOCATE, now, reterr);
	case SHD_JOB_DOCUMENT:
		enter(job, SHD_JOB_OVER);
		return SHD_JOB_READ;
	case SHD_JOB_EMPTY:
		enter(job, SHD_JOB_OVER);
		return SHD_JOB_NOTHING;
	case SHD_JOB_FATAL:
		shd_fail(reterr, SHD_ERR_SERVER, "the platform gave up report %s", job->id);
		return give_up(job);
	}
	shd_assert(false); /* all news have their case */
	return SHD_JOB_GIVE_UP;
}

enum shd_job_then shd_job_failed(struct shd_job *job, const struct shd_report *report,
				 const struct shd_error *error, int64_t retry_after_ms,
				 struct shd_wall now, struct shd_error *reterr)
{
	*reterr = *error;
	if (shd_err_retry(error->kind) != SHD_RETRY_LATER || is_too_old(job, report, now) ||
		++job->tries >= report->tries_max)
		return give_up(job);
	return pause_until(
		job, now, retry_after_ms > report->wait_ms ? retry_after_ms : report->wait_ms);
}

void shd_job_resume(struct shd_job *job)
{
	if (job->step == SHD_JOB_CREATE)
		enter(job, SHD_JOB_LOOK);
	if (job->step == SHD_JOB_FETCH) {
		enter(job, SHD_JOB_LOCATE);
		job->not_before = job->began;
	}
}

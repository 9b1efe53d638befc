/* A poll of a report makes the requests of its steps one after the other, until it has to
 * wait or has the document. Which step follows is lib/market/job.h's. */
#include "poll.h"

#include <stdlib.h>

static const char *no_header(const void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

bool shd_poll_ask_report(struct shd_poll *poll)
{
	struct shd_job_in in = {.source = poll->source,
		.job = poll->job,
		.keys = &poll->keys,
		.now = poll->window_end};

	if (poll->job->step != SHD_JOB_FETCH)
		return poll->row->report->request(poll->row, &in, &poll->request, &poll->error);
	poll->request.method = "GET"; /* another host: nothing of ours goes there */
	shd_text_puts(&poll->request.url, poll->job->url);
	return true;
}

bool shd_poll_reads_report(const struct shd_poll *poll)
{
	return poll->job && (poll->job->step != SHD_JOB_FETCH || poll->status != 200);
}

void shd_poll_parse_report(struct shd_poll *poll)
{
	struct shd_answer answer = {.status = poll->status,
		.body = poll->body.data ? poll->body.data : "",
		.len = poll->body.len,
		.header = no_header};

	if (!poll->job_answer)
		poll->job_answer = shd_xcalloc(1, sizeof(*poll->job_answer));
	*poll->job_answer = (struct shd_job_answer){0};
	poll->parsed = poll->row->report->read(
		poll->row, poll->job, &answer, poll->job_answer, &poll->error);
	if (!poll->parsed)
		shd_fail_in(&poll->error, "%s", poll->row->path);
}

/* Where the poll goes on once the move is kept. */
static enum shd_poll_state state_after(enum shd_job_then then, bool failed)
{
	switch (then) {
	case SHD_JOB_GO_ON:
		return SHD_POLL_READY;
	case SHD_JOB_PAUSE:
		return failed ? SHD_POLL_FAILED : SHD_POLL_DEFERRED;
	case SHD_JOB_READ:
	case SHD_JOB_NOTHING:
		return SHD_POLL_UNCHANGED;
	case SHD_JOB_GIVE_UP:
		break;
	}
	return SHD_POLL_FAILED;
}

void shd_poll_parsed_report(struct shd_poll *poll)
{
	enum shd_job_then then = shd_job_move(poll->job, poll->row->report, poll->job_answer,
		poll->fetched, &poll->error);

	poll->after_keeping = state_after(then, false);
	shd_poll_enter(poll, SHD_POLL_KEEPING);
}

void shd_poll_failed_report(struct shd_poll *poll)
{
	struct shd_error error = poll->error;
	enum shd_job_then then = shd_job_failed(poll->job, poll->row->report, &error,
		poll->retry_after_ms, poll->fetched.ms ? poll->fetched : poll->began,
		&poll->error);

	poll->after_keeping = state_after(then, true);
	shd_poll_enter(poll, SHD_POLL_KEEPING);
}

void shd_poll_kept(struct shd_poll *poll, bool ok)
{
	if (!ok)
		shd_fail(&poll->error, SHD_ERR_STATE, "the step of the report was not kept");
	shd_poll_enter(poll, ok ? poll->after_keeping : SHD_POLL_FAILED);
}

bool shd_poll_end_report(struct shd_poll *poll)
{
	static const struct shd_job_answer document = {.news = SHD_JOB_DOCUMENT};
	struct shd_error ignored;

	if (poll->job->step != SHD_JOB_FETCH)
		return false; /* cancelled: it is over */
	shd_job_move(poll->job, poll->row->report, &document, poll->fetched, &ignored);
	return true;
}

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

void shd_poll_work_report(struct shd_poll *poll)
{
	struct shd_answer answer = {.status = poll->status,
		.body = poll->body.data ? poll->body.data : "",
		.len = poll->body.len,
		.header = no_header};

	if (!poll->job_answer)
		poll->job_answer = shd_xcalloc(1, sizeof(*poll->job_answer));
	*poll->job_answer = (struct shd_job_answer){0};
	poll->parse_failed = !poll->row->report->read(
		poll->row, poll->job, &answer, poll->job_answer, &poll->error);
	if (poll->parse_failed)
		shd_fail_in(&poll->error, "%s", poll->row->path);
}

enum shd_poll_step shd_poll_worked_report(struct shd_poll *poll)
{
	poll->job_failed = false;
	poll->job_then = shd_job_move(poll->job, poll->row->report, poll->job_answer,
		poll->fetched, &poll->error);
	return SHD_POLL_KEEP;
}

enum shd_poll_step shd_poll_failed_report(struct shd_poll *poll)
{
	struct shd_error error = poll->error;

	poll->job_failed = true;
	poll->job_then = shd_job_failed(poll->job, poll->row->report, &error,
		poll->retry_after_ms, poll->fetched.ms ? poll->fetched : poll->began,
		&poll->error);
	return SHD_POLL_KEEP;
}

enum shd_poll_step shd_poll_kept(struct shd_poll *poll, bool ok)
{
	if (!ok) {
		shd_fail(&poll->error, SHD_ERR_STATE, "the step of the report was not kept");
		return SHD_POLL_FAILED;
	}
	switch (poll->job_then) {
	case SHD_JOB_GO_ON:
		return SHD_POLL_ASK;
	case SHD_JOB_PAUSE:
		return poll->job_failed ? SHD_POLL_FAILED : SHD_POLL_LATER;
	case SHD_JOB_READ:
	case SHD_JOB_NOTHING:
		return SHD_POLL_OVER;
	case SHD_JOB_GIVE_UP:
		return SHD_POLL_FAILED;
	}
	return SHD_POLL_FAILED;
}

static void ended(void *ctx, bool ok)
{
	(void)ctx; /* not kept: its document is read once more after a restart, as the same */
	(void)ok;
}

void shd_poll_end_report(struct shd_poll *poll)
{
	static const struct shd_job_answer document = {.news = SHD_JOB_DOCUMENT};
	struct shd_error ignored;

	if (poll->job->step != SHD_JOB_FETCH)
		return; /* cancelled: it is over */
	shd_job_move(poll->job, poll->row->report, &document, poll->fetched, &ignored);
	shd_job_table_keep(poll->reports, poll->job, ended, NULL);
}

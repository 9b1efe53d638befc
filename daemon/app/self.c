/* What the daemon looks after of itself, once a second: whether what it reads and decides is
 * kept, and whether loop, state jobs and deliverer get on. */
#include "own.h"

#include "journal/log.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	SLOW_MS = 10000,            /* a state job that takes longer has a disk that hangs */
	PATIENCE = 4,               /* times of the watchdog: one that hangs for longer does not
				     * come back, and systemd starts the daemon anew */
	TELL_MS = 30000,            /* people hear of what does not pass by itself */
	REPEAT_MS = 600000,         /* a refusal in the same words is logged again */
	STOP_MS = 4000,             /* what hangs for longer at the end is left behind */
};

/* --- what is kept ---------------------------------------------------------------------- */

static struct shd_wall before(const struct shd_app *app, int64_t ms)
{
	return (struct shd_wall){app->clock.at.wall.ms - ms};
}

/* Why what happens now may be lost; "": it is kept. */
static struct shd_wall find_trouble(const struct shd_app *app, char *ret_why, size_t size)
{
	const struct shd_self *self = &app->self;
	int64_t job_ms = shd_jobs_state_ms(app->jobs);
	struct shd_commit_figures commit;

	shd_commit_figures(app->commit, &commit);
	*ret_why = '\0';
	if (job_ms > SLOW_MS) {
		snprintf(ret_why, size, "%s: the disk does not answer", app->state_path);
		return before(app, job_ms);
	}
	if (commit.failing_since.ms) {
		snprintf(ret_why, size, "%s", commit.error);
		return commit.failing_since;
	}
	if (self->misplaced_since.ms)
		snprintf(ret_why, size,
			"%s was deleted or replaced, and what is written to the old one is gone "
			"with the daemon: restart it", app->state_path);
	return self->misplaced_since;
}

/* A transaction that failed was told by the queue, at once. */
static void tell_journal(struct shd_self *self, bool is, bool commit_fails)
{
	if (is && !commit_fails && !self->logged) {
		self->logged = true;
		shd_log(SHD_LOG_state_lost, NULL, "nothing can be kept: %s", self->why);
	}
	if (!is && self->logged) {
		self->logged = false;
		shd_log(SHD_LOG_state_back, NULL, "what happens is kept again");
	}
}

static void tell_people(struct shd_app *app)
{
	struct shd_self *self = &app->self;
	bool is = self->unkept_since.ms;

	if (self->told == is || (is && before(app, TELL_MS).ms < self->unkept_since.ms))
		return;
	self->told = is;
	if (is)
		shd_deliver_unkept(app->deliver, self->unkept_since, self->why);
	else
		shd_deliver_kept(app->deliver);
}

void shd_self_look(struct shd_app *app)
{
	struct shd_self *self = &app->self;
	struct shd_commit_figures commit;
	char why[sizeof(self->why)];
	bool was = self->unkept_since.ms;
	struct shd_wall since = find_trouble(app, why, sizeof(why));

	shd_commit_figures(app->commit, &commit);
	/* One trouble after the other is one. */
	if (!was || !since.ms || since.ms < self->unkept_since.ms)
		self->unkept_since = since;
	memcpy(self->why, why, sizeof(why));
	tell_journal(self, since.ms, commit.failing_since.ms);
	tell_people(app);
	if (was != (since.ms != 0))
		shd_app_tell_status(app);
}

void shd_self_placed(struct shd_app *app, bool in_place)
{
	struct shd_wall *since = &app->self.misplaced_since;

	if (in_place)
		since->ms = 0;
	else if (!since->ms)
		*since = app->clock.at.wall;
}

/* --- where it is asked ------------------------------------------------------------------ */

void shd_self_socket(struct shd_app *app, bool in_place)
{
	struct shd_self *self = &app->self;
	struct shd_error err;

	if (app->stopping || app->api_ending || (in_place && !self->unreachable))
		return;
	if (!in_place)
		app->api_ending =
			shd_api_renew(&app->api, shd_app_old_api_closed, app, &err);
	if (in_place || app->api_ending)
		shd_log(SHD_LOG_socket_back, NULL,
			"%s was deleted or replaced; it is there again, and storehealthctl is "
			"answered", app->socket.path);
	else if (!self->unreachable)
		shd_log(SHD_LOG_socket_lost, &(struct shd_about){.error = &err},
			"%s was deleted or replaced and cannot be made again, and nobody can ask "
			"this storehealthd: %s; tried again every 10 s", app->socket.path, err.msg);
	self->unreachable = !in_place && !app->api_ending;
}

/* --- what is refused -------------------------------------------------------------------- */

void shd_self_refused(void *ctx, const struct shd_error *err)
{
	struct shd_app *app = ctx;
	struct shd_self *self = &app->self;
	bool same = strcmp(self->refused, err->msg) == 0 &&
		    app->clock.at.boot_ms - self->refused_logged_ms < REPEAT_MS;

	self->refused_at = shd_clock_now(&app->clock);
	snprintf(self->refused, sizeof(self->refused), "%s", err->msg);
	if (same)
		return;
	self->refused_logged_ms = app->clock.at.boot_ms;
	shd_log(SHD_LOG_change_refused, &(struct shd_about){.error = err},
		"a change was refused, and what it held is not kept: %s", err->msg);
}

void shd_self_retained(struct shd_app *app, const struct shd_error *err)
{
	struct shd_self *self = &app->self;

	if (!err) {
		self->retain_failing_since.ms = 0;
		return;
	}
	snprintf(self->retain_error, sizeof(self->retain_error), "%s", err->msg);
	if (self->retain_failing_since.ms)
		return;
	self->retain_failing_since = shd_clock_now(&app->clock);
	shd_log(SHD_LOG_retain_failed, &(struct shd_about){.error = err},
		"what is older than it should be kept could not be deleted: %s; tried again in an "
		"hour", err->msg);
}

void shd_self_figures(const struct shd_app *app, struct shd_figures *ret_figures)
{
	const struct shd_self *self = &app->self;

	ret_figures->unkept_since = self->unkept_since;
	ret_figures->unkept = self->why;
	ret_figures->state_note =
		shd_state_origin(app->state) == SHD_STATE_EMPTIED
			? "The state file was there and empty at the start: what was known is "
			  "lost, and open alerts may have been told again as new."
			: "";
	ret_figures->retain_failing_since = self->retain_failing_since;
	ret_figures->retain_error = self->retain_failing_since.ms ? self->retain_error : "";
	ret_figures->refused_at = self->refused_at;
	ret_figures->refused = self->refused;
}

/* --- whether it gets on ------------------------------------------------------------------ */

/* Each for itself: what the others do says nothing of one that hangs. Asked by the loop, whose
 * progress that is. */
bool shd_app_alive(void *ctx)
{
	const struct shd_app *app = ctx;

	return shd_jobs_state_ms(app->jobs) < PATIENCE * shd_service_watchdog_ms(app->service) &&
	       (app->stopping || !shd_deliver_is_stuck(app->deliver));
}

/* What a disk was given that does not answer counts as not kept, as after a power cut; whoever
 * asked the daemon to end does not wait for it. */
void shd_self_stop(struct shd_app *app)
{
	int64_t asked_ms = app->clock.at.mono.ms - app->stop_ms;
	int64_t job_ms = shd_jobs_oldest_ms(app->jobs);

	if (asked_ms < STOP_MS || job_ms < STOP_MS)
		return;
	shd_log(SHD_LOG_stop_forced, NULL,
		"storehealthd ends although a job has not answered for %lld s; what it was to keep "
		"is read again", (long long)(job_ms / SHD_SECOND_MS));
	_exit(EX_IOERR);
}

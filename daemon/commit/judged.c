/* The changes that the judge looks at: what polls brought, channels, the configuration,
 * and what is due by time alone. */
#include "own.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
	BATCHES_URGENT = 256,    /* so many polls do not wait for more */
	WAKES_A_JOB = 200,
	STORES_A_JOB = 20,
	TIME_RETRY_MS = 5000,    /* after what is due by time was refused; twice as long each time,
				  * up to: */
	TIME_RETRY_MAX_MS = 300000,
	OVERDUE_MS = 5000,       /* a busy queue is not meant */
};

static void keep_text(char ret_text[SHD_COMMIT_TEXT], const char *text)
{
	size_t len = text ? shd_utf8_cut(text, strlen(text), SHD_COMMIT_TEXT - 1) : 0;

	if (len)
		memcpy(ret_text, text, len);
	ret_text[len] = '\0';
}

/* --- what polls brought ------------------------------------------------------------------- */

static bool apply_batch(struct shd_change *change, struct shd_transaction *transaction,
			struct shd_error *reterr)
{
	struct shd_commit_item *item = (struct shd_commit_item *)change;
	struct shd_commit_job *job = &item->commit->job;

	(void)transaction;
	job->outcome.suspect = false;
	job->outcome.unclaimed_count = 0;
	if (!shd_judge_batch(job->judge, &item->batch, reterr))
		return false;
	item->suspect = job->outcome.suspect;
	item->relist_at = job->outcome.relist_at;
	item->unlisted = job->outcome.unlisted;
	item->unclaimed = job->outcome.unclaimed;
	item->unclaimed_count = job->outcome.unclaimed_count;
	return true;
}

static void batch_done(struct shd_change *change, const struct shd_error *err)
{
	struct shd_commit_item *item = (struct shd_commit_item *)change;

	item->commit->batches--;
	item->commit->batch_bytes -= change->bytes;
	item->ok = !err;
	item->commit->figures.unclaimed += err ? 0 : item->unclaimed_count;
	if (err)
		item->error = *err;
	item->done(item);
}

void shd_commit_add(struct shd_commit *commit, struct shd_commit_item *item)
{
	item->commit = commit;
	item->epoch = shd_clock_look(commit->in.clock)->epoch;
	size_t bytes =
		item->batch.seen.harvest ? shd_harvest_bytes(item->batch.seen.harvest) : 0;

	commit->batches++;
	commit->batch_bytes += bytes;
	commit->figures.batches++;
	item->change = (struct shd_change){.apply = apply_batch, .done = batch_done, .bytes = bytes,
		.urgent = item->urgent || commit->batches >= BATCHES_URGENT};
	shd_commit_submit(commit, &item->change);
}

void shd_judged_outdate(struct shd_commit *commit, struct shd_change *changes)
{
	for (; changes; changes = changes->next) {
		struct shd_commit_item *item = (struct shd_commit_item *)changes;

		if (changes->apply == apply_batch && item->epoch != commit->epoch.number)
			item->batch.fetch.outdated = true;
	}
}

/* --- channels and the configuration ------------------------------------------------------- */

static bool apply_channel(struct shd_change *change, struct shd_transaction *transaction,
			  struct shd_error *reterr)
{
	struct shd_note_change *note = (struct shd_note_change *)change;
	const struct shd_channel_report *report = &note->channel;
	struct shd_commit_job *job = &note->commit->job;
	const struct shd_channel_state channel = {.name = report->channel,
		.oldest_undelivered = report->oldest_undelivered,
		.last_success = report->last_success, .waiting = report->waiting,
		.error = report->error, .error_text = report->error_text};

	(void)transaction;
	return shd_judge_channel(job->judge, &channel, reterr);
}

static bool apply_config(struct shd_change *change, struct shd_transaction *transaction,
			 struct shd_error *reterr)
{
	struct shd_note_change *note = (struct shd_note_change *)change;
	struct shd_commit_job *job = &note->commit->job;

	(void)transaction;
	return shd_judge_config(job->judge, note->config_refused ? note->text : NULL,
				note->mistakes, reterr);
}

static bool is_same_thing(const struct shd_note_change *note, const struct shd_note_change *other)
{
	const char *channel = note->channel.channel;

	return note->change.apply == other->change.apply &&
	       (!channel || strcmp(channel, other->channel.channel) == 0);
}

/* Another one of the same thing that waits; NULL: none. */
static struct shd_note_change *find_note(const struct shd_note_change *note)
{
	struct shd_note_change *other = note->commit->notes;

	while (other && (other == note || other->change.running || !is_same_thing(note, other)))
		other = other->next;
	return other;
}

static void forget_note(struct shd_note_change *note)
{
	struct shd_note_change **at = &note->commit->notes;

	while (*at != note)
		at = &(*at)->next;
	*at = note->next;
	free(note->name);
	free(note);
}

/* What was not kept is judged again, unless something newer waits; what the judge refuses,
 * it would refuse again. */
static void note_done(struct shd_change *change, const struct shd_error *err)
{
	struct shd_note_change *note = (struct shd_note_change *)change;

	if (err && !change->refused && err->kind != SHD_ERR_CLOSING && !find_note(note))
		shd_commit_submit(note->commit, change);
	else
		forget_note(note);
}

/* Hands in a copy, or lets it take the place of one that waits. */
static void hand_in(struct shd_commit *commit, const struct shd_note_change *from, const char *text)
{
	struct shd_note_change *note = find_note(from);

	if (!note) {
		note = shd_xcalloc(1, sizeof(*note));
		*note = *from;
		note->name = from->channel.channel ? shd_xstrdup(from->channel.channel) : NULL;
		note->next = commit->notes;
		commit->notes = note;
	}
	note->channel = from->channel;
	note->channel.channel = note->name;
	note->config_refused = from->config_refused;
	note->mistakes = from->mistakes;
	keep_text(note->text, text);
	note->channel.error_text = note->text;
	shd_commit_submit(commit, &note->change);
}

void shd_commit_channel(struct shd_commit *commit, const struct shd_channel_report *report)
{
	const struct shd_note_change note = {.commit = commit, .channel = *report,
		.change = {.urgent = true, .apply = apply_channel, .done = note_done}};

	hand_in(commit, &note, report->error_text);
}

void shd_commit_config(struct shd_commit *commit, const char *mistake, size_t mistakes)
{
	const struct shd_note_change note = {.commit = commit, .mistakes = mistakes,
		.config_refused = mistake != NULL,
		.change = {.urgent = true, .apply = apply_config, .done = note_done}};

	hand_in(commit, &note, mistake);
}

void shd_judged_forget_config(struct shd_commit *commit)
{
	for (struct shd_catch_up_change *news = commit->catch_ups; news; news = news->next)
		news->count = 0;
}

/* --- what is due by time ---------------------------------------------------------------------- */

static struct shd_wall now_of(const struct shd_commit *commit)
{
	return shd_clock_now(commit->in.clock);
}

static bool apply_time(struct shd_change *change, struct shd_transaction *transaction,
		       struct shd_error *reterr)
{
	struct shd_time_change *time = (struct shd_time_change *)change;
	struct shd_commit_job *job = &time->commit->job;

	const char *id = time->job_again;

	(void)transaction;
	for (int i = 0; id && i < STORES_A_JOB; i++) {
		if (!shd_judge_store(job->judge, id, reterr))
			return false;
		id = shd_judge_store_after(job->judge, id);
	}
	return shd_judge_wakes(job->judge, WAKES_A_JOB, reterr);
}

/* What the job was to judge again is still to be. */
static void take_back(struct shd_time_change *time)
{
	if (time->job_again && (!time->again || strcmp(time->job_again, time->again) < 0))
		time->again = time->job_again;
	time->job_again = NULL;
}

static void time_done(struct shd_change *change, const struct shd_error *err)
{
	struct shd_time_change *time = (struct shd_time_change *)change;

	if (!err) {
		time->refusals = 0;
		return;
	}
	take_back(time);
	if (!change->refused) /* the first transaction that can be kept has it again */
		return;
	int64_t wait_ms = (int64_t)TIME_RETRY_MS << time->refusals;
	if (wait_ms < TIME_RETRY_MAX_MS)
		time->refusals++;
	time->not_before.ms = now_of(time->commit).ms +
			      (wait_ms < TIME_RETRY_MAX_MS ? wait_ms : TIME_RETRY_MAX_MS);
}

/* After that time, what still could not be read counts as blind. */
static int64_t suspended_ms(const struct shd_commit *commit)
{
	const struct shd_clock *clock = shd_clock_look(commit->in.clock);
	int64_t left_ms = clock->epoch_boot_ms + SHD_CATCH_UP_MS - clock->at.boot_ms;

	return commit->time.suspended && left_ms > 0 ? left_ms : 0;
}

bool shd_judged_knows_epoch(const struct shd_commit *commit)
{
	return shd_clock_look(commit->in.clock)->epoch == commit->epoch.number;
}

bool shd_judged_is_suspended(const struct shd_commit *commit)
{
	return suspended_ms(commit) > 0;
}

static bool is_due(const struct shd_time_change *time, struct shd_wall now)
{
	return !suspended_ms(time->commit) && now.ms >= time->not_before.ms &&
	       (time->next_wake.ms <= now.ms || time->again);
}

/* What it knows of is from the last job that was kept; before the first one it is nothing. */
struct shd_wall shd_judged_overdue(const struct shd_commit *commit)
{
	struct shd_wall since = commit->time.next_wake;
	bool overdue = commit->judge && !suspended_ms(commit) && since.ms > 0 &&
		       since.ms < now_of(commit).ms - OVERDUE_MS;

	return overdue ? since : (struct shd_wall){0};
}

void shd_judged_time(struct shd_commit *commit)
{
	struct shd_time_change *time = &commit->time;

	bool gives_up = commit->phase == SHD_COMMIT_LEAVING && commit->failures;

	if (!commit->judge || commit->phase == SHD_COMMIT_CLOSING || gives_up ||
		time->change.queued || !is_due(time, now_of(commit)))
		return;
	time->job_again = time->again;
	for (int i = 0; time->again && i < STORES_A_JOB; i++)
		time->again = shd_judge_store_after(commit->judge, time->again);
	time->change.queued = true;
	*commit->last = &time->change;
	commit->last = &time->change.next;
	commit->urgent = true;
}

/* Takes it out of the queue again; it comes back when it is due and may run. */
void shd_judged_withdraw_time(struct shd_commit *commit)
{
	struct shd_time_change *time = &commit->time;
	struct shd_change **at = &commit->first;

	if (!time->change.queued || time->change.running)
		return;
	while (*at != &time->change)
		at = &(*at)->next;
	*at = time->change.next;
	if (!*at)
		commit->last = at;
	time->change.queued = false;
	time->change.next = NULL;
	take_back(time);
}

/* The loop's clock and the wall clock do not run in step: what is not due yet, to the
 * millisecond, is waited for again. */
static void timer_fired(uv_timer_t *timer)
{
	struct shd_commit *commit = timer->data;

	shd_commit_start(commit);
	if (commit->state == SHD_COMMIT_IDLE && commit->judge &&
	    commit->phase != SHD_COMMIT_PAUSED)
		shd_judged_set_timer(commit);
}

/* The wall clock may be set meanwhile, so the timer never sleeps for more than a minute. */
void shd_judged_set_timer(struct shd_commit *commit)
{
	struct shd_time_change *time = &commit->time;
	int64_t at = time->again ? 0 : time->next_wake.ms;

	if (!commit->judge || commit->phase == SHD_COMMIT_CLOSING || at == SHD_NEVER_MS ||
	    !shd_judged_knows_epoch(commit)) {
		uv_timer_stop(&time->timer);
		return;
	}
	if (at < time->not_before.ms)
		at = time->not_before.ms;
	int64_t wait = at - now_of(commit).ms, suspended = suspended_ms(commit);
	wait = wait < suspended ? suspended : wait > SHD_MINUTE_MS ? SHD_MINUTE_MS : wait;
	uv_update_time(commit->in.loop); /* else the timer counts from long ago */
	uv_timer_start(&time->timer, timer_fired, (uint64_t)wait, 0);
}

void shd_commit_judge_all(struct shd_commit *commit)
{
	shd_assert(commit->judge);
	commit->time.again = shd_judge_store_after(commit->judge, NULL);
	shd_judged_set_timer(commit);
}

/* --- a new epoch ------------------------------------------------------------------------------ */

static bool apply_catch_up(struct shd_change *change, struct shd_transaction *transaction,
			   struct shd_error *reterr)
{
	struct shd_catch_up_change *news = (struct shd_catch_up_change *)change;

	struct shd_judge *judge = news->commit->job.judge;

	(void)reterr;
	for (size_t i = 0; judge && i < news->count; i++)
		shd_judge_catch_up(judge, news->unread[i].source, news->unread[i].feeds,
				   transaction->now);
	return true;
}

/* The judge hears of it before anything that was handed in later, so what could not be kept
 * goes to the front again, unless something newer is on its way. */
static void catch_up_done(struct shd_change *change, const struct shd_error *err)
{
	struct shd_catch_up_change *news = (struct shd_catch_up_change *)change, **at;
	struct shd_commit *commit = news->commit;

	if (err && err->kind != SHD_ERR_CLOSING && news == commit->catch_ups) {
		shd_commit_put_first(commit, change);
		return;
	}
	for (at = &commit->catch_ups; *at != news; at = &(*at)->next)
		;
	*at = news->next;
	free(news);
}

/* Where the wall clock was set, everything that depends on it is judged again; the next job
 * says when the next wake-up really is. */
static void begin_epoch(struct shd_commit *commit, int64_t jumped_ms)
{
	struct shd_time_change *time = &commit->time;

	shd_judged_withdraw_time(commit);
	time->suspended = true;
	if (!jumped_ms || !commit->judge)
		return;
	time->not_before.ms = time->next_wake.ms = 0;
	shd_commit_judge_all(commit);
}

void shd_commit_catch_up(struct shd_commit *commit, const struct shd_unread *unread, size_t count)
{
	struct shd_catch_up_change *news =
		shd_xcalloc(1, sizeof(*news) + count * sizeof(*unread));
	int64_t jumped_ms;

	news->change = (struct shd_change){
		.urgent = true, .apply = apply_catch_up, .done = catch_up_done};
	news->commit = commit;
	news->count = count;
	memcpy(news->unread, unread, count * sizeof(*unread));
	news->next = commit->catch_ups;
	commit->catch_ups = news;
	if (shd_epoch_changed(&commit->epoch, commit->in.clock, &jumped_ms))
		begin_epoch(commit, jumped_ms);
	shd_commit_submit(commit, &news->change);
	shd_judged_set_timer(commit);
}

void shd_commit_caught_up(struct shd_commit *commit)
{
	commit->time.suspended = false;
	shd_judged_set_timer(commit);
}

/* --- life ------------------------------------------------------------------------------------- */

void shd_judged_init(struct shd_commit *commit)
{
	struct shd_time_change *time = &commit->time;

	time->change = (struct shd_change){
		.urgent = true, .alone = true, .apply = apply_time, .done = time_done};
	time->commit = commit;
	time->suspended = true;
	uv_timer_init(commit->in.loop, &time->timer);
	time->timer.data = commit;
	commit->handles++;
}

void shd_judged_finish(struct shd_commit *commit)
{
	while (commit->notes)
		forget_note(commit->notes);
}

/* Does what the outcome of a poll says (outcome.h): hands news and facts to the queue of
 * changes, sets the feed's next time, and wakes or puts off those that wait for it. */
#include "outcome.h"
#include "scheduler_own.h"

#include <stdlib.h>
#include <string.h>

enum {
	STATE_RETRY_MS = 5000,       /* the queue of changes ends before the poll was kept */
	RECOVERED_WITHIN_MS = 10000, /* other feeds of a store whose key works again */
	LEFT_OUT_MAX = 127,          /* what a feed counts to */
	IDLE_MAX = 16, /* a start has hundreds between two requests, a usual day few */
};

/* Facts without news on their way to the state. */
struct note {
	struct shd_commit_item item;
	struct shd_scheduler *scheduler;
	struct shd_feed *feed;
	struct shd_cursor cursor; /* owned: the feed may move on meanwhile */
};

void shd_scheduler_idle_if_done(struct shd_scheduler *scheduler)
{
	if (!scheduler->idle || scheduler->active || scheduler->late || scheduler->committing ||
		scheduler->notes)
		return;
	void (*idle)(void *ctx) = shd_steal(scheduler->idle);

	uv_timer_stop(&scheduler->timer);
	idle(scheduler->idle_ctx);
}

/* --- catching up --------------------------------------------------------------------------- */

static void tried(struct shd_scheduler *scheduler, struct shd_feed *feed)
{
	/* What a reload gives up is tried under the next configuration. */
	if (!feed->catching_up || scheduler->paused)
		return;
	feed->catching_up = false;
	if (--scheduler->catching_up == 0)
		shd_commit_caught_up(scheduler->in.commit);
}

/* All slots are of requests that hang, and as many as may are late: who waits is asked once one of
 * them has timed out. */
static bool is_stuck(const struct shd_scheduler *scheduler)
{
	return scheduler->first && scheduler->in_time &&
	       shd_scheduler_late_at(scheduler).ms == SHD_NEVER_MS &&
	       mono_now(scheduler).ms - scheduler->in_time->asked.ms > SHD_LATE_MS;
}

/* A store that does not answer keeps time from being judged no longer than it takes to see so. */
void shd_scheduler_try_late(struct shd_scheduler *scheduler)
{
	bool stuck = is_stuck(scheduler);

	for (size_t i = 0; i < scheduler->feeds.source_count && scheduler->catching_up; i++) {
		struct shd_source_feeds *of = scheduler->feeds.sources[i];

		for (size_t j = 0; j < of->feed_count; j++)
			if (stuck || shd_lane_is_late(of->lane, mono_now(scheduler)))
				tried(scheduler, &of->feeds[j]);
	}
}

static void noted(struct shd_commit_item *item)
{
	struct note *note = (struct note *)item;
	struct shd_scheduler *scheduler = note->scheduler;

	shd_scheduler_meet_epoch(scheduler);
	if (!item->ok)
		note->feed->noted_s = 0;
	if (note->feed->telling && !item->batch.fetch.outdated)
		tried(scheduler, note->feed); /* time judges with what the state knows now */
	note->feed->telling = false;
	scheduler->notes--;
	shd_cursor_drop_text(&note->cursor);
	free(note);
	shd_scheduler_idle_if_done(scheduler);
}

static void tell_facts(struct shd_scheduler *scheduler, const struct shd_poll *poll,
	struct shd_feed *feed, enum shd_tell tell)
{
	if (tell == SHD_TELL_NOTHING)
		return;
	struct note *note = shd_xcalloc(1, sizeof(*note));
	note->scheduler = scheduler;
	note->feed = feed;
	note->item.done = noted;
	note->item.urgent = tell == SHD_TELL_AT_ONCE;
	shd_outcome_facts(poll, feed, wall_now(scheduler), &note->item.batch);
	shd_cursor_copy(&note->cursor, note->item.batch.fetch.cursor);
	note->item.batch.fetch.cursor = note->cursor;
	feed->telling = true;
	scheduler->notes++;
	shd_commit_add(scheduler->in.commit, &note->item);
}

/* --- other feeds of the source --------------------------------------------------------------- */

static bool waits_for(const struct shd_feed *other, const struct shd_feed *feed)
{
	return other->state == SHD_FEED_WAITING &&
	       strcmp(shd_feed_row(other)->ids_of, shd_feed_row(feed)->name) == 0;
}

/* Feeds that wait for the ids this one lists. */
static void wake_waiting(struct shd_scheduler *scheduler, struct shd_feed *feed)
{
	for (size_t i = 0; i < shd_feed_of(feed)->feed_count; i++) {
		struct shd_feed *other = &shd_feed_of(feed)->feeds[i];

		if (waits_for(other, feed)) {
			shd_feed_enter(other, SHD_FEED_IDLE);
			shd_scheduler_put_in(scheduler, other, 0);
		}
	}
}

/* They wait as long as this one does. */
static void put_off_waiting(struct shd_scheduler *scheduler, struct shd_feed *feed)
{
	for (size_t i = 0; i < shd_feed_of(feed)->feed_count; i++) {
		struct shd_feed *other = &shd_feed_of(feed)->feeds[i];

		if (waits_for(other, feed)) {
			other->next_due = feed->next_due;
			tried(scheduler, other);
		}
	}
}

void shd_scheduler_put_off(struct shd_scheduler *scheduler, struct shd_feed *feed, int64_t wait_ms)
{
	shd_scheduler_set_due(scheduler, feed, wait_ms);
	tried(scheduler, feed);
	put_off_waiting(scheduler, feed);
}

/* An operator mended something: what failed for the same reason need not wait. */
static void wake_mended(struct shd_scheduler *scheduler, struct shd_feed *feed, int mended)
{
	for (size_t i = 0; i < shd_feed_of(feed)->feed_count; i++) {
		struct shd_feed *other = &shd_feed_of(feed)->feeds[i];

		if (shd_outcome_wakes(feed, mended, other))
			shd_scheduler_set_due(
				scheduler, other, draw(scheduler) % RECOVERED_WITHIN_MS);
	}
}

/* --- the end of a poll ----------------------------------------------------------------------- */

/* Whether it was not said how many records were left out: a list that is read anew each time has
 * the same ones each time. What was not parsed says nothing. */
static bool newly_left_out(const struct shd_poll *poll)
{
	struct shd_feed *feed = poll->feed;
	size_t before = feed->left_out, now = poll->bad_records + poll->foreign_records;

	if (!poll->parsed_records)
		return false;
	feed->left_out = (now < LEFT_OUT_MAX ? now : LEFT_OUT_MAX) & LEFT_OUT_MAX;
	return feed->left_out != before;
}

static void report(struct shd_scheduler *scheduler, const struct shd_poll *poll,
	const struct shd_poll_outcome *outcome, bool news)
{
	bool ok = poll->feed->error < 0, left_out = ok && newly_left_out(poll);
	struct shd_polled what = {.source = poll->source,
		.row = shd_feed_row(poll->feed),
		.ok = ok,
		.error = ok ? NULL : &poll->error,
		.standing = (enum shd_standing)poll->feed->standing,
		.turned = outcome->turned,
		.news = news,
		.failures = ok ? 0 : shd_feed_failure(poll->feed)->count,
		.status = poll->status,
		.requests = poll->requests,
		.parsed_records = poll->parsed_records,
		.bad_records = left_out ? poll->bad_records : 0,
		.bad_record = &poll->bad_record,
		.foreign_records = left_out ? poll->foreign_records : 0,
		.foreign_record = &poll->foreign_record,
		.lack_turned = outcome->lack_turned,
		.incomplete = shd_feed_lack(poll->feed) ? shd_feed_lack(poll->feed)->text : NULL,
		.retry_ms = ok ? 0 : outcome->wait_ms};

	scheduler->in.polled(scheduler->in.ctx, &what);
}

void shd_scheduler_release(struct shd_scheduler *scheduler, struct shd_poll *poll)
{
	struct shd_feed *feed = poll->feed;
	bool was_tried = !poll->outdated && !poll->full && !feed->telling;

	shd_feed_enter(feed, SHD_FEED_IDLE);
	feed->poll = NULL;
	if (scheduler->idle_count == IDLE_MAX) {
		shd_poll_destroy(poll);
	} else {
		shd_poll_reset(poll);
		poll->next = scheduler->idle_polls;
		scheduler->idle_polls = poll;
		scheduler->idle_count++;
	}
	if (was_tried)
		tried(scheduler, feed);
	shd_scheduler_idle_if_done(scheduler);
}

static void report_ended(void *ctx, bool ok)
{
	(void)ctx; /* not kept: its document is read once more after a restart, as the same */
	(void)ok;
}

static void tell_followed(
	struct shd_scheduler *scheduler, struct shd_poll *poll, struct shd_wall now)
{
	for (size_t i = 0; i < poll->followed_count; i++) {
		const struct shd_poll_followed *followed = &poll->followed[i];

		tell_facts(scheduler, poll, shd_feeds_find(shd_feed_of(poll->feed), followed->row),
			shd_outcome_followed(poll, followed, now, draw(scheduler)));
	}
}

static void read_well(
	struct shd_scheduler *scheduler, struct shd_poll *poll, bool committed, bool suspect)
{
	struct shd_feed *feed = poll->feed;
	struct shd_wall now = wall_now(scheduler);
	struct shd_poll_outcome outcome = shd_outcome_read(poll, committed, suspect, now);

	tell_followed(scheduler, poll, now);
	if (poll->job && shd_poll_end_report(poll))
		shd_job_table_keep(scheduler->in.reports, poll->job, report_ended, NULL);
	shd_scheduler_put_in(scheduler, feed, outcome.wait_ms);
	tell_facts(scheduler, poll, feed, outcome.tell);
	wake_mended(scheduler, feed, outcome.mended);
	if (feed->pages.count)
		wake_waiting(scheduler, feed);
	report(scheduler, poll, &outcome, committed);
	shd_scheduler_release(scheduler, poll);
}

static struct shd_poll *poll_of(struct shd_commit_item *item)
{
	return (struct shd_poll *)((char *)item - offsetof(struct shd_poll, item));
}

/* The feed waits as its failure says. */
static void kept_part(struct shd_commit_item *item)
{
	struct shd_poll *poll = poll_of(item);
	struct shd_scheduler *scheduler = poll->scheduler;
	int64_t wait_ms = poll->feed->next_due.ms - wall_now(scheduler).ms;

	shd_scheduler_meet_epoch(scheduler);
	scheduler->committing--;
	if (item->ok)
		shd_poll_adopt_part(poll);
	else
		poll->feed->noted_s = 0;
	shd_scheduler_put_in(scheduler, poll->feed, wait_ms > 0 ? wait_ms : 0);
	shd_scheduler_release(scheduler, poll);
	shd_scheduler_pump(scheduler);
}

static void commit(struct shd_scheduler *scheduler, struct shd_poll *poll,
		   void (*done)(struct shd_commit_item *item))
{
	shd_feed_enter(poll->feed, SHD_FEED_COMMITTING);
	poll->item.urgent = true;
	poll->item.done = done;
	scheduler->committing++;
	shd_commit_add(scheduler->in.commit, &poll->item);
}

static void failed(struct shd_scheduler *scheduler, struct shd_poll *poll)
{
	struct shd_feed *feed = poll->feed;
	struct shd_wall now = wall_now(scheduler);
	struct shd_poll_outcome outcome = shd_outcome_failed(poll, now, draw(scheduler));
	bool part = outcome.counts && poll->broken && shd_poll_brought_part(poll);

	scheduler->figures.polls_failed++;
	if (outcome.counts) {
		tell_followed(scheduler, poll, now);
		put_off_waiting(scheduler, feed);
		report(scheduler, poll, &outcome, part);
	}
	if (part) {
		shd_outcome_part(poll, now, &poll->item.batch);
		commit(scheduler, poll, kept_part);
		return;
	}
	shd_scheduler_put_in(scheduler, feed, outcome.wait_ms);
	if (outcome.counts)
		tell_facts(scheduler, poll, feed, outcome.tell);
	shd_scheduler_release(scheduler, poll);
}

/* As if it had not been read: asked again from the committed cursor. */
static void not_kept(struct shd_scheduler *scheduler, struct shd_poll *poll)
{
	const struct shd_error *why = &poll->item.error;

	if (why->kind == SHD_ERR_CLOSING) {
		shd_scheduler_set_due(scheduler, poll->feed, STATE_RETRY_MS);
		shd_scheduler_release(scheduler, poll);
		return;
	}
	if (why->kind == SHD_ERR_STATE)
		shd_fail(&poll->error, SHD_ERR_STATE, "what was read is not kept: %s", why->msg);
	else
		shd_fail(&poll->error, SHD_ERR_INTERNAL, "what was read could not be judged: %s",
			why->msg);
	failed(scheduler, poll);
}

static void committed(struct shd_commit_item *item)
{
	struct shd_poll *poll = poll_of(item);
	struct shd_scheduler *scheduler = poll->scheduler;

	shd_scheduler_meet_epoch(scheduler);
	scheduler->committing--;
	if (item->ok)
		read_well(scheduler, poll, true, item->suspect);
	else
		not_kept(scheduler, poll);
	shd_scheduler_pump(scheduler);
}

static void count(uint16_t *member, int n)
{
	*member = (uint16_t)(*member + n < UINT16_MAX ? *member + n : UINT16_MAX);
}

void shd_scheduler_poll_ended(struct shd_scheduler *scheduler, struct shd_poll *poll)
{
	struct shd_feed *feed = poll->feed;

	scheduler->active--;
	scheduler->figures.polls++;
	scheduler->figures.polls_unchanged += poll->state == SHD_POLL_UNCHANGED;
	scheduler->figures.requests += (uint64_t)poll->requests;
	scheduler->figures.throttled += (uint64_t)poll->throttled;
	scheduler->figures.received_bytes += (uint64_t)poll->bytes;
	scheduler->figures.parsed_records += poll->parsed_records;
	count(&feed->requests, poll->requests);
	count(&feed->throttled, poll->throttled);
	if (poll->state == SHD_POLL_FAILED) {
		failed(scheduler, poll);
	} else if (shd_poll_has_news(poll)) {
		shd_outcome_news(poll, wall_now(scheduler), &poll->item.batch);
		commit(scheduler, poll, committed);
	} else {
		read_well(scheduler, poll, false, false);
	}
}

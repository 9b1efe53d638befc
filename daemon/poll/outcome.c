/* What becomes of a poll that is over: facts, the batch, the feed's next time. */
#include "scheduler_own.h"

#include "host/clock.h"

#include <stdlib.h>
#include <string.h>

enum {
	STATE_RETRY_MS = 5000,       /* after a transaction failed */
	RECOVERED_WITHIN_MS = 10000, /* other feeds of a store whose key works again */
	IDLE_MAX = 32, /* a start has hundreds between two requests, a usual day few */
};

/* Facts without news on their way to the state. */
struct note {
	struct shd_commit_item item;
	struct shd_scheduler *scheduler;
	struct shd_feed *feed;
};

void shd_scheduler_idle_if_done(struct shd_scheduler *scheduler)
{
	if (!scheduler->idle || scheduler->active || scheduler->committing || scheduler->notes)
		return;
	void (*idle)(void *ctx) = shd_steal(scheduler->idle);
	idle(scheduler->idle_ctx);
}

/* The clock may have been set back meanwhile. */
static struct shd_wall began(const struct shd_scheduler *scheduler, const struct shd_poll *poll)
{
	struct shd_wall now = wall_now(scheduler);

	return poll->began.ms < now.ms ? poll->began : now;
}

/* Where the next poll goes on: by the time of those who date the changes, if that is known,
 * and never later than we believe it is. */
static struct shd_wall cursor_after(
	const struct shd_scheduler *scheduler, const struct shd_poll *poll)
{
	int64_t skew_ms = poll->skew_ms != INT64_MIN
		? poll->skew_ms : poll->feed->of->skew_ms;

	return shd_time_earlier(began(scheduler, poll), skew_ms);
}

/* Of the poll's own feed, or of one that was followed. */
static void fill_batch(struct shd_scheduler *scheduler, const struct shd_poll *poll,
	struct shd_feed *feed, struct shd_batch *batch)
{
	*batch = (struct shd_batch){
		.source = feed->of->source,
		.fetch = {
			.row = feed->row,
			.began = began(scheduler, poll),
			.cursor = cursor_after(scheduler, poll),
			.ok = feed->error < 0,
			.next_due = feed->next_due,
			.clock_skew_ms = INT64_MIN,
			.requests = feed->requests,
			.throttled = feed->throttled,
			.outdated = poll->outdated,
		},
	};
	if (!batch->fetch.ok)
		shd_fail(&batch->fetch.error, (enum shd_err)feed->error, "%s", feed->failure->text);
	feed->requests = feed->throttled = 0;
	feed->noted = wall_now(scheduler);
	feed->unread = feed->unread && (poll->outdated || !shd_feed_settled(feed));
}

static void tried(struct shd_scheduler *scheduler, struct shd_feed *feed)
{
	/* What a reload gives up is tried under the next configuration. */
	if (!feed->catching_up || scheduler->paused)
		return;
	feed->catching_up = false;
	if (--scheduler->catching_up == 0)
		scheduler->in.caught_up(scheduler->in.ctx);
}

static void noted(struct shd_commit_item *item)
{
	struct note *note = (struct note *)item;
	struct shd_scheduler *scheduler = note->scheduler;

	if (!item->ok)
		note->feed->noted.ms = 0;
	if (note->feed->telling && !item->batch.fetch.outdated)
		tried(scheduler, note->feed); /* time judges with what the state knows now */
	note->feed->telling = false;
	scheduler->notes--;
	free(note);
	shd_scheduler_idle_if_done(scheduler);
}

/* Tells the state the feed's facts, when it is time or something turned. */
static void tell_facts(struct shd_scheduler *scheduler, const struct shd_poll *poll,
	struct shd_feed *feed, bool turned)
{
	bool awaited = feed->unread && !poll->outdated;

	if (!turned && !awaited &&
	    !shd_feed_note_due(feed, every_ms(feed), wall_now(scheduler)))
		return;
	struct note *note = shd_xcalloc(1, sizeof(*note));
	note->scheduler = scheduler;
	note->feed = feed;
	note->item.done = noted;
	note->item.urgent = turned || awaited;
	fill_batch(scheduler, poll, feed, &note->item.batch);
	if (feed == poll->feed)
		note->item.batch.fetch.clock_skew_ms = poll->skew_ms;
	feed->telling = true;
	scheduler->notes++;
	shd_commit_add(scheduler->in.commit, &note->item);
}

/* --- the end of a poll -------------------------------------------------------------------- */

static void count(uint16_t *member, int n)
{
	*member = (uint16_t)(*member + n < UINT16_MAX ? *member + n : UINT16_MAX);
}

static void report(struct shd_scheduler *scheduler, const struct shd_poll *poll, bool turned,
	bool news, int64_t retry_ms)
{
	bool ok = poll->feed->error < 0;
	struct shd_polled what = {.source = poll->source,
		.row = poll->feed->row,
		.ok = ok,
		.error = ok ? NULL : &poll->error,
		.turned = turned,
		.news = news,
		.failures = ok ? 0 : poll->feed->failure->count,
		.status = poll->status,
		.requests = poll->requests,
		.parsed_records = poll->parsed_records,
		.bad_records = poll->bad_records,
		.bad_record = &poll->bad_record,
		.retry_ms = retry_ms};

	scheduler->in.polled(scheduler->in.ctx, &what);
}

void shd_scheduler_release(struct shd_scheduler *scheduler, struct shd_poll *poll)
{
	struct shd_feed *feed = poll->feed;
	bool was_tried = !poll->outdated && !feed->telling;

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

/* Feeds that wait for the ids this one lists. */
static void wake_batches(struct shd_scheduler *scheduler, struct shd_feed *feed)
{
	struct shd_source_feeds *of = feed->of;

	for (size_t i = 0; i < of->feed_count; i++) {
		struct shd_feed *other = &of->feeds[i];

		if (other->wants_ids && strcmp(other->row->ids_of, feed->row->name) == 0) {
			other->wants_ids = false;
			shd_scheduler_put_in(scheduler, other, 0);
		}
	}
}

/* They wait as long as this one does. */
static void put_off_batches(struct shd_scheduler *scheduler, struct shd_feed *feed)
{
	struct shd_source_feeds *of = feed->of;

	for (size_t i = 0; i < of->feed_count; i++) {
		struct shd_feed *other = &of->feeds[i];

		if (other->wants_ids && strcmp(other->row->ids_of, feed->row->name) == 0) {
			other->next_due = feed->next_due;
			tried(scheduler, other);
		}
	}
}

void shd_scheduler_put_off(struct shd_scheduler *scheduler, struct shd_feed *feed, int64_t wait_ms)
{
	feed->next_due.ms = wall_now(scheduler).ms + wait_ms;
	shd_scheduler_put_in(scheduler, feed, wait_ms);
	tried(scheduler, feed);
	put_off_batches(scheduler, feed);
}

/* The operator mended something: what failed for the same reason need not wait. */
static void wake_refused(struct shd_scheduler *scheduler, struct shd_feed *feed, int error)
{
	struct shd_source_feeds *of = feed->of;

	for (size_t i = 0; i < of->feed_count; i++) {
		struct shd_feed *other = &of->feeds[i];

		if (other != feed && other->error == error && other->item.place && !other->poll)
			shd_scheduler_set_due(
				scheduler, other, draw(scheduler) % RECOVERED_WITHIN_MS);
	}
}

static void followed(struct shd_scheduler *scheduler, struct shd_poll *poll)
{
	for (size_t i = 0; i < poll->followed_count; i++) {
		struct shd_poll_followed *what = &poll->followed[i];
		struct shd_feed *feed = shd_feeds_find(poll->feed->of, what->row);
		struct shd_wall now = wall_now(scheduler);
		bool turned;

		if (what->failed) {
			turned = shd_feed_failed(feed, &what->error, now);
			feed->next_due.ms =
				now.ms + shd_retry_ms(what->error.kind, feed->failure->count,
						 poll->feed->row->every_ms, what->retry_after_ms,
						 draw(scheduler));
		} else {
			turned = shd_feed_worked(feed, cursor_after(scheduler, poll), now);
		}
		tell_facts(scheduler, poll, feed, turned);
	}
}

static void report_ended(void *ctx, bool ok)
{
	(void)ctx; /* not kept: its document is read once more after a restart, as the same */
	(void)ok;
}

static void worked(struct shd_scheduler *scheduler, struct shd_poll *poll, bool news, bool suspect)
{
	struct shd_feed *feed = poll->feed;
	int64_t period = every_ms(feed);
	int64_t spent = wall_now(scheduler).ms - poll->began.ms;
	int before = feed->error;
	struct shd_wall cursor_before = feed->cursor;
	bool turned = shd_feed_worked(feed, cursor_after(scheduler, poll), wall_now(scheduler));

	/* A good answer after a suspect one is told at once: the next empty one is a first. */
	bool relieved = feed->suspects && !suspect;
	feed->suspects = suspect;
	if (suspect)
		feed->cursor = cursor_before;
	else if (poll->state == SHD_POLL_CHANGED)
		shd_poll_adopt(poll);
	followed(scheduler, poll);
	if (poll->job && shd_poll_end_report(poll))
		shd_job_table_keep(scheduler->in.reports, poll->job, report_ended, NULL);
	bool again = poll->outdated || spent < 0 || spent >= period;
	shd_scheduler_set_due(scheduler, feed, again ? 0 : period - spent);
	if (!news)
		tell_facts(scheduler, poll, feed, turned || relieved);
	if (turned && shd_err_retry((enum shd_err)before) == SHD_RETRY_OPERATOR)
		wake_refused(scheduler, feed, before);
	if (feed->pages.count)
		wake_batches(scheduler, feed);
	report(scheduler, poll, turned, news, 0);
	shd_scheduler_release(scheduler, poll);
}

/* A refused key fails every feed of its store; it is told once. */
static bool is_told(const struct shd_feed *feed)
{
	const struct shd_source_feeds *of = feed->of;

	if (shd_err_retry((enum shd_err)feed->error) != SHD_RETRY_OPERATOR ||
	    feed->error == SHD_ERR_ROLE)
		return false; /* a role is missing for one method, not for all */
	for (size_t i = 0; i < of->feed_count; i++)
		if (&of->feeds[i] != feed && of->feeds[i].error == feed->error)
			return true;
	return false;
}

static void failed(struct shd_scheduler *scheduler, struct shd_poll *poll)
{
	struct shd_feed *feed = poll->feed;

	scheduler->figures.polls_failed++;
	if (poll->outdated) /* a connection seldom outlives a sleep */
		shd_scheduler_set_due(scheduler, feed, 0);
	if (poll->outdated || poll->error.kind == SHD_ERR_CLOSING) {
		shd_scheduler_release(scheduler, poll);
		return;
	}
	bool turned = shd_feed_failed(feed, &poll->error, wall_now(scheduler));
	int64_t wait = shd_retry_ms(poll->error.kind, feed->failure->count,
		every_ms(feed), poll->retry_after_ms, draw(scheduler));
	if (wait < feed->row->min_interval_ms)
		wait = feed->row->min_interval_ms;
	shd_scheduler_set_due(scheduler, feed, wait);
	tell_facts(scheduler, poll, feed, turned);
	put_off_batches(scheduler, feed);
	report(scheduler, poll, turned && !is_told(feed), false, wait);
	shd_scheduler_release(scheduler, poll);
}

static void committed(struct shd_commit_item *item)
{
	struct shd_poll *poll = (struct shd_poll *)((char *)item - offsetof(struct shd_poll, item));
	struct shd_scheduler *scheduler = poll->scheduler;

	scheduler->committing--;
	if (item->ok) {
		worked(scheduler, poll, true, item->suspect);
	} else { /* as if it had not been read: asked again from the committed cursor */
		shd_scheduler_set_due(scheduler, poll->feed, STATE_RETRY_MS);
		shd_scheduler_release(scheduler, poll);
	}
	shd_scheduler_pump(scheduler);
}

static void commit(struct shd_scheduler *scheduler, struct shd_poll *poll)
{
	struct shd_feed *feed = poll->feed;
	struct shd_batch *batch = &poll->item.batch;
	bool harvest = poll->harvest &&
		       (poll->harvest->entity_count || poll->harvest->measure_count);

	shd_feed_enter(feed, SHD_FEED_COMMITTING);
	fill_batch(scheduler, poll, feed, batch);
	batch->fetch.ok = true;
	batch->fetch.next_due.ms = wall_now(scheduler).ms + every_ms(feed);
	batch->seen.harvest = harvest ? poll->harvest : NULL;
	batch->seen.listed = poll->listed_changed && !poll->bad_records ? poll->listed : NULL;
	batch->seen.listed_count = batch->seen.listed ? poll->listed_count : 0;
	batch->fetch.clock_skew_ms = poll->skew_ms;
	poll->item.urgent = true;
	poll->item.done = committed;
	scheduler->committing++;
	shd_commit_add(scheduler->in.commit, &poll->item);
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
	if (poll->state == SHD_POLL_FAILED)
		failed(scheduler, poll);
	else if (shd_poll_has_news(poll))
		commit(scheduler, poll);
	else
		worked(scheduler, poll, false, false);
}

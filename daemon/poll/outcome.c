/* What becomes of a poll that is over: facts, the batch, the feed's next time. */
#include "scheduler_own.h"

#include "host/clock.h"

#include <stdlib.h>
#include <string.h>

enum {
	STATE_RETRY_MS = 5000,       /* after a transaction failed */
	RECOVERED_WITHIN_MS = 10000, /* other feeds of a store whose key works again */
	RESTING_MAX = 32, /* a start has hundreds between two requests, a usual day few */
};

/* Facts without news on their way to the state. */
struct note {
	struct shd_commit_item item;
	struct shd_scheduler *polls;
	struct shd_feed *feed;
};

void shd_scheduler_idle_if_done(struct shd_scheduler *polls)
{
	if (!polls->quiet || polls->active || polls->committing || polls->notes)
		return;
	void (*quiet)(void *ctx) = shd_steal(polls->quiet);
	quiet(polls->quiet_ctx);
}

/* The clock may have been set back meanwhile. */
static struct shd_wall began(const struct shd_scheduler *polls, const struct shd_poll *poll)
{
	struct shd_wall now = wall_now(polls);

	return poll->began.ms < now.ms ? poll->began : now;
}

/* Where the next poll goes on: by the time of those who date the changes, if that is known,
 * and never later than we believe it is. */
static struct shd_wall cursor_after(const struct shd_scheduler *polls, const struct shd_poll *poll)
{
	int64_t skew_ms = poll->skew_ms != INT64_MIN
		? poll->skew_ms : poll->feed->of->skew_ms;

	return shd_time_earlier(began(polls, poll), skew_ms);
}

/* Of the poll's own feed, or of one that was followed. */
static void fill_batch(struct shd_scheduler *polls, const struct shd_poll *poll,
	struct shd_feed *feed, struct shd_batch *batch)
{
	*batch = (struct shd_batch){
		.store = (size_t)(feed->of->source->store - polls->feeds.settings->stores),
		.fetch = {
			.row = feed->row,
			.began = began(polls, poll),
			.cursor = cursor_after(polls, poll),
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
	feed->noted = wall_now(polls);
	feed->unread = feed->unread && (poll->outdated || !shd_feed_settled(feed));
}

static void tried(struct shd_scheduler *polls, struct shd_feed *feed)
{
	/* What a reload gives up is tried under the next configuration. */
	if (!feed->behind || polls->paused)
		return;
	feed->behind = false;
	if (--polls->behind == 0)
		polls->in.caught_up(polls->in.ctx);
}

static void noted(struct shd_commit_item *item)
{
	struct note *note = (struct note *)item;
	struct shd_scheduler *polls = note->polls;

	if (!item->ok)
		note->feed->noted.ms = 0;
	if (note->feed->telling && !item->batch.fetch.outdated)
		tried(polls, note->feed); /* time judges with what the state knows now */
	note->feed->telling = false;
	polls->notes--;
	free(note);
	shd_scheduler_idle_if_done(polls);
}

/* Tells the state the feed's facts, when it is time or something turned. */
static void tell_facts(struct shd_scheduler *polls, const struct shd_poll *poll,
	struct shd_feed *feed, bool turned)
{
	bool awaited = feed->unread && !poll->outdated;

	if (!turned && !awaited &&
	    !shd_feed_note_due(feed, every_ms(feed), wall_now(polls)))
		return;
	struct note *note = shd_xcalloc(1, sizeof(*note));
	note->polls = polls;
	note->feed = feed;
	note->item.done = noted;
	note->item.urgent = turned || awaited;
	fill_batch(polls, poll, feed, &note->item.batch);
	if (feed == poll->feed)
		note->item.batch.fetch.clock_skew_ms = poll->skew_ms;
	feed->telling = true;
	polls->notes++;
	shd_commit_add(polls->in.line, &note->item);
}

/* --- the end of a poll -------------------------------------------------------------------- */

static void count(uint16_t *member, int n)
{
	*member = (uint16_t)(*member + n < UINT16_MAX ? *member + n : UINT16_MAX);
}

static void report(struct shd_scheduler *polls, const struct shd_poll *poll, bool turned, bool news,
		   int64_t retry_ms)
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

	polls->in.polled(polls->in.ctx, &what);
}

void shd_scheduler_release(struct shd_scheduler *polls, struct shd_poll *poll)
{
	struct shd_feed *feed = poll->feed;
	bool was_tried = !poll->outdated && !feed->telling;

	shd_feed_enter(feed, SHD_FEED_IDLE);
	feed->poll = NULL;
	if (polls->resting_count == RESTING_MAX) {
		shd_poll_destroy(poll);
	} else {
		shd_poll_reset(poll);
		poll->next = polls->resting;
		polls->resting = poll;
		polls->resting_count++;
	}
	if (was_tried)
		tried(polls, feed);
	shd_scheduler_idle_if_done(polls);
}

/* Feeds that wait for the ids this one lists. */
static void wake_batches(struct shd_scheduler *polls, struct shd_feed *feed)
{
	struct shd_source_feeds *of = feed->of;

	for (size_t i = 0; i < of->feed_count; i++) {
		struct shd_feed *other = &of->feeds[i];

		if (other->wants_ids && strcmp(other->row->ids_of, feed->row->name) == 0) {
			other->wants_ids = false;
			shd_scheduler_put_in(polls, other, 0);
		}
	}
}

/* They wait as long as this one does. */
static void put_off_batches(struct shd_scheduler *polls, struct shd_feed *feed)
{
	struct shd_source_feeds *of = feed->of;

	for (size_t i = 0; i < of->feed_count; i++) {
		struct shd_feed *other = &of->feeds[i];

		if (other->wants_ids && strcmp(other->row->ids_of, feed->row->name) == 0) {
			other->next_due = feed->next_due;
			tried(polls, other);
		}
	}
}

void shd_scheduler_put_off(struct shd_scheduler *polls, struct shd_feed *feed, int64_t wait_ms)
{
	feed->next_due.ms = wall_now(polls).ms + wait_ms;
	shd_scheduler_put_in(polls, feed, wait_ms);
	tried(polls, feed);
	put_off_batches(polls, feed);
}

/* The operator mended something: what failed for the same reason need not wait. */
static void wake_refused(struct shd_scheduler *polls, struct shd_feed *feed, int error)
{
	struct shd_source_feeds *of = feed->of;

	for (size_t i = 0; i < of->feed_count; i++) {
		struct shd_feed *other = &of->feeds[i];

		if (other != feed && other->error == error && other->item.place && !other->poll)
			shd_scheduler_set_due(polls, other, draw(polls) % RECOVERED_WITHIN_MS);
	}
}

static void followed(struct shd_scheduler *polls, struct shd_poll *poll)
{
	for (size_t i = 0; i < poll->followed_count; i++) {
		struct shd_poll_followed *what = &poll->followed[i];
		struct shd_feed *feed = shd_feeds_find(poll->feed->of, what->row);
		struct shd_wall now = wall_now(polls);
		bool turned;

		if (what->failed) {
			turned = shd_feed_failed(feed, &what->error, now);
			feed->next_due.ms =
				now.ms + shd_retry_ms(what->error.kind, feed->failure->count,
						 poll->feed->row->every_ms, what->retry_after_ms,
						 draw(polls));
		} else {
			turned = shd_feed_worked(feed, cursor_after(polls, poll), now);
		}
		tell_facts(polls, poll, feed, turned);
	}
}

static void worked(struct shd_scheduler *polls, struct shd_poll *poll, bool news, bool suspect)
{
	struct shd_feed *feed = poll->feed;
	int64_t period = every_ms(feed);
	int64_t spent = wall_now(polls).ms - poll->began.ms;
	int before = feed->error;
	struct shd_wall cursor_before = feed->cursor;
	bool turned = shd_feed_worked(feed, cursor_after(polls, poll), wall_now(polls));

	/* A good answer after a suspect one is told at once: the next empty one is a first. */
	bool relieved = feed->suspects && !suspect;
	feed->suspects = suspect;
	if (suspect)
		feed->cursor = cursor_before;
	else if (poll->changed)
		shd_poll_adopt(poll);
	followed(polls, poll);
	if (poll->job)
		shd_poll_end_report(poll);
	bool again = poll->outdated || spent < 0 || spent >= period;
	shd_scheduler_set_due(polls, feed, again ? 0 : period - spent);
	if (!news)
		tell_facts(polls, poll, feed, turned || relieved);
	if (turned && shd_err_retry((enum shd_err)before) == SHD_RETRY_OPERATOR)
		wake_refused(polls, feed, before);
	if (feed->pages.count)
		wake_batches(polls, feed);
	report(polls, poll, turned, news, 0);
	shd_scheduler_release(polls, poll);
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

static void failed(struct shd_scheduler *polls, struct shd_poll *poll)
{
	struct shd_feed *feed = poll->feed;

	polls->figures.polls_failed++;
	if (poll->outdated) /* a connection seldom outlives a sleep */
		shd_scheduler_set_due(polls, feed, 0);
	if (poll->outdated || poll->error.kind == SHD_ERR_CLOSING) {
		shd_scheduler_release(polls, poll);
		return;
	}
	bool turned = shd_feed_failed(feed, &poll->error, wall_now(polls));
	int64_t wait = shd_retry_ms(poll->error.kind, feed->failure->count,
		every_ms(feed), poll->retry_after_ms, draw(polls));
	if (wait < feed->row->min_interval_ms)
		wait = feed->row->min_interval_ms;
	shd_scheduler_set_due(polls, feed, wait);
	tell_facts(polls, poll, feed, turned);
	put_off_batches(polls, feed);
	report(polls, poll, turned && !is_told(feed), false, wait);
	shd_scheduler_release(polls, poll);
}

static void committed(struct shd_commit_item *item)
{
	struct shd_poll *poll = (struct shd_poll *)((char *)item - offsetof(struct shd_poll, item));
	struct shd_scheduler *polls = poll->polls;

	polls->committing--;
	if (item->ok) {
		worked(polls, poll, true, item->suspect);
	} else { /* as if it had not been read: asked again from the committed cursor */
		shd_scheduler_set_due(polls, poll->feed, STATE_RETRY_MS);
		shd_scheduler_release(polls, poll);
	}
	shd_scheduler_pump(polls);
}

static void commit(struct shd_scheduler *polls, struct shd_poll *poll)
{
	struct shd_feed *feed = poll->feed;
	struct shd_batch *batch = &poll->item.batch;
	bool harvest = poll->harvest &&
		       (poll->harvest->entity_count || poll->harvest->measure_count);

	shd_feed_enter(feed, SHD_FEED_COMMITTING);
	fill_batch(polls, poll, feed, batch);
	batch->fetch.ok = true;
	batch->fetch.next_due.ms = wall_now(polls).ms + every_ms(feed);
	batch->seen.harvest = harvest ? poll->harvest : NULL;
	batch->seen.listed = poll->listed_changed && !poll->bad_records ? poll->listed : NULL;
	batch->seen.listed_count = batch->seen.listed ? poll->listed_count : 0;
	batch->fetch.clock_skew_ms = poll->skew_ms;
	poll->item.urgent = true;
	poll->item.done = committed;
	polls->committing++;
	shd_commit_add(polls->in.line, &poll->item);
}

void shd_scheduler_poll_ended(struct shd_scheduler *polls, struct shd_poll *poll, bool good)
{
	struct shd_feed *feed = poll->feed;

	polls->active--;
	polls->figures.polls++;
	polls->figures.polls_unchanged += good && !poll->changed;
	polls->figures.requests += (uint64_t)poll->requests;
	polls->figures.throttled += (uint64_t)poll->throttled;
	polls->figures.received_bytes += (uint64_t)poll->bytes;
	polls->figures.parsed_records += poll->parsed_records;
	count(&feed->requests, poll->requests);
	count(&feed->throttled, poll->throttled);
	if (!good)
		failed(polls, poll);
	else if (shd_poll_has_news(poll))
		commit(polls, poll);
	else
		worked(polls, poll, false, false);
}

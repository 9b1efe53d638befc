#include "outcome.h"

#include "host/clock.h"
#include "feeds.h"
#include "retry.h"

#include <stdlib.h>

static int64_t every_ms(const struct shd_feed *feed)
{
	return shd_feed_every_ms(shd_feed_row(feed), shd_feed_of(feed)->source);
}

/* The clock may have been set back meanwhile. */
static struct shd_wall began(const struct shd_poll *poll, struct shd_wall now)
{
	return poll->began.ms < now.ms ? poll->began : now;
}

/* Where the next poll goes on: by the time of those who date the changes, if that is known,
 * and never later than we believe it is. */
static struct shd_cursor time_after(const struct shd_poll *poll, struct shd_wall now)
{
	int64_t skew_ms =
		poll->skew_ms != INT64_MIN ? poll->skew_ms : shd_feed_of(poll->feed)->skew_ms;

	return (struct shd_cursor){.time = shd_time_earlier(began(poll, now), skew_ms)};
}

/* Something of the poll is to be read again. */
static bool left_something(const struct shd_poll *poll)
{
	for (size_t i = 0; i < poll->pages.count; i++)
		if (!shd_pages_at(&poll->pages, i)->body_hash)
			return true;
	return false;
}

/* The same with the text, where the list goes on by one: only what was read whole lies behind
 * it. Borrowed of the poll or its feed. */
static struct shd_cursor cursor_after(const struct shd_poll *poll, struct shd_wall now)
{
	struct shd_cursor cursor = time_after(poll, now);

	if (poll->walk.lack >= SHD_LACK_SHORT)
		return shd_feed_cursor(poll->feed);
	if (!shd_feed_row(poll->feed)->resumes)
		return cursor;
	if (left_something(poll))
		return shd_feed_cursor(poll->feed);
	if (poll->page_out.position.len) {
		cursor.text = poll->page_out.position.data;
		cursor.expires = poll->page_out.expires;
	}
	return cursor;
}

static enum shd_tell when_to_tell(const struct shd_poll *poll, const struct shd_feed *feed,
	bool turned, struct shd_wall now)
{
	if (turned || (feed->unread && !poll->outdated))
		return SHD_TELL_AT_ONCE;
	return shd_feed_note_due(feed, every_ms(feed), now) ? SHD_TELL_WITH_OTHERS
							    : SHD_TELL_NOTHING;
}

static int64_t at_least(int64_t ms, int64_t least_ms)
{
	return ms > least_ms ? ms : least_ms;
}

/* --- what was asked for by id ------------------------------------------------------------- */

/* What a record asked to follow and "no such thing" was said of, or nothing, is asked for again by
 * itself. */
static void settle_record(struct shd_poll *poll, struct shd_poll_follow *follow,
			  struct shd_ask **asks, struct shd_wall now)
{
	struct shd_ask *ask = shd_asks_find(*asks, follow->row, follow->id);

	bool again = follow->what == SHD_ASKED_UNFOUND || follow->what == SHD_ASKED_FAILED;

	if (again && !shd_asks_follow(asks, follow->row, follow->id, follow->what, now))
		shd_poll_put_off(poll, follow);
	else if (follow->what == SHD_ASKED_FOUND && ask && !ask->unlisted)
		shd_asks_answered(asks, ask, SHD_ASKED_FOUND, now);
}

static void settle_follows(struct shd_poll *poll, struct shd_wall now)
{
	struct shd_ask *asks = shd_feed_asks(poll->feed);

	for (size_t i = 0; i < poll->follow_count; i++) {
		struct shd_poll_follow *follow = &poll->follows[i];

		if (follow->ask)
			shd_asks_answered(&asks, follow->ask, follow->what, now);
		else
			settle_record(poll, follow, &asks, now);
	}
	shd_feed_set_asks(poll->feed, asks);
}

/* What the list lacks, as the judge knows it now. */
static void ask_for_unlisted(const struct shd_poll *poll, struct shd_wall now)
{
	const struct shd_endpoint *row = shd_feed_row(poll->feed);
	struct shd_ask *asks = shd_feed_asks(poll->feed);

	if (!row->asks)
		return;
	shd_asks_unlisted(&asks, shd_source_endpoint(poll->source, row->asks),
		poll->item.unlisted, now);
	shd_feed_set_asks(poll->feed, asks);
}

/* Returns owned. */
static const char **find_unfound(
	const struct shd_feed *feed, struct shd_wall now, size_t *ret_count)
{
	const char **unfound = NULL;
	size_t room = 0;

	for (const struct shd_ask *ask = shd_feed_asks(feed); ask; ask = ask->next) {
		if (!ask->unlisted || !shd_ask_is_unfound(ask, now))
			continue;
		shd_grow(unfound, *ret_count, room);
		unfound[(*ret_count)++] = ask->id;
	}
	return unfound;
}

/* --- the poll's own feed ------------------------------------------------------------------- */

struct shd_poll_outcome shd_outcome_read(
	struct shd_poll *poll, bool committed, bool suspect, struct shd_wall now)
{
	struct shd_feed *feed = poll->feed;
	struct shd_poll_outcome outcome = {.counts = true, .mended = -1};
	struct shd_cursor before = shd_feed_cursor(feed);
	struct shd_cursor cursor = suspect ? before : cursor_after(poll, now);
	bool moved = !shd_cursor_same_text(&before, &cursor);
	int64_t period_ms = every_ms(feed), spent_ms = now.ms - poll->began.ms;
	int error_before = feed->error;
	/* A good answer after a suspect one is told at once: the next empty one is a first. */
	bool relieved = feed->suspects && !suspect;

	/* Of a state that failed others tell, and once. */
	outcome.turned = shd_feed_worked(feed, cursor, now) && error_before != SHD_ERR_STATE;
	outcome.lack_turned = shd_feed_lacks(
		feed, (int)poll->walk.lack, poll->incomplete.data, poll->began);
	feed->suspects = suspect;
	settle_follows(poll, now);
	if (!suspect && poll->state == SHD_POLL_CHANGED)
		shd_poll_adopt(poll);
	if (committed && poll->listed_changed && !suspect) {
		shd_feed_set_relist(feed, poll->item.relist_at);
		ask_for_unlisted(poll, now);
	}
	if (committed)
		shd_pages_forget(&feed->pages, poll->item.unclaimed, poll->item.unclaimed_count);
	if (poll->full)
		outcome.wait_ms = at_least(SHD_SECOND_MS, shd_feed_row(feed)->min_interval_ms);
	else if (!poll->outdated && spent_ms >= 0 && spent_ms < period_ms)
		outcome.wait_ms = period_ms - spent_ms;
	feed->next_due.ms = now.ms + outcome.wait_ms;
	if (!committed)
		outcome.tell = when_to_tell(
			poll, feed, outcome.turned || relieved || outcome.lack_turned, now);
	else
		feed->unread = feed->unread && (poll->outdated || poll->full);
	if (!committed && moved && outcome.tell == SHD_TELL_NOTHING)
		outcome.tell = SHD_TELL_WITH_OTHERS;
	if (outcome.turned && shd_err_retry((enum shd_err)error_before) == SHD_RETRY_OPERATOR)
		outcome.mended = error_before;
	return outcome;
}

/* A refused key fails every feed of its source; people hear of the first. */
static bool fails_with_others(const struct shd_feed *feed)
{
	const struct shd_source_feeds *of = shd_feed_of(feed);

	if (shd_err_retry((enum shd_err)feed->error) != SHD_RETRY_OPERATOR ||
	    feed->error == SHD_ERR_ROLE)
		return false; /* a role is missing for one method, not for all */
	for (size_t i = 0; i < of->feed_count; i++)
		if (&of->feeds[i] != feed && of->feeds[i].error == feed->error &&
			of->feeds[i].standing == feed->standing)
			return true;
	return false;
}

enum { STATE_RETRY_MS = 5000 }; /* after a transaction failed */

/* After a failure of a feed that is read every interval_ms. */
static int64_t wait_ms(const struct shd_feed *feed, int64_t interval_ms, int64_t retry_after_ms,
		       uint32_t random)
{
	struct shd_failing failing = shd_feed_failing(feed);
	int64_t pause_ms = shd_standing_pause_ms(
		&failing, (enum shd_standing)feed->standing, interval_ms);

	return shd_retry_ms(pause_ms, retry_after_ms, random);
}

struct shd_poll_outcome shd_outcome_failed(
	struct shd_poll *poll, struct shd_wall now, uint32_t random)
{
	struct shd_feed *feed = poll->feed;
	struct shd_poll_outcome outcome = {.mended = -1};

	outcome.counts = !poll->outdated && poll->error.kind != SHD_ERR_CLOSING;
	if (poll->error.kind == SHD_ERR_STATE) {
		/* The state cannot be told, and has told of it; it is not the feed's fault. */
		shd_feed_failed(feed, &poll->error, now);
		outcome.wait_ms = STATE_RETRY_MS;
	} else if (outcome.counts) {
		bool turned = shd_feed_failed(feed, &poll->error, now);

		settle_follows(poll, now);
		outcome.turned = turned && !fails_with_others(feed);
		outcome.wait_ms =
			at_least(wait_ms(feed, every_ms(feed), poll->retry_after_ms, random),
				shd_feed_row(feed)->min_interval_ms);
		outcome.tell = when_to_tell(poll, feed, turned, now);
	} /* else again and at once: a connection seldom outlives a sleep */
	feed->next_due.ms = now.ms + outcome.wait_ms;
	return outcome;
}

/* --- other feeds of the source --------------------------------------------------------------- */

/* Objects that cannot be read, while others can. */
static bool note_failing(const struct shd_poll *poll, struct shd_feed *feed, struct shd_wall now)
{
	size_t count = shd_asks_failing(shd_feed_asks(poll->feed), shd_feed_row(feed));
	struct shd_text text SHD_AUTO(shd_text_finish) = {0};
	enum shd_lack lack = count ? SHD_LACK_UNREAD : SHD_LACK_NOTHING;

	shd_text_init(&text, SHD_POLL_INCOMPLETE_BYTES);
	if (count)
		shd_text_printf(&text, "%s (%zu)", shd_lack_text(lack), count);
	if (count && poll->bad_records)
		shd_text_printf(&text, ": %s", poll->bad_record.msg);
	return shd_feed_lacks(feed, (int)lack, text.data, now);
}

enum shd_tell shd_outcome_followed(const struct shd_poll *poll,
	const struct shd_poll_followed *followed, struct shd_wall now, uint32_t random)
{
	struct shd_feed *feed = shd_feeds_find(shd_feed_of(poll->feed), followed->row);
	bool gave_up = shd_standing_lasts((enum shd_standing)feed->standing), turned;

	if (followed->row->paging != SHD_PAGE_FOLLOW)
		return SHD_TELL_NOTHING; /* it is read by itself as well, and stands as that goes */
	bool lack_turned = note_failing(poll, feed, now);
	if (followed->unread && !followed->read && !followed->failed)
		return SHD_TELL_NOTHING; /* one or two objects say nothing of it */
	if (followed->failed) {
		turned = shd_feed_failed(feed, &followed->error, now);
		feed->next_due.ms = now.ms + wait_ms(feed, every_ms(poll->feed),
						     followed->retry_after_ms, random);
	} else {
		turned = shd_feed_worked(feed, time_after(poll, now), now);
		if (gave_up) /* objects that were passed over meanwhile */
			shd_pages_forget_all(&poll->feed->pages);
	}
	return when_to_tell(poll, feed, turned || lack_turned, now);
}

bool shd_outcome_wakes(const struct shd_feed *feed, int mended, const struct shd_feed *other)
{
	return mended >= 0 && other != feed && other->error == mended && other->item.place &&
	       !other->poll;
}

/* --- for the state --------------------------------------------------------------------------- */

static void fill(const struct shd_poll *poll, struct shd_feed *feed, struct shd_wall now,
		 struct shd_batch *ret_batch)
{
	*ret_batch = (struct shd_batch){
		.source = shd_feed_of(feed)->source,
		.fetch = {
			.row = shd_feed_row(feed),
			.began = began(poll, now),
			.clock_skew_ms = feed == poll->feed ? poll->skew_ms : INT64_MIN,
			.requests = feed->requests,
			.throttled = feed->throttled,
			.outdated = poll->outdated,
			.partly = feed == poll->feed && poll->full,
		},
	};
	feed->requests = feed->throttled = 0;
	shd_feed_noted(feed, now);
}

void shd_outcome_facts(const struct shd_poll *poll, struct shd_feed *feed, struct shd_wall now,
		       struct shd_batch *ret_batch)
{
	const struct shd_feed_lack *lack = shd_feed_lack(feed);

	fill(poll, feed, now, ret_batch);
	ret_batch->fetch.cursor = shd_feed_cursor(feed);
	ret_batch->fetch.ok = feed->error < 0;
	ret_batch->fetch.next_due = feed->next_due;
	if (lack) {
		ret_batch->fetch.incomplete = lack->text;
		ret_batch->fetch.incomplete_since = lack->since;
	}
	if (feed->error >= 0)
		shd_fail(&ret_batch->fetch.error, (enum shd_err)feed->error, "%s",
			shd_feed_failure(feed)->text);
	ret_batch->fetch.standing = (enum shd_standing)feed->standing;
	ret_batch->fetch.failures = feed->error >= 0 ? shd_feed_failure(feed)->count : 0;
	feed->unread = feed->unread && (poll->outdated || !shd_feed_settled(feed));
}

static void fill_listed(
	struct shd_poll *poll, struct shd_wall now, struct shd_observation *ret_seen)
{
	const struct shd_endpoint *row = shd_feed_row(poll->feed);
	bool batch = row->paging == SHD_PAGE_BATCH && !row->had_rows;

	ret_seen->listed = poll->listed;
	ret_seen->listed_count = poll->listed_count;
	ret_seen->asked = batch ? poll->ids : poll->had;
	ret_seen->asked_count = batch ? poll->id_count : poll->had_count;
	free(poll->unfound);
	ret_seen->unfound_count = 0;
	ret_seen->unfound = poll->unfound =
		find_unfound(poll->feed, now, &ret_seen->unfound_count);
}

void shd_outcome_part(const struct shd_poll *poll, struct shd_wall now,
		      struct shd_batch *ret_batch)
{
	shd_outcome_facts(poll, poll->feed, now, ret_batch);
	ret_batch->seen.harvest = poll->harvest;
	ret_batch->seen.incomplete = poll->broken_error.msg;
}

void shd_outcome_news(struct shd_poll *poll, struct shd_wall now, struct shd_batch *ret_batch)
{
	const struct shd_harvest *harvest = poll->harvest;
	bool brought = harvest && shd_harvest_says(harvest);

	fill(poll, poll->feed, now, ret_batch);
	ret_batch->fetch.cursor = cursor_after(poll, now);
	ret_batch->fetch.ok = true;
	ret_batch->fetch.next_due.ms = now.ms + every_ms(poll->feed);
	ret_batch->seen.harvest = brought ? poll->harvest : NULL;
	if (poll->listed_changed)
		fill_listed(poll, now, &ret_batch->seen);
	if (poll->walk.lack) {
		const struct shd_feed_lack *lack = shd_feed_lack(poll->feed);

		ret_batch->fetch.incomplete = poll->incomplete.data;
		if (!shd_lack_misses(poll->walk.lack, shd_feed_row(poll->feed)))
			ret_batch->seen.incomplete = poll->incomplete.data;
		ret_batch->fetch.incomplete_since = lack ? lack->since : poll->began;
	}
}

/* A feed, from poll to poll (what one poll does meanwhile: poll.c):
 *
 *   IDLE       -> QUEUED      due                                        [release]
 *   IDLE       -> WAITING     due, but the ids to ask for were never read [release]
 *   WAITING    -> IDLE        they were                                  [wake_waiting]
 *   QUEUED     -> IN_FLIGHT   a slot; its poll begins                    [shd_scheduler_begin_poll]
 *   QUEUED     -> IDLE        its source is to be left alone, or a reload waits
 *                                                           [start, shd_scheduler_pause]
 *   IN_FLIGHT  -> COMMITTING  something new is to be kept                [shd_scheduler_poll_ended]
 *   IN_FLIGHT  -> IDLE        nothing new, or an error: both are facts   [shd_scheduler_release]
 *   COMMITTING -> IDLE        stored, or not                             [shd_scheduler_release]
 *   IDLE, WAITING -> CLOSING  reload or exit                             [shd_scheduler_close]
 */
#include "feed.h"

#include "feeds.h"
#include "walk.h"

#include <stdlib.h>
#include <string.h>

static struct shd_feed_failure *make_failure(const char *text)
{
	size_t len = strlen(text) + 1;
	struct shd_feed_failure *failure = shd_xcalloc(1, sizeof(*failure) + len);

	memcpy(failure->text, text, len);
	return failure;
}

static struct shd_feed_failure *copy_failure(const struct shd_feed_failure *old)
{
	struct shd_feed_failure *failure = make_failure(old->text);

	failure->since = old->since;
	failure->last_try = old->last_try;
	failure->count = old->count;
	return failure;
}

/* Nothing of `extra` is kept that is empty. */
static void set_extra(struct shd_feed *feed, const struct shd_feed_extra *extra)
{
	if (!extra->failure && !extra->lack && !extra->cursor_text && !extra->relist_at.ms &&
		!extra->asks) {
		free(shd_steal(feed->extra));
		return;
	}
	if (!feed->extra)
		feed->extra = shd_xcalloc(1, sizeof(*feed->extra));
	*feed->extra = *extra;
}

static struct shd_feed_extra get_extra(const struct shd_feed *feed)
{
	return feed->extra ? *feed->extra : (struct shd_feed_extra){0};
}

/* Takes it. */
static void set_failure(struct shd_feed *feed, struct shd_feed_failure *failure)
{
	struct shd_feed_extra extra = get_extra(feed);

	free(extra.failure);
	extra.failure = failure;
	set_extra(feed, &extra);
}

/* Takes it. */
static void set_lack(struct shd_feed *feed, struct shd_feed_lack *lack)
{
	struct shd_feed_extra extra = get_extra(feed);

	free(extra.lack);
	extra.lack = lack;
	set_extra(feed, &extra);
}

void shd_feed_set_relist(struct shd_feed *feed, struct shd_wall at)
{
	struct shd_feed_extra extra = get_extra(feed);

	extra.relist_at.ms = at.ms == SHD_NEVER_MS ? 0 : at.ms;
	set_extra(feed, &extra);
}

void shd_feed_set_asks(struct shd_feed *feed, struct shd_ask *asks)
{
	struct shd_feed_extra extra = get_extra(feed);

	extra.asks = asks;
	set_extra(feed, &extra);
}

static struct shd_feed_lack *make_lack(const char *text)
{
	size_t len = strlen(text) + 1;
	struct shd_feed_lack *lack = shd_xcalloc(1, sizeof(*lack) + len);

	memcpy(lack->text, text, len);
	return lack;
}

static struct shd_feed_lack *copy_lack(const struct shd_feed_lack *old)
{
	struct shd_feed_lack *lack = make_lack(old->text);

	lack->since = old->since;
	lack->count = old->count;
	lack->lack = old->lack;
	return lack;
}

struct shd_cursor shd_feed_cursor(const struct shd_feed *feed)
{
	struct shd_feed_extra extra = get_extra(feed);

	return (struct shd_cursor){feed->cursor_time, extra.cursor_text, extra.cursor_expires};
}

void shd_feed_set_cursor(struct shd_feed *feed, struct shd_cursor cursor)
{
	struct shd_cursor kept = shd_feed_cursor(feed);
	struct shd_feed_extra extra = get_extra(feed);

	shd_cursor_copy(&kept, cursor);
	feed->cursor_time = kept.time;
	extra.cursor_text = kept.text;
	extra.cursor_expires = kept.expires;
	set_extra(feed, &extra);
}

void shd_feed_init(struct shd_feed *feed, size_t at, const struct shd_feed_row *known)
{
	shd_assert(at <= UINT16_MAX);
	*feed = (struct shd_feed){.at = (uint16_t)at, .error = -1};
	if (!known)
		return;
	shd_feed_set_cursor(feed, known->cursor);
	feed->last_success = known->last_success;
	feed->next_due = known->next_due;
	feed->suspects = known->suspects > 0;
	feed->standing = (unsigned)known->standing & 15u;
	if (known->incomplete) {
		struct shd_feed_lack *lack = make_lack(known->incomplete);

		lack->since = known->incomplete_since;
		lack->lack = (uint8_t)shd_lack_said(known->incomplete);
		set_lack(feed, lack);
	}
	if (known->error < 0)
		return;
	feed->error = (int8_t)known->error;
	struct shd_feed_failure *failure =
		make_failure(known->error_text ? known->error_text : "");
	failure->since = known->failing_since;
	failure->last_try = known->last_try;
	failure->count = known->failures;
	set_failure(feed, failure);
}

void shd_feed_finish(struct shd_feed *feed)
{
	shd_pages_clear(&feed->pages);
	shd_feed_set_cursor(feed, (struct shd_cursor){0});
	set_failure(feed, NULL);
	set_lack(feed, NULL);
	shd_feed_set_relist(feed, (struct shd_wall){0});
	struct shd_ask *asks = shd_feed_asks(feed);
	shd_asks_finish(&asks);
	shd_feed_set_asks(feed, NULL);
}

void shd_feed_inherit(struct shd_feed *feed, const struct shd_feed *old)
{
	const struct shd_feed_failure *failure = shd_feed_failure(old);

	shd_feed_set_cursor(feed, shd_feed_cursor(old));
	feed->last_success = old->last_success;
	feed->next_due = old->next_due;
	feed->suspects = old->suspects;
	feed->error = old->error;
	feed->standing = old->standing;
	set_failure(feed, failure ? copy_failure(failure) : NULL);
	set_lack(feed, shd_feed_lack(old) ? copy_lack(shd_feed_lack(old)) : NULL);
	feed->catching_up = old->catching_up;
	feed->unread = old->unread;
	feed->left_out = old->left_out;
}

void shd_feed_enter(struct shd_feed *feed, enum shd_feed_state state)
{
	static const uint8_t allowed[] = {
		[SHD_FEED_IDLE] = 1 << SHD_FEED_WAITING | 1 << SHD_FEED_QUEUED |
				  1 << SHD_FEED_CLOSING,
		[SHD_FEED_WAITING] = 1 << SHD_FEED_IDLE | 1 << SHD_FEED_CLOSING,
		[SHD_FEED_QUEUED] = 1 << SHD_FEED_IN_FLIGHT | 1 << SHD_FEED_IDLE,
		[SHD_FEED_IN_FLIGHT] = 1 << SHD_FEED_COMMITTING | 1 << SHD_FEED_IDLE,
		[SHD_FEED_COMMITTING] = 1 << SHD_FEED_IDLE,
		[SHD_FEED_CLOSING] = 0,
	};
	shd_assert(allowed[feed->state] & 1 << state);
	feed->state = (unsigned)state & 15u;
}

bool shd_feed_worked(struct shd_feed *feed, struct shd_cursor cursor, struct shd_wall now)
{
	bool changed = feed->error >= 0;

	shd_feed_set_cursor(feed, cursor);
	feed->last_success = now;
	feed->error = -1;
	feed->standing = SHD_STANDING_READ;
	set_failure(feed, NULL);
	return changed;
}

bool shd_feed_lacks(struct shd_feed *feed, int lack, const char *text, struct shd_wall now)
{
	const struct shd_feed_lack *before = shd_feed_lack(feed);
	bool changed = (before ? before->lack : 0) != lack;

	if (!lack) {
		if (before)
			set_lack(feed, NULL);
		return changed;
	}
	/* A poll that read nothing anew has no example: the one that is known still holds. */
	bool shorter = before && !changed && strncmp(before->text, text, strlen(text)) == 0;
	struct shd_feed_lack *mine = make_lack(shorter ? before->text : text);
	mine->lack = (uint8_t)lack;
	mine->since = before ? before->since : now;
	mine->count = before && before->count < INT32_MAX ? before->count + 1 : 1;
	set_lack(feed, mine);
	return changed;
}

static bool worked(const struct shd_feed *feed)
{
	const struct shd_source_feeds *of = shd_feed_of(feed);

	if (!shd_standing_is_shared((enum shd_err)feed->error))
		return feed->last_success.ms;
	for (size_t i = 0; i < of->feed_count; i++)
		if (of->feeds[i].last_success.ms)
			return true;
	return false;
}

struct shd_failing shd_feed_failing(const struct shd_feed *feed)
{
	const struct shd_feed_failure *failure = shd_feed_failure(feed);

	return (struct shd_failing){.kind = (enum shd_err)feed->error,
		.count = failure->count,
		.for_ms = failure->last_try.ms - failure->since.ms,
		.worked = worked(feed)};
}

/* Whether another feed of the source was read after that. */
static bool others_read_since(const struct shd_feed *feed, struct shd_wall time)
{
	const struct shd_source_feeds *of = shd_feed_of(feed);

	for (size_t i = 0; i < of->feed_count; i++)
		if (&of->feeds[i] != feed && of->feeds[i].last_success.ms > time.ms)
			return true;
	return false;
}

/* Whether the failures are counted on: the same again, or another that passes by itself, so that
 * a server that fails in several ways is asked no more often. */
static bool goes_on(const struct shd_feed *feed, enum shd_err kind)
{
	return feed->error == (int)kind ||
	       (feed->error >= 0 && shd_err_retry(kind) == SHD_RETRY_LATER &&
		       shd_err_retry((enum shd_err)feed->error) == SHD_RETRY_LATER);
}

bool shd_feed_failed(struct shd_feed *feed, const struct shd_error *err, struct shd_wall now)
{
	bool changed = feed->error != (int)err->kind, counted = goes_on(feed, err->kind);
	uint8_t standing_before = feed->standing;
	const struct shd_feed_failure *before = shd_feed_failure(feed);
	bool elsewhere = before && others_read_since(feed, before->last_try);
	struct shd_feed_failure *failure = make_failure(err->msg);

	failure->since = before ? before->since : now;
	failure->last_try = now;
	failure->count = 1;
	if (before && counted)
		failure->count = before->count < INT32_MAX ? before->count + 1 : INT32_MAX;
	feed->error = (int8_t)err->kind;
	set_failure(feed, failure);
	struct shd_failing failing = shd_feed_failing(feed);
	failing.works_elsewhere = elsewhere;
	feed->standing = (unsigned)shd_standing_after(shd_feed_row(feed), &failing) & 15u;
	return changed || feed->standing != standing_before;
}

bool shd_feed_settled(const struct shd_feed *feed)
{
	return shd_feed_row(feed)->optional ||
	       !shd_standing_may_pass((enum shd_standing)feed->standing);
}

void shd_feed_noted(struct shd_feed *feed, struct shd_wall now)
{
	feed->noted_s = (uint32_t)(now.ms / SHD_SECOND_MS);
}

bool shd_feed_note_due(const struct shd_feed *feed, int64_t every_ms, struct shd_wall now)
{
	/* A poller is blind after three intervals, but not within a minute; what the state
	 * knows of a success has to be younger than that. */
	int64_t wait = every_ms + every_ms / 2, least = SHD_MINUTE_MS / 2;

	int64_t noted_ms = feed->noted_s * SHD_SECOND_MS;

	return now.ms - noted_ms >= (wait > least ? wait : least) || now.ms < noted_ms;
}

int64_t shd_feed_every_ms(const struct shd_endpoint *row, const struct shd_source *source)
{
	int64_t every_ms = source->every_ms[row->poller];

	if (row->paging == SHD_PAGE_FOLLOW || every_ms == 0)
		return 0;
	return every_ms > row->every_ms ? every_ms : row->every_ms;
}

void shd_feed_status(const struct shd_feed *feed, struct shd_feed_status *ret_status)
{
	static const char *const names[] = {
#define X(id, name, text) name,
		SHD_FEED_STATE_MAP(X)
#undef X
	};
	const struct shd_feed_failure *failure = shd_feed_failure(feed);
	const struct shd_feed_lack *lack = shd_feed_lack(feed);
	*ret_status = (struct shd_feed_status){
		.source = shd_feed_of(feed)->source->id,
		.endpoint = shd_feed_row(feed)->name,
		.poller = shd_feed_row(feed)->poller,
		.state = names[feed->state],
		.last_success = feed->last_success,
		.last_try = failure ? failure->last_try : feed->last_success,
		.next_due = feed->next_due,
		.failing_since = failure ? failure->since : (struct shd_wall){0},
		.every_ms = shd_feed_every_ms(shd_feed_row(feed), shd_feed_of(feed)->source),
		.failures = failure ? failure->count : 0,
		.error = feed->error,
		.error_text = failure ? failure->text : "",
		.incomplete = lack ? lack->text : "",
		.incomplete_since = lack ? lack->since : (struct shd_wall){0},
		.standing = (enum shd_standing)feed->standing,
		.optional = shd_feed_row(feed)->optional,
		.follow = shd_feed_row(feed)->paging == SHD_PAGE_FOLLOW,
		.records = shd_pages_records(&feed->pages),
	};
}

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

void shd_feed_init(struct shd_feed *feed, const struct shd_endpoint *row,
		   struct shd_source_feeds *of, const struct shd_feed_row *known)
{
	*feed = (struct shd_feed){.row = row, .of = of, .error = -1};
	if (!known)
		return;
	shd_cursor_copy(&feed->cursor, known->cursor);
	feed->last_success = known->last_success;
	feed->next_due = known->next_due;
	feed->suspects = known->suspects > 0;
	if (known->error < 0)
		return;
	feed->error = (int8_t)known->error;
	feed->not_available = known->not_available;
	feed->failure = make_failure(known->error_text ? known->error_text : "");
	feed->failure->since = known->failing_since;
	feed->failure->last_try = known->last_try;
	feed->failure->count = known->failures;
}

void shd_feed_finish(struct shd_feed *feed)
{
	shd_pages_clear(&feed->pages);
	shd_cursor_drop_text(&feed->cursor);
	free(shd_steal(feed->failure));
}

void shd_feed_inherit(struct shd_feed *feed, const struct shd_feed *old)
{
	shd_cursor_copy(&feed->cursor, old->cursor);
	feed->last_success = old->last_success;
	feed->next_due = old->next_due;
	feed->suspects = old->suspects;
	feed->error = old->error;
	feed->not_available = old->not_available;
	free(feed->failure);
	feed->failure = old->failure ? copy_failure(old->failure) : NULL;
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
	feed->state = (uint8_t)state;
}

bool shd_feed_worked(struct shd_feed *feed, struct shd_cursor cursor, struct shd_wall now)
{
	bool changed = feed->error >= 0;

	shd_cursor_copy(&feed->cursor, cursor);
	feed->last_success = now;
	feed->error = -1;
	feed->not_available = false;
	free(shd_steal(feed->failure));
	return changed;
}

bool shd_feed_failed(struct shd_feed *feed, const struct shd_error *err, struct shd_wall now)
{
	bool changed = feed->error != (int)err->kind;
	struct shd_feed_failure *before = feed->failure, *failure = make_failure(err->msg);

	failure->since = before ? before->since : now;
	failure->last_try = now;
	failure->count = 1;
	if (before && !changed)
		failure->count = before->count < INT32_MAX ? before->count + 1 : INT32_MAX;
	feed->error = (int8_t)err->kind;
	feed->not_available = shd_adapter_lacks(feed->row, err->kind);
	feed->failure = failure;
	free(before);
	return changed;
}

bool shd_feed_settled(const struct shd_feed *feed)
{
	return feed->error < 0 || feed->row->optional ||
	       shd_err_retry((enum shd_err)feed->error) != SHD_RETRY_LATER;
}

bool shd_feed_note_due(const struct shd_feed *feed, int64_t every_ms, struct shd_wall now)
{
	/* A poller is blind after three intervals, but not within a minute; what the state
	 * knows of a success has to be younger than that. */
	int64_t wait = every_ms + every_ms / 2, least = SHD_MINUTE_MS / 2;

	return now.ms - feed->noted.ms >= (wait > least ? wait : least) ||
	       now.ms < feed->noted.ms;
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
	const struct shd_feed_failure *failure = feed->failure;
	*ret_status = (struct shd_feed_status){
		.source = feed->of->source->id,
		.endpoint = feed->row->name,
		.poller = feed->row->poller,
		.state = names[feed->state],
		.last_success = feed->last_success,
		.last_try = failure ? failure->last_try : feed->last_success,
		.next_due = feed->next_due,
		.failing_since = failure ? failure->since : (struct shd_wall){0},
		.every_ms = shd_feed_every_ms(feed->row, feed->of->source),
		.failures = failure ? failure->count : 0,
		.error = feed->error,
		.error_text = failure ? failure->text : "",
		.not_available = feed->not_available,
		.optional = feed->row->optional,
		.follow = feed->row->paging == SHD_PAGE_FOLLOW,
		.records = shd_pages_records(&feed->pages),
	};
}

/*      IDLE       -> QUEUED      due                                          [release]
 *      QUEUED     -> IN_FLIGHT   slot and rate token granted                  [shd_polls_pump]
 *      IN_FLIGHT  -> COMMITTING  something new is to be kept                  [shd_polls_over]
 *      IN_FLIGHT  -> IDLE        nothing new, or an error: both are facts      [shd_polls_over]
 *      COMMITTING -> IDLE        stored; next due is the period or back-off   [committed]
 *      any        -> CLOSING     reload or exit                               [shd_polls_close]
 */
#include "feed.h"

#include "conf/settings.h"

#include <stdlib.h>

void shd_feed_init(struct shd_feed *feed, const struct shd_endpoint *row, uint32_t store,
		   const struct shd_feed_row *known)
{
	*feed = (struct shd_feed){.row = row, .store = store, .error = -1};
	if (!known)
		return;
	feed->since = known->since;
	feed->last_success = known->last_success;
	feed->last_try = known->last_try;
	feed->next_due = known->next_due;
	feed->suspects = (uint8_t)known->suspects;
	if (known->error < 0)
		return;
	feed->failing_since = known->failing_since;
	feed->failures = known->failures;
	feed->error = (int8_t)known->error;
	feed->not_available = known->not_available;
	feed->error_text = shd_xstrdup(known->error_text ? known->error_text : "");
}

void shd_feed_finish(struct shd_feed *feed)
{
	shd_pages_clear(&feed->pages);
	free(shd_steal(feed->error_text));
}

void shd_feed_inherit(struct shd_feed *feed, const struct shd_feed *old)
{
	feed->since = old->since;
	feed->last_success = old->last_success;
	feed->last_try = old->last_try;
	feed->next_due = old->next_due;
	feed->suspects = old->suspects;
	feed->failing_since = old->failing_since;
	feed->failures = old->failures;
	feed->error = old->error;
	feed->not_available = old->not_available;
	feed->error_text = old->error_text ? shd_xstrdup(old->error_text) : NULL;
}

void shd_feed_enter(struct shd_feed *feed, enum shd_feed_state state)
{
	static const uint8_t allowed[] = {
		[SHD_FEED_IDLE] = 1 << SHD_FEED_QUEUED | 1 << SHD_FEED_CLOSING,
		[SHD_FEED_QUEUED] = 1 << SHD_FEED_IN_FLIGHT | 1 << SHD_FEED_IDLE |
				    1 << SHD_FEED_CLOSING,
		[SHD_FEED_IN_FLIGHT] = 1 << SHD_FEED_COMMITTING | 1 << SHD_FEED_IDLE,
		[SHD_FEED_COMMITTING] = 1 << SHD_FEED_IDLE,
		[SHD_FEED_CLOSING] = 0,
	};
	shd_assert(allowed[feed->state] & 1 << state);
	feed->state = (uint8_t)state;
}

bool shd_feed_worked(struct shd_feed *feed, struct shd_wall began, struct shd_wall now)
{
	bool changed = feed->error >= 0;

	feed->since = began;
	feed->last_success = now;
	feed->last_try = now;
	feed->failing_since.ms = 0;
	feed->failures = 0;
	feed->error = -1;
	feed->not_available = false;
	free(shd_steal(feed->error_text));
	return changed;
}

bool shd_feed_failed(struct shd_feed *feed, const struct shd_error *err, struct shd_wall now)
{
	bool changed = feed->error != (int)err->kind;

	feed->last_try = now;
	if (!feed->failing_since.ms)
		feed->failing_since = now;
	if (changed)
		feed->failures = 0;
	if (feed->failures < INT32_MAX)
		feed->failures++;
	feed->error = (int8_t)err->kind;
	feed->not_available = shd_market_lacks(feed->row, err->kind);
	free(feed->error_text);
	feed->error_text = shd_xstrdup(err->msg);
	return changed;
}

bool shd_feed_note_due(const struct shd_feed *feed, int64_t every_ms, struct shd_wall now)
{
	/* A poller is blind after three intervals, but not within a minute; what the state
	 * knows of a success has to be younger than that. */
	int64_t wait = every_ms + every_ms / 2, least = SHD_MINUTE_MS / 2;

	return now.ms - feed->noted.ms >= (wait > least ? wait : least) ||
	       now.ms < feed->noted.ms;
}

int64_t shd_feed_every_ms(const struct shd_endpoint *row, const struct shd_store_settings *store)
{
	int64_t every_ms = store->every_ms[row->poller];

	if (row->paging == SHD_PAGE_FOLLOW || every_ms == 0)
		return 0;
	return every_ms > row->every_ms ? every_ms : row->every_ms;
}

void shd_feed_status(const struct shd_feed *feed, const struct shd_store_settings *store,
		     struct shd_feed_status *ret_status)
{
	static const char *const names[] = {
#define X(id, name, text) name,
		SHD_FEED_STATE_MAP(X)
#undef X
	};
	*ret_status = (struct shd_feed_status){
		.store = store->id,
		.endpoint = feed->row->name,
		.poller = feed->row->poller,
		.state = names[feed->state],
		.last_success = feed->last_success,
		.last_try = feed->last_try,
		.next_due = feed->next_due,
		.failing_since = feed->failing_since,
		.every_ms = shd_feed_every_ms(feed->row, store),
		.failures = feed->failures,
		.error = feed->error,
		.error_text = feed->error_text ? feed->error_text : "",
		.not_available = feed->not_available,
		.optional = feed->row->optional,
		.follow = feed->row->paging == SHD_PAGE_FOLLOW,
		.records = shd_pages_records(&feed->pages),
	};
}

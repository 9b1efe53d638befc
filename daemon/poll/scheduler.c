#include "scheduler_own.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	RELEASE_MS = 10,         /* due feeds are released together, which saves CPU; but a burst
				  * is judged and told together too, and who is first waits */
	KEPT_MS = 1000,          /* while the last move of a report is being kept */
	GRACE_MS = 500,          /* for requests under way, before a pause gives them up */
};

/* --- time ---------------------------------------------------------------------------- */

static void release(uv_timer_t *timer);

static void set_timer(struct shd_scheduler *scheduler)
{
	int64_t at = shd_heap_next(&scheduler->heap).ms, now = mono_now(scheduler).ms;
	int64_t late_at = scheduler->first ? shd_scheduler_late_at(scheduler).ms : SHD_NEVER_MS;

	if (at > late_at)
		at = late_at;
	if (at == SHD_NEVER_MS || scheduler->paused)
		return;
	at = (at > now ? at : now) / RELEASE_MS * RELEASE_MS + RELEASE_MS;
	if (uv_is_active((uv_handle_t *)&scheduler->timer) && scheduler->timer_at.ms <= at)
		return;
	scheduler->timer_at.ms = at;
	uv_timer_start(&scheduler->timer, release, (uint64_t)(at - now), 0);
}

void shd_scheduler_put_in(struct shd_scheduler *scheduler, struct shd_feed *feed, int64_t wait_ms)
{
	shd_heap_put(&scheduler->heap, &feed->item,
		(struct shd_mono){mono_now(scheduler).ms + wait_ms});
	set_timer(scheduler);
}

/* The feed's next poll. */
void shd_scheduler_set_due(struct shd_scheduler *scheduler, struct shd_feed *feed, int64_t wait_ms)
{
	if (every_ms(feed) == 0)
		return;
	feed->next_due.ms = wall_now(scheduler).ms + wait_ms;
	shd_scheduler_put_in(scheduler, feed, wait_ms);
}

static struct shd_feed *feed_of(struct shd_heap_item *item)
{
	void *bytes = item; /* the item is packed, its feed is not */

	return (struct shd_feed *)((char *)bytes - offsetof(struct shd_feed, item));
}

/* An item that is out of the heap. */
void shd_scheduler_enqueue(struct shd_scheduler *scheduler, struct shd_heap_item *item)
{
	item->next = NULL;
	if (scheduler->first)
		scheduler->last->next = item;
	else
		scheduler->first = item;
	scheduler->last = item;
	scheduler->queued++;
}

/* The one that waits longest; there is one. */
static struct shd_feed *dequeue(struct shd_scheduler *scheduler)
{
	struct shd_heap_item *item = scheduler->first;

	scheduler->first = item->next;
	scheduler->queued--;
	return feed_of(item);
}

/* Takes out all that is due before any of it runs. */
static void release(uv_timer_t *timer)
{
	struct shd_scheduler *scheduler = timer->data;
	struct shd_heap_item *item;

	while ((item = shd_heap_take(&scheduler->heap, mono_now(scheduler)))) {
		struct shd_feed *feed = feed_of(item);

		if (!feed->poll) {
			bool batch = shd_feed_row(feed)->paging == SHD_PAGE_BATCH;

			/* Ids that were never read cannot be asked for; their feed wakes it. */
			if (batch && !shd_feeds_ids_of(feed)->pages.count) {
				shd_feed_enter(feed, SHD_FEED_WAITING);
				continue;
			}
			shd_feed_enter(feed, SHD_FEED_QUEUED);
		}
		shd_scheduler_enqueue(scheduler, item);
	}
	shd_scheduler_pump(scheduler);
	set_timer(scheduler);
}

/* --- the queue -------------------------------------------------------------------------------- */

/* How long the feed's poll is not to begin: its source is to be left alone, or the next request
 * of its report is not due. */
static int64_t begin_wait_ms(const struct shd_scheduler *scheduler, const struct shd_feed *feed)
{
	int64_t wait_ms = shd_limits_paused_ms(shd_feed_of(feed)->limits, mono_now(scheduler));
	struct shd_wall now = wall_now(scheduler);

	if (wait_ms > 0 || !shd_feed_row(feed)->report)
		return wait_ms;
	const struct shd_job *job = shd_job_table_find(scheduler->in.reports,
		shd_feed_of(feed)->source->id, shd_feed_row(feed)->name, now);
	return job ? job->not_before.ms - now.ms : KEPT_MS;
}

/* The feed, or its parked poll, is not to ask for so long. */
static void start_later(struct shd_scheduler *scheduler, struct shd_feed *feed, int64_t wait_ms)
{
	if (feed->poll) {
		shd_scheduler_put_in(scheduler, feed, wait_ms);
		return;
	}
	shd_feed_enter(feed, SHD_FEED_IDLE);
	shd_scheduler_put_off(scheduler, feed, wait_ms);
}

static void start(struct shd_scheduler *scheduler, struct shd_feed *feed)
{
	struct shd_lane *lane = shd_feed_of(feed)->lane;
	int64_t wait_ms = feed->poll ? 0 : begin_wait_ms(scheduler, feed);

	if (wait_ms <= 0)
		wait_ms = shd_lane_wait_ms(&scheduler->lanes, lane, mono_now(scheduler));
	if (wait_ms == SHD_LANE_BUSY) {
		shd_lane_wait(&scheduler->lanes, lane, &feed->item);
		return;
	}
	if (wait_ms > 0) {
		start_later(scheduler, feed, wait_ms);
		return;
	}
	scheduler->active++;
	if (feed->poll)
		shd_scheduler_resume_poll(feed->poll);
	else
		shd_scheduler_begin_poll(scheduler, feed);
}

void shd_scheduler_pump(struct shd_scheduler *scheduler)
{
	shd_scheduler_meet_epoch(scheduler);
	while (scheduler->first && !scheduler->paused && !shd_commit_full(scheduler->in.commit) &&
		(scheduler->active < scheduler->in_flight_max ||
			shd_scheduler_set_late(scheduler)))
		start(scheduler, dequeue(scheduler));
	if (scheduler->first)
		set_timer(scheduler); /* for the next one that will be late */
}

/* --- life ------------------------------------------------------------------------------------ */

static bool is_overdue(const struct shd_scheduler *scheduler, const struct shd_feed *feed)
{
	int64_t longest = feed->error >= 0 ? SHD_STANDING_WAIT_MAX_MS : every_ms(feed);
	int64_t wait = feed->next_due.ms - wall_now(scheduler).ms;

	return wait <= 0 || wait > longest;
}

static int64_t soon_ms(const struct shd_scheduler *scheduler, const struct shd_feed *feed)
{
	return shd_retry_spread_ms(scheduler->feeds.count, every_ms(feed), draw(scheduler));
}

/* What waits for somebody to act, or for ids, would only hold up the rest. One that
 * just fails is judged by its age, as ever, until that age would make it blind at once.
 * `watched`: the store was read before, so that nobody takes a feed without facts for one
 * that is still to come. */
static void start_catch_up(struct shd_scheduler *scheduler, struct shd_feed *feed, bool watched)
{
	bool fails = feed->error >= 0, waits = feed->state == SHD_FEED_WAITING;
	bool later = shd_standing_may_pass((enum shd_standing)feed->standing);
	bool aged = wall_now(scheduler).ms - feed->last_success.ms > 3 * every_ms(feed);

	feed->unread = watched && !waits && (!fails || (later && aged));
	if (feed->catching_up || waits || (fails && !later))
		return;
	feed->catching_up = true;
	scheduler->catching_up++;
}

/* When a feed is polled first: those that are overdue, that list ids or that somebody may have
 * mended meanwhile soon, the others when they would have been. */
static void first_due(struct shd_scheduler *scheduler, struct shd_feed *feed, bool watched)
{
	bool refused = feed->error >= 0 &&
		       shd_err_retry((enum shd_err)feed->error) != SHD_RETRY_LATER;
	bool overdue = is_overdue(scheduler, feed);

	if (!every_ms(feed)) {
		feed->catching_up = feed->unread = false;
		return;
	}
	scheduler->catching_up += feed->catching_up; /* inherited */
	if (!feed->goes_on && overdue)
		start_catch_up(scheduler, feed, watched);
	bool soon = overdue || feed->catching_up || feed->unread || feed->lists_ids || refused;
	shd_scheduler_set_due(scheduler, feed,
		soon ? soon_ms(scheduler, feed) : feed->next_due.ms - wall_now(scheduler).ms);
}

static void start_source(struct shd_scheduler *scheduler, struct shd_source_feeds *of)
{
	bool watched = false;

	for (size_t i = 0; i < of->feed_count; i++)
		watched = watched || of->feeds[i].last_success.ms;
	for (size_t i = 0; i < of->feed_count; i++)
		first_due(scheduler, &of->feeds[i], watched);
}

/* A cursor of a clock that was ahead covers nothing that happened meanwhile; one that is not
 * known to be of the marketplace's clock may be such. */
static void take_back_cursor(
	const struct shd_scheduler *scheduler, struct shd_feed *feed, int64_t jumped_ms)
{
	bool ours = shd_feed_of(feed)->skew_ms == INT64_MIN;
	struct shd_wall *time = &feed->cursor_time;

	if (time->ms && jumped_ms < 0 && (ours || time->ms > wall_now(scheduler).ms))
		time->ms += jumped_ms;
}

static void catch_up_feed(
	struct shd_scheduler *scheduler, struct shd_feed *feed, int64_t jumped_ms)
{
	bool overdue = feed->poll || is_overdue(scheduler, feed);

	take_back_cursor(scheduler, feed, jumped_ms);
	if (!every_ms(feed))
		return;
	if (feed->poll)
		feed->poll->outdated = true;
	feed->telling = false;
	if (overdue)
		start_catch_up(scheduler, feed, feed->last_success.ms);
	/* Its place in the schedule is on a clock that stood still meanwhile. */
	if (feed->item.place && !feed->poll)
		shd_scheduler_set_due(scheduler, feed,
			overdue ? soon_ms(scheduler, feed)
				: feed->next_due.ms - wall_now(scheduler).ms);
}

static void catch_up(struct shd_scheduler *scheduler, int64_t jumped_ms)
{
	for (size_t i = 0; i < scheduler->feeds.source_count; i++) {
		struct shd_source_feeds *of = scheduler->feeds.sources[i];

		if (of->skew_ms != INT64_MIN)
			of->skew_ms -= jumped_ms;
		for (size_t j = 0; j < of->feed_count; j++)
			catch_up_feed(scheduler, &of->feeds[j], jumped_ms);
	}
}

/* The feeds of a source that are not read yet, for the judge: of those that catch up the ones
 * that were read before and ought to work. One that failed already makes its poller blind by its
 * age, if at all. */
static uint64_t unread(const struct shd_source_feeds *of)
{
	uint64_t feeds = 0;

	for (size_t i = 0; i < of->feed_count && i < 64; i++)
		feeds |= (uint64_t)of->feeds[i].unread << i;
	return feeds;
}

static void tell_unread(struct shd_scheduler *scheduler)
{
	size_t count = scheduler->feeds.source_count;
	struct shd_unread *list shd_autofree = shd_xcalloc(count, sizeof(*list));

	for (size_t i = 0; i < count; i++) {
		const struct shd_source_feeds *of = scheduler->feeds.sources[i];

		list[i] = (struct shd_unread){of->source, unread(of)};
	}
	shd_commit_catch_up(scheduler->in.commit, list, count);
	if (!scheduler->catching_up)
		shd_commit_caught_up(scheduler->in.commit);
}

void shd_scheduler_meet_epoch(struct shd_scheduler *scheduler)
{
	int64_t jumped_ms;

	if (!shd_epoch_changed(&scheduler->epoch, scheduler->in.clock, &jumped_ms))
		return;
	catch_up(scheduler, jumped_ms);
	tell_unread(scheduler);
}

void shd_scheduler_tick(struct shd_scheduler *scheduler)
{
	shd_scheduler_meet_epoch(scheduler);
	shd_scheduler_try_late(scheduler);
}

struct shd_scheduler *shd_scheduler_create(const struct shd_scheduler_in *in,
	struct shd_config *config, const struct shd_feed_row *known, size_t known_count,
	const struct shd_scheduler *old)
{
	struct shd_scheduler *scheduler = shd_xcalloc(1, sizeof(*scheduler));
	int64_t jumped_ms;

	scheduler->in = *in;
	scheduler->config = config;
	scheduler->in_flight_max = (size_t)config->settings->in_flight_max;
	uv_timer_init(in->loop, &scheduler->timer);
	scheduler->timer.data = scheduler;
	shd_feeds_init(&scheduler->feeds, config->settings, known, known_count,
		in->ledger, old ? &old->feeds : NULL);
	if (old)
		scheduler->figures = old->figures;
	shd_lanes_init(&scheduler->lanes, scheduler->in_flight_max);
	for (size_t i = 0; i < scheduler->feeds.source_count; i++) {
		struct shd_source_feeds *of = scheduler->feeds.sources[i];

		of->lane = shd_lanes_find(&scheduler->lanes, of->source, old ? &old->lanes : NULL);
		start_source(scheduler, of);
	}
	scheduler->epoch = old ? old->epoch : shd_epoch_now(in->clock);
	if (shd_epoch_changed(&scheduler->epoch, in->clock, &jumped_ms))
		catch_up(scheduler, jumped_ms);
	tell_unread(scheduler);
	return scheduler;
}

/* What waits between two requests is given up; it never left anything behind. */
static void give_up_parked(struct shd_scheduler *scheduler, struct shd_source_feeds *of)
{
	for (size_t i = 0; i < of->feed_count; i++) {
		struct shd_feed *feed = &of->feeds[i];

		if (feed->poll && feed->poll->state == SHD_POLL_PARKED && feed->item.place) {
			shd_heap_remove(&scheduler->heap, &feed->item);
			shd_scheduler_release(scheduler, feed->poll);
		}
	}
}

static void lose_patience(uv_timer_t *timer)
{
	shd_scheduler_cancel(timer->data);
}

void shd_scheduler_pause(struct shd_scheduler *scheduler, void (*idle)(void *ctx), void *ctx)
{
	struct shd_heap_item *item;

	scheduler->paused = true;
	uv_timer_start(&scheduler->timer, lose_patience, GRACE_MS, 0);
	while ((item = shd_lanes_take(&scheduler->lanes)))
		shd_scheduler_enqueue(scheduler, item);
	for (size_t i = 0; i < scheduler->feeds.source_count; i++)
		give_up_parked(scheduler, scheduler->feeds.sources[i]);
	while (scheduler->first) {
		struct shd_feed *feed = dequeue(scheduler);

		if (feed->poll)
			shd_scheduler_release(scheduler, feed->poll);
		else
			shd_feed_enter(feed, SHD_FEED_IDLE);
	}
	scheduler->idle = idle;
	scheduler->idle_ctx = ctx;
	shd_scheduler_idle_if_done(scheduler);
}

static void timer_closed(uv_handle_t *handle)
{
	struct shd_scheduler *scheduler = handle->data;
	void (*closed)(void *ctx) = scheduler->closed;
	void *ctx = scheduler->closed_ctx;

	for (size_t i = 0; i < scheduler->feeds.source_count; i++)
		for (size_t j = 0; j < scheduler->feeds.sources[i]->feed_count; j++)
			shd_feed_enter(&scheduler->feeds.sources[i]->feeds[j], SHD_FEED_CLOSING);
	while (scheduler->idle_polls) {
		struct shd_poll *poll = scheduler->idle_polls;

		scheduler->idle_polls = poll->next;
		shd_poll_destroy(poll);
	}
	shd_heap_finish(&scheduler->heap);
	shd_feeds_finish(&scheduler->feeds);
	shd_lanes_finish(&scheduler->lanes);
	free(scheduler);
	if (closed)
		closed(ctx);
}

static void close_timer(void *ctx)
{
	struct shd_scheduler *scheduler = ctx;

	uv_close((uv_handle_t *)&scheduler->timer, timer_closed);
}

void shd_scheduler_close(struct shd_scheduler *scheduler, void (*closed)(void *ctx), void *ctx)
{
	scheduler->closed = closed;
	scheduler->closed_ctx = ctx;
	shd_scheduler_pause(scheduler, close_timer, scheduler);
}

const struct shd_feeds *shd_scheduler_feeds(const struct shd_scheduler *scheduler)
{
	return &scheduler->feeds;
}

void shd_scheduler_figures(const struct shd_scheduler *scheduler, struct shd_figures *figures)
{
	figures->polls = scheduler->figures.polls;
	figures->polls_unchanged = scheduler->figures.polls_unchanged;
	figures->polls_failed = scheduler->figures.polls_failed;
	figures->requests = scheduler->figures.requests;
	figures->throttled = scheduler->figures.throttled;
	figures->received_bytes = scheduler->figures.received_bytes;
	figures->parsed_records = scheduler->figures.parsed_records;
	figures->stores = scheduler->feeds.settings->store_count;
	figures->feeds = scheduler->feeds.count;
	figures->queued = scheduler->queued + scheduler->lanes.waiting;
	figures->in_flight = scheduler->active + scheduler->late;
	figures->committing = scheduler->committing;
}

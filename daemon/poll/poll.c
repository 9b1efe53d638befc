/* One poll; its request, its answer and what follows from it, again and again to its end:
 *
 *   IDLE      -> READY       a feed is due                              [shd_poll_begin]
 *   IDLE      -> the end     it has no ids to ask for                   [shd_poll_begin]
 *   READY     -> SENT        leave was given, the request is built      [shd_poll_ask]
 *   READY, SENT -> PARKED    no leave yet; the transport has no room    [shd_poll_park]
 *   PARKED    -> READY       its time has come, it has a slot           [shd_poll_ready]
 *   SENT      -> PARSING     an answer that is not the last one's       [shd_poll_answered]
 *   SENT      -> RENEWING    its access token was refused, for once     [shd_poll_answered]
 *   SENT      -> READY       the text where the last poll ended was refused [start_anew]
 *   SENT, PARSING -> READY   next is a page, or an object to follow     [ask_next]
 *   SENT      -> LISTING     the last page is known, others were not    [pages_done]
 *   LISTING   -> READY       objects to follow                          [ask_next]
 *   PARSING   -> KEEPING     a report moved                             [shd_poll_parsed_report]
 *   READY, RENEWING, SENT, PARSING -> KEEPING
 *                            a report's request came to nothing         [shd_poll_failed_report]
 *   READY, RENEWING, SENT, PARSING -> READY, or the end
 *                            an object cannot be followed, the others are
 *                                                             [shd_poll_follow_failed]
 *   READY, RENEWING, SENT, PARSING -> READY, or FAILED
 *                            a page cannot be read, what was is followed [shd_poll_break_off]
 *   READY, RENEWING, SENT, PARSING -> FAILED                            [shd_poll_unanswered]
 *   KEEPING   -> READY, DEFERRED, FAILED or the end                     [shd_poll_kept]
 *   PARKED, and each end -> IDLE                                        [shd_poll_reset]
 *
 * "The end" is CHANGED or UNCHANGED; DEFERRED and FAILED are ends as well. */
#include "poll.h"

#include "host/clock.h"
#include "feeds.h"
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

enum {
	REQUEST_BYTES = 1024 * 1024,
	AHEAD_MS = 900000, /* an answer that was long under way makes its clock look behind */
};

#define TO(state) (1U << SHD_POLL_##state)

void shd_poll_enter(struct shd_poll *poll, enum shd_poll_state state)
{
	enum {
		THE_END = TO(CHANGED) | TO(UNCHANGED),
		ON = TO(READY) | THE_END, /* the next request, if there is one */
		UNANSWERED = ON | TO(KEEPING) | TO(FAILED),
	};
	static const unsigned allowed[] = {
		[SHD_POLL_IDLE] = ON,
		[SHD_POLL_READY] = TO(SENT) | TO(PARKED) | UNANSWERED,
		[SHD_POLL_PARKED] = TO(READY) | TO(IDLE),
		[SHD_POLL_SENT] =
			TO(PARSING) | TO(LISTING) | TO(RENEWING) | TO(PARKED) | UNANSWERED,
		[SHD_POLL_RENEWING] = TO(READY) | UNANSWERED,
		[SHD_POLL_PARSING] = UNANSWERED,
		[SHD_POLL_LISTING] = ON,
		[SHD_POLL_KEEPING] = ON | TO(DEFERRED) | TO(FAILED),
		[SHD_POLL_DEFERRED] = TO(IDLE),
		[SHD_POLL_UNCHANGED] = TO(IDLE),
		[SHD_POLL_CHANGED] = TO(IDLE),
		[SHD_POLL_FAILED] = TO(IDLE),
	};

	shd_assert(allowed[poll->state] >> state & 1);
	poll->state = state;
}

struct shd_poll *shd_poll_create(struct shd_scheduler *scheduler)
{
	struct shd_poll *poll = shd_xcalloc(1, sizeof(*poll));

	poll->scheduler = scheduler;
	shd_request_init(&poll->request, REQUEST_BYTES);
	shd_text_init(&poll->body, SIZE_MAX / 2); /* takes over bodies, which have their limit */
	shd_text_init(&poll->position, SHD_POSITION_BYTES);
	shd_text_init(&poll->page_out.position, SHD_POSITION_BYTES);
	shd_text_init(&poll->incomplete, SHD_POLL_INCOMPLETE_BYTES);
	shd_page_draft_init(&poll->draft, false);
	return poll;
}

void shd_poll_destroy(struct shd_poll *poll)
{
	if (!poll)
		return;
	shd_poll_reset(poll);
	shd_request_finish(&poll->request);
	shd_text_finish(&poll->position);
	shd_text_finish(&poll->page_out.position);
	shd_page_draft_finish(&poll->draft);
	shd_walk_finish(&poll->walk);
	shd_text_finish(&poll->incomplete);
	free(poll->follows);
	free(poll);
}

static void drop_body(struct shd_poll *poll)
{
	shd_text_finish(&poll->body);
	shd_hold_destroy(shd_steal(poll->hold));
}

void shd_poll_reset(struct shd_poll *poll)
{
	shd_pages_clear(&poll->ids_from);
	free(shd_steal(poll->ids));
	drop_body(poll);
	shd_pages_clear(&poll->pages);
	shd_known_destroy(shd_steal(poll->known));
	shd_harvest_destroy(shd_steal(poll->harvest));
	shd_hold_destroy(shd_steal(poll->held));
	free(shd_steal(poll->listed));
	free(shd_steal(poll->had));
	free(shd_steal(poll->doubles));
	free(shd_steal(poll->unfound));
	shd_secret_destroy(shd_steal(poll->token));
	free(shd_steal(poll->job_answer));
	poll->job = NULL;
	poll->feed = NULL;
	poll->id_count = poll->ids_at = poll->listed_count = poll->had_count = 0;
	poll->double_count = 0;
	poll->follow_count = poll->follows_at = poll->follows_asked = poll->followed_count = 0;
	poll->parsed_records = poll->bad_records = poll->foreign_records = poll->partly_read = 0;
	poll->outdated = poll->full = poll->follows_full = poll->broken = false;
	atomic_store(&poll->give_up, false);
	poll->listed_changed = false;
	poll->requests = poll->throttled = poll->status = 0;
	poll->bytes = poll->retry_after_ms = 0;
	poll->asked.ms = 0;
	poll->keys.token = NULL;
	poll->token_renewed = false;
	if (poll->state != SHD_POLL_IDLE)
		shd_poll_enter(poll, SHD_POLL_IDLE);
}

static void fail(struct shd_poll *poll)
{
	shd_assert(poll->error.msg[0]);
	shd_poll_enter(poll, SHD_POLL_FAILED);
}

bool shd_poll_is_changed(const struct shd_poll *poll)
{
	return !shd_pages_same(&poll->feed->pages, &poll->pages);
}

/* --- pages ------------------------------------------------------------------------- */

/* What is wrong with the list, with an example where this poll saw one. */
static void say_what_lacks(struct shd_poll *poll)
{
	enum shd_lack lack = poll->walk.lack;
	const char *example = lack == SHD_LACK_FOREIGN && poll->foreign_records
		? poll->foreign_record.msg
		: lack == SHD_LACK_UNREAD && poll->bad_records ? poll->bad_record.msg : NULL;

	shd_walk_say(&poll->walk, &poll->pages, &poll->incomplete);
	if (example)
		shd_text_printf(&poll->incomplete, " (%zu): %s",
			lack == SHD_LACK_UNREAD ? poll->bad_records : poll->foreign_records,
			example);
}

/* All pages are there: find what a complete sweep listed, and follow. */
static void pages_done(struct shd_poll *poll)
{
	const struct shd_endpoint *row = shd_feed_row(poll->feed);

	if (shd_poll_is_changed(poll))
		shd_walk_end(&poll->walk, row, &poll->pages);
	else if (shd_feed_lack(poll->feed)) /* nor are the same pages more than they were */
		poll->walk.lack = (enum shd_lack)shd_feed_lack(poll->feed)->lack;
	bool misses = shd_lack_misses(poll->walk.lack, row);
	if (!misses) /* nothing is closed by it */
		poll->listed_changed = false;
	if (poll->walk.lack)
		say_what_lacks(poll);
	shd_poll_add_asks(poll);
	/* Where nothing was asked for, nothing lacks a row. */
	if (shd_endpoint_counts_rows(row) && poll->requests && !poll->listed && misses &&
		(shd_poll_is_changed(poll) || !poll->feed->swept ||
			shd_feed_relists(poll->feed, poll->began)))
		shd_poll_enter(poll, SHD_POLL_LISTING);
	else
		shd_poll_follow(poll);
}

static void page_done(struct shd_poll *poll)
{
	const struct shd_endpoint *row = shd_feed_row(poll->feed);
	const struct shd_page *page = shd_pages_at(&poll->pages, poll->pages.count - 1);
	bool batch = row->paging == SHD_PAGE_BATCH;
	bool last = !shd_walk_goes_on(&poll->walk, row, &poll->pages);

	/* The rows of one batch may fill several pages. */
	if (batch && last)
		poll->ids_at += poll->page_in.id_count;
	if (last && (!batch || poll->full || poll->ids_at >= poll->id_count ||
			    poll->walk.lack == SHD_LACK_LIMIT)) {
		pages_done(poll);
		return;
	}
	shd_text_clear(&poll->position);
	shd_text_puts(&poll->position, last ? "" : shd_page_next(page));
	shd_poll_enter(poll, SHD_POLL_READY);
}

/* A cursor that lies in the future was taken from a clock that was ahead, nobody knows by
 * how much: the feed is read as the first time. */
static struct shd_wall cursor_of(const struct shd_feed *feed, struct shd_wall now)
{
	int64_t ahead_ms = feed->cursor_time.ms - now.ms;
	const struct shd_wall never = {0};

	if (ahead_ms > AHEAD_MS)
		return never;
	return ahead_ms > 0 ? now : feed->cursor_time;
}

/* A record without rows has no id to be asked for. Returns how many are left. */
static size_t drop_owners(const char **keys, size_t count)
{
	size_t left = 0;

	for (size_t i = 0; i < count; i++)
		if (*keys[i] != SHD_OWNER_MARK)
			keys[left++] = keys[i];
	return left;
}

void shd_poll_begin(struct shd_poll *poll, struct shd_feed *feed, struct shd_wall now,
		    int64_t skew_ms, const struct shd_pages *ids)
{
	poll->feed = feed;
	shd_walk_start(&poll->walk);
	shd_text_clear(&poll->incomplete);
	poll->source = shd_feed_of(feed)->source;
	poll->began = now;
	poll->window_end = shd_time_later(now, skew_ms);
	poll->cursor = cursor_of(feed, shd_time_earlier(now, skew_ms));
	poll->row = shd_feed_row(feed);
	shd_text_clear(&poll->position);
	const struct shd_cursor cursor = shd_feed_cursor(feed);
	poll->resumed = poll->row->resumes && shd_cursor_has_text(&cursor, poll->window_end);
	if (poll->resumed)
		shd_text_puts(&poll->position, cursor.text);
	poll->skew_ms = INT64_MIN;
	poll->draft.keyed = feed->keyed;
	if (shd_feed_row(feed)->paging == SHD_PAGE_BATCH) {
		shd_pages_share(&poll->ids_from, ids);
		poll->ids = shd_pages_keys(&poll->ids_from, &poll->id_count);
		poll->id_count = drop_owners(poll->ids, poll->id_count);
		if (!poll->id_count) {
			shd_poll_follow(poll);
			return;
		}
	}
	shd_poll_enter(poll, SHD_POLL_READY);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Which page, or which objects, the request is for. */
static void choose_page(struct shd_poll *poll)
{
	poll->page_in = (struct shd_page_in){.source = poll->source, .now = poll->window_end,
		.cursor = poll->cursor, .position = poll->position.data};
	if (shd_poll_follows(poll)) {
		poll->page_in.position = "";
		poll->page_in.ids = poll->ids;
		poll->page_in.id_count = poll->follows_asked;
	} else if (poll->row->paging == SHD_PAGE_BATCH) {
		size_t batch = poll->row->batch > 1 ? (size_t)poll->row->batch : 1;

		poll->page_in.ids = poll->ids + poll->ids_at;
		poll->page_in.id_count = least(batch, poll->id_count - poll->ids_at);
	}
}

bool shd_poll_ask(struct shd_poll *poll, struct shd_config *config)
{
	choose_page(poll);
	shd_request_clear(&poll->request);
	poll->keys.secret = shd_config_secret;
	poll->keys.ctx = config;
	bool built = poll->job ? shd_poll_ask_report(poll)
			       : poll->source->adapter->request(poll->row, &poll->page_in,
					 &poll->keys, &poll->request, &poll->error);
	if (built)
		shd_poll_enter(poll, SHD_POLL_SENT);
	return built;
}

void shd_poll_park(struct shd_poll *poll)
{
	shd_poll_enter(poll, SHD_POLL_PARKED);
}

void shd_poll_ready(struct shd_poll *poll)
{
	shd_poll_enter(poll, SHD_POLL_READY);
}

void shd_poll_unanswered(struct shd_poll *poll)
{
	if (poll->error.kind == SHD_ERR_CLOSING)
		fail(poll);
	else if (shd_poll_follows(poll))
		shd_poll_follow_failed(poll);
	else if (poll->job)
		shd_poll_failed_report(poll);
	else if (poll->pages.count || shd_poll_brought_part(poll))
		shd_poll_break_off(poll);
	else
		fail(poll);
}

/* The page as it was last time, when this is it again, with a reference. One that says where the
 * next poll goes on is read each time. */
static struct shd_page *same_page(const struct shd_poll *poll, const struct shd_transfer_out *out)
{
	if (shd_poll_follows(poll) || shd_poll_reads_report(poll) || poll->row->resumes ||
		out->status != 200 || out->hash == 0)
		return NULL;
	return shd_pages_again(
		&poll->feed->pages, poll->pages.count, out->hash, poll->position.data);
}

static bool refuses_document(const struct shd_poll *poll, const struct shd_transfer_out *out)
{
	return shd_poll_fetches_document(poll) && out->status != 200;
}

/* Whether the answer is a good one, by what the adapter says; what else it says is kept. */
static bool accept_answer(struct shd_poll *poll, const struct shd_transfer_out *out)
{
	const struct shd_answer answer = {.status = out->status, .body = out->body.data,
		.len = out->body.len, .header = out->header, .ctx = out->header_ctx};
	struct shd_answer_verdict verdict = {0};

	if (refuses_document(poll, out)) /* what it means, its report says */
		poll->retry_after_ms = shd_retry_after_ms(&answer, SHD_PAUSE_MAX_MS);
	if (shd_poll_fetches_document(poll))
		return true;
	bool good = poll->source->adapter->accept(poll->row, &answer, &verdict);
	poll->stated_micro_per_s = verdict.rate_micro_per_s;
	if (good)
		return true;
	poll->error = verdict.error;
	shd_request_strike(&poll->request, poll->error.msg);
	poll->retry_after_ms = verdict.retry_after_ms < SHD_PAUSE_MAX_MS ? verdict.retry_after_ms
									 : SHD_PAUSE_MAX_MS;
	poll->throttled += verdict.error.kind == SHD_ERR_THROTTLED;
	poll->refused_scope = verdict.scope;
	poll->refused_ms = verdict.retry_after_ms;
	return false;
}

/* The marketplace no longer knows the text where the last poll ended. */
static void start_anew(struct shd_poll *poll)
{
	shd_feed_set_cursor(poll->feed, (struct shd_cursor){.time = poll->feed->cursor_time});
	shd_text_clear(&poll->position);
	poll->resumed = false;
	poll->refused_ms = poll->retry_after_ms = 0;
	shd_poll_enter(poll, SHD_POLL_READY);
}

/* Each once in a poll: a token that is new is not why it was refused, nor is a list that
 * starts anew. */
static void refused(struct shd_poll *poll)
{
	if (poll->error.kind == SHD_ERR_REQUEST && poll->resumed && !poll->pages.count) {
		start_anew(poll);
		return;
	}
	if (poll->error.kind == SHD_ERR_CREDENTIALS && poll->keys.token && !poll->token_renewed) {
		poll->token_renewed = true;
		poll->refused_ms = 0;
		shd_poll_enter(poll, SHD_POLL_RENEWING);
	} else {
		shd_poll_unanswered(poll);
	}
}

void shd_poll_answered(struct shd_poll *poll, struct shd_transfer_out *out, struct shd_wall now)
{
	poll->requests++;
	poll->refused_ms = poll->stated_micro_per_s = 0;
	poll->fetched = now;
	poll->status = out->status;
	poll->bytes += (int64_t)out->body.len;
	if (!out->ok) {
		poll->error = out->error;
		shd_request_strike(&poll->request, poll->error.msg);
		shd_fail_in(&poll->error, "%s", poll->row->path);
		shd_poll_unanswered(poll);
		return;
	}
	if (out->server_date_ms && !shd_poll_fetches_document(poll)) /* whole seconds, cut */
		poll->skew_ms = out->server_date_ms + SHD_SECOND_MS / 2 - now.ms;
	struct shd_page *same = same_page(poll, out);
	/* One that was good before is good; it is looked at only where it may tell a rate. */
	if ((!same || poll->row->operation) && !accept_answer(poll, out)) {
		shd_page_unref(same);
		refused(poll);
	} else if (same) {
		shd_pages_add(&poll->pages, same);
		page_done(poll);
	} else if (!out->body.len && !refuses_document(poll, out)) {
		shd_fail(&poll->error, SHD_ERR_SYNTAX, "%s: an empty answer", poll->row->path);
		shd_poll_unanswered(poll);
	} else {
		poll->body_hash = out->hash;
		drop_body(poll);
		poll->body = out->body; /* taken */
		poll->hold = shd_steal(out->hold);
		shd_text_init(&out->body, SIZE_MAX / 2);
		shd_poll_enter(poll, SHD_POLL_PARSING);
	}
}

/* What is read is held until it is committed. False: that is as much as may be. */
static bool may_bring_more(struct shd_poll *poll)
{
	int64_t bytes = poll->harvest ? (int64_t)shd_harvest_bytes(poll->harvest) : 0;

	if (!poll->harvests || bytes <= SHD_HOLD_FREE_BYTES)
		return bytes <= SHD_POLL_FULL_BYTES;
	if (!poll->held)
		poll->held = shd_hold_create(
			poll->harvests, poll->source->id, SHD_POLL_HARVEST_BYTES, NULL);
	return shd_hold_took(poll->held, bytes) && bytes <= SHD_POLL_FULL_BYTES;
}

/* The next poll, which knows the records of the page, goes on behind it. */
static void end_at_page(struct shd_poll *poll)
{
	struct shd_page *page = shd_pages_at(&poll->pages, poll->pages.count - 1);

	if (page->last && poll->ids_at + poll->page_in.id_count >= poll->id_count)
		return;
	poll->full = true;
	if (page->lack < SHD_LACK_FULL)
		page->lack = SHD_LACK_FULL;
	page->last = true;
	page->body_hash = 0;
}

void shd_poll_parsed(struct shd_poll *poll)
{
	bool more = may_bring_more(poll);

	drop_body(poll);
	if (poll->state == SHD_POLL_LISTING) {
		shd_poll_follow(poll);
	} else if (!poll->parsed) {
		shd_poll_unanswered(poll);
	} else if (shd_poll_reads_report(poll)) {
		shd_poll_parsed_report(poll);
	} else if (shd_poll_follows(poll)) {
		poll->follows_full = !more;
		shd_poll_followed(poll);
	} else {
		if (!more)
			end_at_page(poll);
		page_done(poll);
	}
}

bool shd_poll_brought_part(const struct shd_poll *poll)
{
	struct shd_error ignored;

	return poll->harvest && shd_harvest_says(poll->harvest) &&
	       shd_harvest_ok(poll->harvest, &ignored);
}

bool shd_poll_has_news(const struct shd_poll *poll)
{
	return (poll->harvest && shd_harvest_says(poll->harvest)) || poll->listed_changed;
}

void shd_poll_adopt(struct shd_poll *poll)
{
	struct shd_feed *feed = poll->feed;

	shd_pages_clear(&feed->pages);
	feed->pages = poll->pages;
	for (size_t i = 0; i < poll->double_count; i++)
		shd_page_forget(shd_pages_at(&feed->pages, poll->doubles[i].page),
			poll->doubles[i].record);
	shd_pages_settle(&feed->pages);
	poll->pages = (struct shd_pages){0};
	/* An incomplete list was told to nobody: the next one is. */
	feed->swept = shd_endpoint_counts_rows(shd_feed_row(feed)) &&
		      shd_lack_misses(poll->walk.lack, shd_feed_row(feed));
}

void shd_poll_adopt_part(struct shd_poll *poll)
{
	struct shd_feed *feed = poll->feed;
	size_t known = feed->pages.bare ? 0 : feed->pages.count;

	if (!poll->pages.count)
		return;
	for (size_t i = poll->pages.count; i < known; i++)
		shd_pages_add(&poll->pages, shd_page_ref(shd_pages_at(&feed->pages, i)));
	shd_poll_adopt(poll);
	feed->swept = false;
}

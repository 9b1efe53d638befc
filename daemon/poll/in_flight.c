/* What a poll does while it has a slot: it asks for leave, sends its request, has the answer
 * parsed and a report's step kept, until it is parked or over. Its states: poll.c. */
#include "scheduler_own.h"

#include "auth/grant.h"

enum {
	CONNECT_MS = 10000,
	TOKEN_MS = 100,          /* a token is on its way */
	CROWDED_MS = 100,        /* the transport has no room */
	LATE_FACTOR = 16,        /* late requests, per slot: a connection and 40 KB each */
	SLOT_MS = 100,           /* so long a request keeps its slot while others wait for one */
	HERE_BYTES = 64 * 1024,  /* so much JSON is read in less than a millisecond, */
	HERE_RECORDS = 2000,     /* and so many that are known are compared with it */
};

static void go_on(struct shd_poll *poll);

/* --- a request --------------------------------------------------------------------------- */

/* The requests under way stand by their time: those that are late come first. */
static void put_under_way(struct shd_poll *poll)
{
	struct shd_scheduler *scheduler = poll->scheduler;

	poll->earlier = scheduler->newest;
	poll->later = NULL;
	if (poll->earlier)
		poll->earlier->later = poll;
	else
		scheduler->oldest = poll;
	scheduler->newest = poll;
	if (!scheduler->in_time)
		scheduler->in_time = poll;
	poll->in_lane = !shd_poll_fetches_document(poll);
	if (poll->in_lane)
		shd_lane_asked(shd_feed_of(poll->feed)->lane, poll->asked);
}

static void leave_lane(struct shd_poll *poll, enum shd_heard heard)
{
	struct shd_scheduler *scheduler = poll->scheduler;
	struct shd_lane *lane = shd_feed_of(poll->feed)->lane;
	size_t go_on = shd_lane_ended(&scheduler->lanes, lane, heard, poll->asked,
		mono_now(scheduler), draw(scheduler));
	struct shd_heap_item *item;

	while (go_on-- > 0 && (item = shd_lane_next(&scheduler->lanes, lane)))
		shd_scheduler_enqueue(scheduler, item);
}

static size_t late_max(const struct shd_scheduler *scheduler)
{
	return LATE_FACTOR * scheduler->in_flight_max;
}

static void count_late(struct shd_scheduler *scheduler, size_t late)
{
	scheduler->late = late;
	scheduler->lanes.crowded = late > late_max(scheduler) / 2;
}

/* It has a slot again, were it one too many. */
static void take_from_under_way(struct shd_poll *poll, enum shd_heard heard)
{
	struct shd_scheduler *scheduler = poll->scheduler;

	if (scheduler->in_time == poll)
		scheduler->in_time = poll->later;
	if (poll->earlier)
		poll->earlier->later = poll->later;
	else
		scheduler->oldest = poll->later;
	if (poll->later)
		poll->later->earlier = poll->earlier;
	else
		scheduler->newest = poll->earlier;
	if (poll->late) {
		poll->late = false;
		count_late(scheduler, scheduler->late - 1);
		scheduler->active++;
	}
	if (poll->in_lane)
		leave_lane(poll, heard);
}

int64_t shd_scheduler_requests_max(int64_t in_flight_max)
{
	return (1 + LATE_FACTOR) * in_flight_max;
}

struct shd_mono shd_scheduler_late_at(const struct shd_scheduler *scheduler)
{
	bool room = scheduler->late < late_max(scheduler);

	return (struct shd_mono){scheduler->in_time && room
					 ? scheduler->in_time->asked.ms + SLOT_MS
					 : SHD_NEVER_MS};
}

bool shd_scheduler_set_late(struct shd_scheduler *scheduler)
{
	if (shd_scheduler_late_at(scheduler).ms > mono_now(scheduler).ms)
		return false;
	scheduler->in_time->late = true;
	scheduler->in_time = scheduler->in_time->later;
	scheduler->active--;
	count_late(scheduler, scheduler->late + 1);
	return true;
}

/* The next request has to wait; meanwhile the slot serves another feed. */
static void park(struct shd_poll *poll, int64_t wait_ms)
{
	shd_poll_park(poll);
	poll->scheduler->active--;
	shd_scheduler_put_in(poll->scheduler, poll->feed, wait_ms);
}

static enum shd_heard heard(const struct shd_transfer_out *out)
{
	if (out->ok || (out->error.kind != SHD_ERR_TIMEOUT && out->error.kind != SHD_ERR_CLOSING))
		return SHD_HEARD_ANSWER;
	return out->error.kind == SHD_ERR_TIMEOUT ? SHD_HEARD_NOTHING : SHD_HEARD_GIVEN_UP;
}

static void answered(void *ctx, struct shd_transfer_out *out)
{
	struct shd_poll *poll = ctx;
	struct shd_scheduler *scheduler = poll->scheduler;

	take_from_under_way(poll, heard(out));
	shd_scheduler_meet_epoch(scheduler);
	shd_poll_answered(poll, out, wall_now(scheduler));
	if (poll->skew_ms != INT64_MIN)
		shd_feed_of(poll->feed)->skew_ms = poll->skew_ms;
	if (poll->stated_micro_per_s)
		shd_limits_stated(
			shd_feed_of(poll->feed)->limits, poll->row, poll->stated_micro_per_s);
	if (poll->refused_ms)
		shd_limits_refused(shd_feed_of(poll->feed)->limits, poll->refused_scope,
			poll->refused_ms, mono_now(scheduler));
	go_on(poll);
	shd_scheduler_pump(scheduler);
}

/* Takes the access token in force, where the adapter has any. */
static enum shd_grant_use use_token(struct shd_poll *poll, struct shd_error *reterr)
{
	struct shd_grant_token token = {0};
	enum shd_grant_use use = SHD_GRANT_NONE;
	size_t len;

	if (poll->source->adapter->renewal && poll->scheduler->in.grants &&
		!shd_poll_fetches_document(poll))
		use = shd_grant_use(
			poll->scheduler->in.grants, poll->source->credential, &token, reterr);
	shd_secret_destroy(shd_steal(poll->token));
	if (use == SHD_GRANT_READY) {
		const char *bytes = shd_secret_reveal(token.access, &len);

		poll->token = shd_secret_create(bytes, len);
	}
	poll->keys.token = poll->token;
	poll->token_serial = token.serial;
	return use;
}

static void before_send(void *ctx, struct shd_transfer_in *in)
{
	struct shd_poll *poll = ctx;

	poll->source->adapter->sign(
		&poll->page_in, wall_now(poll->scheduler), &poll->keys, &poll->request);
	shd_transfer_point_to(in, &poll->request);
}

/* A document becomes a list of JSON (decode.h), packed ones at their full size first. */
static int64_t reading_bytes(void *ctx, const struct shd_text *body)
{
	const struct shd_poll *poll = ctx;

	if (poll->row->decode == SHD_DECODE_JSON)
		return 0;
	return (int64_t)shd_decode_bytes(
		body->data, body->len, (size_t)poll->source->body_max_bytes);
}

static void send_request(struct shd_poll *poll)
{
	struct shd_scheduler *scheduler = poll->scheduler;
	const struct shd_source *source = poll->source;
	bool sign = source->adapter->sign && !shd_poll_fetches_document(poll);
	struct shd_transfer_in in = {
		.method = poll->request.method,
		.before_send = sign ? before_send : NULL,
		.egress = source->egress,
		.connect_ms = source->timeout_ms < CONNECT_MS ? source->timeout_ms : CONNECT_MS,
		.total_ms = source->timeout_ms,
		.answer_max_bytes = source->body_max_bytes,
		.who = source->id,
		.reading_bytes = reading_bytes,
	};

	shd_transfer_point_to(&in, &poll->request);
	poll->asked = mono_now(scheduler);
	if (shd_transfer_start(scheduler->in.transfers, &in, answered, poll, &poll->error))
		put_under_way(poll);
	else
		shd_poll_unanswered(poll);
}

void shd_scheduler_cancel(struct shd_scheduler *scheduler)
{
	for (size_t i = 0; i < scheduler->feeds.source_count; i++)
		for (size_t j = 0; j < scheduler->feeds.sources[i]->feed_count; j++) {
			struct shd_poll *poll = scheduler->feeds.sources[i]->feeds[j].poll;

			if (poll && poll->state == SHD_POLL_PARSING)
				atomic_store(&poll->give_up, true);
		}
	for (struct shd_poll *poll = scheduler->oldest; poll; poll = poll->later)
		shd_transfer_cancel(scheduler->in.transfers, answered, poll);
}

/* How long the transport, the row's own interval and the rates make the next request wait; 0:
 * it may leave, and leave is spent. */
static int64_t take_leave(struct shd_poll *poll)
{
	struct shd_mono now = mono_now(poll->scheduler);
	int64_t wait_ms = 0;

	if (!shd_transfers_have_room(poll->scheduler->in.transfers))
		return CROWDED_MS;
	if (poll->asked.ms && poll->row->min_interval_ms)
		wait_ms = poll->asked.ms + poll->row->min_interval_ms - now.ms;
	if (wait_ms > 0 || !shd_limits_take(shd_feed_of(poll->feed)->limits, poll->row, &wait_ms))
		return wait_ms;
	return 0;
}

/* Once the rates give leave, the request leaves. */
static void ask_within_rates(struct shd_poll *poll)
{
	int64_t wait_ms = take_leave(poll);

	if (wait_ms > 0)
		park(poll, wait_ms);
	else if (shd_poll_ask(poll, poll->scheduler->config))
		send_request(poll);
	else
		shd_poll_unanswered(poll);
}

/* The token comes first: leave that was given is spent, and would be spent again by each look
 * at a token that is on its way. */
static void ask_with_token(struct shd_poll *poll)
{
	switch (use_token(poll, &poll->error)) {
	case SHD_GRANT_WAIT:
		park(poll, TOKEN_MS);
		break;
	case SHD_GRANT_REFUSED:
		shd_poll_unanswered(poll);
		break;
	case SHD_GRANT_NONE:
	case SHD_GRANT_READY:
		ask_within_rates(poll);
		break;
	}
}

/* Sends the poll's next request, or parks it. */
static void ask(struct shd_poll *poll)
{
	struct shd_scheduler *scheduler = poll->scheduler;
	struct shd_feed *feed = poll->feed;
	int64_t wait_ms;

	if (scheduler->paused) { /* it begins anew under the next configuration */
		shd_fail(&poll->error, SHD_ERR_CLOSING, "the configuration is replaced");
		shd_poll_unanswered(poll);
	} else if ((wait_ms = shd_limits_paused_ms(
			    shd_feed_of(feed)->limits, mono_now(scheduler))) > 0) {
		shd_poll_park(poll);
		scheduler->active--;
		shd_scheduler_put_off(scheduler, feed, wait_ms);
	} else {
		ask_with_token(poll);
	}
}

/* --- from state to state ------------------------------------------------------------------- */

static void parse(void *ctx)
{
	shd_poll_parse(ctx);
}

static void parsed(void *ctx)
{
	struct shd_poll *poll = ctx;
	struct shd_scheduler *scheduler = poll->scheduler;

	shd_scheduler_meet_epoch(scheduler);
	shd_poll_parsed(poll);
	go_on(poll);
	shd_scheduler_pump(scheduler);
}

static void kept(void *ctx, bool ok)
{
	struct shd_poll *poll = ctx;
	struct shd_scheduler *scheduler = poll->scheduler;

	shd_poll_kept(poll, ok);
	go_on(poll);
	shd_scheduler_pump(scheduler);
}

static void renew(struct shd_poll *poll)
{
	if (shd_grant_expired(
		    poll->scheduler->in.grants, poll->source->credential, poll->token_serial))
		shd_poll_ready(poll);
	else
		shd_poll_unanswered(poll);
}

/* The report's next request comes later; that is neither a reading nor a failure. */
static void defer(struct shd_poll *poll)
{
	struct shd_scheduler *scheduler = poll->scheduler;
	int64_t wait_ms = poll->job->not_before.ms - wall_now(scheduler).ms;

	scheduler->active--;
	scheduler->figures.requests += (uint64_t)poll->requests;
	shd_scheduler_set_due(scheduler, poll->feed, wait_ms > 0 ? wait_ms : 0);
	shd_scheduler_release(scheduler, poll);
}

/* A short answer is read at once: to hand it to the pool and back takes longer, and what it
 * brings is waited for. The last page of a long list may be short, and all that the list has is
 * compared with it. */
static bool is_read_here(const struct shd_poll *poll)
{
	return poll->state == SHD_POLL_PARSING && poll->body.len <= HERE_BYTES &&
	       poll->row->decode == SHD_DECODE_JSON &&
	       shd_pages_records(&poll->feed->pages) <= HERE_RECORDS &&
	       shd_pages_records(&poll->pages) <= HERE_RECORDS;
}

static void read_here(struct shd_poll *poll)
{
	shd_poll_parse(poll);
	shd_poll_parsed(poll);
}

/* Gives the poll what it waits for, until it waits for others or is over. */
static void go_on(struct shd_poll *poll)
{
	for (;;)
		if (poll->state == SHD_POLL_READY)
			ask(poll);
		else if (poll->state == SHD_POLL_RENEWING)
			renew(poll);
		else if (is_read_here(poll))
			read_here(poll);
		else
			break;
	switch (poll->state) {
	case SHD_POLL_PARSING:
	case SHD_POLL_LISTING:
		shd_jobs_parse(poll->scheduler->in.jobs, parse, parsed, poll);
		break;
	case SHD_POLL_KEEPING:
		shd_job_table_keep(poll->scheduler->in.reports, poll->job, kept, poll);
		break;
	case SHD_POLL_DEFERRED:
		defer(poll);
		break;
	case SHD_POLL_CHANGED:
	case SHD_POLL_UNCHANGED:
	case SHD_POLL_FAILED:
		shd_scheduler_poll_ended(poll->scheduler, poll);
		break;
	case SHD_POLL_SENT:
	case SHD_POLL_PARKED:
	case SHD_POLL_IDLE:
	case SHD_POLL_READY:
	case SHD_POLL_RENEWING:
		break;
	}
}

void shd_scheduler_resume_poll(struct shd_poll *poll)
{
	shd_poll_ready(poll);
	go_on(poll);
}

void shd_scheduler_begin_poll(struct shd_scheduler *scheduler, struct shd_feed *feed)
{
	struct shd_poll *poll = scheduler->idle_polls;
	const struct shd_pages *ids = shd_feed_row(feed)->paging == SHD_PAGE_BATCH
					      ? &shd_feeds_ids_of(feed)->pages
					      : NULL;
	struct shd_wall now = wall_now(scheduler);

	if (poll) {
		scheduler->idle_polls = poll->next;
		scheduler->idle_count--;
	} else {
		poll = shd_poll_create(scheduler);
	}
	poll->harvests = scheduler->in.harvests;
	shd_feed_enter(feed, SHD_FEED_IN_FLIGHT);
	feed->poll = poll;
	shd_poll_begin(poll, feed, now, shd_feed_of(feed)->skew_ms, ids);
	if (shd_feed_row(feed)->report)
		poll->job = shd_job_table_find(scheduler->in.reports, shd_feed_of(feed)->source->id,
			shd_feed_row(feed)->name, now);
	go_on(poll);
}

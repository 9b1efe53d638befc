/* Sending, on the loop. The way of an attempt is in attempt.h. */
#include "own.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { IN_FLIGHT_MAX = 4 }; /* at once, per channel */

#define RETRY_MS     SHD_SECOND_MS /* after the state or the transport had no room */
#define TIMER_MAX_MS SHD_HOUR_MS
/* An answer is recorded with the next transaction that there is, after this time at the latest
 * with one of its own. */
#define RECORD_MS    20
/* What was sent has ended so long after its time limit, and the timer runs again within so
 * long, or never. */
#define OVERDUE_MS    (2 * SHD_MINUTE_MS)
#define ASLEEP_MAX_MS (10 * SHD_MINUTE_MS)

static void finish_close(struct shd_deliver *deliver);

static struct shd_wall now_of(const struct shd_deliver *deliver)
{
	return shd_clock_now(deliver->in.clock);
}

struct shd_channel_health *shd_deliver_health(struct shd_deliver *deliver, const char *channel)
{
	for (size_t i = 0; i < deliver->channel_count; i++) {
		if (strcmp(deliver->channels[i].name, channel) == 0)
			return &deliver->channels[i];
	}
	return NULL;
}

static void forget(struct shd_deliver *deliver, struct shd_attempt *attempt)
{
	uv_mutex_lock(&deliver->lock);
	struct shd_attempt **at = &deliver->attempts;
	while (*at != attempt)
		at = &(*at)->next;
	*at = attempt->next;
	uv_mutex_unlock(&deliver->lock);
	shd_attempt_destroy(attempt);
}

static bool has_answered(const struct shd_deliver *deliver)
{
	for (const struct shd_attempt *a = deliver->attempts; a; a = a->next)
		if (a->state == SHD_ATTEMPT_ANSWERED)
			return true;
	return false;
}

static void take_more(struct shd_deliver *deliver)
{
	deliver->in.changes.submit(deliver->in.changes.ctx, &deliver->claims.change);
}

/* --- sending ------------------------------------------------------------------------------- */

/* What was answered is recorded now, by a transaction of its own if there is no other; its end
 * (shd_deliver_settled) looks for what is due. Where nothing was answered, that is done at
 * once. */
static void timer_fired(uv_timer_t *timer)
{
	struct shd_deliver *deliver = timer->data;

	shd_claims_settle(deliver, true);
	if (!deliver->settlement.under_way)
		take_more(deliver);
}

static void record_soon(struct shd_deliver *deliver)
{
	shd_claims_settle(deliver, false);
	if (!uv_is_active((uv_handle_t *)&deliver->timer) ||
	    uv_timer_get_due_in(&deliver->timer) > RECORD_MS)
		uv_timer_start(&deliver->timer, timer_fired, RECORD_MS, 0);
}

static void send_ready(struct shd_deliver *deliver, struct shd_wall now,
		       struct shd_wall *wait_until);

static void pause_channel(struct shd_deliver *deliver, struct shd_channel_health *health,
			  int64_t pause_ms, struct shd_wall now)
{
	uv_mutex_lock(&deliver->lock);
	shd_health_pause(health, pause_ms, now);
	uv_mutex_unlock(&deliver->lock);
}

static void completed(void *ctx, struct shd_transfer_out *out)
{
	struct shd_attempt *attempt = ctx;
	struct shd_deliver *deliver = attempt->deliver;

	if (!deliver) { /* it closed; the row is still WAITING */
		shd_attempt_destroy(attempt);
		return;
	}
	struct shd_channel_health *health = shd_deliver_health(deliver, attempt->channel);
	if (health && health->in_flight)
		health->in_flight--;
	if (!out->ok && out->error.kind == SHD_ERR_CLOSING) {
		forget(deliver, attempt);
		return;
	}
	struct shd_wall now = now_of(deliver), later = {SHD_NEVER_MS};
	attempt->at = now;
	shd_attempt_answered(attempt, out);
	if (health)
		pause_channel(deliver, health, attempt->result.pause_ms, now);
	if (deliver->closing) {
		shd_claims_settle(deliver, true);
		return;
	}
	send_ready(deliver, now, &later); /* the settlement's end looks after the time */
	record_soon(deliver);
}

/* The transport refuses what can never be sent. */
static void refuse(struct shd_attempt *attempt, const struct shd_error *error, struct shd_wall now)
{
	struct shd_transfer_out refused = {.error = *error};

	shd_text_init(&refused.body, 0);
	attempt->at = now;
	shd_attempt_answered(attempt, &refused);
}

/* What was rendered would be old when it may be sent: its claim ends, and the row is taken
 * again. */
static void release(struct shd_attempt *attempt)
{
	attempt->released = true;
	shd_attempt_enter(attempt, SHD_ATTEMPT_ANSWERED);
}

static void look_again(struct shd_wall *wait_until, struct shd_wall now, int64_t wait_ms)
{
	if (now.ms + wait_ms < wait_until->ms)
		wait_until->ms = now.ms + wait_ms;
}

/* Gives one attempt to the transport, unless that is full or its channel has to wait;
 * *wait_until says when to look again, where the end of another one of the channel will not
 * do. */
static void send_attempt(struct shd_deliver *deliver, struct shd_attempt *attempt,
			 struct shd_wall now, struct shd_wall *wait_until)
{
	struct shd_channel_health *health = shd_deliver_health(deliver, attempt->channel);
	struct shd_transfer_in in;
	struct shd_error error;

	if (health && shd_health_pause_ms(health, now)) {
		release(attempt);
		return;
	}
	/* Who did not answer the last one is asked by one at a time. */
	bool silent = health && shd_health_is_silent(health);
	if (health && health->in_flight >= (silent ? 1 : IN_FLIGHT_MAX))
		return;
	int64_t wait_ms = health ? shd_bucket_wait_ms(&health->bucket, now.ms) : 0;
	if (wait_ms > 0) {
		look_again(wait_until, now, wait_ms);
		return;
	}
	shd_attempt_request(attempt, &in);
	if (shd_transfer_start(deliver->in.transfers, &in, completed, attempt, &error)) {
		shd_attempt_enter(attempt, SHD_ATTEMPT_IN_FLIGHT);
		attempt->sent = shd_clock_look(deliver->in.clock)->at.mono;
		if (health) {
			shd_bucket_spend(&health->bucket);
			health->in_flight++;
		}
		return;
	}
	if (error.kind == SHD_ERR_LIMIT || error.kind == SHD_ERR_CLOSING) {
		look_again(wait_until, now, RETRY_MS);
		return;
	}
	refuse(attempt, &error, now);
}

static void send_ready(struct shd_deliver *deliver, struct shd_wall now,
		       struct shd_wall *wait_until)
{
	for (struct shd_attempt *a = deliver->attempts; a; a = a->next)
		if (a->state == SHD_ATTEMPT_READY)
			send_attempt(deliver, a, now, wait_until);
}

static void set_timer(struct shd_deliver *deliver, struct shd_wall now, struct shd_wall at)
{
	int64_t wait_ms = at.ms == SHD_NEVER_MS ? TIMER_MAX_MS : at.ms - now.ms;

	/* What is due but was not taken waits for room, and an attempt that ends
	 * makes some; looking at once would only spin. */
	if (wait_ms < 100)
		wait_ms = 100;
	if (wait_ms > TIMER_MAX_MS)
		wait_ms = TIMER_MAX_MS;
	uv_timer_start(&deliver->timer, timer_fired, (uint64_t)wait_ms, 0);
}

static void report_health(struct shd_deliver *deliver);

static void send_and_wait(struct shd_deliver *deliver, bool state_works)
{
	struct shd_wall now = now_of(deliver), wait_until = deliver->claims.next_due;

	send_ready(deliver, now, &wait_until);
	bool answered = has_answered(deliver) || deliver->shift_ms;
	if (!state_works && wait_until.ms > now.ms + RETRY_MS)
		wait_until.ms = now.ms + RETRY_MS;
	set_timer(deliver, now, wait_until);
	if (answered && state_works)
		record_soon(deliver);
	if (deliver->claims.recalled && state_works) {
		deliver->claims.recalled = false;
		report_health(deliver);
	}
}

void shd_deliver_claimed(struct shd_deliver *deliver)
{
	if (deliver->closing)
		finish_close(deliver);
	else
		send_and_wait(deliver, deliver->claims.ok);
}

/* --- what became of it ------------------------------------------------------------------------ */

void shd_deliver_tell_delivered(
	const struct shd_deliver *deliver, const struct shd_attempt *attempt)
{
	bool ok = attempt->result.sent == SHD_SENT_DELIVERED;
	const struct shd_delivered what = {.channel = attempt->channel,
		.type = attempt->type,
		.subject = attempt->subject,
		.target = attempt->target,
		.ok = ok,
		.given_up = attempt->next_step.becomes == SHD_OUTBOX_DEAD,
		.next_try = attempt->next_step.next_try,
		.status = attempt->status,
		.attempt = attempt->number,
		.took_ms = attempt->took_ms,
		.error = ok && !attempt->partly ? NULL : attempt->result.error.msg,
		.receipt = attempt->result.receipt};

	if (deliver->in.delivered)
		deliver->in.delivered(deliver->in.ctx, &what);
}

static void report_health(struct shd_deliver *deliver)
{
	for (size_t i = 0; i < deliver->channel_count; i++) {
		struct shd_channel_report report;

		if (shd_health_changed(&deliver->channels[i], now_of(deliver), &report) &&
		    deliver->in.channel_changed)
			deliver->in.channel_changed(deliver->in.ctx, &report);
	}
}

static void settled_one(struct shd_deliver *deliver, struct shd_attempt *attempt)
{
	struct shd_channel_health *health = shd_deliver_health(deliver, attempt->channel);
	struct shd_wall *next_due = &deliver->claims.next_due;

	if (attempt->released)
		deliver->claims.more = true;
	else if (attempt->next_step.becomes == SHD_OUTBOX_WAITING &&
		 attempt->next_step.next_try.ms < next_due->ms)
		*next_due = attempt->next_step.next_try;
	if (!attempt->released) {
		if (health) {
			uv_mutex_lock(&deliver->lock);
			shd_health_learn(health, attempt);
			uv_mutex_unlock(&deliver->lock);
		}
		shd_deliver_tell_delivered(deliver, attempt);
	}
	forget(deliver, attempt);
}

void shd_deliver_settled(struct shd_deliver *deliver, struct shd_attempt *settled, bool ok)
{
	struct shd_attempt *next;

	for (; settled; settled = next) {
		next = settled->next_settled;
		if (ok)
			settled_one(deliver, settled);
		else
			shd_attempt_enter(settled, SHD_ATTEMPT_ANSWERED);
	}
	if (deliver->closing) {
		if (ok)
			shd_claims_settle(deliver, true);
		finish_close(deliver);
		return;
	}
	report_health(deliver);
	if (ok && (deliver->claims.more || deliver->claims.next_due.ms <= now_of(deliver).ms))
		take_more(deliver); /* there is room again */
	else
		send_and_wait(deliver, ok);
}

void shd_deliver_each(struct shd_deliver *deliver, shd_channel_report_fn *visit, void *ctx)
{
	for (size_t i = 0; i < deliver->channel_count; i++) {
		const struct shd_channel_report report =
			shd_health_report(&deliver->channels[i], now_of(deliver));

		visit(ctx, &report);
	}
}

/* --- life ----------------------------------------------------------------------------------- */

static void free_channels(struct shd_channel_health *channels, size_t count)
{
	for (size_t i = 0; i < count; i++)
		shd_health_finish(&channels[i]);
	free(channels);
}

static void make_channels(struct shd_deliver *deliver, const struct shd_settings *settings)
{
	struct shd_channel_health *old = deliver->channels;
	size_t old_count = deliver->channel_count;
	struct shd_channel_health *made = shd_xcalloc(settings->channel_count, sizeof(*made));

	for (size_t i = 0; i < settings->channel_count; i++) {
		struct shd_channel_health *known =
			shd_deliver_health(deliver, settings->channels[i].name);

		shd_health_init(&made[i], &settings->channels[i]);
		if (known)
			shd_health_inherit(&made[i], known);
	}
	deliver->channels = made;
	deliver->channel_count = settings->channel_count;
	free_channels(old, old_count);
}

struct shd_deliver *shd_deliver_create(
	const struct shd_deliver_in *in, const struct shd_config *config)
{
	struct shd_deliver *deliver = shd_xcalloc(1, sizeof(*deliver));

	deliver->in = *in;
	deliver->config = config;
	deliver->epoch = shd_epoch_now(in->clock);
	shd_assert(uv_mutex_init(&deliver->lock) == 0);
	shd_claims_init(deliver);
	make_channels(deliver, config->settings);
	uv_timer_init(in->loop, &deliver->timer);
	deliver->timer.data = deliver;
	deliver->awake = shd_clock_look(in->clock)->at.mono;
	return deliver;
}

struct shd_change *shd_deliver_take(struct shd_deliver *deliver)
{
	return &deliver->claims.change;
}

void shd_deliver_start(struct shd_deliver *deliver)
{
	take_more(deliver); /* what an earlier run left behind is due as it was stored */
}

/* Rendered by the old texts and addresses. */
static void release_ready(struct shd_deliver *deliver)
{
	for (struct shd_attempt *a = deliver->attempts; a; a = a->next)
		if (a->state == SHD_ATTEMPT_READY)
			release(a);
}

void shd_deliver_config(struct shd_deliver *deliver, const struct shd_config *config)
{
	shd_assert(!deliver->closing);
	deliver->config = config;
	make_channels(deliver, config->settings);
	release_ready(deliver);
	uv_timer_start(&deliver->timer, timer_fired, 0, 0);
}

void shd_deliver_tick(struct shd_deliver *deliver)
{
	if (uv_is_active((uv_handle_t *)&deliver->timer))
		deliver->awake = shd_clock_look(deliver->in.clock)->at.mono;
	if (!deliver->closing)
		shd_direct_tick(deliver);
	if (shd_clock_look(deliver->in.clock)->epoch != deliver->epoch.number && !deliver->closing)
		record_soon(deliver);
}

/* Without its timer it waits for a change, or for a reload that pauses those. */
bool shd_deliver_is_stuck(struct shd_deliver *deliver)
{
	int64_t now_ms = shd_clock_look(deliver->in.clock)->at.mono.ms;

	for (const struct shd_attempt *a = deliver->attempts; a; a = a->next)
		if (a->state == SHD_ATTEMPT_IN_FLIGHT &&
			now_ms - a->sent.ms > a->timeout_ms + OVERDUE_MS)
			return true;
	return !deliver->closing && now_ms - deliver->awake.ms > ASLEEP_MAX_MS;
}

static void finish_close(struct shd_deliver *deliver)
{
	if (!deliver->timer_closed || deliver->settlement.under_way ||
	    deliver->claims.change.queued || deliver->claims.looks)
		return;
	for (struct shd_attempt *a = deliver->attempts, *next; a; a = next) {
		next = a->next;
		a->deliver = NULL; /* the transport calls once more, with CLOSING */
		a->next = NULL;
		if (a->state != SHD_ATTEMPT_IN_FLIGHT)
			shd_attempt_destroy(a);
	}
	void (*closed)(void *ctx) = deliver->closed;
	void *ctx = deliver->closed_ctx;

	shd_claims_finish(deliver);
	free_channels(deliver->channels, deliver->channel_count);
	uv_mutex_destroy(&deliver->lock);
	free(deliver);
	closed(ctx);
}

static void timer_closed(uv_handle_t *handle)
{
	struct shd_deliver *deliver = handle->data;

	deliver->timer_closed = true;
	finish_close(deliver);
}

void shd_deliver_close(struct shd_deliver *deliver, void (*closed)(void *ctx), void *ctx)
{
	shd_assert(!deliver->closing);
	deliver->closing = true;
	deliver->closed = closed;
	deliver->closed_ctx = ctx;
	shd_direct_close(deliver);
	shd_claims_settle(deliver, true); /* an answer that has arrived is still recorded */
	uv_close((uv_handle_t *)&deliver->timer, timer_closed);
}

#include "deliver.h"

#include "attempt.h"

#include <stdlib.h>
#include <string.h>

/* An attempt's way, each arrow with its function:
 *
 *   (outbox)  -> READY     due, and rendered                [shd_deliver_collect]
 *   (outbox)  -> ANSWERED  cannot be rendered               [shd_deliver_collect]
 *   READY     -> FLYING    its channel has a slot and a token  [launch]
 *   FLYING    -> ANSWERED  an answer, or none               [landed]
 *   ANSWERED  -> WRITING   a state job takes it, with its neighbours  [start_turn]
 *   WRITING   -> (gone)    its result is committed          [turn_done]
 *   WRITING   -> ANSWERED  the commit failed: again later   [turn_done]
 *
 * A state job ("turn") records what was answered and collects what is due, in that
 * order. At most one turn is posted at a time; the app's jobs may collect as well.
 * The list of attempts is the only thing both threads touch; `lock` guards it. A
 * crash anywhere leaves the row WAITING: it is sent again under the same key. */

enum {
	ATTEMPTS_MAX = 256,  /* attempts in memory */
	PER_CHANNEL = 32,    /* of them for one channel, so that a dead one cannot fill the list */
	IN_FLIGHT_MAX = 4,      /* at once, per channel */
	PAGE_ROWS = 64,
	SKIP_MAX = 4096,     /* due rows of full channels that are passed over in one turn */
};

#define RETRY_MS    SHD_SECOND_MS /* after the state database or the transport had no room */
#define TIMER_MAX_MS SHD_HOUR_MS
/* Answers are recorded together, and meanwhile the state belongs to what is new. */
#define RECORD_MS   20

struct shd_deliver {
	struct shd_deliver_in in;
	const struct shd_config *config;
	struct shd_channel_health *channels; /* by name, in the order of the settings */
	size_t channel_count;
	uv_mutex_t lock;
	struct shd_attempt *sendings;        /* guarded by lock; oldest first */
	struct shd_wall next_due;            /* guarded by lock; of rows not in the list */
	/* The loop thread's: */
	uv_timer_t timer;
	bool turn_runs, closing, timer_closed;
	int64_t shift_ms;                    /* the clock was set back: rows are to follow */
	void (*closed)(void *ctx);
	void *closed_ctx;
	/* The turn's, from start_turn to turn_done: */
	struct shd_attempt *batch;
	struct shd_wall turn_now;
	int64_t turn_shift_ms;
	bool turn_ok, turn_collects;
};

static void start_turn(struct shd_deliver *deliver);
static void send_ready(struct shd_deliver *deliver, struct shd_wall now,
	struct shd_wall *wait_until);

static struct shd_wall now_of(const struct shd_deliver *deliver)
{
	return deliver->in.now(deliver->in.ctx);
}

/* --- the list of attempts -------------------------------------------------------------- */

/* Appends; the caller holds the lock. */
static void append(struct shd_deliver *deliver, struct shd_attempt *sending)
{
	struct shd_attempt **end = &deliver->sendings;

	while (*end)
		end = &(*end)->next;
	*end = sending;
}

static void take_out(struct shd_deliver *deliver, struct shd_attempt *sending)
{
	uv_mutex_lock(&deliver->lock);
	struct shd_attempt **at = &deliver->sendings;
	while (*at != sending)
		at = &(*at)->next;
	*at = sending->next;
	uv_mutex_unlock(&deliver->lock);
}

/* Loop thread: only it changes states. */
static bool has_answered(struct shd_deliver *deliver)
{
	bool found = false;

	uv_mutex_lock(&deliver->lock);
	for (const struct shd_attempt *s = deliver->sendings; s; s = s->next)
		found |= s->state == SHD_ATTEMPT_ANSWERED;
	uv_mutex_unlock(&deliver->lock);
	return found;
}

static struct shd_channel_health *health_of(struct shd_deliver *deliver, const char *channel)
{
	for (size_t i = 0; i < deliver->channel_count; i++) {
		if (strcmp(deliver->channels[i].name, channel) == 0)
			return &deliver->channels[i];
	}
	return NULL; /* no longer configured */
}

/* --- collecting (pool) ------------------------------------------------------------------- */

struct collection {
	struct shd_deliver *deliver;
	struct shd_wall now;
	int64_t busy[ATTEMPTS_MAX + SKIP_MAX]; /* rows the query leaves out */
	size_t busy_count, sending_count;
	bool left_open;              /* a due row could not be closed, and waits */
};

static size_t count_of(struct shd_deliver *deliver, const char *channel)
{
	size_t count = 0;

	uv_mutex_lock(&deliver->lock);
	for (const struct shd_attempt *s = deliver->sendings; s; s = s->next)
		count += strcmp(s->channel, channel) == 0;
	uv_mutex_unlock(&deliver->lock);
	return count;
}

static void note_busy(struct collection *collection)
{
	struct shd_deliver *deliver = collection->deliver;

	uv_mutex_lock(&deliver->lock);
	for (const struct shd_attempt *s = deliver->sendings; s; s = s->next) {
		collection->busy[collection->busy_count++] = s->outbox;
		collection->sending_count++;
	}
	uv_mutex_unlock(&deliver->lock);
}

/* Makes an attempt of a row, unless its channel has enough of them or it is still open:
 * what is merged into it later would count as sent with it. */
static void collect_row(struct collection *collection, const struct shd_outbox_row *row)
{
	struct shd_deliver *deliver = collection->deliver;

	collection->busy[collection->busy_count++] = row->number;
	if (row->group[0]) {
		collection->left_open = true;
		return;
	}
	if (count_of(deliver, row->channel) >= PER_CHANNEL)
		return;
	struct shd_attempt *sending = shd_attempt_create(row, deliver->config, collection->now);
	sending->deliver = deliver;
	uv_mutex_lock(&deliver->lock);
	append(deliver, sending);
	uv_mutex_unlock(&deliver->lock);
	collection->sending_count++;
}

/* One page of due rows; false when there are no more, or no room. */
static bool collect_page(struct collection *collection, struct shd_wall *ret_next)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(64 << 20);
	struct shd_deliver *deliver = collection->deliver;
	struct shd_outbox_row *rows;
	struct shd_error error;
	size_t count;

	if (!shd_state_outbox_due(deliver->in.state, collection->now, PAGE_ROWS, collection->busy,
		    collection->busy_count, arena, &rows, &count, ret_next, &error)) {
		ret_next->ms = collection->now.ms + RETRY_MS;
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (collection->sending_count >= ATTEMPTS_MAX)
			return false;
		collect_row(collection, &rows[i]);
	}
	return count == PAGE_ROWS && collection->busy_count + PAGE_ROWS <= ATTEMPTS_MAX + SKIP_MAX;
}

void shd_deliver_collect(struct shd_deliver *deliver, struct shd_wall now)
{
	struct collection *collection shd_autofree = shd_xcalloc(1, sizeof(*collection));
	struct shd_wall next = {SHD_NEVER_MS};
	struct shd_error ignored; /* the rows say what could not be closed */

	*collection = (struct collection){.deliver = deliver, .now = now};
	note_busy(collection);
	(void)!shd_state_outbox_close(deliver->in.state, now, &ignored);
	while (collection->sending_count < ATTEMPTS_MAX && collect_page(collection, &next))
		;
	if (collection->left_open && next.ms > now.ms + RETRY_MS)
		next.ms = now.ms + RETRY_MS;
	uv_mutex_lock(&deliver->lock);
	deliver->next_due = next;
	uv_mutex_unlock(&deliver->lock);
}

/* --- recording: one turn (pool, then loop) ------------------------------------------------ */

static bool record(struct shd_deliver *deliver, struct shd_error *reterr)
{
	if (!shd_state_begin(deliver->in.state, reterr))
		return false;
	if (deliver->turn_shift_ms &&
	    !shd_state_outbox_shift(deliver->in.state, deliver->turn_shift_ms, reterr)) {
		shd_state_rollback(deliver->in.state);
		return false;
	}
	for (struct shd_attempt *s = deliver->batch; s; s = s->next_batch) {
		bool ok = s->result.sent == SHD_SENT_OK;
		const struct shd_delivery_row row = {.outbox = s->outbox, .at = s->at,
			.attempt = s->attempt, .ok = ok, .status = s->status, .answer = s->answer,
			.error = ok ? NULL : s->result.error.msg, .took_ms = s->took_ms};

		if (!shd_state_delivery_add(
			    deliver->in.state, &row, s->pace.becomes, s->pace.next_try, reterr)) {
			shd_state_rollback(deliver->in.state);
			return false;
		}
	}
	/* Not synced: after a power cut a message goes out once more, under its key. */
	return shd_state_commit(deliver->in.state, false, reterr);
}

static void turn_work(void *ctx)
{
	struct shd_deliver *deliver = ctx;
	struct shd_error error;

	deliver->turn_ok = (!deliver->batch && !deliver->turn_shift_ms) ||
			   record(deliver, &error);
	if (deliver->turn_collects)
		shd_deliver_collect(deliver, deliver->turn_now);
}

static void tell_delivered(struct shd_deliver *deliver, const struct shd_attempt *sending)
{
	bool ok = sending->result.sent == SHD_SENT_OK;
	const struct shd_delivered what = {.channel = sending->channel,
		.type = sending->type,
		.subject = sending->subject,
		.target = sending->target,
		.ok = ok,
		.given_up = sending->pace.becomes == SHD_OUTBOX_DEAD,
		.next_try = sending->pace.next_try,
		.status = sending->status,
		.attempt = sending->attempt,
		.took_ms = sending->took_ms,
		.error = ok ? NULL : sending->result.error.msg};

	if (deliver->in.delivered)
		deliver->in.delivered(deliver->in.ctx, &what);
}

static void tell_health(struct shd_deliver *deliver)
{
	for (size_t i = 0; i < deliver->channel_count; i++) {
		struct shd_channel_state state;

		if (!shd_health_changed(&deliver->channels[i], &state))
			continue;
		state.channel = i;
		if (deliver->in.channel_changed)
			deliver->in.channel_changed(deliver->in.ctx, &state);
	}
}

static void finish_close(struct shd_deliver *deliver);

static void turn_done(void *ctx)
{
	struct shd_deliver *deliver = ctx;
	struct shd_attempt *next;

	deliver->turn_runs = false;
	if (!deliver->turn_ok)
		deliver->shift_ms += deliver->turn_shift_ms;
	for (struct shd_attempt *s = deliver->batch; s; s = next) {
		struct shd_channel_health *health = health_of(deliver, s->channel);

		next = s->next_batch;
		s->next_batch = NULL;
		if (!deliver->turn_ok) {
			s->state = SHD_ATTEMPT_ANSWERED;
			continue;
		}
		if (health)
			shd_health_learn(health, s);
		take_out(deliver, s);
		tell_delivered(deliver, s);
		shd_attempt_destroy(s);
	}
	deliver->batch = NULL;
	if (deliver->closing) {
		if (deliver->turn_ok && has_answered(deliver))
			start_turn(deliver);
		else
			finish_close(deliver);
		return;
	}
	tell_health(deliver);
	shd_deliver_send(deliver);
}

/* Takes what was answered into one batch. Loop thread; no turn runs. */
static void start_turn(struct shd_deliver *deliver)
{
	struct shd_attempt **end = &deliver->batch;

	shd_assert(!deliver->turn_runs && !deliver->batch);
	deliver->turn_now = now_of(deliver);
	deliver->turn_collects = !deliver->closing;
	deliver->turn_shift_ms = deliver->shift_ms;
	deliver->shift_ms = 0;
	uv_mutex_lock(&deliver->lock);
	for (struct shd_attempt *s = deliver->sendings; s; s = s->next) {
		if (s->state != SHD_ATTEMPT_ANSWERED)
			continue;
		s->state = SHD_ATTEMPT_WRITING;
		s->pace = shd_backoff_next(&s->result, s->attempt, deliver->turn_now, s->give_up,
			deliver->in.random(deliver->in.ctx));
		*end = s;
		end = &s->next_batch;
	}
	uv_mutex_unlock(&deliver->lock);
	*end = NULL;
	deliver->turn_runs = true;
	shd_jobs_state(deliver->in.jobs, turn_work, turn_done, deliver);
}

/* --- sending (loop) ------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer)
{
	struct shd_deliver *deliver = timer->data;

	if (!deliver->turn_runs)
		start_turn(deliver); /* else its end looks again */
}

static void record_soon(struct shd_deliver *deliver)
{
	if (deliver->turn_runs)
		return; /* its end looks again */
	if (!uv_is_active((uv_handle_t *)&deliver->timer) ||
		uv_timer_get_due_in(&deliver->timer) > RECORD_MS)
		uv_timer_start(&deliver->timer, on_timer, RECORD_MS, 0);
}

static void landed(void *ctx, struct shd_transfer_out *out)
{
	struct shd_attempt *sending = ctx;
	struct shd_deliver *deliver = sending->deliver;

	if (!deliver) { /* it closed; the row is still WAITING */
		shd_attempt_destroy(sending);
		return;
	}
	struct shd_channel_health *health = health_of(deliver, sending->channel);
	if (health && health->flying)
		health->flying--;
	if (!out->ok && out->error.kind == SHD_ERR_CLOSING) {
		take_out(deliver, sending);
		shd_attempt_destroy(sending);
		return;
	}
	struct shd_wall now = now_of(deliver), later = {SHD_NEVER_MS};
	sending->at = now;
	shd_attempt_answered(sending, out);
	if (deliver->closing) {
		if (!deliver->turn_runs)
			start_turn(deliver);
		return;
	}
	send_ready(deliver, now, &later); /* the turn's end looks after the time */
	record_soon(deliver);
}

/* Gives one attempt to the transport. False: not now; *wait_until says when to look
 * again, unless the end of another one of the channel will do. */
static bool launch(struct shd_deliver *deliver, struct shd_attempt *sending, struct shd_wall now,
	struct shd_wall *wait_until)
{
	struct shd_channel_health *health = health_of(deliver, sending->channel);
	struct shd_transfer_in in;
	struct shd_wall at;
	struct shd_error error;

	if (health && health->flying >= IN_FLIGHT_MAX)
		return false;
	if (health && !shd_bucket_take(&health->bucket, now, &at)) {
		*wait_until = at.ms < wait_until->ms ? at : *wait_until;
		return false;
	}
	sending->some_will_do = health && health->recipient_refused;
	shd_attempt_request(sending, &in);
	sending->state = SHD_ATTEMPT_IN_FLIGHT;
	if (shd_transfer_start(deliver->in.transfers, &in, landed, sending, &error)) {
		if (health)
			health->flying++;
		return true;
	}
	if (error.kind == SHD_ERR_LIMIT || error.kind == SHD_ERR_CLOSING) {
		sending->state = SHD_ATTEMPT_READY;
		*wait_until = (struct shd_wall){now.ms + RETRY_MS};
		return false;
	}
	struct shd_transfer_out refused = {.error = error};
	shd_text_init(&refused.body, 0);
	shd_attempt_answered(sending, &refused);
	sending->at = now;
	return true;
}

static void set_timer(struct shd_deliver *deliver, struct shd_wall now, struct shd_wall at)
{
	int64_t wait_ms = at.ms == SHD_NEVER_MS ? TIMER_MAX_MS : at.ms - now.ms;

	/* What is due but was not collected waits for room, and an attempt that ends
	 * makes some; looking at once would only spin. */
	if (wait_ms < 100)
		wait_ms = 100;
	if (wait_ms > TIMER_MAX_MS)
		wait_ms = TIMER_MAX_MS;
	uv_timer_start(&deliver->timer, on_timer, (uint64_t)wait_ms, 0);
}

/* Only this thread takes attempts out, and the pool only appends: what is in the
 * list now may be walked without the lock, up to the end seen so far. */
static void send_ready(struct shd_deliver *deliver, struct shd_wall now,
	struct shd_wall *wait_until)
{
	uv_mutex_lock(&deliver->lock);
	struct shd_attempt *sending = deliver->sendings;
	uv_mutex_unlock(&deliver->lock);

	while (sending) {
		if (sending->state == SHD_ATTEMPT_READY)
			launch(deliver, sending, now, wait_until);
		uv_mutex_lock(&deliver->lock);
		sending = sending->next;
		uv_mutex_unlock(&deliver->lock);
	}
}

void shd_deliver_send(struct shd_deliver *deliver)
{
	struct shd_wall now = now_of(deliver), wait_until;

	if (deliver->closing)
		return;
	uv_mutex_lock(&deliver->lock);
	wait_until = deliver->next_due;
	uv_mutex_unlock(&deliver->lock);
	send_ready(deliver, now, &wait_until);
	bool answered = has_answered(deliver) || deliver->shift_ms;
	if (answered && !deliver->turn_ok && wait_until.ms > now.ms + RETRY_MS)
		wait_until.ms = now.ms + RETRY_MS; /* the state failed a moment ago */
	set_timer(deliver, now, wait_until);
	if (answered && deliver->turn_ok)
		record_soon(deliver);
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
		struct shd_channel_health *known = health_of(deliver, settings->channels[i].name);

		if (known) {
			made[i] = *known;
			known->name = shd_xstrdup("");
		} else {
			shd_health_init(&made[i], &settings->channels[i]);
		}
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
	deliver->turn_ok = true;
	deliver->next_due.ms = SHD_NEVER_MS;
	shd_assert(uv_mutex_init(&deliver->lock) == 0);
	make_channels(deliver, config->settings);
	uv_timer_init(in->loop, &deliver->timer);
	deliver->timer.data = deliver;
	/* What an earlier life left behind is due as it was stored. */
	uv_timer_start(&deliver->timer, on_timer, 0, 0);
	return deliver;
}

/* Drops every attempt of one state; its row stays WAITING and is collected again. */
static void drop(struct shd_deliver *deliver, enum shd_attempt_state state)
{
	uv_mutex_lock(&deliver->lock);
	for (struct shd_attempt **at = &deliver->sendings; *at;) {
		struct shd_attempt *sending = *at;

		if (sending->state != state) {
			at = &sending->next;
			continue;
		}
		*at = sending->next;
		shd_attempt_destroy(sending);
	}
	uv_mutex_unlock(&deliver->lock);
}

void shd_deliver_config(struct shd_deliver *deliver, const struct shd_config *config)
{
	shd_assert(!deliver->closing);
	deliver->config = config;
	make_channels(deliver, config->settings);
	drop(deliver, SHD_ATTEMPT_READY); /* rendered by the old texts and addresses */
	uv_timer_start(&deliver->timer, on_timer, 0, 0);
}

void shd_deliver_clock_changed(struct shd_deliver *deliver, int64_t by_ms)
{
	if (by_ms >= 0 || deliver->closing)
		return;
	deliver->shift_ms += by_ms;
	record_soon(deliver);
}

static void finish_close(struct shd_deliver *deliver)
{
	if (!deliver->timer_closed || deliver->turn_runs)
		return;
	drop(deliver, SHD_ATTEMPT_READY);
	drop(deliver, SHD_ATTEMPT_ANSWERED);
	for (struct shd_attempt *s = deliver->sendings, *next; s; s = next) {
		next = s->next;
		s->deliver = NULL; /* the transport calls once more, with CLOSING */
		s->next = NULL;
	}
	void (*closed)(void *ctx) = deliver->closed;
	void *ctx = deliver->closed_ctx;

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
	if (!deliver->turn_runs)
		start_turn(deliver); /* an answer that has arrived is still recorded */
	uv_close((uv_handle_t *)&deliver->timer, timer_closed);
}

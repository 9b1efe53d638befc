/* The line, one job at a time:
 *
 *   REST    -> WORK     something waits and is urgent or has waited long enough  [start]
 *   WORK    -> REST     the job's transaction is committed                      [job_done]
 *   WORK    -> BACKOFF  the transaction failed                                  [job_done]
 *   BACKOFF -> REST     the time is over                                        [timer_fired]
 *   any but WORK -> CLOSED   nothing comes any more                        [close_if_done]
 *
 * A job is either of *news* (batches, channels) or of *time* (wake-ups, stores to be
 * judged again), so that what cannot be judged of one kind does not hold up the
 * other. Between start and job_done, `work` belongs to the pool thread. */
#include "commit.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	WAITING_MAX = 512,       /* batches; then polls wait in their queue */
	GROUP_MS = 1000,         /* how long facts without news wait for company */
	WAKES_A_JOB = 200,
	STORES_A_JOB = 20,
	REFUSED_MAX = 8,         /* batches left out in one job before it is given up */
	BACKOFF_MAX_MS = 30000,
	TIME_BACKOFF_MS = 5000,  /* after a job of time alone failed */
	ERROR_TEXT_BYTES = 250,
};

struct channel {
	struct shd_channel_state state;
	char text[ERROR_TEXT_BYTES];
	bool waits;
};

struct config_note {
	bool waits, refused;
	char mistake[ERROR_TEXT_BYTES];
	size_t mistakes;
};

struct work {
	bool by_time;
	struct shd_wall now;
	struct shd_commit_item *items;    /* news */
	struct channel *channels;
	size_t channel_count;
	struct config_note config;
	size_t store_from, store_to;    /* time */
	bool ok;
	struct shd_error error;
	struct shd_outcome outcome;
};

enum line_state { REST, WORK, BACKOFF, CLOSED };

struct shd_commit {
	struct shd_commit_in in;
	struct shd_judge *judge;
	struct shd_deliver *deliver;
	enum line_state state;
	struct shd_commit_item *first, **last;
	size_t waiting;
	struct channel *channels;       /* by number; those that wait, and room for the rest */
	size_t channel_count, channels_waiting;
	struct config_note config;
	size_t judge_from, judge_to;    /* stores to be judged again */
	struct shd_wall next_wake, time_not_before;
	bool held, urgent, paused, leaving, closing, news_last;
	int failures;
	uv_timer_t timer;               /* company, or the end of BACKOFF */
	uv_timer_t wake_timer;
	int handles;
	struct work work;
	struct shd_commit_figures figures;
	void (*quiet)(void *ctx);
	void *quiet_ctx;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* --- on the pool ---------------------------------------------------------------- */

/* False: *ret_culprit is the batch that was refused, NULL when it was none. */
static bool judge_news(struct shd_commit *line, struct shd_commit_item **ret_culprit,
		       struct shd_error *reterr)
{
	struct work *work = &line->work;

	for (struct shd_commit_item *item = work->items; item; item = item->next) {
		if (!item->ok)
			continue; /* refused in an earlier round */
		work->outcome.suspect = false;
		*ret_culprit = item;
		if (!shd_judge_batch(line->judge, &item->batch, &work->outcome, reterr))
			return false;
		item->suspect = work->outcome.suspect;
	}
	*ret_culprit = NULL;
	for (size_t i = 0; i < work->channel_count; i++)
		if (work->channels[i].waits &&
			!shd_judge_channel(
				line->judge, &work->channels[i].state, &work->outcome, reterr))
			return false;
	const struct config_note *config = &work->config;
	return !config->waits ||
	       shd_judge_config(line->judge, config->refused ? config->mistake : NULL,
				config->mistakes, &work->outcome, reterr);
}

static bool judge_time(struct shd_commit *line, struct shd_error *reterr)
{
	struct work *work = &line->work;

	for (size_t store = work->store_from; store < work->store_to; store++)
		if (!shd_judge_store(line->judge, store, &work->outcome, reterr))
			return false;
	return shd_judge_wakes(line->judge, WAKES_A_JOB, &work->outcome, reterr);
}

/* One transaction. False: rolled back. */
static bool commit(struct shd_commit *line, struct shd_commit_item **ret_culprit)
{
	struct work *work = &line->work;

	*ret_culprit = NULL;
	shd_outcome_finish(&work->outcome);
	shd_outcome_init(&work->outcome);
	if (!shd_judge_begin(line->judge, work->now, &work->error))
		return false;
	bool good = work->by_time ? judge_time(line, &work->error)
				  : judge_news(line, ret_culprit, &work->error);
	if (good && shd_judge_end(line->judge, &work->outcome, &work->error))
		return true;
	shd_judge_abandon(line->judge);
	return false;
}

/* A batch that the judge refuses does not take the others down with it: it is marked,
 * and the transaction begins anew. */
static void run_work(void *ctx)
{
	struct shd_commit *line = ctx;
	struct work *work = &line->work;
	struct shd_commit_item *culprit;
	int refused = 0;

	while (!(work->ok = commit(line, &culprit))) {
		if (!culprit || work->error.kind == SHD_ERR_STATE || refused++ == REFUSED_MAX)
			return;
		culprit->ok = false;
		culprit->error = work->error;
	}
	if (work->outcome.outbox_added && line->deliver)
		shd_deliver_collect(line->deliver, work->now);
}

/* --- on the loop ---------------------------------------------------------------- */

static void start(struct shd_commit *line);
static void job_done(void *ctx);
static void close_if_done(struct shd_commit *line);

static struct shd_wall clock_now(const struct shd_commit *line)
{
	return line->in.now(line->in.ctx);
}

static bool news_waits(const struct shd_commit *line)
{
	return line->first || line->channels_waiting || line->config.waits;
}

static bool time_waits(const struct shd_commit *line)
{
	int64_t now = clock_now(line).ms;

	return !line->held && now >= line->time_not_before.ms &&
	       (line->next_wake.ms <= now || line->judge_from < line->judge_to);
}

static void timer_fired(uv_timer_t *timer)
{
	struct shd_commit *line = timer->data;

	line->urgent = true;
	if (line->state == BACKOFF)
		line->state = REST;
	start(line);
}

static void wake_fired(uv_timer_t *timer)
{
	start(timer->data);
}

/* The wall clock may be set meanwhile, so the timer never sleeps for more than a minute. */
static void set_wake_timer(struct shd_commit *line)
{
	int64_t at = line->judge_from < line->judge_to ? 0 : line->next_wake.ms;

	if (line->held || line->closing || at == SHD_NEVER_MS) {
		uv_timer_stop(&line->wake_timer);
		return;
	}
	if (at < line->time_not_before.ms)
		at = line->time_not_before.ms;
	int64_t wait = at - clock_now(line).ms;
	wait = wait < 0 ? 0 : wait > SHD_MINUTE_MS ? SHD_MINUTE_MS : wait;
	uv_timer_start(&line->wake_timer, wake_fired, (uint64_t)wait, 0);
}

static void take_news(struct shd_commit *line)
{
	struct work *work = &line->work;

	work->items = line->first;
	for (struct shd_commit_item *item = line->first; item; item = item->next)
		item->ok = true;
	line->figures.batches += line->waiting;
	line->first = NULL;
	line->last = &line->first;
	line->waiting = 0;
	work->config = line->config;
	line->config.waits = false;
	if (!line->channels_waiting)
		return;
	work->channels = shd_xcalloc(line->channel_count, sizeof(*work->channels));
	work->channel_count = line->channel_count;
	for (size_t i = 0; i < line->channel_count; i++) {
		work->channels[i] = line->channels[i];
		work->channels[i].state.error_text = work->channels[i].text;
		line->channels[i].waits = false;
	}
	line->channels_waiting = 0;
}

static void take_time(struct shd_commit *line)
{
	struct work *work = &line->work;
	size_t left = line->judge_to - line->judge_from;

	work->store_from = line->judge_from;
	work->store_to = line->judge_from + (left < STORES_A_JOB ? left : STORES_A_JOB);
	line->judge_from = work->store_to;
}

static void start(struct shd_commit *line)
{
	if (line->state != REST || line->paused || !line->judge)
		return;
	line->in.look(line->in.ctx);
	bool news = news_waits(line) && line->urgent, time = !line->closing && time_waits(line);
	if (!news && !time) {
		if (news_waits(line) && !uv_is_active((uv_handle_t *)&line->timer))
			uv_timer_start(&line->timer, timer_fired, GROUP_MS, 0);
		return;
	}
	line->state = WORK;
	line->work.by_time = time && (!news || line->news_last); /* in turns */
	line->news_last = !line->work.by_time;
	line->work.now = clock_now(line);
	if (line->work.by_time) {
		take_time(line);
	} else {
		uv_timer_stop(&line->timer);
		line->urgent = false;
		take_news(line);
	}
	shd_jobs_state(line->in.jobs, run_work, job_done, line);
}

static enum line_state job_worked(struct shd_commit *line)
{
	struct work *work = &line->work;

	if (line->failures) {
		line->failures = 0;
		line->in.state_failed(line->in.ctx, NULL);
	}
	line->figures.commits++;
	line->figures.last_commit = work->now;
	line->figures.judged += work->outcome.judged;
	line->figures.moved += work->outcome.transition_count;
	line->next_wake = work->outcome.next_wake;
	return REST;
}

static void finish_items(struct shd_commit_item *item, const struct shd_error *err)
{
	struct shd_commit_item *next;

	for (; item; item = next) {
		next = item->next;
		if (err && item->ok) {
			item->ok = false;
			item->error = *err;
		}
		item->done(item);
	}
}

/* The batches that wait are not committed: after the next start they are read again. */
static void give_up(struct shd_commit *line)
{
	static const struct shd_error stops = {.kind = SHD_ERR_CLOSING, .msg = "the daemon stops"};
	struct shd_commit_item *items = shd_steal(line->first);

	line->last = &line->first;
	line->waiting = 0;
	for (struct shd_commit_item *item = items; item; item = item->next)
		item->ok = true;
	finish_items(items, &stops);
}

/* What concerns time, channels and configuration is to be done again; batches come again by
 * themselves, because their polls do. */
static enum line_state job_failed(struct shd_commit *line)
{
	struct work *work = &line->work;
	int64_t wait = SHD_SECOND_MS << (line->failures < 5 ? line->failures : 5);

	if (line->failures++ == 0)
		line->in.state_failed(line->in.ctx, &work->error);
	for (size_t i = 0; i < work->channel_count; i++)
		if (work->channels[i].waits && !line->channels[i].waits) {
			line->channels[i] = work->channels[i];
			line->channels_waiting++;
		}
	if (work->config.waits && !line->config.waits)
		line->config = work->config;
	if (work->by_time) {
		if (line->judge_from > work->store_from)
			line->judge_from = work->store_from;
		line->time_not_before.ms = clock_now(line).ms + TIME_BACKOFF_MS;
		return REST;
	}
	if (line->leaving)
		return REST;
	uv_timer_start(&line->timer, timer_fired,
		(uint64_t)(wait < BACKOFF_MAX_MS ? wait : BACKOFF_MAX_MS), 0);
	return BACKOFF;
}

/* Whom it calls may ask the line for anything; it stays at WORK, so that nothing begins
 * before all of them were called. */
static void job_done(void *ctx)
{
	struct shd_commit *line = ctx;
	struct work *work = &line->work;

	line->in.look(line->in.ctx);
	enum line_state next = work->ok ? job_worked(line) : job_failed(line);
	if (work->ok && work->outcome.outbox_added && line->deliver)
		shd_deliver_send(line->deliver); /* people wait for it, the rest can */
	finish_items(shd_steal(work->items), work->ok ? NULL : &work->error);
	if (!work->ok && line->leaving)
		give_up(line);
	if (work->ok)
		line->in.moved(line->in.ctx, &work->outcome);
	free(shd_steal(work->channels));
	work->channel_count = 0;
	work->config.waits = false;
	line->state = next;
	if (line->quiet) {
		void (*quiet)(void *ctx) = shd_steal(line->quiet);

		quiet(line->quiet_ctx);
	}
	set_wake_timer(line);
	start(line);
	close_if_done(line);
}

/* --- from outside ---------------------------------------------------------------- */

struct shd_commit *shd_commit_create(const struct shd_commit_in *in)
{
	struct shd_commit *line = shd_xcalloc(1, sizeof(*line));

	line->in = *in;
	line->last = &line->first;
	line->held = true;
	uv_timer_init(in->loop, &line->timer);
	uv_timer_init(in->loop, &line->wake_timer);
	line->timer.data = line->wake_timer.data = line;
	line->handles = 2;
	shd_outcome_init(&line->work.outcome);
	return line;
}

void shd_commit_use(struct shd_commit *line, struct shd_judge *judge, struct shd_deliver *deliver)
{
	shd_assert(line->state != WORK);
	if (line->judge && judge != line->judge) { /* channels have other numbers now */
		for (size_t i = 0; i < line->channel_count; i++)
			line->channels[i].waits = false;
		line->channels_waiting = 0;
	}
	line->judge = judge;
	line->deliver = deliver;
}

void shd_commit_add(struct shd_commit *line, struct shd_commit_item *item)
{
	item->next = NULL;
	*line->last = item;
	line->last = &item->next;
	line->waiting++;
	line->urgent |= item->urgent || line->waiting >= WAITING_MAX / 2;
	start(line);
}

static void keep_text(char ret_text[ERROR_TEXT_BYTES], const char *text)
{
	size_t len = text ? shd_utf8_cut(text, strlen(text), ERROR_TEXT_BYTES - 1) : 0;

	if (len)
		memcpy(ret_text, text, len);
	ret_text[len] = '\0';
}

void shd_commit_config(struct shd_commit *line, const char *mistake, size_t mistakes)
{
	line->config.refused = mistake != NULL;
	keep_text(line->config.mistake, mistake);
	line->config.mistakes = mistakes;
	line->config.waits = true;
	line->urgent = true;
	start(line);
}

void shd_commit_channel(struct shd_commit *line, const struct shd_channel_state *state)
{
	if (state->channel >= line->channel_count) {
		size_t count = state->channel + 1;

		line->channels = shd_xrealloc(line->channels, count, sizeof(*line->channels));
		memset(line->channels + line->channel_count, 0,
			(count - line->channel_count) * sizeof(*line->channels));
		line->channel_count = count;
	}
	struct channel *channel = &line->channels[state->channel];
	keep_text(channel->text, state->error_text);
	channel->state = *state;
	line->channels_waiting += !channel->waits;
	channel->waits = true;
	line->urgent = true;
	start(line);
}

void shd_commit_judge_all(struct shd_commit *line, size_t count)
{
	line->judge_from = 0;
	line->judge_to = count;
	set_wake_timer(line);
}

bool shd_commit_full(const struct shd_commit *line)
{
	return line->waiting >= WAITING_MAX;
}

void shd_commit_suspend_time(struct shd_commit *line, bool held)
{
	line->held = held;
	for (struct shd_commit_item *item = line->first; held && item; item = item->next)
		item->batch.fetch.outdated = true;
	set_wake_timer(line);
}

void shd_commit_clock_changed(struct shd_commit *line)
{
	line->time_not_before.ms = 0;
	line->next_wake.ms = 0; /* the next job says when it really is */
	set_wake_timer(line);
}

void shd_commit_pause(struct shd_commit *line, void (*quiet)(void *ctx), void *ctx)
{
	line->paused = true;
	line->quiet = quiet;
	line->quiet_ctx = ctx;
	if (line->state != WORK) {
		line->quiet = NULL;
		quiet(ctx);
	}
}

void shd_commit_resume(struct shd_commit *line)
{
	line->paused = false;
	start(line);
}

void shd_commit_leave(struct shd_commit *line)
{
	line->leaving = true;
	line->urgent = true;
	uv_timer_stop(&line->timer);
	if (line->state == BACKOFF)
		line->state = REST;
	shd_commit_resume(line);
}

void shd_commit_figures(const struct shd_commit *line, struct shd_commit_figures *ret_figures)
{
	*ret_figures = line->figures;
	ret_figures->waiting = line->waiting;
}

static void handle_closed(uv_handle_t *handle)
{
	struct shd_commit *line = handle->data;

	if (--line->handles)
		return;
	void (*closed)(void *ctx) = line->closed;
	void *ctx = line->closed_ctx;
	shd_outcome_finish(&line->work.outcome);
	free(line->channels);
	free(line);
	if (closed)
		closed(ctx);
}

static void close_if_done(struct shd_commit *line)
{
	if (!line->closing || line->state == WORK || line->state == CLOSED)
		return;
	line->state = CLOSED;
	give_up(line); /* what is left, the state could not keep */
	uv_close((uv_handle_t *)&line->timer, handle_closed);
	uv_close((uv_handle_t *)&line->wake_timer, handle_closed);
}

void shd_commit_close(struct shd_commit *line, void (*closed)(void *ctx), void *ctx)
{
	line->closing = true;
	line->closed = closed;
	line->closed_ctx = ctx;
	line->urgent = true;
	line->paused = false;
	start(line);
	close_if_done(line);
}

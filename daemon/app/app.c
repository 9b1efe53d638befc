#include "own.h"

#include "settings/settings.h"
#include "journal/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
	DIAGS_MAX = 200,
	MESSAGE_SLOTS = 64, /* beside those of polls, so that a message need not wait for one */
	TICK_MS = 1000,
	FACTS_BYTES = 256 << 20,
};

/* --- what parts ask and tell ------------------------------------------------------------ */

static struct shd_wall now(void *ctx)
{
	return shd_clock_now(&((struct shd_app *)ctx)->clock);
}

/* splitmix64: spreads load and retries, nothing secret. */
static uint32_t draw(void *ctx)
{
	struct shd_app *app = ctx;
	uint64_t z = app->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ z >> 31) >> 32);
}

void shd_app_narrate(struct shd_app *app, struct shd_event event)
{
	event.now = shd_clock_now(&app->clock);
	shd_journal_narrate(&event);
	if (app->terminal)
		shd_terminal_narrate(app->terminal, &event);
}

static void polled(void *ctx, const struct shd_polled *what)
{
	shd_app_narrate(ctx, (struct shd_event){SHD_EVENT_POLLED, .polled = what});
}

static void judged(void *ctx, const struct shd_outcome *outcome)
{
	struct shd_app *app = ctx;

	for (size_t i = 0; i < outcome->transition_count; i++)
		shd_app_narrate(app, (struct shd_event){SHD_EVENT_TRANSITION,
			.transition = &outcome->transitions[i]});
	for (size_t i = 0; i < outcome->unread_count; i++)
		if (shd_unread_is_news(&app->unread_told, &outcome->unread[i],
			    shd_clock_now(&app->clock)))
			shd_app_narrate(app, (struct shd_event){SHD_EVENT_UNREAD,
				.unread = &outcome->unread[i]});
	if (app->scheduler)
		shd_scheduler_pump(app->scheduler);
}

static void state_failed(void *ctx, const struct shd_error *err)
{
	shd_app_narrate(ctx, (struct shd_event){SHD_EVENT_STATE, .state = err});
}

static void delivered(void *ctx, const struct shd_delivered *what)
{
	struct shd_app *app = ctx;

	shd_app_narrate(app, (struct shd_event){SHD_EVENT_DELIVERED, .delivered = what});
	if (what->ok)
		app->figures.delivered++;
	else
		app->figures.delivery_failures++;
}

static void channel_changed(void *ctx, const struct shd_channel_report *report)
{
	struct shd_app *app = ctx;

	shd_commit_channel(app->commit, report);
}

/* --- start --------------------------------------------------------------------------------- */

static bool load(struct shd_app *app, struct shd_diags *diags)
{
	app->config = shd_config_load(app->config_path, diags);
	return app->config;
}

struct shd_judge *shd_app_make_judge(const struct shd_config *config, struct shd_state *state)
{
	struct shd_judge_in in = shd_config_for_judge(config);

	in.stored = shd_state_stored(state);
	return shd_judge_create(&in);
}

static bool open_state(struct shd_app *app, const struct shd_app_options *options,
		       struct shd_error *reterr)
{
	const struct shd_settings *settings = app->config->settings;
	struct shd_text path;

	shd_text_init(&path, 4096);
	if (options->state_path)
		shd_text_puts(&path, options->state_path);
	else
		shd_config_state_path(settings, &path);
	app->state_path = shd_text_take(&path);
	if (!shd_state_open(app->state_path, &app->state, reterr))
		return false;
	if (shd_state_origin(app->state) == SHD_STATE_EMPTIED)
		shd_log(SHD_LOG_state_empty, NULL,
			"%s was there and empty: what was known is lost, and what is told now may "
			"have been told before", app->state_path);
	app->judge = shd_app_make_judge(app->config, app->state);
	shd_settings_forget_files(app->config->settings);
	return true;
}

int64_t shd_app_slots(const struct shd_settings *settings)
{
	return shd_scheduler_requests_max(settings->in_flight_max) + MESSAGE_SLOTS;
}

void shd_app_start_scheduler(struct shd_app *app, const struct shd_feed_row *known,
	size_t known_count, const struct shd_scheduler *old)
{
	struct shd_scheduler_in in = {.loop = app->loop,
		.jobs = app->jobs,
		.transfers = app->transfers,
		.commit = app->commit,
		.grants = app->grants,
		.reports = app->reports,
		.harvests = app->harvests,
		.ledger = app->ledger,
		.clock = &app->clock,
		.random = draw,
		.polled = polled,
		.ctx = app};

	app->scheduler = shd_scheduler_create(&in, app->config, known, known_count, old);
}

static struct shd_mono mono(void *ctx)
{
	const struct shd_app *app = ctx;

	return (struct shd_mono){(int64_t)uv_now(app->loop)};
}

/* What the state remembers of asking. */
struct known {
	struct shd_feed_row *feeds;
	struct shd_token_row *tokens;
	struct shd_job_row *reports;
	struct shd_bucket_row *buckets;
	size_t feed_count, token_count, report_count, bucket_count;
};

static bool load_known(struct shd_state *state, struct shd_arena *arena, struct known *ret_known,
		       struct shd_error *reterr)
{
	struct known *known = ret_known;

	return shd_state_feeds(state, NULL, arena, &known->feeds, &known->feed_count, reterr) &&
	       shd_state_tokens(state, arena, &known->tokens, &known->token_count, reterr) &&
	       shd_state_jobs(state, arena, &known->reports, &known->report_count, reterr) &&
	       shd_state_buckets(state, arena, &known->buckets, &known->bucket_count, reterr);
}

/* Access tokens, reports under way, what has been asked already. */
static void start_sources(struct shd_app *app, const struct known *known)
{
	struct shd_grants_in in = {.loop = app->loop, .jobs = app->jobs,
		.transfers = app->transfers, .changes = shd_commit_changes(app->commit),
		.now = now, .random = draw, .ctx = app};
	struct shd_ledger_in ledger = {
		.changes = in.changes, .now = now, .mono = mono, .ctx = app};

	app->ledger = shd_ledger_create(&ledger, known->buckets, known->bucket_count);
	app->grants = shd_grants_create(&in, app->config, known->tokens, known->token_count);
	app->reports = shd_job_table_create(in.changes, known->reports, known->report_count);
}

static void start_commit(struct shd_app *app)
{
	struct shd_commit_in in = {.loop = app->loop,
		.jobs = app->jobs,
		.state = app->state,
		.engine = shd_engine_of(app->state),
		.clock = &app->clock,
		.judged = judged,
		.state_failed = state_failed,
		.refused = shd_self_refused,
		.ctx = app};

	app->commit = shd_commit_create(&in);
}

static void start_deliver(struct shd_app *app)
{
	struct shd_deliver_in in = {.loop = app->loop, .transfers = app->transfers,
		.jobs = app->jobs, .state = app->state, .changes = shd_commit_changes(app->commit),
		.clock = &app->clock, .random = draw,
		.delivered = delivered, .channel_changed = channel_changed, .ctx = app};

	app->deliver = shd_deliver_create(&in, app->config);
	shd_commit_use(app->commit, app->judge, shd_deliver_take(app->deliver));
	shd_deliver_start(app->deliver);
}

/* What is read of a large answer takes less than the answer. */
void shd_app_limit_memory(struct shd_app *app)
{
	int64_t bytes = app->config->settings->answers_max_bytes;

	shd_transfers_limit_memory(app->transfers, bytes, SHD_MINUTE_MS);
	shd_budget_limit(app->harvests, bytes / 2);
}

/* A poll that may bring no more ends. */
static void nobody_waits(void *ctx)
{
	(void)ctx;
}

/* What can fail comes first: from the first handle of a part on, nothing does. */
static bool start_parts(struct shd_app *app, struct shd_error *reterr)
{
	const struct shd_settings *settings = app->config->settings;
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(FACTS_BYTES);
	struct known known;

	if (!load_known(app->state, arena, &known, reterr))
		return false;
	app->jobs = shd_jobs_create(app->loop);
	app->transfers = shd_transfers_create(app->loop, shd_app_slots(settings));
	app->harvests = shd_budget_create(nobody_waits, NULL);
	shd_app_limit_memory(app);
	start_commit(app);
	start_sources(app, &known);
	start_deliver(app);
	shd_commit_config(app->commit, NULL, 0);
	shd_commit_judge_all(app->commit);
	shd_app_start_scheduler(app, known.feeds, known.feed_count, NULL);
	app->service = shd_service_create(app->loop, shd_app_alive, app);
	return true;
}

static void say_started(struct shd_app *app)
{
	struct shd_figures figures;

	shd_app_figures(app, &figures);
	shd_service_ready(app->service);
	shd_app_narrate(app, (struct shd_event){SHD_EVENT_STARTED,
		.started = {figures.stores, figures.feeds, shd_rules_count(app->config->rules)}});
}

static void free_app(void *ctx)
{
	struct shd_app *app = ctx;

	shd_judge_destroy(app->judge);
	shd_state_close(app->state);
	shd_config_destroy(app->config);
	shd_terminal_destroy(app->terminal);
	shd_unread_told_clear(&app->unread_told);
	free(app->config_path);
	free(app->state_path);
	free(app);
}

bool shd_app_start(uv_loop_t *loop, const struct shd_app_options *options,
		   struct shd_app **ret_app, struct shd_error *reterr)
{
	struct shd_app *app = shd_xcalloc(1, sizeof(*app));
	struct shd_diags *diags SHD_AUTO(shd_diags_destroyp) = shd_diags_create(DIAGS_MAX);

	app->loop = loop;
	app->config_path = shd_xstrdup(options->config_path);
	shd_clock_open(&app->clock, loop);
	app->announced = app->clock;
	app->ticked_ms = app->clock.at.mono.ms;
	app->figures.started = app->clock.at.wall;
	app->retained_ms = INT64_MIN / 2; /* with the first tick, then once an hour */
	if (getrandom(&app->random, sizeof(app->random), GRND_NONBLOCK) < 0)
		app->random = (uint64_t)app->clock.at.wall.ms;
	if (!load(app, diags))
		shd_fail(reterr, SHD_ERR_CONFIG, "%s has mistakes", options->config_path);
	else if (open_state(app, options, reterr) && start_parts(app, reterr))
		goto started;
	shd_app_narrate(app, (struct shd_event){SHD_EVENT_DIAGS, .diags = diags});
	shd_clock_close(&app->clock, free_app, app);
	return false;

started:
	shd_app_narrate(app, (struct shd_event){SHD_EVENT_DIAGS, .diags = diags}); /* warnings */
	if (options->pretty)
		app->terminal = shd_terminal_create();
	uv_timer_init(loop, &app->tick);
	app->tick.data = app;
	uv_timer_start(&app->tick, shd_app_tick, TICK_MS, TICK_MS);
	*ret_app = app;
	struct shd_api_view view = shd_app_view(app);
	if (!shd_api_open(loop, app->config->settings->listen, &view, &app->api, reterr)) {
		shd_app_stop(app);
		return false;
	}
	say_started(app);
	return true;
}

/* --- stop ------------------------------------------------------------------------------------
 *
 * The queue of changes takes no more messages for sending; then deliverer and API end, the
 * polls under way end, and the transfers end; then the queue commits what came; then
 * scheduler, jobs and state close. Queue and API ask the scheduler until they have ended. */

static void all_closed(uv_handle_t *tick)
{
	struct shd_app *app = tick->data;

	shd_log(SHD_LOG_stopped, NULL, "storehealthd has ended in order");
	free_app(app);
}

static void clock_closed(void *ctx)
{
	struct shd_app *app = ctx;

	uv_close((uv_handle_t *)&app->tick, all_closed);
}

static void service_closed(void *ctx)
{
	struct shd_app *app = ctx;

	shd_clock_close(&app->clock, clock_closed, app);
}

static void jobs_closed(void *ctx)
{
	struct shd_app *app = ctx;

	shd_reload_destroy(shd_steal(app->reload));
	shd_service_close(app->service, service_closed, app);
}

static void scheduler_closed(void *ctx)
{
	struct shd_app *app = ctx;

	shd_ledger_destroy(shd_steal(app->ledger));
	shd_budget_close(shd_steal(app->harvests));
	shd_jobs_close(app->jobs, jobs_closed, app);
}

static void commit_closed(void *ctx)
{
	struct shd_app *app = ctx;

	shd_job_table_destroy(shd_steal(app->reports));
	shd_scheduler_close(shd_steal(app->scheduler), scheduler_closed, app);
}

static void part_closed(void *ctx)
{
	struct shd_app *app = ctx;

	if (--app->closing == 0)
		shd_commit_close(app->commit, commit_closed, app);
}

void shd_app_old_api_closed(void *ctx)
{
	struct shd_app *app = ctx;

	app->api_ending = false;
	if (app->closing)
		part_closed(app);
}

static void grants_closed(void *ctx)
{
	struct shd_app *app = ctx;

	shd_transfers_close(app->transfers, part_closed, app);
}

/* A token that is being exchanged is awaited: the old one may be worth nothing by now. */
static void deliver_closed(void *ctx)
{
	struct shd_app *app = ctx;

	shd_grants_close(app->grants, grants_closed, app);
}

static void commit_idle(void *ctx)
{
	struct shd_app *app = ctx;

	shd_commit_use(app->commit, app->judge, NULL);
	shd_commit_leave(app->commit);
	app->closing = 2 + (app->api != NULL) + app->api_ending;
	shd_deliver_close(app->deliver, deliver_closed, app);
	shd_scheduler_pause(app->scheduler, part_closed, app);
	if (app->api)
		shd_api_close(app->api, part_closed, app);
}

void shd_app_stop(struct shd_app *app)
{
	if (app->stopping)
		return;
	app->stopping = true;
	app->stop_ms = shd_clock_look(&app->clock)->at.mono.ms;
	shd_service_stopping(app->service);
	shd_log(SHD_LOG_stopping, NULL, "storehealthd ends");
	shd_commit_pause(app->commit, commit_idle, app);
}

/* What the daemon looks after once a second. */
#include "own.h"

#include "settings/settings.h"
#include "journal/log.h"

#include <malloc.h>

enum {
	STATUS_MS = 5000,
	TIDY_MS = 10000,
	LOGGED_MAX_BYTES = 16 << 20, /* then the log is moved before its time */
	TICK_MS = 1000,
	RETAIN_EVERY_MS = 3600000,
	RETAIN_STEP = 500,      /* rows in one transaction */
	FORGET_DAYS = 30,       /* what serves a credential or a source that is gone */
};

/* --- blind and seeing ------------------------------------------------------------------ */

static void tell_epoch(const struct shd_clock *clock, const struct shd_clock *before)
{
	int64_t jumped_ms = clock->jumped_ms - before->jumped_ms;
	char text[SHD_DURATION_TEXT];

	if (clock->blind_to.ms != before->blind_to.ms)
		shd_log(SHD_LOG_blind, NULL,
			"storehealthd was stopped or asleep for %s; nothing is judged by time "
			"alone "
			"until the stores were read again",
			shd_duration_format(
				(clock->blind_to.ms - clock->blind_from.ms) / 1000 * 1000, text));
	if (jumped_ms)
		shd_log(SHD_LOG_clock_jumped, NULL,
			"the clock was set by %s; every store is judged again",
			shd_duration_format(jumped_ms / 1000 * 1000, text));
}

/* The journal hears of a new epoch, and when its stores were read again. */
static void tell_clock(struct shd_app *app)
{
	const struct shd_clock *clock = shd_clock_look(&app->clock);
	struct shd_commit_figures commit;

	if (clock->epoch != app->announced.epoch) {
		tell_epoch(clock, &app->announced);
		app->blind |= clock->blind_to.ms != app->announced.blind_to.ms;
		app->announced = *clock;
	}
	shd_commit_figures(app->commit, &commit);
	if (app->blind && !commit.suspended) {
		app->blind = false;
		shd_log(SHD_LOG_seeing, NULL,
			"the stores were read again; deadlines are judged again");
	}
}

/* --- housekeeping ------------------------------------------------------------------------ */

/* Tokens and reports of what left the configuration. No reload runs beside a state job. */
static bool forget_gone(const struct shd_settings *settings, struct shd_transaction *transaction,
			struct shd_error *reterr)
{
	const char **credentials shd_autofree =
		shd_xcalloc(settings->source_count + 1, sizeof(*credentials));
	struct shd_wall now = transaction->now;
	struct shd_wall before = {now.ms - FORGET_DAYS * SHD_DAY_MS};

	for (size_t i = 0; i < settings->source_count; i++)
		credentials[i] = settings->sources[i].credential->id;
	return shd_state_tokens_keep(transaction->state, credentials, settings->source_count, now,
		       before, reterr) &&
	       shd_state_jobs_forget(transaction->state, before, reterr);
}

static bool retain(struct shd_change *change, struct shd_transaction *transaction,
		   struct shd_error *reterr)
{
	struct shd_retain_change *retain = (struct shd_retain_change *)change;
	const struct shd_settings *settings = retain->app->config->settings;
	const char **sources shd_autofree =
		shd_xcalloc(settings->source_count + 1, sizeof(*sources));
	int64_t now = transaction->now.ms;
	const struct shd_retention retention = {
		.samples_before = {now - retain->keep_samples_ms},
		.events_before = {now - retain->keep_events_ms},
		.deliveries_before = {now - retain->keep_deliveries_ms},
		.history_before = {now - retain->keep_history_ms},
		.hourly_before = {now - 7 * SHD_DAY_MS},
		.daily_before = {now - 90 * SHD_DAY_MS},
		.sources = sources,
		.source_count = settings->source_count,
	};

	for (size_t i = 0; i < settings->source_count; i++)
		sources[i] = settings->sources[i].id;
	return shd_state_retain(transaction->state, &retention, RETAIN_STEP, &retain->more,
		       reterr) &&
	       (retain->more || forget_gone(settings, transaction, reterr));
}

static void retained(struct shd_change *change, const struct shd_error *err)
{
	struct shd_retain_change *retain = (struct shd_retain_change *)change;
	struct shd_app *app = retain->app;

	if (!err || err->kind != SHD_ERR_CLOSING)
		shd_self_retained(app, err);
	if (!err && retain->more)
		app->retained_ms =
			app->clock.at.boot_ms - RETAIN_EVERY_MS; /* more at the next tick */
}

static void start_to_retain(struct shd_app *app)
{
	const struct shd_settings *settings = app->config->settings;

	if (app->retain.change.queued)
		return;
	app->retained_ms = app->clock.at.boot_ms;
	app->retain = (struct shd_retain_change){.app = app,
		.keep_samples_ms = settings->keep_samples_ms,
		.keep_events_ms = settings->keep_events_ms,
		.keep_deliveries_ms = settings->keep_deliveries_ms,
		.keep_history_ms = settings->keep_history_ms,
		.change = {.urgent = true, .alone = true, .apply = retain, .done = retained}};
	shd_commit_submit(app->commit, &app->retain.change);
}

/* True in one tick of every `every_ms`. */
static bool is_time(const struct shd_app *app, int64_t every_ms)
{
	return app->clock.at.boot_ms / every_ms != (app->clock.at.boot_ms - TICK_MS) / every_ms;
}

/* Beside the state job, as it takes its time. */
static void tidy(void *ctx)
{
	struct shd_app *app = ctx;

	app->socket_in_place = shd_api_in_place(&app->socket);
	shd_state_checkpoint(app->state);
	app->in_place = shd_state_in_place(app->state);
	if (app->trim)
		malloc_trim(0);
}

static void tidied(void *ctx)
{
	struct shd_app *app = ctx;

	app->tidying = false;
	shd_self_placed(app, app->in_place);
	shd_self_socket(app, app->socket_in_place);
}

static void keep_house(struct shd_app *app)
{
	int64_t now = app->clock.at.boot_ms;

	bool due = is_time(app, TIDY_MS);

	if (!app->tidying && (due || shd_state_logged_bytes(app->state) > LOGGED_MAX_BYTES)) {
		app->tidying = true;
		app->trim = due;
		app->socket = shd_api_place(app->api);
		shd_jobs_parse(app->jobs, tidy, tidied, app);
	}
	if (due)
		shd_transfers_tidy(app->transfers);
	if (now - app->retained_ms >= RETAIN_EVERY_MS)
		start_to_retain(app);
}

/* --- how it goes --------------------------------------------------------------------------- */

/* Two buckets of a minute each, so that a long delay is seen for a minute at least. */
static void measure_lag(struct shd_app *app)
{
	int64_t lag = app->clock.at.mono.ms - app->ticked_ms - TICK_MS;

	app->ticked_ms = app->clock.at.mono.ms;

	if (app->clock.at.mono.ms - app->lag_from_ms > SHD_MINUTE_MS) {
		app->lag_from_ms = app->clock.at.mono.ms;
		app->lag_ms[1] = app->lag_ms[0];
		app->lag_ms[0] = 0;
	}
	if (lag > app->lag_ms[0])
		app->lag_ms[0] = lag;
}

void shd_app_tell_status(struct shd_app *app)
{
	char since[SHD_TIME_TEXT];
	struct shd_figures figures;
	size_t failing = 0;

	shd_app_figures(app, &figures);
	if (figures.unkept_since.ms) {
		shd_service_status(app->service, "nothing can be kept since %s: %s",
			shd_time_format(figures.unkept_since, since), figures.unkept);
		return;
	}
	for (size_t i = 0; i < app->config->settings->source_count; i++)
		for (int poller = 0; poller < SHD_POLLER_COUNT; poller++) {
			struct shd_poller_status status;

			failing += shd_app_poller(app, &app->config->settings->sources[i],
					(enum shd_poller)poller, &status) &&
				   status.failing;
		}
	if (failing)
		shd_service_status(app->service,
			"watching %zu store%s; %zu poller%s; %llu poll%s", figures.stores,
			SHD_S(figures.stores), failing, failing == 1 ? " fails" : "s fail",
			(unsigned long long)figures.polls, SHD_S(figures.polls));
	else
		shd_service_status(app->service, "watching %zu store%s; %llu poll%s",
			figures.stores, SHD_S(figures.stores), (unsigned long long)figures.polls,
			SHD_S(figures.polls));
}

void shd_app_tick(uv_timer_t *timer)
{
	struct shd_app *app = timer->data;

	if (app->scheduler) /* at the end as well: the queue waits for it in a new epoch */
		shd_scheduler_tick(app->scheduler);
	if (app->stopping) {
		shd_clock_look(&app->clock);
		shd_self_stop(app);
		return;
	}
	shd_deliver_tick(app->deliver);
	shd_ledger_tick(app->ledger);
	tell_clock(app);
	measure_lag(app);
	keep_house(app);
	shd_app_narrate(app, (struct shd_event){.kind = SHD_EVENT_ROUND});
	shd_self_look(app);
	if (is_time(app, STATUS_MS))
		shd_app_tell_status(app);
}

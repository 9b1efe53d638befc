/* A reload, step by step; each may find that the daemon stops meanwhile:
 *
 *   read      the configuration is read and the judge made, on the pool     [read_files]
 *   pause     no poll starts; those under way end, or are given up          [was_read]
 *   pause     the queue of changes ends its job                                   [scheduler_idle]
 *   recall    a state job reads the facts of stores that come back           [recall]
 *   swap      between two state jobs, everything at once                    [swap]
 *
 * A wrong configuration ends it after the first step; the old one was in force all the
 * time. */
#include "own.h"

#include "settings/settings.h"
#include "journal/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIAGS_MAX = 200, FACTS_BYTES = 256 << 20 };

void shd_reload_destroy(struct shd_reload *reload)
{
	if (!reload)
		return;
	shd_judge_destroy(reload->judge);
	shd_config_destroy(reload->config);
	shd_diags_destroy(reload->diags);
	shd_arena_destroy(reload->arena);
	free(reload->known);
	free(reload);
}

static void read_files(void *ctx)
{
	struct shd_reload *reload = ctx;
	struct shd_config *config = shd_config_load(reload->app->config_path, reload->diags);

	reload->config = config;
	if (!config)
		return;
	reload->judge = shd_app_make_judge(config, reload->app->state);
	shd_settings_forget_files(config->settings);
}

/* Everybody is told that it is over, and a reload that was asked for meanwhile begins. */
static void finish(struct shd_app *app)
{
	shd_reload_destroy(shd_steal(app->reload));
	app->figures.reloads++;
	shd_service_ready(app->service);
	if (app->reload_again) {
		app->reload_again = false;
		shd_app_reload(app);
	}
}

static const struct shd_diag *first_mistake(const struct shd_diags *diags)
{
	for (size_t i = 0; i < shd_diags_count(diags); i++)
		if (shd_diags_at(diags, i)->severity == SHD_MISTAKE)
			return shd_diags_at(diags, i);
	return NULL;
}

/* The journal, status, and an alert by the configuration that stays. */
static void refuse(struct shd_app *app)
{
	const struct shd_diags *diags = app->reload->diags;
	const struct shd_diag *first = first_mistake(diags);
	size_t mistakes = shd_diags_mistakes(diags);
	char mistake[270];

	shd_app_narrate(app, (struct shd_event){SHD_EVENT_DIAGS, .diags = diags});
	snprintf(mistake, sizeof(mistake), "%s:%d: %.180s", first ? first->file : app->config_path,
		first ? first->line : 0, first ? first->text : "");
	snprintf(app->reload_error, sizeof(app->reload_error), "%zu mistake%s; %s", mistakes,
		SHD_S(mistakes), mistake);
	shd_commit_config(app->commit, mistake, mistakes);
	shd_log(SHD_LOG_config_refused, NULL,
		"the new configuration has %zu mistake%s; the old one stays", mistakes,
		SHD_S(mistakes));
	finish(app);
}

/* Nobody but questions of the API, which hold it, has the old configuration now. */
static void scheduler_closed(void *ctx)
{
	shd_config_destroy(ctx);
}

static bool has_source(const struct shd_settings *settings, const char *id)
{
	size_t i = 0;

	while (i < settings->source_count && strcmp(settings->sources[i].id, id) != 0)
		i++;
	return i < settings->source_count;
}

/* A source that comes back goes on where it was left, as after a start. What cannot be
 * recalled is read as if for the first time. */
static void recall(void *ctx)
{
	struct shd_app *app = ctx;
	struct shd_reload *reload = app->reload;
	const struct shd_settings *settings = reload->config->settings;
	struct shd_feed_row *rows;
	struct shd_error ignored;
	size_t count;

	reload->arena = shd_arena_create(FACTS_BYTES);
	for (size_t i = 0; i < settings->source_count; i++) {
		const char *id = settings->sources[i].id;

		if (has_source(app->config->settings, id) ||
		    !shd_state_feeds(app->state, id, reload->arena, &rows, &count, &ignored))
			continue;
		for (size_t k = 0; k < count; k++) {
			shd_grow(reload->known, reload->known_count, reload->known_room);
			reload->known[reload->known_count++] = rows[k];
		}
	}
}

/* Connections of network identities that nobody has any more are closed. */
static void keep_egresses(struct shd_app *app)
{
	const struct shd_settings *settings = app->config->settings;
	size_t count = settings->source_count + settings->channel_count;
	struct shd_egress *egresses shd_autofree = shd_xcalloc(count + 1, sizeof(*egresses));

	for (size_t i = 0; i < settings->source_count; i++)
		egresses[i] = *settings->sources[i].egress;
	for (size_t i = 0; i < settings->channel_count; i++)
		egresses[settings->source_count + i] = (struct shd_egress){
			.proxy = settings->channels[i].proxy,
			.ca_file = settings->channels[i].ca_file};
	shd_transfers_keep(app->transfers, egresses, count);
}

static void swap(void *ctx)
{
	struct shd_app *app = ctx;
	struct shd_reload *reload = app->reload;
	struct shd_scheduler *old = app->scheduler;

	if (app->stopping)
		return;
	struct shd_config *old_config = app->config;
	app->config = shd_steal(reload->config);
	shd_judge_destroy(app->judge);
	app->judge = shd_steal(reload->judge);
	shd_commit_use(app->commit, app->judge, shd_deliver_take(app->deliver));
	shd_deliver_config(app->deliver, app->config);
	shd_grants_configure(app->grants, app->config);
	keep_egresses(app);
	shd_transfers_limit(app->transfers, shd_app_slots(app->config->settings));
	shd_app_limit_memory(app);
	shd_app_start_scheduler(app, reload->known, reload->known_count, old);
	shd_scheduler_close(old, scheduler_closed, old_config);
	shd_commit_resume(app->commit);
	shd_commit_config(app->commit, NULL, 0);
	shd_commit_judge_all(app->commit);
	app->figures.last_reload = shd_clock_now(&app->clock);
	app->reload_error[0] = '\0';
	shd_app_narrate(app, (struct shd_event){SHD_EVENT_DIAGS, .diags = reload->diags});
	size_t stores = app->config->settings->store_count;
	size_t rules = shd_rules_count(app->config->rules);
	shd_log(SHD_LOG_reloaded, NULL, "a new configuration is in force: %zu store%s, %zu rule%s",
		stores, SHD_S(stores), rules, SHD_S(rules));
	finish(app);
}

static void commit_idle(void *ctx)
{
	struct shd_app *app = ctx;

	shd_jobs_state(app->jobs, recall, swap, app); /* its end stands between two state jobs */
}

static void scheduler_idle(void *ctx)
{
	struct shd_app *app = ctx;

	if (app->stopping)
		return; /* that has paused the queue itself */
	shd_commit_pause(app->commit, commit_idle, app);
}

static void was_read(void *ctx)
{
	struct shd_reload *reload = ctx;
	struct shd_app *app = reload->app;

	if (app->stopping)
		return;
	if (reload->judge)
		shd_scheduler_pause(app->scheduler, scheduler_idle, app);
	else
		refuse(app);
}

void shd_app_reload(struct shd_app *app)
{
	if (app->stopping)
		return;
	if (app->reload) {
		app->reload_again = true;
		return;
	}
	shd_service_reloading(app->service);
	app->reload = shd_xcalloc(1, sizeof(*app->reload));
	app->reload->app = app;
	app->reload->diags = shd_diags_create(DIAGS_MAX);
	shd_jobs_parse(app->jobs, read_files, was_read, app->reload);
}

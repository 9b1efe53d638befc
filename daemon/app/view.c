/* What the API and the status line see of the daemon. */
#include "own.h"

static const struct shd_config *config(void *ctx)
{
	return ((struct shd_app *)ctx)->config;
}

static struct shd_wall now(void *ctx)
{
	return shd_clock_now(&((struct shd_app *)ctx)->clock);
}

static bool poller(void *ctx, const struct shd_source *source, enum shd_poller which,
		   struct shd_poller_status *ret_status)
{
	return shd_app_poller(ctx, source, which, ret_status);
}

static uint32_t behind(void *ctx, const struct shd_source *source)
{
	const struct shd_app *app = ctx;

	return shd_feeds_behind(shd_scheduler_feeds(app->scheduler), source);
}

/* While nothing can be kept, nothing that was read well counts as well: what comes next is lost,
 * and no deadline of what came before is told. */
static bool is_unkept(const struct shd_app *app, int error)
{
	return app->self.unkept_since.ms && error < 0;
}

/* Whoever looks at feeds. */
struct looking {
	const struct shd_app *app;
	shd_feed_status_fn *visit;
	void *ctx;
};

static void show_feed(void *ctx, const struct shd_feed_status *status)
{
	const struct looking *looking = ctx;
	struct shd_feed_status shown = *status;

	if (is_unkept(looking->app, status->error)) {
		shown.error = SHD_ERR_STATE;
		shown.error_text = looking->app->self.why;
		shown.failing_since = looking->app->self.unkept_since;
	}
	looking->visit(looking->ctx, &shown);
}

static void feeds(
	void *ctx, const struct shd_source *source, shd_feed_status_fn *visit, void *visit_ctx)
{
	const struct shd_app *app = ctx;
	struct looking looking = {app, visit, visit_ctx};

	shd_feeds_each(shd_scheduler_feeds(app->scheduler), source, show_feed, &looking);
}

static void channels(void *ctx, shd_channel_report_fn *visit, void *visit_ctx)
{
	const struct shd_app *app = ctx;

	shd_deliver_each(app->deliver, visit, visit_ctx);
}

static void figures(void *ctx, struct shd_figures *ret_figures)
{
	shd_app_figures(ctx, ret_figures);
}

struct shd_api_view shd_app_view(struct shd_app *app)
{
	return (struct shd_api_view){.config = config,
		.now = now,
		.poller = poller,
		.behind = behind,
		.feeds = feeds,
		.channels = channels,
		.figures = figures,
		.state_path = app->state_path,
		.ctx = app};
}

bool shd_app_poller(struct shd_app *app, const struct shd_source *source, enum shd_poller which,
		    struct shd_poller_status *ret_status)
{
	if (!shd_feeds_poller(shd_scheduler_feeds(app->scheduler), source, which,
		    shd_clock_now(&app->clock), ret_status))
		return false;
	size_t watched = ret_status->feeds - ret_status->not_available;

	if (watched && is_unkept(app, ret_status->error)) {
		ret_status->failing = watched;
		ret_status->error = SHD_ERR_STATE;
		ret_status->error_text = app->self.why;
		ret_status->failing_since = app->self.unkept_since;
	}
	return true;
}

void shd_app_figures(const struct shd_app *app, struct shd_figures *ret_figures)
{
	struct shd_commit_figures commit;

	*ret_figures = app->figures;
	shd_scheduler_figures(app->scheduler, ret_figures);
	shd_commit_figures(app->commit, &commit);
	ret_figures->commits = commit.commits;
	ret_figures->judged = commit.judged;
	ret_figures->unclaimed_parcels = commit.unclaimed;
	ret_figures->alert_transitions = commit.transitions;
	ret_figures->last_commit = commit.last_commit;
	ret_figures->state_jobs = shd_jobs_waiting(app->jobs);
	ret_figures->reload_error = app->reload_error;
	ret_figures->reloading = app->reload;
	ret_figures->blind = commit.suspended;
	ret_figures->unjudged_since = commit.unjudged_since;
	ret_figures->changes_refused = commit.refused;
	shd_transfers_memory(app->transfers, &ret_figures->memory);
	shd_budget_use(app->harvests, &ret_figures->harvests);
	shd_self_figures(app, ret_figures);
	ret_figures->lag_max_ms = app->lag_ms[0] > app->lag_ms[1] ? app->lag_ms[0] : app->lag_ms[1];
}

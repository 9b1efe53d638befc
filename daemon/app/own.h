/* app/own.h - what app.c (life), reload.c, watch.c, self.c and view.c share.
 * Nobody else includes this. */
#pragma once
#include "api/api.h"
#include "app.h"
#include "host/clock.h"
#include "deliver/deliver.h"
#include "commit/commit.h"
#include "poll/scheduler.h"
#include "narrator.h"
#include "auth/grant.h"
#include "job/job.h"
#include "host/service.h"

/* A configuration that is being read on the pool, with the judge made of it. */
struct shd_reload {
	struct shd_app *app;
	struct shd_config *config;
	struct shd_judge *judge;
	struct shd_diags *diags;
	struct shd_arena *arena;
	struct shd_feed_row *known;          /* facts of the stores that are new, or come back */
	size_t known_count, known_room;
};

/* Deletes what is older than it is to be kept, a step in each transaction. */
struct shd_retain_change {
	struct shd_change change;
	struct shd_app *app;
	int64_t keep_samples_ms, keep_events_ms, keep_deliveries_ms, keep_history_ms;
	bool more;
};

/* How the daemon itself is. */
struct shd_self {
	struct shd_wall unkept_since;        /* as in shd_figures */
	char why[300];
	bool told;                           /* the channels */
	bool logged;                         /* the journal knows of it by this room */
	struct shd_wall misplaced_since;     /* the state file is not where it should be */
	char refused[256];                   /* the last change that was */
	struct shd_wall refused_at;
	int64_t refused_logged_ms;           /* on the boot clock */
	bool unreachable;                    /* the journal knows that the socket cannot be bound */
	struct shd_wall retain_failing_since;
	char retain_error[256];
};

struct shd_app {
	uv_loop_t *loop;
	char *config_path, *state_path;
	struct shd_config *config;
	struct shd_state *state;
	struct shd_judge *judge;
	struct shd_jobs *jobs;
	struct shd_transfers *transfers;
	struct shd_budget *harvests;         /* of the polls */
	struct shd_commit *commit;
	struct shd_deliver *deliver;
	struct shd_scheduler *scheduler;
	struct shd_grants *grants;           /* access tokens of the sources */
	struct shd_job_table *reports;       /* under way, of the sources */
	struct shd_ledger *ledger;           /* of rates and pauses */
	struct shd_api *api;
	struct shd_service *service;
	struct shd_terminal *terminal;
	struct shd_unread_told *unread_told;
	uv_timer_t tick;
	struct shd_reload *reload;           /* under way, else NULL */
	bool reload_again, stopping;
	int closing;                         /* parts whose end is awaited */
	struct shd_clock clock, announced;   /* announced: as the journal knows it */
	int64_t ticked_ms;                   /* on the monotonic clock */
	bool blind;                          /* as the journal knows it; not seeing again yet */
	int64_t retained_ms;                 /* on the boot clock */
	struct shd_retain_change retain;
	bool tidying, trim;                  /* trim: memory as well */
	struct shd_api_place socket;         /* for the job that tidies, as of its start */
	bool in_place, socket_in_place;      /* what the job found: state file, socket */
	bool api_ending;                     /* the one whose socket was gone */
	struct shd_self self;
	int64_t stop_ms;                     /* when it was asked to stop; monotonic clock */
	uint64_t random;
	struct shd_figures figures;          /* the members that the app counts */
	char reload_error[300];
	int64_t lag_ms[2], lag_from_ms;      /* longest delays: this minute's and the last one's */
};

/* A judge of the configuration, over the state. */
struct shd_judge *shd_app_make_judge(const struct shd_config *config, struct shd_state *state);

/* How many requests may be under way, messages as well. */
int64_t shd_app_slots(const struct shd_settings *settings);
/* By the configuration in force. */
void shd_app_limit_memory(struct shd_app *app);

/* Polls under app->config; `known` and `old` as in scheduler.h. */
void shd_app_start_scheduler(struct shd_app *app, const struct shd_feed_row *known,
	size_t known_count, const struct shd_scheduler *old);

/* app.c: to the journal and, where there is one, to the terminal; sets event.now. */
void shd_app_narrate(struct shd_app *app, struct shd_event event);
/* app.c: the API whose socket was gone (app->api_ending) has ended. */
void shd_app_old_api_closed(void *ctx);

/* unread.c: whether a field that cannot be read is worth a line: the first of the store, the
 * feed and the field in a day. */
struct shd_unread_told;
bool shd_unread_is_news(
	struct shd_unread_told **told, const struct shd_noted_unread *unread, struct shd_wall now);
void shd_unread_told_clear(struct shd_unread_told **told);

/* view.c */
struct shd_api_view shd_app_view(struct shd_app *app);
bool shd_app_poller(struct shd_app *app, const struct shd_source *source, enum shd_poller which,
		    struct shd_poller_status *ret_status);
void shd_app_figures(const struct shd_app *app, struct shd_figures *ret_figures);

/* Every second: clocks, lag, status line, housekeeping. */
void shd_app_tick(uv_timer_t *timer);
/* The line of `systemctl status`, when it says something else than before. */
void shd_app_tell_status(struct shd_app *app);

/* self.c, on the loop. Once a second; while it stops: */
void shd_self_look(struct shd_app *app);
void shd_self_stop(struct shd_app *app);
/* Whether the state file was found where it should be. */
void shd_self_placed(struct shd_app *app, bool in_place);
/* Whether the socket was; binds it again. */
void shd_self_socket(struct shd_app *app, bool in_place);
/* A change was refused (commit.h); old rows were deleted (NULL), or could not be. */
void shd_self_refused(void *ctx, const struct shd_error *err);
void shd_self_retained(struct shd_app *app, const struct shd_error *err);
/* The members of shd_figures that it knows; texts are borrowed. */
void shd_self_figures(const struct shd_app *app, struct shd_figures *ret_figures);
/* For the watchdog. */
bool shd_app_alive(void *ctx);

/* Gives a reload up that is under way. */
void shd_reload_destroy(struct shd_reload *reload);

/* app/app.h - owns every part of the daemon; starts, reloads and stops them.
 *
 * Parts start in the order of their dependence and stop in the reverse one; the
 * loop then closes with nothing left. Loop thread only. */
#pragma once
#include "base/error.h"

#include <uv.h>

struct shd_app;

struct shd_app_options {
	const char *config_path;
	const char *state_path; /* NULL: as configured, else $STATE_DIRECTORY/state.db */
	bool pretty;            /* tell what happens on stdout, for a person */
};

/* Reads the configuration, opens the state, starts to watch. Errors: CONFIG, said on
 * stderr already; STATE; IO. */
SHD_MUST_USE bool shd_app_start(uv_loop_t *loop, const struct shd_app_options *options,
				struct shd_app **ret_app, struct shd_error *reterr);

/* Reads the configuration again; a wrong one changes nothing and is logged. */
void shd_app_reload(struct shd_app *app);

/* Begins the end; *app is gone when the loop has nothing left to do. */
void shd_app_stop(struct shd_app *app);

/* storehealthctl reload: a signal, and the wait for what came of it. The unit's ExecReload, so that
 * `systemctl reload` fails where the configuration is refused. */
#include "ctl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 100, WAIT_MS = 50 * (int)SHD_SECOND_MS }; /* below the unit's TimeoutStartSec */

static enum shd_exit send_signal(pid_t pid)
{
	if (pid > 0 && kill(pid, SIGHUP) == 0)
		return SHD_EXIT_OK;
	if (pid > 0 && errno == EPERM) {
		fputs("storehealthctl: no permission to reload: use sudo\n", stderr);
		return SHD_EXIT_DENIED;
	}
	fprintf(stderr, "storehealthctl: there is no process %lld\n", (long long)pid);
	return SHD_EXIT_UNAVAILABLE;
}

/* Whether so many reloads have ended; *ret_error is owned, "" when the last one was taken. */
static enum shd_exit look(struct shd_ctl *ctl, int64_t awaited, bool *ret_ended, char **ret_error)
{
	json_t *answer = NULL;
	enum shd_exit code = shd_ctl_ask(ctl, "/api/v1/status", &answer);
	const json_t *daemon = json_object_get(answer, "daemon");

	if (code == SHD_EXIT_OK && shd_ctl_int(daemon, "reloads") >= awaited) {
		*ret_ended = true;
		*ret_error = shd_xstrdup(shd_ctl_text(daemon, "reload_error"));
	}
	json_decref(answer);
	return code;
}

static enum shd_exit await(struct shd_ctl *ctl, int64_t awaited)
{
	shd_autofree char *error = NULL;
	bool ended = false;

	for (int waited_ms = 0; !ended && waited_ms < WAIT_MS; waited_ms += LOOK_MS) {
		poll(NULL, 0, LOOK_MS);
		enum shd_exit code = look(ctl, awaited, &ended, &error);
		if (code != SHD_EXIT_OK)
			return code;
	}
	if (!ended) {
		fprintf(stderr, "storehealthctl: no answer to the reload within %d s\n",
			WAIT_MS / (int)SHD_SECOND_MS);
		return SHD_EXIT_UNAVAILABLE;
	}
	if (!*error) {
		puts("the new configuration is in force");
		return SHD_EXIT_OK;
	}
	fprintf(stderr,
		"storehealthctl: refused, the old configuration is in force: %s\n"
		"storehealthctl: `storehealthctl check` shows every mistake\n",
		error);
	return SHD_EXIT_NO;
}

enum shd_exit shd_ctl_reload(struct shd_ctl *ctl)
{
	char *end = NULL;
	int64_t named = ctl->argument ? strtoll(ctl->argument, &end, 10) : 0;
	json_t *answer = NULL;

	if (ctl->argument && (*end || named <= 0 || named > INT32_MAX)) {
		fprintf(stderr, "storehealthctl: '%s' is not the number of a process\n",
			ctl->argument);
		return SHD_EXIT_USAGE;
	}
	enum shd_exit code = shd_ctl_ask(ctl, "/api/v1/status", &answer);

	if (code != SHD_EXIT_OK) {
		/* The socket may be another one, or none: then the journal has the answer. */
		return named ? send_signal((pid_t)named) : code;
	}
	const json_t *daemon = json_object_get(answer, "daemon");
	pid_t pid = (pid_t)shd_ctl_int(daemon, "pid");
	/* One that is under way may have read the files as they were before. */
	int64_t awaited = shd_ctl_int(daemon, "reloads") + 1 + shd_ctl_bool(daemon, "reloading");
	json_decref(answer);
	code = send_signal(named ? (pid_t)named : pid);
	return code == SHD_EXIT_OK ? await(ctl, awaited) : code;
}

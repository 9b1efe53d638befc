/* daemon/api/api.h - what people and programs may ask the daemon; the only user of
 * libmicrohttpd.
 *
 * HTTP on the loop: libmicrohttpd's epoll descriptor is one more poll handle, so
 * there is no second loop and no thread. What reads the state runs on the pool,
 * one question at a time over one read-only connection; the answer is given from a
 * later turn of the loop. Limits: 64 connections, requests of 16 KB, 30 s without
 * a byte. Loop thread only. */
#pragma once
#include "config.h"

#include <uv.h>

struct shd_api;

/* What only the running daemon knows of itself. Texts are borrowed until the
 * callback's caller returns. */
struct shd_api_daemon {
	struct shd_wall started, reloaded; /* reloaded: ms 0, never since the start */
	const char *reload_error;          /* why the last reload was refused, or NULL */
	size_t in_flight, queued, jobs;    /* transfers running and waiting; state jobs */
	bool blind;                        /* keeps polling, judges nothing */
};

/* Everything is borrowed until closed. config: the one in force; it is looked at
 * during the call only, so a reload may replace it between two turns of the loop. */
struct shd_api_in {
	uv_loop_t *loop;
	const char *listen;       /* unix:PATH, as in the settings */
	const char *state_path;
	struct shd_wall (*now)(void *ctx);
	const struct shd_config *(*config)(void *ctx);
	void (*daemon)(void *ctx, struct shd_api_daemon *ret_daemon); /* fills what it knows */
	void *ctx;
};

/* Listens. A socket that nobody answers any more is replaced; its mode is 0660, its
 * group that of the process. Errors: CONFIG, the address cannot be used; IO, it
 * could not be opened, or another daemon answers there. */
SHD_MUST_USE bool shd_api_open(const struct shd_api_in *in, struct shd_api **ret_api,
			       struct shd_error *reterr);

/* Accepts nothing more, lets the question under way end, removes the socket, then
 * calls closed(ctx) from a later turn; *api is gone then. */
void shd_api_close(struct shd_api *api, void (*closed)(void *ctx), void *ctx);

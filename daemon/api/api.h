/* api/api.h - what people and programs may ask the daemon; the only user of
 * libmicrohttpd.
 *
 * HTTP on the loop: libmicrohttpd's epoll descriptor is one more poll handle, so
 * there is no second loop and no thread. What reads the state runs on the pool,
 * one question at a time over one read-only connection; the answer is given from a
 * later turn of the loop. Limits: 64 connections, requests of 16 KB, 30 s without
 * a byte. Loop thread only. */
#pragma once
#include "app/app.h"

#include <uv.h>

struct shd_api;

/* Listens at `listen` (unix:PATH, as in the settings). Borrows loop and app until
 * closed. A socket that nobody answers any more is replaced; its mode is 0660,
 * its group that of the process. Errors: CONFIG, the address cannot be used; IO, it
 * could not be opened, or another daemon answers there. */
SHD_MUST_USE bool shd_api_open(uv_loop_t *loop, const char *listen, const struct shd_app *app,
			       struct shd_api **ret_api, struct shd_error *reterr);

/* Accepts nothing more, lets the question under way end, removes the socket, then
 * calls closed(ctx) from a later turn; *api is gone then. */
void shd_api_close(struct shd_api *api, void (*closed)(void *ctx), void *ctx);

/* api/api.h - the HTTP API of the daemon, read-only; the only user of libmicrohttpd.
 *
 * It runs on the loop: libmicrohttpd's epoll descriptor is one more poll handle, so there is
 * no second loop and no thread. Requests that read the state do so on the pool, one at a time
 * over one read-only connection; the answer is sent from a later turn of the loop. Limits: 64
 * connections, 16 of them of one user, whose oldest idle one makes room for a new one; requests
 * of 16 KB that arrive within 5 s; 30 s without a byte. Loop thread only. */
#pragma once
#include "config/config.h"
#include "deliver/deliver.h"
#include "poll/status.h"

#include <sys/types.h>
#include <uv.h>

struct shd_api;

/* The file of the socket. */
struct shd_api_place {
	char path[108]; /* as long as an address can be */
	dev_t dev;
	ino_t ino;
};

/* What the API reads from the daemon. Called on the loop thread; returned texts are borrowed until
 * the next turn of the loop. */
struct shd_api_view {
	/* The configuration in force, which a request may hold (shd_config_hold). */
	const struct shd_config *(*config)(void *ctx);
	struct shd_wall (*now)(void *ctx);
	/* The status of a poller of a source. False: the source has no such poller. */
	bool (*poller)(void *ctx, const struct shd_source *source, enum shd_poller poller,
		       struct shd_poller_status *ret_status);
	/* The pollers, a bit each, that are behind: rules that read them are unknown. */
	uint32_t (*behind)(void *ctx, const struct shd_source *source);
	/* Visits the feeds of a source in the order of its adapter's table. */
	void (*feeds)(void *ctx, const struct shd_source *source, shd_feed_status_fn *visit,
		void *visit_ctx);
	/* Visits the channels of the configuration in its order. */
	void (*channels)(void *ctx, shd_channel_report_fn *visit, void *visit_ctx);
	void (*figures)(void *ctx, struct shd_figures *ret_figures);
	const char *state_path; /* opened read-only */
	void *ctx;
};

/* Listens at `listen` (unix:PATH, as in the settings). Copies the view; borrows the loop until
 * closed. Replaces a socket on which nobody listens. The mode of the socket is 0660, its group
 * that of the process. Errors: CONFIG, the address cannot be used; IO, it could not be opened, or
 * another daemon listens there. */
SHD_MUST_USE bool shd_api_open(uv_loop_t *loop, const char *listen, const struct shd_api_view *view,
			       struct shd_api **ret_api, struct shd_error *reterr);

/* Where its socket was made. */
struct shd_api_place shd_api_place(const struct shd_api *api);
/* Whether it is there still. Any thread. */
bool shd_api_in_place(const struct shd_api_place *place);

/* Listens at the same path anew, for an API whose socket is gone from there, and closes the old
 * one: closed(ctx) as for shd_api_close. Errors: as shd_api_open; *api stays as it was then, and
 * closed is not called. */
SHD_MUST_USE bool shd_api_renew(struct shd_api **api, void (*closed)(void *ctx), void *ctx,
				struct shd_error *reterr);

/* Accepts no further request, lets those under way end, removes the socket unless another one is in
 * its place, then calls closed(ctx) from a later turn; *api is freed then. */
void shd_api_close(struct shd_api *api, void (*closed)(void *ctx), void *ctx);

/* api/route.h - the questions of the API, as a table.
 *
 * A question is answered in up to three steps: `begin` on the loop takes what it
 * needs from the configuration, `read` on the pool reads the state, `end` on the
 * loop adds words of the configuration that is in force then. Each may be NULL. */
#pragma once
#include "api.h"
#include "state/state.h"

#include <jansson.h>

struct shd_api_feed; /* of status.c */

/* What `begin` takes of a store, or of a carrier, which serves all, so that `read` needs no look
 * at what the loop owns. */
struct shd_api_store {
	const struct shd_source *source; /* in `begin` only */
	const char *id;
	const char *marketplace;
	struct shd_poller_status pollers[SHD_POLLER_COUNT]; /* the status only */
	struct shd_api_feed *feeds, **last_feed;
};

struct shd_api_call {
	const struct shd_api_view *view;
	struct shd_wall now;
	const char *argument;    /* what stands in the path for the route's `*` */
	struct shd_arena *arena; /* lives as long as the call */
	struct shd_api_store *stores;
	size_t store_count;
	struct shd_alert_filter filter;
	const struct shd_config *config; /* for `read`; held until the answer is given */
	const uint32_t *behind;          /* of each source of `config`: see shd_api_view */
	const char *expr, *entity;       /* of /eval */
	json_t *answer;          /* an object, made before `begin` */
};

/* False with an error whose kind becomes the HTTP status: MISSING 404, REQUEST 400. */
typedef bool shd_api_loop_fn(struct shd_api_call *call, const struct shd_config *config,
			     struct shd_error *reterr);
typedef bool shd_api_pool_fn(struct shd_api_call *call, struct shd_state *state,
			     struct shd_error *reterr);

struct shd_api_route {
	const char *method, *path, *doc; /* path: a last part of `*` stands for anything */
	shd_api_loop_fn *begin;
	shd_api_pool_fn *read;
	shd_api_loop_fn *end;
	bool stateless; /* `read` is also called where the state cannot be opened, with NULL for it
			 * and the reason in *reterr, and may answer all the same */
};

extern const struct shd_api_route shd_api_routes[];
extern const size_t shd_api_route_count;

/* The route of this path; *ret_argument is what stands for its `*`. NULL, kind MISSING:
 * no such path; NULL, kind REQUEST: not with this method. */
const struct shd_api_route *shd_api_route_find(const char *method, const char *path,
					       const char **ret_argument, struct shd_error *reterr);

/* An argument of the question (?name=value), NULL when absent. In `begin` only. */
const char *shd_api_argument(const struct shd_api_call *call, const char *name);

/* Steps of the routes, each beside what it is about. */
shd_api_loop_fn shd_api_status_begin, shd_api_alerts_begin, shd_api_explain_begin,
	shd_api_explain_end, shd_api_alerts_end, shd_api_metrics_begin, shd_api_stores,
	shd_api_eval_begin;
shd_api_pool_fn shd_api_status_read, shd_api_alerts_read, shd_api_explain_read,
	shd_api_metrics_read, shd_api_rules_read, shd_api_rule_read, shd_api_eval_read;

/* Takes ?store= into the filter, and which pollers are behind. */
shd_api_loop_fn shd_api_filter_begin;

/* Takes the stores and carriers of the configuration into the call. */
void shd_api_take_stores(struct shd_api_call *call, const struct shd_config *config);
/* The store of this id; NULL and kind MISSING, with the nearest id, when there is none. */
const struct shd_api_store *shd_api_store_find(const struct shd_api_call *call, const char *id,
					       struct shd_error *reterr);

/* api/route.h - the table of the API's routes.
 *
 * A request is answered in up to three steps: `begin` on the loop copies what is needed from
 * the configuration, `read` on the pool reads the state, `end` on the loop adds texts of the
 * configuration that is in force by then. Each may be NULL. */
#pragma once
#include "api.h"
#include "state/state.h"

#include <jansson.h>

struct shd_api_feed; /* of status.c */

/* What `begin` copies of a store, or of a carrier, which serves all stores, because `read` must not
 * touch what the loop owns. */
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
	const char *argument;    /* what the route's `*` matched in the path */
	struct shd_arena *arena; /* lives as long as the call */
	struct shd_api_store *stores;
	size_t store_count;
	struct shd_alert_filter filter;
	const struct shd_config *config; /* for `read`; held until the request is answered */
	const uint32_t *behind;          /* of each source of `config`: see shd_api_view */
	const char *expr, *entity;       /* /eval only */
	enum shd_kind kind;              /* /entities only, as `id` */
	const char *id, *after;          /* NULL: not asked for */
	json_t *answer;          /* an object, made before `begin` */
};

/* False with an error whose kind becomes the HTTP status: MISSING 404, REQUEST 400. */
typedef bool shd_api_loop_fn(struct shd_api_call *call, const struct shd_config *config,
			     struct shd_error *reterr);
typedef bool shd_api_pool_fn(struct shd_api_call *call, struct shd_state *state,
			     struct shd_error *reterr);

struct shd_api_route {
	const char *method, *path, *doc; /* path: a `*` as the last segment matches any one */
	shd_api_loop_fn *begin;
	shd_api_pool_fn *read;
	shd_api_loop_fn *end;
	bool stateless; /* `read` is also called where the state cannot be opened, with NULL for it
			 * and the reason in *reterr, and may answer all the same */
};

extern const struct shd_api_route shd_api_routes[];
extern const size_t shd_api_route_count;

/* The route of this path; *ret_argument is what its `*` matched. NULL with kind MISSING: there is
 * no such path; NULL with kind REQUEST: not with this method. */
const struct shd_api_route *shd_api_route_find(const char *method, const char *path,
					       const char **ret_argument, struct shd_error *reterr);

/* An argument of the query (?name=value), NULL when absent. In `begin` only. The second form copies
 * it into the call's arena. */
const char *shd_api_argument(const struct shd_api_call *call, const char *name);
const char *shd_api_argument_copy(const struct shd_api_call *call, const char *name);

/* Fails with "there is no WHAT "NAME"", and the nearest of the known names. Always false. */
bool shd_api_fail_unknown(struct shd_error *reterr, enum shd_err kind, const char *what,
	const char *name, const char *const *known, size_t count);

/* The steps of the routes, defined in the file of their subject. */
shd_api_loop_fn shd_api_status_begin, shd_api_alerts_begin, shd_api_explain_begin,
	shd_api_explain_end, shd_api_alerts_end, shd_api_metrics_begin, shd_api_stores,
	shd_api_eval_begin, shd_api_entities_begin;
shd_api_pool_fn shd_api_status_read, shd_api_alerts_read, shd_api_explain_read,
	shd_api_metrics_read, shd_api_rules_read, shd_api_rule_read, shd_api_eval_read,
	shd_api_entities_read;

/* Fails with "there is no kind "NAME"", and the nearest. Always false. */
bool shd_api_refuse_kind(const char *name, size_t len, struct shd_error *reterr);
/* Whether the text is a whole number above 0. */
bool shd_api_is_number(const char *text, int64_t *ret_number);
/* ?max=, 1 to `most`, which it is when absent. False and REQUEST for what is none. */
bool shd_api_max(const struct shd_api_call *call, size_t most, size_t *ret_max,
		 struct shd_error *reterr);

/* How the channels are doing at this moment, for shd_api_put_channels; on the loop. */
void shd_api_look_at_channels(struct shd_api_call *call);
/* status_channels.c: adds `channels` to the answer, without what the state says where there is
 * none (NULL). */
SHD_MUST_USE bool shd_api_put_channels(
	struct shd_api_call *call, struct shd_state *state, struct shd_error *reterr);

/* Copies ?store= into the filter, and which pollers are behind. */
shd_api_loop_fn shd_api_filter_begin;

/* Copies the stores and carriers of the configuration into the call. */
void shd_api_copy_stores(struct shd_api_call *call, const struct shd_config *config);
/* The store of this id; NULL and kind MISSING, with the nearest id, when there is none. */
const struct shd_api_store *shd_api_store_find(const struct shd_api_call *call, const char *id,
					       struct shd_error *reterr);

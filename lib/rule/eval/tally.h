/* rule/eval/tally.h - a cache of large windows over entities, updated with each change.
 *
 * All that `share(order last 30d where shipped_late)` needs of an order is when it was
 * opened (or another time, with `at`) and whether it meets the condition. A tally keeps that
 * much of each window that has many rows, for each store, and updates it when an entity changes,
 * so that an evaluation takes about the same time whatever the window holds. The evaluator uses it
 * where the environment has one, and otherwise reads the entities one by one: the results are the
 * same.
 *
 * It keeps windows whose condition reads only the entity in the window. Others, small ones,
 * and those for which there is no room (max_bytes) are read entity by entity. A row takes
 * 8 bytes, 24 where a field is summed. Pure; one thread at a time. */
#pragma once
#include "env.h"

struct shd_tally;

struct shd_tally_limits {
	size_t min_rows;     /* smaller windows are not kept */
	size_t max_bytes;    /* of rows, over all stores */
	int64_t max_span_ms; /* longer windows are not kept: the state forgets entities of that age
			      */
};

/* Borrows the series. */
struct shd_series_list;
struct shd_tally *shd_tally_create(
	const struct shd_series_list *series, const struct shd_tally_limits *limits);
void shd_tally_destroy(struct shd_tally *tally); /* accepts NULL */

/* Adds a store: its environments point to the result, which lives as long as the tally. */
struct shd_tally_store *shd_tally_add_store(struct shd_tally *tally);

/* Updates the windows for a changed entity of the store; from now on the environment's windows
 * show it as it is after. before NULL: it is new. after NULL: it is gone. */
void shd_tally_change(struct shd_tally *tally, struct shd_tally_store *store,
	const struct shd_entity *before, const struct shd_entity *after);

/* Drops what is kept; it is read again when it is next needed. For a transaction that was rolled
 * back, and for entities that changed without shd_tally_change. */
void shd_tally_forget(struct shd_tally *tally);

/* A window is being read for the tally, not for one judgement: an environment that limits how
 * many entities a judgement reads should not count these. */
bool shd_tally_is_filling(const struct shd_tally *tally);

size_t shd_tally_bytes(const struct shd_tally *tally); /* that the rows take now */

/* --- for the evaluator ------------------------------------------------------- */

struct shd_expr;

struct shd_tally_result {
	uint64_t of, hit;  /* entities in the window; those that meet the condition */
	/* The time of the oldest one in the window that the result depends on: any for a share,
	 * else one that meets the condition. SHD_NEVER_MS: there is none. */
	int64_t oldest_ms;
	/* The time of the first one dated after the window. SHD_NEVER_MS: there is none. */
	int64_t ahead_ms;
};

/* Counts an aggregate's window (from, to]; where the aggregate is over a field, visits its value
 * of each entity that meets the condition. False: the window is not kept. */
typedef void shd_tally_fn(void *ctx, const struct shd_value *value);
bool shd_tally_window(struct shd_tally *tally, const struct shd_rule_env *env,
	const struct shd_expr *expr, int64_t from_ms, int64_t to_ms, shd_tally_fn *visit, void *ctx,
	struct shd_tally_result *ret);

/* Reads the window through the environment and keeps it from now on. False: no room. */
bool shd_tally_fill(struct shd_tally *tally, const struct shd_rule_env *env,
	const struct shd_expr *expr, int64_t from_ms);

/* Whether a window with so many rows should be filled. */
bool shd_tally_should_fill(const struct shd_tally *tally, const struct shd_expr *expr, size_t rows);

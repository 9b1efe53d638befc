/* rule/eval/tally.h - large windows over entities, kept so that work follows change.
 *
 * All that `share(order last 30d where shipped_late)` needs of an order is when it was
 * opened and whether it counts. A tally keeps that much of each window that shows many
 * rows, store by store, and corrects it when an entity changes, so that an evaluation
 * takes about the same time whatever the window holds. The evaluator uses it where the
 * environment has one, and else reads row by row: the answers are the same.
 *
 * Kept are windows whose condition reads nothing but the entity in the window. Others,
 * small ones, and those that find no room (max_bytes) are read row by row. A row takes
 * 8 bytes, 24 where a field is summed. Pure; one thread at a time. */
#pragma once
#include "env.h"

struct shd_tally;

struct shd_tally_limits {
	size_t min_rows;     /* a window that shows fewer is not kept */
	size_t max_bytes;    /* of rows, over all stores */
	int64_t max_span_ms; /* longer windows are not kept: their entities are forgotten */
};

/* Borrows the series. */
struct shd_series_list;
struct shd_tally *shd_tally_create(
	const struct shd_series_list *series, const struct shd_tally_limits *limits);
void shd_tally_destroy(struct shd_tally *tally); /* accepts NULL */

/* Begins to keep windows of one more store, for its environments; lives as long as the
 * tally. */
struct shd_tally_store *shd_tally_add_store(struct shd_tally *tally);

/* An entity of the store changed, and what the environment's windows show with it.
 * before NULL: it is new. after NULL: it is gone. */
void shd_tally_change(struct shd_tally *tally, struct shd_tally_store *store,
	const struct shd_entity *before, const struct shd_entity *after);

/* What was kept is read again when it is next needed: a transaction was given up, or
 * the entities changed unseen. */
void shd_tally_forget(struct shd_tally *tally);

/* A window is being read to be kept: the environment may not count this as the work of
 * a judgement. */
bool shd_tally_fills(const struct shd_tally *tally);

size_t shd_tally_bytes(const struct shd_tally *tally); /* that the rows take now */

/* --- for the evaluator ------------------------------------------------------- */

struct shd_expr;

struct shd_tallied {
	uint64_t of, hit;   /* entities in the window; those that satisfy */
	int64_t oldest_ms;  /* when the first one that satisfies was opened, for a share */
	int64_t ahead_ms;   /* the first one at all; the first one dated after the window */
};                          /* both SHD_NEVER_MS: none */

/* What an aggregate's window (from, to] holds; visits the field's value of each that
 * satisfies, where the aggregate is over a field. False: it is not kept. */
typedef void shd_tally_fn(void *ctx, const struct shd_value *value);
bool shd_tally_window(struct shd_tally *tally, const struct shd_rule_env *env,
	const struct shd_expr *expr, int64_t from_ms, int64_t to_ms, shd_tally_fn *visit, void *ctx,
	struct shd_tallied *ret);

/* Reads the window through the environment, to be kept from now on. False: no room. */
bool shd_tally_fill(struct shd_tally *tally, const struct shd_rule_env *env,
	const struct shd_expr *expr, int64_t from_ms);

/* Whether a window with so many rows should be filled. */
bool shd_tally_wants(const struct shd_tally *tally, const struct shd_expr *expr, size_t rows);

/* rule/eval/env.h - what an expression reads: the store and its entity, the present instant, and
 * callbacks for the rest. The caller of the evaluator fills it. Pure. */
#pragma once
#include "catalog/entity.h"
#include "catalog/store.h"

struct shd_tally;
struct shd_tally_store;

/* Visits one entity of a window, or one sample; false ends the visit. */
typedef bool shd_window_fn(void *ctx, const struct shd_entity *entity);
typedef bool shd_samples_fn(void *ctx, struct shd_wall at, const struct shd_value *value);

/* All callbacks are synchronous; borrowed results live until the next call. */
struct shd_rule_env {
	struct shd_wall now;
	const struct shd_store *store;             /* NULL for the pseudo-store `daemon` */
	const int64_t *every_ms;                   /* by poller; NULL or 0: the usual interval */
	const struct shd_entity *store_entity;     /* kind store; NULL: nothing known yet */
	const struct shd_entity *entity;           /* for a rule with `each`; else NULL */
	void *ctx;
	/* Newest value of a metric, or its target; none when it was never read. */
	void (*metric)(void *ctx, enum shd_metric metric, bool target, struct shd_value *ret);
	/* Entities of a kind whose field `time` (of type TIME, an index within the kind) lies in
	 * (from, to], the earliest first. */
	void (*window)(void *ctx, enum shd_kind kind, int time, struct shd_wall from,
		       struct shd_wall to, shd_window_fn *visit, void *visit_ctx);
	/* Samples of a metric, oldest first: the newest one at or before `from`, if any, then
	 * those in (from, to]. */
	void (*samples)(void *ctx, enum shd_metric metric, struct shd_wall from, struct shd_wall to,
			shd_samples_fn *visit, void *visit_ctx);
	/* When a poller last succeeded; 0: never. */
	struct shd_wall (*polled)(void *ctx, enum shd_poller poller);
	/* The feed behind a kind or metric cannot be read: it is unknown, not zero. */
	bool (*blind_kind)(void *ctx, enum shd_kind kind);
	bool (*blind_metric)(void *ctx, enum shd_metric metric);
	/* The newest poll of a feed of this poller failed. NULL: no poller fails. */
	bool (*failing)(void *ctx, enum shd_poller poller);
	/* The cache of large windows, made for the rules that are judged; or NULL. */
	struct shd_tally *tally;
	struct shd_tally_store *tally_store;
};

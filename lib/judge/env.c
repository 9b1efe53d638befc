#include "parts.h"

#include <string.h>

static void note(struct shd_judge *judge, const struct shd_error *err)
{
	if (!judge->failed)
		judge->error = *err;
	judge->failed = true;
}

bool shd_judge_store_entity(struct shd_judge *judge, struct shd_error *reterr)
{
	if (judge->store_entity_read)
		return true;
	const char *id = judge->store->id;
	if (!shd_overlay_entity(judge->overlay, id, SHD_KIND_store, id, judge->store_arena,
				  &judge->store_entity, reterr))
		return false;
	judge->store_entity_read = true;
	return true;
}

bool shd_judge_fact(struct shd_judge *judge, enum shd_poller poller,
		    struct shd_poller_fact **ret_fact, struct shd_error *reterr)
{
	struct shd_poller_fact *fact = &judge->store->pollers[poller];
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = NULL;
	const struct shd_entity *entity;

	*ret_fact = fact;
	if (fact->known)
		return true;
	arena = shd_arena_create(1 << 16);
	if (!shd_overlay_entity(judge->overlay, judge->store->id,
				  SHD_KIND_poller, shd_poller_name(poller), arena, &entity, reterr))
		return false;
	*fact = shd_poller_fact_of(entity, !shd_judge_is_off(judge, poller));
	return true;
}

static const struct shd_poller_fact *fact_of(struct shd_judge *judge, enum shd_poller poller)
{
	static const struct shd_poller_fact seeing;
	struct shd_poller_fact *fact;
	struct shd_error err;

	if (poller == SHD_POLLER_COUNT)
		return &seeing;
	if (!shd_judge_fact(judge, poller, &fact, &err)) {
		note(judge, &err);
		return &seeing;
	}
	return fact;
}

static void metric(void *ctx, enum shd_metric metric, bool target, struct shd_value *ret)
{
	struct shd_judge *judge = ctx;
	struct shd_error err;
	struct shd_wall at;

	*ret = (struct shd_value){.type = shd_metric_row(metric)->type, .none = true};
	if (!judge->read->metric(judge->read->ctx, judge->store->id, metric,
				  target, ret, &at, &err))
		note(judge, &err);
}

struct counter {
	struct shd_judge *judge;
	shd_window_fn *visit;
	void *ctx;
};

static bool count_row(void *ctx, const struct shd_entity *entity)
{
	const struct counter *counter = ctx;

	counter->judge->rows += !shd_tally_fills(counter->judge->tally);
	return counter->visit(counter->ctx, entity);
}

static void window(void *ctx, enum shd_kind kind, struct shd_wall from, struct shd_wall to,
		   shd_window_fn *visit, void *visit_ctx)
{
	struct shd_judge *judge = ctx;
	struct counter counter = {judge, visit, visit_ctx};
	uint64_t fields = judge->rule ? judge->rule->reads_fields[kind] : UINT64_MAX;
	struct shd_error err;

	if (!judge->read->window(judge->read->ctx, judge->store->id, kind,
		    fields, from, to, count_row, &counter, &err))
		note(judge, &err);
}

static void samples(void *ctx, enum shd_metric metric_, struct shd_wall from, struct shd_wall to,
		    shd_samples_fn *visit, void *visit_ctx)
{
	struct shd_judge *judge = ctx;
	struct shd_error err;

	if (!judge->read->samples(judge->read->ctx, judge->store->id,
		    metric_, from, to, visit, visit_ctx, &err))
		note(judge, &err);
}

static struct shd_wall polled(void *ctx, enum shd_poller poller)
{
	return shd_poller_polled(fact_of(ctx, poller));
}

static bool failing(void *ctx, enum shd_poller poller)
{
	return fact_of(ctx, poller)->failing;
}

/* What a rule could not read because a feed is behind is judged when that is read. */
static bool is_blind(struct shd_judge *judge, enum shd_poller poller)
{
	bool unread = shd_judge_unread(judge, poller);

	if (shd_judge_is_off(judge, poller))
		return true;
	if (unread)
		judge->store->asked |= 1U << poller;
	return unread || shd_poller_is_blind(fact_of(judge, poller));
}

static bool blind_kind(void *ctx, enum shd_kind kind)
{
	struct shd_judge *judge = ctx;

	return !(judge->fresh >> kind & 1) && is_blind(judge, shd_kind_poller(kind));
}

static bool blind_metric(void *ctx, enum shd_metric metric_)
{
	return is_blind(ctx, shd_metric_poller(metric_));
}

void shd_judge_env(struct shd_judge *judge, const struct shd_entity *entity,
		   struct shd_rule_env *ret_env)
{
	*ret_env = (struct shd_rule_env){
		.now = judge->now,
		.store = judge->store->settings,
		.every_ms = judge->store->source ? judge->store->source->every_ms : NULL,
		.store_entity = judge->store_entity,
		.entity = entity,
		.ctx = judge,
		.metric = metric,
		.window = window,
		.samples = samples,
		.polled = polled,
		.blind_kind = blind_kind,
		.blind_metric = blind_metric,
		.failing = failing,
		.tally = judge->tally,
		.tally_store = judge->store->tally,
	};
}

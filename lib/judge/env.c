#include "parts.h"

#include <string.h>

bool shd_judge_store_entity(
	const struct shd_basis *basis, struct shd_visit *visit, struct shd_error *reterr)
{
	if (visit->entity_read)
		return true;
	const char *id = visit->store->id;
	if (!shd_overlay_entity(basis->overlay, id, SHD_KIND_store, id, visit->store_arena,
				  &visit->entity, reterr))
		return false;
	visit->entity_read = true;
	return true;
}

bool shd_judge_fact(const struct shd_basis *basis, struct shd_visit *visit, enum shd_poller poller,
		    struct shd_poller_fact **ret_fact, struct shd_error *reterr)
{
	struct shd_poller_fact *fact = &visit->store->pollers[poller];
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = NULL;
	const struct shd_entity *entity;

	*ret_fact = fact;
	if (fact->known)
		return true;
	arena = shd_arena_create(1 << 16);
	if (!shd_overlay_entity(basis->overlay, visit->store->id,
				  SHD_KIND_poller, shd_poller_name(poller), arena, &entity, reterr))
		return false;
	*fact = shd_poller_fact_of(entity, !shd_judge_is_off(visit, poller));
	return true;
}

/* --- the functions of the environment ----------------------------------------------------- */

static void note(struct shd_reading *reading, const struct shd_error *err)
{
	if (!reading->failed)
		reading->error = *err;
	reading->failed = true;
}

static const struct shd_poller_fact *fact_of(struct shd_reading *reading, enum shd_poller poller)
{
	static const struct shd_poller_fact seeing;
	struct shd_poller_fact *fact;
	struct shd_error err;

	if (poller == SHD_POLLER_COUNT)
		return &seeing;
	if (!shd_judge_fact(reading->basis, reading->visit, poller, &fact, &err)) {
		note(reading, &err);
		return &seeing;
	}
	return fact;
}

static void metric(void *ctx, enum shd_metric metric, bool target, struct shd_value *ret)
{
	struct shd_reading *reading = ctx;
	const struct shd_stored *read = reading->basis->read;
	struct shd_error err;
	struct shd_wall at;

	*ret = (struct shd_value){.type = shd_metric_row(metric)->type, .none = true};
	if (!read->metric(read->ctx, reading->visit->store->id, metric, target, ret, &at, &err))
		note(reading, &err);
}

struct counter {
	struct shd_reading *reading;
	shd_window_fn *visit;
	void *ctx;
};

static bool count_row(void *ctx, const struct shd_entity *entity)
{
	const struct counter *counter = ctx;

	counter->reading->rows += !shd_tally_fills(counter->reading->basis->tally);
	return counter->visit(counter->ctx, entity);
}

static void window(void *ctx, enum shd_kind kind, struct shd_wall from, struct shd_wall to,
		   shd_window_fn *visit, void *visit_ctx)
{
	struct shd_reading *reading = ctx;
	const struct shd_stored *read = reading->basis->read;
	struct counter counter = {reading, visit, visit_ctx};
	uint64_t fields = reading->rule ? reading->rule->reads_fields[kind] : UINT64_MAX;
	struct shd_error err;

	if (!read->window(read->ctx, reading->visit->store->id, kind, fields, from, to, count_row,
			  &counter, &err))
		note(reading, &err);
}

static void samples(void *ctx, enum shd_metric metric_, struct shd_wall from, struct shd_wall to,
		    shd_samples_fn *visit, void *visit_ctx)
{
	struct shd_reading *reading = ctx;
	const struct shd_stored *read = reading->basis->read;
	struct shd_error err;

	if (!read->samples(read->ctx, reading->visit->store->id, metric_, from, to, visit,
		    visit_ctx, &err))
		note(reading, &err);
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
static bool is_blind(struct shd_reading *reading, enum shd_poller poller)
{
	bool unread = shd_judge_unread(reading->txn, reading->visit, poller);

	if (shd_judge_is_off(reading->visit, poller))
		return true;
	if (unread)
		reading->visit->store->asked |= 1U << poller;
	return unread || shd_poller_is_blind(fact_of(reading, poller));
}

static bool blind_kind(void *ctx, enum shd_kind kind)
{
	const struct shd_reading *reading = ctx;

	return !(reading->visit->fresh >> kind & 1) && is_blind(ctx, shd_kind_poller(kind));
}

static bool blind_metric(void *ctx, enum shd_metric metric_)
{
	return is_blind(ctx, shd_metric_poller(metric_));
}

void shd_judge_env(struct shd_reading *reading, const struct shd_entity *entity,
		   struct shd_rule_env *ret_env)
{
	const struct shd_visit *visit = reading->visit;

	*ret_env = (struct shd_rule_env){
		.now = reading->txn->now,
		.store = visit->store->settings,
		.every_ms = visit->store->source ? visit->store->source->every_ms : NULL,
		.store_entity = visit->entity,
		.entity = entity,
		.ctx = reading,
		.metric = metric,
		.window = window,
		.samples = samples,
		.polled = polled,
		.blind_kind = blind_kind,
		.blind_metric = blind_metric,
		.failing = failing,
		.tally = reading->basis->tally,
		.tally_store = visit->store->tally,
	};
}

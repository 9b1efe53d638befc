#include "reading.h"

enum { POLLER_BYTES = 1 << 16 };

static void note(struct shd_reading *reading, const struct shd_error *err)
{
	if (!reading->failed)
		reading->error = *err;
	reading->failed = true;
}

/* --- pollers ------------------------------------------------------------------------------ */

bool shd_reading_poller(const struct shd_reading *reading, enum shd_poller poller,
			struct shd_poller_fact **ret_fact, struct shd_error *reterr)
{
	const struct shd_stored *stored = reading->stored;
	struct shd_poller_fact *fact = &reading->pollers[poller];
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = NULL;
	struct shd_stored_entity row;

	*ret_fact = fact;
	if (fact->known)
		return true;
	arena = shd_arena_create(POLLER_BYTES);
	if (!stored->entity(stored->ctx, reading->id, SHD_KIND_poller, shd_poller_name(poller),
			    arena, &row, reterr))
		return false;
	*fact = shd_poller_fact_of(
		row.entity, reading->source ? reading->source->every_ms[poller] : INT64_MAX);
	return true;
}

static const struct shd_poller_fact *fact_of(struct shd_reading *reading, enum shd_poller poller)
{
	static const struct shd_poller_fact seeing;
	struct shd_poller_fact *fact;
	struct shd_error err;

	if (poller == SHD_POLLER_COUNT)
		return &seeing;
	if (!shd_reading_poller(reading, poller, &fact, &err)) {
		note(reading, &err);
		return &seeing;
	}
	return fact;
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
	uint32_t bit = poller < SHD_POLLER_COUNT ? 1U << poller : 0;

	reading->asked |= reading->unread & bit;
	return (reading->unread & bit) || shd_poller_is_blind(fact_of(reading, poller));
}

static bool blind_kind(void *ctx, enum shd_kind kind)
{
	const struct shd_reading *reading = ctx;

	return !(reading->fresh >> kind & 1) && is_blind(ctx, shd_kind_poller(kind));
}

static bool blind_metric(void *ctx, enum shd_metric metric_)
{
	return is_blind(ctx, shd_metric_poller(metric_));
}

void shd_reading_explain_unknown(struct shd_reading *reading, const struct shd_rule *rule,
	struct shd_arena *arena, struct shd_verdict *verdict)
{
	for (int p = 0; verdict->judgement == SHD_UNKNOWN && p < SHD_POLLER_COUNT; p++) {
		enum shd_poller poller = (enum shd_poller)p;
		const char *words = NULL;

		if (rule->brought_by >> p & 1)
			words = shd_poller_idle_words(fact_of(reading, poller), poller, arena);
		if (!words && (reading->asked >> p & 1))
			words = shd_poller_behind_words(poller, arena);
		if (!words)
			continue;
		verdict->why = words;
		return;
	}
}

/* --- values -------------------------------------------------------------------------------- */

static void metric(void *ctx, enum shd_metric metric, bool target, struct shd_value *ret)
{
	struct shd_reading *reading = ctx;
	const struct shd_stored *stored = reading->stored;
	struct shd_error err;
	struct shd_wall at;

	*ret = (struct shd_value){.type = shd_metric_row(metric)->type, .none = true};
	if (!stored->metric(stored->ctx, reading->id, metric, target, ret, &at, &err))
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
	struct shd_reading *reading = counter->reading;

	reading->rows += !reading->tally || !shd_tally_is_filling(reading->tally);
	return counter->visit(counter->ctx, entity);
}

static void window(void *ctx, enum shd_kind kind, int time, struct shd_wall from,
		   struct shd_wall to, shd_window_fn *visit, void *visit_ctx)
{
	struct shd_reading *reading = ctx;
	const struct shd_stored *stored = reading->stored;
	struct counter counter = {reading, visit, visit_ctx};
	uint64_t fields = reading->rule ? reading->rule->reads_fields[kind] : UINT64_MAX;
	struct shd_error err;

	if (!stored->window(stored->ctx, reading->id, kind, time, fields, from, to, count_row,
			    &counter, &err))
		note(reading, &err);
}

static void samples(void *ctx, enum shd_metric metric_, struct shd_wall from, struct shd_wall to,
		    shd_samples_fn *visit, void *visit_ctx)
{
	struct shd_reading *reading = ctx;
	const struct shd_stored *stored = reading->stored;
	struct shd_error err;

	if (!stored->samples(
		    stored->ctx, reading->id, metric_, from, to, visit, visit_ctx, &err))
		note(reading, &err);
}

void shd_reading_env(struct shd_reading *reading, const struct shd_entity *entity,
		     struct shd_rule_env *ret_env)
{
	*ret_env = (struct shd_rule_env){
		.now = reading->now,
		.store = reading->store,
		.every_ms = reading->source ? reading->source->every_ms : NULL,
		.store_entity = reading->store_entity,
		.entity = entity,
		.ctx = reading,
		.metric = metric,
		.window = window,
		.samples = samples,
		.polled = polled,
		.blind_kind = blind_kind,
		.blind_metric = blind_metric,
		.failing = failing,
		.tally = reading->tally,
		.tally_store = reading->tally_store,
	};
}

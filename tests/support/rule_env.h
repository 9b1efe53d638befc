/* tests/support/rule_env.h - a store in memory for tests of the rules language. */
#pragma once
#include "base/text.h"
#include "market/source.h"
#include "rule/eval/eval.h"
#include "rule/eval/window_list.h"

#include <stdlib.h>
#include <string.h>

enum { FAKE_ENTITIES = 64, FAKE_FIELDS = 64, FAKE_SAMPLES = 64 };

struct fake {
	struct shd_rule_env env;
	struct shd_store settings;
	struct shd_entity entities[FAKE_ENTITIES];
	struct shd_value fields[FAKE_ENTITIES][FAKE_FIELDS];
	size_t entity_count;
	struct shd_value metrics[SHD_METRIC_COUNT], targets[SHD_METRIC_COUNT];
	struct {
		enum shd_metric metric;
		struct shd_wall at;
		struct shd_value value;
	} samples[FAKE_SAMPLES];
	size_t sample_count;
	struct shd_wall polled[SHD_POLLER_COUNT];
	uint32_t blind_kinds;
	uint64_t blind_metrics;
};

static inline void fake_metric(
	void *ctx, enum shd_metric metric, bool target, struct shd_value *ret)
{
	struct fake *fake = ctx;

	*ret = target ? fake->targets[metric] : fake->metrics[metric];
}

static inline void fake_window(void *ctx, enum shd_kind kind, int time, struct shd_wall from,
	struct shd_wall to, shd_window_fn *visit, void *visit_ctx)
{
	struct fake *fake = ctx;
	struct shd_window_list list = {.time = time, .from = from, .to = to};

	for (size_t i = 0; i < fake->entity_count; i++)
		if (fake->entities[i].kind == kind)
			shd_window_list_add(&list, &fake->entities[i]);
	shd_window_list_show(&list, visit, visit_ctx);
}

static inline void fake_samples(void *ctx, enum shd_metric metric, struct shd_wall from,
	struct shd_wall to, shd_samples_fn *visit, void *visit_ctx)
{
	struct fake *fake = ctx;
	size_t before = FAKE_SAMPLES;

	for (size_t i = 0; i < fake->sample_count; i++)
		if (fake->samples[i].metric == metric && fake->samples[i].at.ms <= from.ms)
			before = i;
	if (before < FAKE_SAMPLES &&
		!visit(visit_ctx, fake->samples[before].at, &fake->samples[before].value))
		return;
	for (size_t i = 0; i < fake->sample_count; i++) {
		if (fake->samples[i].metric != metric || fake->samples[i].at.ms <= from.ms ||
			fake->samples[i].at.ms > to.ms)
			continue;
		if (!visit(visit_ctx, fake->samples[i].at, &fake->samples[i].value))
			return;
	}
}

static inline struct shd_wall fake_polled(void *ctx, enum shd_poller poller)
{
	return ((struct fake *)ctx)->polled[poller];
}

static inline bool fake_blind_kind(void *ctx, enum shd_kind kind)
{
	return ((struct fake *)ctx)->blind_kinds >> kind & 1;
}

static inline bool fake_blind_metric(void *ctx, enum shd_metric metric)
{
	return ((struct fake *)ctx)->blind_metrics >> metric & 1;
}

static inline void fake_init(struct fake *fake)
{
	memset(fake, 0, sizeof(*fake));
	fake->settings = (struct shd_store){
		.id = "shop", .marketplace = "ozon", .timezone = "UTC", .currency = "RUB"};
	for (int i = 0; i < SHD_METRIC_COUNT; i++) {
		fake->metrics[i] = (struct shd_value){
			.none = true, .type = shd_metric_row((enum shd_metric)i)->type};
		fake->targets[i] = fake->metrics[i];
	}
	fake->env = (struct shd_rule_env){.store = &fake->settings,
		.ctx = fake,
		.metric = fake_metric,
		.window = fake_window,
		.samples = fake_samples,
		.polled = fake_polled,
		.blind_kind = fake_blind_kind,
		.blind_metric = fake_blind_metric};
}

static inline struct shd_entity *fake_add(
	struct fake *fake, enum shd_kind kind, const char *id, int64_t opened_ms)
{
	size_t at = fake->entity_count++;
	struct shd_entity *entity = &fake->entities[at];

	*entity = (struct shd_entity){.kind = kind, .id = id, .fields = fake->fields[at]};
	for (int i = 0; i < shd_kind_fields(kind); i++)
		entity->fields[i] = (struct shd_value){.none = true,
			.type = shd_field_row(shd_kind_first(kind) + (enum shd_field)i)->type};
	entity->fields[SHD_I_opened_at] = (struct shd_value){.type = SHD_TIME, .n = opened_ms};
	return entity;
}

static inline void fake_n(struct shd_entity *entity, enum shd_field field, int64_t n)
{
	entity->fields[shd_field_index(field)] =
		(struct shd_value){.type = shd_field_row(field)->type, .n = n};
}

static inline void fake_text(struct shd_entity *entity, enum shd_field field, const char *text)
{
	entity->fields[shd_field_index(field)] =
		(struct shd_value){.type = SHD_TEXT, .text = text, .len = (uint32_t)strlen(text)};
}

static inline void fake_money(
	struct shd_entity *entity, enum shd_field field, int64_t minor, const char *currency)
{
	struct shd_value *value = &entity->fields[shd_field_index(field)];

	*value = (struct shd_value){.type = SHD_MONEY, .n = minor};
	memcpy(value->currency, currency, 3);
}

static inline void fake_set_metric(struct fake *fake, enum shd_metric metric, int64_t n)
{
	fake->metrics[metric] = (struct shd_value){.type = shd_metric_row(metric)->type, .n = n};
}

static inline void fake_sample(struct fake *fake, enum shd_metric metric, int64_t at_ms, int64_t n)
{
	size_t at = fake->sample_count++;

	fake->samples[at].metric = metric;
	fake->samples[at].at.ms = at_ms;
	fake->samples[at].value = (struct shd_value){.type = shd_metric_row(metric)->type, .n = n};
	fake_set_metric(fake, metric, n);
}

/* Mistakes of one expression, "at:width text [hint]" a line. */
struct mistakes {
	struct shd_expr_mistakes report;
	struct shd_text text;
};

static inline void note_mistake(
	void *ctx, size_t at, size_t width, const char *hint, const char *text)
{
	struct mistakes *mistakes = ctx;

	shd_text_printf(
		&mistakes->text, "%s%zu:%zu %s", mistakes->text.len ? "\n" : "", at, width, text);
	if (hint)
		shd_text_printf(&mistakes->text, " [%s]", hint);
}

static inline void mistakes_init(struct mistakes *mistakes)
{
	shd_text_init(&mistakes->text, 16384);
	mistakes->report = (struct shd_expr_mistakes){.report = note_mistake, .ctx = mistakes};
}

/* Judgements per second of one core, and what a window costs as history grows.
 *
 * usage: bench-rule    prints a table; needs a release build to mean anything. */
#include "rule/rule.h"
#include "market/market.h"
#include "rule/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOW_MS 1780000000000LL

static const char yaml[] =
	"rules:\n"
	"  - rule: metric-threshold\n"
	"    value: rating\n"
	"    levels: {info: value < 4.8, warning: value < 4.7, critical: value < 4.6}\n"
	"    clear: value >= 4.62\n"
	"  - rule: deadline-of-an-entity\n"
	"    each: complaint\n"
	"    where: responded_at is none and not closed\n"
	"    due: 'opened_at + (store.kind == \"local\" ? 48h : 72h)'\n"
	"    levels: {info: age >= 12h, warning: remaining <= 12h, critical: remaining <= 2h,\n"
	"             breached: remaining <= 0s}\n"
	"    cost: 5000 RUB + 3.5% * order_amount\n"
	"  - rule: field-threshold\n"
	"    each: complaint\n"
	"    levels: {warning: valid, critical: order_amount > 10000 RUB}\n"
	"  - rule: window-of-200\n"
	"    value: share(order last 200s where shipped_late)\n"
	"    needs: count(order last 200s) >= 20\n"
	"    levels: {warning: value > 10%, critical: value >= 20%}\n";

struct store {
	struct shd_value *orders; /* fields of all, a second apart, the newest at NOW_MS */
	size_t count, fields;
	struct shd_value complaint[64];
};

static void metric(void *ctx, enum shd_metric which, bool target, struct shd_value *ret)
{
	(void)ctx;
	(void)which;
	*ret = (struct shd_value){.type = SHD_NUMBER, .none = target, .n = 4750000};
}

static void window(void *ctx, enum shd_kind kind, struct shd_wall from, struct shd_wall to,
	shd_window_fn *visit, void *visit_ctx)
{
	struct store *store = ctx;
	int64_t first_ms = NOW_MS - ((int64_t)store->count - 1) * 1000;
	int64_t skip = from.ms < first_ms ? 0 : (from.ms - first_ms) / 1000 + 1;

	for (size_t i = (size_t)skip; i < store->count; i++) {
		struct shd_entity order = {
			.kind = kind, .id = "o", .fields = store->orders + i * store->fields};

		if (order.fields[0].n > to.ms || !visit(visit_ctx, &order))
			return;
	}
}

static double seconds(void)
{
	struct timespec at;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void measure(const struct shd_rule *rule, const struct shd_rule_env *env, size_t rows)
{
	struct shd_verdict verdict;
	uint64_t count = 0;
	double start = seconds(), took;

	do {
		for (int i = 0; i < 1000; i++)
			shd_rule_judge(rule, env, &verdict);
		count += 1000;
		took = seconds() - start;
	} while (took < 0.5);
	printf("%-24s %10zu %14.0f %12.3f  %s\n", rule->id, rows, (double)count / took,
		took * 1e6 / (double)count, shd_level_name(verdict.level));
}

static void fill(struct store *store, size_t count)
{
	store->count = count;
	store->fields = (size_t)shd_kind_fields(SHD_KIND_order);
	store->orders = shd_xrealloc(store->orders, count * store->fields, sizeof(*store->orders));
	for (size_t i = 0; i < count; i++) {
		struct shd_value *fields = store->orders + i * store->fields;

		for (size_t j = 0; j < store->fields; j++)
			fields[j] = (struct shd_value){.none = true};
		fields[SHD_I_opened_at] = (struct shd_value){
			.type = SHD_TIME, .n = NOW_MS - (int64_t)(count - 1 - i) * 1000};
		fields[shd_field_index(SHD_F_order_shipped_late)] =
			(struct shd_value){.type = SHD_BOOL, .n = i % 12 == 0};
	}
}

static void fill_complaint(struct store *store)
{
	for (int i = 0; i < shd_kind_fields(SHD_KIND_complaint); i++)
		store->complaint[i] = (struct shd_value){.none = true,
			.type = shd_field_row(
				shd_kind_first(SHD_KIND_complaint) + (enum shd_field)i)
					->type};
	store->complaint[SHD_I_opened_at] =
		(struct shd_value){.type = SHD_TIME, .n = NOW_MS - 37 * SHD_HOUR_MS};
	store->complaint[SHD_I_closed] = (struct shd_value){.type = SHD_BOOL};
	store->complaint[shd_field_index(SHD_F_complaint_valid)] =
		(struct shd_value){.type = SHD_BOOL, .n = 1};
	store->complaint[shd_field_index(SHD_F_complaint_order_amount)] =
		(struct shd_value){.type = SHD_MONEY, .currency = "RUB", .n = 199000};
}

int main(void)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(10);
	SHD_AUTO(shd_doc_destroyp)
	struct shd_doc *doc = shd_doc_parse("bench", yaml, strlen(yaml), diags);
	struct shd_rules *rules = doc ? shd_rules_compile(&doc, 1, NULL, NULL, diags) : NULL;
	struct shd_market market = {.name = "ozon"};
	struct shd_store_settings settings = {.id = "shop", .market = &market};
	struct store store = {0};
	struct shd_entity complaint = {
		.kind = SHD_KIND_complaint, .id = "C", .fields = store.complaint};
	struct shd_rule_env env = {.now = {NOW_MS},
		.settings = &settings,
		.ctx = &store,
		.metric = metric,
		.window = window};

	if (!rules)
		return 1;
	fill_complaint(&store);
	printf("%-24s %10s %14s %12s  level\n", "rule", "rows", "judgements/s", "us each");
	for (size_t i = 0; i < 3; i++) {
		const struct shd_rule *rule = shd_rules_at(rules, i);

		env.entity = rule->each ? &complaint : NULL;
		measure(rule, &env, 0);
	}
	env.entity = NULL;
	for (size_t rows = 100; rows <= 1000000; rows *= 10) {
		fill(&store, rows);
		measure(shd_rules_at(rules, 3), &env, rows);
	}
	free(store.orders);
	shd_rules_destroy(rules);
	return 0;
}

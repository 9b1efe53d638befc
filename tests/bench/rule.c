/* What judging costs: rules over many stores, windows as history grows, polls that change
 * little or nothing.
 *
 * usage: bench-rule FOLDER RULES-FOLDER ROWS
 * ROWS: how far history grows. Writes into FOLDER; prints one line of JSON; needs a
 * release build to mean anything. */
#include "base/num.h"
#include "config/config.h"
#include "judge/judge.h"
#include "market/adapter.h"
#include "rule/eval/tally.h"
#include "state/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOW_MS 1780000000000LL

enum { STORES = 1000, RULES = 20, FIELDS = 64, ORDERS = 10000, LISTED = 100 };

static struct shd_error err;

static void check(bool ok)
{
	if (ok)
		return;
	fprintf(stderr, "bench-rule: %s\n", err.msg);
	exit(1);
}

static double seconds(void)
{
	struct timespec at;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static struct shd_config *load(const char *folder, const char *rules, const char *yaml)
{
	struct shd_diags *diags = shd_diags_create(10);
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/storehealthd.yaml", folder);
	file = fopen(path, "w");
	if (!file || fputs(yaml, file) < 0 || fclose(file) != 0)
		exit(1);
	struct shd_config *config = shd_config_load_trial(path, rules, diags);
	shd_diags_destroy(diags);
	if (!config) {
		fprintf(stderr, "bench-rule: %s has mistakes\n", rules);
		exit(1);
	}
	config->settings->channel_count = config->settings->route_count = 0;
	return config;
}

/* --- many stores ---------------------------------------------------------------- */

struct shop {
	struct shd_value fields[SHD_KIND_COUNT][FIELDS];
	struct shd_entity entities[SHD_KIND_COUNT];
	int64_t lag; /* makes one store differ from the next */
};

/* One of the words of a field, ended by a space or the end. */
static const char *word_of(const char *words, int64_t number)
{
	const char *word = words;

	for (int64_t i = 0; *words && i < number % 4; i++) {
		const char *next = strchr(word, ' ');

		word = next ? next + 1 : words;
	}
	return *word ? word : "text";
}

/* A value that leaves something to judge: dates of these days, open, not too late. */
static struct shd_value value_of(enum shd_field field, int64_t lag)
{
	const struct shd_field_row *row = shd_field_row(field);
	struct shd_value value = {.type = row->type, .n = lag % 7 * SHD_MICRO};
	const char *word = word_of(row->words, lag);

	if (row->type == SHD_TIME)
		value.n = NOW_MS - (lag + 1) * SHD_MINUTE_MS;
	else if (row->type == SHD_BOOL)
		value.n = lag % 2 && shd_field_index(field) != SHD_I_closed;
	else if (row->type == SHD_DURATION)
		value.n = lag * SHD_MINUTE_MS;
	else if (row->type == SHD_MONEY)
		memcpy(value.currency, "RUB", 4);
	if (row->type == SHD_TEXT) {
		value.text = word;
		value.len = (uint32_t)strcspn(word, " ");
	}
	value.none = shd_field_index(field) != SHD_I_opened_at && lag % 5 == 0;
	return value;
}

static void fill_shop(struct shop *shop, int64_t number)
{
	shop->lag = number;
	for (int k = 0; k < SHD_KIND_COUNT; k++) {
		for (int i = 0; i < shd_kind_fields((enum shd_kind)k); i++)
			shop->fields[k][i] = value_of(
				shd_kind_first((enum shd_kind)k) + (enum shd_field)i, number + i);
		shop->entities[k] = (struct shd_entity){
			.kind = (enum shd_kind)k, .id = "1", .fields = shop->fields[k]};
	}
}

static void metric(void *ctx, enum shd_metric which, bool target, struct shd_value *ret)
{
	const struct shop *shop = ctx;

	*ret = (struct shd_value){.type = shd_metric_row(which)->type, .none = target,
		.n = (4000 + shop->lag % 1000) * 1000};
}

static struct shd_wall polled(void *ctx, enum shd_poller poller)
{
	(void)poller;
	return (struct shd_wall){NOW_MS - ((const struct shop *)ctx)->lag * 1000};
}

static bool is_of(const struct shd_rule *rule, const enum shd_kind *kinds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rule->each && rule->kind == kinds[i])
			return true;
	return false;
}

/* The rules that are judged most often: of what changes most, then of the rates, then of
 * whatever else there is one by one. */
static size_t find_busiest(const struct shd_rules *rules, struct shd_rule_env *env,
			   const struct shd_rule *busiest[RULES])
{
	static const enum shd_kind kinds[] = {SHD_KIND_order, SHD_KIND_stock, SHD_KIND_parcel,
		SHD_KIND_complaint, SHD_KIND_poller};
	size_t count = 0;

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < shd_rules_count(rules) && count < RULES; i++) {
			const struct shd_rule *rule = shd_rules_at(rules, i);
			bool busy = is_of(rule, kinds, SHD_COUNT(kinds));
			bool fits = round == 0   ? busy
				    : round == 1 ? !rule->each && rule->reads_metrics
						 : rule->each && !busy;

			if (fits && shd_rule_applies(rule, env))
				busiest[count++] = rule;
		}
	}
	return count;
}

static void measure_rules(const struct shd_config *config)
{
	struct shop *shops = shd_xcalloc(STORES, sizeof(*shops));
	struct shd_rule_env env = {.now = {NOW_MS}, .store = &config->settings->stores[0],
		.metric = metric, .polled = polled};
	const struct shd_rule *busiest[RULES];
	size_t rules = find_busiest(config->rules, &env, busiest), judged = 0, count = 0;
	struct shd_verdict verdict;

	for (int64_t i = 0; i < STORES; i++)
		fill_shop(&shops[i], i);
	double began = seconds(), took;
	do {
		for (size_t i = 0; i < STORES; i++) {
			env.ctx = &shops[i];
			env.store_entity = &shops[i].entities[SHD_KIND_store];
			for (size_t k = 0; k < rules; k++) {
				const struct shd_rule *rule = busiest[k];

				env.entity = rule->each ? &shops[i].entities[rule->kind] : NULL;
				shd_rule_judge(rule, &env, &verdict);
				judged += verdict.judgement == SHD_JUDGED;
			}
		}
		count += STORES * rules;
		took = seconds() - began;
	} while (took < 1);
	printf("{\"rules\": %zu, \"rules_per_s\": %.0f, \"rules_judged\": %.2f", rules,
	       (double)count / took, (double)judged / (double)count);
	free(shops);
}

/* --- windows in SQLite --------------------------------------------------------- */

static const char window_yaml[] =
	"rules:\n"
	"  - rule: fixed\n    value: share(order last 200s where shipped_late)\n"
	"    needs: count(order last 200s) >= 20\n"
	"    levels: {warning: value > 10%, critical: value >= 20%}\n"
	"  - rule: small\n    value: share(order last 20s where shipped_late)\n"
	"    levels: {warning: value > 10%}\n"
	"  - rule: all\n    value: share(order last 3000d where shipped_late)\n"
	"    levels: {warning: value > 10%}\n";

struct history {
	struct shd_state *state;
	struct shd_rules *rules;
	const struct shd_rule *rule; /* being judged */
};

static void read_window(void *ctx, enum shd_kind kind, int time, struct shd_wall from,
			struct shd_wall to, shd_window_fn *visit, void *visit_ctx)
{
	const struct history *history = ctx;

	check(shd_state_window_of(history->state, "shop", kind, time,
		history->rule->reads_fields[kind], from, to, visit, visit_ctx, &err));
}

/* An order a second, the newest now. */
static void put_orders(const struct history *history, int64_t from, int64_t to)
{
	struct shd_value fields[FIELDS];
	struct shd_entity order = {.kind = SHD_KIND_order, .fields = fields};
	char id[32];

	order.id = id;
	check(shd_state_begin(history->state, &err));
	for (int64_t i = from; i < to; i++) {
		snprintf(id, sizeof(id), "%08lld-0001-1", (long long)i);
		for (int f = 0; f < shd_kind_fields(SHD_KIND_order); f++) {
			enum shd_field which = shd_kind_first(SHD_KIND_order) + (enum shd_field)f;

			fields[f] = (struct shd_value){
				.none = true, .type = shd_field_row(which)->type};
		}
		fields[SHD_I_opened_at] =
			(struct shd_value){.type = SHD_TIME, .n = NOW_MS - i * SHD_SECOND_MS};
		fields[shd_field_index(SHD_F_order_shipped_late)] =
			(struct shd_value){.type = SHD_BOOL, .n = i % 12 == 0};
		check(shd_state_entity_put(history->state, "shop", &order, NULL, &err));
	}
	check(shd_state_commit(history->state, false, &err));
}

/* Microseconds for one judgement. */
static double measure_window(struct history *history, const char *rule, struct shd_rule_env *env)
{
	struct shd_verdict verdict;
	uint64_t count = 0;
	double began, took;

	history->rule = shd_rules_find(history->rules, rule);
	shd_rule_judge(history->rule, env, &verdict);
	began = seconds();
	do {
		shd_rule_judge(history->rule, env, &verdict);
		count++;
		took = seconds() - began;
	} while (took < 0.3);
	return took * 1e6 / (double)count;
}

static void measure_windows(const struct shd_config *config, const char *folder, int64_t rows)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(10);
	SHD_AUTO(shd_doc_destroyp)
	struct shd_doc *doc = shd_doc_parse("bench", window_yaml, strlen(window_yaml), diags);
	struct shd_tally_limits limits = {24, 16 << 20, 4000 * SHD_DAY_MS};
	struct history history = {
		.rules = doc ? shd_rules_compile(&doc, 1, NULL, NULL, diags) : NULL};
	struct shd_rule_env env = {.now = {NOW_MS}, .store = &config->settings->stores[0],
		.ctx = &history, .window = read_window};
	char path[4096];

	snprintf(path, sizeof(path), "%s/history.db", folder);
	check(shd_state_open(path, &history.state, &err));
	printf(", \"windows\": [");
	int64_t before = 0;
	for (int64_t size = 100; history.rules && size <= rows; before = size, size *= 10) {
		put_orders(&history, before, size);
		env.tally = NULL;
		double read = measure_window(&history, "fixed", &env);
		double small = measure_window(&history, "small", &env);
		env.tally = shd_tally_create(shd_rules_series(history.rules), &limits);
		env.tally_store = shd_tally_add_store(env.tally);
		double kept = measure_window(&history, "fixed", &env);
		double all = measure_window(&history, "all", &env);
		printf("%s{\"rows\": %lld, \"read_us\": %.2f, \"kept_us\": %.2f, \"all_us\": %.2f, "
		       "\"small_us\": %.2f}",
		       before ? ", " : "", (long long)size, read, kept, all, small);
		shd_tally_destroy(env.tally);
	}
	printf("]");
	shd_state_close(history.state);
	shd_rules_destroy(history.rules);
}

/* --- polls ------------------------------------------------------------------- */

struct daily {
	const struct shd_config *config;
	struct shd_state *state;
	struct shd_judge *judge;
	const struct shd_endpoint *row;
	int64_t now;
	size_t judged;
};

static void list_order(struct shd_harvest *news, int64_t number, const char *substatus)
{
	char id[32];

	snprintf(id, sizeof(id), "%08lld-0001-1", (long long)number);
	size_t at = shd_harvest_entity(news, SHD_KIND_order, id, strlen(id));
	int64_t opened = NOW_MS - number * 4 * SHD_MINUTE_MS;
	shd_set_n(news, at, SHD_F_order_opened_at, opened);
	shd_set_n(news, at, SHD_F_order_ship_by, opened + 40 * SHD_DAY_MS);
	shd_set_money(news, at, SHD_F_order_amount, 100000 + number, "RUB");
	shd_set_text(news, at, SHD_F_order_status, "awaiting_shipment", 17);
	shd_set_text(news, at, SHD_F_order_substatus, substatus, strlen(substatus));
	shd_set_text(news, at, SHD_F_order_fulfilment, "seller", 6);
}

/* One poll that lists orders [from, to); the first one is in this substatus. Returns
 * microseconds. */
static double poll(struct daily *daily, int64_t from, int64_t to, const char *substatus)
{
	struct shd_batch batch = {.source = daily->config->settings->sources,
		.fetch = {.row = daily->row, .began = {daily->now}, .ok = true, .requests = 1,
			.next_due = {daily->now + SHD_MINUTE_MS}, .clock_skew_ms = INT64_MIN}};
	struct shd_outcome outcome;

	batch.seen.harvest = shd_harvest_create(64 << 20);
	for (int64_t i = from; i < to; i++)
		list_order(batch.seen.harvest, i, i == from ? substatus : "awaiting_packaging");
	double began = seconds();
	shd_outcome_init(&outcome);
	check(shd_state_begin(daily->state, &err));
	shd_judge_begin(daily->judge, (struct shd_wall){daily->now}, &outcome);
	check(shd_judge_batch(daily->judge, &batch, &err));
	check(shd_judge_end(daily->judge, &err));
	check(shd_state_apply(daily->state, shd_judge_changes(daily->judge), &err));
	check(shd_state_commit(daily->state, outcome.durable, &err));
	shd_judge_kept(daily->judge);
	double took = seconds() - began;
	daily->judged = outcome.judged;
	shd_outcome_finish(&outcome);
	shd_harvest_destroy(batch.seen.harvest);
	return took * 1e6;
}

static void open_daily(struct daily *daily, const char *folder)
{
	const struct shd_adapter *market = daily->config->settings->sources[0].adapter;
	char path[4096];

	snprintf(path, sizeof(path), "%s/daily.db", folder);
	check(shd_state_open(path, &daily->state, &err));
	struct shd_judge_in in = shd_config_for_judge(daily->config);
	in.stored = shd_state_stored(daily->state);
	daily->judge = shd_judge_create(&in);
	for (size_t i = 0; !daily->row && i < market->endpoint_count; i++)
		if (market->endpoints[i].poller == SHD_P_orders)
			daily->row = &market->endpoints[i];
	daily->now = NOW_MS;
	poll(daily, 0, ORDERS, "awaiting_packaging");
	daily->now += SHD_MINUTE_MS;
	poll(daily, 0, LISTED, "awaiting_packaging");
}

static void measure_polls(const struct shd_config *config, const char *folder)
{
	static const char *const substatuses[] = {"awaiting_deliver", "awaiting_packaging"};
	enum { TIMES = 200 };
	struct daily daily = {.config = config};
	double nothing = 0, one = 0;
	size_t judged_nothing = 0, judged_one = 0;

	open_daily(&daily, folder);
	for (int i = 0; i < TIMES; i++) {
		daily.now += 10; /* a success is told again after 30 s */
		nothing += poll(&daily, 0, LISTED, "awaiting_packaging");
		judged_nothing += daily.judged;
	}
	for (int i = 0; i < TIMES; i++) {
		daily.now += 10;
		one += poll(&daily, 0, 1, substatuses[i % 2]);
		judged_one += daily.judged;
	}
	printf(", \"nothing_us\": %.0f, \"nothing_judged\": %zu, \"one_us\": %.0f, "
	       "\"one_judged\": %.1f}\n",
	       nothing / TIMES, judged_nothing, one / TIMES, (double)judged_one / TIMES);
	shd_judge_destroy(daily.judge);
	shd_state_close(daily.state);
}

int main(int argc, char **argv)
{
	static const char yaml[] =
		"stores:\n  - {id: shop, marketplace: ozon, client_id: \"1\","
		" api_key: {credential: key}, timezone: Europe/Moscow, currency: RUB}\n"
		"channels:\n  hook: {type: webhook, url: \"http://127.0.0.1:1/\"}\n";

	if (argc != 4)
		return 64;
	struct shd_config *config = load(argv[1], argv[2], yaml);
	measure_rules(config);
	measure_windows(config, argv[1], strtoll(argv[3], NULL, 10));
	measure_polls(config, argv[1]);
	shd_config_destroy(config);
	return 0;
}

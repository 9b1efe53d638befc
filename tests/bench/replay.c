/* A month of a busy store through the judge, then the same month replayed.
 *
 * usage: bench-replay FOLDER ORDERS DAYS RULES-FOLDER
 * Writes storehealthd.yaml and state.db into FOLDER; prints one line of JSON. */
#include "config/config.h"
#include "judge/judge.h"
#include "market/adapter.h"
#include "replay/replay.h"
#include "state/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define T0      1780000000000LL
#define STEP_MS (5 * SHD_MINUTE_MS)

enum { SKUS = 300, METRICS = 12, POLLER_STEPS = 3 };

static const char yaml[] = "stores:\n"
			   "  - id: shop\n"
			   "    marketplace: ozon\n"
			   "    client_id: \"1\"\n"
			   "    api_key: {credential: key}\n"
			   "    timezone: Europe/Moscow\n"
			   "    currency: RUB\n"
			   "    poll: {orders: 5m, stock: 15m, reviews: 15m, logistics: 15m, "
			   "complaints: 15m, account: 1h}\n"
			   "channels:\n"
			   "  hook: {type: webhook, url: \"http://127.0.0.1:1/\"}\n";

struct shop {
	struct shd_config *config;
	struct shd_state *state;
	struct shd_judge *judge;
	int64_t now, orders, days;
	struct shd_error err;
};

static void check(bool ok, const struct shop *shop)
{
	if (ok)
		return;
	fprintf(stderr, "bench-replay: %s\n", shop->err.msg);
	exit(1);
}

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void word(struct shd_harvest *news, size_t at, enum shd_field field, const char *text)
{
	shd_set_text(news, at, field, text, strlen(text));
}

static size_t entity(struct shd_harvest *news, enum shd_kind kind, int64_t number)
{
	char id[32];

	snprintf(id, sizeof(id), "%08lld-0001-1", (long long)number);
	return shd_harvest_entity(news, kind, id, strlen(id));
}

static int64_t opened(const struct shop *shop, int64_t order)
{
	return T0 + order * (shop->days * SHD_DAY_MS / shop->orders);
}

static void create(const struct shop *shop, struct shd_harvest *news, int64_t order)
{
	size_t at = entity(news, SHD_KIND_order, order);
	char sku[16];

	snprintf(sku, sizeof(sku), "sku-%lld", (long long)(order % SKUS));
	shd_set_n(news, at, SHD_F_order_opened_at, opened(shop, order));
	shd_set_n(news, at, SHD_F_order_ship_by, opened(shop, order) + SHD_DAY_MS);
	shd_set_n(news, at, SHD_F_order_deliver_by, opened(shop, order) + 6 * SHD_DAY_MS);
	shd_set_money(news, at, SHD_F_order_amount, 100000 + order, "RUB");
	shd_set_n(news, at, SHD_F_order_units, 1000000);
	word(news, at, SHD_F_order_status, "awaiting_shipment");
	word(news, at, SHD_F_order_substatus, "awaiting_packaging");
	word(news, at, SHD_F_order_fulfilment, "seller");
	word(news, at, SHD_F_order_sku, sku);
}

static void pack(const struct shop *shop, struct shd_harvest *news, int64_t order)
{
	(void)shop;
	word(news, entity(news, SHD_KIND_order, order), SHD_F_order_substatus, "awaiting_deliver");
}

static void ship(const struct shop *shop, struct shd_harvest *news, int64_t order)
{
	size_t at = entity(news, SHD_KIND_order, order);

	word(news, at, SHD_F_order_status, "shipped");
	word(news, at, SHD_F_order_tracking_number, "80123456789012");
	shd_set_n(news, at, SHD_F_order_shipped_at, shop->now);
}

static void deliver(const struct shop *shop, struct shd_harvest *news, int64_t order)
{
	size_t at = entity(news, SHD_KIND_order, order);

	word(news, at, SHD_F_order_status, "delivered");
	shd_set_n(news, at, SHD_F_order_delivered_at, shop->now);
	shd_set_n(news, at, SHD_F_order_closed, true);
}

/* What happens to every order, and to which share of them: one of 40 ships too late,
 * one of 60 is never packed in time. */
static const struct {
	int64_t after_ms;
	int64_t each, but_each;
	void (*happen)(const struct shop *shop, struct shd_harvest *news, int64_t order);
} life[] = {
	{0, 1, 0, create},
	{8 * SHD_HOUR_MS, 1, 60, pack},
	{20 * SHD_HOUR_MS, 1, 40, ship},
	{30 * SHD_HOUR_MS, 40, 0, ship},
	{5 * SHD_DAY_MS, 1, 0, deliver},
};

static void orders_of(const struct shop *shop, struct shd_harvest *news)
{
	int64_t gap = shop->days * SHD_DAY_MS / shop->orders;

	for (size_t i = 0; i < SHD_COUNT(life); i++) {
		int64_t until = shop->now - T0 - life[i].after_ms, from = until - STEP_MS;

		for (int64_t k = from < 0 ? 0 : from / gap + 1; until >= 0 && k <= until / gap; k++)
			if (k < shop->orders && k % life[i].each == 0 &&
			    (!life[i].but_each || k % life[i].but_each != 0))
				life[i].happen(shop, news, k);
	}
}

static void stocks_of(const struct shop *shop, struct shd_harvest *news)
{
	int64_t hour = (shop->now - T0) / SHD_HOUR_MS;

	for (int64_t i = hour % 15; i < SKUS; i += 15) {
		size_t at = entity(news, SHD_KIND_stock, i);
		char sku[16];

		snprintf(sku, sizeof(sku), "sku-%lld", (long long)i);
		word(news, at, SHD_F_stock_sku, sku);
		shd_set_n(news, at, SHD_F_stock_available, (200 - hour % 200) * 1000000);
		shd_set_n(news, at, SHD_F_stock_sold_7d, 20000000);
	}
}

static void listings_of(struct shd_harvest *news)
{
	for (int64_t i = 0; i < SKUS; i++) {
		size_t at = entity(news, SHD_KIND_listing, i);
		char sku[16];

		snprintf(sku, sizeof(sku), "sku-%lld", (long long)i);
		word(news, at, SHD_F_listing_sku, sku);
		word(news, at, SHD_F_listing_state, "active");
	}
}

static void cases_of(const struct shop *shop, struct shd_harvest *news)
{
	int64_t step = (shop->now - T0) / STEP_MS, number = step / 96;
	size_t at;

	if (step % 96 == 0) {
		at = entity(news, SHD_KIND_complaint, number);
		shd_set_n(news, at, SHD_F_complaint_opened_at, shop->now);
	} else if (step % 96 == 48 && number >= 3) {
		at = entity(news, SHD_KIND_complaint, number - 3);
		shd_set_n(news, at, SHD_F_complaint_responded_at, shop->now);
		shd_set_n(news, at, SHD_F_complaint_closed, number % 4 != 0);
	}
}

static void rates_of(const struct shop *shop, struct shd_harvest *news)
{
	int64_t hour = (shop->now - T0) / SHD_HOUR_MS;

	for (int m = 0; m < METRICS; m++) {
		struct shd_value value = {.type = shd_metric_row((enum shd_metric)m)->type};

		value.n = value.type == SHD_NUMBER ? 4700000 : 950000;
		value.n -= (hour * (m + 3) % 24) * 5000;
		if (value.type == SHD_NUMBER || value.type == SHD_RATIO)
			shd_harvest_measure(news, (enum shd_metric)m, false, value);
	}
}

/* The listing feed of a poller that takes its news. */
static void news_of(const struct shop *shop, enum shd_poller poller, struct shd_harvest *news)
{
	if (poller == SHD_P_stock && shop->now == T0)
		listings_of(news);
	if (poller == SHD_P_orders)
		orders_of(shop, news);
	else if (poller == SHD_P_stock && (shop->now - T0) % SHD_HOUR_MS == 0)
		stocks_of(shop, news);
	else if (poller == SHD_P_complaints)
		cases_of(shop, news);
	else if (poller == SHD_P_account)
		rates_of(shop, news);
}

static void poll(struct shop *shop, const struct shd_endpoint *row, bool *told)
{
	struct shd_batch batch = {.source = shop->config->settings->sources,
		.fetch = {.row = row, .began = {shop->now}, .ok = true, .requests = 1,
			.next_due = {shop->now + STEP_MS}, .clock_skew_ms = INT64_MIN}};

	batch.seen.harvest = shd_harvest_create(64 << 20);
	if (!told[row->poller])
		news_of(shop, row->poller, batch.seen.harvest);
	told[row->poller] = true;
	check(shd_judge_batch(shop->judge, &batch, &shop->err), shop);
	shd_harvest_destroy(batch.seen.harvest);
}

static struct shd_wall transaction(struct shop *shop, bool by_time)
{
	const struct shd_adapter *market = shop->config->settings->sources[0].adapter;
	int64_t step = (shop->now - T0) / STEP_MS;
	bool told[SHD_POLLER_COUNT] = {false};
	struct shd_outcome outcome;

	shd_outcome_init(&outcome);
	check(shd_state_begin(shop->state, &shop->err), shop);
	shd_judge_begin(shop->judge, (struct shd_wall){shop->now}, &outcome);
	if (by_time)
		check(shd_judge_wakes(shop->judge, 100000, &shop->err), shop);
	for (size_t i = 0; !by_time && i < market->endpoint_count; i++) {
		const struct shd_endpoint *row = &market->endpoints[i];

		if (row->paging != SHD_PAGE_BATCH && row->paging != SHD_PAGE_FOLLOW &&
		    (row->poller == SHD_P_orders ||
		     step % (row->poller == SHD_P_account ? 12 : POLLER_STEPS) == 0))
			poll(shop, row, told);
	}
	check(shd_judge_end(shop->judge, &shop->err), shop);
	check(shd_state_apply(shop->state, shd_judge_changes(shop->judge), &shop->err), shop);
	check(shd_state_commit(shop->state, outcome.durable, &shop->err), shop);
	shd_judge_kept(shop->judge);
	struct shd_wall next = outcome.next_wake;
	shd_outcome_finish(&outcome);
	return next;
}

static void live(struct shop *shop)
{
	struct shd_wall wake = {SHD_NEVER_MS};

	for (int64_t at = T0; at < T0 + shop->days * SHD_DAY_MS; at += STEP_MS) {
		while (wake.ms < at) {
			shop->now = wake.ms;
			wake = transaction(shop, true);
		}
		shop->now = at;
		wake = transaction(shop, false);
	}
}

static void open_shop(struct shop *shop, const char *folder, const char *rules, char path[4096])
{
	struct shd_diags *diags = shd_diags_create(10);
	FILE *file;

	snprintf(path, 4096, "%s/storehealthd.yaml", folder);
	file = fopen(path, "w");
	if (!file || fputs(yaml, file) < 0 || fclose(file) != 0)
		exit(1);
	shop->config = shd_config_load_trial(path, rules, diags);
	if (!shop->config) {
		fprintf(stderr, "bench-replay: %s has mistakes\n", rules);
		exit(1);
	}
	snprintf(path, 4096, "%s/state.db", folder);
	check(shd_state_open(path, &shop->state, &shop->err), shop);
	struct shd_judge_in in = shd_config_for_judge(shop->config);
	in.stored = shd_state_stored(shop->state);
	in.routes = (struct shd_routes){0}; /* nobody delivers here */
	shop->judge = shd_judge_create(&in);
	shd_diags_destroy(diags);
}

int main(int argc, char **argv)
{
	struct shop shop = {0};
	struct shd_replay *replay;
	char path[4096];
	size_t same = 0;

	if (argc != 5)
		return 64;
	shop.orders = strtoll(argv[2], NULL, 10);
	shop.days = strtoll(argv[3], NULL, 10);
	open_shop(&shop, argv[1], argv[4], path);
	double began = seconds(CLOCK_MONOTONIC);
	live(&shop);
	double lived = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	struct shd_replay_request request = {
		.state_path = path, .in = shd_config_for_judge(shop.config), .since = {T0}};
	check(shd_replay_run(&request, &replay, &shop.err), &shop);
	double replayed = seconds(CLOCK_MONOTONIC);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	for (size_t i = 0; i < replay->pair_count; i++)
		same += replay->pairs[i].change == SHD_REPLAY_UNCHANGED;
	printf("{\"lived_s\": %.2f, \"replayed_s\": %.2f, \"replayed_cpu_s\": %.2f, \"changes\": "
	       "%zu, \"judged\": %zu, "
	       "\"alerts\": %zu, \"unchanged\": %zu}\n",
		lived - began, replayed - lived, cpu, replay->changes, replay->judged,
		replay->pair_count, same);
	shd_replay_destroy(replay);
	shd_judge_destroy(shop.judge);
	shd_state_close(shop.state);
	shd_config_destroy(shop.config);
	return 0;
}

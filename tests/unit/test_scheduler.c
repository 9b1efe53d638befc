/* daemon/poll/scheduler.h: which feeds are to be read before anything is judged, at a start and
 * after a reload. */
#include "support/check.h"
#include "support/ledger.h"
#include "support/source.h"

#include "settings/settings.h"
#include "config/config.h"
#include "poll/scheduler.h"

#include <string.h>

#define NOW 1790856000000LL

enum { LIST, OTHER, FOLLOWED, RATES, ROWS };

static const struct shd_endpoint rows[ROWS] = {
	[LIST] = {.name = "list", .poller = SHD_P_orders, .paging = SHD_PAGE_CURSOR},
	[OTHER] = {.name = "other", .poller = SHD_P_orders, .paging = SHD_PAGE_CURSOR},
	[FOLLOWED] = {.name = "followed", .poller = SHD_P_orders, .paging = SHD_PAGE_FOLLOW},
	[RATES] = {.name = "rates", .poller = SHD_P_account, .paging = SHD_PAGE_SINGLE},
};
static const struct shd_adapter market = {
	.name = "here", .endpoints = rows, .endpoint_count = ROWS};

/* A configuration of one store. */
struct shop {
	struct test_source of;
	struct shd_settings settings;
	struct shd_config config;
};

static void shop_init(struct shop *shop, const char *id, int64_t orders_ms)
{
	test_source_init(&shop->of, id, &market);
	shop->of.source.every_ms[SHD_P_orders] = orders_ms;
	shop->of.source.every_ms[SHD_P_account] = SHD_HOUR_MS;
	shop->settings = (struct shd_settings){.stores = &shop->of.store, .store_count = 1,
		.sources = &shop->of.source, .source_count = 1, .in_flight_max = 4};
	shop->config = (struct shd_config){.settings = &shop->settings};
}

/* --- the parts around it --------------------------------------------------------------- */

static uint32_t lot(void *ctx)
{
	(void)ctx;
	return 0;
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static bool begin_nothing(void *ctx, struct shd_error *reterr)
{
	(void)ctx;
	(void)reterr;
	return true;
}

static bool commit_nothing(void *ctx, bool durable, struct shd_error *reterr)
{
	(void)ctx;
	(void)durable;
	(void)reterr;
	return true;
}

static void judged(void *ctx, const struct shd_outcome *outcome)
{
	(void)ctx;
	(void)outcome;
}

/* A queue of changes that keeps nothing, and a clock. */
struct house {
	uv_loop_t loop;
	struct shd_clock clock;
	struct test_ledger ledger;
	struct shd_jobs *jobs;
	struct shd_commit *commit;
};

static void house_start(struct house *house)
{
	uv_loop_init(&house->loop);
	shd_clock_init(&house->clock, &(struct shd_clock_reading){.wall = {NOW}});
	test_ledger_open(&house->ledger);
	house->jobs = shd_jobs_create(&house->loop);
	const struct shd_commit_in in = {.loop = &house->loop, .jobs = house->jobs,
		.clock = &house->clock, .judged = judged,
		.engine = {.begin = begin_nothing, .commit = commit_nothing}};
	house->commit = shd_commit_create(&in);
}

static void commit_closed(void *ctx)
{
	shd_jobs_close(((struct house *)ctx)->jobs, nothing, NULL);
}

static void house_stop(struct house *house)
{
	shd_commit_close(house->commit, commit_closed, house);
	uv_run(&house->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&house->loop), 0);
	test_ledger_close(&house->ledger);
}

static struct shd_scheduler *begin(struct house *house, struct shop *shop,
	const struct shd_feed_row *known, size_t known_count, const struct shd_scheduler *old)
{
	const struct shd_scheduler_in in = {.loop = &house->loop, .clock = &house->clock,
		.commit = house->commit, .ledger = house->ledger.of, .random = lot};

	return shd_scheduler_create(&in, &shop->config, known, known_count, old);
}

static uint64_t unread(const struct shd_scheduler *scheduler)
{
	const struct shd_source_feeds *of = shd_scheduler_feeds(scheduler)->sources;
	uint64_t feeds = 0;

	for (size_t i = 0; i < of->feed_count; i++)
		feeds |= (uint64_t)of->feeds[i].unread << i;
	return feeds;
}

static bool is_suspended(const struct house *house)
{
	struct shd_commit_figures figures;

	shd_commit_figures(house->commit, &figures);
	return figures.suspended;
}

/* What the state knows of a feed that was read `ago_ms` ago, and is due by the minute. */
static struct shd_feed_row read_ago(int row, int64_t ago_ms)
{
	return (struct shd_feed_row){.store = "s", .endpoint = rows[row].name, .error = -1,
		.last_success = {NOW - ago_ms}, .last_try = {NOW - ago_ms},
		.next_due = {NOW - ago_ms + SHD_MINUTE_MS}};
}

/* --- tests -------------------------------------------------------------------------------- */

enum { BOTH = 1 << LIST | 1 << OTHER };

static void a_start_reads_first_what_is_overdue(void **state)
{
	const struct {
		struct shd_feed_row known[2];
		size_t count;
		uint64_t unread;
	} starts[] = {
		{{{0}}, 0, 0}, /* a new store: everybody knows that it was never read */
		{{read_ago(LIST, SHD_HOUR_MS), read_ago(OTHER, SHD_HOUR_MS)}, 2, BOTH | 1 << RATES},
		{{read_ago(LIST, 1000), read_ago(OTHER, SHD_HOUR_MS)}, 2, 1 << OTHER | 1 << RATES},
		{{read_ago(LIST, 1000)}, 1, 1 << OTHER | 1 << RATES}, /* never read: it is new */
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(starts); i++) {
		struct shop shop;
		struct house house;

		house_start(&house);
		shop_init(&shop, "s", SHD_MINUTE_MS);
		struct shd_scheduler *scheduler =
			begin(&house, &shop, starts[i].known, starts[i].count, NULL);
		assert_int_equal(unread(scheduler), starts[i].unread);
		shd_scheduler_close(scheduler, nothing, NULL);
		house_stop(&house);
	}
}

static void a_reload_reads_first_what_was_not_polled_before(void **state)
{
	static const struct {
		const char *old_store;
		int64_t old_ms, ago_ms;
		uint64_t unread;
	} reloads[] = {
		{"s", SHD_MINUTE_MS, SHD_HOUR_MS, 0},   /* it goes on */
		{"s", 0, SHD_HOUR_MS, BOTH},            /* switched on again */
		{"s", 0, 1000, 1 << OTHER},             /* so soon that no poll was missed */
		{"t", SHD_MINUTE_MS, SHD_HOUR_MS, BOTH | 1 << RATES}, /* the store comes back */
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(reloads); i++) {
		struct shd_feed_row known[] = {read_ago(LIST, reloads[i].ago_ms)};
		struct shop before, after;
		struct house house;

		house_start(&house);
		shop_init(&before, reloads[i].old_store, reloads[i].old_ms);
		shop_init(&after, "s", SHD_MINUTE_MS);
		bool same = strcmp(reloads[i].old_store, "s") == 0;
		struct shd_scheduler *old = begin(&house, &before, known, same, NULL);
		const struct shd_source_feeds *of = shd_scheduler_feeds(old)->sources;
		struct shd_feed *list = shd_feeds_find(of, &rows[LIST]);
		list->unread = list->catching_up = false;
		shd_feeds_find(of, &rows[OTHER])->unread = false;
		shd_feeds_find(of, &rows[RATES])->unread = false;
		struct shd_scheduler *scheduler = begin(&house, &after, known, !same, old);
		assert_int_equal(unread(scheduler), reloads[i].unread);
		shd_scheduler_close(old, nothing, NULL);
		shd_scheduler_close(scheduler, nothing, NULL);
		house_stop(&house);
	}
}

static void a_new_epoch_reads_first_what_is_overdue(void **state)
{
	struct shd_feed_row known[] = {
		read_ago(LIST, 1000), read_ago(OTHER, 1000), read_ago(RATES, 1000)};
	struct house house;
	struct shop shop;

	(void)state;
	known[2].next_due.ms += SHD_HOUR_MS / 2;
	house_start(&house);
	shop_init(&shop, "s", SHD_MINUTE_MS);
	struct shd_scheduler *scheduler = begin(&house, &shop, known, SHD_COUNT(known), NULL);
	assert_int_equal(unread(scheduler), 0);
	assert_false(is_suspended(&house));
	house.clock.at.boot_ms += 1000;
	house.clock.at.wall.ms += 1000;
	shd_scheduler_tick(scheduler);
	assert_int_equal(unread(scheduler), 0); /* time has passed, that is all */
	struct shd_clock_reading later = house.clock.at;
	later.boot_ms += 10 * SHD_MINUTE_MS;
	later.wall.ms += 10 * SHD_MINUTE_MS;
	shd_clock_advance(&house.clock, &later);
	shd_scheduler_tick(scheduler);
	assert_int_equal(unread(scheduler), BOTH);
	assert_true(is_suspended(&house));
	shd_scheduler_close(scheduler, nothing, NULL);
	house_stop(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_start_reads_first_what_is_overdue),
		cmocka_unit_test(a_reload_reads_first_what_was_not_polled_before),
		cmocka_unit_test(a_new_epoch_reads_first_what_is_overdue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* daemon/poll/scheduler.h: which feeds are to be read before anything is judged, at a start and
 * after a reload; and when feeds are polled, of a marketplace that no request reaches. */
#include "support/judge_bench.h"
#include "support/ledger.h"
#include "support/peer.h"
#include "support/source.h"

#include "settings/settings.h"
#include "config/config.h"
#include "poll/poll.h"
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

static bool commit_nothing(void *ctx, struct shd_error *reterr)
{
	(void)ctx;
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

static void house_open(struct house *house,
	bool (*apply)(void *ctx, const struct shd_change_set *changes, struct shd_error *reterr),
	void *ctx)
{
	uv_loop_init(&house->loop);
	shd_clock_init(&house->clock, &(struct shd_clock_reading){.wall = {NOW}});
	test_ledger_open(&house->ledger);
	house->jobs = shd_jobs_create(&house->loop);
	const struct shd_commit_in in = {.loop = &house->loop, .jobs = house->jobs,
		.clock = &house->clock, .judged = judged,
		.engine = {.begin = begin_nothing, .apply = apply, .commit = commit_nothing,
			.ctx = ctx}};
	house->commit = shd_commit_create(&in);
}

static void house_start(struct house *house)
{
	house_open(house, NULL, NULL);
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
	const struct shd_source_feeds *of = shd_scheduler_feeds(scheduler)->sources[0];
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

/* A clock that was ahead, or an older version, put it off for longer than any failure does. */
static void a_start_believes_no_long_pause(void **state)
{
	static const struct {
		int64_t wait_ms;
		bool kept;
	} pauses[] = {{SHD_HOUR_MS, true}, {SHD_STANDING_WAIT_MAX_MS, true},
		{SHD_STANDING_WAIT_MAX_MS + 1, false}, {30 * SHD_HOUR_MS, false}};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(pauses); i++) {
		struct shd_feed_row known = read_ago(OTHER, 1000);
		struct house house;
		struct shop shop;

		known.error = SHD_ERR_SERVER;
		known.standing = SHD_STANDING_FAILING;
		known.next_due.ms = NOW + pauses[i].wait_ms;
		house_start(&house);
		shop_init(&shop, "s", SHD_MINUTE_MS);
		struct shd_scheduler *scheduler = begin(&house, &shop, &known, 1, NULL);
		const struct shd_feed *feed =
			&shd_scheduler_feeds(scheduler)->sources[0]->feeds[OTHER];
		if (pauses[i].kept)
			assert_int_equal(feed->next_due.ms, known.next_due.ms);
		else
			assert_in_range(feed->next_due.ms, NOW, NOW + SHD_MINUTE_MS);
		shd_scheduler_close(scheduler, nothing, NULL);
		house_stop(&house);
	}
}

/* All feeds were read a second before the old configuration came into force. */
static void a_reload_reads_first_what_was_not_polled_before(void **state)
{
	static const struct {
		const char *old_store;
		int64_t old_ms, passed_ms;
		uint64_t unread;
	} reloads[] = {
		{"s", SHD_MINUTE_MS, 10 * SHD_MINUTE_MS, 0}, /* it goes on */
		{"s", 0, 10 * SHD_MINUTE_MS, BOTH},          /* switched on again */
		{"s", 0, 1000, 0},                 /* so soon that no poll was missed */
		{"t", SHD_MINUTE_MS, 10 * SHD_MINUTE_MS, BOTH}, /* the store comes back */
		{"t", SHD_MINUTE_MS, 2 * SHD_HOUR_MS, BOTH | 1 << RATES},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(reloads); i++) {
		struct shd_feed_row known[] = {
			read_ago(LIST, 1000), read_ago(OTHER, 1000), read_ago(RATES, 1000)};
		struct shop before, after;
		struct house house;

		known[2].next_due.ms += SHD_HOUR_MS / 2;
		house_start(&house);
		shop_init(&before, reloads[i].old_store, reloads[i].old_ms);
		shop_init(&after, "s", SHD_MINUTE_MS);
		bool same = strcmp(reloads[i].old_store, "s") == 0;
		struct shd_scheduler *old =
			begin(&house, &before, known, same ? SHD_COUNT(known) : 0, NULL);
		assert_int_equal(unread(old), 0);
		house.clock.at.boot_ms += reloads[i].passed_ms;
		house.clock.at.wall.ms += reloads[i].passed_ms;
		struct shd_scheduler *scheduler =
			begin(&house, &after, known, same ? 0 : SHD_COUNT(known), old);
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

/* --- polls that reach nobody ------------------------------------------------------------- */

static bool make_no_request(const struct shd_endpoint *row, const struct shd_page_in *in,
	const struct shd_keys *keys, struct shd_request *request, struct shd_error *reterr)
{
	(void)in;
	(void)keys;
	(void)request;
	return shd_fail(reterr, SHD_ERR_SERVER, "%s: nobody is there", row->name);
}

/* A house whose queue judges, in memory, and two stores of which the first one's orders are
 * read every minute, by a scheduler of its own. */
struct street {
	struct house house;
	struct bench bench;
	struct shd_credential credential;
	struct shd_adapter market;
	struct shd_settings settings;
	struct shd_config config;
	struct shd_scheduler *scheduler;
	uint32_t lot;
	struct shd_transfers *transfers;
	int polls, told_before;
};

static uint32_t draw(void *ctx)
{
	return ((struct street *)ctx)->lot;
}

static void polled(void *ctx, const struct shd_polled *what)
{
	struct street *street = ctx;

	assert_false(what->ok);
	assert_int_equal(what->error->kind, SHD_ERR_SERVER);
	street->polls++;
	street->told_before += is_suspended(&street->house);
}

static bool apply_in_memory(void *ctx, const struct shd_change_set *changes,
	struct shd_error *reterr)
{
	return shd_memory_apply(((struct street *)ctx)->bench.memory, changes, reterr);
}

static void street_close(struct street *street)
{
	shd_transfers_close(street->transfers, NULL, NULL);
	uv_run(&street->house.loop, UV_RUN_NOWAIT);
	shd_scheduler_close(street->scheduler, nothing, NULL);
	house_stop(&street->house);
	bench_finish(&street->bench);
}

/* The orders were read `ago_ms` ago, and are due by the minute. */
static void street_start(struct street *street, int64_t ago_ms)
{
	const struct shd_feed_row known = {.store = "s1", .endpoint = "orders", .error = -1,
		.last_success = {NOW - ago_ms}, .last_try = {NOW - ago_ms},
		.next_due = {NOW - ago_ms + SHD_MINUTE_MS}};
	struct shd_source *source = street->bench.sources;

	*street = (struct street){.market = judge_market};
	bench_start_in(&street->bench, "rules: []\n", false);
	street->market.request = make_no_request;
	street->credential = (struct shd_credential){
		.id = "s1", .adapter = &street->market, .rate_per_s = 10};
	for (size_t i = 0; i < 2; i++) {
		source[i].adapter = &street->market;
		source[i].credential = &street->credential;
		source[i].egress = &test_egress;
		source[i].timeout_ms = 1000;
		memset(source[i].every_ms, 0, sizeof(source[i].every_ms));
	}
	source[0].every_ms[SHD_P_orders] = SHD_MINUTE_MS;
	street->settings = (struct shd_settings){.stores = street->bench.stores, .store_count = 2,
		.sources = source, .source_count = 2, .in_flight_max = 4};
	street->config.settings = &street->settings;
	house_open(&street->house, apply_in_memory, street);
	shd_commit_use(street->house.commit, street->bench.judge, NULL);
	street->transfers = shd_transfers_create(&street->house.loop, 1);
	const struct shd_scheduler_in in = {.loop = &street->house.loop,
		.clock = &street->house.clock,
		.commit = street->house.commit,
		.transfers = street->transfers,
		.ledger = street->house.ledger.of,
		.random = draw,
		.polled = polled,
		.ctx = street};
	street->scheduler = shd_scheduler_create(&in, &street->config, &known, 1, NULL);
}

static void too_late(uv_timer_t *timer)
{
	(void)timer;
	fail_msg("nothing happened for ten seconds");
}

/* Turns the loop until there were so many polls, and time judges again. */
static void run_until(struct street *street, int polls)
{
	uv_timer_t guard;

	uv_timer_init(&street->house.loop, &guard);
	uv_timer_start(&guard, too_late, 10000, 0);
	while (street->polls < polls || is_suspended(&street->house))
		uv_run(&street->house.loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&guard, NULL);
	uv_run(&street->house.loop, UV_RUN_NOWAIT);
}

static const struct shd_feed *orders_of(const struct street *street)
{
	return &shd_scheduler_feeds(street->scheduler)->sources[0]->feeds[0];
}

static void what_came_of_a_poll_is_told_before_time_judges(void **state)
{
	struct street street;

	(void)state;
	street_start(&street, SHD_HOUR_MS);
	assert_true(is_suspended(&street.house));
	run_until(&street, 1);
	assert_int_equal(street.told_before, 1);
	assert_true(orders_of(&street)->unread); /* it may work soon */
	assert_int_equal(shd_feed_failure(orders_of(&street))->count, 1);
	street_close(&street);
}

static void a_pause_holds_up_nobody(void **state)
{
	struct street street;

	(void)state;
	street_start(&street, SHD_HOUR_MS);
	shd_limits_refused(shd_scheduler_feeds(street.scheduler)->sources[0]->limits,
		SHD_SCOPE_SOURCE, SHD_HOUR_MS / 2,
		(struct shd_mono){(int64_t)uv_now(&street.house.loop)});
	run_until(&street, 0);
	assert_int_equal(street.polls, 0);
	assert_true(orders_of(&street)->unread);
	assert_in_range(
		orders_of(&street)->next_due.ms, NOW + SHD_MINUTE_MS, NOW + SHD_HOUR_MS / 2);
	street_close(&street);
}

static void cancelled(void *ctx, struct shd_transfer_out *out)
{
	(void)ctx;
	assert_int_equal(out->error.kind, SHD_ERR_CLOSING);
}

/* Messages take all the room that there is: the poll waits, with its leave unspent. */
static void a_crowded_transport_costs_no_leave(void **state)
{
	struct peer *peer = peer_start();
	char url[64];
	const struct shd_transfer_in message = {.method = "GET", .url = url, .connect_ms = 9000,
		.total_ms = 9000, .answer_max_bytes = 100};
	struct street street;
	struct shd_error err;

	(void)state;
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/silent", peer->port);
	street_start(&street, SHD_HOUR_MS);
	const struct shd_source_feeds *of = shd_scheduler_feeds(street.scheduler)->sources[0];
	const struct shd_bucket *rate = &of->limits->credential->allowance->rate;
	while (shd_transfers_have_room(street.transfers))
		assert_true(shd_transfer_start(
			street.transfers, &message, cancelled, NULL, &err));
	while (!orders_of(&street)->poll || orders_of(&street)->poll->state != SHD_POLL_PARKED)
		uv_run(&street.house.loop, UV_RUN_ONCE);
	assert_int_equal(street.polls, 0);
	assert_int_equal(shd_bucket_tokens(rate), rate->burst);
	street_close(&street);
	peer_stop(peer);
}

/* The poll comes later than the timer that was set for it. */
static void a_timer_that_finds_nothing_due_is_set_again(void **state)
{
	struct street street;

	(void)state;
	street_start(&street, SHD_HOUR_MS);
	struct shd_clock_reading later = street.house.clock.at;
	later.boot_ms += 10 * SHD_MINUTE_MS;
	later.wall.ms += 10 * SHD_MINUTE_MS;
	shd_clock_advance(&street.house.clock, &later);
	street.lot = 79; /* of the 80 ms over which 16 feeds are spread */
	shd_scheduler_tick(street.scheduler);
	run_until(&street, 1);
	street_close(&street);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_start_reads_first_what_is_overdue),
		cmocka_unit_test(a_start_believes_no_long_pause),
		cmocka_unit_test(a_reload_reads_first_what_was_not_polled_before),
		cmocka_unit_test(a_new_epoch_reads_first_what_is_overdue),
		cmocka_unit_test(what_came_of_a_poll_is_told_before_time_judges),
		cmocka_unit_test(a_pause_holds_up_nobody),
		cmocka_unit_test(a_crowded_transport_costs_no_leave),
		cmocka_unit_test(a_timer_that_finds_nothing_due_is_set_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

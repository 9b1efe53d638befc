/* daemon/deliver, with the real loop, jobs, queue of changes, transfers and state, a receiver on
 * loopback, and a clock of its own. */
#include "support/cases.h"
#include "support/outbox.h"
#include "support/peer.h"

#include "commit/commit.h"
#include "deliver/deliver.h"
#include "deliver/health.h"
#include "host/clock.h"
#include "notify/webhook.h"
#include "state/sqlite/query.h"

#include <string.h>

enum { CHANNELS = 4, GIVE_UP_MS = 86400000, IN_FLIGHT_MAX = 32 };
static const int64_t start_ms = 1775321940000;

static const struct {
	const char *name, *path;
} channel_rows[CHANNELS] = {
	{"good", "/echo"}, {"busy", "/status/503"}, {"gone", "/status/410"}, {"silent", "/silent"}};

/* One daemon's worth of parts. `log` gets a line per recorded attempt. */
struct world {
	struct peer *peer;
	struct shd_settings settings;
	struct shd_channel_settings channels[CHANNELS];
	struct shd_webhook_settings hooks[CHANNELS];
	char urls[CHANNELS][64];
	struct shd_config config;
	struct shd_state *state;
	uv_loop_t loop;
	struct shd_jobs *jobs;
	struct shd_transfers *transfers;
	struct shd_commit *commit;
	struct shd_deliver *deliver;
	struct shd_clock clock;
	struct shd_text log, health;
	int recorded, closed;
};

static uint32_t no_luck(void *ctx)
{
	(void)ctx;
	return 0;
}

static void on_delivered(void *ctx, const struct shd_delivered *what)
{
	struct world *world = ctx;

	world->recorded++;
	shd_text_printf(&world->log, "%s #%d %s %d%s\n", what->channel, what->attempt,
		what->ok ? "ok" : "failed", what->status, what->given_up ? ", given up" : "");
}

static void on_changed(void *ctx, const struct shd_channel_report *channel)
{
	struct world *world = ctx;

	shd_text_printf(&world->health, "%s %s waiting %zu since %lld\n",
		channel->channel,
		channel->error < 0 ? "works" : shd_err_name((enum shd_err)channel->error),
		channel->waiting,
		channel->oldest_undelivered.ms
			? (long long)(channel->oldest_undelivered.ms - start_ms)
			: -1);
}

static struct shd_phrasebook *load_book(void)
{
	struct shd_diags *diags SHD_AUTO(shd_diags_destroyp) = shd_diags_create(10);
	struct shd_doc *docs[SHD_LANGUAGE_COUNT];

	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++) {
		char path[256];
		size_t len;

		snprintf(path, sizeof(path), SHD_SOURCE_DIR "/conf/texts/%s.yaml",
			shd_language_names[i]);
		char *text shd_autofree = case_file(path, &len);
		docs[i] = shd_doc_parse(path, text, len, diags);
	}
	struct shd_phrasebook *book = shd_phrasebook_create(docs, diags);
	assert_non_null(book);
	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++)
		shd_doc_destroy(docs[i]);
	return book;
}

static void on_judged(void *ctx, const struct shd_outcome *outcome)
{
	(void)ctx;
	(void)outcome;
}

static void on_state(void *ctx, const struct shd_error *err)
{
	(void)ctx;
	(void)err;
}

static void start_daemon(struct world *world)
{
	assert_int_equal(uv_loop_init(&world->loop), 0);
	world->jobs = shd_jobs_create(&world->loop);
	world->transfers = shd_transfers_create(&world->loop, IN_FLIGHT_MAX);
	const struct shd_commit_in commit = {.loop = &world->loop,
		.jobs = world->jobs,
		.state = world->state,
		.engine = shd_engine_of(world->state),
		.clock = &world->clock,
		.judged = on_judged,
		.state_failed = on_state,
		.ctx = world};
	world->commit = shd_commit_create(&commit);
	const struct shd_deliver_in in = {.loop = &world->loop,
		.transfers = world->transfers,
		.jobs = world->jobs,
		.state = world->state,
		.changes = shd_commit_changes(world->commit),
		.clock = &world->clock,
		.random = no_luck,
		.delivered = on_delivered,
		.channel_changed = on_changed,
		.ctx = world};
	world->deliver = shd_deliver_create(&in, &world->config);
	shd_commit_use(world->commit, NULL, shd_deliver_take(world->deliver));
	shd_deliver_start(world->deliver);
}

static void jobs_closed(void *ctx)
{
	((struct world *)ctx)->closed++;
}

static void commit_closed(void *ctx)
{
	struct world *world = ctx;

	world->closed++;
	shd_jobs_close(world->jobs, jobs_closed, world);
}

static void transfers_closed(void *ctx)
{
	struct world *world = ctx;

	world->closed++;
	shd_commit_close(world->commit, commit_closed, world);
}

static void deliver_closed(void *ctx)
{
	struct world *world = ctx;

	world->closed++;
	shd_transfers_close(world->transfers, transfers_closed, world);
}

static void commit_idle(void *ctx)
{
	struct world *world = ctx;

	shd_commit_use(world->commit, NULL, NULL);
	shd_commit_leave(world->commit);
	shd_deliver_close(world->deliver, deliver_closed, world);
}

static void stop_daemon(struct world *world)
{
	world->closed = 0;
	shd_commit_pause(world->commit, commit_idle, world);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(world->closed, 4);
	assert_int_equal(uv_loop_close(&world->loop), 0);
}

static int set_up(void **state)
{
	struct world *world = shd_xcalloc(1, sizeof(*world));
	struct shd_error error;

	world->peer = peer_start();
	for (int i = 0; i < CHANNELS; i++) {
		snprintf(world->urls[i], sizeof(world->urls[i]), "http://127.0.0.1:%d%s",
			world->peer->port, channel_rows[i].path);
		world->hooks[i].url = world->urls[i];
		world->channels[i] = (struct shd_channel_settings){.name = channel_rows[i].name,
			.notifier = shd_notifier_find("webhook"), .timezone = "UTC",
			.timeout_ms = 10000, .give_up_ms = GIVE_UP_MS,
			.notifier_settings = &world->hooks[i]};
	}
	world->settings.channels = world->channels;
	world->settings.channel_count = CHANNELS;
	world->config.settings = &world->settings;
	world->config.book = load_book();
	shd_clock_init(&world->clock, &(struct shd_clock_reading){.wall = {start_ms}});
	shd_text_init(&world->log, 1 << 16);
	shd_text_init(&world->health, 1 << 16);
	assert_true(shd_state_open(":memory:", &world->state, &error));
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	shd_state_close(world->state);
	shd_phrasebook_destroy(world->config.book);
	shd_text_finish(&world->log);
	shd_text_finish(&world->health);
	peer_stop(world->peer);
	free(world);
	return 0;
}

/* Puts a message into the outbox, as the judge does. No state job runs. */
static void post_grouped(struct world *world, const char *channel, const char *key,
	const char *group, int64_t wait_ms)
{
	static const char facts[] = "[{\"alert\":1,\"episode\":1,\"move\":\"new\",\"level\":"
				    "\"critical\",\"from\":\"none\","
				    "\"rule\":\"r\",\"store\":\"s\",\"at\":1775321940000}]";
	struct shd_outbox_row row = {.key = key, .channel = channel, .group = group,
		.facts = facts, .level = SHD_CRITICAL, .made = world->clock.at.wall,
		.next_try = {world->clock.at.wall.ms + wait_ms},
		.give_up = {world->clock.at.wall.ms + GIVE_UP_MS}, .state = SHD_OUTBOX_WAITING};
	struct shd_error error;

	assert_true(shd_state_outbox_add(world->state, &row, &error));
}

static void post(struct world *world, const char *channel, const char *key)
{
	post_grouped(world, channel, key, key, 0);
}

/* As a full disk. No state job runs. */
static void read_only(struct world *world, bool on)
{
	const char *sql = on ? "PRAGMA query_only = 1" : "PRAGMA query_only = 0";

	assert_int_equal(
		sqlite3_exec(world->state->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* Runs until so many attempts are recorded; the test fails after ten seconds. */
static void run_until(struct world *world, int recorded)
{
	uint64_t end = uv_hrtime() + UINT64_C(10000000000);

	while (world->recorded < recorded) {
		uv_run(&world->loop, UV_RUN_ONCE);
		if (uv_hrtime() > end)
			fail_msg("only %d of %d:\n%s", world->recorded, recorded, world->log.data);
	}
}

/* The head of the last of so many requests; the peer has written it before it counts. */
static const char *last_head(struct world *world, int requests)
{
	assert_int_equal(atomic_load(&world->peer->requests), requests);
	return world->peer->last_head;
}

/* Rows that are due at `now`, and when the next one is. */
static size_t due(struct world *world, int64_t now_ms, int64_t *ret_next_ms)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(1 << 20);
	struct shd_outbox_row *rows;
	struct shd_wall next;
	struct shd_error error;

	assert_true(shd_state_outbox_next(world->state, (struct shd_wall){now_ms}, &next, &error));
	*ret_next_ms = next.ms;
	return outbox_due(world->state, now_ms, 1000, arena, &rows);
}

static void what_an_earlier_life_left_is_sent_at_start(void **state)
{
	struct world *world = *state;
	int64_t next_ms;

	post(world, "good", "0123456789abcdef0123456789abcdef");
	start_daemon(world);
	run_until(world, 1);
	stop_daemon(world);
	assert_string_equal(world->log.data, "good #1 ok 200\n");
	assert_non_null(strstr(last_head(world, 1), "POST /echo"));
	assert_non_null(
		strstr(last_head(world, 1), "webhook-id: 0123456789abcdef0123456789abcdef"));
	assert_int_equal(due(world, INT64_MAX - 1, &next_ms), 0);
}

static void a_temporary_failure_waits_as_long_as_it_was_told(void **state)
{
	struct world *world = *state;
	int64_t next_ms;

	post(world, "busy", "k1");
	start_daemon(world);
	run_until(world, 1);
	stop_daemon(world);
	assert_string_equal(world->log.data, "busy #1 failed 503\n");
	assert_int_equal(due(world, start_ms + 6999, &next_ms), 0);
	assert_int_equal(next_ms, start_ms + 7000); /* Retry-After: 7 */

	world->clock.at.wall.ms = start_ms + 7000;
	start_daemon(world);
	run_until(world, 2);
	stop_daemon(world);
	assert_string_equal(world->log.data, "busy #1 failed 503\nbusy #2 failed 503\n");
	assert_non_null(strstr(last_head(world, 2), "webhook-id: k1"));
}

/* A new epoch begins; there are no feeds to be read again. */
static void set_clock(struct world *world, int64_t by_ms)
{
	struct shd_clock_reading at = world->clock.at;

	at.wall.ms += by_ms;
	shd_clock_advance(&world->clock, &at);
	shd_commit_catch_up(world->commit, &(struct shd_unread){0}, 0);
}

static void a_clock_that_is_set_back_makes_nobody_wait_longer(void **state)
{
	struct world *world = *state;
	int64_t next_ms;

	post(world, "busy", "k1");
	start_daemon(world);
	run_until(world, 1);
	set_clock(world, -SHD_DAY_MS);
	shd_deliver_tick(world->deliver);
	stop_daemon(world);
	assert_int_equal(due(world, start_ms - SHD_DAY_MS + 6999, &next_ms), 0);
	assert_int_equal(next_ms, start_ms - SHD_DAY_MS + 7000);

	/* Set right again: due at once, and not given up for it. */
	start_daemon(world);
	set_clock(world, SHD_DAY_MS + 10);
	shd_deliver_tick(world->deliver);
	run_until(world, 2);
	stop_daemon(world);
	assert_string_equal(world->log.data, "busy #1 failed 503\nbusy #2 failed 503\n");
}

static void it_is_given_up_when_its_time_is_over(void **state)
{
	struct world *world = *state;
	int64_t next_ms;

	post(world, "busy", "k1");
	world->clock.at.wall.ms = start_ms + GIVE_UP_MS;
	start_daemon(world);
	run_until(world, 1);
	stop_daemon(world);
	assert_string_equal(world->log.data, "busy #1 failed 503, given up\n");
	assert_int_equal(due(world, INT64_MAX - 1, &next_ms), 0);
}

static void what_cannot_succeed_is_given_up_at_once(void **state)
{
	struct world *world = *state;
	int64_t next_ms;

	post(world, "gone", "k1");
	post(world, "renamed", "k2");
	start_daemon(world);
	run_until(world, 2);
	stop_daemon(world);
	assert_non_null(strstr(world->log.data, "gone #1 failed 410, given up\n"));
	assert_non_null(strstr(world->log.data, "renamed #1 failed 0, given up\n"));
	assert_int_equal(due(world, INT64_MAX - 1, &next_ms), 0);
}

static void what_was_under_way_is_sent_again_under_its_key(void **state)
{
	struct world *world = *state;
	int64_t next_ms;

	post(world, "silent", "k1");
	start_daemon(world);
	while (!world->peer->requests)
		uv_run(&world->loop, UV_RUN_ONCE);
	stop_daemon(world); /* as a crash: no result was recorded */
	assert_int_equal(world->recorded, 0);
	assert_int_equal(due(world, world->clock.at.wall.ms, &next_ms), 0); /* claimed */

	start_daemon(world); /* claims of an earlier run are void */
	while (world->peer->requests < 2)
		uv_run(&world->loop, UV_RUN_ONCE);
	stop_daemon(world);
	assert_non_null(strstr(last_head(world, 2), "webhook-id: k1"));
}

/* Its alert would count as sent with the one under way, and nobody would have got it;
 * after a restart the receiver would drop it, as it knows the key. */
static void nothing_is_merged_into_what_is_under_way(void **state)
{
	struct world *world = *state;
	int64_t next_ms;

	post_grouped(world, "silent", "k1", "g", 1000);
	world->clock.at.wall.ms += 1000;
	start_daemon(world);
	while (!world->peer->requests)
		uv_run(&world->loop, UV_RUN_ONCE);
	world->clock.at.wall.ms -= 500; /* too little to be noticed */
	post_grouped(world, "silent", "k2", "g", 1000);
	stop_daemon(world); /* as a crash: no result was recorded */
	assert_int_equal(due(world, INT64_MAX - 1, &next_ms), 2);

	post_grouped(world, "silent", "k3", "g", 1000); /* with k2 */
	assert_int_equal(due(world, INT64_MAX - 1, &next_ms), 2);
}

static void what_the_state_cannot_close_waits_and_holds_up_nothing_else(void **state)
{
	struct world *world = *state;

	post_grouped(world, "silent", "k1", "g", 1000);
	world->clock.at.wall.ms += 1000;
	post(world, "silent", "k2");
	world->clock.at.wall.ms += 1;
	read_only(world, true);
	start_daemon(world);
	while (!world->peer->requests)
		uv_run(&world->loop, UV_RUN_ONCE);
	assert_non_null(strstr(last_head(world, 1), "webhook-id: k2"));
	read_only(world, false);
	while (world->peer->requests < 2)
		uv_run(&world->loop, UV_RUN_ONCE);
	assert_non_null(strstr(last_head(world, 2), "webhook-id: k1"));
	stop_daemon(world);
}

static void a_channel_that_hangs_does_not_hold_up_the_others(void **state)
{
	struct world *world = *state;
	char key[16];

	for (int i = 0; i < 300; i++) {
		snprintf(key, sizeof(key), "s%d", i);
		post(world, "silent", key);
	}
	post(world, "good", "g1");
	start_daemon(world);
	run_until(world, 1);
	stop_daemon(world);
	assert_string_equal(world->log.data, "good #1 ok 200\n");
	assert_int_equal(world->peer->requests, 5); /* four of the silent one at once */
}

static void ignore_answer(void *ctx, struct shd_transfer_out *out)
{
	(void)ctx;
	(void)out;
}

/* Every slot hangs for a while, and all that the queue takes waits behind them. */
static void fill_transport(struct world *world)
{
	struct shd_transfer_in in = {.method = "POST", .connect_ms = 300, .total_ms = 300,
		.answer_max_bytes = 1000};
	struct shd_error error;

	do
		in.url = shd_transfers_running(world->transfers) < IN_FLIGHT_MAX ? world->urls[3]
										 : world->urls[0];
	while (shd_transfer_start(world->transfers, &in, ignore_answer, NULL, &error));
	assert_int_equal(error.kind, SHD_ERR_LIMIT);
}

static void a_full_transport_costs_the_channel_nothing(void **state)
{
	struct world *world = *state;
	struct shd_notifier slow = *shd_notifier_find("webhook");

	slow.per_minute = slow.burst = 1; /* and this clock stands still */
	world->channels[0].notifier = &slow;
	post(world, "good", "k1");
	start_daemon(world);
	fill_transport(world);
	run_until(world, 1);
	stop_daemon(world);
	assert_string_equal(world->log.data, "good #1 ok 200\n");
}

static void health_is_told_when_it_changes(void **state)
{
	struct world *world = *state;

	post(world, "busy", "k1");
	start_daemon(world);
	run_until(world, 1);
	world->hooks[1].url = world->hooks[0].url; /* it is mended */
	shd_deliver_config(world->deliver, &world->config);
	world->clock.at.wall.ms += 60000;
	run_until(world, 2);
	stop_daemon(world);
	assert_string_equal(world->health.data,
		"busy server waiting 1 since 0\nbusy works waiting 0 since -1\n");
}

static void a_channel_of_another_configuration_has_its_own_rate(void **state)
{
	struct world *world = *state;
	struct shd_notifier slow = *shd_notifier_find("webhook");
	struct shd_channel_settings *channel = &world->channels[0];
	struct shd_channel_health old, health;

	shd_health_init(&old, channel);
	old.last_success.ms = 7;
	channel->notifier = &slow; /* the address is of a slower kind now */
	slow.per_minute = 60;
	slow.burst = 3;
	shd_health_init(&health, channel);
	shd_health_inherit(&health, &old);
	shd_health_finish(&old);
	assert_string_equal(health.name, "good");
	assert_int_equal(health.last_success.ms, 7);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(shd_bucket_wait_ms(&health.bucket, start_ms), 0);
		shd_bucket_spend(&health.bucket);
	}
	shd_health_init(&old, channel);
	shd_health_inherit(&old, &health); /* and keeps what it has left */
	shd_health_finish(&health);
	assert_int_equal(shd_bucket_wait_ms(&old.bucket, start_ms), 1000);
	shd_health_finish(&old);
}

static void many_messages_are_all_delivered_once(void **state)
{
	struct world *world = *state;
	int64_t next_ms;
	char key[16];

	for (int i = 0; i < 500; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		post(world, "good", key);
	}
	start_daemon(world);
	run_until(world, 500);
	stop_daemon(world);
	assert_int_equal(world->peer->requests, 500);
	assert_int_equal(due(world, INT64_MAX - 1, &next_ms), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_an_earlier_life_left_is_sent_at_start, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_temporary_failure_waits_as_long_as_it_was_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_clock_that_is_set_back_makes_nobody_wait_longer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			it_is_given_up_when_its_time_is_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_cannot_succeed_is_given_up_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_was_under_way_is_sent_again_under_its_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			nothing_is_merged_into_what_is_under_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_the_state_cannot_close_waits_and_holds_up_nothing_else, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_channel_that_hangs_does_not_hold_up_the_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_full_transport_costs_the_channel_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(health_is_told_when_it_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_channel_of_another_configuration_has_its_own_rate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			many_messages_are_all_delivered_once, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

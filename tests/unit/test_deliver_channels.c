/* daemon/deliver: what becomes of a channel. */
#include "support/deliver_bench.h"

#include "deliver/health.h"

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

/* Four are under way when it asks for seven seconds; none of the others follows them. */
static void a_provider_that_asks_for_a_pause_is_left_alone(void **state)
{
	struct world *world = *state;
	char key[16];

	for (int i = 0; i < 10; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		post(world, "busy", key);
	}
	post_grouped(world, "good", "g1", "g", 1000);
	start_daemon(world);
	run_until(world, 4);
	world->clock.at.wall.ms += 1000;
	run_until(world, 5);
	assert_non_null(strstr(world->log.data, "good #1 ok"));
	assert_int_equal(world->peer->requests, 5);
	set_clock(world, 2 * SHD_MINUTE_MS); /* it is over */
	shd_deliver_tick(world->deliver);
	run_until(world, 9);
	stop_daemon(world);
	assert_int_equal(world->peer->requests, 9);
}

static void a_pause_is_bounded_whatever_the_clock_does(void **state)
{
	struct world *world = *state;
	struct shd_channel_health health;
	struct shd_wall now = {start_ms};

	shd_health_init(&health, &world->channels[0]);
	assert_int_equal(shd_health_pause_ms(&health, now), 0);
	shd_health_pause(&health, SHD_DAY_MS, now);
	assert_int_equal(shd_health_pause_ms(&health, now), SHD_PAUSE_MAX_MS);
	shd_health_pause(&health, 1000, now); /* the longer one counts */
	now.ms += SHD_PAUSE_MAX_MS - 1;
	assert_int_equal(shd_health_pause_ms(&health, now), 1);
	now.ms += 1;
	assert_int_equal(shd_health_pause_ms(&health, now), 0);
	now.ms = start_ms - 1; /* set back */
	assert_int_equal(shd_health_pause_ms(&health, now), 0);
	shd_health_finish(&health);
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

/* What mended it may have been a restart. */
static void health_is_known_after_a_restart(void **state)
{
	struct world *world = *state;

	post(world, "busy", "k1");
	start_daemon(world);
	run_until(world, 1);
	stop_daemon(world);
	shd_text_clear(&world->health);
	world->hooks[1].url = world->hooks[0].url;
	start_daemon(world);
	world->clock.at.wall.ms += 60000;
	shd_deliver_config(world->deliver, &world->config); /* looks again at once */
	run_until(world, 2);
	stop_daemon(world);
	assert_string_equal(world->health.data,
		"busy works waiting 1 since 0\nbusy works waiting 0 since -1\n");
}

static void a_success_is_told_though_nobody_knew_of_a_failure(void **state)
{
	struct world *world = *state;

	post(world, "good", "k1");
	start_daemon(world);
	run_until(world, 1);
	stop_daemon(world);
	assert_string_equal(world->health.data, "good works waiting 0 since -1\n");
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

#define DELIVERS(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DELIVERS(a_channel_that_hangs_does_not_hold_up_the_others),
		DELIVERS(a_provider_that_asks_for_a_pause_is_left_alone),
		DELIVERS(a_pause_is_bounded_whatever_the_clock_does),
		DELIVERS(a_full_transport_costs_the_channel_nothing),
		DELIVERS(health_is_told_when_it_changes),
		DELIVERS(health_is_known_after_a_restart),
		DELIVERS(a_success_is_told_though_nobody_knew_of_a_failure),
		DELIVERS(a_channel_of_another_configuration_has_its_own_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* daemon/deliver: what becomes of a message. */
#include "support/deliver_bench.h"

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

/* A message about the alert. */
static void post_about(struct world *world, const char *channel, int64_t alert, int n)
{
	static const char facts[] = "[{\"alert\":1,\"episode\":1,\"move\":\"new\",\"level\":"
				    "\"critical\",\"from\":\"none\","
				    "\"rule\":\"r\",\"store\":\"s\",\"at\":1775321940000}]";
	char key[40];
	struct shd_outbox_row row = {.channel = channel, .key = key, .group = "",
		.facts = facts, .level = SHD_WARN, .made = world->clock.at.wall,
		.next_try = world->clock.at.wall,
		.give_up = {world->clock.at.wall.ms + GIVE_UP_MS}, .state = SHD_OUTBOX_WAITING,
		.alerts = &alert, .alert_count = 1};
	struct shd_error error;

	snprintf(key, sizeof(key), "%s-%d-%d", channel, (int)alert, n);
	assert_true(shd_state_outbox_add(world->state, &row, &error));
}

static int64_t new_alert(struct world *world, int n)
{
	char id[20];
	struct shd_alert alert = {.rule = "r", .store = "s", .entity = id,
		.state = SHD_ALERT_FIRING, .level = SHD_WARN, .wake = {SHD_NEVER_MS}};
	struct shd_error error;

	alert.last.value.none = alert.last.limit.none = alert.last.cost.none = true;
	alert.last.room.none = true;

	snprintf(id, sizeof(id), "%d", n);
	if (!shd_state_alert_put(world->state, &alert, &error))
		fail_msg("%s", error.msg);
	return alert.number;
}

static int count_work(void *ctx)
{
	++*(uint64_t *)ctx;
	return 0;
}

/* Of 6000 messages to a dead receiver 300 are tried again later, and the others must not overtake
 * them; the work for others does not grow with them. */
static void thousands_that_wait_for_a_dead_channel_cost_the_others_no_work(void **state)
{
	enum { ALERTS = 300, EACH = 20, GOOD = 200, PER = 1000 };
	struct world *world = *state;
	uint64_t work = 0, most = 2 * ALERTS * EACH * 40 / PER; /* two looks at each of them */
	char key[16];

	for (int n = 0; n < ALERTS; n++) {
		int64_t alert = new_alert(world, n);

		for (int i = 0; i < EACH; i++)
			post_about(world, "busy", alert, i);
	}
	for (int i = 0; i < GOOD; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		post(world, "good", key);
	}
	int64_t chain = new_alert(world, ALERTS);
	for (int i = 0; i < 3; i++) /* each of which waits for the one before */
		post_about(world, "good", chain, i);
	static const char later[] = "UPDATE outbox SET next_try_ms = next_try_ms + 3600000"
		" WHERE channel = 'busy' AND number IN"
		" (SELECT min(outbox) FROM outbox_alert GROUP BY alert)";
	assert_int_equal(sqlite3_exec(world->state->db, later, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_progress_handler(world->state->db, PER, count_work, &work);
	start_daemon(world);
	run_until(world, GOOD + 3);
	stop_daemon(world);
	sqlite3_progress_handler(world->state->db, 0, NULL, NULL);
	assert_int_equal(world->peer->requests, GOOD + 3);
	assert_true(work < most);
}

#define DELIVERS(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DELIVERS(what_an_earlier_life_left_is_sent_at_start),
		DELIVERS(a_temporary_failure_waits_as_long_as_it_was_told),
		DELIVERS(a_clock_that_is_set_back_makes_nobody_wait_longer),
		DELIVERS(it_is_given_up_when_its_time_is_over),
		DELIVERS(what_cannot_succeed_is_given_up_at_once),
		DELIVERS(what_was_under_way_is_sent_again_under_its_key),
		DELIVERS(nothing_is_merged_into_what_is_under_way),
		DELIVERS(what_the_state_cannot_close_waits_and_holds_up_nothing_else),
		DELIVERS(many_messages_are_all_delivered_once),
		DELIVERS(thousands_that_wait_for_a_dead_channel_cost_the_others_no_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* daemon/app/self: the watchdog is fed only while state jobs and deliverer get on, each for
 * itself; that it is fed at all is the progress of the loop. */
#include "support/deliver_bench.h"

#include "app/own.h"

#include <stdatomic.h>

enum { WATCHDOG_MS = 20, PATIENCE = 4 };

struct bench {
	struct world *world;
	struct shd_app app;
	atomic_bool held;
	int parsed;
};

static int start_up(void **state)
{
	struct bench *bench = shd_xcalloc(1, sizeof(*bench));

	set_up((void **)&bench->world);
	start_daemon(bench->world);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "20000", 1);
	bench->app.jobs = bench->world->jobs;
	bench->app.deliver = bench->world->deliver;
	bench->app.service = shd_service_create(&bench->world->loop, shd_app_alive, &bench->app);
	assert_int_equal(shd_service_watchdog_ms(bench->app.service), WATCHDOG_MS);
	*state = bench;
	return 0;
}

static int finish(void **state)
{
	struct bench *bench = *state;

	shd_service_close(bench->app.service, NULL, NULL);
	stop_daemon(bench->world);
	tear_down((void **)&bench->world);
	free(bench);
	unsetenv("WATCHDOG_USEC");
	return 0;
}

static void wait_while_held(void *ctx)
{
	struct bench *bench = ctx;

	while (atomic_load(&bench->held))
		usleep(1000);
}

static void parse(void *ctx)
{
	(void)ctx;
}

static void parsed(void *ctx)
{
	((struct bench *)ctx)->parsed++;
}

/* The loop goes on for so long, and the pool parses. */
static void run_for(struct bench *bench, int ms)
{
	uint64_t end = uv_hrtime() + (uint64_t)ms * 1000000;

	while (uv_hrtime() < end) {
		shd_jobs_parse(bench->app.jobs, parse, parsed, bench);
		uv_run(&bench->world->loop, UV_RUN_ONCE);
	}
}

static void one_state_job_that_hangs_is_enough(void **state)
{
	struct bench *bench = *state;

	run_for(bench, 10);
	assert_true(shd_app_alive(&bench->app));
	atomic_store(&bench->held, true);
	shd_jobs_state(bench->app.jobs, wait_while_held, NULL, bench);
	run_for(bench, WATCHDOG_MS * PATIENCE + 10);
	assert_true(bench->parsed > 1); /* others get on */
	assert_false(shd_app_alive(&bench->app));
	atomic_store(&bench->held, false);
	run_for(bench, 20);
	assert_true(shd_app_alive(&bench->app));
}

static void a_deliverer_whose_turn_never_comes_is_enough(void **state)
{
	struct bench *bench = *state;
	struct world *world = bench->world;

	/* It waits for its first look, without a timer. */
	shd_commit_pause(world->commit, jobs_closed, world);
	run_for(bench, 10);
	world->clock.at.mono.ms += 10 * SHD_MINUTE_MS;
	shd_deliver_tick(world->deliver);
	assert_true(shd_app_alive(&bench->app));
	world->clock.at.mono.ms += 1;
	shd_deliver_tick(world->deliver);
	assert_false(shd_app_alive(&bench->app));
	bench->app.stopping = true; /* the end does not wait for it */
	assert_true(shd_app_alive(&bench->app));
	bench->app.stopping = false;
	shd_commit_resume(world->commit);
	run_for(bench, 20);
	shd_deliver_tick(world->deliver);
	assert_true(shd_app_alive(&bench->app));
	world->clock.at.mono.ms += SHD_HOUR_MS;
	shd_deliver_tick(world->deliver);
	assert_true(shd_app_alive(&bench->app)); /* it sleeps, and will be woken */
}

static void a_message_that_never_ends_is_enough(void **state)
{
	struct bench *bench = *state;
	struct world *world = bench->world;

	post(world, "silent", "k1");
	shd_commit_submit(world->commit, shd_deliver_take(world->deliver));
	while (!atomic_load(&world->peer->requests))
		uv_run(&world->loop, UV_RUN_ONCE);
	world->clock.at.mono.ms += 10 * SHD_SECOND_MS + 2 * SHD_MINUTE_MS;
	shd_deliver_tick(world->deliver);
	assert_true(shd_app_alive(&bench->app));
	world->clock.at.mono.ms += 1;
	assert_false(shd_app_alive(&bench->app));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			one_state_job_that_hangs_is_enough, start_up, finish),
		cmocka_unit_test_setup_teardown(
			a_deliverer_whose_turn_never_comes_is_enough, start_up, finish),
		cmocka_unit_test_setup_teardown(
			a_message_that_never_ends_is_enough, start_up, finish),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

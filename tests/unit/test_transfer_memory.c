/* daemon/net: large answers share memory, wait for it, and are neither lost nor for ever. */
#include "support/check.h"

#include "base/hash.h"
#include "base/mem.h"
#include "net/transfer.h"
#include "support/peer.h"

enum {
	COUNT = 3,
	LARGE = 3000000,
	ANSWER_MAX = 3200000,
	MEMORY = 4000000, /* the first one, and little beside */
	TOTAL_MS = 400,
	WAIT_MAX_MS = 5000,
};

struct world;

struct asked {
	struct world *world;
	char url[96];
	bool keeps;             /* what it took, as one does that reads the body elsewhere */
	int64_t reading;
	int calls;
	bool ok;
	struct shd_error error;
	size_t len;
	uint64_t hash;
	struct shd_hold *hold;
	int64_t took_ms;
};

/* A peer each, as one that may not send on does nothing else. */
struct world {
	uv_loop_t loop;
	struct shd_transfers *transfers;
	struct peer *peers[COUNT];
	struct asked asked[COUNT];
	bool closed;
};

static int start_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	uv_loop_init(&world->loop);
	world->transfers = shd_transfers_create(&world->loop, 8);
	shd_transfers_limit_memory(world->transfers, MEMORY, WAIT_MAX_MS);
	for (size_t i = 0; i < COUNT; i++)
		world->peers[i] = peer_start();
	*state = world;
	return 0;
}

static void note_closed(void *ctx)
{
	*(bool *)ctx = true;
}

static void close_all(struct world *world)
{
	shd_transfers_close(world->transfers, note_closed, &world->closed);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_true(world->closed);
	assert_int_equal(uv_loop_close(&world->loop), 0);
}

static int tear_down(void **state)
{
	struct world *world = *state;

	if (!world->closed)
		close_all(world);
	for (size_t i = 0; i < COUNT; i++) {
		shd_hold_destroy(world->asked[i].hold);
		peer_stop(world->peers[i]);
	}
	free(world);
	return 0;
}

static void note(void *ctx, struct shd_transfer_out *out)
{
	struct asked *asked = ctx;

	asked->calls++;
	asked->ok = out->ok;
	if (!out->ok)
		asked->error = out->error;
	asked->len = out->body.len;
	asked->hash = out->hash;
	asked->took_ms = out->took_ms;
	if (asked->keeps)
		asked->hold = shd_steal(out->hold);
}

static int64_t reading(void *ctx, const struct shd_text *body)
{
	(void)body;
	return ((const struct asked *)ctx)->reading;
}

static void ask(struct world *world, size_t i, const char *path)
{
	static const char *const names[COUNT] = {"shop-0", "shop-1", "shop-2"};
	struct asked *asked = &world->asked[i];
	struct shd_error err;

	snprintf(asked->url, sizeof(asked->url), "http://127.0.0.1:%d%s", world->peers[i]->port,
		path);
	asked->calls = 0;
	struct shd_transfer_in in = {.method = "GET", .url = asked->url, .connect_ms = 2000,
		.total_ms = TOTAL_MS, .answer_max_bytes = ANSWER_MAX, .who = names[i],
		.reading_bytes = reading};
	assert_true(shd_transfer_start(world->transfers, &in, note, asked, &err));
}

static struct shd_memory_use use_of(const struct world *world)
{
	struct shd_memory_use use;

	shd_transfers_memory(world->transfers, &use);
	return use;
}

static void run_until_called(struct world *world, size_t i)
{
	while (!world->asked[i].calls)
		uv_run(&world->loop, UV_RUN_ONCE);
}

static void note_time(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

static void run_for(struct world *world, uint64_t ms)
{
	bool over = false;
	uv_timer_t timer;

	uv_timer_init(&world->loop, &timer);
	timer.data = &over;
	uv_timer_start(&timer, note_time, ms, 0);
	while (!over)
		uv_run(&world->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&world->loop, UV_RUN_NOWAIT);
}

static void expect_whole(const struct asked *asked)
{
	char *bytes = malloc(LARGE);

	memset(bytes, 'x', LARGE);
	assert_int_equal(asked->calls, 1);
	assert_true(asked->ok);
	assert_int_equal(asked->len, LARGE);
	assert_true(asked->hash == shd_hash(bytes, LARGE));
	free(bytes);
}

static void all_arrive_whole_within_the_memory_there_is(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < COUNT; i++)
		ask(world, i, i ? "/bytes/3000000" : "/chunked/3000000");
	for (size_t i = 0; i < COUNT; i++)
		run_until_called(world, i);
	for (size_t i = 0; i < COUNT; i++)
		expect_whole(&world->asked[i]);
	struct shd_memory_use use = use_of(world);
	assert_true(use.peak >= LARGE && use.peak <= MEMORY);
	assert_true(use.now == 0 && use.waiting == 0 && use.refused == 0);
	assert_int_equal(use.user_count, COUNT);
}

/* Longer than the time limit; a small answer needs none. */
static void time_stands_still_for_who_waits(void **state)
{
	struct world *world = *state;

	world->asked[0].keeps = true;
	ask(world, 0, "/bytes/3000000");
	run_until_called(world, 0);
	assert_non_null(world->asked[0].hold);
	ask(world, 1, "/bytes/3000000");
	run_for(world, 2 * TOTAL_MS);
	assert_int_equal(world->asked[1].calls, 0);
	assert_int_equal(use_of(world).waiting, 1);
	ask(world, 2, "/bytes/60000");
	run_until_called(world, 2);
	assert_true(world->asked[2].ok);
	shd_hold_destroy(shd_steal(world->asked[0].hold));
	run_until_called(world, 1);
	expect_whole(&world->asked[1]);
}

static void who_waited_has_a_time_limit_afterwards(void **state)
{
	struct world *world = *state;

	world->asked[0].keeps = true;
	ask(world, 0, "/bytes/3000000");
	run_until_called(world, 0);
	ask(world, 1, "/stall/1500000");
	run_for(world, TOTAL_MS);
	shd_hold_destroy(shd_steal(world->asked[0].hold));
	run_for(world, TOTAL_MS / 2);
	assert_int_equal(world->asked[1].calls, 0); /* what it waited does not count */
	run_for(world, 3 * TOTAL_MS);
	assert_int_equal(world->asked[1].calls, 1);
	assert_int_equal(world->asked[1].error.kind, SHD_ERR_TIMEOUT);
	assert_int_equal(use_of(world).now, 0);
}

static void who_waits_in_vain_is_told_why(void **state)
{
	struct world *world = *state;

	shd_transfers_limit_memory(world->transfers, MEMORY, 300);
	world->asked[0].keeps = true;
	ask(world, 0, "/bytes/3000000");
	run_until_called(world, 0);
	ask(world, 1, "/bytes/3000000");
	run_until_called(world, 1);
	assert_int_equal(world->asked[1].error.kind, SHD_ERR_LIMIT);
	assert_non_null(strstr(world->asked[1].error.msg, "\"shop-0\""));
	assert_non_null(strstr(world->asked[1].error.msg, "answers_max"));
	assert_int_equal(use_of(world).refused, 1);
	assert_int_equal(use_of(world).waiting, 0);
	ask(world, 1, "/bytes/60000"); /* its slot is as good as before */
	run_until_called(world, 1);
	assert_true(world->asked[1].ok);
}

static void one_document_is_read_at_a_time(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < 2; i++) {
		world->asked[i].keeps = true;
		world->asked[i].reading = 10 * (int64_t)MEMORY;
		ask(world, i, "/bytes/1000");
	}
	while (!world->asked[0].calls && !world->asked[1].calls)
		uv_run(&world->loop, UV_RUN_ONCE);
	run_for(world, 2 * TOTAL_MS);
	size_t first = world->asked[0].calls ? 0 : 1;
	assert_int_equal(world->asked[1 - first].calls, 0);
	shd_hold_destroy(shd_steal(world->asked[first].hold));
	run_until_called(world, 1 - first);
	assert_true(world->asked[1 - first].ok && world->asked[1 - first].len == 1000);
}

static void who_waits_can_be_cancelled(void **state)
{
	struct world *world = *state;

	world->asked[0].keeps = true;
	world->asked[1].reading = world->asked[0].reading = 1;
	ask(world, 0, "/bytes/3000000");
	run_until_called(world, 0);
	ask(world, 1, "/bytes/1000"); /* waits to be read */
	ask(world, 2, "/bytes/3000000"); /* waits for room */
	run_for(world, TOTAL_MS / 2);
	assert_int_equal(use_of(world).waiting, 2);
	for (size_t i = 1; i < COUNT; i++)
		shd_transfer_cancel(world->transfers, note, &world->asked[i]);
	for (size_t i = 1; i < COUNT; i++) {
		run_until_called(world, i);
		assert_int_equal(world->asked[i].error.kind, SHD_ERR_CLOSING);
	}
	assert_int_equal(use_of(world).waiting, 0);
	assert_int_equal(shd_transfers_running(world->transfers), 0);
}

static void closing_waits_for_nobody(void **state)
{
	struct world *world = *state;

	world->asked[0].keeps = true;
	world->asked[1].reading = world->asked[0].reading = 1;
	ask(world, 0, "/bytes/3000000");
	run_until_called(world, 0);
	ask(world, 1, "/bytes/1000");
	ask(world, 2, "/bytes/3000000");
	run_for(world, TOTAL_MS / 2);
	close_all(world);
	for (size_t i = 1; i < COUNT; i++) {
		assert_int_equal(world->asked[i].calls, 1);
		assert_int_equal(world->asked[i].error.kind, SHD_ERR_CLOSING);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			all_arrive_whole_within_the_memory_there_is, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			time_stands_still_for_who_waits, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			who_waited_has_a_time_limit_afterwards, start_up, tear_down),
		cmocka_unit_test_setup_teardown(who_waits_in_vain_is_told_why, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			one_document_is_read_at_a_time, start_up, tear_down),
		cmocka_unit_test_setup_teardown(who_waits_can_be_cancelled, start_up, tear_down),
		cmocka_unit_test_setup_teardown(closing_waits_for_nobody, start_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* daemon/auth: access tokens of a credential, with the real loop, pool and transport, a server
 * on loopback, and a queue of changes that writes when the test says so. */
#include "support/check.h"
#include "support/peer.h"
#include "support/source.h"

#include "auth/grant.h"

#include <string.h>

#define START_MS 1790856000000LL
#define LIFETIME_MS SHD_HOUR_MS

/* --- an adapter whose server echoes what it is to answer ------------------------------------ */

static struct {
	const char *path;            /* of the server */
	struct shd_secret *first;    /* what the operator wrote down */
	int port, asked;
	char refresh[8][32];         /* that each request sent */
} market;

static const struct shd_secret *first_token(
	const struct shd_credential *credential, shd_secret_fn *secret, void *ctx)
{
	(void)credential;
	(void)secret;
	(void)ctx;
	return market.first;
}

static bool ask(const struct shd_renewal_in *in, struct shd_request *request,
		struct shd_error *reterr)
{
	(void)reterr;
	snprintf(market.refresh[market.asked], sizeof(market.refresh[0]), "%s",
		shd_secret_reveal(in->refresh, &(size_t){0}));
	market.asked++;
	request->method = "POST";
	shd_text_printf(&request->url, "http://127.0.0.1:%d%s", market.port, market.path);
	shd_text_printf(&request->body, "access-%d refresh-%d", market.asked, market.asked);
	return true;
}

static bool read_tokens(const struct shd_answer *answer, struct shd_renewed *ret_renewed,
			int64_t *ret_retry_after_ms, struct shd_error *reterr)
{
	char access[32], refresh[32];

	*ret_retry_after_ms = 0;
	if (answer->status != 200 || sscanf(answer->body, "%31s %31s", access, refresh) != 2)
		return shd_fail(reterr, SHD_ERR_CREDENTIALS, "refused");
	*ret_renewed = (struct shd_renewed){.access = shd_secret_create(access, strlen(access)),
		.refresh = shd_secret_create(refresh, strlen(refresh)),
		.lifetime_ms = LIFETIME_MS};
	return true;
}

static const struct shd_renewal renewal = {
	.ahead_ms = SHD_MINUTE_MS, .first = first_token, .request = ask, .read = read_tokens};
static const struct shd_adapter adapter = {.name = "here", .renewal = &renewal};

/* --- the parts around it ---------------------------------------------------------------------- */

struct world {
	uv_loop_t loop;
	struct peer *peer;
	struct shd_jobs *jobs;
	struct shd_transfers *transfers;
	struct shd_state *state;
	struct test_source shop;
	struct shd_settings settings;
	struct shd_config config;
	struct shd_grants *grants;
	struct shd_change *waiting;
	int64_t now_ms;
	bool closed;
};

static struct shd_wall now(void *ctx)
{
	return (struct shd_wall){((struct world *)ctx)->now_ms};
}

static uint32_t lot(void *ctx)
{
	(void)ctx;
	return 0;
}

static void submit(void *ctx, struct shd_change *change)
{
	((struct world *)ctx)->waiting = change;
}

/* Writes what waits, or lets that fail. */
static void write_change(struct world *world, bool works)
{
	struct shd_change *change = shd_steal(world->waiting);
	struct shd_transaction transaction = {.state = world->state, .now = {world->now_ms}};
	struct shd_error err;

	shd_fail(&err, SHD_ERR_STATE, "the disk is full");
	if (works)
		assert_true(change->apply(change, &transaction, &err) && transaction.durable);
	change->done(change, works ? NULL : &err);
}

static void write_down(const char *first)
{
	shd_secret_destroy(market.first);
	market.first = shd_secret_create(first, strlen(first));
}

static void start(struct world *world, const struct shd_token_row *rows, size_t count)
{
	const struct shd_grants_in in = {.loop = &world->loop, .jobs = world->jobs,
		.transfers = world->transfers, .changes = {submit, world}, .now = now,
		.random = lot, .ctx = world};

	world->grants = shd_grants_create(&in, &world->config, rows, count);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct shd_error err;

	uv_loop_init(&world->loop);
	world->peer = peer_start();
	world->jobs = shd_jobs_create(&world->loop);
	world->transfers = shd_transfers_create(&world->loop, 4);
	assert_true(shd_state_open(":memory:", &world->state, &err));
	test_source_init(&world->shop, "shop", &adapter);
	world->settings = (struct shd_settings){.sources = &world->shop.source, .source_count = 1};
	world->config.settings = &world->settings;
	world->now_ms = START_MS;
	market.path = "/echo";
	market.port = world->peer->port;
	market.asked = 0;
	write_down("written");
	*state = world;
	start(world, NULL, 0);
	return 0;
}

static void note_closed(void *ctx)
{
	((struct world *)ctx)->closed = true;
}

static void jobs_closed(void *ctx)
{
	(void)ctx;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	world->closed = false;
	shd_grants_close(world->grants, note_closed, world);
	while (!world->closed) {
		uv_run(&world->loop, UV_RUN_ONCE);
		if (world->waiting)
			write_change(world, true);
	}
	peer_stop(world->peer);
	shd_transfers_close(world->transfers, NULL, NULL);
	shd_jobs_close(world->jobs, jobs_closed, world);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&world->loop), 0);
	shd_state_close(world->state);
	shd_secret_destroy(shd_steal(market.first));
	free(world);
	return 0;
}

static void until_written(struct world *world)
{
	while (!world->waiting)
		uv_run(&world->loop, UV_RUN_ONCE);
}

static enum shd_grant_use use(struct world *world, struct shd_grant_token *token,
			      struct shd_error *err)
{
	return shd_grant_use(world->grants, &world->shop.credential, token, err);
}

static void assert_token(struct world *world, const char *access)
{
	struct shd_grant_token token;
	struct shd_error err;

	assert_int_equal(use(world, &token, &err), SHD_GRANT_READY);
	assert_string_equal(shd_secret_reveal(token.access, &(size_t){0}), access);
}

static void assert_waits(struct world *world)
{
	struct shd_grant_token token;
	struct shd_error err;

	assert_int_equal(use(world, &token, &err), SHD_GRANT_WAIT);
}

static void get_first(struct world *world)
{
	assert_waits(world);
	until_written(world);
	write_change(world, true);
	assert_token(world, "access-1");
}

/* --- tests ---------------------------------------------------------------------------------- */

static void one_renewal_serves_all_who_wait(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 100; i++)
		assert_waits(world);
	until_written(world);
	assert_waits(world); /* not used before it is kept */
	assert_int_equal(market.asked, 1);
	assert_int_equal(atomic_load(&world->peer->requests), 1);
	write_change(world, true);
	assert_token(world, "access-1");
	assert_int_equal(market.asked, 1);
}

/* Time passes; the loop sees what is due by now. */
static void pass(struct world *world, int64_t ms)
{
	world->now_ms += ms;
	shd_grants_configure(world->grants, &world->config);
	for (int i = 0; i < 3; i++)
		uv_run(&world->loop, UV_RUN_NOWAIT);
}

static void what_is_not_kept_is_handed_in_again_after_a_pause(void **state)
{
	struct world *world = *state;

	assert_waits(world);
	until_written(world);
	for (int64_t pause_ms = 1000; pause_ms <= 32000; pause_ms *= 2) {
		write_change(world, false);
		pass(world, pause_ms - 1);
		assert_null(world->waiting);
		assert_waits(world); /* not used before it is kept */
		pass(world, 1);
		assert_non_null(world->waiting);
	}
	write_change(world, true);
	assert_token(world, "access-1");
	assert_int_equal(market.asked, 1);
}

static void what_is_not_kept_is_handed_in_once_more_at_the_end(void **state)
{
	struct world *world = *state;
	struct shd_arena *arena = shd_arena_create(10000);
	struct shd_token_row *rows;
	struct shd_error err;
	size_t count;

	assert_waits(world);
	until_written(world);
	write_change(world, false);
	shd_grants_close(world->grants, note_closed, world);
	assert_non_null(world->waiting);
	write_change(world, true);
	while (!world->closed)
		uv_run(&world->loop, UV_RUN_ONCE);
	assert_true(shd_state_tokens(world->state, arena, &rows, &count, &err));
	assert_int_equal(count, 1);
	start(world, rows, count);
	shd_arena_destroy(arena);
	assert_token(world, "access-1");
}

static void note_over(void *ctx, struct shd_transfer_out *out)
{
	(void)ctx;
	assert_false(out->ok);
}

/* Messages take all the room that there is, for a while. */
static void a_crowded_transport_is_no_failure(void **state)
{
	struct world *world = *state;
	char url[64];
	struct shd_error err;

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/silent", world->peer->port);
	const struct shd_transfer_in message = {.method = "GET", .url = url, .connect_ms = 1000,
		.total_ms = 20, .answer_max_bytes = 100};
	while (shd_transfers_have_room(world->transfers))
		assert_true(shd_transfer_start(
			world->transfers, &message, note_over, NULL, &err));
	assert_waits(world);
	assert_waits(world);
	assert_int_equal(market.asked, 0);
	while (!shd_transfers_have_room(world->transfers))
		uv_run(&world->loop, UV_RUN_ONCE);
	get_first(world);
	while (shd_transfers_running(world->transfers))
		uv_run(&world->loop, UV_RUN_ONCE);
	/* An hour later, ahead of the expiry: the token in force serves meanwhile. */
	while (shd_transfers_have_room(world->transfers))
		assert_true(shd_transfer_start(
			world->transfers, &message, note_over, NULL, &err));
	pass(world, LIFETIME_MS - SHD_MINUTE_MS);
	assert_int_equal(market.asked, 1);
	assert_token(world, "access-1");
	pass(world, 1000);
	while (!shd_transfers_have_room(world->transfers))
		uv_run(&world->loop, UV_RUN_ONCE);
	pass(world, 1000);
	until_written(world);
	assert_int_equal(market.asked, 2);
	write_change(world, true);
	assert_token(world, "access-2");
}

static void a_rotated_refresh_token_is_kept_and_then_used(void **state)
{
	struct world *world = *state;
	struct shd_arena *arena = shd_arena_create(10000);
	struct shd_token_row *rows;
	struct shd_error err;
	size_t count;

	get_first(world);
	world->now_ms += LIFETIME_MS;
	assert_waits(world);
	until_written(world);
	assert_string_equal(market.refresh[0], "written");
	assert_string_equal(market.refresh[1], "refresh-1");
	assert_true(shd_state_tokens(world->state, arena, &rows, &count, &err));
	assert_string_equal(rows[0].refresh, "refresh-1"); /* killed here: from this one on */
	write_change(world, true);
	assert_token(world, "access-2");
	assert_true(shd_state_tokens(world->state, arena, &rows, &count, &err));
	assert_int_equal(count, 1);
	assert_string_equal(rows[0].refresh, "refresh-2");
	shd_arena_destroy(arena);
}

static void a_token_that_expired_early_is_worth_one_more_try(void **state)
{
	struct world *world = *state;
	const struct shd_credential *credential = &world->shop.credential;
	struct shd_grant_token token;
	struct shd_error err;

	get_first(world);
	assert_int_equal(use(world, &token, &err), SHD_GRANT_READY);
	assert_false(shd_grant_expired(world->grants, credential, token.serial)); /* it is new */
	assert_token(world, "access-1");
	world->now_ms += SHD_MINUTE_MS;
	assert_true(shd_grant_expired(world->grants, credential, token.serial));
	assert_true(shd_grant_expired(world->grants, credential, token.serial)); /* another poll */
	assert_waits(world);
	until_written(world);
	write_change(world, true);
	assert_token(world, "access-2");
	assert_int_equal(market.asked, 2);
	/* A request that was under way meanwhile: another token is there. */
	assert_true(shd_grant_expired(world->grants, credential, token.serial));
	assert_token(world, "access-2");
}

static void a_refusal_is_told_and_not_repeated_at_once(void **state)
{
	struct world *world = *state;
	struct shd_grant_token token;
	struct shd_error err;

	market.path = "/status/400";
	assert_waits(world);
	while (use(world, &token, &err) == SHD_GRANT_WAIT)
		uv_run(&world->loop, UV_RUN_ONCE);
	assert_int_equal(use(world, &token, &err), SHD_GRANT_REFUSED);
	assert_int_equal(err.kind, SHD_ERR_CREDENTIALS);
	assert_int_equal(market.asked, 1);
	/* The operator writes down another one: asked for at once. */
	market.path = "/echo";
	write_down("another");
	shd_grants_configure(world->grants, &world->config);
	assert_waits(world);
	until_written(world);
	write_change(world, true);
	assert_token(world, "access-2");
	assert_string_equal(market.refresh[1], "another");
}

static void a_reload_keeps_a_token_unless_the_first_one_changes(void **state)
{
	struct world *world = *state;

	get_first(world);
	shd_grants_configure(world->grants, &world->config);
	assert_token(world, "access-1");
	world->now_ms += LIFETIME_MS;
	assert_waits(world);
	write_down("another"); /* while the renewal by the old one is under way */
	shd_grants_configure(world->grants, &world->config);
	until_written(world);
	write_change(world, true);
	assert_waits(world);
	until_written(world);
	write_change(world, true);
	assert_token(world, "access-3");
	assert_string_equal(market.refresh[2], "another");
}

static void a_start_goes_on_from_the_state(void **state)
{
	struct world *world = *state;
	struct shd_arena *arena = shd_arena_create(10000);
	struct shd_token_row *rows;
	struct shd_error err;
	size_t count;

	get_first(world);
	shd_grants_close(world->grants, note_closed, world);
	while (!world->closed)
		uv_run(&world->loop, UV_RUN_ONCE);
	assert_true(shd_state_tokens(world->state, arena, &rows, &count, &err));
	start(world, rows, count);
	shd_arena_destroy(arena);
	assert_token(world, "access-1");
	assert_int_equal(market.asked, 1);
	world->now_ms += LIFETIME_MS;
	assert_waits(world);
	until_written(world);
	assert_string_equal(market.refresh[1], "refresh-1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			one_renewal_serves_all_who_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_not_kept_is_handed_in_again_after_a_pause, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_not_kept_is_handed_in_once_more_at_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_crowded_transport_is_no_failure, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_rotated_refresh_token_is_kept_and_then_used, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_token_that_expired_early_is_worth_one_more_try, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_refusal_is_told_and_not_repeated_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_reload_keeps_a_token_unless_the_first_one_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_start_goes_on_from_the_state, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* daemon/net: however a mail server behaves, the loop goes on and closing does not wait. */
#include "support/check.h"

#include "net/transfer.h"
#include "support/mail_peer.h"

/* A turn of the loop that a blocking call holds up takes seconds; on a busy machine, not so long.
 */
enum { LATE_MS = 3000, TICK_MS = 5, MAIL_TOTAL_MS = 300 };

struct mailed {
	int calls, status;
	bool ok;
	enum shd_err kind;
	char text[256];
	size_t replies;
	int reply[4];
};

struct world {
	uv_loop_t loop;
	struct shd_transfers *transfers;
	uv_timer_t tick;
	uint64_t ticked_ns;
	int64_t latest_ms;
	bool closed;
};

static void ticked(uv_timer_t *tick)
{
	struct world *world = tick->data;
	uint64_t now_ns = uv_hrtime();
	int64_t late_ms = (int64_t)((now_ns - world->ticked_ns) / 1000000) - TICK_MS;

	world->latest_ms = late_ms > world->latest_ms ? late_ms : world->latest_ms;
	world->ticked_ns = now_ns;
}

static int start_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	uv_loop_init(&world->loop);
	world->transfers = shd_transfers_create(&world->loop, 4);
	uv_timer_init(&world->loop, &world->tick);
	world->tick.data = world;
	world->ticked_ns = uv_hrtime();
	uv_timer_start(&world->tick, ticked, TICK_MS, TICK_MS);
	*state = world;
	return 0;
}

static void note_closed(void *ctx)
{
	*(bool *)ctx = true;
}

/* Ends within the time that closing may take, whatever is under way. */
static int tear_down(void **state)
{
	struct world *world = *state;
	uint64_t began_ns = uv_hrtime();

	shd_transfers_close(world->transfers, note_closed, &world->closed);
	while (!world->closed)
		uv_run(&world->loop, UV_RUN_ONCE);
	assert_true(uv_hrtime() - began_ns < 10000000000U);
	assert_true(world->latest_ms < LATE_MS);
	uv_close((uv_handle_t *)&world->tick, NULL);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&world->loop), 0);
	free(world);
	return 0;
}

static void note(void *ctx, struct shd_transfer_out *out)
{
	struct mailed *mailed = ctx;

	mailed->calls++;
	mailed->ok = out->ok;
	mailed->status = out->status;
	mailed->kind = out->ok ? SHD_ERR_COUNT : out->error.kind;
	snprintf(mailed->text, sizeof(mailed->text), "%s",
		 out->ok ? out->body.data : out->error.msg);
	mailed->replies = out->reply_count;
	for (size_t i = 0; i < out->reply_count && i < SHD_COUNT(mailed->reply); i++)
		mailed->reply[i] = out->replies[i].status;
}

static void post(struct world *world, int port, const char *const *to, size_t to_count,
		 int64_t total_ms, struct mailed *mailed)
{
	static char urls[64][48];
	static int n;
	char *url = urls[n++ % 64];
	struct shd_error err;
	const struct shd_transfer_in in = {.url = url,
		.mail_from = "health@example.com",
		.mail_to = {.items = (const char **)to, .count = to_count},
		.body = "Subject: x\r\n\r\nx\r\n",
		.body_len = 17,
		.connect_ms = total_ms,
		.total_ms = total_ms,
		.answer_max_bytes = 1000};

	snprintf(url, sizeof(urls[0]), "smtp://127.0.0.1:%d", port);
	*mailed = (struct mailed){0};
	assert_true(shd_transfer_start(world->transfers, &in, note, mailed, &err));
	assert_int_equal(mailed->calls, 0);
}

static void wait_for(struct world *world, const struct mailed *mailed)
{
	world->ticked_ns = uv_hrtime(); /* the test itself took its time */
	while (!mailed->calls)
		uv_run(&world->loop, UV_RUN_ONCE);
	assert_int_equal(mailed->calls, 1);
}

static const char *const owner[] = {"owner@example.com"};

static const char *const steps[] = {
	"GREETING", "EHLO", "MAIL", "RCPT", "DATA", "END", "QUIT"};

/* Each step of the dialogue, each way to misbehave. Up to the end of the mail nothing has been
 * taken; what is said after that changes nothing. */
static void a_server_that_misbehaves_delays_its_own_mail_only(void **state)
{
	static const enum mail_fault faults[] = {MAIL_SILENT, MAIL_CUT, MAIL_SLOW};
	struct world *world = *state;

	for (size_t i = 0; i < SHD_COUNT(steps) * SHD_COUNT(faults); i++) {
		const char *step = steps[i / SHD_COUNT(faults)];
		enum mail_fault fault = faults[i % SHD_COUNT(faults)];
		struct mail_peer *peer = mail_peer_start(step, fault, 2000);
		struct mail_peer *well = mail_peer_start(NULL, MAIL_WELL, 0);
		struct mailed bad, good;

		post(world, peer->port, owner, 1, MAIL_TOTAL_MS, &bad);
		post(world, well->port, owner, 1, 5000, &good);
		wait_for(world, &good);
		assert_true(good.ok);
		assert_int_equal(good.status, 250);
		wait_for(world, &bad);
		assert_int_equal(bad.ok, strcmp(step, "QUIT") == 0);
		if (!bad.ok && fault != MAIL_CUT) {
			assert_int_equal(bad.kind, SHD_ERR_TIMEOUT);
			assert_non_null(strstr(bad.text, "the mail server does not answer"));
		}
		mail_peer_stop(peer);
		mail_peer_stop(well);
	}
}

/* A refusal, and silence at the QUIT that follows it. */
static void the_answer_to_quit_is_not_waited_for(void **state)
{
	static const char *const full[] = {"452@example.com"};
	struct world *world = *state;
	struct mail_peer *peer = mail_peer_start("QUIT", MAIL_SILENT, 0);
	struct mailed mailed;
	uint64_t began_ns = uv_hrtime();

	post(world, peer->port, full, 1, 60000, &mailed);
	wait_for(world, &mailed);
	assert_true(uv_hrtime() - began_ns < 5000000000U);
	assert_true(mailed.ok);
	assert_int_equal(mailed.status, 452);
	assert_string_equal(mailed.text, "4.2.2 mailbox full");
	for (int i = 0; i < 200 && !atomic_load(&peer->quits); i++)
		uv_run(&world->loop, UV_RUN_ONCE);
	assert_int_equal(atomic_load(&peer->quits), 1);
	mail_peer_stop(peer);
}

static void each_recipient_has_its_answer(void **state)
{
	static const char *const three[] = {"a@example.com", "452@example.com", "550@example.com"};
	struct world *world = *state;
	struct mail_peer *peer = mail_peer_start(NULL, MAIL_WELL, 0);
	struct mailed mailed;

	post(world, peer->port, three, 3, 5000, &mailed);
	wait_for(world, &mailed);
	assert_true(mailed.ok);
	assert_int_equal(mailed.status, 250);
	assert_int_equal(mailed.replies, 3);
	assert_int_equal(mailed.reply[0], 250);
	assert_int_equal(mailed.reply[1], 452);
	assert_int_equal(mailed.reply[2], 550);
	mail_peer_stop(peer);
}

/* What was said before the connection broke is not the answer to the mail. */
static void a_refused_recipient_is_no_answer_to_the_mail(void **state)
{
	static const char *const two[] = {"550@example.com", "a@example.com"};
	struct world *world = *state;
	struct mail_peer *peer = mail_peer_start("END", MAIL_CUT, 0);
	struct mailed mailed;

	post(world, peer->port, two, 2, 5000, &mailed);
	wait_for(world, &mailed);
	assert_false(mailed.ok);
	assert_int_equal(mailed.kind, SHD_ERR_NETWORK);
	mail_peer_stop(peer);
}

/* Many servers that hang, more mails than threads; and one that is well. */
static void a_good_server_gets_a_thread_while_others_hang(void **state)
{
	enum { HUNG = 6, EACH = 9 };
	struct world *world = *state;
	struct mail_peer *hung[HUNG], *well = mail_peer_start(NULL, MAIL_WELL, 0);
	struct mailed bad[HUNG][EACH], good[8];
	uint64_t began_ns = uv_hrtime();

	for (int i = 0; i < HUNG; i++) {
		hung[i] = mail_peer_start("END", MAIL_SILENT, 0);
		for (int j = 0; j < EACH; j++)
			post(world, hung[i]->port, owner, 1, 20000, &bad[i][j]);
	}
	for (int i = 0; i < 8; i++)
		post(world, well->port, owner, 1, 5000, &good[i]);
	for (int i = 0; i < 8; i++) {
		wait_for(world, &good[i]);
		assert_true(good[i].ok);
	}
	assert_true(uv_hrtime() - began_ns < 10000000000U);
	assert_true(atomic_load(&well->connections) <= 4); /* they are used again */
	tear_down(state); /* what hangs does not hold it up */
	for (int i = 0; i < HUNG; i++) {
		for (int j = 0; j < EACH; j++) {
			assert_int_equal(bad[i][j].calls, 1);
			assert_int_equal(bad[i][j].kind, SHD_ERR_CLOSING);
		}
		mail_peer_stop(hung[i]);
	}
	mail_peer_stop(well);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_server_that_misbehaves_delays_its_own_mail_only, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_answer_to_quit_is_not_waited_for, start_up, tear_down),
		cmocka_unit_test_setup_teardown(each_recipient_has_its_answer, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_refused_recipient_is_no_answer_to_the_mail, start_up, tear_down),
		cmocka_unit_test_setup(a_good_server_gets_a_thread_while_others_hang, start_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

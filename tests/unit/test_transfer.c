/* daemon/net: one callback each, limits, errors by kind, an orderly end. */
#include "support/check.h"

#include "base/hash.h"
#include "net/transfer.h"
#include "support/peer.h"


struct result {
	int calls, status;
	bool ok;
	enum shd_err kind;
	size_t len;
	char text[64], retry_after[16];
	uint64_t hash;
	int64_t date_ms;
};

struct fixture {
	uv_loop_t loop;
	struct peer *peer;
	struct shd_transfers *transfers;
	bool closed;
};

static int start_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	uv_loop_init(&f->loop);
	f->peer = peer_start();
	f->transfers = shd_transfers_create(&f->loop, 4);
	*state = f;
	return 0;
}

static void note_closed(void *ctx)
{
	*(bool *)ctx = true;
}

/* Every test ends with a loop that closes: no handle and no request is left. The
 * peer ends first: closing forgets every descriptor number that curl ever had, and
 * a thread of the same process may have one of them again. */
static int tear_down(void **state)
{
	struct fixture *f = *state;

	peer_stop(f->peer);
	shd_transfers_close(f->transfers, note_closed, &f->closed);
	assert_false(f->closed);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->closed);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f);
	return 0;
}

static void note(void *ctx, struct shd_transfer_out *out)
{
	struct result *result = ctx;
	const char *retry_after = out->header ? out->header(out->header_ctx, "retry-after") : NULL;

	result->calls++;
	result->ok = out->ok;
	result->status = out->status;
	result->kind = out->ok ? SHD_ERR_COUNT : out->error.kind;
	result->len = out->body.len;
	snprintf(result->text, sizeof(result->text), "%s", out->body.data);
	snprintf(result->retry_after, sizeof(result->retry_after), "%s",
		 retry_after ? retry_after : "");
	result->hash = out->hash;
	result->date_ms = out->server_date_ms;
}

static bool ask(struct fixture *f, const char *path, const char *body, struct result *result)
{
	static char urls[16][96]; /* borrowed until the end */
	static int n;
	char *url = urls[n++ % 16];
	struct shd_error err;

	snprintf(url, sizeof(urls[0]), "http://127.0.0.1:%d%s", f->peer->port, path);
	struct shd_transfer_in in = {
		.method = body ? "POST" : "GET", .url = url, .body = body,
		.body_len = body ? strlen(body) : 0, .connect_ms = 2000, .total_ms = 300,
		.answer_max_bytes = 100000,
	};
	*result = (struct result){0};
	return shd_transfer_start(f->transfers, &in, note, result, &err);
}

static void run_one(struct fixture *f, const char *path, const char *body, struct result *result)
{
	assert_true(ask(f, path, body, result));
	assert_int_equal(result->calls, 0); /* never inside the call that started it */
	while (!result->calls)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(result->calls, 1);
}

static void an_answer_arrives_whole_and_hashed(void **state)
{
	struct result result;

	run_one(*state, "/echo", "{\"a\":1}", &result);
	assert_true(result.ok);
	assert_int_equal(result.status, 200);
	assert_string_equal(result.text, "{\"a\":1}");
	assert_true(result.hash == shd_hash("{\"a\":1}", 7));
	run_one(*state, "/bytes/90000", NULL, &result);
	assert_int_equal(result.len, 90000);
}

static void a_connection_is_kept(void **state)
{
	struct fixture *f = *state;
	struct result result;

	for (int i = 0; i < 5; i++)
		run_one(f, "/echo", "x", &result);
	run_one(f, "/date", NULL, &result); /* GET after POST on the same slot */
	pthread_mutex_lock(&f->peer->lock);
	assert_memory_equal(f->peer->last_head, "GET /date", 9);
	assert_null(strcasestr(f->peer->last_head, "content-length"));
	pthread_mutex_unlock(&f->peer->lock);
	assert_int_equal(atomic_load(&f->peer->connections), 1);
	assert_int_equal(atomic_load(&f->peer->requests), 6);
	assert_int_equal(result.date_ms, 1790812800000);
}

static void a_refusal_is_an_answer_with_headers(void **state)
{
	struct result result;

	run_one(*state, "/status/429", "{}", &result);
	assert_true(result.ok);
	assert_int_equal(result.status, 429);
	assert_string_equal(result.retry_after, "7");
}

static void errors_have_their_kind(void **state)
{
	static const struct {
		const char *path;
		enum shd_err kind;
	} cases[] = {
		{"/silent", SHD_ERR_TIMEOUT},      {"/cut", SHD_ERR_NETWORK},
		{"/junk", SHD_ERR_NETWORK},        {"/bytes/100001", SHD_ERR_LIMIT},
		{"/chunked/100001", SHD_ERR_LIMIT}, {"/bytes/1000000000", SHD_ERR_LIMIT},
	};
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct result result;

		run_one(*state, cases[i].path, "{}", &result);
		assert_false(result.ok);
		assert_int_equal(result.kind, cases[i].kind);
	}
}

static void nobody_listens_is_a_network_error(void **state)
{
	struct fixture *f = *state;
	struct result result = {0};
	struct shd_error err;
	struct shd_transfer_in in = {.method = "GET",
		.url = "http://127.0.0.1:1/",
		.connect_ms = 500,
		.total_ms = 500,
		.answer_max_bytes = 10};

	assert_true(shd_transfer_start(f->transfers, &in, note, &result, &err));
	while (!result.calls)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(result.kind, SHD_ERR_NETWORK);
}

static void only_this_machine_is_spoken_to_in_the_clear(void **state)
{
	static const char *const refused[] = {"http://example.com/",
		"http://127.0.0.1@example.com/", "http://127.0.0.1.example.com/",
		"ftp://127.0.0.1/", "file:///etc/passwd", "http://10.0.0.1/", "http://[::2]/",
		"smtp://127.0.0.1/"};
	struct fixture *f = *state;

	for (size_t i = 0; i < SHD_COUNT(refused); i++) {
		struct shd_transfer_in in = {.method = "GET", .url = refused[i], .connect_ms = 1,
			.total_ms = 1, .answer_max_bytes = 1};
		struct shd_error err;

		assert_false(shd_transfer_start(f->transfers, &in, note, NULL, &err));
		assert_int_equal(err.kind, SHD_ERR_CONFIG);
	}
}

static void the_queue_has_an_end(void **state)
{
	struct fixture *f = *state;
	struct result results[37];

	for (int i = 0; i < 36; i++) /* 4 slots and 8 x 4 that wait */
		assert_true(ask(f, "/echo", "q", &results[i]));
	assert_int_equal(shd_transfers_running(f->transfers), 4);
	assert_int_equal(shd_transfers_waiting(f->transfers), 32);
	assert_false(ask(f, "/echo", "q", &results[36]));
	while (shd_transfers_running(f->transfers))
		uv_run(&f->loop, UV_RUN_ONCE);
	for (int i = 0; i < 36; i++)
		assert_true(results[i].calls == 1 && results[i].ok);
	assert_true(atomic_load(&f->peer->connections) <= 4);
}

static void what_nothing_needed_for_a_while_is_freed(void **state)
{
	struct fixture *f = *state;
	struct result results[4];

	for (int used = 4; used >= 1; used -= 3) {
		for (int i = 0; i < used; i++)
			assert_true(ask(f, "/echo", "q", &results[i]));
		while (shd_transfers_running(f->transfers))
			uv_run(&f->loop, UV_RUN_ONCE);
		assert_int_equal(shd_transfers_tidy(f->transfers), used == 4 ? 0 : 3);
	}
	assert_int_equal(shd_transfers_tidy(f->transfers), 1);
	assert_int_equal(shd_transfers_tidy(f->transfers), 0);
	for (int i = 0; i < 4; i++)
		assert_true(ask(f, "/echo", "q", &results[i]));
	while (shd_transfers_running(f->transfers))
		uv_run(&f->loop, UV_RUN_ONCE);
	for (int i = 0; i < 4; i++)
		assert_true(results[i].calls == 1 && results[i].ok);
}

static struct fixture *again_in;

static void start_another(void *ctx, struct shd_transfer_out *out)
{
	struct result *results = ctx;

	note(&results[0], out);
	assert_true(ask(again_in, "/echo", "second", &results[1]));
}

static void a_callback_may_start_the_next_one(void **state)
{
	struct fixture *f = *state;
	struct result results[2] = {{0}}, others[3];
	struct shd_error err;
	char url[64];

	again_in = f;
	snprintf(url, sizeof(url), "http://localhost:%d/echo", f->peer->port);
	struct shd_transfer_in in = {.method = "POST", .url = url, .body = "first", .body_len = 5,
		.connect_ms = 2000, .total_ms = 2000, .answer_max_bytes = 100};
	assert_true(shd_transfer_start(f->transfers, &in, start_another, results, &err));
	for (int i = 0; i < 3; i++) /* every slot is taken */
		assert_true(ask(f, "/echo", "other", &others[i]));
	while (!results[1].calls)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_string_equal(results[0].text, "first");
	assert_string_equal(results[1].text, "second");
}

static void closing_ends_what_runs_and_what_waits(void **state)
{
	struct fixture f = {.closed = false};
	struct result results[10];

	(void)state;
	uv_loop_init(&f.loop);
	f.peer = peer_start();
	f.transfers = shd_transfers_create(&f.loop, 4);
	for (int i = 0; i < 10; i++)
		assert_true(ask(&f, "/silent", "{}", &results[i]));
	uv_run(&f.loop, UV_RUN_ONCE);
	shd_transfers_close(f.transfers, note_closed, &f.closed);
	assert_int_equal(results[0].calls, 0);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(results[i].calls, 1);
		assert_int_equal(results[i].kind, SHD_ERR_CLOSING);
	}
	assert_true(f.closed);
	assert_int_equal(uv_loop_close(&f.loop), 0);
	peer_stop(f.peer);
}

/* What runs and what waits; the others go on. */
static void what_is_cancelled_ends_soon(void **state)
{
	struct fixture *f = *state;
	struct result results[6];

	for (int i = 0; i < 6; i++)
		assert_true(ask(f, i < 4 ? "/silent" : "/echo", "q", &results[i]));
	uv_run(&f->loop, UV_RUN_NOWAIT);
	for (int i = 0; i < 4; i++)
		shd_transfer_cancel(f->transfers, note, &results[i]);
	shd_transfer_cancel(f->transfers, note, &results[5]);
	assert_int_equal(results[0].calls, 0);
	while (!results[4].calls)
		uv_run(&f->loop, UV_RUN_ONCE);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(results[i].calls, 1);
		if (i != 4)
			assert_int_equal(results[i].kind, SHD_ERR_CLOSING);
	}
	assert_true(results[4].ok);
	assert_int_equal(shd_transfers_running(f->transfers), 0);
	shd_transfer_cancel(f->transfers, note, &results[0]); /* nothing of that runs */
	shd_transfers_limit(f->transfers, 1);
	for (int i = 0; i < 3; i++)
		assert_true(ask(f, "/echo", "q", &results[i]));
	assert_int_equal(shd_transfers_running(f->transfers), 1);
	shd_transfers_limit(f->transfers, 3);
	assert_int_equal(shd_transfers_running(f->transfers), 3);
	while (shd_transfers_running(f->transfers))
		uv_run(&f->loop, UV_RUN_ONCE);
}

/* --- egresses ---------------------------------------------------------------------------- */

static bool ask_by(struct fixture *f, const struct shd_egress *egress, const char *path,
		   struct result *result)
{
	static char url[96]; /* borrowed until the end, and always the same */
	struct shd_error err;
	struct shd_transfer_in in = {.method = "GET", .url = url, .egress = egress,
		.connect_ms = 2000, .total_ms = 2000, .answer_max_bytes = 100};

	snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", f->peer->port, path);
	*result = (struct result){0};
	return shd_transfer_start(f->transfers, &in, note, result, &err);
}

static void wait_for(struct fixture *f, const struct result *result)
{
	while (!result->calls)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_true(result->ok);
}

/* A name and an address that never come together with those of another one. */
static void egresses_share_no_connection(void **state)
{
	static const struct shd_egress egresses[] = {{.interface = "127.0.0.2"},
		{.interface = "127.0.0.3"}, {0}, {.ca_file = "/etc/hosts"}};
	char seen[SHD_COUNT(egresses)][64] = {{0}};
	struct fixture *f = *state;
	struct result result;

	for (size_t i = 0; i < 12; i++) {
		size_t at = i % SHD_COUNT(egresses);
		const char *from = egresses[at].interface ? egresses[at].interface : "127.0.0.1";

		assert_true(ask_by(f, &egresses[at], "/from", &result));
		wait_for(f, &result);
		assert_memory_equal(result.text, from, strlen(from));
		if (seen[at][0])
			assert_string_equal(result.text, seen[at]); /* its connection is kept */
		memcpy(seen[at], result.text, sizeof(seen[at]));
	}
	assert_int_equal(atomic_load(&f->peer->connections), SHD_COUNT(egresses));
}

static void the_limit_is_of_all_egresses_together(void **state)
{
	struct fixture *f = *state;
	struct result results[30];
	char names[30][16];

	for (size_t i = 0; i < SHD_COUNT(results); i++) {
		snprintf(names[i], sizeof(names[i]), "127.0.0.%zu", 2 + i % 10);
		const struct shd_egress egress = {.interface = names[i]}; /* gone when it runs */
		assert_true(ask_by(f, &egress, "/from", &results[i]));
		assert_true(shd_transfers_running(f->transfers) <= 4);
	}
	for (size_t i = 0; i < SHD_COUNT(results); i++) {
		wait_for(f, &results[i]);
		assert_memory_equal(results[i].text, names[i], strlen(names[i]));
		assert_true(shd_transfers_running(f->transfers) <= 4);
	}
}

/* One after the other comes and goes, with the descriptors of the one before; meanwhile others
 * are used as ever. */
static void an_egress_that_nobody_names_any_more_is_let_go(void **state)
{
	const struct shd_egress stays = {.interface = "127.0.0.99"};
	struct fixture *f = *state;
	struct result result, other;

	assert_true(ask_by(f, &stays, "/from", &other));
	wait_for(f, &other);
	for (int i = 0; i < 20; i++) {
		char name[16];
		const struct shd_egress goes = {.interface = name};

		snprintf(name, sizeof(name), "127.0.0.%d", 2 + i);
		assert_true(ask_by(f, &goes, "/from", &result));
		shd_transfers_keep(f->transfers, &stays, 1); /* not before its last transfer ends */
		wait_for(f, &result);
		assert_memory_equal(result.text, name, strlen(name));
		assert_true(ask_by(f, &stays, "/from", &other));
		wait_for(f, &other);
		while (shd_transfers_pools(f->transfers) > 2)
			uv_run(&f->loop, UV_RUN_ONCE);
	}
	assert_int_equal(atomic_load(&f->peer->connections), 21);
	while (atomic_load(&f->peer->gone) < 20)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(shd_transfers_pools(f->transfers), 2);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* The connections that were made with the CA file as it was are used no more, and let go. */
static void a_ca_file_that_changed_is_read_again(void **state)
{
	struct fixture *f = *state;
	struct result result;
	char path[] = "/tmp/shd-ca-XXXXXX";
	const struct shd_egress egress = {.ca_file = path};
	static const char *const versions[] = {"one", "another", "yet another"};

	close(mkstemp(path));
	for (int i = 0; i < 6; i++) {
		if (i % 2 == 0)
			write_file(path, versions[i / 2]);
		assert_true(ask_by(f, &egress, "/from", &result));
		wait_for(f, &result);
		assert_int_equal(atomic_load(&f->peer->connections), 1 + i / 2);
		while (shd_transfers_pools(f->transfers) > 2)
			uv_run(&f->loop, UV_RUN_ONCE);
	}
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_answer_arrives_whole_and_hashed, start_up, tear_down),
		cmocka_unit_test_setup_teardown(a_connection_is_kept, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_refusal_is_an_answer_with_headers, start_up, tear_down),
		cmocka_unit_test_setup_teardown(errors_have_their_kind, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			nobody_listens_is_a_network_error, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			only_this_machine_is_spoken_to_in_the_clear, start_up, tear_down),
		cmocka_unit_test_setup_teardown(the_queue_has_an_end, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_nothing_needed_for_a_while_is_freed, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_callback_may_start_the_next_one, start_up, tear_down),
		cmocka_unit_test(closing_ends_what_runs_and_what_waits),
		cmocka_unit_test_setup_teardown(what_is_cancelled_ends_soon, start_up, tear_down),
		cmocka_unit_test_setup_teardown(egresses_share_no_connection, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_limit_is_of_all_egresses_together, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_egress_that_nobody_names_any_more_is_let_go, start_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_ca_file_that_changed_is_read_again, start_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "support/check.h"

#include "api/api.h"
#include "api/json.h"
#include "ctl/ctl.h"
#include "market/adapter.h"
#include "state/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The daemon as the API sees it. */

static struct shd_wall now = {1775000000000};
static char folder[] = "/tmp/shd-api-XXXXXX";
static char socket_path[64], listen_at[70], state_path[64];
static struct shd_source sources[2];
static struct shd_store stores[2] = {
	{.id = "ozon-main", .marketplace = "ozon", .timezone = "Europe/Moscow",
		.source = &sources[0]},
	{.id = "ozon-kz", .marketplace = "ozon", .timezone = "UTC", .source = &sources[1]},
};
static struct shd_source sources[2] = {
	{.id = "ozon-main", .store = &stores[0], .every_ms[SHD_P_account] = 60000},
	{.id = "ozon-kz", .store = &stores[1]},
};
static struct shd_channel_settings channels[2] = {{.name = "ops-mail"}, {.name = "team"}};
static struct shd_settings settings = {.channels = channels,
	.channel_count = 2,
	.stores = stores,
	.store_count = 2,
	.sources = sources,
	.source_count = 2};
static struct shd_config config = {.dir = "/etc/storehealthd", .settings = &settings};

static const struct shd_config *view_config(void *ctx)
{
	(void)ctx;
	return &config;
}

static struct shd_wall view_now(void *ctx)
{
	(void)ctx;
	return now;
}

static bool view_poller(void *ctx, const struct shd_source *source, enum shd_poller poller,
			struct shd_poller_status *ret_status)
{
	(void)ctx;
	*ret_status = (struct shd_poller_status){.error = -1};
	if (poller == SHD_P_account)
		return false;
	ret_status->every_ms = 60000;
	ret_status->feeds = 1;
	ret_status->next_due.ms = now.ms + 48000;
	if (source == &sources[0]) {
		ret_status->last_success.ms = now.ms - 12000;
	} else {
		ret_status->error = SHD_ERR_CREDENTIALS;
		ret_status->error_text = "Invalid Api-Key, please contact support";
		ret_status->failing_since.ms = now.ms - 3600000;
		ret_status->silent = poller == SHD_P_stock;
	}
	return true;
}

static uint32_t view_behind(void *ctx, const struct shd_source *source)
{
	(void)ctx;
	(void)source;
	return 0;
}

static void view_feeds(
	void *ctx, const struct shd_source *source, shd_feed_status_fn *visit, void *visit_ctx)
{
	struct shd_feed_status feed = {.endpoint = "fbs_list", .error = -1, .state = "idle",
		.last_success = {now.ms - 12000}};

	(void)ctx;
	(void)source;
	visit(visit_ctx, &feed);
}

static void view_channels(void *ctx, shd_channel_report_fn *visit, void *visit_ctx)
{
	static const struct shd_channel_report reports[] = {
		{.channel = "ops-mail", .error = -1, .last_success = {1}},
		{.channel = "team", .error = SHD_ERR_TIMEOUT, .error_text = "timed out",
			.silent = true}};

	(void)ctx;
	for (size_t i = 0; i < SHD_COUNT(reports); i++)
		visit(visit_ctx, &reports[i]);
}

static void view_figures(void *ctx, struct shd_figures *ret_figures)
{
	(void)ctx;
	*ret_figures = (struct shd_figures){.started = {now.ms - 7200000}, .polls = 3,
		.reload_error = "",
		.memory = {.max = 96000000, .now = 70000000, .peak = 80000000, .waiting = 2,
			.refused = 1, .user_count = 2,
			.users = {{"ozon-kz", 64000000, 65000000}, {"ozon-main", 0, 100000}}}};
}

static const struct shd_api_view view = {.config = view_config, .now = view_now,
	.poller = view_poller, .behind = view_behind, .feeds = view_feeds,
	.channels = view_channels, .figures = view_figures,
	.state_path = state_path};

/* --- asking ----------------------------------------------------------------- */

struct server {
	uv_loop_t loop;
	uv_async_t stop;
	uv_thread_t thread;
	struct shd_api *api;
};

static void on_api_closed(void *ctx)
{
	*(bool *)ctx = true;
}

static void on_stop(uv_async_t *stop)
{
	static bool closed;
	struct server *server = stop->data;

	shd_api_close(server->api, on_api_closed, &closed);
	uv_close((uv_handle_t *)stop, NULL);
}

static void serve(void *ctx)
{
	struct server *server = ctx;

	uv_run(&server->loop, UV_RUN_DEFAULT);
}

static void server_start(struct server *server)
{
	struct shd_error error;

	assert_int_equal(uv_loop_init(&server->loop), 0);
	uv_async_init(&server->loop, &server->stop, on_stop);
	server->stop.data = server;
	if (!shd_api_open(&server->loop, listen_at, &view, &server->api, &error))
		fail_msg("%s", error.msg);
	uv_thread_create(&server->thread, serve, server);
}

/* The loop ends with nothing left, and the socket is gone. */
static void server_stop(struct server *server)
{
	uv_async_send(&server->stop);
	uv_thread_join(&server->thread);
	assert_int_equal(uv_loop_close(&server->loop), 0);
	assert_int_equal(access(socket_path, F_OK), -1);
}

/* Sends the bytes as they are, returns all that comes back until the peer closes. */
static char *raw(const char *request, size_t len)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	static char answer[1 << 20];
	size_t got = 0;
	ssize_t n;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	for (size_t sent = 0; sent < len; sent += (size_t)n)
		if ((n = send(fd, request + sent, len - sent, MSG_NOSIGNAL)) < 0)
			break; /* refused before it was all sent */
	while ((n = read(fd, answer + got, sizeof(answer) - 1 - got)) > 0)
		got += (size_t)n;
	answer[got] = '\0';
	close(fd);
	return answer;
}

static char *get(const char *path)
{
	char request[512];
	int len = snprintf(request, sizeof(request),
		"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);

	return raw(request, (size_t)len);
}

/* Runs a command of storehealthctl against the server, and yields what it printed. */
static char *command(enum shd_exit (*run)(struct shd_ctl *), struct shd_ctl *ctl,
		     enum shd_exit expected)
{
	ctl->socket = socket_path;
	shd_text_init(&ctl->out, 1 << 20);
	assert_int_equal(run(ctl), expected);
	return shd_text_take(&ctl->out);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

/* --- tests --------------------------------------------------------------------- */

static void every_path_is_answered_or_explained(void **state)
{
	static const struct {
		const char *path, *status, *part;
	} cases[] = {
		{"/api/v1/status", "200", "\"ozon-main\""},
		{"/api/v1/status?feeds=1", "200", "\"fbs_list\""},
		{"/api/v1/alerts", "200", "\"number\":1"},
		{"/api/v1/alerts?store=ozon-kz", "200", "\"alerts\":[]"},
		{"/api/v1/alerts?store=ozon-mian", "404", "did you mean \\\"ozon-main\\\"?"},
		{"/api/v1/alerts?max=0", "400", "expected 1 to 1000"},
		{"/api/v1/alerts/1", "200", "\"move\":\"new\""},
		{"/api/v1/alerts/1", "200", "\"unsent\":[{\"message\":1,\"channel\":\"ops-mail\","
			"\"state\":\"waiting\""},
		{"/api/v1/alerts/99", "404", "there is no alert 99"},
		{"/api/v1/alerts/x", "400", "not the number of an alert"},
		{"/api/v1/alerts/99999999999999999999", "400", "not the number of an alert"},
		{"/api/v1/metrics/ozon-main", "200", "\"text\":\"4.6\""},
		{"/api/v1/metrics/nobody", "404", "there is no store"},
		{"/api/v1/stores", "200", "\"Europe/Moscow\""},
		{"/api/v1/rules", "200", "\"rules\":[]"},
		{"/api/v1/alerts/1/2", "404", "there is nothing at"},
		{"/api/v1/statusx", "404", "there is nothing at"},
		{"/", "404", "there is nothing at"},
	};
	struct server server;
	char head[16];

	(void)state;
	server_start(&server);
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		const char *answer = get(cases[i].path);

		snprintf(head, sizeof(head), "HTTP/1.1 %s", cases[i].status);
		assert_has(answer, head);
		assert_has(answer, cases[i].part);
	}
	server_stop(&server);
}

static void other_methods_bodies_and_long_requests_are_refused(void **state)
{
	static const char post[] = "POST /api/v1/alerts HTTP/1.1\r\nHost: x\r\n"
				   "Connection: close\r\nContent-Length: 0\r\n\r\n";
	static const char body[] = "GET /api/v1/alerts HTTP/1.1\r\nHost: x\r\n"
				   "Connection: close\r\nContent-Length: 3\r\n\r\nabc";
	static const char junk[] = "\x16\x03\x01\x02\r\n\r\n";
	char *huge shd_autofree = shd_xcalloc(1, 100000);
	struct server server;

	(void)state;
	server_start(&server);
	assert_has(raw(post, strlen(post)), "HTTP/1.1 405");
	assert_has(raw(post, strlen(post)), "only GET");
	assert_has(raw(body, strlen(body)), "a question has no body");
	raw(junk, strlen(junk));
	memset(huge, 'a', 99999);
	memcpy(huge, "GET /", 5);
	assert_null(strstr(raw(huge, 99999), "200 OK"));
	assert_has(get("/api/v1/stores"), "200 OK");
	server_stop(&server);
}

static void the_socket_is_for_its_group_and_replaces_a_dead_one(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct server server;
	struct shd_api *second;
	struct shd_error error;
	struct stat info;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd); /* as after kill -9: the file is there, nobody answers */
	server_start(&server);
	assert_int_equal(stat(socket_path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0660);
	assert_false(shd_api_open(&server.loop, listen_at, &view, &second, &error));
	assert_has(error.msg, "another storehealthd answers");
	server_stop(&server);
	assert_false(shd_api_open(&server.loop, "127.0.0.1:80", &view, &second, &error));
	assert_int_equal(error.kind, SHD_ERR_CONFIG);
}

/* Listens where the server did. */
static int listen_instead(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	assert_int_equal(unlink(socket_path), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void a_socket_that_is_gone_is_made_again_and_that_of_another_stays(void **state)
{
	bool old_closed = false, closed = false;
	struct shd_api_place place, renewed;
	struct shd_api *api, *old;
	struct shd_error error;
	uv_loop_t loop;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_true(shd_api_open(&loop, listen_at, &view, &api, &error));
	old = api;
	place = shd_api_place(api);
	assert_string_equal(place.path, socket_path);
	assert_true(shd_api_in_place(&place));
	assert_int_equal(unlink(socket_path), 0);
	assert_false(shd_api_in_place(&place));
	assert_true(shd_api_renew(&api, on_api_closed, &old_closed, &error));
	assert_ptr_not_equal(api, old);
	while (!old_closed)
		uv_run(&loop, UV_RUN_ONCE);
	renewed = shd_api_place(api);
	assert_true(shd_api_in_place(&renewed));

	int other = listen_instead();
	assert_false(shd_api_in_place(&renewed));
	old = api;
	old_closed = false;
	assert_false(shd_api_renew(&api, on_api_closed, &old_closed, &error));
	assert_has(error.msg, "another storehealthd answers");
	assert_ptr_equal(api, old);
	shd_api_close(api, on_api_closed, &closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(closed && !old_closed);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(close(other), 0);
	assert_int_equal(unlink(socket_path), 0); /* that of the other one was left alone */
}

static void it_closes_while_somebody_is_connected(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct server server;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	server_start(&server);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(write(fd, "GET /api/v1/alerts HTTP/1.1\r\nHost: x\r\n\r\n", 41), 41);
	server_stop(&server);
	close(fd);
}

static void status_says_when_and_why(void **state)
{
	struct shd_ctl ctl = {0};
	struct server server;

	(void)state;
	server_start(&server);
	char *out shd_autofree = command(shd_ctl_status, &ctl, SHD_EXIT_NO); /* a poller fails */
	assert_has(out, "up 2 h: 2 stores");
	assert_has(out, "ozon-main  orders      ok       12 s ago      in 48 s  -\n");
	assert_has(out, "ozon-kz    orders      failing  never         in 48 s  "
			"since 1 h: Invalid Api-Key, please contact support\n");
	assert_has(out, "ozon-kz    account     off      -             -        "
			"switched off by the configuration\n");
	assert_null(strstr(out, "ozon-main  account"));
	assert_has(
		out, "ops-mail  email    failing  2        3 h ago    the mail server is busy\n");
	assert_has(out, "team      webhook  silent   0        never      "
			"asked one message at a time\n");
	assert_has(out, "ozon-kz    stock       silent   never         in 48 s  since 1 h: Invalid "
			"Api-Key, please contact support; its host does not answer, and is asked "
			"one request at a time\n");
	assert_has(out, "\nLarge answers take 70.0 MB of 96.0 MB, at most 80.0 MB; "
			"ozon-kz 64.0 MB, at most 65.0 MB; 2 wait for room; 1 got none\n");
	server_stop(&server);
}

static void alerts_and_explain_show_value_beside_limit(void **state)
{
	struct shd_ctl ctl = {0}, one = {.argument = "1"}, none = {.argument = "7"};
	struct server server;

	(void)state;
	server_start(&server);
	char *out shd_autofree = command(shd_ctl_alerts, &ctl, SHD_EXIT_OK);
	assert_has(out, "critical");
	assert_has(out, "4.6, limit 4.7 ");
	assert_has(out, "4.7 ");
	char *why shd_autofree = command(shd_ctl_explain, &one, SHD_EXIT_OK);
	assert_has(why, "4.6, limit 4.7");
	assert_has(why, "the rating fell below the limit");
	assert_has(why, "failed 503");
	assert_has(why, "What has not arrived");
	assert_has(why, "ops-mail  1        5 min ago  1         5 min ago  now    "
			"the mail server is busy");
	char *nothing shd_autofree = command(shd_ctl_explain, &none, SHD_EXIT_NO);
	assert_string_equal(nothing, "");
	server_stop(&server);
}

static void metrics_show_the_platforms_target(void **state)
{
	struct shd_ctl ctl = {.argument = "ozon-main"},
		       json = {.argument = "ozon-main", .json = true};
	struct server server;

	(void)state;
	server_start(&server);
	char *out shd_autofree = command(shd_ctl_metrics, &ctl, SHD_EXIT_OK);
	assert_has(out, "rating  4.6    number  4.7     5 min ago");
	char *text shd_autofree = command(shd_ctl_metrics, &json, SHD_EXIT_OK);
	json_auto_t *answer = json_loads(text, 0, NULL);
	assert_non_null(answer);
	server_stop(&server);
	char *gone shd_autofree = command(shd_ctl_metrics, &ctl, SHD_EXIT_UNAVAILABLE);
	assert_string_equal(gone, "");
}

/* conf/schema/api.json describes the members of a value, with their units. */
static void values_are_described(void **state)
{
	const struct shd_value value = {.type = SHD_MONEY, .currency = "RUB", .n = 506965};
	json_auto_t *schema = json_load_file(SHD_SOURCE_DIR "/conf/schema/api.json", 0, NULL);
	json_auto_t *object = json_object();
	const char *name;
	json_t *member;

	(void)state;
	shd_api_put_value(object, "cost", &value);
	const json_t *described = json_object_get(json_object_get(json_object_get(schema,
		"definitions"), "value"), "properties");
	assert_int_equal(json_object_size(described), 4);
	json_object_foreach(json_object_get(object, "cost"), name, member)
		if (!json_object_get(json_object_get(described, name), "description"))
			fail_msg("%s is not described", name);
}

/* --- the state they read ----------------------------------------------------------- */

#define OK(call)                                                                                   \
	do {                                                                                       \
		struct shd_error error;                                                            \
		if (!(call))                                                                       \
			fail_msg("%s", error.msg);                                                 \
	} while (0)

static void fill_channel(struct shd_state *db)
{
	struct shd_value fields[64];
	struct shd_entity channel = {.kind = SHD_KIND_channel, .id = "ops-mail", .fields = fields};

	for (size_t i = 0; i < SHD_COUNT(fields); i++)
		fields[i] = (struct shd_value){.none = true};
	fields[shd_field_index(SHD_F_channel_waiting)] =
		(struct shd_value){.type = SHD_NUMBER, .n = 2000000};
	fields[shd_field_index(SHD_F_channel_last_success_at)] =
		(struct shd_value){.type = SHD_TIME, .n = now.ms - 3 * SHD_HOUR_MS};
	fields[shd_field_index(SHD_F_channel_error)] =
		(struct shd_value){.type = SHD_TEXT, .text = "server", .len = 6};
	fields[shd_field_index(SHD_F_channel_error_text)] =
		(struct shd_value){.type = SHD_TEXT, .text = "the mail server is busy", .len = 23};
	OK(shd_state_entity_put(db, "daemon", &channel, NULL, &error));
}

static void fill_state(struct shd_state *db)
{
	struct shd_value value = {.type = SHD_NUMBER, .n = 4600000};
	struct shd_value limit = {.type = SHD_NUMBER, .n = 4700000};
	struct shd_wall at = {now.ms - 300000};
	struct shd_alert alert = {.rule = "ozon-rating-floor", .store = "ozon-main", .entity = "",
		.state = SHD_ALERT_FIRING, .level = SHD_CRITICAL, .notified_level = SHD_CRITICAL,
		.episode = 1, .fired_at = at, .changed_at = at,
		.last = {.level = SHD_CRITICAL, .value = value, .limit = limit,
			.cost = {.none = true}, .room = {.none = true}}};
	struct shd_alert_event event = {.alert = 1, .at = at, .move = SHD_MOVE_NEW,
		.to = SHD_CRITICAL, .notified = true, .value = value, .limit = limit,
		.reason = "the rating fell below the limit"};

	OK(shd_state_begin(db, &error));
	OK(shd_state_metric_put(db, "ozon-main", SHD_M_rating, false, &value, at, &error));
	OK(shd_state_metric_put(db, "ozon-main", SHD_M_rating, true, &limit, at, &error));
	OK(shd_state_alert_put(db, &alert, &error));
	OK(shd_state_event_add(db, &event, &error));
	SHD_AUTO(shd_arena_destroyp) struct shd_arena *arena = shd_arena_create(1 << 16);
	struct shd_facts told = {.alert = alert.number, .episode = 1, .rule = alert.rule,
		.store = alert.store, .entity = "", .marketplace = "ozon", .subject = "",
		.value = value, .limit = limit, .cost = {.none = true}, .room = {.none = true}};
	struct shd_outbox_row row = {.key = "0123456789abcdef0123456789abcdef",
		.channel = "ops-mail", .group = "g", .facts = shd_facts_pack(&told, 1, arena),
		.level = SHD_CRITICAL, .made = at, .next_try = at, .give_up = {now.ms},
		.alerts = &alert.number, .alert_count = 1};
	OK(shd_state_outbox_add(db, &row, &error));
	fill_channel(db);
	struct shd_delivery_row delivery = {.outbox = row.number, .at = at, .attempt = 1,
		.status = 503, .error = "the mail server is busy", .took_ms = 12};
	OK(shd_state_outbox_settle(db, &delivery, SHD_OUTBOX_WAITING, at, &error));
	OK(shd_state_commit(db, true, &error));
}

static int prepare(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(10);
	struct shd_word_lists *words = shd_word_lists_create();
	struct shd_state *db;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(socket_path, sizeof(socket_path), "%s/api.sock", folder);
	snprintf(listen_at, sizeof(listen_at), "unix:%s", socket_path);
	snprintf(state_path, sizeof(state_path), "%s/state.db", folder);
	sources[0].adapter = sources[1].adapter = shd_adapter_find("ozon");
	channels[0].notifier = shd_notifier_find("email");
	channels[1].notifier = shd_notifier_find("webhook");
	config.rules = shd_rules_compile(NULL, 0, NULL, words, diags);
	config.word_lists = words;
	OK(shd_state_open(state_path, &db, &error));
	fill_state(db);
	shd_state_close(db);
	return 0;
}

static int clean(void **state)
{
	char path[80];

	(void)state;
	shd_rules_destroy(config.rules);
	shd_word_lists_destroy(config.word_lists);
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	for (size_t i = 0; i < SHD_COUNT(suffixes); i++) {
		snprintf(path, sizeof(path), "%s%s", state_path, suffixes[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_path_is_answered_or_explained),
		cmocka_unit_test(other_methods_bodies_and_long_requests_are_refused),
		cmocka_unit_test(the_socket_is_for_its_group_and_replaces_a_dead_one),
		cmocka_unit_test(a_socket_that_is_gone_is_made_again_and_that_of_another_stays),
		cmocka_unit_test(it_closes_while_somebody_is_connected),
		cmocka_unit_test(status_says_when_and_why),
		cmocka_unit_test(alerts_and_explain_show_value_beside_limit),
		cmocka_unit_test(metrics_show_the_platforms_target),
		cmocka_unit_test(values_are_described),
	};

	return cmocka_run_group_tests(tests, prepare, clean);
}

/* tests/bench/bare.c - the yardstick: a bare libuv + libcurl + jansson loop that
 * fetches and parses the same bodies as the daemon, and does nothing else.
 *
 *   bench-bare URL COUNT [STORES]
 *   bench-bare URL --parse COUNT
 *   bench-bare URL --news RATE STORES SECONDS
 *
 * Fetches the four order lists of STORES stores in turn, COUNT answers in all,
 * with 64 reused handles on kept-alive connections. Prints user and system CPU
 * milliseconds per 1000 polls. With --parse it fetches one list and parses it COUNT
 * times. With --news it fetches RATE answers a second, evenly, and posts at once a
 * webhook that names the first order of a list when that is another one than before. */
#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

enum { HANDLES = 64, BODY_MAX = 1 << 20, STORES_MAX = 16384, PATHS = 4, NUMBER_BYTES = 64 };

static const char *const paths[PATHS] = {"/v4/posting/fbs/unfulfilled/list", "/v4/posting/fbs/list",
	"/v3/posting/fbo/list", "/v2/conditional-cancellation/list"};

struct fetch {
	struct fetch *next; /* among the idle ones */
	long store, path;   /* path -1: it posts a webhook */
	CURL *easy;
	char *body;
	size_t len;
	char url[256], client[64], posted[NUMBER_BYTES + 32];
	struct curl_slist *headers;
};

struct watch {
	uv_poll_t poll;
	curl_socket_t socket;
};

static struct {
	uv_loop_t loop;
	uv_timer_t timer;
	CURLM *multi;
	const char *url;
	long wanted, started, finished, failed, stores;
	long rate;          /* a second; 0: as fast as it goes */
	uint64_t began_ms;
	struct fetch fetches[HANDLES], *idle;
	char newest[STORES_MAX][NUMBER_BYTES];
} bare;

static size_t on_data(char *data, size_t size, size_t count, void *ctx)
{
	struct fetch *fetch = ctx;
	size_t len = size * count;

	if (fetch->len + len > BODY_MAX)
		return 0;
	memcpy(fetch->body + fetch->len, data, len);
	fetch->len += len;
	return len;
}

static void send_request(struct fetch *fetch, const char *body)
{
	fetch->len = 0;
	curl_easy_setopt(fetch->easy, CURLOPT_URL, fetch->url);
	curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, fetch->headers);
	curl_easy_setopt(fetch->easy, CURLOPT_COPYPOSTFIELDS, body);
	curl_easy_setopt(fetch->easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(fetch->easy, CURLOPT_WRITEDATA, fetch);
	curl_easy_setopt(fetch->easy, CURLOPT_PRIVATE, fetch);
	curl_multi_add_handle(bare.multi, fetch->easy);
}

static struct fetch *take(void)
{
	struct fetch *fetch = bare.idle;

	if (fetch)
		bare.idle = fetch->next;
	return fetch;
}

static void poll_one(struct fetch *fetch)
{
	fetch->path = bare.started % PATHS;
	fetch->store = bare.started / PATHS % bare.stores;
	snprintf(fetch->url, sizeof(fetch->url), "%s%s", bare.url, paths[fetch->path]);
	snprintf(fetch->client, sizeof(fetch->client), "Client-Id: %ld", 1 + fetch->store);
	curl_slist_free_all(fetch->headers);
	fetch->headers = curl_slist_append(NULL, "Content-Type: application/json");
	fetch->headers =
		curl_slist_append(fetch->headers, "Api-Key: 01234567-89ab-cdef-0123-456789abcdef");
	fetch->headers = curl_slist_append(fetch->headers, fetch->client);
	bare.started++;
	send_request(fetch, "{\"limit\":100,\"cursor\":\"\"}");
}

/* What is due starts, as far as there are handles. */
static void start_due(void)
{
	long due = bare.wanted;
	struct fetch *fetch;

	if (bare.rate)
		due = (long)(uv_now(&bare.loop) - bare.began_ms) * bare.rate / 1000;
	while (bare.started < due && bare.started < bare.wanted && (fetch = take()))
		poll_one(fetch);
}

static void tick(uv_timer_t *timer)
{
	(void)timer;
	start_due();
}

/* Posts a webhook when the list begins with another order than the last time. */
static void look_for_news(long store, const json_t *root)
{
	const json_t *first = json_array_get(json_object_get(root, "postings"), 0);
	const char *number = json_string_value(json_object_get(first, "posting_number"));
	struct fetch *fetch;

	if (!number || strncmp(bare.newest[store], number, NUMBER_BYTES - 1) == 0)
		return;
	snprintf(bare.newest[store], NUMBER_BYTES, "%s", number);
	if (!(fetch = take())) {
		bare.failed++;
		return;
	}
	fetch->path = -1;
	snprintf(fetch->url, sizeof(fetch->url), "%s/hook", bare.url);
	snprintf(fetch->posted, sizeof(fetch->posted), "{\"entity\":\"%s\"}",
		bare.newest[store]);
	send_request(fetch, fetch->posted);
}

static void ended(struct fetch *fetch, CURLcode code)
{
	json_error_t error;
	json_t *root = code == CURLE_OK ? json_loadb(fetch->body, fetch->len, 0, &error) : NULL;

	curl_multi_remove_handle(bare.multi, fetch->easy);
	fetch->next = bare.idle;
	bare.idle = fetch;
	bare.failed += !root;
	bare.finished += fetch->path >= 0;
	if (bare.rate && fetch->path == 0)
		look_for_news(fetch->store, root);
	json_decref(root);
}

static void drain(void)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(bare.multi, &left))) {
		struct fetch *fetch;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
		ended(fetch, code);
	}
	start_due();
	if (bare.finished >= bare.wanted)
		uv_stop(&bare.loop);
}

static void on_timer(uv_timer_t *timer)
{
	int running;

	(void)timer;
	curl_multi_socket_action(bare.multi, CURL_SOCKET_TIMEOUT, 0, &running);
	drain();
}

static int set_timer(CURLM *multi, long ms, void *ctx)
{
	(void)multi, (void)ctx;
	if (ms < 0)
		uv_timer_stop(&bare.timer);
	else
		uv_timer_start(&bare.timer, on_timer, (uint64_t)ms, 0);
	return 0;
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = poll->data;
	int running, flags = status < 0 ? CURL_CSELECT_ERR : 0;

	flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
	flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
	curl_multi_socket_action(bare.multi, watch->socket, flags, &running);
	drain();
}

static void free_watch(uv_handle_t *handle)
{
	free(handle->data);
}

static int set_socket(CURL *easy, curl_socket_t socket, int what, void *ctx, void *watched)
{
	struct watch *watch = watched;

	(void)easy, (void)ctx;
	if (what == CURL_POLL_REMOVE) {
		if (watch)
			uv_close((uv_handle_t *)&watch->poll, free_watch);
		return 0;
	}
	if (!watch) {
		watch = calloc(1, sizeof(*watch));
		if (!watch)
			return -1;
		watch->socket = socket;
		uv_poll_init_socket(&bare.loop, &watch->poll, socket);
		watch->poll.data = watch;
		curl_multi_assign(bare.multi, socket, watch);
	}
	uv_poll_start(&watch->poll, (what & CURL_POLL_IN ? UV_READABLE : 0) |
		(what & CURL_POLL_OUT ? UV_WRITABLE : 0), on_socket);
	return 0;
}

static void add_handles(void)
{
	for (int i = 0; i < HANDLES; i++) {
		struct fetch *fetch = &bare.fetches[i];

		fetch->easy = curl_easy_init();
		fetch->body = malloc(BODY_MAX);
		fetch->next = bare.idle;
		bare.idle = fetch;
	}
}

/* One answer, parsed again and again. */
static void parse_alone(long times)
{
	struct fetch *fetch = take();
	json_error_t error;

	snprintf(fetch->url, sizeof(fetch->url), "%s%s", bare.url, paths[0]);
	curl_easy_setopt(fetch->easy, CURLOPT_URL, fetch->url);
	curl_easy_setopt(fetch->easy, CURLOPT_COPYPOSTFIELDS, "{}");
	curl_easy_setopt(fetch->easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(fetch->easy, CURLOPT_WRITEDATA, fetch);
	bare.failed += curl_easy_perform(fetch->easy) != CURLE_OK;
	for (; bare.finished < times; bare.finished++) {
		json_t *root = json_loadb(fetch->body, fetch->len, 0, &error);

		bare.failed += !root;
		json_decref(root);
	}
}

static void run_loop(void)
{
	uv_timer_t ticks;

	uv_timer_init(&bare.loop, &ticks);
	if (bare.rate)
		uv_timer_start(&ticks, tick, 1, 1);
	bare.began_ms = uv_now(&bare.loop);
	start_due();
	uv_run(&bare.loop, UV_RUN_DEFAULT);
}

static void report(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	double user = (double)used.ru_utime.tv_sec * 1e3 + (double)used.ru_utime.tv_usec / 1e3;
	double sys = (double)used.ru_stime.tv_sec * 1e3 + (double)used.ru_stime.tv_usec / 1e3;
	printf("{\"polls\":%ld,\"failed\":%ld,\"cpu_ms_per_1000\":%.2f,\"user_ms\":%.0f,\"sys_ms\":"
	       "%.0f}\n",
		bare.finished, bare.failed, (user + sys) * 1000.0 / (double)bare.finished, user,
		sys);
}

int main(int argc, char **argv)
{
	bool news = argc == 6 && strcmp(argv[2], "--news") == 0;
	bool parse = argc == 4 && strcmp(argv[2], "--parse") == 0;

	if (argc < 3 || (!news && !parse && argv[2][0] == '-')) {
		fprintf(stderr, "usage: bench-bare URL COUNT [STORES]\n"
				"       bench-bare URL --parse COUNT\n"
				"       bench-bare URL --news RATE STORES SECONDS\n");
		return 2;
	}
	bare.url = argv[1];
	bare.rate = news ? strtol(argv[3], NULL, 10) : 0;
	bare.wanted = news ? bare.rate * strtol(argv[5], NULL, 10)
			   : strtol(argv[parse ? 3 : 2], NULL, 10);
	bare.stores = news ? strtol(argv[4], NULL, 10)
		      : !parse && argc > 3 ? strtol(argv[3], NULL, 10) : 100;
	if (bare.wanted < 1 || bare.stores < 1 || bare.stores > STORES_MAX)
		return 2;
	uv_loop_init(&bare.loop);
	uv_timer_init(&bare.loop, &bare.timer);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	bare.multi = curl_multi_init();
	curl_multi_setopt(bare.multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(bare.multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(bare.multi, CURLMOPT_MAXCONNECTS, (long)HANDLES);
	add_handles();
	if (parse)
		parse_alone(bare.wanted);
	else
		run_loop();
	report();
	return bare.failed != 0;
}

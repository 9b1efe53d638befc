/* tests/bench/bare.c - the yardstick: a bare libuv + libcurl + jansson loop that
 * fetches and parses the same bodies as the daemon, and does nothing else.
 *
 *   bench-bare URL COUNT [STORES]
 *
 * Fetches the four order lists of STORES stores in turn, COUNT answers in all,
 * with 64 reused handles on kept-alive connections. Prints user and system CPU
 * milliseconds per 1000 polls. */
#include <curl/curl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

enum { HANDLES = 64, BODY_MAX = 1 << 20 };

static const char *const paths[] = {"/v4/posting/fbs/unfulfilled/list", "/v4/posting/fbs/list",
	"/v3/posting/fbo/list", "/v2/conditional-cancellation/list"};

struct fetch {
	CURL *easy;
	char *body;
	size_t len;
	char url[256];
	char client[64];
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
	struct fetch fetches[HANDLES];
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

static void start(struct fetch *fetch)
{
	if (bare.started >= bare.wanted)
		return;
	snprintf(fetch->url, sizeof(fetch->url), "%s%s", bare.url, paths[bare.started % 4]);
	snprintf(fetch->client, sizeof(fetch->client), "Client-Id: %ld",
		1 + bare.started / 4 % bare.stores);
	curl_slist_free_all(fetch->headers);
	fetch->headers = curl_slist_append(NULL, "Content-Type: application/json");
	fetch->headers =
		curl_slist_append(fetch->headers, "Api-Key: 01234567-89ab-cdef-0123-456789abcdef");
	fetch->headers = curl_slist_append(fetch->headers, fetch->client);
	bare.started++;
	fetch->len = 0;
	curl_easy_setopt(fetch->easy, CURLOPT_URL, fetch->url);
	curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, fetch->headers);
	curl_easy_setopt(fetch->easy, CURLOPT_COPYPOSTFIELDS, "{\"limit\":100,\"cursor\":\"\"}");
	curl_easy_setopt(fetch->easy, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(fetch->easy, CURLOPT_WRITEDATA, fetch);
	curl_easy_setopt(fetch->easy, CURLOPT_PRIVATE, fetch);
	curl_multi_add_handle(bare.multi, fetch->easy);
}

static void drain(void)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(bare.multi, &left))) {
		struct fetch *fetch;
		CURLcode code = message->data.result;
		json_error_t error;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
		curl_multi_remove_handle(bare.multi, fetch->easy);
		json_t *root =
			code == CURLE_OK ? json_loadb(fetch->body, fetch->len, 0, &error) : NULL;
		bare.failed += !root;
		json_decref(root);
		bare.finished++;
		start(fetch);
	}
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

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: bench-bare URL COUNT [STORES]\n");
		return 2;
	}
	bare.url = argv[1];
	bare.wanted = strtol(argv[2], NULL, 10);
	bare.stores = argc > 3 ? strtol(argv[3], NULL, 10) : 100;
	if (bare.wanted < 1 || bare.stores < 1)
		return 2;
	uv_loop_init(&bare.loop);
	uv_timer_init(&bare.loop, &bare.timer);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	bare.multi = curl_multi_init();
	curl_multi_setopt(bare.multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(bare.multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(bare.multi, CURLMOPT_MAXCONNECTS, (long)HANDLES);
	for (int i = 0; i < HANDLES; i++) {
		bare.fetches[i].easy = curl_easy_init();
		bare.fetches[i].body = malloc(BODY_MAX);
		start(&bare.fetches[i]);
	}
	uv_run(&bare.loop, UV_RUN_DEFAULT);

	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	double user = (double)used.ru_utime.tv_sec * 1e3 + (double)used.ru_utime.tv_usec / 1e3;
	double sys = (double)used.ru_stime.tv_sec * 1e3 + (double)used.ru_stime.tv_usec / 1e3;
	printf("{\"polls\":%ld,\"failed\":%ld,\"cpu_ms_per_1000\":%.2f,\"user_ms\":%.0f,\"sys_ms\":"
	       "%.0f}\n",
		bare.finished, bare.failed, (user + sys) * 1000.0 / (double)bare.finished, user,
		sys);
	return bare.failed != 0;
}

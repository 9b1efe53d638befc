#include "http.h"
#include "world/json.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A request from its first line to its last byte sent. */
struct exchange {
	struct shd_http *http;
	struct MHD_Connection *connection;
	struct shd_text upload;
	struct shd_http_reply reply;
	bool decided;     /* the handler has filled `reply` */
	bool suspended;   /* waits for wake_ms, or for ever */
	bool piece_due;   /* DRIP: the pause is over */
	uint64_t wake_ms; /* loop time; UINT64_MAX: never */
	struct exchange *previous, *next; /* among the suspended */
};

struct shd_http {
	uv_poll_t poll;
	uv_timer_t timer;
	int open_handles;
	bool closing;
	struct MHD_Daemon *mhd;
	struct exchange *suspended;
	shd_http_fn *fn;
	void *ctx;
	int port;
};

const char *shd_http_header(const struct shd_http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

void shd_http_reply_header(struct shd_http_reply *reply, const char *name, const char *value)
{
	shd_assert(reply->header_count < SHD_COUNT(reply->headers));
	reply->headers[reply->header_count].name = name;
	snprintf(reply->headers[reply->header_count].value, sizeof(reply->headers[0].value), "%s",
		 value);
	reply->header_count++;
}

static void suspend(struct exchange *x, int64_t pause_ms)
{
	struct shd_http *http = x->http;

	x->suspended = true;
	x->wake_ms = pause_ms < 0 ? UINT64_MAX : uv_now(http->timer.loop) + (uint64_t)pause_ms;
	x->previous = NULL;
	x->next = http->suspended;
	if (x->next)
		x->next->previous = x;
	http->suspended = x;
	MHD_suspend_connection(x->connection);
}

static void wake(struct exchange *x)
{
	if (x->previous)
		x->previous->next = x->next;
	else
		x->http->suspended = x->next;
	if (x->next)
		x->next->previous = x->previous;
	x->suspended = false;
	x->piece_due = true;
	MHD_resume_connection(x->connection);
}

static ssize_t drip(void *cls, uint64_t at, char *buf, size_t max)
{
	struct exchange *x = cls;
	size_t left = x->reply.body.len - (size_t)at, piece = left < 4 ? left : 4;

	if (x->http->closing)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (!x->piece_due) {
		suspend(x, SHD_HTTP_DRIP_MS);
		return 0;
	}
	x->piece_due = false;
	piece = piece < max ? piece : max;
	memcpy(buf, x->reply.body.data + at, piece);
	return (ssize_t)piece;
}

static ssize_t cut(void *cls, uint64_t at, char *buf, size_t max)
{
	struct exchange *x = cls;
	size_t half = x->reply.body.len / 2, left = half - (size_t)at;

	if (at >= half)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	left = left < max ? left : max;
	memcpy(buf, x->reply.body.data + at, left);
	return (ssize_t)left;
}

/* One JSON array as long as it takes: [0,0,0,...,0 and at the very end a bracket. */
static ssize_t endless(void *cls, uint64_t at, char *buf, size_t max)
{
	struct exchange *x = cls;
	uint64_t size = x->reply.endless_bytes, left = size - at;
	size_t n = left < max ? (size_t)left : max;

	for (size_t i = 0; i < n; i++) {
		uint64_t place = at + i;

		buf[i] = place == 0 ? '[' : place == size - 1 ? ']' : place % 2 ? '0' : ',';
	}
	return (ssize_t)n;
}

static struct MHD_Response *make_response(struct exchange *x)
{
	struct shd_http_reply *reply = &x->reply;
	MHD_ContentReaderCallback reader = NULL;
	uint64_t size = reply->body.len;

	switch (reply->manner) {
	case SHD_HTTP_DRIP:
		reader = drip;
		break;
	case SHD_HTTP_CUT:
		reader = cut;
		break;
	case SHD_HTTP_ENDLESS:
		reader = endless;
		size = reply->endless_bytes | 1; /* odd, so that the array ends properly */
		reply->endless_bytes = size;
		break;
	case SHD_HTTP_NORMAL:
	case SHD_HTTP_SILENT:
	case SHD_HTTP_RESET:
		break;
	}
	if (reader)
		return MHD_create_response_from_callback(size, 16 << 10, reader, x, NULL);
	char *body = shd_text_take(&reply->body);
	return MHD_create_response_from_buffer((size_t)size, body, MHD_RESPMEM_MUST_FREE);
}

static void add_date(struct MHD_Response *response, int64_t skew_ms)
{
	time_t t = (time_t)((shd_now_ms() + skew_ms) / 1000);
	struct tm tm;
	char text[40];

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	MHD_add_response_header(response, MHD_HTTP_HEADER_DATE, text);
}

static enum MHD_Result reset(struct exchange *x)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	if (info)
		setsockopt(info->connect_fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	return MHD_NO;
}

static enum MHD_Result answer(struct exchange *x)
{
	struct shd_http_reply *reply = &x->reply;

	if (x->http->closing || reply->manner == SHD_HTTP_RESET)
		return reset(x);
	struct MHD_Response *response = make_response(x);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
	for (size_t i = 0; i < reply->header_count; i++)
		MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
	add_date(response, reply->date_skew_ms);
	enum MHD_Result queued =
		MHD_queue_response(x->connection, (unsigned int)reply->status, response);
	MHD_destroy_response(response);
	return queued;
}

static void decide(struct exchange *x, const char *method, const char *path)
{
	struct shd_http_request request = {method, path, x->upload.data, x->upload.len,
					   x->connection};

	x->decided = true;
	if (shd_text_ok(&x->upload))
		x->http->fn(x->http->ctx, &request, &x->reply);
	else
		x->reply.status = MHD_HTTP_CONTENT_TOO_LARGE;
}

/* MHD calls this for the head, for each piece of the body, at its end, and again
 * after a pause. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_len, void **con_cls)
{
	struct exchange *x = *con_cls;

	(void)version;
	if (!x) {
		x = shd_xcalloc(1, sizeof(*x));
		x->http = cls;
		x->connection = connection;
		x->reply.status = 200;
		x->reply.type = "application/json";
		shd_text_init(&x->upload, SHD_HTTP_REQUEST_MAX);
		shd_text_init(&x->reply.body, SHD_HTTP_REPLY_MAX);
		*con_cls = x;
		return MHD_YES;
	}
	if (*upload_len) {
		shd_text_add(&x->upload, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	if (x->decided)
		return answer(x);
	decide(x, method, path);
	if (x->reply.manner == SHD_HTTP_SILENT || x->reply.delay_ms > 0) {
		suspend(x, x->reply.manner == SHD_HTTP_SILENT ? -1 : x->reply.delay_ms);
		return MHD_YES;
	}
	return answer(x);
}

static void on_done(void *cls, struct MHD_Connection *connection, void **con_cls,
		    enum MHD_RequestTerminationCode code)
{
	struct exchange *x = *con_cls;

	(void)cls, (void)connection, (void)code;
	if (!x)
		return;
	shd_assert(!x->suspended);
	shd_text_finish(&x->upload);
	shd_text_finish(&x->reply.body);
	free(x);
	*con_cls = NULL;
}

static void on_timer(uv_timer_t *timer);

/* Lets MHD work and sets the timer: for MHD's own timeout or the next suspended request. */
static void run(struct shd_http *http)
{
	unsigned MHD_LONG_LONG timeout;
	uint64_t now = uv_now(http->timer.loop), pause = UINT64_MAX;

	MHD_run(http->mhd);
	if (MHD_get_timeout(http->mhd, &timeout) == MHD_YES)
		pause = timeout;
	for (struct exchange *x = http->suspended; x; x = x->next) {
		uint64_t rest = x->wake_ms <= now ? 0 : x->wake_ms - now;

		pause = rest < pause ? rest : pause;
	}
	if (pause == UINT64_MAX)
		uv_timer_stop(&http->timer);
	else
		uv_timer_start(&http->timer, on_timer, pause, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct shd_http *http = timer->data;
	struct exchange *next;

	for (struct exchange *x = http->suspended; x; x = next) {
		next = x->next;
		if (x->wake_ms <= uv_now(timer->loop))
			wake(x);
	}
	run(http);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status, (void)events;
	run(poll->data);
}

struct shd_http *shd_http_open(uv_loop_t *loop, int port, shd_http_fn *fn, void *ctx,
			       struct shd_error *reterr)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct shd_http *http = shd_xcalloc(1, sizeof(*http));

	http->fn = fn;
	http->ctx = ctx;
	http->mhd = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK, 0, NULL,
		NULL, on_request, http, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED,
		on_done, NULL, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)SHD_HTTP_CONNECTIONS_MAX,
		MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024U, MHD_OPTION_END);
	if (!http->mhd) {
		free(http);
		shd_fail(reterr, SHD_ERR_NETWORK, "cannot listen on 127.0.0.1:%d", port);
		return NULL;
	}
	http->port = MHD_get_daemon_info(http->mhd, MHD_DAEMON_INFO_BIND_PORT)->port;
	uv_timer_init(loop, &http->timer);
	uv_poll_init(loop, &http->poll,
		     MHD_get_daemon_info(http->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
	http->open_handles = 2;
	http->timer.data = http->poll.data = http;
	uv_poll_start(&http->poll, UV_READABLE, on_poll);
	return http;
}

int shd_http_port(const struct shd_http *http)
{
	return http->port;
}

static void on_closed(uv_handle_t *handle)
{
	struct shd_http *http = handle->data;

	if (--http->open_handles == 0)
		free(http);
}

void shd_http_close(struct shd_http *http)
{
	if (!http)
		return;
	http->closing = true;
	uv_poll_stop(&http->poll);
	uv_timer_stop(&http->timer);
	while (http->suspended) /* MHD forbids stopping with suspended connections */
		wake(http->suspended);
	MHD_run(http->mhd);
	MHD_stop_daemon(http->mhd);
	uv_close((uv_handle_t *)&http->poll, on_closed);
	uv_close((uv_handle_t *)&http->timer, on_closed);
}

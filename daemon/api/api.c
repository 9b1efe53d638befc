/* The states of a request:
 *
 *   NEW      -> WAITING   its route reads the state               [call_begin]
 *   NEW      -> ANSWERED  it needs no state, or is refused        [call_begin]
 *   WAITING  -> READING   one request at a time reads, on the pool [read_next]
 *   READING  -> ANSWERED  back on the loop; the suspended connection is resumed [read_done]
 */
#include "api.h"

#include "json.h"
#include "route.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define USER_CONNECTIONS_MAX 16 /* of one user; then the oldest one goes that asks nothing */
#define REQUEST_MAX_MS 5000    /* from its first byte, or the answer before, to its end */
#define REQUEST_MAX_BYTES (16 << 10)
#define IDLE_MAX_S 30
#define CALL_MAX_BYTES (64 << 20)
#define BACKLOG 128
#define LOOK_MS 1000

enum call_state { NEW, WAITING, READING, ANSWERED };

struct call {
	struct shd_api_call base; /* first: shd_api_argument gets the call from it */
	struct shd_api *api;
	struct MHD_Connection *connection;
	const struct shd_api_route *route;
	enum call_state state;
	bool ok;
	struct shd_error error;
	struct call *next; /* in the queue of those that are WAITING */
};

/* A connection, until libmicrohttpd has closed it. */
struct peer {
	struct peer *next;
	int socket;
	uid_t user;
	uint64_t since_ms; /* it is its turn since then, on the loop's clock; 0: it is ours */
	bool dropped;
};

struct shd_api {
	uv_loop_t *loop;
	struct shd_api_view view;
	struct MHD_Daemon *http;
	int socket;
	struct shd_api_place place;
	uv_poll_t poll;
	uv_timer_t timer;
	uv_work_t work;
	struct call *reading;      /* or NULL */
	struct call *first, **last; /* the queue */
	struct peer *peers;        /* the newest first */
	struct shd_state *state;   /* for `reading`, on the pool; opened by the first one */
	int open_handles;
	bool closing;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

static void pump(struct shd_api *api);
static void read_next(struct shd_api *api);
static void finish_close(struct shd_api *api);

/* --- who asks ---------------------------------------------------------------- */

static struct peer *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* libmicrohttpd sees its end, and closes it. */
static void drop(struct peer *peer)
{
	peer->dropped = true;
	shutdown(peer->socket, SHUT_RDWR);
}

/* So that one user cannot take all connections, nor hold on to them. */
static void make_room(struct shd_api *api, uid_t user)
{
	struct peer *oldest = NULL;
	size_t count = 0;

	for (struct peer *peer = api->peers; peer; peer = peer->next) {
		if (peer->user != user || peer->dropped)
			continue;
		count++;
		if (peer->since_ms && (!oldest || peer->since_ms <= oldest->since_ms))
			oldest = peer;
	}
	if (count > USER_CONNECTIONS_MAX && oldest)
		drop(oldest);
}

static void drop_slow(struct shd_api *api)
{
	uint64_t now_ms = uv_now(api->loop);

	for (struct peer *peer = api->peers; peer; peer = peer->next)
		if (!peer->dropped && peer->since_ms &&
			now_ms - peer->since_ms > REQUEST_MAX_MS)
			drop(peer);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **slot,
			  enum MHD_ConnectionNotificationCode what)
{
	struct shd_api *api = ctx;
	struct peer *peer = *slot, **at;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		for (at = &api->peers; *at != peer; at = &(*at)->next)
			;
		*at = peer->next;
		free(peer);
		return;
	}
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred who = {.uid = (uid_t)-1};
	socklen_t len = sizeof(who);

	*slot = peer = shd_xcalloc(1, sizeof(*peer));
	peer->socket = info->connect_fd;
	getsockopt(peer->socket, SOL_SOCKET, SO_PEERCRED, &who, &len);
	peer->user = who.uid;
	peer->since_ms = uv_now(api->loop);
	peer->next = api->peers;
	api->peers = peer;
	make_room(api, peer->user);
}

/* --- one request ---------------------------------------------------------- */

static void call_destroy(struct call *call)
{
	if (!call)
		return;
	if (call->base.config)
		shd_config_release(call->base.config);
	json_decref(call->base.answer);
	shd_arena_destroy(call->base.arena);
	free(call);
}

static struct call *call_create(struct shd_api *api, struct MHD_Connection *connection)
{
	struct call *call = shd_xcalloc(1, sizeof(*call));

	call->api = api;
	call->connection = connection;
	call->base.view = &api->view;
	call->base.now = api->view.now(api->view.ctx);
	call->base.arena = shd_arena_create(CALL_MAX_BYTES);
	call->base.answer = json_object();
	shd_api_put_time(call->base.answer, "now", call->base.now);
	return call;
}

const char *shd_api_argument(const struct shd_api_call *base, const char *name)
{
	const struct call *call = (const struct call *)base;

	return MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);
}

static unsigned int http_status(const struct call *call)
{
	if (call->ok)
		return MHD_HTTP_OK;
	if (call->error.kind == SHD_ERR_MISSING)
		return MHD_HTTP_NOT_FOUND;
	if (call->error.kind == SHD_ERR_REQUEST)
		return call->route ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_METHOD_NOT_ALLOWED;
	return MHD_HTTP_INTERNAL_SERVER_ERROR;
}

static enum MHD_Result call_answer(struct call *call)
{
	if (!call->ok) {
		json_t *error = json_object();

		json_object_clear(call->base.answer);
		shd_api_put_text(error, "kind", shd_err_name(call->error.kind));
		shd_api_put_text(error, "text", call->error.msg);
		json_object_set_new(call->base.answer, "error", error);
	}
	char *body = json_dumps(call->base.answer, JSON_COMPACT);
	shd_assert(body);
	body = shd_json_clean(body);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(body);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", "application/json; charset=utf-8");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	peer_of(call->connection)->since_ms = uv_now(call->api->loop); /* to be taken in time */
	enum MHD_Result result = MHD_queue_response(call->connection, http_status(call), response);
	MHD_destroy_response(response);
	return result;
}

/* Runs a step on the loop, with the configuration in force. */
static bool loop_step(struct call *call, shd_api_loop_fn *step)
{
	return !step ||
	       step(&call->base, call->base.view->config(call->base.view->ctx), &call->error);
}

static enum MHD_Result call_begin(struct call *call)
{
	struct shd_api *api = call->api;

	peer_of(call->connection)->since_ms = 0;
	if (api->closing) { /* a pipeline without end would keep it from closing */
		call->state = ANSWERED;
		shd_fail(&call->error, SHD_ERR_CLOSING, "storehealthd ends this connection");
		drop(peer_of(call->connection));
		return call_answer(call);
	}
	call->ok = loop_step(call, call->route->begin);
	if (!call->ok || !call->route->read) {
		call->state = ANSWERED;
		return call_answer(call);
	}
	call->base.config = call->base.view->config(call->base.view->ctx);
	shd_config_hold(call->base.config);
	call->state = WAITING;
	*api->last = call;
	api->last = &call->next;
	MHD_suspend_connection(call->connection);
	read_next(api);
	return MHD_YES;
}

/* --- reading the state ------------------------------------------------------ */

static void read_work(uv_work_t *work)
{
	struct shd_api *api = work->data;
	struct call *call = api->reading;

	bool opened = api->state ||
		shd_state_open_readonly(api->view.state_path, &api->state, &call->error);
	call->ok = (opened || call->route->stateless) &&
		call->route->read(&call->base, api->state, &call->error);
	if (!call->ok && call->error.kind == SHD_ERR_STATE) { /* the next request opens it again */
		shd_state_close(api->state);
		api->state = NULL;
	}
}

static void read_done(uv_work_t *work, int status)
{
	struct shd_api *api = work->data;
	struct call *call = api->reading;

	(void)status; /* never cancelled */
	api->reading = NULL;
	if (call->ok)
		call->ok = loop_step(call, call->route->end);
	call->state = ANSWERED;
	MHD_resume_connection(call->connection);
	pump(api);
	read_next(api);
	finish_close(api);
}

static void read_next(struct shd_api *api)
{
	struct call *call = api->first;

	if (api->reading || !call)
		return;
	api->first = call->next;
	if (!api->first)
		api->last = &api->first;
	call->state = READING;
	api->reading = call;
	api->work.data = api;
	int queued = uv_queue_work(api->loop, &api->work, read_work, read_done);
	shd_assert(queued == 0);
}

/* --- libmicrohttpd ------------------------------------------------------------ */

/* No request of the API has a body; one that does is refused before its body is read. */
static bool has_body(struct MHD_Connection *connection)
{
	const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
		MHD_HTTP_HEADER_CONTENT_LENGTH);

	return (length && strcmp(length, "0") != 0) ||
	       MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
		       MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *body,
				  size_t *body_len, void **slot)
{
	struct call *call = *slot;

	(void)version;
	(void)body;
	if (!call) { /* the headers have arrived */
		call = *slot = call_create(ctx, connection);
		const char *argument = "";
		call->route = shd_api_route_find(method, path, &argument, &call->error);
		call->base.argument = shd_arena_text(call->base.arena, argument, strlen(argument));
		if (call->route && has_body(connection)) {
			call->route = NULL;
			shd_fail(&call->error, SHD_ERR_REQUEST, "a question has no body");
		}
		if (call->route)
			return MHD_YES;
		call->state = ANSWERED;
		return call_answer(call);
	}
	*body_len = 0;
	switch (call->state) {
	case NEW:
		return call_begin(call);
	case ANSWERED:
		return call_answer(call);
	case WAITING:
	case READING:
		break;
	}
	shd_bug("a suspended connection does not ask", __FILE__, __LINE__);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **slot,
			 enum MHD_RequestTerminationCode how)
{
	struct shd_api *api = ctx;

	(void)how;
	struct peer *peer = peer_of(connection);
	if (peer)
		peer->since_ms = uv_now(api->loop);
	call_destroy(*slot);
	*slot = NULL;
}

static void on_timer(uv_timer_t *timer)
{
	pump(timer->data);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	pump(poll->data);
}

/* Lets libmicrohttpd do what can be done now, and sets the timer for the next time
 * it wants to be called. */
static void pump(struct shd_api *api)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	drop_slow(api);
	MHD_run(api->http);
	bool waits = MHD_get_timeout(api->http, &wait_ms) == MHD_YES;
	if (api->peers && (!waits || wait_ms > LOOK_MS))
		wait_ms = LOOK_MS;
	if (waits || api->peers)
		uv_timer_start(&api->timer, on_timer, wait_ms, 0);
	else
		uv_timer_stop(&api->timer);
}

/* --- opening ------------------------------------------------------------------- */

/* Whether a server listens at this address already. */
static bool is_in_use(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;

	if (fd >= 0)
		close(fd);
	return yes;
}

static bool listen_unix(const char *path, int *ret_socket, struct shd_api_place *ret_place,
			struct shd_error *reterr)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat old;

	if (path[0] != '/' || strlen(path) >= sizeof(address.sun_path))
		return shd_fail(reterr, SHD_ERR_CONFIG,
			"listen: \"%s\" is not an absolute path of at most %zu bytes", path,
			sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path));
	if (lstat(path, &old) == 0) {
		if (!S_ISSOCK(old.st_mode))
			return shd_fail(reterr, SHD_ERR_CONFIG,
				"listen: %s exists and is not a socket", path);
		if (is_in_use(&address))
			return shd_fail(reterr, SHD_ERR_IO,
				"listen: another storehealthd answers at %s", path);
		unlink(path);
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return shd_fail(reterr, SHD_ERR_IO, "listen: %s", strerror(errno));
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		chmod(path, 0660) < 0 || listen(fd, BACKLOG) < 0 || lstat(path, &old) < 0) {
		shd_fail(reterr, SHD_ERR_IO, "listen: %s: %s", path, strerror(errno));
		close(fd);
		return false;
	}
	*ret_socket = fd;
	*ret_place = (struct shd_api_place){.dev = old.st_dev, .ino = old.st_ino};
	memcpy(ret_place->path, path, strlen(path));
	return true;
}

/* Hands the listening socket to libmicrohttpd and its epoll descriptor to the loop. */
static bool start_http(struct shd_api *api, struct shd_error *reterr)
{
	api->http = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		on_request, api, MHD_OPTION_LISTEN_SOCKET, api->socket,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_MAX_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_MAX_S,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, api,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, api, MHD_OPTION_END);
	if (!api->http)
		return shd_fail(reterr, SHD_ERR_IO, "listen: the HTTP server does not start");
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(api->http, MHD_DAEMON_INFO_EPOLL_FD);
	shd_assert(info);
	uv_timer_init(api->loop, &api->timer);
	int status = uv_poll_init(api->loop, &api->poll, info->epoll_fd);
	shd_assert(status == 0);
	api->timer.data = api->poll.data = api;
	api->open_handles = 2;
	uv_poll_start(&api->poll, UV_READABLE, on_ready);
	return true;
}

static bool open_at(uv_loop_t *loop, const char *path, const struct shd_api_view *view,
		    struct shd_api **ret_api, struct shd_error *reterr)
{
	struct shd_api *api = shd_xcalloc(1, sizeof(*api));

	api->loop = loop;
	api->view = *view;
	api->last = &api->first;
	if (!listen_unix(path, &api->socket, &api->place, reterr)) {
		free(api);
		return false;
	}
	if (!start_http(api, reterr)) {
		close(api->socket);
		unlink(path);
		free(api);
		return false;
	}
	*ret_api = api;
	return true;
}

bool shd_api_open(uv_loop_t *loop, const char *listen, const struct shd_api_view *view,
		  struct shd_api **ret_api, struct shd_error *reterr)
{
	static const char scheme[] = "unix:";

	if (strncmp(listen, scheme, strlen(scheme)) != 0)
		return shd_fail(reterr, SHD_ERR_CONFIG,
			"listen: \"%s\" cannot be used, expected unix:/path/of/socket", listen);
	return open_at(loop, listen + strlen(scheme), view, ret_api, reterr);
}

struct shd_api_place shd_api_place(const struct shd_api *api)
{
	return api->place;
}

bool shd_api_in_place(const struct shd_api_place *place)
{
	struct stat there;

	return lstat(place->path, &there) == 0 && there.st_dev == place->dev &&
	       there.st_ino == place->ino;
}

bool shd_api_renew(struct shd_api **api, void (*closed)(void *ctx), void *ctx,
		   struct shd_error *reterr)
{
	struct shd_api *old = *api;

	if (!open_at(old->loop, old->place.path, &old->view, api, reterr))
		return false;
	shd_api_close(old, closed, ctx);
	return true;
}

/* --- closing --------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
	struct shd_api *api = handle->data;

	if (--api->open_handles)
		return;
	void (*closed)(void *ctx) = api->closed;
	void *ctx = api->closed_ctx;
	shd_state_close(api->state);
	free(api);
	closed(ctx);
}

/* Stops the server when no request waits or reads: libmicrohttpd must not be stopped while a
 * connection is suspended. */
static void finish_close(struct shd_api *api)
{
	if (!api->closing || api->reading || api->first)
		return;
	api->closing = false;
	uv_poll_stop(&api->poll);
	MHD_stop_daemon(api->http);
	close(api->socket);
	uv_close((uv_handle_t *)&api->poll, on_closed);
	uv_close((uv_handle_t *)&api->timer, on_closed);
}

void shd_api_close(struct shd_api *api, void (*closed)(void *ctx), void *ctx)
{
	shd_assert(!api->closing);
	api->closing = true;
	api->closed = closed;
	api->closed_ctx = ctx;
	if (shd_api_in_place(&api->place))
		unlink(api->place.path);
	MHD_quiesce_daemon(api->http);
	finish_close(api);
}

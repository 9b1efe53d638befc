#include "curl_loop.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* One per file descriptor number that curl ever used. It is stopped, not closed,
 * when curl lets go of the descriptor: uv_poll_init costs three system calls, and a
 * stopped handle does not care which socket has its number next. */
struct socket {
	uv_poll_t poll;
	struct shd_curl_loop *glue;
};

struct shd_curl_loop {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t timer;
	struct socket **sockets; /* by descriptor */
	size_t socket_room;
	size_t handles; /* open ones of libuv */
	bool closing;
	void (*progress)(void *ctx);
	void (*last)(void *ctx);
	void (*closed)(void *ctx);
	void *ctx;
};

static void socket_ready(uv_poll_t *poll, int status, int events)
{
	struct socket *socket = poll->data;
	struct shd_curl_loop *glue = socket->glue;
	uv_os_fd_t fd;
	int flags = 0, running;

	if (glue->closing || uv_fileno((uv_handle_t *)poll, &fd) != 0)
		return;
	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	curl_multi_socket_action(glue->multi, fd, flags, &running);
	glue->progress(glue->ctx);
}

static struct socket *socket_of(struct shd_curl_loop *glue, size_t fd)
{
	if (fd >= glue->socket_room) {
		size_t room = glue->socket_room ? glue->socket_room : 64;

		while (room <= fd)
			room *= 2;
		glue->sockets = shd_xrealloc(glue->sockets, room, sizeof(*glue->sockets));
		memset(glue->sockets + glue->socket_room, 0,
			(room - glue->socket_room) * sizeof(*glue->sockets));
		glue->socket_room = room;
	}
	if (glue->sockets[fd])
		return glue->sockets[fd];

	struct socket *socket = shd_xcalloc(1, sizeof(*socket));
	if (uv_poll_init(glue->loop, &socket->poll, (int)fd) != 0) {
		free(socket);
		return NULL;
	}
	socket->poll.data = socket;
	socket->glue = glue;
	glue->handles++;
	glue->sockets[fd] = socket;
	return socket;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *unused)
{
	struct shd_curl_loop *glue = ctx;

	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		if ((size_t)fd < glue->socket_room && glue->sockets[fd])
			uv_poll_stop(&glue->sockets[fd]->poll);
		return 0;
	}
	struct socket *socket = socket_of(glue, (size_t)fd);
	if (!socket)
		return -1;
	int events = (what & CURL_POLL_IN ? UV_READABLE : 0) |
		     (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	return uv_poll_start(&socket->poll, events, socket_ready) == 0 ? 0 : -1;
}

static void timer_fired(uv_timer_t *timer)
{
	struct shd_curl_loop *glue = timer->data;
	int running;

	curl_multi_socket_action(glue->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	glue->progress(glue->ctx);
}

static int on_timer(CURLM *multi, long timeout_ms, void *ctx)
{
	struct shd_curl_loop *glue = ctx;

	(void)multi;
	if (glue->closing)
		return 0; /* the timer now belongs to closing */
	if (timeout_ms < 0)
		uv_timer_stop(&glue->timer);
	else /* 0 as well: curl must not be called from its own callback */
		uv_timer_start(&glue->timer, timer_fired, (uint64_t)timeout_ms, 0);
	return 0;
}

struct shd_curl_loop *shd_curl_loop_create(uv_loop_t *loop, CURLM *multi,
					   void (*progress)(void *ctx), void *ctx)
{
	struct shd_curl_loop *glue = shd_xcalloc(1, sizeof(*glue));

	glue->loop = loop;
	glue->multi = multi;
	glue->progress = progress;
	glue->ctx = ctx;
	uv_timer_init(loop, &glue->timer);
	glue->timer.data = glue;
	glue->handles = 1;
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, glue);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, glue);
	return glue;
}

static void handle_closed(uv_handle_t *handle)
{
	bool is_socket = handle->type == UV_POLL;
	struct shd_curl_loop *glue = is_socket ? ((struct socket *)handle->data)->glue
					       : handle->data;

	if (is_socket)
		free(handle->data);
	if (--glue->handles)
		return;
	void (*closed)(void *ctx) = glue->closed;
	void *ctx = glue->ctx;
	free(glue->sockets);
	free(glue);
	closed(ctx);
}

static void close_now(uv_timer_t *timer)
{
	struct shd_curl_loop *glue = timer->data;

	glue->last(glue->ctx);
	for (size_t fd = 0; fd < glue->socket_room; fd++)
		if (glue->sockets[fd])
			uv_close((uv_handle_t *)&glue->sockets[fd]->poll, handle_closed);
	uv_close((uv_handle_t *)&glue->timer, handle_closed);
}

void shd_curl_loop_close(struct shd_curl_loop *glue, void (*last)(void *ctx),
			 void (*closed)(void *ctx))
{
	glue->closing = true;
	glue->last = last;
	glue->closed = closed;
	uv_timer_start(&glue->timer, close_now, 0, 0);
}

#include "curl_loop.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* One per descriptor number that curl ever used. It is stopped, not closed, when curl lets go
 * of the descriptor: uv_poll_init costs three system calls, a stopped handle does not care
 * which socket has its number next, and closing one would make libuv forget that socket. */
struct socket {
	uv_poll_t poll;
	struct shd_curl_sockets *of;
	struct shd_curl_loop *user; /* the last one */
};

struct shd_curl_sockets {
	uv_loop_t *loop;
	struct socket **all; /* by descriptor */
	size_t room, handles;
	void (*closed)(void *ctx);
	void *ctx;
};

struct shd_curl_loop {
	struct shd_curl_sockets *sockets;
	CURLM *multi;
	uv_timer_t timer;
	bool closing;
	void (*progress)(void *ctx);
	void (*last)(void *ctx);
	void (*closed)(void *ctx);
	void *ctx;
};

/* --- sockets ---------------------------------------------------------------------------- */

static void socket_ready(uv_poll_t *poll, int status, int events)
{
	struct socket *socket = poll->data;
	struct shd_curl_loop *glue = socket->user;
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

static struct socket *socket_of(struct shd_curl_sockets *sockets, size_t fd)
{
	if (fd >= sockets->room) {
		size_t room = sockets->room ? sockets->room : 64;

		while (room <= fd)
			room *= 2;
		sockets->all = shd_xrealloc(sockets->all, room, sizeof(*sockets->all));
		memset(sockets->all + sockets->room, 0,
			(room - sockets->room) * sizeof(*sockets->all));
		sockets->room = room;
	}
	if (sockets->all[fd])
		return sockets->all[fd];

	struct socket *socket = shd_xcalloc(1, sizeof(*socket));
	if (uv_poll_init(sockets->loop, &socket->poll, (int)fd) != 0) {
		free(socket);
		return NULL;
	}
	socket->poll.data = socket;
	socket->of = sockets;
	sockets->handles++;
	sockets->all[fd] = socket;
	return socket;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *unused)
{
	struct shd_curl_loop *glue = ctx;
	struct shd_curl_sockets *sockets = glue->sockets;

	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		if ((size_t)fd < sockets->room && sockets->all[fd] &&
			sockets->all[fd]->user == glue)
			uv_poll_stop(&sockets->all[fd]->poll);
		return 0;
	}
	struct socket *socket = socket_of(sockets, (size_t)fd);
	if (!socket)
		return -1;
	socket->user = glue;
	int events = (what & CURL_POLL_IN ? UV_READABLE : 0) |
		     (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	return uv_poll_start(&socket->poll, events, socket_ready) == 0 ? 0 : -1;
}

struct shd_curl_sockets *shd_curl_sockets_create(uv_loop_t *loop)
{
	struct shd_curl_sockets *sockets = shd_xcalloc(1, sizeof(*sockets));

	sockets->loop = loop;
	return sockets;
}

static void all_closed(struct shd_curl_sockets *sockets)
{
	void (*closed)(void *ctx) = sockets->closed;
	void *ctx = sockets->ctx;

	free(sockets->all);
	free(sockets);
	closed(ctx);
}

static void socket_closed(uv_handle_t *handle)
{
	struct socket *socket = handle->data;
	struct shd_curl_sockets *sockets = socket->of;

	free(socket);
	if (--sockets->handles == 0)
		all_closed(sockets);
}

void shd_curl_sockets_close(struct shd_curl_sockets *sockets, void (*closed)(void *ctx), void *ctx)
{
	sockets->closed = closed;
	sockets->ctx = ctx;
	if (!sockets->handles)
		all_closed(sockets);
	else
		for (size_t fd = 0; fd < sockets->room; fd++)
			if (sockets->all[fd])
				uv_close((uv_handle_t *)&sockets->all[fd]->poll, socket_closed);
}

/* --- a multi handle --------------------------------------------------------------------- */

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

struct shd_curl_loop *shd_curl_loop_create(struct shd_curl_sockets *sockets, CURLM *multi,
					   void (*progress)(void *ctx), void *ctx)
{
	struct shd_curl_loop *glue = shd_xcalloc(1, sizeof(*glue));

	glue->sockets = sockets;
	glue->multi = multi;
	glue->progress = progress;
	glue->ctx = ctx;
	uv_timer_init(sockets->loop, &glue->timer);
	glue->timer.data = glue;
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, glue);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, glue);
	return glue;
}

static void timer_closed(uv_handle_t *handle)
{
	struct shd_curl_loop *glue = handle->data;
	void (*closed)(void *ctx) = glue->closed;
	void *ctx = glue->ctx;

	free(glue);
	closed(ctx);
}

/* curl has told of every descriptor that it closed; nobody may wait for another one. */
static void forget(struct socket *socket, const struct shd_curl_loop *glue)
{
	if (!socket || socket->user != glue)
		return;
	if (uv_is_active((uv_handle_t *)&socket->poll))
		uv_poll_stop(&socket->poll);
	socket->user = NULL;
}

static void close_now(uv_timer_t *timer)
{
	struct shd_curl_loop *glue = timer->data;

	glue->last(glue->ctx);
	for (size_t fd = 0; fd < glue->sockets->room; fd++)
		forget(glue->sockets->all[fd], glue);
	uv_close((uv_handle_t *)&glue->timer, timer_closed);
}

void shd_curl_loop_close(struct shd_curl_loop *glue, void (*last)(void *ctx),
			 void (*closed)(void *ctx))
{
	glue->closing = true;
	glue->last = last;
	glue->closed = closed;
	uv_timer_start(&glue->timer, close_now, 0, 0);
}

#include "service.h"

#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum {
	STATUS_BYTES = 200,
	PHASE_BYTES = 64,
	AGAIN_MS = 200,         /* between tries to say what the manager had no room for */
};

struct shd_service {
	uv_timer_t watchdog, again;
	int handles;
	uint64_t within_us;
	bool (*alive)(void *ctx);
	void *alive_ctx;
	int fd;                 /* -1: nobody listens */
	char phase[PHASE_BYTES]; /* the last one, not said yet; "" */
	char status[STATUS_BYTES];
	bool status_said;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* --- to the manager ---------------------------------------------------------------------
 *
 * sd_notify() waits while the manager's queue is full, and a manager that stands still would
 * stop the loop; here it is tried again instead. */

/* Connected to NOTIFY_SOCKET, a path or "@" and an abstract name; -1: it is not there. */
static int open_socket(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t len = name ? strlen(name) : 0;

	if (len < 2 || (*name != '/' && *name != '@') || len >= sizeof(at.sun_path))
		return -1;
	memcpy(at.sun_path, name, len);
	if (*name == '@')
		*at.sun_path = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* A name in the file system ends with a NUL, an abstract one does not. */
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (*name == '/'));
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, size) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* False: there is no room now. A manager that is gone is told no more than one that is not. */
static bool say(struct shd_service *service, const char *text)
{
	if (service->fd < 0)
		service->fd = open_socket();
	if (service->fd < 0 || send(service->fd, text, strlen(text), MSG_NOSIGNAL) >= 0)
		return true;
	if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
		return false;
	close(service->fd); /* it was replaced, maybe; the next word connects anew */
	service->fd = -1;
	return true;
}

static void say_again(uv_timer_t *timer);

/* In order: what `systemctl` shows belongs to the phase. */
static void say_what_waits(struct shd_service *service)
{
	char line[STATUS_BYTES + 8];

	if (*service->phase && say(service, service->phase))
		*service->phase = '\0';
	snprintf(line, sizeof(line), "STATUS=%s", service->status);
	if (!*service->phase && !service->status_said)
		service->status_said = say(service, line);
	if (*service->phase || !service->status_said)
		uv_timer_start(&service->again, say_again, AGAIN_MS, 0);
}

static void say_again(uv_timer_t *timer)
{
	say_what_waits(timer->data);
}

static void enter_phase(struct shd_service *service, const char *phase)
{
	snprintf(service->phase, sizeof(service->phase), "%s", phase);
	say_what_waits(service);
}

void shd_service_ready(struct shd_service *service)
{
	enter_phase(service, "READY=1");
}

void shd_service_reloading(struct shd_service *service)
{
	char phase[PHASE_BYTES];

	/* notify-reload (systemd 253) wants the time as well; 252 ignores it. */
	snprintf(phase, sizeof(phase), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, uv_hrtime() / 1000);
	enter_phase(service, phase);
}

void shd_service_stopping(struct shd_service *service)
{
	enter_phase(service, "STOPPING=1");
}

void shd_service_status(struct shd_service *service, const char *fmt, ...)
{
	char status[STATUS_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(status, sizeof(status), fmt, args);
	va_end(args);
	if (strcmp(status, service->status) == 0)
		return;
	memcpy(service->status, status, sizeof(status));
	service->status_said = false;
	say_what_waits(service);
}

/* --- life ------------------------------------------------------------------------------- */

static void feed_watchdog(uv_timer_t *timer)
{
	struct shd_service *service = timer->data;

	if (service->alive(service->alive_ctx))
		say(service, "WATCHDOG=1"); /* one that is lost is followed by the next */
}

static void init_timer(struct shd_service *service, uv_loop_t *loop, uv_timer_t *timer)
{
	uv_timer_init(loop, timer);
	timer->data = service;
	service->handles++;
}

struct shd_service *shd_service_create(uv_loop_t *loop, bool (*alive)(void *ctx), void *ctx)
{
	struct shd_service *service = shd_xcalloc(1, sizeof(*service));

	service->alive = alive;
	service->alive_ctx = ctx;
	service->fd = -1;
	service->status_said = true;
	init_timer(service, loop, &service->watchdog);
	init_timer(service, loop, &service->again);
	if (sd_watchdog_enabled(0, &service->within_us) > 0) {
		uint64_t every_ms = service->within_us / 1000 / 3; /* two may be late */

		uv_timer_start(
			&service->watchdog, feed_watchdog, every_ms, every_ms ? every_ms : 1);
	}
	return service;
}

int64_t shd_service_watchdog_ms(const struct shd_service *service)
{
	return (int64_t)(service->within_us / 1000);
}

static void handle_closed(uv_handle_t *handle)
{
	struct shd_service *service = handle->data;
	void (*closed)(void *ctx) = service->closed;
	void *ctx = service->closed_ctx;

	if (--service->handles)
		return;
	if (service->fd >= 0)
		close(service->fd);
	free(service);
	if (closed)
		closed(ctx);
}

void shd_service_close(struct shd_service *service, void (*closed)(void *ctx), void *ctx)
{
	service->closed = closed;
	service->closed_ctx = ctx;
	uv_close((uv_handle_t *)&service->watchdog, handle_closed);
	uv_close((uv_handle_t *)&service->again, handle_closed);
}

#include "service.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

enum { STATUS_BYTES = 200 };

struct shd_service {
	uv_timer_t watchdog;
	uint64_t within_us;
	bool (*alive)(void *ctx);
	void *alive_ctx;
	char status[STATUS_BYTES];
	void (*closed)(void *ctx);
	void *closed_ctx;
};

static void feed_watchdog(uv_timer_t *timer)
{
	struct shd_service *service = timer->data;

	if (service->alive(service->alive_ctx))
		sd_notify(0, "WATCHDOG=1");
}

struct shd_service *shd_service_create(uv_loop_t *loop, bool (*alive)(void *ctx), void *ctx)
{
	struct shd_service *service = shd_xcalloc(1, sizeof(*service));

	service->alive = alive;
	service->alive_ctx = ctx;
	uv_timer_init(loop, &service->watchdog);
	service->watchdog.data = service;
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

void shd_service_ready(struct shd_service *service)
{
	(void)service;
	sd_notify(0, "READY=1");
}

void shd_service_reloading(struct shd_service *service)
{
	(void)service;
	/* notify-reload (systemd 253) wants the time as well; 252 ignores it. */
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, uv_hrtime() / 1000);
}

void shd_service_stopping(struct shd_service *service)
{
	(void)service;
	sd_notify(0, "STOPPING=1");
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
	sd_notifyf(0, "STATUS=%s", status);
}

static void watchdog_closed(uv_handle_t *handle)
{
	struct shd_service *service = handle->data;
	void (*closed)(void *ctx) = service->closed;
	void *ctx = service->closed_ctx;

	free(service);
	if (closed)
		closed(ctx);
}

void shd_service_close(struct shd_service *service, void (*closed)(void *ctx), void *ctx)
{
	service->closed = closed;
	service->closed_ctx = ctx;
	uv_close((uv_handle_t *)&service->watchdog, watchdog_closed);
}

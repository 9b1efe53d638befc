/* host/service.h - talks to systemd: ready, reloading, stopping, alive, status.
 *
 * Does nothing where no NOTIFY_SOCKET is. The watchdog is fed only while the
 * program gets on with its work, as `alive` says. Loop thread only. */
#pragma once
#include "base/error.h"

#include <uv.h>

struct shd_service;

/* alive(ctx) says whether the loop and the state job made progress since it was last asked. */
struct shd_service *shd_service_create(uv_loop_t *loop, bool (*alive)(void *ctx), void *ctx);

void shd_service_ready(struct shd_service *service);     /* also ends a reload */
void shd_service_reloading(struct shd_service *service);
void shd_service_stopping(struct shd_service *service);

/* One line for `systemctl status`; sent only when it differs from the last one. */
void shd_service_status(struct shd_service *service, const char *fmt, ...) SHD_PRINTF(2, 3);

/* Stops feeding the watchdog; closed(ctx) runs from a later turn. */
void shd_service_close(struct shd_service *service, void (*closed)(void *ctx), void *ctx);

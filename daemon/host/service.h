/* host/service.h - talks to systemd: ready, reloading, stopping, alive, status.
 *
 * Does nothing where no NOTIFY_SOCKET is. Never waits: what the manager has no room for now is
 * said when it has, the latest phase and status. The watchdog is fed only while the program
 * gets on with its work, as `alive` says. Loop thread only. */
#pragma once
#include "base/error.h"

#include <stdint.h>
#include <uv.h>

struct shd_service;

/* alive(ctx) says whether all that the program does gets on; the loop does when it asks. */
struct shd_service *shd_service_create(uv_loop_t *loop, bool (*alive)(void *ctx), void *ctx);

/* WatchdogSec=; 0: there is no watchdog. */
int64_t shd_service_watchdog_ms(const struct shd_service *service);

void shd_service_ready(struct shd_service *service);     /* also ends a reload */
void shd_service_reloading(struct shd_service *service);
void shd_service_stopping(struct shd_service *service);

/* One line for `systemctl status`; sent only when it differs from the last one. */
void shd_service_status(struct shd_service *service, const char *fmt, ...) SHD_PRINTF(2, 3);

/* Stops feeding the watchdog; closed(ctx) runs from a later turn. */
void shd_service_close(struct shd_service *service, void (*closed)(void *ctx), void *ctx);

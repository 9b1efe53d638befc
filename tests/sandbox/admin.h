/* sandbox/admin.h - what a test or a person asks of the sandbox itself.
 *
 *   GET  /received   {"mails": [], "webhooks": [], ...} so far
 *   GET  /requests   {"/v4/...": {"requests": n, "refused": n, "first": body}, ...}
 *   POST /event      {"of": "1001", "at": "5s", "order": {...}}: see scenario.h;
 *                    times count from now, of the first store by default;
 *                    "all" are all stores
 *   POST /fault      {"do": "throttled", "path": "/v4/posting*", "to": "10s"}, from now on
 *   DELETE /fault    all faults end
 *   POST /reset      forgets what was received and counted, ends all faults
 *
 * 200 with JSON, or 400 {"error": "..."}. */
#pragma once
#include "faces/ozon/ozon.h"
#include "sinks/sink.h"

struct shd_admin {
	struct shd_ozon *ozon; /* borrowed, as is the sink */
	struct shd_sink *sink;
};

/* handler for shd_http_open; ctx is a struct shd_admin. */
void shd_admin_handle(void *ctx, const struct shd_http_request *request,
		      struct shd_http_reply *reply);

/* sandbox/serve/http.h - an HTTP/1.1 server on the loop that can also misbehave.
 *
 * One handler per server turns a request into a reply; the reply says how it is
 * sent: as it should be, or in one of the ways in which real servers fail. Only
 * loopback. Everything runs on the loop's thread; handlers must not block. */
#pragma once
#include "base/text.h"

#include <uv.h>

enum {
	SHD_HTTP_REQUEST_MAX = 16 << 20,    /* bytes of a request's body; more is 413 */
	SHD_HTTP_REPLY_MAX = 64 << 20,      /* bytes of a body that is held in memory */
	SHD_HTTP_DRIP_MS = 250,             /* between two pieces of a dripping body */
	SHD_HTTP_CONNECTIONS_MAX = 20000,
};

/* How a reply is sent. */
enum shd_http_manner {
	SHD_HTTP_NORMAL,
	SHD_HTTP_SILENT,   /* never answered */
	SHD_HTTP_RESET,    /* the connection is reset */
	SHD_HTTP_DRIP,     /* a few bytes at a time */
	SHD_HTTP_CUT,      /* half of what Content-Length promised, then closed */
	SHD_HTTP_ENDLESS,  /* `endless_bytes` of generated JSON instead of body */
};

struct shd_http_request {
	const char *method, *path, *body;
	size_t len;
	void *connection; /* private */
};

/* The value of a header by its name in any case, NULL when absent. */
const char *shd_http_header(const struct shd_http_request *request, const char *name);

struct shd_http_reply {
	int status;
	const char *type;  /* Content-Type, a constant */
	struct shd_text body;
	struct {
		const char *name; /* a constant */
		char value[96];
	} headers[4];
	size_t header_count;
	enum shd_http_manner manner;
	int64_t delay_ms;      /* before the first byte */
	int64_t date_skew_ms;  /* added to the Date header */
	uint64_t endless_bytes;
};

void shd_http_reply_header(struct shd_http_reply *reply, const char *name, const char *value);

/* Fills a reply that starts as 200, application/json, empty, WELL. */
typedef void shd_http_fn(void *ctx, const struct shd_http_request *request,
			 struct shd_http_reply *reply);

struct shd_http;

/* Listens on 127.0.0.1:port, 0 for any free one. Returns owned, NULL with *reterr
 * (NETWORK) when the port cannot be had. */
struct shd_http *shd_http_open(uv_loop_t *loop, int port, shd_http_fn *fn, void *ctx,
			       struct shd_error *reterr);
int shd_http_port(const struct shd_http *http);

/* Drops every connection, also those it never meant to answer. Frees itself
 * once its handles are closed. */
void shd_http_close(struct shd_http *http);

/* http/http.h - HTTP as adapters and notifiers see it: a request, an answer, and what the answer
 * means.
 *
 * Plain values and pure functions; the transport is daemon/net. */
#pragma once
#include "base/error.h"
#include "base/text.h"
#include "base/time.h"

#define SHD_REQUEST_HEADERS 16

/* A request, ready for the transport. `headers` are complete lines. */
struct shd_request {
	const char *method;
	struct shd_text url, body;
	struct shd_text headers[SHD_REQUEST_HEADERS];
	size_t header_count;
	bool secret[SHD_REQUEST_HEADERS]; /* what the header holds is one, however short */
};
void shd_request_init(struct shd_request *request, size_t body_max_bytes);
void shd_request_clear(struct shd_request *request);
void shd_request_finish(struct shd_request *request); /* wipes the headers */

/* Strikes out (strike.h) what an answer to the request repeats of its secrets: words of 8 bytes or
 * more of its header lines, secret ones whole, the login that a Basic one holds, the values of a
 * form in its body, and what its URL has before the host. */
void shd_request_strike(const struct shd_request *request, char *text);

/* The same of an answer's body, before anything of it is read: what the header lines hold. */
void shd_request_strike_body(const struct shd_request *request, char *body, size_t len);

/* Adds an empty header line for the caller to write. At most SHD_REQUEST_HEADERS. */
struct shd_text *shd_request_header(struct shd_request *request);
/* The same for one whose value, but for a scheme before it ("Bearer "), is a secret. */
struct shd_text *shd_request_secret_header(struct shd_request *request);

/* An answer from the transport, borrowed. header: the value of a header, by its name in any case;
 * NULL when absent. */
struct shd_answer {
	int status; /* HTTP status, SMTP code */
	const char *body;
	size_t len;
	const char *(*header)(const void *ctx, const char *name);
	const void *ctx;
};

/* To what a refusal applies: exactly that is not asked again for retry_after_ms. */
#define SHD_SCOPE_MAP(X)                                                                           \
	X(ROW, "endpoint")                                                                         \
	X(CREDENTIAL, "credential")                                                                \
	X(SOURCE, "source")                                                                        \
	X(HOST, "host")

enum shd_scope {
#define X(id, name) SHD_SCOPE_##id,
	SHD_SCOPE_MAP(X)
#undef X
};

/* What an answer means. */
struct shd_answer_verdict {
	bool ok;
	enum shd_scope scope;   /* of a refusal; ROW: only this endpoint */
	int64_t retry_after_ms; /* 0: the server did not say */
	struct shd_error error; /* unless ok: kind and text, naming the method */
	char receipt[64];       /* when ok: the server's id of what it accepted, or "" */
	/* The rate limit that the server states for the operation that was called, in millionths of
	 * a request per second; 0: it did not say. */
	int64_t rate_micro_per_s;
};

/* The wait that the Retry-After header asks for: seconds, or a date (RFC 9110), which is compared
 * with the answer's own Date. 0: absent or unreadable. At most max_ms. */
int64_t shd_retry_after_ms(const struct shd_answer *answer, int64_t max_ms);

/* Appends the bytes; all but the unreserved ones of RFC 3986 become %XX. */
void shd_percent_encode(const char *bytes, size_t len, struct shd_text *out);

/* sandbox/serve/fault.h - injected faults: answers that are wrong on purpose, for a while. */
#pragma once
#include "http.h"
#include "world/json.h"

/* An error answer of a platform. */
struct shd_refusal {
	const char *name;
	int http, code;
	const char *text;
};

enum shd_fault_kind {
	SHD_FAULT_REFUSE,    /* one of the refusals, chosen by name */
	SHD_FAULT_TIMEOUT,   /* no answer at all */
	SHD_FAULT_DRIP,      /* a few bytes at a time */
	SHD_FAULT_RESET,     /* connection reset */
	SHD_FAULT_TRUNCATE,  /* the connection ends in the middle of the body */
	SHD_FAULT_MALFORMED, /* a complete answer that is not JSON any more */
	SHD_FAULT_EMPTY,     /* every list is empty */
	SHD_FAULT_HUGE,      /* 1 GB */
	SHD_FAULT_DEEP,      /* 100 000 nested arrays */
	SHD_FAULT_HTML,      /* a page of a proxy, with 200 */
	SHD_FAULT_SLOW,      /* waits `by` before the first byte */
	SHD_FAULT_SKEW,      /* the Date header is `by` ahead */
	SHD_FAULT_TEXT,      /* numbers are written as text */
	SHD_FAULT_FAR,       /* every time lies in the year 9999 */
	SHD_FAULT_EMOJI,     /* titles and texts are full of emoji */
	SHD_FAULT_NULLS,     /* optional objects are null */
	SHD_FAULT_WORDS,     /* enum words that nobody knows */
	SHD_FAULT_LATER,     /* mail: 451, try again */
	SHD_FAULT_NEVER,     /* mail: 550, give up */
};

struct shd_fault_plan {
	int64_t from_ms, to_ms; /* [from, to) */
	char pattern[96];       /* path, a trailing * matches the rest; the sinks' paths are
				 * webhook/... and smtp/mail, smtp/rcpt, smtp/data */
	char client_id[24];     /* empty: every store */
	enum shd_fault_kind kind;
	const struct shd_refusal *refusal; /* REFUSE */
	int64_t by_ms;
	int retry_after_s;      /* REFUSE 429: sent as Retry-After, 0: not sent */
	int64_t times_left;     /* -1: no limit */
};

struct shd_faults {
	const struct shd_refusal *refusals; /* borrowed: what can be refused */
	size_t refusal_count;
	struct shd_fault_plan *plans;
	size_t count, capacity;
};

/* Adds {"do": "throttled", "path": "/v4/posting*", "from": "20s", "to": "40s", ...}; relative
 * times count from base_ms. Errors: CONFIG; *ret_key is the member that is wrong. */
SHD_MUST_USE bool shd_fault_add(struct shd_faults *faults, const json_t *row, int64_t base_ms,
				const char **ret_key, struct shd_error *reterr);
void shd_faults_clear(struct shd_faults *faults);

/* The fault that applies to this request, or NULL. Counts it. */
const struct shd_fault_plan *shd_fault_find(struct shd_faults *faults, const char *path,
					       const char *client_id, int64_t now_ms);

/* Applies the fault to a good reply. The caller handles REFUSE itself. */
void shd_fault_apply(const struct shd_fault_plan *fault, struct shd_http_reply *reply);

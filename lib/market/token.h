/* market/token.h - access tokens of a credential: how they are renewed, by what an
 * adapter says, and when.
 *
 * The daemon (auth/grant.h) owns time, transport and what is stored. Pure. */
#pragma once
#include "base/secret.h"
#include "base/time.h"
#include "conf/option.h"

struct shd_answer;
struct shd_credential;
struct shd_request;

/* What a renewal is made from. */
struct shd_renewal_in {
	const struct shd_credential *credential;
	const char *base_url;             /* of the source that the credential belongs to */
	const struct shd_secret *refresh; /* the newest refresh token */
	struct shd_wall now;              /* when the request leaves */
	shd_secret_fn *secret;
	void *ctx;
};

/* What came of it; both owned. */
struct shd_renewed {
	struct shd_secret *access;
	struct shd_secret *refresh;   /* the one to use from now on; NULL: the old one stays */
	int64_t lifetime_ms;          /* of the access token */
	int64_t refresh_lifetime_ms;  /* of the refresh token; 0: not said */
};
void shd_renewed_finish(struct shd_renewed *renewed);

/* The part of an adapter whose credentials have access tokens. */
struct shd_renewal {
	int64_t ahead_ms; /* renewed so long before it expires, but not in its first half */

	/* The refresh token that the operator wrote down: the first of a chain. NULL: there is
	 * none. */
	const struct shd_secret *(*first)(const struct shd_credential *credential,
					  shd_secret_fn *secret, void *ctx);
	/* Adds method, URL, headers, body. Errors: CONFIG. */
	bool (*request)(const struct shd_renewal_in *in, struct shd_request *request,
			struct shd_error *reterr);
	/* Reads the answer, on the pool. False: *reterr says what it means (CREDENTIALS: the
	 * refresh token or the client was refused, only the operator can help), and
	 * *ret_retry_after_ms what was asked for; it was 0. */
	bool (*read)(const struct shd_answer *answer, struct shd_renewed *ret_renewed,
		     int64_t *ret_retry_after_ms, struct shd_error *reterr);
};

/* When a token of this lifetime is renewed. */
struct shd_wall shd_token_renew_at(struct shd_wall issued, int64_t lifetime_ms, int64_t ahead_ms);
/* How long after the count-th failure in a row (from 1) the next try is; `asked_ms`: what the
 * server asked for, 0: nothing, believed up to an hour. Doubles from 5 s to 10 min; an
 * operator's mistake is tried again after 10 min at once. `random` spreads it. */
int64_t shd_token_retry_ms(enum shd_err kind, int count, int64_t asked_ms, uint32_t random);

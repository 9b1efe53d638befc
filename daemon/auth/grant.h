/* auth/grant.h - the access tokens of credentials, for those whose adapter has any
 * (lib/market/token.h).
 *
 * One renewal of a credential is under way at a time, ahead of the expiry, while the old
 * token still serves. What came of it is stored before it is used: a refresh token that was
 * exchanged works only once, so whoever is killed in between goes on from the state. The
 * state file (mode 0600) therefore holds secrets: the newest refresh and access token. A
 * failure backs off (lib/market/token.h) and is told by the polls that wanted the token.
 * Loop thread only. */
#pragma once
#include "config/config.h"
#include "host/jobs.h"
#include "market/source.h"
#include "net/transfer.h"
#include "state/change.h"

struct shd_grants;

struct shd_grants_in {
	uv_loop_t *loop;
	struct shd_jobs *jobs;
	struct shd_transfers *transfers;
	struct shd_changes changes;
	struct shd_wall (*now)(void *ctx);
	uint32_t (*random)(void *ctx);
	void *ctx;
};

/* `rows`: what the state knows. Returns owned; ends with shd_grants_close. */
struct shd_grants *shd_grants_create(const struct shd_grants_in *in, struct shd_config *config,
				     const struct shd_token_row *rows, size_t count);

/* Another configuration is in force. Tokens of a credential stay, unless the operator wrote
 * down another refresh token; a renewal under way ends as if nothing had happened. Borrows
 * config until the next call. */
void shd_grants_configure(struct shd_grants *grants, struct shd_config *config);

enum shd_grant_use {
	SHD_GRANT_NONE,    /* the credential has no tokens */
	SHD_GRANT_READY,   /* here it is */
	SHD_GRANT_WAIT,    /* it is on its way: ask again soon */
	SHD_GRANT_REFUSED, /* *reterr says why there is none */
};

/* The access token, for a request that leaves now. It is borrowed until the loop goes on;
 * `serial` names it in shd_grant_expired. */
struct shd_grant_token {
	const struct shd_secret *access;
	int64_t serial;
};
enum shd_grant_use shd_grant_use(struct shd_grants *grants,
				 const struct shd_credential *credential,
				 struct shd_grant_token *ret_token, struct shd_error *reterr);

/* The platform refused the token before its time. True: another one is there or comes, the
 * request is worth one more try. False: it was new, so that is not why. */
bool shd_grant_expired(struct shd_grants *grants, const struct shd_credential *credential,
		       int64_t serial);

/* Starts no renewal any more; calls closed(ctx) when none is under way and all is stored or
 * given up, from a later turn. Transfers, jobs and the queue of changes must still work. */
void shd_grants_close(struct shd_grants *grants, void (*closed)(void *ctx), void *ctx);

/* auth/grant.h - the access tokens that credentials were granted, for adapters that have any
 * (lib/market/token.h).
 *
 * A credential has one renewal under way at a time. It begins ahead of the expiry, while the old
 * token is still used. New tokens are stored before they are used: a refresh token may work only
 * once, so a daemon that is killed in between continues with what is stored. The state file
 * (mode 0600) therefore holds secrets: the newest refresh and access token. Failed renewals back
 * off (lib/market/token.h); the polls that needed the token report them. Loop thread only. */
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

/* `rows`: the tokens in the state. Returns owned; ends with shd_grants_close. */
struct shd_grants *shd_grants_create(const struct shd_grants_in *in, struct shd_config *config,
				     const struct shd_token_row *rows, size_t count);

/* Another configuration is in force. A credential keeps its tokens unless another refresh token is
 * configured; a renewal under way completes. Borrows config until the next call. */
void shd_grants_configure(struct shd_grants *grants, struct shd_config *config);

enum shd_grant_use {
	SHD_GRANT_NONE,    /* the credential has no tokens */
	SHD_GRANT_READY,   /* *ret_token is set */
	SHD_GRANT_WAIT,    /* a renewal is under way: ask again soon */
	SHD_GRANT_REFUSED, /* there is no token: *reterr says why */
};

/* The access token for a request that is sent now; begins a renewal when there is none. Borrowed
 * until the next turn of the loop; `serial` identifies it for shd_grant_expired. */
struct shd_grant_token {
	const struct shd_secret *access;
	int64_t serial;
};
enum shd_grant_use shd_grant_use(struct shd_grants *grants,
				 const struct shd_credential *credential,
				 struct shd_grant_token *ret_token, struct shd_error *reterr);

/* The platform refused the token although it has not expired by our clock. True: another token is
 * there or is being fetched, so the request is worth one more try. False: the token is new, so it
 * was refused for another reason. */
bool shd_grant_expired(struct shd_grants *grants, const struct shd_credential *credential,
		       int64_t serial);

/* Starts no further renewal, and gives up those that are not answered within 3 s; calls
 * closed(ctx), from a later turn, when none is under way and all tokens are stored or given up.
 * Transfers, jobs and the queue of changes must still work. */
void shd_grants_close(struct shd_grants *grants, void (*closed)(void *ctx), void *ctx);

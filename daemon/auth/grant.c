/* A grant, which is the access and refresh token that a credential was granted:
 *
 *     EMPTY    -> RENEWING  the first token is needed                      [renew]
 *     RENEWING -> READING   an answer came                                 [answered]
 *     RENEWING -> FAILED    no answer, or the request cannot be made       [fail]
 *     READING  -> STORING   the answer has a token                         [on_read]
 *     READING  -> FAILED    the answer has none                            [fail]
 *     STORING  -> READY     committed: from now on it is used              [stored]
 *     STORING  -> UNSTORED  the transaction failed                         [stored]
 *     UNSTORED -> STORING   after a pause, or at once on closing           [store]
 *     READY    -> RENEWING  ahead of the expiry, or refused before it      [renew]
 *     FAILED   -> RENEWING  the back-off is over                           [renew]
 *     READY, FAILED -> EMPTY  another first token was configured           [forget]
 *     READY    -> EMPTY     ... while this one was renewed                 [stored]
 */
#include "grant.h"

#include "base/crypto.h"
#include "http/strike.h"
#include "market/adapter.h"

#include <stdlib.h>
#include <string.h>

enum {
	ANSWER_BYTES = 65536,
	REQUEST_BYTES = 65536,
	CONNECT_MS = 10000,
	TOTAL_MS = 10000,
	CLOSE_MS = 3000, /* closing waits so long for a renewal: a refresh token may be spent */
	NO_ROOM_RETRY_MS = 100, /* the transport has no room */
	STORE_RETRY_MS = 1000, /* doubles up to STORE_RETRY_MAX_MS */
	STORE_RETRY_MAX_MS = 32000,
	FRESH_MS = 60000, /* a younger token is not refused because it expired */
};

#define STATE_MAP(X)                                                                               \
	X(EMPTY, "no token was needed")                                                            \
	X(RENEWING, "the request is under way")                                                    \
	X(READING, "the answer is read on the pool")                                               \
	X(STORING, "the transaction that stores the token is under way")                           \
	X(UNSTORED, "that transaction failed, its next try is due later")                          \
	X(READY, "its renewal is due later")                                                       \
	X(FAILED, "the renewal failed, its next try is due later")

enum grant_state {
#define X(id, text) id,
	STATE_MAP(X)
#undef X
};

static const unsigned allowed[] = {
	[EMPTY] = 1u << RENEWING,
	[RENEWING] = 1u << READING | 1u << FAILED,
	[READING] = 1u << STORING | 1u << FAILED,
	[STORING] = 1u << READY | 1u << UNSTORED,
	[UNSTORED] = 1u << STORING,
	[READY] = 1u << RENEWING | 1u << EMPTY,
	[FAILED] = 1u << RENEWING | 1u << EMPTY,
};

struct grant {
	struct shd_change change; /* of STORING */
	struct shd_grants *grants;
	enum grant_state state;
	char *id;
	const struct shd_source *source;         /* one that uses the credential; NULL: none does */
	char first_hash[2 * SHD_SHA256_BYTES + 1]; /* of the configured, first refresh token */
	struct shd_secret *access, *refresh;     /* refresh NULL: the configured one */
	struct shd_wall issued, expires, refresh_expires;
	int64_t serial;                          /* counts the access tokens */
	struct shd_wall due; /* READY, FAILED: the next renewal; UNSTORED: the next try */
	int failures, store_failures; /* in a row */
	struct shd_error error;
	/* the renewal under way */
	struct shd_request request;
	struct shd_text body;
	int status;
	int64_t retry_after_ms;
	const struct shd_renewal *renewal;
	char first_hash_sent[2 * SHD_SHA256_BYTES + 1];
	struct shd_renewed renewed;
	bool read_ok;
};

struct shd_grants {
	struct shd_grants_in in;
	struct shd_config *config;
	struct grant **all;
	size_t count, room;
	size_t busy; /* grants with a renewal under way, up to the end of its transaction */
	uv_timer_t timer;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

static struct shd_wall now(const struct shd_grants *grants)
{
	return grants->in.now(grants->in.ctx);
}

static void renew(struct grant *grant);
static void store(struct grant *grant);
static void close_if_done(struct shd_grants *grants);

static void enter(struct grant *grant, enum grant_state state)
{
	shd_assert(allowed[grant->state] >> state & 1u);
	grant->state = state;
}

static bool is_waiting(const struct grant *grant)
{
	return grant->state == READY || grant->state == FAILED;
}

static bool is_being_stored(const struct grant *grant)
{
	return grant->state == STORING || grant->state == UNSTORED;
}

/* Whether something happens at `due`. A new token is stored even if no source uses it any more. */
static bool is_timed(const struct grant *grant)
{
	return grant->state == UNSTORED || (grant->source && is_waiting(grant));
}

/* --- time ----------------------------------------------------------------------------------- */

static void run_due(uv_timer_t *timer);

static void set_timer(struct shd_grants *grants)
{
	int64_t at = SHD_NEVER_MS, time = now(grants).ms;

	if (grants->closed)
		return;
	for (size_t i = 0; i < grants->count; i++)
		if (is_timed(grants->all[i]) && grants->all[i]->due.ms < at)
			at = grants->all[i]->due.ms;
	if (at == SHD_NEVER_MS)
		return;
	/* The wall clock may be set while the timer runs: check at least once a minute. */
	int64_t wait = at <= time ? 0 : at - time < SHD_MINUTE_MS ? at - time : SHD_MINUTE_MS;
	uv_timer_start(&grants->timer, run_due, (uint64_t)wait, 0);
}

static void run_due(uv_timer_t *timer)
{
	struct shd_grants *grants = timer->data;

	for (size_t i = 0; i < grants->count; i++) {
		struct grant *grant = grants->all[i];

		if (!is_timed(grant) || grant->due.ms > now(grants).ms)
			continue;
		if (grant->state == UNSTORED)
			store(grant);
		else
			renew(grant);
	}
	set_timer(grants);
}

/* --- a renewal -------------------------------------------------------------------------------- */

static void end_renewal(struct grant *grant)
{
	shd_request_finish(&grant->request);
	grant->grants->busy--;
	set_timer(grant->grants);
	close_if_done(grant->grants);
}

/* Ends a renewal without a token; grant->error says why. */
static void fail(struct grant *grant, int64_t retry_after_ms)
{
	struct shd_grants *grants = grant->grants;

	enter(grant, FAILED);
	grant->failures++;
	shd_fail_in(&grant->error, "no access token for \"%s\"", grant->id);
	grant->due.ms = now(grants).ms + shd_token_retry_ms(grant->error.kind, grant->failures,
						 retry_after_ms, grants->in.random(grants->in.ctx));
	end_renewal(grant);
}

static bool apply(struct shd_change *change, struct shd_transaction *transaction,
		  struct shd_error *reterr)
{
	struct grant *grant = (struct grant *)change;
	struct shd_token_row row = {.credential = grant->id,
		.first = grant->first_hash_sent,
		.access = shd_secret_reveal(grant->renewed.access, &(size_t){0}),
		.refresh = grant->renewed.refresh
				   ? shd_secret_reveal(grant->renewed.refresh, &(size_t){0})
				   : NULL,
		.issued = grant->issued,
		.expires = grant->expires,
		.refresh_expires = grant->refresh_expires};

	transaction->durable = true;
	return shd_state_token_put(transaction->state, &row, reterr);
}

static int64_t store_retry_ms(int failures)
{
	int64_t wait_ms = STORE_RETRY_MS;

	while (--failures > 0 && wait_ms < STORE_RETRY_MAX_MS)
		wait_ms *= 2;
	return wait_ms;
}

static void stored(struct shd_change *change, const struct shd_error *err)
{
	struct grant *grant = (struct grant *)change;
	struct shd_grants *grants = grant->grants;

	if (err && !grants->closed) { /* the old refresh token no longer works: try again */
		enter(grant, UNSTORED);
		grant->due.ms = now(grants).ms + store_retry_ms(++grant->store_failures);
		set_timer(grants);
		return;
	}
	enter(grant, READY);
	grant->failures = grant->store_failures = 0;
	grant->serial++;
	grant->due = shd_token_renew_at(
		grant->issued, grant->renewed.lifetime_ms, grant->renewal->ahead_ms);
	shd_secret_destroy(grant->access);
	shd_secret_destroy(grant->refresh);
	grant->access = shd_steal(grant->renewed.access);
	grant->refresh = shd_steal(grant->renewed.refresh);
	/* Another first token was configured while this renewal was under way. */
	if (grant->source && strcmp(grant->first_hash, grant->first_hash_sent) != 0) {
		enter(grant, EMPTY);
		shd_secret_destroy(shd_steal(grant->access));
		shd_secret_destroy(shd_steal(grant->refresh));
	}
	end_renewal(grant);
}

static void store(struct grant *grant)
{
	enter(grant, STORING);
	grant->change = (struct shd_change){.urgent = true, .apply = apply, .done = stored};
	grant->grants->in.changes.submit(grant->grants->in.changes.ctx, &grant->change);
}

static void keep_renewed(struct grant *grant)
{
	struct shd_wall time = now(grant->grants);
	const struct shd_renewed *renewed = &grant->renewed;
	size_t len;

	grant->issued = time;
	grant->expires.ms = time.ms + renewed->lifetime_ms;
	if (renewed->refresh_lifetime_ms)
		grant->refresh_expires.ms = time.ms + renewed->refresh_lifetime_ms;
	if (!renewed->refresh && grant->refresh) {
		const char *bytes = shd_secret_reveal(grant->refresh, &len);

		grant->renewed.refresh = shd_secret_create(bytes, len);
	}
	store(grant);
}

/* A request's JSON says its secrets, too. */
static void strike(struct grant *grant)
{
	char *text = grant->error.msg;

	shd_request_strike(&grant->request, text);
	if (grant->refresh) {
		size_t n;
		const char *refresh = shd_secret_reveal(grant->refresh, &n);

		shd_strike(text, strlen(text), refresh, n);
	}
}

static void read_answer(void *ctx)
{
	struct grant *grant = ctx;
	struct shd_answer answer = {
		.status = grant->status, .body = grant->body.data, .len = grant->body.len};

	grant->read_ok = grant->renewal->read(
		&answer, &grant->renewed, &grant->retry_after_ms, &grant->error);
	if (!grant->read_ok)
		strike(grant);
	shd_wipe(grant->body.data, grant->body.len);
}

static void on_read(void *ctx)
{
	struct grant *grant = ctx;

	shd_text_finish(&grant->body);
	if (grant->read_ok)
		keep_renewed(grant);
	else
		fail(grant, grant->retry_after_ms);
}

static void answered(void *ctx, struct shd_transfer_out *out)
{
	struct grant *grant = ctx;

	if (!out->ok) {
		grant->error = out->error;
		fail(grant, 0);
		return;
	}
	enter(grant, READING);
	grant->status = out->status;
	grant->retry_after_ms = 0;
	grant->body = out->body; /* taken */
	shd_text_init(&out->body, SIZE_MAX / 2);
	shd_jobs_parse(grant->grants->in.jobs, read_answer, on_read, grant);
}

static bool send_request(struct grant *grant)
{
	struct shd_grants *grants = grant->grants;
	const struct shd_source *source = grant->source;
	const struct shd_renewal *renewal = source->adapter->renewal;
	struct shd_renewal_in in = {.credential = source->credential,
		.base_url = source->base_url,
		.refresh = grant->refresh,
		.now = now(grants),
		.secret = shd_config_secret,
		.ctx = grants->config};

	if (!in.refresh)
		in.refresh = renewal->first(source->credential, shd_config_secret, grants->config);
	if (!renewal->request(&in, &grant->request, &grant->error))
		return false;
	grant->renewal = renewal;
	memcpy(grant->first_hash_sent, grant->first_hash, sizeof(grant->first_hash));
	struct shd_transfer_in transfer = {.method = grant->request.method,
		.egress = source->egress,
		.connect_ms = CONNECT_MS,
		.total_ms = TOTAL_MS,
		.answer_max_bytes = ANSWER_BYTES};
	shd_transfer_point_to(&transfer, &grant->request);
	return shd_transfer_start(grants->in.transfers, &transfer, answered, grant, &grant->error);
}

static void renew(struct grant *grant)
{
	struct shd_grants *grants = grant->grants;

	if (grants->closed)
		return;
	/* No failure, so no back-off. In EMPTY there is no timer; whoever needs the token asks
	 * again. */
	if (!shd_transfers_have_room(grants->in.transfers)) {
		grant->due.ms = now(grants).ms + NO_ROOM_RETRY_MS;
		set_timer(grants);
		return;
	}
	enter(grant, RENEWING);
	grants->busy++;
	shd_request_init(&grant->request, REQUEST_BYTES);
	if (!send_request(grant))
		fail(grant, 0);
}

/* --- use by the polls --------------------------------------------------------------------- */

static struct grant *find(const struct shd_grants *grants, const char *id)
{
	for (size_t i = 0; i < grants->count; i++)
		if (strcmp(grants->all[i]->id, id) == 0)
			return grants->all[i];
	return NULL;
}

enum shd_grant_use shd_grant_use(struct shd_grants *grants,
				 const struct shd_credential *credential,
				 struct shd_grant_token *ret_token, struct shd_error *reterr)
{
	if (!credential->adapter->renewal)
		return SHD_GRANT_NONE;
	struct grant *grant = find(grants, credential->id);

	shd_assert(grant);
	if (grant->access && now(grants).ms < grant->expires.ms && !is_being_stored(grant)) {
		*ret_token = (struct shd_grant_token){grant->access, grant->serial};
		return SHD_GRANT_READY;
	}
	if (grant->state == EMPTY || grant->state == READY)
		renew(grant);
	if (grant->state != FAILED)
		return SHD_GRANT_WAIT;
	*reterr = grant->error;
	return SHD_GRANT_REFUSED;
}

bool shd_grant_expired(struct shd_grants *grants, const struct shd_credential *credential,
		       int64_t serial)
{
	struct grant *grant = find(grants, credential->id);
	struct shd_wall time = now(grants);

	if (!grant || !grant->access)
		return grant && grant->state != FAILED;
	int64_t lifetime = grant->expires.ms - grant->issued.ms;
	int64_t fresh = lifetime / 4 < FRESH_MS ? lifetime / 4 : FRESH_MS;
	if (serial != grant->serial)
		return true;
	if (time.ms - grant->issued.ms < fresh)
		return false;
	shd_secret_destroy(shd_steal(grant->access));
	if (is_waiting(grant) && grant->due.ms > time.ms)
		grant->due = time;
	set_timer(grants);
	return true;
}

/* --- life --------------------------------------------------------------------------------- */

static void forget(struct grant *grant)
{
	shd_secret_destroy(shd_steal(grant->access));
	shd_secret_destroy(shd_steal(grant->refresh));
	grant->failures = 0;
	if (is_waiting(grant))
		enter(grant, EMPTY);
}

static void hash_first(struct shd_grants *grants, const struct shd_source *source,
		       char first[2 * SHD_SHA256_BYTES + 1])
{
	const struct shd_secret *secret = source->adapter->renewal->first(
		source->credential, shd_config_secret, grants->config);
	struct shd_bytes bytes = {.at = ""};
	unsigned char digest[SHD_SHA256_BYTES];

	if (secret)
		bytes.at = shd_secret_reveal(secret, &bytes.len);
	shd_sha256(&bytes, 1, digest);
	shd_hex(digest, sizeof(digest), first);
}

static struct grant *add(struct shd_grants *grants, const char *id)
{
	struct grant *grant = shd_xcalloc(1, sizeof(*grant));

	grant->grants = grants;
	grant->id = shd_xstrdup(id);
	shd_grow(grants->all, grants->count, grants->room);
	grants->all[grants->count++] = grant;
	return grant;
}

static void attach(struct shd_grants *grants, const struct shd_source *source)
{
	struct grant *grant = find(grants, source->credential->id);
	char first[2 * SHD_SHA256_BYTES + 1];

	if (!grant)
		grant = add(grants, source->credential->id);
	if (grant->source)
		return; /* done for another source of the same credential */
	grant->source = source;
	hash_first(grants, source, first);
	if (strcmp(first, grant->first_hash) == 0)
		return;
	memcpy(grant->first_hash, first, sizeof(first));
	forget(grant);
}

void shd_grants_configure(struct shd_grants *grants, struct shd_config *config)
{
	grants->config = config;
	for (size_t i = 0; i < grants->count; i++)
		grants->all[i]->source = NULL;
	for (size_t i = 0; i < config->settings->source_count; i++)
		if (config->settings->sources[i].adapter->renewal)
			attach(grants, &config->settings->sources[i]);
	set_timer(grants);
}

static struct shd_secret *secret_of(const char *text)
{
	return text ? shd_secret_create(text, strlen(text)) : NULL;
}

static void restore(struct shd_grants *grants, const struct shd_token_row *row)
{
	struct grant *grant = add(grants, row->credential);

	if (strlen(row->first) >= sizeof(grant->first_hash))
		return;
	memcpy(grant->first_hash, row->first, strlen(row->first) + 1);
	grant->access = secret_of(row->access);
	grant->refresh = secret_of(row->refresh);
	grant->issued = row->issued;
	grant->expires = row->expires;
	grant->refresh_expires = row->refresh_expires;
	grant->serial = 1;
	grant->state = READY;
}

struct shd_grants *shd_grants_create(const struct shd_grants_in *in, struct shd_config *config,
				     const struct shd_token_row *rows, size_t count)
{
	struct shd_grants *grants = shd_xcalloc(1, sizeof(*grants));

	grants->in = *in;
	uv_timer_init(in->loop, &grants->timer);
	grants->timer.data = grants;
	for (size_t i = 0; i < count; i++)
		restore(grants, &rows[i]);
	shd_grants_configure(grants, config);
	for (size_t i = 0; i < grants->count; i++) {
		struct grant *grant = grants->all[i];

		if (grant->source && grant->state == READY)
			grant->due = shd_token_renew_at(grant->issued,
				grant->expires.ms - grant->issued.ms,
				grant->source->adapter->renewal->ahead_ms);
	}
	set_timer(grants);
	return grants;
}

static void timer_closed(uv_handle_t *handle)
{
	struct shd_grants *grants = handle->data;
	void (*closed)(void *ctx) = grants->closed;
	void *ctx = grants->closed_ctx;

	for (size_t i = 0; i < grants->count; i++) {
		struct grant *grant = grants->all[i];

		forget(grant);
		shd_renewed_finish(&grant->renewed);
		free(grant->id);
		free(grant);
	}
	free(grants->all);
	free(grants);
	closed(ctx);
}

static void close_if_done(struct shd_grants *grants)
{
	if (grants->closed && !grants->busy && !uv_is_closing((uv_handle_t *)&grants->timer))
		uv_close((uv_handle_t *)&grants->timer, timer_closed);
}

static void lose_patience(uv_timer_t *timer)
{
	struct shd_grants *grants = timer->data;

	for (size_t i = 0; i < grants->count; i++)
		if (grants->all[i]->state == RENEWING)
			shd_transfer_cancel(grants->in.transfers, answered, grants->all[i]);
}

void shd_grants_close(struct shd_grants *grants, void (*closed)(void *ctx), void *ctx)
{
	grants->closed = closed;
	grants->closed_ctx = ctx;
	uv_timer_start(&grants->timer, lose_patience, CLOSE_MS, 0);
	for (size_t i = 0; i < grants->count; i++)
		if (grants->all[i]->state == UNSTORED)
			store(grants->all[i]);
	close_if_done(grants);
}

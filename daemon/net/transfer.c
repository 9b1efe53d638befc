#include "transfer.h"

#include "easy.h"
#include "mails.h"
#include "pool.h"

#include "conf/option.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	QUEUE_FACTOR = 8, /* requests that may wait, per slot */
	LOOK_MS = 100,    /* at those who wait for memory */
};

struct waiting {
	struct waiting *next;
	bool cancelled;
	struct shd_pool *pool;
	struct shd_transfer_in in;
	shd_transfer_fn *done;
	void *ctx;
};

struct shd_transfers {
	uv_loop_t *loop;
	struct shd_curl_sockets *sockets;
	struct shd_mails *mails;
	struct shd_budget *budget;
	int64_t wait_max_ms; /* for it */
	uv_timer_t cancel, memory;
	size_t parts_open; /* sockets, mails, the timers */
	struct shd_pool **pools; /* the first one is of no egress of its own, and stays */
	size_t pool_count, pool_room;
	size_t pools_open; /* with those that close */
	size_t slot_max, running, slot_count; /* in all pools */
	size_t shrink_at;  /* the pool that is to give a slot away next */
	bool any_unwanted; /* among the pools */
	struct waiting *first, **last;
	size_t waiting;
	char loopback[128]; /* how a URL began that goes to this machine */
	size_t loopback_len;
	bool closing;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* --- is a request allowed ------------------------------------------------------ */

/* Whether the host of the URL, as curl will read it, is this machine. */
static bool parse_is_loopback(const char *url)
{
	CURLU *parsed = curl_url();
	char *host = NULL;
	bool loopback = parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
			curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
			shd_host_is_loopback(host, strlen(host));

	curl_free(host);
	curl_url_cleanup(parsed);
	return loopback;
}

/* Parsing costs a part of what a poll does, and most URLs begin like the one before. What
 * stands up to the path decides alone. */
static bool goes_to_loopback(struct shd_transfers *transfers, const char *url)
{
	const char *host = strstr(url, "://");
	size_t len = host ? (size_t)(host - url) + 3 : 0;

	len += strcspn(url + len, "/?#");
	if (len == transfers->loopback_len && memcmp(url, transfers->loopback, len) == 0)
		return true;
	if (!parse_is_loopback(url))
		return false;
	transfers->loopback_len = len < sizeof(transfers->loopback) ? len : 0;
	memcpy(transfers->loopback, url, transfers->loopback_len);
	return true;
}

static bool starts_with(const char *url, const char *scheme)
{
	return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

static bool is_mail(const struct shd_transfer_in *in)
{
	return starts_with(in->url, "smtp://") || starts_with(in->url, "smtps://");
}

static bool check(struct shd_transfers *transfers, const struct shd_transfer_in *in,
		  struct shd_error *reterr)
{
	bool mail = is_mail(in);

	shd_assert(in->header_count <= SHD_SLOT_HEADERS);
	if (mail != (in->mail_from != NULL))
		return shd_fail(reterr, SHD_ERR_CONFIG, "%s: %s", in->url,
				mail ? "a mail needs a sender" : "expected smtp:// or smtps://");
	if (mail && in->mail_to.count == 0)
		return shd_fail(reterr, SHD_ERR_CONFIG, "%s: a mail needs a recipient", in->url);
	if (mail || starts_with(in->url, "https://"))
		return true;
	if (!starts_with(in->url, "http://"))
		return shd_fail(reterr, SHD_ERR_CONFIG, "%.80s: expected https://", in->url);
	if (!in->unix_socket && !goes_to_loopback(transfers, in->url))
		return shd_fail(reterr, SHD_ERR_CONFIG,
			"%.80s: only this machine is spoken to without TLS; expected https://",
			in->url);
	return true;
}

/* --- pools --------------------------------------------------------------------- */

static const struct shd_egress direct = {0};

static void run_waiting(struct shd_transfers *transfers);
static void close_unwanted(struct shd_transfers *transfers);
static void pool_closed(void *ctx);

static void ended(void *ctx, size_t count)
{
	struct shd_transfers *transfers = ctx;

	transfers->running -= count;
	if (transfers->closing)
		return;
	run_waiting(transfers);
	if (transfers->any_unwanted)
		close_unwanted(transfers);
}

static struct shd_pool *find_pool(
	const struct shd_transfers *transfers, const struct shd_egress *egress)
{
	uint64_t hash = shd_pool_hash(egress);

	for (size_t i = 0; i < transfers->pool_count; i++)
		if (shd_pool_is(transfers->pools[i], egress, hash))
			return transfers->pools[i];
	return NULL;
}

static struct shd_pool *add_pool(struct shd_transfers *transfers, const struct shd_egress *egress)
{
	struct shd_pool_in in = {.loop = transfers->loop,
		.sockets = transfers->sockets,
		.budget = transfers->budget,
		.connections_max = transfers->slot_max,
		.ended = ended,
		.closed = pool_closed,
		.ctx = transfers};
	struct shd_pool *pool = shd_pool_create(&in, egress);

	for (size_t i = 1; i < transfers->pool_count; i++) { /* with the CA file as it was */
		if (!shd_pool_says(transfers->pools[i], egress))
			continue;
		transfers->pools[i]->unwanted = true;
		transfers->any_unwanted = true;
	}
	shd_grow(transfers->pools, transfers->pool_count, transfers->pool_room);
	transfers->pools[transfers->pool_count++] = pool;
	transfers->pools_open++;
	return pool;
}

/* Closes the pools that nobody names any more and whose last request has ended. */
static void close_unwanted(struct shd_transfers *transfers)
{
	transfers->any_unwanted = false;
	for (size_t i = 1; i < transfers->pool_count; i++) {
		struct shd_pool *pool = transfers->pools[i];

		if (!pool->unwanted)
			continue;
		if (pool->running || pool->waiting) {
			transfers->any_unwanted = true;
			continue;
		}
		transfers->slot_count -= pool->slot_count;
		transfers->pools[i--] = transfers->pools[--transfers->pool_count];
		shd_pool_close(pool);
	}
}

void shd_transfers_keep(
	struct shd_transfers *transfers, const struct shd_egress *egresses, size_t count)
{
	for (size_t i = 0; i < transfers->pool_count; i++)
		transfers->pools[i]->unwanted = true;
	for (size_t i = 0; i < count; i++) {
		struct shd_pool *pool = find_pool(transfers, &egresses[i]);

		if (pool)
			pool->unwanted = false;
	}
	close_unwanted(transfers);
}

/* --- the queue ------------------------------------------------------------------- */

/* Another pool gives a slot away; one of them has an idle one. */
static void make_room(struct shd_transfers *transfers)
{
	while (!shd_pool_shrink(transfers->pools[transfers->shrink_at % transfers->pool_count]))
		transfers->shrink_at++;
	transfers->slot_count--;
}

static void run(struct shd_transfers *transfers, struct shd_pool *pool,
		const struct shd_transfer_in *in, shd_transfer_fn *done, void *ctx)
{
	if (!pool->idle && transfers->slot_count >= transfers->slot_max)
		make_room(transfers);
	transfers->slot_count += !pool->idle;
	transfers->running++;
	shd_pool_run(pool, in, done, ctx);
}

static struct waiting *take_waiting(struct shd_transfers *transfers)
{
	struct waiting *waiting = transfers->first;

	if (!waiting)
		return NULL;
	transfers->first = waiting->next;
	if (!transfers->first)
		transfers->last = &transfers->first;
	transfers->waiting--;
	waiting->pool->waiting--;
	return waiting;
}

static void run_waiting(struct shd_transfers *transfers)
{
	struct waiting *waiting;

	while (transfers->running < transfers->slot_max && (waiting = take_waiting(transfers))) {
		run(transfers, waiting->pool, &waiting->in, waiting->done, waiting->ctx);
		if (waiting->cancelled)
			shd_pool_cancel(waiting->pool, waiting->done, waiting->ctx);
		free(waiting);
	}
}

static void enqueue(struct shd_transfers *transfers, struct shd_pool *pool,
		    const struct shd_transfer_in *in, shd_transfer_fn *done, void *ctx)
{
	struct waiting *waiting = shd_xcalloc(1, sizeof(*waiting));

	waiting->pool = pool;
	waiting->in = *in;
	waiting->done = done;
	waiting->ctx = ctx;
	*transfers->last = waiting;
	transfers->last = &waiting->next;
	transfers->waiting++;
	pool->waiting++;
}

/* --- cancelling --------------------------------------------------------------------- */

static void end_waiting(struct shd_transfers *transfers)
{
	struct waiting **at = &transfers->first, *cancelled = NULL;

	while (*at) {
		struct waiting *waiting = *at;

		if (!waiting->cancelled) {
			at = &waiting->next;
			continue;
		}
		*at = waiting->next;
		transfers->waiting--;
		waiting->pool->waiting--;
		waiting->next = cancelled;
		cancelled = waiting;
	}
	transfers->last = at;
	while (cancelled) {
		struct waiting *waiting = cancelled;

		cancelled = waiting->next;
		shd_easy_cancel(waiting->done, waiting->ctx);
		free(waiting);
	}
}

static void end_cancelled(uv_timer_t *timer)
{
	struct shd_transfers *transfers = timer->data;

	end_waiting(transfers);
	for (size_t i = transfers->pool_count; i-- > 0;) /* the end of its last closes a pool */
		if (i < transfers->pool_count)
			shd_pool_end_cancelled(transfers->pools[i]);
}

void shd_transfer_cancel(struct shd_transfers *transfers, shd_transfer_fn *done, void *ctx)
{
	bool found = false;

	if (transfers->closing)
		return;
	for (size_t i = 0; i < transfers->pool_count && !found; i++)
		found = shd_pool_cancel(transfers->pools[i], done, ctx);
	for (struct waiting *w = transfers->first; w && !found; w = w->next)
		if (w->done == done && w->ctx == ctx)
			w->cancelled = found = true;
	if (found)
		uv_timer_start(&transfers->cancel, end_cancelled, 0, 0);
}

/* --- memory ------------------------------------------------------------------------- */

/* Somebody who waited for memory, or whose time limit is kept by us, and ended. */
static bool end_one(struct shd_transfers *transfers, bool *ret_any)
{
	struct shd_hold *hold = NULL;

	*ret_any = false;
	while ((hold = shd_budget_next(transfers->budget, hold))) {
		struct shd_slot *slot = shd_hold_owner(hold);

		if (!slot || (!slot->waits && !slot->own_time))
			continue;
		*ret_any = true;
		if (shd_pool_turn(slot->pool, slot, transfers->wait_max_ms))
			return true;
	}
	return false;
}

static void look_at_memory(uv_timer_t *timer)
{
	struct shd_transfers *transfers = timer->data;
	bool any;

	while (end_one(transfers, &any)) {
	}
	if (any && !uv_is_active((uv_handle_t *)timer))
		uv_timer_start(timer, look_at_memory, LOOK_MS, 0);
}

static void memory_released(void *ctx)
{
	struct shd_transfers *transfers = ctx;

	if (!transfers->closing)
		uv_timer_start(&transfers->memory, look_at_memory, 0, 0);
}

void shd_transfers_limit_memory(
	struct shd_transfers *transfers, int64_t max_bytes, int64_t wait_max_ms)
{
	transfers->wait_max_ms = wait_max_ms;
	shd_budget_limit(transfers->budget, max_bytes);
}

void shd_transfers_memory(
	const struct shd_transfers *transfers, struct shd_memory_use *ret_use)
{
	shd_budget_use(transfers->budget, ret_use);
}

/* --- leave -------------------------------------------------------------------------- */

void shd_transfers_limit(struct shd_transfers *transfers, int64_t in_flight_max)
{
	transfers->slot_max = (size_t)in_flight_max;
	if (!transfers->closing)
		run_waiting(transfers);
}

bool shd_transfers_have_room(const struct shd_transfers *transfers)
{
	return transfers->waiting < QUEUE_FACTOR * transfers->slot_max;
}

void shd_transfer_point_to(struct shd_transfer_in *in, const struct shd_request *request)
{
	in->url = request->url.data;
	in->headers = request->headers;
	in->header_count = request->header_count;
	in->body = request->body.data;
	in->body_len = request->body.len;
}

bool shd_transfer_start(struct shd_transfers *transfers, const struct shd_transfer_in *in,
			shd_transfer_fn *done, void *ctx, struct shd_error *reterr)
{
	const struct shd_egress *egress = in->egress ? in->egress : &direct;
	struct shd_transfer_in own = *in;

	if (transfers->closing)
		return shd_fail(reterr, SHD_ERR_CLOSING, "the daemon stops");
	if (!check(transfers, in, reterr))
		return false;
	/* A password never goes over a network in the clear. */
	own.require_tls |= in->user && starts_with(in->url, "smtp://") &&
			   !goes_to_loopback(transfers, in->url);
	if (is_mail(in))
		return shd_mails_send(transfers->mails, &own, egress, done, ctx, reterr);
	if (!shd_transfers_have_room(transfers))
		return shd_fail(reterr, SHD_ERR_LIMIT, "%zu request%s wait already",
				transfers->waiting, SHD_S(transfers->waiting));
	own.egress = NULL; /* the pool has a copy */
	struct shd_pool *pool = find_pool(transfers, egress);
	if (!pool)
		pool = add_pool(transfers, egress);
	if (transfers->running < transfers->slot_max && !transfers->first)
		run(transfers, pool, &own, done, ctx);
	else
		enqueue(transfers, pool, &own, done, ctx);
	return true;
}

size_t shd_transfers_tidy(struct shd_transfers *transfers)
{
	size_t freed = 0;

	for (size_t i = 0; i < transfers->pool_count; i++)
		freed += shd_pool_tidy(transfers->pools[i]);
	transfers->slot_count -= freed;
	return freed;
}

size_t shd_transfers_running(const struct shd_transfers *transfers)
{
	return transfers->running;
}

size_t shd_transfers_waiting(const struct shd_transfers *transfers)
{
	return transfers->waiting;
}

size_t shd_transfers_pools(const struct shd_transfers *transfers)
{
	return transfers->pools_open;
}

/* --- life ------------------------------------------------------------------------ */

struct shd_transfers *shd_transfers_create(uv_loop_t *loop, int64_t in_flight_max)
{
	struct shd_transfers *transfers = shd_xcalloc(1, sizeof(*transfers));

	shd_assert(in_flight_max > 0 && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
	transfers->loop = loop;
	transfers->sockets = shd_curl_sockets_create(loop);
	transfers->mails = shd_mails_create(loop);
	transfers->budget = shd_budget_create(memory_released, transfers);
	transfers->parts_open = 4;
	uv_timer_init(loop, &transfers->cancel);
	uv_timer_init(loop, &transfers->memory);
	transfers->cancel.data = transfers->memory.data = transfers;
	transfers->slot_max = (size_t)in_flight_max;
	transfers->last = &transfers->first;
	add_pool(transfers, &direct);
	return transfers;
}

static void part_closed(void *ctx)
{
	struct shd_transfers *transfers = ctx;

	if (--transfers->parts_open)
		return;
	void (*closed)(void *ctx) = transfers->closed;
	void *closed_ctx = transfers->closed_ctx;

	curl_global_cleanup();
	shd_budget_close(transfers->budget);
	free(transfers->pools);
	free(transfers);
	if (closed)
		closed(closed_ctx);
}

static void timer_closed(uv_handle_t *handle)
{
	part_closed(handle->data);
}

static void pool_closed(void *ctx)
{
	struct shd_transfers *transfers = ctx;
	struct waiting *waiting;

	if (--transfers->pools_open)
		return;
	while ((waiting = transfers->first)) { /* its pool is gone */
		transfers->first = waiting->next;
		transfers->waiting--;
		shd_easy_cancel(waiting->done, waiting->ctx);
		free(waiting);
	}
	shd_curl_sockets_close(transfers->sockets, part_closed, transfers);
}

void shd_transfers_close(struct shd_transfers *transfers, void (*closed)(void *ctx), void *ctx)
{
	shd_assert(!transfers->closing);
	transfers->closing = true;
	transfers->closed = closed;
	transfers->closed_ctx = ctx;
	shd_mails_close(transfers->mails, part_closed, transfers);
	uv_close((uv_handle_t *)&transfers->cancel, timer_closed);
	uv_close((uv_handle_t *)&transfers->memory, timer_closed);
	for (size_t i = 0; i < transfers->pool_count; i++)
		shd_pool_close(transfers->pools[i]);
}

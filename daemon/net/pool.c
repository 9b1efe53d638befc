#include "pool.h"

#include "base/hash.h"
#include "easy.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char *copy(const char *text)
{
	return text ? shd_xstrdup(text) : NULL;
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Another one when the file was changed or replaced. */
static uint64_t hash_file(uint64_t hash, const char *path)
{
	struct stat found = {0};

	if (!path || stat(path, &found) != 0)
		return hash + 1;
	const int64_t facts[] = {(int64_t)found.st_dev, (int64_t)found.st_ino, found.st_size,
		found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
	return shd_hash_after(hash, (const char *)facts, sizeof(facts));
}

uint64_t shd_pool_hash(const struct shd_egress *egress)
{
	const char *texts[] = {egress->proxy, egress->interface, egress->ca_file};
	uint64_t hash = 0;

	for (size_t i = 0; i < SHD_COUNT(texts); i++)
		hash = texts[i] ? shd_hash_after(hash, texts[i], strlen(texts[i])) : hash + 1;
	return hash_file(hash, egress->ca_file);
}

bool shd_pool_says(const struct shd_pool *pool, const struct shd_egress *egress)
{
	return same(pool->egress.proxy, egress->proxy) &&
	       same(pool->egress.interface, egress->interface) &&
	       same(pool->egress.ca_file, egress->ca_file);
}

bool shd_pool_is(const struct shd_pool *pool, const struct shd_egress *egress, uint64_t hash)
{
	return pool->hash == hash && shd_pool_says(pool, egress);
}

/* --- slots ------------------------------------------------------------------------------ */

static void unlink_idle(struct shd_pool *pool, struct shd_slot **at)
{
	*at = (*at)->next;
	pool->idle_count--;
	if (pool->idle_least > pool->idle_count)
		pool->idle_least = pool->idle_count;
}

static struct shd_slot *take(struct shd_pool *pool)
{
	struct shd_slot *slot = pool->idle;

	if (slot) {
		unlink_idle(pool, &pool->idle);
		return slot;
	}
	slot = shd_slot_create(&pool->egress, pool->in.budget);
	slot->pool = pool;
	slot->place = pool->slot_count;
	shd_grow(pool->slots, pool->slot_count, pool->slot_room);
	pool->slots[pool->slot_count++] = slot;
	return slot;
}

static void give_back(struct shd_pool *pool, struct shd_slot *slot)
{
	slot->next = pool->idle;
	pool->idle = slot;
	pool->idle_count++;
}

static void free_idle(struct shd_pool *pool, struct shd_slot **at)
{
	struct shd_slot *slot = *at, *last = pool->slots[--pool->slot_count];

	unlink_idle(pool, at);
	last->place = slot->place;
	pool->slots[slot->place] = last;
	shd_slot_destroy(slot);
}

bool shd_pool_shrink(struct shd_pool *pool)
{
	if (!pool->idle)
		return false;
	free_idle(pool, &pool->idle);
	return true;
}

/* The one that was given back last is taken first, so the others stand at the end. */
size_t shd_pool_tidy(struct shd_pool *pool)
{
	struct shd_slot **at = &pool->idle;
	size_t freed = pool->idle_least;

	for (size_t used = pool->idle_count - freed; used > 0; used--)
		at = &(*at)->next;
	while (*at)
		free_idle(pool, at);
	pool->idle_least = pool->idle_count;
	return freed;
}

void shd_pool_run(struct shd_pool *pool, const struct shd_transfer_in *in, shd_transfer_fn *done,
		  void *ctx)
{
	struct shd_slot *slot = take(pool);

	shd_slot_begin(slot, in, done, ctx, (int64_t)uv_now(pool->in.loop));
	pool->running++;
	shd_assert(curl_multi_add_handle(pool->multi, slot->easy) == CURLM_OK);
}

static void end(struct shd_pool *pool, struct shd_slot *slot, CURLcode code)
{
	shd_slot_end(slot, code, (int64_t)uv_now(pool->in.loop));
	give_back(pool, slot);
	pool->running--;
}

/* What a callback starts has to wait until all that ended is counted. */
static void drain(void *ctx)
{
	struct shd_pool *pool = ctx;
	CURLMsg *message;
	size_t ended = 0;
	int left;

	while (!pool->closing && (message = curl_multi_info_read(pool->multi, &left))) {
		struct shd_slot *slot;

		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result; /* gone once the handle is removed */
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
		curl_multi_remove_handle(pool->multi, slot->easy);
		if (code == CURLE_OK && !shd_slot_arrived(slot))
			continue; /* shd_pool_turn ends it */
		end(pool, slot, code);
		ended++;
	}
	if (ended && !pool->closing)
		pool->in.ended(pool->in.ctx, ended);
}

bool shd_pool_turn(struct shd_pool *pool, struct shd_slot *slot, int64_t wait_max_ms)
{
	enum shd_slot_turn turn = SHD_SLOT_ON;

	if (!pool->closing)
		turn = shd_slot_turn(slot, (int64_t)uv_now(pool->in.loop), wait_max_ms);

	if (turn == SHD_SLOT_ON)
		return false;
	if (turn == SHD_SLOT_OVER)
		curl_multi_remove_handle(pool->multi, slot->easy);
	end(pool, slot, CURLE_OK);
	pool->in.ended(pool->in.ctx, 1);
	return true;
}

bool shd_pool_cancel(struct shd_pool *pool, shd_transfer_fn *done, void *ctx)
{
	for (size_t i = 0; i < pool->slot_count; i++) {
		struct shd_slot *slot = pool->slots[i];

		if (slot->busy && slot->done == done && slot->ctx == ctx) {
			slot->cancelled = pool->any_cancelled = true;
			return true;
		}
	}
	return false;
}

void shd_pool_end_cancelled(struct shd_pool *pool)
{
	size_t ended = 0;

	if (pool->closing || !pool->any_cancelled)
		return;
	pool->any_cancelled = false;
	for (size_t i = 0; i < pool->slot_count; i++) {
		struct shd_slot *slot = pool->slots[i];

		if (!slot->busy || !slot->cancelled)
			continue;
		curl_multi_remove_handle(pool->multi, slot->easy);
		shd_slot_give_up(slot);
		give_back(pool, slot);
		pool->running--;
		ended++;
	}
	if (ended)
		pool->in.ended(pool->in.ctx, ended);
}

/* --- life ------------------------------------------------------------------------------- */

struct shd_pool *shd_pool_create(const struct shd_pool_in *in, const struct shd_egress *egress)
{
	struct shd_pool *pool = shd_xcalloc(1, sizeof(*pool));

	pool->in = *in;
	pool->egress = (struct shd_egress){.proxy = copy(egress->proxy),
		.interface = copy(egress->interface),
		.ca_file = copy(egress->ca_file)};
	pool->hash = shd_pool_hash(egress);
	pool->multi = curl_multi_init();
	shd_assert(pool->multi);
	curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, (long)in->connections_max);
	pool->glue = shd_curl_loop_create(in->sockets, pool->multi, drain, pool);
	return pool;
}

/* From a turn of its own. */
static void cancel_all(void *ctx)
{
	struct shd_pool *pool = ctx;
	size_t ended = pool->running;

	for (size_t i = 0; i < pool->slot_count; i++) {
		struct shd_slot *slot = pool->slots[i];

		if (slot->busy) {
			curl_multi_remove_handle(pool->multi, slot->easy);
			shd_easy_cancel(slot->done, slot->ctx);
		}
		shd_slot_destroy(slot);
	}
	free(pool->slots);
	curl_multi_cleanup(pool->multi); /* closes connections: the glue is still needed */
	if (ended)
		pool->in.ended(pool->in.ctx, ended);
}

static void glue_closed(void *ctx)
{
	struct shd_pool *pool = ctx;
	struct shd_pool_in in = pool->in;

	free((char *)pool->egress.proxy);
	free((char *)pool->egress.interface);
	free((char *)pool->egress.ca_file);
	free(pool);
	in.closed(in.ctx);
}

void shd_pool_close(struct shd_pool *pool)
{
	pool->closing = true;
	shd_curl_loop_close(pool->glue, cancel_all, glue_closed);
}

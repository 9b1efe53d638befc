/* tests/support/deliver_bench.h - a deliverer with the real loop, jobs, queue of changes, transfers
 * and state, a receiver on loopback, and a clock of its own. */
#pragma once
#include "cases.h"
#include "outbox.h"
#include "peer.h"

#include "commit/commit.h"
#include "deliver/deliver.h"
#include "host/clock.h"
#include "notify/webhook.h"
#include "state/sqlite/query.h"

#include <string.h>

enum { CHANNELS = 4, GIVE_UP_MS = 86400000, IN_FLIGHT_MAX = 32 };
static const int64_t start_ms = 1775321940000;

static const struct {
	const char *name, *path;
} channel_rows[CHANNELS] = {
	{"good", "/echo"}, {"busy", "/status/503"}, {"gone", "/status/410"}, {"silent", "/silent"}};

/* One daemon's worth of parts. `log` gets a line per recorded attempt. */
struct world {
	struct peer *peer;
	struct shd_settings settings;
	struct shd_channel_settings channels[CHANNELS];
	struct shd_webhook_settings hooks[CHANNELS];
	char urls[CHANNELS][64];
	struct shd_config config;
	struct shd_state *state;
	uv_loop_t loop;
	struct shd_jobs *jobs;
	struct shd_transfers *transfers;
	struct shd_commit *commit;
	struct shd_deliver *deliver;
	struct shd_clock clock;
	struct shd_text log, health;
	int recorded, closed;
};

static inline uint32_t no_luck(void *ctx)
{
	(void)ctx;
	return 0;
}

static inline void on_delivered(void *ctx, const struct shd_delivered *what)
{
	struct world *world = ctx;

	world->recorded++;
	shd_text_printf(&world->log, "%s #%d %s %d%s\n", what->channel, what->attempt,
		what->ok ? "ok" : "failed", what->status, what->given_up ? ", given up" : "");
}

static inline void on_changed(void *ctx, const struct shd_channel_report *channel)
{
	struct world *world = ctx;

	shd_text_printf(&world->health, "%s %s waiting %zu since %lld\n",
		channel->channel,
		channel->error < 0 ? "works" : shd_err_name((enum shd_err)channel->error),
		channel->waiting,
		channel->oldest_undelivered.ms
			? (long long)(channel->oldest_undelivered.ms - start_ms)
			: -1);
}

static inline struct shd_phrasebook *load_book(void)
{
	struct shd_diags *diags SHD_AUTO(shd_diags_destroyp) = shd_diags_create(10);
	struct shd_doc *docs[SHD_LANGUAGE_COUNT];

	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++) {
		char path[256];
		size_t len;

		snprintf(path, sizeof(path), SHD_SOURCE_DIR "/conf/texts/%s.yaml",
			shd_language_names[i]);
		char *text shd_autofree = case_file(path, &len);
		docs[i] = shd_doc_parse(path, text, len, diags);
	}
	struct shd_phrasebook *book = shd_phrasebook_create(docs, diags);
	assert_non_null(book);
	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++)
		shd_doc_destroy(docs[i]);
	return book;
}

static inline void on_judged(void *ctx, const struct shd_outcome *outcome)
{
	(void)ctx;
	(void)outcome;
}

static inline void on_state(void *ctx, const struct shd_error *err)
{
	(void)ctx;
	(void)err;
}

static inline void start_daemon(struct world *world)
{
	assert_int_equal(uv_loop_init(&world->loop), 0);
	world->jobs = shd_jobs_create(&world->loop);
	world->transfers = shd_transfers_create(&world->loop, IN_FLIGHT_MAX);
	const struct shd_commit_in commit = {.loop = &world->loop,
		.jobs = world->jobs,
		.state = world->state,
		.engine = shd_engine_of(world->state),
		.clock = &world->clock,
		.judged = on_judged,
		.state_failed = on_state,
		.ctx = world};
	world->commit = shd_commit_create(&commit);
	const struct shd_deliver_in in = {.loop = &world->loop,
		.transfers = world->transfers,
		.jobs = world->jobs,
		.state = world->state,
		.changes = shd_commit_changes(world->commit),
		.clock = &world->clock,
		.random = no_luck,
		.delivered = on_delivered,
		.channel_changed = on_changed,
		.ctx = world};
	world->deliver = shd_deliver_create(&in, &world->config);
	shd_commit_use(world->commit, NULL, shd_deliver_take(world->deliver));
	shd_deliver_start(world->deliver);
}

static inline void jobs_closed(void *ctx)
{
	((struct world *)ctx)->closed++;
}

static inline void commit_closed(void *ctx)
{
	struct world *world = ctx;

	world->closed++;
	shd_jobs_close(world->jobs, jobs_closed, world);
}

static inline void transfers_closed(void *ctx)
{
	struct world *world = ctx;

	world->closed++;
	shd_commit_close(world->commit, commit_closed, world);
}

static inline void deliver_closed(void *ctx)
{
	struct world *world = ctx;

	world->closed++;
	shd_transfers_close(world->transfers, transfers_closed, world);
}

static inline void commit_idle(void *ctx)
{
	struct world *world = ctx;

	shd_commit_use(world->commit, NULL, NULL);
	shd_commit_leave(world->commit);
	shd_deliver_close(world->deliver, deliver_closed, world);
}

static inline void stop_daemon(struct world *world)
{
	world->closed = 0;
	shd_commit_pause(world->commit, commit_idle, world);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(world->closed, 4);
	assert_int_equal(uv_loop_close(&world->loop), 0);
}

static inline int set_up(void **state)
{
	struct world *world = shd_xcalloc(1, sizeof(*world));
	struct shd_error error;

	world->peer = peer_start();
	for (int i = 0; i < CHANNELS; i++) {
		snprintf(world->urls[i], sizeof(world->urls[i]), "http://127.0.0.1:%d%s",
			world->peer->port, channel_rows[i].path);
		world->hooks[i].url = world->urls[i];
		world->channels[i] = (struct shd_channel_settings){.name = channel_rows[i].name,
			.notifier = shd_notifier_find("webhook"), .timezone = "UTC",
			.timeout_ms = 10000, .give_up_ms = GIVE_UP_MS,
			.notifier_settings = &world->hooks[i]};
	}
	world->settings.channels = world->channels;
	world->settings.channel_count = CHANNELS;
	world->config.settings = &world->settings;
	world->config.book = load_book();
	shd_clock_init(&world->clock, &(struct shd_clock_reading){.wall = {start_ms}});
	shd_text_init(&world->log, 1 << 16);
	shd_text_init(&world->health, 1 << 16);
	assert_true(shd_state_open(":memory:", &world->state, &error));
	*state = world;
	return 0;
}

static inline int tear_down(void **state)
{
	struct world *world = *state;

	shd_state_close(world->state);
	shd_phrasebook_destroy(world->config.book);
	shd_text_finish(&world->log);
	shd_text_finish(&world->health);
	peer_stop(world->peer);
	free(world);
	return 0;
}

/* Puts a message into the outbox, as the judge does. No state job runs. */
static inline void post_grouped(struct world *world, const char *channel, const char *key,
	const char *group, int64_t wait_ms)
{
	static const char facts[] = "[{\"alert\":1,\"episode\":1,\"move\":\"new\",\"level\":"
				    "\"critical\",\"from\":\"none\","
				    "\"rule\":\"r\",\"store\":\"s\",\"at\":1775321940000}]";
	struct shd_outbox_row row = {.key = key, .channel = channel, .group = group,
		.facts = facts, .level = SHD_CRITICAL, .made = world->clock.at.wall,
		.next_try = {world->clock.at.wall.ms + wait_ms},
		.give_up = {world->clock.at.wall.ms + GIVE_UP_MS}, .state = SHD_OUTBOX_WAITING};
	struct shd_error error;

	assert_true(shd_state_outbox_add(world->state, &row, &error));
}

static inline void post(struct world *world, const char *channel, const char *key)
{
	post_grouped(world, channel, key, key, 0);
}

/* As a full disk. No state job runs. */
static inline void read_only(struct world *world, bool on)
{
	const char *sql = on ? "PRAGMA query_only = 1" : "PRAGMA query_only = 0";

	assert_int_equal(
		sqlite3_exec(world->state->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* Runs until so many attempts are recorded; the test fails after ten seconds. */
static inline void run_until(struct world *world, int recorded)
{
	uint64_t end = uv_hrtime() + UINT64_C(10000000000);

	while (world->recorded < recorded) {
		uv_run(&world->loop, UV_RUN_ONCE);
		if (uv_hrtime() > end)
			fail_msg("only %d of %d:\n%s", world->recorded, recorded, world->log.data);
	}
}

/* The head of the last of so many requests; the peer has written it before it counts. */
static inline const char *last_head(struct world *world, int requests)
{
	assert_int_equal(atomic_load(&world->peer->requests), requests);
	return world->peer->last_head;
}

/* Rows that are due at `now`, and when the next one is. */
static inline size_t due(struct world *world, int64_t now_ms, int64_t *ret_next_ms)
{
	struct shd_arena *arena SHD_AUTO(shd_arena_destroyp) = shd_arena_create(1 << 20);
	struct shd_outbox_row *rows;
	struct shd_wall next;
	struct shd_error error;

	assert_true(shd_state_outbox_next(world->state, (struct shd_wall){now_ms}, &next, &error));
	*ret_next_ms = next.ms;
	return outbox_due(world->state, now_ms, 1000, arena, &rows);
}

/* A new epoch begins; there are no feeds to be read again. */
static inline void set_clock(struct world *world, int64_t by_ms)
{
	struct shd_clock_reading at = world->clock.at;

	at.wall.ms += by_ms;
	shd_clock_advance(&world->clock, &at);
	shd_commit_catch_up(world->commit, &(struct shd_unread){0}, 0);
}

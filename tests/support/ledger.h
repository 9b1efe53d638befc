/* tests/support/ledger.h - a ledger (poll/ledger.h) on virtual clocks, over a state in memory.
 * What it hands in is written when the test says so. */
#pragma once
#include "base/mem.h"
#include "poll/ledger.h"

struct test_ledger {
	struct shd_ledger *of;
	struct shd_state *state;
	struct shd_arena *arena;
	struct shd_change *waiting;
	int64_t mono_ms, wall_ms;
	bool refuses; /* the state fails */
	int writes;
};

static inline bool test_ledger_write(struct test_ledger *ledger)
{
	struct shd_change *change = shd_steal(ledger->waiting);
	struct shd_transaction transaction = {
		.state = ledger->state, .now = {ledger->wall_ms}};
	struct shd_error err;

	if (!change)
		return false;
	ledger->writes++;
	change->queued = false;
	shd_fail(&err, SHD_ERR_STATE, "the disk is full");
	if (!ledger->refuses)
		assert_true(change->apply(change, &transaction, &err));
	change->done(change, ledger->refuses ? &err : NULL);
	return true;
}

static inline void test_ledger_submit(void *ctx, struct shd_change *change)
{
	struct test_ledger *ledger = ctx;

	change->queued = true;
	ledger->waiting = change;
}

static inline struct shd_wall test_ledger_now(void *ctx)
{
	const struct test_ledger *ledger = ctx;

	return (struct shd_wall){ledger->wall_ms};
}

static inline struct shd_mono test_ledger_mono(void *ctx)
{
	const struct test_ledger *ledger = ctx;

	return (struct shd_mono){ledger->mono_ms};
}

/* A start: with what the state knows. The monotonic clock begins anew, the wall clock went on. */
static inline void test_ledger_start(struct test_ledger *ledger, int64_t passed_ms)
{
	const struct shd_ledger_in in = {.changes = {test_ledger_submit, ledger},
		.now = test_ledger_now, .mono = test_ledger_mono, .ctx = ledger};
	struct shd_bucket_row *rows;
	struct shd_error err;
	size_t count;

	ledger->wall_ms += passed_ms;
	ledger->mono_ms = 5000;
	ledger->waiting = NULL;
	assert_true(shd_state_buckets(ledger->state, ledger->arena, &rows, &count, &err));
	ledger->of = shd_ledger_create(&in, rows, count);
}

static inline void test_ledger_open(struct test_ledger *ledger)
{
	struct shd_error err;

	*ledger = (struct test_ledger){.wall_ms = 1790856000000LL};
	ledger->arena = shd_arena_create(1 << 20);
	assert_true(shd_state_open(":memory:", &ledger->state, &err));
	test_ledger_start(ledger, 0);
}

/* Time passes, a millisecond after the other; what is handed in is written when it is urgent,
 * or after a second. */
static inline void test_ledger_pass(struct test_ledger *ledger, int64_t ms)
{
	for (; ms > 0; ms--) {
		ledger->mono_ms++;
		ledger->wall_ms++;
		if (ledger->waiting &&
			(ledger->waiting->urgent || ledger->mono_ms % SHD_SECOND_MS == 0))
			test_ledger_write(ledger);
		if (ledger->mono_ms % SHD_SECOND_MS == 0)
			shd_ledger_tick(ledger->of);
	}
}

/* kill -9: what is handed in was not written. */
static inline void test_ledger_kill(struct test_ledger *ledger)
{
	ledger->refuses = true;
	test_ledger_write(ledger);
	ledger->refuses = false;
	shd_ledger_destroy(shd_steal(ledger->of));
}

static inline void test_ledger_close(struct test_ledger *ledger)
{
	while (test_ledger_write(ledger))
		;
	shd_ledger_destroy(ledger->of);
	shd_state_close(ledger->state);
	shd_arena_destroy(ledger->arena);
}

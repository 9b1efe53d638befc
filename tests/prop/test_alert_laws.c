/* Laws of the alert's life, over random rules, verdicts and clocks. The seed is
 * printed; SHD_SEED replays it. */
#include "support/check.h"

#include "alert/alert.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RUNS = 2000, STEPS = 200 };

static uint64_t seed;

static uint32_t roll(uint64_t *random, uint32_t below)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*random >> 33) % below;
}

static struct shd_rule random_rule(uint64_t *random)
{
	struct shd_rule rule = {.id = "r", .tell_resolved = roll(random, 4) != 0};

	if (roll(random, 3) == 0)
		rule.for_ms = (int64_t)roll(random, 60) * SHD_MINUTE_MS;
	if (!rule.for_ms && roll(random, 3) == 0) {
		rule.for_of = 1 + (int)roll(random, 64);
		rule.for_hits = 1 + (int)roll(random, (uint32_t)rule.for_of);
	}
	if (roll(random, 2) == 0)
		rule.clear_for_ms = (int64_t)roll(random, 60) * SHD_MINUTE_MS;
	return rule;
}

static struct shd_verdict random_verdict(uint64_t *random)
{
	struct shd_verdict verdict = {.clear = roll(random, 4) != 0, .wake = {SHD_NEVER_MS}};
	uint32_t kind = roll(random, 10);

	verdict.judgement = kind < 7    ? SHD_JUDGED
			    : kind == 7 ? SHD_UNKNOWN
			    : kind == 8 ? SHD_TOO_FEW
					: SHD_NOT_WATCHED;
	if (verdict.judgement == SHD_JUDGED && roll(random, 2))
		verdict.level = (enum shd_level)(1 + roll(random, SHD_LEVEL_COUNT - 1));
	for (int level = (int)verdict.level + 1; level < SHD_LEVEL_COUNT; level++)
		if (verdict.judgement == SHD_JUDGED && roll(random, 3) == 0)
			verdict.not_clear |= (uint8_t)(1U << level);
	return verdict;
}

static bool raises(enum shd_move move)
{
	return move == SHD_MOVE_NEW || move == SHD_MOVE_FLAPPING;
}

static bool open_state(enum shd_alert_state state)
{
	return state == SHD_ALERT_FIRING || state == SHD_ALERT_UNKNOWN;
}

/* What a history has come to, and the laws that hold after each move. */
struct history {
	bool open;
	int told_raises, told_ends;
};

static void check_move(struct history *history, const struct shd_alert_move *move,
	const struct shd_verdict *verdict)
{
	if (raises(move->move)) {
		assert_false(history->open);
		assert_int_equal(verdict->judgement, SHD_JUDGED);
		assert_int_not_equal(verdict->level, SHD_LEVEL_NONE);
		history->open = true;
		history->told_raises += move->tell;
	} else if (move->move == SHD_MOVE_RESOLVED) {
		assert_true(history->open);
		assert_int_not_equal(verdict->judgement, SHD_UNKNOWN);
		history->open = false;
		history->told_ends += move->tell;
	} else if (move->move == SHD_MOVE_ESCALATED) {
		assert_true(history->open && move->to > move->from);
	} else if (move->move == SHD_MOVE_EASED) {
		assert_true(history->open && move->to < move->from);
	}
	assert_true(!move->tell || shd_move_tells(move->move));
	assert_true(history->told_ends <= history->told_raises);
}

static void check_state(const struct history *history, const struct shd_alert *alert,
	const struct shd_verdict *verdict, struct shd_wall now)
{
	assert_true(open_state(alert->state) == history->open);
	assert_true((alert->state == SHD_ALERT_UNKNOWN) <= (verdict->judgement == SHD_UNKNOWN));
	assert_true(history->open
			    ? alert->level != SHD_LEVEL_NONE
			    : alert->state == SHD_ALERT_PENDING || alert->level == SHD_LEVEL_NONE);
	assert_true(alert->wake.ms > now.ms);
}

/* Any clock: forwards mostly, sometimes far, sometimes back. */
static struct shd_wall random_clock(uint64_t *random, struct shd_wall now)
{
	uint32_t kind = roll(random, 40);

	if (kind == 0)
		now.ms += (int64_t)roll(random, 72) * SHD_HOUR_MS;
	else if (kind == 1)
		now.ms -= (int64_t)roll(random, 72) * SHD_HOUR_MS;
	else
		now.ms += (int64_t)roll(random, 10 * 60000);
	return now;
}

/* A level that is kept is not left, and nothing lowers it below what holds. */
static void check_level(const struct shd_alert *before, const struct shd_alert *alert,
	const struct shd_verdict *verdict)
{
	if (verdict->judgement != SHD_JUDGED || !open_state(before->state))
		return;
	if (verdict->not_clear >> before->level & 1)
		assert_true(alert->level >= before->level);
	assert_true(alert->level >= verdict->level);
	assert_true(alert->level <= verdict->level || alert->level <= before->level);
}

static void laws_hold_over_random_lives(void **state)
{
	uint64_t random = seed;
	(void)state;

	for (int run = 0; run < RUNS; run++) {
		struct shd_rule rule = random_rule(&random);
		struct shd_alert alert = {.rule = "r", .store = "s", .entity = ""};
		struct history history = {0};
		struct shd_wall now = {1775321940000};

		for (int i = 0; i < STEPS; i++) {
			struct shd_alert_move moves[SHD_ALERT_MOVES];
			struct shd_verdict verdict = random_verdict(&random);
			struct shd_alert before = alert;
			int count = shd_alert_step(&alert, &rule, &verdict, now, moves);

			for (int j = 0; j < count; j++)
				check_move(&history, &moves[j], &verdict);
			check_level(&before, &alert, &verdict);
			check_state(&history, &alert, &verdict, now);
			now = random_clock(&random, now);
		}
	}
}

static void the_same_verdict_twice_changes_nothing(void **state)
{
	uint64_t random = seed + 1;
	(void)state;

	for (int run = 0; run < RUNS; run++) {
		struct shd_rule rule = random_rule(&random);
		struct shd_alert alert = {.rule = "r"};
		struct shd_wall now = {1775321940000};

		for (int i = 0; i < STEPS; i++) {
			struct shd_alert_move moves[SHD_ALERT_MOVES];
			struct shd_verdict verdict = random_verdict(&random);

			verdict.every_ms = 5 * SHD_MINUTE_MS; /* without, each judgement counts */
			shd_alert_step(&alert, &rule, &verdict, now, moves);
			struct shd_alert once = alert;
			assert_int_equal(shd_alert_step(&alert, &rule, &verdict, now, moves), 0);
			assert_int_equal(alert.state, once.state);
			assert_int_equal(alert.level, once.level);
			assert_int_equal(alert.episode, once.episode);
			assert_int_equal(alert.wake.ms, once.wake.ms);
			assert_int_equal(alert.changed_at.ms, once.changed_at.ms);
			now = random_clock(&random, now);
		}
	}
}

/* What the state database keeps; anything else a step must not depend on. */
static struct shd_alert saved(const struct shd_alert *alert)
{
	return (struct shd_alert){.number = alert->number,
		.rule = alert->rule,
		.store = alert->store,
		.entity = alert->entity,
		.state = alert->state,
		.level = alert->level,
		.notified_level = alert->notified_level,
		.episode = alert->episode,
		.episodes_day = alert->episodes_day,
		.day_start = alert->day_start,
		.pending_since = alert->pending_since,
		.fired_at = alert->fired_at,
		.resolved_at = alert->resolved_at,
		.changed_at = alert->changed_at,
		.clear_since = alert->clear_since,
		.hits = alert->hits,
		.last = {.judgement = alert->last.judgement,
			.level = alert->last.level,
			.value = alert->last.value,
			.sample_hit = alert->last.sample_hit,
			.sample_of = alert->last.sample_of}};
}

static void assert_same_moves(const struct shd_alert_move *a, const struct shd_alert_move *b,
			      int count)
{
	for (int i = 0; i < count; i++) {
		assert_int_equal(a[i].move, b[i].move);
		assert_int_equal(a[i].from, b[i].from);
		assert_int_equal(a[i].to, b[i].to);
		assert_int_equal(a[i].tell, b[i].tell);
	}
}

static void a_restart_anywhere_gives_the_same_history(void **state)
{
	uint64_t random = seed + 2;
	(void)state;

	for (int run = 0; run < RUNS; run++) {
		struct shd_rule rule = random_rule(&random);
		struct shd_alert alert = {.rule = "r"}, restarted = alert;
		struct shd_wall now = {1775321940000};

		for (int i = 0; i < STEPS; i++) {
			struct shd_alert_move moves[SHD_ALERT_MOVES] = {0},
					      again[SHD_ALERT_MOVES] = {0};
			struct shd_verdict verdict = random_verdict(&random);

			verdict.every_ms = (int64_t)roll(&random, 3) * 5 * SHD_MINUTE_MS;
			int count = shd_alert_step(&alert, &rule, &verdict, now, moves);
			if (roll(&random, 3) == 0)
				restarted = saved(&restarted);
			assert_int_equal(
				shd_alert_step(&restarted, &rule, &verdict, now, again), count);
			assert_same_moves(moves, again, count);
			now = random_clock(&random, now);
		}
	}
}

/* Within the 24 h from the first episode of a day people hear of at most four
 * raises, one flapping, and then only of levels worse than they know. */
static void flapping_is_bounded(void **state)
{
	uint64_t random = seed + 3;
	static const struct shd_rule rule = {.id = "r", .tell_resolved = true};
	(void)state;

	for (int run = 0; run < RUNS / 10; run++) {
		struct shd_alert alert = {.rule = "r"};
		int told = 0;

		for (int i = 0; i < 500; i++) {
			struct shd_alert_move moves[SHD_ALERT_MOVES];
			struct shd_verdict verdict = {.clear = true, .judgement = SHD_JUDGED,
				.level = roll(&random, 2) ? SHD_WARN : SHD_LEVEL_NONE};
			struct shd_wall now = {1775321940000 + i * SHD_MINUTE_MS};
			int count = shd_alert_step(&alert, &rule, &verdict, now, moves);

			for (int j = 0; j < count; j++)
				told += moves[j].tell;
		}
		assert_int_equal(told, 9);
	}
}

int main(void)
{
	const char *given = getenv("SHD_SEED");
	seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	printf("SHD_SEED=%llu\n", (unsigned long long)seed);

	const struct CMUnitTest tests[] = {
		cmocka_unit_test(laws_hold_over_random_lives),
		cmocka_unit_test(the_same_verdict_twice_changes_nothing),
		cmocka_unit_test(a_restart_anywhere_gives_the_same_history),
		cmocka_unit_test(flapping_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

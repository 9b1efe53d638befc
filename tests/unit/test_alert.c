/* alert/alert.h: the life of an alert, state by state. */
#include "support/check.h"

#include "alert/alert.h"

#include <stdio.h>
#include <string.h>

enum { W = SHD_WARN, C = SHD_CRITICAL, B = SHD_BREACHED };

static const struct shd_rule at_once = {.id = "r", .tell_resolved = true};
static const struct shd_rule after_10m = {
	.id = "r", .tell_resolved = true, .for_ms = 10 * SHD_MINUTE_MS};
static const struct shd_rule often = {.id = "r", .tell_resolved = true, .for_hits = 3, .for_of = 5};
static const struct shd_rule clears_5m = {
	.id = "r", .tell_resolved = true, .clear_for_ms = 5 * SHD_MINUTE_MS};

static const int64_t start_ms = 1775321940000;

/* One letter is one verdict: . none, = none but `clear` does not hold, i w c b levels,
 * ? unknown, f too few, x not watched. I W - as i w . but the own `clear` of critical
 * does not hold. */
static struct shd_verdict verdict_of(char letter)
{
	static const char levels[] = ".iwcb-IW";
	const char *at = strchr(levels, letter);
	int place = at ? (int)(at - levels) : SHD_LEVEL_NONE;
	struct shd_verdict verdict = {
		.judgement = letter == '?'   ? SHD_UNKNOWN
			     : letter == 'f' ? SHD_TOO_FEW
			     : letter == 'x' ? SHD_NOT_WATCHED
					     : SHD_JUDGED,
		.level = (enum shd_level)(place % SHD_LEVEL_COUNT),
		.clear = letter != '=',
		.not_clear = place < SHD_LEVEL_COUNT ? 0 : 1U << SHD_CRITICAL,
		.wake = {SHD_NEVER_MS},
	};

	return verdict;
}

/* Steps through `letters`, one a minute, and writes what moved: "new! eased".
 * `!` marks what is told. */
static void play(struct shd_alert *alert, const struct shd_rule *rule, const char *letters,
	int64_t *now_ms, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (; *letters; letters++, *now_ms += SHD_MINUTE_MS) {
		struct shd_alert_move moves[SHD_ALERT_MOVES];
		struct shd_verdict verdict = verdict_of(*letters);
		int count =
			shd_alert_step(alert, rule, &verdict, (struct shd_wall){*now_ms}, moves);

		for (int i = 0; i < count; i++) {
			len += (size_t)snprintf(out + len, size - len, "%s%s%s", len ? " " : "",
				shd_move_name(moves[i].move), moves[i].tell ? "!" : "");
			assert_true(len < size);
		}
	}
}

static void every_state_meets_every_verdict(void **state)
{
	static const struct {
		const struct shd_rule *rule;
		const char *before, *letter, *moves;
		enum shd_alert_state after;
	} cases[] = {
		{&at_once, "", ".", "", SHD_ALERT_INACTIVE},
		{&at_once, "", "=", "", SHD_ALERT_INACTIVE},
		{&at_once, "", "w", "new!", SHD_ALERT_FIRING},
		{&at_once, "", "?", "", SHD_ALERT_INACTIVE},
		{&at_once, "", "f", "", SHD_ALERT_INACTIVE},
		{&at_once, "", "x", "", SHD_ALERT_INACTIVE},
		{&after_10m, "", "w", "pending", SHD_ALERT_PENDING},
		{&after_10m, "w", ".", "dropped", SHD_ALERT_INACTIVE},
		{&after_10m, "w", "=", "dropped", SHD_ALERT_INACTIVE},
		{&after_10m, "w", "c", "", SHD_ALERT_PENDING},
		{&after_10m, "w", "?", "", SHD_ALERT_PENDING},
		{&after_10m, "w", "f", "dropped", SHD_ALERT_INACTIVE},
		{&after_10m, "w", "x", "dropped", SHD_ALERT_INACTIVE},
		{&at_once, "w", ".", "resolved!", SHD_ALERT_RESOLVED},
		{&at_once, "w", "=", "", SHD_ALERT_FIRING},
		{&at_once, "w", "w", "", SHD_ALERT_FIRING},
		{&at_once, "w", "c", "escalated!", SHD_ALERT_FIRING},
		{&at_once, "w", "i", "eased", SHD_ALERT_FIRING},
		{&at_once, "w", "?", "blinded", SHD_ALERT_UNKNOWN},
		{&at_once, "w", "f", "resolved!", SHD_ALERT_RESOLVED},
		{&at_once, "w", "x", "resolved!", SHD_ALERT_RESOLVED},
		{&at_once, "w?", ".", "resolved!", SHD_ALERT_RESOLVED},
		{&at_once, "w?", "=", "seeing", SHD_ALERT_FIRING},
		{&at_once, "w?", "w", "seeing", SHD_ALERT_FIRING},
		{&at_once, "w?", "c", "seeing escalated!", SHD_ALERT_FIRING},
		{&at_once, "w?", "i", "seeing eased", SHD_ALERT_FIRING},
		{&at_once, "w?", "?", "", SHD_ALERT_UNKNOWN},
		{&at_once, "w?", "f", "resolved!", SHD_ALERT_RESOLVED},
		{&at_once, "w?", "x", "resolved!", SHD_ALERT_RESOLVED},
		{&at_once, "w.", ".", "", SHD_ALERT_RESOLVED},
		{&at_once, "w.", "=", "", SHD_ALERT_RESOLVED},
		{&at_once, "w.", "w", "new!", SHD_ALERT_FIRING},
		{&at_once, "w.", "?", "", SHD_ALERT_RESOLVED},
		{&at_once, "w.", "f", "", SHD_ALERT_RESOLVED},
		{&at_once, "w.", "x", "", SHD_ALERT_RESOLVED},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_alert alert = {.rule = "r", .store = "s", .entity = ""};
		int64_t now_ms = start_ms;
		char moves[256];

		play(&alert, cases[i].rule, cases[i].before, &now_ms, moves, sizeof(moves));
		play(&alert, cases[i].rule, cases[i].letter, &now_ms, moves, sizeof(moves));
		assert_string_equal(moves, cases[i].moves);
		assert_int_equal(alert.state, cases[i].after);
	}
}

static void histories(void **state)
{
	static const struct {
		const char *what;
		const struct shd_rule *rule;
		const char *letters, *moves;
	} cases[] = {
		{"a level that people know of is not told again", &at_once, "cwc",
			"new! eased escalated"},
		{"every worse level is told once", &at_once, "iwcb",
			"new! escalated! escalated! escalated!"},
		{"for: 10m fires in the eleventh minute", &after_10m, "wwwwwwwwwww",
			"pending new!"},
		{"for: 10m does not fire before", &after_10m, "wwwwwwwwww", "pending"},
		{"for: what stopped in between starts anew", &after_10m, "wwwwwwwww.wwwwwwww",
			"pending dropped pending"},
		{"3 of 5 fires on the third hit", &often, "w.w.w", "pending new!"},
		{"3 of 5 forgets the sixth last", &often, "w.w...w", "pending"},
		{"3 of 5 drops when none of five hits", &often, "w.....", "pending dropped"},
		{"3 of 5 does not count what nobody saw", &often, "ww???????w", "pending new!"},
		{"3 of 5 needs new evidence for a new episode", &often, "www.ww",
			"pending new! resolved! pending"},
		{"clear_for: five minutes without a level", &clears_5m, "w.....", "new!"},
		{"clear_for: and the sixth ends it", &clears_5m, "w......", "new! resolved!"},
		{"clear_for: a level in between starts it anew", &clears_5m, "w....w.....", "new!"},
		{"clear_for: blind time does not count", &clears_5m, "w....?.....",
			"new! blinded seeing"},
		{"clear_for: a closed entity does not wait", &clears_5m, "wx", "new! resolved!"},
		{"clear_for: a better level must last as well", &clears_5m, "cwwwww", "new!"},
		{"clear_for: and does in the sixth minute", &clears_5m, "cwwwwww", "new! eased"},
		{"clear_for: the worse one in between starts it anew", &clears_5m, "cwwwcwwwww",
			"new!"},
		{"clear_for: a still better one has to last by itself", &clears_5m, "cwwwiiiii",
			"new!"},
		{"clear_for: the time of a better level is none of the end", &clears_5m,
			"cwww.....", "new!"},
		{"clear_for: the end comes without the levels between", &clears_5m, "cwww......",
			"new! resolved!"},
		{"hysteresis keeps it open", &at_once, "w===.", "new! resolved!"},
		{"a level is left when its own clear holds", &at_once, "cWIWw.",
			"new! eased resolved!"},
		{"so it is where no level holds", &at_once, "c--.", "new! resolved!"},
		{"a level is not entered by it", &at_once, "wWW-", "new! resolved!"},
		{"a worse one falls no further", &at_once, "bIi", "new! eased eased"},
		{"what is kept is not told again", &at_once, "cWcWc", "new!"},
		{"what was kept while blind is kept", &at_once, "c?Ww",
			"new! blinded seeing eased"},
		{"what is kept has not begun to clear", &clears_5m, "cWWWW.....", "new!"},
		{"the fifth episode says so, then it is quiet", &at_once, "w.w.w.w.w.w.w.",
			"new! resolved! new! resolved! new! resolved! new! resolved! flapping! "
			"resolved new resolved new resolved"},
		{"but a worse level passes", &at_once, "w.w.w.w.w.w.c.c",
			"new! resolved! new! resolved! new! resolved! new! resolved! flapping! "
			"resolved new resolved new! resolved new"},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_alert alert = {.rule = "r", .store = "s", .entity = ""};
		int64_t now_ms = start_ms;
		char moves[512];

		play(&alert, cases[i].rule, cases[i].letters, &now_ms, moves, sizeof(moves));
		if (strcmp(moves, cases[i].moves) != 0)
			fail_msg("%s: %s", cases[i].what, moves);
	}
}

static int step(struct shd_alert *alert, const struct shd_rule *rule, char letter, int64_t now_ms,
	struct shd_alert_move moves[SHD_ALERT_MOVES])
{
	struct shd_verdict verdict = verdict_of(letter);

	return shd_alert_step(alert, rule, &verdict, (struct shd_wall){now_ms}, moves);
}

static void wakes_at_the_exact_instant(void **state)
{
	struct shd_alert alert = {.rule = "r"};
	struct shd_alert_move moves[SHD_ALERT_MOVES];
	int64_t due_ms = start_ms + 10 * SHD_MINUTE_MS;
	(void)state;

	step(&alert, &after_10m, 'w', start_ms, moves);
	assert_int_equal(alert.wake.ms, due_ms);
	assert_int_equal(step(&alert, &after_10m, 'w', due_ms - 1, moves), 0);
	assert_int_equal(alert.wake.ms, due_ms);
	assert_int_equal(step(&alert, &after_10m, 'w', due_ms, moves), 1);
	assert_int_equal(moves[0].move, SHD_MOVE_NEW);
	assert_int_equal(alert.wake.ms, SHD_NEVER_MS);

	struct shd_alert other = {.rule = "r"};
	step(&other, &clears_5m, 'w', start_ms, moves);
	assert_int_equal(other.wake.ms, SHD_NEVER_MS);
	step(&other, &clears_5m, '.', start_ms + 1, moves);
	assert_int_equal(other.wake.ms, start_ms + 1 + 5 * SHD_MINUTE_MS);
	assert_int_equal(step(&other, &clears_5m, '.', other.wake.ms - 1, moves), 0);
	assert_int_equal(step(&other, &clears_5m, '.', other.wake.ms, moves), 1);
	assert_int_equal(moves[0].move, SHD_MOVE_RESOLVED);
}

static void a_clock_that_went_back_does_not_hold_an_alert_up(void **state)
{
	struct shd_alert alert = {.rule = "r"};
	struct shd_alert_move moves[SHD_ALERT_MOVES];
	int64_t back_ms = start_ms - 30 * SHD_DAY_MS;
	(void)state;

	step(&alert, &after_10m, 'w', start_ms, moves);
	step(&alert, &after_10m, 'w', back_ms, moves);
	assert_int_equal(alert.wake.ms, back_ms + 10 * SHD_MINUTE_MS);
	assert_int_equal(step(&alert, &after_10m, 'w', alert.wake.ms, moves), 1);
}

static void the_day_of_flapping_ends(void **state)
{
	struct shd_alert alert = {.rule = "r"};
	char out[512];
	int64_t now_ms = start_ms;
	(void)state;

	play(&alert, &at_once, "w.w.w.w.w.w.", &now_ms, out, sizeof(out));
	now_ms = start_ms + SHD_DAY_MS - 1;
	play(&alert, &at_once, "w", &now_ms, out, sizeof(out));
	assert_string_equal(out, "new");
	/* Still firing when the day is over: people were told that it flaps, so they
	 * are told that it ended. */
	play(&alert, &at_once, ".w.", &now_ms, out, sizeof(out));
	assert_string_equal(out, "resolved! new! resolved!");
}

static void a_clock_that_went_back_does_not_make_the_day_of_flapping_longer(void **state)
{
	struct shd_alert alert = {.rule = "r"};
	char out[512];
	int64_t now_ms = start_ms;
	(void)state;

	play(&alert, &at_once, "w.w.w.w.w.", &now_ms, out, sizeof(out));
	now_ms = start_ms - 30 * SHD_DAY_MS;
	play(&alert, &at_once, "w.", &now_ms, out, sizeof(out));
	assert_string_equal(out, "new resolved");
	now_ms = start_ms - 29 * SHD_DAY_MS;
	play(&alert, &at_once, "w.", &now_ms, out, sizeof(out));
	assert_string_equal(out, "new! resolved!");
}

static void an_end_that_nobody_wants_to_hear_is_only_recorded(void **state)
{
	static const struct shd_rule silent = {.id = "r", .tell_resolved = false};
	struct shd_alert alert = {.rule = "r"};
	char out[256];
	int64_t now_ms = start_ms;
	(void)state;

	play(&alert, &silent, "w.w.", &now_ms, out, sizeof(out));
	assert_string_equal(out, "new! resolved new! resolved");
}

static void levels_and_times_are_kept(void **state)
{
	struct shd_alert alert = {.rule = "r"};
	struct shd_alert_move moves[SHD_ALERT_MOVES];
	(void)state;

	step(&alert, &at_once, 'w', start_ms, moves);
	assert_int_equal(moves[0].from, SHD_LEVEL_NONE);
	assert_int_equal(moves[0].to, W);
	assert_int_equal(alert.fired_at.ms, start_ms);
	assert_int_equal(alert.episode, 1);
	step(&alert, &at_once, 'b', start_ms + 1, moves);
	assert_int_equal(moves[0].from, W);
	assert_int_equal(moves[0].to, B);
	assert_int_equal(alert.notified_level, B);
	step(&alert, &at_once, 'c', start_ms + 2, moves);
	assert_int_equal(alert.level, C);
	assert_int_equal(alert.notified_level, B);
	step(&alert, &at_once, '.', start_ms + 3, moves);
	assert_int_equal(moves[0].from, C);
	assert_int_equal(moves[0].to, SHD_LEVEL_NONE);
	assert_int_equal(alert.resolved_at.ms, start_ms + 3);
	assert_int_equal(alert.fired_at.ms, start_ms);
	assert_int_equal(alert.last.judgement, SHD_JUDGED);
}

static void names_read_back(void **state)
{
	(void)state;
	for (int i = 0; i < SHD_MOVE_COUNT; i++) {
		enum shd_move move;

		assert_true(shd_move_find(shd_move_name((enum shd_move)i), &move));
		assert_int_equal(move, i);
	}
	for (int i = 0; i <= SHD_ALERT_RESOLVED; i++) {
		enum shd_alert_state found;

		assert_true(shd_alert_state_find(
			shd_alert_state_name((enum shd_alert_state)i), &found));
		assert_int_equal(found, i);
	}
	enum shd_move move;
	assert_false(shd_move_find("bogus", &move));
}

/* Steps at so many ms of a rule whose pollers read every five minutes. */
static enum shd_alert_state look(struct shd_alert *alert, char letter, int64_t now_ms)
{
	struct shd_alert_move moves[SHD_ALERT_MOVES];
	struct shd_verdict verdict = verdict_of(letter);

	verdict.every_ms = 5 * SHD_MINUTE_MS;
	shd_alert_step(alert, &often, &verdict, (struct shd_wall){start_ms + now_ms}, moves);
	return alert->state;
}

static enum shd_alert_state fail_to_look(struct shd_alert *alert, int64_t now_ms)
{
	struct shd_alert_move moves[SHD_ALERT_MOVES];
	struct shd_verdict verdict = verdict_of('w');

	verdict.every_ms = 5 * SHD_MINUTE_MS;
	verdict.failing = true;
	shd_alert_step(alert, &often, &verdict, (struct shd_wall){start_ms + now_ms}, moves);
	return alert->state;
}

static void a_reading_of_the_same_counts_once_an_interval(void **state)
{
	enum { M = SHD_MINUTE_MS };
	struct shd_alert alert = {.rule = "r", .store = "s", .entity = "", .wake = {SHD_NEVER_MS}};

	(void)state;
	assert_int_equal(look(&alert, 'w', 0), SHD_ALERT_PENDING);
	assert_int_equal(alert.wake.ms, start_ms + 6 * M);
	/* Judged for another reason: no new reading. */
	assert_int_equal(look(&alert, 'w', 1 * M), SHD_ALERT_PENDING);
	assert_int_equal(look(&alert, 'w', 5 * M - 1), SHD_ALERT_PENDING);
	assert_int_equal(alert.wake.ms, start_ms + 6 * M);
	assert_int_equal(look(&alert, 'w', 6 * M), SHD_ALERT_PENDING);
	assert_int_equal(alert.wake.ms, start_ms + 12 * M);
	/* The poller fails. */
	struct shd_alert other = alert;
	assert_int_equal(fail_to_look(&other, 12 * M), SHD_ALERT_PENDING);
	assert_int_equal(other.wake.ms, start_ms + 13 * M);
	assert_int_equal(look(&other, 'w', 13 * M), SHD_ALERT_FIRING);
	/* Blind: nothing to count, and nobody looks. */
	assert_int_equal(look(&alert, '?', 12 * M), SHD_ALERT_PENDING);
	assert_int_equal(alert.wake.ms, SHD_NEVER_MS);
	/* Something else was found, which counts at once. */
	assert_int_equal(look(&alert, '.', 13 * M), SHD_ALERT_PENDING);
	assert_int_equal(look(&alert, 'w', 14 * M), SHD_ALERT_FIRING);
}

static void readings_of_what_is_well_end_the_wait(void **state)
{
	enum { M = SHD_MINUTE_MS };
	struct shd_alert alert = {.rule = "r", .store = "s", .entity = "", .wake = {SHD_NEVER_MS}};

	(void)state;
	look(&alert, 'w', 0);
	for (int at = 6; at < 30; at += 6)
		assert_int_equal(look(&alert, '.', at * M), SHD_ALERT_PENDING);
	assert_int_equal(look(&alert, '.', 30 * M), SHD_ALERT_INACTIVE);
	assert_int_equal(alert.wake.ms, SHD_NEVER_MS);
	assert_int_equal(alert.clear_since.ms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reading_of_the_same_counts_once_an_interval),
		cmocka_unit_test(readings_of_what_is_well_end_the_wait),
		cmocka_unit_test(every_state_meets_every_verdict),
		cmocka_unit_test(histories),
		cmocka_unit_test(wakes_at_the_exact_instant),
		cmocka_unit_test(a_clock_that_went_back_does_not_hold_an_alert_up),
		cmocka_unit_test(the_day_of_flapping_ends),
		cmocka_unit_test(a_clock_that_went_back_does_not_make_the_day_of_flapping_longer),
		cmocka_unit_test(an_end_that_nobody_wants_to_hear_is_only_recorded),
		cmocka_unit_test(levels_and_times_are_kept),
		cmocka_unit_test(names_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

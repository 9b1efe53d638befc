/* Laws of the rules language, over random expressions, deadlines and stores. The seed
 * is printed; SHD_SEED replays it. */
#include "support/check.h"

#include "base/num.h"
#include "rule/language/expr.h"
#include "support/rule_env.h"

#include <stdio.h>
#include <time.h>

enum { PRINTED = 5000, DEADLINES = 3000, BLINDED = 3000, SHARES = 3000, DEPTH = 5 };

#define T0 1780000000000LL

static uint64_t seed;

static uint32_t roll(uint64_t *random, uint32_t below)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*random >> 33) % below;
}

static const char *pick(uint64_t *random, const char *const *words, uint32_t count)
{
	return words[roll(random, count)];
}
#define PICK(random, ...)                                                                          \
	pick(random, (const char *const[]){__VA_ARGS__},                                           \
		(uint32_t)SHD_COUNT(((const char *const[]){__VA_ARGS__})))

/* --- syntax: any tree, whatever its types --------------------------------------- */

static void random_tree(uint64_t *random, int depth, struct shd_text *out);

static void random_leaf(uint64_t *random, struct shd_text *out)
{
	shd_text_puts(out, PICK(random, "4.6", "20", "0.000001", "4%", "0.5%", "1d12h", "90s",
				   "250ms", "2w", "5000 RUB", "29.99 USD", "100 JPY", "\"cdek\"",
				   "'a\"b\\\\c'", "\"\\n\"", "true", "false", "now", "store.kind",
				   "words.x", "rating", "remaining", "closed"));
}

static void random_operation(uint64_t *random, int depth, struct shd_text *out)
{
	shd_text_putc(out, '(');
	random_tree(random, depth - 1, out);
	shd_text_printf(out, ") %s (",
		PICK(random, "or", "and", "<", "<=", ">", ">=", "==", "!=", "in", "matches",
			"contains", "else", "+", "-", "*", "/"));
	random_tree(random, depth - 1, out);
	shd_text_putc(out, ')');
}

static void random_tree(uint64_t *random, int depth, struct shd_text *out)
{
	static const char *const shapes[][3] = {
		{"not (", ")", NULL},
		{"-(", ")", NULL},
		{"(", ") is none", NULL},
		{"(", ") is not none", NULL},
		{"abs(", ")", NULL},
		{"min(", ", ", ")"},
		{"[", ", ", "]"},
		{"(", ") ? now : (", ")"},
		{"count(order last 7d where ", ")", NULL},
		{"share(order since today - 1d where ", ")", NULL},
		{"avg(order.units last 7d at closed_at where ", ")", NULL},
		{"count(order since today at x)", NULL, NULL},
		{"sum(order.amount last 1h)", NULL, NULL},
	};

	if (depth == 0) {
		random_leaf(random, out);
	} else if (roll(random, 3)) {
		random_operation(random, depth, out);
	} else {
		const char *const *shape = shapes[roll(random, SHD_COUNT(shapes))];

		shd_text_puts(out, shape[0]);
		for (int i = 1; i < 3 && shape[i]; i++) {
			random_tree(random, depth - 1, out);
			shd_text_puts(out, shape[i]);
		}
	}
}

static void printed_and_parsed_again_is_the_same(void **state)
{
	uint64_t random = seed;

	(void)state;
	for (int i = 0; i < PRINTED; i++) {
		SHD_AUTO(shd_text_finish) struct shd_text text = {0}, once = {0}, twice = {0};
		struct shd_arena *arena = shd_arena_create(4 << 20);
		struct mistakes mistakes;

		mistakes_init(&mistakes);
		shd_text_init(&text, 1 << 16);
		shd_text_init(&once, 1 << 16);
		shd_text_init(&twice, 1 << 16);
		random_tree(&random, (int)roll(&random, DEPTH), &text);
		struct shd_expr *first = shd_parse(text.data, text.len, arena, &mistakes.report);
		assert_true(first || text.len > SHD_EXPR_BYTES);
		if (first) {
			shd_expr_print(first, &once);
			struct shd_expr *second =
				shd_parse(once.data, once.len, arena, &mistakes.report);
			assert_non_null(second);
			assert_true(shd_expr_equal(first, second));
			shd_expr_print(second, &twice);
			assert_string_equal(once.data, twice.data);
			assert_true(once.len <= text.len + 16);
		}
		shd_text_finish(&mistakes.text);
		shd_arena_destroy(arena);
	}
}

/* --- time ------------------------------------------------------------------------ */

static struct fake fake;

/* Clocks that change by an hour, by half of one, at midnight, and never. */
static const char *const zone_names[] = {"UTC", "Europe/Berlin", "Australia/Lord_Howe",
	"America/St_Johns", "Africa/Cairo", "Asia/Kathmandu"};
static const struct shd_zone *zones[SHD_COUNT(zone_names)];

static void random_store(uint64_t *random)
{
	fake_init(&fake);
	int64_t at = T0;
	for (int i = 0; i < 20; i++) {
		at += roll(random, 40) * SHD_HOUR_MS + roll(random, 1000);
		struct shd_entity *review = fake_add(&fake, SHD_KIND_review, "r", at);
		fake_n(review, SHD_F_review_stars, (1 + roll(random, 5)) * SHD_MICRO);
		if (roll(random, 3)) /* in another order than they were opened; some ahead */
			fake_n(review, SHD_F_review_answered_at,
				at + roll(random, 300) * SHD_HOUR_MS + roll(random, 1000));
		fake_sample(&fake, SHD_M_rating, at, 4000000 + roll(random, 1000000));
	}
	struct shd_entity *order = fake_add(&fake, SHD_KIND_order, "o", T0 + roll(random, 1000000));
	fake_n(order, SHD_F_order_progressed_at, T0 + roll(random, 100000000));
	fake_n(order, SHD_F_order_ship_by, T0 + roll(random, 2000000000));
	fake_n(order, SHD_F_order_units, roll(random, 5) * SHD_MICRO);
	if (roll(random, 2))
		order->fields[shd_field_index(SHD_F_order_units)].none = true;
	fake.settings.zone = zones[roll(random, SHD_COUNT(zones))];
	fake.env.entity = order;
	fake.env.now.ms = T0 + roll(random, 2000000000) + 10 * SHD_DAY_MS * roll(random, 3);
}

/* A duration or time that moves evenly with now. */
static void random_even(uint64_t *random, struct shd_text *out)
{
	shd_text_printf(out, "%s",
		PICK(random, "age", "idle", "now - ship_by", "ship_by - now", "2 * age",
			"age + idle", "3h - idle", "-age", "age - 2 * idle"));
}

/* One that moves unevenly, but only grows or only falls. */
static void random_bent(uint64_t *random, struct shd_text *out)
{
	shd_text_printf(out, "%s",
		PICK(random, "age * 0.5", "age / 7", "idle * 1.000001", "age / 3 + 1h", "age * 33%",
			"idle / 1000", "floor(age / 1h) * 1h", "7h * (age / 3h)"));
}

/* One that is not there for a moment, or one of all days before. */
static void random_gap(uint64_t *random, struct shd_text *out)
{
	switch (roll(random, 4)) {
	case 0:
		shd_text_printf(out, "2h * (7h / (age - %uh))", roll(random, 1000));
		return;
	case 1:
		shd_text_printf(out, "1h * ratio(idle, age - %ums)", roll(random, 3000000000U));
		return;
	case 2:
		shd_text_printf(out, "3d / (age / 1h - %u)", roll(random, 1000));
		return;
	default:
		shd_text_printf(out, "baseline(age, %ud)", 1 + roll(random, 5));
		return;
	}
}

static void random_limit(uint64_t *random, struct shd_text *out)
{
	shd_text_printf(out, "%ums", 1 + roll(random, 3000000000U));
}

static const char *random_order_op(uint64_t *random)
{
	return PICK(random, "<", "<=", ">", ">=");
}

/* An even one equals its limit for 1 ms, a whole number for as long as it steps. */
static void random_list(uint64_t *random, struct shd_text *out)
{
	if (roll(random, 2)) {
		random_even(random, out);
		shd_text_puts(out, " in [");
		random_limit(random, out);
	} else {
		shd_text_printf(out, "%s(%s / 1h) in [%u", PICK(random, "floor", "round"),
			PICK(random, "age", "idle"), roll(random, 1000));
	}
	shd_text_puts(out, "]");
}

static void random_comparison(uint64_t *random, struct shd_text *out)
{
	switch (roll(random, 4)) {
	case 0:
		random_list(random, out);
		return;
	case 1:
		random_even(random, out);
		break;
	case 2:
		random_gap(random, out);
		break;
	default:
		random_bent(random, out);
		break;
	}
	shd_text_printf(out, " %s ", random_order_op(random));
	random_limit(random, out);
}

static struct shd_expr *compile(const char *text, struct shd_arena *arena)
{
	struct shd_expr_scope scope = {.each = true, .kind = SHD_KIND_order};
	struct mistakes mistakes;

	mistakes_init(&mistakes);
	struct shd_expr *expr = shd_parse(text, strlen(text), arena, &mistakes.report);
	bool good = expr && shd_check(expr, &scope, arena, &mistakes.report);
	if (!good)
		print_error("%s: %s\n", text, mistakes.text.data);
	assert_true(good);
	shd_text_finish(&mistakes.text);
	return expr;
}

static enum shd_truth truth_at(const struct shd_expr *expr, int64_t now_ms, int64_t *ret_wake_ms)
{
	struct shd_result result;
	struct shd_eval eval;

	fake.env.now.ms = now_ms;
	shd_eval_init(&eval, &fake.env, NULL, NULL);
	shd_eval(&eval, expr, &result);
	*ret_wake_ms = eval.wake_ms;
	return shd_truth_of(&result);
}

static void a_comparison_flips_at_its_wake_and_not_before(void **state)
{
	uint64_t random = seed + 1;
	int flips = 0;

	(void)state;
	for (int i = 0; i < DEADLINES; i++) {
		SHD_AUTO(shd_text_finish) struct shd_text text = {0};
		struct shd_arena *arena = shd_arena_create(1 << 20);
		int64_t wake_ms, other_ms;

		shd_text_init(&text, 4096);
		random_store(&random);
		random_comparison(&random, &text);
		const struct shd_expr *expr = compile(text.data, arena);
		int64_t now_ms = fake.env.now.ms;
		enum shd_truth now = truth_at(expr, now_ms, &wake_ms);
		if (wake_ms != SHD_NEVER_MS) {
			bool flipped = truth_at(expr, wake_ms, &other_ms) != now;
			bool kept = truth_at(expr, wake_ms - 1, &other_ms) == now;

			if (!flipped || !kept)
				print_error("%s at %lld\n", text.data, (long long)now_ms);
			assert_true(flipped);
			assert_true(kept);
			flips++;
		} else {
			assert_int_equal(
				truth_at(expr, now_ms + 1000 * SHD_DAY_MS, &other_ms), now);
		}
		shd_arena_destroy(arena);
	}
	assert_true(flips > DEADLINES / 4);
}

/* A time that goes on with now, evenly, backwards, faster, in steps, or not at all. */
static void random_clock(uint64_t *random, struct shd_text *out)
{
	shd_text_printf(out, "%s(%s)", PICK(random, "hour", "weekday", "day"),
		PICK(random, "now", "now + 90m", "now - 26h", "today", "opened_at", "ship_by",
			"opened_at - age", "now + idle", "now - 3 * age", "now + age / 7",
			"business_days(now, 2)"));
}

/* By which the window goes. */
static const char *random_time(uint64_t *random)
{
	return PICK(random, "", " at opened_at", " at answered_at", " at answered_at");
}

/* Conditions of every sort, joined: wake-ups may be early, never late. */
static void random_condition(uint64_t *random, int depth, struct shd_text *out)
{
	if (depth > 0) {
		shd_text_puts(out, roll(random, 4) ? "(" : "not (");
		random_condition(random, depth - 1, out);
		shd_text_printf(out, " %s ", PICK(random, "and", "or"));
		random_condition(random, depth - 1, out);
		shd_text_putc(out, ')');
		return;
	}
	switch (roll(random, 12)) {
	case 9:
		random_clock(random, out);
		shd_text_printf(out, " %s %u", random_order_op(random), roll(random, 24));
		return;
	case 10:
		shd_text_printf(out, "%s(review since %s%s%s) %s %u", "count",
			PICK(random, "today", "today - 3d", "today + 5h", "opened_at", "ship_by",
				"store.opened_at"),
			random_time(random),
			PICK(random, "", " where stars <= 3", " where age > 20h"),
			random_order_op(random), roll(random, 9));
		return;
	case 11:
		shd_text_printf(out, "%s(rating since %s) %s 4.%u",
			PICK(random, "avg", "first", "delta", "min", "median"),
			PICK(random, "today", "today - 9d", "opened_at"), random_order_op(random),
			roll(random, 10));
		return;
	case 0:
		shd_text_printf(out, "count(review last %uh%s where stars %s %u) %s %u",
			1 + roll(random, 400), random_time(random), random_order_op(random),
			1 + roll(random, 5),
			random_order_op(random), roll(random, 9));
		return;
	case 1:
		shd_text_printf(out, "avg(rating last %uh) %s 4.%u", 1 + roll(random, 400),
			random_order_op(random), roll(random, 10));
		return;
	case 2:
		shd_text_printf(out, "units %s %u", random_order_op(random), roll(random, 5));
		return;
	case 3:
		shd_text_printf(out, "share(review last %uh where age > %uh) > %u%%",
			1 + roll(random, 400), roll(random, 400), roll(random, 100));
		return;
	case 4:
		random_bent(random, out);
		break;
	case 5:
		shd_text_puts(out, PICK(random, "now - today", "(now - today) * 0.5",
					   "business_days(now, 2) - ship_by",
					   "business_days(ship_by, 3) - now"));
		break;
	case 6:
		random_gap(random, out);
		break;
	case 7:
		shd_text_printf(out, "%s in [%u, %u, units]", PICK(random, "floor(age / 1h)",
			"round(idle / 2h)", "floor(idle / 1d) * 7"), roll(random, 1000),
			roll(random, 1000));
		return;
	default:
		shd_text_puts(out, PICK(random, "abs(ship_by - now)", "min(age, 100h)",
					   "max(idle, 3h)", "age", "abs(age / 7 - 30h)",
					   "min(age / 7, 200h - idle / 3)",
					   "max(3h / (age / 1h), idle / 11)"));
		break;
	}
	shd_text_printf(out, " %s ", random_order_op(random));
	random_limit(random, out);
}

static void nothing_changes_before_the_wake(void **state)
{
	uint64_t random = seed + 2;

	(void)state;
	for (int i = 0; i < DEADLINES; i++) {
		SHD_AUTO(shd_text_finish) struct shd_text text = {0};
		struct shd_arena *arena = shd_arena_create(1 << 20);
		int64_t wake_ms, other_ms;

		shd_text_init(&text, 4096);
		random_store(&random);
		random_condition(&random, (int)roll(&random, 3), &text);
		const struct shd_expr *expr = compile(text.data, arena);
		int64_t now_ms = fake.env.now.ms;
		enum shd_truth now = truth_at(expr, now_ms, &wake_ms);
		int64_t end_ms =
			wake_ms < now_ms + 1000 * SHD_DAY_MS ? wake_ms : now_ms + 1000 * SHD_DAY_MS;
		for (int j = 0; j < 20; j++) {
			int64_t at_ms = j == 0 ? end_ms - 1
					       : now_ms + (int64_t)((double)(end_ms - now_ms) *
								    roll(&random, 10000) / 10000);
			enum shd_truth then = truth_at(expr, at_ms, &other_ms);

			if (then != now)
				print_error("%s\nat %lld, wake %lld, but at %lld\n", text.data,
					(long long)now_ms, (long long)wake_ms, (long long)at_ms);
			assert_int_equal(then, now);
		}
		shd_arena_destroy(arena);
	}
}

/* --- unknown --------------------------------------------------------------------- */

static void random_known(uint64_t *random, int depth, struct shd_text *out)
{
	if (depth > 0 && roll(random, 4)) {
		shd_text_puts(out, roll(random, 3) ? "(" : "not (");
		random_known(random, depth - 1, out);
		shd_text_printf(out, " %s ", PICK(random, "and", "or"));
		random_known(random, depth - 1, out);
		shd_text_putc(out, ')');
		return;
	}
	shd_text_puts(out, PICK(random, "rating > 4.5", "rating is none", "(rating else 4) < 4.2",
				   "units > 2", "units is not none", "rating in [4.1, units]",
				   "(units > 1 ? rating : 4.4) == 4.4", "rating * units > 9",
				   "max(rating, units) > 4", "avg(rating last 7d) > 4.5", "true",
				   "baseline(rating, 3d) < 4.6"));
}

/* Whatever is known while a feed is blind holds for everything the feed could say. */
static void blind_decides_nothing(void **state)
{
	uint64_t random = seed + 3;
	int known = 0;

	(void)state;
	for (int i = 0; i < BLINDED; i++) {
		SHD_AUTO(shd_text_finish) struct shd_text text = {0};
		struct shd_arena *arena = shd_arena_create(1 << 20);
		int64_t wake_ms;

		shd_text_init(&text, 4096);
		random_store(&random);
		random_known(&random, DEPTH, &text);
		const struct shd_expr *expr = compile(text.data, arena);
		fake.blind_metrics = 1ULL << SHD_M_rating;
		enum shd_truth blind = truth_at(expr, fake.env.now.ms, &wake_ms);
		fake.blind_metrics = 0;
		for (int j = 0; j < 8 && blind != SHD_TRUTH_UNKNOWN; j++) {
			if (j)
				fake_sample(&fake, SHD_M_rating, fake.env.now.ms - 8 + j,
					(int64_t)roll(&random, 6000000));
			else
				fake.metrics[SHD_M_rating].none = true;
			assert_int_equal(truth_at(expr, fake.env.now.ms, &wake_ms), blind);
		}
		known += blind != SHD_TRUTH_UNKNOWN;
		shd_arena_destroy(arena);
	}
	assert_true(known > 0 && known < BLINDED);
}

/* --- decimals -------------------------------------------------------------------- */

static enum shd_truth truth_of(const char *text)
{
	struct shd_arena *arena = shd_arena_create(1 << 20);
	int64_t wake_ms;
	enum shd_truth truth = truth_at(compile(text, arena), T0, &wake_ms);

	shd_arena_destroy(arena);
	return truth;
}

/* Limits on the share as it is shown, and one unit beside it. */
static void a_share_is_compared_before_it_is_rounded(void **state)
{
	uint64_t random = seed + 4;

	(void)state;
	random_store(&random);
	for (int i = 0; i < SHARES; i++) {
		int64_t of = 1 + roll(&random, 10000000), hit = roll(&random, (uint32_t)of + 1);
		int64_t limit = shd_mul_div(hit, SHD_MICRO, of) + (int64_t)roll(&random, 3) - 1;
		int64_t more = hit * SHD_MICRO - (limit < 0 ? 0 : limit) * of;
		char number[SHD_DECIMAL_TEXT], text[256];

		shd_decimal_format(limit < 0 ? 0 : limit, 4, number);
		snprintf(text, sizeof(text), "ratio(%lld, %lld) > %s%%", (long long)hit,
			(long long)of, number);
		assert_int_equal(truth_of(text), more > 0);
		snprintf(text, sizeof(text), "%s%% >= ratio(%lld, %lld)", number, (long long)hit,
			(long long)of);
		assert_int_equal(truth_of(text), more <= 0);
		snprintf(text, sizeof(text),
			"%lld / %lld * %lld == %lld and %lld / %lld - %lld / %lld == 0",
			(long long)hit, (long long)of, (long long)of, (long long)hit,
			(long long)hit, (long long)of, (long long)hit * 3, (long long)of * 3);
		assert_int_equal(truth_of(text), SHD_TRUTH_TRUE);
	}
}

/* --- windows since a time --------------------------------------------------------- */

static int64_t number_of(const struct shd_expr *expr)
{
	struct shd_result result;
	struct shd_eval eval;

	shd_eval_init(&eval, &fake.env, NULL, NULL);
	shd_eval(&eval, expr, &result);
	assert_false(result.v.none);
	return result.v.n;
}

static void a_window_since_a_time_has_what_began_from_then_on(void **state)
{
	uint64_t random = seed + 5;
	struct shd_arena *arena = shd_arena_create(8 << 20);
	const struct shd_expr *count = compile("count(review since today - 1d)", arena);
	const struct shd_expr *whole = compile("count(review since today - 40000d)", arena);
	const struct shd_expr *start = compile("(today - 1d) - now", arena);

	(void)state;
	for (int i = 0; i < DEADLINES; i++) {
		int64_t n = 0, all = 0;

		fake_init(&fake);
		fake.settings.zone = zones[roll(&random, SHD_COUNT(zones))];
		fake.env.now.ms = T0 + roll(&random, 9000) * SHD_HOUR_MS + roll(&random, 1000);
		int64_t from_ms = fake.env.now.ms + number_of(start), at_ms = from_ms;
		at_ms -= 1 + roll(&random, 2) * SHD_DAY_MS;
		for (int k = 0; k < 20; k++, at_ms += roll(&random, 10) * SHD_HOUR_MS)
			fake_add(&fake, SHD_KIND_review, "r", at_ms += roll(&random, 2));
		for (size_t k = 0; k < fake.entity_count; k++) {
			const struct shd_entity *entity = &fake.entities[k];
			int64_t opened_ms = entity->fields[SHD_I_opened_at].n;
			bool known = entity->kind == SHD_KIND_review &&
				     opened_ms <= fake.env.now.ms;

			all += known;
			n += known && opened_ms >= from_ms;
		}
		assert_int_equal(number_of(count), n * SHD_MICRO);
		assert_int_equal(number_of(whole), all * SHD_MICRO);
	}
	shd_arena_destroy(arena);
}

static int make_zones(void **state)
{
	struct shd_arena *arena = shd_arena_create(1 << 20);

	*state = arena;
	for (size_t i = 0; i < SHD_COUNT(zones); i++) {
		zones[i] = shd_zone_make(zone_names[i], arena);
		assert_non_null(zones[i]);
	}
	return 0;
}

static int destroy_zones(void **state)
{
	shd_arena_destroy(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printed_and_parsed_again_is_the_same),
		cmocka_unit_test(a_comparison_flips_at_its_wake_and_not_before),
		cmocka_unit_test(nothing_changes_before_the_wake),
		cmocka_unit_test(blind_decides_nothing),
		cmocka_unit_test(a_share_is_compared_before_it_is_rounded),
		cmocka_unit_test(a_window_since_a_time_has_what_began_from_then_on),
	};
	const char *given = getenv("SHD_SEED");

	seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	printf("SHD_SEED=%llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, make_zones, destroy_zones);
}

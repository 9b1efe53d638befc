/* lib/judge/judge.h: each store is judged by the rules as its own overrides leave them. */
#include "support/judge_bench.h"


static const char pack[] =
	"rules:\n"
	"  - rule: rating-floor\n"
	"    title: {en: The rating falls}\n"
	"    value: rating\n"
	"    levels: {warning: value < 4.7, critical: value < 4.6}\n"
	"  - rule: first-response\n"
	"    each: complaint\n"
	"    where: responded_at is none\n"
	"    due: opened_at + 48h\n"
	"    levels: {warning: remaining <= 12h, breached: remaining <= 0s}\n";

/* Another configuration comes into force, and both stores are looked at. */
static void reload(struct bench *b, const char *overrides)
{
	bench_overrides(b, overrides);
	bench_rules(b, pack);
	bench_begin(b);
	for (size_t i = 0; i < 2; i++)
		if (!shd_judge_store(b->judge, b->stores[i].id, &b->err))
			fail_msg("%s", b->err.msg);
	bench_end(b);
}

static void start(struct bench *b, const char *overrides)
{
	bench_start(b, pack);
	bench_overrides(b, overrides);
	bench_rules(b, pack);
}

/* One answer of both stores. */
static void rating(struct bench *b, const char *number)
{
	struct shd_error err;

	for (size_t i = 0; i < 2; i++) {
		struct shd_value value = {.type = SHD_NUMBER};

		assert_true(shd_decimal_parse(number, strlen(number), 6, &value.n, &err));
		shd_harvest_measure(bench_harvest(b), SHD_M_rating, false, value);
		struct shd_batch batch = bench_batch(b, i, "rates");
		bench_take(b, &batch);
	}
}

static const struct shd_alert *alert_of(
	struct bench *b, const char *store, const char *rule, const char *entity)
{
	const struct shd_alert *alert;

	alert = bench_alert_of(b, store, rule, entity);
	return alert;
}

static enum shd_level level_of(struct bench *b, const char *store, const char *rule)
{
	const struct shd_alert *alert = alert_of(b, store, rule, "");

	return alert && alert->state == SHD_ALERT_FIRING ? alert->level : SHD_LEVEL_NONE;
}

static void a_store_has_limits_of_its_own(void **state)
{
	struct bench b;

	(void)state;
	start(&b, "s1: {rating-floor: {levels: {critical: value < 4.5}}}");
	rating(&b, "4.55");
	assert_int_equal(level_of(&b, "s1", "rating-floor"), SHD_WARN);
	assert_int_equal(level_of(&b, "s2", "rating-floor"), SHD_CRITICAL);
	rating(&b, "4.49");
	assert_int_equal(level_of(&b, "s1", "rating-floor"), SHD_CRITICAL);
	assert_int_equal(alert_of(&b, "s1", "rating-floor", "")->last.limit.n, 4500000);
	bench_finish(&b);
}

static void a_store_can_switch_a_rule_off(void **state)
{
	struct bench b;

	(void)state;
	start(&b, "s2: {rating-floor: {enabled: false}}");
	rating(&b, "4.55");
	assert_int_equal(level_of(&b, "s1", "rating-floor"), SHD_CRITICAL);
	assert_null(alert_of(&b, "s2", "rating-floor", ""));
	bench_finish(&b);
}

static void an_edited_override_moves_the_same_alert(void **state)
{
	struct bench b;

	(void)state;
	start(&b, "{}");
	rating(&b, "4.55");
	int64_t number = alert_of(&b, "s1", "rating-floor", "")->number;
	b.now += SHD_MINUTE_MS;
	reload(&b, "s1: {rating-floor: {levels: {critical: value < 4.5}}}");
	const struct shd_alert *alert = alert_of(&b, "s1", "rating-floor", "");
	assert_int_equal(alert->number, number);
	assert_int_equal(alert->episode, 1);
	assert_int_equal(alert->level, SHD_WARN);
	assert_int_equal(level_of(&b, "s2", "rating-floor"), SHD_CRITICAL);
	b.now += SHD_MINUTE_MS;
	reload(&b, "s1: {rating-floor: {enabled: false}}");
	assert_int_equal(alert_of(&b, "s1", "rating-floor", "")->state, SHD_ALERT_RESOLVED);
	b.now += SHD_MINUTE_MS;
	reload(&b, "{}");
	alert = alert_of(&b, "s1", "rating-floor", "");
	assert_int_equal(alert->number, number);
	assert_int_equal(alert->episode, 2);
	assert_int_equal(alert->level, SHD_CRITICAL);
	bench_finish(&b);
}

static void a_store_has_deadlines_of_its_own(void **state)
{
	struct bench b;
	size_t at;

	(void)state;
	start(&b, "s1: {first-response: {due: opened_at + 72h}}");
	for (size_t i = 0; i < 2; i++) {
		at = shd_harvest_entity(bench_harvest(&b), SHD_KIND_complaint, "c", 1);
		shd_set_n(b.harvest, at, SHD_F_complaint_opened_at, T0);
		struct shd_batch batch = bench_batch(&b, i, "cases");
		batch.seen.listed_count = 1;
		batch.seen.listed = (const char *const[]){"c"};
		bench_take(&b, &batch);
	}
	static const struct {
		int64_t at_ms;
		enum shd_level own, other;
	} cases[] = {
		{36 * SHD_HOUR_MS - 1, SHD_LEVEL_NONE, SHD_LEVEL_NONE},
		{36 * SHD_HOUR_MS, SHD_LEVEL_NONE, SHD_WARN},
		{48 * SHD_HOUR_MS, SHD_LEVEL_NONE, SHD_BREACHED},
		{60 * SHD_HOUR_MS - 1, SHD_LEVEL_NONE, SHD_BREACHED},
		{60 * SHD_HOUR_MS, SHD_WARN, SHD_BREACHED},
		{72 * SHD_HOUR_MS, SHD_BREACHED, SHD_BREACHED},
	};
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		b.now = T0 + cases[i].at_ms;
		for (size_t store = 0; store < 2; store++) {
			struct shd_batch batch = bench_batch(&b, store, "cases");
			bench_take(&b, &batch);
		}
		bench_wake(&b, b.now);
		const struct shd_alert *own = alert_of(&b, "s1", "first-response", "c");
		const struct shd_alert *other = alert_of(&b, "s2", "first-response", "c");
		assert_int_equal(own ? own->level : SHD_LEVEL_NONE, cases[i].own);
		assert_int_equal(other ? other->level : SHD_LEVEL_NONE, cases[i].other);
	}
	bench_finish(&b);
}

static void stores_that_say_the_same_share_the_rules(void **state)
{
	static const char same[] = "s1: &own {rating-floor: {for: 10m}}\ns2: *own\n";
	struct bench b;

	(void)state;
	start(&b, "{}");
	assert_ptr_equal(shd_rules_of(b.rules, "s1"), b.rules);
	bench_overrides(&b, same);
	bench_rules(&b, pack);
	assert_ptr_equal(shd_rules_of(b.rules, "s1"), shd_rules_of(b.rules, "s2"));
	/* What is not overridden is the same rule. */
	const struct shd_rules *own = shd_rules_of(b.rules, "s1");
	assert_ptr_equal(shd_rules_find(own, "first-response"),
			 shd_rules_find(b.rules, "first-response"));
	assert_ptr_not_equal(shd_rules_find(own, "rating-floor"),
			     shd_rules_find(b.rules, "rating-floor"));
	bench_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_store_has_limits_of_its_own),
		cmocka_unit_test(a_store_can_switch_a_rule_off),
		cmocka_unit_test(an_edited_override_moves_the_same_alert),
		cmocka_unit_test(a_store_has_deadlines_of_its_own),
		cmocka_unit_test(stores_that_say_the_same_share_the_rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

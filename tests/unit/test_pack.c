/* The rules that ship in conf/rules.d: they compile, and name source, title and advice. */
#include "support/pack.h"
#include "support/rule_env.h"

static void every_rule_names_source_title_and_advice(void **state)
{
	const struct pack *pack = *state;

	assert_true(shd_rules_count(pack->rules) >= 75);
	for (size_t i = 0; i < shd_rules_count(pack->rules); i++) {
		const struct shd_rule *rule = shd_rules_at(pack->rules, i);

		if (!rule->source)
			fail_msg("%s names no source", rule->id);
		for (int l = 0; l < SHD_LANGUAGE_COUNT; l++)
			if (!rule->title[l] || !rule->advice[l] ||
				(l && rule->title[l] == rule->title[0]))
				fail_msg("%s has no title or advice in %s", rule->id,
					shd_language_names[l]);
	}
}

static void deadlines_are_deadline_rules(void **state)
{
	static const char *const ids[] = {"ozon-complaint-first-response", "ozon-ship-deadline",
		"ozon-cancellation-request", "ozon-return-response", "ozon-return-decision"};
	const struct pack *pack = *state;

	for (size_t i = 0; i < SHD_COUNT(ids); i++) {
		const struct shd_rule *rule = shd_rules_find(pack->rules, ids[i]);

		if (!rule || !rule->deadline)
			fail_msg("%s is not a deadline rule", ids[i]);
	}
}

static enum shd_level level_of(const struct pack *pack, const char *id, struct fake *fake)
{
	struct shd_verdict verdict;
	const struct shd_rule *rule = shd_rules_find(pack->rules, id);

	assert_non_null(rule);
	shd_rule_judge(rule, &fake->env, &verdict);
	if (verdict.judgement != SHD_JUDGED)
		fail_msg("%s is not judged: %s", id, verdict.why ? verdict.why : "no reason");
	return verdict.level;
}

/* An unknown verdict ends nothing: a stock-out would stay open when the goods come. */
static void stock_without_sales_figures_is_judged(void **state)
{
	const struct pack *pack = *state;
	struct fake fake;

	fake_init(&fake);
	struct shd_entity *stock = fake_add(&fake, SHD_KIND_stock, "1", 0);
	fake.env.entity = stock;
	fake_n(stock, SHD_F_stock_had_stock, 1);
	fake_n(stock, SHD_F_stock_available, 0);
	assert_int_equal(level_of(pack, "ozon-stock-low", &fake), SHD_CRITICAL);
	fake_n(stock, SHD_F_stock_available, 50000000);
	assert_int_equal(level_of(pack, "ozon-stock-low", &fake), SHD_LEVEL_NONE);
	fake_n(stock, SHD_F_stock_cover, 6 * SHD_DAY_MS);
	assert_int_equal(level_of(pack, "ozon-stock-low", &fake), SHD_WARN);
}

static void a_rating_without_thresholds_is_judged_by_its_verdict(void **state)
{
	static const struct {
		const char *verdict, *better;
		int64_t danger;
		enum shd_level level;
	} cases[] = {
		{"warning", "down", 0, SHD_WARN},
		{"ok", "down", 0, SHD_LEVEL_NONE},
		{"ok", NULL, 5000000, SHD_LEVEL_NONE},
		{NULL, "up", 5000000, SHD_CRITICAL},
		{NULL, "down", 5000000, SHD_LEVEL_NONE},
		{NULL, "down", 3000000, SHD_CRITICAL},
	};
	const struct pack *pack = *state;

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct fake fake;

		fake_init(&fake);
		struct shd_entity *rating = fake_add(&fake, SHD_KIND_rating, "r", 0);
		fake.env.entity = rating;
		fake_n(rating, SHD_F_rating_score, 4000000);
		if (cases[i].verdict)
			fake_text(rating, SHD_F_rating_verdict, cases[i].verdict);
		if (cases[i].better)
			fake_text(rating, SHD_F_rating_better, cases[i].better);
		if (cases[i].danger)
			fake_n(rating, SHD_F_rating_danger_threshold, cases[i].danger);
		if (level_of(pack, "ozon-rating-thresholds", &fake) != cases[i].level)
			fail_msg("case %zu", i);
	}
}

static void late_shipments_are_a_share_of_what_the_seller_ships(void **state)
{
	const struct pack *pack = *state;
	struct shd_verdict verdict;
	struct fake fake;

	fake_init(&fake);
	fake.env.now.ms = SHD_DAY_MS;
	for (int i = 0; i < 40; i++) {
		struct shd_entity *order = fake_add(&fake, SHD_KIND_order, "o", SHD_HOUR_MS);

		fake_text(order, SHD_F_order_fulfilment, i < 20 ? "seller" : "marketplace");
		if (i < 20)
			fake_n(order, SHD_F_order_shipped_late, i < 4);
	}
	shd_rule_judge(shd_rules_find(pack->rules, "ozon-late-shipments"), &fake.env, &verdict);
	assert_int_equal(verdict.level, SHD_CRITICAL);
	assert_int_equal(verdict.sample_hit, 4);
	assert_int_equal(verdict.sample_of, 20);
}

/* "rule: ID" with the end of the word behind it, in any file of tests/rules. */
static bool is_tested(const char *id)
{
	char needle[96];
	bool found = false;
	glob_t files;

	snprintf(needle, sizeof(needle), "rule: %s,", id);
	assert_int_equal(glob(SHD_SOURCE_DIR "/tests/rules/*.yaml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc && !found; i++) {
		size_t len;
		shd_autofree char *text = pack_read_file(files.gl_pathv[i], &len);

		found = strstr(text, needle) != NULL;
	}
	globfree(&files);
	return found;
}

static void every_rule_has_tests_on_the_virtual_clock(void **state)
{
	const struct pack *pack = *state;

	for (size_t i = 0; i < shd_rules_count(pack->rules); i++)
		if (!is_tested(shd_rules_at(pack->rules, i)->id))
			fail_msg("no file of tests/rules expects anything of %s",
				shd_rules_at(pack->rules, i)->id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_names_source_title_and_advice),
		cmocka_unit_test(deadlines_are_deadline_rules),
		cmocka_unit_test(every_rule_has_tests_on_the_virtual_clock),
		cmocka_unit_test(stock_without_sales_figures_is_judged),
		cmocka_unit_test(a_rating_without_thresholds_is_judged_by_its_verdict),
		cmocka_unit_test(late_shipments_are_a_share_of_what_the_seller_ships),
	};
	return cmocka_run_group_tests(tests, pack_load, pack_unload);
}

/* rule/: YAML to rules, rules to verdicts. */
#include "support/check.h"

#include "base/num.h"
#include "rule/rule.h"
#include "settings/settings.h"
#include "support/rule_env.h"
#include "support/rule_set.h"

enum { GRAPH = 7 };

/* Whether `to` is reached from `from` by at least one edge. */
static bool is_reached(bool edges[GRAPH][GRAPH], int from, int to)
{
	bool seen[GRAPH] = {0};
	int waiting[GRAPH], count = 0;

	for (int at = from;; at = waiting[--count]) {
		for (int next = 0; next < GRAPH; next++) {
			if (!edges[at][next])
				continue;
			if (next == to)
				return true;
			if (!seen[next])
				waiting[count++] = next;
			seen[next] = true;
		}
		if (!count)
			return false;
	}
}

static int expect_circles(bool edges[GRAPH][GRAPH])
{
	int mistakes = 0;

	for (int from = 0; from < GRAPH; from++)
		for (int to = 0; to < GRAPH; to++)
			mistakes += edges[from][to] && (from == to || is_reached(edges, to, from));
	return mistakes;
}

/* Graphs by lot, thin ones and dense ones: every edge of a circle is a mistake, no other is. */
static void each_step_of_a_circle_of_inhibition_is_a_mistake(void **state)
{
	uint32_t lot = 7;

	(void)state;
	for (int round = 0; round < 400; round++) {
		SHD_AUTO(shd_text_finish) struct shd_text yaml = {0};
		bool edges[GRAPH][GRAPH] = {{0}};
		struct set set = {.diags = shd_diags_create(100), .words = shd_word_lists_create()};

		shd_text_init(&yaml, 65536);
		shd_text_puts(&yaml, "rules:\n");
		for (int from = 0; from < GRAPH; from++) {
			const char *before = "";

			shd_text_printf(&yaml, "  - rule: r%d\n    levels: {warning: rating < 4}\n"
				"    inhibited_by: [", from);
			for (int to = 0; to < GRAPH; to++) {
				lot = lot * 1664525 + 1013904223;
				edges[from][to] = (lot >> 16) % 100 < 5 + (uint32_t)round / 20;
				if (!edges[from][to])
					continue;
				shd_text_printf(&yaml, "%sr%d", before, to);
				before = ", ";
			}
			shd_text_puts(&yaml, "]\n");
		}
		set.doc = shd_doc_parse("rules.yaml", yaml.data, yaml.len, set.diags);
		set.rules = shd_rules_compile(&set.doc, 1, NULL, set.words, set.diags);
		assert_int_equal(shd_diags_mistakes(set.diags), expect_circles(edges));
		set_finish(&set);
	}
}

static const char complaint_rule[] =
	"rules:\n"
	"  - rule: first-response\n"
	"    title: {en: Complaint waits, ru: \"Жалоба ждёт\"}\n"
	"    stores: marketplace == \"ozon\"\n"
	"    each: complaint\n"
	"    where: responded_at is none and not closed\n"
	"    due: 'opened_at + (store.kind == \"local\" ? 48h : 72h)'\n"
	"    levels:\n"
	"      breached: remaining <= 0s\n"
	"      info:     age >= 12h\n"
	"      warning:  remaining <= 12h\n"
	"      critical: remaining <= 2h\n"
	"    cost: 5000 RUB + 3.5% * order_amount\n";

static void a_complaint_escalates_to_the_millisecond(void **state)
{
	static const struct {
		int64_t at_ms;
		enum shd_level level;
		int64_t wake_ms;
	} cases[] = {
		{0, SHD_LEVEL_NONE, 12 * SHD_HOUR_MS},
		{12 * SHD_HOUR_MS - 1, SHD_LEVEL_NONE, 12 * SHD_HOUR_MS},
		{12 * SHD_HOUR_MS, SHD_INFO, 36 * SHD_HOUR_MS},
		{36 * SHD_HOUR_MS - 1, SHD_INFO, 36 * SHD_HOUR_MS},
		{36 * SHD_HOUR_MS, SHD_WARN, 46 * SHD_HOUR_MS},
		{46 * SHD_HOUR_MS, SHD_CRITICAL, 48 * SHD_HOUR_MS},
		{48 * SHD_HOUR_MS - 1, SHD_CRITICAL, 48 * SHD_HOUR_MS},
		{48 * SHD_HOUR_MS, SHD_BREACHED, SHD_NEVER_MS - T0},
	};
	struct fake fake;
	struct set set;

	(void)state;
	set_init(&set, complaint_rule);
	assert_non_null(set.rules);
	fake_init(&fake);
	struct shd_entity *complaint = fake_add(&fake, SHD_KIND_complaint, "C-1", T0);
	fake_money(complaint, SHD_F_complaint_order_amount, 199000, "RUB");
	fake.env.entity = complaint;
	const struct shd_rule *rule = shd_rules_find(set.rules, "first-response");
	assert_non_null(rule);
	assert_true(rule->each && rule->deadline && rule->tell_resolved);
	assert_string_equal(rule->title[SHD_ZH], "Complaint waits");
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_verdict verdict;

		fake.env.now.ms = T0 + cases[i].at_ms;
		shd_rule_judge(rule, &fake.env, &verdict);
		assert_int_equal(verdict.judgement, SHD_JUDGED);
		assert_int_equal(verdict.level, cases[i].level);
		assert_int_equal(verdict.wake.ms, T0 + cases[i].wake_ms);
		assert_int_equal(verdict.due.ms, T0 + 48 * SHD_HOUR_MS);
		assert_int_equal(verdict.cost.n, 500000 + 6965);
		assert_string_equal(verdict.cost.currency, "RUB");
	}
	set_finish(&set);
}

static void the_verdict_shows_value_beside_limit(void **state)
{
	struct shd_verdict verdict;
	struct fake fake;
	struct set set;

	(void)state;
	set_init(&set, complaint_rule);
	fake_init(&fake);
	fake.env.entity = fake_add(&fake, SHD_KIND_complaint, "C-1", T0);
	fake.env.now.ms = T0 + 37 * SHD_HOUR_MS;
	shd_rule_judge(shd_rules_at(set.rules, 0), &fake.env, &verdict);
	assert_int_equal(verdict.value.type, SHD_DURATION);
	assert_int_equal(verdict.value.n, 11 * SHD_HOUR_MS);
	assert_int_equal(verdict.limit.n, 12 * SHD_HOUR_MS);
	assert_true(verdict.cost.none);
	assert_string_equal(
		shd_rule_condition(shd_rules_at(set.rules, 0), SHD_WARN), "remaining <= 12h");
	set_finish(&set);
}

static void what_is_answered_closed_or_elsewhere_is_not_watched(void **state)
{
	struct shd_verdict verdict;
	struct fake fake;
	struct set set;

	(void)state;
	set_init(&set, complaint_rule);
	const struct shd_rule *rule = shd_rules_at(set.rules, 0);
	fake_init(&fake);
	struct shd_entity *complaint = fake_add(&fake, SHD_KIND_complaint, "C-1", T0);
	fake.env.entity = complaint;
	fake.env.now.ms = T0 + 48 * SHD_HOUR_MS;
	fake_n(complaint, SHD_F_complaint_responded_at, T0);
	shd_rule_judge(rule, &fake.env, &verdict);
	assert_int_equal(verdict.judgement, SHD_NOT_WATCHED);
	complaint->fields[shd_field_index(SHD_F_complaint_responded_at)].none = true;
	fake_n(complaint, SHD_F_complaint_closed, 1);
	shd_rule_judge(rule, &fake.env, &verdict);
	assert_int_equal(verdict.judgement, SHD_NOT_WATCHED);
	fake_n(complaint, SHD_F_complaint_closed, 0);
	fake.settings.marketplace = "amazon";
	assert_false(shd_rule_applies(rule, &fake.env));
	shd_rule_judge(rule, &fake.env, &verdict);
	assert_int_equal(verdict.judgement, SHD_NOT_WATCHED);
	fake.env.store = NULL;
	assert_false(shd_rule_applies(rule, &fake.env));
	set_finish(&set);
}

static void a_blind_feed_is_unknown_and_never_resolves(void **state)
{
	struct shd_verdict verdict;
	struct fake fake;
	struct set set;

	(void)state;
	set_init(&set, complaint_rule);
	fake_init(&fake);
	struct shd_entity *complaint = fake_add(&fake, SHD_KIND_complaint, "C-1", T0);
	fake_n(complaint, SHD_F_complaint_responded_at, T0);
	fake.env.entity = complaint;
	fake.env.now.ms = T0 + 48 * SHD_HOUR_MS;
	fake.blind_kinds = 1U << SHD_KIND_complaint;
	shd_rule_judge(shd_rules_at(set.rules, 0), &fake.env, &verdict);
	assert_int_equal(verdict.judgement, SHD_UNKNOWN);
	assert_false(verdict.clear);
	assert_string_equal(verdict.why, "complaint");
	set_finish(&set);
}

static const char rate_rule[] = "rules:\n"
				"  - rule: late\n"
				"    value: share(order last 30d where shipped_late)\n"
				"    needs: count(order last 30d) >= 4\n"
				"    levels: {info: value > 20%, warning: value >= 40%}\n"
				"    clear: value < 15%\n"
				"    for: 3 of 5\n"
				"    clear_for: 1h\n"
				"    tell_resolved: false\n";

static void a_share_shows_its_sample_and_room(void **state)
{
	struct shd_verdict verdict;
	struct fake fake;
	struct set set;

	(void)state;
	set_init(&set, rate_rule);
	const struct shd_rule *rule = shd_rules_at(set.rules, 0);
	assert_int_equal(rule->for_hits, 3);
	assert_int_equal(rule->for_of, 5);
	assert_int_equal(rule->clear_for_ms, SHD_HOUR_MS);
	assert_false(rule->tell_resolved);
	assert_int_equal(rule->reads_kinds, 1U << SHD_KIND_order);
	fake_init(&fake);
	for (int i = 0; i < 3; i++)
		fake_n(fake_add(&fake, SHD_KIND_order, "o", T0 + i), SHD_F_order_shipped_late,
			i == 1);
	fake.env.now.ms = T0 + 10;
	shd_rule_judge(rule, &fake.env, &verdict);
	assert_int_equal(verdict.judgement, SHD_TOO_FEW);
	for (int i = 3; i < 5; i++)
		fake_n(fake_add(&fake, SHD_KIND_order, "o", T0 + i), SHD_F_order_shipped_late,
			false);
	shd_rule_judge(rule, &fake.env, &verdict);
	assert_int_equal(verdict.judgement, SHD_JUDGED);
	assert_int_equal(verdict.level, SHD_LEVEL_NONE);
	assert_int_equal(verdict.value.n, 200000);
	assert_int_equal(verdict.limit.n, 200000);
	assert_int_equal(verdict.sample_hit, 1);
	assert_int_equal(verdict.sample_of, 5);
	assert_int_equal(verdict.room.n, 1 * SHD_MICRO);
	assert_false(verdict.clear);
	assert_int_equal(verdict.wake.ms, T0 + 30 * SHD_DAY_MS);
	fake_n(&fake.entities[0], SHD_F_order_shipped_late, true);
	shd_rule_judge(rule, &fake.env, &verdict);
	assert_int_equal(verdict.level, SHD_WARN);
	assert_int_equal(verdict.limit.n, 400000);
	assert_true(verdict.room.none);
	set_finish(&set);
}

static const char store_rules[] =
	"rules:\n"
	"  - rule: two-parts\n"
	"    levels: {warning: acos > 50% or rating < 4.7, critical: 4.6 > rating}\n"
	"  - rule: unsure-above\n"
	"    levels: {info: rating < 5, critical: acos > 50%}\n"
	"  - rule: unsure-only\n"
	"    levels: {critical: acos > 50%}\n"
	"  - rule: word\n"
	"    stores: marketplace == \"ozon\" and age < 90d\n"
	"    levels: {critical: store.status != \"active\"}\n"
	"  - rule: lowered\n"
	"    value: lower(store.status)\n"
	"    levels: {critical: value != \"active\"}\n"
	"  - rule: off\n"
	"    enabled: false\n"
	"    levels: {critical: true}\n"
	"  - rule: channels\n"
	"    each: channel\n"
	"    levels: {critical: waiting > 0}\n"
	"  - rule: everywhere\n"
	"    levels: {info: true}\n";

static void the_deciding_comparison_is_shown(void **state)
{
	struct fake fake;
	struct set set;

	(void)state;
	set_init(&set, store_rules);
	fake_init(&fake);
	fake_set_metric(&fake, SHD_M_rating, 4650000);
	struct shd_verdict verdict = judge_one(&set, "two-parts", &fake);
	assert_int_equal(verdict.level, SHD_WARN);
	assert_int_equal(verdict.value.n, 4650000);
	assert_int_equal(verdict.limit.n, 4700000);
	fake_set_metric(&fake, SHD_M_rating, 4500000);
	verdict = judge_one(&set, "two-parts", &fake);
	assert_int_equal(verdict.level, SHD_CRITICAL);
	assert_int_equal(verdict.value.n, 4500000); /* written on the right */
	assert_int_equal(verdict.limit.n, 4600000);
	set_finish(&set);
}

static void an_unknown_level_does_not_hold_and_hides_health(void **state)
{
	struct fake fake;
	struct set set;

	(void)state;
	set_init(&set, store_rules);
	fake_init(&fake);
	fake_set_metric(&fake, SHD_M_rating, 4650000);
	struct shd_verdict verdict = judge_one(&set, "unsure-above", &fake);
	assert_int_equal(verdict.judgement, SHD_JUDGED);
	assert_int_equal(verdict.level, SHD_INFO);
	assert_null(verdict.why);
	verdict = judge_one(&set, "unsure-only", &fake);
	assert_int_equal(verdict.judgement, SHD_UNKNOWN);
	assert_string_equal(verdict.why, "acos");
	fake_set_metric(&fake, SHD_M_acos, 0);
	assert_int_equal(judge_one(&set, "unsure-only", &fake).judgement, SHD_JUDGED);
	fake.blind_metrics = 1ULL << SHD_M_acos;
	assert_int_equal(judge_one(&set, "unsure-only", &fake).judgement, SHD_UNKNOWN);
	set_finish(&set);
}

static void a_store_is_watched_by_its_own_age_and_word(void **state)
{
	struct fake fake;
	struct set set;

	(void)state;
	set_init(&set, store_rules);
	fake_init(&fake);
	fake.settings.opened.ms = T0 - 89 * SHD_DAY_MS;
	struct shd_entity *store = fake_add(&fake, SHD_KIND_store, "shop", T0);
	fake_text(store, SHD_F_store_status, "BLOCKED");
	fake.env.store_entity = store;
	struct shd_verdict verdict = judge_one(&set, "word", &fake);
	assert_int_equal(verdict.level, SHD_CRITICAL);
	assert_string_equal(verdict.value.text, "BLOCKED");
	assert_true(verdict.limit.none); /* of a word there is none */
	assert_int_equal(verdict.wake.ms, T0 + SHD_DAY_MS);
	verdict = judge_one(&set, "lowered", &fake);
	assert_int_equal(verdict.level, SHD_CRITICAL);
	assert_string_equal(verdict.value.text, "BLOCKED"); /* as written */
	assert_true(verdict.limit.none);
	assert_int_equal(judge_one(&set, "off", &fake).judgement, SHD_NOT_WATCHED);
	fake.settings.opened.ms = T0 - 90 * SHD_DAY_MS;
	assert_int_equal(judge_one(&set, "word", &fake).judgement, SHD_NOT_WATCHED);
	set_finish(&set);
}

static void the_daemon_is_watched_only_by_rules_for_it(void **state)
{
	struct fake fake;
	struct set set;

	(void)state;
	set_init(&set, store_rules);
	fake_init(&fake);
	fake.env.store = NULL;
	assert_false(shd_rule_applies(shd_rules_find(set.rules, "everywhere"), &fake.env));
	assert_true(shd_rule_applies(shd_rules_find(set.rules, "channels"), &fake.env));
	fake.env.store = &fake.settings;
	assert_true(shd_rule_applies(shd_rules_find(set.rules, "everywhere"), &fake.env));
	set_finish(&set);
}

static void an_override_changes_one_level_and_leaves_the_rest(void **state)
{
	static const char config[] = "overrides:\n"
				     "  late: {levels: {info: value > 10%}, for: 5m, title: {zh: "
				     "X}, labels: {team: b}}\n";
	struct set set;

	(void)state;
	set_init(&set, rate_rule);
	shd_rules_destroy(set.rules);
	struct shd_doc *doc =
		shd_doc_parse("storehealthd.yaml", config, sizeof(config) - 1, set.diags);
	assert_non_null(doc);
	struct shd_settings settings = {
		.overrides = shd_node_get(shd_doc_root(doc), "overrides")};
	struct shd_rule_setup setup = shd_settings_for_rules(&settings);
	set.rules = shd_rules_compile(&set.doc, 1, &setup, set.words, set.diags);
	assert_non_null(set.rules);
	const struct shd_rule *rule = shd_rules_at(set.rules, 0);
	assert_string_equal(shd_rule_condition(rule, SHD_INFO), "value > 10%");
	assert_string_equal(shd_rule_condition(rule, SHD_WARN), "value >= 40%");
	assert_int_equal(rule->for_ms, 5 * SHD_MINUTE_MS);
	assert_int_equal(rule->for_of, 0);
	assert_string_equal(rule->title[SHD_ZH], "X");
	assert_string_equal(rule->title[SHD_EN], "late");
	assert_int_equal(rule->labels.count, 1);
	set_finish(&set);
	shd_doc_destroy(doc);
}

/* The settings of what a configuration says of overrides; three stores at most. */
static void read_overrides(const struct shd_doc *doc, struct shd_store stores[3],
			   struct shd_settings *ret_settings)
{
	static const char *const ids[] = {"0", "1", "2"};
	const struct shd_node *list = shd_node_get(shd_doc_root(doc), "stores");

	*ret_settings = (struct shd_settings){.stores = stores, .store_count = list->count,
		.overrides = shd_node_get(shd_doc_root(doc), "overrides")};
	assert_true(list->count <= 3);
	for (size_t i = 0; i < list->count; i++)
		stores[i] = (struct shd_store){.id = ids[i],
			.overrides = shd_node_get(&list->items[i], "overrides")};
}

static void a_store_changes_a_rule_for_itself_alone(void **state)
{
	static const char config[] =
		"overrides: {late: {levels: {info: value > 10%}, for: 5m, labels: {team: b}}}\n"
		"stores:\n"
		"  - overrides: {late: {levels: {warning: value > 30%}, labels: {team: c}}}\n"
		"  - {}\n"
		"  - overrides: {\"late\": {'levels': {warning: 'value > 30%'}, labels: {team: "
		"c}}}\n";
	struct shd_store stores[3];
	struct shd_settings settings;
	struct set set;

	(void)state;
	set_init(&set, rate_rule);
	shd_rules_destroy(set.rules);
	struct shd_doc *doc = shd_doc_parse("s.yaml", config, sizeof(config) - 1, set.diags);
	read_overrides(doc, stores, &settings);
	struct shd_rule_setup setup = shd_settings_for_rules(&settings);
	set.rules = shd_rules_compile(&set.doc, 1, &setup, set.words, set.diags);
	assert_non_null(set.rules);
	const struct shd_rules *own = shd_rules_of(set.rules, "0");
	const struct shd_rule *rule = shd_rules_find(own, "late");
	assert_int_equal(shd_rules_count(own), shd_rules_count(set.rules));
	assert_string_equal(shd_rule_condition(rule, SHD_INFO), "value > 10%");
	assert_string_equal(shd_rule_condition(rule, SHD_WARN), "value > 30%");
	assert_int_equal(rule->for_ms, 5 * SHD_MINUTE_MS);
	assert_int_equal(rule->labels.count, 1);
	assert_string_equal(rule->labels.values[0], "c");
	/* The others have the rule as it is for all, and what is equal is there once. */
	assert_ptr_equal(shd_rules_of(set.rules, "1"), set.rules);
	assert_ptr_equal(shd_rules_of(set.rules, "daemon"), set.rules);
	assert_string_equal(
		shd_rule_condition(shd_rules_at(set.rules, 0), SHD_WARN), "value >= 40%");
	assert_ptr_equal(shd_rules_of(set.rules, "2"), own);
	set_finish(&set);
	shd_doc_destroy(doc);
}

/* Else nobody would judge it again when that time alone becomes known. */
static void a_rule_reads_the_time_that_its_windows_go_by(void **state)
{
	static const char rules[] = "rules:\n"
		"  - rule: counted\n    value: count(order last 1d at delivered_at)\n"
		"    levels: {info: value > 1}\n"
		"  - rule: summed\n    value: sum(order.units last 1d at delivered_at)\n"
		"    levels: {info: value > 1}\n";
	uint64_t delivered = 1ULL << shd_field_index(SHD_F_order_delivered_at);
	uint64_t units = 1ULL << shd_field_index(SHD_F_order_units);
	struct set set;

	(void)state;
	set_init(&set, rules);
	assert_int_equal(shd_rules_at(set.rules, 0)->reads_fields[SHD_KIND_order], delivered);
	assert_int_equal(
		shd_rules_at(set.rules, 1)->reads_fields[SHD_KIND_order], delivered | units);
	set_finish(&set);
}

/* As the rule says it, and as two stores override it. */
static void a_level_can_have_a_clear_of_its_own(void **state)
{
	static const char rules[] = "rules:\n"
		"  - rule: floor\n"
		"    value: rating\n"
		"    levels: {info: value < 4.8, warning: value < 4.7, critical: value < 4.6}\n"
		"    clear: {critical: value >= 4.62, warning: value >= 4.72}\n";
	static const char config[] = "stores:\n"
		"  - overrides: {floor: {clear: {critical: value >= 4.65}}}\n"
		"  - overrides: {floor: {clear: value >= 4.9}}\n";
	static const struct {
		const char *store, *critical, *warning;
		int64_t rating;
		unsigned kept;
		bool clear;
	} cases[] = {
		{"x", "value >= 4.62", "value >= 4.72", 4590000, 0, true},
		{"x", "value >= 4.62", "value >= 4.72", 4619999, 1U << SHD_CRITICAL, true},
		{"x", "value >= 4.62", "value >= 4.72", 4620000, 0, true},
		{"x", "value >= 4.62", "value >= 4.72", 4719999, 1U << SHD_WARN, true},
		{"x", "value >= 4.62", "value >= 4.72", 4720000, 0, true},
		{"0", "value >= 4.65", "value >= 4.72", 4649999, 1U << SHD_CRITICAL, true},
		{"0", "value >= 4.65", "value >= 4.72", 4650000, 0, true},
		{"1", NULL, NULL, 4610000, 0, false},
		{"1", NULL, NULL, 4900000, 0, true},
	};
	struct shd_store stores[3];
	struct shd_settings settings;
	struct fake fake;
	struct set set;

	(void)state;
	set_init(&set, rules);
	fake_init(&fake);
	shd_rules_destroy(set.rules);
	struct shd_doc *doc = shd_doc_parse("s.yaml", config, sizeof(config) - 1, set.diags);
	read_overrides(doc, stores, &settings);
	struct shd_rule_setup setup = shd_settings_for_rules(&settings);
	set.rules = shd_rules_compile(&set.doc, 1, &setup, set.words, set.diags);
	assert_non_null(set.rules);
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		const struct shd_rule *rule =
			shd_rules_at(shd_rules_of(set.rules, cases[i].store), 0);
		const char *critical = shd_rule_clear_condition(rule, SHD_CRITICAL);
		const char *warning = shd_rule_clear_condition(rule, SHD_WARN);
		struct shd_verdict verdict;

		assert_string_equal(
			critical ? critical : "", cases[i].critical ? cases[i].critical : "");
		assert_string_equal(
			warning ? warning : "", cases[i].warning ? cases[i].warning : "");
		fake_set_metric(&fake, SHD_M_rating, cases[i].rating);
		shd_rule_judge(rule, &fake.env, &verdict);
		assert_int_equal(verdict.not_clear, cases[i].kept);
		assert_int_equal(verdict.clear, cases[i].clear);
	}
	set_finish(&set);
	shd_doc_destroy(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_step_of_a_circle_of_inhibition_is_a_mistake),
		cmocka_unit_test(a_complaint_escalates_to_the_millisecond),
		cmocka_unit_test(the_verdict_shows_value_beside_limit),
		cmocka_unit_test(what_is_answered_closed_or_elsewhere_is_not_watched),
		cmocka_unit_test(a_blind_feed_is_unknown_and_never_resolves),
		cmocka_unit_test(a_share_shows_its_sample_and_room),
		cmocka_unit_test(the_deciding_comparison_is_shown),
		cmocka_unit_test(an_unknown_level_does_not_hold_and_hides_health),
		cmocka_unit_test(a_store_is_watched_by_its_own_age_and_word),
		cmocka_unit_test(the_daemon_is_watched_only_by_rules_for_it),
		cmocka_unit_test(an_override_changes_one_level_and_leaves_the_rest),
		cmocka_unit_test(a_store_changes_a_rule_for_itself_alone),
		cmocka_unit_test(a_rule_reads_the_time_that_its_windows_go_by),
		cmocka_unit_test(a_level_can_have_a_clear_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* trial/scenario.h: tests of rules on a virtual clock, and how they fail. */
#include "support/check.h"

#include "trial/scenario.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char rules_text[] = "rules:\n"
	"  - rule: late\n"
	"    stores: marketplace == \"ozon\"\n"
	"    each: complaint\n"
	"    where: responded_at is none\n"
	"    due: 'opened_at + (store.kind == \"local\" ? 48h : 72h)'\n"
	"    levels: {info: age >= 12h, critical: remaining <= 2h, breached: remaining <= 0s}\n"
	"    cost: 3% * order_amount\n"
	"  - rule: share\n"
	"    value: share(order last 7d where shipped_late)\n"
	"    needs: count(order last 7d) >= 20\n"
	"    levels: {warning: value > 10%}\n"
	"  - rule: rating\n"
	"    value: rating\n"
	"    levels: {info: value < rating_target, warning: value < 4.5}\n"
	"    for: 10m\n"
	"    clear: value >= 4.7\n"
	"    clear_for: 1h\n"
	"  - rule: often\n"
	"    value: csat\n"
	"    levels: {warning: value < 3}\n"
	"    for: 3 of 5\n"
	"  - rule: since\n"
	"    value: count(complaint since today)\n"
	"    levels: {warning: value >= 1, critical: value >= 2}\n"
	"  - rule: morning\n"
	"    levels: {info: hour(now) >= 9 and hour(now) < 12 and weekday(now) <= 5 and "
	"count(complaint since today) == 0}\n"
	"  - rule: sight\n"
	"    stores: marketplace == \"daemon\"\n"
	"    value: store.clock_skew\n"
	"    levels: {warning: value > 60s}\n";

struct heard {
	size_t tests, good, unreadable, expected, failed;
};

static void hear(void *ctx, const struct shd_scenario_result *result)
{
	struct heard *heard = ctx;

	heard->tests++;
	heard->good += !result->unreadable && !result->failed;
	heard->unreadable += result->unreadable;
	heard->expected += result->expected;
	heard->failed += result->failed;
	assert_int_equal(result->failed > 0, result->text[0] != '\0');
}

/* Runs one file of tests; what it said stays in `said`. */
static struct heard run(const char *tests, struct shd_text *said)
{
	struct shd_diags *diags SHD_AUTO(shd_diags_destroyp) = shd_diags_create(100);
	struct shd_doc *rules_doc SHD_AUTO(shd_doc_destroyp) =
		shd_doc_parse("rules.yaml", rules_text, strlen(rules_text), diags);
	struct shd_word_lists *words = shd_word_lists_create();
	struct shd_rules *rules = shd_rules_compile(&rules_doc, 1, NULL, words, diags);
	struct shd_doc *doc SHD_AUTO(shd_doc_destroyp) =
		shd_doc_parse("t.yaml", tests, strlen(tests), diags);
	struct heard heard = {0};

	assert_non_null(rules);
	assert_non_null(doc);
	const struct shd_scenario_listener listener = {.report = hear, .ctx = &heard};
	shd_scenarios_run(doc, rules, NULL, diags, &listener);
	shd_diags_print(diags, said);
	shd_rules_destroy(rules);
	shd_word_lists_destroy(words);
	return heard;
}

/* Tests that hold; what they expect at one ms does not hold at the next. */
static const char *const good_tests[] = {
	/* escalation by the rule's own wake-ups, to the ms */
	"  given: [{at: 0h, complaint: {id: C, order_amount: 1000 RUB}}]\n"
	"  expect:\n"
	"  - {at: 11h59m59s999ms, rule: late, level: none, due: 48h}\n"
	"  - {at: 12h, rule: late, level: info, told: true, cost: 30 RUB}\n"
	"  - {at: 45h59m59s999ms, rule: late, level: info, told: false}\n"
	"  - {at: 46h, rule: late, level: critical}\n"
	"  - {at: 47h59m59s999ms, rule: late, level: critical}\n"
	"  - {at: 48h, rule: late, level: breached, told: true}\n",
	/* days and hours of the store, Monday 2026-01-05 at 3:00 there, to the ms */
	"  store: {timezone: Europe/Moscow}\n"
	"  given: [{at: 1h, complaint: {id: C}}, {at: 2h, complaint: {id: D, opened_at: -3h}}]\n"
	"  expect:\n"
	"  - {at: 59m59s999ms, rule: since, level: none}\n"
	"  - {at: 1h, rule: since, level: warning}\n"
	"  - {at: 2h, rule: since, level: critical}\n"
	"  - {at: 20h59m59s999ms, rule: since, level: critical}\n"
	"  - {at: 21h, rule: since, level: none, value: 0}\n"
	"  - {at: 6h, rule: morning, level: none}\n"
	"  - {at: 29h59m59s999ms, rule: morning, level: none}\n"
	"  - {at: 30h, rule: morning, level: info}\n"
	"  - {at: 32h59m59s999ms, rule: morning, level: info}\n"
	"  - {at: 33h, rule: morning, level: none}\n"
	"  - {at: 4d6h, rule: morning, level: info}\n"
	"  - {at: 5d6h, rule: morning, level: none}\n",
	/* the day that clocks go forward: at 2:00 it is 3:00, 1 h later than the hour before */
	"  start: 2026-03-29\n"
	"  store: {timezone: Europe/Berlin}\n"
	"  given: [{at: 0h, complaint: {id: C}}]\n"
	"  expect:\n"
	"  - {at: 21h59m59s999ms, rule: since, level: warning}\n"
	"  - {at: 22h, rule: since, level: none}\n"
	"  - {at: 30h59m59s999ms, rule: morning, level: none}\n"
	"  - {at: 31h, rule: morning, level: info}\n",
	/* settings of the store */
	"  store: {kind: crossborder}\n"
	"  given: [{at: 0h, complaint: {id: C}}]\n"
	"  expect: [{at: 48h, rule: late, level: info}, {at: 72h, rule: late, level: breached}]\n",
	"  store: {marketplace: amazon}\n"
	"  given: [{at: 0h, complaint: {id: C}}]\n"
	"  expect: [{at: 72h, rule: late, level: none}]\n",
	"  store: {marketplace: daemon}\n"
	"  given: [{at: 1h, store: {clock_skew: 61s}}]\n"
	"  expect: [{at: 59m, rule: sight, level: unknown}, {at: 1h, rule: sight, level: "
	"warning}]\n",
	/* an answer, and an end */
	"  given:\n"
	"  - {at: 0h, complaint: [{id: A}, {id: B}, {id: C}]}\n"
	"  - {at: 13h, complaint: {id: A, responded_at: 13h}}\n"
	"  - {at: 14h, complaint: {id: B, closed: true}}\n"
	"  expect:\n"
	"  - {at: 12h, rule: late, entity: A, level: info}\n"
	"  - {at: 13h, rule: late, entity: A, level: none, told: true}\n"
	"  - {at: 13h, rule: late, entity: B, level: info}\n"
	"  - {at: 14h, rule: late, entity: B, level: none}\n"
	"  - {at: 14h, rule: late, level: info, due: 48h}\n",
	/* a share: enough of them, over the limit, and a window that moves on */
	"  given:\n"
	"  - {at: -1d, times: 16, every: 1h, order: {id: O, shipped_late: false}}\n"
	"  - {at: 0h, times: 3, order: {id: L, shipped_late: true}}\n"
	"  - {at: 1h, order: {id: Z, shipped_late: false}}\n"
	"  expect:\n"
	"  - {at: 0h, rule: share, level: too-few}\n"
	"  - {at: 0h, rule: share, level: none}\n"
	"  - {at: 1h, rule: share, level: warning, value: 15%}\n"
	"  - {at: 5d23h59m59s999ms, rule: share, level: warning}\n"
	"  - {at: 6d, rule: share, level: too-few}\n",
	/* for, clear, clear_for, targets, feeds */
	"  given:\n"
	"  - {at: 0h, metric: {rating: 4.6}, target: {rating: 4.65}}\n"
	"  - {at: 1h, metric: {rating: 4.66}}\n"
	"  - {at: 2h, metric: {rating: 4.7}}\n"
	"  - {at: 5h, blind: account}\n"
	"  - {at: 6h, sees: account}\n"
	"  expect:\n"
	"  - {at: 9m59s999ms, rule: rating, level: pending, limit: 4.65}\n"
	"  - {at: 10m, rule: rating, level: info, value: 4.6}\n"
	"  - {at: 1h, rule: rating, level: info}\n"
	"  - {at: 2h59m59s999ms, rule: rating, level: info}\n"
	"  - {at: 3h, rule: rating, level: none, told: true}\n"
	"  - {at: 5h, rule: rating, level: unknown}\n"
	"  - {at: 6h, rule: rating, level: none}\n",
	/* three of five judgements */
	"  given:\n"
	"  - {at: 1h, metric: {csat: 2}}\n"
	"  - {at: 2h, metric: {csat: 4}}\n"
	"  - {at: 3h, times: 2, every: 1h, metric: {csat: 2}}\n"
	"  expect: [{at: 3h, rule: often, level: pending}, {at: 4h, rule: often, level: "
	"warning}]\n",
	/* dates */
	"  start: 2026-03-01T12:00:00Z\n"
	"  given: [{at: 0h, complaint: {id: C, opened_at: 2026-03-01}}]\n"
	"  expect: [{at: 2026-03-01T12:00:00Z, rule: late, level: info}]\n",
};

static void a_test_sees_what_the_rules_come_to(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(good_tests); i++) {
		struct shd_text text SHD_AUTO(shd_text_finish) = {0};
		struct shd_text said SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&text, 1 << 16);
		shd_text_init(&said, 1 << 16);
		shd_text_printf(&text, "tests:\n- test: case %zu\n%s", i, good_tests[i]);
		struct heard heard = run(text.data, &said);
		if (heard.good != 1)
			fail_msg("%s\n%s", text.data, said.data);
	}
}

static void what_does_not_hold_is_told_with_its_place(void **state)
{
	static const struct {
		const char *expect, *said;
	} cases[] = {
		{"{at: 12h, rule: late, level: none}", "late at 12h: expected none, got info "
						       "(entity C, value 12h, limit 12h, due 2d)"},
		{"{at: 12h, rule: late, level: breached}", "expected breached, got info"},
		{"{at: 1h, rule: late, told: true}", "expected told true, got false"},
		{"{at: 1h, rule: late, due: 47h}", "expected due 1d23h, got 2d"},
		{"{at: 1h, rule: late, due: none}", "expected due none, got 2d"},
		{"{at: 1h, rule: late, cost: 1 RUB}", "expected cost 1 RUB, got none"},
		{"{at: 1h, rule: late, entity: D, level: info}", "there is no such entity"},
		{"{at: 1h, rule: rating, level: none}", "got unknown (because of rating)"},
		{"{at: 1h, rule: sight, level: info}", "not watched"},
		{"{at: 1h, rule: share, level: warning}", "got too-few (because of needs)"},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_text text SHD_AUTO(shd_text_finish) = {0};
		struct shd_text said SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&text, 1 << 16);
		shd_text_init(&said, 1 << 16);
		shd_text_printf(&text,
			"tests:\n- test: t\n  given: [{at: 0h, complaint: {id: C}}]\n  expect: "
			"[%s]\n",
			cases[i].expect);
		struct heard heard = run(text.data, &said);
		assert_int_equal(heard.tests, 1);
		assert_int_equal(heard.good + heard.unreadable, 0);
		if (!strstr(said.data, "t.yaml:4:") || !strstr(said.data, cases[i].said))
			fail_msg("%s: %s", cases[i].expect, said.data);
	}
}

static void an_expectation_fails_once_however_much_of_it_does(void **state)
{
	static const struct {
		const char *expect;
		size_t expected, failed;
	} cases[] = {
		{"[{at: 1h, rule: late, level: info, told: true, due: 3h}]", 1, 1},
		{"[{at: 1h, rule: late, level: info, told: true}, {at: 2h, rule: late, due: 1h}]",
			2, 2},
		{"[{at: 1h, rule: late, level: none}, {at: 2h, rule: late, due: 1h}]", 2, 1},
		{"[{at: 1h, rule: lat, level: none}, {at: 2h, rule: late, due: 1h}]", 2, 0},
		{"[]", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_text text SHD_AUTO(shd_text_finish) = {0};
		struct shd_text said SHD_AUTO(shd_text_finish) = {0};

		shd_text_init(&text, 1 << 16);
		shd_text_init(&said, 1 << 16);
		shd_text_printf(&text,
			"tests:\n- test: t\n  given: [{at: 0h, complaint: {id: C}}]\n  expect: "
			"%s\n",
			cases[i].expect);
		struct heard heard = run(text.data, &said);
		assert_int_equal(heard.expected, cases[i].expected);
		assert_int_equal(heard.failed, cases[i].failed);
	}
}

static void every_mistake_of_a_file_is_told_in_one_run(void **state)
{
	static const char text[] =
		"store: {marketplace: ozone}\n"
		"tests:\n"
		"- test: a\n"
		"  given:\n"
		"  - {at: 5, complaint: {id: C}}\n"
		"  - {at: 0h, complaint: {responded_at: 1h}}\n"
		"  - {at: 0h, ordr: {id: O}}\n"
		"  - {at: 0h, order: {id: O, staus: shipped}}\n"
		"  - {at: 0h, order: {id: O, status: shiped, amount: 12, units: many}}\n"
		"  - {at: 0h, metric: {late_shipment_rate: 4, ratin: 4}}\n"
		"  - {at: 0h, order: {id: P, amount: 30 RMB}}\n"
		"  - {at: 0h, order: {id: P, amount: 30.555 RUB}}\n"
		"  - {at: 0h, blind: review}\n"
		"  - {at: 0h, poller: {id: nothing}}\n"
		"  - {at: 0h, times: 0, order: {id: O, shipped_late: maybe}}\n"
		"  expect:\n"
		"  - {at: 1h, rule: lat, level: none}\n"
		"  - {at: 1h, rule: late, level: warn}\n"
		"  - {at: 1h, rule: late}\n"
		"  - {at: 1h, rule: share, entity: O, level: none}\n"
		"  - {rule: late, level: none}\n"
		"- test: b\n"
		"  expect: []\n"
		"- test: c\n"
		"  expect: [{at: 0h, rule: late, level: none}]\n";
	static const char *const said_of[] = {"t.yaml:1:", "did you mean ozon ?",
		"did you mean 5h ?", "a complaint needs an `id`", "did you mean order ?",
		"did you mean status ?", "did you mean shipped ?", "expected money",
		"expected a number", "did you mean 4% ?", "did you mean rating ?",
		"did you mean 30 CNY ?", "at most 2 digits after the point",
		"did you mean reviews ?", "no poller `nothing`", "the minimum is 1",
		"expected true or false", "did you mean late ?", "warning", "nothing is expected",
		"about the whole store", "needs `at`", "1 to 10000"};
	struct shd_text said SHD_AUTO(shd_text_finish) = {0};

	(void)state;
	shd_text_init(&said, 1 << 16);
	struct heard heard = run(text, &said);
	for (size_t i = 0; i < SHD_COUNT(said_of); i++)
		if (!strstr(said.data, said_of[i]))
			fail_msg("%s is missing in\n%s", said_of[i], said.data);
	assert_int_equal(heard.tests, 3);
	assert_int_equal(heard.unreadable, 2);
	assert_int_equal(heard.good, 1);
	char *again = strstr(strstr(said.data, "ozone") + 5, "`ozone`");
	assert_null(again);
}

static void what_is_too_much_fails_the_test(void **state)
{
	struct shd_text said SHD_AUTO(shd_text_finish) = {0};

	(void)state;
	shd_text_init(&said, 1 << 16);
	struct heard heard =
		run("tests:\n"
		    "- test: too much is given\n"
		    "  given:\n"
		    "  - {at: 0h, times: 10000, metric: {rating: 4, csat: 4, nps: 4, cpc: 4 RUB,\n"
		    "     acos: 4%}}\n"
		    "  expect: [{at: 0h, rule: late, level: none}]\n",
			&said);
	assert_int_equal(heard.unreadable, 1);
	assert_non_null(strstr(said.data, "more than 40000 things are given"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_test_sees_what_the_rules_come_to),
		cmocka_unit_test(what_does_not_hold_is_told_with_its_place),
		cmocka_unit_test(an_expectation_fails_once_however_much_of_it_does),
		cmocka_unit_test(every_mistake_of_a_file_is_told_in_one_run),
		cmocka_unit_test(what_is_too_much_fails_the_test),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* rule/match.h: which route takes an alert. */
#include "support/check.h"

#include "rule/match.h"

#include <string.h>

static struct shd_match *compile(const char *text, struct shd_doc **ret_doc,
				 struct shd_diags *diags)
{
	*ret_doc = shd_doc_parse("route", text, strlen(text), diags);
	assert_non_null(*ret_doc);
	return shd_match_compile(shd_doc_root(*ret_doc), diags);
}

static void conditions_hold_or_not(void **state)
{
	static const char *const names[] = {"team"}, *const values[] = {"ru"};
	static const struct shd_pairs labels = {1, names, values};
	static const struct shd_match_facts facts = {.rule = "new-order", .store = "s1",
		.marketplace = "ozon", .level = SHD_CRITICAL, .store_labels = &labels};
	static const struct {
		const char *text;
		bool holds;
	} cases[] = {
		{"level >= critical", true},
		{"level > critical", false},
		{"level < breached", true},
		{"level == warning", false},
		{"level >= warning and level <= critical", true},
		{"rule == new-order", false},
		{"rule == \"new-order\"", true},
		{"rule in [\"a\", \"new-order\"]", true},
		{"not rule in [\"a\"]", true},
		{"labels.team == \"ru\"", true},
		{"labels.team != \"ru\"", false},
		{"labels.other == \"ru\"", false},
		{"labels.other is none", true},
		{"labels.team is not none and marketplace == \"ozon\"", true},
		{"store == \"s2\" or store == \"s1\"", true},
		{"true", true},
		{"level in [info, critical]", true},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_diags *diags SHD_AUTO(shd_diags_destroyp) = shd_diags_create(10);
		struct shd_doc *doc SHD_AUTO(shd_doc_destroyp) = NULL;
		struct shd_match *match = compile(cases[i].text, &doc, diags);

		/* rule == new-order is a subtraction: said, not guessed. */
		if (!match) {
			assert_string_equal(cases[i].text, "rule == new-order");
			continue;
		}
		if (shd_match_holds(match, &facts) != cases[i].holds)
			fail_msg("%s", cases[i].text);
		shd_match_destroy(match);
	}
}

static void mistakes_are_reported(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"levl >= critical", "unknown name 'levl'"},
		{"level >= critcal", "unknown name 'critcal'"},
		{"level >= 3", "not a number"},
		{"critical", "neither true nor false"},
		{"level", "neither true nor false"},
		{"not store", "neither true nor false"},
		{"labels.team or level >= critical", "neither true nor false"},
		{"'\"shop\"'", "neither true nor false"},
		{"marketplace == ozon", "unknown name 'ozon'"},
		{"rule == critical", "critical is a level"},
		{"level == \"high\"", "no level is called 'high'"},
		{"level in [critical, \"hihg\"]", "no level is called 'hihg'"},
		{"critical >= warning", "compares nothing of an alert"},
		{"store == count(order last 1d)", "cannot be used to choose a route"},
		{"store is unreadable", "cannot be used to choose a route"},
		{"count(order last 1d) > 3", "cannot be used to choose a route"},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_diags *diags SHD_AUTO(shd_diags_destroyp) = shd_diags_create(10);
		struct shd_doc *doc SHD_AUTO(shd_doc_destroyp) = NULL;

		assert_null(compile(cases[i].text, &doc, diags));
		assert_true(shd_diags_mistakes(diags) >= 1);
		if (!strstr(shd_diags_at(diags, 0)->text, cases[i].says))
			fail_msg("%s: %s", cases[i].text, shd_diags_at(diags, 0)->text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_hold_or_not),
		cmocka_unit_test(mistakes_are_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

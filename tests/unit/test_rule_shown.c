/* rule/shown.h: of a condition of several parts, the one that decided is shown. */
#include "support/rule_set.h"

static const char rules[] =
	"rules:\n"
	"  - rule: guarded\n"
	"    levels: {warning: acos > 0% and rating > 0 and rating < 4.7}\n"
	"  - rule: aside\n"
	"    levels: {warning: (acos > 1% or store.status == \"suspended\") and rating == 4.65}\n"
	"  - rule: alternatives\n"
	"    levels: {warning: store.status == \"suspended\" or rating > 5 or acos > 1%}\n"
	"  - rule: words\n"
	"    levels: {warning: 'store.credentials in [\"refused\", \"expired\"] or store.status != "
	"\"active\"'}\n"
	"  - rule: named\n"
	"    value: rating\n"
	"    levels: {warning: 'acos > 1% and value < 5 or store.status == \"suspended\"'}\n"
	"  - rule: never-both\n"
	"    levels: {warning: not (rating < 4.7 and acos < 50%)}\n"
	"  - rule: if-it-is\n"
	"    levels: {warning: 'store.status == \"suspended\" ? acos > 1% : rating < 4.7'}\n"
	"  - rule: equals\n"
	"    levels: {warning: rating == csat + 0.45}\n"
	"  - rule: differs\n"
	"    levels: {warning: rating != csat, info: rating != 5}\n";

/* Where nothing holds, the part that makes the mildest level false is shown. */
static void check_no_level(const struct set *set)
{
	struct fake fake;

	fake_init(&fake);
	fake_set_metric(&fake, SHD_M_rating, 4900000);
	fake_set_metric(&fake, SHD_M_acos, 20000);
	struct shd_verdict verdict = judge_one(set, "guarded", &fake);
	assert_int_equal(verdict.level, SHD_LEVEL_NONE);
	assert_int_equal(verdict.value.n, 4900000);
	assert_int_equal(verdict.limit.n, 4700000);
	fake_set_metric(&fake, SHD_M_acos, 0);
	verdict = judge_one(set, "guarded", &fake);
	assert_int_equal(verdict.value.n, 4900000);
	fake_set_metric(&fake, SHD_M_rating, 4600000);
	verdict = judge_one(set, "guarded", &fake);
	assert_int_equal(verdict.value.n, 0); /* only the guard does not hold */
}

/* The part that decided and that a person acts on, wherever it stands. */
static void of_several_parts_the_one_that_decided_is_shown(void **state)
{
	static const struct {
		const char *rule, *status, *credentials;
		int64_t acos;
		int64_t value, limit; /* limit -1: none; value -1: the word */
		const char *word;
	} cases[] = {
		{"guarded", "active", "ok", 20000, 4650000, 4700000, NULL},
		{"aside", "active", "ok", 20000, 4650000, -1, NULL},
		{"alternatives", "active", "ok", 20000, 20000, 10000, NULL},
		{"alternatives", "suspended", "ok", 20000, 20000, 10000, NULL},
		{"alternatives", "suspended", "ok", 0, -1, -1, "suspended"},
		{"words", "active", "refused", 0, -1, -1, "refused"},
		{"words", "blocked", "refused", 0, -1, -1, "refused"},
		{"words", "blocked", "ok", 0, -1, -1, "blocked"},
		{"named", "active", "ok", 20000, 4650000, 5000000, NULL},
		{"named", "suspended", "ok", 0, 4650000, -1, NULL},
		{"never-both", "active", "ok", 600000, 600000, 500000, NULL},
		{"if-it-is", "suspended", "ok", 20000, 20000, 10000, NULL},
		{"if-it-is", "active", "ok", 20000, 4650000, 4700000, NULL},
		{"equals", "active", "ok", 0, 4650000, -1, NULL},
		{"differs", "active", "ok", 0, 4650000, 4200000, NULL},
	};
	struct set set;

	(void)state;
	set_init(&set, rules);
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct fake fake;

		fake_init(&fake);
		fake_set_metric(&fake, SHD_M_rating, 4650000);
		fake_set_metric(&fake, SHD_M_csat, 4200000);
		fake_set_metric(&fake, SHD_M_acos, cases[i].acos);
		struct shd_entity *store = fake_add(&fake, SHD_KIND_store, "shop", T0);
		fake_text(store, SHD_F_store_status, cases[i].status);
		fake_text(store, SHD_F_store_credentials, cases[i].credentials);
		fake.env.store_entity = store;
		struct shd_verdict verdict = judge_one(&set, cases[i].rule, &fake);

		if (verdict.level != SHD_WARN || verdict.value.none ||
			(cases[i].word && strcmp(verdict.value.text, cases[i].word) != 0) ||
			(!cases[i].word && verdict.value.n != cases[i].value) ||
			verdict.limit.none != (cases[i].limit < 0) ||
			(cases[i].limit >= 0 && verdict.limit.n != cases[i].limit))
			fail_msg("case %zu: %s", i, cases[i].rule);
	}
	check_no_level(&set);
	set_finish(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_several_parts_the_one_that_decided_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

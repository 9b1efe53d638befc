/* market/standing.h: what each kind of error makes of a feed that was read before and of one that
 * never was, how often it takes, and how soon the feed is asked again. */
#include "support/check.h"

#include "market/adapter.h"
#include "market/standing.h"

enum { EVERY_MS = SHD_MINUTE_MS };

static const struct shd_endpoint needed = {.name = "needed"},
				 extra = {.name = "extra", .may_be_lacking = true};

#define DOUBTED SHD_STANDING_DOUBTED
#define REFUSED SHD_STANDING_REFUSED
#define FAILING SHD_STANDING_FAILING
#define LACKING SHD_STANDING_LACKING

/* believed: how many failures it takes when each comes after the pause of the one before; 0:
 * it never is. */
static const struct {
	enum shd_err kind;
	enum shd_standing first, never_read, in_the_end;
	int believed;
	int64_t first_pause_ms, longest_pause_ms;
} kinds[SHD_ERR_COUNT] = {
#define PASSES(name)                                                                               \
	[SHD_ERR_##name] = {                                                                       \
		SHD_ERR_##name, FAILING, FAILING, FAILING, 0, SHD_SECOND_MS, 3 * EVERY_MS}
#define SOMEBODY_ACTS(name)                                                                        \
	[SHD_ERR_##name] = {SHD_ERR_##name, DOUBTED, REFUSED, REFUSED, 3, 30 * SHD_SECOND_MS,      \
		15 * SHD_MINUTE_MS}
#define FOR_GOOD(name, end)                                                                        \
	[SHD_ERR_##name] = {SHD_ERR_##name, DOUBTED, end, end, 8, SHD_MINUTE_MS, 4 * SHD_HOUR_MS}
	PASSES(SYNTAX), PASSES(SCHEMA), PASSES(LIMIT), PASSES(NETWORK), PASSES(TLS),
	PASSES(TIMEOUT), PASSES(SERVER), PASSES(THROTTLED), PASSES(IO), PASSES(STATE),
	PASSES(INTERNAL),
	SOMEBODY_ACTS(CREDENTIALS), SOMEBODY_ACTS(EGRESS), SOMEBODY_ACTS(ROLE),
	SOMEBODY_ACTS(BLOCKED), SOMEBODY_ACTS(CONFIG),
	FOR_GOOD(TARIFF, LACKING), FOR_GOOD(RETIRED, REFUSED), FOR_GOOD(REQUEST, REFUSED),
	FOR_GOOD(MISSING, REFUSED), FOR_GOOD(CLOSING, REFUSED),
};

static void every_kind_of_error_has_its_row(void **state)
{
	(void)state;
	for (int i = 0; i < SHD_ERR_COUNT; i++) {
		print_message("%s\n", shd_err_name((enum shd_err)i));
		assert_int_equal(kinds[i].kind, i);
		assert_true(kinds[i].first_pause_ms);
		for (int worked = 0; worked < 2; worked++) {
			struct shd_failing failing = {
				.kind = kinds[i].kind, .count = 1, .worked = worked};
			enum shd_standing standing = shd_standing_after(&extra, &failing);

			assert_int_equal(standing, worked ? kinds[i].first : kinds[i].never_read);
			assert_int_equal(shd_standing_pause_ms(&failing, standing, EVERY_MS),
				kinds[i].first_pause_ms);
		}
	}
}

/* Failures of one kind, each after the pause of the one before. */
static void only_what_is_repeated_over_time_is_believed(void **state)
{
	(void)state;
	for (int i = 0; i < SHD_ERR_COUNT; i++) {
		struct shd_failing failing = {.kind = kinds[i].kind, .worked = true};
		int64_t pause_ms = 0, before_ms = 0;
		int believed = 0;

		print_message("%s\n", shd_err_name(kinds[i].kind));
		for (failing.count = 1; failing.count < 40; failing.count++) {
			enum shd_standing standing = shd_standing_after(&extra, &failing);

			pause_ms = shd_standing_pause_ms(&failing, standing, EVERY_MS);
			assert_true(pause_ms >= before_ms);
			if (!believed && shd_standing_lasts(standing))
				believed = failing.count;
			assert_int_equal(shd_standing_lasts(standing), believed > 0);
			if (!believed) /* with a quarter more, half an hour */
				assert_true(pause_ms * 5 / 4 <= 30 * SHD_MINUTE_MS);
			failing.for_ms += pause_ms;
			before_ms = pause_ms;
		}
		assert_int_equal(believed, kinds[i].believed);
		assert_int_equal(pause_ms, kinds[i].longest_pause_ms);
		assert_int_equal(shd_standing_after(&extra, &failing), kinds[i].in_the_end);
	}
}

/* Reloads ask early; what they hear does not make an hour of a minute. */
static void often_is_not_long(void **state)
{
	struct shd_failing failing = {.kind = SHD_ERR_TARIFF, .count = 100, .worked = true};

	(void)state;
	failing.for_ms = SHD_HOUR_MS - 1;
	assert_int_equal(shd_standing_after(&extra, &failing), DOUBTED);
	failing.for_ms = SHD_HOUR_MS;
	assert_int_equal(shd_standing_after(&extra, &failing), LACKING);
	failing.count = 7;
	assert_int_equal(shd_standing_after(&extra, &failing), DOUBTED);
}

/* What every store needs is no extra that this one has not bought. */
static void only_what_may_be_lacking_is_lacking(void **state)
{
	const struct shd_failing failing = {.kind = SHD_ERR_TARIFF, .count = 1};

	(void)state;
	assert_int_equal(shd_standing_after(&extra, &failing), LACKING);
	assert_int_equal(shd_standing_after(&needed, &failing), REFUSED);
}

/* A feed that is read every second is asked as soon; one that is read once a day, too. */
static void the_first_pause_is_no_longer_than_the_interval(void **state)
{
	static const struct {
		enum shd_err kind;
		int64_t every_ms, pause_ms;
	} cases[] = {
		{SHD_ERR_TARIFF, SHD_SECOND_MS, SHD_SECOND_MS},
		{SHD_ERR_TARIFF, 10, SHD_SECOND_MS},
		{SHD_ERR_TARIFF, SHD_DAY_MS, SHD_MINUTE_MS},
		{SHD_ERR_CREDENTIALS, 2 * SHD_SECOND_MS, 2 * SHD_SECOND_MS},
		{SHD_ERR_SERVER, SHD_DAY_MS, SHD_SECOND_MS},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		const struct shd_failing failing = {
			.kind = cases[i].kind, .count = 1, .worked = true};

		assert_int_equal(
			shd_standing_pause_ms(&failing, shd_standing_after(&extra, &failing),
				cases[i].every_ms),
			cases[i].pause_ms);
	}
}

static void names_are_found(void **state)
{
	enum shd_standing found;

	(void)state;
	for (int i = 0; i <= LACKING; i++) {
		assert_true(shd_standing_find(shd_standing_name((enum shd_standing)i), &found));
		assert_int_equal(found, i);
	}
	assert_false(shd_standing_find("x", &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_error_has_its_row),
		cmocka_unit_test(only_what_is_repeated_over_time_is_believed),
		cmocka_unit_test(often_is_not_long),
		cmocka_unit_test(only_what_may_be_lacking_is_lacking),
		cmocka_unit_test(the_first_pause_is_no_longer_than_the_interval),
		cmocka_unit_test(names_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

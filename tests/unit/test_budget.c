/* daemon/net/budget: who may take memory, who waits, who is named. */
#include "support/check.h"

#include "base/mem.h"
#include "net/budget.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MB INT64_C(1000000)

struct notes {
	int changed;
};

static void note(void *ctx)
{
	((struct notes *)ctx)->changed++;
}

/* 96 MB, of which the first one may have 64. */
static struct shd_budget *budget_of(struct notes *notes)
{
	struct shd_budget *budget = shd_budget_create(note, notes);

	shd_budget_limit(budget, 96 * MB);
	notes->changed = 0;
	return budget;
}

static struct shd_hold *join(struct shd_budget *budget, const char *who)
{
	return shd_hold_create(budget, who, 64 * MB, NULL);
}

static int64_t taken(const struct shd_budget *budget)
{
	struct shd_memory_use use;

	shd_budget_use(budget, &use);
	return use.now;
}

static void the_first_one_always_goes_on(void **state)
{
	struct notes notes;
	struct shd_budget *budget = budget_of(&notes);
	struct shd_hold *first = join(budget, "a"), *others[5];

	(void)state;
	for (int i = 0; i < 5; i++) {
		others[i] = join(budget, "b");
		assert_int_equal(shd_hold_set(others[i], 8 * MB), i < 4); /* 32 MB for them */
		assert_false(shd_hold_set(others[i], 9 * MB)); /* nor more than a quarter */
	}
	assert_true(shd_hold_set(first, 64 * MB));
	assert_int_equal(taken(budget), 96 * MB);
	notes.changed = 0;
	shd_hold_destroy(first);
	assert_true(notes.changed);
	assert_true(shd_hold_set(others[0], 64 * MB)); /* now it is the first */
	assert_true(shd_hold_set(others[4], 8 * MB));
	for (int i = 0; i < 5; i++)
		shd_hold_destroy(others[i]);
	assert_int_equal(taken(budget), 0);
	shd_budget_close(budget);
}

/* However they come and go, no more is taken than the budget and one reader's; somebody can go
 * on always; and who goes on alone gets all it asks for. */
static void nobody_waits_for_ever(void **state)
{
	enum { MANY = 40, STEP = 3 };
	struct notes notes;
	struct shd_budget *budget = budget_of(&notes);
	struct shd_hold *holds[MANY];
	int64_t want[MANY];
	size_t left = MANY;

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		holds[i] = join(budget, i % 2 ? "odd" : "even");
		want[i] = 0;
	}
	while (left) {
		bool any = false;

		for (size_t i = 0; i < MANY; i++) {
			if (!holds[i] || !shd_hold_set(holds[i], want[i] + STEP * MB))
				continue;
			any = true;
			want[i] += STEP * MB;
			if (want[i] < 60 * MB)
				continue;
			shd_hold_destroy(holds[i]);
			holds[i] = NULL;
			left--;
		}
		assert_true(any);
		assert_true(taken(budget) <= 96 * MB);
	}
	shd_budget_close(budget);
}

static void one_reads_at_a_time_beside_the_first(void **state)
{
	struct notes notes;
	struct shd_budget *budget = budget_of(&notes);
	struct shd_hold *first = join(budget, "slow"), *a = join(budget, "a"),
			*b = join(budget, "b"), *c = join(budget, "c");

	(void)state;
	assert_true(shd_hold_set(first, 10 * MB));
	assert_true(shd_hold_read(a, 192 * MB));
	assert_false(shd_hold_read(b, 1 * MB));
	assert_true(shd_hold_waits(b));
	assert_true(shd_hold_set(c, 8 * MB)); /* what is read takes nothing from the others */
	shd_hold_destroy(a);
	assert_true(shd_hold_read(b, 1 * MB));
	assert_false(shd_hold_waits(b));
	shd_hold_destroy(b);
	shd_hold_destroy(c);
	shd_hold_destroy(first);
	shd_budget_close(budget);
}

static void a_smaller_budget_takes_nothing_away(void **state)
{
	struct notes notes;
	struct shd_budget *budget = budget_of(&notes);
	struct shd_hold *first = join(budget, "a"), *second = join(budget, "b");

	(void)state;
	assert_true(shd_hold_set(first, 2 * MB) && shd_hold_set(second, 8 * MB));
	shd_budget_limit(budget, 1 * MB);
	assert_true(notes.changed);
	assert_true(shd_hold_set(second, 8 * MB) && shd_hold_set(second, 7 * MB));
	assert_false(shd_hold_set(second, 8 * MB));
	assert_true(shd_hold_set(first, 64 * MB));
	shd_hold_destroy(first);
	assert_true(shd_hold_set(second, 64 * MB));
	shd_hold_destroy(second);
	shd_budget_close(budget);
}

static void who_took_most_is_named_first(void **state)
{
	struct notes notes;
	struct shd_budget *budget = budget_of(&notes);
	struct shd_memory_use use;
	char name[100];

	(void)state;
	for (int i = 0; i < 50; i++) { /* more than are remembered, the largest in the middle */
		snprintf(name, sizeof(name), "shop-%02d", i);
		struct shd_hold *hold = join(budget, name);
		assert_true(shd_hold_set(hold, (25 - abs(i - 25)) * MB));
		shd_hold_destroy(hold);
	}
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	struct shd_hold *now = join(budget, "now"), *also = join(budget, "now"),
			*longest = join(budget, name), *nobody = join(budget, NULL);
	assert_true(shd_hold_set(now, 2 * MB) && shd_hold_set(also, 1 * MB) &&
		    shd_hold_set(longest, 1 * MB) && !shd_hold_set(nobody, 60 * MB));
	shd_budget_use(budget, &use);
	assert_int_equal(use.max, 96 * MB);
	assert_int_equal(use.now, 4 * MB);
	assert_int_equal(use.peak, 25 * MB);
	assert_int_equal(use.waiting, 1);
	assert_int_equal(use.user_count, SHD_COUNT(use.users));
	assert_string_equal(use.users[0].who, "now");
	assert_int_equal(use.users[0].now, 3 * MB);
	assert_int_equal(use.users[0].peak, 3 * MB);
	assert_int_equal(strlen(use.users[1].who), sizeof(use.users[1].who) - 1);
	assert_string_equal(use.users[2].who, "shop-25");
	assert_int_equal(use.users[2].now, 0);
	assert_int_equal(use.users[2].peak, 25 * MB);
	shd_hold_give_up(nobody);
	shd_budget_use(budget, &use);
	assert_true(use.waiting == 0 && use.refused == 1);
	shd_budget_close(budget); /* its holds outlive it */
	shd_hold_destroy(nobody);
	shd_hold_destroy(longest);
	shd_hold_destroy(also);
	notes.changed = 0;
	shd_hold_destroy(now);
	assert_int_equal(notes.changed, 0);
}

/* What is there is counted; who has more than his part hears it. */
static void what_was_taken_counts_room_or_not(void **state)
{
	struct notes notes;
	struct shd_budget *budget = budget_of(&notes);
	struct shd_hold *first = join(budget, "first"), *other = join(budget, "other");
	struct shd_memory_use use;

	(void)state;
	assert_true(shd_hold_took(first, 200 * MB));
	assert_true(shd_hold_took(other, 1));
	assert_false(shd_hold_took(other, 90 * MB));
	shd_budget_use(budget, &use);
	assert_true(use.now == 290 * MB && use.refused == 1 && !use.waiting);
	shd_hold_destroy(first);
	assert_true(shd_hold_took(other, 91 * MB)); /* the first one now */
	shd_hold_destroy(other);
	shd_budget_close(budget);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_one_always_goes_on),
		cmocka_unit_test(nobody_waits_for_ever),
		cmocka_unit_test(one_reads_at_a_time_beside_the_first),
		cmocka_unit_test(a_smaller_budget_takes_nothing_away),
		cmocka_unit_test(who_took_most_is_named_first),
		cmocka_unit_test(what_was_taken_counts_room_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* daemon/poll/lanes.h and net/breaker.h: who hangs keeps few slots, and is asked ever less. */
#include "support/check.h"

#include "poll/lanes.h"
#include "support/source.h"

static const struct shd_adapter market = {.name = "here", .base_url = "https://api.example.com/v1"};

struct yard {
	struct test_source of[6];
	struct shd_lanes lanes;
	struct shd_mono now;
};

static struct shd_lane *lane_of(struct yard *yard, size_t at)
{
	return shd_lanes_find(&yard->lanes, &yard->of[at].source, NULL);
}

static void yard_open(struct yard *yard, size_t slots)
{
	static const char *const ids[] = {"a", "b", "c", "d", "e", "f"};

	*yard = (struct yard){.now = {1000000}};
	for (size_t i = 0; i < SHD_COUNT(ids); i++)
		test_source_init(&yard->of[i], ids[i], &market);
	shd_lanes_init(&yard->lanes, slots);
}

static int64_t wait_of(const struct yard *yard, const struct shd_lane *lane)
{
	return shd_lane_wait_ms(&yard->lanes, lane, yard->now);
}

static size_t time_out(struct yard *yard, struct shd_lane *lane, int64_t after_ms)
{
	struct shd_mono asked = yard->now;

	yard->now.ms += after_ms;
	return shd_lane_ended(&yard->lanes, lane, SHD_HEARD_NOTHING, asked, yard->now, 0);
}

static void a_lane_is_of_host_credential_and_egress(void **state)
{
	static const struct shd_egress other = {.proxy = "http://10.0.0.1:3128"};
	struct yard yard;

	(void)state;
	yard_open(&yard, 64);
	struct shd_lane *a = lane_of(&yard, 0);
	assert_ptr_equal(lane_of(&yard, 0), a);
	assert_ptr_not_equal(lane_of(&yard, 1), a); /* another credential */
	yard.of[2].source.credential = &yard.of[0].credential;
	assert_ptr_equal(lane_of(&yard, 2), a);
	yard.of[2].source.egress = &other;
	assert_ptr_not_equal(lane_of(&yard, 2), a);
	yard.of[3].source.credential = &yard.of[0].credential;
	yard.of[3].source.base_url = "https://api.example.com/v2?x";
	assert_ptr_equal(lane_of(&yard, 3), a);
	yard.of[3].source.base_url = "https://other.example.com";
	assert_ptr_not_equal(lane_of(&yard, 3), a);
	shd_lanes_finish(&yard.lanes);
}

static void a_lane_has_a_share_and_a_late_one_a_small_one(void **state)
{
	struct yard yard;

	(void)state;
	yard_open(&yard, 64);
	struct shd_lane *lane = lane_of(&yard, 0);
	for (int i = 0; i < 16; i++) {
		assert_int_equal(wait_of(&yard, lane), 0);
		shd_lane_asked(lane, yard.now);
	}
	assert_int_equal(wait_of(&yard, lane), SHD_LANE_BUSY);
	for (int i = 0; i < 15; i++)
		shd_lane_ended(&yard.lanes, lane, SHD_HEARD_ANSWER, yard.now, yard.now, 0);
	assert_int_equal(wait_of(&yard, lane), 0);
	yard.now.ms += SHD_LATE_MS + 1;
	assert_true(shd_lane_is_late(lane, yard.now));
	yard.lanes.crowded = true; /* by others */
	assert_int_equal(wait_of(&yard, lane), SHD_LANE_BUSY);
	yard.lanes.crowded = false;
	assert_int_equal(wait_of(&yard, lane), 0);
	shd_lane_asked(lane, yard.now);
	assert_int_equal(wait_of(&yard, lane), SHD_LANE_BUSY); /* two */
	shd_lane_ended(&yard.lanes, lane, SHD_HEARD_ANSWER, yard.now, yard.now, 0);
	assert_int_equal(wait_of(&yard, lane), 0); /* slow, but it answers */
	shd_lanes_finish(&yard.lanes);
}

/* 5 s, 10 s ... 5 min; a crowd that times out together is one time-out. */
static void who_does_not_answer_is_probed_ever_less(void **state)
{
	static const int64_t pauses_s[] = {5, 10, 20, 40, 80, 160, 300, 300, 300};
	struct yard yard;

	(void)state;
	yard_open(&yard, 64);
	struct shd_lane *lane = lane_of(&yard, 0);
	for (int i = 0; i < 10; i++)
		shd_lane_asked(lane, yard.now);
	time_out(&yard, lane, 30000);
	for (int i = 0; i < 9; i++)
		shd_lane_ended(&yard.lanes, lane, SHD_HEARD_NOTHING,
			       (struct shd_mono){yard.now.ms - 29000}, yard.now, 0);
	for (size_t i = 0; i < SHD_COUNT(pauses_s); i++) {
		assert_int_equal(wait_of(&yard, lane), pauses_s[i] * SHD_SECOND_MS);
		yard.now.ms += pauses_s[i] * SHD_SECOND_MS;
		assert_int_equal(wait_of(&yard, lane), 0);
		shd_lane_asked(lane, yard.now);
		assert_int_equal(wait_of(&yard, lane), SHD_LANE_BUSY); /* one probes */
		time_out(&yard, lane, 30000);
	}
	yard.now.ms += 300000;
	shd_lane_asked(lane, yard.now);
	assert_true(shd_lane_ended(&yard.lanes, lane, SHD_HEARD_ANSWER, yard.now, yard.now, 0) > 0);
	assert_int_equal(wait_of(&yard, lane), 0);
	shd_lanes_finish(&yard.lanes);
}

static void one_hanging_request_of_a_host_that_answers_changes_nothing(void **state)
{
	struct yard yard;

	(void)state;
	yard_open(&yard, 64);
	struct shd_lane *lane = lane_of(&yard, 0);
	struct shd_mono asked = yard.now;
	shd_lane_asked(lane, yard.now);
	shd_lane_asked(lane, yard.now);
	yard.now.ms += 20000;
	shd_lane_ended(&yard.lanes, lane, SHD_HEARD_ANSWER, asked, yard.now, 0);
	yard.now.ms += 10000;
	shd_lane_ended(&yard.lanes, lane, SHD_HEARD_NOTHING, asked, yard.now, 0);
	assert_int_equal(wait_of(&yard, lane), 0);
	/* Nor does a request that we gave up ourselves. */
	shd_lane_asked(lane, yard.now);
	shd_lane_ended(&yard.lanes, lane, SHD_HEARD_GIVEN_UP, yard.now, yard.now, 0);
	assert_int_equal(wait_of(&yard, lane), 0);
	shd_lanes_finish(&yard.lanes);
}

/* Whatever waits is looked at again: no end of a request leaves it behind. */
static void nothing_waits_for_ever(void **state)
{
	struct shd_heap_item items[40] = {{{.next = NULL}, 0}}, *item;
	struct yard yard;
	size_t seen = 0;

	(void)state;
	yard_open(&yard, 8);
	struct shd_lane *lane = lane_of(&yard, 0);
	shd_lane_asked(lane, yard.now);
	shd_lane_asked(lane, yard.now);
	for (size_t i = 0; i < SHD_COUNT(items); i++) {
		assert_int_equal(wait_of(&yard, lane), SHD_LANE_BUSY);
		shd_lane_wait(&yard.lanes, lane, &items[i]);
	}
	assert_int_equal(yard.lanes.waiting, 40);
	for (size_t go_on = time_out(&yard, lane, 30000); go_on > 0; go_on--)
		assert_non_null(shd_lane_next(&yard.lanes, lane)), seen++;
	assert_int_equal(seen, 0); /* it is silent, and another one is under way */
	for (size_t go_on = time_out(&yard, lane, 0); go_on > 0; go_on--) {
		if (!(item = shd_lane_next(&yard.lanes, lane)))
			break;
		assert_ptr_equal(item, &items[seen++]);
	}
	assert_int_equal(seen, 40);
	shd_lane_asked(lane, yard.now);
	shd_lane_wait(&yard.lanes, lane, &items[0]);
	assert_ptr_equal(shd_lanes_take(&yard.lanes), &items[0]);
	assert_null(shd_lanes_take(&yard.lanes));
	shd_lanes_finish(&yard.lanes);
}

static void another_configuration_goes_on_with_who_is_silent(void **state)
{
	struct shd_lanes after;
	struct yard yard;

	(void)state;
	yard_open(&yard, 64);
	struct shd_lane *lane = lane_of(&yard, 0);
	shd_lane_asked(lane, yard.now);
	time_out(&yard, lane, 30000);
	shd_lanes_init(&after, 64);
	struct shd_lane *again = shd_lanes_find(&after, &yard.of[0].source, &yard.lanes);
	assert_int_equal(shd_lane_wait_ms(&after, again, yard.now), SHD_BREAKER_MIN_MS);
	shd_lanes_finish(&yard.lanes);
	shd_lanes_finish(&after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lane_is_of_host_credential_and_egress),
		cmocka_unit_test(a_lane_has_a_share_and_a_late_one_a_small_one),
		cmocka_unit_test(who_does_not_answer_is_probed_ever_less),
		cmocka_unit_test(one_hanging_request_of_a_host_that_answers_changes_nothing),
		cmocka_unit_test(nothing_waits_for_ever),
		cmocka_unit_test(another_configuration_goes_on_with_who_is_silent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

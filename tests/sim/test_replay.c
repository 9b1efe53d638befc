/* A replay beside what really happened: the same rules give the same alerts, whatever
 * the history; edited ones differ where they should. */
#include "support/judge_bench.h"

#include "replay/replay.h"

#include <time.h>

enum { ROUNDS = 12, STEPS = 120 };

static const char rules[] =
	"rules:\n"
	"  - rule: first-response\n"
	"    each: complaint\n"
	"    where: responded_at is none\n"
	"    due: opened_at + 48h\n"
	"    levels:\n"
	"      info:     age >= 12h\n"
	"      warning:  remaining <= 12h\n"
	"      breached: remaining <= 0s\n"
	"  - rule: case-count\n"
	"    value: count(complaint last 3d)\n"
	"    levels: {warning: value >= 4, critical: value >= 7}\n"
	"    clear: value <= 2\n"
	"  - rule: rating-low\n"
	"    value: rating\n"
	"    levels: {warning: value < 4.7, critical: value < 4.4}\n"
	"    for: 50m\n"
	"  - rule: late-share\n"
	"    value: share(order last 2d where shipped_late)\n"
	"    needs: count(order last 2d) >= 3\n"
	"    levels: {warning: value > 20%}\n"
	"  - rule: cancelled\n    value: count(order last 6h at cancelled_at)\n"
	"    levels: {info: value >= 1, warning: value >= 2, critical: value >= 4}\n"
	"  - rule: delivered\n    value: sum(order.amount last 2d at delivered_at)\n"
	"    levels: {info: value > 50 RUB, warning: value > 100 RUB}\n"
	"  - rule: order-late\n"
	"    each: order\n"
	"    where: status == \"awaiting_shipment\"\n"
	"    levels: {warning: now > ship_by}\n"
	"  - rule: stale\n"
	"    each: poller\n"
	"    value: now - (last_success_at else failing_since)\n"
	"    levels: {warning: value > 3 * interval}\n"
	"  - rule: key\n"
	"    stores: marketplace != \"daemon\"\n"
	"    levels: {critical: store.credentials == \"refused\"}\n"
	"  - rule: rating-shakes\n"
	"    value: rating\n"
	"    levels: {info: value < 4.6}\n"
	"    for: ";

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

/* --- a history -------------------------------------------------------------------- */

static void start(struct bench *b, const char *held)
{
	char text[4096];

	snprintf(text, sizeof(text), "%s%s\n", rules, held);
	bench_start_on_disk(b, text);
	for (int p = 0; p < SHD_POLLER_COUNT; p++)
		b->sources[0].every_ms[p] = b->sources[1].every_ms[p] = SHD_HOUR_MS;
}

static size_t entity(struct bench *b, enum shd_kind kind, uint64_t number)
{
	char id[32];

	snprintf(id, sizeof(id), "%s-%llu", shd_kind_name(kind), (unsigned long long)number);
	return shd_harvest_entity(bench_harvest(b), kind, id, strlen(id));
}

static void some_orders(struct bench *b)
{
	static const char *const words[] = {
		"awaiting_shipment", "shipped", "delivered", "cancelled"};

	for (uint64_t i = draw(4); i > 0; i--) {
		size_t at = entity(b, SHD_KIND_order, draw(40));
		const char *status = words[draw(4)];

		if (draw(3) > 0) {
			shd_set_n(b->harvest, at, SHD_F_order_opened_at, b->now);
			shd_set_n(b->harvest, at, SHD_F_order_ship_by,
				  b->now + (int64_t)draw(30) * SHD_HOUR_MS);
		}
		shd_set_text(b->harvest, at, SHD_F_order_status, status, strlen(status));
		shd_set_n(b->harvest, at, SHD_F_order_closed, draw(8) == 0);
		shd_set_money(b->harvest, at, SHD_F_order_amount, (int64_t)draw(9000), "RUB");
	}
}

static void some_cases(struct bench *b)
{
	for (uint64_t i = draw(3); i > 0; i--) {
		size_t at = entity(b, SHD_KIND_complaint, draw(25));

		if (draw(2))
			shd_set_n(b->harvest, at, SHD_F_complaint_opened_at,
				  b->now - (int64_t)draw(10) * SHD_HOUR_MS);
		if (draw(3) == 0)
			shd_set_n(b->harvest, at, SHD_F_complaint_responded_at, b->now);
		if (draw(5) == 0)
			shd_set_text(b->harvest, at, SHD_F_complaint_url, "a\\b\nc", 5);
	}
}

static void some_rates(struct bench *b)
{
	struct shd_value value = {.type = SHD_NUMBER};

	value.n = 4000000 + (int64_t)draw(10) * 100000;
	if (draw(2))
		shd_harvest_measure(bench_harvest(b), SHD_M_rating, false, value);
}

/* One poll of every feed, a millisecond apart; an outage fails all of them. */
static void poll_round(struct bench *b, size_t store, bool works)
{
	for (size_t i = 0; i < SHD_COUNT(judge_rows); i++) {
		bench_run_until(b, b->now + 1);
		if (works && i == 0)
			some_orders(b);
		if (works && i == 2)
			some_cases(b);
		if (works && i == 3)
			some_rates(b);
		struct shd_batch batch = bench_batch(b, store, judge_rows[i].name);
		batch.fetch.ok = works;
		if (!works)
			bench_failed(&batch, SHD_ERR_SERVER, 1);
		bench_take(b, &batch);
	}
}

/* Days of it: outages now and then, and times in which nobody polls. */
static void live(struct bench *b)
{
	for (int i = 0; i < STEPS; i++) {
		bool off = draw(25) == 0, works = draw(8) > 0;

		bench_run_until(b, b->now + (int64_t)draw(off ? 600 : 50) * SHD_MINUTE_MS);
		poll_round(b, draw(5) == 0, works);
	}
}

/* --- what comes of a replay ----------------------------------------------------------- */

static struct shd_replay *replay(struct bench *b, int64_t since)
{
	struct shd_replay_request request = {.state_path = b->path, .in = b->in,
		.since = {since}};
	struct shd_replay *done;

	if (!shd_replay_run(&request, &done, &b->err))
		fail_msg("%s", b->err.msg);
	return done;
}

static void assert_same(const struct shd_replay *done, uint64_t with)
{
	for (size_t i = 0; i < done->pair_count; i++) {
		const struct shd_replay_pair *pair = &done->pairs[i];
		const struct shd_episode *did = pair->did, *would = pair->would;
		const struct shd_episode *one = did ? did : would;

		if (did && would && did->level == would->level && did->from.ms == would->from.ms &&
		    did->to.ms == would->to.ms)
			continue;
		fail_msg("seed %llu: %s %s %s: %s; did %d %lld..%lld, would %d %lld..%lld",
			(unsigned long long)with, one->rule, one->store, one->entity,
			shd_replay_change_name(pair->change), did ? (int)did->level : -1,
			did ? (long long)(did->from.ms - T0) : 0,
			did ? (long long)(did->to.ms - T0) : 0, would ? (int)would->level : -1,
			would ? (long long)(would->from.ms - T0) : 0,
			would ? (long long)(would->to.ms - T0) : 0);
	}
}

static size_t count_of(const struct shd_replay *done, const char *rule,
		       enum shd_replay_change change)
{
	size_t count = 0;

	for (size_t i = 0; i < done->pair_count; i++) {
		const struct shd_episode *did = done->pairs[i].did;
		const struct shd_episode *one = did ? did : done->pairs[i].would;

		count += done->pairs[i].change == change && strcmp(one->rule, rule) == 0;
	}
	return count;
}

static void the_same_rules_give_the_same_alerts(void **state)
{
	const char *given = getenv("REPLAY_SEED");
	uint64_t first = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

	(void)state;
	print_message("seed %llu\n", (unsigned long long)first);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		uint64_t with = first + round;
		bool whole = round % 2 == 0;
		struct bench b;

		seed = with * 0x9E3779B97F4A7C15ULL | 1;
		/* How often it held before `since` is not recorded. */
		start(&b, whole ? "2 of 3" : "1h");
		live(&b);
		struct shd_replay *done =
			replay(&b, whole ? 0 : T0 + (int64_t)draw((uint64_t)(b.now - T0)));
		assert_true(done->changes > 0);
		/* When a feed was read last goes unwritten for so long. */
		assert_in_range(b.now - done->until.ms, 0, 30 * SHD_SECOND_MS);
		assert_same(done, with);
		shd_replay_destroy(done);
		bench_finish(&b);
	}
}

static const char slow_rule[] =
	"rules:\n  - rule: slow\n    each: complaint\n    levels: {warning: age >= 12h}\n";

/* Three complaints that nobody answers, two hours apart, and rates of 4.65 for a day. */
static void live_simply(struct bench *b, const char *yaml)
{
	bench_start_on_disk(b, yaml);
	for (int p = 0; p < SHD_POLLER_COUNT; p++)
		b->sources[0].every_ms[p] = SHD_WEEK_MS;
	for (uint64_t i = 0; i < 3; i++) {
		bench_poll_all(b);
		size_t at = entity(b, SHD_KIND_complaint, i);
		shd_set_n(b->harvest, at, SHD_F_complaint_opened_at, b->now);
		bench_poll(b, "cases");
		bench_run_until(b, b->now + 2 * SHD_HOUR_MS);
	}
	shd_harvest_measure(bench_harvest(b), SHD_M_rating, false,
			    (struct shd_value){.type = SHD_NUMBER, .n = 4650000});
	bench_poll(b, "rates");
	bench_run_until(b, b->now + SHD_DAY_MS);
	shd_harvest_measure(bench_harvest(b), SHD_M_rating, false,
			    (struct shd_value){.type = SHD_NUMBER, .n = 4900000});
	bench_poll(b, "rates");
	bench_run_until(b, b->now + SHD_DAY_MS);
	bench_poll_all(b);
}

static void an_edited_rule_differs_where_it_should(void **state)
{
	static const struct {
		const char *edited, *rule;
		enum shd_replay_change change;
		size_t count;
	} rows[] = {
		{"rules:\n  - rule: slow\n    each: complaint\n    levels: {warning: age >= 6h}\n",
		 "slow", SHD_REPLAY_EARLIER, 3},
		{"rules:\n  - rule: slow\n    each: complaint\n    levels: {warning: age >= 30h}\n",
		 "slow", SHD_REPLAY_LATER, 3},
		{"rules:\n  - rule: slow\n    each: complaint\n    levels: {warning: age >= 12h, "
		 "critical: age >= 20h}\n", "slow", SHD_REPLAY_CHANGED, 3},
		{"rules:\n  - rule: slow\n    each: complaint\n    levels: {warning: age >= 12h}\n",
		 "slow", SHD_REPLAY_UNCHANGED, 3},
		{"rules:\n  - rule: slow\n    each: complaint\n    levels: {warning: age >= 90d}\n",
		 "slow", SHD_REPLAY_GONE, 3},
		{"rules:\n  - rule: rate\n    value: rating\n    levels: {warning: value < 4.7}\n",
		 "slow", SHD_REPLAY_GONE, 3},
		{"rules:\n  - rule: rate\n    value: rating\n    levels: {warning: value < 4.7}\n",
		 "rate", SHD_REPLAY_NEW, 1},
	};
	struct bench b;

	(void)state;
	live_simply(&b, slow_rule);
	for (size_t i = 0; i < SHD_COUNT(rows); i++) {
		bench_rules(&b, rows[i].edited);
		struct shd_replay *done = replay(&b, 0);
		assert_int_equal(count_of(done, rows[i].rule, rows[i].change), rows[i].count);
		shd_replay_destroy(done);
	}
	bench_finish(&b);
}

/* The alert that a reload would have taken over is not news. */
static void what_fired_before_goes_on(void **state)
{
	struct bench b;

	(void)state;
	live_simply(&b, slow_rule);
	struct shd_replay *done = replay(&b, T0 + 20 * SHD_HOUR_MS);
	assert_int_equal(done->since.ms, T0 + 20 * SHD_HOUR_MS);
	assert_int_equal(done->pair_count, 3);
	assert_int_equal(count_of(done, "slow", SHD_REPLAY_UNCHANGED), 3);
	assert_int_equal(done->pairs[0].would->from.ms, T0 + 12 * SHD_HOUR_MS);
	shd_replay_destroy(done);
	bench_finish(&b);
}

static void one_store_alone(void **state)
{
	struct shd_replay_request request = {.store = "s2"};
	struct shd_replay *done;
	struct bench b;

	(void)state;
	live_simply(&b, slow_rule);
	request.state_path = b.path;
	request.in = b.in;
	assert_true(shd_replay_run(&request, &done, &b.err));
	assert_int_equal(done->pair_count, 0);
	shd_replay_destroy(done);
	request.store = "s1";
	assert_true(shd_replay_run(&request, &done, &b.err));
	assert_int_equal(done->pair_count, 3);
	shd_replay_destroy(done);
	request.store = "s3";
	assert_false(shd_replay_run(&request, &done, &b.err));
	assert_int_equal(b.err.kind, SHD_ERR_MISSING);
	bench_finish(&b);
}

/* An answer is believed while another endpoint of its poller fails; the same poller
 * says nothing of a parcel that no answer spoke of. A replay knows which was which. */
static void what_a_good_answer_said_counts_though_its_poller_is_blind(void **state)
{
	static const char lost[] = "rules:\n  - rule: lost\n    each: parcel\n"
		"    levels: {warning: status == \"exception\"}\n";
	struct bench b;

	(void)state;
	bench_start_on_disk(&b, lost);
	for (int p = 0; p < SHD_POLLER_COUNT; p++)
		b.sources[0].every_ms[p] = SHD_HOUR_MS;
	bench_poll_all(&b);
	for (int i = 0; i < 8; i++) {
		bench_run_until(&b, b.now + SHD_HOUR_MS);
		bench_poll_fails(&b, "index", SHD_ERR_SERVER);
		bench_poll(&b, "slow");
		bench_poll(&b, "quarter");
	}
	bench_run_until(&b, b.now + SHD_MINUTE_MS);
	size_t at = entity(&b, SHD_KIND_parcel, 1);
	shd_set_n(b.harvest, at, SHD_F_parcel_opened_at, b.now);
	shd_set_text(b.harvest, at, SHD_F_parcel_status, "exception", 9);
	bench_poll(&b, "quarter");
	const struct shd_entity *poller = bench_entity(&b, SHD_KIND_poller, "logistics");
	assert_false(shd_entity_get(poller, SHD_F_poller_blinds)->none);
	assert_int_equal(bench_level(&b, "lost", "parcel-1"), SHD_WARN);
	bench_run_until(&b, b.now + SHD_HOUR_MS);
	bench_poll_fails(&b, "index", SHD_ERR_SERVER);

	struct shd_replay *done = replay(&b, 0);
	assert_int_equal(done->pair_count, 1);
	assert_int_equal(count_of(done, "lost", SHD_REPLAY_UNCHANGED), 1);
	shd_replay_destroy(done);
	/* A rule that looks only after the answer sees nothing, then as now. */
	bench_rules(&b, "rules:\n  - rule: lost\n    each: parcel\n"
			"    levels: {warning: status == \"exception\" and age >= 1m}\n");
	done = replay(&b, 0);
	assert_int_equal(count_of(done, "lost", SHD_REPLAY_GONE), 1);
	shd_replay_destroy(done);
	bench_finish(&b);
}

/* Polls that read the same again change nothing and are evaluations all the same. */
static void a_bad_value_that_stands_still_fires_then_as_now(void **state)
{
	static const char low[] = "rules:\n  - rule: low\n    value: rating\n"
		"    levels: {warning: value < 4.7}\n    for: 3 of 5\n";
	const struct shd_value bad = {.type = SHD_NUMBER, .n = 4650000};
	struct bench b;

	(void)state;
	bench_start_on_disk(&b, low);
	for (int p = 0; p < SHD_POLLER_COUNT; p++)
		b.sources[0].every_ms[p] = SHD_HOUR_MS;
	bench_poll_all(&b);
	shd_harvest_measure(bench_harvest(&b), SHD_M_rating, false, bad);
	bench_poll(&b, "rates");
	int64_t began = b.now;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(bench_alert(&b, "low", "")->state, SHD_ALERT_PENDING);
		bench_run_until(&b, b.now + SHD_HOUR_MS);
		bench_poll_all(&b);
	}
	bench_run_until(&b, began + 2 * (SHD_HOUR_MS + SHD_MINUTE_MS) - 1);
	assert_int_equal(bench_alert(&b, "low", "")->state, SHD_ALERT_PENDING);
	bench_run_until(&b, b.now + 1);
	assert_int_equal(bench_level(&b, "low", ""), SHD_WARN);
	bench_run_until(&b, b.now + SHD_HOUR_MS);
	bench_poll_all(&b);

	struct shd_replay *done = replay(&b, 0);
	assert_int_equal(done->pair_count, 1);
	assert_same(done, 0);
	assert_int_equal(count_of(done, "low", SHD_REPLAY_UNCHANGED), 1);
	shd_replay_destroy(done);
	bench_finish(&b);
}

/* What was forgotten is not replayed, and not undone: the replay begins later. */
static void a_replay_begins_where_the_history_does(void **state)
{
	struct shd_retention keep = {.history_before = {T0 + 3 * SHD_HOUR_MS}};
	struct bench b;
	bool more;

	(void)state;
	live_simply(&b, slow_rule);
	struct shd_replay *whole = replay(&b, 0);
	assert_true(shd_state_begin(b.state, &b.err));
	assert_true(shd_state_retain(b.state, &keep, 100, &more, &b.err));
	assert_true(shd_state_commit(b.state, false, &b.err));
	assert_false(more);
	struct shd_replay *rest = replay(&b, 0);
	assert_int_equal(whole->since.ms, T0);
	assert_int_equal(rest->since.ms, T0 + 4 * SHD_HOUR_MS);
	assert_true(rest->changes < whole->changes);
	assert_int_equal(rest->pair_count, 3);
	assert_int_equal(count_of(rest, "slow", SHD_REPLAY_UNCHANGED), 3);
	shd_replay_destroy(whole);
	shd_replay_destroy(rest);
	bench_finish(&b);
}

/* The state is read, and nothing but read. */
static void the_state_stays_as_it_was(void **state)
{
	static char before[65536], after[65536];
	struct bench b;
	char out[2000];

	(void)state;
	live_simply(&b, slow_rule);
	bench_history(&b, before, sizeof(before));
	bench_outbox(&b, out, sizeof(out));
	bench_rules(&b, "rules:\n  - rule: slow\n    each: complaint\n"
			"    levels: {warning: age >= 1h}\n");
	shd_replay_destroy(replay(&b, 0));
	assert_string_equal(bench_history(&b, after, sizeof(after)), before);
	assert_string_equal(bench_outbox(&b, after, sizeof(after)), out);
	bench_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_edited_rule_differs_where_it_should),
		cmocka_unit_test(what_fired_before_goes_on),
		cmocka_unit_test(one_store_alone),
		cmocka_unit_test(what_a_good_answer_said_counts_though_its_poller_is_blind),
		cmocka_unit_test(a_bad_value_that_stands_still_fires_then_as_now),
		cmocka_unit_test(a_replay_begins_where_the_history_does),
		cmocka_unit_test(the_state_stays_as_it_was),
		cmocka_unit_test(the_same_rules_give_the_same_alerts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

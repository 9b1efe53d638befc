/* What the judge keeps of large windows is what the state says: a judge that is made anew
 * before every step, and reads everything again, tells the same story. The seed is
 * printed; TALLY_SEED replays it. */
#include "support/judge_bench.h"

#include <time.h>

enum { ROUNDS = 2, STEPS = 120, ORDERS = 160, TEXT_BYTES = 1 << 20 };

static const char rules[] =
	"rules:\n"
	"  - rule: many\n    value: count(order last 2d)\n"
	"    levels: {info: value >= 30, warning: value >= 60, critical: value >= 75,\n"
	"             breached: value >= 90}\n"
	"  - rule: late\n    value: share(order last 3d where shipped_late)\n"
	"    needs: count(order last 3d) >= 10\n"
	"    levels: {info: value > 10%, warning: value > 20%, critical: value > 25%,\n"
	"             breached: value > 30%}\n"
	"  - rule: worth\n    value: sum(order.amount last 2d where status == \"shipped\")\n"
	"    levels: {info: value > 500 RUB, warning: value > 1000 RUB,\n"
	"             critical: value > 1500 RUB}\n"
	"  - rule: more\n    value: count(order last 1d where not closed)\n"
	"    levels: {info: 'value > baseline(value, 3d)',\n"
	"             warning: 'value > 2 * baseline(value, 3d)'}\n"
	"  - rule: cancelled\n    value: count(order last 1d at cancelled_at)\n"
	"    levels: {info: value >= 3, warning: value >= 6, critical: value >= 12,\n"
	"             breached: value >= 20}\n"
	"  - rule: late-deliveries\n"
	"    value: share(order last 2d at delivered_at where shipped_late)\n"
	"    levels: {info: value > 10%, warning: value > 20%, breached: value > 30%}\n"
	"  - rule: each\n    each: complaint\n"
	"    levels: {info: count(order last 1d) >= 20, warning: count(order last 1d) >= 40}\n";

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static void some_orders(struct bench *b)
{
	static const char *const words[] = {
		"awaiting_shipment", "shipped", "delivered", "shipped", "cancelled"};

	for (uint64_t i = draw(6); i > 0; i--) {
		const char *status = words[draw(5)];
		char id[16];

		snprintf(id, sizeof(id), "o-%llu", (unsigned long long)draw(ORDERS));
		size_t at = shd_harvest_entity(bench_harvest(b), SHD_KIND_order, id, strlen(id));
		if (draw(3) > 0) {
			shd_set_n(b->harvest, at, SHD_F_order_opened_at,
				  b->now - (int64_t)draw(90) * SHD_MINUTE_MS);
			shd_set_n(b->harvest, at, SHD_F_order_ship_by,
				  b->now + (int64_t)draw(40) * SHD_HOUR_MS);
		}
		shd_set_text(b->harvest, at, SHD_F_order_status, status, strlen(status));
		shd_set_money(b->harvest, at, SHD_F_order_amount, (int64_t)draw(9000), "RUB");
		shd_set_n(b->harvest, at, SHD_F_order_closed, draw(6) == 0);
	}
}

/* The transaction fails at its end: what it brought never was. */
static void poll_in_vain(struct bench *b)
{
	struct shd_batch batch = bench_batch(b, 0, "orders");

	bench_begin(b);
	assert_true(shd_judge_batch(b->judge, &batch, &b->err));
	bench_abandon(b);
	shd_harvest_destroy(shd_steal(b->harvest));
}

static void live(struct bench *b, bool restarts)
{
	bench_start(b, rules);
	b->restarts = restarts;
	for (int p = 0; p < SHD_POLLER_COUNT; p++)
		b->sources[0].every_ms[p] = SHD_HOUR_MS;
	bench_poll_all(b);
	size_t at = shd_harvest_entity(bench_harvest(b), SHD_KIND_complaint, "c", 1);
	shd_set_n(b->harvest, at, SHD_F_complaint_opened_at, b->now);
	bench_poll(b, "cases");
	for (int i = 0; i < STEPS; i++) {
		some_orders(b);
		if (draw(8) == 0)
			poll_in_vain(b);
		else
			bench_poll(b, "orders");
		bench_run_until(b, b->now + (int64_t)draw(120) * SHD_MINUTE_MS);
	}
}

static void a_judge_that_remembers_judges_like_one_that_reads(void **state)
{
	static char kept[TEXT_BYTES], read[TEXT_BYTES];
	const char *given = getenv("TALLY_SEED");
	uint64_t first = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

	(void)state;
	print_message("TALLY_SEED=%llu\n", (unsigned long long)first);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		for (int restarts = 0; restarts < 2; restarts++) {
			struct bench b;

			seed = (first + round) * 0x9E3779B97F4A7C15ULL | 1;
			live(&b, restarts);
			bench_history(&b, restarts ? read : kept, TEXT_BYTES);
			bench_finish(&b);
		}
		assert_true(strlen(kept) > 1000);
		assert_string_equal(kept, read);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_judge_that_remembers_judges_like_one_that_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

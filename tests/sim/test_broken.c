/* A list that breaks off: what came before is told, also of a poller that is blind; what it says
 * nothing of stays as it is. */
#include "support/judge_bench.h"

static const char rules[] =
	"rules:\n"
	"  - rule: ship\n"
	"    each: order\n"
	"    where: status == \"awaiting_shipment\"\n"
	"    due: ship_by\n"
	"    levels: {warning: remaining <= 6h}\n"
	"  - rule: few\n"
	"    levels: {warning: count(order last 1d) < 5}\n";

static const struct shd_endpoint endpoints[] = {
	{.name = "waiting", .poller = SHD_P_orders, .paging = SHD_PAGE_CURSOR, .complete = true,
		.closes = SHD_KIND_order},
};

static void start(struct bench *b)
{
	bench_start(b, rules);
	b->sources[0].endpoints = endpoints;
	b->sources[0].endpoint_count = SHD_COUNT(endpoints);
	b->sources[0].every_ms[SHD_P_orders] = SHD_MINUTE_MS;
	bench_judge(b);
}

static void order(struct bench *b, const char *id)
{
	size_t at = shd_harvest_entity(bench_harvest(b), SHD_KIND_order, id, strlen(id));

	shd_set_text(b->harvest, at, SHD_F_order_status, "awaiting_shipment", 17);
	shd_set_n(b->harvest, at, SHD_F_order_opened_at, b->now);
	shd_set_n(b->harvest, at, SHD_F_order_ship_by, b->now + SHD_HOUR_MS);
}

/* A reading that broke off, with what the harvest holds; the list has `a`. */
static void read_part(struct bench *b, int count)
{
	static const char *const listed[] = {"a"};
	struct shd_batch batch = bench_batch_of(b, &endpoints[0]);

	bench_failed(&batch, SHD_ERR_SERVER, count);
	batch.seen.incomplete = "page 2, those before it were read: server";
	batch.seen.listed = listed;
	batch.seen.listed_count = 1;
	bench_take(b, &batch);
}

static void read_well(struct bench *b)
{
	struct shd_batch batch = bench_batch_of(b, &endpoints[0]);

	bench_take(b, &batch);
}

static void what_came_before_is_told(void **state)
{
	struct bench b;

	(void)state;
	start(&b);
	for (int i = 0; i < 5; i++) {
		char id[2] = {(char)('b' + i), '\0'};

		order(&b, id);
	}
	read_well(&b);
	assert_int_equal(bench_level(&b, "few", ""), SHD_LEVEL_NONE);
	b.now += SHD_DAY_MS - SHD_MINUTE_MS; /* blind, and the five are nearly out of the window */
	for (int count = 1; count < 4; count++) {
		read_part(&b, count);
		b.now += SHD_MINUTE_MS;
	}
	assert_int_equal(bench_level(&b, "ship", "a"), SHD_LEVEL_NONE);
	order(&b, "a");
	read_part(&b, 4);
	assert_int_equal(bench_level(&b, "ship", "a"), SHD_WARN);
	/* One order of how many nobody knows. */
	assert_int_equal(bench_level(&b, "few", ""), SHD_LEVEL_NONE);
	assert_true(shd_entity_get(bench_entity(&b, SHD_KIND_order, "b"),
		SHD_F_order_unlisted_since)->none);
	order(&b, "a");
	read_well(&b);
	assert_int_equal(bench_level(&b, "few", ""), SHD_WARN);
	bench_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_came_before_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

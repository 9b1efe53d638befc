/* Until the cases of a chat were told apart, a chat was one of them, under another id. What an
 * earlier version kept is neither counted nor told beside what takes its place. */
#include "support/judge_bench.h"

#include "market/loose.h"
#include "market/ozon/ozon.h"

static const char rules[] =
	"rules:\n"
	"  - rule: many\n"
	"    value: count(complaint last 90d where valid)\n"
	"    levels: {warning: value >= 1, critical: value >= 2}\n"
	"  - rule: open\n"
	"    each: complaint\n"
	"    levels: {warning: responded_at is none}\n";

/* The buyer names a cause, as long after T0 as the minutes say. */
static void add_message(json_t *messages, const char *id, const char *who, int minutes)
{
	char time[SHD_TIME_TEXT];

	json_array_append_new(messages, json_pack("{s:s, s:s, s:[s], s:{s:s}}", "message_id", id,
		"created_at",
		shd_time_format((struct shd_wall){T0 + minutes * SHD_MINUTE_MS}, time), "data",
		"\u041a\u0440\u0443\u0436\u043a\u0430 \u0441\u043b\u043e\u043c\u0430\u043d\u0430",
		"user", "type", who));
}

/* Reads the history of chat c-1. `more`: it begins before the page. */
static void read_history(struct bench *b, json_t *messages, bool more)
{
	json_auto_t *record = json_pack("{s:b, s:o}", "has_next", (int)more, "messages", messages);
	const struct shd_endpoint *row = shd_adapter_endpoint(&shd_ozon_adapter, "chat_history");
	struct shd_map_in in = {
		.source = &b->sources[0], .row = row, .fetched = {b->now}, .id = "c-1"};

	if (!row->map(&in, record, bench_harvest(b), &b->err))
		fail_msg("%s", b->err.msg);
	bench_poll(b, "orders");
}

/* As the earlier version wrote it. */
static void start(struct bench *b)
{
	bench_start(b, rules);
	for (int p = 0; p < SHD_POLLER_COUNT; p++)
		b->sources[0].every_ms[p] = SHD_WEEK_MS;
	bench_poll_all(b);
	size_t at = shd_harvest_entity(bench_harvest(b), SHD_KIND_complaint, "chat:c-1", 8);
	shd_set_n(b->harvest, at, SHD_F_complaint_opened_at, T0);
	shd_set_n(b->harvest, at, SHD_F_complaint_valid, true);
	shd_set_n(b->harvest, at, SHD_F_complaint_closed, false);
	bench_poll(b, "orders");
	b->now += SHD_HOUR_MS;
}

static enum shd_level level(struct bench *b, const char *rule, const char *entity)
{
	const struct shd_alert *alert = bench_alert(b, rule, entity);

	return alert && alert->state == SHD_ALERT_FIRING ? alert->level : SHD_LEVEL_NONE;
}

static void one_case_is_counted_once(void **state)
{
	json_t *messages = json_array();
	struct bench b;

	(void)state;
	start(&b);
	assert_int_equal(level(&b, "many", ""), SHD_WARN);
	assert_int_equal(level(&b, "open", "chat:c-1"), SHD_WARN);
	add_message(messages, "m1", "Customer", 0);
	read_history(&b, messages, false);
	assert_int_equal(level(&b, "many", ""), SHD_WARN);
	assert_int_equal(level(&b, "open", "chat:c-1:m1"), SHD_WARN);
	assert_int_equal(level(&b, "open", "chat:c-1"), SHD_LEVEL_NONE);
	bench_finish(&b);
}

/* A page that does not show how the case began has nothing to take its place. */
static void what_nothing_takes_the_place_of_is_counted(void **state)
{
	json_t *messages = json_array();
	struct bench b;

	(void)state;
	start(&b);
	add_message(messages, "m2", "Customer", 1);
	add_message(messages, "m3", "Seller", 2);
	read_history(&b, messages, true);
	assert_int_equal(level(&b, "many", ""), SHD_WARN);
	assert_int_equal(level(&b, "open", "chat:c-1"), SHD_WARN);
	assert_null(bench_alert(&b, "open", "chat:c-1:m2"));
	bench_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_case_is_counted_once),
		cmocka_unit_test(what_nothing_takes_the_place_of_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

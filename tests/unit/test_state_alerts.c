/* state/state.h: alerts, listed and forgotten. */
#include "support/state.h"

static struct shd_alert make_alert(const char *entity, enum shd_alert_state state,
				   enum shd_level level, int64_t changed)
{
	struct shd_alert alert = {.rule = "r", .store = "s", .entity = entity, .state = state,
		.level = level, .episode = 2, .changed_at = {changed}, .wake = {SHD_NEVER_MS},
		.hits = UINT64_MAX, .last = {.level = level, .clear = true, .sample_hit = 1,
		.sample_of = 3, .due = {77}, .why = "stock"}};

	alert.last.value = (struct shd_value){.type = SHD_RATIO, .n = 40000};
	alert.last.limit = (struct shd_value){.type = SHD_TEXT, .text = "ok", .len = 2};
	alert.last.cost = (struct shd_value){.type = SHD_MONEY, .n = 5000, .currency = "RUB"};
	alert.last.room.none = true;
	return alert;
}

static void an_alert_comes_back_whole(void **state)
{
	struct fixture *f = *state;
	struct shd_alert alert = make_alert("e", SHD_ALERT_FIRING, SHD_CRITICAL, 9), *back;
	struct shd_alert_event event = {.at = {5}, .move = SHD_MOVE_ESCALATED, .from = SHD_WARN,
		.to = SHD_CRITICAL, .notified = true, .reason = "worse"}, *events;
	size_t count;

	assert_true(shd_state_alert_get(f->state, "r", "s", "e", f->arena, &back, &f->err));
	assert_null(back);
	assert_true(shd_state_alert_put(f->state, &alert, &f->err));
	assert_int_equal(alert.number, 1);
	alert.notified_level = SHD_BREACHED;
	assert_true(shd_state_alert_put(f->state, &alert, &f->err));
	assert_int_equal(alert.number, 1);
	event.alert = alert.number;
	event.value = alert.last.value;
	event.limit.none = true;
	assert_true(shd_state_event_add(f->state, &event, &f->err));
	state_reopen(f);
	assert_true(shd_state_alert_get(f->state, "r", "s", "e", f->arena, &back, &f->err));
	assert_non_null(back);
	assert_int_equal(back->number, 1);
	assert_int_equal(back->state, SHD_ALERT_FIRING);
	assert_int_equal(back->notified_level, SHD_BREACHED);
	assert_true(back->hits == UINT64_MAX);
	assert_int_equal(back->wake.ms, SHD_NEVER_MS);
	assert_true(shd_value_equal(&back->last.value, &alert.last.value));
	assert_true(shd_value_equal(&back->last.limit, &alert.last.limit));
	assert_true(shd_value_equal(&back->last.cost, &alert.last.cost));
	assert_true(back->last.room.none);
	assert_int_equal(back->last.due.ms, 77);
	assert_string_equal(back->last.why, "stock");
	assert_true(shd_state_events(f->state, 1, f->arena, &events, &count, &f->err));
	assert_int_equal(count, 1);
	assert_int_equal(events[0].move, SHD_MOVE_ESCALATED);
	assert_int_equal(events[0].to, SHD_CRITICAL);
	assert_string_equal(events[0].reason, "worse");
}

static void alerts_are_listed_worst_first(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *entity;
		enum shd_alert_state state;
		enum shd_level level;
	} rows[] = {
		{"a", SHD_ALERT_FIRING, SHD_INFO}, {"b", SHD_ALERT_UNKNOWN, SHD_BREACHED},
		{"c", SHD_ALERT_RESOLVED, SHD_WARN}, {"d", SHD_ALERT_PENDING, SHD_INFO},
	};
	struct shd_alert_filter filter = {.max = 10};
	struct shd_alert *alerts;
	size_t count;

	for (size_t i = 0; i < SHD_COUNT(rows); i++) {
		struct shd_alert alert = make_alert(rows[i].entity, rows[i].state, rows[i].level,
						    (int64_t)i);

		assert_true(shd_state_alert_put(f->state, &alert, &f->err));
	}
	assert_true(shd_state_alerts(f->state, &filter, f->arena, &alerts, &count, &f->err));
	assert_int_equal(count, 3);
	assert_string_equal(alerts[0].entity, "b");
	assert_string_equal(alerts[1].entity, "d"); /* newer than a */
	filter = (struct shd_alert_filter){.max = 10, .store = "s", .closed_too = true};
	assert_true(shd_state_alerts(f->state, &filter, f->arena, &alerts, &count, &f->err));
	assert_int_equal(count, 4);
	filter = (struct shd_alert_filter){.max = 2, .store = "s"};
	assert_true(shd_state_alerts(f->state, &filter, f->arena, &alerts, &count, &f->err));
	assert_int_equal(count, 2);
	filter = (struct shd_alert_filter){.number = 3};
	assert_true(shd_state_alerts(f->state, &filter, f->arena, &alerts, &count, &f->err));
	assert_int_equal(count, 1);
	assert_string_equal(alerts[0].entity, "c");
	filter = (struct shd_alert_filter){.max = 10, .store = "t"};
	assert_true(shd_state_alerts(f->state, &filter, f->arena, &alerts, &count, &f->err));
	assert_int_equal(count, 0);
}

static void alerts_that_are_over_are_forgotten_with_their_events(void **state)
{
	struct fixture *f = *state;
	struct shd_alert over = make_alert("a", SHD_ALERT_RESOLVED, SHD_LEVEL_NONE, 5);
	struct shd_alert open = make_alert("b", SHD_ALERT_FIRING, SHD_WARN, 5), *back, next;
	struct shd_retention keep = {.events_before = {10}};
	struct shd_alert_event event = {.at = {5}, .move = SHD_MOVE_NEW,
		.value = {.none = true}, .limit = {.none = true}}, *events;
	size_t count;
	bool more;

	assert_true(shd_state_alert_put(f->state, &over, &f->err));
	assert_true(shd_state_alert_put(f->state, &open, &f->err));
	event.alert = over.number;
	assert_true(shd_state_event_add(f->state, &event, &f->err));
	assert_true(shd_state_retain(f->state, &keep, 100, &more, &f->err));
	assert_true(shd_state_alert_get(f->state, "r", "s", "a", f->arena, &back, &f->err));
	assert_null(back);
	assert_true(shd_state_events(f->state, over.number, f->arena, &events, &count, &f->err));
	assert_int_equal(count, 0);
	assert_true(shd_state_alert_get(f->state, "r", "s", "b", f->arena, &back, &f->err));
	assert_non_null(back);
	/* A number is never given twice. */
	next = make_alert("c", SHD_ALERT_FIRING, SHD_WARN, 5);
	assert_true(shd_state_alert_put(f->state, &next, &f->err));
	assert_true(next.number > open.number);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATE_TEST(an_alert_comes_back_whole),
		STATE_TEST(alerts_are_listed_worst_first),
		STATE_TEST(alerts_that_are_over_are_forgotten_with_their_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

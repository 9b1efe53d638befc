/* daemon/state: the outbox: merging, who is due, attempts and their end. */
#include "support/outbox.h"
#include "support/state.h"

static struct shd_facts facts_of(int64_t alert)
{
	struct shd_facts told = {.alert = alert,
		.episode = 1,
		.move = SHD_MOVE_NEW,
		.level = SHD_WARN,
		.rule = "r",
		.store = "s",
		.entity = "e",
		.marketplace = "ozon",
		.subject = "e"};

	told.value.none = told.limit.none = told.cost.none = told.room.none = true;
	return told;
}

static int64_t new_alert(struct fixture *f, const char *entity)
{
	struct shd_alert alert = {.rule = "r", .store = "s", .entity = entity,
		.state = SHD_ALERT_FIRING, .level = SHD_WARN, .wake = {SHD_NEVER_MS}};

	alert.last.value.none = alert.last.limit.none = alert.last.cost.none = true;
	alert.last.room.none = true;
	assert_true(shd_state_alert_put(f->state, &alert, &f->err));
	return alert.number;
}

/* Decided at `made`, to be sent at `next_try`, with `count` alerts. */
static int64_t add_at(struct fixture *f, const char *key, enum shd_level level, int64_t made,
		      int64_t next_try, size_t count)
{
	struct shd_facts told[SHD_OUTBOX_ITEMS];
	int64_t alerts[SHD_OUTBOX_ITEMS];

	for (size_t i = 0; i < count; i++) {
		char entity[64];

		snprintf(entity, sizeof(entity), "%s-%lld-%zu", key, (long long)made, i);
		alerts[i] = new_alert(f, entity);
		told[i] = facts_of(alerts[i]);
	}
	struct shd_outbox_row row = {.key = key, .channel = "mail", .group = "g", .level = level,
		.made = {made}, .next_try = {next_try}, .give_up = {SHD_DAY_MS},
		.alerts = alerts, .alert_count = count};
	row.facts = shd_facts_pack(told, count, f->arena);
	if (!shd_state_outbox_add(f->state, &row, &f->err))
		fail_msg("%s", f->err.msg);
	return row.number;
}

static int64_t add(struct fixture *f, const char *key, int64_t made, int64_t next_try, size_t count)
{
	return add_at(f, key, SHD_WARN, made, next_try, count);
}

static size_t due(struct fixture *f, int64_t now, size_t max, struct shd_outbox_row **ret_rows,
	int64_t *ret_next)
{
	struct shd_wall next;

	assert_true(shd_state_outbox_next(f->state, (struct shd_wall){now}, &next, &f->err));
	*ret_next = next.ms;
	return outbox_due(f->state, now, max, f->arena, ret_rows);
}

/* Takes what is due for `for_ms`; returns how many. */
static size_t claim_at(struct fixture *f, int64_t now, int64_t for_ms)
{
	struct shd_claim claim = {
		.channel = "mail", .now = {now}, .until = {now + for_ms}, .max = 10};
	struct shd_outbox_row *rows;
	size_t count;

	if (!shd_state_outbox_claim(f->state, &claim, f->arena, &rows, &count, &f->err))
		fail_msg("%s", f->err.msg);
	return count;
}

static void what_is_due_comes_oldest_first(void **state)
{
	struct fixture *f = *state;
	struct shd_outbox_row *rows;
	int64_t next, first;

	first = add(f, "a", 5, 5, 1);
	add(f, "b", 6, 6, 1);
	add(f, "c", 7, 100, 1);
	assert_int_equal(due(f, 4, 10, &rows, &next), 0);
	assert_int_equal(next, 5);
	assert_int_equal(due(f, 6, 10, &rows, &next), 2);
	assert_int_equal(rows[0].number, first);
	assert_string_equal(rows[1].key, "b");
	assert_int_equal(next, 100);
	assert_int_equal(due(f, 6, 1, &rows, &next), 1);
	assert_int_equal(next, 100);
}

static void a_known_key_adds_nothing(void **state)
{
	struct fixture *f = *state;
	struct shd_outbox_row *rows;
	int64_t next;

	add(f, "a", 5, 5, 1);
	add(f, "a", 9, 9, 1);
	assert_int_equal(due(f, 50, 10, &rows, &next), 1);
	assert_int_equal(rows[0].made.ms, 5);
}

static void a_message_that_waits_takes_others_in(void **state)
{
	struct fixture *f = *state;
	struct shd_outbox_row *rows;
	struct shd_facts *told;
	size_t count;
	int64_t next;

	add(f, "a", 0, 100, 30);
	add(f, "b", 99, 200, 20);
	assert_int_equal(due(f, 1000, 10, &rows, &next), 1);
	assert_int_equal(rows[0].next_try.ms, 100); /* company does not delay it */
	assert_true(shd_facts_unpack(rows[0].facts, f->arena, &told, &count, &f->err));
	assert_int_equal(count, SHD_OUTBOX_ITEMS);
	add(f, "c", 100, 300, 5); /* too late for that one */
	assert_int_equal(due(f, 1000, 10, &rows, &next), 2);
}

static void a_full_message_leaves_nothing_out(void **state)
{
	struct fixture *f = *state;
	struct shd_outbox_row *rows;
	struct shd_facts *told;
	size_t count;
	int64_t next;

	add(f, "a", 0, 100, SHD_OUTBOX_ITEMS);
	add(f, "b", 1, 100, 30);
	add(f, "c", 2, 100, 20);
	assert_int_equal(due(f, 1000, 10, &rows, &next), 2);
	for (size_t i = 0; i < 2; i++) {
		assert_true(shd_facts_unpack(rows[i].facts, f->arena, &told, &count, &f->err));
		assert_int_equal(count, SHD_OUTBOX_ITEMS);
		assert_int_equal(told[count - 1].more, 0);
	}
	assert_string_equal(rows[1].key, "b");
	add(f, "d", 3, 100, 1);
	assert_int_equal(due(f, 1000, 10, &rows, &next), 3);
}

static void a_message_is_as_urgent_as_the_worst_in_it(void **state)
{
	struct fixture *f = *state;
	struct shd_outbox_row *rows;
	int64_t next;

	add_at(f, "a", SHD_WARN, 0, 100, 1);
	add_at(f, "b", SHD_CRITICAL, 1, 100, 1);
	add_at(f, "c", SHD_INFO, 2, 100, 1);
	assert_int_equal(due(f, 1000, 10, &rows, &next), 1);
	assert_int_equal(rows[0].level, SHD_CRITICAL);
}

static void an_attempted_message_is_closed_to_others(void **state)
{
	struct fixture *f = *state;
	struct shd_outbox_row *rows;
	struct shd_delivery_row row = {.at = {1}, .attempt = 1, .status = 500, .answer = "busy",
		.error = "server", .took_ms = 7}, *attempts;
	size_t count;
	int64_t next;

	row.outbox = add(f, "a", 0, 100, 1);
	assert_true(shd_state_outbox_settle(
		f->state, &row, SHD_OUTBOX_WAITING, (struct shd_wall){500}, &f->err));
	add(f, "b", 1, 100, 1);
	assert_int_equal(due(f, 400, 10, &rows, &next), 1);
	assert_string_equal(rows[0].key, "b");
	assert_int_equal(next, 500);
	assert_int_equal(due(f, 500, 10, &rows, &next), 2);
	assert_int_equal(rows[1].attempts, 1);
	row.attempt = 2;
	row.ok = true;
	row.error = NULL;
	assert_true(shd_state_outbox_settle(f->state, &row, SHD_OUTBOX_SENT, (struct shd_wall){0},
					   &f->err));
	assert_int_equal(due(f, 9000, 10, &rows, &next), 1);
	assert_true(shd_state_deliveries(f->state, 1, f->arena, &attempts, &count, &f->err));
	assert_int_equal(count, 2);
	assert_string_equal(attempts[0].error, "server");
	assert_true(attempts[1].ok);
}

static void a_message_once_due_stays_closed_when_the_clock_is_set_back(void **state)
{
	struct fixture *f = *state;
	struct shd_outbox_row *rows;
	int64_t next;

	add(f, "a", 1000, 1100, 1);
	assert_int_equal(claim_at(f, 1099, 1000), 0);
	add(f, "b", 1099, 1199, 1); /* it was not due: this one goes along */
	assert_int_equal(due(f, 5000, 10, &rows, &next), 1);
	assert_int_equal(claim_at(f, 1100, 0), 1);
	assert_true(shd_state_outbox_shift(f->state, -900, &f->err));
	add(f, "c", 150, 250, 1);
	add(f, "d", 160, 260, 1);
	assert_int_equal(due(f, 5000, 10, &rows, &next), 2);
	assert_string_equal(rows[0].key, "a");
	assert_string_equal(rows[1].key, "c"); /* it took "d" in */
}

static void a_message_that_waits_for_nobody_takes_nobody_in(void **state)
{
	struct fixture *f = *state;
	struct shd_outbox_row *rows;
	int64_t next;

	add(f, "a", 1000, 1000, 1);
	add(f, "b", 500, 500, 1); /* the clock was set back meanwhile */
	assert_int_equal(due(f, 5000, 10, &rows, &next), 2);
}

static void what_is_claimed_is_taken_by_nobody_else(void **state)
{
	struct fixture *f = *state;
	struct shd_delivery_row row = {.at = {1}, .attempt = 1, .error = "server"};
	struct shd_outbox_row *rows;
	int64_t next;

	row.outbox = add(f, "a", 0, 100, 1);
	assert_int_equal(claim_at(f, 100, 50), 1);
	assert_int_equal(claim_at(f, 149, 50), 0);
	add(f, "b", 99, 200, 1); /* nor is anything merged into it */
	assert_int_equal(due(f, 200, 10, &rows, &next), 2);
	assert_int_equal(claim_at(f, 150, 50), 1); /* whoever had it is gone */
	assert_true(shd_state_outbox_settle(
		f->state, &row, SHD_OUTBOX_WAITING, (struct shd_wall){160}, &f->err));
	assert_int_equal(claim_at(f, 159, 50), 0);
	assert_int_equal(claim_at(f, 160, 50), 1); /* what is recorded is free again */
	assert_true(shd_state_outbox_release(f->state, row.outbox, &f->err));
	assert_int_equal(claim_at(f, 161, 50), 1);
	assert_int_equal(claim_at(f, 200, 50), 1); /* the other one */
	assert_true(shd_state_outbox_release(f->state, 0, &f->err));
	assert_int_equal(claim_at(f, 201, 50), 2);
}

static void a_clock_that_is_set_back_moves_claims_along(void **state)
{
	struct fixture *f = *state;

	add(f, "a", 10000, 10000, 1);
	assert_int_equal(claim_at(f, 10000, 50), 1);
	assert_true(shd_state_outbox_shift(f->state, -9000, &f->err));
	assert_int_equal(claim_at(f, 1049, 50), 0);
	assert_int_equal(claim_at(f, 1050, 50), 1);
}

static void each_channel_is_looked_at_by_itself(void **state)
{
	struct fixture *f = *state;
	struct shd_outbox_row row = {.group = "", .level = SHD_WARN, .give_up = {SHD_DAY_MS}};
	struct shd_facts facts = facts_of(1);
	const char *const *channels;
	char key[16];
	size_t count;

	row.facts = shd_facts_pack(&facts, 1, f->arena);
	for (int i = 0; i < 300; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		row.key = key;
		row.channel = i == 299 ? "mail" : i % 2 ? "hook" : "zulu";
		assert_true(shd_state_outbox_add(f->state, &row, &f->err));
	}
	assert_true(shd_state_outbox_channels(f->state, f->arena, &channels, &count, &f->err));
	assert_int_equal(count, 3);
	assert_string_equal(channels[0], "hook");
	assert_string_equal(channels[2], "zulu");
	assert_int_equal(claim_at(f, 1, 10), 1);
}

static void messages_long_sent_are_forgotten(void **state)
{
	struct fixture *f = *state;
	struct shd_retention keep = {.deliveries_before = {50}};
	struct shd_delivery_row row = {.at = {1}, .attempt = 1, .ok = true}, *attempts;
	struct shd_outbox_row *rows;
	size_t count;
	int64_t next;
	bool more;

	row.outbox = add(f, "a", 0, 0, 1);
	assert_true(shd_state_outbox_settle(f->state, &row, SHD_OUTBOX_SENT, (struct shd_wall){0},
					   &f->err));
	add(f, "b", 1, 1, 1); /* as old, but it still waits */
	assert_true(shd_state_retain(f->state, &keep, 100, &more, &f->err));
	assert_true(shd_state_deliveries(f->state, 1, f->arena, &attempts, &count, &f->err));
	assert_int_equal(count, 0);
	assert_int_equal(due(f, 10, 10, &rows, &next), 1);
}

/* Channel, attempts, next try and last error of what tells of alert 1, a word each. */
static const char *unsent(struct fixture *f, char *out, size_t size)
{
	struct shd_unsent_row *rows;
	size_t count, len = 0;

	out[0] = '\0';
	assert_true(shd_state_outbox_unsent(f->state, 1, f->arena, &rows, &count, &f->err));
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(out + len, size - len, "%s %d %lld %s%s;", rows[i].channel,
			rows[i].attempts, (long long)rows[i].next_try.ms,
			rows[i].error ? rows[i].error : "-", rows[i].dead ? " dead" : "");
	return out;
}

static void what_has_not_arrived_says_when_it_is_tried_again_and_why(void **state)
{
	struct fixture *f = *state;
	struct shd_delivery_row row = {.at = {5}, .attempt = 1, .error = "server"};
	char out[200];

	row.outbox = add(f, "a", 0, 5, 1);
	add(f, "b", 9, 9, 1); /* of another alert */
	assert_string_equal(unsent(f, out, sizeof(out)), "mail 0 5 -;");
	assert_true(shd_state_outbox_settle(
		f->state, &row, SHD_OUTBOX_WAITING, (struct shd_wall){500}, &f->err));
	assert_string_equal(unsent(f, out, sizeof(out)), "mail 1 500 server;");
	row.attempt = 2;
	row.error = "refused";
	assert_true(shd_state_outbox_settle(
		f->state, &row, SHD_OUTBOX_DEAD, (struct shd_wall){600}, &f->err));
	assert_string_equal(unsent(f, out, sizeof(out)), "mail 2 600 refused dead;");
	row.attempt = 3;
	row.ok = true;
	assert_true(shd_state_outbox_settle(
		f->state, &row, SHD_OUTBOX_SENT, (struct shd_wall){0}, &f->err));
	assert_string_equal(unsent(f, out, sizeof(out)), "");
}

/* --- one alert, several messages ---------------------------------------------------------- */

static int64_t add_about(struct fixture *f, const char *key, const char *channel, int64_t alert,
			 int64_t made, int64_t next_try)
{
	struct shd_facts told = facts_of(alert);
	struct shd_outbox_row row = {.key = key, .channel = channel, .group = key,
		.level = SHD_WARN, .made = {made}, .next_try = {next_try},
		.give_up = {made + SHD_DAY_MS}, .alerts = &alert, .alert_count = 1};

	row.facts = shd_facts_pack(&told, 1, f->arena);
	if (!shd_state_outbox_add(f->state, &row, &f->err))
		fail_msg("%s", f->err.msg);
	return row.number;
}

static void settle(struct fixture *f, int64_t number, enum shd_outbox_state becomes,
		   int64_t next_try)
{
	const struct shd_delivery_row row = {.outbox = number, .at = {1}, .attempt = 1};

	assert_true(shd_state_outbox_settle(
		f->state, &row, becomes, (struct shd_wall){next_try}, &f->err));
}

static bool is_held(struct fixture *f, int64_t now)
{
	bool held;

	assert_true(
		shd_state_outbox_held(f->state, "mail", (struct shd_wall){now}, &held, &f->err));
	return held;
}

/* An end is told after its beginning, however often that had to be tried; a message about
 * something else waits for neither. */
static void messages_about_one_alert_do_not_overtake_each_other(void **state)
{
	struct fixture *f = *state;
	struct shd_outbox_row *rows;
	int64_t next, alert = new_alert(f, "e"), other = new_alert(f, "o");
	int64_t began = add_about(f, "began", "mail", alert, 0, 0);

	settle(f, began, SHD_OUTBOX_WAITING, 60000); /* refused for now */
	add_about(f, "ended", "mail", alert, 10, 10);
	add_about(f, "other", "mail", other, 11, 11);
	assert_int_equal(due(f, 100, 10, &rows, &next), 1);
	assert_string_equal(rows[0].key, "other");
	assert_int_equal(claim_at(f, 100, 1000), 1);
	assert_true(is_held(f, 100));
	assert_int_equal(due(f, 60000, 10, &rows, &next), 2); /* and `other`, whose claim is over */
	assert_string_equal(rows[1].key, "began");
	settle(f, began, SHD_OUTBOX_SENT, 0);
	assert_int_equal(due(f, 60000, 10, &rows, &next), 2);
	assert_string_equal(rows[0].key, "ended");
	assert_int_equal(claim_at(f, 60000, 1000), 2);
	assert_false(is_held(f, 60000));
}

/* What waits for company goes before what comes after it, at once if that may not wait. */
static void company_is_waited_for_no_longer_than_the_next_message_may(void **state)
{
	struct fixture *f = *state;
	struct shd_outbox_row *rows;
	int64_t next, alert = new_alert(f, "e");

	add_about(f, "warning", "mail", alert, 0, 300000);
	add_about(f, "critical", "mail", alert, 10, 10);
	assert_int_equal(due(f, 10, 10, &rows, &next), 1);
	assert_string_equal(rows[0].key, "warning");
	settle(f, rows[0].number, SHD_OUTBOX_SENT, 0);
	assert_int_equal(due(f, 10, 10, &rows, &next), 1);
	assert_string_equal(rows[0].key, "critical");
}

static size_t revived(struct fixture *f, int64_t now, struct shd_outbox_row **ret_rows)
{
	int64_t next;

	assert_true(shd_state_outbox_revive(
		f->state, "mail", (struct shd_wall){now}, SHD_DAY_MS, &f->err));
	return due(f, now, 10, ret_rows, &next);
}

/* Only the last word on an alert that is still open, in that channel; not again before the time
 * of that life is over. */
static void what_was_given_up_is_told_when_the_channel_works_again(void **state)
{
	struct fixture *f = *state;
	struct shd_outbox_row *rows;
	struct shd_alert over = {.rule = "r", .store = "s", .entity = "over",
		.state = SHD_ALERT_RESOLVED, .level = SHD_WARN, .wake = {SHD_NEVER_MS}};
	int64_t open = new_alert(f, "open"), told = new_alert(f, "told");
	const int64_t later = 2 * SHD_DAY_MS;

	over.last.value.none = over.last.limit.none = over.last.cost.none = true;
	over.last.room.none = true;
	assert_true(shd_state_alert_put(f->state, &over, &f->err));
	settle(f, add_about(f, "first", "mail", open, 0, 0), SHD_OUTBOX_DEAD, 0);
	int64_t last = add_about(f, "last", "mail", open, 5, 5);
	settle(f, last, SHD_OUTBOX_DEAD, 0);
	settle(f, add_about(f, "over", "mail", over.number, 0, 0), SHD_OUTBOX_DEAD, 0);
	settle(f, add_about(f, "told", "mail", told, 0, 0), SHD_OUTBOX_DEAD, 0);
	settle(f, add_about(f, "told again", "mail", told, 5, 5), SHD_OUTBOX_SENT, 0);
	settle(f, add_about(f, "hook", "hook", open, 0, 0), SHD_OUTBOX_DEAD, 0);
	assert_int_equal(revived(f, later, &rows), 1);
	assert_string_equal(rows[0].key, "last");
	assert_int_equal(rows[0].give_up.ms, later + SHD_DAY_MS);
	assert_int_equal(rows[0].made.ms, 5); /* it says that it is late */
	for (int day = 2; day < 5; day++) {
		settle(f, last, SHD_OUTBOX_DEAD, 0);
		assert_int_equal(revived(f, (day + 1) * SHD_DAY_MS - 1, &rows), 0);
		assert_int_equal(revived(f, (day + 1) * SHD_DAY_MS, &rows), 1);
		assert_int_equal(rows[0].give_up.ms, (day + 2) * SHD_DAY_MS);
	}
}

static void an_open_alert_that_nobody_was_told_of_is_counted(void **state)
{
	struct fixture *f = *state;
	struct shd_untold_row *rows;
	size_t count;
	int64_t open = new_alert(f, "open"), told = new_alert(f, "told"),
		late = new_alert(f, "late");

	settle(f, add_about(f, "a", "mail", open, 0, 0), SHD_OUTBOX_DEAD, 0);
	settle(f, add_about(f, "b", "mail", told, 0, 0), SHD_OUTBOX_DEAD, 0);
	settle(f, add_about(f, "c", "mail", told, 1, 1), SHD_OUTBOX_SENT, 0);
	settle(f, add_about(f, "d", "hook", told, 0, 0), SHD_OUTBOX_SENT, 0);
	add_about(f, "e", "mail", late, 0, 0);
	settle(f, add_about(f, "g", "hook", late, 0, 0), SHD_OUTBOX_DEAD, 0);
	assert_true(shd_state_outbox_untold(f->state, f->arena, &rows, &count, &f->err));
	assert_int_equal(count, 3);
	assert_string_equal(rows[0].channel, "hook");
	assert_true(rows[0].dead && rows[0].alerts == 1 && rows[0].alone == 0);
	assert_string_equal(rows[1].channel, "mail");
	assert_true(!rows[1].dead && rows[1].alerts == 1 && rows[1].alone == 0);
	assert_true(rows[2].dead && rows[2].alerts == 1 && rows[2].alone == 1);
}

static void who_got_it_is_known_as_long_as_the_message(void **state)
{
	struct fixture *f = *state;
	const char *const *addresses;
	size_t count;
	int64_t row = add_about(f, "a", "mail", new_alert(f, "a"), 0, 0);
	int64_t other = add_about(f, "b", "mail", new_alert(f, "b"), 0, 0);

	for (int i = 0; i < 2; i++)
		assert_true(shd_state_reached_add(f->state, row, "o@example.com", &f->err));
	assert_true(shd_state_reached_add(f->state, row, "p@example.com", &f->err));
	assert_true(shd_state_reached(f->state, row, f->arena, &addresses, &count, &f->err));
	assert_int_equal(count, 2);
	assert_string_equal(addresses[0], "o@example.com");
	assert_true(shd_state_reached(f->state, other, f->arena, &addresses, &count, &f->err));
	assert_int_equal(count, 0);
	settle(f, row, SHD_OUTBOX_DEAD, 0); /* it may get another life */
	assert_true(shd_state_reached(f->state, row, f->arena, &addresses, &count, &f->err));
	assert_int_equal(count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATE_TEST(what_is_due_comes_oldest_first),
		STATE_TEST(a_known_key_adds_nothing),
		STATE_TEST(a_message_that_waits_takes_others_in),
		STATE_TEST(a_full_message_leaves_nothing_out),
		STATE_TEST(a_message_is_as_urgent_as_the_worst_in_it),
		STATE_TEST(an_attempted_message_is_closed_to_others),
		STATE_TEST(a_message_once_due_stays_closed_when_the_clock_is_set_back),
		STATE_TEST(a_message_that_waits_for_nobody_takes_nobody_in),
		STATE_TEST(what_is_claimed_is_taken_by_nobody_else),
		STATE_TEST(a_clock_that_is_set_back_moves_claims_along),
		STATE_TEST(each_channel_is_looked_at_by_itself),
		STATE_TEST(an_open_alert_that_nobody_was_told_of_is_counted),
		STATE_TEST(who_got_it_is_known_as_long_as_the_message),
		STATE_TEST(messages_long_sent_are_forgotten),
		STATE_TEST(messages_about_one_alert_do_not_overtake_each_other),
		STATE_TEST(company_is_waited_for_no_longer_than_the_next_message_may),
		STATE_TEST(what_was_given_up_is_told_when_the_channel_works_again),
		STATE_TEST(what_has_not_arrived_says_when_it_is_tried_again_and_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

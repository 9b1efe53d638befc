/* daemon/commit: what time may judge, in which epoch, and what the judge hears of channels and
 * the configuration. The judge and the state are real. */
#include "support/commit_bench.h"

/* Fires when a complaint is two minutes old. */
static int start_to_judge(void **state)
{
	struct fixture *f = shd_xcalloc(1, sizeof(*f));

	shd_clock_init(&f->clock, &(struct shd_clock_reading){.wall = {T0}});
	f->judges = true;
	bench_start_on_disk(&f->bench, "rules:\n- rule: old\n  title: {en: o, zh: o, ru: o}\n"
		"  each: complaint\n  levels: {warning: age >= 2m}\n");
	bench_poll_all(&f->bench);
	f->state_engine = shd_engine_of(f->bench.state);
	start_commit(f);
	*state = f;
	return 0;
}

/* --- what polls bring ------------------------------------------------------------------ */

struct batch {
	struct shd_commit_item item;
	int done;
};

static void batch_done(struct shd_commit_item *item)
{
	((struct batch *)item)->done++;
}

static void add_batch(struct fixture *f, struct batch *batch, bool urgent)
{
	*batch = (struct batch){.item = {.urgent = urgent, .done = batch_done}};
	batch->item.batch = bench_batch(&f->bench, 0, "orders");
	shd_commit_add(f->commit, &batch->item);
}

/* A complaint that is new now. */
static void complain(struct fixture *f)
{
	struct shd_harvest *harvest = bench_harvest(&f->bench);
	size_t entity = shd_harvest_entity(harvest, SHD_KIND_complaint, "c1", 2);
	struct batch batch = {.item = {.urgent = true, .done = batch_done}};

	shd_set_n(harvest, entity, SHD_F_complaint_opened_at, f->clock.at.wall.ms);
	batch.item.batch = bench_batch(&f->bench, 0, "cases");
	shd_commit_add(f->commit, &batch.item);
	run_until(f, &batch.done, 1);
	assert_true(batch.item.ok);
	shd_harvest_destroy(shd_steal(f->bench.harvest));
}

static void time_waits_while_it_is_suspended(void **state)
{
	struct fixture *f = *state;
	struct batch batch;
	complain(f);
	size_t before = f->judged, moves = f->transitions;
	shd_commit_judge_all(f->commit);
	f->clock.at.wall.ms += 2 * SHD_MINUTE_MS;
	add_batch(f, &batch, true);
	run_until(f, &batch.done, 1);
	assert_int_equal(f->judged, before);
	shd_commit_caught_up(f->commit);
	while (f->transitions == moves)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_true(f->judged > before);
	assert_true(f->synced >= 1); /* it is on disk before it is told */
}

static void a_deadline_is_judged_at_its_millisecond(void **state)
{
	struct fixture *f = *state;

	shd_commit_caught_up(f->commit);
	complain(f);
	size_t moves = f->transitions;
	struct batch batch;
	f->clock.at.wall.ms += 2 * SHD_MINUTE_MS - 1;
	add_batch(f, &batch, true);
	run_until(f, &batch.done, 1);
	assert_int_equal(f->transitions, moves);
	uv_run(&f->loop, UV_RUN_ONCE); /* the timer fires by the loop's clock, which is ahead */
	assert_int_equal(f->transitions, moves);
	f->clock.at.wall.ms += 1;
	for (uint64_t end = uv_hrtime() + UINT64_C(10000000000); f->transitions == moves;) {
		uv_run(&f->loop, UV_RUN_NOWAIT);
		assert_true(uv_hrtime() < end);
	}
}

/* A feed that cannot be read holds up time for a minute. */
static void time_is_suspended_for_a_minute_at_most(void **state)
{
	struct fixture *f = *state;
	struct batch batch;

	complain(f);
	size_t moves = f->transitions;
	f->clock.at.wall.ms += 2 * SHD_MINUTE_MS;
	f->clock.at.boot_ms += SHD_CATCH_UP_MS - 1;
	add_batch(f, &batch, true);
	run_until(f, &batch.done, 1);
	assert_int_equal(f->transitions, moves);
	f->clock.at.boot_ms += 1;
	add_batch(f, &batch, true);
	while (f->transitions == moves)
		uv_run(&f->loop, UV_RUN_ONCE);
}

/* A minute and more later, by both clocks or by the one that may be set. */
static void begin_epoch(struct fixture *f, int64_t slept_ms, int64_t jumped_ms)
{
	struct shd_clock_reading at = f->clock.at;

	at.boot_ms += slept_ms;
	at.wall.ms += slept_ms + jumped_ms;
	shd_clock_advance(&f->clock, &at);
}

/* The machine slept: nothing is judged before it is known what is to be read again. */
static void in_a_new_epoch_time_judges_when_the_feeds_were_tried(void **state)
{
	struct fixture *f = *state;
	const struct shd_unread unread = {&f->bench.sources[0], 0};
	struct batch waited, later;

	shd_commit_caught_up(f->commit);
	complain(f);
	size_t moves = f->transitions;
	add_batch(f, &waited, false);
	begin_epoch(f, 150 * SHD_SECOND_MS, 0);
	add_batch(f, &later, true);
	for (int i = 0; i < 10; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(later.done, 0);
	shd_commit_catch_up(f->commit, &unread, 1);
	run_until(f, &later.done, 1);
	assert_int_equal(f->transitions, moves);
	assert_true(waited.item.batch.fetch.outdated);
	assert_false(later.item.batch.fetch.outdated);
	shd_commit_caught_up(f->commit);
	while (f->transitions == moves)
		uv_run(&f->loop, UV_RUN_ONCE);
}

static void a_clock_that_was_set_judges_every_store_again(void **state)
{
	struct fixture *f = *state;
	const struct shd_unread unread = {&f->bench.sources[0], 0};

	shd_commit_caught_up(f->commit);
	complain(f);
	size_t before = f->judged;
	begin_epoch(f, 0, SHD_HOUR_MS);
	shd_commit_catch_up(f->commit, &unread, 1);
	shd_commit_caught_up(f->commit);
	while (f->judged == before)
		uv_run(&f->loop, UV_RUN_ONCE);
}

/* What the judge is to hear survives a transaction that fails, and stays in front. */
static void feeds_that_are_to_be_read_are_told_before_what_comes_later(void **state)
{
	struct fixture *f = *state;
	const struct shd_unread unread = {&f->bench.sources[0], 1};
	struct batch later;

	shd_commit_caught_up(f->commit);
	complain(f);
	size_t moves = f->transitions;
	begin_epoch(f, 150 * SHD_SECOND_MS, 0);
	f->commit_fails = true;
	shd_commit_catch_up(f->commit, &unread, 1);
	while (!f->failures)
		uv_run(&f->loop, UV_RUN_ONCE);
	add_batch(f, &later, true);
	f->commit_fails = false;
	run_until(f, &later.done, 1);
	assert_true(later.item.ok);
	shd_commit_caught_up(f->commit);
	add_batch(f, &later, true); /* what is due by time goes before it */
	run_until(f, &later.done, 1);
	assert_int_equal(f->transitions, moves);
}

static const struct shd_value *field_of(struct fixture *f, enum shd_kind kind, const char *id,
					enum shd_field field)
{
	struct shd_entity *entity;

	assert_true(shd_state_entity_get(
		f->bench.state, "daemon", kind, id, f->bench.arena, &entity, &f->bench.err));
	return entity ? shd_entity_get(entity, field) : NULL;
}

static void the_latest_of_a_channel_counts(void **state)
{
	struct fixture *f = *state;
	char text[8] = "down", name[8] = "hook";
	struct shd_channel_report report = {
		.channel = name, .error = SHD_ERR_SERVER, .error_text = text};
	struct batch batch;

	add_batch(f, &batch, true);
	shd_commit_channel(f->commit, &report);
	memcpy(text, "gone", 4);
	shd_commit_channel(f->commit, &report);
	memcpy(text, "xxxx", 4); /* it was copied, */
	memcpy(name, "mail", 4); /* and so was the name */
	struct shd_commit_figures figures;
	do {
		uv_run(&f->loop, UV_RUN_ONCE);
		shd_commit_figures(f->commit, &figures);
	} while (figures.commits < 1);
	assert_string_equal(
		field_of(f, SHD_KIND_channel, "hook", SHD_F_channel_error_text)->text, "gone");
}

static const char *error_text_of(struct fixture *f, const char *channel)
{
	const struct shd_value *text =
		field_of(f, SHD_KIND_channel, channel, SHD_F_channel_error_text);

	return text ? text->text : NULL;
}

static void idle(void *ctx)
{
	((struct fixture *)ctx)->idle++;
}

static void what_waits_of_a_channel_is_of_no_other_one_after_a_reload(void **state)
{
	struct fixture *f = *state;
	struct shd_channel_report report = {.error = SHD_ERR_SERVER};
	struct batch batch;

	shd_commit_pause(f->commit, idle, f);
	assert_int_equal(f->idle, 1);
	report.channel = report.error_text = "hook";
	shd_commit_channel(f->commit, &report);
	report.channel = report.error_text = "mail";
	shd_commit_channel(f->commit, &report);
	f->bench.channels[0].name = "hook"; /* it stood behind "mail", which goes */
	f->bench.channels[1].name = "pager";
	struct shd_judge *old = shd_steal(f->bench.judge);
	bench_judge(&f->bench);
	shd_commit_use(f->commit, f->bench.judge, NULL);
	shd_judge_destroy(old);
	add_batch(f, &batch, true);
	shd_commit_resume(f->commit);
	run_until(f, &batch.done, 1);
	assert_string_equal(error_text_of(f, "hook"), "hook");
	assert_null(error_text_of(f, "mail"));
	assert_null(error_text_of(f, "pager"));
}

static void a_refused_configuration_is_judged_even_after_a_full_disk(void **state)
{
	struct fixture *f = *state;
	char text[32] = "x.yaml:3: wrong";

	f->commit_fails = true;
	shd_commit_config(f->commit, text, 2);
	text[0] = 'y'; /* it was copied */
	run_until(f, &f->failures, 1);
	f->commit_fails = false;
	run_until(f, &f->recoveries, 1);
	assert_string_equal(field_of(f, SHD_KIND_store, "daemon", SHD_F_store_config_error)->text,
			    "x.yaml:3: wrong");
}

/* Nothing but time goes on: it is said that nobody judges it, and the first transaction that can be
 * kept does. */
static void a_deadline_of_a_full_disk_is_judged_as_soon_as_it_can_be_kept(void **state)
{
	struct fixture *f = *state;
	struct shd_commit_figures figures;

	shd_commit_caught_up(f->commit);
	complain(f);
	size_t moves = f->transitions;
	struct shd_wall due = {f->clock.at.wall.ms + 2 * SHD_MINUTE_MS};

	shd_commit_figures(f->commit, &figures);
	assert_int_equal(figures.unjudged_since.ms, 0);
	f->commit_fails = true;
	f->clock.at.wall.ms = due.ms;
	shd_commit_caught_up(f->commit); /* the timer looks at the clock again */
	run_until(f, &f->failures, 1);
	f->clock.at.wall.ms = due.ms + 5001;
	shd_commit_figures(f->commit, &figures);
	assert_int_equal(figures.unjudged_since.ms, due.ms);
	assert_int_equal(f->transitions, moves);
	f->commit_fails = false;
	int commits = f->commits;
	run_until(f, &f->recoveries, 1);
	while (f->transitions == moves)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(f->commits, commits + 1); /* that one, not one after it */
	shd_commit_figures(f->commit, &figures);
	assert_int_equal(figures.unjudged_since.ms, 0);
}

/* Else it would be tried as fast as it fails. */
static void at_the_end_a_full_disk_is_not_asked_again_for_a_deadline(void **state)
{
	struct fixture *f = *state;

	shd_commit_caught_up(f->commit);
	complain(f);
	f->commit_fails = true;
	f->clock.at.wall.ms += 2 * SHD_MINUTE_MS;
	shd_commit_caught_up(f->commit);
	run_until(f, &f->failures, 1);
	int begins = f->begins;
	shd_commit_leave(f->commit);
	for (int i = 0; i < 50; i++) {
		uv_run(&f->loop, UV_RUN_NOWAIT);
		usleep(1000);
	}
	assert_in_range(f->begins, begins, begins + 1);
}

#define JUDGED(name) cmocka_unit_test_setup_teardown(name, start_to_judge, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		JUDGED(time_waits_while_it_is_suspended),
		JUDGED(a_deadline_is_judged_at_its_millisecond),
		JUDGED(time_is_suspended_for_a_minute_at_most),
		JUDGED(in_a_new_epoch_time_judges_when_the_feeds_were_tried),
		JUDGED(a_clock_that_was_set_judges_every_store_again),
		JUDGED(feeds_that_are_to_be_read_are_told_before_what_comes_later),
		JUDGED(a_deadline_of_a_full_disk_is_judged_as_soon_as_it_can_be_kept),
		JUDGED(at_the_end_a_full_disk_is_not_asked_again_for_a_deadline),
		JUDGED(the_latest_of_a_channel_counts),
		JUDGED(what_waits_of_a_channel_is_of_no_other_one_after_a_reload),
		JUDGED(a_refused_configuration_is_judged_even_after_a_full_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

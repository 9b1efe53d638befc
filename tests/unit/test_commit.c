/* daemon/commit: what goes together, what fails alone, what time may do. The transactions are
 * counted by an engine of our own; what is due by time is judged by the real judge. */
#include "support/judge_bench.h"

#include "commit/commit.h"

#include <stdatomic.h>

struct fixture {
	uv_loop_t loop;
	struct shd_jobs *jobs;
	struct shd_commit *commit;
	struct bench bench;             /* when `judges` */
	bool judges, sleeps;
	int64_t now_ms;
	struct shd_engine state_engine;
	atomic_bool commit_fails;
	atomic_int begins, commits, durable, rollbacks, in_transaction;
	int failures, recoveries, idle, closed, jobs_closed;
	size_t judged, transitions;
	uv_sem_t gate;                  /* of changes that wait */
};

static bool begin(void *ctx, struct shd_error *reterr)
{
	struct fixture *f = ctx;
	f->begins++;
	assert_int_equal(f->in_transaction++, 0);
	return !f->judges || f->state_engine.begin(f->state_engine.ctx, reterr);
}

static bool put(void *ctx, const struct shd_change_set *changes, struct shd_error *reterr)
{
	return shd_state_apply(((struct fixture *)ctx)->bench.state, changes, reterr);
}

static bool end(void *ctx, bool durable, struct shd_error *reterr)
{
	struct fixture *f = ctx;

	if (f->commit_fails)
		return shd_fail(reterr, SHD_ERR_STATE, "disk full");
	f->in_transaction--;
	f->commits++;
	f->durable += durable;
	return !f->judges || f->state_engine.commit(f->state_engine.ctx, durable, reterr);
}

static void roll_back(void *ctx)
{
	struct fixture *f = ctx;
	f->in_transaction--;
	f->rollbacks++;
	if (f->judges)
		f->state_engine.rollback(f->state_engine.ctx);
}

static struct shd_wall now(void *ctx)
{
	return (struct shd_wall){((struct fixture *)ctx)->now_ms};
}

static void look(void *ctx)
{
	struct fixture *f = ctx;

	if (f->sleeps)
		shd_commit_suspend_time(f->commit, true);
	f->sleeps = false;
}

static void judged(void *ctx, const struct shd_outcome *outcome)
{
	struct fixture *f = ctx;
	f->judged += outcome->judged;
	f->transitions += outcome->transition_count;
}

static void state_failed(void *ctx, const struct shd_error *err)
{
	struct fixture *f = ctx;

	(*(err ? &f->failures : &f->recoveries))++;
}

static void start_commit(struct fixture *f)
{
	uv_loop_init(&f->loop);
	f->jobs = shd_jobs_create(&f->loop);
	struct shd_commit_in in = {.loop = &f->loop, .jobs = f->jobs, .state = f->bench.state,
		.engine = {begin, put, end, roll_back, f}, .now = now, .look = look,
		.judged = judged, .state_failed = state_failed, .ctx = f};
	f->commit = shd_commit_create(&in);
	shd_commit_use(f->commit, f->judges ? f->bench.judge : NULL, NULL);
}

static int start_up(void **state)
{
	struct fixture *f = shd_xcalloc(1, sizeof(*f));

	f->now_ms = T0;
	start_commit(f);
	*state = f;
	return 0;
}

/* Fires when a complaint is two minutes old. */
static int start_to_judge(void **state)
{
	struct fixture *f = shd_xcalloc(1, sizeof(*f));

	f->now_ms = T0;
	f->judges = true;
	bench_start_on_disk(&f->bench, "rules:\n- rule: old\n  title: {en: o, zh: o, ru: o}\n"
		"  each: complaint\n  levels: {warning: age >= 2m}\n");
	bench_poll_all(&f->bench);
	f->state_engine = shd_engine_of(f->bench.state);
	start_commit(f);
	*state = f;
	return 0;
}

static void jobs_closed(void *ctx)
{
	((struct fixture *)ctx)->jobs_closed++;
}

static void commit_closed(void *ctx)
{
	struct fixture *f = ctx;

	f->closed++;
	shd_jobs_close(f->jobs, jobs_closed, f);
}

static void stop(struct fixture *f)
{
	shd_commit_close(f->commit, commit_closed, f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->closed, 1);
	assert_int_equal(f->jobs_closed, 1);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	assert_int_equal(f->in_transaction, 0);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	if (!f->closed)
		stop(f);
	if (f->judges)
		bench_finish(&f->bench);
	free(f);
	return 0;
}

/* --- changes -----------------------------------------------------------------------------------
 */

struct item {
	struct shd_change change;
	struct fixture *fixture;
	bool refuses, wants_disk, waits;
	atomic_int applied, transaction;
	int done, order;
	bool ok;
	struct shd_error error;
};

static bool apply(struct shd_change *change, struct shd_transaction *transaction,
		  struct shd_error *reterr)
{
	struct item *item = (struct item *)change;

	assert_int_equal(item->fixture->in_transaction, 1);
	if (item->waits)
		uv_sem_wait(&item->fixture->gate);
	item->applied++;
	item->transaction = item->fixture->begins;
	transaction->durable |= item->wants_disk;
	return !item->refuses || shd_fail(reterr, SHD_ERR_SCHEMA, "cannot be kept");
}

static int done_count; /* in which order changes are told */
static void done(struct shd_change *change, const struct shd_error *err)
{
	struct item *item = (struct item *)change;

	item->done++;
	item->order = ++done_count;
	item->ok = !err;
	if (err)
		item->error = *err;
}

static void submit(struct fixture *f, struct item *item, bool urgent)
{
	*item = (struct item){.fixture = f,
		.refuses = item->refuses,
		.wants_disk = item->wants_disk, .waits = item->waits,
		.change = {.urgent = urgent,
			.alone = item->change.alone,
			.apply = apply,
			.done = done}};
	shd_commit_submit(f->commit, &item->change);
}

static void run_until(struct fixture *f, const int *number, int value)
{
	while (*number < value)
		uv_run(&f->loop, UV_RUN_ONCE);
}

static void what_waits_goes_together_in_order(void **state)
{
	struct fixture *f = *state;
	struct item items[20] = {0};

	for (int i = 0; i < 20; i++)
		submit(f, &items[i], i == 0);
	assert_int_equal(items[0].done, 0);
	run_until(f, &items[19].done, 1); /* none waits for company: one of them is urgent */
	assert_int_equal(f->commits, 1);
	for (int i = 0; i < 20; i++) {
		assert_true(items[i].done == 1 && items[i].ok);
		assert_int_equal(items[i].transaction, 1);
		assert_int_equal(items[i].order, items[0].order + i);
	}
	assert_int_equal(f->durable, 0);
}

static void a_change_is_queued_once(void **state)
{
	struct fixture *f = *state;
	struct item first = {0}, twice = {0};

	submit(f, &first, true);
	submit(f, &twice, false);
	shd_commit_submit(f->commit, &twice.change);
	run_until(f, &twice.done, 1);
	stop(f);
	assert_int_equal(twice.done, 1);
	assert_int_equal(twice.applied, 1);
}

static void one_that_wants_the_disk_makes_the_commit_durable(void **state)
{
	struct fixture *f = *state;
	struct item item = {.wants_disk = true};

	submit(f, &item, true);
	run_until(f, &item.done, 1);
	assert_int_equal(f->durable, 1);
}

static void a_change_that_is_refused_fails_alone(void **state)
{
	struct fixture *f = *state;
	struct item items[4] = {[2] = {.refuses = true, .wants_disk = true}};

	for (int i = 0; i < 4; i++)
		submit(f, &items[i], true);
	run_until(f, &items[3].done, 1);
	assert_true(items[1].ok && items[3].ok);
	assert_false(items[2].ok);
	assert_int_equal(items[2].error.kind, SHD_ERR_SCHEMA);
	assert_int_equal(items[1].applied, 2); /* once more, without the one that was refused */
	assert_int_equal(f->rollbacks, 1);
	assert_int_equal(f->failures, 0);
	assert_int_equal(f->durable, 0); /* what the refused one wanted counts no more */
}

static void too_many_refusals_fail_the_job(void **state)
{
	struct fixture *f = *state;
	struct item first = {0}, items[10];

	submit(f, &first, true);
	for (int i = 0; i < 10; i++) {
		items[i] = (struct item){.refuses = true};
		submit(f, &items[i], true);
	}
	run_until(f, &items[9].done, 1);
	assert_int_equal(f->failures, 1);
	for (int i = 0; i < 10; i++)
		assert_false(items[i].ok);
}

static void a_long_change_has_a_transaction_of_its_own(void **state)
{
	struct fixture *f = *state;
	struct item items[5] = {[2] = {.change = {.alone = true}}};

	for (int i = 0; i < 5; i++)
		submit(f, &items[i], true);
	run_until(f, &items[4].done, 1);
	static const int transactions[] = {1, 1, 2, 3, 3};
	for (int i = 0; i < 5; i++)
		assert_int_equal(items[i].transaction, transactions[i]);
}

static void a_full_disk_is_survived(void **state)
{
	struct fixture *f = *state;
	struct item first = {0}, second = {0};

	f->commit_fails = true;
	submit(f, &first, true);
	run_until(f, &first.done, 1);
	assert_false(first.ok);
	assert_int_equal(first.error.kind, SHD_ERR_STATE);
	assert_int_equal(f->failures, 1);
	assert_int_equal(f->rollbacks, 1);
	f->commit_fails = false;
	submit(f, &second, true); /* waits until the queue tries again */
	run_until(f, &second.done, 1);
	assert_true(second.ok);
	assert_int_equal(f->recoveries, 1);
	assert_int_equal(f->failures, 1);
}

/* What takes messages for sending comes last, and only when it is asked for. */
static void the_taking_of_messages_comes_last(void **state)
{
	struct fixture *f = *state;
	struct item take = {.fixture = f, .change = {.urgent = true, .apply = apply, .done = done}};
	struct item first = {0}, second = {0};

	shd_commit_use(f->commit, NULL, &take.change);
	submit(f, &first, true);
	shd_commit_submit(f->commit, &take.change);
	submit(f, &second, true);
	run_until(f, &second.done, 1);
	assert_int_equal(take.applied, 1);
	assert_int_equal(take.done, 1);
	assert_int_equal(take.transaction, 1); /* with what was handed in after it */
	assert_true(take.order < second.order); /* and people wait for it */
	submit(f, &second, true);
	run_until(f, &second.done, 1);
	assert_int_equal(take.applied, 1);
}

static void is_idle(void *ctx)
{
	((struct fixture *)ctx)->idle++;
}
static void a_pause_waits_for_the_job_and_starts_none(void **state)
{
	struct fixture *f = *state;
	struct item items[2] = {0};

	assert_int_equal(uv_sem_init(&f->gate, 0), 0);
	items[0].waits = true;
	submit(f, &items[0], true);
	while (!f->begins)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	shd_commit_pause(f->commit, is_idle, f);
	assert_int_equal(f->idle, 0);
	uv_sem_post(&f->gate);
	run_until(f, &f->idle, 1);
	assert_int_equal(items[0].done, 1);
	submit(f, &items[1], true);
	for (int i = 0; i < 5; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	shd_commit_resume(f->commit);
	run_until(f, &items[1].done, 1);
	assert_int_equal(items[1].transaction, 2);
	assert_int_equal(f->begins, 2);
	uv_sem_destroy(&f->gate);
}

static void the_end_commits_what_waits(void **state)
{
	struct fixture *f = *state;
	struct item items[3] = {0};

	for (int i = 0; i < 3; i++)
		submit(f, &items[i], i < 2);
	stop(f);
	for (int i = 0; i < 3; i++)
		assert_true(items[i].done == 1 && items[i].ok);
}

static void who_leaves_does_not_wait_for_a_full_disk(void **state)
{
	struct fixture *f = *state;
	struct item first = {0}, waits = {0}, late = {0};

	f->commit_fails = true;
	submit(f, &first, true);
	run_until(f, &first.done, 1);
	submit(f, &waits, true); /* the queue backs off */
	assert_int_equal(waits.done, 0);
	shd_commit_leave(f->commit);
	run_until(f, &waits.done, 1);
	assert_false(waits.ok);
	submit(f, &late, true);
	run_until(f, &late.done, 1);
	assert_int_equal(late.error.kind, SHD_ERR_STATE);
	assert_int_equal(f->begins, 3); /* each was tried, once */
	assert_false(uv_loop_alive(&f->loop)); /* and no timer backs off */
}

static void close_at_once(struct shd_change *change, const struct shd_error *err)
{
	struct item *item = (struct item *)change;

	assert_null(err);
	item->done++;
	shd_commit_close(item->fixture->commit, commit_closed, item->fixture);
}

static void a_change_that_ends_the_queue_does_not_end_it_twice(void **state)
{
	struct fixture *f = *state;
	struct item last = {.fixture = f,
		.change = {.urgent = true, .apply = apply, .done = close_at_once}};
	struct item waits = {0};

	shd_commit_submit(f->commit, &last.change);
	submit(f, &waits, false);
	run_until(f, &f->jobs_closed, 1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(waits.done == 1 && waits.ok);
	assert_int_equal(f->closed, 1);
	assert_int_equal(f->commits, 1);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}

/* --- what the judge looks at ---------------------------------------------------------------------
 */

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

	shd_set_n(harvest, entity, SHD_F_complaint_opened_at, f->now_ms);
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
	f->now_ms += 2 * SHD_MINUTE_MS;
	add_batch(f, &batch, true);
	run_until(f, &batch.done, 1);
	assert_int_equal(f->judged, before);
	shd_commit_suspend_time(f->commit, false);
	while (f->transitions == moves)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_true(f->judged > before);
	assert_true(f->durable >= 1); /* it is on disk before it is told */
}

static void a_deadline_is_judged_at_its_millisecond(void **state)
{
	struct fixture *f = *state;

	shd_commit_suspend_time(f->commit, false);
	complain(f);
	size_t moves = f->transitions;
	struct batch batch;
	f->now_ms += 2 * SHD_MINUTE_MS - 1;
	add_batch(f, &batch, true);
	run_until(f, &batch.done, 1);
	assert_int_equal(f->transitions, moves);
	uv_run(&f->loop, UV_RUN_ONCE); /* the timer fires by the loop's clock, which is ahead */
	assert_int_equal(f->transitions, moves);
	f->now_ms += 1;
	for (uint64_t end = uv_hrtime() + UINT64_C(10000000000); f->transitions == moves;) {
		uv_run(&f->loop, UV_RUN_NOWAIT);
		assert_true(uv_hrtime() < end);
	}
}

/* The machine slept: a wake-up that is due now is noticed before it is judged. */
static void a_look_at_the_clocks_comes_before_time_judges(void **state)
{
	struct fixture *f = *state;
	struct batch waited, later;

	shd_commit_suspend_time(f->commit, false);
	complain(f);
	size_t moves = f->transitions;
	add_batch(f, &waited, false);
	f->now_ms += 150 * SHD_SECOND_MS;
	f->sleeps = true;
	add_batch(f, &later, true);
	run_until(f, &later.done, 1);
	assert_int_equal(f->transitions, moves);
	assert_true(waited.item.batch.fetch.outdated);
	shd_commit_suspend_time(f->commit, false);
	while (f->transitions == moves)
		uv_run(&f->loop, UV_RUN_ONCE);
	add_batch(f, &later, true);
	run_until(f, &later.done, 1);
	assert_false(later.item.batch.fetch.outdated);
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
	char text[8] = "down";
	struct shd_channel_report report = {
		.channel = 1, .error = SHD_ERR_SERVER, .error_text = text};
	struct batch batch;

	add_batch(f, &batch, true);
	shd_commit_channel(f->commit, &report);
	memcpy(text, "gone", 4);
	shd_commit_channel(f->commit, &report);
	memcpy(text, "xxxx", 4); /* it was copied */
	struct shd_commit_figures figures;
	do {
		uv_run(&f->loop, UV_RUN_ONCE);
		shd_commit_figures(f->commit, &figures);
	} while (figures.commits < 1);
	assert_string_equal(
		field_of(f, SHD_KIND_channel, "hook", SHD_F_channel_error_text)->text, "gone");
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

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, start_up, tear_down)
#define JUDGED(name) cmocka_unit_test_setup_teardown(name, start_to_judge, tear_down)
	const struct CMUnitTest tests[] = {
		ROW(what_waits_goes_together_in_order),
		ROW(a_change_is_queued_once),
		ROW(one_that_wants_the_disk_makes_the_commit_durable),
		ROW(a_change_that_is_refused_fails_alone),
		ROW(too_many_refusals_fail_the_job),
		ROW(a_long_change_has_a_transaction_of_its_own),
		ROW(a_full_disk_is_survived),
		ROW(the_taking_of_messages_comes_last),
		ROW(a_pause_waits_for_the_job_and_starts_none),
		ROW(the_end_commits_what_waits),
		ROW(who_leaves_does_not_wait_for_a_full_disk),
		ROW(a_change_that_ends_the_queue_does_not_end_it_twice),
		JUDGED(time_waits_while_it_is_suspended),
		JUDGED(a_deadline_is_judged_at_its_millisecond),
		JUDGED(a_look_at_the_clocks_comes_before_time_judges),
		JUDGED(the_latest_of_a_channel_counts),
		JUDGED(a_refused_configuration_is_judged_even_after_a_full_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

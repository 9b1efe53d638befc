/* daemon/commit: what goes together, what fails alone, how the queue ends. */
#include "support/commit_bench.h"

static int start_up(void **state)
{
	struct fixture *f = shd_xcalloc(1, sizeof(*f));

	shd_clock_init(&f->clock, &(struct shd_clock_reading){.wall = {T0}});
	start_commit(f);
	*state = f;
	return 0;
}

/* Fires when a complaint is two minutes old. */
/* --- changes --------------------------------------------------------------------------- */

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
	assert_int_equal(f->synced, 0);
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
	assert_int_equal(f->synced, 1);
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
	assert_int_equal(f->synced, 0); /* what the refused one wanted counts no more */
	assert_int_equal(f->refusals, 1); /* nothing is refused in silence */
	assert_string_equal(f->refused.msg, "cannot be kept");
	struct shd_commit_figures figures;
	shd_commit_figures(f->commit, &figures);
	assert_int_equal(figures.refused, 1);
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
	assert_int_equal(first.error.kind, SHD_ERR_STATE); /* it is not its fault */
	assert_int_equal(items[0].error.kind, SHD_ERR_SCHEMA);
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

/* Since when it fails is known as long as it does, and only a transaction that wrote something
 * ends it: one of nothing is committed on a full disk as well. */
static void what_works_again_has_proved_it(void **state)
{
	struct fixture *f = *state;
	struct shd_commit_figures figures;
	struct item first = {0}, second = {0};

	f->commit_fails = true;
	submit(f, &first, true);
	run_until(f, &first.done, 1);
	assert_int_equal(f->proofs, 0);
	shd_commit_figures(f->commit, &figures);
	assert_int_equal(figures.failing_since.ms, T0);
	assert_string_equal(figures.error, "disk full");
	f->commit_fails = false;
	submit(f, &second, true);
	run_until(f, &second.done, 1);
	assert_int_equal(f->proofs, 1);
	assert_int_equal(f->synced, 1);
	shd_commit_figures(f->commit, &figures);
	assert_int_equal(figures.failing_since.ms, 0);
	assert_string_equal(figures.error, "");
}

/* What is committed and cannot be synced is kept until a power cut: whoever waits for it goes on,
 * and the state counts as failed. */
static void what_cannot_be_synced_is_kept_and_the_state_fails(void **state)
{
	struct fixture *f = *state;
	struct shd_commit_figures figures;
	struct item first = {.wants_disk = true}, second = {0};

	f->sync_fails = true;
	submit(f, &first, true);
	run_until(f, &first.done, 1);
	assert_true(first.ok);
	assert_int_equal(f->rollbacks, 0);
	assert_int_equal(f->failures, 1);
	submit(f, &second, true);
	run_until(f, &second.done, 1);
	assert_true(second.ok);
	shd_commit_figures(f->commit, &figures);
	assert_int_equal(figures.failing_since.ms, T0); /* still: it proved nothing */
	f->sync_fails = false;
	while (!f->recoveries)
		uv_run(&f->loop, UV_RUN_ONCE);
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

#define ROW(name) cmocka_unit_test_setup_teardown(name, start_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROW(what_waits_goes_together_in_order),
		ROW(a_change_is_queued_once),
		ROW(one_that_wants_the_disk_makes_the_commit_durable),
		ROW(a_change_that_is_refused_fails_alone),
		ROW(too_many_refusals_fail_the_job),
		ROW(a_long_change_has_a_transaction_of_its_own),
		ROW(a_full_disk_is_survived),
		ROW(what_works_again_has_proved_it),
		ROW(what_cannot_be_synced_is_kept_and_the_state_fails),
		ROW(the_taking_of_messages_comes_last),
		ROW(a_pause_waits_for_the_job_and_starts_none),
		ROW(the_end_commits_what_waits),
		ROW(who_leaves_does_not_wait_for_a_full_disk),
		ROW(a_change_that_ends_the_queue_does_not_end_it_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

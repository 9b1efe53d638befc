/* daemon/commit: what goes together, what fails alone, what time may do - with a judge
 * of our own. */
#include "support/check.h"

#include "commit/commit.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* --- a judge that does as it is told ------------------------------------------------------ */

struct shd_judge {
	bool end_fails;
	atomic_int begins, ends, abandons, batches, stores, wakes, channels, configs;
	size_t largest; /* batches in one transaction */
	size_t here;
	bool open;
	_Atomic int64_t next_wake;
};

void shd_outcome_init(struct shd_outcome *outcome)
{
	*outcome = (struct shd_outcome){.next_wake = {SHD_NEVER_MS}};
}

void shd_outcome_finish(struct shd_outcome *outcome)
{
	(void)outcome;
}

bool shd_judge_begin(struct shd_judge *judge, struct shd_wall now, struct shd_error *reterr)
{
	(void)now;
	(void)reterr;
	shd_assert(!judge->open);
	judge->open = true;
	judge->begins++;
	judge->here = 0;
	return true;
}

bool shd_judge_batch(struct shd_judge *judge, const struct shd_batch *batch,
		     struct shd_outcome *outcome, struct shd_error *reterr)
{
	(void)outcome;
	if (batch->store == 666)
		return shd_fail(reterr, SHD_ERR_SCHEMA, "cannot be judged");
	judge->batches++;
	if (++judge->here > judge->largest)
		judge->largest = judge->here;
	return true;
}

bool shd_judge_channel(struct shd_judge *judge, const struct shd_channel_state *channel,
		       struct shd_outcome *outcome, struct shd_error *reterr)
{
	(void)outcome;
	(void)reterr;
	assert_string_equal(channel->error_text, "down");
	judge->channels++;
	return true;
}

bool shd_judge_config(struct shd_judge *judge, const char *mistake, size_t mistakes,
		      struct shd_outcome *outcome, struct shd_error *reterr)
{
	(void)outcome;
	(void)reterr;
	assert_string_equal(mistake, "x.yaml:3: wrong");
	assert_int_equal(mistakes, 2);
	judge->configs++;
	return true;
}

bool shd_judge_store(struct shd_judge *judge, size_t store, struct shd_outcome *outcome,
		     struct shd_error *reterr)
{
	(void)store;
	(void)outcome;
	(void)reterr;
	judge->stores++;
	return true;
}

bool shd_judge_wakes(struct shd_judge *judge, size_t max, struct shd_outcome *outcome,
		     struct shd_error *reterr)
{
	(void)max;
	(void)outcome;
	(void)reterr;
	judge->wakes++;
	return true;
}

bool shd_judge_end(struct shd_judge *judge, struct shd_outcome *outcome, struct shd_error *reterr)
{
	if (judge->end_fails)
		return shd_fail(reterr, SHD_ERR_STATE, "disk full");
	outcome->next_wake.ms = judge->next_wake;
	judge->open = false;
	judge->ends++;
	return true;
}

void shd_judge_abandon(struct shd_judge *judge)
{
	judge->open = false;
	judge->abandons++;
}

void shd_deliver_collect(struct shd_deliver *deliver, struct shd_wall now)
{
	(void)deliver;
	(void)now;
}

void shd_deliver_send(struct shd_deliver *deliver)
{
	(void)deliver;
}

/* --- a line --------------------------------------------------------------------------------- */

struct fixture {
	uv_loop_t loop;
	struct shd_jobs *jobs;
	struct shd_commit *line;
	struct shd_judge judge;
	int64_t now_ms;
	atomic_int failures, recoveries, quiet;
	bool sleeps;
};

static struct shd_wall now(void *ctx)
{
	return (struct shd_wall){((struct fixture *)ctx)->now_ms};
}

static void moved(void *ctx, const struct shd_outcome *outcome)
{
	(void)ctx;
	(void)outcome;
}

static void state_failed(void *ctx, const struct shd_error *err)
{
	struct fixture *f = ctx;

	if (err)
		f->failures++;
	else
		f->recoveries++;
}

static void look(void *ctx)
{
	struct fixture *f = ctx;

	if (f->sleeps)
		shd_commit_suspend_time(f->line, true);
	f->sleeps = false;
}

static int start_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	uv_loop_init(&f->loop);
	f->now_ms = 1000000;
	f->judge.next_wake = SHD_NEVER_MS;
	f->jobs = shd_jobs_create(&f->loop);
	struct shd_commit_in in = {.loop = &f->loop, .jobs = f->jobs, .now = now, .look = look,
		.moved = moved, .state_failed = state_failed, .ctx = f};
	f->line = shd_commit_create(&in);
	shd_commit_use(f->line, &f->judge, NULL);
	*state = f;
	return 0;
}

static void close_jobs(void *ctx)
{
	struct fixture *f = ctx;

	shd_jobs_close(f->jobs, NULL, NULL);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	shd_commit_close(f->line, close_jobs, f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f);
	return 0;
}

struct item {
	struct shd_commit_item item;
	atomic_int done;
};

static void item_done(struct shd_commit_item *item)
{
	((struct item *)item)->done++;
}

static void add(struct fixture *f, struct item *item, bool urgent, size_t store)
{
	*item = (struct item){
		.item = {.batch = {.store = store}, .urgent = urgent, .done = item_done}};
	shd_commit_add(f->line, &item->item);
}

static void run_until(struct fixture *f, const atomic_int *number, int value)
{
	while (atomic_load(number) < value)
		uv_run(&f->loop, UV_RUN_ONCE);
}

static void what_waits_goes_together(void **state)
{
	struct fixture *f = *state;
	struct item items[20];

	for (int i = 0; i < 20; i++)
		add(f, &items[i], i == 0, 1);
	assert_int_equal(items[0].done, 0);
	run_until(f, &items[0].done, 1); /* it went at once, and alone */
	run_until(f, &items[19].done, 1);
	assert_int_equal(f->judge.ends, 2);
	assert_int_equal(f->judge.largest, 19);
	for (int i = 0; i < 20; i++)
		assert_true(items[i].done == 1 && items[i].item.ok);
}

static void a_batch_that_is_refused_fails_alone(void **state)
{
	struct fixture *f = *state;
	struct item items[4];

	add(f, &items[0], true, 1);
	add(f, &items[1], true, 1);
	add(f, &items[2], true, 666);
	add(f, &items[3], true, 1);
	run_until(f, &items[3].done, 1);
	assert_true(items[1].item.ok && items[3].item.ok);
	assert_false(items[2].item.ok);
	assert_int_equal(items[2].item.error.kind, SHD_ERR_SCHEMA);
	assert_int_equal(f->judge.abandons, 1);
	assert_int_equal(f->failures, 0);
}

static void a_full_disk_is_survived(void **state)
{
	struct fixture *f = *state;
	struct item first, second;

	f->judge.end_fails = true;
	add(f, &first, true, 1);
	run_until(f, &first.done, 1);
	assert_false(first.item.ok);
	assert_int_equal(first.item.error.kind, SHD_ERR_STATE);
	assert_int_equal(f->failures, 1);
	f->judge.end_fails = false;
	add(f, &second, true, 1); /* waits until the line tries again */
	run_until(f, &second.done, 1);
	assert_true(second.item.ok);
	assert_int_equal(f->recoveries, 1);
	assert_int_equal(f->failures, 1);
}

static void time_waits_while_it_is_held(void **state)
{
	struct fixture *f = *state;
	struct item item;

	shd_commit_judge_all(f->line, 45);
	add(f, &item, true, 1);
	run_until(f, &item.done, 1);
	assert_int_equal(f->judge.wakes, 0);
	assert_int_equal(f->judge.stores, 0);
	f->judge.next_wake = f->now_ms + 5; /* in the future, but judge_all does not wait for it */
	shd_commit_suspend_time(f->line, false);
	run_until(f, &f->judge.stores, 45);
	assert_int_equal(f->judge.wakes, 3); /* a few stores in each job */
	f->now_ms += 4;
	for (int i = 0; i < 3; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(f->judge.wakes, 3); /* 1 ms before its time */
	f->judge.next_wake = SHD_NEVER_MS;
	f->now_ms += 1;
	run_until(f, &f->judge.wakes, 4);
}

/* The machine slept: a wake-up that is due now is noticed before it is judged. */
static void a_look_at_the_clocks_comes_before_time_judges(void **state)
{
	struct fixture *f = *state;
	struct item first, waited, later;

	f->judge.next_wake = f->now_ms + 5;
	add(f, &first, true, 1);
	run_until(f, &first.done, 1);
	shd_commit_suspend_time(f->line, false);
	add(f, &waited, false, 1);
	f->now_ms += SHD_HOUR_MS;
	f->sleeps = true;
	add(f, &later, true, 1);
	run_until(f, &later.done, 1);
	assert_int_equal(f->judge.wakes, 0);
	assert_true(waited.item.batch.fetch.outdated);
	f->judge.next_wake = SHD_NEVER_MS; /* after the one that the line knows of */
	shd_commit_suspend_time(f->line, false);
	run_until(f, &f->judge.wakes, 1);
	add(f, &later, true, 1);
	run_until(f, &later.done, 1);
	assert_false(later.item.batch.fetch.outdated);
}

static void the_latest_of_a_channel_counts(void **state)
{
	struct fixture *f = *state;
	char text[8] = "down";
	struct shd_channel_state channel = {.channel = 2, .error_text = text};
	struct item item;

	add(f, &item, true, 1);
	shd_commit_channel(f->line, &channel);
	shd_commit_channel(f->line, &channel);
	memcpy(text, "gone", 4); /* it was copied */
	run_until(f, &f->judge.channels, 1);
	run_until(f, &item.done, 1);
	assert_int_equal(f->judge.channels, 1);
}

static void a_refused_configuration_is_judged_even_after_a_full_disk(void **state)
{
	struct fixture *f = *state;
	char text[32] = "x.yaml:3: wrong";

	f->judge.end_fails = true;
	shd_commit_config(f->line, text, 2);
	text[0] = 'y'; /* it was copied */
	run_until(f, &f->judge.configs, 1);
	while (f->failures == 0)
		uv_run(&f->loop, UV_RUN_ONCE);
	f->judge.end_fails = false;
	run_until(f, &f->judge.configs, 2);
	run_until(f, &f->judge.ends, 1);
}

static void is_quiet(void *ctx)
{
	((struct fixture *)ctx)->quiet++;
}

static void a_pause_waits_for_the_job_and_starts_none(void **state)
{
	struct fixture *f = *state;
	struct item items[2];

	add(f, &items[0], true, 1);
	shd_commit_pause(f->line, is_quiet, f);
	assert_int_equal(f->quiet, 0);
	run_until(f, &f->quiet, 1);
	assert_int_equal(items[0].done, 1);
	add(f, &items[1], true, 1);
	for (int i = 0; i < 5; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(items[1].done, 0);
	shd_commit_resume(f->line);
	run_until(f, &items[1].done, 1);
}

static void the_end_commits_what_waits(void **state)
{
	struct fixture *f = *state;
	static struct item items[3];

	add(f, &items[0], true, 1);
	add(f, &items[1], true, 1);
	add(f, &items[2], false, 1);
	tear_down(state);
	for (int i = 0; i < 3; i++)
		assert_true(items[i].done == 1 && items[i].item.ok);
	start_up(state);
}

static void who_leaves_does_not_wait_for_a_full_disk(void **state)
{
	struct fixture *f = *state;
	struct item first, waits, late;

	f->judge.end_fails = true;
	add(f, &first, true, 1);
	run_until(f, &first.done, 1);
	add(f, &waits, true, 1); /* the line backs off */
	assert_int_equal(waits.done, 0);
	shd_commit_leave(f->line);
	run_until(f, &waits.done, 1);
	assert_false(waits.item.ok);
	add(f, &late, true, 1);
	run_until(f, &late.done, 1);
	assert_int_equal(late.item.error.kind, SHD_ERR_STATE);
	assert_int_equal(f->judge.begins, 3); /* each was tried, once */
	assert_false(uv_loop_alive(&f->loop)); /* and no timer backs off */
}

struct leaver {
	struct shd_commit_item item;
	struct fixture *fixture;
	atomic_int closed;
};

static void leaver_closed(void *ctx)
{
	((struct leaver *)ctx)->closed++;
}

static void leave_at_once(struct shd_commit_item *item)
{
	struct leaver *leaver = (struct leaver *)item;

	shd_commit_close(leaver->fixture->line, leaver_closed, leaver);
}

static void an_item_that_ends_the_line_does_not_end_it_twice(void **state)
{
	struct fixture *f = *state;
	struct leaver leaver = {.item = {.urgent = true, .done = leave_at_once}, .fixture = f};
	struct item waits;

	shd_commit_add(f->line, &leaver.item);
	add(f, &waits, false, 1);
	run_until(f, &leaver.closed, 1);
	assert_true(waits.done == 1 && waits.item.ok);
	assert_int_equal(f->judge.ends, 2);
	close_jobs(f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f);
	start_up(state);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, start_up, tear_down)
	const struct CMUnitTest tests[] = {
		ROW(what_waits_goes_together),
		ROW(a_batch_that_is_refused_fails_alone),
		ROW(a_full_disk_is_survived),
		ROW(time_waits_while_it_is_held),
		ROW(a_look_at_the_clocks_comes_before_time_judges),
		ROW(the_latest_of_a_channel_counts),
		ROW(a_refused_configuration_is_judged_even_after_a_full_disk),
		ROW(a_pause_waits_for_the_job_and_starts_none),
		ROW(the_end_commits_what_waits),
		ROW(who_leaves_does_not_wait_for_a_full_disk),
		ROW(an_item_that_ends_the_line_does_not_end_it_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

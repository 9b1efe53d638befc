/* daemon/commit: what polls brought and is not committed yet is bounded by its bytes, and so is
 * what goes into one transaction. */
#include "support/judge_bench.h"

#include "commit/commit.h"

struct fixture {
	uv_loop_t loop;
	struct shd_jobs *jobs;
	struct shd_clock clock;
	struct bench bench;
	size_t jobs_done;
};

static void judged(void *ctx, const struct shd_outcome *outcome)
{
	((struct fixture *)ctx)->jobs_done++;
	(void)outcome;
}

static void state_failed(void *ctx, const struct shd_error *err)
{
	(void)ctx;
	(void)err;
}

static void closed(void *ctx)
{
	shd_jobs_close(((struct fixture *)ctx)->jobs, NULL, NULL);
}

struct batch {
	struct shd_commit_item item;
	bool done;
};

static void batch_done(struct shd_commit_item *item)
{
	((struct batch *)item)->done = true;
}

/* Reviews of 2000 bytes. */
static void bring_reviews(struct shd_harvest *harvest, int count)
{
	static const char text[2000];
	char id[16];

	for (int i = 0; i < count; i++) {
		int len = snprintf(id, sizeof(id), "r%d", i);
		size_t entity = shd_harvest_entity(harvest, SHD_KIND_review, id, (size_t)len);

		shd_set_text(harvest, entity, SHD_F_review_text, text, sizeof(text));
	}
}

static struct shd_commit *start(struct fixture *f)
{
	bench_start_on_disk(&f->bench, "rules: []\n");
	shd_clock_init(&f->clock, &(struct shd_clock_reading){.wall = {1}});
	uv_loop_init(&f->loop);
	f->jobs = shd_jobs_create(&f->loop);
	struct shd_commit_in in = {.loop = &f->loop, .jobs = f->jobs, .state = f->bench.state,
		.engine = shd_engine_of(f->bench.state), .clock = &f->clock,
		.judged = judged, .state_failed = state_failed, .ctx = f};
	struct shd_commit *commit = shd_commit_create(&in);
	shd_commit_use(commit, f->bench.judge, NULL);
	return commit;
}

static void finish(struct fixture *f, struct shd_commit *commit)
{
	shd_commit_close(commit, closed, f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	bench_finish(&f->bench);
}

static void one_poll_of_very_much_fills_the_queue(void **state)
{
	struct fixture f = {0};
	struct batch batch = {.item = {.urgent = true, .done = batch_done}};
	struct shd_commit *commit = start(&f);

	(void)state;
	bring_reviews(bench_harvest(&f.bench), 2500);
	batch.item.batch = bench_batch(&f.bench, 0, "cases");
	assert_false(shd_commit_full(commit));
	shd_commit_add(commit, &batch.item);
	assert_true(shd_commit_full(commit));
	while (!batch.done)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_false(shd_commit_full(commit));
	finish(&f, commit);
}

/* Twelve polls of 120 KB or more, which all wait: some go together, not all. */
static void one_transaction_takes_no_more_than_it_has_room_for(void **state)
{
	struct fixture f = {0};
	struct batch batches[12] = {0};
	struct shd_commit *commit = start(&f);

	(void)state;
	bring_reviews(bench_harvest(&f.bench), 60);
	for (size_t i = 0; i < SHD_COUNT(batches); i++) {
		batches[i].item = (struct shd_commit_item){.urgent = true, .done = batch_done,
			.batch = bench_batch(&f.bench, 0, "cases")};
		shd_commit_add(commit, &batches[i].item);
	}
	while (!batches[0].done)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(f.jobs_done, 1);
	assert_true(batches[1].done);
	assert_false(batches[11].done);
	while (!batches[11].done)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_in_range(f.jobs_done, 2, 6);
	finish(&f, commit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_poll_of_very_much_fills_the_queue),
		cmocka_unit_test(one_transaction_takes_no_more_than_it_has_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* daemon/commit: what polls brought and is not committed yet is bounded by its bytes. */
#include "support/judge_bench.h"

#include "commit/commit.h"

struct fixture {
	uv_loop_t loop;
	struct shd_jobs *jobs;
	struct shd_clock clock;
	struct bench bench;
};

static void judged(void *ctx, const struct shd_outcome *outcome)
{
	(void)ctx;
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

/* 2500 reviews of 2000 bytes. */
static void bring_five_megabytes(struct shd_harvest *harvest)
{
	static const char text[2000];
	char id[16];

	for (int i = 0; i < 2500; i++) {
		int len = snprintf(id, sizeof(id), "r%d", i);
		size_t entity = shd_harvest_entity(harvest, SHD_KIND_review, id, (size_t)len);

		shd_set_text(harvest, entity, SHD_F_review_text, text, sizeof(text));
	}
}

static void one_poll_of_very_much_fills_the_queue(void **state)
{
	struct fixture f = {0};
	struct batch batch = {.item = {.urgent = true, .done = batch_done}};

	(void)state;
	bench_start_on_disk(&f.bench, "rules: []\n");
	shd_clock_init(&f.clock, &(struct shd_clock_reading){.wall = {1}});
	uv_loop_init(&f.loop);
	f.jobs = shd_jobs_create(&f.loop);
	struct shd_commit_in in = {.loop = &f.loop, .jobs = f.jobs, .state = f.bench.state,
		.engine = shd_engine_of(f.bench.state), .clock = &f.clock,
		.judged = judged, .state_failed = state_failed, .ctx = &f};
	struct shd_commit *commit = shd_commit_create(&in);
	shd_commit_use(commit, f.bench.judge, NULL);

	bring_five_megabytes(bench_harvest(&f.bench));
	batch.item.batch = bench_batch(&f.bench, 0, "cases");
	assert_false(shd_commit_full(commit));
	shd_commit_add(commit, &batch.item);
	assert_true(shd_commit_full(commit));
	while (!batch.done)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_false(shd_commit_full(commit));

	shd_commit_close(commit, closed, &f);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f.loop), 0);
	bench_finish(&f.bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_poll_of_very_much_fills_the_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

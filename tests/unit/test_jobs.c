/* daemon/jobs: state jobs one at a time and in order, an end that waits for them. */
#include "support/check.h"

#include "base/mem.h"
#include "host/jobs.h"

#include <stdatomic.h>

struct job {
	int number;
	atomic_int *inside;
	int *order, *done;
	bool overlapped;
	struct shd_jobs *jobs;
	struct job *next;
};

static void work(void *ctx)
{
	struct job *job = ctx;

	job->overlapped = atomic_fetch_add(job->inside, 1) != 0;
	job->order[job->number] = 1;
	for (int i = 0; i < job->number; i++)
		job->overlapped |= !job->order[i];
	atomic_fetch_sub(job->inside, 1);
}

static void done(void *ctx)
{
	struct job *job = ctx;

	++*job->done;
	if (job->next)
		shd_jobs_state(job->jobs, work, done, job->next);
}

static void note(void *ctx)
{
	*(bool *)ctx = true;
}

static void state_jobs_run_one_at_a_time_in_order(void **state)
{
	enum { JOBS = 200 };
	struct job jobs[JOBS] = {{0}};
	atomic_int inside = 0;
	int order[JOBS] = {0}, count = 0;
	bool closed = false;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	struct shd_jobs *queue = shd_jobs_create(&loop);
	for (int i = 0; i < JOBS; i++) {
		jobs[i] = (struct job){.number = i,
			.inside = &inside,
			.order = order,
			.done = &count,
			.jobs = queue};
		if (i < JOBS - 1)
			shd_jobs_state(queue, work, done, &jobs[i]);
	}
	jobs[JOBS - 2].next = &jobs[JOBS - 1]; /* a callback may post */
	assert_int_equal(shd_jobs_waiting(queue), JOBS - 1);
	assert_int_equal(count, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(count, JOBS);
	for (int i = 0; i < JOBS; i++)
		assert_false(jobs[i].overlapped);
	assert_int_equal(shd_jobs_waiting(queue), 0);
	shd_jobs_close(queue, note, &closed);
	assert_false(closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(closed);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void closing_waits_for_what_was_posted(void **state)
{
	struct job jobs[3];
	atomic_int inside = 0, parse_inside = 0;
	int order[3] = {0}, parse_order[1] = {0}, count = 0;
	bool closed = false;
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	struct shd_jobs *queue = shd_jobs_create(&loop);
	for (int i = 0; i < 2; i++) {
		jobs[i] = (struct job){
			.number = i, .inside = &inside, .order = order, .done = &count};
		shd_jobs_state(queue, work, done, &jobs[i]);
	}
	jobs[2] = (struct job){.inside = &parse_inside, .order = parse_order, .done = &count};
	shd_jobs_parse(queue, work, done, &jobs[2]);
	shd_jobs_close(queue, note, &closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(count, 3);
	assert_true(closed);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_jobs_run_one_at_a_time_in_order),
		cmocka_unit_test(closing_waits_for_what_was_posted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "support/state.h"

#include "job/job.h"

static const struct shd_report report = {
	.first_wait_ms = 30000, .wait_ms = 60000, .age_max_ms = 7200000, .tries_max = 3};
static const struct shd_wall start = {.ms = 1000000};

static struct shd_job_answer says(enum shd_job_news news, const char *id, const char *more)
{
	struct shd_job_answer answer = {.news = news};

	snprintf(answer.id, sizeof(answer.id), "%s", id);
	snprintf(answer.document, sizeof(answer.document), "%s", more);
	snprintf(answer.url, sizeof(answer.url), "%s", more);
	return answer;
}

static enum shd_job_then move(struct shd_job *job, enum shd_job_news news, const char *id,
			      const char *more, int64_t at_ms, struct shd_error *error)
{
	struct shd_job_answer answer = says(news, id, more);

	return shd_job_move(job, &report, &answer, (struct shd_wall){start.ms + at_ms}, error);
}

static void test_a_report_from_first_to_last(void **state)
{
	struct shd_job job;
	struct shd_error error;

	(void)state;
	shd_job_begin(&job, start);
	assert_int_equal(job.step, SHD_JOB_LOOK);
	assert_int_equal(move(&job, SHD_JOB_NONE, "", "", 0, &error), SHD_JOB_GO_ON);
	assert_int_equal(job.step, SHD_JOB_CREATE);
	assert_int_equal(move(&job, SHD_JOB_RUNS, "r1", "", 100, &error), SHD_JOB_PAUSE);
	assert_int_equal(job.step, SHD_JOB_WAIT);
	assert_string_equal(job.id, "r1");
	assert_int_equal(job.not_before.ms, start.ms + 100 + 30000);
	assert_int_equal(move(&job, SHD_JOB_RUNS, "", "", 31000, &error), SHD_JOB_PAUSE);
	assert_string_equal(job.id, "r1");
	assert_int_equal(job.not_before.ms, start.ms + 31000 + 60000);
	assert_int_equal(move(&job, SHD_JOB_READY, "", "d1", 92000, &error), SHD_JOB_GO_ON);
	assert_int_equal(job.step, SHD_JOB_LOCATE);
	assert_int_equal(move(&job, SHD_JOB_AT, "", "http://x/1", 92001, &error), SHD_JOB_GO_ON);
	assert_string_equal(job.url, "http://x/1");
	assert_int_equal(move(&job, SHD_JOB_DOCUMENT, "", "", 92002, &error), SHD_JOB_READ);
	assert_int_equal(job.step, SHD_JOB_OVER);
	assert_string_equal(job.url, "");
}

static void test_one_that_runs_is_adopted(void **state)
{
	struct shd_job job;
	struct shd_error error;

	(void)state;
	shd_job_begin(&job, start);
	assert_int_equal(move(&job, SHD_JOB_RUNS, "theirs", "", 0, &error), SHD_JOB_PAUSE);
	assert_int_equal(job.step, SHD_JOB_WAIT);
	assert_string_equal(job.id, "theirs");
	/* one began between the look and the create */
	shd_job_begin(&job, start);
	move(&job, SHD_JOB_NONE, "", "", 0, &error);
	assert_int_equal(move(&job, SHD_JOB_TAKEN, "", "", 0, &error), SHD_JOB_PAUSE);
	assert_int_equal(job.step, SHD_JOB_LOOK);
	assert_int_equal(move(&job, SHD_JOB_READY, "theirs", "d", 60000, &error), SHD_JOB_GO_ON);
	assert_int_equal(job.step, SHD_JOB_LOCATE);
}

static void test_ends_that_bring_nothing(void **state)
{
	struct shd_job job;
	struct shd_error error = {0};

	(void)state;
	shd_job_begin(&job, start);
	move(&job, SHD_JOB_RUNS, "r", "", 0, &error);
	assert_int_equal(move(&job, SHD_JOB_EMPTY, "", "", 1, &error), SHD_JOB_NOTHING);
	shd_job_begin(&job, start);
	move(&job, SHD_JOB_RUNS, "r", "", 0, &error);
	assert_int_equal(move(&job, SHD_JOB_FATAL, "", "", 1, &error), SHD_JOB_GIVE_UP);
	assert_int_equal(error.kind, SHD_ERR_SERVER);
	/* too old */
	shd_job_begin(&job, start);
	move(&job, SHD_JOB_RUNS, "r", "", 0, &error);
	assert_int_equal(move(&job, SHD_JOB_RUNS, "", "", 7200000, &error), SHD_JOB_PAUSE);
	assert_int_equal(move(&job, SHD_JOB_RUNS, "", "", 7200001, &error), SHD_JOB_GIVE_UP);
	assert_int_equal(error.kind, SHD_ERR_TIMEOUT);
	assert_int_equal(job.step, SHD_JOB_OVER);
}

static void test_an_address_that_expires_again_and_again_is_given_up(void **state)
{
	struct shd_job job;
	struct shd_error error = {0};

	(void)state;
	shd_job_begin(&job, start);
	move(&job, SHD_JOB_READY, "r", "d", 0, &error);
	for (int i = 1; i < 3; i++) {
		assert_int_equal(move(&job, SHD_JOB_AT, "", "u", 0, &error), SHD_JOB_GO_ON);
		assert_int_equal(move(&job, SHD_JOB_EXPIRED, "", "", 0, &error), SHD_JOB_PAUSE);
		assert_int_equal(job.step, SHD_JOB_LOCATE);
		assert_string_equal(job.document, "d");
	}
	move(&job, SHD_JOB_AT, "", "u", 0, &error);
	assert_int_equal(move(&job, SHD_JOB_EXPIRED, "", "", 0, &error), SHD_JOB_GIVE_UP);
	assert_int_equal(error.kind, SHD_ERR_TIMEOUT);
}

static void test_failures_wait_and_then_give_up(void **state)
{
	struct shd_job job;
	struct shd_error error, network = {.kind = SHD_ERR_NETWORK, .msg = "gone"},
				role = {.kind = SHD_ERR_ROLE, .msg = "no role"};

	(void)state;
	shd_job_begin(&job, start);
	assert_int_equal(
		shd_job_failed(&job, &report, &network, 0, start, &error), SHD_JOB_PAUSE);
	assert_int_equal(job.not_before.ms, start.ms + 60000);
	assert_int_equal(
		shd_job_failed(&job, &report, &network, 90000, start, &error), SHD_JOB_PAUSE);
	assert_int_equal(job.not_before.ms, start.ms + 90000);
	assert_int_equal(
		shd_job_failed(&job, &report, &network, 0, start, &error), SHD_JOB_GIVE_UP);
	assert_string_equal(error.msg, "gone");
	shd_job_begin(&job, start);
	assert_int_equal(shd_job_failed(&job, &report, &role, 0, start, &error), SHD_JOB_GIVE_UP);
}

/* --- the table ------------------------------------------------------------------------------ */

/* Applies at once, as the queue of changes does later. */
struct queue {
	struct fixture *f;
	bool refuse;
	int kept, refused;
};

static void submit(void *ctx, struct shd_change *change)
{
	struct queue *queue = ctx;
	struct shd_transaction transaction = {.state = queue->f->state};
	struct shd_error error = {.kind = SHD_ERR_STATE, .msg = "the disk is full"};

	assert_true(shd_state_begin(queue->f->state, &queue->f->err));
	bool ok = change->apply(change, &transaction, &queue->f->err) && !queue->refuse;
	if (ok)
		assert_true(shd_state_commit(queue->f->state, false, &queue->f->err));
	else
		shd_state_rollback(queue->f->state);
	change->done(change, ok ? NULL : &error);
}

static void kept(void *ctx, bool ok)
{
	struct queue *queue = ctx;

	queue->kept += ok;
	queue->refused += !ok;
}

static struct shd_job_table *open_table(struct queue *queue)
{
	struct shd_changes changes = {.submit = submit, .ctx = queue};
	struct shd_job_row *rows;
	size_t count;

	assert_true(shd_state_jobs(
		queue->f->state, queue->f->arena, &rows, &count, &queue->f->err));
	return shd_job_table_create(changes, rows, count);
}

static void a_job_goes_on_where_it_was_left(void **state)
{
	struct queue queue = {.f = *state};
	struct shd_error error;
	struct shd_job_table *table = open_table(&queue);
	struct shd_job *job = shd_job_table_find(table, "eu", "stock", start);

	move(job, SHD_JOB_NONE, "", "", 0, &error);
	move(job, SHD_JOB_RUNS, "r1", "", 0, &error);
	shd_job_table_keep(table, job, kept, &queue);
	assert_int_equal(queue.kept, 1);
	/* another source's is another one */
	assert_int_equal(shd_job_table_find(table, "us", "stock", start)->step, SHD_JOB_LOOK);
	shd_job_table_destroy(table);

	table = open_table(&queue);
	job = shd_job_table_find(table, "eu", "stock", start);
	assert_int_equal(job->step, SHD_JOB_WAIT);
	assert_string_equal(job->id, "r1");
	assert_int_equal(job->not_before.ms, start.ms + 30000);
	/* the address is not kept: after a kill it is asked for again */
	move(job, SHD_JOB_READY, "", "d1", 30000, &error);
	move(job, SHD_JOB_AT, "", "u1", 30000, &error);
	shd_job_table_keep(table, job, kept, &queue);
	shd_job_table_destroy(table);
	table = open_table(&queue);
	job = shd_job_table_find(table, "eu", "stock", (struct shd_wall){start.ms + 30000});
	assert_int_equal(job->step, SHD_JOB_LOCATE);
	assert_string_equal(job->document, "d1");
	/* a report that was asked for when the daemon was killed may run */
	struct shd_job *other = shd_job_table_find(table, "us", "stock", start);
	move(other, SHD_JOB_NONE, "", "", 0, &error);
	shd_job_table_keep(table, other, kept, &queue);
	struct shd_job_table *second = open_table(&queue);
	assert_int_equal(shd_job_table_find(second, "us", "stock", start)->step, SHD_JOB_LOOK);
	shd_job_table_destroy(second);
	/* over: forgotten */
	move(job, SHD_JOB_AT, "", "u2", 30000, &error);
	move(job, SHD_JOB_DOCUMENT, "", "", 30000, &error);
	shd_job_table_keep(table, job, kept, &queue);
	shd_job_table_destroy(table);
	table = open_table(&queue);
	assert_int_equal(shd_job_table_find(table, "eu", "stock", start)->step, SHD_JOB_LOOK);
	shd_job_table_destroy(table);
}

static void what_is_not_kept_did_not_happen(void **state)
{
	struct queue queue = {.f = *state};
	struct shd_error error;
	struct shd_job_table *table = open_table(&queue);
	struct shd_job *job = shd_job_table_find(table, "eu", "stock", start);

	move(job, SHD_JOB_RUNS, "r1", "", 0, &error);
	shd_job_table_keep(table, job, kept, &queue);
	queue.refuse = true;
	move(job, SHD_JOB_READY, "", "d1", 30000, &error);
	shd_job_table_keep(table, job, kept, &queue);
	assert_int_equal(queue.refused, 1);
	assert_int_equal(job->step, SHD_JOB_WAIT);
	assert_string_equal(job->document, "");
	shd_job_table_destroy(table);
}

static void tokens_come_back(void **state)
{
	struct fixture *f = *state;
	struct shd_token_row row = {.credential = "c", .first = "f", .access = "a",
		.issued = {5}, .expires = {10}}, *rows;
	size_t count;

	assert_true(shd_state_begin(f->state, &f->err));
	assert_true(shd_state_token_put(f->state, &row, &f->err));
	row.refresh = "r2";
	assert_true(shd_state_token_put(f->state, &row, &f->err));
	assert_true(shd_state_commit(f->state, true, &f->err));
	state_reopen(f);
	assert_true(shd_state_tokens(f->state, f->arena, &rows, &count, &f->err));
	assert_int_equal(count, 1);
	assert_string_equal(rows[0].credential, "c");
	assert_string_equal(rows[0].access, "a");
	assert_string_equal(rows[0].refresh, "r2");
	assert_int_equal(rows[0].expires.ms, 10);
	assert_int_equal(rows[0].refresh_expires.ms, 0);
}

static void test_a_token_is_renewed_ahead_but_not_in_its_first_half(void **state)
{
	(void)state;
	assert_int_equal(shd_token_renew_at(start, 3600000, 300000).ms, start.ms + 3300000);
	assert_int_equal(shd_token_renew_at(start, 400000, 300000).ms, start.ms + 200000);
	assert_int_equal(shd_token_retry_ms(SHD_ERR_NETWORK, 1, 0, 0), 5000);
	assert_int_equal(shd_token_retry_ms(SHD_ERR_NETWORK, 3, 0, 0), 20000);
	assert_int_equal(shd_token_retry_ms(SHD_ERR_NETWORK, 1000, 0, 0), 600000);
	assert_int_equal(shd_token_retry_ms(SHD_ERR_CREDENTIALS, 1, 0, 0), 600000);
	assert_int_equal(shd_token_retry_ms(SHD_ERR_THROTTLED, 1, 60000, 0), 60000);
	assert_int_equal(shd_token_retry_ms(SHD_ERR_THROTTLED, 1, SHD_DAY_MS, 0), SHD_HOUR_MS);
}

#define STATE_TEST(name) cmocka_unit_test_setup_teardown(name, state_set_up, state_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_report_from_first_to_last),
		cmocka_unit_test(test_one_that_runs_is_adopted),
		cmocka_unit_test(test_ends_that_bring_nothing),
		cmocka_unit_test(test_an_address_that_expires_again_and_again_is_given_up),
		cmocka_unit_test(test_failures_wait_and_then_give_up),
		STATE_TEST(a_job_goes_on_where_it_was_left),
		STATE_TEST(what_is_not_kept_did_not_happen),
		STATE_TEST(tokens_come_back),
		cmocka_unit_test(test_a_token_is_renewed_ahead_but_not_in_its_first_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

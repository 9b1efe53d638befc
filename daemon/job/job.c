#include "job.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	struct shd_job job;     /* first: shd_job_table_keep gets the entry from it */
	struct shd_job stored;  /* as it is in the state; step OVER: it is not there */
	struct shd_job pending; /* being written to the state, on the pool */
	struct shd_change change;
	struct shd_job_table *table;
	char *source, *endpoint;
	bool storing;
	void (*kept)(void *ctx, bool ok);
	void *ctx;
};

struct shd_job_table {
	struct shd_changes changes;
	struct entry **all;
	size_t count, room;
};

static struct entry *add(struct shd_job_table *table, const char *source, const char *endpoint)
{
	struct entry *entry = shd_xcalloc(1, sizeof(*entry));

	entry->table = table;
	entry->source = shd_xstrdup(source);
	entry->endpoint = shd_xstrdup(endpoint);
	entry->job.step = entry->stored.step = SHD_JOB_OVER;
	shd_grow(table->all, table->count, table->room);
	table->all[table->count++] = entry;
	return entry;
}

/* False: the text, of a row that another version may have written, is too long; then the job begins
 * anew. */
static bool copy(char to[SHD_JOB_ID_BYTES], const char *text)
{
	size_t len = strlen(text);

	if (len >= SHD_JOB_ID_BYTES)
		return false;
	memcpy(to, text, len + 1);
	return true;
}

static void restore(struct shd_job_table *table, const struct shd_job_row *row)
{
	struct entry *entry = add(table, row->source, row->endpoint);
	struct shd_job job = {
		.tries = row->tries, .began = row->began, .not_before = row->not_before};

	if (!shd_job_step_find(row->step, &job.step) || !copy(job.id, row->id) ||
		!copy(job.document, row->document))
		return;
	shd_job_resume(&job);
	entry->job = entry->stored = job;
}

struct shd_job_table *shd_job_table_create(
	struct shd_changes changes, const struct shd_job_row *rows, size_t count)
{
	struct shd_job_table *table = shd_xcalloc(1, sizeof(*table));

	table->changes = changes;
	for (size_t i = 0; i < count; i++)
		restore(table, &rows[i]);
	return table;
}

void shd_job_table_destroy(struct shd_job_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->count; i++) {
		shd_assert(!table->all[i]->storing);
		free(table->all[i]->source);
		free(table->all[i]->endpoint);
		free(table->all[i]);
	}
	free(table->all);
	free(table);
}

struct shd_job *shd_job_table_find(struct shd_job_table *table, const char *source,
				   const char *endpoint, struct shd_wall now)
{
	struct entry *entry = NULL;

	for (size_t i = 0; i < table->count && !entry; i++)
		if (strcmp(table->all[i]->source, source) == 0 &&
			strcmp(table->all[i]->endpoint, endpoint) == 0)
			entry = table->all[i];
	if (!entry)
		entry = add(table, source, endpoint);
	if (entry->storing)
		return NULL;
	if (entry->job.step == SHD_JOB_OVER)
		shd_job_begin(&entry->job, now);
	/* The wall clock was set back: do not wait for the old time. */
	if (entry->job.began.ms > now.ms)
		entry->job.began = entry->job.not_before = now;
	return &entry->job;
}

static struct entry *entry_of_change(struct shd_change *change)
{
	return (struct entry *)((char *)change - offsetof(struct entry, change));
}

static bool apply(struct shd_change *change, struct shd_transaction *transaction,
		  struct shd_error *reterr)
{
	const struct entry *entry = entry_of_change(change);
	const struct shd_job *job = &entry->pending;
	struct shd_job_row row = {.source = entry->source,
		.endpoint = entry->endpoint,
		.step = shd_job_step_name(job->step),
		.id = job->id,
		.document = job->document,
		.tries = job->tries,
		.began = job->began,
		.not_before = job->not_before};

	if (job->step == SHD_JOB_OVER)
		return shd_state_job_delete(
			transaction->state, entry->source, entry->endpoint, reterr);
	return shd_state_job_put(transaction->state, &row, reterr);
}

static void done(struct shd_change *change, const struct shd_error *err)
{
	struct entry *entry = entry_of_change(change);

	entry->storing = false;
	if (err)
		entry->job = entry->stored;
	else
		entry->stored = entry->pending;
	entry->kept(entry->ctx, !err);
}

void shd_job_table_keep(struct shd_job_table *table, struct shd_job *job,
			void (*kept)(void *ctx, bool ok), void *ctx)
{
	struct entry *entry = (struct entry *)job;

	shd_assert(!entry->storing);
	entry->storing = true;
	entry->pending = *job;
	entry->kept = kept;
	entry->ctx = ctx;
	entry->change = (struct shd_change){.urgent = true, .apply = apply, .done = done};
	table->changes.submit(table->changes.ctx, &entry->change);
}

#include "limits.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static int compare_sources(const void *a, const void *b)
{
	const struct shd_source *x = *(const struct shd_source *const *)a;
	const struct shd_source *y = *(const struct shd_source *const *)b;

	return strcmp(x->credential->id, y->credential->id);
}

static int compare_credentials(const void *a, const void *b)
{
	const struct shd_credential_limits *x = a, *y = b;

	return strcmp(x->credential->id, y->credential->id);
}

/* A credential has few operations. */
static struct shd_operation_limits *find_operation(
	const struct shd_credential_limits *of, const char *name)
{
	for (size_t i = 0; i < of->operation_count; i++)
		if (strcmp(of->operations[i].name, name) == 0)
			return &of->operations[i];
	return NULL;
}

static void add_operation(struct shd_credential_limits *of, const struct shd_endpoint *row)
{
	struct shd_operation_limits *operation = find_operation(of, row->operation);

	if (operation && operation->rate.micro_per_s <= row->micro_per_s)
		return;
	if (!operation) {
		shd_grow(of->operations, of->operation_count, of->operation_room);
		operation = &of->operations[of->operation_count++];
		operation->name = row->operation;
	}
	shd_bucket_init(&operation->rate, row->micro_per_s, row->burst);
}

static void add_source(struct shd_credential_limits *of, const struct shd_source *source)
{
	for (size_t i = 0; i < source->endpoint_count; i++) {
		const struct shd_endpoint *row = &source->endpoints[i];

		if (row->operation && row->micro_per_s > 0)
			add_operation(of, row);
	}
}

/* The rate over everything begins anew with nothing saved. An operation's may be a few
 * requests in an hour, so that its balance counts. */
static void inherit(struct shd_credential_limits *of, const struct shd_limits *old)
{
	const struct shd_credential_limits *from = old->credential_count
		? bsearch(of, old->credentials, old->credential_count, sizeof(*of),
			  compare_credentials)
		: NULL;

	if (!from || from->credential->adapter != of->credential->adapter)
		return;
	of->rate.nano_tokens = 0;
	of->rate.at_ms = from->rate.at_ms;
	for (size_t i = 0; i < of->operation_count; i++) {
		struct shd_operation_limits *operation = &of->operations[i];
		const struct shd_operation_limits *before = find_operation(from, operation->name);

		if (before)
			shd_bucket_inherit(&operation->rate, &before->rate);
	}
}

void shd_limits_init(struct shd_limits *limits, const struct shd_source *sources, size_t count,
		     const struct shd_limits *old)
{
	const struct shd_source **sorted = shd_xcalloc(count, sizeof(*sorted));
	struct shd_credential_limits *of = NULL;

	*limits = (struct shd_limits){.credentials = shd_xcalloc(count, sizeof(*of)),
		.of = shd_xcalloc(count, sizeof(*limits->of))};
	for (size_t i = 0; i < count; i++)
		sorted[i] = &sources[i];
	qsort(sorted, count, sizeof(*sorted), compare_sources);
	for (size_t i = 0; i < count; i++) {
		const struct shd_credential *credential = sorted[i]->credential;

		if (!of || strcmp(of->credential->id, credential->id) != 0) {
			of = &limits->credentials[limits->credential_count++];
			of->credential = credential;
			shd_bucket_init_per_second(&of->rate, credential->rate_per_s);
		}
		add_source(of, sorted[i]);
		limits->of[sorted[i] - sources] = of;
	}
	free(sorted);
	for (size_t i = 0; old && i < limits->credential_count; i++)
		inherit(&limits->credentials[i], old);
}

void shd_limits_finish(struct shd_limits *limits)
{
	for (size_t i = 0; i < limits->credential_count; i++)
		free(limits->credentials[i].operations);
	free(limits->credentials);
	free(limits->of);
	*limits = (struct shd_limits){0};
}

bool shd_limits_take(struct shd_credential_limits *of, const struct shd_endpoint *row,
		     struct shd_mono now, int64_t *ret_wait_ms)
{
	struct shd_operation_limits *operation =
		row->operation ? find_operation(of, row->operation) : NULL;
	int64_t wait_ms = shd_bucket_wait_ms(&of->rate, now.ms);
	int64_t operation_ms = operation ? shd_bucket_wait_ms(&operation->rate, now.ms) : 0;

	*ret_wait_ms = wait_ms > operation_ms ? wait_ms : operation_ms;
	if (*ret_wait_ms > 0)
		return false;
	shd_bucket_spend(&of->rate);
	if (operation)
		shd_bucket_spend(&operation->rate);
	return true;
}

#include "limits.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- sources, credentials, hosts, each in its order ------------------------------------------ */

static int compare_ids(const void *a, const void *b)
{
	const struct shd_source_limits *x = *(const struct shd_source_limits *const *)a;
	const struct shd_source_limits *y = *(const struct shd_source_limits *const *)b;

	return strcmp(x->source->id, y->source->id);
}

static int compare_credentials_of(const void *a, const void *b)
{
	const struct shd_source_limits *x = *(const struct shd_source_limits *const *)a;
	const struct shd_source_limits *y = *(const struct shd_source_limits *const *)b;

	return strcmp(x->source->credential->id, y->source->credential->id);
}

static int compare_credentials(const void *a, const void *b)
{
	const struct shd_credential_limits *x = a, *y = b;

	return strcmp(x->credential->id, y->credential->id);
}

static int compare_hosts(const void *a, const void *b)
{
	const struct shd_host_limits *x = a, *y = b;
	int order = strncasecmp(x->name, y->name, x->len < y->len ? x->len : y->len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static struct shd_host_limits host_of(const struct shd_source *source)
{
	const char *url = source->base_url ? source->base_url : "";
	const char *scheme = strstr(url, "://");
	const char *name = scheme ? scheme + 3 : url;
	size_t len = strcspn(name, "/?#");
	const char *user = memchr(name, '@', len);

	if (user) {
		len -= (size_t)(user + 1 - name);
		name = user + 1;
	}
	return (struct shd_host_limits){.name = name, .len = len};
}

/* --- rates ------------------------------------------------------------------------------------ */

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

/* --- a reload --------------------------------------------------------------------------------- */

/* The rate over everything begins anew with nothing saved. An operation's may be a few
 * requests in an hour, so that its balance counts. */
static void inherit_credential(
	struct shd_credential_limits *of, const struct shd_credential_limits *from)
{
	if (from->credential->adapter != of->credential->adapter)
		return;
	of->rate.nano_tokens = 0;
	of->rate.at_ms = from->rate.at_ms;
	of->paused_until = from->paused_until;
	for (size_t i = 0; i < of->operation_count; i++) {
		struct shd_operation_limits *operation = &of->operations[i];
		const struct shd_operation_limits *before = find_operation(from, operation->name);

		if (before)
			shd_bucket_inherit(&operation->rate, &before->rate);
	}
}

static void inherit(struct shd_limits *limits, const struct shd_limits *old)
{
	for (size_t i = 0; i < limits->credential_count; i++) {
		struct shd_credential_limits *of = &limits->credentials[i];
		const struct shd_credential_limits *from = bsearch(of, old->credentials,
			old->credential_count, sizeof(*of), compare_credentials);

		if (from)
			inherit_credential(of, from);
	}
	for (size_t i = 0; i < limits->host_count; i++) {
		struct shd_host_limits *of = &limits->hosts[i];
		const struct shd_host_limits *from =
			bsearch(of, old->hosts, old->host_count, sizeof(*of), compare_hosts);

		if (from)
			of->paused_until = from->paused_until;
	}
	for (size_t i = 0; i < limits->source_count; i++) {
		const struct shd_source_limits *of = &limits->sources[i];
		const struct shd_source_limits **from = bsearch(
			&of, old->by_id, old->source_count, sizeof(*from), compare_ids);

		if (from && (*from)->source->adapter == of->source->adapter)
			limits->sources[i].paused_until = (*from)->paused_until;
	}
}

/* --- life ------------------------------------------------------------------------------------- */

static void init_credentials(struct shd_limits *limits)
{
	size_t count = limits->source_count;
	struct shd_source_limits **sorted = shd_xcalloc(count, sizeof(*sorted));
	struct shd_credential_limits *of = NULL;

	limits->credentials = shd_xcalloc(count, sizeof(*of));
	for (size_t i = 0; i < count; i++)
		sorted[i] = &limits->sources[i];
	qsort(sorted, count, sizeof(*sorted), compare_credentials_of);
	for (size_t i = 0; i < count; i++) {
		const struct shd_credential *credential = sorted[i]->source->credential;

		if (!of || strcmp(of->credential->id, credential->id) != 0) {
			of = &limits->credentials[limits->credential_count++];
			of->credential = credential;
			shd_bucket_init_per_second(&of->rate, credential->rate_per_s);
		}
		add_source(of, sorted[i]->source);
		sorted[i]->credential = of;
	}
	free(sorted);
}

static void init_hosts(struct shd_limits *limits)
{
	size_t count = limits->source_count, kept = 0;
	struct shd_host_limits *hosts = shd_xcalloc(count, sizeof(*hosts));

	for (size_t i = 0; i < count; i++)
		hosts[i] = host_of(limits->sources[i].source);
	qsort(hosts, count, sizeof(*hosts), compare_hosts);
	for (size_t i = 0; i < count; i++)
		if (!kept || compare_hosts(&hosts[kept - 1], &hosts[i]) != 0)
			hosts[kept++] = hosts[i];
	for (size_t i = 0; i < count; i++) {
		struct shd_host_limits host = host_of(limits->sources[i].source);

		limits->sources[i].host =
			bsearch(&host, hosts, kept, sizeof(*hosts), compare_hosts);
	}
	limits->hosts = hosts;
	limits->host_count = kept;
}

void shd_limits_init(struct shd_limits *limits, const struct shd_source *sources, size_t count,
		     const struct shd_limits *old)
{
	*limits = (struct shd_limits){.source_count = count};
	limits->sources = shd_xcalloc(count, sizeof(*limits->sources));
	limits->by_id = shd_xcalloc(count, sizeof(*limits->by_id));
	for (size_t i = 0; i < count; i++) {
		limits->sources[i].source = &sources[i];
		limits->by_id[i] = &limits->sources[i];
	}
	qsort(limits->by_id, count, sizeof(*limits->by_id), compare_ids);
	init_credentials(limits);
	init_hosts(limits);
	if (old && old->source_count)
		inherit(limits, old);
}

void shd_limits_finish(struct shd_limits *limits)
{
	for (size_t i = 0; i < limits->credential_count; i++)
		free(limits->credentials[i].operations);
	free(limits->credentials);
	free(limits->hosts);
	free(limits->by_id);
	free(limits->sources);
	*limits = (struct shd_limits){0};
}

/* --- requests --------------------------------------------------------------------------------- */

void shd_limits_refused(struct shd_source_limits *of, enum shd_scope scope, int64_t wait_ms,
			struct shd_mono now)
{
	struct shd_mono *until = scope == SHD_SCOPE_CREDENTIAL ? &of->credential->paused_until
				 : scope == SHD_SCOPE_SOURCE   ? &of->paused_until
				 : scope == SHD_SCOPE_HOST     ? &of->host->paused_until
							       : NULL;

	if (wait_ms > SHD_PAUSE_MAX_MS)
		wait_ms = SHD_PAUSE_MAX_MS;
	if (until && wait_ms > 0 && until->ms < now.ms + wait_ms)
		until->ms = now.ms + wait_ms;
}

int64_t shd_limits_paused_ms(const struct shd_source_limits *of, struct shd_mono now)
{
	int64_t until_ms = of->paused_until.ms;

	if (until_ms < of->credential->paused_until.ms)
		until_ms = of->credential->paused_until.ms;
	if (until_ms < of->host->paused_until.ms)
		until_ms = of->host->paused_until.ms;
	return until_ms > now.ms ? until_ms - now.ms : 0;
}

bool shd_limits_take(struct shd_source_limits *of, const struct shd_endpoint *row,
		     struct shd_mono now, int64_t *ret_wait_ms)
{
	struct shd_bucket *rate = &of->credential->rate;
	struct shd_operation_limits *operation =
		row->operation ? find_operation(of->credential, row->operation) : NULL;
	int64_t wait_ms = shd_bucket_wait_ms(rate, now.ms);
	int64_t operation_ms = operation ? shd_bucket_wait_ms(&operation->rate, now.ms) : 0;

	*ret_wait_ms = wait_ms > operation_ms ? wait_ms : operation_ms;
	if (*ret_wait_ms > 0)
		return false;
	shd_bucket_spend(rate);
	if (operation)
		shd_bucket_spend(&operation->rate);
	return true;
}

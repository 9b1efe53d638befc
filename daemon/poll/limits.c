#include "limits.h"

#include "base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* --- hosts ------------------------------------------------------------------------------------ */

/* Who answers at a base URL: host and port, in lower case. */
static struct shd_allowance *find_host(struct shd_ledger *ledger, const struct shd_source *source)
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
	char *host shd_autofree = shd_xstrndup(name, len);
	for (char *c = host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return shd_ledger_find(ledger, SHD_ALLOWANCE_HOST, host, "");
}

/* --- rates ------------------------------------------------------------------------------------ */

/* A credential has few operations. */
static struct shd_operation_limits *find_operation(
	const struct shd_credential_limits *of, const char *name)
{
	for (size_t i = 0; name && i < of->operation_count; i++)
		if (strcmp(of->operations[i].name, name) == 0)
			return &of->operations[i];
	return NULL;
}

static void add_operation(struct shd_credential_limits *of, const struct shd_endpoint *row)
{
	struct shd_operation_limits *operation = find_operation(of, row->operation);

	if (!operation) {
		shd_grow(of->operations, of->operation_count, of->operation_room);
		operation = &of->operations[of->operation_count++];
		*operation = (struct shd_operation_limits){.name = row->operation, .slowest = row};
	}
	if (operation->slowest->micro_per_s > row->micro_per_s)
		operation->slowest = row;
}

static void add_source(struct shd_credential_limits *of, const struct shd_source *source)
{
	for (size_t i = 0; i < source->endpoint_count; i++) {
		const struct shd_endpoint *row = &source->endpoints[i];

		if (row->operation && row->micro_per_s > 0)
			add_operation(of, row);
	}
}

static void set_rates(struct shd_credential_limits *of, struct shd_ledger *ledger)
{
	const char *id = of->credential->id;
	struct shd_bucket rate;

	shd_bucket_init_per_second(&rate, of->credential->rate_per_s);
	of->allowance = shd_ledger_find(ledger, SHD_ALLOWANCE_CREDENTIAL, id, "");
	shd_allowance_limit(of->allowance, rate.micro_per_s, rate.burst);
	for (size_t i = 0; i < of->operation_count; i++) {
		struct shd_operation_limits *operation = &of->operations[i];

		operation->allowance =
			shd_ledger_find(ledger, SHD_ALLOWANCE_OPERATION, id, operation->name);
		shd_allowance_limit(operation->allowance, operation->slowest->micro_per_s,
			operation->slowest->burst);
	}
}

/* --- life ------------------------------------------------------------------------------------- */

static int compare_credentials_of(const void *a, const void *b)
{
	const struct shd_source_limits *x = *(const struct shd_source_limits *const *)a;
	const struct shd_source_limits *y = *(const struct shd_source_limits *const *)b;

	return strcmp(x->source->credential->id, y->source->credential->id);
}

static void init_credentials(struct shd_limits *limits, struct shd_ledger *ledger)
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
		}
		add_source(of, sorted[i]->source);
		sorted[i]->credential = of;
	}
	free(sorted);
	for (size_t i = 0; i < limits->credential_count; i++)
		set_rates(&limits->credentials[i], ledger);
}

void shd_limits_init(struct shd_limits *limits, const struct shd_source *sources, size_t count,
		     struct shd_ledger *ledger)
{
	*limits = (struct shd_limits){.source_count = count};
	limits->sources = shd_xcalloc(count, sizeof(*limits->sources));
	for (size_t i = 0; i < count; i++) {
		struct shd_source_limits *of = &limits->sources[i];

		of->source = &sources[i];
		of->allowance =
			shd_ledger_find(ledger, SHD_ALLOWANCE_SOURCE, sources[i].id, "");
		of->host = find_host(ledger, &sources[i]);
	}
	init_credentials(limits, ledger);
}

void shd_limits_finish(struct shd_limits *limits)
{
	for (size_t i = 0; i < limits->credential_count; i++)
		free(limits->credentials[i].operations);
	free(limits->credentials);
	free(limits->sources);
	*limits = (struct shd_limits){0};
}

/* --- requests --------------------------------------------------------------------------------- */

void shd_limits_refused(struct shd_source_limits *of, enum shd_scope scope, int64_t wait_ms,
			struct shd_mono now)
{
	struct shd_allowance *whom = scope == SHD_SCOPE_CREDENTIAL ? of->credential->allowance
				     : scope == SHD_SCOPE_SOURCE   ? of->allowance
				     : scope == SHD_SCOPE_HOST     ? of->host
								   : NULL;

	if (wait_ms > SHD_PAUSE_MAX_MS)
		wait_ms = SHD_PAUSE_MAX_MS;
	if (whom && wait_ms > 0)
		shd_allowance_pause(whom, (struct shd_mono){now.ms + wait_ms});
}

int64_t shd_limits_paused_ms(const struct shd_source_limits *of, struct shd_mono now)
{
	int64_t until_ms = of->allowance->paused_until.ms;

	if (until_ms < of->credential->allowance->paused_until.ms)
		until_ms = of->credential->allowance->paused_until.ms;
	if (until_ms < of->host->paused_until.ms)
		until_ms = of->host->paused_until.ms;
	return until_ms > now.ms ? until_ms - now.ms : 0;
}

bool shd_limits_take(
	struct shd_source_limits *of, const struct shd_endpoint *row, int64_t *ret_wait_ms)
{
	struct shd_operation_limits *operation = find_operation(of->credential, row->operation);
	int64_t wait_ms = shd_allowance_wait_ms(of->credential->allowance);
	int64_t operation_ms = operation ? shd_allowance_wait_ms(operation->allowance) : 0;

	*ret_wait_ms = wait_ms > operation_ms ? wait_ms : operation_ms;
	if (*ret_wait_ms > 0)
		return false;
	shd_allowance_spend(of->credential->allowance);
	if (operation)
		shd_allowance_spend(operation->allowance);
	return true;
}

void shd_limits_stated(
	struct shd_source_limits *of, const struct shd_endpoint *row, int64_t micro_per_s)
{
	struct shd_operation_limits *operation = find_operation(of->credential, row->operation);

	if (operation)
		shd_allowance_stated(operation->allowance, micro_per_s);
}

#include "conf/value.h"
#include "market/adapter.h"
#include "sections.h"
#include "tables.h"

#include <stdlib.h>
#include <string.h>

#define POLL_MIN_MS          (15 * SHD_SECOND_MS)
#define POLL_MIN_LOOPBACK_MS 10LL

static bool is_loopback(const struct shd_source *source)
{
	return source->base_url && shd_url_is_loopback(source->base_url);
}

/* A key must not travel in the clear, except to this host itself. */
static void check_base_url(struct shd_build *build, const struct shd_source *source,
			   const struct shd_node *map)
{
	const struct shd_node *node = shd_node_get(map, "base_url");

	if (node && source->base_url && strncmp(source->base_url, "http:", 5) == 0 &&
		!shd_url_is_loopback(source->base_url))
		shd_node_mistake(node, build->diags, "write https://",
			"http would send the store's key unencrypted");
}

/* The marketplace is polite only up to its own limits; a sandbox has none. */
void shd_source_check_rate(struct shd_build *build, const struct shd_source *source,
			   const struct shd_credential *credential, const struct shd_node *map)
{
	const struct shd_node *node = shd_node_get(map, "rate");

	if (node && source->adapter && !is_loopback(source) &&
		credential->rate_per_s > source->adapter->rate_per_s)
		shd_node_mistake(node, build->diags, NULL,
			"`rate` is %s, but %s bears %lld requests per second at most", node->text,
			source->adapter->name, (long long)source->adapter->rate_per_s);
}

static void check_poll(struct shd_build *build, const struct shd_source *source,
		       const struct shd_node *poll)
{
	int64_t min = is_loopback(source) ? POLL_MIN_LOOPBACK_MS : POLL_MIN_MS;
	char buf[2][SHD_DURATION_TEXT];

	for (int i = 0; i < SHD_POLLER_COUNT; i++) {
		const char *name = shd_poller_name((enum shd_poller)i);
		const struct shd_node *node = shd_node_get(poll, name);
		bool off = node && node->text && strcmp(node->text, "off") == 0;

		/* What could not be read is still the default, which is large enough. */
		if (node && !off && source->every_ms[i] < min)
			shd_node_mistake(node, build->diags,
				source->every_ms[i] ? NULL : "write off to switch it off",
				"%s is polled every %s, the minimum is %s", name,
				shd_duration_format(source->every_ms[i], buf[0]),
				shd_duration_format(min, buf[1]));
	}
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(shd_or_empty(a), shd_or_empty(b));
}

static int compare_egresses(const struct shd_egress *a, const struct shd_egress *b)
{
	int order = compare_texts(a->proxy, b->proxy);

	if (!order)
		order = compare_texts(a->interface, b->interface);
	return order ? order : compare_texts(a->ca_file, b->ca_file);
}

/* One struct for each network identity, so that they are compared by address. */
static const struct shd_egress *share_egress(struct shd_build *build,
	const struct shd_source *source, const struct shd_egress *egress)
{
	const struct shd_source *first = build->settings->sources;

	for (; first != source; first++)
		if (compare_egresses(first->egress, egress) == 0)
			return first->egress;
	struct shd_egress *own = shd_build_take(build, 1, sizeof(*own));
	*own = *egress;
	return own;
}

const struct shd_egress *shd_source_read_egress(struct shd_build *build,
	const struct shd_source *source, const struct shd_node *node)
{
	struct shd_egress egress = {0};

	if (node)
		shd_options_apply(node, shd_egress_options, shd_egress_option_count, &egress,
			"egress", build->settings->arena, build->diags);
	if (egress.proxy && egress.interface)
		shd_node_mistake(node, build->diags, NULL,
			"`egress` is either a proxy or an interface, not both");
	return share_egress(build, source, &egress);
}

static const struct shd_option *optional_rows(
	struct shd_build *build, const struct shd_adapter *adapter)
{
	size_t count = adapter->credential_option_count;
	struct shd_option *rows = shd_build_take(build, count, sizeof(*rows));

	for (size_t i = 0; i < count; i++) {
		rows[i] = adapter->credential_options[i];
		rows[i].required = false;
	}
	return rows;
}

void shd_source_start(struct shd_build *build, struct shd_source_draft *draft,
		      struct shd_source *source, const struct shd_adapter *adapter,
		      const struct shd_node *map)
{
	*draft = (struct shd_source_draft){.source = source,
		.credential = shd_build_take(build, 1, sizeof(*draft->credential))};
	*source = (struct shd_source){
		.adapter = adapter, .credential = draft->credential, .node = map};
	draft->credential->adapter = adapter;
	if (!adapter)
		return;
	void *settings = shd_build_take(build, 1, adapter->settings_size);
	void *credential = shd_build_take(build, 1, adapter->credential_size);
	source->base_url = adapter->base_url;
	draft->parts.rate_per_s = adapter->rate_per_s;
	source->settings = settings;
	draft->credential->settings = credential;
	draft->own = shd_build_use(adapter->options, adapter->option_count, settings);
	/* With a shared one, keys of its own are refused (credentials.c), and not missed. */
	draft->own_credential = shd_build_use(
		shd_node_get(map, "credential") ? optional_rows(build, adapter)
						: adapter->credential_options,
		adapter->credential_option_count, credential);
}

void shd_source_end(struct shd_build *build, struct shd_source_draft *draft, const char *id,
		    const struct shd_node *map)
{
	struct shd_source *source = draft->source;

	const struct shd_adapter *adapter = source->adapter;

	source->id = draft->credential->id = id;
	draft->credential->rate_per_s = draft->parts.rate_per_s;
	check_base_url(build, source, map);
	shd_source_check_rate(build, source, draft->credential, map);
	shd_options_apply(draft->parts.poll, shd_poll_options, shd_poll_option_count, source,
		"poll", build->settings->arena, build->diags);
	check_poll(build, source, draft->parts.poll);
	source->egress = shd_source_read_egress(build, source, draft->parts.egress);
	shd_credentials_use(build, source, map);
	if (!adapter)
		return;
	source->endpoints = adapter->endpoints;
	source->endpoint_count = adapter->endpoint_count;
	if (adapter->make_endpoints)
		source->endpoints = adapter->make_endpoints(
			source->settings, build->settings->arena, &source->endpoint_count);
}

/* By adapter and egress, then as they stand in the file. */
static int by_egress(const void *a, const void *b)
{
	const struct shd_source *const *x = a, *const *y = b;
	int order = strcmp((*x)->adapter->name, (*y)->adapter->name);

	if (!order)
		order = compare_egresses((*x)->egress, (*y)->egress);
	return order ? order : (*x > *y) - (*x < *y);
}

static bool same_address(const struct shd_source *a, const struct shd_source *b)
{
	return a->adapter == b->adapter &&
	       compare_texts(a->egress->proxy, b->egress->proxy) == 0 &&
	       compare_texts(a->egress->interface, b->egress->interface) == 0;
}

/* Those of one credential belong together, and it has one egress. */
static bool one_credential(const struct shd_source *const *sources, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (sources[i]->credential != sources[0]->credential)
			return false;
	return true;
}

void shd_sources_warn(struct shd_build *build)
{
	const struct shd_settings *settings = build->settings;
	const struct shd_source **sorted shd_autofree =
		shd_xcalloc(settings->source_count, sizeof(*sorted));
	size_t count = 0;

	for (size_t i = 0; i < settings->source_count; i++) {
		const struct shd_source *source = &settings->sources[i];

		if (source->adapter && source->store && source->id && !is_loopback(source))
			sorted[count++] = source;
	}
	qsort(sorted, count, sizeof(*sorted), by_egress);
	for (size_t first = 0, end; first < count; first = end) {
		for (end = first + 1; end < count && same_address(sorted[first], sorted[end]);)
			end++;
		if (!one_credential(sorted + first, end - first))
			shd_node_warn(sorted[first + 1]->node, build->diags,
				"give each an egress: {proxy: URL} or {interface: NAME}",
				"%zu stores of %s leave through the same address, `%s` is the "
				"first",
				end - first, sorted[first]->adapter->name, sorted[first]->id);
	}
}

#include "feeds.h"
#include "lanes.h"

#include "settings/settings.h"

#include <stdlib.h>
#include <string.h>

/* Facts in the order of (store, endpoint), to be found quickly. */
struct index {
	const struct shd_feed_row **rows;
	size_t count;
};

static int compare_rows(const void *a, const void *b)
{
	const struct shd_feed_row *x = *(const struct shd_feed_row *const *)a;
	const struct shd_feed_row *y = *(const struct shd_feed_row *const *)b;
	int store = strcmp(x->store, y->store);

	return store ? store : strcmp(x->endpoint, y->endpoint);
}

static const struct shd_feed_row *find_row(const struct index *index, const char *store,
					   const char *endpoint)
{
	struct shd_feed_row wanted = {.store = store, .endpoint = endpoint};
	const struct shd_feed_row *key = &wanted, **found;

	if (!index->count)
		return NULL;
	found = bsearch(&key, index->rows, index->count, sizeof(*index->rows), compare_rows);
	return found ? *found : NULL;
}

static int compare_sources(const void *a, const void *b)
{
	const struct shd_source *x = *(const struct shd_source *const *)a;
	const struct shd_source *y = *(const struct shd_source *const *)b;

	return strcmp(x->id, y->id);
}

static bool is_asked_for_ids(const struct shd_source *source, const struct shd_endpoint *row)
{
	for (size_t i = 0; i < source->endpoint_count; i++) {
		const struct shd_endpoint *other = &source->endpoints[i];

		if (other->paging == SHD_PAGE_BATCH && strcmp(other->ids_of, row->name) == 0)
			return true;
	}
	return false;
}

static struct shd_source_feeds *make_source(const struct shd_source *source,
	struct shd_source_limits *limits, const struct index *known)
{
	struct shd_source_feeds *of = shd_xcalloc(
		1, sizeof(*of) + source->endpoint_count * sizeof(of->feeds[0]));

	of->source = source;
	of->limits = limits;
	of->skew_ms = INT64_MIN;
	of->feed_count = source->endpoint_count;
	for (size_t i = 0; i < of->feed_count; i++) {
		const struct shd_endpoint *row = &source->endpoints[i];
		struct shd_feed *feed = &of->feeds[i];

		shd_feed_init(feed, i, find_row(known, of->source->id, row->name));
		feed->lists_ids = is_asked_for_ids(source, row);
		feed->keyed =
			shd_endpoint_counts_rows(row) || feed->lists_ids || !source->store;
		shd_assert(!row->resumes || (row->paging == SHD_PAGE_CURSOR && !feed->keyed));
	}
	return of;
}

static void destroy_source(struct shd_source_feeds *of)
{
	for (size_t i = 0; i < of->feed_count; i++)
		shd_feed_finish(&of->feeds[i]);
	free(of);
}

/* The feed of this name, first looked for at the same place: rows that are made at load time
 * are others, and as many, as the settings say. */
static const struct shd_feed *find_feed(
	const struct shd_source_feeds *of, const char *name, size_t at)
{
	if (at < of->feed_count && strcmp(shd_feed_row(&of->feeds[at])->name, name) == 0)
		return &of->feeds[at];
	for (size_t i = 0; i < of->feed_count; i++)
		if (strcmp(shd_feed_row(&of->feeds[i])->name, name) == 0)
			return &of->feeds[i];
	return NULL;
}

static void inherit_source(struct shd_source_feeds *to, const struct shd_source_feeds *from)
{
	for (size_t i = 0; i < to->feed_count; i++) {
		struct shd_feed *feed = &to->feeds[i];
		const struct shd_feed *old = find_feed(from, shd_feed_row(feed)->name, i);

		if (!old)
			continue;
		shd_feed_inherit(feed, old);
		feed->goes_on = shd_feed_every_ms(shd_feed_row(feed), from->source) > 0;
	}
	to->skew_ms = from->skew_ms;
}

/* The facts of sources that both configurations have, with the same adapter. */
static void inherit(struct shd_feeds *feeds, const struct shd_feeds *old)
{
	size_t count = old->source_count;
	const struct shd_source **sorted = shd_xcalloc(count, sizeof(*sorted));

	for (size_t i = 0; i < count; i++)
		sorted[i] = old->sources[i]->source;
	qsort(sorted, count, sizeof(*sorted), compare_sources);
	for (size_t i = 0; i < feeds->source_count; i++) {
		struct shd_source_feeds *to = feeds->sources[i];
		const struct shd_source **found =
			bsearch(&to->source, sorted, count, sizeof(*sorted), compare_sources);

		if (!found || (*found)->adapter != to->source->adapter)
			continue;
		inherit_source(to, shd_feeds_of(old, *found));
	}
	free(sorted);
}

void shd_feeds_init(struct shd_feeds *feeds, const struct shd_settings *settings,
		    const struct shd_feed_row *known, size_t known_count,
		    struct shd_ledger *ledger, const struct shd_feeds *old)
{
	struct index index = {shd_xcalloc(known_count, sizeof(*index.rows)), known_count};

	for (size_t i = 0; i < known_count; i++)
		index.rows[i] = &known[i];
	qsort(index.rows, index.count, sizeof(*index.rows), compare_rows);
	*feeds = (struct shd_feeds){.settings = settings, .source_count = settings->source_count};
	feeds->sources = shd_xcalloc(feeds->source_count, sizeof(*feeds->sources));
	shd_limits_init(&feeds->limits, settings->sources, feeds->source_count, ledger);
	for (size_t i = 0; i < feeds->source_count; i++) {
		feeds->sources[i] = make_source(
			&settings->sources[i], &feeds->limits.sources[i], &index);
		feeds->count += feeds->sources[i]->feed_count;
	}
	free(index.rows);
	if (old)
		inherit(feeds, old);
}

void shd_feeds_finish(struct shd_feeds *feeds)
{
	for (size_t i = 0; i < feeds->source_count; i++)
		destroy_source(feeds->sources[i]);
	shd_limits_finish(&feeds->limits);
	free(feeds->sources);
}

struct shd_feed *shd_feeds_find(struct shd_source_feeds *source, const struct shd_endpoint *row)
{
	const struct shd_endpoint *rows = source->source->endpoints;

	shd_assert(row >= rows && row < rows + source->feed_count);
	return &source->feeds[row - rows];
}

struct shd_feed *shd_feeds_ids_of(const struct shd_feed *feed)
{
	const struct shd_endpoint *row =
		shd_source_endpoint(shd_feed_of(feed)->source, shd_feed_row(feed)->ids_of);

	shd_assert(row);
	return shd_feeds_find(shd_feed_of(feed), row);
}

/* A feed that does not count for its poller: it may fail without making it stale. */
static bool counts(const struct shd_feed *feed)
{
	return !shd_feed_row(feed)->optional && feed->standing != SHD_STANDING_LACKING &&
	       feed->state != SHD_FEED_WAITING && shd_feed_row(feed)->paging != SHD_PAGE_FOLLOW;
}

/* A feed that is read every 6 h is as good as its poller for 6 h. */
static struct shd_wall up_to_date(
	const struct shd_feed *feed, int64_t every_ms, struct shd_wall now)
{
	int64_t slower_ms = shd_feed_row(feed)->every_ms - every_ms;

	if (!feed->last_success.ms || slower_ms <= 0)
		return feed->last_success;
	int64_t ms = feed->last_success.ms + slower_ms;
	return (struct shd_wall){ms < now.ms ? ms : now.ms};
}

static void add_lack(struct shd_poller_status *status, const struct shd_feed_lack *lack)
{
	if (!lack)
		return;
	if (!status->incomplete++ || lack->since.ms < status->incomplete_since.ms) {
		status->incomplete_since = lack->since;
		status->incomplete_text = lack->text;
	}
}

static void add_to_poller(struct shd_poller_status *status, const struct shd_feed *feed,
			  struct shd_wall now, struct shd_wall *newest)
{
	struct shd_wall last = up_to_date(feed, status->every_ms, now);
	bool lacking = feed->standing == SHD_STANDING_LACKING;

	status->feeds++;
	status->not_available += lacking;
	if (feed->next_due.ms && (!status->next_due.ms || feed->next_due.ms < status->next_due.ms))
		status->next_due = feed->next_due;
	if (counts(feed) && last.ms < status->last_success.ms)
		status->last_success = last;
	if (counts(feed) && feed->last_success.ms > newest->ms)
		*newest = feed->last_success;
	add_lack(status, shd_feed_lack(feed));
	if (feed->error < 0 || (lacking && !feed->last_success.ms))
		return; /* what was read and is lacking now is a loss */
	status->failing++;
	const struct shd_feed_failure *failure = shd_feed_failure(feed);
	if (!status->failing_since.ms || failure->since.ms < status->failing_since.ms) {
		status->failing_since = failure->since;
		status->error = feed->error;
		status->error_text = failure->text;
	}
}

const struct shd_source_feeds *shd_feeds_of(
	const struct shd_feeds *feeds, const struct shd_source *source)
{
	const struct shd_source *first = feeds->settings->sources;

	shd_assert(source >= first && source < first + feeds->source_count);
	return feeds->sources[source - first];
}

bool shd_feeds_poller(const struct shd_feeds *feeds, const struct shd_source *source,
	enum shd_poller poller, struct shd_wall now, struct shd_poller_status *ret_status)
{
	struct shd_poller_status status = {
		.every_ms = source->every_ms[poller],
		.last_success = {SHD_NEVER_MS},
		.error = -1,
		.error_text = "",
		.incomplete_text = "",
	};
	const struct shd_source_feeds *of = shd_feeds_of(feeds, source);

	status.silent = shd_lane_is_silent(of->lane);
	struct shd_wall newest = {0};

	if (!status.every_ms)
		return false;
	for (size_t i = 0; i < of->feed_count; i++)
		if (shd_feed_row(&of->feeds[i])->poller == poller)
			add_to_poller(&status, &of->feeds[i], now, &newest);
	if (!status.feeds)
		return false;
	if (status.last_success.ms > newest.ms) /* no feed of it was ever read later than that */
		status.last_success = newest;
	*ret_status = status;
	return true;
}

uint32_t shd_feeds_behind(const struct shd_feeds *feeds, const struct shd_source *source)
{
	const struct shd_source_feeds *of = shd_feeds_of(feeds, source);
	uint32_t pollers = 0;

	for (size_t i = 0; i < of->feed_count; i++)
		pollers |= (uint32_t)of->feeds[i].unread
			   << shd_feed_row(&of->feeds[i])->poller;
	return pollers;
}

void shd_feeds_each(const struct shd_feeds *feeds, const struct shd_source *source,
	shd_feed_status_fn *visit, void *ctx)
{
	const struct shd_source_feeds *of = shd_feeds_of(feeds, source);

	for (size_t i = 0; i < of->feed_count; i++) {
		struct shd_feed_status status;

		shd_feed_status(&of->feeds[i], &status);
		status.silent = shd_lane_is_silent(of->lane);
		visit(ctx, &status);
	}
}

/* poll/feeds.h - the feeds of all sources of a configuration, and what limits them.
 *
 * Loop thread only. */
#pragma once
#include "feed.h"
#include "limits.h"

struct shd_feeds {
	const struct shd_settings *settings;
	struct shd_source_feeds **sources; /* as in the settings */
	size_t source_count;
	struct shd_limits limits;
	size_t count; /* of feeds */
};

/* `known`: the facts in the state; `old`: the feeds of an older configuration, which count
 * where both know one, or NULL. Borrows settings and ledger. */
void shd_feeds_init(struct shd_feeds *feeds, const struct shd_settings *settings,
		    const struct shd_feed_row *known, size_t known_count,
		    struct shd_ledger *ledger, const struct shd_feeds *old);
void shd_feeds_finish(struct shd_feeds *feeds);

/* The feed of a row of the source's adapter. */
struct shd_feed *shd_feeds_find(struct shd_source_feeds *source, const struct shd_endpoint *row);

/* BATCH: the feed whose keys are asked for. */
struct shd_feed *shd_feeds_ids_of(const struct shd_feed *feed);

/* Of a source of the settings. */
const struct shd_source_feeds *shd_feeds_of(
	const struct shd_feeds *feeds, const struct shd_source *source);

/* The pollers of which a feed is behind: it was not read since the daemon was blind. A bit
 * each. */
uint32_t shd_feeds_behind(const struct shd_feeds *feeds, const struct shd_source *source);

/* For status.h. */
bool shd_feeds_poller(const struct shd_feeds *feeds, const struct shd_source *source,
	enum shd_poller poller, struct shd_wall now, struct shd_poller_status *ret_status);
void shd_feeds_each(const struct shd_feeds *feeds, const struct shd_source *source,
	shd_feed_status_fn *visit, void *ctx);

/* judge/history.h - a feed as the history keeps it: an entity of kind `poller` whose id is the
 * endpoint, and whose `closed` says that it is not available. Pure. */
#pragma once
#include "catalog/record.h"
#include "change_set.h"

/* Appends the record of the feed (shd_record_write). */
void shd_history_feed_write(const struct shd_feed_row *feed, struct shd_text *out);
/* The feed that such a record tells of; borrows its texts. */
void shd_history_feed_read(const struct shd_entity *seen, const char *store,
			   struct shd_feed_row *ret_feed);

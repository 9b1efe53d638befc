/* judge/memory.h - everything that is stored, in memory: an engine for tests and simulation.
 *
 * Answers what judge/stored.h asks and takes change sets, as the state on disk does, but
 * for what time forgets: samples are not rolled up, nothing goes by age. What it was given stays
 * until it is destroyed, also what was replaced since: pointers into it stay good. Pure; one
 * thread at a time. */
#pragma once
#include "stored.h"

struct shd_memory;

struct shd_memory *shd_memory_create(void);
void shd_memory_destroy(struct shd_memory *memory); /* accepts NULL */

/* Lives as long as the memory. */
const struct shd_stored *shd_memory_stored(struct shd_memory *memory);

/* Takes all of a change set. Errors: LIMIT; a message that cannot be merged: SYNTAX. */
SHD_MUST_USE bool shd_memory_apply(struct shd_memory *memory, const struct shd_change_set *changes,
				   struct shd_error *reterr);

/* What it holds, in the order in which it came; alerts by number. Read only. */
struct shd_memory_rows {
	const struct shd_alert *const *alerts;
	const struct shd_alert_event *events;
	const struct shd_outbox_row *outbox;
	const struct shd_history_row *history;
	size_t alert_count, event_count, outbox_count, history_count;
};
struct shd_memory_rows shd_memory_rows(const struct shd_memory *memory);

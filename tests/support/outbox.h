/* tests/support/outbox.h - the messages that wait in the outbox, for a look. */
#pragma once
#include "check.h"

#include "state/state.h"

#include <string.h>

/* Those of all channels that are due at `now`, oldest first, at most `max`; nothing changes.
 * Within a transaction of the caller's, or without one. */
static inline size_t outbox_due(struct shd_state *state, int64_t now, size_t max,
				struct shd_arena *arena, struct shd_outbox_row **ret_rows)
{
	const char *const *channels;
	struct shd_error err;
	size_t channel_count, total = 0;
	struct shd_outbox_row *all = shd_arena_alloc(arena, max, sizeof(*all));

	assert_non_null(all);
	if (!shd_state_outbox_channels(state, arena, &channels, &channel_count, &err))
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < channel_count; i++) {
		struct shd_claim claim = {.channel = channels[i], .now = {now}, .max = max - total};
		struct shd_outbox_row *rows;
		size_t count;

		if (!shd_state_outbox_claim(state, &claim, arena, &rows, &count, &err))
			fail_msg("%s", err.msg);
		for (size_t k = 0; k < count; k++) {
			size_t at = total++;

			for (; at > 0 && (all[at - 1].next_try.ms > rows[k].next_try.ms ||
					  (all[at - 1].next_try.ms == rows[k].next_try.ms &&
					   all[at - 1].number > rows[k].number)); at--)
				all[at] = all[at - 1];
			all[at] = rows[k];
		}
	}
	*ret_rows = all;
	return total;
}

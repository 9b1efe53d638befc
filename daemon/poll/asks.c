#include "asks.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_MS   SHD_MINUTE_MS       /* the first pause; each is twice as long, */
#define LONGEST_MS (4 * SHD_HOUR_MS)   /* but not longer than this, */
#define FAILED_MS  (SHD_HOUR_MS / 2)   /* or, of what could not be read, than this */
#define BELIEVED_MS SHD_HOUR_MS        /* "no such thing" counts after so long, */

enum { BELIEVED_TIMES = 3 };           /* and so often */

struct shd_ask *shd_asks_find(struct shd_ask *asks, const struct shd_endpoint *row, const char *id)
{
	for (; asks; asks = asks->next)
		if (asks->row == row && strcmp(asks->id, id) == 0)
			return asks;
	return NULL;
}

/* What lies further ahead than any pause was set before the clock was. */
static bool is_due(const struct shd_ask *ask, struct shd_wall now)
{
	return ask->due.ms <= now.ms || ask->due.ms > now.ms + LONGEST_MS;
}

bool shd_asks_due(const struct shd_ask *asks, struct shd_wall now)
{
	for (; asks; asks = asks->next)
		if (asks->unlisted && is_due(asks, now))
			return true;
	return false;
}

size_t shd_asks_take(
	struct shd_ask *asks, struct shd_wall now, struct shd_ask **ret_asks, size_t max)
{
	size_t count = 0;

	for (; asks; asks = asks->next) {
		size_t at = count;

		if (!is_due(asks, now))
			continue;
		while (at && ret_asks[at - 1]->due.ms > asks->due.ms)
			at--;
		if (at == max)
			continue;
		count += count < max;
		memmove(&ret_asks[at + 1], &ret_asks[at],
			(count - at - 1) * sizeof(struct shd_ask *));
		ret_asks[at] = asks;
	}
	return count;
}

/* Adds one; NULL: there is no room. */
static struct shd_ask *add(struct shd_ask **asks, const struct shd_endpoint *row, const char *id,
	const char *by)
{
	size_t len = strlen(id) + 1, by_len = strlen(by) + 1, count = 0;

	for (const struct shd_ask *ask = *asks; ask; ask = ask->next)
		count++;
	if (count >= SHD_ASKS_MAX)
		return NULL;
	struct shd_ask *ask = shd_xcalloc(1, sizeof(*ask) + len + by_len);
	memcpy(ask->id, id, len);
	ask->by = memcpy(ask->id + len, by, by_len);
	ask->row = row;
	ask->next = *asks;
	*asks = ask;
	return ask;
}

static void drop(struct shd_ask **asks, struct shd_ask *ask)
{
	while (*asks != ask)
		asks = &(*asks)->next;
	*asks = ask->next;
	free(ask);
}

static bool is_one_of(const struct shd_unlisted *unlisted, const char *id)
{
	for (; unlisted; unlisted = unlisted->next)
		if (strcmp(unlisted->id, id) == 0)
			return true;
	return false;
}

void shd_asks_unlisted(struct shd_ask **asks, const struct shd_endpoint *row,
	const struct shd_unlisted *unlisted, struct shd_wall now)
{
	for (struct shd_ask *ask = *asks, *next; ask; ask = next) {
		next = ask->next;
		if (ask->unlisted && !is_one_of(unlisted, ask->id))
			drop(asks, ask);
	}
	for (; unlisted; unlisted = unlisted->next) {
		struct shd_ask *ask = shd_asks_find(*asks, row, unlisted->id);

		if (ask)
			continue;
		ask = add(asks, row, unlisted->id, unlisted->by);
		if (!ask)
			return;
		ask->unlisted = true;
		ask->due = now;
	}
}

static void unfound(struct shd_ask *ask, struct shd_wall now)
{
	if (!ask->unfound || ask->unfound_since.ms > now.ms)
		ask->unfound_since = now;
	if (ask->unfound < UINT16_MAX)
		ask->unfound++;
}

static void pause(struct shd_ask *ask, struct shd_wall now)
{
	int64_t ms = FIRST_MS, longest_ms = ask->failed ? FAILED_MS : LONGEST_MS;

	for (int i = 0; i < ask->times && ms < longest_ms; i++)
		ms *= 2;
	ask->due.ms = now.ms + (ms < longest_ms ? ms : longest_ms);
	if (ask->times < UINT16_MAX)
		ask->times++;
}

static void note(struct shd_ask *ask, enum shd_asked what, struct shd_wall now)
{
	ask->failed = what == SHD_ASKED_FAILED;
	if (what == SHD_ASKED_UNFOUND)
		unfound(ask, now);
	else if (what == SHD_ASKED_FOUND)
		ask->unfound = 0;
	pause(ask, now);
}

bool shd_asks_follow(struct shd_ask **asks, const struct shd_endpoint *row, const char *id,
		     enum shd_asked what, struct shd_wall now)
{
	struct shd_ask *ask = shd_asks_find(*asks, row, id);

	if (!ask)
		ask = add(asks, row, id, id);
	if (!ask)
		return false;
	note(ask, what, now);
	return true;
}

size_t shd_asks_failing(const struct shd_ask *asks, const struct shd_endpoint *row)
{
	size_t count = 0;

	for (; asks; asks = asks->next)
		count += asks->row == row && asks->failed && !asks->unlisted;
	return count;
}

void shd_asks_answered(
	struct shd_ask **asks, struct shd_ask *ask, enum shd_asked what, struct shd_wall now)
{
	if (what == SHD_ASKED_NOT)
		return;
	note(ask, what, now);
	if (!ask->unlisted && (what == SHD_ASKED_FOUND || shd_ask_is_unfound(ask, now)))
		drop(asks, ask);
}

bool shd_ask_is_unfound(const struct shd_ask *ask, struct shd_wall now)
{
	return ask->unfound >= BELIEVED_TIMES && now.ms - ask->unfound_since.ms >= BELIEVED_MS;
}

void shd_asks_finish(struct shd_ask **asks)
{
	while (*asks)
		drop(asks, *asks);
}

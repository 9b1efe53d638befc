#include "lanes.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum {
	SHARE = 4,     /* of the slots, at most a quarter for one lane */
	SHARE_MIN = 2,
	LATE_MAX = 2,  /* requests of a lane that did not answer for a second */
};

struct shd_lane_entry {
	struct shd_lane lane;
	char *key;
	UT_hash_handle hh;
};

/* --- whose lane ---------------------------------------------------------------------------- */

static void add_key(struct shd_text *key, const struct shd_source *source)
{
	const struct shd_egress *egress = source->egress;
	const char *url = shd_or_empty(source->base_url), *scheme = strstr(url, "://");
	const char *host = scheme ? scheme + 3 : url;

	shd_text_printf(key, "%s\n%.*s\n%s\n%s\n%s\n%s", source->adapter->name,
		(int)strcspn(host, "/?#"), host, source->credential->id,
		shd_or_empty(egress->proxy), shd_or_empty(egress->interface),
		shd_or_empty(egress->ca_file));
}

void shd_lanes_init(struct shd_lanes *lanes, size_t in_flight_max)
{
	*lanes = (struct shd_lanes){.share = in_flight_max / SHARE};
	if (lanes->share < SHARE_MIN)
		lanes->share = SHARE_MIN;
}

void shd_lanes_finish(struct shd_lanes *lanes)
{
	struct shd_lane_entry *entry, *next;

	HASH_ITER(hh, lanes->all, entry, next)
	{
		HASH_DEL(lanes->all, entry);
		free(entry->key);
		free(entry);
	}
}

struct shd_lane *shd_lanes_find(struct shd_lanes *lanes, const struct shd_source *source,
				const struct shd_lanes *old)
{
	SHD_AUTO(shd_text_finish) struct shd_text key = {0};
	struct shd_lane_entry *entry = NULL, *before = NULL;

	shd_text_init(&key, SIZE_MAX / 2);
	add_key(&key, source);
	HASH_FIND(hh, lanes->all, key.data, key.len, entry);
	if (entry)
		return &entry->lane;
	entry = shd_xcalloc(1, sizeof(*entry));
	if (old)
		HASH_FIND(hh, old->all, key.data, key.len, before);
	if (before)
		entry->lane.breaker = before->lane.breaker;
	size_t len = key.len;
	entry->key = shd_text_take(&key);
	HASH_ADD_KEYPTR(hh, lanes->all, entry->key, len, entry);
	return &entry->lane;
}

/* --- leave ------------------------------------------------------------------------------------ */

bool shd_lane_is_late(const struct shd_lane *lane, struct shd_mono now)
{
	return lane->under_way && now.ms - lane->heard.ms > SHD_LATE_MS;
}

static size_t limit(const struct shd_lanes *lanes, const struct shd_lane *lane, struct shd_mono now)
{
	bool late = shd_lane_is_late(lane, now);

	if (lane->breaker.silent || (late && lanes->crowded))
		return 1;
	return late ? LATE_MAX : lanes->share;
}

int64_t shd_lane_wait_ms(const struct shd_lanes *lanes, const struct shd_lane *lane,
			 struct shd_mono now)
{
	return lane->under_way >= limit(lanes, lane, now)
		       ? SHD_LANE_BUSY
		       : shd_breaker_wait_ms(&lane->breaker, now);
}

void shd_lane_wait(struct shd_lanes *lanes, struct shd_lane *lane, struct shd_heap_item *item)
{
	shd_assert(lane->under_way);
	item->next = NULL;
	if (lane->first)
		lane->last->next = item;
	else
		lane->first = item;
	lane->last = item;
	lanes->waiting++;
}

struct shd_heap_item *shd_lane_next(struct shd_lanes *lanes, struct shd_lane *lane)
{
	struct shd_heap_item *item = lane->first;

	if (item) {
		lane->first = item->next;
		lanes->waiting--;
	}
	return item;
}

struct shd_heap_item *shd_lanes_take(struct shd_lanes *lanes)
{
	struct shd_lane_entry *entry, *next;

	if (!lanes->waiting)
		return NULL;
	HASH_ITER(hh, lanes->all, entry, next)
		if (entry->lane.first)
			return shd_lane_next(lanes, &entry->lane);
	return NULL;
}

void shd_lane_asked(struct shd_lane *lane, struct shd_mono now)
{
	if (lane->under_way++ == 0)
		lane->heard = now;
}

size_t shd_lane_ended(const struct shd_lanes *lanes, struct shd_lane *lane, enum shd_heard heard,
		      struct shd_mono asked, struct shd_mono now, uint32_t luck)
{
	shd_assert(lane->under_way);
	lane->under_way--;
	if (heard == SHD_HEARD_ANSWER) {
		lane->heard = now;
		shd_breaker_answered(&lane->breaker);
	}
	/* Where others were answered meanwhile, this one alone hangs. */
	if (heard == SHD_HEARD_NOTHING && lane->heard.ms <= asked.ms)
		shd_breaker_timed_out(&lane->breaker, asked, now, luck);
	size_t most = limit(lanes, lane, now);
	if (!lane->under_way)
		return SIZE_MAX;
	return lane->under_way < most ? most - lane->under_way : 0;
}

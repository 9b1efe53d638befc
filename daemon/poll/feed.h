/* poll/feed.h - one endpoint of one source: its state, its facts, its memory.
 *
 * There are 50 of them for each source and thousands of sources, so the struct is
 * small; what only a failing feed has stands elsewhere. Loop thread only. */
#pragma once
#include "market/adapter.h"
#include "asks.h"
#include "page_memory.h"
#include "heap.h"
#include "state/state.h"
#include "status.h"

/* X(NAME, "name", what it waits for) */
#define SHD_FEED_STATE_MAP(X)                                                                      \
	X(IDLE, "idle", "its time")                                                                \
	X(WAITING, "waiting", "the ids that another feed lists")                                   \
	X(QUEUED, "queued", "a slot")                              \
	X(IN_FLIGHT, "in flight", "answers, or what is made of them")                              \
	X(COMMITTING, "committing", "the transaction that keeps what was read")                    \
	X(CLOSING, "closing", "nothing; it never polls again")

enum shd_feed_state {
#define X(id, name, text) SHD_FEED_##id,
	SHD_FEED_STATE_MAP(X)
#undef X
};

struct shd_lane;
struct shd_poll;
struct shd_source_feeds;

/* Of a feed that fails. */
struct shd_feed_failure {
	struct shd_wall since, last_try;
	int32_t count;                 /* in a row, of the same error */
	char text[];
};

/* Of a feed whose list is incomplete. */
struct shd_feed_lack {
	struct shd_wall since;
	int32_t count;                 /* readings in a row */
	uint8_t lack;                  /* enum shd_lack */
	char text[];
};

/* What few feeds have. */
struct shd_feed_extra {
	struct shd_feed_failure *failure; /* NULL: it works */
	struct shd_feed_lack *lack;       /* NULL: its list is whole */
	struct shd_wall relist_at;        /* when the same list is told again; 0: not */
	struct shd_ask *asks;             /* what is asked for by id */
	const char *cursor_text;          /* owned; NULL: none */
	struct shd_wall cursor_expires;
};

/* The members stand so that none needs padding. */
struct shd_feed {
	struct shd_heap_item item;    /* its time: the next poll, or the poll's next request;
				       * its link while it is in the queue */
	uint32_t noted_s;              /* when the state was last told the facts, cut to seconds
					* UTC; 0: tell soon */
	struct shd_pages pages;        /* as last committed */
	uint16_t requests, throttled;  /* not told to the state yet */
	struct shd_poll *poll;         /* under way, else NULL */
	struct shd_feed_extra *extra;  /* NULL: it works, and goes on by time alone */
	struct shd_wall cursor_time;   /* by the earlier of the marketplace's clock and ours */
	struct shd_wall last_success;
	struct shd_wall next_due;
	uint16_t at;                   /* among the feeds of its source */
	int8_t error;                  /* enum shd_err, -1: none */
	uint8_t state : 4;             /* enum shd_feed_state */
	uint8_t standing : 4;          /* enum shd_standing */
	bool suspects : 1;             /* the last answer was empty where it never was */
	bool lists_ids : 1;            /* its keys are the ids of a BATCH feed */
	bool keyed : 1;                /* keys of records are kept: complete, lists_ids, no store */
	bool swept : 1;                /* complete: the last sweep was committed since the start */
	bool catching_up : 1;          /* not tried since the daemon was blind */
	bool unread : 1;               /* nor read, as the judge knows (shd_judge_catch_up) */
	bool goes_on : 1;              /* was polled under an older configuration as well */
	bool telling : 1;              /* its facts are on their way to the state */
	uint8_t left_out : 7;          /* records of the last reading; so many at least */
};

/* The feeds of one source. */
struct shd_source_feeds {
	const struct shd_source *source;
	struct shd_source_limits *limits; /* in those of all */
	struct shd_lane *lane;            /* the scheduler's */
	int64_t skew_ms;         /* the marketplace's clock minus ours; INT64_MIN: not known */
	size_t feed_count;
	struct shd_feed feeds[]; /* one per row of the adapter, in its order */
};

/* Its source, with that one's other feeds. */
static inline struct shd_source_feeds *shd_feed_of(const struct shd_feed *feed)
{
	return (struct shd_source_feeds *)((char *)(feed - feed->at) -
					   offsetof(struct shd_source_feeds, feeds));
}

static inline const struct shd_endpoint *shd_feed_row(const struct shd_feed *feed)
{
	return &shd_feed_of(feed)->source->endpoints[feed->at];
}

static inline const struct shd_feed_failure *shd_feed_failure(const struct shd_feed *feed)
{
	return feed->extra ? feed->extra->failure : NULL;
}

static inline const struct shd_feed_lack *shd_feed_lack(const struct shd_feed *feed)
{
	return feed->extra ? feed->extra->lack : NULL;
}

/* The feed at this place of a source's. Resumes from `known`, the facts in the state (NULL:
 * none). */
void shd_feed_init(struct shd_feed *feed, size_t at, const struct shd_feed_row *known);
void shd_feed_finish(struct shd_feed *feed);

/* Takes over facts, not pages, of the same feed under an older configuration. */
void shd_feed_inherit(struct shd_feed *feed, const struct shd_feed *old);

/* The one place that changes `state`; asserts that the move is allowed. */
void shd_feed_enter(struct shd_feed *feed, enum shd_feed_state state);

/* Where the next poll goes on; the text is borrowed. What is given is copied. */
struct shd_cursor shd_feed_cursor(const struct shd_feed *feed);
void shd_feed_set_cursor(struct shd_feed *feed, struct shd_cursor cursor);

/* The state was told the facts now; shd_feed_note_due says when to tell them again. */
void shd_feed_noted(struct shd_feed *feed, struct shd_wall now);

/* When its complete list is told again although it is as it was (judge.h); SHD_NEVER_MS: not. */
void shd_feed_set_relist(struct shd_feed *feed, struct shd_wall at);
/* What is asked for by id; then changed, and taken. */
static inline struct shd_ask *shd_feed_asks(const struct shd_feed *feed)
{
	return feed->extra ? feed->extra->asks : NULL;
}
void shd_feed_set_asks(struct shd_feed *feed, struct shd_ask *asks);
/* Told again: also where something is asked for by id, with what comes of it. */
static inline bool shd_feed_relists(const struct shd_feed *feed, struct shd_wall now)
{
	const struct shd_feed_extra *extra = feed->extra;

	return extra && ((extra->relist_at.ms && extra->relist_at.ms <= now.ms) ||
				shd_asks_due(extra->asks, now));
}

/* What came of a poll that ended now; `cursor`: where the next one goes on, text borrowed
 * (the feed's own is accepted). True: the feed stands otherwise than before, or fails for
 * another reason. */
bool shd_feed_worked(struct shd_feed *feed, struct shd_cursor cursor, struct shd_wall now);
bool shd_feed_failed(struct shd_feed *feed, const struct shd_error *err, struct shd_wall now);

/* What the newest list lacks (enum shd_lack), in words, after shd_feed_worked. True: it lacks
 * something else than before, or became whole. */
bool shd_feed_lacks(struct shd_feed *feed, int lack, const char *text, struct shd_wall now);

/* The failures up to now, of a feed that fails. */
struct shd_failing shd_feed_failing(const struct shd_feed *feed);

/* Whether what came of the last poll is all that is to be had soon: a success, or a failure
 * that is not worth waiting for. As shd_judge_catch_up has it. */
bool shd_feed_settled(const struct shd_feed *feed);

/* Whether it is time to tell the state facts without news: after 30 s, or one and
 * a half intervals where that is longer. The rule `poller-stale` looks after three. */
bool shd_feed_note_due(const struct shd_feed *feed, int64_t every_ms, struct shd_wall now);

/* How often it is read: what the source says for its poller, but not more often than
 * the endpoint allows. 0: never by itself (switched off, or a FOLLOW). */
int64_t shd_feed_every_ms(const struct shd_endpoint *row, const struct shd_source *source);

/* For status.h; texts are borrowed from the feed. */
void shd_feed_status(const struct shd_feed *feed, struct shd_feed_status *ret_status);

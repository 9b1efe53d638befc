/* poll/outcome.h - what a poll that is over means for its feed, and what follows from it.
 *
 * Decides by the poll, its feed and `now`, and changes nothing but the facts of that feed; the
 * scheduler does what the outcome says (ended.c). Loop thread. */
#pragma once
#include "poll.h"

/* When the state hears of a feed's facts. */
enum shd_tell {
	SHD_TELL_NOTHING,
	SHD_TELL_WITH_OTHERS, /* it is time to: with the next transaction that there is */
	SHD_TELL_AT_ONCE,     /* the feed turned, or time waits for it */
};

struct shd_poll_outcome {
	bool counts;         /* false: the poll is done again and says nothing of the feed */
	int64_t wait_ms;     /* until the feed's next poll */
	enum shd_tell tell;
	bool turned;         /* for people: it works again, or fails otherwise than before */
	bool lack_turned;    /* for people: its list became incomplete, otherwise than before, or
			      * whole again */
	int mended;          /* enum shd_err that somebody mended; -1: none */
};

/* CHANGED, UNCHANGED: the feed works. `committed`: what the poll brought is in the state.
 * `suspect`: an empty answer was not believed, so that the feed remembers nothing of it. */
struct shd_poll_outcome shd_outcome_read(
	struct shd_poll *poll, bool committed, bool suspect, struct shd_wall now);

/* FAILED, unless it was cut short or began before the daemon was blind. */
struct shd_poll_outcome shd_outcome_failed(
	struct shd_poll *poll, struct shd_wall now, uint32_t random);

/* What came of following, for the feed of those objects. */
enum shd_tell shd_outcome_followed(const struct shd_poll *poll,
	const struct shd_poll_followed *followed, struct shd_wall now, uint32_t random);

/* A poll's news, and facts without news of its feed or of one that it followed, for the state:
 * the feed counts as told. The cursor's text is borrowed of the poll or the feed. */
void shd_outcome_news(struct shd_poll *poll, struct shd_wall now, struct shd_batch *ret_batch);
void shd_outcome_facts(const struct shd_poll *poll, struct shd_feed *feed, struct shd_wall now,
		       struct shd_batch *ret_batch);

/* What a poll brought that FAILED all the same, with the facts of its feed, after
 * shd_outcome_failed. */
void shd_outcome_part(const struct shd_poll *poll, struct shd_wall now,
		      struct shd_batch *ret_batch);

/* Whether `other` waits, between two polls, for what was mended at `feed`. */
bool shd_outcome_wakes(const struct shd_feed *feed, int mended, const struct shd_feed *other);

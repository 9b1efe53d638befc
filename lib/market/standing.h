/* market/standing.h - how a feed stands: what one answer after the other makes of it.
 *
 * One refusal of a feed that was read before is doubted: it is asked again within minutes, and
 * more slowly only while it goes on. A refusal is believed once it was repeated often enough
 * and for long enough, or at once where nothing was ever read. One that is about the key or the
 * account is not believed while other feeds of the source are read. What is believed is asked
 * again as well, every few hours. Any good answer ends all of it.
 *
 *   UNREAD, any -> READ      a good answer
 *   any -> FAILING           an error that may pass by itself (SHD_RETRY_LATER)
 *   any -> DOUBTED           a refusal, for the first times
 *   any -> REFUSED           a refusal that is believed
 *   any -> LACKING           the same, where the store may do without the feed
 *
 * The table of standing.c says for each kind of error how often, how long, and how soon again.
 * Pure; the same for every marketplace, carrier and custom feed. */
#pragma once
#include "base/error.h"
#include "base/time.h"

struct shd_endpoint;

/* X(NAME, "name in the state", meaning) */
#define SHD_STANDING_MAP(X)                                                                        \
	X(UNREAD, "unread", "nothing came of it yet")                                              \
	X(READ, "read", "its last answer was a good one")                                          \
	X(FAILING, "failing", "it cannot be read, which may pass by itself")                       \
	X(DOUBTED, "doubted", "it was refused, which is not believed yet")                         \
	X(REFUSED, "refused", "it is refused until somebody does something")                       \
	X(LACKING, "lacking", "the store's tariff or scheme does not include it")

enum shd_standing {
#define X(id, name, text) SHD_STANDING_##id,
	SHD_STANDING_MAP(X)
#undef X
};

const char *shd_standing_name(enum shd_standing standing);
/* False: there is no such name. */
bool shd_standing_find(const char *name, enum shd_standing *ret_standing);

/* The failures of a feed since it was last read. */
struct shd_failing {
	enum shd_err kind;
	int count;       /* in a row, of this kind or of kinds that pass by themselves; from 1 */
	int64_t for_ms;  /* since the first failure of any kind */
	bool worked;     /* it was read before; where it is about the key or the account (see
			  * below), any feed of the source was */
	bool works_elsewhere; /* another feed of the source was read since the last failure but
			  * one: what is said of key or account cannot be so */
};

/* What the last of them makes of the feed of this row. */
enum shd_standing shd_standing_after(
	const struct shd_endpoint *row, const struct shd_failing *failing);

/* How long after that the feed is asked again, not spread yet; every_ms: its interval, 0: it
 * has none. */
int64_t shd_standing_pause_ms(
	const struct shd_failing *failing, enum shd_standing standing, int64_t every_ms);
/* The longest of those pauses, and with what spreads it: a feed that is to be asked later than
 * that was put off by a clock that was ahead. */
#define SHD_STANDING_PAUSE_MAX_MS (4 * SHD_HOUR_MS)
#define SHD_STANDING_WAIT_MAX_MS  (5 * SHD_HOUR_MS)

/* The error concerns key or account, hence all feeds of the source. */
bool shd_standing_is_shared(enum shd_err kind);

/* A feed that stands so may soon be read without anybody doing anything. */
static inline bool shd_standing_may_pass(enum shd_standing standing)
{
	return standing == SHD_STANDING_FAILING || standing == SHD_STANDING_DOUBTED;
}

/* A refusal that is believed. */
static inline bool shd_standing_lasts(enum shd_standing standing)
{
	return standing == SHD_STANDING_REFUSED || standing == SHD_STANDING_LACKING;
}

/* poll/asks.h - what a feed asks for by id, again and again: things that its complete list no
 * longer has, and things that a record asked to follow and that were not found, or not read.
 *
 * One answer is no verdict: "no such thing" counts once it was repeated, and for long enough.
 * Pauses grow, and few are asked for in one poll, the one that waits longest first. Nothing of it
 * is kept over a restart or a reload, which ask anew and count "no such thing" from the start: what
 * nobody knows ends an hour later for each of them, never earlier. What a list lacks, and since
 * when, is in the state. Loop thread only. */
#pragma once
#include "judge/judge.h"
#include "market/adapter.h"

enum {
	SHD_ASKS_MAX = SHD_UNLISTED_MAX, /* of one feed */
	SHD_ASKS_AT_ONCE = 20,           /* in one poll */
};

struct shd_ask {
	const struct shd_endpoint *row; /* that is asked */
	struct shd_ask *next;
	struct shd_wall due, unfound_since;
	uint16_t times, unfound;        /* answers; of these "no such thing", in a row */
	bool unlisted;                  /* its list lacks it; else a record asked to follow it */
	bool failed;                    /* the last answer said nothing of it */
	const char *by;                 /* what it is asked for by; behind the id */
	char id[];
};

/* X(NAME, what became of asking) */
#define SHD_ASKED_MAP(X)                                                                           \
	X(NOT, "it was not asked for")                                                             \
	X(FAILED, "no answer, or one that says nothing of it")                                     \
	X(UNFOUND, "there is no such thing, or nobody answers for it")                             \
	X(FOUND, "it was found")

enum shd_asked {
#define X(id, text) SHD_ASKED_##id,
	SHD_ASKED_MAP(X)
#undef X
};

/* NULL: none such. */
struct shd_ask *shd_asks_find(struct shd_ask *asks, const struct shd_endpoint *row, const char *id);

/* Whether one of those that a list lacks is due; then up to `max` that are due, of both sorts. */
bool shd_asks_due(const struct shd_ask *asks, struct shd_wall now);
size_t shd_asks_take(
	struct shd_ask *asks, struct shd_wall now, struct shd_ask **ret_asks, size_t max);

/* Of these the list lacks now, of no others; those that are new are due at once. */
void shd_asks_unlisted(struct shd_ask **asks, const struct shd_endpoint *row,
	const struct shd_unlisted *unlisted, struct shd_wall now);

/* A record asked to follow it, and it was not found (UNFOUND) or not read (FAILED). False: no
 * room. */
bool shd_asks_follow(struct shd_ask **asks, const struct shd_endpoint *row, const char *id,
		     enum shd_asked what, struct shd_wall now);

/* How many of those that records asked to follow cannot be read. */
size_t shd_asks_failing(const struct shd_ask *asks, const struct shd_endpoint *row);

/* What came of asking. One that a record asked to follow is forgotten once that is certain. */
void shd_asks_answered(
	struct shd_ask **asks, struct shd_ask *ask, enum shd_asked what, struct shd_wall now);

/* It was not found so often, and for so long, that it is believed. */
bool shd_ask_is_unfound(const struct shd_ask *ask, struct shd_wall now);

/* Forgets all of them. */
void shd_asks_finish(struct shd_ask **asks);

/* judge/observation.h - what the judge is told of the world: what is true of a store, and
 * how asking for it went.
 *
 * A poll brings both. A push, or a file that a person hands in, brings an observation
 * without a fetch: it says what is true, and nothing of any feed's health. Plain structs. */
#pragma once
#include "catalog/entity.h"
#include "market/adapter.h"
#include "market/standing.h"

/* What is true. Where the source has no store it is of parcels only, each under its tracking
 * number, with `carrier` where that is known: of whichever stores have them. Borrowed until
 * the transaction ends: texts of the harvest are not copied. */
struct shd_observation {
	struct shd_harvest *harvest;  /* NULL: nothing changed */
	/* A complete sweep with something new or gone: the keys of every record that the
	 * fetch's row listed. NULL: no entity of it went away. */
	const char *const *listed;
	size_t listed_count;
	/* Of a row that `tells`: the ids that may have a row; `listed` are those that have. */
	const char *const *asked;
	size_t asked_count;
	/* Ids that the row misses, of which whoever it `asks` has none either, however often and
	 * long it was asked. */
	const char *const *unfound;
	size_t unfound_count;
	/* In words, why the list may lack rows that are there: what it has is taken, and nothing
	 * is closed by it. NULL: it is whole; or records of it were left out, and what it lacks
	 * closes by what asking for it says alone. */
	const char *incomplete;
};

/* How one poll of one feed went. */
struct shd_fetch {
	const struct shd_endpoint *row;
	struct shd_wall began;
	struct shd_cursor cursor;     /* becomes the feed's when it succeeded; text borrowed */
	bool partly;                  /* the rest of what is new comes with the next one */
	bool outdated;                /* read before the daemon was blind: says nothing of now */
	bool ok;
	const char *incomplete;       /* why the list that was read is not whole; NULL: it is */
	struct shd_wall incomplete_since;
	struct shd_error error;       /* unless ok, as are these: */
	enum shd_standing standing;   /* what that makes of the feed */
	int failures;                 /* in a row, of this kind */
	struct shd_wall next_due;
	int64_t clock_skew_ms;        /* their Date minus ours; INT64_MIN: not known */
	int requests, throttled;      /* of this poll */
};

/* One poll of one feed. What was seen by one that is not ok is what came before it broke off: it
 * adds, and closes nothing; rules are judged for what it is about, and not for the whole store. */
struct shd_batch {
	const struct shd_source *source; /* whose feed it is; of the settings in force */
	struct shd_fetch fetch;
	struct shd_observation seen;
};

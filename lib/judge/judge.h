/* judge/judge.h - observations, what is stored and now become one change set: entities as
 * they are, alerts that moved, who is told of them, when to look again.
 *
 * Synchronous, one thread at a time; the daemon calls it on the pool. Knows no clock, and
 * writes nothing: `now` comes with each transaction, so months run as a unit test
 * (tests/sim).
 *
 * Windows with many rows are tallied (rule/tally.h): 8 or 24 bytes of memory a row, 16 MB
 * at most over all stores. A rule of the whole store that all the same has to read more
 * than 256 rows is judged again by a wake-up, one ms per row later, a minute at most;
 * everything else is judged in the transaction that changed it. A feed that only succeeds, with
 * nothing new, need not come here: its success is told every 30 s or one and a half intervals,
 * whichever is longer, and age_of may be that much behind. An each-rule that counts its own kind is
 * judged for an entity when that entity changes or its window does, not when another one of the
 * kind appears. */
#pragma once
#include "alert/route.h"
#include "notify/notify.h"
#include "observation.h"
#include "stored.h"

struct shd_judge;

/* What it goes by; all of it is borrowed. */
struct shd_judge_in {
	const struct shd_stored *stored;
	const struct shd_rules *rules;
	const struct shd_store *stores;
	size_t store_count;
	const struct shd_source *sources; /* those of the stores, and those that serve all */
	size_t source_count;
	const struct shd_channel_settings *channels;
	size_t channel_count;
	struct shd_routes routes;
	int64_t blind_after;          /* intervals without success */
	int64_t keep_samples_ms;
};

/* A reload makes a new one. */
struct shd_judge *shd_judge_create(const struct shd_judge_in *in);
void shd_judge_destroy(struct shd_judge *judge);

/* An alert moved. */
struct shd_transition {
	struct shd_facts facts;
	const char *title;            /* of the rule, English */
	const char *why;              /* what the verdict lacks, or why nobody watches; or NULL */
	bool unwatched;               /* it ended because nobody watches any more */
};

/* Fields or metrics of one store that can no longer be read. Texts in the outcome's arena. */
struct shd_noted_unread {
	const char *store, *feed;
	const char *what;             /* "order.ship_by", or a metric's name */
	const char *example;
	size_t entities;
};

/* Something that its list misses, a second time at least, and that is to be asked for by id. */
struct shd_unlisted {
	const char *id, *by;          /* by: what it is asked for by */
	const struct shd_unlisted *next;
};
/* So many of one list; the others have their turn when these are found, or end. */
#define SHD_UNLISTED_MAX 500

/* What the daemon has to know afterwards. */
struct shd_outcome {
	struct shd_arena *arena;      /* owns the texts of transitions */
	struct shd_transition *transitions; /* at most 1000 of them */
	size_t transition_count, transition_room;
	size_t outbox_added;
	struct shd_noted_unread *unread; /* at most 100 of them */
	size_t unread_count, unread_room;
	struct shd_wall next_wake;    /* over all stores; SHD_NEVER_MS: none */
	size_t judged;                /* rules judged, for the figures */
	size_t changed;               /* entities and metrics that really changed */
	bool suspect;                 /* an empty answer was not believed yet */
	/* Of the last batch: when the list is to be looked at again although nothing in it
	 * changed, as something is no longer on it. SHD_NEVER_MS: not for that. */
	struct shd_wall relist_at;
	const struct shd_unlisted *unlisted; /* of the last batch, in the arena; NULL: none */
	size_t unlisted_count;
	/* Of the last batch of a source without a store: tracking numbers that no store knows,
	 * borrowed from the harvest. */
	const char **unclaimed;
	size_t unclaimed_count;
	bool durable;                 /* somebody is to be told: the commit is on disk before */
};
void shd_outcome_init(struct shd_outcome *outcome);
void shd_outcome_finish(struct shd_outcome *outcome);

/* The daemon was stopped or asleep, or its clock was set: these feeds of the source (bit
 * per row, 64 at most) are overdue and will be tried soon. Replaces what was
 * said before; writes nothing, so it holds although the transaction is abandoned.
 *
 * A poller *catches up* until each of them was read, SHD_CATCH_UP_MS at most: what it brings
 * is unknown, but for an entity that an answer of its own just spoke of, and whether it
 * is stale is not asked. A feed that fails and is optional, or not worth another try, is
 * not waited for. After that time a poller with such a feed counts as blind until it is read. */
#define SHD_CATCH_UP_MS SHD_MINUTE_MS
void shd_judge_catch_up(struct shd_judge *judge, const struct shd_source *source, uint64_t feeds,
			struct shd_wall now);

/* Begin, any number of the others, end; then the changes are written, and kept: one
 * transaction, which the caller begins and commits around them. Nothing is written here.
 * When one fails, the changes cannot be written, or the commit fails, the caller abandons:
 * everything since begin is forgotten, nothing of the batches counts as read, and the
 * marketplace is asked again. Whatever has failed, only abandon may follow. */
void shd_judge_begin(struct shd_judge *judge, struct shd_wall now, struct shd_outcome *outcome);
SHD_MUST_USE bool shd_judge_batch(
	struct shd_judge *judge, const struct shd_batch *batch, struct shd_error *reterr);
/* What changed in one store at an instant of the recorded past: entities and metrics
 * with their new values, feeds as they turned. Instead of batches, for a replay. A
 * feed's last success may lie ahead: it is when it will have been read last. */
struct shd_past {
	const char *store;            /* its id */
	struct shd_harvest *harvest;
	uint32_t fresh;               /* bit per kind: a good answer spoke of it */
	const struct shd_feed_row *feeds;
	size_t feed_count;
};
SHD_MUST_USE bool shd_judge_past(
	struct shd_judge *judge, const struct shd_past *past, struct shd_error *reterr);
/* Judges what is due by time alone, at most `max` wake-ups. */
SHD_MUST_USE bool shd_judge_wakes(struct shd_judge *judge, size_t max, struct shd_error *reterr);
/* Judges everything open of one store again (start, reload); a source that serves all
 * stores is one under its own id, and so is `daemon`: with it, the alerts of stores that
 * are no longer configured end, and those who were told of them hear why: what they warned of may
 * well go on. Those of channels that are no longer configured end, and are told to be over; what
 * such channels alone were told of, and is open, is told to others. */
SHD_MUST_USE bool shd_judge_store(
	struct shd_judge *judge, const char *id, struct shd_error *reterr);
/* The ids of all of these, one after the other; NULL: the first one, and after the last. Any
 * thread; they live as long as the settings. */
const char *shd_judge_store_after(const struct shd_judge *judge, const char *id);
/* What a channel looks like now; judged as an entity of the pseudo-store `daemon`. One that
 * is no longer configured is not looked at. */
struct shd_channel_state {
	const char *name;
	struct shd_wall oldest_undelivered, last_success; /* ms 0: none */
	size_t waiting;
	int error;                    /* enum shd_err, -1: none */
	const char *error_text;
};
SHD_MUST_USE bool shd_judge_channel(struct shd_judge *judge,
	const struct shd_channel_state *channel, struct shd_error *reterr);
/* What became of the newest configuration: its first mistake, NULL when it is in force.
 * Judged as the store entity of the pseudo-store `daemon`. */
SHD_MUST_USE bool shd_judge_config(
	struct shd_judge *judge, const char *mistake, size_t mistakes, struct shd_error *reterr);
SHD_MUST_USE bool shd_judge_end(struct shd_judge *judge, struct shd_error *reterr);

/* All that is to be written, after end and until kept or abandon. */
const struct shd_change_set *shd_judge_changes(struct shd_judge *judge);
/* The changes are committed. */
void shd_judge_kept(struct shd_judge *judge);
/* They are not: forgets what was judged, and what was cached of the state. Does nothing
 * outside of a transaction. */
void shd_judge_abandon(struct shd_judge *judge);

/* state/state.h - what the daemon keeps on disk; the only user of SQLite.
 *
 * One writer: the state job (jobs.h), one at a time, in order. Readers (API,
 * storehealthctl) open their own read-only handle. Every function is synchronous
 * and may touch the disk: pool threads only. Errors: STATE unless said otherwise.
 * Nothing here knows rules or wire formats. The interface is drawn so that
 * another database is one more implementation. Values that are returned live in
 * the arena the caller gives. */
#pragma once
#include "judge/stored.h"

struct shd_state;

/* Opens or creates, migrates, prepares every statement. path ":memory:" is for
 * tests. Errors: STATE, naming the file and what to do; CONFIG, written by a newer
 * version or by another program: it is left as it was. */
SHD_MUST_USE bool shd_state_open(const char *path, struct shd_state **ret_state,
				 struct shd_error *reterr);
SHD_MUST_USE bool shd_state_open_readonly(const char *path, struct shd_state **ret_state,
					  struct shd_error *reterr);
void shd_state_close(struct shd_state *state); /* accepts NULL */

/* What was at the path when it was opened for writing. */
enum shd_state_origin {
	SHD_STATE_KNOWN,   /* a state */
	SHD_STATE_BEGUN,   /* no file */
	SHD_STATE_EMPTIED, /* a file without a byte: a state was lost here, or a slip made it */
};
enum shd_state_origin shd_state_origin(const struct shd_state *state);

/* False: the file, or its log, is no longer at its path; what is written to it is lost at the
 * end. One caller at a time. */
bool shd_state_in_place(struct shd_state *state);

/* Transactions do not nest. `durable`: the commit is on disk before it returns (an
 * alert's transaction); others may be lost by a power cut, never torn. */
SHD_MUST_USE bool shd_state_begin(struct shd_state *state, struct shd_error *reterr);
SHD_MUST_USE bool shd_state_commit(struct shd_state *state, bool durable, struct shd_error *reterr);
void shd_state_rollback(struct shd_state *state);

/* Brings what was committed to the disk. */
SHD_MUST_USE bool shd_state_sync(struct shd_state *state, struct shd_error *reterr);

/* Writes what is there already, within a transaction: a commit of nothing proves nothing. */
SHD_MUST_USE bool shd_state_prove(struct shd_state *state, struct shd_error *reterr);

/* What the judge reads, over this state; lives as long as it, for its one thread. */
const struct shd_stored *shd_state_stored(struct shd_state *state);

/* Writes a change set, within a transaction; when it fails, that is to be rolled back. */
SHD_MUST_USE bool shd_state_apply(struct shd_state *state, const struct shd_change_set *changes,
				  struct shd_error *reterr);

/* Statements executed since the state was opened: a figure for benchmarks. */
uint64_t shd_state_executed(const struct shd_state *state);

/* --- entities ----------------------------------------------------------- */

/* The stored entity, all fields; *ret_entity NULL when there is none. */
SHD_MUST_USE bool shd_state_entity_get(struct shd_state *state, const char *store,
				       enum shd_kind kind, const char *id, struct shd_arena *arena,
				       struct shd_entity **ret_entity, struct shd_error *reterr);

/* Writes all fields (insert or replace). `feed`: the endpoint that listed it, for
 * complete sweeps; NULL keeps what is stored. */
SHD_MUST_USE bool shd_state_entity_put(struct shd_state *state, const char *store,
				       const struct shd_entity *entity, const char *feed,
				       struct shd_error *reterr);

/* Ids of the open entities of a kind that `feed` lists (NULL: all open ones), in id order. */
SHD_MUST_USE bool shd_state_entity_ids(struct shd_state *state, const char *store,
				       enum shd_kind kind, const char *feed,
				       struct shd_arena *arena, const char *const **ret_ids,
				       size_t *ret_count, struct shd_error *reterr);

/* A part of the ids of a kind, in id order: at most `max` behind `after` (NULL: from the first),
 * open ones or all. The cost follows what is given back. */
struct shd_entity_page {
	const char *after;
	bool closed_too;
	size_t max;
};
SHD_MUST_USE bool shd_state_entity_page(struct shd_state *state, const char *store,
					enum shd_kind kind, const struct shd_entity_page *page,
					struct shd_arena *arena, const char *const **ret_ids,
					size_t *ret_count, struct shd_error *reterr);

/* Ids of all stores whose store entity is open. */
SHD_MUST_USE bool shd_state_stores_open(struct shd_state *state, struct shd_arena *arena,
					const char *const **ret_ids, size_t *ret_count,
					struct shd_error *reterr);

/* The field `unreadable` (catalog/unread.h) of the open entities of the kind that have it, 10 000
 * at most; costs as much as there are. */
SHD_MUST_USE bool shd_state_unread(struct shd_state *state, const char *store, enum shd_kind kind,
				   struct shd_arena *arena, const char *const **ret_texts,
				   size_t *ret_count, struct shd_error *reterr);

/* Visits entities opened in (from, to], oldest first; reads the index on
 * (store, opened_at), so the cost follows the window and not the history. */
SHD_MUST_USE bool shd_state_window(struct shd_state *state, const char *store, enum shd_kind kind,
				   struct shd_wall from, struct shd_wall to, shd_window_fn *visit,
				   void *ctx, struct shd_error *reterr);

/* The same by the field `time` (its index within the kind), but only that and the fields of the
 * mask are read and the others are none. With nothing else nothing but the index is read; times
 * that have none (schema.c) read all of the store's kind. */
SHD_MUST_USE bool shd_state_window_of(struct shd_state *state, const char *store,
				      enum shd_kind kind, int time, uint64_t fields,
				      struct shd_wall from,
				      struct shd_wall to, shd_window_fn *visit, void *ctx,
				      struct shd_error *reterr);

/* Cross references. The listings with this sku; the orders and returns of a sku that have
 * no category; its stock rows; pieces in orders of a sku that are not yet shipped. All read
 * an index on (store, sku). */
SHD_MUST_USE bool shd_state_listings(struct shd_state *state, const char *store, const char *sku,
				     struct shd_arena *arena, struct shd_stored_listing **ret_rows,
				     size_t *ret_count, struct shd_error *reterr);
SHD_MUST_USE bool shd_state_orders_of(struct shd_state *state, const char *store, const char *sku,
				      struct shd_arena *arena, const char *const **ret_ids,
				      size_t *ret_count, struct shd_error *reterr);
SHD_MUST_USE bool shd_state_returns_of(struct shd_state *state, const char *store,
				       const char *sku, struct shd_arena *arena,
				       const char *const **ret_ids, size_t *ret_count,
				       struct shd_error *reterr);
SHD_MUST_USE bool shd_state_stocks_of(struct shd_state *state, const char *store, const char *sku,
				      struct shd_arena *arena, const char *const **ret_ids,
				      size_t *ret_count, struct shd_error *reterr);
SHD_MUST_USE bool shd_state_unshipped(struct shd_state *state, const char *store, const char *sku,
				      int64_t *ret_units_micro, struct shd_error *reterr);

/* --- metrics ------------------------------------------------------------ */

SHD_MUST_USE bool shd_state_metric_get(struct shd_state *state, const char *store,
				       enum shd_metric metric, bool target,
				       struct shd_value *ret_value, struct shd_wall *ret_at,
				       struct shd_error *reterr);
/* Keeps the newest value and appends a sample. */
SHD_MUST_USE bool shd_state_metric_put(struct shd_state *state, const char *store,
				       enum shd_metric metric, bool target,
				       const struct shd_value *value, struct shd_wall at,
				       struct shd_error *reterr);
SHD_MUST_USE bool shd_state_samples(struct shd_state *state, const char *store,
				    enum shd_metric metric, struct shd_wall from,
				    struct shd_wall to, shd_samples_fn *visit, void *ctx,
				    struct shd_error *reterr);

/* --- feeds: one endpoint of one store ------------------------------------- */

SHD_MUST_USE bool shd_state_feed_put(struct shd_state *state, const struct shd_feed_row *row,
				     struct shd_error *reterr);
/* One feed; *ret_row NULL when it was never tried. */
SHD_MUST_USE bool shd_state_feed_get(struct shd_state *state, const char *store,
				     const char *endpoint, struct shd_arena *arena,
				     struct shd_feed_row **ret_row, struct shd_error *reterr);
/* All feeds of a store (NULL: of all stores). */
SHD_MUST_USE bool shd_state_feeds(struct shd_state *state, const char *store,
				  struct shd_arena *arena, struct shd_feed_row **ret_rows,
				  size_t *ret_count, struct shd_error *reterr);

/* --- wake-ups: when time alone may change a verdict ------------------------- */

/* One per (store, kind, entity); kind SHD_KIND_store with a rule's id as entity for
 * each of the store's own rules. SHD_NEVER_MS removes it. Writes only when it changes. */
SHD_MUST_USE bool shd_state_wake_put(struct shd_state *state, const char *store,
				     enum shd_kind kind, const char *id, struct shd_wall at,
				     struct shd_error *reterr);
/* The next one of an entity, whatever its kind; SHD_NEVER_MS: none. */
SHD_MUST_USE bool shd_state_wake_of(struct shd_state *state, const char *store, const char *id,
				    struct shd_wall *ret_at, struct shd_error *reterr);
/* Those due at `now`, earliest first, at most `max`; and when the next one is. */
SHD_MUST_USE bool shd_state_wakes(struct shd_state *state, struct shd_wall now, size_t max,
				  struct shd_arena *arena, struct shd_wake_row **ret_rows,
				  size_t *ret_count, struct shd_wall *ret_next,
				  struct shd_error *reterr);

/* --- alerts ---------------------------------------------------------------- */

SHD_MUST_USE bool shd_state_alert_get(struct shd_state *state, const char *rule, const char *store,
				      const char *entity, struct shd_arena *arena,
				      struct shd_alert **ret_alert, struct shd_error *reterr);
/* All alerts of one entity, by whatever rule, open or not. */
SHD_MUST_USE bool shd_state_alerts_of(struct shd_state *state, const char *store,
				      const char *entity, struct shd_arena *arena,
				      struct shd_alert **ret_alerts, size_t *ret_count,
				      struct shd_error *reterr);
/* Inserts (number 0: gets one, written back) or updates. */
SHD_MUST_USE bool shd_state_alert_put(struct shd_state *state, struct shd_alert *alert,
				      struct shd_error *reterr);

/* Adds a move to an alert's life; then, its life in order. */
SHD_MUST_USE bool shd_state_event_add(struct shd_state *state, const struct shd_alert_event *event,
				      struct shd_error *reterr);
SHD_MUST_USE bool shd_state_events(struct shd_state *state, int64_t alert, struct shd_arena *arena,
				   struct shd_alert_event **ret_events, size_t *ret_count,
				   struct shd_error *reterr);

/* Open alerts, or one by number, or all of a store; filters that are NULL or 0 do
 * not filter. Worst first, then newest. At most `max`. */
struct shd_alert_filter {
	const char *store, *rule;
	int64_t number;
	bool closed_too;
	struct shd_wall since;
	size_t max;
};
SHD_MUST_USE bool shd_state_alerts(struct shd_state *state, const struct shd_alert_filter *filter,
				   struct shd_arena *arena, struct shd_alert **ret_alerts,
				   size_t *ret_count, struct shd_error *reterr);

/* --- outbox ------------------------------------------------------------------ */

/* Adds a message, or merges it into the last waiting, not yet attempted or closed row of
 * the same channel and group whose next_try is after row->made, unless the two together
 * tell of more than SHD_OUTBOX_ITEMS alerts. What does not wait is closed from the start.
 * A key that is known already adds nothing. */
SHD_MUST_USE bool shd_state_outbox_add(struct shd_state *state, struct shd_outbox_row *row,
				       struct shd_error *reterr);
/* Channels that have messages waiting. */
SHD_MUST_USE bool shd_state_outbox_channels(struct shd_state *state, struct shd_arena *arena,
					    const char *const **ret_channels, size_t *ret_count,
					    struct shd_error *reterr);
/* Takes rows of a channel that are due and that nobody has claimed, oldest first, but none while
 * an older one of the channel that tells of one of its alerts has not ended: from then
 * on nothing is merged into them, and nobody else takes them until `until`. `group` of a
 * row that is returned is as it was: where one is not empty, commit durably before it is
 * sent, so that a clock that is set back later opens it no more. */
struct shd_claim {
	const char *channel;
	struct shd_wall now, until;   /* until ms 0: only looks, claims nothing */
	size_t max;
};
SHD_MUST_USE bool shd_state_outbox_claim(struct shd_state *state, const struct shd_claim *claim,
					 struct shd_arena *arena, struct shd_outbox_row **ret_rows,
					 size_t *ret_count, struct shd_error *reterr);
/* Whether rows of the channel are due and free; after a claim that took fewer than it might,
 * these are behind others. */
SHD_MUST_USE bool shd_state_outbox_held(struct shd_state *state, const char *channel,
					struct shd_wall now, bool *ret_held,
					struct shd_error *reterr);
/* The channel works again: rows that were given up wait once more, for give_up_ms, where they
 * are the last word on an alert that still fires. The first time at once, then when the time of
 * the last life is over: what no receiver takes is not tried for ever without a pause. */
SHD_MUST_USE bool shd_state_outbox_revive(struct shd_state *state, const char *channel,
					  struct shd_wall now, int64_t give_up_ms,
					  struct shd_error *reterr);
/* How many open alerts a channel was not told the last word about: it waits, or was given up. By
 * channel. */
struct shd_untold_row {
	const char *channel;
	bool dead;
	int64_t alerts, alone; /* alone: of these, about which no other channel has a message */
};
SHD_MUST_USE bool shd_state_outbox_untold(struct shd_state *state, struct shd_arena *arena,
					  struct shd_untold_row **ret_rows, size_t *ret_count,
					  struct shd_error *reterr);
/* A recipient of the row who has got it, while others have not; those who have. */
SHD_MUST_USE bool shd_state_reached_add(struct shd_state *state, int64_t outbox,
					const char *address, struct shd_error *reterr);
SHD_MUST_USE bool shd_state_reached(struct shd_state *state, int64_t outbox,
				    struct shd_arena *arena, const char *const **ret_addresses,
				    size_t *ret_count, struct shd_error *reterr);
/* When the next row is due after `now`; SHD_NEVER_MS: none is. */
SHD_MUST_USE bool shd_state_outbox_next(struct shd_state *state, struct shd_wall now,
					struct shd_wall *ret_next, struct shd_error *reterr);
/* Gives a claim up without an attempt; number 0: all claims, those of a run that is over. */
SHD_MUST_USE bool shd_state_outbox_release(struct shd_state *state, int64_t number,
					   struct shd_error *reterr);

/* Messages of the channel that were tried and still wait, oldest first: at most *count, which
 * becomes how many there are. */
struct shd_tried_row {
	int64_t outbox;
	struct shd_wall made;
};
SHD_MUST_USE bool shd_state_outbox_tried(struct shd_state *state, const char *channel,
					 struct shd_tried_row *rows, size_t *count,
					 struct shd_error *reterr);

/* A message that has not arrived: it waits, or was given up. */
struct shd_unsent_row {
	int64_t number;
	const char *channel;
	struct shd_wall made, next_try, give_up; /* next_try: of what waits */
	int attempts;
	bool dead;                    /* given up */
	const char *error;            /* of the last attempt, or NULL */
};
/* Those that tell of an alert, oldest first. */
SHD_MUST_USE bool shd_state_outbox_unsent(struct shd_state *state, int64_t alert,
					  struct shd_arena *arena, struct shd_unsent_row **ret_rows,
					  size_t *ret_count, struct shd_error *reterr);

/* The wall clock was set, back when by_ms < 0: the next try of what waits
 * moves along with it, and so do claims. When it is given up stays: the clock may be set
 * right again. */
SHD_MUST_USE bool shd_state_outbox_shift(struct shd_state *state, int64_t by_ms,
					 struct shd_error *reterr);

/* Which channels were told of an alert's present episode: a resolve goes only
 * there. Forgotten when it is told or the next episode begins. */
SHD_MUST_USE bool shd_state_notified_add(
	struct shd_state *state, int64_t alert, const char *channel, struct shd_error *reterr);
SHD_MUST_USE bool shd_state_notified(struct shd_state *state, int64_t alert,
	struct shd_arena *arena, const char *const **ret_channels, size_t *ret_count,
	struct shd_error *reterr);
SHD_MUST_USE bool shd_state_notified_clear(struct shd_state *state, int64_t alert,
				       struct shd_error *reterr);

struct shd_delivery_row {
	int64_t outbox;
	struct shd_wall at;
	int attempt;
	bool ok;
	int status;
	const char *answer;           /* capped, redacted */
	const char *error;            /* or NULL */
	int64_t took_ms;
	const char *channel;          /* of the outbox row; read only */
};
/* Ends a claim: records one attempt and what becomes of the row: SENT, DEAD, or WAITING
 * until next_try. */
SHD_MUST_USE bool shd_state_outbox_settle(struct shd_state *state,
	const struct shd_delivery_row *row, enum shd_outbox_state becomes, struct shd_wall next_try,
	struct shd_error *reterr);
SHD_MUST_USE bool shd_state_deliveries(struct shd_state *state, int64_t alert,
				       struct shd_arena *arena, struct shd_delivery_row **ret_rows,
				       size_t *ret_count, struct shd_error *reterr);

/* --- history: what entities and feeds were before they changed -------------- */

/* Adds rows at the end, of one change set: first those of what is new (`was` NULL), then the
 * others, each in their order. New entities of a store and kind share a row of the file. */
SHD_MUST_USE bool shd_state_history_add(struct shd_state *state, const struct shd_history_row *rows,
					size_t count, struct shd_error *reterr);

/* Where the history begins (ms 0: there is none), and the numbers of its rows from
 * `since` on; first 0: none. */
struct shd_history_span {
	struct shd_wall begins;
	int64_t first, last;
};
SHD_MUST_USE bool shd_state_history_span(struct shd_state *state, struct shd_wall since,
	struct shd_history_span *ret_span, struct shd_error *reterr);

/* Every move of every alert, each alert's in order; texts live for the call. */
struct shd_past_event {
	const char *rule, *store, *entity;
	struct shd_wall at;
	enum shd_move move;
	enum shd_level to;
};
typedef void shd_past_event_fn(void *ctx, const struct shd_past_event *event);
SHD_MUST_USE bool shd_state_all_events(struct shd_state *state, shd_past_event_fn *visit, void *ctx,
				       struct shd_error *reterr);

/* A private copy of the file as it is now, in memory or an unnamed file; the original
 * is read only, also while the daemon writes to it. The functions below are for such a
 * copy. */
SHD_MUST_USE bool shd_state_copy(const char *path, struct shd_state **ret_copy,
				 struct shd_error *reterr);
/* No alerts, messages and wake-ups; metrics as they were before `since`. Their later
 * samples stay and are read by shd_state_samples_at. From then on the copy is in one
 * transaction: begin and commit do nothing, and after a rollback it is of no use. */
SHD_MUST_USE bool shd_state_rewind(struct shd_state *copy, struct shd_wall since,
				   struct shd_error *reterr);
/* One row of the history; *ret_row NULL when there is none of this number. */
SHD_MUST_USE bool shd_state_history_at(struct shd_state *copy, int64_t number,
				       struct shd_arena *arena, struct shd_history_row **ret_row,
				       struct shd_error *reterr);
SHD_MUST_USE bool shd_state_history_became(struct shd_state *copy, int64_t number,
					   const char *became, struct shd_error *reterr);
SHD_MUST_USE bool shd_state_entity_delete(struct shd_state *copy, const char *store,
					  enum shd_kind kind, const char *id,
					  struct shd_error *reterr);
SHD_MUST_USE bool shd_state_feed_delete(struct shd_state *copy, const char *store,
					const char *endpoint, struct shd_error *reterr);
/* When the first sample after `after` was taken; SHD_NEVER_MS: there is none. */
SHD_MUST_USE bool shd_state_sample_next(struct shd_state *copy, struct shd_wall after,
					struct shd_wall *ret_at, struct shd_error *reterr);
typedef void shd_past_sample_fn(void *ctx, const char *store, const struct shd_measure *measure);
SHD_MUST_USE bool shd_state_samples_at(struct shd_state *copy, struct shd_wall at,
				       shd_past_sample_fn *visit, void *ctx,
				       struct shd_error *reterr);

/* --- housekeeping -------------------------------------------------------------- */

/* Deletes what is older than it should be kept, in small steps: at most `max` rows
 * a call; *ret_more says that there is more to do. Samples before hourly_before become
 * one per hour (the hour's last, with its low and high), those before daily_before one
 * per day; days before samples_before go, and with them the entities that closed
 * before it, those that no list has had since, those of kinds that may never close (reviews,
 * questions, messages, notices, orders, parcels, cancellations) to which nothing happened since,
 * and all of a store that is not configured and was not asked for anything since. Alerts that are
 * over go with their events, messages that are sent or dead with their attempts. Call it within a
 * transaction. */
struct shd_retention {
	struct shd_wall samples_before, events_before, deliveries_before, hourly_before,
		daily_before;
	struct shd_wall history_before;
	const char *const *sources; /* the ids of all that are configured */
	size_t source_count;
};
SHD_MUST_USE bool shd_state_retain(struct shd_state *state, const struct shd_retention *retention,
				   size_t max, bool *ret_more, struct shd_error *reterr);

/* Moves what was committed from the log into the database file, on a connection of its
 * own: beside the state job, on any pool thread, one at a time, and never waiting
 * for a transaction. But it syncs both files, and a commit that is synced meanwhile waits for
 * the same disk; so call it every ten seconds or so, and when shd_state_logged_bytes is some
 * megabytes. A log that grows all the same is moved by the commit that makes it 32 MB long.
 * What fails is tried again by the next call. */
void shd_state_checkpoint(struct shd_state *state);

/* About what was committed since the last checkpoint began. Any thread. */
size_t shd_state_logged_bytes(const struct shd_state *state);

/* --- tokens, rates and reports of sources -------------------------------------------------- */

/* The newest tokens of a credential (auth/grant.h). Secrets: the state file has mode 0600. */
struct shd_token_row {
	const char *credential;
	const char *first;  /* SHA-256, hexadecimal, of the refresh token the operator wrote down */
	const char *access, *refresh; /* or NULL */
	struct shd_wall issued, expires, refresh_expires; /* 0: not known */
};
SHD_MUST_USE bool shd_state_token_put(struct shd_state *state, const struct shd_token_row *row,
				      struct shd_error *reterr);
/* Notes since when a credential is none of `credentials`, the configured ones, and deletes the
 * tokens of those that were none since before `before`: a refresh token that rotates is worth
 * something to an operator who makes a mistake, or takes a store out for a while. */
SHD_MUST_USE bool shd_state_tokens_keep(struct shd_state *state, const char *const *credentials,
					size_t count, struct shd_wall now, struct shd_wall before,
					struct shd_error *reterr);
/* All of them, in the arena. */
SHD_MUST_USE bool shd_state_tokens(struct shd_state *state, struct shd_arena *arena,
				   struct shd_token_row **ret_rows, size_t *ret_count,
				   struct shd_error *reterr);

/* How much something may be asked (poll/ledger.h). */
struct shd_bucket_row {
	const char *kind, *name, *operation; /* "operation": of the credential `name`; else "" */
	int64_t stated_micro_per_s;  /* the rate that the platform states, requests per second in
				    * millionths; 0: none */
	int64_t micro_tokens;      /* what was left, in millionths of a request, */
	struct shd_wall at;        /* then */
	struct shd_wall paused_until; /* 0: it is not paused */
};
SHD_MUST_USE bool shd_state_bucket_put(struct shd_state *state, const struct shd_bucket_row *row,
				       struct shd_error *reterr);
/* Deletes what was written before. */
SHD_MUST_USE bool shd_state_buckets_forget(struct shd_state *state, struct shd_wall before,
					   struct shd_error *reterr);
/* All of them, in the arena. */
SHD_MUST_USE bool shd_state_buckets(struct shd_state *state, struct shd_arena *arena,
				    struct shd_bucket_row **ret_rows, size_t *ret_count,
				    struct shd_error *reterr);

/* A report under way (job/job.h): what it does next, and not before when. */
struct shd_job_row {
	const char *source, *endpoint, *step;
	const char *id, *document; /* "": not known yet */
	int tries;
	struct shd_wall began, not_before;
};
SHD_MUST_USE bool shd_state_job_put(struct shd_state *state, const struct shd_job_row *row,
				    struct shd_error *reterr);
/* One that is not there is no error. */
SHD_MUST_USE bool shd_state_job_delete(struct shd_state *state, const char *source,
				       const char *endpoint, struct shd_error *reterr);
/* Deletes those that began before. */
SHD_MUST_USE bool shd_state_jobs_forget(struct shd_state *state, struct shd_wall before,
					struct shd_error *reterr);
/* All of them, in the arena. */
SHD_MUST_USE bool shd_state_jobs(struct shd_state *state, struct shd_arena *arena,
				 struct shd_job_row **ret_rows, size_t *ret_count,
				 struct shd_error *reterr);

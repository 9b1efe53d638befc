/* judge/parts.h - what the files of the judge share. Nobody else includes this.
 *
 *   judge.c          the transaction and its order of work
 *   batch.c          what one poll brings
 *   health.c         what a poll says of feed, poller and store
 *   catch_up.c       feeds that are to be read before their poller counts again
 *   reports.c        observations of the daemon's own: channels, configuration, clock
 *   observe.c        observations into entities; cross references
 *   sweep.c          what a list no longer has
 *   parcels.c        what is brought of the parcels of all stores
 *   env.c            what a rule reads of the store that is visited (reading.h)
 *   rule_index.c     the rules of each store, by what they are judged for
 *   verdict.c        verdicts, alerts, wake-ups
 *   history.c        the history: noted while it happens, and told again for a replay
 *   unwatched.c      what nobody looks at any more, and how its alerts end
 *   transitions.c    the transitions of alerts: notes them, and words them
 *   inhibition.c     alerts that hold back others
 *   notifications.c  who is told, and the messages
 *
 * Three things of three lifetimes are handed around, and a function takes those it reads:
 * the basis (rules, what is stored, what is remembered of it), the transaction under way,
 * and the visit to one store within it. false means: the transaction is to be given up. */
#pragma once
#include "base/table.h"
#include "catalog/derive.h"
#include "judge.h"
#include "overlay.h"
#include "reading.h"
#include "rule/match.h"
#include "rule/eval/tally.h"

/* How long what changes with every good poll (last success) may go unwritten. */
#define SHD_FACT_MS (30 * SHD_SECOND_MS)

/* Where a rule stands in a list of another order. */
struct shd_place {
	const char *id;
	size_t at;
};

/* The rules as some stores have them, by what they are judged for. */
struct shd_rule_lists {
	const struct shd_rules *rules;
	const struct shd_rule **all;     /* what the others point into */
	const struct shd_rule **of_kind[SHD_KIND_COUNT], **of_store;
	size_t of_kind_count[SHD_KIND_COUNT], of_store_count;
	struct shd_place *places;        /* of of_store, sorted by id */
	UT_hash_handle hh;               /* by `rules` */
};

/* What changed in a store within this transaction. */
struct shd_touched {
	uint64_t metrics, fields[SHD_KIND_COUNT];
	uint32_t kinds, pollers;
	uint32_t regained;           /* pollers whose blindness changed: all they bring */
	uint64_t read;               /* feeds that are no longer behind */
	bool listed;                 /* in txn->touched_places */
};

/* What is judged together: a store; a source that serves all stores, under its own id; the
 * daemon itself. Kept over transactions: a cache of the state (dropped when a transaction
 * is given up), and counters that may be lost. */
struct shd_store_memory {
	const char *id;
	const struct shd_store *settings; /* NULL: it is no store */
	const struct shd_source *source;  /* whose pollers it has; NULL: the daemon */
	struct shd_poller_fact pollers[SHD_POLLER_COUNT];
	struct shd_rule_lists *lists;
	struct shd_tally_store *tally;
	int64_t skew_ms;             /* INT64_MIN: not known */
	int64_t slot;                /* five-minute slot that requests[0] counts */
	uint32_t requests[12], throttled[12];
	bool watched;                /* the store entity has watched_since, and not in the future */
	bool admitted;               /* the store entity tells of no lock-out */
	uint64_t unread;             /* feeds that are behind, bit per row of the market */
	struct shd_wall unread_since;
	uint32_t asked;              /* pollers that a rule could not read because of that */
	int64_t *not_before_ms;      /* by rule of the whole store; NULL: none is put off */
	int64_t throttled_share;     /* as stored; -1: not known */
};

/* An entity to be judged. */
struct shd_dirty {
	enum shd_kind kind;
	const char *id;
	const struct shd_entity *entity; /* NULL: read it again */
	struct shd_wall derive_wake;
	UT_hash_handle hh;
};

/* What the listings of a sku say, by sku. */
struct shd_product {
	bool known;                      /* there is one */
	const char *category;            /* NULL: none of them says */
	UT_hash_handle hh;
};

/* A transition of this transaction; who is told of it is found out at the end. */
struct shd_noted_transition {
	struct shd_transition what;      /* texts in the transaction's arena */
	const struct shd_rule *rule;     /* NULL: it is gone */
	const struct shd_store_memory *store;
	bool tell;
	bool again;                      /* it happened before; those who were told are gone */
	struct shd_noted_transition *next;
};

/* What the judge goes by. */
struct shd_basis {
	struct shd_judge_in in;
	struct shd_overlay *overlay;     /* what is stored, as this transaction leaves it */
	const struct shd_stored *read;   /* the same, for reading */
	struct shd_store_memory *memory; /* all, sorted by id */
	size_t memory_count;
	struct shd_store_memory *daemon; /* among them */
	struct shd_rule_lists *lists;    /* hash */
	struct shd_tally *tally;
};

/* One transaction. */
struct shd_txn {
	bool open;
	struct shd_wall now;
	struct shd_arena *arena;         /* until its end */
	struct shd_outcome *outcome;     /* the caller's */
	struct shd_touched *touched;     /* by place in basis->memory */
	size_t *touched_places, touched_count; /* in the order of the first change */
	struct shd_noted_transition *transitions, **transitions_end; /* alerts, in order */
	bool skewed;                     /* a store's clock differs from before */
	struct shd_text record;          /* of the history row being written */
};

/* One store, while it is worked on. */
struct shd_visit {
	struct shd_store_memory *store;
	size_t place;                    /* of it, in basis->memory */
	const struct shd_rule_lists *lists; /* its rules */
	const struct shd_entity *entity; /* the store's own; NULL: not read, or there is none */
	bool entity_read;
	struct shd_arena *store_arena;   /* of that */
	struct shd_arena *keep;          /* entities to be judged */
	struct shd_arena *scratch;       /* one entity at a time */
	uint32_t fresh;                  /* kinds that a good answer just spoke of */
	struct shd_dirty *dirty;         /* hash by kind and id */
	struct shd_dirty *skus;          /* hash of products whose stock is counted again */
	struct shd_product *products;    /* hash of those asked for; in the transaction's arena */
	struct shd_alert *at_hand;       /* all alerts of the entity that is judged, one look-up */
	size_t at_hand_count;            /* instead of one for every rule */
};

/* Only the functions of judge.h take all of it. */
struct shd_judge {
	struct shd_basis basis;
	struct shd_txn txn;
	struct shd_visit visit;
};

/* NULL: it is not configured. */
struct shd_store_memory *shd_judge_find(const struct shd_basis *basis, const char *id);
/* Where the pollers of a source are judged. */
struct shd_store_memory *shd_judge_of_source(
	const struct shd_basis *basis, const struct shd_source *source);

/* Of a store; of a source that serves all, its adapter; `daemon`. */
const char *shd_judge_marketplace(const struct shd_store_memory *store);

/* judge.c: notes a change of the store at hand for the end of the transaction. */
struct shd_touched *shd_judge_touch(struct shd_txn *txn, const struct shd_visit *visit);
/* Makes `store` the one that is worked on. */
void shd_judge_enter(const struct shd_basis *basis, struct shd_visit *visit,
		     struct shd_store_memory *store);

/* batch.c */
SHD_MUST_USE bool shd_judge_take(const struct shd_basis *basis, struct shd_txn *txn,
				 struct shd_visit *visit, const struct shd_batch *batch,
				 struct shd_error *reterr);

/* rule_index.c: once there are settings, rules and memory. */
void shd_judge_lists_create(struct shd_basis *basis);
void shd_judge_lists_destroy(struct shd_basis *basis);
/* Sorts by id; then, the first place of an id, false: there is none. */
void shd_judge_sort_places(struct shd_place *places, size_t count);
bool shd_judge_find_place(const struct shd_place *places, size_t count, const char *id,
			  size_t *ret_at);

/* health.c: the feed's row as the poll leaves it, and what it was before; then,
 * with that row stored, what poller and store look like. */
SHD_MUST_USE bool shd_judge_feed(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_batch *batch,
	const struct shd_feed_row **ret_before, struct shd_feed_row *ret_row,
	struct shd_error *reterr);
SHD_MUST_USE bool shd_judge_facts(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_batch *batch, const struct shd_feed_row *feed,
	bool error_changed, struct shd_error *reterr);
SHD_MUST_USE bool shd_judge_poller(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, enum shd_poller poller, struct shd_error *reterr);
/* catch_up.c: a feed of the poller is to be read (never of SHD_POLLER_COUNT); all of these
 * pollers, bit per poller; and there is time for it until *ret_until, which may be NULL. */
bool shd_judge_unread(
	const struct shd_txn *txn, const struct shd_visit *visit, enum shd_poller poller);
uint32_t shd_judge_unread_pollers(const struct shd_txn *txn, const struct shd_visit *visit);
bool shd_judge_catches_up(const struct shd_txn *txn, const struct shd_visit *visit,
	enum shd_poller poller, struct shd_wall *ret_until);
/* Takes note that the feed is no longer behind; true when it was the last of its poller. */
bool shd_judge_is_read(struct shd_txn *txn, const struct shd_visit *visit,
	const struct shd_batch *batch, const struct shd_feed_row *feed);
/* After the commit. */
void shd_judge_keep_read(const struct shd_basis *basis, const struct shd_txn *txn);

/* The daemon's own clock, as the stores see it. */
SHD_MUST_USE bool shd_judge_skew(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, struct shd_error *reterr);
/* When a poller becomes blind unless it succeeds before. */
struct shd_wall shd_judge_blind_at(const struct shd_entity *poller);

/* An observation of the daemon's own. */
struct shd_seen {
	struct shd_entity entity;
	struct shd_value fields[64];
};
void shd_seen_start(struct shd_seen *seen, enum shd_kind kind, const char *id);
void shd_seen_n(struct shd_seen *seen, enum shd_field field, int64_t n);
void shd_seen_time(struct shd_seen *seen, enum shd_field field, struct shd_wall time); /* 0: none */
void shd_seen_text(struct shd_seen *seen, enum shd_field field, const char *text); /* NULL: none */

/* history.c: rows of the history. */
SHD_MUST_USE bool shd_judge_note(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_entity *before,
	const struct shd_entity *entity, uint64_t changed, struct shd_error *reterr);
SHD_MUST_USE bool shd_judge_note_feed(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_feed_row *before,
	const struct shd_feed_row *feed, int64_t blind_ms, struct shd_error *reterr);

/* judge.c: all pollers of the store. */
SHD_MUST_USE bool shd_judge_pollers(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, struct shd_error *reterr);

/* observe.c: the entity as this transaction has it (NULL: there is none) and a copy to be changed;
 * then what was made of that copy is kept, with what follows from it. `feed`: the endpoint that
 * lists it, "": none does, NULL: as it was. */
SHD_MUST_USE bool shd_judge_load(const struct shd_basis *basis, const struct shd_visit *visit,
	enum shd_kind kind, const char *id, struct shd_arena *arena,
	const struct shd_entity **ret_before, struct shd_entity **ret_entity,
	struct shd_error *reterr);
SHD_MUST_USE bool shd_judge_change(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_entity *before, struct shd_entity *entity,
	const char *feed, struct shd_error *reterr);
SHD_MUST_USE bool shd_judge_upsert(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_entity *seen, const struct shd_endpoint *row,
	struct shd_error *reterr);
/* `row` is what brought them; NULL: nothing is said of those that cannot be read. */
SHD_MUST_USE bool shd_judge_measures(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_harvest *harvest, const struct shd_endpoint *row,
	struct shd_error *reterr);
SHD_MUST_USE bool shd_judge_sweep(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_batch *batch, struct shd_feed_row *feed,
	struct shd_error *reterr);
SHD_MUST_USE bool shd_judge_recount(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, struct shd_error *reterr);
/* parcels.c: of a source without a store; afterwards another store is worked on. */
SHD_MUST_USE bool shd_judge_parcels(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_batch *batch, struct shd_error *reterr);
/* Derives what time changed, writes it, and puts the entity on the list. */
SHD_MUST_USE bool shd_judge_refresh(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, enum shd_kind kind, const char *id, struct shd_error *reterr);
void shd_judge_dirty(struct shd_visit *visit, enum shd_kind kind, const char *id,
		     const struct shd_entity *entity, struct shd_wall derive_wake);
/* Notes what of the entity can no longer be read, or never could (NULL: it is new). */
void shd_judge_note_unread(struct shd_txn *txn, const struct shd_visit *visit,
	const struct shd_entity *before, const struct shd_entity *entity);

/* A copy that can change while `before` (NULL: there is none) stays; NULL: no room. */
struct shd_entity *shd_judge_copy(const struct shd_entity *before, enum shd_kind kind,
				  const char *id, struct shd_arena *arena);

/* env.c: what the rule (NULL: any) reads of the store that is visited. */
struct shd_reading shd_judge_reading(const struct shd_basis *basis, const struct shd_txn *txn,
				     const struct shd_visit *visit, const struct shd_rule *rule);
SHD_MUST_USE bool shd_judge_store_entity(
	const struct shd_basis *basis, struct shd_visit *visit, struct shd_error *reterr);
SHD_MUST_USE bool shd_judge_fact(const struct shd_basis *basis, struct shd_visit *visit,
	enum shd_poller poller, struct shd_poller_fact **ret_fact, struct shd_error *reterr);

/* Everything on the list; the rules of the whole store that read something of `touched`;
 * one of them by id; alerts whose rule is gone. */
SHD_MUST_USE bool shd_judge_listed(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, struct shd_error *reterr);
SHD_MUST_USE bool shd_judge_whole(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const struct shd_touched *touched, struct shd_error *reterr);
SHD_MUST_USE bool shd_judge_rule(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, const char *id, struct shd_error *reterr);
SHD_MUST_USE bool shd_judge_open_alerts(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, struct shd_error *reterr);

/* unwatched.c: ends an open alert. Those who were told of it hear that nobody watches it any
 * more: what it warned of may well go on. */
SHD_MUST_USE bool shd_judge_drop(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, struct shd_alert *alert, const char *reason,
	struct shd_error *reterr);
/* Whether the store's configuration switches the poller off; never for SHD_POLLER_COUNT. */
bool shd_judge_is_off(const struct shd_visit *visit, enum shd_poller poller);
/* In words, why nobody reads the poller; NULL: it is read. */
const char *shd_judge_idle(const struct shd_visit *visit, enum shd_poller poller,
			   struct shd_arena *arena);
/* Ends the alerts of a poller that became idle. */
SHD_MUST_USE bool shd_judge_end_poller(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, enum shd_poller poller, struct shd_error *reterr);
/* Ends the alerts of stores that are no longer configured, and closes their entities. */
SHD_MUST_USE bool shd_judge_end_stores(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, struct shd_error *reterr);
/* The same for channels; those who were told of one are told that it is over. */
SHD_MUST_USE bool shd_judge_end_channels(const struct shd_basis *basis, struct shd_txn *txn,
	struct shd_visit *visit, struct shd_error *reterr);

/* An open alert of the store that only channels were told of which are gone is told to those who
 * would hear of it now. */
SHD_MUST_USE bool shd_judge_pass_on(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, struct shd_error *reterr);

/* transitions.c: notes a transition of the alert. entity: NULL when it is gone. Then, that the
 * alert was ended because nobody watches it any more; rule: NULL when it is gone. */
SHD_MUST_USE bool shd_judge_transition(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_rule *rule, const struct shd_entity *entity,
	const struct shd_alert *alert, const struct shd_alert_move *move, struct shd_error *reterr);
SHD_MUST_USE bool shd_judge_dropped(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_rule *rule, const struct shd_alert *alert,
	const struct shd_alert_move *move, const char *why, struct shd_error *reterr);
/* What is open is told as new; it is no transition of the alert. */
SHD_MUST_USE bool shd_judge_told_again(const struct shd_basis *basis, struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_rule *rule, const struct shd_entity *entity,
	const struct shd_alert *alert, struct shd_error *reterr);
/* Copies them for the journal, as far as there is room. */
void shd_judge_show_transitions(
	const struct shd_noted_transition *noted, struct shd_outcome *outcome);

/* inhibition.c: whether nobody is told, because an alert holds this one back. Then, when an
 * alert that was held back is to be told, because it outlived that one; SHD_NEVER_MS: it was
 * told, or is still held back, or never was. */
SHD_MUST_USE bool shd_judge_is_inhibited(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_noted_transition *noted, bool *ret_inhibited, struct shd_error *reterr);
SHD_MUST_USE bool shd_judge_held_back(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_rule *rule, const struct shd_alert *alert,
	struct shd_wall *ret_at, struct shd_error *reterr);
/* An alert of the rule ended: wakes what it held back. */
SHD_MUST_USE bool shd_judge_let_go(const struct shd_basis *basis, const struct shd_txn *txn,
	const struct shd_visit *visit, const struct shd_rule *rule, const struct shd_alert *ended,
	struct shd_error *reterr);

/* notifications.c: the transitions, with the routes, becomes events and messages. */
SHD_MUST_USE bool shd_judge_notify(
	const struct shd_basis *basis, struct shd_txn *txn, struct shd_error *reterr);

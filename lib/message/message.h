/* message/message.h - what a person reads.
 *
 * Facts of one or more alerts become a message in the reader's language and time
 * zone: what, which store, value beside limit, how long it lasts or how much time
 * is left, money at risk, what to do next, link to the seller's cabinet. Texts
 * come from conf/texts/{en,zh,ru}.yaml, formatted by ICU. Pure; safe on any
 * thread once the texts are loaded. */
#pragma once
#include "alert/alert.h"

struct shd_phrasebook; /* texts of all languages */

/* docs[i] is the document of language i. Every language must have every text that
 * texts.def lists, with arguments ICU accepts; all mistakes go to diags. */
struct shd_phrasebook *shd_phrasebook_create(struct shd_doc *const docs[SHD_LANGUAGE_COUNT],
					     struct shd_diags *diags);
void shd_phrasebook_destroy(struct shd_phrasebook *book);

/* What the outbox keeps of one alert's move; enough to render without any look at
 * the state. Kept as JSON in the row. */
struct shd_facts {
	int64_t alert;           /* number */
	int episode;
	enum shd_move move;
	enum shd_level level, from_level;
	const char *rule, *store, *entity;
	const char *marketplace;
	const char *subject;     /* the entity in words: order number, product title; or "" */
	const char *url;         /* seller-side page, or NULL */
	const char *product;     /* in words, where the subject is not the product; or NULL */
	const char *quote;       /* what the buyer or the marketplace wrote of it; or NULL */
	int64_t units;           /* pieces, in micro-units; 0: not known */
	struct shd_value amount; /* money that was paid for them; or none, or 0 of no type */
	struct shd_wall ship_by; /* of an order; ms 0: none */
	struct shd_wall at;      /* when it was decided */
	struct shd_wall since;   /* when the episode began */
	struct shd_value value, limit, cost, room;
	uint32_t sample_hit, sample_of;
	struct shd_wall due;     /* ms 0: none */
	struct shd_wall unlisted; /* since when its list lacks the entity; ms 0: it does not */
	bool unwatched;          /* RESOLVED, but only because nobody looks any more */
	uint32_t more;           /* so many further alerts of the same rule, store and move that
				  * the message does not list one by one; on its last item */
};

/* The rule of which no file tells: that the state keeps nothing (deliver.h). Alert number 0, as
 * the state has none. */
#define SHD_RULE_UNKEPT "state-not-kept"

/* JSON text of facts and back. Returned texts live in the arena. */
char *shd_facts_pack(const struct shd_facts *facts, size_t count, struct shd_arena *arena);
SHD_MUST_USE bool shd_facts_unpack(const char *json, struct shd_arena *arena,
				  struct shd_facts **ret_facts, size_t *ret_count,
				  struct shd_error *reterr);

/* One rendered alert inside a message. */
struct shd_message_item {
	const struct shd_facts *facts;
	const char *level;       /* "Critical"; "Resolved" once it is over */
	const char *title;       /* rule title */
	const char *heading;     /* both: "[Critical] Low stock" */
	const char *line;        /* one sentence: value beside limit, time left */
	const char *goods;       /* "Kettle × 2, 1 990 RUB, ship by Tue 14:00 MSK", or NULL */
	const char *quote;       /* the buyer's own words, or NULL */
	const char *advice;      /* or NULL */
	const char *cost;        /* "5 069 RUB at risk", or NULL */
	const char *reason;      /* why this message came: new, escalated, resolved */
};

struct shd_message {
	const char *subject;     /* one line, at most 120 characters */
	const char *intro, *footer;
	const char *late_note;   /* says that it is late, or NULL */
	const char *advice_heading, *link_text; /* "What to do", "Open in ..." */
	const char *more_note;   /* "and 3 more", or NULL */
	const char *type;        /* for machines: "alert.firing", ".escalated", ".resolved",
				  * ".flapping"; of several kinds the first of these */
	enum shd_level level;    /* the worst of its items */
	bool resolved;           /* all items are resolved */
	const char *thread;      /* stable over the episode, for mail threading */
	struct shd_message_item *items;
	size_t count;
	const char *language;
	const char *timezone;
	struct shd_wall made;    /* when the newest of its items was decided */
	bool late;               /* decided more than 5 min before it is sent */
};

/* Renders for one channel. Everything lives in the arena. `rules`, as the store has them,
 * supply titles, advice and messages (in which {title} {value} {limit} {left} {about} {store} are
 * filled in); a rule that no longer exists is shown by its id. Items are ordered
 * worst first. Errors: LIMIT, the arena is too small. */
SHD_MUST_USE bool shd_message_render(const struct shd_phrasebook *book,
				     const struct shd_rules *rules,
				     const struct shd_facts *facts, size_t count,
				     enum shd_language language, const char *timezone,
				     struct shd_wall now, struct shd_arena *arena,
				     struct shd_message *ret_message, struct shd_error *reterr);

/* Texts of single values in a language: "4.6", "2.5 %", "in 5 h 20 min",
 * "5 000 RUB", "Tue 14:00 MSK". Lives in the arena. */
const char *shd_wording_value(const struct shd_phrasebook *book, enum shd_language language,
			  const char *timezone, const struct shd_value *value,
			  struct shd_arena *arena);
const char *shd_wording_time_left(const struct shd_phrasebook *book, enum shd_language language,
			      const char *timezone, struct shd_wall due, struct shd_wall now,
			      struct shd_arena *arena);

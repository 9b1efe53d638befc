/* rule/rule.h - compiles rules from YAML, and judges one of them.
 *
 * Judging is a function of (rule, what is stored, now): the daemon, rule tests and replay use
 * the same compiled rules. Judging allocates nothing, except for a tally (eval/tally.h). A
 * compiled set is read-only and safe on any thread. */
#pragma once
#include "base/language.h"
#include "conf/node.h"
#include "rule/eval/env.h"
#include "rule/language/word_lists.h"

enum shd_level { SHD_LEVEL_NONE, SHD_INFO, SHD_WARN, SHD_CRITICAL, SHD_BREACHED, SHD_LEVEL_COUNT };
const char *shd_level_name(enum shd_level level); /* "none", "info", "warning", ... */
/* False: there is no level of that name. "none" is SHD_LEVEL_NONE. */
bool shd_level_find(const char *name, enum shd_level *ret_level);

/* What a rule's own message may contain, as {value}. */
enum shd_placeholder {
#define PLACEHOLDER(name, doc) SHD_PLACEHOLDER_##name,
#include "placeholders.def"
#undef PLACEHOLDER
	SHD_PLACEHOLDER_COUNT
};

/* The placeholder that the text begins with, and its length with the braces; false: none. */
bool shd_placeholder_at(const char *text, enum shd_placeholder *ret_placeholder, size_t *ret_len);

struct shd_rule {
	const char *id;
	const char *title[SHD_LANGUAGE_COUNT];   /* falls back to en, then to id */
	const char *advice[SHD_LANGUAGE_COUNT];  /* NULL: none */
	const char *message[SHD_LANGUAGE_COUNT]; /* NULL: made from title, value and limit */
	const char *runbook, *source;            /* or NULL */
	struct shd_pairs labels;
	bool each;                               /* one alert per entity of `kind` */
	enum shd_kind kind;
	bool tell_resolved;                      /* false: nobody is notified that it ended */
	const char *const *inhibited_by;         /* rule ids: while one fires, nobody is notified */
	size_t inhibited_by_count;
	int64_t for_ms, clear_for_ms;
	int for_hits, for_of;                    /* `3 of 5`; 0: not used */
	bool deadline;                           /* has `due` */
	/* What it reads: a rule is judged again when one of these changed. */
	uint32_t reads_kinds;                    /* bit per kind, its own included */
	uint64_t reads_metrics;                  /* bit per metric */
	uint32_t brought_by;                     /* bit per poller that brings one of these */
	/* By kind, a bit per field; a window reads opened_at too. A rule with `each` may
	 * read further fields of its own kind. The topmost bit is the id. */
	uint64_t reads_fields[SHD_KIND_COUNT];
	uint32_t reads_pollers;                  /* bit per poller, by age_of() */
	/* private: */
	const struct shd_rule_code *code;
};

struct shd_rules;
struct shd_text;

/* What a configuration says about rules, besides their own files. */
struct shd_rule_setup {
	const struct shd_node *overrides;     /* for all stores: map rule id -> keys, or NULL */
	const struct shd_calendars *calendars; /* that a rule may name, or NULL */
	const struct shd_store *stores;       /* with overrides of their own */
	size_t store_count;
};

/* Compiles all rules of the documents. setup may be NULL. Borrows word_lists, the stores' ids and
 * the calendars for as long as the set lives, but not the documents. Returns owned; NULL when diags
 * got a mistake, or a document is flawed. */
struct shd_rules *shd_rules_compile(struct shd_doc *const *docs, size_t count,
	const struct shd_rule_setup *setup, const struct shd_word_lists *word_lists,
	struct shd_diags *diags);
void shd_rules_destroy(struct shd_rules *rules);
size_t shd_rules_count(const struct shd_rules *rules);
const struct shd_rule *shd_rules_at(const struct shd_rules *rules, size_t i);
const struct shd_rule *shd_rules_find(const struct shd_rules *rules, const char *id);

/* The rules as the store of this id has them: the same ids in the same order, with a rule of its
 * own where the store's overrides change one. Stores with equal overrides share them. The set
 * itself for a store without overrides; NULL for NULL. Lives as long as the set. */
const struct shd_rules *shd_rules_of(const struct shd_rules *rules, const char *store);

/* The aggregates that a tally can keep for these rules and their variants. Lives as long as the
 * set. */
struct shd_series_list;
const struct shd_series_list *shd_rules_series(const struct shd_rules *rules);

/* Whether the rule watches this store (`stores`, `enabled`). Reads only the store of the
 * environment: its marketplace, kind, region, labels. */
bool shd_rule_applies(const struct shd_rule *rule, const struct shd_rule_env *env);

enum shd_judgement {
	SHD_JUDGED,      /* the level is known; NONE: all is well */
	SHD_UNKNOWN,     /* something that it reads is absent or cannot be read: neither fires nor
			  * resolves */
	SHD_TOO_FEW,     /* not enough data: `needs` does not hold, or a share of no orders; no
			  * alert */
	SHD_NOT_WATCHED, /* `where` or `stores` excludes it, or the entity is closed */
};

struct shd_verdict {
	enum shd_judgement judgement;
	enum shd_level level;       /* the worst level that holds */
	bool clear;                 /* there is no `clear` expression, or it holds */
	uint8_t not_clear;          /* bit per level above this one whose own `clear` does not
				     * hold: an alert at that level stays at it */
	struct shd_value value;     /* `value`, or the left side of the deciding comparison */
	struct shd_value limit;     /* and its right side; or none */
	uint32_t sample_hit, sample_of; /* a share's sample: 1 of 3; 0 of 0: there is none */
	struct shd_wall due;        /* deadline rules; ms 0: none */
	struct shd_value cost;      /* money at risk; none: nothing, or not known */
	struct shd_value room;      /* how many more hits until the next level; or none */
	struct shd_wall wake;       /* the next instant at which time alone may change this
				     * verdict; SHD_NEVER_MS: not by time alone */
	bool failing;               /* one of the pollers of every_ms is failing */
	int64_t every_ms;           /* for `3 of 5`: the longest interval of the pollers that
				     * bring what it reads; 0: each judgement counts */
	const char *why;            /* UNKNOWN, TOO_FEW: the name that was missing; else NULL */
};

/* Judges one rule for one store or entity. */
void shd_rule_judge(const struct shd_rule *rule, const struct shd_rule_env *env,
		    struct shd_verdict *ret_verdict);

/* The source text of a level's condition, for messages; NULL: the rule does not have the level. */
const char *shd_rule_condition(const struct shd_rule *rule, enum shd_level level);

/* The source text of a level's own `clear`; NULL: it has none. */
const char *shd_rule_clear_condition(const struct shd_rule *rule, enum shd_level level);

/* The other expressions of a rule. X(key) */
#define SHD_RULE_PART_MAP(X) X(stores) X(where) X(due) X(value) X(needs) X(clear) X(cost)
enum shd_rule_part {
#define X(name) SHD_PART_##name,
	SHD_RULE_PART_MAP(X)
#undef X
		SHD_PART_COUNT
};
const char *shd_rule_part_name(enum shd_rule_part part);

/* Appends the source text of the expression; false when the rule has none. */
bool shd_rule_part(const struct shd_rule *rule, enum shd_rule_part part, struct shd_text *out);

/* What the room of a verdict at `level` counts: the next level, and the kind of entity, or
 * SHD_KIND_COUNT where that does not follow from the rule or the rule counts what is missing.
 * Appends the condition that such an entity meets, nothing when there is none. False: there is no
 * level above. */
bool shd_rule_room(const struct shd_rule *rule, enum shd_level level, enum shd_level *ret_next,
	enum shd_kind *ret_kind, struct shd_text *where);

/* What a plain number that the rule shows at `level` counts: entities of a kind, by a count(...);
 * or pieces, SHD_KIND_stock, by a field of a stock. SHD_KIND_COUNT: neither. */
enum shd_kind shd_rule_counts(const struct shd_rule *rule, enum shd_level level);

/* False: `enabled: false`, the rule watches no store. */
bool shd_rule_enabled(const struct shd_rule *rule);

/* rule/language/expr.h - an expression of the rules language as a tree.
 *
 *   text --shd_parse--> tree --shd_check--> typed tree --shd_eval (eval.h)--> value
 *
 * The tree lives in one arena and is read-only once checked. Pure. */
#pragma once
#include "base/calendar.h"
#include "lex.h"
#include "word_lists.h"

/* X(NAME, "operator as written", precedence; 0 for what is not an operator) */
#define SHD_OP_MAP(X)                                                                              \
	X(LITERAL, "", 0)                                                                          \
	X(NAME, "", 0)                                                                             \
	X(LIST, "", 0)                                                                             \
	X(CALL, "", 0)                                                                             \
	X(AGGREGATE, "", 0)                                                                        \
	X(COND, "?", 1)                                                                            \
	X(OR, "or", 2)                                                                             \
	X(AND, "and", 3)                                                                           \
	X(NOT, "not", 4)                                                                           \
	X(LT, "<", 5)                                                                              \
	X(LE, "<=", 5)                                                                             \
	X(GT, ">", 5)                                                                              \
	X(GE, ">=", 5)                                                                             \
	X(EQ, "==", 5)                                                                             \
	X(NE, "!=", 5)                                                                             \
	X(IN, "in", 5)                                                                             \
	X(IS_NONE, "is none", 5)                                                                   \
	X(IS_SOME, "is not none", 5)                                                               \
	X(IS_UNREADABLE, "is unreadable", 5)                                                       \
	X(MATCHES, "matches", 5)                                                                   \
	X(CONTAINS, "contains", 5)                                                                 \
	X(ELSE, "else", 6)                                                                         \
	X(ADD, "+", 7)                                                                             \
	X(SUB, "-", 7)                                                                             \
	X(MUL, "*", 8)                                                                             \
	X(DIV, "/", 8)                                                                             \
	X(NEGATE, "-", 9)

enum shd_op {
#define X(id, text, precedence) SHD_OP_##id,
	SHD_OP_MAP(X)
#undef X
	SHD_OP_COUNT
};
/* As written: "<=", "and". */
const char *shd_op_text(enum shd_op op);

/* Functions, `min(a, b)`, and aggregates, `min(order.amount last 7d)`. */
enum shd_function {
#define FUNCTION(name, min, max, rule, takes, gives, example, doc) SHD_FN_##name,
#include "functions.def"
#undef FUNCTION
	SHD_FN_COUNT
};
enum shd_aggregate {
#define AGGREGATE(name, over_entities, over_samples, rule, gives, example, doc) SHD_AGG_##name,
#include "functions.def"
#undef AGGREGATE
	SHD_AGG_COUNT
};

/* What people are told of one that can be called; `takes`: of an aggregate, what its window may go
 * over. */
struct shd_call_row {
	const char *name, *takes, *gives, *example, *doc;
};
const struct shd_call_row *shd_function_row(enum shd_function function);
const struct shd_call_row *shd_aggregate_row(enum shd_aggregate aggregate);

/* What a name stands for; `index` of the expression says which of them. */
enum shd_ref {
	SHD_REF_NONE,          /* not resolved */
	SHD_REF_NOW,
	SHD_REF_TODAY,         /* the store's last midnight */
	SHD_REF_FIELD,         /* index of a field within its kind */
	SHD_REF_ID,            /* of the entity */
	SHD_REF_AGE,
	SHD_REF_IDLE,
	SHD_REF_DUE,
	SHD_REF_REMAINING,
	SHD_REF_VALUE,
	SHD_REF_STORE_FIELD,   /* index of a field of the kind store */
	SHD_REF_STORE_SETTING, /* index of enum shd_store_name */
	SHD_REF_STORE_LABEL,   /* name of the label in `label` */
	SHD_REF_METRIC,
	SHD_REF_TARGET,        /* the platform's own limit for metric `index` */
	SHD_REF_WORD_LIST,
	SHD_REF_POLLER,
};

/* Names that stand alone besides fields and metrics. */
enum shd_name_scope { SHD_SCOPE_ENTITY, SHD_SCOPE_RULE, SHD_SCOPE_ANY };
struct shd_name_row {
	const char *name;
	enum shd_name_scope scope;
	enum shd_type type;
	int index;
	const char *doc;
};
enum shd_name {
#define NAME(name, scope, type, index, doc) SHD_NAME_##name,
#include "names.def"
#undef NAME
	SHD_NAME_COUNT
};
const struct shd_name_row *shd_name_row(enum shd_name name);

/* Names after `store.` that come from the configuration, besides the fields of the
 * kind store. X(NAME, TYPE, "allowed words", "what it is") */
#define SHD_STORE_NAME_MAP(X) \
	X(id, TEXT, "", "its id in the configuration") \
	X(marketplace, TEXT, "ozon amazon aliexpress custom daemon", "where it sells") \
	X(kind, TEXT, "local crossborder", "whether it sells across a border") \
	X(region, TEXT, "", "as configured") \
	X(timezone, TEXT, "", "in which its times are shown and its days begin") \
	X(opened_at, TIME, "", "when it opened: as configured, else as the marketplace says") \
	X(age, DURATION, "", "now - store.opened_at") \
	X(currency, TEXT, "", "in which it sells")

enum shd_store_name {
#define X(name, type, words, doc) SHD_OF_STORE_##name,
	SHD_STORE_NAME_MAP(X)
#undef X
		SHD_OF_STORE_COUNT
};
struct shd_store_name_row {
	const char *name;
	enum shd_type type;
	const char *words, *doc;
};
const struct shd_store_name_row *shd_store_name_row(enum shd_store_name name);

struct shd_alphabets;
struct shd_regex;
struct shd_word_list;

struct shd_expr {
	enum shd_op op;
	uint32_t at, width;      /* bytes of the source */
	uint32_t height;         /* 1 for a leaf */
	uint32_t count;          /* of args */
	struct shd_expr **args; /* operands; AGGREGATE: duration or, with `since`, a time; condition
				 * (if any) */
	bool since;              /* AGGREGATE: its window begins at a time, and has no length */
	struct shd_value value;  /* LITERAL */
	const char *name;        /* NAME "store.kind"; CALL, AGGREGATE: the function */
	const char *subject;     /* AGGREGATE: "order.amount" */
	uint32_t subject_at;
	const char *time_name;   /* AGGREGATE: after `at`; NULL: opened_at */
	uint32_t time_at;

	/* Set by shd_check. */
	bool bad;                /* a mistake in it was reported */
	bool is_list;            /* LIST: not a single value */
	bool is_word_list;       /* words.NAME: not a single value */
	enum shd_type type;
	char currency[4];        /* MONEY: where it is known */
	const char *allowed_words; /* TEXT: the only values it can have, space separated; "": any */
	enum shd_ref ref;        /* NAME; AGGREGATE: FIELD or METRIC, NONE for whole entities */
	int index;
	int time;                /* AGGREGATE over entities: the field that its window goes by */
	uint32_t series;         /* AGGREGATE: number of its series (series.h); 0: none */
	bool inner;              /* read from the window's entity, not from the rule's */
	enum shd_kind kind;      /* FIELD, ID, ...: of which kind */
	enum shd_function function;
	enum shd_aggregate aggregate;
	const char *label;
	const struct shd_calendar *calendar; /* business_days: the named one, NULL: the store's */
	const struct shd_regex *regex;      /* MATCHES */
	const struct shd_word_list *word_list; /* words.NAME; CONTAINS: that of its right side */
	const struct shd_alphabets *alphabets; /* mixed_script */
};

/* Limits, each with its own message. */
enum { SHD_EXPR_BYTES = 4096, SHD_EXPR_HEIGHT = 64, SHD_LIST_ITEMS = 256 };

/* Parses text[0..len). NULL when something was reported. Borrows nothing; the tree
 * and its texts live in the arena. */
struct shd_expr *shd_parse(const char *text, size_t len, struct shd_arena *arena,
			   struct shd_expr_mistakes *mistakes);

/* Appends the expression with as few parentheses as it needs; parsing that text
 * gives an equal tree. */
void shd_expr_print(const struct shd_expr *expr, struct shd_text *out);

/* Same operators, names and values; positions in the source do not count. */
bool shd_expr_equal(const struct shd_expr *a, const struct shd_expr *b);

/* The bit of reads_fields that stands for the entity's id. */
#define SHD_READS_ID (1ULL << 63)

/* What the names of an expression mean, and what it was found to read. */
struct shd_expr_scope {
	bool stores;             /* a `stores:` condition: names of the store need no `store.` */
	bool each;               /* there is an entity */
	enum shd_kind kind;
	/* The rule's own expressions, checked. NULL: the rule has none. `bad`: it has a mistake
	 * that was reported; what uses it becomes bad without another report. */
	const struct shd_expr *due, *value;
	const char *key;         /* the rule's key that is checked now: "value"; or NULL */
	bool has_due, has_value; /* the rule has that key, checked yet or not */
	const struct shd_word_lists *word_lists; /* NULL: no lists */
	const struct shd_calendars *calendars; /* NULL: none has a name */

	/* Collected: */
	uint32_t reads_kinds, reads_pollers;
	uint64_t reads_metrics, reads_fields[SHD_KIND_COUNT];
	bool mentions_closed;    /* `closed` or `closed_at` of the rule's entity */
};

/* Resolves names, finds types, reports every mistake. False when a mistake was reported, or
 * when the expression uses a bad due or value. Compiled patterns live in the arena. */
bool shd_check(struct shd_expr *expr, struct shd_expr_scope *scope, struct shd_arena *arena,
	       struct shd_expr_mistakes *mistakes);

/* "ratio", "list of text", "money in RUB", for messages. */
#define SHD_TYPE_TEXT 48
const char *shd_expr_type(const struct shd_expr *expr, char buf[SHD_TYPE_TEXT]);

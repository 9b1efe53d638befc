/* sandbox/faces/ozon/ozon.h - Ozon's Seller API over the simulated stores.
 *
 * authorize.c checks who calls (headers, keys, roles, rate, tariff), check.c refuses
 * requests as the real validation does, list.c selects and pages, views.c renders
 * objects, single.c has the answers that are no list, rows.c is the table of methods,
 * kinds.c makes the records of things at Ozon, account.c is the seller's account.
 * Written from the service's documentation: it shares no code with the adapter. */
#pragma once
#include "account.h"

/* What a member of a request may be. */
enum shd_ask_type { ASK_INT, ASK_TEXT, ASK_TIME, ASK_BOOL, ASK_LIST, ASK_WORD, ASK_OBJECT };

/* What it does to the selection: nothing, or compare `member` of an object. */
enum shd_ask_test { TEST_NONE, TEST_FROM, TEST_TO, TEST_IN, TEST_IS };

struct shd_ask_row {
	const char *path; /* "filter.since" */
	enum shd_ask_type type;
	bool required;
	int64_t min, max;   /* INT: its range; LIST: most items */
	const char *words;  /* WORD, LIST of words: allowed ones, space separated, any case */
	enum shd_ask_test test;
	const char *member; /* of the object; "@changed": when it last changed */
};

/* The token that leads to the next page. */
enum shd_token {
	TOKEN_NONE,   /* everything in one answer */
	TOKEN_CURSOR, /* opaque, expires */
	TOKEN_ID,     /* id of the last row, as text */
	TOKEN_NUMBER, /* id of the last row, as a number */
	TOKEN_OFFSET, /* rows to skip */
};

enum shd_need { NEED_NOTHING, NEED_REVIEWS, NEED_QUESTIONS };

struct shd_ask;

struct shd_method {
	const char *path;
	const char *message;  /* name of the request in validation errors */
	enum { METHOD_LIST, METHOD_ONE, METHOD_SINGLE, METHOD_RETIRED, METHOD_WRITES } shape;
	struct shd_ask_row asks[24];
	enum shd_thing kind;
	const char *list;     /* LIST: "result.items"; ONE: wrapper, NULL: none */
	enum shd_token token;
	const char *token_in, *token_out; /* token_out NULL: not given */
	const char *limit;    /* path of the limit, NULL: none */
	const char *has_next; /* "bool", "text" or NULL */
	int page;             /* rows when the request names no limit */
	bool more_at_end;       /* a full last page still promises more */
	bool newest_first;    /* unless the request says Forward or ASC */
	const char *order;    /* member the list is ordered by, NULL: birth */
	shd_view_fn *view;
	bool (*selects)(const struct shd_ask *ask, const struct shd_object *object);
	const char *(*check)(const json_t *body); /* what is wrong beyond the rows */
	/* LIST: further members, each with a comma in front; SINGLE: the whole answer. */
	void (*more)(const struct shd_ask *ask, size_t total, struct shd_text *out);
	enum shd_need need;
	int64_t min_interval_ms; /* least time between two requests of a seller, 0: the rate only */
	bool of_fbs;     /* of a scheme that a seller may lack */
};

extern const struct shd_method shd_methods[];
extern const size_t shd_method_count;

/* The service: context of its handler. */
struct shd_ozon {
	struct shd_sandbox *sandbox; /* borrowed, as are the faults */
	struct shd_faults *faults;
	int64_t rate_per_s;    /* of an account that a scenario gives none */
	int64_t cursor_ttl_ms; /* a cursor is refused when it is older */
	uint64_t requests[SHD_OZON_METHODS_MAX], refused[SHD_OZON_METHODS_MAX];
	json_t *first[SHD_OZON_METHODS_MAX]; /* body of the first good request */
};

/* Forgets what was counted, and when what was asked. */
void shd_ozon_reset(struct shd_ozon *ozon);

/* A request on its way to an answer. */
struct shd_ask {
	struct shd_ozon *ozon;
	struct shd_shop *shop;
	struct shd_ozon_account *account; /* the shop's */
	const struct shd_method *method;
	json_t *body;
	int64_t now_ms;
};

/* handler for shd_http_open; ctx is a struct shd_ozon. */
void shd_ozon_handle(void *ctx, const struct shd_http_request *request,
		     struct shd_http_reply *reply);

/* {"code","message","details":[]} and its status. */
void shd_ozon_refuse(struct shd_http_reply *reply, enum shd_refusal_id refusal);
void shd_ozon_invalid(struct shd_http_reply *reply, int http, int code, const char *message);

/* False and a filled reply when Ozon's validation would refuse the body. */
bool shd_ozon_check(const struct shd_ask *ask, struct shd_http_reply *reply);

void shd_ozon_list(const struct shd_ask *ask, struct shd_http_reply *reply);
void shd_ozon_one(const struct shd_ask *ask, struct shd_http_reply *reply);

/* A JSON string with its quotes. */
void shd_ozon_quote(struct shd_text *out, const char *text);

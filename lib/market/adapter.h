/* market/adapter.h - what an adapter is: of a marketplace, a carrier, a custom feed.
 *
 * An adapter is tables and pure functions: settings and a page become a request,
 * an answer becomes observations. It performs no I/O, reads no clock and keeps no
 * state; the daemon (daemon/poll) owns time, network and cursors. HINT for a new
 * marketplace: one folder beside ozon/, one line in adapters.def, cases in
 * tests/cases. Functions run on the pool, several stores at once. */
#pragma once
#include "catalog/entity.h"
#include "conf/option.h"
#include "cursor.h"
#include "decode.h"
#include "http/http.h"
#include "job.h"
#include "source.h"
#include "token.h"

#include <jansson.h>

/* How an endpoint pages. The driver keeps `position`, an opaque text, "" first (but `resumes`). */
enum shd_paging {
	SHD_PAGE_SINGLE,  /* one answer is everything */
	SHD_PAGE_CURSOR,  /* the answer names the next position (cursor, last_id, ...) */
	SHD_PAGE_OFFSET,  /* position is the number of records read so far */
	SHD_PAGE_BATCH,   /* one request per `batch` ids of the feed `ids_of` */
	SHD_PAGE_FOLLOW,  /* one request per id that another endpoint follows, or `asks` for */
};

struct shd_endpoint;

/* What a request is made from. */
struct shd_page_in {
	const struct shd_source *source;
	/* When the poll began, and when the last complete one of this feed did (0: this is the
	 * first). Where the marketplace's clock differs from ours, windows end by the later of
	 * both and go on from the earlier: no change falls between two of them. */
	struct shd_wall now, cursor;
	const char *position;     /* "" first; with `resumes`, the text where the last poll ended */
	const char *const *ids;   /* BATCH, FOLLOW */
	size_t id_count;
	/* For next(): the last record of the page that has just been read, as it came, of those
	 * that were not left out. Some lists go on from the id of the last row. Not
	 * NUL-terminated; NULL when there was none. */
	const char *last_record;
	size_t last_record_len;
};

/* Given empty, as the last page, to be filled. */
struct shd_page_out {
	bool last;
	bool more; /* the answer says itself that there is another page; when last, it errs */
	/* Of the next page; when last and the endpoint `resumes`, of the next poll's first.
	 * Holds SHD_POSITION_BYTES; the driver looks whether they were enough. */
	struct shd_text position;
	struct shd_wall expires;  /* that position of the next poll; 0: not, as far as is known */
};

/* What a record is mapped from, besides itself. */
struct shd_map_in {
	const struct shd_source *source;
	const struct shd_endpoint *row;
	struct shd_wall fetched;  /* when the answer arrived */
	const char *id;           /* asked for by its id alone (FOLLOW, `asks`): that id */
};

/* What one endpoint of a marketplace is; a row of the adapter's table. */
struct shd_endpoint {
	const char *name;       /* "fbs_list"; unique in the market, kept in the state */
	enum shd_poller poller;
	const char *method, *path;
	int64_t every_ms;       /* not more often than this, and not more often than the poller */
	int64_t min_interval_ms; /* least time between two requests to it, 0: only the rates */
	const char *operation;   /* of the rate bucket that its requests share with others of the
				  * credential; NULL: only the credential's own rate holds */
	int64_t micro_per_s, burst; /* of that bucket: requests per second in millionths, and how
				  * many may come at once */
	enum shd_paging paging;
	int limit;              /* records asked for in a page */
	bool overlaps;          /* its pages are windows that may show rows again: one that brings
				 * no new row leads on all the same */
	int page_max;           /* pages in one poll; a longer list counts as incomplete */
	const char *records; /* where the array of records lies: "result.items"; NULL: one record */
	/* Where the answer says how many rows the whole list has, beside its records; the first
	 * that is there counts. A list with fewer is incomplete. */
	const char *total[2];
	/* The member of a record that has to be one of these words (NULL ends them), as they were
	 * asked for. A record that says another one is left out, and the list is incomplete: a
	 * word that is known was not asked for, any other one cannot be read. */
	const char *only_at;
	const char *const *only;
	bool (*knows)(const json_t *word); /* with `only` */
	const struct shd_report *report; /* its document is a report's (job.h); SINGLE */
	enum shd_decode decode; /* what the answer is; its lines are the records of "" */
	const char *const *columns; /* tables: those that have to be there, or NULL */
	const char *ids_of;     /* BATCH: endpoint whose records' keys are asked for */
	int batch;              /* BATCH: ids in a request; FOLLOW: 1 or more */
	/* BATCH: the member of a record that is one of the ids it was asked by. A record of
	 * another id is left out, and the list is incomplete. */
	const char *id_at;
	/* Lists all there are, or all open ones. What it listed before and now misses is no
	 * longer listed (the field unlisted_since), and has closed when a later list, at least
	 * `gone_after_ms` after the first, misses it as well and nothing else spoke of it. */
	bool complete;
	int64_t gone_after_ms;  /* 0: as soon as it is certain that nobody knows it (`asks`) */
	enum shd_kind closes;   /* the kind of those; only with `complete` */
	/* With `complete`: it lists one only while the text of this field is this word; what it
	 * misses then has not vanished. NULL: always. */
	enum shd_field while_field;
	const char *while_word;
	/* With `complete`: the FOLLOW or BATCH row that is asked by id for those no longer listed.
	 * What it answers is how they are; after gone_after_ms one closes only when it was never
	 * known there. NULL: nobody can be asked. */
	const char *asks;
	enum shd_field asks_by; /* it is asked for by the text of this field; 0: by its id */
	/* With `complete`: a record may have an array of rows, `rows_at`, and nothing in it. Of the
	 * open ones whose field `owner` is its member `owner_at` it says that there is none of
	 * them left: `empties` are 0 once a second whole list has said so as well. They have not
	 * closed, however long that lasts. NULL: a record without rows says nothing. */
	const char *rows_at, *owner_at;
	enum shd_field owner, empties[2];
	/* Fields of one kind that its rows tell (0 ends them). Of an entity without a row in a
	 * whole reading they are not known any more: the value that was stays, and is unreadable.
	 * That is one that had a row before or, of a BATCH, is asked for: by its id; stock by its
	 * sku, where only that in a warehouse has rows. So no two of these may tell one field: each
	 * would make unknown what the other has rows of; but `had_rows`. */
	enum shd_field tells[4];
	bool had_rows; /* BATCH that `tells`: only of those that had a row since the start */
	/* CURSOR: the last page says where the next poll goes on. It lists changes: it is neither
	 * `complete` nor anybody's ids_of, and no carrier's. Where the text has expired or its
	 * request is refused with the error REQUEST, the list starts anew, from page_in.cursor. */
	bool resumes;
	bool may_be_lacking;    /* a tariff or scheme may lack it: TARIFF is N/A (standing.h) */
	bool optional;          /* its failure does not make the poller stale */

	/* Appends the request body for this page; `in` says which. */
	void (*body)(const struct shd_endpoint *row, const struct shd_page_in *in,
		     struct shd_text *out);

	/* One record into observations. The first entity a record adds is its key: it
	 * identifies the record over polls, and a BATCH feed is given its id. A carrier adds
	 * parcels, whose id is the tracking number; those that no store has are read again
	 * with every poll. Unknown
	 * enum words, null objects and odd types never fail; SCHEMA is for a record
	 * without the members that identify it. Of a record that is a list of entities, each one
	 * that cannot be identified counts as out->unread_rows, with `reterr` an example; the
	 * others are told. NULL: nothing but ids matter. */
	bool (*map)(const struct shd_map_in *in, const json_t *record, struct shd_harvest *out,
		    struct shd_error *reterr);

	/* The rest of the answer (records replaced by []): where the next page is.
	 * NULL for SINGLE, FOLLOW, and a BATCH whose answer is always whole. */
	bool (*next)(const struct shd_endpoint *row, const json_t *envelope, size_t records,
		     const struct shd_page_in *in, struct shd_page_out *ret_out,
		     struct shd_error *reterr);
};

/* What the key of a record without rows begins with, before its owner; no id does. */
enum { SHD_OWNER_MARK = '\x01' };

/* Whether the row's list has the entity when it is whole, by what is known of the entity. */
bool shd_endpoint_lists(const struct shd_endpoint *row, const struct shd_entity *entity);
/* Whether somebody is to know what its whole list has, and has no longer. */
static inline bool shd_endpoint_counts_rows(const struct shd_endpoint *row)
{
	return row->complete || row->tells[0];
}

/* What only a request may know: secrets behind references, and the access token. */
struct shd_keys {
	shd_secret_fn *secret;
	void *ctx;
	const struct shd_secret *token; /* in force; NULL: the adapter has no renewal */
};

/* Parses a record or an envelope the one way all are parsed: any JSON value, a NUL in
 * a text allowed. What need not cost the record does not: a number that the parser has no room
 * for becomes a text of its digits (ids do that); half a surrogate pair, a byte that is no
 * UTF-8 and a bare control character in a text become U+FFFD. Returns owned; NULL: SYNTAX,
 * with the place. */
json_t *shd_adapter_parse(const char *bytes, size_t len, struct shd_error *reterr);

/* What the answers of a marketplace tell. */
struct shd_brings {
	const enum shd_field *fields;
	size_t field_count;
	const enum shd_metric *metrics; /* one may stand there twice */
	size_t metric_count;
};

struct shd_adapter {
	const char *name;
	bool carrier;            /* its sources have no store: they serve the parcels of all */
	const char *base_url;    /* of the real marketplace */
	int64_t rate_per_s;      /* the most it bears, over all methods of one store */
	const struct shd_option *options; /* of a source, besides those that all have */
	size_t option_count;
	size_t settings_size;
	const struct shd_option *credential_options;
	size_t credential_option_count;
	size_t credential_size;
	const struct shd_endpoint *endpoints;
	size_t endpoint_count;
	const struct shd_brings *brings; /* NULL: it is not known */
	const char *cheapest;    /* endpoint for a connection test */
	const struct shd_renewal *renewal; /* of access tokens; NULL: it has none */
	shd_page_fn *page;       /* of its words in `url`; NULL: it has none (catalog/page.h) */
	shd_kind_page_fn *kind_page; /* of all of a kind; NULL: it has none */

	/* The rows of one source, made at load time from its settings (NULL: `endpoints` are
	 * those of every source). They live in the arena. */
	const struct shd_endpoint *(*make_endpoints)(
		const void *settings, struct shd_arena *arena, size_t *ret_count);

	/* Adds method, URL, headers with credentials, body. Errors: CONFIG. */
	bool (*request)(const struct shd_endpoint *row, const struct shd_page_in *in,
		const struct shd_keys *keys, struct shd_request *request, struct shd_error *reterr);

	/* Completes the request at the moment when it really leaves, for signatures over the
	 * time of sending: adds headers, or appends to the URL. NULL: nothing is missing. */
	void (*sign)(const struct shd_page_in *in, struct shd_wall sent_at,
		     const struct shd_keys *keys, struct shd_request *request);

	/* True when the answer is a good one (2xx that is not an error in disguise);
	 * else the verdict says what it means. Sets ret_verdict->ok likewise. */
	bool (*accept)(const struct shd_endpoint *row, const struct shd_answer *answer,
		       struct shd_answer_verdict *ret_verdict);
};

/* All of them, from adapters.def. */
extern const struct shd_adapter *const shd_adapters[];
extern const size_t shd_adapter_count;
const struct shd_adapter *shd_adapter_find(const char *name);
/* Whether its answers tell the field, the metric; a kind, when they tell any field of it. */
bool shd_adapter_brings(const struct shd_adapter *adapter, enum shd_field field);
bool shd_adapter_brings_kind(const struct shd_adapter *adapter, enum shd_kind kind);
bool shd_adapter_brings_metric(const struct shd_adapter *adapter, enum shd_metric metric);
const struct shd_endpoint *shd_adapter_endpoint(
	const struct shd_adapter *adapter, const char *name);
/* The row of a source by its name, or NULL. */
const struct shd_endpoint *shd_source_endpoint(const struct shd_source *source, const char *name);

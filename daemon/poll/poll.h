/* poll/poll.h - one poll of one feed, from the first request to the last answer.
 *
 * Page by page: ask, recognise the answer or parse what is new of it, go on to the next
 * page, then to the objects that records asked to follow. Each function ends in a state,
 * which says what the poll waits for (diagram: poll.c). The scheduler gives it that: slots,
 * rates, tokens, requests and the pool are the scheduler's. What the pool works on belongs
 * to the pool until it is done. */
#pragma once
#include "feed.h"
#include "walk.h"
#include "host/jobs.h"
#include "commit/commit.h"
#include "net/transfer.h"
#include "auth/grant.h"
#include "job/job.h"

#include <stdatomic.h>

enum {
	SHD_POLL_FOLLOWS = 200,                    /* objects followed in one poll */
	SHD_POLL_FOLLOW_ROWS = 4,                  /* and of how many endpoints */
	SHD_POLL_FOLLOW_BAD = 2,                   /* more in a row that cannot be read fail
						    * their endpoint */
	SHD_POLL_INCOMPLETE_BYTES = 512,
	SHD_POLL_HARVEST_BYTES = 16 * 1024 * 1024, /* what one poll may bring; */
	SHD_POLL_FULL_BYTES = 8 * 1024 * 1024, /* with so much it ends, and the next one goes on;
						* with less where all polls hold too much */
};

/* A page of more records, which no marketplace sends, is none: its feed fails with LIMIT. They may
 * be small, but each is remembered. */
#define SHD_POLL_RECORDS_MAX 100000

/* X(NAME, "name", what it waits for) */
#define SHD_POLL_STATE_MAP(X)                                                                      \
	X(IDLE, "idle", "a feed that is due")                                                      \
	X(READY, "ready", "leave to send its next request")                                        \
	X(PARKED, "parked", "the time of its next request, without a slot")                        \
	X(SENT, "sent", "an answer")                                                               \
	X(RENEWING, "renewing", "another access token, as this one was refused")                   \
	X(PARSING, "parsing", "the pool, which parses what is new of the answer")                  \
	X(LISTING, "listing", "the pool, which compares what a complete sweep listed")             \
	X(KEEPING, "keeping", "the transaction that keeps the step of a report")                   \
	X(DEFERRED, "deferred", "its end: the report goes on later")                               \
	X(UNCHANGED, "unchanged", "its end: all pages are as they were")                           \
	X(CHANGED, "changed", "its end: pages are to be adopted, there may be news")               \
	X(FAILED, "failed", "its end: `error` and `retry_after_ms` say why and how long to wait")

enum shd_poll_state {
#define X(id, name, text) SHD_POLL_##id,
	SHD_POLL_STATE_MAP(X)
#undef X
};

struct shd_scheduler;

/* An object to be read as well, and who wants it. */
struct shd_poll_follow {
	const struct shd_endpoint *row;
	const char *id;                /* in the harvest; or what the ask asks by */
	struct shd_ask *ask;           /* of the feed; NULL: a record asks for it: */
	uint32_t page, record;
	enum shd_asked what;           /* came of it */
};

/* What came of following, by endpoint. */
struct shd_poll_followed {
	const struct shd_endpoint *row;
	bool failed;
	struct shd_error error;
	int64_t retry_after_ms;
	size_t read;             /* answers that were understood */
	size_t unread;           /* and, since the last of them, that were not */
};

struct shd_poll {
	enum shd_poll_state state;
	struct shd_scheduler *scheduler;
	struct shd_feed *feed;          /* NULL: idle */
	struct shd_poll *next;          /* among the idle ones */
	struct shd_poll *earlier, *later; /* among those whose request is under way */
	bool late;                      /* it has given its slot away */
	bool in_lane;                   /* its request counts in the lane of its source */
	const struct shd_source *source;
	struct shd_wall began, fetched;
	struct shd_wall window_end, cursor; /* of all its pages, for struct shd_page_in */
	struct shd_mono asked;          /* when the last request left; 0: none yet */
	/* the request under way */
	const struct shd_endpoint *row; /* the feed's; once its pages are there, a follow's */
	struct shd_request request;
	struct shd_keys keys;
	int64_t token_serial;           /* of keys.token */
	bool token_renewed;             /* once in a poll */
	struct shd_secret *token;       /* a copy: the request may wait before it is signed */
	/* a report's step (report.c), else NULL */
	struct shd_job *job;
	struct shd_job_answer *job_answer;
	enum shd_poll_state after_keeping;
	struct shd_page_in page_in;
	struct shd_text position;
	bool resumed;                   /* it is the text where the last poll ended */
	struct shd_page_out page_out;   /* of the list's last page that was parsed */
	/* BATCH: all ids, and how many were asked for */
	struct shd_pages ids_from;
	const char **ids;
	size_t id_count, ids_at;
	/* the answer at the parser */
	struct shd_text body;
	struct shd_hold *hold;          /* the memory of it, when it is large */
	uint64_t body_hash;             /* 0: something of it is to be read again */
	struct shd_page_draft draft;
	atomic_bool give_up;            /* nobody waits for what the parser does */
	bool parsed;                    /* the parser understood it; else `error` */
	enum shd_lack page_lack;        /* what is wrong with the page */
	uint32_t page_total;            /* as it says, or SHD_PAGE_NO_TOTAL */
	/* what it has brought so far */
	struct shd_pages pages;
	struct shd_walk walk;           /* over these pages */
	struct shd_text incomplete;     /* in words, why that is not the whole list; empty: it is */
	struct shd_known *known;
	struct shd_harvest *harvest;
	struct shd_budget *harvests;    /* what all polls hold; NULL: nobody counts */
	struct shd_hold *held;          /* its part of that, when it is large */
	struct shd_poll_follow *follows;
	size_t follow_count, follow_room, follows_at, follows_asked;
	size_t follow_entities;         /* in the harvest, before the last answer to them */
	struct shd_poll_followed followed[SHD_POLL_FOLLOW_ROWS];
	size_t followed_count;
	bool full;                      /* it ends here: the next poll goes on, and soon */
	bool follows_full;              /* and it follows no more */
	/* A page could not be read; what came before it is kept all the same. */
	bool broken;
	struct shd_error broken_error;
	int64_t broken_retry_ms;
	bool outdated;                  /* began before the daemon was blind: to be done again */
	/* Keys of all records, of a row that counts them; NULL: not compared. */
	const char **listed;
	size_t listed_count;
	const char **had;               /* the same of the last reading, for a row that `tells` */
	size_t had_count;
	const char **unfound;           /* what asking by id never found */
	/* Different records of the same key: which of them is right is not known, so that they are
	 * read again. NULL: there are none. */
	struct shd_page_place *doubles;
	size_t double_count;
	bool listed_changed;            /* they are not those of the last sweep */
	size_t parsed_records, bad_records, foreign_records;
	size_t partly_read;             /* of the bad ones: those of which some rows were read */
	struct shd_error bad_record;    /* what was wrong with the last bad one */
	struct shd_error foreign_record; /* the last one that was not asked for */
	int requests, throttled, status;
	int64_t skew_ms, bytes, retry_after_ms;
	enum shd_scope refused_scope;   /* by the last answer: whom to leave alone, */
	int64_t refused_ms;             /* and how long; 0: it did not refuse, or say */
	int64_t stated_micro_per_s;       /* the rate of its operation; 0: it did not say */
	struct shd_error error;
	struct shd_commit_item item;
};

/* An empty poll, to be used for one feed after the other. */
struct shd_poll *shd_poll_create(struct shd_scheduler *scheduler);
void shd_poll_destroy(struct shd_poll *poll);

/* Makes the poll ready for a feed. `skew_ms`: the marketplace's clock minus ours, INT64_MIN:
 * not known. `ids` are the pages of the feed whose keys are asked for (BATCH), else NULL;
 * without any key there is nothing to ask, and the poll is over. */
void shd_poll_begin(struct shd_poll *poll, struct shd_feed *feed, struct shd_wall now,
		    int64_t skew_ms, const struct shd_pages *ids);

/* READY, RENEWING: builds the request into poll->request; the poll counts as SENT. False:
 * `error` says why not. */
SHD_MUST_USE bool shd_poll_ask(struct shd_poll *poll, struct shd_config *config);

/* READY, SENT: the next request has to wait, without a slot. PARKED: it waited, and has one. */
void shd_poll_park(struct shd_poll *poll);
void shd_poll_ready(struct shd_poll *poll);

/* READY, RENEWING, SENT: no request could be made, or no answer came; `error` says why. */
void shd_poll_unanswered(struct shd_poll *poll);

/* SENT: an answer, or none. Takes the body when it has to be parsed. */
void shd_poll_answered(
	struct shd_poll *poll, struct shd_transfer_out *out, struct shd_wall now);

/* PARSING, LISTING: on the pool, or on the loop when it is short; then, on the loop,
 * shd_poll_parsed. */
void shd_poll_parse(struct shd_poll *poll);
void shd_poll_parsed(struct shd_poll *poll);

/* CHANGED: commit succeeded; the feed now remembers what was read. */
void shd_poll_adopt(struct shd_poll *poll);

/* FAILED: whether it brought something all the same, which is to be committed; then the feed
 * remembers the pages that were read, and what it knew of the others. */
bool shd_poll_brought_part(const struct shd_poll *poll);
void shd_poll_adopt_part(struct shd_poll *poll);

/* Forgets everything of this poll, which is IDLE then. From its end, or while it is parked. */
void shd_poll_reset(struct shd_poll *poll);

/* Something new is to be committed. */
bool shd_poll_has_news(const struct shd_poll *poll);

/* The record that asked for it is not adopted: it comes again with the next poll. */
void shd_poll_put_off(struct shd_poll *poll, const struct shd_poll_follow *follow);

/* For poll.c, parse.c and report.c: moves to a state that the table allows. */
void shd_poll_enter(struct shd_poll *poll, enum shd_poll_state state);

/* The request under way reads objects that a record asked to follow, or that are asked for by
 * id. */
static inline bool shd_poll_follows(const struct shd_poll *poll)
{
	return poll->row != shd_feed_row(poll->feed);
}

/* It is by their id alone, as the list lacks them. */
static inline bool shd_poll_asks(const struct shd_poll *poll)
{
	const struct shd_ask *ask =
		shd_poll_follows(poll) ? poll->follows[poll->follows_at].ask : NULL;

	return ask && ask->unlisted;
}

/* Whether its pages are not those that the feed remembers. */
bool shd_poll_is_changed(const struct shd_poll *poll);

/* --- objects beside the list (follow.c), for poll.c ---------------------------------------- */

/* Asks for the next one whose endpoint works, or ends the poll. */
void shd_poll_follow(struct shd_poll *poll);
/* The answer to the last request is read; it came to nothing, `error` says why. One that may be
 * about its objects alone costs these, which are asked for again, and no others. */
void shd_poll_followed(struct shd_poll *poll);
void shd_poll_follow_failed(struct shd_poll *poll);
/* What is to be asked for by id now comes after what records ask for. */
void shd_poll_add_asks(struct shd_poll *poll);
/* A page of the list could not be read, `error` says why. What was read is kept, and followed
 * where that error says nothing of others; then the poll fails with it. */
void shd_poll_break_off(struct shd_poll *poll);

/* --- reports (report.c), for polls whose feed's row has one ------------------------------- */

/* The request under way fetches the document, from a host that is not the platform's API. */
static inline bool shd_poll_fetches_document(const struct shd_poll *poll)
{
	return poll->job && poll->job->step == SHD_JOB_FETCH;
}

/* Builds the request of the step. */
SHD_MUST_USE bool shd_poll_ask_report(struct shd_poll *poll);
/* Whether the answer to the last request is to be read by the report, not as a page. */
bool shd_poll_reads_report(const struct shd_poll *poll);
/* Reads it, on the pool; then, on the loop, moves. */
void shd_poll_parse_report(struct shd_poll *poll);
void shd_poll_parsed_report(struct shd_poll *poll);
/* The step came to nothing; `error` says why. */
void shd_poll_failed_report(struct shd_poll *poll);
/* KEEPING: the move is kept (job/job.h), or not. */
void shd_poll_kept(struct shd_poll *poll, bool ok);
/* The document was read and what it brought is committed: the report is over. True: that is
 * to be kept. */
bool shd_poll_end_report(struct shd_poll *poll);

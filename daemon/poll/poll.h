/* poll/poll.h - one poll of one feed, from the first request to the batch.
 *
 * Page by page: ask, recognise the answer or parse what is new of it, go on to the next
 * page, then to the objects that records asked to follow, then hand one batch to
 * the queue of changes. The scheduler says when; it owns slots, rates and the queue of feeds. What
 * the pool works on belongs to the pool until it is done. */
#pragma once
#include "feed.h"
#include "host/jobs.h"
#include "commit/commit.h"
#include "net/transfer.h"
#include "auth/grant.h"
#include "job/job.h"

enum {
	SHD_POLL_FOLLOWS = 200,                    /* objects followed in one poll */
	SHD_POLL_FOLLOW_ROWS = 4,                  /* and of how many endpoints */
	SHD_POLL_HARVEST_BYTES = 16 * 1024 * 1024, /* what one poll may bring */
};

struct shd_scheduler;

/* An object to be read as well, and the record that asked for it. */
struct shd_poll_follow {
	const struct shd_endpoint *row;
	const char *id;                /* in the harvest */
	uint32_t page, record;
};

/* What came of following, by endpoint. */
struct shd_poll_followed {
	const struct shd_endpoint *row;
	bool failed;
	struct shd_error error;
	int64_t retry_after_ms;
};

struct shd_poll {
	struct shd_scheduler *scheduler;
	struct shd_feed *feed;
	struct shd_poll *next;          /* among the idle ones */
	const struct shd_source *source;
	struct shd_wall began, fetched;
	struct shd_wall window_end, cursor; /* of all its pages, for struct shd_page_in */
	struct shd_mono asked;          /* when the last request left; 0: none yet */
	/* the request under way */
	bool following;                 /* pages are done */
	const struct shd_endpoint *row; /* the feed's, or that of a follow */
	struct shd_request request;
	struct shd_keys keys;
	int64_t token_serial;           /* of keys.token */
	bool token_renewed;             /* once in a poll */
	struct shd_secret *token;       /* a copy: the request may wait before it is signed */
	/* a report's step (report.c), else NULL */
	struct shd_job_table *reports;
	struct shd_job *job;
	struct shd_job_answer *job_answer;
	enum shd_job_then job_then;
	bool job_failed;                /* the step came to nothing, `error` */
	struct shd_page_in page_in;
	char position[sizeof(((struct shd_page_out *)NULL)->position)];
	/* BATCH: all ids, and how many were asked for */
	struct shd_pages ids_from;
	const char **ids;
	size_t id_count, ids_at;
	/* the answer at the parser */
	struct shd_text body;
	uint64_t body_hash;
	struct shd_page_draft draft;
	bool parse_failed, left_out;    /* left out: a follow had no room, its page comes again */
	/* what it has brought so far */
	struct shd_pages pages;
	struct shd_known *known;
	struct shd_harvest *harvest;
	struct shd_poll_follow *follows;
	size_t follow_count, follow_room, follows_at, follows_asked;
	struct shd_poll_followed followed[SHD_POLL_FOLLOW_ROWS];
	size_t followed_count;
	bool changed;                   /* a page is not the one it was */
	bool outdated;                  /* began before the daemon was blind: to be done again */
	const char **listed;            /* complete: keys of all records, when they changed */
	size_t listed_count;
	bool listed_known, listed_changed;
	size_t parsed_records, bad_records;
	struct shd_error bad_record;    /* what was wrong with the last bad one */
	int requests, throttled, status;
	int64_t skew_ms, bytes, retry_after_ms;
	enum shd_scope refused_scope;   /* by the last answer: whom to leave alone, */
	int64_t refused_ms;             /* and how long; 0: it did not refuse, or say */
	int64_t told_micro_per_s;       /* the rate of its operation; 0: it did not say */
	struct shd_error error;
	struct shd_commit_item item;
};

/* What a step came to. */
enum shd_poll_step {
	SHD_POLL_ASK,   /* a request is ready: grant it, then shd_poll_ask */
	SHD_POLL_RENEW, /* the access token was refused: once, the same with another one */
	SHD_POLL_PARSE, /* run shd_poll_work on the pool, then shd_poll_worked */
	SHD_POLL_KEEP,  /* the report moved: keep it (job/job.h), then shd_poll_kept */
	SHD_POLL_LATER, /* its next request leaves at job->not_before */
	SHD_POLL_OVER,  /* complete; `changed` and `harvest` say whether there is news */
	SHD_POLL_FAILED, /* `error` and `retry_after_ms` say why and how long to wait */
};

/* An empty poll, to be used for one feed after the other. */
struct shd_poll *shd_poll_create(struct shd_scheduler *scheduler);
void shd_poll_destroy(struct shd_poll *poll);

/* Makes the poll ready for a feed. `skew_ms`: the marketplace's clock minus ours, INT64_MIN:
 * not known. `ids` are the pages of the feed whose keys are asked for (BATCH), else NULL. */
enum shd_poll_step shd_poll_begin(struct shd_poll *poll, struct shd_feed *feed,
				  struct shd_wall now, int64_t skew_ms,
				  const struct shd_pages *ids);

/* Builds the request into poll->request; false: `error` says why not. */
SHD_MUST_USE bool shd_poll_ask(struct shd_poll *poll, struct shd_config *config);

/* No request could be made, or no answer came: `error` says why. */
enum shd_poll_step shd_poll_unanswered(struct shd_poll *poll);

/* An answer, or none. Takes the body when it has to be parsed. */
enum shd_poll_step shd_poll_answered(struct shd_poll *poll, struct shd_transfer_out *out,
				     struct shd_wall now);

/* On the pool: parses poll->body; at the end of the last page also finds what a complete
 * sweep listed. */
void shd_poll_work(struct shd_poll *poll);
enum shd_poll_step shd_poll_worked(struct shd_poll *poll);

/* Commit succeeded: the feed now remembers what was read. */
void shd_poll_adopt(struct shd_poll *poll);

/* Forgets everything of this poll, for the next one. */
void shd_poll_reset(struct shd_poll *poll);

/* Something new is to be committed. */
bool shd_poll_has_news(const struct shd_poll *poll);

/* --- reports (report.c), for polls whose feed's row has one ------------------------------- */

/* Builds the request of the step. */
SHD_MUST_USE bool shd_poll_ask_report(struct shd_poll *poll);
/* Whether the answer to the last request is to be read by the report, not as a page. */
bool shd_poll_reads_report(const struct shd_poll *poll);
/* Reads it, on the pool; then, on the loop, moves. */
void shd_poll_work_report(struct shd_poll *poll);
enum shd_poll_step shd_poll_worked_report(struct shd_poll *poll);
/* The step came to nothing; `error` says why. */
enum shd_poll_step shd_poll_failed_report(struct shd_poll *poll);
/* The move is kept, or not: what is next. */
enum shd_poll_step shd_poll_kept(struct shd_poll *poll, bool ok);
/* The document was read and what it brought is committed: the report is over. */
void shd_poll_end_report(struct shd_poll *poll);

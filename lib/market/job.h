/* market/job.h - a report that takes several requests: created, waited for, located,
 * fetched from another host.
 *
 *     LOOK   -> WAIT     one of ours or of somebody else runs already: it is adopted
 *     LOOK   -> LOCATE   one is there that is new enough
 *     LOOK   -> CREATE   none
 *     CREATE -> WAIT     it was accepted, under an id
 *     CREATE -> LOOK     refused because one runs already
 *     WAIT   -> WAIT     it still runs
 *     WAIT   -> LOCATE   its document is ready
 *     LOCATE -> FETCH    the document's address, which expires
 *     FETCH  -> LOCATE   the address had expired
 *     any    -> OVER     read, nothing new (cancelled), failed, too old or too many tries
 *
 * The step, the id and the tries are kept by the daemon (job/job.h) over reload, restart
 * and kill; here is what an adapter says of its report, and the table of moves. Pure. */
#pragma once
#include "decode.h"
#include "base/time.h"

struct shd_answer;
struct shd_endpoint;
struct shd_keys;
struct shd_request;
struct shd_source;

/* X(NAME, "name", what it does next) */
#define SHD_JOB_STEP_MAP(X)                                                                        \
	X(LOOK, "look", "asks whether such a report runs already")                                 \
	X(CREATE, "create", "asks for a report")                                                   \
	X(WAIT, "wait", "asks how far it is")                                                      \
	X(LOCATE, "locate", "asks where its document lies")                                        \
	X(FETCH, "fetch", "fetches the document, without our credentials")                         \
	X(OVER, "over", "nothing")

enum shd_job_step {
#define X(id, name, text) SHD_JOB_##id,
	SHD_JOB_STEP_MAP(X)
#undef X
};
#define SHD_JOB_STEPS (SHD_JOB_OVER + 1)
const char *shd_job_step_name(enum shd_job_step step);
bool shd_job_step_find(const char *name, enum shd_job_step *ret_step);

enum {
	SHD_JOB_ID_BYTES = 192,
	SHD_JOB_URL_BYTES = 3072,
};

/* One report under way. */
struct shd_job {
	enum shd_job_step step;
	char id[SHD_JOB_ID_BYTES];       /* of the report; from CREATE or LOOK on */
	char document[SHD_JOB_ID_BYTES]; /* of its document; from WAIT on */
	char url[SHD_JOB_URL_BYTES];     /* FETCH; kept in memory only, it opens the document */
	int tries;                       /* in vain; WAIT: failures of all its requests */
	struct shd_wall began;           /* LOOK of this job */
	struct shd_wall not_before;      /* of its next request */
};

/* What an answer says of the report. */
enum shd_job_news {
	SHD_JOB_NONE,     /* LOOK: no such report */
	SHD_JOB_RUNS,     /* it runs, `id` */
	SHD_JOB_TAKEN,    /* CREATE: refused, because another one runs */
	SHD_JOB_READY,    /* its document is there: `document`, or `id` */
	SHD_JOB_AT,       /* LOCATE: `url` */
	SHD_JOB_EXPIRED,  /* FETCH: the address had expired */
	SHD_JOB_DOCUMENT, /* FETCH: the body is the document */
	SHD_JOB_EMPTY,    /* cancelled: nothing new, and nothing has closed */
	SHD_JOB_FATAL,    /* the platform gave it up; `error` */
};
struct shd_job_answer {
	enum shd_job_news news;
	char id[SHD_JOB_ID_BYTES], document[SHD_JOB_ID_BYTES], url[SHD_JOB_URL_BYTES];
};

struct shd_job_in {
	const struct shd_source *source;
	const struct shd_job *job;
	const struct shd_keys *keys;
	struct shd_wall now;
};

/* The part of an endpoint that is a report. Its document's records are read as a page
 * of the endpoint is (decode, columns; adapter.h). */
struct shd_report {
	int64_t first_wait_ms, wait_ms; /* between CREATE and WAIT, between two of WAIT */
	int64_t age_max_ms;             /* of a job; older is given up */
	int tries_max;                  /* of one step in vain */

	/* The request of job->step, for every step but FETCH, which is a plain GET of the url. */
	bool (*request)(const struct shd_endpoint *row, const struct shd_job_in *in,
			struct shd_request *request, struct shd_error *reterr);
	/* What the answer to it says, on the pool; for FETCH of one that is no document. The
	 * adapter's accept() took it already, but for FETCH. False: it makes no sense. */
	bool (*read)(const struct shd_endpoint *row, const struct shd_job *job,
		     const struct shd_answer *answer, struct shd_job_answer *ret_answer,
		     struct shd_error *reterr);
};

/* What to do after a move. */
enum shd_job_then {
	SHD_JOB_GO_ON,    /* the next request may leave now */
	SHD_JOB_PAUSE,    /* it leaves at not_before */
	SHD_JOB_READ,     /* OVER: the document is to be read */
	SHD_JOB_NOTHING,  /* OVER: nothing new, and nothing has closed */
	SHD_JOB_GIVE_UP,  /* OVER: *reterr says why */
};

/* A job begins. */
void shd_job_begin(struct shd_job *job, struct shd_wall now);
/* An answer was read. */
enum shd_job_then shd_job_move(struct shd_job *job, const struct shd_report *report,
			       const struct shd_job_answer *answer, struct shd_wall now,
			       struct shd_error *reterr);
/* A request came to nothing: `error`, and how long to wait (0: not said). Given up after
 * tries_max of a step, at age_max_ms, or when the error is not worth a retry. */
enum shd_job_then shd_job_failed(struct shd_job *job, const struct shd_report *report,
				 const struct shd_error *error, int64_t retry_after_ms,
				 struct shd_wall now, struct shd_error *reterr);
/* After a restart: a document is located again, and where a report was to be created, one is
 * looked for: the request may have arrived. */
void shd_job_resume(struct shd_job *job);

/* net/transfer.h - the only user of libcurl: HTTP, and SMTP for mail.
 *
 * A transfer is queued, waits for a slot (at most `in_flight_max` run at once; the queue of
 * our own is bounded), runs, and ends with exactly one callback from a later turn of the
 * loop. What leaves by one egress has a pool of its own: transfers of two egresses share
 * neither connections nor TLS sessions nor looked-up names, and nobody outside can tell by
 * these that they come from one machine. A CA file is read again for the next transfer after it
 * was changed. Loop thread only.
 *
 * A mail takes no slot: it has a thread, which a mail server may keep waiting (mails.h), and a
 * bounded queue of its own. However a mail server behaves, the loop does not wait for it, and
 * closing waits a second.
 *
 * Large answers share a budget of memory (budget.h). One that has to wait for some is not read on
 * meanwhile, and its time limit stands still; it waits for a while at most, then it is given up
 * with LIMIT. Who receives it keeps its share until it is read.
 *
 * Limits: slots and queue are of all pools together. A pool keeps at most `in_flight_max`
 * connections open, and never more than it had transfers at once. It costs two descriptors
 * and 50 KB; once it has spoken TLS, 0.9 MB more for the certificates, which each reads for
 * itself: a hundred egresses take 90 MB. */
#pragma once
#include "budget.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/time.h"
#include "conf/option.h"
#include "http/egress.h"
#include "http/http.h"

#include <uv.h>

struct shd_transfers;

struct shd_transfer_in {
	const char *method;          /* "POST"; HTTP only */
	const char *url;             /* http(s)://, smtp(s):// */
	const struct shd_text *headers; /* complete lines, borrowed until the end */
	size_t header_count;
	const char *body;            /* borrowed until the end */
	size_t body_len;
	const char *unix_socket;     /* talk HTTP over this socket, or NULL */
	const struct shd_egress *egress; /* NULL: none of its own; read before the start returns */
	bool require_tls;            /* smtp://: STARTTLS or nothing; else it is not tried */
	/* SMTP: all that comes before a mail, to its last recipient, and leave */
	bool probe;
	const char *mail_from;       /* SMTP */
	struct shd_texts mail_to;
	const char *user;            /* SMTP AUTH, or NULL */
	const struct shd_secret *password;
	/* Called when the request really leaves, which may be long after it was queued: it may
	 * change url, headers and body; *in is the transfer's own. NULL: nothing is missing, and so
	 * for mail. */
	void (*before_send)(void *ctx, struct shd_transfer_in *in);
	int64_t connect_ms, total_ms;
	int64_t answer_max_bytes;    /* a longer answer is the error LIMIT */
	const char *who; /* whose memory a large answer is, or NULL; borrowed until the end */
	/* How much more than it has to be had to read an answer; NULL: nothing to speak of. */
	int64_t (*reading_bytes)(void *ctx, const struct shd_text *body);
};

/* What a mail server said to one recipient. */
struct shd_recipient_reply {
	int status; /* SMTP code; 0: nothing */
	char words[160];
};

/* Valid during the callback; `body` may be taken with shd_text_take. */
struct shd_transfer_out {
	bool ok;                     /* an answer arrived, whatever its status */
	struct shd_error error;      /* unless ok: NETWORK, TLS, TIMEOUT, LIMIT, CLOSING */
	int status;                  /* HTTP status, SMTP code */
	struct shd_text body;        /* SMTP: what the server's last reply says beside the code */
	const char *step;            /* SMTP: the command that was answered or not answered last */
	/* SMTP: of the first reply_count of mail_to, in their order. The mail went to those that
	 * were accepted, whatever was said to the others. */
	const struct shd_recipient_reply *replies;
	size_t reply_count;
	/* The memory of a large answer, or NULL. Who takes the body takes it as well, with
	 * shd_steal, and destroys it when the body is gone. */
	struct shd_hold *hold;
	uint64_t hash;               /* XXH3 of the body, computed while it arrived */
	int64_t server_date_ms;      /* Date header, 0: none */
	int64_t took_ms;
	struct shd_mono last_byte;
	const char *(*header)(const void *ctx, const char *name);
	const void *header_ctx;
};
typedef void shd_transfer_fn(void *ctx, struct shd_transfer_out *out);

/* Borrows the loop. Returns owned; ends with shd_transfers_close. */
struct shd_transfers *shd_transfers_create(uv_loop_t *loop, int64_t in_flight_max);

/* Cancels everything (each callback runs once with CLOSING), then calls `closed`
 * from a later turn; *transfers is gone afterwards. */
void shd_transfers_close(struct shd_transfers *transfers, void (*closed)(void *ctx), void *ctx);

/* Sets where it goes, headers and body; the request is borrowed. */
void shd_transfer_point_to(struct shd_transfer_in *in, const struct shd_request *request);

/* Errors: LIMIT, the queue is full (8 x in_flight_max wait already); CONFIG, the
 * URL's scheme is not allowed. The callback then never runs. */
SHD_MUST_USE bool shd_transfer_start(struct shd_transfers *transfers,
				     const struct shd_transfer_in *in, shd_transfer_fn *done,
				     void *ctx, struct shd_error *reterr);

/* Gives up what was started with done and ctx: done is called with CLOSING from a later turn, if
 * it was not on its way already. */
void shd_transfer_cancel(struct shd_transfers *transfers, shd_transfer_fn *done, void *ctx);

/* Another limit from now on; what runs beyond it goes on. */
void shd_transfers_limit(struct shd_transfers *transfers, int64_t in_flight_max);

/* How much memory large answers may take in all, until they are read, and how long one waits for
 * its share before it is given up; unlimited at first. */
void shd_transfers_limit_memory(
	struct shd_transfers *transfers, int64_t max_bytes, int64_t wait_max_ms);
void shd_transfers_memory(
	const struct shd_transfers *transfers, struct shd_memory_use *ret_use);

/* Whether one more would be taken; ask before something is spent on a request. */
bool shd_transfers_have_room(const struct shd_transfers *transfers);

/* Another configuration is in force, which names these egresses: the pools of all others are
 * closed once their last transfer has ended. */
void shd_transfers_keep(
	struct shd_transfers *transfers, const struct shd_egress *egresses, size_t count);

/* Frees what no transfer needed since the last call, 8 KB for each that ran at once before;
 * connections stay. Returns how many that was. Call it every few seconds. */
size_t shd_transfers_tidy(struct shd_transfers *transfers);

/* Running and waiting now; pools that are open or close. */
size_t shd_transfers_running(const struct shd_transfers *transfers);
size_t shd_transfers_waiting(const struct shd_transfers *transfers);
size_t shd_transfers_pools(const struct shd_transfers *transfers);

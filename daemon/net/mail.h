/* net/mail.h - one mail after the other to one server: an easy handle of curl that blocks.
 *
 * curl waits for a mail server in places where its multi interface cannot return: for the answer
 * to the end of a mail, and to QUIT. So a mail has a thread (mails.h) and blocks that. Each step
 * has a time limit of its own; the answer to QUIT is never waited for: we read no more, and curl
 * finds the connection at its end.
 *
 * Nobody outside net includes this. One thread at a time. */
#pragma once
#include "easy.h"

#include <stdatomic.h>

/* How long a server may take for the greeting, the answer to a command, and to take on a piece of
 * the mail. For the answer to all of it it has what is left of total_ms: it may look for viruses
 * meanwhile, and who does not wait sends twice. */
#define SHD_MAIL_STEP_MS (15 * SHD_SECOND_MS)

/* X(NAME, command, what no answer came to) */
#define SHD_MAIL_STEP_MAP(X)                                                                       \
	X(CONNECT, NULL, "connecting")                                                             \
	X(GREETING, NULL, "connecting, no greeting")                                               \
	X(EHLO, "EHLO", "EHLO")                                                                    \
	X(HELO, "HELO", "HELO")                                                                    \
	X(STARTTLS, "STARTTLS", "STARTTLS")                                                        \
	X(AUTH, "AUTH", "the login")                                                               \
	X(MAIL, "MAIL", "MAIL FROM")                                                               \
	X(RCPT, "RCPT", "RCPT TO")                                                                 \
	X(DATA, "DATA", "DATA")                                                                    \
	X(BODY, NULL, "the mail")                                                                  \
	X(END, NULL, "the end of the mail")                                                        \
	X(RSET, "RSET", "RSET")                                                                    \
	X(QUIT, "QUIT", "QUIT")

enum shd_mail_step {
#define X(id, command, text) SHD_MAIL_##id,
	SHD_MAIL_STEP_MAP(X)
#undef X
};

struct shd_mail {
	struct shd_mail *next;        /* the owner's */
	struct shd_transfer_in in;
	shd_transfer_fn *done;
	void *ctx;
	struct shd_transfer_out out;  /* once it is sent; last_byte is not set */
	/* private, while it is sent */
	enum shd_mail_step step, replied; /* replied: the step that was answered last */
	int64_t step_ms;              /* since when */
	bool pending;                 /* an answer is due */
	bool late;                    /* and did not come in time */
	int code;                     /* of the last reply */
	char words[256];              /* of it, all its lines */
	size_t asked;                 /* recipients that were named to the server */
	struct shd_recipient_reply *replies;
	size_t body_sent;
};

/* Takes a copy of `in`, which must be one of a mail. Returns owned. */
struct shd_mail *shd_mail_create(const struct shd_transfer_in *in, shd_transfer_fn *done,
				 void *ctx);
void shd_mail_destroy(struct shd_mail *mail);

/* The connection to a server, while mails go over it. */
struct shd_mail_line;
/* Borrows both. Returns owned. */
struct shd_mail_line *shd_mail_line_create(const struct shd_egress *egress,
					   const atomic_bool *stop);
/* Says QUIT and waits for nothing. */
void shd_mail_line_destroy(struct shd_mail_line *line);

/* Blocks until `out` is filled: total_ms at most; once *stop is set, for another second. */
void shd_mail_send(struct shd_mail_line *line, struct shd_mail *mail);

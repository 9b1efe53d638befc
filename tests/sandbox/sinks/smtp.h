/* sandbox/sinks/smtp.h - a mail server on the loop that keeps what it is given.
 *
 * EHLO/HELO, AUTH PLAIN and LOGIN when a user is configured, MAIL, RCPT, DATA, RSET,
 * NOOP, QUIT; mails up to SHD_SMTP_MAIL_MAX bytes. Its replies can fail on purpose:
 * see fault.h. One thread. */
#pragma once
#include "sink.h"

enum { SHD_SMTP_MAIL_MAX = 10 << 20, SHD_SMTP_LINE_MAX = 64 << 10, SHD_SMTP_RCPT_MAX = 100 };

struct shd_smtp;

/* Listens on 127.0.0.1:port, 0 for any free one. NULL with *reterr (NETWORK). */
struct shd_smtp *shd_smtp_open(uv_loop_t *loop, int port, struct shd_sink *sink,
			       struct shd_error *reterr);
int shd_smtp_port(const struct shd_smtp *smtp);
/* Drops every session; frees itself once its handles are closed. */
void shd_smtp_close(struct shd_smtp *smtp);

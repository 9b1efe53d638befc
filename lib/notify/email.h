/* notify/email.h - mail over SMTP: multipart/alternative, threaded by episode.
 *
 * A mail's Message-ID is made from the idempotency key, so that a second attempt is
 * recognised as the same mail; all mails of one episode refer to one id that none of
 * them bears, which is enough for mail programs to show them as one thread. */
#pragma once
#include "notify.h"

enum shd_email_tls { SHD_EMAIL_STARTTLS, SHD_EMAIL_TLS, SHD_EMAIL_CLEAR };

struct shd_email_settings {
	const char *host;
	int64_t port; /* 0: 587, 465 or 25, as `tls` wants */
	int tls;      /* enum shd_email_tls */
	const char *username;
	struct shd_secret_ref password;
	const char *from;
	struct shd_texts to;
};

/* The text and the HTML part, for the mail and for tests. */
void shd_email_text(const struct shd_message *message, struct shd_text *out);
void shd_email_html(const struct shd_message *message, struct shd_text *out);

/* What `check --online` says of a mail server: its own words, and what is usually the cause. */
#include "online.h"

#include <string.h>

#define STARTS_WITH_TLS "smtps:"

/* The usual cause of a connection that does not come about; NULL: none is known. */
static const char *advice_on_connecting(const struct shd_envelope *envelope,
					const struct shd_error *error)
{
	const char *url = envelope->http.url.data;
	bool tls = strncmp(url, STARTS_WITH_TLS, strlen(STARTS_WITH_TLS)) == 0;

	if (error->kind == SHD_ERR_TIMEOUT && !tls)
		return "a server that expects TLS from the start says nothing: try `tls: tls`, "
		       "port 465";
	if (error->kind == SHD_ERR_NETWORK)
		return "see `host` and `port`: 587 with `tls: starttls`, 465 with `tls: tls`; many "
		       "providers block 25";
	if (error->kind != SHD_ERR_TLS)
		return NULL;
	if (strstr(error->msg, "STARTTLS"))
		return "try `tls: tls`, port 465";
	if (strstr(error->msg, "certificate"))
		return "`host` must be the name in the certificate; for an authority of your own "
		       "set `ca_file`";
	return tls ? "port 587 usually wants `tls: starttls`, 465 `tls: tls`" : NULL;
}

/* The usual cause of a refusal. */
static const char *advice_on_refusal(int status, const char *step)
{
	if (status < 500)
		return "for now; a mail would be tried again";
	if (strcmp(step, "the login") == 0)
		return "see `username` and `password`: many providers want a password made for "
		       "programs, not the one of the web page";
	if (status == 530)
		return "it wants a login: add `username` and `password`";
	if (strcmp(step, "MAIL FROM") == 0)
		return "most servers send only for the address that logs in: see `from`";
	return NULL;
}

static void refuse(struct shd_probe *probe, const char *what, int status, const char *words,
		   const char *advice)
{
	shd_probe_set(probe, false, "%s: %d %s%s%s%s", what, status, words, advice ? " (" : "",
		      shd_or_empty(advice), advice ? ")" : "");
}

/* Of the recipients the first one that is refused; false: none is. */
static bool refuse_recipient(struct shd_probe *probe, const struct shd_envelope *envelope,
			     const struct shd_transfer_out *out)
{
	char what[320];

	for (size_t i = 0; i < out->reply_count; i++) {
		const struct shd_recipient_reply *reply = &out->replies[i];

		if (reply->status < 400)
			continue;
		snprintf(what, sizeof(what), "the server refuses %s", envelope->to.items[i]);
		refuse(probe, what, reply->status, reply->words,
		       advice_on_refusal(reply->status, "RCPT TO"));
		return true;
	}
	return false;
}

void shd_probe_mail(struct shd_probe *probe, const struct shd_envelope *envelope,
		    const struct shd_transfer_out *out)
{
	char what[96];

	if (!out->ok) {
		const char *advice = advice_on_connecting(envelope, &out->error);

		shd_probe_set(probe, false, "%s: %s%s%s%s", shd_err_text(out->error.kind),
			      out->error.msg, advice ? " (" : "", shd_or_empty(advice),
			      advice ? ")" : "");
	} else if (refuse_recipient(probe, envelope, out)) {
		return;
	} else if (out->status >= 400) {
		snprintf(what, sizeof(what), "the server refuses %s", out->step);
		refuse(probe, what, out->status, out->body.data,
		       advice_on_refusal(out->status, out->step));
	} else {
		shd_probe_set(probe, true,
			      "%ssender and %zu recipient%s accepted; no mail was sent",
			      envelope->user ? "login, " : "", out->reply_count,
			      SHD_S(out->reply_count));
	}
}

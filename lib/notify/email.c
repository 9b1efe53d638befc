#include "email.h"

#include "base/zone.h"
#include "flowed.h"
#include "mime.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* A name or an address; IPv6 with or without brackets. */
static const char *expects_host(const char *host)
{
	const char *colon = strchr(host, ':');

	if (colon && *host != '[' && !strchr(colon + 1, ':'))
		return "a name or an address alone; its port stands in `port`";
	for (const char *c = host; *c; c++)
		if (isascii(*c) && !isalnum(*c) && !strchr("-._:[]%", *c))
			return "the name or the address of a mail server";
	return NULL;
}

enum { WORDS_BYTES = 160 }; /* of what the server says, in an error */

static const char *const tls_words[] = {"starttls", "tls", "none", NULL};

#define ROW(member, name_, type_, ...)                                                             \
	{                                                                                          \
		.name = name_, .type = type_,                                                      \
		.offset = offsetof(struct shd_email_settings, member), __VA_ARGS__                 \
	}

static const struct shd_option options[] = {
	ROW(host, "host", SHD_OPT_TEXT, .required = true, .expects = expects_host,
		.doc = "Name or address of the mail server."),
	ROW(port, "port", SHD_OPT_INT, .max = 65535,
		.doc = "Port of the mail server; 587 with starttls, 465 with tls, 25 with none "
		       "unless given."),
	ROW(tls, "tls", SHD_OPT_WORD, .preset = "starttls", .words = tls_words,
		.doc = "How the connection is protected; none is for a server on this machine "
		       "only."),
	ROW(username, "username", SHD_OPT_TEXT, .doc = "Name to log in with."),
	ROW(password, "password", SHD_OPT_SECRET, .doc = "Password to log in with."),
	ROW(from, "from", SHD_OPT_TEXT, .required = true,
		.doc = "Address the mail comes from, without a name."),
	ROW(to, "to", SHD_OPT_TEXTS, .required = true,
		.doc = "Addresses the mail goes to, without names."),
};

/* --- settings ---------------------------------------------------------------------- */

/* user@example.com and nothing that could end a command or a header. */
static bool is_address(const char *text)
{
	const char *at = strrchr(text, '@');

	if (!at || at == text || !at[1] || strlen(text) > 254)
		return false;
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c <= ' ' || *c == 0x7F || strchr("<>,;:\"()[]\\", *c))
			return false;
	}
	return true;
}

static bool is_here(const struct shd_email_settings *email)
{
	return shd_host_is_loopback(email->host, strlen(email->host));
}

/* A name without a password or the other way round, and a server that hardly takes mail without. */
static void check_login(const struct shd_email_settings *email, const struct shd_node *node,
			struct shd_diags *diags)
{
	bool has_password = email->password.from != SHD_SECRET_NONE;

	if (email->username && !has_password)
		shd_node_mistake(shd_node_get(node, "username"), diags,
			"add `password: {credential: NAME}`", "`username` without `password`");
	else if (!email->username && has_password)
		shd_node_mistake(shd_node_get(node, "password"), diags, "add `username`",
			"`password` without `username`");
	else if (!email->username && email->host && !is_here(email) && email->port != 25)
		shd_node_warn(node, diags, "add `username` and `password`, or say `port: 25`",
			"most mail servers take a mail on this port only after a login");
}

static void check(const void *settings, const struct shd_node *node, struct shd_diags *diags)
{
	const struct shd_email_settings *email = settings;
	const struct shd_node *from = shd_node_get(node, "from"), *to = shd_node_get(node, "to");
	const struct shd_node *tls = shd_node_get(node, "tls");

	if (email->from && !is_address(email->from))
		shd_node_mistake(from ? from : node, diags, NULL,
			"'%s' is no mail address like name@example.com", email->from);
	for (size_t i = 0; i < email->to.count; i++) {
		if (!is_address(email->to.items[i]))
			shd_node_mistake(to ? to : node, diags, NULL,
				"'%s' is no mail address like name@example.com",
				email->to.items[i]);
	}
	if (email->tls == SHD_EMAIL_CLEAR && email->host && !is_here(email))
		shd_node_mistake(tls ? tls : node, diags, "use starttls or tls",
			"mail to %s would travel in the clear", email->host);
	check_login(email, node, diags);
}

/* --- the mail ------------------------------------------------------------------------ */

static void add_recipients(struct shd_text *out, const struct shd_texts *to)
{
	shd_text_puts(out, "To: ");
	for (size_t i = 0; i < to->count; i++)
		shd_text_printf(out, "%s%s", i ? ",\r\n " : "", to->items[i]);
	shd_text_puts(out, "\r\n");
}

static void add_headers(const struct shd_send_in *in, const struct shd_email_settings *email,
	const char *boundary, struct shd_text *out)
{
	const struct shd_message *message = in->message;
	const char *domain = strrchr(email->from, '@') + 1;
	char value[400], date[SHD_MAIL_DATE];

	shd_mime_raw(out, "From", email->from);
	add_recipients(out, &email->to);
	shd_mime_header(out, "Subject", message->subject);
	shd_mime_raw(out, "Date", shd_zone_mail_date(message->timezone, in->now, date));
	snprintf(value, sizeof(value), "<%s@%s>", in->key, domain);
	shd_mime_raw(out, "Message-ID", value);
	snprintf(value, sizeof(value), "<%s@%s>", message->thread, domain);
	shd_mime_raw(out, "In-Reply-To", value);
	shd_mime_raw(out, "References", value);
	shd_mime_raw(out, "Auto-Submitted", "auto-generated");
	shd_mime_raw(out, "X-Auto-Response-Suppress", "All");
	if (message->level >= SHD_CRITICAL)
		shd_mime_raw(out, "Importance", "high");
	shd_mime_raw(out, "Content-Language", message->language);
	shd_mime_raw(out, "MIME-Version", "1.0");
	shd_text_printf(out, "Content-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n",
		boundary);
}

static bool add_mail(const struct shd_send_in *in, const struct shd_email_settings *email,
	struct shd_text *out)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0}, html = {0};
	char boundary[64];

	/* "=_" cannot stand in base64. */
	snprintf(boundary, sizeof(boundary), "=_%.40s", in->key);
	shd_text_init(&text, out->max_bytes);
	shd_text_init(&html, out->max_bytes);
	shd_email_text(in->message, &text);
	shd_email_html(in->message, &html);
	add_headers(in, email, boundary, out);
	shd_mime_part(out, boundary, SHD_FLOWED_TYPE, text.data, text.len);
	shd_mime_part(out, boundary, "text/html; charset=utf-8", html.data, html.len);
	shd_text_printf(out, "--%s--\r\n", boundary);
	return shd_text_ok(&text) && shd_text_ok(&html) && shd_text_ok(out);
}

static bool render(const struct shd_send_in *in, struct shd_envelope *out, struct shd_error *reterr)
{
	static const int ports[] = {
		[SHD_EMAIL_STARTTLS] = 587, [SHD_EMAIL_TLS] = 465, [SHD_EMAIL_CLEAR] = 25};
	const struct shd_email_settings *email = in->channel->notifier_settings;
	bool bare_v6 = strchr(email->host, ':') && email->host[0] != '[';

	/* The configuration was checked; this holds whatever else calls it to the same. */
	if (!is_address(email->from))
		return shd_fail(reterr, SHD_ERR_CONFIG, "%s: '%s' is no mail address",
			in->channel->name, email->from);
	for (size_t i = 0; i < email->to.count; i++) {
		if (!is_address(email->to.items[i]))
			return shd_fail(reterr, SHD_ERR_CONFIG, "%s: '%s' is no mail address",
				in->channel->name, email->to.items[i]);
	}
	if (email->tls == SHD_EMAIL_CLEAR && !is_here(email))
		return shd_fail(reterr, SHD_ERR_CONFIG, "%s: mail to %s would travel in the clear",
			in->channel->name, email->host);

	shd_text_printf(&out->http.url, "%s://%s%s%s:%lld",
		email->tls == SHD_EMAIL_TLS ? "smtps" : "smtp", bare_v6 ? "[" : "", email->host,
		bare_v6 ? "]" : "", (long long)(email->port ? email->port : ports[email->tls]));
	out->from = email->from;
	out->to = email->to;
	out->require_tls = email->tls == SHD_EMAIL_STARTTLS;
	out->user = email->username;
	if (email->password.from != SHD_SECRET_NONE) {
		out->password = in->secret(in->ctx, &email->password);
		if (!out->password)
			return shd_fail(reterr, SHD_ERR_CONFIG, "%s: the password cannot be read",
				in->channel->name);
	}
	if (!add_mail(in, email, &out->http.body) || !shd_text_ok(&out->http.url))
		return shd_fail(
			reterr, SHD_ERR_LIMIT, "%s: the mail is too long", in->channel->name);
	return true;
}

/* The number in the server's queue: "2.0.0 Ok: queued as 4F1A2" (Postfix), "OK
 * id=1uXyZ-0003" (Exim). What other servers say stays in the answer. */
static void read_receipt(const struct shd_answer *answer, char receipt[SHD_RECEIPT])
{
	static const char *const marks[] = {"queued as ", " id="};

	for (size_t i = 0; i < SHD_COUNT(marks); i++) {
		const char *found = memmem(answer->body, answer->len, marks[i], strlen(marks[i]));
		const char *end = answer->body + answer->len;
		size_t len = 0;

		if (!found)
			continue;
		for (found += strlen(marks[i]); found + len < end && found[len] > ' '; len++)
			;
		len = len < SHD_RECEIPT ? len : SHD_RECEIPT - 1;
		memcpy(receipt, found, len);
		receipt[len] = '\0';
		return;
	}
}

/* "5.4.5" of "5.4.5 Daily user sending limit exceeded" (RFC 3463); 0 0: it says none. */
static void read_enhanced(const struct shd_answer *answer, int *ret_subject, int *ret_detail)
{
	int parts[3] = {0};
	size_t at = 0;

	*ret_subject = *ret_detail = 0;
	for (size_t i = 0; i < SHD_COUNT(parts); i++) {
		size_t from = at;

		for (; at < answer->len && at < from + 3 && answer->body[at] >= '0' &&
			answer->body[at] <= '9';
			at++)
			parts[i] = parts[i] * 10 + (answer->body[at] - '0');
		if (at == from || (i < 2 && (at >= answer->len || answer->body[at++] != '.')))
			return;
	}
	*ret_subject = parts[1];
	*ret_detail = parts[2];
}

/* What a final refusal (5yz) is about. Only one of the recipient or of this mail is final; what
 * refuses the account, the sender, the server or too many mails may be mended, and ends then. */
static enum shd_err kind_of(const struct shd_answer *answer)
{
	int subject, detail;

	read_enhanced(answer, &subject, &detail);
	switch (answer->status) {
	case 530: /* a login is needed, or one that is weak is refused */
	case 534:
	case 535:
	case 538:
		return SHD_ERR_CREDENTIALS;
	case 521: /* takes no mail at all */
		return SHD_ERR_SERVER;
	default:
		break;
	}
	if (subject == 4 && detail == 5) /* congestion; some say so of a daily limit */
		return SHD_ERR_THROTTLED;
	if (subject == 7 && (detail == 8 || detail == 9 || detail == 14))
		return SHD_ERR_CREDENTIALS;
	if (subject == 3 || subject == 4) /* of the system, of the way there */
		return SHD_ERR_SERVER;
	return SHD_ERR_REQUEST;
}

/* The code of the reply that ended it: 4yz is a temporary refusal, 5yz a final one, if it is
 * about the mail. The server's own words follow. */
static void classify(const struct shd_answer *answer, struct shd_sent_result *ret_result)
{
	int words = answer->len < WORDS_BYTES ? (int)answer->len : WORDS_BYTES;
	const char *said = answer->body ? answer->body : "";

	if (answer->status >= 500) {
		enum shd_err kind = kind_of(answer);

		ret_result->sent = kind == SHD_ERR_REQUEST ? SHD_SENT_REJECTED : SHD_SENT_RETRY;
		shd_fail(&ret_result->error, kind, "the mail server refused with %d%s%.*s",
			answer->status, words ? ": " : "", words, said);
	} else if (answer->status >= 400) {
		ret_result->sent = SHD_SENT_RETRY;
		shd_fail(&ret_result->error,
			answer->status == 421 ? SHD_ERR_THROTTLED : SHD_ERR_SERVER,
			"the mail server said %d, try again%s%.*s", answer->status,
			words ? ": " : "", words, said);
	} else {
		read_receipt(answer, ret_result->receipt);
	}
}

const struct shd_notifier shd_email_notifier = {
	.name = "email",
	.transport = SHD_TRANSPORT_SMTP,
	.options = options,
	.option_count = SHD_COUNT(options),
	.settings_size = sizeof(struct shd_email_settings),
	.per_minute = 300, /* servers take a flood for spam */
	.burst = 60,
	.check = check,
	.render = render,
	.classify = classify,
};

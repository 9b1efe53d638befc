#include "mail.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOCKETS = 8 }; /* curl tries two addresses at a time */

struct shd_mail_line {
	CURL *easy;
	const struct shd_egress *egress;
	const atomic_bool *stop;
	struct shd_mail *mail; /* on its way */
	int sockets[SOCKETS];
	size_t socket_count;
	char message[CURL_ERROR_SIZE];
};

static int64_t now_ms(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

/* --- the connection --------------------------------------------------------------------- */

static int on_open(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	struct shd_mail_line *line = ctx;

	(void)purpose;
	if (line->socket_count < SOCKETS)
		line->sockets[line->socket_count++] = fd;
	return CURL_SOCKOPT_OK;
}

static int on_close(void *ctx, curl_socket_t fd)
{
	struct shd_mail_line *line = ctx;
	size_t kept = 0;

	for (size_t i = 0; i < line->socket_count; i++)
		if (line->sockets[i] != fd)
			line->sockets[kept++] = line->sockets[i];
	line->socket_count = kept;
	return close(fd);
}

/* What we say still leaves; whoever waits for an answer finds the end at once. */
static void stop_reading(struct shd_mail_line *line)
{
	for (size_t i = 0; i < line->socket_count; i++)
		shutdown(line->sockets[i], SHUT_RD);
}

/* --- the dialogue ------------------------------------------------------------------------- */

static void enter(struct shd_mail *mail, enum shd_mail_step step, bool pending)
{
	mail->step = step;
	mail->step_ms = now_ms();
	mail->pending = pending;
}

/* Only the verb is looked at; what belongs to a login has none. */
static enum shd_mail_step step_of(const char *line, size_t len, enum shd_mail_step now)
{
	static const char *const commands[] = {
#define X(id, command, text) [SHD_MAIL_##id] = command,
		SHD_MAIL_STEP_MAP(X)
#undef X
	};

	for (size_t i = 0; i < SHD_COUNT(commands); i++) {
		size_t verb = commands[i] ? strlen(commands[i]) : 0;

		if (verb && len > verb && memcmp(line, commands[i], verb) == 0 &&
		    (line[verb] == ' ' || line[verb] == '\r'))
			return (enum shd_mail_step)i;
	}
	return now;
}

static int on_debug(CURL *easy, curl_infotype type, char *bytes, size_t len, void *ctx)
{
	struct shd_mail_line *line = ctx;
	struct shd_mail *mail = line->mail;

	(void)easy;
	if (!mail || type != CURLINFO_HEADER_OUT) /* none: the connection is closed between two */
		return 0;
	enum shd_mail_step step = step_of(bytes, len, mail->step);
	if (step == SHD_MAIL_QUIT) { /* the answer before it counts */
		mail->step = step;
		stop_reading(line);
		return 0;
	}
	enter(mail, step, true);
	mail->asked += step == SHD_MAIL_RCPT;
	mail->words[0] = '\0';
	return 0;
}

static void add_words(char *words, size_t size, const char *text, size_t len)
{
	size_t had = strlen(words);

	if (had && had + 1 < size)
		words[had++] = ' ';
	len = shd_utf8_cut(text, len, size - 1 - had);
	memcpy(words + had, text, len);
	words[had + len] = '\0';
}

/* "250-first line", "250 2.0.0 Ok: queued as 4F1A2": a line of a reply. */
static size_t on_reply(char *bytes, size_t size, size_t count, void *ctx)
{
	struct shd_mail_line *line = ctx;
	struct shd_mail *mail = line->mail;
	size_t len = size * count;

	if (mail->step == SHD_MAIL_QUIT)
		return len;
	while (len && (bytes[len - 1] == '\r' || bytes[len - 1] == '\n'))
		len--;
	if (len < 3)
		return size * count;
	if (len > 4)
		add_words(mail->words, sizeof(mail->words), bytes + 4, len - 4);
	if (len > 3 && bytes[3] == '-') /* more of it comes */
		return size * count;
	mail->code = (bytes[0] - '0') * 100 + (bytes[1] - '0') * 10 + (bytes[2] - '0');
	enter(mail, mail->step, false);
	mail->replied = mail->step;
	if (mail->step == SHD_MAIL_RCPT && mail->asked && mail->asked <= mail->in.mail_to.count) {
		struct shd_recipient_reply *reply = &mail->replies[mail->asked - 1];

		reply->status = mail->code;
		add_words(reply->words, sizeof(reply->words), mail->words, strlen(mail->words));
	}
	return size * count;
}

static size_t on_read(char *room, size_t size, size_t count, void *ctx)
{
	struct shd_mail *mail = ((struct shd_mail_line *)ctx)->mail;
	size_t len = mail->in.body_len - mail->body_sent;

	if (len > size * count)
		len = size * count;
	if (len)
		memcpy(room, mail->in.body + mail->body_sent, len);
	mail->body_sent += len;
	enter(mail, mail->body_sent < mail->in.body_len ? SHD_MAIL_BODY : SHD_MAIL_END, true);
	mail->words[0] = '\0';
	return len;
}

/* curl rewinds when a kept connection turns out to be dead. */
static int on_seek(void *ctx, curl_off_t offset, int origin)
{
	struct shd_mail *mail = ((struct shd_mail_line *)ctx)->mail;

	if (origin != SEEK_SET || offset < 0 || (size_t)offset > mail->in.body_len)
		return CURL_SEEKFUNC_CANTSEEK;
	mail->body_sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* Once a second at least, wherever curl waits. Not 0: it gives up. */
static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct shd_mail_line *line = ctx;
	struct shd_mail *mail = line->mail;
	curl_off_t connected_us = 0;

	(void)a, (void)b, (void)c, (void)d;
	if (atomic_load(line->stop))
		return 1;
	if (mail->step == SHD_MAIL_CONNECT) {
		curl_easy_getinfo(line->easy, CURLINFO_CONNECT_TIME_T, &connected_us);
		if (connected_us > 0)
			enter(mail, SHD_MAIL_GREETING, true);
	}
	int64_t limit_ms = mail->step == SHD_MAIL_CONNECT ? mail->in.connect_ms : SHD_MAIL_STEP_MS;
	mail->late = mail->pending && mail->step != SHD_MAIL_END &&
		     now_ms() - mail->step_ms > limit_ms;
	return mail->late;
}

/* --- options of curl ----------------------------------------------------------------------- */

static void set_line(struct shd_mail_line *line)
{
	CURL *easy = line->easy;

	shd_easy_prepare(easy, line->egress, line->message);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, line);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, line);
	curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_debug);
	curl_easy_setopt(easy, CURLOPT_DEBUGDATA, line);
	curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_reply);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, line);
	curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(easy, CURLOPT_XFERINFODATA, line);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
}

static void set_letter(struct shd_mail_line *line, struct curl_slist *recipients)
{
	const struct shd_transfer_in *in = &line->mail->in;
	CURL *easy = line->easy;

	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, in->mail_from);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L); /* out.replies tells */
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(easy, CURLOPT_READDATA, line);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, line);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)in->body_len);
}

static void set_mail(struct shd_mail_line *line)
{
	const struct shd_transfer_in *in = &line->mail->in;
	CURL *easy = line->easy;

	curl_easy_reset(easy);
	set_line(line);
	curl_easy_setopt(easy, CURLOPT_URL, in->url);
	/* Connecting ends with the login for curl; the steps' limits are ours. */
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)in->total_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)in->total_ms);
	curl_easy_setopt(easy, CURLOPT_USE_SSL,
			 (long)(in->require_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	if (in->user) {
		curl_easy_setopt(easy, CURLOPT_USERNAME, in->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD,
				 in->password ? shd_secret_reveal(in->password, NULL) : "");
	}
}

/* --- sending and probing --------------------------------------------------------------------- */

static struct curl_slist *list_recipients(const struct shd_texts *to, const char *prefix,
					  const char *suffix)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};
	struct curl_slist *list = NULL;

	shd_text_init(&text, SIZE_MAX / 2);
	for (size_t i = 0; i < to->count; i++) {
		shd_text_clear(&text);
		shd_text_printf(&text, "%s%s%s", prefix, to->items[i], suffix);
		list = curl_slist_append(list, text.data);
	}
	return list;
}

static CURLcode send_letter(struct shd_mail_line *line)
{
	struct curl_slist *recipients = list_recipients(&line->mail->in.mail_to, "", "");

	set_letter(line, recipients);
	CURLcode code = curl_easy_perform(line->easy);
	curl_slist_free_all(recipients);
	return code;
}

/* Without a mail curl sends a command of our choice: alone, or once for each recipient, and then
 * no refusal is a failure. */
static CURLcode command(struct shd_mail_line *line, const char *verb, struct curl_slist *recipients)
{
	curl_easy_setopt(line->easy, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(line->easy, CURLOPT_CUSTOMREQUEST, verb);
	curl_easy_setopt(line->easy, CURLOPT_MAIL_RCPT, recipients);
	return curl_easy_perform(line->easy);
}

static CURLcode probe(struct shd_mail_line *line)
{
	SHD_AUTO(shd_text_finish) struct shd_text from = {0};
	struct shd_mail *mail = line->mail;

	shd_text_init(&from, SIZE_MAX / 2);
	shd_text_printf(&from, "MAIL FROM:<%s>", mail->in.mail_from);
	CURLcode code = command(line, from.data, NULL);
	if (code != CURLE_OK)
		return code;
	struct curl_slist *recipients = list_recipients(&mail->in.mail_to, "TO:<", ">");
	code = command(line, "RCPT", recipients);
	curl_slist_free_all(recipients);
	return code == CURLE_OK ? command(line, "RSET", NULL) : code;
}

/* --- a mail --------------------------------------------------------------------------------- */

struct shd_mail *shd_mail_create(const struct shd_transfer_in *in, shd_transfer_fn *done, void *ctx)
{
	struct shd_mail *mail = shd_xcalloc(1, sizeof(*mail));

	mail->in = *in;
	mail->in.egress = NULL;
	mail->done = done;
	mail->ctx = ctx;
	mail->replies = shd_xcalloc(in->mail_to.count + 1, sizeof(*mail->replies));
	shd_text_init(&mail->out.body, sizeof(mail->words));
	mail->out.header = shd_easy_no_header;
	return mail;
}

void shd_mail_destroy(struct shd_mail *mail)
{
	if (!mail)
		return;
	shd_text_finish(&mail->out.body);
	free(mail->replies);
	free(mail);
}

static void explain(const struct shd_mail_line *line, CURLcode code, struct shd_error *reterr)
{
	const struct shd_mail *mail = line->mail;
	bool late = mail->late || code == CURLE_OPERATION_TIMEDOUT;

	if (!late && atomic_load(line->stop))
		shd_fail(reterr, SHD_ERR_CLOSING, "given up because the daemon stops");
	else if (late && mail->pending)
		shd_fail(reterr, SHD_ERR_TIMEOUT,
			"the mail server does not answer: after %s, %lld s", mail->out.step,
			(long long)((now_ms() - mail->step_ms) / SHD_SECOND_MS));
	else if (code == CURLE_USE_SSL_FAILED)
		shd_fail(reterr, SHD_ERR_TLS, "the mail server offers no STARTTLS");
	else
		shd_fail(reterr, shd_easy_error_kind(code), "%s",
			 line->message[0] ? line->message : curl_easy_strerror(code));
}

void shd_mail_send(struct shd_mail_line *line, struct shd_mail *mail)
{
	static const char *const steps[] = {
#define X(id, command, text) [SHD_MAIL_##id] = text,
		SHD_MAIL_STEP_MAP(X)
#undef X
	};
	int64_t began_ms = now_ms();

	line->mail = mail;
	line->message[0] = '\0';
	enter(mail, SHD_MAIL_CONNECT, true);
	set_mail(line);
	CURLcode code = mail->in.probe ? probe(line) : send_letter(line);

	struct shd_transfer_out *out = &mail->out;
	out->status = mail->code;
	out->step = steps[mail->pending ? mail->step : mail->replied];
	out->took_ms = now_ms() - began_ms;
	out->replies = mail->replies;
	out->reply_count = mail->asked < mail->in.mail_to.count ? mail->asked
								: mail->in.mail_to.count;
	/* A refusal is an answer; curl calls it a failure. */
	out->ok = code == CURLE_OK || (!mail->pending && mail->code >= 400);
	if (out->ok)
		shd_text_puts(&out->body, mail->words);
	else
		explain(line, code, &out->error);
	line->mail = NULL;
}

/* --- life of the connection ----------------------------------------------------------------- */

struct shd_mail_line *shd_mail_line_create(const struct shd_egress *egress, const atomic_bool *stop)
{
	struct shd_mail_line *line = shd_xcalloc(1, sizeof(*line));

	line->egress = egress;
	line->stop = stop;
	line->easy = curl_easy_init();
	shd_assert(line->easy);
	return line;
}

void shd_mail_line_destroy(struct shd_mail_line *line)
{
	if (!line)
		return;
	stop_reading(line); /* QUIT still leaves */
	curl_easy_cleanup(line->easy);
	free(line);
}

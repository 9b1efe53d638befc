#include "smtp.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum phase { PHASE_COMMAND, PHASE_AUTH_PLAIN, PHASE_AUTH_USER, PHASE_AUTH_PASSWORD, PHASE_DATA };

struct session {
	uv_tcp_t tcp;
	struct shd_smtp *smtp;
	struct session *previous, *next;
	enum phase phase;
	bool closing, too_big, authenticated, has_sender;
	char user[64];
	struct shd_text line, mail;
	char from[256];
	json_t *to;
	char buf[16384];
};

struct shd_smtp {
	uv_tcp_t tcp;
	struct shd_sink *sink;
	struct session *sessions;
	int port;
	bool closing, closed;
};

static void free_server(struct shd_smtp *smtp)
{
	if (smtp->closed && !smtp->sessions)
		free(smtp);
}

static void on_session_closed(uv_handle_t *handle)
{
	struct session *s = handle->data;
	struct shd_smtp *smtp = s->smtp;

	if (s->previous)
		s->previous->next = s->next;
	else
		smtp->sessions = s->next;
	if (s->next)
		s->next->previous = s->previous;
	shd_text_finish(&s->line);
	shd_text_finish(&s->mail);
	json_decref(s->to);
	free(s);
	free_server(smtp);
}

static void hang_up(struct session *s)
{
	if (s->closing)
		return;
	s->closing = true;
	uv_close((uv_handle_t *)&s->tcp, on_session_closed);
}

/* Replies are short and the client waits for each, so they always fit. */
static void say(struct session *s, const char *reply)
{
	uv_buf_t buf = uv_buf_init((char *)reply, (unsigned)strlen(reply));

	if (!s->closing && uv_try_write((uv_stream_t *)&s->tcp, &buf, 1) != (int)buf.len)
		hang_up(s);
}

/* Applies a fault, if there is one for the stage (smtp/mail, smtp/rcpt, smtp/data,
 * smtp/connect); true: the command is answered, or will not be. */
static bool apply_fault(struct session *s, const char *stage)
{
	const struct shd_fault_plan *fault =
		shd_fault_find(s->smtp->sink->faults, stage, "", shd_now_ms());

	if (!fault)
		return false;
	switch ((int)fault->kind) {
	case SHD_FAULT_LATER:
		say(s, "451 4.3.0 try again later\r\n");
		return true;
	case SHD_FAULT_NEVER:
		say(s, "550 5.1.1 no such mailbox\r\n");
		return true;
	case SHD_FAULT_RESET:
		hang_up(s);
		return true;
	case SHD_FAULT_TIMEOUT:
		return true; /* says nothing */
	default:
		return false;
	}
}

static void forget_mail(struct session *s)
{
	shd_text_clear(&s->mail);
	json_array_clear(s->to);
	s->has_sender = s->too_big = false;
}

static void deliver(struct session *s)
{
	s->phase = PHASE_COMMAND;
	if (s->too_big) {
		say(s, "552 5.3.4 message too big\r\n");
	} else if (!apply_fault(s, "smtp/data")) {
		json_t *mail = shd_mail_parse(s->mail.data, s->mail.len);

		json_object_set_new(mail, "from", json_string(s->from));
		json_object_set_new(mail, "to", json_copy(s->to));
		json_object_set_new(mail, "bytes", json_integer((json_int_t)s->mail.len));
		shd_sink_mail(s->smtp->sink, mail);
		say(s, "250 2.0.0 kept\r\n");
	}
	forget_mail(s);
}

static void take_data(struct session *s, const char *line, size_t len)
{
	if (len == 1 && line[0] == '.') {
		deliver(s);
		return;
	}
	if (len && line[0] == '.') {
		line++;
		len--;
	}
	if (s->mail.len + len + 2 > SHD_SMTP_MAIL_MAX)
		s->too_big = true;
	if (s->too_big)
		return;
	shd_text_add(&s->mail, line, len);
	shd_text_puts(&s->mail, "\r\n");
}

static size_t decode(const char *text, unsigned char out[256])
{
	size_t len = strlen(text), pad = 0;

	if (len == 0 || len % 4 || len > 300)
		return 0;
	while (pad < 2 && text[len - 1 - pad] == '=')
		pad++;
	int bytes = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
	if (bytes < 0)
		return 0;
	out[(size_t)bytes - pad] = '\0';
	return (size_t)bytes - pad;
}

static void finish_auth(struct session *s, const char *user, const char *password)
{
	const struct shd_sink_settings *known = &s->smtp->sink->settings;

	s->phase = PHASE_COMMAND;
	s->authenticated = strcmp(user, known->smtp_user) == 0 &&
			   strcmp(password, known->smtp_password) == 0;
	say(s, s->authenticated ? "235 2.7.0 welcome\r\n" : "535 5.7.8 wrong user or password\r\n");
}

/* \0user\0password */
static void auth_plain(struct session *s, const char *text)
{
	unsigned char plain[260] = {0};
	size_t len = decode(text, plain);
	const char *user = (char *)plain + strlen((char *)plain) + 1;

	if (len < 3 || user >= (char *)plain + len) {
		s->phase = PHASE_COMMAND;
		say(s, "501 5.5.2 cannot decode\r\n");
		return;
	}
	finish_auth(s, user, user + strlen(user) + 1);
}

static void auth_login(struct session *s, const char *text)
{
	unsigned char plain[260] = {0};

	decode(text, plain);
	if (s->phase == PHASE_AUTH_PASSWORD) {
		finish_auth(s, s->user, (char *)plain);
		return;
	}
	snprintf(s->user, sizeof(s->user), "%.*s", (int)sizeof(s->user) - 1, (char *)plain);
	s->phase = PHASE_AUTH_PASSWORD;
	say(s, "334 UGFzc3dvcmQ6\r\n");
}

static void on_ehlo(struct session *s, const char *rest)
{
	(void)rest;
	forget_mail(s);
	say(s, *s->smtp->sink->settings.smtp_user
		       ? "250-sandbox\r\n250-SIZE 10485760\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
			 "250 AUTH PLAIN LOGIN\r\n"
		       : "250-sandbox\r\n250-SIZE 10485760\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n");
}

static void on_auth(struct session *s, const char *rest)
{
	if (!*s->smtp->sink->settings.smtp_user) {
		say(s, "502 5.5.1 no authentication here\r\n");
	} else if (strncasecmp(rest, "PLAIN", 5) == 0 && rest[5] == ' ') {
		auth_plain(s, rest + 6);
	} else if (strncasecmp(rest, "PLAIN", 5) == 0) {
		s->phase = PHASE_AUTH_PLAIN;
		say(s, "334 \r\n");
	} else if (strncasecmp(rest, "LOGIN", 5) == 0 && rest[5] == ' ') {
		s->phase = PHASE_AUTH_USER;
		auth_login(s, rest + 6);
	} else if (strncasecmp(rest, "LOGIN", 5) == 0) {
		s->phase = PHASE_AUTH_USER;
		say(s, "334 VXNlcm5hbWU6\r\n");
	} else {
		say(s, "504 5.5.4 PLAIN or LOGIN\r\n");
	}
}

/* The address between < and >; false when there is none. */
static bool address(const char *text, char out[256])
{
	const char *from = strchr(text, '<'), *to = from ? strchr(from, '>') : NULL;

	if (!to || to - from > 255)
		return false;
	snprintf(out, 256, "%.*s", (int)(to - from - 1), from + 1);
	return true;
}

static void on_mail(struct session *s, const char *rest)
{
	const char *size = strcasestr(rest, "SIZE=");

	if (*s->smtp->sink->settings.smtp_user && !s->authenticated)
		say(s, "530 5.7.0 authenticate first\r\n");
	else if (strncasecmp(rest, "FROM:", 5) != 0 || !address(rest, s->from))
		say(s, "501 5.5.4 MAIL FROM:<address>\r\n");
	else if (size && strtoll(size + 5, NULL, 10) > SHD_SMTP_MAIL_MAX)
		say(s, "552 5.3.4 message too big\r\n");
	else if (!apply_fault(s, "smtp/mail")) {
		forget_mail(s);
		s->has_sender = true;
		say(s, "250 2.1.0 ok\r\n");
	}
}

static void on_rcpt(struct session *s, const char *rest)
{
	char to[256];

	if (!s->has_sender)
		say(s, "503 5.5.1 MAIL first\r\n");
	else if (strncasecmp(rest, "TO:", 3) != 0 || !address(rest, to))
		say(s, "501 5.5.4 RCPT TO:<address>\r\n");
	else if (json_array_size(s->to) >= SHD_SMTP_RCPT_MAX)
		say(s, "452 4.5.3 too many recipients\r\n");
	else if (!apply_fault(s, "smtp/rcpt")) {
		json_array_append_new(s->to, json_string(to));
		say(s, "250 2.1.5 ok\r\n");
	}
}

static void on_data(struct session *s, const char *rest)
{
	(void)rest;
	if (json_array_size(s->to) == 0) {
		say(s, "503 5.5.1 RCPT first\r\n");
		return;
	}
	s->phase = PHASE_DATA;
	say(s, "354 end with a dot\r\n");
}

static void on_reset(struct session *s, const char *rest)
{
	(void)rest;
	forget_mail(s);
	say(s, "250 2.0.0 ok\r\n");
}

static void on_noop(struct session *s, const char *rest)
{
	(void)rest;
	say(s, "250 2.0.0 ok\r\n");
}

static void on_quit(struct session *s, const char *rest)
{
	(void)rest;
	say(s, "221 2.0.0 bye\r\n");
	hang_up(s);
}

static const struct {
	const char *word;
	void (*act)(struct session *s, const char *rest);
} commands[] = {
	{"AUTH", on_auth},
	{"DATA", on_data},
	{"EHLO", on_ehlo},
	{"HELO", on_ehlo},
	{"MAIL", on_mail},
	{"NOOP", on_noop},
	{"QUIT", on_quit},
	{"RCPT", on_rcpt},
	{"RSET", on_reset},
};

static void take_command(struct session *s, const char *line)
{
	size_t len = strcspn(line, " ");
	const char *rest = line + len + (line[len] == ' ');

	for (size_t i = 0; i < SHD_COUNT(commands); i++) {
		if (len != 4 || strncasecmp(commands[i].word, line, 4) != 0)
			continue;
		commands[i].act(s, rest);
		return;
	}
	say(s, "500 5.5.1 unknown command\r\n");
}

static void take_line(struct session *s)
{
	switch (s->phase) {
	case PHASE_COMMAND:
		take_command(s, s->line.data);
		break;
	case PHASE_AUTH_PLAIN:
		auth_plain(s, s->line.data);
		break;
	case PHASE_AUTH_USER:
	case PHASE_AUTH_PASSWORD:
		auth_login(s, s->line.data);
		break;
	case PHASE_DATA:
		take_data(s, s->line.data, s->line.len);
		break;
	}
	shd_text_clear(&s->line);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct session *s = stream->data;

	if (len < 0) {
		hang_up(s);
		return;
	}
	for (ssize_t i = 0; i < len && !s->closing; i++) {
		if (buf->base[i] != '\n') {
			shd_text_putc(&s->line, buf->base[i]);
			continue;
		}
		if (s->line.len && s->line.data[s->line.len - 1] == '\r')
			s->line.data[--s->line.len] = '\0';
		s->too_big |= s->phase == PHASE_DATA && !shd_text_ok(&s->line);
		if (shd_text_ok(&s->line) || s->phase == PHASE_DATA)
			take_line(s);
		else
			say(s, "500 5.5.2 line too long\r\n");
		shd_text_clear(&s->line);
	}
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
	struct session *s = handle->data;

	(void)size;
	*buf = uv_buf_init(s->buf, sizeof(s->buf));
}

static void on_connection(uv_stream_t *server, int status)
{
	struct shd_smtp *smtp = server->data;

	if (status < 0)
		return;
	struct session *s = shd_xcalloc(1, sizeof(*s));
	s->smtp = smtp;
	s->to = json_array();
	shd_text_init(&s->line, SHD_SMTP_LINE_MAX);
	shd_text_init(&s->mail, SHD_SMTP_MAIL_MAX);
	s->next = smtp->sessions;
	if (s->next)
		s->next->previous = s;
	smtp->sessions = s;
	uv_tcp_init(server->loop, &s->tcp);
	s->tcp.data = s;
	if (uv_accept(server, (uv_stream_t *)&s->tcp) != 0 ||
	    uv_read_start((uv_stream_t *)&s->tcp, on_alloc, on_read) != 0) {
		hang_up(s);
		return;
	}
	if (!apply_fault(s, "smtp/connect"))
		say(s, "220 sandbox ESMTP\r\n");
}

struct shd_smtp *shd_smtp_open(uv_loop_t *loop, int port, struct shd_sink *sink,
			       struct shd_error *reterr)
{
	struct shd_smtp *smtp = shd_xcalloc(1, sizeof(*smtp));
	struct sockaddr_in address_in;
	int len = sizeof(address_in);

	smtp->sink = sink;
	uv_tcp_init(loop, &smtp->tcp);
	smtp->tcp.data = smtp;
	uv_ip4_addr("127.0.0.1", port, &address_in);
	if (uv_tcp_bind(&smtp->tcp, (struct sockaddr *)&address_in, 0) != 0 ||
	    uv_listen((uv_stream_t *)&smtp->tcp, 128, on_connection) != 0) {
		shd_fail(reterr, SHD_ERR_NETWORK, "cannot listen on 127.0.0.1:%d", port);
		shd_smtp_close(smtp);
		return NULL;
	}
	uv_tcp_getsockname(&smtp->tcp, (struct sockaddr *)&address_in, &len);
	smtp->port = ntohs(address_in.sin_port);
	return smtp;
}

int shd_smtp_port(const struct shd_smtp *smtp)
{
	return smtp->port;
}

static void on_server_closed(uv_handle_t *handle)
{
	struct shd_smtp *smtp = handle->data;

	smtp->closed = true;
	free_server(smtp);
}

void shd_smtp_close(struct shd_smtp *smtp)
{
	if (!smtp)
		return;
	smtp->closing = true;
	for (struct session *s = smtp->sessions; s; s = s->next)
		hang_up(s);
	uv_close((uv_handle_t *)&smtp->tcp, on_server_closed);
}

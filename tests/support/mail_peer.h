/* tests/support/mail_peer.h - a small mail server on a thread, which misbehaves where it is told.
 *
 * Before it answers the command `at` (GREETING and END stand for the beginning and for the end of
 * a mail) it does `what`: SILENT answers nothing more, to nobody, CUT closes, SLOW waits `ms`.
 * A recipient whose address begins with three digits is answered with them. */
#pragma once
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum mail_fault { MAIL_WELL, MAIL_SILENT, MAIL_CUT, MAIL_SLOW };
enum { MAIL_CONNECTIONS = 64 };

struct mail_peer {
	int listener, port;
	const char *at;
	enum mail_fault what;
	int ms;
	pthread_t thread, talks[MAIL_CONNECTIONS];
	atomic_bool stop;
	atomic_int connections, mails, quits;
	struct mail_talk {
		struct mail_peer *peer;
		int fd;
		bool silent;
	} talk[MAIL_CONNECTIONS];
};

static inline void mail_wait(const struct mail_peer *peer, int ms)
{
	for (int waited = 0; waited < ms && !atomic_load(&peer->stop); waited += 10)
		poll(NULL, 0, 10);
}

/* False: the connection is closed. */
static inline bool mail_says(struct mail_talk *talk, const char *command, const char *answer)
{
	struct mail_peer *peer = talk->peer;

	if (peer->at && strcmp(peer->at, command) == 0) {
		if (peer->what == MAIL_CUT)
			return false;
		talk->silent |= peer->what == MAIL_SILENT;
		if (peer->what == MAIL_SLOW)
			mail_wait(peer, peer->ms);
	}
	if (!talk->silent && send(talk->fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
		return false;
	return true;
}

static inline bool mail_answers(struct mail_talk *talk, const char *line, bool *in_mail)
{
	static const char *const plain[] = {"EHLO", "HELO", "MAIL", "NOOP", "RSET"};
	struct mail_peer *peer = talk->peer;

	if (*in_mail) {
		if (strcmp(line, ".") != 0)
			return true;
		*in_mail = false;
		atomic_fetch_add(&peer->mails, 1);
		return mail_says(talk, "END", "250 2.0.0 Ok: queued as 4F1A\r\n");
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (strncmp(line, plain[i], 4) == 0)
			return mail_says(talk, plain[i], "250 ok\r\n");
	if (strncmp(line, "RCPT TO:<", 9) == 0) {
		char refusal[32];
		int code = (int)strtol(line + 9, NULL, 10);

		snprintf(refusal, sizeof(refusal), "%d 4.2.2 mailbox full\r\n", code);
		return mail_says(talk, "RCPT", code ? refusal : "250 ok\r\n");
	}
	if (strncmp(line, "DATA", 4) == 0) {
		*in_mail = true;
		return mail_says(talk, "DATA", "354 go on\r\n");
	}
	if (strncmp(line, "QUIT", 4) == 0) {
		atomic_fetch_add(&peer->quits, 1);
		mail_says(talk, "QUIT", "221 bye\r\n");
		return peer->what == MAIL_SILENT; /* it holds the connection */
	}
	return mail_says(talk, "?", "500 what?\r\n");
}

static inline void *mail_talk(void *ctx)
{
	struct mail_talk *talk = ctx;
	char bytes[65536];
	size_t len = 0;
	bool in_mail = false, goes_on = mail_says(talk, "GREETING", "220 mx.example.com\r\n");

	while (goes_on && !atomic_load(&talk->peer->stop)) {
		struct pollfd ready = {talk->fd, POLLIN, 0};
		char *end;

		if (poll(&ready, 1, 10) != 1)
			continue;
		ssize_t got = recv(talk->fd, bytes + len, sizeof(bytes) - len - 1, 0);
		if (got <= 0)
			break;
		len += (size_t)got;
		bytes[len] = '\0';
		while (goes_on && (end = strstr(bytes, "\r\n"))) {
			*end = '\0';
			goes_on = mail_answers(talk, bytes, &in_mail);
			len -= (size_t)(end + 2 - bytes);
			memmove(bytes, end + 2, len + 1);
		}
	}
	close(talk->fd);
	return NULL;
}

static inline void *mail_peer_run(void *ctx)
{
	struct mail_peer *peer = ctx;
	int count = 0;

	while (!atomic_load(&peer->stop)) {
		struct pollfd ready = {peer->listener, POLLIN, 0};

		if (count == MAIL_CONNECTIONS || poll(&ready, 1, 10) != 1)
			continue;
		peer->talk[count] = (struct mail_talk){.peer = peer,
			.fd = accept(peer->listener, NULL, NULL)};
		pthread_create(&peer->talks[count], NULL, mail_talk, &peer->talk[count]);
		count++;
		atomic_fetch_add(&peer->connections, 1);
	}
	for (int i = 0; i < count; i++)
		pthread_join(peer->talks[i], NULL);
	return NULL;
}

static inline struct mail_peer *mail_peer_start(const char *at, enum mail_fault what, int ms)
{
	struct mail_peer *peer = calloc(1, sizeof(*peer));
	struct sockaddr_in on = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(on);

	peer->at = at;
	peer->what = what;
	peer->ms = ms;
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(peer->listener, (struct sockaddr *)&on, len) || listen(peer->listener, 64) ||
	    getsockname(peer->listener, (struct sockaddr *)&on, &len))
		abort();
	peer->port = ntohs(on.sin_port);
	pthread_create(&peer->thread, NULL, mail_peer_run, peer);
	return peer;
}

static inline void mail_peer_stop(struct mail_peer *peer)
{
	atomic_store(&peer->stop, true);
	pthread_join(peer->thread, NULL);
	close(peer->listener);
	free(peer);
}

/* tests/support/peer.h - a small HTTP server on a thread, for tests of the transport.
 *
 * What it answers depends on the path:
 *   /echo     the request's body            /date    with a Date header
 *   /status/N status N                      /bytes/N N bytes, with Content-Length
 *   /chunked/N  N bytes without a length    /cut     fewer bytes than promised
 *   /stall/N  N bytes of twice as many
 *   /silent   nothing, until the peer goes  /junk    not HTTP
 *   /from     "127.0.0.2 7": whence the connection comes, and which one it is
 * The connection is kept; `connections`, `requests` and `gone` count. */
#pragma once
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEER_CONNECTIONS = 64, PEER_BUFFER = 65536 };

struct peer {
	int listener, port;
	pthread_t thread;
	atomic_bool stop;
	atomic_int connections, requests, gone;
	pthread_mutex_t lock;        /* for last_head */
	char last_head[PEER_BUFFER]; /* of the last request */
	struct {
		int fd, number;
		char from[INET_ADDRSTRLEN];
		size_t len;
		char bytes[PEER_BUFFER];
	} lines[PEER_CONNECTIONS];
};

static inline void peer_send(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		bytes += sent;
		len -= (size_t)sent;
	}
}

static inline void peer_bytes(int fd, size_t count, bool chunked)
{
	char block[1024];

	memset(block, 'x', sizeof(block));
	while (count) {
		size_t len = count < sizeof(block) ? count : sizeof(block);

		if (chunked)
			dprintf(fd, "%zx\r\n", len);
		peer_send(fd, block, len);
		if (chunked)
			peer_send(fd, "\r\n", 2);
		count -= len;
	}
	if (chunked)
		peer_send(fd, "0\r\n\r\n", 5);
}

/* False: the connection is to be closed. */
static inline bool peer_answer(int fd, const char *path, const char *body, size_t len)
{
	if (strncmp(path, "/silent", 7) == 0)
		return true;
	if (strncmp(path, "/junk", 5) == 0) {
		peer_send(fd, "SSH-2.0-x\r\n", 11);
		return false;
	}
	if (strncmp(path, "/cut", 4) == 0) {
		dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
		return false;
	}
	if (strncmp(path, "/status/", 8) == 0) {
		dprintf(fd, "HTTP/1.1 %d X\r\nContent-Length: 2\r\nRetry-After: 7\r\n\r\nno",
			(int)strtol(path + 8, NULL, 10));
	} else if (strncmp(path, "/bytes/", 7) == 0) {
		dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
			(int)strtol(path + 7, NULL, 10));
		peer_bytes(fd, (size_t)strtol(path + 7, NULL, 10), false);
	} else if (strncmp(path, "/stall/", 7) == 0) {
		dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %ld\r\n\r\n",
			2 * strtol(path + 7, NULL, 10));
		peer_bytes(fd, (size_t)strtol(path + 7, NULL, 10), false);
	} else if (strncmp(path, "/chunked/", 9) == 0) {
		dprintf(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
		peer_bytes(fd, (size_t)strtol(path + 9, NULL, 10), true);
	} else if (strncmp(path, "/date", 5) == 0) {
		dprintf(fd, "HTTP/1.1 200 OK\r\nDate: Thu, 01 Oct 2026 00:00:00 GMT\r\n"
			    "Content-Length: 0\r\n\r\n");
	} else {
		dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
		peer_send(fd, body, len);
	}
	return true;
}

static inline void peer_tell_from(const struct peer *peer, int fd)
{
	for (size_t i = 0; i < PEER_CONNECTIONS; i++)
		if (peer->lines[i].fd == fd)
			dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s %4d",
				strlen(peer->lines[i].from) + 5, peer->lines[i].from,
				peer->lines[i].number);
}

/* Answers every whole request in the buffer; false: close. */
static inline bool peer_serve(struct peer *peer, int fd, char *bytes, size_t *len)
{
	for (;;) {
		char path[64] = "", *end = memmem(bytes, *len, "\r\n\r\n", 4), *length;
		size_t head = end ? (size_t)(end - bytes) + 4 : 0, body = 0;

		if (!end)
			return true;
		*end = '\0';
		length = strcasestr(bytes, "content-length:");
		if (length)
			body = (size_t)strtol(length + 15, NULL, 10);
		if (*len < head + body) {
			*end = '\r';
			return true;
		}
		pthread_mutex_lock(&peer->lock);
		memcpy(peer->last_head, bytes, head - 3);
		pthread_mutex_unlock(&peer->lock);
		sscanf(bytes, "%*s %63s", path);
		atomic_fetch_add(&peer->requests, 1);
		if (strcmp(path, "/from") == 0)
			peer_tell_from(peer, fd);
		else if (!peer_answer(fd, path, bytes + head, body))
			return false;
		*len -= head + body;
		memmove(bytes, bytes + head + body, *len);
	}
}

static inline void peer_accept(struct peer *peer)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	int fd = accept(peer->listener, (struct sockaddr *)&from, &len), on = 1;

	/* Else a body waits 40 ms for the acknowledgement of its head. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (size_t i = 0; i < PEER_CONNECTIONS; i++)
		if (peer->lines[i].fd < 0) {
			peer->lines[i].fd = fd;
			peer->lines[i].len = 0;
			peer->lines[i].number = atomic_fetch_add(&peer->connections, 1);
			inet_ntop(AF_INET, &from.sin_addr, peer->lines[i].from,
				sizeof(peer->lines[i].from));
			return;
		}
	close(fd);
}

static inline void *peer_run(void *ctx)
{
	struct peer *peer = ctx;

	while (!atomic_load(&peer->stop)) {
		struct pollfd fds[PEER_CONNECTIONS + 1] = {{peer->listener, POLLIN, 0}};

		for (size_t i = 0; i < PEER_CONNECTIONS; i++)
			fds[i + 1] = (struct pollfd){peer->lines[i].fd, POLLIN, 0};
		poll(fds, PEER_CONNECTIONS + 1, 20);
		for (size_t i = 0; i < PEER_CONNECTIONS; i++) {
			size_t room = PEER_BUFFER - peer->lines[i].len - 1;

			if (peer->lines[i].fd < 0 || !fds[i + 1].revents)
				continue;
			ssize_t got = recv(peer->lines[i].fd,
					   peer->lines[i].bytes + peer->lines[i].len, room, 0);
			if (got > 0) {
				peer->lines[i].len += (size_t)got;
				peer->lines[i].bytes[peer->lines[i].len] = '\0';
			}
			if (got <= 0 || !peer_serve(peer, peer->lines[i].fd, peer->lines[i].bytes,
						    &peer->lines[i].len)) {
				close(peer->lines[i].fd);
				peer->lines[i].fd = -1;
				atomic_fetch_add(&peer->gone, 1);
			}
		}
		if (fds[0].revents)
			peer_accept(peer);
	}
	return NULL;
}

static inline struct peer *peer_start(void)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);

	for (size_t i = 0; i < PEER_CONNECTIONS; i++)
		peer->lines[i].fd = -1;
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(peer->listener, (struct sockaddr *)&at, len) || listen(peer->listener, 64) ||
	    getsockname(peer->listener, (struct sockaddr *)&at, &len))
		abort();
	peer->port = ntohs(at.sin_port);
	pthread_mutex_init(&peer->lock, NULL);
	pthread_create(&peer->thread, NULL, peer_run, peer);
	return peer;
}

static inline void peer_stop(struct peer *peer)
{
	atomic_store(&peer->stop, true);
	pthread_join(peer->thread, NULL);
	for (size_t i = 0; i < PEER_CONNECTIONS; i++)
		if (peer->lines[i].fd >= 0)
			close(peer->lines[i].fd);
	close(peer->listener);
	pthread_mutex_destroy(&peer->lock);
	free(peer);
}

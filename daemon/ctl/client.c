/* Sends requests to the daemon's API over its socket. */
#include "ctl.h"

#include "net/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX_BYTES (256 << 20)
#define TIMEOUT_MS      (30 * SHD_SECOND_MS)

/* Room for an expression (SHD_EXPR_BYTES) with every byte percent-encoded, and for the rest. */
enum { URL_MAX_BYTES = 14000 };

/* A request and its answer. */
struct exchange {
	struct shd_transfers *transfers;
	bool ok;
	int status;
	char *body;
	size_t len;
	struct shd_error *reterr;
};

/* Checks that a daemon listens, to say why not: the transport would only say that it cannot
 * connect. */
static enum shd_exit check_listening(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "storehealthctl: %s is too long for a socket\n", path);
		return SHD_EXIT_USAGE;
	}
	memcpy(address.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int status = fd < 0 ? -1
			    : connect(fd, (const struct sockaddr *)&address, sizeof(address));
	int why = errno;
	if (fd >= 0)
		close(fd);
	if (status == 0)
		return SHD_EXIT_OK;
	if (why == EACCES || why == EPERM) {
		fprintf(stderr,
			"storehealthctl: no permission for %s: use sudo, or become a member of "
			"its group (adduser USER storehealthd)\n",
			path);
		return SHD_EXIT_DENIED;
	}
	if (why == ENOENT || why == ECONNREFUSED)
		fprintf(stderr,
			"storehealthctl: storehealthd does not run: nobody answers at %s "
			"(systemctl start storehealthd, or name the socket with --socket)\n",
			path);
	else
		fprintf(stderr, "storehealthctl: %s: %s\n", path, strerror(why));
	return SHD_EXIT_UNAVAILABLE;
}

static void on_transfers_closed(void *ctx)
{
	(void)ctx;
}

static void on_answer(void *ctx, struct shd_transfer_out *out)
{
	struct exchange *exchange = ctx;

	exchange->ok = out->ok;
	exchange->status = out->status;
	exchange->len = out->body.len;
	exchange->body = shd_text_take(&out->body);
	if (!out->ok)
		*exchange->reterr = out->error;
	shd_transfers_close(shd_steal(exchange->transfers), on_transfers_closed, NULL);
}

/* Fetches the path on a loop of its own. */
static bool fetch(const char *socket, const char *path, struct exchange *exchange,
		  struct shd_error *reterr)
{
	SHD_AUTO(shd_text_finish) struct shd_text url = {0};
	uv_loop_t loop;

	shd_text_init(&url, URL_MAX_BYTES);
	shd_text_printf(&url, "http://localhost%s", path);
	if (!shd_text_ok(&url))
		return shd_fail(reterr, SHD_ERR_LIMIT, "the question has more than %d bytes",
				URL_MAX_BYTES);
	struct shd_transfer_in in = {.method = "GET", .url = url.data, .unix_socket = socket,
		.connect_ms = TIMEOUT_MS, .total_ms = TIMEOUT_MS,
		.answer_max_bytes = ANSWER_MAX_BYTES};

	shd_assert(uv_loop_init(&loop) == 0);
	exchange->transfers = shd_transfers_create(&loop, 1);
	exchange->reterr = reterr;
	bool started = shd_transfer_start(exchange->transfers, &in, on_answer, exchange, reterr);
	if (!started)
		shd_transfers_close(exchange->transfers, on_transfers_closed, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	shd_assert(uv_loop_close(&loop) == 0);
	return started && exchange->ok;
}

/* Prints the error of an answer; returns the exit code. */
static enum shd_exit print_refusal(int status, const json_t *answer)
{
	const char *said = shd_ctl_text(json_object_get(answer, "error"), "text");
	char *text shd_autofree = shd_xstrdup(said);

	shd_line_clean(text);
	fprintf(stderr, "storehealthctl: %s\n",
		*text ? text : "the daemon's answer makes no sense");
	return status == 404 || status == 400 ? SHD_EXIT_NO : SHD_EXIT_UNAVAILABLE;
}

enum shd_exit shd_ctl_ask(struct shd_ctl *ctl, const char *path, json_t **ret_answer)
{
	struct exchange exchange = {0};
	struct shd_error error;
	enum shd_exit code = check_listening(ctl->socket);

	if (code != SHD_EXIT_OK)
		return code;
	if (!fetch(ctl->socket, path, &exchange, &error)) {
		fprintf(stderr, "storehealthctl: the daemon does not answer: %s\n", error.msg);
		free(exchange.body);
		return SHD_EXIT_UNAVAILABLE;
	}
	json_t *answer = json_loadb(exchange.body, exchange.len, 0, NULL);
	free(exchange.body);
	if (!answer || exchange.status != 200) {
		code = print_refusal(exchange.status, answer);
		json_decref(answer);
		return code;
	}
	ctl->now = shd_ctl_time(answer, "now");
	*ret_answer = answer;
	return SHD_EXIT_OK;
}

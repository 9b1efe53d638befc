/* A mail is in one place at a time: in its server's queue, with a thread, or among those that
 * have ended. The lock guards the queues, the counts of threads, and what has ended. */
#include "mails.h"

#include "mail.h"

#include <stdlib.h>
#include <string.h>

enum { PER_SERVER = 4, THREADS_MAX = 32, WAITING_MAX = 1024 };

struct server {
	struct server *next;
	char *key;                /* URL, user and egress */
	struct shd_egress egress; /* a copy */
	struct shd_mail *first, **last;
	size_t serving;           /* threads that take its mails */
	size_t threads;           /* and those that are not joined yet; the loop's */
};

struct talker {
	struct talker *next; /* of those that have ended */
	uv_thread_t thread;
	struct shd_mails *mails;
	struct server *server;
	bool served; /* a mail at least */
};

struct shd_mails {
	uv_async_t ended_some;
	uv_loop_t *loop;
	uv_mutex_t lock;
	struct server *servers;      /* the list is the loop's; served last, last */
	size_t waiting;
	size_t unserved;             /* servers for whose mails there is no thread */
	size_t threads;              /* that are not joined; the loop's */
	struct shd_mail *sent, **sent_last;
	struct talker *over;
	atomic_bool stop;
	void (*closed)(void *ctx);   /* once it closes */
	void *closed_ctx;
};

/* --- on a thread ----------------------------------------------------------------------------- */

/* The next mail; NULL: there is none, or another server has no thread at all. Then the thread
 * serves no more. */
static struct shd_mail *take(struct talker *talker)
{
	struct shd_mails *mails = talker->mails;
	struct server *server = talker->server;

	uv_mutex_lock(&mails->lock);
	bool leave = atomic_load(&mails->stop) || (mails->unserved && talker->served);
	struct shd_mail *mail = leave ? NULL : server->first;
	if (mail) {
		talker->served = true;
		server->first = mail->next;
		if (!server->first)
			server->last = &server->first;
		mails->waiting--;
	} else {
		server->serving--;
	}
	uv_mutex_unlock(&mails->lock);
	return mail;
}

static void hand_over(struct shd_mails *mails, struct shd_mail *mail)
{
	mail->next = NULL;
	uv_mutex_lock(&mails->lock);
	*mails->sent_last = mail;
	mails->sent_last = &mail->next;
	uv_mutex_unlock(&mails->lock);
	uv_async_send(&mails->ended_some);
}

static void talk(void *ctx)
{
	struct talker *talker = ctx;
	struct shd_mails *mails = talker->mails;
	struct shd_mail_line *line = shd_mail_line_create(&talker->server->egress, &mails->stop);
	struct shd_mail *mail;

	while ((mail = take(talker))) {
		shd_mail_send(line, mail);
		hand_over(mails, mail);
	}
	shd_mail_line_destroy(line);
	uv_mutex_lock(&mails->lock);
	talker->next = mails->over;
	mails->over = talker;
	uv_async_send(&mails->ended_some); /* the loop frees nothing before it has the lock */
	uv_mutex_unlock(&mails->lock);
}

/* --- servers ---------------------------------------------------------------------------------- */

static char *copy(const char *text)
{
	return text ? shd_xstrdup(text) : NULL;
}

static struct server *server_of(struct shd_mails *mails, const struct shd_transfer_in *in,
				const struct shd_egress *egress)
{
	SHD_AUTO(shd_text_finish) struct shd_text key = {0};
	struct server *server = mails->servers, **end = &mails->servers;

	shd_text_init(&key, SIZE_MAX / 2);
	shd_text_printf(&key, "%s\n%s\n%s\n%s\n%s", in->url, shd_or_empty(in->user),
			shd_or_empty(egress->proxy), shd_or_empty(egress->interface),
			shd_or_empty(egress->ca_file));
	for (; server && strcmp(server->key, key.data) != 0; server = server->next)
		end = &server->next;
	if (server)
		return server;
	server = *end = shd_xcalloc(1, sizeof(*server));
	server->key = shd_text_take(&key);
	server->egress = (struct shd_egress){.proxy = copy(egress->proxy),
		.interface = copy(egress->interface),
		.ca_file = copy(egress->ca_file)};
	server->last = &server->first;
	return server;
}

static void destroy_server(struct server *server)
{
	free((char *)server->egress.proxy);
	free((char *)server->egress.interface);
	free((char *)server->egress.ca_file);
	free(server->key);
	free(server);
}

/* Under the lock: one thread more, where mails wait for one. */
static bool start_thread(struct shd_mails *mails, struct server *server)
{
	if (!server->first || server->serving == PER_SERVER || mails->threads == THREADS_MAX)
		return false;
	struct talker *talker = shd_xcalloc(1, sizeof(*talker));

	talker->mails = mails;
	talker->server = server;
	if (uv_thread_create(&talker->thread, talk, talker) != 0) { /* at the limit of tasks */
		free(talker);
		return false;
	}
	server->serving++;
	server->threads++;
	mails->threads++;
	return true;
}

static void count_unserved(struct shd_mails *mails)
{
	mails->unserved = 0;
	for (const struct server *server = mails->servers; server; server = server->next)
		mails->unserved += server->first && !server->serving;
}

static void to_end(struct server **at)
{
	struct server *server = *at;

	*at = server->next;
	server->next = NULL;
	while (*at)
		at = &(*at)->next;
	*at = server;
}

/* Under the lock. Who has no thread comes first, and among them who has waited longest. */
static void start_threads(struct shd_mails *mails)
{
	size_t count = 0;

	for (const struct server *server = mails->servers; server; server = server->next)
		count++;
	for (struct server **at = &mails->servers; count-- > 0;) {
		if (!(*at)->serving && start_thread(mails, *at))
			to_end(at);
		else
			at = &(*at)->next;
	}
	for (struct server *server = mails->servers; server; server = server->next)
		start_thread(mails, server);
	count_unserved(mails);
}

static void forget_idle(struct shd_mails *mails)
{
	for (struct server **at = &mails->servers; *at;) {
		struct server *server = *at;

		if (server->threads || server->first) {
			at = &server->next;
			continue;
		}
		*at = server->next;
		destroy_server(server);
	}
}

/* --- on the loop ------------------------------------------------------------------------------ */

static void end(struct shd_mails *mails, struct shd_mail *mail)
{
	mail->out.last_byte.ms = (int64_t)uv_now(mails->loop);
	mail->done(mail->ctx, &mail->out);
	shd_mail_destroy(mail);
}

/* All that wait, while no thread takes any. */
static void give_up(struct shd_mails *mails, enum shd_err kind, const char *why)
{
	for (struct server *server = mails->servers; server; server = server->next) {
		struct shd_mail *mail = shd_steal(server->first);

		server->last = &server->first;
		while (mail) {
			struct shd_mail *next = mail->next;

			shd_fail(&mail->out.error, kind, "%s", why);
			mails->waiting--;
			end(mails, mail);
			mail = next;
		}
	}
}

static void join(struct shd_mails *mails, struct talker *over)
{
	while (over) {
		struct talker *talker = over;

		over = talker->next;
		uv_thread_join(&talker->thread);
		talker->server->threads--;
		mails->threads--;
		free(talker);
	}
}

static void async_closed(uv_handle_t *handle)
{
	struct shd_mails *mails = handle->data;
	void (*closed)(void *ctx) = mails->closed;
	void *ctx = mails->closed_ctx;

	uv_mutex_destroy(&mails->lock);
	free(mails);
	closed(ctx);
}

static void go_on_closing(struct shd_mails *mails)
{
	give_up(mails, SHD_ERR_CLOSING, "given up because the daemon stops");
	if (mails->threads)
		return;
	forget_idle(mails);
	uv_close((uv_handle_t *)&mails->ended_some, async_closed);
}

static void ended_some(uv_async_t *async)
{
	struct shd_mails *mails = async->data;

	uv_mutex_lock(&mails->lock);
	struct shd_mail *sent = shd_steal(mails->sent);
	struct talker *over = shd_steal(mails->over);
	mails->sent_last = &mails->sent;
	uv_mutex_unlock(&mails->lock);
	join(mails, over);
	while (sent) {
		struct shd_mail *mail = sent;

		sent = mail->next;
		end(mails, mail);
	}
	if (mails->closed) {
		go_on_closing(mails);
		return;
	}
	uv_mutex_lock(&mails->lock);
	start_threads(mails);
	uv_mutex_unlock(&mails->lock);
	if (!mails->threads) /* else the end of one is awaited */
		give_up(mails, SHD_ERR_LIMIT, "no thread can be had for the mail");
	forget_idle(mails);
	if (!mails->servers)
		uv_unref((uv_handle_t *)&mails->ended_some);
}

bool shd_mails_send(struct shd_mails *mails, const struct shd_transfer_in *in,
		    const struct shd_egress *egress, shd_transfer_fn *done, void *ctx,
		    struct shd_error *reterr)
{
	shd_assert(!mails->closed && !in->before_send);
	struct server *server = server_of(mails, in, egress);
	struct shd_mail *mail = shd_mail_create(in, done, ctx);

	uv_mutex_lock(&mails->lock);
	bool room = mails->waiting < WAITING_MAX;
	if (room) {
		*server->last = mail;
		server->last = &mail->next;
		mails->waiting++;
		start_threads(mails);
	}
	uv_mutex_unlock(&mails->lock);
	uv_ref((uv_handle_t *)&mails->ended_some);
	if (!mails->threads || !room)
		uv_async_send(&mails->ended_some);
	if (room)
		return true;
	shd_mail_destroy(mail);
	return shd_fail(reterr, SHD_ERR_LIMIT, "too many mails wait already");
}

struct shd_mails *shd_mails_create(uv_loop_t *loop)
{
	struct shd_mails *mails = shd_xcalloc(1, sizeof(*mails));

	mails->loop = loop;
	mails->sent_last = &mails->sent;
	shd_assert(uv_mutex_init(&mails->lock) == 0 &&
		   uv_async_init(loop, &mails->ended_some, ended_some) == 0);
	mails->ended_some.data = mails;
	uv_unref((uv_handle_t *)&mails->ended_some);
	return mails;
}

void shd_mails_close(struct shd_mails *mails, void (*closed)(void *ctx), void *ctx)
{
	mails->closed = closed;
	mails->closed_ctx = ctx;
	uv_mutex_lock(&mails->lock);
	atomic_store(&mails->stop, true);
	uv_mutex_unlock(&mails->lock);
	uv_ref((uv_handle_t *)&mails->ended_some);
	uv_async_send(&mails->ended_some);
}

/* notify/notify.h - what a notifier is.
 *
 * A notifier turns a rendered message into a request and an answer into a result.
 * No I/O, no clock, no randomness; the daemon (deliver.h) sends. HINT for a new
 * one: one file beside email.c, one line in notifiers.def, one case in
 * tests/cases. Functions run on the pool. */
#pragma once
#include "base/language.h"
#include "conf/option.h"
#include "http/http.h"
#include "message/message.h"

/* A channel as the configuration has it: a notifier with its own settings. */
struct shd_channel_settings {
	const char *name;
	const struct shd_notifier *notifier;
	int language;               /* enum shd_language */
	const char *timezone;
	int64_t timeout_ms;
	int64_t give_up_ms;         /* how long a message is retried; default 24h */
	const char *proxy, *ca_file;
	const void *notifier_settings; /* struct of the notifier's own option table */
	const struct shd_node *node;
};
/* The one of this name; NULL: there is none. */
const struct shd_channel_settings *shd_channel_find(
	const struct shd_channel_settings *channels, size_t count, const char *name);

/* Everything that varies between two sends of one message, given from outside. */
struct shd_send_in {
	const struct shd_channel_settings *channel;
	const struct shd_message *message;
	shd_secret_fn *secret;
	void *ctx;
	struct shd_wall now;
	const char *key;         /* idempotency key, the same for every attempt */
	int attempt;             /* from 1 */
};

/* A mail for the transport (SMTP through libcurl), or an HTTP request. Texts that are
 * not in `http` are borrowed from the settings. */
struct shd_envelope {
	bool is_mail;
	struct shd_request http;      /* HTTP; for mail: url smtp://host:port, body = the mail */
	const char *from;             /* mail */
	struct shd_texts to;          /* mail */
	bool require_tls;             /* mail: refuse to go on without STARTTLS */
	const char *user;             /* mail, or NULL; borrowed from settings */
	const struct shd_secret *password;
};

enum shd_sent {
	SHD_SENT_OK,
	SHD_SENT_LATER,  /* temporary: try again (after retry_after_ms, if given) */
	SHD_SENT_NEVER,  /* permanent: bad token, bad address */
};

struct shd_sent_result {
	enum shd_sent sent;
	int64_t retry_after_ms;  /* 0: not said */
	struct shd_error error;  /* unless OK */
};

struct shd_notifier {
	const char *name;
	const struct shd_option *options;
	size_t option_count;
	size_t settings_size;
	int64_t per_minute, burst; /* sends that the provider bears; 0: no limit */
	/* What the option table cannot say, reported at `node`. NULL: nothing. */
	void (*check)(const void *settings, const struct shd_node *node, struct shd_diags *diags);
	/* Fills a zeroed envelope whose `http` went through shd_request_init. Errors:
	 * CONFIG, LIMIT; trying again is then useless. */
	bool (*render)(const struct shd_send_in *in, struct shd_envelope *out,
		       struct shd_error *reterr);
	/* What the provider's answer means; status is the HTTP status or SMTP code. */
	void (*classify)(const struct shd_answer *answer, struct shd_sent_result *ret_result);
};

/* All of them, from notifiers.def. */
extern const struct shd_notifier *const shd_notifiers[];
extern const size_t shd_notifier_count;
const struct shd_notifier *shd_notifier_find(const char *name);

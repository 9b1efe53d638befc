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

/* By what messages travel, and so which members of an envelope count. */
enum shd_transport {
	SHD_TRANSPORT_HTTP, /* `http` */
	SHD_TRANSPORT_SMTP, /* all; http.url is smtp(s)://host:port, http.body the mail */
};

/* What is sent. Texts that are not in `http` are borrowed from the settings. */
struct shd_envelope {
	struct shd_request http;
	const char *from;
	struct shd_texts to;
	bool require_tls;             /* refuse to go on without STARTTLS */
	const char *user;             /* or NULL */
	const struct shd_secret *password;
};

/* Strikes out of a receiver's words (http/strike.h) what they repeat of the envelope's secrets:
 * the path of a webhook and its parts, values of further headers, a password. */
void shd_envelope_strike(const struct shd_envelope *envelope, char *text);

enum shd_sent {
	SHD_SENT_DELIVERED,
	SHD_SENT_RETRY,    /* not now */
	SHD_SENT_REJECTED, /* never: bad token, bad address */
};

#define SHD_RECEIPT 64

/* What a provider's answer means. */
struct shd_sent_result {
	enum shd_sent sent;
	int64_t pause_ms;          /* for so long it wants no message of the channel; 0: not said */
	char receipt[SHD_RECEIPT]; /* DELIVERED: its own name of the message, or "" */
	struct shd_error error;    /* unless DELIVERED */
};

struct shd_notifier {
	const char *name;
	enum shd_transport transport;
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
	/* Reads an answer: that of HTTP; or the code of the last SMTP reply, whose words are the
	 * body. Fills a zeroed result. */
	void (*classify)(const struct shd_answer *answer, struct shd_sent_result *ret_result);
};

/* All of them, from notifiers.def. */
extern const struct shd_notifier *const shd_notifiers[];
extern const size_t shd_notifier_count;
const struct shd_notifier *shd_notifier_find(const char *name);

/* sandbox/sinks/sink.h - the mails and webhooks that arrived, as data.
 *
 * Keeps the newest SHD_SINK_MAX of each; older ones are forgotten, their number
 * is not. One thread. */
#pragma once
#include "serve/fault.h"

enum { SHD_SINK_MAX = 20000 };

/* What the sinks expect; empty: anything goes. */
struct shd_sink_settings {
	char smtp_user[64], smtp_password[64];
	char webhook_secret[128];
};

struct shd_sink {
	struct shd_faults *faults; /* borrowed */
	struct shd_sink_settings settings;
	json_t *mails, *webhooks;    /* arrays, oldest first */
	uint64_t mail_count, webhook_count;
	json_t *ids;                 /* webhook-id: how often it came */
	bool print;                  /* each as a line of JSON on standard output */
};

void shd_sink_init(struct shd_sink *sink, struct shd_faults *faults);
void shd_sink_finish(struct shd_sink *sink);
void shd_sink_reset(struct shd_sink *sink);

/* Adds {"kind": ..., "at": ..., ...}; takes the reference to item. */
void shd_sink_mail(struct shd_sink *sink, json_t *item);
void shd_sink_webhook(struct shd_sink *sink, json_t *item);

/* A mail as headers (decoded), text and html. Returns a new object. */
json_t *shd_mail_parse(const char *data, size_t len);

/* handler for shd_http_open; ctx is a struct shd_sink. */
void shd_webhook_handle(void *ctx, const struct shd_http_request *request,
			struct shd_http_reply *reply);

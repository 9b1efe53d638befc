/* net/easy.h - what the easy handles of curl have in common, those of HTTP (slot.h) and those of
 * mail (mail.h).
 *
 * Nobody outside net includes this. Any thread, but for shd_easy_cancel: loop thread. */
#pragma once
#include "transfer.h"

#include <curl/curl.h>

/* The way out, whom it trusts, and that it uses no signal. Borrows both until the handle is gone
 * or reset; `message` has CURL_ERROR_SIZE bytes. */
void shd_easy_prepare(CURL *easy, const struct shd_egress *egress, char *message);

/* The kind of a failure that is not CURLE_OK. */
enum shd_err shd_easy_error_kind(CURLcode code);

/* For answers without headers: NULL. */
const char *shd_easy_no_header(const void *ctx, const char *name);

/* done(ctx) of a request that is given up because the daemon stops. */
void shd_easy_cancel(shd_transfer_fn *done, void *ctx);

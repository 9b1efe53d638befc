/* notify/webhook.h - JSON over HTTPS, signed as Standard Webhooks 1.0 says.
 *
 *   {"version":"1","id":KEY,"type":"alert.firing","made":TIME,"late":false,
 *    "language":"en","subject":TEXT,"total":2,"alerts":[
 *     {"number":17,"episode":1,"rule":ID,"store":ID,"marketplace":NAME,"entity":ID,
 *      "about":TEXT,"level":"critical","from_level":"warning","move":"escalated",
 *      "at":TIME,"since":TIME,"value":VALUE,"limit":VALUE,"sample":[1,3],
 *      "due":TIME,"cost":VALUE,"room":2,"title":TEXT,"line":TEXT,"advice":TEXT,
 *      "cost_line":TEXT,"reason":TEXT,"url":URL,"more":0}]}
 *
 * What is not known is null. VALUE is {"type":T,"value":V}: number and ratio (0.04 is
 * 4 %) are numbers, duration a number of seconds, time and TIME RFC 3339, money a
 * number with "currency" beside it, bool and text themselves. */
#pragma once
#include "notify.h"

struct shd_webhook_settings {
	const char *url;
	struct shd_secret_ref secret;
	struct shd_pairs headers;
};

/* "v1,<base64>" of HMAC-SHA256 over "id.timestamp.body". `secret` is "whsec_" and
 * base64 of 24 to 64 bytes, as the receiver gives it out. Errors: CONFIG. */
SHD_MUST_USE bool shd_webhook_sign(const struct shd_secret *secret, const char *id,
				   int64_t timestamp_s, const char *body, size_t len,
				   struct shd_text *out, struct shd_error *reterr);

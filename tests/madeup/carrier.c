/* A made-up carrier: a source without a store, which tells of parcels by their tracking
 * numbers. Its strict server is tests/support/madepost_server.py; compiled into
 * storehealthd-test only. */
#include "market/adapter.h"
#include "market/loose.h"

#include <string.h>

struct credential {
	struct shd_secret_ref token;
};

static bool ask(const struct shd_endpoint *row, const struct shd_page_in *in,
		const struct shd_keys *keys, struct shd_request *request, struct shd_error *reterr)
{
	const struct credential *credential = in->source->credential->settings;
	const struct shd_secret *token = keys->secret(keys->ctx, &credential->token);

	request->method = row->method;
	shd_text_puts(&request->url, in->source->base_url);
	shd_text_puts(&request->url, row->path);
	shd_text_printf(shd_request_secret_header(request), "Authorization: Bearer %s",
		shd_secret_reveal(token, &(size_t){0}));
	return shd_text_ok(&request->url) || shd_fail(reterr, SHD_ERR_LIMIT, "the URL is too long");
}

static bool accept_answer(const struct shd_endpoint *row, const struct shd_answer *answer,
			  struct shd_answer_verdict *ret_verdict)
{
	enum shd_err kind = answer->status == 401 ? SHD_ERR_CREDENTIALS
			    : answer->status >= 500 ? SHD_ERR_SERVER : SHD_ERR_REQUEST;

	*ret_verdict = (struct shd_answer_verdict){.ok = answer->status == 200};
	return ret_verdict->ok || shd_fail(&ret_verdict->error, kind, "%s answers %d", row->path,
		answer->status);
}

static bool map_parcel(const struct shd_map_in *in, const json_t *record, struct shd_harvest *out,
		       struct shd_error *reterr)
{
	static const struct shd_loose_word states[] = {
		{"moving", "in_transit"}, {"border", "at_customs"}, {"lost", "exception"},
		{0}};
	const char *status;
	size_t at;

	(void)in;
	if (!shd_put_entity(
		    out, SHD_KIND_parcel, "", json_object_get(record, "no"), "no", &at, reterr))
		return false;
	shd_put_text(out, at, SHD_F_parcel_carrier, json_object_get(record, "by"));
	shd_put_said(
		out, at, SHD_F_parcel_status, json_object_get(record, "state"), states, &status);
	return true;
}

static const struct shd_endpoint rows[] = {
	{.name = "parcels", .poller = SHD_P_logistics, .method = "GET", .path = "/parcels",
		.paging = SHD_PAGE_SINGLE, .records = "parcels", .map = map_parcel},
};

static const struct shd_option credential_options[] = {
	{.name = "token", .type = SHD_OPT_SECRET, .required = true,
		.offset = offsetof(struct credential, token), .doc = "Of the account."},
};

extern const struct shd_adapter shd_madepost_adapter;
const struct shd_adapter shd_madepost_adapter = {
	.name = "madepost",
	.carrier = true,
	.base_url = "https://madepost.invalid",
	.rate_per_s = 100,
	.credential_options = credential_options,
	.credential_option_count = SHD_COUNT(credential_options),
	.credential_size = sizeof(struct credential),
	.endpoints = rows,
	.endpoint_count = SHD_COUNT(rows),
	.cheapest = "parcels",
	.request = ask,
	.accept = accept_answer,
};

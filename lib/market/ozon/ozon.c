#include "market/ozon/ozon.h"

#define EVERY_QUARTER (15 * SHD_MINUTE_MS)
#define EVERY_6_HOURS (6 * SHD_HOUR_MS)

/* Everything here is a POST, also a pure read, and Ozon's writes have look-alike names:
 * no path enters this table that is not on the list of known reads (a test holds it). */
static const struct shd_endpoint endpoints[] = {
	{
		.name = "fbs_unfulfilled", .poller = SHD_P_orders,
		.method = "POST", .path = "/v4/posting/fbs/unfulfilled/list",
		.paging = SHD_PAGE_CURSOR, .limit = 100, .page_max = 5000, .records = "postings",
		.body = shd_ozon_body_fbs_unfulfilled, .map = shd_ozon_map_fbs_posting,
		.next = shd_ozon_next_cursor,
	}, {
		.name = "fbs_list", .poller = SHD_P_orders,
		.method = "POST", .path = "/v4/posting/fbs/list",
		.paging = SHD_PAGE_CURSOR, .limit = 100, .page_max = 5000, .records = "postings",
		.body = shd_ozon_body_fbs_list, .map = shd_ozon_map_fbs_posting,
		.next = shd_ozon_next_cursor,
	}, {
		.name = "fbo_list", .poller = SHD_P_orders,
		.method = "POST", .path = "/v3/posting/fbo/list", .every_ms = EVERY_QUARTER,
		.paging = SHD_PAGE_CURSOR, .limit = 100, .page_max = 5000, .records = "postings",
		.body = shd_ozon_body_fbo_list, .map = shd_ozon_map_fbo_posting,
		.next = shd_ozon_next_cursor,
	}, {
		.name = "conditional_cancellation", .poller = SHD_P_orders,
		.method = "POST", .path = "/v2/conditional-cancellation/list",
		.paging = SHD_PAGE_CURSOR, .limit = 500, .page_max = 100, .records = "result",
		.complete = true, .closes = SHD_KIND_cancellation,
		.body = shd_ozon_body_cancellations, .map = shd_ozon_map_cancellation,
		.next = shd_ozon_next_last_id,
	},
};

static const struct shd_option options[] = {
	{.name = "client_id", .type = SHD_OPT_TEXT,
		.offset = offsetof(struct shd_ozon_settings, client_id), .required = true,
		.doc = "The Client-Id of the Seller API, digits only."},
	{.name = "api_key", .type = SHD_OPT_SECRET,
		.offset = offsetof(struct shd_ozon_settings, api_key), .required = true,
		.doc = "The Api-Key of the Seller API: {credential: NAME} or {file: PATH}."},
};

const struct shd_market shd_ozon_market = {
	.name = "ozon",
	.base_url = "https://api-seller.ozon.ru",
	.rate_per_s = 50,
	.options = options,
	.option_count = SHD_COUNT(options),
	.settings_size = sizeof(struct shd_ozon_settings),
	.endpoints = endpoints,
	.endpoint_count = SHD_COUNT(endpoints),
	.cheapest = "fbs_unfulfilled",
	.request = shd_ozon_request,
	.accept = shd_ozon_accept,
};

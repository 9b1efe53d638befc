#include "market/ozon/ozon.h"

#define EVERY_QUARTER (15 * SHD_MINUTE_MS)
#define EVERY_6_HOURS (6 * SHD_HOUR_MS)

/* Returns that wait for somebody are read by state as well: the change may lie further
 * back than the window of returns_list. Optional: a state that Ozon renames does not
 * blind the others. */
#define RETURNS_IN(status)                                                                         \
	.name = "returns_" #status, .poller = SHD_P_complaints, .method = "POST",                      \
	.path = "/v1/returns/list", .every_ms = 10 * SHD_MINUTE_MS, .paging = SHD_PAGE_CURSOR,         \
	.limit = 500, .page_max = 100, .records = "returns", .body = shd_ozon_body_returns_status,     \
	.map = shd_ozon_map_return, .next = shd_ozon_next_last_return, .optional = true

/* Everything here is a POST, also a pure read, and Ozon's writes have look-alike names:
 * no path enters this table that is not on the list of known reads (a test holds it).
 * The first three pollers and the complaints run at the poller's own pace; every_ms is for
 * what Ozon computes or limits more slowly. `paid` is what a store may do without: the
 * reviews, and the methods of the schemes FBO and realFBS. */
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
		.method = "POST", .path = "/v3/posting/fbo/list",
		.every_ms = EVERY_QUARTER,
		.paging = SHD_PAGE_CURSOR, .limit = 100, .page_max = 5000, .records = "postings",
		.paid = true,
		.body = shd_ozon_body_fbo_list, .map = shd_ozon_map_fbo_posting,
		.next = shd_ozon_next_cursor,
	}, {
		.name = "conditional_cancellation", .poller = SHD_P_orders,
		.method = "POST", .path = "/v2/conditional-cancellation/list",
		.paging = SHD_PAGE_CURSOR, .limit = 500, .page_max = 100, .records = "result",
		.complete = true, .closes = SHD_KIND_cancellation,
		.paid = true,
		.body = shd_ozon_body_cancellations, .map = shd_ozon_map_cancellation,
		.next = shd_ozon_next_last_id,
	}, {
		.name = "product_list", .poller = SHD_P_stock,
		.method = "POST", .path = "/v3/product/list",
		.paging = SHD_PAGE_CURSOR, .limit = 1000, .page_max = 1000, .records = "result.items",
		.complete = true, .closes = SHD_KIND_listing,
		.body = shd_ozon_body_product_list, .map = shd_ozon_map_product,
		.next = shd_ozon_next_last_id,
	}, {
		.name = "product_info", .poller = SHD_P_stock,
		.method = "POST", .path = "/v3/product/info/list",
		.paging = SHD_PAGE_BATCH, .page_max = 1000, .records = "items",
		.ids_of = "product_list", .batch = 1000,
		.body = shd_ozon_body_product_info, .map = shd_ozon_map_product_info,
	}, {
		.name = "stocks", .poller = SHD_P_stock,
		.method = "POST", .path = "/v4/product/info/stocks",
		.paging = SHD_PAGE_CURSOR, .limit = 1000, .page_max = 1000, .records = "items",
		.complete = true, .closes = SHD_KIND_stock,
		.body = shd_ozon_body_stocks, .map = shd_ozon_map_stock,
		.next = shd_ozon_next_cursor,
	}, {
		/* 50 skus, so that their warehouses mostly fit into one page */
		.name = "stocks_fbs", .poller = SHD_P_stock,
		.method = "POST", .path = "/v2/product/info/stocks-by-warehouse/fbs",
		.every_ms = EVERY_QUARTER,
		.paging = SHD_PAGE_BATCH, .limit = 1000, .page_max = 5000, .records = "products",
		.ids_of = "stocks", .batch = 50,
		.optional = true,
		.body = shd_ozon_body_stocks_fbs, .map = shd_ozon_map_warehouse_stock,
		.next = shd_ozon_next_cursor,
	}, {
		.name = "stocks_fbo", .poller = SHD_P_stock,
		.method = "POST", .path = "/v1/product/info/stocks-by-warehouse/fbo",
		.every_ms = EVERY_QUARTER, .pace_ms = SHD_SECOND_MS,
		.paging = SHD_PAGE_BATCH, .limit = 1000, .page_max = 5000, .records = "products",
		.ids_of = "stocks", .batch = 20,
		.optional = true,
		.body = shd_ozon_body_stocks_fbo, .map = shd_ozon_map_warehouse_stock,
		.next = shd_ozon_next_cursor,
	}, {
		.name = "analytics_stocks", .poller = SHD_P_stock,
		.method = "POST", .path = "/v1/analytics/stocks",
		.every_ms = EVERY_6_HOURS, .pace_ms = SHD_SECOND_MS,
		.paging = SHD_PAGE_BATCH, .page_max = 5000, .records = "items",
		.ids_of = "stocks", .batch = 100,
		.optional = true,
		.body = shd_ozon_body_analytics_stocks, .map = shd_ozon_map_analytics_stock,
	}, {
		.name = "turnover", .poller = SHD_P_stock,
		.method = "POST", .path = "/v1/analytics/turnover/stocks",
		.every_ms = EVERY_6_HOURS, .pace_ms = 61 * SHD_SECOND_MS,
		.paging = SHD_PAGE_OFFSET, .limit = 1000, .page_max = 100, .records = "items",
		.optional = true,
		.body = shd_ozon_body_turnover, .map = shd_ozon_map_turnover,
		.next = shd_ozon_next_offset,
	}, {
		.name = "review_count", .poller = SHD_P_reviews,
		.method = "POST", .path = "/v2/review/count",
		.paging = SHD_PAGE_SINGLE,
		.paid = true,
		.body = shd_ozon_body_nothing, .map = shd_ozon_map_review_count,
	}, {
		.name = "review_list", .poller = SHD_P_reviews,
		.method = "POST", .path = "/v2/review/list",
		.paging = SHD_PAGE_CURSOR, .limit = 100, .page_max = 1000, .records = "reviews",
		.paid = true,
		.body = shd_ozon_body_review_list, .map = shd_ozon_map_review,
		.next = shd_ozon_next_last_id,
	}, {
		.name = "review_recheck", .poller = SHD_P_reviews,
		.method = "POST", .path = "/v2/review/list",
		.every_ms = EVERY_6_HOURS,
		.paging = SHD_PAGE_CURSOR, .limit = 100, .page_max = 5000, .records = "reviews",
		.paid = true, .optional = true,
		.body = shd_ozon_body_review_list, .map = shd_ozon_map_review,
		.next = shd_ozon_next_last_id,
	}, {
		.name = "question_count", .poller = SHD_P_reviews,
		.method = "POST", .path = "/v1/question/count",
		.paging = SHD_PAGE_SINGLE,
		.paid = true,
		.body = shd_ozon_body_nothing, .map = shd_ozon_map_question_count,
	}, {
		.name = "question_list", .poller = SHD_P_reviews,
		.method = "POST", .path = "/v1/question/list",
		.paging = SHD_PAGE_CURSOR, .limit = 100, .page_max = 1000, .records = "questions",
		.paid = true,
		.body = shd_ozon_body_question_list, .map = shd_ozon_map_question,
		.next = shd_ozon_next_last_id,
	}, {
		.name = "question_recheck", .poller = SHD_P_reviews,
		.method = "POST", .path = "/v1/question/list",
		.every_ms = EVERY_6_HOURS,
		.paging = SHD_PAGE_CURSOR, .limit = 100, .page_max = 5000, .records = "questions",
		.paid = true, .optional = true,
		.body = shd_ozon_body_question_list, .map = shd_ozon_map_question,
		.next = shd_ozon_next_last_id,
	}, {
		.name = "fbs_transit", .poller = SHD_P_logistics,
		.method = "POST", .path = "/v4/posting/fbs/list",
		.every_ms = EVERY_6_HOURS,
		.paging = SHD_PAGE_CURSOR, .limit = 100, .page_max = 5000, .records = "postings",
		.body = shd_ozon_body_fbs_transit, .map = shd_ozon_map_fbs_posting,
		.next = shd_ozon_next_cursor,
	}, {
		.name = "fbo_recheck", .poller = SHD_P_logistics,
		.method = "POST", .path = "/v3/posting/fbo/list",
		.every_ms = EVERY_6_HOURS,
		.paging = SHD_PAGE_CURSOR, .limit = 100, .page_max = 5000, .records = "postings",
		.paid = true, .optional = true,
		.body = shd_ozon_body_fbo_list, .map = shd_ozon_map_fbo_posting,
		.next = shd_ozon_next_cursor,
	}, {
		.name = "warehouse_list", .poller = SHD_P_logistics,
		.method = "POST", .path = "/v2/warehouse/list",
		.every_ms = SHD_HOUR_MS,
		.paging = SHD_PAGE_CURSOR, .limit = 200, .page_max = 100, .records = "warehouses",
		.complete = true, .closes = SHD_KIND_warehouse,
		.body = shd_ozon_body_warehouse_list, .map = shd_ozon_map_warehouse,
		.next = shd_ozon_next_cursor,
	}, {
		.name = "delivery_method_list", .poller = SHD_P_logistics,
		.method = "POST", .path = "/v2/delivery-method/list",
		.every_ms = SHD_HOUR_MS,
		.paging = SHD_PAGE_CURSOR, .limit = 100, .page_max = 100, .records = "delivery_methods",
		.complete = true, .closes = SHD_KIND_warehouse,
		.body = shd_ozon_body_delivery_methods, .map = shd_ozon_map_delivery_method,
		.next = shd_ozon_next_cursor,
	}, {
		.name = "supply_list", .poller = SHD_P_logistics,
		.method = "POST", .path = "/v3/supply-order/list",
		.every_ms = SHD_HOUR_MS,
		.paging = SHD_PAGE_CURSOR, .limit = 100, .page_max = 1000, .records = "order_ids",
		.complete = true, .closes = SHD_KIND_supply,
		.paid = true,
		.body = shd_ozon_body_supply_list, .map = shd_ozon_map_supply_id,
		.next = shd_ozon_next_last_id,
	}, {
		.name = "supply_get", .poller = SHD_P_logistics,
		.method = "POST", .path = "/v3/supply-order/get",
		.every_ms = SHD_HOUR_MS,
		.paging = SHD_PAGE_BATCH, .page_max = 1000, .records = "orders",
		.ids_of = "supply_list", .batch = 50,
		.paid = true,
		.body = shd_ozon_body_supply_get, .map = shd_ozon_map_supply,
	}, {
		.name = "index_postings", .poller = SHD_P_logistics,
		.method = "POST", .path = "/v1/rating/index/fbs/posting/list",
		.every_ms = SHD_HOUR_MS,
		.paging = SHD_PAGE_CURSOR, .limit = 1000, .page_max = 100, .records = "errors",
		.optional = true,
		.body = shd_ozon_body_index_postings, .map = shd_ozon_map_index_posting,
		.next = shd_ozon_next_cursor,
	}, {
		.name = "rfbs_list", .poller = SHD_P_complaints,
		.method = "POST", .path = "/v2/returns/rfbs/list",
		.paging = SHD_PAGE_CURSOR, .limit = 100, .page_max = 1000, .records = "returns",
		.paid = true,
		.body = shd_ozon_body_rfbs_list, .map = shd_ozon_map_rfbs,
		.next = shd_ozon_next_last_return,
	}, {
		.name = "rfbs_get", .poller = SHD_P_complaints,
		.method = "POST", .path = "/v2/returns/rfbs/get",
		.paging = SHD_PAGE_FOLLOW, .page_max = 10000, .records = "returns",
		.batch = 1,
		.paid = true,
		.body = shd_ozon_body_rfbs_get, .map = shd_ozon_map_rfbs_detail,
	}, {
		.name = "returns_list", .poller = SHD_P_complaints,
		.method = "POST", .path = "/v1/returns/list",
		.paging = SHD_PAGE_CURSOR, .limit = 500, .page_max = 1000, .records = "returns",
		.body = shd_ozon_body_returns_list, .map = shd_ozon_map_return,
		.next = shd_ozon_next_last_return,
	}, {
		RETURNS_IN(OnSellerApproval),
	}, {
		RETURNS_IN(OnSellerClarification),
	}, {
		RETURNS_IN(OnSellerClarificationAfterPartialCompensation),
	}, {
		RETURNS_IN(CompensationOffered),
	}, {
		RETURNS_IN(SendingError),
	}, {
		RETURNS_IN(DisputeOpened),
	}, {
		RETURNS_IN(DisputeYouOpened),
	}, {
		RETURNS_IN(DisputeOpening),
	}, {
		RETURNS_IN(ArrivedAtReturnPlace),
	}, {
		.name = "cancellation_claims", .poller = SHD_P_complaints,
		.method = "POST", .path = "/v2/conditional-cancellation/list",
		.paging = SHD_PAGE_CURSOR, .limit = 500, .page_max = 100, .records = "result",
		.complete = true, .closes = SHD_KIND_complaint,
		.paid = true,
		.body = shd_ozon_body_cancellations, .map = shd_ozon_map_cancellation_claim,
		.next = shd_ozon_next_last_id,
	}, {
		.name = "arbitration_list", .poller = SHD_P_complaints,
		.method = "POST", .path = "/v4/posting/fbs/list",
		.paging = SHD_PAGE_CURSOR, .limit = 100, .page_max = 1000, .records = "postings",
		.complete = true, .closes = SHD_KIND_complaint,
		.body = shd_ozon_body_arbitration, .map = shd_ozon_map_arbitration,
		.next = shd_ozon_next_cursor,
	}, {
		.name = "chat_count", .poller = SHD_P_complaints,
		.method = "POST", .path = "/v3/chat/list",
		.paging = SHD_PAGE_SINGLE,
		.body = shd_ozon_body_chat_count, .map = shd_ozon_map_chat_count,
	}, {
		.name = "chat_list", .poller = SHD_P_complaints,
		.method = "POST", .path = "/v3/chat/list",
		.paging = SHD_PAGE_CURSOR, .limit = 100, .page_max = 1000, .records = "chats",
		.complete = true, .closes = SHD_KIND_message,
		.body = shd_ozon_body_chat_list, .map = shd_ozon_map_chat,
		.next = shd_ozon_next_cursor,
	}, {
		.name = "chat_history", .poller = SHD_P_complaints,
		.method = "POST", .path = "/v3/chat/history",
		.paging = SHD_PAGE_FOLLOW, .limit = 50, .page_max = 100000,
		.batch = 1,
		.body = shd_ozon_body_chat_history, .map = shd_ozon_map_chat_history,
	}, {
		.name = "support_history", .poller = SHD_P_complaints,
		.method = "POST", .path = "/v3/chat/history",
		.paging = SHD_PAGE_FOLLOW, .limit = 50, .page_max = 10000,
		.batch = 1,
		.optional = true,
		.body = shd_ozon_body_chat_history, .map = shd_ozon_map_support_history,
	}, {
		.name = "seller_info", .poller = SHD_P_account,
		.method = "POST", .path = "/v1/seller/info",
		.paging = SHD_PAGE_SINGLE,
		.body = shd_ozon_body_nothing, .map = shd_ozon_map_seller_info,
	}, {
		.name = "roles", .poller = SHD_P_account,
		.method = "POST", .path = "/v1/roles",
		.every_ms = SHD_DAY_MS,
		.paging = SHD_PAGE_SINGLE,
		.body = shd_ozon_body_nothing, .map = shd_ozon_map_roles,
	}, {
		.name = "rating_summary", .poller = SHD_P_account,
		.method = "POST", .path = "/v1/rating/summary",
		.paging = SHD_PAGE_SINGLE,
		.body = shd_ozon_body_nothing, .map = shd_ozon_map_rating_summary,
	}, {
		.name = "rating_history", .poller = SHD_P_account,
		.method = "POST", .path = "/v1/rating/history",
		.every_ms = SHD_DAY_MS,
		.paging = SHD_PAGE_SINGLE,
		.body = shd_ozon_body_rating_history, .map = shd_ozon_map_rating_history,
	}, {
		.name = "index_info", .poller = SHD_P_account,
		.method = "POST", .path = "/v1/rating/index/fbs/info",
		.paging = SHD_PAGE_SINGLE,
		.body = shd_ozon_body_nothing, .map = shd_ozon_map_index_info,
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
	.cheapest = "seller_info",
	.request = shd_ozon_request,
	.accept = shd_ozon_accept,
};

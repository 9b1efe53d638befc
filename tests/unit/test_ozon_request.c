/* What the Ozon adapter asks: only known reads, with the fields and limits that Ozon
 * insists on, and where a list goes on. */
#include "support/check.h"

#include "base/text.h"
#include "market/adapter.h"
#include "support/source.h"
#include "market/ozon/ozon.h"

#include <stdio.h>
#include <string.h>

#define NOW_MS 1790856000000 /* 2026-10-01T12:00:00Z */

static const char *key_text = "01234567-89ab-cdef-0123-456789abcdef";

static const struct shd_secret *give_key(void *ctx, const struct shd_secret_ref *ref)
{
	(void)ref;
	return *(struct shd_secret **)ctx;
}

/* Builds the request of an endpoint; false with *error when it is refused. */
static bool build(const struct shd_endpoint *row, struct shd_page_in in, const char *client_id,
		  const char *key, struct shd_request *request, struct shd_error *error)
{
	struct shd_ozon_credential settings = {.client_id = client_id};
	struct test_source shop;
	struct shd_secret *secret = key ? shd_secret_create(key, strlen(key)) : NULL;

	test_source_init(&shop, "shop", &shd_ozon_adapter);
	shop.source.base_url = "http://127.0.0.1:9/";
	shop.credential.settings = &settings;
	in.source = &shop.source;
	in.now = (struct shd_wall){NOW_MS};
	in.position = in.position ? in.position : "";
	struct shd_keys keys = {.secret = give_key, .ctx = &secret};
	bool ok = shd_ozon_adapter.request(row, &in, &keys, request, error);
	shd_secret_destroy(secret);
	return ok;
}

static json_t *body_of(const struct shd_endpoint *row, struct shd_page_in in)
{
	struct shd_request request SHD_AUTO(shd_request_finish) = {0};
	struct shd_error error;

	shd_request_init(&request, 1 << 20);
	if (!build(row, in, "123456", key_text, &request, &error))
		fail_msg("%s: %s", row->name, error.msg);
	json_t *body = shd_adapter_parse(request.body.data, request.body.len, &error);
	if (!body)
		fail_msg("%s: %s in %s", row->name, error.msg, request.body.data);
	return body;
}

static const struct shd_endpoint *endpoint(const char *name)
{
	const struct shd_endpoint *row = shd_adapter_endpoint(&shd_ozon_adapter, name);

	assert_non_null(row);
	return row;
}

static void test_only_known_reads_are_asked(void **state)
{
	static const char *const reads[] = {"/v1/seller/info", "/v1/roles", "/v1/rating/summary",
		"/v1/rating/history", "/v1/rating/index/fbs/info",
		"/v1/rating/index/fbs/posting/list", "/v4/posting/fbs/unfulfilled/list",
		"/v4/posting/fbs/list", "/v3/posting/fbs/get", "/v3/posting/fbo/list",
		"/v2/posting/fbo/get",
		"/v3/product/list",
		"/v3/product/info/list", "/v4/product/info/stocks",
		"/v2/product/info/stocks-by-warehouse/fbs",
		"/v1/product/info/stocks-by-warehouse/fbo", "/v1/analytics/stocks",
		"/v1/analytics/turnover/stocks", "/v2/review/list", "/v2/review/count",
		"/v1/question/list", "/v1/question/count", "/v1/returns/list",
		"/v2/returns/rfbs/list", "/v2/returns/rfbs/get",
		"/v2/conditional-cancellation/list", "/v3/chat/list", "/v3/chat/history",
		"/v2/warehouse/list", "/v2/delivery-method/list", "/v3/supply-order/list",
		"/v3/supply-order/get"};

	(void)state;
	for (size_t i = 0; i < shd_ozon_adapter.endpoint_count; i++) {
		const struct shd_endpoint *row = &shd_ozon_adapter.endpoints[i];
		bool known = false;

		for (size_t j = 0; j < SHD_COUNT(reads); j++)
			known |= strcmp(row->path, reads[j]) == 0;
		if (!known)
			fail_msg("%s is not a known read", row->path);
		assert_string_equal(row->method, "POST");
	}
}

static bool tells(const struct shd_endpoint *row, enum shd_field field)
{
	for (size_t i = 0; i < SHD_COUNT(row->tells) && row->tells[i]; i++)
		if (row->tells[i] == field)
			return true;
	return false;
}

/* Of what two of them share, each lacks what the other has: it would make that unknown. */
static void test_no_two_batches_tell_the_same_field(void **state)
{
	const struct shd_endpoint *rows = shd_ozon_adapter.endpoints;
	size_t told = 0;

	(void)state;
	for (size_t i = 0; i < shd_ozon_adapter.endpoint_count; i++)
		for (size_t k = 0; k < SHD_COUNT(rows[i].tells) && rows[i].tells[k]; k++) {
			told++;
			for (size_t j = 0; j < i; j++)
				if (rows[i].paging == SHD_PAGE_BATCH && !rows[i].had_rows &&
					rows[j].paging == SHD_PAGE_BATCH && !rows[j].had_rows &&
					tells(&rows[j], rows[i].tells[k]))
					fail_msg("%s and %s", rows[j].name, rows[i].name);
		}
	assert_true(told > 0);
	/* A sku may well be in one sort of warehouse only. */
	assert_true(endpoint("stocks_fbs")->had_rows && endpoint("stocks_fbo")->had_rows);
	assert_true(tells(endpoint("stocks_fbs"), SHD_F_stock_available));
	assert_true(tells(endpoint("stocks_fbo"), SHD_F_stock_available));
}

static void test_a_request_carries_url_and_credentials(void **state)
{
	struct shd_request request SHD_AUTO(shd_request_finish) = {0};
	struct shd_error error;

	(void)state;
	shd_request_init(&request, 4096);
	assert_true(build(
		endpoint("roles"), (struct shd_page_in){0}, "123456", "k-1\n", &request, &error));
	assert_string_equal(request.method, "POST");
	assert_string_equal(request.url.data, "http://127.0.0.1:9/v1/roles");
	assert_string_equal(request.body.data, "{}");
	assert_int_equal(request.header_count, 4);
	assert_string_equal(request.headers[0].data, "Client-Id: 123456");
	assert_string_equal(request.headers[1].data, "Api-Key: k-1");
	assert_string_equal(request.headers[2].data, "Content-Type: application/json");
	/* a second page reuses the request */
	assert_true(build(endpoint("stocks"), (struct shd_page_in){.position = "c"}, "123456",
		"k-1", &request, &error));
	assert_int_equal(request.header_count, 4);
	assert_string_equal(request.url.data, "http://127.0.0.1:9/v4/product/info/stocks");
}

static void test_bad_settings_are_refused_in_words(void **state)
{
	static const struct {
		const char *client_id, *key;
	} cases[] = {{"12a", "k"}, {"", "k"}, {NULL, "k"}, {"-5", "k"}, {"0", "k"},
		{"12345678901234567890", "k"}, {"1\r\nX: y", "k"}, {"1", NULL}, {"1", ""},
		{"1", "\n"}, {"1", "a\r\nX: y"}, {"1", "ключ"}};
	struct shd_request request SHD_AUTO(shd_request_finish) = {0};
	struct shd_error error;

	(void)state;
	shd_request_init(&request, 4096);
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		error = (struct shd_error){0};
		assert_false(build(endpoint("roles"), (struct shd_page_in){0}, cases[i].client_id,
			cases[i].key, &request, &error));
		assert_int_equal(error.kind, SHD_ERR_CONFIG);
		assert_true(strlen(error.msg) > 10);
	}
}

static void test_every_body_is_json_with_its_limit_and_hostile_ids_stay_texts(void **state)
{
	const char *const ids[] = {"1", "x\"],\"limit\":[\"\\\n"};

	(void)state;
	for (size_t i = 0; i < shd_ozon_adapter.endpoint_count; i++) {
		const struct shd_endpoint *row = &shd_ozon_adapter.endpoints[i];
		bool by_id = row->paging == SHD_PAGE_BATCH || row->paging == SHD_PAGE_FOLLOW;
		struct shd_page_in in = {
			.position = row->paging == SHD_PAGE_OFFSET ? "2000" : "cur\"sor\\",
			.ids = by_id ? ids : NULL, .id_count = by_id ? 2 : 0};
		json_auto_t *body = body_of(row, in);
		const json_t *limit = json_object_get(body, "limit");

		assert_true(json_is_object(body));
		assert_true(!limit || json_is_integer(limit));
		if (row->paging == SHD_PAGE_CURSOR || row->paging == SHD_PAGE_OFFSET)
			assert_int_equal(json_integer_value(limit), row->limit);
		if (row->paging == SHD_PAGE_OFFSET)
			assert_int_equal(json_integer_value(json_object_get(body, "offset")), 2000);
	}
}

static void test_bodies_have_what_ozon_insists_on(void **state)
{
	static const struct {
		const char *endpoint, *path, *want; /* want NULL: any text */
	} cases[] = {
		{"fbs_unfulfilled", "filter.cutoff_from", "2026-07-03T12:00:00.000Z"},
		{"fbs_unfulfilled", "filter.cutoff_to", "2027-03-30T12:00:00.000Z"},
		{"fbs_list", "filter.since", "2026-07-03T12:00:00.000Z"},
		{"fbs_list", "filter.to", "2026-10-01T13:00:00.000Z"},
		{"fbs_list", "filter.last_changed_status_date.from", "2026-10-01T10:45:00.000Z"},
		{"fbs_transit", "filter.since", NULL},
		{"fbo_list", "filter.since", "2026-09-24T12:00:00.000Z"},
		{"fbo_recheck", "filter.since", "2026-09-01T12:00:00.000Z"},
		{"fbo_list", "filter.to", NULL},
		{"conditional_cancellation", "filters.state", "ON_APPROVAL"},
		{"product_list", "filter.visibility", "ALL"},
		{"stocks", "filter.visibility", "ALL"},
		{"review_list", "filters.published_from", "2026-09-24T12:00:00.000Z"},
		{"review_recheck", "filters.published_from", "2026-09-01T12:00:00.000Z"},
		{"review_list", "sort_dir", "DESC"},
		{"supply_list", "sort_by", "ORDER_CREATION"},
		{"index_postings", "filter.date_from", "2026-09-17T12:00:00.000Z"},
		{"rfbs_list", "filter.created_at.from", NULL},
		{"returns_list", "filter.visual_status_change_moment.time_from",
			"2026-10-01T10:45:00.000Z"},
		{"returns_CompensationOffered", "filter.visual_status_name", "CompensationOffered"},
		{"chat_list", "filter.chat_status", "OPENED"},
		{"rating_history", "date_from", "2026-09-03T12:00:00.000Z"},
		{"rating_history", "date_to", "2026-10-01T12:00:00.000Z"},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_page_in in = {.cursor = {NOW_MS - SHD_HOUR_MS}};
		json_auto_t *body = body_of(endpoint(cases[i].endpoint), in);
		const json_t *got = shd_loose_at(body, cases[i].path);

		if (!json_is_string(got))
			fail_msg("%s: no %s", cases[i].endpoint, cases[i].path);
		if (cases[i].want)
			assert_string_equal(json_string_value(got), cases[i].want);
	}
}

static void test_a_posting_is_asked_for_by_its_number(void **state)
{
	static const char *const cases[][2] = {
		{"fbs_get", "71-1"}, {"fbo_get", "71-1"},
		{"arbitration_get", "arbitration:71-1"}};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		json_auto_t *body = body_of(endpoint(cases[i][0]),
			(struct shd_page_in){.ids = &cases[i][1], .id_count = 1});

		assert_string_equal(
			json_string_value(json_object_get(body, "posting_number")), "71-1");
		assert_true(json_is_true(shd_loose_at(body, "with.analytics_data")));
	}
}

/* What a list no longer has ends by what asking for it says, or after an age. */
static void test_no_case_ends_by_leaving_a_list(void **state)
{
	(void)state;
	for (size_t i = 0; i < shd_ozon_adapter.endpoint_count; i++) {
		const struct shd_endpoint *row = &shd_ozon_adapter.endpoints[i];

		if (row->complete && !row->asks && row->gone_after_ms < SHD_HOUR_MS)
			fail_msg("%s", row->name);
		assert_true(!row->asks || shd_adapter_endpoint(&shd_ozon_adapter, row->asks));
		assert_true(!row->asks_by || shd_field_row(row->asks_by)->kind == row->closes);
		assert_true(!row->rows_at || shd_field_row(row->owner)->kind == row->closes);
	}
}

/* Of any state: what left the list of those that wait has another one. */
static void test_cancellations_are_asked_for_by_their_posting(void **state)
{
	static const char *const rows[] = {"cancellations_of", "claims_of"}, *const number = "71-1";

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(rows); i++) {
		json_auto_t *body = body_of(endpoint(rows[i]),
			(struct shd_page_in){.ids = &number, .id_count = 1});
		const json_t *numbers = shd_loose_at(body, "filters.posting_number");

		assert_string_equal(json_string_value(json_array_get(numbers, 0)), number);
		assert_string_equal(
			json_string_value(shd_loose_at(body, "filters.state")), "ALL");
	}
}

/* Of the list of those on their way: of all that are, or it would miss some. */
static void test_what_is_on_its_way_is_listed_whole(void **state)
{
	json_auto_t *body = body_of(endpoint("fbs_transit"), (struct shd_page_in){0});

	(void)state;
	assert_int_equal(json_array_size(shd_loose_at(body, "filter.statuses")), 5);
}

static void test_windows_reach_back_a_month_at_first_and_after_an_outage(void **state)
{
	static const int64_t since[] = {0, NOW_MS - 90 * SHD_DAY_MS};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(since); i++) {
		json_auto_t *body =
			body_of(endpoint("fbs_list"), (struct shd_page_in){.cursor = {since[i]}});

		assert_string_equal(json_string_value(shd_loose_at(body,
			"filter.last_changed_status_date.from")), "2026-09-01T12:00:00.000Z");
	}
}

static const struct {
	const char *endpoint, *position, *envelope, *last_record;
	size_t records;
	const char *want; /* "" the end; "!": refused */
} lists[] = {
	/* cursor and has_next */
	{"fbs_list", "", "{\"cursor\":\"b\",\"has_next\":true}", NULL, 100, "b"},
	{"fbs_list", "b", "{\"cursor\":\"c\",\"has_next\":\"true\"}", NULL, 100, "c"},
	{"fbs_list", "b", "{\"cursor\":\"c\",\"has_next\":false}", NULL, 100, ""},
	{"fbs_list", "b", "{\"cursor\":\"c\",\"has_next\":\"false\"}", NULL, 100, ""},
	{"fbs_list", "b", "{\"cursor\":\"b\",\"has_next\":true}", NULL, 100, ""},
	{"fbs_list", "b", "{\"cursor\":\"\",\"has_next\":true}", NULL, 100, ""},
	{"fbs_list", "b", "{\"cursor\":null,\"has_next\":true}", NULL, 100, ""},
	{"fbs_list", "", "{\"cursor\":\"d\",\"has_next\":true}", NULL, 0, "d"},
	{"chat_list", "", "{\"cursor\":30000002342123123,\"has_next\":true}", NULL, 1,
		"30000002342123123"},
	/* cursor alone */
	{"stocks", "", "{\"cursor\":\"b\",\"total\":5}", NULL, 1000, "b"},
	{"stocks", "b", "{\"cursor\":\"c\",\"total_items\":5}", NULL, 0, ""},
	{"stocks", "b", "{\"cursor\":\"b\"}", NULL, 1000, ""},
	{"stocks", "b", "{}", NULL, 1000, ""},
	/* last_id as a text */
	{"product_list", "", "{\"result\":{\"items\":[],\"last_id\":\"x\",\"total\":9}}",
		NULL, 1000, "x"},
	{"product_list", "x", "{\"result\":{\"items\":[],\"last_id\":\"y\"}}", NULL, 0, ""},
	{"product_list", "x", "{\"result\":{\"items\":[],\"last_id\":\"\"}}", NULL, 10, ""},
	{"product_list", "", "{\"result\":[]}", NULL, 0, ""},
	{"review_list", "", "{\"last_id\":\"r9\",\"has_next\":true}", NULL, 100, "r9"},
	{"review_list", "", "{\"last_id\":\"r9\",\"has_next\":false}", NULL, 100, ""},
	{"question_list", "q1", "{\"last_id\":\"q1\",\"has_next\":true}", NULL, 100, ""},
	/* last_id as a number, or only in the last row */
	{"conditional_cancellation", "", "{\"result\":[],\"last_id\":283784254}", NULL, 500,
		"283784254"},
	{"conditional_cancellation", "7", "{\"result\":[],\"last_id\":0}", NULL, 500, ""},
	{"conditional_cancellation", "7", "{\"result\":[],\"last_id\":8}", NULL, 0, ""},
	{"returns_list", "", "{\"returns\":[],\"has_next\":true}",
		"{\"id\":18446744073709551615,\"x\":1}", 500, "18446744073709551615"},
	{"returns_list", "", "{\"returns\":[],\"has_next\":true}", "{\"id\":\"10\"}", 3,
		"10"},
	{"returns_list", "10", "{\"returns\":[],\"has_next\":true}", "{\"id\":10}", 3, ""},
	{"returns_list", "", "{\"returns\":[],\"has_next\":false}", "{\"id\":10}", 500, ""},
	{"returns_list", "", "{\"returns\":[],\"has_next\":true}", "{\"id\":", 500, "!"},
	/* limit and offset */
	{"turnover", "", "{\"items\":[]}", NULL, 1000, "1000"},
	{"turnover", "1000", "{\"items\":[]}", NULL, 1000, "2000"},
	{"turnover", "2000", "{\"items\":[]}", NULL, 999, ""},
};

static void test_lists_go_on_or_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(lists); i++) {
		const struct shd_endpoint *row = endpoint(lists[i].endpoint);
		struct shd_page_in in = {.position = lists[i].position,
			.last_record = lists[i].last_record,
			.last_record_len = lists[i].last_record ? strlen(lists[i].last_record) : 0};
		struct shd_page_out out = {.last = true};
		struct shd_error error;
		json_auto_t *envelope =
			shd_adapter_parse(lists[i].envelope, strlen(lists[i].envelope), &error);

		shd_text_init(&out.position, SHD_POSITION_BYTES);
		bool ok = row->next(row, envelope, lists[i].records, &in, &out, &error);

		print_message("%s at \"%s\": %s\n", row->name, in.position, lists[i].envelope);
		assert_int_equal(ok, lists[i].want[0] != '!');
		if (ok)
			assert_int_equal(out.last, !*lists[i].want);
		if (ok && !out.last)
			assert_string_equal(out.position.data, lists[i].want);
		shd_text_finish(&out.position);
	}
}

/* Reads a list of return requests, `of` of them evenly spread over the days, as Ozon
 * would give it; returns the requests it took. */
static int read_rfbs(int of, int per_page, bool *seen)
{
	const struct shd_endpoint *row = endpoint("rfbs_list");
	char position[64] = "";
	int requests = 0;

	for (bool last = false; !last; requests++) {
		struct shd_page_in in = {.position = position, .now = {NOW_MS}};
		struct shd_page_out out = {.last = true};
		struct shd_wall from, to;
		struct shd_error error;
		size_t records = 0;
		json_auto_t *body = body_of(row, in);

		assert_true(shd_loose_time(shd_loose_at(body, "filter.created_at.from"), &from));
		assert_true(shd_loose_time(shd_loose_at(body, "filter.created_at.to"), &to));
		/* last_id is an int32, and an id of today is not */
		assert_int_equal(json_integer_value(json_object_get(body, "last_id")), 0);
		for (int i = of - 1; i >= 0 && records < (size_t)per_page; i--) {
			int64_t at = NOW_MS - (45 * SHD_DAY_MS) / of * i;

			if (at < from.ms || at > to.ms)
				continue;
			seen[i] = true;
			records++;
		}
		shd_text_init(&out.position, SHD_POSITION_BYTES);
		assert_true(row->next(row, NULL, records, &in, &out, &error));
		last = out.last;
		snprintf(position, sizeof(position), "%s", out.position.data);
		shd_text_finish(&out.position);
		assert_true(requests < 200);
	}
	return requests;
}

static void test_return_requests_are_read_without_their_long_ids(void **state)
{
	bool seen[2000];

	(void)state;
	for (int of = 1; of <= 2000; of = of * 3 + 1) {
		memset(seen, 0, sizeof(seen));
		int requests = read_rfbs(of, 100, seen);

		print_message("%d in %d requests\n", of, requests);
		for (int i = 0; i < of; i++)
			assert_true(seen[i]);
		assert_true(of >= 100 || requests == 1);
		assert_true(requests <= 8 + of / 25);
	}
}

static void test_all_delivery_methods_are_asked_for(void **state)
{
	static const char *const words[] = {
		"NEW", "EDITED", "ACTIVE", "DISABLED", "WAITING", "BROKEN"};
	json_auto_t *body = body_of(endpoint("delivery_method_list"), (struct shd_page_in){0});
	const json_t *asked = shd_loose_at(body, "filter.status");

	(void)state;
	assert_int_equal(json_array_size(asked), SHD_COUNT(words));
	for (size_t i = 0; i < SHD_COUNT(words); i++)
		assert_string_equal(json_string_value(json_array_get(asked, i)), words[i]);
}

/* Methods that answer 429 long before the store's own rate is reached. */
static void test_what_ozon_computes_slowly_is_asked_for_slowly(void **state)
{
	static const struct {
		const char *name;
		int64_t least_ms;
	} cases[] = {{"analytics_stocks", 5 * SHD_SECOND_MS}, {"turnover", SHD_MINUTE_MS},
		{"stocks_fbo", SHD_SECOND_MS}};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++)
		assert_true(endpoint(cases[i].name)->min_interval_ms >= cases[i].least_ms);
}

static void test_a_long_cursor_is_taken_whole(void **state)
{
	struct shd_page_in in = {.position = ""};
	struct shd_page_out out = {.last = true};
	struct shd_error error;
	char cursor[6000];

	(void)state;
	memset(cursor, 'a', sizeof(cursor) - 1);
	cursor[sizeof(cursor) - 1] = '\0';
	json_auto_t *envelope = json_pack("{s:s, s:b}", "cursor", cursor, "has_next", true);
	shd_text_init(&out.position, SHD_POSITION_BYTES);
	assert_true(
		endpoint("fbs_list")->next(endpoint("fbs_list"), envelope, 100, &in, &out, &error));
	assert_false(out.last);
	assert_string_equal(out.position.data, cursor);
	shd_text_finish(&out.position);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_known_reads_are_asked),
		cmocka_unit_test(test_no_two_batches_tell_the_same_field),
		cmocka_unit_test(test_a_request_carries_url_and_credentials),
		cmocka_unit_test(test_bad_settings_are_refused_in_words),
		cmocka_unit_test(test_every_body_is_json_with_its_limit_and_hostile_ids_stay_texts),
		cmocka_unit_test(test_bodies_have_what_ozon_insists_on),
		cmocka_unit_test(test_a_posting_is_asked_for_by_its_number),
		cmocka_unit_test(test_no_case_ends_by_leaving_a_list),
		cmocka_unit_test(test_cancellations_are_asked_for_by_their_posting),
		cmocka_unit_test(test_what_is_on_its_way_is_listed_whole),
		cmocka_unit_test(test_windows_reach_back_a_month_at_first_and_after_an_outage),
		cmocka_unit_test(test_lists_go_on_or_end),
		cmocka_unit_test(test_return_requests_are_read_without_their_long_ids),
		cmocka_unit_test(test_all_delivery_methods_are_asked_for),
		cmocka_unit_test(test_what_ozon_computes_slowly_is_asked_for_slowly),
		cmocka_unit_test(test_a_long_cursor_is_taken_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every refusal that Ozon is known to give, and what it means to us. */
#include "support/check.h"

#include "market/adapter.h"
#include "market/standing.h"

#include <string.h>
#include <strings.h>

struct headers {
	const char *name, *value;
};

static const char *header(const void *ctx, const char *name)
{
	const struct headers *headers = ctx;

	return headers->name && strcasecmp(headers->name, name) == 0 ? headers->value : NULL;
}

static bool accept(const char *endpoint, int status, const char *body, struct headers headers,
		   struct shd_answer_verdict *refusal)
{
	const struct shd_adapter *market = shd_adapter_find("ozon");
	struct shd_answer answer = {.status = status, .body = body, .len = strlen(body),
		.header = header, .ctx = &headers};

	return market->accept(shd_adapter_endpoint(market, endpoint), &answer, refusal);
}

static const struct {
	int status;
	const char *body;
	enum shd_err kind;
	const char *part; /* of the words */
} refusals[] = {
	{400,
		"{\"code\":3,\"message\":\"Request validation error: invalid X.Limit: value must "
		"be "
		"inside range (0, 1000]\",\"details\":[]}",
		SHD_ERR_REQUEST, "inside range"},
	{400, "{\"code\":3,\"message\":\"value is required\"}", SHD_ERR_REQUEST, "is required"},
	{400, "{\"code\":3,\"message\":\"Client-Id header value should be positive integer\"}",
		SHD_ERR_CONFIG, "client_id"},
	{400, "{\"code\":9,\"message\":\"obsolete method cannot be used\"}", SHD_ERR_RETIRED,
		"switched this method off"},
	{400, "{\"code\":9,\"message\":\"\"}", SHD_ERR_RETIRED, "switched"},
	{400, "{\"code\":4,\"message\":\"Content-Type header should be application/json\"}",
		SHD_ERR_REQUEST, "Content-Type"},
	{400, "{\"code\":3,\"message\":\"PERIOD_IS_TOO_LONG\"}", SHD_ERR_REQUEST, "PERIOD"},
	{401, "{\"code\":16,\"message\":\"Client-Id and Api-Key headers are required\"}",
		SHD_ERR_CONFIG, "did not reach"},
	{401, "{\"code\":16}", SHD_ERR_CREDENTIALS, "refused"},
	{401, "{\"message\":\"unauthorized\"}", SHD_ERR_CREDENTIALS, "refused"},
	/* JSON that is not Ozon's */
	{401, "{}", SHD_ERR_SERVER, "not Ozon's"},
	{403, "{\"status\":\"denied\",\"ray\":\"7f\"}", SHD_ERR_SERVER, "not Ozon's"},
	{403, "{\"error\":\"denied\",\"message\":\"\"}", SHD_ERR_SERVER, "not Ozon's"},
	{404, "{\"code\":5,\"message\":\"Invalid Api-Key, please check the key and try again\"}",
		SHD_ERR_CREDENTIALS, "wrong, expired or deleted"},
	{404, "{\"code\":\"5\",\"message\":\"INVALID API-KEY\"}", SHD_ERR_CREDENTIALS, "wrong"},
	{403, "{\"code\":7,\"message\":\"Api-Key is missing a required role for a method\"}",
		SHD_ERR_ROLE, "role"},
	{403,
		"{\"code\":7,\"message\":\"Api-key is deactivated, use another one or generate a "
		"new "
		"one\"}",
		SHD_ERR_CREDENTIALS, "deactivated"},
	{403, "{\"code\":7,\"message\":\"Api-Key is restricted to specific IP addresses\"}",
		SHD_ERR_EGRESS, "address"},
	{403, "{\"message\":\"Api-Key is restricted to specific IP addresses\"}", SHD_ERR_EGRESS,
		"address"},
	{403,
		"{\"code\":7,\"message\":\"i.service.X: rpc error: code = PermissionDenied desc = "
		"not "
		"available with existing subscription\"}",
		SHD_ERR_TARIFF, "tariff"},
	{403, "{\"code\":7,\"message\":\"no access to this method\"}", SHD_ERR_TARIFF, "tariff"},
	{403, "{\"code\":7,\"message\":\"Company is blocked, please contact support\"}",
		SHD_ERR_BLOCKED, "blocked the store"},
	{403, "{\"message\":\"Offer not signed\"}", SHD_ERR_BLOCKED, "contract"},
	{403, "{\"message\":\"method is not allowed\"}", SHD_ERR_TARIFF, "not open"},
	{403, "{\"code\":7,\"message\":\"access denied\"}", SHD_ERR_TARIFF, "programme"},
	{403,
		"{\"code\":7,\"message\":\"method is allowed starting from the premium plus "
		"subscription\"}",
		SHD_ERR_TARIFF, "tariff"},
	{400, "{\"code\":3,\"message\":\"invalid chat guid\"}", SHD_ERR_MISSING, "no such chat"},
	/* of a gateway, whatever it says */
	{403, "<html>blocked by firewall</html>", SHD_ERR_SERVER, "not Ozon's"},
	{403, "company is blocked", SHD_ERR_SERVER, "not Ozon's"},
	{401, "<html>Authorization required</html>", SHD_ERR_SERVER, "not Ozon's"},
	{401, "", SHD_ERR_SERVER, "not Ozon's"},
	{403, "", SHD_ERR_SERVER, "not Ozon's"},
	{405, "", SHD_ERR_SERVER, "not Ozon's"},
	{499, "<html>499</html>", SHD_ERR_SERVER, "not Ozon's"},
	{404, "invalid api-key", SHD_ERR_SERVER, "base_url"},
	{405, "{\"code\":12,\"message\":\"Method Not Allowed\"}", SHD_ERR_REQUEST, "Not Allowed"},
	{404, "{\"code\":5,\"message\":\"review not found\"}", SHD_ERR_MISSING, "review not found"},
	{404, "404 page not found\n", SHD_ERR_RETIRED, "does not know"},
	{404, "<html><body>404</body></html>", SHD_ERR_SERVER, "base_url"},
	{409, "{\"code\":6,\"message\":\"conflict\"}", SHD_ERR_REQUEST, "conflict"},
	{429, "{\"code\":8,\"message\":\"You have reached request rate limit per second\"}",
		SHD_ERR_THROTTLED, "too many"},
	{429, "", SHD_ERR_THROTTLED, "too many"},
	{403, "{\"code\":7,\"message\":\"Circle is open\"}", SHD_ERR_THROTTLED, "closed for some"},
	{500, "{\"code\":13,\"message\":\"circle is open\"}", SHD_ERR_THROTTLED, "closed for some"},
	{500, "{\"code\":13,\"message\":\"Internal error\"}", SHD_ERR_SERVER, "Internal error"},
	{500, "", SHD_ERR_SERVER, "HTTP 500"},
	{502, "<html>Bad Gateway</html>", SHD_ERR_SERVER, "HTTP 502"},
	{503, "maintenance", SHD_ERR_SERVER, "maintenance"},
	{504, "", SHD_ERR_TIMEOUT, "in time"},
	{407, "", SHD_ERR_CONFIG, "proxy"},
	{302, "", SHD_ERR_SERVER, "HTTP 302"},
	{418, "[1,2", SHD_ERR_SERVER, "HTTP 418"},
	{400, "{\"code\":{},\"message\":[]}", SHD_ERR_SERVER, "not Ozon's"},
	/* good from outside */
	{200, "", SHD_ERR_SYNTAX, "empty"},
	{200, " \n", SHD_ERR_SYNTAX, "empty"},
	{200, "<!doctype html><title>Ozon</title>", SHD_ERR_SYNTAX, "not JSON"},
	{200, "ok", SHD_ERR_SYNTAX, "not JSON"},
	{200, "{\"code\":7,\"message\":\"Company is blocked, please contact support\"}",
		SHD_ERR_BLOCKED, "blocked"},
	{200, "{\"code\":13,\"message\":\"Internal error\"}", SHD_ERR_SERVER, "Internal"},
	{200, "{\"code\":7}", SHD_ERR_ROLE, "does not allow"},
	{200, "{\"error\":\"x\"}", SHD_ERR_SERVER, "HTTP 200"},
	{200, "{\"message\":\"try later\",\"details\":[]}", SHD_ERR_SERVER, "try later"},
};

static void test_every_refusal_has_its_meaning(void **state)
{
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(refusals); i++) {
		struct shd_answer_verdict refusal = {0};

		print_message("%d %s\n", refusals[i].status, refusals[i].body);
		assert_false(accept("review_list", refusals[i].status, refusals[i].body,
			(struct headers){0}, &refusal));
		assert_string_equal(
			shd_err_name(refusal.error.kind), shd_err_name(refusals[i].kind));
		if (!strstr(refusal.error.msg, refusals[i].part))
			fail_msg("\"%s\" lacks \"%s\"", refusal.error.msg, refusals[i].part);
		assert_non_null(strstr(refusal.error.msg, "/v2/review/list"));
	}
}

/* A store that sells from Ozon's warehouses only does without its own postings; a request
 * that is wrong, and a page of a gateway, say nothing of the kind. */
static void test_a_store_may_lack_its_own_postings(void **state)
{
	static const char *const rows[] = {
		"fbs_unfulfilled", "fbs_list", "fbs_transit", "arbitration_list"};
	static const struct {
		const char *body;
		bool lacks;
	} cases[] = {
		{"{\"code\":2,\"message\":\"seller has no warehouses of this scheme\"}", true},
		{"{\"code\":3,\"message\":\"Request validation error: invalid Limit\"}", false},
		{"{\"code\":2,\"message\":\"either filter.cutoff or filter.delivering_date must be "
		 "specified\"}", false},
		{"{\"code\":2,\"message\":\"PERIOD_IS_TOO_LONG\"}", false},
		{"<html>Bad Request</html>", false},
		{"", false},
	};
	struct shd_answer_verdict refusal;

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(rows); i++) {
		const struct shd_endpoint *row =
			shd_adapter_endpoint(shd_adapter_find("ozon"), rows[i]);

		for (size_t j = 0; j < SHD_COUNT(cases); j++) {
			assert_false(accept(rows[i], 400, cases[j].body, (struct headers){0},
				&refusal));
			const struct shd_failing never_read = {
				.kind = refusal.error.kind, .count = 1};
			assert_int_equal(shd_standing_after(row, &never_read) ==
						 SHD_STANDING_LACKING, cases[j].lacks);
		}
	}
	assert_false(accept("stocks", 400, cases[0].body, (struct headers){0}, &refusal));
	assert_int_equal(refusal.error.kind, SHD_ERR_REQUEST);
}

/* Whatever a page for people holds, it is not Ozon's word. */
static void test_a_page_says_nothing_of_the_account(void **state)
{
	static const int statuses[] = {400, 401, 403, 404, 409};
	const struct headers page = {"Content-Type", "text/html; charset=utf-8"};
	struct shd_answer_verdict refusal;

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(statuses); i++) {
		const char *body = "{\"code\":7,\"message\":\"Company is blocked\"}";

		assert_false(accept("fbs_list", statuses[i], body, page, &refusal));
		assert_int_equal(refusal.error.kind, SHD_ERR_SERVER);
	}
}

static void test_good_answers_are_good(void **state)
{
	static const char *const bodies[] = {"{}", "\n{\"reviews\":[]}", "[]",
		"{\"code\":0,\"message\":\"\",\"reviews\":[]}",
		"{\"code\":0,\"message\":\"\"}", "{\"code\":3,\"result\":[]}",
		"{\"result\":[{\"code\":1,\"message\":\"x\"}]}"};
	struct shd_answer_verdict refusal;

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(bodies); i++)
		assert_true(accept("review_list", 200, bodies[i], (struct headers){0}, &refusal));
}

static void test_retry_after_is_in_seconds_and_bounded(void **state)
{
	static const struct {
		const char *name, *value, *body;
		int64_t want_ms;
	} cases[] = {
		{"Retry-After", "7", "", 7000},
		{"retry-after", "0", "", 0},
		{"RETRY-AFTER", "99999999999999999999", "", SHD_HOUR_MS},
		{"Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT", "", 0},
		{"Retry-After", "-5", "", 0},
		{"Retry-After", "", "", 0},
		{"Item-Retry-After", "5", "", 0},
		{"Ratelimit-Remaining", "0", "", 0},
		{"Retry-After", "1", "Circle is open", 3 * SHD_MINUTE_MS},
		{NULL, NULL, "Circle is open", 3 * SHD_MINUTE_MS},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_answer_verdict refusal;
		struct headers headers = {cases[i].name, cases[i].value};

		assert_false(accept("stocks", 429, cases[i].body, headers, &refusal));
		assert_int_equal(refusal.error.kind, SHD_ERR_THROTTLED);
		assert_int_equal(refusal.retry_after_ms, cases[i].want_ms);
	}
}

static void test_words_are_printable_and_bounded(void **state)
{
	struct shd_answer_verdict refusal;
	char body[3000] = "{\"code\":13,\"message\":\"a\\u0007b\\n";
	size_t head = strlen(body);

	(void)state;
	memset(body + head, 'x', 2000);
	strncpy(body + head + 2000, "\"}", 3);
	assert_false(accept("stocks", 500, body, (struct headers){0}, &refusal));
	assert_non_null(strstr(refusal.error.msg, "a b x"));
	assert_true(strlen(refusal.error.msg) < sizeof(refusal.error.msg));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_refusal_has_its_meaning),
		cmocka_unit_test(test_a_store_may_lack_its_own_postings),
		cmocka_unit_test(test_a_page_says_nothing_of_the_account),
		cmocka_unit_test(test_good_answers_are_good),
		cmocka_unit_test(test_retry_after_is_in_seconds_and_bounded),
		cmocka_unit_test(test_words_are_printable_and_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* lib/http: what an answer asks of the next request, and how texts travel in a URL. */
#include "support/check.h"

#include "http/http.h"

#include <string.h>
#include <strings.h>

struct headers {
	const char *retry_after, *date;
};

static const char *header_of(const void *ctx, const char *name)
{
	const struct headers *headers = ctx;

	if (strcasecmp(name, "Retry-After") == 0)
		return headers->retry_after;
	return strcasecmp(name, "Date") == 0 ? headers->date : NULL;
}

static void retry_after_is_seconds_or_a_date(void **state)
{
	static const char now[] = "Mon, 30 Nov 2026 07:00:00 GMT";
	static const struct {
		struct headers headers;
		int64_t want_ms;
	} cases[] = {
		{{NULL, now}, 0},
		{{"", now}, 0},
		{{"7", NULL}, 7000},
		{{"0", NULL}, 0},
		{{"3600", NULL}, SHD_HOUR_MS},
		{{"3601", NULL}, SHD_HOUR_MS},
		{{"99999999999999999999", NULL}, SHD_HOUR_MS},
		{{"-5", now}, 0},
		{{"7.5", now}, 0},
		{{"7 ", now}, 0},
		{{"Mon, 30 Nov 2026 07:00:30 GMT", now}, 30 * SHD_SECOND_MS},
		{{"Tue, 01 Dec 2026 06:00:00 GMT", now}, SHD_HOUR_MS},
		{{"Mon, 30 Nov 2026 06:59:59 GMT", now}, 0},
		{{"Mon, 30 Nov 2026 07:00:30 GMT", NULL}, 0}, /* by whose clock? */
		{{"Mon, 30 Nov 2026 07:00:30 GMT", "yesterday"}, 0},
		{{"Mon, 30 Now 2026 07:00:30 GMT", now}, 0},
		{{"Mon, 30 Nov 2026 27:00:30 GMT", now}, 0},
		{{"Mon, 30 Nov 2026 07:00:30 GMT or so", now}, 0},
		{{"Mon, 30 Nov 2026 07:00:30 CET", now}, 0},
		{{"Sat, 29 Feb 2036 12:00:10 GMT", "Sat, 29 Feb 2036 12:00:00 GMT"}, 10000},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_answer answer = {
			.status = 429, .header = header_of, .ctx = &cases[i].headers};

		if (shd_retry_after_ms(&answer, SHD_HOUR_MS) != cases[i].want_ms)
			fail_msg("case %zu", i);
	}
	assert_int_equal(shd_retry_after_ms(&(struct shd_answer){.status = 429}, 1), 0);
}

static void only_unreserved_bytes_travel_as_they_are(void **state)
{
	struct shd_text out SHD_AUTO(shd_text_finish) = {0};

	(void)state;
	shd_text_init(&out, 256);
	shd_percent_encode("aZ09-._~ /+%&=\xD0\x96\0", 17, &out);
	assert_string_equal(out.data, "aZ09-._~%20%2F%2B%25%26%3D%D0%96%00");
}

static void a_request_begins_anew_when_it_is_cleared(void **state)
{
	struct shd_request request SHD_AUTO(shd_request_finish) = {0};

	(void)state;
	shd_request_init(&request, 64);
	shd_text_puts(shd_request_header(&request), "A: 1");
	shd_text_puts(&request.url, "https://x");
	shd_request_clear(&request);
	assert_int_equal(request.header_count, 0);
	assert_int_equal(request.url.len, 0);
	struct shd_text *header = shd_request_header(&request);
	shd_text_puts(header, "B: 2");
	assert_string_equal(header->data, "B: 2");
}

/* Marketplaces like to say which key they do not know. */
static void what_an_answer_repeats_of_our_secrets_is_struck_out(void **state)
{
	struct shd_request request;
	static const struct {
		const char *said, *kept;
	} rows[] = {
		{"Api-Key key-of-the-shop-1234 is deactivated",
			"Api-Key ******************** is deactivated"},
		{"twice: key-of-the-shop-1234key-of-the-shop-1234",
			"twice: ****************************************"},
		{"cut: key-of-the", "cut: **********"},
		{"token abcdefgh.ijkl of 77", "token ************* of 77"},
		{"form: s3cr3t-s3cr3t", "form: *************"},
		{"key-of- is not one", "key-of- is not one"},
		{"application/json expected", "application/json expected"},
		{"", ""},
	};

	(void)state;
	shd_request_init(&request, 1000);
	shd_text_puts(shd_request_header(&request), "Client-Id: 77");
	shd_text_puts(shd_request_header(&request), "Api-Key: key-of-the-shop-1234");
	shd_text_puts(shd_request_header(&request), "Authorization: Bearer abcdefgh.ijkl");
	shd_text_puts(shd_request_header(&request), "Content-Type: application/json");
	shd_text_puts(&request.body, "grant_type=x&client_secret=s3cr3t-s3cr3t&a=b");
	for (size_t i = 0; i < SHD_COUNT(rows); i++) {
		char *text shd_autofree = shd_xstrdup(rows[i].said);

		shd_request_strike(&request, text);
		assert_string_equal(text, rows[i].kept);
	}
	shd_request_finish(&request);
}

/* Of a body, ids stay: they are what the answer is about. */
static void what_a_body_repeats_of_a_secret_is_struck_out(void **state)
{
	struct shd_request request;
	char body[] = "{\"id\":12345678,\"key\":\"key-of-the-shop-1234\",\"both\":"
		      "\"key-of-the-shop-1234key-of-the-shop-1234\",\"cut\":\"key-of-the-shop\","
		      "\"as\":\"application/json\",\"end\":key-of-the-shop-1234";
	static const char struck[] =
		"{\"id\":12345678,\"key\":\"********************\",\"both\":"
		"\"****************************************\",\"cut\":\"key-of-the-shop\","
		"\"as\":\"application/json\",\"end\":********************";

	(void)state;
	shd_request_init(&request, 1000);
	shd_text_puts(shd_request_header(&request), "Client-Id: 12345678");
	shd_text_puts(shd_request_header(&request), "Api-Key: key-of-the-shop-1234");
	shd_text_puts(shd_request_header(&request), "Content-Type: application/json");
	shd_request_strike_body(&request, body, sizeof(body) - 1);
	assert_string_equal(body, struck);
	shd_request_strike_body(&request, NULL, 0);
	shd_request_finish(&request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retry_after_is_seconds_or_a_date),
		cmocka_unit_test(only_unreserved_bytes_travel_as_they_are),
		cmocka_unit_test(what_an_answer_repeats_of_our_secrets_is_struck_out),
		cmocka_unit_test(what_a_body_repeats_of_a_secret_is_struck_out),
		cmocka_unit_test(a_request_begins_anew_when_it_is_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* lib/http: what an answer asks of the next request, and how texts travel in a URL. */
#include "support/check.h"

#include "http/http.h"
#include "http/strike.h"

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
		{"form: s3cr3t+s3cr3t or s3cr3t%2Bs3cr3t",
			"form: ************* or ***************"},
		{"key-of- is not one", "key-of- is not one"},
		{"application/json expected", "application/json expected"},
		{"Bearer tokens, not Basic ones: aB-3", "Bearer tokens, not Basic ones: ****"},
		{"login: hunter2", "login: *******"},
		{"via proxy: pr0xy", "via proxy: *****"},
		{"", ""},
	};

	(void)state;
	shd_request_init(&request, 1000);
	shd_text_puts(&request.url, "http://me:pr0xy@example.com/a");
	shd_text_puts(shd_request_header(&request), "Client-Id: 77");
	shd_text_puts(shd_request_header(&request), "Api-Key: key-of-the-shop-1234");
	shd_text_puts(shd_request_header(&request), "Authorization: Bearer abcdefgh.ijkl");
	shd_text_puts(shd_request_secret_header(&request), "Authorization: Bearer aB-3");
	shd_text_puts(shd_request_header(&request), "Authorization: Basic bWU6aHVudGVyMg==");
	shd_text_puts(shd_request_header(&request),
		"Content-Type: application/x-www-form-urlencoded");
	shd_text_puts(&request.body, "grant_type=x&client_secret=s3cr3t%2Bs3cr3t&a=b");
	for (size_t i = 0; i < SHD_COUNT(rows); i++) {
		char *text shd_autofree = shd_xstrdup(rows[i].said);

		shd_request_strike(&request, text);
		assert_string_equal(text, rows[i].kept);
	}
	shd_request_finish(&request);
}

/* However it is written; here one asterisk stands for all of a run. */
static void a_secret_is_struck_out_in_any_writing(void **state)
{
	static const struct {
		const char *secret, *said, *kept;
	} rows[] = {
		/* as it is: a short one where it stands alone */
		{"hunter2", "535 hunter2 is wrong", "535 * is wrong"},
		{"hunter2", "{\"password\":\"hunter2\"}", "{\"password\":\"*\"}"},
		{"hunter2", "hunter22 or xhunter2", "hunter22 or xhunter2"},
		{"a", "a word has an a", "* word has an *"},
		{"hunter2", "line\\nhunter2, %20hunter2", "line\\n*, %20*"},
		{"s3cr3t-word", "xs3cr3t-wordx", "x*x"},
		/* JSON; also within JSON */
		{"pa/ss\"wo\\rd", "pa\\/ss\\\"wo\\\\rd.", "*."},
		{"pa/ss\"word", "pa\\\\\\/ss\\\\\\\"word.", "*."},
		{"pa/ss\"wo\\rd", "pa/ss\"wo\\rd.", "*."},
		{"two\\\\slashes", "two\\\\slashes.", "*."},
		{"secret<&>", "secret\\u003c\\u0026\\u003E.", "*."},
		{"p\u0430\u0440\u043e\u043b\u044c", "p\\u0430\\u0440\\u043E\\u043b\\u044c.", "*."},
		{"smile\U0001F600ing", "smile\\ud83d\\ude00ing.", "*."},
		/* URLs, forms and HTML */
		{"a b/c+d=e", "q=a+b%2fc%2Bd%3De&x", "q=*&x"},
		{"a b/c+d=e", "a%20b/c+d=e!", "*!"},
		{"100%25sure", "100%25sure 100%2525sure", "* *"},
		{"tom&<jerry>'\"", "tom&amp;&lt;jerry&gt;&#39;&quot;.", "*."},
		{"tom&jerry's", "tom&#38;jerry&#x27;s.", "*."},
		/* base64: alone, behind a user, as PLAIN sends it, and with neighbours of each
		   length */
		{"hunter2-hunter2", "aHVudGVyMi1odW50ZXIy", "*"},
		{"hunter2-hunter2", "bWU6aHVudGVyMi1odW50ZXIy", "bWU6*"},
		{"hunter2-hunter2", "dXM6aHVudGVyMi1odW50ZXIy=", "dXM6*="},
		{"hunter2-hunter2", "AG1lAGh1bnRlcjItaHVudGVyMg==", "AG1lAG*g=="},
		{"hunter2", "got bWU6aHVudGVyMg==", "got bWU6*g=="},
		/* and what is none */
		{"hunter2-hunter2", "%zz \\u12 &amp &#; \\", "%zz \\u12 &amp &#; \\"},
		{"secret<&>", "a secret<", "a secret<"},
		{"secret<&>", "cut: secret\\u003c\\u0026\\u00", "cut: *"},
		{"", "nothing", "nothing"},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(rows); i++) {
		char *text shd_autofree = shd_xstrdup(rows[i].said);

		shd_strike(text, strlen(text), rows[i].secret, strlen(rows[i].secret));
		assert_int_equal(strlen(text), strlen(rows[i].said));
		for (char *at = text; *at;)
			if (at[0] == '*' && at[1] == '*')
				memmove(at, at + 1, strlen(at));
			else
				at++;
		assert_string_equal(text, rows[i].kept);
	}
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

/* A short secret may be the name of a member, and is left to the words of what is wrong. */
static void a_body_is_searched_for_escapes_of_a_secret(void **state)
{
	char body[] =
		"{\"a\":\"key\\/with\\/slashes\",\"b\":\"key/with/slashes\",\"name\":\"12345678\"}";

	(void)state;
	shd_strike_body(body, strlen(body), "key/with/slashes", 16);
	shd_strike_body(body, strlen(body), "name", 4);
	shd_strike_body(body, strlen(body), "12345678", 8);
	assert_string_equal(body,
		"{\"a\":\"******************\",\"b\":\"****************\",\"name\":\"12345678\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retry_after_is_seconds_or_a_date),
		cmocka_unit_test(only_unreserved_bytes_travel_as_they_are),
		cmocka_unit_test(what_an_answer_repeats_of_our_secrets_is_struck_out),
		cmocka_unit_test(a_secret_is_struck_out_in_any_writing),
		cmocka_unit_test(a_body_is_searched_for_escapes_of_a_secret),
		cmocka_unit_test(what_a_body_repeats_of_a_secret_is_struck_out),
		cmocka_unit_test(a_request_begins_anew_when_it_is_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* notify/webhook.h: the body, the signature, what answers mean. */
#include "support/check.h"

#include "base/num.h"
#include "notify/webhook.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char secret_text[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

static const struct shd_secret *secret_of(void *ctx, const struct shd_secret_ref *ref)
{
	(void)ref;
	return ctx;
}

/* The worked examples of Standard Webhooks and of our own making. */
static void signatures_are_those_of_the_specification(void **state)
{
	static const struct {
		const char *id;
		int64_t timestamp_s;
		const char *body, *signature;
	} cases[] = {
		{"msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}",
			"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
		{"evt_01HZX", 1767225600,
			"{\"type\":\"rating.below\",\"timestamp\":\"2026-01-01T00:00:00Z\","
			"\"data\":{"
			"\"store\":\"ozon-1\",\"rating\":\"4.47\",\"name\":\"Чехол\"}}",
			"v1,v+lVmQIzUAWE6jx2va+LAftvt4yjP/mhYqmK+gIwpHI="},
	};
	struct shd_secret *secret = shd_secret_create(secret_text, strlen(secret_text));
	(void)state;

	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		SHD_AUTO(shd_text_finish) struct shd_text out = {0};
		struct shd_error error;

		shd_text_init(&out, 200);
		assert_true(shd_webhook_sign(secret, cases[i].id, cases[i].timestamp_s,
			cases[i].body, strlen(cases[i].body), &out, &error));
		assert_string_equal(out.data, cases[i].signature);
	}
	shd_secret_destroy(secret);
}

static void a_secret_of_another_form_is_refused(void **state)
{
	static const char *const bad[] = {"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_",
		"whsec_c2hvcnQ=", "whsec_not base64!!",
		("whsec_"
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		 "AAAAAAAA")};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(bad); i++) {
		struct shd_secret *secret = shd_secret_create(bad[i], strlen(bad[i]));
		SHD_AUTO(shd_text_finish) struct shd_text out = {0};
		struct shd_error error;

		shd_text_init(&out, 200);
		assert_false(shd_webhook_sign(secret, "i", 1, "{}", 2, &out, &error));
		assert_int_equal(error.kind, SHD_ERR_CONFIG);
		assert_true(!*bad[i] || !strstr(error.msg, bad[i]) || strlen(bad[i]) < 8);
		shd_secret_destroy(secret);
	}
}

static const struct shd_facts told = {.alert = 17, .episode = 2, .move = SHD_MOVE_ESCALATED,
	.level = SHD_CRITICAL, .from_level = SHD_WARN, .rule = "late", .store = "ozon-main",
	.entity = "C-1", .marketplace = "ozon", .subject = "Чехол", .product = "Чехол синий",
	.units = 2000000, .amount = {.type = SHD_MONEY, .currency = "RUB", .n = 199000},
	.ship_by = {1775329139000}, .quote = "Порвался.", .url = "https://x.example/1",
	.at = {1775321940000}, .since = {1775321940000 - 3600000},
	.value = {.type = SHD_RATIO, .n = 333333}, .limit = {.type = SHD_RATIO, .n = 40000},
	.cost = {.type = SHD_MONEY, .currency = "RUB", .n = 506965},
	.room = {.type = SHD_NUMBER, .n = 2000000}, .sample_hit = 1, .sample_of = 3,
	.due = {1775329139000}};
static const struct shd_facts bare = {.alert = 18, .episode = 1, .move = SHD_MOVE_NEW,
	.level = SHD_INFO, .rule = "r", .store = "s", .entity = "", .marketplace = "ozon",
	.subject = "", .at = {1775321940000}, .value = {.none = true}, .limit = {.none = true},
	.cost = {.none = true}, .room = {.none = true}, .more = 3};
static struct shd_message_item items[] = {
	{.facts = &told,
		.title = "Late orders",
		.line = "33.33 % (1 of 3), limit 4 %",
		.goods = "Чехол синий × 2, 1,990 RUB",
		.advice = "Ship faster.",
		.cost = "5,069.65 RUB at risk",
		.reason = "It got worse."},
	{.facts = &bare, .title = "r", .line = "r", .reason = "This is new."},
};
static const struct shd_message message = {.subject = "Critical: 5 alerts", .level = SHD_CRITICAL,
	.type = "alert.firing", .items = items, .count = 2, .language = "en",
	.timezone = "Europe/Moscow", .made = {1775321940000}};

static bool post(const struct shd_webhook_settings *webhook, struct shd_secret *secret,
	struct shd_envelope *envelope, struct shd_error *reterr)
{
	static struct shd_channel_settings channel;
	const struct shd_notifier *notifier = shd_notifier_find("webhook");
	channel = (struct shd_channel_settings){
		.name = "hook", .notifier = notifier, .notifier_settings = webhook};
	const struct shd_send_in in = {.channel = &channel,
		.message = &message,
		.secret = secret_of,
		.ctx = secret,
		.now = {1614265330999},
		.key = "0123456789abcdef",
		.attempt = 2};

	*envelope = (struct shd_envelope){0};
	shd_request_init(&envelope->http, 1 << 20);
	return notifier->render(&in, envelope, reterr);
}

static void the_body_is_the_documented_one(void **state)
{
	static const char expected[] =
		"{\"version\":\"1\",\"id\":\"0123456789abcdef\",\"type\":\"alert.firing\","
		"\"made\":\"2026-04-04T16:59:00.000Z\",\"late\":false,\"language\":\"en\","
		"\"subject\":\"Critical: 5 alerts\",\"total\":5,\"alerts\":["
		"{\"number\":17,\"episode\":2,\"rule\":\"late\",\"store\":\"ozon-main\","
		"\"marketplace\":\"ozon\",\"entity\":\"C-1\",\"about\":\"Чехол\","
		"\"product\":\"Чехол синий\",\"units\":2,"
		"\"amount\":{\"type\":\"money\",\"value\":1990,\"currency\":\"RUB\"},"
		"\"ship_by\":\"2026-04-04T18:58:59.000Z\",\"quote\":\"Порвался.\","
		"\"level\":\"critical\",\"from_level\":\"warning\",\"move\":\"escalated\","
		"\"at\":\"2026-04-04T16:59:00.000Z\",\"since\":\"2026-04-04T15:59:00.000Z\","
		"\"value\":{\"type\":\"ratio\",\"value\":0.333333},"
		"\"limit\":{\"type\":\"ratio\",\"value\":0.04},\"sample\":[1,3],"
		"\"due\":\"2026-04-04T18:58:59.000Z\","
		"\"cost\":{\"type\":\"money\",\"value\":5069.65,\"currency\":\"RUB\"},\"room\":2,"
		"\"title\":\"Late orders\",\"line\":\"33.33 % (1 of 3), limit 4 %\","
		"\"goods\":\"Чехол синий × 2, 1,990 RUB\","
		"\"advice\":\"Ship faster.\",\"cost_line\":\"5,069.65 RUB at risk\","
		"\"reason\":\"It got worse.\",\"url\":\"https://x.example/1\",\"more\":0},"
		"{\"number\":18,\"episode\":1,\"rule\":\"r\",\"store\":\"s\","
		"\"marketplace\":\"ozon\",\"entity\":\"\",\"about\":\"\",\"product\":null,"
		"\"units\":null,\"amount\":null,\"ship_by\":null,\"quote\":null,\"level\":\"info\","
		"\"from_level\":\"none\",\"move\":\"new\",\"at\":\"2026-04-04T16:59:00.000Z\","
		"\"since\":null,\"value\":null,\"limit\":null,\"sample\":null,\"due\":null,"
		"\"cost\":null,\"room\":null,\"title\":\"r\",\"line\":\"r\",\"goods\":null,"
		"\"advice\":null,"
		"\"cost_line\":null,\"reason\":\"This is new.\",\"url\":null,\"more\":3}]}";
	const struct shd_webhook_settings webhook = {.url = "https://hook.example/T0P"};
	struct shd_envelope envelope;
	struct shd_error error;
	(void)state;

	assert_true(post(&webhook, NULL, &envelope, &error));
	assert_string_equal(envelope.http.method, "POST");
	assert_string_equal(envelope.http.url.data, "https://hook.example/T0P");
	assert_string_equal(envelope.http.body.data, expected);
	shd_request_finish(&envelope.http);
}

static bool has_header(const struct shd_envelope *envelope, const char *line)
{
	for (size_t i = 0; i < envelope->http.header_count; i++) {
		if (strcmp(envelope->http.headers[i].data, line) == 0)
			return true;
	}
	return false;
}

static void nothing_goes_unsigned_when_the_secret_cannot_be_read(void **state)
{
	struct shd_webhook_settings webhook = {.url = "https://hook.example/",
		.secret = {.from = SHD_SECRET_FILE, .name = "s"}};
	struct shd_envelope envelope;
	struct shd_error error;
	(void)state;

	assert_false(post(&webhook, NULL, &envelope, &error));
	assert_int_equal(error.kind, SHD_ERR_CONFIG);
	shd_request_finish(&envelope.http);
}

static void headers_carry_key_time_and_signature(void **state)
{
	static const char *const names[] = {"Authorization"}, *const values[] = {"Bearer x"};
	struct shd_webhook_settings webhook = {.url = "https://hook.example/",
		.secret = {.from = SHD_SECRET_FILE, .name = "s"},
		.headers = {.count = 1, .names = names, .values = values}};
	struct shd_secret *secret = shd_secret_create(secret_text, strlen(secret_text));
	SHD_AUTO(shd_text_finish) struct shd_text expected = {0};
	struct shd_envelope envelope;
	struct shd_error error;
	(void)state;

	assert_true(post(&webhook, secret, &envelope, &error));
	assert_true(has_header(&envelope, "Content-Type: application/json"));
	assert_true(has_header(&envelope, "Idempotency-Key: 0123456789abcdef"));
	assert_true(has_header(&envelope, "webhook-id: 0123456789abcdef"));
	assert_true(has_header(&envelope, "webhook-timestamp: 1614265330"));
	assert_true(has_header(&envelope, "Authorization: Bearer x"));
	shd_text_init(&expected, 200);
	shd_text_puts(&expected, "webhook-signature: ");
	assert_true(shd_webhook_sign(secret, "0123456789abcdef", 1614265330,
		envelope.http.body.data, envelope.http.body.len, &expected, &error));
	assert_true(has_header(&envelope, expected.data));
	shd_request_finish(&envelope.http);
	shd_secret_destroy(secret);
}

static void a_header_cannot_bring_another_one(void **state)
{
	static const char *const names[][1] = {{"X-A"}, {"X A"}, {""}, {"X:A"}};
	static const char *const values[][1] = {{"a\r\nX-B: b"}, {"a"}, {"a"}, {"a"}};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(names); i++) {
		const struct shd_webhook_settings webhook = {.url = "https://hook.example/",
			.headers = {.count = 1, .names = names[i], .values = values[i]}};
		struct shd_envelope envelope;
		struct shd_error error;

		assert_false(post(&webhook, NULL, &envelope, &error));
		assert_int_equal(error.kind, SHD_ERR_CONFIG);
		shd_request_finish(&envelope.http);
	}
}

static const char *retry_after(const void *ctx, const char *name)
{
	return strcasecmp(name, "Retry-After") == 0 ? ctx : NULL;
}

static void answers_mean_what_the_specification_says(void **state)
{
	static const struct {
		int status;
		const char *retry_after;
		enum shd_sent sent;
		int64_t pause_ms;
	} cases[] = {
		{200, NULL, SHD_SENT_DELIVERED, 0},
		{202, NULL, SHD_SENT_DELIVERED, 0},
		{204, "5", SHD_SENT_DELIVERED, 0},
		{301, NULL, SHD_SENT_RETRY, 0},
		{400, NULL, SHD_SENT_RETRY, 0},
		{401, NULL, SHD_SENT_RETRY, 0},
		{404, NULL, SHD_SENT_RETRY, 0},
		{410, NULL, SHD_SENT_REJECTED, 0},
		{429, "120", SHD_SENT_RETRY, 120000},
		{429, "Sat, 04 Apr 2026 16:59:00 GMT", SHD_SENT_RETRY, 0},
		{429, "99999999999999999999", SHD_SENT_RETRY, 0},
		{429, "-1", SHD_SENT_RETRY, 0},
		{500, NULL, SHD_SENT_RETRY, 0},
		{502, NULL, SHD_SENT_RETRY, 0},
		{503, "7", SHD_SENT_RETRY, 7000},
		{504, NULL, SHD_SENT_RETRY, 0},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		const struct shd_answer answer = {.status = cases[i].status, .body = "",
			.header = retry_after, .ctx = cases[i].retry_after};
		struct shd_sent_result result = {0};

		shd_notifier_find("webhook")->classify(&answer, &result);
		assert_int_equal(result.sent, cases[i].sent);
		assert_int_equal(result.pause_ms, cases[i].pause_ms);
		if (result.sent != SHD_SENT_DELIVERED)
			assert_true(result.error.msg[0]);
	}
}

/* As the robots of messengers do to a body that they do not know. */
static void a_200_that_refuses_is_no_success(void **state)
{
	static const struct {
		const char *body;
		enum shd_sent sent;
		const char *words;
	} cases[] = {
		{"{\"errcode\":40008,\"errmsg\":\"invalid message type\"}", SHD_SENT_RETRY,
			"invalid message type"},
		{"{\"code\":19002,\"msg\":\"params error, msg_type need\"}", SHD_SENT_RETRY,
			"msg_type"},
		{"{\"StatusCode\":9499,\"StatusMessage\":\"Bad\\nRequest\"}", SHD_SENT_RETRY,
			"Bad Request"},
		{"{\"ok\":false,\"error_code\":400,\"description\":\"chat not found\"}",
			SHD_SENT_RETRY, "chat not found"},
		{"{\"success\":false}", SHD_SENT_RETRY, "does not say"},
		{"{\"code\":\"19002\",\"msg\":\"as text\"}", SHD_SENT_RETRY, "as text"},
		{"{\"code\":\"0\"}", SHD_SENT_DELIVERED, NULL},
		{"{\"code\":\"200\"}", SHD_SENT_DELIVERED, NULL},
		{"{\"errcode\":0,\"errmsg\":\"ok\"}", SHD_SENT_DELIVERED, NULL},
		{"{\"code\":0,\"msg\":\"success\"}", SHD_SENT_DELIVERED, NULL},
		{"{\"code\":200,\"message\":\"OK\"}", SHD_SENT_DELIVERED, NULL},
		{"{\"code\":\"queued\",\"ok\":true}", SHD_SENT_DELIVERED, NULL},
		{"{\"code\":", SHD_SENT_DELIVERED, NULL},
		{"[1]", SHD_SENT_DELIVERED, NULL},
		{"ok", SHD_SENT_DELIVERED, NULL},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		const struct shd_answer answer = {.status = 200, .body = cases[i].body,
			.len = strlen(cases[i].body), .header = retry_after};
		struct shd_sent_result result = {0};

		shd_notifier_find("webhook")->classify(&answer, &result);
		assert_int_equal(result.sent, cases[i].sent);
		if (cases[i].words && !strstr(result.error.msg, cases[i].words))
			fail_msg("\"%s\" lacks \"%s\"", result.error.msg, cases[i].words);
	}
}

static void every_notifier_is_found_by_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < shd_notifier_count; i++)
		assert_ptr_equal(shd_notifier_find(shd_notifiers[i]->name), shd_notifiers[i]);
	assert_null(shd_notifier_find("pigeon"));
}

/* Both have the same members, and each is described. */
static void same_members(const json_t *object, const json_t *schema)
{
	json_t *properties = json_object_get(schema, "properties"), *row;
	const char *name;

	json_object_foreach(properties, name, row)
		if (!json_object_get(object, name))
			fail_msg("%s is described, and not sent", name);
	json_object_foreach((json_t *)object, name, row) {
		const json_t *described = json_object_get(properties, name);

		if (!json_string_length(json_object_get(described, "description")))
			fail_msg("%s is sent, and not described", name);
	}
}

static void the_schema_describes_the_body(void **state)
{
	const struct shd_webhook_settings webhook = {.url = "https://hook.example/"};
	json_auto_t *schema =
		json_load_file(SHD_SOURCE_DIR "/conf/schema/webhook.json", 0, NULL);
	struct shd_envelope envelope;
	struct shd_error error;
	(void)state;

	assert_non_null(schema);
	assert_true(post(&webhook, NULL, &envelope, &error));
	json_auto_t *body = json_loads(envelope.http.body.data, 0, NULL);
	const json_t *alert = json_array_get(json_object_get(body, "alerts"), 0);
	const json_t *properties = json_object_get(schema, "properties");
	same_members(body, schema);
	same_members(alert,
		json_object_get(json_object_get(properties, "alerts"), "items"));
	const json_t *value =
		json_object_get(json_object_get(schema, "definitions"), "value");
	assert_int_equal(json_object_size(json_object_get(alert, "cost")), 3);
	assert_int_equal(json_object_size(json_object_get(value, "properties")), 3);
	shd_request_finish(&envelope.http);
}

/* "5069.65", never 5069.6499999999996: of every amount, share and number of 15 digits. */
static void numbers_are_the_decimals_that_they_are(void **state)
{
	const struct shd_webhook_settings webhook = {.url = "https://hook.example/"};
	const struct shd_facts before = *items[0].facts;
	struct shd_facts facts = before;
	uint64_t seed = 1;
	(void)state;

	items[0].facts = &facts;
	for (int i = 0; i < 2000; i++) {
		char decimal[SHD_DECIMAL_TEXT], expected[64];
		struct shd_envelope envelope;
		struct shd_error error;

		seed = seed * 6364136223846793005U + 1442695040888963407U;
		facts.cost.n = (int64_t)(seed >> 33) * 4657 % 1000000000000000;
		assert_true(post(&webhook, NULL, &envelope, &error));
		shd_decimal_format(facts.cost.n, 2, decimal);
		snprintf(expected, sizeof(expected), "\"value\":%s,\"currency\"", decimal);
		if (!strstr(envelope.http.body.data, expected))
			fail_msg("no %s in %s", expected, envelope.http.body.data);
		shd_request_finish(&envelope.http);
	}
	items[0].facts = &told;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_are_those_of_the_specification),
		cmocka_unit_test(a_secret_of_another_form_is_refused),
		cmocka_unit_test(the_body_is_the_documented_one),
		cmocka_unit_test(the_schema_describes_the_body),
		cmocka_unit_test(numbers_are_the_decimals_that_they_are),
		cmocka_unit_test(nothing_goes_unsigned_when_the_secret_cannot_be_read),
		cmocka_unit_test(headers_carry_key_time_and_signature),
		cmocka_unit_test(a_header_cannot_bring_another_one),
		cmocka_unit_test(answers_mean_what_the_specification_says),
		cmocka_unit_test(a_200_that_refuses_is_no_success),
		cmocka_unit_test(every_notifier_is_found_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

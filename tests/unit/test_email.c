/* notify/email.h: the mail as it goes over the wire. tests/cases/mail-format/mail.eml
 * is read again by tests/e2e/test_mail_format.py, with a parser that is not ours. */
#include "support/cases.h"

#include "base/crypto.h"
#include "base/fold.h"
#include "notify/email.h"
#include "notify/flowed.h"
#include "notify/mime.h"

#include <string.h>

static const struct shd_secret *password_of(void *ctx, const struct shd_secret_ref *ref)
{
	(void)ref;
	return ctx;
}

static const char *const to[] = {"anna@example.com", "li@example.com"};

static struct shd_email_settings settings(void)
{
	return (struct shd_email_settings){.host = "mail.example.com", .from = "health@example.com",
		.to = {.count = 2, .items = to}};
}

static const struct shd_facts told = {.alert = 17, .episode = 1, .move = SHD_MOVE_NEW,
	.level = SHD_CRITICAL, .rule = "r", .store = "ozon-main", .entity = "C-1",
	.marketplace = "ozon", .subject = "C-1",
	.url = "https://seller.example.com/?a=1&b=\"2\"", .at = {1775321940000}};

static struct shd_message_item items[] = {
	{.facts = &told, .level = "Срочно", .title = "Жалоба <b>ждёт</b> & просит",
		.heading = "[Срочно] Жалоба <b>ждёт</b> & просит",
		.line = "осталось 1 ч 59 мин, до сб, 21:58 МСК", .advice = "Ответить <script>",
		.cost = "Возможные потери: 5 069 ₽", .reason = "Новое событие."},
};

static const struct shd_message message = {
	.subject = "Срочно: Жалоба ждёт первого ответа — осталось 1 ч 59 мин (ozon-main, "
		   "63045123-0012-1)",
	.intro = "Магазин ozon-main (Ozon)",
	.footer = "Оповещение 17",
	.level = SHD_CRITICAL,
	.advice_heading = "Что делать:",
	.link_text = "Открыть",
	.thread = "alert-17-1-1775321940",
	.items = items,
	.count = 1,
	.language = "ru",
	.timezone = "Europe/Moscow",
	.made = {1775321940000},
	.type = "alert.firing"};

/* Renders; false with *ret_error when the notifier refuses. */
static bool send_mail(const struct shd_email_settings *email, const struct shd_message *what,
	struct shd_envelope *envelope, struct shd_error *reterr)
{
	static struct shd_channel_settings channel;
	const struct shd_notifier *notifier = shd_notifier_find("email");
	channel = (struct shd_channel_settings){
		.name = "mail", .notifier = notifier, .notifier_settings = email};
	const struct shd_send_in in = {.channel = &channel, .message = what, .secret = password_of,
		.now = {1775322000000}, .key = "0123456789abcdef0123456789abcdef", .attempt = 1};

	*envelope = (struct shd_envelope){0};
	shd_request_init(&envelope->http, 1 << 20);
	return notifier->render(&in, envelope, reterr);
}

static void the_mail_is_the_one_we_looked_at(void **state)
{
	static const char path[] = SHD_SOURCE_DIR "/tests/cases/mail-format/mail.eml";
	struct shd_email_settings email = settings();
	struct shd_envelope envelope;
	struct shd_error error;
	size_t len;
	(void)state;

	assert_true(send_mail(&email, &message, &envelope, &error));
	if (getenv("UPDATE_CASES")) {
		FILE *file = fopen(path, "wb");

		assert_non_null(file);
		fwrite(envelope.http.body.data, 1, envelope.http.body.len, file);
		assert_int_equal(fclose(file), 0);
	}
	char *expected shd_autofree = case_file(path, &len);
	assert_string_equal(envelope.http.body.data, expected);
	shd_request_finish(&envelope.http);
}

static void the_address_follows_the_settings(void **state)
{
	static const struct {
		const char *host;
		int64_t port;
		int tls;
		const char *url;
		bool require_tls;
	} cases[] = {
		{"mail.example.com", 0, SHD_EMAIL_STARTTLS, "smtp://mail.example.com:587", true},
		{"mail.example.com", 2525, SHD_EMAIL_STARTTLS, "smtp://mail.example.com:2525",
			true},
		{"mail.example.com", 0, SHD_EMAIL_TLS, "smtps://mail.example.com:465", false},
		{"127.0.0.1", 0, SHD_EMAIL_CLEAR, "smtp://127.0.0.1:25", false},
		{"::1", 25, SHD_EMAIL_CLEAR, "smtp://[::1]:25", false},
	};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		struct shd_email_settings email = settings();
		struct shd_envelope envelope;
		struct shd_error error;

		email.host = cases[i].host;
		email.port = cases[i].port;
		email.tls = cases[i].tls;
		assert_true(send_mail(&email, &message, &envelope, &error));
		assert_string_equal(envelope.http.url.data, cases[i].url);
		assert_int_equal(envelope.require_tls, cases[i].require_tls);
		assert_int_equal(envelope.to.count, 2);
		assert_string_equal(envelope.from, "health@example.com");
		assert_null(envelope.password);
		shd_request_finish(&envelope.http);
	}
}

static void what_could_break_out_of_a_header_is_refused(void **state)
{
	static const char *const bad[] = {"", "anna", "@example.com", "anna@", "a b@example.com",
		"anna@example.com\r\nBcc: x@example.com", "Anna <anna@example.com>",
		"a@example.com,b@example.com"};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(bad); i++) {
		struct shd_email_settings email = settings();
		struct shd_envelope envelope;
		struct shd_error error;

		email.to = (struct shd_texts){.count = 1, .items = &bad[i]};
		assert_false(send_mail(&email, &message, &envelope, &error));
		assert_int_equal(error.kind, SHD_ERR_CONFIG);
		shd_request_finish(&envelope.http);
		email = settings();
		email.from = bad[i];
		assert_false(send_mail(&email, &message, &envelope, &error));
		shd_request_finish(&envelope.http);
	}
}

static void mail_in_the_clear_stays_on_this_machine(void **state)
{
	struct shd_email_settings email = settings();
	struct shd_envelope envelope;
	struct shd_error error;
	(void)state;

	email.tls = SHD_EMAIL_CLEAR;
	assert_false(send_mail(&email, &message, &envelope, &error));
	assert_int_equal(error.kind, SHD_ERR_CONFIG);
	shd_request_finish(&envelope.http);
}

static void headers_cannot_be_injected(void **state)
{
	struct shd_email_settings email = settings();
	struct shd_message evil = message;
	struct shd_envelope envelope;
	struct shd_error error;
	(void)state;

	evil.subject = "plain\r\nBcc: evil@example.com\r\n\r\nbody";
	assert_true(send_mail(&email, &evil, &envelope, &error));
	assert_null(strstr(envelope.http.body.data, "\nBcc:"));
	assert_non_null(strstr(envelope.http.body.data,
		"Subject: plain  Bcc: evil@example.com    body\r\n"));
	shd_request_finish(&envelope.http);
}

static void html_shows_markup_and_does_not_run_it(void **state)
{
	SHD_AUTO(shd_text_finish) struct shd_text html = {0};
	(void)state;

	shd_text_init(&html, 1 << 20);
	shd_email_html(&message, &html);
	assert_null(strstr(html.data, "<script>"));
	assert_non_null(strstr(html.data, "Ответить &lt;script&gt;"));
	assert_non_null(strstr(html.data, "&lt;b&gt;ждёт&lt;/b&gt; &amp; просит"));
	assert_non_null(
		strstr(html.data, "href=\"https://seller.example.com/?a=1&amp;b=&quot;2&quot;\""));
}

static void only_web_addresses_become_links(void **state)
{
	struct shd_facts evil_told = told;
	struct shd_message_item item = items[0];
	struct shd_message evil = message;
	SHD_AUTO(shd_text_finish) struct shd_text html = {0};
	(void)state;

	evil_told.url = "javascript:alert(1)";
	item.facts = &evil_told;
	evil.items = &item;
	shd_text_init(&html, 1 << 20);
	shd_email_html(&evil, &html);
	assert_null(strstr(html.data, "javascript"));
}

static void lines_are_short(void **state)
{
	struct shd_email_settings email = settings();
	struct shd_envelope envelope;
	struct shd_error error;
	(void)state;

	assert_true(send_mail(&email, &message, &envelope, &error));
	for (const char *line = envelope.http.body.data; *line;) {
		size_t len = strcspn(line, "\r\n");

		assert_true(len <= 78);
		assert_memory_equal(line + len, "\r\n", 2);
		line += len + 2;
	}
	shd_request_finish(&envelope.http);
}

static void the_server_decides(void **state)
{
	static const struct {
		int status;
		const char *words;
		enum shd_sent sent;
		enum shd_err kind;
	} cases[] = {{250, "2.0.0 Ok", SHD_SENT_DELIVERED, 0},
		{421, "4.7.0 too many connections", SHD_SENT_RETRY, SHD_ERR_THROTTLED},
		{451, "4.7.1 greylisted", SHD_SENT_RETRY, SHD_ERR_SERVER},
		{452, "4.2.2 mailbox full", SHD_SENT_RETRY, SHD_ERR_SERVER},
		/* the account, not this mail: it may be mended */
		{530, "5.7.0 Must issue a STARTTLS command first", SHD_SENT_RETRY,
			SHD_ERR_CREDENTIALS},
		{535, "5.7.8 authentication failed", SHD_SENT_RETRY, SHD_ERR_CREDENTIALS},
		{534, "", SHD_SENT_RETRY, SHD_ERR_CREDENTIALS},
		{550, "5.4.5 Daily user sending limit exceeded", SHD_SENT_RETRY,
			SHD_ERR_THROTTLED},
		{554, "5.3.2 system not accepting", SHD_SENT_RETRY, SHD_ERR_SERVER},
		/* the recipient, or the mail */
		{550, "5.1.1 no such mailbox", SHD_SENT_REJECTED, SHD_ERR_REQUEST},
		{552, "5.2.2 mailbox full", SHD_SENT_REJECTED, SHD_ERR_REQUEST},
		{554, "5.7.1 looks like spam", SHD_SENT_REJECTED, SHD_ERR_REQUEST},
		{550, "", SHD_SENT_REJECTED, SHD_ERR_REQUEST}};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		const struct shd_answer answer = {.status = cases[i].status,
			.body = cases[i].words,
			.len = strlen(cases[i].words)};
		struct shd_sent_result result = {0};

		shd_notifier_find("email")->classify(&answer, &result);
		assert_int_equal(result.sent, cases[i].sent);
		if (result.sent == SHD_SENT_DELIVERED)
			continue;
		assert_int_equal(result.error.kind, cases[i].kind);
		assert_non_null(strstr(result.error.msg, cases[i].words)); /* its own words */
	}
}

static void the_number_in_the_servers_queue_is_kept(void **state)
{
	static const struct {
		const char *reply, *receipt;
	} cases[] = {{"2.0.0 Ok: queued as 4F1A2", "4F1A2"},
		{"OK id=1uXyZ-0003-Ab", "1uXyZ-0003-Ab"},
		{"2.0.0 OK  1700000000 a-b.12 - gsmtp", ""},
		{"2.0.0 Ok: queued as ", ""},
		{"2.0.0 Ok: queued as 4F1A2\nid=7", "4F1A2"},
		{"queued as 0123456789012345678901234567890123456789012345678901234567890123456789",
			"012345678901234567890123456789012345678901234567890123456789012"},
		{"", ""}};
	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		const struct shd_answer answer = {
			.status = 250, .body = cases[i].reply, .len = strlen(cases[i].reply)};
		struct shd_sent_result result = {0};

		shd_notifier_find("email")->classify(&answer, &result);
		assert_int_equal(result.sent, SHD_SENT_DELIVERED);
		assert_string_equal(result.receipt, cases[i].receipt);
	}
}

static void base64_reads_back(void **state)
{
	static const char bytes[] = "\x00\x01\xfe\xff any";
	(void)state;
	for (size_t len = 1; len < sizeof(bytes); len++) {
		SHD_AUTO(shd_text_finish) struct shd_text text = {0};
		unsigned char out[16];
		size_t got;

		shd_text_init(&text, 100);
		shd_base64_add(&text, bytes, len);
		assert_true(shd_base64_read(text.data, out, sizeof(out), &got));
		assert_int_equal(got, len);
		assert_memory_equal(out, bytes, len);
	}
	unsigned char out[16];
	size_t got;
	assert_false(shd_base64_read("", out, sizeof(out), &got));
	assert_false(shd_base64_read("abc", out, sizeof(out), &got));
	assert_false(shd_base64_read("ab c", out, sizeof(out), &got));
	assert_false(shd_base64_read("ab%=", out, sizeof(out), &got));
	assert_false(shd_base64_read("AAAAAAAAAAAAAAAAAAAAAAAAAAAA", out, sizeof(out), &got));
}

/* What a reader that knows RFC 3676 makes of flowed lines, a paragraph each. */
static void reflow(const char *flowed, struct shd_text *out)
{
	while (*flowed) {
		const char *end = strstr(flowed, "\r\n");
		bool soft = end > flowed && end[-1] == ' ';

		assert_non_null(end);
		flowed += *flowed == ' ';
		shd_text_add(out, flowed, (size_t)(end - flowed) - soft);
		if (!soft)
			shd_text_putc(out, '\n');
		flowed = end + 2;
	}
}

static size_t widest_line(const char *text)
{
	size_t widest = 0;

	for (const char *end; (end = strstr(text, "\r\n")); text = end + 2) {
		size_t width = 0, len = (size_t)(end - text);

		for (size_t at = 0; at < len;)
			width += (size_t)shd_char_cells(shd_utf8_next(text, len, &at));
		widest = width > widest ? width : widest;
	}
	return widest;
}

static void nothing_flows_into_the_next_paragraph(void **state)
{
	SHD_AUTO(shd_text_finish) struct shd_text out = {0};

	(void)state;
	shd_text_init(&out, 1000);
	shd_flowed_paragraph(&out, "one  ");
	shd_flowed_paragraph(&out, "two");
	assert_string_equal(out.data, "one\r\ntwo\r\n");
}

static void a_full_width_colon_needs_no_gap(void **state)
{
	struct shd_message other = message;

	(void)state;
	for (int chinese = 0; chinese < 2; chinese++) {
		SHD_AUTO(shd_text_finish) struct shd_text text = {0}, html = {0};

		shd_text_init(&text, 10000);
		shd_text_init(&html, 20000);
		other.advice_heading = chinese ? "处理建议：" : "Что делать:";
		shd_email_text(&other, &text);
		shd_email_html(&other, &html);
		assert_true(strstr(text.data, chinese ? "：Ответить" : ": Ответить"));
		assert_true(strstr(html.data, chinese ? "</b>Ответить" : "</b> Ответить"));
	}
}

static void paragraphs_flow(void **state)
{
	static const struct {
		const char *text;
		bool has_long_word;
	} cases[] = {
		{"", false}, {"short", false},
		{"Ask the buyer for the missing data. After 72 h put a notice on the page and stop "
		 "taking new orders by this route, until the parcels of it move again.", false},
		{"请在卖家后台“投诉”中回复，并附上俄文说明书和带日期的照片。逾期会使 7 天内的"
		 "曝光下降 22% 至 37%，并计入延迟发货率。", false},
		{"Ответьте в кабинете, раздел «Жалобы»; приложите инструкцию на русском и фото с "
		 "датой.", false},
		{"https://seller.ozon.ru/app/postings/fbs?postingDetails=0190004411-0001-1&a=b",
			true},
		{"see https://seller.ozon.ru/app/postings/fbs?postingDetails=0190004411-0001-1&a=b "
		 "now", true},
		{"> no quote", false}, {"From here on", false}, {" indented", false},
	};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		SHD_AUTO(shd_text_finish) struct shd_text flowed = {0}, back = {0};

		shd_text_init(&flowed, 10000);
		shd_text_init(&back, 10000);
		shd_flowed_paragraph(&flowed, cases[i].text);
		assert_true(cases[i].has_long_word || widest_line(flowed.data) <= 72);
		assert_true(flowed.data[0] != '>' && strncmp(flowed.data, "From", 4) != 0);
		reflow(flowed.data, &back);
		assert_int_equal(back.len, strlen(cases[i].text) + 1);
		assert_memory_equal(back.data, cases[i].text, strlen(cases[i].text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mail_is_the_one_we_looked_at),
		cmocka_unit_test(the_address_follows_the_settings),
		cmocka_unit_test(what_could_break_out_of_a_header_is_refused),
		cmocka_unit_test(mail_in_the_clear_stays_on_this_machine),
		cmocka_unit_test(headers_cannot_be_injected),
		cmocka_unit_test(html_shows_markup_and_does_not_run_it),
		cmocka_unit_test(only_web_addresses_become_links),
		cmocka_unit_test(lines_are_short),
		cmocka_unit_test(the_server_decides),
		cmocka_unit_test(the_number_in_the_servers_queue_is_kept),
		cmocka_unit_test(nothing_flows_into_the_next_paragraph),
		cmocka_unit_test(a_full_width_colon_needs_no_gap),
		cmocka_unit_test(paragraphs_flow),
		cmocka_unit_test(base64_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

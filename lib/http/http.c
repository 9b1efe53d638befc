#include "http.h"

#include "strike.h"

#include "base/crypto.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Has room for a marketplace's position (market/cursor.h), each byte of it encoded as three. */
enum { URL_BYTES = 256 * 1024 };

void shd_request_init(struct shd_request *request, size_t body_max_bytes)
{
	*request = (struct shd_request){0};
	shd_text_init(&request->url, URL_BYTES);
	shd_text_init(&request->body, body_max_bytes);
	for (size_t i = 0; i < SHD_COUNT(request->headers); i++)
		shd_text_init(&request->headers[i], 8192);
}

void shd_request_clear(struct shd_request *request)
{
	shd_text_clear(&request->url);
	shd_text_clear(&request->body);
	for (size_t i = 0; i < SHD_COUNT(request->headers); i++)
		shd_text_clear(&request->headers[i]);
	request->header_count = 0;
}

void shd_request_finish(struct shd_request *request)
{
	for (size_t i = 0; i < SHD_COUNT(request->headers); i++) {
		struct shd_text *header = &request->headers[i];

		if (header->size)
			explicit_bzero(header->data, header->size);
		shd_text_finish(header);
	}
	shd_text_finish(&request->url);
	shd_text_finish(&request->body);
	request->header_count = 0;
}

/* --- striking out -------------------------------------------------------------------------- */

#define BETWEEN ": ,;=\"" /* words of a header's value */

typedef void strike_fn(char *text, size_t len, const char *secret, size_t n);

/* Where the secret begins in "Bearer abc". */
static const char *skip_scheme(const char *value)
{
	size_t len = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

	return len && value[len] == ' ' && !strchr(value + len + 1, ' ') ? value + len + 1 : value;
}

/* The user and the password that a Basic header holds. */
static void strike_login(const char *value, char *text, size_t len, strike_fn *strike)
{
	unsigned char login[512];
	size_t n;

	if (strncasecmp(value, "Basic ", 6) != 0 ||
		!shd_base64_read(value + 6, login, sizeof(login), &n))
		return;
	const unsigned char *colon = memchr(login, ':', n);
	if (colon)
		strike(text, len, (const char *)colon + 1, n - (size_t)(colon + 1 - login));
	shd_wipe(login, sizeof(login));
}

static void strike_header(const struct shd_request *request, size_t i, char *text, size_t len,
			  strike_fn *strike)
{
	const char *value = strstr(request->headers[i].data, ": ");

	if (!value || strstr(value, "application/"))
		return;
	value += 2;
	if (request->secret[i]) {
		const char *secret = skip_scheme(value);

		strike(text, len, secret, strlen(secret));
	}
	strike_login(value, text, len, strike);
	for (value += strspn(value, BETWEEN); *value; value += strspn(value, BETWEEN)) {
		size_t n = strcspn(value, BETWEEN);

		if (n >= SHD_STRIKE_LEAST)
			strike(text, len, value, n);
		value += n;
	}
}

/* user:password of a URL. */
static void strike_user(const char *url, char *text)
{
	const char *from = strstr(url, "://");
	const char *to = from ? from + 3 + strcspn(from + 3, "/?#@") : NULL;
	const char *colon =
		to && *to == '@' ? memchr(from + 3, ':', (size_t)(to - from) - 3) : NULL;

	if (colon)
		shd_strike(text, strlen(text), colon + 1, (size_t)(to - colon) - 1);
}

static bool is_form(const struct shd_request *request)
{
	for (size_t i = 0; i < request->header_count; i++)
		if (strstr(request->headers[i].data, "application/x-www-form-urlencoded"))
			return request->body.data;
	return false;
}

void shd_request_strike(const struct shd_request *request, char *text)
{
	for (size_t i = 0; i < request->header_count; i++)
		strike_header(request, i, text, strlen(text), shd_strike);
	if (request->url.data)
		strike_user(request->url.data, text);
	if (!is_form(request))
		return;
	for (const char *at = strchr(request->body.data, '='); at; at = strchr(at + 1, '='))
		if (strcspn(at + 1, "&") >= SHD_STRIKE_LEAST)
			shd_strike_encoded(text, at + 1, strcspn(at + 1, "&"));
}

void shd_request_strike_body(const struct shd_request *request, char *body, size_t len)
{
	for (size_t i = 0; i < request->header_count; i++)
		strike_header(request, i, body, len, shd_strike_body);
}

struct shd_text *shd_request_header(struct shd_request *request)
{
	shd_assert(request->header_count < SHD_REQUEST_HEADERS);
	request->secret[request->header_count] = false;
	struct shd_text *header = &request->headers[request->header_count++];

	shd_text_clear(header);
	return header;
}

struct shd_text *shd_request_secret_header(struct shd_request *request)
{
	struct shd_text *header = shd_request_header(request);

	request->secret[request->header_count - 1] = true;
	return header;
}

/* Days from 1970-01-01 to a day of the Gregorian calendar. */
static int64_t day_number(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* The number in text[at..at + digits); -1: not only digits. */
static int number_at(const char *text, size_t at, size_t digits)
{
	int n = 0;

	for (size_t i = at; i < at + digits; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		n = n * 10 + (text[i] - '0');
	}
	return n;
}

/* Parses "Mon, 30 Nov 2026 07:00:00 GMT", the only form that RFC 9110 allows to send. 0: it is not
 * that. */
static int64_t date_ms(const char *text)
{
	static const char form[] = "Xxx, 00 Xxx 0000 00:00:00 GMT";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char name[4];

	if (strlen(text) != sizeof(form) - 1)
		return 0;
	for (size_t i = 0; form[i]; i++)
		if (!strchr("Xx0", form[i]) && text[i] != form[i])
			return 0;
	memcpy(name, text + 8, 3);
	name[3] = '\0';
	int day = number_at(text, 5, 2), year = number_at(text, 12, 4);
	int hour = number_at(text, 17, 2), minute = number_at(text, 20, 2);
	int second = number_at(text, 23, 2);
	const char *month = strlen(name) == 3 ? strstr(months, name) : NULL;
	if (!month || (month - months) % 3 || day < 1 || day > 31 || year < 1970 || hour < 0 ||
		hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return 0;
	int64_t days = day_number(year, (int)(month - months) / 3 + 1, day);
	return days * SHD_DAY_MS + hour * SHD_HOUR_MS + minute * SHD_MINUTE_MS +
	       second * SHD_SECOND_MS;
}

static int64_t until_date_ms(const struct shd_answer *answer, const char *text)
{
	const char *now = answer->header(answer->ctx, "Date");
	int64_t then_ms = date_ms(text), now_ms = now ? date_ms(now) : 0;

	return then_ms && now_ms && then_ms > now_ms ? then_ms - now_ms : 0;
}

int64_t shd_retry_after_ms(const struct shd_answer *answer, int64_t max_ms)
{
	char text[48];
	const char *value = answer->header ? answer->header(answer->ctx, "Retry-After") : NULL;

	if (!value || !*value)
		return 0;
	if (strspn(value, "0123456789") != strlen(value)) {
		/* Copied: the value lives only until the next header is read. */
		snprintf(text, sizeof(text), "%s", value);
		int64_t wait_ms = until_date_ms(answer, text);
		return wait_ms < max_ms ? wait_ms : max_ms;
	}
	int64_t s = strlen(value) > 9 ? max_ms / SHD_SECOND_MS : strtol(value, NULL, 10);
	return s < max_ms / SHD_SECOND_MS ? s * SHD_SECOND_MS : max_ms;
}

void shd_percent_encode(const char *bytes, size_t len, struct shd_text *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];
		const char code[3] = {'%', digits[c >> 4], digits[c & 15]};
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';

		if (plain)
			shd_text_add(out, &bytes[i], 1);
		else
			shd_text_add(out, code, sizeof(code));
	}
}

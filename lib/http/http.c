#include "http.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

enum { SECRET_LEAST = 8 }; /* shorter words are in every text */

#define BETWEEN ": ,;=\"" /* words of a header's value */

static void strike_word(char *text, const char *word, size_t len)
{
	if (len < SECRET_LEAST)
		return;
	for (char *at = text; *at; at++) {
		size_t same = 0;

		while (same < len && at[same] == word[same])
			same++;
		if (same == len || (same >= SECRET_LEAST && !at[same]))
			memset(at, '*', same);
	}
}

/* The words of `list` that stand between characters of `between`. */
static void strike_words(char *text, const char *list, const char *between)
{
	for (const char *at = list; *at;) {
		size_t len = strcspn(at, between);

		strike_word(text, at, len);
		at += len;
		at += strspn(at, between);
	}
}

void shd_request_strike(const struct shd_request *request, char *text)
{
	for (size_t i = 0; i < request->header_count; i++) {
		const char *value = strstr(request->headers[i].data, ": ");

		if (value && !strstr(value, "application/"))
			strike_words(text, value + 2, BETWEEN);
	}
	if (request->body.data && request->body.data[0] != '{' && request->body.data[0] != '[')
		for (const char *at = strchr(request->body.data, '='); at; at = strchr(at + 1, '='))
			strike_word(text, at + 1, strcspn(at + 1, "&"));
}

static void strike_found(char *body, size_t len, const char *word, size_t word_len)
{
	size_t left = len;

	if (!len || word_len < SECRET_LEAST || strspn(word, "0123456789") >= word_len)
		return;
	for (char *at = body; (at = memmem(at, left, word, word_len));
		left = len - (size_t)(at - body))
		memset(at, '*', word_len);
}

void shd_request_strike_body(const struct shd_request *request, char *body, size_t len)
{
	for (size_t i = 0; i < request->header_count; i++) {
		const char *value = strstr(request->headers[i].data, ": ");

		if (!value || strstr(value, "application/"))
			continue;
		for (value += strspn(value, BETWEEN); *value; value += strspn(value, BETWEEN)) {
			size_t word_len = strcspn(value, BETWEEN);

			strike_found(body, len, value, word_len);
			value += word_len;
		}
	}
}

struct shd_text *shd_request_header(struct shd_request *request)
{
	shd_assert(request->header_count < SHD_REQUEST_HEADERS);
	struct shd_text *header = &request->headers[request->header_count++];

	shd_text_clear(header);
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

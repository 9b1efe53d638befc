/* The date until which a notice of Ozon wants something: it stands in the text only, as
 * "DD.MM.YYYY[ HH:MM]" of Moscow. */
#include "ozon.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { DATE_LEN = 10, CLOCK_LEN = 5 };

/* A date counts when one of these stands right before it, or behind it in Chinese: a text
 * has other dates too. */
static const char *const until[] = {"до", "До", "по", "позднее", "позже", "срок", "Срок", "until",
	"by", "before", "till", "截止", "截至"};
static const char *const ends_behind[] = {"前", "之前"};

static bool has_form(const char *text, size_t len, const char *form)
{
	size_t n = strlen(form);

	if (len < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (form[i] == '0' ? !isdigit((unsigned char)text[i]) : text[i] != form[i])
			return false;
	return len == n || !isdigit((unsigned char)text[n]);
}

/* Without the blanks, no-break spaces, colons, dashes and stars at the end. */
static size_t without_tail(const char *text, size_t len)
{
	static const char *const passed[] = {
		" ", "\n", ":", "：", "*", "_", "-", "\u00A0", "—", "–"};
	size_t before;

	do {
		before = len;
		for (size_t i = 0; i < SHD_COUNT(passed); i++) {
			size_t n = strlen(passed[i]);

			if (len >= n && memcmp(text + len - n, passed[i], n) == 0)
				len -= n;
		}
	} while (len != before);
	return len;
}

static bool is_letter(unsigned char c)
{
	return c >= 0x80 || isalpha(c);
}

static bool ends_with_until(const char *text, size_t len)
{
	len = without_tail(text, len);
	for (size_t i = 0; i < SHD_COUNT(until); i++) {
		size_t n = strlen(until[i]);
		bool chinese = (unsigned char)until[i][0] >= 0xE0;

		if (len < n || memcmp(text + len - n, until[i], n) != 0)
			continue;
		if (chinese || len == n || !is_letter((unsigned char)text[len - n - 1]))
			return true;
	}
	return false;
}

static bool begins_with_end(const char *text, size_t len)
{
	while (len && *text == ' ')
		text++, len--;
	for (size_t i = 0; i < SHD_COUNT(ends_behind); i++)
		if (len >= strlen(ends_behind[i]) &&
			memcmp(text, ends_behind[i], strlen(ends_behind[i])) == 0)
			return true;
	return false;
}

/* Where the clock begins behind a date: after " ", ", ", " в ", " at "; `len` when none. */
static size_t find_clock(const char *text, size_t len)
{
	static const char *const between[] = {" ", ", ", " в ", ", в ", " at ", " к "};

	for (size_t i = 0; i < SHD_COUNT(between); i++) {
		size_t n = strlen(between[i]);

		if (len >= n && memcmp(text, between[i], n) == 0 &&
			has_form(text + n, len - n, "00:00"))
			return n;
	}
	return len;
}

/* The date at text[0..len), which has its form; *ret_len: of it and its clock. A date without
 * one lasts until its end. */
static bool read_date(const char *text, size_t len, int64_t *ret_ms, size_t *ret_len)
{
	size_t gap = find_clock(text + DATE_LEN, len - DATE_LEN);
	const char *clock = gap < len - DATE_LEN ? text + DATE_LEN + gap : NULL;
	char iso[40];
	struct shd_error ignored;
	struct shd_wall at;

	int n = snprintf(iso, sizeof(iso), "%.4s-%.2s-%.2sT%.5s:00+03:00", text + 6, text + 3, text,
		clock ? clock : "00:00");
	if (!shd_time_parse(iso, (size_t)n, &at, &ignored) || at.ms == SHD_NEVER_MS)
		return false;
	*ret_ms = clock ? at.ms : at.ms + SHD_DAY_MS;
	*ret_len = DATE_LEN + (clock ? gap + CLOCK_LEN : 0);
	return true;
}

bool shd_ozon_deadline(const json_t *value, struct shd_wall written, struct shd_wall *ret_due)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value), n;
	bool found = false;
	int64_t ms;

	for (size_t i = 0; i + DATE_LEN <= len; i++) {
		if (!has_form(text + i, len - i, "00.00.0000") ||
			(i > 0 && (isdigit((unsigned char)text[i - 1]) || text[i - 1] == '.')) ||
			!read_date(text + i, len - i, &ms, &n) || ms <= written.ms)
			continue;
		if (!ends_with_until(text, i) && !begins_with_end(text + i + n, len - i - n))
			continue;
		if (!found || ms < ret_due->ms)
			ret_due->ms = ms;
		found = true;
	}
	return found;
}

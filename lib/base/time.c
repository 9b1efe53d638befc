#include "time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	int64_t ms;
} units[] = {
	{"w", SHD_WEEK_MS},   {"d", SHD_DAY_MS},    {"h", SHD_HOUR_MS},
	{"m", SHD_MINUTE_MS}, {"s", SHD_SECOND_MS}, {"ms", 1},
};
enum { UNITS = sizeof(units) / sizeof(*units) };

#define DURATION_MAX_MS (1000 * 366 * SHD_DAY_MS)

/* Days from 1970-01-01 to the given civil date (proleptic Gregorian). */
static int64_t days_from_civil(int64_t y, int m, int d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

static void civil_from_days(int64_t days, int *ret_y, int *ret_m, int *ret_d)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t doe = days - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*ret_d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*ret_m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*ret_y = (int)(yoe + era * 400 + (*ret_m <= 2));
}

int shd_day_of_month(int64_t day)
{
	int y, m, d;

	civil_from_days(day, &y, &m, &d);
	return d;
}

static int days_in_month(int y, int m)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return m == 2 && leap ? 29 : days[m - 1];
}

/* A reader over text[at..len); every take_ returns false and stays put on a mismatch. */
struct cursor {
	const char *text;
	size_t at, len;
};

static bool take_digits(struct cursor *c, int count, int *ret_number)
{
	int n = 0;

	if (c->len - c->at < (size_t)count)
		return false;
	for (int i = 0; i < count; i++) {
		char ch = c->text[c->at + (size_t)i];

		if (ch < '0' || ch > '9')
			return false;
		n = n * 10 + (ch - '0');
	}
	c->at += (size_t)count;
	*ret_number = n;
	return true;
}

static bool take_one_of(struct cursor *c, const char *set)
{
	if (c->at >= c->len || !strchr(set, c->text[c->at]) || !c->text[c->at])
		return false;
	c->at++;
	return true;
}

static bool take_date(struct cursor *c, int *y, int *m, int *d)
{
	return take_digits(c, 4, y) && take_one_of(c, "-") && take_digits(c, 2, m) &&
	       take_one_of(c, "-") && take_digits(c, 2, d) && *m >= 1 && *m <= 12 && *d >= 1 &&
	       *d <= days_in_month(*y, *m);
}

static bool take_clock(struct cursor *c, int64_t *ret_ms)
{
	int h, m, s, ms = 0;

	if (!take_digits(c, 2, &h) || !take_one_of(c, ":") || !take_digits(c, 2, &m) ||
	    !take_one_of(c, ":") || !take_digits(c, 2, &s) || h > 23 || m > 59 || s > 60)
		return false;
	if (take_one_of(c, ".,")) {
		int digits = 0, digit;

		for (; take_digits(c, 1, &digit); digits++)
			ms = digits < 3 ? ms * 10 + digit : ms;
		if (digits == 0 || digits > 9)
			return false;
		for (; digits < 3; digits++)
			ms *= 10;
	}
	*ret_ms = ((h * 60LL + m) * 60 + s) * 1000 + ms;
	return true;
}

static bool take_offset(struct cursor *c, int64_t *ret_ms)
{
	int h, m, sign;

	*ret_ms = 0;
	if (take_one_of(c, "Zz"))
		return true;
	if (c->at >= c->len || (c->text[c->at] != '+' && c->text[c->at] != '-'))
		return false;
	sign = c->text[c->at++] == '-' ? -1 : 1;
	if (!take_digits(c, 2, &h))
		return false;
	take_one_of(c, ":");
	if (!take_digits(c, 2, &m) || h > 23 || m > 59)
		return false;
	*ret_ms = sign * (h * 60LL + m) * SHD_MINUTE_MS;
	return true;
}

bool shd_time_parse(const char *text, size_t len, struct shd_wall *ret_time,
		    struct shd_error *reterr)
{
	struct cursor c = {text, 0, len};
	int64_t clock_ms = 0, offset_ms = 0;
	int y, m, d;
	bool good = take_date(&c, &y, &m, &d);

	if (good && c.at < len)
		good = take_one_of(&c, "Tt ") && take_clock(&c, &clock_ms) &&
		       take_offset(&c, &offset_ms);
	if (!good || c.at != len)
		return shd_fail(reterr, SHD_ERR_SYNTAX,
				"\"%.*s\" is not a time, expected 2026-04-04T16:59:00Z",
				(int)(len < 64 ? len : 64), text);
	ret_time->ms = y >= 9999 ? SHD_NEVER_MS
				 : days_from_civil(y, m, d) * SHD_DAY_MS + clock_ms - offset_ms;
	return true;
}

static char *put_digits(char *to, int n, int digits)
{
	for (int i = digits; i-- > 0; n /= 10)
		to[i] = (char)('0' + n % 10);
	return to + digits;
}

/* As "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", which every request would pay dearly. */
static void put_time(char *to, int y, int m, int d, int ms)
{
	const struct {
		int n, digits;
		char after;
	} parts[] = {{y, 4, '-'}, {m, 2, '-'}, {d, 2, 'T'}, {ms / (int)SHD_HOUR_MS, 2, ':'},
		{ms / (int)SHD_MINUTE_MS % 60, 2, ':'}, {ms / (int)SHD_SECOND_MS % 60, 2, '.'},
		{ms % 1000, 3, 'Z'}};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		to = put_digits(to, parts[i].n, parts[i].digits);
		*to++ = parts[i].after;
	}
	*to = '\0';
}

const char *shd_time_format(struct shd_wall time, char buf[SHD_TIME_TEXT])
{
	int y, m, d;

	if (time.ms == SHD_NEVER_MS) {
		snprintf(buf, SHD_TIME_TEXT, "never");
		return buf;
	}
	int64_t days = time.ms / SHD_DAY_MS, rest = time.ms % SHD_DAY_MS;
	if (rest < 0) {
		days--;
		rest += SHD_DAY_MS;
	}
	civil_from_days(days, &y, &m, &d);
	if (y >= 0 && y <= 9999) {
		put_time(buf, y, m, d, (int)rest);
		return buf;
	}
	snprintf(buf, SHD_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", y, m, d,
		(int)(rest / SHD_HOUR_MS), (int)(rest / SHD_MINUTE_MS % 60),
		(int)(rest / SHD_SECOND_MS % 60), (int)(rest % 1000));
	return buf;
}

/* The unit at text[0..len): the longest name that matches, -1 for none. */
static int find_unit(const char *text, size_t len)
{
	int best = -1;

	for (int i = 0; i < UNITS; i++) {
		size_t n = strlen(units[i].name);

		if (n <= len && memcmp(text, units[i].name, n) == 0 &&
		    (best < 0 || n > strlen(units[best].name)))
			best = i;
	}
	return best;
}

bool shd_duration_parse(const char *text, size_t len, int64_t *ret_ms, struct shd_error *reterr)
{
	int64_t total = 0;
	size_t at = 0;
	int last_unit = -1;

	if (len == 0)
		goto bad;
	while (at < len) {
		int64_t n = 0, part;
		size_t start = at;

		for (; at < len && text[at] >= '0' && text[at] <= '9'; at++) {
			n = n * 10 + (text[at] - '0');
			if (n > DURATION_MAX_MS)
				goto too_long;
		}
		int unit = find_unit(text + at, len - at);
		if (at == start || unit < 0 || unit <= last_unit)
			goto bad;
		at += strlen(units[unit].name);
		last_unit = unit;
		if (__builtin_mul_overflow(n, units[unit].ms, &part) ||
		    (total += part) > DURATION_MAX_MS || part > DURATION_MAX_MS)
			goto too_long;
	}
	*ret_ms = total;
	return true;
bad:
	return shd_fail(reterr, SHD_ERR_SYNTAX, "\"%.*s\" is not a duration, expected 48h or 1d12h",
			(int)(len < 64 ? len : 64), text);
too_long:
	return shd_fail(reterr, SHD_ERR_LIMIT, "\"%.*s\" is longer than 1000 years",
			(int)(len < 64 ? len : 64), text);
}

const char *shd_duration_format(int64_t ms, char buf[SHD_DURATION_TEXT])
{
	uint64_t rest = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
	size_t at = 0;

	if (ms < 0)
		buf[at++] = '-';
	for (int i = 0; i < UNITS; i++) {
		uint64_t n = rest / (uint64_t)units[i].ms;

		if (n == 0 || (i == 0 && rest % (uint64_t)units[i].ms))
			continue; /* weeks only when they say it all: 8d, not 1w1d */
		at += (size_t)snprintf(buf + at, SHD_DURATION_TEXT - at, "%llu%s",
			(unsigned long long)n, units[i].name);
		rest %= (uint64_t)units[i].ms;
	}
	if (ms == 0)
		snprintf(buf, SHD_DURATION_TEXT, "0s");
	return buf;
}

struct shd_wall shd_time_earlier(struct shd_wall at, int64_t skew_ms)
{
	bool behind = skew_ms != INT64_MIN && skew_ms < 0;

	return (struct shd_wall){behind ? at.ms + skew_ms : at.ms};
}

struct shd_wall shd_time_later(struct shd_wall at, int64_t skew_ms)
{
	if (skew_ms <= 0)
		return at;
	return (struct shd_wall){at.ms + (skew_ms < SHD_DAY_MS ? skew_ms : SHD_DAY_MS)};
}

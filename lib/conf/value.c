#include "value.h"

#include "base/zone.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LISTED_WORDS = 8, SHOWN_BYTES = 60 };

/* Always false, so that a reader can end with it. */
static bool complain(struct shd_complaint *complaint, const char *hint, const char *fmt, ...)
	SHD_PRINTF(3, 4);
static bool complain(struct shd_complaint *complaint, const char *hint, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(complaint->text, sizeof(complaint->text), fmt, args);
	va_end(args);
	snprintf(complaint->hint, sizeof(complaint->hint), "%s", hint ? hint : "");
	return false;
}

/* "%.*s" arguments that show a text without flooding the message. */
#define SHOWN(text, len) (int)shd_utf8_cut(text, len, SHOWN_BYTES), text

static void list_words(char *out, size_t size, const char *const *words, size_t count)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count && at < size; i++) {
		const char *between = i == 0 ? "" : i + 1 == count ? " or " : ", ";
		int len = snprintf(out + at, size - at, "%s%s", between, words[i]);

		at += len > 0 ? (size_t)len : 0;
	}
}

void shd_complain_word(struct shd_complaint *complaint, const char *word,
		       const char *const *candidates, size_t count, const char *lead)
{
	const char *near = shd_nearest(word, candidates, count);
	char hint[128] = "", list[160];

	if (near) {
		snprintf(hint, sizeof(hint), "did you mean %s ?", near);
	} else if (count > 0 && count <= LISTED_WORDS) {
		list_words(list, sizeof(list), candidates, count);
		complain(complaint, NULL, "%s `%.*s`, expected %s", lead, SHOWN(word, strlen(word)),
			list);
		return;
	}
	complain(complaint, hint, "%s `%.*s`", lead, SHOWN(word, strlen(word)));
}

static size_t count_words(const char *const *words)
{
	size_t count = 0;

	while (words && words[count])
		count++;
	return count;
}

static const char *amount_text(enum shd_option_type type, int64_t n, char buf[SHD_DURATION_TEXT])
{
	static const char *const units[] = {"B", "KB", "MB", "GB"};
	size_t unit = 0;

	if (type == SHD_OPT_DURATION)
		return shd_duration_format(n, buf);
	if (type == SHD_OPT_BYTES) {
		while (unit + 1 < SHD_COUNT(units) && n >= 1000 && n % 1000 == 0) {
			n /= 1000;
			unit++;
		}
	}
	snprintf(buf, SHD_DURATION_TEXT, "%" PRId64 "%s", n,
		type == SHD_OPT_BYTES ? units[unit] : "");
	return buf;
}

static bool check_range(const struct shd_option *option, int64_t n, struct shd_complaint *complaint)
{
	char buf[2][SHD_DURATION_TEXT];
	bool below = n < option->min;

	if ((!option->min && !option->max) || (n >= option->min && n <= option->max))
		return true;
	return complain(complaint, NULL, "`%s` is %s, the %s is %s", option->name,
		amount_text(option->type, n, buf[0]), below ? "minimum" : "maximum",
		amount_text(option->type, below ? option->min : option->max, buf[1]));
}

static bool read_text(const struct shd_option *option, const char *text, size_t len,
		      const char **ret_text, struct shd_arena *arena,
		      struct shd_complaint *complaint)
{
	int64_t characters = 0;

	for (size_t at = 0; at < len; characters++)
		shd_utf8_next(text, len, &at);
	if ((option->min || option->max) && (characters < option->min || characters > option->max))
		return complain(complaint, NULL,
			"`%s` is %" PRId64 " character%s long, expected %" PRId64 " to %" PRId64,
			option->name, characters, SHD_S(characters), option->min,
			option->max);
	*ret_text = shd_arena_text(arena, text, len);
	shd_assert(*ret_text);
	const char *expected = option->expects ? option->expects(*ret_text) : NULL;
	if (expected)
		return complain(complaint, NULL, "`%s` is `%.*s`, expected %s", option->name,
			SHOWN(text, len), expected);
	return true;
}

static bool read_word(const struct shd_option *option, const char *text, int *ret_index,
		      struct shd_complaint *complaint)
{
	size_t count = count_words(option->words);
	char lead[96];

	for (size_t i = 0; i < count; i++) {
		if (strcmp(option->words[i], text) == 0) {
			*ret_index = (int)i;
			return true;
		}
	}
	snprintf(lead, sizeof(lead), "`%s` cannot be", option->name);
	shd_complain_word(complaint, text, option->words, count, lead);
	return false;
}

/* Digits with an optional minus; false when it is anything else or does not fit. */
static bool parse_int(const char *text, size_t len, int64_t *ret_n)
{
	bool minus = len > 0 && text[0] == '-';
	int64_t n = 0;

	if (len == minus)
		return false;
	for (size_t i = minus; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
			__builtin_sub_overflow(n, text[i] - '0', &n))
			return false;
	}
	return minus ? (*ret_n = n, true) : !__builtin_sub_overflow((int64_t)0, n, ret_n);
}

static bool read_int(const struct shd_option *option, const char *text, size_t len, int64_t *ret_n,
		     struct shd_complaint *complaint)
{
	int64_t n;

	if (!parse_int(text, len, &n))
		return complain(complaint, NULL, "`%s` is `%.*s`, expected a whole number",
			option->name, SHOWN(text, len));
	if (!check_range(option, n, complaint))
		return false;
	*ret_n = n;
	return true;
}

static bool read_bool(const struct shd_option *option, const char *text, bool *ret_bool,
		      struct shd_complaint *complaint)
{
	static const struct {
		const char *text, *meant;
	} others[] = {{"yes", "true"}, {"on", "true"}, {"1", "true"}, {"True", "true"},
		{"TRUE", "true"}, {"no", "false"}, {"off", "false"}, {"0", "false"},
		{"False", "false"}, {"FALSE", "false"}};
	char hint[64] = "";

	*ret_bool = strcmp(text, "true") == 0;
	if (*ret_bool || strcmp(text, "false") == 0)
		return true;
	for (size_t i = 0; i < SHD_COUNT(others); i++) {
		if (strcmp(text, others[i].text) == 0)
			snprintf(hint, sizeof(hint), "did you mean %s ?", others[i].meant);
	}
	return complain(complaint, hint, "`%s` is `%.*s`, expected true or false", option->name,
		SHOWN(text, strlen(text)));
}

static bool read_duration(const struct shd_option *option, const char *text, size_t len,
			  int64_t *ret_ms, struct shd_complaint *complaint)
{
	struct shd_error err;
	int64_t ms;
	char hint[64] = "";

	for (size_t i = 0; option->words && option->words[i]; i++) {
		if (strcmp(option->words[i], text) == 0) {
			*ret_ms = 0;
			return true;
		}
	}
	if (!shd_duration_parse(text, len, &ms, &err)) {
		if (parse_int(text, len, &ms) && ms >= 0)
			snprintf(hint, sizeof(hint), "did you mean %.*ss ?", SHOWN(text, len));
		return complain(complaint, hint,
			"`%s` is `%.*s`, expected a duration such as 90s, 5m, 48h or 1d12h",
			option->name, SHOWN(text, len));
	}
	if (!check_range(option, ms, complaint))
		return false;
	*ret_ms = ms;
	return true;
}

static bool read_bytes(const struct shd_option *option, const char *text, size_t len,
		       int64_t *ret_bytes, struct shd_complaint *complaint)
{
	static const struct {
		const char *name;
		int64_t bytes;
	} units[] = {{"B", 1}, {"KB", 1000}, {"kB", 1000}, {"MB", 1000000}, {"GB", 1000000000},
		{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
	size_t digits = strspn(text, "0123456789");
	int64_t n;

	for (size_t i = 0; digits < len && i < SHD_COUNT(units); i++) {
		if (strcmp(text + digits, units[i].name) != 0 || !parse_int(text, digits, &n) ||
			__builtin_mul_overflow(n, units[i].bytes, &n))
			continue;
		if (!check_range(option, n, complaint))
			return false;
		*ret_bytes = n;
		return true;
	}
	return complain(complaint, NULL, "`%s` is `%.*s`, expected a size such as 512KB or 64MB",
		option->name, SHOWN(text, len));
}

static bool read_date(const struct shd_option *option, const char *text, size_t len,
		      struct shd_wall *ret_date, struct shd_complaint *complaint)
{
	struct shd_error err;

	if (shd_time_parse(text, len, ret_date, &err))
		return true;
	return complain(complaint, NULL, "`%s` is `%.*s`, expected a date such as 2026-09-01",
		option->name, SHOWN(text, len));
}

static bool has_scheme(const char *text, const char *const *words)
{
	const char *end = strstr(text, "://");

	for (size_t i = 0; end && words[i]; i++) {
		size_t len = strlen(words[i]);

		if ((size_t)(end - text) == len && memcmp(text, words[i], len) == 0)
			return true;
	}
	return false;
}

/* True when the URL carries a password, which nothing may repeat. */
static bool has_password(const char *text)
{
	const char *start = strstr(text, "://"), *at;

	start = start ? start + 3 : text;
	at = strrchr(start, '@');
	return at && memchr(start, ':', (size_t)(at - start));
}

static bool read_url(const struct shd_option *option, const char *text, size_t len,
		     const char **ret_url, struct shd_arena *arena, struct shd_complaint *complaint)
{
	char list[160], hint[128];
	const char *scheme = strstr(text, "://");
	const char *shown = has_password(text) ? "..." : text;

	complaint->hide = has_password(text);
	if (!has_scheme(text, option->words)) {
		list_words(list, sizeof(list), option->words, count_words(option->words));
		snprintf(hint, sizeof(hint), "begin it with %s://", option->words[0]);
		return complain(complaint, scheme ? NULL : hint,
			"`%s` is `%.*s`, expected a URL of the kind %s", option->name,
			SHOWN(shown, strlen(shown)), list);
	}
	if (!strcspn(scheme + 3, "/?#") || strcspn(text, " \t\r\n\"<>\\^`{|}") != len)
		return complain(complaint, NULL, "`%s` is `%.*s`, which is not a URL",
			option->name, SHOWN(shown, strlen(shown)));
	if (complaint->hide)
		complain(complaint, NULL,
			"the password in `%s` can be read by everybody who reads this file",
			option->name);
	*ret_url = shd_arena_text(arena, text, len);
	shd_assert(*ret_url);
	return true;
}

bool shd_host_is_loopback(const char *host, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr v4;
	struct in6_addr v6;

	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	if (len >= sizeof(text))
		return false;
	memcpy(text, host, len);
	text[len] = '\0';
	if (strcasecmp(text, "localhost") == 0) /* curl resolves it to loopback by itself */
		return true;
	if (inet_pton(AF_INET, text, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool shd_url_is_loopback(const char *url)
{
	const char *host = strstr(url, "://");

	if (!host)
		return false;
	host += 3;
	size_t len = strcspn(host, "/?#");
	const char *at = memrchr(host, '@', len);
	if (at) {
		len -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	size_t port = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	if (port > len)
		port = len;
	return (port == len || host[port] == ':') && shd_host_is_loopback(host, port);
}

static bool read_zone(const struct shd_option *option, const char *text, size_t len,
		      const char **ret_zone, struct shd_arena *arena,
		      struct shd_complaint *complaint)
{
	char hint[128] = "", near[SHD_ZONE_NAME];

	if (!shd_zone_known(text)) {
		if (shd_zone_nearest(text, near))
			snprintf(hint, sizeof(hint), "did you mean %s ?", near);
		return complain(complaint, hint,
			"`%s` is `%.*s`, expected a time zone such as Europe/Moscow", option->name,
			SHOWN(text, len));
	}
	*ret_zone = shd_arena_text(arena, text, len);
	shd_assert(*ret_zone);
	return true;
}

bool shd_value_read(const struct shd_option *option, const char *text, size_t len, void *member,
		    struct shd_arena *arena, struct shd_complaint *complaint)
{
	switch (option->type) {
	case SHD_OPT_TEXT:
		return read_text(option, text, len, member, arena, complaint);
	case SHD_OPT_WORD:
		return read_word(option, text, member, complaint);
	case SHD_OPT_INT:
		return read_int(option, text, len, member, complaint);
	case SHD_OPT_BOOL:
		return read_bool(option, text, member, complaint);
	case SHD_OPT_DURATION:
		return read_duration(option, text, len, member, complaint);
	case SHD_OPT_BYTES:
		return read_bytes(option, text, len, member, complaint);
	case SHD_OPT_DATE:
		return read_date(option, text, len, member, complaint);
	case SHD_OPT_URL:
		return read_url(option, text, len, member, arena, complaint);
	case SHD_OPT_ZONE:
		return read_zone(option, text, len, member, arena, complaint);
	case SHD_OPT_SECRET:
	case SHD_OPT_TEXTS:
	case SHD_OPT_PAIRS:
	case SHD_OPT_NODE:
		break;
	}
	shd_bug("an option of this type is no single value", __FILE__, __LINE__);
}

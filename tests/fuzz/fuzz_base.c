/* Any bytes as a time, a duration, a decimal, a pattern, a word: what is read can be
 * written and is then read as the same, and a refusal has words. */
#include "base/currency.h"
#include "base/num.h"
#include "base/text.h"
#include "base/time.h"
#include "base/fold.h"
#include "rule/language/regex.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_time(const char *text, size_t len)
{
	char written[SHD_TIME_TEXT];
	struct shd_wall time, again;
	struct shd_error error;

	if (!shd_time_parse(text, len, &time, &error)) {
		shd_assert(error.kind == SHD_ERR_SYNTAX && *error.msg);
		return;
	}
	shd_time_format(time, written);
	if (time.ms == SHD_NEVER_MS)
		return;
	shd_assert(shd_time_parse(written, strlen(written), &again, &error));
	shd_assert(again.ms == time.ms);
}

static void read_duration(const char *text, size_t len)
{
	char written[SHD_DURATION_TEXT];
	int64_t ms, again;
	struct shd_error error;

	if (!shd_duration_parse(text, len, &ms, &error)) {
		shd_assert(*error.msg);
		return;
	}
	shd_duration_format(ms, written);
	shd_assert(shd_duration_parse(written, strlen(written), &again, &error));
	shd_assert(again == ms);
}

static void read_decimal(const char *text, size_t len, int scale)
{
	char written[SHD_DECIMAL_TEXT];
	int64_t n, again;
	struct shd_error error;

	if (!shd_decimal_parse(text, len, scale, &n, &error)) {
		shd_assert(*error.msg);
		return;
	}
	shd_decimal_format(n, scale, written);
	shd_assert(shd_decimal_parse(written, strlen(written), scale, &again, &error));
	shd_assert(again == n);
}

static void read_double(const uint8_t *data, size_t size)
{
	struct shd_error error;
	double value;
	int64_t n;

	if (size < sizeof(value))
		return;
	memcpy(&value, data, sizeof(value));
	if (!shd_decimal_of_double(value, 6, &n, &error))
		shd_assert(error.kind == SHD_ERR_SCHEMA || error.kind == SHD_ERR_LIMIT);
}

/* The first byte says how much of the rest is the pattern. */
static void search(const char *text, size_t len)
{
	SHD_AUTO(shd_arena_destroyp) struct shd_arena *arena = shd_arena_create(16 << 20);
	size_t pattern_len = len ? (unsigned char)text[0] : 0;
	const struct shd_regex *regex;
	struct shd_error error;
	bool found;

	if (!len || pattern_len > len - 1)
		return;
	if (shd_regex_compile(text + 1, pattern_len, arena, &regex, &error))
		shd_regex_find(regex, text + 1 + pattern_len, len - 1 - pattern_len, &found);
	else
		shd_assert(*error.msg);
}

static void walk(const char *text, size_t len)
{
	static const char *const words[] = {"orders", "stock", "reviews"};
	static struct shd_alphabets *alphabets;
	char folded[1024], word[32];
	size_t n, characters = 0;

	for (size_t at = 0; at < len; characters++) {
		size_t before = at;

		shd_utf8_next(text, len, &at);
		shd_assert(at > before && at <= len);
	}
	shd_assert(shd_utf8_cut(text, len, 100) <= (len < 100 ? len : 100));
	shd_assert(shd_text_length(text, len) <= (int64_t)characters);
	if (shd_text_fold(text, len, folded, sizeof(folded), &n))
		shd_assert(n <= sizeof(folded));
	if (!alphabets)
		alphabets = shd_alphabets_create(); /* kept until the end */
	shd_text_mixes_scripts(alphabets, text, len);
	n = len < sizeof(word) ? len : sizeof(word) - 1;
	memcpy(word, text, n);
	word[n] = '\0';
	shd_nearest(word, words, SHD_COUNT(words));
	shd_currency_digits(word);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t len = size < 256 ? size : 256;

	read_time(text, len);
	read_duration(text, len);
	read_decimal(text, len, 0);
	read_decimal(text, len, 2);
	read_decimal(text, len, 6);
	read_double(data, size);
	search(text, len);
	walk(text, len);
	return 0;
}

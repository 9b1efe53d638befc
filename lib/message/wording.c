#include "wording.h"

#include "base/currency.h"
#include "base/num.h"

#include <string.h>

enum { TEXT_VALUE_BYTES = 120 };

const char *shd_wording_duration(struct shd_reader *reader, int64_t ms)
{
	int64_t left = ms < 0 ? (ms == INT64_MIN ? INT64_MAX : -ms) : ms;
	int64_t days = left / SHD_DAY_MS, hours = left / SHD_HOUR_MS % 24;
	int64_t minutes = left / SHD_MINUTE_MS % 60, seconds = left / SHD_SECOND_MS % 60;
	const char *first, *second = NULL;

	if (days) {
		first = shd_phrase(reader, days, days, NULL);
		second = hours ? shd_phrase(reader, hours, hours, NULL) : NULL;
	} else if (hours) {
		first = shd_phrase(reader, hours, hours, NULL);
		second = minutes ? shd_phrase(reader, minutes, minutes, NULL) : NULL;
	} else if (minutes) {
		first = shd_phrase(reader, minutes, minutes, NULL);
		/* Seconds matter only when there is next to no time. */
		if (seconds && minutes < 10)
			second = shd_phrase(reader, seconds, seconds, NULL);
	} else {
		first = shd_phrase(reader, seconds, seconds, NULL);
	}
	return second ? shd_phrase(reader, two, 0, first, second) : first;
}

const char *shd_wording_moment(struct shd_reader *reader, struct shd_wall at)
{
	bool near = at.ms - reader->now.ms < 6 * SHD_DAY_MS &&
		    reader->now.ms - at.ms < 6 * SHD_DAY_MS;

	return shd_phrase_date(reader, near ? SHD_PHRASE_date_near : SHD_PHRASE_date_far, at);
}

/* n at `scale` digits, rounded to `digits` of them, half away from zero. */
static int64_t rounded(int64_t n, int scale, int digits)
{
	int64_t unit = 1;

	for (int i = digits; i < scale; i++)
		unit *= 10;
	return shd_mul_div(n, 1, unit);
}

static const char *wording_money(struct shd_reader *reader, const struct shd_value *value)
{
	int scale = shd_currency_digits(value->currency);
	int64_t whole = 1;

	if (scale < 0)
		scale = 2;
	for (int i = 0; i < scale; i++)
		whole *= 10;
	bool fixed = scale == 2 && value->n % whole != 0;
	const char *name = shd_phrase_name(reader, SHD_NAMES_CURRENCY, value->currency);
	return shd_phrase(reader, money, 0, shd_phrase_number(reader, value->n, scale, fixed),
		name ? name : value->currency);
}

static const char *wording_text(struct shd_reader *reader, const struct shd_value *value)
{
	size_t len = shd_utf8_cut(value->text, value->len, TEXT_VALUE_BYTES);
	const char *text = shd_reader_keep(reader, value->text, len);
	const char *word = shd_phrase_name(reader, SHD_NAMES_WORD, text);

	if (len == value->len)
		return word ? word : text;
	struct shd_text cut;
	shd_text_init(&cut, TEXT_VALUE_BYTES + 8);
	shd_text_puts(&cut, text);
	shd_text_puts(&cut, "…");
	text = shd_reader_keep(reader, cut.data, cut.len);
	shd_text_finish(&cut);
	return text;
}

static const char *wording_digits(
	struct shd_reader *reader, const struct shd_value *value, int digits)
{
	switch (value->type) {
	case SHD_BOOL:
		return value->n ? shd_phrase0(reader, yes) : shd_phrase0(reader, no);
	case SHD_NUMBER:
		return shd_phrase_number(reader, rounded(value->n, 6, digits), digits, false);
	case SHD_RATIO:
		return shd_phrase(reader, percent, 0,
			shd_phrase_number(reader, rounded(value->n, 4, digits), digits, false));
	case SHD_DURATION: /* of what should lie ahead */
		return value->n < 0 ? shd_phrase(reader, over_short, 0,
					      shd_wording_duration(reader, value->n))
				    : shd_wording_duration(reader, value->n);
	case SHD_TIME:
		return shd_phrase_date(
			reader, SHD_PHRASE_date_full, (struct shd_wall){value->n});
	case SHD_MONEY:
		return wording_money(reader, value);
	case SHD_TEXT:
		return wording_text(reader, value);
	}
	return "";
}

const char *shd_wording(struct shd_reader *reader, const struct shd_value *value)
{
	return value->none ? NULL : wording_digits(reader, value, 2);
}

/* --- what is counted ------------------------------------------------------------------- */

static const struct {
	enum shd_kind kind;
	enum shd_text_id counted, more;
} counts[] = {
	{SHD_KIND_order, SHD_PHRASE_count_order, SHD_PHRASE_more_order},
	{SHD_KIND_parcel, SHD_PHRASE_count_parcel, SHD_PHRASE_more_parcel},
	{SHD_KIND_review, SHD_PHRASE_count_review, SHD_PHRASE_more_review},
	{SHD_KIND_question, SHD_PHRASE_count_question, SHD_PHRASE_more_question},
	{SHD_KIND_message, SHD_PHRASE_count_message, SHD_PHRASE_more_message},
	{SHD_KIND_complaint, SHD_PHRASE_count_complaint, SHD_PHRASE_more_complaint},
	{SHD_KIND_return, SHD_PHRASE_count_return, SHD_PHRASE_more_return},
	{SHD_KIND_cancellation, SHD_PHRASE_count_cancellation, SHD_PHRASE_more_cancellation},
	{SHD_KIND_listing, SHD_PHRASE_count_listing, SHD_PHRASE_more_listing},
	{SHD_KIND_stock, SHD_PHRASE_pieces, SHD_PHRASE_more_other},
};

static const char *count_phrase(struct shd_reader *reader, enum shd_text_id id, int64_t n)
{
	return shd_phrase_(reader, id, n, (const char *const[]){NULL});
}

const char *shd_wording_more(struct shd_reader *reader, enum shd_kind kind, int64_t n)
{
	for (size_t i = 0; i < SHD_COUNT(counts); i++)
		if (counts[i].kind == kind)
			return count_phrase(reader, counts[i].more, n);
	return count_phrase(reader, SHD_PHRASE_more_other, n);
}

/* "3 complaints"; else `text`, which the value is without a word for what it counts. */
static const char *wording_count(struct shd_reader *reader, const struct shd_value *value,
	enum shd_kind kind, const char *text)
{
	for (size_t i = 0; text && value->type == SHD_NUMBER && i < SHD_COUNT(counts); i++)
		if (counts[i].kind == kind && value->n % SHD_MICRO == 0)
			return count_phrase(reader, counts[i].counted, value->n / SHD_MICRO);
	return text;
}

void shd_wording_pair(struct shd_reader *reader, const struct shd_value *value,
	const struct shd_value *limit, enum shd_kind counted, const char **ret_value,
	const char **ret_limit)
{
	const char *said = shd_wording(reader, value), *bound = shd_wording(reader, limit);
	int most = value->type == SHD_RATIO ? 4 : 6;
	bool near = said && bound && !shd_value_equal(value, limit) &&
		    (value->type == SHD_NUMBER || value->type == SHD_RATIO);

	for (int digits = 3; near && digits <= most && strcmp(said, bound) == 0; digits++) {
		said = wording_digits(reader, value, digits);
		bound = wording_digits(reader, limit, digits);
	}
	*ret_value = wording_count(reader, value, counted, said);
	*ret_limit = counted == SHD_KIND_stock ? wording_count(reader, limit, counted, bound)
					       : bound;
}

/* --- rules within a text ---------------------------------------------------------------- */

static const struct shd_rule *rule_at(const struct shd_rules *rules, const char *text, size_t len)
{
	char id[64];

	if (!len || len >= sizeof(id))
		return NULL;
	memcpy(id, text, len);
	id[len] = '\0';
	return shd_rules_find(rules, id);
}

/* Chinese signs are full-width. */
static size_t put_sign(const struct shd_reader *reader, const char *text, struct shd_text *out)
{
	static const struct {
		const char *sign, *wide;
	} signs[] = {{", ", "，"}, {" (", "（"}, {")", "）"}};

	for (size_t i = 0; reader->language == SHD_ZH && i < SHD_COUNT(signs); i++)
		if (strncmp(text, signs[i].sign, strlen(signs[i].sign)) == 0) {
			shd_text_puts(out, signs[i].wide);
			return strlen(signs[i].sign);
		}
	shd_text_putc(out, *text);
	return 1;
}

const char *shd_wording_rules(
	struct shd_reader *reader, const struct shd_rules *rules, const char *text)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	SHD_AUTO(shd_text_finish) struct shd_text out = {0};
	bool named = false;

	shd_text_init(&out, 1 << 14);
	for (const char *at = text; *at;) {
		size_t len = strspn(at, word);
		const struct shd_rule *rule = rules ? rule_at(rules, at, len) : NULL;
		const char *title = rule ? rule->title[reader->language] : NULL;

		named |= title != NULL;
		if (title)
			shd_text_puts(&out, title);
		else
			shd_text_add(&out, at, len);
		at += len;
		if (*at && !len)
			at += put_sign(reader, at, &out);
	}
	return named ? shd_reader_keep(reader, out.data, out.len) : text;
}

/* --- deadlines ------------------------------------------------------------------------- */

/* A rule fires at the very instant of its deadline; "overdue by 0 s" is no news. */
static bool just_now(int64_t left_ms)
{
	return left_ms <= 0 && left_ms > -10 * SHD_SECOND_MS;
}

const char *shd_wording_deadline(struct shd_reader *reader, struct shd_wall due)
{
	int64_t left_ms = due.ms - reader->now.ms;

	if (just_now(left_ms))
		return shd_phrase0(reader, due_now);
	const char *span = shd_wording_duration(reader, left_ms);
	const char *when = shd_wording_moment(reader, due);

	return left_ms > 0 ? shd_phrase(reader, left, 0, span, when)
			   : shd_phrase(reader, over, 0, span, when);
}

const char *shd_wording_deadline_short(struct shd_reader *reader, struct shd_wall due)
{
	int64_t left_ms = due.ms - reader->now.ms;

	if (just_now(left_ms))
		return shd_phrase0(reader, due_now);
	const char *span = shd_wording_duration(reader, left_ms);

	return left_ms > 0 ? shd_phrase(reader, left_short, 0, span)
			   : shd_phrase(reader, over_short, 0, span);
}

const char *shd_wording_value(const struct shd_phrasebook *book, enum shd_language language,
	const char *timezone, const struct shd_value *value, struct shd_arena *arena)
{
	struct shd_reader reader;

	shd_reader_init(&reader, book, language, timezone, (struct shd_wall){0}, arena);
	const char *text = shd_wording(&reader, value);
	shd_reader_finish(&reader);
	return shd_or_empty(text);
}

const char *shd_wording_time_left(const struct shd_phrasebook *book, enum shd_language language,
	const char *timezone, struct shd_wall due, struct shd_wall now, struct shd_arena *arena)
{
	struct shd_reader reader;

	shd_reader_init(&reader, book, language, timezone, now, arena);
	const char *text = shd_wording_deadline(&reader, due);
	shd_reader_finish(&reader);
	return text;
}

#include "plain.h"

#include "base/mem.h"
#include "base/num.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 80 }; /* of a value that is a text, in a finding */

static const struct {
	const char *name;
	int64_t ms;
	int64_t from_ms; /* used from this length on: 47 h says more than 1 d 23 h */
} units[] = {
	{"d", SHD_DAY_MS, 3 * SHD_DAY_MS},
	{"h", SHD_HOUR_MS, SHD_HOUR_MS},
	{"min", SHD_MINUTE_MS, SHD_MINUTE_MS},
	{"s", SHD_SECOND_MS, 0},
};

const char *shd_wording_length(int64_t ms, char buf[SHD_WORDING_TEXT])
{
	uint64_t length = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
	size_t unit = 0;

	while (length < (uint64_t)units[unit].from_ms)
		unit++;
	uint64_t whole = length / (uint64_t)units[unit].ms;
	uint64_t rest = length % (uint64_t)units[unit].ms;
	int len = snprintf(buf, SHD_WORDING_TEXT, "%llu %s", (unsigned long long)whole,
		units[unit].name);
	if (unit + 1 == SHD_COUNT(units))
		return buf;
	rest /= (uint64_t)units[unit + 1].ms;
	if (rest)
		snprintf(buf + len, SHD_WORDING_TEXT - (size_t)len, " %llu %s",
			(unsigned long long)rest, units[unit + 1].name);
	return buf;
}

const char *shd_wording_when(struct shd_wall time, struct shd_wall now, char buf[SHD_WORDING_TEXT])
{
	char length[SHD_WORDING_TEXT];
	int64_t left = time.ms - now.ms;

	if (left > -SHD_SECOND_MS && left < SHD_SECOND_MS)
		snprintf(buf, SHD_WORDING_TEXT, "now");
	else if (left < 0)
		snprintf(buf, SHD_WORDING_TEXT, "%.40s ago", shd_wording_length(left, length));
	else
		snprintf(buf, SHD_WORDING_TEXT, "in %.40s", shd_wording_length(left, length));
	return buf;
}

void shd_wording_plainly(const struct shd_value *value, struct shd_text *out)
{
	char number[SHD_DECIMAL_TEXT], span[SHD_WORDING_TEXT];

	if (value->type == SHD_BOOL)
		shd_text_puts(out, value->n ? "yes" : "no");
	else if (value->type == SHD_RATIO)
		shd_text_printf(out, "%s %%", shd_decimal_format(value->n, 4, number));
	else if (value->type == SHD_DURATION && value->n && value->n > -SHD_SECOND_MS &&
		value->n < SHD_SECOND_MS)
		shd_text_printf(out, "%lld ms", (long long)value->n);
	else if (value->type == SHD_DURATION)
		shd_text_printf(
			out, "%s%s", value->n < 0 ? "-" : "", shd_wording_length(value->n, span));
	else
		shd_value_print(value, out);
}

/* --- what an alert was judged by --------------------------------------------------------- */

bool shd_worth_wording(const struct shd_value *value)
{
	return !value->none && (value->type != SHD_DURATION || value->n <= -SHD_SECOND_MS ||
				       value->n >= SHD_SECOND_MS);
}

static void add_value(struct shd_text *out, const struct shd_value *value)
{
	if (value->type == SHD_TEXT)
		shd_text_add(out, value->text, shd_utf8_cut(value->text, value->len, TEXT_BYTES));
	else
		shd_wording_plainly(value, out);
}

/* "29 s left, due 16:59 MSK" */
static void add_deadline(
	struct shd_text *out, struct shd_wall due, struct shd_wall now, const char *due_text)
{
	char span[SHD_WORDING_TEXT];
	const char *left = shd_wording_length(due.ms - now.ms, span);

	if (now.ms < due.ms)
		shd_text_printf(out, "%s left, due %s", left, due_text);
	else if (now.ms - due.ms < SHD_SECOND_MS)
		shd_text_puts(out, "the deadline has just passed");
	else
		shd_text_printf(out, "overdue by %s, since %s", left, due_text);
}

void shd_wording_finding(const struct shd_value *value, const struct shd_value *limit,
	struct shd_wall due, const char *due_text, struct shd_wall now, struct shd_text *out)
{
	bool limited = shd_worth_wording(limit);

	if (due.ms && due.ms != SHD_NEVER_MS) {
		add_deadline(out, due, now, due_text);
	} else if (!value->none && (limited || shd_worth_wording(value))) {
		add_value(out, value);
		if (limited)
			shd_text_puts(out, ", limit ");
		if (limited)
			add_value(out, limit);
	}
}

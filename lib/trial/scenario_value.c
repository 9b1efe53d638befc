#include "scenario_parts.h"

#include "base/currency.h"
#include "base/num.h"

#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 32, WORD_BYTES = 32 };

/* Reports a wrong value; always returns false, for the reader to return. */
static bool refuse(struct shd_scenario *scenario, const struct shd_node *node, const char *hint,
	const char *what, const char *expected)
{
	shd_node_mistake(node, scenario->diags, hint, "%s is `%.60s`, expected %s", what,
		node->text ? node->text : "", expected);
	return false;
}

void shd_scenario_unknown(struct shd_scenario *scenario, const struct shd_node *node,
	const char *lead, const char *name, const char *const *names, size_t count)
{
	const char *near = shd_nearest(name, names, count);
	char hint[96];

	snprintf(hint, sizeof(hint), "did you mean %s ?", near ? near : "");
	shd_node_mistake(node, scenario->diags, near ? hint : NULL, "%s `%s`", lead, name);
}

bool shd_scenario_instant(
	struct shd_scenario *scenario, const struct shd_node *node, struct shd_wall *ret)
{
	bool scalar = node->type == SHD_NODE_SCALAR && node->len > 0;
	bool minus = scalar && node->text[0] == '-';
	struct shd_error err;
	char hint[80] = "";
	int64_t ms;

	if (scalar && shd_duration_parse(node->text + minus, node->len - minus, &ms, &err)) {
		ret->ms = scenario->start.ms + (minus ? -ms : ms);
		return true;
	}
	if (scalar && shd_time_parse(node->text, node->len, ret, &err))
		return true;
	if (scalar && strspn(node->text + minus, "0123456789") == node->len - minus)
		snprintf(hint, sizeof(hint), "did you mean %.40sh ?", node->text);
	return refuse(scenario, node, hint[0] ? hint : NULL, "an instant",
		"12h or -30d from the start of the test, or a date");
}

/* False too when there are more decimals than the type has: they are not rounded. */
static bool read_decimal(const char *text, size_t len, int scale, int64_t *ret_n)
{
	struct shd_error ignored;

	return shd_decimal_places(text, len) <= scale &&
	       shd_decimal_parse(text, len, scale, ret_n, &ignored);
}

static bool read_ratio(struct shd_scenario *scenario, const struct shd_node *node, const char *what,
	int64_t *ret_n)
{
	bool percent = node->len > 0 && node->text[node->len - 1] == '%';
	char hint[80] = "";

	if (percent && read_decimal(node->text, node->len - 1, 4, ret_n))
		return true;
	if (!percent && read_decimal(node->text, node->len, 4, ret_n))
		snprintf(hint, sizeof(hint), "did you mean %.40s%% ?", node->text);
	return refuse(scenario, node, hint[0] ? hint : NULL, what,
		shd_decimal_places(node->text, node->len) > 4 ? "at most 4 digits after the point"
							      : "a ratio such as 4%");
}

static bool read_money(struct shd_scenario *scenario, const struct shd_node *node, const char *what,
	struct shd_value *ret)
{
	const char *space = strrchr(node->text, ' ');
	size_t len = space ? (size_t)(space - node->text) : 0;
	char hint[80] = "", expected[80];

	if (!space || strlen(space + 1) != 3)
		return refuse(scenario, node, NULL, what, "money such as 1990 RUB");
	if (!shd_currency_known(space + 1)) {
		const char *meant = shd_currency_meant(space + 1);

		if (meant)
			snprintf(hint, sizeof(hint), "did you mean %.*s %s ?",
				(int)(len < 40 ? len : 40), node->text, meant);
		return refuse(scenario, node, meant ? hint : NULL, what,
			"money with a currency of ISO 4217, such as 1990 RUB");
	}
	int scale = shd_currency_digits(space + 1);
	if (read_decimal(node->text, len, scale, &ret->n)) {
		memcpy(ret->currency, space + 1, 4);
		return true;
	}
	if (shd_decimal_places(node->text, len) > scale)
		snprintf(expected, sizeof(expected), "at most %d digits after the point", scale);
	else
		snprintf(expected, sizeof(expected), "money such as 1990 %s", space + 1);
	return refuse(scenario, node, NULL, what, expected);
}

static bool read_duration(struct shd_scenario *scenario, const struct shd_node *node,
	const char *what, int64_t *ret_ms)
{
	bool minus = node->len > 0 && node->text[0] == '-';
	struct shd_error err;

	if (!shd_duration_parse(node->text + minus, node->len - minus, ret_ms, &err))
		return refuse(scenario, node, NULL, what, "a duration such as 12h");
	*ret_ms = minus ? -*ret_ms : *ret_ms;
	return true;
}

/* A text that must be one of `words`, which are separated by spaces; "" allows every text. */
static bool read_text(struct shd_scenario *scenario, const struct shd_node *node, const char *words,
	const char *what, struct shd_value *ret)
{
	char copies[WORDS_MAX][WORD_BYTES];
	const char *list[WORDS_MAX];
	char hint[80] = "", expected[320];
	size_t count = 0;

	ret->text = node->text;
	ret->len = (uint32_t)node->len;
	for (const char *at = words; *at; count++) {
		size_t len = strcspn(at, " ");

		shd_assert(count < WORDS_MAX && len < WORD_BYTES);
		memcpy(copies[count], at, len);
		copies[count][len] = '\0';
		list[count] = copies[count];
		if (strcmp(list[count], node->text) == 0)
			return true;
		at += len + (at[len] == ' ');
	}
	if (!count)
		return true;
	const char *near = shd_nearest(node->text, list, count);
	if (near)
		snprintf(hint, sizeof(hint), "did you mean %s ?", near);
	snprintf(expected, sizeof(expected), "one of: %s", words);
	return refuse(scenario, node, near ? hint : NULL, what, expected);
}

static bool read_number(struct shd_scenario *scenario, const struct shd_node *node,
	const char *what, int64_t *ret_n)
{
	return read_decimal(node->text, node->len, 6, ret_n) ||
	       refuse(scenario, node, NULL, what,
		       shd_decimal_places(node->text, node->len) > 6
			       ? "at most 6 digits after the point"
			       : "a number such as 4.6");
}

static bool read_bool(struct shd_scenario *scenario, const struct shd_node *node, const char *what,
	int64_t *ret_n)
{
	*ret_n = strcmp(node->text, "true") == 0;
	return *ret_n || strcmp(node->text, "false") == 0 ||
	       refuse(scenario, node, NULL, what, "true or false");
}

bool shd_scenario_value(struct shd_scenario *scenario, const struct shd_node *node,
	enum shd_type type, const char *words, const char *what, struct shd_value *ret)
{
	struct shd_wall at;

	*ret = (struct shd_value){.type = type};
	if (node->type != SHD_NODE_SCALAR)
		return refuse(scenario, node, NULL, what, "a single value");
	ret->none = !node->quoted && (!node->len || strcmp(node->text, "none") == 0);
	if (ret->none)
		return true;
	switch (type) {
	case SHD_BOOL:
		return read_bool(scenario, node, what, &ret->n);
	case SHD_NUMBER:
		return read_number(scenario, node, what, &ret->n);
	case SHD_RATIO:
		return read_ratio(scenario, node, what, &ret->n);
	case SHD_DURATION:
		return read_duration(scenario, node, what, &ret->n);
	case SHD_TIME:
		if (!shd_scenario_instant(scenario, node, &at))
			return false;
		ret->n = at.ms;
		return true;
	case SHD_MONEY:
		return read_money(scenario, node, what, ret);
	case SHD_TEXT:
		return read_text(scenario, node, words, what, ret);
	}
	shd_bug("a value without a type", __FILE__, __LINE__);
}

void shd_scenario_print(const struct shd_value *value, struct shd_wall start, struct shd_text *out)
{
	char duration[SHD_DURATION_TEXT];

	if (value->none || value->type != SHD_TIME)
		shd_value_print(value, out);
	else if (value->n == SHD_NEVER_MS)
		shd_text_puts(out, "never");
	else
		shd_text_puts(out, shd_duration_format(value->n - start.ms, duration));
}

#include "pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/udat.h>
#include <unicode/umsg.h>
#include <unicode/ustring.h>

enum { ARGS = 5, NAME_BYTES = 16, DEPTH = 4, PATTERN_BYTES = 2000 };

/* A text being rewritten from names to positions. */
struct scan {
	const struct shd_node *node;
	size_t at;
	char args[ARGS][NAME_BYTES];
	size_t arg_count;
	int position[ARGS]; /* of each argument in the result, -1: not used yet */
	struct shd_pattern *pattern;
	struct shd_text out;
	struct shd_diags *diags;
	bool bad;
};

static void split_args(struct scan *scan, const char *args)
{
	while (*args) {
		size_t len = strcspn(args, " ");

		shd_assert(scan->arg_count < ARGS && len < NAME_BYTES);
		memcpy(scan->args[scan->arg_count], args, len);
		scan->position[scan->arg_count++] = -1;
		args += len + (args[len] == ' ');
	}
}

static bool refuse(struct scan *scan, size_t from, const char *hint, const char *what)
{
	size_t width = scan->at > from ? scan->at - from : 1;

	if (!scan->bad)
		shd_node_mistake_at(scan->node, from, width, scan->diags, hint, "%s", what);
	scan->bad = true;
	return false;
}

static char peek(const struct scan *scan)
{
	return scan->at < scan->node->len ? scan->node->text[scan->at] : '\0';
}

static void skip_spaces(struct scan *scan)
{
	while (peek(scan) == ' ' || peek(scan) == '\n')
		scan->at++;
}

/* Copies a name made of a-z, 0-9, _ and = (plural selectors like =0). */
static size_t read_word(struct scan *scan, char word[NAME_BYTES])
{
	size_t len = 0;

	for (char c = peek(scan); c && strchr("abcdefghijklmnopqrstuvwxyz_=0123456789", c);
		c = peek(scan)) {
		if (len < NAME_BYTES - 1)
			word[len++] = c;
		scan->at++;
	}
	word[len] = '\0';
	return len;
}

static bool find_arg(struct scan *scan, size_t from, const char *name, size_t *ret_index)
{
	const char *names[ARGS];
	char hint[64], what[128];

	for (size_t i = 0; i < scan->arg_count; i++) {
		names[i] = scan->args[i];
		if (strcmp(scan->args[i], name) == 0) {
			*ret_index = i;
			return true;
		}
	}
	const char *near = shd_nearest(name, names, scan->arg_count);
	snprintf(hint, sizeof(hint), "did you mean '%s'?", near ? near : "");
	snprintf(what, sizeof(what), "'%s' is no argument of this text", name);
	return refuse(scan, from, near ? hint : NULL, what);
}

static bool is_number(const struct scan *scan, size_t index)
{
	return strcmp(scan->args[index], "n") == 0;
}

/* The number keeps position 0; the texts follow in order of first use. */
static int place(struct scan *scan, size_t index)
{
	struct shd_pattern *pattern = scan->pattern;

	if (scan->position[index] >= 0)
		return scan->position[index];
	if (is_number(scan, index)) {
		scan->position[index] = 0;
		return 0;
	}
	int before = 0; /* text arguments before this one in texts.def */
	for (size_t i = 0; i < index; i++)
		before += !is_number(scan, i);
	pattern->arg_of[pattern->slots] = before;
	scan->position[index] = (int)pattern->slots++ + pattern->counts;
	return scan->position[index];
}

static bool scan_text(struct scan *scan, int depth);

/* one {# order} other {# orders} } */
static bool scan_choices(struct scan *scan, int depth)
{
	char word[NAME_BYTES];

	for (skip_spaces(scan); peek(scan) != '}'; skip_spaces(scan)) {
		size_t from = scan->at;

		if (!read_word(scan, word))
			return refuse(scan, from, NULL, "expected a choice like one {...}");
		skip_spaces(scan);
		if (peek(scan) != '{')
			return refuse(scan, from, NULL, "expected { after the name of a choice");
		scan->at++;
		shd_text_printf(&scan->out, " %s {", word);
		if (!scan_text(scan, depth + 1))
			return false;
		if (peek(scan) != '}')
			return refuse(scan, from, NULL, "this choice does not end");
		scan->at++;
		shd_text_putc(&scan->out, '}');
	}
	scan->at++;
	shd_text_putc(&scan->out, '}');
	return true;
}

/* {name}, {n, plural, ...}, {name, select, ...}; stands behind the brace. */
static bool scan_argument(struct scan *scan, int depth)
{
	char name[NAME_BYTES], type[NAME_BYTES];
	size_t from = scan->at, index;

	skip_spaces(scan);
	read_word(scan, name);
	if (!find_arg(scan, from, name, &index))
		return false;
	bool number = is_number(scan, index);
	shd_text_printf(&scan->out, "{%d", place(scan, index));
	skip_spaces(scan);
	if (peek(scan) == '}') {
		scan->at++;
		shd_text_puts(&scan->out, number ? ",number}" : "}");
		return true;
	}
	if (peek(scan) != ',')
		return refuse(scan, from, NULL, "expected } or , after the argument");
	scan->at++;
	skip_spaces(scan);
	read_word(scan, type);
	if (strcmp(type, number ? "plural" : "select") != 0)
		return refuse(scan, from, NULL,
			number ? "a number is used plainly or with plural"
			       : "a text is used plainly or with select");
	skip_spaces(scan);
	if (peek(scan) != ',')
		return refuse(scan, from, NULL, "expected , and the choices");
	scan->at++;
	shd_text_printf(&scan->out, ",%s,", type);
	return scan_choices(scan, depth);
}

/* 'quoted {braces}' pass unread; '' is an apostrophe, and so is a lone one. */
static void scan_quote(struct scan *scan)
{
	const char *text = scan->node->text + scan->at;
	size_t len = 1;

	if (text[1] && strchr("{}#", text[1])) {
		const char *end = strchr(text + 1, '\'');

		len = end ? (size_t)(end - text) + 1 : strlen(text);
	} else if (text[1] == '\'') {
		len = 2;
	}
	shd_text_add(&scan->out, text, len);
	scan->at += len;
}

/* Up to the end, or to the brace that ends a choice. */
static bool scan_text(struct scan *scan, int depth)
{
	if (depth > DEPTH)
		return refuse(scan, scan->at, NULL, "choices are nested too deep");
	for (char c = peek(scan); c; c = peek(scan)) {
		if (c == '\'') {
			scan_quote(scan);
		} else if (c == '{') {
			scan->at++;
			if (!scan_argument(scan, depth))
				return false;
		} else if (c == '}') {
			return depth > 0 || refuse(scan, scan->at, "write '}'", "unmatched }");
		} else {
			shd_text_putc(&scan->out, c);
			scan->at++;
		}
	}
	return true;
}

static void keep(struct scan *scan, const char *text, size_t len)
{
	UErrorCode status = U_ZERO_ERROR;
	struct shd_pattern *pattern = scan->pattern;

	pattern->text = shd_xcalloc(len + 1, sizeof(*pattern->text));
	u_strFromUTF8(
		pattern->text, (int32_t)len + 1, &pattern->len, text, (int32_t)len, &status);
	if (U_FAILURE(status))
		refuse(scan, 0, NULL, "this text is not UTF-8");
}

static void try_message(struct scan *scan, const char *locale)
{
	UErrorCode status = U_ZERO_ERROR;
	UParseError where;
	char what[128];
	UMessageFormat *format =
		umsg_open(scan->pattern->text, scan->pattern->len, locale, &where, &status);

	umsg_close(format);
	if (U_FAILURE(status)) {
		snprintf(what, sizeof(what), "ICU cannot read this text: %s", u_errorName(status));
		refuse(scan, 0, "a plural needs the choice 'other'", what);
	}
}

static void try_date(struct scan *scan, const char *locale)
{
	UErrorCode status = U_ZERO_ERROR;
	UDateFormat *date = udat_open(UDAT_PATTERN, UDAT_PATTERN, locale, NULL, 0,
		scan->pattern->text, scan->pattern->len, &status);
	UChar out[128];

	if (U_SUCCESS(status))
		udat_format(date, 0, out, (int32_t)SHD_COUNT(out), NULL, &status);
	udat_close(date);
	if (U_FAILURE(status))
		refuse(scan, 0, "like 'd MMM HH:mm'", "this is no pattern of date fields");
}

static void compile_message(struct scan *scan, const struct shd_text_row *row, const char *locale)
{
	split_args(scan, row->args);
	for (size_t i = 0; i < scan->arg_count; i++)
		scan->pattern->counts |= is_number(scan, i);
	if (!scan_text(scan, 0))
		return;
	for (size_t i = 0; i < scan->arg_count; i++) {
		if (is_number(scan, i) && scan->position[i] < 0)
			refuse(scan, 0, NULL, "this text must use {n}");
	}
	keep(scan, scan->out.data, scan->out.len);
	if (!scan->bad)
		try_message(scan, locale);
}

void shd_pattern_compile(const struct shd_text_row *row, const char *locale,
	const struct shd_node *node, struct shd_pattern *ret_pattern, struct shd_diags *diags)
{
	struct scan scan = {.node = node, .pattern = ret_pattern, .diags = diags};

	*ret_pattern = (struct shd_pattern){0};
	shd_text_init(&scan.out, 2 * PATTERN_BYTES);
	if (node->len > PATTERN_BYTES || !node->len) {
		refuse(&scan, 0, NULL, "a text has 1 to 2000 bytes");
	} else if (row->date) {
		keep(&scan, node->text, node->len);
		if (!scan.bad)
			try_date(&scan, locale);
	} else {
		compile_message(&scan, row, locale);
	}
	shd_text_finish(&scan.out);
	if (scan.bad) {
		free(ret_pattern->text);
		*ret_pattern = (struct shd_pattern){0};
	}
}

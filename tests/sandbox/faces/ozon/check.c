#include "ozon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PATH_MAX_LEN = 128 };

/* "filter.date_from" as the validator says it: "Filter.DateFrom". */
static void camel(const char *path, char buf[PATH_MAX_LEN])
{
	size_t at = 0;
	bool upper = true;

	for (; *path && at < PATH_MAX_LEN - 1; path++) {
		if (*path == '_') {
			upper = true;
			continue;
		}
		buf[at++] = upper && *path >= 'a' && *path <= 'z' ? (char)(*path - 32) : *path;
		upper = *path == '.';
	}
	buf[at] = '\0';
}

static bool invalid(const struct shd_ask *ask, const char *path, const char *what,
		    struct shd_http_reply *reply)
{
	char field[PATH_MAX_LEN], message[512];

	camel(path, field);
	snprintf(message, sizeof(message), "Request validation error: invalid %s.%s: %s",
		 ask->method->message, field, what);
	shd_ozon_invalid(reply, 400, 3, message);
	return false;
}

static bool check_number(const struct shd_ask *ask, const struct shd_ask_row *row,
			 const json_t *value, struct shd_http_reply *reply)
{
	char what[96], digits[32];
	const char *text = shd_json_scalar(value, digits);
	char *end;
	int64_t n = strtoll(text, &end, 10);

	if (!*text || *end)
		return invalid(ask, row->path, "proto: invalid value for int64", reply);
	if (!row->max || (n >= row->min && n <= row->max))
		return true;
	if (row->min == 1)
		snprintf(what, sizeof(what), "value must be inside range (0, %lld]",
			 (long long)row->max);
	else
		snprintf(what, sizeof(what), "value must be inside range [%lld, %lld]",
			 (long long)row->min, (long long)row->max);
	return invalid(ask, row->path, what, reply);
}

static bool check_list(const struct shd_ask *ask, const struct shd_ask_row *row,
	const json_t *value, struct shd_http_reply *reply)
{
	char what[96], digits[32];
	size_t i;
	json_t *item;

	if (!json_is_array(value))
		return invalid(ask, row->path, "proto: syntax error: expected a list", reply);
	if ((row->max && json_array_size(value) > (size_t)row->max) ||
	    json_array_size(value) < (size_t)row->min) {
		snprintf(what, sizeof(what),
			"value must contain between %lld and %lld items, inclusive",
			(long long)row->min, (long long)row->max);
		return invalid(ask, row->path, what, reply);
	}
	json_array_foreach(value, i, item)
		if (row->words && !shd_word_in(row->words, shd_json_scalar(item, digits)))
			return invalid(ask, row->path, "proto: invalid value for enum", reply);
	return true;
}

static bool check_value(const struct shd_ask *ask, const struct shd_ask_row *row,
	const json_t *value, struct shd_http_reply *reply)
{
	const char *text = json_string_value(value);
	struct shd_error err;
	struct shd_wall time;

	switch (row->type) {
	case ASK_INT:
		return check_number(ask, row, value, reply);
	case ASK_TEXT:
		return text || invalid(ask, row->path, "proto: invalid value for string", reply);
	case ASK_TIME:
		return (text && strlen(text) > 10 &&
			       shd_time_parse(text, strlen(text), &time, &err)) ||
		       invalid(ask, row->path, "proto: invalid google.protobuf.Timestamp value",
			       reply);
	case ASK_BOOL:
		return json_is_boolean(value) ||
		       invalid(ask, row->path, "proto: invalid value for bool", reply);
	case ASK_LIST:
		return check_list(ask, row, value, reply);
	case ASK_WORD:
		return (text && (!*text || shd_word_in(row->words, text))) ||
		       invalid(ask, row->path, "proto: invalid value for enum", reply);
	case ASK_OBJECT:
		return (json_is_object(value) && json_object_size(value)) ||
		       invalid(ask, row->path, "value is required", reply);
	}
	return true;
}

/* Refuses members that the method does not have: a misspelt filter would otherwise
 * select everything and nobody would notice. */
static bool check_names(const struct shd_ask *ask, const json_t *json, const char *prefix,
			struct shd_http_reply *reply)
{
	char path[PATH_MAX_LEN], what[PATH_MAX_LEN + 32];
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)json, key, value) {
		bool leaf = false, branch = false;

		snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", key);
		size_t len = strlen(path);
		for (const struct shd_ask_row *row = ask->method->asks; row->path; row++) {
			leaf |= strcmp(row->path, path) == 0 && row->type != ASK_OBJECT;
			branch |= strncmp(row->path, path, len) == 0 &&
				  (row->path[len] == '.' || !row->path[len]);
		}
		if (leaf || (branch && (!json_is_object(value) ||
					check_names(ask, value, path, reply))))
			continue;
		if (branch)
			return false;
		snprintf(what, sizeof(what), "proto: unknown field \"%s\"", path);
		shd_ozon_invalid(reply, 400, 3, what);
		return false;
	}
	return true;
}

/* The rows of a window stand side by side: from, then to. */
static bool check_windows(const struct shd_ask *ask, struct shd_http_reply *reply)
{
	const struct shd_ask_row *from = ask->method->asks;
	char what[2 * PATH_MAX_LEN];

	for (; from->path && from[1].path; from++) {
		const struct shd_ask_row *to = from + 1;

		if (from->test != TEST_FROM || to->test != TEST_TO ||
		    strcmp(from->member, to->member) != 0 ||
		    !json_is_string(shd_json_at(ask->body, from->path)) ||
		    !json_is_string(shd_json_at(ask->body, to->path)) ||
		    shd_json_time(ask->body, to->path) >= shd_json_time(ask->body, from->path))
			continue;
		snprintf(what, sizeof(what), "%s is before %s", to->path, from->path);
		shd_ozon_invalid(reply, 400, 3, what);
		return false;
	}
	return true;
}

bool shd_ozon_check(const struct shd_ask *ask, struct shd_http_reply *reply)
{
	for (const struct shd_ask_row *row = ask->method->asks; row->path; row++) {
		const json_t *value = shd_json_at(ask->body, row->path);

		if (json_is_null(value))
			value = NULL;
		if (!value && row->required && row->type == ASK_INT && row->min > 0 && row->max) {
			json_auto_t *zero = json_integer(0); /* protobuf: absent is 0 */
			return check_number(ask, row, zero, reply);
		}
		if (!value && row->required)
			return invalid(ask, row->path, "value is required", reply);
		if (value && !check_value(ask, row, value, reply))
			return false;
	}
	if (!check_names(ask, ask->body, "", reply) || !check_windows(ask, reply))
		return false;
	const char *wrong = ask->method->check ? ask->method->check(ask->body) : NULL;
	if (wrong)
		shd_ozon_invalid(reply, 400, 3, wrong);
	return !wrong;
}

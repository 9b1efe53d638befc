#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 100000, REFUSALS_MAX = 64 };

static const struct {
	const char *name;
	enum shd_fault_kind kind;
} words[] = {
	{"deep", SHD_FAULT_DEEP},           {"drip", SHD_FAULT_DRIP},
	{"emoji", SHD_FAULT_EMOJI},         {"empty", SHD_FAULT_EMPTY},
	{"html", SHD_FAULT_HTML},           {"huge", SHD_FAULT_HUGE},
	{"malformed", SHD_FAULT_MALFORMED}, {"nulls", SHD_FAULT_NULLS},
	{"numbers_as_text", SHD_FAULT_TEXT}, {"permanent", SHD_FAULT_NEVER},
	{"reset", SHD_FAULT_RESET},         {"skew", SHD_FAULT_SKEW},
	{"slow", SHD_FAULT_SLOW},           {"temporary", SHD_FAULT_LATER},
	{"timeout", SHD_FAULT_TIMEOUT},     {"truncate", SHD_FAULT_TRUNCATE},
	{"unknown_words", SHD_FAULT_WORDS}, {"year_9999", SHD_FAULT_FAR},
};

static const char *const members[] = {"do",   "path", "store",       "from",
				      "to",   "by",   "retry_after", "times"};

static bool find_kind(const struct shd_faults *faults, const char *name,
		      struct shd_fault_plan *fault, struct shd_error *reterr)
{
	const char *known[SHD_COUNT(words) + REFUSALS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < SHD_COUNT(words); i++) {
		known[count++] = words[i].name;
		if (strcmp(words[i].name, name) == 0) {
			fault->kind = words[i].kind;
			return true;
		}
	}
	for (size_t i = 0; i < faults->refusal_count && i < REFUSALS_MAX; i++) {
		known[count++] = faults->refusals[i].name;
		if (strcmp(faults->refusals[i].name, name) == 0) {
			fault->kind = SHD_FAULT_REFUSE;
			fault->refusal = &faults->refusals[i];
			return true;
		}
	}
	const char *near = shd_nearest(name, known, count);
	return shd_fail(reterr, SHD_ERR_CONFIG, "unknown fault \"%s\"%s%s%s", name,
			near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool check_members(const json_t *row, const char **ret_key, struct shd_error *reterr)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)row, key, value) {
		bool known = false;

		for (size_t i = 0; i < SHD_COUNT(members); i++)
			known |= strcmp(key, members[i]) == 0;
		*ret_key = key;
		if (!known)
			return shd_fail(
				reterr, SHD_ERR_CONFIG, "unknown member \"%s\" of a fault", key);
	}
	return true;
}

static bool read_time(const json_t *row, const char *key, int64_t *ms, const char **ret_key,
		      struct shd_error *reterr)
{
	const char *text = shd_json_text(row, key);

	*ret_key = key;
	return !json_object_get(row, key) || shd_relative_parse(text, ms) ||
	       shd_fail(reterr, SHD_ERR_CONFIG, "\"%s\" is \"%s\", expected a duration", key, text);
}

bool shd_fault_add(struct shd_faults *faults, const json_t *row, int64_t base_ms,
		   const char **ret_key, struct shd_error *reterr)
{
	int64_t from_ms = 0, to_ms = 100 * 365 * SHD_DAY_MS;
	struct shd_fault_plan fault = {.times_left = -1, .by_ms = 2 * SHD_SECOND_MS};
	const char *path = shd_json_text(row, "path");

	*ret_key = NULL;
	if (!check_members(row, ret_key, reterr) ||
		!read_time(row, "from", &from_ms, ret_key, reterr) ||
		!read_time(row, "to", &to_ms, ret_key, reterr) ||
		!read_time(row, "by", &fault.by_ms, ret_key, reterr))
		return false;
	*ret_key = "do";
	if (!find_kind(faults, shd_json_text(row, "do"), &fault, reterr))
		return false;
	fault.from_ms = base_ms + from_ms;
	fault.to_ms = base_ms + to_ms;
	snprintf(fault.pattern, sizeof(fault.pattern), "%s", *path ? path : "/*");
	snprintf(fault.client_id, sizeof(fault.client_id), "%s", shd_json_text(row, "store"));
	if (json_is_integer(json_object_get(row, "store")))
		snprintf(fault.client_id, sizeof(fault.client_id), "%lld",
			 (long long)shd_json_int(row, "store"));
	fault.retry_after_s = (int)shd_json_int(row, "retry_after");
	if (json_object_get(row, "times"))
		fault.times_left = shd_json_int(row, "times");
	shd_grow(faults->plans, faults->count, faults->capacity);
	faults->plans[faults->count++] = fault;
	return true;
}

void shd_faults_clear(struct shd_faults *faults)
{
	free(faults->plans);
	faults->plans = NULL;
	faults->count = faults->capacity = 0;
}

static bool matches(const char *pattern, const char *path)
{
	size_t len = strlen(pattern);

	if (len && pattern[len - 1] == '*')
		return strncmp(pattern, path, len - 1) == 0;
	return strcmp(pattern, path) == 0;
}

const struct shd_fault_plan *shd_fault_find(struct shd_faults *faults, const char *path,
					       const char *client_id, int64_t now_ms)
{
	for (size_t i = 0; i < faults->count; i++) {
		struct shd_fault_plan *fault = &faults->plans[i];

		if (now_ms < fault->from_ms || now_ms >= fault->to_ms || fault->times_left == 0 ||
		    !matches(fault->pattern, path) ||
		    (*fault->client_id && strcmp(fault->client_id, client_id) != 0))
			continue;
		if (fault->times_left > 0)
			fault->times_left--;
		return fault;
	}
	return NULL;
}

static bool is_time(const char *text)
{
	struct shd_error err;
	struct shd_wall time;

	return strlen(text) > 10 && shd_time_parse(text, strlen(text), &time, &err);
}

static bool is_title(const char *key)
{
	return strcmp(key, "name") == 0 || strcmp(key, "text") == 0 || strcmp(key, "comment") == 0;
}

static bool is_word(const char *key)
{
	/* status_failed holds a reason, and any word in it is one. */
	if (strcmp(key, "status_failed") == 0)
		return false;
	return strstr(key, "status") || strcmp(key, "state") == 0 || strcmp(key, "type") == 0 ||
	       strcmp(key, "sys_name") == 0;
}

/* The wrong value that the fault gives a member; NULL: it stays. */
static json_t *distorted(enum shd_fault_kind kind, const char *key, const json_t *value)
{
	const char *text = json_string_value(value);
	char buf[64];

	if (kind == SHD_FAULT_EMPTY && json_is_array(value))
		return json_array();
	if (kind == SHD_FAULT_TEXT && json_is_integer(value)) {
		snprintf(buf, sizeof(buf), "%lld", (long long)json_integer_value(value));
		return json_string(buf);
	}
	if (kind == SHD_FAULT_TEXT && json_is_real(value)) {
		snprintf(buf, sizeof(buf), "%.6g", json_real_value(value));
		return json_string(buf);
	}
	if (kind == SHD_FAULT_FAR && text && is_time(text))
		return json_string("9999-12-31T23:59:59.999999900Z");
	if (kind == SHD_FAULT_EMOJI && text && is_title(key))
		return json_string("🔥🚚 Чехол 🇷🇺 👩‍👩‍👧 «ХИТ» 💥\u202E");
	if (kind == SHD_FAULT_NULLS && json_is_object(value) && strcmp(key, "result") != 0 &&
	    strcmp(key, "product") != 0 && strcmp(key, "state") != 0 && strcmp(key, "chat") != 0)
		return json_null();
	if (kind == SHD_FAULT_WORDS && text && is_word(key))
		return json_string("SOMETHING_NEW");
	return NULL;
}

static void distort(enum shd_fault_kind kind, json_t *json)
{
	const char *key;
	json_t *value, *other;
	size_t i;

	json_object_foreach(json, key, value) {
		if ((other = distorted(kind, key, value)))
			json_object_set_new(json, key, other);
		else
			distort(kind, value);
	}
	json_array_foreach(json, i, value)
		distort(kind, value);
}

static void distort_body(enum shd_fault_kind kind, struct shd_text *body)
{
	json_auto_t *json = json_loadb(body->data, body->len, JSON_DECODE_ANY, NULL);

	if (!json)
		return;
	distort(kind, json);
	char *text shd_autofree = json_dumps(json, JSON_COMPACT);
	shd_text_clear(body);
	shd_text_puts(body, text);
}

static void nest(struct shd_text *body)
{
	shd_text_clear(body);
	for (int i = 0; i < DEPTH; i++)
		shd_text_putc(body, '[');
	for (int i = 0; i < DEPTH; i++)
		shd_text_putc(body, ']');
}

void shd_fault_apply(const struct shd_fault_plan *fault, struct shd_http_reply *reply)
{
	switch (fault->kind) {
	case SHD_FAULT_TIMEOUT:
		reply->manner = SHD_HTTP_SILENT;
		break;
	case SHD_FAULT_DRIP:
		reply->manner = SHD_HTTP_DRIP;
		break;
	case SHD_FAULT_RESET:
		reply->manner = SHD_HTTP_RESET;
		break;
	case SHD_FAULT_TRUNCATE:
		reply->manner = SHD_HTTP_CUT;
		break;
	case SHD_FAULT_HUGE:
		reply->manner = SHD_HTTP_ENDLESS;
		reply->endless_bytes = 1ULL << 30;
		break;
	case SHD_FAULT_MALFORMED:
		if (reply->body.len)
			reply->body.data[reply->body.len / 2] = '}';
		shd_text_puts(&reply->body, ",{\"");
		break;
	case SHD_FAULT_DEEP:
		nest(&reply->body);
		break;
	case SHD_FAULT_HTML:
		reply->type = "text/html; charset=utf-8";
		shd_text_clear(&reply->body);
		shd_text_puts(&reply->body,
			"<!doctype html><title>DDoS protection</title>"
			"<p>Checking your browser before accessing the site.\n");
		break;
	case SHD_FAULT_SLOW:
		reply->delay_ms = fault->by_ms;
		break;
	case SHD_FAULT_SKEW:
		reply->date_skew_ms = fault->by_ms;
		break;
	case SHD_FAULT_EMPTY:
	case SHD_FAULT_TEXT:
	case SHD_FAULT_FAR:
	case SHD_FAULT_EMOJI:
	case SHD_FAULT_NULLS:
	case SHD_FAULT_WORDS:
		distort_body(fault->kind, &reply->body);
		break;
	case SHD_FAULT_REFUSE:
	case SHD_FAULT_LATER:
	case SHD_FAULT_NEVER:
		break;
	}
}

#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

json_t *shd_json_at(const json_t *json, const char *path)
{
	while (json) {
		const char *dot = strchr(path, '.');

		if (!dot)
			return json_object_get(json, path);
		char part[64];
		snprintf(part, sizeof(part), "%.*s", (int)(dot - path), path);
		json = json_object_get(json, part);
		path = dot + 1;
	}
	return NULL;
}

const char *shd_json_text(const json_t *json, const char *path)
{
	const char *text = json_string_value(shd_json_at(json, path));

	return text ? text : "";
}

int64_t shd_json_time(const json_t *json, const char *path)
{
	const char *text = shd_json_text(json, path);
	struct shd_error err;
	struct shd_wall time;

	return *text && shd_time_parse(text, strlen(text), &time, &err) ? time.ms : 0;
}

int64_t shd_json_int(const json_t *json, const char *path)
{
	const json_t *value = shd_json_at(json, path);

	return json_is_string(value) ? strtoll(json_string_value(value), NULL, 10)
				     : json_integer_value(value);
}

bool shd_word_in(const char *words, const char *text)
{
	size_t len = strlen(text);

	for (const char *at = words; *at;) {
		size_t word = strcspn(at, " ");

		if (word == len && strncasecmp(at, text, len) == 0)
			return true;
		at += word + (at[word] == ' ');
	}
	return false;
}

const char *shd_json_scalar(const json_t *value, char buf[32])
{
	if (json_is_integer(value)) {
		snprintf(buf, 32, "%lld", (long long)json_integer_value(value));
		return buf;
	}
	return json_is_string(value) ? json_string_value(value) : "";
}

void shd_time_write(int64_t ms, int digits, char buf[40])
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;
	char day[24];

	gmtime_r(&s, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	if (digits == 0)
		snprintf(buf, 40, "%.20sZ", day);
	else
		snprintf(buf, 40, "%.20s.%03d%.*sZ", day, (int)(ms % 1000), digits - 3, "146900");
}

bool shd_relative_parse(const char *text, int64_t *ret_ms)
{
	struct shd_error err;
	bool minus = *text == '-';

	if (*text == '-' || *text == '+')
		text++;
	if (!shd_duration_parse(text, strlen(text), ret_ms, &err))
		return false;
	if (minus)
		*ret_ms = -*ret_ms;
	return true;
}

/* The instant behind a text that starts with a sign; NULL leaves it as it is. */
static json_t *resolved(const json_t *value, int64_t base_ms, int digits)
{
	const char *text = json_string_value(value);
	char buf[40];
	int64_t ms;

	if (!text || (*text != '+' && *text != '-') || !shd_relative_parse(text, &ms))
		return NULL;
	shd_time_write(base_ms + ms, digits, buf);
	return json_string(buf);
}

void shd_resolve_times(json_t *json, int64_t base_ms, int digits)
{
	const char *key;
	json_t *value, *time;
	size_t i;

	json_object_foreach(json, key, value) {
		if ((time = resolved(value, base_ms, digits)))
			json_object_set_new(json, key, time);
		else
			shd_resolve_times(value, base_ms, digits);
	}
	json_array_foreach(json, i, value) {
		if ((time = resolved(value, base_ms, digits)))
			json_array_set_new(json, i, time);
		else
			shd_resolve_times(value, base_ms, digits);
	}
}

int64_t shd_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

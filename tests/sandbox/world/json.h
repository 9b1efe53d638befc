/* sandbox/world/json.h - reading JSON by dotted paths, and times as the services
 * write them. Pure; any thread. */
#pragma once
#include "base/text.h"
#include "base/time.h"

#include <jansson.h>

/* json_object_get over a dotted path; NULL when any part is missing. */
json_t *shd_json_at(const json_t *json, const char *path);
/* Its text ("" when it is none), its instant (0 when it is none). */
const char *shd_json_text(const json_t *json, const char *path);
int64_t shd_json_time(const json_t *json, const char *path);
/* An integer, also when written as text. */
int64_t shd_json_int(const json_t *json, const char *path);
/* A scalar as text; numbers as digits, "" for anything else. */
const char *shd_json_scalar(const json_t *value, char buf[32]);

/* Case-insensitive: is `text` one of the space separated words? */
bool shd_word_in(const char *words, const char *text);

/* "+20h", "-47h59m30s", "20s" as milliseconds; false when it is none. */
bool shd_relative_parse(const char *text, int64_t *ret_ms);

/* An instant as "2026-10-08T09:10:11Z" with `digits` (0, 3 to 9) digits of fraction. */
void shd_time_write(int64_t ms, int digits, char buf[40]);

/* Turns every relative time inside json into an instant. */
void shd_resolve_times(json_t *json, int64_t base_ms, int digits);

int64_t shd_now_ms(void);

/* api/json.h - writes values and instants as JSON in one way everywhere in the API.
 *
 * A value is {"type": "ratio", "n": 41000, "text": "4.1 %"}: the exact integer, and a text
 * for display. Pure; safe on any thread. */
#pragma once
#include "catalog/entity.h"

#include <jansson.h>

/* Sets name to the value, to null when it has none. */
void shd_api_put_value(json_t *object, const char *name, const struct shd_value *value);

/* Sets name to the RFC 3339 text, to null for ms 0 and for never. */
void shd_api_put_time(json_t *object, const char *name, struct shd_wall time);

/* Sets name to a text, to null for NULL. Invalid UTF-8 becomes "?". */
void shd_api_put_text(json_t *object, const char *name, const char *text);
void shd_api_put_int(json_t *object, const char *name, int64_t n);
void shd_api_put_bool(json_t *object, const char *name, bool yes);

/* Sets "sample" to {"hit": 1, "of": 3}: so many entities meet a condition, of so many. */
void shd_api_put_sample(json_t *object, uint32_t hit, uint32_t of);

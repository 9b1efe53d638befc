/* message/plain.h - instants and values as a person says them: "12 s ago", "4 %".
 * Pure; safe on any thread. */
#pragma once
#include "base/text.h"
#include "base/time.h"
#include "catalog/entity.h"

/* A length in its two largest units: "47 h 59 min", "3 d 4 h", "12 s". */
#define SHD_WORDING_TEXT 48
const char *shd_wording_length(int64_t ms, char buf[SHD_WORDING_TEXT]);

/* "12 s ago", "in 48 s", "now"; within a second of now it is "now". */
const char *shd_wording_when(struct shd_wall time, struct shd_wall now, char buf[SHD_WORDING_TEXT]);

/* "yes", "4.5", "4 %", "2 d 3 h", "250 ms", "99.90 RUB"; a text as it is. */
void shd_wording_plainly(const struct shd_value *value, struct shd_text *out);

/* Whether a value or limit is worth a word: "since more than nothing" is no limit, and less than a
 * second is nothing. */
bool shd_worth_wording(const struct shd_value *value);

/* What an alert was judged by: "4.55, limit 4.6" or "2 h left, due 16:59 MSK".
 * due: ms 0 or SHD_NEVER_MS, there is none; due_text is how the reader's clock shows it. Appends
 * nothing where these say nothing. */
void shd_wording_finding(const struct shd_value *value, const struct shd_value *limit,
			 struct shd_wall due, const char *due_text, struct shd_wall now,
			 struct shd_text *out);

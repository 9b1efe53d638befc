/* base/time.h - instants, durations and their texts.
 *
 * Two clocks, two types: the compiler refuses to mix them. Nothing here reads a
 * clock; `now` is always a parameter. Pure; safe on any thread. */
#pragma once
#include "error.h"

#include <stddef.h>
#include <stdint.h>

/* Milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored. Stored, shown. */
struct shd_wall {
	int64_t ms;
};

/* Milliseconds of a clock that never jumps. For timeouts only; never stored. */
struct shd_mono {
	int64_t ms;
};

#define SHD_SECOND_MS 1000LL
#define SHD_MINUTE_MS (60 * SHD_SECOND_MS)
#define SHD_HOUR_MS   (60 * SHD_MINUTE_MS)
#define SHD_DAY_MS    (24 * SHD_HOUR_MS)
#define SHD_WEEK_MS   (7 * SHD_DAY_MS)

/* "Never": later than every instant. Marketplaces say it with the year 9999. */
#define SHD_NEVER_MS INT64_MAX

/* RFC 3339 ("2026-04-04T16:59:00Z", any fraction of 0 to 9 digits, offset Z or
 * +03:00), or a plain date "2026-09-01" (midnight UTC). Digits past milliseconds
 * are cut. Years from 9999 on give SHD_NEVER_MS. Errors: SYNTAX, quoting the text. */
SHD_MUST_USE bool shd_time_parse(const char *text, size_t len, struct shd_wall *ret_time,
				 struct shd_error *reterr);

/* "2026-04-04T16:59:00.000Z"; "never" for SHD_NEVER_MS. */
#define SHD_TIME_TEXT 32
const char *shd_time_format(struct shd_wall time, char buf[SHD_TIME_TEXT]);

/* The day of its month, 1 to 31, of a day counted from 1970-01-01. */
int shd_day_of_month(int64_t day);

/* "48h", "1d12h", "90s", "250ms", "2w"; units w d h m s ms in falling order,
 * each at most once. Errors: SYNTAX (what was found), LIMIT (over 1000 years). */
SHD_MUST_USE bool shd_duration_parse(const char *text, size_t len, int64_t *ret_ms,
				     struct shd_error *reterr);

/* The shortest exact text that shd_duration_parse reads back: "1d12h", "0s", "-2h". */
#define SHD_DURATION_TEXT 48
const char *shd_duration_format(int64_t ms, char buf[SHD_DURATION_TEXT]);

/* An instant of our wall clock as the one reads it that is behind, or ahead, of ours and
 * another; `skew_ms`: the other's minus ours, INT64_MIN: not known. The other is not
 * believed to be ahead by more than a day. */
struct shd_wall shd_time_earlier(struct shd_wall at, int64_t skew_ms);
struct shd_wall shd_time_later(struct shd_wall at, int64_t skew_ms);

/* message/wording.h - single values in words, within one rendering. See message.h. */
#pragma once
#include "phrasebook.h"
#include "plain.h"

/* "5 h 20 min": the two largest units, cut and not rounded, so that nobody is told
 * of more time than there is. The sign is ignored. */
const char *shd_wording_duration(struct shd_reader *reader, int64_t ms);

/* "Tue 14:00 MSK", or with the day of the month when that is far from now. */
const char *shd_wording_moment(struct shd_reader *reader, struct shd_wall at);

/* NULL for a value that is none. */
const char *shd_wording(struct shd_reader *reader, const struct shd_value *value);

/* The same for a value and its limit: with as many digits as it takes to tell them
 * apart (4.598 beside 4.6). Either may come out NULL. */
void shd_wording_pair(struct shd_reader *reader, const struct shd_value *value,
		  const struct shd_value *limit, const char **ret_value, const char **ret_limit);

/* "1 h 59 min left, until Tue 14:00 MSK", or how long it is overdue. */
const char *shd_wording_deadline(struct shd_reader *reader, struct shd_wall due);
const char *shd_wording_deadline_short(struct shd_reader *reader, struct shd_wall due);

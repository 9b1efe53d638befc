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
 * apart (4.598 beside 4.6). Whole plain numbers are said with what they count, as shd_rule_counts
 * tells: "3 complaints", and of a stock the limit too, "3 pieces". Either may come out NULL. */
void shd_wording_pair(struct shd_reader *reader, const struct shd_value *value,
		  const struct shd_value *limit, enum shd_kind counted, const char **ret_value,
		  const char **ret_limit);

/* `text` with the title of each rule that it names by its id, and the signs between them as the
 * language writes them; a text that names none as it is. */
const char *shd_wording_rules(
	struct shd_reader *reader, const struct shd_rules *rules, const char *text);

/* "3 more such orders"; of a kind that has no word of its own "3 more". */
const char *shd_wording_more(struct shd_reader *reader, enum shd_kind kind, int64_t n);

/* "1 h 59 min left, until Tue 14:00 MSK", or how long it is overdue. */
const char *shd_wording_deadline(struct shd_reader *reader, struct shd_wall due);
const char *shd_wording_deadline_short(struct shd_reader *reader, struct shd_wall due);

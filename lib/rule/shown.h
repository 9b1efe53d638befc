/* rule/shown.h - what a verdict shows of its level to people; for levels.c.
 *
 * Of a condition of several parts that part is shown which made it true: one that is about the
 * rule's `value` before others, numbers before words, `available == 0` before `sold_7d > 0`, and
 * else the first as written. It has a limit if it is an ordering, or an inequality of two
 * measured values; never one that it equals. Where nothing holds, the mildest level is shown by
 * the part that makes it false. Pure. */
#pragma once
#include "code.h"
#include "rule/eval/eval.h"

/* Sets value, limit, sample and room of a verdict whose judgement and level are known. Records no
 * wake-ups and nothing as missing. */
void shd_rule_show(struct shd_eval *eval, const struct shd_rule_code *code,
	struct shd_verdict *verdict);

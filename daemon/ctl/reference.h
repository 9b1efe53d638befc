/* ctl/reference.h - what can be written in rules, as JSON made from the tables that the rules are
 * checked by. Pure; safe on any thread. */
#pragma once
#include "rule/language/word_lists.h"

#include <jansson.h>

/* Kinds with their fields, metrics, functions, aggregates, names, word lists (NULL: none), keys
 * and types. With `about` only what has that name: a kind, "order.amount", a metric, function or
 * other name; NULL when nothing has it. Returns owned. */
json_t *shd_reference(const struct shd_word_lists *lists, const char *about);

/* The name nearest to `about`, or NULL. */
const char *shd_reference_nearest(const struct shd_word_lists *lists, const char *about);

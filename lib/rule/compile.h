/* rule/compile.h - between the parts of the rule compiler: rule.c walks the files,
 * conditions.c reads the keys that are expressions, attributes.c the others. */
#pragma once
#include "rule/code.h"

struct shd_compiler {
	struct shd_rules *rules;
	struct shd_arena *arena; /* of the rules */
	const struct shd_words *words;
	const struct shd_calendars *calendars;
	struct shd_diags *diags;
	/* Of the present rule: */
	const struct shd_node *map, *override;
	struct shd_rule *rule;
	struct shd_rule_code *code;
	struct shd_scope scope;
};

/* The value of a key: the override's, else the rule's own; NULL when absent. */
const struct shd_node *shd_compiler_find(const struct shd_compiler *compiler, const char *key);

/* A member of a key that is a map: an override changes single levels, languages and
 * labels and leaves the others. */
const struct shd_node *shd_compiler_find_in(
	const struct shd_compiler *compiler, const char *key, const char *member);

/* Arena memory; NULL, and reported, when the rules are too large altogether. */
void *shd_compiler_alloc(struct shd_compiler *compiler, size_t count, size_t size);

/* Reports every member of `map` that is not one of `names`; `what` says what a
 * member is ("level"). */
void shd_compiler_members(struct shd_compiler *compiler, const struct shd_node *map,
	const char *what, const char *const *names, size_t count);

/* stores, each, due, where, value, needs, levels, clear, cost, and what they read. */
void shd_compile_conditions(struct shd_compiler *compiler);

/* title, message, advice, source, runbook, enabled, tell_resolved, for, clear_for, labels. */
void shd_compile_attributes(struct shd_compiler *compiler);

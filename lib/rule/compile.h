/* rule/compile.h - between the parts of the rule compiler: rule.c walks the files,
 * variants.c the overrides of single stores, conditions.c reads the keys that are
 * expressions, inhibition.c `inhibited_by`, attributes.c the others. */
#pragma once
#include "code.h"
#include "rule/eval/series.h"

/* The YAML that a rule of the set was compiled from. */
struct shd_rule_origin {
	const struct shd_node *map;
	bool bad; /* it has mistakes */
};

/* The overrides of one store, and the rules with them applied. */
struct shd_variant {
	const char *store;
	const struct shd_node *overrides; /* while the set is compiled */
	uint64_t hash;
	const struct shd_rules *rules; /* NULL: the overrides have mistakes */
};

struct shd_rules {
	struct shd_arena *arena; /* NULL in a variant, which lives in the arena of the set */
	const struct shd_rule **items;
	struct shd_rule_origin *origins; /* while it is compiled; NULL in a variant */
	size_t count, room, origin_room;
	struct shd_variant *variants;    /* by store */
	size_t variant_count;
	struct shd_series_list series;   /* of all variants too */
};

/* What a rule is compiled from, by precedence: the overrides of one store, those of all stores, and
 * the rule itself. */
enum shd_layer { SHD_LAYER_STORE, SHD_LAYER_STORES, SHD_LAYER_RULE, SHD_LAYER_COUNT };

struct shd_compiler {
	struct shd_rules *rules;
	struct shd_arena *arena; /* of the rules */
	const struct shd_node *overrides; /* of all stores, or NULL */
	const struct shd_word_lists *word_lists;
	const struct shd_calendars *calendars;
	struct shd_diags *diags;
	/* The rule that is compiled now: */
	const struct shd_node *layers[SHD_LAYER_COUNT]; /* each may be NULL */
	struct shd_rule *rule;
	struct shd_rule_code *code;
	struct shd_expr_scope scope;
};

/* The value of a key in the first layer that has it; NULL when absent. */
const struct shd_node *shd_compiler_find(const struct shd_compiler *compiler, const char *key);

/* A member of a key that is a map, from the first layer that has it: an override may change single
 * levels, languages and labels, and leaves the others. */
const struct shd_node *shd_compiler_find_in(
	const struct shd_compiler *compiler, const char *key, const char *member);

/* Allocates from the arena; reports it and returns NULL when the rules are too large altogether. */
void *shd_compiler_alloc(struct shd_compiler *compiler, size_t count, size_t size);

/* Copies the text into the arena; NULL likewise. */
const char *shd_compiler_text(struct shd_compiler *compiler, const char *text);

/* Reports every member of `map` that is not one of `names`; `what` says what a
 * member is ("level"). */
void shd_compiler_check_members(struct shd_compiler *compiler, const struct shd_node *map,
	const char *what, const char *const *names, size_t count);

/* Compiles the rule of compiler->layers; reports it and returns NULL when the rules are too large
 * altogether. */
struct shd_rule *shd_compile_rule(struct shd_compiler *compiler, const char *id);

/* Reports unknown rules, and keys that a rule does not have, in `overrides` (of all stores, or of
 * one). Accepts NULL. */
void shd_compile_check_overrides(struct shd_compiler *compiler, const struct shd_node *overrides);

/* Compiles the overrides of each store into variants of compiler->rules. */
void shd_compile_variants(struct shd_compiler *compiler, const struct shd_rule_setup *setup);

/* Compiles the keys stores, each, due, where, value, needs, levels, clear, cost, and notes what
 * they read. */
void shd_compile_conditions(struct shd_compiler *compiler);

/* Warns of a level that a worse one always hides, and of a `clear` that always holds together with
 * its level, so that the alert never ends. */
void shd_compile_warn_contradictions(struct shd_compiler *compiler);

/* Warns of a window that counts entities by a state, but goes by when they were opened. */
void shd_compile_warn_windows(struct shd_compiler *compiler, const struct shd_node *node,
	const struct shd_expr *expr);

/* Reads the names in `inhibited_by`. Then, for all rules of a set, reports names that are no rules,
 * and rules that inhibit each other in a cycle. store_overrides: of the set's store, or NULL. */
void shd_compile_inhibited_by(struct shd_compiler *compiler);
void shd_compile_check_inhibition(struct shd_compiler *compiler, const struct shd_rules *rules,
				  const struct shd_node *store_overrides);

/* Reads the keys title, message, advice, source, runbook, enabled, tell_resolved, for, clear_for,
 * labels. */
void shd_compile_attributes(struct shd_compiler *compiler);

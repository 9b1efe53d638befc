/* rule/match.h - the `match` of a route: a condition over rule, level, store, labels.
 *
 *   level >= critical and labels.team == "ru"
 *   rule in ["ozon-new-order", "ozon-negative-review"] or store == "ozon-main"
 *
 * It has the grammar of the rules language. The names are rule, level, store, marketplace and
 * labels.NAME (a label of the store, otherwise of the rule); levels need no quotes. A comparison
 * with something absent is false. Pure; read-only once compiled. */
#pragma once
#include "rule.h"

struct shd_match;

/* Compiles a scalar node. NULL: mistakes went to diags. Returns owned. */
struct shd_match *shd_match_compile(const struct shd_node *node, struct shd_diags *diags);
void shd_match_destroy(struct shd_match *match); /* accepts NULL */

struct shd_match_facts {
	const char *rule, *store, *marketplace;
	enum shd_level level;
	const struct shd_pairs *store_labels, *rule_labels; /* or NULL */
};
bool shd_match_holds(const struct shd_match *match, const struct shd_match_facts *facts);

/* Each label that it reads (fact "labels.NAME", word NULL), and each word that it compares with
 * rule, store, marketplace or a label; at and width within the node's text. */
typedef void shd_match_name_fn(void *ctx, const char *fact, const char *word, size_t at,
			       size_t width);
void shd_match_each_name(const struct shd_match *match, shd_match_name_fn *name, void *ctx);

/* `inhibited_by`: the rules whose alert keeps those of another rule from being told. */
#include "base/text.h"
#include "compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 16 };

static const char usage[] = "inhibited_by: credentials-refused, or [a-rule, another-rule]";

void shd_compile_inhibited_by(struct shd_compiler *compiler)
{
	const struct shd_node *node = shd_compiler_find(compiler, "inhibited_by");
	bool list = node && node->type == SHD_NODE_LIST;
	size_t count = list ? node->count : node != NULL;

	if (!node)
		return;
	if (node->type == SHD_NODE_MAP || count > NAMES_MAX) {
		shd_node_mistake(node, compiler->diags, usage,
			"`inhibited_by` must be the name of a rule, or a list of at most %d",
			NAMES_MAX);
		return;
	}
	const char **names = shd_compiler_alloc(compiler, count, sizeof(*names));
	for (size_t i = 0; names && i < count; i++) {
		const struct shd_node *name = list ? &node->items[i] : node;

		if (name->type != SHD_NODE_SCALAR) {
			shd_node_mistake(name, compiler->diags, usage,
				"a rule in `inhibited_by` must be a name");
			return;
		}
		names[i] = shd_compiler_text(compiler, name->text);
		if (!names[i])
			return;
	}
	compiler->rule->inhibited_by = names;
	compiler->rule->inhibited_by_count = names ? count : 0;
}

/* --- circles ------------------------------------------------------------------------------- */

/* A rule in the graph of who inhibits whom. Rules are of one circle when each can be reached
 * from the other: a strongly connected component, by Tarjan's algorithm, in one walk. */
struct vertex {
	size_t met;    /* when, from 1; 0: not yet */
	size_t lowest; /* met first among the open ones that can be reached */
	size_t next;   /* edge to be followed */
	size_t parent; /* whence it was reached */
	size_t circle; /* the same number: of one circle */
	bool open;     /* its circle is not complete */
};

struct place {
	const char *id;
	size_t at;
};

struct graph {
	const struct shd_rules *rules;
	struct place *places; /* by id */
	size_t place_count;
	struct vertex *of;    /* each rule */
	size_t *open;         /* in the order in which they were met */
	size_t open_count, met;
};

enum { NOWHERE = -1 };

static int by_id(const void *a, const void *b)
{
	const struct place *one = a, *other = b;

	return strcmp(one->id, other->id);
}

static size_t find(const struct graph *graph, const char *id)
{
	const struct place wanted = {.id = id};
	const struct place *found = bsearch(
		&wanted, graph->places, graph->place_count, sizeof(wanted), by_id);

	return found ? found->at : (size_t)NOWHERE;
}

static void meet(struct graph *graph, size_t at, size_t parent)
{
	struct vertex *vertex = &graph->of[at];

	vertex->met = vertex->lowest = ++graph->met;
	vertex->parent = parent;
	vertex->open = true;
	graph->open[graph->open_count++] = at;
}

/* All that can be reached from the vertex were met. */
static void leave(struct graph *graph, size_t at)
{
	const struct vertex *vertex = &graph->of[at];
	size_t last;

	if (vertex->lowest == vertex->met)
		do {
			last = graph->open[--graph->open_count];
			graph->of[last].open = false;
			graph->of[last].circle = vertex->met;
		} while (last != at);
	else if (graph->of[vertex->parent].lowest > vertex->lowest)
		graph->of[vertex->parent].lowest = vertex->lowest;
}

static void walk(struct graph *graph, size_t from)
{
	size_t at = from;

	for (meet(graph, from, (size_t)NOWHERE); at != (size_t)NOWHERE;) {
		const struct shd_rule *rule = graph->rules->items[at];
		struct vertex *vertex = &graph->of[at];

		if (vertex->next == rule->inhibited_by_count) {
			leave(graph, at);
			at = vertex->parent;
			continue;
		}
		size_t next = find(graph, rule->inhibited_by[vertex->next++]);
		if (next == (size_t)NOWHERE)
			continue;
		if (!graph->of[next].met) {
			meet(graph, next, at);
			at = next;
		} else if (graph->of[next].open && graph->of[next].met < vertex->lowest) {
			vertex->lowest = graph->of[next].met;
		}
	}
}

/* NULL stands in a set for a rule with mistakes. */
static void graph_init(struct graph *graph, const struct shd_rules *rules)
{
	*graph = (struct graph){.rules = rules};
	graph->places = shd_xcalloc(rules->count + 1, sizeof(*graph->places));
	graph->of = shd_xcalloc(rules->count + 1, sizeof(*graph->of));
	graph->open = shd_xcalloc(rules->count + 1, sizeof(*graph->open));
	for (size_t i = 0; i < rules->count; i++)
		if (rules->items[i])
			graph->places[graph->place_count++] =
				(struct place){rules->items[i]->id, i};
	qsort(graph->places, graph->place_count, sizeof(*graph->places), by_id);
	for (size_t i = 0; i < graph->place_count; i++)
		if (!graph->of[graph->places[i].at].met)
			walk(graph, graph->places[i].at);
}

static void graph_finish(struct graph *graph)
{
	free(graph->places);
	free(graph->of);
	free(graph->open);
}

/* --- what is wrong with a name -------------------------------------------------------------- */

/* A rule that is tried alone has none of the others beside it: it is told more often then. */
static void doubt_unknown(struct shd_compiler *compiler, const struct shd_rules *rules,
			   const struct shd_node *node, const char *name)
{
	const char **ids shd_autofree = shd_xcalloc(rules->count + 1, sizeof(*ids));
	char hint[100];

	for (size_t i = 0; i < rules->count; i++)
		ids[i] = rules->items[i] ? rules->items[i]->id : "";
	const char *near = shd_nearest(name, ids, rules->count);
	snprintf(hint, sizeof(hint), "did you mean '%s'?", near ? near : "");
	shd_node_warn(node, compiler->diags, near ? hint : NULL,
		"there is no rule '%s': it holds back nothing", name);
}

static void check_one(struct shd_compiler *compiler, const struct graph *graph, size_t at,
		      const struct shd_node *node, const char *name)
{
	const struct shd_rule *rule = graph->rules->items[at], *other;
	size_t place = find(graph, name);

	if (place == (size_t)NOWHERE) {
		doubt_unknown(compiler, graph->rules, node, name);
		return;
	}
	other = graph->rules->items[place];
	if (graph->of[place].circle == graph->of[at].circle)
		shd_node_mistake(node, compiler->diags, "one of a circle has to be told",
			"rule '%s' would hold back itself%s%s%s", rule->id,
			other == rule ? "" : ", by '", other == rule ? "" : name,
			other == rule ? "" : "'");
	else if (other->each && (!rule->each || rule->kind != other->kind))
		shd_node_mistake(node, compiler->diags,
			"a rule of the whole store, or one with the same `each`",
			"rule '%s' is judged for each %s: which one holds this back is not said",
			name, shd_kind_name(other->kind));
}

void shd_compile_check_inhibition(struct shd_compiler *compiler, const struct shd_rules *rules,
				  const struct shd_node *store_overrides)
{
	struct graph graph;

	graph_init(&graph, rules);
	for (size_t i = 0; i < rules->count; i++) {
		const struct shd_rule *rule = rules->items[i];

		if (!rule || !rule->inhibited_by_count)
			continue;
		compiler->layers[SHD_LAYER_STORE] = shd_node_get(store_overrides, rule->id);
		compiler->layers[SHD_LAYER_STORES] = shd_node_get(compiler->overrides, rule->id);
		compiler->layers[SHD_LAYER_RULE] = compiler->rules->origins[i].map;
		const struct shd_node *node = shd_compiler_find(compiler, "inhibited_by");
		for (size_t k = 0; k < rule->inhibited_by_count; k++)
			check_one(compiler, &graph, i,
				node->type == SHD_NODE_LIST ? &node->items[k] : node,
				rule->inhibited_by[k]);
	}
	graph_finish(&graph);
	compiler->layers[SHD_LAYER_STORE] = NULL;
}
